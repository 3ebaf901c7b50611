/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-shim-clean.h"
#include "dms-shim-cgroup.h"
#include "dms-shim-disk.h"
#include "dms-shim-status.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

static unsigned long long
find_number (const char *json, const char *name)
{
  char *key = dms_shim_printf (",\"%s\":", name);
  const char *at = strstr (json, key);
  unsigned long long value = at != NULL ? strtoull (at + strlen (key), NULL, 10) : 0;

  free (key);
  return value;
}

/* The kernel kills the sandbox with its shim; this makes sure, and waits for it. The start time tells the
 * process from a later one of the same number. */
static void
kill_sandbox (const char *state_dir)
{
  const struct timespec pause = { .tv_nsec = 2 * 1000 * 1000 };
  char *path = dms_shim_printf ("%s/status.json", state_dir);
  DmsShimBuffer json = { 0 };

  if (dms_shim_read_file (path, &json, 1024 * 1024) && json.length > 0)
    {
      const pid_t pid = (pid_t) find_number (json.data, "init_pid");
      const unsigned long long start = find_number (json.data, "init_start");

      for (int i = 0; i < 1000 && pid > 1 && start > 0 && dms_shim_status_read_start_time (pid) == start; i++)
        {
          kill (pid, SIGKILL);
          nanosleep (&pause, NULL);
        }
    }
  dms_shim_buffer_clear (&json);
  free (path);
}

/* A shim that has said its last word holds the lock for a moment more. */
static bool
take_lock (int lock)
{
  const struct timespec pause = { .tv_nsec = 2 * 1000 * 1000 };

  for (int i = 0; i < 1000; i++)
    {
      if (flock (lock, LOCK_EX | LOCK_NB) == 0)
        return true;
      nanosleep (&pause, NULL);
    }
  return false;
}

int
dms_shim_clean (const char *state_dir, bool keep_files)
{
  static const char *const files[] = { "cgroups",         "control",     "stdout.log", "stderr.log",
                                       "status.json.new", "status.json", "home",       "lock" };
  int fd = open (state_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  char *cgroups;
  int lock;
  int status = 0;

  if (fd < 0)
    return errno == ENOENT ? 0 : 1;
  lock = openat (fd, "lock", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (lock >= 0 && !take_lock (lock))
    return 75;
  kill_sandbox (state_dir);
  cgroups = dms_shim_printf ("%s/cgroups", state_dir);
  dms_shim_cgroup_destroy_recorded (cgroups);
  free (cgroups);
  for (size_t i = 0; !keep_files && i < sizeof files / sizeof files[0]; i++)
    if (!dms_shim_disk_remove (fd, files[i]))
      {
        fprintf (stderr, "cannot remove “%s/%s”: %s\n", state_dir, files[i], strerror (errno));
        status = 1;
      }
  /* Whoever made the directory may keep other files in it. */
  if (!keep_files)
    (void) rmdir (state_dir);
  return status;
}
