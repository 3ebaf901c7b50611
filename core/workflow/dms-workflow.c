/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "workflow/dms-workflow-private.h"

#include <string.h>

/* How long after its time-out a run that nobody heard of is given up: its machine ends it by itself, and then
 * has this long to say so. */
#define LOST_AFTER_US (G_GINT64_CONSTANT (120) * G_USEC_PER_SEC)
/* Between two questions to a machine that does not answer, and to one that has no room. */
#define ASK_AGAIN_US (G_GINT64_CONSTANT (5) * G_USEC_PER_SEC)
#define MAX_ASK_US   (G_GINT64_CONSTANT (60) * G_USEC_PER_SEC)

enum
{
  /* Questions without an answer, each of which waits for minutes. */
  MAX_UNANSWERED = 12,
};

G_DEFINE_FINAL_TYPE (DmsWorkflow, dms_workflow, G_TYPE_OBJECT)

Run *
dms_workflow_run_new (void)
{
  Run *run = g_new0 (Run, 1);

  run->slot = -1;
  run->exit_code = DMS_EXIT_NONE;
  return run;
}

void
dms_workflow_run_free (gpointer data)
{
  Run *run = data;

  g_free (run->reason);
  g_clear_pointer (&run->outputs, json_object_unref);
  g_free (run);
}

static void
task_free (gpointer data)
{
  Task *task = data;

  g_free (task->reason);
  g_ptr_array_unref (task->slots);
  g_strfreev (task->items);
  g_ptr_array_unref (task->runs);
  g_free (task);
}

static void
dms_workflow_finalize (GObject *object)
{
  DmsWorkflow *self = DMS_WORKFLOW (object);

  g_hash_table_unref (self->by_name);
  g_ptr_array_unref (self->tasks);
  g_clear_pointer (&self->ensemble, dms_ensemble_unref);
  G_OBJECT_CLASS (dms_workflow_parent_class)->finalize (object);
}

static void
dms_workflow_class_init (DmsWorkflowClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = dms_workflow_finalize;
}

static void
dms_workflow_init (DmsWorkflow *self)
{
  self->tasks = g_ptr_array_new_with_free_func (task_free);
  self->by_name = g_hash_table_new (g_str_hash, g_str_equal);
}

/* Those it waits for go first. The file's check has made sure that there is no circle. */
static void
add_task (DmsWorkflow *self, DmsAllocationConfig *config, GHashTable *seen)
{
  DmsTaskFlow *flow = dms_allocation_config_get_flow (config);
  Task *task;

  if (flow == NULL || !g_hash_table_add (seen, config))
    return;
  for (guint i = 0; i < flow->after->len; i++)
    {
      DmsAllocationConfig *other =
          dms_ensemble_find_allocation (self->ensemble, ((DmsTaskDependency *) flow->after->pdata[i])->task);

      if (other != NULL)
        add_task (self, other, seen);
    }
  task = g_new0 (Task, 1);
  task->name = dms_allocation_config_get_name (config);
  task->flow = flow;
  task->exit_code = DMS_EXIT_NONE;
  task->slots = g_ptr_array_new_with_free_func (g_free);
  task->runs = g_ptr_array_new_with_free_func (dms_workflow_run_free);
  g_ptr_array_add (self->tasks, task);
  g_hash_table_insert (self->by_name, (gpointer) task->name, task);
}

DmsWorkflow *
dms_workflow_new (DmsEnsemble *ensemble)
{
  g_autoptr (DmsWorkflow) self = g_object_new (DMS_TYPE_WORKFLOW, NULL);
  g_autoptr (GHashTable) seen = g_hash_table_new (NULL, NULL);
  GPtrArray *all = dms_ensemble_get_allocations (ensemble);

  self->ensemble = dms_ensemble_ref (ensemble);
  for (guint i = 0; i < all->len; i++)
    add_task (self, all->pdata[i], seen);
  return self->tasks->len > 0 ? g_steal_pointer (&self) : NULL;
}

Task *
dms_workflow_find_task (DmsWorkflow *self, const char *name)
{
  return g_hash_table_lookup (self->by_name, name);
}

gboolean
dms_workflow_has_task (DmsWorkflow *self, const char *task)
{
  return dms_workflow_find_task (self, task) != NULL;
}

