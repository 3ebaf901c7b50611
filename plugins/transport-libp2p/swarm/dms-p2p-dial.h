/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "swarm/dms-p2p-dialer.h"

G_BEGIN_DECLS

#define DMS_TYPE_P2P_DIAL (dms_p2p_dial_get_type ())

/* One attempt to reach one peer at any of its addresses: the first that answers as that peer wins. */
G_DECLARE_FINAL_TYPE (DmsP2pDial, dms_p2p_dial, DMS, P2P_DIAL, GObject)

/* @peer: (nullable): whom; NULL for whoever is there. @trace: is told of each step until the end. */
DmsP2pDial *dms_p2p_dial_new (DmsP2pDialer *dialer, DmsPeerId *peer, DmsP2pTrace trace, gpointer trace_data);
/* Addresses that failed lately are tried as well, of those added from here on. */
void dms_p2p_dial_set_force (DmsP2pDial *self);
/* Relayed addresses are left out, of those added from here on. */
void dms_p2p_dial_set_direct (DmsP2pDial *self);
/* Before and while it runs. What was there before is not tried again. */
void dms_p2p_dial_add_addresses (DmsP2pDial *self, GPtrArray *addresses);

/* Whether it has ended without a connection, told or about to be: nothing comes of joining it. */
gboolean dms_p2p_dial_has_failed (DmsP2pDial *self);

/* Once. */
void dms_p2p_dial_run_async (DmsP2pDial *self,
                             GCancellable *cancellable,
                             GAsyncReadyCallback callback,
                             gpointer user_data);
/* Its cookie is the DmsP2pReservation, counted for its peer. */
DmsP2pUpgraded *dms_p2p_dial_run_finish (DmsP2pDial *self, GAsyncResult *result, GError **error);

G_END_DECLS
