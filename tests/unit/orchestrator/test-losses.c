/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

/* Answers that get lost or come late, machines that are given up, and daemons that die in between. */

#include "dms-orchestrator-fixture.h"
#include "orchestrator/dms-deployment-private.h"

#define ALLOCATION(name, rest)                                                                               \
  "  " name ": {executor: 'null', type: task, resources: r, execution: {type: 'null'}" rest "}\n"
#define HEAD                                                                                                 \
  "version: V1\n"                                                                                            \
  "resources: {r: {cpu: {cores: 1}, ram: {size: 64MiB}, disk: {size: 1}}}\n"                                 \
  "allocations:\n"

static const char one[] = HEAD ALLOCATION ("job", "") "nodes: {n1: {allocations: [job]}}\n";
static const char joined[] = HEAD ALLOCATION ("a", "") ALLOCATION ("b", "")
    ALLOCATION ("last", ", depends_on: [a, b]") "nodes: {n1: {allocations: [a, b, last]}}\n";
static const char patient[] =
    HEAD ALLOCATION ("job",
                     ", workflow: {retries: {max: 1, delay: 10ms}}") "nodes: {n1: {allocations: [job]}}\n";
static const char impatient[] =
    HEAD ALLOCATION ("job", ", workflow: {}") "nodes: {n1: {allocations: [job]}}\n";

static const char together[] = HEAD ALLOCATION ("a", ", workflow: {}")
    ALLOCATION ("c", ", single: true, workflow: {}") "nodes: {n1: {allocations: [a, c]}}\n";
static const char restarted[] =
    HEAD ALLOCATION ("job", ", failure_recovery: one_for_one") "nodes: {n1: {allocations: [job]}}\n";

static const char watched[] = HEAD ALLOCATION (
    "job",
    ", failure_recovery: one_for_one") "nodes: {n1: {allocations: [job], failure_recovery: redeploy}}\n"
                                       "supervision: {detect_within: 5s}\n";

static const char watched_step[] =
    HEAD ALLOCATION ("job", ", workflow: {}") "nodes: {n1: {allocations: [job]}}\n"
                                              "supervision: {detect_within: 5s}\n";

static gboolean
was_reverted (gpointer user_data)
{
  return ((DmsFakeProvider *) user_data)->n_reverts > 0;
}

static gboolean
is_set (gpointer user_data)
{
  return *(gboolean *) user_data;
}

/* A job can only end when it was started: nobody waits for the answer that says so. */
static void
test_end_before_answer (DmsTestOrchestrator *self, gconstpointer user_data)
{
  g_autofree char *id = NULL;

  self->provider->hang_on_start = TRUE;
  id = dms_test_orchestrator_deploy (self, one);
  dms_test_orchestrator_await_starts (self, 1);
  dms_test_orchestrator_await_status (self, id, "Provisioning");
  dms_fake_provider_end (self->provider, "job", 0, NULL);
  dms_test_orchestrator_await_status (self, id, "Completed");
  g_assert_cmpuint (self->provider->started->len, ==, 1);
  g_assert_cmpuint (self->provider->n_reverts, ==, 0);
}

/* And when it comes after all, it does not count for another one. */
static void
test_late_answer (DmsTestOrchestrator *self, gconstpointer user_data)
{
  g_autofree char *id = NULL;

  self->provider->hang_on_start = TRUE;
  self->provider->job_ms = -1;
  id = dms_test_orchestrator_deploy (self, joined);
  dms_test_orchestrator_await_starts (self, 2);
  dms_fake_provider_end (self->provider, "a", 0, NULL);
  dms_test_wait (is_set, &self->provider->acknowledged);
  dms_fake_provider_answer_start (self->provider, "a");
  dms_test_run (200);
  g_assert_cmpuint (self->provider->started->len, ==, 2);
  self->provider->hang_on_start = FALSE;
  dms_fake_provider_answer_start (self->provider, "b");
  dms_test_orchestrator_await_starts (self, 3);
  g_assert_cmpstr (self->provider->started->pdata[2], ==, "last");
  dms_test_orchestrator_await_status (self, id, "Running");
  dms_fake_provider_end (self->provider, "b", 0, NULL);
  dms_fake_provider_end (self->provider, "last", 0, NULL);
  dms_test_orchestrator_await_status (self, id, "Completed");
}

