/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <sodium.h>
#include <string.h>

#include "identity/dms-p2p-identity.h"
#include "vectors.h"
#include "wire/dms-p2p-proto-writer.h"

typedef struct
{
  const char *name;
  DmsP2pKeyType type;
  const char *peer;
  const char *key;
  const char *signature;
} Vector;

static const char message[] = "libp2p test message";

static const Vector vectors[] = {
  { "ed25519", DMS_P2P_KEY_ED25519, VECTOR_ED25519_PEER, VECTOR_ED25519_KEY, VECTOR_ED25519_SIGNATURE },
  { "secp256k1",
    DMS_P2P_KEY_SECP256K1,
    VECTOR_SECP256K1_PEER,
    VECTOR_SECP256K1_KEY,
    VECTOR_SECP256K1_SIGNATURE },
  { "ecdsa", DMS_P2P_KEY_ECDSA, VECTOR_ECDSA_PEER, VECTOR_ECDSA_KEY, VECTOR_ECDSA_SIGNATURE },
  { "rsa", DMS_P2P_KEY_RSA, VECTOR_RSA_PEER, VECTOR_RSA_KEY, VECTOR_RSA_SIGNATURE },
  { "rsa-4096", DMS_P2P_KEY_RSA, VECTOR_RSA_SPEC_PEER, VECTOR_RSA_SPEC_KEY, NULL },
};

/* All sizes of these are far below 4 KiB. */
static GByteArray *
from_hex (const char *hex)
{
  guint8 bytes[4096];
  gsize size = 0;
  GByteArray *array = g_byte_array_new ();

  g_assert_cmpint (sodium_hex2bin (bytes, sizeof bytes, hex, strlen (hex), NULL, &size, NULL), ==, 0);
  return g_byte_array_append (array, bytes, (guint) size);
}

static GByteArray *
wrap (guint64 type, const guint8 *data, gsize size)
{
  GByteArray *out = g_byte_array_new ();

  dms_p2p_proto_write_number (out, 1, type);
  dms_p2p_proto_write_bytes (out, 2, data, size);
  return out;
}

static void
assert_refused (const guint8 *data, gsize size)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsP2pPublicKey) key = dms_p2p_public_key_new (data, size, &error);

  g_assert_null (key);
  g_assert_error (error, DMS_ERROR, DMS_ERROR_INVALID_DATA);
}

static void
assert_key_refused (guint64 type, const guint8 *data, gsize size)
{
  g_autoptr (GByteArray) bytes = wrap (type, data, size);

  assert_refused (bytes->data, bytes->len);
}

static void
test_vector (gconstpointer data)
{
  const Vector *vector = data;
  g_autoptr (GByteArray) bytes = from_hex (vector->key);
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsP2pPublicKey) key = dms_p2p_public_key_new (bytes->data, bytes->len, &error);
  g_autoptr (DmsP2pPublicKey) embedded = NULL;
  g_autoptr (DmsPeerId) peer = dms_peer_id_new (vector->peer, NULL);

  g_assert_no_error (error);
  g_assert_cmpint (dms_p2p_public_key_get_key_type (key), ==, vector->type);
  g_assert_cmpstr (dms_peer_id_get_text (dms_p2p_public_key_get_peer_id (key)), ==, vector->peer);
  g_assert_cmpmem (g_bytes_get_data (dms_p2p_public_key_get_bytes (key), NULL),
                   g_bytes_get_size (dms_p2p_public_key_get_bytes (key)),
                   bytes->data,
                   bytes->len);

  embedded = dms_p2p_public_key_new_from_peer_id (peer);
  if (bytes->len > 42)
    {
      g_assert_null (embedded);
      return;
    }
  g_assert_cmpint (dms_p2p_public_key_get_key_type (embedded), ==, vector->type);
  g_assert_true (g_bytes_equal (dms_p2p_public_key_get_bytes (embedded), dms_p2p_public_key_get_bytes (key)));
}

static gboolean
verifies (DmsP2pPublicKey *key, const void *data, gsize size, GByteArray *signature)
{
  g_autoptr (GError) error = NULL;
  gboolean is_good = dms_p2p_public_key_verify (key, data, size, signature->data, signature->len, &error);

  if (is_good)
    g_assert_no_error (error);
  else
    g_assert_error (error, DMS_ERROR, DMS_ERROR_BAD_SIGNATURE);
  return is_good;
}

