/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "gossipsub/dms-p2p-gossip-message.h"

G_BEGIN_DECLS

/* What became of a message. */
typedef enum
{
  DMS_P2P_GOSSIP_PENDING,
  DMS_P2P_GOSSIP_ACCEPTED,
  DMS_P2P_GOSSIP_REJECTED,
  DMS_P2P_GOSSIP_IGNORED,
} DmsP2pGossipFate;

/* One that was seen. @peers (DmsPeerId): who brought it, the first one first; bounded. */
typedef struct
{
  DmsP2pGossipFate fate;
  gint64 expires_us;
  gint64 judged_us;
  GPtrArray *peers;
} DmsP2pGossipRecord;

/* The messages of the last two minutes, so that each is taken once. Bounded: the oldest give way. */
typedef struct _DmsP2pGossipSeen DmsP2pGossipSeen;

DmsP2pGossipSeen *dms_p2p_gossip_seen_new (guint max);
void dms_p2p_gossip_seen_free (DmsP2pGossipSeen *self);

/* NULL when it was not seen. */
DmsP2pGossipRecord *dms_p2p_gossip_seen_lookup (DmsP2pGossipSeen *self, GBytes *id);
DmsP2pGossipRecord *dms_p2p_gossip_seen_add (DmsP2pGossipSeen *self, GBytes *id, gint64 expires_us);
void dms_p2p_gossip_seen_expire (DmsP2pGossipSeen *self, gint64 now_us);

/* FALSE when it is known that this peer brought it. */
gboolean dms_p2p_gossip_record_add_peer (DmsP2pGossipRecord *self, DmsPeerId *peer);
gboolean dms_p2p_gossip_record_has_peer (DmsP2pGossipRecord *self, DmsPeerId *peer);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsP2pGossipSeen, dms_p2p_gossip_seen_free)

G_END_DECLS
