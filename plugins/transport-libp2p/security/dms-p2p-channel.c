/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "security/dms-p2p-channel.h"

#include <string.h>

#include "io/dms-p2p-source.h"

/**
 * DmsP2pChannel:
 *
 * A pipe of records that are sealed over another pipe: what TLS and Noise have in common. Few calls to the
 * raw pipe carry many records in each direction; what is held is bounded by a buffer a direction, whose
 * memory is given back when nothing is under way.
 */

/* How long a channel that was closed tries to get its last bytes out. */
#define DMS_P2P_CHANNEL_LINGER_S 5
/* What is read at once during a handshake, whose messages are smaller: many may be under way together. */
#define DMS_P2P_CHANNEL_IN_FIRST ((gsize) 4 * 1024)

/* How often the user is told in a row of what has been read already, before the main loop has its turn. */
#define DMS_P2P_CHANNEL_ROUNDS 16

/* How often one call reads the raw pipe in vain: records may say nothing, without end. */
#define DMS_P2P_CHANNEL_FILLS 4

typedef struct
{
  DmsP2pPipe *raw;
  DmsP2pBuffer in;
  DmsP2pBuffer out;
  GError *failure;
  GSource *linger;
  gboolean raw_ended;
  gboolean has_heard;
  gboolean ended;
  gboolean write_ended;
  gboolean raw_write_ended;
  gboolean closed;
  gboolean started;
} DmsP2pChannelPrivate;

G_DEFINE_ABSTRACT_TYPE_WITH_PRIVATE (DmsP2pChannel, dms_p2p_channel, DMS_TYPE_P2P_PIPE)

static void
dms_p2p_channel_fail (DmsP2pChannelPrivate *priv, const GError *failure)
{
  if (priv->failure == NULL)
    priv->failure = g_error_copy (failure);
}

static gboolean
dms_p2p_channel_check (DmsP2pChannelPrivate *priv, GError **error)
{
  if (priv->closed)
    {
      g_set_error_literal (error, DMS_ERROR, DMS_ERROR_WRONG_STATE, "the connection is closed");
      return FALSE;
    }
  if (priv->failure == NULL)
    return TRUE;
  if (error != NULL)
    *error = g_error_copy (priv->failure);
  return FALSE;
}

gssize
dms_p2p_channel_send (DmsP2pChannel *self, GError **error)
{
  DmsP2pChannelPrivate *priv = dms_p2p_channel_get_instance_private (self);
  g_autoptr (GError) failure = NULL;

  while (dms_p2p_buffer_get_size (&priv->out) > 0)
    {
      gssize n = dms_p2p_pipe_write (
          priv->raw, dms_p2p_buffer_get_data (&priv->out), dms_p2p_buffer_get_size (&priv->out), &failure);

      if (n == DMS_P2P_WOULD_BLOCK)
        return n;
      if (n < 0)
        {
          dms_p2p_channel_fail (priv, failure);
          dms_p2p_buffer_clear (&priv->out);
          g_propagate_error (error, g_steal_pointer (&failure));
          return -1;
        }
      dms_p2p_buffer_drop (&priv->out, (gsize) n);
    }
  if (priv->write_ended && !priv->raw_write_ended)
    {
      priv->raw_write_ended = TRUE;
      /* Noise has nothing else to say it by; TLS has said it in the channel. */
      if (!dms_p2p_pipe_shutdown_write (priv->raw, &failure))
        g_debug ("half-closing the pipe below: %s", failure->message);
    }
  return 0;
}

static gboolean
dms_p2p_channel_is_readable (DmsP2pChannel *self, DmsP2pChannelPrivate *priv)
{
  return priv->ended || priv->raw_ended || priv->failure != NULL || priv->closed ||
         DMS_P2P_CHANNEL_GET_CLASS (self)->is_ready (self);
}

static gboolean
dms_p2p_channel_is_writable (DmsP2pChannelPrivate *priv)
{
  return priv->failure != NULL || priv->closed || dms_p2p_buffer_get_size (&priv->out) < DMS_P2P_CHANNEL_OUT;
}

