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
/* Of the text a peer sends along when it closes. */
#define DMS_P2P_QUIC_MAX_REASON 128

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

/* --- Ending ------------------------------------------------------------------------------------------- */

static void
dms_p2p_quic_connection_say_farewell (DmsP2pQuicConnection *self)
{
  DmsP2pQuicReady ready = self->ready;

  self->ready = NULL;
  if (!self->is_announced && self->failure == NULL)
    g_set_error_literal (
        &self->failure, DMS_ERROR, DMS_ERROR_IO, "the peer closed the connection at once");
  if (self->is_announced)
    dms_p2p_muxer_emit_closed (DMS_P2P_MUXER (self), self->failure);
  else if (ready != NULL)
    ready (self, self->failure, self->ready_data);
}

static gboolean
dms_p2p_quic_connection_on_farewell (gpointer user_data)
{
  g_autoptr (DmsP2pQuicConnection) self = g_object_ref (user_data);

  g_clear_pointer (&self->farewell, g_source_unref);
  dms_p2p_quic_connection_say_farewell (self);
  return G_SOURCE_REMOVE;
}

/* The last packet, if any, and who may still ask for it. */
static void
dms_p2p_quic_connection_bury (DmsP2pQuicConnection *self, const ngtcp2_connection_close_error *last_words)
{
  guint8 *buffer = dms_p2p_quic_endpoint_get_buffer (self->endpoint);
  g_autoptr (GBytes) packet = NULL;
  ngtcp2_path_storage path;
  ngtcp2_pkt_info info = { 0 };
  ngtcp2_tstamp now = dms_p2p_quic_clock ();
  ngtcp2_ssize n = 0;

  ngtcp2_path_storage_zero (&path);
  if (last_words != NULL)
    n = ngtcp2_conn_write_connection_close (
        self->conn, &path.path, &info, buffer, DMS_P2P_QUIC_MAX_DATAGRAM, last_words, now);
  if (n > 0)
    {
      packet = g_bytes_new (buffer, (gsize) n);
      dms_p2p_quic_endpoint_send (self->endpoint, &path.path, info.ecn, buffer, (gsize) n, (gsize) n);
      self->bytes_out += (guint64) n;
    }
  if (n <= 0 && !ngtcp2_conn_is_in_draining_period (self->conn))
    return;
  /* RFC 9000 section 10.2: for three times the probe timeout. */
  dms_p2p_quic_endpoint_bury (self->endpoint,
                              (const ngtcp2_cid *) (gpointer) self->ids->data,
                              self->ids->len,
                              packet,
                              now + 3 * ngtcp2_conn_get_pto (self->conn));
}

static void
dms_p2p_quic_connection_end_flows (DmsP2pQuicConnection *self)
{
  while (!g_queue_is_empty (&self->incoming))
    dms_p2p_quic_flow_unref (g_queue_pop_head (&self->incoming));
  while (self->flows.head != NULL)
    {
      DmsP2pQuicFlow *flow = self->flows.head->data;

      dms_p2p_quic_connection_unmark_ready (self, flow);
      g_queue_unlink (&self->flows, &flow->link);
      flow->connection = NULL;
      flow->failure = self->failure != NULL
                          ? g_error_copy (self->failure)
                          : g_error_new_literal (DMS_ERROR, DMS_ERROR_IO, "the connection was closed");
      dms_p2p_quic_flow_notify (flow);
      dms_p2p_quic_flow_unref (flow);
    }
}

