/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "common/dms-json-object.h"
#include "dms-fake-provider.h"
#include "jobs/dms-job-parser.h"
#include "orchestrator/dms-orchestrator.h"
#include "store/dms-collection.h"

#include <glib/gstdio.h>
#include <string.h>

/* One node that deploys, its own fake provider, a store in memory and a scratch directory. */
typedef struct
{
  char *dir;
  DmsTestNode *node;
  DmsFakeProvider *provider;
  DmsStore *store;
  DmsConfig *config;
  DmsOrchestrator *orchestrator;
} Fixture;

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

static void
on_started (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;

  dms_orchestrator_start_finish (DMS_ORCHESTRATOR (source), result, &error);
  g_assert_no_error (error);
  *(gboolean *) user_data = TRUE;
}

static void
on_stopped (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_assert_true (dms_orchestrator_stop_finish (DMS_ORCHESTRATOR (source), result, NULL));
  *(gboolean *) user_data = TRUE;
}

static gboolean
is_set (gpointer user_data)
{
  return *(gboolean *) user_data;
}

static void
start_orchestrator (Fixture *self)
{
  gboolean done = FALSE;

  self->orchestrator = dms_orchestrator_new (
      self->store, dms_test_node_get_root (self->node), dms_test_node_get_key (self->node), self->config);
  dms_orchestrator_install_behaviours (self->orchestrator, dms_test_node_get_root (self->node));
  dms_orchestrator_start_async (self->orchestrator, NULL, on_started, &done);
  dms_test_wait (is_set, &done);
}

static void
stop_orchestrator (Fixture *self)
{
  gboolean done = FALSE;

  dms_orchestrator_stop_async (self->orchestrator, NULL, on_stopped, &done);
  dms_test_wait (is_set, &done);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_clear_object (&self->orchestrator);
}

static void
set_up (Fixture *self, gconstpointer user_data)
{
  g_autoptr (GError) error = NULL;

  self->dir = g_dir_make_tmp ("dms-orchestrator-XXXXXX", &error);
  g_assert_no_error (error);
  self->node = dms_test_node_new ("orchestrator");
  self->provider = dms_fake_provider_new (self->node);
  self->store = dms_store_open (":memory:", &error);
  g_assert_no_error (error);
  self->config = dms_config_new ();
  g_assert_true (dms_config_set_override (self->config, "general.work_dir", self->dir, &error));
  start_orchestrator (self);
}

static void
remove_tree (const char *path)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *inner = g_build_filename (path, name, NULL);

      remove_tree (inner);
    }
  g_remove (path);
}

static void
tear_down (Fixture *self, gconstpointer user_data)
{
  stop_orchestrator (self);
  dms_fake_provider_free (self->provider);
  dms_test_node_free (self->node);
  dms_store_close (self->store);
  g_object_unref (self->store);
  g_object_unref (self->config);
  remove_tree (self->dir);
  g_free (self->dir);
}

/* Asks the node something as its owner would. */
static DmsMessage *
ask_for (Fixture *self, const char *name, const char *json, double seconds)
{
  g_autofree char *behaviour = g_strconcat ("/dms/node/deployment/", name, NULL);
  g_autoptr (GError) error = NULL;
  DmsMessage *message = dms_test_invoke (dms_test_node_get_root (self->node),
                                         dms_test_node_get_handle (self->node),
                                         behaviour,
                                         json,
                                         seconds,
                                         &error);

  g_assert_no_error (error);
  return message;
}

static DmsMessage *
ask_about (Fixture *self, const char *name, const char *member, const char *id)
{
  g_autofree char *json = g_strdup_printf ("{\"%s\": \"%s\"}", member, id);

  return ask_for (self, name, json, 20);
}

static const char *
text_of (DmsMessage *message, const char *member)
{
  const char *text = dms_json_object_get_text (dms_message_get_object (message), member);

  return text != NULL ? text : "";
}

