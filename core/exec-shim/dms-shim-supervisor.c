/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-shim-supervisor.h"
#include "dms-shim-command.h"
#include "dms-shim-control.h"
#include "dms-shim-disk.h"
#include "dms-shim-lease.h"
#include "dms-shim-proc.h"
#include "dms-shim-sandbox.h"
#include "dms-shim-status.h"
#include "dms-shim-stream.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum
{
  MAX_COMMANDS = 64,
  /* Bubblewrap's outer process and the first one inside count too. */
  OWN_PROCESSES = 2,
  DISK_INTERVAL_US = 250 * 1000,
  DISK_INTERVAL_MAX_US = 1000 * 1000,
  DISK_SHARE = 20,
  ORDERLY_GRACE_MS = 5000,
  SAMPLE_US = 100 * 1000,
};

typedef struct
{
  DmsShimSpec *spec;
  DmsShimCgroup cgroup;
  DmsShimSandbox sandbox;
  DmsShimControl control;
  DmsShimStatus status;
  DmsShimStream out;
  DmsShimStream err;
  DmsShimCommand *commands[MAX_COMMANDS];
  unsigned last_command;
  int state_fd;
  int signals;
  int notify;
  /* Gets readable when the lease has to be looked at; -1 for a job that may run without one. */
  int lease_timer;
  bool lease_over;
  bool greeted;
  bool stop_requested;
  bool killed;
  bool out_of_disk;
  int64_t kill_at_us;
  int64_t disk_at_us;
  int64_t disk_interval_us;
  /* The last reading of the CPU time, for the present load. */
  int64_t sample_us;
  uint64_t sample_cpu_us;
  struct rusage rusage;
} Shim;

