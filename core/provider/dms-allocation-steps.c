/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "provider/dms-allocation-private.h"

#include "provider/dms-volume-resolver.h"

enum
{
  GRACE_MS = 10 * 1000,
  AWAIT_SECONDS = 5,
  RETRY_SECONDS = 10,
};

/* The answer to an earlier question may have been lost. */
static void
answer_again (Work *work)
{
  DmsAllocation *self = work->allocation;
  GError *error = dms_allocation_dup_launch_error (self);

  if (error != NULL)
    {
      dms_allocation_work_decline (work, error);
      return;
    }
  dms_allocation_log_event (self, G_LOG_LEVEL_INFO, "allocation_already_running", NULL);
  if (self->record->result != NULL && !self->record->acknowledged)
    dms_allocation_reporter_end (self->reporter);
  work->next = work->n_steps;
  dms_allocation_work_advance (work);
}

static void
check (Work *work)
{
  DmsAllocation *self = work->allocation;

  switch (self->record->status)
    {
    case DMS_ALLOCATION_PENDING:
    case DMS_ALLOCATION_STOPPED:
    case DMS_ALLOCATION_STANDBY:
      break;

    case DMS_ALLOCATION_TERMINATED:
      dms_allocation_work_fail (
          work,
          g_error_new (DMS_ERROR, DMS_ERROR_WRONG_STATE, "allocation “%s” was released", self->record->id));
      return;

    default:
      answer_again (work);
      return;
    }
  dms_allocation_work_advance (work);
}

static void
mark (Work *work)
{
  DmsAllocation *self = work->allocation;

  if (self->record->status == DMS_ALLOCATION_TERMINATED)
    {
      dms_allocation_work_fail (
          work,
          g_error_new (DMS_ERROR, DMS_ERROR_WRONG_STATE, "allocation “%s” was released", self->record->id));
      return;
    }
  if (!dms_allocation_admit (work))
    return;
  if (dms_allocation_is_repeated (work) && self->record->status != DMS_ALLOCATION_RESTARTING)
    {
      answer_again (work);
      return;
    }
  if (work->objection != NULL)
    {
      dms_allocation_refuse (work, g_steal_pointer (&work->objection));
      return;
    }
  if (!dms_allocation_status_is_final (self->record->status))
    {
      dms_allocation_take_number (work);
      dms_allocation_set_status (self, DMS_ALLOCATION_RESTARTING, NULL);
      dms_allocation_save (self);
    }
  dms_allocation_work_advance (work);
}

static DmsExecutor *
find_executor (DmsAllocation *self, GError **error)
{
  DmsPluginManager *plugins = dms_provider_get_plugins (self->provider);
  DmsExecutor *executor = dms_plugin_manager_get_executor (plugins, self->record->executor);

  if (executor == NULL)
    dms_plugin_manager_set_executor_error (plugins, self->record->executor, error);
  return executor;
}

static gboolean
step_again (gpointer user_data)
{
  Work *work = user_data;

  work->allocation->timer_id = 0;
  work->next--;
  dms_allocation_work_advance (work);
  return G_SOURCE_REMOVE;
}

/* The engine or the disk is out of order for the moment. Nothing may be lost, so the step waits for it. */
static void
try_later (Work *work, guint seconds)
{
  work->allocation->timer_id = g_timeout_add_seconds (seconds, step_again, work);
}

/* It is gone: not launched yet it may be started again; else nobody will ever know how it ended. */
static void
take_as_lost (DmsAllocation *self)
{
  if (self->record->launched && self->record->status == DMS_ALLOCATION_RUNNING)
    dms_allocation_take_result (self,
                                dms_execution_result_new (DMS_END_LOST,
                                                          -1,
                                                          "is gone from the engine, and nobody knows how it "
                                                          "ended",
                                                          self->record->started_us,
                                                          g_get_real_time (),
                                                          NULL));
  g_clear_pointer (&self->record->handle, g_free);
}