void
dms_workflow_add_slot (DmsWorkflow *self, const char *task, const char *slot)
{
  g_ptr_array_add (dms_workflow_find_task (self, task)->slots, g_strdup (slot));
}

/* Tasks */

static gboolean
task_is_over (Task *task)
{
  return task->state != DMS_WORKFLOW_WAITING && task->state != DMS_WORKFLOW_RUNNING;
}

static void
end_task (Task *task, DmsWorkflowTaskState state, int exit_code, const char *reason)
{
  task->state = state;
  task->exit_code = exit_code;
  g_free (task->reason);
  task->reason = g_strdup (reason);
}

typedef enum
{
  VERDICT_WAIT,
  VERDICT_GO,
  VERDICT_SKIP,
} Verdict;

static Verdict
judge_dependencies (DmsWorkflow *self, Task *task, char **reason)
{
  Verdict verdict = VERDICT_GO;

  for (guint i = 0; i < task->flow->after->len; i++)
    {
      DmsTaskDependency *dependency = task->flow->after->pdata[i];
      Task *other = dms_workflow_find_task (self, dependency->task);
      gboolean met;

      if (other == NULL)
        continue;
      if (!task_is_over (other))
        {
          verdict = VERDICT_WAIT;
          continue;
        }
      met = other->state == DMS_WORKFLOW_SKIPPED
                ? dms_exit_condition_matches_skipped (dependency->exit)
                : dms_exit_condition_matches (dependency->exit, other->exit_code);
      if (met)
        continue;
      /* Whatever the others do. */
      *reason =
          g_strdup_printf ("task “%s” %s", other->name, dms_workflow_task_state_to_string (other->state));
      return VERDICT_SKIP;
    }
  return verdict;
}

/* The runs of a task, once all it waits for is known. */
static void
begin_task (DmsWorkflow *self, Task *task)
{
  g_autofree char *why = NULL;
  guint n = 1;

  g_clear_pointer (&task->items, g_strfreev);
  if (task->flow->items != NULL)
    {
      task->items = g_strdupv (task->flow->items);
    }
  else if (task->flow->items_task != NULL)
    {
      g_autofree char *text = dms_workflow_dup_output (dms_workflow_find_task (self, task->flow->items_task),
                                                       task->flow->items_output);

      task->items = dms_workflow_split_items (text, &why);
    }
  if (why != NULL)
    {
      g_autofree char *reason =
          g_strdup_printf ("%s.%s: %s", task->flow->items_task, task->flow->items_output, why);

      end_task (task, DMS_WORKFLOW_FAILED, DMS_EXIT_NONE, reason);
      return;
    }
  if (dms_task_flow_is_fan_out (task->flow))
    n = g_strv_length (task->items);
  for (guint i = 0; i < n; i++)
    g_ptr_array_add (task->runs, dms_workflow_run_new ());
  task->state = DMS_WORKFLOW_RUNNING;
}

/* Runs */

gboolean
dms_workflow_run_is_active (Run *run)
{
  return run->state == RUN_STARTING || run->state == RUN_RUNNING;
}

void
dms_workflow_fail_attempt (Task *task, Run *run, int exit_code, const char *reason, gint64 now_us)
{
  run->n_failures++;
  run->exit_code = exit_code;
  g_free (run->reason);
  run->reason = g_strdup (reason);
  if (task->flow->single || run->n_failures > task->flow->max_retries ||
      !dms_exit_condition_matches (task->flow->retry_on, exit_code))
    {
      run->state = RUN_FAILED;
      return;
    }
  run->state = RUN_BACKOFF;
  run->due_us = now_us + dms_task_flow_get_backoff_us (task->flow, run->n_failures);
}

static void
give_up_late_run (Task *task, Run *run, gint64 now_us)
{
  if (run->state == RUN_RUNNING && task->flow->timeout_us > 0 &&
      now_us > run->started_us + task->flow->timeout_us + LOST_AFTER_US)
    dms_workflow_fail_attempt (
        task, run, DMS_EXIT_NONE, "its machine did not say in time how it ended", now_us);
}