static void
test_signature (gconstpointer data)
{
  const Vector *vector = data;
  g_autoptr (GByteArray) bytes = from_hex (vector->key);
  g_autoptr (GByteArray) signature = from_hex (vector->signature);
  g_autoptr (GByteArray) empty = g_byte_array_new ();
  g_autoptr (DmsP2pPublicKey) key = dms_p2p_public_key_new (bytes->data, bytes->len, NULL);
  gsize size = strlen (message);

  g_assert_true (verifies (key, message, size, signature));
  g_assert_false (verifies (key, message, size - 1, signature));
  g_assert_false (verifies (key, NULL, 0, signature));
  g_assert_false (verifies (key, message, size, empty));
  for (guint i = 0; i < signature->len; i++)
    {
      signature->data[i] ^= 0x10;
      g_assert_false (verifies (key, message, size, signature));
      signature->data[i] ^= 0x10;
    }
  g_byte_array_append (signature, (const guint8 *) "", 1);
  g_assert_false (verifies (key, message, size, signature));
  g_byte_array_set_size (signature, signature->len - 2);
  g_assert_false (verifies (key, message, size, signature));
}

/* The other of the two values of s that fit: n - s. */
static void
test_high_s (void)
{
  static const guint8 order[] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                  0xff, 0xff, 0xff, 0xff, 0xfe, 0xba, 0xae, 0xdc, 0xe6, 0xaf, 0x48,
                                  0xa0, 0x3b, 0xbf, 0xd2, 0x5e, 0x8c, 0xd0, 0x36, 0x41, 0x41 };
  g_autoptr (GByteArray) bytes = from_hex (VECTOR_SECP256K1_KEY);
  g_autoptr (GByteArray) low = from_hex (VECTOR_SECP256K1_SIGNATURE);
  g_autoptr (GByteArray) high = g_byte_array_new ();
  g_autoptr (DmsP2pPublicKey) key = dms_p2p_public_key_new (bytes->data, bytes->len, NULL);
  guint8 s[32];
  int borrow = 0;

  g_assert_cmpuint (low->len, ==, 71);
  for (int i = 31; i >= 0; i--)
    {
      int difference = order[i] - low->data[39 + i] - borrow;

      borrow = difference < 0;
      s[i] = (guint8) difference;
    }
  g_assert_cmpuint (s[0], >=, 0x80);
  g_byte_array_append (high, low->data, 37);
  g_byte_array_append (high, (const guint8 *) "\x02\x21\x00", 3);
  g_byte_array_append (high, s, sizeof s);
  high->data[1]++;
  g_assert_true (verifies (key, message, strlen (message), low));
  g_assert_false (verifies (key, message, strlen (message), high));
}

/* Each kind of key with bytes that are not of it. */
static void
test_mixed_up (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (vectors); i++)
    for (guint64 type = 0; type < 6; type++)
      {
        g_autoptr (GByteArray) bytes = from_hex (vectors[i].key);
        gsize offset = bytes->len > 127 + 4 ? 5 : 4;

        if (type != vectors[i].type)
          assert_key_refused (type, bytes->data + offset, bytes->len - offset);
      }
}

static void
test_protobuf (void)
{
  g_autoptr (GByteArray) good = from_hex (VECTOR_ED25519_KEY);
  g_autoptr (GByteArray) roundabout = g_byte_array_new ();
  g_autoptr (GByteArray) twice = g_byte_array_new ();
  g_autofree guint8 *large = g_malloc0 (4096);
  g_autoptr (DmsP2pPublicKey) key = NULL;
  g_autoptr (GBytes) multihash = NULL;
  g_autoptr (DmsPeerId) peer = NULL;
  g_autoptr (GError) error = NULL;

  /* The data first, an unknown field, and a number longer than needed. */
  g_byte_array_append (roundabout, good->data + 2, 34);
  g_byte_array_append (roundabout, (const guint8 *) "\x18\x07\x08\x81\x00", 5);
  key = dms_p2p_public_key_new (roundabout->data, roundabout->len, &error);
  g_assert_no_error (error);
  g_assert_cmpmem (g_bytes_get_data (dms_p2p_public_key_get_bytes (key), NULL), 36, good->data, good->len);
  g_assert_cmpstr (dms_peer_id_get_text (dms_p2p_public_key_get_peer_id (key)), ==, VECTOR_ED25519_PEER);

  /* But nobody's peer ID is such a one. */
  g_byte_array_set_size (roundabout, 0);
  g_byte_array_append (roundabout, (const guint8 *) "\x00\x24", 2);
  g_byte_array_append (roundabout, good->data + 2, 34);
  g_byte_array_append (roundabout, good->data, 2);
  multihash = g_bytes_new (roundabout->data, roundabout->len);
  peer = dms_peer_id_new_from_bytes (multihash, NULL);
  g_assert_nonnull (peer);
  g_assert_null (dms_p2p_public_key_new_from_peer_id (peer));

  for (guint size = 0; size < good->len; size++)
    assert_refused (good->data, size);
  for (guint i = 0; i < 2; i++)
    {
      g_byte_array_set_size (twice, 0);
      g_byte_array_append (twice, good->data, good->len);
      g_byte_array_append (twice, good->data + 2 * i, i == 0 ? 2 : 34);
      assert_refused (twice->data, twice->len);
    }
  g_clear_pointer (&key, dms_p2p_public_key_unref);
  key = dms_p2p_public_key_new (large, 4096, &error);
  g_assert_null (key);
  g_assert_error (error, DMS_ERROR, DMS_ERROR_TOO_LARGE);
}

