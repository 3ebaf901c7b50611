/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "dms-libp2p-callback.h"
#include "host/dms-p2p-host.h"

G_BEGIN_DECLS

/* Which peers are there, which of them have said who they are, what the program thinks of them; and who is
 * told of that. */
typedef struct _DmsLibp2pPeers DmsLibp2pPeers;

/* @transport: borrowed, in whose name peers are told of. */
DmsLibp2pPeers *dms_libp2p_peers_new (DmsTransport *transport);
void dms_libp2p_peers_free (DmsLibp2pPeers *self);

/* Watches the peers of a host, until that is closed. */
void dms_libp2p_peers_watch (DmsLibp2pPeers *self, DmsP2pHost *host);
/* The host is closed: forgets its peers, and tells nobody. */
void dms_libp2p_peers_leave (DmsLibp2pPeers *self);

/* A DmsPeerHandler; NULL for nobody. Told of those that are there as well, soon. */
void dms_libp2p_peers_set_handler (DmsLibp2pPeers *self, DmsLibp2pCallback *handler);

gboolean dms_libp2p_peers_is_identified (DmsLibp2pPeers *self, DmsPeerId *peer);
/* Only of peers that are there; forgotten when they go. */
void dms_libp2p_peers_set_score (DmsLibp2pPeers *self, DmsPeerId *peer, double score);
double dms_libp2p_peers_get_score (DmsLibp2pPeers *self, DmsPeerId *peer);
/* DmsPeerId: those that are connected. */
GPtrArray *dms_libp2p_peers_list (DmsLibp2pPeers *self);

G_END_DECLS
