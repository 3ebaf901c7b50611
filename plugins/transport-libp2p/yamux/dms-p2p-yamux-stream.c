/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "yamux/dms-p2p-yamux-private.h"

#include <string.h>

/**
 * DmsP2pYamuxStream:
 *
 * One stream of a session. It writes straight into the session; what comes waits in its queue, at most a
 * window. The session does not own it: a stream that its user lets go without closing it is reset. One that
 * is closed here stays with the session until the other side has closed it too.
 */

enum
{
  /* Payload of this size is read from the session's own buffer, by a handler that waits for it. */
  DMS_P2P_YAMUX_DIRECT_BYTES = 4096,
  /* Memory is asked for in these steps, and not at all up to the free bytes. */
  DMS_P2P_YAMUX_CHARGE_STEP = 64 * 1024,
  DMS_P2P_YAMUX_CHARGE_FREE = 4096,
  /* How often a handler is told before others have their turn. */
  DMS_P2P_YAMUX_DELIVERIES = 8,
  /* Pieces of one frame. */
  DMS_P2P_YAMUX_VECTORS = 32,
  /* A window that lasts less than so many round trips is too small (go-yamux, sendWindowUpdate). */
  DMS_P2P_YAMUX_GROW_ROUND_TRIPS = 4,
  /* A round trip between two main loops takes their turns, however short the way is. */
  DMS_P2P_YAMUX_ROUND_TRIP_MIN_US = 1000,
};

G_DEFINE_FINAL_TYPE (DmsP2pYamuxStream, dms_p2p_yamux_stream, DMS_TYPE_P2P_PIPE)

static gboolean
dms_p2p_yamux_stream_is_readable (DmsP2pYamuxStream *self)
{
  /* Who has closed it may be gone. */
  if (self->is_closed)
    return FALSE;
  return self->queue.size > 0 || self->n_borrowed > 0 || self->got_fin || self->error != NULL;
}

static gboolean
dms_p2p_yamux_stream_wants (DmsP2pYamuxStream *self, GIOCondition condition)
{
  return (dms_p2p_pipe_get_wanted (DMS_P2P_PIPE (self)) & condition) != 0;
}

/* Whether it waits for nothing but its turn. */
gboolean
dms_p2p_yamux_stream_wants_output (DmsP2pYamuxStream *self)
{
  return self->session != NULL && self->send_window > 0 && !self->sent_fin &&
         dms_p2p_yamux_stream_wants (self, G_IO_OUT);
}

static void
dms_p2p_yamux_stream_drop_input (DmsP2pYamuxStream *self)
{
  dms_p2p_yamux_queue_clear (&self->queue);
  self->borrowed = NULL;
  self->n_borrowed = 0;
}

/* --- memory and windows -------------------------------------------------------------------------------- */

/* Counts what waits to be read as memory: a grown window whole, of the first one what is really held. */
static gboolean
dms_p2p_yamux_stream_account (DmsP2pYamuxStream *self)
{
  gsize room = self->queue.room;
  gsize target = self->receive_max - DMS_P2P_YAMUX_WINDOW_FIRST;
  gssize delta = 0;

  if (self->session == NULL)
    return TRUE;
  if (room > DMS_P2P_YAMUX_CHARGE_FREE)
    target +=
        MIN ((room + DMS_P2P_YAMUX_CHARGE_STEP - 1) / DMS_P2P_YAMUX_CHARGE_STEP * DMS_P2P_YAMUX_CHARGE_STEP,
             DMS_P2P_YAMUX_WINDOW_FIRST);
  delta = (gssize) target - (gssize) self->charged;
  if (delta == 0)
    return TRUE;
  if (!dms_p2p_muxer_change_memory (DMS_P2P_MUXER (self->session), delta) && delta > 0)
    return FALSE;
  self->charged = target;
  return TRUE;
}

