/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "gossipsub/dms-p2p-gossip-core-private.h"

/* A peer and its score, to sort by. */
typedef struct
{
  DmsP2pGossipPeer *peer;
  double score;
} DmsP2pGossipRanked;

static int
dms_p2p_gossip_ranked_compare (gconstpointer a, gconstpointer b)
{
  double first = ((const DmsP2pGossipRanked *) a)->score;
  double second = ((const DmsP2pGossipRanked *) b)->score;

  return (second > first) - (second < first);
}

/* The best first; those that are alike in any order. */
static GArray *
dms_p2p_gossip_core_rank (DmsP2pGossipCore *self, GPtrArray *peers)
{
  GArray *ranked = g_array_new (FALSE, FALSE, sizeof (DmsP2pGossipRanked));
  g_autoptr (GPtrArray) shuffled = g_ptr_array_copy (peers, NULL, NULL);

  dms_p2p_gossip_core_shuffle (self, shuffled);
  for (guint i = 0; i < shuffled->len; i++)
    {
      DmsP2pGossipPeer *peer = g_ptr_array_index (shuffled, i);
      DmsP2pGossipRanked one = { peer, dms_p2p_gossip_core_score_of (self, peer) };

      g_array_append_val (ranked, one);
    }
  g_array_sort (ranked, dms_p2p_gossip_ranked_compare);
  return ranked;
}

static guint
dms_p2p_gossip_count_outbound (GPtrArray *peers)
{
  guint n = 0;

  for (guint i = 0; i < peers->len; i++)
    n += ((DmsP2pGossipPeer *) g_ptr_array_index (peers, i))->is_outbound ? 1 : 0;
  return n;
}

static void
dms_p2p_gossip_core_drop_bad (DmsP2pGossipCore *self, DmsP2pGossipTopic *topic)
{
  for (guint i = topic->mesh->len; i > 0; i--)
    {
      DmsP2pGossipPeer *peer = g_ptr_array_index (topic->mesh, i - 1);

      if (dms_p2p_gossip_core_score_of (self, peer) < 0)
        dms_p2p_gossip_core_prune (self, topic, peer, FALSE);
    }
}

static void
dms_p2p_gossip_core_graft_any (DmsP2pGossipCore *self, DmsP2pGossipTopic *topic, guint n)
{
  g_autoptr (GPtrArray) chosen = dms_p2p_gossip_core_choose (self, topic, topic->mesh, 0, TRUE, n);

  for (guint i = 0; i < chosen->len; i++)
    dms_p2p_gossip_core_graft (self, topic, g_ptr_array_index (chosen, i));
}

/* Which of the ranked stay: the best, then any, with enough among them that we dialled. */
static GPtrArray *
dms_p2p_gossip_core_choose_kept (DmsP2pGossipCore *self, GArray *ranked)
{
  GPtrArray *rest = g_ptr_array_new ();
  GPtrArray *kept = g_ptr_array_new ();
  guint missing = 0;

  for (guint i = 0; i < ranked->len; i++)
    g_ptr_array_add (i < DMS_P2P_GOSSIP_D_SCORE ? kept : rest,
                     g_array_index (ranked, DmsP2pGossipRanked, i).peer);
  dms_p2p_gossip_core_shuffle (self, rest);
  missing = DMS_P2P_GOSSIP_D_OUT - MIN (dms_p2p_gossip_count_outbound (kept), DMS_P2P_GOSSIP_D_OUT);
  for (guint i = 0; i < rest->len && missing > 0; i++)
    {
      DmsP2pGossipPeer *peer = g_ptr_array_index (rest, i);

      if (!peer->is_outbound)
        continue;
      g_ptr_array_add (kept, peer);
      missing--;
    }
  for (guint i = 0; i < rest->len && kept->len < DMS_P2P_GOSSIP_D; i++)
    {
      if (!g_ptr_array_find (kept, g_ptr_array_index (rest, i), NULL))
        g_ptr_array_add (kept, g_ptr_array_index (rest, i));
    }
  g_ptr_array_unref (rest);
  return kept;
}

static void
dms_p2p_gossip_core_shrink (DmsP2pGossipCore *self, DmsP2pGossipTopic *topic)
{
  g_autoptr (GArray) ranked = dms_p2p_gossip_core_rank (self, topic->mesh);
  g_autoptr (GPtrArray) kept = dms_p2p_gossip_core_choose_kept (self, ranked);

  for (guint i = 0; i < ranked->len; i++)
    {
      DmsP2pGossipPeer *peer = g_array_index (ranked, DmsP2pGossipRanked, i).peer;

      if (!g_ptr_array_find (kept, peer, NULL))
        dms_p2p_gossip_core_prune (self, topic, peer, TRUE);
    }
}

