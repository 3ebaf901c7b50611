/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "gossipsub/dms-p2p-gossip-core-private.h"

/* What peers say they have */

static void
dms_p2p_gossip_core_collect_unseen (DmsP2pGossipCore *self, DmsP2pGossipHave *have, GHashTable *unseen)
{
  DmsP2pGossipTopic *topic = g_hash_table_lookup (self->topics, have->topic);

  if (topic == NULL || !topic->is_joined)
    return;
  for (guint i = 0; i < MIN (have->ids->len, DMS_P2P_GOSSIP_MAX_IHAVE_IDS); i++)
    {
      GBytes *id = g_ptr_array_index (have->ids, i);

      if (dms_p2p_gossip_seen_lookup (self->seen, id) == NULL)
        g_hash_table_add (unseen, id);
    }
}

static void
dms_p2p_gossip_core_ask (DmsP2pGossipCore *self, DmsP2pGossipPeer *peer, GHashTable *unseen)
{
  g_autoptr (GPtrArray) ids = dms_p2p_gossip_list_keys (unseen);
  guint n = MIN (ids->len, DMS_P2P_GOSSIP_MAX_IHAVE_IDS - peer->n_asked);
  DmsP2pGossipRpc *rpc = NULL;

  if (n == 0)
    return;
  dms_p2p_gossip_core_shuffle (self, ids);
  rpc = dms_p2p_gossip_core_get_gossip (self, peer);
  for (guint i = 0; i < n; i++)
    g_ptr_array_add (rpc->iwant, g_bytes_ref (g_ptr_array_index (ids, i)));
  peer->n_asked += n;
  self->counts.iwant_sent += n;
  /* One of them, any, has to come: the peer cannot know which. */
  dms_p2p_gossip_promises_add (self->promises,
                               peer->id,
                               g_ptr_array_index (ids, dms_p2p_gossip_core_random (self, n)),
                               dms_p2p_gossip_core_now (self) +
                                   DMS_P2P_GOSSIP_IWANT_FOLLOW_UP_S * (gint64) G_USEC_PER_SEC);
}

static void
dms_p2p_gossip_core_handle_ihave (DmsP2pGossipCore *self, DmsP2pGossipPeer *peer, GPtrArray *haves)
{
  g_autoptr (GHashTable) unseen = NULL;

  if (haves->len == 0 || ++peer->n_ihave > DMS_P2P_GOSSIP_MAX_IHAVE_MESSAGES ||
      peer->n_asked >= DMS_P2P_GOSSIP_MAX_IHAVE_IDS)
    return;
  unseen = g_hash_table_new (g_bytes_hash, g_bytes_equal);
  for (guint i = 0; i < haves->len; i++)
    dms_p2p_gossip_core_collect_unseen (self, g_ptr_array_index (haves, i), unseen);
  dms_p2p_gossip_core_ask (self, peer, unseen);
}

static void
dms_p2p_gossip_core_handle_iwant (DmsP2pGossipCore *self, DmsP2pGossipPeer *peer, GPtrArray *ids)
{
  for (guint i = 0; i < ids->len && peer->n_wanted < DMS_P2P_GOSSIP_MAX_IDS; i++)
    {
      GBytes *id = g_ptr_array_index (ids, i);
      DmsP2pGossipMessage *message = NULL;
      g_autoptr (GBytes) rpc = NULL;

      peer->n_wanted++;
      message = dms_p2p_gossip_cache_take (self->cache, id, peer->id, DMS_P2P_GOSSIP_MAX_RETRANSMISSIONS);
      if (message == NULL || g_hash_table_contains (peer->unwanted, id))
        continue;
      rpc = dms_p2p_gossip_rpc_encode_message (message);
      self->counts.iwant_answered++;
      self->funcs.send (peer->id, rpc, DMS_P2P_GOSSIP_MESSAGE, self->user_data);
    }
}

static void
dms_p2p_gossip_core_handle_idontwant (DmsP2pGossipCore *self, DmsP2pGossipPeer *peer, GPtrArray *ids)
{
  if (ids->len == 0 || ++peer->n_idontwant > DMS_P2P_GOSSIP_MAX_IDONTWANT_MESSAGES)
    return;
  for (guint i = 0; i < ids->len; i++)
    {
      if (g_hash_table_size (peer->unwanted) >= DMS_P2P_GOSSIP_MAX_UNWANTED)
        return;
      g_hash_table_replace (peer->unwanted,
                            g_bytes_ref (g_ptr_array_index (ids, i)),
                            GSIZE_TO_POINTER (self->n_heartbeats + DMS_P2P_GOSSIP_IDONTWANT_HEARTBEATS));
    }
}

/* Grafting */

static void
dms_p2p_gossip_core_refuse_graft (DmsP2pGossipCore *self, DmsP2pGossipTopic *topic, DmsP2pGossipPeer *peer)
{
  dms_p2p_gossip_core_back_off (self, topic, peer->id, DMS_P2P_GOSSIP_BACK_OFF_S);
  dms_p2p_gossip_core_add_prune (self, topic->name, peer, DMS_P2P_GOSSIP_BACK_OFF_S, FALSE);
}

