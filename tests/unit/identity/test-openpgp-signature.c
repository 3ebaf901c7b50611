/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "identity/dms-openpgp-signature.h"

#include <dms.h>
#include <string.h>

#include "identity/dms-key.h"
#include "identity/dms-openpgp-key.h"

#define DATA "dms:token:{}"
#define NOTATION "\x1c\x14\x80\x00\x00\x00\x00\x12\x00\x01" DMS_OPENPGP_SIGNATURE_NOTATION "1"
#define TIME "\x05\x02\x6b\x03\x69\xf2"
#define SUBPACKETS(text) (text), sizeof (text) - 1

/* How a packet is made; what is 0 is as it should be. */
typedef struct
{
  const char *name;
  /* NULL: it is taken. */
  const char *fault;
  const char *hashed;
  gsize hashed_size;
  guint8 version;
  guint8 type;
  guint8 algorithm;
  guint8 hash;
  const char *unhashed;
  const char *trailing;
  const char *after;
  /* 1: the old form; 2: five bytes of length; 3: a partial length; 4: the old form as short as
   * the new one. */
  int header;
  int claimed_more;
  int tag;
  gboolean long_numbers;
  gboolean wrong_left;
  gboolean high_s;
  gboolean small_order;
} Case;

static void
append_uint16 (GByteArray *to, guint number)
{
  guint8 bytes[] = { (guint8) (number >> 8), (guint8) number };

  g_byte_array_append (to, bytes, 2);
}

static void
append_mpi (GByteArray *to, const guint8 *bytes, gboolean padded)
{
  gsize skip = 0;

  while (!padded && bytes[skip] == 0)
    skip++;
  append_uint16 (to, padded ? 256 : (guint) ((32 - skip) * 8 - 8 + g_bit_storage (bytes[skip])));
  g_byte_array_append (to, bytes + skip, (guint) (32 - skip));
}

static void
compute_digest (guint8 hash, const void *data, gsize size, const GByteArray *hashed, guint8 digest[64],
                gsize *digest_size)
{
  static const GChecksumType types[] = { G_CHECKSUM_SHA256, G_CHECKSUM_SHA384, G_CHECKSUM_SHA512 };
  guint8 trailer[] = { 4, 0xff, 0, 0, (guint8) (hashed->len >> 8), (guint8) hashed->len };
  g_autoptr (GChecksum) checksum = g_checksum_new (hash >= 8 && hash <= 10 ? types[hash - 8]
                                                                           : G_CHECKSUM_SHA1);

  g_checksum_update (checksum, data, (gssize) size);
  g_checksum_update (checksum, hashed->data, hashed->len);
  g_checksum_update (checksum, trailer, sizeof trailer);
  *digest_size = 64;
  g_checksum_get_digest (checksum, digest, digest_size);
}

static void
append_header (GByteArray *to, const Case *c, guint length)
{
  guint8 tag = (guint8) (c->tag != 0 ? c->tag : 2);
  guint8 new_form[] = { 0xc0 | tag, 0 };
  guint8 old_form[] = { (guint8) (0x81 | tag << 2), (guint8) (length >> 8), (guint8) length };
  guint8 five[] = { 0xc0 | tag, 255, 0, 0, (guint8) (length >> 8), (guint8) length };
  guint8 partial[] = { 0xc0 | tag, 231 };
  guint8 two[] = { 0xc0 | tag, (guint8) (192 + ((length - 192) >> 8)), (guint8) (length - 192) };

  if (c->header == 1)
    g_byte_array_append (to, old_form, sizeof old_form);
  else if (c->header == 4)
    {
      new_form[0] = 0x80 | (guint8) (tag << 2);
      new_form[1] = (guint8) length;
      g_byte_array_append (to, new_form, sizeof new_form);
    }
  else if (c->header == 2)
    g_byte_array_append (to, five, sizeof five);
  else if (c->header == 3)
    g_byte_array_append (to, partial, sizeof partial);
  else if (length >= 192)
    g_byte_array_append (to, two, sizeof two);
  else
    {
      new_form[1] = (guint8) length;
      g_byte_array_append (to, new_form, sizeof new_form);
    }
}

/* The same scalar modulo the order of the group, in its other form. */
static void
add_order (guint8 *s)
{
  static const guint8 order[32] = { 0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7,
                                    0xa2, 0xde, 0xf9, 0xde, 0x14, [31] = 0x10 };
  guint carry = 0;

  for (guint i = 0; i < 32; i++)
    {
      carry += (guint) s[i] + order[i];
      s[i] = (guint8) carry;
      carry >>= 8;
    }
}

