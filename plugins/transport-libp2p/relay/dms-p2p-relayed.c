/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "relay/dms-p2p-relayed.h"

#include "io/dms-p2p-frame.h"
#include "relay/dms-p2p-relay-ask.h"
#include "relay/dms-p2p-splice.h"

enum
{
  /* go-libp2p, p2p/protocol/circuitv2/relay: ConnectTimeout, HandshakeTimeout; here for both together. */
  DMS_P2P_RELAYED_TIMEOUT_MS = 30 * 1000,
};

struct _DmsP2pRelayed
{
  gatomicrefcount ref_count;
  DmsP2pHost *host;
  DmsPeerId *from;
  DmsPeerId *to;
  guint max_s;
  guint64 max_bytes;
  DmsP2pPipe *source;
  DmsP2pPipe *destination;
  DmsP2pSplice *splice;
  GCancellable *cancellable;
  gboolean is_over;
  DmsP2pRelayedOver over;
  gpointer user_data;
};

static DmsP2pRelayed *
dms_p2p_relayed_ref (DmsP2pRelayed *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
dms_p2p_relayed_unref (DmsP2pRelayed *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_clear_pointer (&self->splice, dms_p2p_splice_free);
  g_clear_object (&self->source);
  g_clear_object (&self->destination);
  g_clear_object (&self->cancellable);
  g_clear_object (&self->host);
  g_clear_pointer (&self->from, dms_peer_id_unref);
  g_clear_pointer (&self->to, dms_peer_id_unref);
  g_free (self);
}

DmsPeerId *
dms_p2p_relayed_get_from (DmsP2pRelayed *self)
{
  return self->from;
}

DmsPeerId *
dms_p2p_relayed_get_to (DmsP2pRelayed *self)
{
  return self->to;
}

/* Told last. */
static void
dms_p2p_relayed_end (DmsP2pRelayed *self)
{
  DmsP2pRelayedOver over = self->over;

  if (self->is_over)
    return;
  self->is_over = TRUE;
  over (self, self->user_data);
}

void
dms_p2p_relayed_drop (DmsP2pRelayed *self)
{
  self->is_over = TRUE;
  g_cancellable_cancel (self->cancellable);
  g_clear_pointer (&self->splice, dms_p2p_splice_free);
  if (self->destination != NULL)
    dms_p2p_pipe_reset (self->destination, 0);
  dms_p2p_pipe_reset (self->source, 0);
}

static void
dms_p2p_relayed_set_limit (DmsP2pRelayed *self, DmsP2pRelayMessage *message)
{
  message->has_limit = self->max_s > 0 || self->max_bytes > 0;
  message->limit_s = self->max_s;
  message->limit_bytes = self->max_bytes;
}

static void
dms_p2p_relayed_on_refused (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DmsP2pRelayed) self = user_data;

  if (dms_p2p_pipe_write_all_finish (result, NULL))
    dms_p2p_pipe_close (self->source);
  else
    dms_p2p_pipe_reset (self->source, 0);
  dms_p2p_relayed_end (self);
}

/* Takes @self. */
static void
dms_p2p_relayed_refuse (DmsP2pRelayed *self, const GError *error)
{
  g_autoptr (DmsP2pRelayMessage) answer = dms_p2p_relay_message_new (DMS_P2P_RELAY_STATUS);
  g_autoptr (GBytes) bytes = NULL;

  g_debug ("%s cannot be reached for %s: %s",
           dms_peer_id_get_text (self->to),
           dms_peer_id_get_text (self->from),
           error->message);
  if (self->destination != NULL)
    dms_p2p_pipe_reset (self->destination, 0);
  if (self->is_over)
    {
      dms_p2p_relayed_unref (self);
      return;
    }
  answer->status = DMS_P2P_RELAY_CONNECTION_FAILED;
  bytes = dms_p2p_relay_message_encode (answer, DMS_P2P_RELAY_HOP);
  dms_p2p_pipe_write_all_async (
      self->source, bytes, DMS_P2P_RELAYED_TIMEOUT_MS, self->cancellable, dms_p2p_relayed_on_refused, self);
}

