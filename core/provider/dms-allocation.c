/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "provider/dms-allocation-private.h"

#include "observability/dms-log.h"
#include "provider/dms-health-probe.h"

enum
{
  STOP_GRACE_MS = 10 * 1000,
  LIVENESS_SECONDS = 30,
};

static const Step START[] = { STEP_CHECK, STEP_BUILD, STEP_PREPARE, STEP_LAUNCH };
static const Step RESTART[] = {
  STEP_MARK,   STEP_ADOPT,   STEP_STOP,  STEP_AWAIT,   STEP_COLLECT,
  STEP_REMOVE, STEP_RESERVE, STEP_BUILD, STEP_PREPARE, STEP_LAUNCH,
};
static const Step START_RUN[] = {
  STEP_OFFER, STEP_STOP,  STEP_AWAIT,   STEP_COLLECT, STEP_REMOVE,
  STEP_TAKE,  STEP_BUILD, STEP_PREPARE, STEP_LAUNCH,
};
static const Step TERMINATE[] = { STEP_STOP, STEP_AWAIT, STEP_COLLECT, STEP_SETTLE, STEP_REMOVE };
static const Step END[] = { STEP_COLLECT, STEP_SETTLE, STEP_REMOVE, STEP_REPORT };
static const Step FAIL[] = { STEP_REMOVE, STEP_SETTLE, STEP_REPORT };
static const Step TAKE_UP[] = { STEP_ADOPT };
static const Step CLEAN_UP[] = { STEP_REMOVE, STEP_REPORT };

G_DEFINE_FINAL_TYPE (DmsAllocation, dms_allocation, G_TYPE_OBJECT)

static void
work_free (Work *work)
{
  g_clear_object (&work->task);
  g_clear_object (&work->cancellable);
  g_clear_object (&work->executor);
  g_clear_pointer (&work->spec, dms_execution_spec_unref);
  g_clear_error (&work->error);
  g_clear_error (&work->objection);
  g_clear_pointer (&work->run, dms_allocation_run_unref);
  g_free (work->reason);
  g_object_unref (work->allocation);
  g_free (work);
}

static void
dms_allocation_finalize (GObject *object)
{
  DmsAllocation *self = DMS_ALLOCATION (object);

  g_clear_handle_id (&self->timer_id, g_source_remove);
  g_clear_handle_id (&self->liveness_id, g_source_remove);
  g_clear_handle_id (&self->timeout_id, g_source_remove);
  dms_allocation_close_socket (self);
  g_clear_object (&self->watching);
  g_clear_object (&self->execution);
  g_clear_pointer (&self->result, dms_execution_result_unref);
  g_clear_object (&self->reporter);
  g_clear_object (&self->log);
  g_clear_object (&self->actor);
  g_clear_pointer (&self->record, dms_allocation_record_unref);

  G_OBJECT_CLASS (dms_allocation_parent_class)->finalize (object);
}

static void
dms_allocation_class_init (DmsAllocationClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = dms_allocation_finalize;
}

static void
dms_allocation_init (DmsAllocation *self)
{
  g_queue_init (&self->queue);
}

static void
on_acknowledged (DmsAllocationReporter *reporter, gboolean heard, gpointer user_data)
{
  DmsAllocation *self = user_data;

  self->record->acknowledged = TRUE;
  dms_allocation_save (self);
}

/**
 * dms_allocation_new:
 * @provider: whose it is
 * @record: what the database knows of it
 * @actor: its actor
 *
 * Returns: (transfer full): the allocation, idle
 */
DmsAllocation *
dms_allocation_new (DmsProvider *provider, DmsAllocationRecord *record, DmsActor *actor)
{
  DmsAllocation *self = g_object_new (DMS_TYPE_ALLOCATION, NULL);
  g_autofree char *folder = g_build_filename (dms_provider_get_jobs_dir (provider), record->id, NULL);

  self->provider = provider;
  self->record = dms_allocation_record_ref (record);
  self->actor = g_object_ref (actor);
  self->log = dms_job_log_new (folder);
  self->reporter = dms_allocation_reporter_new (actor, record, self->log);
  g_signal_connect_object (self->reporter, "acknowledged", G_CALLBACK (on_acknowledged), self, 0);
  return self;
}

