/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "orchestrator/dms-deployment-supervision-private.h"

#include "common/dms-json-object.h"
#include "observability/dms-log.h"

#include <string.h>

/* How a running deployment is repaired: allocations are restarted, nodes restarted, replaced by standbys or
 * placed elsewhere, the ensemble is deployed anew or taken down. */

enum
{
  /* Between restarts of the same allocation in one period: 0, 1, 2, 4 s … */
  LAST_DELAY_SECONDS = 30,
  /* How long a node that is to be restarted where it is may be out of reach. */
  RETURN_SECONDS = 10 * 60,
};

#define RESTART_BEHAVIOUR "/dms/allocation/restart"
#define START_BEHAVIOUR   "/dms/allocation/start"
#define REVERT_BEHAVIOUR  "/dms/deployment/revert"

/* One question of a repair. */
typedef struct
{
  DmsDeployment *deployment;
  guint epoch;
  /* (nullable): an allocation's ID, a node's name. */
  char *allocation;
  char *node;
} RepairCall;

static RepairCall *
repair_call_new (DmsDeployment *self, DeployAllocation *allocation, DeployNode *node)
{
  RepairCall *call = g_new0 (RepairCall, 1);

  call->deployment = g_object_ref (self);
  call->epoch = self->supervision->epoch;
  call->allocation = allocation == NULL ? NULL : g_strdup (allocation->id);
  call->node = node == NULL ? NULL : g_strdup (node->name);
  return call;
}

static void
repair_call_free (RepairCall *call)
{
  g_object_unref (call->deployment);
  g_free (call->allocation);
  g_free (call->node);
  g_free (call);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RepairCall, repair_call_free)

static gboolean
is_current (RepairCall *call)
{
  DmsDeployment *self = call->deployment;

  return self->attached && !self->over && self->supervision != NULL && !self->supervision->paused &&
         call->epoch == self->supervision->epoch;
}

static DeployAllocation *
find_by_id (DmsDeployment *self, const char *id)
{
  for (guint i = 0; i < self->allocations->len; i++)
    {
      if (strcmp (((DeployAllocation *) self->allocations->pdata[i])->id, id) == 0)
        return self->allocations->pdata[i];
    }
  return NULL;
}

static DeployNode *
find_node (DmsDeployment *self, const char *name)
{
  for (guint i = 0; i < self->nodes->len; i++)
    {
      if (strcmp (((DeployNode *) self->nodes->pdata[i])->name, name) == 0)
        return self->nodes->pdata[i];
    }
  return NULL;
}

static const char *
name_of (DeployAllocation *allocation)
{
  return dms_allocation_config_get_name (allocation->config);
}

/* Restarting */

static void settle_node (DmsDeployment *self, DeployNode *node, const char *problem);

static void
take_restarted (DmsDeployment *self, DeployAllocation *allocation, const char *problem)
{
  DeployNode *node = allocation->node;

  allocation->repairing = FALSE;
  if (problem == NULL)
    {
      allocation->started = TRUE;
      allocation->given_up = FALSE;
      /* It may have ended again already. */
      if (!allocation->ended)
        allocation->status = "running";
      dms_deployment_watch (self, allocation);
    }
  else
    {
      dms_deployment_log (self, G_LOG_LEVEL_WARNING, "restart_failed", allocation, problem);
      allocation->ended = TRUE;
      allocation->logs_settled = TRUE;
      allocation->status = "failed";
      g_free (allocation->reason);
      allocation->reason = g_strdup_printf ("it could not be started again: %s", problem);
    }
  dms_deployment_save (self);
  if (node->repairing)
    settle_node (self, node, problem);
  else if (problem == NULL)
    dms_deployment_supervision_handle (self, DMS_EVENT_ALLOCATION_STARTED, name_of (allocation), NULL);
  else
    dms_deployment_supervision_ended (self, allocation);
}

