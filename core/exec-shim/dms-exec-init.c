/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

/* The first process inside a sandbox, linked statically so that it runs in any root file system. It restricts
 * itself, runs the provision scripts in order, then the job, and reports how they ended to the shim outside;
 * it also runs the commands of health checks, which so live under the same restrictions. When the job ends it
 * exits, and the kernel ends everything else in its process namespace. */

#include "dms-init-config.h"
#include "dms-init-landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum
{
  MAX_CONFIG = 64 * 1024 * 1024,
  MAX_PACKET = 128 * 1024,
  MAX_COMMANDS = 64,
};

typedef struct
{
  pid_t pid;
  unsigned id;
} Command;

typedef struct
{
  DmsInitConfig config;
  int socket;
  int signals;
  pid_t job;
  size_t next_script;
  bool in_script;
  bool begun;
  Command commands[MAX_COMMANDS];
  char packet[MAX_PACKET + 1];
} Init;

static void report (Init *self, const char *format, ...) __attribute__ ((format (printf, 2, 3)));

static void
report (Init *self, const char *format, ...)
{
  char text[512];
  va_list args;
  int length;

  va_start (args, format);
  length = vsnprintf (text, sizeof text, format, args);
  va_end (args);
  if (length > 0)
    (void) !send (self->socket, text, strlen (text), MSG_NOSIGNAL);
}

/* Scripts without a first line that names an interpreter run in the shell, as a shell itself would do it. */
static void
execute (Init *self, char *const *argv)
{
  char *const *env = self->config.env.count > 0 ? self->config.env.items : (char *[]){ NULL };

  environ = (char **) env;
  execvpe (argv[0], argv, env);
}

static void
limit (int resource, unsigned long long value)
{
  struct rlimit now;

  if (value == 0 || getrlimit (resource, &now) != 0)
    return;
  if (now.rlim_max != RLIM_INFINITY && now.rlim_max < value)
    value = now.rlim_max;
  now.rlim_cur = now.rlim_max = value;
  (void) setrlimit (resource, &now);
}

/* Starts a program of its own session. The result of exec comes through a pipe that closes when it succeeds:
 * *failure is its errno, or 0. */
static pid_t
spawn (Init *self, char *const *argv, int out, int err, int *failure)
{
  int report_pipe[2];
  pid_t pid;
  sigset_t none;

  *failure = 0;
  if (pipe2 (report_pipe, O_CLOEXEC) != 0)
    {
      *failure = errno;
      return -1;
    }
  pid = fork ();
  if (pid == 0)
    {
      (void) setsid ();
      sigemptyset (&none);
      (void) sigprocmask (SIG_SETMASK, &none, NULL);
      if (out >= 0)
        (void) dup2 (out, STDOUT_FILENO);
      if (err >= 0)
        (void) dup2 (err, STDERR_FILENO);
      limit (RLIMIT_DATA, self->config.data_limit);
      limit (RLIMIT_NPROC, self->config.process_limit);
      limit (RLIMIT_CORE, 1);
      if (self->config.directory == NULL || chdir (self->config.directory) == 0)
        execute (self, argv);
      *failure = errno;
      (void) !write (report_pipe[1], failure, sizeof *failure);
      _exit (127);
    }
  *failure = pid < 0 ? errno : 0;
  close (report_pipe[1]);
  if (pid > 0 && read (report_pipe[0], failure, sizeof *failure) != sizeof *failure)
    *failure = 0;
  close (report_pipe[0]);
  if (pid > 0 && *failure != 0)
    {
      (void) waitpid (pid, NULL, 0);
      pid = -1;
    }
  return pid;
}

static void
start_next (Init *self)
{
  int failure = 0;

  if (self->next_script < self->config.scripts.count)
    {
      char *argv[] = { self->config.scripts.items[self->next_script], NULL };

      self->in_script = true;
      report (self, "script %zu", self->next_script);
      self->job = spawn (self, argv, -1, -1, &failure);
      if (self->job > 0)
        return;
      report (self, "script-failed %zu %d", self->next_script, failure);
      _exit (1);
    }
  self->in_script = false;
  self->job = spawn (self, self->config.args.items, -1, -1, &failure);
  if (self->job > 0)
    {
      report (self, "job");
      return;
    }
  report (self, "job-failed %d", failure);
  _exit (1);
}

static void
main_ended (Init *self, int status)
{
  if (!self->in_script)
    {
      report (self, "job-end %d", status);
      _exit (0);
    }
  report (self, "script-end %zu %d", self->next_script, status);
  if (status != 0)
    _exit (1);
  self->next_script++;
  start_next (self);
}

static void
reap (Init *self)
{
  struct signalfd_siginfo info;
  int status;
  pid_t pid;

  (void) !read (self->signals, &info, sizeof info);
  while ((pid = waitpid (-1, &status, WNOHANG)) > 0)
    {
      if (pid == self->job)
        main_ended (self, status);
      for (size_t i = 0; i < MAX_COMMANDS; i++)
        if (self->commands[i].pid == pid)
          {
            (void) kill (-pid, SIGKILL);
            report (self, "exec-end %u %d", self->commands[i].id, status);
            self->commands[i].pid = 0;
          }
    }
}

