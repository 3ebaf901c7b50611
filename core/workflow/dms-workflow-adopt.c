/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "workflow/dms-workflow-private.h"

#include "common/dms-json-object.h"

#include <string.h>

/* An update makes a workflow of another ensemble: what was done stays done, and what runs goes on. */

void
dms_workflow_count_outputs (DmsWorkflow *self)
{
  self->output_bytes = 0;
  for (guint i = 0; i < self->tasks->len; i++)
    {
      Task *task = self->tasks->pdata[i];

      for (guint j = 0; j < task->runs->len * task->flow->outputs->len; j++)
        {
          Run *run = task->runs->pdata[j / task->flow->outputs->len];
          DmsTaskOutput *output = task->flow->outputs->pdata[j % task->flow->outputs->len];
          const char *text =
              run->outputs != NULL ? dms_json_object_get_text (run->outputs, output->name) : NULL;

          self->output_bytes += text != NULL ? strlen (text) : 0;
        }
    }
}

static int
find_slot (Task *task, const char *name)
{
  for (guint i = 0; i < task->slots->len; i++)
    {
      if (strcmp (task->slots->pdata[i], name) == 0)
        return (int) i;
    }
  return -1;
}

static void
adopt_run (Task *task, Run *run, Task *earlier, gint64 now_us)
{
  if (run->slot >= 0)
    run->slot = find_slot (task, earlier->slots->pdata[run->slot]);
  if (dms_workflow_run_is_active (run) && run->slot < 0)
    dms_workflow_fail_attempt (task, run, DMS_EXIT_NONE, "its machine was given up", now_us);
}

void
dms_workflow_adopt (DmsWorkflow *self, DmsWorkflow *earlier, gint64 now_us)
{
  for (guint i = 0; i < self->tasks->len; i++)
    {
      Task *task = self->tasks->pdata[i];
      Task *was = dms_workflow_find_task (earlier, task->name);

      if (was == NULL || was->state == DMS_WORKFLOW_WAITING)
        continue;
      task->state = was->state;
      task->exit_code = was->exit_code;
      g_free (task->reason);
      task->reason = g_strdup (was->reason);
      g_strfreev (task->items);
      task->items = g_strdupv (was->items);
      g_ptr_array_unref (task->runs);
      task->runs = g_ptr_array_ref (was->runs);
      for (guint j = 0; j < task->runs->len; j++)
        adopt_run (task, task->runs->pdata[j], was, now_us);
    }
  dms_workflow_count_outputs (self);
}

void
dms_workflow_ask_again (DmsWorkflow *self)
{
  for (guint i = 0; i < self->tasks->len; i++)
    {
      Task *task = self->tasks->pdata[i];

      for (guint j = 0; j < task->runs->len; j++)
        {
          Run *run = task->runs->pdata[j];

          run->asked = FALSE;
          run->due_us = dms_workflow_run_is_active (run) ? 0 : run->due_us;
        }
    }
}
