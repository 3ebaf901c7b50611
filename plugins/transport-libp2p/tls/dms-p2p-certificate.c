/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "tls/dms-p2p-certificate-private.h"

#include <gnutls/abstract.h>
#include <gnutls/x509-ext.h>
#include <gnutls/x509.h>
#include <sodium.h>
#include <string.h>

/**
 * DmsP2pCertificate:
 *
 * The certificate that this host shows, and its key. What certificates of others must be is in
 * dms-p2p-certificate-verify.c.
 */

/* For how long a certificate holds, how far it reaches into the past for the sake of clocks that are slow,
 * and after what time a new one is made. go-libp2p's hold a hundred years; a key of a process needs no more
 * than this. */
#define DMS_P2P_CERTIFICATE_LIFE_S  ((gint64) 365 * 24 * 60 * 60)
#define DMS_P2P_CERTIFICATE_SLACK_S ((gint64) 24 * 60 * 60)
#define DMS_P2P_CERTIFICATE_RENEW_S ((gint64) 30 * 24 * 60 * 60)

/* How many identities of one thread keep their certificate. */
#define DMS_P2P_CERTIFICATE_CACHE 64

struct _DmsP2pCertificate
{
  gatomicrefcount ref_count;
  gnutls_certificate_credentials_t credentials;
  DmsP2pCertificateMemory *memory;
  /* What sessions may agree on, by the string that says it: 8 KiB each, which sessions share. */
  GHashTable *priorities;
  gint64 made_s;
};

static gboolean
dms_p2p_certificate_check (int code, const char *doing, GError **error)
{
  if (code >= 0)
    return TRUE;
  g_set_error (error,
               DMS_ERROR,
               DMS_ERROR_FAILED,
               "cannot make the TLS certificate: %s: %s",
               doing,
               gnutls_strerror (code));
  return FALSE;
}

static void
dms_p2p_certificate_append_der (GByteArray *out, guint8 tag, const void *data, gsize size)
{
  guint8 header[4] = { tag };
  guint n = 1;

  g_return_if_fail (size < 0x10000);
  if (size >= 0x100)
    header[n++] = 0x82;
  else if (size >= 0x80)
    header[n++] = 0x81;
  if (size >= 0x100)
    header[n++] = (guint8) (size >> 8);
  header[n++] = (guint8) size;
  g_byte_array_append (out, header, n);
  g_byte_array_append (out, data, (guint) size);
}

/**
 * dms_p2p_certificate_build_message:
 * @spki: the SubjectPublicKeyInfo of a certificate
 *
 * Returns: (transfer full): what the host key signs (libp2p specs, tls, "libp2p Public Key Extension")
 */
GByteArray *
dms_p2p_certificate_build_message (const gnutls_datum_t *spki)
{
  static const char prefix[] = "libp2p-tls-handshake:";
  GByteArray *message = g_byte_array_sized_new ((guint) sizeof prefix + spki->size);

  g_byte_array_append (message, (const guint8 *) prefix, sizeof prefix - 1);
  g_byte_array_append (message, spki->data, spki->size);
  return message;
}

/**
 * dms_p2p_certificate_build_extension:
 * @key: the host key as a protobuf
 * @signature: its signature of dms_p2p_certificate_build_message()
 * @signature_size: how long that is
 *
 * Returns: (transfer full): SignedKey in DER
 */
GByteArray *
dms_p2p_certificate_build_extension (GBytes *key, const guint8 *signature, gsize signature_size)
{
  g_autoptr (GByteArray) inner = g_byte_array_new ();
  GByteArray *extension = g_byte_array_new ();

  dms_p2p_certificate_append_der (inner, 0x04, g_bytes_get_data (key, NULL), g_bytes_get_size (key));
  dms_p2p_certificate_append_der (inner, 0x04, signature, signature_size);
  dms_p2p_certificate_append_der (extension, 0x30, inner->data, inner->len);
  return extension;
}

