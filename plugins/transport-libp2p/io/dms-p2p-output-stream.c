/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "io/dms-p2p-output-stream.h"

/**
 * DmsP2pOutputStream:
 *
 * What goes into a pipe. Made for the `_async` calls and for polling, in the main context of the pipe:
 * g_output_stream_write() never waits, and fails with %G_IO_ERROR_WOULD_BLOCK when the pipe takes nothing.
 * Closing it tells the other side that no more bytes come; nothing needs flushing.
 */
struct _DmsP2pOutputStream
{
  GOutputStream parent_instance;

  DmsP2pStreamPort *port;
};

static void dms_p2p_output_stream_pollable_init (GPollableOutputStreamInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (DmsP2pOutputStream,
                               dms_p2p_output_stream,
                               G_TYPE_OUTPUT_STREAM,
                               G_IMPLEMENT_INTERFACE (G_TYPE_POLLABLE_OUTPUT_STREAM,
                                                      dms_p2p_output_stream_pollable_init))

static gssize
dms_p2p_output_stream_write (GOutputStream *stream,
                             const void *buffer,
                             gsize size,
                             GCancellable *cancellable,
                             GError **error)
{
  const GOutputVector vector = { buffer, size };

  return dms_p2p_stream_port_writev (DMS_P2P_OUTPUT_STREAM (stream)->port, &vector, 1, error);
}

static gboolean
dms_p2p_output_stream_close (GOutputStream *stream, GCancellable *cancellable, GError **error)
{
  return dms_p2p_stream_port_close_output (DMS_P2P_OUTPUT_STREAM (stream)->port, error);
}

static void
dms_p2p_output_stream_close_async (GOutputStream *stream,
                                   int io_priority,
                                   GCancellable *cancellable,
                                   GAsyncReadyCallback callback,
                                   gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (stream, cancellable, callback, user_data);
  GError *error = NULL;

  g_task_set_source_tag (task, dms_p2p_output_stream_close_async);
  g_task_set_priority (task, io_priority);
  if (dms_p2p_stream_port_close_output (DMS_P2P_OUTPUT_STREAM (stream)->port, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static gboolean
dms_p2p_output_stream_close_finish (GOutputStream *stream, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static gssize
dms_p2p_output_stream_write_nonblocking (GPollableOutputStream *stream,
                                         const void *buffer,
                                         gsize size,
                                         GError **error)
{
  const GOutputVector vector = { buffer, size };

  return dms_p2p_stream_port_writev (DMS_P2P_OUTPUT_STREAM (stream)->port, &vector, 1, error);
}

static GPollableReturn
dms_p2p_output_stream_writev_nonblocking (GPollableOutputStream *stream,
                                          const GOutputVector *vectors,
                                          gsize n_vectors,
                                          gsize *bytes_written,
                                          GError **error)
{
  g_autoptr (GError) failure = NULL;
  gssize n = dms_p2p_stream_port_writev (DMS_P2P_OUTPUT_STREAM (stream)->port, vectors, n_vectors, &failure);

  if (bytes_written != NULL)
    *bytes_written = n >= 0 ? (gsize) n : 0;
  if (n >= 0)
    return G_POLLABLE_RETURN_OK;
  if (g_error_matches (failure, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    return G_POLLABLE_RETURN_WOULD_BLOCK;
  g_propagate_error (error, g_steal_pointer (&failure));
  return G_POLLABLE_RETURN_FAILED;
}

static gboolean
dms_p2p_output_stream_is_writable (GPollableOutputStream *stream)
{
  return dms_p2p_stream_port_is_writable (DMS_P2P_OUTPUT_STREAM (stream)->port);
}

static GSource *
dms_p2p_output_stream_create_source (GPollableOutputStream *stream, GCancellable *cancellable)
{
  g_autoptr (GSource) source =
      dms_p2p_stream_port_create_source (DMS_P2P_OUTPUT_STREAM (stream)->port, G_IO_OUT);

  return g_pollable_source_new_full (stream, source, cancellable);
}

static void
dms_p2p_output_stream_finalize (GObject *object)
{
  g_clear_pointer (&DMS_P2P_OUTPUT_STREAM (object)->port, dms_p2p_stream_port_unref);
  G_OBJECT_CLASS (dms_p2p_output_stream_parent_class)->finalize (object);
}

static void
dms_p2p_output_stream_class_init (DmsP2pOutputStreamClass *klass)
{
  GOutputStreamClass *stream_class = G_OUTPUT_STREAM_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = dms_p2p_output_stream_finalize;
  stream_class->write_fn = dms_p2p_output_stream_write;
  stream_class->close_fn = dms_p2p_output_stream_close;
  stream_class->close_async = dms_p2p_output_stream_close_async;
  stream_class->close_finish = dms_p2p_output_stream_close_finish;
}

static void
dms_p2p_output_stream_pollable_init (GPollableOutputStreamInterface *iface)
{
  iface->is_writable = dms_p2p_output_stream_is_writable;
  iface->create_source = dms_p2p_output_stream_create_source;
  iface->write_nonblocking = dms_p2p_output_stream_write_nonblocking;
  iface->writev_nonblocking = dms_p2p_output_stream_writev_nonblocking;
}

static void
dms_p2p_output_stream_init (DmsP2pOutputStream *self)
{
}

GOutputStream *
dms_p2p_output_stream_new (DmsP2pStreamPort *port)
{
  DmsP2pOutputStream *self = g_object_new (DMS_TYPE_P2P_OUTPUT_STREAM, NULL);

  self->port = dms_p2p_stream_port_ref (port);
  return G_OUTPUT_STREAM (self);
}
