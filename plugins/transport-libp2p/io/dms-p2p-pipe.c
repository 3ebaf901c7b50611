/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "io/dms-p2p-pipe.h"

#include <string.h>

#include "io/dms-p2p-source.h"

/**
 * DmsP2pPipe:
 *
 * Bytes in both ways, without blocking: a TCP connection, an encrypted channel over one, a stream of a muxer
 * or of QUIC. Protocols are written against this one type, so that each runs over each.
 *
 * A pipe has one user at a time, who sets the handler. A layer that hands its pipe on clears its own handler
 * first, and puts back with dms_p2p_pipe_unread() what it has read too much.
 *
 * A pipe lives in the main context that made it, the thread's default one then.
 */

typedef struct
{
  GMainContext *context;
  DmsP2pPipeHandler handler;
  gpointer user_data;
  GIOCondition wanted;
  GSource *pending;
  GByteArray *unread;
  gsize unread_offset;
  gint64 sequence;
  DmsP2pPipeAccount account_func;
  gpointer account;
} DmsP2pPipePrivate;

G_DEFINE_ABSTRACT_TYPE_WITH_PRIVATE (DmsP2pPipe, dms_p2p_pipe, G_TYPE_OBJECT)

static void
dms_p2p_pipe_dispose (GObject *object)
{
  DmsP2pPipePrivate *priv = dms_p2p_pipe_get_instance_private (DMS_P2P_PIPE (object));

  priv->handler = NULL;
  priv->wanted = 0;
  dms_p2p_source_drop (&priv->pending);
  G_OBJECT_CLASS (dms_p2p_pipe_parent_class)->dispose (object);
}

static void
dms_p2p_pipe_finalize (GObject *object)
{
  DmsP2pPipePrivate *priv = dms_p2p_pipe_get_instance_private (DMS_P2P_PIPE (object));

  g_clear_pointer (&priv->unread, g_byte_array_unref);
  g_clear_pointer (&priv->context, g_main_context_unref);
  G_OBJECT_CLASS (dms_p2p_pipe_parent_class)->finalize (object);
}

static gssize
dms_p2p_pipe_real_flush (DmsP2pPipe *self, GError **error)
{
  return 0;
}

static gboolean
dms_p2p_pipe_real_shutdown_write (DmsP2pPipe *self, GError **error)
{
  g_set_error_literal (
      error, DMS_ERROR, DMS_ERROR_NOT_SUPPORTED, "this pipe cannot be closed in one way only");
  return FALSE;
}

static void
dms_p2p_pipe_real_close (DmsP2pPipe *self)
{
}

static void
dms_p2p_pipe_real_reset (DmsP2pPipe *self, guint64 code)
{
  dms_p2p_pipe_close (self);
}

static void
dms_p2p_pipe_real_want (DmsP2pPipe *self, GIOCondition condition)
{
  dms_p2p_pipe_notify (self);
}

static void
dms_p2p_pipe_class_init (DmsP2pPipeClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = dms_p2p_pipe_dispose;
  G_OBJECT_CLASS (klass)->finalize = dms_p2p_pipe_finalize;
  klass->flush = dms_p2p_pipe_real_flush;
  klass->shutdown_write = dms_p2p_pipe_real_shutdown_write;
  klass->close = dms_p2p_pipe_real_close;
  klass->reset = dms_p2p_pipe_real_reset;
  klass->want = dms_p2p_pipe_real_want;
}

static void
dms_p2p_pipe_init (DmsP2pPipe *self)
{
  DmsP2pPipePrivate *priv = dms_p2p_pipe_get_instance_private (self);

  priv->context = g_main_context_ref_thread_default ();
  priv->sequence = -1;
}

/**
 * dms_p2p_pipe_set_handler:
 * @self: a pipe
 * @handler: (nullable): who is told what became possible; %NULL to tell nobody
 * @user_data: its data
 *
 * Makes the caller the user of the pipe. Nothing is wanted at first.
 */
void
dms_p2p_pipe_set_handler (DmsP2pPipe *self, DmsP2pPipeHandler handler, gpointer user_data)
{
  DmsP2pPipePrivate *priv = dms_p2p_pipe_get_instance_private (self);

  dms_p2p_pipe_want (self, 0);
  priv->handler = handler;
  priv->user_data = user_data;
}

/**
 * dms_p2p_pipe_want:
 * @self: a pipe
 * @condition: %G_IO_IN, %G_IO_OUT, both or 0
 *
 * Says what the handler is to be told. It stays so until the next call.
 */
void
dms_p2p_pipe_want (DmsP2pPipe *self, GIOCondition condition)
{
  DmsP2pPipePrivate *priv = dms_p2p_pipe_get_instance_private (self);

  if (priv->wanted == condition)
    return;
  priv->wanted = condition;
  DMS_P2P_PIPE_GET_CLASS (self)->want (self, condition);
  if (dms_p2p_pipe_has_unread (self))
    dms_p2p_pipe_notify (self);
}

