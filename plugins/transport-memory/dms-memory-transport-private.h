/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "dms-memory-hub.h"
#include "dms-memory-transport.h"

G_BEGIN_DECLS

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

G_END_DECLS