DmsAllocationRecord *
dms_allocation_get_record (DmsAllocation *self)
{
  g_return_val_if_fail (DMS_IS_ALLOCATION (self), NULL);

  return self->record;
}

DmsActor *
dms_allocation_get_actor (DmsAllocation *self)
{
  g_return_val_if_fail (DMS_IS_ALLOCATION (self), NULL);

  return self->actor;
}

DmsProvider *
dms_allocation_get_provider (DmsAllocation *self)
{
  g_return_val_if_fail (DMS_IS_ALLOCATION (self), NULL);

  return self->provider;
}

gboolean
dms_allocation_is_over (DmsAllocation *self)
{
  g_return_val_if_fail (DMS_IS_ALLOCATION (self), FALSE);

  return dms_allocation_status_is_final (self->record->status) && self->record->acknowledged &&
         !self->record->is_reusable && self->record->handle == NULL && dms_allocation_is_idle (self);
}

gboolean
dms_allocation_is_idle (DmsAllocation *self)
{
  g_return_val_if_fail (DMS_IS_ALLOCATION (self), FALSE);

  return self->current == NULL && g_queue_is_empty (&self->queue);
}

void
dms_allocation_log_event (DmsAllocation *self, GLogLevelFlags level, const char *event, const GError *error)
{
  dms_log_event (level,
                 event,
                 "orchestratorID",
                 self->record->ensemble_id,
                 "allocationID",
                 self->record->id,
                 "status",
                 dms_allocation_status_to_string (self->record->status),
                 "error",
                 error != NULL ? error->message : NULL,
                 NULL);
}

void
dms_allocation_save (DmsAllocation *self)
{
  g_autoptr (GError) error = NULL;

  /* What the engine knows can be found out again at the next start; here it is enough to say so. */
  if (!self->detached && !dms_provider_save_record (self->provider, self->record, &error))
    dms_allocation_log_event (self, G_LOG_LEVEL_WARNING, "allocation_store_error", error);
}

void
dms_allocation_set_status (DmsAllocation *self, DmsAllocationStatus status, const char *reason)
{
  DmsAllocationStatus before = self->record->status;

  if (before == status)
    return;
  self->record->status = status;
  dms_allocation_reporter_status (self->reporter, before, status, reason);
}

/* Work */

static void run_next (DmsAllocation *self);

static void
finish (Work *work)
{
  g_autoptr (DmsAllocation) self = g_object_ref (work->allocation);
  g_autoptr (GTask) task = g_steal_pointer (&work->task);
  GError *error = g_steal_pointer (&work->error);

  self->current = NULL;
  if (error == NULL && self->detached)
    error = g_error_new_literal (DMS_ERROR, DMS_ERROR_CANCELLED, "the node is stopping");
  work_free (work);
  if (task == NULL)
    g_clear_error (&error);
  else if (error != NULL)
    g_task_return_error (task, error);
  else
    g_task_return_boolean (task, TRUE);
  run_next (self);
}

static gboolean
is_starting (Work *work)
{
  return work->steps == START || work->steps == RESTART || work->steps == START_RUN;
}

void
dms_allocation_work_advance (Work *work)
{
  if (work->allocation->detached || work->next >= work->n_steps)
    finish (work);
  else if (is_starting (work) && g_cancellable_is_cancelled (work->cancellable))
    dms_allocation_work_fail (work,
                              g_error_new (DMS_ERROR,
                                           DMS_ERROR_CANCELLED,
                                           "allocation “%s” is being released",
                                           work->allocation->record->id));
  else
    dms_allocation_run_step (work, work->steps[work->next++]);
}

