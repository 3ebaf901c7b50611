/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <string.h>

#include <dms.h>

static void
decode_hex (const char *hex, guint8 *bytes, gsize length)
{
  g_assert_cmpuint (strlen (hex), ==, 2 * length);
  for (gsize i = 0; i < length; i++)
    bytes[i] = (guint8) (g_ascii_xdigit_value (hex[2 * i]) << 4 | g_ascii_xdigit_value (hex[2 * i + 1]));
}

static void
check_key (JsonObject *key)
{
  guint8 public_key[32];
  guint8 again[32];
  const char *did_text = json_object_get_string_member (key, "DID");
  const char *peer_text = json_object_get_string_member (key, "PeerID");
  g_autoptr (DmsDid) did = NULL;
  g_autoptr (DmsDid) read_did = NULL;
  g_autoptr (DmsPeerId) peer = NULL;
  g_autoptr (DmsPeerId) read_peer = NULL;
  g_autoptr (GError) error = NULL;

  decode_hex (json_object_get_string_member (key, "PublicHex"), public_key, sizeof public_key);
  did = dms_did_new_for_ed25519 (public_key);
  g_assert_cmpstr (dms_did_get_uri (did), ==, did_text);
  read_did = dms_did_new (did_text, &error);
  g_assert_no_error (error);
  g_assert_true (dms_did_get_ed25519 (read_did, again));
  g_assert_cmpmem (again, 32, public_key, 32);
  g_assert_true (dms_did_equal (did, read_did));
  g_assert_cmpuint (dms_did_hash (did), ==, dms_did_hash (read_did));

  peer = dms_peer_id_new_for_ed25519 (public_key);
  g_assert_cmpstr (dms_peer_id_get_text (peer), ==, peer_text);
  memset (again, 0, sizeof again);
  read_peer = dms_peer_id_new (peer_text, &error);
  g_assert_no_error (error);
  g_assert_true (dms_peer_id_get_ed25519 (read_peer, again));
  g_assert_cmpmem (again, 32, public_key, 32);
  g_assert_true (dms_peer_id_equal (peer, read_peer));
}

/* Keys whose texts were made by libp2p and the field's own code. */
static void
test_vectors (void)
{
  g_autofree char *path = g_build_filename (g_getenv ("DMS_TEST_DATA"), "vectors", "dms-wire-go.json", NULL);
  g_autoptr (JsonParser) parser = json_parser_new ();
  g_autoptr (GError) error = NULL;
  JsonArray *keys = NULL;

  json_parser_load_from_file (parser, path, &error);
  g_assert_no_error (error);
  keys = json_object_get_array_member (json_node_get_object (json_parser_get_root (parser)), "keys");
  g_assert_cmpuint (json_array_get_length (keys), >, 3);
  for (guint i = 0; i < json_array_get_length (keys); i++)
    check_key (json_array_get_object_element (keys, i));
}

static void
test_did_refusals (void)
{
  static const char *const bad[] = {
    "did",
    "did:",
    "did:key",
    "did:key:",
    "did::x",
    "DID:key:z6Mk",
    "did:Key:x",
    "did:key:a b",
    "did:key:a\nb",
    "did:key:\xc3\x28",
    "http://example.org",
    " did:key:x",
  };
  g_autofree char *zeros = g_strnfill (2000, '1');
  g_autofree char *long_did = g_strconcat ("did:key:z", zeros, NULL);
  guint8 key[32];

  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (dms_did_new (bad[i], &error));
      g_assert_error (error, DMS_ERROR, DMS_ERROR_INVALID_DATA);
      g_assert_true (g_utf8_validate (error->message, -1, NULL));
    }
  g_assert_null (dms_did_new (long_did, NULL));

  for (gsize i = 0; i < 4; i++)
    {
      /* Another key type, a bad digit, too short, no key DID: valid DIDs, but no Ed25519 keys. */
      static const char *const other[] = {
        "did:key:zQ3shokFTS3brHcDQrn82RUDfCZESWL1ZdCEJwekUDPQiYBme",
        "did:key:z6Mk0OIl",
        "did:key:z6Mk",
        "did:web:a.b",
      };
      g_autoptr (DmsDid) did = dms_did_new (other[i], NULL);

      g_assert_nonnull (did);
      g_assert_false (dms_did_get_ed25519 (did, key));
    }
}

