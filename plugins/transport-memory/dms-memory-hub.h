/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

#include "dms-memory-queue.h"

G_BEGIN_DECLS

typedef struct _DmsMemoryTransport DmsMemoryTransport;

/* A network inside the process: who is on it, who is connected to whom, and what it keeps for all. Counted.
 * All of its peers live in one thread. */
typedef struct _DmsMemoryHub DmsMemoryHub;

/* One end of a connection. */
typedef struct
{
  gint64 opened_us;
  gboolean inbound;
  guint64 bytes_in;
  guint64 bytes_out;
} DmsMemoryLink;

/* The hub of this name: made when nobody is on it yet. */
DmsMemoryHub *dms_memory_hub_ref_named (const char *name);
void dms_memory_hub_unref (DmsMemoryHub *self);

/* DMS_ERROR_ALREADY_EXISTS when the peer ID or an address is taken. Connects the peer to all others of its
 * network. */
gboolean dms_memory_hub_join (DmsMemoryHub *self, DmsMemoryTransport *peer, GError **error);
void dms_memory_hub_leave (DmsMemoryHub *self, DmsMemoryTransport *peer);
/* A name for an address that nobody has. */
char *dms_memory_hub_make_address (DmsMemoryHub *self);

/* Only peers of one private network, or of none, find each other. All borrow; NULL when there is no such
 * peer. */
DmsMemoryTransport *dms_memory_hub_lookup (DmsMemoryHub *self, DmsMemoryTransport *from, const char *peer_id);
DmsMemoryTransport *
dms_memory_hub_lookup_address (DmsMemoryHub *self, DmsMemoryTransport *from, const char *address);

void dms_memory_hub_connect (DmsMemoryHub *self, DmsMemoryTransport *a, DmsMemoryTransport *b);
void dms_memory_hub_disconnect (DmsMemoryHub *self, DmsMemoryTransport *a, DmsMemoryTransport *b);
gboolean dms_memory_hub_is_connected (DmsMemoryHub *self, DmsMemoryTransport *a, DmsMemoryTransport *b);
/* (nullable): the end of the connection that is at @a. */
const DmsMemoryLink *
dms_memory_hub_get_link (DmsMemoryHub *self, DmsMemoryTransport *a, DmsMemoryTransport *b);
/* Lets all that a peer is connected to look at it, and lets it look at all of them. */
void dms_memory_hub_tell_linked (DmsMemoryHub *self, DmsMemoryTransport *peer);
void dms_memory_hub_ask_linked (DmsMemoryHub *self, DmsMemoryTransport *peer);
/* (transfer container) (element-type DmsMemoryTransport): connected to this one; of all its network; and
 * whom a message reaches that is passed on from peer to peer, this one first. */
GPtrArray *dms_memory_hub_list_connected (DmsMemoryHub *self, DmsMemoryTransport *peer);
GPtrArray *dms_memory_hub_list_network (DmsMemoryHub *self, DmsMemoryTransport *peer);
GPtrArray *dms_memory_hub_list_reachable (DmsMemoryHub *self, DmsMemoryTransport *peer);

gboolean dms_memory_hub_put_value (DmsMemoryHub *self, const char *key, GBytes *value, GError **error);
GBytes *dms_memory_hub_get_value (DmsMemoryHub *self, const char *key);
gboolean
dms_memory_hub_provide (DmsMemoryHub *self, const char *key, DmsMemoryTransport *peer, GError **error);
void dms_memory_hub_stop_providing (DmsMemoryHub *self, const char *key, DmsMemoryTransport *peer);
/* (transfer container): of the same network. */
GPtrArray *dms_memory_hub_find_providers (DmsMemoryHub *self, const char *key, DmsMemoryTransport *peer);

/* The one way by which anything gets from peer to peer: when it arrives, and whether, is decided here.
 * Takes the data. DMS_ERROR_BUSY when the receiver cannot keep up. */
gboolean dms_memory_hub_schedule (DmsMemoryHub *self,
                                  DmsMemoryTransport *from,
                                  DmsMemoryTransport *to,
                                  gsize size,
                                  DmsMemoryWork work,
                                  gpointer work_data,
                                  GDestroyNotify destroy,
                                  GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsMemoryHub, dms_memory_hub_unref)

G_END_DECLS
