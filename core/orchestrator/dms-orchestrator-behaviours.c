/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "orchestrator/dms-orchestrator-private.h"

#include "common/dms-json-object.h"

#include <string.h>

/* /dms/node/deployment/{new,update,list,status,manifest,info,shutdown} (behaviors.md 3) */

enum
{
  MIN_DEPLOYMENT_SECONDS = 59,
  MIN_UPDATE_SECONDS = 118
};

/* A question that is answered after the statistics have come. */
typedef struct
{
  DmsMessage *message;
  JsonObject *reply;
  const char *member;
} UsageReply;

static void
reply_new (DmsMessage *message, const char *id, const char *error)
{
  JsonObject *reply = json_object_new ();

  json_object_set_string_member (reply, "Status", error == NULL ? "OK" : "ERROR");
  if (id != NULL)
    json_object_set_string_member (reply, "EnsembleID", id);
  if (error != NULL)
    json_object_set_string_member (reply, "Error", error);
  dms_message_reply_object (message, reply);
}

static void
handle_new (DmsActor *actor, DmsMessage *message, gpointer user_data)
{
  DmsOrchestrator *self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsEnsemble) ensemble = NULL;
  DmsDeployment *deployment;
  guint64 expiry = dms_message_get_expiry_ns (message);

  ensemble = dms_ensemble_new_from_json (
      dms_json_object_get_member (dms_message_get_object (message), "Ensemble"), &error);
  if (ensemble == NULL)
    {
      reply_new (message, NULL, error->message);
      return;
    }
  if (expiry < dms_actor_expiry_in (MIN_DEPLOYMENT_SECONDS))
    {
      reply_new (message, NULL, "requested deployment time too short");
      return;
    }
  deployment = dms_orchestrator_deploy (self, ensemble, expiry, &error);
  reply_new (message,
             deployment == NULL ? NULL : dms_deployment_get_id (deployment),
             deployment == NULL ? error->message : NULL);
}

static void
reply_ok (DmsMessage *message, const char *error)
{
  JsonObject *reply = json_object_new ();

  json_object_set_boolean_member (reply, "OK", error == NULL);
  json_object_set_string_member (reply, "Error", error != NULL ? error : "");
  dms_message_reply_object (message, reply);
}

/* The record of a deployment that is not in memory; NULL with an error for people. */
static DmsDocument *
find_record (DmsOrchestrator *self, const char *id, GError **error)
{
  DmsDocument *record;

  if (id == NULL || *id == '\0')
    {
      g_set_error (error, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT, "the ID of a deployment is required");
      return NULL;
    }
  if (self->records == NULL)
    {
      g_set_error (error, DMS_ERROR, DMS_ERROR_UNAVAILABLE, "the node is not ready yet");
      return NULL;
    }
  record = dms_deployment_records_get (self->records, id, error);
  if (record == NULL && error != NULL && g_error_matches (*error, DMS_ERROR, DMS_ERROR_NOT_FOUND))
    {
      g_clear_error (error);
      g_set_error (error, DMS_ERROR, DMS_ERROR_NOT_FOUND, "%s", DMS_ORCHESTRATOR_UNKNOWN);
    }
  return record;
}

static void
on_updated (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DmsMessage) message = user_data;
  g_autoptr (GError) error = NULL;

  if (dms_deployment_update_finish (DMS_DEPLOYMENT (source), result, &error))
    reply_ok (message, NULL);
  else
    reply_ok (message, error->message);
}

/* What is said of one that is not in memory. */
static void
refuse_change (DmsOrchestrator *self, DmsMessage *message, const char *id)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsDocument) record = find_record (self, id, &error);
  g_autofree char *text =
      record != NULL ? dms_orchestrator_explain_absence (self, id) : g_strdup (error->message);

  reply_ok (message, text);
}