static GBytes *
make_packet (DmsKey *key, const Case *c, const void *data, gsize size)
{
  g_autoptr (GByteArray) body = g_byte_array_new ();
  GByteArray *packet = g_byte_array_new ();
  guint8 hash = c->hash != 0 ? c->hash : 8;
  guint8 fixed[] = { c->version != 0 ? c->version : 4, c->type,
                     c->algorithm != 0 ? c->algorithm : 22, hash };
  const char *hashed = c->hashed != NULL ? c->hashed : TIME NOTATION;
  gsize hashed_size = c->hashed != NULL ? c->hashed_size : strlen (TIME) + sizeof NOTATION - 1;
  gsize unhashed_size = c->unhashed != NULL ? strlen (c->unhashed) : 0;
  guint8 digest[64], signature[64];
  gsize digest_size;

  g_byte_array_append (body, fixed, sizeof fixed);
  append_uint16 (body, (guint) hashed_size);
  g_byte_array_append (body, (const guint8 *) hashed, (guint) hashed_size);
  compute_digest (hash, data, size, body, digest, &digest_size);
  dms_key_sign (key, digest, digest_size, signature);
  if (c->high_s)
    add_order (signature + 32);
  if (c->small_order)
    memcpy (signature, "\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 32);
  append_uint16 (body, (guint) unhashed_size);
  g_byte_array_append (body, (const guint8 *) c->unhashed, (guint) unhashed_size);
  digest[0] ^= c->wrong_left ? 1 : 0;
  g_byte_array_append (body, digest, 2);
  /* A byte more than there may be would be too easy to see: a bit too many is claimed. */
  g_assert_true (!c->long_numbers || signature[32] < 0x80);
  append_mpi (body, signature, FALSE);
  append_mpi (body, signature + 32, c->long_numbers);
  if (c->trailing != NULL)
    g_byte_array_append (body, (const guint8 *) c->trailing, (guint) strlen (c->trailing));
  append_header (packet, c, (guint) ((int) body->len + c->claimed_more));
  g_byte_array_append (packet, body->data, body->len);
  if (c->after != NULL)
    g_byte_array_append (packet, (const guint8 *) c->after, (guint) strlen (c->after));
  return g_byte_array_free_to_bytes (packet);
}

/* The subpackets that must be there, and 300 of two bytes. */
static char big_notation[635];

static const Case cases[] = {
  { "plain", NULL },
  { "SHA-384", NULL, .hash = 9 },
  { "SHA-512", NULL, .hash = 10 },
  { "as gpg makes them", NULL,
    SUBPACKETS ("\x16\x21\x04" "aaaaaaaaaaaaaaaaaaaa" TIME NOTATION "\x09\x10" "12345678") },
  { "critical time and notation", NULL,
    SUBPACKETS ("\x05\x82\x6b\x03\x69\xf2"
                "\x1c\x94\x80\x00\x00\x00\x00\x12\x00\x01" DMS_OPENPGP_SIGNATURE_NOTATION "1") },
  { "an unknown subpacket that is not critical", NULL, SUBPACKETS (TIME NOTATION "\x02\x65x") },
  { "another notation that is not critical", NULL,
    SUBPACKETS (TIME NOTATION "\x0e\x14\x80\x00\x00\x00\x00\x04\x00\x01" "a@b.1") },
  { "long subpacket lengths", NULL,
    SUBPACKETS ("\xff\x00\x00\x00\x05\x02\x6b\x03\x69\xf2" NOTATION) },
  { "MD5", "SHA-256", .hash = 1 },
  { "SHA-1", "SHA-256", .hash = 2 },
  { "SHA-224", "SHA-256", .hash = 11 },
  { "SHA3-256", "SHA-256", .hash = 12 },
  { "version 3", "version 4", .version = 3 },
  { "version 5", "version 4", .version = 5 },
  { "version 6", "version 4", .version = 6 },
  { "text", "binary", .type = 0x01 },
  { "a certification", "binary", .type = 0x13 },
  { "RSA", "Ed25519", .algorithm = 1 },
  { "ECDSA", "Ed25519", .algorithm = 19 },
  { "Ed25519 of version 6", "Ed25519", .algorithm = 27 },
  { "an old header", "canonical", .header = 1 },
  { "an old header of the same length", "canonical", .header = 4 },
  { "a long length", "canonical", .header = 2 },
  { "a partial length", "signature packet", .header = 3 },
  { "another packet", "signature packet", .tag = 6 },
  { "cut short", "signature packet", .claimed_more = 1 },
  { "a byte after the numbers", "numbers", .trailing = "x" },
  { "a byte after the packet", "follows", .after = "x" },
  { "two packets", "follows", .after = "\xc2\x01\x04" },
  { "an unhashed subpacket", "canonical", .unhashed = "\x09\x10" "12345678" },
  { "numbers with leading zeros", "numbers", .long_numbers = TRUE },
  { "no subpackets", "when it was made", SUBPACKETS ("") },
  { "no time", "when it was made", SUBPACKETS (NOTATION) },
  { "two times", "when it was made", SUBPACKETS (TIME TIME NOTATION) },
  { "a short time", "time", SUBPACKETS ("\x04\x02\x6b\x03\x69" NOTATION) },
  { "made for something else", "not made for a token", SUBPACKETS (TIME) },
  { "the notation twice", "not made for a token", SUBPACKETS (TIME NOTATION NOTATION) },
  { "the notation with another value", "another value",
    SUBPACKETS (TIME "\x1c\x14\x80\x00\x00\x00\x00\x12\x00\x01" DMS_OPENPGP_SIGNATURE_NOTATION "2") },
  { "the notation without a value", "another value",
    SUBPACKETS (TIME "\x1b\x14\x80\x00\x00\x00\x00\x12\x00\x00" DMS_OPENPGP_SIGNATURE_NOTATION) },
  { "the notation in another case", "not made for a token",
    SUBPACKETS (TIME "\x1c\x14\x80\x00\x00\x00\x00\x12\x00\x01" "DMS-token@nunet.io" "1") },
  { "a notation with a wrong length", "malformed",
    SUBPACKETS (TIME NOTATION "\x0e\x14\x80\x00\x00\x00\xff\xff\xff\xff" "a@b.1") },
  { "a short notation", "malformed", SUBPACKETS (TIME NOTATION "\x03\x14\x80\x00") },
  { "a critical notation that is not known", "notation that is not known",
    SUBPACKETS (TIME NOTATION "\x0e\x94\x80\x00\x00\x00\x00\x04\x00\x01" "a@b.1") },
  { "a critical subpacket that is not known", "subpacket that is not known",
    SUBPACKETS (TIME NOTATION "\x02\xe5x") },
  { "an expiry", "expiry of its own", SUBPACKETS (TIME NOTATION "\x05\x03\x00\x00\x00\x01") },
  { "an expiry that is critical", "expiry of its own",
    SUBPACKETS (TIME NOTATION "\x05\x83\x00\x00\x00\x01") },
  { "an expiry of nothing", "expiry of its own", SUBPACKETS (TIME NOTATION "\x05\x03\x00\x00\x00\x00") },
  { "a short key ID", "ID of its key", SUBPACKETS (TIME NOTATION "\x02\x10x") },
  { "a fingerprint of version 5", "fingerprint",
    SUBPACKETS ("\x16\x21\x05" "aaaaaaaaaaaaaaaaaaaa" TIME NOTATION) },
  { "a subpacket without a type", "subpackets", SUBPACKETS (TIME NOTATION "\x00") },
  { "a subpacket longer than the rest", "subpackets", SUBPACKETS (TIME NOTATION "\x09\x10" "1234567") },
  { "a huge subpacket", "subpackets", SUBPACKETS (TIME NOTATION "\xff\xff\xff\xff\xff\x10") },
  { "half a subpacket length", "subpackets", SUBPACKETS (TIME NOTATION "\xff\x00\x00") },
  { "more than 512 bytes", "too long", big_notation, sizeof big_notation },
};

static void
test_cases (void)
{
  g_autoptr (DmsKey) key = dms_key_new_from_seed ((const guint8 *) "1123456789abcdef0123456789abcdef");

  memcpy (big_notation, TIME NOTATION, strlen (TIME) + sizeof NOTATION - 1);
  for (gsize at = strlen (TIME) + sizeof NOTATION - 1; at + 1 < sizeof big_notation; at += 2)
    memcpy (big_notation + at, "\x01\x65", 2);
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      const Case *c = &cases[i];
      g_autoptr (GBytes) packet = make_packet (key, c, DATA, strlen (DATA));
      g_autoptr (GError) error = NULL;
      g_autoptr (DmsOpenpgpSignature) signature
        = dms_openpgp_signature_new_from_data (g_bytes_get_data (packet, NULL), g_bytes_get_size (packet),
                                               &error);

      g_test_message ("%s: %s", c->name, error != NULL ? error->message : "taken");
      if (c->fault != NULL)
        {
          g_assert_error (error, DMS_ERROR, DMS_ERROR_INVALID_DATA);
          g_assert_nonnull (strstr (error->message, c->fault));
          continue;
        }
      g_assert_no_error (error);
      g_assert_true (dms_openpgp_signature_verify (signature, dms_key_get_public (key), DATA, strlen (DATA)));
      g_assert_false (dms_openpgp_signature_verify (signature, dms_key_get_public (key), DATA,
                                                    strlen (DATA) - 1));
    }
}

