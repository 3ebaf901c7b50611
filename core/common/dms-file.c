/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "common/dms-file.h"

#include <dms.h>
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <sys/stat.h>
#include <unistd.h>

static DmsErrorCode
code_for_errno (int number)
{
  switch (number)
    {
    case ENOENT:
    case ENOTDIR:
      return DMS_ERROR_NOT_FOUND;
    case EACCES:
    case EPERM:
    case EROFS:
      return DMS_ERROR_PERMISSION_DENIED;
    case ENOSPC:
    case EDQUOT:
      return DMS_ERROR_NO_SPACE;
    default:
      return DMS_ERROR_IO;
    }
}

static gboolean
read_all (int fd, guint8 *data, gsize *size)
{
  gsize done = 0;

  while (done < *size)
    {
      gssize count = read (fd, data + done, *size - done);

      if (count < 0 && errno == EINTR)
        continue;
      if (count < 0)
        return FALSE;
      if (count == 0)
        break;
      done += (gsize) count;
    }
  *size = done;
  return TRUE;
}

/**
 * dms_file_read:
 * @max_size: the most bytes to take; a larger file is DMS_ERROR_TOO_LARGE
 *
 * Returns: (transfer full): the content, with a NUL after it that is not counted, or NULL with an error that
 *   names the file
 */
GBytes *
dms_file_read (const char *path, gsize max_size, GError **error)
{
  g_autofree guint8 *data = NULL;
  struct stat info;
  gsize size;
  gboolean good;
  int fd = g_open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK, 0);
  int number = errno;

  if (fd < 0)
    {
      g_set_error (error, DMS_ERROR, code_for_errno (number), "cannot open “%s”: %s", path,
                   g_strerror (number));
      return NULL;
    }
  if (fstat (fd, &info) < 0 || !S_ISREG (info.st_mode))
    {
      close (fd);
      g_set_error (error, DMS_ERROR, DMS_ERROR_IO, "cannot read “%s”: it is not a regular file", path);
      return NULL;
    }
  if (info.st_size < 0 || (guint64) info.st_size > max_size)
    {
      close (fd);
      g_set_error (error, DMS_ERROR, DMS_ERROR_TOO_LARGE,
                   "cannot read “%s”: it has %" G_GINT64_FORMAT " bytes, and at most %" G_GSIZE_FORMAT
                   " are expected", path, (gint64) info.st_size, max_size);
      return NULL;
    }
  size = (gsize) info.st_size;
  data = g_malloc (size + 1);
  good = read_all (fd, data, &size);
  number = errno;
  close (fd);
  if (!good)
    {
      g_set_error (error, DMS_ERROR, DMS_ERROR_IO, "cannot read “%s”: %s", path, g_strerror (number));
      return NULL;
    }
  data[size] = '\0';
  return g_bytes_new_take (g_steal_pointer (&data), size);
}

/**
 * dms_file_write_private:
 *
 * Returns: whether the file has the new content, on the disk; if not, it has the old
 */
gboolean
dms_file_write_private (const char *path, const char *data, gsize size, GError **error)
{
  g_autofree char *directory = g_path_get_dirname (path);
  g_autoptr (GError) local = NULL;

  if (g_mkdir_with_parents (directory, 0700) < 0)
    {
      int number = errno;

      g_set_error (error, DMS_ERROR, code_for_errno (number), "cannot make the folder “%s”: %s", directory,
                   g_strerror (number));
      return FALSE;
    }
  if (g_file_set_contents_full (path, data, (gssize) size,
                                G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE, 0600, &local))
    return TRUE;
  g_set_error (error, DMS_ERROR,
               g_error_matches (local, G_FILE_ERROR, G_FILE_ERROR_NOSPC) ? DMS_ERROR_NO_SPACE
               : g_error_matches (local, G_FILE_ERROR, G_FILE_ERROR_ACCES) ? DMS_ERROR_PERMISSION_DENIED
                                                                          : DMS_ERROR_IO,
               "cannot write “%s”: %s", path, local->message);
  return FALSE;
}
