/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "relay/dms-p2p-circuit.h"

#include <string.h>

#include "host/dms-p2p-reset-code.h"
#include "io/dms-p2p-frame.h"
#include "relay/dms-p2p-relay-ask.h"
#include "relay/dms-p2p-relay-message.h"
#include "tcp/dms-p2p-upgrader.h"

enum
{
  /* go-libp2p, p2p/protocol/circuitv2/client: DialRelayTimeout, AcceptTimeout. */
  DMS_P2P_CIRCUIT_ASK_TIMEOUT_MS = 5 * 1000,
  DMS_P2P_CIRCUIT_ACCEPT_TIMEOUT_MS = 10 * 1000,
  /* Relayed connections that are on their way to be ready; ours. */
  DMS_P2P_CIRCUIT_MAX_ACCEPTING = 64,
};

#define DMS_P2P_CIRCUIT_PART "/p2p-circuit"

struct _DmsP2pCircuit
{
  DmsP2pTransport parent_instance;

  /* NULL when closed. */
  DmsP2pHost *host;
  DmsP2pRelayClient *client;
  DmsP2pUpgrader *upgrader;
  guint n_accepting;
  GCancellable *closed;
};

G_DEFINE_FINAL_TYPE (DmsP2pCircuit, dms_p2p_circuit, DMS_TYPE_P2P_TRANSPORT)

/* One dial. */
typedef struct
{
  DmsP2pHost *host;
  /* As it was given, without the peer at its end; how to reach the relay; who that is. */
  DmsMultiaddr *remote;
  DmsMultiaddr *local;
  DmsMultiaddr *relay_address;
  DmsPeerId *relay;
  DmsPeerId *expected;
  DmsP2pTrace trace;
  gpointer trace_data;
  gint64 begun_us;
  guint attempt;
  DmsP2pConnection *connection;
  DmsP2pPipe *pipe;
} DmsP2pCircuitDial;

/* One connection that comes over a relay. */
typedef struct
{
  DmsP2pCircuit *circuit;
  DmsP2pConnection *connection;
  DmsP2pPipe *pipe;
  DmsPeerId *from;
  DmsMultiaddr *remote;
  gpointer cookie;
  GDestroyNotify cookie_free;
} DmsP2pCircuitInbound;

static void dms_p2p_circuit_dial_ask (GTask *task);

static void
dms_p2p_circuit_dial_free (gpointer data)
{
  DmsP2pCircuitDial *self = data;

  g_clear_object (&self->host);
  g_clear_object (&self->connection);
  g_clear_object (&self->pipe);
  g_clear_pointer (&self->remote, dms_multiaddr_unref);
  g_clear_pointer (&self->local, dms_multiaddr_unref);
  g_clear_pointer (&self->relay_address, dms_multiaddr_unref);
  g_clear_pointer (&self->relay, dms_peer_id_unref);
  g_clear_pointer (&self->expected, dms_peer_id_unref);
  g_free (self);
}

/* --- Dialling ----------------------------------------------------------------------------------------- */

/* What stands before /p2p-circuit, when that ends in a peer ID and there is only one relay. */
static DmsMultiaddr *
dms_p2p_circuit_dup_relay_address (DmsMultiaddr *address)
{
  g_autoptr (DmsMultiaddr) bare = dms_multiaddr_dup_without_peer_id (address);
  g_autoptr (DmsMultiaddr) relay = NULL;
  g_autoptr (DmsPeerId) peer = NULL;
  g_autofree char *text = NULL;

  if (bare == NULL || !g_str_has_suffix (dms_multiaddr_get_text (bare), DMS_P2P_CIRCUIT_PART))
    return NULL;
  text = g_strndup (dms_multiaddr_get_text (bare),
                    strlen (dms_multiaddr_get_text (bare)) - strlen (DMS_P2P_CIRCUIT_PART));
  relay = text[0] != '\0' ? dms_multiaddr_new (text, NULL) : NULL;
  peer = relay != NULL ? dms_multiaddr_dup_peer_id (relay) : NULL;
  if (peer == NULL || dms_multiaddr_has_part (relay, "p2p-circuit"))
    return NULL;
  return g_steal_pointer (&relay);
}

static gboolean
dms_p2p_circuit_can_dial (DmsP2pTransport *transport, DmsMultiaddr *address)
{
  g_autoptr (DmsMultiaddr) relay = dms_p2p_circuit_dup_relay_address (address);

  return relay != NULL;
}

