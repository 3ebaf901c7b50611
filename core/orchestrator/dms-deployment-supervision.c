/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "orchestrator/dms-deployment-supervision-private.h"

#include "common/dms-json-object.h"
#include "observability/dms-log.h"
#include "provider/dms-leases.h"

#include <string.h>

/* What happened to a running deployment, and whom it concerns. */

#define NS_PER_US 1000

const char *
dms_deployment_get_logical_name (DeployNode *node)
{
  return node->primary != NULL ? node->primary : node->name;
}

const char *
dms_deployment_get_tree_name (DeployAllocation *allocation)
{
  return dms_deployment_workflow_owns (allocation) ? allocation->key
                                                   : dms_allocation_config_get_name (allocation->config);
}

gboolean
dms_deployment_counts (DeployAllocation *allocation)
{
  return !allocation->node->standby && !allocation->node->replaced;
}

DeployNode *
dms_deployment_find_carrier_node (DmsDeployment *self, const char *name)
{
  for (guint i = 0; i < self->nodes->len; i++)
    {
      DeployNode *node = self->nodes->pdata[i];

      if (!node->standby && !node->replaced && strcmp (dms_deployment_get_logical_name (node), name) == 0)
        return node;
    }
  return NULL;
}

DeployAllocation *
dms_deployment_find_carrier (DmsDeployment *self, const char *name)
{
  for (guint i = 0; i < self->allocations->len; i++)
    {
      DeployAllocation *allocation = self->allocations->pdata[i];

      if (dms_deployment_counts (allocation) &&
          strcmp (dms_allocation_config_get_name (allocation->config), name) == 0)
        return allocation;
    }
  return NULL;
}

/* Leases */

static gint64
get_lease_us (DmsDeployment *self)
{
  return (gint64) (dms_ensemble_get_supervision (self->ensemble)->lease_ns / NS_PER_US);
}

void
dms_deployment_add_lease (DeployAllocation *allocation, JsonObject *object)
{
  DeployNode *node = allocation->node;
  gint64 lease_us = get_lease_us (allocation->deployment);

  if (!dms_allocation_config_is_single (allocation->config))
    return;
  json_object_set_int_member (object, "LeaseMs", lease_us / 1000);
  /* The message itself may be valid for longer, and come late. */
  json_object_set_int_member (object, "LeaseUntilUs", g_get_real_time () + lease_us);
  node->lease_end_us = MAX (node->lease_end_us, dms_heartbeats_compute_lease_end_us (lease_us));
}

static gboolean
has_single (DeployNode *node)
{
  for (guint i = 0; i < node->allocations->len; i++)
    {
      if (dms_allocation_config_is_single (((DeployAllocation *) node->allocations->pdata[i])->config))
        return TRUE;
    }
  return FALSE;
}

gint64
dms_deployment_get_lease_end_us (DmsDeployment *self, DeployNode *node)
{
  gint64 end_us = node->watch != 0 ? dms_heartbeats_get_lease_end_us (self->heartbeats, node->watch) : 0;

  return MAX (end_us, node->lease_end_us);
}

void
dms_deployment_fence_behind (DmsDeployment *self, DeployNode *node)
{
  if (has_single (node))
    self->fence_us = MAX (self->fence_us, dms_deployment_get_lease_end_us (self, node));
}

void
dms_deployment_fence_restored (DmsDeployment *self, DmsEnsemble *ensemble)
{
  gint64 lease_us = dms_ensemble_get_supervision (ensemble)->lease_ns / NS_PER_US;

  self->fence_us = MAX (self->fence_us, dms_heartbeats_compute_lease_end_us (lease_us));
}

/* No lease is longer, whatever clocks say. */
static gint64
get_longest_end_us (void)
{
  return dms_heartbeats_compute_lease_end_us ((gint64) DMS_LEASE_MAX_MS * 1000);
}

