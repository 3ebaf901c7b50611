/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-docker-execution.h"

#include <glib/gstdio.h>
#include <string.h>

#include "dms-docker-create.h"
#include "dms-docker-exec.h"
#include "dms-docker-file.h"
#include "dms-docker-handle.h"
#include "dms-docker-json.h"
#include "dms-docker-logs.h"
#include "dms-docker-oom.h"
#include "dms-docker-outcome.h"
#include "dms-docker-provision.h"
#include "dms-docker-sampler.h"
#include "dms-docker-wait.h"

/* What the daemon did to a container, in its state directory, so that it is known after a restart as well. */
static const char STOP_MARK[] = "stop-requested";
static const char DISK_MARK[] = "disk-exceeded";

static const gsize MAX_CHUNK = 1024 * 1024;

/* One container. Lives in the main context that made it. */
struct _DmsDockerExecution
{
  GObject parent_instance;

  DmsDockerClient *client;
  char *handle;
  char *name;
  char *state_dir;
  gboolean has_scripts;
  DmsExecutionState state;
  DmsExecutionResult *result;
  DmsDockerLogs *logs;
  DmsDockerSampler *sampler;
  GCancellable *life; /* of the requests that watch the container */
  GPtrArray *waiters; /* (element-type Waiter) */
  JsonNode *last;     /* the description at its end, until the logs are complete */
};

typedef enum
{
  WAIT_END,
  WAIT_STOP,
  WAIT_LOG,
} WaiterKind;

/* A caller that is answered later. */
typedef struct
{
  WaiterKind kind;
  GTask *task;
  GSource *cancelled;
  DmsLogStream stream;
  guint64 offset;
  gsize max_bytes;
} Waiter;