static char *
deploy_text (Fixture *self, const char *job, double seconds, char **error_text)
{
  g_autoptr (GBytes) data = g_bytes_new (job, strlen (job));
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsEnsemble) ensemble = dms_job_parser_load_data ("job.yaml", NULL, data, &error);
  g_autoptr (JsonNode) wire = NULL;
  g_autofree char *text = NULL;
  g_autofree char *json = NULL;
  g_autoptr (DmsMessage) reply = NULL;

  g_assert_no_error (error);
  wire = dms_ensemble_to_json (ensemble);
  text = dms_json_node_to_text (wire);
  json = g_strdup_printf ("{\"Ensemble\": %s}", text);
  reply = ask_for (self, "new", json, seconds);
  if (strcmp (text_of (reply, "Status"), "OK") == 0)
    return g_strdup (text_of (reply, "EnsembleID"));
  g_assert_cmpstr (text_of (reply, "Status"), ==, "ERROR");
  if (error_text == NULL)
    g_error ("not deployed: %s", text_of (reply, "Error"));
  *error_text = g_strdup (text_of (reply, "Error"));
  return NULL;
}

static char *
deploy (Fixture *self, const char *job)
{
  return deploy_text (self, job, 75, NULL);
}

static char *
dup_status (Fixture *self, const char *id, char **error_text)
{
  g_autoptr (DmsMessage) reply = ask_about (self, "status", "id", id);

  if (error_text != NULL)
    *error_text = g_strdup (text_of (reply, "error"));
  return g_strdup (text_of (reply, "status"));
}

typedef struct
{
  Fixture *fixture;
  const char *id;
  const char *status;
} Awaited;

static gboolean
has_status (gpointer user_data)
{
  Awaited *awaited = user_data;
  DmsDeployment *deployment = dms_orchestrator_find (awaited->fixture->orchestrator, awaited->id);
  g_autoptr (DmsDocument) record = NULL;
  DmsDeploymentStatus status;

  if (deployment != NULL)
    {
      status = dms_deployment_get_status (deployment);
    }
  else
    {
      record = dms_deployment_records_get (
          dms_orchestrator_get_records (awaited->fixture->orchestrator), awaited->id, NULL);
      if (record == NULL)
        return FALSE;
      status = dms_deployment_records_get_status (record);
    }
  return strcmp (dms_deployment_status_to_string ((int) status), awaited->status) == 0;
}

static void
await_status (Fixture *self, const char *id, const char *status)
{
  Awaited awaited = { self, id, status };

  dms_test_wait (has_status, &awaited);
}

static char *
read_log (Fixture *self, const char *id, const char *key)
{
  g_autofree char *path = g_build_filename (self->dir, "deployments", id, key, "stdout.log", NULL);
  char *content = NULL;

  g_file_get_contents (path, &content, NULL, NULL);
  return content;
}