void
dms_p2p_pipe_set_account (DmsP2pPipe *self, DmsP2pPipeAccount func, gpointer account)
{
  DmsP2pPipePrivate *priv = dms_p2p_pipe_get_instance_private (self);

  priv->account_func = func;
  priv->account = account;
}

gboolean
dms_p2p_pipe_charge (DmsP2pPipe *self, gssize delta)
{
  DmsP2pPipePrivate *priv = dms_p2p_pipe_get_instance_private (self);

  return priv->account_func == NULL || priv->account_func (priv->account, delta);
}

GIOCondition
dms_p2p_pipe_get_wanted (DmsP2pPipe *self)
{
  DmsP2pPipePrivate *priv = dms_p2p_pipe_get_instance_private (self);

  return priv->wanted;
}

/**
 * dms_p2p_pipe_dispatch:
 * @self: a pipe
 * @condition: what is possible now
 *
 * Tells the handler, if it wants to know. For subclasses, from their own sources of the main loop.
 */
void
dms_p2p_pipe_dispatch (DmsP2pPipe *self, GIOCondition condition)
{
  DmsP2pPipePrivate *priv = dms_p2p_pipe_get_instance_private (self);
  g_autoptr (DmsP2pPipe) keep = g_object_ref (self);

  condition &= priv->wanted;
  if (condition != 0 && priv->handler != NULL)
    priv->handler (self, condition, priv->user_data);
}

static GIOCondition
dms_p2p_pipe_poll (DmsP2pPipe *self)
{
  DmsP2pPipePrivate *priv = dms_p2p_pipe_get_instance_private (self);
  GIOCondition ready = dms_p2p_pipe_has_unread (self) ? G_IO_IN : 0;

  if (DMS_P2P_PIPE_GET_CLASS (self)->poll != NULL)
    ready |= DMS_P2P_PIPE_GET_CLASS (self)->poll (self);
  return ready & priv->wanted;
}

static gboolean
dms_p2p_pipe_on_pending (gpointer user_data)
{
  g_autoptr (DmsP2pPipe) self = g_object_ref (user_data);
  DmsP2pPipePrivate *priv = dms_p2p_pipe_get_instance_private (self);
  GSource *current = priv->pending;

  dms_p2p_pipe_dispatch (self, dms_p2p_pipe_poll (self));
  /* The handler may have let go of the pipe, or begun anew. */
  if (priv->pending != current || current == NULL)
    return G_SOURCE_REMOVE;
  if (dms_p2p_pipe_poll (self) != 0)
    return G_SOURCE_CONTINUE;
  g_clear_pointer (&priv->pending, g_source_unref);
  return G_SOURCE_REMOVE;
}

/**
 * dms_p2p_pipe_notify:
 * @self: a pipe
 *
 * Makes the main loop ask the pipe what is possible and tell the handler. For subclasses whose readiness no
 * descriptor shows; cheap when nobody wants to know.
 */
void
dms_p2p_pipe_notify (DmsP2pPipe *self)
{
  DmsP2pPipePrivate *priv = dms_p2p_pipe_get_instance_private (self);

  if (priv->pending != NULL || priv->handler == NULL || dms_p2p_pipe_poll (self) == 0)
    return;
  priv->pending = g_idle_source_new ();
  g_source_set_priority (priv->pending, G_PRIORITY_DEFAULT);
  g_source_set_static_name (priv->pending, "dms-p2p-pipe");
  g_source_set_callback (priv->pending, dms_p2p_pipe_on_pending, self, NULL);
  g_source_attach (priv->pending, priv->context);
}

gboolean
dms_p2p_pipe_has_unread (DmsP2pPipe *self)
{
  DmsP2pPipePrivate *priv = dms_p2p_pipe_get_instance_private (self);

  return priv->unread != NULL;
}

/**
 * dms_p2p_pipe_read:
 * @self: a pipe
 * @buffer: where the bytes go
 * @size: how many at most; not 0
 * @error: return location for a #DmsError
 *
 * Reads what is there.
 *
 * Returns: how many bytes; 0 at the end; %DMS_P2P_WOULD_BLOCK; -1 with an error, %DMS_ERROR_IO when the other
 * side reset the pipe or the connection broke
 */