static void dms_docker_execution_iface_init (DmsExecutionInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (DmsDockerExecution,
                               dms_docker_execution,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (DMS_TYPE_EXECUTION, dms_docker_execution_iface_init))

static void
waiter_free (gpointer data)
{
  Waiter *waiter = data;

  if (waiter->cancelled != NULL)
    {
      g_source_destroy (waiter->cancelled);
      g_source_unref (waiter->cancelled);
    }
  g_clear_object (&waiter->task);
  g_free (waiter);
}

static void
dms_docker_execution_dispose (GObject *object)
{
  DmsDockerExecution *self = DMS_DOCKER_EXECUTION (object);

  g_cancellable_cancel (self->life);
  if (self->logs != NULL)
    {
      g_signal_handlers_disconnect_by_data (self->logs, self);
      dms_docker_logs_stop (self->logs);
    }
  if (self->sampler != NULL)
    {
      g_signal_handlers_disconnect_by_data (self->sampler, self);
      dms_docker_sampler_stop (self->sampler);
    }
  G_OBJECT_CLASS (dms_docker_execution_parent_class)->dispose (object);
}

static void
dms_docker_execution_finalize (GObject *object)
{
  DmsDockerExecution *self = DMS_DOCKER_EXECUTION (object);

  g_clear_object (&self->client);
  g_clear_object (&self->logs);
  g_clear_object (&self->sampler);
  g_clear_object (&self->life);
  g_clear_pointer (&self->waiters, g_ptr_array_unref);
  g_clear_pointer (&self->result, dms_execution_result_unref);
  g_clear_pointer (&self->last, json_node_unref);
  g_free (self->handle);
  g_free (self->name);
  g_free (self->state_dir);
  G_OBJECT_CLASS (dms_docker_execution_parent_class)->finalize (object);
}

static void
dms_docker_execution_class_init (DmsDockerExecutionClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = dms_docker_execution_dispose;
  G_OBJECT_CLASS (klass)->finalize = dms_docker_execution_finalize;
}

static void
dms_docker_execution_init (DmsDockerExecution *self)
{
  self->life = g_cancellable_new ();
  self->waiters = g_ptr_array_new_with_free_func (waiter_free);
}

static void
set_state (DmsDockerExecution *self, DmsExecutionState state)
{
  if (self->state == state || self->state == DMS_EXECUTION_ENDED)
    return;
  self->state = state;
  dms_execution_emit_state_changed (DMS_EXECUTION (self), state);
}

static gboolean
has_mark (DmsDockerExecution *self, const char *mark)
{
  g_autofree char *path = g_build_filename (self->state_dir, mark, NULL);

  return *self->state_dir != '\0' && g_file_test (path, G_FILE_TEST_IS_REGULAR);
}

static void
set_mark (DmsDockerExecution *self, const char *mark)
{
  g_autofree char *path = g_build_filename (self->state_dir, mark, NULL);
  g_autoptr (GError) error = NULL;

  if (*self->state_dir != '\0' &&
      !g_file_set_contents_full (path, "", 0, G_FILE_SET_CONTENTS_CONSISTENT, 0600, &error))
    g_message (
        "cannot note in %s what happened to container %s: %s", self->state_dir, self->name, error->message);
}

static void
unset_marks (DmsDockerExecution *self)
{
  const char *marks[] = { STOP_MARK, DISK_MARK };

  for (gsize i = 0; i < G_N_ELEMENTS (marks) && *self->state_dir != '\0'; i++)
    {
      g_autofree char *path = g_build_filename (self->state_dir, marks[i], NULL);

      g_unlink (path);
    }
}

/* The chunk that a reader can have now; NULL when it has to wait. */
static DmsLogChunk *
make_chunk (DmsDockerExecution *self,
            DmsLogStream stream,
            guint64 offset,
            gsize max_bytes,
            gboolean follow,
            GError **error)
{
  guint64 total = dms_docker_logs_get_size (self->logs, stream);
  gboolean ended = self->state == DMS_EXECUTION_ENDED;
  g_autoptr (GBytes) data = NULL;
  guint64 next;

  if (follow && !ended && offset >= total)
    return NULL;
  data = dms_docker_logs_read (self->logs, stream, offset, max_bytes, error);
  if (data == NULL)
    return NULL;
  next = offset + g_bytes_get_size (data);
  return dms_log_chunk_new (stream, offset, data, total, ended && next >= total);
}

/* Answers a caller when that is possible now. */
static gboolean
try_answer (DmsDockerExecution *self, Waiter *waiter)
{
  g_autoptr (GError) error = NULL;
  DmsLogChunk *chunk;

  if (waiter->kind == WAIT_LOG)
    {
      chunk = make_chunk (self, waiter->stream, waiter->offset, waiter->max_bytes, TRUE, &error);
      if (chunk == NULL && error == NULL)
        return FALSE;
      if (chunk != NULL)
        g_task_return_pointer (waiter->task, chunk, (GDestroyNotify) dms_log_chunk_unref);
      else
        g_task_return_error (waiter->task, g_steal_pointer (&error));
      return TRUE;
    }
  if (self->state != DMS_EXECUTION_ENDED)
    return FALSE;
  if (waiter->kind == WAIT_STOP)
    g_task_return_boolean (waiter->task, TRUE);
  else
    g_task_return_pointer (
        waiter->task, dms_execution_result_ref (self->result), (GDestroyNotify) dms_execution_result_unref);
  return TRUE;
}

static void
answer_waiters (DmsDockerExecution *self)
{
  g_autoptr (GPtrArray) waiters = g_steal_pointer (&self->waiters);

  /* Those who wait anew while we answer go into the new list. */
  self->waiters = g_ptr_array_new_with_free_func (waiter_free);
  for (guint i = 0; i < waiters->len; i++)
    {
      Waiter *waiter = g_ptr_array_index (waiters, i);

      if (!try_answer (self, waiter))
        {
          waiters->pdata[i] = NULL;
          g_ptr_array_add (self->waiters, waiter);
        }
    }
  g_ptr_array_set_free_func (waiters, NULL);
  for (guint i = 0; i < waiters->len; i++)
    if (waiters->pdata[i] != NULL)
      waiter_free (waiters->pdata[i]);
}

static gboolean
on_waiter_cancelled (GCancellable *cancellable, gpointer user_data)
{
  g_autoptr (GTask) task = g_object_ref (user_data);
  DmsDockerExecution *self = g_task_get_source_object (task);

  for (guint i = 0; i < self->waiters->len; i++)
    if (((Waiter *) g_ptr_array_index (self->waiters, i))->task == task)
      {
        g_task_return_new_error (
            task, DMS_ERROR, DMS_ERROR_CANCELLED, "the wait for container “%s” was cancelled", self->name);
        g_ptr_array_remove_index (self->waiters, i);
        break;
      }
  return G_SOURCE_REMOVE;
}

/* Answers a caller now or as soon as possible; takes the reference of the task. */
static void
add_waiter (DmsDockerExecution *self,
            WaiterKind kind,
            GTask *task,
            DmsLogStream stream,
            guint64 offset,
            gsize max_bytes)
{
  GCancellable *cancellable = g_task_get_cancellable (task);
  Waiter *waiter = g_new0 (Waiter, 1);

  waiter->kind = kind;
  waiter->task = task;
  waiter->stream = stream;
  waiter->offset = offset;
  waiter->max_bytes = max_bytes;
  if (g_task_return_error_if_cancelled (task) || try_answer (self, waiter))
    {
      waiter_free (waiter);
      return;
    }
  if (cancellable != NULL)
    {
      waiter->cancelled = g_cancellable_source_new (cancellable);
      g_source_set_callback (waiter->cancelled, G_SOURCE_FUNC (on_waiter_cancelled), task, NULL);
      g_source_attach (waiter->cancelled, g_main_context_get_thread_default ());
    }
  g_ptr_array_add (self->waiters, waiter);
}

static void
end (DmsDockerExecution *self, DmsExecutionResult *result)
{
  g_autoptr (DmsDockerExecution) keep = g_object_ref (self);

  g_clear_pointer (&self->result, dms_execution_result_unref);
  self->result = result;
  g_cancellable_cancel (self->life);
  dms_docker_sampler_stop (self->sampler);
  set_state (self, DMS_EXECUTION_ENDED);
  answer_waiters (keep);
}

static gint64
read_started (DmsDockerExecution *self)
{
  JsonObject *object = self->last != NULL ? json_node_get_object (self->last) : NULL;

  return dms_docker_outcome_read_time (dms_docker_json_get_object (object, "State"), "StartedAt");
}

static void
end_as_lost (DmsDockerExecution *self, DmsEndReason reason, const char *message)
{
  end (self,
       dms_execution_result_new (reason,
                                 -1,
                                 message,
                                 read_started (self),
                                 g_get_real_time (),
                                 dms_docker_sampler_get_usage (self->sampler)));
}

typedef struct
{
  DmsDockerClient *client;
  char *name;
  char *script; /* the answer */
  int code;
} FailureQuery;

static void
failure_query_free (gpointer data)
{
  FailureQuery *query = data;

  g_clear_object (&query->client);
  g_free (query->name);
  g_free (query->script);
  g_free (query);
}

static void
query_failure (GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable)
{
  FailureQuery *query = task_data;

  query->script = dms_docker_provision_dup_failure (query->client, query->name, &query->code);
  g_task_return_boolean (task, TRUE);
}

static void
end_with_facts (DmsDockerExecution *self, const char *script, int script_code)
{
  g_autofree char *boot_id = dms_docker_oom_dup_boot_id ();
  DmsDockerOutcomeFacts facts = {
    .stopped = has_mark (self, STOP_MARK),
    .out_of_disk = has_mark (self, DISK_MARK),
    .failed_script = script,
    .script_code = script_code,
    .oom_kills = dms_docker_oom_get_kills (),
    .boot_id = boot_id,
    .usage = dms_docker_sampler_get_usage (self->sampler),
  };

  end (self, dms_docker_outcome_new (json_node_get_object (self->last), &facts));
}

static void
on_failure_known (GObject *source, GAsyncResult *result, gpointer user_data)
{
  DmsDockerExecution *self = DMS_DOCKER_EXECUTION (source);
  FailureQuery *query = g_task_get_task_data (G_TASK (result));

  if (self->state != DMS_EXECUTION_ENDED)
    end_with_facts (self, query->script, query->code);
}

static void
find_outcome (DmsDockerExecution *self)
{
  JsonObject *state = dms_docker_json_get_object (json_node_get_object (self->last), "State");
  g_autoptr (GTask) task = NULL;
  FailureQuery *query;

  if (!self->has_scripts || dms_docker_json_get_int (state, "ExitCode") == 0)
    {
      end_with_facts (self, NULL, 0);
      return;
    }
  task = g_task_new (self, NULL, on_failure_known, NULL);
  g_task_set_source_tag (task, find_outcome);
  query = g_new0 (FailureQuery, 1);
  query->client = g_object_ref (self->client);
  query->name = g_strdup (self->name);
  g_task_set_task_data (task, query, failure_query_free);
  g_task_run_in_thread (task, query_failure);
}

static void
on_logs_changed (DmsDockerLogs *logs, DmsDockerExecution *self)
{
  g_autoptr (DmsDockerExecution) keep = g_object_ref (self);

  if (self->last != NULL && self->state != DMS_EXECUTION_ENDED && dms_docker_logs_is_complete (logs))
    {
      g_signal_handlers_disconnect_by_data (logs, self);
      find_outcome (self);
    }
  else
    answer_waiters (keep);
}

static void
on_ended (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GWeakRef *weak = user_data;
  g_autoptr (DmsDockerExecution) self = g_weak_ref_get (weak);
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) node = dms_docker_wait_finish (DMS_DOCKER_CLIENT (source), result, &error);
  g_autofree char *message = NULL;

  g_weak_ref_clear (weak);
  g_free (weak);
  if (self == NULL || self->state == DMS_EXECUTION_ENDED || g_cancellable_is_cancelled (self->life))
    return;
  if (node == NULL)
    {
      message = g_strdup_printf ("container “%s” is gone: somebody else removed it", self->name);
      end_as_lost (self, DMS_END_LOST, message);
      return;
    }
  self->last = g_steal_pointer (&node);
  dms_docker_logs_end (self->logs);
}

