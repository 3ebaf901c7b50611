/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <string.h>

#include "wire/dms-p2p-der.h"
#include "wire/dms-p2p-proto-reader.h"
#include "wire/dms-p2p-proto-writer.h"
#include "wire/dms-p2p-varint.h"

#define BYTES(text) (const guint8 *) text, sizeof text - 1

/* multiformats/unsigned-varint, README and test vectors of its implementations. */
static void
test_varint (void)
{
  static const struct
  {
    guint64 value;
    const char *bytes;
    gsize size;
  } good[] = {
    { 0, "\x00", 1 },
    { 1, "\x01", 1 },
    { 127, "\x7f", 1 },
    { 128, "\x80\x01", 2 },
    { 255, "\xff\x01", 2 },
    { 300, "\xac\x02", 2 },
    { 16384, "\x80\x80\x01", 3 },
    { G_MAXUINT32, "\xff\xff\xff\xff\x0f", 5 },
    { G_MAXINT64, "\xff\xff\xff\xff\xff\xff\xff\xff\x7f", 9 },
  };
  guint64 value = 0;

  for (gsize i = 0; i < G_N_ELEMENTS (good); i++)
    {
      guint8 bytes[DMS_P2P_VARINT_MAX];
      gsize n = dms_p2p_varint_write (bytes, good[i].value);

      g_assert_cmpmem (bytes, n, good[i].bytes, good[i].size);
      g_assert_cmpuint (dms_p2p_varint_size (good[i].value), ==, good[i].size);
      g_assert_cmpint (dms_p2p_varint_read (bytes, n, &value), ==, (int) n);
      g_assert_cmpuint (value, ==, good[i].value);
      for (gsize size = 0; size < n; size++)
        g_assert_cmpint (dms_p2p_varint_read (bytes, size, &value), ==, 0);
    }
  g_assert_cmpint (dms_p2p_varint_read (BYTES ("\x81\x00"), &value), ==, -1);
  g_assert_cmpint (dms_p2p_varint_read (BYTES ("\x80\x80\x00"), &value), ==, -1);
  g_assert_cmpint (dms_p2p_varint_read (BYTES ("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01"), &value), ==, -1);
  g_assert_cmpint (dms_p2p_varint_read (BYTES ("\xff\xff\xff\xff\xff\xff\xff\xff\xff"), &value), ==, -1);
}

static void
test_round (void)
{
  g_autoptr (GByteArray) out = g_byte_array_new ();
  g_autoptr (GBytes) bytes = g_bytes_new_static ("\x00\x01", 2);
  g_autoptr (GBytes) copy = NULL;
  g_autoptr (GBytes) framed = NULL;
  g_autofree char *text = NULL;
  DmsP2pProtoReader reader;

  dms_p2p_proto_write_number (out, 1, G_MAXUINT64);
  dms_p2p_proto_write_text (out, 2, "grüß");
  dms_p2p_proto_write_gbytes (out, 536870911, bytes);
  dms_p2p_proto_write_bytes (out, 4, NULL, 0);
  g_byte_array_append (out, BYTES ("\x29\x01\x02\x03\x04\x05\x06\x07\x08\x35\x01\x02\x03\x04"));
  dms_p2p_proto_reader_init (&reader, out->data, out->len);
  g_assert_true (dms_p2p_proto_reader_next (&reader));
  g_assert_true (dms_p2p_proto_reader_is (&reader, 1, DMS_P2P_PROTO_VARINT));
  g_assert_cmpuint (reader.number, ==, G_MAXUINT64);
  g_assert_null (dms_p2p_proto_reader_dup_text (&reader, 100));
  g_assert_true (dms_p2p_proto_reader_next (&reader));
  g_assert_true (dms_p2p_proto_reader_is (&reader, 2, DMS_P2P_PROTO_BYTES));
  text = dms_p2p_proto_reader_dup_text (&reader, 6);
  g_assert_cmpstr (text, ==, "grüß");
  g_assert_null (dms_p2p_proto_reader_dup_text (&reader, 5));
  g_assert_true (dms_p2p_proto_reader_next (&reader));
  g_assert_cmpuint (reader.field, ==, 536870911);
  copy = dms_p2p_proto_reader_dup_bytes (&reader);
  g_assert_true (g_bytes_equal (copy, bytes));
  /* A NUL is no text. */
  g_assert_null (dms_p2p_proto_reader_dup_text (&reader, 100));
  g_assert_true (dms_p2p_proto_reader_next (&reader));
  g_assert_cmpuint (reader.size, ==, 0);
  g_assert_true (dms_p2p_proto_reader_next (&reader));
  g_assert_true (dms_p2p_proto_reader_is (&reader, 5, DMS_P2P_PROTO_FIXED64));
  g_assert_cmpuint (reader.number, ==, G_GUINT64_CONSTANT (0x0807060504030201));
  g_assert_true (dms_p2p_proto_reader_next (&reader));
  g_assert_true (dms_p2p_proto_reader_is (&reader, 6, DMS_P2P_PROTO_FIXED32));
  g_assert_cmpuint (reader.number, ==, 0x04030201);
  g_assert_false (dms_p2p_proto_reader_next (&reader));
  g_assert_false (dms_p2p_proto_reader_has_failed (&reader));

  framed = dms_p2p_proto_free_to_framed (g_byte_array_ref (out));
  g_assert_cmpuint (g_bytes_get_size (framed), ==, out->len + 1);
  g_assert_cmpuint (((const guint8 *) g_bytes_get_data (framed, NULL))[0], ==, out->len);
}

