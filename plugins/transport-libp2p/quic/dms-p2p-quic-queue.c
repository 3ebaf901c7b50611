/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "quic/dms-p2p-quic-queue.h"

#include <string.h>

/* Streams of few bytes are many, those of many are few: blocks grow with what is queued. */
#define DMS_P2P_QUIC_BLOCK_MIN 1024
#define DMS_P2P_QUIC_BLOCK_MAX 65536

typedef struct
{
  gsize size;
  gsize begin;
  gsize end;
  guint8 data[];
} DmsP2pQuicBlock;

gsize
dms_p2p_quic_queue_get_size (const DmsP2pQuicQueue *self)
{
  return (gsize) (self->end - self->start);
}

static DmsP2pQuicBlock *
dms_p2p_quic_queue_add_block (DmsP2pQuicQueue *self, gsize wanted)
{
  gsize size = CLAMP (
      MAX (wanted, dms_p2p_quic_queue_get_size (self)), DMS_P2P_QUIC_BLOCK_MIN, DMS_P2P_QUIC_BLOCK_MAX);
  DmsP2pQuicBlock *block = g_malloc (sizeof (DmsP2pQuicBlock) + size);

  block->size = size;
  block->begin = 0;
  block->end = 0;
  g_queue_push_tail (&self->blocks, block);
  return block;
}

void
dms_p2p_quic_queue_append (DmsP2pQuicQueue *self, const void *data, gsize size)
{
  const guint8 *from = data;

  while (size > 0)
    {
      DmsP2pQuicBlock *block = g_queue_peek_tail (&self->blocks);
      gsize n = 0;

      if (block == NULL || block->end == block->size)
        block = dms_p2p_quic_queue_add_block (self, size);
      n = MIN (size, block->size - block->end);
      memcpy (block->data + block->end, from, n);
      block->end += n;
      self->end += n;
      from += n;
      size -= n;
    }
}

/* An empty block that new bytes could not go to is of no use. */
static void
dms_p2p_quic_queue_trim (DmsP2pQuicQueue *self)
{
  DmsP2pQuicBlock *block = g_queue_peek_head (&self->blocks);

  if (block != NULL && block->begin == block->end)
    g_free (g_queue_pop_head (&self->blocks));
}

gsize
dms_p2p_quic_queue_read (DmsP2pQuicQueue *self, void *buffer, gsize size)
{
  guint8 *to = buffer;
  gsize total = 0;

  while (total < size && self->start < self->end)
    {
      DmsP2pQuicBlock *block = g_queue_peek_head (&self->blocks);
      gsize n = MIN (size - total, block->end - block->begin);

      memcpy (to + total, block->data + block->begin, n);
      block->begin += n;
      self->start += n;
      total += n;
      dms_p2p_quic_queue_trim (self);
    }
  return total;
}

void
dms_p2p_quic_queue_drop (DmsP2pQuicQueue *self, guint64 offset)
{
  offset = MIN (offset, self->end);
  while (self->start < offset)
    {
      DmsP2pQuicBlock *block = g_queue_peek_head (&self->blocks);
      gsize n = (gsize) MIN (offset - self->start, block->end - block->begin);

      block->begin += n;
      self->start += n;
      dms_p2p_quic_queue_trim (self);
    }
}

gsize
dms_p2p_quic_queue_peek (const DmsP2pQuicQueue *self, guint64 offset, ngtcp2_vec *vectors, gsize n_vectors)
{
  guint64 at = self->start;
  gsize n = 0;

  for (const GList *l = self->blocks.head; l != NULL && n < n_vectors; l = l->next)
    {
      DmsP2pQuicBlock *block = l->data;
      gsize size = block->end - block->begin;
      gsize skip = offset > at ? (gsize) MIN (offset - at, size) : 0;

      at += size;
      if (skip == size)
        continue;
      vectors[n].base = block->data + block->begin + skip;
      vectors[n].len = size - skip;
      n++;
    }
  return n;
}

void
dms_p2p_quic_queue_clear (DmsP2pQuicQueue *self)
{
  g_queue_clear_full (&self->blocks, g_free);
  self->start = self->end;
}