static void
on_disk_exceeded (DmsDockerSampler *sampler, DmsDockerExecution *self)
{
  g_autofree char *path = g_strdup_printf ("/containers/%s/kill", self->name);

  g_message ("container %s has exceeded its disk limit and is killed", self->name);
  set_mark (self, DISK_MARK);
  dms_docker_client_call_async (self->client, "POST", path, NULL, NULL, NULL);
}

static void
watch (DmsDockerExecution *self)
{
  GWeakRef *weak = g_new0 (GWeakRef, 1);

  g_weak_ref_init (weak, self);
  dms_docker_wait_async (self->client, self->name, self->life, on_ended, weak);
}

/* Takes up a container that has been started.
 *
 * inspect: the engine's description of it */
DmsDockerExecution *
dms_docker_execution_new (DmsDockerClient *client, const char *handle, JsonObject *inspect, GError **error)
{
  g_autoptr (DmsDockerExecution) self = g_object_new (DMS_TYPE_DOCKER_EXECUTION, NULL);
  JsonObject *labels = dms_docker_json_get_object (dms_docker_json_get_object (inspect, "Config"), "Labels");

  if (!dms_docker_handle_parse (handle, &self->name, &self->state_dir, error))
    return NULL;
  self->client = g_object_ref (client);
  self->handle = g_strdup (handle);
  self->has_scripts = dms_docker_json_get_string (labels, DMS_DOCKER_LABEL_SCRIPTS) != NULL;
  self->state = dms_docker_json_get_boolean (dms_docker_json_get_object (inspect, "State"), "Paused")
                    ? DMS_EXECUTION_PAUSED
                    : DMS_EXECUTION_RUNNING;
  self->logs = dms_docker_logs_new (client, self->name, self->state_dir);
  self->sampler = dms_docker_sampler_new (client, self->name, inspect);
  g_signal_connect (self->logs, "changed", G_CALLBACK (on_logs_changed), self);
  g_signal_connect (self->sampler, "disk-exceeded", G_CALLBACK (on_disk_exceeded), self);
  if (!dms_docker_wait_has_ended (inspect))
    {
      dms_docker_logs_start (self->logs);
      dms_docker_sampler_start (self->sampler);
    }
  watch (self);
  return g_steal_pointer (&self);
}