/* Says what is wanted of the raw pipe. */
static void
dms_p2p_channel_update (DmsP2pChannel *self, DmsP2pChannelPrivate *priv)
{
  GIOCondition wanted = dms_p2p_pipe_get_wanted (DMS_P2P_PIPE (self));
  GIOCondition raw = 0;

  if (!priv->started || priv->raw == NULL || (priv->closed && priv->linger == NULL))
    return;
  if ((wanted & G_IO_IN) && !dms_p2p_channel_is_readable (self, priv))
    raw |= G_IO_IN;
  if (priv->failure == NULL && dms_p2p_buffer_get_size (&priv->out) > 0)
    raw |= G_IO_OUT;
  dms_p2p_pipe_want (priv->raw, raw);
  if (dms_p2p_buffer_get_size (&priv->in) == 0)
    dms_p2p_buffer_clear (&priv->in);
  if (dms_p2p_buffer_get_size (&priv->out) == 0)
    dms_p2p_buffer_clear (&priv->out);
}

static GIOCondition
dms_p2p_channel_poll (DmsP2pPipe *pipe)
{
  DmsP2pChannel *self = DMS_P2P_CHANNEL (pipe);
  DmsP2pChannelPrivate *priv = dms_p2p_channel_get_instance_private (self);
  GIOCondition condition = 0;

  if (!priv->started)
    return 0;
  if (dms_p2p_channel_is_readable (self, priv))
    condition |= G_IO_IN;
  if (dms_p2p_channel_is_writable (priv))
    condition |= G_IO_OUT;
  return condition;
}

static void
dms_p2p_channel_want (DmsP2pPipe *pipe, GIOCondition condition)
{
  DmsP2pChannel *self = DMS_P2P_CHANNEL (pipe);

  dms_p2p_channel_update (self, dms_p2p_channel_get_instance_private (self));
  dms_p2p_pipe_notify (pipe);
}

/* Ends the raw pipe, and with it the lingering. May drop the last reference. */
static void
dms_p2p_channel_finish (DmsP2pChannel *self, DmsP2pChannelPrivate *priv)
{
  gboolean lingered = priv->linger != NULL;

  dms_p2p_source_drop (&priv->linger);
  dms_p2p_buffer_clear (&priv->out);
  if (priv->raw != NULL)
    {
      dms_p2p_pipe_set_handler (priv->raw, NULL, NULL);
      dms_p2p_pipe_close (priv->raw);
    }
  if (lingered)
    g_object_unref (self);
}

static void
dms_p2p_channel_on_raw (DmsP2pPipe *raw, GIOCondition condition, gpointer user_data)
{
  g_autoptr (DmsP2pChannel) self = g_object_ref (user_data);
  DmsP2pChannelPrivate *priv = dms_p2p_channel_get_instance_private (self);

  if (condition & G_IO_OUT)
    dms_p2p_channel_send (self, NULL);
  if (priv->closed)
    {
      if (priv->failure != NULL || dms_p2p_buffer_get_size (&priv->out) == 0)
        dms_p2p_channel_finish (self, priv);
      return;
    }
  if (!dms_p2p_channel_is_writable (priv))
    condition &= ~G_IO_OUT;
  if (priv->failure != NULL)
    condition |= G_IO_IN | G_IO_OUT;
  dms_p2p_pipe_dispatch (DMS_P2P_PIPE (self), condition);
  /* What one read of the raw pipe brought, without a turn of the main loop for each piece. */
  for (guint i = 0;
       i < DMS_P2P_CHANNEL_ROUNDS && !priv->closed &&
       (dms_p2p_pipe_get_wanted (DMS_P2P_PIPE (self)) & G_IO_IN) && dms_p2p_channel_is_readable (self, priv);
       i++)
    dms_p2p_pipe_dispatch (DMS_P2P_PIPE (self), G_IO_IN);
  if (priv->closed)
    return;
  dms_p2p_channel_update (self, priv);
  dms_p2p_pipe_notify (DMS_P2P_PIPE (self));
}