static void
test_task (Fixture *self, gconstpointer user_data)
{
  g_autofree char *id = deploy (self, hello);
  g_autofree char *error = NULL;
  g_autofree char *status = NULL;
  g_autofree char *log = NULL;
  g_autoptr (DmsMessage) manifest = NULL;
  g_autoptr (DmsMessage) info = NULL;
  g_autoptr (DmsMessage) logs = NULL;
  JsonObject *allocation;
  JsonObject *ports;

  g_assert_cmpuint (strlen (id), ==, 64);
  await_status (self, id, "Completed");
  status = dup_status (self, id, &error);
  g_assert_cmpstr (status, ==, "Completed");
  g_assert_cmpstr (error, ==, "");
  g_assert_cmpuint (self->provider->n_commits, ==, 1);
  g_assert_cmpuint (self->provider->n_reverts, ==, 0);
  g_assert_cmpuint (dms_orchestrator_get_n_active (self->orchestrator), ==, 0);
  log = read_log (self, id, "n1.job");
  g_assert_cmpstr (log, ==, "hello from the job\n");

  manifest = ask_about (self, "manifest", "ID", id);
  allocation = dms_json_object_get_child (dms_message_get_object (manifest), "manifest");
  g_assert_cmpstr (dms_json_object_get_text (allocation, "id"), ==, id);
  g_assert_cmpstr (
      dms_json_object_get_text (dms_json_object_get_child (allocation, "metadata"), "team"), ==, "demo");
  allocation = dms_json_object_get_child (dms_json_object_get_child (allocation, "allocations"), "n1.job");
  g_assert_cmpstr (dms_json_object_get_text (allocation, "dns_name"), ==, "job.internal");
  g_assert_cmpstr (dms_json_object_get_text (allocation, "status"), ==, "completed");
  ports = dms_json_object_get_child (allocation, "ports");
  g_assert_cmpint (dms_json_object_get_whole (ports, "20000", 0, 65535, 0), ==, 80);

  info = ask_about (self, "info", "id", id);
  g_assert_cmpstr (text_of (info, "status"), ==, "Completed");
  g_assert_cmpuint (
      json_object_get_size (dms_json_object_get_child (dms_message_get_object (info), "allocations")), ==, 1);

  g_free (error);
  error = g_strdup_printf ("{\"EnsembleID\": \"%s\", \"AllocationName\": \"job\"}", id);
  logs = ask_for (self, "logs", error, 20);
  g_assert_cmpstr (text_of (logs, "Error"), ==, "");
  g_assert_true (g_str_has_suffix (text_of (logs, "LogsWrittenTo"), "/n1.job"));
}

static void
test_failing_task (Fixture *self, gconstpointer user_data)
{
  g_autofree char *id = NULL;
  g_autofree char *error = NULL;
  g_autofree char *status = NULL;
  g_autofree char *log = NULL;

  self->provider->exit_code = 137;
  self->provider->message = "memory limit of 64.0 MiB exceeded";
  id = deploy (self, hello);
  await_status (self, id, "Failed");
  status = dup_status (self, id, &error);
  g_assert_cmpstr (error, ==, "n1.job: memory limit of 64.0 MiB exceeded");
  log = read_log (self, id, "n1.job");
  g_assert_cmpstr (log, ==, "hello from the job\n");
}

static void
test_no_output (Fixture *self, gconstpointer user_data)
{
  g_autofree char *id = NULL;
  g_autofree char *json = NULL;
  g_autofree char *expected = NULL;
  g_autoptr (DmsMessage) logs = NULL;

  self->provider->output = "";
  id = deploy (self, hello);
  await_status (self, id, "Completed");
  json = g_strdup_printf ("{\"EnsembleID\": \"%s\", \"AllocationName\": \"n1.job\"}", id);
  logs = ask_for (self, "logs", json, 20);
  expected = g_strdup_printf ("stdout and stderr for allocation n1.job are empty (ensemble: %s)", id);
  g_assert_cmpstr (text_of (logs, "Error"), ==, expected);
}

static void
test_layers (Fixture *self, gconstpointer user_data)
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
  g_autofree char *id = deploy (self, job);

  await_status (self, id, "Completed");
  g_assert_cmpuint (self->provider->started->len, ==, 4);
  g_assert_cmpstr (self->provider->started->pdata[0], ==, "first");
  g_assert_cmpstr (self->provider->started->pdata[3], ==, "last");
  g_assert_cmpuint (self->provider->max_open_starts, ==, 2);
}

/* What the allocations of a node ask for is added up; GPUs are not merged. */
static void
test_gpus (Fixture *self, gconstpointer user_data)
{
  static const char job[] = "version: V1\n"
                            "resources: {r: {cpu: {cores: 1}, ram: {size: 1}, disk: {size: 1}, gpus: "
                            "[{vendor: NVIDIA, vram: 8}]}}\n"
                            "allocations:\n"
                            "  a: {executor: 'null', type: task, resources: r, execution: {type: 'null'}}\n"
                            "  b: {executor: 'null', type: task, resources: r, execution: {type: 'null'}}\n"
                            "nodes: {n1: {allocations: [a, b]}}\n";
  g_autofree char *id = deploy (self, job);

  await_status (self, id, "Completed");
  g_assert_cmpuint (self->provider->n_gpus, ==, 2);
}

