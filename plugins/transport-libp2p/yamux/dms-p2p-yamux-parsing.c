/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "yamux/dms-p2p-yamux-private.h"

#include <string.h>

enum
{
  /* Enough for messages, and freed when nothing waits in it. */
  DMS_P2P_YAMUX_INPUT_SMALL = 4096,
  DMS_P2P_YAMUX_INPUT_LARGE = 112 * 1024,
  /* What is read before others of the main loop have their turn. */
  DMS_P2P_YAMUX_INPUT_TURN = 512 * 1024,
  /* The same in frames, of which one that opens a stream is worth many: small ones are more work than bytes.
   */
  DMS_P2P_YAMUX_TURN_COST = 8192,
  DMS_P2P_YAMUX_SYN_COST = 64,
};

typedef enum
{
  DMS_P2P_YAMUX_ID_NEW,
  DMS_P2P_YAMUX_ID_TOO_OLD,
  DMS_P2P_YAMUX_ID_USED,
} DmsP2pYamuxId;

/* --- new streams of the other side --------------------------------------------------------------------- */

static gboolean
dms_p2p_yamux_is_ours (DmsP2pYamux *self, guint32 id)
{
  return (id & 1) == (self->is_client ? 1 : 0);
}

static void
dms_p2p_yamux_advance_seen (DmsP2pYamux *self, guint32 id)
{
  guint32 newest = self->newest_id / 2;
  guint32 steps = self->newest_id == 0 ? DMS_P2P_YAMUX_SEEN_IDS : id / 2 - newest;

  self->newest_id = id;
  if (steps >= DMS_P2P_YAMUX_SEEN_IDS)
    {
      memset (self->seen, 0, sizeof self->seen);
      return;
    }
  for (guint32 i = 1; i <= steps; i++)
    {
      guint32 bit = (newest + i) % DMS_P2P_YAMUX_SEEN_IDS;

      self->seen[bit / 8] &= (guint8) ~(1u << bit % 8);
    }
}

/* IDs are used once only (spec.md, "StreamID Field"). */
static DmsP2pYamuxId
dms_p2p_yamux_see_id (DmsP2pYamux *self, guint32 id)
{
  guint32 bit = id / 2 % DMS_P2P_YAMUX_SEEN_IDS;
  guint8 mask = (guint8) (1u << bit % 8);

  if (id > self->newest_id)
    dms_p2p_yamux_advance_seen (self, id);
  else if (self->newest_id / 2 - id / 2 >= DMS_P2P_YAMUX_SEEN_IDS)
    return DMS_P2P_YAMUX_ID_TOO_OLD;
  if (self->seen[bit / 8] & mask)
    return DMS_P2P_YAMUX_ID_USED;
  self->seen[bit / 8] |= mask;
  return DMS_P2P_YAMUX_ID_NEW;
}

/* Whether a stream waits, and somebody for it. */
gboolean
dms_p2p_yamux_can_accept (DmsP2pYamux *self)
{
  return !self->is_ending && self->unaccepted.length > 0 && dms_p2p_muxer_has_accept (DMS_P2P_MUXER (self));
}

/* Hands new streams on. One that nobody keeps is reset by being freed. */
void
dms_p2p_yamux_accept_waiting (DmsP2pYamux *self)
{
  while (dms_p2p_yamux_can_accept (self))
    {
      g_autoptr (DmsP2pYamuxStream) stream = g_queue_pop_head (&self->unaccepted);

      if (stream->session == NULL)
        continue;
      stream->is_accepted = TRUE;
      dms_p2p_yamux_make_ready (self, stream);
      dms_p2p_muxer_emit_accept (DMS_P2P_MUXER (self), DMS_P2P_PIPE (stream));
    }
}

static gboolean
dms_p2p_yamux_has_room (DmsP2pYamux *self)
{
  return !self->we_go_away && self->n_inbound < self->n_inbound_max &&
         self->unaccepted.length < DMS_P2P_YAMUX_BACKLOG;
}

