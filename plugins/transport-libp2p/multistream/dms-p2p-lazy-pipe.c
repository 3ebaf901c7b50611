/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "multistream/dms-p2p-lazy-pipe-private.h"

#include <string.h>

#include "io/dms-p2p-source.h"
#include "multistream/dms-p2p-multistream-line-private.h"
#include "multistream/dms-p2p-multistream.h"

enum
{
  /* The answer, and not much of what follows it. */
  DMS_P2P_LAZY_PIPE_READ_SIZE = 256,
  DMS_P2P_LAZY_PIPE_MAX_VECTORS = 16,
};

/**
 * DmsP2pLazyPipe:
 *
 * A pipe that negotiates its one protocol while it is used: the proposal goes out with the first bytes that
 * are written, or alone when somebody reads or half-closes first; the answer is taken off what comes in.
 *
 * Closed before the answer came, the pipe below stays open to read until it is there: where closing tells the
 * other side to stop sending (QUIC), it could not answer, and would throw away what was written.
 */
struct _DmsP2pLazyPipe
{
  DmsP2pPipe parent_instance;

  DmsP2pPipe *inner;
  char *protocol;
  GSource *timeout;

  /* The header and the proposal, as far as they have not gone out. */
  GByteArray *proposal;
  gboolean has_begun;
  /* Half-closed by the user, and so the pipe below: the proposal must go out before. */
  gboolean is_shutting_down;
  gboolean has_shut_down;
  gboolean is_closed;
  /* Closed by the user before the answer came; the pipe keeps itself until it is there. */
  gboolean is_lingering;

  GByteArray *in;
  gboolean has_header;
  gboolean is_agreed;
  /* Why the pipe is of no use. */
  GError *failure;
};

G_DEFINE_FINAL_TYPE (DmsP2pLazyPipe, dms_p2p_lazy_pipe, DMS_TYPE_P2P_PIPE)

/* What the user wants to know, and what the proposal needs. */
static void
dms_p2p_lazy_pipe_update_wanted (DmsP2pLazyPipe *self)
{
  GIOCondition wanted = dms_p2p_pipe_get_wanted (DMS_P2P_PIPE (self));

  if (self->is_lingering)
    wanted = G_IO_IN;
  if (self->failure != NULL)
    wanted = 0;
  else if (self->has_begun && self->proposal->len > 0)
    wanted |= G_IO_OUT;
  dms_p2p_pipe_want (self->inner, wanted);
}

/* Closed by the user, and nothing is missing any more. */
static void
dms_p2p_lazy_pipe_settle (DmsP2pLazyPipe *self)
{
  if (!self->is_lingering || (!self->is_agreed && self->failure == NULL))
    return;
  self->is_lingering = FALSE;
  dms_p2p_source_drop (&self->timeout);
  dms_p2p_pipe_set_handler (self->inner, NULL, NULL);
  dms_p2p_pipe_close (self->inner);
  g_object_unref (self);
}

/* The first failure stays: the pipe is of no use any more, and both reading and writing say so. */
static void
dms_p2p_lazy_pipe_fail (DmsP2pLazyPipe *self, GError *failure)
{
  if (self->failure == NULL)
    self->failure = failure;
  else
    g_error_free (failure);
  dms_p2p_source_drop (&self->timeout);
  dms_p2p_lazy_pipe_update_wanted (self);
  dms_p2p_pipe_notify (DMS_P2P_PIPE (self));
}

static gboolean
dms_p2p_lazy_pipe_check (DmsP2pLazyPipe *self, GError **error)
{
  if (self->failure == NULL && !self->is_closed)
    return TRUE;
  if (self->failure == NULL)
    g_set_error_literal (error, DMS_ERROR, DMS_ERROR_WRONG_STATE, "the stream is closed");
  else if (error != NULL)
    *error = g_error_copy (self->failure);
  return FALSE;
}