static const char *
get_handle (DmsExecution *execution)
{
  return DMS_DOCKER_EXECUTION (execution)->handle;
}

static DmsExecutionState
get_state (DmsExecution *execution)
{
  return DMS_DOCKER_EXECUTION (execution)->state;
}

static void
wait_async (DmsExecution *execution,
            GCancellable *cancellable,
            GAsyncReadyCallback callback,
            gpointer user_data)
{
  GTask *task = g_task_new (execution, cancellable, callback, user_data);

  g_task_set_source_tag (task, wait_async);
  add_waiter (DMS_DOCKER_EXECUTION (execution), WAIT_END, task, DMS_LOG_STDOUT, 0, 0);
}

static DmsExecutionResult *
wait_finish (DmsExecution *execution, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, execution), NULL);
  return g_task_propagate_pointer (G_TASK (result), error);
}

static gboolean
finish_boolean (DmsExecution *execution, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, execution), FALSE);
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
on_stop_sent (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  DmsDockerExecution *self = g_task_get_source_object (task);
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) reply = dms_docker_client_call_finish (DMS_DOCKER_CLIENT (source), result, &error);

  if (reply == NULL && !g_error_matches (error, DMS_ERROR, DMS_ERROR_NOT_FOUND) &&
      self->state != DMS_EXECUTION_ENDED)
    {
      g_prefix_error (&error, "cannot stop container “%s”: ", self->name);
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }
  add_waiter (self, WAIT_STOP, g_steal_pointer (&task), DMS_LOG_STDOUT, 0, 0);
}

