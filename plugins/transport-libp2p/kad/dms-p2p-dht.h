/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "identify/dms-p2p-identify.h"
#include "kad/dms-p2p-kad-core.h"

G_BEGIN_DECLS

/* What the nodes in the field speak (spec, section 1). */
#define DMS_P2P_DHT_PREFIX "/nunet"

#define DMS_TYPE_P2P_DHT (dms_p2p_dht_get_type ())

/* The distributed hash table of one host: Kademlia over its streams and on its main loop. Peers enter it when
 * identify says that they serve the protocol. */
G_DECLARE_FINAL_TYPE (DmsP2pDht, dms_p2p_dht, DMS, P2P_DHT, GObject)

typedef enum
{
  /* Serves, unless it is said that nobody can reach this host. */
  DMS_P2P_DHT_AUTO,
  DMS_P2P_DHT_SERVER,
  DMS_P2P_DHT_CLIENT,
  /* Takes no part: every operation fails, and no peer is met by it. */
  DMS_P2P_DHT_OFF,
} DmsP2pDhtMode;

/* @prefix: the protocol is `<prefix>/kad/1.0.0`. @identify: (nullable): who knows where others see this host.
 * Before the swarm has any connection. */
DmsP2pDht *
dms_p2p_dht_new (DmsP2pHost *host, DmsP2pIdentify *identify, const char *prefix, DmsP2pDhtMode mode);
/* Gives up everything; before the host is closed. Operations are told so. */
void dms_p2p_dht_close (DmsP2pDht *self);

/* Whether others can reach this host, when somebody has found out: what the automatic mode goes by. */
void dms_p2p_dht_note_reachable (DmsP2pDht *self, gboolean reachable);
gboolean dms_p2p_dht_is_serving (DmsP2pDht *self);
DmsP2pKadCore *dms_p2p_dht_get_core (DmsP2pDht *self);
/* DmsPeerId: the routing table. */
GPtrArray *dms_p2p_dht_list_peers (DmsP2pDht *self);

void dms_p2p_dht_put_value_async (DmsP2pDht *self,
                                  GBytes *key,
                                  GBytes *value,
                                  GCancellable *cancellable,
                                  GAsyncReadyCallback callback,
                                  gpointer user_data);
gboolean dms_p2p_dht_put_value_finish (DmsP2pDht *self, GAsyncResult *result, GError **error);

void dms_p2p_dht_get_value_async (DmsP2pDht *self,
                                  GBytes *key,
                                  GCancellable *cancellable,
                                  GAsyncReadyCallback callback,
                                  gpointer user_data);
GBytes *dms_p2p_dht_get_value_finish (DmsP2pDht *self, GAsyncResult *result, GError **error);

void dms_p2p_dht_provide_async (DmsP2pDht *self,
                                GBytes *multihash,
                                GCancellable *cancellable,
                                GAsyncReadyCallback callback,
                                gpointer user_data);
gboolean dms_p2p_dht_provide_finish (DmsP2pDht *self, GAsyncResult *result, GError **error);

/* Not any more; what others were told runs out. */
void dms_p2p_dht_stop_providing (DmsP2pDht *self, GBytes *multihash);
/* This host can be reached elsewhere now: those who keep that it provides something are told. */
void dms_p2p_dht_note_moved (DmsP2pDht *self);
/* How many peers serve this protocol; 0 when there is no idea. */
guint dms_p2p_dht_estimate_peers (DmsP2pDht *self);

/* DmsP2pKadPeer. Where they are goes to the peer store as well. */
void dms_p2p_dht_find_providers_async (DmsP2pDht *self,
                                       GBytes *multihash,
                                       guint max,
                                       GCancellable *cancellable,
                                       GAsyncReadyCallback callback,
                                       gpointer user_data);
GPtrArray *dms_p2p_dht_find_providers_finish (DmsP2pDht *self, GAsyncResult *result, GError **error);

/* Where a peer is: goes to the peer store as well. */
void dms_p2p_dht_find_peer_async (DmsP2pDht *self,
                                  DmsPeerId *peer,
                                  GCancellable *cancellable,
                                  GAsyncReadyCallback callback,
                                  gpointer user_data);
DmsP2pKadPeer *dms_p2p_dht_find_peer_finish (DmsP2pDht *self, GAsyncResult *result, GError **error);

G_END_DECLS
