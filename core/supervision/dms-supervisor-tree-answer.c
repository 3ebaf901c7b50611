/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "supervision/dms-supervisor-tree-private.h"

#include <string.h>

/* One event while it is answered. */
typedef struct
{
  DmsSupervisorTree *self;
  const char *reason;
  gint64 now_us;
  GPtrArray *actions;
} Answer;

static void act (Answer *answer,
                 DmsSupervisionActionKind kind,
                 const char *about,
                 const char *standby,
                 const char *format,
                 ...) G_GNUC_PRINTF (5, 6);

static void
act (Answer *answer,
     DmsSupervisionActionKind kind,
     const char *about,
     const char *standby,
     const char *format,
     ...)
{
  g_autofree char *text = NULL;
  va_list arguments;

  va_start (arguments, format);
  text = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  g_ptr_array_add (answer->actions, dms_supervision_action_new (kind, about, standby, text));
}

/* The ensemble */

static gboolean
may_run_elsewhere (TreeNode *node)
{
  gboolean single = FALSE;

  for (guint i = 0; i < node->members->len; i++)
    {
      TreeMember *member = node->members->pdata[i];

      single = single || (member->single && member->state != TREE_DONE);
    }
  return !single || !node->lost || node->fenced;
}

static void
set_members (TreeNode *node, TreeState state)
{
  for (guint i = 0; i < node->members->len; i++)
    {
      TreeMember *member = node->members->pdata[i];

      member->missed = FALSE;
      if (member->state != TREE_DONE)
        member->state = state;
    }
}

/* What was being repaired stays down. Others of the node may well run. */
static void
give_members_up (TreeNode *node)
{
  for (guint i = 0; i < node->members->len; i++)
    {
      TreeMember *member = node->members->pdata[i];

      if (member->state == TREE_REPAIRING)
        member->state = TREE_DOWN;
    }
}

/* Everything is deployed anew once nothing that must not run twice may still run somewhere. */
static void
redeploy_all_when_safe (Answer *answer, const char *what)
{
  DmsSupervisorTree *self = answer->self;
  gboolean safe = TRUE;

  for (guint i = 0; i < self->nodes->len; i++)
    {
      TreeNode *node = self->nodes->pdata[i];

      if (may_run_elsewhere (node))
        continue;
      safe = FALSE;
      if (node->state != TREE_FENCING)
        act (answer, DMS_SUPERVISION_FENCE_NODE, node->name, NULL, "%s", answer->reason);
      node->state = TREE_FENCING;
    }
  self->state = safe ? TREE_REPAIRING : TREE_FENCING;
  if (!safe)
    return;
  if (!dms_restart_intensity_take (self->intensity, answer->now_us))
    {
      self->over = TRUE;
      act (answer, DMS_SUPERVISION_TEAR_DOWN, "", NULL, "%s: %s", what, answer->reason);
      return;
    }
  /* From now on it is about the machines that come next, and what was done is done again. */
  for (guint i = 0; i < self->members->len; i++)
    ((TreeMember *) self->members->pdata[i])->state = TREE_REPAIRING;
  for (guint i = 0; i < self->nodes->len; i++)
    {
      ((TreeNode *) self->nodes->pdata[i])->lost = FALSE;
      ((TreeNode *) self->nodes->pdata[i])->fenced = FALSE;
    }
  act (answer, DMS_SUPERVISION_REDEPLOY_ALL, "", NULL, "%s", answer->reason);
}

/* node: (nullable): whose trouble it is. */
static void
escalate (Answer *answer, TreeNode *node, const char *what)
{
  DmsSupervisorTree *self = answer->self;

  if (self->escalation == DMS_ESCALATE_REDEPLOY)
    {
      redeploy_all_when_safe (answer, what);
      return;
    }
  if (self->escalation == DMS_ESCALATE_TEARDOWN || node == NULL)
    {
      self->over = TRUE;
      act (answer, DMS_SUPERVISION_TEAR_DOWN, "", NULL, "%s: %s", what, answer->reason);
      return;
    }
  node->state = node->lost ? TREE_DOWN : TREE_UP;
  act (answer, DMS_SUPERVISION_GIVE_UP, node->name, NULL, "%s: %s", what, answer->reason);
}

/* Nodes */

static TreeStandby *
next_standby (TreeNode *node)
{
  for (guint i = 0; i < node->standbys->len; i++)
    {
      TreeStandby *standby = node->standbys->pdata[i];

      if (standby->usable)
        return standby;
    }
  return NULL;
}

