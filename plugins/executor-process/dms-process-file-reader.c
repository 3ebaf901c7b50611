/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-process-file-reader.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum
{
  MAX_BYTES = 4 * 1024 * 1024,
  /* Folders in a path. */
  MAX_DEPTH = 64,
};

typedef struct
{
  char *folder;
  char *path;
  gsize max_bytes;
} Reading;

static void
reading_free (Reading *self)
{
  g_free (self->folder);
  g_free (self->path);
  g_free (self);
}

/* What open() says of a link that may not be followed is not what people look for. */
static void
set_error (GError **error, const char *path, int number)
{
  if (number == ENOENT)
    g_set_error (error, DMS_ERROR, DMS_ERROR_NOT_FOUND, "there is no file “%s”", path);
  else if (number == ELOOP || number == ENOTDIR)
    g_set_error (error,
                 DMS_ERROR,
                 DMS_ERROR_PERMISSION_DENIED,
                 "“%s” is, or leads over, a link or what is no folder: links are not followed",
                 path);
  else
    g_set_error (error,
                 DMS_ERROR,
                 number == EACCES ? DMS_ERROR_PERMISSION_DENIED : DMS_ERROR_IO,
                 "cannot read “%s”: %s",
                 path,
                 g_strerror (number));
}

static gboolean
is_name (const char *text)
{
  return *text != '\0' && strcmp (text, ".") != 0 && strcmp (text, "..") != 0;
}

static gboolean
are_names (GStrv names)
{
  guint n = g_strv_length (names);

  for (guint i = 0; i < n; i++)
    {
      if (!is_name (names[i]))
        return FALSE;
    }
  return n > 0 && n <= MAX_DEPTH;
}

/* Goes down name by name, so that no part of the path can be a link. -1 with an error. */
static int
open_below (const char *folder, const char *path, GError **error)
{
  g_auto (GStrv) names = g_strsplit (path, "/", MAX_DEPTH + 1);
  int fd;

  if (!are_names (names))
    {
      set_error (error, path, EINVAL);
      return -1;
    }
  fd = open (folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  for (guint i = 0; fd >= 0 && names[i] != NULL; i++)
    {
      /* A pipe that nobody writes into must not hold anybody up. */
      int kind = names[i + 1] != NULL ? O_DIRECTORY : O_NONBLOCK | O_NOCTTY;
      int next = openat (fd, names[i], O_RDONLY | O_NOFOLLOW | O_CLOEXEC | kind);
      int number = errno;

      close (fd);
      fd = next;
      errno = number;
    }
  if (fd < 0)
    set_error (error, path, errno);
  return fd;
}

static GBytes *
read_end (int fd, const char *path, gsize max_bytes, GError **error)
{
  struct stat info;
  g_autofree guint8 *data = NULL;
  gsize wanted;
  gsize got = 0;
  gssize n = 1;

  if (fstat (fd, &info) != 0 || !S_ISREG (info.st_mode))
    {
      g_set_error (error, DMS_ERROR, DMS_ERROR_PERMISSION_DENIED, "“%s” is no regular file", path);
      return NULL;
    }
  wanted = MIN (max_bytes, (gsize) info.st_size);
  data = g_malloc (wanted + 1);
  while (got < wanted && n > 0)
    {
      n = pread (fd, data + got, wanted - got, info.st_size - (off_t) wanted + (off_t) got);
      got += (gsize) MAX (n, 0);
    }
  if (n < 0)
    {
      set_error (error, path, errno);
      return NULL;
    }
  return g_bytes_new_take (g_steal_pointer (&data), got);
}

static void
run (GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable)
{
  Reading *self = task_data;
  GError *error = NULL;
  int fd = open_below (self->folder, self->path, &error);
  GBytes *bytes = fd >= 0 ? read_end (fd, self->path, self->max_bytes, &error) : NULL;

  if (fd >= 0)
    close (fd);
  if (bytes != NULL)
    g_task_return_pointer (task, bytes, (GDestroyNotify) g_bytes_unref);
  else
    g_task_return_error (task, error);
}

void
dms_process_file_reader_read_async (DmsExecution *execution,
                                    const char *folder,
                                    const char *path,
                                    gsize max_bytes,
                                    GCancellable *cancellable,
                                    GAsyncReadyCallback callback,
                                    gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (execution, cancellable, callback, user_data);
  Reading *self = g_new0 (Reading, 1);

  self->folder = g_strdup (folder);
  self->path = g_strdup (path);
  self->max_bytes = MIN (max_bytes, MAX_BYTES);
  g_task_set_source_tag (task, dms_process_file_reader_read_async);
  g_task_set_task_data (task, self, (GDestroyNotify) reading_free);
  g_task_run_in_thread (task, run);
}

GBytes *
dms_process_file_reader_read_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}
