/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

G_BEGIN_DECLS

#define DMS_TYPE_P2P_LIMITS (dms_p2p_limits_get_type ())

/* What one host spends: memory, descriptors, connections and streams, each bounded in total, for connections
 * whose peer is not known yet (transient), per peer, per IP and per protocol. Every refusal is counted by the
 * name of the limit that made it, and that name is in the error. After go-libp2p's resource manager. */
G_DECLARE_FINAL_TYPE (DmsP2pLimits, dms_p2p_limits, DMS, P2P_LIMITS, GObject)

/* Counts against the limits until it is freed. Freeing gives back all that it holds. */
typedef struct _DmsP2pReservation DmsP2pReservation;

DmsP2pLimits *dms_p2p_limits_new (guint64 memory, guint descriptors);

/* A connection from or to @ip (NULL for relayed ones) whose peer is not known yet. DMS_ERROR_BUSY names the
 * limit. */
DmsP2pReservation *dms_p2p_limits_reserve_connection (DmsP2pLimits *self,
                                                      GInetAddress *ip,
                                                      gboolean is_inbound,
                                                      gboolean uses_descriptor,
                                                      GError **error);
DmsP2pReservation *
dms_p2p_limits_reserve_stream (DmsP2pLimits *self, DmsPeerId *peer, gboolean is_inbound, GError **error);

/* Moves a connection from the transient scope to its peer's. */
gboolean dms_p2p_reservation_set_peer (DmsP2pReservation *self, DmsPeerId *peer, GError **error);
/* Counts a stream against its protocol as well. */
gboolean dms_p2p_reservation_set_protocol (DmsP2pReservation *self, const char *protocol, GError **error);
gboolean dms_p2p_reservation_grow (DmsP2pReservation *self, gsize bytes, GError **error);
void dms_p2p_reservation_shrink (DmsP2pReservation *self, gsize bytes);
/* Grows, or shrinks when @delta is negative; FALSE when it may not have it. For whoever knows no limits. */
gboolean dms_p2p_reservation_change (gpointer reservation, gssize delta);
void dms_p2p_reservation_free (DmsP2pReservation *self);

/* [{"scope": "system", "resource": "connections-inbound", "used": 3, "limit": 512, "peak": 9, "refused": 0},
 * …]: the fixed scopes, then the peers, IPs and protocols that were refused something or are at half their
 * limit, bounded. */
JsonNode *dms_p2p_limits_to_json (DmsP2pLimits *self);

/* Changes one limit: scope `system`, `transient`, `peer`, `ip`, `protocol`; resource as in the JSON. */
gboolean dms_p2p_limits_set (DmsP2pLimits *self,
                             const char *scope,
                             const char *resource,
                             guint64 limit,
                             GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsP2pReservation, dms_p2p_reservation_free)

G_END_DECLS
