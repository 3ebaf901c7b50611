/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-shim-probe.h"
#include "dms-init-landlock.h"
#include "dms-shim-cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Runs bubblewrap as the user that jobs run as; its error text in *problem, empty when it worked. */
static void
try_sandbox (const char *bwrap, DmsShimBuffer *problem)
{
  const char *const argv[] = { "bwrap",
                               "--unshare-user",
                               "--unshare-pid",
                               "--unshare-net",
                               "--ro-bind",
                               "/",
                               "/",
                               "--as-pid-1",
                               "--",
                               "/bin/true",
                               NULL };
  char *env[] = { NULL };
  int err[2];
  pid_t pid;
  int status = 0;

  if (pipe2 (err, O_CLOEXEC) != 0)
    return;
  pid = fork ();
  if (pid == 0)
    {
      (void) dup2 (err[1], STDERR_FILENO);
      if (geteuid () != 0 || (setgroups (0, NULL) == 0 && setresgid (65534, 65534, 65534) == 0 &&
                              setresuid (65534, 65534, 65534) == 0))
        execve (bwrap, (char *const *) argv, env);
      fprintf (stderr, "cannot start “%s”: %s", bwrap, strerror (errno));
      fflush (stderr);
      _exit (126);
    }
  close (err[1]);
  (void) dms_shim_read_all (err[0], problem, 4096);
  close (err[0]);
  if (pid > 0)
    (void) waitpid (pid, &status, 0);
  dms_shim_buffer_append (problem, "", 1);
  problem->data[strcspn (problem->data, "\n")] = '\0';
  if (status == 0)
    problem->data[0] = '\0';
  else if (problem->data[0] == '\0')
    {
      problem->length = 0;
      dms_shim_buffer_append_string (problem, "bubblewrap failed without a word");
    }
}

static const char *
boolean (bool value)
{
  return value ? "true" : "false";
}

int
dms_shim_probe (const char *bwrap)
{
  DmsShimCgroupLayout layout;
  DmsShimBuffer problem = { 0 };
  DmsShimBuffer json = { 0 };

  dms_shim_cgroup_layout_find (&layout);
  try_sandbox (bwrap, &problem);
  dms_shim_buffer_append_printf (&json, "{\"version\":1,\"problem\":");
  dms_shim_buffer_append_json (&json, problem.length > 0 ? problem.data : "");
  dms_shim_buffer_append_printf (
      &json,
      ",\"memory\":%s,\"cpu\":%s,\"pids\":%s,\"freeze\":%s,\"landlock\":%d,\"root\":%s}\n",
      boolean (dms_shim_cgroup_layout_can_limit_memory (&layout)),
      boolean (dms_shim_cgroup_layout_can_limit_cpu (&layout)),
      boolean (dms_shim_cgroup_layout_can_limit_pids (&layout)),
      boolean (dms_shim_cgroup_layout_can_freeze (&layout)),
      dms_init_landlock_get_abi (),
      boolean (geteuid () == 0));
  (void) dms_shim_write_all (STDOUT_FILENO, json.data, json.length);
  dms_shim_buffer_clear (&json);
  dms_shim_buffer_clear (&problem);
  dms_shim_cgroup_layout_clear (&layout);
  return 0;
}