/* Doubles a window that is used up faster than the other side can learn that it is free again. */
static guint32
dms_p2p_yamux_stream_grow (DmsP2pYamuxStream *self, gint64 now)
{
  guint32 larger = MIN (2 * self->receive_max, DMS_P2P_YAMUX_WINDOW_MAX);
  guint32 growth = larger - self->receive_max;
  gint64 round_trip = MAX (self->session->rtt_us, DMS_P2P_YAMUX_ROUND_TRIP_MIN_US);

  if (growth == 0 || self->session->rtt_us < 0 || self->epoch == 0 ||
      now - self->epoch >= DMS_P2P_YAMUX_GROW_ROUND_TRIPS * round_trip)
    return 0;
  if (!dms_p2p_muxer_change_memory (DMS_P2P_MUXER (self->session), growth))
    return 0;
  self->charged += growth;
  self->receive_max = larger;
  return growth;
}

/* Gives back what was read once it is half the window. */
static void
dms_p2p_yamux_stream_give_window (DmsP2pYamuxStream *self)
{
  guint32 free_bytes = self->receive_max - self->receive_window - self->unread;
  gint64 now = 0;

  if (self->session == NULL || self->got_fin || self->is_closed || self->id == 0 ||
      free_bytes < self->receive_max / 2)
    return;
  now = g_get_monotonic_time ();
  free_bytes += dms_p2p_yamux_stream_grow (self, now);
  self->epoch = now;
  self->receive_window += free_bytes;
  dms_p2p_yamux_stream_send_window (self, free_bytes, 0);
}

/* Sends a window update, with what else the other side has to know. */
void
dms_p2p_yamux_stream_send_window (DmsP2pYamuxStream *self, guint32 delta, guint16 flags)
{
  if (self->syn_due)
    flags |= DMS_P2P_YAMUX_SYN;
  if (self->ack_due)
    flags |= DMS_P2P_YAMUX_ACK;
  self->syn_due = FALSE;
  self->ack_due = FALSE;
  dms_p2p_yamux_send (self->session, DMS_P2P_YAMUX_WINDOW, flags, self->id, delta);
}

/* --- what the session tells ---------------------------------------------------------------------------- */

/* Counts a data frame against the window before anything of it is taken. */
gboolean
dms_p2p_yamux_stream_charge (DmsP2pYamuxStream *self, guint32 length)
{
  if (length > self->receive_window)
    return FALSE;
  if (self->epoch == 0)
    self->epoch = g_get_monotonic_time ();
  self->receive_window -= length;
  self->unread += length;
  return TRUE;
}

/* The other side is told that the stream is no more, and the session forgets it. */
static void
dms_p2p_yamux_stream_send_reset (DmsP2pYamuxStream *self, guint64 code)
{
  DmsP2pYamux *session = self->session;

  /* What the other side was never told of need not be taken back. */
  if (self->id != 0 && !self->syn_due)
    dms_p2p_yamux_send (session,
                        DMS_P2P_YAMUX_WINDOW,
                        DMS_P2P_YAMUX_RST | (self->ack_due ? DMS_P2P_YAMUX_ACK : 0),
                        self->id,
                        (guint32) MIN (code, G_MAXUINT32));
  dms_p2p_yamux_forget_stream (session, self);
}

static void
dms_p2p_yamux_stream_discard (DmsP2pYamuxStream *self, gsize size)
{
  self->unread -= (guint32) size;
  self->n_discarded += (guint32) size;
  /* It would fill its window and wait for ever. */
  if (self->session != NULL && self->n_discarded > DMS_P2P_YAMUX_WINDOW_FIRST / 2)
    dms_p2p_yamux_stream_send_reset (self, 0);
}

/* Tells the handler. FALSE when that has let go of the stream, which is no more then: handlers are told no
 * second time after that, so nobody may hold a reference meanwhile. */
static gboolean
dms_p2p_yamux_stream_tell (DmsP2pYamuxStream *self)
{
  DmsP2pYamuxStream *alive = self;

  g_object_add_weak_pointer (G_OBJECT (self), (gpointer *) &alive);
  dms_p2p_pipe_dispatch (DMS_P2P_PIPE (self), G_IO_IN);
  if (alive == NULL)
    return FALSE;
  g_object_remove_weak_pointer (G_OBJECT (self), (gpointer *) &alive);
  return TRUE;
}

