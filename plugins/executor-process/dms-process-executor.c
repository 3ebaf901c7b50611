/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-process-executor.h"

#include "dms-process-control.h"
#include "dms-process-execution.h"
#include "dms-process-job.h"
#include "dms-process-launch.h"
#include "dms-process-registry.h"
#include "dms-process-tool.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum
{
  ADOPT_TRY_MS = 10,
  ADOPT_TRIES = 1000,
};

/* Keeps no state: everything about a job lies in its state directory and with its shim. Works in the main
 * context that calls it. */
struct _DmsProcessExecutor
{
  GObject parent_instance;
};

static void dms_process_executor_interface_init (DmsExecutorInterface *iface);

G_DEFINE_TYPE_WITH_CODE (DmsProcessExecutor,
                         dms_process_executor,
                         G_TYPE_OBJECT,
                         G_IMPLEMENT_INTERFACE (DMS_TYPE_EXECUTOR, dms_process_executor_interface_init))

static void
dms_process_executor_class_init (DmsProcessExecutorClass *klass)
{
}

static void
dms_process_executor_init (DmsProcessExecutor *self)
{
}

DmsExecutor *
dms_process_executor_new (void)
{
  return g_object_new (DMS_TYPE_PROCESS_EXECUTOR, NULL);
}

static const char *
dms_process_executor_get_id (DmsExecutor *executor)
{
  return "process";
}

static gboolean
is_true (JsonObject *object, const char *name)
{
  JsonNode *node = json_object_get_member (object, name);

  return node != NULL && JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == G_TYPE_BOOLEAN &&
         json_node_get_boolean (node);
}

static gboolean
has_gpu_devices (void)
{
  return g_file_test ("/dev/nvidiactl", G_FILE_TEST_EXISTS) || g_file_test ("/dev/kfd", G_FILE_TEST_EXISTS) ||
         g_file_test ("/dev/dri", G_FILE_TEST_IS_DIR);
}

static DmsExecutorProbe *
build_probe (JsonObject *found)
{
  static const struct
  {
    const char *member;
    DmsExecutorFeatures feature;
    const char *limit;
  } limits[] = {
    { "cpu", DMS_EXECUTOR_FEATURE_LIMIT_CPU, "CPU" },
    { "memory", DMS_EXECUTOR_FEATURE_LIMIT_MEMORY, "memory" },
    { "pids", DMS_EXECUTOR_FEATURE_LIMIT_PIDS, "process" },
  };
  DmsExecutorFeatures features = DMS_EXECUTOR_FEATURE_PAUSE | DMS_EXECUTOR_FEATURE_EXEC |
                                 DMS_EXECUTOR_FEATURE_ROOTLESS | DMS_EXECUTOR_FEATURE_LIMIT_DISK;
  g_autoptr (GPtrArray) missing = g_ptr_array_new ();
  g_autofree char *list = NULL;
  g_autofree char *reason = NULL;
  JsonNode *problem = json_object_get_member (found, "problem");

  if (problem != NULL && JSON_NODE_HOLDS_VALUE (problem) &&
      json_node_get_value_type (problem) == G_TYPE_STRING && *json_node_get_string (problem) != '\0')
    {
      reason =
          g_strdup_printf ("bubblewrap cannot make a sandbox here: %s; allow unprivileged user namespaces "
                           "(sysctl user.max_user_namespaces, kernel.unprivileged_userns_clone)",
                           json_node_get_string (problem));
      return dms_executor_probe_new (FALSE, reason, NULL, DMS_EXECUTOR_FEATURE_NONE);
    }
  for (gsize i = 0; i < G_N_ELEMENTS (limits); i++)
    if (is_true (found, limits[i].member))
      features |= limits[i].feature;
    else
      g_ptr_array_add (missing, (gpointer) limits[i].limit);
  if (has_gpu_devices ())
    features |= DMS_EXECUTOR_FEATURE_GPU;
  if (missing->len > 0)
    {
      g_ptr_array_add (missing, NULL);
      list = g_strjoinv (", ", (char **) missing->pdata);
      reason = g_strdup_printf (
          "no control group can be written for these limits: %s; weaker resource limits stand "
          "in for memory and processes",
          list);
    }
  return dms_executor_probe_new (TRUE, reason, NULL, features);
}

