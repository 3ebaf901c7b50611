/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "gossipsub/dms-p2p-gossip-core-private.h"

static void
dms_p2p_gossip_peer_free (gpointer data)
{
  DmsP2pGossipPeer *peer = data;

  g_clear_pointer (&peer->control, dms_p2p_gossip_rpc_free);
  g_clear_pointer (&peer->gossip, dms_p2p_gossip_rpc_free);
  g_clear_pointer (&peer->topics, g_hash_table_unref);
  g_clear_pointer (&peer->unwanted, g_hash_table_unref);
  g_queue_clear_full (&peer->inbound, dms_p2p_gossip_inbound_free);
  dms_peer_id_unref (peer->id);
  g_free (peer);
}

DmsP2pGossipCore *
dms_p2p_gossip_core_new (DmsP2pIdentity *identity,
                         guint64 first_number,
                         const DmsP2pGossipScoreParams *params,
                         const DmsP2pGossipFuncs *funcs,
                         gpointer user_data)
{
  DmsP2pGossipCore *self = g_new0 (DmsP2pGossipCore, 1);

  self->identity = dms_p2p_identity_ref (identity);
  self->self_id = dms_peer_id_ref (dms_p2p_identity_get_peer_id (identity));
  self->funcs = *funcs;
  self->user_data = user_data;
  self->next_number = first_number;
  self->next_ticket = 1;
  self->turn_messages = DMS_P2P_GOSSIP_MAX_MESSAGES_PER_TURN;
  self->turn_signatures = DMS_P2P_GOSSIP_MAX_SIGNATURES_PER_TURN;
  self->peers = g_hash_table_new_full (
      (GHashFunc) dms_peer_id_hash, (GEqualFunc) dms_peer_id_equal, NULL, dms_p2p_gossip_peer_free);
  self->peer_list = g_ptr_array_new ();
  self->topics = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, dms_p2p_gossip_topic_free);
  self->dirty = g_ptr_array_new ();
  self->score = dms_p2p_gossip_score_new (params);
  self->seen = dms_p2p_gossip_seen_new (DMS_P2P_GOSSIP_MAX_SEEN);
  self->cache = dms_p2p_gossip_cache_new (
      DMS_P2P_GOSSIP_HISTORY, DMS_P2P_GOSSIP_HISTORY_TOLD, DMS_P2P_GOSSIP_MAX_CACHED_BYTES);
  self->promises = dms_p2p_gossip_promises_new ();
  self->cases = g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL, dms_p2p_gossip_case_free);
  return self;
}

void
dms_p2p_gossip_core_free (DmsP2pGossipCore *self)
{
  dms_p2p_gossip_core_end_cases (self);
  g_hash_table_unref (self->cases);
  g_ptr_array_unref (self->dirty);
  g_queue_clear (&self->waiting);
  g_hash_table_unref (self->topics);
  g_ptr_array_unref (self->peer_list);
  g_hash_table_unref (self->peers);
  dms_p2p_gossip_promises_free (self->promises);
  dms_p2p_gossip_cache_free (self->cache);
  dms_p2p_gossip_seen_free (self->seen);
  dms_p2p_gossip_score_free (self->score);
  dms_peer_id_unref (self->self_id);
  dms_p2p_identity_unref (self->identity);
  g_free (self);
}

gint64
dms_p2p_gossip_core_now (DmsP2pGossipCore *self)
{
  return self->funcs.now_us (self->user_data);
}

guint
dms_p2p_gossip_core_random (DmsP2pGossipCore *self, guint n)
{
  /* The remainder would make the lower ones likelier. */
  return (guint) ((guint64) self->funcs.random (self->user_data) * n >> 32);
}

void
dms_p2p_gossip_core_shuffle (DmsP2pGossipCore *self, GPtrArray *list)
{
  for (guint i = list->len; i > 1; i--)
    {
      guint j = dms_p2p_gossip_core_random (self, i);
      gpointer last = list->pdata[i - 1];

      list->pdata[i - 1] = list->pdata[j];
      list->pdata[j] = last;
    }
}

double
dms_p2p_gossip_core_score_of (DmsP2pGossipCore *self, DmsP2pGossipPeer *peer)
{
  return dms_p2p_gossip_score_get (self->score, peer->id);
}

