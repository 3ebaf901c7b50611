/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "quic/dms-p2p-quic-memory.h"

#include <malloc.h>
#include <stdlib.h>

static void *
dms_p2p_quic_memory_count (DmsP2pQuicMemory *self, void *data)
{
  if (data != NULL)
    self->used += malloc_usable_size (data);
  return data;
}

static gboolean
dms_p2p_quic_memory_has_room (DmsP2pQuicMemory *self, gsize size)
{
  return self->used <= self->limit && size <= self->limit - self->used;
}

static void *
dms_p2p_quic_memory_malloc (gsize size, void *user_data)
{
  return dms_p2p_quic_memory_has_room (user_data, size) ? dms_p2p_quic_memory_count (user_data, malloc (size))
                                                        : NULL;
}

static void
dms_p2p_quic_memory_free (void *data, void *user_data)
{
  DmsP2pQuicMemory *self = user_data;

  if (data == NULL)
    return;
  self->used -= malloc_usable_size (data);
  free (data);
}

static void *
dms_p2p_quic_memory_calloc (gsize n, gsize size, void *user_data)
{
  if (size != 0 && n > G_MAXSIZE / size)
    return NULL;
  return dms_p2p_quic_memory_has_room (user_data, n * size)
             ? dms_p2p_quic_memory_count (user_data, calloc (n, size))
             : NULL;
}

static void *
dms_p2p_quic_memory_realloc (void *data, gsize size, void *user_data)
{
  DmsP2pQuicMemory *self = user_data;
  gsize before = data != NULL ? malloc_usable_size (data) : 0;
  void *moved = NULL;

  if (size > before && !dms_p2p_quic_memory_has_room (self, size - before))
    return NULL;
  moved = realloc (data, size);
  if (moved == NULL)
    return NULL;
  self->used -= before;
  return dms_p2p_quic_memory_count (self, moved);
}

/**
 * dms_p2p_quic_memory_init:
 * @self: where; must not move afterwards
 * @limit: in bytes
 */
void
dms_p2p_quic_memory_init (DmsP2pQuicMemory *self, gsize limit)
{
  self->mem.user_data = self;
  self->mem.malloc = dms_p2p_quic_memory_malloc;
  self->mem.free = dms_p2p_quic_memory_free;
  self->mem.calloc = dms_p2p_quic_memory_calloc;
  self->mem.realloc = dms_p2p_quic_memory_realloc;
  self->used = 0;
  self->limit = limit;
}
