/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "gossipsub/dms-p2p-gossip-score.h"

enum
{
  /* Of peers that went, ours. */
  DMS_P2P_SCORE_MAX_RETAINED = 4096,
  /* Of one peer, ours: only topics that we joined are counted. */
  DMS_P2P_SCORE_MAX_TOPICS = 1024,
};

/* One peer on one topic. */
typedef struct
{
  gboolean is_in_mesh;
  gboolean is_active;
  gint64 grafted_us;
  gint64 mesh_time_us;
  double first;
  double mesh;
  double failure;
  double invalid;
} DmsP2pTopicTally;

typedef struct
{
  DmsPeerId *id;
  gboolean is_gone;
  gint64 forget_us;
  char *ip;
  /* Topic to DmsP2pTopicTally. */
  GHashTable *topics;
  double behaviour;
  double app;
} DmsP2pPeerTally;

struct _DmsP2pGossipScore
{
  DmsP2pGossipScoreParams params;
  /* DmsPeerId to DmsP2pPeerTally. */
  GHashTable *peers;
  /* IP to how many peers. */
  GHashTable *ips;
  guint n_gone;
  gint64 next_refresh_us;
};

static void
dms_p2p_peer_tally_free (gpointer data)
{
  DmsP2pPeerTally *tally = data;

  g_clear_pointer (&tally->topics, g_hash_table_unref);
  dms_peer_id_unref (tally->id);
  g_free (tally->ip);
  g_free (tally);
}

DmsP2pGossipScore *
dms_p2p_gossip_score_new (const DmsP2pGossipScoreParams *params)
{
  DmsP2pGossipScore *self = g_new0 (DmsP2pGossipScore, 1);

  self->params = *params;
  self->peers = g_hash_table_new_full (
      (GHashFunc) dms_peer_id_hash, (GEqualFunc) dms_peer_id_equal, NULL, dms_p2p_peer_tally_free);
  self->ips = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  return self;
}

void
dms_p2p_gossip_score_free (DmsP2pGossipScore *self)
{
  g_hash_table_unref (self->peers);
  g_hash_table_unref (self->ips);
  g_free (self);
}

const DmsP2pGossipScoreParams *
dms_p2p_gossip_score_get_params (DmsP2pGossipScore *self)
{
  return &self->params;
}

static guint
dms_p2p_gossip_score_count_ip (DmsP2pGossipScore *self, const char *ip)
{
  return ip != NULL ? GPOINTER_TO_UINT (g_hash_table_lookup (self->ips, ip)) : 0;
}

static void
dms_p2p_gossip_score_change_ip (DmsP2pGossipScore *self, const char *ip, int by)
{
  guint n = dms_p2p_gossip_score_count_ip (self, ip) + (guint) by;

  if (ip == NULL)
    return;
  if (n > 0)
    g_hash_table_replace (self->ips, g_strdup (ip), GUINT_TO_POINTER (n));
  else
    g_hash_table_remove (self->ips, ip);
}

static void
dms_p2p_gossip_score_forget (DmsP2pGossipScore *self, DmsP2pPeerTally *tally)
{
  dms_p2p_gossip_score_change_ip (self, tally->ip, -1);
  self->n_gone -= tally->is_gone ? 1 : 0;
  g_hash_table_remove (self->peers, tally->id);
}

void
dms_p2p_gossip_score_add_peer (DmsP2pGossipScore *self, DmsPeerId *peer, const char *ip, gint64 now_us)
{
  DmsP2pPeerTally *tally = g_hash_table_lookup (self->peers, peer);

  if (tally == NULL)
    {
      tally = g_new0 (DmsP2pPeerTally, 1);
      tally->id = dms_peer_id_ref (peer);
      tally->topics = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
      g_hash_table_insert (self->peers, tally->id, tally);
    }
  self->n_gone -= tally->is_gone ? 1 : 0;
  tally->is_gone = FALSE;
  dms_p2p_gossip_score_change_ip (self, tally->ip, -1);
  g_free (tally->ip);
  tally->ip = g_strdup (ip);
  dms_p2p_gossip_score_change_ip (self, tally->ip, 1);
}

/* NULL without making one when the peer is not known. */
static DmsP2pTopicTally *
dms_p2p_gossip_score_ensure (DmsP2pGossipScore *self, DmsPeerId *peer, const char *topic)
{
  DmsP2pPeerTally *tally = g_hash_table_lookup (self->peers, peer);
  DmsP2pTopicTally *on_topic = tally != NULL ? g_hash_table_lookup (tally->topics, topic) : NULL;

  if (tally == NULL || on_topic != NULL || g_hash_table_size (tally->topics) >= DMS_P2P_SCORE_MAX_TOPICS)
    return on_topic;
  on_topic = g_new0 (DmsP2pTopicTally, 1);
  g_hash_table_insert (tally->topics, g_strdup (topic), on_topic);
  return on_topic;
}