static void
on_restarted (DeployAllocation *allocation, JsonObject *reply, const char *text, gpointer user_data)
{
  RepairCall *call = user_data;
  DmsDeployment *self = call->deployment;

  if (!is_current (call))
    return;
  self->supervision->n_restarting--;
  if (!allocation->retired && allocation->repairing)
    take_restarted (self, allocation, text);
  if (!is_current (call))
    return;
  dms_deployment_go_on_restarting (self);
  dms_deployment_check_completion (self);
}

/* Whether its machine knows a restart again that it was asked for before: those that answer heartbeats do. */
static DeployInsistence
get_insistence (DeployAllocation *allocation)
{
  DmsDeployment *self = allocation->deployment;
  DeployNode *node = allocation->node;
  gboolean knows =
      node->answered || (node->watch != 0 && dms_heartbeats_does_answer (self->heartbeats, node->watch));

  return knows ? DEPLOY_ASK_UNTIL_ANSWERED : DEPLOY_ASK_ONCE;
}

/* start: it was never started there, so there is nothing to end first. */
static void
begin_restart (DmsDeployment *self, DeployAllocation *allocation)
{
  gboolean start = allocation->node->repairing && !allocation->started;

  dms_deployment_unwatch (allocation);
  allocation->status = start ? allocation->status : "restarting";
  allocation->ended = FALSE;
  allocation->logs_settled = FALSE;
  dms_deployment_drop_fetch (allocation);
  g_clear_pointer (&allocation->termination, json_node_unref);
  dms_deployment_log (self,
                      G_LOG_LEVEL_WARNING,
                      start ? "allocation_start" : "allocation_restart",
                      allocation,
                      allocation->reason);
  g_clear_pointer (&allocation->reason, g_free);
  /* Stored before it is done: whoever takes this up knows that it was meant to run. */
  dms_deployment_save (self);
  allocation->n_restarts++;
  self->supervision->n_restarting++;
  dms_deployment_ask (allocation,
                      start ? START_BEHAVIOUR : RESTART_BEHAVIOUR,
                      start ? dms_deployment_make_start (allocation) : json_object_new (),
                      start ? DMS_DEPLOYMENT_START_SECONDS : DMS_DEPLOYMENT_RESTART_SECONDS,
                      start ? DEPLOY_ASK_UNTIL_GOOD : get_insistence (allocation),
                      self->supervision->cancellable,
                      on_restarted,
                      repair_call_new (self, allocation, NULL),
                      (GDestroyNotify) repair_call_free);
}

static gboolean
on_restart_timer (gpointer user_data)
{
  DmsDeployment *self = user_data;

  self->supervision->restart_timer = 0;
  dms_deployment_go_on_restarting (self);
  return G_SOURCE_REMOVE;
}

/* Those of the lowest layer, together, once nobody of the layer before is on its way. */
void
dms_deployment_go_on_restarting (DmsDeployment *self)
{
  DeploySupervision *supervision = self->supervision;
  guint layer = G_MAXUINT;
  gint64 now = g_get_monotonic_time ();
  gint64 due = now;

  if (supervision->n_restarting > 0 || supervision->restart_timer != 0)
    return;
  for (guint i = supervision->restarts->len; i > 0; i--)
    {
      DeployAllocation *allocation = find_by_id (self, supervision->restarts->pdata[i - 1]);

      /* What was moved or given up since must not be started where it was. */
      if (allocation == NULL || allocation->handle == NULL || !allocation->repairing)
        g_ptr_array_remove_index (supervision->restarts, i - 1);
      else
        layer = MIN (layer, allocation->layer);
    }
  for (guint i = 0; i < supervision->restarts->len; i++)
    {
      DeployAllocation *allocation = find_by_id (self, supervision->restarts->pdata[i]);

      if (allocation->layer == layer)
        due = MAX (due, allocation->restart_due_us);
    }
  if (due > now)
    {
      supervision->restart_timer = g_timeout_add ((guint) ((due - now) / 1000 + 1), on_restart_timer, self);
      return;
    }
  for (guint i = supervision->restarts->len; i > 0; i--)
    {
      DeployAllocation *allocation = find_by_id (self, supervision->restarts->pdata[i - 1]);

      if (allocation->layer != layer)
        continue;
      g_ptr_array_remove_index (supervision->restarts, i - 1);
      begin_restart (self, allocation);
    }
}