/* A start that was lost with the daemon of its machine is asked for again, long before its time is over. */
static void
test_lost_start (DmsTestOrchestrator *self, gconstpointer user_data)
{
  g_autofree char *id = NULL;

  self->provider->hang_on_start = TRUE;
  id = dms_test_orchestrator_deploy (self, one);
  dms_test_orchestrator_await_starts (self, 1);
  self->provider->hang_on_start = FALSE;
  dms_test_run (14000);
  dms_test_orchestrator_await_status (self, id, "Completed");
  g_assert_cmpuint (self->provider->started->len, ==, 2);
  g_assert_cmpuint (self->provider->n_reverts, ==, 0);
  g_assert_cmpuint (self->provider->n_commits, ==, 1);
}

/* A machine that answers and does not have any more what it was given says so when it is asked. */
static void
test_forgotten (DmsTestOrchestrator *self, gconstpointer user_data)
{
  g_autofree char *id = NULL;

  self->provider->job_ms = -1;
  dms_fake_provider_answer_heartbeats (self->provider);
  id = dms_test_orchestrator_deploy (self, watched);
  dms_test_orchestrator_await_status (self, id, "Running");
  dms_test_run (7000);
  g_assert_cmpuint (self->provider->n_commits + self->provider->n_restarts, ==, 1);
  self->provider->forgets = TRUE;
  dms_test_run (11000);
  g_assert_cmpuint (self->provider->n_commits + self->provider->n_restarts, >, 1);
}

/* So does one that does not have a step of a workflow any more. */
static void
test_forgotten_step (DmsTestOrchestrator *self, gconstpointer user_data)
{
  g_autofree char *id = NULL;

  self->provider->job_ms = -1;
  dms_fake_provider_answer_heartbeats (self->provider);
  id = dms_test_orchestrator_deploy (self, watched_step);
  dms_test_orchestrator_await_starts (self, 1);
  dms_test_orchestrator_await_status (self, id, "Running");
  self->provider->forgets = TRUE;
  dms_test_orchestrator_await_status (self, id, "Failed");
}

static gboolean
was_started (gpointer user_data)
{
  return ((DmsFakeProvider *) user_data)->started->len > 0;
}

/* After a restart the way to the machine is there only a moment later: that is no reason to leave it. */
static void
test_not_connected_yet (DmsTestOrchestrator *self, gconstpointer user_data)
{
  g_autoptr (DmsTestNode) other = dms_test_node_new ("orchestrator");
  g_autoptr (DmsFakeProvider) provider = dms_fake_provider_new (other);
  g_autofree char *job =
      g_strdup_printf (HEAD ALLOCATION ("job", "") "nodes: {n1: {allocations: [job], peer: %s}}\n",
                       dms_handle_get_host (dms_test_node_get_handle (other)));
  g_autofree char *id = NULL;

  dms_test_node_allow (other, self->node, "/dms/deployment");
  self->provider->refuse_bids = TRUE;
  provider->hang_on_start = TRUE;
  id = dms_test_orchestrator_deploy (self, job);
  dms_test_wait (was_started, provider);
  dms_test_orchestrator_await_status (self, id, "Provisioning");
  dms_test_orchestrator_stop (self);
  provider->hang_on_start = FALSE;
  dms_test_node_set_connected (other, FALSE);
  dms_test_orchestrator_start (self);
  /* The patience of the test does not make that of the deployment any longer. */
  dms_test_run ((guint) (700 / dms_test_get_patience ()));
  dms_test_node_set_connected (other, TRUE);
  dms_test_orchestrator_await_status (self, id, "Completed");
  g_assert_cmpuint (provider->n_commits, ==, 1);
  g_assert_cmpuint (provider->n_reverts, ==, 0);
}

