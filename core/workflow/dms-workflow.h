/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "jobs/dms-ensemble.h"

G_BEGIN_DECLS

#define DMS_TYPE_WORKFLOW (dms_workflow_get_type ())

/* The tasks of an ensemble as a workflow: which run next, with what, and what became of them.
 *
 * Nothing here knows machines, messages or clocks: events come in with the time they came at, and what is to
 * be started comes out of dms_workflow_advance(). The same events in the same order give the same outcome.
 * The state is one JSON value. Who drives it stores that value before it starts anything: then a run that was
 * started is one the record knows, and after a crash the same run, with the same ID, is asked for again,
 * which whoever executes it takes for the one it has.
 *
 * A slot is a place that executes one run of one task at a time. */
G_DECLARE_FINAL_TYPE (DmsWorkflow, dms_workflow, DMS, WORKFLOW, GObject)

/* What is to be started. */
typedef struct
{
  char *slot;
  /* `<task>.<index>.<attempt>`: never the same for two attempts. */
  char *run;
  /* What the environment gets besides what the job file says, KEY=VALUE. */
  GStrv environment;
  /* 0: none */
  gint64 timeout_us;
  gboolean wants_stdout;
  gboolean wants_stderr;
  /* (element-type utf8): paths of files, each once */
  GPtrArray *wants_files;
} DmsWorkflowStart;

/* What a run left. */
typedef struct
{
  /* (nullable) */
  const char *out;
  const char *err;
  /* (nullable): by path, {text}, or {error} that says why there is none */
  JsonObject *files;
} DmsWorkflowLeft;

/* How a task stands. The first two are not final. */
typedef enum
{
  DMS_WORKFLOW_WAITING,
  DMS_WORKFLOW_RUNNING,
  DMS_WORKFLOW_SUCCEEDED,
  DMS_WORKFLOW_FAILED,
  DMS_WORKFLOW_SKIPPED,
} DmsWorkflowTaskState;

/* NULL when no allocation of the ensemble has a workflow. */
DmsWorkflow *dms_workflow_new (DmsEnsemble *ensemble);
gboolean dms_workflow_has_task (DmsWorkflow *self, const char *task);
void dms_workflow_add_slot (DmsWorkflow *self, const char *task, const char *slot);

/* The state, for the record. */
JsonNode *dms_workflow_to_json (DmsWorkflow *self);
/* Into a new workflow whose slots were added. What was being started or ran is asked for again. */
gboolean dms_workflow_load (DmsWorkflow *self, JsonObject *state, GError **error);

/* Into a new workflow whose slots were added: what the tasks that are in both have come to in an earlier one,
 * which is of no use afterwards. What runs goes on where its slot is there still, and is lost where it is
 * not. */
void dms_workflow_adopt (DmsWorkflow *self, DmsWorkflow *earlier, gint64 now_us);
/* Whoever was asked to start something may not have answered: it is asked again, by the same name. */
void dms_workflow_ask_again (DmsWorkflow *self);

/* Decides what comes next. (element-type DmsWorkflowStart) (transfer full) */
GPtrArray *dms_workflow_advance (DmsWorkflow *self, gint64 now_us);
/* When to advance again even though nothing happens; 0 for never. */
gint64 dms_workflow_get_wakeup_us (DmsWorkflow *self);

/* Events. FALSE for news of a run that is not, or no longer, under way: they change nothing. */

gboolean dms_workflow_take_started (DmsWorkflow *self, const char *run, gint64 now_us);
/* It did not start and will not. busy: there was no room; that is no failed attempt, it is tried again. */
gboolean dms_workflow_take_refused (DmsWorkflow *self,
                                    const char *run,
                                    const char *reason,
                                    gboolean busy,
                                    gint64 now_us);
/* Nobody answered: whether it runs is not known. The same run is asked for again. */
gboolean dms_workflow_take_unanswered (DmsWorkflow *self, const char *run, gint64 now_us);
/* exit_code: DMS_EXIT_NONE when it ended without. reason: (nullable): why it failed, for people. left:
 * (nullable): what it wrote. */
gboolean dms_workflow_take_end (DmsWorkflow *self,
                                const char *run,
                                int exit_code,
                                const char *reason,
                                const DmsWorkflowLeft *left,
                                gint64 now_us);
/* Whatever the slot executed is gone. */
gboolean dms_workflow_take_lost (DmsWorkflow *self, const char *slot, const char *reason, gint64 now_us);

/* Whether all tasks have ended. */
gboolean dms_workflow_is_over (DmsWorkflow *self);
DmsWorkflowTaskState dms_workflow_get_task_state (DmsWorkflow *self, const char *task);
/* Why a task failed or was skipped; NULL otherwise. */
const char *dms_workflow_get_task_reason (DmsWorkflow *self, const char *task);
/* Whether the failure of a task is one of the workflow: it is not when the task may fail. */
gboolean dms_workflow_task_is_fatal (DmsWorkflow *self, const char *task);
/* For people: {state, reason, runs: {waiting, running, …}}. */
JsonObject *dms_workflow_describe_task (DmsWorkflow *self, const char *task);

void dms_workflow_start_free (DmsWorkflowStart *start);
const char *dms_workflow_task_state_to_string (DmsWorkflowTaskState state);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsWorkflowStart, dms_workflow_start_free)

G_END_DECLS