/* From a program: other headers and an unhashed part are taken, and gone from the bytes. */
static void
test_program (void)
{
  static const Case forms[] = {
    { "old", .header = 1 },
    { "five", .header = 2 },
    { "unhashed", .unhashed = "\x09\x10" "12345678" },
    { "all", .header = 1, .unhashed = "what is not hashed may be anything" },
  };
  g_autoptr (DmsKey) key = dms_key_generate ();

  for (gsize i = 0; i < G_N_ELEMENTS (forms); i++)
    {
      g_autoptr (GBytes) packet = make_packet (key, &forms[i], DATA, strlen (DATA));
      g_autoptr (GError) error = NULL;
      g_autoptr (DmsOpenpgpSignature) read
        = dms_openpgp_signature_new_from_program (g_bytes_get_data (packet, NULL), g_bytes_get_size (packet),
                                                  &error);
      g_autoptr (GBytes) canonical = NULL;
      g_autoptr (DmsOpenpgpSignature) again = NULL;

      g_assert_no_error (error);
      canonical = dms_openpgp_signature_to_bytes (read);
      again = dms_openpgp_signature_new_from_data (g_bytes_get_data (canonical, NULL),
                                                   g_bytes_get_size (canonical), &error);
      g_assert_no_error (error);
      g_assert_true (dms_openpgp_signature_verify (again, dms_key_get_public (key), DATA, strlen (DATA)));
    }
}

