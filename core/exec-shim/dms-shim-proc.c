/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-shim-proc.h"

#include <ctype.h>
#include <dirent.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
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

enum
{
  MAX_DELETED = 4096,
  MAX_LIST = 1024 * 1024,
};

/* Deleted files seen so far, so that one that several processes have open counts once. */
typedef struct
{
  dev_t device;
  ino_t inodes[MAX_DELETED];
  size_t count;
  uint64_t total;
} Deleted;

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

static void
add_file (Deleted *deleted, const struct stat *info)
{
  if (!S_ISREG (info->st_mode) || info->st_nlink > 0 || info->st_dev != deleted->device)
    return;
  for (size_t i = 0; i < deleted->count; i++)
    if (deleted->inodes[i] == info->st_ino)
      return;
  if (deleted->count < MAX_DELETED)
    deleted->inodes[deleted->count++] = info->st_ino;
  deleted->total += (uint64_t) info->st_blocks * 512;
}

static void
add_open_files (Deleted *deleted, const char *pid)
{
  char *path = dms_shim_printf ("/proc/%s/fd", pid);
  DIR *directory = opendir (path);
  const struct dirent *entry;
  struct stat info;

  while (directory != NULL && (entry = readdir (directory)) != NULL)
    if (isdigit ((unsigned char) entry->d_name[0]) &&
        fstatat (dirfd (directory), entry->d_name, &info, 0) == 0)
      add_file (deleted, &info);
  if (directory != NULL)
    closedir (directory);
  free (path);
}

static const char *
find_group (const DmsShimCgroup *cgroup)
{
  for (int i = 0; i < DMS_SHIM_CGROUP_COUNT; i++)
    if (cgroup->paths[i] != NULL)
      return cgroup->paths[i];
  return NULL;
}

static void
add_group (Deleted *deleted, const char *group)
{
  char *path = dms_shim_printf ("%s/cgroup.procs", group);
  DmsShimBuffer text = { 0 };
  char *saved = NULL;

  if (dms_shim_read_file (path, &text, MAX_LIST) && text.length > 0)
    for (char *pid = strtok_r (text.data, "\n", &saved); pid != NULL; pid = strtok_r (NULL, "\n", &saved))
      add_open_files (deleted, pid);
  dms_shim_buffer_clear (&text);
  free (path);
}

static void
add_namespace (Deleted *deleted, pid_t init_pid)
{
  char own[PATH_MAX + 1];
  char other[PATH_MAX + 1];
  char *init = dms_shim_printf ("%d", (int) init_pid);
  DIR *proc = opendir ("/proc");
  const struct dirent *entry;

  if (proc != NULL && init_pid > 0 && read_namespace (init, own))
    while ((entry = readdir (proc)) != NULL)
      if (isdigit ((unsigned char) entry->d_name[0]) && read_namespace (entry->d_name, other) &&
          strcmp (own, other) == 0)
        add_open_files (deleted, entry->d_name);
  if (proc != NULL)
    closedir (proc);
  free (init);
}

uint64_t
dms_shim_proc_measure_deleted (const DmsShimCgroup *cgroup, pid_t init_pid, dev_t device)
{
  Deleted *deleted = dms_shim_alloc (sizeof *deleted);
  const char *group = find_group (cgroup);
  uint64_t total;

  deleted->device = device;
  if (group != NULL)
    add_group (deleted, group);
  else
    add_namespace (deleted, init_pid);
  total = deleted->total;
  free (deleted);
  return total;
}
