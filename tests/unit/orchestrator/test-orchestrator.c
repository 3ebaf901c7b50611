/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "common/dms-json-object.h"
#include "dms-orchestrator-fixture.h"
#include "store/dms-collection.h"

#include <string.h>

#define RESOURCES "resources: {cpu: {cores: 1}, ram: {size: 64MiB}, disk: {size: 1}}"

static const char hello[] =
    "version: V1\n"
    "metadata: {team: demo}\n"
    "allocations:\n"
    "  job: {executor: 'null', type: task, " RESOURCES ", execution: {type: 'null'}}\n"
    "nodes: {n1: {allocations: [job], ports: [{public: 0, private: 80, allocation: job}]}}\n";

static const char service[] =
    "version: V1\n"
    "allocations:\n"
    "  web: {executor: 'null', type: service, " RESOURCES ", execution: {type: 'null'}}\n"
    "nodes: {n1: {allocations: [web]}}\n";

static gboolean
is_set (gpointer user_data)
{
  return *(gboolean *) user_data;
}

static void
test_task (DmsTestOrchestrator *self, gconstpointer user_data)
{
  g_autofree char *id = dms_test_orchestrator_deploy (self, hello);
  g_autofree char *error = NULL;
  g_autofree char *status = NULL;
  g_autofree char *log = NULL;
  g_autoptr (DmsMessage) manifest = NULL;
  g_autoptr (DmsMessage) info = NULL;
  g_autoptr (DmsMessage) logs = NULL;
  JsonObject *allocation;
  JsonObject *ports;

  g_assert_cmpuint (strlen (id), ==, 64);
  dms_test_orchestrator_await_status (self, id, "Completed");
  status = dms_test_orchestrator_dup_status (self, id, &error);
  g_assert_cmpstr (status, ==, "Completed");
  g_assert_cmpstr (error, ==, "");
  g_assert_cmpuint (self->provider->n_commits, ==, 1);
  g_assert_cmpuint (self->provider->n_reverts, ==, 0);
  g_assert_cmpuint (dms_orchestrator_get_n_active (self->orchestrator), ==, 0);
  log = dms_test_orchestrator_read_log (self, id, "n1.job");
  g_assert_cmpstr (log, ==, "hello from the job\n");

  manifest = dms_test_orchestrator_ask_about (self, "manifest", "ID", id);
  allocation = dms_json_object_get_child (dms_message_get_object (manifest), "manifest");
  g_assert_cmpstr (dms_json_object_get_text (allocation, "id"), ==, id);
  g_assert_cmpstr (
      dms_json_object_get_text (dms_json_object_get_child (allocation, "metadata"), "team"), ==, "demo");
  allocation = dms_json_object_get_child (dms_json_object_get_child (allocation, "allocations"), "n1.job");
  g_assert_cmpstr (dms_json_object_get_text (allocation, "dns_name"), ==, "job.internal");
  g_assert_cmpstr (dms_json_object_get_text (allocation, "status"), ==, "completed");
  ports = dms_json_object_get_child (allocation, "ports");
  g_assert_cmpint (dms_json_object_get_whole (ports, "20000", 0, 65535, 0), ==, 80);

  info = dms_test_orchestrator_ask_about (self, "info", "id", id);
  g_assert_cmpstr (dms_test_text_of (info, "status"), ==, "Completed");
  g_assert_cmpuint (
      json_object_get_size (dms_json_object_get_child (dms_message_get_object (info), "allocations")), ==, 1);

  g_free (error);
  error = g_strdup_printf ("{\"EnsembleID\": \"%s\", \"AllocationName\": \"job\"}", id);
  logs = dms_test_orchestrator_ask_for (self, "logs", error, 20);
  g_assert_cmpstr (dms_test_text_of (logs, "Error"), ==, "");
  g_assert_true (g_str_has_suffix (dms_test_text_of (logs, "LogsWrittenTo"), "/n1.job"));
}

static void
test_failing_task (DmsTestOrchestrator *self, gconstpointer user_data)
{
  g_autofree char *id = NULL;
  g_autofree char *error = NULL;
  g_autofree char *status = NULL;
  g_autofree char *log = NULL;

  self->provider->exit_code = 137;
  self->provider->message = "memory limit of 64.0 MiB exceeded";
  id = dms_test_orchestrator_deploy (self, hello);
  dms_test_orchestrator_await_status (self, id, "Failed");
  status = dms_test_orchestrator_dup_status (self, id, &error);
  g_assert_cmpstr (error, ==, "n1.job: memory limit of 64.0 MiB exceeded");
  log = dms_test_orchestrator_read_log (self, id, "n1.job");
  g_assert_cmpstr (log, ==, "hello from the job\n");
}

