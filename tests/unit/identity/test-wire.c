/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

/* Reading and writing the wire's JSON. */

#include <dms.h>
#include <string.h>

#include "actor/dms-envelope.h"
#include "common/dms-wire-reader.h"
#include "common/dms-wire-writer.h"

static char *
write_string (const char *value)
{
  g_autoptr (DmsWireWriter) writer = dms_wire_writer_new ();

  dms_wire_writer_add_string (writer, NULL, value);
  return dms_wire_writer_end_string (writer);
}

static char *
read_string (const char *json, gsize size, GError **error)
{
  g_autoptr (DmsWireReader) reader = dms_wire_reader_new (json, size, 4096, "text");
  g_autofree char *value = dms_wire_reader_read_string (reader);

  return dms_wire_reader_finish (reader, error) ? g_steal_pointer (&value) : NULL;
}

/* Each is what Go's encoding/json writes for the string. */
static void
test_write_strings (void)
{
  static const char *const pairs[][2] = {
    { "", "\"\"" },
    { "plain", "\"plain\"" },
    { "<a>&\"b\"\\/", "\"\\u003ca\\u003e\\u0026\\\"b\\\"\\\\/\"" },
    { "\n\r\t", "\"\\n\\r\\t\"" },
    { "\b\f\x01\x1f\x7f", "\"\\u0008\\u000c\\u0001\\u001f\x7f\"" },
    { "\xe2\x80\xa8\xe2\x80\xa9", "\"\\u2028\\u2029\"" },
    { "é漢🜁\xef\xbf\xbd", "\"é漢🜁\xef\xbf\xbd\"" },
    { "a\xff" "b", "\"a\\ufffdb\"" },
    { "\xc3", "\"\\ufffd\"" },
    { "\xed\xa0\x80", "\"\\ufffd\\ufffd\\ufffd\"" },
    { "\xc0\xaf", "\"\\ufffd\\ufffd\"" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (pairs); i++)
    {
      g_autofree char *json = write_string (pairs[i][0]);

      g_assert_cmpstr (json, ==, pairs[i][1]);
    }
}

static void
test_read_strings (void)
{
  static const char *const pairs[][2] = {
    { "\"\"", "" },
    { " \"a\" ", "a" },
    { "null", "" },
    { "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t" },
    { "\"\\u0041\\u00e9\\u6f22\"", "Aé漢" },
    { "\"\\ud83d\\ude00\"", "😀" },
    { "\"\\ud83d\"", "\xef\xbf\xbd" },
    { "\"\\ude00x\"", "\xef\xbf\xbdx" },
    { "\"\\ud83d\\u0041\"", "\xef\xbf\xbd" "A" },
    { "\"\\ud83d\\ud83d\\ude00\"", "\xef\xbf\xbd😀" },
    { "\"a\xff" "b\"", "a\xef\xbf\xbd" "b" },
    { "\"\xed\xa0\x80\"", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
    { "\"\x7f\"", "\x7f" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (pairs); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *value = read_string (pairs[i][0], strlen (pairs[i][0]), &error);

      g_assert_no_error (error);
      g_assert_cmpstr (value, ==, pairs[i][1]);
    }
}

static void
test_bad_strings (void)
{
  static const char *const bad[] = { "",          "\"",          "\"a",      "\"\n\"",      "\"\\\"",
                                     "\"\\x\"",
                                     "\"\\u00\"", "\"\\u00g0\"", "\"a\" b",  "\"\\u0000\"", "'a'",      "a",
                                     "1",         "true",        "[]",       "nul",
                                     "\"\\ud83d\\u\"" };

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (read_string (bad[i], strlen (bad[i]), &error));
      g_assert_error (error, DMS_ERROR, DMS_ERROR_INVALID_DATA);
    }
  g_assert_null (read_string ("\"a\0b\"", 5, NULL));
  g_assert_null (read_string ("\"a\"\0", 4, NULL));
}

static gboolean
read_number (const char *json, guint64 *value)
{
  g_autoptr (DmsWireReader) reader = dms_wire_reader_new (json, strlen (json), 4096, "number");

  *value = dms_wire_reader_read_uint64 (reader);
  return dms_wire_reader_finish (reader, NULL);
}

static void
test_numbers (void)
{
  static const char *const bad[] = { "-1", "-0", "1.0", "1e3", "01", "18446744073709551616",
                                     "99999999999999999999999",
                                     "\"1\"", "", "true", "0x10", "+1", "1 2" };
  guint64 value;

  g_assert_true (read_number ("0", &value) && value == 0);
  g_assert_true (read_number ("null", &value) && value == 0);
  g_assert_true (read_number (" 18446744073709551615 ", &value) && value == G_MAXUINT64);
  g_assert_true (read_number ("9223372036854775809", &value)
                 && value == G_GUINT64_CONSTANT (9223372036854775809));
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_test_message ("%s", bad[i]);
      g_assert_false (read_number (bad[i], &value));
    }
}

static gboolean
read_bytes (const char *json, GBytes **value)
{
  g_autoptr (DmsWireReader) reader = dms_wire_reader_new (json, strlen (json), 4096, "bytes");

  *value = dms_wire_reader_read_bytes (reader);
  if (dms_wire_reader_finish (reader, NULL))
    return TRUE;
  g_clear_pointer (value, g_bytes_unref);
  return FALSE;
}

static void
test_bytes (void)
{
  static const char *const bad[] = { "\"e30\"", "\"e30==\"", "\"e31=\"", "\"e-0=\"", "\"e 30=\"", "\"====\"",
                                     "\"e30=e30=\"", "\"e3=0\"", "[1]", "12" };
  GBytes *value;

  g_assert_true (read_bytes ("null", &value));
  g_assert_null (value);
  g_assert_true (read_bytes ("\"\"", &value));
  g_assert_cmpuint (g_bytes_get_size (value), ==, 0);
  g_clear_pointer (&value, g_bytes_unref);
  g_assert_true (read_bytes ("\"e30=\"", &value));
  g_assert_cmpmem (g_bytes_get_data (value, NULL), g_bytes_get_size (value), "{}", 2);
  g_clear_pointer (&value, g_bytes_unref);
  g_assert_true (read_bytes ("\"AP88PiY\\u003d\"", &value));
  g_assert_cmpuint (g_bytes_get_size (value), ==, 5);
  g_clear_pointer (&value, g_bytes_unref);
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_test_message ("%s", bad[i]);
      g_assert_false (read_bytes (bad[i], &value));
    }
}