/* Frees all but what the user may still ask for. */
static void
dms_p2p_quic_connection_end (DmsP2pQuicConnection *self, const ngtcp2_connection_close_error *last_words)
{
  if (self->is_ended)
    return;
  self->is_ended = TRUE;
  if (self->conn != NULL)
    dms_p2p_quic_connection_bury (self, last_words);
  for (guint i = 0; i < self->ids->len; i++)
    dms_p2p_quic_endpoint_remove_id (self->endpoint, &g_array_index (self->ids, ngtcp2_cid, i));
  for (guint i = 0; i < self->tokens->len; i++)
    dms_p2p_quic_endpoint_remove_token (
        self->endpoint, g_array_index (self->tokens, DmsP2pQuicToken, i).data, self);
  dms_p2p_quic_endpoint_forget (self->endpoint, self);
  if (self->is_counted)
    {
      const ngtcp2_addr visitor = { &self->visitor.sa, sizeof self->visitor };

      dms_p2p_quic_door_leave (
          dms_p2p_quic_endpoint_get_door (self->endpoint), &visitor, self->is_proven);
      self->is_counted = FALSE;
    }
  if (self->timer != NULL)
    g_source_destroy (self->timer);
  g_clear_pointer (&self->timer, g_source_unref);
  dms_p2p_quic_connection_end_flows (self);
  g_clear_pointer (&self->conn, ngtcp2_conn_del);
  g_clear_pointer (&self->tls, gnutls_deinit);
  if (self->granted > 0)
    dms_p2p_muxer_change_memory (DMS_P2P_MUXER (self), -self->granted);
  self->granted = 0;
}

static void
dms_p2p_quic_connection_end_and_tell (DmsP2pQuicConnection *self,
                                      const ngtcp2_connection_close_error *last_words)
{
  if (self->is_ended)
    return;
  dms_p2p_quic_connection_end (self, last_words);
  self->farewell = g_idle_source_new ();
  g_source_set_priority (self->farewell, G_PRIORITY_DEFAULT);
  g_source_set_static_name (self->farewell, "dms-p2p-quic-farewell");
  g_source_set_callback (
      self->farewell, dms_p2p_quic_connection_on_farewell, g_object_ref (self), g_object_unref);
  g_source_attach (self->farewell, self->context);
}

static void
dms_p2p_quic_connection_set_failure (DmsP2pQuicConnection *self, DmsError code, const char *format, ...)
    G_GNUC_PRINTF (3, 4);

static void
dms_p2p_quic_connection_set_failure (DmsP2pQuicConnection *self, DmsError code, const char *format, ...)
{
  va_list arguments;

  if (self->failure != NULL)
    return;
  va_start (arguments, format);
  self->failure = g_error_new_valist (DMS_ERROR, code, format, arguments);
  va_end (arguments);
}

/* The other side closed. */
static void
dms_p2p_quic_connection_fail_by_peer (DmsP2pQuicConnection *self)
{
  ngtcp2_connection_close_error said = { 0 };
  g_autofree char *raw = NULL;
  g_autofree char *reason = NULL;
  gboolean is_application = FALSE;

  ngtcp2_conn_get_connection_close_error (self->conn, &said);
  is_application = said.type == NGTCP2_CONNECTION_CLOSE_ERROR_CODE_TYPE_APPLICATION;
  if (self->is_ready && said.error_code == 0)
    return;
  if (!is_application && said.error_code == NGTCP2_CONNECTION_REFUSED)
    {
      dms_p2p_quic_connection_set_failure (
          self, DMS_ERROR_BUSY, "the peer takes no more connections now; try again later");
      return;
    }
  raw = said.reasonlen > 0 ? g_strndup ((const char *) said.reason, MIN (said.reasonlen, DMS_P2P_QUIC_MAX_REASON))
                           : g_strdup ("");
  reason = g_str_to_ascii (raw, "C");
  g_strcanon (reason,
              "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 .,:;-_/()'",
              '?');
  dms_p2p_quic_connection_set_failure (self,
                                       DMS_ERROR_IO,
                                       "the peer closed the connection with %s code 0x%" G_GINT64_MODIFIER
                                       "x%s%s",
                                       is_application ? "the application" : "the QUIC",
                                       said.error_code,
                                       *reason != '\0' ? ": " : "",
                                       reason);
}

