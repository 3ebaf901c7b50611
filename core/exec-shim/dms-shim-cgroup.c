/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-shim-cgroup.h"
#include "dms-shim-cgroup-finder.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum
{
  CPU_PERIOD_US = 100000,
  SMALL_FILE = 65536,
  REMOVE_TRIES = 200,
};

static bool
write_knob (const char *directory, const char *file, const char *value)
{
  char *path = dms_shim_printf ("%s/%s", directory, file);
  bool ok = dms_shim_write_file (path, value);

  free (path);
  return ok;
}

static bool
write_number (const char *directory, const char *file, uint64_t value)
{
  char *text = dms_shim_printf ("%llu", (unsigned long long) value);
  bool ok = write_knob (directory, file, text);

  free (text);
  return ok;
}

static bool
fail (char **error, const char *what, const char *directory)
{
  *error = dms_shim_printf ("cannot set the %s limit in “%s”: %s", what, directory, strerror (errno));
  return false;
}

/* The number in a file of one number, or after a key in a file of `key number` lines; 0 when absent. */
static uint64_t
read_number (const char *directory, const char *file, const char *key)
{
  char *path = dms_shim_printf ("%s/%s", directory, file);
  DmsShimBuffer text = { 0 };
  uint64_t value = 0;

  if (dms_shim_read_file (path, &text, SMALL_FILE) && text.length > 0)
    {
      const char *at = text.data;

      while (key != NULL && at != NULL && !(strncmp (at, key, strlen (key)) == 0 && at[strlen (key)] == ' '))
        {
          at = strchr (at, '\n');
          at = at != NULL ? at + 1 : NULL;
        }
      if (at != NULL)
        value = strtoull (key != NULL ? at + strlen (key) + 1 : at, NULL, 10);
    }
  free (path);
  dms_shim_buffer_clear (&text);
  return value;
}

