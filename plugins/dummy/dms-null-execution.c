/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-null-execution.h"

#include <errno.h>
#include <string.h>

#include <glib/gstdio.h>

#include "dms-null-job.h"

enum
{
  DMS_NULL_EXIT_TERM = 128 + 15,
  DMS_NULL_EXIT_KILL = 128 + 9,
  DMS_NULL_MAX_READ = 1024 * 1024,
};

static const char dms_null_handle_prefix[] = "null:1:";
static const char dms_null_state_file[] = "null.json";

/* A job that is played, not run. Its state is a file of the state directory, so that another process can take
 * it up; in this process the engine below keeps it, as an engine keeps what its client forgets. */
struct _DmsNullExecution
{
  GObject parent_instance;

  DmsExecutionSpec *spec;
  DmsNullJob *job;
  char *handle;
  DmsExecutionState state;
  gint64 started_us;
  gint64 paused_at_us;
  gint64 paused_total_us;
  GSource *timer;
  DmsExecutionResult *result;
  /* Tasks that wait for the end, with their cancellation sources. */
  GPtrArray *waiters;
};

typedef struct
{
  DmsNullExecution *self;
  GTask *task;
  GSource *cancelled;
} DmsNullWaiter;

typedef struct
{
  DmsLogStream stream;
  guint64 offset;
  gsize max_bytes;
} DmsNullRead;

static void dms_null_execution_iface_init (DmsExecutionInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (DmsNullExecution,
                               dms_null_execution,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (DMS_TYPE_EXECUTION, dms_null_execution_iface_init))

/* The engine: one a process, as a machine has one Docker. */
static GMutex dms_null_engine_lock;
static GHashTable *dms_null_engine;

static void
dms_null_engine_keep (DmsNullExecution *execution)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&dms_null_engine_lock);

  if (dms_null_engine == NULL)
    dms_null_engine = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_object_unref);
  g_hash_table_insert (dms_null_engine, g_strdup (execution->handle), g_object_ref (execution));
}

static DmsNullExecution *
dms_null_engine_find (const char *handle)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&dms_null_engine_lock);
  gpointer found = dms_null_engine != NULL ? g_hash_table_lookup (dms_null_engine, handle) : NULL;

  return found != NULL ? g_object_ref (found) : NULL;
}

static void
dms_null_engine_forget (const char *handle)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&dms_null_engine_lock);

  if (dms_null_engine != NULL)
    g_hash_table_remove (dms_null_engine, handle);
}

/* The handles of everything the engine keeps. */
GStrv
dms_null_execution_list_handles (void)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&dms_null_engine_lock);
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  GHashTableIter iter;
  gpointer handle = NULL;

  if (dms_null_engine != NULL)
    {
      g_hash_table_iter_init (&iter, dms_null_engine);
      while (g_hash_table_iter_next (&iter, &handle, NULL))
        g_strv_builder_add (builder, handle);
    }
  return g_strv_builder_end (builder);
}

static void
dms_null_waiter_free (gpointer data)
{
  DmsNullWaiter *waiter = data;

  if (waiter->cancelled != NULL)
    {
      g_source_destroy (waiter->cancelled);
      g_source_unref (waiter->cancelled);
    }
  g_object_unref (waiter->task);
  g_free (waiter);
}

static void
dms_null_execution_finalize (GObject *object)
{
  DmsNullExecution *self = DMS_NULL_EXECUTION (object);

  if (self->timer != NULL)
    g_source_destroy (self->timer);
  g_clear_pointer (&self->timer, g_source_unref);
  g_clear_pointer (&self->waiters, g_ptr_array_unref);
  g_clear_pointer (&self->result, dms_execution_result_unref);
  g_clear_pointer (&self->spec, dms_execution_spec_unref);
  g_clear_pointer (&self->job, dms_null_job_free);
  g_clear_pointer (&self->handle, g_free);

  G_OBJECT_CLASS (dms_null_execution_parent_class)->finalize (object);
}

static void
dms_null_execution_class_init (DmsNullExecutionClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->finalize = dms_null_execution_finalize;
}

static void
dms_null_execution_init (DmsNullExecution *self)
{
  self->waiters = g_ptr_array_new_with_free_func (dms_null_waiter_free);
}

