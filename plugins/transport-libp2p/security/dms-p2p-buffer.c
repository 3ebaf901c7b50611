/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "security/dms-p2p-buffer.h"

#include <string.h>

#include "io/dms-p2p-spare.h"

/* What is worth a spare buffer; less is little to ask for. */
#define DMS_P2P_BUFFER_LARGE ((gsize) 32 * 1024)

static guint8 *
dms_p2p_buffer_allocate (gsize size, gsize *capacity)
{
  if (size < DMS_P2P_BUFFER_LARGE || size > DMS_P2P_SPARE_BYTES)
    {
      *capacity = size;
      return g_malloc (size);
    }
  *capacity = DMS_P2P_SPARE_BYTES;
  return dms_p2p_spare_take ();
}

static void
dms_p2p_buffer_give_back (DmsP2pBuffer *self)
{
  if (self->data != NULL && self->capacity == DMS_P2P_SPARE_BYTES)
    dms_p2p_spare_give (g_steal_pointer (&self->data));
  g_clear_pointer (&self->data, g_free);
}

gsize
dms_p2p_buffer_get_size (const DmsP2pBuffer *self)
{
  return self->end - self->begin;
}

guint8 *
dms_p2p_buffer_get_data (DmsP2pBuffer *self)
{
  return self->data + self->begin;
}

guint8 *
dms_p2p_buffer_reserve (DmsP2pBuffer *self, gsize size)
{
  gsize held = self->end - self->begin;

  if (self->data != NULL && self->capacity - self->end >= size)
    return self->data + self->end;
  if (self->data != NULL && self->capacity - held >= size)
    {
      memmove (self->data, self->data + self->begin, held);
    }
  else
    {
      gsize capacity = 0;
      guint8 *data = dms_p2p_buffer_allocate (held + size, &capacity);

      if (held > 0)
        memcpy (data, self->data + self->begin, held);
      dms_p2p_buffer_give_back (self);
      self->data = data;
      self->capacity = capacity;
    }
  self->begin = 0;
  self->end = held;
  return self->data + self->end;
}

void
dms_p2p_buffer_added (DmsP2pBuffer *self, gsize size)
{
  g_return_if_fail (size <= self->capacity - self->end);
  self->end += size;
}

void
dms_p2p_buffer_append (DmsP2pBuffer *self, const void *data, gsize size)
{
  if (size == 0)
    return;
  memcpy (dms_p2p_buffer_reserve (self, size), data, size);
  self->end += size;
}

void
dms_p2p_buffer_drop (DmsP2pBuffer *self, gsize size)
{
  g_return_if_fail (size <= self->end - self->begin);
  self->begin += size;
  if (self->begin == self->end)
    self->begin = self->end = 0;
}

void
dms_p2p_buffer_clear (DmsP2pBuffer *self)
{
  dms_p2p_buffer_give_back (self);
  self->capacity = self->begin = self->end = 0;
}
