/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "supervision/dms-supervisor-tree-private.h"

#include <string.h>

/* How a supervisor tree is made and taken apart. */

G_DEFINE_FINAL_TYPE (DmsSupervisorTree, dms_supervisor_tree, G_TYPE_OBJECT)

static void
member_free (gpointer data)
{
  TreeMember *member = data;

  g_free (member->name);
  dms_restart_intensity_free (member->intensity);
  g_free (member);
}

static void
standby_free (gpointer data)
{
  TreeStandby *standby = data;

  g_free (standby->name);
  g_free (standby);
}

static void
node_free (gpointer data)
{
  TreeNode *node = data;

  g_free (node->name);
  dms_restart_intensity_free (node->intensity);
  g_ptr_array_unref (node->members);
  g_ptr_array_unref (node->standbys);
  g_free (node);
}

static void
group_free (gpointer data)
{
  TreeGroup *group = data;

  dms_restart_intensity_free (group->intensity);
  g_free (group);
}

static void
dms_supervisor_tree_finalize (GObject *object)
{
  DmsSupervisorTree *self = DMS_SUPERVISOR_TREE (object);

  g_ptr_array_unref (self->members);
  g_ptr_array_unref (self->nodes);
  g_ptr_array_unref (self->groups);
  g_clear_pointer (&self->intensity, dms_restart_intensity_free);
  G_OBJECT_CLASS (dms_supervisor_tree_parent_class)->finalize (object);
}

static void
dms_supervisor_tree_class_init (DmsSupervisorTreeClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = dms_supervisor_tree_finalize;
}

static void
dms_supervisor_tree_init (DmsSupervisorTree *self)
{
  self->members = g_ptr_array_new_with_free_func (member_free);
  self->nodes = g_ptr_array_new_with_free_func (node_free);
  self->groups = g_ptr_array_new_with_free_func (group_free);
}

static DmsRestartIntensity *
new_intensity (DmsSupervisorTree *self)
{
  return dms_restart_intensity_new (self->budget.max_restarts, self->budget.period_us);
}

DmsSupervisorTree *
dms_supervisor_tree_new (DmsEscalation escalation, DmsSupervisionBudget budget)
{
  DmsSupervisorTree *self = g_object_new (DMS_TYPE_SUPERVISOR_TREE, NULL);

  self->escalation = escalation;
  self->budget = budget;
  self->intensity = new_intensity (self);
  return self;
}

TreeNode *
dms_supervisor_tree_find_node (DmsSupervisorTree *self, const char *name)
{
  for (guint i = 0; i < self->nodes->len; i++)
    {
      if (strcmp (((TreeNode *) self->nodes->pdata[i])->name, name) == 0)
        return self->nodes->pdata[i];
    }
  return NULL;
}

TreeMember *
dms_supervisor_tree_find_member (DmsSupervisorTree *self, const char *name)
{
  for (guint i = 0; i < self->members->len; i++)
    {
      if (strcmp (((TreeMember *) self->members->pdata[i])->name, name) == 0)
        return self->members->pdata[i];
    }
  return NULL;
}

TreeStandby *
dms_supervisor_tree_find_standby (DmsSupervisorTree *self, const char *name)
{
  for (guint i = 0; i < self->nodes->len; i++)
    {
      TreeNode *node = self->nodes->pdata[i];

      for (guint j = 0; j < node->standbys->len; j++)
        {
          if (strcmp (((TreeStandby *) node->standbys->pdata[j])->name, name) == 0)
            return node->standbys->pdata[j];
        }
    }
  return NULL;
}

void
dms_supervisor_tree_add_node (DmsSupervisorTree *self, const char *name, DmsNodePolicy policy)
{
  TreeNode *node;

  g_return_if_fail (dms_supervisor_tree_find_node (self, name) == NULL);

  node = g_new0 (TreeNode, 1);
  node->name = g_strdup (name);
  node->policy = policy;
  node->intensity = new_intensity (self);
  node->members = g_ptr_array_new ();
  node->standbys = g_ptr_array_new_with_free_func (standby_free);
  g_ptr_array_add (self->nodes, node);
}

void
dms_supervisor_tree_add_standby (DmsSupervisorTree *self, const char *node, const char *name)
{
  TreeNode *owner = dms_supervisor_tree_find_node (self, node);
  TreeStandby *standby;

  g_return_if_fail (owner != NULL);

  standby = g_new0 (TreeStandby, 1);
  standby->name = g_strdup (name);
  standby->usable = TRUE;
  g_ptr_array_add (owner->standbys, standby);
}

static gint
by_order (gconstpointer a, gconstpointer b)
{
  const TreeMember *first = *(TreeMember *const *) a;
  const TreeMember *second = *(TreeMember *const *) b;

  if (first->order != second->order)
    return first->order < second->order ? -1 : 1;
  return strcmp (first->name, second->name);
}

void
dms_supervisor_tree_add_allocation (DmsSupervisorTree *self,
                                    const char *node,
                                    const char *name,
                                    guint order,
                                    DmsAllocationPolicy policy,
                                    gboolean single)
{
  TreeNode *owner = dms_supervisor_tree_find_node (self, node);
  TreeMember *member;

  g_return_if_fail (owner != NULL && dms_supervisor_tree_find_member (self, name) == NULL);

  member = g_new0 (TreeMember, 1);
  member->name = g_strdup (name);
  member->node = owner;
  member->order = order;
  member->policy = policy;
  member->single = single;
  member->intensity = new_intensity (self);
  g_ptr_array_add (owner->members, member);
  g_ptr_array_add (self->members, member);
  /* In the order in which they are started, so that every answer is. */
  g_ptr_array_sort (self->members, by_order);
}

void
dms_supervisor_tree_add_step (DmsSupervisorTree *self, const char *node, const char *name, gboolean single)
{
  dms_supervisor_tree_add_allocation (self, node, name, 0, DMS_ALLOCATION_STAY_DOWN, single);
  dms_supervisor_tree_find_member (self, name)->is_step = TRUE;
}

int
dms_supervisor_tree_add_supervisor (DmsSupervisorTree *self,
                                    int parent,
                                    const char *strategy,
                                    const char *const *allocations)
{
  TreeGroup *group;

  g_return_val_if_fail (parent < (int) self->groups->len, -1);

  group = g_new0 (TreeGroup, 1);
  group->parent = parent < 0 ? NULL : self->groups->pdata[parent];
  group->intensity = new_intensity (self);
  if (g_strcmp0 (strategy, "AllForOne") == 0)
    group->strategy = DMS_ALLOCATION_ONE_FOR_ALL;
  else if (g_strcmp0 (strategy, "RestForOne") == 0)
    group->strategy = DMS_ALLOCATION_REST_FOR_ONE;
  else
    group->strategy = DMS_ALLOCATION_ONE_FOR_ONE;
  g_ptr_array_add (self->groups, group);
  for (guint i = 0; allocations != NULL && allocations[i] != NULL; i++)
    {
      TreeMember *member = dms_supervisor_tree_find_member (self, allocations[i]);

      if (member != NULL && member->group == NULL)
        member->group = group;
    }
  return (int) self->groups->len - 1;
}
