/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

G_BEGIN_DECLS

/* Who may be reached through this relay: bounded in all, one a peer, and so many an IP (an IPv6 /64 counts as
 * one). Times are of g_get_monotonic_time(), and given: nothing runs by itself. */
typedef struct _DmsP2pReservations DmsP2pReservations;

DmsP2pReservations *dms_p2p_reservations_new (guint max, guint max_per_ip);
void dms_p2p_reservations_free (DmsP2pReservations *self);

/* A new reservation, or the same one for longer. FALSE when there is no room. @ip may be NULL. */
gboolean dms_p2p_reservations_take (DmsP2pReservations *self,
                                    DmsPeerId *peer,
                                    GInetAddress *ip,
                                    gint64 now_us,
                                    gint64 expire_us);
gboolean dms_p2p_reservations_has (DmsP2pReservations *self, DmsPeerId *peer, gint64 now_us);
void dms_p2p_reservations_remove (DmsP2pReservations *self, DmsPeerId *peer);
guint dms_p2p_reservations_get_n (DmsP2pReservations *self, gint64 now_us);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsP2pReservations, dms_p2p_reservations_free)

G_END_DECLS
