/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "quic/dms-p2p-quic-tls.h"

#include <ngtcp2/ngtcp2_crypto_gnutls.h>
#include <string.h>

#define DMS_P2P_QUIC_ALPN "libp2p"

/* AES first: GnuTLS encrypts three times faster with it than with ChaCha20 where the processor helps. RFC
 * 9001 section 8.4 forbids the compatibility mode. */
#define DMS_P2P_QUIC_PRIORITY                                                                                \
  "%DISABLE_TLS13_COMPAT_MODE:NORMAL:-VERS-ALL:+VERS-TLS1.3:"                                                \
  "-CIPHER-ALL:+AES-128-GCM:+AES-256-GCM:+CHACHA20-POLY1305:"                                                \
  "-GROUP-ALL:+GROUP-X25519:+GROUP-SECP256R1:+GROUP-SECP384R1"

static gboolean
dms_p2p_quic_tls_check (int code, GError **error)
{
  if (code >= 0)
    return TRUE;
  g_set_error (
      error, DMS_ERROR, DMS_ERROR_FAILED, "setting up TLS for QUIC failed: %s", gnutls_strerror (code));
  return FALSE;
}

static gboolean
dms_p2p_quic_tls_configure (gnutls_session_t session,
                            gboolean is_server,
                            DmsP2pCertificate *certificate,
                            GError **error)
{
  const gnutls_datum_t protocol = { (guint8 *) DMS_P2P_QUIC_ALPN, strlen (DMS_P2P_QUIC_ALPN) };
  int code = 0;

  if (!dms_p2p_quic_tls_check (dms_p2p_certificate_use (certificate, session, DMS_P2P_QUIC_PRIORITY), error))
    return FALSE;
  code = is_server ? ngtcp2_crypto_gnutls_configure_server_session (session)
                   : ngtcp2_crypto_gnutls_configure_client_session (session);
  if (code != 0)
    return dms_p2p_quic_tls_check (GNUTLS_E_INTERNAL_ERROR, error);
  if (is_server)
    gnutls_certificate_server_set_request (session, GNUTLS_CERT_REQUIRE);
  return dms_p2p_quic_tls_check (gnutls_alpn_set_protocols (session, &protocol, 1, GNUTLS_ALPN_MANDATORY),
                                 error);
}

gnutls_session_t
dms_p2p_quic_tls_new (gboolean is_server,
                      DmsP2pCertificate *certificate,
                      ngtcp2_crypto_conn_ref *connection,
                      GError **error)
{
  gnutls_session_t session = NULL;
  guint flags =
      GNUTLS_NO_END_OF_EARLY_DATA | GNUTLS_NO_TICKETS | GNUTLS_NO_AUTO_SEND_TICKET | GNUTLS_KEY_SHARE_TOP;

  if (!dms_p2p_quic_tls_check (gnutls_init (&session, flags | (is_server ? GNUTLS_SERVER : GNUTLS_CLIENT)),
                               error))
    return NULL;
  gnutls_session_set_ptr (session, connection);
  dms_p2p_certificate_guard (session);
  if (dms_p2p_quic_tls_configure (session, is_server, certificate, error))
    return session;
  gnutls_deinit (session);
  return NULL;
}

DmsP2pPublicKey *
dms_p2p_quic_tls_verify (DmsP2pCertificate *certificate,
                         gnutls_session_t session,
                         DmsPeerId *expected,
                         GError **error)
{
  gnutls_datum_t protocol = { NULL, 0 };

  if (gnutls_alpn_get_selected_protocol (session, &protocol) != 0 ||
      protocol.size != strlen (DMS_P2P_QUIC_ALPN) ||
      memcmp (protocol.data, DMS_P2P_QUIC_ALPN, protocol.size) != 0)
    {
      g_set_error_literal (error,
                           DMS_ERROR,
                           DMS_ERROR_INCOMPATIBLE,
                           "the peer speaks QUIC, but not libp2p: it did not agree on the ALPN \"libp2p\"");
      return NULL;
    }
  return dms_p2p_certificate_verify_session (certificate, session, expected, error);
}
