/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-libp2p-router.h"

enum
{
  /* Peers that are looked for, and who waits for one of them. Ours. */
  DMS_LIBP2P_ROUTER_MAX_PEERS = 32,
  DMS_LIBP2P_ROUTER_MAX_WAITING = 256,
  /* A dial does not wait longer; what is found later is of use to the next one. Ours. */
  DMS_LIBP2P_ROUTER_PATIENCE_S = 10,
};

/* A search, and who waits for it. */
typedef struct
{
  /* NULL when it is gone. */
  DmsLibp2pRouter *router;
  DmsPeerId *peer;
  /* GTask */
  GPtrArray *waiting;
  GSource *timer;
} DmsLibp2pSearch;

struct _DmsLibp2pRouter
{
  DmsP2pDht *dht;
  DmsP2pSwarm *swarm;
  /* DmsPeerId to DmsLibp2pSearch. */
  GHashTable *searches;
};

static void
dms_libp2p_search_clear (gpointer data)
{
  DmsLibp2pSearch *search = data;

  g_clear_pointer (&search->waiting, g_ptr_array_unref);
  g_clear_pointer (&search->peer, dms_peer_id_unref);
}

static void
dms_libp2p_search_unref (DmsLibp2pSearch *search)
{
  g_rc_box_release_full (search, dms_libp2p_search_clear);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsLibp2pSearch, dms_libp2p_search_unref)

/* Tells those who wait, once. */
static void
dms_libp2p_search_end (DmsLibp2pSearch *search)
{
  g_autoptr (GPtrArray) waiting = g_steal_pointer (&search->waiting);

  if (search->timer != NULL)
    g_source_destroy (search->timer);
  g_clear_pointer (&search->timer, g_source_unref);
  if (search->router != NULL)
    g_hash_table_steal (search->router->searches, search->peer);
  search->router = NULL;
  for (guint i = 0; i < waiting->len; i++)
    g_task_return_boolean (g_ptr_array_index (waiting, i), TRUE);
  dms_libp2p_search_unref (search);
}

static void
dms_libp2p_search_drop (gpointer data)
{
  DmsLibp2pSearch *search = data;

  search->router = NULL;
  dms_libp2p_search_end (search);
}

static void
dms_libp2p_search_on_found (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DmsLibp2pSearch) search = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsP2pKadPeer) peer = dms_p2p_dht_find_peer_finish (DMS_P2P_DHT (source), result, &error);

  if (peer == NULL)
    g_debug ("%s is not found: %s", dms_peer_id_get_text (search->peer), error->message);
  if (search->waiting != NULL)
    dms_libp2p_search_end (search);
}

static gboolean
dms_libp2p_search_on_timer (gpointer user_data)
{
  dms_libp2p_search_end (user_data);
  return G_SOURCE_REMOVE;
}

static DmsLibp2pSearch *
dms_libp2p_router_begin (DmsLibp2pRouter *self, DmsPeerId *peer)
{
  g_autoptr (GMainContext) context = g_main_context_ref_thread_default ();
  DmsLibp2pSearch *search = g_rc_box_new0 (DmsLibp2pSearch);

  search->router = self;
  search->peer = dms_peer_id_ref (peer);
  search->waiting = g_ptr_array_new_with_free_func (g_object_unref);
  search->timer = g_timeout_source_new_seconds (DMS_LIBP2P_ROUTER_PATIENCE_S);
  g_source_set_static_name (search->timer, "dms-libp2p-router");
  g_source_set_callback (search->timer, dms_libp2p_search_on_timer, search, NULL);
  g_source_attach (search->timer, context);
  g_hash_table_insert (self->searches, search->peer, search);
  dms_p2p_dht_find_peer_async (self->dht, peer, NULL, dms_libp2p_search_on_found, g_rc_box_acquire (search));
  return search;
}

gboolean
dms_libp2p_router_knows (DmsLibp2pRouter *self, DmsPeerId *peer)
{
  g_autoptr (GPtrArray) known = NULL;

  /* Not before those who asked earlier. */
  if (g_hash_table_contains (self->searches, peer))
    return FALSE;
  if (dms_p2p_swarm_find (self->swarm, peer) != NULL ||
      dms_peer_id_equal (peer, dms_p2p_identity_get_peer_id (dms_p2p_swarm_get_identity (self->swarm))))
    return TRUE;
  known = dms_p2p_peer_store_dup_addresses (dms_p2p_swarm_get_peer_store (self->swarm), peer);
  return known->len > 0;
}

void
dms_libp2p_router_find_async (DmsLibp2pRouter *self,
                              gpointer source,
                              DmsPeerId *peer,
                              GCancellable *cancellable,
                              GAsyncReadyCallback callback,
                              gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (source, cancellable, callback, user_data);
  DmsLibp2pSearch *search = g_hash_table_lookup (self->searches, peer);

  g_task_set_source_tag (task, dms_libp2p_router_find_async);
  if (search == NULL && g_hash_table_size (self->searches) < DMS_LIBP2P_ROUTER_MAX_PEERS)
    search = dms_libp2p_router_begin (self, peer);
  if (search == NULL || search->waiting->len >= DMS_LIBP2P_ROUTER_MAX_WAITING)
    g_task_return_new_error (
        task, DMS_ERROR, DMS_ERROR_BUSY, "too many peers are being looked for; try again in some seconds");
  else
    g_ptr_array_add (search->waiting, g_steal_pointer (&task));
}

gboolean
dms_libp2p_router_find_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

DmsLibp2pRouter *
dms_libp2p_router_new (DmsP2pDht *dht, DmsP2pSwarm *swarm)
{
  DmsLibp2pRouter *self = g_new0 (DmsLibp2pRouter, 1);

  self->dht = g_object_ref (dht);
  self->swarm = g_object_ref (swarm);
  self->searches = g_hash_table_new_full (
      (GHashFunc) dms_peer_id_hash, (GEqualFunc) dms_peer_id_equal, NULL, dms_libp2p_search_drop);
  return self;
}

void
dms_libp2p_router_free (DmsLibp2pRouter *self)
{
  g_clear_pointer (&self->searches, g_hash_table_unref);
  g_clear_object (&self->swarm);
  g_clear_object (&self->dht);
  g_free (self);
}
