/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "orchestrator/dms-deployment-supervision.h"

#include "common/dms-json-object.h"
#include "observability/dms-log.h"

#include <string.h>

enum
{
  RETRY_FIRST_MS = 500,
  RETRY_LAST_MS = 10000,
  MAX_SAME_ERROR = 3
};

G_DEFINE_FINAL_TYPE (DmsDeployment, dms_deployment, G_TYPE_OBJECT)

static guint status_changed_signal;
static guint over_signal;
static guint not_reverted_signal;
static guint child_request_signal;

static void
deploy_node_free (gpointer data)
{
  DeployNode *node = data;

  g_ptr_array_unref (node->allocations);
  g_ptr_array_unref (node->bids);
  g_ptr_array_unref (node->shunned);
  g_clear_pointer (&node->bid, dms_bid_unref);
  g_clear_pointer (&node->own_config, dms_node_config_unref);
  g_free (node->problem);
  g_free (node);
}

static void
deploy_allocation_free (gpointer data)
{
  DeployAllocation *allocation = data;

  dms_deployment_unwatch (allocation);
  dms_deployment_drop_fetch (allocation);
  g_free (allocation->id);
  g_free (allocation->key);
  g_clear_pointer (&allocation->handle, dms_handle_unref);
  g_array_unref (allocation->dynamic_ports);
  g_clear_pointer (&allocation->termination, json_node_unref);
  g_clear_pointer (&allocation->small_logs, json_object_unref);
  g_clear_pointer (&allocation->health, json_node_unref);
  g_clear_pointer (&allocation->usage, json_node_unref);
  g_free (allocation->reason);
  g_free (allocation);
}

static void
dms_deployment_dispose (GObject *object)
{
  DmsDeployment *self = DMS_DEPLOYMENT (object);

  dms_deployment_detach (self);
  dms_deployment_supervision_free (self);
  g_clear_object (&self->heartbeats);
  g_clear_object (&self->succession);
  g_clear_object (&self->actor);
  g_clear_object (&self->root);
  g_clear_object (&self->records);
  g_clear_object (&self->track);
  G_OBJECT_CLASS (dms_deployment_parent_class)->dispose (object);
}

static void
dms_deployment_finalize (GObject *object)
{
  DmsDeployment *self = DMS_DEPLOYMENT (object);

  g_ptr_array_unref (self->allocations);
  g_ptr_array_unref (self->nodes);
  g_ptr_array_unref (self->retired_allocations);
  g_ptr_array_unref (self->retired_nodes);
  g_ptr_array_unref (self->earlier_ensembles);
  g_ptr_array_unref (self->shutdown_tasks);
  g_ptr_array_unref (self->unclaimed);
  g_hash_table_unref (self->asked);
  dms_refusal_book_free (self->why);
  g_clear_pointer (&self->here, dms_location_unref);
  g_string_free (self->shutdown_errors, TRUE);
  g_clear_object (&self->workflow);
  g_clear_object (&self->workflow_cancellable);
  g_clear_pointer (&self->placing, dms_deployment_placing_free);
  g_clear_pointer (&self->ensemble, dms_ensemble_unref);
  g_clear_pointer (&self->ensemble_json, json_node_unref);
  g_clear_pointer (&self->plan, json_node_unref);
  g_clear_pointer (&self->node_key, dms_key_unref);
  g_clear_object (&self->step_cancellable);
  g_clear_object (&self->steady);
  g_free (self->id);
  g_free (self->work_dir);
  g_free (self->error);
  g_free (self->step_error);
  G_OBJECT_CLASS (dms_deployment_parent_class)->finalize (object);
}

