/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "kad/dms-p2p-kad-peer.h"

G_BEGIN_DECLS

/* The routing table (libp2p specs, kad-dht, "Kademlia Routing Table"): a bucket for each length of prefix
 * that peers have in common with this host, of at most k peers each, those that have been silent longest
 * first. Who is there stays: a newcomer takes the place only of one that has proved to be gone. No IP group
 * has more than a few peers in all of it, nor in one bucket. It asks nobody and knows no clock. */
typedef struct _DmsP2pKadTable DmsP2pKadTable;

typedef enum
{
  DMS_P2P_KAD_TABLE_ADDED,
  /* It was there, and is known to be alive now. */
  DMS_P2P_KAD_TABLE_KNOWN,
  /* The bucket is full. */
  DMS_P2P_KAD_TABLE_FULL,
  /* Its group has enough peers already; or it is this host itself. */
  DMS_P2P_KAD_TABLE_REFUSED,
} DmsP2pKadTableAdded;

DmsP2pKadTable *dms_p2p_kad_table_new (const DmsP2pKadKey *self_key);
void dms_p2p_kad_table_free (DmsP2pKadTable *self);

/* @group: of dms_p2p_kad_group_of(), of the address where it is met. */
DmsP2pKadTableAdded
dms_p2p_kad_table_add (DmsP2pKadTable *self, DmsP2pKadPeer *peer, guint64 group, gint64 now_us);
/* FALSE when it is not in the table. */
gboolean dms_p2p_kad_table_note_alive (DmsP2pKadTable *self, DmsP2pKadPeer *peer, gint64 now_us);
/* TRUE when that was once too often, and it is not in the table any more. */
gboolean dms_p2p_kad_table_note_failed (DmsP2pKadTable *self, DmsP2pKadPeer *peer);
gboolean dms_p2p_kad_table_remove (DmsP2pKadTable *self, DmsP2pKadPeer *peer);
gboolean dms_p2p_kad_table_contains (DmsP2pKadTable *self, DmsP2pKadPeer *peer);

/* (nullable): the one of this peer's bucket that has been silent longest, when that is before @before_us. */
DmsP2pKadPeer *dms_p2p_kad_table_dup_silent (DmsP2pKadTable *self, const DmsP2pKadKey *key, gint64 before_us);
/* The @n that have been silent longest of all, since before @before_us. */
GPtrArray *dms_p2p_kad_table_list_silent (DmsP2pKadTable *self, gint64 before_us, guint n);

/* DmsP2pKadPeer: the @n closest to @key, the closest first. */
GPtrArray *dms_p2p_kad_table_list_closest (DmsP2pKadTable *self, const DmsP2pKadKey *key, guint n);
/* All of them, those with the longest common prefix last. */
GPtrArray *dms_p2p_kad_table_list (DmsP2pKadTable *self);
guint dms_p2p_kad_table_get_size (DmsP2pKadTable *self);
guint dms_p2p_kad_table_get_bucket_size (DmsP2pKadTable *self, guint bucket);
/* The number of the last bucket that has peers, and 1; 0 when there are none. */
guint dms_p2p_kad_table_get_depth (DmsP2pKadTable *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsP2pKadTable, dms_p2p_kad_table_free)

G_END_DECLS