/* -1 when all are taken. */
static int
find_slot (Task *task, const gboolean *taken, Run *run)
{
  guint n = task->slots->len;

  /* Not where it failed last, if there is a choice. */
  for (guint i = 0; i < n; i++)
    {
      guint at = ((guint) (run->slot + 1) + i) % n;

      if (!taken[at])
        return (int) at;
    }
  return -1;
}

static char *
name_run (Task *task, guint index)
{
  Run *run = task->runs->pdata[index];

  return g_strdup_printf ("%s.%u.%u", task->name, index, run->attempt);
}

/* FALSE when it cannot be started at all. */
static gboolean
ask (DmsWorkflow *self, Task *task, guint index, GPtrArray *starts, gint64 now_us)
{
  Run *run = task->runs->pdata[index];
  g_autofree char *why = NULL;
  g_auto (GStrv) environment = dms_workflow_make_environment (self, task, index, &why);
  DmsWorkflowStart *start;

  if (environment == NULL)
    {
      dms_workflow_fail_attempt (task, run, DMS_EXIT_NONE, why, now_us);
      run->state = RUN_FAILED;
      return FALSE;
    }
  start = g_new0 (DmsWorkflowStart, 1);
  start->slot = g_strdup (task->slots->pdata[run->slot]);
  start->run = name_run (task, index);
  start->environment = g_steal_pointer (&environment);
  start->timeout_us = task->flow->timeout_us;
  start->wants_files = g_ptr_array_new_with_free_func (g_free);
  for (guint i = 0; i < task->flow->outputs->len; i++)
    {
      DmsTaskOutput *output = task->flow->outputs->pdata[i];

      if (output->file != NULL &&
          !g_ptr_array_find_with_equal_func (start->wants_files, output->file, g_str_equal, NULL))
        g_ptr_array_add (start->wants_files, g_strdup (output->file));
      start->wants_stderr = start->wants_stderr || (output->file == NULL && output->from_stderr);
      start->wants_stdout = start->wants_stdout || (output->file == NULL && !output->from_stderr);
    }
  run->asked = TRUE;
  g_ptr_array_add (starts, start);
  return TRUE;
}

static void
advance_runs (DmsWorkflow *self, Task *task, GPtrArray *starts, gint64 now_us)
{
  g_autofree gboolean *taken = g_new0 (gboolean, task->slots->len + 1);
  guint limit = task->flow->max_parallel > 0 ? task->flow->max_parallel : G_MAXUINT;
  guint n_active = 0;

  for (guint i = 0; i < task->runs->len; i++)
    {
      Run *run = task->runs->pdata[i];

      give_up_late_run (task, run, now_us);
      if (run->state == RUN_BACKOFF && run->due_us <= now_us)
        run->state = RUN_WAITING;
      if (!dms_workflow_run_is_active (run))
        continue;
      taken[run->slot] = TRUE;
      n_active++;
    }
  for (guint i = 0; i < task->runs->len; i++)
    {
      Run *run = task->runs->pdata[i];
      int slot = -1;

      if (run->state == RUN_WAITING && n_active < limit)
        slot = find_slot (task, taken, run);
      if (slot >= 0)
        {
          run->state = RUN_STARTING;
          run->slot = slot;
          run->attempt++;
          run->due_us = 0;
          run->asked = FALSE;
          run->n_unanswered = 0;
          taken[slot] = TRUE;
          n_active++;
        }
      if (dms_workflow_run_is_active (run) && !run->asked && run->due_us <= now_us &&
          !ask (self, task, i, starts, now_us))
        {
          taken[run->slot] = FALSE;
          n_active--;
        }
    }
}

static void
conclude_task (Task *task)
{
  Run *first = NULL;
  guint n_failed = 0;
  guint index = 0;
  g_autofree char *reason = NULL;

  for (guint i = 0; i < task->runs->len; i++)
    {
      Run *run = task->runs->pdata[i];

      if (run->state != RUN_SUCCEEDED && run->state != RUN_FAILED)
        return;
      if (run->state != RUN_FAILED)
        continue;
      n_failed++;
      if (first == NULL)
        {
          first = run;
          index = i;
        }
    }
  if (first == NULL)
    {
      end_task (task, DMS_WORKFLOW_SUCCEEDED, 0, NULL);
      return;
    }
  if (task->items != NULL)
    reason = g_strdup_printf ("%u of %u runs failed, the first of them number %u (“%.60s”): %s",
                              n_failed,
                              task->runs->len,
                              index,
                              task->items[index],
                              first->reason);
  else if (first->n_failures > 1)
    reason = g_strdup_printf ("%s (after %u attempts)", first->reason, first->n_failures);
  else
    reason = g_strdup (first->reason);
  end_task (task, DMS_WORKFLOW_FAILED, first->exit_code, reason);
}