static void
test_no_output (DmsTestOrchestrator *self, gconstpointer user_data)
{
  g_autofree char *id = NULL;
  g_autofree char *json = NULL;
  g_autofree char *expected = NULL;
  g_autoptr (DmsMessage) logs = NULL;

  self->provider->output = "";
  id = dms_test_orchestrator_deploy (self, hello);
  dms_test_orchestrator_await_status (self, id, "Completed");
  json = g_strdup_printf ("{\"EnsembleID\": \"%s\", \"AllocationName\": \"n1.job\"}", id);
  logs = dms_test_orchestrator_ask_for (self, "logs", json, 20);
  expected = g_strdup_printf ("stdout and stderr for allocation n1.job are empty (ensemble: %s)", id);
  g_assert_cmpstr (dms_test_text_of (logs, "Error"), ==, expected);
}

static void
test_layers (DmsTestOrchestrator *self, gconstpointer user_data)
{
  static const char job[] =
      "version: V1\n"
      "resources: {r: {cpu: {cores: 1}, ram: {size: 64MiB}, disk: {size: 1}}}\n"
      "allocations:\n"
      "  last: {executor: 'null', type: task, resources: r, execution: {type: 'null'}, depends_on: [mid1, "
      "mid2]}\n"
      "  mid1: {executor: 'null', type: task, resources: r, execution: {type: 'null'}, depends_on: [first]}\n"
      "  mid2: {executor: 'null', type: task, resources: r, execution: {type: 'null'}, depends_on: [first]}\n"
      "  first: {executor: 'null', type: task, resources: r, execution: {type: 'null'}}\n"
      "nodes: {n1: {allocations: [last, mid1, mid2, first]}}\n";
  g_autofree char *id = dms_test_orchestrator_deploy (self, job);

  dms_test_orchestrator_await_status (self, id, "Completed");
  g_assert_cmpuint (self->provider->started->len, ==, 4);
  g_assert_cmpstr (self->provider->started->pdata[0], ==, "first");
  g_assert_cmpstr (self->provider->started->pdata[3], ==, "last");
  g_assert_cmpuint (self->provider->max_open_starts, ==, 2);
}

/* What the allocations of a node ask for is added up; GPUs are not merged. */
static void
test_gpus (DmsTestOrchestrator *self, gconstpointer user_data)
{
  static const char job[] = "version: V1\n"
                            "resources: {r: {cpu: {cores: 1}, ram: {size: 1}, disk: {size: 1}, gpus: "
                            "[{vendor: NVIDIA, vram: 8}]}}\n"
                            "allocations:\n"
                            "  a: {executor: 'null', type: task, resources: r, execution: {type: 'null'}}\n"
                            "  b: {executor: 'null', type: task, resources: r, execution: {type: 'null'}}\n"
                            "nodes: {n1: {allocations: [a, b]}}\n";
  g_autofree char *id = dms_test_orchestrator_deploy (self, job);

  dms_test_orchestrator_await_status (self, id, "Completed");
  g_assert_cmpuint (self->provider->n_gpus, ==, 2);
}

static void
test_commit_fails_once (DmsTestOrchestrator *self, gconstpointer user_data)
{
  g_autofree char *id = NULL;

  self->provider->n_commit_failures = 1;
  id = dms_test_orchestrator_deploy (self, hello);
  dms_test_orchestrator_await_status (self, id, "Completed");
  g_assert_cmpuint (self->provider->n_reverts, ==, 1);
  g_assert_cmpuint (self->provider->n_commits, ==, 2);
}

static void
test_allocate_fails_once (DmsTestOrchestrator *self, gconstpointer user_data)
{
  g_autofree char *id = NULL;

  self->provider->n_allocate_failures = 1;
  id = dms_test_orchestrator_deploy (self, hello);
  dms_test_orchestrator_await_status (self, id, "Completed");
  g_assert_cmpuint (self->provider->n_reverts, ==, 1);
  g_assert_cmpuint (self->provider->n_allocates, ==, 2);
}

static void
test_start_always_fails (DmsTestOrchestrator *self, gconstpointer user_data)
{
  g_autofree char *id = NULL;
  g_autofree char *error = NULL;
  g_autofree char *status = NULL;

  self->provider->n_start_failures = 1000;
  id = dms_test_orchestrator_deploy (self, hello);
  dms_test_orchestrator_await_status (self, id, "Failed");
  status = dms_test_orchestrator_dup_status (self, id, &error);
  g_assert_cmpstr (error, ==, "failed to create deployment: starting n1.job: the image cannot be pulled");
  g_assert_cmpuint (self->provider->n_reverts, ==, 3);
}

