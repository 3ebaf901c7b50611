/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-docker-executor.h"

#include "dms-docker-client.h"
#include "dms-docker-engine.h"
#include "dms-docker-execution.h"
#include "dms-docker-handle.h"
#include "dms-docker-launch.h"
#include "dms-docker-params.h"
#include "dms-docker-pull.h"
#include "dms-docker-wait.h"

/* Runs jobs in containers of Docker or Podman.
 *
 * Lives in the main context that made it. Work of several requests runs in worker threads, on values that do
 * not change; what lasts as long as a container is asynchronous. */
struct _DmsDockerExecutor
{
  GObject parent_instance;

  DmsDockerClient *client; /* nullable: of the engine found last */
  DmsDockerEngine *engine; /* nullable: what is known of it */
};

/* What a worker thread needs, and what it answers. */
typedef struct
{
  DmsDockerClient *client;
  DmsDockerEngine *engine; /* nullable */
  DmsExecutionSpec *spec;  /* nullable */
  char *handle;            /* nullable */
  DmsProgressCallback progress;
  gpointer progress_data;
  GDestroyNotify progress_destroy;
  GMainContext *context;
} Work;

static void dms_docker_executor_iface_init (DmsExecutorInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (DmsDockerExecutor,
                               dms_docker_executor,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (DMS_TYPE_EXECUTOR, dms_docker_executor_iface_init))

static void
dms_docker_executor_finalize (GObject *object)
{
  DmsDockerExecutor *self = DMS_DOCKER_EXECUTOR (object);

  g_clear_object (&self->client);
  g_clear_pointer (&self->engine, dms_docker_engine_unref);
  G_OBJECT_CLASS (dms_docker_executor_parent_class)->finalize (object);
}

static void
dms_docker_executor_class_init (DmsDockerExecutorClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = dms_docker_executor_finalize;
}

static void
dms_docker_executor_init (DmsDockerExecutor *self)
{
}

static void
work_free (gpointer data)
{
  Work *work = data;

  if (work->progress_destroy != NULL)
    work->progress_destroy (work->progress_data);
  g_clear_object (&work->client);
  g_clear_pointer (&work->engine, dms_docker_engine_unref);
  g_clear_pointer (&work->spec, dms_execution_spec_unref);
  g_clear_pointer (&work->context, g_main_context_unref);
  g_free (work->handle);
  g_free (work);
}

/* Looks for the engine again when asked to, or when none is known. */
static DmsDockerClient *
ensure_client (DmsDockerExecutor *self, gboolean again, GError **error)
{
  g_autofree char *path = NULL;

  if (self->client != NULL && !again)
    return self->client;
  path = dms_docker_client_find_socket (error);
  if (path == NULL)
    return NULL;
  if (self->client != NULL && g_str_equal (dms_docker_client_get_socket_path (self->client), path))
    return self->client;
  g_clear_object (&self->client);
  g_clear_pointer (&self->engine, dms_docker_engine_unref);
  self->client = dms_docker_client_new (path);
  return self->client;
}

/* Makes a task with what its thread needs; NULL when there is no engine, and then the error is returned. */
static GTask *
make_task (DmsDockerExecutor *self,
           gboolean search,
           gpointer tag,
           GCancellable *cancellable,
           GAsyncReadyCallback callback,
           gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);
  GError *error = NULL;
  Work *work = g_new0 (Work, 1);

  g_task_set_source_tag (task, tag);
  g_task_set_task_data (task, work, work_free);
  if (ensure_client (self, search, &error) == NULL)
    {
      g_task_return_error (task, error);
      return NULL;
    }
  work->client = g_object_ref (self->client);
  work->engine = self->engine != NULL ? dms_docker_engine_ref (self->engine) : NULL;
  work->context = g_main_context_ref_thread_default ();
  return g_steal_pointer (&task);
}

/* Runs a function in a worker thread with the work of a task, whose reference is taken. The thread has a task
 * of its own, because what it answers is not yet what the caller wants. */
