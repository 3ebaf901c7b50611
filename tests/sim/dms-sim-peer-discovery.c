/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <string.h>

#include "dms-sim-link.h"
#include "dms-sim-peer.h"
#include "wire/dms-p2p-cid.h"

/* What kad/dms-p2p-dht-discovery.c does over a swarm, with the same numbers: it advertises a name that all
 * nodes have in common, and dials some of those that advertise it too. */
enum
{
  ADVERTISE_S = 6 * 3600,
  FIND_S = 15 * 60,
  MAX_FOUND = 40,
  MAX_DIALS = 16,
  RETRY_S = 20,
};

/* The rendezvous of the nodes in the field (dms-libp2p-params.c). */
#define RENDEZVOUS "nunet-test"

static GBytes *
make_multihash (void)
{
  g_autoptr (DmsP2pCid) cid = dms_p2p_cid_new_for_data (RENDEZVOUS, strlen (RENDEZVOUS));

  return g_bytes_ref (dms_p2p_cid_get_multihash (cid));
}

static void on_advertise (DmsSimPeer *self);
static void on_find (DmsSimPeer *self);

static void
on_advertised (DmsP2pKadCore *core, const DmsP2pKadResult *result, gpointer user_data)
{
  DmsSimPeer *self = user_data;

  if (self->is_up && self->kad == core)
    dms_sim_peer_plan (
        self, (result->error == NULL ? ADVERTISE_S : RETRY_S) * G_TIME_SPAN_SECOND, on_advertise);
}

static void
on_advertise (DmsSimPeer *self)
{
  g_autoptr (GBytes) multihash = make_multihash ();

  dms_p2p_kad_core_provide (self->kad, multihash, on_advertised, self);
  dms_sim_peer_arm_kad (self);
}

static void
on_dialled (DmsSimPeer *self, DmsSimLink *link, gpointer user_data)
{
}

static void
dial_some (DmsSimPeer *self, GPtrArray *found)
{
  guint n_dials = 0;

  for (guint i = 0; i < found->len && n_dials < MAX_DIALS; i++)
    {
      DmsP2pKadPeer *peer = g_ptr_array_index (found, i);
      DmsSimPeer *other = dms_sim_network_find (self->network, dms_p2p_kad_peer_get_id (peer));

      if (other == NULL || other == self || dms_sim_peer_get_link (self, other) != NULL)
        continue;
      dms_sim_peer_learn (self, other, dms_p2p_kad_peer_get_addresses (peer));
      dms_sim_peer_connect (self, other, on_dialled, NULL);
      n_dials++;
    }
}

static void
on_found (DmsP2pKadCore *core, const DmsP2pKadResult *result, gpointer user_data)
{
  DmsSimPeer *self = user_data;
  gboolean is_alone = FALSE;

  if (!self->is_up || self->kad != core)
    return;
  is_alone = dms_p2p_kad_table_get_size (dms_p2p_kad_core_get_table (core)) == 0;
  dial_some (self, result->peers);
  dms_sim_peer_plan (self, (is_alone ? RETRY_S : FIND_S) * G_TIME_SPAN_SECOND, on_find);
}

static void
on_find (DmsSimPeer *self)
{
  g_autoptr (GBytes) multihash = make_multihash ();

  dms_p2p_kad_core_find_providers (self->kad, multihash, MAX_FOUND, on_found, self);
  dms_sim_peer_arm_kad (self);
}

void
dms_sim_peer_start_discovery (DmsSimPeer *self)
{
  dms_sim_peer_plan (self, RETRY_S / 4 * G_TIME_SPAN_SECOND, on_advertise);
  dms_sim_peer_plan (self, RETRY_S / 2 * G_TIME_SPAN_SECOND, on_find);
}
