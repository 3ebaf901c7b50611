/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "common/dms-json-object.h"
#include "dms-test-node.h"
#include "jobs/dms-job-parser.h"
#include "orchestrator/dms-orchestrator.h"
#include "provider/dms-job-log.h"
#include "provider/dms-provider.h"

#include <string.h>

/* A whole node but its front ends: the orchestrator and the real provider with the null executor. */
typedef struct
{
  char *folder;
  DmsTestNode *node;
  DmsPluginManager *plugins;
  DmsConfig *config;
  DmsStore *store;
  DmsProvider *provider;
  DmsOrchestrator *orchestrator;
} Fixture;

static void
set_result (GObject *source, GAsyncResult *result, gpointer user_data)
{
  *(GAsyncResult **) user_data = g_object_ref (result);
}

static gboolean
is_set (gpointer user_data)
{
  return *(gpointer *) user_data != NULL;
}

static void
start_node (Fixture *self)
{
  DmsActor *root = dms_test_node_get_root (self->node);
  DmsKey *key = dms_test_node_get_key (self->node);
  g_autofree char *path = g_build_filename (self->folder, "dms.db", NULL);
  g_autoptr (GAsyncResult) provided = NULL;
  g_autoptr (GAsyncResult) orchestrated = NULL;
  g_autoptr (GError) error = NULL;

  self->store = dms_store_open (path, &error);
  g_assert_no_error (error);
  self->provider = dms_provider_new (self->store, self->plugins, root, key, self->config);
  self->orchestrator = dms_orchestrator_new (self->store, root, key, self->config);
  dms_orchestrator_install_behaviours (self->orchestrator, root);
  dms_provider_start_async (self->provider, NULL, set_result, &provided);
  dms_test_wait (is_set, &provided);
  g_assert_true (dms_provider_start_finish (self->provider, provided, &error));
  dms_orchestrator_start_async (self->orchestrator, NULL, set_result, &orchestrated);
  dms_test_wait (is_set, &orchestrated);
  g_assert_true (dms_orchestrator_start_finish (self->orchestrator, orchestrated, &error));
}

/* Nothing is ended: what runs goes on, what is under way stays as the database has it. */
static void
stop_node (Fixture *self)
{
  g_autoptr (GAsyncResult) provided = NULL;
  g_autoptr (GAsyncResult) orchestrated = NULL;

  dms_orchestrator_stop_async (self->orchestrator, NULL, set_result, &orchestrated);
  dms_provider_stop_async (self->provider, NULL, set_result, &provided);
  dms_test_wait (is_set, &orchestrated);
  dms_test_wait (is_set, &provided);
  g_assert_true (dms_orchestrator_stop_finish (self->orchestrator, orchestrated, NULL));
  g_assert_true (dms_provider_stop_finish (self->provider, provided, NULL));
  g_clear_object (&orchestrated);
  g_clear_object (&provided);
  dms_test_run (20);
  g_clear_object (&self->orchestrator);
  g_clear_object (&self->provider);
  dms_store_close (self->store);
  g_clear_object (&self->store);
}

static void
onboard (Fixture *self)
{
  g_autoptr (DmsCpu) cpu = dms_cpu_new (1, 0);
  g_autoptr (DmsRam) ram = dms_ram_new (64 << 20, 0, NULL);
  g_autoptr (DmsDisk) disk = dms_disk_new (64 << 20);
  g_autoptr (DmsResources) resources = dms_resources_new (cpu, ram, disk, NULL);
  g_autoptr (GError) error = NULL;

  dms_ledger_set_onboarded (dms_provider_get_ledger (self->provider), resources, &error);
  g_assert_no_error (error);
}

