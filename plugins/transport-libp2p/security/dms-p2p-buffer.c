/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "security/dms-p2p-buffer.h"

#include <string.h>

/* Who needs much has more to come: room for all of it at once. Less is asked for as it is. */
#define DMS_P2P_BUFFER_LARGE ((gsize) 32 * 1024)
#define DMS_P2P_BUFFER_ROOM  ((gsize) 112 * 1024)

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
      gsize capacity =
          held + size >= DMS_P2P_BUFFER_LARGE ? MAX (held + size, DMS_P2P_BUFFER_ROOM) : held + size;
      guint8 *data = g_malloc (capacity);

      if (held > 0)
        memcpy (data, self->data + self->begin, held);
      g_free (self->data);
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
  g_clear_pointer (&self->data, g_free);
  self->capacity = self->begin = self->end = 0;
}
