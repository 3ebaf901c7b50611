/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "gossipsub/dms-p2p-gossip-core-private.h"

void
dms_p2p_gossip_topic_free (gpointer data)
{
  DmsP2pGossipTopic *topic = data;

  g_ptr_array_unref (topic->peers);
  g_ptr_array_unref (topic->mesh);
  g_ptr_array_unref (topic->fanout);
  g_hash_table_unref (topic->back_offs);
  g_free (topic->name);
  g_free (topic);
}

DmsP2pGossipTopic *
dms_p2p_gossip_core_ensure_topic (DmsP2pGossipCore *self, const char *name)
{
  DmsP2pGossipTopic *topic = g_hash_table_lookup (self->topics, name);

  if (topic != NULL)
    return topic;
  topic = g_new0 (DmsP2pGossipTopic, 1);
  topic->name = g_strdup (name);
  topic->peers = g_ptr_array_new ();
  topic->mesh = g_ptr_array_new ();
  topic->fanout = g_ptr_array_new ();
  topic->back_offs = g_hash_table_new_full ((GHashFunc) dms_peer_id_hash,
                                            (GEqualFunc) dms_peer_id_equal,
                                            (GDestroyNotify) dms_peer_id_unref,
                                            g_free);
  g_hash_table_insert (self->topics, topic->name, topic);
  return topic;
}

void
dms_p2p_gossip_core_release_topic (DmsP2pGossipCore *self, DmsP2pGossipTopic *topic)
{
  if (!topic->is_joined && topic->peers->len == 0 && topic->fanout_until_us == 0 &&
      g_hash_table_size (topic->back_offs) == 0)
    g_hash_table_remove (self->topics, topic->name);
}

/* Subscriptions of peers */

void
dms_p2p_gossip_core_subscribe_peer (DmsP2pGossipCore *self, DmsP2pGossipPeer *peer, const char *name)
{
  DmsP2pGossipTopic *topic = NULL;

  if (g_hash_table_contains (peer->topics, name) ||
      g_hash_table_size (peer->topics) >= DMS_P2P_GOSSIP_MAX_TOPICS_PER_PEER)
    return;
  topic = dms_p2p_gossip_core_ensure_topic (self, name);
  g_ptr_array_add (topic->peers, peer);
  g_hash_table_insert (peer->topics, topic->name, topic);
}

gboolean
dms_p2p_gossip_core_leave_mesh (DmsP2pGossipCore *self, DmsP2pGossipTopic *topic, DmsP2pGossipPeer *peer)
{
  if (!g_ptr_array_remove (topic->mesh, peer))
    return FALSE;
  dms_p2p_gossip_score_prune (self->score, peer->id, topic->name);
  return TRUE;
}

void
dms_p2p_gossip_core_unsubscribe_peer (DmsP2pGossipCore *self, DmsP2pGossipPeer *peer, const char *name)
{
  DmsP2pGossipTopic *topic = g_hash_table_lookup (peer->topics, name);

  if (topic == NULL)
    return;
  g_hash_table_remove (peer->topics, name);
  g_ptr_array_remove (topic->peers, peer);
  g_ptr_array_remove (topic->fanout, peer);
  dms_p2p_gossip_core_leave_mesh (self, topic, peer);
  dms_p2p_gossip_core_release_topic (self, topic);
}

/* Back-off */

void
dms_p2p_gossip_core_back_off (DmsP2pGossipCore *self,
                              DmsP2pGossipTopic *topic,
                              DmsPeerId *peer,
                              guint64 seconds)
{
  gint64 bounded = (gint64) MIN (seconds, DMS_P2P_GOSSIP_MAX_BACK_OFF_S);
  gint64 until_us = dms_p2p_gossip_core_now (self) + bounded * G_USEC_PER_SEC;
  gint64 *known = g_hash_table_lookup (topic->back_offs, peer);

  if (known != NULL)
    {
      *known = MAX (*known, until_us);
      return;
    }
  if (g_hash_table_size (topic->back_offs) >= DMS_P2P_GOSSIP_MAX_BACK_OFFS)
    return;
  known = g_new (gint64, 1);
  *known = until_us;
  g_hash_table_insert (topic->back_offs, dms_peer_id_ref (peer), known);
}