static void
on_probed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;
  g_autofree char *text = dms_process_tool_run_finish (result, &error);
  g_autoptr (JsonNode) node = NULL;

  if (text == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  node = json_from_string (text, NULL);
  if (node == NULL || !JSON_NODE_HOLDS_OBJECT (node))
    g_task_return_new_error (task,
                             DMS_ERROR,
                             DMS_ERROR_INVALID_DATA,
                             "the job supervisor answered something else than what it can do");
  else
    g_task_return_pointer (
        task, build_probe (json_node_get_object (node)), (GDestroyNotify) dms_executor_probe_unref);
}

static void
dms_process_executor_probe_async (DmsExecutor *executor,
                                  GCancellable *cancellable,
                                  GAsyncReadyCallback callback,
                                  gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (executor, cancellable, callback, user_data);
  g_autoptr (GError) error = NULL;
  g_autofree char *bwrap = dms_process_tool_dup_bwrap (&error);
  g_autofree char *shim = bwrap != NULL ? dms_process_tool_dup_shim (&error) : NULL;

  g_task_set_source_tag (task, dms_process_executor_probe_async);
  if (shim == NULL)
    g_task_return_pointer (task,
                           dms_executor_probe_new (FALSE, error->message, NULL, DMS_EXECUTOR_FEATURE_NONE),
                           (GDestroyNotify) dms_executor_probe_unref);
  else
    dms_process_tool_run_async ("--probe", bwrap, cancellable, on_probed, g_object_ref (task));
}

