/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "autonat/dms-p2p-autonat-client.h"
#include "host/dms-p2p-host.h"
#include "kad/dms-p2p-dht.h"
#include "gossipsub/dms-p2p-gossip.h"
#include "ping/dms-p2p-ping.h"
#include "relay/dms-p2p-relay-client.h"

G_BEGIN_DECLS

#define P2P_ECHO     "/dms-interop/echo/1"
#define P2P_UPLOAD   "/dms-interop/upload/1"
#define P2P_SINK     "/dms-interop/sink/1"
#define P2P_DOWNLOAD "/dms-interop/download/1"
#define P2P_GREET    "/dms-interop/greet/1"
#define P2P_HOLD     "/dms-interop/hold/1"
#define P2P_RESET    "/dms-interop/reset/1"

/* One host with all that belongs to it. */
typedef struct _P2pNode P2pNode;

/* @psk: the key of a private network in hexadecimal digits, or NULL. @securities: `tls`, `noise`; NULL for
 * both. @limits: {"peer.streams": 4096, …}, or NULL. */
P2pNode *p2p_node_new (const char *seed,
                       const char *psk,
                       const char *const *securities,
                       JsonObject *limits,
                       GError **error);
void p2p_node_free (P2pNode *self);
DmsP2pHost *p2p_node_get_host (P2pNode *self);
DmsP2pSwarm *p2p_node_get_swarm (P2pNode *self);
DmsP2pPing *p2p_node_get_ping (P2pNode *self);
/* Connections over relays, for itself, and for others when @serves. */
void p2p_node_use_relays (P2pNode *self, gboolean serves);
/* NULL when it does not use them. */
DmsP2pRelayClient *p2p_node_get_relay_client (P2pNode *self);
/* AutoNAT in both versions, asking and asked, and DCUtR. */
void p2p_node_traverse_nats (P2pNode *self);
/* NULL when it does not. */
DmsP2pAutonatClient *p2p_node_get_autonat (P2pNode *self);
/* NULL until it takes part; before its first connection. */
DmsP2pDht *p2p_node_get_dht (P2pNode *self);
void p2p_node_join_dht (P2pNode *self);
/* NULL without p2p_node_join_gossip(), which is for before the first connection. */
DmsP2pGossip *p2p_node_get_gossip (P2pNode *self);
void p2p_node_join_gossip (P2pNode *self);
/* The test protocols, in p2p-serve.c. */
void p2p_node_serve (P2pNode *self);
void p2p_node_serve_echo (P2pNode *self, const char *protocol);
void p2p_node_serve_inbox (P2pNode *self, const char *name);

/* Prints one line; @object belongs to it. */
void p2p_say (JsonObject *object);
JsonObject *p2p_event_new (const char *kind);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (P2pNode, p2p_node_free)

G_END_DECLS
