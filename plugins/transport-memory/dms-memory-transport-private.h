/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "dms-memory-handler.h"
#include "dms-memory-hub.h"
#include "dms-memory-transport.h"
#include "dms-memory-validations.h"

G_BEGIN_DECLS

struct _DmsMemoryTransport
{
  GObject parent_instance;

  DmsMemoryHub *hub;
  DmsMemoryQueue *queue;
  DmsPeerId *peer;
  GBytes *network_key;
  GPtrArray *addresses;
  gint64 started_us;

  DmsMemoryHandler *inbox_handler;
  GHashTable *stream_handlers;
  GHashTable *topic_handlers;
  GHashTable *topic_validators;
  DmsMemoryValidations *validations;
  /* Peer ID to how many of its messages a validator rejected. */
  GHashTable *rejected;

  DmsMemoryHandler *peer_handler;
  /* Peer ID to what the program thinks of it, and those of whom the program was told. */
  GHashTable *scores;
  GHashTable *identified;
};

/* What the hub needs of a started transport. */

const char *dms_memory_transport_get_peer_id (DmsMemoryTransport *self);
/* (nullable) */
GBytes *dms_memory_transport_get_network_key (DmsMemoryTransport *self);
/* (element-type DmsMultiaddr) */
GPtrArray *dms_memory_transport_get_addresses (DmsMemoryTransport *self);
gboolean dms_memory_transport_has_address (DmsMemoryTransport *self, const char *address);
DmsMemoryQueue *dms_memory_transport_get_queue (DmsMemoryTransport *self);
/* (nullable): NULL when it is stopped. */
DmsMemoryHub *dms_memory_transport_get_hub (DmsMemoryTransport *self);
/* That a peer came, changed or went: how it is now. */
void dms_memory_transport_note_peer (DmsMemoryTransport *self, DmsMemoryTransport *peer);

/* What its own parts share. */

/* Fails the task when the transport does not run. */
gboolean dms_memory_transport_check_running (DmsMemoryTransport *self, GTask *task);
/* (element-type DmsMultiaddr) */
GPtrArray *dms_memory_transport_copy_addresses (DmsMemoryTransport *self);
/* `/memory/<name>`, `/memory/<name>/p2p/<peer>` or `/p2p/<peer>`; NULL when nobody is there. */
DmsMemoryTransport *dms_memory_transport_find_address (DmsMemoryTransport *self, const char *text);
/* (element-type DmsPeerInfo): what is known of the peers in a list, which is freed. */
GPtrArray *dms_memory_transport_describe (DmsMemoryTransport *self, GPtrArray *peers);
gboolean dms_memory_transport_check_size (GBytes *bytes, GTask *task);
/* Publish/subscribe (dms-memory-transport-topics.c). */
void dms_memory_transport_topics_init (DmsTransportInterface *iface);
/* Peers, connections and scores (dms-memory-transport-peers.c). */
void dms_memory_transport_peers_init (DmsTransportInterface *iface);

G_END_DECLS
