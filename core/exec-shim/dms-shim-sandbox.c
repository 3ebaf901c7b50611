/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-shim-sandbox.h"
#include "dms-init-config.h"
#include "dms-shim-arguments.h"
#include "dms-shim-seccomp.h"
#include "dms-shim-stage.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum
{
  NOBODY = 65534,
  MAX_GROUPS = 32,
};

/* The sandbox's ends. */
typedef struct
{
  int args;
  int config;
  int socket;
  int out;
  int err;
} InheritedFds;

uid_t
dms_shim_sandbox_get_job_uid (void)
{
  return geteuid () == 0 ? NOBODY : geteuid ();
}

static bool
fail (char **error, const char *what)
{
  if (*error == NULL)
    *error = dms_shim_printf ("%s: %s", what, strerror (errno));
  return false;
}

/* The private home, made afresh, with the authorised keys in it. */
static bool
make_home (const DmsShimSpec *spec, int state_fd, char **error)
{
  const uid_t uid = dms_shim_sandbox_get_job_uid ();
  int fd;
  bool ok;

  if (mkdirat (state_fd, "home", 0700) != 0 && errno != EEXIST)
    return fail (error, "cannot make the home of the job");
  if (geteuid () == 0 && fchownat (state_fd, "home", uid, uid, AT_SYMLINK_NOFOLLOW) != 0)
    return fail (error, "cannot give the home to the job");
  if (spec->ssh_keys.length == 0)
    return true;
  if (mkdirat (state_fd, "home/.ssh", 0700) != 0 && errno != EEXIST)
    return fail (error, "cannot make “.ssh” in the home of the job");
  fd = openat (
      state_fd, "home/.ssh/authorized_keys", O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (fd < 0)
    return fail (error, "cannot write the authorised keys of the job");
  ok = dms_shim_write_all (fd, spec->ssh_keys.data, spec->ssh_keys.length);
  if (geteuid () == 0)
    ok = fchown (fd, uid, uid) == 0 && fchownat (state_fd, "home/.ssh", uid, uid, AT_SYMLINK_NOFOLLOW) == 0 &&
         ok;
  close (fd);
  return ok || fail (error, "cannot write the authorised keys of the job");
}

static void
add_config (DmsShimBuffer *config, DmsInitKind kind, const char *value)
{
  const char letter = (char) kind;

  dms_shim_buffer_append (config, &letter, 1);
  dms_shim_buffer_append_string (config, value);
}

static void
add_config_number (DmsShimBuffer *config, DmsInitKind kind, uint64_t value)
{
  char *text = dms_shim_printf ("%llu", (unsigned long long) value);

  add_config (config, kind, text);
  free (text);
}

/* What goes to the first process inside. Where no group can hold a limit, resource limits stand in for it. */
static int
open_config (const DmsShimSpec *spec, const DmsShimCgroup *cgroup)
{
  DmsShimBuffer config = { 0 };
  int fd;

  add_config (&config, DMS_INIT_DIRECTORY, spec->cwd != NULL ? spec->cwd : DMS_INIT_HOME);
  for (size_t i = 0; i < spec->n_args; i++)
    add_config (&config, DMS_INIT_ARGUMENT, spec->args[i]);
  for (size_t i = 0; i < spec->n_env; i++)
    add_config (&config, DMS_INIT_ENVIRONMENT, spec->env[i]);
  for (size_t i = 0; i < spec->n_scripts; i++)
    {
      char *path = dms_shim_printf ("%s/%03zu", DMS_INIT_SCRIPTS, i);

      add_config (&config, DMS_INIT_SCRIPT, path);
      free (path);
    }
  add_config (&config, DMS_INIT_WRITABLE, DMS_INIT_HOME);
  add_config (&config, DMS_INIT_WRITABLE, "/tmp");
  add_config (&config, DMS_INIT_WRITABLE, "/dev/shm");
  for (size_t i = 0; i < spec->n_binds; i++)
    if (!spec->binds[i].read_only)
      add_config (&config, DMS_INIT_WRITABLE, spec->binds[i].destination);
  if (spec->memory_bytes > 0 && !dms_shim_cgroup_layout_can_limit_memory (&cgroup->layout))
    add_config_number (&config, DMS_INIT_DATA_LIMIT, spec->memory_bytes);
  if (spec->pids > 0 && !dms_shim_cgroup_layout_can_limit_pids (&cgroup->layout))
    add_config_number (&config, DMS_INIT_PROCESS_LIMIT, spec->pids);
  fd = dms_shim_memfd ("job", config.data, config.length);
  explicit_bzero (config.data, config.length);
  dms_shim_buffer_clear (&config);
  return fd;
}

/* Devices of graphics cards belong to groups; the job's user is put in those. */
static size_t
find_groups (const DmsShimSpec *spec, gid_t *groups)
{
  size_t count = 0;

  for (size_t i = 0; i < spec->n_devices && count < MAX_GROUPS; i++)
    {
      struct stat info;

      if (stat (spec->devices[i], &info) == 0 && S_ISCHR (info.st_mode) && info.st_gid != 0)
        groups[count++] = info.st_gid;
    }
  return count;
}

static bool
become_nobody (const DmsShimSpec *spec)
{
  gid_t groups[MAX_GROUPS];
  size_t count = find_groups (spec, groups);

  return setgroups (count, groups) == 0 && setresgid (NOBODY, NOBODY, NOBODY) == 0 &&
         setresuid (NOBODY, NOBODY, NOBODY) == 0;
}

static void
say_and_exit (const char *what)
{
  char *text = dms_shim_printf ("%s: %s\n", what, strerror (errno));

  (void) dms_shim_write_all (STDERR_FILENO, text, strlen (text));
  _exit (126);
}

/* In the child; what goes wrong here is told through its error stream, like bubblewrap's own errors. */
static void
become_bwrap (const DmsShimSpec *spec,
              const DmsShimCgroup *cgroup,
              const DmsShimArguments *arguments,
              const DmsShimStage *stage,
              const InheritedFds *fds)
{
  char *args_text = dms_shim_printf ("%d", fds->args);
  char *socket_text = dms_shim_printf ("%d", fds->socket);
  char *config_text = dms_shim_printf ("%d", fds->config);
  const char *const argv[] = { "bwrap",          "--args",    args_text,   "--",
                               DMS_INIT_PROGRAM, socket_text, config_text, NULL };
  char *env[] = { NULL };
  const pid_t parent = getppid ();
  const char *oom = "500";
  sigset_t none;

  (void) dup2 (fds->err, STDERR_FILENO);
  (void) dup2 (fds->out, STDOUT_FILENO);
  sigemptyset (&none);
  (void) sigprocmask (SIG_SETMASK, &none, NULL);
  if (!dms_shim_cgroup_join (cgroup))
    say_and_exit ("cannot move the job into its control group");
  (void) umask (022);
  (void) dms_shim_write_file ("/proc/self/oom_score_adj", oom);
  if (geteuid () == 0)
    {
      const char *failed = dms_shim_stage_mount (stage);

      if (failed != NULL)
        say_and_exit (failed);
      if (!become_nobody (spec))
        say_and_exit ("cannot become the user of jobs");
    }
  /* A change of user clears this, and bubblewrap sets it only a little later. */
  (void) prctl (PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  if (getppid () != parent)
    _exit (126);
  for (size_t i = 0; i < arguments->n_fds; i++)
    (void) fcntl (arguments->fds[i], F_SETFD, 0);
  (void) fcntl (fds->args, F_SETFD, 0);
  (void) fcntl (fds->socket, F_SETFD, 0);
  (void) fcntl (fds->config, F_SETFD, 0);
  execve (spec->bwrap, (char *const *) argv, env);
  say_and_exit ("cannot start bubblewrap");
}

static void
close_if_open (int fd)
{
  if (fd >= 0)
    close (fd);
}

static bool
make_pipes (DmsShimSandbox *self, InheritedFds *fds, char **error)
{
  const int size = 4 * 1024 * 1024;
  const int yes = 1;
  int sockets[2];
  int out[2];
  int err[2];

  if (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) != 0)
    return fail (error, "cannot make a socket to the job");
  self->socket = sockets[0];
  fds->socket = sockets[1];
  if (pipe2 (out, O_CLOEXEC) != 0)
    return fail (error, "cannot make a pipe to the job");
  self->out = out[0];
  fds->out = out[1];
  if (pipe2 (err, O_CLOEXEC) != 0)
    return fail (error, "cannot make a pipe to the job");
  self->err = err[0];
  fds->err = err[1];
  (void) setsockopt (self->socket, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
  /* The kernel then tells the process ID of the sender as it is out here. */
  return setsockopt (self->socket, SOL_SOCKET, SO_PASSCRED, &yes, sizeof yes) == 0 ||
         fail (error, "cannot make a socket to the job");
}

bool
dms_shim_sandbox_start (DmsShimSandbox *self,
                        const DmsShimSpec *spec,
                        const DmsShimCgroup *cgroup,
                        int state_fd,
                        char **error)
{
  DmsShimArguments *arguments = dms_shim_alloc (sizeof *arguments);
  DmsShimStage stage = { 0 };
  InheritedFds fds = { -1, -1, -1, -1, -1 };
  int filter = dms_shim_seccomp_open ();
  bool ok = filter >= 0 || fail (error, "cannot make the filter of system calls");

  *self = (DmsShimSandbox){ .pid = -1, .socket = -1, .out = -1, .err = -1 };
  dms_shim_arguments_add_fd (arguments, filter);
  ok = ok && make_home (spec, state_fd, error) && make_pipes (self, &fds, error) &&
       dms_shim_arguments_compose (arguments, spec, &stage, filter, error);
  if (ok)
    {
      fds.config = open_config (spec, cgroup);
      fds.args = dms_shim_memfd ("arguments", arguments->text.data, arguments->text.length);
      ok = (fds.config >= 0 && fds.args >= 0) || fail (error, "cannot pass what to run");
    }
  if (ok)
    {
      self->pid = fork ();
      if (self->pid == 0)
        become_bwrap (spec, cgroup, arguments, &stage, &fds);
      ok = self->pid > 0 || fail (error, "cannot start a process");
    }
  close_if_open (fds.args);
  close_if_open (fds.config);
  close_if_open (fds.socket);
  close_if_open (fds.out);
  close_if_open (fds.err);
  dms_shim_arguments_clear (arguments);
  free (arguments);
  dms_shim_stage_clear (&stage);
  return ok;
}