static void
handle_update (DmsActor *actor, DmsMessage *message, gpointer user_data)
{
  DmsOrchestrator *self = user_data;
  const char *id = dms_orchestrator_get_id (message, "EnsembleID", "id");
  DmsDeployment *deployment = id == NULL ? NULL : g_hash_table_lookup (self->deployments, id);
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsEnsemble) ensemble = NULL;

  if (deployment == NULL)
    {
      refuse_change (self, message, id);
      return;
    }
  ensemble = dms_ensemble_new_from_json (
      dms_json_object_get_member (dms_message_get_object (message), "Ensemble"), &error);
  if (ensemble == NULL)
    reply_ok (message, error->message);
  else if (dms_message_get_expiry_ns (message) < dms_actor_expiry_in (MIN_UPDATE_SECONDS))
    reply_ok (message, "requested deployment update time too short");
  else
    dms_deployment_update_async (deployment,
                                 ensemble,
                                 dms_message_get_expiry_ns (message),
                                 NULL,
                                 on_updated,
                                 dms_message_ref (message));
}

static void
handle_list (DmsActor *actor, DmsMessage *message, gpointer user_data)
{
  DmsOrchestrator *self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) reply = NULL;
  JsonObject *empty;

  if (self->records != NULL)
    reply = dms_deployment_records_answer_list (self->records, dms_message_get_object (message), &error);
  if (reply != NULL)
    {
      dms_message_reply (message, reply, NULL);
      return;
    }
  empty = json_object_new ();
  json_object_set_array_member (empty, "deployments", json_array_new ());
  json_object_set_int_member (empty, "total", 0);
  json_object_set_boolean_member (empty, "has_more", FALSE);
  json_object_set_string_member (
      empty, "error", error != NULL ? error->message : "the node is not ready yet");
  dms_message_reply_object (message, empty);
}

static void
usage_reply_free (UsageReply *pending)
{
  dms_message_unref (pending->message);
  g_clear_pointer (&pending->reply, json_object_unref);
  g_free (pending);
}

static void
on_usage (GObject *source, GAsyncResult *result, gpointer user_data)
{
  UsageReply *pending = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonObject) usage = dms_deployment_query_usage_finish (DMS_DEPLOYMENT (source), result, &error);

  if (usage != NULL)
    json_object_set_object_member (pending->reply, pending->member, g_steal_pointer (&usage));
  dms_message_reply_object (pending->message, g_steal_pointer (&pending->reply));
  usage_reply_free (pending);
}

/* reply: (transfer full) */
static void
reply_with_usage (DmsMessage *message, JsonObject *reply, DmsDeployment *deployment, const char *member)
{
  UsageReply *pending;

  if (deployment == NULL || !dms_json_object_get_flag (dms_message_get_object (message), "include_usage"))
    {
      dms_message_reply_object (message, reply);
      return;
    }
  pending = g_new0 (UsageReply, 1);
  pending->message = dms_message_ref (message);
  pending->reply = reply;
  pending->member = member;
  dms_deployment_query_usage_async (deployment, NULL, on_usage, pending);
}

static void
add_leader (DmsOrchestrator *self, JsonObject *reply, const char *id)
{
  const char *leader = dms_orchestrator_get_other_leader (self, id);

  if (leader != NULL)
    json_object_set_string_member (reply, "orchestrated_by", leader);
}

static void
handle_status (DmsActor *actor, DmsMessage *message, gpointer user_data)
{
  DmsOrchestrator *self = user_data;
  const char *id = dms_orchestrator_get_id (message, "id", "EnsembleID");
  DmsDeployment *deployment = dms_orchestrator_find (self, id);
  JsonObject *reply = json_object_new ();
  g_autoptr (DmsDocument) record = NULL;
  g_autoptr (GError) error = NULL;

  if (deployment != NULL)
    {
      DmsDeploymentStatus status = dms_deployment_get_status (deployment);

      json_object_set_string_member (reply, "status", dms_deployment_status_to_string ((int) status));
      json_object_set_string_member (reply, "error", "");
      if (status == DMS_DEPLOYMENT_RUNNING)
        json_object_set_object_member (
            reply, "allocation_info", dms_deployment_dup_allocation_info (deployment));
      reply_with_usage (message, reply, deployment, "allocation_usage");
      return;
    }
  record = find_record (self, id, &error);
  add_leader (self, reply, id);
  json_object_set_string_member (
      reply,
      "status",
      record == NULL ? ""
                     : dms_deployment_status_to_string ((int) dms_deployment_records_get_status (record)));
  json_object_set_string_member (
      reply, "error", record == NULL ? error->message : dms_deployment_records_get_error (record));
  dms_message_reply_object (message, reply);
}

