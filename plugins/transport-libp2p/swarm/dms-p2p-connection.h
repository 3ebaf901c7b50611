/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "limits/dms-p2p-limits.h"
#include "transport/dms-p2p-upgraded.h"

G_BEGIN_DECLS

#define DMS_TYPE_P2P_CONNECTION (dms_p2p_connection_get_type ())

/* One connection to one peer, ready for streams. Made by the swarm. */
G_DECLARE_FINAL_TYPE (DmsP2pConnection, dms_p2p_connection, DMS, P2P_CONNECTION, GObject)

/* @reservation: (nullable): counts the stream; belongs to the callee, free it when the stream ends. NULL when
 * there may be no more of them: it has been reset already. */
typedef void (*DmsP2pConnectionAccept) (DmsP2pConnection *self,
                                        DmsP2pPipe *pipe,
                                        DmsP2pReservation *reservation,
                                        gpointer user_data);

DmsPeerId *dms_p2p_connection_get_peer_id (DmsP2pConnection *self);
DmsP2pPublicKey *dms_p2p_connection_get_key (DmsP2pConnection *self);
DmsMultiaddr *dms_p2p_connection_get_local (DmsP2pConnection *self);
DmsMultiaddr *dms_p2p_connection_get_remote (DmsP2pConnection *self);
gboolean dms_p2p_connection_is_inbound (DmsP2pConnection *self);
/* Relayed: limited in bytes and time (libp2p specs, circuit relay v2). */
gboolean dms_p2p_connection_is_limited (DmsP2pConnection *self);
gboolean dms_p2p_connection_is_open (DmsP2pConnection *self);
const char *dms_p2p_connection_get_security (DmsP2pConnection *self);
const char *dms_p2p_connection_get_muxer (DmsP2pConnection *self);
gint64 dms_p2p_connection_get_opened_us (DmsP2pConnection *self);
guint dms_p2p_connection_get_n_streams (DmsP2pConnection *self);
gint64 dms_p2p_connection_get_rtt_us (DmsP2pConnection *self);
void dms_p2p_connection_get_traffic (DmsP2pConnection *self, guint64 *bytes_in, guint64 *bytes_out);

/* A raw stream, nothing negotiated; @reservation (out) counts it and belongs to the caller. */
DmsP2pPipe *dms_p2p_connection_open (DmsP2pConnection *self, DmsP2pReservation **reservation, GError **error);
void dms_p2p_connection_close (DmsP2pConnection *self);

G_END_DECLS
