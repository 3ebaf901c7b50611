/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "identify/dms-p2p-identify.h"

#include "host/dms-p2p-reset-code.h"
#include "identify/dms-p2p-identify-exchange.h"
#include "identify/dms-p2p-identify-peer.h"
#include "identify/dms-p2p-identify-self.h"
#include "identify/dms-p2p-signed-record.h"
#include "swarm/dms-p2p-address.h"

enum
{
  /* Changes that follow each other at once are told together. Ours. */
  DMS_P2P_IDENTIFY_PUSH_DELAY_MS = 500,
  /* How many peers are told at the same time (go-libp2p: maxPushConcurrency). */
  DMS_P2P_IDENTIFY_MAX_PUSHING = 32,
  /* Addresses at which this host might be. Ours. */
  DMS_P2P_IDENTIFY_MAX_GUESSES = 4,
  /* How long what a peer says of its addresses is believed (spec, section 2: provider addresses). */
  DMS_P2P_IDENTIFY_ADDRESS_TTL_S = 24 * 60 * 60,
};

struct _DmsP2pIdentify
{
  GObject parent_instance;

  DmsP2pHost *host;
  DmsP2pIdentifySelf *own;
  DmsP2pObserved *observed;
  /* Connection to DmsP2pIdentifyPeer. */
  GHashTable *peers;
  GMainContext *context;
  GSource *push_timer;
  /* DmsP2pConnection that are to be told, each once. */
  GQueue to_push;
  guint n_pushing;
};

/* Something under way on one connection. */
typedef struct
{
  DmsP2pIdentify *self;
  DmsP2pConnection *connection;
} DmsP2pIdentifyOp;

G_DEFINE_FINAL_TYPE (DmsP2pIdentify, dms_p2p_identify, G_TYPE_OBJECT)

static DmsP2pIdentifyOp *
dms_p2p_identify_op_new (DmsP2pIdentify *self, DmsP2pConnection *connection)
{
  DmsP2pIdentifyOp *op = g_new (DmsP2pIdentifyOp, 1);

  op->self = g_object_ref (self);
  op->connection = g_object_ref (connection);
  return op;
}

static void
dms_p2p_identify_op_free (DmsP2pIdentifyOp *op)
{
  g_object_unref (op->connection);
  g_object_unref (op->self);
  g_free (op);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsP2pIdentifyOp, dms_p2p_identify_op_free)

static DmsP2pIdentifyPeer *
dms_p2p_identify_op_get_peer (DmsP2pIdentifyOp *op)
{
  return g_hash_table_lookup (op->self->peers, op->connection);
}

static void
dms_p2p_identify_drop_timer (DmsP2pIdentify *self)
{
  if (self->push_timer == NULL)
    return;
  g_source_destroy (self->push_timer);
  g_clear_pointer (&self->push_timer, g_source_unref);
}

static void
dms_p2p_identify_dispose (GObject *object)
{
  DmsP2pIdentify *self = DMS_P2P_IDENTIFY (object);

  dms_p2p_identify_drop_timer (self);
  g_hash_table_remove_all (self->peers);
  g_queue_clear_full (&self->to_push, g_object_unref);
  G_OBJECT_CLASS (dms_p2p_identify_parent_class)->dispose (object);
}

static void
dms_p2p_identify_finalize (GObject *object)
{
  DmsP2pIdentify *self = DMS_P2P_IDENTIFY (object);

  g_clear_pointer (&self->own, dms_p2p_identify_self_free);
  g_clear_pointer (&self->observed, dms_p2p_observed_free);
  g_clear_pointer (&self->peers, g_hash_table_unref);
  g_clear_pointer (&self->context, g_main_context_unref);
  g_clear_object (&self->host);
  G_OBJECT_CLASS (dms_p2p_identify_parent_class)->finalize (object);
}

static void
dms_p2p_identify_class_init (DmsP2pIdentifyClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = dms_p2p_identify_dispose;
  G_OBJECT_CLASS (klass)->finalize = dms_p2p_identify_finalize;
}

