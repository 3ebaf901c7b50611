/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dcutr/dms-p2p-dcutr.h"

#include "autonat/dms-p2p-rate-limit.h"
#include "autonat/dms-p2p-reachability.h"
#include "dcutr/dms-p2p-dcutr-message.h"
#include "dcutr/dms-p2p-punch.h"
#include "host/dms-p2p-reset-code.h"
#include "io/dms-p2p-frame.h"

enum
{
  /* go-libp2p, p2p/protocol/holepunch: StreamTimeout, and dialTimeout. */
  DMS_P2P_DCUTR_TIMEOUT_MS = 60 * 1000,
  DMS_P2P_DCUTR_WAY_MS = 5 * 1000,
  /* Ours: how often a minute others may have this host dial, in all and a peer (twice the three tries); and
   * how many of their questions are open. */
  DMS_P2P_DCUTR_RATE = 60,
  DMS_P2P_DCUTR_RATE_PER_PEER = 6,
  DMS_P2P_DCUTR_MAX_QUESTIONS = 32,
};

#define DMS_P2P_DCUTR_BEGUN "dms-p2p-dcutr-begun"

struct _DmsP2pDcutr
{
  GObject parent_instance;

  DmsP2pHost *host;
  DmsP2pIdentify *identify;
  DmsP2pTransport *quic;
  DmsP2pTcp *tcp;
  DmsP2pRateLimit *rate;
  GCancellable *closed;
  guint n_questions;
  guint n_tries;
  guint wait_ms;
  gboolean is_private_allowed;
};

G_DEFINE_FINAL_TYPE (DmsP2pDcutr, dms_p2p_dcutr, G_TYPE_OBJECT)

/* The other side began. */
typedef struct
{
  DmsP2pDcutr *dcutr;
  DmsP2pConnection *connection;
  DmsP2pPipe *pipe;
  GPtrArray *theirs;
} DmsP2pDcutrQuestion;

static void
dms_p2p_dcutr_dispose (GObject *object)
{
  dms_p2p_dcutr_close (DMS_P2P_DCUTR (object));
  G_OBJECT_CLASS (dms_p2p_dcutr_parent_class)->dispose (object);
}

static void
dms_p2p_dcutr_finalize (GObject *object)
{
  DmsP2pDcutr *self = DMS_P2P_DCUTR (object);

  g_clear_object (&self->host);
  g_clear_object (&self->identify);
  g_clear_object (&self->quic);
  g_clear_object (&self->tcp);
  g_clear_object (&self->closed);
  g_clear_pointer (&self->rate, dms_p2p_rate_limit_free);
  G_OBJECT_CLASS (dms_p2p_dcutr_parent_class)->finalize (object);
}

static void
dms_p2p_dcutr_class_init (DmsP2pDcutrClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = dms_p2p_dcutr_dispose;
  G_OBJECT_CLASS (klass)->finalize = dms_p2p_dcutr_finalize;
}

static void
dms_p2p_dcutr_init (DmsP2pDcutr *self)
{
  self->closed = g_cancellable_new ();
  self->rate = dms_p2p_rate_limit_new (DMS_P2P_DCUTR_RATE, DMS_P2P_DCUTR_RATE_PER_PEER);
  self->wait_ms = DMS_P2P_DCUTR_WAY_MS;
}

void
dms_p2p_dcutr_set_private_allowed (DmsP2pDcutr *self, gboolean is_allowed)
{
  self->is_private_allowed = is_allowed;
}

void
dms_p2p_dcutr_set_wait_ms (DmsP2pDcutr *self, guint wait_ms)
{
  self->wait_ms = wait_ms;
}

guint
dms_p2p_dcutr_get_wait_ms (DmsP2pDcutr *self)
{
  return self->wait_ms;
}

guint
dms_p2p_dcutr_get_n_tries (DmsP2pDcutr *self)
{
  return self->n_tries;
}

void
dms_p2p_dcutr_count_try (DmsP2pDcutr *self)
{
  self->n_tries++;
}