DmsP2pGossipPeer *
dms_p2p_gossip_core_find_peer (DmsP2pGossipCore *self, DmsPeerId *id)
{
  return g_hash_table_lookup (self->peers, id);
}

static GPtrArray *
dms_p2p_gossip_list (GHashTable *table, gboolean keys)
{
  GPtrArray *list = g_ptr_array_sized_new (g_hash_table_size (table));
  GHashTableIter iter;
  gpointer key = NULL;
  gpointer value = NULL;

  g_hash_table_iter_init (&iter, table);
  while (g_hash_table_iter_next (&iter, &key, &value))
    g_ptr_array_add (list, keys ? key : value);
  return list;
}

GPtrArray *
dms_p2p_gossip_list_keys (GHashTable *table)
{
  return dms_p2p_gossip_list (table, TRUE);
}

GPtrArray *
dms_p2p_gossip_list_values (GHashTable *table)
{
  return dms_p2p_gossip_list (table, FALSE);
}

/* Sending */

static void
dms_p2p_gossip_core_mark_dirty (DmsP2pGossipCore *self, DmsP2pGossipPeer *peer)
{
  if (peer->control == NULL && peer->gossip == NULL)
    g_ptr_array_add (self->dirty, peer);
}

DmsP2pGossipRpc *
dms_p2p_gossip_core_get_control (DmsP2pGossipCore *self, DmsP2pGossipPeer *peer)
{
  dms_p2p_gossip_core_mark_dirty (self, peer);
  if (peer->control == NULL)
    peer->control = dms_p2p_gossip_rpc_new ();
  return peer->control;
}

DmsP2pGossipRpc *
dms_p2p_gossip_core_get_gossip (DmsP2pGossipCore *self, DmsP2pGossipPeer *peer)
{
  dms_p2p_gossip_core_mark_dirty (self, peer);
  if (peer->gossip == NULL)
    peer->gossip = dms_p2p_gossip_rpc_new ();
  return peer->gossip;
}

static void
dms_p2p_gossip_core_send_rpc (DmsP2pGossipCore *self,
                              DmsP2pGossipPeer *peer,
                              DmsP2pGossipRpc *rpc,
                              DmsP2pGossipUrgency urgency)
{
  g_autoptr (GBytes) bytes = NULL;

  if (rpc == NULL)
    return;
  bytes = dms_p2p_gossip_rpc_encode (rpc);
  dms_p2p_gossip_rpc_free (rpc);
  self->funcs.send (peer->id, bytes, urgency, self->user_data);
}

void
dms_p2p_gossip_core_flush (DmsP2pGossipCore *self)
{
  for (guint i = 0; i < self->dirty->len; i++)
    {
      DmsP2pGossipPeer *peer = g_ptr_array_index (self->dirty, i);

      dms_p2p_gossip_core_send_rpc (self, peer, g_steal_pointer (&peer->control), DMS_P2P_GOSSIP_CONTROL);
      dms_p2p_gossip_core_send_rpc (self, peer, g_steal_pointer (&peer->gossip), DMS_P2P_GOSSIP_GOSSIP);
    }
  g_ptr_array_set_size (self->dirty, 0);
}

/* Peers */

/* What a peer is told first: in several RPCs when there is more than one may hold. */
static void
dms_p2p_gossip_core_greet (DmsP2pGossipCore *self, DmsP2pGossipPeer *peer)
{
  GHashTableIter iter;
  gpointer value = NULL;

  g_hash_table_iter_init (&iter, self->topics);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      DmsP2pGossipTopic *topic = value;

      if (!topic->is_joined)
        continue;
      if (peer->control != NULL && peer->control->subscriptions->len >= DMS_P2P_GOSSIP_MAX_SUBSCRIPTIONS)
        dms_p2p_gossip_core_flush (self);
      dms_p2p_gossip_rpc_add_subscription (dms_p2p_gossip_core_get_control (self, peer), topic->name, TRUE);
    }
  dms_p2p_gossip_core_flush (self);
}

