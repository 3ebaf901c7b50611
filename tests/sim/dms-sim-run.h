/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "dms-sim-network.h"
#include "dms-sim-peer.h"

G_BEGIN_DECLS

/* One run of a scenario: a network, what is done to it step by step, and what was measured. */
typedef struct
{
  DmsSimNetwork *network;
  JsonObject *scenario;
  DmsSimRandom random;
  /* DmsSimNode by the index of its peer; empty where only transports are simulated. */
  GPtrArray *nodes;
  const char *topic;
  /* DmsSimNews: what was published, by its number. */
  GPtrArray *news;
  guint n_sybils;
  guint first_sybil;
  double churn_mean_us;
  double churn_away_us;
  guint n_left;
  guint n_returned;
  gint64 told_us;
  const char *step;
  char *folder;
} DmsSimRun;

/* What a step has measured: (transfer full). */
typedef JsonObject *(*DmsSimStep) (DmsSimRun *self, JsonObject *params, GError **error);

/* Makes all peers, and lets those come up that are there from the start. */
gboolean dms_sim_run_build (DmsSimRun *self, GError **error);
/* Lets time go on and says from time to time where it is. */
gboolean dms_sim_run_until (DmsSimRun *self, gint64 until_us, DmsSimCondition condition, gpointer user_data);
void dms_sim_run_for (DmsSimRun *self, gint64 duration_us);
/* Ends one, and starts one, whether it is a whole node or a peer. */
void dms_sim_run_stop_peer (DmsSimRun *self, DmsSimPeer *peer);
void dms_sim_run_start_peer (DmsSimRun *self, DmsSimPeer *peer);
/* A peer that is up and does not lie. */
DmsSimPeer *dms_sim_run_pick (DmsSimRun *self);
gboolean dms_sim_run_is_honest (DmsSimPeer *peer);
/* DmsSimPeer: up and honest. */
GPtrArray *dms_sim_run_list_honest (DmsSimRun *self);
DmsSimPeer *dms_sim_run_add_peer (DmsSimRun *self);
/* As many messages of a kind as were delivered so far, or of all kinds for DMS_SIM_N_KINDS. */
guint64 dms_sim_run_count (DmsSimRun *self, DmsSimKind kind);

/* (nullable) */
DmsSimStep dms_sim_step_find (const char *name);

JsonObject *dms_sim_step_settle (DmsSimRun *self, JsonObject *params, GError **error);
JsonObject *dms_sim_step_gossip (DmsSimRun *self, JsonObject *params, GError **error);
JsonObject *dms_sim_step_lookup (DmsSimRun *self, JsonObject *params, GError **error);
JsonObject *dms_sim_step_discovery (DmsSimRun *self, JsonObject *params, GError **error);
JsonObject *dms_sim_step_join (DmsSimRun *self, JsonObject *params, GError **error);
JsonObject *dms_sim_step_partition (DmsSimRun *self, JsonObject *params, GError **error);
JsonObject *dms_sim_step_churn (DmsSimRun *self, JsonObject *params, GError **error);
JsonObject *dms_sim_step_deploy (DmsSimRun *self, JsonObject *params, GError **error);

/* Publishing, for the steps (dms-sim-news.c). */
typedef struct
{
  guint number;
  gint64 published_us;
  DmsSimPeer *publisher;
  guint n_peers;
  /* By index: when it came first, in microseconds after; -1 for not. And the run the peer was in when it was
   * published; 0 for those it is not for. */
  gint32 *took_us;
  guint *runs;
} DmsSimNews;

void dms_sim_news_free (gpointer news);
DmsSimNews *dms_sim_run_publish (DmsSimRun *self, DmsSimPeer *publisher, guint size);
/* What peers of this run hand their news to. */
extern const DmsSimPeerFuncs dms_sim_run_peer_funcs;
/* Share of those it is for, and were up all the time, that had it within so long. */
double dms_sim_news_get_reach (DmsSimNews *self, DmsSimRun *run, gint64 within_us);

/* Liars (dms-sim-sybil.c). */
void dms_sim_run_add_sybils (DmsSimRun *self, JsonObject *params);

G_END_DECLS
