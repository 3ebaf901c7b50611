/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "kad/dms-p2p-dht.h"

G_BEGIN_DECLS

/* Finds others of the same network: provides one agreed name, and from time to time dials those who do too
 * (spec, section 1). */
typedef struct _DmsP2pDhtDiscovery DmsP2pDhtDiscovery;

/* @name: `nunet-test` in the field. @find_s: after how many seconds they are looked for again; 15 minutes in
 * the field. */
DmsP2pDhtDiscovery *
dms_p2p_dht_discovery_new (DmsP2pDht *dht, DmsP2pSwarm *swarm, const char *name, guint find_s);
/* Before the table is closed. */
/* This host can be reached elsewhere: others are told anew, and found who can reach only that. */
void dms_p2p_dht_discovery_note_moved (DmsP2pDhtDiscovery *self);
void dms_p2p_dht_discovery_free (DmsP2pDhtDiscovery *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsP2pDhtDiscovery, dms_p2p_dht_discovery_free)

G_END_DECLS