gssize
dms_p2p_channel_fill (DmsP2pChannel *self, GError **error)
{
  DmsP2pChannelPrivate *priv = dms_p2p_channel_get_instance_private (self);
  gsize room = DMS_P2P_CHANNEL_IN - MIN (dms_p2p_buffer_get_size (&priv->in), DMS_P2P_CHANNEL_IN);
  gssize n = 0;

  if (priv->raw_ended)
    return 0;
  if (room == 0)
    return DMS_P2P_WOULD_BLOCK;
  if (!priv->started)
    room = MIN (room, DMS_P2P_CHANNEL_IN_FIRST);
  n = dms_p2p_pipe_read (priv->raw, dms_p2p_buffer_reserve (&priv->in, room), room, error);
  if (n > 0)
    {
      dms_p2p_buffer_added (&priv->in, (gsize) n);
      priv->has_heard = TRUE;
    }
  if (n == 0)
    priv->raw_ended = TRUE;
  return n;
}

static gssize
dms_p2p_channel_read_end (DmsP2pChannel *self, DmsP2pChannelPrivate *priv, GError **error)
{
  if (DMS_P2P_CHANNEL_GET_CLASS (self)->may_end (self))
    {
      priv->ended = TRUE;
      return 0;
    }
  priv->failure = g_error_new_literal (
      DMS_ERROR, DMS_ERROR_IO, "the connection was cut off without the other side having ended it");
  if (error != NULL)
    *error = g_error_copy (priv->failure);
  return -1;
}

static gssize
dms_p2p_channel_read (DmsP2pPipe *pipe, void *buffer, gsize size, GError **error)
{
  DmsP2pChannel *self = DMS_P2P_CHANNEL (pipe);
  DmsP2pChannelPrivate *priv = dms_p2p_channel_get_instance_private (self);
  g_autoptr (GError) failure = NULL;
  gsize total = 0;
  guint fills = 0;
  gssize n = 0;

  if (!dms_p2p_channel_check (priv, error))
    return -1;
  if (priv->ended)
    return 0;
  while (total < size)
    {
      n = DMS_P2P_CHANNEL_GET_CLASS (self)->open (self, (guint8 *) buffer + total, size - total, &failure);
      if (n > 0)
        total += (gsize) n;
      /* Once there is something, no more calls to the system for perhaps nothing. */
      if (n > 0)
        continue;
      if (n != DMS_P2P_WOULD_BLOCK || total > 0 || fills++ == DMS_P2P_CHANNEL_FILLS)
        break;
      n = dms_p2p_channel_fill (self, &failure);
      if (n == 0 && total == 0)
        return dms_p2p_channel_read_end (self, priv, error);
      if (n <= 0)
        break;
    }
  if (n == 0 && total < size)
    priv->ended = TRUE;
  if (n == -1)
    dms_p2p_channel_fail (priv, failure);
  dms_p2p_channel_update (self, priv);
  if (total > 0 || n != -1)
    return total > 0 ? (gssize) total : n;
  g_propagate_error (error, g_steal_pointer (&failure));
  return -1;
}

static gssize
dms_p2p_channel_writev (DmsP2pPipe *pipe, const GOutputVector *vectors, gsize n_vectors, GError **error)
{
  DmsP2pChannel *self = DMS_P2P_CHANNEL (pipe);
  DmsP2pChannelPrivate *priv = dms_p2p_channel_get_instance_private (self);
  g_autoptr (GError) failure = NULL;
  gsize size = 0;
  gsize taken = 0;

  if (!dms_p2p_channel_check (priv, error))
    return -1;
  if (priv->write_ended)
    {
      g_set_error_literal (error, DMS_ERROR, DMS_ERROR_WRONG_STATE, "writing has been ended on this side");
      return -1;
    }
  for (gsize i = 0; i < n_vectors; i++)
    size += vectors[i].size;
  while (taken < size)
    {
      gssize n = 0;

      if (dms_p2p_buffer_get_size (&priv->out) >= DMS_P2P_CHANNEL_OUT)
        n = dms_p2p_channel_send (self, &failure);
      if (n == 0)
        n = DMS_P2P_CHANNEL_GET_CLASS (self)->seal (self, vectors, n_vectors, taken, &failure);
      if (n == DMS_P2P_WOULD_BLOCK)
        break;
      if (n < 0)
        {
          dms_p2p_channel_fail (priv, failure);
          g_propagate_error (error, g_steal_pointer (&failure));
          return -1;
        }
      taken += (gsize) n;
    }
  /* An error here is told by the next call. */
  dms_p2p_channel_send (self, NULL);
  dms_p2p_channel_update (self, priv);
  /* Nothing of the raw pipe is wanted any more that would wake who waits to read. */
  if (priv->failure != NULL)
    dms_p2p_pipe_notify (pipe);
  return taken > 0 || size == 0 ? (gssize) taken : DMS_P2P_WOULD_BLOCK;
}

