/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <sodium.h>
#include <string.h>

#include "quic/dms-p2p-quic-cid.h"
#include "quic/dms-p2p-quic-connection-private.h"
#include "quic/dms-p2p-quic-tls.h"

/* What ngtcp2 tells. No one outside is called from here: pipes are notified, which waits for the main loop.
 */

static int
dms_p2p_quic_on_handshake_completed (ngtcp2_conn *conn, void *user_data)
{
  DmsP2pQuicConnection *self = user_data;

  self->key = dms_p2p_quic_tls_verify (self->certificate, self->tls, self->expected, &self->failure);
  if (self->key == NULL)
    return NGTCP2_ERR_CALLBACK_FAILURE;
  self->is_ready = TRUE;
  return 0;
}

static int
dms_p2p_quic_on_stateless_reset (ngtcp2_conn *conn, const ngtcp2_pkt_stateless_reset *reset, void *user_data)
{
  DmsP2pQuicConnection *self = user_data;

  self->was_reset = TRUE;
  return 0;
}

static int
dms_p2p_quic_on_stream_open (ngtcp2_conn *conn, int64_t id, void *user_data)
{
  DmsP2pQuicConnection *self = user_data;
  DmsP2pQuicFlow *flow = NULL;

  if (!ngtcp2_is_bidi_stream (id))
    return 0;
  flow = dms_p2p_quic_flow_new (self, id);
  flow->is_incoming = TRUE;
  dms_p2p_quic_connection_add_flow (self, flow);
  ngtcp2_conn_set_stream_user_data (conn, id, flow);
  flow->is_pending = TRUE;
  g_queue_push_tail (&self->incoming, dms_p2p_quic_flow_ref (flow));
  return 0;
}

static int
dms_p2p_quic_on_stream_data (ngtcp2_conn *conn,
                             uint32_t flags,
                             int64_t id,
                             uint64_t offset,
                             const uint8_t *data,
                             size_t size,
                             void *user_data,
                             void *stream_user_data)
{
  DmsP2pQuicFlow *flow = stream_user_data;

  if (flow == NULL || flow->is_closed)
    {
      /* Nobody will read it. */
      ngtcp2_conn_extend_max_offset (conn, size);
      return 0;
    }
  dms_p2p_quic_queue_append (&flow->in, data, size);
  if (flags & NGTCP2_STREAM_DATA_FLAG_FIN)
    flow->is_end_read = TRUE;
  dms_p2p_quic_flow_notify (flow);
  return 0;
}

static int
dms_p2p_quic_on_acked (ngtcp2_conn *conn,
                       int64_t id,
                       uint64_t offset,
                       uint64_t size,
                       void *user_data,
                       void *stream_user_data)
{
  DmsP2pQuicFlow *flow = stream_user_data;

  if (flow == NULL)
    return 0;
  dms_p2p_quic_queue_drop (&flow->out, offset + size);
  dms_p2p_quic_flow_notify (flow);
  return 0;
}

static int
dms_p2p_quic_on_stream_close (ngtcp2_conn *conn,
                              uint32_t flags,
                              int64_t id,
                              uint64_t code,
                              void *user_data,
                              void *stream_user_data)
{
  DmsP2pQuicConnection *self = user_data;
  DmsP2pQuicFlow *flow = stream_user_data;

  if (flow == NULL)
    return 0;
  flow->is_gone = TRUE;
  dms_p2p_quic_connection_unmark_ready (self, flow);
  dms_p2p_quic_queue_clear (&flow->out);
  flow->sent = flow->out.end;
  if (!flow->is_end_sent)
    flow->is_stopped = TRUE;
  if (!flow->is_end_read)
    flow->is_reset = TRUE;
  /* What has come in whole is still handed over; what came and was reset, as in floods, is not. */
  if (flow->pipe == NULL && (!flow->is_pending || flow->is_reset))
    dms_p2p_quic_connection_release_flow (self, flow);
  else
    dms_p2p_quic_flow_notify (flow);
  return 0;
}

static int
dms_p2p_quic_on_stream_reset (ngtcp2_conn *conn,
                              int64_t id,
                              uint64_t final_size,
                              uint64_t code,
                              void *user_data,
                              void *stream_user_data)
{
  DmsP2pQuicConnection *self = user_data;
  DmsP2pQuicFlow *flow = stream_user_data;

  if (flow == NULL || flow->is_end_read)
    return 0;
  flow->is_reset = TRUE;
  flow->reset_code = code;
  dms_p2p_quic_connection_consume (self, flow, dms_p2p_quic_queue_get_size (&flow->in));
  dms_p2p_quic_queue_clear (&flow->in);
  dms_p2p_quic_flow_notify (flow);
  return 0;
}

