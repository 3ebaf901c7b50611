/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "mux/dms-p2p-muxer.h"
#include "quic/dms-p2p-quic-endpoint.h"
#include "tls/dms-p2p-certificate.h"

G_BEGIN_DECLS

#define DMS_TYPE_P2P_QUIC_CONNECTION (dms_p2p_quic_connection_get_type ())

G_DECLARE_FINAL_TYPE (DmsP2pQuicConnection, dms_p2p_quic_connection, DMS, P2P_QUIC_CONNECTION, DmsP2pMuxer)

typedef struct
{
  guint handshake_timeout_ms;
  guint idle_timeout_ms;
  /* 0 for none. */
  guint keep_alive_ms;
  guint max_streams;
} DmsP2pQuicSettings;

void dms_p2p_quic_settings_init (DmsP2pQuicSettings *self);

/**
 * DmsP2pQuicReady:
 * @self: the connection
 * @error: (nullable): why the handshake failed
 * @user_data: (closure): the owner's data
 *
 * Told once, from the main loop: who is at the other end is proven now, or nobody will ever be.
 */
typedef void (*DmsP2pQuicReady) (DmsP2pQuicConnection *self, const GError *error, gpointer user_data);

DmsP2pQuicConnection *dms_p2p_quic_connection_new_client (DmsP2pQuicEndpoint *endpoint,
                                                          DmsP2pCertificate *certificate,
                                                          const DmsP2pQuicSettings *settings,
                                                          const ngtcp2_path *path,
                                                          DmsPeerId *expected,
                                                          GError **error);
DmsP2pQuicConnection *dms_p2p_quic_connection_new_server (DmsP2pQuicEndpoint *endpoint,
                                                          DmsP2pCertificate *certificate,
                                                          const DmsP2pQuicSettings *settings,
                                                          const ngtcp2_path *path,
                                                          const ngtcp2_pkt_hd *header,
                                                          const ngtcp2_cid *original,
                                                          GError **error);
void
dms_p2p_quic_connection_set_ready (DmsP2pQuicConnection *self, DmsP2pQuicReady ready, gpointer user_data);
/* Ends a handshake; ready is not told. */
void dms_p2p_quic_connection_give_up (DmsP2pQuicConnection *self);

/* Once ready. */
DmsP2pPublicKey *dms_p2p_quic_connection_get_key (DmsP2pQuicConnection *self);
DmsMultiaddr *dms_p2p_quic_connection_dup_address (DmsP2pQuicConnection *self, gboolean is_remote);

/* For the endpoint: a datagram; then, after some of them, what follows from them. */
void dms_p2p_quic_connection_receive (DmsP2pQuicConnection *self,
                                      const ngtcp2_path *path,
                                      const ngtcp2_pkt_info *info,
                                      const guint8 *data,
                                      gsize size);
void dms_p2p_quic_connection_work (DmsP2pQuicConnection *self);
/* What is due. */
void dms_p2p_quic_connection_tick (DmsP2pQuicConnection *self);

/* @path as a multiaddr. */
DmsMultiaddr *dms_p2p_quic_make_address (const ngtcp2_addr *address);

G_END_DECLS