static void
test_service (DmsTestOrchestrator *self, gconstpointer user_data)
{
  g_autofree char *id = dms_test_orchestrator_deploy (self, service);
  g_autoptr (DmsMessage) status = NULL;
  g_autoptr (DmsMessage) usage = NULL;
  g_autoptr (DmsMessage) reply = NULL;
  g_autoptr (DmsMessage) again = NULL;
  g_autofree char *json = g_strdup_printf ("{\"id\": \"%s\", \"include_usage\": true}", id);
  g_autofree char *allocation = g_strdup_printf ("%s_n1.web", id);
  g_autofree char *log = NULL;
  JsonObject *info;

  dms_test_orchestrator_await_status (self, id, "Running");
  dms_fake_provider_beat (self->provider, "web");
  dms_test_wait (is_set, &self->provider->acknowledged);
  status = dms_test_orchestrator_ask_for (self, "status", json, 20);
  info = dms_json_object_get_child (
      dms_json_object_get_child (dms_message_get_object (status), "allocation_info"), allocation);
  g_assert_cmpstr (dms_json_object_get_text (info, "status"), ==, "running");
  g_assert_cmpint (dms_json_object_get_whole (info, "heartbeat_seq", 0, 100, 0), ==, 7);
  info = dms_json_object_get_child (dms_message_get_object (status), "allocation_usage");
  g_assert_cmpint (dms_json_object_get_whole (
                       dms_json_object_get_child (info, allocation), "memory_used_bytes", 0, 9999, 0),
                   ==,
                   4096);
  reply = dms_test_orchestrator_ask_about (self, "shutdown", "ID", id);
  g_assert_cmpstr (dms_test_text_of (reply, "Error"), ==, "");
  g_assert_true (dms_json_object_get_flag (dms_message_get_object (reply), "OK"));
  dms_test_orchestrator_await_status (self, id, "Completed");
  g_assert_cmpuint (self->provider->n_shutdowns, ==, 1);
  g_assert_cmpuint (self->provider->n_reverts, ==, 0);
  log = dms_test_orchestrator_read_log (self, id, "n1.web");
  g_assert_cmpstr (log, ==, "hello from the job\n");
  again = dms_test_orchestrator_ask_about (self, "shutdown", "ID", id);
  g_assert_cmpstr (dms_test_text_of (again, "Error"), ==, "deployment is not running");
}

static void
test_service_dies (DmsTestOrchestrator *self, gconstpointer user_data)
{
  g_autofree char *id = dms_test_orchestrator_deploy (self, service);
  g_autofree char *error = NULL;
  g_autofree char *status = NULL;

  dms_test_orchestrator_await_status (self, id, "Running");
  dms_fake_provider_end (self->provider, "web", 1, NULL);
  dms_test_orchestrator_await_status (self, id, "Failed");
  status = dms_test_orchestrator_dup_status (self, id, &error);
  g_assert_cmpstr (error, ==, "n1.web: it ended with exit code 1");
}

static void
test_shutdown_refused (DmsTestOrchestrator *self, gconstpointer user_data)
{
  g_autofree char *id = dms_test_orchestrator_deploy (self, service);
  g_autoptr (DmsMessage) reply = NULL;

  dms_test_orchestrator_await_status (self, id, "Running");
  self->provider->refuse_shutdown = TRUE;
  reply = dms_test_orchestrator_ask_about (self, "shutdown", "ID", id);
  g_assert_cmpstr (dms_test_text_of (reply, "Error"), ==, "n1.web: the engine does not answer");
  dms_test_orchestrator_await_status (self, id, "Completed");
  g_assert_cmpuint (self->provider->n_reverts, ==, 1);
}

static void
test_shutdown_while_preparing (DmsTestOrchestrator *self, gconstpointer user_data)
{
  g_autofree char *id = NULL;
  g_autoptr (DmsMessage) reply = NULL;

  self->provider->refuse_bids = TRUE;
  id = dms_test_orchestrator_deploy (self, hello);
  dms_test_run (50);
  dms_test_orchestrator_await_status (self, id, "Preparing");
  reply = dms_test_orchestrator_ask_about (self, "shutdown", "ID", id);
  g_assert_cmpstr (dms_test_text_of (reply, "Error"), ==, "");
  dms_test_orchestrator_await_status (self, id, "Completed");
  g_assert_cmpuint (self->provider->n_commits, ==, 0);
}

static void
test_shutdown_while_starting (DmsTestOrchestrator *self, gconstpointer user_data)
{
  g_autofree char *id = NULL;
  g_autoptr (DmsMessage) reply = NULL;

  self->provider->hang_on_start = TRUE;
  id = dms_test_orchestrator_deploy (self, hello);
  dms_test_orchestrator_await_status (self, id, "Provisioning");
  reply = dms_test_orchestrator_ask_about (self, "shutdown", "ID", id);
  g_assert_cmpstr (dms_test_text_of (reply, "Error"), ==, "");
  dms_test_orchestrator_await_status (self, id, "Completed");
  g_assert_cmpuint (self->provider->n_shutdowns, ==, 1);
}

