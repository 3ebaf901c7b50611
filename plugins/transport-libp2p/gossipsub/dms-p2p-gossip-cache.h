/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "gossipsub/dms-p2p-gossip-message.h"

G_BEGIN_DECLS

/* The messages of the last heartbeats, for peers that missed them (libp2p specs, gossipsub v1.0, "Message
 * Cache"). Bounded in bytes: the oldest give way. */
typedef struct _DmsP2pGossipCache DmsP2pGossipCache;

DmsP2pGossipCache *dms_p2p_gossip_cache_new (guint n_windows, guint n_told, gsize max_bytes);
void dms_p2p_gossip_cache_free (DmsP2pGossipCache *self);

void dms_p2p_gossip_cache_add (DmsP2pGossipCache *self, DmsP2pGossipMessage *message);
/* Borrowed; NULL when it is not there, or @peer has had it @max times before. Counts. */
DmsP2pGossipMessage *
dms_p2p_gossip_cache_take (DmsP2pGossipCache *self, GBytes *id, DmsPeerId *peer, guint max);
/* GBytes: those of a topic that peers are told of. */
GPtrArray *dms_p2p_gossip_cache_list (DmsP2pGossipCache *self, const char *topic);
/* One heartbeat later. */
void dms_p2p_gossip_cache_shift (DmsP2pGossipCache *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsP2pGossipCache, dms_p2p_gossip_cache_free)

G_END_DECLS
