/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

G_BEGIN_DECLS

/* Who said it has a message, was asked for it, and has to deliver (libp2p specs, gossipsub v1.1, "Spam
 * Protection Measures"). Bounded by how many messages peers may be asked for. */
typedef struct _DmsP2pGossipPromises DmsP2pGossipPromises;

/* @user_data: that of collect() */
typedef void (*DmsP2pGossipBroken) (DmsPeerId *peer, guint n, gpointer user_data);

DmsP2pGossipPromises *dms_p2p_gossip_promises_new (void);
void dms_p2p_gossip_promises_free (DmsP2pGossipPromises *self);

void dms_p2p_gossip_promises_add (DmsP2pGossipPromises *self, DmsPeerId *peer, GBytes *id, gint64 expires_us);
/* Somebody delivered it: nobody has to any more. */
void dms_p2p_gossip_promises_keep (DmsP2pGossipPromises *self, GBytes *id);
void dms_p2p_gossip_promises_remove_peer (DmsP2pGossipPromises *self, DmsPeerId *peer);
/* Tells of those that were not kept, and forgets them. */
void dms_p2p_gossip_promises_collect (DmsP2pGossipPromises *self,
                                      gint64 now_us,
                                      DmsP2pGossipBroken broken,
                                      gpointer user_data);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsP2pGossipPromises, dms_p2p_gossip_promises_free)

G_END_DECLS
