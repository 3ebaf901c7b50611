/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-process-execution.h"

#include "dms-process-control.h"
#include "dms-process-file-reader.h"
#include "dms-process-log-reader.h"
#include "dms-process-registry.h"
#include "dms-process-remains.h"
#include "dms-process-tool.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

enum
{
  ANSWER_S = 30,
  MAX_COMMAND = 60 * 1024,
  REMOVE_WAIT_MS = 10000,
  /* A shim that has said its last word needs a moment to end; it is looked at a few times before a process
   * waits for it. */
  REMAINS_MS = 5,
  REMAINS_TRIES = 20,
};

static const char handle_prefix[] = "process:1:";

/* Follows one shim through its control socket, from the main context that made it. The end of that connection
 * is the end of the shim; `status.json` then says how the job ended. */
struct _DmsProcessExecution
{
  GObject parent_instance;

  char *state_dir;
  char *handle;
  DmsExecutionState state;
  DmsExecutionResult *result;
  GSocketConnection *connection;
  GDataInputStream *events;
  GCancellable *closing;
  /* (element-type GTask): those that wait for the end. */
  GPtrArray *waiters;
};

static void dms_process_execution_interface_init (DmsExecutionInterface *iface);
static void dms_process_execution_listen (DmsProcessExecution *self);
static void dms_process_execution_wait_async (DmsExecution *execution,
                                              GCancellable *cancellable,
                                              GAsyncReadyCallback callback,
                                              gpointer user_data);

G_DEFINE_TYPE_WITH_CODE (DmsProcessExecution,
                         dms_process_execution,
                         G_TYPE_OBJECT,
                         G_IMPLEMENT_INTERFACE (DMS_TYPE_EXECUTION, dms_process_execution_interface_init))

char *
dms_process_execution_build_handle (const char *state_dir)
{
  return g_strconcat (handle_prefix, state_dir, NULL);
}

char *
dms_process_execution_parse_handle (const char *handle)
{
  const char *path;

  if (handle == NULL || !g_str_has_prefix (handle, handle_prefix))
    return NULL;
  path = handle + strlen (handle_prefix);
  return g_path_is_absolute (path) && strlen (path) > 1 ? g_strdup (path) : NULL;
}

static void
dms_process_execution_dispose (GObject *object)
{
  DmsProcessExecution *self = DMS_PROCESS_EXECUTION (object);

  if (self->closing != NULL)
    g_cancellable_cancel (self->closing);
  g_clear_object (&self->closing);
  g_clear_object (&self->events);
  if (self->connection != NULL)
    (void) g_io_stream_close (G_IO_STREAM (self->connection), NULL, NULL);
  g_clear_object (&self->connection);
  g_clear_pointer (&self->waiters, g_ptr_array_unref);
  g_clear_pointer (&self->result, dms_execution_result_unref);
  G_OBJECT_CLASS (dms_process_execution_parent_class)->dispose (object);
}

static void
dms_process_execution_finalize (GObject *object)
{
  DmsProcessExecution *self = DMS_PROCESS_EXECUTION (object);

  g_free (self->state_dir);
  g_free (self->handle);
  G_OBJECT_CLASS (dms_process_execution_parent_class)->finalize (object);
}

static void
dms_process_execution_class_init (DmsProcessExecutionClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = dms_process_execution_dispose;
  G_OBJECT_CLASS (klass)->finalize = dms_process_execution_finalize;
}

static void
dms_process_execution_init (DmsProcessExecution *self)
{
  self->waiters = g_ptr_array_new_with_free_func (g_object_unref);
  self->closing = g_cancellable_new ();
}

static DmsProcessExecution *
dms_process_execution_new (const char *state_dir)
{
  DmsProcessExecution *self = g_object_new (DMS_TYPE_PROCESS_EXECUTION, NULL);

  self->state_dir = g_strdup (state_dir);
  self->handle = dms_process_execution_build_handle (state_dir);
  return self;
}

DmsProcessExecution *
dms_process_execution_new_ended (const char *state_dir, DmsExecutionResult *result)
{
  DmsProcessExecution *self = dms_process_execution_new (state_dir);

  self->state = DMS_EXECUTION_ENDED;
  self->result = dms_execution_result_ref (result);
  return self;
}

