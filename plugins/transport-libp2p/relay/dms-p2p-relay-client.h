/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "host/dms-p2p-host.h"

G_BEGIN_DECLS

#define DMS_TYPE_P2P_RELAY_CLIENT (dms_p2p_relay_client_get_type ())

/* The reservations that this host has with relays, kept up as long as the relays agree and are connected. */
G_DECLARE_FINAL_TYPE (DmsP2pRelayClient, dms_p2p_relay_client, DMS, P2P_RELAY_CLIENT, GObject)

/* Told when this host can be reached at other relayed addresses than before. */
typedef void (*DmsP2pRelayClientChanged) (DmsP2pRelayClient *self, gpointer user_data);

DmsP2pRelayClient *dms_p2p_relay_client_new (DmsP2pHost *host);
void dms_p2p_relay_client_set_changed (DmsP2pRelayClient *self,
                                       DmsP2pRelayClientChanged changed,
                                       gpointer user_data);

/* With a relay that is connected, not through another relay. */
void dms_p2p_relay_client_reserve_async (DmsP2pRelayClient *self,
                                         DmsPeerId *relay,
                                         GCancellable *cancellable,
                                         GAsyncReadyCallback callback,
                                         gpointer user_data);
gboolean dms_p2p_relay_client_reserve_finish (DmsP2pRelayClient *self, GAsyncResult *result, GError **error);
void dms_p2p_relay_client_drop (DmsP2pRelayClient *self, DmsPeerId *relay);

gboolean dms_p2p_relay_client_has (DmsP2pRelayClient *self, DmsPeerId *relay);
guint dms_p2p_relay_client_get_n (DmsP2pRelayClient *self);
/* DmsMultiaddr: /…/p2p/<relay>/p2p-circuit. */
GPtrArray *dms_p2p_relay_client_dup_addresses (DmsP2pRelayClient *self);

/* Lets go of all. */
void dms_p2p_relay_client_close (DmsP2pRelayClient *self);

G_END_DECLS
