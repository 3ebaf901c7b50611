/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "kad/dms-p2p-dht.h"

#include "kad/dms-p2p-kad-limits.h"
#include "kad/dms-p2p-kad-requester.h"
#include "kad/dms-p2p-kad-service.h"

enum
{
  /* Peers that must have seen this host at an address before others are told of it (go-libp2p:
   * ActivationThresh). */
  DMS_P2P_DHT_MIN_OBSERVERS = 4,
};

struct _DmsP2pDht
{
  GObject parent_instance;

  DmsP2pHost *host;
  DmsP2pIdentify *identify;
  char *protocol;
  DmsP2pDhtMode mode;
  /* Others cannot connect to this host by themselves. */
  gboolean is_unreachable;
  /* NULL once it is closed. */
  DmsP2pKadCore *core;
  /* What was closed while it was at work: by somebody whom it told something. */
  DmsP2pKadCore *closing;
  gboolean is_busy;
  DmsP2pKadRequester *requester;
  DmsP2pKadService *service;
  GSource *timer;
  gint64 next_fill_us;
  GMainContext *context;
};

G_DEFINE_FINAL_TYPE (DmsP2pDht, dms_p2p_dht, G_TYPE_OBJECT)

static void
dms_p2p_dht_dispose (GObject *object)
{
  dms_p2p_dht_close (DMS_P2P_DHT (object));
  G_OBJECT_CLASS (dms_p2p_dht_parent_class)->dispose (object);
}

static void
dms_p2p_dht_finalize (GObject *object)
{
  DmsP2pDht *self = DMS_P2P_DHT (object);

  g_clear_pointer (&self->protocol, g_free);
  g_clear_pointer (&self->context, g_main_context_unref);
  g_clear_object (&self->identify);
  g_clear_object (&self->host);
  G_OBJECT_CLASS (dms_p2p_dht_parent_class)->finalize (object);
}

static void
dms_p2p_dht_class_init (DmsP2pDhtClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = dms_p2p_dht_dispose;
  G_OBJECT_CLASS (klass)->finalize = dms_p2p_dht_finalize;
}

static void
dms_p2p_dht_init (DmsP2pDht *self)
{
  self->context = g_main_context_ref_thread_default ();
}

static DmsP2pPeerStore *
dms_p2p_dht_get_peers (DmsP2pDht *self)
{
  return dms_p2p_swarm_get_peer_store (dms_p2p_host_get_swarm (self->host));
}

/* Time */

static gboolean
dms_p2p_dht_source_dispatch (GSource *source, GSourceFunc callback, gpointer user_data)
{
  return callback (user_data);
}

static GSourceFuncs dms_p2p_dht_source_funcs = { .dispatch = dms_p2p_dht_source_dispatch };

static void
dms_p2p_dht_arm (DmsP2pDht *self)
{
  if (self->timer != NULL && self->core != NULL)
    g_source_set_ready_time (self->timer, dms_p2p_kad_core_get_deadline (self->core));
}

static void
dms_p2p_dht_drop (DmsP2pDht *self)
{
  g_clear_pointer (&self->closing, dms_p2p_kad_core_free);
  g_clear_pointer (&self->requester, dms_p2p_kad_requester_free);
}

static void
dms_p2p_dht_end_work (DmsP2pDht *self)
{
  self->is_busy = FALSE;
  if (self->core == NULL)
    dms_p2p_dht_drop (self);
  else
    dms_p2p_dht_arm (self);
}

static void dms_p2p_dht_on_identified (DmsP2pHost *host, DmsP2pConnection *connection, gpointer user_data);

/* Whoever has been away may have lost all peers, though some are connected. */
static void
dms_p2p_dht_fill_again (DmsP2pDht *self)
{
  g_autoptr (GPtrArray) connections = NULL;
  gint64 now_us = g_get_monotonic_time ();

  if (now_us < self->next_fill_us || dms_p2p_kad_table_get_size (dms_p2p_kad_core_get_table (self->core)) > 0)
    return;
  self->next_fill_us = now_us + (gint64) DMS_P2P_KAD_CHECK_S * G_USEC_PER_SEC;
  connections = dms_p2p_swarm_list (dms_p2p_host_get_swarm (self->host));
  for (guint i = 0; i < connections->len; i++)
    dms_p2p_dht_on_identified (self->host, g_ptr_array_index (connections, i), self);
}

