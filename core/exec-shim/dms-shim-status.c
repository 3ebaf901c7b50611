/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-shim-status.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *
dms_shim_phase_get_name (DmsShimPhase phase)
{
  static const char *const names[] = { "starting", "running", "paused", "ended" };

  return names[phase];
}

unsigned long long
dms_shim_status_read_start_time (pid_t pid)
{
  char *path = dms_shim_printf ("/proc/%d/stat", (int) pid);
  DmsShimBuffer text = { 0 };
  unsigned long long ticks = 0;

  if (pid > 0 && dms_shim_read_file (path, &text, 4096) && text.length > 0)
    {
      /* The second field is the name, in brackets, and may hold anything. */
      const char *at = strrchr (text.data, ')');

      for (int field = 2; at != NULL && field < 22; field++)
        at = strchr (at + 1, ' ');
      if (at != NULL)
        ticks = strtoull (at + 1, NULL, 10);
    }
  dms_shim_buffer_clear (&text);
  free (path);
  return ticks;
}

static void
add_text (DmsShimBuffer *json, const char *name, const char *value)
{
  dms_shim_buffer_append_printf (json, ",\"%s\":", name);
  dms_shim_buffer_append_json (json, value);
}

static void
add_number (DmsShimBuffer *json, const char *name, unsigned long long value)
{
  dms_shim_buffer_append_printf (json, ",\"%s\":%llu", name, value);
}

static void
add_identity (DmsShimBuffer *json, const DmsShimStatus *self)
{
  DmsShimBuffer boot = { 0 };

  if (dms_shim_read_file ("/proc/sys/kernel/random/boot_id", &boot, 256) && boot.length > 0)
    {
      boot.data[strcspn (boot.data, "\n")] = '\0';
      add_text (json, "boot_id", boot.data);
    }
  dms_shim_buffer_clear (&boot);
  add_number (json, "shim_pid", (unsigned long long) getpid ());
  add_number (json, "shim_start", dms_shim_status_read_start_time (getpid ()));
  if (self->init_pid > 0)
    {
      add_number (json, "init_pid", (unsigned long long) self->init_pid);
      add_number (json, "init_start", dms_shim_status_read_start_time (self->init_pid));
    }
}

static void
add_usage (DmsShimBuffer *json, const DmsShimStatus *self)
{
  dms_shim_buffer_append_printf (json, ",\"usage\":{\"cpu_percent\":%.2f", self->cpu_percent);
  add_number (json, "cpu_time_us", self->cpu_time_us);
  add_number (json, "memory_bytes", self->memory_bytes);
  add_number (json, "memory_peak_bytes", self->memory_peak_bytes);
  add_number (json, "memory_limit_bytes", self->memory_limit_bytes);
  add_number (json, "disk_bytes", self->disk_bytes);
  add_number (json, "pids", self->pids);
  dms_shim_buffer_append (json, "}", 1);
}

bool
dms_shim_status_write (const DmsShimStatus *self, int state_fd)
{
  DmsShimBuffer json = { 0 };
  bool ok;
  int fd;

  dms_shim_buffer_append_printf (&json, "{\"version\":1");
  add_text (&json, "phase", dms_shim_phase_get_name (self->phase));
  add_text (&json, "execution_id", self->execution_id);
  add_text (&json, "job_id", self->job_id != NULL ? self->job_id : "");
  add_identity (&json, self);
  add_number (&json, "started_us", (unsigned long long) self->started_us);
  if (self->reason != NULL)
    {
      add_number (&json, "ended_us", (unsigned long long) self->ended_us);
      add_text (&json, "reason", self->reason);
      dms_shim_buffer_append_printf (&json, ",\"exit_code\":%d", self->exit_code);
      if (self->message != NULL)
        add_text (&json, "message", self->message);
      add_usage (&json, self);
    }
  dms_shim_buffer_append (&json, "}\n", 2);
  fd = openat (state_fd, "status.json.new", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
  ok = fd >= 0 && dms_shim_write_all (fd, json.data, json.length);
  if (fd >= 0)
    close (fd);
  dms_shim_buffer_clear (&json);
  return ok && renameat (state_fd, "status.json.new", state_fd, "status.json") == 0;
}
