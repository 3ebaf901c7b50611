/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <math.h>

#include "dms-sim-clock.h"
#include "dms-sim-json.h"
#include "dms-sim-run.h"
#include "kad/dms-p2p-kad-limits.h"

enum
{
  PATIENCE_S = 120,
  MAX_HOPS = 32,
};

typedef struct
{
  DmsSimRun *run;
  guint n_pending;
  guint n_failed;
  guint n_found_peers;
  guint n_wanted_peers;
  double hop_counts[MAX_HOPS];
  GArray *hops;
  GArray *requests;
  GArray *took_ms;
  GArray *recall;
  GArray *sybils;
} Lookups;

typedef struct
{
  Lookups *lookups;
  DmsSimPeer *peer;
  DmsSimPeer *wanted;
  GBytes *key;
  gint64 began_us;
} Lookup;

static void
lookup_free (Lookup *self)
{
  g_bytes_unref (self->key);
  g_free (self);
}

static gint
compare_distance (gconstpointer a, gconstpointer b, gpointer user_data)
{
  const DmsP2pKadKey *left = (*(DmsSimPeer *const *) a)->tag;
  const DmsP2pKadKey *right = (*(DmsSimPeer *const *) b)->tag;

  return dms_p2p_kad_key_compare (user_data, left, right);
}

/* How many of those that are really closest were found; liars do not count. */
static double
get_recall (DmsSimRun *run, Lookup *lookup, GPtrArray *found)
{
  g_autoptr (GPtrArray) peers = dms_sim_run_list_honest (run);
  g_autofree DmsP2pKadKey *keys = g_new (DmsP2pKadKey, peers->len);
  DmsP2pKadKey target;
  guint n = 0;
  guint n_truth = 0;

  g_ptr_array_remove_fast (peers, lookup->peer);
  dms_p2p_kad_key_init_bytes (&target, lookup->key);
  for (guint i = 0; i < peers->len; i++)
    {
      DmsSimPeer *peer = g_ptr_array_index (peers, i);
      g_autoptr (GBytes) id = dms_peer_id_dup_bytes (peer->id);

      dms_p2p_kad_key_init_bytes (&keys[i], id);
      peer->tag = &keys[i];
    }
  g_ptr_array_sort_with_data (peers, compare_distance, &target);
  n_truth = MIN (peers->len, DMS_P2P_KAD_K);
  for (guint i = 0; i < peers->len; i++)
    ((DmsSimPeer *) g_ptr_array_index (peers, i))->tag = NULL;
  g_ptr_array_set_size (peers, (gint) n_truth);
  for (guint i = 0; i < found->len; i++)
    n += g_ptr_array_find (
        peers,
        dms_sim_network_find (run->network, dms_p2p_kad_peer_get_id (g_ptr_array_index (found, i))),
        NULL);
  return n_truth > 0 ? (double) n / n_truth : 0;
}

static double
get_share_of_sybils (DmsSimRun *run, GPtrArray *found)
{
  guint n = 0;

  for (guint i = 0; i < found->len; i++)
    {
      DmsSimPeer *peer =
          dms_sim_network_find (run->network, dms_p2p_kad_peer_get_id (g_ptr_array_index (found, i)));

      n += peer != NULL && !dms_sim_run_is_honest (peer);
    }
  return found->len > 0 ? (double) n / found->len : 0;
}

static void
on_found (DmsP2pKadCore *core, const DmsP2pKadResult *result, gpointer user_data)
{
  Lookup *lookup = user_data;
  Lookups *self = lookup->lookups;
  double hops = result->hops;
  double requests = result->n_requests;
  double ms = (double) (dms_sim_clock_get_us () - lookup->began_us) / 1000;

  self->n_pending--;
  if (lookup->wanted != NULL)
    {
      self->n_found_peers += result->error == NULL;
      lookup_free (lookup);
      return;
    }
  if (result->error != NULL)
    self->n_failed++;
  else
    {
      double recall = get_recall (self->run, lookup, result->peers);
      double sybils = get_share_of_sybils (self->run, result->peers);

      g_array_append_val (self->hops, hops);
      g_array_append_val (self->requests, requests);
      g_array_append_val (self->took_ms, ms);
      g_array_append_val (self->recall, recall);
      g_array_append_val (self->sybils, sybils);
      self->hop_counts[MIN (result->hops, MAX_HOPS - 1)]++;
    }
  lookup_free (lookup);
}

static void
begin (Lookups *self, gboolean is_for_peer)
{
  DmsSimRun *run = self->run;
  Lookup *lookup = g_new0 (Lookup, 1);
  guint8 key[34] = { 0x12, 32 };

  dms_sim_random_fill (&run->random, key + 2, sizeof key - 2);
  lookup->lookups = self;
  lookup->peer = dms_sim_run_pick (run);
  lookup->key = g_bytes_new (key, sizeof key);
  lookup->began_us = dms_sim_clock_get_us ();
  self->n_pending++;
  if (is_for_peer)
    {
      lookup->wanted = dms_sim_run_pick (run);
      self->n_wanted_peers++;
      dms_p2p_kad_core_find_peer (lookup->peer->kad, lookup->wanted->id, on_found, lookup);
    }
  else
    dms_p2p_kad_core_find_closest (lookup->peer->kad, lookup->key, on_found, lookup);
  dms_sim_peer_arm_kad (lookup->peer);
}

