/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <stdbool.h>
#include <stdint.h>

/* How far a packet has come. */
typedef enum
{
  /* The line of its sender to the internet. */
  TESTBED_STAGE_UP,
  /* Between, or inside, regions. */
  TESTBED_STAGE_BETWEEN,
  /* The line of its receiver. */
  TESTBED_STAGE_DOWN,
  TESTBED_STAGE_END,
} TestbedStage;

/* An IP packet on its way. */
typedef struct
{
  uint64_t due_ns;
  /* Of two that are due at the same time the older goes first. */
  uint64_t number;
  uint32_t length;
  uint16_t from;
  uint16_t to;
  uint8_t stage;
  uint8_t data[];
} TestbedPacket;

/* Packets by the time at which they are due. */
typedef struct
{
  TestbedPacket **packets;
  uint32_t count;
  uint32_t room;
} TestbedHeap;

void testbed_heap_push (TestbedHeap *self, TestbedPacket *packet);
TestbedPacket *testbed_heap_pop (TestbedHeap *self);
TestbedPacket *testbed_heap_peek (const TestbedHeap *self);