/* Lets a handler that waits read from the session's buffer. FALSE when the stream is no more. */
static gboolean
dms_p2p_yamux_stream_lend (DmsP2pYamuxStream *self, const guint8 *data, gsize size)
{
  gsize before = 0;

  self->borrowed = data;
  self->n_borrowed = size;
  while (self->n_borrowed > 0 && self->n_borrowed != before && dms_p2p_yamux_stream_wants (self, G_IO_IN))
    {
      before = self->n_borrowed;
      if (!dms_p2p_yamux_stream_tell (self))
        return FALSE;
    }
  data = self->borrowed;
  size = self->n_borrowed;
  self->borrowed = NULL;
  self->n_borrowed = 0;
  if (size > 0)
    dms_p2p_yamux_queue_push (&self->queue, data, size);
  return TRUE;
}

void
dms_p2p_yamux_stream_take_data (DmsP2pYamuxStream *self, const guint8 *data, gsize size)
{
  if (self->is_closed)
    {
      dms_p2p_yamux_stream_discard (self, size);
      return;
    }
  if (size < DMS_P2P_YAMUX_DIRECT_BYTES || self->queue.size > 0 ||
      !dms_p2p_yamux_stream_wants (self, G_IO_IN))
    dms_p2p_yamux_queue_push (&self->queue, data, size);
  else if (!dms_p2p_yamux_stream_lend (self, data, size))
    return;
  if (self->queue.size == 0 || self->session == NULL)
    return;
  dms_p2p_yamux_make_ready (self->session, self);
  if (dms_p2p_yamux_stream_account (self))
    return;
  dms_p2p_yamux_stream_drop_input (self);
  self->error = g_error_new_literal (
      DMS_ERROR, DMS_ERROR_BUSY, "there is no memory for what the other side of a stream sends");
  dms_p2p_yamux_stream_send_reset (self, 0);
  dms_p2p_pipe_notify (DMS_P2P_PIPE (self));
}

static void
dms_p2p_yamux_stream_check_done (DmsP2pYamuxStream *self)
{
  if (self->session != NULL && self->got_fin && self->sent_fin)
    dms_p2p_yamux_forget_stream (self->session, self);
}

void
dms_p2p_yamux_stream_take_fin (DmsP2pYamuxStream *self)
{
  g_autoptr (DmsP2pYamuxStream) keep = g_object_ref (self);

  self->got_fin = TRUE;
  dms_p2p_yamux_make_ready (self->session, self);
  dms_p2p_yamux_stream_check_done (self);
  if (self->session == NULL)
    dms_p2p_pipe_notify (DMS_P2P_PIPE (self));
}

void
dms_p2p_yamux_stream_take_reset (DmsP2pYamuxStream *self, guint32 code)
{
  g_autoptr (DmsP2pYamuxStream) keep = g_object_ref (self);

  dms_p2p_yamux_stream_drop_input (self);
  self->got_fin = FALSE;
  if (self->error == NULL)
    self->error = g_error_new (
        DMS_ERROR, DMS_ERROR_IO, "the other side reset the stream, with the code %" G_GUINT32_FORMAT, code);
  dms_p2p_yamux_forget_stream (self->session, self);
  dms_p2p_pipe_notify (DMS_P2P_PIPE (self));
}

/* FALSE when the window overflows. */
gboolean
dms_p2p_yamux_stream_take_window (DmsP2pYamuxStream *self, guint32 delta)
{
  if (delta > G_MAXUINT32 - self->send_window)
    return FALSE;
  self->send_window += delta;
  if (dms_p2p_yamux_stream_wants_output (self))
    dms_p2p_yamux_make_wait (self->session, self);
  return TRUE;
}

void
dms_p2p_yamux_stream_take_ack (DmsP2pYamuxStream *self)
{
  if (!self->ack_awaited)
    return;
  self->ack_awaited = FALSE;
  self->session->n_unacknowledged--;
}

