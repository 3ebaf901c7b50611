/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "quic/dms-p2p-quic-clock.h"
#include "quic/dms-p2p-quic-connection-private.h"
#include "quic/dms-p2p-quic-limits.h"

/* How connections end: by the peer, by us, by an error, or by nothing happening. */

/* Of the text a peer sends along when it closes. */
#define DMS_P2P_QUIC_MAX_REASON 128

static void
dms_p2p_quic_connection_say_farewell (DmsP2pQuicConnection *self)
{
  DmsP2pQuicReady ready = self->ready;

  self->ready = NULL;
  if (!self->is_announced && self->failure == NULL)
    g_set_error_literal (&self->failure, DMS_ERROR, DMS_ERROR_IO, "the peer closed the connection at once");
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
  dms_p2p_quic_connection_leave_door (self);
  dms_p2p_quic_endpoint_set_deadline (self->endpoint, &self->deadline, -1);
  dms_p2p_quic_connection_end_flows (self);
  g_clear_pointer (&self->conn, ngtcp2_conn_del);
  g_clear_pointer (&self->tls, gnutls_deinit);
  self->owed = 0;
  dms_p2p_quic_connection_give_back (self, self->granted);
}

void
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
  raw = said.reasonlen > 0
            ? g_strndup ((const char *) said.reason, MIN (said.reasonlen, DMS_P2P_QUIC_MAX_REASON))
            : g_strdup ("");
  reason = g_str_to_ascii (raw, "C");
  g_strcanon (reason, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 .,:;-_/()'", '?');
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