static void
dms_deployment_class_init (DmsDeploymentClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = dms_deployment_dispose;
  object_class->finalize = dms_deployment_finalize;
  status_changed_signal = g_signal_new (
      "status-changed", DMS_TYPE_DEPLOYMENT, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  over_signal =
      g_signal_new ("over", DMS_TYPE_DEPLOYMENT, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  child_request_signal = g_signal_new ("child-request",
                                       DMS_TYPE_DEPLOYMENT,
                                       G_SIGNAL_RUN_LAST,
                                       0,
                                       NULL,
                                       NULL,
                                       NULL,
                                       G_TYPE_NONE,
                                       1,
                                       DMS_TYPE_MESSAGE);
  not_reverted_signal = g_signal_new ("not-reverted",
                                      DMS_TYPE_DEPLOYMENT,
                                      G_SIGNAL_RUN_LAST,
                                      0,
                                      NULL,
                                      NULL,
                                      NULL,
                                      G_TYPE_NONE,
                                      3,
                                      DMS_TYPE_HANDLE,
                                      G_TYPE_STRV,
                                      G_TYPE_UINT64);
}

static void
dms_deployment_init (DmsDeployment *self)
{
  self->nodes = g_ptr_array_new_with_free_func (deploy_node_free);
  self->allocations = g_ptr_array_new_with_free_func (deploy_allocation_free);
  self->retired_nodes = g_ptr_array_new_with_free_func (deploy_node_free);
  self->retired_allocations = g_ptr_array_new_with_free_func (deploy_allocation_free);
  self->earlier_ensembles = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_ensemble_unref);
  self->steady = g_cancellable_new ();
  self->shutdown_tasks = g_ptr_array_new_with_free_func (g_object_unref);
  self->shutdown_errors = g_string_new (NULL);
  self->round = (guint64) g_get_real_time ();
  self->number = self->round;
  self->asked = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->why = dms_refusal_book_new ();
  self->unclaimed = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_handle_unref);
}

static DmsDeployment *
deployment_new (const char *id,
                DmsEnsemble *ensemble,
                DmsActor *root,
                DmsKey *node_key,
                DmsDeploymentRecords *records,
                const char *work_dir)
{
  DmsDeployment *self = g_object_new (DMS_TYPE_DEPLOYMENT, NULL);
  g_autofree char *label = g_strdup_printf ("ensemble:%s", id);
  g_autoptr (DmsKey) key = dms_key_derive (node_key, label);

  self->id = g_strdup (id);
  self->root = g_object_ref (root);
  self->node_key = dms_key_ref (node_key);
  self->records = g_object_ref (records);
  self->work_dir = g_strdup (work_dir);
  self->actor = dms_actor_new_child (root, id, key, NULL);
  dms_deployment_set_ensemble (self, ensemble);
  dms_deployment_workflow_prepare (self);
  return self;
}

DmsDeployment *
dms_deployment_new (const char *id,
                    DmsEnsemble *ensemble,
                    DmsActor *root,
                    DmsKey *node_key,
                    DmsDeploymentRecords *records,
                    const char *work_dir,
                    guint64 expiry_ns)
{
  DmsDeployment *self = deployment_new (id, ensemble, root, node_key, records, work_dir);

  self->expiry_ns = expiry_ns;
  return self;
}

DmsDeployment *
dms_deployment_new_from_record (DmsDocument *record,
                                DmsActor *root,
                                DmsKey *node_key,
                                DmsDeploymentRecords *records,
                                const char *work_dir,
                                GError **error)
{
  JsonObject *view = dms_deployment_records_get_data (record);
  g_autoptr (GError) local = NULL;
  g_autoptr (DmsEnsemble) ensemble =
      dms_ensemble_new_from_json (dms_json_object_get_member (view, "Cfg"), &local);
  g_autoptr (DmsDeployment) self = NULL;

  if (ensemble == NULL)
    {
      g_set_error (error,
                   DMS_ERROR,
                   DMS_ERROR_CORRUPT,
                   "the record of deployment %s is damaged: %s",
                   dms_document_get_id (record),
                   local->message);
      return NULL;
    }
  self = deployment_new (dms_document_get_id (record), ensemble, root, node_key, records, work_dir);
  self->status = dms_deployment_records_get_status (record);
  self->error = g_strdup (dms_deployment_records_get_error (record));
  self->restored = TRUE;
  dms_deployment_fence_restored (self, ensemble);
  if (!dms_deployment_read_view (self, view, error))
    return NULL;
  return g_steal_pointer (&self);
}

void
dms_deployment_set_heartbeats (DmsDeployment *self, DmsHeartbeats *heartbeats)
{
  g_set_object (&self->heartbeats, heartbeats);
}

const char *
dms_deployment_get_id (DmsDeployment *self)
{
  return self->id;
}

DmsEnsemble *
dms_deployment_get_ensemble (DmsDeployment *self)
{
  return self->ensemble;
}

DmsDeploymentStatus
dms_deployment_get_status (DmsDeployment *self)
{
  return self->status;
}

const char *
dms_deployment_get_error (DmsDeployment *self)
{
  return self->error != NULL ? self->error : "";
}