gboolean
dms_p2p_dcutr_may_dial_for (DmsP2pDcutr *self, DmsPeerId *peer)
{
  return dms_p2p_rate_limit_take (self->rate, peer, g_get_monotonic_time ());
}

DmsP2pTcp *
dms_p2p_dcutr_get_tcp (DmsP2pDcutr *self)
{
  return self->tcp;
}

DmsP2pHost *
dms_p2p_dcutr_get_host (DmsP2pDcutr *self)
{
  return self->host;
}

static gboolean
dms_p2p_dcutr_goes_by_quic (DmsP2pDcutr *self, DmsMultiaddr *address)
{
  return self->quic != NULL && dms_p2p_transport_can_dial (self->quic, address);
}

static void
dms_p2p_dcutr_add_good (DmsP2pDcutr *self, GPtrArray *from, GPtrArray *list)
{
  for (guint i = 0; i < from->len && list->len < DMS_P2P_DCUTR_MAX_ADDRESSES; i++)
    {
      DmsMultiaddr *address = from->pdata[i];

      if (dms_p2p_reachability_may_dial (address, self->is_private_allowed) &&
          (dms_p2p_dcutr_goes_by_quic (self, address) ||
           dms_p2p_transport_can_dial (DMS_P2P_TRANSPORT (self->tcp), address)) &&
          !g_ptr_array_find_with_equal_func (list, address, (GEqualFunc) dms_multiaddr_equal, NULL))
        g_ptr_array_add (list, dms_multiaddr_ref (address));
    }
}

GPtrArray *
dms_p2p_dcutr_filter (DmsP2pDcutr *self, GPtrArray *addresses)
{
  GPtrArray *list = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_multiaddr_unref);

  dms_p2p_dcutr_add_good (self, addresses, list);
  return list;
}

GPtrArray *
dms_p2p_dcutr_list_own (DmsP2pDcutr *self)
{
  g_autoptr (GPtrArray) listening = dms_p2p_swarm_dup_listen_addresses (dms_p2p_host_get_swarm (self->host));
  g_autoptr (GPtrArray) observed =
      dms_p2p_observed_dup_addresses (dms_p2p_identify_get_observed (self->identify), 1);
  g_autoptr (GPtrArray) guesses = dms_p2p_identify_dup_guesses (self->identify);
  GPtrArray *list = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_multiaddr_unref);

  dms_p2p_dcutr_add_good (self, listening, list);
  dms_p2p_dcutr_add_good (self, observed, list);
  dms_p2p_dcutr_add_good (self, guesses, list);
  return list;
}

/* --- The side that was dialled begins ------------------------------------------------------------------ */

static void
dms_p2p_dcutr_on_dialled (GObject *source, GAsyncResult *result, gpointer user_data)
{
  DmsP2pTransport *transport = DMS_P2P_TRANSPORT (source);
  DmsP2pUpgraded *upgraded = dms_p2p_transport_dial_finish (transport, result, NULL);

  /* Should the dial that was to open the way have found one itself, it is as good as any. */
  if (upgraded != NULL)
    dms_p2p_transport_emit_accepted (transport, upgraded);
}

static gboolean
dms_p2p_dcutr_on_late (gpointer user_data)
{
  g_cancellable_cancel (user_data);
  return G_SOURCE_REMOVE;
}

void
dms_p2p_dcutr_open_way (DmsP2pDcutr *self, DmsPeerId *peer, GPtrArray *addresses)
{
  g_autoptr (GCancellable) late = g_cancellable_new ();
  g_autoptr (GSource) timer = g_timeout_source_new (self->wait_ms);
  g_autoptr (GMainContext) context = g_main_context_ref_thread_default ();

  g_source_set_callback (timer, dms_p2p_dcutr_on_late, g_object_ref (late), g_object_unref);
  g_source_attach (timer, context);
  for (guint i = 0; i < addresses->len; i++)
    {
      DmsMultiaddr *address = addresses->pdata[i];

      if (dms_p2p_dcutr_goes_by_quic (self, address))
        dms_p2p_transport_dial_async (
            self->quic, address, peer, NULL, NULL, late, dms_p2p_dcutr_on_dialled, NULL);
      else
        dms_p2p_tcp_punch (self->tcp, address, peer);
    }
}