static void
dms_p2p_identify_init (DmsP2pIdentify *self)
{
  self->context = g_main_context_ref_thread_default ();
  self->observed = dms_p2p_observed_new ();
  self->peers =
      g_hash_table_new_full (NULL, NULL, g_object_unref, (GDestroyNotify) dms_p2p_identify_peer_free);
  g_queue_init (&self->to_push);
}

DmsP2pObserved *
dms_p2p_identify_get_observed (DmsP2pIdentify *self)
{
  return self->observed;
}

static gboolean
dms_p2p_identify_has_kind (GPtrArray *addresses, DmsMultiaddr *like)
{
  for (guint i = 0; i < addresses->len; i++)
    if (dms_p2p_address_is_quic (addresses->pdata[i]) == dms_p2p_address_is_quic (like) &&
        dms_p2p_address_is_ip6 (addresses->pdata[i]) == dms_p2p_address_is_ip6 (like))
      return TRUE;
  return FALSE;
}

static void
dms_p2p_identify_add_moved (GPtrArray *list, DmsMultiaddr *listening, GPtrArray *ips)
{
  gboolean is_ip6 = dms_p2p_address_is_ip6 (listening);

  for (guint i = 0; i < ips->len && list->len < DMS_P2P_IDENTIFY_MAX_GUESSES; i++)
    {
      g_autoptr (DmsMultiaddr) moved = NULL;

      if ((g_inet_address_get_family (ips->pdata[i]) == G_SOCKET_FAMILY_IPV6) != is_ip6)
        continue;
      moved = dms_p2p_address_move (listening, ips->pdata[i]);
      if (moved != NULL &&
          !g_ptr_array_find_with_equal_func (list, moved, (GEqualFunc) dms_multiaddr_equal, NULL))
        g_ptr_array_add (list, g_steal_pointer (&moved));
    }
}

/* Routers keep the port where they can, and people have them pass it on: where nobody has seen this host by
 * TCP (or QUIC), it may be at the IP where it was seen by the other, with the port that it listens at. */
GPtrArray *
dms_p2p_identify_dup_guesses (DmsP2pIdentify *self)
{
  g_autoptr (GPtrArray) seen = dms_p2p_observed_dup_addresses (self->observed, 1);
  g_autoptr (GPtrArray) ips = dms_p2p_observed_dup_ips (self->observed);
  g_autoptr (GPtrArray) listening = dms_p2p_swarm_dup_listen_addresses (dms_p2p_host_get_swarm (self->host));
  GPtrArray *guesses = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_multiaddr_unref);

  for (guint i = 0; i < listening->len; i++)
    if (!dms_p2p_address_is_relayed (listening->pdata[i]) &&
        dms_p2p_address_get_reach (listening->pdata[i]) == DMS_P2P_REACH_PRIVATE &&
        !dms_p2p_identify_has_kind (seen, listening->pdata[i]))
      dms_p2p_identify_add_moved (guesses, listening->pdata[i], ips);
  return guesses;
}

/* What is to be told over one connection now. */
static GBytes *
dms_p2p_identify_write (DmsP2pIdentify *self, DmsP2pConnection *connection)
{
  DmsP2pIdentifyPeer *peer = g_hash_table_lookup (self->peers, connection);
  guint generation = dms_p2p_identify_self_refresh (self->own);

  if (peer != NULL)
    dms_p2p_identify_peer_set_told (peer, generation);
  return dms_p2p_identify_self_write (self->own, connection);
}

/* What peers say */

static gboolean
dms_p2p_identify_check_key (DmsP2pIdentifyMessage *message, DmsPeerId *peer, GError **error)
{
  g_autoptr (DmsP2pPublicKey) key = NULL;

  if (message->public_key == NULL)
    return TRUE;
  key = dms_p2p_public_key_new (
      g_bytes_get_data (message->public_key, NULL), g_bytes_get_size (message->public_key), error);
  if (key == NULL)
    return FALSE;
  if (dms_peer_id_equal (dms_p2p_public_key_get_peer_id (key), peer))
    return TRUE;
  g_set_error (error,
               DMS_ERROR,
               DMS_ERROR_BAD_SIGNATURE,
               "%s says that it has the key of another peer",
               dms_peer_id_get_text (peer));
  return FALSE;
}