static DmsExecutorProbe *
dms_process_executor_probe_finish (DmsExecutor *executor, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

static gboolean
dms_process_executor_validate (DmsExecutor *executor, DmsExecutionSpec *spec, GError **error)
{
  return dms_process_job_validate (spec, error);
}

static char *
dms_process_executor_dup_handle (DmsExecutor *executor, DmsExecutionSpec *spec)
{
  const char *state_dir = dms_execution_spec_get_state_dir (spec);

  return dms_process_execution_build_handle (state_dir != NULL ? state_dir : "");
}

/* There is nothing to fetch. */
static void
dms_process_executor_prepare_async (DmsExecutor *executor,
                                    DmsExecutionSpec *spec,
                                    GCancellable *cancellable,
                                    DmsProgressCallback progress,
                                    gpointer progress_data,
                                    GDestroyNotify progress_destroy,
                                    GAsyncReadyCallback callback,
                                    gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (executor, cancellable, callback, user_data);
  GError *error = NULL;

  g_task_set_source_tag (task, dms_process_executor_prepare_async);
  if (progress_destroy != NULL)
    progress_destroy (progress_data);
  if (dms_process_job_validate (spec, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static gboolean
dms_process_executor_prepare_finish (DmsExecutor *executor, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
on_abandoned (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;

  (void) dms_execution_remove_finish (DMS_EXECUTION (source), result, NULL);
  g_task_return_new_error (task, DMS_ERROR, DMS_ERROR_CANCELLED, "the launch was given up and undone");
}

static void
on_launched (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  const char *state_dir = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (DmsProcessExecution) execution = NULL;
  g_autoptr (DmsProcessStatus) status = NULL;

  if (!dms_process_launch_finish (result, &error))
    {
      if (!g_error_matches (error, DMS_ERROR, DMS_ERROR_ALREADY_EXISTS))
        dms_process_registry_remove (state_dir);
      g_task_return_error (task, error);
      return;
    }
  execution = dms_process_execution_new_live (state_dir, NULL);
  /* A short job may have ended meanwhile, and its shim with it. */
  if (execution == NULL)
    {
      status = dms_process_status_load (state_dir, &error);
      if (status == NULL)
        {
          g_task_return_error (task, error);
          return;
        }
      if (dms_process_status_get_result (status) != NULL)
        execution = dms_process_execution_new_ended (state_dir, dms_process_status_get_result (status));
      else
        {
          g_autoptr (DmsExecutionResult) lost = dms_process_status_dup_lost (status);

          execution = dms_process_execution_new_ended (state_dir, lost);
        }
    }
  if (g_cancellable_is_cancelled (g_task_get_cancellable (task)))
    dms_execution_remove_async (DMS_EXECUTION (execution), NULL, on_abandoned, g_object_ref (task));
  else
    g_task_return_pointer (task, g_steal_pointer (&execution), g_object_unref);
}

static void
dms_process_executor_launch_async (DmsExecutor *executor,
                                   DmsExecutionSpec *spec,
                                   GCancellable *cancellable,
                                   GAsyncReadyCallback callback,
                                   gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (executor, cancellable, callback, user_data);
  const char *state_dir = dms_execution_spec_get_state_dir (spec);
  GError *error = NULL;

  g_task_set_source_tag (task, dms_process_executor_launch_async);
  g_task_set_check_cancellable (task, FALSE);
  if (g_cancellable_is_cancelled (cancellable))
    g_task_return_new_error (task, DMS_ERROR, DMS_ERROR_CANCELLED, "the launch was given up");
  else if (state_dir == NULL || !g_path_is_absolute (state_dir))
    g_task_return_new_error (
        task, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT, "the execution has no absolute state directory");
  else if (!dms_process_job_validate (spec, &error))
    g_task_return_error (task, error);
  else
    {
      g_task_set_task_data (task, g_strdup (state_dir), g_free);
      dms_process_launch_async (spec, on_launched, g_object_ref (task));
    }
}

static DmsExecution *
dms_process_executor_launch_finish (DmsExecutor *executor, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
return_unknown (GTask *task, const char *state_dir)
{
  dms_process_registry_remove (state_dir);
  g_task_return_new_error (task, DMS_ERROR, DMS_ERROR_NOT_FOUND, "no job was launched in “%s”", state_dir);
}

static void
on_lost_reaped (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  const char *state_dir = g_task_get_task_data (task);
  g_autofree char *output = dms_process_tool_run_finish (result, NULL);
  g_autoptr (DmsProcessStatus) status = dms_process_status_load (state_dir, NULL);
  g_autoptr (DmsExecutionResult) lost = NULL;

  if (status == NULL)
    {
      return_unknown (task, state_dir);
      return;
    }
  lost = dms_process_status_dup_lost (status);
  g_task_return_pointer (task, dms_process_execution_new_ended (state_dir, lost), g_object_unref);
}

static void
on_unknown_cleaned (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  g_autofree char *output = dms_process_tool_run_finish (result, NULL);

  return_unknown (task, g_task_get_task_data (task));
}

/* No shim lives here and none will: the file says what became of the job. */
static void
adopt_dead (GTask *task)
{
  const char *state_dir = g_task_get_task_data (task);
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsProcessStatus) status = dms_process_status_load (state_dir, &error);

  if (status != NULL && dms_process_status_get_result (status) != NULL)
    g_task_return_pointer (
        task,
        dms_process_execution_new_ended (state_dir, dms_process_status_get_result (status)),
        g_object_unref);
  else if (status != NULL)
    dms_process_tool_run_async ("--reap", state_dir, NULL, on_lost_reaped, g_object_ref (task));
  else if (g_error_matches (error, DMS_ERROR, DMS_ERROR_NOT_FOUND))
    dms_process_tool_run_async ("--clean", state_dir, NULL, on_unknown_cleaned, g_object_ref (task));
  else
    g_task_return_error (task, g_steal_pointer (&error));
}

/* A shim that has the lock but does not listen yet will in a moment, or it ends. */
static gboolean
adopt_try (gpointer user_data)
{
  GTask *task = user_data;
  const char *state_dir = g_task_get_task_data (task);
  const guint tries = GPOINTER_TO_UINT (g_object_get_data (G_OBJECT (task), "dms-tries")) + 1;
  g_autoptr (GError) error = NULL;
  int lock = dms_process_launch_lock (state_dir, FALSE, &error);
  g_autoptr (DmsProcessStatus) status = dms_process_status_load (state_dir, NULL);
  DmsProcessExecution *execution;

  g_object_set_data (G_OBJECT (task), "dms-tries", GUINT_TO_POINTER (tries));
  /* The end is recorded last: the logs are whole by then, though the shim may still be on its way out. */
  if (lock >= 0 || (status != NULL && dms_process_status_get_result (status) != NULL))
    {
      if (lock >= 0)
        close (lock);
      adopt_dead (task);
      return G_SOURCE_REMOVE;
    }
  if (!g_error_matches (error, DMS_ERROR, DMS_ERROR_BUSY))
    {
      if (g_error_matches (error, DMS_ERROR, DMS_ERROR_NOT_FOUND))
        return_unknown (task, state_dir);
      else
        g_task_return_error (task, g_steal_pointer (&error));
      return G_SOURCE_REMOVE;
    }
  execution = dms_process_execution_new_live (state_dir, NULL);
  if (execution != NULL)
    {
      g_task_return_pointer (task, execution, g_object_unref);
      return G_SOURCE_REMOVE;
    }
  if (tries < ADOPT_TRIES && !g_cancellable_is_cancelled (g_task_get_cancellable (task)))
    return G_SOURCE_CONTINUE;
  g_task_return_new_error (task,
                           DMS_ERROR,
                           DMS_ERROR_UNAVAILABLE,
                           "the supervisor of the job in “%s” lives but does not answer",
                           state_dir);
  return G_SOURCE_REMOVE;
}

static void
dms_process_executor_adopt_async (DmsExecutor *executor,
                                  const char *handle,
                                  GCancellable *cancellable,
                                  GAsyncReadyCallback callback,
                                  gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (executor, cancellable, callback, user_data);
  char *state_dir = dms_process_execution_parse_handle (handle);

  g_task_set_source_tag (task, dms_process_executor_adopt_async);
  if (state_dir == NULL)
    {
      g_task_return_new_error (task,
                               DMS_ERROR,
                               DMS_ERROR_INVALID_ARGUMENT,
                               "“%s” is no handle of the process executor",
                               handle != NULL ? handle : "");
      return;
    }
  g_task_set_task_data (task, state_dir, g_free);
  if (adopt_try (task) == G_SOURCE_CONTINUE)
    g_timeout_add_full (G_PRIORITY_DEFAULT, ADOPT_TRY_MS, adopt_try, g_object_ref (task), g_object_unref);
}

static DmsExecution *
dms_process_executor_adopt_finish (DmsExecutor *executor, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
dms_process_executor_list_async (DmsExecutor *executor,
                                 GCancellable *cancellable,
                                 GAsyncReadyCallback callback,
                                 gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (executor, cancellable, callback, user_data);
  g_auto (GStrv) directories = dms_process_registry_list ();

  g_task_set_source_tag (task, dms_process_executor_list_async);
  for (gsize i = 0; directories[i] != NULL; i++)
    {
      char *handle = dms_process_execution_build_handle (directories[i]);

      g_free (directories[i]);
      directories[i] = handle;
    }
  g_task_return_pointer (task, g_steal_pointer (&directories), (GDestroyNotify) g_strfreev);
}

static GStrv
dms_process_executor_list_finish (DmsExecutor *executor, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
dms_process_executor_interface_init (DmsExecutorInterface *iface)
{
  iface->get_id = dms_process_executor_get_id;
  iface->probe_async = dms_process_executor_probe_async;
  iface->probe_finish = dms_process_executor_probe_finish;
  iface->validate = dms_process_executor_validate;
  iface->dup_handle = dms_process_executor_dup_handle;
  iface->prepare_async = dms_process_executor_prepare_async;
  iface->prepare_finish = dms_process_executor_prepare_finish;
  iface->launch_async = dms_process_executor_launch_async;
  iface->launch_finish = dms_process_executor_launch_finish;
  iface->adopt_async = dms_process_executor_adopt_async;
  iface->adopt_finish = dms_process_executor_adopt_finish;
  iface->list_async = dms_process_executor_list_async;
  iface->list_finish = dms_process_executor_list_finish;
}