static gboolean
has_allocation (DeployNode *node, const char *allocation_id)
{
  for (guint i = 0; i < node->allocations->len; i++)
    {
      DeployAllocation *allocation = node->allocations->pdata[i];

      if (strcmp (allocation->id, allocation_id) == 0)
        return !allocation->ended;
    }
  return FALSE;
}

gboolean
dms_deployment_is_on (DmsDeployment *self, DmsHandle *machine, const char *allocation_id)
{
  for (guint i = 0; i < self->nodes->len; i++)
    {
      DeployNode *node = self->nodes->pdata[i];

      if (node->touched && node->bid != NULL &&
          strcmp (dms_handle_get_host (dms_bid_get_handle (node->bid)), dms_handle_get_host (machine)) == 0 &&
          has_allocation (node, allocation_id))
        return TRUE;
    }
  return FALSE;
}

void
dms_deployment_leave_behind (DmsDeployment *self, DeployNode *node)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_auto (GStrv) names = NULL;

  for (guint i = 0; i < node->allocations->len; i++)
    {
      DeployAllocation *allocation = node->allocations->pdata[i];

      if (!allocation->settled)
        g_strv_builder_add (builder, allocation->id);
    }
  names = g_strv_builder_end (builder);
  if (names[0] == NULL)
    return;
  dms_deployment_fence_behind (self, node);
  g_signal_emit (self, not_reverted_signal, 0, dms_bid_get_handle (node->bid), names, self->round);
}

void
dms_deployment_ask_for_child (DmsDeployment *self, DmsMessage *message)
{
  g_signal_emit (self, child_request_signal, 0, message);
}

const char *
dms_deployment_find_allocation (DmsDeployment *self, const char *name)
{
  for (guint i = 0; i < self->allocations->len; i++)
    {
      DeployAllocation *allocation = self->allocations->pdata[i];

      if (strcmp (allocation->id, name) == 0 || strcmp (allocation->key, name) == 0 ||
          (dms_deployment_counts (allocation) &&
           strcmp (dms_allocation_config_get_name (allocation->config), name) == 0))
        return allocation->id;
    }
  return NULL;
}

/* Steps */

DeployCall *
dms_deployment_call_new (DmsDeployment *self, DeployNode *node, DeployAllocation *allocation)
{
  DeployCall *call = g_new0 (DeployCall, 1);

  call->deployment = g_object_ref (self);
  call->node = node;
  call->allocation = allocation;
  call->step = self->step;
  if (node != NULL)
    node->n_calls++;
  if (allocation != NULL)
    allocation->n_calls++;
  return call;
}

DeployCall *
dms_deployment_call_new_steady (DmsDeployment *self, DeployAllocation *allocation)
{
  DeployCall *call = dms_deployment_call_new (self, allocation->node, allocation);

  call->step = 0;
  return call;
}

void
dms_deployment_call_free (DeployCall *call)
{
  if (call->node != NULL)
    call->node->n_calls--;
  if (call->allocation != NULL)
    call->allocation->n_calls--;
  dms_deployment_let_go (call->deployment);
  g_object_unref (call->deployment);
  g_free (call);
}

JsonObject *
dms_deployment_call_finish (GObject *source, GAsyncResult *result, DmsMessage **message, char **text)
{
  g_autoptr (GError) error = NULL;
  JsonObject *reply;

  *message = dms_actor_invoke_finish (DMS_ACTOR (source), result, &error);
  if (*message == NULL)
    {
      *text =
          g_strdup (g_error_matches (error, DMS_ERROR, DMS_ERROR_TIMED_OUT) ? "the machine does not answer"
                                                                            : error->message);
      return NULL;
    }
  reply = dms_message_get_object (*message);
  if (reply == NULL)
    *text = g_strdup ("the machine's answer is malformed");
  return reply;
}

gboolean
dms_deployment_reply_is_ok (JsonObject *reply, char **text)
{
  const char *error = dms_json_object_get_text (reply, "Error");

  if (reply == NULL)
    return FALSE;
  if (dms_json_object_get_flag (reply, "OK"))
    return TRUE;
  *text = g_strdup (error != NULL && *error != '\0' ? error : "the machine refuses without a reason");
  return FALSE;
}

gboolean
dms_deployment_call_is_current (DeployCall *call)
{
  DmsDeployment *self = call->deployment;

  return (call->step == 0 || call->step == self->step) && self->attached &&
         (call->allocation == NULL || !call->allocation->retired);
}

