/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <string.h>

#include "tls/dms-p2p-certificate-private.h"
#include "wire/dms-p2p-der.h"

/* What certificates of peers must be (libp2p specs, tls, "Peer Authentication"). GnuTLS takes them apart and
 * checks signatures; what it would say of a chain is not asked: its rules are not those of libp2p, and it
 * takes a self-signed certificate for good whatever its signature. */

/* More extensions than this, no certificate of libp2p has. */
#define DMS_P2P_CERTIFICATE_MAX_EXTENSIONS 32
/* Sizes of RSA keys (as those of host keys: go-libp2p, CVE-2023-39533). */
#define DMS_P2P_CERTIFICATE_MIN_RSA_BITS 2048
#define DMS_P2P_CERTIFICATE_MAX_RSA_BITS 8192
/* An exponent as long as the modulus makes each signature cost some thousand times as much. Go's crypto/rsa
 * takes none above 2^31 - 1. */
#define DMS_P2P_CERTIFICATE_MAX_EXPONENT 4

static gboolean
dms_p2p_certificate_refuse (DmsError code, const char *why, GError **error)
{
  g_set_error (error, DMS_ERROR, code, "the certificate of the peer is refused: %s", why);
  return FALSE;
}

static gboolean
dms_p2p_certificate_check_dates (gnutls_x509_crt_t crt,
                                 gint64 now_s,
                                 gint64 *from_s,
                                 gint64 *to_s,
                                 GError **error)
{
  *from_s = gnutls_x509_crt_get_activation_time (crt);
  *to_s = gnutls_x509_crt_get_expiration_time (crt);
  if (*from_s == -1 || *to_s == -1)
    return dms_p2p_certificate_refuse (DMS_ERROR_INVALID_DATA, "it has no dates", error);
  if (now_s < *from_s)
    return dms_p2p_certificate_refuse (
        DMS_ERROR_EXPIRED, "it is not valid yet; are the clocks of both right?", error);
  if (now_s > *to_s)
    return dms_p2p_certificate_refuse (
        DMS_ERROR_EXPIRED, "it has expired; are the clocks of both right?", error);
  return TRUE;
}

/* Those that are understood, and what they must say when they are critical. */
static gboolean
dms_p2p_certificate_understands (gnutls_x509_crt_t crt, const char *oid)
{
  unsigned usage = 0;

  if (g_str_equal (oid, DMS_P2P_CERTIFICATE_OID) || g_str_equal (oid, GNUTLS_X509EXT_OID_BASIC_CONSTRAINTS))
    return TRUE;
  return g_str_equal (oid, GNUTLS_X509EXT_OID_KEY_USAGE) &&
         gnutls_x509_crt_get_key_usage (crt, &usage, NULL) >= 0 && (usage & GNUTLS_KEY_DIGITAL_SIGNATURE);
}