static void
send_stop (GTask *task)
{
  DmsDockerExecution *self = g_task_get_source_object (task);
  guint grace_ms = GPOINTER_TO_UINT (g_task_get_task_data (task));
  guint grace_s = grace_ms / 1000 + (grace_ms % 1000 != 0 ? 1 : 0);
  g_autofree char *path = g_strdup_printf ("/containers/%s/stop?t=%u", self->name, grace_s);

  dms_docker_client_call_async (
      self->client, "POST", path, g_task_get_cancellable (task), on_stop_sent, task);
}

static void
on_unpaused_to_stop (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GTask *task = user_data;
  g_autoptr (GBytes) reply = dms_docker_client_call_finish (DMS_DOCKER_CLIENT (source), result, NULL);

  if (reply != NULL)
    set_state (g_task_get_source_object (task), DMS_EXECUTION_RUNNING);
  send_stop (task);
}

static void
stop_async (DmsExecution *execution,
            guint grace_ms,
            GCancellable *cancellable,
            GAsyncReadyCallback callback,
            gpointer user_data)
{
  DmsDockerExecution *self = DMS_DOCKER_EXECUTION (execution);
  GTask *task = g_task_new (self, cancellable, callback, user_data);
  g_autofree char *path = g_strdup_printf ("/containers/%s/unpause", self->name);

  g_task_set_source_tag (task, stop_async);
  g_task_set_task_data (task, GUINT_TO_POINTER (grace_ms), NULL);
  if (self->state == DMS_EXECUTION_ENDED || self->last != NULL)
    {
      add_waiter (self, WAIT_STOP, task, DMS_LOG_STDOUT, 0, 0);
      return;
    }
  set_mark (self, STOP_MARK);
  /* A frozen job cannot react, and Podman refuses. */
  if (self->state == DMS_EXECUTION_PAUSED)
    dms_docker_client_call_async (self->client, "POST", path, cancellable, on_unpaused_to_stop, task);
  else
    send_stop (task);
}

static void
on_switched (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  DmsDockerExecution *self = g_task_get_source_object (task);
  DmsExecutionState wanted = GPOINTER_TO_UINT (g_task_get_task_data (task));
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) reply = dms_docker_client_call_finish (DMS_DOCKER_CLIENT (source), result, &error);

  if (reply == NULL)
    {
      g_prefix_error (&error,
                      "cannot %s container “%s”: ",
                      wanted == DMS_EXECUTION_PAUSED ? "pause" : "resume",
                      self->name);
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }
  set_state (self, wanted);
  g_task_return_boolean (task, TRUE);
}

static void
switch_state (DmsDockerExecution *self,
              DmsExecutionState from,
              DmsExecutionState to,
              GCancellable *cancellable,
              GAsyncReadyCallback callback,
              gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);
  const char *verb = to == DMS_EXECUTION_PAUSED ? "pause" : "unpause";
  g_autofree char *path = g_strdup_printf ("/containers/%s/%s", self->name, verb);

  g_task_set_source_tag (task, switch_state);
  g_task_set_task_data (task, GUINT_TO_POINTER (to), NULL);
  if (self->state == to)
    g_task_return_boolean (task, TRUE);
  else if (self->state != from)
    g_task_return_new_error (task,
                             DMS_ERROR,
                             DMS_ERROR_WRONG_STATE,
                             "cannot %s container “%s”: its job has ended",
                             verb,
                             self->name);
  else
    dms_docker_client_call_async (
        self->client, "POST", path, cancellable, on_switched, g_steal_pointer (&task));
}