static void
test_commit_fails_once (Fixture *self, gconstpointer user_data)
{
  g_autofree char *id = NULL;

  self->provider->n_commit_failures = 1;
  id = deploy (self, hello);
  await_status (self, id, "Completed");
  g_assert_cmpuint (self->provider->n_reverts, ==, 1);
  g_assert_cmpuint (self->provider->n_commits, ==, 2);
}

static void
test_allocate_fails_once (Fixture *self, gconstpointer user_data)
{
  g_autofree char *id = NULL;

  self->provider->n_allocate_failures = 1;
  id = deploy (self, hello);
  await_status (self, id, "Completed");
  g_assert_cmpuint (self->provider->n_reverts, ==, 1);
  g_assert_cmpuint (self->provider->n_allocates, ==, 2);
}

static void
test_start_always_fails (Fixture *self, gconstpointer user_data)
{
  g_autofree char *id = NULL;
  g_autofree char *error = NULL;
  g_autofree char *status = NULL;

  self->provider->n_start_failures = 1000;
  id = deploy (self, hello);
  await_status (self, id, "Failed");
  status = dup_status (self, id, &error);
  g_assert_cmpstr (error, ==, "failed to create deployment: starting n1.job: the image cannot be pulled");
  g_assert_cmpuint (self->provider->n_reverts, ==, 3);
}

static void
test_service (Fixture *self, gconstpointer user_data)
{
  g_autofree char *id = deploy (self, service);
  g_autoptr (DmsMessage) status = NULL;
  g_autoptr (DmsMessage) usage = NULL;
  g_autoptr (DmsMessage) reply = NULL;
  g_autoptr (DmsMessage) again = NULL;
  g_autofree char *json = g_strdup_printf ("{\"id\": \"%s\", \"include_usage\": true}", id);
  g_autofree char *allocation = g_strdup_printf ("%s_n1.web", id);
  g_autofree char *log = NULL;
  JsonObject *info;

  await_status (self, id, "Running");
  dms_fake_provider_beat (self->provider, "web");
  dms_test_wait (is_set, &self->provider->acknowledged);
  status = ask_for (self, "status", json, 20);
  info = dms_json_object_get_child (
      dms_json_object_get_child (dms_message_get_object (status), "allocation_info"), allocation);
  g_assert_cmpstr (dms_json_object_get_text (info, "status"), ==, "running");
  g_assert_cmpint (dms_json_object_get_whole (info, "heartbeat_seq", 0, 100, 0), ==, 7);
  info = dms_json_object_get_child (dms_message_get_object (status), "allocation_usage");
  g_assert_cmpint (dms_json_object_get_whole (
                       dms_json_object_get_child (info, allocation), "memory_used_bytes", 0, 9999, 0),
                   ==,
                   4096);
  reply = ask_about (self, "shutdown", "ID", id);
  g_assert_cmpstr (text_of (reply, "Error"), ==, "");
  g_assert_true (dms_json_object_get_flag (dms_message_get_object (reply), "OK"));
  await_status (self, id, "Completed");
  g_assert_cmpuint (self->provider->n_shutdowns, ==, 1);
  g_assert_cmpuint (self->provider->n_reverts, ==, 0);
  log = read_log (self, id, "n1.web");
  g_assert_cmpstr (log, ==, "hello from the job\n");
  again = ask_about (self, "shutdown", "ID", id);
  g_assert_cmpstr (text_of (again, "Error"), ==, "deployment is not running");
}

