/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-shim-lease.h"
#include "dms-shim-buffer.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum
{
  MAX_FILE = 512,
  BOOT_ID_LENGTH = 36,
  /* The file is written over in place, so a reader may see half of it; then it looks again. */
  TRIES = 20,
  TRY_AGAIN_NS = 1000 * 1000,
};

int64_t
dms_shim_lease_now_us (void)
{
  struct timespec now;

  clock_gettime (CLOCK_BOOTTIME, &now);
  return (int64_t) now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static bool
is_this_boot (const char *boot_id)
{
  DmsShimBuffer boot = { 0 };
  bool same = dms_shim_read_file ("/proc/sys/kernel/random/boot_id", &boot, MAX_FILE) &&
              boot.length >= BOOT_ID_LENGTH && strlen (boot_id) == BOOT_ID_LENGTH &&
              memcmp (boot.data, boot_id, BOOT_ID_LENGTH) == 0;

  dms_shim_buffer_clear (&boot);
  return same;
}

/* Each time is there twice: half of the old line and half of the new one is no lease. */
bool
dms_shim_lease_parse (DmsShimLease *self, const char *text, bool *torn)
{
  char boot_id[BOOT_ID_LENGTH + 1];
  int64_t length_ms = 0;
  int64_t times[4] = { 0 };
  int used = 0;

  if (sscanf (text,
              "1 %36[0-9a-f-] %20" SCNd64 " %20" SCNd64 " %20" SCNd64 " %20" SCNd64 " %20" SCNd64 "%n",
              boot_id,
              &length_ms,
              &times[0],
              &times[1],
              &times[2],
              &times[3],
              &used) != 6 ||
      strcmp (text + used, "\n") != 0 || times[0] != times[2] || times[1] != times[3])
    return false;
  *torn = false;
  if (times[0] <= 0 || times[1] < times[0] || !is_this_boot (boot_id))
    return false;
  *self = (DmsShimLease){ .end_us = times[0], .kill_us = times[1] };
  return true;
}

bool
dms_shim_lease_read (DmsShimLease *self, const char *path)
{
  const struct timespec pause = { .tv_nsec = TRY_AGAIN_NS };
  bool torn = true;
  bool ok = false;

  for (int i = 0; i < TRIES && torn; i++)
    {
      DmsShimBuffer bytes = { 0 };

      if (i > 0)
        nanosleep (&pause, NULL);
      if (!dms_shim_read_file (path, &bytes, MAX_FILE))
        torn = false;
      else
        ok = dms_shim_lease_parse (self, bytes.data, &torn);
      dms_shim_buffer_clear (&bytes);
    }
  return ok;
}

int
dms_shim_lease_open_timer (void)
{
  return timerfd_create (CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
}

bool
dms_shim_lease_set_timer (int timer, int64_t at_us)
{
  /* Zero would put it off for ever. */
  const int64_t due_us = at_us > 0 ? at_us : 1;
  const struct itimerspec when = { .it_value = { .tv_sec = due_us / 1000000,
                                                 .tv_nsec = due_us % 1000000 * 1000 } };

  return timerfd_settime (timer, TFD_TIMER_ABSTIME, &when, NULL) == 0;
}
