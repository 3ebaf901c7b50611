/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "kad/dms-p2p-kad-peer.h"

G_BEGIN_DECLS

/* One way through the keyspace (libp2p specs, kad-dht, "Peer routing"): who has been heard of, who was asked
 * and what came of it. It sends nothing: it says who is to be asked next.
 *
 * It relies on the k closest peers only, and on no more than a few of each IP group among these: those of a
 * group that has enough stand aside until one of them fails. That a peer is in a group is believed until it
 * answers, and then known. */
typedef struct _DmsP2pKadQuery DmsP2pKadQuery;

/* @self_key: who is never to be asked. */
DmsP2pKadQuery *dms_p2p_kad_query_new (const DmsP2pKadKey *target, const DmsP2pKadKey *self_key);
void dms_p2p_kad_query_free (DmsP2pKadQuery *self);
const DmsP2pKadKey *dms_p2p_kad_query_get_target (DmsP2pKadQuery *self);

/* @from: (nullable): who told of it; NULL for those of the own table. */
void dms_p2p_kad_query_add (DmsP2pKadQuery *self, DmsP2pKadPeer *peer, DmsP2pKadPeer *from);
/* (nullable): who is to be asked now. It counts as asked from here on. */
DmsP2pKadPeer *dms_p2p_kad_query_next (DmsP2pKadQuery *self);
/* @group: where it answered from. */
void dms_p2p_kad_query_note_answered (DmsP2pKadQuery *self, DmsP2pKadPeer *peer, guint64 group);
void dms_p2p_kad_query_note_failed (DmsP2pKadQuery *self, DmsP2pKadPeer *peer);

/* Whether the closest have answered, or nobody is left who could. */
gboolean dms_p2p_kad_query_is_done (DmsP2pKadQuery *self);
/* From here on it is done only when all of the k closest have answered. */
void dms_p2p_kad_query_follow_up (DmsP2pKadQuery *self);

/* DmsP2pKadPeer: the @n closest, the closest first. @answered: only those that have answered. */
GPtrArray *dms_p2p_kad_query_list_closest (DmsP2pKadQuery *self, guint n, gboolean answered);
guint dms_p2p_kad_query_get_n_requests (DmsP2pKadQuery *self);
/* How many answers led one after the other to the closest one that answered. */
guint dms_p2p_kad_query_get_hops (DmsP2pKadQuery *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsP2pKadQuery, dms_p2p_kad_query_free)

G_END_DECLS
