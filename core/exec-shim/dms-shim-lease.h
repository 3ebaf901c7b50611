/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <stdbool.h>
#include <stdint.h>

/* How long a job may run of which only one may run anywhere. The daemon writes it into a file and renews it
 * there; whoever holds the job reads it when the time has come, and so needs nobody to end it. Times are
 * those of the clock that counts on while the machine sleeps, and that nobody can set. */
typedef struct
{
  /* When the job is asked to end, and when it is killed. */
  int64_t end_us;
  int64_t kill_us;
} DmsShimLease;

int64_t dms_shim_lease_now_us (void);
/* The text of the file. *torn becomes false when it is whole, whatever it says. */
bool dms_shim_lease_parse (DmsShimLease *self, const char *text, bool *torn);
/* False when it cannot be read, says something else, or is of an earlier start of the machine: it counts as
 * over then. */
bool dms_shim_lease_read (DmsShimLease *self, const char *path);
/* A descriptor that can be polled and gets readable at that time, also when the machine slept through it; -1
 * on failure. */
int dms_shim_lease_open_timer (void);
bool dms_shim_lease_set_timer (int timer, int64_t at_us);
