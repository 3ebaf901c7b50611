/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "fuzz.h"

#include <string.h>

#include "wire/dms-p2p-proto-reader.h"
#include "wire/dms-p2p-proto-writer.h"
#include "wire/dms-p2p-varint.h"

/* A varint that is read is the only form of its number. */
static void
check_varint (const guint8 *data, gsize size)
{
  guint64 value = 0;
  guint8 again[DMS_P2P_VARINT_MAX];
  int n = dms_p2p_varint_read (data, size, &value);

  g_assert_cmpint (n, >=, -1);
  g_assert_cmpint (n, <=, DMS_P2P_VARINT_MAX);
  if (n <= 0)
    return;
  g_assert_cmpuint ((gsize) n, <=, size);
  g_assert_cmpuint (dms_p2p_varint_size (value), ==, (gsize) n);
  g_assert_cmpuint (dms_p2p_varint_write (again, value), ==, (gsize) n);
  g_assert_cmpmem (again, (gsize) n, data, (gsize) n);
}

/* Writes a field again, where the writer has its kind. */
static void
copy_field (const DmsP2pProtoReader *reader, GByteArray *out)
{
  if (reader->kind == DMS_P2P_PROTO_BYTES)
    dms_p2p_proto_write_bytes (out, reader->field, reader->data, reader->size);
  else
    dms_p2p_proto_write_number (out, reader->field, reader->number);
}

static void
check_same (DmsP2pProtoReader *a, DmsP2pProtoReader *b)
{
  g_assert_true (dms_p2p_proto_reader_next (b));
  g_assert_cmpuint (a->field, ==, b->field);
  g_assert_cmpuint (a->number, ==, b->number);
  g_assert_cmpmem (a->data, a->size, b->data, b->size);
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autoptr (GByteArray) out = g_byte_array_new ();
  DmsP2pProtoReader reader;
  DmsP2pProtoReader again;
  gsize n_fields = 0;

  check_varint (data, size);
  dms_p2p_proto_reader_init (&reader, data, size);
  while (dms_p2p_proto_reader_next (&reader))
    {
      g_autofree char *text = dms_p2p_proto_reader_dup_text (&reader, 100);

      g_assert_true (text == NULL || strlen (text) == reader.size);
      g_assert_cmpuint (reader.field, >, 0);
      if (reader.kind == DMS_P2P_PROTO_BYTES)
        g_assert_true (reader.data >= data && reader.size <= size &&
                       reader.data + reader.size <= data + size);
      copy_field (&reader, out);
      n_fields++;
    }
  /* A field is two bytes at least. */
  g_assert_cmpuint (n_fields, <=, size / 2);

  dms_p2p_proto_reader_init (&reader, data, size);
  dms_p2p_proto_reader_init (&again, out->data, out->len);
  while (dms_p2p_proto_reader_next (&reader))
    check_same (&reader, &again);
  g_assert_false (dms_p2p_proto_reader_next (&again));
  g_assert_false (dms_p2p_proto_reader_has_failed (&again));
  return 0;
}
