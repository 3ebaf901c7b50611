/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "yamux/dms-p2p-yamux-output.h"

#include <string.h>

enum
{
  DMS_P2P_YAMUX_OUTPUT_FIRST_BYTES = 1024,
  /* To take and free more each time costs more than to fill it. */
  DMS_P2P_YAMUX_OUTPUT_SMALL = 4096,
};

gsize
dms_p2p_yamux_output_get_size (const DmsP2pYamuxOutput *self)
{
  return self->end - self->start;
}

const guint8 *
dms_p2p_yamux_output_get_data (const DmsP2pYamuxOutput *self)
{
  return self->data + self->start;
}

static void
dms_p2p_yamux_output_make_room (DmsP2pYamuxOutput *self, gsize size)
{
  gsize held = self->end - self->start;
  gsize room = MAX (self->room, DMS_P2P_YAMUX_OUTPUT_FIRST_BYTES);

  if (self->room - self->end >= size)
    return;
  /* Moving is paid for by what was sent before. */
  if (self->start > 0 && self->start >= held)
    {
      memmove (self->data, self->data + self->start, held);
      self->end = held;
      self->start = 0;
    }
  while (room - self->end < size)
    room *= 2;
  if (room == self->room)
    return;
  self->data = g_realloc (self->data, room);
  self->room = room;
}

void
dms_p2p_yamux_output_append (DmsP2pYamuxOutput *self, const void *data, gsize size)
{
  if (size == 0)
    return;
  dms_p2p_yamux_output_make_room (self, size);
  memcpy (self->data + self->end, data, size);
  self->end += size;
}

void
dms_p2p_yamux_output_skip (DmsP2pYamuxOutput *self, gsize size)
{
  self->start += size;
  if (self->start < self->end)
    return;
  self->start = 0;
  self->end = 0;
  if (self->room <= DMS_P2P_YAMUX_OUTPUT_SMALL)
    dms_p2p_yamux_output_clear (self);
}

void
dms_p2p_yamux_output_trim (DmsP2pYamuxOutput *self)
{
  if (self->start == self->end)
    dms_p2p_yamux_output_clear (self);
}

void
dms_p2p_yamux_output_clear (DmsP2pYamuxOutput *self)
{
  g_clear_pointer (&self->data, g_free);
  self->start = 0;
  self->end = 0;
  self->room = 0;
}