static gboolean
was_restarted (gpointer user_data)
{
  return ((DmsFakeProvider *) user_data)->n_restarts > 0;
}

static gboolean
was_probed_thrice (gpointer user_data)
{
  return ((DmsFakeProvider *) user_data)->n_probes >= 3;
}

static gboolean
was_probed_on (gpointer user_data)
{
  return ((DmsFakeProvider *) user_data)->n_probes >= 8;
}

static void
test_health (DmsTestOrchestrator *self, gconstpointer user_data)
{
  static const char job[] =
      "version: V1\n"
      "allocations:\n"
      "  web: {executor: 'null', type: service, " RESOURCES ", execution: {type: 'null'},"
      " healthcheck: {type: command, exec: ['true'], interval: 100ms}}\n"
      "nodes: {n1: {allocations: [web]}}\n";
  g_autofree char *id = NULL;

  self->provider->unhealthy = TRUE;
  id = dms_test_orchestrator_deploy (self, job);
  dms_test_orchestrator_await_status (self, id, "Running");
  dms_test_wait (was_restarted, self->provider);
  g_assert_cmpuint (self->provider->n_probes, ==, 3);
  /* Well again: no second restart. */
  dms_test_wait (was_probed_on, self->provider);
  g_assert_cmpuint (self->provider->n_restarts, ==, 1);
}

/* What others depend on must be well before they start, when it says how to tell. */
static void
test_healthy_first (DmsTestOrchestrator *self, gconstpointer user_data)
{
  static const char job[] =
      "version: V1\n"
      "allocations:\n"
      "  web: {executor: 'null', type: service, " RESOURCES ", execution: {type: 'null'}, depends_on: [db]}\n"
      "  db: {executor: 'null', type: service, " RESOURCES ", execution: {type: 'null'},"
      " healthcheck: {type: command, exec: ['true'], interval: 100ms}}\n"
      "nodes: {n1: {allocations: [web, db]}}\n";
  g_autofree char *id = NULL;

  self->provider->unhealthy = TRUE;
  self->provider->job_ms = -1;
  id = dms_test_orchestrator_deploy (self, job);
  dms_test_orchestrator_await_status (self, id, "Provisioning");
  dms_test_wait (was_probed_thrice, self->provider);
  dms_test_run (100);
  g_assert_cmpuint (self->provider->started->len, ==, 1);
  g_assert_cmpuint (self->provider->n_restarts, ==, 0);
  /* So does one that takes the deployment up again. */
  dms_test_orchestrator_stop (self);
  dms_test_orchestrator_start (self);
  dms_test_run (300);
  g_assert_cmpuint (self->provider->started->len, ==, 1);
  self->provider->unhealthy = FALSE;
  dms_test_orchestrator_await_status (self, id, "Running");
  g_assert_cmpuint (self->provider->started->len, ==, 2);
  g_assert_cmpstr (self->provider->started->pdata[1], ==, "web");
}

static void
test_restart_while_running (DmsTestOrchestrator *self, gconstpointer user_data)
{
  g_autofree char *id = NULL;
  g_autofree char *log = NULL;

  self->provider->job_ms = -1;
  id = dms_test_orchestrator_deploy (self, hello);
  dms_test_orchestrator_await_status (self, id, "Running");
  dms_test_orchestrator_stop (self);
  dms_test_orchestrator_start (self);
  g_assert_cmpuint (dms_orchestrator_get_n_active (self->orchestrator), ==, 1);
  dms_test_orchestrator_await_status (self, id, "Running");
  dms_fake_provider_end (self->provider, "job", 0, NULL);
  dms_test_orchestrator_await_status (self, id, "Completed");
  g_assert_true (self->provider->acknowledged);
  g_assert_cmpuint (self->provider->n_reverts, ==, 0);
  g_assert_cmpuint (self->provider->started->len, ==, 1);
  log = dms_test_orchestrator_read_log (self, id, "n1.job");
  g_assert_cmpstr (log, ==, "hello from the job\n");
}

static gboolean
is_reverted_twice (gpointer user_data)
{
  return ((DmsTestOrchestrator *) user_data)->provider->n_reverts == 2;
}

static gboolean
is_nothing_kept (gpointer user_data)
{
  g_autoptr (DmsQuery) query = dms_query_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsCollection) collection =
      dms_collection_new (((DmsTestOrchestrator *) user_data)->store, "late_reverts", NULL, &error);
  g_autoptr (GPtrArray) left =
      collection != NULL ? dms_collection_query (collection, query, NULL, &error) : NULL;

  g_assert_no_error (error);
  return left->len == 0;
}

