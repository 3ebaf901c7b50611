/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "provider/dms-job-log.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum
{
  PIECE_BYTES = 256 * 1024,
  /* A stop for engines that bound nothing themselves. */
  MAX_STREAM_BYTES = 128 * 1024 * 1024,
};

static const char *const STREAM_NAMES[] = { "stdout", "stderr" };

struct _DmsJobLog
{
  GObject parent_instance;

  char *folder;
  /* (nullable): of the execution that began last, when this daemon began it. */
  char *state_dir;
};

G_DEFINE_FINAL_TYPE (DmsJobLog, dms_job_log, G_TYPE_OBJECT)

static void
dms_job_log_finalize (GObject *object)
{
  g_free (DMS_JOB_LOG (object)->folder);
  g_free (DMS_JOB_LOG (object)->state_dir);

  G_OBJECT_CLASS (dms_job_log_parent_class)->finalize (object);
}

static void
dms_job_log_class_init (DmsJobLogClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = dms_job_log_finalize;
}

static void
dms_job_log_init (DmsJobLog *self)
{
}

/**
 * dms_job_log_new:
 * @folder: `<work_dir>/jobs/<allocation ID>`
 *
 * Returns: (transfer full): the log kept there
 */
DmsJobLog *
dms_job_log_new (const char *folder)
{
  DmsJobLog *self = g_object_new (DMS_TYPE_JOB_LOG, NULL);

  self->folder = g_strdup (folder);
  return self;
}

const char *
dms_job_log_get_folder (DmsJobLog *self)
{
  g_return_val_if_fail (DMS_IS_JOB_LOG (self), NULL);

  return self->folder;
}

/* `<stream>.log` is what people read; `<stream>.earlier.log` what executions before the present one wrote. */
static char *
dup_path (DmsJobLog *self, DmsLogStream stream, const char *kind)
{
  return g_strdup_printf ("%s/%s%s.log", self->folder, STREAM_NAMES[stream], kind);
}

static gboolean
make_folder (const char *path, GError **error)
{
  int number;

  if (g_mkdir_with_parents (path, 0700) == 0)
    return TRUE;
  number = errno;
  g_set_error (error,
               DMS_ERROR,
               number == ENOSPC || number == EDQUOT ? DMS_ERROR_NO_SPACE : DMS_ERROR_IO,
               "cannot make folder “%s”: %s",
               path,
               g_strerror (number));
  return FALSE;
}

static void
put_aside (DmsJobLog *self, DmsLogStream stream)
{
  g_autofree char *present = dup_path (self, stream, "");
  g_autofree char *earlier = dup_path (self, stream, ".earlier");

  if (g_file_test (present, G_FILE_TEST_IS_SYMLINK))
    (void) g_unlink (present);
  else if (g_file_test (present, G_FILE_TEST_EXISTS))
    (void) g_rename (present, earlier);
}

/**
 * dms_job_log_open:
 * @self: a log
 * @execution_id: the execution that begins
 * @error: return location
 *
 * Returns: (transfer full) (nullable): the folder for the execution's state
 */
char *
dms_job_log_open (DmsJobLog *self, const char *execution_id, GError **error)
{
  g_autofree char *state_dir = NULL;

  g_return_val_if_fail (DMS_IS_JOB_LOG (self), NULL);

  state_dir = g_build_filename (self->folder, execution_id, NULL);
  if (!make_folder (self->folder, error) || !make_folder (state_dir, error))
    return NULL;
  put_aside (self, DMS_LOG_STDOUT);
  put_aside (self, DMS_LOG_STDERR);
  g_free (self->state_dir);
  self->state_dir = g_strdup (state_dir);
  return g_steal_pointer (&state_dir);
}

static gboolean
is_regular (const char *path)
{
  struct stat info;

  return lstat (path, &info) == 0 && S_ISREG (info.st_mode);
}

/**
 * dms_job_log_link:
 * @self: a log
 * @state_dir: the folder for the execution's state
 *
 * Lets people follow the output in the place they know, where the engine keeps it in files of the same name.
 * These get a second name there, so that nothing is copied when the job ends; not where earlier runs have
 * written, for a file of this name has what all of them wrote.
 */
void
dms_job_log_link (DmsJobLog *self, const char *state_dir)
{
  g_return_if_fail (DMS_IS_JOB_LOG (self));

  for (guint i = 0; i < G_N_ELEMENTS (STREAM_NAMES); i++)
    {
      g_autofree char *path = dup_path (self, (DmsLogStream) i, "");
      g_autofree char *name = g_strconcat (STREAM_NAMES[i], ".log", NULL);
      g_autofree char *target = g_build_filename (state_dir, name, NULL);
      g_autofree char *earlier = dup_path (self, (DmsLogStream) i, ".earlier");
      gboolean is_whole = !g_file_test (earlier, G_FILE_TEST_EXISTS);
      if (is_regular (target) && !g_file_test (path, G_FILE_TEST_EXISTS) &&
          !(is_whole && link (target, path) == 0) && symlink (target, path) != 0)
        g_debug ("cannot link “%s”: %s", path, g_strerror (errno));
    }
}

