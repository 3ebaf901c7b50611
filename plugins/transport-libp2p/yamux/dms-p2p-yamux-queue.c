/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "yamux/dms-p2p-yamux-queue.h"

#include <string.h>

enum
{
  /* A first chunk for small messages; later ones grow with what waits, so that frames of one byte cost little
   * more than their bytes, and never to more than this. */
  DMS_P2P_YAMUX_CHUNK_MIN = 512,
  DMS_P2P_YAMUX_CHUNK_MAX = 64 * 1024,
};

struct _DmsP2pYamuxChunk
{
  DmsP2pYamuxChunk *next;
  guint32 start;
  guint32 end;
  guint32 room;
  guint8 data[];
};

static DmsP2pYamuxChunk *
dms_p2p_yamux_queue_add (DmsP2pYamuxQueue *self, gsize size)
{
  gsize room = CLAMP (MAX (size, self->size), DMS_P2P_YAMUX_CHUNK_MIN, DMS_P2P_YAMUX_CHUNK_MAX);
  DmsP2pYamuxChunk *chunk = g_malloc (sizeof *chunk + room);

  chunk->next = NULL;
  chunk->start = 0;
  chunk->end = 0;
  chunk->room = (guint32) room;
  if (self->last != NULL)
    self->last->next = chunk;
  else
    self->first = chunk;
  self->last = chunk;
  self->room += room;
  return chunk;
}

void
dms_p2p_yamux_queue_push (DmsP2pYamuxQueue *self, const guint8 *data, gsize size)
{
  DmsP2pYamuxChunk *chunk = self->last;
  gsize n = 0;

  while (size > 0)
    {
      if (chunk == NULL || chunk->end == chunk->room)
        chunk = dms_p2p_yamux_queue_add (self, size);
      n = MIN (size, chunk->room - chunk->end);
      memcpy (chunk->data + chunk->end, data, n);
      chunk->end += (guint32) n;
      self->size += n;
      data += n;
      size -= n;
    }
}

static void
dms_p2p_yamux_queue_drop_first (DmsP2pYamuxQueue *self)
{
  DmsP2pYamuxChunk *chunk = self->first;

  self->first = chunk->next;
  if (self->first == NULL)
    self->last = NULL;
  self->room -= chunk->room;
  g_free (chunk);
}

gsize
dms_p2p_yamux_queue_pop (DmsP2pYamuxQueue *self, guint8 *data, gsize size)
{
  gsize total = 0;

  while (total < size && self->first != NULL)
    {
      DmsP2pYamuxChunk *chunk = self->first;
      gsize n = MIN (size - total, chunk->end - chunk->start);

      memcpy (data + total, chunk->data + chunk->start, n);
      chunk->start += (guint32) n;
      total += n;
      if (chunk->start == chunk->end)
        dms_p2p_yamux_queue_drop_first (self);
    }
  self->size -= total;
  return total;
}

void
dms_p2p_yamux_queue_clear (DmsP2pYamuxQueue *self)
{
  while (self->first != NULL)
    dms_p2p_yamux_queue_drop_first (self);
  self->size = 0;
}