static gboolean
dms_p2p_dcutr_speaks (DmsP2pDcutr *self, DmsPeerId *peer)
{
  DmsP2pPeerStore *store = dms_p2p_swarm_get_peer_store (dms_p2p_host_get_swarm (self->host));
  const char *const *protocols = dms_p2p_peer_store_get_protocols (store, peer);

  return protocols != NULL && g_strv_contains (protocols, DMS_P2P_DCUTR_PROTOCOL);
}

static void
dms_p2p_dcutr_on_identified (DmsP2pHost *host, DmsP2pConnection *connection, gpointer user_data)
{
  DmsP2pDcutr *self = user_data;
  DmsPeerId *peer = dms_p2p_connection_get_peer_id (connection);

  if (g_cancellable_is_cancelled (self->closed) || !dms_p2p_connection_is_limited (connection) ||
      !dms_p2p_connection_is_inbound (connection) || !dms_p2p_dcutr_speaks (self, peer) ||
      dms_p2p_swarm_find (dms_p2p_host_get_swarm (host), peer) != connection ||
      g_object_get_data (G_OBJECT (connection), DMS_P2P_DCUTR_BEGUN) != NULL)
    return;
  /* Once for each connection, however often its peer says anew who it is. */
  g_object_set_data (G_OBJECT (connection), DMS_P2P_DCUTR_BEGUN, self);
  dms_p2p_punch_start (self, connection, self->closed);
}

/* --- The side that dialled answers --------------------------------------------------------------------- */

static void
dms_p2p_dcutr_question_free (DmsP2pDcutrQuestion *self)
{
  self->dcutr->n_questions--;
  g_clear_object (&self->pipe);
  g_clear_object (&self->connection);
  g_clear_pointer (&self->theirs, g_ptr_array_unref);
  g_clear_object (&self->dcutr);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsP2pDcutrQuestion, dms_p2p_dcutr_question_free)

static void
dms_p2p_dcutr_on_connected (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsP2pConnection) connection =
      dms_p2p_swarm_connect_finish (DMS_P2P_SWARM (source), result, &error);

  if (connection == NULL)
    g_debug ("no direct connection came of a relayed one: %s", error->message);
}

/* Reads a message of this type; FALSE when it is something else. */
static gboolean
dms_p2p_dcutr_question_read (GAsyncResult *result, DmsP2pDcutrType wanted, GPtrArray *addresses)
{
  g_autoptr (GBytes) bytes = dms_p2p_frame_read_finish (result, NULL);
  DmsP2pDcutrType type = DMS_P2P_DCUTR_SYNC;

  return bytes != NULL &&
         dms_p2p_dcutr_message_decode (
             g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), &type, addresses, NULL) &&
         type == wanted;
}

static void
dms_p2p_dcutr_question_on_sync (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DmsP2pDcutrQuestion) self = user_data;
  DmsP2pDcutr *dcutr = self->dcutr;

  if (!dms_p2p_dcutr_question_read (result, DMS_P2P_DCUTR_SYNC, NULL))
    {
      dms_p2p_pipe_reset (self->pipe, DMS_P2P_RESET_PROTOCOL_VIOLATION);
      return;
    }
  dms_p2p_pipe_close (self->pipe);
  dms_p2p_swarm_connect_async (dms_p2p_host_get_swarm (dcutr->host),
                               dms_p2p_connection_get_peer_id (self->connection),
                               self->theirs,
                               TRUE,
                               NULL,
                               NULL,
                               dcutr->closed,
                               dms_p2p_dcutr_on_connected,
                               NULL);
}

