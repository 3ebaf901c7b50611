/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "identity/dms-p2p-identity.h"
#include "transport/dms-p2p-transport.h"

G_BEGIN_DECLS

#define DMS_TYPE_P2P_TCP (dms_p2p_tcp_get_type ())

G_DECLARE_FINAL_TYPE (DmsP2pTcp, dms_p2p_tcp, DMS, P2P_TCP, DmsP2pTransport)

/* TCP, secured by @securities, best first (NULL for TLS, then Noise), muxed by yamux. */
DmsP2pTransport *dms_p2p_tcp_new (DmsP2pIdentity *identity, const char *const *securities);

/* Connects to @address from the port this host listens on, and takes the connection for one that @peer made:
 * two NATs are open for it when both ends do this at once (libp2p specs, relay/DCUtR; RFC 9293, 3.5,
 * simultaneous open). What comes of it is accepted like any other. */
void dms_p2p_tcp_punch (DmsP2pTcp *self, DmsMultiaddr *address, DmsPeerId *peer);

G_END_DECLS