static void
run_work (GTask *task, GTaskThreadFunc func, GAsyncReadyCallback callback)
{
  g_autoptr (GTask) worker =
      g_task_new (g_task_get_source_object (task), g_task_get_cancellable (task), callback, task);

  g_task_set_source_tag (worker, run_work);
  /* What was made must reach us even when the caller has given up meanwhile. */
  g_task_set_check_cancellable (worker, FALSE);
  g_task_set_check_cancellable (task, FALSE);
  g_task_set_task_data (worker, g_task_get_task_data (task), NULL);
  g_task_run_in_thread (worker, func);
}

static const char *
get_id (DmsExecutor *executor)
{
  return "docker";
}

static void
fetch_engine (GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable)
{
  Work *work = task_data;
  GError *error = NULL;
  DmsDockerEngine *engine = dms_docker_engine_fetch (work->client, cancellable, &error);

  if (engine != NULL)
    g_task_return_pointer (task, engine, (GDestroyNotify) dms_docker_engine_unref);
  else
    g_task_return_error (task, error);
}

static void
set_engine (DmsDockerExecutor *self, DmsDockerClient *client, DmsDockerEngine *engine)
{
  if (self->client != client)
    return;
  g_clear_pointer (&self->engine, dms_docker_engine_unref);
  self->engine = dms_docker_engine_ref (engine);
}

static void
on_probed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Work *work = g_task_get_task_data (task);
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsDockerEngine) engine = g_task_propagate_pointer (G_TASK (result), &error);
  DmsExecutorProbe *probe;

  if (engine == NULL && g_error_matches (error, DMS_ERROR, DMS_ERROR_CANCELLED))
    {
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }
  if (engine != NULL)
    {
      set_engine (DMS_DOCKER_EXECUTOR (source), work->client, engine);
      probe = dms_docker_engine_make_probe (engine);
    }
  else
    probe = dms_executor_probe_new (FALSE, error->message, NULL, DMS_EXECUTOR_FEATURE_NONE);
  g_task_return_pointer (task, probe, (GDestroyNotify) dms_executor_probe_unref);
}

static void
probe_async (DmsExecutor *executor,
             GCancellable *cancellable,
             GAsyncReadyCallback callback,
             gpointer user_data)
{
  DmsDockerExecutor *self = DMS_DOCKER_EXECUTOR (executor);
  g_autoptr (GError) error = NULL;
  g_autoptr (GTask) unavailable = NULL;
  GTask *task;

  if (ensure_client (self, TRUE, &error) == NULL)
    {
      unavailable = g_task_new (self, cancellable, callback, user_data);
      g_task_set_source_tag (unavailable, probe_async);
      g_task_return_pointer (unavailable,
                             dms_executor_probe_new (FALSE, error->message, NULL, DMS_EXECUTOR_FEATURE_NONE),
                             (GDestroyNotify) dms_executor_probe_unref);
      return;
    }
  task = make_task (self, FALSE, probe_async, cancellable, callback, user_data);
  if (task != NULL)
    run_work (task, fetch_engine, on_probed);
}

static gpointer
finish_pointer (DmsExecutor *executor, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, executor), NULL);
  return g_task_propagate_pointer (G_TASK (result), error);
}

static DmsExecutorProbe *
probe_finish (DmsExecutor *executor, GAsyncResult *result, GError **error)
{
  return finish_pointer (executor, result, error);
}

static gboolean
validate (DmsExecutor *executor, DmsExecutionSpec *spec, GError **error)
{
  /* Containers are their engine's, which knows no leases: without the daemon nobody would end them. */
  if (dms_execution_spec_get_lease_path (spec) != NULL)
    {
      g_set_error_literal (error,
                           DMS_ERROR,
                           DMS_ERROR_NOT_SUPPORTED,
                           "a container cannot be “single”: it would run on while the daemon is away; use "
                           "the executor “process”, or leave out “single”");
      return FALSE;
    }
  return dms_docker_launch_check (spec, error);
}

static char *
dup_handle (DmsExecutor *executor, DmsExecutionSpec *spec)
{
  return dms_docker_handle_dup (spec);
}

