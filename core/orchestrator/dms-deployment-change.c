/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "orchestrator/dms-deployment-supervision.h"

#include "common/dms-json-object.h"
#include "observability/dms-log.h"
#include "orchestrator/dms-earlier-logs.h"
#include "orchestrator/dms-update-flow.h"
#include "orchestrator/dms-update-plan.h"

#include <string.h>

/* A part of a running deployment changes (orchestration.md 7): what goes, and what is to be made anew, is not
 * settled any more; it is taken back; then the steps of a first deployment do their work on all that is not
 * settled, and pass by what is. So a first deployment is the change from nothing.
 *
 * An update that cannot be placed is undone the same way: what is new is taken back, and what is missing of
 * the old ensemble is placed again. The record has the old ensemble until all is settled, so that a daemon
 * that dies in between puts back what there was. */

struct _DeployChange
{
  /* (nullable): what to return to. */
  DmsEnsemble *before;
  /* (nullable): what it shall become. */
  DmsEnsemble *after;
  DmsUpdatePlan *plan;
  /* (nullable): what was written by what is being taken back; and what comes after that. */
  DmsEarlierLogs *logs;
  void (*next) (DmsDeployment *self);
  /* (nullable): what the steps of the workflow that it removes had come to; done is done also when it is
   * undone */
  JsonObject *gone;
  /* It was given up: the old ensemble is put back. */
  gboolean is_undone;
  gboolean is_given_up;
  /* (nullable): what went wrong. */
  char *error;
  DeployChanged done;
  gpointer user_data;
};

static void
change_free (DeployChange *change)
{
  g_clear_pointer (&change->before, dms_ensemble_unref);
  g_clear_pointer (&change->after, dms_ensemble_unref);
  g_clear_pointer (&change->plan, dms_update_plan_free);
  g_clear_pointer (&change->logs, dms_earlier_logs_free);
  g_clear_pointer (&change->gone, json_object_unref);
  g_free (change->error);
  g_free (change);
}

static void
place (DmsDeployment *self)
{
  gboolean any = FALSE;

  for (guint i = 0; i < self->nodes->len; i++)
    {
      DeployNode *node = self->nodes->pdata[i];

      any = any || dms_deployment_node_is_open (node);
      node->is_lost = FALSE;
    }
  dms_deployment_save (self);
  if (any)
    dms_deployment_collect_bids (self);
  else
    dms_deployment_run (self);
}

static void
go_on (gpointer user_data)
{
  g_autoptr (DmsDeployment) self = g_object_ref (user_data);

  g_clear_pointer (&self->change->logs, dms_earlier_logs_free);
  self->change->next (self);
}

static void
fetch_logs (DmsDeployment *self)
{
  dms_deployment_next_step (self);
  dms_earlier_logs_fetch (self->change->logs, go_on, self);
}

/* Takes back what is not settled. What an update takes away, or what was tried in vain, has written something
 * that nobody could see any more. */
static void
take_back (DmsDeployment *self, void (*next) (DmsDeployment *self))
{
  DeployChange *change = self->change;
  g_autofree char *directory = g_build_filename (self->work_dir, "deployments", self->id, NULL);

  if (change->before == NULL)
    {
      dms_deployment_revert (self, next);
      return;
    }
  g_clear_pointer (&change->logs, dms_earlier_logs_free);
  change->logs = dms_earlier_logs_new (self->actor, self->id, directory);
  change->next = next;
  for (guint i = 0; i < self->allocations->len; i++)
    {
      DeployAllocation *allocation = self->allocations->pdata[i];

      if (!allocation->settled && allocation->started && allocation->handle != NULL &&
          allocation->node->bid != NULL)
        dms_earlier_logs_add (change->logs, dms_bid_get_handle (allocation->node->bid), allocation->key);
    }
  dms_deployment_revert (self, fetch_logs);
}

static void
begin (DmsDeployment *self, DeployChange *change, guint64 expiry_ns, void (*next) (DmsDeployment *self))
{
  self->change = change;
  self->expiry_ns = expiry_ns;
  self->n_attempts = 0;
  self->n_same_error = 0;
  /* How many machines there are may be another number by now. */
  self->waves.audience = 0;
  /* What is asked now would be answered when nobody listens. */
  dms_deployment_workflow_stop (self);
  /* Stored before anything is taken away. */
  dms_deployment_set_status (self, DMS_DEPLOYMENT_UPDATING);
  take_back (self, next);
}

/* Updating */

static void
take_new_ensemble (DmsDeployment *self)
{
  dms_deployment_set_ensemble (self, self->change->after);
  dms_deployment_workflow_renew (self, NULL);
  place (self);
}

