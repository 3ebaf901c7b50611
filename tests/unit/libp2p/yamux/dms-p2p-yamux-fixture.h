/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "io/dms-p2p-socket-pipe.h"
#include "yamux/dms-p2p-yamux-private.h"

G_BEGIN_DECLS

/**
 * DmsP2pYamuxSide:
 * @session: the session
 * @streams: (element-type DmsP2pPipe): what the other side opened and nobody took yet
 * @memory: what it may hold above the first windows
 * @memory_max: the bound of that
 * @error: why it ended
 *
 * One side of a pair.
 */
typedef struct
{
  DmsP2pMuxer *session;
  GPtrArray *streams;
  gint64 memory;
  gint64 memory_peak;
  gint64 memory_max;
  gboolean has_ended;
  GError *error;
} DmsP2pYamuxSide;

/* Makes a session at one end of a socket pair, and gives the other end. */
void dms_p2p_yamux_side_init (DmsP2pYamuxSide *self, DmsP2pPipe *pipe, gboolean is_client);
void dms_p2p_yamux_side_clear (DmsP2pYamuxSide *self);
DmsP2pPipe *dms_p2p_yamux_side_take (DmsP2pYamuxSide *self);

void dms_p2p_yamux_make_sockets (DmsP2pPipe **a, DmsP2pPipe **b);
void dms_p2p_yamux_make_pair (DmsP2pYamuxSide *client, DmsP2pYamuxSide *server);

/* Runs the main loop until @flag, at most 30 s. */
void dms_p2p_yamux_wait_for (const gboolean *flag);
void dms_p2p_yamux_wait_ms (guint ms);

/* Reads all there is, until something has come or the end. */
GByteArray *dms_p2p_yamux_read_some (DmsP2pPipe *pipe, gsize at_least);

G_END_DECLS