void
dms_deployment_next_step (DmsDeployment *self)
{
  g_autoptr (GCancellable) old = g_steal_pointer (&self->step_cancellable);

  self->step++;
  self->n_pending = 0;
  self->collecting = FALSE;
  self->waiting = FALSE;
  g_clear_pointer (&self->step_error, g_free);
  g_clear_handle_id (&self->timer, g_source_remove);
  self->step_cancellable = g_cancellable_new ();
  if (old != NULL)
    g_cancellable_cancel (old);
}

void
dms_deployment_note_error (DmsDeployment *self, const char *about, const char *text)
{
  dms_log_event (G_LOG_LEVEL_WARNING,
                 "deployment_step_failed",
                 "orchestratorID",
                 self->id,
                 "about",
                 about,
                 "error",
                 text,
                 NULL);
  dms_deployment_blame (self, about);
  if (self->step_error == NULL)
    self->step_error = g_strdup_printf ("%s: %s", about, text);
}

guint64
dms_deployment_expiry_in (guint seconds)
{
  return dms_actor_expiry_in (seconds);
}

gboolean
dms_deployment_time_is_up (DmsDeployment *self)
{
  return dms_actor_expiry_in (DMS_DEPLOYMENT_SLACK_SECONDS) >= self->expiry_ns;
}

void
dms_deployment_log (DmsDeployment *self,
                    GLogLevelFlags level,
                    const char *message,
                    DeployAllocation *allocation,
                    const char *error)
{
  dms_log_event (level,
                 message,
                 "orchestratorID",
                 self->id,
                 "allocationID",
                 allocation == NULL ? NULL : allocation->id,
                 "error",
                 error,
                 NULL);
}

static gboolean
put_record (DmsDeployment *self, GError **error)
{
  g_autoptr (JsonNode) view = NULL;
  g_autoptr (JsonNode) body = NULL;
  g_autofree char *text = NULL;

  if (self->planning)
    return TRUE;
  view = dms_deployment_dup_view (self);
  body = dms_deployment_records_make_body (self->id,
                                           self->status,
                                           self->error,
                                           dms_ensemble_get_metadata (self->ensemble),
                                           self->completed_us,
                                           view);
  if (self->succession != NULL)
    json_object_set_member (
        json_node_get_object (body), "roll", dms_roll_to_json (dms_succession_get_roll (self->succession)));
  if (!dms_deployment_records_put (self->records, self->id, body, error))
    return FALSE;
  if (self->succession == NULL)
    return TRUE;
  text = dms_json_node_to_text (body);
  return dms_succession_write (self->succession, text, error);
}

gboolean
dms_deployment_save (DmsDeployment *self)
{
  g_autoptr (GError) error = NULL;

  if (put_record (self, &error))
    return TRUE;
  dms_deployment_log (self, G_LOG_LEVEL_WARNING, "deployment_not_saved", NULL, error->message);
  return FALSE;
}

void
dms_deployment_set_status (DmsDeployment *self, DmsDeploymentStatus status)
{
  gboolean changed = self->status != status;

  self->status = status;
  dms_deployment_save (self);
  if (!changed)
    return;
  if (status == DMS_DEPLOYMENT_RUNNING)
    dms_deployment_praise (self);
  dms_log_event (G_LOG_LEVEL_INFO,
                 "deployment_status",
                 "orchestratorID",
                 self->id,
                 "status",
                 dms_deployment_status_to_string ((int) status),
                 "error",
                 self->error,
                 NULL);
  g_signal_emit (self, status_changed_signal, 0);
}

/* Beginning, ending, trying again */

static void
redeploy (DmsDeployment *self)
{
  self->expiry_ns = dms_actor_expiry_in (DMS_DEPLOYMENT_FRESH_BUDGET_SECONDS);
  dms_deployment_collect_bids (self);
}

static void
go_on (DmsDeployment *self)
{
  switch (self->status)
    {
    case DMS_DEPLOYMENT_COMMITTING:
      dms_deployment_revert (self, redeploy);
      break;
    case DMS_DEPLOYMENT_PROVISIONING:
      self->expiry_ns = dms_actor_expiry_in (DMS_DEPLOYMENT_FRESH_BUDGET_SECONDS);
      dms_deployment_grant_all (self);
      dms_deployment_provision (self);
      break;
    case DMS_DEPLOYMENT_RUNNING:
      dms_deployment_unsettle (self);
      dms_deployment_grant_all (self);
      dms_deployment_run (self);
      break;
    case DMS_DEPLOYMENT_SHUTTING_DOWN:
      dms_deployment_take_down (self);
      break;
    case DMS_DEPLOYMENT_UPDATING:
      dms_deployment_grant_all (self);
      dms_deployment_undo_change (self);
      break;
    case DMS_DEPLOYMENT_PREPARING:
    case DMS_DEPLOYMENT_GENERATING:
    case DMS_DEPLOYMENT_FAILED:
    case DMS_DEPLOYMENT_COMPLETED:
    default:
      if (self->restored)
        dms_deployment_revert (self, redeploy);
      else
        dms_deployment_collect_bids (self);
      break;
    }
}

