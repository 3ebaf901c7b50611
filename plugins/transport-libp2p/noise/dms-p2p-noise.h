/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "identity/dms-p2p-identity.h"
#include "security/dms-p2p-secured.h"

G_BEGIN_DECLS

#define DMS_P2P_NOISE_PROTOCOL "/noise"

/* Secures @raw by Noise XX (libp2p specs, noise). As dms_p2p_tls_handshake_async(). Muxers travel in the
 * extensions of the handshake's payload. */
void dms_p2p_noise_handshake_async (DmsP2pPipe *raw,
                                    DmsP2pIdentity *identity,
                                    gboolean is_initiator,
                                    DmsPeerId *expected,
                                    const char *const *muxers,
                                    GCancellable *cancellable,
                                    GAsyncReadyCallback callback,
                                    gpointer user_data);
DmsP2pSecured *dms_p2p_noise_handshake_finish (GAsyncResult *result, GError **error);

G_END_DECLS
