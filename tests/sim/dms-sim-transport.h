/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "dms-memory-handler.h"
#include "dms-sim-peer.h"

G_BEGIN_DECLS

#define DMS_TYPE_SIM_TRANSPORT (dms_sim_transport_get_type ())

/* The contract of a transport over a peer of the simulated network: what dms-libp2p-transport.c is over a
 * host. No streams, no private networks. */
G_DECLARE_FINAL_TYPE (DmsSimTransport, dms_sim_transport, DMS, SIM_TRANSPORT, GObject)

DmsSimTransport *dms_sim_transport_new (DmsSimPeer *peer);

/*< private >*/
struct _DmsSimTransport
{
  GObject parent_instance;

  DmsSimPeer *peer;
  DmsMemoryHandler *inbox_handler;
  DmsMemoryHandler *peer_handler;
  GHashTable *topic_handlers;
  GHashTable *topic_validators;
};

/* What everybody speaks. */
extern const char *const dms_sim_transport_protocols[];

/* FALSE, and the task failed, when it does not run. */
gboolean dms_sim_transport_check_running (DmsSimTransport *self, GTask *task);
gboolean dms_sim_transport_finish_boolean (DmsTransport *transport, GAsyncResult *result, GError **error);
gpointer dms_sim_transport_finish_pointer (DmsTransport *transport, GAsyncResult *result, GError **error);
DmsPeerInfo *dms_sim_transport_describe (DmsSimTransport *self, DmsSimPeer *other);
/* The hash table (dms-sim-transport-routing.c). */
void dms_sim_transport_routing_init (DmsTransportInterface *iface);
/* Who is there (dms-sim-transport-peers.c). */
void dms_sim_transport_peers_init (DmsTransportInterface *iface);

G_END_DECLS
