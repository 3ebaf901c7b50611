/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "quic/dms-p2p-quic-stream.h"

#include "quic/dms-p2p-quic-connection-private.h"
#include "quic/dms-p2p-quic-limits.h"

/**
 * DmsP2pQuicStream:
 *
 * A stream of a QUIC connection as a pipe. Reading gives the peer room to send more; what is written is kept
 * until the peer has it. When the last reference goes and it was not closed, both sides see a reset.
 */
struct _DmsP2pQuicStream
{
  DmsP2pPipe parent_instance;

  DmsP2pQuicFlow *flow;
};

G_DEFINE_FINAL_TYPE (DmsP2pQuicStream, dms_p2p_quic_stream, DMS_TYPE_P2P_PIPE)

static gboolean
dms_p2p_quic_stream_check_open (DmsP2pQuicFlow *flow, GError **error)
{
  if (!flow->is_closed)
    return TRUE;
  g_set_error_literal (error, DMS_ERROR, DMS_ERROR_WRONG_STATE, "the stream is closed");
  return FALSE;
}

static gssize
dms_p2p_quic_stream_read (DmsP2pPipe *pipe, void *buffer, gsize size, GError **error)
{
  DmsP2pQuicFlow *flow = DMS_P2P_QUIC_STREAM (pipe)->flow;
  gsize n = 0;

  if (!dms_p2p_quic_stream_check_open (flow, error))
    return -1;
  n = dms_p2p_quic_queue_read (&flow->in, buffer, size);
  if (n > 0)
    {
      if (flow->connection != NULL)
        dms_p2p_quic_connection_consume (flow->connection, flow, n);
      return (gssize) n;
    }
  if (flow->is_end_read)
    return 0;
  if (flow->is_reset)
    {
      g_set_error (error,
                   DMS_ERROR,
                   DMS_ERROR_IO,
                   "the peer reset the stream with code 0x%" G_GINT64_MODIFIER "x",
                   flow->reset_code);
      return -1;
    }
  if (flow->failure == NULL)
    return DMS_P2P_WOULD_BLOCK;
  g_propagate_error (error, g_error_copy (flow->failure));
  return -1;
}

static gboolean
dms_p2p_quic_stream_check_writable (DmsP2pQuicFlow *flow, GError **error)
{
  if (!dms_p2p_quic_stream_check_open (flow, error))
    return FALSE;
  if (flow->is_end_wanted)
    {
      g_set_error_literal (
          error, DMS_ERROR, DMS_ERROR_WRONG_STATE, "the stream is closed for writing already");
      return FALSE;
    }
  if (flow->failure != NULL)
    {
      g_propagate_error (error, g_error_copy (flow->failure));
      return FALSE;
    }
  /* go-libp2p stops reading when it closes a stream, also one on which it has just sent all it had to say.
   * As with TCP, the answer nobody waits for is not an error; but endless ones are, and those to a reset. */
  if (flow->is_stopped && (flow->is_reset || flow->swallowed >= DMS_P2P_QUIC_MIN_ROOM))
    {
      g_set_error_literal (error, DMS_ERROR, DMS_ERROR_IO, "the peer does not read the stream any more");
      return FALSE;
    }
  return TRUE;
}

static gsize
dms_p2p_quic_stream_get_room (DmsP2pQuicFlow *flow)
{
  gsize used = dms_p2p_quic_queue_get_size (&flow->out);

  return used < flow->room ? flow->room - used : 0;
}

/* The owner of the connection is asked for more, and may end it. */
static void
dms_p2p_quic_stream_grow (DmsP2pQuicFlow *flow)
{
  g_autoptr (DmsP2pQuicConnection) connection = g_object_ref (flow->connection);

  flow->is_room_short = FALSE;
  if (flow->room < DMS_P2P_QUIC_MAX_ROOM && dms_p2p_quic_connection_grant (connection, flow->room))
    flow->room *= 2;
}

static gssize
dms_p2p_quic_stream_swallow (DmsP2pQuicFlow *flow, const GOutputVector *vectors, gsize n_vectors)
{
  gsize total = 0;

  for (gsize i = 0; i < n_vectors; i++)
    total += vectors[i].size;
  total = MIN (total, DMS_P2P_QUIC_MIN_ROOM);
  flow->swallowed += total;
  return (gssize) total;
}