/* The same for the same specification; without a state directory it is known in this process only. */
char *
dms_null_execution_build_handle (DmsExecutionSpec *spec)
{
  return g_strconcat (dms_null_handle_prefix, dms_execution_spec_get_execution_id (spec), ":",
                      dms_execution_spec_get_state_dir (spec), NULL);
}

static char *
dms_null_execution_build_path (const char *handle, const char *name)
{
  const char *directory = strchr (handle + strlen (dms_null_handle_prefix), ':');

  if (directory == NULL || directory[1] == '\0')
    return NULL;
  return g_build_filename (directory + 1, name, NULL);
}

/* What the job has written to a stream so far. */
static GBytes *
dms_null_execution_dup_log (DmsNullExecution *self, DmsLogStream stream)
{
  g_autoptr (GString) text = g_string_new (NULL);

  if (self->started_us != 0)
    g_string_append (text, stream == DMS_LOG_STDOUT ? (self->job->out != NULL ? self->job->out : "")
                                                    : (self->job->err != NULL ? self->job->err : ""));
  if (stream == DMS_LOG_STDOUT && self->job->out_at_end != NULL && self->result != NULL
      && dms_execution_result_get_reason (self->result) == DMS_END_EXITED)
    g_string_append (text, self->job->out_at_end);
  return g_string_free_to_bytes (g_steal_pointer (&text));
}

static gboolean
dms_null_execution_write_log (DmsNullExecution *self, DmsLogStream stream, const char *name, GError **error)
{
  g_autofree char *path = dms_null_execution_build_path (self->handle, name);
  g_autoptr (GBytes) log = dms_null_execution_dup_log (self, stream);

  return path == NULL
         || g_file_set_contents_full (path, g_bytes_get_data (log, NULL), (gssize) g_bytes_get_size (log),
                                      G_FILE_SET_CONTENTS_NONE, 0600, error);
}

static gboolean
dms_null_execution_save (DmsNullExecution *self, GError **error)
{
  g_autofree char *path = dms_null_execution_build_path (self->handle, dms_null_state_file);
  g_autoptr (JsonNode) root = json_node_new (JSON_NODE_OBJECT);
  JsonObject *object = json_object_new ();
  g_autofree char *text = NULL;

  json_node_take_object (root, object);
  json_object_set_member (object, "spec", dms_execution_spec_to_json (self->spec));
  json_object_set_int_member (object, "started_us", self->started_us);
  json_object_set_int_member (object, "paused_at_us", self->paused_at_us);
  json_object_set_int_member (object, "paused_total_us", self->paused_total_us);
  if (self->result != NULL)
    json_object_set_member (object, "result", dms_execution_result_to_json (self->result));
  if (path == NULL)
    return TRUE;

  text = json_to_string (root, FALSE);
  if (!g_file_set_contents_full (path, text, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0600, error)
      || !dms_null_execution_write_log (self, DMS_LOG_STDOUT, "stdout.log", error)
      || !dms_null_execution_write_log (self, DMS_LOG_STDERR, "stderr.log", error))
    {
      dms_error_adopt (
          error, "cannot write the state of job “%s”", dms_execution_spec_get_job_id (self->spec));
      return FALSE;
    }
  return TRUE;
}

static void
dms_null_execution_save_or_warn (DmsNullExecution *self)
{
  g_autoptr (GError) error = NULL;

  if (!dms_null_execution_save (self, &error))
    g_warning ("%s", error->message);
}

static gint64
dms_null_execution_get_running_us (DmsNullExecution *self, gint64 now_us)
{
  gint64 until = self->result != NULL ? dms_execution_result_get_ended_us (self->result)
                 : self->paused_at_us != 0 ? self->paused_at_us
                                           : now_us;

  return MAX (until - self->started_us - self->paused_total_us, 0);
}

static DmsUsage *
dms_null_execution_dup_usage (DmsNullExecution *self)
{
  DmsResources *resources = dms_execution_spec_get_resources (self->spec);
  guint64 limit = dms_ram_get_size_bytes (dms_resources_get_ram (resources));
  gint64 running = dms_null_execution_get_running_us (self, g_get_real_time ());

  return dms_usage_new (0, (guint64) running, 0, 0, limit, 0, 0, 0, self->result == NULL ? 1 : 0);
}

static void dms_null_execution_answer_waiter (DmsNullExecution *self, GTask *task);

