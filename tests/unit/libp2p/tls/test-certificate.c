/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <gnutls/abstract.h>
#include <gnutls/x509.h>
#include <string.h>

#include "p2p-certificate-vectors.h"
#include "p2p-secure-fixture.h"
#include "tls/dms-p2p-certificate-private.h"
#include "wire/dms-p2p-proto-writer.h"

#define DAY_S ((gint64) 24 * 60 * 60)

static gint64
get_now_s (void)
{
  return g_get_real_time () / G_USEC_PER_SEC;
}

static GBytes *
read_hex (const char *hex)
{
  gsize size = strlen (hex) / 2;
  guint8 *data = g_malloc (size);

  for (gsize i = 0; i < size; i++)
    data[i] = (guint8) (g_ascii_xdigit_value (hex[2 * i]) << 4 | g_ascii_xdigit_value (hex[2 * i + 1]));
  return g_bytes_new_take (data, size);
}

static DmsP2pPublicKey *
verify (GBytes *der, GError **error)
{
  return dms_p2p_certificate_verify (
      g_bytes_get_data (der, NULL), g_bytes_get_size (der), get_now_s (), error);
}

static void
test_vectors (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (p2p_certificate_vectors); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GBytes) der = read_hex (p2p_certificate_vectors[i].hex);
      g_autoptr (DmsP2pPublicKey) key = verify (der, &error);

      if (p2p_certificate_vectors[i].peer == NULL)
        {
          g_assert_null (key);
          g_assert_error (error, DMS_ERROR, DMS_ERROR_BAD_SIGNATURE);
          continue;
        }
      g_assert_no_error (error);
      g_assert_cmpstr (
          dms_peer_id_get_text (dms_p2p_public_key_get_peer_id (key)), ==, p2p_certificate_vectors[i].peer);
    }
}

/* No byte of a certificate may be changed, none left out, none added. */
static void
test_changed (void)
{
  for (guint i = 0; i < 3; i++)
    {
      g_autoptr (GBytes) der = read_hex (p2p_certificate_vectors[i].hex);
      gsize size = g_bytes_get_size (der);
      g_autofree guint8 *copy = g_malloc0 (size + 1);

      memcpy (copy, g_bytes_get_data (der, NULL), size);
      for (gsize j = 0; j < size; j++)
        {
          g_autoptr (DmsP2pPublicKey) key = NULL;
          g_autoptr (DmsP2pPublicKey) cut = NULL;
          g_autoptr (GError) error = NULL;

          copy[j] ^= 1;
          key = dms_p2p_certificate_verify (copy, size, get_now_s (), &error);
          g_assert_null (key);
          g_assert_true (error->domain == DMS_ERROR);
          copy[j] ^= 1;
          cut = dms_p2p_certificate_verify (copy, j, get_now_s (), NULL);
          g_assert_null (cut);
        }
      g_assert_null (dms_p2p_certificate_verify (copy, size + 1, get_now_s (), NULL));
    }
}

/* What a certificate is made of. */
typedef struct
{
  gnutls_pk_algorithm_t algorithm;
  unsigned bits;
  gnutls_digest_algorithm_t digest;
  gint64 from_s;
  gint64 to_s;
  gboolean is_critical;
  gboolean no_extension;
  const char *other_oid;
  gboolean other_is_critical;
  unsigned key_usage;
  gboolean wrong_prefix;
  gboolean rsa_host;
  unsigned rsa_host_bits;
  gboolean trailing;
  gboolean signed_by_another;
} Recipe;

static const Recipe recipe_good = {
  .algorithm = GNUTLS_PK_ECDSA,
  .bits = GNUTLS_CURVE_TO_BITS (GNUTLS_ECC_CURVE_SECP256R1),
  .digest = GNUTLS_DIG_SHA256,
  .from_s = -DAY_S,
  .to_s = DAY_S,
};

