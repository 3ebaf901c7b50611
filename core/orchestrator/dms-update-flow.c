/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "orchestrator/dms-update-flow.h"

#include <string.h>

typedef struct
{
  DmsWorkflow *workflow;
  DmsEnsemble *from;
  DmsEnsemble *to;
  DmsUpdatePlan *plan;
  GString *text;
} Check;

static void complain (Check *self, const char *format, ...) G_GNUC_PRINTF (2, 3);

static void
complain (Check *self, const char *format, ...)
{
  va_list arguments;

  if (self->text->len > 0)
    g_string_append (self->text, "; ");
  va_start (arguments, format);
  g_string_append_vprintf (self->text, format, arguments);
  va_end (arguments);
}

static gboolean
are_equal (DmsTaskFlow *a, DmsTaskFlow *b)
{
  g_autoptr (JsonNode) left = dms_task_flow_to_json (a);
  g_autoptr (JsonNode) right = dms_task_flow_to_json (b);

  return json_node_equal (left, right);
}

static const char *
describe (DmsWorkflowTaskState state)
{
  if (state == DMS_WORKFLOW_RUNNING)
    return "runs";
  return state == DMS_WORKFLOW_SKIPPED ? "was skipped" : "has ended";
}

/* A step that has begun stays where it is. */
static void
check_places (Check *self, const char *name, const char *how)
{
  GPtrArray *before = dms_ensemble_get_nodes (self->from);
  GPtrArray *after = dms_ensemble_get_nodes (self->to);

  for (guint i = 0; i < before->len; i++)
    {
      const char *node = dms_node_config_get_name (before->pdata[i]);
      DmsNodeConfig *is = dms_ensemble_find_node (self->to, node);

      if (!dms_node_config_has_allocation (before->pdata[i], name))
        continue;
      if (is == NULL || !dms_node_config_has_allocation (is, name))
        complain (self, "nodes.%s.allocations: step “%s” %s, and stays on its node", node, name, how);
      else if (dms_update_plan_moves (self->plan, node))
        complain (self, "nodes.%s.peer: step “%s” %s, and stays on its machine", node, name, how);
    }
  for (guint i = 0; i < after->len; i++)
    {
      const char *node = dms_node_config_get_name (after->pdata[i]);
      DmsNodeConfig *was = dms_ensemble_find_node (self->from, node);

      if (dms_node_config_has_allocation (after->pdata[i], name) &&
          (was == NULL || !dms_node_config_has_allocation (was, name)))
        complain (self, "nodes.%s.allocations: step “%s” %s, and comes to no further node", node, name, how);
    }
}

static void
check_step (Check *self, DmsAllocationConfig *was, DmsAllocationConfig *is)
{
  const char *name = dms_allocation_config_get_name (is);
  DmsTaskFlow *before = dms_allocation_config_get_flow (was);
  DmsTaskFlow *after = dms_allocation_config_get_flow (is);
  DmsWorkflowTaskState state;
  const char *how;

  if ((before == NULL) != (after == NULL))
    complain (self,
              "allocations.%s.workflow: what is no step of the workflow cannot become one, nor the other way "
              "round, while the ensemble runs: remove it, and add it under another name",
              name);
  if (before == NULL || after == NULL)
    return;
  state = dms_workflow_get_task_state (self->workflow, name);
  if (state == DMS_WORKFLOW_WAITING)
    return;
  how = describe (state);
  if (dms_update_plan_renews (self->plan, name) || !are_equal (before, after))
    complain (
        self,
        "allocations.%s: this step of the workflow %s; only steps that have not begun can change. Leave it "
        "as it is, or remove it",
        name,
        how);
  check_places (self, name, how);
}

char *
dms_update_flow_refuse (DmsWorkflow *workflow, DmsEnsemble *from, DmsEnsemble *to, DmsUpdatePlan *plan)
{
  GPtrArray *all = dms_ensemble_get_allocations (to);
  g_autoptr (GString) text = g_string_new (NULL);
  Check self = { workflow, from, to, plan, text };

  for (guint i = 0; i < all->len; i++)
    {
      DmsAllocationConfig *was =
          dms_ensemble_find_allocation (from, dms_allocation_config_get_name (all->pdata[i]));

      if (was != NULL)
        check_step (&self, was, all->pdata[i]);
    }
  return text->len > 0 ? g_strdup (text->str) : NULL;
}