typedef struct
{
  GTask *task;
  char *stage;
  double fraction;
} Progress;

static void
progress_free (gpointer data)
{
  Progress *progress = data;

  g_object_unref (progress->task);
  g_free (progress->stage);
  g_free (progress);
}

static gboolean
deliver_progress (gpointer user_data)
{
  Progress *progress = user_data;
  Work *work = g_task_get_task_data (progress->task);

  if (!g_task_get_completed (progress->task))
    work->progress (progress->stage, progress->fraction, work->progress_data);
  return G_SOURCE_REMOVE;
}

/* In the worker thread: hands a report to the main context that asked for the work. */
static void
report_progress (const char *stage, double fraction, gpointer user_data)
{
  GTask *task = user_data;
  Work *work = g_task_get_task_data (task);
  Progress *progress;

  if (work->progress == NULL)
    return;
  progress = g_new0 (Progress, 1);
  progress->task = g_object_ref (task);
  progress->stage = g_strdup (stage);
  progress->fraction = fraction;
  g_main_context_invoke_full (work->context, G_PRIORITY_DEFAULT, deliver_progress, progress, progress_free);
}

static void
prepare (GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable)
{
  Work *work = task_data;
  GError *error = NULL;
  g_autoptr (DmsDockerParams) params = NULL;

  if (dms_docker_launch_check (work->spec, &error))
    params = dms_docker_params_new (dms_execution_spec_get_params (work->spec), &error);
  if (params != NULL &&
      dms_docker_pull_run (
          work->client, dms_docker_params_get_image (params), report_progress, task, cancellable, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static void
prepare_async (DmsExecutor *executor,
               DmsExecutionSpec *spec,
               GCancellable *cancellable,
               DmsProgressCallback progress,
               gpointer progress_data,
               GDestroyNotify progress_destroy,
               GAsyncReadyCallback callback,
               gpointer user_data)
{
  g_autoptr (GTask) task =
      make_task (DMS_DOCKER_EXECUTOR (executor), FALSE, prepare_async, cancellable, callback, user_data);
  Work *work;

  if (task == NULL)
    {
      if (progress_destroy != NULL)
        progress_destroy (progress_data);
      return;
    }
  work = g_task_get_task_data (task);
  work->spec = dms_execution_spec_ref (spec);
  work->progress = progress;
  work->progress_data = progress_data;
  work->progress_destroy = progress_destroy;
  g_task_run_in_thread (task, prepare);
}

static gboolean
prepare_finish (DmsExecutor *executor, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, executor), FALSE);
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
launch (GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable)
{
  Work *work = task_data;
  GError *error = NULL;
  JsonNode *node = NULL;

  if (work->engine == NULL)
    work->engine = dms_docker_engine_fetch (work->client, cancellable, &error);
  if (work->engine != NULL)
    node = dms_docker_launch_run (work->client, work->engine, work->spec, cancellable, &error);
  if (node != NULL)
    g_task_return_pointer (task, node, (GDestroyNotify) json_node_unref);
  else
    g_task_return_error (task, error);
}

static void
return_failure (GTask *task, GError *error)
{
  if (error->domain != DMS_ERROR)
    dms_error_adopt (&error, "the container engine");
  g_task_return_error (task, error);
}

static void
on_launched (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Work *work = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (JsonNode) node = g_task_propagate_pointer (G_TASK (result), &error);
  DmsDockerExecution *execution = NULL;

  if (work->engine != NULL)
    set_engine (DMS_DOCKER_EXECUTOR (source), work->client, work->engine);
  if (node != NULL)
    execution = dms_docker_execution_new (work->client, work->handle, json_node_get_object (node), &error);
  if (execution != NULL)
    g_task_return_pointer (task, execution, g_object_unref);
  else
    return_failure (task, error);
}

static void
launch_async (DmsExecutor *executor,
              DmsExecutionSpec *spec,
              GCancellable *cancellable,
              GAsyncReadyCallback callback,
              gpointer user_data)
{
  GTask *task =
      make_task (DMS_DOCKER_EXECUTOR (executor), FALSE, launch_async, cancellable, callback, user_data);
  Work *work;

  if (task == NULL)
    return;
  work = g_task_get_task_data (task);
  work->spec = dms_execution_spec_ref (spec);
  work->handle = dms_docker_handle_dup (spec);
  run_work (task, launch, on_launched);
}

static DmsExecution *
launch_finish (DmsExecutor *executor, GAsyncResult *result, GError **error)
{
  return finish_pointer (executor, result, error);
}

static void
find (GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable)
{
  Work *work = task_data;
  GError *error = NULL;
  JsonNode *node = dms_docker_launch_find (work->client, work->handle, cancellable, &error);

  if (node != NULL)
    g_task_return_pointer (task, node, (GDestroyNotify) json_node_unref);
  else
    g_task_return_error (task, error);
}

/* One that has ended is handed over when its result and its logs are complete. */
static void
on_adopted_ended (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;
  g_autoptr (DmsExecutionResult) end = dms_execution_wait_finish (DMS_EXECUTION (source), result, &error);

  if (end != NULL)
    g_task_return_pointer (task, g_object_ref (source), g_object_unref);
  else
    g_task_return_error (task, error);
}

static void
on_found (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Work *work = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (JsonNode) node = g_task_propagate_pointer (G_TASK (result), &error);
  g_autoptr (DmsDockerExecution) execution = NULL;

  if (node != NULL)
    execution = dms_docker_execution_new (work->client, work->handle, json_node_get_object (node), &error);
  if (execution == NULL)
    return_failure (task, error);
  else if (dms_docker_wait_has_ended (json_node_get_object (node)))
    {
      GCancellable *cancellable = g_task_get_cancellable (task);

      dms_execution_wait_async (
          DMS_EXECUTION (execution), cancellable, on_adopted_ended, g_steal_pointer (&task));
    }
  else
    g_task_return_pointer (task, g_steal_pointer (&execution), g_object_unref);
}

static void
adopt_async (DmsExecutor *executor,
             const char *handle,
             GCancellable *cancellable,
             GAsyncReadyCallback callback,
             gpointer user_data)
{
  GTask *task =
      make_task (DMS_DOCKER_EXECUTOR (executor), FALSE, adopt_async, cancellable, callback, user_data);

  if (task == NULL)
    return;
  ((Work *) g_task_get_task_data (task))->handle = g_strdup (handle);
  run_work (task, find, on_found);
}

static DmsExecution *
adopt_finish (DmsExecutor *executor, GAsyncResult *result, GError **error)
{
  return finish_pointer (executor, result, error);
}

static void
list (GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable)
{
  Work *work = task_data;
  GError *error = NULL;
  GStrv handles = dms_docker_launch_list (work->client, cancellable, &error);

  if (handles != NULL)
    g_task_return_pointer (task, handles, (GDestroyNotify) g_strfreev);
  else
    g_task_return_error (task, error);
}

static void
list_async (DmsExecutor *executor,
            GCancellable *cancellable,
            GAsyncReadyCallback callback,
            gpointer user_data)
{
  g_autoptr (GTask) task =
      make_task (DMS_DOCKER_EXECUTOR (executor), FALSE, list_async, cancellable, callback, user_data);

  if (task != NULL)
    g_task_run_in_thread (task, list);
}

static GStrv
list_finish (DmsExecutor *executor, GAsyncResult *result, GError **error)
{
  return finish_pointer (executor, result, error);
}

static void
dms_docker_executor_iface_init (DmsExecutorInterface *iface)
{
  iface->get_id = get_id;
  iface->probe_async = probe_async;
  iface->probe_finish = probe_finish;
  iface->validate = validate;
  iface->dup_handle = dup_handle;
  iface->prepare_async = prepare_async;
  iface->prepare_finish = prepare_finish;
  iface->launch_async = launch_async;
  iface->launch_finish = launch_finish;
  iface->adopt_async = adopt_async;
  iface->adopt_finish = adopt_finish;
  iface->list_async = list_async;
  iface->list_finish = list_finish;
}