static void
adopted (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Work *work = user_data;
  DmsAllocation *self = work->allocation;
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsExecution) execution = dms_executor_adopt_finish (DMS_EXECUTOR (source), result, &error);

  if (self->detached)
    {
      dms_allocation_work_advance (work);
      return;
    }
  if (execution == NULL && !g_error_matches (error, DMS_ERROR, DMS_ERROR_NOT_FOUND))
    {
      dms_allocation_log_event (self, G_LOG_LEVEL_WARNING, "allocation_adopt_error", error);
      try_later (work, RETRY_SECONDS);
      return;
    }

  if (execution == NULL)
    take_as_lost (self);
  else
    self->execution = g_steal_pointer (&execution);
  if (self->execution != NULL && self->record->status == DMS_ALLOCATION_PENDING)
    {
      self->record->launched = TRUE;
      self->record->started_us = self->record->started_us > 0 ? self->record->started_us : g_get_real_time ();
      dms_allocation_set_status (self, DMS_ALLOCATION_RUNNING, "adopted");
    }
  dms_allocation_save (self);
  if (self->execution != NULL)
    {
      g_autoptr (GError) problem = NULL;

      if (!dms_allocation_open_socket (self, &problem))
        dms_allocation_log_event (self, G_LOG_LEVEL_WARNING, "job_socket_error", problem);
      dms_allocation_watch (self);
    }
  dms_allocation_work_advance (work);
}

static void
adopt (Work *work)
{
  DmsAllocation *self = work->allocation;
  g_autoptr (GError) error = NULL;
  DmsExecutor *executor = NULL;

  if (self->record->handle == NULL || self->execution != NULL)
    {
      dms_allocation_work_advance (work);
      return;
    }
  executor = find_executor (self, &error);
  if (executor == NULL)
    {
      dms_allocation_log_event (self, G_LOG_LEVEL_WARNING, "allocation_adopt_error", error);
      try_later (work, RETRY_SECONDS);
      return;
    }
  dms_executor_adopt_async (executor, self->record->handle, work->cancellable, adopted, work);
}

static void
stopped (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Work *work = user_data;
  g_autoptr (GError) error = NULL;

  if (!dms_execution_stop_finish (DMS_EXECUTION (source), result, &error))
    dms_allocation_log_event (work->allocation, G_LOG_LEVEL_WARNING, "allocation_failed_to_stop", error);
  else
    dms_allocation_log_event (work->allocation, G_LOG_LEVEL_INFO, "allocation_stopped_execution", NULL);
  dms_allocation_work_advance (work);
}

static void
stop (Work *work)
{
  DmsAllocation *self = work->allocation;

  if (self->execution == NULL || self->result != NULL)
    {
      dms_allocation_work_advance (work);
      return;
    }
  dms_allocation_log_event (self, G_LOG_LEVEL_INFO, "allocation_stopping_execution", NULL);
  dms_execution_stop_async (self->execution, GRACE_MS, work->cancellable, stopped, work);
}

static gboolean
awaited_long_enough (gpointer user_data)
{
  Work *work = user_data;

  work->allocation->timer_id = 0;
  work->allocation->awaiting = NULL;
  dms_allocation_work_advance (work);
  return G_SOURCE_REMOVE;
}

static void
await (Work *work)
{
  DmsAllocation *self = work->allocation;

  if (self->execution == NULL || self->result != NULL)
    {
      dms_allocation_work_advance (work);
      return;
    }
  self->awaiting = work;
  self->timer_id = g_timeout_add_seconds (AWAIT_SECONDS, awaited_long_enough, work);
}

static void
collected (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Work *work = user_data;
  g_autoptr (GError) error = NULL;

  /* Incomplete output is no reason to keep a job that has ended. */
  if (!dms_job_log_collect_finish (DMS_JOB_LOG (source), result, &error))
    dms_allocation_log_event (work->allocation, G_LOG_LEVEL_WARNING, "allocation_logs_incomplete", error);
  dms_allocation_collect_files (work);
}

static void
collect (Work *work)
{
  DmsAllocation *self = work->allocation;

  if (self->execution == NULL)
    dms_allocation_work_advance (work);
  else
    dms_job_log_collect_async (self->log, self->execution, work->cancellable, collected, work);
}

/* A service is not meant to end, however well it does. */
static DmsExecutionResult *
judge (DmsAllocation *self, DmsAllocationStatus *status)
{
  DmsExecutionResult *result = self->result;
  gboolean success = dms_execution_result_is_success (result);

  if (self->timed_out && !success)
    {
      g_autofree char *text =
          g_strdup_printf ("it ran longer than its time-out of %.3g s",
                           (double) dms_allocation_run_get_timeout_us (self->record->run) / G_USEC_PER_SEC);

      *status = DMS_ALLOCATION_FAILED;
      return dms_execution_result_new (DMS_END_STOPPED,
                                       -1,
                                       text,
                                       dms_execution_result_get_started_us (result),
                                       dms_execution_result_get_ended_us (result),
                                       dms_execution_result_get_usage (result));
    }
  *status = success && self->record->is_task ? DMS_ALLOCATION_COMPLETED : DMS_ALLOCATION_FAILED;
  if (!success || self->record->is_task)
    return dms_execution_result_ref (result);
  return dms_execution_result_new (DMS_END_EXITED,
                                   0,
                                   "the service ended by itself, with exit code 0",
                                   dms_execution_result_get_started_us (result),
                                   dms_execution_result_get_ended_us (result),
                                   dms_execution_result_get_usage (result));
}