static int64_t
now_us (clockid_t clock)
{
  struct timespec now;

  clock_gettime (clock, &now);
  return (int64_t) now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void
notify (Shim *self, const char *word, const char *text)
{
  char *line;

  if (self->notify < 0)
    return;
  line = dms_shim_printf ("%s%s%s\n", word, text != NULL ? " " : "", text != NULL ? text : "");
  (void) !send (self->notify, line, strlen (line), MSG_NOSIGNAL);
  free (line);
  close (self->notify);
  self->notify = -1;
}

static void
set_phase (Shim *self, DmsShimPhase phase)
{
  if (self->status.phase == phase)
    return;
  self->status.phase = phase;
  (void) dms_shim_status_write (&self->status, self->state_fd);
  dms_shim_control_announce (&self->control, dms_shim_phase_get_name (phase));
}

/* The first reason counts. */
static void
set_reason (Shim *self, const char *reason, int exit_code, char *message)
{
  if (self->status.reason != NULL)
    {
      free (message);
      return;
    }
  self->status.reason = reason;
  self->status.exit_code = exit_code;
  self->status.message = message;
}

static void
kill_job (Shim *self)
{
  self->killed = true;
  if (self->status.init_pid > 0)
    kill (self->status.init_pid, SIGKILL);
  else if (self->sandbox.pid > 0)
    kill (self->sandbox.pid, SIGKILL);
  /* What is frozen cannot die under version 1. */
  (void) dms_shim_cgroup_freeze (&self->cgroup, false);
}

static void
tell_init (Shim *self, const char *format, int number)
{
  char *text = dms_shim_printf ("%s %d", format, number);

  (void) !send (self->sandbox.socket, text, strlen (text) + 1, MSG_NOSIGNAL | MSG_DONTWAIT);
  free (text);
}

static void
stop (Shim *self, unsigned long grace_ms)
{
  const int64_t at = now_us (CLOCK_MONOTONIC) + (int64_t) grace_ms * 1000;

  self->stop_requested = true;
  if (grace_ms == 0 || !self->greeted)
    {
      kill_job (self);
      return;
    }
  if (self->kill_at_us == 0 || at < self->kill_at_us)
    self->kill_at_us = at;
  tell_init (self, "signal", SIGTERM);
  if (self->status.phase == DMS_SHIM_PHASE_PAUSED)
    {
      (void) dms_shim_cgroup_freeze (&self->cgroup, false);
      tell_init (self, "signal-all", SIGCONT);
      set_phase (self, DMS_SHIM_PHASE_RUNNING);
    }
}

/* There is nobody to ask: what the file says counts, and a file that cannot be read says that it is over. */
static bool
take_lease (Shim *self)
{
  DmsShimLease lease = { 0 };
  int64_t now;

  if (dms_shim_lease_read (&lease, self->spec->lease) && lease.end_us > dms_shim_lease_now_us () &&
      dms_shim_lease_set_timer (self->lease_timer, lease.end_us))
    return true;
  now = dms_shim_lease_now_us ();
  self->lease_over = true;
  if (self->sandbox.pid <= 0)
    return false;
  /* The machine may sleep through the grace period, which the other clock would not notice. */
  if (lease.kill_us > now && dms_shim_lease_set_timer (self->lease_timer, lease.kill_us))
    stop (self, (unsigned long) (lease.kill_us - now) / 1000 + 1);
  else
    stop (self, 0);
  return false;
}

static void
on_lease_timer (Shim *self)
{
  uint64_t times;

  (void) !read (self->lease_timer, &times, sizeof times);
  if (self->lease_over)
    kill_job (self);
  /* What has ended by itself has not been ended by this. */
  else if (self->status.reason == NULL)
    (void) take_lease (self);
}

static void
end_by_status (Shim *self, int status)
{
  if (WIFEXITED (status))
    set_reason (self, "exited", WEXITSTATUS (status), NULL);
  else if (WIFSIGNALED (status))
    set_reason (
        self,
        "signalled",
        128 + WTERMSIG (status),
        dms_shim_printf ("killed by signal %d (%s)", WTERMSIG (status), strsignal (WTERMSIG (status))));
}

static const char *
get_script_name (Shim *self, size_t index)
{
  return index < self->spec->n_scripts ? self->spec->scripts[index].name : "?";
}

static void
script_ended (Shim *self, size_t index, int status)
{
  const char *name = get_script_name (self, index);

  if (WIFEXITED (status) && WEXITSTATUS (status) != 0)
    set_reason (
        self,
        "script_failed",
        WEXITSTATUS (status),
        dms_shim_printf ("provision script “%s” failed with exit code %d", name, WEXITSTATUS (status)));
  else if (WIFSIGNALED (status))
    set_reason (self,
                "script_failed",
                128 + WTERMSIG (status),
                dms_shim_printf ("provision script “%s” was killed by signal %d (%s)",
                                 name,
                                 WTERMSIG (status),
                                 strsignal (WTERMSIG (status))));
}

static void
announce_running (Shim *self)
{
  if (self->status.phase != DMS_SHIM_PHASE_STARTING)
    return;
  self->status.started_us = now_us (CLOCK_REALTIME);
  self->sample_us = now_us (CLOCK_MONOTONIC);
  set_phase (self, DMS_SHIM_PHASE_RUNNING);
  notify (self, "running", NULL);
}

static void
finish_command (Shim *self, unsigned id, int status)
{
  DmsShimClient *client = dms_shim_control_find (&self->control, id);

  for (size_t i = 0; i < MAX_COMMANDS; i++)
    {
      DmsShimCommand *command = self->commands[i];

      if (command == NULL || command->id != id)
        continue;
      dms_shim_command_pump (command);
      if (client != NULL && command->timed_out)
        dms_shim_control_reply (client,
                                "error timed-out the command did not end within %.1f s\n",
                                (double) command->timeout_ms / 1000.0);
      else if (client != NULL)
        {
          dms_shim_control_reply (client,
                                  "result %d %zu %zu\n",
                                  WIFEXITED (status) ? WEXITSTATUS (status) : 128 + WTERMSIG (status),
                                  command->out_bytes.length,
                                  command->err_bytes.length);
          dms_shim_buffer_append (&client->out, command->out_bytes.data, command->out_bytes.length);
          dms_shim_buffer_append (&client->out, command->err_bytes.data, command->err_bytes.length);
        }
      if (client != NULL)
        client->command = 0;
      dms_shim_command_free (command);
      self->commands[i] = NULL;
    }
}

static void
fail_command (Shim *self, unsigned id, int failure)
{
  DmsShimClient *client = dms_shim_control_find (&self->control, id);

  for (size_t i = 0; i < MAX_COMMANDS; i++)
    if (self->commands[i] != NULL && self->commands[i]->id == id)
      {
        dms_shim_command_free (self->commands[i]);
        self->commands[i] = NULL;
      }
  if (client == NULL)
    return;
  dms_shim_control_reply (client,
                          "error %s cannot run the command in the job: %s\n",
                          failure == ENOENT ? "not-found" : "failed",
                          strerror (failure));
  client->command = 0;
}

/* Making a sandbox takes some milliseconds of a processor, which is most of a second for a job that is given
 * a hundredth of one. So the limit is set when the sandbox stands, and nothing of the job runs before. */
static void
begin_job (Shim *self)
{
  char *error = NULL;

  self->greeted = true;
  if (self->spec->cpu_quota_us > 0 &&
      !dms_shim_cgroup_set_cpu (&self->cgroup, self->spec->cpu_quota_us, &error))
    {
      set_reason (self, "launch_failed", -1, error);
      kill_job (self);
      return;
    }
  (void) !send (self->sandbox.socket, "begin", sizeof "begin", MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void
take_report (Shim *self, char *text)
{
  unsigned number = 0;
  int value = 0;

  if (strcmp (text, "hello") == 0)
    begin_job (self);
  else if (strncmp (text, "setup-failed ", 13) == 0)
    set_reason (self, "launch_failed", -1, dms_shim_strdup (text + 13));
  else if (sscanf (text, "script-end %u %d", &number, &value) == 2)
    script_ended (self, number, value);
  else if (sscanf (text, "script-failed %u %d", &number, &value) == 2)
    set_reason (self,
                "script_failed",
                126,
                dms_shim_printf ("cannot start provision script “%s”: %s",
                                 get_script_name (self, number),
                                 strerror (value)));
  else if (sscanf (text, "script %u", &number) == 1 || strcmp (text, "job") == 0)
    announce_running (self);
  else if (sscanf (text, "job-failed %d", &value) == 1)
    set_reason (self,
                "launch_failed",
                -1,
                dms_shim_printf ("cannot start “%s”: %s", self->spec->args[0], strerror (value)));
  else if (sscanf (text, "job-end %d", &value) == 1)
    end_by_status (self, value);
  else if (sscanf (text, "exec-end %u %d", &number, &value) == 2)
    finish_command (self, number, value);
  else if (sscanf (text, "exec-failed %u %d", &number, &value) == 2)
    fail_command (self, number, value);
}

/* One packet of the sandbox's first process; false when none is left. */
static bool
hear_init (Shim *self)
{
  char text[1024];
  union
  {
    struct cmsghdr header;
    char space[CMSG_SPACE (sizeof (struct ucred))];
  } control;
  struct iovec vector = { .iov_base = text, .iov_len = sizeof text - 1 };
  struct msghdr message = {
    .msg_iov = &vector, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control
  };
  const struct cmsghdr *header;
  ssize_t length;

  /* A reset says that the other end left packets unread when it ended; its own are still there. */
  do
    length = recvmsg (self->sandbox.socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  while (length < 0 && (errno == EINTR || errno == ECONNRESET));
  if (length <= 0)
    return false;
  text[length] = '\0';
  header = CMSG_FIRSTHDR (&message);
  if (self->status.init_pid == 0 && header != NULL && header->cmsg_type == SCM_CREDENTIALS)
    {
      struct ucred sender;

      memcpy (&sender, CMSG_DATA (header), sizeof sender);
      self->status.init_pid = sender.pid;
    }
  take_report (self, text);
  return true;
}

static void
read_usage (Shim *self)
{
  DmsShimCgroupUsage usage;
  uint64_t own = OWN_PROCESSES;
  const int64_t now = now_us (CLOCK_MONOTONIC);

  dms_shim_cgroup_read_usage (&self->cgroup, &usage);
  if (!dms_shim_cgroup_layout_can_freeze (&self->cgroup.layout))
    {
      dms_shim_proc_read_usage (self->status.init_pid, &usage);
      /* The outer process of bubblewrap is not in that sum. */
      own = OWN_PROCESSES - 1;
    }
  if (usage.memory_peak_bytes < usage.memory_bytes)
    usage.memory_peak_bytes = usage.memory_bytes;
  if (usage.cpu_time_us > 0)
    self->status.cpu_time_us = usage.cpu_time_us;
  self->status.memory_bytes = usage.memory_bytes;
  if (self->status.memory_peak_bytes < usage.memory_peak_bytes)
    self->status.memory_peak_bytes = usage.memory_peak_bytes;
  self->status.memory_limit_bytes = self->spec->memory_bytes;
  self->status.pids = usage.pids > own ? usage.pids - own : 0;
  if (now - self->sample_us >= SAMPLE_US && usage.cpu_time_us >= self->sample_cpu_us)
    {
      self->status.cpu_percent =
          100.0 * (double) (usage.cpu_time_us - self->sample_cpu_us) / (double) (now - self->sample_us);
      self->sample_us = now;
      self->sample_cpu_us = usage.cpu_time_us;
    }
}

/* At most a twentieth of the time goes into counting, and less while nothing changes. */
static void
check_disk (Shim *self)
{
  const int64_t start = now_us (CLOCK_MONOTONIC);
  const uint64_t before = self->status.disk_bytes;
  struct stat info;
  uint64_t bytes = dms_shim_disk_measure (self->state_fd, "home");
  int64_t least;

  if (self->sandbox.pid > 0 && bytes != UINT64_MAX && fstat (self->state_fd, &info) == 0)
    bytes += dms_shim_proc_measure_deleted (&self->cgroup, self->status.init_pid, info.st_dev);
  self->status.disk_bytes = bytes;
  least = (now_us (CLOCK_MONOTONIC) - start) * DISK_SHARE;
  self->disk_interval_us = bytes == before ? self->disk_interval_us * 2 : DISK_INTERVAL_US;
  if (self->disk_interval_us > DISK_INTERVAL_MAX_US)
    self->disk_interval_us = DISK_INTERVAL_MAX_US;
  if (self->disk_interval_us < DISK_INTERVAL_US)
    self->disk_interval_us = DISK_INTERVAL_US;
  self->disk_at_us = start + (least > self->disk_interval_us ? least : self->disk_interval_us);
  if (self->spec->disk_bytes == 0 || self->status.disk_bytes <= self->spec->disk_bytes)
    return;
  self->out_of_disk = true;
  if (self->sandbox.pid > 0)
    kill_job (self);
}

static void
request_pause (Shim *self, DmsShimClient *client, bool pause_it)
{
  const DmsShimPhase from = pause_it ? DMS_SHIM_PHASE_RUNNING : DMS_SHIM_PHASE_PAUSED;

  if (self->status.phase != from)
    {
      dms_shim_control_reply (
          client, "error wrong-state the job is %s\n", dms_shim_phase_get_name (self->status.phase));
      return;
    }
  if (!dms_shim_cgroup_layout_can_freeze (&self->cgroup.layout))
    tell_init (self, "signal-all", pause_it ? SIGSTOP : SIGCONT);
  else if (!dms_shim_cgroup_freeze (&self->cgroup, pause_it))
    {
      dms_shim_control_reply (client, "error failed cannot freeze the job: %s\n", strerror (errno));
      return;
    }
  set_phase (self, pause_it ? DMS_SHIM_PHASE_PAUSED : DMS_SHIM_PHASE_RUNNING);
  dms_shim_control_reply (client, "ok\n");
}

static void
request_usage (Shim *self, DmsShimClient *client)
{
  read_usage (self);
  if (now_us (CLOCK_MONOTONIC) >= self->disk_at_us)
    check_disk (self);
  dms_shim_control_reply (client,
                          "ok cpu_percent=%.2f cpu_time_us=%llu memory_bytes=%llu memory_peak_bytes=%llu "
                          "memory_limit_bytes=%llu disk_bytes=%llu pids=%llu\n",
                          self->status.cpu_percent,
                          (unsigned long long) self->status.cpu_time_us,
                          (unsigned long long) self->status.memory_bytes,
                          (unsigned long long) self->status.memory_peak_bytes,
                          (unsigned long long) self->status.memory_limit_bytes,
                          (unsigned long long) self->status.disk_bytes,
                          (unsigned long long) self->status.pids);
}

static void
request_exec (Shim *self, DmsShimClient *client, const char *line, const char *blob, size_t length)
{
  const unsigned long timeout_ms = strtoul (line + strlen ("exec "), NULL, 10);
  char *error = NULL;
  size_t slot = 0;

  while (slot < MAX_COMMANDS && self->commands[slot] != NULL)
    slot++;
  if (self->status.phase != DMS_SHIM_PHASE_RUNNING)
    dms_shim_control_reply (
        client, "error wrong-state the job is %s\n", dms_shim_phase_get_name (self->status.phase));
  else if (slot == MAX_COMMANDS)
    dms_shim_control_reply (client, "error busy %d commands run in the job already\n", MAX_COMMANDS);
  else
    {
      self->commands[slot] =
          dms_shim_command_start (self->sandbox.socket, ++self->last_command, blob, length, &error);
      if (self->commands[slot] == NULL)
        dms_shim_control_reply (client, "error failed cannot run the command in the job: %s\n", error);
      else
        {
          client->command = self->last_command;
          self->commands[slot]->timeout_ms = timeout_ms;
          if (timeout_ms > 0)
            self->commands[slot]->deadline_us = now_us (CLOCK_MONOTONIC) + (int64_t) timeout_ms * 1000;
        }
    }
  free (error);
}

static void
on_request (void *data, DmsShimClient *client, char *line, char *blob, size_t blob_length)
{
  Shim *self = data;

  if (strcmp (line, "watch") == 0)
    {
      client->watching = true;
      dms_shim_control_reply (client, "state %s\n", dms_shim_phase_get_name (self->status.phase));
    }
  else if (strncmp (line, "stop ", 5) == 0)
    {
      stop (self, strtoul (line + 5, NULL, 10));
      dms_shim_control_reply (client, "ok\n");
    }
  else if (strcmp (line, "pause") == 0)
    request_pause (self, client, true);
  else if (strcmp (line, "resume") == 0)
    request_pause (self, client, false);
  else if (strcmp (line, "usage") == 0)
    request_usage (self, client);
  else if (strncmp (line, "exec ", 5) == 0)
    request_exec (self, client, line, blob, blob_length);
  else
    dms_shim_control_reply (client, "error not-supported unknown request\n");
}

/* Nobody waits for the command any more. */
static void
on_gone (void *data, DmsShimClient *client)
{
  Shim *self = data;

  for (size_t i = 0; i < MAX_COMMANDS; i++)
    if (self->commands[i] != NULL && self->commands[i]->id == client->command)
      dms_shim_command_kill (self->commands[i], self->sandbox.socket);
}

/* Child exits, and requests of the machine to end. False once the sandbox is gone. */
static bool
take_signal (Shim *self)
{
  struct signalfd_siginfo info;
  int status;

  if (read (self->signals, &info, sizeof info) != sizeof info)
    return true;
  if (info.ssi_signo != SIGCHLD)
    {
      stop (self, ORDERLY_GRACE_MS);
      return true;
    }
  while (true)
    {
      struct rusage usage;
      pid_t pid = wait4 (-1, &status, WNOHANG, &usage);

      if (pid <= 0)
        return true;
      if (pid != self->sandbox.pid)
        continue;
      self->sandbox.pid = -1;
      self->rusage = usage;
      return false;
    }
}

static void
take_deadlines (Shim *self)
{
  const int64_t now = now_us (CLOCK_MONOTONIC);

  if (self->kill_at_us > 0 && now >= self->kill_at_us)
    {
      self->kill_at_us = 0;
      kill_job (self);
    }
  if (self->spec->disk_bytes > 0 && now >= self->disk_at_us && self->status.phase == DMS_SHIM_PHASE_RUNNING)
    check_disk (self);
  for (size_t i = 0; i < MAX_COMMANDS; i++)
    if (self->commands[i] != NULL && self->commands[i]->deadline_us > 0 &&
        now >= self->commands[i]->deadline_us)
      {
        self->commands[i]->deadline_us = 0;
        self->commands[i]->timed_out = true;
        dms_shim_command_kill (self->commands[i], self->sandbox.socket);
      }
}

static int
get_timeout_ms (const Shim *self)
{
  int64_t next = INT64_MAX;
  const int64_t now = now_us (CLOCK_MONOTONIC);

  if (self->kill_at_us > 0)
    next = self->kill_at_us;
  if (self->spec->disk_bytes > 0 && self->status.phase == DMS_SHIM_PHASE_RUNNING && self->disk_at_us < next)
    next = self->disk_at_us;
  for (size_t i = 0; i < MAX_COMMANDS; i++)
    if (self->commands[i] != NULL && self->commands[i]->deadline_us > 0 &&
        self->commands[i]->deadline_us < next)
      next = self->commands[i]->deadline_us;
  if (next == INT64_MAX)
    return -1;
  return next <= now ? 0 : (int) ((next - now) / 1000) + 1;
}

static void
add_polled (struct pollfd *polled, size_t *count, int fd)
{
  polled[(*count)++] = (struct pollfd){ .fd = fd, .events = POLLIN };
}

static void
run (Shim *self)
{
  struct pollfd polled[5 + 2 * MAX_COMMANDS + DMS_SHIM_MAX_CLIENTS + 1];
  bool alive = true;

  while (alive)
    {
      size_t count = 0;
      size_t clients;

      add_polled (polled, &count, self->signals);
      add_polled (polled, &count, self->sandbox.socket);
      add_polled (polled, &count, self->out.in);
      add_polled (polled, &count, self->err.in);
      add_polled (polled, &count, self->lease_timer);
      for (size_t i = 0; i < MAX_COMMANDS; i++)
        if (self->commands[i] != NULL)
          {
            add_polled (polled, &count, self->commands[i]->out);
            add_polled (polled, &count, self->commands[i]->err);
          }
      clients = dms_shim_control_prepare (&self->control, polled + count);
      if (poll (polled, count + clients, get_timeout_ms (self)) < 0)
        continue;
      if (polled[2].revents != 0 && !dms_shim_stream_pump (&self->out))
        {
          close (self->out.in);
          self->out.in = -1;
        }
      if (polled[3].revents != 0 && !dms_shim_stream_pump (&self->err))
        {
          close (self->err.in);
          self->err.in = -1;
        }
      for (size_t i = 0; i < MAX_COMMANDS; i++)
        if (self->commands[i] != NULL)
          dms_shim_command_pump (self->commands[i]);
      if (polled[1].revents != 0 && !hear_init (self) && (polled[1].revents & POLLHUP) &&
          self->sandbox.socket >= 0)
        {
          close (self->sandbox.socket);
          self->sandbox.socket = -1;
        }
      take_deadlines (self);
      if (polled[4].revents != 0)
        on_lease_timer (self);
      dms_shim_control_dispatch (&self->control, polled + count, clients);
      if (polled[0].revents != 0)
        alive = take_signal (self);
    }
}

/* Everything in the sandbox is dead: what it wrote is in the pipes. */
static void
drain (Shim *self)
{
  while (self->sandbox.socket >= 0 && hear_init (self))
    continue;
  for (int i = 0; i < 64 && self->out.in >= 0 && dms_shim_stream_pump (&self->out); i++)
    continue;
  for (int i = 0; i < 64 && self->err.in >= 0 && dms_shim_stream_pump (&self->err); i++)
    continue;
}

static void
override_reason (Shim *self, const char *reason, char *message)
{
  const int exit_code = self->status.reason != NULL ? self->status.exit_code : 128 + SIGKILL;

  free (self->status.message);
  self->status.message = NULL;
  self->status.reason = NULL;
  set_reason (self, reason, exit_code, message);
}

static char *
describe_limit (const char *format, uint64_t bytes)
{
  char *size = dms_shim_format_size (bytes);
  char *text = dms_shim_printf ("%s limit of %s exceeded", format, size);

  free (size);
  return text;
}

/* What the outer process said last, without its name. */
static char *
describe_set_up (Shim *self)
{
  const char *text = self->err.head;
  size_t length =
      self->err.head_length < sizeof self->err.head ? self->err.head_length : sizeof self->err.head - 1;

  self->err.head[length] = '\0';
  while (length > 0 && self->err.head[length - 1] == '\n')
    self->err.head[--length] = '\0';
  if (strncmp (text, "bwrap: ", 7) == 0)
    text += 7;
  return dms_shim_printf ("cannot set up the sandbox: %s", *text != '\0' ? text : "it ended at once");
}

static void
decide (Shim *self, const DmsShimCgroupUsage *usage)
{
  if (self->status.reason == NULL && !self->greeted && !self->killed)
    set_reason (self, "launch_failed", -1, describe_set_up (self));
  if (self->status.reason == NULL)
    set_reason (self, "signalled", 128 + SIGKILL, dms_shim_strdup ("killed from outside"));
  if (strcmp (self->status.reason, "launch_failed") == 0 && !self->killed)
    return;
  if (self->out_of_disk)
    override_reason (self, "out_of_disk", describe_limit ("disk", self->spec->disk_bytes));
  else if (self->lease_over)
    override_reason (
        self, "stopped", dms_shim_strdup ("its lease was over: its orchestrator did not renew it"));
  else if (self->stop_requested)
    override_reason (
        self,
        "stopped",
        dms_shim_strdup (self->killed ? "killed at the end of the grace period" : "stopped on request"));
  else if (usage->oom_kills > 0 && self->status.exit_code != 0)
    override_reason (self, "out_of_memory", describe_limit ("memory", self->spec->memory_bytes));
  else if (usage->pids_rejected > 0 && self->status.message == NULL)
    self->status.message = dms_shim_printf ("the limit of %llu processes refused %llu new ones",
                                            (unsigned long long) self->spec->pids,
                                            (unsigned long long) usage->pids_rejected);
}

static void
finish (Shim *self)
{
  DmsShimCgroupUsage usage;

  drain (self);
  if (self->greeted)
    check_disk (self);
  read_usage (self);
  dms_shim_cgroup_read_usage (&self->cgroup, &usage);
  if (usage.cpu_time_us == 0)
    self->status.cpu_time_us =
        (uint64_t) (self->rusage.ru_utime.tv_sec + self->rusage.ru_stime.tv_sec) * 1000000 +
        (uint64_t) (self->rusage.ru_utime.tv_usec + self->rusage.ru_stime.tv_usec);
  if (self->status.memory_peak_bytes == 0)
    self->status.memory_peak_bytes = (uint64_t) self->rusage.ru_maxrss * 1024;
  self->status.pids = 0;
  decide (self, &usage);
  dms_shim_cgroup_destroy (&self->cgroup);
  self->status.ended_us = now_us (CLOCK_REALTIME);
  if (self->status.phase == DMS_SHIM_PHASE_STARTING)
    {
      char *text =
          dms_shim_strdup (self->status.message != NULL ? self->status.message : self->status.reason);

      for (char *c = text; *c != '\0'; c++)
        if (*c == '\n')
          *c = ' ';
      set_phase (self, DMS_SHIM_PHASE_ENDED);
      notify (self, "failed", text);
      free (text);
    }
  else
    set_phase (self, DMS_SHIM_PHASE_ENDED);
  dms_shim_control_close (&self->control);
}

static bool
limit (Shim *self, char **error)
{
  DmsShimCgroup *cgroup = &self->cgroup;
  const DmsShimSpec *spec = self->spec;
  char *record = dms_shim_printf ("/proc/self/fd/%d/cgroups", self->state_fd);
  char *name = dms_shim_printf ("dms-%s", spec->execution_id);
  bool ok;

  dms_shim_cgroup_layout_find (&cgroup->layout);
  ok = dms_shim_cgroup_create (cgroup, name, record, error) &&
       (spec->memory_bytes == 0 || dms_shim_cgroup_set_memory (cgroup, spec->memory_bytes, error)) &&
       (spec->pids == 0 || dms_shim_cgroup_set_pids (cgroup, spec->pids + OWN_PROCESSES, error));
  free (name);
  free (record);
  return ok;
}

/* Looked at before anything of the job runs. */
static bool
begin_lease (Shim *self, char **error)
{
  if (self->spec->lease == NULL)
    return true;
  self->lease_timer = dms_shim_lease_open_timer ();
  if (self->lease_timer >= 0 && take_lease (self))
    return true;
  *error =
      self->lease_over
          ? dms_shim_printf ("the lease of the job, in “%s”, is over or cannot be read", self->spec->lease)
          : dms_shim_printf ("the lease of the job cannot be watched: %s", strerror (errno));
  return false;
}

static bool
start (Shim *self, char **error)
{
  sigset_t watched;
  bool ok;

  sigemptyset (&watched);
  sigaddset (&watched, SIGCHLD);
  sigaddset (&watched, SIGTERM);
  sigaddset (&watched, SIGINT);
  (void) sigprocmask (SIG_BLOCK, &watched, NULL);
  (void) signal (SIGPIPE, SIG_IGN);
  (void) signal (SIGHUP, SIG_IGN);
  (void) prctl (PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  self->signals = signalfd (-1, &watched, SFD_CLOEXEC | SFD_NONBLOCK);
  ok = self->signals >= 0 && dms_shim_status_write (&self->status, self->state_fd);
  if (!ok)
    *error = dms_shim_printf ("cannot write in “%s”: %s", self->spec->state_dir, strerror (errno));
  ok = ok && begin_lease (self, error) && dms_shim_control_open (&self->control, self->state_fd, error) &&
       limit (self, error) &&
       dms_shim_sandbox_start (&self->sandbox, self->spec, &self->cgroup, self->state_fd, error);
  if (ok && !(dms_shim_stream_open (
                  &self->out, self->sandbox.out, self->state_fd, "stdout.log", self->spec->log_bytes) &&
              dms_shim_stream_open (
                  &self->err, self->sandbox.err, self->state_fd, "stderr.log", self->spec->log_bytes)))
    {
      *error = dms_shim_printf ("cannot write the logs in “%s”: %s", self->spec->state_dir, strerror (errno));
      ok = false;
    }
  return ok;
}

int
dms_shim_supervise (DmsShimSpec *spec, int notify_fd)
{
  Shim *self = dms_shim_alloc (sizeof *self);
  char *error = NULL;

  self->spec = spec;
  self->notify = notify_fd;
  self->sandbox.socket = self->out.in = self->err.in = self->out.file = self->err.file = -1;
  self->lease_timer = -1;
  self->control = (DmsShimControl){ .listener = -1, .request = on_request, .gone = on_gone, .data = self };
  self->status =
      (DmsShimStatus){ .execution_id = spec->execution_id, .job_id = spec->job_id, .exit_code = -1 };
  self->state_fd = open (spec->state_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (self->state_fd < 0)
    error = dms_shim_printf ("cannot open “%s”: %s", spec->state_dir, strerror (errno));
  if (error == NULL && start (self, &error))
    run (self);
  else if (self->sandbox.pid > 0)
    {
      kill (self->sandbox.pid, SIGKILL);
      (void) waitpid (self->sandbox.pid, NULL, 0);
      self->sandbox.pid = -1;
    }
  if (error != NULL)
    set_reason (self, "launch_failed", -1, error);
  finish (self);
  return 0;
}