static gboolean
verify (const guint8 *packet, gsize size, const guint8 *public_key)
{
  g_autoptr (DmsOpenpgpSignature) signature = dms_openpgp_signature_new_from_data (packet, size, NULL);

  return signature != NULL && dms_openpgp_signature_verify (signature, public_key, DATA, strlen (DATA));
}

/* Every bit counts, and so does every byte. */
static void
test_bits (void)
{
  static const Case plain = { "plain" };
  g_autoptr (DmsKey) key = dms_key_generate ();
  g_autoptr (DmsKey) other = dms_key_generate ();
  g_autoptr (GBytes) packet = make_packet (key, &plain, DATA, strlen (DATA));
  gsize size = g_bytes_get_size (packet);
  g_autofree guint8 *copy = g_memdup2 (g_bytes_get_data (packet, NULL), size);

  g_assert_true (verify (copy, size, dms_key_get_public (key)));
  g_assert_false (verify (copy, size, dms_key_get_public (other)));
  for (gsize bit = 0; bit < size * 8; bit++)
    {
      copy[bit / 8] ^= (guint8) (1 << bit % 8);
      g_assert_false (verify (copy, size, dms_key_get_public (key)));
      copy[bit / 8] ^= (guint8) (1 << bit % 8);
    }
  for (gsize shorter = 0; shorter < size; shorter++)
    {
      g_autofree guint8 *exact = g_memdup2 (copy, shorter);

      g_assert_false (verify (exact, shorter, dms_key_get_public (key)));
    }
}

/* Well formed, and still no signature: S with the order added, and a commitment of small order. */
static void
test_malleable (void)
{
  static const Case forged[] = { { "high S", .high_s = TRUE }, { "small order", .small_order = TRUE } };
  g_autoptr (DmsKey) key = dms_key_generate ();

  for (gsize i = 0; i < G_N_ELEMENTS (forged); i++)
    {
      g_autoptr (GBytes) packet = make_packet (key, &forged[i], DATA, strlen (DATA));
      g_autoptr (GError) error = NULL;
      g_autoptr (DmsOpenpgpSignature) signature
        = dms_openpgp_signature_new_from_data (g_bytes_get_data (packet, NULL), g_bytes_get_size (packet),
                                               &error);

      g_assert_no_error (error);
      g_assert_false (dms_openpgp_signature_verify (signature, dms_key_get_public (key), DATA,
                                                    strlen (DATA)));
    }
}