/* Skips a value inside an object, and reads one beside it. */
static gboolean
read_beside (const char *skipped)
{
  static const char *const names[] = { "Value", NULL };
  g_autofree char *json = g_strdup_printf ("{\"other\":%s,\"vALUE\":7}", skipped);
  g_autoptr (DmsWireReader) reader = dms_wire_reader_new (json, strlen (json), 4096, "object");
  guint64 value = 0;

  if (dms_wire_reader_enter_object (reader))
    while (dms_wire_reader_next_member (reader, names) >= 0)
      value = dms_wire_reader_read_uint64 (reader);
  return dms_wire_reader_finish (reader, NULL) && value == 7;
}

static void
test_skipping (void)
{
  static const char *const good[] = { "1",    "-1.5e+10", "0",  "\"x\\\"\"", "true", "false", "null",
                                      "[]",   "{}",       "[1,[2,{\"a\":[]}]]", "{\"a\":{\"b\":1},\"c\":[]}",
                                      " { \"a\" : 1 } " };
  static const char *const bad[] = { "",    "01",       "-",   "1.",    ".5",   "1e",  "tru",  "[1,]",
                                     "[,1]", "[1 2]",
                                     "{,}", "{\"a\"}",  "{\"a\":}", "{a:1}", "{\"a\":1,}", "[",    "]",
                                     "}",
                                     "NaN", "Infinity", "\"\n\"", "{\"a\":1 \"b\":2}", "//" };

  for (guint i = 0; i < G_N_ELEMENTS (good); i++)
    {
      g_test_message ("%s", good[i]);
      g_assert_true (read_beside (good[i]));
    }
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_test_message ("%u", i);
      g_assert_false (read_beside (bad[i]));
    }
}

