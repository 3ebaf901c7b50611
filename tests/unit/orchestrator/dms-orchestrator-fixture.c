/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-orchestrator-fixture.h"

#include "common/dms-json-object.h"
#include "jobs/dms-job-parser.h"

#include <glib/gstdio.h>
#include <string.h>

#define REQUEST "/dms/deployment/request"
#define TOPIC   "/nunet/deployment"

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

void
dms_test_orchestrator_start (DmsTestOrchestrator *self)
{
  gboolean done = FALSE;

  self->orchestrator = dms_orchestrator_new (
      self->store, dms_test_node_get_root (self->node), dms_test_node_get_key (self->node), self->config);
  dms_orchestrator_install_behaviours (self->orchestrator, dms_test_node_get_root (self->node));
  dms_orchestrator_start_async (self->orchestrator, NULL, on_started, &done);
  dms_test_wait (is_set, &done);
}

void
dms_test_orchestrator_stop (DmsTestOrchestrator *self)
{
  gboolean done = FALSE;

  dms_orchestrator_stop_async (self->orchestrator, NULL, on_stopped, &done);
  dms_test_wait (is_set, &done);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_clear_object (&self->orchestrator);
}

static void
set_up (DmsTestOrchestrator *self, gboolean provides)
{
  g_autoptr (GError) error = NULL;

  self->dir = g_dir_make_tmp ("dms-orchestrator-XXXXXX", &error);
  g_assert_no_error (error);
  self->node = dms_test_node_new ("orchestrator");
  if (provides)
    self->provider = dms_fake_provider_new (self->node);
  self->store = dms_store_open (":memory:", &error);
  g_assert_no_error (error);
  self->config = dms_config_new ();
  g_assert_true (dms_config_set_override (self->config, "general.work_dir", self->dir, &error));
  dms_test_orchestrator_start (self);
}

void
dms_test_orchestrator_set_up (DmsTestOrchestrator *self, gconstpointer user_data)
{
  set_up (self, TRUE);
}

void
dms_test_orchestrator_set_up_alone (DmsTestOrchestrator *self)
{
  set_up (self, FALSE);
}

DmsTestNode *
dms_test_orchestrator_new_machine (DmsTestOrchestrator *self,
                                   gboolean hears,
                                   DmsBehaviourFunc on_request,
                                   gpointer user_data)
{
  DmsTestNode *machine = dms_test_node_new ("orchestrator");
  DmsActor *root = dms_test_node_get_root (machine);

  dms_actor_add_behaviour (root, REQUEST, DMS_BEHAVIOUR_REQUIRE, on_request, user_data, NULL);
  if (hears)
    dms_actor_add_broadcast (root, REQUEST, TOPIC, on_request, user_data, NULL);
  dms_test_node_allow (machine, self->node, "/dms/deployment");
  dms_test_node_allow_broadcast (machine, self->node, "/dms/deployment", TOPIC);
  return machine;
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

void
dms_test_orchestrator_tear_down (DmsTestOrchestrator *self, gconstpointer user_data)
{
  dms_test_orchestrator_stop (self);
  g_clear_pointer (&self->provider, dms_fake_provider_free);
  dms_test_node_free (self->node);
  dms_store_close (self->store);
  g_object_unref (self->store);
  g_object_unref (self->config);
  remove_tree (self->dir);
  g_free (self->dir);
}

/* Asks the node something as its owner would. */
DmsMessage *
dms_test_orchestrator_ask_for (DmsTestOrchestrator *self, const char *name, const char *json, double seconds)
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

DmsMessage *
dms_test_orchestrator_ask_about (DmsTestOrchestrator *self,
                                 const char *name,
                                 const char *member,
                                 const char *id)
{
  g_autofree char *json = g_strdup_printf ("{\"%s\": \"%s\"}", member, id);

  return dms_test_orchestrator_ask_for (self, name, json, 20);
}

const char *
dms_test_text_of (DmsMessage *message, const char *member)
{
  const char *text = dms_json_object_get_text (dms_message_get_object (message), member);

  return text != NULL ? text : "";
}

char *
dms_test_orchestrator_deploy_text (DmsTestOrchestrator *self,
                                   const char *job,
                                   double seconds,
                                   char **error_text)
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
  reply = dms_test_orchestrator_ask_for (self, "new", json, seconds);
  if (strcmp (dms_test_text_of (reply, "Status"), "OK") == 0)
    return g_strdup (dms_test_text_of (reply, "EnsembleID"));
  g_assert_cmpstr (dms_test_text_of (reply, "Status"), ==, "ERROR");
  if (error_text == NULL)
    g_error ("not deployed: %s", dms_test_text_of (reply, "Error"));
  *error_text = g_strdup (dms_test_text_of (reply, "Error"));
  return NULL;
}

char *
dms_test_orchestrator_deploy (DmsTestOrchestrator *self, const char *job)
{
  return dms_test_orchestrator_deploy_text (self, job, 75, NULL);
}

char *
dms_test_orchestrator_dup_status (DmsTestOrchestrator *self, const char *id, char **error_text)
{
  g_autoptr (DmsMessage) reply = dms_test_orchestrator_ask_about (self, "status", "id", id);

  if (error_text != NULL)
    *error_text = g_strdup (dms_test_text_of (reply, "error"));
  return g_strdup (dms_test_text_of (reply, "status"));
}

typedef struct
{
  DmsTestOrchestrator *fixture;
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

void
dms_test_orchestrator_await_status (DmsTestOrchestrator *self, const char *id, const char *status)
{
  Awaited awaited = { self, id, status };

  dms_test_wait (has_status, &awaited);
}

typedef struct
{
  DmsFakeProvider *provider;
  guint n;
} Started;

static gboolean
has_started (gpointer user_data)
{
  Started *wanted = user_data;

  return wanted->provider->started->len >= wanted->n && wanted->provider->n_open_starts == 0;
}

void
dms_test_orchestrator_await_starts (DmsTestOrchestrator *self, guint n)
{
  Started wanted = { self->provider, n };

  dms_test_wait (has_started, &wanted);
}

char *
dms_test_orchestrator_read_log (DmsTestOrchestrator *self, const char *id, const char *key)
{
  g_autofree char *path = g_build_filename (self->dir, "deployments", id, key, "stdout.log", NULL);
  char *content = NULL;

  g_file_get_contents (path, &content, NULL, NULL);
  return content;
}

int
dms_test_orchestrator_run (int argc,
                           char **argv,
                           const char *prefix,
                           const DmsOrchestratorTest *tests,
                           gsize n_tests)
{
  g_test_init (&argc, &argv, NULL);
  /* Machines that refuse are warned of. */
  g_log_set_always_fatal ((GLogLevelFlags) G_LOG_FATAL_MASK | G_LOG_LEVEL_CRITICAL);
  for (gsize i = 0; i < n_tests; i++)
    {
      g_autofree char *path = g_strconcat (prefix, tests[i].name, NULL);

      g_test_add (path,
                  DmsTestOrchestrator,
                  NULL,
                  dms_test_orchestrator_set_up,
                  tests[i].func,
                  dms_test_orchestrator_tear_down);
    }
  return g_test_run ();
}
