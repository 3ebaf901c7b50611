/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "gossipsub/dms-p2p-gossip-core.h"

G_BEGIN_DECLS

/* What waits to be written to one peer. Bounded: gossip gives way to messages, the oldest first, and what has
 * no room then is dropped; control is never dropped, but says that the peer is too slow. */
typedef struct _DmsP2pGossipQueue DmsP2pGossipQueue;

/* Ours: what a peer on a slow line gets through in some seconds. */
enum
{
  DMS_P2P_GOSSIP_QUEUE_MAX_BYTES = 4 * 1024 * 1024,
  DMS_P2P_GOSSIP_QUEUE_MAX_GOSSIP = 64,
  DMS_P2P_GOSSIP_QUEUE_MAX_MESSAGES = 4096,
  DMS_P2P_GOSSIP_QUEUE_MAX_CONTROL = 512,
};

DmsP2pGossipQueue *dms_p2p_gossip_queue_new (void);
void dms_p2p_gossip_queue_free (DmsP2pGossipQueue *self);

/* FALSE when there is no room for control: give the peer up. */
gboolean dms_p2p_gossip_queue_push (DmsP2pGossipQueue *self, GBytes *rpc, DmsP2pGossipUrgency urgency);
/* (transfer full): the most urgent; NULL when there is none. */
GBytes *dms_p2p_gossip_queue_pop (DmsP2pGossipQueue *self);
void dms_p2p_gossip_queue_clear (DmsP2pGossipQueue *self);

gsize dms_p2p_gossip_queue_get_bytes (DmsP2pGossipQueue *self);
guint64 dms_p2p_gossip_queue_get_dropped (DmsP2pGossipQueue *self, DmsP2pGossipUrgency urgency);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsP2pGossipQueue, dms_p2p_gossip_queue_free)

G_END_DECLS