/* A peer that was told to stay away and does not is punished, the more the sooner it comes. */
static gboolean
dms_p2p_gossip_core_punish_early_graft (DmsP2pGossipCore *self,
                                        DmsP2pGossipTopic *topic,
                                        DmsP2pGossipPeer *peer)
{
  gint64 now_us = dms_p2p_gossip_core_now (self);
  gint64 until_us = dms_p2p_gossip_topic_get_back_off (topic, peer->id);
  gint64 flood_us =
      until_us - (DMS_P2P_GOSSIP_BACK_OFF_S - DMS_P2P_GOSSIP_GRAFT_FLOOD_S) * (gint64) G_USEC_PER_SEC;

  if (now_us >= until_us)
    return FALSE;
  dms_p2p_gossip_score_penalize (self->score, peer->id, now_us < flood_us ? 2 : 1);
  return TRUE;
}

static void
dms_p2p_gossip_core_handle_graft (DmsP2pGossipCore *self, DmsP2pGossipPeer *peer, const char *name)
{
  DmsP2pGossipTopic *topic = g_hash_table_lookup (self->topics, name);

  /* Whoever grafts topics that are not here gets no answer: it would only cost us. */
  if (topic == NULL || !topic->is_joined || g_ptr_array_find (topic->mesh, peer, NULL))
    return;
  if (!g_hash_table_contains (peer->topics, name) ||
      dms_p2p_gossip_core_punish_early_graft (self, topic, peer) ||
      dms_p2p_gossip_core_score_of (self, peer) < 0)
    {
      dms_p2p_gossip_core_refuse_graft (self, topic, peer);
      return;
    }
  /* Those we dialled are let in: whoever wants to surround us cannot make us dial. */
  if (topic->mesh->len >= DMS_P2P_GOSSIP_D_HIGH && !peer->is_outbound)
    {
      dms_p2p_gossip_core_back_off (self, topic, peer->id, DMS_P2P_GOSSIP_BACK_OFF_S);
      dms_p2p_gossip_core_add_prune (self, name, peer, DMS_P2P_GOSSIP_BACK_OFF_S, TRUE);
      return;
    }
  g_ptr_array_add (topic->mesh, peer);
  dms_p2p_gossip_score_graft (self->score, peer->id, name, dms_p2p_gossip_core_now (self));
}

static void
dms_p2p_gossip_core_connect_exchanged (DmsP2pGossipCore *self, DmsP2pGossipPrune *prune)
{
  dms_p2p_gossip_core_shuffle (self, prune->peers);
  for (guint i = 0; i < prune->peers->len; i++)
    {
      DmsP2pGossipPxPeer *px = g_ptr_array_index (prune->peers, i);

      if (!dms_p2p_gossip_core_has_peer (self, px->peer) && !dms_peer_id_equal (px->peer, self->self_id))
        self->funcs.connect (px->peer, px->record, self->user_data);
    }
}

static void
dms_p2p_gossip_core_handle_prune (DmsP2pGossipCore *self, DmsP2pGossipPeer *peer, DmsP2pGossipPrune *prune)
{
  DmsP2pGossipTopic *topic = g_hash_table_lookup (self->topics, prune->topic);
  const DmsP2pGossipScoreParams *params = dms_p2p_gossip_score_get_params (self->score);
  double score = dms_p2p_gossip_core_score_of (self, peer);

  if (topic == NULL || !topic->is_joined)
    return;
  dms_p2p_gossip_core_leave_mesh (self, topic, peer);
  dms_p2p_gossip_core_back_off (self,
                                topic,
                                peer->id,
                                prune->has_back_off && prune->back_off_s > 0 ? prune->back_off_s
                                                                             : DMS_P2P_GOSSIP_BACK_OFF_S);
  if (score >= params->px_threshold && topic->mesh->len < DMS_P2P_GOSSIP_D_HIGH)
    dms_p2p_gossip_core_connect_exchanged (self, prune);
}

void
dms_p2p_gossip_core_handle_control (DmsP2pGossipCore *self, DmsP2pGossipPeer *peer, DmsP2pGossipRpc *rpc)
{
  const DmsP2pGossipScoreParams *params = dms_p2p_gossip_score_get_params (self->score);

  if (dms_p2p_gossip_core_score_of (self, peer) >= params->gossip_threshold)
    {
      dms_p2p_gossip_core_handle_ihave (self, peer, rpc->ihave);
      dms_p2p_gossip_core_handle_iwant (self, peer, rpc->iwant);
    }
  dms_p2p_gossip_core_handle_idontwant (self, peer, rpc->idontwant);
  for (guint i = 0; i < rpc->graft->len; i++)
    dms_p2p_gossip_core_handle_graft (self, peer, g_ptr_array_index (rpc->graft, i));
  for (guint i = 0; i < rpc->prune->len; i++)
    dms_p2p_gossip_core_handle_prune (self, peer, g_ptr_array_index (rpc->prune, i));
}