void
dms_p2p_gossip_score_graft (DmsP2pGossipScore *self, DmsPeerId *peer, const char *topic, gint64 now_us)
{
  DmsP2pTopicTally *on_topic = dms_p2p_gossip_score_ensure (self, peer, topic);

  if (on_topic == NULL)
    return;
  on_topic->is_in_mesh = TRUE;
  on_topic->is_active = FALSE;
  on_topic->grafted_us = now_us;
  on_topic->mesh_time_us = 0;
}

static void
dms_p2p_gossip_score_leave_mesh (DmsP2pGossipScore *self, DmsP2pTopicTally *on_topic)
{
  double lack = self->params.topic.mesh_threshold - on_topic->mesh;

  /* P3b sticks to those who were pruned for delivering too little. */
  if (on_topic->is_in_mesh && on_topic->is_active && lack > 0)
    on_topic->failure += lack * lack;
  on_topic->is_in_mesh = FALSE;
  on_topic->is_active = FALSE;
}

void
dms_p2p_gossip_score_prune (DmsP2pGossipScore *self, DmsPeerId *peer, const char *topic)
{
  DmsP2pTopicTally *on_topic = dms_p2p_gossip_score_ensure (self, peer, topic);

  if (on_topic != NULL)
    dms_p2p_gossip_score_leave_mesh (self, on_topic);
}

void
dms_p2p_gossip_score_first (DmsP2pGossipScore *self, DmsPeerId *peer, const char *topic)
{
  DmsP2pTopicTally *on_topic = dms_p2p_gossip_score_ensure (self, peer, topic);

  if (on_topic == NULL)
    return;
  on_topic->first = MIN (on_topic->first + 1, self->params.topic.first_cap);
  if (on_topic->is_in_mesh)
    on_topic->mesh = MIN (on_topic->mesh + 1, self->params.topic.mesh_cap);
}

void
dms_p2p_gossip_score_duplicate (DmsP2pGossipScore *self, DmsPeerId *peer, const char *topic)
{
  DmsP2pTopicTally *on_topic = dms_p2p_gossip_score_ensure (self, peer, topic);

  if (on_topic != NULL && on_topic->is_in_mesh)
    on_topic->mesh = MIN (on_topic->mesh + 1, self->params.topic.mesh_cap);
}

void
dms_p2p_gossip_score_invalid (DmsP2pGossipScore *self, DmsPeerId *peer, const char *topic)
{
  DmsP2pTopicTally *on_topic = dms_p2p_gossip_score_ensure (self, peer, topic);

  if (on_topic != NULL)
    on_topic->invalid += 1;
}

void
dms_p2p_gossip_score_penalize (DmsP2pGossipScore *self, DmsPeerId *peer, guint n)
{
  DmsP2pPeerTally *tally = g_hash_table_lookup (self->peers, peer);

  if (tally != NULL)
    tally->behaviour += n;
}

void
dms_p2p_gossip_score_set_app (DmsP2pGossipScore *self, DmsPeerId *peer, double value)
{
  DmsP2pPeerTally *tally = g_hash_table_lookup (self->peers, peer);

  if (tally != NULL)
    tally->app = value;
}

static double
dms_p2p_gossip_score_of_topic (const DmsP2pGossipTopicParams *params, const DmsP2pTopicTally *on_topic)
{
  double sum = 0;
  double lack = params->mesh_threshold - on_topic->mesh;

  if (on_topic->is_in_mesh && params->mesh_time_quantum_us > 0)
    sum += params->mesh_time_weight *
           MIN ((double) (on_topic->mesh_time_us / params->mesh_time_quantum_us), params->mesh_time_cap);
  sum += params->first_weight * on_topic->first;
  if (on_topic->is_active && lack > 0)
    sum += params->mesh_weight * lack * lack;
  sum += params->failure_weight * on_topic->failure;
  sum += params->invalid_weight * on_topic->invalid * on_topic->invalid;
  return sum * params->weight;
}

void
dms_p2p_gossip_score_describe (DmsP2pGossipScore *self, DmsPeerId *peer, DmsP2pGossipStanding *standing)
{
  DmsP2pPeerTally *tally = g_hash_table_lookup (self->peers, peer);
  const DmsP2pGossipScoreParams *params = &self->params;
  GHashTableIter iter;
  gpointer value = NULL;
  double topics = 0;
  guint n_ip = 0;

  *standing = (DmsP2pGossipStanding){ 0 };
  if (tally == NULL)
    return;
  g_hash_table_iter_init (&iter, tally->topics);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      topics += dms_p2p_gossip_score_of_topic (&params->topic, value);
      standing->first += ((DmsP2pTopicTally *) value)->first;
      standing->invalid += ((DmsP2pTopicTally *) value)->invalid;
    }
  if (params->topic_cap > 0)
    topics = MIN (topics, params->topic_cap);
  n_ip = dms_p2p_gossip_score_count_ip (self, tally->ip);
  if (n_ip > params->ip_threshold)
    standing->ip = params->ip_weight * (double) (n_ip - params->ip_threshold) * (n_ip - params->ip_threshold);
  standing->app = tally->app * params->app_weight;
  if (tally->behaviour > params->behaviour_threshold)
    standing->behaviour = params->behaviour_weight * (tally->behaviour - params->behaviour_threshold) *
                          (tally->behaviour - params->behaviour_threshold);
  standing->score = topics + standing->app + standing->ip + standing->behaviour;
}

