/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "importers/dms-import-files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum
{
  MAX_FILE = 1024 * 1024
};

char *
dms_import_files_resolve (const char *folder, const char *path, GError **error)
{
  g_autofree char *joined = NULL;
  g_autofree char *top = folder == NULL ? NULL : realpath (folder, NULL);
  g_autofree char *real = NULL;
  g_autofree char *prefix = NULL;

  if (top == NULL)
    {
      g_set_error (error, DMS_ERROR, DMS_ERROR_NOT_FOUND, "there is no folder to look for it in");
      return NULL;
    }
  joined = g_path_is_absolute (path) ? g_strdup (path) : g_build_filename (top, path, NULL);
  real = realpath (joined, NULL);
  if (real == NULL)
    {
      g_set_error (error, DMS_ERROR, DMS_ERROR_NOT_FOUND, "the file cannot be read: %s", g_strerror (errno));
      return NULL;
    }
  prefix = g_str_has_suffix (top, "/") ? g_strdup (top) : g_strconcat (top, "/", NULL);
  if (!g_str_has_prefix (real, prefix))
    {
      g_set_error (error,
                   DMS_ERROR,
                   DMS_ERROR_PERMISSION_DENIED,
                   "the path leads out of the folder of the imported file; copy the file there");
      return NULL;
    }
  return g_steal_pointer (&real);
}

static char *
read_all (int fd, gsize size)
{
  g_autofree char *text = g_malloc (size + 1);
  gsize done = 0;

  while (done < size)
    {
      gssize n = read (fd, text + done, size - done);

      if (n < 0 && errno == EINTR)
        continue;
      if (n <= 0)
        break;
      done += (gsize) n;
    }
  text[done] = '\0';
  return strlen (text) == done && g_utf8_validate (text, -1, NULL) ? g_steal_pointer (&text) : NULL;
}

char *
dms_import_files_read_text (const char *folder, const char *path, GError **error)
{
  g_autofree char *real = dms_import_files_resolve (folder, path, error);
  struct stat info;
  char *text = NULL;
  int fd;

  if (real == NULL)
    return NULL;
  /* A pipe would block, and a link that was put there meanwhile leads elsewhere. */
  fd = open (real, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
  if (fd < 0 || fstat (fd, &info) != 0 || !S_ISREG (info.st_mode))
    g_set_error (error, DMS_ERROR, DMS_ERROR_IO, "it is not a regular file that can be read");
  else if (info.st_size > MAX_FILE)
    g_set_error (error, DMS_ERROR, DMS_ERROR_TOO_LARGE, "the file is larger than 1 MiB");
  else
    {
      text = read_all (fd, (gsize) info.st_size);
      if (text == NULL)
        g_set_error (error, DMS_ERROR, DMS_ERROR_INVALID_DATA, "the file is not UTF-8 text");
    }
  if (fd >= 0)
    close (fd);
  return text;
}