static void
set_up (Fixture *self, gconstpointer user_data)
{
  g_autofree char *plugins = g_build_filename (g_getenv ("DMS_BUILD_ROOT"), "plugins", "dummy", NULL);
  const char *const directories[] = { plugins, NULL };
  g_autoptr (GError) error = NULL;

  self->folder = g_dir_make_tmp ("dms-pipeline-XXXXXX", &error);
  g_assert_no_error (error);
  self->plugins = dms_plugin_manager_new (directories, NULL);
  dms_plugin_manager_load_all (self->plugins);
  g_assert_nonnull (dms_plugin_manager_get_executor (self->plugins, "null"));
  self->config = dms_config_new ();
  g_assert_true (dms_config_set_override (self->config, "general.work_dir", self->folder, NULL));
  g_assert_true (dms_config_set_override (self->config, "general.data_dir", self->folder, NULL));
  self->node = dms_test_node_new ("pipeline");
  start_node (self);
  onboard (self);
}

static void
tear_down (Fixture *self, gconstpointer user_data)
{
  stop_node (self);
  dms_test_node_free (self->node);
  g_object_unref (self->config);
  g_object_unref (self->plugins);
  dms_job_log_remove (self->folder);
  g_free (self->folder);
}

static gboolean
is_all_free (gpointer user_data)
{
  Fixture *self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsResources) free = dms_ledger_dup_free (dms_provider_get_ledger (self->provider), &error);
  g_auto (GStrv) ports = dms_port_ledger_list_holders (dms_provider_get_ports (self->provider), NULL);

  g_assert_no_error (error);
  return dms_cpu_get_cores (dms_resources_get_cpu (free)) == 1 &&
         dms_ram_get_size_bytes (dms_resources_get_ram (free)) == 64 << 20 && ports[0] == NULL;
}

/* A job of one allocation; what the null executor pretends to run is in params. */
static DmsEnsemble *
make_ensemble (const char *type, const char *params)
{
  g_autofree char *text = g_strdup_printf (
      "version: V1\n"
      "allocations:\n"
      "  job:\n"
      "    executor: 'null'\n"
      "    type: %s\n"
      "    resources: {cpu: {cores: 0.5}, ram: {size: 16MiB}, disk: {size: 16MiB}}\n"
      "    execution: {type: 'null', %s}\n"
      "nodes: {n1: {allocations: [job], ports: [{public: 0, private: 80, allocation: job}]}}\n",
      type,
      params);
  g_autoptr (GBytes) data = g_bytes_new (text, strlen (text));
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsEnsemble) ensemble = dms_job_parser_load_data ("job.yaml", NULL, data, &error);

  g_assert_no_error (error);
  return g_steal_pointer (&ensemble);
}

static char *
deploy (Fixture *self, const char *type, const char *params)
{
  g_autoptr (DmsEnsemble) ensemble = make_ensemble (type, params);
  g_autoptr (GError) error = NULL;
  DmsDeployment *deployment;

  deployment = dms_orchestrator_deploy (self->orchestrator, ensemble, dms_test_expiry_in (90), &error);
  g_assert_no_error (error);
  return g_strdup (dms_deployment_get_id (deployment));
}

static DmsDeploymentStatus
status_of (Fixture *self, const char *id, char **error_text)
{
  DmsDeployment *deployment = dms_orchestrator_find (self->orchestrator, id);
  g_autoptr (DmsDocument) record = NULL;
  g_autoptr (GError) error = NULL;

  if (deployment != NULL)
    return dms_deployment_get_status (deployment);
  record = dms_deployment_records_get (dms_orchestrator_get_records (self->orchestrator), id, &error);
  g_assert_no_error (error);
  if (error_text != NULL)
    *error_text = g_strdup (dms_deployment_records_get_error (record));
  return dms_deployment_records_get_status (record);
}

typedef struct
{
  Fixture *fixture;
  const char *id;
  gboolean running_is_enough;
} Awaited;

static gboolean
is_there (gpointer user_data)
{
  Awaited *awaited = user_data;
  DmsDeploymentStatus status = status_of (awaited->fixture, awaited->id, NULL);

  return dms_deployment_status_is_final (status) ||
         (awaited->running_is_enough && status == DMS_DEPLOYMENT_RUNNING);
}

