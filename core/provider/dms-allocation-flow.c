/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "provider/dms-allocation-files.h"
#include "provider/dms-allocation-private.h"

/* An allocation that is a task of a workflow is started many times, each time with another environment. Its
 * orchestrator names every run; the same name is the same run. */

enum
{
  GRACE_MS = 10 * 1000,
};

static gboolean
is_same (DmsAllocation *self, DmsAllocationRun *run)
{
  return self->record->run != NULL &&
         g_str_equal (dms_allocation_run_get_id (self->record->run), dms_allocation_run_get_id (run));
}

void
dms_allocation_offer_run (Work *work)
{
  DmsAllocation *self = work->allocation;
  DmsAllocationStatus status = self->record->status;

  if (status == DMS_ALLOCATION_TERMINATED || !self->record->is_reusable)
    {
      dms_allocation_work_fail (
          work,
          g_error_new (DMS_ERROR, DMS_ERROR_WRONG_STATE, "allocation “%s” was released", self->record->id));
      return;
    }
  if (!dms_allocation_admit (work))
    return;
  if (is_same (self, work->run) && status != DMS_ALLOCATION_PENDING)
    {
      /* The answer to an earlier start, or the news of its end, may have been lost. */
      dms_allocation_log_event (self, G_LOG_LEVEL_INFO, "allocation_already_running", NULL);
      if (dms_allocation_status_is_final (status))
        {
          dms_allocation_reporter_begin (self->reporter);
          dms_allocation_reporter_end (self->reporter);
        }
      work->next = work->n_steps;
    }
  else if (work->objection != NULL)
    {
      dms_allocation_refuse (work, g_steal_pointer (&work->objection));
      return;
    }
  dms_allocation_work_advance (work);
}

/* The run could not be stored; its record is as it was. */
static void
fail_to_take (Work *work, DmsAllocationStatus status, GError *error)
{
  if (status == DMS_ALLOCATION_PENDING || dms_allocation_status_is_final (status))
    {
      dms_allocation_refuse (work, error);
      return;
    }
  /* What ran here was ended for it. */
  dms_allocation_refuse_number (work);
  dms_allocation_work_fail (work, dms_allocation_take_disk_for_room (error));
}

void
dms_allocation_take_run (Work *work)
{
  DmsAllocation *self = work->allocation;
  DmsAllocationRecord *record = self->record;
  DmsAllocationStatus before = record->status;
  DmsAllocationRun *last = record->run;
  gboolean acknowledged = record->acknowledged;
  GError *error = NULL;

  if (is_same (self, work->run))
    {
      dms_allocation_work_advance (work);
      return;
    }
  if (record->handle != NULL)
    {
      dms_allocation_refuse_number (work);
      dms_allocation_work_fail (work,
                                g_error_new (DMS_ERROR,
                                             DMS_ERROR_FAILED,
                                             "what allocation “%s” executed last cannot be removed",
                                             record->id));
      return;
    }
  /* Stored as a whole: it has the resources and is about to execute this run, or nothing has changed. It is
   * pending then, as before its first start: after a crash an execution of it is found by its handle, or
   * never began. */
  record->run = dms_allocation_run_ref (work->run);
  record->status = DMS_ALLOCATION_PENDING;
  record->acknowledged = FALSE;
  dms_allocation_take_number (work);
  if (dms_allocation_status_is_final (before))
    (void) dms_provider_reserve (self->provider, record, &error);
  else
    (void) dms_provider_save_record (self->provider, record, &error);
  if (error != NULL)
    {
      record->status = before;
      record->acknowledged = acknowledged;
      g_clear_pointer (&record->run, dms_allocation_run_unref);
      record->run = last;
      fail_to_take (work, before, error);
      return;
    }
  g_clear_pointer (&last, dms_allocation_run_unref);
  g_clear_pointer (&record->result, dms_execution_result_unref);
  g_clear_pointer (&record->captured_stdout, g_free);
  g_clear_pointer (&record->captured_stderr, g_free);
  g_clear_pointer (&record->captured_files, json_object_unref);
  self->timed_out = FALSE;
  dms_allocation_reporter_begin (self->reporter);
  dms_allocation_work_advance (work);
}

static char *
capture_stream (DmsAllocation *self, DmsLogStream stream)
{
  if (!dms_allocation_run_wants (self->record->run, stream))
    return NULL;
  return dms_job_log_dup_latest (self->log, stream, DMS_ALLOCATION_RUN_MAX_CAPTURE + 1);
}

/* What the run wrote has been collected. */
void
dms_allocation_capture (DmsAllocation *self)
{
  DmsAllocationRecord *record = self->record;

  if (record->run == NULL)
    return;
  g_free (record->captured_stdout);
  g_free (record->captured_stderr);
  record->captured_stdout = capture_stream (self, DMS_LOG_STDOUT);
  record->captured_stderr = capture_stream (self, DMS_LOG_STDERR);
}

static void
files_read (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Work *work = user_data;
  DmsAllocation *self = work->allocation;
  JsonObject *files = dms_allocation_files_read_finish (DMS_EXECUTION (source), result);

  g_clear_pointer (&self->record->captured_files, json_object_unref);
  self->record->captured_files = files;
  dms_allocation_work_advance (work);
}

/* Of a run that failed nothing is handed on. */
void
dms_allocation_collect_files (Work *work)
{
  DmsAllocation *self = work->allocation;
  DmsAllocationRun *run = self->record->run;
  const char *const *paths = run != NULL ? dms_allocation_run_get_files (run) : NULL;

  if (paths == NULL || paths[0] == NULL || self->execution == NULL || self->result == NULL ||
      !dms_execution_result_is_success (self->result))
    dms_allocation_work_advance (work);
  else
    dms_allocation_files_read_async (self->execution, paths, work->cancellable, files_read, work);
}

static void
stopped (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DmsAllocation) self = user_data;
  g_autoptr (GError) error = NULL;

  if (!dms_execution_stop_finish (DMS_EXECUTION (source), result, &error))
    dms_allocation_log_event (self, G_LOG_LEVEL_WARNING, "allocation_failed_to_stop", error);
}

static gboolean
on_time_up (gpointer user_data)
{
  DmsAllocation *self = user_data;

  self->timeout_id = 0;
  if (self->execution == NULL || self->result != NULL)
    return G_SOURCE_REMOVE;
  self->timed_out = TRUE;
  dms_allocation_log_event (self, G_LOG_LEVEL_INFO, "allocation_run_timed_out", NULL);
  dms_execution_stop_async (self->execution, GRACE_MS, NULL, stopped, g_object_ref (self));
  return G_SOURCE_REMOVE;
}

/* Counts from the start of the run, also when the daemon was away since. */
void
dms_allocation_limit_time (DmsAllocation *self)
{
  gint64 timeout_us = self->record->run != NULL ? dms_allocation_run_get_timeout_us (self->record->run) : 0;
  gint64 left_us;

  g_clear_handle_id (&self->timeout_id, g_source_remove);
  if (timeout_us == 0)
    return;
  left_us = self->record->started_us + timeout_us - g_get_real_time ();
  self->timeout_id = g_timeout_add ((guint) CLAMP (left_us / 1000, 0, G_MAXINT32), on_time_up, self);
}