gboolean
dms_deployment_start (DmsDeployment *self, GError **error)
{
  if (!dms_actor_start (self->actor, error))
    return FALSE;
  self->attached = TRUE;
  dms_deployment_install_behaviours (self);
  if (!self->restored && !put_record (self, error))
    {
      g_prefix_error (error, "the deployment cannot be stored: ");
      dms_deployment_detach (self);
      return FALSE;
    }
  if (self->succession != NULL && self->restored)
    dms_deployment_claim_machines (self, go_on);
  /* What runs is watched, which has a patience of its own. */
  else if (self->restored && self->status != DMS_DEPLOYMENT_RUNNING)
    dms_deployment_reach_machines (self, go_on);
  else
    go_on (self);
  return TRUE;
}

static void
end_actor (DmsDeployment *self)
{
  g_autoptr (GError) error = NULL;

  if (!self->over || self->status != DMS_DEPLOYMENT_FAILED)
    {
      dms_actor_stop (self->actor);
      return;
    }
  error = g_error_new_literal (DMS_ERROR, DMS_ERROR_FAILED, self->error != NULL ? self->error : "it failed");
  dms_actor_fail (self->actor, error);
}

/* Whoever waits for the end is told that it is not seen from here any more. */
static void
give_up_shutdowns (DmsDeployment *self)
{
  g_autoptr (GPtrArray) tasks = g_steal_pointer (&self->shutdown_tasks);

  self->shutdown_tasks = g_ptr_array_new_with_free_func (g_object_unref);
  for (guint i = 0; i < tasks->len; i++)
    g_task_return_new_error (tasks->pdata[i],
                             DMS_ERROR,
                             DMS_ERROR_UNAVAILABLE,
                             "it is being shut down, and this node does not follow it any more");
}

void
dms_deployment_detach (DmsDeployment *self)
{
  give_up_shutdowns (self);
  self->attached = FALSE;
  dms_deployment_supervision_pause (self);
  /* The record knows of it. */
  dms_deployment_abandon_change (self);
  dms_deployment_stop_asking (self);
  dms_deployment_workflow_stop (self);
  if (self->step_cancellable != NULL)
    g_cancellable_cancel (self->step_cancellable);
  g_cancellable_cancel (self->steady);
  g_clear_handle_id (&self->timer, g_source_remove);
  g_clear_handle_id (&self->grant_timer, g_source_remove);
  dms_deployment_stop_claiming (self);
  for (guint i = 0; i < self->allocations->len; i++)
    {
      DeployAllocation *allocation = self->allocations->pdata[i];

      dms_deployment_unwatch (allocation);
      if (allocation->fetch != NULL)
        dms_log_fetch_stop (allocation->fetch);
    }
  if (self->actor != NULL && dms_actor_is_running (self->actor))
    end_actor (self);
}

static void
answer_shutdowns (DmsDeployment *self)
{
  g_autoptr (GPtrArray) tasks = g_steal_pointer (&self->shutdown_tasks);

  self->shutdown_tasks = g_ptr_array_new_with_free_func (g_object_unref);
  for (guint i = 0; i < tasks->len; i++)
    {
      if (self->shutdown_errors->len > 0)
        g_task_return_new_error (
            tasks->pdata[i], DMS_ERROR, DMS_ERROR_FAILED, "%s", self->shutdown_errors->str);
      else
        g_task_return_boolean (tasks->pdata[i], TRUE);
    }
}

void
dms_deployment_finish (DmsDeployment *self, DmsDeploymentStatus status)
{
  g_autoptr (DmsDeployment) kept = g_object_ref (self);

  if (self->over)
    return;
  self->over = TRUE;
  dms_deployment_abandon_change (self);
  dms_deployment_next_step (self);
  self->completed_us = g_get_real_time ();
  dms_deployment_set_status (self, status);
  answer_shutdowns (self);
  dms_deployment_workflow_finish (self);
  dms_deployment_detach (self);
  g_signal_emit (self, over_signal, 0);
}

