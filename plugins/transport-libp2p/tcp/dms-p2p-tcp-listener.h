/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

G_BEGIN_DECLS

/* A socket that listens, and accepts without blocking. Lives in the main context that made it. */
typedef struct _DmsP2pTcpListener DmsP2pTcpListener;

/* @socket belongs to the callee. */
typedef void (*DmsP2pTcpListenerAccept) (GSocket *socket, gpointer user_data);

/* DMS_ERROR_ALREADY_EXISTS when the port is taken. */
DmsP2pTcpListener *dms_p2p_tcp_listener_new (GInetSocketAddress *address,
                                             DmsP2pTcpListenerAccept accept,
                                             gpointer user_data,
                                             GError **error);
/* Stops at once; may be called from within the accept function. */
void dms_p2p_tcp_listener_free (DmsP2pTcpListener *self);

/* With the real port. */
GInetSocketAddress *dms_p2p_tcp_listener_get_address (DmsP2pTcpListener *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsP2pTcpListener, dms_p2p_tcp_listener_free)

G_END_DECLS