/* What a machine does not take back when it is asked is asked again, also by the next run of the node. */
static void
test_late_revert (DmsTestOrchestrator *self, gconstpointer user_data)
{
  g_autofree char *id = dms_test_orchestrator_deploy (self, service);
  g_autoptr (DmsMessage) reply = NULL;

  dms_test_orchestrator_await_status (self, id, "Running");
  self->provider->refuse_shutdown = TRUE;
  self->provider->n_revert_failures = 1;
  reply = dms_test_orchestrator_ask_about (self, "shutdown", "ID", id);
  dms_test_orchestrator_await_status (self, id, "Completed");
  g_assert_cmpuint (self->provider->n_reverts, ==, 1);
  dms_test_orchestrator_stop (self);
  dms_test_orchestrator_start (self);
  dms_test_wait (is_reverted_twice, self);
  /* The answer comes a moment later; then nothing is kept of it. */
  dms_test_wait (is_nothing_kept, self);
}

static void
test_restart_while_starting (DmsTestOrchestrator *self, gconstpointer user_data)
{
  g_autofree char *id = NULL;

  self->provider->hang_on_start = TRUE;
  id = dms_test_orchestrator_deploy (self, hello);
  dms_test_orchestrator_await_status (self, id, "Provisioning");
  dms_test_run (50);
  dms_test_orchestrator_stop (self);
  self->provider->hang_on_start = FALSE;
  dms_test_orchestrator_start (self);
  dms_test_orchestrator_await_status (self, id, "Completed");
  g_assert_cmpuint (self->provider->n_commits, ==, 1);
}

static void
test_restart_while_preparing (DmsTestOrchestrator *self, gconstpointer user_data)
{
  g_autofree char *id = NULL;

  self->provider->refuse_bids = TRUE;
  id = dms_test_orchestrator_deploy (self, hello);
  dms_test_run (50);
  dms_test_orchestrator_stop (self);
  self->provider->refuse_bids = FALSE;
  dms_test_orchestrator_start (self);
  dms_test_orchestrator_await_status (self, id, "Completed");
}

static void
test_damaged_record (DmsTestOrchestrator *self, gconstpointer user_data)
{
  g_autoptr (JsonObject) none = json_object_new ();
  g_autoptr (JsonNode) data = dms_json_node_from_text ("{\"Cfg\": {\"v1\": 3}}", -1, NULL);
  g_autoptr (JsonNode) body = NULL;
  g_autofree char *error = NULL;
  g_autofree char *status = NULL;

  body = dms_deployment_records_make_body ("abc", DMS_DEPLOYMENT_RUNNING, NULL, none, 0, data);
  g_assert_true (
      dms_deployment_records_put (dms_orchestrator_get_records (self->orchestrator), "abc", body, NULL));
  dms_test_orchestrator_stop (self);
  dms_test_orchestrator_start (self);
  status = dms_test_orchestrator_dup_status (self, "abc", &error);
  g_assert_cmpstr (status, ==, "Failed");
  g_assert_cmpstr (error, ==, "the record of deployment abc is damaged: must be a map, got 3");
}

static void
test_refusals (DmsTestOrchestrator *self, gconstpointer user_data)
{
  g_autofree char *short_time = NULL;
  g_autofree char *unknown = NULL;
  g_autofree char *status = NULL;
  g_autoptr (DmsMessage) empty = dms_test_orchestrator_ask_for (self, "new", "{}", 75);
  g_autoptr (DmsMessage) broken =
      dms_test_orchestrator_ask_for (self, "new", "{\"Ensemble\": {\"v1\": {\"allocations\": 5}}}", 75);
  g_autoptr (DmsMessage) shutdown = dms_test_orchestrator_ask_about (self, "shutdown", "ID", "nobody");
  g_autoptr (DmsMessage) logs = dms_test_orchestrator_ask_for (
      self, "logs", "{\"EnsembleID\": \"../..\", \"AllocationName\": \"../x\"}", 20);
  g_autoptr (DmsMessage) update = dms_test_orchestrator_ask_for (self, "update", "{}", 200);

  g_assert_cmpstr (dms_test_text_of (empty, "Error"), ==, "empty ensemble config");
  g_assert_cmpstr (dms_test_text_of (broken, "Error"),
                   ==,
                   "allocations: must be a map, got 5\nnodes: at least one node must be defined");
  /* 30 s also for those with patience. */
  g_assert_null (dms_test_orchestrator_deploy_text (self, hello, 30 / dms_test_get_patience (), &short_time));
  g_assert_cmpstr (short_time, ==, "requested deployment time too short");
  status = dms_test_orchestrator_dup_status (self, "nobody", &unknown);
  g_assert_cmpstr (status, ==, "");
  g_assert_cmpstr (unknown, ==, "orchestrator with ID not found");
  g_assert_cmpstr (dms_test_text_of (shutdown, "Error"), ==, "orchestrator with ID not found");
  g_assert_cmpstr (dms_test_text_of (logs, "Error"), ==, "orchestrator with ID not found");
  g_assert_false (dms_json_object_get_flag (dms_message_get_object (update), "OK"));
}

