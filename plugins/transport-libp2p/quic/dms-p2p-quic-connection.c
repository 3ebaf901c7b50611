/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "quic/dms-p2p-quic-connection.h"

#include <string.h>

#include "quic/dms-p2p-quic-cid.h"
#include "quic/dms-p2p-quic-clock.h"
#include "quic/dms-p2p-quic-connection-private.h"
#include "quic/dms-p2p-quic-limits.h"
#include "quic/dms-p2p-quic-stream.h"
#include "quic/dms-p2p-quic-tls.h"

/**
 * DmsP2pQuicConnection:
 *
 * A QUIC connection (RFC 9000), of either side. It begins with the handshake; when that is done, and the peer
 * proven, its owner is told and it is a muxer like others. Nothing of it calls out from within ngtcp2.
 *
 * What the peer may make it keep is bounded by the window of the whole connection, which grows only with what
 * is really read, by asking dms_p2p_muxer_change_memory(), and by #DmsP2pQuicMemory.
 */

G_DEFINE_FINAL_TYPE (DmsP2pQuicConnection, dms_p2p_quic_connection, DMS_TYPE_P2P_MUXER)

/* RFC 9000 section 18.2: an endpoint keeps two IDs of the other at least. */
#define DMS_P2P_QUIC_N_IDS 4
/* RFC 9000 section 7.2: unpredictable, 8 bytes at least. */
#define DMS_P2P_QUIC_FIRST_ID_SIZE 16

void
dms_p2p_quic_settings_init (DmsP2pQuicSettings *self)
{
  self->handshake_timeout_ms = DMS_P2P_QUIC_HANDSHAKE_TIMEOUT_MS;
  self->idle_timeout_ms = DMS_P2P_QUIC_IDLE_TIMEOUT_MS;
  self->keep_alive_ms = DMS_P2P_QUIC_KEEP_ALIVE_MS;
  self->max_streams = DMS_P2P_QUIC_MAX_STREAMS;
}

DmsMultiaddr *
dms_p2p_quic_make_address (const ngtcp2_addr *address)
{
  g_autoptr (GSocketAddress) socket_address =
      g_socket_address_new_from_native (address->addr, address->addrlen);
  g_autoptr (DmsMultiaddr) udp = NULL;

  udp = dms_multiaddr_new_for_socket_address (G_INET_SOCKET_ADDRESS (socket_address), "udp");
  return dms_multiaddr_append (udp, "/quic-v1", NULL);
}

void
dms_p2p_quic_connection_set_timer (DmsP2pQuicConnection *self, gint64 at_us)
{
  if (!self->is_ended)
    dms_p2p_quic_endpoint_set_deadline (self->endpoint, &self->deadline, at_us);
}

void
dms_p2p_quic_connection_schedule (DmsP2pQuicConnection *self)
{
  dms_p2p_quic_connection_set_timer (self, 0);
}

/* The handshake is over. */
void
dms_p2p_quic_connection_leave_door (DmsP2pQuicConnection *self)
{
  const ngtcp2_addr visitor = { &self->visitor.sa, sizeof self->visitor };

  if (self->is_counted)
    dms_p2p_quic_door_leave (dms_p2p_quic_endpoint_get_door (self->endpoint), &visitor, self->is_proven);
  self->is_counted = FALSE;
}

static void
dms_p2p_quic_connection_announce (DmsP2pQuicConnection *self)
{
  DmsP2pQuicReady ready = self->ready;

  if (!self->is_ready || self->is_announced || self->is_ended || ready == NULL)
    return;
  self->is_announced = TRUE;
  self->ready = NULL;
  dms_p2p_quic_connection_leave_door (self);
  ready (self, NULL, self->ready_data);
}

static void
dms_p2p_quic_connection_hand_over (DmsP2pQuicConnection *self)
{
  while (self->is_announced && dms_p2p_muxer_has_accept (DMS_P2P_MUXER (self)) &&
         !g_queue_is_empty (&self->incoming))
    {
      g_autoptr (DmsP2pQuicFlow) flow = g_queue_pop_head (&self->incoming);
      g_autoptr (DmsP2pPipe) pipe = NULL;

      flow->is_pending = FALSE;
      if (flow->connection == NULL)
        continue;
      pipe = dms_p2p_quic_stream_new (flow);
      dms_p2p_muxer_emit_accept (DMS_P2P_MUXER (self), pipe);
    }
}