static void
run_command (Init *self, char *text, size_t length, const int fds[2])
{
  unsigned id = (unsigned) strtoul (text + strlen ("exec "), NULL, 10);
  size_t at = strlen (text) + 1;
  DmsInitConfig parsed;
  int failure = EAGAIN;
  pid_t pid = -1;
  size_t slot = 0;

  while (slot < MAX_COMMANDS && self->commands[slot].pid != 0)
    slot++;
  if (at >= length || !dms_init_config_parse (&parsed, text + at, length - at))
    failure = EINVAL;
  else if (slot < MAX_COMMANDS)
    {
      pid = spawn (self, parsed.args.items, fds[0], fds[1], &failure);
      free (parsed.args.items);
    }
  if (pid <= 0)
    {
      report (self, "exec-failed %u %d", id, failure);
      return;
    }
  self->commands[slot] = (Command){ .pid = pid, .id = id };
}

static void
kill_command (Init *self, unsigned id)
{
  for (size_t i = 0; i < MAX_COMMANDS; i++)
    if (self->commands[i].pid > 0 && self->commands[i].id == id)
      (void) kill (-self->commands[i].pid, SIGKILL);
}

/* One packet of the shim; its end means that the shim is gone, and the job goes with it. */
static void
listen_to_shim (Init *self)
{
  char *text = self->packet;
  union
  {
    struct cmsghdr header;
    char space[CMSG_SPACE (2 * sizeof (int))];
  } control;
  struct iovec vector = { .iov_base = text, .iov_len = MAX_PACKET };
  struct msghdr message = {
    .msg_iov = &vector, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control
  };
  int fds[2] = { -1, -1 };
  ssize_t length = recvmsg (self->socket, &message, MSG_CMSG_CLOEXEC);
  const struct cmsghdr *header = CMSG_FIRSTHDR (&message);

  if (length == 0 || (length < 0 && errno != EINTR && errno != EAGAIN))
    _exit (1);
  if (length < 0)
    return;
  text[length] = '\0';
  if (header != NULL && header->cmsg_type == SCM_RIGHTS && header->cmsg_len == CMSG_LEN (sizeof fds))
    memcpy (fds, CMSG_DATA (header), sizeof fds);
  if (strcmp (text, "begin") == 0 && !self->begun)
    {
      self->begun = true;
      start_next (self);
    }
  else if (strncmp (text, "exec ", 5) == 0)
    run_command (self, text, (size_t) length, fds);
  else if (strncmp (text, "exec-kill ", 10) == 0)
    kill_command (self, (unsigned) strtoul (text + 10, NULL, 10));
  else if (strncmp (text, "signal-all ", 11) == 0)
    (void) kill (-1, atoi (text + 11));
  else if (strncmp (text, "signal ", 7) == 0 && self->job > 0)
    (void) kill (-self->job, atoi (text + 7));
  if (fds[0] >= 0)
    close (fds[0]);
  if (fds[1] >= 0)
    close (fds[1]);
}

static void
give_up (Init *self, const char *what)
{
  report (self, "setup-failed %s: %s", what, strerror (errno));
  _exit (1);
}

static void
read_config (Init *self, int fd)
{
  DmsShimBuffer bytes = { 0 };

  if (!dms_shim_read_all (fd, &bytes, MAX_CONFIG))
    give_up (self, "cannot read what to run");
  close (fd);
  if (!dms_init_config_parse (&self->config, bytes.data, bytes.length))
    {
      errno = EBADMSG;
      give_up (self, "cannot read what to run");
    }
}

/* Nothing but this end of the socket is left open, and that only in this process. */
static void
close_others (Init *self)
{
  if (self->socket != 3)
    {
      (void) dup3 (self->socket, 3, O_CLOEXEC);
      close (self->socket);
      self->socket = 3;
    }
  (void) fcntl (self->socket, F_SETFD, FD_CLOEXEC);
  if (syscall (SYS_close_range, 4U, ~0U, 0U) != 0)
    for (int fd = 4; fd < 1024; fd++)
      close (fd);
}

int
main (int argc, char *argv[])
{
  Init *self = dms_shim_alloc (sizeof *self);
  sigset_t all;

  if (argc != 3 || getpid () != 1)
    {
      fputs ("dms-exec-init is the first process of a job's sandbox; it is of no use by itself\n", stderr);
      return 64;
    }
  self->socket = atoi (argv[1]);
  (void) prctl (PR_SET_DUMPABLE, 0, 0, 0, 0);
  read_config (self, atoi (argv[2]));
  close_others (self);
  umask (022);
  sigfillset (&all);
  (void) sigprocmask (SIG_SETMASK, &all, NULL);
  sigemptyset (&all);
  sigaddset (&all, SIGCHLD);
  self->signals = signalfd (-1, &all, SFD_CLOEXEC | SFD_NONBLOCK);
  if (self->signals < 0)
    give_up (self, "cannot watch the job");
  if (!dms_init_landlock_restrict (self->config.writable.items, self->config.writable.count))
    give_up (self, "cannot restrict the job with Landlock");
  /* The shim answers when the limits hold that were not to slow down the making of the sandbox. */
  report (self, "hello");
  while (true)
    {
      struct pollfd polled[] = { { .fd = self->signals, .events = POLLIN },
                                 { .fd = self->socket, .events = POLLIN } };

      if (poll (polled, 2, -1) < 0 && errno != EINTR)
        _exit (1);
      if (polled[0].revents != 0)
        reap (self);
      if (polled[1].revents != 0)
        listen_to_shim (self);
    }
}