static void
on_reverted_after_failure (DmsDeployment *self)
{
  dms_deployment_finish (self, DMS_DEPLOYMENT_FAILED);
}

void
dms_deployment_redeploy (DmsDeployment *self)
{
  dms_deployment_abandon_change (self);
  dms_deployment_unsettle (self);
  for (guint i = 0; i < self->nodes->len; i++)
    {
      DeployNode *node = self->nodes->pdata[i];

      /* Everybody has the part again that the ensemble gives it. */
      node->standby = node->primary != NULL;
      node->replaced = FALSE;
      node->is_lost = node->silent;
      node->silent = FALSE;
      g_ptr_array_set_size (node->shunned, 0);
      if (!node->touched)
        dms_deployment_forget_node (node);
    }
  /* A restart must not go on with what is being taken back. */
  dms_deployment_set_status (self, DMS_DEPLOYMENT_PREPARING);
  dms_deployment_revert (self, redeploy);
}

void
dms_deployment_fail (DmsDeployment *self, const char *why)
{
  if (self->planning)
    {
      dms_deployment_end_plan (self, why);
      return;
    }
  if (self->change != NULL)
    {
      dms_deployment_change_fail (self, why);
      return;
    }
  dms_deployment_supervision_pause (self);
  dms_deployment_unsettle (self);
  g_free (self->error);
  self->error = g_strdup (why);
  /* A restart must not go on with what is being taken back. */
  if (self->status == DMS_DEPLOYMENT_RUNNING || self->status == DMS_DEPLOYMENT_UPDATING)
    {
      self->failing = TRUE;
      dms_deployment_set_status (self, DMS_DEPLOYMENT_SHUTTING_DOWN);
    }
  dms_deployment_revert (self, on_reverted_after_failure);
}

static gboolean
on_retry (gpointer user_data)
{
  DmsDeployment *self = user_data;

  self->timer = 0;
  dms_deployment_collect_bids (self);
  return G_SOURCE_REMOVE;
}

static void
on_reverted_before_retry (DmsDeployment *self)
{
  guint delay = MIN ((guint) RETRY_FIRST_MS << MIN (self->n_attempts, 10), (guint) RETRY_LAST_MS);

  self->n_attempts++;
  dms_deployment_next_step (self);
  self->waiting = TRUE;
  self->timer = g_timeout_add (delay, on_retry, self);
}

gboolean
dms_deployment_nudge (DmsDeployment *self)
{
  if (!self->waiting || !self->attached)
    return FALSE;
  dms_deployment_collect_bids (self);
  return TRUE;
}

void
dms_deployment_retry (DmsDeployment *self, const char *why)
{
  g_autofree char *text =
      self->change != NULL ? g_strdup (why) : g_strdup_printf ("failed to create deployment: %s", why);
  gboolean same = g_strcmp0 (self->error, text) == 0;

  if (self->planning)
    {
      dms_deployment_end_plan (self, why);
      return;
    }
  self->n_same_error = same ? self->n_same_error + 1 : 1;
  if (!same)
    {
      g_free (self->error);
      self->error = g_strdup (text);
    }
  /* A restart must not go on with what is being taken back. */
  if (self->change == NULL)
    dms_deployment_set_status (self, DMS_DEPLOYMENT_PREPARING);
  if (self->n_same_error >= MAX_SAME_ERROR || dms_deployment_time_is_up (self))
    {
      dms_deployment_fail (self, text);
      return;
    }
  dms_deployment_log (self, G_LOG_LEVEL_INFO, "deployment_retry", NULL, why);
  dms_deployment_revert (self, on_reverted_before_retry);
}

void
dms_deployment_shutdown_async (DmsDeployment *self,
                               GCancellable *cancellable,
                               GAsyncReadyCallback callback,
                               gpointer user_data)
{
  GTask *task = g_task_new (self, cancellable, callback, user_data);

  g_task_set_source_tag (task, dms_deployment_shutdown_async);
  if (self->over || !self->attached)
    {
      g_task_return_new_error (task, DMS_ERROR, DMS_ERROR_WRONG_STATE, "deployment is not running");
      g_object_unref (task);
      return;
    }
  g_ptr_array_add (self->shutdown_tasks, task);
  dms_deployment_abandon_change (self);
  if (self->status != DMS_DEPLOYMENT_SHUTTING_DOWN)
    dms_deployment_take_down (self);
}

gboolean
dms_deployment_shutdown_finish (DmsDeployment *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}
