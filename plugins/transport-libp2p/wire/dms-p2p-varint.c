/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "wire/dms-p2p-varint.h"

int
dms_p2p_varint_read (const guint8 *data, gsize size, guint64 *value)
{
  guint64 result = 0;

  for (gsize i = 0; i < DMS_P2P_VARINT_MAX; i++)
    {
      if (i >= size)
        return 0;
      result |= (guint64) (data[i] & 0x7f) << (7 * i);
      if (data[i] & 0x80)
        continue;
      /* A last byte of zero says nothing: one number would have many forms. */
      if (data[i] == 0 && i > 0)
        return -1;
      *value = result;
      return (int) i + 1;
    }
  return -1;
}

gsize
dms_p2p_varint_write (guint8 *data, guint64 value)
{
  gsize n = 0;

  while (value >= 0x80)
    {
      data[n++] = (guint8) (value | 0x80);
      value >>= 7;
    }
  data[n++] = (guint8) value;
  return n;
}

void
dms_p2p_varint_append (GByteArray *out, guint64 value)
{
  guint8 bytes[DMS_P2P_VARINT_MAX + 1];

  g_byte_array_append (out, bytes, (guint) dms_p2p_varint_write (bytes, value));
}

gsize
dms_p2p_varint_size (guint64 value)
{
  gsize n = 1;

  while (value >= 0x80)
    {
      value >>= 7;
      n++;
    }
  return n;
}