/* The daemon dies while an attempt is taken back: the next one does not start what may be gone by then. */
static void
test_restart_while_reverting (DmsTestOrchestrator *self, gconstpointer user_data)
{
  g_autofree char *id = NULL;

  self->provider->n_start_failures = 1;
  self->provider->miss_reverts = TRUE;
  id = dms_test_orchestrator_deploy (self, one);
  dms_test_wait (was_reverted, self->provider);
  dms_test_orchestrator_stop (self);
  self->provider->miss_reverts = FALSE;
  dms_test_orchestrator_start (self);
  dms_test_orchestrator_await_status (self, id, "Completed");
  g_assert_cmpuint (self->provider->n_reverts, ==, 2);
  g_assert_cmpuint (self->provider->n_commits, ==, 2);
  g_assert_cmpuint (self->provider->n_allocates, ==, 2);
  g_assert_cmpuint (self->provider->started->len, ==, 2);
}

/* The same when it ran already, and its supervision has it deployed anew. */
static void
test_restart_while_redeploying (DmsTestOrchestrator *self, gconstpointer user_data)
{
  g_autofree char *id = NULL;

  self->provider->job_ms = -1;
  id = dms_test_orchestrator_deploy (self, one);
  dms_test_orchestrator_await_status (self, id, "Running");
  self->provider->miss_reverts = TRUE;
  dms_deployment_redeploy (dms_orchestrator_find (self->orchestrator, id));
  dms_test_wait (was_reverted, self->provider);
  dms_test_orchestrator_stop (self);
  self->provider->miss_reverts = FALSE;
  dms_test_orchestrator_start (self);
  dms_test_orchestrator_await_starts (self, 2);
  dms_test_orchestrator_await_status (self, id, "Running");
  g_assert_cmpuint (self->provider->n_reverts, ==, 2);
  g_assert_cmpuint (self->provider->n_commits, ==, 2);
  dms_fake_provider_end (self->provider, "job", 0, NULL);
  dms_test_orchestrator_await_status (self, id, "Completed");
}

/* And when its supervision has given all of it up. */
static void
test_restart_while_tearing_down (DmsTestOrchestrator *self, gconstpointer user_data)
{
  g_autofree char *id = NULL;
  g_autofree char *status = NULL;
  g_autofree char *error = NULL;

  self->provider->job_ms = -1;
  id = dms_test_orchestrator_deploy (self, one);
  dms_test_orchestrator_await_status (self, id, "Running");
  self->provider->miss_reverts = TRUE;
  dms_deployment_fail (dms_orchestrator_find (self->orchestrator, id), "it fails again and again");
  dms_test_wait (was_reverted, self->provider);
  dms_test_orchestrator_stop (self);
  self->provider->miss_reverts = FALSE;
  dms_test_orchestrator_start (self);
  dms_test_orchestrator_await_status (self, id, "Failed");
  status = dms_test_orchestrator_dup_status (self, id, &error);
  g_assert_cmpstr (error, ==, "it fails again and again");
  g_assert_cmpuint (self->provider->n_shutdowns + self->provider->n_reverts, ==, 2);
  g_assert_cmpuint (self->provider->started->len, ==, 1);
}

static void
on_renewed (DmsDeployment *deployment, const char *error, gpointer user_data)
{
  g_assert_cmpstr (error, ==, NULL);
  *(gboolean *) user_data = TRUE;
}

/* The machine that executes a run is given up, and the node is placed again. */
static void
lose_machine (DmsTestOrchestrator *self, const char *id)
{
  DmsDeployment *deployment = dms_orchestrator_find (self->orchestrator, id);
  gboolean renewed = FALSE;

  dms_test_orchestrator_await_starts (self, 1);
  dms_test_orchestrator_await_status (self, id, "Running");
  g_assert_true (dms_deployment_renew (
      deployment, deployment->nodes->pdata[0], DEPLOY_RENEW_THERE, on_renewed, &renewed));
  dms_test_wait (is_set, &renewed);
}