static void
advance_task (DmsWorkflow *self, Task *task, GPtrArray *starts, gint64 now_us)
{
  if (task->state == DMS_WORKFLOW_WAITING)
    {
      g_autofree char *reason = NULL;
      Verdict verdict = judge_dependencies (self, task, &reason);

      if (verdict == VERDICT_SKIP)
        end_task (task, DMS_WORKFLOW_SKIPPED, DMS_EXIT_NONE, reason);
      else if (verdict == VERDICT_GO && task->slots->len == 0)
        end_task (task, DMS_WORKFLOW_FAILED, DMS_EXIT_NONE, "it is on no node");
      else if (verdict == VERDICT_GO)
        begin_task (self, task);
    }
  if (task->state != DMS_WORKFLOW_RUNNING)
    return;
  advance_runs (self, task, starts, now_us);
  conclude_task (task);
}

GPtrArray *
dms_workflow_advance (DmsWorkflow *self, gint64 now_us)
{
  GPtrArray *starts = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_workflow_start_free);

  /* What a task waits for is before it, so that once through is enough. */
  for (guint i = 0; i < self->tasks->len; i++)
    advance_task (self, self->tasks->pdata[i], starts, now_us);
  return starts;
}

static gint64
earlier (gint64 a, gint64 b)
{
  return a == 0 || (b > 0 && b < a) ? b : a;
}

gint64
dms_workflow_get_wakeup_us (DmsWorkflow *self)
{
  gint64 at = 0;

  for (guint i = 0; i < self->tasks->len; i++)
    {
      Task *task = self->tasks->pdata[i];

      for (guint j = 0; task->state == DMS_WORKFLOW_RUNNING && j < task->runs->len; j++)
        {
          Run *run = task->runs->pdata[j];

          if (run->state == RUN_BACKOFF || (dms_workflow_run_is_active (run) && !run->asked))
            at = earlier (at, run->due_us);
          if (run->state == RUN_RUNNING && task->flow->timeout_us > 0)
            at = earlier (at, run->started_us + task->flow->timeout_us + LOST_AFTER_US + 1);
        }
    }
  return at;
}

/* Events */

/* NULL unless it is the present attempt, and under way. */
static Run *
find_run (DmsWorkflow *self, const char *name, Task **task)
{
  g_auto (GStrv) parts = g_strsplit (name, ".", 4);
  guint64 index;
  guint64 attempt;
  Run *run;

  if (g_strv_length (parts) != 3)
    return NULL;
  *task = dms_workflow_find_task (self, parts[0]);
  if (*task == NULL || !g_ascii_string_to_unsigned (parts[1], 10, 0, G_MAXUINT32, &index, NULL) ||
      !g_ascii_string_to_unsigned (parts[2], 10, 0, G_MAXUINT32, &attempt, NULL) ||
      index >= (*task)->runs->len)
    return NULL;
  run = (*task)->runs->pdata[index];
  return run->attempt == attempt && dms_workflow_run_is_active (run) ? run : NULL;
}

gboolean
dms_workflow_take_started (DmsWorkflow *self, const char *name, gint64 now_us)
{
  Task *task;
  Run *run = find_run (self, name, &task);

  if (run == NULL)
    return FALSE;
  run->n_unanswered = 0;
  if (run->state == RUN_RUNNING)
    return FALSE;
  run->state = RUN_RUNNING;
  run->started_us = now_us;
  return TRUE;
}

gboolean
dms_workflow_take_refused (DmsWorkflow *self,
                           const char *name,
                           const char *reason,
                           gboolean busy,
                           gint64 now_us)
{
  Task *task;
  Run *run = find_run (self, name, &task);

  if (run == NULL)
    return FALSE;
  if (!busy)
    {
      dms_workflow_fail_attempt (task, run, DMS_EXIT_NONE, reason, now_us);
      return TRUE;
    }
  run->state = RUN_BACKOFF;
  run->due_us = now_us + ASK_AGAIN_US;
  return TRUE;
}

