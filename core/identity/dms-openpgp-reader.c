/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "identity/dms-openpgp-reader.h"

#include <string.h>

gboolean
dms_openpgp_reader_take (DmsOpenpgpReader *self, gsize size, const guint8 **data)
{
  if (size > self->left)
    return FALSE;
  *data = self->data;
  self->data += size;
  self->left -= size;
  return TRUE;
}

/* A number of @size bytes, at most four. */
static gboolean
take_number (DmsOpenpgpReader *self, gsize size, guint32 *number)
{
  const guint8 *data;

  if (!dms_openpgp_reader_take (self, size, &data))
    return FALSE;
  *number = 0;
  for (gsize i = 0; i < size; i++)
    *number = *number << 8 | data[i];
  return TRUE;
}

gboolean
dms_openpgp_reader_take_uint8 (DmsOpenpgpReader *self, guint8 *number)
{
  guint32 wide;

  if (!take_number (self, 1, &wide))
    return FALSE;
  *number = (guint8) wide;
  return TRUE;
}

gboolean
dms_openpgp_reader_take_uint16 (DmsOpenpgpReader *self, guint16 *number)
{
  guint32 wide;

  if (!take_number (self, 2, &wide))
    return FALSE;
  *number = (guint16) wide;
  return TRUE;
}

/* A length of one, two or five bytes (section 4.2.2). Two-byte lengths begin with a byte up to @last_two. */
static gboolean
take_length (DmsOpenpgpReader *self, guint8 last_two, guint32 *length)
{
  guint8 first, second;

  if (!dms_openpgp_reader_take_uint8 (self, &first))
    return FALSE;
  if (first < 192)
    {
      *length = first;
      return TRUE;
    }
  if (first == 255)
    return take_number (self, 4, length);
  if (first > last_two || !dms_openpgp_reader_take_uint8 (self, &second))
    return FALSE;
  *length = ((guint32) (first - 192) << 8) + second + 192;
  return TRUE;
}

/* The part of the given length, as a place of its own. */
static gboolean
take_body (DmsOpenpgpReader *self, gsize length, DmsOpenpgpReader *body)
{
  body->left = length;
  return dms_openpgp_reader_take (self, length, &body->data);
}

static gboolean
read_packet (DmsOpenpgpReader *self, guint8 *tag, DmsOpenpgpReader *body)
{
  guint8 first;
  guint32 length;

  if (!dms_openpgp_reader_take_uint8 (self, &first) || (first & 0x80) == 0)
    return FALSE;
  if ((first & 0x40) != 0)
    {
      *tag = first & 0x3f;
      /* 224 and more begin partial lengths. */
      return take_length (self, 223, &length) && take_body (self, length, body);
    }
  *tag = (first & 0x3c) >> 2;
  /* The fourth form has no length at all. */
  return (first & 0x03) != 3 && take_number (self, (gsize) 1 << (first & 0x03), &length)
         && take_body (self, length, body);
}

gboolean
dms_openpgp_reader_take_packet (DmsOpenpgpReader *self, guint8 *tag, DmsOpenpgpReader *body)
{
  DmsOpenpgpReader place = *self;

  if (!read_packet (&place, tag, body))
    return FALSE;
  *self = place;
  return TRUE;
}

gboolean
dms_openpgp_reader_take_subpacket (DmsOpenpgpReader *self, guint8 *type, DmsOpenpgpReader *body)
{
  DmsOpenpgpReader place = *self;
  guint32 length;

  if (!take_length (&place, 254, &length) || !take_body (&place, length, body)
      || !dms_openpgp_reader_take_uint8 (body, type))
    return FALSE;
  *self = place;
  return TRUE;
}

gboolean
dms_openpgp_reader_take_mpi (DmsOpenpgpReader *self, guint8 *bytes, gsize size)
{
  DmsOpenpgpReader place = *self;
  const guint8 *data;
  guint16 bits;
  gsize length;

  if (!dms_openpgp_reader_take_uint16 (&place, &bits))
    return FALSE;
  length = (bits + 7u) / 8;
  if (length > size || !dms_openpgp_reader_take (&place, length, &data))
    return FALSE;
  /* The highest bit that is counted is set, and none above it. */
  if (length > 0 && data[0] >> ((bits - 1) % 8) != 1)
    return FALSE;
  memset (bytes, 0, size - length);
  if (length > 0)
    memcpy (bytes + size - length, data, length);
  *self = place;
  return TRUE;
}
