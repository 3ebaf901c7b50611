/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "fuzz.h"

#include <dms.h>

#include "tls/dms-p2p-certificate-private.h"

/* Within the dates of the specification's certificates, and of those made here. */
#define NOW_S G_GINT64_CONSTANT (1800000000)

static void
check_error (const GError *error)
{
  g_assert_nonnull (error);
  g_assert_true (error->domain == DMS_ERROR);
  g_assert_true (g_utf8_validate (error->message, -1, NULL));
}

static void
check_certificate (const guint8 *data, gsize size)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsP2pPublicKey) key = dms_p2p_certificate_verify (data, size, NOW_S, &error);
  g_autoptr (DmsP2pPublicKey) again = NULL;

  if (key == NULL)
    {
      check_error (error);
      return;
    }
  g_assert_no_error (error);
  /* Not for ever. */
  again = dms_p2p_certificate_verify (data, size, G_GINT64_CONSTANT (-1000000000), &error);
  g_assert_null (again);
  check_error (error);
}

static void
check_message (const guint8 *data, gsize size)
{
  g_autoptr (GError) error = NULL;

  if (!dms_p2p_certificate_check_message (data, size, &error))
    check_error (error);
}

/* A certificate that is in order but for what its extension says. */
static void
check_extension (const guint8 *data, gsize size)
{
  static gnutls_x509_privkey_t key;
  g_autoptr (DmsP2pCrtHandle) crt = NULL;
  g_auto (DmsP2pPublicDatum) der = { NULL, 0 };

  /* GnuTLS takes an empty extension for a text, and looks for its end. */
  if (size == 0)
    return;
  if (key == NULL)
    {
      gnutls_x509_privkey_init (&key);
      gnutls_x509_privkey_generate (
          key, GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS (GNUTLS_ECC_CURVE_SECP256R1), 0);
    }
  gnutls_x509_crt_init (&crt);
  gnutls_x509_crt_set_version (crt, 3);
  gnutls_x509_crt_set_serial (crt, "\x01", 1);
  gnutls_x509_crt_set_activation_time (crt, (time_t) NOW_S - 1000);
  gnutls_x509_crt_set_expiration_time (crt, (time_t) NOW_S + 1000);
  gnutls_x509_crt_set_dn (crt, "O=fuzz", NULL);
  gnutls_x509_crt_set_key (crt, key);
  if (gnutls_x509_crt_set_extension_by_oid (crt, DMS_P2P_CERTIFICATE_OID, data, size, 0) < 0 ||
      gnutls_x509_crt_sign2 (crt, crt, key, GNUTLS_DIG_SHA256, 0) < 0 ||
      gnutls_x509_crt_export2 (crt, GNUTLS_X509_FMT_DER, &der) < 0)
    return;
  check_certificate (der.data, der.size);
}

/* The first byte says what the rest is: a certificate, as in the corpus, begins with 0x30. */
int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  if (size == 0)
    return 0;
  if (data[0] == 1)
    check_message (data + 1, size - 1);
  else if (data[0] == 2)
    check_extension (data + 1, size - 1);
  else
    check_certificate (data, size);
  return 0;
}
