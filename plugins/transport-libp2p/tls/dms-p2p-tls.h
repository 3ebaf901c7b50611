/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "identity/dms-p2p-identity.h"
#include "security/dms-p2p-secured.h"

G_BEGIN_DECLS

#define DMS_P2P_TLS_PROTOCOL "/tls/1.0.0"

/* Secures @raw by TLS 1.3 (libp2p specs, tls). @expected is who must be at the other end, or NULL for
 * anybody. @muxers are offered by ALPN, best first, before `libp2p`; NULL for none. The raw pipe belongs to
 * the handshake from here on: it is closed when that fails. */
void dms_p2p_tls_handshake_async (DmsP2pPipe *raw,
                                  DmsP2pIdentity *identity,
                                  gboolean is_client,
                                  DmsPeerId *expected,
                                  const char *const *muxers,
                                  GCancellable *cancellable,
                                  GAsyncReadyCallback callback,
                                  gpointer user_data);
DmsP2pSecured *dms_p2p_tls_handshake_finish (GAsyncResult *result, GError **error);

G_END_DECLS