static void
test_service_dies (Fixture *self, gconstpointer user_data)
{
  g_autofree char *id = deploy (self, service);
  g_autofree char *error = NULL;
  g_autofree char *status = NULL;

  await_status (self, id, "Running");
  dms_fake_provider_end (self->provider, "web", 1, NULL);
  await_status (self, id, "Failed");
  status = dup_status (self, id, &error);
  g_assert_cmpstr (error, ==, "n1.web: it ended with exit code 1");
}

static void
test_shutdown_refused (Fixture *self, gconstpointer user_data)
{
  g_autofree char *id = deploy (self, service);
  g_autoptr (DmsMessage) reply = NULL;

  await_status (self, id, "Running");
  self->provider->refuse_shutdown = TRUE;
  reply = ask_about (self, "shutdown", "ID", id);
  g_assert_cmpstr (text_of (reply, "Error"), ==, "n1.web: the engine does not answer");
  await_status (self, id, "Completed");
  g_assert_cmpuint (self->provider->n_reverts, ==, 1);
}

static void
test_shutdown_while_preparing (Fixture *self, gconstpointer user_data)
{
  g_autofree char *id = NULL;
  g_autoptr (DmsMessage) reply = NULL;

  self->provider->refuse_bids = TRUE;
  id = deploy (self, hello);
  dms_test_run (50);
  await_status (self, id, "Preparing");
  reply = ask_about (self, "shutdown", "ID", id);
  g_assert_cmpstr (text_of (reply, "Error"), ==, "");
  await_status (self, id, "Completed");
  g_assert_cmpuint (self->provider->n_commits, ==, 0);
}

static void
test_shutdown_while_starting (Fixture *self, gconstpointer user_data)
{
  g_autofree char *id = NULL;
  g_autoptr (DmsMessage) reply = NULL;

  self->provider->hang_on_start = TRUE;
  id = deploy (self, hello);
  await_status (self, id, "Provisioning");
  reply = ask_about (self, "shutdown", "ID", id);
  g_assert_cmpstr (text_of (reply, "Error"), ==, "");
  await_status (self, id, "Completed");
  g_assert_cmpuint (self->provider->n_shutdowns, ==, 1);
}

static gboolean
was_restarted (gpointer user_data)
{
  return ((DmsFakeProvider *) user_data)->n_restarts > 0;
}

static void
test_health (Fixture *self, gconstpointer user_data)
{
  static const char job[] =
      "version: V1\n"
      "allocations:\n"
      "  web: {executor: 'null', type: service, " RESOURCES ", execution: {type: 'null'},"
      " healthcheck: {type: command, exec: ['true'], interval: 100ms}}\n"
      "nodes: {n1: {allocations: [web]}}\n";
  g_autofree char *id = NULL;

  self->provider->unhealthy = TRUE;
  id = deploy (self, job);
  await_status (self, id, "Running");
  dms_test_wait (was_restarted, self->provider);
  g_assert_cmpuint (self->provider->n_probes, ==, 3);
  /* Well again: no second restart. */
  dms_test_run (600);
  g_assert_cmpuint (self->provider->n_probes, >, 4);
  g_assert_cmpuint (self->provider->n_restarts, ==, 1);
}

static void
test_restart_while_running (Fixture *self, gconstpointer user_data)
{
  g_autofree char *id = NULL;
  g_autofree char *log = NULL;

  self->provider->job_ms = -1;
  id = deploy (self, hello);
  await_status (self, id, "Running");
  stop_orchestrator (self);
  start_orchestrator (self);
  g_assert_cmpuint (dms_orchestrator_get_n_active (self->orchestrator), ==, 1);
  await_status (self, id, "Running");
  dms_fake_provider_end (self->provider, "job", 0, NULL);
  await_status (self, id, "Completed");
  g_assert_true (self->provider->acknowledged);
  g_assert_cmpuint (self->provider->n_reverts, ==, 0);
  g_assert_cmpuint (self->provider->started->len, ==, 1);
  log = read_log (self, id, "n1.job");
  g_assert_cmpstr (log, ==, "hello from the job\n");
}