/* The run that it executed has failed, and is tried again as the task says. */
static void
test_lost_run (DmsTestOrchestrator *self, gconstpointer user_data)
{
  g_autofree char *id = NULL;

  self->provider->job_ms = -1;
  id = dms_test_orchestrator_deploy (self, patient);
  lose_machine (self, id);
  dms_test_orchestrator_await_starts (self, 2);
  dms_test_orchestrator_await_status (self, id, "Running");
  dms_fake_provider_end (self->provider, "job", 0, NULL);
  dms_test_orchestrator_await_status (self, id, "Completed");
}

static void
test_lost_last_run (DmsTestOrchestrator *self, gconstpointer user_data)
{
  g_autofree char *id = NULL;
  g_autofree char *status = NULL;
  g_autofree char *error = NULL;

  self->provider->job_ms = -1;
  id = dms_test_orchestrator_deploy (self, impatient);
  lose_machine (self, id);
  dms_test_orchestrator_await_status (self, id, "Failed");
  status = dms_test_orchestrator_dup_status (self, id, &error);
  g_assert_cmpstr (error, ==, "n1.job: its machine was given up");
  g_assert_cmpuint (self->provider->started->len, ==, 1);
}

/* Steps that are lost together: that one is gone is no reason to begin the other on the new machine, where it
 * is not known to be gone as well. */
static void
test_lost_runs_together (DmsTestOrchestrator *self, gconstpointer user_data)
{
  g_autofree char *id = NULL;

  self->provider->job_ms = -1;
  id = dms_test_orchestrator_deploy (self, together);
  dms_test_orchestrator_await_starts (self, 2);
  lose_machine (self, id);
  dms_test_orchestrator_await_status (self, id, "Failed");
  g_assert_cmpuint (self->provider->started->len, ==, 2);
}

static gboolean
was_restarted (gpointer user_data)
{
  return ((DmsFakeProvider *) user_data)->n_restarts > 0;
}

/* What was fetched when a run failed is not what the next one wrote. */
static void
test_logs_of_the_next_run (DmsTestOrchestrator *self, gconstpointer user_data)
{
  g_autofree char *id = NULL;
  g_autofree char *log = NULL;
  g_autoptr (DmsMessage) reply = NULL;

  self->provider->job_ms = -1;
  id = dms_test_orchestrator_deploy (self, restarted);
  dms_test_orchestrator_await_status (self, id, "Running");
  dms_fake_provider_end (self->provider, "job", 1, "it failed");
  dms_test_wait (was_restarted, self->provider);
  dms_test_run (300);
  self->provider->output = "the second run\n";
  reply = dms_test_orchestrator_ask_about (self, "shutdown", "ID", id);
  dms_test_orchestrator_await_status (self, id, "Completed");
  log = dms_test_orchestrator_read_log (self, id, "n1.job");
  g_assert_cmpstr (log, ==, "the second run\n");
}

int
main (int argc, char *argv[])
{
  static const DmsOrchestratorTest tests[] = {
    { "end-before-answer", test_end_before_answer },
    { "late-answer", test_late_answer },
    { "lost-start", test_lost_start },
    { "forgotten", test_forgotten },
    { "forgotten-step", test_forgotten_step },
    { "not-connected-yet", test_not_connected_yet },
    { "restart-while-reverting", test_restart_while_reverting },
    { "restart-while-redeploying", test_restart_while_redeploying },
    { "restart-while-tearing-down", test_restart_while_tearing_down },
    { "lost-run", test_lost_run },
    { "lost-last-run", test_lost_last_run },
    { "lost-runs-together", test_lost_runs_together },
    { "logs-of-the-next-run", test_logs_of_the_next_run },
  };

  return dms_test_orchestrator_run (argc, argv, "/orchestrator/losses/", tests, G_N_ELEMENTS (tests));
}
