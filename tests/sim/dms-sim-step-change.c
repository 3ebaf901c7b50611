/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-sim-clock.h"
#include "dms-sim-json.h"
#include "dms-sim-run.h"
#include "gossipsub/dms-p2p-gossip-limits.h"

/* Steps that change who is there and who reaches whom: join, churn, partition. */

enum
{
  LOOK_EVERY_MS = 250,
  /* What makes one belong: as many neighbours as make a lookup's first step, and a mesh that needs no more.
   */
  MIN_TABLE = 10,
  PROBE_EVERY_S = 2,
  PROBE_SIZE = 256,
};

/* Joining */

typedef struct
{
  DmsSimRun *run;
  DmsSimPeer *peer;
} Arrival;

static void
on_arrival (gpointer data)
{
  const Arrival *arrival = data;

  dms_sim_run_start_peer (arrival->run, arrival->peer);
}

static gboolean
has_joined (DmsSimRun *self, DmsSimPeer *peer)
{
  g_autoptr (GPtrArray) mesh = NULL;

  if (peer->kad == NULL || peer->gossip == NULL ||
      dms_p2p_kad_table_get_size (dms_p2p_kad_core_get_table (peer->kad)) < MIN_TABLE)
    return FALSE;
  mesh = dms_p2p_gossip_core_list_mesh (peer->gossip, self->topic);
  return mesh->len >= DMS_P2P_GOSSIP_D_LOW;
}

JsonObject *
dms_sim_step_join (DmsSimRun *self, JsonObject *params, GError **error)
{
  guint n = dms_sim_json_get_count (params, "nodes", 100);
  double within_us = dms_sim_json_get_number (params, "within_s", 10) * G_USEC_PER_SEC;
  gint64 began_us = dms_sim_clock_get_us ();
  gint64 until_us = began_us + (gint64) (dms_sim_json_get_number (params, "for_s", 60) * G_USEC_PER_SEC);
  g_autoptr (GPtrArray) waiting = g_ptr_array_new ();
  g_autoptr (GArray) took_s = g_array_new (FALSE, FALSE, sizeof (double));
  JsonArray *curve = json_array_new ();
  JsonObject *result = json_object_new ();
  guint n_peak = 0;
  guint64 n_before = dms_sim_run_count (self, DMS_SIM_N_KINDS);

  for (guint i = 0; i < n; i++)
    {
      Arrival *arrival = g_new (Arrival, 1);

      *arrival = (Arrival){ self, dms_sim_run_add_peer (self) };
      g_ptr_array_add (waiting, arrival->peer);
      dms_sim_network_plan (self->network,
                            (gint64) (dms_sim_random_real (&self->random) * within_us),
                            on_arrival,
                            arrival,
                            g_free);
    }
  while (waiting->len > 0 && dms_sim_clock_get_us () < until_us)
    {
      dms_sim_run_for (self, LOOK_EVERY_MS * G_TIME_SPAN_MILLISECOND);
      for (guint i = waiting->len; i > 0; i--)
        {
          DmsSimPeer *peer = g_ptr_array_index (waiting, i - 1);
          double seconds = (double) (dms_sim_clock_get_us () - peer->up_since_us) / G_USEC_PER_SEC;

          if (!has_joined (self, peer))
            continue;
          g_array_append_val (took_s, seconds);
          g_ptr_array_remove_index_fast (waiting, i - 1);
        }
      dms_sim_json_add_point (
          curve, (double) (dms_sim_clock_get_us () - began_us) / G_USEC_PER_SEC, (double) took_s->len / n);
    }
  json_object_set_double_member (result, "joined", (double) took_s->len / n);
  json_object_set_double_member (
      result, "all_after_s", (double) (dms_sim_clock_get_us () - began_us) / G_USEC_PER_SEC);
  json_object_set_double_member (
      result, "messages_per_newcomer", (double) (dms_sim_run_count (self, DMS_SIM_N_KINDS) - n_before) / n);
  json_object_set_object_member (result, "took_s", dms_sim_json_summarize (took_s));
  for (guint i = 0; i < self->network->bootstrap->len; i++)
    n_peak = MAX (n_peak, ((DmsSimPeer *) g_ptr_array_index (self->network->bootstrap, i))->n_peak_links);
  json_object_set_int_member (result, "most_connections_of_a_bootstrap_peer", n_peak);
  json_object_set_array_member (result, "curve", curve);
  return result;
}

/* Churn: each stays for a while and comes back after another, both of an exponential distribution. */

static void plan_leaving (DmsSimRun *self, DmsSimPeer *peer);

static void
on_return (gpointer data)
{
  const Arrival *arrival = data;

  if (arrival->peer->is_up)
    return;
  dms_sim_run_start_peer (arrival->run, arrival->peer);
  arrival->run->n_returned++;
  plan_leaving (arrival->run, arrival->peer);
}

static void
on_leaving (gpointer data)
{
  const Arrival *arrival = data;
  DmsSimRun *self = arrival->run;
  Arrival *back = NULL;

  if (!arrival->peer->is_up)
    return;
  dms_sim_run_stop_peer (self, arrival->peer);
  self->n_left++;
  back = g_new (Arrival, 1);
  *back = *arrival;
  dms_sim_network_plan (self->network,
                        (gint64) dms_sim_random_exponential (&self->random, self->churn_away_us),
                        on_return,
                        back,
                        g_free);
}