gint64
dms_p2p_gossip_topic_get_back_off (DmsP2pGossipTopic *topic, DmsPeerId *peer)
{
  gint64 *until_us = g_hash_table_lookup (topic->back_offs, peer);

  return until_us != NULL ? *until_us : 0;
}

/* Grafting and pruning */

void
dms_p2p_gossip_core_graft (DmsP2pGossipCore *self, DmsP2pGossipTopic *topic, DmsP2pGossipPeer *peer)
{
  g_ptr_array_add (topic->mesh, peer);
  dms_p2p_gossip_score_graft (self->score, peer->id, topic->name, dms_p2p_gossip_core_now (self));
  g_ptr_array_add (dms_p2p_gossip_core_get_control (self, peer)->graft, g_strdup (topic->name));
}

/* Others on the topic whom the pruned peer may try; only good ones. */
static void
dms_p2p_gossip_core_add_exchange (DmsP2pGossipCore *self,
                                  DmsP2pGossipPrune *prune,
                                  DmsP2pGossipTopic *topic,
                                  DmsP2pGossipPeer *peer)
{
  g_autoptr (GPtrArray) others =
      dms_p2p_gossip_core_choose (self, topic, NULL, 0, FALSE, DMS_P2P_GOSSIP_PX_PEERS + 1);

  g_ptr_array_remove (others, peer);
  for (guint i = 0; i < MIN (others->len, DMS_P2P_GOSSIP_PX_PEERS); i++)
    {
      DmsP2pGossipPeer *other = g_ptr_array_index (others, i);
      g_autoptr (GBytes) record = self->funcs.dup_record (other->id, self->user_data);

      dms_p2p_gossip_prune_add_peer (prune, other->id, record);
    }
}

void
dms_p2p_gossip_core_add_prune (DmsP2pGossipCore *self,
                               const char *name,
                               DmsP2pGossipPeer *peer,
                               guint back_off_s,
                               gboolean exchange)
{
  DmsP2pGossipTopic *topic = g_hash_table_lookup (self->topics, name);
  DmsP2pGossipPrune *prune =
      dms_p2p_gossip_rpc_add_prune (dms_p2p_gossip_core_get_control (self, peer), name, back_off_s);

  if (peer->version == DMS_P2P_GOSSIP_V1_0)
    prune->has_back_off = FALSE;
  else if (exchange && topic != NULL)
    dms_p2p_gossip_core_add_exchange (self, prune, topic, peer);
}

void
dms_p2p_gossip_core_prune (DmsP2pGossipCore *self,
                           DmsP2pGossipTopic *topic,
                           DmsP2pGossipPeer *peer,
                           gboolean exchange)
{
  if (!dms_p2p_gossip_core_leave_mesh (self, topic, peer))
    return;
  dms_p2p_gossip_core_back_off (self, topic, peer->id, DMS_P2P_GOSSIP_BACK_OFF_S);
  dms_p2p_gossip_core_add_prune (self, topic->name, peer, DMS_P2P_GOSSIP_BACK_OFF_S, exchange);
}

GPtrArray *
dms_p2p_gossip_core_choose (DmsP2pGossipCore *self,
                            DmsP2pGossipTopic *topic,
                            GPtrArray *but,
                            double score,
                            gboolean for_mesh,
                            guint n)
{
  GPtrArray *chosen = g_ptr_array_sized_new (topic->peers->len);

  for (guint i = 0; i < topic->peers->len; i++)
    {
      DmsP2pGossipPeer *peer = g_ptr_array_index (topic->peers, i);

      if ((but == NULL || !g_ptr_array_find (but, peer, NULL)) &&
          (!for_mesh || dms_p2p_gossip_topic_get_back_off (topic, peer->id) == 0) &&
          dms_p2p_gossip_core_score_of (self, peer) >= score)
        g_ptr_array_add (chosen, peer);
    }
  dms_p2p_gossip_core_shuffle (self, chosen);
  if (chosen->len > n)
    g_ptr_array_set_size (chosen, (int) n);
  return chosen;
}

