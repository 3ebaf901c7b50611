/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-sim-run.h"

#include <string.h>

#include "dms-sim-clock.h"
#include "dms-sim-json.h"
#include "dms-sim-node.h"

enum
{
  /* Of this machine's time. */
  TELL_EVERY_US = 2 * G_TIME_SPAN_SECOND,
  DEFAULT_DEGREE = 20,
  DEFAULT_BOOTSTRAP = 4,
};

static const struct
{
  const char *name;
  DmsSimStep step;
} steps[] = {
  { "settle", dms_sim_step_settle }, { "gossip", dms_sim_step_gossip },
  { "lookup", dms_sim_step_lookup }, { "discovery", dms_sim_step_discovery },
  { "join", dms_sim_step_join },     { "partition", dms_sim_step_partition },
  { "churn", dms_sim_step_churn },   { "deploy", dms_sim_step_deploy },
};

DmsSimStep
dms_sim_step_find (const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (steps); i++)
    if (strcmp (steps[i].name, name) == 0)
      return steps[i].step;
  return NULL;
}

/* Time */

static void
tell (DmsSimRun *self)
{
  gint64 wall_us = dms_sim_clock_get_wall_us ();

  if (wall_us - self->told_us < TELL_EVERY_US)
    return;
  self->told_us = wall_us;
  g_print ("{\"progress\": \"%s\", \"virtual_s\": %.1f, \"cpu_s\": %.1f, \"peers\": %u, \"events\": "
           "%" G_GUINT64_FORMAT "}\n",
           self->step,
           (double) dms_sim_clock_get_us () / G_USEC_PER_SEC,
           (double) dms_sim_clock_get_cpu_us () / G_USEC_PER_SEC,
           self->network->peers->len,
           dms_sim_agenda_get_n_done (self->network->agenda));
}

gboolean
dms_sim_run_until (DmsSimRun *self, gint64 until_us, DmsSimCondition condition, gpointer user_data)
{
  gboolean holds = condition != NULL && condition (user_data);

  while (!holds && dms_sim_clock_get_us () < until_us)
    {
      gint64 slice_us = MIN (until_us, dms_sim_clock_get_us () + 100 * G_TIME_SPAN_MILLISECOND);

      holds = dms_sim_network_run (self->network, slice_us, condition, user_data);
      tell (self);
    }
  return holds;
}

void
dms_sim_run_for (DmsSimRun *self, gint64 duration_us)
{
  dms_sim_run_until (self, dms_sim_clock_get_us () + duration_us, NULL, NULL);
}

/* Peers */

gboolean
dms_sim_run_is_honest (DmsSimPeer *peer)
{
  return peer->respond == NULL;
}

DmsSimPeer *
dms_sim_run_pick (DmsSimRun *self)
{
  GPtrArray *peers = self->network->peers;
  DmsSimPeer *peer = NULL;

  do
    peer = g_ptr_array_index (peers, dms_sim_random_below (&self->random, peers->len));
  while (!peer->is_up || !dms_sim_run_is_honest (peer));
  return peer;
}

GPtrArray *
dms_sim_run_list_honest (DmsSimRun *self)
{
  GPtrArray *peers = g_ptr_array_new ();

  for (guint i = 0; i < self->network->peers->len; i++)
    {
      DmsSimPeer *peer = g_ptr_array_index (self->network->peers, i);

      if (peer->is_up && dms_sim_run_is_honest (peer))
        g_ptr_array_add (peers, peer);
    }
  return peers;
}

guint64
dms_sim_run_count (DmsSimRun *self, DmsSimKind kind)
{
  guint64 sum = 0;

  if (kind < DMS_SIM_N_KINDS)
    return self->network->traffic[kind].delivered;
  for (guint i = 0; i < DMS_SIM_N_KINDS; i++)
    sum += self->network->traffic[i].delivered;
  return sum;
}

static gboolean
has_nodes (DmsSimRun *self)
{
  return strcmp (dms_sim_json_get_text (self->scenario, "level", "network"), "nodes") == 0;
}