static void
dms_p2p_quic_connection_fail_here (DmsP2pQuicConnection *self, int code)
{
  ngtcp2_connection_close_error last_words;

  ngtcp2_connection_close_error_default (&last_words);
  if (self->failure != NULL && self->conn != NULL && !self->is_ready)
    /* The peer's certificate was not good. RFC 8446 section 6.2: bad_certificate. */
    ngtcp2_connection_close_error_set_transport_error_tls_alert (
        &last_words, GNUTLS_A_BAD_CERTIFICATE, NULL, 0);
  else if (code == NGTCP2_ERR_CRYPTO)
    ngtcp2_connection_close_error_set_transport_error_tls_alert (
        &last_words, ngtcp2_conn_get_tls_alert (self->conn), NULL, 0);
  else
    ngtcp2_connection_close_error_set_transport_error_liberr (&last_words, code, NULL, 0);
  if (code == NGTCP2_ERR_CRYPTO)
    dms_p2p_quic_connection_set_failure (self,
                                         DMS_ERROR_IO,
                                         "the TLS handshake of QUIC failed: %s",
                                         gnutls_alert_get_name (ngtcp2_conn_get_tls_alert (self->conn)));
  else
    dms_p2p_quic_connection_set_failure (
        self, DMS_ERROR_IO, "the QUIC connection failed: %s", ngtcp2_strerror (code));
  dms_p2p_quic_connection_end_and_tell (self, &last_words);
}

void
dms_p2p_quic_connection_fail (DmsP2pQuicConnection *self, int code)
{
  if (self->is_ended)
    return;
  switch (code)
    {
    case NGTCP2_ERR_DRAINING:
      if (self->was_reset)
        dms_p2p_quic_connection_set_failure (self, DMS_ERROR_IO, "the peer knows the connection no more");
      else
        dms_p2p_quic_connection_fail_by_peer (self);
      dms_p2p_quic_connection_end_and_tell (self, NULL);
      break;
    case NGTCP2_ERR_IDLE_CLOSE:
      dms_p2p_quic_connection_set_failure (
          self, DMS_ERROR_TIMED_OUT, "nothing came from the peer for too long");
      dms_p2p_quic_connection_end_and_tell (self, NULL);
      break;
    case NGTCP2_ERR_HANDSHAKE_TIMEOUT:
      dms_p2p_quic_connection_set_failure (
          self, DMS_ERROR_TIMED_OUT, "no QUIC handshake was done in time; is the peer there?");
      dms_p2p_quic_connection_end_and_tell (self, NULL);
      break;
    case NGTCP2_ERR_RECV_VERSION_NEGOTIATION:
      dms_p2p_quic_connection_set_failure (self, DMS_ERROR_INCOMPATIBLE, "the peer does not speak QUIC v1");
      dms_p2p_quic_connection_end_and_tell (self, NULL);
      break;
    case NGTCP2_ERR_NOMEM:
      dms_p2p_quic_connection_set_failure (
          self, DMS_ERROR_NO_RESOURCES, "the QUIC connection needs more memory than one may");
      dms_p2p_quic_connection_end_and_tell (self, NULL);
      break;
    case NGTCP2_ERR_DROP_CONN:
    case NGTCP2_ERR_RETRY:
      dms_p2p_quic_connection_set_failure (self, DMS_ERROR_IO, "the first packet of the client was no good");
      dms_p2p_quic_connection_end_and_tell (self, NULL);
      break;
    default:
      dms_p2p_quic_connection_fail_here (self, code);
      break;
    }
}

void
dms_p2p_quic_connection_give_up (DmsP2pQuicConnection *self)
{
  ngtcp2_connection_close_error last_words;

  self->ready = NULL;
  ngtcp2_connection_close_error_set_application_error (&last_words, 0, NULL, 0);
  dms_p2p_quic_connection_end (self, &last_words);
}

/* --- The main loop ------------------------------------------------------------------------------------ */

void
dms_p2p_quic_connection_set_timer (DmsP2pQuicConnection *self, gint64 at_us)
{
  if (self->timer != NULL)
    g_source_set_ready_time (self->timer, at_us);
}

void
dms_p2p_quic_connection_schedule (DmsP2pQuicConnection *self)
{
  dms_p2p_quic_connection_set_timer (self, 0);
}