static JsonNode *
manifest_of (DmsDeployment *deployment)
{
  g_autoptr (DmsManifest) manifest = dms_deployment_dup_manifest (deployment);

  return dms_manifest_to_json (manifest);
}

static void
handle_manifest (DmsActor *actor, DmsMessage *message, gpointer user_data)
{
  DmsOrchestrator *self = user_data;
  const char *id = dms_orchestrator_get_id (message, "ID", "EnsembleID");
  DmsDeployment *deployment = dms_orchestrator_find (self, id);
  JsonObject *reply = json_object_new ();
  g_autoptr (DmsDocument) record = NULL;
  g_autoptr (GError) error = NULL;
  JsonNode *manifest = NULL;

  if (deployment != NULL)
    {
      json_object_set_member (reply, "manifest", manifest_of (deployment));
      dms_message_reply_object (message, reply);
      return;
    }
  record = find_record (self, id, &error);
  if (record != NULL)
    manifest = dms_json_object_get_member (dms_deployment_records_get_data (record), "Manifest");
  if (manifest != NULL)
    json_object_set_member (reply, "manifest", json_node_copy (manifest));
  else
    {
      json_object_set_object_member (reply, "manifest", json_object_new ());
      json_object_set_string_member (
          reply, "error", error != NULL ? error->message : "the manifest was not stored");
    }
  dms_message_reply_object (message, reply);
}

static gboolean
is_wanted (GStrv names, const char *id)
{
  const char *key = strchr (id, '_');
  const char *bare = key == NULL ? NULL : strchr (key, '.');

  if (names == NULL || names[0] == NULL)
    return TRUE;
  return g_strv_contains ((const char *const *) names, id) ||
         (key != NULL && g_strv_contains ((const char *const *) names, key + 1)) ||
         (bare != NULL && g_strv_contains ((const char *const *) names, bare + 1));
}

static JsonObject *
describe_logs (DmsOrchestrator *self, const char *id, const char *allocation_id)
{
  const char *key = strchr (allocation_id, '_');
  g_autofree char *directory = key == NULL ? NULL : dms_orchestrator_dup_log_directory (self, id, key + 1);
  g_autofree char *out = directory == NULL ? NULL : g_build_filename (directory, "stdout.log", NULL);
  g_autofree char *err = directory == NULL ? NULL : g_build_filename (directory, "stderr.log", NULL);
  JsonObject *logs = json_object_new ();

  if (out != NULL && g_file_test (out, G_FILE_TEST_IS_REGULAR))
    {
      json_object_set_string_member (logs, "stdout_path", out);
      json_object_set_string_member (logs, "stderr_path", err);
      json_object_set_string_member (logs, "logs_written_to", directory);
    }
  else
    {
      json_object_set_string_member (logs, "error", "the logs were not fetched yet: ask for deployment/logs");
    }
  return logs;
}

/* all: (nullable): AllocationInfo by ID, narrowed to what is asked for. */
static void
add_details (DmsOrchestrator *self, DmsMessage *message, const char *id, JsonObject *reply, JsonObject *all)
{
  JsonObject *payload = dms_message_get_object (message);
  g_auto (GStrv) names = dms_json_object_dup_texts (payload, "allocation_names");
  gboolean with_logs = dms_json_object_get_flag (payload, "include_logs");
  JsonObject *details = json_object_new ();
  JsonObjectIter iter;
  const char *name;
  JsonNode *info;

  if (all != NULL)
    {
      json_object_iter_init_ordered (&iter, all);
      while (json_object_iter_next_ordered (&iter, &name, &info))
        {
          g_autoptr (JsonNode) copy = NULL;

          if (!is_wanted (names, name) || !JSON_NODE_HOLDS_OBJECT (info))
            continue;
          copy = json_node_copy (info);
          if (with_logs)
            json_object_set_object_member (
                json_node_get_object (copy), "logs", describe_logs (self, id, name));
          json_object_set_member (details, name, g_steal_pointer (&copy));
        }
    }
  json_object_set_object_member (reply, "allocations", details);
  if (with_logs)
    json_object_set_array_member (reply, "earlier_logs", dms_orchestrator_list_earlier_logs (self, id));
}

