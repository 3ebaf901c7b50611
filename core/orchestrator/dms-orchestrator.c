/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "orchestrator/dms-orchestrator-private.h"

#include "actor/dms-actor-registry.h"
#include "common/dms-json-object.h"
#include "observability/dms-log.h"

#include <string.h>

enum
{
  MAX_ACTIVE = 10000,
  MAX_NUDGED = 2,
  /* Plans at one time; each asks as many machines as a deployment. */
  MAX_PLANS = 16,
};

G_DEFINE_FINAL_TYPE (DmsOrchestrator, dms_orchestrator, G_TYPE_OBJECT)

static void
let_go (DmsOrchestrator *self)
{
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, self->log_jobs);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    dms_log_fetch_stop (value);
  g_hash_table_remove_all (self->log_jobs);
  g_hash_table_iter_init (&iter, self->deployments);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      g_signal_handlers_disconnect_by_data (value, self);
      dms_deployment_detach (value);
    }
  g_hash_table_remove_all (self->deployments);
  if (self->heartbeats != NULL)
    dms_heartbeats_stop (self->heartbeats);
  g_clear_object (&self->heartbeats);
  g_hash_table_iter_init (&iter, self->plans);
  while (g_hash_table_iter_next (&iter, &value, NULL))
    dms_deployment_detach (value);
  g_hash_table_remove_all (self->plans);
}

static void
dms_orchestrator_dispose (GObject *object)
{
  DmsOrchestrator *self = DMS_ORCHESTRATOR (object);

  dms_orchestrator_stop_successions (self);
  let_go (self);
  g_clear_object (&self->late_reverts);
  g_clear_object (&self->track);
  g_clear_object (&self->children);
  g_clear_object (&self->root);
  g_clear_object (&self->records);
  g_clear_object (&self->config);
  g_clear_object (&self->store);
  G_OBJECT_CLASS (dms_orchestrator_parent_class)->dispose (object);
}

static void
dms_orchestrator_finalize (GObject *object)
{
  DmsOrchestrator *self = DMS_ORCHESTRATOR (object);

  g_clear_pointer (&self->key, dms_key_unref);
  g_clear_pointer (&self->locator, dms_locator_free);
  g_hash_table_unref (self->deployments);
  g_hash_table_unref (self->plans);
  g_hash_table_unref (self->successions);
  g_hash_table_unref (self->log_jobs);
  G_OBJECT_CLASS (dms_orchestrator_parent_class)->finalize (object);
}

static void
dms_orchestrator_class_init (DmsOrchestratorClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = dms_orchestrator_dispose;
  object_class->finalize = dms_orchestrator_finalize;
}

static void
dms_orchestrator_init (DmsOrchestrator *self)
{
  self->deployments = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_object_unref);
  self->successions = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_object_unref);
  self->plans = g_hash_table_new_full (NULL, NULL, g_object_unref, NULL);
  self->log_jobs = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_object_unref);
}

DmsOrchestrator *
dms_orchestrator_new (DmsStore *store, DmsActor *root, DmsKey *key, DmsConfig *config)
{
  DmsOrchestrator *self = g_object_new (DMS_TYPE_ORCHESTRATOR, NULL);

  self->store = g_object_ref (store);
  self->root = g_object_ref (root);
  self->key = dms_key_ref (key);
  self->config = g_object_ref (config);
  self->locator = dms_locator_new (config);
  return self;
}

/* Where this node is, as far as that is known by now: some prefer what is near. */
static DmsLocation *
get_here (DmsOrchestrator *self)
{
  dms_locator_follow (self->locator, dms_actor_registry_get_transport (dms_actor_get_registry (self->root)));
  return dms_locator_get_location (self->locator);
}

/* What one deployment gave back may be what others wait for. Only some are told, so that many that wait do
 * not all ask at once. */
static void
nudge_some (DmsOrchestrator *self)
{
  GHashTableIter iter;
  gpointer value;
  guint n_nudged = 0;

  g_hash_table_iter_init (&iter, self->deployments);
  while (n_nudged < MAX_NUDGED && g_hash_table_iter_next (&iter, NULL, &value))
    n_nudged += dms_deployment_nudge (value) ? 1 : 0;
}