static void
dms_p2p_identify_store_identity (DmsP2pPeerStore *store, DmsPeerId *peer, DmsP2pIdentifyMessage *message)
{
  g_autoptr (GPtrArray) protocols = g_ptr_array_new ();

  for (guint i = 0; i < message->protocols->len; i++)
    g_ptr_array_add (protocols, g_ptr_array_index (message->protocols, i));
  g_ptr_array_add (protocols, NULL);
  dms_p2p_peer_store_set_identity (
      store, peer, message->agent, message->protocol_version, (const char *const *) protocols->pdata);
}

/* A push that says nothing of the protocols or of the agent leaves them as they were (libp2p specs,
 * identify/push). */
static void
dms_p2p_identify_keep_unsaid (DmsP2pPeerStore *store, DmsPeerId *peer, DmsP2pIdentifyMessage *message)
{
  const char *const *protocols = dms_p2p_peer_store_get_protocols (store, peer);
  const char *agent = dms_p2p_peer_store_get_agent (store, peer);

  if (message->agent == NULL)
    message->agent = g_strdup (agent);
  for (guint i = 0; message->protocols->len == 0 && protocols != NULL && protocols[i] != NULL; i++)
    g_ptr_array_add (message->protocols, g_strdup (protocols[i]));
}

/* Nobody out there means our own loopback, or our own site, when it tells where it is (go-libp2p,
 * p2p/protocol/identify: filterAddrs). */
static GPtrArray *
dms_p2p_identify_filter (GPtrArray *addresses, DmsMultiaddr *remote)
{
  GPtrArray *kept = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_multiaddr_unref);
  DmsP2pReach least = remote != NULL ? dms_p2p_address_get_reach (remote) : DMS_P2P_REACH_PUBLIC;

  for (guint i = 0; i < addresses->len; i++)
    {
      DmsMultiaddr *address = g_ptr_array_index (addresses, i);
      DmsP2pReach reach = dms_p2p_address_get_reach (address);

      if (reach >= least && reach != DMS_P2P_REACH_NONE && reach != DMS_P2P_REACH_OTHER)
        g_ptr_array_add (kept, dms_multiaddr_ref (address));
    }
  return kept;
}

static void
dms_p2p_identify_store_addresses (DmsP2pPeerStore *store,
                                  DmsP2pConnection *connection,
                                  GPtrArray *addresses,
                                  gboolean is_certified)
{
  g_autoptr (GPtrArray) kept =
      dms_p2p_identify_filter (addresses, dms_p2p_connection_get_remote (connection));

  if (kept->len > 0)
    dms_p2p_peer_store_add_addresses (store,
                                      dms_p2p_connection_get_peer_id (connection),
                                      kept,
                                      DMS_P2P_IDENTIFY_ADDRESS_TTL_S,
                                      is_certified);
}

static void
dms_p2p_identify_note_observed (DmsP2pIdentify *self, DmsP2pConnection *connection, DmsMultiaddr *observed)
{
  DmsMultiaddr *local = dms_p2p_connection_get_local (connection);
  DmsMultiaddr *remote = dms_p2p_connection_get_remote (connection);

  if (observed != NULL && remote != NULL && local != NULL)
    dms_p2p_observed_note (self->observed,
                           remote,
                           observed,
                           dms_p2p_swarm_is_listening_at (dms_p2p_host_get_swarm (self->host), local));
}

