/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <gnutls/abstract.h>
#include <gnutls/x509.h>

#include "tls/dms-p2p-certificate-memory.h"
#include "tls/dms-p2p-certificate.h"

G_BEGIN_DECLS

/* The libp2p Public Key Extension (libp2p specs, tls). */
#define DMS_P2P_CERTIFICATE_OID "1.3.6.1.4.1.53594.1.1"

/* Largest certificate that is looked at: an RSA key of 8,192 bits and its signature, as the host key and as
 * the certificate's own, are below 6 KiB. */
#define DMS_P2P_CERTIFICATE_MAX_SIZE 16384

/* GnuTLS's handles, for g_autoptr. */
typedef struct gnutls_x509_crt_int DmsP2pCrtHandle;
typedef struct gnutls_x509_privkey_int DmsP2pPrivkeyHandle;
typedef struct gnutls_pubkey_st DmsP2pPubkeyHandle;
typedef gnutls_datum_t DmsP2pPublicDatum;

static inline void
dms_p2p_public_datum_clear (DmsP2pPublicDatum *datum)
{
  if (datum->data != NULL)
    gnutls_free (datum->data);
  datum->data = NULL;
  datum->size = 0;
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsP2pCrtHandle, gnutls_x509_crt_deinit)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsP2pPrivkeyHandle, gnutls_x509_privkey_deinit)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsP2pPubkeyHandle, gnutls_pubkey_deinit)
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (DmsP2pPublicDatum, dms_p2p_public_datum_clear)

GByteArray *dms_p2p_certificate_build_message (const gnutls_datum_t *spki);
GByteArray *dms_p2p_certificate_build_extension (GBytes *key, const guint8 *signature, gsize signature_size);

DmsP2pCertificateMemory *dms_p2p_certificate_get_memory (DmsP2pCertificate *self);
/* dms_p2p_certificate_verify(), which also tells when what is found good holds. */
DmsP2pPublicKey *dms_p2p_certificate_verify_dated (const guint8 *der,
                                                   gsize size,
                                                   gint64 now_s,
                                                   gint64 *from_s,
                                                   gint64 *to_s,
                                                   GError **error);

/* What the body of a Certificate message of TLS 1.3 (RFC 8446, 4.4.2) must be before anything is computed
 * with it: one certificate, whose key is of a kind and size that is taken. */
gboolean dms_p2p_certificate_check_message (const guint8 *body, gsize size, GError **error);

G_END_DECLS