static gboolean
dms_p2p_certificate_set_extension (gnutls_x509_crt_t crt,
                                   gnutls_x509_privkey_t key,
                                   DmsP2pIdentity *identity,
                                   GError **error)
{
  g_auto (DmsP2pPublicDatum) spki = { NULL, 0 };
  g_autoptr (GByteArray) message = NULL;
  g_autoptr (GByteArray) extension = NULL;
  g_autoptr (DmsP2pPubkeyHandle) pubkey = NULL;
  guint8 signature[64];

  if (!dms_p2p_certificate_check (gnutls_pubkey_init (&pubkey), "its public key", error) ||
      !dms_p2p_certificate_check (gnutls_x509_crt_set_key (crt, key), "its key", error) ||
      !dms_p2p_certificate_check (gnutls_pubkey_import_x509 (pubkey, crt, 0), "its public key", error) ||
      !dms_p2p_certificate_check (
          gnutls_pubkey_export2 (pubkey, GNUTLS_X509_FMT_DER, &spki), "its public key", error))
    return FALSE;
  message = dms_p2p_certificate_build_message (&spki);
  dms_p2p_identity_sign (identity, message->data, message->len, signature);
  extension = dms_p2p_certificate_build_extension (
      dms_p2p_public_key_get_bytes (dms_p2p_identity_get_public_key (identity)), signature, sizeof signature);
  return dms_p2p_certificate_check (
      gnutls_x509_crt_set_extension_by_oid (crt, DMS_P2P_CERTIFICATE_OID, extension->data, extension->len, 0),
      "its extension",
      error);
}

static gboolean
dms_p2p_certificate_fill (DmsP2pCertificate *self,
                          gnutls_x509_crt_t crt,
                          gnutls_x509_privkey_t key,
                          DmsP2pIdentity *identity,
                          GError **error)
{
  guint8 serial[8];
  int code = gnutls_x509_privkey_generate (
      key, GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS (GNUTLS_ECC_CURVE_SECP256R1), 0);

  randombytes_buf (serial, sizeof serial);
  /* Positive and without a needless zero at its head (RFC 5280, 4.1.2.2). */
  serial[0] = (guint8) ((serial[0] & 0x3f) | 0x40);
  if (!dms_p2p_certificate_check (code, "its key", error) ||
      !dms_p2p_certificate_set_extension (crt, key, identity, error))
    return FALSE;
  gnutls_x509_crt_set_version (crt, 3);
  gnutls_x509_crt_set_serial (crt, serial, sizeof serial);
  gnutls_x509_crt_set_activation_time (crt, (time_t) (self->made_s - DMS_P2P_CERTIFICATE_SLACK_S));
  gnutls_x509_crt_set_expiration_time (crt, (time_t) (self->made_s + DMS_P2P_CERTIFICATE_LIFE_S));
  /* Some refuse an empty issuer; go-libp2p's has these too. */
  code = gnutls_x509_crt_set_dn (crt, "O=libp2p.io,serialNumber=1", NULL);
  return dms_p2p_certificate_check (code, "its name", error) &&
         dms_p2p_certificate_check (
             gnutls_x509_crt_sign2 (crt, crt, key, GNUTLS_DIG_SHA256, 0), "signing it", error) &&
         dms_p2p_certificate_check (
             gnutls_certificate_set_x509_key (self->credentials, &crt, 1, key), "using it", error);
}

DmsP2pCertificate *
dms_p2p_certificate_new (DmsP2pIdentity *identity, GError **error)
{
  g_autoptr (DmsP2pCertificate) self = g_new0 (DmsP2pCertificate, 1);
  g_autoptr (DmsP2pCrtHandle) crt = NULL;
  g_autoptr (DmsP2pPrivkeyHandle) key = NULL;

  g_atomic_ref_count_init (&self->ref_count);
  self->memory = dms_p2p_certificate_memory_new ();
  self->priorities =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) gnutls_priority_deinit);
  self->made_s = g_get_real_time () / G_USEC_PER_SEC;
  if (!dms_p2p_certificate_check (
          gnutls_certificate_allocate_credentials (&self->credentials), "credentials", error) ||
      !dms_p2p_certificate_check (gnutls_x509_crt_init (&crt), "memory", error) ||
      !dms_p2p_certificate_check (gnutls_x509_privkey_init (&key), "memory", error) ||
      !dms_p2p_certificate_fill (self, crt, key, identity, error))
    return NULL;
  return g_steal_pointer (&self);
}

