/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "yamux/dms-p2p-yamux-private.h"

/**
 * DmsP2pYamux:
 *
 * A yamux session. What comes is parsed in one buffer, which an idle session does not have, and handed to the
 * handlers of the streams at once; what goes out is written to the pipe below at once, and only what that
 * does not take is held, bounded. Frames that the handlers make in one turn of the main loop go out in one
 * piece. Streams write in turn when the pipe is slower than they are.
 *
 * It lives in the main context that made it, with its pipe and its streams. Handlers may let go of any of
 * these. An idle session takes 1.8 KiB with its watch and timer, an open idle stream 0.4 KiB. A session whose
 * end is due lives until it has told that: who goes before clears the handlers.
 */

enum
{
  /* go-yamux, DefaultConfig. */
  DMS_P2P_YAMUX_PING_INTERVAL_MS = 30 * 1000,
  DMS_P2P_YAMUX_PING_TIMEOUT_MS = 10 * 1000,
  /* How long the rest may take to go out after the session has ended. */
  DMS_P2P_YAMUX_DRAIN_MS = 5 * 1000,
  /* Streams that write before others of the main loop have their turn. */
  DMS_P2P_YAMUX_TURNS = 64,
  /* Rounds of turns that are waited for a stream whose handler did not write at once. */
  DMS_P2P_YAMUX_PATIENCE = 2,
};

G_DEFINE_FINAL_TYPE (DmsP2pYamux, dms_p2p_yamux, DMS_TYPE_P2P_MUXER)

void
dms_p2p_yamux_drop_source (GSource **source)
{
  if (*source == NULL)
    return;
  g_source_destroy (*source);
  g_clear_pointer (source, g_source_unref);
}

static GSource *
dms_p2p_yamux_attach (DmsP2pYamux *self, GSource *source, GSourceFunc function, gboolean is_owner)
{
  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_static_name (source, "dms-p2p-yamux");
  g_source_set_callback (
      source, function, is_owner ? g_object_ref (self) : self, is_owner ? g_object_unref : NULL);
  g_source_attach (source, self->context);
  return source;
}

/* --- the end ------------------------------------------------------------------------------------------- */

static void
dms_p2p_yamux_drop_sources (DmsP2pYamux *self)
{
  dms_p2p_yamux_drop_source (&self->pump);
  dms_p2p_yamux_drop_source (&self->timer);
}

static void
dms_p2p_yamux_end_streams (DmsP2pYamux *self)
{
  g_autoptr (GError) error = NULL;
  DmsP2pYamuxStream *stream = NULL;

  error = g_error_new (DMS_ERROR,
                       DMS_ERROR_IO,
                       "the connection of the stream has ended: %s",
                       self->error != NULL ? self->error->message : "it was closed");
  while ((stream = g_queue_peek_head (&self->all)) != NULL)
    dms_p2p_yamux_stream_end (stream, error);
  while ((stream = g_queue_pop_head (&self->unaccepted)) != NULL)
    g_object_unref (stream);
}

static void
dms_p2p_yamux_finish (DmsP2pYamux *self)
{
  g_autoptr (DmsP2pYamux) keep = g_object_ref (self);

  if (self->has_ended)
    return;
  self->has_ended = TRUE;
  dms_p2p_yamux_drop_sources (self);
  dms_p2p_yamux_drop_source (&self->end);
  dms_p2p_yamux_output_clear (&self->output);
  dms_p2p_yamux_trim_input (self);
  dms_p2p_pipe_set_handler (self->pipe, NULL, NULL);
  dms_p2p_pipe_close (self->pipe);
  dms_p2p_muxer_emit_closed (DMS_P2P_MUXER (self), self->error);
}

static gboolean
dms_p2p_yamux_on_drained (gpointer user_data)
{
  dms_p2p_yamux_finish (user_data);
  return G_SOURCE_REMOVE;
}

static gboolean
dms_p2p_yamux_on_end (gpointer user_data)
{
  DmsP2pYamux *self = user_data;
  g_autoptr (DmsP2pYamux) keep = g_object_ref (self);

  dms_p2p_yamux_drop_sources (self);
  dms_p2p_yamux_end_streams (self);
  dms_p2p_yamux_watch (self);
  if (dms_p2p_yamux_flush (self))
    {
      dms_p2p_yamux_finish (self);
      return G_SOURCE_REMOVE;
    }
  /* The last words go out if the other side reads them; nobody waits for that. */
  dms_p2p_yamux_drop_source (&self->end);
  self->end = dms_p2p_yamux_attach (
      self, g_timeout_source_new (DMS_P2P_YAMUX_DRAIN_MS), dms_p2p_yamux_on_drained, TRUE);
  return G_SOURCE_REMOVE;
}