/* FALSE when the session has failed. */
static gboolean
dms_p2p_yamux_take_syn (DmsP2pYamux *self, const DmsP2pYamuxFrame *frame)
{
  DmsP2pYamuxStream *stream = NULL;
  DmsP2pYamuxId seen = DMS_P2P_YAMUX_ID_NEW;

  self->turn_cost += DMS_P2P_YAMUX_SYN_COST;
  if (dms_p2p_yamux_is_ours (self, frame->id))
    dms_p2p_yamux_fail_protocol (self, "opened a stream with an ID of this side", frame->id);
  else if (frame->type == DMS_P2P_YAMUX_DATA && frame->length > DMS_P2P_YAMUX_WINDOW_FIRST)
    dms_p2p_yamux_fail_protocol (self, "opened a stream with more data than its window", frame->id);
  else
    seen = dms_p2p_yamux_see_id (self, frame->id);
  if (seen == DMS_P2P_YAMUX_ID_USED)
    dms_p2p_yamux_fail_protocol (self, "opened a stream twice", frame->id);
  if (self->is_ending)
    return FALSE;

  if ((frame->flags & DMS_P2P_YAMUX_RST) != 0)
    return TRUE;
  if (seen != DMS_P2P_YAMUX_ID_NEW || !dms_p2p_yamux_has_room (self))
    {
      dms_p2p_yamux_answer (self, DMS_P2P_YAMUX_WINDOW, DMS_P2P_YAMUX_RST, frame->id, 0);
      return !self->is_ending;
    }
  stream = dms_p2p_yamux_stream_new (self, frame->id);
  g_queue_push_tail_link (&self->all, &stream->all_link);
  g_hash_table_insert (self->streams, GUINT_TO_POINTER (frame->id), stream);
  self->n_inbound++;
  g_queue_push_tail (&self->unaccepted, stream);
  dms_p2p_yamux_accept_waiting (self);
  return !self->is_ending;
}

/* --- frames -------------------------------------------------------------------------------------------- */

static void
dms_p2p_yamux_take_flags (DmsP2pYamux *self, DmsP2pYamuxStream *stream, guint16 flags)
{
  if ((flags & DMS_P2P_YAMUX_FIN) != 0 && !stream->got_fin)
    dms_p2p_yamux_stream_take_fin (stream);
}

static void
dms_p2p_yamux_take_data_header (DmsP2pYamux *self, DmsP2pYamuxStream *stream, const DmsP2pYamuxFrame *frame)
{
  if (frame->length > 0 && stream->got_fin)
    {
      dms_p2p_yamux_fail_protocol (self, "sent data after the end of a stream", frame->id);
      return;
    }
  if (!dms_p2p_yamux_stream_charge (stream, frame->length))
    {
      dms_p2p_yamux_fail_protocol (self, "sent more than the window of a stream", frame->id);
      return;
    }
  if (frame->length == 0)
    {
      dms_p2p_yamux_take_flags (self, stream, frame->flags);
      return;
    }
  self->data_left = frame->length;
  self->data_flags = frame->flags;
  self->data_stream = stream;
}

/* A frame for a stream that is not, or no longer, open: what was under way when it ended here. */
static void
dms_p2p_yamux_take_stray (DmsP2pYamux *self, const DmsP2pYamuxFrame *frame)
{
  gboolean was_open =
      dms_p2p_yamux_is_ours (self, frame->id) ? frame->id < self->next_id : frame->id <= self->newest_id;

  /* js-yamux resets also what it has not opened yet. */
  if ((frame->flags & DMS_P2P_YAMUX_RST) == 0 && !was_open)
    {
      dms_p2p_yamux_fail_protocol (self, "sent a frame for a stream that nobody opened", frame->id);
      return;
    }
  if (frame->type != DMS_P2P_YAMUX_DATA)
    return;
  if (frame->length > DMS_P2P_YAMUX_WINDOW_MAX)
    {
      dms_p2p_yamux_fail_protocol (self, "sent more than any window of a stream", frame->id);
      return;
    }
  self->data_left = frame->length;
  self->data_flags = 0;
  self->data_stream = NULL;
}

