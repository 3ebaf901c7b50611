/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "mux/dms-p2p-muxer.h"

G_BEGIN_DECLS

#define DMS_P2P_YAMUX_PROTOCOL "/yamux/1.0.0"

#define DMS_TYPE_P2P_YAMUX (dms_p2p_yamux_get_type ())

G_DECLARE_FINAL_TYPE (DmsP2pYamux, dms_p2p_yamux, DMS, P2P_YAMUX, DmsP2pMuxer)

/* A yamux session (hashicorp/yamux, spec.md; libp2p specs, yamux) over @pipe, which is the session's alone
 * from here on; it takes a reference of its own and closes the pipe when it ends. */
DmsP2pMuxer *dms_p2p_yamux_new (DmsP2pPipe *pipe, gboolean is_client);

/* Tells the other side that no new stream is taken or opened any more; the session ends with its last stream.
 */
void dms_p2p_yamux_go_away (DmsP2pYamux *self);

G_END_DECLS