static void
test_malformed (void)
{
  static const struct
  {
    const char *what;
    const guint8 *bytes;
    gsize size;
  } bad[] = {
    { "a key that ends early", BYTES ("\x88") },
    { "field 0", BYTES ("\x00\x01") },
    { "a field above 2^29", BYTES ("\x80\x80\x80\x80\x10\x01") },
    { "a group", BYTES ("\x0b\x0c") },
    { "the end of a group", BYTES ("\x0c") },
    { "kind 6", BYTES ("\x0e\x01") },
    { "kind 7", BYTES ("\x0f\x01") },
    { "no number", BYTES ("\x08") },
    { "a number that ends early", BYTES ("\x08\xff") },
    { "a number of 65 bits", BYTES ("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02") },
    { "a number of 11 bytes", BYTES ("\x08\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01") },
    { "7 bytes of 8", BYTES ("\x09\x01\x02\x03\x04\x05\x06\x07") },
    { "3 bytes of 4", BYTES ("\x0d\x01\x02\x03") },
    { "no length", BYTES ("\x0a") },
    { "1 byte of 2", BYTES ("\x0a\x02x") },
    { "a length of 2^64 - 1", BYTES ("\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01x") },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      DmsP2pProtoReader reader;
      g_autofree guint8 *exact = g_memdup2 (bad[i].bytes, bad[i].size);

      g_test_message ("%s", bad[i].what);
      dms_p2p_proto_reader_init (&reader, exact, bad[i].size);
      g_assert_false (dms_p2p_proto_reader_next (&reader));
      g_assert_true (dms_p2p_proto_reader_has_failed (&reader));
      g_assert_false (dms_p2p_proto_reader_next (&reader));
    }
}

static void
test_nothing (void)
{
  DmsP2pProtoReader reader;

  dms_p2p_proto_reader_init (&reader, NULL, 0);
  g_assert_false (dms_p2p_proto_reader_next (&reader));
  g_assert_false (dms_p2p_proto_reader_has_failed (&reader));
}

/* X.690, 8.1 and 10.1. */
static void
test_der (void)
{
  /* One byte more of a length than needed, of what is as long as it says. */
  static const guint8 padded[4 + 0xff] = { 0x30, 0x82, 0x00, 0xff };
  static const struct
  {
    const guint8 *data;
    gsize size;
  } bad[] = {
    { BYTES ("") },
    { BYTES ("\x30") },
    { BYTES ("\x04\x00") },
    { BYTES ("\x30\x01") },
    /* Cut off in its length. */
    { BYTES ("\x30\x81") },
    { BYTES ("\x30\x82\x01") },
    /* Without an end; longer forms than needed; longer than is read. */
    { BYTES ("\x30\x80\x00\x00") },
    { BYTES ("\x30\x81\x01\xff") },
    { BYTES ("\x30\x82\x00\x01\xff") },
    { BYTES ("\x30\x83\x00\x00\x01\xff") },
    { padded, sizeof padded },
  };
  guint8 large[0x105] = { 0x30, 0x82, 0x01, 0x00 };
  DmsP2pDer in = { large, sizeof large };
  DmsP2pDer content = { NULL, 0 };

  g_assert_true (dms_p2p_der_take (&in, DMS_P2P_DER_SEQUENCE, &content));
  g_assert_true (content.data == large + 4);
  g_assert_cmpuint (content.size, ==, 0x100);
  g_assert_true (in.data == large + 0x104);
  g_assert_cmpuint (in.size, ==, 1);
  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      in = (DmsP2pDer){ bad[i].data, bad[i].size };
      g_assert_false (dms_p2p_der_take (&in, DMS_P2P_DER_SEQUENCE, &content));
      g_assert_true (in.data == bad[i].data);
      g_assert_cmpuint (in.size, ==, bad[i].size);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/p2p/varint", test_varint);
  g_test_add_func ("/p2p/der", test_der);
  g_test_add_func ("/p2p/proto/round", test_round);
  g_test_add_func ("/p2p/proto/malformed", test_malformed);
  g_test_add_func ("/p2p/proto/nothing", test_nothing);
  return g_test_run ();
}
