/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "orchestrator/dms-deployment-supervision.h"

#include "common/dms-json-object.h"

/* The last part of a deployment: it is shut down (orchestration.md 4), from any state. */

enum
{
  LOGS_SECONDS = 5,
};

static void
on_all_stopped (DmsDeployment *self)
{
  dms_deployment_finish (self, self->failing ? DMS_DEPLOYMENT_FAILED : DMS_DEPLOYMENT_COMPLETED);
}

/* Machines that answered for all of theirs have nothing left that could be taken back. */
static void
settle_nodes (DmsDeployment *self)
{
  for (guint i = 0; i < self->nodes->len; i++)
    {
      DeployNode *node = self->nodes->pdata[i];
      gboolean all = TRUE;

      for (guint j = 0; j < node->allocations->len; j++)
        all = all && ((DeployAllocation *) node->allocations->pdata[j])->ended;
      node->touched = node->touched && !all;
    }
}

static void
take_back (DmsDeployment *self)
{
  settle_nodes (self);
  dms_deployment_revert (self, on_all_stopped);
}

static void
on_failed_all (DmsDeployment *self)
{
  dms_deployment_finish (self, DMS_DEPLOYMENT_FAILED);
}

void
dms_deployment_finish_all (DmsDeployment *self, DmsDeploymentStatus status)
{
  gboolean any = FALSE;

  for (guint i = 0; i < self->allocations->len; i++)
    {
      DeployAllocation *allocation = self->allocations->pdata[i];

      allocation->settled = !allocation->node->standby;
      any = any || (allocation->node->standby && allocation->node->touched);
    }
  if (!any)
    {
      dms_deployment_finish (self, status);
      return;
    }
  dms_deployment_supervision_pause (self);
  dms_deployment_revert (self, status == DMS_DEPLOYMENT_COMPLETED ? on_all_stopped : on_failed_all);
}

static gboolean
on_logs_late (gpointer user_data)
{
  DmsDeployment *self = user_data;

  self->timer = 0;
  take_back (self);
  return G_SOURCE_REMOVE;
}

static gboolean
awaits_logs (DeployAllocation *allocation)
{
  return allocation->ended && allocation->handle != NULL && !allocation->logs_settled;
}

void
dms_deployment_logs_settled (DmsDeployment *self)
{
  if (self->status != DMS_DEPLOYMENT_SHUTTING_DOWN || self->n_pending > 0 || self->over)
    return;
  for (guint i = 0; i < self->allocations->len; i++)
    {
      if (awaits_logs (self->allocations->pdata[i]))
        return;
    }
  g_clear_handle_id (&self->timer, g_source_remove);
  take_back (self);
}

/* What the jobs wrote is brought here while the machines still have it; that is worth a short wait. */
static void
stop_done (DmsDeployment *self)
{
  dms_deployment_next_step (self);
  self->timer = g_timeout_add_seconds (LOGS_SECONDS, on_logs_late, self);
  for (guint i = 0; i < self->allocations->len; i++)
    {
      DeployAllocation *allocation = self->allocations->pdata[i];

      if (awaits_logs (allocation) && allocation->fetch == NULL)
        dms_deployment_fetch_logs (self, allocation);
    }
  dms_deployment_logs_settled (self);
}

static void
on_stopped (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DeployCall) call = user_data;
  g_autoptr (DmsMessage) message = NULL;
  g_autofree char *text = NULL;
  DmsDeployment *self = call->deployment;
  DeployAllocation *allocation = call->allocation;
  JsonObject *reply = dms_deployment_call_finish (source, result, &message, &text);

  if (!dms_deployment_call_is_current (call))
    return;
  if (dms_deployment_reply_is_ok (reply, &text))
    {
      allocation->ended = TRUE;
      allocation->status = "completed";
    }
  else
    {
      g_string_append_printf (self->shutdown_errors,
                              "%s%s: %s",
                              self->shutdown_errors->len > 0 ? "; " : "",
                              allocation->key,
                              text);
      dms_deployment_log (self, G_LOG_LEVEL_WARNING, "shutdown_failed", allocation, text);
    }
  if (--self->n_pending == 0)
    stop_done (self);
}

static void
stop_all (DmsDeployment *self)
{
  g_autofree char *behaviour = g_strdup_printf ("/dms/ensemble/%s/allocation/shutdown", self->id);

  self->n_pending--;
  for (guint i = 0; i < self->allocations->len; i++)
    {
      DeployAllocation *allocation = self->allocations->pdata[i];
      g_autoptr (JsonNode) payload = NULL;
      JsonObject *object;

      dms_deployment_unwatch (allocation);
      if (allocation->handle == NULL || allocation->node->bid == NULL || allocation->ended)
        continue;
      payload = json_node_new (JSON_NODE_OBJECT);
      object = json_object_new ();
      json_object_set_string_member (object, "AllocationID", allocation->id);
      json_node_take_object (payload, object);
      self->n_pending++;
      dms_actor_invoke_async (self->actor,
                              dms_bid_get_handle (allocation->node->bid),
                              behaviour,
                              payload,
                              dms_deployment_expiry_in (DMS_DEPLOYMENT_SHUTDOWN_SECONDS),
                              self->step_cancellable,
                              on_stopped,
                              dms_deployment_call_new (self, allocation->node, allocation));
    }
  if (self->n_pending == 0)
    stop_done (self);
}

void
dms_deployment_take_down (DmsDeployment *self)
{
  dms_deployment_supervision_pause (self);
  dms_deployment_next_step (self);
  dms_deployment_unsettle (self);
  dms_deployment_set_status (self, DMS_DEPLOYMENT_SHUTTING_DOWN);
  /* Logs that come meanwhile must not be taken for the last of it. */
  self->n_pending++;
  /* What can never be safe is ended all the same: whoever takes over will find nothing that runs. */
  if (self->succession != NULL && dms_succession_is_stale (self->succession))
    stop_all (self);
  else
    dms_deployment_when_safe (self, stop_all);
}
