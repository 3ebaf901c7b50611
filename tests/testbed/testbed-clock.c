/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * A clock that is wrong, for programs that load this first (LD_PRELOAD). The file that DMS_TESTBED_CLOCK
 * names holds how wrong, in nanoseconds, as 64 bits of this machine; what is written there counts at once.
 * The monotonic clock is left alone, and so are programs without that variable. */

#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum
{
  SECOND_NS = 1000 * 1000 * 1000,
  MICROSECOND_NS = 1000,
};

typedef int (*ClockGettime) (clockid_t, struct timespec *);

#define EXPORT __attribute__ ((visibility ("default")))

EXPORT int testbed_clock_gettime (clockid_t clock, struct timespec *now) __asm__("clock_gettime");
EXPORT int testbed_gettimeofday (struct timeval *now, void *zone) __asm__("gettimeofday");
EXPORT int testbed_timespec_get (struct timespec *now, int base) __asm__("timespec_get");
EXPORT time_t testbed_time (time_t *now) __asm__("time");

static const volatile int64_t *offset;
static ClockGettime real;

static ClockGettime
find_real (void)
{
  if (real == NULL)
    *(void **) &real = dlsym (RTLD_NEXT, "clock_gettime");
  return real;
}

__attribute__ ((constructor)) static void
open_clock (void)
{
  const char *path = getenv ("DMS_TESTBED_CLOCK");
  struct stat status;
  void *map;
  int fd;

  (void) find_real ();
  if (path == NULL)
    return;
  fd = open (path, O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return;
  /* A shorter file would end the program at the first look at it. */
  if (fstat (fd, &status) == 0 && status.st_size >= (off_t) sizeof *offset)
    {
      map = mmap (NULL, sizeof *offset, PROT_READ, MAP_SHARED, fd, 0);
      if (map != MAP_FAILED)
        offset = map;
    }
  close (fd);
}

int
testbed_clock_gettime (clockid_t clock, struct timespec *now)
{
  int result = find_real () (clock, now);
  int64_t ns;

  if (result != 0 || offset == NULL || (clock != CLOCK_REALTIME && clock != CLOCK_REALTIME_COARSE))
    return result;
  ns = (int64_t) now->tv_nsec + *offset % SECOND_NS;
  now->tv_sec += *offset / SECOND_NS;
  if (ns < 0)
    {
      ns += SECOND_NS;
      now->tv_sec--;
    }
  else if (ns >= SECOND_NS)
    {
      ns -= SECOND_NS;
      now->tv_sec++;
    }
  now->tv_nsec = ns;
  return 0;
}

int
testbed_gettimeofday (struct timeval *now, void *zone)
{
  struct timespec time;

  (void) zone;
  if (testbed_clock_gettime (CLOCK_REALTIME, &time) != 0)
    return -1;
  now->tv_sec = time.tv_sec;
  now->tv_usec = time.tv_nsec / MICROSECOND_NS;
  return 0;
}

int
testbed_timespec_get (struct timespec *now, int base)
{
  return base == TIME_UTC && testbed_clock_gettime (CLOCK_REALTIME, now) == 0 ? base : 0;
}

time_t
testbed_time (time_t *now)
{
  struct timespec time = { 0 };

  (void) testbed_clock_gettime (CLOCK_REALTIME, &time);
  if (now != NULL)
    *now = time.tv_sec;
  return time.tv_sec;
}