DmsP2pCertificate *
dms_p2p_certificate_ref (DmsP2pCertificate *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
dms_p2p_certificate_unref (DmsP2pCertificate *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_clear_pointer (&self->credentials, gnutls_certificate_free_credentials);
  g_clear_pointer (&self->memory, dms_p2p_certificate_memory_free);
  g_clear_pointer (&self->priorities, g_hash_table_unref);
  g_free (self);
}

gnutls_certificate_credentials_t
dms_p2p_certificate_get_credentials (DmsP2pCertificate *self)
{
  return self->credentials;
}

DmsP2pCertificateMemory *
dms_p2p_certificate_get_memory (DmsP2pCertificate *self)
{
  return self->memory;
}

int
dms_p2p_certificate_use (DmsP2pCertificate *self, gnutls_session_t session, const char *priority)
{
  gnutls_priority_t parsed = g_hash_table_lookup (self->priorities, priority);
  int code = 0;

  if (parsed == NULL)
    {
      code = gnutls_priority_init (&parsed, priority, NULL);
      if (code < 0)
        return code;
      g_hash_table_insert (self->priorities, g_strdup (priority), parsed);
    }
  /* The session counts itself among those who have it. */
  code = gnutls_priority_set (session, parsed);
  return code < 0 ? code : gnutls_credentials_set (session, GNUTLS_CRD_CERTIFICATE, self->credentials);
}

static DmsP2pCertificate *
dms_p2p_certificate_renew (GHashTable *cache, DmsP2pIdentity *identity, GError **error)
{
  DmsP2pCertificate *certificate = dms_p2p_certificate_new (identity, error);
  GHashTableIter iter;

  if (certificate == NULL)
    return NULL;
  /* Making one is cheap: which of too many gives way does not matter. */
  g_hash_table_iter_init (&iter, cache);
  if (g_hash_table_size (cache) >= DMS_P2P_CERTIFICATE_CACHE && g_hash_table_iter_next (&iter, NULL, NULL))
    g_hash_table_iter_remove (&iter);
  g_hash_table_replace (cache, dms_peer_id_ref (dms_p2p_identity_get_peer_id (identity)), certificate);
  return certificate;
}

/**
 * dms_p2p_certificate_get_for:
 * @identity: whose
 * @error: return location for a #DmsError
 *
 * Sessions must keep a reference. Each thread has its own, so that what is borrowed stays until the next
 * call.
 *
 * Returns: (transfer none): the certificate of @identity; a new one when there is none or it is old
 */
DmsP2pCertificate *
dms_p2p_certificate_get_for (DmsP2pIdentity *identity, GError **error)
{
  static GPrivate private = G_PRIVATE_INIT ((GDestroyNotify) g_hash_table_unref);
  GHashTable *cache = g_private_get (&private);
  DmsP2pCertificate *certificate = NULL;
  gint64 age_s = 0;

  if (cache == NULL)
    {
      cache = g_hash_table_new_full ((GHashFunc) dms_peer_id_hash,
                                     (GEqualFunc) dms_peer_id_equal,
                                     (GDestroyNotify) dms_peer_id_unref,
                                     (GDestroyNotify) dms_p2p_certificate_unref);
      g_private_set (&private, cache);
    }
  certificate = g_hash_table_lookup (cache, dms_p2p_identity_get_peer_id (identity));
  if (certificate != NULL)
    age_s = g_get_real_time () / G_USEC_PER_SEC - certificate->made_s;
  /* A clock that was put back makes it anew, too. */
  if (certificate != NULL && age_s >= 0 && age_s < DMS_P2P_CERTIFICATE_RENEW_S)
    return certificate;
  return dms_p2p_certificate_renew (cache, identity, error);
}