/* What gpg 2.2 wrote, and the key it wrote it with. */
static void
test_gpg (void)
{
  static const char *packet =
    "iJIEABYIADoWIQQm9a1ucOYERt7tvr7wFdpFQrY7VgUCawNrxBwUgAAAAAASAAFkbXMtdG9r"
    "ZW5AbnVuZXQuaW8xAAoJEPAV2kVCtjtWoKEA/3YfWoVGLLd6fx6CbqaipQKXzxwM3/JVoaOa"
    "4k7Ayg8nAP95AiKhwzQF9UWqBufdhlf3beUZYLebdoknSUE3PuG7CQ==";
  static const char *exported =
    "mDMEawNp8hYJKwYBBAHaRw8BAQdA9YzwG/v94LQzKZk6V6KqDHzd1r1DaiQ/KBZP9czqAxq0"
    "HlRlc3MgUGVyc29uIDx0ZXNzQGV4YW1wbGUub3JnPg==";
  static const char *fingerprint = "26F5AD6E70E60446DEEDBEBEF015DA4542B63B56";
  gsize packet_size, exported_size;
  g_autofree guint8 *bytes = g_base64_decode (packet, &packet_size);
  g_autofree guint8 *key = g_base64_decode (exported, &exported_size);
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsOpenpgpSignature) signature = NULL;
  guint8 public_key[32];

  g_assert_true (dms_openpgp_key_find_ed25519 (key, exported_size, fingerprint, public_key, &error));
  g_assert_no_error (error);
  /* It has an unhashed part. */
  g_assert_null (dms_openpgp_signature_new_from_data (bytes, packet_size, NULL));
  signature = dms_openpgp_signature_new_from_program (bytes, packet_size, &error);
  g_assert_no_error (error);
  g_assert_true (dms_openpgp_signature_verify (signature, public_key, DATA, strlen (DATA)));
  g_assert_false (dms_openpgp_signature_verify (signature, public_key, "dms:msg:{}", 10));
}

/* A key is known by its fingerprint alone, and every byte of it counts for that. */
static void
test_key (void)
{
  static const guint8 good[] = { 0xc6, 51, 4, 0, 0, 0, 0, 22, 9, 0x2b, 0x06, 0x01, 0x04, 0x01, 0xda, 0x47,
                                 0x0f, 0x01, 0x01, 0x07, 0x40, [21 + 32] = 0 };
  static const struct
  {
    gsize at;
    guint8 value;
  } changes[] = { { 2, 5 }, { 7, 18 }, { 8, 8 }, { 17, 2 }, { 19, 6 }, { 20, 0x41 } };
  guint8 public_key[32];
  g_autofree char *sum = NULL;
  g_autofree guint8 *hashed = g_malloc0 (3 + 51);
  g_autoptr (GError) error = NULL;

  for (gsize i = 0; i <= G_N_ELEMENTS (changes); i++)
    {
      g_autofree guint8 *key = g_memdup2 (good, 53);

      if (i < G_N_ELEMENTS (changes))
        key[changes[i].at] = changes[i].value;
      hashed[0] = 0x99;
      hashed[2] = 51;
      memcpy (hashed + 3, key + 2, 51);
      g_free (sum);
      sum = g_compute_checksum_for_data (G_CHECKSUM_SHA1, hashed, 54);
      if (i == G_N_ELEMENTS (changes))
        {
          g_assert_true (dms_openpgp_key_find_ed25519 (key, 53, sum, public_key, NULL));
          g_assert_false (dms_openpgp_key_find_ed25519 (key, 52, sum, public_key, &error));
          g_assert_error (error, DMS_ERROR, DMS_ERROR_INVALID_DATA);
          break;
        }
      g_assert_false (dms_openpgp_key_find_ed25519 (key, 53, sum, public_key, &error));
      g_assert_error (error, DMS_ERROR, DMS_ERROR_NOT_SUPPORTED);
      g_clear_error (&error);
    }
  g_clear_error (&error);
  sum[0] = sum[0] == '0' ? '1' : '0';
  g_assert_false (dms_openpgp_key_find_ed25519 (good, 53, sum, public_key, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_NOT_FOUND);
}

static void
test_wrong_left (void)
{
  static const Case wrong = { "wrong", .wrong_left = TRUE };
  g_autoptr (DmsKey) key = dms_key_generate ();
  g_autoptr (GBytes) packet = make_packet (key, &wrong, DATA, strlen (DATA));

  g_assert_false (verify (g_bytes_get_data (packet, NULL), g_bytes_get_size (packet),
                          dms_key_get_public (key)));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/openpgp-signature/cases", test_cases);
  g_test_add_func ("/openpgp-signature/program", test_program);
  g_test_add_func ("/openpgp-signature/bits", test_bits);
  g_test_add_func ("/openpgp-signature/malleable", test_malleable);
  g_test_add_func ("/openpgp-signature/gpg", test_gpg);
  g_test_add_func ("/openpgp-signature/key", test_key);
  g_test_add_func ("/openpgp-signature/wrong-left", test_wrong_left);
  return g_test_run ();
}
