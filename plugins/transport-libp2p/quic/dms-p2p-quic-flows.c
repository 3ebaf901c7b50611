/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "quic/dms-p2p-quic-clock.h"
#include "quic/dms-p2p-quic-connection-private.h"
#include "quic/dms-p2p-quic-limits.h"

/* The streams of a connection, and its flow control (RFC 9000 section 4). */

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

/* The owner may end the connection when it is asked, and let go of it: the caller has a reference. */
gboolean
dms_p2p_quic_connection_grant (DmsP2pQuicConnection *self, gsize more)
{
  /* Nobody is asked from within ngtcp2. */
  if (self->is_inside || self->granted + more > DMS_P2P_QUIC_MAX_GRANTED ||
      !dms_p2p_muxer_change_memory (DMS_P2P_MUXER (self), (gssize) more))
    return FALSE;
  self->granted += more;
  if (!self->is_ended)
    return TRUE;
  /* What it had was given back before it had this. */
  dms_p2p_quic_connection_give_back (self, more);
  return FALSE;
}

/* Tells the owner of what is kept no more. */
void
dms_p2p_quic_connection_give_back (DmsP2pQuicConnection *self, gsize less)
{
  self->granted -= less;
  if (less > 0)
    dms_p2p_muxer_change_memory (DMS_P2P_MUXER (self), -(gssize) less);
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
  g_autoptr (DmsP2pQuicConnection) keep = g_object_ref (self);
  guint64 more = size;

  if (dms_p2p_quic_connection_is_slow (self, &self->consumed, &self->consumed_since, self->window, size) &&
      self->window < DMS_P2P_QUIC_MAX_WINDOW)
    {
      guint64 window = MIN (self->window * 2, DMS_P2P_QUIC_MAX_WINDOW);

      if (dms_p2p_quic_connection_grant (self, window - self->window))
        {
          more += window - self->window;
          self->window = window;
          self->memory.limit = DMS_P2P_QUIC_BASE_MEMORY + 2 * window;
        }
    }
  if (self->conn == NULL)
    return;
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
  /* Told later: this may be within ngtcp2. */
  self->owed += flow->room - DMS_P2P_QUIC_MIN_ROOM;
  flow->room = DMS_P2P_QUIC_MIN_ROOM;
  if (flow->is_incoming)
    ngtcp2_conn_extend_max_streams_bidi (self->conn, 1);
  flow->connection = NULL;
  g_queue_unlink (&self->flows, &flow->link);
  dms_p2p_quic_flow_unref (flow);
}
