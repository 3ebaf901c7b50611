/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-sim-clock.h"
#include "dms-sim-json.h"
#include "dms-sim-run.h"
#include "gossipsub/dms-p2p-gossip-limits.h"

enum
{
  /* After the last one was published. */
  LINGER_S = 6,
  HEARTBEATS = 3,
  N_POINTS = 150,
};

typedef struct
{
  guint64 duplicates;
  guint64 delivered;
} Counts;

static Counts
count (DmsSimRun *self)
{
  Counts counts = { 0 };

  for (guint i = 0; i < self->network->peers->len; i++)
    {
      DmsSimPeer *peer = g_ptr_array_index (self->network->peers, i);

      if (peer->gossip == NULL || !dms_sim_run_is_honest (peer))
        continue;
      counts.duplicates += dms_p2p_gossip_core_get_counts (peer->gossip)->duplicates;
      counts.delivered += dms_p2p_gossip_core_get_counts (peer->gossip)->delivered;
    }
  return counts;
}

/* How many had it by when: of all messages together. */
static JsonArray *
make_curve (DmsSimRun *self, guint from, GArray *times)
{
  JsonArray *points = json_array_new ();
  double n_meant = 0;
  guint j = 0;

  for (guint i = from; i < self->news->len; i++)
    {
      DmsSimNews *news = g_ptr_array_index (self->news, i);

      for (guint k = 0; k < news->n_peers; k++)
        n_meant += news->runs[k] != 0;
    }
  for (guint i = 0; i <= N_POINTS; i++)
    {
      double ms = (double) i * HEARTBEATS * DMS_P2P_GOSSIP_HEARTBEAT_MS / N_POINTS;

      while (j < times->len && g_array_index (times, double, j) <= ms)
        j++;
      dms_sim_json_add_point (points, ms, n_meant > 0 ? j / n_meant : 0);
    }
  return points;
}

static double
get_share_of_sybils_in_meshes (DmsSimRun *self)
{
  guint n_sybils = 0;
  guint n_all = 0;

  for (guint i = 0; i < self->network->peers->len; i++)
    {
      DmsSimPeer *peer = g_ptr_array_index (self->network->peers, i);
      g_autoptr (GPtrArray) mesh = NULL;

      if (peer->gossip == NULL || !dms_sim_run_is_honest (peer))
        continue;
      mesh = dms_p2p_gossip_core_list_mesh (peer->gossip, self->topic);
      for (guint j = 0; j < mesh->len; j++)
        n_sybils +=
            !dms_sim_run_is_honest (dms_sim_network_find (self->network, g_ptr_array_index (mesh, j)));
      n_all += mesh->len;
    }
  return n_all > 0 ? (double) n_sybils / n_all : 0;
}

static JsonObject *
describe (DmsSimRun *self, guint from, Counts before)
{
  JsonObject *result = json_object_new ();
  g_autoptr (GArray) times = g_array_new (FALSE, FALSE, sizeof (double));
  Counts after = count (self);
  double sum = 0;
  double worst = 1;
  double sum_eventually = 0;
  guint n = self->news->len - from;

  for (guint i = from; i < self->news->len; i++)
    {
      DmsSimNews *news = g_ptr_array_index (self->news, i);
      double reach = dms_sim_news_get_reach (
          news, self, HEARTBEATS * DMS_P2P_GOSSIP_HEARTBEAT_MS * G_TIME_SPAN_MILLISECOND);

      sum += reach;
      worst = MIN (worst, reach);
      sum_eventually += dms_sim_news_get_reach (news, self, G_MAXINT32);
      for (guint j = 0; j < news->n_peers; j++)
        {
          double ms = news->took_us[j] / 1000.0;

          if (news->runs[j] != 0 && news->took_us[j] >= 0)
            g_array_append_val (times, ms);
        }
    }
  json_object_set_int_member (result, "messages", n);
  json_object_set_double_member (result, "reached_3_heartbeats", n > 0 ? sum / n : 0);
  json_object_set_double_member (result, "worst_reached_3_heartbeats", worst);
  json_object_set_double_member (result, "reached", n > 0 ? sum_eventually / n : 0);
  /* A message that comes again, for each time that one comes first. */
  json_object_set_double_member (result,
                                 "duplicates",
                                 after.delivered > before.delivered && after.duplicates > before.duplicates
                                     ? (double) (after.duplicates - before.duplicates) /
                                           (double) (after.delivered - before.delivered)
                                     : 0);
  json_object_set_object_member (result, "delay_ms", dms_sim_json_summarize (times));
  if (self->n_sybils > 0)
    json_object_set_double_member (result, "sybils_in_meshes", get_share_of_sybils_in_meshes (self));
  json_object_set_array_member (result, "curve", make_curve (self, from, times));
  return result;
}

JsonObject *
dms_sim_step_gossip (DmsSimRun *self, JsonObject *params, GError **error)
{
  guint n = dms_sim_json_get_count (params, "messages", 20);
  guint size = dms_sim_json_get_count (params, "size", 1024);
  gint64 every_us = (gint64) (dms_sim_json_get_number (params, "every_ms", 200) * 1000);
  guint from = self->news->len;
  Counts before = count (self);
  guint64 n_before = dms_sim_run_count (self, DMS_SIM_GOSSIP);
  JsonObject *result = NULL;

  for (guint i = 0; i < n; i++)
    {
      dms_sim_run_publish (self, dms_sim_run_pick (self), size);
      dms_sim_run_for (self, every_us);
    }
  dms_sim_run_for (self, LINGER_S * G_TIME_SPAN_SECOND);
  result = describe (self, from, before);
  json_object_set_double_member (result,
                                 "rpcs_per_peer_s",
                                 (double) (dms_sim_run_count (self, DMS_SIM_GOSSIP) - n_before) /
                                     self->network->peers->len /
                                     ((double) (n * every_us) / G_USEC_PER_SEC + LINGER_S));
  return result;
}

JsonObject *
dms_sim_step_settle (DmsSimRun *self, JsonObject *params, GError **error)
{
  JsonObject *result = json_object_new ();
  g_autoptr (GArray) links = g_array_new (FALSE, FALSE, sizeof (double));
  g_autoptr (GArray) tables = g_array_new (FALSE, FALSE, sizeof (double));
  g_autoptr (GArray) meshes = g_array_new (FALSE, FALSE, sizeof (double));
  g_autoptr (GPtrArray) peers = NULL;

  dms_sim_run_for (self, (gint64) (dms_sim_json_get_number (params, "for_s", 60) * G_USEC_PER_SEC));
  peers = dms_sim_run_list_honest (self);
  for (guint i = 0; i < peers->len; i++)
    {
      DmsSimPeer *peer = g_ptr_array_index (peers, i);
      g_autoptr (GPtrArray) mesh = dms_p2p_gossip_core_list_mesh (peer->gossip, self->topic);
      double n_links = g_hash_table_size (peer->links);
      double n_table = dms_p2p_kad_table_get_size (dms_p2p_kad_core_get_table (peer->kad));
      double n_mesh = mesh->len;

      g_array_append_val (links, n_links);
      g_array_append_val (tables, n_table);
      g_array_append_val (meshes, n_mesh);
    }
  json_object_set_object_member (result, "connections", dms_sim_json_summarize (links));
  json_object_set_object_member (result, "routing_table", dms_sim_json_summarize (tables));
  json_object_set_object_member (result, "mesh", dms_sim_json_summarize (meshes));
  return result;
}
