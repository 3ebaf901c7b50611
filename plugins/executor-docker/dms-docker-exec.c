/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-docker-exec.h"

#include <signal.h>
#include <string.h>

#include "dms-docker-demux.h"
#include "dms-docker-error.h"
#include "dms-docker-json.h"

/* Of each stream; a health check has no use for more. */
static const guint MAX_OUTPUT = 1024 * 1024;

typedef struct
{
  GByteArray *streams[2];
} Output;

static void
on_piece (DmsLogStream stream, const guint8 *data, gsize size, gpointer user_data)
{
  GByteArray *bytes = ((Output *) user_data)->streams[stream];

  g_byte_array_append (bytes, data, (guint) MIN (size, MAX_OUTPUT - bytes->len));
}

static char *
create (DmsDockerClient *client,
        const char *name,
        const char *const *argv,
        GCancellable *cancellable,
        GError **error)
{
  g_autoptr (JsonBuilder) builder = json_builder_new_immutable ();
  g_autoptr (JsonNode) body = NULL;
  g_autoptr (JsonNode) reply = NULL;
  g_autofree char *path = g_strdup_printf ("/containers/%s/exec", name);
  const char *id;

  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "AttachStdout");
  json_builder_add_boolean_value (builder, TRUE);
  json_builder_set_member_name (builder, "AttachStderr");
  json_builder_add_boolean_value (builder, TRUE);
  json_builder_set_member_name (builder, "Cmd");
  json_builder_begin_array (builder);
  for (guint i = 0; argv[i] != NULL; i++)
    json_builder_add_string_value (builder, argv[i]);
  json_builder_end_array (builder);
  json_builder_end_object (builder);
  body = json_builder_get_root (builder);
  reply = dms_docker_client_call_json (client, "POST", path, body, cancellable, error);
  if (reply == NULL)
    return NULL;
  id =
      JSON_NODE_HOLDS_OBJECT (reply) ? dms_docker_json_get_string (json_node_get_object (reply), "Id") : NULL;
  /* The ID goes into the paths of further requests. */
  if (id == NULL || *id == '\0' || strspn (id, "0123456789abcdef") != strlen (id))
    {
      g_set_error_literal (error, DMS_ERROR, DMS_ERROR_INVALID_DATA, "the engine gave the command no ID");
      return NULL;
    }
  return g_strdup (id);
}

static gboolean
read_output (GInputStream *stream, Output *output, GCancellable *cancellable, GError **error)
{
  g_autoptr (DmsDockerDemux) demux = dms_docker_demux_new ();
  guint8 buffer[16384];
  gssize n;

  while ((n = g_input_stream_read (stream, buffer, sizeof buffer, cancellable, error)) > 0)
    if (!dms_docker_demux_feed (demux, buffer, (gsize) n, on_piece, output, error))
      return FALSE;
  return n == 0;
}

static JsonNode *
inspect (DmsDockerClient *client, const char *id, GError **error)
{
  g_autofree char *path = g_strdup_printf ("/exec/%s/json", id);
  g_autoptr (JsonNode) node = dms_docker_client_call_json (client, "GET", path, NULL, NULL, error);

  if (node != NULL && !JSON_NODE_HOLDS_OBJECT (node))
    {
      g_set_error_literal (
          error, DMS_ERROR, DMS_ERROR_INVALID_DATA, "the engine does not describe the command");
      return NULL;
    }
  return g_steal_pointer (&node);
}

/* The API cannot end a command. Where its process is ours to signal, and is certainly that of the container,
 * it is killed; elsewhere it ends with the container. */
static void
kill_command (DmsDockerClient *client, const char *id)
{
  g_autoptr (JsonNode) node = inspect (client, id, NULL);
  JsonObject *object = node != NULL ? json_node_get_object (node) : NULL;
  gint64 pid = dms_docker_json_get_int (object, "Pid");
  const char *container = dms_docker_json_get_string (object, "ContainerID");
  g_autofree char *path = NULL;
  g_autofree char *cgroups = NULL;

  if (pid <= 1 || pid > G_MAXINT || container == NULL || strlen (container) < 32 ||
      !dms_docker_json_get_boolean (object, "Running"))
    return;
  path = g_strdup_printf ("/proc/%d/cgroup", (int) pid);
  if (g_file_get_contents (path, &cgroups, NULL, NULL) && strstr (cgroups, container) != NULL)
    kill ((pid_t) pid, SIGKILL);
}

