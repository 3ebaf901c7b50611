/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "gossipsub/dms-p2p-gossip-queue.h"
#include "host/dms-p2p-host.h"

G_BEGIN_DECLS

/* The two streams to one peer: the one we write to, and the one it writes to. Counted, so that either may end
 * while it is used. */
typedef struct _DmsP2pGossipLine DmsP2pGossipLine;

/* @received: an RPC. FALSE resets the stream it came on. @broken: the stream we write to is gone. Neither is
 * called from inside a call on the line. */
typedef struct
{
  gboolean (*received) (DmsP2pGossipLine *line, GBytes *rpc, gpointer user_data);
  void (*broken) (DmsP2pGossipLine *line, gpointer user_data);
} DmsP2pGossipLineFuncs;

DmsP2pGossipLine *
dms_p2p_gossip_line_new (DmsPeerId *peer, const DmsP2pGossipLineFuncs *funcs, gpointer user_data);
DmsP2pGossipLine *dms_p2p_gossip_line_ref (DmsP2pGossipLine *self);
void dms_p2p_gossip_line_unref (DmsP2pGossipLine *self);
/* Ends both streams; nothing is called afterwards. */
void dms_p2p_gossip_line_close (DmsP2pGossipLine *self);

DmsPeerId *dms_p2p_gossip_line_get_peer (DmsP2pGossipLine *self);
gboolean dms_p2p_gossip_line_is_open (DmsP2pGossipLine *self);
/* The stream to write to is no good: drops it, and then calls broken(). */
void dms_p2p_gossip_line_break (DmsP2pGossipLine *self);
/* The stream to write to; it is used from here on. */
void dms_p2p_gossip_line_set_outlet (DmsP2pGossipLine *self, DmsP2pStream *stream);
/* The stream the peer writes to; an earlier one is reset. It is read when there is an outlet: before, nobody
 * knows the peer. */
void dms_p2p_gossip_line_set_inlet (DmsP2pGossipLine *self, DmsP2pStream *stream);
/* While the RPC of @size bytes that came last waits to be worked off nothing more is read, from any inlet,
 * and the peer pays for its memory. Of no effect when it is held already. */
void dms_p2p_gossip_line_hold (DmsP2pGossipLine *self, gsize size);
void dms_p2p_gossip_line_release (DmsP2pGossipLine *self);

/* Writes an RPC when its turn comes, and before it its length. */
void dms_p2p_gossip_line_send (DmsP2pGossipLine *self, GBytes *rpc, DmsP2pGossipUrgency urgency);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsP2pGossipLine, dms_p2p_gossip_line_unref)

G_END_DECLS