/* FALSE when the other side refuses or sends what is no answer. */
static gboolean
dms_p2p_lazy_pipe_take_line (DmsP2pLazyPipe *self, const char *line, GError **error)
{
  const char *expected = self->has_header ? self->protocol : DMS_P2P_MULTISTREAM_HEADER;

  if (strcmp (line, expected) == 0)
    {
      self->is_agreed = self->has_header;
      self->has_header = TRUE;
      return TRUE;
    }
  if (self->has_header && strcmp (line, DMS_P2P_MULTISTREAM_NA) == 0)
    g_set_error (
        error, DMS_ERROR, DMS_ERROR_NOT_SUPPORTED, "the other side does not speak %s", self->protocol);
  else
    g_set_error (error,
                 DMS_ERROR,
                 DMS_ERROR_INVALID_DATA,
                 "negotiating a protocol failed: the other side answered “%.100s” instead of “%s”",
                 line,
                 expected);
  return FALSE;
}

static gboolean
dms_p2p_lazy_pipe_take_lines (DmsP2pLazyPipe *self, GError **error)
{
  gsize used = 0;

  while (!self->is_agreed && used < self->in->len)
    {
      g_autofree char *line = NULL;
      gssize n = dms_p2p_multistream_line_read (self->in->data + used, self->in->len - used, &line, error);

      if (n == 0)
        break;
      if (n < 0 || !dms_p2p_lazy_pipe_take_line (self, line, error))
        return FALSE;
      used += (gsize) n;
    }
  if (used > 0)
    g_byte_array_remove_range (self->in, 0, (guint) used);
  return TRUE;
}

/* Takes the answer off what has come in, as far as it is there. */
static void
dms_p2p_lazy_pipe_take_answer (DmsP2pLazyPipe *self)
{
  GError *error = NULL;
  guint8 buffer[DMS_P2P_LAZY_PIPE_READ_SIZE];
  gssize n = 0;

  while (!self->is_agreed && self->failure == NULL)
    {
      n = dms_p2p_pipe_read (self->inner, buffer, sizeof buffer, &error);
      if (n == DMS_P2P_WOULD_BLOCK)
        return;
      if (n > 0)
        g_byte_array_append (self->in, buffer, (guint) n);
      if (n == 0)
        g_set_error (&error,
                     DMS_ERROR,
                     DMS_ERROR_IO,
                     "the other side closed the stream before it answered whether it speaks %s",
                     self->protocol);
      if (n <= 0 || !dms_p2p_lazy_pipe_take_lines (self, &error))
        dms_p2p_lazy_pipe_fail (self, error);
    }
  if (!self->is_agreed)
    return;
  dms_p2p_source_drop (&self->timeout);
  dms_p2p_pipe_unread (self->inner, self->in->data, self->in->len);
  g_byte_array_set_size (self->in, 0);
}

static gboolean
dms_p2p_lazy_pipe_on_timeout (gpointer user_data)
{
  g_autoptr (DmsP2pLazyPipe) self = g_object_ref (user_data);

  dms_p2p_source_drop (&self->timeout);
  /* It may have come long ago, and nobody has read. */
  dms_p2p_lazy_pipe_take_answer (self);
  if (!self->is_agreed && self->failure == NULL)
    dms_p2p_lazy_pipe_fail (
        self,
        g_error_new (DMS_ERROR,
                     DMS_ERROR_TIMED_OUT,
                     "the other side has not answered for %d seconds whether it speaks %s",
                     DMS_P2P_MULTISTREAM_TIMEOUT_S,
                     self->protocol));
  dms_p2p_lazy_pipe_settle (self);
  return G_SOURCE_REMOVE;
}

