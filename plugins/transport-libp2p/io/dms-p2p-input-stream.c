/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "io/dms-p2p-input-stream.h"

/**
 * DmsP2pInputStream:
 *
 * What comes out of a pipe. Made for the `_async` calls and for polling, in the main context of the pipe:
 * g_input_stream_read() never waits, and fails with %G_IO_ERROR_WOULD_BLOCK when there is nothing to read.
 */
struct _DmsP2pInputStream
{
  GInputStream parent_instance;

  DmsP2pStreamPort *port;
};

static void dms_p2p_input_stream_pollable_init (GPollableInputStreamInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (DmsP2pInputStream,
                               dms_p2p_input_stream,
                               G_TYPE_INPUT_STREAM,
                               G_IMPLEMENT_INTERFACE (G_TYPE_POLLABLE_INPUT_STREAM,
                                                      dms_p2p_input_stream_pollable_init))

static gssize
dms_p2p_input_stream_read (GInputStream *stream,
                           void *buffer,
                           gsize size,
                           GCancellable *cancellable,
                           GError **error)
{
  return dms_p2p_stream_port_read (DMS_P2P_INPUT_STREAM (stream)->port, buffer, size, error);
}

static gboolean
dms_p2p_input_stream_close (GInputStream *stream, GCancellable *cancellable, GError **error)
{
  dms_p2p_stream_port_close_input (DMS_P2P_INPUT_STREAM (stream)->port);
  return TRUE;
}

/* GIO's own would close from another thread. */
static void
dms_p2p_input_stream_close_async (GInputStream *stream,
                                  int io_priority,
                                  GCancellable *cancellable,
                                  GAsyncReadyCallback callback,
                                  gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (stream, cancellable, callback, user_data);

  g_task_set_source_tag (task, dms_p2p_input_stream_close_async);
  g_task_set_priority (task, io_priority);
  dms_p2p_stream_port_close_input (DMS_P2P_INPUT_STREAM (stream)->port);
  g_task_return_boolean (task, TRUE);
}

static gboolean
dms_p2p_input_stream_close_finish (GInputStream *stream, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static gssize
dms_p2p_input_stream_read_nonblocking (GPollableInputStream *stream, void *buffer, gsize size, GError **error)
{
  return dms_p2p_stream_port_read (DMS_P2P_INPUT_STREAM (stream)->port, buffer, size, error);
}

static gboolean
dms_p2p_input_stream_is_readable (GPollableInputStream *stream)
{
  return dms_p2p_stream_port_is_readable (DMS_P2P_INPUT_STREAM (stream)->port);
}

static GSource *
dms_p2p_input_stream_create_source (GPollableInputStream *stream, GCancellable *cancellable)
{
  g_autoptr (GSource) source =
      dms_p2p_stream_port_create_source (DMS_P2P_INPUT_STREAM (stream)->port, G_IO_IN);

  return g_pollable_source_new_full (stream, source, cancellable);
}

static void
dms_p2p_input_stream_finalize (GObject *object)
{
  g_clear_pointer (&DMS_P2P_INPUT_STREAM (object)->port, dms_p2p_stream_port_unref);
  G_OBJECT_CLASS (dms_p2p_input_stream_parent_class)->finalize (object);
}

static void
dms_p2p_input_stream_class_init (DmsP2pInputStreamClass *klass)
{
  GInputStreamClass *stream_class = G_INPUT_STREAM_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = dms_p2p_input_stream_finalize;
  stream_class->read_fn = dms_p2p_input_stream_read;
  stream_class->close_fn = dms_p2p_input_stream_close;
  stream_class->close_async = dms_p2p_input_stream_close_async;
  stream_class->close_finish = dms_p2p_input_stream_close_finish;
}

static void
dms_p2p_input_stream_pollable_init (GPollableInputStreamInterface *iface)
{
  iface->is_readable = dms_p2p_input_stream_is_readable;
  iface->create_source = dms_p2p_input_stream_create_source;
  iface->read_nonblocking = dms_p2p_input_stream_read_nonblocking;
}

static void
dms_p2p_input_stream_init (DmsP2pInputStream *self)
{
}

GInputStream *
dms_p2p_input_stream_new (DmsP2pStreamPort *port)
{
  DmsP2pInputStream *self = g_object_new (DMS_TYPE_P2P_INPUT_STREAM, NULL);

  self->port = dms_p2p_stream_port_ref (port);
  return G_INPUT_STREAM (self);
}
