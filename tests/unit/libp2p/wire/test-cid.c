/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <sodium.h>
#include <string.h>

#include "wire/dms-p2p-cid.h"

typedef struct
{
  guint64 codec;
  DmsP2pHash hash;
  const char *base32;
  const char *base36;
  const char *base58;
  const char *base64_url;
  const char *hex;
} Vector;

static const char content[] = "nunet-test";

/* Made by js-multiformats of "nunet-test". */
static const Vector vectors[] = {
  { DMS_P2P_CODEC_RAW,
    DMS_P2P_HASH_SHA2_256,
    "bafkreiezjob5s3zoag2hrpogatpof3fzdlcibugffjhpmkibilfd34nh4y",
    "k2cwuecgy71vulrzee7k3m0s44cy4fvd4cfk113ljq7whulkjfsbtnmu",
    "zb2rhgxgMeq5t6QUGX7VHj2uVstXJ9R3oPH3qW1oMiDDAjYsP",
    "uAVUSIJlLg9lvLgG0eL3GBN7i7LkaxIDQxSpO9ikBQso98afm",
    "01551220994b83d96f2e01b478bdc604dee2ecb91ac480d0c52a4ef6290142ca3df1a7e6" },
  { DMS_P2P_CODEC_RAW,
    DMS_P2P_HASH_SHA2_512,
    "bafkrgqcdonmlq2jt4toe54skvhqon7imvaazjkak5bffebpgm7eahb77jg5fubbk3eln7vjms4uadvou5t6ijglk6oavrdvc7oqqes7"
    "qm4"
    "7ys",
    "kf1siqdejxwiwyijos2n89svo95g5nvj51gpnxdfsrb1g4baqdi3ehxikdzt7p5k4l2un4bjqceu39dm8jw8e2fcy677h4zwcz9kety1"
    "5",
    "zB7NCeAWYmHzdHk5QXUoAFahWWPERrK4b2F73kPSZZU5ffKAL3NtecjLtQf28TARSbRRZCt8eMjEvm7hCzfaF6WVKZ76p",
    "uAVUTQENzWLhpM-TcTvJKqeDm_QyoAZSoCuhKUgXmZ8gDh_9JuloEKtkW39UslygB1dTs_ISZavOBWI6i-6ECS_BnP4k",
    "01551340437358b86933e4dc4ef24aa9e0e6fd0ca80194a80ae84a5205e667c80387ff49ba5a042ad916dfd52c972801d5d4ecfc"
    "84"
    "996af381588ea2fba1024bf0673f89" },
  { DMS_P2P_CODEC_RAW,
    DMS_P2P_HASH_IDENTITY,
    "bafkqactoovxgk5bnorsxg5a",
    "k20rbncoa4kapjg77uufec",
    "zVQMPMWboewXz6GHzMR",
    "uAVUACm51bmV0LXRlc3Q",
    "0155000a6e756e65742d74657374" },
  { DMS_P2P_CODEC_LIBP2P_KEY,
    DMS_P2P_HASH_SHA2_256,
    "bafzbeiezjob5s3zoag2hrpogatpof3fzdlcibugffjhpmkibilfd34nh4y",
    "k2k4r8n8k6813ijfwc7qmesq5edfoo17p9qi43gfsgp4upxq1zag2gh2",
    "zdvgqBjP3oGSxd7CinYzygAcpcxfpjjJtrZ7eLqT691TJtvKP",
    "uAXISIJlLg9lvLgG0eL3GBN7i7LkaxIDQxSpO9ikBQso98afm",
    "01721220994b83d96f2e01b478bdc604dee2ecb91ac480d0c52a4ef6290142ca3df1a7e6" },
};

static const char v0[] = "QmYf3sbcr2qPX5fZWBxkDbVRm2RvLK4Y94hwVgpdStmNff";
static const char v0_hex[] = "1220994b83d96f2e01b478bdc604dee2ecb91ac480d0c52a4ef6290142ca3df1a7e6";

static GBytes *
from_hex (const char *hex)
{
  guint8 bytes[256];
  gsize size = 0;

  g_assert_cmpint (sodium_hex2bin (bytes, sizeof bytes, hex, strlen (hex), NULL, &size, NULL), ==, 0);
  return g_bytes_new (bytes, size);
}

static void
check_text (DmsP2pCid *expected, const char *text)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsP2pCid) cid = dms_p2p_cid_new_from_text (text, &error);

  g_assert_no_error (error);
  g_assert_true (dms_p2p_cid_equal (cid, expected));
}

static void
test_vectors (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (vectors); i++)
    {
      const Vector *vector = &vectors[i];
      g_autoptr (GError) error = NULL;
      g_autoptr (GBytes) expected = from_hex (vector->hex);
      g_autoptr (GBytes) multihash = dms_p2p_multihash_new (vector->hash, content, strlen (content), &error);
      g_autoptr (DmsP2pCid) cid = dms_p2p_cid_new (vector->codec, multihash, &error);
      g_autoptr (DmsP2pCid) read =
          dms_p2p_cid_new_from_bytes (g_bytes_get_data (expected, NULL), g_bytes_get_size (expected), &error);
      g_autoptr (GBytes) bytes = dms_p2p_cid_dup_bytes (cid);
      g_autofree char *text = dms_p2p_cid_dup_text (cid);

      g_assert_no_error (error);
      g_assert_true (g_bytes_equal (bytes, expected));
      g_assert_cmpstr (text, ==, vector->base32);
      g_assert_cmpuint (dms_p2p_cid_get_version (read), ==, 1);
      g_assert_cmpuint (dms_p2p_cid_get_codec (read), ==, vector->codec);
      g_assert_true (g_bytes_equal (dms_p2p_cid_get_multihash (read), multihash));
      g_assert_true (dms_p2p_multihash_matches (multihash, content, strlen (content)));
      g_assert_false (dms_p2p_multihash_matches (multihash, content, strlen (content) - 1));
      check_text (cid, vector->base32);
      check_text (cid, vector->base36);
      check_text (cid, vector->base58);
      check_text (cid, vector->base64_url);
    }
}

