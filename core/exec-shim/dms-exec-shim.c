/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

/* The parent of one job, apart from the daemon, so that the job outlives it. docs/executor-process.md tells
 * how the two speak. */

#include "dms-shim-clean.h"
#include "dms-shim-probe.h"
#include "dms-shim-spec.h"
#include "dms-shim-supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Descriptors that the launching program passes. */
enum
{
  SPEC_FD = 3,
  NOTIFY_FD = 4,
  /* Held, with its lock, until the shim ends. */
  LOCK_FD = 5,
  FIRST_OTHER_FD = 6,
  MAX_SPEC = 256 * 1024 * 1024,
};

static void
detach_streams (void)
{
  int null = open ("/dev/null", O_RDWR | O_CLOEXEC);

  for (int fd = 0; fd < 3; fd++)
    (void) dup2 (null, fd);
  close (null);
}

static int
refuse (char *message)
{
  char *line = dms_shim_printf ("failed %s\n", message);

  (void) !send (NOTIFY_FD, line, strlen (line), MSG_NOSIGNAL);
  free (line);
  free (message);
  return 1;
}

static int
run (void)
{
  DmsShimBuffer bytes = { 0 };
  DmsShimSpec *spec;
  char *error = NULL;

  if (fcntl (SPEC_FD, F_GETFD) < 0 || fcntl (NOTIFY_FD, F_GETFD) < 0 || fcntl (LOCK_FD, F_GETFD) < 0)
    {
      fputs ("dms-exec-shim: this program is started by the process executor; it is of no use by itself\n",
             stderr);
      return 64;
    }
  if (fork () != 0)
    _exit (0);
  (void) setsid ();
  umask (077);
  (void) !chdir ("/");
  (void) syscall (SYS_close_range, (unsigned) FIRST_OTHER_FD, ~0U, 0U);
  for (int fd = SPEC_FD; fd <= LOCK_FD; fd++)
    (void) fcntl (fd, F_SETFD, FD_CLOEXEC);
  detach_streams ();
  if (!dms_shim_read_all (SPEC_FD, &bytes, MAX_SPEC))
    return refuse (dms_shim_printf ("cannot read the description of the job: %s", strerror (errno)));
  close (SPEC_FD);
  spec = dms_shim_spec_parse (bytes.data, bytes.length, &error);
  explicit_bzero (bytes.data, bytes.length);
  dms_shim_buffer_clear (&bytes);
  if (spec == NULL)
    return refuse (error);
  return dms_shim_supervise (spec, NOTIFY_FD);
}

int
main (int argc, char *argv[])
{
  if (argc == 3 && strcmp (argv[1], "--probe") == 0)
    return dms_shim_probe (argv[2]);
  if (argc == 3 && strcmp (argv[1], "--clean") == 0)
    return dms_shim_clean (argv[2], false);
  if (argc == 3 && strcmp (argv[1], "--reap") == 0)
    return dms_shim_clean (argv[2], true);
  if (argc == 1)
    return run ();
  fputs ("usage: dms-exec-shim | --probe BWRAP | --reap DIRECTORY | --clean DIRECTORY\n", stderr);
  return 64;
}
