/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "wire/dms-p2p-proto-reader.h"

#include <string.h>

/* A number of a protobuf: up to 10 bytes, and not necessarily the shortest. */
static gboolean
dms_p2p_proto_reader_take_number (DmsP2pProtoReader *self, guint64 *number)
{
  guint64 result = 0;

  for (guint shift = 0; shift < 70 && self->next < self->end; shift += 7)
    {
      guint8 byte = *self->next++;

      if (shift == 63 && byte > 1)
        return FALSE;
      result |= (guint64) (byte & 0x7f) << shift;
      if (byte & 0x80)
        continue;
      *number = result;
      return TRUE;
    }
  return FALSE;
}

static gboolean
dms_p2p_proto_reader_take_fixed (DmsP2pProtoReader *self, gsize size)
{
  if ((gsize) (self->end - self->next) < size)
    return FALSE;
  self->number = 0;
  for (gsize i = 0; i < size; i++)
    self->number |= (guint64) self->next[i] << (8 * i);
  self->next += size;
  return TRUE;
}

static gboolean
dms_p2p_proto_reader_take_bytes (DmsP2pProtoReader *self)
{
  guint64 size = 0;

  if (!dms_p2p_proto_reader_take_number (self, &size) || size > (guint64) (self->end - self->next))
    return FALSE;
  self->data = self->next;
  self->size = (gsize) size;
  self->next += size;
  return TRUE;
}

static gboolean
dms_p2p_proto_reader_take_value (DmsP2pProtoReader *self, guint kind)
{
  self->kind = (DmsP2pProtoKind) kind;
  self->number = 0;
  self->data = NULL;
  self->size = 0;
  switch (kind)
    {
    case DMS_P2P_PROTO_VARINT:
      return dms_p2p_proto_reader_take_number (self, &self->number);
    case DMS_P2P_PROTO_FIXED64:
      return dms_p2p_proto_reader_take_fixed (self, 8);
    case DMS_P2P_PROTO_FIXED32:
      return dms_p2p_proto_reader_take_fixed (self, 4);
    case DMS_P2P_PROTO_BYTES:
      return dms_p2p_proto_reader_take_bytes (self);
    default:
      return FALSE;
    }
}

void
dms_p2p_proto_reader_init (DmsP2pProtoReader *self, const void *data, gsize size)
{
  static const guint8 nothing[1];

  memset (self, 0, sizeof *self);
  self->next = data != NULL ? data : nothing;
  self->end = self->next + (data != NULL ? size : 0);
}

gboolean
dms_p2p_proto_reader_next (DmsP2pProtoReader *self)
{
  guint64 key = 0;

  if (self->failed || self->next == self->end)
    return FALSE;
  if (dms_p2p_proto_reader_take_number (self, &key) && key >> 3 != 0 && key >> 3 < (1u << 29))
    {
      self->field = (guint32) (key >> 3);
      if (dms_p2p_proto_reader_take_value (self, key & 7))
        return TRUE;
    }
  self->failed = TRUE;
  return FALSE;
}

gboolean
dms_p2p_proto_reader_has_failed (const DmsP2pProtoReader *self)
{
  return self->failed;
}

gboolean
dms_p2p_proto_reader_is (const DmsP2pProtoReader *self, guint32 field, DmsP2pProtoKind kind)
{
  return self->field == field && self->kind == kind;
}

char *
dms_p2p_proto_reader_dup_text (const DmsP2pProtoReader *self, gsize max_size)
{
  if (self->kind != DMS_P2P_PROTO_BYTES || self->size > max_size ||
      !g_utf8_validate_len ((const char *) self->data, self->size, NULL))
    return NULL;
  return g_strndup ((const char *) self->data, self->size);
}

GBytes *
dms_p2p_proto_reader_dup_bytes (const DmsP2pProtoReader *self)
{
  return g_bytes_new (self->data, self->size);
}