/* A host key of RSA, which this host itself never has, and its signature. */
static GBytes *
sign_with_rsa (const Recipe *recipe, GByteArray *message, GBytes **key)
{
  gnutls_privkey_t private = NULL;
  gnutls_pubkey_t public = NULL;
  g_auto (DmsP2pPublicDatum) spki = { NULL, 0 };
  g_auto (DmsP2pPublicDatum) signature = { NULL, 0 };
  gnutls_datum_t data = { message->data, message->len };
  GByteArray *proto = g_byte_array_new ();

  gnutls_privkey_init (&private);
  gnutls_pubkey_init (&public);
  g_assert_cmpint (gnutls_privkey_generate (private, GNUTLS_PK_RSA, recipe->rsa_host_bits, 0), ==, 0);
  gnutls_pubkey_import_privkey (public, private, 0, 0);
  gnutls_pubkey_export2 (public, GNUTLS_X509_FMT_DER, &spki);
  g_assert_cmpint (gnutls_privkey_sign_data (private, GNUTLS_DIG_SHA256, 0, &data, &signature), ==, 0);
  dms_p2p_proto_write_number (proto, 1, DMS_P2P_KEY_RSA);
  dms_p2p_proto_write_bytes (proto, 2, spki.data, spki.size);
  *key = g_byte_array_free_to_bytes (proto);
  gnutls_privkey_deinit (private);
  gnutls_pubkey_deinit (public);
  return g_bytes_new (signature.data, signature.size);
}

static void
add_extension (const Recipe *recipe, gnutls_x509_crt_t crt, DmsP2pIdentity *identity)
{
  g_autoptr (DmsP2pPubkeyHandle) pubkey = NULL;
  g_auto (DmsP2pPublicDatum) spki = { NULL, 0 };
  g_autoptr (GByteArray) message = NULL;
  g_autoptr (GByteArray) extension = NULL;
  g_autoptr (GBytes) key = NULL;
  g_autoptr (GBytes) signature = NULL;
  guint8 ed25519[64];

  gnutls_pubkey_init (&pubkey);
  g_assert_cmpint (gnutls_pubkey_import_x509 (pubkey, crt, 0), ==, 0);
  g_assert_cmpint (gnutls_pubkey_export2 (pubkey, GNUTLS_X509_FMT_DER, &spki), ==, 0);
  message = dms_p2p_certificate_build_message (&spki);
  if (recipe->wrong_prefix)
    message->data[0] ^= 1;
  if (recipe->rsa_host)
    signature = sign_with_rsa (recipe, message, &key);
  else
    {
      dms_p2p_identity_sign (identity, message->data, message->len, ed25519);
      signature = g_bytes_new (ed25519, sizeof ed25519);
      key = g_bytes_ref (dms_p2p_public_key_get_bytes (dms_p2p_identity_get_public_key (identity)));
    }
  extension = dms_p2p_certificate_build_extension (
      key, g_bytes_get_data (signature, NULL), g_bytes_get_size (signature));
  if (recipe->trailing)
    g_byte_array_append (extension, (const guint8 *) "", 1);
  g_assert_cmpint (gnutls_x509_crt_set_extension_by_oid (
                       crt, DMS_P2P_CERTIFICATE_OID, extension->data, extension->len, recipe->is_critical),
                   ==,
                   0);
}

static void
fill (const Recipe *recipe, gnutls_x509_crt_t crt, gnutls_x509_privkey_t key, DmsP2pIdentity *identity)
{
  g_assert_cmpint (gnutls_x509_privkey_generate (key, recipe->algorithm, recipe->bits, 0), ==, 0);
  g_assert_cmpint (gnutls_x509_crt_set_key (crt, key), ==, 0);
  gnutls_x509_crt_set_version (crt, 3);
  gnutls_x509_crt_set_serial (crt, "\x01", 1);
  gnutls_x509_crt_set_activation_time (crt, (time_t) (get_now_s () + recipe->from_s));
  gnutls_x509_crt_set_expiration_time (crt, (time_t) (get_now_s () + recipe->to_s));
  gnutls_x509_crt_set_dn (crt, "O=test", NULL);
  if (!recipe->no_extension)
    add_extension (recipe, crt, identity);
  if (recipe->other_oid != NULL)
    g_assert_cmpint (gnutls_x509_crt_set_extension_by_oid (
                         crt, recipe->other_oid, "\x05\x00", 2, recipe->other_is_critical),
                     ==,
                     0);
  if (recipe->key_usage != 0)
    g_assert_cmpint (gnutls_x509_crt_set_key_usage (crt, recipe->key_usage), ==, 0);
}

