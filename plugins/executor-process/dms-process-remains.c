/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-process-remains.h"

#include "dms-process-status.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

enum
{
  /* A line for each hierarchy of control groups, of which there are at most a dozen. */
  MAX_GROUPS_BYTES = 16 * 1024,
};

static gboolean
ended_by_itself (const char *state_dir)
{
  g_autoptr (DmsProcessStatus) status = dms_process_status_load (state_dir, NULL);
  DmsExecutionResult *result = status != NULL ? dms_process_status_get_result (status) : NULL;

  return result != NULL && dms_process_status_get_state (status) == DMS_EXECUTION_ENDED &&
         dms_execution_result_get_reason (result) == DMS_END_EXITED;
}

/* The shim removes its groups when nothing is in them any more; one that is still there may hold a process.
 */
static gboolean
has_groups (int directory)
{
  int fd = openat (directory, "cgroups", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  g_autofree char *text = g_malloc0 (MAX_GROUPS_BYTES + 1);
  g_auto (GStrv) groups = NULL;
  ssize_t length = fd >= 0 ? read (fd, text, MAX_GROUPS_BYTES) : -1;

  if (fd >= 0)
    close (fd);
  if (length < 0 || length == MAX_GROUPS_BYTES)
    return TRUE;
  groups = g_strsplit (text, "\n", -1);
  for (gsize i = 0; groups[i] != NULL; i++)
    {
      if (groups[i][0] != '\0' && access (groups[i], F_OK) == 0)
        return TRUE;
    }
  return FALSE;
}

static gboolean
is_gone (int directory, const char *name, int flags)
{
  return unlinkat (directory, name, flags) == 0 || errno == ENOENT;
}

static DmsProcessRemains
remove_files (const char *state_dir, int directory)
{
  /* The lock is the last: who holds it knows that nothing else is there. */
  static const char *const files[] = {
    "cgroups", "control", "stdout.log", "stderr.log", "status.json.new", "status.json", "lock",
  };

  if (!ended_by_itself (state_dir) || has_groups (directory) || !is_gone (directory, "home", AT_REMOVEDIR))
    return DMS_PROCESS_REMAINS_MORE;
  for (gsize i = 0; i < G_N_ELEMENTS (files); i++)
    {
      if (!is_gone (directory, files[i], 0))
        return DMS_PROCESS_REMAINS_MORE;
    }
  /* Whoever made the directory may keep other files in it. */
  (void) rmdir (state_dir);
  return DMS_PROCESS_REMAINS_GONE;
}

DmsProcessRemains
dms_process_remains_remove (const char *state_dir)
{
  int directory = open (state_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
  int lock = directory >= 0 ? openat (directory, "lock", O_RDONLY | O_CLOEXEC | O_NOFOLLOW) : -1;
  DmsProcessRemains remains = DMS_PROCESS_REMAINS_MORE;

  if (lock >= 0 && flock (lock, LOCK_EX | LOCK_NB) == 0)
    remains = remove_files (state_dir, directory);
  else if (lock >= 0 && errno == EWOULDBLOCK)
    remains = DMS_PROCESS_REMAINS_BUSY;
  if (lock >= 0)
    close (lock);
  if (directory >= 0)
    close (directory);
  return remains;
}