static void
test_bounds (void)
{
  g_autoptr (GString) deep = g_string_new (NULL);
  g_autoptr (GString) fits = g_string_new (NULL);
  g_autoptr (DmsWireReader) reader = NULL;
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < 100000; i++)
    g_string_append_c (deep, '[');
  reader = dms_wire_reader_new (deep->str, deep->len, deep->len, "text");
  g_assert_false (dms_wire_reader_skip (reader));
  g_assert_false (dms_wire_reader_finish (reader, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_INVALID_DATA);
  g_clear_error (&error);
  g_clear_pointer (&reader, dms_wire_reader_free);

  for (guint i = 0; i < 100; i++)
    g_string_append_c (fits, '[');
  for (guint i = 0; i < 100; i++)
    g_string_append_c (fits, ']');
  reader = dms_wire_reader_new (fits->str, fits->len, fits->len, "text");
  g_assert_true (dms_wire_reader_skip (reader));
  g_assert_true (dms_wire_reader_finish (reader, NULL));
  g_clear_pointer (&reader, dms_wire_reader_free);

  reader = dms_wire_reader_new (fits->str, fits->len, fits->len - 1, "text");
  g_assert_false (dms_wire_reader_skip (reader));
  g_assert_false (dms_wire_reader_finish (reader, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_TOO_LARGE);
}

static void
test_duplicates (void)
{
  static const char *const twice[] = {
    "{\"be\":\"/a\",\"be\":\"/b\"}",
    "{\"be\":\"/a\",\"BE\":\"/b\"}",
    "{\"to\":{\"id\":{\"pub\":\"a\",\"pub\":\"b\"}}}",
    "{\"opt\":{\"exp\":1,\"exp\":2}}",
  };

  for (guint i = 0; i < G_N_ELEMENTS (twice); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (dms_envelope_new_from_data (twice[i], strlen (twice[i]), &error));
      g_assert_error (error, DMS_ERROR, DMS_ERROR_INVALID_DATA);
    }
}

static void
test_envelope (void)
{
  g_autoptr (DmsKey) key = dms_key_generate ();
  g_autoptr (DmsKey) other = dms_key_generate ();
  g_autoptr (DmsHandle) from = dms_handle_new_for_key (key, dms_key_get_did (key), dms_key_get_peer_id (key),
                                                       "root");
  g_autoptr (DmsHandle) nobody = dms_handle_new_empty ();
  g_autoptr (GBytes) payload = g_bytes_new_static ("{}", 2);
  g_autoptr (DmsEnvelope) sent = dms_envelope_new_signed (key, nobody, "/broadcast/hello", from, 7,
                                                          G_MAXUINT64,
                                                          "/public/x", "/nunet/hello", payload, NULL);
  g_autoptr (DmsEnvelope) forged = dms_envelope_new_signed (other, nobody, "/broadcast/hello", from, 7, 9,
                                                            NULL,
                                                            "/nunet/hello", payload, NULL);
  g_autoptr (GBytes) bytes = dms_envelope_to_bytes (sent);
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsEnvelope) received = dms_envelope_new_from_bytes (bytes, &error);
  g_autoptr (GBytes) again = NULL;

  g_assert_no_error (error);
  g_assert_true (dms_envelope_verify_signature (received));
  g_assert_false (dms_envelope_verify_signature (forged));
  g_assert_true (dms_envelope_is_broadcast (received));
  g_assert_true (dms_handle_equal (dms_envelope_get_from (received), from));
  g_assert_cmpstr (dms_envelope_get_behaviour (received), ==, "/broadcast/hello");
  g_assert_cmpstr (dms_envelope_get_reply_behaviour (received), ==, "/public/x");
  g_assert_cmpstr (dms_envelope_get_topic (received), ==, "/nunet/hello");
  g_assert_cmpuint (dms_envelope_get_nonce (received), ==, 7);
  g_assert_cmpuint (dms_envelope_get_expiry_ns (received), ==, G_MAXUINT64);
  g_assert_true (g_bytes_equal (dms_envelope_get_payload (received), payload));
  g_assert_null (dms_envelope_get_capability (received));
  again = dms_envelope_to_bytes (received);
  g_assert_true (g_bytes_equal (bytes, again));
}

