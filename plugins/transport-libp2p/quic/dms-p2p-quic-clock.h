/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <glib.h>
#include <ngtcp2/ngtcp2.h>
#include <time.h>

G_BEGIN_DECLS

/* Monotonic nanoseconds, of the same clock as g_get_monotonic_time(). */
static inline ngtcp2_tstamp
dms_p2p_quic_clock (void)
{
  struct timespec now = { 0 };

  clock_gettime (CLOCK_MONOTONIC, &now);
  return (ngtcp2_tstamp) now.tv_sec * NGTCP2_SECONDS + (ngtcp2_tstamp) now.tv_nsec;
}

G_END_DECLS
