/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "quic/dms-p2p-quic-deadlines.h"
#include "quic/dms-p2p-quic-door.h"
#include "quic/dms-p2p-quic-flow.h"
#include "quic/dms-p2p-quic-socket.h"

G_BEGIN_DECLS

#define DMS_TYPE_P2P_QUIC_ENDPOINT (dms_p2p_quic_endpoint_get_type ())

G_DECLARE_FINAL_TYPE (DmsP2pQuicEndpoint, dms_p2p_quic_endpoint, DMS, P2P_QUIC_ENDPOINT, GObject)

/**
 * DmsP2pQuicVisitor:
 * @self: the endpoint
 * @header: of the first packet of a client
 * @path: the way it came
 * @original: the connection ID the client chose at first, when the packet has a good token; else empty
 * @user_data: (closure): the owner's data
 *
 * Returns: (transfer none) (nullable): the connection that takes the packet
 */
typedef DmsP2pQuicConnection *(*DmsP2pQuicVisitor) (DmsP2pQuicEndpoint *self,
                                                    const ngtcp2_pkt_hd *header,
                                                    const ngtcp2_path *path,
                                                    const ngtcp2_cid *original,
                                                    gpointer user_data);

DmsP2pQuicEndpoint *
dms_p2p_quic_endpoint_new (GInetSocketAddress *address, DmsP2pQuicDoor *door, GError **error);
/* Who is asked about new clients; NULL to have none. */
void
dms_p2p_quic_endpoint_set_visitor (DmsP2pQuicEndpoint *self, DmsP2pQuicVisitor visitor, gpointer user_data);

/* Takes datagrams as if they had come, and lets what follows from them happen; for tests. */
void dms_p2p_quic_endpoint_take (DmsP2pQuicEndpoint *self,
                                 const ngtcp2_path *path,
                                 const guint8 *data,
                                 gsize size);

DmsP2pQuicSocket *dms_p2p_quic_endpoint_get_socket (DmsP2pQuicEndpoint *self);
DmsP2pQuicDoor *dms_p2p_quic_endpoint_get_door (DmsP2pQuicEndpoint *self);
/* DMS_P2P_QUIC_BATCH_SIZE bytes, for whoever is writing now. */
guint8 *dms_p2p_quic_endpoint_get_buffer (DmsP2pQuicEndpoint *self);

/* FALSE when another connection has the ID. */
gboolean dms_p2p_quic_endpoint_add_id (DmsP2pQuicEndpoint *self,
                                       const ngtcp2_cid *id,
                                       DmsP2pQuicConnection *connection);
void dms_p2p_quic_endpoint_remove_id (DmsP2pQuicEndpoint *self, const ngtcp2_cid *id);
/* The other side may end @connection by a datagram that ends in the 16 bytes @token and is random else (RFC
 * 9000 section 10.3). */
gboolean dms_p2p_quic_endpoint_add_token (DmsP2pQuicEndpoint *self,
                                          const guint8 *token,
                                          DmsP2pQuicConnection *connection);
void dms_p2p_quic_endpoint_remove_token (DmsP2pQuicEndpoint *self,
                                         const guint8 *token,
                                         DmsP2pQuicConnection *connection);
/* See dms_p2p_quic_graves_bury(). */
void dms_p2p_quic_endpoint_bury (DmsP2pQuicEndpoint *self,
                                 const ngtcp2_cid *ids,
                                 gsize n_ids,
                                 GBytes *packet,
                                 ngtcp2_tstamp until);

/* When to call dms_p2p_quic_connection_tick() of the connection that owns @deadline, once; -1 for never. */
void
dms_p2p_quic_endpoint_set_deadline (DmsP2pQuicEndpoint *self, DmsP2pQuicDeadline *deadline, gint64 at_us);

/* FALSE when the socket takes no more: the connection is flushed when it does again. */
gboolean dms_p2p_quic_endpoint_may_send (DmsP2pQuicEndpoint *self, DmsP2pQuicConnection *connection);
void dms_p2p_quic_endpoint_send (DmsP2pQuicEndpoint *self,
                                 const ngtcp2_path *path,
                                 guint32 ecn,
                                 const guint8 *data,
                                 gsize size,
                                 gsize segment);
void dms_p2p_quic_endpoint_forget (DmsP2pQuicEndpoint *self, DmsP2pQuicConnection *connection);

G_END_DECLS