static void
test_envelope_refusals (void)
{
  static const char *const bad[] = { "", "null", "[]", "1", "\"x\"", "{", "{}x", "{\"to\":[]}",
                                     "{\"nonce\":-1}",
                                     "{\"msg\":{}}", "{\"from\":\"x\"}", "{\"opt\":{\"exp\":\"1\"}}",
                                     "{\"sig\":\"!\"}", "{\"to\":{\"did\":{\"uri\":\"not a did\"}}}" };
  g_autofree char *large = g_strnfill (DMS_ENVELOPE_MAX_SIZE + 1, ' ');
  g_autoptr (DmsEnvelope) empty = dms_envelope_new_from_data ("{}", 2, NULL);
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_test_message ("%s", bad[i]);
      g_assert_null (dms_envelope_new_from_data (bad[i], strlen (bad[i]), NULL));
    }
  g_assert_null (dms_envelope_new_from_data (large, DMS_ENVELOPE_MAX_SIZE + 1, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_TOO_LARGE);
  /* Everything left out: well formed, but nobody's. */
  g_assert_nonnull (empty);
  g_assert_false (dms_envelope_verify_signature (empty));
}

static void
test_handle (void)
{
  g_autoptr (DmsKey) key = dms_key_generate ();
  g_autoptr (DmsHandle) handle = dms_handle_new_for_key (key, dms_key_get_did (key),
                                                         dms_key_get_peer_id (key), "in");
  g_autoptr (JsonNode) json = dms_handle_to_json (handle);
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsHandle) again = dms_handle_new_from_json (json, &error);
  g_autoptr (JsonNode) wrong = json_from_string ("{\"id\":5}", NULL);
  g_autoptr (JsonNode) none = json_from_string ("null", NULL);
  g_autoptr (DmsHandle) upper = NULL;
  static const char text[] =
    "{\"ID\":{\"Pub\":\"x\"},\"Addr\":{\"HOST\":\"h\",\"InBox\":\"i\"},\"more\":[1]}";
  guint8 public_key[32];

  g_assert_no_error (error);
  g_assert_true (dms_handle_equal (handle, again));
  g_assert_true (dms_handle_get_ed25519 (again, public_key));
  g_assert_cmpmem (public_key, 32, dms_key_get_public (key), 32);
  g_assert_null (dms_handle_new_from_json (wrong, NULL));
  g_assert_null (dms_handle_new_from_json (none, NULL));
  upper = dms_handle_new_from_data (text, strlen (text), &error);
  g_assert_no_error (error);
  g_assert_cmpstr (dms_handle_get_host (upper), ==, "h");
  g_assert_cmpstr (dms_handle_get_inbox (upper), ==, "i");
  g_assert_false (dms_handle_get_ed25519 (upper, public_key));
}

/* Texts are looked at in wide steps: every ASCII character, at every place of one that is long enough. */
static void
test_every_place (void)
{
  char text[41];

  memset (text, 'x', sizeof text - 1);
  text[sizeof text - 1] = '\0';
  for (gsize at = 0; at < sizeof text - 1; at++)
    {
      for (char c = 1; c > 0 && c < 0x7f; c++)
        {
          g_autoptr (GString) expected = g_string_new ("\"");
          g_autofree char *json = NULL;
          g_autofree char *again = NULL;
          g_autoptr (GError) error = NULL;

          text[at] = c;
          g_string_append_len (expected, text, (gssize) at);
          if (c == '"' || c == '\\')
            g_string_append_printf (expected, "\\%c", c);
          else if (c == '\n' || c == '\r' || c == '\t')
            g_string_append (expected, c == '\n' ? "\\n" : c == '\r' ? "\\r" : "\\t");
          else if (c < 0x20 || strchr ("<>&", c) != NULL)
            g_string_append_printf (expected, "\\u%04x", (guint) c);
          else
            g_string_append_c (expected, c);
          g_string_append (expected, text + at + 1);
          g_string_append_c (expected, '"');
          json = write_string (text);
          g_assert_cmpstr (json, ==, expected->str);
          again = read_string (json, strlen (json), &error);
          g_assert_no_error (error);
          g_assert_cmpstr (again, ==, text);
        }
      text[at] = 'x';
    }
}