/* Whether the allocation stays as it is. */
static gboolean
stays (DeployAllocation *allocation, DmsEnsemble *to, DmsUpdatePlan *plan)
{
  const char *name = dms_allocation_config_get_name (allocation->config);
  DmsNodeConfig *node = dms_ensemble_find_node (to, allocation->node->name);

  return node != NULL && dms_node_config_has_allocation (node, name) &&
         !dms_update_plan_renews (plan, name) && !dms_update_plan_moves (plan, allocation->node->name);
}

static void
on_updated (DmsDeployment *self, const char *error, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;

  if (error == NULL)
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_new_error (task, DMS_ERROR, DMS_ERROR_FAILED, "%s", error);
}

void
dms_deployment_update_async (DmsDeployment *self,
                             DmsEnsemble *ensemble,
                             guint64 expiry_ns,
                             GCancellable *cancellable,
                             GAsyncReadyCallback callback,
                             gpointer user_data)
{
  GTask *task = g_task_new (self, cancellable, callback, user_data);
  DmsUpdatePlan *plan = NULL;
  DeployChange *change;
  g_autofree char *steps = NULL;
  const char *why = NULL;

  if (self->change != NULL)
    why = "another change of the deployment is not finished; try again when it is";
  else if (self->status != DMS_DEPLOYMENT_RUNNING || !self->attached || self->over)
    why = "deployment is not running";
  if (why == NULL)
    {
      plan = dms_update_plan_new (self->ensemble, ensemble);
      why = dms_update_plan_get_refusal (plan);
      steps = dms_update_flow_refuse (self->workflow, self->ensemble, ensemble, plan);
    }
  if (why == NULL)
    why = steps;
  if (why != NULL || dms_update_plan_is_empty (plan))
    {
      on_updated (self, why, task);
      g_clear_pointer (&plan, dms_update_plan_free);
      return;
    }
  /* What was begun is brought to an end in any case. */
  g_task_set_check_cancellable (task, FALSE);
  change = g_new0 (DeployChange, 1);
  change->before = dms_ensemble_ref (self->ensemble);
  change->after = dms_ensemble_ref (ensemble);
  change->plan = plan;
  change->done = on_updated;
  change->user_data = task;
  change->gone = dms_deployment_workflow_leave (self, ensemble);
  for (guint i = 0; i < self->allocations->len; i++)
    {
      DeployAllocation *allocation = self->allocations->pdata[i];

      allocation->settled = stays (allocation, ensemble, plan);
    }
  begin (self, change, expiry_ns, take_new_ensemble);
}

