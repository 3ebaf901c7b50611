/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <string.h>

#include "dms-sim-clock.h"
#include "dms-sim-json.h"
#include "dms-sim-run.h"
#include "wire/dms-p2p-cid.h"

enum
{
  PATIENCE_S = 120,
  /* An ensemble's request in its envelope with tokens, about. */
  REQUEST_SIZE = 4000,
};

typedef struct
{
  DmsSimRun *run;
  GPtrArray *eligible;
  GBytes *multihash;
  guint n_providing;
  guint n_stored;
  /* The search under way. */
  DmsSimPeer *searcher;
  guint n_found;
  guint n_asked;
  gboolean is_found;
  gint64 found_us;
} Discovery;

static gboolean
is_provided (gpointer user_data)
{
  return ((Discovery *) user_data)->n_providing == 0;
}

static void
on_provided (DmsP2pKadCore *core, const DmsP2pKadResult *result, gpointer user_data)
{
  Discovery *self = user_data;

  self->n_providing--;
  self->n_stored += result->n_stored;
}

static gboolean
provide (Discovery *self)
{
  for (guint i = 0; i < self->eligible->len; i++)
    {
      DmsSimPeer *peer = g_ptr_array_index (self->eligible, i);

      self->n_providing++;
      dms_p2p_kad_core_provide (peer->kad, self->multihash, on_provided, self);
      dms_sim_peer_arm_kad (peer);
    }
  return dms_sim_run_until (
      self->run, dms_sim_clock_get_us () + PATIENCE_S * G_TIME_SPAN_SECOND, is_provided, self);
}

static void
on_sent (DmsSimPeer *peer, const GError *error, gpointer user_data)
{
}

/* Each that was found is asked directly. */
static void
on_found (DmsP2pKadCore *core, const DmsP2pKadResult *result, gpointer user_data)
{
  Discovery *self = user_data;
  g_autoptr (GBytes) request = g_bytes_new_take (g_malloc0 (REQUEST_SIZE), REQUEST_SIZE);

  self->is_found = TRUE;
  self->found_us = dms_sim_clock_get_us ();
  for (guint i = 0; i < result->peers->len; i++)
    {
      DmsP2pKadPeer *found = g_ptr_array_index (result->peers, i);
      DmsSimPeer *peer = dms_sim_network_find (self->run->network, dms_p2p_kad_peer_get_id (found));

      if (peer == NULL || peer == self->searcher)
        continue;
      self->n_found += g_ptr_array_find (self->eligible, peer, NULL);
      dms_sim_peer_learn (self->searcher, peer, dms_p2p_kad_peer_get_addresses (found));
      dms_sim_peer_send_message (self->searcher, peer, "request", request, on_sent, NULL);
      self->n_asked++;
    }
}

static gboolean
has_all_bids (gpointer user_data)
{
  Discovery *self = user_data;

  return self->is_found && GPOINTER_TO_UINT (self->searcher->tag) >= self->n_asked;
}

static DmsSimPeer *
pick_searcher (Discovery *self)
{
  DmsSimPeer *peer = NULL;

  do
    peer = dms_sim_run_pick (self->run);
  while (g_ptr_array_find (self->eligible, peer, NULL));
  return peer;
}

typedef struct
{
  GArray *found;
  GArray *found_ms;
  GArray *bids_ms;
  GArray *messages;
  GArray *bids;
} Measured;

static void
search (Discovery *self, Measured *measured)
{
  gint64 began_us = dms_sim_clock_get_us ();
  guint64 before = 0;
  double value = 0;

  self->searcher = pick_searcher (self);
  self->searcher->tag = NULL;
  self->n_found = 0;
  self->n_asked = 0;
  self->is_found = FALSE;
  for (DmsSimKind kind = DMS_SIM_KAD_REQUEST; kind < DMS_SIM_PING; kind++)
    before += kind != DMS_SIM_GOSSIP ? self->searcher->n_received[kind] : 0;
  dms_p2p_kad_core_find_providers (self->searcher->kad, self->multihash, self->eligible->len, on_found, self);
  dms_sim_peer_arm_kad (self->searcher);
  dms_sim_run_until (self->run, began_us + PATIENCE_S * G_TIME_SPAN_SECOND, has_all_bids, self);
  value = (double) self->n_found / self->eligible->len;
  g_array_append_val (measured->found, value);
  value = (double) (self->found_us - began_us) / 1000;
  g_array_append_val (measured->found_ms, value);
  value = (double) (dms_sim_clock_get_us () - began_us) / 1000;
  g_array_append_val (measured->bids_ms, value);
  value = GPOINTER_TO_UINT (self->searcher->tag);
  g_array_append_val (measured->bids, value);
  value = -(double) before;
  for (DmsSimKind kind = DMS_SIM_KAD_REQUEST; kind < DMS_SIM_PING; kind++)
    value += kind != DMS_SIM_GOSSIP ? (double) self->searcher->n_received[kind] : 0;
  /* Each that came answers one that went, or is answered. */
  value *= 2;
  g_array_append_val (measured->messages, value);
  self->searcher->tag = NULL;
}

JsonObject *
dms_sim_step_discovery (DmsSimRun *self, JsonObject *params, GError **error)
{
  static const char name[] = "simulated-executor";
  guint n_searches = dms_sim_json_get_count (params, "searches", 10);
  guint n_eligible = dms_sim_json_get_count (params, "eligible", 50);
  g_autoptr (DmsP2pCid) cid = dms_p2p_cid_new_for_data (name, strlen (name));
  g_autoptr (GPtrArray) peers = dms_sim_run_list_honest (self);
  Discovery discovery = { .run = self, .eligible = peers };
  Measured measured;
  GArray **arrays[] = {
    &measured.found, &measured.found_ms, &measured.bids_ms, &measured.messages, &measured.bids
  };
  static const char *const names[] = { "found_share", "found_ms", "bids_ms", "messages", "bids" };
  JsonObject *result = json_object_new ();

  discovery.multihash = dms_p2p_cid_get_multihash (cid);
  dms_sim_random_shuffle (&self->random, peers);
  g_ptr_array_set_size (peers, (gint) MIN (n_eligible, peers->len / 2));
  for (guint i = 0; i < G_N_ELEMENTS (arrays); i++)
    *arrays[i] = g_array_new (FALSE, FALSE, sizeof (double));
  if (!provide (&discovery))
    g_set_error (error,
                 DMS_ERROR,
                 DMS_ERROR_TIMED_OUT,
                 "%u peers could not say what they provide within %d s",
                 discovery.n_providing,
                 PATIENCE_S);
  for (guint i = 0; (error == NULL || *error == NULL) && i < n_searches; i++)
    search (&discovery, &measured);
  json_object_set_int_member (result, "eligible", peers->len);
  json_object_set_double_member (result, "records_stored", (double) discovery.n_stored / MAX (peers->len, 1));
  for (guint i = 0; i < G_N_ELEMENTS (arrays); i++)
    {
      json_object_set_object_member (result, names[i], dms_sim_json_summarize (*arrays[i]));
      g_array_unref (*arrays[i]);
    }
  return result;
}
