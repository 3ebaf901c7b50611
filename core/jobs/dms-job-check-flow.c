/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "jobs/dms-job-decode-private.h"

#include "jobs/dms-port-config.h"

#include <string.h>

/* Reports what is wrong between the tasks of a workflow. */

typedef struct
{
  DmsEnsemble *ensemble;
  DmsJobNode *allocations;
  DmsJobReport *report;
  const char *name;
  DmsAllocationConfig *allocation;
  DmsTaskFlow *flow;
} FlowChecker;

static void complain (FlowChecker *self, const char *key, const char *format, ...) G_GNUC_PRINTF (3, 4);

static void
complain (FlowChecker *self, const char *key, const char *format, ...)
{
  DmsJobNode *item = dms_job_node_get (self->allocations, self->name);
  DmsJobNode *flow = item == NULL ? NULL : dms_job_node_get_any_case (item, "workflow");
  DmsJobNode *place = flow == NULL ? NULL : dms_job_node_get_any_case (flow, key);
  g_autofree char *path = g_strdup_printf ("allocations.%.80s.workflow.%s", self->name, key);
  g_autofree char *text = NULL;
  va_list args;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  dms_job_report_error (self->report, place != NULL ? place : flow, path, "%s", text);
}

static DmsTaskFlow *
find_flow (FlowChecker *self, const char *task, gboolean *exists)
{
  DmsAllocationConfig *other = dms_ensemble_find_allocation (self->ensemble, task);

  *exists = other != NULL;
  return other == NULL ? NULL : dms_allocation_config_get_flow (other);
}

static void
check_target (FlowChecker *self, const char *task)
{
  gboolean exists;

  if (strcmp (task, self->name) == 0)
    complain (self, "after", "a task cannot wait for itself");
  else if (find_flow (self, task, &exists) == NULL && exists)
    complain (self, "after", "allocation \"%.80s\" is no part of the workflow; give it a workflow: {}", task);
  else if (!exists)
    complain (self, "after", "there is no allocation \"%.80s\"", task);
}

static void
check_source (FlowChecker *self, const char *key, const char *task, const char *output)
{
  gboolean exists;
  DmsTaskFlow *flow = find_flow (self, task, &exists);

  if (flow != NULL && strcmp (task, self->name) != 0 && dms_task_flow_find_output (flow, output) == NULL)
    complain (self, key, "task \"%.80s\" has no output \"%.80s\"", task, output);
}

static void
check_start_order (FlowChecker *self)
{
  const char *const *targets = dms_allocation_config_get_depends_on (self->allocation);

  for (guint i = 0; targets[i] != NULL; i++)
    {
      gboolean exists;

      if (find_flow (self, targets[i], &exists) != NULL)
        complain (self,
                  "after",
                  "depends_on waits for the start of \"%.80s\" only, which the workflow decides: name it in "
                  "workflow.after",
                  targets[i]);
    }
}

static void
check_slots (FlowChecker *self)
{
  GPtrArray *nodes = dms_ensemble_get_nodes (self->ensemble);

  for (guint i = 0; i < nodes->len && self->flow->slots > 1; i++)
    {
      GPtrArray *ports = dms_node_config_get_ports (nodes->pdata[i]);

      for (guint j = 0; j < ports->len; j++)
        {
          if (g_strcmp0 (dms_port_config_get_allocation (ports->pdata[j]), self->name) == 0)
            complain (self, "slots", "an allocation with ports can have one slot only");
        }
    }
  for (guint i = 2; i <= self->flow->slots; i++)
    {
      g_autofree char *slot = g_strdup_printf ("%s-%u", self->name, i);

      if (dms_ensemble_find_allocation (self->ensemble, slot) != NULL)
        complain (self, "slots", "slot %u would be called like allocation \"%.80s\"", i, slot);
    }
}

/* marks: 1 while on the way, 2 when done. Depth is bounded by the number of allocations of a file. */
static gboolean
has_cycle (FlowChecker *self, const char *name, GHashTable *marks)
{
  gboolean exists;
  DmsTaskFlow *flow = find_flow (self, name, &exists);
  guint mark = GPOINTER_TO_UINT (g_hash_table_lookup (marks, name));

  if (flow == NULL || mark == 2)
    return FALSE;
  if (mark == 1)
    return TRUE;
  g_hash_table_insert (marks, (gpointer) name, GUINT_TO_POINTER (1));
  for (guint i = 0; i < flow->after->len; i++)
    {
      const char *target = ((DmsTaskDependency *) flow->after->pdata[i])->task;

      if (strcmp (target, name) != 0 && has_cycle (self, target, marks))
        return TRUE;
    }
  g_hash_table_insert (marks, (gpointer) name, GUINT_TO_POINTER (2));
  return FALSE;
}

static void
check_task (FlowChecker *self)
{
  if (!dms_allocation_config_is_task (self->allocation))
    complain (self, "after", "only a task can be part of a workflow; this allocation is a service");
  if (g_strcmp0 (dms_allocation_config_get_failure_recovery (self->allocation), "stay_down") != 0)
    complain (self, "retries", "a task of a workflow is repeated by its retries: leave failure_recovery out");
  for (guint i = 0; i < self->flow->after->len; i++)
    check_target (self, ((DmsTaskDependency *) self->flow->after->pdata[i])->task);
  for (guint i = 0; i < self->flow->inputs->len; i++)
    {
      DmsTaskInput *input = self->flow->inputs->pdata[i];

      check_source (self, "inputs", input->task, input->output);
    }
  if (self->flow->items_task != NULL)
    check_source (self, "for_each", self->flow->items_task, self->flow->items_output);
  check_start_order (self);
  check_slots (self);
}

/* What the workflow starts is not there yet when the others start. */
static void
check_outsider (FlowChecker *self)
{
  const char *const *targets = dms_allocation_config_get_depends_on (self->allocation);

  for (guint i = 0; targets[i] != NULL; i++)
    {
      g_autofree char *path = g_strdup_printf ("allocations.%.80s.depends_on", self->name);
      gboolean exists;

      if (find_flow (self, targets[i], &exists) != NULL)
        dms_job_report_error (
            self->report,
            dms_job_node_get (self->allocations, self->name),
            path,
            "\"%.80s\" is started by the workflow, after this allocation; make this one part of "
            "the workflow, too, and name it in workflow.after",
            targets[i]);
    }
}

void
dms_job_check_flows (DmsEnsemble *ensemble, DmsJobNode *allocations, DmsJobReport *report)
{
  GPtrArray *all = dms_ensemble_get_allocations (ensemble);
  g_autoptr (GHashTable) marks = g_hash_table_new (g_str_hash, g_str_equal);
  gboolean found = FALSE;

  for (guint i = 0; i < all->len; i++)
    {
      FlowChecker self = { ensemble,      allocations,
                           report,        dms_allocation_config_get_name (all->pdata[i]),
                           all->pdata[i], dms_allocation_config_get_flow (all->pdata[i]) };

      if (self.flow == NULL)
        {
          check_outsider (&self);
          continue;
        }
      check_task (&self);
      if (!found && has_cycle (&self, self.name, marks))
        {
          found = TRUE;
          complain (&self, "after", "the tasks wait for each other in a circle");
        }
    }
}