static DmsExecResult *
run (DmsDockerClient *client, const char *id, Output *output, GCancellable *cancellable, GError **error)
{
  g_autofree char *path = g_strdup_printf ("/exec/%s/start", id);
  g_autoptr (JsonNode) body = json_from_string ("{\"Detach\":false,\"Tty\":false}", NULL);
  g_autoptr (GInputStream) stream = dms_docker_client_open (client, "POST", path, body, cancellable, error);
  g_autoptr (JsonNode) node = NULL;
  g_autoptr (GBytes) out = NULL;
  g_autoptr (GBytes) err = NULL;

  if (stream == NULL || !read_output (stream, output, cancellable, error))
    {
      dms_docker_error_adopt_io (error, dms_docker_client_get_socket_path (client));
      return NULL;
    }
  node = inspect (client, id, error);
  if (node == NULL)
    return NULL;
  out = g_bytes_new (output->streams[0]->data, output->streams[0]->len);
  err = g_bytes_new (output->streams[1]->data, output->streams[1]->len);
  return dms_exec_result_new (
      (int) CLAMP (dms_docker_json_get_int (json_node_get_object (node), "ExitCode"), -1, 255), out, err);
}

/* Runs a command in a running container and answers what it wrote, at most 1 MiB of each stream. Blocking;
 * when it is cancelled the command is killed where that is possible. */
DmsExecResult *
dms_docker_exec_run (DmsDockerClient *client,
                     const char *name,
                     const char *const *argv,
                     GCancellable *cancellable,
                     GError **error)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (GMainContextPusher) pusher = g_main_context_pusher_new (context);
  g_autofree char *id = create (client, name, argv, cancellable, error);
  g_autoptr (GByteArray) out = g_byte_array_new ();
  g_autoptr (GByteArray) err = g_byte_array_new ();
  Output output = { { out, err } };
  DmsExecResult *result;

  if (id == NULL)
    {
      g_prefix_error (error, "cannot run “%s” in container “%s”: ", argv[0], name);
      return NULL;
    }
  result = run (client, id, &output, cancellable, error);
  if (result == NULL && g_cancellable_is_cancelled (cancellable))
    kill_command (client, id);
  return result;
}

typedef struct
{
  DmsDockerClient *client;
  char *name;
  GStrv argv;
  GCancellable *cancellable; /* by the caller or by the clock */
  guint timer;
  guint timeout_ms;
  gboolean timed_out;
  gulong handler;
} Exec;

static void
exec_free (gpointer data)
{
  Exec *exec = data;

  g_clear_object (&exec->client);
  g_clear_object (&exec->cancellable);
  g_strfreev (exec->argv);
  g_free (exec->name);
  g_free (exec);
}

static gboolean
on_exec_timer (gpointer user_data)
{
  Exec *exec = user_data;

  exec->timer = 0;
  exec->timed_out = TRUE;
  g_cancellable_cancel (exec->cancellable);
  return G_SOURCE_REMOVE;
}

static void
run_exec (GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable)
{
  Exec *exec = task_data;
  GError *error = NULL;
  DmsExecResult *result = dms_docker_exec_run (
      exec->client, exec->name, (const char *const *) exec->argv, exec->cancellable, &error);

  if (result != NULL)
    g_task_return_pointer (task, result, (GDestroyNotify) dms_exec_result_unref);
  else
    g_task_return_error (task, error);
}

static void
on_exec_done (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Exec *exec = g_task_get_task_data (G_TASK (result));
  g_autoptr (GError) error = NULL;
  DmsExecResult *done = g_task_propagate_pointer (G_TASK (result), &error);

  g_clear_handle_id (&exec->timer, g_source_remove);
  g_cancellable_disconnect (g_task_get_cancellable (task), exec->handler);
  if (done != NULL)
    g_task_return_pointer (task, done, (GDestroyNotify) dms_exec_result_unref);
  else if (exec->timed_out)
    g_task_return_new_error (task,
                             DMS_ERROR,
                             DMS_ERROR_TIMED_OUT,
                             "“%s” in container “%s” took longer than %u ms and was ended",
                             exec->argv[0],
                             exec->name,
                             exec->timeout_ms);
  else
    g_task_return_error (task, g_steal_pointer (&error));
}

void
dms_docker_exec_run_async (DmsExecution *execution,
                           DmsDockerClient *client,
                           const char *name,
                           const char *const *argv,
                           guint timeout_ms,
                           GCancellable *cancellable,
                           GAsyncReadyCallback callback,
                           gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (execution, cancellable, callback, user_data);
  g_autoptr (GTask) worker = NULL;
  Exec *exec = g_new0 (Exec, 1);

  g_task_set_source_tag (task, dms_docker_exec_run_async);
  exec->client = g_object_ref (client);
  exec->name = g_strdup (name);
  exec->argv = g_strdupv ((GStrv) argv);
  exec->timeout_ms = timeout_ms;
  exec->cancellable = g_cancellable_new ();
  if (cancellable != NULL)
    exec->handler =
        g_cancellable_connect (cancellable, G_CALLBACK (g_cancellable_cancel), exec->cancellable, NULL);
  worker = g_task_new (execution, NULL, on_exec_done, g_steal_pointer (&task));
  g_task_set_source_tag (worker, run_exec);
  g_task_set_task_data (worker, exec, exec_free);
  if (timeout_ms > 0)
    exec->timer = g_timeout_add (timeout_ms, on_exec_timer, exec);
  g_task_run_in_thread (worker, run_exec);
}
