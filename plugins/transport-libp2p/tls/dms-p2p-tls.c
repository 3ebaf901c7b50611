/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "tls/dms-p2p-tls.h"

#include "security/dms-p2p-handshake.h"
#include "tls/dms-p2p-certificate.h"
#include "tls/dms-p2p-tls-pipe.h"

static gssize
dms_p2p_tls_step (DmsP2pChannel *channel, GIOCondition *wanted, GError **error)
{
  return dms_p2p_tls_pipe_handshake (DMS_P2P_TLS_PIPE (channel), wanted, error);
}

static DmsP2pSecured *
dms_p2p_tls_result (DmsP2pChannel *channel, GError **error)
{
  DmsP2pTlsPipe *pipe = DMS_P2P_TLS_PIPE (channel);
  g_autofree char *muxer = dms_p2p_tls_pipe_dup_muxer (pipe);
  g_autofree char *description = dms_p2p_tls_pipe_dup_description (pipe);

  /* GnuTLS asks for the verification always; a session in which it did not is none. */
  if (dms_p2p_tls_pipe_get_key (pipe) == NULL)
    {
      g_set_error_literal (error, DMS_ERROR, DMS_ERROR_NOT_AUTHORIZED, "the peer did not show a certificate");
      return NULL;
    }
  g_debug ("secured by %s", description);
  return dms_p2p_secured_new (DMS_P2P_PIPE (pipe), dms_p2p_tls_pipe_get_key (pipe), muxer);
}

/**
 * dms_p2p_tls_handshake_async:
 * @raw: the pipe to secure; closed when that fails
 * @identity: who this is
 * @is_client: whether this side dialled
 * @expected: (nullable): who must be at the other end
 * @muxers: (nullable): the muxers to offer
 * @cancellable: (nullable): gives it up
 * @callback: told when it is over
 * @user_data: its data
 *
 * Lives in the main context of the calling thread.
 */
void
dms_p2p_tls_handshake_async (DmsP2pPipe *raw,
                             DmsP2pIdentity *identity,
                             gboolean is_client,
                             DmsPeerId *expected,
                             const char *const *muxers,
                             GCancellable *cancellable,
                             GAsyncReadyCallback callback,
                             gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  DmsP2pCertificate *certificate = dms_p2p_certificate_get_for (identity, &error);
  g_autoptr (DmsP2pTlsPipe) pipe = NULL;

  if (certificate != NULL)
    pipe = dms_p2p_tls_pipe_new (raw, certificate, is_client, expected, muxers, &error);
  if (pipe == NULL)
    {
      dms_p2p_pipe_close (raw);
      g_task_report_error (NULL, callback, user_data, dms_p2p_tls_handshake_async, g_steal_pointer (&error));
      return;
    }
  dms_p2p_handshake_async (DMS_P2P_CHANNEL (pipe),
                           dms_p2p_tls_step,
                           dms_p2p_tls_result,
                           DMS_P2P_HANDSHAKE_TIMEOUT_S * 1000,
                           cancellable,
                           callback,
                           user_data);
}

DmsP2pSecured *
dms_p2p_tls_handshake_finish (GAsyncResult *result, GError **error)
{
  return dms_p2p_handshake_finish (result, error);
}
