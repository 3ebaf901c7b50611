/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "testing/dms-conformance-call-private.h"

enum
{
  DMS_CONFORMANCE_LIMIT_SECONDS = 60,
};

static gboolean
dms_conformance_call_on_timeout (gpointer data)
{
  g_error ("a call of the executor did not answer within %d seconds", DMS_CONFORMANCE_LIMIT_SECONDS);
  return G_SOURCE_REMOVE;
}

void
dms_conformance_call_begin (DmsConformanceCall *call)
{
  call->result = NULL;
  call->timeout = g_timeout_source_new_seconds (DMS_CONFORMANCE_LIMIT_SECONDS);
  g_source_set_callback (call->timeout, dms_conformance_call_on_timeout, NULL, NULL);
  g_source_attach (call->timeout, NULL);
}

void
dms_conformance_call_done (GObject *source, GAsyncResult *result, gpointer user_data)
{
  DmsConformanceCall *call = user_data;

  g_assert_null (call->result);
  call->result = g_object_ref (result);
}

GAsyncResult *
dms_conformance_call_wait (DmsConformanceCall *call)
{
  /* An answer from inside the call would surprise every caller. */
  g_assert_null (call->result);
  while (call->result == NULL)
    g_main_context_iteration (NULL, TRUE);
  return call->result;
}

void
dms_conformance_call_end (DmsConformanceCall *call)
{
  g_source_destroy (call->timeout);
  g_clear_pointer (&call->timeout, g_source_unref);
  g_clear_object (&call->result);
}

static gboolean
dms_conformance_on_slept (gpointer data)
{
  gboolean *slept = data;

  *slept = TRUE;
  return G_SOURCE_REMOVE;
}

/* Runs the main loop for a while. */
void
dms_conformance_sleep (guint ms)
{
  gboolean slept = FALSE;

  g_timeout_add (ms, dms_conformance_on_slept, &slept);
  while (!slept)
    g_main_context_iteration (NULL, TRUE);
}

DmsExecutorProbe *
dms_conformance_probe (DmsExecutor *executor, GError **error)
{
  DmsConformanceCall call;
  DmsExecutorProbe *value = NULL;

  dms_conformance_call_begin (&call);
  dms_executor_probe_async (executor, NULL, dms_conformance_call_done, &call);
  value = dms_executor_probe_finish (executor, dms_conformance_call_wait (&call), error);
  dms_conformance_call_end (&call);
  return value;
}

DmsExecution *
dms_conformance_adopt (DmsExecutor *executor, const char *handle, GError **error)
{
  DmsConformanceCall call;
  DmsExecution *value = NULL;

  dms_conformance_call_begin (&call);
  dms_executor_adopt_async (executor, handle, NULL, dms_conformance_call_done, &call);
  value = dms_executor_adopt_finish (executor, dms_conformance_call_wait (&call), error);
  dms_conformance_call_end (&call);
  return value;
}

GStrv
dms_conformance_list (DmsExecutor *executor, GError **error)
{
  DmsConformanceCall call;
  GStrv value = NULL;

  dms_conformance_call_begin (&call);
  dms_executor_list_async (executor, NULL, dms_conformance_call_done, &call);
  value = dms_executor_list_finish (executor, dms_conformance_call_wait (&call), error);
  dms_conformance_call_end (&call);
  return value;
}

DmsExecutionResult *
dms_conformance_wait (DmsExecution *execution, GError **error)
{
  DmsConformanceCall call;
  DmsExecutionResult *value = NULL;

  dms_conformance_call_begin (&call);
  dms_execution_wait_async (execution, NULL, dms_conformance_call_done, &call);
  value = dms_execution_wait_finish (execution, dms_conformance_call_wait (&call), error);
  dms_conformance_call_end (&call);
  return value;
}

gboolean
dms_conformance_stop (DmsExecution *execution, guint grace_ms, GError **error)
{
  DmsConformanceCall call;
  gboolean value = FALSE;

  dms_conformance_call_begin (&call);
  dms_execution_stop_async (execution, grace_ms, NULL, dms_conformance_call_done, &call);
  value = dms_execution_stop_finish (execution, dms_conformance_call_wait (&call), error);
  dms_conformance_call_end (&call);
  return value;
}

