/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "testbed-lane.h"

enum
{
  MILLION = 1000 * 1000,
  /* A router keeps a tenth of a second of what its line carries, and a few packets on any line. */
  BUFFER_NS = 100 * MILLION,
  BUFFER_LEAST_BYTES = 64 * 1024,
};

/* splitmix64: Steele, Lea and Flood, Fast Splittable Pseudorandom Number Generators, 2014. */
static uint64_t
draw (TestbedLane *self)
{
  uint64_t z = (self->random += 0x9e3779b97f4a7c15ULL);

  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}

void
testbed_lane_seed (TestbedLane *self, uint64_t seed)
{
  self->random = seed;
  self->random = draw (self);
}

static uint64_t
get_sending_ns (const TestbedLane *self, uint64_t bytes)
{
  /* Bits over kilobits a second are milliseconds. */
  return bytes * 8 * MILLION / self->rate_kbit;
}

/* When a packet comes out that goes in now; false when it does not. */
bool
testbed_lane_enter (TestbedLane *self, uint64_t now_ns, uint32_t length, uint64_t *out_ns)
{
  uint64_t sent_ns = now_ns;

  if (self->loss_ppm > 0 && draw (self) % MILLION < self->loss_ppm)
    {
      self->lost++;
      return false;
    }
  if (self->rate_kbit > 0)
    {
      uint64_t buffer_ns = get_sending_ns (self, BUFFER_LEAST_BYTES);

      if (buffer_ns < BUFFER_NS)
        buffer_ns = BUFFER_NS;
      if (self->busy_until_ns > now_ns + buffer_ns)
        {
          self->overflowed++;
          return false;
        }
      if (self->busy_until_ns > now_ns)
        sent_ns = self->busy_until_ns;
      sent_ns += get_sending_ns (self, length);
      self->busy_until_ns = sent_ns;
    }
  *out_ns = sent_ns + self->delay_ns;
  /* When a line became shorter, nothing overtakes what is on it. */
  if (*out_ns < self->last_ns)
    *out_ns = self->last_ns;
  self->last_ns = *out_ns;
  return true;
}
