/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "executor/dms-execution.h"

#include "dms-contract-private.h"
#include "dms-enum-types.h"

/**
 * DmsExecution:
 *
 * One job inside its engine. See #DmsExecutionInterface.
 */

G_DEFINE_INTERFACE (DmsExecution, dms_execution, G_TYPE_OBJECT)

static void
dms_execution_default_init (DmsExecutionInterface *iface)
{
  /**
   * DmsExecution::state-changed:
   * @self: an execution
   * @state: where it stands now
   *
   * Emitted on every transition, in the main context the execution was made in.
   */
  g_signal_new ("state-changed", G_TYPE_FROM_INTERFACE (iface), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                G_TYPE_NONE, 1, DMS_TYPE_EXECUTION_STATE);
}

/**
 * dms_execution_get_handle:
 * @self: an execution
 *
 * Names this execution for dms_executor_adopt_async().
 *
 * Returns: (transfer none): the handle
 */
const char *
dms_execution_get_handle (DmsExecution *self)
{
  g_return_val_if_fail (DMS_IS_EXECUTION (self), "");

  if (DMS_EXECUTION_GET_IFACE (self)->get_handle == NULL)
    return "";
  return DMS_EXECUTION_GET_IFACE (self)->get_handle (self);
}

/**
 * dms_execution_get_state:
 * @self: an execution
 *
 * Says where the execution stands now.
 *
 * Returns: the state
 */
DmsExecutionState
dms_execution_get_state (DmsExecution *self)
{
  g_return_val_if_fail (DMS_IS_EXECUTION (self), DMS_EXECUTION_PENDING);

  if (DMS_EXECUTION_GET_IFACE (self)->get_state == NULL)
    return DMS_EXECUTION_PENDING;
  return DMS_EXECUTION_GET_IFACE (self)->get_state (self);
}

/**
 * dms_execution_wait_async:
 * @self: an execution
 * @cancellable: (nullable): cancels the call
 * @callback: (scope async): called when it is done
 * @user_data: (closure): data for @callback
 *
 * Answers when the job has ended, at once if it has. Cancelling gives up the waiting only.
 */
