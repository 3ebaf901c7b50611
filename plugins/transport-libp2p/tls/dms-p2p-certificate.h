/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <gnutls/gnutls.h>

#include "identity/dms-p2p-identity.h"

G_BEGIN_DECLS

/* A P-256 certificate, self-signed, that carries the host key and its signature (libp2p specs, tls), as
 * credentials for a client and a server. TLS over TCP and QUIC use the same. Counted. Made once a process
 * start, kept while it lasts, made anew well before it expires. */
typedef struct _DmsP2pCertificate DmsP2pCertificate;

DmsP2pCertificate *dms_p2p_certificate_new (DmsP2pIdentity *identity, GError **error);
DmsP2pCertificate *dms_p2p_certificate_ref (DmsP2pCertificate *self);
void dms_p2p_certificate_unref (DmsP2pCertificate *self);
gnutls_certificate_credentials_t dms_p2p_certificate_get_credentials (DmsP2pCertificate *self);

/* Lets @session show it, and agree on what @priority says, one of few strings. An error of GnuTLS below 0.
 * From the thread that made the certificate. */
int dms_p2p_certificate_use (DmsP2pCertificate *self, gnutls_session_t session, const char *priority);

/* The certificate of @identity: made when it is asked for first, shared, and renewed. */
DmsP2pCertificate *dms_p2p_certificate_get_for (DmsP2pIdentity *identity, GError **error);

/* Checks the one DER certificate that a peer showed, at @now_s seconds since the epoch: exactly one is the
 * caller's to see to. NULL with DMS_ERROR_BAD_SIGNATURE, _EXPIRED or _INVALID_DATA. */
DmsP2pPublicKey *dms_p2p_certificate_verify (const guint8 *der, gsize size, gint64 now_s, GError **error);

/* The same for what a finished GnuTLS session has of its peer; @expected may be NULL. @self is what this side
 * shows, and remembers what others show. */
DmsP2pPublicKey *dms_p2p_certificate_verify_session (DmsP2pCertificate *self,
                                                     gnutls_session_t session,
                                                     DmsPeerId *expected,
                                                     GError **error);

/* Makes @session end the handshake before anything is computed with a certificate whose key is of a kind or
 * size that is not taken. For sessions that do not call dms_p2p_certificate_check_message() themselves. */
void dms_p2p_certificate_guard (gnutls_session_t session);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsP2pCertificate, dms_p2p_certificate_unref)

G_END_DECLS
