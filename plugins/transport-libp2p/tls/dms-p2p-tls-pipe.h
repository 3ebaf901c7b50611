/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "security/dms-p2p-channel.h"
#include "tls/dms-p2p-certificate.h"

G_BEGIN_DECLS

#define DMS_TYPE_P2P_TLS_PIPE (dms_p2p_tls_pipe_get_type ())

G_DECLARE_FINAL_TYPE (DmsP2pTlsPipe, dms_p2p_tls_pipe, DMS, P2P_TLS_PIPE, DmsP2pChannel)

DmsP2pTlsPipe *dms_p2p_tls_pipe_new (DmsP2pPipe *raw,
                                     DmsP2pCertificate *certificate,
                                     gboolean is_client,
                                     DmsPeerId *expected,
                                     const char *const *muxers,
                                     GError **error);

/* One step of the handshake: 0 when it is over, DMS_P2P_WOULD_BLOCK, -1 with an error. @wanted is what to
 * wait for of the raw pipe. */
gssize dms_p2p_tls_pipe_handshake (DmsP2pTlsPipe *self, GIOCondition *wanted, GError **error);

/* After the handshake: who is at the other end, and the muxer of ALPN, NULL for none. */
DmsP2pPublicKey *dms_p2p_tls_pipe_get_key (DmsP2pTlsPipe *self);
char *dms_p2p_tls_pipe_dup_muxer (DmsP2pTlsPipe *self);

/* Such as TLS1.3-(ECDHE-X25519)-…, for the log. */
char *dms_p2p_tls_pipe_dup_description (DmsP2pTlsPipe *self);

G_END_DECLS