static GBytes *
make (const Recipe *recipe, DmsP2pIdentity *identity)
{
  gnutls_x509_crt_t crt = NULL;
  gnutls_x509_privkey_t key = NULL;
  gnutls_x509_privkey_t another = NULL;
  g_auto (DmsP2pPublicDatum) der = { NULL, 0 };

  gnutls_x509_crt_init (&crt);
  gnutls_x509_privkey_init (&key);
  gnutls_x509_privkey_init (&another);
  fill (recipe, crt, key, identity);
  gnutls_x509_privkey_generate (another, recipe->algorithm, recipe->bits, 0);
  g_assert_cmpint (
      gnutls_x509_crt_sign2 (crt, crt, recipe->signed_by_another ? another : key, recipe->digest, 0), ==, 0);
  g_assert_cmpint (gnutls_x509_crt_export2 (crt, GNUTLS_X509_FMT_DER, &der), ==, 0);
  gnutls_x509_crt_deinit (crt);
  gnutls_x509_privkey_deinit (key);
  gnutls_x509_privkey_deinit (another);
  return g_bytes_new (der.data, der.size);
}

/* -1 for no error. */
static void
check (const Recipe *recipe, int code)
{
  g_autoptr (DmsP2pIdentity) identity = dms_p2p_identity_new_random ();
  g_autoptr (GBytes) der = make (recipe, identity);
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsP2pPublicKey) key = verify (der, &error);

  if (code >= 0)
    {
      g_assert_null (key);
      g_assert_error (error, DMS_ERROR, code);
      return;
    }
  g_assert_no_error (error);
  if (!recipe->rsa_host)
    g_assert_true (
        dms_peer_id_equal (dms_p2p_public_key_get_peer_id (key), dms_p2p_identity_get_peer_id (identity)));
}

static void
test_kinds (void)
{
  Recipe recipe = recipe_good;

  check (&recipe, -1);
  recipe.bits = GNUTLS_CURVE_TO_BITS (GNUTLS_ECC_CURVE_SECP384R1);
  recipe.digest = GNUTLS_DIG_SHA384;
  check (&recipe, -1);
  recipe.bits = GNUTLS_CURVE_TO_BITS (GNUTLS_ECC_CURVE_SECP521R1);
  recipe.digest = GNUTLS_DIG_SHA512;
  check (&recipe, -1);
  recipe.algorithm = GNUTLS_PK_EDDSA_ED25519;
  recipe.bits = 256;
  check (&recipe, -1);
  recipe.algorithm = GNUTLS_PK_RSA;
  recipe.bits = 2048;
  recipe.digest = GNUTLS_DIG_SHA256;
  check (&recipe, -1);
  recipe.algorithm = GNUTLS_PK_RSA_PSS;
  check (&recipe, -1);
  /* Too short, and curves and hashes that are not taken. */
  recipe.algorithm = GNUTLS_PK_RSA;
  recipe.bits = 1024;
  check (&recipe, DMS_ERROR_INVALID_DATA);
  recipe = recipe_good;
  recipe.digest = GNUTLS_DIG_SHA1;
  check (&recipe, DMS_ERROR_INVALID_DATA);
  recipe = recipe_good;
  recipe.algorithm = GNUTLS_PK_EDDSA_ED448;
  recipe.bits = 456;
  recipe.digest = GNUTLS_DIG_SHAKE_256;
  check (&recipe, DMS_ERROR_INVALID_DATA);
}

static void
test_host_keys (void)
{
  Recipe recipe = recipe_good;

  recipe.rsa_host = TRUE;
  recipe.rsa_host_bits = 2048;
  check (&recipe, -1);
  recipe.rsa_host_bits = 1024;
  check (&recipe, DMS_ERROR_INVALID_DATA);
}

