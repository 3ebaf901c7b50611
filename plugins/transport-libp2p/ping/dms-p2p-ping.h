/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "host/dms-p2p-host.h"

G_BEGIN_DECLS

#define DMS_P2P_PING_PROTOCOL "/ipfs/ping/1.0.0"

#define DMS_TYPE_P2P_PING (dms_p2p_ping_get_type ())

/* Echoes what peers send, and measures how long peers take to do so (libp2p specs, ping). */
G_DECLARE_FINAL_TYPE (DmsP2pPing, dms_p2p_ping, DMS, P2P_PING, GObject)

/* Close the host before letting go of this. */
DmsP2pPing *dms_p2p_ping_new (DmsP2pHost *host);

/* Connects when there is no connection. */
void dms_p2p_ping_measure_async (DmsP2pPing *self,
                                 DmsPeerId *peer,
                                 GCancellable *cancellable,
                                 GAsyncReadyCallback callback,
                                 gpointer user_data);
/* The same over this connection and no other. */
void dms_p2p_ping_measure_on_async (DmsP2pPing *self,
                                    DmsP2pConnection *connection,
                                    GCancellable *cancellable,
                                    GAsyncReadyCallback callback,
                                    gpointer user_data);
/* The round trip in microseconds, at least 1; -1 with an error. */
gint64 dms_p2p_ping_measure_finish (DmsP2pPing *self, GAsyncResult *result, GError **error);

G_END_DECLS
