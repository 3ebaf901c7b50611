/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-null-executor.h"

#include "dms-null-execution.h"
#include "dms-null-job.h"

/* The executor `null`: plays jobs without processes. For tests, and for jobs that do nothing. */
struct _DmsNullExecutor
{
  GObject parent_instance;
};

typedef struct
{
  DmsProgressCallback progress;
  gpointer progress_data;
  GDestroyNotify progress_destroy;
} DmsNullPreparation;

static void dms_null_executor_iface_init (DmsExecutorInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (DmsNullExecutor,
                               dms_null_executor,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (DMS_TYPE_EXECUTOR, dms_null_executor_iface_init))

static void
dms_null_executor_class_init (DmsNullExecutorClass *klass)
{
}

static void
dms_null_executor_init (DmsNullExecutor *self)
{
}

static const char *
dms_null_executor_get_id (DmsExecutor *executor)
{
  return "null";
}

/* NULL when the call is cancelled already; the task has answered then. */
static GTask *
dms_null_executor_new_task (DmsExecutor *executor,
                            gpointer tag,
                            GCancellable *cancellable,
                            GAsyncReadyCallback callback,
                            gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (executor, cancellable, callback, user_data);

  g_task_set_source_tag (task, tag);
  g_task_set_check_cancellable (task, FALSE);
  if (cancellable != NULL && g_cancellable_is_cancelled (cancellable))
    {
      g_task_return_new_error (task, DMS_ERROR, DMS_ERROR_CANCELLED, "the call was given up");
      return NULL;
    }
  return g_steal_pointer (&task);
}

static void
dms_null_executor_probe_async (DmsExecutor *executor,
                               GCancellable *cancellable,
                               GAsyncReadyCallback callback,
                               gpointer user_data)
{
  g_autoptr (GTask) task = dms_null_executor_new_task (executor, dms_null_executor_probe_async, cancellable,
                                                       callback, user_data);
  DmsExecutorFeatures features = DMS_EXECUTOR_FEATURE_PAUSE | DMS_EXECUTOR_FEATURE_EXEC
                                 | DMS_EXECUTOR_FEATURE_ROOTLESS;

  if (task != NULL)
    g_task_return_pointer (task, dms_executor_probe_new (TRUE, "jobs are played, not run", "1", features),
                           (GDestroyNotify) dms_executor_probe_unref);
}

static DmsExecutorProbe *
dms_null_executor_probe_finish (DmsExecutor *executor, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

static gboolean
dms_null_executor_validate (DmsExecutor *executor, DmsExecutionSpec *spec, GError **error)
{
  g_autoptr (DmsNullJob) job = dms_null_job_new (dms_execution_spec_get_params (spec), error);

  if (job != NULL && dms_execution_spec_get_lease_path (spec) != NULL)
    {
      g_set_error_literal (
          error, DMS_ERROR, DMS_ERROR_NOT_SUPPORTED, "nobody ends a “null” job when its lease is over");
      return FALSE;
    }
  return job != NULL;
}

static char *
dms_null_executor_dup_handle (DmsExecutor *executor, DmsExecutionSpec *spec)
{
  return dms_null_execution_build_handle (spec);
}

static void
dms_null_preparation_free (gpointer data)
{
  DmsNullPreparation *preparation = data;

  if (preparation->progress_destroy != NULL)
    preparation->progress_destroy (preparation->progress_data);
  g_free (preparation);
}

static gboolean
dms_null_executor_on_prepared (gpointer data)
{
  GTask *task = data;
  DmsNullPreparation *preparation = g_task_get_task_data (task);
  GCancellable *cancellable = g_task_get_cancellable (task);

  if (cancellable != NULL && g_cancellable_is_cancelled (cancellable))
    {
      g_task_return_new_error (task, DMS_ERROR, DMS_ERROR_CANCELLED, "the preparation was given up");
      return G_SOURCE_REMOVE;
    }
  if (preparation->progress != NULL)
    preparation->progress ("Ready", 1, preparation->progress_data);
  g_task_return_boolean (task, TRUE);
  return G_SOURCE_REMOVE;
}

static void
dms_null_executor_prepare_async (DmsExecutor *executor,
                                 DmsExecutionSpec *spec,
                                 GCancellable *cancellable,
                                 DmsProgressCallback progress,
                                 gpointer progress_data,
                                 GDestroyNotify progress_destroy,
                                 GAsyncReadyCallback callback,
                                 gpointer user_data)
{
  g_autoptr (GTask) task = dms_null_executor_new_task (executor, dms_null_executor_prepare_async, cancellable,
                                                       callback, user_data);
  g_autoptr (DmsNullJob) job = NULL;
  g_autoptr (GSource) source = NULL;
  GError *error = NULL;
  DmsNullPreparation *preparation = NULL;

  if (task == NULL)
    {
      if (progress_destroy != NULL)
        progress_destroy (progress_data);
      return;
    }
  preparation = g_new0 (DmsNullPreparation, 1);
  preparation->progress = progress;
  preparation->progress_data = progress_data;
  preparation->progress_destroy = progress_destroy;
  g_task_set_task_data (task, preparation, dms_null_preparation_free);

  job = dms_null_job_new (dms_execution_spec_get_params (spec), &error);
  if (job == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  if (job->fail_prepare != NULL)
    {
      g_task_return_new_error (task, DMS_ERROR, DMS_ERROR_UNAVAILABLE, "%s", job->fail_prepare);
      return;
    }
  source = g_timeout_source_new ((guint) job->prepare_ms);
  g_source_set_callback (source, dms_null_executor_on_prepared, g_object_ref (task), g_object_unref);
  g_source_attach (source, g_task_get_context (task));
}

static gboolean
dms_null_executor_prepare_finish (DmsExecutor *executor, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
dms_null_executor_return_execution (GTask *task, DmsNullExecution *execution, GError *error)
{
  if (execution == NULL)
    g_task_return_error (task, error);
  else
    g_task_return_pointer (task, execution, g_object_unref);
}

static void
dms_null_executor_launch_async (DmsExecutor *executor,
                                DmsExecutionSpec *spec,
                                GCancellable *cancellable,
                                GAsyncReadyCallback callback,
                                gpointer user_data)
{
  g_autoptr (GTask) task = dms_null_executor_new_task (executor, dms_null_executor_launch_async, cancellable,
                                                       callback, user_data);
  GError *error = NULL;

  if (task != NULL)
    {
      DmsNullExecution *execution = dms_null_execution_launch (spec, &error);

      dms_null_executor_return_execution (task, execution, error);
    }
}

static DmsExecution *
dms_null_executor_finish_execution (DmsExecutor *executor, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
dms_null_executor_adopt_async (DmsExecutor *executor,
                               const char *handle,
                               GCancellable *cancellable,
                               GAsyncReadyCallback callback,
                               gpointer user_data)
{
  g_autoptr (GTask) task = dms_null_executor_new_task (executor, dms_null_executor_adopt_async, cancellable,
                                                       callback, user_data);
  GError *error = NULL;

  if (task != NULL)
    {
      DmsNullExecution *execution = dms_null_execution_adopt (handle, &error);

      dms_null_executor_return_execution (task, execution, error);
    }
}

static void
dms_null_executor_list_async (DmsExecutor *executor,
                              GCancellable *cancellable,
                              GAsyncReadyCallback callback,
                              gpointer user_data)
{
  g_autoptr (GTask) task = dms_null_executor_new_task (executor, dms_null_executor_list_async, cancellable,
                                                       callback, user_data);

  if (task != NULL)
    g_task_return_pointer (task, dms_null_execution_list_handles (), (GDestroyNotify) g_strfreev);
}

static GStrv
dms_null_executor_list_finish (DmsExecutor *executor, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
dms_null_executor_iface_init (DmsExecutorInterface *iface)
{
  iface->get_id = dms_null_executor_get_id;
  iface->probe_async = dms_null_executor_probe_async;
  iface->probe_finish = dms_null_executor_probe_finish;
  iface->validate = dms_null_executor_validate;
  iface->dup_handle = dms_null_executor_dup_handle;
  iface->prepare_async = dms_null_executor_prepare_async;
  iface->prepare_finish = dms_null_executor_prepare_finish;
  iface->launch_async = dms_null_executor_launch_async;
  iface->launch_finish = dms_null_executor_finish_execution;
  iface->adopt_async = dms_null_executor_adopt_async;
  iface->adopt_finish = dms_null_executor_finish_execution;
  iface->list_async = dms_null_executor_list_async;
  iface->list_finish = dms_null_executor_list_finish;
}