/* What is to be done after something came, was written, or is due. The caller has a reference. */
void
dms_p2p_quic_connection_work (DmsP2pQuicConnection *self)
{
  gsize owed = self->owed;

  self->owed = 0;
  dms_p2p_quic_connection_give_back (self, owed);
  if (!self->is_ended)
    dms_p2p_quic_writer_run (self);
  dms_p2p_quic_connection_announce (self);
  dms_p2p_quic_connection_hand_over (self);
}

void
dms_p2p_quic_connection_tick (DmsP2pQuicConnection *self)
{
  int code = 0;

  if (self->is_ended)
    return;
  self->is_inside = TRUE;
  code = ngtcp2_conn_handle_expiry (self->conn, dms_p2p_quic_clock ());
  self->is_inside = FALSE;
  if (code != 0)
    dms_p2p_quic_connection_fail (self, code);
  dms_p2p_quic_connection_work (self);
}

void
dms_p2p_quic_connection_receive (DmsP2pQuicConnection *self,
                                 const ngtcp2_path *path,
                                 const ngtcp2_pkt_info *info,
                                 const guint8 *data,
                                 gsize size)
{
  int code = 0;

  if (self->is_ended)
    return;
  self->bytes_in += size;
  self->is_inside = TRUE;
  code = ngtcp2_conn_read_pkt (self->conn, path, info, data, size, dms_p2p_quic_clock ());
  self->is_inside = FALSE;
  if (self->was_reset)
    code = NGTCP2_ERR_DRAINING;
  if (code != 0)
    dms_p2p_quic_connection_fail (self, code);
}

/* --- The muxer ---------------------------------------------------------------------------------------- */

static void
dms_p2p_quic_connection_accepting (DmsP2pMuxer *muxer)
{
  DmsP2pQuicConnection *self = DMS_P2P_QUIC_CONNECTION (muxer);

  if (!g_queue_is_empty (&self->incoming))
    dms_p2p_quic_connection_schedule (self);
}

static DmsP2pPipe *
dms_p2p_quic_connection_open (DmsP2pMuxer *muxer, GError **error)
{
  DmsP2pQuicConnection *self = DMS_P2P_QUIC_CONNECTION (muxer);
  g_autoptr (DmsP2pQuicFlow) flow = NULL;
  int code = 0;

  if (self->is_ended || !self->is_ready)
    {
      g_set_error_literal (error, DMS_ERROR, DMS_ERROR_WRONG_STATE, "the connection has ended");
      return NULL;
    }
  flow = dms_p2p_quic_flow_new (self, -1);
  code = ngtcp2_conn_open_bidi_stream (self->conn, &flow->id, flow);
  if (code != 0)
    {
      g_set_error_literal (error,
                           DMS_ERROR,
                           code == NGTCP2_ERR_STREAM_ID_BLOCKED ? DMS_ERROR_BUSY : DMS_ERROR_NO_RESOURCES,
                           "the peer allows no more streams now; close some, or try again later");
      return NULL;
    }
  dms_p2p_quic_connection_add_flow (self, dms_p2p_quic_flow_ref (flow));
  return dms_p2p_quic_stream_new (flow);
}

static void
dms_p2p_quic_connection_close (DmsP2pMuxer *muxer, guint64 code)
{
  ngtcp2_connection_close_error last_words;

  ngtcp2_connection_close_error_set_application_error (&last_words, MIN (code, NGTCP2_MAX_VARINT), NULL, 0);
  dms_p2p_quic_connection_end_and_tell (DMS_P2P_QUIC_CONNECTION (muxer), &last_words);
}

static guint
dms_p2p_quic_connection_get_n_streams (DmsP2pMuxer *muxer)
{
  return g_queue_get_length (&DMS_P2P_QUIC_CONNECTION (muxer)->flows);
}