gint64
dms_deployment_get_last_lease_end_us (DmsDeployment *self)
{
  gint64 end_us = self->fence_us;

  for (guint i = 0; i < self->nodes->len; i++)
    {
      DeployNode *node = self->nodes->pdata[i];

      if (has_single (node))
        end_us = MAX (end_us, dms_deployment_get_lease_end_us (self, node));
    }
  if (end_us == 0)
    return 0;
  return MIN (end_us, get_longest_end_us ()) - g_get_monotonic_time () + g_get_real_time ();
}

void
dms_deployment_restore_leases (DmsDeployment *self, gint64 end_us)
{
  gint64 until_us = MIN (end_us - g_get_real_time () + g_get_monotonic_time (), get_longest_end_us ());

  self->fence_us = MAX (self->fence_us, until_us);
  for (guint i = 0; i < self->nodes->len; i++)
    {
      DeployNode *node = self->nodes->pdata[i];

      if (has_single (node))
        node->lease_end_us = MAX (node->lease_end_us, until_us);
    }
}

gint64
dms_deployment_get_fence_us (DeployAllocation *allocation)
{
  return dms_allocation_config_is_single (allocation->config) ? allocation->deployment->fence_us : 0;
}

/* The tree of the ensemble */

static DmsAllocationPolicy
allocation_policy (DmsAllocationConfig *config)
{
  static const char *const names[] = { "stay_down", "one_for_one", "one_for_all", "rest_for_one" };
  const char *name = dms_allocation_config_get_failure_recovery (config);

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      if (strcmp (name, names[i]) == 0)
        return (DmsAllocationPolicy) i;
    }
  return DMS_ALLOCATION_STAY_DOWN;
}

static DmsNodePolicy
node_policy (DmsNodeConfig *config)
{
  const char *name = dms_node_config_get_failure_recovery (config);

  if (strcmp (name, "restart") == 0)
    return DMS_NODE_RESTART;
  return strcmp (name, "redeploy") == 0 ? DMS_NODE_REDEPLOY : DMS_NODE_STAY_DOWN;
}

static void
add_supervisor (DmsSupervisorTree *tree, int parent, DmsSupervisorConfig *config)
{
  GPtrArray *children = dms_supervisor_config_get_children (config);
  int number = dms_supervisor_tree_add_supervisor (tree,
                                                   parent,
                                                   dms_supervisor_config_get_strategy (config),
                                                   dms_supervisor_config_get_allocations (config));

  for (guint i = 0; i < children->len; i++)
    add_supervisor (tree, number, children->pdata[i]);
}

static void
add_allocation (DmsSupervisorTree *tree, const char *node, DeployAllocation *allocation, guint order)
{
  const char *name = dms_deployment_get_tree_name (allocation);
  gboolean single = dms_allocation_config_is_single (allocation->config);

  if (dms_deployment_workflow_owns (allocation))
    dms_supervisor_tree_add_step (tree, node, name, single);
  else
    dms_supervisor_tree_add_allocation (
        tree, node, name, order, allocation_policy (allocation->config), single);
}

static DmsSupervisorTree *
make_tree (DmsDeployment *self)
{
  const DmsSupervisionLimits *limits = dms_ensemble_get_supervision (self->ensemble);
  const char *strategy = dms_ensemble_get_escalation_strategy (self->ensemble);
  DmsSupervisionBudget budget = { limits->max_restarts, limits->restart_period_ns / NS_PER_US };
  DmsEscalation escalation = strategy == NULL                     ? DMS_ESCALATE_NOT
                             : strcmp (strategy, "redeploy") == 0 ? DMS_ESCALATE_REDEPLOY
                                                                  : DMS_ESCALATE_TEARDOWN;
  DmsSupervisorTree *tree = dms_supervisor_tree_new (escalation, budget);

  for (guint i = 0; i < self->nodes->len; i++)
    {
      DeployNode *node = self->nodes->pdata[i];

      if (node->primary != NULL)
        continue;
      dms_supervisor_tree_add_node (tree, node->name, node_policy (node->config));
      for (guint j = 0; j < node->allocations->len; j++)
        {
          DeployAllocation *allocation = node->allocations->pdata[j];

          add_allocation (tree, node->name, allocation, allocation->layer * self->allocations->len + i);
        }
    }
  for (guint i = 0; i < self->nodes->len; i++)
    {
      DeployNode *node = self->nodes->pdata[i];

      if (node->primary != NULL && node->standby)
        dms_supervisor_tree_add_standby (tree, node->primary, node->name);
    }
  if (dms_ensemble_get_supervisor (self->ensemble) != NULL)
    add_supervisor (tree, -1, dms_ensemble_get_supervisor (self->ensemble));
  return tree;
}