static void
dms_p2p_quic_connection_announce (DmsP2pQuicConnection *self)
{
  DmsP2pQuicReady ready = self->ready;

  if (!self->is_ready || self->is_announced || self->is_ended || ready == NULL)
    return;
  self->is_announced = TRUE;
  self->ready = NULL;
  if (self->is_counted)
    {
      const ngtcp2_addr visitor = { &self->visitor.sa, sizeof self->visitor };

      dms_p2p_quic_door_leave (
          dms_p2p_quic_endpoint_get_door (self->endpoint), &visitor, self->is_proven);
      self->is_counted = FALSE;
    }
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
  if (self->owed > 0)
    {
      gssize owed = self->owed;

      self->owed = 0;
      dms_p2p_quic_connection_grant (self, -owed);
    }
  if (!self->is_ended)
    dms_p2p_quic_writer_run (self);
  dms_p2p_quic_connection_announce (self);
  dms_p2p_quic_connection_hand_over (self);
}

static gboolean
dms_p2p_quic_connection_on_timer (gpointer user_data)
{
  g_autoptr (DmsP2pQuicConnection) self = g_object_ref (user_data);
  int code = 0;

  dms_p2p_quic_connection_set_timer (self, -1);
  self->is_inside = TRUE;
  code = ngtcp2_conn_handle_expiry (self->conn, dms_p2p_quic_clock ());
  self->is_inside = FALSE;
  if (code != 0)
    dms_p2p_quic_connection_fail (self, code);
  dms_p2p_quic_connection_work (self);
  return G_SOURCE_CONTINUE;
}

static gboolean
dms_p2p_quic_connection_dispatch (GSource *source, GSourceFunc callback, gpointer user_data)
{
  return callback (user_data);
}

static GSourceFuncs dms_p2p_quic_connection_timer_funcs = { .dispatch = dms_p2p_quic_connection_dispatch };

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

/* --- Streams ------------------------------------------------------------------------------------------ */

void
dms_p2p_quic_connection_add_flow (DmsP2pQuicConnection *self, DmsP2pQuicFlow *flow)
{
  g_queue_push_tail_link (&self->flows, &flow->link);
}

void
dms_p2p_quic_connection_mark_ready (DmsP2pQuicConnection *self, DmsP2pQuicFlow *flow)
{
  if (flow->is_ready || flow->is_gone)
    return;
  flow->is_ready = TRUE;
  g_queue_push_tail_link (&self->ready_flows, &flow->ready_link);
}

void
dms_p2p_quic_connection_unmark_ready (DmsP2pQuicConnection *self, DmsP2pQuicFlow *flow)
{
  if (!flow->is_ready)
    return;
  flow->is_ready = FALSE;
  g_queue_unlink (&self->ready_flows, &flow->ready_link);
}

gboolean
dms_p2p_quic_connection_grant (DmsP2pQuicConnection *self, gssize delta)
{
  /* Nobody is asked from within ngtcp2. */
  if (self->is_inside)
    {
      self->owed += delta < 0 ? -delta : 0;
      return delta < 0;
    }
  if (!dms_p2p_muxer_change_memory (DMS_P2P_MUXER (self), delta) && delta > 0)
    return FALSE;
  self->granted += delta;
  return TRUE;
}

/* Whether half a window was read in less than two round trips: then the window, not the reader, is what is
 * slow. So do ngtcp2 and quic-go. */
static gboolean
dms_p2p_quic_connection_is_slow (DmsP2pQuicConnection *self,
                                 guint64 *consumed,
                                 ngtcp2_tstamp *since,
                                 guint64 window,
                                 gsize size)
{
  ngtcp2_tstamp now = 0;
  gboolean is_slow = FALSE;
  ngtcp2_conn_stat state;

  *consumed += size;
  if (*consumed < window / 2)
    return FALSE;
  now = dms_p2p_quic_clock ();
  ngtcp2_conn_get_conn_stat (self->conn, &state);
  is_slow = *since != 0 && now - *since < 2 * state.smoothed_rtt;
  *since = now;
  *consumed = 0;
  return is_slow;
}