void
dms_deployment_queue_restart (DmsDeployment *self, DeployAllocation *allocation)
{
  gint64 now = g_get_monotonic_time ();
  gint64 period = dms_ensemble_get_supervision (self->ensemble)->restart_period_ns / 1000;

  allocation->repairing = TRUE;
  /* What fails at once whenever it is started is given a moment, more each time. */
  if (now - allocation->last_restart_us > period || allocation->last_restart_us == 0)
    allocation->n_recent = 0;
  allocation->restart_due_us =
      allocation->n_recent == 0
          ? now
          : now + MIN ((gint64) 1 << MIN (allocation->n_recent - 1, 10), LAST_DELAY_SECONDS) * G_USEC_PER_SEC;
  /* It runs elsewhere until then, perhaps. */
  if (!allocation->started)
    allocation->restart_due_us = MAX (allocation->restart_due_us, dms_deployment_get_fence_us (allocation));
  allocation->n_recent++;
  allocation->last_restart_us = now;
  for (guint i = 0; i < self->supervision->restarts->len; i++)
    {
      if (strcmp (self->supervision->restarts->pdata[i], allocation->id) == 0)
        return;
    }
  g_ptr_array_add (self->supervision->restarts, g_strdup (allocation->id));
}

static void
restart_allocation (DmsDeployment *self, const char *name, const char *reason)
{
  DeployAllocation *allocation = dms_deployment_find_carrier (self, name);

  if (allocation == NULL)
    return;
  if (allocation->handle == NULL)
    {
      allocation->repairing = TRUE;
      take_restarted (self, allocation, "its machine has nothing of it");
      return;
    }
  if (allocation->reason == NULL)
    allocation->reason = g_strdup (reason);
  dms_deployment_queue_restart (self, allocation);
}

/* Nodes */

/* One of its allocations has been started, or could not be. */
static void
settle_node (DmsDeployment *self, DeployNode *node, const char *problem)
{
  const char *name = dms_deployment_get_logical_name (node);

  if (problem != NULL && node->problem == NULL)
    node->problem = g_strdup (problem);
  for (guint i = 0; i < node->allocations->len; i++)
    {
      if (((DeployAllocation *) node->allocations->pdata[i])->repairing)
        return;
    }
  node->repairing = FALSE;
  if (node->problem == NULL)
    {
      dms_log_event (G_LOG_LEVEL_INFO, "node_repaired", "orchestratorID", self->id, "node", node->name, NULL);
      dms_deployment_supervision_handle (self, DMS_EVENT_NODE_REPAIRED, name, NULL);
      return;
    }
  dms_deployment_supervision_handle (self, DMS_EVENT_NODE_REPAIR_FAILED, name, node->problem);
}

/* Everything of it that has not done its work is started, or started anew. */
static void
restart_all_of (DmsDeployment *self, DeployNode *node)
{
  gboolean any = FALSE;

  node->repairing = TRUE;
  g_clear_pointer (&node->problem, g_free);
  for (guint i = 0; i < node->allocations->len; i++)
    {
      DeployAllocation *allocation = node->allocations->pdata[i];

      /* Steps of the workflow are started by that. */
      if (dms_deployment_workflow_owns (allocation) ||
          (allocation->ended && strcmp (allocation->status, "completed") == 0))
        continue;
      any = TRUE;
      if (allocation->handle != NULL)
        dms_deployment_queue_restart (self, allocation);
      else
        node->problem = g_strdup ("its machine has nothing of it");
    }
  if (!any || node->problem != NULL)
    settle_node (self, node, node->problem);
  else
    dms_deployment_go_on_restarting (self);
}

static gboolean
on_return_late (gpointer user_data)
{
  DeployNode *node = user_data;
  DmsDeployment *self = node->deployment;
  g_autoptr (DmsDeployment) kept = g_object_ref (self);

  node->fence_timer = 0;
  node->awaited = FALSE;
  dms_deployment_supervision_handle (self,
                                     DMS_EVENT_NODE_REPAIR_FAILED,
                                     dms_deployment_get_logical_name (node),
                                     "its machine did not return");
  return G_SOURCE_REMOVE;
}