static void
dms_p2p_gossip_core_graft_outbound (DmsP2pGossipCore *self, DmsP2pGossipTopic *topic)
{
  guint n = dms_p2p_gossip_count_outbound (topic->mesh);
  g_autoptr (GPtrArray) candidates = NULL;

  if (n >= DMS_P2P_GOSSIP_D_OUT)
    return;
  candidates = dms_p2p_gossip_core_choose (self, topic, topic->mesh, 0, TRUE, G_MAXUINT);
  for (guint i = 0; i < candidates->len && n < DMS_P2P_GOSSIP_D_OUT; i++)
    {
      DmsP2pGossipPeer *peer = g_ptr_array_index (candidates, i);

      if (!peer->is_outbound)
        continue;
      dms_p2p_gossip_core_graft (self, topic, peer);
      n++;
    }
}

/* A mesh of peers that are all bad looks good to itself: better ones are let in now and then. */
static void
dms_p2p_gossip_core_graft_better (DmsP2pGossipCore *self, DmsP2pGossipTopic *topic)
{
  const DmsP2pGossipScoreParams *params = dms_p2p_gossip_score_get_params (self->score);
  g_autoptr (GArray) ranked = NULL;
  g_autoptr (GPtrArray) candidates = NULL;
  double median = 0;
  guint n = 0;

  if (self->n_heartbeats % DMS_P2P_GOSSIP_OPPORTUNISTIC_HEARTBEATS != 0 || topic->mesh->len < 2)
    return;
  ranked = dms_p2p_gossip_core_rank (self, topic->mesh);
  median = g_array_index (ranked, DmsP2pGossipRanked, ranked->len / 2).score;
  if (median >= params->opportunistic_threshold)
    return;
  candidates = dms_p2p_gossip_core_choose (self, topic, topic->mesh, median, TRUE, G_MAXUINT);
  for (guint i = 0; i < candidates->len && n < DMS_P2P_GOSSIP_OPPORTUNISTIC_PEERS; i++)
    {
      DmsP2pGossipPeer *peer = g_ptr_array_index (candidates, i);

      if (dms_p2p_gossip_core_score_of (self, peer) <= median)
        continue;
      dms_p2p_gossip_core_graft (self, topic, peer);
      n++;
    }
}

static void
dms_p2p_gossip_core_keep_mesh (DmsP2pGossipCore *self, DmsP2pGossipTopic *topic)
{
  dms_p2p_gossip_core_drop_bad (self, topic);
  if (topic->mesh->len < DMS_P2P_GOSSIP_D_LOW)
    dms_p2p_gossip_core_graft_any (self, topic, DMS_P2P_GOSSIP_D - topic->mesh->len);
  if (topic->mesh->len > DMS_P2P_GOSSIP_D_HIGH)
    dms_p2p_gossip_core_shrink (self, topic);
  if (topic->mesh->len >= DMS_P2P_GOSSIP_D_LOW)
    dms_p2p_gossip_core_graft_outbound (self, topic);
  dms_p2p_gossip_core_graft_better (self, topic);
}

static void
dms_p2p_gossip_core_keep_fanout (DmsP2pGossipCore *self, DmsP2pGossipTopic *topic)
{
  const DmsP2pGossipScoreParams *params = dms_p2p_gossip_score_get_params (self->score);
  g_autoptr (GPtrArray) chosen = NULL;

  if (topic->fanout_until_us == 0)
    return;
  if (topic->fanout_until_us <= dms_p2p_gossip_core_now (self))
    {
      topic->fanout_until_us = 0;
      g_ptr_array_set_size (topic->fanout, 0);
      return;
    }
  for (guint i = topic->fanout->len; i > 0; i--)
    {
      DmsP2pGossipPeer *peer = g_ptr_array_index (topic->fanout, i - 1);

      if (dms_p2p_gossip_core_score_of (self, peer) < params->publish_threshold)
        g_ptr_array_remove_index (topic->fanout, i - 1);
    }
  if (topic->fanout->len >= DMS_P2P_GOSSIP_D)
    return;
  chosen = dms_p2p_gossip_core_choose (
      self, topic, topic->fanout, params->publish_threshold, FALSE, DMS_P2P_GOSSIP_D - topic->fanout->len);
  for (guint i = 0; i < chosen->len; i++)
    g_ptr_array_add (topic->fanout, g_ptr_array_index (chosen, i));
}

