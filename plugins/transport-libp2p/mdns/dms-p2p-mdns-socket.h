/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

G_BEGIN_DECLS

/* Multicast DNS of one family of addresses, on all interfaces of the local network that there are: a socket
 * that shares its port with other programs (RFC 6762, section 15). Lives in the main context that made it. */
typedef struct _DmsP2pMdnsSocket DmsP2pMdnsSocket;

/* What was heard, and from where. Only what comes from this machine or its local networks is told. */
typedef void (*DmsP2pMdnsHeard) (const guint8 *data,
                                 gsize size,
                                 GInetSocketAddress *from,
                                 gpointer user_data);

/* RFC 6762, section 3. */
#define DMS_P2P_MDNS_PORT 5353

/* @interface: (nullable): the only one to use, whatever it is; NULL for all that are fit. @heard may not free
 * the socket. */
DmsP2pMdnsSocket *dms_p2p_mdns_socket_new (GSocketFamily family,
                                           guint16 port,
                                           const char *interface,
                                           DmsP2pMdnsHeard heard,
                                           gpointer user_data,
                                           GError **error);
void dms_p2p_mdns_socket_free (DmsP2pMdnsSocket *self);

/* Takes part in the networks that came. */
void dms_p2p_mdns_socket_refresh (DmsP2pMdnsSocket *self);
/* To all; what cannot be sent is lost. */
void dms_p2p_mdns_socket_send (DmsP2pMdnsSocket *self, GByteArray *message);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsP2pMdnsSocket, dms_p2p_mdns_socket_free)

G_END_DECLS