static gssize
dms_p2p_quic_stream_writev (DmsP2pPipe *pipe, const GOutputVector *vectors, gsize n_vectors, GError **error)
{
  DmsP2pQuicFlow *flow = DMS_P2P_QUIC_STREAM (pipe)->flow;
  gsize room = 0;
  gsize total = 0;
  gsize wanted = 0;

  if (!dms_p2p_quic_stream_check_writable (flow, error))
    return -1;
  if (flow->is_stopped)
    return dms_p2p_quic_stream_swallow (flow, vectors, n_vectors);
  for (gsize i = 0; i < n_vectors; i++)
    wanted += vectors[i].size;
  if (flow->is_room_short && dms_p2p_quic_stream_get_room (flow) < wanted)
    dms_p2p_quic_stream_grow (flow);
  if (!dms_p2p_quic_stream_check_writable (flow, error))
    return -1;
  room = dms_p2p_quic_stream_get_room (flow);
  for (gsize i = 0; i < n_vectors; i++)
    {
      gsize n = MIN (vectors[i].size, room - total);

      dms_p2p_quic_queue_append (&flow->out, vectors[i].buffer, n);
      total += n;
    }
  if (total == 0)
    return wanted == 0 ? 0 : DMS_P2P_WOULD_BLOCK;
  dms_p2p_quic_connection_mark_ready (flow->connection, flow);
  dms_p2p_quic_connection_schedule (flow->connection);
  return (gssize) total;
}

static gssize
dms_p2p_quic_stream_flush (DmsP2pPipe *pipe, GError **error)
{
  DmsP2pQuicFlow *flow = DMS_P2P_QUIC_STREAM (pipe)->flow;
  g_autoptr (DmsP2pQuicConnection) connection = NULL;

  if (flow->connection != NULL && dms_p2p_quic_flow_has_output (flow))
    {
      connection = g_object_ref (flow->connection);
      dms_p2p_quic_writer_run (connection);
    }
  if (flow->failure != NULL)
    {
      g_propagate_error (error, g_error_copy (flow->failure));
      return -1;
    }
  return dms_p2p_quic_flow_has_output (flow) ? DMS_P2P_WOULD_BLOCK : 0;
}

static void
dms_p2p_quic_stream_end_output (DmsP2pQuicFlow *flow)
{
  if (flow->is_end_wanted)
    return;
  flow->is_end_wanted = TRUE;
  if (flow->connection == NULL || flow->is_stopped)
    return;
  dms_p2p_quic_connection_mark_ready (flow->connection, flow);
  dms_p2p_quic_connection_schedule (flow->connection);
}

static gboolean
dms_p2p_quic_stream_shutdown_write (DmsP2pPipe *pipe, GError **error)
{
  DmsP2pQuicFlow *flow = DMS_P2P_QUIC_STREAM (pipe)->flow;

  if (!dms_p2p_quic_stream_check_open (flow, error))
    return FALSE;
  if (flow->is_end_wanted)
    return TRUE;
  if (!dms_p2p_quic_stream_check_writable (flow, error))
    return FALSE;
  dms_p2p_quic_stream_end_output (flow);
  return TRUE;
}

/* What has come and not been read makes room for that of other streams. */
static void
dms_p2p_quic_stream_throw_away (DmsP2pQuicFlow *flow)
{
  if (flow->connection != NULL)
    dms_p2p_quic_connection_consume (flow->connection, flow, dms_p2p_quic_queue_get_size (&flow->in));
  dms_p2p_quic_queue_clear (&flow->in);
}

static void
dms_p2p_quic_stream_close (DmsP2pPipe *pipe)
{
  DmsP2pQuicFlow *flow = DMS_P2P_QUIC_STREAM (pipe)->flow;

  if (flow->is_closed)
    return;
  dms_p2p_quic_stream_end_output (flow);
  flow->is_closed = TRUE;
  if (flow->connection != NULL && !flow->is_gone)
    {
      ngtcp2_conn_shutdown_stream_read (flow->connection->conn, flow->id, 0);
      dms_p2p_quic_connection_schedule (flow->connection);
    }
  dms_p2p_quic_stream_throw_away (flow);
  dms_p2p_pipe_notify (pipe);
}