static guint
count_listed (DmsTestOrchestrator *self, const char *json, gint64 *total, gboolean *more)
{
  g_autoptr (DmsMessage) reply = dms_test_orchestrator_ask_for (self, "list", json, 20);
  JsonObject *object = dms_message_get_object (reply);

  *total = dms_json_object_get_whole (object, "total", 0, 1000, -1);
  *more = dms_json_object_get_flag (object, "has_more");
  return json_array_get_length (dms_json_object_get_list (object, "deployments"));
}

static void
test_history (DmsTestOrchestrator *self, gconstpointer user_data)
{
  g_autofree char *first = dms_test_orchestrator_deploy (self, hello);
  g_autofree char *second = NULL;
  g_autofree char *third = NULL;
  g_autoptr (DmsMessage) reply = NULL;
  g_autoptr (DmsMessage) bare = NULL;
  g_autoptr (DmsMessage) wrong = NULL;
  g_autoptr (DmsMessage) busy = NULL;
  g_autoptr (DmsMessage) gone = NULL;
  g_autoptr (DmsMessage) pruned = NULL;
  g_autoptr (DmsMessage) latest = NULL;
  g_autofree char *log = NULL;
  JsonArray *list;
  gint64 total;
  gboolean more;

  dms_test_orchestrator_await_status (self, first, "Completed");
  second = dms_test_orchestrator_deploy (self, hello);
  dms_test_orchestrator_await_status (self, second, "Completed");
  third = dms_test_orchestrator_deploy (self, service);
  dms_test_orchestrator_await_status (self, third, "Running");
  g_assert_cmpuint (count_listed (self, "{}", &total, &more), ==, 3);
  g_assert_cmpuint (count_listed (self, "{\"limit\": 2}", &total, &more), ==, 2);
  g_assert_cmpint (total, ==, 3);
  g_assert_true (more);
  g_assert_cmpuint (count_listed (self, "{\"status\": [7]}", &total, &more), ==, 2);
  g_assert_cmpuint (count_listed (self, "{\"status\": [\"running\"]}", &total, &more), ==, 1);
  /* The filter comes before the paging. */
  g_assert_cmpuint (
      count_listed (self, "{\"metadata\": {\"team\": \"demo\"}, \"limit\": 1}", &total, &more), ==, 1);
  g_assert_cmpint (total, ==, 2);
  g_assert_true (more);
  g_assert_cmpuint (
      count_listed (self, "{\"created_after\": \"2100-01-01T00:00:00Z\"}", &total, &more), ==, 0);
  g_assert_cmpuint (
      count_listed (self, "{\"created_before\": \"2100-01-01T00:00:00Z\", \"offset\": 2}", &total, &more),
      ==,
      1);
  latest = dms_test_orchestrator_ask_for (self, "list", "{\"limit\": 1}", 20);
  list = dms_json_object_get_list (dms_message_get_object (latest), "deployments");
  g_assert_cmpstr (
      dms_json_object_get_text (json_array_get_object_element (list, 0), "orchestrator_id"), ==, third);

  busy = dms_test_orchestrator_ask_about (self, "delete", "orchestrator_id", third);
  g_assert_cmpstr (dms_test_text_of (busy, "error"), ==, "deployment is running: shut it down first");
  reply = dms_test_orchestrator_ask_about (self, "delete", "orchestrator_id", first);
  g_assert_true (dms_json_object_get_flag (dms_message_get_object (reply), "ok"));
  log = dms_test_orchestrator_read_log (self, first, "n1.job");
  g_assert_null (log);
  gone = dms_test_orchestrator_ask_about (self, "delete", "orchestrator_id", first);
  g_assert_cmpstr (dms_test_text_of (gone, "error"), ==, "orchestrator with ID not found");
  bare = dms_test_orchestrator_ask_for (self, "prune", "{}", 20);
  g_assert_cmpstr (dms_test_text_of (bare, "error"), ==, "before must be provided unless --all is used");
  wrong = dms_test_orchestrator_ask_for (self, "prune", "{\"before\": \"yesterday\"}", 20);
  g_assert_true (g_str_has_prefix (dms_test_text_of (wrong, "error"), "“yesterday” is no time"));
  pruned = dms_test_orchestrator_ask_for (self, "prune", "{\"before\": \"1d\"}", 20);
  g_assert_true (dms_json_object_get_flag (dms_message_get_object (pruned), "ok"));
  g_assert_cmpuint (count_listed (self, "{}", &total, &more), ==, 2);
  g_clear_pointer (&pruned, dms_message_unref);
  pruned = dms_test_orchestrator_ask_for (self, "prune", "{\"all\": true}", 20);
  g_assert_cmpuint (count_listed (self, "{}", &total, &more), ==, 1);
}

