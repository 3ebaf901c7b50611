/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <string.h>

#include "identity/dms-base32.h"
#include "identity/dms-key.h"
#include "identity/dms-signature.h"

static void
test_base32 (void)
{
  /* RFC 4648 section 10. */
  static const char *const pairs[][2] = {
    { "", "" },
    { "f", "MY======" },
    { "fo", "MZXQ====" },
    { "foo", "MZXW6===" },
    { "foob", "MZXW6YQ=" },
    { "fooba", "MZXW6YTB" },
    { "foobar", "MZXW6YTBOI======" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (pairs); i++)
    {
      g_autofree char *text = dms_base32_encode ((const guint8 *) pairs[i][0], strlen (pairs[i][0]));
      gsize size;
      g_autofree guint8 *data = dms_base32_decode (pairs[i][1], &size);

      g_assert_cmpstr (text, ==, pairs[i][1]);
      g_assert_nonnull (data);
      g_assert_cmpmem (data, size, pairs[i][0], strlen (pairs[i][0]));
    }
}

static void
test_base32_refusals (void)
{
  static const char *const bad[] = {
    "MY",                 /* no padding */
    "MY=====",            /* too little */
    "my======",           /* lower case */
    "MZ======",           /* stray bits: a second way to write "f" */
    "M=======",           /* one character holds no byte */
    "MZX=====",           /* nor do three */
    "MZXW6Y==",           /* nor six */
    "MY======MY======",   /* padding in the middle */
    "M1======",           /* 1 is not in the alphabet */
    "MZ=W6YTB",           /* padding inside a group */
    "========",           /* nothing but padding */
    "MZXW6YT\xc3",        /* not ASCII */
  };

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      gsize size;
      g_autofree guint8 *data = dms_base32_decode (bad[i], &size);

      g_assert_null (data);
    }
}

static void
test_id_refusals (void)
{
  g_autoptr (DmsKey) key = dms_key_generate ();
  g_autofree char *id = dms_key_dup_id_pub (key);
  guint8 other_type[36] = { 0x08, 0x02, 0x12, 0x20 };
  g_autofree char *other = dms_base32_encode (other_type, sizeof other_type);
  guint8 public_key[32];

  g_assert_true (dms_base32_decode_id (id, public_key));
  g_assert_false (dms_base32_decode_id (other, public_key));
  g_assert_false (dms_base32_decode_id ("", public_key));
  id[5] = id[5] == 'a' ? 'b' : 'a';
  g_assert_false (dms_base32_decode_id (id, public_key));
}

static void
test_sign (void)
{
  g_autoptr (DmsKey) key = dms_key_generate ();
  g_autoptr (DmsKey) other = dms_key_generate ();
  guint8 signature[64];

  dms_key_sign (key, "data", 4, signature);
  g_assert_true (dms_signature_verify (dms_key_get_public (key), "data", 4, signature, 64));
  g_assert_false (dms_signature_verify (dms_key_get_public (key), "dat", 3, signature, 64));
  g_assert_false (dms_signature_verify (dms_key_get_public (other), "data", 4, signature, 64));
  g_assert_false (dms_signature_verify (dms_key_get_public (key), "data", 4, signature, 63));
  g_assert_false (dms_signature_verify (dms_key_get_public (key), "data", 4, NULL, 64));
}

/* The order of the group, little-endian: S + L signs as well as S where nobody looks. */
static const guint8 group_order[32] = {
  0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
  0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0x10,
};

static void
test_malleability (void)
{
  g_autoptr (DmsKey) key = dms_key_generate ();
  guint8 signature[64];
  guint carry = 0;
  guint8 small_order[32] = { 1 };
  guint8 zero[64] = { 1 };

  dms_key_sign (key, "data", 4, signature);
  for (guint i = 0; i < 32; i++)
    {
      carry += (guint) signature[32 + i] + group_order[i];
      signature[32 + i] = (guint8) carry;
      carry >>= 8;
    }
  g_assert_false (dms_signature_verify (dms_key_get_public (key), "data", 4, signature, 64));
  /* The neutral element as key and commitment, with S = 0, would fit every message. */
  g_assert_false (dms_signature_verify (small_order, "anything", 8, zero, 64));
}

static void
test_protobuf (void)
{
  g_autoptr (DmsKey) key = dms_key_generate ();
  g_autoptr (GBytes) data = dms_key_dup_protobuf (key);
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsKey) again = dms_key_new_from_protobuf (g_bytes_get_data (data, NULL),
                                                        g_bytes_get_size (data), &error);
  g_autofree guint8 *copy = g_memdup2 (g_bytes_get_data (data, NULL), 68);

  g_assert_no_error (error);
  g_assert_true (dms_key_equal (key, again));
  g_assert_null (dms_key_new_from_protobuf (copy, 67, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_INVALID_DATA);
  g_clear_error (&error);
  /* Halves that do not belong together would give away the key with the first signature. */
  copy[67] ^= 1;
  g_assert_null (dms_key_new_from_protobuf (copy, 68, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_INVALID_DATA);
  g_clear_error (&error);
  copy[1] = 2;
  g_assert_null (dms_key_new_from_protobuf (copy, 68, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_NOT_SUPPORTED);
}

static void
test_derive (void)
{
  guint8 seed[32] = { 1, 2, 3 };
  g_autoptr (DmsKey) key = dms_key_new_from_seed (seed);
  g_autoptr (DmsKey) same = dms_key_new_from_seed (seed);
  g_autoptr (DmsKey) a = dms_key_derive (key, "ensemble/a");
  g_autoptr (DmsKey) a_again = dms_key_derive (same, "ensemble/a");
  g_autoptr (DmsKey) b = dms_key_derive (key, "ensemble/b");
  g_autoptr (DmsKey) other = dms_key_generate ();
  g_autoptr (DmsKey) a_of_other = dms_key_derive (other, "ensemble/a");
  guint8 signature[64];

  g_assert_true (dms_key_equal (a, a_again));
  g_assert_false (dms_key_equal (a, b));
  g_assert_false (dms_key_equal (a, key));
  g_assert_false (dms_key_equal (a, a_of_other));
  /* Fixed for good: nodes find their children's keys again after an update of this program. */
  g_assert_cmpstr (dms_did_get_uri (dms_key_get_did (a)), ==,
                   "did:key:z6MknPxoNV9Pdmp4FCf41aajVQ9RxX9hJ6kzqbshgup8mnHy");
  dms_key_sign (a, "x", 1, signature);
  g_assert_true (dms_signature_verify (dms_key_get_public (a), "x", 1, signature, 64));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/identity/base32", test_base32);
  g_test_add_func ("/identity/base32-refusals", test_base32_refusals);
  g_test_add_func ("/identity/id-refusals", test_id_refusals);
  g_test_add_func ("/identity/sign", test_sign);
  g_test_add_func ("/identity/malleability", test_malleability);
  g_test_add_func ("/identity/protobuf", test_protobuf);
  g_test_add_func ("/identity/derive", test_derive);
  return g_test_run ();
}