/* Machines */

static void
note_reach (DeployNode *node, gboolean lost)
{
  node->silent = lost;
  for (guint i = 0; i < node->allocations->len; i++)
    {
      DeployAllocation *allocation = node->allocations->pdata[i];

      if (allocation->ended)
        continue;
      g_clear_pointer (&allocation->reason, g_free);
      if (lost)
        allocation->reason = g_strdup ("its machine does not answer");
    }
}

static void
tell_ended (DmsDeployment *self, DeployAllocation *allocation, DmsSupervisionEvent event)
{
  const char *name = dms_allocation_config_get_name (allocation->config);

  if (!dms_deployment_counts (allocation) || self->supervision == NULL)
    return;
  dms_deployment_supervision_handle (self, event, name, allocation->reason);
  if (!self->over && self->supervision != NULL)
    allocation->given_up = dms_supervisor_tree_is_down (self->supervision->tree, name);
  if (allocation->given_up)
    dms_deployment_save (self);
}

/* Nobody knows how it ended; or its machine ended it, because it heard nothing of this one for too long. */
static gboolean
was_lost (DeployAllocation *allocation, const char *reason)
{
  if (g_strcmp0 (reason, "lost") == 0)
    return TRUE;
  return g_strcmp0 (reason, "stopped") == 0 && dms_allocation_config_is_single (allocation->config);
}

/* What a workflow starts is there before that. */
static gboolean
should_be_there (DeployAllocation *allocation)
{
  if (allocation->ended || allocation->repairing || allocation->node->standby)
    return FALSE;
  if (dms_deployment_workflow_owns (allocation))
    return allocation->handle != NULL && !allocation->releasing;
  return allocation->started;
}

static gboolean
is_missing (DeployAllocation *allocation, JsonObject *statuses)
{
  const char *status = dms_json_object_get_text (statuses, allocation->id);

  return should_be_there (allocation) && (status == NULL || strcmp (status, "terminated") == 0);
}

static void
take_vanished (DmsDeployment *self, DeployAllocation *allocation, const char *reason)
{
  allocation->ended = TRUE;
  allocation->logs_settled = TRUE;
  allocation->status = "failed";
  g_free (allocation->reason);
  allocation->reason = g_strdup (reason);
  dms_deployment_log (self, G_LOG_LEVEL_WARNING, "allocation_vanished", allocation, reason);
  tell_ended (self, allocation, DMS_EVENT_ALLOCATION_LOST);
}

/* What its machine does not have any more, and will not report. */
static void
find_vanished (DmsDeployment *self,
               DeployNode *node,
               JsonObject *statuses,
               guint patience,
               const char *reason)
{
  gboolean any_run = FALSE;

  for (guint i = 0; statuses != NULL && i < node->allocations->len; i++)
    {
      DeployAllocation *allocation = node->allocations->pdata[i];

      allocation->n_missing = is_missing (allocation, statuses) ? allocation->n_missing + 1 : 0;
      if (allocation->n_missing <= patience)
        continue;
      allocation->n_missing = 0;
      if (!dms_deployment_workflow_owns (allocation))
        take_vanished (self, allocation, reason);
      else if (dms_deployment_workflow_give_up (self, allocation, reason))
        any_run = TRUE;
    }
  if (any_run)
    dms_deployment_workflow_run (self);
}

/* It answers: but does it have what it should? One answer may cross with a start on the way. */
static void
on_listed (DmsDeployment *self, DeployNode *node, JsonObject *statuses)
{
  if (node->replaced || self->over)
    return;
  find_vanished (self, node, statuses, 1, "its machine does not have it any more");
  dms_deployment_check_completion (self);
}