static void
restart_node (DmsDeployment *self, DeployNode *node)
{
  if (!node->silent)
    {
      restart_all_of (self, node);
      return;
    }
  /* What runs there may well have gone on; that is seen when it is back. */
  node->awaited = TRUE;
  g_clear_handle_id (&node->fence_timer, g_source_remove);
  node->fence_timer = g_timeout_add_seconds (RETURN_SECONDS, on_return_late, node);
}

void
dms_deployment_node_in_reach (DmsDeployment *self, DeployNode *node)
{
  gboolean well = TRUE;

  if (!node->awaited)
    return;
  node->awaited = FALSE;
  g_clear_handle_id (&node->fence_timer, g_source_remove);
  for (guint i = 0; i < node->allocations->len; i++)
    {
      DeployAllocation *allocation = node->allocations->pdata[i];

      well = well && (!allocation->ended || dms_deployment_workflow_owns (allocation) ||
                      strcmp (allocation->status, "completed") == 0);
    }
  if (well)
    dms_deployment_supervision_handle (
        self, DMS_EVENT_NODE_REPAIRED, dms_deployment_get_logical_name (node), NULL);
  else
    restart_all_of (self, node);
}

/* Making sure that nothing of it runs */

static gboolean
on_fenced (gpointer user_data)
{
  DeployNode *node = user_data;
  DmsDeployment *self = node->deployment;
  g_autoptr (DmsDeployment) kept = g_object_ref (self);

  node->fence_timer = 0;
  dms_log_event (G_LOG_LEVEL_INFO, "node_fenced", "orchestratorID", self->id, "node", node->name, NULL);
  dms_deployment_supervision_handle (
      self, DMS_EVENT_NODE_FENCED, dms_deployment_get_logical_name (node), "its machine does not answer");
  return G_SOURCE_REMOVE;
}

/* Its leases are not renewed any more, and end by themselves. A machine that knows no leases is waited for.
 */
static void
fence_node (DmsDeployment *self, DeployNode *node)
{
  gint64 left_us;

  g_clear_handle_id (&node->fence_timer, g_source_remove);
  if (!dms_heartbeats_does_answer (self->heartbeats, node->watch))
    {
      dms_log_event (
          G_LOG_LEVEL_WARNING, "node_knows_no_lease", "orchestratorID", self->id, "node", node->name, NULL);
      return;
    }
  left_us = dms_deployment_get_lease_end_us (self, node) - g_get_monotonic_time ();
  node->fence_timer = g_timeout_add ((guint) CLAMP (left_us / 1000, 0, G_MAXINT32), on_fenced, node);
}

/* Standbys */

/* All that has not done its work; or nothing: what the steps of a deployment have to do with. */
static void
open_node (DeployNode *node, gboolean open)
{
  for (guint i = 0; i < node->allocations->len; i++)
    {
      DeployAllocation *allocation = node->allocations->pdata[i];

      allocation->settled = !open || (allocation->ended && strcmp (allocation->status, "completed") == 0);
    }
}

/* What a node had is somebody else's business from now on. Its machine is told, now or when it can be. */
static void
retire (DmsDeployment *self, DeployNode *node, const char *reason)
{
  dms_deployment_supervision_unwatch (self, node);
  for (guint i = 0; i < node->allocations->len; i++)
    {
      DeployAllocation *allocation = node->allocations->pdata[i];

      dms_deployment_unwatch (allocation);
      allocation->repairing = FALSE;
      if (allocation->ended)
        continue;
      allocation->ended = TRUE;
      allocation->logs_settled = TRUE;
      allocation->status = "terminated";
      g_free (allocation->reason);
      allocation->reason = g_strdup_printf ("it was replaced: %s", reason);
    }
  node->replaced = TRUE;
  open_node (node, TRUE);
  if (node->touched)
    dms_deployment_leave_behind (self, node);
  open_node (node, FALSE);
  node->touched = FALSE;
}