void
dms_p2p_yamux_fail (DmsP2pYamux *self, GError *error)
{
  if (self->is_ending)
    {
      g_clear_error (&error);
      return;
    }
  self->is_ending = TRUE;
  self->error = error;
  self->end = dms_p2p_yamux_attach (self, g_idle_source_new (), dms_p2p_yamux_on_end, TRUE);
}

void
dms_p2p_yamux_fail_protocol (DmsP2pYamux *self, const char *what, guint32 id)
{
  dms_p2p_yamux_send (self, DMS_P2P_YAMUX_GO_AWAY, 0, 0, DMS_P2P_YAMUX_GO_AWAY_PROTOCOL);
  dms_p2p_yamux_fail (self,
                      g_error_new (DMS_ERROR,
                                   DMS_ERROR_INVALID_DATA,
                                   "the other side of a yamux session %s (stream %" G_GUINT32_FORMAT ")",
                                   what,
                                   id));
}

/* Ends a session of which a side goes away, with its last stream. */
void
dms_p2p_yamux_check_done (DmsP2pYamux *self)
{
  if ((self->we_go_away || self->they_go_away) && self->all.length == 0)
    dms_p2p_yamux_fail (self, NULL);
}

void
dms_p2p_yamux_go_away (DmsP2pYamux *self)
{
  if (self->we_go_away)
    return;
  self->we_go_away = TRUE;
  dms_p2p_yamux_send (self, DMS_P2P_YAMUX_GO_AWAY, 0, 0, DMS_P2P_YAMUX_GO_AWAY_NORMAL);
  dms_p2p_yamux_check_done (self);
}

/* --- turns of the main loop ---------------------------------------------------------------------------- */

static gboolean
dms_p2p_yamux_has_output_room (DmsP2pYamux *self)
{
  return !self->is_ending && !self->is_blocked &&
         dms_p2p_yamux_output_get_size (&self->output) < DMS_P2P_YAMUX_OUTPUT_FULL;
}

static void
dms_p2p_yamux_deliver (DmsP2pYamux *self)
{
  for (guint n = self->ready.length; n > 0 && self->ready.length > 0; n--)
    {
      DmsP2pYamuxStream *stream = g_queue_pop_head_link (&self->ready)->data;

      stream->is_ready = FALSE;
      dms_p2p_yamux_stream_deliver (stream);
    }
}

static void
dms_p2p_yamux_note_late (DmsP2pYamux *self, DmsP2pYamuxStream *stream)
{
  self->n_patient = DMS_P2P_YAMUX_PATIENCE;
  if (!stream->is_late)
    self->n_late++;
  stream->is_late = TRUE;
}

static void
dms_p2p_yamux_forget_late (DmsP2pYamux *self, DmsP2pYamuxStream *stream)
{
  if (stream->is_late)
    self->n_late--;
  stream->is_late = FALSE;
}

/* Whether somebody but @stream, which may be NULL, is still to write. */
static gboolean
dms_p2p_yamux_is_patient (DmsP2pYamux *self, DmsP2pYamuxStream *stream)
{
  guint self_late = stream != NULL && stream->is_late ? 1 : 0;

  return self->n_patient > 0 && self->n_late > self_late;
}

static void
dms_p2p_yamux_give_turn (DmsP2pYamux *self)
{
  g_autoptr (DmsP2pYamuxStream) stream = g_object_ref (g_queue_pop_head_link (&self->waiting)->data);

  stream->is_waiting = FALSE;
  if (!dms_p2p_yamux_stream_wants_output (stream))
    return;
  stream->credit = DMS_P2P_YAMUX_QUANTUM;
  dms_p2p_pipe_dispatch (DMS_P2P_PIPE (stream), G_IO_OUT);
  if (dms_p2p_yamux_stream_wants_output (stream))
    dms_p2p_yamux_make_wait (self, stream);
  else if (stream->session != NULL && stream->credit == DMS_P2P_YAMUX_QUANTUM)
    dms_p2p_yamux_note_late (self, stream);
}

