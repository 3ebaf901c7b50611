/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "identity/dms-p2p-public-key.h"

G_BEGIN_DECLS

#define DMS_TYPE_P2P_PEER_STORE (dms_p2p_peer_store_get_type ())

/* What is known of peers: addresses with an expiry and what happened on them, protocols, agent, key. Bounded
 * in peers, in addresses a peer, and in bytes a peer and together; those seen longest ago give way, never
 * connected ones first. A bounded part (peers that once proved reachable) is kept in a file. */
G_DECLARE_FINAL_TYPE (DmsP2pPeerStore, dms_p2p_peer_store, DMS, P2P_PEER_STORE, GObject)

/* @path: (nullable): where the kept part is; NULL keeps nothing. A damaged file is said in the log and begun
 * anew. */
DmsP2pPeerStore *dms_p2p_peer_store_new (const char *path);
void dms_p2p_peer_store_save_async (DmsP2pPeerStore *self, GAsyncReadyCallback callback, gpointer user_data);
gboolean dms_p2p_peer_store_save_finish (DmsP2pPeerStore *self, GAsyncResult *result, GError **error);

/* Addresses without `/p2p`. @is_certified: from a record that the peer signed. */
void dms_p2p_peer_store_add_addresses (DmsP2pPeerStore *self,
                                       DmsPeerId *peer,
                                       GPtrArray *addresses,
                                       guint ttl_s,
                                       gboolean is_certified);
/* The signed envelope of the peer's record, verified, to be handed on to others; (nullable): none. */
void dms_p2p_peer_store_set_envelope (DmsP2pPeerStore *self, DmsPeerId *peer, GBytes *envelope);
GBytes *dms_p2p_peer_store_dup_envelope (DmsP2pPeerStore *self, DmsPeerId *peer);
/* Replaces what identify said before. */
void dms_p2p_peer_store_set_identity (DmsP2pPeerStore *self,
                                      DmsPeerId *peer,
                                      const char *agent,
                                      const char *protocol_version,
                                      const char *const *protocols);
void dms_p2p_peer_store_note_connected (DmsP2pPeerStore *self, DmsPeerId *peer, DmsMultiaddr *address);
void dms_p2p_peer_store_note_failed (DmsP2pPeerStore *self, DmsPeerId *peer, DmsMultiaddr *address);
void dms_p2p_peer_store_forget (DmsP2pPeerStore *self, DmsPeerId *peer);

GPtrArray *dms_p2p_peer_store_dup_addresses (DmsP2pPeerStore *self, DmsPeerId *peer);
/* Borrowed; NULL when not known. */
const char *const *dms_p2p_peer_store_get_protocols (DmsP2pPeerStore *self, DmsPeerId *peer);
const char *dms_p2p_peer_store_get_agent (DmsP2pPeerStore *self, DmsPeerId *peer);
/* DmsPeerId. */
GPtrArray *dms_p2p_peer_store_list (DmsP2pPeerStore *self);
/* 0 when never. */
gint64 dms_p2p_peer_store_get_last_seen_us (DmsP2pPeerStore *self, DmsPeerId *peer);

G_END_DECLS
