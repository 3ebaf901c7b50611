/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "security/dms-p2p-channel.h"
#include "security/dms-p2p-secured.h"

G_BEGIN_DECLS

/* How long a handshake may take. As go-libp2p's; the security protocols say nothing of it. */
#define DMS_P2P_HANDSHAKE_TIMEOUT_S 10

/* One step: 0 when it is over, DMS_P2P_WOULD_BLOCK with what to wait for, -1 with an error. */
typedef gssize (*DmsP2pHandshakeStep) (DmsP2pChannel *channel, GIOCondition *wanted, GError **error);
/* What came out of it; also when that is refused, NULL with an error. */
typedef DmsP2pSecured *(*DmsP2pHandshakeResult) (DmsP2pChannel *channel, GError **error);

/* Runs the handshake of @channel over its raw pipe until it is over, is cancelled or takes too long. The raw
 * pipe is closed when it fails. DMS_ERROR_UNAVAILABLE when the other side hung up without a word;
 * DMS_ERROR_IO when it did so later. For the security protocols. */
void dms_p2p_handshake_async (DmsP2pChannel *channel,
                              DmsP2pHandshakeStep step,
                              DmsP2pHandshakeResult result,
                              guint timeout_ms,
                              GCancellable *cancellable,
                              GAsyncReadyCallback callback,
                              gpointer user_data);
DmsP2pSecured *dms_p2p_handshake_finish (GAsyncResult *result, GError **error);

G_END_DECLS