static void
dms_null_execution_end (DmsNullExecution *self,
                        DmsEndReason reason,
                        int exit_code,
                        const char *message,
                        gint64 ended_us)
{
  g_autoptr (DmsUsage) usage = NULL;
  g_autoptr (GPtrArray) waiters = NULL;
  g_autoptr (DmsNullExecution) alive = g_object_ref (self);

  if (self->result != NULL)
    return;
  if (self->timer != NULL)
    g_source_destroy (self->timer);
  g_clear_pointer (&self->timer, g_source_unref);
  usage = dms_null_execution_dup_usage (self);
  self->result = dms_execution_result_new (reason, exit_code, message, self->started_us, ended_us, usage);
  self->state = DMS_EXECUTION_ENDED;
  dms_null_execution_save_or_warn (self);
  dms_execution_emit_state_changed (DMS_EXECUTION (self), self->state);

  waiters = g_steal_pointer (&self->waiters);
  self->waiters = g_ptr_array_new_with_free_func (dms_null_waiter_free);
  for (guint i = 0; i < waiters->len; i++)
    dms_null_execution_answer_waiter (self, ((DmsNullWaiter *) g_ptr_array_index (waiters, i))->task);
}

/* The end the job's parameters describe. */
static void
dms_null_execution_end_by_itself (DmsNullExecution *self, gint64 ended_us)
{
  DmsNullJob *job = self->job;
  g_autofree char *message = NULL;

  if (job->fail_script != NULL)
    {
      message = g_strdup_printf ("provision script “%s” failed with exit code 1", job->fail_script);
      dms_null_execution_end (self, DMS_END_SCRIPT_FAILED, 1, message, ended_us);
    }
  else if (job->out_of_memory)
    {
      DmsResources *resources = dms_execution_spec_get_resources (self->spec);
      g_autofree char *limit = g_format_size_full (dms_ram_get_size_bytes (dms_resources_get_ram (resources)),
                                                   G_FORMAT_SIZE_IEC_UNITS);

      message = g_strdup_printf ("memory limit of %s exceeded", limit);
      dms_null_execution_end (self, DMS_END_OUT_OF_MEMORY, DMS_NULL_EXIT_KILL, message, ended_us);
    }
  else if (job->signal != 0)
    {
      message = g_strdup_printf ("signal %d ended it", job->signal);
      dms_null_execution_end (self, DMS_END_SIGNALLED, 128 + job->signal, message, ended_us);
    }
  else
    dms_null_execution_end (self, DMS_END_EXITED, job->exit_code, NULL, ended_us);
}

static gboolean
dms_null_execution_on_timer (gpointer data)
{
  DmsNullExecution *self = data;

  dms_null_execution_end_by_itself (self, g_get_real_time ());
  return G_SOURCE_REMOVE;
}

static void
dms_null_execution_arm (DmsNullExecution *self)
{
  gint64 left = 0;

  if (self->timer != NULL)
    g_source_destroy (self->timer);
  g_clear_pointer (&self->timer, g_source_unref);
  if (self->job->duration_ms < 0 || self->result != NULL || self->paused_at_us != 0)
    return;
  left = self->job->duration_ms * 1000 - dms_null_execution_get_running_us (self, g_get_real_time ());
  self->timer = g_timeout_source_new ((guint) CLAMP ((left + 999) / 1000, 0, G_MAXINT));
  g_source_set_callback (self->timer, dms_null_execution_on_timer, self, NULL);
  g_source_attach (self->timer, g_main_context_get_thread_default ());
}

/* Starts a job. Its end comes from the main loop, never from inside this call. */
DmsNullExecution *
dms_null_execution_launch (DmsExecutionSpec *spec, GError **error)
{
  g_autoptr (DmsNullExecution) self = NULL;
  g_autofree char *handle = dms_null_execution_build_handle (spec);
  g_autoptr (DmsNullExecution) other = dms_null_engine_find (handle);
  g_autoptr (DmsNullJob) job = dms_null_job_new (dms_execution_spec_get_params (spec), error);

  if (job == NULL)
    return NULL;
  if (other != NULL)
    {
      g_set_error (error, DMS_ERROR, DMS_ERROR_ALREADY_EXISTS, "execution “%s” was launched before",
                   dms_execution_spec_get_execution_id (spec));
      return NULL;
    }
  if (job->fail_launch != NULL)
    {
      g_set_error_literal (error, DMS_ERROR, DMS_ERROR_FAILED, job->fail_launch);
      return NULL;
    }
  self = g_object_new (DMS_TYPE_NULL_EXECUTION, NULL);
  self->spec = dms_execution_spec_ref (spec);
  self->job = g_steal_pointer (&job);
  self->handle = g_steal_pointer (&handle);
  self->started_us = g_get_real_time ();
  self->state = DMS_EXECUTION_RUNNING;
  if (!dms_null_execution_save (self, error))
    return NULL;
  dms_null_engine_keep (self);
  dms_null_execution_arm (self);
  return g_steal_pointer (&self);
}

