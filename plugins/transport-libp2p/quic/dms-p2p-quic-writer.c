/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <string.h>

#include "quic/dms-p2p-quic-clock.h"
#include "quic/dms-p2p-quic-connection-private.h"
#include "quic/dms-p2p-quic-limits.h"

/* Datagrams of one size and one way, that the kernel takes at once (UDP_SEGMENT: 64 of them at most), in the
 * endpoint's buffer. */
#define DMS_P2P_QUIC_MAX_SEGMENTS 64
/* Batches before others of the main loop get their turn. */
#define DMS_P2P_QUIC_MAX_BATCHES 4
/* Pieces of a stream that one packet may be made of. */
#define DMS_P2P_QUIC_N_VECTORS 4

typedef struct
{
  DmsP2pQuicConnection *connection;
  guint8 *buffer;
  gsize size;
  gsize segment;
  guint n;
  ngtcp2_path_storage path;
  guint32 ecn;
} DmsP2pQuicBatch;

static void
dms_p2p_quic_batch_send (DmsP2pQuicBatch *self)
{
  if (self->size == 0)
    return;
  dms_p2p_quic_endpoint_send (
      self->connection->endpoint, &self->path.path, self->ecn, self->buffer, self->size, self->segment);
  self->connection->bytes_out += self->size;
  self->size = 0;
  self->n = 0;
}

/* A packet of @size was written behind the others. Returns whether more may follow it in the batch. */
static gboolean
dms_p2p_quic_batch_add (DmsP2pQuicBatch *self, const ngtcp2_path *path, guint32 ecn, gsize size)
{
  gsize before = self->size;

  if (self->n > 0 && (size > self->segment || ecn != self->ecn || !ngtcp2_path_eq (path, &self->path.path)))
    {
      /* Another kind: those before it go first. */
      dms_p2p_quic_batch_send (self);
      memmove (self->buffer, self->buffer + before, size);
    }
  if (self->n == 0)
    {
      ngtcp2_path_copy (&self->path.path, path);
      self->ecn = ecn;
      self->segment = size;
    }
  self->size += size;
  self->n++;
  /* A probe for a larger size of datagrams may be too large for the way: nothing else must be lost with it.
   */
  return size == self->segment &&
         size <= ngtcp2_conn_get_path_max_tx_udp_payload_size (self->connection->conn);
}

/* The output of @flow has changed. */
static void
dms_p2p_quic_writer_after (DmsP2pQuicConnection *self, DmsP2pQuicFlow *flow)
{
  if (dms_p2p_quic_flow_has_output (flow))
    return;
  dms_p2p_quic_connection_unmark_ready (self, flow);
  /* Then it is our own bound that keeps more from following, not the path. */
  flow->is_room_short = dms_p2p_quic_queue_get_size (&flow->out) >= flow->room / 2;
}

/* Lets ngtcp2 write one packet, or a part of one, from @flow, which may be NULL. Returns what ngtcp2 does. */
static ngtcp2_ssize
dms_p2p_quic_writer_write (DmsP2pQuicConnection *self,
                           DmsP2pQuicFlow *flow,
                           ngtcp2_path *path,
                           ngtcp2_pkt_info *info,
                           guint8 *to,
                           gsize size,
                           ngtcp2_tstamp now)
{
  ngtcp2_vec vectors[DMS_P2P_QUIC_N_VECTORS];
  gsize n_vectors = 0;
  guint64 offered = 0;
  guint32 flags = NGTCP2_WRITE_STREAM_FLAG_NONE;
  ngtcp2_ssize taken = -1;
  ngtcp2_ssize n = 0;

  if (flow != NULL)
    {
      n_vectors = dms_p2p_quic_queue_peek (&flow->out, flow->sent, vectors, G_N_ELEMENTS (vectors));
      for (gsize i = 0; i < n_vectors; i++)
        offered += vectors[i].len;
      flags = NGTCP2_WRITE_STREAM_FLAG_MORE;
      if (flow->is_end_wanted && flow->sent + offered == flow->out.end)
        flags |= NGTCP2_WRITE_STREAM_FLAG_FIN;
    }
  n = ngtcp2_conn_writev_stream (
      self->conn, path, info, to, size, &taken, flags, flow != NULL ? flow->id : -1, vectors, n_vectors, now);
  if (flow == NULL)
    return n;
  if (taken >= 0)
    {
      flow->sent += (guint64) taken;
      if ((flags & NGTCP2_WRITE_STREAM_FLAG_FIN) && (guint64) taken == offered)
        flow->is_end_sent = TRUE;
      dms_p2p_quic_writer_after (self, flow);
    }
  return n;
}

