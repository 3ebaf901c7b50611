/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "relay/dms-p2p-relay-client.h"
#include "transport/dms-p2p-transport.h"

G_BEGIN_DECLS

#define DMS_TYPE_P2P_CIRCUIT (dms_p2p_circuit_get_type ())

/* Connections through a relay, as a transport: to /…/p2p/<relay>/p2p-circuit, and from those that come over
 * the relays of @client. They are secured and muxed from end to end; the relay sees how much is said, and not
 * what. */
G_DECLARE_FINAL_TYPE (DmsP2pCircuit, dms_p2p_circuit, DMS, P2P_CIRCUIT, DmsP2pTransport)

/* Add it to the swarm of @host, as the last one; it lets go of the host when it is closed. */
DmsP2pTransport *dms_p2p_circuit_new (DmsP2pHost *host, DmsP2pRelayClient *client);

G_END_DECLS