static guint64
size_of (const char *path)
{
  struct stat info;

  return lstat (path, &info) == 0 && S_ISREG (info.st_mode) ? (guint64) info.st_size : 0;
}

/* A piece of a file of ours; short at its end. */
static GBytes *
read_piece (const char *path, guint64 offset, gsize max_bytes, GError **error)
{
  g_autofree guint8 *buffer = g_malloc (MAX (max_bytes, 1));
  int fd = g_open (path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW, 0);
  gssize n;

  if (fd < 0 && errno == ENOENT)
    return g_bytes_new (NULL, 0);
  n = fd >= 0 ? pread (fd, buffer, max_bytes, (off_t) MIN (offset, (guint64) G_MAXINT64)) : -1;
  if (n < 0)
    g_set_error (error, DMS_ERROR, DMS_ERROR_IO, "cannot read log “%s”: %s", path, g_strerror (errno));
  if (fd >= 0)
    close (fd);
  return n >= 0 ? g_bytes_new_take (g_steal_pointer (&buffer), (gsize) n) : NULL;
}

typedef struct
{
  DmsLogStream stream;
  guint64 offset;
  guint64 earlier;
} Read;

static void
execution_read (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Read *request = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (DmsLogChunk) chunk = dms_execution_read_log_finish (DMS_EXECUTION (source), result, &error);

  if (chunk == NULL)
    g_task_return_error (task, error);
  else
    g_task_return_pointer (task,
                           dms_log_chunk_new (request->stream,
                                              request->offset,
                                              dms_log_chunk_get_data (chunk),
                                              request->earlier + dms_log_chunk_get_total_size (chunk),
                                              dms_log_chunk_get_eof (chunk)),
                           (GDestroyNotify) dms_log_chunk_unref);
}

/**
 * dms_job_log_read_async:
 * @self: a log
 * @execution: (nullable): the execution that is writing now
 * @stream: which stream
 * @offset: where in the whole stream
 * @max_bytes: at most so much
 * @cancellable: (nullable): a cancellable
 * @callback: called when done
 * @user_data: for @callback
 *
 * Reads a piece of a stream. It ends for good only when no execution is writing.
 */
void
dms_job_log_read_async (DmsJobLog *self,
                        DmsExecution *execution,
                        DmsLogStream stream,
                        guint64 offset,
                        gsize max_bytes,
                        GCancellable *cancellable,
                        GAsyncReadyCallback callback,
                        gpointer user_data)
{
  g_autoptr (GTask) task = NULL;
  g_autoptr (GBytes) bytes = NULL;
  g_autofree char *path = NULL;
  GError *error = NULL;
  Read *request = NULL;
  guint64 total;

  g_return_if_fail (DMS_IS_JOB_LOG (self));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, dms_job_log_read_async);
  path = dup_path (self, stream, execution != NULL ? ".earlier" : "");
  total = size_of (path);
  if (execution != NULL && offset >= total)
    {
      request = g_new0 (Read, 1);
      request->stream = stream;
      request->offset = offset;
      request->earlier = total;
      g_task_set_task_data (task, request, g_free);
      dms_execution_read_log_async (execution,
                                    stream,
                                    offset - total,
                                    max_bytes,
                                    FALSE,
                                    cancellable,
                                    execution_read,
                                    g_steal_pointer (&task));
      return;
    }

  bytes = read_piece (path, offset, max_bytes, &error);
  if (bytes == NULL)
    g_task_return_error (task, error);
  else
    g_task_return_pointer (
        task,
        dms_log_chunk_new (
            stream, offset, bytes, total, execution == NULL && offset + g_bytes_get_size (bytes) >= total),
        (GDestroyNotify) dms_log_chunk_unref);
}

DmsLogChunk *
dms_job_log_read_finish (DmsJobLog *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/* Copies one stream after the other into a new file that then takes the place of the old one. */
typedef struct
{
  DmsExecution *execution;
  DmsLogStream stream;
  guint64 offset;
  int fd;
} Collect;

static void
collect_free (gpointer data)
{
  Collect *collect = data;

  if (collect->fd >= 0)
    close (collect->fd);
  g_object_unref (collect->execution);
  g_free (collect);
}

static gboolean
write_all (int fd, GBytes *bytes)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (bytes, &size);

  while (size > 0)
    {
      gssize n = write (fd, data, size);
      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        return FALSE;
      data += n;
      size -= (gsize) n;
    }
  return TRUE;
}

