/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

G_BEGIN_DECLS

/**
 * DmsP2pReach:
 * @DMS_P2P_REACH_NONE: nobody can be there: unspecified, multicast, broadcast, reserved, port 0, link-local
 * without a zone
 * @DMS_P2P_REACH_LOOPBACK: this machine
 * @DMS_P2P_REACH_PRIVATE: this network: RFC 1918, RFC 6598, RFC 3927, RFC 4193
 * @DMS_P2P_REACH_PUBLIC: everywhere
 * @DMS_P2P_REACH_NAME: not known before it is resolved
 * @DMS_P2P_REACH_OTHER: no IP: in memory, a unix socket
 *
 * From where an address can be reached.
 */
typedef enum
{
  DMS_P2P_REACH_NONE,
  DMS_P2P_REACH_LOOPBACK,
  DMS_P2P_REACH_PRIVATE,
  DMS_P2P_REACH_PUBLIC,
  DMS_P2P_REACH_NAME,
  DMS_P2P_REACH_OTHER,
} DmsP2pReach;

DmsP2pReach dms_p2p_address_get_reach (DmsMultiaddr *address);
gboolean dms_p2p_address_is_relayed (DmsMultiaddr *address);
gboolean dms_p2p_address_is_quic (DmsMultiaddr *address);
gboolean dms_p2p_address_is_ip6 (DmsMultiaddr *address);
/* (nullable) (transfer full): the IP that packets go to; NULL when it is relayed or no IP. */
GInetAddress *dms_p2p_address_dup_ip (DmsMultiaddr *address);

/* (transfer full): @address with some port in place of port 0. */
DmsMultiaddr *dms_p2p_address_dup_with_port (DmsMultiaddr *address);

/* (transfer full): the same address at another IP of the same family. */
DmsMultiaddr *dms_p2p_address_move (DmsMultiaddr *address, GInetAddress *ip);

/* Appends @address to @list, or, when its IP is the unspecified one, one for each address of the interfaces
 * of this machine that are up, but for link-local ones. */
void dms_p2p_address_expand (DmsMultiaddr *address, GPtrArray *list);

G_END_DECLS