/* Moves a node to a standby or another machine. */
static void
move_node (Answer *answer, TreeNode *node)
{
  TreeStandby *standby = next_standby (node);

  set_members (node, TREE_REPAIRING);
  node->state = TREE_REPAIRING;
  /* From now on it is about the machine that comes next. */
  node->lost = FALSE;
  node->fenced = FALSE;
  if (standby == NULL)
    {
      act (answer, DMS_SUPERVISION_REDEPLOY_NODE, node->name, NULL, "%s", answer->reason);
      return;
    }
  standby->usable = FALSE;
  act (answer, DMS_SUPERVISION_PROMOTE_STANDBY, node->name, standby->name, "%s", answer->reason);
}

static gboolean
has_work_left (TreeNode *node)
{
  gboolean left = FALSE;

  for (guint i = 0; i < node->members->len; i++)
    left = left || ((TreeMember *) node->members->pdata[i])->state != TREE_DONE;
  return left;
}

static void
repair_node (Answer *answer, TreeNode *node)
{
  g_autofree char *what = NULL;

  if (!has_work_left (node))
    {
      node->state = node->lost ? TREE_DOWN : TREE_UP;
      return;
    }
  if ((next_standby (node) != NULL || node->policy == DMS_NODE_REDEPLOY) && !may_run_elsewhere (node))
    {
      set_members (node, TREE_REPAIRING);
      node->state = TREE_FENCING;
      act (answer, DMS_SUPERVISION_FENCE_NODE, node->name, NULL, "%s", answer->reason);
      return;
    }
  if (next_standby (node) != NULL)
    {
      move_node (answer, node);
      return;
    }
  if (node->policy == DMS_NODE_STAY_DOWN && node->lost)
    {
      node->state = TREE_DOWN;
      return;
    }
  if (node->policy != DMS_NODE_STAY_DOWN && dms_restart_intensity_take (node->intensity, answer->now_us))
    {
      if (node->policy == DMS_NODE_REDEPLOY)
        {
          move_node (answer, node);
          return;
        }
      set_members (node, TREE_REPAIRING);
      node->state = TREE_REPAIRING;
      act (answer, DMS_SUPERVISION_RESTART_NODE, node->name, NULL, "%s", answer->reason);
      return;
    }
  what = node->policy == DMS_NODE_STAY_DOWN
             ? g_strdup_printf ("restarting did not help node %s", node->name)
             : g_strdup_printf ("node %s was repaired %u times within %" G_GINT64_FORMAT
                                " s, which did not help",
                                node->name,
                                dms_restart_intensity_get_max (node->intensity),
                                dms_restart_intensity_get_period_us (node->intensity) / G_USEC_PER_SEC);
  give_members_up (node);
  escalate (answer, node, what);
}

/* Allocations */

static gboolean
is_below (TreeMember *member, TreeGroup *group)
{
  TreeGroup *at = member->group;

  while (at != NULL && at != group)
    at = at->parent;
  return at == group;
}

/* Whether a failure of @failed, for which @group answers (NULL: nobody), concerns @member. @child: the
 * supervisor below @group that could not help any more (NULL: the allocation itself failed). */
static gboolean
is_concerned (TreeMember *member,
              TreeMember *failed,
              DmsAllocationPolicy policy,
              TreeGroup *group,
              TreeGroup *child)
{
  gboolean fallen = member == failed || (child != NULL && is_below (member, child));

  if (member->is_step)
    return FALSE;
  if (fallen)
    return TRUE;
  if (group != NULL && !is_below (member, group))
    return FALSE;
  if (policy == DMS_ALLOCATION_ONE_FOR_ALL)
    return TRUE;
  return policy == DMS_ALLOCATION_REST_FOR_ONE && member->order > failed->order;
}

static void
restart_concerned (Answer *answer,
                   TreeMember *failed,
                   DmsAllocationPolicy policy,
                   TreeGroup *group,
                   TreeGroup *child)
{
  for (guint i = 0; i < answer->self->members->len; i++)
    {
      TreeMember *member = answer->self->members->pdata[i];

      if (!is_concerned (member, failed, policy, group, child))
        continue;
      /* What has done its work, was given up, or is started anew with its node anyway. */
      if (member != failed && (member->state == TREE_DONE || member->state == TREE_DOWN))
        continue;
      if (member->node->state != TREE_UP)
        continue;
      member->state = TREE_REPAIRING;
      act (answer,
           DMS_SUPERVISION_RESTART_ALLOCATION,
           member->name,
           NULL,
           member == failed ? "%s%s" : "%s failed: %s",
           member == failed ? "" : failed->name,
           answer->reason);
    }
}