static void
on_over (DmsDeployment *deployment, gpointer user_data)
{
  DmsOrchestrator *self = user_data;
  g_autoptr (DmsDeployment) kept = g_object_ref (deployment);

  dms_orchestrator_end_log_jobs (self, deployment);
  dms_orchestrator_end_succession (self, dms_deployment_get_id (deployment));
  g_signal_handlers_disconnect_by_data (deployment, self);
  g_hash_table_remove (self->deployments, dms_deployment_get_id (deployment));
  if (self->children != NULL)
    dms_children_review (self->children);
  nudge_some (self);
}

static void
on_child_request (DmsDeployment *deployment, DmsMessage *message, gpointer user_data)
{
  DmsOrchestrator *self = user_data;

  if (self->children != NULL)
    dms_children_handle (self->children, deployment, message);
}

static void
on_not_reverted (DmsDeployment *deployment,
                 DmsHandle *machine,
                 const char *const *names,
                 guint64 round,
                 gpointer user_data)
{
  DmsOrchestrator *self = user_data;

  if (self->late_reverts != NULL)
    dms_late_reverts_add (self->late_reverts, dms_deployment_get_id (deployment), machine, names, round);
}

static gboolean
is_wanted (const char *ensemble_id, DmsHandle *machine, const char *name, gpointer user_data)
{
  DmsDeployment *deployment = dms_orchestrator_find (user_data, ensemble_id);

  return deployment != NULL && dms_deployment_is_on (deployment, machine, name);
}

void
dms_orchestrator_let_go (DmsOrchestrator *self, const char *id)
{
  DmsDeployment *deployment = dms_orchestrator_find (self, id);

  if (deployment == NULL)
    return;
  dms_orchestrator_end_log_jobs (self, deployment);
  g_signal_handlers_disconnect_by_data (deployment, self);
  dms_deployment_detach (deployment);
  g_hash_table_remove (self->deployments, id);
}

/* Takes the deployment into the table, then lets it begin. */
static gboolean
adopt (DmsOrchestrator *self, DmsDeployment *deployment, GError **error)
{
  const char *id = dms_deployment_get_id (deployment);

  g_hash_table_insert (self->deployments, g_strdup (id), g_object_ref (deployment));
  dms_deployment_set_knowledge (deployment, self->track, get_here (self));
  g_signal_connect (deployment, "over", G_CALLBACK (on_over), self);
  if (self->heartbeats == NULL)
    self->heartbeats = dms_heartbeats_new (self->root);
  dms_deployment_set_heartbeats (deployment, self->heartbeats);
  g_signal_connect (deployment, "not-reverted", G_CALLBACK (on_not_reverted), self);
  g_signal_connect (deployment, "child-request", G_CALLBACK (on_child_request), self);
  dms_deployment_set_succession (deployment, g_hash_table_lookup (self->successions, id));
  if (dms_deployment_start (deployment, error))
    return TRUE;
  g_signal_handlers_disconnect_by_data (deployment, self);
  g_hash_table_remove (self->deployments, id);
  return FALSE;
}

void
dms_orchestrator_restore (DmsOrchestrator *self, DmsDocument *record)
{
  JsonObject *body = dms_json_node_get_child (dms_document_get_body (record));
  JsonObject *metadata = dms_json_object_get_child (body, "metadata");
  JsonNode *data = dms_json_object_get_member (body, "deployment_data");
  const char *id = dms_document_get_id (record);
  g_autoptr (JsonObject) none = json_object_new ();
  g_autoptr (JsonNode) nothing = json_node_new (JSON_NODE_NULL);
  g_autoptr (JsonNode) failed = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsDeployment) deployment = NULL;

  if (!dms_orchestrator_may_lead (self, id))
    return;
  deployment = dms_deployment_new_from_record (record,
                                               self->root,
                                               self->key,
                                               self->records,
                                               dms_config_get_string (self->config, "general.work_dir"),
                                               &error);
  if (deployment != NULL && adopt (self, deployment, &error))
    {
      dms_log_event (G_LOG_LEVEL_INFO, "deployment_restored", "orchestratorID", id, NULL);
      return;
    }
  dms_log_event (
      G_LOG_LEVEL_WARNING, "deployment_not_restored", "orchestratorID", id, "error", error->message, NULL);
  if (g_error_matches (error, DMS_ERROR, DMS_ERROR_CORRUPT))
    {
      failed = dms_deployment_records_make_body (id,
                                                 DMS_DEPLOYMENT_FAILED,
                                                 error->message,
                                                 metadata != NULL ? metadata : none,
                                                 g_get_real_time (),
                                                 data != NULL ? data : nothing);
      (void) dms_deployment_records_put (self->records, id, failed, NULL);
    }
}