typedef struct
{
  DmsTestOrchestrator *fixture;
  const char *json;
  const char *status;
} AwaitedJob;

static gboolean
job_has_status (gpointer user_data)
{
  AwaitedJob *awaited = user_data;
  g_autoptr (DmsMessage) reply =
      dms_test_orchestrator_ask_for (awaited->fixture, "logs/async/status", awaited->json, 20);

  return strcmp (dms_test_text_of (reply, "Status"), awaited->status) == 0;
}

static void
test_async_logs (DmsTestOrchestrator *self, gconstpointer user_data)
{
  g_autofree char *id = dms_test_orchestrator_deploy (self, service);
  g_autofree char *json = g_strdup_printf ("{\"EnsembleID\": \"%s\", \"AllocationName\": \"n1.web\"}", id);
  g_autofree char *follow = g_strdup_printf ("{\"EnsembleID\": \"%s\", \"AllocationName\": \"n1.web\", "
                                             "\"Follow\": true, \"FollowIntervalSeconds\": 9999}",
                                             id);
  AwaitedJob awaited = { self, json, "complete" };
  g_autoptr (DmsMessage) none = NULL;
  g_autoptr (DmsMessage) started = NULL;
  g_autoptr (DmsMessage) following = NULL;
  g_autoptr (DmsMessage) stopped = NULL;
  g_autofree char *log = NULL;

  dms_test_orchestrator_await_status (self, id, "Running");
  none = dms_test_orchestrator_ask_for (self, "logs/async/status", json, 20);
  g_assert_true (g_str_has_prefix (dms_test_text_of (none, "Error"),
                                   "no log fetch for allocation n1.web by requester did:key:"));
  started = dms_test_orchestrator_ask_for (self, "logs/async", json, 20);
  g_assert_cmpstr (dms_test_text_of (started, "Status"), ==, "running");
  g_assert_cmpstr (dms_test_text_of (started, "FollowInterval"), ==, "10s");
  dms_test_wait (job_has_status, &awaited);
  log = dms_test_orchestrator_read_log (self, id, "n1.web");
  g_assert_cmpstr (log, ==, "hello from the job\n");
  following = dms_test_orchestrator_ask_for (self, "logs/async", follow, 20);
  g_assert_cmpstr (dms_test_text_of (following, "FollowInterval"), ==, "5m0s");
  dms_test_run (100);
  awaited.status = "running";
  g_assert_true (job_has_status (&awaited));
  stopped = dms_test_orchestrator_ask_for (self, "logs/async/stop", json, 20);
  g_assert_cmpstr (dms_test_text_of (stopped, "Status"), ==, "stopped");
  g_assert_cmpint (
      dms_json_object_get_whole (dms_message_get_object (stopped), "BytesWritten", 0, 100, 0), ==, 19);
}

/* Another node serves; ours has nothing to offer. */
static void
test_other_node (DmsTestOrchestrator *self, gconstpointer user_data)
{
  g_autoptr (DmsTestNode) other = dms_test_node_new ("orchestrator");
  g_autoptr (DmsFakeProvider) provider = dms_fake_provider_new (other);
  const char *peer = dms_handle_get_host (dms_test_node_get_handle (other));
  g_autofree char *job =
      g_strdup_printf ("version: V1\n"
                       "allocations:\n"
                       "  job: {executor: 'null', type: task, " RESOURCES ", execution: {type: 'null'}}\n"
                       "nodes: {n1: {allocations: [job], peer: %s}}\n",
                       peer);
  g_autofree char *id = NULL;
  g_autofree char *log = NULL;

  dms_test_node_allow (other, self->node, "/dms/deployment");
  self->provider->refuse_bids = TRUE;
  id = dms_test_orchestrator_deploy (self, job);
  dms_test_orchestrator_await_status (self, id, "Completed");
  g_assert_cmpuint (self->provider->n_requests, ==, 0);
  g_assert_cmpuint (provider->n_commits, ==, 1);
  g_assert_true (provider->acknowledged);
  log = dms_test_orchestrator_read_log (self, id, "n1.job");
  g_assert_cmpstr (log, ==, "hello from the job\n");
}

static gboolean
is_kept (DmsTestNode *asker, DmsHandle *target, const char *id, const char *key)
{
  g_autofree char *behaviour = g_strdup_printf ("/dms/orchestrator/%s/deployment/state", id);
  g_autofree char *json =
      g_strdup_printf ("{\"EnsembleID\": \"%s\", \"AllocationNamess\": [\"%s_%s\"]}", id, id, key);
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsMessage) reply =
      dms_test_invoke (dms_test_node_get_root (asker), target, behaviour, json, 10, &error);

  g_assert_no_error (error);
  return dms_json_object_get_flag (dms_message_get_object (reply), "OK");
}