static void
await_end (Fixture *self, const char *id, DmsDeploymentStatus expected, char **error_text)
{
  Awaited awaited = { self, id, FALSE };
  g_autofree char *text = NULL;

  dms_test_wait (is_there, &awaited);
  if (status_of (self, id, &text) != expected)
    g_error ("%s, %s", dms_deployment_status_to_string ((int) status_of (self, id, NULL)), text);
  if (error_text != NULL)
    *error_text = g_steal_pointer (&text);
}

static char *
read_log_of (Fixture *self, const char *id, const char *key, const char *name)
{
  g_autofree char *path = g_build_filename (self->folder, "deployments", id, key, name, NULL);
  char *content = NULL;

  g_file_get_contents (path, &content, NULL, NULL);
  return content;
}

static char *
read_log (Fixture *self, const char *id, const char *name)
{
  return read_log_of (self, id, "n1.job", name);
}

static void
test_task (Fixture *self, gconstpointer user_data)
{
  g_autofree char *id = deploy (self, "task", "stdout: 'out', stderr: 'err'");
  g_autofree char *out = NULL;
  g_autofree char *err = NULL;

  await_end (self, id, DMS_DEPLOYMENT_COMPLETED, NULL);
  out = read_log (self, id, "stdout.log");
  err = read_log (self, id, "stderr.log");
  g_assert_cmpstr (out, ==, "out");
  g_assert_cmpstr (err, ==, "err");
  dms_test_wait (is_all_free, self);
}

/* A task that runs twice at a time. */
static void
test_slots (Fixture *self, gconstpointer user_data)
{
  static const char text[] = "version: V1\n"
                             "allocations:\n"
                             "  job:\n"
                             "    executor: 'null'\n"
                             "    type: task\n"
                             "    resources: {cpu: {cores: 0.25}, ram: {size: 16MiB}, disk: {size: 16MiB}}\n"
                             "    execution: {type: 'null'}\n"
                             "    workflow: {for_each: [a, b, c], slots: 2}\n"
                             "nodes: {n1: {allocations: [job]}}\n";
  g_autoptr (GBytes) data = g_bytes_new_static (text, strlen (text));
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsEnsemble) ensemble = dms_job_parser_load_data ("job.yaml", NULL, data, &error);
  DmsDeployment *deployment;
  g_autofree char *id = NULL;

  g_assert_no_error (error);
  deployment = dms_orchestrator_deploy (self->orchestrator, ensemble, dms_test_expiry_in (90), &error);
  g_assert_no_error (error);
  id = g_strdup (dms_deployment_get_id (deployment));
  await_end (self, id, DMS_DEPLOYMENT_COMPLETED, NULL);
  dms_test_wait (is_all_free, self);
}

static void
test_failure (Fixture *self, gconstpointer user_data)
{
  g_autofree char *id = deploy (self, "task", "exit_code: 3");
  g_autofree char *error = NULL;

  await_end (self, id, DMS_DEPLOYMENT_FAILED, &error);
  g_assert_cmpstr (error, ==, "n1.job: exited with code 3");
  dms_test_wait (is_all_free, self);
}

static void
test_service (Fixture *self, gconstpointer user_data)
{
  g_autofree char *id = deploy (self, "service", "duration_ms: -1, stdout: 'serving'");
  Awaited awaited = { self, id, TRUE };
  g_autofree char *out = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  DmsDeployment *deployment;

  dms_test_wait (is_there, &awaited);
  deployment = dms_orchestrator_find (self->orchestrator, id);
  g_assert_nonnull (deployment);
  g_assert_false (is_all_free (self));
  dms_deployment_shutdown_async (deployment, NULL, set_result, &result);
  dms_test_wait (is_set, &result);
  dms_deployment_shutdown_finish (g_task_get_source_object (G_TASK (result)), result, &error);
  g_assert_no_error (error);
  await_end (self, id, DMS_DEPLOYMENT_COMPLETED, NULL);
  out = read_log (self, id, "stdout.log");
  g_assert_cmpstr (out, ==, "serving");
  dms_test_wait (is_all_free, self);
}

