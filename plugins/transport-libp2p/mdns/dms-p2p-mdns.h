/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "swarm/dms-p2p-swarm.h"

G_BEGIN_DECLS

/* Finds hosts of the local network and lets them find this one (libp2p specs, discovery/mdns.md). Lives in
 * the main context that made it. */
typedef struct _DmsP2pMdns DmsP2pMdns;

/* @port, @interface: DMS_P2P_MDNS_PORT and NULL, but for tests. NULL with an error when neither IPv4 nor IPv6
 * works. */
DmsP2pMdns *dms_p2p_mdns_new (DmsP2pSwarm *swarm, guint16 port, const char *interface, GError **error);
void dms_p2p_mdns_free (DmsP2pMdns *self);

/* What it is called by: `_p2p._udp.local`, or in a private network `_p2p-<fingerprint>._udp.local`. */
const char *dms_p2p_mdns_get_service (DmsP2pMdns *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsP2pMdns, dms_p2p_mdns_free)

G_END_DECLS