/* Tells the handler what has come, from the main loop. */
void
dms_p2p_yamux_stream_deliver (DmsP2pYamuxStream *self)
{
  int i = 0;

  if (self->id == 0 && self->session != NULL && dms_p2p_yamux_stream_wants (self, G_IO_IN))
    dms_p2p_pipe_flush (DMS_P2P_PIPE (self), NULL);
  for (i = 0; i < DMS_P2P_YAMUX_DELIVERIES; i++)
    {
      if (!dms_p2p_yamux_stream_is_readable (self) || !dms_p2p_yamux_stream_wants (self, G_IO_IN))
        break;
      if (!dms_p2p_yamux_stream_tell (self))
        return;
    }
  if (i == DMS_P2P_YAMUX_DELIVERIES)
    dms_p2p_pipe_notify (DMS_P2P_PIPE (self));
  if (self->session != NULL && self->ack_due && self->is_accepted)
    dms_p2p_yamux_stream_send_window (self, 0, 0);
}

/* The session is no more. What came whole can still be read. */
void
dms_p2p_yamux_stream_end (DmsP2pYamuxStream *self, const GError *error)
{
  g_autoptr (DmsP2pYamuxStream) keep = g_object_ref (self);

  if (self->error == NULL)
    self->error = g_error_copy (error);
  dms_p2p_yamux_forget_stream (self->session, self);
  dms_p2p_pipe_notify (DMS_P2P_PIPE (self));
}

/* --- as a pipe ----------------------------------------------------------------------------------------- */

static gboolean
dms_p2p_yamux_stream_fail (DmsP2pYamuxStream *self, GError **error)
{
  if (self->is_closed)
    g_set_error_literal (error, DMS_ERROR, DMS_ERROR_WRONG_STATE, "the stream is closed");
  else if (self->error != NULL && error != NULL)
    *error = g_error_copy (self->error);
  else
    g_set_error_literal (error, DMS_ERROR, DMS_ERROR_IO, "the connection of the stream has ended");
  return FALSE;
}

static gssize
dms_p2p_yamux_stream_read (DmsP2pPipe *pipe, void *buffer, gsize size, GError **error)
{
  DmsP2pYamuxStream *self = DMS_P2P_YAMUX_STREAM (pipe);
  gsize n = 0;
  gsize more = 0;

  if (self->is_closed)
    return dms_p2p_yamux_stream_fail (self, error) ? 0 : -1;
  n = dms_p2p_yamux_queue_pop (&self->queue, buffer, size);
  if (n < size && self->n_borrowed > 0)
    {
      more = MIN (size - n, self->n_borrowed);
      memcpy ((guint8 *) buffer + n, self->borrowed, more);
      self->borrowed += more;
      self->n_borrowed -= more;
      n += more;
    }
  if (n > 0)
    {
      self->unread -= (guint32) n;
      dms_p2p_yamux_stream_account (self);
      dms_p2p_yamux_stream_give_window (self);
      return (gssize) n;
    }
  if (self->got_fin)
    return 0;
  if (self->error != NULL)
    return dms_p2p_yamux_stream_fail (self, error) ? 0 : -1;
  return DMS_P2P_WOULD_BLOCK;
}

static gboolean
dms_p2p_yamux_stream_check_writable (DmsP2pYamuxStream *self, GError **error)
{
  if (self->is_closed || self->error != NULL)
    return dms_p2p_yamux_stream_fail (self, error);
  if (self->sent_fin)
    {
      g_set_error_literal (error, DMS_ERROR, DMS_ERROR_WRONG_STATE, "the stream is closed for writing");
      return FALSE;
    }
  if (self->session == NULL || self->session->is_ending)
    return dms_p2p_yamux_stream_fail (self, error);
  return self->id != 0 || dms_p2p_yamux_begin_stream (self->session, self, error);
}

/* The first of @vectors up to @max bytes, into @into: how many it makes. */
static gsize
dms_p2p_yamux_stream_cut (const GOutputVector *vectors,
                          gsize n_vectors,
                          gsize max,
                          GOutputVector *into,
                          guint32 *size)
{
  gsize n = 0;

  *size = 0;
  for (gsize i = 0; i < n_vectors && n < DMS_P2P_YAMUX_VECTORS && *size < max; i++)
    {
      if (vectors[i].size == 0)
        continue;
      into[n] = vectors[i];
      into[n].size = MIN (into[n].size, max - *size);
      *size += (guint32) into[n].size;
      n++;
    }
  return n;
}

