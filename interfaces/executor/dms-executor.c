/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "executor/dms-executor.h"

#include "dms-contract-private.h"

/**
 * DmsExecutor:
 *
 * The contract of a backend that runs jobs. See #DmsExecutorInterface.
 */

G_DEFINE_INTERFACE (DmsExecutor, dms_executor, G_TYPE_OBJECT)

static void
dms_executor_default_init (DmsExecutorInterface *iface)
{
}

/**
 * dms_executor_get_id:
 * @self: an executor
 *
 * Names the executor type, as job files name it, such as `docker`.
 *
 * Returns: (transfer none): the constant name
 */
const char *
dms_executor_get_id (DmsExecutor *self)
{
  g_return_val_if_fail (DMS_IS_EXECUTOR (self), "");

  if (DMS_EXECUTOR_GET_IFACE (self)->get_id == NULL)
    return "";
  return DMS_EXECUTOR_GET_IFACE (self)->get_id (self);
}

/**
 * dms_executor_probe_async:
 * @self: an executor
 * @cancellable: (nullable): cancels the call
 * @callback: (scope async): called when it is done
 * @user_data: (closure): data for @callback
 *
 * Finds out whether jobs can run here, why not, and which features there are.
 */
void
dms_executor_probe_async (DmsExecutor *self,
                          GCancellable *cancellable,
                          GAsyncReadyCallback callback,
                          gpointer user_data)
{
  g_return_if_fail (DMS_IS_EXECUTOR (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  if (DMS_EXECUTOR_GET_IFACE (self)->probe_async == NULL)
    {
      dms_contract_report_missing (self, dms_executor_probe_async, "probe", callback, user_data);
      return;
    }
  DMS_EXECUTOR_GET_IFACE (self)->probe_async (self, cancellable, callback, user_data);
}

/**
 * dms_executor_probe_finish:
 * @self: an executor
 * @result: what the callback got
 * @error: return location for an error of %DMS_ERROR
 *
 * Finishes dms_executor_probe_async().
 *
 * Returns: (transfer full) (nullable): what was found
 */
DmsExecutorProbe *
dms_executor_probe_finish (DmsExecutor *self, GAsyncResult *result, GError **error)
{
  DmsExecutorProbe *value = NULL;

  g_return_val_if_fail (DMS_IS_EXECUTOR (self), NULL);

  if (dms_contract_is_missing (self, dms_executor_probe_async, result, error))
    return NULL;
  value = DMS_EXECUTOR_GET_IFACE (self)->probe_finish (self, result, error);
  dms_contract_adopt_error (error);
  return value;
}

/**
 * dms_executor_validate:
 * @self: an executor
 * @spec: what to run
 * @error: return location for an error of %DMS_ERROR
 *
 * Checks the engine parameters of a specification without touching anything outside.
 *
 * Returns: whether it can be run; else @error says what is wrong with it
 */
gboolean
dms_executor_validate (DmsExecutor *self, DmsExecutionSpec *spec, GError **error)
{
  g_return_val_if_fail (DMS_IS_EXECUTOR (self), FALSE);
  g_return_val_if_fail (spec != NULL, FALSE);

  if (DMS_EXECUTOR_GET_IFACE (self)->validate == NULL)
    {
      dms_contract_set_missing (self, "validate", error);
      return FALSE;
    }
  return DMS_EXECUTOR_GET_IFACE (self)->validate (self, spec, error);
}

/**
 * dms_executor_dup_handle:
 * @self: an executor
 * @spec: what to run
 *
 * Names the execution a specification would make, before anything is launched.
 *
 * Returns: (transfer full) (nullable): the handle for dms_executor_adopt_async(); the same for the same
 * specification
 */
char *
dms_executor_dup_handle (DmsExecutor *self, DmsExecutionSpec *spec)
{
  g_return_val_if_fail (DMS_IS_EXECUTOR (self), NULL);
  g_return_val_if_fail (spec != NULL, NULL);

  if (DMS_EXECUTOR_GET_IFACE (self)->dup_handle == NULL)
    return NULL;
  return DMS_EXECUTOR_GET_IFACE (self)->dup_handle (self, spec);
}

/**
 * dms_executor_prepare_async:
 * @self: an executor
 * @spec: what to run
 * @cancellable: (nullable): cancels the call
 * @progress: (nullable) (scope notified) (closure progress_data) (destroy progress_destroy): told how far it
 * is
 * @progress_data: data for @progress
 * @progress_destroy: (nullable): frees @progress_data
 * @callback: (scope async): called when it is done
 * @user_data: (closure): data for @callback
 *
 * Fetches what a job needs, such as an image. It is not charged to the job's time. An executor that has
 * nothing to fetch leaves this out, and the call succeeds at once.
 */
void
dms_executor_prepare_async (DmsExecutor *self,
                            DmsExecutionSpec *spec,
                            GCancellable *cancellable,
                            DmsProgressCallback progress,
                            gpointer progress_data,
                            GDestroyNotify progress_destroy,
                            GAsyncReadyCallback callback,
                            gpointer user_data)
{
  g_autoptr (GTask) task = NULL;

  g_return_if_fail (DMS_IS_EXECUTOR (self));
  g_return_if_fail (spec != NULL);
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  if (DMS_EXECUTOR_GET_IFACE (self)->prepare_async != NULL)
    {
      DMS_EXECUTOR_GET_IFACE (self)->prepare_async (self, spec, cancellable, progress, progress_data,
                                                    progress_destroy, callback, user_data);
      return;
    }
  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, dms_executor_prepare_async);
  if (progress_destroy != NULL)
    progress_destroy (progress_data);
  g_task_return_boolean (task, TRUE);
}

/**
 * dms_executor_prepare_finish:
 * @self: an executor
 * @result: what the callback got
 * @error: return location for an error of %DMS_ERROR
 *
 * Finishes dms_executor_prepare_async().
 *
 * Returns: whether it was done
 */
gboolean
dms_executor_prepare_finish (DmsExecutor *self, GAsyncResult *result, GError **error)
{
  gboolean value = FALSE;

  g_return_val_if_fail (DMS_IS_EXECUTOR (self), FALSE);

  if (g_async_result_is_tagged (result, dms_executor_prepare_async) && g_task_is_valid (result, self))
    return g_task_propagate_boolean (G_TASK (result), error);
  value = DMS_EXECUTOR_GET_IFACE (self)->prepare_finish (self, result, error);
  dms_contract_adopt_error (error);
  return value;
}

/**
 * dms_executor_launch_async:
 * @self: an executor
 * @spec: what to run
 * @cancellable: (nullable): cancels the call
 * @callback: (scope async): called when it is done
 * @user_data: (closure): data for @callback
 *
 * Starts a job and answers once it runs.
 */
void
dms_executor_launch_async (DmsExecutor *self,
                           DmsExecutionSpec *spec,
                           GCancellable *cancellable,
                           GAsyncReadyCallback callback,
                           gpointer user_data)
{
  g_return_if_fail (DMS_IS_EXECUTOR (self));
  g_return_if_fail (spec != NULL);
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  if (DMS_EXECUTOR_GET_IFACE (self)->launch_async == NULL)
    {
      dms_contract_report_missing (self, dms_executor_launch_async, "launch", callback, user_data);
      return;
    }
  DMS_EXECUTOR_GET_IFACE (self)->launch_async (self, spec, cancellable, callback, user_data);
}

/**
 * dms_executor_launch_finish:
 * @self: an executor
 * @result: what the callback got
 * @error: return location for an error of %DMS_ERROR
 *
 * Finishes dms_executor_launch_async().
 *
 * Returns: (transfer full) (nullable): the execution
 */
DmsExecution *
dms_executor_launch_finish (DmsExecutor *self, GAsyncResult *result, GError **error)
{
  DmsExecution *value = NULL;

  g_return_val_if_fail (DMS_IS_EXECUTOR (self), NULL);

  if (dms_contract_is_missing (self, dms_executor_launch_async, result, error))
    return NULL;
  value = DMS_EXECUTOR_GET_IFACE (self)->launch_finish (self, result, error);
  dms_contract_adopt_error (error);
  return value;
}

/**
 * dms_executor_adopt_async:
 * @self: an executor
 * @handle: a handle
 * @cancellable: (nullable): cancels the call
 * @callback: (scope async): called when it is done
 * @user_data: (closure): data for @callback
 *
 * Takes up an execution again from its handle, running or ended. %DMS_ERROR_NOT_FOUND means that
 * nothing of it remains.
 */
void
dms_executor_adopt_async (DmsExecutor *self,
                          const char *handle,
                          GCancellable *cancellable,
                          GAsyncReadyCallback callback,
                          gpointer user_data)
{
  g_return_if_fail (DMS_IS_EXECUTOR (self));
  g_return_if_fail (handle != NULL);
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  if (DMS_EXECUTOR_GET_IFACE (self)->adopt_async == NULL)
    {
      dms_contract_report_missing (self, dms_executor_adopt_async, "adopt", callback, user_data);
      return;
    }
  DMS_EXECUTOR_GET_IFACE (self)->adopt_async (self, handle, cancellable, callback, user_data);
}

/**
 * dms_executor_adopt_finish:
 * @self: an executor
 * @result: what the callback got
 * @error: return location for an error of %DMS_ERROR
 *
 * Finishes dms_executor_adopt_async().
 *
 * Returns: (transfer full) (nullable): the execution
 */
DmsExecution *
dms_executor_adopt_finish (DmsExecutor *self, GAsyncResult *result, GError **error)
{
  DmsExecution *value = NULL;

  g_return_val_if_fail (DMS_IS_EXECUTOR (self), NULL);

  if (dms_contract_is_missing (self, dms_executor_adopt_async, result, error))
    return NULL;
  value = DMS_EXECUTOR_GET_IFACE (self)->adopt_finish (self, result, error);
  dms_contract_adopt_error (error);
  return value;
}

/**
 * dms_executor_list_async:
 * @self: an executor
 * @cancellable: (nullable): cancels the call
 * @callback: (scope async): called when it is done
 * @user_data: (closure): data for @callback
 *
 * Lists the handles of everything of ours in the engine, forgotten jobs included.
 */
void
dms_executor_list_async (DmsExecutor *self,
                         GCancellable *cancellable,
                         GAsyncReadyCallback callback,
                         gpointer user_data)
{
  g_return_if_fail (DMS_IS_EXECUTOR (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  if (DMS_EXECUTOR_GET_IFACE (self)->list_async == NULL)
    {
      dms_contract_report_missing (self, dms_executor_list_async, "list", callback, user_data);
      return;
    }
  DMS_EXECUTOR_GET_IFACE (self)->list_async (self, cancellable, callback, user_data);
}

/**
 * dms_executor_list_finish:
 * @self: an executor
 * @result: what the callback got
 * @error: return location for an error of %DMS_ERROR
 *
 * Finishes dms_executor_list_async().
 *
 * Returns: (transfer full) (nullable): the handles
 */
GStrv
dms_executor_list_finish (DmsExecutor *self, GAsyncResult *result, GError **error)
{
  GStrv value = NULL;

  g_return_val_if_fail (DMS_IS_EXECUTOR (self), NULL);

  if (dms_contract_is_missing (self, dms_executor_list_async, result, error))
    return NULL;
  value = DMS_EXECUTOR_GET_IFACE (self)->list_finish (self, result, error);
  dms_contract_adopt_error (error);
  return value;
}