static void
test_bad_points (void)
{
  guint8 raw[65] = { 0 };
  g_autoptr (GByteArray) ecdsa = from_hex (VECTOR_ECDSA_KEY);
  g_autoptr (GByteArray) secp256k1 = from_hex (VECTOR_SECP256K1_KEY);

  /* Ed25519: of order 4 (y = 0), the neutral element (y = 1), and y = p + 1, another form of that. */
  assert_key_refused (DMS_P2P_KEY_ED25519, raw, 32);
  g_assert_null (dms_p2p_public_key_new_ed25519 (raw));
  raw[0] = 1;
  assert_key_refused (DMS_P2P_KEY_ED25519, raw, 32);
  memset (raw, 0xff, 32);
  raw[0] = 0xee;
  raw[31] = 0x7f;
  assert_key_refused (DMS_P2P_KEY_ED25519, raw, 32);
  /* Not on the curve. */
  memset (raw, 0, sizeof raw);
  raw[0] = 2;
  assert_key_refused (DMS_P2P_KEY_ED25519, raw, 32);
  assert_key_refused (DMS_P2P_KEY_ED25519, raw, 31);
  assert_key_refused (DMS_P2P_KEY_ED25519, raw, 33);
  assert_key_refused (DMS_P2P_KEY_ED25519, raw, 0);

  /* secp256k1: x = 0 has no y; an x above the prime; uncompressed and hybrid forms. */
  memset (raw, 0, sizeof raw);
  raw[0] = 2;
  assert_key_refused (DMS_P2P_KEY_SECP256K1, raw, 33);
  memset (raw + 1, 0xff, 32);
  assert_key_refused (DMS_P2P_KEY_SECP256K1, raw, 33);
  raw[0] = 4;
  assert_key_refused (DMS_P2P_KEY_SECP256K1, raw, 65);
  secp256k1->data[4] = 4;
  assert_refused (secp256k1->data, secp256k1->len);

  /* P-256: off the curve by one bit. */
  ecdsa->data[ecdsa->len - 1] ^= 1;
  assert_refused (ecdsa->data, ecdsa->len);
}

static void
test_other_curve (void)
{
  g_autoptr (GByteArray) info = from_hex (VECTOR_P384_INFO);

  assert_key_refused (DMS_P2P_KEY_ECDSA, info->data, info->len);
}

static void
append_der (GByteArray *out, guint8 tag, const guint8 *data, gsize size)
{
  const guint8 header[] = { tag, 0x82, (guint8) (size >> 8), (guint8) size };

  g_byte_array_append (out, header, sizeof header);
  g_byte_array_append (out, data, (guint) size);
}

/* A key of so many bits; its lowest byte and its exponent as given. */
static GByteArray *
make_rsa (gsize bits, guint8 lowest, const char *exponent, gsize exponent_size)
{
  static const guint8 algorithm[] = { 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86,
                                      0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00 };
  g_autoptr (GByteArray) modulus = g_byte_array_new ();
  g_autoptr (GByteArray) numbers = g_byte_array_new ();
  g_autoptr (GByteArray) key = g_byte_array_new ();
  g_autoptr (GByteArray) inner = g_byte_array_new ();
  GByteArray *info = g_byte_array_new ();
  gsize size = (bits + 7) / 8;

  g_byte_array_set_size (modulus, (guint) size + 1);
  memset (modulus->data, 0x55, modulus->len);
  modulus->data[0] = 0;
  modulus->data[1] = (guint8) (1u << ((bits - 1) % 8));
  modulus->data[size] = lowest;
  if (bits % 8 == 0)
    append_der (numbers, 0x02, modulus->data, size + 1);
  else
    append_der (numbers, 0x02, modulus->data + 1, size);
  g_byte_array_append (numbers, (const guint8 *) exponent, (guint) exponent_size);
  g_byte_array_append (key, (const guint8 *) "", 1);
  append_der (key, 0x30, numbers->data, numbers->len);
  g_byte_array_append (inner, algorithm, sizeof algorithm);
  append_der (inner, 0x03, key->data, key->len);
  append_der (info, 0x30, inner->data, inner->len);
  return info;
}