static gboolean
begin_stream (DmsJobLog *self, Collect *collect, GError **error)
{
  g_autofree char *new_path = dup_path (self, collect->stream, ".new");
  g_autofree char *earlier = dup_path (self, collect->stream, ".earlier");
  guint64 total = size_of (earlier);
  guint64 offset = 0;

  collect->offset = 0;
  collect->fd = g_open (new_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (collect->fd < 0)
    {
      g_set_error (error,
                   DMS_ERROR,
                   errno == ENOSPC ? DMS_ERROR_NO_SPACE : DMS_ERROR_IO,
                   "cannot write log “%s”: %s",
                   new_path,
                   g_strerror (errno));
      return FALSE;
    }
  while (offset < total)
    {
      g_autoptr (GBytes) bytes = read_piece (earlier, offset, PIECE_BYTES, error);
      if (bytes == NULL || g_bytes_get_size (bytes) == 0)
        break;
      if (!write_all (collect->fd, bytes))
        break;
      offset += g_bytes_get_size (bytes);
    }
  return offset >= total;
}

static void
end_stream (DmsJobLog *self, Collect *collect)
{
  g_autofree char *new_path = dup_path (self, collect->stream, ".new");
  g_autofree char *path = dup_path (self, collect->stream, "");

  close (collect->fd);
  collect->fd = -1;
  (void) g_rename (new_path, path);
}

/* A job that has ended writes nothing more: the file of its engine is the log, when nothing was written
 * before. */
static gboolean
take_file (DmsJobLog *self, Collect *collect)
{
  g_autofree char *name = g_strconcat (STREAM_NAMES[collect->stream], ".log", NULL);
  g_autofree char *source = self->state_dir != NULL ? g_build_filename (self->state_dir, name, NULL) : NULL;
  g_autofree char *earlier = dup_path (self, collect->stream, ".earlier");
  g_autofree char *new_path = dup_path (self, collect->stream, ".new");
  g_autofree char *path = dup_path (self, collect->stream, "");
  struct stat info;
  struct stat present;

  if (source == NULL || dms_execution_get_state (collect->execution) != DMS_EXECUTION_ENDED ||
      lstat (earlier, &present) == 0 || lstat (source, &info) != 0 || !S_ISREG (info.st_mode) ||
      info.st_size > MAX_STREAM_BYTES)
    return FALSE;
  if (lstat (path, &present) == 0 && present.st_dev == info.st_dev && present.st_ino == info.st_ino)
    return TRUE;
  (void) g_unlink (new_path);
  return link (source, new_path) == 0 && g_rename (new_path, path) == 0;
}

static void collect_next (GTask *task);

static void
piece_read (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  DmsJobLog *self = g_task_get_source_object (task);
  Collect *collect = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (DmsLogChunk) chunk = dms_execution_read_log_finish (DMS_EXECUTION (source), result, &error);
  gsize size;

  if (chunk == NULL)
    {
      end_stream (self, collect);
      g_task_return_error (task, error);
      return;
    }

  size = g_bytes_get_size (dms_log_chunk_get_data (chunk));
  if (!write_all (collect->fd, dms_log_chunk_get_data (chunk)))
    {
      int number = errno;
      end_stream (self, collect);
      g_task_return_new_error (task,
                               DMS_ERROR,
                               number == ENOSPC ? DMS_ERROR_NO_SPACE : DMS_ERROR_IO,
                               "cannot write the log in “%s”: %s",
                               self->folder,
                               g_strerror (number));
      return;
    }
  collect->offset += size;
  if (size == 0 || dms_log_chunk_get_eof (chunk) || collect->offset >= MAX_STREAM_BYTES)
    {
      end_stream (self, collect);
      collect->stream++;
    }
  collect_next (g_steal_pointer (&task));
}

/* (transfer full) */
static void
collect_next (GTask *task)
{
  DmsJobLog *self = g_task_get_source_object (task);
  Collect *collect = g_task_get_task_data (task);
  GError *error = NULL;

  while ((guint) collect->stream < G_N_ELEMENTS (STREAM_NAMES) && collect->fd < 0 &&
         take_file (self, collect))
    collect->stream++;
  if ((guint) collect->stream >= G_N_ELEMENTS (STREAM_NAMES))
    {
      g_task_return_boolean (task, TRUE);
      g_object_unref (task);
      return;
    }
  if (collect->fd < 0 && !begin_stream (self, collect, &error))
    {
      if (error == NULL)
        error = g_error_new (DMS_ERROR, DMS_ERROR_IO, "cannot copy earlier output in “%s”", self->folder);
      g_task_return_error (task, error);
      g_object_unref (task);
      return;
    }
  dms_execution_read_log_async (collect->execution,
                                collect->stream,
                                collect->offset,
                                PIECE_BYTES,
                                FALSE,
                                g_task_get_cancellable (task),
                                piece_read,
                                task);
}

/**
 * dms_job_log_collect_async:
 * @self: a log
 * @execution: an execution that has ended or is about to be removed
 * @cancellable: (nullable): a cancellable
 * @callback: called when done
 * @user_data: for @callback
 *
 * Makes `stdout.log` and `stderr.log` complete, so that the execution can be removed.
 */
void
dms_job_log_collect_async (DmsJobLog *self,
                           DmsExecution *execution,
                           GCancellable *cancellable,
                           GAsyncReadyCallback callback,
                           gpointer user_data)
{
  g_autoptr (GTask) task = NULL;
  Collect *collect = NULL;
  GError *error = NULL;

  g_return_if_fail (DMS_IS_JOB_LOG (self));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, dms_job_log_collect_async);
  collect = g_new0 (Collect, 1);
  collect->execution = g_object_ref (execution);
  collect->stream = DMS_LOG_STDOUT;
  collect->fd = -1;
  g_task_set_task_data (task, collect, collect_free);
  if (!make_folder (self->folder, &error))
    g_task_return_error (task, error);
  else
    collect_next (g_steal_pointer (&task));
}

