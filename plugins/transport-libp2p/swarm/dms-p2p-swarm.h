/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "identity/dms-p2p-identity.h"
#include "limits/dms-p2p-limits.h"
#include "swarm/dms-p2p-connection.h"
#include "swarm/dms-p2p-peer-store.h"
#include "transport/dms-p2p-transport.h"

G_BEGIN_DECLS

#define DMS_TYPE_P2P_SWARM (dms_p2p_swarm_get_type ())

/* All connections of one host: listens, dials, keeps one connection a peer, trims, and refuses beyond the
 * limits. */
G_DECLARE_FINAL_TYPE (DmsP2pSwarm, dms_p2p_swarm, DMS, P2P_SWARM, GObject)

/* Told when a connection is ready (@is_open) and when it has ended. */
typedef void (*DmsP2pSwarmNotify) (DmsP2pSwarm *self,
                                   DmsP2pConnection *connection,
                                   gboolean is_open,
                                   gpointer user_data);

DmsP2pSwarm *dms_p2p_swarm_new (DmsP2pIdentity *identity, DmsP2pLimits *limits, DmsP2pPeerStore *peers);

/* Before the first use, in the order of preference. */
void dms_p2p_swarm_add_transport (DmsP2pSwarm *self, DmsP2pTransport *transport);
/* Several may be added; called in order. */
void dms_p2p_swarm_add_notify (DmsP2pSwarm *self, DmsP2pSwarmNotify notify, gpointer user_data);
void dms_p2p_swarm_remove_notify (DmsP2pSwarm *self, DmsP2pSwarmNotify notify, gpointer user_data);
/* Who gets the streams that peers open; one. @pipe is raw: nothing is negotiated yet. */
void dms_p2p_swarm_set_accept (DmsP2pSwarm *self, DmsP2pConnectionAccept accept, gpointer user_data);

DmsMultiaddr *dms_p2p_swarm_listen (DmsP2pSwarm *self, DmsMultiaddr *address, GError **error);
/* Where it listens; wildcard addresses stand for all interfaces, expanded. */
GPtrArray *dms_p2p_swarm_dup_listen_addresses (DmsP2pSwarm *self);
/* (element-type DmsMultiaddr): where relays let this host be reached; listen addresses, too, from here on. */
void dms_p2p_swarm_set_relay_addresses (DmsP2pSwarm *self, GPtrArray *addresses);
/* (element-type DmsMultiaddr): where a router takes connections for this host; listen addresses, too, from
 * here on. */
void dms_p2p_swarm_set_mapped_addresses (DmsP2pSwarm *self, GPtrArray *addresses);
/* Also there: the addresses at which others reached it. */
void dms_p2p_swarm_set_confirmed_addresses (DmsP2pSwarm *self, GPtrArray *addresses);
/* Whether a connection from @local comes from a port that it listens on: others see that port then. */
gboolean dms_p2p_swarm_is_listening_at (DmsP2pSwarm *self, DmsMultiaddr *local);

/* A connection to @peer: the one there is, or a new one to an address of the peer store or of @addresses
 * (either may be empty; names are resolved; dialled as happy eyeballs, RFC 8305, QUIC before TCP). @peer may
 * be NULL when @addresses is not. Dials to one peer are joined. An address that failed is not tried again
 * until its back-off has passed, unless
 * @force. */
void dms_p2p_swarm_connect_async (DmsP2pSwarm *self,
                                  DmsPeerId *peer,
                                  GPtrArray *addresses,
                                  gboolean force,
                                  DmsP2pTrace trace,
                                  gpointer trace_data,
                                  GCancellable *cancellable,
                                  GAsyncReadyCallback callback,
                                  gpointer user_data);
DmsP2pConnection *dms_p2p_swarm_connect_finish (DmsP2pSwarm *self, GAsyncResult *result, GError **error);

/* Borrowed; NULL when there is none. The best one when there are several. */
DmsP2pConnection *dms_p2p_swarm_find (DmsP2pSwarm *self, DmsPeerId *peer);
/* (transfer full) (element-type DmsP2pConnection): all of them, those that are closing, too. */
GPtrArray *dms_p2p_swarm_list (DmsP2pSwarm *self);
void dms_p2p_swarm_disconnect (DmsP2pSwarm *self, DmsPeerId *peer);

/* Connections of a protected peer are not trimmed. Each @tag counts; weights of tags decide who is trimmed
 * first. */
void dms_p2p_swarm_protect (DmsP2pSwarm *self, DmsPeerId *peer, const char *tag);
gboolean dms_p2p_swarm_unprotect (DmsP2pSwarm *self, DmsPeerId *peer, const char *tag);
void dms_p2p_swarm_tag (DmsP2pSwarm *self, DmsPeerId *peer, const char *tag, int weight);
void dms_p2p_swarm_set_water_marks (DmsP2pSwarm *self, guint low, guint high, guint grace_s);

DmsP2pIdentity *dms_p2p_swarm_get_identity (DmsP2pSwarm *self);
DmsP2pLimits *dms_p2p_swarm_get_limits (DmsP2pSwarm *self);
DmsP2pPeerStore *dms_p2p_swarm_get_peer_store (DmsP2pSwarm *self);

/* Closes everything; nothing is told afterwards. */
void dms_p2p_swarm_close (DmsP2pSwarm *self);

G_END_DECLS