/* (transfer full): how it ended when that was not of its own accord. */
static DmsExecutionResult *
end_of (DmsAllocation *self, Work *work)
{
  gboolean failed = work->status == DMS_ALLOCATION_FAILED;

  if (!failed && self->result != NULL)
    return dms_execution_result_ref (self->result);
  return dms_execution_result_new (failed ? DMS_END_LAUNCH_FAILED : DMS_END_STOPPED,
                                   -1,
                                   work->reason,
                                   self->record->started_us,
                                   g_get_real_time (),
                                   NULL);
}

static void
settle (Work *work)
{
  DmsAllocation *self = work->allocation;
  DmsAllocationRecord *record = self->record;
  DmsAllocationStatus before = record->status;
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;

  if (work->status == DMS_ALLOCATION_TERMINATED)
    record->is_reusable = FALSE;
  if (dms_allocation_status_is_final (before) ||
      (work->status == DMS_ALLOCATION_PENDING && self->result == NULL))
    {
      record->acknowledged = record->acknowledged || work->status == DMS_ALLOCATION_TERMINATED;
      dms_allocation_save (self);
      dms_allocation_work_advance (work);
      return;
    }

  g_clear_pointer (&record->result, dms_execution_result_unref);
  if (work->status == DMS_ALLOCATION_PENDING)
    {
      record->result = judge (self, &record->status);
      dms_allocation_capture (self);
    }
  else
    {
      record->status = work->status;
      record->result = end_of (self, work);
    }
  record->ended_us = g_get_real_time ();
  /* Who asked for the end knows of it. */
  record->acknowledged =
      work->status == DMS_ALLOCATION_TERMINATED || (work->error != NULL && work->task != NULL);
  if (!dms_provider_release (self->provider, record, &error))
    {
      record->status = before;
      dms_allocation_log_event (self, G_LOG_LEVEL_WARNING, "allocation_store_error", error);
      try_later (work, RETRY_SECONDS);
      return;
    }
  text = dms_allocation_reporter_describe (record->result);
  if (record->status != before)
    {
      dms_allocation_log_event (self, G_LOG_LEVEL_INFO, "allocation_status_changed", NULL);
      dms_allocation_reporter_status (self->reporter, before, record->status, text);
    }
  dms_allocation_work_advance (work);
}

static void
forget_execution (DmsAllocation *self)
{
  dms_allocation_close_socket (self);
  g_cancellable_cancel (self->watching);
  g_clear_object (&self->watching);
  g_clear_object (&self->execution);
  g_clear_pointer (&self->result, dms_execution_result_unref);
}

static void
removed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Work *work = user_data;
  DmsAllocation *self = work->allocation;
  g_autoptr (GError) error = NULL;
  gboolean gone = dms_execution_remove_finish (DMS_EXECUTION (source), result, &error);

  if (self->detached)
    {
      dms_allocation_work_advance (work);
      return;
    }
  if (gone || g_error_matches (error, DMS_ERROR, DMS_ERROR_NOT_FOUND))
    {
      dms_allocation_log_event (self, G_LOG_LEVEL_INFO, "allocation_removed_execution", NULL);
      forget_execution (self);
      g_clear_pointer (&self->record->handle, g_free);
      self->record->launched = FALSE;
      dms_allocation_save (self);
      dms_allocation_work_advance (work);
      return;
    }

  /* Its handle stays in the record: the next start of the daemon tries again. */
  dms_allocation_log_event (self, G_LOG_LEVEL_WARNING, "allocation_failed_to_cleanup", error);
  if (self->record->status == DMS_ALLOCATION_RESTARTING)
    dms_allocation_work_fail (work, g_steal_pointer (&error));
  else
    dms_allocation_work_advance (work);
}