/* Lets the streams that wait write, each a quantum if there are others. A handler may as well write a little
 * later, from a source of its own: until it has, others do not fill the pipe. */
static void
dms_p2p_yamux_give_turns (DmsP2pYamux *self)
{
  guint n = self->waiting.length;

  if (self->n_patient > 0)
    self->n_patient--;
  for (guint i = 0; i < MAX (n, DMS_P2P_YAMUX_TURNS); i++)
    {
      if (self->waiting.length == 0 || !dms_p2p_yamux_has_output_room (self))
        return;
      if (i >= n && dms_p2p_yamux_is_patient (self, NULL))
        return;
      dms_p2p_yamux_give_turn (self);
    }
}

static void
dms_p2p_yamux_take_turn (DmsP2pYamux *self)
{
  dms_p2p_yamux_accept_waiting (self);
  dms_p2p_yamux_deliver (self);
  dms_p2p_yamux_give_turns (self);
  dms_p2p_yamux_unhold (self);
  if (self->has_more || self->ready.length > 0 || dms_p2p_yamux_can_accept (self) ||
      (self->waiting.length > 0 && dms_p2p_yamux_has_output_room (self)))
    dms_p2p_yamux_schedule (self);
}

static gboolean
dms_p2p_yamux_on_pump (gpointer user_data)
{
  DmsP2pYamux *self = user_data;
  g_autoptr (DmsP2pYamux) keep = g_object_ref (self);

  g_clear_pointer (&self->pump, g_source_unref);
  dms_p2p_yamux_hold (self);
  dms_p2p_yamux_begin_pings (self);
  if (self->has_more)
    dms_p2p_yamux_read_input (self);
  dms_p2p_yamux_take_turn (self);
  return G_SOURCE_REMOVE;
}

/* Sees to it that what waits has its turn. */
void
dms_p2p_yamux_schedule (DmsP2pYamux *self)
{
  if (self->pump != NULL || self->held > 0 || self->is_ending)
    return;
  self->pump = dms_p2p_yamux_attach (self, g_idle_source_new (), dms_p2p_yamux_on_pump, FALSE);
}

static void
dms_p2p_yamux_on_pipe (DmsP2pPipe *pipe, GIOCondition condition, gpointer user_data)
{
  DmsP2pYamux *self = user_data;
  g_autoptr (DmsP2pYamux) keep = g_object_ref (self);

  if ((condition & G_IO_OUT) != 0)
    {
      self->is_blocked = FALSE;
      dms_p2p_yamux_flush (self);
      dms_p2p_yamux_watch (self);
    }
  if (self->is_ending)
    {
      /* Not before the streams have been told. */
      if (self->all.length == 0 && dms_p2p_yamux_output_get_size (&self->output) == 0)
        dms_p2p_yamux_finish (self);
      return;
    }
  dms_p2p_yamux_hold (self);
  if ((condition & G_IO_IN) != 0)
    dms_p2p_yamux_read_input (self);
  dms_p2p_yamux_take_turn (self);
}

/* --- streams ------------------------------------------------------------------------------------------- */

/* Gives a stream of ours its ID, when it has something to say: so IDs rise on the way. */
gboolean
dms_p2p_yamux_begin_stream (DmsP2pYamux *self, DmsP2pYamuxStream *stream, GError **error)
{
  if (self->we_go_away || self->they_go_away)
    {
      g_set_error_literal (
          error, DMS_ERROR, DMS_ERROR_WRONG_STATE, "the yamux session is ending; make a new connection");
      return FALSE;
    }
  if (self->next_id > G_MAXUINT32 - 2)
    {
      g_set_error_literal (error,
                           DMS_ERROR,
                           DMS_ERROR_WRONG_STATE,
                           "the yamux session has used up its stream IDs; make a new connection");
      return FALSE;
    }
  stream->id = self->next_id;
  self->next_id += 2;
  g_hash_table_insert (self->streams, GUINT_TO_POINTER (stream->id), stream);
  return TRUE;
}

void
dms_p2p_yamux_stop_waiting (DmsP2pYamux *self, DmsP2pYamuxStream *stream)
{
  if (!stream->is_waiting)
    return;
  stream->is_waiting = FALSE;
  g_queue_unlink (&self->waiting, &stream->waiting_link);
}