static void
dms_p2p_yamux_take_stream_frame (DmsP2pYamux *self, const DmsP2pYamuxFrame *frame)
{
  DmsP2pYamuxStream *stream = NULL;

  if ((frame->flags & DMS_P2P_YAMUX_SYN) != 0 && !dms_p2p_yamux_take_syn (self, frame))
    return;
  stream = g_hash_table_lookup (self->streams, GUINT_TO_POINTER (frame->id));
  if (stream == NULL)
    {
      dms_p2p_yamux_take_stray (self, frame);
      return;
    }
  if ((frame->flags & DMS_P2P_YAMUX_ACK) != 0)
    dms_p2p_yamux_stream_take_ack (stream);
  if ((frame->flags & DMS_P2P_YAMUX_RST) != 0)
    {
      dms_p2p_yamux_stream_take_reset (stream, frame->type == DMS_P2P_YAMUX_WINDOW ? frame->length : 0);
      if (frame->type == DMS_P2P_YAMUX_DATA)
        dms_p2p_yamux_take_stray (self, frame);
      return;
    }
  if (frame->type == DMS_P2P_YAMUX_DATA)
    dms_p2p_yamux_take_data_header (self, stream, frame);
  else if (!dms_p2p_yamux_stream_take_window (stream, frame->length))
    dms_p2p_yamux_fail_protocol (self, "made the window of a stream too large", frame->id);
  else
    dms_p2p_yamux_take_flags (self, stream, frame->flags);
}

static void
dms_p2p_yamux_take_go_away (DmsP2pYamux *self, const DmsP2pYamuxFrame *frame)
{
  self->they_go_away = TRUE;
  if (frame->length != DMS_P2P_YAMUX_GO_AWAY_NORMAL)
    dms_p2p_yamux_fail (
        self,
        g_error_new (DMS_ERROR,
                     DMS_ERROR_IO,
                     "the other side ended the yamux session with the code %" G_GUINT32_FORMAT "%s",
                     frame->length,
                     frame->length == DMS_P2P_YAMUX_GO_AWAY_PROTOCOL ? ", a protocol error" : ""));
  else
    dms_p2p_yamux_check_done (self);
}

static void
dms_p2p_yamux_take_header (DmsP2pYamux *self, const guint8 *data)
{
  DmsP2pYamuxFrame frame;
  g_autoptr (GError) error = NULL;

  self->turn_cost++;
  if (!dms_p2p_yamux_frame_read (&frame, data, &error))
    {
      dms_p2p_yamux_send (self, DMS_P2P_YAMUX_GO_AWAY, 0, 0, DMS_P2P_YAMUX_GO_AWAY_PROTOCOL);
      dms_p2p_yamux_fail (self, g_steal_pointer (&error));
      return;
    }
  if (frame.type == DMS_P2P_YAMUX_PING)
    dms_p2p_yamux_take_ping (self, &frame);
  else if (frame.type == DMS_P2P_YAMUX_GO_AWAY)
    dms_p2p_yamux_take_go_away (self, &frame);
  else
    dms_p2p_yamux_take_stream_frame (self, &frame);
}

static void
dms_p2p_yamux_take_payload (DmsP2pYamux *self, const guint8 *data, guint32 size)
{
  DmsP2pYamuxStream *stream = NULL;

  self->data_left -= size;
  if (self->data_stream != NULL)
    dms_p2p_yamux_stream_take_data (self->data_stream, data, size);
  if (self->data_left > 0)
    return;
  /* The stream may have ended meanwhile. */
  stream = g_steal_pointer (&self->data_stream);
  if (stream != NULL && !self->is_ending)
    dms_p2p_yamux_take_flags (self, stream, self->data_flags);
}

