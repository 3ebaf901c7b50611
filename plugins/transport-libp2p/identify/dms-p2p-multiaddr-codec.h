/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

G_BEGIN_DECLS

enum
{
  /* The most bytes of one address: more than any that can be dialled has. */
  DMS_P2P_MULTIADDR_MAX_BYTES = 512,
};

/* Multiaddrs in their binary form (multiformats/multiaddr, protocols.csv). NULL for what has parts that are
 * not known here, which is nobody's fault: such an address cannot be used, that is all. */
DmsMultiaddr *dms_p2p_multiaddr_decode (const guint8 *data, gsize size);
GBytes *dms_p2p_multiaddr_encode (DmsMultiaddr *address);

G_END_DECLS