gssize
dms_p2p_pipe_read (DmsP2pPipe *self, void *buffer, gsize size, GError **error)
{
  DmsP2pPipePrivate *priv = dms_p2p_pipe_get_instance_private (self);
  gsize n = 0;

  if (priv->unread == NULL)
    return DMS_P2P_PIPE_GET_CLASS (self)->read (self, buffer, size, error);

  n = MIN (size, priv->unread->len - priv->unread_offset);
  memcpy (buffer, priv->unread->data + priv->unread_offset, n);
  priv->unread_offset += n;
  if (priv->unread_offset == priv->unread->len)
    g_clear_pointer (&priv->unread, g_byte_array_unref);
  return (gssize) n;
}

/**
 * dms_p2p_pipe_unread:
 * @self: a pipe
 * @buffer: bytes that were read from it
 * @size: how many
 *
 * Puts bytes back, to be read again before all others.
 */
void
dms_p2p_pipe_unread (DmsP2pPipe *self, const void *buffer, gsize size)
{
  DmsP2pPipePrivate *priv = dms_p2p_pipe_get_instance_private (self);
  g_autoptr (GByteArray) bytes = NULL;

  if (size == 0)
    return;
  bytes = g_byte_array_sized_new ((guint) size);
  g_byte_array_append (bytes, buffer, (guint) size);
  if (priv->unread != NULL)
    g_byte_array_append (
        bytes, priv->unread->data + priv->unread_offset, priv->unread->len - (guint) priv->unread_offset);
  g_clear_pointer (&priv->unread, g_byte_array_unref);
  priv->unread = g_steal_pointer (&bytes);
  priv->unread_offset = 0;
  dms_p2p_pipe_notify (self);
}

gssize
dms_p2p_pipe_write (DmsP2pPipe *self, const void *buffer, gsize size, GError **error)
{
  GOutputVector vector = { buffer, size };

  return dms_p2p_pipe_writev (self, &vector, 1, error);
}

/**
 * dms_p2p_pipe_writev:
 * @self: a pipe
 * @vectors: (array length=n_vectors): the bytes
 * @n_vectors: how many pieces
 * @error: return location for a #DmsError
 *
 * Writes as much as the pipe takes. What it took may still be in the pipe's own memory, bounded; it goes out
 * by itself.
 *
 * Returns: how many bytes, at least 1; %DMS_P2P_WOULD_BLOCK; -1 with an error
 */
gssize
dms_p2p_pipe_writev (DmsP2pPipe *self, const GOutputVector *vectors, gsize n_vectors, GError **error)
{
  return DMS_P2P_PIPE_GET_CLASS (self)->writev (self, vectors, n_vectors, error);
}

/**
 * dms_p2p_pipe_flush:
 * @self: a pipe
 * @error: return location for a #DmsError
 *
 * Tries to get what the pipe holds on its way.
 *
 * Returns: 0 when nothing is held any more; %DMS_P2P_WOULD_BLOCK; -1 with an error
 */
gssize
dms_p2p_pipe_flush (DmsP2pPipe *self, GError **error)
{
  return DMS_P2P_PIPE_GET_CLASS (self)->flush (self, error);
}

/**
 * dms_p2p_pipe_shutdown_write:
 * @self: a pipe
 * @error: return location for a #DmsError
 *
 * Tells the other side that no more bytes come, after those that are on their way.
 *
 * Returns: whether it worked
 */
gboolean
dms_p2p_pipe_shutdown_write (DmsP2pPipe *self, GError **error)
{
  return DMS_P2P_PIPE_GET_CLASS (self)->shutdown_write (self, error);
}

/**
 * dms_p2p_pipe_close:
 * @self: a pipe
 *
 * Ends both ways. What was written still goes out as far as it can without anybody waiting for it; what comes
 * in is thrown away. Reading and writing fail from now on. May be called any number of times.
 */
void
dms_p2p_pipe_close (DmsP2pPipe *self)
{
  DMS_P2P_PIPE_GET_CLASS (self)->close (self);
}

/**
 * dms_p2p_pipe_reset:
 * @self: a pipe
 * @code: an error code for the other side, where the protocol below has a place for it
 *
 * Throws the pipe away at once, also what is on its way; the other side sees an error.
 */
void
dms_p2p_pipe_reset (DmsP2pPipe *self, guint64 code)
{
  DMS_P2P_PIPE_GET_CLASS (self)->reset (self, code);
}

GMainContext *
dms_p2p_pipe_get_context (DmsP2pPipe *self)
{
  DmsP2pPipePrivate *priv = dms_p2p_pipe_get_instance_private (self);

  return priv->context;
}

gint64
dms_p2p_pipe_get_sequence (DmsP2pPipe *self)
{
  DmsP2pPipePrivate *priv = dms_p2p_pipe_get_instance_private (self);

  return priv->sequence;
}

void
dms_p2p_pipe_set_sequence (DmsP2pPipe *self, gint64 sequence)
{
  DmsP2pPipePrivate *priv = dms_p2p_pipe_get_instance_private (self);

  priv->sequence = sequence;
}