static void
dms_p2p_dcutr_question_on_written (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DmsP2pDcutrQuestion) self = user_data;
  GCancellable *closed = self->dcutr->closed;
  DmsP2pPipe *pipe = self->pipe;

  if (dms_p2p_pipe_write_all_finish (result, NULL))
    dms_p2p_frame_read_async (pipe,
                              DMS_P2P_DCUTR_MAX_MESSAGE,
                              DMS_P2P_DCUTR_TIMEOUT_MS,
                              closed,
                              dms_p2p_dcutr_question_on_sync,
                              g_steal_pointer (&self));
  else
    dms_p2p_pipe_reset (pipe, DMS_P2P_RESET_NONE);
}

static void
dms_p2p_dcutr_question_on_read (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DmsP2pDcutrQuestion) self = user_data;
  DmsP2pDcutr *dcutr = self->dcutr;
  DmsPeerId *peer = dms_p2p_connection_get_peer_id (self->connection);
  g_autoptr (GPtrArray) told = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_multiaddr_unref);
  g_autoptr (GPtrArray) own = NULL;
  g_autoptr (GBytes) bytes = NULL;
  DmsP2pPipe *pipe = self->pipe;

  if (dms_p2p_dcutr_question_read (result, DMS_P2P_DCUTR_CONNECT, told))
    self->theirs = dms_p2p_dcutr_filter (dcutr, told);
  if (self->theirs == NULL || self->theirs->len == 0 || !dms_p2p_dcutr_may_dial_for (dcutr, peer))
    {
      dms_p2p_pipe_reset (pipe, DMS_P2P_RESET_PROTOCOL_VIOLATION);
      return;
    }
  own = dms_p2p_dcutr_list_own (dcutr);
  bytes = dms_p2p_dcutr_message_encode (DMS_P2P_DCUTR_CONNECT, own);
  dms_p2p_pipe_write_all_async (pipe,
                                bytes,
                                DMS_P2P_DCUTR_TIMEOUT_MS,
                                dcutr->closed,
                                dms_p2p_dcutr_question_on_written,
                                g_steal_pointer (&self));
}

static void
dms_p2p_dcutr_on_stream (DmsP2pHost *host,
                         DmsP2pConnection *connection,
                         DmsP2pStream *stream,
                         gpointer user_data)
{
  DmsP2pDcutr *self = user_data;
  DmsP2pDcutrQuestion *question = NULL;

  /* Only who was dialled over a relay has to be dialled once more. */
  if (!dms_p2p_connection_is_limited (connection) || dms_p2p_connection_is_inbound (connection) ||
      self->n_questions >= DMS_P2P_DCUTR_MAX_QUESTIONS)
    {
      dms_p2p_pipe_reset (dms_p2p_stream_get_pipe (stream), DMS_P2P_RESET_PROTOCOL_VIOLATION);
      return;
    }
  self->n_questions++;
  question = g_new0 (DmsP2pDcutrQuestion, 1);
  question->dcutr = g_object_ref (self);
  question->connection = g_object_ref (connection);
  question->pipe = dms_p2p_stream_steal_pipe (stream);
  dms_p2p_frame_read_async (question->pipe,
                            DMS_P2P_DCUTR_MAX_MESSAGE,
                            DMS_P2P_DCUTR_TIMEOUT_MS,
                            self->closed,
                            dms_p2p_dcutr_question_on_read,
                            question);
}

DmsP2pDcutr *
dms_p2p_dcutr_new (DmsP2pHost *host, DmsP2pIdentify *identify, DmsP2pTransport *quic, DmsP2pTcp *tcp)
{
  DmsP2pDcutr *self = g_object_new (DMS_TYPE_P2P_DCUTR, NULL);

  self->host = g_object_ref (host);
  self->identify = g_object_ref (identify);
  self->quic = quic != NULL ? g_object_ref (quic) : NULL;
  self->tcp = g_object_ref (tcp);
  dms_p2p_host_set_handler (host, DMS_P2P_DCUTR_PROTOCOL, dms_p2p_dcutr_on_stream, self, NULL);
  dms_p2p_host_add_identified (host, dms_p2p_dcutr_on_identified, self);
  return self;
}

void
dms_p2p_dcutr_close (DmsP2pDcutr *self)
{
  g_cancellable_cancel (self->closed);
}