void
dms_orchestrator_start_async (DmsOrchestrator *self,
                              GCancellable *cancellable,
                              GAsyncReadyCallback callback,
                              gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);
  g_autoptr (GPtrArray) unfinished = NULL;
  GError *error = NULL;

  g_task_set_source_tag (task, dms_orchestrator_start_async);
  self->records = dms_deployment_records_new (self->store, &error);
  if (self->records != NULL)
    self->late_reverts = dms_late_reverts_new (self->store, self->root, is_wanted, self, &error);
  if (self->late_reverts != NULL)
    self->track = dms_track_record_new (self->store, &error);
  if (self->track != NULL && dms_orchestrator_start_successions (self, &error))
    self->children = dms_children_new (self, self->store, &error);
  if (self->children != NULL)
    unfinished = dms_deployment_records_list_unfinished (self->records, &error);
  if (unfinished == NULL)
    {
      dms_orchestrator_stop_successions (self);
      g_clear_object (&self->children);
      g_clear_object (&self->late_reverts);
      g_clear_object (&self->track);
      g_clear_object (&self->records);
      g_task_return_error (task, error);
      return;
    }
  for (guint i = 0; i < unfinished->len; i++)
    dms_orchestrator_restore (self, unfinished->pdata[i]);
  dms_children_review (self->children);
  g_task_return_boolean (task, TRUE);
}

gboolean
dms_orchestrator_start_finish (DmsOrchestrator *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

void
dms_orchestrator_stop_async (DmsOrchestrator *self,
                             GCancellable *cancellable,
                             GAsyncReadyCallback callback,
                             gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);

  g_task_set_source_tag (task, dms_orchestrator_stop_async);
  dms_orchestrator_stop_successions (self);
  let_go (self);
  if (self->late_reverts != NULL)
    dms_late_reverts_stop (self->late_reverts);
  g_clear_object (&self->late_reverts);
  g_clear_object (&self->track);
  g_clear_object (&self->children);
  g_clear_object (&self->records);
  g_task_return_boolean (task, TRUE);
}