/* The proposal is on its way from here on. */
static void
dms_p2p_lazy_pipe_begin (DmsP2pLazyPipe *self)
{
  if (self->has_begun)
    return;
  self->has_begun = TRUE;
  self->timeout = g_timeout_source_new_seconds (DMS_P2P_MULTISTREAM_TIMEOUT_S);
  g_source_set_static_name (self->timeout, "dms-p2p-lazy-pipe");
  g_source_set_callback (self->timeout, dms_p2p_lazy_pipe_on_timeout, self, NULL);
  g_source_attach (self->timeout, dms_p2p_pipe_get_context (DMS_P2P_PIPE (self)));
}

/* Sends the proposal together with the user's bytes. How many of those went out; -1 and
 * DMS_P2P_WOULD_BLOCK as in dms_p2p_pipe_writev(). */
static gssize
dms_p2p_lazy_pipe_propose (DmsP2pLazyPipe *self,
                           const GOutputVector *vectors,
                           gsize n_vectors,
                           GError **error)
{
  GOutputVector all[1 + DMS_P2P_LAZY_PIPE_MAX_VECTORS];
  gsize n_user = MIN (n_vectors, DMS_P2P_LAZY_PIPE_MAX_VECTORS);
  gsize rest = self->proposal->len;
  gssize n = 0;

  dms_p2p_lazy_pipe_begin (self);
  all[0] = (GOutputVector){ self->proposal->data, rest };
  for (gsize i = 0; i < n_user; i++)
    all[1 + i] = vectors[i];
  n = dms_p2p_pipe_writev (self->inner, all, 1 + n_user, error);
  if (n < 0)
    return n;
  g_byte_array_remove_range (self->proposal, 0, (guint) MIN ((gsize) n, rest));
  if ((gsize) n > rest)
    return n - (gssize) rest;
  return DMS_P2P_WOULD_BLOCK;
}

/* Sends the proposal alone, and closes behind it when that was asked for. FALSE with an error. */
static gboolean
dms_p2p_lazy_pipe_push (DmsP2pLazyPipe *self, GError **error)
{
  while (self->proposal->len > 0)
    {
      gsize before = self->proposal->len;
      gssize n = dms_p2p_lazy_pipe_propose (self, NULL, 0, error);

      if (n == -1)
        return FALSE;
      /* Nothing was taken. */
      if (self->proposal->len == before)
        break;
    }
  if (self->proposal->len == 0 && self->is_shutting_down && !self->has_shut_down)
    {
      self->has_shut_down = TRUE;
      if (!dms_p2p_pipe_shutdown_write (self->inner, error))
        return FALSE;
    }
  dms_p2p_lazy_pipe_update_wanted (self);
  return TRUE;
}

static void
dms_p2p_lazy_pipe_push_or_fail (DmsP2pLazyPipe *self)
{
  GError *error = NULL;

  if (self->failure == NULL && !dms_p2p_lazy_pipe_push (self, &error))
    dms_p2p_lazy_pipe_fail (self, error);
}

static gssize
dms_p2p_lazy_pipe_read (DmsP2pPipe *pipe, void *buffer, gsize size, GError **error)
{
  DmsP2pLazyPipe *self = DMS_P2P_LAZY_PIPE (pipe);

  if (!self->is_agreed && !self->is_closed)
    {
      if (self->failure == NULL)
        dms_p2p_lazy_pipe_begin (self);
      dms_p2p_lazy_pipe_update_wanted (self);
      dms_p2p_lazy_pipe_take_answer (self);
    }
  if (!dms_p2p_lazy_pipe_check (self, error))
    return -1;
  return self->is_agreed ? dms_p2p_pipe_read (self->inner, buffer, size, error) : DMS_P2P_WOULD_BLOCK;
}