static gssize
dms_p2p_channel_flush (DmsP2pPipe *pipe, GError **error)
{
  DmsP2pChannel *self = DMS_P2P_CHANNEL (pipe);
  DmsP2pChannelPrivate *priv = dms_p2p_channel_get_instance_private (self);
  gssize n = 0;

  if (!dms_p2p_channel_check (priv, error))
    return -1;
  n = dms_p2p_channel_send (self, error);
  dms_p2p_channel_update (self, priv);
  return n == 0 ? dms_p2p_pipe_flush (priv->raw, error) : n;
}

static void
dms_p2p_channel_end_writing (DmsP2pChannel *self, DmsP2pChannelPrivate *priv)
{
  if (priv->write_ended || !priv->started)
    return;
  if (DMS_P2P_CHANNEL_GET_CLASS (self)->end != NULL)
    {
      DMS_P2P_CHANNEL_GET_CLASS (self)->end (self);
      priv->raw_write_ended = TRUE;
    }
  priv->write_ended = TRUE;
}

static gboolean
dms_p2p_channel_shutdown_write (DmsP2pPipe *pipe, GError **error)
{
  DmsP2pChannel *self = DMS_P2P_CHANNEL (pipe);
  DmsP2pChannelPrivate *priv = dms_p2p_channel_get_instance_private (self);
  gssize n = 0;

  if (!dms_p2p_channel_check (priv, error))
    return FALSE;
  dms_p2p_channel_end_writing (self, priv);
  n = dms_p2p_channel_send (self, error);
  dms_p2p_channel_update (self, priv);
  return n != -1;
}

static gboolean
dms_p2p_channel_on_linger (gpointer user_data)
{
  DmsP2pChannel *self = user_data;

  dms_p2p_channel_finish (self, dms_p2p_channel_get_instance_private (self));
  return G_SOURCE_REMOVE;
}

static void
dms_p2p_channel_close (DmsP2pPipe *pipe)
{
  DmsP2pChannel *self = DMS_P2P_CHANNEL (pipe);
  DmsP2pChannelPrivate *priv = dms_p2p_channel_get_instance_private (self);
  gssize n = 0;

  if (priv->closed)
    return;
  priv->closed = TRUE;
  dms_p2p_buffer_clear (&priv->in);
  if (priv->raw == NULL)
    return;
  if (priv->failure == NULL)
    dms_p2p_channel_end_writing (self, priv);
  n = priv->failure == NULL ? dms_p2p_channel_send (self, NULL) : 0;
  if (n != DMS_P2P_WOULD_BLOCK || !priv->started)
    {
      dms_p2p_channel_finish (self, priv);
      return;
    }
  /* Lives on by itself until its last bytes have gone. */
  g_object_ref (self);
  priv->linger = g_timeout_source_new_seconds (DMS_P2P_CHANNEL_LINGER_S);
  g_source_set_static_name (priv->linger, "dms-p2p-channel");
  g_source_set_callback (priv->linger, dms_p2p_channel_on_linger, self, NULL);
  g_source_attach (priv->linger, dms_p2p_pipe_get_context (pipe));
  dms_p2p_pipe_want (priv->raw, G_IO_OUT);
}

static void
dms_p2p_channel_reset (DmsP2pPipe *pipe, guint64 code)
{
  DmsP2pChannel *self = DMS_P2P_CHANNEL (pipe);
  DmsP2pChannelPrivate *priv = dms_p2p_channel_get_instance_private (self);

  priv->closed = TRUE;
  dms_p2p_buffer_clear (&priv->in);
  if (priv->raw != NULL)
    dms_p2p_pipe_reset (priv->raw, code);
  dms_p2p_channel_finish (self, priv);
}

