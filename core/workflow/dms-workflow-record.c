/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "workflow/dms-workflow-private.h"

#include "common/dms-json-object.h"
#include "jobs/dms-job-json.h"

#include <string.h>

/* A workflow's state as JSON, and back. Another orchestrator may have written it. */

/* Later than any clock says, and not so late that something added to it is no time. */
#define MAX_TIME_US (G_MAXINT64 / 4)

static const char *const RUN_STATES[] = {
  "waiting", "starting", "running", "backoff", "succeeded", "failed"
};
static const char *const TASK_STATES[] = { "waiting", "running", "succeeded", "failed", "skipped" };

const char *
dms_workflow_task_state_to_string (DmsWorkflowTaskState state)
{
  return TASK_STATES[state];
}

static JsonNode *
run_to_json (gpointer data)
{
  Run *run = data;
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "state", RUN_STATES[run->state]);
  json_object_set_int_member (object, "attempt", run->attempt);
  json_object_set_int_member (object, "failures", run->n_failures);
  json_object_set_int_member (object, "slot", run->slot);
  json_object_set_int_member (object, "exit_code", run->exit_code);
  dms_job_json_set_text (object, "reason", run->reason);
  json_object_set_int_member (object, "due_us", run->due_us);
  json_object_set_int_member (object, "started_us", run->started_us);
  if (run->outputs != NULL)
    json_object_set_object_member (object, "outputs", json_object_ref (run->outputs));
  return dms_job_json_take_object (object);
}

static JsonObject *
task_to_json (Task *task)
{
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "state", TASK_STATES[task->state]);
  json_object_set_int_member (object, "exit_code", task->exit_code);
  dms_job_json_set_text (object, "reason", task->reason);
  /* Those of the job file are there already. */
  if (task->items != NULL && task->flow->items == NULL)
    dms_job_json_set_strv (object, "items", (const char *const *) task->items);
  dms_job_json_set_array (object, "runs", task->runs, run_to_json);
  return object;
}

JsonNode *
dms_workflow_to_json (DmsWorkflow *self)
{
  JsonObject *tasks = json_object_new ();

  for (guint i = 0; i < self->tasks->len; i++)
    {
      Task *task = self->tasks->pdata[i];

      json_object_set_object_member (tasks, task->name, task_to_json (task));
    }
  return dms_job_json_take_object (tasks);
}

static int
find_state (const char *const *names, guint n, JsonObject *object)
{
  const char *text = dms_json_object_get_text (object, "state");

  for (guint i = 0; text != NULL && i < n; i++)
    {
      if (strcmp (names[i], text) == 0)
        return (int) i;
    }
  return -1;
}

static gboolean
load_run (Task *task, JsonObject *object)
{
  Run *run = dms_workflow_run_new ();
  int state = find_state (RUN_STATES, G_N_ELEMENTS (RUN_STATES), object);
  JsonObject *outputs = dms_json_object_get_child (object, "outputs");

  g_ptr_array_add (task->runs, run);
  if (state < 0)
    return FALSE;
  run->state = (RunState) state;
  run->attempt = (guint) dms_json_object_get_whole (object, "attempt", 0, G_MAXINT32, 0);
  run->n_failures = (guint) dms_json_object_get_whole (object, "failures", 0, G_MAXINT32, 0);
  run->slot = (int) dms_json_object_get_whole (object, "slot", -1, (gint64) task->slots->len - 1, -1);
  run->exit_code =
      (int) dms_json_object_get_whole (object, "exit_code", G_MININT32, G_MAXINT32, DMS_EXIT_NONE);
  run->reason = g_strdup (dms_json_object_get_text (object, "reason"));
  run->due_us = dms_json_object_get_whole (object, "due_us", 0, MAX_TIME_US, 0);
  run->started_us = dms_json_object_get_whole (object, "started_us", 0, MAX_TIME_US, 0);
  if (outputs != NULL)
    run->outputs = json_object_ref (outputs);
  return run->slot >= 0 || (run->state != RUN_STARTING && run->state != RUN_RUNNING);
}

static gboolean
load_task (Task *task, JsonObject *object)
{
  int state = find_state (TASK_STATES, G_N_ELEMENTS (TASK_STATES), object);
  JsonArray *runs = dms_json_object_get_list (object, "runs");
  guint n = runs == NULL ? 0 : json_array_get_length (runs);
  gboolean good = TRUE;

  /* A task that waits has no runs yet: they are added when it begins, an item each. */
  if (state < 0 || n > DMS_TASK_FLOW_MAX_ITEMS || (state == DMS_WORKFLOW_WAITING && n > 0))
    return FALSE;
  g_ptr_array_set_size (task->runs, 0);
  task->state = (DmsWorkflowTaskState) state;
  task->exit_code =
      (int) dms_json_object_get_whole (object, "exit_code", G_MININT32, G_MAXINT32, DMS_EXIT_NONE);
  g_free (task->reason);
  task->reason = g_strdup (dms_json_object_get_text (object, "reason"));
  for (guint i = 0; good && i < n; i++)
    good = load_run (task, dms_json_node_get_child (json_array_get_element (runs, i)));
  g_clear_pointer (&task->items, g_strfreev);
  if (task->flow->items != NULL)
    task->items = g_strdupv (task->flow->items);
  else if (task->flow->items_task != NULL)
    task->items = dms_json_object_dup_texts (object, "items");
  if (task->items == NULL && dms_task_flow_is_fan_out (task->flow))
    task->items = g_new0 (char *, 1);
  return good && (n == 0 || task->items == NULL || g_strv_length (task->items) == n) &&
         (task->items != NULL || n <= 1);
}

gboolean
dms_workflow_load (DmsWorkflow *self, JsonObject *state, GError **error)
{
  for (guint i = 0; i < self->tasks->len; i++)
    {
      Task *task = self->tasks->pdata[i];
      JsonObject *object = dms_json_object_get_child (state, task->name);

      /* An update may have added it. */
      if (object == NULL)
        continue;
      if (!load_task (task, object))
        {
          g_set_error (error,
                       DMS_ERROR,
                       DMS_ERROR_CORRUPT,
                       "the state of task “%s” of the workflow is damaged",
                       task->name);
          return FALSE;
        }
    }
  dms_workflow_count_outputs (self);
  return TRUE;
}

JsonObject *
dms_workflow_describe_task (DmsWorkflow *self, const char *name)
{
  Task *task = dms_workflow_find_task (self, name);
  JsonObject *object = json_object_new ();
  JsonObject *counts = json_object_new ();
  guint n[G_N_ELEMENTS (RUN_STATES)] = { 0 };
  guint n_attempts = 0;

  json_object_set_string_member (object, "state", TASK_STATES[task->state]);
  dms_job_json_set_text (object, "reason", task->reason);
  for (guint i = 0; i < task->runs->len; i++)
    {
      Run *run = task->runs->pdata[i];

      n[run->state]++;
      n_attempts += run->attempt;
    }
  for (guint i = 0; i < G_N_ELEMENTS (RUN_STATES); i++)
    {
      if (n[i] > 0)
        json_object_set_int_member (counts, RUN_STATES[i], n[i]);
    }
  json_object_set_object_member (object, "runs", counts);
  json_object_set_int_member (object, "attempts", n_attempts);
  return object;
}
