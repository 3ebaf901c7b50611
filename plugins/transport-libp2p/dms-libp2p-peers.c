/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-libp2p-peers.h"

/* A peer with a connection. */
typedef struct
{
  DmsPeerId *id;
  gboolean is_identified;
  /* The handler has been told of it. */
  gboolean is_told;
  double score;
} DmsLibp2pPeer;

struct _DmsLibp2pPeers
{
  DmsTransport *transport;
  DmsP2pHost *host;
  GMainContext *context;
  /* DmsPeerId to DmsLibp2pPeer. */
  GHashTable *peers;
  DmsLibp2pCallback *handler;
  GSource *tell;
};

static void
dms_libp2p_peer_free (gpointer data)
{
  DmsLibp2pPeer *peer = data;

  dms_peer_id_unref (peer->id);
  g_free (peer);
}

DmsLibp2pPeers *
dms_libp2p_peers_new (DmsTransport *transport)
{
  DmsLibp2pPeers *self = g_new0 (DmsLibp2pPeers, 1);

  self->transport = transport;
  self->peers = g_hash_table_new_full (
      (GHashFunc) dms_peer_id_hash, (GEqualFunc) dms_peer_id_equal, NULL, dms_libp2p_peer_free);
  return self;
}

static void
dms_libp2p_peers_drop_tell (DmsLibp2pPeers *self)
{
  if (self->tell != NULL)
    g_source_destroy (self->tell);
  g_clear_pointer (&self->tell, g_source_unref);
}

void
dms_libp2p_peers_free (DmsLibp2pPeers *self)
{
  dms_libp2p_peers_drop_tell (self);
  g_clear_pointer (&self->peers, g_hash_table_unref);
  g_clear_pointer (&self->handler, dms_libp2p_callback_unref);
  g_clear_pointer (&self->context, g_main_context_unref);
  g_clear_object (&self->host);
  g_free (self);
}

/* Telling. Whoever is told may do anything, so that nothing of a peer is used afterwards. */

static void
dms_libp2p_peers_call (DmsLibp2pPeers *self, DmsPeerId *id, gboolean identified, const char *const *protocols)
{
  static const char *const nothing[] = { NULL };
  g_autoptr (DmsTransport) transport = g_object_ref (self->transport);
  g_autoptr (DmsLibp2pCallback) handler = NULL;
  g_autoptr (DmsPeerId) keep = dms_peer_id_ref (id);
  g_auto (GStrv) copy = g_strdupv ((char **) protocols);

  if (self->handler == NULL)
    return;
  handler = dms_libp2p_callback_ref (self->handler);
  ((DmsPeerHandler) dms_libp2p_callback_get_func (handler)) (transport,
                                                             id,
                                                             identified,
                                                             copy != NULL ? (const char *const *) copy
                                                                          : nothing,
                                                             dms_libp2p_callback_get_data (handler));
}

static void
dms_libp2p_peers_tell_identified (DmsLibp2pPeers *self, DmsLibp2pPeer *peer)
{
  DmsP2pPeerStore *store = dms_p2p_swarm_get_peer_store (dms_p2p_host_get_swarm (self->host));

  peer->is_told = TRUE;
  dms_libp2p_peers_call (self, peer->id, TRUE, dms_p2p_peer_store_get_protocols (store, peer->id));
}

static void
dms_libp2p_peers_emit (DmsLibp2pPeers *self, const char *signal, DmsPeerId *id)
{
  g_autoptr (DmsTransport) transport = g_object_ref (self->transport);
  g_autoptr (DmsPeerId) keep = dms_peer_id_ref (id);

  g_signal_emit_by_name (transport, signal, id);
}

static void
dms_libp2p_peers_remove (DmsLibp2pPeers *self, DmsPeerId *id)
{
  g_autoptr (DmsTransport) transport = g_object_ref (self->transport);
  g_autoptr (DmsPeerId) keep = dms_peer_id_ref (id);
  DmsLibp2pPeer *peer = g_hash_table_lookup (self->peers, id);
  gboolean was_told = peer != NULL && peer->is_told;

  if (!g_hash_table_remove (self->peers, id))
    return;
  if (was_told)
    dms_libp2p_peers_call (self, id, FALSE, NULL);
  dms_libp2p_peers_emit (self, "peer-disconnected", id);
}

