/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <dms.h>
#include <string.h>

#include "common/dms-json-object.h"
#include "common/dms-json-text.h"

static void
test_taken (void)
{
  static const char *const texts[] = {
    "{}", " [ ] ", "\"\"", "null", "-0", "0.5e-3", "18446744073709551615", "-9223372036854775808",
    "\"\\ud83d\\ude00\"", "\"\\/\\b\"", "\"\xc3\xa9<&>\"", "{\"a\":{\"a\":[1,2,[]]}}", "1e308",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (JsonNode) node = dms_json_node_from_text (texts[i], -1, &error);

      g_assert_no_error (error);
      g_assert_nonnull (node);
    }
}

/* json-glib takes each of these, or makes something else of it. */
static void
test_refused (void)
{
  static const char *const texts[] = {
    "", " ", "/* */ 1", "[1] // x", "['a']", "var a = [1]", "[0x10]", "[01]", "[\"\\x\"]", "[\"a\nb\"]",
    "[1,]",
    "[1] 2", "\"\\u0000\"", "\"\\ud800\"", "\"\\udc00\\ud800\"", "\"\\ud800\\u0041\"", "\"\xff\"", "\"\xc3\"",
    "18446744073709551616", "-9223372036854775809", "100000000000000000000000000", "1e999", "-1e999", "nan",
    "\"\\u12g4\"", "{\"a\"}", "{a:1}", "\"\xed\xa0\x80\"",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (JsonNode) node = dms_json_node_from_text (texts[i], -1, &error);

      if (node != NULL)
        g_error ("taken: %s", texts[i]);
      g_assert_error (error, DMS_ERROR, DMS_ERROR_INVALID_DATA);
      g_assert_true (g_utf8_validate (error->message, -1, NULL));
    }
  g_assert_null (dms_json_node_from_text ("[1]\0", 4, NULL));
}

/* json-glib's parser recurses, so its stack must not be the sender's to fill. */
static void
test_depth (void)
{
  static const char *const beginnings[] = { "", "/*\"*/", "//\"\n", "['\"'," };
  g_autofree char *deep = g_strnfill (900000, '[');
  g_autofree char *opening = g_strnfill (64, '[');
  g_autofree char *closing = g_strnfill (64, ']');
  g_autofree char *deepest = g_strconcat (opening, closing, NULL);
  g_autofree char *deeper = g_strconcat ("[", deepest, "]", NULL);
  g_autoptr (JsonNode) node = dms_json_node_from_text (deepest, -1, NULL);
  g_autoptr (GError) error = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (beginnings); i++)
    {
      g_autofree char *text = g_strconcat (beginnings[i], deep, NULL);

      g_assert_null (dms_json_node_from_text (text, -1, NULL));
    }
  g_assert_nonnull (node);
  g_assert_null (dms_json_node_from_text (deeper, -1, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_TOO_LARGE);
}

/* What is laid out for people is taken as the field has it: halves and stray bytes become U+FFFD or stay. */
static void
test_layout (void)
{
  static const char text[] = " { \"a\" : [ 1 , \"<\\ud800\xff\" ] , \"b\" : {} } ";
  g_autofree char *compact = dms_json_text_compact (text, strlen (text), NULL);
  g_autofree char *lines = dms_json_text_indent (text, strlen (text), 2, NULL);

  g_assert_cmpstr (compact, ==, "{\"a\":[1,\"\\u003c\\ud800\\ufffd\"],\"b\":{}}");
  g_assert_cmpstr (lines, ==, "{\n  \"a\": [\n    1,\n    \"\\u003c\\ud800\\ufffd\"\n  ],\n  \"b\": {}\n}");
}

/* What this program writes it can read, even when a message quotes half a character. */
static void
test_written (void)
{
  g_autoptr (JsonObject) object = json_object_new ();
  g_autoptr (JsonNode) node = json_node_init_object (json_node_alloc (), object);
  g_autoptr (JsonNode) again = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;

  json_object_set_string_member (object, "quoted", "“abc\xe2\x80");
  json_object_set_string_member (object, "control", "\x01\n\x7f\\\"");
  text = dms_json_node_to_text (node);
  g_assert_true (g_utf8_validate (text, -1, NULL));
  again = dms_json_node_from_text (text, -1, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (json_object_get_string_member (json_node_get_object (again), "quoted"), ==,
                   "“abc\xef\xbf\xbd\xef\xbf\xbd");
  g_assert_cmpstr (json_object_get_string_member (json_node_get_object (again), "control"), ==,
                   "\x01\n\x7f\\\"");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/json-text/taken", test_taken);
  g_test_add_func ("/json-text/refused", test_refused);
  g_test_add_func ("/json-text/depth", test_depth);
  g_test_add_func ("/json-text/layout", test_layout);
  g_test_add_func ("/json-text/written", test_written);
  return g_test_run ();
}
