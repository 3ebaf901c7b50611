/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "workflow/dms-workflow.h"

/* How one run stands. */
typedef enum
{
  RUN_WAITING,
  /* Is to be started, or may have been: stored, then asked for. */
  RUN_STARTING,
  RUN_RUNNING,
  /* Waits before it is tried again. */
  RUN_BACKOFF,
  RUN_SUCCEEDED,
  RUN_FAILED,
} RunState;

typedef struct
{
  RunState state;
  /* How often it was begun; the number of the present attempt. */
  guint attempt;
  /* Attempts that failed, which is what retries count. */
  guint n_failures;
  /* Index into the task's slots; -1 when it has none. */
  int slot;
  int exit_code;
  /* (nullable) */
  char *reason;
  gint64 due_us;
  gint64 started_us;
  /* (nullable): outputs by name */
  JsonObject *outputs;
  /* Not stored: whether somebody is being asked, and how often nobody answered. */
  gboolean asked;
  guint n_unanswered;
} Run;

typedef struct
{
  const char *name;
  DmsTaskFlow *flow;
  DmsWorkflowTaskState state;
  int exit_code;
  /* (nullable) */
  char *reason;
  /* (element-type utf8) */
  GPtrArray *slots;
  /* (nullable): the items of a fan-out once they are known */
  GStrv items;
  /* (element-type Run) */
  GPtrArray *runs;
} Task;

struct _DmsWorkflow
{
  GObject parent_instance;

  DmsEnsemble *ensemble;
  /* (element-type Task): so that what a task waits for is before it */
  GPtrArray *tasks;
  GHashTable *by_name;
  gsize output_bytes;
};

/* All outputs of a workflow together; they are in the deployment's record, which is written at every step. */
#define DMS_WORKFLOW_MAX_OUTPUT_BYTES ((gsize) 1024 * 1024)

Run *dms_workflow_run_new (void);
void dms_workflow_run_free (gpointer data);
gboolean dms_workflow_run_is_active (Run *run);
void dms_workflow_fail_attempt (Task *task, Run *run, int exit_code, const char *reason, gint64 now_us);
void dms_workflow_count_outputs (DmsWorkflow *self);
Task *dms_workflow_find_task (DmsWorkflow *self, const char *name);

/* text */

/* What a task hands on, from what it wrote. NULL with *why (transfer full). */
JsonObject *
dms_workflow_take_outputs (DmsTaskFlow *flow, const DmsWorkflowLeft *left, gsize *size, char **why);
/* The items of a text: a JSON list, or lines. NULL with *why (transfer full). */
GStrv dms_workflow_split_items (const char *text, char **why);
/* The text that stands for a task's output: of a fan-out, the JSON list of those of its runs. (transfer full)
 */
char *dms_workflow_dup_output (Task *task, const char *output);
/* The environment of a run. NULL with *why (transfer full). */
GStrv dms_workflow_make_environment (DmsWorkflow *self, Task *task, guint index, char **why);
