/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

/* What must not run twice is given leases, and started elsewhere only when those are over. */

#include "common/dms-json-object.h"
#include "dms-orchestrator-fixture.h"
#include "jobs/dms-job-parser.h"
#include "orchestrator/dms-deployment-supervision.h"

#include <string.h>

enum
{
  LEASE_SECONDS = 10,
  /* A question is valid for so long, and by so much clocks may differ. */
  SLACK_SECONDS = 10 + 5,
  MAX_WAIT_SECONDS = 60,
};

static char *
make_job (gboolean single, guint lease_s)
{
  return g_strdup_printf (
      "version: V1\n"
      "supervision: {lease: %us, detect_within: 5s}\n"
      "allocations:\n"
      "  web: {executor: 'null', type: service, single: %s, failure_recovery: one_for_one,\n"
      "        resources: {cpu: {cores: 1}, ram: {size: 64MiB}, disk: {size: 1}}, "
      "execution: {type: 'null'}}\n"
      "nodes: {n1: {allocations: [web]}}\n",
      lease_s,
      single ? "true" : "false");
}

static char *
deploy (DmsTestOrchestrator *self, gboolean single)
{
  g_autofree char *job = make_job (single, LEASE_SECONDS);

  return dms_test_orchestrator_deploy (self, job);
}

static gboolean
is_started_once (gpointer user_data)
{
  return ((DmsTestOrchestrator *) user_data)->provider->started->len > 0;
}

static gboolean
is_restarted (gpointer user_data)
{
  return ((DmsTestOrchestrator *) user_data)->provider->n_restarts > 0;
}

/* How long it took until it was started for the second time, after the first one failed. */
static double
measure_second_start (DmsTestOrchestrator *self, gboolean single, guint n_revert_failures)
{
  g_autofree char *id = NULL;
  gint64 first;
  gint64 second;

  self->provider->n_start_failures = 1;
  self->provider->n_revert_failures = n_revert_failures;
  id = deploy (self, single);
  dms_test_wait (is_started_once, self);
  first = self->provider->start_us;
  for (guint i = 0; i < MAX_WAIT_SECONDS * 10 && self->provider->started->len < 2; i++)
    dms_test_run (100);
  g_assert_cmpuint (self->provider->started->len, ==, 2);
  second = self->provider->start_us;
  dms_test_orchestrator_await_status (self, id, "Running");
  return (double) (second - first) / G_USEC_PER_SEC;
}

static void
test_lease_comes_with_a_start (DmsTestOrchestrator *self, gconstpointer user_data)
{
  gint64 before = g_get_real_time ();
  g_autofree char *id = deploy (self, TRUE);

  dms_test_orchestrator_await_status (self, id, "Running");
  g_assert_cmpint (self->provider->lease_ms, ==, LEASE_SECONDS * 1000);
  g_assert_cmpint (self->provider->lease_until_us, >=, before + LEASE_SECONDS * G_USEC_PER_SEC);
  g_assert_cmpint (self->provider->lease_until_us, <=, g_get_real_time () + LEASE_SECONDS * G_USEC_PER_SEC);
}

static void
test_lease_comes_with_a_restart (DmsTestOrchestrator *self, gconstpointer user_data)
{
  g_autofree char *id = deploy (self, TRUE);

  dms_test_orchestrator_await_status (self, id, "Running");
  self->provider->lease_ms = 0;
  dms_fake_provider_end (self->provider, "web", 1, "it failed");
  dms_test_wait (is_restarted, self);
  g_assert_cmpint (self->provider->lease_ms, ==, LEASE_SECONDS * 1000);
  /* The answer has come by then. */
  dms_test_orchestrator_await_status (self, id, "Running");
  dms_test_run (100);
}

static void
test_no_lease (DmsTestOrchestrator *self, gconstpointer user_data)
{
  g_autofree char *id = deploy (self, FALSE);

  dms_test_orchestrator_await_status (self, id, "Running");
  g_assert_cmpint (self->provider->lease_ms, ==, 0);
  g_assert_cmpint (self->provider->lease_until_us, ==, 0);
}

