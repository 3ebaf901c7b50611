/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "jobs/dms-exit-condition.h"

G_BEGIN_DECLS

/* What bounds a workflow (docs/workflows.md). A list of items is held in memory and in the deployment's
 * record; what is handed on travels in one message (1 MiB at most) and as an environment variable, which
 * Linux bounds to 128 KiB. */
enum
{
  DMS_TASK_FLOW_MAX_DEPENDENCIES = 64,
  DMS_TASK_FLOW_MAX_ITEMS = 1000,
  DMS_TASK_FLOW_MAX_ITEM_BYTES = 16 * 1024,
  DMS_TASK_FLOW_MAX_OUTPUTS = 16,
  DMS_TASK_FLOW_MAX_OUTPUT_BYTES = 32 * 1024,
  /* All files of a run together: with both streams they fit into the message of its end. */
  DMS_TASK_FLOW_MAX_FILE_BYTES = 128 * 1024,
  DMS_TASK_FLOW_MAX_PATH = 255,
  /* Of what is said about a file that could not be handed on. */
  DMS_TASK_FLOW_MAX_ERROR_BYTES = 500,
  DMS_TASK_FLOW_MAX_INPUTS = 32,
  DMS_TASK_FLOW_MAX_INPUT_BYTES = 96 * 1024,
  DMS_TASK_FLOW_MAX_RETRIES = 100,
  DMS_TASK_FLOW_MAX_SLOTS = 64,
};

/* Another task that must have ended before, and how. */
typedef struct
{
  char *task;
  DmsExitCondition *exit;
} DmsTaskDependency;

/* A text that a task hands on, taken from what it writes. */
typedef struct
{
  char *name;
  /* (nullable): the path of the file it is taken from, instead of a stream */
  char *file;
  gboolean from_stderr;
  gboolean last_line;
  /* (nullable): what the line begins with; the rest of the last such line is taken. */
  char *prefix;
} DmsTaskOutput;

/* An environment variable that gets what another task handed on. */
typedef struct
{
  char *variable;
  char *task;
  char *output;
} DmsTaskInput;

/* The part of an allocation's configuration that makes it a step of a workflow. */
typedef struct
{
  /* (element-type DmsTaskDependency): those that inputs and for_each imply are among them. */
  GPtrArray *after;
  /* (element-type DmsTaskOutput) */
  GPtrArray *outputs;
  /* (element-type DmsTaskInput) */
  GPtrArray *inputs;

  /* Fan-out: one run for each item. Either the list, or the task and output it is taken from, or neither. */
  GStrv items;
  char *items_task;
  char *items_output;

  guint max_retries;
  gint64 retry_delay_us;
  double retry_factor;
  gint64 retry_max_delay_us;
  DmsExitCondition *retry_on;

  /* 0: none */
  gint64 timeout_us;
  /* 0: as many as there are slots */
  guint max_parallel;
  /* How many runs one machine has room for at a time. */
  guint slots;
  gboolean single;
  gboolean may_fail;
} DmsTaskFlow;

#define DMS_TYPE_TASK_FLOW (dms_task_flow_get_type ())

GType dms_task_flow_get_type (void);

/* With the defaults; only what decodes one changes it. */
DmsTaskFlow *dms_task_flow_new (void);
/* What is wrong with the path of a file that is handed on: a path below the folder in which the job starts.
 * NULL when nothing is. */
const char *dms_task_flow_check_path (const char *path);
gboolean dms_task_flow_is_fan_out (DmsTaskFlow *self);
DmsTaskDependency *dms_task_flow_find_dependency (DmsTaskFlow *self, const char *task);
DmsTaskOutput *dms_task_flow_find_output (DmsTaskFlow *self, const char *name);
/* exit: (transfer full) */
void dms_task_flow_add_dependency (DmsTaskFlow *self, const char *task, DmsExitCondition *exit);
/* How long to wait before the next attempt, after so many. */
gint64 dms_task_flow_get_backoff_us (DmsTaskFlow *self, guint n_attempts);

JsonNode *dms_task_flow_to_json (DmsTaskFlow *self);
DmsTaskFlow *dms_task_flow_ref (DmsTaskFlow *self);
void dms_task_flow_unref (DmsTaskFlow *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsTaskFlow, dms_task_flow_unref)

G_END_DECLS
