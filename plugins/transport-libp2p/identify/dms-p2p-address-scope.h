/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

G_BEGIN_DECLS

/* From how far away an address can be reached, the nearest first. */
typedef enum
{
  DMS_P2P_ADDRESS_HERE,
  DMS_P2P_ADDRESS_SITE,
  DMS_P2P_ADDRESS_WORLD,
} DmsP2pAddressScope;

/* Names are taken to be of the world. */
DmsP2pAddressScope dms_p2p_address_scope_of (DmsMultiaddr *address);

/* Those of @addresses that a peer at @remote can mean for us: nobody out there tells us of our own loopback
 * or of our own site (go-libp2p, p2p/protocol/identify: filterAddrs). */
GPtrArray *dms_p2p_address_scope_filter (GPtrArray *addresses, DmsMultiaddr *remote);

G_END_DECLS