void
dms_p2p_yamux_make_wait (DmsP2pYamux *self, DmsP2pYamuxStream *stream)
{
  if (stream->is_waiting)
    return;
  stream->is_waiting = TRUE;
  g_queue_push_tail_link (&self->waiting, &stream->waiting_link);
  if (dms_p2p_yamux_has_output_room (self))
    dms_p2p_yamux_schedule (self);
}

void
dms_p2p_yamux_make_ready (DmsP2pYamux *self, DmsP2pYamuxStream *stream)
{
  if (stream->is_ready)
    return;
  stream->is_ready = TRUE;
  g_queue_push_tail_link (&self->ready, &stream->ready_link);
  dms_p2p_yamux_schedule (self);
}

/* Whether a stream may write now: when the pipe takes something, and it has had its turn or nobody waits for
 * one. */
gboolean
dms_p2p_yamux_may_write (DmsP2pYamux *self, DmsP2pYamuxStream *stream)
{
  guint others = self->waiting.length - (stream->is_waiting ? 1 : 0);

  if (!dms_p2p_yamux_has_output_room (self))
    return FALSE;
  return stream->credit > 0 || (others == 0 && !dms_p2p_yamux_is_patient (self, stream));
}

void
dms_p2p_yamux_note_written (DmsP2pYamux *self, DmsP2pYamuxStream *stream, guint32 size)
{
  dms_p2p_yamux_forget_late (self, stream);
  stream->credit -= MIN (stream->credit, size);
}

/* Keeps a stream that is closed here until the other side has closed it. */
void
dms_p2p_yamux_linger_stream (DmsP2pYamux *self, DmsP2pYamuxStream *stream)
{
  if (stream->is_lingering)
    return;
  stream->is_lingering = TRUE;
  stream->lingers_since = g_get_monotonic_time ();
  g_object_ref (stream);
  g_queue_push_tail_link (&self->lingering, &stream->linger_link);
}

/* Lets go of a stream. That may free it. */
void
dms_p2p_yamux_forget_stream (DmsP2pYamux *self, DmsP2pYamuxStream *stream)
{
  stream->session = NULL;
  g_queue_unlink (&self->all, &stream->all_link);
  if (stream->id != 0)
    g_hash_table_remove (self->streams, GUINT_TO_POINTER (stream->id));
  if (stream->is_inbound)
    self->n_inbound--;
  if (stream->ack_awaited)
    self->n_unacknowledged--;
  dms_p2p_yamux_stop_waiting (self, stream);
  dms_p2p_yamux_forget_late (self, stream);
  if (stream->is_ready)
    g_queue_unlink (&self->ready, &stream->ready_link);
  stream->is_ready = FALSE;
  stream->ack_awaited = FALSE;
  if (self->data_stream == stream)
    self->data_stream = NULL;
  if (stream->charged > 0)
    dms_p2p_muxer_change_memory (DMS_P2P_MUXER (self), -(gssize) stream->charged);
  stream->charged = 0;
  dms_p2p_yamux_check_done (self);
  if (!stream->is_lingering)
    return;
  stream->is_lingering = FALSE;
  g_queue_unlink (&self->lingering, &stream->linger_link);
  g_object_unref (stream);
}

/* --- as a muxer ---------------------------------------------------------------------------------------- */

static void
dms_p2p_yamux_accepting (DmsP2pMuxer *muxer)
{
  DmsP2pYamux *self = DMS_P2P_YAMUX (muxer);

  if (dms_p2p_yamux_can_accept (self))
    dms_p2p_yamux_schedule (self);
}

static DmsP2pPipe *
dms_p2p_yamux_open (DmsP2pMuxer *muxer, GError **error)
{
  DmsP2pYamux *self = DMS_P2P_YAMUX (muxer);
  DmsP2pYamuxStream *stream = NULL;

  if (self->is_ending || self->we_go_away || self->they_go_away)
    {
      g_set_error_literal (
          error, DMS_ERROR, DMS_ERROR_WRONG_STATE, "the yamux session is ending; make a new connection");
      return NULL;
    }
  if (self->n_unacknowledged >= DMS_P2P_YAMUX_BACKLOG)
    {
      g_set_error (error,
                   DMS_ERROR,
                   DMS_ERROR_BUSY,
                   "the other side has not accepted %d streams yet; try again later",
                   DMS_P2P_YAMUX_BACKLOG);
      return NULL;
    }
  stream = dms_p2p_yamux_stream_new (self, 0);
  self->n_unacknowledged++;
  g_queue_push_tail_link (&self->all, &stream->all_link);
  return DMS_P2P_PIPE (stream);
}