static void
dms_p2p_circuit_dial_trace (DmsP2pCircuitDial *self, const char *step, const GError *error)
{
  gint64 now_us = g_get_monotonic_time ();

  if (self->trace != NULL)
    self->trace (
        step, dms_multiaddr_get_text (self->relay_address), now_us - self->begun_us, error, self->trace_data);
  self->begun_us = now_us;
}

static void
dms_p2p_circuit_dial_on_upgraded (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  DmsP2pCircuitDial *self = g_task_get_task_data (task);
  DmsP2pCircuit *circuit = g_task_get_source_object (task);
  GError *error = NULL;
  DmsP2pUpgraded *upgraded = dms_p2p_upgrader_finish (result, &error);

  if (upgraded != NULL)
    {
      upgraded->local = dms_multiaddr_ref (dms_p2p_connection_get_local (self->connection));
      upgraded->remote = g_steal_pointer (&self->remote);
      g_task_return_pointer (task, upgraded, (GDestroyNotify) dms_p2p_upgraded_free);
      return;
    }
  if (dms_p2p_upgrader_may_retry (circuit->upgrader, self->attempt, error))
    {
      g_clear_error (&error);
      self->attempt++;
      g_clear_object (&self->pipe);
      dms_p2p_circuit_dial_ask (g_steal_pointer (&task));
      return;
    }
  g_task_return_error (task, error);
}

static void
dms_p2p_circuit_dial_on_answer (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  DmsP2pCircuitDial *self = g_task_get_task_data (task);
  DmsP2pCircuit *circuit = g_task_get_source_object (task);
  GCancellable *cancellable = g_task_get_cancellable (task);
  GError *error = NULL;
  g_autoptr (DmsP2pRelayMessage) answer = dms_p2p_relay_ask_finish (result, &error);

  dms_p2p_circuit_dial_trace (self, "relay", error);
  if (answer == NULL)
    {
      dms_p2p_pipe_reset (self->pipe, 0);
      g_task_return_error (task, error);
      return;
    }
  dms_p2p_upgrader_dial_async (circuit->upgrader,
                               self->pipe,
                               self->attempt,
                               self->expected,
                               self->trace,
                               self->trace_data,
                               cancellable,
                               dms_p2p_circuit_dial_on_upgraded,
                               g_steal_pointer (&task));
}

static void
dms_p2p_circuit_dial_on_opened (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  DmsP2pCircuitDial *self = g_task_get_task_data (task);
  GCancellable *cancellable = g_task_get_cancellable (task);
  GError *error = NULL;
  g_autoptr (DmsP2pStream) stream = dms_p2p_host_open_stream_finish (DMS_P2P_HOST (source), result, &error);
  g_autoptr (DmsP2pRelayMessage) question = NULL;

  if (stream == NULL)
    {
      dms_p2p_circuit_dial_trace (self, "relay", error);
      g_task_return_error (task, error);
      return;
    }
  self->pipe = dms_p2p_stream_steal_pipe (stream);
  question = dms_p2p_relay_message_new (DMS_P2P_RELAY_CONNECT);
  question->peer = dms_peer_id_ref (self->expected);
  dms_p2p_relay_ask_async (self->pipe,
                           DMS_P2P_RELAY_HOP,
                           question,
                           DMS_P2P_CIRCUIT_ASK_TIMEOUT_MS,
                           cancellable,
                           dms_p2p_circuit_dial_on_answer,
                           g_steal_pointer (&task));
}

/* Takes @task. */
static void
dms_p2p_circuit_dial_ask (GTask *task)
{
  static const char *const protocols[] = { DMS_P2P_RELAY_HOP_PROTOCOL, NULL };
  DmsP2pCircuitDial *self = g_task_get_task_data (task);

  dms_p2p_host_open_stream_on_async (self->host,
                                     self->connection,
                                     protocols,
                                     g_task_get_cancellable (task),
                                     dms_p2p_circuit_dial_on_opened,
                                     task);
}