static gboolean
is_done (gpointer user_data)
{
  return ((Lookups *) user_data)->n_pending == 0;
}

static double
get_mean (GArray *doubles)
{
  double sum = 0;

  for (guint i = 0; i < doubles->len; i++)
    sum += g_array_index (doubles, double, i);
  return doubles->len > 0 ? sum / doubles->len : 0;
}

static double
get_share_of_sybils_in_tables (DmsSimRun *run)
{
  g_autoptr (GPtrArray) peers = dms_sim_run_list_honest (run);
  guint n = 0;
  guint n_all = 0;

  for (guint i = 0; i < peers->len; i++)
    {
      DmsSimPeer *peer = g_ptr_array_index (peers, i);
      g_autoptr (GPtrArray) table = dms_p2p_kad_table_list (dms_p2p_kad_core_get_table (peer->kad));

      for (guint j = 0; j < table->len; j++)
        n += !dms_sim_run_is_honest (
            dms_sim_network_find (run->network, dms_p2p_kad_peer_get_id (g_ptr_array_index (table, j))));
      n_all += table->len;
    }
  return n_all > 0 ? (double) n / n_all : 0;
}

static JsonObject *
describe (Lookups *self)
{
  JsonObject *result = json_object_new ();
  JsonArray *curve = json_array_new ();
  double limit = log2 (self->run->network->peers->len);

  for (guint i = 0; i < MAX_HOPS; i++)
    if (self->hop_counts[i] > 0)
      dms_sim_json_add_point (curve, i, self->hop_counts[i] / MAX (self->hops->len, 1));
  json_object_set_object_member (result, "hops", dms_sim_json_summarize (self->hops));
  json_object_set_double_member (result, "log2_n", limit);
  json_object_set_double_member (
      result,
      "max_hops_to_log2_n",
      self->hops->len > 0 ? g_array_index (self->hops, double, self->hops->len - 1) / limit : 0);
  json_object_set_double_member (result, "mean_hops_to_log2_n", get_mean (self->hops) / limit);
  json_object_set_object_member (result, "requests", dms_sim_json_summarize (self->requests));
  json_object_set_object_member (result, "took_ms", dms_sim_json_summarize (self->took_ms));
  json_object_set_double_member (result, "recall", get_mean (self->recall));
  json_object_set_double_member (
      result, "succeeded", (double) self->hops->len / MAX (self->hops->len + self->n_failed, 1));
  json_object_set_double_member (
      result,
      "peers_found",
      self->n_wanted_peers > 0 ? (double) self->n_found_peers / self->n_wanted_peers : 0);
  if (self->run->n_sybils > 0)
    {
      json_object_set_double_member (result, "sybils_in_results", get_mean (self->sybils));
      json_object_set_double_member (result, "sybils_in_tables", get_share_of_sybils_in_tables (self->run));
    }
  json_object_set_array_member (result, "curve", curve);
  return result;
}

JsonObject *
dms_sim_step_lookup (DmsSimRun *self, JsonObject *params, GError **error)
{
  guint n = dms_sim_json_get_count (params, "lookups", 100);
  guint n_peers = dms_sim_json_get_count (params, "peers", 0);
  gint64 every_us = (gint64) (dms_sim_json_get_number (params, "every_ms", 100) * 1000);
  Lookups lookups = { .run = self };
  JsonObject *result = NULL;

  lookups.hops = g_array_new (FALSE, FALSE, sizeof (double));
  lookups.requests = g_array_new (FALSE, FALSE, sizeof (double));
  lookups.took_ms = g_array_new (FALSE, FALSE, sizeof (double));
  lookups.recall = g_array_new (FALSE, FALSE, sizeof (double));
  lookups.sybils = g_array_new (FALSE, FALSE, sizeof (double));
  for (guint i = 0; i < n + n_peers; i++)
    {
      begin (&lookups, i >= n);
      dms_sim_run_for (self, every_us);
    }
  if (dms_sim_run_until (self, dms_sim_clock_get_us () + PATIENCE_S * G_TIME_SPAN_SECOND, is_done, &lookups))
    result = describe (&lookups);
  else
    g_set_error (error,
                 DMS_ERROR,
                 DMS_ERROR_TIMED_OUT,
                 "%u lookups did not end within %d s",
                 lookups.n_pending,
                 PATIENCE_S);
  g_array_unref (lookups.hops);
  g_array_unref (lookups.requests);
  g_array_unref (lookups.took_ms);
  g_array_unref (lookups.recall);
  g_array_unref (lookups.sybils);
  return result;
}
