/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "testbed-packet.h"

#include <stdlib.h>

enum
{
  FIRST_ROOM = 1024,
};

static bool
is_before (const TestbedPacket *a, const TestbedPacket *b)
{
  return a->due_ns != b->due_ns ? a->due_ns < b->due_ns : a->number < b->number;
}

void
testbed_heap_push (TestbedHeap *self, TestbedPacket *packet)
{
  uint32_t at = self->count++;

  if (self->count > self->room)
    {
      self->room = self->room == 0 ? FIRST_ROOM : self->room * 2;
      self->packets = realloc (self->packets, self->room * sizeof *self->packets);
      if (self->packets == NULL)
        abort ();
    }
  while (at > 0 && is_before (packet, self->packets[(at - 1) / 2]))
    {
      self->packets[at] = self->packets[(at - 1) / 2];
      at = (at - 1) / 2;
    }
  self->packets[at] = packet;
}

TestbedPacket *
testbed_heap_peek (const TestbedHeap *self)
{
  return self->count > 0 ? self->packets[0] : NULL;
}

TestbedPacket *
testbed_heap_pop (TestbedHeap *self)
{
  TestbedPacket *first = testbed_heap_peek (self);
  TestbedPacket *last;
  uint32_t at = 0;

  if (first == NULL)
    return NULL;
  last = self->packets[--self->count];
  while (2 * at + 1 < self->count)
    {
      uint32_t below = 2 * at + 1;

      if (below + 1 < self->count && is_before (self->packets[below + 1], self->packets[below]))
        below++;
      if (!is_before (self->packets[below], last))
        break;
      self->packets[at] = self->packets[below];
      at = below;
    }
  if (self->count > 0)
    self->packets[at] = last;
  return first;
}