/* Asks one supervisor after the other, upwards. Whether one of them had something left to try. */
static gboolean
ask_supervisors (Answer *answer, TreeMember *failed)
{
  TreeGroup *child = NULL;

  for (TreeGroup *group = failed->group; group != NULL; group = group->parent)
    {
      if (dms_restart_intensity_take (group->intensity, answer->now_us))
        {
          restart_concerned (answer, failed, group->strategy, group, child);
          return TRUE;
        }
      child = group;
    }
  return FALSE;
}

static TreeGroup *
root_of (TreeGroup *group)
{
  while (group != NULL && group->parent != NULL)
    group = group->parent;
  return group;
}

static void
on_failed (Answer *answer, TreeMember *member, DmsSupervisionEvent event)
{
  DmsAllocationPolicy policy = member->policy;

  if (member->state == TREE_DONE || member->state == TREE_DOWN)
    return;
  if (member->node->state != TREE_UP)
    {
      /* Whoever is started anew with its node is another one from then on; nobody is before it is sure that
       * the machine is gone. */
      member->missed = member->node->lost && member->node->state != TREE_REPAIRING;
      member->missed_event = event;
      return;
    }
  if (policy == DMS_ALLOCATION_STAY_DOWN && member->group == NULL && event == DMS_EVENT_ALLOCATION_UNWELL)
    policy = DMS_ALLOCATION_ONE_FOR_ONE;
  if (policy == DMS_ALLOCATION_STAY_DOWN && member->group == NULL &&
      (event != DMS_EVENT_ALLOCATION_LOST || member->node->policy == DMS_NODE_STAY_DOWN))
    {
      member->state = TREE_DOWN;
      return;
    }
  if (policy != DMS_ALLOCATION_STAY_DOWN)
    {
      if (dms_restart_intensity_take (member->intensity, answer->now_us))
        {
          restart_concerned (answer, member, policy, root_of (member->group), NULL);
          return;
        }
    }
  else if (ask_supervisors (answer, member))
    {
      return;
    }
  member->state = TREE_DOWN;
  repair_node (answer, member->node);
}

static void
handle_allocation (Answer *answer, DmsSupervisionEvent event, const char *name)
{
  TreeMember *member = dms_supervisor_tree_find_member (answer->self, name);

  if (member == NULL)
    return;
  if (event <= DMS_EVENT_ALLOCATION_LOST)
    on_failed (answer, member, event);
  else if (event == DMS_EVENT_ALLOCATION_COMPLETED)
    {
      member->missed = FALSE;
      member->state = TREE_DONE;
    }
  else if (member->state == TREE_REPAIRING || member->state == TREE_DOWN)
    member->state = TREE_UP;
}

static void
on_returned (Answer *answer, TreeNode *node)
{
  node->lost = FALSE;
  node->fenced = FALSE;
  if (node->state != TREE_DOWN && node->state != TREE_FENCING)
    return;
  for (guint i = 0; i < node->members->len && node->state == TREE_FENCING; i++)
    {
      TreeMember *member = node->members->pdata[i];

      if (member->state != TREE_DONE)
        member->state = TREE_UP;
    }
  node->state = TREE_UP;
  for (guint i = 0; i < node->members->len; i++)
    {
      TreeMember *member = node->members->pdata[i];
      gboolean missed = member->missed;

      member->missed = FALSE;
      /* It may have been started again because of another one. */
      if (missed && member->state != TREE_REPAIRING)
        on_failed (answer, member, member->missed_event);
    }
}

static void
on_fenced (Answer *answer, TreeNode *node)
{
  node->fenced = TRUE;
  if (answer->self->state == TREE_REPAIRING)
    return;
  if (answer->self->state == TREE_FENCING)
    redeploy_all_when_safe (answer, "deploying the ensemble anew did not help");
  else if (node->state == TREE_FENCING)
    repair_node (answer, node);
}

static void
handle_node (Answer *answer, DmsSupervisionEvent event, const char *name)
{
  TreeNode *node = dms_supervisor_tree_find_node (answer->self, name);

  if (node == NULL)
    return;
  switch ((int) event)
    {
    case DMS_EVENT_NODE_LOST:
      if (node->lost)
        break;
      node->lost = TRUE;
      node->fenced = FALSE;
      if (node->state == TREE_UP && answer->self->state == TREE_UP)
        repair_node (answer, node);
      break;
    case DMS_EVENT_NODE_RETURNED:
      on_returned (answer, node);
      break;
    case DMS_EVENT_NODE_FENCED:
      if (node->lost)
        on_fenced (answer, node);
      break;
    case DMS_EVENT_NODE_REPAIRED:
      if (node->state != TREE_REPAIRING || answer->self->state != TREE_UP)
        break;
      node->lost = FALSE;
      node->fenced = FALSE;
      node->state = TREE_UP;
      set_members (node, TREE_UP);
      break;
    case DMS_EVENT_NODE_REPAIR_FAILED:
    default:
      if (node->state == TREE_REPAIRING && answer->self->state == TREE_UP)
        repair_node (answer, node);
      break;
    }
}