static void
dms_p2p_circuit_dial_on_connected (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  DmsP2pCircuitDial *self = g_task_get_task_data (task);
  GError *error = NULL;

  self->connection = dms_p2p_swarm_connect_finish (DMS_P2P_SWARM (source), result, &error);
  if (self->connection != NULL && dms_p2p_connection_is_limited (self->connection))
    error = g_error_new_literal (
        DMS_ERROR, DMS_ERROR_NOT_SUPPORTED, "the relay itself is reached over a relay only");
  dms_p2p_circuit_dial_trace (self, "connect", error);
  if (error != NULL)
    {
      g_prefix_error (&error, "the relay cannot be reached: ");
      g_task_return_error (task, error);
      return;
    }
  dms_p2p_circuit_dial_ask (g_steal_pointer (&task));
}

static void
dms_p2p_circuit_dial_async (DmsP2pTransport *transport,
                            DmsMultiaddr *address,
                            DmsPeerId *expected,
                            DmsP2pTrace trace,
                            gpointer trace_data,
                            GCancellable *cancellable,
                            GAsyncReadyCallback callback,
                            gpointer user_data)
{
  DmsP2pCircuit *circuit = DMS_P2P_CIRCUIT (transport);
  g_autoptr (GTask) task = g_task_new (transport, cancellable, callback, user_data);
  g_autoptr (DmsMultiaddr) relay = dms_p2p_circuit_dup_relay_address (address);
  g_autoptr (DmsPeerId) whom =
      expected != NULL ? dms_peer_id_ref (expected) : dms_multiaddr_dup_peer_id (address);
  g_autoptr (GPtrArray) addresses = g_ptr_array_new ();
  DmsP2pCircuitDial *self = NULL;

  g_task_set_source_tag (task, dms_p2p_circuit_dial_async);
  g_task_set_check_cancellable (task, FALSE);
  if (relay == NULL || whom == NULL || circuit->host == NULL)
    {
      g_task_return_new_error (task,
                               DMS_ERROR,
                               DMS_ERROR_NOT_SUPPORTED,
                               "%s cannot be dialled: it must be /…/p2p/<relay>/p2p-circuit/p2p/<peer>",
                               dms_multiaddr_get_text (address));
      return;
    }
  self = g_new0 (DmsP2pCircuitDial, 1);
  self->host = g_object_ref (circuit->host);
  self->remote = dms_multiaddr_dup_without_peer_id (address);
  self->relay_address = g_steal_pointer (&relay);
  self->relay = dms_multiaddr_dup_peer_id (self->relay_address);
  self->expected = g_steal_pointer (&whom);
  self->trace = trace;
  self->trace_data = trace_data;
  self->begun_us = g_get_monotonic_time ();
  g_task_set_task_data (task, self, dms_p2p_circuit_dial_free);
  /* /p2p/<relay> alone: wherever it is known to be. */
  if (dms_multiaddr_get_n_parts (self->relay_address) > 1)
    g_ptr_array_add (addresses, self->relay_address);
  dms_p2p_swarm_connect_async (dms_p2p_host_get_swarm (self->host),
                               self->relay,
                               addresses,
                               FALSE,
                               NULL,
                               NULL,
                               cancellable,
                               dms_p2p_circuit_dial_on_connected,
                               g_steal_pointer (&task));
}

static DmsP2pUpgraded *
dms_p2p_circuit_dial_finish (DmsP2pTransport *transport, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

/* --- Listening ---------------------------------------------------------------------------------------- */

static void
dms_p2p_circuit_inbound_free (DmsP2pCircuitInbound *self)
{
  if (self->cookie != NULL && self->cookie_free != NULL)
    self->cookie_free (self->cookie);
  self->circuit->n_accepting--;
  g_clear_object (&self->circuit);
  g_clear_object (&self->connection);
  g_clear_object (&self->pipe);
  g_clear_pointer (&self->from, dms_peer_id_unref);
  g_clear_pointer (&self->remote, dms_multiaddr_unref);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsP2pCircuitInbound, dms_p2p_circuit_inbound_free)

static void
dms_p2p_circuit_on_accepted (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DmsP2pCircuitInbound) self = user_data;
  DmsP2pCircuit *circuit = self->circuit;
  g_autoptr (DmsP2pUpgraded) upgraded = dms_p2p_upgrader_finish (result, NULL);

  if (upgraded == NULL)
    return;
  /* The relay said who it is; the handshake has the last word. */
  if (g_cancellable_is_cancelled (circuit->closed) ||
      !dms_peer_id_equal (dms_p2p_public_key_get_peer_id (upgraded->key), self->from))
    {
      dms_p2p_muxer_close (upgraded->muxer, DMS_P2P_RESET_NONE);
      return;
    }
  upgraded->local = dms_multiaddr_ref (dms_p2p_connection_get_local (self->connection));
  upgraded->remote = g_steal_pointer (&self->remote);
  upgraded->cookie = g_steal_pointer (&self->cookie);
  upgraded->cookie_free = self->cookie_free;
  dms_p2p_transport_emit_accepted (DMS_P2P_TRANSPORT (circuit), g_steal_pointer (&upgraded));
}