double
dms_p2p_gossip_score_get (DmsP2pGossipScore *self, DmsPeerId *peer)
{
  DmsP2pGossipStanding standing;

  dms_p2p_gossip_score_describe (self, peer, &standing);
  return standing.score;
}

/* A good score ends with the connection; what a peer did wrong is kept for a while. */
void
dms_p2p_gossip_score_remove_peer (DmsP2pGossipScore *self, DmsPeerId *peer, gint64 now_us)
{
  DmsP2pPeerTally *tally = g_hash_table_lookup (self->peers, peer);
  GHashTableIter iter;
  gpointer value = NULL;
  gboolean has_mark = FALSE;

  if (tally == NULL || tally->is_gone)
    return;
  has_mark = tally->behaviour > 0;
  g_hash_table_iter_init (&iter, tally->topics);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      DmsP2pTopicTally *on_topic = value;

      dms_p2p_gossip_score_leave_mesh (self, on_topic);
      on_topic->first = 0;
      on_topic->mesh = 0;
      has_mark |= on_topic->failure > 0 || on_topic->invalid > 0;
    }
  if (!has_mark || self->n_gone >= DMS_P2P_SCORE_MAX_RETAINED)
    {
      dms_p2p_gossip_score_forget (self, tally);
      return;
    }
  tally->app = 0;
  tally->is_gone = TRUE;
  tally->forget_us = now_us + self->params.retain_us;
  self->n_gone++;
}

static double
dms_p2p_gossip_score_fade (DmsP2pGossipScore *self, double value, double decay)
{
  value *= decay;
  return value < self->params.decay_to_zero ? 0 : value;
}

static void
dms_p2p_gossip_score_refresh_topic (DmsP2pGossipScore *self, DmsP2pTopicTally *on_topic, gint64 now_us)
{
  const DmsP2pGossipTopicParams *params = &self->params.topic;

  on_topic->first = dms_p2p_gossip_score_fade (self, on_topic->first, params->first_decay);
  on_topic->mesh = dms_p2p_gossip_score_fade (self, on_topic->mesh, params->mesh_decay);
  on_topic->failure = dms_p2p_gossip_score_fade (self, on_topic->failure, params->failure_decay);
  on_topic->invalid = dms_p2p_gossip_score_fade (self, on_topic->invalid, params->invalid_decay);
  if (!on_topic->is_in_mesh)
    return;
  on_topic->mesh_time_us = now_us - on_topic->grafted_us;
  if (params->mesh_weight != 0 && on_topic->mesh_time_us > params->mesh_activation_us)
    on_topic->is_active = TRUE;
}

static gboolean
dms_p2p_topic_tally_is_blank (const DmsP2pTopicTally *on_topic)
{
  return !on_topic->is_in_mesh && on_topic->first == 0 && on_topic->mesh == 0 && on_topic->failure == 0 &&
         on_topic->invalid == 0;
}

static void
dms_p2p_gossip_score_refresh_peer (DmsP2pGossipScore *self, DmsP2pPeerTally *tally, gint64 now_us)
{
  GHashTableIter iter;
  gpointer value = NULL;

  tally->behaviour = dms_p2p_gossip_score_fade (self, tally->behaviour, self->params.behaviour_decay);
  g_hash_table_iter_init (&iter, tally->topics);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      dms_p2p_gossip_score_refresh_topic (self, value, now_us);
      if (dms_p2p_topic_tally_is_blank (value))
        g_hash_table_iter_remove (&iter);
    }
}

void
dms_p2p_gossip_score_refresh (DmsP2pGossipScore *self, gint64 now_us)
{
  GHashTableIter iter;
  gpointer value = NULL;
  g_autoptr (GPtrArray) forgotten = g_ptr_array_new ();

  if (now_us < self->next_refresh_us)
    return;
  self->next_refresh_us = now_us + self->params.decay_interval_us;
  g_hash_table_iter_init (&iter, self->peers);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      DmsP2pPeerTally *tally = value;

      /* What a peer that went did wrong does not fade. */
      if (!tally->is_gone)
        dms_p2p_gossip_score_refresh_peer (self, tally, now_us);
      else if (now_us >= tally->forget_us)
        g_ptr_array_add (forgotten, tally);
    }
  for (guint i = 0; i < forgotten->len; i++)
    dms_p2p_gossip_score_forget (self, g_ptr_array_index (forgotten, i));
}

guint
dms_p2p_gossip_score_get_n_peers (DmsP2pGossipScore *self)
{
  return g_hash_table_size (self->peers);
}
