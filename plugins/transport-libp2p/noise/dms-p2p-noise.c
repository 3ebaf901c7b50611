/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "noise/dms-p2p-noise.h"

#include "noise/dms-p2p-noise-pipe.h"
#include "security/dms-p2p-handshake.h"

static gssize
dms_p2p_noise_step (DmsP2pChannel *channel, GIOCondition *wanted, GError **error)
{
  return dms_p2p_noise_pipe_handshake (DMS_P2P_NOISE_PIPE (channel), wanted, error);
}

static DmsP2pSecured *
dms_p2p_noise_result (DmsP2pChannel *channel, GError **error)
{
  DmsP2pNoisePipe *pipe = DMS_P2P_NOISE_PIPE (channel);

  return dms_p2p_secured_new (
      DMS_P2P_PIPE (pipe), dms_p2p_noise_pipe_get_key (pipe), dms_p2p_noise_pipe_get_muxer (pipe));
}

/**
 * dms_p2p_noise_handshake_async:
 * @raw: the pipe to secure; closed when that fails
 * @identity: who this is
 * @is_initiator: whether this side dialled
 * @expected: (nullable): who must be at the other end
 * @muxers: (nullable): the muxers to offer, best first
 * @cancellable: (nullable): gives it up
 * @callback: told when it is over
 * @user_data: its data
 *
 * Lives in the main context of the calling thread.
 */
void
dms_p2p_noise_handshake_async (DmsP2pPipe *raw,
                               DmsP2pIdentity *identity,
                               gboolean is_initiator,
                               DmsPeerId *expected,
                               const char *const *muxers,
                               GCancellable *cancellable,
                               GAsyncReadyCallback callback,
                               gpointer user_data)
{
  g_autoptr (DmsP2pNoisePipe) pipe = dms_p2p_noise_pipe_new (raw, identity, is_initiator, expected, muxers);

  dms_p2p_handshake_async (DMS_P2P_CHANNEL (pipe),
                           dms_p2p_noise_step,
                           dms_p2p_noise_result,
                           DMS_P2P_HANDSHAKE_TIMEOUT_S * 1000,
                           cancellable,
                           callback,
                           user_data);
}

DmsP2pSecured *
dms_p2p_noise_handshake_finish (GAsyncResult *result, GError **error)
{
  return dms_p2p_handshake_finish (result, error);
}
