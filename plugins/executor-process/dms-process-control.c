/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-process-control.h"

#include <dms-enum-types.h>
#include <errno.h>
#include <fcntl.h>
#include <gio/gunixsocketaddress.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum
{
  MAX_OUTPUT = 4 * 1024 * 1024,
};

typedef struct
{
  GSocketConnection *connection;
  GDataInputStream *input;
  GBytes *request;
  char *line;
  char *body;
  gsize body_length;
} Request;

static void
request_free (Request *self)
{
  if (self->connection != NULL)
    (void) g_io_stream_close (G_IO_STREAM (self->connection), NULL, NULL);
  g_clear_object (&self->input);
  g_clear_object (&self->connection);
  g_clear_pointer (&self->request, g_bytes_unref);
  g_free (self->line);
  g_free (self->body);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Request, request_free)

GSocketConnection *
dms_process_control_connect (const char *state_dir, GError **error)
{
  const int fd = open (state_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
  /* Through the descriptor the address is short, whatever the length of the directory's own. */
  g_autofree char *path = g_strdup_printf ("/proc/self/fd/%d/control", fd);
  g_autoptr (GSocketAddress) address = g_unix_socket_address_new (path);
  g_autoptr (GSocket) socket =
      g_socket_new (G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_DEFAULT, error);
  gboolean ok = FALSE;

  if (fd < 0)
    g_set_error (
        error, DMS_ERROR, DMS_ERROR_NOT_FOUND, "cannot open “%s”: %s", state_dir, g_strerror (errno));
  else if (socket != NULL)
    {
      ok = g_socket_connect (socket, address, NULL, error);
      if (!ok)
        dms_error_adopt (error, "the supervisor of the job in “%s” does not answer", state_dir);
    }
  if (fd >= 0)
    close (fd);
  return ok ? g_socket_connection_factory_create_connection (socket) : NULL;
}

static void
fail_by_answer (GTask *task, const char *answer)
{
  g_auto (GStrv) words = g_strsplit (answer, " ", 3);
  g_autoptr (GEnumClass) klass = g_type_class_ref (DMS_TYPE_ERROR);
  GEnumValue *value =
      words[0] != NULL && words[1] != NULL ? g_enum_get_value_by_nick (klass, words[1]) : NULL;

  g_task_return_new_error (task,
                           DMS_ERROR,
                           value != NULL ? value->value : DMS_ERROR_FAILED,
                           "%s",
                           words[0] != NULL && words[1] != NULL && words[2] != NULL ? words[2] : answer);
}

static void
fail_by_error (GTask *task, GError *error)
{
  dms_error_adopt (&error, "the supervisor of the job does not answer");
  g_task_return_error (task, error);
}

static void
on_body (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Request *self = g_task_get_task_data (task);
  GError *error = NULL;
  gsize length = 0;

  if (!g_input_stream_read_all_finish (G_INPUT_STREAM (source), result, &length, &error))
    fail_by_error (task, error);
  else if (length < self->body_length)
    g_task_return_new_error (task, DMS_ERROR, DMS_ERROR_IO, "the supervisor of the job broke off its answer");
  else
    g_task_return_boolean (task, TRUE);
}

static void
on_line (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Request *self = g_task_get_task_data (task);
  GError *error = NULL;
  gsize out = 0;
  gsize err = 0;
  int code = 0;

  self->line = g_data_input_stream_read_line_finish (G_DATA_INPUT_STREAM (source), result, NULL, &error);
  if (error != NULL)
    fail_by_error (task, error);
  else if (self->line == NULL)
    g_task_return_new_error (task, DMS_ERROR, DMS_ERROR_WRONG_STATE, "the job has ended");
  else if (g_str_has_prefix (self->line, "error "))
    fail_by_answer (task, self->line);
  else if (sscanf (self->line, "result %d %zu %zu", &code, &out, &err) == 3 && out <= MAX_OUTPUT &&
           err <= MAX_OUTPUT)
    {
      self->body_length = out + err;
      self->body = g_malloc (self->body_length + 1);
      g_input_stream_read_all_async (G_INPUT_STREAM (source),
                                     self->body,
                                     self->body_length,
                                     G_PRIORITY_DEFAULT,
                                     g_task_get_cancellable (task),
                                     on_body,
                                     g_object_ref (task));
    }
  else
    g_task_return_boolean (task, TRUE);
}

static void
on_written (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Request *self = g_task_get_task_data (task);
  GError *error = NULL;

  if (!g_output_stream_write_all_finish (G_OUTPUT_STREAM (source), result, NULL, &error))
    {
      fail_by_error (task, error);
      return;
    }
  g_data_input_stream_read_line_async (
      self->input, G_PRIORITY_DEFAULT, g_task_get_cancellable (task), on_line, g_object_ref (task));
}

void
dms_process_control_request_async (const char *state_dir,
                                   const char *line,
                                   GBytes *body,
                                   guint timeout_s,
                                   GCancellable *cancellable,
                                   GAsyncReadyCallback callback,
                                   gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, user_data);
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  Request *self = g_new0 (Request, 1);
  GError *error = NULL;

  g_task_set_source_tag (task, dms_process_control_request_async);
  g_task_set_task_data (task, self, (GDestroyNotify) request_free);
  self->connection = dms_process_control_connect (state_dir, &error);
  if (self->connection == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  g_socket_set_timeout (g_socket_connection_get_socket (self->connection), timeout_s);
  self->input = g_data_input_stream_new (g_io_stream_get_input_stream (G_IO_STREAM (self->connection)));
  g_byte_array_append (bytes, (const guint8 *) line, (guint) strlen (line));
  g_byte_array_append (bytes, (const guint8 *) "\n", 1);
  if (body != NULL)
    g_byte_array_append (bytes, g_bytes_get_data (body, NULL), (guint) g_bytes_get_size (body));
  self->request = g_byte_array_free_to_bytes (g_steal_pointer (&bytes));
  g_output_stream_write_all_async (g_io_stream_get_output_stream (G_IO_STREAM (self->connection)),
                                   g_bytes_get_data (self->request, NULL),
                                   g_bytes_get_size (self->request),
                                   G_PRIORITY_DEFAULT,
                                   cancellable,
                                   on_written,
                                   g_object_ref (task));
}

char *
dms_process_control_request_finish (GAsyncResult *result, GBytes **body, GError **error)
{
  GTask *task = G_TASK (result);
  Request *self = g_task_get_task_data (task);

  if (!g_task_propagate_boolean (task, error))
    return NULL;
  if (body != NULL)
    *body = g_bytes_new_take (g_steal_pointer (&self->body), self->body_length);
  return g_steal_pointer (&self->line);
}