/* Joining and leaving */

static void
dms_p2p_gossip_core_announce (DmsP2pGossipCore *self, const char *topic, gboolean subscribe)
{
  for (guint i = 0; i < self->peer_list->len; i++)
    dms_p2p_gossip_rpc_add_subscription (
        dms_p2p_gossip_core_get_control (self, g_ptr_array_index (self->peer_list, i)), topic, subscribe);
}

/* Whom it was published to before comes first. */
static void
dms_p2p_gossip_core_fill_from_fanout (DmsP2pGossipCore *self, DmsP2pGossipTopic *topic)
{
  for (guint i = 0; i < topic->fanout->len && topic->mesh->len < DMS_P2P_GOSSIP_D; i++)
    {
      DmsP2pGossipPeer *peer = g_ptr_array_index (topic->fanout, i);

      if (dms_p2p_gossip_core_score_of (self, peer) >= 0 &&
          dms_p2p_gossip_topic_get_back_off (topic, peer->id) == 0)
        dms_p2p_gossip_core_graft (self, topic, peer);
    }
  g_ptr_array_set_size (topic->fanout, 0);
  topic->fanout_until_us = 0;
}

gboolean
dms_p2p_gossip_core_join (DmsP2pGossipCore *self, const char *name, GError **error)
{
  DmsP2pGossipTopic *topic = NULL;
  g_autoptr (GPtrArray) chosen = NULL;

  if (!dms_p2p_gossip_is_topic (name))
    {
      g_set_error (error,
                   DMS_ERROR,
                   DMS_ERROR_INVALID_ARGUMENT,
                   "a topic has between 1 and %d bytes of UTF-8",
                   DMS_P2P_GOSSIP_MAX_TOPIC);
      return FALSE;
    }
  if (self->n_joined >= DMS_P2P_GOSSIP_MAX_OWN_TOPICS)
    {
      g_set_error (error,
                   DMS_ERROR,
                   DMS_ERROR_BUSY,
                   "cannot join the topic “%s”: %u are joined already; leave one first",
                   name,
                   self->n_joined);
      return FALSE;
    }
  topic = dms_p2p_gossip_core_ensure_topic (self, name);
  if (topic->is_joined)
    return TRUE;
  topic->is_joined = TRUE;
  self->n_joined++;
  dms_p2p_gossip_core_announce (self, name, TRUE);
  dms_p2p_gossip_core_fill_from_fanout (self, topic);
  chosen = dms_p2p_gossip_core_choose (
      self, topic, topic->mesh, 0, TRUE, DMS_P2P_GOSSIP_D - MIN (topic->mesh->len, DMS_P2P_GOSSIP_D));
  for (guint i = 0; i < chosen->len; i++)
    dms_p2p_gossip_core_graft (self, topic, g_ptr_array_index (chosen, i));
  dms_p2p_gossip_core_flush (self);
  return TRUE;
}

void
dms_p2p_gossip_core_leave (DmsP2pGossipCore *self, const char *name)
{
  DmsP2pGossipTopic *topic = g_hash_table_lookup (self->topics, name);

  if (topic == NULL || !topic->is_joined)
    return;
  topic->is_joined = FALSE;
  self->n_joined--;
  dms_p2p_gossip_core_announce (self, name, FALSE);
  while (topic->mesh->len > 0)
    {
      DmsP2pGossipPeer *peer = g_ptr_array_index (topic->mesh, topic->mesh->len - 1);

      dms_p2p_gossip_core_leave_mesh (self, topic, peer);
      dms_p2p_gossip_core_back_off (self, topic, peer->id, DMS_P2P_GOSSIP_UNSUBSCRIBE_BACK_OFF_S);
      dms_p2p_gossip_core_add_prune (self, name, peer, DMS_P2P_GOSSIP_UNSUBSCRIBE_BACK_OFF_S, TRUE);
    }
  dms_p2p_gossip_core_flush (self);
  dms_p2p_gossip_core_release_topic (self, topic);
}