static void
dms_p2p_relayed_on_spliced (DmsP2pSplice *splice, gpointer user_data)
{
  DmsP2pRelayed *self = user_data;

  g_debug ("a connection from %s to %s was relayed: %" G_GUINT64_FORMAT " bytes",
           dms_peer_id_get_text (self->from),
           dms_peer_id_get_text (self->to),
           dms_p2p_splice_get_n_bytes (splice));
  dms_p2p_relayed_end (self);
}

static void
dms_p2p_relayed_on_agreed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DmsP2pRelayed) self = user_data;

  if (!dms_p2p_pipe_write_all_finish (result, NULL) || self->is_over)
    {
      dms_p2p_pipe_reset (self->source, 0);
      dms_p2p_pipe_reset (self->destination, 0);
      dms_p2p_relayed_end (self);
      return;
    }
  self->splice = dms_p2p_splice_new (
      self->source, self->destination, self->max_bytes, self->max_s, dms_p2p_relayed_on_spliced, self);
}

static void
dms_p2p_relayed_on_answer (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DmsP2pRelayed) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsP2pRelayMessage) answer = dms_p2p_relay_ask_finish (result, &error);
  g_autoptr (DmsP2pRelayMessage) agreed = dms_p2p_relay_message_new (DMS_P2P_RELAY_STATUS);
  g_autoptr (GBytes) bytes = NULL;
  DmsP2pPipe *pipe = self->source;

  if (answer == NULL)
    {
      dms_p2p_relayed_refuse (g_steal_pointer (&self), error);
      return;
    }
  agreed->status = DMS_P2P_RELAY_OK;
  dms_p2p_relayed_set_limit (self, agreed);
  bytes = dms_p2p_relay_message_encode (agreed, DMS_P2P_RELAY_HOP);
  dms_p2p_pipe_write_all_async (pipe,
                                bytes,
                                DMS_P2P_RELAYED_TIMEOUT_MS,
                                self->cancellable,
                                dms_p2p_relayed_on_agreed,
                                dms_p2p_relayed_ref (self));
}

static void
dms_p2p_relayed_on_opened (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DmsP2pRelayed) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsP2pStream) stream = dms_p2p_host_open_stream_finish (DMS_P2P_HOST (source), result, &error);
  g_autoptr (DmsP2pRelayMessage) question = NULL;

  if (stream == NULL)
    {
      dms_p2p_relayed_refuse (g_steal_pointer (&self), error);
      return;
    }
  self->destination = dms_p2p_stream_steal_pipe (stream);
  question = dms_p2p_relay_message_new (DMS_P2P_RELAY_CONNECT);
  question->peer = dms_peer_id_ref (self->from);
  dms_p2p_relayed_set_limit (self, question);
  dms_p2p_relay_ask_async (self->destination,
                           DMS_P2P_RELAY_STOP,
                           question,
                           DMS_P2P_RELAYED_TIMEOUT_MS,
                           self->cancellable,
                           dms_p2p_relayed_on_answer,
                           dms_p2p_relayed_ref (self));
}

DmsP2pRelayed *
dms_p2p_relayed_new (DmsP2pRelayService *service,
                     DmsPeerId *from,
                     DmsP2pPipe *source,
                     DmsP2pConnection *destination,
                     DmsP2pRelayedOver over,
                     gpointer user_data)
{
  static const char *const protocols[] = { DMS_P2P_RELAY_STOP_PROTOCOL, NULL };
  DmsP2pRelayed *self = g_new0 (DmsP2pRelayed, 1);
  const DmsP2pRelayPolicy *policy = dms_p2p_relay_service_get_policy (service);

  g_atomic_ref_count_init (&self->ref_count);
  self->host = g_object_ref (dms_p2p_relay_service_get_host (service));
  self->from = dms_peer_id_ref (from);
  self->to = dms_peer_id_ref (dms_p2p_connection_get_peer_id (destination));
  self->max_s = policy->circuit_s;
  self->max_bytes = policy->circuit_bytes;
  self->source = g_object_ref (source);
  self->cancellable = g_cancellable_new ();
  self->over = over;
  self->user_data = user_data;
  dms_p2p_host_open_stream_on_async (self->host,
                                     destination,
                                     protocols,
                                     self->cancellable,
                                     dms_p2p_relayed_on_opened,
                                     dms_p2p_relayed_ref (self));
  return self;
}