bool
dms_shim_cgroup_create (DmsShimCgroup *self, const char *name, const char *record_path, char **error)
{
  DmsShimBuffer record = { 0 };
  int fd;
  bool ok;

  for (int i = 0; i < DMS_SHIM_CGROUP_COUNT; i++)
    {
      if (self->layout.parents[i] == NULL)
        continue;
      self->paths[i] = dms_shim_printf ("%s/%s", self->layout.parents[i], name);
      dms_shim_buffer_append_printf (&record, "%s\n", self->paths[i]);
    }
  fd = open (record_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  ok = fd >= 0 && dms_shim_write_all (fd, record.data, record.length);
  if (!ok)
    *error = dms_shim_printf ("cannot write “%s”: %s", record_path, strerror (errno));
  if (fd >= 0)
    close (fd);
  dms_shim_buffer_clear (&record);
  for (int i = 0; ok && i < DMS_SHIM_CGROUP_COUNT; i++)
    {
      if (self->paths[i] == NULL || mkdir (self->paths[i], 0755) == 0 || errno == EEXIST)
        continue;
      *error = dms_shim_printf ("cannot make the control group “%s”: %s", self->paths[i], strerror (errno));
      ok = false;
    }
  return ok;
}

bool
dms_shim_cgroup_set_memory (DmsShimCgroup *self, uint64_t bytes, char **error)
{
  const char *v2 = self->paths[DMS_SHIM_CGROUP_UNIFIED];
  const char *v1 = self->paths[DMS_SHIM_CGROUP_MEMORY];

  if (self->layout.unified_memory)
    {
      if (!write_number (v2, "memory.max", bytes))
        return fail (error, "memory", v2);
      /* Absent where the kernel has no swap accounting. */
      (void) write_knob (v2, "memory.swap.max", "0");
      (void) write_knob (v2, "memory.oom.group", "1");
      return true;
    }
  if (v1 != NULL)
    {
      if (!write_number (v1, "memory.limit_in_bytes", bytes))
        return fail (error, "memory", v1);
      (void) write_number (v1, "memory.memsw.limit_in_bytes", bytes);
      (void) write_knob (v1, "memory.swappiness", "0");
    }
  return true;
}

bool
dms_shim_cgroup_set_cpu (DmsShimCgroup *self, uint64_t quota_us, char **error)
{
  const char *v2 = self->paths[DMS_SHIM_CGROUP_UNIFIED];
  const char *v1 = self->paths[DMS_SHIM_CGROUP_CPU];
  bool ok = true;

  if (self->layout.unified_cpu)
    {
      char *text = dms_shim_printf ("%llu %d", (unsigned long long) quota_us, CPU_PERIOD_US);

      ok = write_knob (v2, "cpu.max", text) || fail (error, "CPU", v2);
      free (text);
    }
  else if (v1 != NULL)
    ok = (write_number (v1, "cpu.cfs_period_us", CPU_PERIOD_US) &&
          write_number (v1, "cpu.cfs_quota_us", quota_us)) ||
         fail (error, "CPU", v1);
  return ok;
}

bool
dms_shim_cgroup_set_pids (DmsShimCgroup *self, uint64_t count, char **error)
{
  const char *directory =
      self->layout.unified_pids ? self->paths[DMS_SHIM_CGROUP_UNIFIED] : self->paths[DMS_SHIM_CGROUP_PIDS];

  if (directory == NULL)
    return true;
  return write_number (directory, "pids.max", count) || fail (error, "process", directory);
}

bool
dms_shim_cgroup_join (const DmsShimCgroup *self)
{
  for (int i = 0; i < DMS_SHIM_CGROUP_COUNT; i++)
    if (self->paths[i] != NULL && !write_knob (self->paths[i], "cgroup.procs", "0"))
      return false;
  return true;
}

bool
dms_shim_cgroup_freeze (const DmsShimCgroup *self, bool frozen)
{
  if (self->paths[DMS_SHIM_CGROUP_UNIFIED] != NULL)
    return write_knob (self->paths[DMS_SHIM_CGROUP_UNIFIED], "cgroup.freeze", frozen ? "1" : "0");
  if (self->paths[DMS_SHIM_CGROUP_FREEZER] != NULL)
    return write_knob (self->paths[DMS_SHIM_CGROUP_FREEZER], "freezer.state", frozen ? "FROZEN" : "THAWED");
  errno = ENOTSUP;
  return false;
}

void
dms_shim_cgroup_read_usage (const DmsShimCgroup *self, DmsShimCgroupUsage *usage)
{
  const char *v2 = self->paths[DMS_SHIM_CGROUP_UNIFIED];
  const char *memory = self->paths[DMS_SHIM_CGROUP_MEMORY];
  const char *pids = self->layout.unified_pids ? v2 : self->paths[DMS_SHIM_CGROUP_PIDS];

  memset (usage, 0, sizeof *usage);
  if (self->paths[DMS_SHIM_CGROUP_CPUACCT] != NULL)
    usage->cpu_time_us = read_number (self->paths[DMS_SHIM_CGROUP_CPUACCT], "cpuacct.usage", NULL) / 1000;
  else if (v2 != NULL)
    usage->cpu_time_us = read_number (v2, "cpu.stat", "usage_usec");
  if (self->layout.unified_memory)
    {
      usage->memory_bytes = read_number (v2, "memory.current", NULL);
      usage->memory_peak_bytes = read_number (v2, "memory.peak", NULL);
      usage->oom_kills = read_number (v2, "memory.events", "oom_kill");
    }
  else if (memory != NULL)
    {
      usage->memory_bytes = read_number (memory, "memory.usage_in_bytes", NULL);
      usage->memory_peak_bytes = read_number (memory, "memory.max_usage_in_bytes", NULL);
      usage->oom_kills = read_number (memory, "memory.oom_control", "oom_kill");
    }
  if (pids != NULL)
    {
      usage->pids = read_number (pids, "pids.current", NULL);
      usage->pids_rejected = read_number (pids, "pids.events", "max");
    }
}

static void
kill_members (const char *directory)
{
  char *path;
  DmsShimBuffer text = { 0 };

  if (write_knob (directory, "cgroup.kill", "1"))
    return;
  path = dms_shim_printf ("%s/cgroup.procs", directory);
  if (dms_shim_read_file (path, &text, 1024 * 1024) && text.length > 0)
    {
      char *saved = NULL;

      for (char *line = strtok_r (text.data, "\n", &saved); line != NULL;
           line = strtok_r (NULL, "\n", &saved))
        if (atoi (line) > 1)
          kill (atoi (line), SIGKILL);
    }
  free (path);
  dms_shim_buffer_clear (&text);
}

/* A group is busy for a moment after its last process was killed. */
static void
remove_directory (const char *directory)
{
  const struct timespec pause = { .tv_nsec = 5 * 1000 * 1000 };

  for (int i = 0; i < REMOVE_TRIES; i++)
    {
      if (rmdir (directory) == 0 || errno != EBUSY)
        return;
      kill_members (directory);
      (void) write_knob (directory, "cgroup.freeze", "0");
      (void) write_knob (directory, "freezer.state", "THAWED");
      nanosleep (&pause, NULL);
    }
}

void
dms_shim_cgroup_destroy (DmsShimCgroup *self)
{
  for (int i = 0; i < DMS_SHIM_CGROUP_COUNT; i++)
    {
      if (self->paths[i] != NULL)
        remove_directory (self->paths[i]);
      free (self->paths[i]);
      self->paths[i] = NULL;
    }
}

void
dms_shim_cgroup_destroy_recorded (const char *record_path)
{
  DmsShimBuffer text = { 0 };
  char *saved = NULL;

  if (!dms_shim_read_file (record_path, &text, SMALL_FILE) || text.length == 0)
    return;
  for (char *line = strtok_r (text.data, "\n", &saved); line != NULL; line = strtok_r (NULL, "\n", &saved))
    if (line[0] == '/' && strstr (line, "/" DMS_SHIM_CGROUP_PARENT "/") != NULL &&
        strstr (line, "..") == NULL && access (line, F_OK) == 0)
      remove_directory (line);
  dms_shim_buffer_clear (&text);
}