static void
test_dates (void)
{
  Recipe recipe = recipe_good;

  recipe.from_s = -2 * DAY_S;
  recipe.to_s = -60;
  check (&recipe, DMS_ERROR_EXPIRED);
  recipe.from_s = 60;
  recipe.to_s = DAY_S;
  check (&recipe, DMS_ERROR_EXPIRED);
}

static void
test_extensions (void)
{
  Recipe recipe = recipe_good;

  /* As js-libp2p does it. */
  recipe.is_critical = TRUE;
  check (&recipe, -1);
  recipe = recipe_good;
  recipe.no_extension = TRUE;
  check (&recipe, DMS_ERROR_INVALID_DATA);
  /* Unknown ones are ignored, but not when they are critical. */
  recipe = recipe_good;
  recipe.other_oid = "1.3.6.1.4.1.53594.1.2";
  check (&recipe, -1);
  recipe.other_is_critical = TRUE;
  check (&recipe, DMS_ERROR_INVALID_DATA);
  recipe.is_critical = TRUE;
  check (&recipe, DMS_ERROR_INVALID_DATA);
  /* Known ones count. */
  recipe = recipe_good;
  recipe.key_usage = GNUTLS_KEY_DIGITAL_SIGNATURE;
  check (&recipe, -1);
  recipe.key_usage = GNUTLS_KEY_KEY_CERT_SIGN;
  check (&recipe, DMS_ERROR_INVALID_DATA);
  recipe = recipe_good;
  recipe.trailing = TRUE;
  check (&recipe, DMS_ERROR_INVALID_DATA);
}

/* Which of two would count is nobody's to choose. GnuTLS does not make such a certificate: one is made with
 * another extension, whose number is changed. */
static void
test_two_keys (void)
{
  static const guint8 oid[] = { 0x2b, 0x06, 0x01, 0x04, 0x01, 0x83, 0xa2, 0x5a, 0x01, 0x02 };
  Recipe recipe = recipe_good;
  g_autoptr (DmsP2pIdentity) identity = dms_p2p_identity_new_random ();
  g_autoptr (GBytes) der = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree guint8 *copy = NULL;
  guint8 *place = NULL;

  recipe.other_oid = "1.3.6.1.4.1.53594.1.2";
  der = make (&recipe, identity);
  copy = g_memdup2 (g_bytes_get_data (der, NULL), g_bytes_get_size (der));
  place = memmem (copy, g_bytes_get_size (der), oid, sizeof oid);
  g_assert_nonnull (place);
  place[sizeof oid - 1] = 0x01;
  g_assert_null (dms_p2p_certificate_verify (copy, g_bytes_get_size (der), get_now_s (), &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_INVALID_DATA);
}

static void
test_signatures (void)
{
  Recipe recipe = recipe_good;

  recipe.wrong_prefix = TRUE;
  check (&recipe, DMS_ERROR_BAD_SIGNATURE);
  recipe = recipe_good;
  recipe.signed_by_another = TRUE;
  check (&recipe, DMS_ERROR_BAD_SIGNATURE);
}

/* RSA keys whose use alone would cost a core for long. */
static void
test_huge_rsa (void)
{
  /* Bits of the modulus, and bytes of the exponent. */
  const unsigned sizes[][2] = { { 8200, 3 }, { 16384, 3 }, { 4096, 5 }, { 4096, 500 } };

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_autofree guint8 *modulus = g_malloc (sizes[i][0] / 8 + 1);
      gnutls_datum_t n = { modulus, sizes[i][0] / 8 + 1 };
      g_autofree guint8 *exponent = g_malloc0 (sizes[i][1]);
      gnutls_datum_t e = { exponent, sizes[i][1] };
      g_autoptr (DmsP2pPubkeyHandle) pubkey = NULL;
      g_autoptr (DmsP2pCrtHandle) crt = NULL;
      g_autoptr (DmsP2pCrtHandle) issuer = NULL;
      g_autoptr (DmsP2pPrivkeyHandle) key = NULL;
      g_autoptr (DmsP2pIdentity) identity = dms_p2p_identity_new_random ();
      g_auto (DmsP2pPublicDatum) der = { NULL, 0 };
      g_autoptr (GError) error = NULL;

      memset (modulus, 0xc3, n.size);
      modulus[0] = 0;
      exponent[0] = exponent[sizes[i][1] - 1] = 1;
      gnutls_pubkey_init (&pubkey);
      gnutls_x509_crt_init (&crt);
      gnutls_x509_crt_init (&issuer);
      gnutls_x509_privkey_init (&key);
      fill (&recipe_good, crt, key, identity);
      g_clear_pointer (&key, gnutls_x509_privkey_deinit);
      gnutls_x509_privkey_init (&key);
      fill (&recipe_good, issuer, key, identity);
      g_assert_cmpint (gnutls_pubkey_import_rsa_raw (pubkey, &n, &e), ==, 0);
      g_assert_cmpint (gnutls_x509_crt_set_pubkey (crt, pubkey), ==, 0);
      g_assert_cmpint (gnutls_x509_crt_sign2 (crt, issuer, key, GNUTLS_DIG_SHA256, 0), ==, 0);
      g_assert_cmpint (gnutls_x509_crt_export2 (crt, GNUTLS_X509_FMT_DER, &der), ==, 0);
      g_assert_null (dms_p2p_certificate_verify (der.data, der.size, get_now_s (), &error));
      g_assert_error (error, DMS_ERROR, DMS_ERROR_INVALID_DATA);
      g_assert_nonnull (strstr (error->message, "RSA"));
    }
}