static gint64
dms_p2p_quic_connection_get_rtt_us (DmsP2pMuxer *muxer)
{
  DmsP2pQuicConnection *self = DMS_P2P_QUIC_CONNECTION (muxer);
  ngtcp2_conn_stat state = { 0 };

  if (self->conn == NULL)
    return -1;
  ngtcp2_conn_get_conn_stat (self->conn, &state);
  return state.first_rtt_sample_ts == UINT64_MAX ? -1 : (gint64) (state.smoothed_rtt / NGTCP2_MICROSECONDS);
}

static void
dms_p2p_quic_connection_get_traffic (DmsP2pMuxer *muxer, guint64 *bytes_in, guint64 *bytes_out)
{
  *bytes_in = DMS_P2P_QUIC_CONNECTION (muxer)->bytes_in;
  *bytes_out = DMS_P2P_QUIC_CONNECTION (muxer)->bytes_out;
}

/* --- Making it ---------------------------------------------------------------------------------------- */

static void
dms_p2p_quic_connection_dispose (GObject *object)
{
  DmsP2pQuicConnection *self = DMS_P2P_QUIC_CONNECTION (object);

  if (!self->is_ended && self->endpoint != NULL)
    dms_p2p_quic_connection_give_up (self);
  G_OBJECT_CLASS (dms_p2p_quic_connection_parent_class)->dispose (object);
}

static void
dms_p2p_quic_connection_finalize (GObject *object)
{
  DmsP2pQuicConnection *self = DMS_P2P_QUIC_CONNECTION (object);

  g_clear_pointer (&self->farewell, g_source_unref);
  g_clear_pointer (&self->certificate, dms_p2p_certificate_unref);
  g_clear_pointer (&self->expected, dms_peer_id_unref);
  g_clear_pointer (&self->key, dms_p2p_public_key_unref);
  g_clear_pointer (&self->ids, g_array_unref);
  g_clear_pointer (&self->tokens, g_array_unref);
  g_clear_pointer (&self->context, g_main_context_unref);
  g_clear_error (&self->failure);
  g_clear_object (&self->endpoint);
  G_OBJECT_CLASS (dms_p2p_quic_connection_parent_class)->finalize (object);
}

static void
dms_p2p_quic_connection_class_init (DmsP2pQuicConnectionClass *klass)
{
  DmsP2pMuxerClass *muxer_class = DMS_P2P_MUXER_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = dms_p2p_quic_connection_dispose;
  G_OBJECT_CLASS (klass)->finalize = dms_p2p_quic_connection_finalize;
  muxer_class->accepting = dms_p2p_quic_connection_accepting;
  muxer_class->open = dms_p2p_quic_connection_open;
  muxer_class->close = dms_p2p_quic_connection_close;
  muxer_class->get_n_streams = dms_p2p_quic_connection_get_n_streams;
  muxer_class->get_rtt_us = dms_p2p_quic_connection_get_rtt_us;
  muxer_class->get_traffic = dms_p2p_quic_connection_get_traffic;
}

static void
dms_p2p_quic_connection_init (DmsP2pQuicConnection *self)
{
  self->context = g_main_context_ref_thread_default ();
  self->ids = g_array_new (FALSE, FALSE, sizeof (ngtcp2_cid));
  self->tokens = g_array_new (FALSE, FALSE, sizeof (DmsP2pQuicToken));
  self->window = DMS_P2P_QUIC_WINDOW;
  self->deadline.owner = self;
  dms_p2p_quic_memory_init (&self->memory, DMS_P2P_QUIC_BASE_MEMORY + 2 * DMS_P2P_QUIC_WINDOW);
}

static ngtcp2_conn *
dms_p2p_quic_connection_get_conn (ngtcp2_crypto_conn_ref *reference)
{
  return ((DmsP2pQuicConnection *) reference->user_data)->conn;
}