gboolean
dms_job_log_collect_finish (DmsJobLog *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/* Never follows a link: a job may have left some. */
static void
remove_tree (int parent, const char *name)
{
  int fd = openat (parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
  g_autofree char *path = fd >= 0 ? g_strdup_printf ("/proc/self/fd/%d", fd) : NULL;
  g_autoptr (GDir) dir = path != NULL ? g_dir_open (path, 0, NULL) : NULL;
  const char *child;

  while (dir != NULL && (child = g_dir_read_name (dir)) != NULL)
    {
      if (unlinkat (fd, child, 0) != 0)
        remove_tree (fd, child);
    }
  if (fd >= 0)
    close (fd);
  (void) unlinkat (parent, name, AT_REMOVEDIR);
}

/**
 * dms_job_log_remove:
 * @folder: the folder of an allocation
 *
 * Removes it and everything in it.
 */
void
dms_job_log_remove (const char *folder)
{
  remove_tree (AT_FDCWD, folder);
}

/**
 * dms_job_log_dup_small:
 * @self: a log that was collected
 * @stream: which stream
 * @max_bytes: at most so much
 *
 * Returns: (transfer full) (nullable): all of the stream; %NULL when it is longer or cannot be read
 */
GBytes *
dms_job_log_dup_small (DmsJobLog *self, DmsLogStream stream, gsize max_bytes)
{
  g_autofree char *path = dup_path (self, stream, "");
  g_autoptr (GBytes) bytes = NULL;
  struct stat info;

  g_return_val_if_fail (DMS_IS_JOB_LOG (self), NULL);

  if (lstat (path, &info) != 0 || !S_ISREG (info.st_mode) || info.st_size > (goffset) max_bytes)
    return NULL;
  bytes = read_piece (path, 0, max_bytes + 1, NULL);
  return bytes != NULL && g_bytes_get_size (bytes) <= max_bytes ? g_steal_pointer (&bytes) : NULL;
}

/**
 * dms_job_log_dup_latest:
 * @self: a log that was collected
 * @stream: which stream
 * @max_bytes: at most so much, from the end
 *
 * Returns: (transfer full): what the last execution wrote, as valid UTF-8
 */
char *
dms_job_log_dup_latest (DmsJobLog *self, DmsLogStream stream, gsize max_bytes)
{
  g_autofree char *path = dup_path (self, stream, "");
  g_autofree char *earlier = dup_path (self, stream, ".earlier");
  g_autofree char *buffer = g_malloc (max_bytes + 1);
  struct stat before;
  struct stat whole;
  goffset begin;
  gssize got = 0;
  int fd = g_open (path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

  if (fd >= 0 && fstat (fd, &whole) == 0 && S_ISREG (whole.st_mode))
    {
      begin = lstat (earlier, &before) == 0 ? before.st_size : 0;
      begin = MAX (begin, whole.st_size - (goffset) max_bytes);
      got = begin < whole.st_size ? pread (fd, buffer, max_bytes, begin) : 0;
    }
  if (fd >= 0)
    close (fd);
  got = MAX (got, 0);
  /* A text ends at its first zero byte; jobs that write some get them back as spaces. */
  for (gssize i = 0; i < got; i++)
    {
      if (buffer[i] == '\0')
        buffer[i] = ' ';
    }
  return g_utf8_make_valid (buffer, got);
}