static void
dms_p2p_circuit_on_agreed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DmsP2pCircuitInbound) self = user_data;
  DmsP2pCircuit *circuit = self->circuit;
  DmsP2pPipe *pipe = self->pipe;

  if (!dms_p2p_pipe_write_all_finish (result, NULL))
    {
      dms_p2p_pipe_reset (pipe, 0);
      return;
    }
  dms_p2p_upgrader_accept_async (
      circuit->upgrader, pipe, circuit->closed, dms_p2p_circuit_on_accepted, g_steal_pointer (&self));
}

static void
dms_p2p_circuit_on_refused (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DmsP2pCircuitInbound) self = user_data;

  if (dms_p2p_pipe_write_all_finish (result, NULL))
    dms_p2p_pipe_close (self->pipe);
  else
    dms_p2p_pipe_reset (self->pipe, 0);
}

/* Takes @self. */
static void
dms_p2p_circuit_answer (DmsP2pCircuitInbound *self, DmsP2pRelayStatus status)
{
  g_autoptr (DmsP2pRelayMessage) answer = dms_p2p_relay_message_new (DMS_P2P_RELAY_STATUS);
  g_autoptr (GBytes) bytes = NULL;

  answer->status = status;
  bytes = dms_p2p_relay_message_encode (answer, DMS_P2P_RELAY_STOP);
  dms_p2p_pipe_write_all_async (self->pipe,
                                bytes,
                                DMS_P2P_CIRCUIT_ACCEPT_TIMEOUT_MS,
                                self->circuit->closed,
                                status == DMS_P2P_RELAY_OK ? dms_p2p_circuit_on_agreed
                                                           : dms_p2p_circuit_on_refused,
                                self);
}

/* What is wrong with a connection that a relay offers; DMS_P2P_RELAY_OK for nothing. */
static DmsP2pRelayStatus
dms_p2p_circuit_judge (DmsP2pCircuitInbound *self, const DmsP2pRelayMessage *message)
{
  DmsP2pCircuit *circuit = self->circuit;
  g_autoptr (DmsMultiaddr) relay = dms_multiaddr_append_peer_id (
      dms_p2p_connection_get_remote (self->connection), dms_p2p_connection_get_peer_id (self->connection));

  if (message == NULL)
    return DMS_P2P_RELAY_MALFORMED_MESSAGE;
  if (message->type != DMS_P2P_RELAY_CONNECT)
    return DMS_P2P_RELAY_UNEXPECTED_MESSAGE;
  self->remote = dms_multiaddr_append (relay, DMS_P2P_CIRCUIT_PART, NULL);
  self->from = dms_peer_id_ref (message->peer);
  /* Nobody but a relay that was asked to may bring connections, and not over another one. */
  if (self->remote == NULL || circuit->client == NULL || dms_p2p_connection_is_limited (self->connection) ||
      !dms_p2p_relay_client_has (circuit->client, dms_p2p_connection_get_peer_id (self->connection)))
    return DMS_P2P_RELAY_PERMISSION_DENIED;
  if (!dms_p2p_transport_ask_gate (
          DMS_P2P_TRANSPORT (circuit), self->remote, &self->cookie, &self->cookie_free, NULL))
    return DMS_P2P_RELAY_RESOURCE_LIMIT_EXCEEDED;
  return DMS_P2P_RELAY_OK;
}

static void
dms_p2p_circuit_on_question (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DmsP2pCircuitInbound) self = user_data;
  g_autoptr (GBytes) bytes = dms_p2p_frame_read_finish (result, NULL);
  g_autoptr (DmsP2pRelayMessage) message = NULL;
  DmsP2pRelayStatus status = DMS_P2P_RELAY_OK;

  if (bytes == NULL)
    {
      dms_p2p_pipe_reset (self->pipe, DMS_P2P_RESET_PROTOCOL_VIOLATION);
      return;
    }
  message = dms_p2p_relay_message_decode (
      DMS_P2P_RELAY_STOP, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), NULL);
  status = dms_p2p_circuit_judge (self, message);
  dms_p2p_circuit_answer (g_steal_pointer (&self), status);
}

