/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "transport/dms-stream.h"

#include "dms-contract-private.h"

/**
 * DmsStream:
 *
 * A stream of bytes to a peer, for one protocol.
 *
 * It is a #GIOStream: bytes are read and written through g_io_stream_get_input_stream() and
 * g_io_stream_get_output_stream(). Closing the output stream alone tells the peer that no more bytes come;
 * g_io_stream_close_async() closes both ways.
 */

G_DEFINE_INTERFACE (DmsStream, dms_stream, G_TYPE_IO_STREAM)

static void
dms_stream_default_init (DmsStreamInterface *iface)
{
}

/**
 * dms_stream_get_protocol:
 * @self: a stream
 *
 * Says what the stream is for.
 *
 * Returns: (transfer none): the protocol ID
 */
const char *
dms_stream_get_protocol (DmsStream *self)
{
  g_return_val_if_fail (DMS_IS_STREAM (self), "");

  if (DMS_STREAM_GET_IFACE (self)->get_protocol == NULL)
    return "";
  return DMS_STREAM_GET_IFACE (self)->get_protocol (self);
}

/**
 * dms_stream_dup_peer_id:
 * @self: a stream
 *
 * Says who is at the other end.
 *
 * Returns: (transfer full) (nullable): the peer
 */
DmsPeerId *
dms_stream_dup_peer_id (DmsStream *self)
{
  g_return_val_if_fail (DMS_IS_STREAM (self), NULL);

  if (DMS_STREAM_GET_IFACE (self)->dup_peer_id == NULL)
    return NULL;
  return DMS_STREAM_GET_IFACE (self)->dup_peer_id (self);
}

/**
 * dms_stream_reset:
 * @self: a stream
 *
 * Throws the stream away at once in both ways; the peer sees an error.
 */
void
dms_stream_reset (DmsStream *self)
{
  g_return_if_fail (DMS_IS_STREAM (self));

  if (DMS_STREAM_GET_IFACE (self)->reset == NULL)
    return;
  DMS_STREAM_GET_IFACE (self)->reset (self);
}