static gboolean
dms_p2p_dht_on_timer (gpointer user_data)
{
  g_autoptr (DmsP2pDht) self = g_object_ref (user_data);

  g_source_set_ready_time (self->timer, -1);
  dms_p2p_dht_fill_again (self);
  self->is_busy = TRUE;
  dms_p2p_kad_core_poll (self->core);
  dms_p2p_dht_end_work (self);
  return G_SOURCE_CONTINUE;
}

/* What the core needs */

static gint64
dms_p2p_dht_get_now_us (gpointer user_data)
{
  return g_get_monotonic_time ();
}

static gint64
dms_p2p_dht_get_time_s (gpointer user_data)
{
  return g_get_real_time () / G_USEC_PER_SEC;
}

/* What is known already may come from the peer store itself: it does not last longer for that. */
static void
dms_p2p_dht_learn (DmsP2pDht *self, DmsP2pKadPeer *peer)
{
  DmsPeerId *id = dms_p2p_kad_peer_get_id (peer);
  GPtrArray *addresses = dms_p2p_kad_peer_get_addresses (peer);
  DmsPeerId *own =
      dms_p2p_identity_get_peer_id (dms_p2p_swarm_get_identity (dms_p2p_host_get_swarm (self->host)));
  g_autoptr (GPtrArray) known = dms_p2p_peer_store_dup_addresses (dms_p2p_dht_get_peers (self), id);
  g_autoptr (GPtrArray) news = g_ptr_array_new ();

  for (guint i = 0; i < addresses->len; i++)
    if (!g_ptr_array_find_with_equal_func (
            known, g_ptr_array_index (addresses, i), (GEqualFunc) dms_multiaddr_equal, NULL))
      g_ptr_array_add (news, g_ptr_array_index (addresses, i));
  if (news->len > 0 && !dms_peer_id_equal (id, own))
    dms_p2p_peer_store_add_addresses (dms_p2p_dht_get_peers (self), id, news, DMS_P2P_KAD_LEARNT_S, FALSE);
}

static void
dms_p2p_dht_send (guint64 request,
                  DmsP2pKadPeer *peer,
                  GBytes *message,
                  gboolean wants_answer,
                  gpointer user_data)
{
  DmsP2pDht *self = user_data;

  dms_p2p_dht_learn (self, peer);
  dms_p2p_kad_requester_send (
      self->requester, request, dms_p2p_kad_peer_get_id (peer), message, wants_answer);
}

static void
dms_p2p_dht_give_up (guint64 request, gpointer user_data)
{
  dms_p2p_kad_requester_give_up (((DmsP2pDht *) user_data)->requester, request);
}

static void
dms_p2p_dht_add_observed (DmsP2pDht *self, GPtrArray *addresses)
{
  g_autoptr (GPtrArray) observed = NULL;

  /* Where others have tried in vain nobody is sent: they would lose time before they take a relay. */
  if (self->identify == NULL || self->is_unreachable)
    return;
  observed = dms_p2p_observed_dup_addresses (dms_p2p_identify_get_observed (self->identify),
                                             DMS_P2P_DHT_MIN_OBSERVERS);
  for (guint i = 0; i < observed->len; i++)
    if (!g_ptr_array_find_with_equal_func (
            addresses, g_ptr_array_index (observed, i), (GEqualFunc) dms_multiaddr_equal, NULL))
      g_ptr_array_add (addresses, dms_multiaddr_ref (g_ptr_array_index (observed, i)));
}

static GPtrArray *
dms_p2p_dht_dup_addresses (DmsPeerId *peer, gpointer user_data)
{
  DmsP2pDht *self = user_data;
  DmsP2pSwarm *swarm = dms_p2p_host_get_swarm (self->host);
  GPtrArray *addresses = NULL;

  if (!dms_peer_id_equal (peer, dms_p2p_identity_get_peer_id (dms_p2p_swarm_get_identity (swarm))))
    return dms_p2p_peer_store_dup_addresses (dms_p2p_dht_get_peers (self), peer);
  addresses = dms_p2p_swarm_dup_listen_addresses (swarm);
  dms_p2p_dht_add_observed (self, addresses);
  return addresses;
}