/* Nothing of a message is kept when a part of it is somebody else's. */
static gboolean
dms_p2p_identify_consume (DmsP2pIdentify *self,
                          DmsP2pConnection *connection,
                          DmsP2pIdentifyMessage *message,
                          gboolean is_push,
                          GError **error)
{
  DmsP2pPeerStore *store = dms_p2p_swarm_get_peer_store (dms_p2p_host_get_swarm (self->host));
  DmsPeerId *peer = dms_p2p_connection_get_peer_id (connection);
  g_autoptr (DmsP2pSignedRecord) record = NULL;

  if (!dms_p2p_identify_check_key (message, peer, error))
    return FALSE;
  if (message->record != NULL)
    {
      record = dms_p2p_signed_record_open (
          g_bytes_get_data (message->record, NULL), g_bytes_get_size (message->record), peer, error);
      if (record == NULL)
        return FALSE;
    }
  if (is_push)
    dms_p2p_identify_keep_unsaid (store, peer, message);
  dms_p2p_identify_store_identity (store, peer, message);
  dms_p2p_identify_store_addresses (
      store, connection, record != NULL ? record->addresses : message->addresses, record != NULL);
  if (record != NULL)
    dms_p2p_peer_store_set_envelope (store, peer, message->record);
  dms_p2p_identify_note_observed (self, connection, message->observed);
  return TRUE;
}

/* Asking */

static void
dms_p2p_identify_settle (DmsP2pIdentifyOp *op, const GError *error)
{
  DmsP2pIdentifyPeer *peer = dms_p2p_identify_op_get_peer (op);

  if (peer == NULL)
    return;
  if (error == NULL)
    dms_p2p_host_emit_identified (op->self->host, op->connection);
  else
    g_debug ("%s did not say who it is: %s",
             dms_peer_id_get_text (dms_p2p_connection_get_peer_id (op->connection)),
             error->message);
  peer = dms_p2p_identify_op_get_peer (op);
  if (peer == NULL)
    return;
  /* It may have asked before something changed, and could not be told of that. */
  if (error == NULL && dms_p2p_identify_peer_get_told (peer) != 0)
    dms_p2p_identify_note_changed (op->self);
  dms_p2p_identify_peer_settle (peer, error);
}

static void
dms_p2p_identify_on_told (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DmsP2pIdentifyOp) op = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsP2pIdentifyMessage) message = dms_p2p_identify_read_finish (result, &error);

  if (message != NULL && dms_p2p_identify_op_get_peer (op) != NULL)
    dms_p2p_identify_consume (op->self, op->connection, message, FALSE, &error);
  dms_p2p_identify_settle (op, error);
}

static void
dms_p2p_identify_on_asked (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DmsP2pIdentifyOp) op = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsP2pStream) stream = dms_p2p_host_open_stream_finish (DMS_P2P_HOST (source), result, &error);

  if (stream == NULL)
    dms_p2p_identify_settle (op, error);
  else
    dms_p2p_identify_read_async (stream, NULL, dms_p2p_identify_on_told, g_steal_pointer (&op));
}

static void
dms_p2p_identify_on_connection (DmsP2pSwarm *swarm,
                                DmsP2pConnection *connection,
                                gboolean is_open,
                                gpointer user_data)
{
  static const char *const protocols[] = { DMS_P2P_IDENTIFY_PROTOCOL, NULL };
  DmsP2pIdentify *self = user_data;

  if (!is_open)
    {
      g_hash_table_remove (self->peers, connection);
      return;
    }
  g_hash_table_insert (self->peers, g_object_ref (connection), dms_p2p_identify_peer_new ());
  dms_p2p_host_open_stream_on_async (self->host,
                                     connection,
                                     protocols,
                                     NULL,
                                     dms_p2p_identify_on_asked,
                                     dms_p2p_identify_op_new (self, connection));
}

void
dms_p2p_identify_wait_async (DmsP2pIdentify *self,
                             DmsP2pConnection *connection,
                             GCancellable *cancellable,
                             GAsyncReadyCallback callback,
                             gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);
  DmsP2pIdentifyPeer *peer = g_hash_table_lookup (self->peers, connection);

  g_task_set_source_tag (task, dms_p2p_identify_wait_async);
  if (peer != NULL)
    dms_p2p_identify_peer_wait (peer, task);
  else
    g_task_return_new_error (task, DMS_ERROR, DMS_ERROR_IO, "the connection has ended");
}