/* Takes all that is whole, and as much of a payload as has come, unless that is too much for one turn. */
static void
dms_p2p_yamux_parse (DmsP2pYamux *self)
{
  gsize at = 0;
  gsize n = 0;

  while (!self->is_ending && at < self->n_input && self->turn_cost < DMS_P2P_YAMUX_TURN_COST)
    {
      if (self->data_left > 0)
        {
          n = MIN (self->data_left, self->n_input - at);
          dms_p2p_yamux_take_payload (self, self->input + at, (guint32) n);
          at += n;
          continue;
        }
      if (self->n_input - at < DMS_P2P_YAMUX_HEADER_BYTES)
        break;
      dms_p2p_yamux_take_header (self, self->input + at);
      at += DMS_P2P_YAMUX_HEADER_BYTES;
    }
  self->n_input -= at;
  if (self->n_input > 0 && at > 0)
    memmove (self->input, self->input + at, self->n_input);
}

/* --- bytes --------------------------------------------------------------------------------------------- */

/* The connection ended. That is in order only where it breaks nothing off. */
static void
dms_p2p_yamux_take_end (DmsP2pYamux *self)
{
  GError *error = NULL;

  if (self->n_input > 0 || self->data_left > 0 || g_hash_table_size (self->streams) > self->lingering.length)
    error = g_error_new_literal (
        DMS_ERROR, DMS_ERROR_IO, "the other side closed the connection of a yamux session in use");
  dms_p2p_yamux_fail (self, error);
}

/* A small buffer at first, a large one when more comes than it takes. */
static void
dms_p2p_yamux_make_input (DmsP2pYamux *self, gsize total)
{
  gsize room = total < DMS_P2P_YAMUX_INPUT_SMALL ? DMS_P2P_YAMUX_INPUT_SMALL : DMS_P2P_YAMUX_INPUT_LARGE;

  if (self->input_room >= room)
    return;
  self->input = g_realloc (self->input, room);
  self->input_room = room;
}

/* Gives the buffer back, if nothing waits in it. */
void
dms_p2p_yamux_trim_input (DmsP2pYamux *self)
{
  if (self->is_reading || (self->n_input > 0 && !self->is_ending))
    return;
  g_clear_pointer (&self->input, g_free);
  self->n_input = 0;
  self->input_room = 0;
}

/* Whether there is time left in this turn of the main loop; what has come is taken first. */
static gboolean
dms_p2p_yamux_may_read (DmsP2pYamux *self, gsize total)
{
  return !self->is_ending && total < DMS_P2P_YAMUX_INPUT_TURN && self->turn_cost < DMS_P2P_YAMUX_TURN_COST;
}

void
dms_p2p_yamux_read_input (DmsP2pYamux *self)
{
  gsize total = 0;
  gssize n = DMS_P2P_WOULD_BLOCK;
  GError *error = NULL;

  if (self->is_reading)
    return;
  self->is_reading = TRUE;
  self->turn_cost = 0;
  dms_p2p_yamux_parse (self);
  while (dms_p2p_yamux_may_read (self, total))
    {
      dms_p2p_yamux_make_input (self, total);
      n = dms_p2p_pipe_read (
          self->pipe, self->input + self->n_input, self->input_room - self->n_input, &error);
      if (n <= 0)
        break;
      total += (gsize) n;
      self->n_input += (gsize) n;
      self->bytes_in += (guint64) n;
      dms_p2p_yamux_parse (self);
    }
  self->has_more = self->turn_cost >= DMS_P2P_YAMUX_TURN_COST;
  if (total > 0)
    self->last_input = g_get_monotonic_time ();
  if (n == 0)
    dms_p2p_yamux_take_end (self);
  else if (n < 0 && n != DMS_P2P_WOULD_BLOCK)
    dms_p2p_yamux_fail (self, error);
  self->is_reading = FALSE;
  dms_p2p_yamux_trim_input (self);
}