static void
dms_p2p_dht_wake (gpointer user_data)
{
  dms_p2p_dht_arm (user_data);
}

static const DmsP2pKadEnvironment dms_p2p_dht_environment = {
  .get_now_us = dms_p2p_dht_get_now_us,
  .get_time_s = dms_p2p_dht_get_time_s,
  .send = dms_p2p_dht_send,
  .give_up = dms_p2p_dht_give_up,
  .dup_addresses = dms_p2p_dht_dup_addresses,
  .wake = dms_p2p_dht_wake,
};

static void
dms_p2p_dht_on_answered (guint64 request,
                         gboolean is_good,
                         GBytes *answer,
                         DmsMultiaddr *remote,
                         gpointer user_data)
{
  g_autoptr (DmsP2pDht) self = g_object_ref (user_data);

  if (self->core == NULL)
    return;
  self->is_busy = TRUE;
  if (is_good)
    dms_p2p_kad_core_answered (self->core, request, answer, remote);
  else
    dms_p2p_kad_core_failed (self->core, request);
  dms_p2p_dht_end_work (self);
}

/* A relayed connection is too narrow to be leant on. */
static void
dms_p2p_dht_on_identified (DmsP2pHost *host, DmsP2pConnection *connection, gpointer user_data)
{
  DmsP2pDht *self = user_data;
  DmsPeerId *peer = dms_p2p_connection_get_peer_id (connection);
  const char *const *protocols = dms_p2p_peer_store_get_protocols (dms_p2p_dht_get_peers (self), peer);

  if (self->core == NULL || dms_p2p_connection_is_limited (connection))
    return;
  if (protocols != NULL && g_strv_contains (protocols, self->protocol))
    dms_p2p_kad_core_peer_serves (self->core, peer, dms_p2p_connection_get_remote (connection));
  else
    dms_p2p_kad_core_peer_left (self->core, peer);
  dms_p2p_dht_arm (self);
}

/* The whole */

DmsP2pDht *
dms_p2p_dht_new (DmsP2pHost *host, DmsP2pIdentify *identify, const char *prefix, DmsP2pDhtMode mode)
{
  DmsP2pDht *self = g_object_new (DMS_TYPE_P2P_DHT, NULL);
  DmsPeerId *id = dms_p2p_identity_get_peer_id (dms_p2p_swarm_get_identity (dms_p2p_host_get_swarm (host)));

  self->host = g_object_ref (host);
  self->identify = identify != NULL ? g_object_ref (identify) : NULL;
  self->protocol = g_strconcat (prefix, "/kad/1.0.0", NULL);
  self->mode = mode;
  if (mode == DMS_P2P_DHT_OFF)
    return self;
  self->core = dms_p2p_kad_core_new (id, &dms_p2p_dht_environment, self);
  self->requester = dms_p2p_kad_requester_new (host, self->protocol, dms_p2p_dht_on_answered, self);
  self->service = dms_p2p_kad_service_new (host, self->protocol, self->core);
  dms_p2p_kad_service_set_serving (self->service, mode != DMS_P2P_DHT_CLIENT);
  dms_p2p_host_add_identified (host, dms_p2p_dht_on_identified, self);
  self->timer = g_source_new (&dms_p2p_dht_source_funcs, sizeof (GSource));
  g_source_set_static_name (self->timer, "dms-p2p-dht");
  g_source_set_callback (self->timer, dms_p2p_dht_on_timer, self, NULL);
  g_source_attach (self->timer, self->context);
  dms_p2p_dht_arm (self);
  return self;
}

void
dms_p2p_dht_close (DmsP2pDht *self)
{
  if (self->core == NULL)
    return;
  g_source_destroy (self->timer);
  g_clear_pointer (&self->timer, g_source_unref);
  dms_p2p_kad_service_close (self->service);
  g_clear_pointer (&self->service, dms_p2p_kad_service_unref);
  self->closing = g_steal_pointer (&self->core);
  if (!self->is_busy)
    dms_p2p_dht_drop (self);
}

void
dms_p2p_dht_note_reachable (DmsP2pDht *self, gboolean reachable)
{
  self->is_unreachable = !reachable;
  if (self->core != NULL && self->mode == DMS_P2P_DHT_AUTO)
    dms_p2p_kad_service_set_serving (self->service, reachable);
}

