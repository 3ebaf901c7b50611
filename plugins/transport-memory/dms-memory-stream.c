/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-memory-stream.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include <gio/gio.h>

struct _DmsMemoryStream
{
  GIOStream parent_instance;

  char *protocol;
  DmsPeerId *peer;
  GSocket *socket;
  GSocketConnection *connection;
};

static void dms_memory_stream_stream_init (DmsStreamInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (DmsMemoryStream,
                               dms_memory_stream,
                               G_TYPE_IO_STREAM,
                               G_IMPLEMENT_INTERFACE (DMS_TYPE_STREAM, dms_memory_stream_stream_init))

static const char *
dms_memory_stream_get_protocol (DmsStream *stream)
{
  return DMS_MEMORY_STREAM (stream)->protocol;
}

static DmsPeerId *
dms_memory_stream_dup_peer_id (DmsStream *stream)
{
  return dms_peer_id_ref (DMS_MEMORY_STREAM (stream)->peer);
}

static void
dms_memory_stream_reset (DmsStream *stream)
{
  g_socket_shutdown (DMS_MEMORY_STREAM (stream)->socket, TRUE, TRUE, NULL);
}

static void
dms_memory_stream_stream_init (DmsStreamInterface *iface)
{
  iface->get_protocol = dms_memory_stream_get_protocol;
  iface->dup_peer_id = dms_memory_stream_dup_peer_id;
  iface->reset = dms_memory_stream_reset;
}

static GInputStream *
dms_memory_stream_get_input_stream (GIOStream *stream)
{
  return g_io_stream_get_input_stream (G_IO_STREAM (DMS_MEMORY_STREAM (stream)->connection));
}

static GOutputStream *
dms_memory_stream_get_output_stream (GIOStream *stream)
{
  return g_io_stream_get_output_stream (G_IO_STREAM (DMS_MEMORY_STREAM (stream)->connection));
}

static gboolean
dms_memory_stream_close (GIOStream *stream, GCancellable *cancellable, GError **error)
{
  return g_io_stream_close (G_IO_STREAM (DMS_MEMORY_STREAM (stream)->connection), cancellable, error);
}

static void
dms_memory_stream_finalize (GObject *object)
{
  DmsMemoryStream *self = DMS_MEMORY_STREAM (object);

  g_clear_pointer (&self->protocol, g_free);
  g_clear_pointer (&self->peer, dms_peer_id_unref);
  g_clear_object (&self->connection);
  g_clear_object (&self->socket);
  G_OBJECT_CLASS (dms_memory_stream_parent_class)->finalize (object);
}

static void
dms_memory_stream_class_init (DmsMemoryStreamClass *klass)
{
  GIOStreamClass *stream_class = G_IO_STREAM_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = dms_memory_stream_finalize;
  stream_class->get_input_stream = dms_memory_stream_get_input_stream;
  stream_class->get_output_stream = dms_memory_stream_get_output_stream;
  stream_class->close_fn = dms_memory_stream_close;
}

static void
dms_memory_stream_init (DmsMemoryStream *self)
{
}

/* Takes the descriptor. */
static DmsMemoryStream *
new_end (const char *protocol, DmsPeerId *peer, int descriptor, GError **error)
{
  g_autoptr (GSocket) socket = g_socket_new_from_fd (descriptor, error);
  DmsMemoryStream *self;

  if (socket == NULL)
    {
      close (descriptor);
      return NULL;
    }
  self = g_object_new (DMS_TYPE_MEMORY_STREAM, NULL);
  self->protocol = g_strdup (protocol);
  self->peer = dms_peer_id_ref (peer);
  self->connection = g_socket_connection_factory_create_connection (socket);
  self->socket = g_steal_pointer (&socket);
  return self;
}

gboolean
dms_memory_stream_new_pair (const char *protocol,
                            DmsPeerId *near_peer,
                            DmsPeerId *far_peer,
                            DmsMemoryStream **near_end,
                            DmsMemoryStream **far_end,
                            GError **error)
{
  g_autoptr (DmsMemoryStream) first = NULL;
  g_autoptr (DmsMemoryStream) second = NULL;
  int descriptors[2];

  if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, descriptors) != 0)
    {
      g_set_error (error, DMS_ERROR, DMS_ERROR_IO, "cannot make a stream for “%s”: %s", protocol,
                   g_strerror (errno));
      return FALSE;
    }
  first = new_end (protocol, far_peer, descriptors[0], error);
  second = new_end (protocol, near_peer, descriptors[1], first != NULL ? error : NULL);
  if (first == NULL || second == NULL)
    return FALSE;
  *near_end = g_steal_pointer (&first);
  *far_end = g_steal_pointer (&second);
  return TRUE;
}