static gssize
dms_p2p_lazy_pipe_writev (DmsP2pPipe *pipe, const GOutputVector *vectors, gsize n_vectors, GError **error)
{
  DmsP2pLazyPipe *self = DMS_P2P_LAZY_PIPE (pipe);
  gssize n = DMS_P2P_WOULD_BLOCK;

  if (!dms_p2p_lazy_pipe_check (self, error))
    return -1;
  if (self->is_shutting_down)
    {
      g_set_error_literal (
          error, DMS_ERROR, DMS_ERROR_WRONG_STATE, "this side of the stream is closed for writing");
      return -1;
    }
  if (self->proposal->len > 0)
    n = dms_p2p_lazy_pipe_propose (self, vectors, n_vectors, error);
  if (n == DMS_P2P_WOULD_BLOCK && self->proposal->len == 0)
    n = dms_p2p_pipe_writev (self->inner, vectors, n_vectors, error);
  dms_p2p_lazy_pipe_update_wanted (self);
  return n;
}

static gssize
dms_p2p_lazy_pipe_flush (DmsP2pPipe *pipe, GError **error)
{
  DmsP2pLazyPipe *self = DMS_P2P_LAZY_PIPE (pipe);

  if (!dms_p2p_lazy_pipe_check (self, error) || (self->has_begun && !dms_p2p_lazy_pipe_push (self, error)))
    return -1;
  if (self->has_begun && self->proposal->len > 0)
    return DMS_P2P_WOULD_BLOCK;
  return dms_p2p_pipe_flush (self->inner, error);
}

static gboolean
dms_p2p_lazy_pipe_shutdown_write (DmsP2pPipe *pipe, GError **error)
{
  DmsP2pLazyPipe *self = DMS_P2P_LAZY_PIPE (pipe);

  if (!dms_p2p_lazy_pipe_check (self, error))
    return FALSE;
  self->is_shutting_down = TRUE;
  return dms_p2p_lazy_pipe_push (self, error);
}

static void
dms_p2p_lazy_pipe_close (DmsP2pPipe *pipe)
{
  DmsP2pLazyPipe *self = DMS_P2P_LAZY_PIPE (pipe);

  if (self->is_closed)
    return;
  if (self->has_begun && !self->is_agreed)
    dms_p2p_lazy_pipe_take_answer (self);
  self->is_closed = TRUE;
  if (!self->has_begun || self->is_agreed || self->failure != NULL)
    {
      dms_p2p_source_drop (&self->timeout);
      dms_p2p_pipe_close (self->inner);
      return;
    }
  self->is_lingering = TRUE;
  g_object_ref (self);
  self->is_shutting_down = TRUE;
  dms_p2p_lazy_pipe_push_or_fail (self);
  dms_p2p_lazy_pipe_settle (self);
}

static void
dms_p2p_lazy_pipe_reset (DmsP2pPipe *pipe, guint64 code)
{
  DmsP2pLazyPipe *self = DMS_P2P_LAZY_PIPE (pipe);

  self->is_closed = TRUE;
  dms_p2p_source_drop (&self->timeout);
  dms_p2p_pipe_reset (self->inner, code);
  if (!self->is_lingering)
    return;
  self->is_lingering = FALSE;
  g_object_unref (self);
}

/* Only a failure shows itself here; the rest is told by the pipe below. */
static GIOCondition
dms_p2p_lazy_pipe_poll (DmsP2pPipe *pipe)
{
  return DMS_P2P_LAZY_PIPE (pipe)->failure != NULL ? G_IO_IN | G_IO_OUT : 0;
}

static void
dms_p2p_lazy_pipe_want (DmsP2pPipe *pipe, GIOCondition condition)
{
  DmsP2pLazyPipe *self = DMS_P2P_LAZY_PIPE (pipe);

  /* Who waits for bytes waits in vain unless the other side hears of it. From the main loop, so that what is
   * written at once still goes with it. */
  if ((condition & G_IO_IN) != 0 && (condition & G_IO_OUT) == 0 && self->failure == NULL)
    dms_p2p_lazy_pipe_begin (self);
  dms_p2p_lazy_pipe_update_wanted (self);
  dms_p2p_pipe_notify (pipe);
}