gboolean
dms_p2p_identify_wait_finish (DmsP2pIdentify *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/* Answering */

static void
dms_p2p_identify_on_answered (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DmsP2pIdentifyOp) op = user_data;
  g_autoptr (GError) error = NULL;
  DmsP2pIdentifyPeer *peer = dms_p2p_identify_op_get_peer (op);

  if (!dms_p2p_identify_write_finish (result, &error))
    g_debug ("Cannot tell a peer who this is: %s", error->message);
  if (peer != NULL)
    dms_p2p_identify_peer_end_answer (peer);
}

static void
dms_p2p_identify_on_question (DmsP2pHost *host,
                              DmsP2pConnection *connection,
                              DmsP2pStream *stream,
                              gpointer user_data)
{
  DmsP2pIdentify *self = user_data;
  DmsP2pIdentifyPeer *peer = g_hash_table_lookup (self->peers, connection);
  g_autoptr (GBytes) framed = NULL;

  if (peer == NULL || !dms_p2p_identify_peer_begin_answer (peer))
    {
      dms_stream_reset (DMS_STREAM (stream));
      return;
    }
  framed = dms_p2p_identify_write (self, connection);
  dms_p2p_identify_write_async (
      stream, framed, NULL, dms_p2p_identify_on_answered, dms_p2p_identify_op_new (self, connection));
}

/* Hearing of changes */

static void
dms_p2p_identify_on_heard (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DmsP2pIdentifyOp) op = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsP2pIdentifyMessage) message = dms_p2p_identify_read_finish (result, &error);
  DmsP2pIdentifyPeer *peer = dms_p2p_identify_op_get_peer (op);

  if (peer == NULL)
    return;
  dms_p2p_identify_peer_end_push (peer);
  if (message != NULL && dms_p2p_identify_consume (op->self, op->connection, message, TRUE, &error))
    dms_p2p_host_emit_identified (op->self->host, op->connection);
  else
    g_debug ("A push of %s is refused: %s",
             dms_peer_id_get_text (dms_p2p_connection_get_peer_id (op->connection)),
             error->message);
}

static void
dms_p2p_identify_on_push (DmsP2pHost *host,
                          DmsP2pConnection *connection,
                          DmsP2pStream *stream,
                          gpointer user_data)
{
  DmsP2pIdentify *self = user_data;
  DmsP2pIdentifyPeer *peer = g_hash_table_lookup (self->peers, connection);

  if (peer == NULL || !dms_p2p_identify_peer_begin_push (peer))
    {
      dms_p2p_pipe_reset (dms_p2p_stream_get_pipe (stream), DMS_P2P_RESET_RATE_LIMITED);
      return;
    }
  dms_p2p_identify_read_async (
      stream, NULL, dms_p2p_identify_on_heard, dms_p2p_identify_op_new (self, connection));
}

/* Telling of changes */

static void dms_p2p_identify_push_more (DmsP2pIdentify *self);

static void
dms_p2p_identify_end_telling (DmsP2pIdentify *self, const GError *error)
{
  if (error != NULL)
    g_debug ("Cannot tell a peer of a change: %s", error->message);
  self->n_pushing--;
  dms_p2p_identify_push_more (self);
}

static void
dms_p2p_identify_on_pushed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DmsP2pIdentifyOp) op = user_data;
  g_autoptr (GError) error = NULL;

  dms_p2p_identify_write_finish (result, &error);
  dms_p2p_identify_end_telling (op->self, error);
}

static void
dms_p2p_identify_on_push_opened (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DmsP2pIdentifyOp) op = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) framed = NULL;
  g_autoptr (DmsP2pStream) stream = dms_p2p_host_open_stream_finish (DMS_P2P_HOST (source), result, &error);

  if (stream == NULL)
    {
      dms_p2p_identify_end_telling (op->self, error);
      return;
    }
  framed = dms_p2p_identify_write (op->self, op->connection);
  dms_p2p_identify_write_async (stream, framed, NULL, dms_p2p_identify_on_pushed, g_steal_pointer (&op));
}