static void
on_reach (DmsDeployment *self, DeployNode *node, gboolean lost, JsonObject *statuses)
{
  const char *name = dms_deployment_get_logical_name (node);
  DmsSupervisionEvent event;

  dms_log_event (lost ? G_LOG_LEVEL_WARNING : G_LOG_LEVEL_INFO,
                 lost ? "node_lost" : "node_returned",
                 "orchestratorID",
                 self->id,
                 "node",
                 node->name,
                 NULL);
  note_reach (node, lost);
  if (node->standby)
    event = lost ? DMS_EVENT_STANDBY_LOST : DMS_EVENT_STANDBY_RETURNED;
  else
    event = lost ? DMS_EVENT_NODE_LOST : DMS_EVENT_NODE_RETURNED;
  dms_deployment_supervision_handle (
      self, event, node->standby ? node->name : name, lost ? "its machine does not answer" : NULL);
  if (lost || node->replaced || self->over)
    return;
  /* It was taken back meanwhile. */
  find_vanished (self, node, statuses, 0, "it was ended on its machine while that was out of reach");
  dms_deployment_node_in_reach (self, node);
  dms_deployment_check_completion (self);
}

static void
on_news (DmsHeartbeatsNews news, JsonObject *statuses, gpointer user_data)
{
  DeployNode *node = user_data;
  g_autoptr (DmsDeployment) self = g_object_ref (node->deployment);

  if (news == DMS_HEARTBEATS_LISTED)
    on_listed (self, node, statuses);
  else
    on_reach (self, node, news == DMS_HEARTBEATS_LOST, statuses);
}

/* An update may have given it another machine, of which nothing is known yet. */
static void
leave_old_machine (DmsDeployment *self, DeployNode *node)
{
  if (node->watch == 0 || node->bid == NULL ||
      dms_heartbeats_is_about (self->heartbeats, node->watch, dms_bid_get_handle (node->bid)))
    return;
  dms_deployment_supervision_unwatch (self, node);
  node->silent = FALSE;
  node->awaited = FALSE;
  node->answered = FALSE;
}

static void
watch_node (DmsDeployment *self, DeployNode *node)
{
  const DmsSupervisionLimits *limits = dms_ensemble_get_supervision (self->ensemble);
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_auto (GStrv) leased = NULL;
  gboolean any = FALSE;
  DmsHeartbeatsWish wish;

  if (self->heartbeats == NULL || node->bid == NULL || node->replaced)
    return;
  for (guint i = 0; i < node->allocations->len; i++)
    {
      DeployAllocation *allocation = node->allocations->pdata[i];

      if (!dms_allocation_config_is_single (allocation->config))
        continue;
      g_strv_builder_add (builder, allocation->id);
      any = TRUE;
    }
  leased = g_strv_builder_end (builder);
  wish = (DmsHeartbeatsWish){ .ensemble_id = self->id,
                              .detect_us = limits->detect_ns / NS_PER_US,
                              .lease_us = any ? limits->lease_ns / NS_PER_US : 0,
                              .leased = (const char *const *) leased,
                              .answered_before = node->answered };
  if (node->watch != 0)
    {
      dms_heartbeats_change (self->heartbeats, node->watch, &wish);
      return;
    }
  node->watch = dms_heartbeats_watch (self->heartbeats, dms_bid_get_handle (node->bid), &wish, on_news, node);
}

void
dms_deployment_supervision_unwatch (DmsDeployment *self, DeployNode *node)
{
  if (has_single (node))
    node->lease_end_us = dms_deployment_get_lease_end_us (self, node);
  if (node->watch != 0)
    dms_heartbeats_unwatch (self->heartbeats, node->watch);
  node->watch = 0;
  g_clear_handle_id (&node->fence_timer, g_source_remove);
}

void
dms_deployment_supervision_heard (DmsDeployment *self, DeployNode *node)
{
  if (self->heartbeats != NULL && node->bid != NULL)
    dms_heartbeats_touch (self->heartbeats, dms_bid_get_handle (node->bid));
}

/* Beginning and ending */

