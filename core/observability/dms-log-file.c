/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "observability/dms-log-file.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <dms.h>

/* Largest number of old files kept, whatever is asked for. */
#define MAX_BACKUPS 100

struct _DmsLogFile
{
  GObject parent_instance;

  GMutex lock;
  char *path;
  int fd;
  guint64 size;
  guint64 max_bytes;
  guint max_backups;
  guint max_age_days;
  guint64 dropped;
};

G_DEFINE_FINAL_TYPE (DmsLogFile, dms_log_file, G_TYPE_OBJECT)

static void
dms_log_file_finalize (GObject *object)
{
  DmsLogFile *self = DMS_LOG_FILE (object);

  if (self->fd >= 0)
    close (self->fd);
  g_clear_pointer (&self->path, g_free);
  g_mutex_clear (&self->lock);

  G_OBJECT_CLASS (dms_log_file_parent_class)->finalize (object);
}

static void
dms_log_file_class_init (DmsLogFileClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = dms_log_file_finalize;
}

static void
dms_log_file_init (DmsLogFile *self)
{
  g_mutex_init (&self->lock);
  self->fd = -1;
}

static char *
backup_path (DmsLogFile *self, guint number)
{
  return g_strdup_printf ("%s.%u", self->path, number);
}

static gboolean
reopen (DmsLogFile *self, GError **error)
{
  struct stat info;

  if (self->fd >= 0)
    close (self->fd);

  self->fd = g_open (self->path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
  if (self->fd < 0 || fstat (self->fd, &info) < 0)
    {
      int saved = errno;

      g_set_error (error,
                   DMS_ERROR,
                   saved == ENOSPC ? DMS_ERROR_NO_SPACE : DMS_ERROR_IO,
                   "cannot open the log file “%s”: %s; check observability.logging.file",
                   self->path,
                   g_strerror (saved));
      return FALSE;
    }

  self->size = (guint64) info.st_size;
  return TRUE;
}

static void
remove_old (DmsLogFile *self)
{
  gint64 oldest = g_get_real_time () / G_USEC_PER_SEC - (gint64) self->max_age_days * 24 * 60 * 60;

  for (guint i = 1; i <= MAX_BACKUPS; i++)
    {
      g_autofree char *path = backup_path (self, i);
      struct stat info;

      if (g_stat (path, &info) < 0)
        break;
      if (i > self->max_backups || (self->max_age_days > 0 && info.st_mtime < oldest))
        g_unlink (path);
    }
}

static void
rotate (DmsLogFile *self)
{
  for (guint i = self->max_backups; i > 0; i--)
    {
      g_autofree char *to = backup_path (self, i);
      g_autofree char *from = i == 1 ? g_strdup (self->path) : backup_path (self, i - 1);

      g_rename (from, to);
    }

  if (self->max_backups == 0)
    g_unlink (self->path);
  remove_old (self);
  reopen (self, NULL);
}

/**
 * dms_log_file_open:
 * @path: where the lines go; its directory is made when missing
 * @max_bytes: the size at which the file is rotated, or 0 for never
 * @max_backups: how many rotated files are kept, as `<path>.1` (the newest) and up
 * @max_age_days: rotated files older than this are removed, or 0 for never
 * @error: (nullable): return location for an error
 *
 * Opens a log file for appending.
 *
 * Returns: (transfer full) (nullable): the file
 */
DmsLogFile *
dms_log_file_open (const char *path, guint64 max_bytes, guint max_backups, guint max_age_days, GError **error)
{
  g_autoptr (DmsLogFile) self = g_object_new (DMS_TYPE_LOG_FILE, NULL);
  g_autofree char *directory = g_path_get_dirname (path);

  self->path = g_strdup (path);
  self->max_bytes = max_bytes;
  self->max_backups = MIN (max_backups, MAX_BACKUPS);
  self->max_age_days = max_age_days;

  if (g_mkdir_with_parents (directory, 0755) < 0)
    {
      g_set_error (error,
                   DMS_ERROR,
                   DMS_ERROR_IO,
                   "cannot make the log directory “%s”: %s",
                   directory,
                   g_strerror (errno));
      return NULL;
    }
  if (!reopen (self, error))
    return NULL;

  remove_old (self);
  return g_steal_pointer (&self);
}

const char *
dms_log_file_get_path (DmsLogFile *self)
{
  g_return_val_if_fail (DMS_IS_LOG_FILE (self), NULL);

  return self->path;
}

guint64
dms_log_file_get_dropped (DmsLogFile *self)
{
  g_return_val_if_fail (DMS_IS_LOG_FILE (self), 0);

  return self->dropped;
}

static gboolean
write_all (int fd, const char *data, gsize length)
{
  while (length > 0)
    {
      gssize written = write (fd, data, length);

      if (written < 0 && errno == EINTR)
        continue;
      if (written < 0)
        return FALSE;
      data += written;
      length -= (gsize) written;
    }

  return TRUE;
}

void
dms_log_file_write_line (DmsLogFile *self, const char *line, gsize length)
{
  g_return_if_fail (DMS_IS_LOG_FILE (self));

  g_mutex_lock (&self->lock);

  if (self->max_bytes > 0 && self->size > 0 && self->size + length > self->max_bytes)
    rotate (self);

  if (self->fd >= 0 && write_all (self->fd, line, length))
    self->size += length;
  else
    self->dropped++;

  g_mutex_unlock (&self->lock);
}
