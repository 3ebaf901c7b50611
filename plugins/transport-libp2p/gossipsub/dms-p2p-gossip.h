/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "gossipsub/dms-p2p-gossip-core.h"
#include "host/dms-p2p-host.h"

G_BEGIN_DECLS

#define DMS_P2P_GOSSIP_PROTOCOL_1_2 "/meshsub/1.2.0"
#define DMS_P2P_GOSSIP_PROTOCOL_1_1 "/meshsub/1.1.0"
#define DMS_P2P_GOSSIP_PROTOCOL_1_0 "/meshsub/1.0.0"

#define DMS_TYPE_P2P_GOSSIP (dms_p2p_gossip_get_type ())

/* gossipsub over the connections of a host: a core with streams, a clock and a heartbeat. */
G_DECLARE_FINAL_TYPE (DmsP2pGossip, dms_p2p_gossip, DMS, P2P_GOSSIP, GObject)

/* As those of DmsP2pGossipFuncs. Both are called from inside other calls. */
typedef struct
{
  DmsValidation (*validate) (
      const char *topic, DmsPeerId *from, GBytes *data, guint64 ticket, gpointer user_data);
  void (*deliver) (const char *topic, DmsPeerId *from, GBytes *data, gpointer user_data);
} DmsP2pGossipCallbacks;

/* Before the host has any connection. */
DmsP2pGossip *
dms_p2p_gossip_new (DmsP2pHost *host, const DmsP2pGossipCallbacks *callbacks, gpointer user_data);
/* Ends everything, with publications that are not judged; before the host is closed. Nothing is called
 * afterwards. */
void dms_p2p_gossip_close (DmsP2pGossip *self);

gboolean dms_p2p_gossip_join (DmsP2pGossip *self, const char *topic, GError **error);
void dms_p2p_gossip_leave (DmsP2pGossip *self, const char *topic);
void dms_p2p_gossip_publish (DmsP2pGossip *self,
                             const char *topic,
                             GBytes *data,
                             DmsP2pGossipPublished published,
                             gpointer user_data);
gboolean dms_p2p_gossip_finish_validation (DmsP2pGossip *self, guint64 ticket, DmsValidation verdict);

/* What the program thinks of a peer, as long as it is connected. */
void dms_p2p_gossip_set_app_score (DmsP2pGossip *self, DmsPeerId *peer, double score);
DmsP2pGossipCore *dms_p2p_gossip_get_core (DmsP2pGossip *self);

G_END_DECLS