static void
plan_leaving (DmsSimRun *self, DmsSimPeer *peer)
{
  Arrival *arrival = g_new (Arrival, 1);

  *arrival = (Arrival){ self, peer };
  dms_sim_network_plan (self->network,
                        (gint64) dms_sim_random_exponential (&self->random, self->churn_mean_us),
                        on_leaving,
                        arrival,
                        g_free);
}

/* Goes on to the end of the scenario; who is dialled first stays. */
JsonObject *
dms_sim_step_churn (DmsSimRun *self, JsonObject *params, GError **error)
{
  double per_hour = dms_sim_json_get_number (params, "per_hour", 0.3);
  guint n_left = self->n_left;
  guint n_returned = self->n_returned;
  JsonObject *result = json_object_new ();

  self->churn_mean_us = 3600.0 * G_USEC_PER_SEC / per_hour;
  self->churn_away_us = dms_sim_json_get_number (params, "away_s", 120) * G_USEC_PER_SEC;
  for (guint i = 0; i < self->network->peers->len; i++)
    {
      DmsSimPeer *peer = g_ptr_array_index (self->network->peers, i);

      if (dms_sim_run_is_honest (peer) && peer->is_up &&
          !g_ptr_array_find (self->network->bootstrap, peer, NULL))
        plan_leaving (self, peer);
    }
  dms_sim_run_for (self, (gint64) (dms_sim_json_get_number (params, "for_s", 600) * G_USEC_PER_SEC));
  json_object_set_int_member (result, "left", self->n_left - n_left);
  json_object_set_int_member (result, "returned", self->n_returned - n_returned);
  return result;
}

/* Partitions */

static guint
side_of (DmsSimPeer *peer, gpointer user_data)
{
  return peer->region == *(const guint *) user_data;
}

static guint
find_region (DmsSimRun *self, const char *name)
{
  for (guint i = 0; i < self->network->n_regions; i++)
    if (g_strcmp0 (self->network->regions[i].name, name) == 0)
      return i;
  return 0;
}

static DmsSimPeer *
pick_from (DmsSimRun *self, guint region, gboolean is_inside)
{
  g_autoptr (GPtrArray) peers = dms_sim_run_list_honest (self);

  dms_sim_random_shuffle (&self->random, peers);
  for (guint i = 0; i < peers->len; i++)
    if ((((DmsSimPeer *) g_ptr_array_index (peers, i))->region == region) == is_inside)
      return g_ptr_array_index (peers, i);
  return dms_sim_run_pick (self);
}

/* A message from either side at once: how many each reaches. */
typedef struct
{
  DmsSimRun *run;
  guint region;
  gint64 began_us;
  JsonArray *inside;
  JsonArray *outside;
  double least;
  double most;
} Probe;

static void
probe (Probe *self)
{
  DmsSimRun *run = self->run;
  double seconds = (double) (dms_sim_clock_get_us () - self->began_us) / G_USEC_PER_SEC;
  DmsSimNews *inside = dms_sim_run_publish (run, pick_from (run, self->region, TRUE), PROBE_SIZE);
  DmsSimNews *outside = dms_sim_run_publish (run, pick_from (run, self->region, FALSE), PROBE_SIZE);
  double from_inside = 0;
  double from_outside = 0;

  dms_sim_run_for (run, PROBE_EVERY_S * G_TIME_SPAN_SECOND);
  from_inside = dms_sim_news_get_reach (inside, run, G_MAXINT32);
  from_outside = dms_sim_news_get_reach (outside, run, G_MAXINT32);
  dms_sim_json_add_point (self->inside, seconds, from_inside);
  dms_sim_json_add_point (self->outside, seconds, from_outside);
  self->least = MIN (from_inside, from_outside);
  self->most = MAX (from_inside, from_outside);
}

JsonObject *
dms_sim_step_partition (DmsSimRun *self, JsonObject *params, GError **error)
{
  guint region = find_region (self, dms_sim_json_get_text (params, "region", NULL));
  gint64 for_us = (gint64) (dms_sim_json_get_number (params, "for_s", 120) * G_USEC_PER_SEC);
  gint64 heal_us = (gint64) (dms_sim_json_get_number (params, "heal_s", 120) * G_USEC_PER_SEC);
  Probe probing = { self, region, dms_sim_clock_get_us (), json_array_new (), json_array_new (), 1, 0 };
  gint64 healed_us = 0;
  double whole_after_s = -1;
  double most = 0;
  JsonObject *result = json_object_new ();

  dms_sim_network_cut (self->network, side_of, &region);
  while (dms_sim_clock_get_us () < probing.began_us + for_us)
    {
      probe (&probing);
      most = MAX (most, probing.most);
    }
  dms_sim_network_heal (self->network);
  healed_us = dms_sim_clock_get_us ();
  while (dms_sim_clock_get_us () < healed_us + heal_us)
    {
      probe (&probing);
      if (probing.least < 0.99)
        whole_after_s = -1;
      else if (whole_after_s < 0)
        whole_after_s = (double) (dms_sim_clock_get_us () - healed_us) / G_USEC_PER_SEC;
    }
  /* What gets through although nothing may. */
  json_object_set_double_member (result, "most_reached_while_cut", most);
  json_object_set_double_member (result, "reached_at_the_end", probing.least);
  json_object_set_boolean_member (result, "healed", whole_after_s >= 0);
  if (whole_after_s >= 0)
    json_object_set_double_member (result, "whole_after_s", whole_after_s);
  json_object_set_array_member (result, "curve", probing.outside);
  json_object_set_array_member (result, "curve_cut_off", probing.inside);
  return result;
}
