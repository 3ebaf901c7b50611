/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "yamux/dms-p2p-yamux-private.h"

/* Says what the session wants of the pipe: always to read, also when it cannot write, for what may come is
 * bounded by the windows and by what makes it answer. */
void
dms_p2p_yamux_watch (DmsP2pYamux *self)
{
  GIOCondition wanted = self->is_ending ? 0 : G_IO_IN;

  if (self->is_blocked)
    wanted |= G_IO_OUT;
  dms_p2p_pipe_want (self->pipe, wanted);
}

/* Ends the session without last words: nobody reads them. */
void
dms_p2p_yamux_give_up (DmsP2pYamux *self, GError *error)
{
  dms_p2p_yamux_output_clear (&self->output);
  self->is_blocked = FALSE;
  dms_p2p_yamux_fail (self, error);
}

/* Takes @n bytes off the first of @vectors; the index of the first that is not used up. */
static gsize
dms_p2p_yamux_advance (GOutputVector *vectors, gsize first, gsize n_vectors, gsize n)
{
  while (first < n_vectors && n >= vectors[first].size)
    n -= vectors[first++].size;
  if (first < n_vectors)
    {
      vectors[first].buffer = (const guint8 *) vectors[first].buffer + n;
      vectors[first].size -= n;
    }
  return first;
}

/* Writes what is held, whose place is @vectors[0], and the rest of @vectors, until the pipe takes no more:
 * the index of the first vector that is not written. */
static gsize
dms_p2p_yamux_push (DmsP2pYamux *self, GOutputVector *vectors, gsize n_vectors, gsize *written)
{
  gsize held = dms_p2p_yamux_output_get_size (&self->output);
  gsize first = held > 0 ? 0 : 1;
  gsize total = 0;
  gssize n = 0;
  GError *error = NULL;

  vectors[0].buffer = held > 0 ? dms_p2p_yamux_output_get_data (&self->output) : NULL;
  vectors[0].size = held;
  while (first < n_vectors && n >= 0)
    {
      n = dms_p2p_pipe_writev (self->pipe, vectors + first, n_vectors - first, &error);
      if (n < 0)
        break;
      total += (gsize) n;
      first = dms_p2p_yamux_advance (vectors, first, n_vectors, (gsize) n);
    }
  self->bytes_out += total;
  if (held > 0)
    dms_p2p_yamux_output_skip (&self->output, MIN (held, total));
  if (dms_p2p_yamux_output_get_size (&self->output) == 0)
    self->n_answers = 0;
  self->is_blocked = n == DMS_P2P_WOULD_BLOCK;
  if (n < 0 && n != DMS_P2P_WOULD_BLOCK)
    dms_p2p_yamux_give_up (self, error);
  else
    dms_p2p_yamux_watch (self);
  *written = total > held ? total - held : 0;
  return first;
}

/* Writes what is held. TRUE when nothing is left. */
gboolean
dms_p2p_yamux_flush (DmsP2pYamux *self)
{
  GOutputVector held = { NULL, 0 };
  gsize written = 0;

  if (dms_p2p_yamux_output_get_size (&self->output) > 0 && !self->is_blocked)
    dms_p2p_yamux_push (self, &held, 1, &written);
  return dms_p2p_yamux_output_get_size (&self->output) == 0;
}

static void
dms_p2p_yamux_append (DmsP2pYamux *self, const GOutputVector *vectors, gsize first, gsize n_vectors)
{
  for (gsize i = first; i < n_vectors; i++)
    dms_p2p_yamux_output_append (&self->output, vectors[i].buffer, vectors[i].size);
}

/* Sends a frame whose payload is @vectors from the third on; the first two are for what is held and for the
 * header. The payload's size, or DMS_P2P_WOULD_BLOCK when the pipe took nothing of it: then nothing was sent,
 * or -1 when the session has ended. */
gssize
dms_p2p_yamux_send_data (DmsP2pYamux *self,
                         const DmsP2pYamuxFrame *frame,
                         GOutputVector *vectors,
                         gsize n_vectors)
{
  guint8 header[DMS_P2P_YAMUX_HEADER_BYTES];
  gsize total = sizeof header + frame->length;
  gsize first = 1;
  gsize written = 0;

  if (self->is_ending)
    return -1;
  dms_p2p_yamux_frame_write (frame, header);
  vectors[1].buffer = header;
  vectors[1].size = sizeof header;
  if (self->held > 0 && dms_p2p_yamux_output_get_size (&self->output) + total <= DMS_P2P_YAMUX_HOLD_BYTES)
    {
      dms_p2p_yamux_append (self, vectors, 1, n_vectors);
      return frame->length;
    }
  first = dms_p2p_yamux_push (self, vectors, n_vectors, &written);
  if (self->is_ending)
    return -1;
  if (written == 0)
    return DMS_P2P_WOULD_BLOCK;
  dms_p2p_yamux_append (self, vectors, first, n_vectors);
  return frame->length;
}

/* Sends a frame without payload, sooner or later. */
void
dms_p2p_yamux_send (DmsP2pYamux *self, guint8 type, guint16 flags, guint32 id, guint32 length)
{
  const DmsP2pYamuxFrame frame = { type, flags, id, length };
  guint8 header[DMS_P2P_YAMUX_HEADER_BYTES];

  if (self->is_ending)
    return;
  dms_p2p_yamux_frame_write (&frame, header);
  dms_p2p_yamux_output_append (&self->output, header, sizeof header);
  if (self->held == 0)
    dms_p2p_yamux_flush (self);
  if (dms_p2p_yamux_output_get_size (&self->output) > DMS_P2P_YAMUX_OUTPUT_MAX)
    dms_p2p_yamux_give_up (
        self,
        g_error_new_literal (
            DMS_ERROR, DMS_ERROR_TOO_LARGE, "the other side of a yamux session does not read what is sent"));
}

/* The same for what the other side made us send: a few, as long as it does not read. */
void
dms_p2p_yamux_answer (DmsP2pYamux *self, guint8 type, guint16 flags, guint32 id, guint32 length)
{
  if (++self->n_answers > DMS_P2P_YAMUX_ANSWERS_MAX && !dms_p2p_yamux_flush (self))
    {
      dms_p2p_yamux_give_up (
          self,
          g_error_new_literal (DMS_ERROR,
                               DMS_ERROR_TOO_LARGE,
                               "the other side of a yamux session asks for more answers than it reads"));
      return;
    }
  dms_p2p_yamux_send (self, type, flags, id, length);
}

/* What is sent from here on waits for dms_p2p_yamux_unhold(), to go out in one piece. */
void
dms_p2p_yamux_hold (DmsP2pYamux *self)
{
  self->held++;
}

void
dms_p2p_yamux_unhold (DmsP2pYamux *self)
{
  if (--self->held == 0 && !self->has_ended)
    dms_p2p_yamux_flush (self);
}
