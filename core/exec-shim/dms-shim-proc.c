/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-shim-proc.h"

#include <ctype.h>
#include <dirent.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Fields of proc(5) stat. */
enum
{
  FIELD_NAME = 2,
  FIELD_UTIME = 14,
  FIELD_CSTIME = 17,
  FIELD_THREADS = 20,
  FIELD_RSS = 24,
};

static bool
read_namespace (const char *pid, char link[PATH_MAX + 1])
{
  char *path = dms_shim_printf ("/proc/%s/ns/pid", pid);
  ssize_t length = readlink (path, link, PATH_MAX);

  free (path);
  link[length > 0 ? length : 0] = '\0';
  return length > 0;
}

static void
add_process (const char *pid, uint64_t *ticks, DmsShimCgroupUsage *usage)
{
  char *path = dms_shim_printf ("/proc/%s/stat", pid);
  DmsShimBuffer text = { 0 };
  const char *at = NULL;

  if (dms_shim_read_file (path, &text, 4096) && text.length > 0)
    at = strrchr (text.data, ')');
  for (int field = FIELD_NAME + 1; at != NULL && field <= FIELD_RSS; field++)
    {
      at = strchr (at + 1, ' ');
      if (at == NULL)
        break;
      /* The times of the process, and of its children that it has waited for. */
      if (field >= FIELD_UTIME && field <= FIELD_CSTIME)
        *ticks += strtoull (at + 1, NULL, 10);
      else if (field == FIELD_THREADS)
        usage->pids += strtoull (at + 1, NULL, 10);
      else if (field == FIELD_RSS)
        usage->memory_bytes += strtoull (at + 1, NULL, 10) * (uint64_t) sysconf (_SC_PAGESIZE);
    }
  dms_shim_buffer_clear (&text);
  free (path);
}

void
dms_shim_proc_read_usage (pid_t init_pid, DmsShimCgroupUsage *usage)
{
  char own[PATH_MAX + 1];
  char other[PATH_MAX + 1];
  char *init = dms_shim_printf ("%d", (int) init_pid);
  DIR *proc = opendir ("/proc");
  const struct dirent *entry;
  uint64_t ticks = 0;

  if (proc != NULL && init_pid > 0 && read_namespace (init, own))
    while ((entry = readdir (proc)) != NULL)
      if (isdigit ((unsigned char) entry->d_name[0]) && read_namespace (entry->d_name, other) &&
          strcmp (own, other) == 0)
        add_process (entry->d_name, &ticks, usage);
  if (proc != NULL)
    closedir (proc);
  free (init);
  usage->cpu_time_us = ticks * 1000000 / (uint64_t) sysconf (_SC_CLK_TCK);
}
