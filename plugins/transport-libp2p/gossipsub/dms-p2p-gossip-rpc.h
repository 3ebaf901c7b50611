/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "gossipsub/dms-p2p-gossip-message.h"

G_BEGIN_DECLS

typedef struct
{
  char *topic;
  gboolean subscribe;
} DmsP2pGossipSubscription;

/* IHAVE, and GRAFT without @ids. */
typedef struct
{
  char *topic;
  /* GBytes */
  GPtrArray *ids;
} DmsP2pGossipHave;

/* Peer exchange: @record is a signed envelope, or NULL. */
typedef struct
{
  DmsPeerId *peer;
  GBytes *record;
} DmsP2pGossipPxPeer;

typedef struct
{
  char *topic;
  /* DmsP2pGossipPxPeer */
  GPtrArray *peers;
  guint64 back_off_s;
  gboolean has_back_off;
} DmsP2pGossipPrune;

/**
 * DmsP2pGossipRpc:
 * @subscriptions: (element-type DmsP2pGossipSubscription)
 * @messages: (element-type DmsP2pGossipMessage): not verified
 * @n_malformed: how many messages besides were none
 * @ihave: (element-type DmsP2pGossipHave)
 * @iwant: (element-type GBytes)
 * @graft: (element-type utf8)
 * @prune: (element-type DmsP2pGossipPrune)
 * @idontwant: (element-type GBytes)
 *
 * What peers say to each other (libp2p specs, pubsub: "The RPC", gossipsub v1.0 to v1.2).
 */
typedef struct
{
  GPtrArray *subscriptions;
  GPtrArray *messages;
  guint n_malformed;
  GPtrArray *ihave;
  GPtrArray *iwant;
  GPtrArray *graft;
  GPtrArray *prune;
  GPtrArray *idontwant;

  /*< private >*/
  guint n_control;
  guint n_ids;
} DmsP2pGossipRpc;

DmsP2pGossipRpc *dms_p2p_gossip_rpc_new (void);
void dms_p2p_gossip_rpc_free (DmsP2pGossipRpc *self);

/* DMS_ERROR_INVALID_DATA when it is malformed, DMS_ERROR_TOO_LARGE when it has more parts than an honest
 * peer's: nothing of it is kept then. */
DmsP2pGossipRpc *dms_p2p_gossip_rpc_decode (const guint8 *data, gsize size, GError **error);
/* Without a length before it. */
GBytes *dms_p2p_gossip_rpc_encode (DmsP2pGossipRpc *self);
/* One that holds a single message. */
GBytes *dms_p2p_gossip_rpc_encode_message (DmsP2pGossipMessage *message);

void dms_p2p_gossip_rpc_add_subscription (DmsP2pGossipRpc *self, const char *topic, gboolean subscribe);
/* Takes @ids. */
void dms_p2p_gossip_rpc_add_ihave (DmsP2pGossipRpc *self, const char *topic, GPtrArray *ids);
DmsP2pGossipPrune *
dms_p2p_gossip_rpc_add_prune (DmsP2pGossipRpc *self, const char *topic, guint64 back_off_s);
void dms_p2p_gossip_prune_add_peer (DmsP2pGossipPrune *self, DmsPeerId *peer, GBytes *record);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsP2pGossipRpc, dms_p2p_gossip_rpc_free)

G_END_DECLS