void
dms_allocation_work_fail (Work *work, GError *error)
{
  DmsAllocation *self = work->allocation;

  g_clear_error (&work->error);
  work->error = error;
  if (!is_starting (work) || self->detached || dms_allocation_status_is_final (self->record->status))
    {
      work->next = work->n_steps;
    }
  else
    {
      dms_allocation_log_event (self, G_LOG_LEVEL_WARNING, "allocation_start_error", error);
      g_free (work->reason);
      work->reason = g_strdup (error->message);
      work->status = DMS_ALLOCATION_FAILED;
      work->steps = FAIL;
      work->n_steps = G_N_ELEMENTS (FAIL);
      work->next = 0;
      /* The cancelled one was that of the start; the cleaning up has to be done all the same. */
      g_object_unref (work->cancellable);
      work->cancellable = g_cancellable_new ();
    }
  dms_allocation_work_advance (work);
}

void
dms_allocation_work_decline (Work *work, GError *error)
{
  g_clear_error (&work->error);
  work->error = error;
  work->next = work->n_steps;
  dms_allocation_work_advance (work);
}

static void
run_next (DmsAllocation *self)
{
  if (self->current != NULL)
    return;
  self->current = g_queue_pop_head (&self->queue);
  if (self->current != NULL)
    dms_allocation_work_advance (self->current);
}

/* @task: (transfer full) (nullable) */
static Work *
enqueue (DmsAllocation *self, const Step *steps, gsize n_steps, GTask *task)
{
  Work *work = g_new0 (Work, 1);

  work->allocation = g_object_ref (self);
  work->steps = steps;
  work->n_steps = n_steps;
  work->task = task;
  work->cancellable = g_cancellable_new ();
  work->status = DMS_ALLOCATION_PENDING;
  g_queue_push_tail (&self->queue, work);
  return work;
}

static GTask *
new_task (DmsAllocation *self, gpointer tag, GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = g_task_new (self, NULL, callback, user_data);

  g_task_set_source_tag (task, tag);
  return task;
}