/* Tells some who do not get the messages of a topic from us which there were. */
static void
dms_p2p_gossip_core_emit_gossip (DmsP2pGossipCore *self, DmsP2pGossipTopic *topic)
{
  const DmsP2pGossipScoreParams *params = dms_p2p_gossip_score_get_params (self->score);
  g_autoptr (GPtrArray) ids = dms_p2p_gossip_cache_list (self->cache, topic->name);
  g_autoptr (GPtrArray) chosen = NULL;
  guint n = 0;

  if (ids->len == 0)
    return;
  chosen = dms_p2p_gossip_core_choose (self,
                                       topic,
                                       topic->is_joined ? topic->mesh : topic->fanout,
                                       params->gossip_threshold,
                                       FALSE,
                                       G_MAXUINT);
  /* A quarter of them when they are many (gossipsub v1.1, "Adaptive Gossip Dissemination"). */
  n = MIN (MAX (DMS_P2P_GOSSIP_D_LAZY, chosen->len / 4), chosen->len);
  for (guint i = 0; i < n; i++)
    {
      DmsP2pGossipRpc *rpc = dms_p2p_gossip_core_get_gossip (self, g_ptr_array_index (chosen, i));
      /* Of all topics together no more than one RPC may hold. */
      guint max = MIN (DMS_P2P_GOSSIP_MAX_IHAVE_IDS, DMS_P2P_GOSSIP_MAX_IDS - rpc->n_ids);
      GPtrArray *told = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);

      /* Each peer is told others when there are too many for one. */
      if (ids->len > max)
        dms_p2p_gossip_core_shuffle (self, ids);
      for (guint j = 0; j < MIN (ids->len, max); j++)
        g_ptr_array_add (told, g_bytes_ref (g_ptr_array_index (ids, j)));
      rpc->n_ids += told->len;
      dms_p2p_gossip_rpc_add_ihave (rpc, topic->name, told);
    }
}

static void
dms_p2p_gossip_topic_expire_back_offs (DmsP2pGossipTopic *topic, gint64 now_us)
{
  GHashTableIter iter;
  gpointer until_us = NULL;

  g_hash_table_iter_init (&iter, topic->back_offs);
  while (g_hash_table_iter_next (&iter, NULL, &until_us))
    {
      if (*(gint64 *) until_us + DMS_P2P_GOSSIP_BACK_OFF_SLACK_S * (gint64) G_USEC_PER_SEC <= now_us)
        g_hash_table_iter_remove (&iter);
    }
}

static void
dms_p2p_gossip_core_renew_peer (DmsP2pGossipCore *self, DmsP2pGossipPeer *peer)
{
  GHashTableIter iter;
  gpointer until = NULL;

  peer->n_ihave = 0;
  peer->n_asked = 0;
  peer->n_wanted = 0;
  peer->n_idontwant = 0;
  peer->n_subscriptions = 0;
  g_hash_table_iter_init (&iter, peer->unwanted);
  while (g_hash_table_iter_next (&iter, NULL, &until))
    {
      if (GPOINTER_TO_SIZE (until) <= self->n_heartbeats)
        g_hash_table_iter_remove (&iter);
    }
}

static void
dms_p2p_gossip_core_on_broken (DmsPeerId *peer, guint n, gpointer user_data)
{
  DmsP2pGossipCore *self = user_data;

  dms_p2p_gossip_score_penalize (self->score, peer, n);
}

void
dms_p2p_gossip_core_heartbeat (DmsP2pGossipCore *self)
{
  gint64 now_us = dms_p2p_gossip_core_now (self);
  g_autoptr (GPtrArray) topics = NULL;

  self->n_heartbeats++;
  /* Whoever is told may join and leave topics. */
  dms_p2p_gossip_core_expire_cases (self);
  topics = dms_p2p_gossip_list_values (self->topics);
  dms_p2p_gossip_promises_collect (self->promises, now_us, dms_p2p_gossip_core_on_broken, self);
  dms_p2p_gossip_score_refresh (self->score, now_us);
  dms_p2p_gossip_seen_expire (self->seen, now_us);
  for (guint i = 0; i < self->peer_list->len; i++)
    dms_p2p_gossip_core_renew_peer (self, g_ptr_array_index (self->peer_list, i));
  for (guint i = 0; i < topics->len; i++)
    {
      DmsP2pGossipTopic *topic = g_ptr_array_index (topics, i);

      dms_p2p_gossip_topic_expire_back_offs (topic, now_us);
      if (topic->is_joined)
        dms_p2p_gossip_core_keep_mesh (self, topic);
      else
        dms_p2p_gossip_core_keep_fanout (self, topic);
      dms_p2p_gossip_core_emit_gossip (self, topic);
      dms_p2p_gossip_core_release_topic (self, topic);
    }
  dms_p2p_gossip_core_flush (self);
  dms_p2p_gossip_cache_shift (self->cache);
}