static DeploySupervision *
supervision_new (DmsDeployment *self)
{
  DeploySupervision *supervision = g_new0 (DeploySupervision, 1);

  supervision->tree = make_tree (self);
  supervision->ensemble = dms_ensemble_ref (self->ensemble);
  supervision->restarts = g_ptr_array_new_with_free_func (g_free);
  supervision->cancellable = g_cancellable_new ();
  return supervision;
}

/* What an earlier run of this node knew. What it was about to do is done now. */
static void
take_up (DmsDeployment *self)
{
  for (guint i = 0; i < self->allocations->len; i++)
    {
      DeployAllocation *allocation = self->allocations->pdata[i];
      const char *name = dms_allocation_config_get_name (allocation->config);

      if (!dms_deployment_counts (allocation))
        continue;
      /* It was being moved. */
      if (allocation->handle == NULL && !allocation->ended)
        dms_deployment_supervision_handle (self,
                                           DMS_EVENT_NODE_LOST,
                                           dms_deployment_get_logical_name (allocation->node),
                                           "this node was restarted while it was being moved");
      else if (allocation->ended && dms_deployment_workflow_owns (allocation))
        dms_deployment_supervision_done (self, allocation);
      else if (allocation->ended && strcmp (allocation->status, "completed") == 0)
        dms_deployment_supervision_handle (self, DMS_EVENT_ALLOCATION_COMPLETED, name, NULL);
      else if (allocation->given_up)
        dms_supervisor_tree_set_down (self->supervision->tree, name);
      else if (allocation->ended && !allocation->repairing)
        dms_deployment_supervision_handle (self, DMS_EVENT_ALLOCATION_FAILED, name, allocation->reason);
      else if (strcmp (allocation->status, "restarting") == 0 && allocation->handle != NULL)
        dms_deployment_queue_restart (self, allocation);
    }
}

/* Those of which the tree before knew. */
static void
tell_silent (DmsDeployment *self)
{
  for (guint i = 0; i < self->nodes->len && !self->over; i++)
    {
      DeployNode *node = self->nodes->pdata[i];

      if (!node->silent || node->replaced)
        continue;
      dms_deployment_supervision_handle (self,
                                         node->standby ? DMS_EVENT_STANDBY_LOST : DMS_EVENT_NODE_LOST,
                                         node->standby ? node->name : dms_deployment_get_logical_name (node),
                                         "its machine does not answer");
    }
}

void
dms_deployment_supervision_begin (DmsDeployment *self)
{
  gboolean first = self->supervision == NULL;
  gboolean again;

  if (first)
    self->supervision = supervision_new (self);
  /* An update has made it another one; budgets begin anew. */
  if (self->supervision->ensemble != self->ensemble)
    {
      g_object_unref (self->supervision->tree);
      self->supervision->tree = make_tree (self);
      dms_ensemble_unref (self->supervision->ensemble);
      self->supervision->ensemble = dms_ensemble_ref (self->ensemble);
      first = TRUE;
    }
  again = self->supervision->redeploying;
  self->supervision->redeploying = FALSE;
  self->supervision->paused = FALSE;
  for (guint i = 0; i < self->nodes->len; i++)
    {
      leave_old_machine (self, self->nodes->pdata[i]);
      watch_node (self, self->nodes->pdata[i]);
    }
  if (again)
    dms_deployment_supervision_handle (self, DMS_EVENT_ENSEMBLE_REPAIRED, "", NULL);
  if (first || again)
    {
      take_up (self);
      tell_silent (self);
      dms_deployment_go_on_restarting (self);
    }
  dms_deployment_go_on_moving (self);
}

void
dms_deployment_supervision_pause (DmsDeployment *self)
{
  DeploySupervision *supervision = self->supervision;

  for (guint i = 0; i < self->nodes->len; i++)
    dms_deployment_supervision_unwatch (self, self->nodes->pdata[i]);
  if (supervision == NULL || supervision->paused)
    return;
  supervision->paused = TRUE;
  supervision->epoch++;
  supervision->n_restarting = 0;
  g_ptr_array_set_size (supervision->restarts, 0);
  g_clear_handle_id (&supervision->restart_timer, g_source_remove);
  g_cancellable_cancel (supervision->cancellable);
  g_clear_object (&supervision->cancellable);
  supervision->cancellable = g_cancellable_new ();
  for (guint i = 0; i < self->allocations->len; i++)
    ((DeployAllocation *) self->allocations->pdata[i])->repairing = FALSE;
}

