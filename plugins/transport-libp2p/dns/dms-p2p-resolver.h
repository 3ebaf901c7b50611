/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

G_BEGIN_DECLS

#define DMS_TYPE_P2P_RESOLVER (dms_p2p_resolver_get_type ())

/* Names in multiaddrs: dns, dns4, dns6 and dnsaddr (multiformats/multiaddr, protocols/DNSADDR.md). */
G_DECLARE_FINAL_TYPE (DmsP2pResolver, dms_p2p_resolver, DMS, P2P_RESOLVER, GObject)

/* @resolver: (nullable): who asks the DNS; NULL for the system's. */
DmsP2pResolver *dms_p2p_resolver_new (GResolver *resolver);

/* Whether @address begins with a name. */
gboolean dms_p2p_resolver_is_name (DmsMultiaddr *address);

/* Gives addresses that begin with an IP, at least one; the rest of @address, `/p2p` included, is kept. A
 * dnsaddr with something behind it gives only what ends in that. An address without a name gives itself. */
void dms_p2p_resolver_resolve_async (DmsP2pResolver *self,
                                     DmsMultiaddr *address,
                                     GCancellable *cancellable,
                                     GAsyncReadyCallback callback,
                                     gpointer user_data);
/* DmsMultiaddr. */
GPtrArray *dms_p2p_resolver_resolve_finish (DmsP2pResolver *self, GAsyncResult *result, GError **error);

/* For tests: how long one resolution may take. */
void dms_p2p_resolver_set_timeout (DmsP2pResolver *self, guint timeout_ms);

G_END_DECLS