gboolean
dms_orchestrator_stop_finish (DmsOrchestrator *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/* Lower-case hex SHA-256 of the peer ID and a random UUID (behaviors.md 3). */
static char *
make_id (DmsOrchestrator *self)
{
  g_autofree char *uuid = g_uuid_string_random ();
  g_autofree char *text = g_strconcat (dms_handle_get_host (dms_actor_get_handle (self->root)), uuid, NULL);

  return g_compute_checksum_for_string (G_CHECKSUM_SHA256, text, -1);
}

static gboolean
may_have_children (DmsOrchestrator *self, DmsEnsemble *ensemble, GError **error)
{
  GPtrArray *all = dms_ensemble_get_allocations (ensemble);

  for (guint i = 0; i < all->len; i++)
    {
      if (dms_allocation_config_get_children (all->pdata[i]) == NULL ||
          dms_config_get_bool (self->config, "job.allow_children"))
        continue;
      g_set_error (error,
                   DMS_ERROR,
                   DMS_ERROR_NOT_SUPPORTED,
                   "this node deploys for no job, as allocation “%s” wants it: set job.allow_children",
                   dms_allocation_config_get_name (all->pdata[i]));
      return FALSE;
    }
  return TRUE;
}

static gboolean
is_supported (DmsOrchestrator *self, DmsEnsemble *ensemble, GError **error)
{
  if (self->records == NULL)
    {
      g_set_error (error, DMS_ERROR, DMS_ERROR_UNAVAILABLE, "the node is not ready yet");
      return FALSE;
    }
  if (g_hash_table_size (self->deployments) >= MAX_ACTIVE)
    {
      g_set_error (error,
                   DMS_ERROR,
                   DMS_ERROR_BUSY,
                   "this node has %d deployments; wait until one is over",
                   MAX_ACTIVE);
      return FALSE;
    }
  if (dms_config_get_bool (self->config, "job.require_contracts_for_deployment") &&
      dms_ensemble_get_contracts (ensemble)->len == 0)
    {
      g_set_error (error, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT, "contract DID is required");
      return FALSE;
    }
  if (!may_have_children (self, ensemble, error))
    return FALSE;
  if (dms_ensemble_get_subnet_join (ensemble))
    {
      g_set_error (error,
                   DMS_ERROR,
                   DMS_ERROR_NOT_SUPPORTED,
                   "the ensemble network is not supported yet: take subnet.join out of the job");
      return FALSE;
    }
  return TRUE;
}

DmsDeployment *
dms_orchestrator_deploy_as (DmsOrchestrator *self,
                            const char *id,
                            DmsEnsemble *ensemble,
                            guint64 expiry_ns,
                            GError **error)
{
  g_autoptr (DmsDeployment) deployment = NULL;

  if (!is_supported (self, ensemble, error))
    return NULL;
  deployment = dms_deployment_new (id,
                                   ensemble,
                                   self->root,
                                   self->key,
                                   self->records,
                                   dms_config_get_string (self->config, "general.work_dir"),
                                   expiry_ns);
  if (!dms_orchestrator_found_succession (self, id, ensemble, error))
    return NULL;
  if (!adopt (self, deployment, error))
    {
      dms_orchestrator_end_succession (self, id);
      return NULL;
    }
  return dms_orchestrator_find (self, id);
}

DmsDeployment *
dms_orchestrator_deploy (DmsOrchestrator *self, DmsEnsemble *ensemble, guint64 expiry_ns, GError **error)
{
  g_autofree char *id = make_id (self);

  return dms_orchestrator_deploy_as (self, id, ensemble, expiry_ns, error);
}

DmsDeployment *
dms_orchestrator_new_plan (DmsOrchestrator *self, DmsEnsemble *ensemble, guint64 expiry_ns, GError **error)
{
  g_autofree char *id = NULL;
  DmsDeployment *deployment;

  if (!is_supported (self, ensemble, error))
    return NULL;
  if (g_hash_table_size (self->plans) >= MAX_PLANS)
    {
      g_set_error (error,
                   DMS_ERROR,
                   DMS_ERROR_BUSY,
                   "this node makes %d plans already; ask again in a moment",
                   MAX_PLANS);
      return NULL;
    }
  id = make_id (self);
  deployment = dms_deployment_new (id,
                                   ensemble,
                                   self->root,
                                   self->key,
                                   self->records,
                                   dms_config_get_string (self->config, "general.work_dir"),
                                   expiry_ns);
  dms_deployment_set_knowledge (deployment, self->track, get_here (self));
  dms_deployment_set_planning (deployment);
  return deployment;
}

DmsDeployment *
dms_orchestrator_find (DmsOrchestrator *self, const char *id)
{
  return id == NULL ? NULL : g_hash_table_lookup (self->deployments, id);
}

DmsDeploymentRecords *
dms_orchestrator_get_records (DmsOrchestrator *self)
{
  return self->records;
}

guint
dms_orchestrator_get_n_active (DmsOrchestrator *self)
{
  return g_hash_table_size (self->deployments);
}

/* The names are used in a path, so they are held to what we make ourselves: hexadecimal digits, DNS labels.
 */
static gboolean
is_safe (const char *text, gsize max)
{
  gsize length = strlen (text);

  if (length == 0 || length > max || text[0] == '.')
    return FALSE;
  for (gsize i = 0; i < length; i++)
    {
      if (!g_ascii_isalnum (text[i]) && text[i] != '-' && text[i] != '.')
        return FALSE;
    }
  return strstr (text, "..") == NULL;
}

char *
dms_orchestrator_dup_log_directory (DmsOrchestrator *self, const char *id, const char *allocation_key)
{
  if (!is_safe (id, 64) || !is_safe (allocation_key, 200))
    return NULL;
  return g_build_filename (
      dms_config_get_string (self->config, "general.work_dir"), "deployments", id, allocation_key, NULL);
}

const char *
dms_orchestrator_get_id (DmsMessage *message, const char *first, const char *second)
{
  JsonObject *payload = dms_message_get_object (message);
  const char *text = dms_json_object_get_text (payload, first);

  return text != NULL ? text : dms_json_object_get_text (payload, second);
}

void
dms_orchestrator_install_behaviours (DmsOrchestrator *self, DmsActor *root)
{
  dms_orchestrator_install_deployment_behaviours (self, root);
  dms_orchestrator_install_plan_behaviours (self, root);
  dms_orchestrator_install_log_behaviours (self, root);
  dms_orchestrator_install_history_behaviours (self, root);
  dms_orchestrator_install_why_behaviours (self, root);
}
