/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "io/dms-p2p-pipe.h"

G_BEGIN_DECLS

#define DMS_TYPE_P2P_STREAM (dms_p2p_stream_get_type ())

/* A pipe in the shape of a GIOStream that is a DmsStream: its input and output streams are pollable, so that
 * all of GIO works on it. */
G_DECLARE_FINAL_TYPE (DmsP2pStream, dms_p2p_stream, DMS, P2P_STREAM, GIOStream)

/* @pipe belongs to the stream from here on. @owned, which may be NULL, is freed with the stream. */
DmsP2pStream *dms_p2p_stream_new (DmsP2pPipe *pipe,
                                  const char *protocol,
                                  DmsPeerId *peer,
                                  gpointer owned,
                                  GDestroyNotify owned_free);
DmsP2pPipe *dms_p2p_stream_get_pipe (DmsP2pStream *self);

/* Takes the pipe out again, for a protocol that is written against pipes; the stream is closed for its users.
 */
DmsP2pPipe *dms_p2p_stream_steal_pipe (DmsP2pStream *self);

G_END_DECLS