static gboolean
dms_null_execution_read_time (JsonObject *object, const char *member, gint64 *time_us)
{
  JsonNode *node = json_object_get_member (object, member);

  if (node == NULL || !JSON_NODE_HOLDS_VALUE (node) || json_node_get_value_type (node) != G_TYPE_INT64
      || json_node_get_int (node) < 0)
    return FALSE;
  *time_us = json_node_get_int (node);
  return TRUE;
}

static gboolean
dms_null_execution_load (DmsNullExecution *self, const char *path, GError **error)
{
  g_autoptr (JsonParser) parser = json_parser_new ();
  JsonNode *root = NULL;
  JsonObject *object = NULL;

  if (!json_parser_load_from_file (parser, path, error))
    return FALSE;
  root = json_parser_get_root (parser);
  object = root != NULL && JSON_NODE_HOLDS_OBJECT (root) ? json_node_get_object (root) : NULL;
  if (object == NULL || !dms_null_execution_read_time (object, "started_us", &self->started_us)
      || !dms_null_execution_read_time (object, "paused_at_us", &self->paused_at_us)
      || !dms_null_execution_read_time (object, "paused_total_us", &self->paused_total_us))
    {
      g_set_error_literal (error, DMS_ERROR, DMS_ERROR_CORRUPT, "the file is damaged");
      return FALSE;
    }
  self->spec = dms_execution_spec_new_from_json (json_object_get_member (object, "spec"), error);
  if (self->spec == NULL)
    return FALSE;
  self->job = dms_null_job_new (dms_execution_spec_get_params (self->spec), error);
  if (self->job == NULL)
    return FALSE;
  if (!json_object_has_member (object, "result"))
    return TRUE;
  self->result = dms_execution_result_new_from_json (json_object_get_member (object, "result"), error);
  return self->result != NULL;
}

/* Takes up a job from its handle: from the engine, else from the state another process left. */
DmsNullExecution *
dms_null_execution_adopt (const char *handle, GError **error)
{
  g_autoptr (DmsNullExecution) self = NULL;
  g_autofree char *path = NULL;
  gint64 end_us = 0;

  if (!g_str_has_prefix (handle, dms_null_handle_prefix))
    {
      g_set_error (error, DMS_ERROR, DMS_ERROR_NOT_FOUND, "“%s” is no handle of the null executor", handle);
      return NULL;
    }
  self = dms_null_engine_find (handle);
  if (self != NULL)
    return g_steal_pointer (&self);
  path = dms_null_execution_build_path (handle, dms_null_state_file);
  if (path == NULL || !g_file_test (path, G_FILE_TEST_EXISTS))
    {
      g_set_error (error, DMS_ERROR, DMS_ERROR_NOT_FOUND, "nothing is left of execution “%s”", handle);
      return NULL;
    }
  self = g_object_new (DMS_TYPE_NULL_EXECUTION, NULL);
  self->handle = g_strdup (handle);
  if (!dms_null_execution_load (self, path, error))
    {
      dms_error_adopt (error, "cannot take up execution “%s” from %s", handle, path);
      return NULL;
    }
  self->state = self->result != NULL         ? DMS_EXECUTION_ENDED
                : self->paused_at_us != 0 ? DMS_EXECUTION_PAUSED
                                          : DMS_EXECUTION_RUNNING;
  dms_null_engine_keep (self);
  /* It went on while nobody looked. */
  end_us = self->started_us + self->paused_total_us + self->job->duration_ms * 1000;
  if (self->state == DMS_EXECUTION_RUNNING && self->job->duration_ms >= 0 && end_us <= g_get_real_time ())
    dms_null_execution_end_by_itself (self, end_us);
  dms_null_execution_arm (self);
  return g_steal_pointer (&self);
}

static const char *
dms_null_execution_get_handle (DmsExecution *execution)
{
  return DMS_NULL_EXECUTION (execution)->handle;
}