gboolean
dms_workflow_take_unanswered (DmsWorkflow *self, const char *name, gint64 now_us)
{
  Task *task;
  Run *run = find_run (self, name, &task);

  if (run == NULL)
    return FALSE;
  run->n_unanswered++;
  if (run->n_unanswered >= MAX_UNANSWERED)
    {
      dms_workflow_fail_attempt (
          task, run, DMS_EXIT_NONE, "its machine does not answer; whether it ran is not known", now_us);
      return TRUE;
    }
  run->asked = FALSE;
  run->due_us = now_us + MIN (ASK_AGAIN_US * run->n_unanswered, MAX_ASK_US);
  return TRUE;
}

gboolean
dms_workflow_take_end (DmsWorkflow *self,
                       const char *name,
                       int exit_code,
                       const char *reason,
                       const DmsWorkflowLeft *left,
                       gint64 now_us)
{
  static const DmsWorkflowLeft nothing = { NULL, NULL, NULL };
  Task *task;
  Run *run = find_run (self, name, &task);
  g_autofree char *why = NULL;
  g_autoptr (JsonObject) outputs = NULL;
  gsize size = 0;

  if (run == NULL)
    return FALSE;
  if (exit_code != 0)
    {
      g_autofree char *text = g_strdup_printf ("it ended with exit code %d", exit_code);

      dms_workflow_fail_attempt (
          task, run, exit_code, reason != NULL && *reason != '\0' ? reason : text, now_us);
      return TRUE;
    }
  outputs = dms_workflow_take_outputs (task->flow, left != NULL ? left : &nothing, &size, &why);
  if (outputs != NULL && self->output_bytes + size > DMS_WORKFLOW_MAX_OUTPUT_BYTES)
    why = g_strdup_printf ("the outputs of the workflow are larger than %d bytes together",
                           (int) DMS_WORKFLOW_MAX_OUTPUT_BYTES);
  if (why != NULL)
    {
      dms_workflow_fail_attempt (task, run, DMS_EXIT_NONE, why, now_us);
      return TRUE;
    }
  self->output_bytes += size;
  run->outputs = g_steal_pointer (&outputs);
  run->state = RUN_SUCCEEDED;
  run->exit_code = 0;
  g_clear_pointer (&run->reason, g_free);
  return TRUE;
}

gboolean
dms_workflow_take_lost (DmsWorkflow *self, const char *slot, const char *reason, gint64 now_us)
{
  for (guint i = 0; i < self->tasks->len; i++)
    {
      Task *task = self->tasks->pdata[i];

      for (guint j = 0; j < task->runs->len; j++)
        {
          Run *run = task->runs->pdata[j];

          if (!dms_workflow_run_is_active (run) || strcmp (task->slots->pdata[run->slot], slot) != 0)
            continue;
          dms_workflow_fail_attempt (task, run, DMS_EXIT_NONE, reason, now_us);
          return TRUE;
        }
    }
  return FALSE;
}

/* Questions */

gboolean
dms_workflow_is_over (DmsWorkflow *self)
{
  for (guint i = 0; i < self->tasks->len; i++)
    {
      if (!task_is_over (self->tasks->pdata[i]))
        return FALSE;
    }
  return TRUE;
}

DmsWorkflowTaskState
dms_workflow_get_task_state (DmsWorkflow *self, const char *task)
{
  return dms_workflow_find_task (self, task)->state;
}

const char *
dms_workflow_get_task_reason (DmsWorkflow *self, const char *task)
{
  return dms_workflow_find_task (self, task)->reason;
}

gboolean
dms_workflow_task_is_fatal (DmsWorkflow *self, const char *task)
{
  Task *found = dms_workflow_find_task (self, task);

  return found->state == DMS_WORKFLOW_FAILED && !found->flow->may_fail;
}

void
dms_workflow_start_free (DmsWorkflowStart *start)
{
  g_free (start->slot);
  g_free (start->run);
  g_strfreev (start->environment);
  g_clear_pointer (&start->wants_files, g_ptr_array_unref);
  g_free (start);
}