/* The stream cannot be written to now, or never again. */
static gboolean
dms_p2p_quic_writer_skip (DmsP2pQuicConnection *self, DmsP2pQuicFlow *flow, ngtcp2_ssize code)
{
  if (code != NGTCP2_ERR_STREAM_DATA_BLOCKED && code != NGTCP2_ERR_STREAM_SHUT_WR &&
      code != NGTCP2_ERR_STREAM_NOT_FOUND)
    return FALSE;
  dms_p2p_quic_connection_unmark_ready (self, flow);
  if (code != NGTCP2_ERR_STREAM_DATA_BLOCKED)
    {
      flow->is_stopped = TRUE;
      dms_p2p_quic_flow_notify (flow);
    }
  return TRUE;
}

/* One after the other, packet by packet. */
static void
dms_p2p_quic_writer_rotate (DmsP2pQuicConnection *self)
{
  GList *link = NULL;

  if (g_queue_get_length (&self->ready_flows) < 2)
    return;
  link = g_queue_pop_head_link (&self->ready_flows);
  g_queue_push_tail_link (&self->ready_flows, link);
}

/* Fills and sends one batch. Returns whether there may be more to send at once. */
static gboolean
dms_p2p_quic_writer_run_batch (DmsP2pQuicConnection *self, ngtcp2_tstamp now, int *failure)
{
  DmsP2pQuicBatch batch = { .connection = self, .buffer = dms_p2p_quic_endpoint_get_buffer (self->endpoint) };
  gsize datagram = ngtcp2_conn_get_max_tx_udp_payload_size (self->conn);
  gsize quantum = MIN (ngtcp2_conn_get_send_quantum (self->conn), DMS_P2P_QUIC_BATCH_SIZE);
  ngtcp2_path_storage path;
  ngtcp2_pkt_info info = { 0 };
  gboolean has_more = TRUE;
  gboolean goes_on = TRUE;

  ngtcp2_path_storage_zero (&path);
  ngtcp2_path_storage_zero (&batch.path);
  while (goes_on && batch.n < DMS_P2P_QUIC_MAX_SEGMENTS && batch.size + datagram <= quantum)
    {
      DmsP2pQuicFlow *flow =
          ngtcp2_conn_get_max_data_left (self->conn) > 0 ? g_queue_peek_head (&self->ready_flows) : NULL;
      ngtcp2_ssize n =
          dms_p2p_quic_writer_write (self, flow, &path.path, &info, batch.buffer + batch.size, datagram, now);

      if (n == NGTCP2_ERR_WRITE_MORE || (n < 0 && dms_p2p_quic_writer_skip (self, flow, n)))
        continue;
      if (n <= 0)
        {
          *failure = (int) n;
          has_more = FALSE;
          break;
        }
      goes_on = dms_p2p_quic_batch_add (&batch, &path.path, info.ecn, (gsize) n);
      dms_p2p_quic_writer_rotate (self);
    }
  dms_p2p_quic_batch_send (&batch);
  return has_more;
}

void
dms_p2p_quic_writer_run (DmsP2pQuicConnection *self)
{
  gboolean has_more = TRUE;
  int failure = 0;
  ngtcp2_tstamp expiry = 0;

  for (guint i = 0; has_more && i < DMS_P2P_QUIC_MAX_BATCHES; i++)
    {
      ngtcp2_tstamp now = dms_p2p_quic_clock ();

      if (!dms_p2p_quic_endpoint_may_send (self->endpoint, self))
        break;
      has_more = dms_p2p_quic_writer_run_batch (self, now, &failure);
      if (failure == 0)
        ngtcp2_conn_update_pkt_tx_time (self->conn, now);
    }
  if (failure != 0)
    {
      dms_p2p_quic_connection_fail (self, failure);
      return;
    }
  if (has_more && dms_p2p_quic_endpoint_may_send (self->endpoint, self))
    {
      dms_p2p_quic_connection_schedule (self);
      return;
    }
  expiry = ngtcp2_conn_get_expiry (self->conn);
  dms_p2p_quic_connection_set_timer (self, expiry == UINT64_MAX ? -1 : (gint64) ((expiry + 999) / 1000));
}
