/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "common/dms-file-lock.h"

#include <dms.h>
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* One for all files of a folder. It stays there: removing it would let two programs hold two locks. */
#define LOCK_NAME ".lock"
#define BYTE_LOCK 0
#define BYTE_TURN 1
#define MIN_PAUSE_US 200
#define MAX_PAUSE_US 5000

struct _DmsFileLock
{
  int fd;
};

static int
open_lock (const char *directory, const char *path)
{
  struct stat info;
  int fd = g_open (path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);

  /* An administrator who works on somebody's files must not lock that person out. */
  if (fd >= 0 && geteuid () == 0 && stat (directory, &info) == 0 && fchown (fd, info.st_uid, info.st_gid) < 0)
    {
      close (fd);
      return -1;
    }
  return fd;
}

/* One byte of the lock file, for as long as the file is open. */
static int
set_lock (int fd, short type, off_t byte)
{
  struct flock range = { .l_type = type, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1 };

  return fcntl (fd, F_OFD_SETLK, &range);
}

/* Whoever holds it does so for milliseconds, so asking again is enough; the pauses differ, so that nobody is
 * always late. */
static gboolean
wait_for (int fd, off_t byte, gint64 end)
{
  while (set_lock (fd, F_WRLCK, byte) < 0)
    {
      if (errno != EAGAIN && errno != EACCES && errno != EINTR)
        return FALSE;
      if (g_get_monotonic_time () >= end)
        {
          errno = EWOULDBLOCK;
          return FALSE;
        }
      g_usleep ((gulong) g_random_int_range (MIN_PAUSE_US, MAX_PAUSE_US));
    }
  return TRUE;
}

/* The turn comes before the lock, so that who gives the lock back and wants it again at once waits for who
 * has waited. */
static gboolean
take (int fd, guint timeout_ms)
{
  gint64 end = g_get_monotonic_time () + (gint64) timeout_ms * 1000;

  return wait_for (fd, BYTE_TURN, end) && wait_for (fd, BYTE_LOCK, end)
         && set_lock (fd, F_UNLCK, BYTE_TURN) == 0;
}

/**
 * dms_file_lock_new:
 * @path: a file that will be changed; its folder is made (0700) if it is missing
 * @timeout_ms: how long to wait for another holder
 *
 * Returns: (transfer full): the lock of the file's folder, or NULL with DMS_ERROR_BUSY when somebody else
 *   held it all the time
 */
DmsFileLock *
dms_file_lock_new (const char *path, guint timeout_ms, GError **error)
{
  g_autofree char *directory = g_path_get_dirname (path);
  g_autofree char *lock_path = g_build_filename (directory, LOCK_NAME, NULL);
  DmsFileLock *self;
  int number = 0;
  int fd = -1;

  if (g_mkdir_with_parents (directory, 0700) == 0)
    fd = open_lock (directory, lock_path);
  if (fd < 0 || !take (fd, timeout_ms))
    number = errno;
  if (number != 0)
    {
      if (fd >= 0)
        close (fd);
      if (number == EWOULDBLOCK)
        g_set_error (error, DMS_ERROR, DMS_ERROR_BUSY,
                     "cannot change “%s”: another program has been changing files of this folder for %u "
                     "seconds; try again, or see who it is with: fuser “%s”",
                     path, timeout_ms / 1000, lock_path);
      else
        g_set_error (error, DMS_ERROR,
                     number == EACCES || number == EPERM ? DMS_ERROR_PERMISSION_DENIED : DMS_ERROR_IO,
                     "cannot change “%s”: cannot lock “%s”: %s", path, lock_path, g_strerror (number));
      return NULL;
    }

  self = g_new0 (DmsFileLock, 1);
  self->fd = fd;
  return self;
}

/**
 * dms_file_lock_free:
 * @self: a lock
 *
 * Gives it back.
 */
void
dms_file_lock_free (DmsFileLock *self)
{
  close (self->fd);
  g_free (self);
}
