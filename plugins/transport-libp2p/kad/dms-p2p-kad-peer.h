/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "kad/dms-p2p-kad-key.h"

G_BEGIN_DECLS

/* Whether the one who tells of a peer can reach it (libp2p specs, kad-dht, "RPC messages"). */
typedef enum
{
  DMS_P2P_KAD_NOT_CONNECTED = 0,
  DMS_P2P_KAD_CONNECTED = 1,
  DMS_P2P_KAD_CAN_CONNECT = 2,
  DMS_P2P_KAD_CANNOT_CONNECT = 3,
} DmsP2pKadConnection;

/* A peer, its place, and where it is said to be. Immutable and counted. */
typedef struct _DmsP2pKadPeer DmsP2pKadPeer;

/* @addresses: (nullable) (element-type DmsMultiaddr): without `/p2p`; kept. */
DmsP2pKadPeer *dms_p2p_kad_peer_new (DmsPeerId *id, GPtrArray *addresses, DmsP2pKadConnection connection);
/* NULL when these are not the bytes of a peer ID. */
DmsP2pKadPeer *dms_p2p_kad_peer_new_from_bytes (const guint8 *data,
                                                gsize size,
                                                GPtrArray *addresses,
                                                DmsP2pKadConnection connection);
DmsP2pKadPeer *dms_p2p_kad_peer_ref (DmsP2pKadPeer *self);
void dms_p2p_kad_peer_unref (DmsP2pKadPeer *self);

DmsPeerId *dms_p2p_kad_peer_get_id (DmsP2pKadPeer *self);
GBytes *dms_p2p_kad_peer_get_bytes (DmsP2pKadPeer *self);
const DmsP2pKadKey *dms_p2p_kad_peer_get_key (DmsP2pKadPeer *self);
GPtrArray *dms_p2p_kad_peer_get_addresses (DmsP2pKadPeer *self);
DmsP2pKadConnection dms_p2p_kad_peer_get_connection (DmsP2pKadPeer *self);

/* The same peer at other addresses. */
DmsP2pKadPeer *dms_p2p_kad_peer_at (DmsP2pKadPeer *self, GPtrArray *addresses);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsP2pKadPeer, dms_p2p_kad_peer_unref)

G_END_DECLS