static DmsExecutionState
dms_null_execution_get_state (DmsExecution *execution)
{
  return DMS_NULL_EXECUTION (execution)->state;
}

static GTask *
dms_null_execution_new_task (DmsExecution *execution,
                             gpointer tag,
                             GCancellable *cancellable,
                             GAsyncReadyCallback callback,
                             gpointer user_data)
{
  GTask *task = g_task_new (execution, cancellable, callback, user_data);

  g_task_set_source_tag (task, tag);
  g_task_set_check_cancellable (task, FALSE);
  return task;
}

static gboolean
dms_null_execution_on_cancelled (GCancellable *cancellable, gpointer data)
{
  DmsNullWaiter *waiter = data;
  DmsNullExecution *self = waiter->self;
  g_autoptr (GTask) task = g_object_ref (waiter->task);

  g_ptr_array_remove (self->waiters, waiter);
  g_task_return_new_error (task, DMS_ERROR, DMS_ERROR_CANCELLED, "the waiting was given up");
  return G_SOURCE_REMOVE;
}

static void
dms_null_execution_add_waiter (DmsNullExecution *self, GTask *task)
{
  DmsNullWaiter *waiter = g_new0 (DmsNullWaiter, 1);
  GCancellable *cancellable = g_task_get_cancellable (task);

  waiter->self = self;
  waiter->task = g_object_ref (task);
  if (cancellable != NULL)
    {
      waiter->cancelled = g_cancellable_source_new (cancellable);
      g_source_set_callback (
          waiter->cancelled, G_SOURCE_FUNC (dms_null_execution_on_cancelled), waiter, NULL);
      g_source_attach (waiter->cancelled, g_task_get_context (task));
    }
  g_ptr_array_add (self->waiters, waiter);
}

static void
dms_null_execution_wait_async (DmsExecution *execution,
                               GCancellable *cancellable,
                               GAsyncReadyCallback callback,
                               gpointer user_data)
{
  DmsNullExecution *self = DMS_NULL_EXECUTION (execution);
  g_autoptr (GTask) task = dms_null_execution_new_task (execution, dms_null_execution_wait_async, cancellable,
                                                        callback, user_data);

  if (self->result != NULL)
    dms_null_execution_answer_waiter (self, task);
  else
    dms_null_execution_add_waiter (self, task);
}

