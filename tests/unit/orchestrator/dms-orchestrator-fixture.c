/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-orchestrator-fixture.h"

#include "common/dms-json-object.h"
#include "jobs/dms-job-parser.h"

#include <glib/gstdio.h>
#include <string.h>

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

void
dms_test_orchestrator_set_up (DmsTestOrchestrator *self, gconstpointer user_data)
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
  dms_test_orchestrator_start (self);
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
  dms_fake_provider_free (self->provider);
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

char *
dms_test_orchestrator_read_log (DmsTestOrchestrator *self, const char *id, const char *key)
{
  g_autofree char *path = g_build_filename (self->dir, "deployments", id, key, "stdout.log", NULL);
  char *content = NULL;

  g_file_get_contents (path, &content, NULL, NULL);
  return content;
}