static gssize
dms_p2p_yamux_stream_writev (DmsP2pPipe *pipe, const GOutputVector *vectors, gsize n_vectors, GError **error)
{
  DmsP2pYamuxStream *self = DMS_P2P_YAMUX_STREAM (pipe);
  GOutputVector out[DMS_P2P_YAMUX_VECTORS + 2];
  DmsP2pYamuxFrame frame = { DMS_P2P_YAMUX_DATA, 0, 0, 0 };
  gsize n_out = 0;
  gssize n = 0;

  if (!dms_p2p_yamux_stream_check_writable (self, error))
    return -1;
  if (self->send_window == 0 || !dms_p2p_yamux_may_write (self->session, self))
    return DMS_P2P_WOULD_BLOCK;
  n_out = dms_p2p_yamux_stream_cut (
      vectors, n_vectors, MIN (self->send_window, DMS_P2P_YAMUX_DATA_MAX), out + 2, &frame.length);
  if (n_out == 0)
    return 0;
  frame.id = self->id;
  frame.flags = (self->syn_due ? DMS_P2P_YAMUX_SYN : 0) | (self->ack_due ? DMS_P2P_YAMUX_ACK : 0);
  n = dms_p2p_yamux_send_data (self->session, &frame, out, n_out + 2);
  if (n == -1)
    return dms_p2p_yamux_stream_fail (self, error) ? 0 : -1;
  if (n == DMS_P2P_WOULD_BLOCK)
    return n;
  self->syn_due = FALSE;
  self->ack_due = FALSE;
  self->send_window -= frame.length;
  dms_p2p_yamux_note_written (self->session, self, frame.length);
  return n;
}

static gssize
dms_p2p_yamux_stream_flush (DmsP2pPipe *pipe, GError **error)
{
  DmsP2pYamuxStream *self = DMS_P2P_YAMUX_STREAM (pipe);

  if (self->session == NULL || self->sent_fin)
    return 0;
  if (!dms_p2p_yamux_stream_check_writable (self, error))
    return -1;
  if (self->syn_due)
    dms_p2p_yamux_stream_send_window (self, 0, 0);
  if (!dms_p2p_yamux_flush (self->session))
    return DMS_P2P_WOULD_BLOCK;
  return dms_p2p_pipe_flush (self->session->pipe, error);
}

static gboolean
dms_p2p_yamux_stream_shutdown_write (DmsP2pPipe *pipe, GError **error)
{
  DmsP2pYamuxStream *self = DMS_P2P_YAMUX_STREAM (pipe);

  if (self->sent_fin)
    return TRUE;
  if (!dms_p2p_yamux_stream_check_writable (self, error))
    return FALSE;
  dms_p2p_yamux_stop_waiting (self->session, self);
  dms_p2p_yamux_stream_send_window (self, 0, DMS_P2P_YAMUX_FIN);
  self->sent_fin = TRUE;
  dms_p2p_yamux_stream_check_done (self);
  return TRUE;
}

static void
dms_p2p_yamux_stream_close (DmsP2pPipe *pipe)
{
  DmsP2pYamuxStream *self = DMS_P2P_YAMUX_STREAM (pipe);
  g_autoptr (DmsP2pYamuxStream) keep = g_object_ref (self);

  if (self->is_closed)
    return;
  if (self->session != NULL && (self->id == 0 || self->syn_due))
    dms_p2p_yamux_forget_stream (self->session, self);
  else if (self->session != NULL)
    dms_p2p_yamux_stream_shutdown_write (pipe, NULL);
  self->is_closed = TRUE;
  self->unread -= (guint32) (self->queue.size + self->n_borrowed);
  dms_p2p_yamux_stream_drop_input (self);
  dms_p2p_yamux_stream_account (self);
  if (self->session != NULL)
    dms_p2p_yamux_linger_stream (self->session, self);
}

static void
dms_p2p_yamux_stream_reset (DmsP2pPipe *pipe, guint64 code)
{
  DmsP2pYamuxStream *self = DMS_P2P_YAMUX_STREAM (pipe);
  g_autoptr (DmsP2pYamuxStream) keep = g_object_ref (self);

  if (self->session != NULL)
    dms_p2p_yamux_stream_send_reset (self, code);
  self->is_closed = TRUE;
  dms_p2p_yamux_stream_drop_input (self);
}

