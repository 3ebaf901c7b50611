/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "io/dms-p2p-stream.h"

#include "io/dms-p2p-input-stream.h"
#include "io/dms-p2p-output-stream.h"

/**
 * DmsP2pStream:
 *
 * A pipe as a #GIOStream, for all that works with those. Both ways are independent; closing the output stream
 * alone half-closes the pipe. Nothing in it waits: use the `_async` calls, or poll. It lives in the main
 * context of the pipe. Like every #GIOStream it is closed, not reset, when the last reference goes.
 */
struct _DmsP2pStream
{
  GIOStream parent_instance;

  DmsP2pStreamPort *port;
  GInputStream *input;
  GOutputStream *output;
  char *protocol;
  DmsPeerId *peer;
  gpointer owned;
  GDestroyNotify owned_free;
};

static void dms_p2p_stream_stream_init (DmsStreamInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (DmsP2pStream,
                               dms_p2p_stream,
                               G_TYPE_IO_STREAM,
                               G_IMPLEMENT_INTERFACE (DMS_TYPE_STREAM, dms_p2p_stream_stream_init))

static GInputStream *
dms_p2p_stream_get_input_stream (GIOStream *stream)
{
  return DMS_P2P_STREAM (stream)->input;
}

static GOutputStream *
dms_p2p_stream_get_output_stream (GIOStream *stream)
{
  return DMS_P2P_STREAM (stream)->output;
}

static gboolean
dms_p2p_stream_close (GIOStream *stream, GCancellable *cancellable, GError **error)
{
  DmsP2pStream *self = DMS_P2P_STREAM (stream);

  /* Whatever ends first, the halves know that they are closed. */
  g_output_stream_close (self->output, NULL, NULL);
  g_input_stream_close (self->input, NULL, NULL);
  dms_p2p_stream_port_close (self->port);
  return TRUE;
}

/* GIO's own may close from another thread. */
static void
dms_p2p_stream_close_async (GIOStream *stream,
                            int io_priority,
                            GCancellable *cancellable,
                            GAsyncReadyCallback callback,
                            gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (stream, cancellable, callback, user_data);

  g_task_set_source_tag (task, dms_p2p_stream_close_async);
  g_task_set_priority (task, io_priority);
  g_task_return_boolean (task, dms_p2p_stream_close (stream, NULL, NULL));
}

static gboolean
dms_p2p_stream_close_finish (GIOStream *stream, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static const char *
dms_p2p_stream_get_protocol (DmsStream *stream)
{
  return DMS_P2P_STREAM (stream)->protocol;
}

static DmsPeerId *
dms_p2p_stream_dup_peer_id (DmsStream *stream)
{
  DmsP2pStream *self = DMS_P2P_STREAM (stream);

  return self->peer != NULL ? dms_peer_id_ref (self->peer) : NULL;
}

static void
dms_p2p_stream_reset (DmsStream *stream)
{
  DmsP2pStream *self = DMS_P2P_STREAM (stream);

  dms_p2p_stream_port_reset (self->port);
}

static void
dms_p2p_stream_finalize (GObject *object)
{
  DmsP2pStream *self = DMS_P2P_STREAM (object);

  DmsP2pPipe *pipe = dms_p2p_stream_port_get_pipe (self->port);

  /* What is owned goes now, and pays for nothing any more. */
  if (pipe != NULL && self->owned != NULL)
    dms_p2p_pipe_set_account (pipe, NULL, NULL);
  g_clear_object (&self->input);
  g_clear_object (&self->output);
  g_clear_pointer (&self->port, dms_p2p_stream_port_unref);
  g_clear_pointer (&self->peer, dms_peer_id_unref);
  g_free (self->protocol);
  if (self->owned != NULL && self->owned_free != NULL)
    self->owned_free (self->owned);
  G_OBJECT_CLASS (dms_p2p_stream_parent_class)->finalize (object);
}

static void
dms_p2p_stream_class_init (DmsP2pStreamClass *klass)
{
  GIOStreamClass *stream_class = G_IO_STREAM_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = dms_p2p_stream_finalize;
  stream_class->get_input_stream = dms_p2p_stream_get_input_stream;
  stream_class->get_output_stream = dms_p2p_stream_get_output_stream;
  stream_class->close_fn = dms_p2p_stream_close;
  stream_class->close_async = dms_p2p_stream_close_async;
  stream_class->close_finish = dms_p2p_stream_close_finish;
}

static void
dms_p2p_stream_stream_init (DmsStreamInterface *iface)
{
  iface->get_protocol = dms_p2p_stream_get_protocol;
  iface->dup_peer_id = dms_p2p_stream_dup_peer_id;
  iface->reset = dms_p2p_stream_reset;
}

static void
dms_p2p_stream_init (DmsP2pStream *self)
{
}

/**
 * dms_p2p_stream_new:
 * @pipe: (transfer full): a pipe, whose handler is the stream's from here on
 * @protocol: what is spoken over it
 * @peer: (nullable): who is at the other end
 * @owned: (nullable): what is freed with the stream
 * @owned_free: (nullable): by which function
 *
 * Returns: (transfer full): the stream
 */
DmsP2pStream *
dms_p2p_stream_new (DmsP2pPipe *pipe,
                    const char *protocol,
                    DmsPeerId *peer,
                    gpointer owned,
                    GDestroyNotify owned_free)
{
  DmsP2pStream *self = g_object_new (DMS_TYPE_P2P_STREAM, NULL);

  self->port = dms_p2p_stream_port_new (pipe);
  self->input = dms_p2p_input_stream_new (self->port);
  self->output = dms_p2p_output_stream_new (self->port);
  self->protocol = g_strdup (protocol);
  self->peer = peer != NULL ? dms_peer_id_ref (peer) : NULL;
  self->owned = owned;
  self->owned_free = owned_free;
  return self;
}

DmsP2pPipe *
dms_p2p_stream_get_pipe (DmsP2pStream *self)
{
  return dms_p2p_stream_port_get_pipe (self->port);
}

/**
 * dms_p2p_stream_steal_pipe:
 * @self: a stream
 *
 * Takes the pipe out, without closing it; what the stream owned lives as long as the pipe from here on.
 *
 * Returns: (transfer full) (nullable): the pipe; %NULL when it was taken before
 */
DmsP2pPipe *
dms_p2p_stream_steal_pipe (DmsP2pStream *self)
{
  DmsP2pPipe *pipe = dms_p2p_stream_port_steal_pipe (self->port);

  if (pipe != NULL && self->owned != NULL)
    g_object_set_data_full (
        G_OBJECT (pipe), "dms-p2p-stream-owned", g_steal_pointer (&self->owned), self->owned_free);
  return pipe;
}
