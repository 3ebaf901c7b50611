/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "values/dms-varint-private.h"

enum
{
  DMS_VARINT_MAX_BYTES = 9,
};

gboolean
dms_varint_take (const guint8 **data, gsize *size, guint64 *value)
{
  guint64 result = 0;

  for (gsize i = 0; i < MIN (*size, DMS_VARINT_MAX_BYTES); i++)
    {
      guint8 byte = (*data)[i];

      result |= (guint64) (byte & 0x7f) << (7 * i);
      if (byte & 0x80)
        continue;
      /* A last byte of zero says nothing: one number would have many forms. */
      if (byte == 0 && i > 0)
        return FALSE;
      *data += i + 1;
      *size -= i + 1;
      *value = result;
      return TRUE;
    }
  return FALSE;
}

void
dms_varint_append (GByteArray *out, guint64 value)
{
  guint8 bytes[DMS_VARINT_MAX_BYTES + 1];
  guint n = 0;

  while (value >= 0x80)
    {
      bytes[n++] = (guint8) (value | 0x80);
      value >>= 7;
    }
  bytes[n++] = (guint8) value;
  g_byte_array_append (out, bytes, n);
}