static gboolean
is_reverted_twice (gpointer user_data)
{
  return ((Fixture *) user_data)->provider->n_reverts == 2;
}

/* What a machine does not take back when it is asked is asked again, also by the next run of the node. */
static void
test_late_revert (Fixture *self, gconstpointer user_data)
{
  g_autofree char *id = deploy (self, service);
  g_autoptr (DmsMessage) reply = NULL;
  g_autoptr (DmsCollection) collection = NULL;
  g_autoptr (DmsQuery) query = dms_query_new ();
  g_autoptr (GPtrArray) left = NULL;
  g_autoptr (GError) error = NULL;

  await_status (self, id, "Running");
  self->provider->refuse_shutdown = TRUE;
  self->provider->n_revert_failures = 1;
  reply = ask_about (self, "shutdown", "ID", id);
  await_status (self, id, "Completed");
  g_assert_cmpuint (self->provider->n_reverts, ==, 1);
  stop_orchestrator (self);
  start_orchestrator (self);
  dms_test_wait (is_reverted_twice, self);
  /* The answer comes a moment later; then nothing is kept of it. */
  dms_test_run (200);
  collection = dms_collection_new (self->store, "late_reverts", NULL, &error);
  g_assert_no_error (error);
  left = dms_collection_query (collection, query, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (left->len, ==, 0);
}

static void
test_restart_while_starting (Fixture *self, gconstpointer user_data)
{
  g_autofree char *id = NULL;

  self->provider->hang_on_start = TRUE;
  id = deploy (self, hello);
  await_status (self, id, "Provisioning");
  dms_test_run (50);
  stop_orchestrator (self);
  self->provider->hang_on_start = FALSE;
  start_orchestrator (self);
  await_status (self, id, "Completed");
  g_assert_cmpuint (self->provider->n_commits, ==, 1);
}

static void
test_restart_while_preparing (Fixture *self, gconstpointer user_data)
{
  g_autofree char *id = NULL;

  self->provider->refuse_bids = TRUE;
  id = deploy (self, hello);
  dms_test_run (50);
  stop_orchestrator (self);
  self->provider->refuse_bids = FALSE;
  start_orchestrator (self);
  await_status (self, id, "Completed");
}

static void
test_damaged_record (Fixture *self, gconstpointer user_data)
{
  g_autoptr (JsonObject) none = json_object_new ();
  g_autoptr (JsonNode) data = dms_json_node_from_text ("{\"Cfg\": {\"v1\": 3}}", -1, NULL);
  g_autofree char *error = NULL;
  g_autofree char *status = NULL;

  g_assert_true (dms_deployment_records_put (dms_orchestrator_get_records (self->orchestrator),
                                             "abc",
                                             DMS_DEPLOYMENT_RUNNING,
                                             NULL,
                                             none,
                                             0,
                                             data,
                                             NULL));
  stop_orchestrator (self);
  start_orchestrator (self);
  status = dup_status (self, "abc", &error);
  g_assert_cmpstr (status, ==, "Failed");
  g_assert_cmpstr (error, ==, "the record of deployment abc is damaged: must be a map, got 3");
}

static void
test_refusals (Fixture *self, gconstpointer user_data)
{
  g_autofree char *short_time = NULL;
  g_autofree char *unknown = NULL;
  g_autofree char *status = NULL;
  g_autoptr (DmsMessage) empty = ask_for (self, "new", "{}", 75);
  g_autoptr (DmsMessage) broken = ask_for (self, "new", "{\"Ensemble\": {\"v1\": {\"allocations\": 5}}}", 75);
  g_autoptr (DmsMessage) shutdown = ask_about (self, "shutdown", "ID", "nobody");
  g_autoptr (DmsMessage) logs =
      ask_for (self, "logs", "{\"EnsembleID\": \"../..\", \"AllocationName\": \"../x\"}", 20);
  g_autoptr (DmsMessage) update = ask_for (self, "update", "{}", 200);

  g_assert_cmpstr (text_of (empty, "Error"), ==, "empty ensemble config");
  g_assert_cmpstr (text_of (broken, "Error"),
                   ==,
                   "allocations: must be a map, got 5\nnodes: at least one node must be defined");
  /* 30 s also for those with patience. */
  g_assert_null (deploy_text (self, hello, 30 / dms_test_get_patience (), &short_time));
  g_assert_cmpstr (short_time, ==, "requested deployment time too short");
  status = dup_status (self, "nobody", &unknown);
  g_assert_cmpstr (status, ==, "");
  g_assert_cmpstr (unknown, ==, "orchestrator with ID not found");
  g_assert_cmpstr (text_of (shutdown, "Error"), ==, "orchestrator with ID not found");
  g_assert_cmpstr (text_of (logs, "Error"), ==, "orchestrator with ID not found");
  g_assert_false (dms_json_object_get_flag (dms_message_get_object (update), "OK"));
}

static guint
count_listed (Fixture *self, const char *json, gint64 *total, gboolean *more)
{
  g_autoptr (DmsMessage) reply = ask_for (self, "list", json, 20);
  JsonObject *object = dms_message_get_object (reply);

  *total = dms_json_object_get_whole (object, "total", 0, 1000, -1);
  *more = dms_json_object_get_flag (object, "has_more");
  return json_array_get_length (dms_json_object_get_list (object, "deployments"));
}

static void
test_history (Fixture *self, gconstpointer user_data)
{
  g_autofree char *first = deploy (self, hello);
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

  await_status (self, first, "Completed");
  second = deploy (self, hello);
  await_status (self, second, "Completed");
  third = deploy (self, service);
  await_status (self, third, "Running");
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
  latest = ask_for (self, "list", "{\"limit\": 1}", 20);
  list = dms_json_object_get_list (dms_message_get_object (latest), "deployments");
  g_assert_cmpstr (
      dms_json_object_get_text (json_array_get_object_element (list, 0), "orchestrator_id"), ==, third);

  busy = ask_about (self, "delete", "orchestrator_id", third);
  g_assert_cmpstr (text_of (busy, "error"), ==, "deployment is running: shut it down first");
  reply = ask_about (self, "delete", "orchestrator_id", first);
  g_assert_true (dms_json_object_get_flag (dms_message_get_object (reply), "ok"));
  log = read_log (self, first, "n1.job");
  g_assert_null (log);
  gone = ask_about (self, "delete", "orchestrator_id", first);
  g_assert_cmpstr (text_of (gone, "error"), ==, "orchestrator with ID not found");
  bare = ask_for (self, "prune", "{}", 20);
  g_assert_cmpstr (text_of (bare, "error"), ==, "before must be provided unless --all is used");
  wrong = ask_for (self, "prune", "{\"before\": \"yesterday\"}", 20);
  g_assert_true (g_str_has_prefix (text_of (wrong, "error"), "“yesterday” is no time"));
  pruned = ask_for (self, "prune", "{\"before\": \"1d\"}", 20);
  g_assert_true (dms_json_object_get_flag (dms_message_get_object (pruned), "ok"));
  g_assert_cmpuint (count_listed (self, "{}", &total, &more), ==, 2);
  g_clear_pointer (&pruned, dms_message_unref);
  pruned = ask_for (self, "prune", "{\"all\": true}", 20);
  g_assert_cmpuint (count_listed (self, "{}", &total, &more), ==, 1);
}

typedef struct
{
  Fixture *fixture;
  const char *json;
  const char *status;
} AwaitedJob;

static gboolean
job_has_status (gpointer user_data)
{
  AwaitedJob *awaited = user_data;
  g_autoptr (DmsMessage) reply = ask_for (awaited->fixture, "logs/async/status", awaited->json, 20);

  return strcmp (text_of (reply, "Status"), awaited->status) == 0;
}

static void
test_async_logs (Fixture *self, gconstpointer user_data)
{
  g_autofree char *id = deploy (self, service);
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

  await_status (self, id, "Running");
  none = ask_for (self, "logs/async/status", json, 20);
  g_assert_true (
      g_str_has_prefix (text_of (none, "Error"), "no log fetch for allocation n1.web by requester did:key:"));
  started = ask_for (self, "logs/async", json, 20);
  g_assert_cmpstr (text_of (started, "Status"), ==, "running");
  g_assert_cmpstr (text_of (started, "FollowInterval"), ==, "10s");
  dms_test_wait (job_has_status, &awaited);
  log = read_log (self, id, "n1.web");
  g_assert_cmpstr (log, ==, "hello from the job\n");
  following = ask_for (self, "logs/async", follow, 20);
  g_assert_cmpstr (text_of (following, "FollowInterval"), ==, "5m0s");
  dms_test_run (100);
  awaited.status = "running";
  g_assert_true (job_has_status (&awaited));
  stopped = ask_for (self, "logs/async/stop", json, 20);
  g_assert_cmpstr (text_of (stopped, "Status"), ==, "stopped");
  g_assert_cmpint (
      dms_json_object_get_whole (dms_message_get_object (stopped), "BytesWritten", 0, 100, 0), ==, 19);
}

/* Another node serves; ours has nothing to offer. */
static void
test_other_node (Fixture *self, gconstpointer user_data)
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
  id = deploy (self, job);
  await_status (self, id, "Completed");
  g_assert_cmpuint (self->provider->n_requests, ==, 0);
  g_assert_cmpuint (provider->n_commits, ==, 1);
  g_assert_true (provider->acknowledged);
  log = read_log (self, id, "n1.job");
  g_assert_cmpstr (log, ==, "hello from the job\n");
}

