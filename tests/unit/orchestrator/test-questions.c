/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

/* Questions to start or restart something that are lost with the daemon of a machine: they are asked again,
 * and are the same question by their number. That of a plain start is in test-losses.c. */

#include "dms-orchestrator-fixture.h"

#define HEAD                                                                                                 \
  "version: V1\n"                                                                                            \
  "allocations:\n"                                                                                           \
  "  job: {executor: 'null', type: task, execution: {type: 'null'},\n"                                       \
  "        resources: {cpu: {cores: 1}, ram: {size: 64MiB}, disk: {size: 1}}, "
#define NODES "}\nnodes: {n1: {allocations: [job]}}\n"

static const char step[] = HEAD "workflow: {}" NODES;
static const char restarted[] = HEAD "failure_recovery: one_for_one" NODES;

static gboolean
was_restarted (gpointer user_data)
{
  return ((DmsFakeProvider *) user_data)->n_restarts > 0;
}

/* So is the start of a run of a workflow. */
static void
test_lost_start_of_run (DmsTestOrchestrator *self, gconstpointer user_data)
{
  g_autofree char *id = NULL;

  self->provider->hang_on_start = TRUE;
  id = dms_test_orchestrator_deploy (self, step);
  dms_test_orchestrator_await_starts (self, 1);
  self->provider->hang_on_start = FALSE;
  dms_test_run (14000);
  dms_test_orchestrator_await_status (self, id, "Completed");
  g_assert_cmpuint (self->provider->started->len, ==, 2);
  g_assert_cmpuint (self->provider->n_same, ==, 2);
}

static gboolean
was_restarted_twice (gpointer user_data)
{
  return ((DmsFakeProvider *) user_data)->n_restarts > 1;
}

/* A restart is asked for again with the same number. */
static void
test_lost_restart (DmsTestOrchestrator *self, gconstpointer user_data)
{
  g_autofree char *id = NULL;

  self->provider->job_ms = -1;
  dms_fake_provider_answer_heartbeats (self->provider);
  id = dms_test_orchestrator_deploy (self, restarted);
  dms_test_orchestrator_await_status (self, id, "Running");
  dms_test_run (500);
  self->provider->hang_on_restart = TRUE;
  dms_fake_provider_end (self->provider, "job", 1, "it failed");
  dms_test_wait (was_restarted, self->provider);
  self->provider->hang_on_restart = FALSE;
  dms_test_run (14000);
  dms_test_wait (was_restarted_twice, self->provider);
  g_assert_cmpuint (self->provider->n_same, ==, 2);
  dms_test_run (300);
  dms_fake_provider_end (self->provider, "job", 0, NULL);
  dms_test_orchestrator_await_status (self, id, "Completed");
  g_assert_cmpuint (self->provider->n_restarts, ==, 2);
}

/* A machine that might do it twice is asked once. */
static void
test_lost_restart_elsewhere (DmsTestOrchestrator *self, gconstpointer user_data)
{
  g_autofree char *id = NULL;

  self->provider->job_ms = -1;
  id = dms_test_orchestrator_deploy (self, restarted);
  dms_test_orchestrator_await_status (self, id, "Running");
  self->provider->hang_on_restart = TRUE;
  dms_fake_provider_end (self->provider, "job", 1, "it failed");
  dms_test_wait (was_restarted, self->provider);
  dms_test_run (17000);
  g_assert_cmpuint (self->provider->n_restarts, ==, 1);
}

int
main (int argc, char *argv[])
{
  static const DmsOrchestratorTest tests[] = {
    { "lost-start-of-run", test_lost_start_of_run },
    { "lost-restart", test_lost_restart },
    { "lost-restart-elsewhere", test_lost_restart_elsewhere },
  };

  return dms_test_orchestrator_run (argc, argv, "/orchestrator/questions/", tests, G_N_ELEMENTS (tests));
}