static void
found_to_remove (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Work *work = user_data;
  DmsAllocation *self = work->allocation;
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsExecution) execution = dms_executor_adopt_finish (DMS_EXECUTOR (source), result, &error);

  if (execution != NULL && !self->detached)
    {
      self->execution = g_steal_pointer (&execution);
      dms_execution_remove_async (self->execution, work->cancellable, removed, work);
      return;
    }
  if (g_error_matches (error, DMS_ERROR, DMS_ERROR_NOT_FOUND) && !self->detached)
    {
      g_clear_pointer (&self->record->handle, g_free);
      dms_allocation_save (self);
    }
  dms_allocation_work_advance (work);
}

static void
remove_execution (Work *work)
{
  DmsAllocation *self = work->allocation;
  DmsExecutor *executor = NULL;

  if (self->execution != NULL)
    {
      dms_execution_remove_async (self->execution, work->cancellable, removed, work);
      return;
    }
  executor = self->record->handle != NULL ? find_executor (self, NULL) : NULL;
  if (executor != NULL)
    dms_executor_adopt_async (executor, self->record->handle, work->cancellable, found_to_remove, work);
  else
    dms_allocation_work_advance (work);
}

static void
reserve (Work *work)
{
  DmsAllocation *self = work->allocation;
  DmsAllocationRecord *record = self->record;
  DmsAllocationStatus before = record->status;
  GError *error = NULL;

  if (!dms_allocation_status_is_final (before))
    {
      dms_allocation_work_advance (work);
      return;
    }
  record->status = DMS_ALLOCATION_RESTARTING;
  dms_allocation_take_number (work);
  if (!dms_provider_reserve (self->provider, record, &error))
    {
      record->status = before;
      dms_allocation_refuse (work, error);
      return;
    }
  record->acknowledged = FALSE;
  dms_allocation_reporter_begin_anew (self->reporter);
  dms_allocation_reporter_status (self->reporter, before, record->status, NULL);
  dms_allocation_work_advance (work);
}

static DmsExecutionSpec *
build_spec (DmsAllocation *self, const char *execution_id, const char *state_dir, GError **error)
{
  DmsAllocationRecord *record = self->record;
  DmsLeases *leases = dms_provider_get_leases (self->provider);
  gboolean trusted = dms_provider_trusts_record (self->provider, record);
  DmsConfig *config = dms_provider_get_config (self->provider);
  g_autoptr (JsonObject) params = dms_allocation_dup_params (self);
  g_autofree char *lease_path = record->is_leased ? dms_leases_dup_path (leases, record->id) : NULL;
  g_autoptr (DmsExecutionSpecBuilder) builder =
      dms_execution_spec_builder_new (record->id, execution_id, record->executor);

  /* Renewed with what asked for this, if its orchestrator knows how; else what it had may be over. */
  if (record->is_leased && !dms_leases_has (leases, record->id))
    {
      g_set_error (error, DMS_ERROR, DMS_ERROR_WRONG_STATE, "the lease of “%s” is over", record->id);
      return NULL;
    }
  dms_execution_spec_builder_set_params (builder, params);
  dms_allocation_mount_socket (self, builder);
  dms_execution_spec_builder_set_resources (builder, record->resources);
  dms_execution_spec_builder_set_state_dir (builder, state_dir);
  dms_execution_spec_builder_set_lease_path (builder, lease_path);
  dms_execution_spec_builder_set_network (builder, record->subnet_ip, record->gateway_ip);
  dms_execution_spec_builder_set_allow_privileged (
      builder, dms_config_get_bool (config, "job.allow_privileged_docker"));
  for (guint i = 0; i < record->volumes->len; i++)
    {
      g_autoptr (DmsVolume) volume =
          dms_volume_resolver_resolve (dms_provider_get_volumes_dir (self->provider),
                                       g_ptr_array_index (record->volumes, i),
                                       record->owner_did,
                                       record->on_behalf_of,
                                       trusted,
                                       error);
      if (volume == NULL)
        return NULL;
      dms_execution_spec_builder_add_volume (builder, volume);
    }
  for (guint i = 0; i < record->ports->len; i++)
    dms_execution_spec_builder_add_port (builder, g_ptr_array_index (record->ports, i));
  for (guint i = 0; i < record->scripts->len; i++)
    dms_execution_spec_builder_add_script (builder, g_ptr_array_index (record->scripts, i));
  for (guint i = 0; i < record->keys->len; i++)
    dms_execution_spec_builder_add_key (builder, g_ptr_array_index (record->keys, i));
  return dms_execution_spec_builder_end (builder);
}