/* A machine that serves one ensemble cannot speak about another one's allocations. */
static void
test_false_report (Fixture *self, gconstpointer user_data)
{
  g_autoptr (DmsTestNode) other = dms_test_node_new ("orchestrator");
  g_autofree char *id = deploy (self, service);
  g_autofree char *behaviour = g_strdup_printf ("/dms/orchestrator/%s/task-termination", id);
  g_autofree char *json = g_strdup_printf ("{\"allocation_id\": \"%s_n1.web\", \"status\": \"failed\"}", id);
  g_autoptr (DmsHandle) target = NULL;
  g_autoptr (DmsMessage) manifest = NULL;
  g_autoptr (DmsMessage) reply = NULL;
  g_autoptr (GError) error = NULL;
  JsonObject *object;

  await_status (self, id, "Running");
  manifest = ask_about (self, "manifest", "ID", id);
  object = dms_json_object_get_child (dms_message_get_object (manifest), "manifest");
  target = dms_handle_new_from_json (dms_json_object_get_member (object, "orchestrator"), &error);
  g_assert_no_error (error);
  reply = dms_test_invoke (dms_test_node_get_root (other), target, behaviour, json, 0.5, &error);
  g_assert_null (reply);
  g_assert_error (error, DMS_ERROR, DMS_ERROR_TIMED_OUT);
  await_status (self, id, "Running");
}

int
main (int argc, char **argv)
{
  static const struct
  {
    const char *path;
    void (*func) (Fixture *self, gconstpointer user_data);
  } tests[] = {
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
    { "late-revert", test_late_revert },
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

  g_test_init (&argc, &argv, NULL);
  /* Machines that refuse are warned of. */
  g_log_set_always_fatal ((GLogLevelFlags) G_LOG_FATAL_MASK | G_LOG_LEVEL_CRITICAL);
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    {
      g_autofree char *path = g_strconcat ("/orchestrator/", tests[i].path, NULL);

      g_test_add (path, Fixture, NULL, set_up, tests[i].func, tear_down);
    }
  return g_test_run ();
}