static void
test_for_data (void)
{
  g_autoptr (DmsP2pCid) cid = dms_p2p_cid_new_for_data (content, strlen (content));

  check_text (cid, vectors[0].base32);
}

static void
test_v0 (void)
{
  g_autoptr (GBytes) bytes = from_hex (v0_hex);
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsP2pCid) cid =
      dms_p2p_cid_new_from_bytes (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), &error);
  g_autoptr (DmsP2pCid) v1 = NULL;
  g_autofree char *text = NULL;
  g_autoptr (GBytes) back = NULL;

  g_assert_no_error (error);
  g_assert_cmpuint (dms_p2p_cid_get_version (cid), ==, 0);
  g_assert_cmpuint (dms_p2p_cid_get_codec (cid), ==, DMS_P2P_CODEC_DAG_PB);
  text = dms_p2p_cid_dup_text (cid);
  g_assert_cmpstr (text, ==, v0);
  check_text (cid, v0);
  back = dms_p2p_cid_dup_bytes (cid);
  g_assert_true (g_bytes_equal (back, bytes));
  v1 = dms_p2p_cid_new (DMS_P2P_CODEC_DAG_PB, dms_p2p_cid_get_multihash (cid), &error);
  g_assert_false (dms_p2p_cid_equal (cid, v1));
}

static void
test_bad (void)
{
  static const char *const texts[] = {
    "",
    "z",
    "b",
    "Qm",
    "QmYf3sbcr2qPX5fZWBxkDbVRm2RvLK4Y94hwVgpdStmNf",
    "QmYf3sbcr2qPX5fZWBxkDbVRm2RvLK4Y94hwVgpdStmNf0",
    "zQmYf3sbcr2qPX5fZWBxkDbVRm2RvLK4Y94hwVgpdStmNff",
    "f1220994b83d96f2e01b478bdc604dee2ecb91ac480d0c52a4ef6290142ca3df1a7e6",
    "bafkreiezjob5s3zoag2hrpogatpof3fzdlcibugffjhpmkibilfd34nh4",
    "yafkreiezjob5s3zoag2hrpogatpof3fzdlcibugffjhpmkibilfd34nh4y",
  };
  static const char *const bytes[] = {
    "01",
    "0155",
    "015512",
    "01551220",
    /* Version 2; a roundabout version; MD5; a digest that is too short, too long; more behind it. */
    "02551220994b83d96f2e01b478bdc604dee2ecb91ac480d0c52a4ef6290142ca3df1a7e6",
    "8100551220994b83d96f2e01b478bdc604dee2ecb91ac480d0c52a4ef6290142ca3df1a7e6",
    "0155d50110994b83d96f2e01b478bdc604dee2ecb9",
    "0155121f994b83d96f2e01b478bdc604dee2ecb91ac480d0c52a4ef6290142ca3df1a7",
    "01551221994b83d96f2e01b478bdc604dee2ecb91ac480d0c52a4ef6290142ca3df1a7e600",
    "01551220994b83d96f2e01b478bdc604dee2ecb91ac480d0c52a4ef6290142ca3df1a7e600",
    "1220994b83d96f2e01b478bdc604dee2ecb91ac480d0c52a4ef6290142ca3df1a7",
    "01ffffffffffffffffffff01",
    "015512ffffffffffffffffff7f",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (GError) error = NULL;

      g_test_message ("%s", texts[i]);
      g_assert_null (dms_p2p_cid_new_from_text (texts[i], &error));
      g_assert_error (error, DMS_ERROR, DMS_ERROR_INVALID_DATA);
    }
  for (gsize i = 0; i < G_N_ELEMENTS (bytes); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GBytes) bad = from_hex (bytes[i]);

      g_test_message ("%s", bytes[i]);
      g_assert_null (
          dms_p2p_cid_new_from_bytes (g_bytes_get_data (bad, NULL), g_bytes_get_size (bad), &error));
      g_assert_error (error, DMS_ERROR, DMS_ERROR_INVALID_DATA);
    }
  g_assert_null (dms_p2p_cid_new_from_bytes ((const guint8 *) "", 0, NULL));
}

static void
test_large_identity (void)
{
  guint8 data[129] = { 0 };
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) good = dms_p2p_multihash_new (DMS_P2P_HASH_IDENTITY, data, 128, &error);
  g_autoptr (GBytes) empty = dms_p2p_multihash_new (DMS_P2P_HASH_IDENTITY, NULL, 0, &error);
  g_autoptr (DmsP2pCid) cid = dms_p2p_cid_new (DMS_P2P_CODEC_RAW, good, &error);
  g_autofree char *text = dms_p2p_cid_dup_text (cid);

  g_assert_no_error (error);
  check_text (cid, text);
  g_assert_true (dms_p2p_multihash_matches (empty, NULL, 0));
  g_assert_null (dms_p2p_multihash_new (DMS_P2P_HASH_IDENTITY, data, 129, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_TOO_LARGE);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/p2p/cid/vectors", test_vectors);
  g_test_add_func ("/p2p/cid/for-data", test_for_data);
  g_test_add_func ("/p2p/cid/v0", test_v0);
  g_test_add_func ("/p2p/cid/bad", test_bad);
  g_test_add_func ("/p2p/cid/large-identity", test_large_identity);
  return g_test_run ();
}