static void
add_children (DmsOrchestrator *self, const char *id, JsonObject *reply)
{
  guint n_left;

  if (self->children == NULL)
    return;
  json_object_set_array_member (reply, "children", dms_children_list (self->children, id, &n_left));
  json_object_set_int_member (reply, "children_left_out", n_left);
}

static void
handle_info (DmsActor *actor, DmsMessage *message, gpointer user_data)
{
  DmsOrchestrator *self = user_data;
  const char *id = dms_orchestrator_get_id (message, "id", "EnsembleID");
  DmsDeployment *deployment = dms_orchestrator_find (self, id);
  g_autoptr (DmsDocument) record = deployment != NULL ? NULL : find_record (self, id, NULL);
  JsonObject *reply = json_object_new ();

  json_object_set_string_member (reply, "id", id != NULL ? id : "");
  if (deployment != NULL)
    {
      g_autoptr (JsonObject) all = dms_deployment_dup_allocation_info (deployment);

      json_object_set_string_member (
          reply, "status", dms_deployment_status_to_string ((int) dms_deployment_get_status (deployment)));
      json_object_set_string_member (reply, "error", "");
      json_object_set_member (reply, "manifest", manifest_of (deployment));
      add_details (self, message, id, reply, all);
      add_children (self, id, reply);
    }
  else if (record != NULL)
    {
      JsonObject *data = dms_deployment_records_get_data (record);
      JsonNode *manifest = dms_json_object_get_member (data, "Manifest");

      json_object_set_string_member (
          reply,
          "status",
          dms_deployment_status_to_string ((int) dms_deployment_records_get_status (record)));
      json_object_set_string_member (reply, "error", dms_deployment_records_get_error (record));
      add_leader (self, reply, id);
      if (manifest != NULL)
        json_object_set_member (reply, "manifest", json_node_copy (manifest));
      add_details (self, message, id, reply, dms_json_object_get_child (data, "AllocationInfo"));
    }
  else
    {
      json_object_set_string_member (reply, "status", "");
      json_object_set_string_member (reply, "error", DMS_ORCHESTRATOR_UNKNOWN);
    }
  reply_with_usage (message, reply, deployment, "usage");
}

static void
on_shut_down (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DmsMessage) message = user_data;
  g_autoptr (GError) error = NULL;

  if (dms_deployment_shutdown_finish (DMS_DEPLOYMENT (source), result, &error))
    reply_ok (message, NULL);
  else
    reply_ok (message, error->message);
}

static void
handle_shutdown (DmsActor *actor, DmsMessage *message, gpointer user_data)
{
  DmsOrchestrator *self = user_data;
  const char *id = dms_orchestrator_get_id (message, "ID", "EnsembleID");
  DmsDeployment *deployment = dms_orchestrator_find (self, id);

  if (deployment != NULL)
    dms_deployment_shutdown_async (deployment, NULL, on_shut_down, dms_message_ref (message));
  else
    refuse_change (self, message, id);
}

void
dms_orchestrator_install_deployment_behaviours (DmsOrchestrator *self, DmsActor *root)
{
  static const struct
  {
    const char *path;
    DmsBehaviourFunc func;
  } behaviours[] = {
    { "/dms/node/deployment/new", handle_new },           { "/dms/node/deployment/update", handle_update },
    { "/dms/node/deployment/list", handle_list },         { "/dms/node/deployment/status", handle_status },
    { "/dms/node/deployment/manifest", handle_manifest }, { "/dms/node/deployment/info", handle_info },
    { "/dms/node/deployment/shutdown", handle_shutdown },
  };

  for (guint i = 0; i < G_N_ELEMENTS (behaviours); i++)
    dms_actor_add_behaviour (root, behaviours[i].path, DMS_BEHAVIOUR_REQUIRE, behaviours[i].func, self, NULL);
}