DmsProcessExecution *
dms_process_execution_new_live (const char *state_dir, GError **error)
{
  g_autoptr (DmsProcessExecution) self = dms_process_execution_new (state_dir);
  g_autoptr (DmsProcessStatus) status = NULL;
  GOutputStream *output;

  self->connection = dms_process_control_connect (state_dir, error);
  if (self->connection == NULL)
    return NULL;
  output = g_io_stream_get_output_stream (G_IO_STREAM (self->connection));
  /* Six bytes always fit into the socket's buffer: this does not wait. */
  if (!g_output_stream_write_all (output, "watch\n", 6, NULL, NULL, error))
    {
      dms_error_adopt (error, "the supervisor of the job in “%s” does not answer", state_dir);
      return NULL;
    }
  status = dms_process_status_load (state_dir, NULL);
  self->state = status != NULL ? dms_process_status_get_state (status) : DMS_EXECUTION_PENDING;
  /* The end is taken from the connection, when the shim is through with all of it. */
  if (self->state == DMS_EXECUTION_ENDED)
    self->state = DMS_EXECUTION_RUNNING;
  self->events = g_data_input_stream_new (g_io_stream_get_input_stream (G_IO_STREAM (self->connection)));
  dms_process_execution_listen (self);
  return g_steal_pointer (&self);
}

static void
dms_process_execution_set_state (DmsProcessExecution *self, DmsExecutionState state)
{
  if (self->state == state || self->state == DMS_EXECUTION_ENDED)
    return;
  self->state = state;
  dms_execution_emit_state_changed (DMS_EXECUTION (self), state);
}

static void
dms_process_execution_answer (DmsProcessExecution *self, GTask *task)
{
  g_object_set_data (G_OBJECT (task), "dms-cancel-source", NULL);
  if (g_task_get_source_tag (task) == dms_process_execution_wait_async)
    g_task_return_pointer (
        task, dms_execution_result_ref (self->result), (GDestroyNotify) dms_execution_result_unref);
  else
    g_task_return_boolean (task, TRUE);
}

static void
dms_process_execution_end (DmsProcessExecution *self, DmsExecutionResult *result)
{
  g_autoptr (GPtrArray) waiters = NULL;
  g_autoptr (DmsProcessExecution) guard = g_object_ref (self);

  if (self->state == DMS_EXECUTION_ENDED)
    return;
  self->result = dms_execution_result_ref (result);
  dms_process_execution_set_state (self, DMS_EXECUTION_ENDED);
  waiters = g_steal_pointer (&self->waiters);
  self->waiters = g_ptr_array_new_with_free_func (g_object_unref);
  for (guint i = 0; i < waiters->len; i++)
    dms_process_execution_answer (self, g_ptr_array_index (waiters, i));
}

static void
on_reaped (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DmsProcessExecution) self = user_data;
  g_autofree char *output = dms_process_tool_run_finish (result, NULL);
  g_autoptr (DmsProcessStatus) status = dms_process_status_load (self->state_dir, NULL);
  g_autoptr (DmsExecutionResult) lost = NULL;

  if (status != NULL)
    lost = dms_process_status_dup_lost (status);
  else
    lost = dms_execution_result_new (DMS_END_LOST, -1, "its state directory is gone", 0, 0, NULL);
  dms_process_execution_end (self, lost);
}

/* The shim is gone. Without a last word of it the job was killed with it; what it had in the kernel is
 * removed before anybody hears of it. */
static void
dms_process_execution_conclude (DmsProcessExecution *self)
{
  g_autoptr (DmsProcessStatus) status = dms_process_status_load (self->state_dir, NULL);

  if (status != NULL && dms_process_status_get_result (status) != NULL)
    dms_process_execution_end (self, dms_process_status_get_result (status));
  else
    dms_process_tool_run_async ("--reap", self->state_dir, NULL, on_reaped, g_object_ref (self));
}

static void
on_event (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autofree GWeakRef *weak = user_data;
  g_autoptr (DmsProcessExecution) self = g_weak_ref_get (weak);
  g_autofree char *line =
      g_data_input_stream_read_line_finish (G_DATA_INPUT_STREAM (source), result, NULL, NULL);
  DmsExecutionState state = DMS_EXECUTION_PENDING;

  g_weak_ref_clear (weak);
  if (self == NULL)
    return;
  if (line != NULL && g_str_has_prefix (line, "state "))
    state = dms_process_status_parse_phase (line + strlen ("state "));
  if (line == NULL || state == DMS_EXECUTION_ENDED)
    {
      dms_process_execution_conclude (self);
      return;
    }
  if (state != DMS_EXECUTION_PENDING)
    dms_process_execution_set_state (self, state);
  dms_process_execution_listen (self);
}