void
dms_execution_wait_async (DmsExecution *self,
                          GCancellable *cancellable,
                          GAsyncReadyCallback callback,
                          gpointer user_data)
{
  g_return_if_fail (DMS_IS_EXECUTION (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  if (DMS_EXECUTION_GET_IFACE (self)->wait_async == NULL)
    {
      dms_contract_report_missing (self, dms_execution_wait_async, "wait", callback, user_data);
      return;
    }
  DMS_EXECUTION_GET_IFACE (self)->wait_async (self, cancellable, callback, user_data);
}

/**
 * dms_execution_wait_finish:
 * @self: an execution
 * @result: what the callback got
 * @error: return location for an error of %DMS_ERROR
 *
 * Finishes dms_execution_wait_async().
 *
 * Returns: (transfer full) (nullable): how it ended
 */
DmsExecutionResult *
dms_execution_wait_finish (DmsExecution *self, GAsyncResult *result, GError **error)
{
  DmsExecutionResult *value = NULL;

  g_return_val_if_fail (DMS_IS_EXECUTION (self), NULL);

  if (dms_contract_is_missing (self, dms_execution_wait_async, result, error))
    return NULL;
  value = DMS_EXECUTION_GET_IFACE (self)->wait_finish (self, result, error);
  dms_contract_adopt_error (error);
  return value;
}

/**
 * dms_execution_stop_async:
 * @self: an execution
 * @grace_ms: the grace period in milliseconds
 * @cancellable: (nullable): cancels the call
 * @callback: (scope async): called when it is done
 * @user_data: (closure): data for @callback
 *
 * Asks the job to end, and kills it after a grace period.
 */
void
dms_execution_stop_async (DmsExecution *self,
                          guint grace_ms,
                          GCancellable *cancellable,
                          GAsyncReadyCallback callback,
                          gpointer user_data)
{
  g_return_if_fail (DMS_IS_EXECUTION (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  if (DMS_EXECUTION_GET_IFACE (self)->stop_async == NULL)
    {
      dms_contract_report_missing (self, dms_execution_stop_async, "stop", callback, user_data);
      return;
    }
  DMS_EXECUTION_GET_IFACE (self)->stop_async (self, grace_ms, cancellable, callback, user_data);
}

/**
 * dms_execution_stop_finish:
 * @self: an execution
 * @result: what the callback got
 * @error: return location for an error of %DMS_ERROR
 *
 * Finishes dms_execution_stop_async().
 *
 * Returns: whether it was done
 */
gboolean
dms_execution_stop_finish (DmsExecution *self, GAsyncResult *result, GError **error)
{
  gboolean value = FALSE;

  g_return_val_if_fail (DMS_IS_EXECUTION (self), FALSE);

  if (dms_contract_is_missing (self, dms_execution_stop_async, result, error))
    return FALSE;
  value = DMS_EXECUTION_GET_IFACE (self)->stop_finish (self, result, error);
  dms_contract_adopt_error (error);
  return value;
}

/**
 * dms_execution_pause_async:
 * @self: an execution
 * @cancellable: (nullable): cancels the call
 * @callback: (scope async): called when it is done
 * @user_data: (closure): data for @callback
 *
 * Freezes the job.
 */
void
dms_execution_pause_async (DmsExecution *self,
                           GCancellable *cancellable,
                           GAsyncReadyCallback callback,
                           gpointer user_data)
{
  g_return_if_fail (DMS_IS_EXECUTION (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  if (DMS_EXECUTION_GET_IFACE (self)->pause_async == NULL)
    {
      dms_contract_report_missing (self, dms_execution_pause_async, "pause", callback, user_data);
      return;
    }
  DMS_EXECUTION_GET_IFACE (self)->pause_async (self, cancellable, callback, user_data);
}

/**
 * dms_execution_pause_finish:
 * @self: an execution
 * @result: what the callback got
 * @error: return location for an error of %DMS_ERROR
 *
 * Finishes dms_execution_pause_async().
 *
 * Returns: whether it was done
 */
gboolean
dms_execution_pause_finish (DmsExecution *self, GAsyncResult *result, GError **error)
{
  gboolean value = FALSE;

  g_return_val_if_fail (DMS_IS_EXECUTION (self), FALSE);

  if (dms_contract_is_missing (self, dms_execution_pause_async, result, error))
    return FALSE;
  value = DMS_EXECUTION_GET_IFACE (self)->pause_finish (self, result, error);
  dms_contract_adopt_error (error);
  return value;
}

/**
 * dms_execution_resume_async:
 * @self: an execution
 * @cancellable: (nullable): cancels the call
 * @callback: (scope async): called when it is done
 * @user_data: (closure): data for @callback
 *
 * Thaws the job.
 */
void
dms_execution_resume_async (DmsExecution *self,
                            GCancellable *cancellable,
                            GAsyncReadyCallback callback,
                            gpointer user_data)
{
  g_return_if_fail (DMS_IS_EXECUTION (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  if (DMS_EXECUTION_GET_IFACE (self)->resume_async == NULL)
    {
      dms_contract_report_missing (self, dms_execution_resume_async, "resume", callback, user_data);
      return;
    }
  DMS_EXECUTION_GET_IFACE (self)->resume_async (self, cancellable, callback, user_data);
}

/**
 * dms_execution_resume_finish:
 * @self: an execution
 * @result: what the callback got
 * @error: return location for an error of %DMS_ERROR
 *
 * Finishes dms_execution_resume_async().
 *
 * Returns: whether it was done
 */
gboolean
dms_execution_resume_finish (DmsExecution *self, GAsyncResult *result, GError **error)
{
  gboolean value = FALSE;

  g_return_val_if_fail (DMS_IS_EXECUTION (self), FALSE);

  if (dms_contract_is_missing (self, dms_execution_resume_async, result, error))
    return FALSE;
  value = DMS_EXECUTION_GET_IFACE (self)->resume_finish (self, result, error);
  dms_contract_adopt_error (error);
  return value;
}

/**
 * dms_execution_exec_async:
 * @self: an execution
 * @argv: (array zero-terminated=1): the command and its arguments
 * @timeout_ms: how long it may take, in milliseconds; 0 for no limit
 * @cancellable: (nullable): cancels the call
 * @callback: (scope async): called when it is done
 * @user_data: (closure): data for @callback
 *
 * Runs a command inside the job's environment, for health checks.
 */
void
dms_execution_exec_async (DmsExecution *self,
                          const char *const *argv,
                          guint timeout_ms,
                          GCancellable *cancellable,
                          GAsyncReadyCallback callback,
                          gpointer user_data)
{
  g_return_if_fail (DMS_IS_EXECUTION (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  if (DMS_EXECUTION_GET_IFACE (self)->exec_async == NULL)
    {
      dms_contract_report_missing (self, dms_execution_exec_async, "exec", callback, user_data);
      return;
    }
  DMS_EXECUTION_GET_IFACE (self)->exec_async (self, argv, timeout_ms, cancellable, callback, user_data);
}

/**
 * dms_execution_exec_finish:
 * @self: an execution
 * @result: what the callback got
 * @error: return location for an error of %DMS_ERROR
 *
 * Finishes dms_execution_exec_async().
 *
 * Returns: (transfer full) (nullable): what the command answered
 */
DmsExecResult *
dms_execution_exec_finish (DmsExecution *self, GAsyncResult *result, GError **error)
{
  DmsExecResult *value = NULL;

  g_return_val_if_fail (DMS_IS_EXECUTION (self), NULL);

  if (dms_contract_is_missing (self, dms_execution_exec_async, result, error))
    return NULL;
  value = DMS_EXECUTION_GET_IFACE (self)->exec_finish (self, result, error);
  dms_contract_adopt_error (error);
  return value;
}

/**
 * dms_execution_read_log_async:
 * @self: an execution
 * @stream: which stream
 * @offset: where to begin, in bytes
 * @max_bytes: most bytes to read
 * @follow: whether to wait when there is nothing yet
 * @cancellable: (nullable): cancels the call
 * @callback: (scope async): called when it is done
 * @user_data: (closure): data for @callback
 *
 * Reads a stream from an offset. With @follow, waits at its end for more until the job ends.
 */
void
dms_execution_read_log_async (DmsExecution *self,
                              DmsLogStream stream,
                              guint64 offset,
                              gsize max_bytes,
                              gboolean follow,
                              GCancellable *cancellable,
                              GAsyncReadyCallback callback,
                              gpointer user_data)
{
  g_return_if_fail (DMS_IS_EXECUTION (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  if (DMS_EXECUTION_GET_IFACE (self)->read_log_async == NULL)
    {
      dms_contract_report_missing (self, dms_execution_read_log_async, "read-log", callback, user_data);
      return;
    }
  DMS_EXECUTION_GET_IFACE (self)->read_log_async (self,
                                                  stream,
                                                  offset,
                                                  max_bytes,
                                                  follow,
                                                  cancellable,
                                                  callback,
                                                  user_data);
}

/**
 * dms_execution_read_log_finish:
 * @self: an execution
 * @result: what the callback got
 * @error: return location for an error of %DMS_ERROR
 *
 * Finishes dms_execution_read_log_async().
 *
 * Returns: (transfer full) (nullable): a piece of the stream
 */
DmsLogChunk *
dms_execution_read_log_finish (DmsExecution *self, GAsyncResult *result, GError **error)
{
  DmsLogChunk *value = NULL;

  g_return_val_if_fail (DMS_IS_EXECUTION (self), NULL);

  if (dms_contract_is_missing (self, dms_execution_read_log_async, result, error))
    return NULL;
  value = DMS_EXECUTION_GET_IFACE (self)->read_log_finish (self, result, error);
  dms_contract_adopt_error (error);
  return value;
}

/**
 * dms_execution_get_usage_async:
 * @self: an execution
 * @cancellable: (nullable): cancels the call
 * @callback: (scope async): called when it is done
 * @user_data: (closure): data for @callback
 *
 * Finds out what the job uses now and has used so far.
 */
void
dms_execution_get_usage_async (DmsExecution *self,
                               GCancellable *cancellable,
                               GAsyncReadyCallback callback,
                               gpointer user_data)
{
  g_return_if_fail (DMS_IS_EXECUTION (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  if (DMS_EXECUTION_GET_IFACE (self)->get_usage_async == NULL)
    {
      dms_contract_report_missing (self, dms_execution_get_usage_async, "get-usage", callback, user_data);
      return;
    }
  DMS_EXECUTION_GET_IFACE (self)->get_usage_async (self, cancellable, callback, user_data);
}

/**
 * dms_execution_get_usage_finish:
 * @self: an execution
 * @result: what the callback got
 * @error: return location for an error of %DMS_ERROR
 *
 * Finishes dms_execution_get_usage_async().
 *
 * Returns: (transfer full) (nullable): the usage
 */
DmsUsage *
dms_execution_get_usage_finish (DmsExecution *self, GAsyncResult *result, GError **error)
{
  DmsUsage *value = NULL;

  g_return_val_if_fail (DMS_IS_EXECUTION (self), NULL);

  if (dms_contract_is_missing (self, dms_execution_get_usage_async, result, error))
    return NULL;
  value = DMS_EXECUTION_GET_IFACE (self)->get_usage_finish (self, result, error);
  dms_contract_adopt_error (error);
  return value;
}

/**
 * dms_execution_remove_async:
 * @self: an execution
 * @cancellable: (nullable): cancels the call
 * @callback: (scope async): called when it is done
 * @user_data: (closure): data for @callback
 *
 * Kills the job if it runs and removes every trace of it, its logs included.
 */
void
dms_execution_remove_async (DmsExecution *self,
                            GCancellable *cancellable,
                            GAsyncReadyCallback callback,
                            gpointer user_data)
{
  g_return_if_fail (DMS_IS_EXECUTION (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  if (DMS_EXECUTION_GET_IFACE (self)->remove_async == NULL)
    {
      dms_contract_report_missing (self, dms_execution_remove_async, "remove", callback, user_data);
      return;
    }
  DMS_EXECUTION_GET_IFACE (self)->remove_async (self, cancellable, callback, user_data);
}

/**
 * dms_execution_remove_finish:
 * @self: an execution
 * @result: what the callback got
 * @error: return location for an error of %DMS_ERROR
 *
 * Finishes dms_execution_remove_async().
 *
 * Returns: whether it was done
 */
gboolean
dms_execution_remove_finish (DmsExecution *self, GAsyncResult *result, GError **error)
{
  gboolean value = FALSE;

  g_return_val_if_fail (DMS_IS_EXECUTION (self), FALSE);

  if (dms_contract_is_missing (self, dms_execution_remove_async, result, error))
    return FALSE;
  value = DMS_EXECUTION_GET_IFACE (self)->remove_finish (self, result, error);
  dms_contract_adopt_error (error);
  return value;
}

/**
 * dms_execution_emit_state_changed:
 * @self: an execution
 * @state: where it stands now
 *
 * Emits #DmsExecution::state-changed. For implementations.
 */
void
dms_execution_emit_state_changed (DmsExecution *self, DmsExecutionState state)
{
  g_return_if_fail (DMS_IS_EXECUTION (self));

  g_signal_emit_by_name (self, "state-changed", state);
}

/**
 * dms_execution_read_file_async:
 * @self: an execution that has ended
 * @path: the path of a file, from the job's home or working directory, as the executor documents it
 * @max_bytes: most bytes to read, in bytes
 * @cancellable: (nullable): cancels the call
 * @callback: (scope async): called when it is done
 * @user_data: (closure): data for @callback
 *
 * Reads the end of a regular file that the job left in its own file system. The job is not trusted: nothing
 * outside of what it could read itself is read, whatever links it made, and nothing that is not a regular
 * file.
 */
void
dms_execution_read_file_async (DmsExecution *self,
                               const char *path,
                               gsize max_bytes,
                               GCancellable *cancellable,
                               GAsyncReadyCallback callback,
                               gpointer user_data)
{
  g_return_if_fail (DMS_IS_EXECUTION (self));
  g_return_if_fail (path != NULL);
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  if (DMS_EXECUTION_GET_IFACE (self)->read_file_async == NULL)
    {
      dms_contract_report_missing (self, dms_execution_read_file_async, "read-file", callback, user_data);
      return;
    }
  DMS_EXECUTION_GET_IFACE (self)->read_file_async (self, path, max_bytes, cancellable, callback, user_data);
}

/**
 * dms_execution_read_file_finish:
 * @self: an execution
 * @result: what the callback got
 * @error: return location for an error of %DMS_ERROR; %DMS_ERROR_NOT_FOUND when there is no such file,
 *   %DMS_ERROR_PERMISSION_DENIED when it is none that may be read, %DMS_ERROR_TOO_LARGE when it is larger
 *   than the executor can look into
 *
 * Finishes dms_execution_read_file_async().
 *
 * Returns: (transfer full) (nullable): at most so many bytes as were asked for, from the end of the file
 */
GBytes *
dms_execution_read_file_finish (DmsExecution *self, GAsyncResult *result, GError **error)
{
  GBytes *value = NULL;

  g_return_val_if_fail (DMS_IS_EXECUTION (self), NULL);

  if (dms_contract_is_missing (self, dms_execution_read_file_async, result, error))
    return NULL;
  value = DMS_EXECUTION_GET_IFACE (self)->read_file_finish (self, result, error);
  dms_contract_adopt_error (error);
  return value;
}