DmsSimPeer *
dms_sim_run_add_peer (DmsSimRun *self)
{
  DmsSimPeer *peer = dms_sim_peer_new (self->network, NULL);

  if (has_nodes (self))
    {
      g_ptr_array_add (self->nodes, dms_sim_node_new (peer, self->folder));
      return peer;
    }
  dms_sim_peer_set_funcs (peer, &dms_sim_run_peer_funcs, self);
  dms_sim_peer_join (peer, self->topic);
  return peer;
}

void
dms_sim_run_start_peer (DmsSimRun *self, DmsSimPeer *peer)
{
  if (peer->index < self->nodes->len)
    dms_sim_node_start (g_ptr_array_index (self->nodes, peer->index));
  else
    dms_sim_peer_start (peer);
}

void
dms_sim_run_stop_peer (DmsSimRun *self, DmsSimPeer *peer)
{
  if (peer->index < self->nodes->len)
    dms_sim_node_kill (g_ptr_array_index (self->nodes, peer->index));
  else
    dms_sim_peer_stop (peer);
}

typedef struct
{
  DmsSimRun *run;
  DmsSimPeer *peer;
} Arrival;

static void
on_arrival (gpointer data)
{
  const Arrival *arrival = data;

  if (!arrival->peer->is_up)
    dms_sim_run_start_peer (arrival->run, arrival->peer);
}

/* A network that has been there for long: everybody knows some others, at random. */
static void
start_warm (DmsSimRun *self, guint degree)
{
  GPtrArray *peers = self->network->peers;

  for (guint i = 0; i < peers->len; i++)
    dms_sim_run_start_peer (self, g_ptr_array_index (peers, i));
  for (guint i = 0; i < peers->len && peers->len > 1; i++)
    for (guint j = 0; j < (degree + 1) / 2; j++)
      dms_sim_peer_tie (g_ptr_array_index (peers, i),
                        g_ptr_array_index (peers, dms_sim_random_below (&self->random, peers->len)));
}

static void
start_joining (DmsSimRun *self, double over_us)
{
  for (guint i = 0; i < self->network->peers->len; i++)
    {
      Arrival *arrival = g_new (Arrival, 1);
      DmsSimPeer *peer = g_ptr_array_index (self->network->peers, i);
      gboolean is_first = g_ptr_array_find (self->network->bootstrap, peer, NULL);

      *arrival = (Arrival){ self, peer };
      dms_sim_network_plan (self->network,
                            is_first ? 0 : (gint64) (dms_sim_random_real (&self->random) * over_us),
                            on_arrival,
                            arrival,
                            g_free);
    }
  dms_sim_run_for (self, (gint64) over_us);
}

gboolean
dms_sim_run_build (DmsSimRun *self, GError **error)
{
  JsonObject *start = dms_sim_json_get_object (self->scenario, "start");
  JsonObject *sybils = dms_sim_json_get_object (self->scenario, "sybils");
  guint n = dms_sim_json_get_count (self->scenario, "nodes", 100);
  guint n_bootstrap = MIN (n, dms_sim_json_get_count (start, "bootstrap", DEFAULT_BOOTSTRAP));

  self->step = "build";
  if (has_nodes (self) && !dms_sim_node_prepare (self->scenario, error))
    return FALSE;
  for (guint i = 0; i < n; i++)
    {
      DmsSimPeer *peer = dms_sim_run_add_peer (self);

      if (i < n_bootstrap)
        g_ptr_array_add (self->network->bootstrap, peer);
      tell (self);
    }
  self->step = "start";
  if (strcmp (dms_sim_json_get_text (start, "how", "warm"), "warm") == 0)
    start_warm (self, dms_sim_json_get_count (start, "degree", DEFAULT_DEGREE));
  else
    start_joining (self, dms_sim_json_get_number (start, "over_s", 60) * G_USEC_PER_SEC);
  if (sybils != NULL)
    dms_sim_run_add_sybils (self, sybils);
  return TRUE;
}