/* Everything that can be found wrong before the engine has to do with it. */
static gboolean
build_next (Work *work, GError **error)
{
  DmsAllocation *self = work->allocation;
  DmsAllocationRecord *record = self->record;
  g_autofree char *execution_id = g_uuid_string_random ();
  g_autofree char *state_dir = NULL;

  work->executor = find_executor (self, error);
  if (work->executor == NULL)
    return FALSE;
  g_object_ref (work->executor);
  state_dir = dms_job_log_open (self->log, execution_id, error);
  if (state_dir == NULL || !dms_allocation_open_socket (self, error))
    return FALSE;
  work->spec = build_spec (self, execution_id, state_dir, error);
  if (work->spec == NULL || !dms_executor_validate (work->executor, work->spec, error))
    return FALSE;

  g_free (record->execution_id);
  g_free (record->handle);
  record->execution_id = g_steal_pointer (&execution_id);
  record->handle = dms_executor_dup_handle (work->executor, work->spec);
  record->launched = FALSE;
  if (record->handle == NULL)
    {
      g_set_error (error, DMS_ERROR, DMS_ERROR_FAILED, "executor “%s” names no execution", record->executor);
      return FALSE;
    }
  return dms_provider_save_record (self->provider, record, error);
}

static void
build (Work *work)
{
  GError *error = NULL;

  if (build_next (work, &error))
    dms_allocation_work_advance (work);
  else
    dms_allocation_work_fail (work, error);
}

static void
prepared (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Work *work = user_data;
  GError *error = NULL;

  if (dms_executor_prepare_finish (DMS_EXECUTOR (source), result, &error) ||
      g_error_matches (error, DMS_ERROR, DMS_ERROR_NOT_SUPPORTED))
    {
      g_clear_error (&error);
      dms_allocation_work_advance (work);
      return;
    }
  dms_allocation_work_fail (work, error);
}

static void
prepare (Work *work)
{
  dms_executor_prepare_async (
      work->executor, work->spec, work->cancellable, NULL, NULL, NULL, prepared, work);
}

static void
launched (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Work *work = user_data;
  DmsAllocation *self = work->allocation;
  GError *error = NULL;
  g_autoptr (DmsExecution) execution = dms_executor_launch_finish (DMS_EXECUTOR (source), result, &error);

  if (self->detached)
    {
      g_clear_error (&error);
      dms_allocation_work_advance (work);
      return;
    }
  if (execution == NULL)
    {
      dms_allocation_work_fail (work, error);
      return;
    }

  self->execution = g_steal_pointer (&execution);
  self->record->launched = TRUE;
  self->record->started_us = g_get_real_time ();
  dms_allocation_set_status (self, DMS_ALLOCATION_RUNNING, NULL);
  dms_allocation_save (self);
  dms_allocation_log_event (self, G_LOG_LEVEL_INFO, "allocation_run_started", NULL);
  dms_job_log_link (self->log, dms_execution_spec_get_state_dir (work->spec));
  dms_allocation_watch (self);
  dms_allocation_work_advance (work);
}

static void
launch (Work *work)
{
  dms_executor_launch_async (work->executor, work->spec, work->cancellable, launched, work);
}

static void
report (Work *work)
{
  DmsAllocation *self = work->allocation;

  if (dms_allocation_status_is_final (self->record->status) && !self->record->acknowledged)
    dms_allocation_reporter_end (self->reporter);
  dms_allocation_work_advance (work);
}

void
dms_allocation_run_step (Work *work, Step step)
{
  switch (step)
    {
    case STEP_CHECK:
      check (work);
      break;
    case STEP_MARK:
      mark (work);
      break;
    case STEP_ADOPT:
      adopt (work);
      break;
    case STEP_STOP:
      stop (work);
      break;
    case STEP_AWAIT:
      await (work);
      break;
    case STEP_COLLECT:
      collect (work);
      break;
    case STEP_SETTLE:
      settle (work);
      break;
    case STEP_REMOVE:
      remove_execution (work);
      break;
    case STEP_RESERVE:
      reserve (work);
      break;
    case STEP_BUILD:
      build (work);
      break;
    case STEP_PREPARE:
      prepare (work);
      break;
    case STEP_LAUNCH:
      launch (work);
      break;
    case STEP_REPORT:
      report (work);
      break;
    case STEP_OFFER:
      dms_allocation_offer_run (work);
      break;
    case STEP_TAKE:
      dms_allocation_take_run (work);
      break;
    default:
      g_assert_not_reached ();
    }
}
