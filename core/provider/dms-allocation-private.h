/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "provider/dms-allocation-reporter.h"
#include "provider/dms-allocation.h"
#include "provider/dms-job-log.h"
#include "provider/dms-job-socket.h"
#include "provider/dms-provider-private.h"

G_BEGIN_DECLS

/* Between dms-allocation.c, which decides what is done, and dms-allocation-steps.c, which does it. */

typedef enum
{
  STEP_CHECK,   /* nothing to start when it runs or has run */
  STEP_MARK,    /* it is restarting from now on */
  STEP_ADOPT,   /* finds the execution of the stored handle */
  STEP_STOP,    /* asks the job to end */
  STEP_AWAIT,   /* until it has */
  STEP_COLLECT, /* keeps what it wrote */
  STEP_SETTLE,  /* stores how it ended, gives everything back */
  STEP_REMOVE,  /* removes the execution from the engine */
  STEP_RESERVE, /* takes resources again if they were given back */
  STEP_BUILD,   /* decides the next execution and stores its handle */
  STEP_PREPARE, /* fetches what it needs */
  STEP_LAUNCH,  /* starts it */
  STEP_REPORT,  /* tells the orchestrator that it ended */
  STEP_OFFER,   /* nothing to start when this run was started before; else what runs is to make room */
  STEP_TAKE,    /* stores the run, takes resources again if they were given back */
} Step;

/* A piece of work: steps one after the other. */
typedef struct
{
  DmsAllocation *allocation;
  const Step *steps;
  gsize n_steps;
  gsize next;
  GTask *task; /* (nullable): who waits for it */
  GCancellable *cancellable;
  GError *error; /* (nullable): what its outcome will be */
  DmsAllocationStatus status;
  char *reason; /* (nullable) */
  DmsExecutor *executor;
  DmsExecutionSpec *spec;
  DmsAllocationRun *run; /* (nullable): the one to be started */
  gint64 number;         /* which start or restart it is; 0 where that was not said */
  GError *objection;     /* (nullable): why it must not be done, unless it was already */
} Work;

struct _DmsAllocation
{
  GObject parent_instance;

  DmsProvider *provider;
  DmsAllocationRecord *record;
  DmsActor *actor;
  DmsAllocationReporter *reporter;
  DmsJobLog *log;

  DmsExecution *execution;    /* (nullable): as long as the engine has it and we know it */
  DmsExecutionResult *result; /* (nullable): how that execution ended */
  GCancellable *watching;

  GQueue queue;   /* Work */
  Work *current;  /* (nullable) */
  Work *awaiting; /* (nullable): current, in STEP_AWAIT */
  guint timer_id;
  guint liveness_id;
  guint timeout_id; /* ends a run that takes too long */
  gboolean timed_out;
  DmsJobSocket *socket; /* (nullable): while a job that may deploy runs */
  gboolean detached;
};

/* Goes on with the next step, or ends the work. */
void dms_allocation_work_advance (Work *work);
/* Ends the work with an error (transfer full), after cleaning up if it was to start something. */
void dms_allocation_work_fail (Work *work, GError *error);
/* Ends the work with an error (transfer full) before it has done anything: all stays as it is. */
void dms_allocation_work_decline (Work *work, GError *error);
void dms_allocation_run_step (Work *work, Step step);

/* dms-allocation-number.c: questions that come again, or late. */
/* FALSE when the work was declined: another has come since, or this one was refused before. */
gboolean dms_allocation_admit (Work *work);
/* Whether it was begun already. */
gboolean dms_allocation_is_repeated (Work *work);
/* It is begun with what is stored next. */
void dms_allocation_take_number (Work *work);
/* It will not be done when it is asked for again; stored with what is stored next. */
void dms_allocation_refuse_number (Work *work);
/* The same, stored; and declines it. */
void dms_allocation_refuse (Work *work, GError *error);
/* (transfer full): a full disk is a lack of room as any other: soon it may be gone, or there is room
 * elsewhere. */
GError *dms_allocation_take_disk_for_room (GError *error);
/* (transfer full) (nullable): why what was to be started never was. */
GError *dms_allocation_dup_launch_error (DmsAllocation *self);

/* dms-allocation-flow.c: the runs of a workflow. */
void dms_allocation_offer_run (Work *work);
void dms_allocation_take_run (Work *work);
void dms_allocation_capture (DmsAllocation *self);
/* After the logs: reads what files the run hands on, then goes on. */
void dms_allocation_collect_files (Work *work);
void dms_allocation_limit_time (DmsAllocation *self);
/* dms-allocation-children.c */
gboolean dms_allocation_open_socket (DmsAllocation *self, GError **error);
void dms_allocation_close_socket (DmsAllocation *self);
/* Lets the job find its socket. */
void dms_allocation_mount_socket (DmsAllocation *self, DmsExecutionSpecBuilder *builder);
/* (transfer full): the parameters of the executor for the next execution */
JsonObject *dms_allocation_dup_params (DmsAllocation *self);

void dms_allocation_set_status (DmsAllocation *self, DmsAllocationStatus status, const char *reason);
void dms_allocation_save (DmsAllocation *self);
void dms_allocation_watch (DmsAllocation *self);
/* The execution ended, as @result (transfer full) says. */
void dms_allocation_take_result (DmsAllocation *self, DmsExecutionResult *result);
void
dms_allocation_log_event (DmsAllocation *self, GLogLevelFlags level, const char *event, const GError *error);

G_END_DECLS
