/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "wire/dms-p2p-proto-writer.h"

#include <string.h>

#include "wire/dms-p2p-varint.h"

void
dms_p2p_proto_write_number (GByteArray *out, guint32 field, guint64 value)
{
  dms_p2p_varint_append (out, (guint64) field << 3);
  dms_p2p_varint_append (out, value);
}

void
dms_p2p_proto_write_bytes (GByteArray *out, guint32 field, const void *data, gsize size)
{
  dms_p2p_varint_append (out, (guint64) field << 3 | 2);
  dms_p2p_varint_append (out, size);
  if (size > 0)
    g_byte_array_append (out, data, (guint) size);
}

void
dms_p2p_proto_write_text (GByteArray *out, guint32 field, const char *text)
{
  dms_p2p_proto_write_bytes (out, field, text, strlen (text));
}

void
dms_p2p_proto_write_gbytes (GByteArray *out, guint32 field, GBytes *bytes)
{
  gsize size = 0;
  const void *data = g_bytes_get_data (bytes, &size);

  dms_p2p_proto_write_bytes (out, field, data, size);
}

GBytes *
dms_p2p_proto_free_to_framed (GByteArray *message)
{
  g_autoptr (GByteArray) framed = g_byte_array_sized_new (message->len + DMS_P2P_VARINT_MAX);

  dms_p2p_varint_append (framed, message->len);
  g_byte_array_append (framed, message->data, message->len);
  g_byte_array_unref (message);
  return g_byte_array_free_to_bytes (g_steal_pointer (&framed));
}
