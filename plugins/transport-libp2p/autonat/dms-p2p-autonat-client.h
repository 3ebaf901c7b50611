/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "autonat/dms-p2p-reachability.h"
#include "host/dms-p2p-host.h"

G_BEGIN_DECLS

#define DMS_TYPE_P2P_AUTONAT_CLIENT (dms_p2p_autonat_client_get_type ())

/* Asks peers whether this host can be reached at an address. In version 2, an answer counts only when the
 * dial came, with the nonce that was sent: then it cannot be a lie that it came. */
G_DECLARE_FINAL_TYPE (DmsP2pAutonatClient, dms_p2p_autonat_client, DMS, P2P_AUTONAT_CLIENT, GObject)

/* Close the host before letting go of this. */
DmsP2pAutonatClient *dms_p2p_autonat_client_new (DmsP2pHost *host);

/* Asks the peer of @connection about @addresses, the first of them before the others. Unknown when it does
 * not say, or says what did not happen. */
void dms_p2p_autonat_client_ask_async (DmsP2pAutonatClient *self,
                                       DmsP2pConnection *connection,
                                       GPtrArray *addresses,
                                       GCancellable *cancellable,
                                       GAsyncReadyCallback callback,
                                       gpointer user_data);
/* @about: (out) (nullable): which one it says that of; NULL for all of them. */
DmsP2pReachability dms_p2p_autonat_client_ask_finish (DmsP2pAutonatClient *self,
                                                      GAsyncResult *result,
                                                      DmsMultiaddr **about,
                                                      GError **error);

/* Whether a peer can be asked. */
gboolean dms_p2p_autonat_client_can_ask (DmsP2pAutonatClient *self, DmsPeerId *peer);

G_END_DECLS