static void
pause_async (DmsExecution *execution,
             GCancellable *cancellable,
             GAsyncReadyCallback callback,
             gpointer user_data)
{
  switch_state (DMS_DOCKER_EXECUTION (execution),
                DMS_EXECUTION_RUNNING,
                DMS_EXECUTION_PAUSED,
                cancellable,
                callback,
                user_data);
}

static void
resume_async (DmsExecution *execution,
              GCancellable *cancellable,
              GAsyncReadyCallback callback,
              gpointer user_data)
{
  switch_state (DMS_DOCKER_EXECUTION (execution),
                DMS_EXECUTION_PAUSED,
                DMS_EXECUTION_RUNNING,
                cancellable,
                callback,
                user_data);
}

static void
exec_async (DmsExecution *execution,
            const char *const *argv,
            guint timeout_ms,
            GCancellable *cancellable,
            GAsyncReadyCallback callback,
            gpointer user_data)
{
  DmsDockerExecution *self = DMS_DOCKER_EXECUTION (execution);

  if (argv == NULL || argv[0] == NULL)
    g_task_report_new_error (self,
                             callback,
                             user_data,
                             exec_async,
                             DMS_ERROR,
                             DMS_ERROR_INVALID_ARGUMENT,
                             "there is no command to run");
  else if (self->state != DMS_EXECUTION_RUNNING)
    g_task_report_new_error (self,
                             callback,
                             user_data,
                             exec_async,
                             DMS_ERROR,
                             DMS_ERROR_WRONG_STATE,
                             "cannot run “%s” in container “%s”: its job does not run",
                             argv[0],
                             self->name);
  else
    dms_docker_exec_run_async (
        execution, self->client, self->name, argv, timeout_ms, cancellable, callback, user_data);
}

static DmsExecResult *
exec_finish (DmsExecution *execution, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, execution), NULL);
  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
read_file_async (DmsExecution *execution,
                 const char *path,
                 gsize max_bytes,
                 GCancellable *cancellable,
                 GAsyncReadyCallback callback,
                 gpointer user_data)
{
  DmsDockerExecution *self = DMS_DOCKER_EXECUTION (execution);

  dms_docker_file_read_async (
      execution, self->client, self->name, path, max_bytes, cancellable, callback, user_data);
}

static GBytes *
read_file_finish (DmsExecution *execution, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, execution), NULL);
  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
read_log_async (DmsExecution *execution,
                DmsLogStream stream,
                guint64 offset,
                gsize max_bytes,
                gboolean follow,
                GCancellable *cancellable,
                GAsyncReadyCallback callback,
                gpointer user_data)
{
  DmsDockerExecution *self = DMS_DOCKER_EXECUTION (execution);
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);
  gsize most = max_bytes > 0 ? MIN (max_bytes, MAX_CHUNK) : MAX_CHUNK;
  GError *error = NULL;
  DmsLogChunk *chunk;

  g_task_set_source_tag (task, read_log_async);
  if (stream != DMS_LOG_STDOUT && stream != DMS_LOG_STDERR)
    {
      g_task_return_new_error (
          task, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT, "a job has no stream %d", (int) stream);
      return;
    }
  if (follow)
    {
      add_waiter (self, WAIT_LOG, g_steal_pointer (&task), stream, offset, most);
      return;
    }
  chunk = make_chunk (self, stream, offset, most, FALSE, &error);
  if (chunk != NULL)
    g_task_return_pointer (task, chunk, (GDestroyNotify) dms_log_chunk_unref);
  else
    g_task_return_error (task, error);
}

static DmsLogChunk *
read_log_finish (DmsExecution *execution, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, execution), NULL);
  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