#define EXPONENT "\x02\x03\x01\x00\x01", 5

static void
check_rsa (GByteArray *info, gboolean is_good)
{
  g_autoptr (GByteArray) bytes = wrap (DMS_P2P_KEY_RSA, info->data, info->len);
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsP2pPublicKey) key = dms_p2p_public_key_new (bytes->data, bytes->len, &error);

  if (is_good)
    g_assert_no_error (error);
  else
    g_assert_error (error, DMS_ERROR, DMS_ERROR_INVALID_DATA);
  g_assert_cmpint (key != NULL, ==, is_good);
}

static void
test_rsa_sizes (void)
{
  static const struct
  {
    gsize bits;
    gboolean is_good;
  } sizes[] = {
    { 1024, FALSE }, { 2040, FALSE }, { 2047, FALSE }, { 2048, TRUE },  { 2049, TRUE },  { 3072, TRUE },
    { 4096, TRUE },  { 8191, TRUE },  { 8192, TRUE },  { 8193, FALSE }, { 8200, FALSE }, { 12000, FALSE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_autoptr (GByteArray) info = make_rsa (sizes[i].bits, 0x55, EXPONENT);

      g_test_message ("%" G_GSIZE_FORMAT " bits", sizes[i].bits);
      check_rsa (info, sizes[i].is_good);
    }
}

/* A key of 64 KiB is refused by its size alone, and at once. */
static void
test_rsa_huge (void)
{
  g_autoptr (GByteArray) info = make_rsa (500000, 0x55, EXPONENT);
  g_autoptr (GByteArray) bytes = wrap (DMS_P2P_KEY_RSA, info->data, info->len);
  g_autoptr (GError) error = NULL;

  g_assert_null (dms_p2p_public_key_new (bytes->data, bytes->len, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_TOO_LARGE);
}

static void
test_rsa_numbers (void)
{
  g_autoptr (GByteArray) even = make_rsa (2048, 0x54, EXPONENT);
  g_autoptr (GByteArray) one = make_rsa (2048, 0x55, "\x02\x01\x01", 3);
  g_autoptr (GByteArray) two = make_rsa (2048, 0x55, "\x02\x01\x02", 3);
  g_autoptr (GByteArray) three = make_rsa (2048, 0x55, "\x02\x01\x03", 3);
  g_autoptr (GByteArray) negative = make_rsa (2048, 0x55, "\x02\x01\x83", 3);
  g_autoptr (GByteArray) padded = make_rsa (2048, 0x55, "\x02\x02\x00\x03", 4);
  g_autoptr (GByteArray) largest = make_rsa (2048, 0x55, "\x02\x04\x7f\xff\xff\xff", 6);
  g_autoptr (GByteArray) larger = make_rsa (2048, 0x55, "\x02\x05\x00\x80\x00\x00\x01", 7);
  g_autoptr (GByteArray) none = make_rsa (2048, 0x55, "\x02\x00", 2);
  g_autoptr (GByteArray) more = make_rsa (2048, 0x55, "\x02\x01\x03\x02\x01\x03", 6);
  g_autoptr (GByteArray) missing = make_rsa (2048, 0x55, "", 0);
  g_autoptr (GByteArray) long_form = make_rsa (2048, 0x55, "\x02\x81\x01\x03", 4);

  check_rsa (even, FALSE);
  check_rsa (one, FALSE);
  check_rsa (two, FALSE);
  check_rsa (three, TRUE);
  check_rsa (negative, FALSE);
  check_rsa (padded, FALSE);
  check_rsa (largest, TRUE);
  check_rsa (larger, FALSE);
  check_rsa (none, FALSE);
  check_rsa (more, FALSE);
  check_rsa (missing, FALSE);
  check_rsa (long_form, FALSE);
}

/* Every prefix, and every change of the bytes that are not the modulus. */
static void
test_rsa_der (void)
{
  g_autoptr (GByteArray) key = from_hex (VECTOR_RSA_KEY);
  g_autoptr (GByteArray) info = g_byte_array_new ();
  g_autoptr (GByteArray) longer = g_byte_array_new ();
  g_autoptr (GByteArray) small = from_hex (VECTOR_RSA_1024_INFO);
  g_autoptr (GByteArray) smaller = from_hex (VECTOR_RSA_2047_INFO);

  g_byte_array_append (info, key->data + 5, key->len - 5);
  g_assert_cmpuint (info->len, ==, 294);
  check_rsa (info, TRUE);
  for (guint size = 0; size < info->len; size++)
    assert_key_refused (DMS_P2P_KEY_RSA, info->data, size);
  /* Up to the zero before the modulus: another byte there makes a longer one, which may be right. */
  for (guint i = 0; i < 32; i++)
    for (guint bit = 0; bit < 8; bit++)
      {
        info->data[i] ^= 1u << bit;
        check_rsa (info, FALSE);
        info->data[i] ^= 1u << bit;
      }
  g_byte_array_append (longer, info->data, info->len);
  g_byte_array_append (longer, (const guint8 *) "", 1);
  check_rsa (longer, FALSE);
  check_rsa (small, FALSE);
  check_rsa (smaller, FALSE);
}

static void
test_identity (void)
{
  g_autoptr (GByteArray) seed = from_hex ("7e0830617c4a7de83925dfb2694556b12936c477a0e1feb2e148ec9da60fee7d");
  g_autoptr (GByteArray) expected = from_hex (VECTOR_ED25519_SIGNATURE);
  g_autoptr (GBytes) bytes = g_bytes_new (seed->data, seed->len);
  g_autoptr (GBytes) too_short = g_bytes_new (seed->data, 31);
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsP2pIdentity) identity = dms_p2p_identity_new (bytes, &error);
  g_autoptr (DmsP2pIdentity) other = dms_p2p_identity_new_random ();
  g_autoptr (DmsP2pIdentity) another = dms_p2p_identity_new_random ();
  DmsP2pPublicKey *key = NULL;
  guint8 signature[64];

  g_assert_no_error (error);
  g_assert_cmpstr (dms_peer_id_get_text (dms_p2p_identity_get_peer_id (identity)), ==, VECTOR_ED25519_PEER);
  dms_p2p_identity_sign (identity, message, strlen (message), signature);
  g_assert_cmpmem (signature, sizeof signature, expected->data, expected->len);

  key = dms_p2p_identity_get_public_key (other);
  dms_p2p_identity_sign (other, "", 0, signature);
  g_assert_true (dms_p2p_public_key_verify (key, "", 0, signature, sizeof signature, &error));
  g_assert_false (dms_p2p_public_key_verify (
      dms_p2p_identity_get_public_key (another), "", 0, signature, sizeof signature, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_BAD_SIGNATURE);
  g_clear_error (&error);
  g_assert_false (
      dms_peer_id_equal (dms_p2p_identity_get_peer_id (other), dms_p2p_identity_get_peer_id (another)));
  g_assert_null (dms_p2p_identity_new (too_short, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (vectors); i++)
    {
      g_autofree char *vector = g_strconcat ("/p2p/public-key/vector/", vectors[i].name, NULL);
      g_autofree char *signature = g_strconcat ("/p2p/public-key/signature/", vectors[i].name, NULL);

      g_test_add_data_func (vector, &vectors[i], test_vector);
      if (vectors[i].signature != NULL)
        g_test_add_data_func (signature, &vectors[i], test_signature);
    }
  g_test_add_func ("/p2p/public-key/high-s", test_high_s);
  g_test_add_func ("/p2p/public-key/mixed-up", test_mixed_up);
  g_test_add_func ("/p2p/public-key/protobuf", test_protobuf);
  g_test_add_func ("/p2p/public-key/bad-points", test_bad_points);
  g_test_add_func ("/p2p/public-key/other-curve", test_other_curve);
  g_test_add_func ("/p2p/public-key/rsa-sizes", test_rsa_sizes);
  g_test_add_func ("/p2p/public-key/rsa-huge", test_rsa_huge);
  g_test_add_func ("/p2p/public-key/rsa-numbers", test_rsa_numbers);
  g_test_add_func ("/p2p/public-key/rsa-der", test_rsa_der);
  g_test_add_func ("/p2p/identity", test_identity);
  return g_test_run ();
}
