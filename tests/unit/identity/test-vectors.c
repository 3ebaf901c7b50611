/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

/* The golden vectors: every value of the wire format, reproduced byte for byte. */

#include <string.h>

#include "actor/dms-envelope.h"
#include "capability/dms-token.h"
#include "identity/dms-base32.h"
#include "identity/dms-signature.h"

static JsonObject *
load_vectors (JsonParser **parser)
{
  g_autofree char *path = g_build_filename (g_getenv ("DMS_TEST_DATA"), "vectors", "dms-wire-go.json", NULL);
  g_autoptr (GError) error = NULL;

  *parser = json_parser_new ();
  json_parser_load_from_file (*parser, path, &error);
  g_assert_no_error (error);
  return json_node_get_object (json_parser_get_root (*parser));
}

static void
from_hex (const char *text, guint8 *data)
{
  for (gsize i = 0; text[2 * i] != '\0'; i++)
    data[i] = (guint8) (g_ascii_xdigit_value (text[2 * i]) << 4 | g_ascii_xdigit_value (text[2 * i + 1]));
}

/* The part of the file that is one vector's "json", as it is written there: a JSON tree would lose numbers.
 * */
static char *
extract_json (const char *name)
{
  g_autofree char *path = g_build_filename (g_getenv ("DMS_TEST_DATA"), "vectors", "dms-wire-go.json", NULL);
  g_autofree char *text = NULL;
  g_autofree char *mark = g_strdup_printf ("\"name\":\"%s\"", name);
  const char *start, *p;
  gboolean quoted = FALSE;
  int depth = 0;

  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  start = strstr (text, mark);
  g_assert_nonnull (start);
  start = strstr (start, "\"json\":");
  g_assert_nonnull (start);
  start = strchr (start + strlen ("\"json\":"), '{');
  for (p = start; p == start || depth > 0; p++)
    {
      if (quoted && *p == '\\')
        p++;
      else if (*p == '"')
        quoted = !quoted;
      else if (!quoted)
        depth += *p == '{' ? 1 : *p == '}' ? -1 : 0;
    }
  return g_strndup (start, (gsize) (p - start));
}

static void
test_keys (void)
{
  g_autoptr (JsonParser) parser = NULL;
  JsonArray *keys = json_object_get_array_member (load_vectors (&parser), "keys");

  for (guint i = 0; i < json_array_get_length (keys); i++)
    {
      JsonObject *vector = json_array_get_object_element (keys, i);
      guint8 seed[32], public_key[32], decoded[32];
      g_autoptr (DmsKey) key = NULL;
      g_autofree char *id = NULL;

      from_hex (json_object_get_string_member (vector, "SeedHex"), seed);
      from_hex (json_object_get_string_member (vector, "PublicHex"), public_key);
      key = dms_key_new_from_seed (seed);
      id = dms_key_dup_id_pub (key);
      g_assert_cmpmem (dms_key_get_public (key), 32, public_key, 32);
      g_assert_cmpstr (dms_did_get_uri (dms_key_get_did (key)), ==, json_object_get_string_member (vector,
                                                                                                   "DID"));
      g_assert_cmpstr (dms_peer_id_get_text (dms_key_get_peer_id (key)), ==,
                       json_object_get_string_member (vector, "PeerID"));
      g_assert_cmpstr (id, ==, json_object_get_string_member (vector, "IDPub"));
      g_assert_true (dms_base32_decode_id (id, decoded));
      g_assert_cmpmem (decoded, 32, public_key, 32);
    }
  g_assert_cmpuint (json_array_get_length (keys), ==, 6);
}

static void
check_vector (JsonObject *vector)
{
  const char *name = json_object_get_string_member (vector, "name");
  g_autofree char *json = extract_json (name);
  g_autofree char *written = NULL;
  g_autofree guchar *signed_bytes = NULL;
  g_autoptr (GBytes) made = NULL;
  g_autoptr (GError) error = NULL;
  gboolean valid;
  gsize size;

  g_test_message ("%s", name);
  signed_bytes = g_base64_decode (json_object_get_string_member (vector, "signed_bytes_base64"), &size);
  if (g_str_has_prefix ((const char *) signed_bytes, "dms:token:"))
    {
      g_autoptr (DmsToken) token = dms_token_new_from_data (json, strlen (json), &error);

      g_assert_no_error (error);
      made = dms_token_dup_signed_bytes (token);
      written = dms_token_to_string (token);
      valid = dms_token_check_signature (token);
    }
  else
    {
      g_autoptr (DmsEnvelope) envelope = dms_envelope_new_from_data (json, strlen (json), &error);

      g_assert_no_error (error);
      made = dms_envelope_dup_signed_bytes (envelope);
      written = dms_envelope_to_string (envelope);
      valid = dms_envelope_verify_signature (envelope);
    }
  g_assert_cmpmem (g_bytes_get_data (made, NULL), g_bytes_get_size (made), signed_bytes, size);
  g_assert_cmpstr (written, ==, json);
  g_assert_cmpint (valid, ==, json_object_get_boolean_member (vector, "signature_valid"));
}

static void
test_vectors (void)
{
  g_autoptr (JsonParser) parser = NULL;
  JsonArray *vectors = json_object_get_array_member (load_vectors (&parser), "vectors");

  g_assert_cmpuint (json_array_get_length (vectors), ==, 16);
  for (guint i = 0; i < json_array_get_length (vectors); i++)
    check_vector (json_array_get_object_element (vectors, i));
}

/* One bit anywhere in a signed message or its signature is noticed. */
static void
test_flipped_bits (void)
{
  g_autofree char *json = extract_json ("invoke-with-cap");
  g_autoptr (DmsEnvelope) envelope = dms_envelope_new_from_data (json, strlen (json), NULL);
  g_autoptr (GBytes) bytes = dms_envelope_dup_signed_bytes (envelope);
  g_autofree guint8 *data = g_memdup2 (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
  guint8 public_key[32];
  guint8 signature[64];

  g_assert_true (dms_handle_get_ed25519 (dms_envelope_get_from (envelope), public_key));
  memcpy (signature, g_bytes_get_data (dms_envelope_get_signature (envelope), NULL), 64);
  g_assert_true (dms_signature_verify (public_key, data, g_bytes_get_size (bytes), signature, 64));
  for (gsize bit = 0; bit < g_bytes_get_size (bytes) * 8; bit += 97)
    {
      data[bit / 8] ^= 1 << bit % 8;
      g_assert_false (dms_signature_verify (public_key, data, g_bytes_get_size (bytes), signature, 64));
      data[bit / 8] ^= 1 << bit % 8;
    }
  for (guint bit = 0; bit < 512; bit += 3)
    {
      signature[bit / 8] ^= 1 << bit % 8;
      g_assert_false (dms_signature_verify (public_key, data, g_bytes_get_size (bytes), signature, 64));
      signature[bit / 8] ^= 1 << bit % 8;
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/wire/keys", test_keys);
  g_test_add_func ("/wire/vectors", test_vectors);
  g_test_add_func ("/wire/flipped-bits", test_flipped_bits);
  return g_test_run ();
}
