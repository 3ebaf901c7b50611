/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Runs a program inside a host of a test bed:
 *
 *     testbed-enter SUPERVISOR HOST PROGRAM [ARGUMENT...]
 *
 * The program joins the network, mount and process name spaces of the bed, in the same directory and
 * environment, so that it ends with the bed however that ends. It also ends with this process. */

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum
{
  /* What shells answer when a program cannot be run. */
  CANNOT_ENTER = 125,
  CANNOT_RUN = 126,
  NOT_FOUND = 127,
  MAX_PATH = 512,
};

static volatile pid_t child;

static void
fail (const char *what)
{
  fprintf (stderr, "testbed-enter: %s: %s: is the bed still up?\n", what, strerror (errno));
  exit (CANNOT_ENTER);
}

static int
open_space (const char *supervisor, const char *name)
{
  char path[MAX_PATH];
  int fd;

  if (snprintf (path, sizeof path, "/proc/%s/%s", supervisor, name) >= MAX_PATH)
    {
      errno = ENAMETOOLONG;
      fail (name);
    }
  fd = open (path, O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    fail (path);
  return fd;
}

static void
join (int fd, int kind, const char *what)
{
  if (setns (fd, kind) != 0)
    fail (what);
  close (fd);
}

/* What a terminal sends goes to both by itself. */
static void
pass_on (int number, siginfo_t *info, void *context)
{
  (void) context;
  if (info->si_code <= 0 && child > 0)
    kill (child, number);
}

static void
pass_signals (const int *numbers, size_t count)
{
  struct sigaction action = { .sa_sigaction = pass_on, .sa_flags = SA_SIGINFO | SA_RESTART };

  for (size_t i = 0; i < count; i++)
    sigaction (numbers[i], &action, NULL);
}

/* Ends as the program ended. */
static int
end_like (int status)
{
  if (WIFSIGNALED (status))
    {
      prctl (PR_SET_DUMPABLE, 0);
      signal (WTERMSIG (status), SIG_DFL);
      raise (WTERMSIG (status));
    }
  return WIFEXITED (status) ? WEXITSTATUS (status) : CANNOT_ENTER;
}

int
main (int argc, char **argv)
{
  static const int passed[] = { SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2 };
  char network[MAX_PATH];
  sigset_t blocked;
  sigset_t before;
  char *directory;
  int status = 0;
  int fds[3];

  if (argc < 4 || argv[1][strspn (argv[1], "0123456789")] != '\0' || strchr (argv[2], '/') != NULL)
    {
      fprintf (stderr, "Usage: testbed-enter SUPERVISOR HOST PROGRAM [ARGUMENT...]\n");
      return CANNOT_ENTER;
    }
  directory = getcwd (NULL, 0);
  snprintf (network, sizeof network, "root/run/netns/%s", argv[2]);
  fds[0] = open_space (argv[1], network);
  fds[1] = open_space (argv[1], "ns/pid");
  fds[2] = open_space (argv[1], "ns/mnt");
  join (fds[0], CLONE_NEWNET, "network");
  join (fds[1], CLONE_NEWPID, "processes");
  join (fds[2], CLONE_NEWNS, "mounts");
  if (directory != NULL && chdir (directory) != 0)
    fail (directory);
  free (directory);

  /* Nothing may be passed on before there is somebody to pass it to. */
  sigfillset (&blocked);
  sigprocmask (SIG_BLOCK, &blocked, &before);
  child = fork ();
  if (child < 0)
    fail ("fork");
  if (child == 0)
    {
      prctl (PR_SET_PDEATHSIG, SIGKILL);
      /* A parent outside cannot be seen: who sees one by now has been left before it could be told. */
      if (getppid () != 0)
        _exit (CANNOT_ENTER);
      sigprocmask (SIG_SETMASK, &before, NULL);
      execvp (argv[3], argv + 3);
      fprintf (stderr, "testbed-enter: %s: %s\n", argv[3], strerror (errno));
      _exit (errno == ENOENT ? NOT_FOUND : CANNOT_RUN);
    }
  pass_signals (passed, sizeof passed / sizeof passed[0]);
  sigprocmask (SIG_SETMASK, &before, NULL);
  while (waitpid (child, &status, 0) < 0)
    if (errno != EINTR)
      fail ("wait");
  /* Without what sanitizers do at the end: from here they can start processes inside the bed only. */
  _exit (end_like (status));
}
