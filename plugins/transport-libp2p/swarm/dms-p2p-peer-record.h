/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

G_BEGIN_DECLS

/* Bounds of what is kept of one peer. */
enum
{
  DMS_P2P_PEER_RECORD_MAX_ADDRESSES = 64,
  /* Of all addresses together, as the heap has them: 64 of the usual length take 9 KiB. Ours. */
  DMS_P2P_PEER_RECORD_MAX_ADDRESS_BYTES = 16384,
  /* Of agent and protocol version. Those in the field have below 64 bytes. */
  DMS_P2P_PEER_RECORD_MAX_TEXT = 256,
  /* Of all protocols together. Nodes in the field have below 2 KiB. */
  DMS_P2P_PEER_RECORD_MAX_PROTOCOL_BYTES = 8192,
  DMS_P2P_PEER_RECORD_MAX_PROTOCOLS = 256,
  /* Of the signed envelope: those of honest peers have below 1 KiB. */
  DMS_P2P_PEER_RECORD_MAX_ENVELOPE = 2048,
};

/* One address of a peer. Times are microseconds of g_get_real_time(), 0 for never. */
typedef struct
{
  DmsMultiaddr *address;
  gint64 expires_us;
  gint64 connected_us;
  guint n_failures;
  gboolean is_certified;
} DmsP2pPeerAddress;

void dms_p2p_peer_address_free (DmsP2pPeerAddress *self);

/* What is known of one peer. */
typedef struct
{
  DmsPeerId *peer;
  /* DmsP2pPeerAddress, the best first. */
  GPtrArray *addresses;
  char *agent;
  char *protocol_version;
  GStrv protocols;
  /* The signed envelope that its certified addresses came in; NULL for none. Not kept in the file. */
  GBytes *envelope;
  /* Whether this host once reached it. Who only came by itself may be one of a crowd. */
  gboolean is_proven;
  /* When it was connected last. */
  gint64 seen_us;
  /* When anything was heard of it last. */
  gint64 touched_us;
  /* What the store has counted it as. */
  gsize counted_bytes;
} DmsP2pPeerRecord;

DmsP2pPeerRecord *dms_p2p_peer_record_new (DmsPeerId *peer);
void dms_p2p_peer_record_free (DmsP2pPeerRecord *self);
/* What it takes of the heap, nearly. */
gsize dms_p2p_peer_record_get_bytes (DmsP2pPeerRecord *self);

/* The one for @address, new when there is room. NULL when there is none, or nobody can be there. */
DmsP2pPeerAddress *
dms_p2p_peer_record_add_address (DmsP2pPeerRecord *self, DmsMultiaddr *address, gboolean is_certified);
DmsP2pPeerAddress *dms_p2p_peer_record_find_address (DmsP2pPeerRecord *self, DmsMultiaddr *address);
void dms_p2p_peer_record_drop_expired (DmsP2pPeerRecord *self, gint64 now_us);
/* Those that the peer did not sign for and that never worked. */
void dms_p2p_peer_record_drop_hearsay (DmsP2pPeerRecord *self);
void dms_p2p_peer_record_sort (DmsP2pPeerRecord *self);
void dms_p2p_peer_record_set_identity (DmsP2pPeerRecord *self,
                                       const char *agent,
                                       const char *protocol_version,
                                       const char *const *protocols);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsP2pPeerRecord, dms_p2p_peer_record_free)

G_END_DECLS
