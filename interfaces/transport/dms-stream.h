/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "dms-types.h"

G_BEGIN_DECLS

#define DMS_TYPE_STREAM (dms_stream_get_type ())

DMS_EXPORT
G_DECLARE_INTERFACE (DmsStream, dms_stream, DMS, STREAM, GIOStream)

/**
 * DmsStreamInterface:
 * @get_protocol: says what the stream is for
 * @dup_peer_id: says who is at the other end
 * @reset: throws the stream away at once in both ways; the peer sees an error
 *
 * What a #GIOStream to a peer must answer besides.
 */
struct _DmsStreamInterface
{
  GTypeInterface parent_iface;

  const char *(*get_protocol) (DmsStream *self);

  DmsPeerId *(*dup_peer_id) (DmsStream *self);

  void (*reset) (DmsStream *self);

  /*< private >*/
  gpointer reserved[12];
};

DMS_EXPORT const char *dms_stream_get_protocol (DmsStream *self);

DMS_EXPORT DmsPeerId *dms_stream_dup_peer_id (DmsStream *self);

DMS_EXPORT void dms_stream_reset (DmsStream *self);

G_END_DECLS