static gboolean
finish_boolean (DmsAllocation *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/* Watching */

typedef struct
{
  DmsAllocation *allocation;
  GCancellable *watching;
} Watch;

/* @result: (transfer full) */
void
dms_allocation_take_result (DmsAllocation *self, DmsExecutionResult *result)
{
  Work *awaiting = self->awaiting;

  self->result = result;
  g_clear_handle_id (&self->liveness_id, g_source_remove);
  g_clear_handle_id (&self->timeout_id, g_source_remove);
  if (awaiting != NULL)
    {
      self->awaiting = NULL;
      g_clear_handle_id (&self->timer_id, g_source_remove);
      dms_allocation_work_advance (awaiting);
      return;
    }
  /* Other work is about to end or replace this execution, and deals with its result. */
  if (self->current != NULL && self->current->steps != TAKE_UP)
    return;
  enqueue (self, END, G_N_ELEMENTS (END), NULL);
  run_next (self);
}

static void
on_ended (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Watch *watch = user_data;
  g_autoptr (DmsAllocation) self = watch->allocation;
  g_autoptr (GCancellable) watching = watch->watching;
  g_autoptr (GError) error = NULL;
  DmsExecutionResult *outcome = dms_execution_wait_finish (DMS_EXECUTION (source), result, &error);

  g_free (watch);
  if (self->detached || self->watching != watching || g_cancellable_is_cancelled (watching))
    {
      g_clear_pointer (&outcome, dms_execution_result_unref);
      return;
    }
  if (outcome == NULL)
    outcome = dms_execution_result_new (
        DMS_END_LOST, -1, error->message, self->record->started_us, g_get_real_time (), NULL);
  dms_allocation_take_result (self, outcome);
}

/* One look at a service: what it uses, then its health, then the message. */

typedef struct
{
  DmsAllocation *allocation;
  DmsUsage *usage;
} Look;

static void
health_looked_at (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Look *look = user_data;
  g_autoptr (DmsAllocation) self = look->allocation;
  g_autoptr (GError) error = NULL;
  gboolean healthy = dms_allocation_check_health_finish (DMS_ALLOCATION (source), result, &error);

  if (!self->detached && self->record->status == DMS_ALLOCATION_RUNNING)
    dms_allocation_reporter_liveness (
        self->reporter, look->usage, self->record->health_check != NULL, healthy ? NULL : error->message);
  g_clear_pointer (&look->usage, dms_usage_unref);
  g_free (look);
}

static void
usage_looked_at (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Look *look = user_data;

  look->usage = dms_allocation_get_usage_finish (DMS_ALLOCATION (source), result, NULL);
  dms_allocation_check_health_async (look->allocation, health_looked_at, look);
}

static gboolean
show_life (gpointer user_data)
{
  DmsAllocation *self = user_data;
  Look *look = g_new0 (Look, 1);

  look->allocation = g_object_ref (self);
  dms_allocation_get_usage_async (self, usage_looked_at, look);
  return G_SOURCE_CONTINUE;
}

void
dms_allocation_watch (DmsAllocation *self)
{
  Watch *watch = g_new0 (Watch, 1);

  g_clear_pointer (&self->result, dms_execution_result_unref);
  g_cancellable_cancel (self->watching);
  g_clear_object (&self->watching);
  self->watching = g_cancellable_new ();
  watch->allocation = g_object_ref (self);
  watch->watching = g_object_ref (self->watching);
  dms_execution_wait_async (self->execution, self->watching, on_ended, watch);

  g_clear_handle_id (&self->liveness_id, g_source_remove);
  dms_allocation_limit_time (self);
  if (self->record->is_task || dms_allocation_status_is_final (self->record->status))
    return;
  dms_log_event (
      G_LOG_LEVEL_DEBUG, "starting_push_liveness_reporting", "allocationID", self->record->id, NULL);
  show_life (self);
  self->liveness_id = g_timeout_add_seconds (LIVENESS_SECONDS, show_life, self);
}

/* What can be asked */

static gboolean
take_ports (DmsAllocation *self, JsonObject *ports, GError **error)
{
  DmsPortLedger *ledger = dms_provider_get_ports (self->provider);
  JsonObjectIter iter;
  const char *name;
  JsonNode *node;
  GPtrArray *taken;

  if (ports != NULL)
    {
      json_object_iter_init (&iter, ports);
      while (json_object_iter_next (&iter, &name, &node))
        {
          guint64 port;
          gint64 job_port = JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == G_TYPE_INT64
                                ? json_node_get_int (node)
                                : 0;
          if (!g_ascii_string_to_unsigned (name, 10, 1, 65535, &port, NULL) || job_port < 1 ||
              job_port > 65535)
            {
              g_set_error (error,
                           DMS_ERROR,
                           DMS_ERROR_INVALID_DATA,
                           "PortMapping must map ports to ports from 1 to 65535, got “%.16s”",
                           name);
              return FALSE;
            }
          if (!dms_port_ledger_set_job_port (
                  ledger, self->record->id, (guint16) port, (guint16) job_port, error))
            return FALSE;
        }
    }
  taken = dms_port_ledger_list (ledger, self->record->id, error);
  if (taken == NULL)
    return FALSE;
  g_ptr_array_unref (self->record->ports);
  self->record->ports = taken;
  return TRUE;
}

static char *
dup_set (const char *text)
{
  return text != NULL && text[0] != '\0' ? g_strdup (text) : NULL;
}

/**
 * dms_allocation_start_async:
 * @self: an allocation
 * @subnet_ip: (nullable): its address in the ensemble's network
 * @gateway_ip: (nullable): that network's gateway
 * @ports: (nullable): the job's port by public port
 * @callback: called when it runs
 * @user_data: for @callback
 *
 * Starts the job. Once it has been started, asking again does nothing and succeeds.
 */
void
dms_allocation_start_async (DmsAllocation *self,
                            const char *subnet_ip,
                            const char *gateway_ip,
                            JsonObject *ports,
                            GAsyncReadyCallback callback,
                            gpointer user_data)
{
  g_autoptr (GTask) task = NULL;
  GError *error = NULL;

  g_return_if_fail (DMS_IS_ALLOCATION (self));

  task = new_task (self, dms_allocation_start_async, callback, user_data);
  if (self->record->status == DMS_ALLOCATION_PENDING && self->current == NULL)
    {
      if (!take_ports (self, ports, &error))
        {
          g_task_return_error (task, error);
          return;
        }
      g_free (self->record->subnet_ip);
      g_free (self->record->gateway_ip);
      self->record->subnet_ip = dup_set (subnet_ip);
      self->record->gateway_ip = dup_set (gateway_ip);
    }
  enqueue (self, START, G_N_ELEMENTS (START), g_steal_pointer (&task));
  run_next (self);
}

gboolean
dms_allocation_start_finish (DmsAllocation *self, GAsyncResult *result, GError **error)
{
  return finish_boolean (self, result, error);
}

/**
 * dms_allocation_start_run_async:
 * @self: an allocation of a workflow
 * @run: what to run
 * @ports: (nullable): the job's port by public port
 * @number: which start it is: the same is the same one, and a smaller one came late; 0 where that was not
 * said
 * @objection: (transfer full) (nullable): why it must not be started now, unless it was already
 * @callback: called when it runs
 * @user_data: for @callback
 *
 * Starts the job once more, with the environment of @run. A run is started once, however often it is asked
 * for; asking for another one ends the present one.
 */
void
dms_allocation_start_run_async (DmsAllocation *self,
                                DmsAllocationRun *run,
                                JsonObject *ports,
                                gint64 number,
                                GError *objection,
                                GAsyncReadyCallback callback,
                                gpointer user_data)
{
  GTask *task = NULL;
  Work *work = NULL;
  GError *error = NULL;

  g_return_if_fail (DMS_IS_ALLOCATION (self));

  task = new_task (self, dms_allocation_start_run_async, callback, user_data);
  if (!self->record->is_reusable && self->record->status != DMS_ALLOCATION_TERMINATED)
    error = g_error_new (
        DMS_ERROR, DMS_ERROR_WRONG_STATE, "allocation “%s” is no task of a workflow", self->record->id);
  else if (self->record->status == DMS_ALLOCATION_PENDING && self->current == NULL && objection == NULL)
    (void) take_ports (self, ports, &objection);
  if (error != NULL)
    {
      g_clear_error (&objection);
      g_task_return_error (task, error);
      g_object_unref (task);
      return;
    }
  work = enqueue (self, START_RUN, G_N_ELEMENTS (START_RUN), task);
  work->run = dms_allocation_run_ref (run);
  work->number = number;
  work->objection = objection;
  run_next (self);
}

gboolean
dms_allocation_start_run_finish (DmsAllocation *self, GAsyncResult *result, GError **error)
{
  return finish_boolean (self, result, error);
}

/**
 * dms_allocation_restart_async:
 * @self: an allocation
 * @number: which restart it is: the same is the same one, and a smaller one came late; 0 where that was not
 *   said
 * @objection: (transfer full) (nullable): why it must not be restarted now, unless it was already
 * @callback: called when its new job runs
 * @user_data: for @callback
 *
 * Ends the job and starts it anew with the same network; what it wrote stays in its log.
 */
void
dms_allocation_restart_async (DmsAllocation *self,
                              gint64 number,
                              GError *objection,
                              GAsyncReadyCallback callback,
                              gpointer user_data)
{
  Work *work = NULL;

  g_return_if_fail (DMS_IS_ALLOCATION (self));

  work = enqueue (self,
                  RESTART,
                  G_N_ELEMENTS (RESTART),
                  new_task (self, dms_allocation_restart_async, callback, user_data));
  work->number = number;
  work->objection = objection;
  run_next (self);
}

gboolean
dms_allocation_restart_finish (DmsAllocation *self, GAsyncResult *result, GError **error)
{
  return finish_boolean (self, result, error);
}

gboolean
dms_allocation_stop (DmsAllocation *self)
{
  g_return_val_if_fail (DMS_IS_ALLOCATION (self), FALSE);

  if (self->record->status != DMS_ALLOCATION_RUNNING)
    return FALSE;
  /* Not found yet after a restart of the daemon: its lease is over for whoever holds it, too. */
  if (self->execution != NULL && self->result == NULL)
    dms_execution_stop_async (self->execution, STOP_GRACE_MS, NULL, NULL, NULL);
  return TRUE;
}

/**
 * dms_allocation_terminate_async:
 * @self: an allocation
 * @reason: why, for the log
 * @callback: called when nothing of it is left
 * @user_data: for @callback
 *
 * Ends the job, whatever it is doing, and gives everything back.
 */
void
dms_allocation_terminate_async (DmsAllocation *self,
                                const char *reason,
                                GAsyncReadyCallback callback,
                                gpointer user_data)
{
  Work *work = NULL;

  g_return_if_fail (DMS_IS_ALLOCATION (self));

  if (self->current != NULL && is_starting (self->current))
    g_cancellable_cancel (self->current->cancellable);
  work = enqueue (self,
                  TERMINATE,
                  G_N_ELEMENTS (TERMINATE),
                  new_task (self, dms_allocation_terminate_async, callback, user_data));
  work->status = DMS_ALLOCATION_TERMINATED;
  work->reason = g_strdup (reason);
  run_next (self);
}

gboolean
dms_allocation_terminate_finish (DmsAllocation *self, GAsyncResult *result, GError **error)
{
  return finish_boolean (self, result, error);
}

/**
 * dms_allocation_restore_async:
 * @self: an allocation of an earlier run of the daemon
 * @callback: called when it is taken up
 * @user_data: for @callback
 *
 * Finds the execution that the record speaks of, and goes on where the daemon was interrupted.
 */
void
dms_allocation_restore_async (DmsAllocation *self, GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = NULL;

  g_return_if_fail (DMS_IS_ALLOCATION (self));

  task = new_task (self, dms_allocation_restore_async, callback, user_data);
  if (dms_allocation_status_is_final (self->record->status))
    enqueue (self, CLEAN_UP, G_N_ELEMENTS (CLEAN_UP), task);
  else
    enqueue (self, TAKE_UP, G_N_ELEMENTS (TAKE_UP), task);
  if (self->record->status == DMS_ALLOCATION_RESTARTING)
    enqueue (self, RESTART, G_N_ELEMENTS (RESTART), NULL);
  run_next (self);
}

gboolean
dms_allocation_restore_finish (DmsAllocation *self, GAsyncResult *result, GError **error)
{
  return finish_boolean (self, result, error);
}

static void
usage_read (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;
  DmsUsage *usage = dms_execution_get_usage_finish (DMS_EXECUTION (source), result, &error);

  if (usage != NULL)
    g_task_return_pointer (task, usage, (GDestroyNotify) dms_usage_unref);
  else
    g_task_return_error (task, error);
}

/**
 * dms_allocation_get_usage_async:
 * @self: an allocation
 * @callback: called when done
 * @user_data: for @callback
 *
 * Reads what the job uses now, or used when it ended.
 */
void
dms_allocation_get_usage_async (DmsAllocation *self, GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = NULL;
  DmsUsage *last = NULL;

  g_return_if_fail (DMS_IS_ALLOCATION (self));

  task = new_task (self, dms_allocation_get_usage_async, callback, user_data);
  if (self->execution != NULL && self->result == NULL)
    {
      dms_execution_get_usage_async (self->execution, NULL, usage_read, task);
      return;
    }
  last = self->record->result != NULL ? dms_execution_result_get_usage (self->record->result) : NULL;
  if (last != NULL)
    g_task_return_pointer (task, dms_usage_ref (last), (GDestroyNotify) dms_usage_unref);
  else
    g_task_return_new_error (task,
                             DMS_ERROR,
                             DMS_ERROR_WRONG_STATE,
                             "allocation “%s” is %s",
                             self->record->id,
                             dms_allocation_status_to_string (self->record->status));
  g_object_unref (task);
}

DmsUsage *
dms_allocation_get_usage_finish (DmsAllocation *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
log_read (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;
  DmsLogChunk *chunk = dms_job_log_read_finish (DMS_JOB_LOG (source), result, &error);

  if (chunk != NULL)
    g_task_return_pointer (task, chunk, (GDestroyNotify) dms_log_chunk_unref);
  else
    g_task_return_error (task, error);
}

/**
 * dms_allocation_read_log_async:
 * @self: an allocation
 * @stream: which stream
 * @offset: from where
 * @max_bytes: at most so much
 * @callback: called when done
 * @user_data: for @callback
 *
 * Reads a piece of what the job wrote.
 */
void
dms_allocation_read_log_async (DmsAllocation *self,
                               DmsLogStream stream,
                               guint64 offset,
                               gsize max_bytes,
                               GAsyncReadyCallback callback,
                               gpointer user_data)
{
  gboolean final = FALSE;

  g_return_if_fail (DMS_IS_ALLOCATION (self));

  /* Settled means that everything was collected. */
  final = dms_allocation_status_is_final (self->record->status);
  dms_job_log_read_async (self->log,
                          final ? NULL : self->execution,
                          stream,
                          offset,
                          max_bytes,
                          NULL,
                          log_read,
                          new_task (self, dms_allocation_read_log_async, callback, user_data));
}

DmsLogChunk *
dms_allocation_read_log_finish (DmsAllocation *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
probed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;

  if (dms_health_probe_run_finish (DMS_EXECUTION (source), result, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

/**
 * dms_allocation_check_health_async:
 * @self: an allocation
 * @callback: called when done
 * @user_data: for @callback
 *
 * Looks whether the job runs and is well.
 */
void
dms_allocation_check_health_async (DmsAllocation *self, GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = NULL;
  g_autofree char *how = NULL;

  g_return_if_fail (DMS_IS_ALLOCATION (self));

  task = new_task (self, dms_allocation_check_health_async, callback, user_data);
  if (self->execution == NULL || self->result != NULL || self->record->status != DMS_ALLOCATION_RUNNING)
    {
      how = self->record->result != NULL ? dms_allocation_reporter_describe (self->record->result) : NULL;
      g_task_return_new_error (task,
                               DMS_ERROR,
                               DMS_ERROR_WRONG_STATE,
                               "allocation “%s” is %s%s%s",
                               self->record->id,
                               dms_allocation_status_to_string (self->record->status),
                               how != NULL ? ": " : "",
                               how != NULL ? how : "");
    }
  else if (self->record->health_check == NULL)
    g_task_return_boolean (task, TRUE);
  else
    dms_health_probe_run_async (self->record->health_check,
                                self->execution,
                                self->record->subnet_ip,
                                NULL,
                                probed,
                                g_steal_pointer (&task));
}

gboolean
dms_allocation_check_health_finish (DmsAllocation *self, GAsyncResult *result, GError **error)
{
  return finish_boolean (self, result, error);
}

gboolean
dms_allocation_set_health_check (DmsAllocation *self, DmsHealthCheck *check, GError **error)
{
  g_return_val_if_fail (DMS_IS_ALLOCATION (self), FALSE);

  if (check != NULL)
    dms_health_check_ref (check);
  g_clear_pointer (&self->record->health_check, dms_health_check_unref);
  self->record->health_check = check;
  return dms_provider_save_record (self->provider, self->record, error);
}

/**
 * dms_allocation_detach:
 * @self: an allocation
 *
 * Ends all work on it without touching the job or the database.
 */
void
dms_allocation_detach (DmsAllocation *self)
{
  Work *waiting = NULL;
  Work *work = NULL;

  g_return_if_fail (DMS_IS_ALLOCATION (self));

  if (self->detached)
    return;
  self->detached = TRUE;
  dms_allocation_reporter_stop (self->reporter);
  g_clear_handle_id (&self->liveness_id, g_source_remove);
  g_clear_handle_id (&self->timeout_id, g_source_remove);
  dms_allocation_close_socket (self);
  g_cancellable_cancel (self->watching);

  /* A step that waits for a timer has nobody else to go on for it. */
  if (self->timer_id != 0 && self->current != NULL)
    waiting = self->current;
  g_clear_handle_id (&self->timer_id, g_source_remove);
  self->awaiting = NULL;
  while ((work = g_queue_pop_head (&self->queue)) != NULL)
    {
      if (work->task != NULL)
        g_task_return_new_error (work->task, DMS_ERROR, DMS_ERROR_CANCELLED, "the node is stopping");
      work_free (work);
    }
  if (waiting != NULL)
    dms_allocation_work_advance (waiting);
  else if (self->current != NULL)
    g_cancellable_cancel (self->current->cancellable);
}
