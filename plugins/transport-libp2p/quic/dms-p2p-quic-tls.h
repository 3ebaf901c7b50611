/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <ngtcp2/ngtcp2_crypto.h>

#include "tls/dms-p2p-certificate.h"

G_BEGIN_DECLS

/* The TLS 1.3 of a QUIC connection (RFC 9001; libp2p specs, tls): both sides show a certificate, no SNI, no
 * tickets, no 0-RTT, ALPN `libp2p`. Before dms_p2p_quic_tls_verify() only the number of certificates that the
 * peer shows, and the kind and size of their key, are checked. @connection must live as long as the session.
 */
gnutls_session_t dms_p2p_quic_tls_new (gboolean is_server,
                                       DmsP2pCertificate *certificate,
                                       ngtcp2_crypto_conn_ref *connection,
                                       GError **error);

/* Who a finished handshake was with; @certificate is what this side showed, @expected may be NULL. */
DmsP2pPublicKey *dms_p2p_quic_tls_verify (DmsP2pCertificate *certificate,
                                          gnutls_session_t session,
                                          DmsPeerId *expected,
                                          GError **error);

G_END_DECLS