/* What a service wrote is not lost with it when an update makes it anew. */
static void
test_update (Fixture *self, gconstpointer user_data)
{
  g_autofree char *id = deploy (self, "service", "duration_ms: -1, stdout: 'first', stderr: 'oh'");
  g_autoptr (DmsEnsemble) ensemble = make_ensemble ("service", "duration_ms: -1, stdout: 'second'");
  Awaited awaited = { self, id, TRUE };
  g_autofree char *out = NULL;
  g_autofree char *err = NULL;
  g_autofree char *later = NULL;
  g_autoptr (GAsyncResult) updated = NULL;
  g_autoptr (GAsyncResult) stopped = NULL;
  g_autoptr (GError) error = NULL;
  DmsDeployment *deployment;

  dms_test_wait (is_there, &awaited);
  deployment = dms_orchestrator_find (self->orchestrator, id);
  dms_deployment_update_async (deployment, ensemble, dms_test_expiry_in (90), NULL, set_result, &updated);
  dms_test_wait (is_set, &updated);
  dms_deployment_update_finish (deployment, updated, &error);
  g_assert_no_error (error);
  out = read_log_of (self, id, "n1.job.before-1", "stdout.log");
  err = read_log_of (self, id, "n1.job.before-1", "stderr.log");
  g_assert_cmpstr (out, ==, "first");
  g_assert_cmpstr (err, ==, "oh");
  dms_deployment_shutdown_async (deployment, NULL, set_result, &stopped);
  dms_test_wait (is_set, &stopped);
  await_end (self, id, DMS_DEPLOYMENT_COMPLETED, NULL);
  later = read_log (self, id, "stdout.log");
  g_assert_cmpstr (later, ==, "second");
  dms_test_wait (is_all_free, self);
}

static void
test_too_large (Fixture *self, gconstpointer user_data)
{
  g_autofree char *first = deploy (self, "service", "duration_ms: -1");
  g_autofree char *second = deploy (self, "task", "duration_ms: 300");
  g_autofree char *third = NULL;
  Awaited awaited = { self, first, TRUE };

  /* Half of the machine each: the third finds nothing free until the second is over. */
  dms_test_wait (is_there, &awaited);
  third = deploy (self, "task", "duration_ms: 0");
  await_end (self, second, DMS_DEPLOYMENT_COMPLETED, NULL);
  await_end (self, third, DMS_DEPLOYMENT_COMPLETED, NULL);
}

/* The node is stopped at some moment of a deployment and started again: the job runs to its end, its output
 * is here, nothing is left reserved. */
static void
test_interrupted (Fixture *self, gconstpointer user_data)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (20);

  for (guint i = 0; i < 20; i++)
    {
      g_autofree char *id = deploy (self, "task", "stdout: 'whole', duration_ms: 40");
      g_autofree char *out = NULL;
      guint steps = (guint) g_rand_int_range (random, 0, 60);

      for (guint step = 0; step < steps; step++)
        {
          if (!g_main_context_iteration (NULL, FALSE))
            g_usleep (500);
        }
      stop_node (self);
      start_node (self);
      await_end (self, id, DMS_DEPLOYMENT_COMPLETED, NULL);
      out = read_log (self, id, "stdout.log");
      g_assert_cmpstr (out, ==, "whole");
      dms_test_wait (is_all_free, self);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  /* Machines that refuse are warned of. */
  g_log_set_always_fatal ((GLogLevelFlags) G_LOG_FATAL_MASK | G_LOG_LEVEL_CRITICAL);
  g_test_add ("/pipeline/task", Fixture, NULL, set_up, test_task, tear_down);
  g_test_add ("/pipeline/slots", Fixture, NULL, set_up, test_slots, tear_down);
  g_test_add ("/pipeline/failure", Fixture, NULL, set_up, test_failure, tear_down);
  g_test_add ("/pipeline/service", Fixture, NULL, set_up, test_service, tear_down);
  g_test_add ("/pipeline/update", Fixture, NULL, set_up, test_update, tear_down);
  g_test_add ("/pipeline/too-large", Fixture, NULL, set_up, test_too_large, tear_down);
  g_test_add ("/pipeline/interrupted", Fixture, NULL, set_up, test_interrupted, tear_down);
  return g_test_run ();
}