void
dms_deployment_supervision_free (DmsDeployment *self)
{
  DeploySupervision *supervision = g_steal_pointer (&self->supervision);

  if (supervision == NULL)
    return;
  g_clear_handle_id (&supervision->restart_timer, g_source_remove);
  g_object_unref (supervision->cancellable);
  g_object_unref (supervision->tree);
  dms_ensemble_unref (supervision->ensemble);
  g_ptr_array_unref (supervision->restarts);
  g_free (supervision);
}

gboolean
dms_deployment_supervision_is_busy (DmsDeployment *self)
{
  return self->supervision != NULL && dms_supervisor_tree_is_repairing (self->supervision->tree);
}

/* Events */

void
dms_deployment_supervision_handle (DmsDeployment *self,
                                   DmsSupervisionEvent event,
                                   const char *about,
                                   const char *reason)
{
  g_autoptr (GPtrArray) actions = NULL;

  if (self->supervision == NULL || self->over || self->status == DMS_DEPLOYMENT_SHUTTING_DOWN)
    return;
  actions =
      dms_supervisor_tree_handle (self->supervision->tree, event, about, reason, g_get_monotonic_time ());
  for (guint i = 0; i < actions->len; i++)
    {
      DmsSupervisionAction *action = actions->pdata[i];

      dms_log_event (G_LOG_LEVEL_WARNING,
                     "supervision_action",
                     "orchestratorID",
                     self->id,
                     "action",
                     dms_supervision_action_kind_to_string (dms_supervision_action_get_kind (action)),
                     "about",
                     dms_supervision_action_get_about (action),
                     "error",
                     dms_supervision_action_get_reason (action),
                     NULL);
    }
  for (guint i = 0; i < actions->len && !self->over; i++)
    dms_deployment_do_action (self, actions->pdata[i]);
  if (actions->len > 0 && !self->over && !self->supervision->paused)
    dms_deployment_go_on_restarting (self);
}

void
dms_deployment_supervision_ended (DmsDeployment *self, DeployAllocation *allocation)
{
  JsonObject *result =
      dms_json_object_get_child (dms_json_node_get_child (allocation->termination), "result");
  DmsSupervisionEvent event = DMS_EVENT_ALLOCATION_FAILED;

  if (strcmp (allocation->status, "completed") == 0)
    event = DMS_EVENT_ALLOCATION_COMPLETED;
  else if (was_lost (allocation, dms_json_object_get_text (result, "reason")))
    event = DMS_EVENT_ALLOCATION_LOST;
  tell_ended (self, allocation, event);
}

void
dms_deployment_supervision_done (DmsDeployment *self, DeployAllocation *allocation)
{
  if (self->supervision != NULL)
    dms_supervisor_tree_set_done (self->supervision->tree, dms_deployment_get_tree_name (allocation));
}

void
dms_deployment_supervision_unwell (DmsDeployment *self, DeployAllocation *allocation, const char *reason)
{
  if (dms_deployment_counts (allocation))
    dms_deployment_supervision_handle (
        self, DMS_EVENT_ALLOCATION_UNWELL, dms_allocation_config_get_name (allocation->config), reason);
}

void
dms_deployment_supervision_well (DmsDeployment *self, DeployAllocation *allocation)
{
  const char *name = dms_allocation_config_get_name (allocation->config);

  /* Given up while it was unwell, it has recovered by itself. */
  if (self->supervision != NULL && dms_deployment_counts (allocation) &&
      dms_supervisor_tree_is_down (self->supervision->tree, name))
    dms_deployment_supervision_handle (self, DMS_EVENT_ALLOCATION_STARTED, name, NULL);
}