static void
take_over (DmsDeployment *self, DeployNode *node, DeployNode *standby, const char *reason)
{
  /* What has been done need not be done again. */
  for (guint i = 0; i < standby->allocations->len; i++)
    {
      DeployAllocation *allocation = standby->allocations->pdata[i];
      DeployAllocation *before = dms_deployment_find_carrier (self, name_of (allocation));

      if (before == NULL || !before->ended || strcmp (before->status, "completed") != 0)
        continue;
      allocation->ended = TRUE;
      allocation->logs_settled = TRUE;
      allocation->status = "completed";
    }
  if (node != NULL)
    retire (self, node, reason);
  standby->standby = FALSE;
  dms_deployment_save (self);
  restart_all_of (self, standby);
}

typedef struct
{
  RepairCall *call;
  char *standby;
  char *reason;
} Handover;

static void
on_taken_back (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Handover *handover = user_data;
  g_autoptr (RepairCall) call = handover->call;
  g_autofree char *standby_name = handover->standby;
  g_autofree char *reason = handover->reason;
  g_autoptr (DmsMessage) message = NULL;
  g_autofree char *text = NULL;
  DmsDeployment *self = call->deployment;
  JsonObject *reply = dms_deployment_call_finish (source, result, &message, &text);
  DeployNode *node = find_node (self, call->node);
  DeployNode *standby = find_node (self, standby_name);

  g_free (handover);
  if (!is_current (call) || node == NULL || standby == NULL)
    return;
  node->touched = !dms_deployment_reply_is_ok (reply, &text);
  take_over (self, node, standby, reason);
}

static void
promote (DmsDeployment *self, DeployNode *node, DeployNode *standby, const char *reason)
{
  Handover *handover;
  g_autoptr (JsonNode) payload = NULL;

  if (node->silent)
    {
      take_over (self, node, standby, reason);
      return;
    }
  /* It is in reach: what it has is taken back before somebody else begins. */
  open_node (node, TRUE);
  payload = dms_deployment_make_revert (node);
  open_node (node, FALSE);
  handover = g_new0 (Handover, 1);
  handover->call = repair_call_new (self, NULL, node);
  handover->standby = g_strdup (standby->name);
  handover->reason = g_strdup (reason);
  dms_actor_invoke_async (self->actor,
                          dms_bid_get_handle (node->bid),
                          REVERT_BEHAVIOUR,
                          payload,
                          dms_deployment_expiry_in (DMS_DEPLOYMENT_REVERT_SECONDS),
                          self->supervision->cancellable,
                          on_taken_back,
                          handover);
}

/* Moving */

static void
on_moved (DmsDeployment *self, const char *error, gpointer user_data)
{
  DeployNode *node = user_data;

  /* It is told to the tree when the deployment runs again. */
  node->renewed = TRUE;
  g_free (node->problem);
  node->problem = g_strdup (error);
}

static void
conclude_move (DmsDeployment *self, DeployNode *node)
{
  g_autofree char *problem = g_steal_pointer (&node->problem);

  node->renewed = FALSE;
  dms_log_event (problem == NULL ? G_LOG_LEVEL_INFO : G_LOG_LEVEL_WARNING,
                 problem == NULL ? "node_moved" : "node_not_moved",
                 "orchestratorID",
                 self->id,
                 "node",
                 node->name,
                 "error",
                 problem,
                 NULL);
  dms_deployment_supervision_handle (self,
                                     problem == NULL ? DMS_EVENT_NODE_REPAIRED : DMS_EVENT_NODE_REPAIR_FAILED,
                                     dms_deployment_get_logical_name (node),
                                     problem);
}