gboolean
dms_deployment_update_finish (DmsDeployment *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/* Making anew */

gboolean
dms_deployment_renew (DmsDeployment *self,
                      DeployNode *node,
                      DeployRenewal how,
                      DeployChanged done,
                      gpointer user_data)
{
  DeployChange *change;

  if (self->change != NULL || self->status != DMS_DEPLOYMENT_RUNNING || !self->attached || self->over)
    return FALSE;
  change = g_new0 (DeployChange, 1);
  change->done = done;
  change->user_data = user_data;
  for (guint i = 0; i < node->allocations->len; i++)
    {
      DeployAllocation *allocation = node->allocations->pdata[i];

      /* What is done is not done again. */
      allocation->settled = allocation->ended && strcmp (allocation->status, "completed") == 0;
    }
  /* No machine has anything that would have to be taken back, with which this would be forgotten: a move
   * before failed. What is said to have ended would not be started. */
  if (!node->touched)
    dms_deployment_forget_node (node);
  node->is_lost = how == DEPLOY_RENEW_LOST;
  /* Only the one that it leaves now: after some moves there would be none left, and those before are well
   * again, or make no offer. */
  g_ptr_array_set_size (node->shunned, 0);
  if (how != DEPLOY_RENEW_THERE && node->bid != NULL)
    g_ptr_array_add (node->shunned, g_strdup (dms_bid_get_peer (node->bid)));
  begin (self, change, dms_actor_expiry_in (DMS_DEPLOYMENT_FRESH_BUDGET_SECONDS), place);
  return TRUE;
}

/* Failing */

static void
put_back (DmsDeployment *self)
{
  dms_deployment_set_ensemble (self, self->change->before);
  dms_deployment_workflow_renew (self, self->change->gone);
  place (self);
}

/* Nothing more can be tried: the rest runs on, and what is missing has failed. */
static void
give_up (DmsDeployment *self)
{
  self->change->is_given_up = TRUE;
  for (guint i = 0; i < self->allocations->len; i++)
    {
      DeployAllocation *allocation = self->allocations->pdata[i];

      if (allocation->settled)
        continue;
      allocation->started = TRUE;
      allocation->ended = TRUE;
      allocation->logs_settled = TRUE;
      allocation->status = "failed";
      g_free (allocation->reason);
      allocation->reason = g_strdup (self->change->error);
    }
  dms_deployment_run (self);
}

void
dms_deployment_change_fail (DmsDeployment *self, const char *why)
{
  DeployChange *change = self->change;
  g_autofree char *earlier = g_steal_pointer (&change->error);

  dms_deployment_log (self, G_LOG_LEVEL_WARNING, "deployment_change_failed", NULL, why);
  if (change->before == NULL || change->is_undone)
    {
      change->error =
          earlier == NULL
              ? g_strdup (why)
              : g_strdup_printf ("%s; and what ran before could not be started again: %s", earlier, why);
      dms_deployment_revert (self, give_up);
      return;
    }
  change->error = g_strdup (why);
  change->is_undone = TRUE;
  self->expiry_ns = dms_actor_expiry_in (DMS_DEPLOYMENT_FRESH_BUDGET_SECONDS);
  self->n_attempts = 0;
  self->n_same_error = 0;
  take_back (self, put_back);
}

void
dms_deployment_undo_change (DmsDeployment *self)
{
  if (self->change == NULL)
    self->change = g_new0 (DeployChange, 1);
  if (self->change->before == NULL)
    self->change->before = dms_ensemble_ref (self->ensemble);
  dms_deployment_change_fail (self, "the orchestrator was restarted meanwhile");
}

/* Ending */

DeployChange *
dms_deployment_steal_change (DmsDeployment *self)
{
  return g_steal_pointer (&self->change);
}

static void
recheck (DmsDeployment *self, DmsUpdatePlan *plan)
{
  for (guint i = 0; i < self->allocations->len; i++)
    {
      DeployAllocation *allocation = self->allocations->pdata[i];

      if (allocation->ended ||
          !dms_update_plan_rechecks (plan, dms_allocation_config_get_name (allocation->config)))
        continue;
      dms_deployment_unwatch (allocation);
      dms_deployment_watch (self, allocation);
    }
}

void
dms_deployment_finish_change (DmsDeployment *self, DeployChange *change)
{
  g_autofree char *text = NULL;

  if (change->error != NULL && change->is_undone && !change->is_given_up)
    text = g_strdup_printf ("the update failed, and what ran before runs again: %s", change->error);
  else
    text = g_strdup (change->error);
  if (change->plan != NULL && !change->is_undone)
    recheck (self, change->plan);
  dms_log_event (text == NULL ? G_LOG_LEVEL_INFO : G_LOG_LEVEL_WARNING,
                 "deployment_changed",
                 "orchestratorID",
                 self->id,
                 "error",
                 text,
                 NULL);
  if (change->done != NULL)
    change->done (self, text, change->user_data);
  change_free (change);
}

void
dms_deployment_abandon_change (DmsDeployment *self)
{
  DeployChange *change = dms_deployment_steal_change (self);

  if (change == NULL)
    return;
  if (change->done != NULL)
    change->done (self, "the deployment ended meanwhile", change->user_data);
  change_free (change);
}

/* Storing */

JsonNode *
dms_deployment_dup_change (DmsDeployment *self)
{
  JsonNode *node;
  JsonObject *object;

  if (self->change == NULL)
    return NULL;
  node = json_node_new (JSON_NODE_OBJECT);
  object = json_object_new ();
  if (self->change->before != NULL)
    json_object_set_member (object, "Before", dms_ensemble_to_json (self->change->before));
  if (self->change->gone != NULL)
    json_object_set_object_member (object, "Gone", json_object_ref (self->change->gone));
  json_node_take_object (node, object);
  return node;
}

gboolean
dms_deployment_read_change (DmsDeployment *self, JsonNode *json, GError **error)
{
  JsonObject *object = json == NULL ? NULL : dms_json_node_get_child (json);
  JsonNode *before = object == NULL ? NULL : dms_json_object_get_member (object, "Before");
  JsonObject *gone = object == NULL ? NULL : dms_json_object_get_child (object, "Gone");

  if (before == NULL)
    return TRUE;
  self->change = g_new0 (DeployChange, 1);
  self->change->gone = gone != NULL ? json_object_ref (gone) : NULL;
  self->change->before = dms_ensemble_new_from_json (before, error);
  if (self->change->before == NULL)
    return FALSE;
  /* Its leases may have been longer. */
  dms_deployment_fence_restored (self, self->change->before);
  return TRUE;
}