/* The place of the libp2p extension; -1 with an error. */
static int
dms_p2p_certificate_find_extension (gnutls_x509_crt_t crt, GError **error)
{
  int found = -1;

  for (unsigned i = 0; i < DMS_P2P_CERTIFICATE_MAX_EXTENSIONS; i++)
    {
      char oid[128];
      size_t oid_size = sizeof oid;
      unsigned critical = 0;
      int code = gnutls_x509_crt_get_extension_info (crt, i, oid, &oid_size, &critical);

      if (code == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
        {
          if (found < 0)
            dms_p2p_certificate_refuse (
                DMS_ERROR_INVALID_DATA, "it does not carry a libp2p key; is this a libp2p node?", error);
          return found;
        }
      if (code < 0)
        {
          dms_p2p_certificate_refuse (DMS_ERROR_INVALID_DATA, gnutls_strerror (code), error);
          return -1;
        }
      if (critical && !dms_p2p_certificate_understands (crt, oid))
        {
          dms_p2p_certificate_refuse (
              DMS_ERROR_INVALID_DATA, "it has a critical extension that is not understood", error);
          return -1;
        }
      if (!g_str_equal (oid, DMS_P2P_CERTIFICATE_OID))
        continue;
      if (found >= 0)
        {
          dms_p2p_certificate_refuse (DMS_ERROR_INVALID_DATA, "it carries two libp2p keys", error);
          return -1;
        }
      found = (int) i;
    }
  dms_p2p_certificate_refuse (DMS_ERROR_INVALID_DATA, "it has too many extensions", error);
  return -1;
}

static gboolean
dms_p2p_certificate_check_rsa (gnutls_pubkey_t pubkey, unsigned bits, GError **error)
{
  g_auto (DmsP2pPublicDatum) exponent = { NULL, 0 };

  if (bits < DMS_P2P_CERTIFICATE_MIN_RSA_BITS || bits > DMS_P2P_CERTIFICATE_MAX_RSA_BITS)
    return dms_p2p_certificate_refuse (
        DMS_ERROR_INVALID_DATA, "its RSA key does not have 2,048 to 8,192 bits", error);
  if (gnutls_pubkey_export_rsa_raw2 (pubkey, NULL, &exponent, GNUTLS_EXPORT_FLAG_NO_LZ) < 0 ||
      exponent.size > DMS_P2P_CERTIFICATE_MAX_EXPONENT)
    return dms_p2p_certificate_refuse (
        DMS_ERROR_INVALID_DATA, "the exponent of its RSA key is too large", error);
  return TRUE;
}

/* Which keys may sign a certificate, before anything is computed with one. */
static gboolean
dms_p2p_certificate_check_key (gnutls_pubkey_t pubkey, GError **error)
{
  unsigned bits = 0;
  gnutls_ecc_curve_t curve = GNUTLS_ECC_CURVE_INVALID;

  switch (gnutls_pubkey_get_pk_algorithm (pubkey, &bits))
    {
    case GNUTLS_PK_RSA:
    case GNUTLS_PK_RSA_PSS:
      return dms_p2p_certificate_check_rsa (pubkey, bits, error);
    case GNUTLS_PK_ECDSA:
      if (gnutls_pubkey_export_ecc_raw2 (pubkey, &curve, NULL, NULL, 0) >= 0 &&
          (curve == GNUTLS_ECC_CURVE_SECP256R1 || curve == GNUTLS_ECC_CURVE_SECP384R1 ||
           curve == GNUTLS_ECC_CURVE_SECP521R1))
        return TRUE;
      return dms_p2p_certificate_refuse (
          DMS_ERROR_INVALID_DATA, "its key is on a curve that is not taken", error);
    case GNUTLS_PK_EDDSA_ED25519:
      return TRUE;
    default:
      return dms_p2p_certificate_refuse (
          DMS_ERROR_INVALID_DATA, "its key is of a kind that is not taken", error);
    }
}

/* Hashes of fewer than 256 bits must not be used (libp2p specs, tls, r0). */
static gboolean
dms_p2p_certificate_takes_algorithm (gnutls_sign_algorithm_t algorithm)
{
  switch (algorithm)
    {
    case GNUTLS_SIGN_RSA_SHA256:
    case GNUTLS_SIGN_RSA_SHA384:
    case GNUTLS_SIGN_RSA_SHA512:
    case GNUTLS_SIGN_RSA_PSS_SHA256:
    case GNUTLS_SIGN_RSA_PSS_SHA384:
    case GNUTLS_SIGN_RSA_PSS_SHA512:
    case GNUTLS_SIGN_RSA_PSS_RSAE_SHA256:
    case GNUTLS_SIGN_RSA_PSS_RSAE_SHA384:
    case GNUTLS_SIGN_RSA_PSS_RSAE_SHA512:
    case GNUTLS_SIGN_ECDSA_SHA256:
    case GNUTLS_SIGN_ECDSA_SHA384:
    case GNUTLS_SIGN_ECDSA_SHA512:
    case GNUTLS_SIGN_ECDSA_SECP256R1_SHA256:
    case GNUTLS_SIGN_ECDSA_SECP384R1_SHA384:
    case GNUTLS_SIGN_ECDSA_SECP521R1_SHA512:
    case GNUTLS_SIGN_EDDSA_ED25519:
      return TRUE;
    default:
      return FALSE;
    }
}

/* The signature of the certificate by its own key, over the very bytes that came. */
static gboolean
dms_p2p_certificate_check_signature (gnutls_x509_crt_t crt,
                                     gnutls_pubkey_t pubkey,
                                     const guint8 *der,
                                     gsize size,
                                     GError **error)
{
  DmsP2pDer in = { der, size };
  DmsP2pDer certificate = { NULL, 0 };
  DmsP2pDer content = { NULL, 0 };
  DmsP2pDer tbs = { NULL, 0 };
  DmsP2pDer bits = { NULL, 0 };
  gnutls_datum_t signed_data = { NULL, 0 };
  gnutls_datum_t signature = { NULL, 0 };
  int algorithm = gnutls_x509_crt_get_signature_algorithm (crt);

  if (algorithm < 0 || !dms_p2p_certificate_takes_algorithm ((gnutls_sign_algorithm_t) algorithm))
    return dms_p2p_certificate_refuse (
        DMS_ERROR_INVALID_DATA, "it is signed by a method that is not taken", error);
  if (!dms_p2p_der_take (&in, DMS_P2P_DER_SEQUENCE, &certificate) || in.size != 0)
    return dms_p2p_certificate_refuse (DMS_ERROR_INVALID_DATA, "it is not DER", error);
  /* What is signed is the first element with its header. */
  tbs = certificate;
  if (!dms_p2p_der_take (&certificate, DMS_P2P_DER_SEQUENCE, &content))
    return dms_p2p_certificate_refuse (DMS_ERROR_INVALID_DATA, "it is not DER", error);
  tbs.size -= certificate.size;
  if (!dms_p2p_der_take (&certificate, DMS_P2P_DER_SEQUENCE, &content) ||
      !dms_p2p_der_take (&certificate, DMS_P2P_DER_BIT_STRING, &bits) || certificate.size != 0 ||
      bits.size < 2 || bits.data[0] != 0)
    return dms_p2p_certificate_refuse (DMS_ERROR_INVALID_DATA, "it is not DER", error);
  signed_data.data = (unsigned char *) tbs.data;
  signed_data.size = (unsigned) tbs.size;
  signature.data = (unsigned char *) bits.data + 1;
  signature.size = (unsigned) bits.size - 1;
  if (gnutls_pubkey_verify_data2 (pubkey, (gnutls_sign_algorithm_t) algorithm, 0, &signed_data, &signature) <
      0)
    return dms_p2p_certificate_refuse (DMS_ERROR_BAD_SIGNATURE, "it is not signed by its own key", error);
  return TRUE;
}

/* Takes the host key out of the extension and checks what that has signed. */
static DmsP2pPublicKey *
dms_p2p_certificate_check_extension (gnutls_x509_crt_t crt,
                                     gnutls_pubkey_t pubkey,
                                     unsigned place,
                                     GError **error)
{
  g_auto (DmsP2pPublicDatum) extension = { NULL, 0 };
  g_auto (DmsP2pPublicDatum) spki = { NULL, 0 };
  g_autoptr (GByteArray) message = NULL;
  g_autoptr (DmsP2pPublicKey) key = NULL;
  DmsP2pDer in = { NULL, 0 };
  DmsP2pDer signed_key = { NULL, 0 };
  DmsP2pDer public_key = { NULL, 0 };
  DmsP2pDer signature = { NULL, 0 };

  if (gnutls_x509_crt_get_extension_data2 (crt, place, &extension) < 0 ||
      gnutls_pubkey_export2 (pubkey, GNUTLS_X509_FMT_DER, &spki) < 0)
    {
      dms_p2p_certificate_refuse (DMS_ERROR_INVALID_DATA, "its parts cannot be read", error);
      return NULL;
    }
  in.data = extension.data;
  in.size = extension.size;
  if (!dms_p2p_der_take (&in, DMS_P2P_DER_SEQUENCE, &signed_key) || in.size != 0 ||
      !dms_p2p_der_take (&signed_key, DMS_P2P_DER_OCTET_STRING, &public_key) ||
      !dms_p2p_der_take (&signed_key, DMS_P2P_DER_OCTET_STRING, &signature) || signed_key.size != 0)
    {
      dms_p2p_certificate_refuse (DMS_ERROR_INVALID_DATA, "its libp2p key is not in DER", error);
      return NULL;
    }
  key = dms_p2p_public_key_new (public_key.data, public_key.size, error);
  if (key == NULL)
    return NULL;
  message = dms_p2p_certificate_build_message (&spki);
  if (!dms_p2p_public_key_verify (key, message->data, message->len, signature.data, signature.size, NULL))
    {
      dms_p2p_certificate_refuse (
          DMS_ERROR_BAD_SIGNATURE, "the libp2p key it carries has not signed its key", error);
      return NULL;
    }
  return g_steal_pointer (&key);
}

static gboolean
dms_p2p_certificate_import (const guint8 *der,
                            gsize size,
                            DmsP2pCrtHandle **crt,
                            DmsP2pPubkeyHandle **pubkey,
                            GError **error)
{
  gnutls_datum_t datum = { (unsigned char *) der, (unsigned) size };

  if (size == 0 || size > DMS_P2P_CERTIFICATE_MAX_SIZE)
    return dms_p2p_certificate_refuse (DMS_ERROR_TOO_LARGE, "it has more than 16,384 bytes, or none", error);
  if (gnutls_x509_crt_init (crt) < 0 || gnutls_pubkey_init (pubkey) < 0)
    return dms_p2p_certificate_refuse (DMS_ERROR_NO_RESOURCES, "there is no memory for it", error);
  if (gnutls_x509_crt_import (*crt, &datum, GNUTLS_X509_FMT_DER) < 0 ||
      gnutls_pubkey_import_x509 (*pubkey, *crt, 0) < 0)
    return dms_p2p_certificate_refuse (DMS_ERROR_INVALID_DATA, "it is not an X.509 certificate", error);
  return dms_p2p_certificate_check_key (*pubkey, error);
}

/**
 * dms_p2p_certificate_verify_dated:
 * @der: (array length=size): the certificate
 * @size: its size
 * @now_s: the time, in seconds since the epoch
 * @from_s: (out): since when it holds
 * @to_s: (out): until when it holds
 * @error: return location for a #DmsError
 *
 * Returns: (transfer full) (nullable): the host key that it proves
 */
DmsP2pPublicKey *
dms_p2p_certificate_verify_dated (const guint8 *der,
                                  gsize size,
                                  gint64 now_s,
                                  gint64 *from_s,
                                  gint64 *to_s,
                                  GError **error)
{
  g_autoptr (DmsP2pCrtHandle) crt = NULL;
  g_autoptr (DmsP2pPubkeyHandle) pubkey = NULL;
  int place = 0;

  if (!dms_p2p_certificate_import (der, size, &crt, &pubkey, error) ||
      !dms_p2p_certificate_check_dates (crt, now_s, from_s, to_s, error))
    return NULL;
  place = dms_p2p_certificate_find_extension (crt, error);
  if (place < 0 || !dms_p2p_certificate_check_signature (crt, pubkey, der, size, error))
    return NULL;
  return dms_p2p_certificate_check_extension (crt, pubkey, (unsigned) place, error);
}

DmsP2pPublicKey *
dms_p2p_certificate_verify (const guint8 *der, gsize size, gint64 now_s, GError **error)
{
  gint64 from_s = 0;
  gint64 to_s = 0;

  return dms_p2p_certificate_verify_dated (der, size, now_s, &from_s, &to_s, error);
}

/**
 * dms_p2p_certificate_verify_session:
 * @self: our own certificate, which remembers those of others
 * @session: a session that has the certificate of its peer
 * @expected: (nullable): who that must be
 * @error: return location for a #DmsError
 *
 * Returns: (transfer full) (nullable): the host key of the peer
 */
DmsP2pPublicKey *
dms_p2p_certificate_verify_session (DmsP2pCertificate *self,
                                    gnutls_session_t session,
                                    DmsPeerId *expected,
                                    GError **error)
{
  DmsP2pCertificateMemory *memory = dms_p2p_certificate_get_memory (self);
  g_autoptr (DmsP2pPublicKey) key = NULL;
  unsigned n = 0;
  const gnutls_datum_t *list = NULL;

  if (gnutls_certificate_type_get2 (session, GNUTLS_CTYPE_PEERS) == GNUTLS_CRT_X509)
    list = gnutls_certificate_get_peers (session, &n);
  if (list == NULL || n != 1)
    {
      dms_p2p_certificate_refuse (
          DMS_ERROR_INVALID_DATA, n == 0 ? "there is none" : "there is more than one", error);
      return NULL;
    }
  key = dms_p2p_certificate_memory_verify (
      memory, list[0].data, list[0].size, g_get_real_time () / G_USEC_PER_SEC, error);
  if (key == NULL || !dms_p2p_public_key_check_owner (key, expected, error))
    return NULL;
  return g_steal_pointer (&key);
}

static guint32
dms_p2p_certificate_read_u24 (const guint8 *data)
{
  return (guint32) data[0] << 16 | (guint32) data[1] << 8 | data[2];
}

gboolean
dms_p2p_certificate_check_message (const guint8 *body, gsize size, GError **error)
{
  g_autoptr (DmsP2pCrtHandle) crt = NULL;
  g_autoptr (DmsP2pPubkeyHandle) pubkey = NULL;
  gsize offset = 0;
  gsize der_size = 0;
  gsize rest = 0;

  /* A context, which is empty in a handshake, then the list; each entry has extensions behind it. */
  if (size < 4 || (gsize) 1 + body[0] + 3 > size)
    return dms_p2p_certificate_refuse (DMS_ERROR_INVALID_DATA, "its message is cut off", error);
  offset = (gsize) 1 + body[0];
  if (dms_p2p_certificate_read_u24 (body + offset) != size - offset - 3)
    return dms_p2p_certificate_refuse (DMS_ERROR_INVALID_DATA, "its message is cut off", error);
  offset += 3;
  if (offset == size)
    return dms_p2p_certificate_refuse (DMS_ERROR_INVALID_DATA, "there is none", error);
  if (size - offset < 3)
    return dms_p2p_certificate_refuse (DMS_ERROR_INVALID_DATA, "its message is cut off", error);
  der_size = dms_p2p_certificate_read_u24 (body + offset);
  offset += 3;
  if (size - offset < der_size || size - offset - der_size < 2)
    return dms_p2p_certificate_refuse (DMS_ERROR_INVALID_DATA, "its message is cut off", error);
  rest = offset + der_size;
  if (size - rest != (gsize) 2 + ((gsize) body[rest] << 8 | body[rest + 1]))
    return dms_p2p_certificate_refuse (DMS_ERROR_INVALID_DATA, "there is more than one", error);
  return dms_p2p_certificate_import (body + offset, der_size, &crt, &pubkey, error);
}

static int
dms_p2p_certificate_on_message (gnutls_session_t session,
                                unsigned int type,
                                unsigned when,
                                unsigned int is_incoming,
                                const gnutls_datum_t *message)
{
  static const guint8 none[] = { 0, 0, 0, 0 };
  g_autoptr (GError) error = NULL;

  /* Where there is none nothing is computed, and GnuTLS says itself that one is needed. */
  if (!is_incoming || type != GNUTLS_HANDSHAKE_CERTIFICATE_PKT ||
      (message->size == sizeof none && memcmp (message->data, none, sizeof none) == 0) ||
      dms_p2p_certificate_check_message (message->data, message->size, &error))
    return 0;
  g_debug ("%s", error->message);
  return GNUTLS_E_CERTIFICATE_ERROR;
}

/**
 * dms_p2p_certificate_guard:
 * @session: a session whose handshake has not begun
 *
 * Ends the handshake when the peer shows a certificate that would only cost time: more than one, or a key
 * that is not taken. GnuTLS asks for dms_p2p_certificate_verify_session() only after it has computed with
 * that key.
 */
void
dms_p2p_certificate_guard (gnutls_session_t session)
{
  gnutls_handshake_set_hook_function (
      session, GNUTLS_HANDSHAKE_CERTIFICATE_PKT, GNUTLS_HOOK_BOTH, dms_p2p_certificate_on_message);
}
