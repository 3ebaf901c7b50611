/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "kad/dms-p2p-kad-peer.h"
#include "kad/dms-p2p-kad-record.h"

G_BEGIN_DECLS

/* libp2p specs, kad-dht, "RPC messages". */
typedef enum
{
  DMS_P2P_KAD_PUT_VALUE = 0,
  DMS_P2P_KAD_GET_VALUE = 1,
  DMS_P2P_KAD_ADD_PROVIDER = 2,
  DMS_P2P_KAD_GET_PROVIDERS = 3,
  DMS_P2P_KAD_FIND_NODE = 4,
  DMS_P2P_KAD_PING = 5,
} DmsP2pKadType;

/**
 * DmsP2pKadMessage:
 * @type: what it asks for or answers
 * @key: (nullable): of a record, a peer ID, a multihash
 * @record: (nullable): a value
 * @closer: (element-type DmsP2pKadPeer): peers closer to the key
 * @providers: (element-type DmsP2pKadPeer): who provides what the key names
 *
 * One message, either way.
 */
typedef struct
{
  DmsP2pKadType type;
  GBytes *key;
  DmsP2pKadRecord *record;
  GPtrArray *closer;
  GPtrArray *providers;
} DmsP2pKadMessage;

DmsP2pKadMessage *dms_p2p_kad_message_new (DmsP2pKadType type, GBytes *key);
/* Peers and addresses beyond the bounds, and those that are malformed, are left out; what is malformed
 * otherwise, or has too large a key or record, is refused with DMS_ERROR_INVALID_DATA. */
DmsP2pKadMessage *dms_p2p_kad_message_decode (GBytes *bytes, GError **error);
GBytes *dms_p2p_kad_message_encode (DmsP2pKadMessage *self);
void dms_p2p_kad_message_free (DmsP2pKadMessage *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsP2pKadMessage, dms_p2p_kad_message_free)

G_END_DECLS
