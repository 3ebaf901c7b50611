/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-process-log-reader.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

enum
{
  DEFAULT_CHUNK = 64 * 1024,
  MAX_CHUNK = 4 * 1024 * 1024,
};

typedef struct
{
  DmsExecution *execution;
  char *path;
  DmsLogStream stream;
  guint64 offset;
  gsize max_bytes;
  int watch;
  GSource *source;
  GSource *cancelled;
  gulong handler;
} Reader;

static void
clear_source (GSource **source)
{
  if (*source != NULL)
    g_source_destroy (*source);
  g_clear_pointer (source, g_source_unref);
}

static void
reader_stop (Reader *self)
{
  clear_source (&self->source);
  clear_source (&self->cancelled);
  g_clear_signal_handler (&self->handler, self->execution);
}

static void
reader_free (Reader *self)
{
  reader_stop (self);
  if (self->watch >= 0)
    close (self->watch);
  g_clear_object (&self->execution);
  g_free (self->path);
  g_free (self);
}

/* A missing file is an empty one: the job may have written nothing yet. */
static DmsLogChunk *
reader_read (Reader *self, GError **error)
{
  /* In this order, so that an end seen here means that the file is whole. */
  const gboolean ended = dms_execution_get_state (self->execution) == DMS_EXECUTION_ENDED;
  const int fd = open (self->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  g_autoptr (GBytes) data = NULL;
  struct stat info = { 0 };
  ssize_t n = 0;

  if (fd < 0 && errno != ENOENT)
    {
      g_set_error (error, DMS_ERROR, DMS_ERROR_IO, "cannot read “%s”: %s", self->path, g_strerror (errno));
      return NULL;
    }
  if (fd >= 0 && fstat (fd, &info) == 0 && self->offset < (guint64) info.st_size)
    {
      g_byte_array_set_size (bytes, (guint) MIN (self->max_bytes, (guint64) info.st_size - self->offset));
      n = pread (fd, bytes->data, bytes->len, (off_t) self->offset);
    }
  if (fd >= 0)
    close (fd);
  if (n < 0)
    {
      g_set_error (error, DMS_ERROR, DMS_ERROR_IO, "cannot read “%s”: %s", self->path, g_strerror (errno));
      return NULL;
    }
  g_byte_array_set_size (bytes, (guint) n);
  data = g_byte_array_free_to_bytes (g_steal_pointer (&bytes));
  return dms_log_chunk_new (self->stream,
                            self->offset,
                            data,
                            (guint64) info.st_size,
                            ended && self->offset + (guint64) n >= (guint64) info.st_size);
}

/* Answers unless there is nothing yet; FALSE when it waits on. */
static gboolean
reader_try (GTask *task, gboolean follow)
{
  Reader *self = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (DmsLogChunk) chunk = reader_read (self, &error);

  if (chunk != NULL && follow && g_bytes_get_size (dms_log_chunk_get_data (chunk)) == 0 &&
      !dms_log_chunk_get_eof (chunk))
    return FALSE;
  reader_stop (self);
  if (chunk == NULL)
    g_task_return_error (task, error);
  else
    g_task_return_pointer (task, g_steal_pointer (&chunk), (GDestroyNotify) dms_log_chunk_unref);
  return TRUE;
}

static gboolean
on_growth (int fd, GIOCondition condition, gpointer user_data)
{
  g_autoptr (GTask) task = g_object_ref (user_data);
  char block[4096];

  while (read (fd, block, sizeof block) > 0)
    continue;
  return reader_try (task, TRUE) ? G_SOURCE_REMOVE : G_SOURCE_CONTINUE;
}

static void
on_state_changed (DmsExecution *execution, DmsExecutionState state, gpointer user_data)
{
  g_autoptr (GTask) task = g_object_ref (user_data);

  if (state == DMS_EXECUTION_ENDED)
    (void) reader_try (task, TRUE);
}

static gboolean
on_cancelled (GCancellable *cancellable, gpointer user_data)
{
  g_autoptr (GTask) task = g_object_ref (user_data);

  reader_stop (g_task_get_task_data (task));
  g_task_return_new_error (task, DMS_ERROR, DMS_ERROR_CANCELLED, "the caller gave up reading the log");
  return G_SOURCE_REMOVE;
}

static void
reader_follow (GTask *task)
{
  Reader *self = g_task_get_task_data (task);
  GMainContext *context = g_main_context_get_thread_default ();
  GCancellable *cancellable = g_task_get_cancellable (task);
  g_autofree char *directory = g_path_get_dirname (self->path);

  self->watch = inotify_init1 (IN_CLOEXEC | IN_NONBLOCK);
  if (self->watch < 0 || (inotify_add_watch (self->watch, self->path, IN_MODIFY) < 0 &&
                          inotify_add_watch (self->watch, directory, IN_CREATE | IN_MODIFY) < 0))
    {
      g_task_return_new_error (task,
                               DMS_ERROR,
                               DMS_ERROR_BUSY,
                               "cannot follow “%s”: %s; raise fs.inotify.max_user_instances",
                               self->path,
                               g_strerror (errno));
      return;
    }
  /* The handlers own the task as long as they are there. */
  self->source = g_unix_fd_source_new (self->watch, G_IO_IN);
  g_source_set_callback (self->source, G_SOURCE_FUNC (on_growth), g_object_ref (task), g_object_unref);
  g_source_attach (self->source, context);
  self->handler = g_signal_connect (self->execution, "state-changed", G_CALLBACK (on_state_changed), task);
  if (cancellable != NULL)
    {
      self->cancelled = g_cancellable_source_new (cancellable);
      g_source_set_callback (self->cancelled, G_SOURCE_FUNC (on_cancelled), task, NULL);
      g_source_attach (self->cancelled, context);
    }
  /* It may have grown before the watch was there. */
  (void) reader_try (task, TRUE);
}

void
dms_process_log_reader_read_async (DmsExecution *execution,
                                   const char *state_dir,
                                   DmsLogStream stream,
                                   guint64 offset,
                                   gsize max_bytes,
                                   gboolean follow,
                                   GCancellable *cancellable,
                                   GAsyncReadyCallback callback,
                                   gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (execution, cancellable, callback, user_data);
  Reader *self = g_new0 (Reader, 1);

  self->execution = g_object_ref (execution);
  self->path = g_build_filename (state_dir, stream == DMS_LOG_STDERR ? "stderr.log" : "stdout.log", NULL);
  self->stream = stream;
  self->offset = MIN (offset, (guint64) G_MAXINT64);
  self->max_bytes = max_bytes > 0 ? MIN (max_bytes, MAX_CHUNK) : DEFAULT_CHUNK;
  self->watch = -1;
  g_task_set_source_tag (task, dms_process_log_reader_read_async);
  g_task_set_check_cancellable (task, FALSE);
  g_task_set_task_data (task, self, (GDestroyNotify) reader_free);
  if (g_cancellable_is_cancelled (cancellable))
    g_task_return_new_error (task, DMS_ERROR, DMS_ERROR_CANCELLED, "the caller gave up reading the log");
  else if (!reader_try (task, follow))
    reader_follow (task);
}

DmsLogChunk *
dms_process_log_reader_read_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}