static void
handle_ensemble (Answer *answer, DmsSupervisionEvent event)
{
  DmsSupervisorTree *self = answer->self;

  if (self->state != TREE_REPAIRING)
    return;
  if (event == DMS_EVENT_ENSEMBLE_REPAIR_FAILED)
    {
      escalate (answer, NULL, "deploying the ensemble anew did not help");
      return;
    }
  self->state = TREE_UP;
  for (guint i = 0; i < self->members->len; i++)
    ((TreeMember *) self->members->pdata[i])->state = TREE_UP;
  for (guint i = 0; i < self->nodes->len; i++)
    {
      TreeNode *node = self->nodes->pdata[i];

      node->state = TREE_UP;
      node->lost = FALSE;
      node->fenced = FALSE;
      for (guint j = 0; j < node->standbys->len; j++)
        ((TreeStandby *) node->standbys->pdata[j])->usable = TRUE;
    }
}

GPtrArray *
dms_supervisor_tree_handle (DmsSupervisorTree *self,
                            DmsSupervisionEvent event,
                            const char *about,
                            const char *reason,
                            gint64 now_us)
{
  g_autoptr (GPtrArray) actions =
      g_ptr_array_new_with_free_func ((GDestroyNotify) dms_supervision_action_free);
  Answer answer = { self, reason != NULL ? reason : "", now_us, actions };
  gboolean of_ensemble = event == DMS_EVENT_ENSEMBLE_REPAIRED || event == DMS_EVENT_ENSEMBLE_REPAIR_FAILED;
  TreeStandby *standby;

  if (self->over)
    return g_steal_pointer (&actions);
  if (of_ensemble)
    handle_ensemble (&answer, event);
  else if (event == DMS_EVENT_STANDBY_LOST || event == DMS_EVENT_STANDBY_RETURNED)
    {
      standby = dms_supervisor_tree_find_standby (self, about);
      if (standby != NULL)
        standby->usable = event == DMS_EVENT_STANDBY_RETURNED;
    }
  else if (self->state == TREE_UP && event <= DMS_EVENT_ALLOCATION_STARTED)
    handle_allocation (&answer, event, about);
  else if (event == DMS_EVENT_ALLOCATION_COMPLETED && self->state == TREE_FENCING)
    handle_allocation (&answer, event, about);
  else if (event >= DMS_EVENT_NODE_LOST)
    handle_node (&answer, event, about);
  /* A machine that returned need not be waited for any more. */
  if (self->state == TREE_FENCING && event == DMS_EVENT_NODE_RETURNED)
    redeploy_all_when_safe (&answer, "deploying the ensemble anew did not help");
  return g_steal_pointer (&actions);
}

void
dms_supervisor_tree_set_down (DmsSupervisorTree *self, const char *allocation)
{
  TreeMember *member = dms_supervisor_tree_find_member (self, allocation);

  if (member != NULL)
    member->state = TREE_DOWN;
}

void
dms_supervisor_tree_set_done (DmsSupervisorTree *self, const char *step)
{
  TreeMember *member = dms_supervisor_tree_find_member (self, step);
  TreeNode *node = member == NULL ? NULL : member->node;

  if (node == NULL)
    return;
  member->missed = FALSE;
  member->state = TREE_DONE;
  if (!has_work_left (node) && (node->state == TREE_REPAIRING || node->state == TREE_FENCING))
    node->state = node->lost ? TREE_DOWN : TREE_UP;
}

gboolean
dms_supervisor_tree_is_down (DmsSupervisorTree *self, const char *allocation)
{
  TreeMember *member = dms_supervisor_tree_find_member (self, allocation);

  return member != NULL && member->state == TREE_DOWN;
}

gboolean
dms_supervisor_tree_is_repairing (DmsSupervisorTree *self)
{
  gboolean repairing = self->state == TREE_REPAIRING || self->state == TREE_FENCING;

  for (guint i = 0; i < self->nodes->len; i++)
    {
      TreeNode *node = self->nodes->pdata[i];

      repairing = repairing || node->state == TREE_REPAIRING || node->state == TREE_FENCING;
    }
  for (guint i = 0; i < self->members->len; i++)
    repairing = repairing || ((TreeMember *) self->members->pdata[i])->state == TREE_REPAIRING;
  return repairing;
}