gboolean
dms_p2p_dht_is_serving (DmsP2pDht *self)
{
  return self->core != NULL && dms_p2p_kad_service_is_serving (self->service);
}

DmsP2pKadCore *
dms_p2p_dht_get_core (DmsP2pDht *self)
{
  return self->core;
}

GPtrArray *
dms_p2p_dht_list_peers (DmsP2pDht *self)
{
  GPtrArray *ids = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_peer_id_unref);
  g_autoptr (GPtrArray) peers = NULL;

  if (self->core == NULL)
    return ids;
  peers = dms_p2p_kad_table_list (dms_p2p_kad_core_get_table (self->core));
  for (guint i = 0; i < peers->len; i++)
    g_ptr_array_add (ids, dms_peer_id_ref (dms_p2p_kad_peer_get_id (g_ptr_array_index (peers, i))));
  return ids;
}

/* Operations */

/* What a task waits for. */
typedef struct
{
  guint64 operation;
  GSource *cancelled;
} DmsP2pDhtWaiting;

static void
dms_p2p_dht_waiting_free (gpointer data)
{
  DmsP2pDhtWaiting *waiting = data;

  if (waiting->cancelled != NULL)
    g_source_destroy (waiting->cancelled);
  g_clear_pointer (&waiting->cancelled, g_source_unref);
  g_free (waiting);
}

static gboolean
dms_p2p_dht_on_cancelled (GCancellable *cancellable, gpointer user_data)
{
  GTask *task = user_data;
  const DmsP2pDhtWaiting *waiting = g_task_get_task_data (task);
  DmsP2pDht *self = g_task_get_source_object (task);

  if (self->core != NULL)
    dms_p2p_kad_core_cancel (self->core, waiting->operation);
  return G_SOURCE_REMOVE;
}

/* NULL when it is closed: the task has failed then. */
static GTask *
dms_p2p_dht_begin (DmsP2pDht *self,
                   gpointer tag,
                   GCancellable *cancellable,
                   GAsyncReadyCallback callback,
                   gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);

  g_task_set_source_tag (task, tag);
  g_task_set_check_cancellable (task, FALSE);
  if (self->core != NULL)
    return g_steal_pointer (&task);
  g_task_return_new_error (task,
                           DMS_ERROR,
                           DMS_ERROR_WRONG_STATE,
                           "this node takes no part in the distributed hash table, or is being stopped");
  return NULL;
}

static void
dms_p2p_dht_await (DmsP2pDht *self, GTask *task, guint64 operation)
{
  DmsP2pDhtWaiting *waiting = g_new0 (DmsP2pDhtWaiting, 1);
  GCancellable *cancellable = g_task_get_cancellable (task);

  waiting->operation = operation;
  g_task_set_task_data (task, waiting, dms_p2p_dht_waiting_free);
  if (cancellable == NULL)
    return;
  waiting->cancelled = g_cancellable_source_new (cancellable);
  g_source_set_callback (waiting->cancelled, G_SOURCE_FUNC (dms_p2p_dht_on_cancelled), task, NULL);
  g_source_attach (waiting->cancelled, self->context);
}

/* TRUE when it failed. */
static gboolean
dms_p2p_dht_fail (GTask *task, const DmsP2pKadResult *result)
{
  DmsP2pDhtWaiting *waiting = g_task_get_task_data (task);

  if (waiting->cancelled != NULL)
    g_source_destroy (waiting->cancelled);
  if (result->error == NULL)
    return FALSE;
  g_task_return_error (task, g_error_copy (result->error));
  return TRUE;
}

static void
dms_p2p_dht_on_stored (DmsP2pKadCore *core, const DmsP2pKadResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;

  if (!dms_p2p_dht_fail (task, result))
    g_task_return_boolean (task, TRUE);
}

static void
dms_p2p_dht_on_got (DmsP2pKadCore *core, const DmsP2pKadResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;

  if (!dms_p2p_dht_fail (task, result))
    g_task_return_pointer (task, g_bytes_ref (result->value), (GDestroyNotify) g_bytes_unref);
}