static GIOCondition
dms_p2p_yamux_stream_poll (DmsP2pPipe *pipe)
{
  DmsP2pYamuxStream *self = DMS_P2P_YAMUX_STREAM (pipe);
  GIOCondition ready = 0;

  if (self->is_closed)
    return 0;
  if (dms_p2p_yamux_stream_is_readable (self))
    ready |= G_IO_IN;
  /* Live streams get their turns to write from the session. */
  if (self->session == NULL || self->sent_fin)
    ready |= G_IO_OUT;
  return ready;
}

static void
dms_p2p_yamux_stream_want (DmsP2pPipe *pipe, GIOCondition condition)
{
  DmsP2pYamuxStream *self = DMS_P2P_YAMUX_STREAM (pipe);

  dms_p2p_pipe_notify (pipe);
  if (self->session == NULL)
    return;
  /* Reading begins the stream, if writing does not do so before the main loop runs. */
  if (self->id == 0 && (condition & G_IO_IN) != 0)
    dms_p2p_yamux_make_ready (self->session, self);
  if (dms_p2p_yamux_stream_wants_output (self))
    dms_p2p_yamux_make_wait (self->session, self);
  else
    dms_p2p_yamux_stop_waiting (self->session, self);
}

static void
dms_p2p_yamux_stream_dispose (GObject *object)
{
  DmsP2pYamuxStream *self = DMS_P2P_YAMUX_STREAM (object);

  if (self->session != NULL)
    dms_p2p_yamux_stream_send_reset (self, 0);
  G_OBJECT_CLASS (dms_p2p_yamux_stream_parent_class)->dispose (object);
}

static void
dms_p2p_yamux_stream_finalize (GObject *object)
{
  DmsP2pYamuxStream *self = DMS_P2P_YAMUX_STREAM (object);

  dms_p2p_yamux_stream_drop_input (self);
  g_clear_error (&self->error);
  G_OBJECT_CLASS (dms_p2p_yamux_stream_parent_class)->finalize (object);
}

static void
dms_p2p_yamux_stream_class_init (DmsP2pYamuxStreamClass *klass)
{
  DmsP2pPipeClass *pipe_class = DMS_P2P_PIPE_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = dms_p2p_yamux_stream_dispose;
  G_OBJECT_CLASS (klass)->finalize = dms_p2p_yamux_stream_finalize;
  pipe_class->read = dms_p2p_yamux_stream_read;
  pipe_class->writev = dms_p2p_yamux_stream_writev;
  pipe_class->flush = dms_p2p_yamux_stream_flush;
  pipe_class->shutdown_write = dms_p2p_yamux_stream_shutdown_write;
  pipe_class->close = dms_p2p_yamux_stream_close;
  pipe_class->reset = dms_p2p_yamux_stream_reset;
  pipe_class->poll = dms_p2p_yamux_stream_poll;
  pipe_class->want = dms_p2p_yamux_stream_want;
}

static void
dms_p2p_yamux_stream_init (DmsP2pYamuxStream *self)
{
  self->all_link.data = self;
  self->waiting_link.data = self;
  self->ready_link.data = self;
  self->linger_link.data = self;
  self->send_window = DMS_P2P_YAMUX_WINDOW_FIRST;
  self->receive_window = DMS_P2P_YAMUX_WINDOW_FIRST;
  self->receive_max = DMS_P2P_YAMUX_WINDOW_FIRST;
}

/* A stream that the other side opened as @id, or a new one of ours when that is 0. */
DmsP2pYamuxStream *
dms_p2p_yamux_stream_new (DmsP2pYamux *session, guint32 id)
{
  DmsP2pYamuxStream *self = NULL;

  /* Pipes live in the context that makes them; streams live in their session's. */
  g_main_context_push_thread_default (session->context);
  self = g_object_new (DMS_TYPE_P2P_YAMUX_STREAM, NULL);
  g_main_context_pop_thread_default (session->context);
  self->session = session;
  self->id = id;
  self->is_inbound = id != 0;
  self->ack_due = id != 0;
  self->syn_due = id == 0;
  self->ack_awaited = id == 0;
  return self;
}
