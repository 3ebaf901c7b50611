/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>
#include <ngtcp2/ngtcp2.h>

G_BEGIN_DECLS

/* The most that goes out, or comes in, by one call: the largest datagram of IPv4 less its headers. */
#define DMS_P2P_QUIC_BATCH_SIZE 65507

/* A bound UDP socket that sends and receives many datagrams at a time where the kernel can: UDP_SEGMENT,
 * UDP_GRO, recvmmsg. */
typedef struct _DmsP2pQuicSocket DmsP2pQuicSocket;

/* @path is valid during the call. */
typedef void (*DmsP2pQuicDatagram) (const ngtcp2_path *path,
                                    const ngtcp2_pkt_info *info,
                                    const guint8 *data,
                                    gsize size,
                                    gpointer user_data);

DmsP2pQuicSocket *dms_p2p_quic_socket_new (GInetSocketAddress *address, GError **error);
void dms_p2p_quic_socket_free (DmsP2pQuicSocket *self);

/* As if the kernel could not take many datagrams at once; for tests. */
void dms_p2p_quic_socket_forgo_segmentation (DmsP2pQuicSocket *self);

int dms_p2p_quic_socket_get_fd (DmsP2pQuicSocket *self);
/* What it is bound to, with its real port. */
const ngtcp2_addr *dms_p2p_quic_socket_get_address (DmsP2pQuicSocket *self);

/* Hands over what is there, but not endlessly. */
void dms_p2p_quic_socket_receive (DmsP2pQuicSocket *self, DmsP2pQuicDatagram handler, gpointer user_data);

/* Sends datagrams of @segment bytes each; the last may be shorter. What the kernel does not take now is kept,
 * and FALSE returned: nothing more may be sent until dms_p2p_quic_socket_resume() returned TRUE. What it will
 * never take is lost, as datagrams are. */
gboolean dms_p2p_quic_socket_send (DmsP2pQuicSocket *self,
                                   const ngtcp2_path *path,
                                   guint32 ecn,
                                   const guint8 *data,
                                   gsize size,
                                   gsize segment);
gboolean dms_p2p_quic_socket_is_blocked (DmsP2pQuicSocket *self);
gboolean dms_p2p_quic_socket_resume (DmsP2pQuicSocket *self);

/* From which local address datagrams to @remote go out. */
gboolean dms_p2p_quic_socket_find_local (DmsP2pQuicSocket *self,
                                         const ngtcp2_addr *remote,
                                         ngtcp2_sockaddr_union *local,
                                         GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsP2pQuicSocket, dms_p2p_quic_socket_free)

G_END_DECLS