static void
dms_p2p_quic_connection_fill (const DmsP2pQuicSettings *settings,
                              ngtcp2_settings *to,
                              ngtcp2_transport_params *params)
{
  ngtcp2_settings_default (to);
  to->initial_ts = dms_p2p_quic_clock ();
  to->handshake_timeout = settings->handshake_timeout_ms * NGTCP2_MILLISECONDS;
  to->max_tx_udp_payload_size = DMS_P2P_QUIC_MAX_DATAGRAM;

  ngtcp2_transport_params_default (params);
  params->initial_max_stream_data_bidi_local = DMS_P2P_QUIC_STREAM_WINDOW;
  params->initial_max_stream_data_bidi_remote = DMS_P2P_QUIC_STREAM_WINDOW;
  params->initial_max_data = DMS_P2P_QUIC_WINDOW;
  params->initial_max_streams_bidi = settings->max_streams;
  params->initial_max_streams_uni = 0;
  params->max_idle_timeout = settings->idle_timeout_ms * NGTCP2_MILLISECONDS;
  params->active_connection_id_limit = DMS_P2P_QUIC_N_IDS;
  /* The owner of a connection knows it by its addresses. New mappings of a NAT are followed all the same. */
  params->disable_active_migration = 1;
}

static gboolean
dms_p2p_quic_connection_add_id (DmsP2pQuicConnection *self, const ngtcp2_cid *id)
{
  if (!dms_p2p_quic_endpoint_add_id (self->endpoint, id, self))
    return FALSE;
  g_array_append_vals (self->ids, id, 1);
  return TRUE;
}

/* Takes what ngtcp2 returned for making the connection. */
static gboolean
dms_p2p_quic_connection_begin (DmsP2pQuicConnection *self,
                               const DmsP2pQuicSettings *settings,
                               int code,
                               GError **error)
{
  if (code != 0)
    {
      g_set_error (error,
                   DMS_ERROR,
                   DMS_ERROR_NO_RESOURCES,
                   "a QUIC connection could not be made: %s",
                   ngtcp2_strerror (code));
      return FALSE;
    }
  self->reference.get_conn = dms_p2p_quic_connection_get_conn;
  self->reference.user_data = self;
  self->tls = dms_p2p_quic_tls_new (self->is_server, self->certificate, &self->reference, error);
  if (self->tls == NULL)
    return FALSE;
  ngtcp2_conn_set_tls_native_handle (self->conn, self->tls);
  ngtcp2_conn_set_keep_alive_timeout (self->conn, settings->keep_alive_ms * NGTCP2_MILLISECONDS);
  return TRUE;
}

static DmsP2pQuicConnection *
dms_p2p_quic_connection_new (DmsP2pQuicEndpoint *endpoint, DmsP2pCertificate *certificate, gboolean is_server)
{
  DmsP2pQuicConnection *self = g_object_new (DMS_TYPE_P2P_QUIC_CONNECTION, NULL);

  self->endpoint = g_object_ref (endpoint);
  self->certificate = dms_p2p_certificate_ref (certificate);
  self->is_server = is_server;
  return self;
}

/**
 * dms_p2p_quic_connection_new_client:
 * @endpoint: from where
 * @certificate: ours
 * @settings: how
 * @path: from where to where
 * @expected: (nullable): who must be there
 * @error: return location for a #DmsError
 *
 * Begins a connection. The first packet goes out by the main loop.
 *
 * Returns: (transfer full): the connection
 */
DmsP2pQuicConnection *
dms_p2p_quic_connection_new_client (DmsP2pQuicEndpoint *endpoint,
                                    DmsP2pCertificate *certificate,
                                    const DmsP2pQuicSettings *settings,
                                    const ngtcp2_path *path,
                                    DmsPeerId *expected,
                                    GError **error)
{
  g_autoptr (DmsP2pQuicConnection) self = dms_p2p_quic_connection_new (endpoint, certificate, FALSE);
  ngtcp2_callbacks callbacks;
  ngtcp2_settings native;
  ngtcp2_transport_params params;
  ngtcp2_cid theirs;
  ngtcp2_cid ours;
  int code = 0;

  self->expected = expected != NULL ? dms_peer_id_ref (expected) : NULL;
  dms_p2p_quic_callbacks_init (&callbacks, FALSE);
  dms_p2p_quic_connection_fill (settings, &native, &params);
  dms_p2p_quic_cid_set_random (&theirs, DMS_P2P_QUIC_FIRST_ID_SIZE);
  dms_p2p_quic_cid_set_random (&ours, DMS_P2P_QUIC_CID_SIZE);
  code = ngtcp2_conn_client_new (&self->conn,
                                 &theirs,
                                 &ours,
                                 path,
                                 NGTCP2_PROTO_VER_V1,
                                 &callbacks,
                                 &native,
                                 &params,
                                 &self->memory.mem,
                                 self);
  if (!dms_p2p_quic_connection_begin (self, settings, code, error))
    return NULL;
  if (!dms_p2p_quic_connection_add_id (self, &ours))
    {
      g_set_error_literal (error, DMS_ERROR, DMS_ERROR_FAILED, "two QUIC connections drew the same ID");
      return NULL;
    }
  dms_p2p_quic_connection_schedule (self);
  return g_steal_pointer (&self);
}