void
dms_p2p_channel_set_raw (DmsP2pChannel *self, DmsP2pPipe *raw)
{
  DmsP2pChannelPrivate *priv = dms_p2p_channel_get_instance_private (self);

  g_set_object (&priv->raw, raw);
}

DmsP2pPipe *
dms_p2p_channel_get_raw (DmsP2pChannel *self)
{
  DmsP2pChannelPrivate *priv = dms_p2p_channel_get_instance_private (self);

  return priv->raw;
}

DmsP2pBuffer *
dms_p2p_channel_get_in (DmsP2pChannel *self)
{
  DmsP2pChannelPrivate *priv = dms_p2p_channel_get_instance_private (self);

  return &priv->in;
}

DmsP2pBuffer *
dms_p2p_channel_get_out (DmsP2pChannel *self)
{
  DmsP2pChannelPrivate *priv = dms_p2p_channel_get_instance_private (self);

  return &priv->out;
}

gboolean
dms_p2p_channel_has_raw_ended (DmsP2pChannel *self)
{
  DmsP2pChannelPrivate *priv = dms_p2p_channel_get_instance_private (self);

  return priv->raw_ended;
}

gboolean
dms_p2p_channel_has_heard (DmsP2pChannel *self)
{
  DmsP2pChannelPrivate *priv = dms_p2p_channel_get_instance_private (self);

  return priv->has_heard;
}

void
dms_p2p_channel_start (DmsP2pChannel *self)
{
  DmsP2pChannelPrivate *priv = dms_p2p_channel_get_instance_private (self);

  priv->started = TRUE;
  dms_p2p_pipe_set_handler (priv->raw, dms_p2p_channel_on_raw, self);
  dms_p2p_channel_update (self, priv);
}

gsize
dms_p2p_channel_gather (const GOutputVector *vectors, gsize n_vectors, gsize skip, guint8 *buffer, gsize size)
{
  gsize n = 0;

  for (gsize i = 0; i < n_vectors && n < size; i++)
    {
      gsize part = 0;

      if (skip >= vectors[i].size)
        {
          skip -= vectors[i].size;
          continue;
        }
      part = MIN (vectors[i].size - skip, size - n);
      memcpy (buffer + n, (const guint8 *) vectors[i].buffer + skip, part);
      n += part;
      skip = 0;
    }
  return n;
}

static void
dms_p2p_channel_dispose (GObject *object)
{
  DmsP2pChannel *self = DMS_P2P_CHANNEL (object);
  DmsP2pChannelPrivate *priv = dms_p2p_channel_get_instance_private (self);

  /* Whoever drops a channel without closing it throws it away. */
  if (priv->raw != NULL && !priv->closed)
    dms_p2p_channel_reset (DMS_P2P_PIPE (self), 0);
  G_OBJECT_CLASS (dms_p2p_channel_parent_class)->dispose (object);
  g_clear_object (&priv->raw);
}

static void
dms_p2p_channel_finalize (GObject *object)
{
  DmsP2pChannelPrivate *priv = dms_p2p_channel_get_instance_private (DMS_P2P_CHANNEL (object));

  dms_p2p_buffer_clear (&priv->in);
  dms_p2p_buffer_clear (&priv->out);
  g_clear_error (&priv->failure);
  G_OBJECT_CLASS (dms_p2p_channel_parent_class)->finalize (object);
}

static void
dms_p2p_channel_class_init (DmsP2pChannelClass *klass)
{
  DmsP2pPipeClass *pipe_class = DMS_P2P_PIPE_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = dms_p2p_channel_dispose;
  G_OBJECT_CLASS (klass)->finalize = dms_p2p_channel_finalize;
  pipe_class->read = dms_p2p_channel_read;
  pipe_class->writev = dms_p2p_channel_writev;
  pipe_class->flush = dms_p2p_channel_flush;
  pipe_class->shutdown_write = dms_p2p_channel_shutdown_write;
  pipe_class->close = dms_p2p_channel_close;
  pipe_class->reset = dms_p2p_channel_reset;
  pipe_class->poll = dms_p2p_channel_poll;
  pipe_class->want = dms_p2p_channel_want;
}

static void
dms_p2p_channel_init (DmsP2pChannel *self)
{
}