static void
dms_p2p_identify_push_more (DmsP2pIdentify *self)
{
  static const char *const protocols[] = { DMS_P2P_IDENTIFY_PUSH_PROTOCOL, NULL };

  while (self->n_pushing < DMS_P2P_IDENTIFY_MAX_PUSHING && !g_queue_is_empty (&self->to_push))
    {
      g_autoptr (DmsP2pConnection) connection = g_queue_pop_head (&self->to_push);

      if (!g_hash_table_contains (self->peers, connection))
        continue;
      self->n_pushing++;
      dms_p2p_host_open_stream_on_async (self->host,
                                         connection,
                                         protocols,
                                         NULL,
                                         dms_p2p_identify_on_push_opened,
                                         dms_p2p_identify_op_new (self, connection));
    }
}

/* Whether a peer heard something else than @generation, and has said that it takes pushes. Those that have
 * not asked yet will. */
static gboolean
dms_p2p_identify_needs_push (DmsP2pIdentify *self,
                             DmsP2pConnection *connection,
                             DmsP2pIdentifyPeer *peer,
                             guint generation)
{
  DmsP2pPeerStore *store = dms_p2p_swarm_get_peer_store (dms_p2p_host_get_swarm (self->host));
  const char *const *known =
      dms_p2p_peer_store_get_protocols (store, dms_p2p_connection_get_peer_id (connection));
  guint told = dms_p2p_identify_peer_get_told (peer);

  return told != 0 && told != generation && known != NULL &&
         g_strv_contains (known, DMS_P2P_IDENTIFY_PUSH_PROTOCOL);
}

static gboolean
dms_p2p_identify_on_push_timer (gpointer user_data)
{
  DmsP2pIdentify *self = user_data;
  guint generation = dms_p2p_identify_self_refresh (self->own);
  GHashTableIter iter;
  gpointer connection = NULL;
  gpointer peer = NULL;

  g_clear_pointer (&self->push_timer, g_source_unref);
  g_queue_clear_full (&self->to_push, g_object_unref);
  g_hash_table_iter_init (&iter, self->peers);
  while (g_hash_table_iter_next (&iter, &connection, &peer))
    if (dms_p2p_identify_needs_push (self, connection, peer, generation))
      g_queue_push_tail (&self->to_push, g_object_ref (connection));
  dms_p2p_identify_push_more (self);
  return G_SOURCE_REMOVE;
}

void
dms_p2p_identify_note_changed (DmsP2pIdentify *self)
{
  if (self->push_timer != NULL)
    return;
  self->push_timer = g_timeout_source_new (DMS_P2P_IDENTIFY_PUSH_DELAY_MS);
  g_source_set_static_name (self->push_timer, "dms-p2p-identify");
  g_source_set_callback (self->push_timer, dms_p2p_identify_on_push_timer, self, NULL);
  g_source_attach (self->push_timer, self->context);
}

static void
dms_p2p_identify_on_changed (DmsP2pHost *host, gpointer user_data)
{
  dms_p2p_identify_note_changed (user_data);
}

DmsP2pIdentify *
dms_p2p_identify_new (DmsP2pHost *host, const char *agent)
{
  DmsP2pIdentify *self = g_object_new (DMS_TYPE_P2P_IDENTIFY, NULL);

  self->host = g_object_ref (host);
  self->own = dms_p2p_identify_self_new (host, agent);
  dms_p2p_host_set_handler (host, DMS_P2P_IDENTIFY_PROTOCOL, dms_p2p_identify_on_question, self, NULL);
  dms_p2p_host_set_handler (host, DMS_P2P_IDENTIFY_PUSH_PROTOCOL, dms_p2p_identify_on_push, self, NULL);
  dms_p2p_host_add_changed (host, dms_p2p_identify_on_changed, self);
  dms_p2p_swarm_add_notify (dms_p2p_host_get_swarm (host), dms_p2p_identify_on_connection, self);
  return self;
}
