/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

G_BEGIN_DECLS

/* How long a connection may take: go-libp2p's for one dial of TCP. */
#define DMS_P2P_TCP_CONNECT_TIMEOUT_S 5

/* Connects to @remote, from @local (may be NULL) when that works and from any port otherwise: from the port
 * one listens on, what a NAT makes of it is what others can reach (libp2p specs, connections/hole-punching).
 * @cancellable may be NULL. */
void dms_p2p_tcp_connect_async (GInetSocketAddress *remote,
                                GInetSocketAddress *local,
                                GCancellable *cancellable,
                                GAsyncReadyCallback callback,
                                gpointer user_data);
GSocket *dms_p2p_tcp_connect_finish (GAsyncResult *result, GError **error);

/* What every socket of a connection has. */
void dms_p2p_tcp_tune (GSocket *socket);

G_END_DECLS