static void
dms_p2p_yamux_close (DmsP2pMuxer *muxer, guint64 code)
{
  DmsP2pYamux *self = DMS_P2P_YAMUX (muxer);

  dms_p2p_yamux_send (self, DMS_P2P_YAMUX_GO_AWAY, 0, 0, (guint32) MIN (code, G_MAXUINT32));
  dms_p2p_yamux_fail (self, NULL);
}

static guint
dms_p2p_yamux_get_n_streams (DmsP2pMuxer *muxer)
{
  DmsP2pYamux *self = DMS_P2P_YAMUX (muxer);

  return self->all.length - self->lingering.length;
}

static gint64
dms_p2p_yamux_get_rtt_us (DmsP2pMuxer *muxer)
{
  return DMS_P2P_YAMUX (muxer)->rtt_us;
}

static void
dms_p2p_yamux_get_traffic (DmsP2pMuxer *muxer, guint64 *bytes_in, guint64 *bytes_out)
{
  *bytes_in = DMS_P2P_YAMUX (muxer)->bytes_in;
  *bytes_out = DMS_P2P_YAMUX (muxer)->bytes_out;
}

static void
dms_p2p_yamux_dispose (GObject *object)
{
  DmsP2pYamux *self = DMS_P2P_YAMUX (object);

  /* Who lets go of a session without closing it is told nothing any more. */
  dms_p2p_muxer_set_handlers (DMS_P2P_MUXER (self), NULL, NULL, NULL, NULL);
  self->is_ending = TRUE;
  dms_p2p_yamux_end_streams (self);
  dms_p2p_yamux_finish (self);
  G_OBJECT_CLASS (dms_p2p_yamux_parent_class)->dispose (object);
}

static void
dms_p2p_yamux_finalize (GObject *object)
{
  DmsP2pYamux *self = DMS_P2P_YAMUX (object);

  g_clear_pointer (&self->input, g_free);
  g_clear_pointer (&self->streams, g_hash_table_unref);
  g_clear_object (&self->pipe);
  g_clear_pointer (&self->context, g_main_context_unref);
  g_clear_error (&self->error);
  G_OBJECT_CLASS (dms_p2p_yamux_parent_class)->finalize (object);
}

static void
dms_p2p_yamux_class_init (DmsP2pYamuxClass *klass)
{
  DmsP2pMuxerClass *muxer_class = DMS_P2P_MUXER_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = dms_p2p_yamux_dispose;
  G_OBJECT_CLASS (klass)->finalize = dms_p2p_yamux_finalize;
  muxer_class->accepting = dms_p2p_yamux_accepting;
  muxer_class->open = dms_p2p_yamux_open;
  muxer_class->close = dms_p2p_yamux_close;
  muxer_class->get_n_streams = dms_p2p_yamux_get_n_streams;
  muxer_class->get_rtt_us = dms_p2p_yamux_get_rtt_us;
  muxer_class->get_traffic = dms_p2p_yamux_get_traffic;
}

static void
dms_p2p_yamux_init (DmsP2pYamux *self)
{
  self->context = g_main_context_ref_thread_default ();
  self->streams = g_hash_table_new (NULL, NULL);
  self->n_inbound_max = DMS_P2P_YAMUX_INBOUND_MAX;
  self->ping_interval_ms = DMS_P2P_YAMUX_PING_INTERVAL_MS;
  self->ping_timeout_ms = DMS_P2P_YAMUX_PING_TIMEOUT_MS;
  self->rtt_us = -1;
}

/**
 * dms_p2p_yamux_new:
 * @pipe: the connection, both of whose sides have agreed on yamux
 * @is_client: whether this side made the connection
 *
 * Returns: (transfer full): the session
 */
DmsP2pMuxer *
dms_p2p_yamux_new (DmsP2pPipe *pipe, gboolean is_client)
{
  DmsP2pYamux *self = g_object_new (DMS_TYPE_P2P_YAMUX, NULL);

  self->pipe = g_object_ref (pipe);
  self->is_client = is_client;
  self->next_id = is_client ? 1 : 2;
  dms_p2p_pipe_set_handler (pipe, dms_p2p_yamux_on_pipe, self);
  dms_p2p_yamux_watch (self);
  dms_p2p_yamux_schedule (self);
  return DMS_P2P_MUXER (self);
}
