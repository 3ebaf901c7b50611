/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <stdbool.h>
#include <stdint.h>

/* One direction of a line: what goes in comes out in the same order, later, or not at all. */
typedef struct
{
  uint64_t delay_ns;
  /* Of a million packets. */
  uint32_t loss_ppm;
  /* Kilobits a second; 0: without bound. */
  uint32_t rate_kbit;
  /* When what was sent so far has left the sender, and has arrived. */
  uint64_t busy_until_ns;
  uint64_t last_ns;
  uint64_t random;
  uint64_t lost;
  uint64_t overflowed;
} TestbedLane;

void testbed_lane_seed (TestbedLane *self, uint64_t seed);
bool testbed_lane_enter (TestbedLane *self, uint64_t now_ns, uint32_t length, uint64_t *out_ns);