gboolean
dms_conformance_pause (DmsExecution *execution, GError **error)
{
  DmsConformanceCall call;
  gboolean value = FALSE;

  dms_conformance_call_begin (&call);
  dms_execution_pause_async (execution, NULL, dms_conformance_call_done, &call);
  value = dms_execution_pause_finish (execution, dms_conformance_call_wait (&call), error);
  dms_conformance_call_end (&call);
  return value;
}

gboolean
dms_conformance_resume (DmsExecution *execution, GError **error)
{
  DmsConformanceCall call;
  gboolean value = FALSE;

  dms_conformance_call_begin (&call);
  dms_execution_resume_async (execution, NULL, dms_conformance_call_done, &call);
  value = dms_execution_resume_finish (execution, dms_conformance_call_wait (&call), error);
  dms_conformance_call_end (&call);
  return value;
}

gboolean
dms_conformance_remove (DmsExecution *execution, GError **error)
{
  DmsConformanceCall call;
  gboolean value = FALSE;

  dms_conformance_call_begin (&call);
  dms_execution_remove_async (execution, NULL, dms_conformance_call_done, &call);
  value = dms_execution_remove_finish (execution, dms_conformance_call_wait (&call), error);
  dms_conformance_call_end (&call);
  return value;
}

DmsUsage *
dms_conformance_get_usage (DmsExecution *execution, GError **error)
{
  DmsConformanceCall call;
  DmsUsage *value = NULL;

  dms_conformance_call_begin (&call);
  dms_execution_get_usage_async (execution, NULL, dms_conformance_call_done, &call);
  value = dms_execution_get_usage_finish (execution, dms_conformance_call_wait (&call), error);
  dms_conformance_call_end (&call);
  return value;
}

GBytes *
dms_conformance_read_file (DmsExecution *execution, const char *path, gsize max_bytes, GError **error)
{
  DmsConformanceCall call;
  GBytes *value = NULL;

  dms_conformance_call_begin (&call);
  dms_execution_read_file_async (execution, path, max_bytes, NULL, dms_conformance_call_done, &call);
  value = dms_execution_read_file_finish (execution, dms_conformance_call_wait (&call), error);
  dms_conformance_call_end (&call);
  return value;
}

gboolean
dms_conformance_prepare (DmsExecutor *executor, DmsExecutionSpec *spec, GError **error)
{
  DmsConformanceCall call;
  gboolean value = FALSE;

  dms_conformance_call_begin (&call);
  dms_executor_prepare_async (executor, spec, NULL, NULL, NULL, NULL, dms_conformance_call_done, &call);
  value = dms_executor_prepare_finish (executor, dms_conformance_call_wait (&call), error);
  dms_conformance_call_end (&call);
  return value;
}

DmsExecution *
dms_conformance_launch (DmsExecutor *executor,
                        DmsExecutionSpec *spec,
                        GCancellable *cancellable,
                        GError **error)
{
  DmsConformanceCall call;
  DmsExecution *value = NULL;

  dms_conformance_call_begin (&call);
  dms_executor_launch_async (executor, spec, cancellable, dms_conformance_call_done, &call);
  value = dms_executor_launch_finish (executor, dms_conformance_call_wait (&call), error);
  dms_conformance_call_end (&call);
  return value;
}

DmsExecResult *
dms_conformance_exec (DmsExecution *execution, const char *const *argv, GError **error)
{
  DmsConformanceCall call;
  DmsExecResult *value = NULL;

  dms_conformance_call_begin (&call);
  dms_execution_exec_async (execution, argv, 20 * 1000, NULL, dms_conformance_call_done, &call);
  value = dms_execution_exec_finish (execution, dms_conformance_call_wait (&call), error);
  dms_conformance_call_end (&call);
  return value;
}

DmsLogChunk *
dms_conformance_read_log (DmsExecution *execution,
                          DmsLogStream stream,
                          guint64 offset,
                          gsize max_bytes,
                          gboolean follow,
                          GError **error)
{
  DmsConformanceCall call;
  DmsLogChunk *value = NULL;

  dms_conformance_call_begin (&call);
  dms_execution_read_log_async (
      execution, stream, offset, max_bytes, follow, NULL, dms_conformance_call_done, &call);
  value = dms_execution_read_log_finish (execution, dms_conformance_call_wait (&call), error);
  dms_conformance_call_end (&call);
  return value;
}