/* A machine that was restarted keeps what it has of a deployment, and not what has gone to another since. */
static void
test_state (DmsTestOrchestrator *self, gconstpointer user_data)
{
  g_autoptr (DmsTestNode) other = dms_test_node_new ("orchestrator");
  g_autoptr (DmsFakeProvider) provider = dms_fake_provider_new (other);
  g_autofree char *job =
      g_strdup_printf ("version: V1\n"
                       "allocations:\n"
                       "  a: {executor: 'null', type: service, " RESOURCES ", execution: {type: 'null'}}\n"
                       "  b: {executor: 'null', type: service, " RESOURCES ", execution: {type: 'null'}}\n"
                       "nodes: {n1: {allocations: [a], peer: %s}, n2: {allocations: [b], peer: %s}}\n",
                       dms_handle_get_host (dms_test_node_get_handle (other)),
                       dms_handle_get_host (dms_test_node_get_handle (self->node)));
  g_autofree char *id = NULL;
  g_autoptr (DmsHandle) target = NULL;
  g_autoptr (DmsMessage) manifest = NULL;
  g_autoptr (GError) error = NULL;
  JsonObject *object;

  dms_test_node_allow (other, self->node, "/dms/deployment");
  id = dms_test_orchestrator_deploy (self, job);
  dms_test_orchestrator_await_status (self, id, "Running");
  manifest = dms_test_orchestrator_ask_about (self, "manifest", "ID", id);
  object = dms_json_object_get_child (dms_message_get_object (manifest), "manifest");
  target = dms_handle_new_from_json (dms_json_object_get_member (object, "orchestrator"), &error);
  g_assert_no_error (error);
  g_assert_true (is_kept (other, target, id, "n1.a"));
  g_assert_false (is_kept (other, target, id, "n2.b"));
  g_assert_true (is_kept (self->node, target, id, "n2.b"));
  g_assert_false (is_kept (other, target, id, "n1.never"));
}

/* A machine that serves one ensemble cannot speak about another one's allocations. */
static void
test_false_report (DmsTestOrchestrator *self, gconstpointer user_data)
{
  g_autoptr (DmsTestNode) other = dms_test_node_new ("orchestrator");
  g_autofree char *id = dms_test_orchestrator_deploy (self, service);
  g_autofree char *behaviour = g_strdup_printf ("/dms/orchestrator/%s/task-termination", id);
  g_autofree char *json = g_strdup_printf ("{\"allocation_id\": \"%s_n1.web\", \"status\": \"failed\"}", id);
  g_autoptr (DmsHandle) target = NULL;
  g_autoptr (DmsMessage) manifest = NULL;
  g_autoptr (DmsMessage) reply = NULL;
  g_autoptr (GError) error = NULL;
  JsonObject *object;

  dms_test_orchestrator_await_status (self, id, "Running");
  manifest = dms_test_orchestrator_ask_about (self, "manifest", "ID", id);
  object = dms_json_object_get_child (dms_message_get_object (manifest), "manifest");
  target = dms_handle_new_from_json (dms_json_object_get_member (object, "orchestrator"), &error);
  g_assert_no_error (error);
  reply = dms_test_invoke (dms_test_node_get_root (other), target, behaviour, json, 0.5, &error);
  g_assert_null (reply);
  g_assert_error (error, DMS_ERROR, DMS_ERROR_TIMED_OUT);
  dms_test_orchestrator_await_status (self, id, "Running");
}

int
main (int argc, char **argv)
{
  static const DmsOrchestratorTest tests[] = {
    { "task", test_task },
    { "failing-task", test_failing_task },
    { "no-output", test_no_output },
    { "layers", test_layers },
    { "gpus", test_gpus },
    { "commit-fails-once", test_commit_fails_once },
    { "allocate-fails-once", test_allocate_fails_once },
    { "start-always-fails", test_start_always_fails },
    { "service", test_service },
    { "service-dies", test_service_dies },
    { "shutdown-refused", test_shutdown_refused },
    { "shutdown-while-preparing", test_shutdown_while_preparing },
    { "shutdown-while-starting", test_shutdown_while_starting },
    { "health", test_health },
    { "healthy-first", test_healthy_first },
    { "late-revert", test_late_revert },
    { "state", test_state },
    { "restart-while-running", test_restart_while_running },
    { "restart-while-starting", test_restart_while_starting },
    { "restart-while-preparing", test_restart_while_preparing },
    { "damaged-record", test_damaged_record },
    { "refusals", test_refusals },
    { "history", test_history },
    { "async-logs", test_async_logs },
    { "other-node", test_other_node },
    { "false-report", test_false_report },
  };

  return dms_test_orchestrator_run (argc, argv, "/orchestrator/", tests, G_N_ELEMENTS (tests));
}