static void
dms_p2p_circuit_on_stream (DmsP2pHost *host,
                           DmsP2pConnection *connection,
                           DmsP2pStream *stream,
                           gpointer user_data)
{
  DmsP2pCircuit *self = user_data;
  DmsP2pCircuitInbound *inbound = NULL;

  if (self->n_accepting >= DMS_P2P_CIRCUIT_MAX_ACCEPTING)
    {
      dms_p2p_pipe_reset (dms_p2p_stream_get_pipe (stream), DMS_P2P_RESET_RESOURCE_LIMIT);
      return;
    }
  self->n_accepting++;
  inbound = g_new0 (DmsP2pCircuitInbound, 1);
  inbound->circuit = g_object_ref (self);
  inbound->connection = g_object_ref (connection);
  inbound->pipe = dms_p2p_stream_steal_pipe (stream);
  dms_p2p_frame_read_async (inbound->pipe,
                            DMS_P2P_RELAY_MAX_MESSAGE,
                            DMS_P2P_CIRCUIT_ACCEPT_TIMEOUT_MS,
                            self->closed,
                            dms_p2p_circuit_on_question,
                            inbound);
}

/* Where it listens is what the relays agree to: see DmsP2pRelayClient. */
static DmsMultiaddr *
dms_p2p_circuit_listen (DmsP2pTransport *transport, DmsMultiaddr *address, GError **error)
{
  g_set_error (error,
               DMS_ERROR,
               DMS_ERROR_NOT_SUPPORTED,
               "cannot listen on %s: connect to the relay, and reserve a place there",
               dms_multiaddr_get_text (address));
  return NULL;
}

static void
dms_p2p_circuit_close (DmsP2pTransport *transport)
{
  DmsP2pCircuit *self = DMS_P2P_CIRCUIT (transport);

  g_cancellable_cancel (self->closed);
  g_clear_object (&self->host);
  g_clear_object (&self->client);
}

/* --- The object --------------------------------------------------------------------------------------- */

static void
dms_p2p_circuit_dispose (GObject *object)
{
  dms_p2p_circuit_close (DMS_P2P_TRANSPORT (object));
  G_OBJECT_CLASS (dms_p2p_circuit_parent_class)->dispose (object);
}

static void
dms_p2p_circuit_finalize (GObject *object)
{
  DmsP2pCircuit *self = DMS_P2P_CIRCUIT (object);

  g_clear_pointer (&self->upgrader, dms_p2p_upgrader_unref);
  g_clear_object (&self->closed);
  G_OBJECT_CLASS (dms_p2p_circuit_parent_class)->finalize (object);
}

static void
dms_p2p_circuit_class_init (DmsP2pCircuitClass *klass)
{
  DmsP2pTransportClass *transport_class = DMS_P2P_TRANSPORT_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = dms_p2p_circuit_dispose;
  G_OBJECT_CLASS (klass)->finalize = dms_p2p_circuit_finalize;
  transport_class->can_dial = dms_p2p_circuit_can_dial;
  transport_class->dial_async = dms_p2p_circuit_dial_async;
  transport_class->dial_finish = dms_p2p_circuit_dial_finish;
  transport_class->listen = dms_p2p_circuit_listen;
  transport_class->close = dms_p2p_circuit_close;
}

static void
dms_p2p_circuit_init (DmsP2pCircuit *self)
{
  self->closed = g_cancellable_new ();
}

DmsP2pTransport *
dms_p2p_circuit_new (DmsP2pHost *host, DmsP2pRelayClient *client)
{
  DmsP2pCircuit *self = g_object_new (DMS_TYPE_P2P_CIRCUIT, NULL);
  DmsP2pIdentity *identity = dms_p2p_swarm_get_identity (dms_p2p_host_get_swarm (host));

  self->host = g_object_ref (host);
  self->client = g_object_ref (client);
  self->upgrader = dms_p2p_upgrader_new (identity, NULL, NULL);
  dms_p2p_host_set_handler (host, DMS_P2P_RELAY_STOP_PROTOCOL, dms_p2p_circuit_on_stream, self, NULL);
  return DMS_P2P_TRANSPORT (self);
}
