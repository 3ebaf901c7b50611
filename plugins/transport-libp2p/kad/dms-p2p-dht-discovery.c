/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "kad/dms-p2p-dht-discovery.h"

#include <string.h>

#include "wire/dms-p2p-cid.h"

enum
{
  /* The nodes in the field (spec, section 1). */
  DMS_P2P_DHT_DISCOVERY_ADVERTISE_S = 6 * 3600,
  DMS_P2P_DHT_DISCOVERY_MAX_FOUND = 40,
  DMS_P2P_DHT_DISCOVERY_MAX_DIALS = 16,
  /* As long as there is nobody to tell. Ours. */
  DMS_P2P_DHT_DISCOVERY_RETRY_S = 20,
  /* After this host moved: several changes are told together. Ours. */
  DMS_P2P_DHT_DISCOVERY_MOVED_S = 3,
};

struct _DmsP2pDhtDiscovery
{
  DmsP2pDht *dht;
  DmsP2pSwarm *swarm;
  GBytes *multihash;
  GMainContext *context;
  GCancellable *cancellable;
  GSource *advertise_timer;
  GSource *find_timer;
  guint find_s;
  /* While others were being told where it is. */
  gboolean has_moved;
  gboolean is_closed;
};

static void
dms_p2p_dht_discovery_clear (gpointer data)
{
  DmsP2pDhtDiscovery *self = data;

  g_clear_pointer (&self->multihash, g_bytes_unref);
  g_clear_pointer (&self->context, g_main_context_unref);
  g_clear_object (&self->cancellable);
  g_clear_object (&self->swarm);
  g_clear_object (&self->dht);
}

static void
dms_p2p_dht_discovery_unref (DmsP2pDhtDiscovery *self)
{
  g_rc_box_release_full (self, dms_p2p_dht_discovery_clear);
}

typedef DmsP2pDhtDiscovery DmsP2pDhtDiscoveryRef;

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsP2pDhtDiscoveryRef, dms_p2p_dht_discovery_unref)

static void
dms_p2p_dht_discovery_stop (GSource **timer)
{
  if (*timer != NULL)
    g_source_destroy (*timer);
  g_clear_pointer (timer, g_source_unref);
}

static void
dms_p2p_dht_discovery_wait (DmsP2pDhtDiscovery *self, GSource **timer, GSourceFunc func, guint seconds)
{
  dms_p2p_dht_discovery_stop (timer);
  if (self->is_closed)
    return;
  *timer = g_timeout_source_new_seconds (seconds);
  g_source_set_static_name (*timer, "dms-p2p-dht-discovery");
  g_source_set_callback (*timer, func, self, NULL);
  g_source_attach (*timer, self->context);
}

/* Advertising */

static gboolean dms_p2p_dht_discovery_on_advertise (gpointer user_data);

static void
dms_p2p_dht_discovery_on_advertised (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DmsP2pDhtDiscoveryRef) self = user_data;
  g_autoptr (GError) error = NULL;
  gboolean is_done = dms_p2p_dht_provide_finish (DMS_P2P_DHT (source), result, &error) && !self->has_moved;

  self->has_moved = FALSE;
  dms_p2p_dht_discovery_wait (self,
                              &self->advertise_timer,
                              dms_p2p_dht_discovery_on_advertise,
                              is_done ? DMS_P2P_DHT_DISCOVERY_ADVERTISE_S : DMS_P2P_DHT_DISCOVERY_RETRY_S);
}

static gboolean
dms_p2p_dht_discovery_on_advertise (gpointer user_data)
{
  DmsP2pDhtDiscovery *self = user_data;

  dms_p2p_dht_discovery_stop (&self->advertise_timer);
  dms_p2p_dht_provide_async (self->dht,
                             self->multihash,
                             self->cancellable,
                             dms_p2p_dht_discovery_on_advertised,
                             g_rc_box_acquire (self));
  return G_SOURCE_REMOVE;
}

/* Finding */

static gboolean dms_p2p_dht_discovery_on_find (gpointer user_data);

static void
dms_p2p_dht_discovery_on_dialled (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DmsP2pConnection) connection =
      dms_p2p_swarm_connect_finish (DMS_P2P_SWARM (source), result, NULL);

  if (connection != NULL)
    g_debug ("Found %s by its name", dms_peer_id_get_text (dms_p2p_connection_get_peer_id (connection)));
}