static void
dms_process_execution_listen (DmsProcessExecution *self)
{
  GWeakRef *weak = g_new0 (GWeakRef, 1);

  g_weak_ref_init (weak, self);
  g_data_input_stream_read_line_async (self->events, G_PRIORITY_DEFAULT, self->closing, on_event, weak);
}

static const char *
dms_process_execution_get_handle (DmsExecution *execution)
{
  return DMS_PROCESS_EXECUTION (execution)->handle;
}

static DmsExecutionState
dms_process_execution_get_state (DmsExecution *execution)
{
  return DMS_PROCESS_EXECUTION (execution)->state;
}

static gboolean
on_wait_cancelled (GCancellable *cancellable, gpointer user_data)
{
  g_autoptr (GTask) task = g_object_ref (user_data);
  DmsProcessExecution *self = g_task_get_source_object (task);

  if (g_ptr_array_remove (self->waiters, task))
    g_task_return_new_error (task, DMS_ERROR, DMS_ERROR_CANCELLED, "the caller gave up waiting for the job");
  return G_SOURCE_REMOVE;
}

static void
drop_source (gpointer data)
{
  g_source_destroy (data);
  g_source_unref (data);
}

/* Ends the task with the job, or by its cancellable. */
static void
dms_process_execution_add_waiter (DmsProcessExecution *self, GTask *task)
{
  GCancellable *cancellable = g_task_get_cancellable (task);

  if (self->state == DMS_EXECUTION_ENDED)
    {
      dms_process_execution_answer (self, task);
      return;
    }
  g_ptr_array_add (self->waiters, g_object_ref (task));
  if (cancellable != NULL)
    {
      GSource *source = g_cancellable_source_new (cancellable);

      g_source_set_callback (source, G_SOURCE_FUNC (on_wait_cancelled), task, NULL);
      g_source_attach (source, g_main_context_get_thread_default ());
      g_object_set_data_full (G_OBJECT (task), "dms-cancel-source", source, drop_source);
    }
}

static void
dms_process_execution_wait_async (DmsExecution *execution,
                                  GCancellable *cancellable,
                                  GAsyncReadyCallback callback,
                                  gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (execution, cancellable, callback, user_data);

  g_task_set_source_tag (task, dms_process_execution_wait_async);
  g_task_set_check_cancellable (task, FALSE);
  dms_process_execution_add_waiter (DMS_PROCESS_EXECUTION (execution), task);
}