/**
 * dms_p2p_quic_connection_new_server:
 * @endpoint: where a client asked
 * @certificate: ours
 * @settings: how
 * @path: the way its packet came
 * @header: of the packet
 * @original: the ID the client chose at first, if it has shown by a Retry that it is at its address; else
 * empty
 * @error: return location for a #DmsError
 *
 * Answers to a client. The packet itself is still to be received.
 *
 * Returns: (transfer full): the connection
 */
DmsP2pQuicConnection *
dms_p2p_quic_connection_new_server (DmsP2pQuicEndpoint *endpoint,
                                    DmsP2pCertificate *certificate,
                                    const DmsP2pQuicSettings *settings,
                                    const ngtcp2_path *path,
                                    const ngtcp2_pkt_hd *header,
                                    const ngtcp2_cid *original,
                                    GError **error)
{
  g_autoptr (DmsP2pQuicConnection) self = dms_p2p_quic_connection_new (endpoint, certificate, TRUE);
  DmsP2pQuicDoor *door = dms_p2p_quic_endpoint_get_door (endpoint);
  ngtcp2_callbacks callbacks;
  ngtcp2_settings native;
  ngtcp2_transport_params params;
  ngtcp2_cid ours;
  int code = 0;

  dms_p2p_quic_callbacks_init (&callbacks, TRUE);
  dms_p2p_quic_connection_fill (settings, &native, &params);
  dms_p2p_quic_cid_set_random (&ours, DMS_P2P_QUIC_CID_SIZE);
  self->is_proven = original->datalen > 0;
  params.original_dcid = header->dcid;
  if (self->is_proven)
    {
      native.token = header->token;
      params.original_dcid = *original;
      params.retry_scid = header->dcid;
      params.retry_scid_present = 1;
    }
  params.stateless_reset_token_present = 1;
  dms_p2p_quic_door_make_reset_token (door, &ours, params.stateless_reset_token);
  code = ngtcp2_conn_server_new (&self->conn,
                                 &header->scid,
                                 &ours,
                                 path,
                                 header->version,
                                 &callbacks,
                                 &native,
                                 &params,
                                 &self->memory.mem,
                                 self);
  if (!dms_p2p_quic_connection_begin (self, settings, code, error))
    return NULL;
  if (!dms_p2p_quic_connection_add_id (self, &ours) || !dms_p2p_quic_connection_add_id (self, &header->dcid))
    {
      g_set_error_literal (error, DMS_ERROR, DMS_ERROR_FAILED, "two QUIC connections have the same ID");
      return NULL;
    }
  memcpy (&self->visitor, path->remote.addr, path->remote.addrlen);
  dms_p2p_quic_door_enter (door, &path->remote, self->is_proven);
  self->is_counted = TRUE;
  return g_steal_pointer (&self);
}

void
dms_p2p_quic_connection_set_ready (DmsP2pQuicConnection *self, DmsP2pQuicReady ready, gpointer user_data)
{
  self->ready = ready;
  self->ready_data = user_data;
}

DmsP2pPublicKey *
dms_p2p_quic_connection_get_key (DmsP2pQuicConnection *self)
{
  return self->key;
}

DmsMultiaddr *
dms_p2p_quic_connection_dup_address (DmsP2pQuicConnection *self, gboolean is_remote)
{
  const ngtcp2_path *path = ngtcp2_conn_get_path (self->conn);

  return dms_p2p_quic_make_address (is_remote ? &path->remote : &path->local);
}
