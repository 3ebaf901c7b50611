/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "dms-test-node.h"

G_BEGIN_DECLS

/* The providing side of a node as a script: it bids, commits, allocates, starts and ends allocations as the
 * fields say, and counts what it is asked. No job is run. */
typedef struct
{
  /*< public >*/
  /* What it does. */
  gboolean refuse_bids;
  guint n_commit_failures;
  guint n_allocate_failures;
  guint n_start_failures;
  guint n_revert_failures;
  /* Starts are not answered until dms_fake_provider_answer_start(). */
  gboolean hang_on_start;
  /* Restarts are not answered. */
  gboolean hang_on_restart;
  /* Questions for logs are not answered. */
  gboolean hang_on_logs;
  /* It never hears what it is told to take back. */
  gboolean miss_reverts;
  gboolean refuse_shutdown;
  /* It has nothing of what it was given, and does not say so by itself. */
  gboolean forgets;
  gboolean unhealthy;
  /* (nullable): the allocation, by its bare name, that the failures are about; NULL means any */
  const char *about;
  /* How long a task runs; a negative time means that it does not end. */
  int job_ms;
  int exit_code;
  const char *message;
  const char *output;
  /* (nullable): what it says of itself beside its bids, as JSON; NULL as nodes of the field. */
  const char *offer;
  /* What it was asked. */
  guint n_requests;
  /* (nullable): what the last request required besides resources */
  JsonNode *required;
  /* GPUs of the last request. */
  guint n_gpus;
  guint n_commits;
  guint n_allocates;
  guint n_reverts;
  guint n_restarts;
  /* Of the latest start or restart; how many there were of the same in a row. */
  gint64 number;
  guint n_same;
  guint n_shutdowns;
  guint n_probes;
  guint n_stats;
  guint n_logs;
  /* Names of allocations in the order they were started. */
  GPtrArray *started;
  /* Started together: the greatest number of start requests that were open at a time. */
  guint n_open_starts;
  guint max_open_starts;
  gboolean acknowledged;
  /* When it was asked to start something last (monotonic), and what lease came with that or with a restart.
   */
  gint64 start_us;
  gint64 lease_ms;
  gint64 lease_until_us;

  /*< private >*/
  DmsTestNode *node;
  GHashTable *actors;
  GHashTable *orchestrators;
  GHashTable *tasks;
  /* IDs to the run of a workflow that they were last asked to start. */
  GHashTable *runs;
  /* IDs to the questions for a start that wait for an answer. */
  GHashTable *held_starts;
} DmsFakeProvider;

DmsFakeProvider *dms_fake_provider_new (DmsTestNode *node);
void dms_fake_provider_free (DmsFakeProvider *self);
/* From now on it answers heartbeats, as machines do that are not of other makes. */
void dms_fake_provider_answer_heartbeats (DmsFakeProvider *self);
/* Ends an allocation of this bare name now, as its job would. */
void dms_fake_provider_end (DmsFakeProvider *self, const char *name, int exit_code, const char *message);
/* Answers a start that it hung on, well. */
void dms_fake_provider_answer_start (DmsFakeProvider *self, const char *name);
/* Reports liveness of an allocation. */
void dms_fake_provider_beat (DmsFakeProvider *self, const char *name);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsFakeProvider, dms_fake_provider_free)

G_END_DECLS