static DmsExecutionResult *
dms_process_execution_wait_finish (DmsExecution *execution, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

static gboolean
dms_process_execution_propagate (DmsExecution *execution, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

/* A shim that ended while it was asked has stopped its job too. */
static void
on_stop_sent (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  g_autofree char *line = dms_process_control_request_finish (result, NULL, NULL);

  dms_process_execution_add_waiter (g_task_get_source_object (task), task);
}

static void
dms_process_execution_stop_async (DmsExecution *execution,
                                  guint grace_ms,
                                  GCancellable *cancellable,
                                  GAsyncReadyCallback callback,
                                  gpointer user_data)
{
  DmsProcessExecution *self = DMS_PROCESS_EXECUTION (execution);
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);
  g_autofree char *line = g_strdup_printf ("stop %u", grace_ms);

  g_task_set_source_tag (task, dms_process_execution_stop_async);
  g_task_set_check_cancellable (task, FALSE);
  if (self->state == DMS_EXECUTION_ENDED)
    g_task_return_boolean (task, TRUE);
  else
    dms_process_control_request_async (
        self->state_dir, line, NULL, ANSWER_S, NULL, on_stop_sent, g_object_ref (task));
}

static void
on_pause_answer (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;
  g_autofree char *line = dms_process_control_request_finish (result, NULL, &error);

  if (line == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  dms_process_execution_set_state (g_task_get_source_object (task),
                                   GPOINTER_TO_INT (g_task_get_task_data (task)));
  g_task_return_boolean (task, TRUE);
}

static void
dms_process_execution_ask (DmsProcessExecution *self, const char *line, DmsExecutionState then, GTask *task)
{
  g_task_set_task_data (task, GINT_TO_POINTER (then), NULL);
  if (self->state == DMS_EXECUTION_ENDED)
    g_task_return_new_error (task, DMS_ERROR, DMS_ERROR_WRONG_STATE, "the job has ended");
  else
    dms_process_control_request_async (self->state_dir,
                                       line,
                                       NULL,
                                       ANSWER_S,
                                       g_task_get_cancellable (task),
                                       on_pause_answer,
                                       g_object_ref (task));
}

static void
dms_process_execution_pause_async (DmsExecution *execution,
                                   GCancellable *cancellable,
                                   GAsyncReadyCallback callback,
                                   gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (execution, cancellable, callback, user_data);

  g_task_set_source_tag (task, dms_process_execution_pause_async);
  dms_process_execution_ask (DMS_PROCESS_EXECUTION (execution), "pause", DMS_EXECUTION_PAUSED, task);
}

static void
dms_process_execution_resume_async (DmsExecution *execution,
                                    GCancellable *cancellable,
                                    GAsyncReadyCallback callback,
                                    gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (execution, cancellable, callback, user_data);

  g_task_set_source_tag (task, dms_process_execution_resume_async);
  dms_process_execution_ask (DMS_PROCESS_EXECUTION (execution), "resume", DMS_EXECUTION_RUNNING, task);
}

static void
on_exec_answer (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;
  g_autoptr (GBytes) body = NULL;
  g_autofree char *line = dms_process_control_request_finish (result, &body, &error);
  g_auto (GStrv) words = NULL;
  g_autoptr (GBytes) out = NULL;
  g_autoptr (GBytes) err = NULL;
  gsize out_length;

  if (line == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  words = g_strsplit (line, " ", 4);
  if (g_strv_length (words) != 4 || !g_str_equal (words[0], "result"))
    {
      g_task_return_new_error (
          task, DMS_ERROR, DMS_ERROR_INVALID_DATA, "the supervisor of the job answered “%.40s”", line);
      return;
    }
  out_length = MIN ((gsize) g_ascii_strtoull (words[2], NULL, 10), g_bytes_get_size (body));
  out = g_bytes_new_from_bytes (body, 0, out_length);
  err = g_bytes_new_from_bytes (body, out_length, g_bytes_get_size (body) - out_length);
  g_task_return_pointer (
      task, dms_exec_result_new (atoi (words[1]), out, err), (GDestroyNotify) dms_exec_result_unref);
}

static void
dms_process_execution_exec_async (DmsExecution *execution,
                                  const char *const *argv,
                                  guint timeout_ms,
                                  GCancellable *cancellable,
                                  GAsyncReadyCallback callback,
                                  gpointer user_data)
{
  DmsProcessExecution *self = DMS_PROCESS_EXECUTION (execution);
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);
  g_autoptr (GByteArray) words = g_byte_array_new ();
  g_autoptr (GBytes) body = NULL;
  g_autofree char *line = NULL;

  g_task_set_source_tag (task, dms_process_execution_exec_async);
  for (gsize i = 0; argv != NULL && argv[i] != NULL && words->len <= MAX_COMMAND; i++)
    g_byte_array_append (words, (const guint8 *) argv[i], (guint) strlen (argv[i]) + 1);
  if (words->len == 0 || words->data[0] == '\0' || words->len > MAX_COMMAND)
    {
      g_task_return_new_error (task,
                               DMS_ERROR,
                               DMS_ERROR_INVALID_ARGUMENT,
                               "the command to run in a job must have 1 to %d bytes",
                               MAX_COMMAND);
      return;
    }
  if (self->state == DMS_EXECUTION_ENDED)
    {
      g_task_return_new_error (task, DMS_ERROR, DMS_ERROR_WRONG_STATE, "the job has ended");
      return;
    }
  line = g_strdup_printf ("exec %u %u", timeout_ms, words->len);
  body = g_byte_array_free_to_bytes (g_steal_pointer (&words));
  dms_process_control_request_async (self->state_dir,
                                     line,
                                     body,
                                     timeout_ms > 0 ? timeout_ms / 1000 + ANSWER_S : 0,
                                     cancellable,
                                     on_exec_answer,
                                     g_object_ref (task));
}

static DmsExecResult *
dms_process_execution_exec_finish (DmsExecution *execution, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
dms_process_execution_read_log_async (DmsExecution *execution,
                                      DmsLogStream stream,
                                      guint64 offset,
                                      gsize max_bytes,
                                      gboolean follow,
                                      GCancellable *cancellable,
                                      GAsyncReadyCallback callback,
                                      gpointer user_data)
{
  dms_process_log_reader_read_async (execution,
                                     DMS_PROCESS_EXECUTION (execution)->state_dir,
                                     stream,
                                     offset,
                                     max_bytes,
                                     follow,
                                     cancellable,
                                     callback,
                                     user_data);
}

static DmsLogChunk *
dms_process_execution_read_log_finish (DmsExecution *execution, GAsyncResult *result, GError **error)
{
  return dms_process_log_reader_read_finish (result, error);
}

/* The home is all that it can have written and that is still there. */
static void
dms_process_execution_read_file_async (DmsExecution *execution,
                                       const char *path,
                                       gsize max_bytes,
                                       GCancellable *cancellable,
                                       GAsyncReadyCallback callback,
                                       gpointer user_data)
{
  DmsProcessExecution *self = DMS_PROCESS_EXECUTION (execution);
  g_autofree char *home = g_build_filename (self->state_dir, "home", NULL);

  dms_process_file_reader_read_async (execution, home, path, max_bytes, cancellable, callback, user_data);
}

static GBytes *
dms_process_execution_read_file_finish (DmsExecution *execution, GAsyncResult *result, GError **error)
{
  return dms_process_file_reader_read_finish (result, error);
}

static guint64
get_value (char **pairs, const char *name)
{
  for (gsize i = 0; pairs[i] != NULL; i++)
    if (g_str_has_prefix (pairs[i], name) && pairs[i][strlen (name)] == '=')
      return g_ascii_strtoull (pairs[i] + strlen (name) + 1, NULL, 10);
  return 0;
}

static void
on_usage_answer (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;
  g_autofree char *line = dms_process_control_request_finish (result, NULL, &error);
  g_auto (GStrv) pairs = NULL;
  double percent = 0;

  if (line == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  pairs = g_strsplit (line, " ", 32);
  for (gsize i = 0; pairs[i] != NULL; i++)
    if (g_str_has_prefix (pairs[i], "cpu_percent="))
      percent = g_ascii_strtod (pairs[i] + strlen ("cpu_percent="), NULL);
  g_task_return_pointer (task,
                         dms_usage_new (percent,
                                        get_value (pairs, "cpu_time_us"),
                                        get_value (pairs, "memory_bytes"),
                                        get_value (pairs, "memory_peak_bytes"),
                                        get_value (pairs, "memory_limit_bytes"),
                                        0,
                                        0,
                                        get_value (pairs, "disk_bytes"),
                                        (guint) get_value (pairs, "pids")),
                         (GDestroyNotify) dms_usage_unref);
}

static void
dms_process_execution_get_usage_async (DmsExecution *execution,
                                       GCancellable *cancellable,
                                       GAsyncReadyCallback callback,
                                       gpointer user_data)
{
  DmsProcessExecution *self = DMS_PROCESS_EXECUTION (execution);
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);
  DmsUsage *last = self->result != NULL ? dms_execution_result_get_usage (self->result) : NULL;

  g_task_set_source_tag (task, dms_process_execution_get_usage_async);
  if (last != NULL)
    g_task_return_pointer (task, dms_usage_ref (last), (GDestroyNotify) dms_usage_unref);
  else if (self->state == DMS_EXECUTION_ENDED)
    g_task_return_new_error (task, DMS_ERROR, DMS_ERROR_WRONG_STATE, "nobody measured what the job used");
  else
    dms_process_control_request_async (
        self->state_dir, "usage", NULL, ANSWER_S, cancellable, on_usage_answer, g_object_ref (task));
}

static DmsUsage *
dms_process_execution_get_usage_finish (DmsExecution *execution, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
on_cleaned (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  DmsProcessExecution *self = g_task_get_source_object (task);
  GError *error = NULL;
  g_autofree char *output = dms_process_tool_run_finish (result, &error);

  if (output == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  dms_process_registry_remove (self->state_dir);
  g_task_return_boolean (task, TRUE);
}

static void dms_process_execution_clean (GTask *task);

static gboolean
on_remains_timer (gpointer user_data)
{
  dms_process_execution_clean (user_data);
  return G_SOURCE_REMOVE;
}

/* (transfer full) */
static void
dms_process_execution_clean (GTask *task)
{
  DmsProcessExecution *self = g_task_get_source_object (task);
  guint tries = GPOINTER_TO_UINT (g_task_get_task_data (task)) + 1;
  DmsProcessRemains remains = dms_process_remains_remove (self->state_dir);

  if (remains == DMS_PROCESS_REMAINS_BUSY && tries < REMAINS_TRIES)
    {
      g_autoptr (GSource) source = g_timeout_source_new (REMAINS_MS);

      g_task_set_task_data (task, GUINT_TO_POINTER (tries), NULL);
      g_source_set_callback (source, on_remains_timer, task, NULL);
      g_source_attach (source, g_task_get_context (task));
      return;
    }
  if (remains != DMS_PROCESS_REMAINS_GONE)
    {
      dms_process_tool_run_async ("--clean", self->state_dir, NULL, on_cleaned, task);
      return;
    }
  dms_process_registry_remove (self->state_dir);
  g_task_return_boolean (task, TRUE);
  g_object_unref (task);
}

static void
on_killed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  (void) dms_execution_stop_finish (DMS_EXECUTION (source), result, NULL);
  dms_process_execution_clean (user_data);
}

/* A shim that does not even kill its job is killed itself, which the job does not survive. */
static gboolean
on_kill_late (gpointer user_data)
{
  GWeakRef *weak = user_data;
  g_autoptr (DmsProcessExecution) self = g_weak_ref_get (weak);
  g_autoptr (DmsProcessStatus) status = NULL;

  if (self == NULL || self->state == DMS_EXECUTION_ENDED)
    return G_SOURCE_REMOVE;
  status = dms_process_status_load (self->state_dir, NULL);
  if (status != NULL && dms_process_status_get_shim_pid (status) > 1)
    kill ((pid_t) dms_process_status_get_shim_pid (status), SIGKILL);
  return G_SOURCE_REMOVE;
}

static void
free_weak (gpointer data)
{
  g_weak_ref_clear (data);
  g_free (data);
}

static void
dms_process_execution_remove_async (DmsExecution *execution,
                                    GCancellable *cancellable,
                                    GAsyncReadyCallback callback,
                                    gpointer user_data)
{
  DmsProcessExecution *self = DMS_PROCESS_EXECUTION (execution);
  /* Once begun it is carried through. */
  g_autoptr (GTask) task = g_task_new (self, NULL, callback, user_data);

  g_task_set_source_tag (task, dms_process_execution_remove_async);
  if (self->state != DMS_EXECUTION_ENDED)
    {
      GWeakRef *weak = g_new0 (GWeakRef, 1);

      g_weak_ref_init (weak, self);
      g_timeout_add_full (G_PRIORITY_DEFAULT, REMOVE_WAIT_MS, on_kill_late, weak, free_weak);
    }
  dms_process_execution_stop_async (execution, 0, NULL, on_killed, g_object_ref (task));
}

static void
dms_process_execution_interface_init (DmsExecutionInterface *iface)
{
  iface->get_handle = dms_process_execution_get_handle;
  iface->get_state = dms_process_execution_get_state;
  iface->wait_async = dms_process_execution_wait_async;
  iface->wait_finish = dms_process_execution_wait_finish;
  iface->stop_async = dms_process_execution_stop_async;
  iface->stop_finish = dms_process_execution_propagate;
  iface->pause_async = dms_process_execution_pause_async;
  iface->pause_finish = dms_process_execution_propagate;
  iface->resume_async = dms_process_execution_resume_async;
  iface->resume_finish = dms_process_execution_propagate;
  iface->exec_async = dms_process_execution_exec_async;
  iface->exec_finish = dms_process_execution_exec_finish;
  iface->read_log_async = dms_process_execution_read_log_async;
  iface->read_log_finish = dms_process_execution_read_log_finish;
  iface->read_file_async = dms_process_execution_read_file_async;
  iface->read_file_finish = dms_process_execution_read_file_finish;
  iface->get_usage_async = dms_process_execution_get_usage_async;
  iface->get_usage_finish = dms_process_execution_get_usage_finish;
  iface->remove_async = dms_process_execution_remove_async;
  iface->remove_finish = dms_process_execution_propagate;
}