/* Members in another order than that of the names, and with others in between. */
static void
test_any_order (void)
{
  static const char *const names[] = { "a", "ab", "abc", NULL };
  static const int order[] = { 2, 0, 1 };
  static const char json[] = "{\"abc\":1,\"x\":[],\"a\":2,\"AB\":3,\"abcd\":4}";
  g_autoptr (DmsWireReader) reader = dms_wire_reader_new (json, strlen (json), 4096, "object");
  g_autoptr (GError) error = NULL;

  g_assert_true (dms_wire_reader_enter_object (reader));
  for (guint i = 0; i < G_N_ELEMENTS (order); i++)
    {
      g_assert_cmpint (dms_wire_reader_next_member (reader, names), ==, order[i]);
      g_assert_cmpuint (dms_wire_reader_read_uint64 (reader), ==, i + 1);
    }
  g_assert_cmpint (dms_wire_reader_next_member (reader, names), ==, -1);
  g_assert_true (dms_wire_reader_finish (reader, &error));
}

/* What is signed here goes onto the wire as it is written from its members. */
static void
test_sealed (void)
{
  g_autoptr (DmsKey) key = dms_key_generate ();
  g_autoptr (DmsHandle) handle =
    dms_handle_new_for_key (key, dms_key_get_did (key), dms_key_get_peer_id (key), "<box>");
  g_autoptr (GBytes) some = g_bytes_new_static ("{\"a\":1}", 7);
  g_autoptr (GBytes) none = g_bytes_new_static ("", 0);
  GBytes *const parts[] = { NULL, none, some };

  for (guint i = 0; i < G_N_ELEMENTS (parts); i++)
    for (guint j = 0; j < G_N_ELEMENTS (parts); j++)
      {
        g_autoptr (DmsEnvelope) envelope =
          dms_envelope_new_signed (key, handle, "/a/b", handle, 7, 8, j > 0 ? "/reply" : NULL, NULL, parts[i],
                                   parts[j]);
        g_autoptr (GBytes) bytes = dms_envelope_to_bytes (envelope);
        g_autofree char *text = dms_envelope_to_string (envelope);
        g_autoptr (GError) error = NULL;
        g_autoptr (DmsEnvelope) again = dms_envelope_new_from_bytes (bytes, &error);

        g_assert_no_error (error);
        g_assert_cmpmem (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), text, strlen (text));
        g_assert_true (dms_envelope_verify_signature (again));
      }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/wire/write-strings", test_write_strings);
  g_test_add_func ("/wire/read-strings", test_read_strings);
  g_test_add_func ("/wire/bad-strings", test_bad_strings);
  g_test_add_func ("/wire/numbers", test_numbers);
  g_test_add_func ("/wire/bytes", test_bytes);
  g_test_add_func ("/wire/skipping", test_skipping);
  g_test_add_func ("/wire/bounds", test_bounds);
  g_test_add_func ("/wire/duplicates", test_duplicates);
  g_test_add_func ("/wire/envelope", test_envelope);
  g_test_add_func ("/wire/envelope-refusals", test_envelope_refusals);
  g_test_add_func ("/wire/handle", test_handle);
  g_test_add_func ("/wire/every-place", test_every_place);
  g_test_add_func ("/wire/any-order", test_any_order);
  g_test_add_func ("/wire/sealed", test_sealed);
  return g_test_run ();
}
