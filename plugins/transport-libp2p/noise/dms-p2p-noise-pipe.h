/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "identity/dms-p2p-identity.h"
#include "security/dms-p2p-channel.h"

G_BEGIN_DECLS

#define DMS_TYPE_P2P_NOISE_PIPE (dms_p2p_noise_pipe_get_type ())

G_DECLARE_FINAL_TYPE (DmsP2pNoisePipe, dms_p2p_noise_pipe, DMS, P2P_NOISE_PIPE, DmsP2pChannel)

DmsP2pNoisePipe *dms_p2p_noise_pipe_new (DmsP2pPipe *raw,
                                         DmsP2pIdentity *identity,
                                         gboolean is_initiator,
                                         DmsPeerId *expected,
                                         const char *const *muxers);

/* As dms_p2p_tls_pipe_handshake(). */
gssize dms_p2p_noise_pipe_handshake (DmsP2pNoisePipe *self, GIOCondition *wanted, GError **error);

DmsP2pPublicKey *dms_p2p_noise_pipe_get_key (DmsP2pNoisePipe *self);
const char *dms_p2p_noise_pipe_get_muxer (DmsP2pNoisePipe *self);

G_END_DECLS