void
dms_p2p_gossip_core_add_peer (DmsP2pGossipCore *self,
                              DmsPeerId *id,
                              DmsP2pGossipVersion version,
                              gboolean is_outbound,
                              const char *ip)
{
  DmsP2pGossipPeer *peer = dms_p2p_gossip_core_find_peer (self, id);

  if (peer != NULL || dms_peer_id_equal (id, self->self_id))
    return;
  peer = g_new0 (DmsP2pGossipPeer, 1);
  peer->id = dms_peer_id_ref (id);
  peer->version = version;
  peer->is_outbound = is_outbound;
  peer->topics = g_hash_table_new (g_str_hash, g_str_equal);
  peer->unwanted = g_hash_table_new_full (g_bytes_hash, g_bytes_equal, (GDestroyNotify) g_bytes_unref, NULL);
  g_hash_table_insert (self->peers, peer->id, peer);
  g_ptr_array_add (self->peer_list, peer);
  dms_p2p_gossip_score_add_peer (self->score, id, ip, dms_p2p_gossip_core_now (self));
  dms_p2p_gossip_core_greet (self, peer);
}

void
dms_p2p_gossip_core_greet_again (DmsP2pGossipCore *self, DmsPeerId *id)
{
  DmsP2pGossipPeer *peer = dms_p2p_gossip_core_find_peer (self, id);

  if (peer != NULL)
    dms_p2p_gossip_core_greet (self, peer);
}

void
dms_p2p_gossip_core_remove_peer (DmsP2pGossipCore *self, DmsPeerId *id)
{
  DmsP2pGossipPeer *peer = dms_p2p_gossip_core_find_peer (self, id);
  g_autoptr (GPtrArray) topics = NULL;

  if (peer == NULL)
    return;
  topics = dms_p2p_gossip_list_keys (peer->topics);
  for (guint i = 0; i < topics->len; i++)
    {
      g_autofree char *name = g_strdup (g_ptr_array_index (topics, i));

      dms_p2p_gossip_core_unsubscribe_peer (self, peer, name);
    }
  g_ptr_array_remove (self->dirty, peer);
  g_queue_remove (&self->waiting, peer);
  g_ptr_array_remove (self->peer_list, peer);
  dms_p2p_gossip_promises_remove_peer (self->promises, id);
  dms_p2p_gossip_score_remove_peer (self->score, id, dms_p2p_gossip_core_now (self));
  g_hash_table_remove (self->peers, id);
}

gboolean
dms_p2p_gossip_core_has_peer (DmsP2pGossipCore *self, DmsPeerId *peer)
{
  return g_hash_table_contains (self->peers, peer);
}

void
dms_p2p_gossip_core_set_app_score (DmsP2pGossipCore *self, DmsPeerId *peer, double score)
{
  dms_p2p_gossip_score_set_app (self->score, peer, score);
}

/* Looking */

DmsP2pGossipScore *
dms_p2p_gossip_core_get_score (DmsP2pGossipCore *self)
{
  return self->score;
}

const DmsP2pGossipCounts *
dms_p2p_gossip_core_get_counts (DmsP2pGossipCore *self)
{
  return &self->counts;
}

static GPtrArray *
dms_p2p_gossip_core_dup_ids (GPtrArray *peers)
{
  GPtrArray *ids = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_peer_id_unref);

  for (guint i = 0; peers != NULL && i < peers->len; i++)
    g_ptr_array_add (ids, dms_peer_id_ref (((DmsP2pGossipPeer *) g_ptr_array_index (peers, i))->id));
  return ids;
}

GPtrArray *
dms_p2p_gossip_core_list_topic_peers (DmsP2pGossipCore *self, const char *name)
{
  DmsP2pGossipTopic *topic = g_hash_table_lookup (self->topics, name);

  return dms_p2p_gossip_core_dup_ids (topic != NULL ? topic->peers : NULL);
}

GPtrArray *
dms_p2p_gossip_core_list_mesh (DmsP2pGossipCore *self, const char *name)
{
  DmsP2pGossipTopic *topic = g_hash_table_lookup (self->topics, name);

  return dms_p2p_gossip_core_dup_ids (topic != NULL ? topic->mesh : NULL);
}

guint
dms_p2p_gossip_core_get_n_topics (DmsP2pGossipCore *self)
{
  return g_hash_table_size (self->topics);
}

guint
dms_p2p_gossip_core_get_n_pending (DmsP2pGossipCore *self)
{
  return g_hash_table_size (self->cases);
}