static void
append_u24 (GByteArray *out, gsize value)
{
  const guint8 bytes[] = { (guint8) (value >> 16), (guint8) (value >> 8), (guint8) value };

  g_byte_array_append (out, bytes, sizeof bytes);
}

/* A Certificate message (RFC 8446, 4.4.2) of @n times the same. */
static GByteArray *
make_message (GBytes *der, guint n)
{
  GByteArray *message = g_byte_array_new ();
  gsize entry = 3 + g_bytes_get_size (der) + 2;

  g_byte_array_append (message, (const guint8 *) "", 1);
  append_u24 (message, n * entry);
  for (guint i = 0; i < n; i++)
    {
      append_u24 (message, g_bytes_get_size (der));
      g_byte_array_append (message, g_bytes_get_data (der, NULL), (guint) g_bytes_get_size (der));
      g_byte_array_append (message, (const guint8 *) "\0", 2);
    }
  return message;
}

static void
test_message (void)
{
  g_autoptr (GBytes) der = read_hex (p2p_certificate_vectors[0].hex);
  g_autoptr (GByteArray) none = make_message (der, 0);
  g_autoptr (GByteArray) one = make_message (der, 1);
  g_autoptr (GByteArray) two = make_message (der, 2);
  g_autoptr (GError) error = NULL;

  g_assert_false (dms_p2p_certificate_check_message (none->data, none->len, NULL));
  g_assert_true (dms_p2p_certificate_check_message (one->data, one->len, &error));
  g_assert_no_error (error);
  g_assert_false (dms_p2p_certificate_check_message (two->data, two->len, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_INVALID_DATA);
  g_assert_nonnull (strstr (error->message, "more than one"));
  for (guint i = 0; i < one->len; i++)
    g_assert_false (dms_p2p_certificate_check_message (one->data, i, NULL));
}

/* Whose certificate is used, and that of nobody else; each time the same. */
static void
test_own (void)
{
  g_autoptr (DmsP2pIdentity) identity = dms_p2p_identity_new_random ();
  g_autoptr (DmsP2pIdentity) other = dms_p2p_identity_new_random ();
  g_autoptr (GError) error = NULL;
  DmsP2pCertificate *certificate = dms_p2p_certificate_get_for (identity, &error);
  g_autoptr (DmsP2pPublicKey) key = NULL;
  gnutls_x509_crt_t *list = NULL;
  unsigned n = 0;
  g_auto (DmsP2pPublicDatum) der = { NULL, 0 };

  g_assert_no_error (error);
  g_assert_true (dms_p2p_certificate_get_for (identity, NULL) == certificate);
  g_assert_true (dms_p2p_certificate_get_for (other, NULL) != certificate);
  g_assert_cmpint (
      gnutls_certificate_get_x509_crt (dms_p2p_certificate_get_credentials (certificate), 0, &list, &n),
      ==,
      0);
  g_assert_cmpuint (n, ==, 1);
  gnutls_x509_crt_export2 (list[0], GNUTLS_X509_FMT_DER, &der);
  key = dms_p2p_certificate_verify (der.data, der.size, get_now_s (), &error);
  g_assert_no_error (error);
  g_assert_true (
      dms_peer_id_equal (dms_p2p_public_key_get_peer_id (key), dms_p2p_identity_get_peer_id (identity)));
  /* Around its dates. */
  g_clear_pointer (&key, dms_p2p_public_key_unref);
  key = dms_p2p_certificate_verify (der.data, der.size, get_now_s () - DAY_S / 2, NULL);
  g_assert_nonnull (key);
  g_assert_null (dms_p2p_certificate_verify (der.data, der.size, get_now_s () - 2 * DAY_S, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_EXPIRED);
  g_clear_error (&error);
  g_assert_null (dms_p2p_certificate_verify (der.data, der.size, get_now_s () + 400 * DAY_S, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_EXPIRED);
  gnutls_x509_crt_deinit (list[0]);
  gnutls_free (list);
  /* What is borrowed gives way when there are many; what is referenced stays. */
  dms_p2p_certificate_ref (certificate);
  for (guint i = 0; i < 100; i++)
    {
      g_autoptr (DmsP2pIdentity) another = dms_p2p_identity_new_random ();

      g_assert_nonnull (dms_p2p_certificate_get_for (another, NULL));
    }
  g_assert_nonnull (dms_p2p_certificate_get_credentials (certificate));
  dms_p2p_certificate_unref (certificate);
}

static void
get_own_der (DmsP2pIdentity *identity, DmsP2pPublicDatum *der)
{
  DmsP2pCertificate *certificate = dms_p2p_certificate_get_for (identity, NULL);
  gnutls_x509_crt_t *list = NULL;
  unsigned n = 0;

  g_assert_cmpint (
      gnutls_certificate_get_x509_crt (dms_p2p_certificate_get_credentials (certificate), 0, &list, &n),
      ==,
      0);
  g_assert_cmpint (gnutls_x509_crt_export2 (list[0], GNUTLS_X509_FMT_DER, der), ==, 0);
  gnutls_x509_crt_deinit (list[0]);
  gnutls_free (list);
}

/* What is remembered answers as if it were looked at anew, and only for the very same bytes. */
static void
test_memory (void)
{
  g_autoptr (DmsP2pIdentity) identity = dms_p2p_identity_new_random ();
  g_autoptr (DmsP2pCertificateMemory) memory = dms_p2p_certificate_memory_new ();
  g_auto (DmsP2pPublicDatum) der = { NULL, 0 };

  get_own_der (identity, &der);
  for (guint i = 0; i < 3; i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (DmsP2pPublicKey) key =
          dms_p2p_certificate_memory_verify (memory, der.data, der.size, get_now_s (), &error);

      g_assert_no_error (error);
      g_assert_true (
          dms_peer_id_equal (dms_p2p_public_key_get_peer_id (key), dms_p2p_identity_get_peer_id (identity)));
      g_assert_cmpuint (dms_p2p_certificate_memory_get_hits (memory), ==, i);
    }
  for (gsize i = 0; i < der.size; i++)
    {
      der.data[i] ^= 1;
      g_assert_null (dms_p2p_certificate_memory_verify (memory, der.data, der.size, get_now_s (), NULL));
      der.data[i] ^= 1;
    }
  g_assert_null (dms_p2p_certificate_memory_verify (memory, der.data, der.size - 1, get_now_s (), NULL));
  g_assert_null (dms_p2p_certificate_memory_verify (memory, der.data, 0, get_now_s (), NULL));
  g_assert_cmpuint (dms_p2p_certificate_memory_get_hits (memory), ==, 2);
  g_assert_cmpuint (dms_p2p_certificate_memory_get_size (memory), ==, 1);
}

static void
test_memory_dates (void)
{
  g_autoptr (DmsP2pIdentity) identity = dms_p2p_identity_new_random ();
  g_autoptr (DmsP2pCertificateMemory) memory = dms_p2p_certificate_memory_new ();
  g_auto (DmsP2pPublicDatum) der = { NULL, 0 };
  const gint64 outside_s[] = { get_now_s () - 2 * DAY_S, get_now_s () + 400 * DAY_S };

  get_own_der (identity, &der);
  for (guint i = 0; i < G_N_ELEMENTS (outside_s); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (DmsP2pPublicKey) key =
          dms_p2p_certificate_memory_verify (memory, der.data, der.size, get_now_s (), NULL);

      g_assert_nonnull (key);
      g_assert_cmpuint (dms_p2p_certificate_memory_get_size (memory), ==, 1);
      g_assert_null (dms_p2p_certificate_memory_verify (memory, der.data, der.size, outside_s[i], &error));
      g_assert_error (error, DMS_ERROR, DMS_ERROR_EXPIRED);
      g_assert_cmpuint (dms_p2p_certificate_memory_get_size (memory), ==, 0);
    }
}

/* Those seen last are remembered, and no more than so many. */
static void
test_memory_bound (void)
{
  g_autoptr (DmsP2pCertificateMemory) memory = dms_p2p_certificate_memory_new ();
  g_auto (DmsP2pPublicDatum) first = { NULL, 0 };
  g_autoptr (DmsP2pIdentity) identity = dms_p2p_identity_new_random ();

  get_own_der (identity, &first);
  for (guint i = 0; i < DMS_P2P_CERTIFICATE_MEMORY + 10; i++)
    {
      g_autoptr (DmsP2pIdentity) another = dms_p2p_identity_new_random ();
      g_auto (DmsP2pPublicDatum) der = { NULL, 0 };
      g_autoptr (DmsP2pPublicKey) again =
          dms_p2p_certificate_memory_verify (memory, first.data, first.size, get_now_s (), NULL);
      g_autoptr (DmsP2pPublicKey) key = NULL;

      get_own_der (another, &der);
      key = dms_p2p_certificate_memory_verify (memory, der.data, der.size, get_now_s (), NULL);
      g_assert_nonnull (again);
      g_assert_nonnull (key);
    }
  g_assert_cmpuint (dms_p2p_certificate_memory_get_size (memory), ==, DMS_P2P_CERTIFICATE_MEMORY);
  g_assert_cmpuint (dms_p2p_certificate_memory_get_hits (memory), ==, DMS_P2P_CERTIFICATE_MEMORY + 9);
  dms_p2p_certificate_memory_set_max (memory, 0);
  g_assert_cmpuint (dms_p2p_certificate_memory_get_size (memory), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/p2p/certificate/vectors", test_vectors);
  g_test_add_func ("/p2p/certificate/changed", test_changed);
  g_test_add_func ("/p2p/certificate/kinds", test_kinds);
  g_test_add_func ("/p2p/certificate/host-keys", test_host_keys);
  g_test_add_func ("/p2p/certificate/dates", test_dates);
  g_test_add_func ("/p2p/certificate/extensions", test_extensions);
  g_test_add_func ("/p2p/certificate/two-keys", test_two_keys);
  g_test_add_func ("/p2p/certificate/signatures", test_signatures);
  g_test_add_func ("/p2p/certificate/huge-rsa", test_huge_rsa);
  g_test_add_func ("/p2p/certificate/message", test_message);
  g_test_add_func ("/p2p/certificate/own", test_own);
  g_test_add_func ("/p2p/certificate/memory", test_memory);
  g_test_add_func ("/p2p/certificate/memory-dates", test_memory_dates);
  g_test_add_func ("/p2p/certificate/memory-bound", test_memory_bound);
  return g_test_run ();
}