static void
dms_p2p_quic_stream_reset (DmsP2pPipe *pipe, guint64 code)
{
  DmsP2pQuicFlow *flow = DMS_P2P_QUIC_STREAM (pipe)->flow;

  /* One that was closed may still have something on its way. */
  flow->is_closed = TRUE;
  flow->is_end_wanted = TRUE;
  flow->is_stopped = TRUE;
  if (flow->connection != NULL && !flow->is_gone)
    {
      dms_p2p_quic_connection_unmark_ready (flow->connection, flow);
      /* In this order, the other one goes first. ngtcp2 0.12 forgets at once a stream of which it sees the
       * reset first, and never ends its own side of it. */
      ngtcp2_conn_shutdown_stream_write (flow->connection->conn, flow->id, MIN (code, NGTCP2_MAX_VARINT));
      ngtcp2_conn_shutdown_stream_read (flow->connection->conn, flow->id, MIN (code, NGTCP2_MAX_VARINT));
      dms_p2p_quic_connection_schedule (flow->connection);
    }
  dms_p2p_quic_stream_throw_away (flow);
  dms_p2p_pipe_notify (pipe);
}

static GIOCondition
dms_p2p_quic_stream_poll (DmsP2pPipe *pipe)
{
  DmsP2pQuicFlow *flow = DMS_P2P_QUIC_STREAM (pipe)->flow;
  gboolean is_over = flow->is_closed || flow->failure != NULL;
  GIOCondition ready = 0;

  if (is_over || flow->is_reset || flow->is_end_read || dms_p2p_quic_queue_get_size (&flow->in) > 0)
    ready |= G_IO_IN;
  /* Not for a few bytes: who writes much is told less often. */
  if (is_over || flow->is_stopped || flow->is_end_wanted ||
      dms_p2p_quic_stream_get_room (flow) >= flow->room / 4)
    ready |= G_IO_OUT;
  return ready;
}

static void
dms_p2p_quic_stream_dispose (GObject *object)
{
  DmsP2pQuicStream *self = DMS_P2P_QUIC_STREAM (object);
  DmsP2pQuicFlow *flow = self->flow;

  if (flow != NULL)
    {
      if (!flow->is_closed)
        dms_p2p_quic_stream_reset (DMS_P2P_PIPE (self), 0);
      flow->pipe = NULL;
      self->flow = NULL;
      if (flow->connection != NULL && flow->is_gone)
        {
          g_autoptr (DmsP2pQuicConnection) connection = g_object_ref (flow->connection);

          dms_p2p_quic_connection_release_flow (connection, flow);
          dms_p2p_quic_connection_schedule (connection);
        }
      dms_p2p_quic_flow_unref (flow);
    }
  G_OBJECT_CLASS (dms_p2p_quic_stream_parent_class)->dispose (object);
}

static void
dms_p2p_quic_stream_class_init (DmsP2pQuicStreamClass *klass)
{
  DmsP2pPipeClass *pipe_class = DMS_P2P_PIPE_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = dms_p2p_quic_stream_dispose;
  pipe_class->read = dms_p2p_quic_stream_read;
  pipe_class->writev = dms_p2p_quic_stream_writev;
  pipe_class->flush = dms_p2p_quic_stream_flush;
  pipe_class->shutdown_write = dms_p2p_quic_stream_shutdown_write;
  pipe_class->close = dms_p2p_quic_stream_close;
  pipe_class->reset = dms_p2p_quic_stream_reset;
  pipe_class->poll = dms_p2p_quic_stream_poll;
}

static void
dms_p2p_quic_stream_init (DmsP2pQuicStream *self)
{
}

DmsP2pPipe *
dms_p2p_quic_stream_new (DmsP2pQuicFlow *flow)
{
  DmsP2pQuicStream *self = g_object_new (DMS_TYPE_P2P_QUIC_STREAM, NULL);

  self->flow = dms_p2p_quic_flow_ref (flow);
  flow->pipe = DMS_P2P_PIPE (self);
  /* The two low bits say who opened it, and whether it goes both ways (RFC 9000 section 2.1). */
  if (flow->is_incoming)
    dms_p2p_pipe_set_sequence (flow->pipe, flow->id >> 2);
  return DMS_P2P_PIPE (self);
}
