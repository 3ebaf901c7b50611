/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "yamux/dms-p2p-yamux-frame.h"
#include "yamux/dms-p2p-yamux.h"

G_BEGIN_DECLS

#define DMS_TYPE_P2P_YAMUX_STREAM (dms_p2p_yamux_stream_get_type ())

/* A stream of a yamux session, as a pipe. */
G_DECLARE_FINAL_TYPE (DmsP2pYamuxStream, dms_p2p_yamux_stream, DMS, P2P_YAMUX_STREAM, DmsP2pPipe)

/* What the session tells its streams; see the source. */
DmsP2pYamuxStream *dms_p2p_yamux_stream_new (DmsP2pYamux *session, guint32 id);
gboolean dms_p2p_yamux_stream_charge (DmsP2pYamuxStream *self, guint32 length);
void dms_p2p_yamux_stream_take_data (DmsP2pYamuxStream *self, const guint8 *data, gsize size);
void dms_p2p_yamux_stream_take_fin (DmsP2pYamuxStream *self);
void dms_p2p_yamux_stream_take_reset (DmsP2pYamuxStream *self, guint32 code);
gboolean dms_p2p_yamux_stream_take_window (DmsP2pYamuxStream *self, guint32 delta);
void dms_p2p_yamux_stream_take_ack (DmsP2pYamuxStream *self);
void dms_p2p_yamux_stream_send_window (DmsP2pYamuxStream *self, guint32 delta, guint16 flags);
void dms_p2p_yamux_stream_deliver (DmsP2pYamuxStream *self);
gboolean dms_p2p_yamux_stream_wants_output (DmsP2pYamuxStream *self);
void dms_p2p_yamux_stream_end (DmsP2pYamuxStream *self, const GError *error);

G_END_DECLS