static void
dms_p2p_dht_on_found (DmsP2pKadCore *core, const DmsP2pKadResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  DmsP2pDht *self = g_task_get_source_object (task);

  if (dms_p2p_dht_fail (task, result))
    return;
  for (guint i = 0; i < result->peers->len; i++)
    dms_p2p_dht_learn (self, g_ptr_array_index (result->peers, i));
  g_task_return_pointer (task, g_ptr_array_ref (result->peers), (GDestroyNotify) g_ptr_array_unref);
}

void
dms_p2p_dht_put_value_async (DmsP2pDht *self,
                             GBytes *key,
                             GBytes *value,
                             GCancellable *cancellable,
                             GAsyncReadyCallback callback,
                             gpointer user_data)
{
  GTask *task = dms_p2p_dht_begin (self, dms_p2p_dht_put_value_async, cancellable, callback, user_data);

  if (task != NULL)
    dms_p2p_dht_await (
        self, task, dms_p2p_kad_core_put_value (self->core, key, value, dms_p2p_dht_on_stored, task));
}

void
dms_p2p_dht_get_value_async (DmsP2pDht *self,
                             GBytes *key,
                             GCancellable *cancellable,
                             GAsyncReadyCallback callback,
                             gpointer user_data)
{
  GTask *task = dms_p2p_dht_begin (self, dms_p2p_dht_get_value_async, cancellable, callback, user_data);

  if (task != NULL)
    dms_p2p_dht_await (self, task, dms_p2p_kad_core_get_value (self->core, key, 0, dms_p2p_dht_on_got, task));
}

void
dms_p2p_dht_provide_async (DmsP2pDht *self,
                           GBytes *multihash,
                           GCancellable *cancellable,
                           GAsyncReadyCallback callback,
                           gpointer user_data)
{
  GTask *task = dms_p2p_dht_begin (self, dms_p2p_dht_provide_async, cancellable, callback, user_data);

  if (task != NULL)
    dms_p2p_dht_await (
        self, task, dms_p2p_kad_core_provide (self->core, multihash, dms_p2p_dht_on_stored, task));
}

void
dms_p2p_dht_stop_providing (DmsP2pDht *self, GBytes *multihash)
{
  if (self->core != NULL)
    dms_p2p_kad_core_stop_providing (self->core, multihash);
}

void
dms_p2p_dht_note_moved (DmsP2pDht *self)
{
  if (self->core != NULL)
    dms_p2p_kad_core_note_moved (self->core);
}

guint
dms_p2p_dht_estimate_peers (DmsP2pDht *self)
{
  return self->core != NULL ? dms_p2p_kad_core_estimate_peers (self->core) : 0;
}

void
dms_p2p_dht_find_providers_async (DmsP2pDht *self,
                                  GBytes *multihash,
                                  guint max,
                                  GCancellable *cancellable,
                                  GAsyncReadyCallback callback,
                                  gpointer user_data)
{
  GTask *task = dms_p2p_dht_begin (self, dms_p2p_dht_find_providers_async, cancellable, callback, user_data);

  if (task != NULL)
    dms_p2p_dht_await (
        self, task, dms_p2p_kad_core_find_providers (self->core, multihash, max, dms_p2p_dht_on_found, task));
}

void
dms_p2p_dht_find_peer_async (DmsP2pDht *self,
                             DmsPeerId *peer,
                             GCancellable *cancellable,
                             GAsyncReadyCallback callback,
                             gpointer user_data)
{
  GTask *task = dms_p2p_dht_begin (self, dms_p2p_dht_find_peer_async, cancellable, callback, user_data);

  if (task != NULL)
    dms_p2p_dht_await (self, task, dms_p2p_kad_core_find_peer (self->core, peer, dms_p2p_dht_on_found, task));
}

gboolean
dms_p2p_dht_put_value_finish (DmsP2pDht *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

GBytes *
dms_p2p_dht_get_value_finish (DmsP2pDht *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

gboolean
dms_p2p_dht_provide_finish (DmsP2pDht *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

GPtrArray *
dms_p2p_dht_find_providers_finish (DmsP2pDht *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

DmsP2pKadPeer *
dms_p2p_dht_find_peer_finish (DmsP2pDht *self, GAsyncResult *result, GError **error)
{
  g_autoptr (GPtrArray) found = g_task_propagate_pointer (G_TASK (result), error);

  return found != NULL ? dms_p2p_kad_peer_ref (g_ptr_array_index (found, 0)) : NULL;
}