static void
dms_p2p_lazy_pipe_on_ready (DmsP2pPipe *inner, GIOCondition condition, gpointer user_data)
{
  g_autoptr (DmsP2pLazyPipe) self = g_object_ref (user_data);

  if ((condition & G_IO_OUT) != 0 && self->has_begun && self->proposal->len > 0)
    dms_p2p_lazy_pipe_push_or_fail (self);
  if ((condition & G_IO_IN) != 0 && !self->is_agreed)
    {
      dms_p2p_lazy_pipe_take_answer (self);
      if (!dms_p2p_pipe_has_unread (inner))
        condition &= ~G_IO_IN;
    }
  if (self->failure != NULL)
    condition |= G_IO_IN | G_IO_OUT;
  if (self->is_lingering)
    return dms_p2p_lazy_pipe_settle (self);
  dms_p2p_pipe_dispatch (DMS_P2P_PIPE (self), condition);
}

static void
dms_p2p_lazy_pipe_dispose (GObject *object)
{
  DmsP2pLazyPipe *self = DMS_P2P_LAZY_PIPE (object);

  dms_p2p_source_drop (&self->timeout);
  if (self->inner != NULL)
    dms_p2p_pipe_set_handler (self->inner, NULL, NULL);
  G_OBJECT_CLASS (dms_p2p_lazy_pipe_parent_class)->dispose (object);
}

static void
dms_p2p_lazy_pipe_finalize (GObject *object)
{
  DmsP2pLazyPipe *self = DMS_P2P_LAZY_PIPE (object);

  g_clear_object (&self->inner);
  g_clear_pointer (&self->protocol, g_free);
  g_clear_pointer (&self->proposal, g_byte_array_unref);
  g_clear_pointer (&self->in, g_byte_array_unref);
  g_clear_error (&self->failure);
  G_OBJECT_CLASS (dms_p2p_lazy_pipe_parent_class)->finalize (object);
}

static void
dms_p2p_lazy_pipe_class_init (DmsP2pLazyPipeClass *klass)
{
  DmsP2pPipeClass *pipe_class = DMS_P2P_PIPE_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = dms_p2p_lazy_pipe_dispose;
  G_OBJECT_CLASS (klass)->finalize = dms_p2p_lazy_pipe_finalize;
  pipe_class->read = dms_p2p_lazy_pipe_read;
  pipe_class->writev = dms_p2p_lazy_pipe_writev;
  pipe_class->flush = dms_p2p_lazy_pipe_flush;
  pipe_class->shutdown_write = dms_p2p_lazy_pipe_shutdown_write;
  pipe_class->close = dms_p2p_lazy_pipe_close;
  pipe_class->reset = dms_p2p_lazy_pipe_reset;
  pipe_class->poll = dms_p2p_lazy_pipe_poll;
  pipe_class->want = dms_p2p_lazy_pipe_want;
}

static void
dms_p2p_lazy_pipe_init (DmsP2pLazyPipe *self)
{
  self->proposal = g_byte_array_new ();
  self->in = g_byte_array_new ();
}

/**
 * dms_p2p_multistream_lazy_new:
 * @pipe: a pipe that nobody has used yet
 * @protocol: what to speak on it
 *
 * Returns: (transfer full): a pipe of that protocol; one that only fails when @protocol cannot be the name of
 *   one
 */
DmsP2pPipe *
dms_p2p_multistream_lazy_new (DmsP2pPipe *pipe, const char *protocol)
{
  DmsP2pLazyPipe *self = g_object_new (DMS_TYPE_P2P_LAZY_PIPE, NULL);

  self->inner = g_object_ref (pipe);
  self->protocol = g_strdup (protocol);
  if (dms_p2p_multistream_line_check (protocol, &self->failure))
    {
      dms_p2p_multistream_line_append (self->proposal, DMS_P2P_MULTISTREAM_HEADER);
      dms_p2p_multistream_line_append (self->proposal, protocol);
    }
  dms_p2p_pipe_set_handler (pipe, dms_p2p_lazy_pipe_on_ready, self);
  return DMS_P2P_PIPE (self);
}