/* The machine may run it, and cannot be told to end it. */
static void
test_waits_for_the_lease (DmsTestOrchestrator *self, gconstpointer user_data)
{
  /* It counts from when the first start was sent, which was a moment before it came. */
  g_assert_cmpfloat (measure_second_start (self, TRUE, 1), >=, LEASE_SECONDS + SLACK_SECONDS - 1);
}

/* The machine says that it runs nothing of it. */
static void
test_does_not_wait (DmsTestOrchestrator *self, gconstpointer user_data)
{
  g_assert_cmpfloat (measure_second_start (self, TRUE, 0), <, LEASE_SECONDS + SLACK_SECONDS - 1);
}

/* What may run twice is not waited for. */
static void
test_not_single (DmsTestOrchestrator *self, gconstpointer user_data)
{
  g_assert_cmpfloat (measure_second_start (self, FALSE, 1), <, LEASE_SECONDS + SLACK_SECONDS - 1);
}

static DmsDeployment *
find (DmsTestOrchestrator *self, const char *id)
{
  DmsDeployment *deployment = dms_orchestrator_find (self->orchestrator, id);

  g_assert_nonnull (deployment);
  return deployment;
}

static void
shorten_lease (DmsTestOrchestrator *self, const char *id)
{
  g_autofree char *job = make_job (TRUE, LEASE_SECONDS);
  g_autoptr (GBytes) data = g_bytes_new (job, strlen (job));
  g_autoptr (DmsEnsemble) ensemble = dms_job_parser_load_data ("job.yaml", NULL, data, NULL);
  g_autoptr (JsonNode) wire = dms_ensemble_to_json (ensemble);
  g_autofree char *text = dms_json_node_to_text (wire);
  g_autofree char *json = g_strdup_printf ("{\"EnsembleID\": \"%s\", \"Ensemble\": %s}", id, text);
  g_autoptr (DmsMessage) reply = dms_test_orchestrator_ask_for (self, "update", json, 130);

  g_assert_cmpstr (dms_test_text_of (reply, "Error"), ==, "");
}

/* Its machine may run it for as long as was said before the update; who takes the deployment up knows that,
 * also after it has given a shorter lease. */
static void
test_longer_lease_before (DmsTestOrchestrator *self, gconstpointer user_data)
{
  g_autofree char *job = make_job (TRUE, 5 * LEASE_SECONDS);
  g_autofree char *id = dms_test_orchestrator_deploy (self, job);
  gint64 end_us = g_get_monotonic_time () + 5 * LEASE_SECONDS * G_USEC_PER_SEC;

  dms_fake_provider_answer_heartbeats (self->provider);
  dms_test_orchestrator_await_status (self, id, "Running");
  shorten_lease (self, id);
  for (guint i = 0; i < 2; i++)
    {
      DmsDeployment *deployment = find (self, id);
      DeployNode *node = deployment->nodes->pdata[0];

      dms_test_run (2000);
      g_assert_cmpint (dms_deployment_get_lease_end_us (deployment, node), >=, end_us);
      dms_test_orchestrator_stop (self);
      dms_test_orchestrator_start (self);
      deployment = find (self, id);
      g_assert_cmpint (deployment->fence_us, >=, end_us);
      dms_test_orchestrator_await_status (self, id, "Running");
    }
}

static void
add (const char *path, void (*test) (DmsTestOrchestrator *, gconstpointer))
{
  g_test_add (
      path, DmsTestOrchestrator, NULL, dms_test_orchestrator_set_up, test, dms_test_orchestrator_tear_down);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  /* Failures are logged as warnings. */
  g_log_set_always_fatal (G_LOG_FATAL_MASK | G_LOG_LEVEL_CRITICAL);
  add ("/single/lease-comes-with-a-start", test_lease_comes_with_a_start);
  add ("/single/lease-comes-with-a-restart", test_lease_comes_with_a_restart);
  add ("/single/no-lease", test_no_lease);
  add ("/single/waits-for-the-lease", test_waits_for_the_lease);
  add ("/single/does-not-wait", test_does_not_wait);
  add ("/single/not-single", test_not_single);
  add ("/single/longer-lease-before", test_longer_lease_before);
  return g_test_run ();
}