static void
dms_p2p_dht_discovery_dial (DmsP2pDhtDiscovery *self, GPtrArray *peers)
{
  DmsPeerId *own = dms_p2p_identity_get_peer_id (dms_p2p_swarm_get_identity (self->swarm));
  guint n_dials = 0;

  for (guint i = 0; i < peers->len && n_dials < DMS_P2P_DHT_DISCOVERY_MAX_DIALS; i++)
    {
      DmsPeerId *peer = dms_p2p_kad_peer_get_id (g_ptr_array_index (peers, i));

      if (dms_peer_id_equal (peer, own) || dms_p2p_swarm_find (self->swarm, peer) != NULL)
        continue;
      n_dials++;
      dms_p2p_swarm_connect_async (self->swarm,
                                   peer,
                                   dms_p2p_kad_peer_get_addresses (g_ptr_array_index (peers, i)),
                                   FALSE,
                                   NULL,
                                   NULL,
                                   self->cancellable,
                                   dms_p2p_dht_discovery_on_dialled,
                                   NULL);
    }
}

static void
dms_p2p_dht_discovery_on_found (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DmsP2pDhtDiscoveryRef) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) peers = dms_p2p_dht_find_providers_finish (DMS_P2P_DHT (source), result, &error);
  g_autoptr (GPtrArray) table = dms_p2p_dht_list_peers (self->dht);
  gboolean is_alone = table->len == 0;

  if (self->is_closed)
    return;
  if (peers != NULL)
    dms_p2p_dht_discovery_dial (self, peers);
  dms_p2p_dht_discovery_wait (self,
                              &self->find_timer,
                              dms_p2p_dht_discovery_on_find,
                              is_alone ? DMS_P2P_DHT_DISCOVERY_RETRY_S : self->find_s);
}

static gboolean
dms_p2p_dht_discovery_on_find (gpointer user_data)
{
  DmsP2pDhtDiscovery *self = user_data;

  dms_p2p_dht_discovery_stop (&self->find_timer);
  dms_p2p_dht_find_providers_async (self->dht,
                                    self->multihash,
                                    DMS_P2P_DHT_DISCOVERY_MAX_FOUND,
                                    self->cancellable,
                                    dms_p2p_dht_discovery_on_found,
                                    g_rc_box_acquire (self));
  return G_SOURCE_REMOVE;
}

DmsP2pDhtDiscovery *
dms_p2p_dht_discovery_new (DmsP2pDht *dht, DmsP2pSwarm *swarm, const char *name, guint find_s)
{
  DmsP2pDhtDiscovery *self = g_rc_box_new0 (DmsP2pDhtDiscovery);
  g_autoptr (DmsP2pCid) cid = dms_p2p_cid_new_for_data (name, strlen (name));

  self->dht = g_object_ref (dht);
  self->swarm = g_object_ref (swarm);
  self->find_s = find_s;
  self->multihash = g_bytes_ref (dms_p2p_cid_get_multihash (cid));
  self->context = g_main_context_ref_thread_default ();
  self->cancellable = g_cancellable_new ();
  dms_p2p_dht_discovery_wait (
      self, &self->advertise_timer, dms_p2p_dht_discovery_on_advertise, DMS_P2P_DHT_DISCOVERY_RETRY_S / 4);
  dms_p2p_dht_discovery_wait (
      self, &self->find_timer, dms_p2p_dht_discovery_on_find, DMS_P2P_DHT_DISCOVERY_RETRY_S / 2);
  return self;
}

void
dms_p2p_dht_discovery_note_moved (DmsP2pDhtDiscovery *self)
{
  /* What is under way tells what was true before, and is told again after it. */
  if (self->advertise_timer != NULL)
    dms_p2p_dht_discovery_wait (
        self, &self->advertise_timer, dms_p2p_dht_discovery_on_advertise, DMS_P2P_DHT_DISCOVERY_MOVED_S);
  else
    self->has_moved = TRUE;
  if (self->find_timer != NULL)
    dms_p2p_dht_discovery_wait (
        self, &self->find_timer, dms_p2p_dht_discovery_on_find, 2 * DMS_P2P_DHT_DISCOVERY_MOVED_S);
}

void
dms_p2p_dht_discovery_free (DmsP2pDhtDiscovery *self)
{
  self->is_closed = TRUE;
  dms_p2p_dht_discovery_stop (&self->advertise_timer);
  dms_p2p_dht_discovery_stop (&self->find_timer);
  g_cancellable_cancel (self->cancellable);
  dms_p2p_dht_discovery_unref (self);
}