/* One after the other: a deployment changes in one place at a time. */
void
dms_deployment_go_on_moving (DmsDeployment *self)
{
  for (guint i = 0; i < self->nodes->len && !self->over && !self->supervision->paused; i++)
    {
      DeployNode *node = self->nodes->pdata[i];

      if (node->renewed)
        conclude_move (self, node);
    }
  for (guint i = 0; i < self->nodes->len && !self->over && !self->supervision->paused; i++)
    {
      DeployNode *node = self->nodes->pdata[i];
      DeployRenewal how = node->silent ? DEPLOY_RENEW_LOST : DEPLOY_RENEW_ELSEWHERE;

      if (!node->queued || self->change != NULL || self->status != DMS_DEPLOYMENT_RUNNING)
        continue;
      node->queued = FALSE;
      node->silent = FALSE;
      node->answered = FALSE;
      dms_deployment_supervision_unwatch (self, node);
      dms_deployment_renew (self, node, how, on_moved, node);
    }
}

void
dms_deployment_move_node (DmsDeployment *self, DeployNode *node, const char *reason)
{
  for (guint i = 0; i < node->allocations->len; i++)
    {
      DeployAllocation *allocation = node->allocations->pdata[i];

      allocation->repairing = FALSE;
      dms_deployment_unwatch (allocation);
      if (!allocation->ended || strcmp (allocation->status, "completed") != 0)
        dms_deployment_log (self, G_LOG_LEVEL_WARNING, "allocation_moves", allocation, reason);
    }
  node->queued = TRUE;
  dms_deployment_go_on_moving (self);
}

/* The ensemble */

static void
redeploy_all (DmsDeployment *self, const char *reason)
{
  dms_deployment_supervision_pause (self);
  self->supervision->redeploying = TRUE;
  g_free (self->error);
  self->error = g_strdup_printf ("deployed anew: %s", reason);
  dms_deployment_redeploy (self);
}

static void
give_up (DmsDeployment *self, const char *reason)
{
  for (guint i = 0; i < self->allocations->len; i++)
    {
      DeployAllocation *allocation = self->allocations->pdata[i];

      if (dms_deployment_counts (allocation) &&
          dms_supervisor_tree_is_down (self->supervision->tree, dms_deployment_get_tree_name (allocation)))
        {
          allocation->given_up = TRUE;
          allocation->repairing = FALSE;
          if (allocation->handle != NULL || allocation->ended)
            continue;
          /* Nobody has it. */
          allocation->ended = TRUE;
          allocation->logs_settled = TRUE;
          allocation->status = "failed";
          g_free (allocation->reason);
          allocation->reason = g_strdup (reason);
        }
    }
  dms_deployment_log (self, G_LOG_LEVEL_WARNING, "supervision_gave_up", NULL, reason);
  dms_deployment_save (self);
}

void
dms_deployment_do_action (DmsDeployment *self, DmsSupervisionAction *action)
{
  const char *about = dms_supervision_action_get_about (action);
  const char *reason = dms_supervision_action_get_reason (action);
  DeployNode *node = dms_deployment_find_carrier_node (self, about);
  DeployNode *standby = NULL;

  switch (dms_supervision_action_get_kind (action))
    {
    case DMS_SUPERVISION_RESTART_ALLOCATION:
      restart_allocation (self, about, reason);
      break;
    case DMS_SUPERVISION_RESTART_NODE:
      if (node != NULL)
        restart_node (self, node);
      break;
    case DMS_SUPERVISION_REDEPLOY_NODE:
      if (node != NULL)
        dms_deployment_move_node (self, node, reason);
      break;
    case DMS_SUPERVISION_PROMOTE_STANDBY:
      standby = find_node (self, dms_supervision_action_get_standby (action));
      if (node != NULL && standby != NULL)
        promote (self, node, standby, reason);
      break;
    case DMS_SUPERVISION_FENCE_NODE:
      if (node != NULL)
        fence_node (self, node);
      break;
    case DMS_SUPERVISION_REDEPLOY_ALL:
      redeploy_all (self, reason);
      break;
    case DMS_SUPERVISION_TEAR_DOWN:
      dms_deployment_abandon_change (self);
      dms_deployment_fail (self, reason);
      break;
    case DMS_SUPERVISION_GIVE_UP:
    default:
      give_up (self, reason);
      break;
    }
}
