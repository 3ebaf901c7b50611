/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

G_BEGIN_DECLS

/* Who is likely to belong to one owner: an IPv4 /16, an IPv6 /32, a name (libp2p specs, kad-dht and
 * go-libp2p-kbucket, peerdiversity; which network an address is announced by is not known here). A relayed
 * address is its relay's. 0 for what is in no group: addresses of this machine and of private networks, where
 * there are no strangers. */
guint64 dms_p2p_kad_group_of (DmsMultiaddr *address);

/* Those of @addresses that one who is at @remote can know of, or make use of: a stranger from the Internet
 * has nothing to say of private networks, and nobody of this machine but one on it. At most @max. @remote:
 * (nullable): NULL when it is not known, and then only what is public is left. */
GPtrArray *dms_p2p_kad_group_filter (GPtrArray *addresses, DmsMultiaddr *remote, guint max);

G_END_DECLS