static DmsExecutionResult *
dms_null_execution_wait_finish (DmsExecution *execution, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
dms_null_execution_on_stop_ended (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  g_autoptr (DmsExecutionResult) ended = NULL;
  GError *error = NULL;

  ended = dms_execution_wait_finish (DMS_EXECUTION (source), result, &error);
  if (ended == NULL)
    g_task_return_error (task, error);
  else
    g_task_return_boolean (task, TRUE);
}

static gboolean
dms_null_execution_on_grace (gpointer data)
{
  dms_null_execution_end (data, DMS_END_STOPPED, DMS_NULL_EXIT_KILL, "killed after the grace period",
                          g_get_real_time ());
  return G_SOURCE_REMOVE;
}

static gboolean
dms_null_execution_on_term (gpointer data)
{
  dms_null_execution_end (
      data, DMS_END_STOPPED, DMS_NULL_EXIT_TERM, "stopped on request", g_get_real_time ());
  return G_SOURCE_REMOVE;
}

static void
dms_null_execution_stop_async (DmsExecution *execution,
                               guint grace_ms,
                               GCancellable *cancellable,
                               GAsyncReadyCallback callback,
                               gpointer user_data)
{
  DmsNullExecution *self = DMS_NULL_EXECUTION (execution);
  g_autoptr (GTask) task = dms_null_execution_new_task (execution, dms_null_execution_stop_async, cancellable,
                                                        callback, user_data);
  gboolean killed = self->job->ignore_stop || self->paused_at_us != 0;
  g_autoptr (GSource) source = NULL;

  if (self->result == NULL)
    {
      source = g_timeout_source_new (killed ? grace_ms : 0);
      g_source_set_callback (source, killed ? dms_null_execution_on_grace : dms_null_execution_on_term,
                             g_object_ref (self), g_object_unref);
      g_source_attach (source, g_task_get_context (task));
    }
  dms_null_execution_wait_async (
      execution, cancellable, dms_null_execution_on_stop_ended, g_steal_pointer (&task));
}

static gboolean
dms_null_execution_finish_boolean (DmsExecution *execution, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static gboolean
dms_null_execution_check_state (DmsNullExecution *self,
                                GTask *task,
                                DmsExecutionState state,
                                const char *verb)
{
  if (self->state == state)
    return TRUE;
  g_task_return_new_error (task, DMS_ERROR, DMS_ERROR_WRONG_STATE, "cannot %s job “%s”: it is not %s", verb,
                           dms_execution_spec_get_job_id (self->spec),
                           state == DMS_EXECUTION_PAUSED ? "paused" : "running");
  return FALSE;
}

static void
dms_null_execution_pause_async (DmsExecution *execution,
                                GCancellable *cancellable,
                                GAsyncReadyCallback callback,
                                gpointer user_data)
{
  DmsNullExecution *self = DMS_NULL_EXECUTION (execution);
  g_autoptr (GTask) task = dms_null_execution_new_task (
      execution, dms_null_execution_pause_async, cancellable, callback, user_data);

  if (!dms_null_execution_check_state (self, task, DMS_EXECUTION_RUNNING, "pause"))
    return;
  self->paused_at_us = g_get_real_time ();
  self->state = DMS_EXECUTION_PAUSED;
  dms_null_execution_arm (self);
  dms_null_execution_save_or_warn (self);
  dms_execution_emit_state_changed (execution, self->state);
  g_task_return_boolean (task, TRUE);
}

static void
dms_null_execution_resume_async (DmsExecution *execution,
                                 GCancellable *cancellable,
                                 GAsyncReadyCallback callback,
                                 gpointer user_data)
{
  DmsNullExecution *self = DMS_NULL_EXECUTION (execution);
  g_autoptr (GTask) task = dms_null_execution_new_task (
      execution, dms_null_execution_resume_async, cancellable, callback, user_data);

  if (!dms_null_execution_check_state (self, task, DMS_EXECUTION_PAUSED, "resume"))
    return;
  self->paused_total_us += MAX (g_get_real_time () - self->paused_at_us, 0);
  self->paused_at_us = 0;
  self->state = DMS_EXECUTION_RUNNING;
  dms_null_execution_arm (self);
  dms_null_execution_save_or_warn (self);
  dms_execution_emit_state_changed (execution, self->state);
  g_task_return_boolean (task, TRUE);
}

/* Answers the text the job's parameters give, else the command itself. */
static void
dms_null_execution_exec_async (DmsExecution *execution,
                               const char *const *argv,
                               guint timeout_ms,
                               GCancellable *cancellable,
                               GAsyncReadyCallback callback,
                               gpointer user_data)
{
  DmsNullExecution *self = DMS_NULL_EXECUTION (execution);
  g_autoptr (GTask) task = dms_null_execution_new_task (execution, dms_null_execution_exec_async, cancellable,
                                                        callback, user_data);
  g_autofree char *text = NULL;
  g_autoptr (GBytes) out = NULL;

  if (argv == NULL || argv[0] == NULL)
    {
      g_task_return_new_error (task, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT, "the command is empty");
      return;
    }
  if (!dms_null_execution_check_state (self, task, DMS_EXECUTION_RUNNING, "run a command in"))
    return;
  text = self->job->exec_out != NULL ? g_strdup (self->job->exec_out) : g_strjoinv (" ", (GStrv) argv);
  out = g_bytes_new (text, strlen (text));
  g_task_return_pointer (task, dms_exec_result_new (self->job->exec_exit_code, out, NULL),
                         (GDestroyNotify) dms_exec_result_unref);
}

static DmsExecResult *
dms_null_execution_exec_finish (DmsExecution *execution, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
dms_null_execution_answer_read (DmsNullExecution *self, GTask *task)
{
  DmsNullRead *read = g_task_get_task_data (task);
  g_autoptr (GBytes) log = dms_null_execution_dup_log (self, read->stream);
  gsize size = g_bytes_get_size (log);
  gsize begin = MIN (read->offset, size);
  gsize length = MIN (MIN (read->max_bytes, DMS_NULL_MAX_READ), size - begin);
  g_autoptr (GBytes) data = g_bytes_new_from_bytes (log, begin, length);

  g_task_return_pointer (task,
                         dms_log_chunk_new (read->stream, begin, data, size,
                                            self->result != NULL && begin + length == size),
                         (GDestroyNotify) dms_log_chunk_unref);
}

static void
dms_null_execution_answer_waiter (DmsNullExecution *self, GTask *task)
{
  if (g_task_get_task_data (task) != NULL)
    dms_null_execution_answer_read (self, task);
  else
    g_task_return_pointer (task, dms_execution_result_ref (self->result),
                           (GDestroyNotify) dms_execution_result_unref);
}

static void
dms_null_execution_read_log_async (DmsExecution *execution,
                                   DmsLogStream stream,
                                   guint64 offset,
                                   gsize max_bytes,
                                   gboolean follow,
                                   GCancellable *cancellable,
                                   GAsyncReadyCallback callback,
                                   gpointer user_data)
{
  DmsNullExecution *self = DMS_NULL_EXECUTION (execution);
  g_autoptr (GTask) task = dms_null_execution_new_task (
      execution, dms_null_execution_read_log_async, cancellable, callback, user_data);
  g_autoptr (GBytes) log = dms_null_execution_dup_log (self, stream);
  DmsNullRead *read = g_new0 (DmsNullRead, 1);

  read->stream = stream;
  read->offset = offset;
  read->max_bytes = max_bytes;
  g_task_set_task_data (task, read, g_free);
  if (follow && self->result == NULL && offset >= g_bytes_get_size (log))
    dms_null_execution_add_waiter (self, task);
  else
    dms_null_execution_answer_read (self, task);
}

static DmsLogChunk *
dms_null_execution_read_log_finish (DmsExecution *execution, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
dms_null_execution_get_usage_async (DmsExecution *execution,
                                    GCancellable *cancellable,
                                    GAsyncReadyCallback callback,
                                    gpointer user_data)
{
  g_autoptr (GTask) task = dms_null_execution_new_task (
      execution, dms_null_execution_get_usage_async, cancellable, callback, user_data);

  g_task_return_pointer (task, dms_null_execution_dup_usage (DMS_NULL_EXECUTION (execution)),
                         (GDestroyNotify) dms_usage_unref);
}

static DmsUsage *
dms_null_execution_get_usage_finish (DmsExecution *execution, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
dms_null_execution_remove_async (DmsExecution *execution,
                                 GCancellable *cancellable,
                                 GAsyncReadyCallback callback,
                                 gpointer user_data)
{
  static const char *const files[] = { "null.json", "stdout.log", "stderr.log" };
  DmsNullExecution *self = DMS_NULL_EXECUTION (execution);
  g_autoptr (GTask) task = dms_null_execution_new_task (
      execution, dms_null_execution_remove_async, cancellable, callback, user_data);

  dms_null_execution_end (self, DMS_END_STOPPED, DMS_NULL_EXIT_KILL, "removed", g_get_real_time ());
  for (gsize i = 0; i < G_N_ELEMENTS (files); i++)
    {
      g_autofree char *path = dms_null_execution_build_path (self->handle, files[i]);

      if (path != NULL && g_unlink (path) != 0 && errno != ENOENT)
        {
          g_task_return_new_error (
              task, DMS_ERROR, DMS_ERROR_IO, "cannot remove %s: %s", path, g_strerror (errno));
          return;
        }
    }
  dms_null_engine_forget (self->handle);
  g_task_return_boolean (task, TRUE);
}

static void
dms_null_execution_iface_init (DmsExecutionInterface *iface)
{
  iface->get_handle = dms_null_execution_get_handle;
  iface->get_state = dms_null_execution_get_state;
  iface->wait_async = dms_null_execution_wait_async;
  iface->wait_finish = dms_null_execution_wait_finish;
  iface->stop_async = dms_null_execution_stop_async;
  iface->stop_finish = dms_null_execution_finish_boolean;
  iface->pause_async = dms_null_execution_pause_async;
  iface->pause_finish = dms_null_execution_finish_boolean;
  iface->resume_async = dms_null_execution_resume_async;
  iface->resume_finish = dms_null_execution_finish_boolean;
  iface->exec_async = dms_null_execution_exec_async;
  iface->exec_finish = dms_null_execution_exec_finish;
  iface->read_log_async = dms_null_execution_read_log_async;
  iface->read_log_finish = dms_null_execution_read_log_finish;
  iface->get_usage_async = dms_null_execution_get_usage_async;
  iface->get_usage_finish = dms_null_execution_get_usage_finish;
  iface->remove_async = dms_null_execution_remove_async;
  iface->remove_finish = dms_null_execution_finish_boolean;
}