static void
dms_p2p_quic_connection_credit_flow (DmsP2pQuicConnection *self, DmsP2pQuicFlow *flow, gsize size)
{
  guint64 more = size;

  if (dms_p2p_quic_connection_is_slow (self, &flow->consumed, &flow->consumed_since, flow->window, size) &&
      flow->window < DMS_P2P_QUIC_MAX_STREAM_WINDOW)
    {
      /* What it may keep in all is bounded by the window of the connection. */
      guint64 window = MIN (flow->window * 2, DMS_P2P_QUIC_MAX_STREAM_WINDOW);

      more += window - flow->window;
      flow->window = window;
    }
  ngtcp2_conn_extend_max_stream_offset (self->conn, flow->id, more);
  flow->credit += more;
  /* ngtcp2 tells the peer when half of the first window is to be told. */
  if (flow->credit <= DMS_P2P_QUIC_STREAM_WINDOW / 2)
    return;
  flow->credit = 0;
  dms_p2p_quic_connection_schedule (self);
}

static void
dms_p2p_quic_connection_credit (DmsP2pQuicConnection *self, gsize size)
{
  guint64 more = size;

  if (dms_p2p_quic_connection_is_slow (self, &self->consumed, &self->consumed_since, self->window, size) &&
      self->window < DMS_P2P_QUIC_MAX_WINDOW)
    {
      guint64 window = MIN (self->window * 2, DMS_P2P_QUIC_MAX_WINDOW);

      if (dms_p2p_quic_connection_grant (self, (gssize) (window - self->window)))
        {
          more += window - self->window;
          self->window = window;
          self->memory.limit = DMS_P2P_QUIC_BASE_MEMORY + 2 * window;
        }
    }
  ngtcp2_conn_extend_max_offset (self->conn, more);
  self->credit += more;
  if (self->credit <= DMS_P2P_QUIC_WINDOW / 2)
    return;
  self->credit = 0;
  dms_p2p_quic_connection_schedule (self);
}

void
dms_p2p_quic_connection_consume (DmsP2pQuicConnection *self, DmsP2pQuicFlow *flow, gsize size)
{
  if (size == 0 || self->conn == NULL)
    return;
  if (!flow->is_gone && !flow->is_end_read && !flow->is_reset)
    dms_p2p_quic_connection_credit_flow (self, flow, size);
  dms_p2p_quic_connection_credit (self, size);
}

void
dms_p2p_quic_connection_release_flow (DmsP2pQuicConnection *self, DmsP2pQuicFlow *flow)
{
  dms_p2p_quic_connection_consume (self, flow, dms_p2p_quic_queue_get_size (&flow->in));
  dms_p2p_quic_queue_clear (&flow->in);
  dms_p2p_quic_connection_unmark_ready (self, flow);
  if (flow->room > DMS_P2P_QUIC_MIN_ROOM)
    dms_p2p_quic_connection_grant (self, -(gssize) (flow->room - DMS_P2P_QUIC_MIN_ROOM));
  flow->room = DMS_P2P_QUIC_MIN_ROOM;
  if (flow->is_incoming)
    ngtcp2_conn_extend_max_streams_bidi (self->conn, 1);
  flow->connection = NULL;
  g_queue_unlink (&self->flows, &flow->link);
  dms_p2p_quic_flow_unref (flow);
}

/* --- The muxer ---------------------------------------------------------------------------------------- */

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

  ngtcp2_connection_close_error_set_application_error (
      &last_words, MIN (code, NGTCP2_MAX_VARINT), NULL, 0);
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
  self->timer = g_source_new (&dms_p2p_quic_connection_timer_funcs, sizeof (GSource));
  g_source_set_static_name (self->timer, "dms-p2p-quic-connection");
  g_source_set_callback (self->timer, dms_p2p_quic_connection_on_timer, self, NULL);
  g_source_attach (self->timer, self->context);
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
 * @original: the ID the client chose at first, if it has shown by a Retry that it is at its address; else empty
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