static void
dms_libp2p_peers_on_connection (DmsP2pSwarm *swarm,
                                DmsP2pConnection *connection,
                                gboolean is_open,
                                gpointer user_data)
{
  DmsLibp2pPeers *self = user_data;
  DmsPeerId *id = dms_p2p_connection_get_peer_id (connection);
  DmsLibp2pPeer *peer = g_hash_table_lookup (self->peers, id);

  if (is_open && peer == NULL)
    {
      peer = g_new0 (DmsLibp2pPeer, 1);
      peer->id = dms_peer_id_ref (id);
      g_hash_table_insert (self->peers, peer->id, peer);
      dms_libp2p_peers_emit (self, "peer-connected", id);
    }
  else if (!is_open && dms_p2p_swarm_find (swarm, id) == NULL)
    dms_libp2p_peers_remove (self, id);
}

static void
dms_libp2p_peers_on_identified (DmsP2pHost *host, DmsP2pConnection *connection, gpointer user_data)
{
  DmsLibp2pPeers *self = user_data;
  DmsLibp2pPeer *peer = g_hash_table_lookup (self->peers, dms_p2p_connection_get_peer_id (connection));

  if (peer == NULL)
    return;
  peer->is_identified = TRUE;
  dms_libp2p_peers_tell_identified (self, peer);
}

void
dms_libp2p_peers_watch (DmsLibp2pPeers *self, DmsP2pHost *host)
{
  g_clear_pointer (&self->context, g_main_context_unref);
  self->context = g_main_context_ref_thread_default ();
  g_clear_object (&self->host);
  self->host = g_object_ref (host);
  dms_p2p_swarm_add_notify (dms_p2p_host_get_swarm (host), dms_libp2p_peers_on_connection, self);
  dms_p2p_host_add_identified (host, dms_libp2p_peers_on_identified, self);
}

void
dms_libp2p_peers_leave (DmsLibp2pPeers *self)
{
  dms_libp2p_peers_drop_tell (self);
  g_hash_table_remove_all (self->peers);
  g_clear_object (&self->host);
}

/* Tells the handler of those it has not been told of. */
static gboolean
dms_libp2p_peers_on_tell (gpointer user_data)
{
  DmsLibp2pPeers *self = user_data;
  g_autoptr (DmsTransport) transport = g_object_ref (self->transport);
  g_autoptr (GPtrArray) ids = dms_libp2p_peers_list (self);

  g_clear_pointer (&self->tell, g_source_unref);
  for (guint i = 0; i < ids->len; i++)
    {
      DmsLibp2pPeer *peer = g_hash_table_lookup (self->peers, g_ptr_array_index (ids, i));

      if (peer != NULL && peer->is_identified && !peer->is_told)
        dms_libp2p_peers_tell_identified (self, peer);
    }
  return G_SOURCE_REMOVE;
}

void
dms_libp2p_peers_set_handler (DmsLibp2pPeers *self, DmsLibp2pCallback *handler)
{
  GHashTableIter iter;
  gpointer peer = NULL;

  g_clear_pointer (&self->handler, dms_libp2p_callback_unref);
  self->handler = handler != NULL ? dms_libp2p_callback_ref (handler) : NULL;
  g_hash_table_iter_init (&iter, self->peers);
  while (g_hash_table_iter_next (&iter, NULL, &peer))
    ((DmsLibp2pPeer *) peer)->is_told = FALSE;
  dms_libp2p_peers_drop_tell (self);
  if (handler == NULL || self->host == NULL)
    return;
  self->tell = g_idle_source_new ();
  g_source_set_priority (self->tell, G_PRIORITY_DEFAULT);
  g_source_set_callback (self->tell, dms_libp2p_peers_on_tell, self, NULL);
  g_source_attach (self->tell, self->context);
}

gboolean
dms_libp2p_peers_is_identified (DmsLibp2pPeers *self, DmsPeerId *id)
{
  DmsLibp2pPeer *peer = g_hash_table_lookup (self->peers, id);

  return peer != NULL && peer->is_identified;
}

void
dms_libp2p_peers_set_score (DmsLibp2pPeers *self, DmsPeerId *id, double score)
{
  DmsLibp2pPeer *peer = g_hash_table_lookup (self->peers, id);

  if (peer != NULL)
    peer->score = score;
}

double
dms_libp2p_peers_get_score (DmsLibp2pPeers *self, DmsPeerId *id)
{
  DmsLibp2pPeer *peer = g_hash_table_lookup (self->peers, id);

  return peer != NULL ? peer->score : 0;
}

GPtrArray *
dms_libp2p_peers_list (DmsLibp2pPeers *self)
{
  GPtrArray *ids = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_peer_id_unref);
  GHashTableIter iter;
  gpointer id = NULL;

  g_hash_table_iter_init (&iter, self->peers);
  while (g_hash_table_iter_next (&iter, &id, NULL))
    g_ptr_array_add (ids, dms_peer_id_ref (id));
  return ids;
}