static int
dms_p2p_quic_on_stream_credit (ngtcp2_conn *conn,
                               int64_t id,
                               uint64_t max_data,
                               void *user_data,
                               void *stream_user_data)
{
  DmsP2pQuicConnection *self = user_data;
  DmsP2pQuicFlow *flow = stream_user_data;

  if (flow != NULL && dms_p2p_quic_flow_has_output (flow))
    dms_p2p_quic_connection_mark_ready (self, flow);
  return 0;
}

static void
dms_p2p_quic_on_random (uint8_t *to, size_t size, const ngtcp2_rand_ctx *context)
{
  randombytes_buf (to, size);
}

static int
dms_p2p_quic_on_new_id (ngtcp2_conn *conn, ngtcp2_cid *id, uint8_t *token, size_t size, void *user_data)
{
  DmsP2pQuicConnection *self = user_data;

  dms_p2p_quic_cid_set_random (id, size);
  dms_p2p_quic_door_make_reset_token (dms_p2p_quic_endpoint_get_door (self->endpoint), id, token);
  if (!dms_p2p_quic_endpoint_add_id (self->endpoint, id, self))
    return NGTCP2_ERR_CALLBACK_FAILURE;
  g_array_append_vals (self->ids, id, 1);
  return 0;
}

static int
dms_p2p_quic_on_old_id (ngtcp2_conn *conn, const ngtcp2_cid *id, void *user_data)
{
  DmsP2pQuicConnection *self = user_data;

  for (guint i = 0; i < self->ids->len; i++)
    if (dms_p2p_quic_cid_equal (&g_array_index (self->ids, ngtcp2_cid, i), id))
      {
        dms_p2p_quic_endpoint_remove_id (self->endpoint, id);
        g_array_remove_index_fast (self->ids, i);
        break;
      }
  return 0;
}

/* An ID of the other side came into use, or went out of it. */
static int
dms_p2p_quic_on_their_id (ngtcp2_conn *conn,
                          int type,
                          uint64_t number,
                          const ngtcp2_cid *id,
                          const uint8_t *token,
                          void *user_data)
{
  DmsP2pQuicConnection *self = user_data;
  const DmsP2pQuicToken *own = (const DmsP2pQuicToken *) token;

  if (token == NULL)
    return 0;
  for (guint i = 0; i < self->tokens->len; i++)
    if (memcmp (&g_array_index (self->tokens, DmsP2pQuicToken, i), token, sizeof *own) == 0)
      {
        if (type == NGTCP2_CONNECTION_ID_STATUS_TYPE_DEACTIVATE)
          {
            dms_p2p_quic_endpoint_remove_token (self->endpoint, token, self);
            g_array_remove_index_fast (self->tokens, i);
          }
        return 0;
      }
  if (type == NGTCP2_CONNECTION_ID_STATUS_TYPE_ACTIVATE &&
      dms_p2p_quic_endpoint_add_token (self->endpoint, token, self))
    g_array_append_vals (self->tokens, own, 1);
  return 0;
}

void
dms_p2p_quic_callbacks_init (ngtcp2_callbacks *callbacks, gboolean is_server)
{
  *callbacks = (ngtcp2_callbacks){
    .client_initial = is_server ? NULL : ngtcp2_crypto_client_initial_cb,
    .recv_client_initial = is_server ? ngtcp2_crypto_recv_client_initial_cb : NULL,
    .recv_retry = is_server ? NULL : ngtcp2_crypto_recv_retry_cb,
    .recv_crypto_data = ngtcp2_crypto_recv_crypto_data_cb,
    .encrypt = ngtcp2_crypto_encrypt_cb,
    .decrypt = ngtcp2_crypto_decrypt_cb,
    .hp_mask = ngtcp2_crypto_hp_mask_cb,
    .update_key = ngtcp2_crypto_update_key_cb,
    .delete_crypto_aead_ctx = ngtcp2_crypto_delete_crypto_aead_ctx_cb,
    .delete_crypto_cipher_ctx = ngtcp2_crypto_delete_crypto_cipher_ctx_cb,
    .get_path_challenge_data = ngtcp2_crypto_get_path_challenge_data_cb,
    .version_negotiation = ngtcp2_crypto_version_negotiation_cb,
    .handshake_completed = dms_p2p_quic_on_handshake_completed,
    .recv_stateless_reset = dms_p2p_quic_on_stateless_reset,
    .stream_open = dms_p2p_quic_on_stream_open,
    .recv_stream_data = dms_p2p_quic_on_stream_data,
    .acked_stream_data_offset = dms_p2p_quic_on_acked,
    .stream_close = dms_p2p_quic_on_stream_close,
    .stream_reset = dms_p2p_quic_on_stream_reset,
    .extend_max_stream_data = dms_p2p_quic_on_stream_credit,
    .rand = dms_p2p_quic_on_random,
    .get_new_connection_id = dms_p2p_quic_on_new_id,
    .remove_connection_id = dms_p2p_quic_on_old_id,
    .dcid_status = dms_p2p_quic_on_their_id,
  };
}