on_usage (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  DmsDockerExecution *self = g_task_get_source_object (task);
  g_autoptr (GError) error = NULL;
  DmsUsage *usage = dms_docker_sampler_measure_finish (DMS_DOCKER_SAMPLER (source), result, &error);

  if (usage != NULL)
    {
      g_task_return_pointer (task, usage, (GDestroyNotify) dms_usage_unref);
      return;
    }
  g_prefix_error (&error, "cannot measure container “%s”: ", self->name);
  g_task_return_error (task, g_steal_pointer (&error));
}

static void
get_usage_async (DmsExecution *execution,
                 GCancellable *cancellable,
                 GAsyncReadyCallback callback,
                 gpointer user_data)
{
  DmsDockerExecution *self = DMS_DOCKER_EXECUTION (execution);
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);
  DmsUsage *usage = dms_docker_sampler_get_usage (self->sampler);

  g_task_set_source_tag (task, get_usage_async);
  if (self->state != DMS_EXECUTION_ENDED && self->last == NULL)
    dms_docker_sampler_measure_async (self->sampler, cancellable, on_usage, g_steal_pointer (&task));
  else if (usage != NULL)
    g_task_return_pointer (task, dms_usage_ref (usage), (GDestroyNotify) dms_usage_unref);
  else
    g_task_return_pointer (task, dms_usage_new (0, 0, 0, 0, 0, 0, 0, 0, 0), (GDestroyNotify) dms_usage_unref);
}

static DmsUsage *
get_usage_finish (DmsExecution *execution, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, execution), NULL);
  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
on_deleted (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  DmsDockerExecution *self = g_task_get_source_object (task);
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) reply = dms_docker_client_call_finish (DMS_DOCKER_CLIENT (source), result, &error);

  if (reply == NULL && !g_error_matches (error, DMS_ERROR, DMS_ERROR_NOT_FOUND))
    {
      g_prefix_error (&error, "cannot remove container “%s”: ", self->name);
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }
  g_cancellable_cancel (self->life);
  dms_docker_logs_delete (self->logs);
  unset_marks (self);
  if (self->state != DMS_EXECUTION_ENDED)
    end_as_lost (self, DMS_END_STOPPED, "removed on request");
  g_task_return_boolean (task, TRUE);
}

static void
send_delete (GTask *task)
{
  DmsDockerExecution *self = g_task_get_source_object (task);
  g_autofree char *path = g_strdup_printf ("/containers/%s?force=1&v=1", self->name);

  dms_docker_client_call_async (
      self->client, "DELETE", path, g_task_get_cancellable (task), on_deleted, task);
}

static void
on_unpaused_to_delete (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GBytes) reply = dms_docker_client_call_finish (DMS_DOCKER_CLIENT (source), result, NULL);

  send_delete (user_data);
}

static void
remove_async (DmsExecution *execution,
              GCancellable *cancellable,
              GAsyncReadyCallback callback,
              gpointer user_data)
{
  DmsDockerExecution *self = DMS_DOCKER_EXECUTION (execution);
  GTask *task = g_task_new (self, cancellable, callback, user_data);
  g_autofree char *path = g_strdup_printf ("/containers/%s/unpause", self->name);

  g_task_set_source_tag (task, remove_async);
  if (self->state != DMS_EXECUTION_ENDED)
    set_mark (self, STOP_MARK);
  if (self->state == DMS_EXECUTION_PAUSED)
    dms_docker_client_call_async (self->client, "POST", path, cancellable, on_unpaused_to_delete, task);
  else
    send_delete (task);
}

static void
dms_docker_execution_iface_init (DmsExecutionInterface *iface)
{
  iface->get_handle = get_handle;
  iface->get_state = get_state;
  iface->wait_async = wait_async;
  iface->wait_finish = wait_finish;
  iface->stop_async = stop_async;
  iface->stop_finish = finish_boolean;
  iface->pause_async = pause_async;
  iface->pause_finish = finish_boolean;
  iface->resume_async = resume_async;
  iface->resume_finish = finish_boolean;
  iface->exec_async = exec_async;
  iface->exec_finish = exec_finish;
  iface->read_log_async = read_log_async;
  iface->read_log_finish = read_log_finish;
  iface->read_file_async = read_file_async;
  iface->read_file_finish = read_file_finish;
  iface->get_usage_async = get_usage_async;
  iface->get_usage_finish = get_usage_finish;
  iface->remove_async = remove_async;
  iface->remove_finish = finish_boolean;
}
