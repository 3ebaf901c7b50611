/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "dms-libp2p-bootstrap.h"
#include "dms-libp2p-callback.h"
#include "dms-libp2p-peers.h"
#include "dms-libp2p-stack.h"
#include "dms-libp2p-topics.h"
#include "dms-libp2p-transport.h"

G_BEGIN_DECLS

struct _DmsLibp2pTransport
{
  GObject parent_instance;

  DmsPeerId *peer;
  /* Of the private network, in guarded memory. NULL in the open one. */
  GBytes *network_key;
  /* NULL when it does not run. */
  DmsLibp2pStack *stack;
  DmsLibp2pBootstrap *bootstrap;
  DmsLibp2pPeers *peers;
  DmsLibp2pTopics *topics;

  DmsLibp2pCallback *inbox_handler;
  /* Protocol to DmsLibp2pCallback. */
  GHashTable *stream_handlers;
};

/* Fails the task when the transport does not run. */
gboolean dms_libp2p_transport_check_running (DmsLibp2pTransport *self, GTask *task);
/* For the ends of what the contract begins. */
gboolean dms_libp2p_transport_finish_boolean (DmsTransport *transport, GAsyncResult *result, GError **error);
gpointer dms_libp2p_transport_finish_pointer (DmsTransport *transport, GAsyncResult *result, GError **error);

/* What the contract says of topics and of scores: dms-libp2p-transport-topics.c. */
void dms_libp2p_transport_topics_init (DmsTransportInterface *iface);

/* What the contract says of peers, connections and limits: dms-libp2p-transport-peers.c. */
void dms_libp2p_transport_peers_init (DmsTransportInterface *iface);
/* What it says of values and providers: dms-libp2p-transport-routing.c. */
void dms_libp2p_transport_routing_init (DmsTransportInterface *iface);

G_END_DECLS