static void
test_did_json (void)
{
  g_autoptr (DmsDid) empty = dms_did_new_empty ();
  g_autoptr (JsonNode) node = dms_did_to_json (empty);
  g_autofree char *text = json_to_string (node, FALSE);
  g_autoptr (DmsDid) back = dms_did_new_from_json (node, NULL);
  g_autoptr (JsonNode) upper = json_from_string ("{\"URI\":\"did:web:x\"}", NULL);
  g_autoptr (JsonNode) plain = json_from_string ("\"did:web:x\"", NULL);
  g_autoptr (JsonNode) wrong = json_from_string ("{\"uri\":7}", NULL);
  g_autoptr (DmsDid) from_upper = dms_did_new_from_json (upper, NULL);
  g_autoptr (DmsDid) from_plain = dms_did_new_from_json (plain, NULL);
  g_autoptr (GError) error = NULL;

  g_assert_true (dms_did_is_empty (empty));
  g_assert_cmpstr (text, ==, "{}");
  g_assert_true (dms_did_equal (empty, back));
  g_assert_true (dms_did_equal (from_upper, from_plain));
  g_assert_null (dms_did_new_from_json (wrong, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_INVALID_DATA);
  g_assert_null (dms_did_new_from_json (NULL, NULL));
}

static void
test_peer_id_forms (void)
{
  /* From the libp2p specification of peer IDs: a hash and its CID, in base32 and base36. */
  static const char hash[] = "QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N";
  static const char cid[] = "bafzbeie5745rpv2m6tjyuugywy4d5ewrqgqqhfnf445he3omzpjbx5xqxe";
  static const char *const bad[] = {
    "",
    "Q",
    "Qm",
    "12D3KooW",
    "1",
    "z6Mk",
    "b",
    "bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi",
    "QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx50",
    "../../etc",
    "\xff\xfe",
  };
  g_autofree char *ones = g_strnfill (100000, '1');
  g_autoptr (DmsPeerId) from_hash = dms_peer_id_new (hash, NULL);
  g_autoptr (DmsPeerId) from_cid = dms_peer_id_new (cid, NULL);
  guint8 key[32];

  g_assert_nonnull (from_hash);
  g_assert_nonnull (from_cid);
  g_assert_cmpstr (dms_peer_id_get_text (from_hash), ==, hash);
  g_assert_cmpstr (dms_peer_id_get_text (from_cid), ==, hash);
  g_assert_false (dms_peer_id_get_ed25519 (from_hash, key));
  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (dms_peer_id_new (bad[i], &error));
      g_assert_error (error, DMS_ERROR, DMS_ERROR_INVALID_DATA);
      g_assert_true (g_utf8_validate (error->message, -1, NULL));
    }
  g_assert_null (dms_peer_id_new (ones, NULL));
}

static void
test_multiaddr (void)
{
  static const char *const good[] = {
    "/ip4/127.0.0.1/tcp/9000",
    "/ip6/::1/udp/9000/quic-v1",
    "/dns4/example.org/tcp/443/wss",
    "/dnsaddr/bootstrap.libp2p.io/p2p/QmNnooDu7bfjPFoTZYxMNLWUQJyrVwtbZg5gBMjTezGAJN",
    "/ip4/192.0.2.1/tcp/4001/p2p/QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N/p2p-circuit",
    "/unix/run/dms/socket",
    "/memory/hub",
  };
  static const char *const bad[] = {
    "",
    "/",
    "ip4/127.0.0.1",
    "/ip4",
    "/ip4/",
    "/ip4/999.0.0.1",
    "/ip4/::1",
    "/ip6/127.0.0.1",
    "/ip4/127.0.0.1/tcp/70000",
    "/ip4/127.0.0.1/tcp/-1",
    "/ip4/127.0.0.1/tcp/1x",
    "/nonsense/1",
    "/ip4/127.0.0.1//tcp/1",
    "/p2p/notapeer",
    "/dns4/a b/tcp/1",
    "/ip4/127.0.0.1/tcp", "/unix/unix//",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (good); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (DmsMultiaddr) address = dms_multiaddr_new (good[i], &error);
      g_autoptr (JsonNode) node = NULL;
      g_autoptr (DmsMultiaddr) back = NULL;

      g_assert_no_error (error);
      g_assert_cmpstr (dms_multiaddr_get_text (address), ==, good[i]);
      node = dms_multiaddr_to_json (address);
      back = dms_multiaddr_new_from_json (node, NULL);
      g_assert_true (dms_multiaddr_equal (address, back));
    }
  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (GError) error = NULL;

      g_test_message ("%s", bad[i]);
      g_assert_null (dms_multiaddr_new (bad[i], &error));
      g_assert_error (error, DMS_ERROR, DMS_ERROR_INVALID_DATA);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/identifiers/vectors", test_vectors);
  g_test_add_func ("/identifiers/did-refusals", test_did_refusals);
  g_test_add_func ("/identifiers/did-json", test_did_json);
  g_test_add_func ("/identifiers/peer-id-forms", test_peer_id_forms);
  g_test_add_func ("/identifiers/multiaddr", test_multiaddr);
  return g_test_run ();
}
