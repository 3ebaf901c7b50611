/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "orchestrator/dms-deployment-supervision-private.h"

#include "observability/dms-log.h"

#include <string.h>

/* One node of a running deployment is placed on another machine. It goes the way of every node – asking,
 * commit, allocate, start – while the others are settled: they are neither asked for nor touched, and run on.
 * One node at a time. */

#define REVERT_BEHAVIOUR "/dms/deployment/revert"

gboolean
dms_deployment_is_settled (DmsDeployment *self, DeployNode *node)
{
  return node->retired || (self->replacing != NULL && self->replacing != node);
}

void
dms_deployment_replace_stop (DmsDeployment *self)
{
  self->replacing = NULL;
  g_clear_pointer (&self->left_peer, g_free);
  for (guint i = 0; i < self->nodes->len; i++)
    ((DeployNode *) self->nodes->pdata[i])->queued = FALSE;
}

/* The machines of the others are theirs, and are not asked. */
static void
settle_others (DmsDeployment *self)
{
  for (guint i = 0; i < self->nodes->len; i++)
    {
      DeployNode *node = self->nodes->pdata[i];

      if (node == self->replacing)
        continue;
      g_ptr_array_set_size (node->bids, 0);
      if (node->bid != NULL && !node->retired)
        g_ptr_array_add (node->bids, dms_bid_ref (node->bid));
    }
}

static void
begin (DmsDeployment *self, DeployNode *node)
{
  dms_log_event (G_LOG_LEVEL_INFO, "node_replacing", "orchestratorID", self->id, "node", node->name, NULL);
  self->replacing = node;
  g_clear_pointer (&self->left_peer, g_free);
  if (node->bid != NULL)
    self->left_peer = g_strdup (dms_bid_get_peer (node->bid));
  settle_others (self);
  dms_deployment_forget_node (node);
  node->answered = FALSE;
  self->expiry_ns = dms_deployment_expiry_in (DMS_DEPLOYMENT_FRESH_BUDGET_SECONDS);
  self->n_same_error = 0;
  self->n_attempts = 0;
  dms_deployment_collect_bids (self);
}

static void
next (DmsDeployment *self)
{
  for (guint i = 0; i < self->nodes->len && self->replacing == NULL && !self->over; i++)
    {
      DeployNode *node = self->nodes->pdata[i];

      if (!node->queued)
        continue;
      node->queued = FALSE;
      begin (self, node);
    }
}

static void
on_taken_back (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DeployCall) call = user_data;
  g_autoptr (DmsMessage) message = NULL;
  g_autofree char *text = NULL;
  DmsDeployment *self = call->deployment;
  JsonObject *reply = dms_deployment_call_finish (source, result, &message, &text);

  if (!self->attached || self->over || self->supervision == NULL || self->supervision->paused)
    return;
  if (!dms_deployment_reply_is_ok (reply, &text))
    dms_deployment_leave_behind (self, call->node);
  call->node->touched = FALSE;
  call->node->queued = TRUE;
  next (self);
}

void
dms_deployment_replace_node (DmsDeployment *self, DeployNode *node, const char *reason)
{
  g_autoptr (JsonNode) payload = NULL;

  dms_deployment_supervision_unwatch (self, node);
  for (guint i = 0; i < node->allocations->len; i++)
    {
      DeployAllocation *allocation = node->allocations->pdata[i];

      dms_deployment_unwatch (allocation);
      allocation->repairing = FALSE;
      if (allocation->ended && strcmp (allocation->status, "completed") == 0)
        continue;
      allocation->status = "pending";
      g_free (allocation->reason);
      allocation->reason = g_strdup_printf ("it is being moved to another machine: %s", reason);
    }
  if (!node->touched || node->bid == NULL || node->lost)
    {
      if (node->touched && node->bid != NULL)
        dms_deployment_leave_behind (self, node);
      node->touched = FALSE;
      node->lost = FALSE;
      node->queued = TRUE;
      next (self);
      return;
    }
  /* It is in reach: nothing is started elsewhere before it has taken back what it has. */
  payload = dms_deployment_make_revert (node);
  dms_actor_invoke_async (self->actor,
                          dms_bid_get_handle (node->bid),
                          REVERT_BEHAVIOUR,
                          payload,
                          dms_deployment_expiry_in (DMS_DEPLOYMENT_REVERT_SECONDS),
                          self->supervision->cancellable,
                          on_taken_back,
                          dms_deployment_call_new (self, node, NULL));
}

static void
conclude (DmsDeployment *self, DmsSupervisionEvent event)
{
  DeployNode *node = self->replacing;
  g_autofree char *problem = g_steal_pointer (&node->problem);

  self->replacing = NULL;
  g_clear_pointer (&self->left_peer, g_free);
  dms_deployment_save (self);
  dms_deployment_supervision_handle (self, event, dms_deployment_get_logical_name (node), problem);
  next (self);
}

void
dms_deployment_replace_done (DmsDeployment *self)
{
  dms_log_event (G_LOG_LEVEL_INFO,
                 "node_replaced",
                 "orchestratorID",
                 self->id,
                 "node",
                 self->replacing->name,
                 "peer",
                 dms_bid_get_peer (self->replacing->bid),
                 NULL);
  conclude (self, DMS_EVENT_NODE_REPAIRED);
}

static void
on_failed_reverted (DmsDeployment *self)
{
  dms_deployment_next_step (self);
  conclude (self, DMS_EVENT_NODE_REPAIR_FAILED);
}

void
dms_deployment_replace_failed (DmsDeployment *self, const char *why)
{
  g_free (self->replacing->problem);
  self->replacing->problem = g_strdup (why);
  dms_deployment_revert (self, on_failed_reverted);
}
