/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <string.h>

#include "dms-sim-json.h"
#include "dms-sim-link.h"
#include "dms-sim-run.h"
#include "gossipsub/dms-p2p-gossip-rpc.h"
#include "kad/dms-p2p-kad-limits.h"

/* Many hosts of one owner in one small network: what they say of the hash table leads to one another, they
 * push themselves into every mesh and every table, pass on nothing there, and fill it with noise. */
enum
{
  PUSH_EVERY_S = 5,
  PUSH_DIALS = 8,
  NOISE_EVERY_S = 1,
  NOISE_IDS = 64,
  NOISE_SIZE = 512,
};

static DmsSimPeer *
pick_sybil (DmsSimPeer *self)
{
  DmsSimRun *run = self->user_data;
  GPtrArray *peers = self->network->peers;

  return g_ptr_array_index (peers, run->first_sybil + dms_sim_random_below (&self->random, run->n_sybils));
}

/* Closer, whatever is looked for, are only friends; nobody provides or keeps anything. */
static GBytes *
respond (DmsSimPeer *self, DmsSimPeer *from, DmsP2pKadMessage *request)
{
  g_autoptr (DmsP2pKadMessage) answer = dms_p2p_kad_message_new (request->type, request->key);

  for (guint i = 0; i < DMS_P2P_KAD_K; i++)
    {
      DmsSimPeer *other = pick_sybil (self);
      g_autoptr (GPtrArray) addresses = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_multiaddr_unref);

      g_ptr_array_add (addresses, dms_multiaddr_ref (other->address));
      g_ptr_array_add (answer->closer, dms_p2p_kad_peer_new (other->id, addresses, DMS_P2P_KAD_CONNECTED));
    }
  return dms_p2p_kad_message_encode (answer);
}

static void
heckle (DmsSimPeer *self, DmsSimPeer *from, GBytes *rpc)
{
}

static GBytes *
make_noise (DmsSimPeer *self, const char *topic)
{
  g_autoptr (DmsP2pGossipRpc) rpc = dms_p2p_gossip_rpc_new ();
  GPtrArray *ids = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  guint8 junk[NOISE_SIZE];
  g_autoptr (GBytes) data = NULL;

  for (guint i = 0; i < NOISE_IDS; i++)
    {
      dms_sim_random_fill (&self->random, junk, 46);
      g_ptr_array_add (ids, g_bytes_new (junk, 46));
    }
  dms_sim_random_fill (&self->random, junk, sizeof junk);
  data = g_bytes_new (junk, sizeof junk);
  dms_p2p_gossip_rpc_add_subscription (rpc, topic, TRUE);
  dms_p2p_gossip_rpc_add_ihave (rpc, topic, ids);
  g_ptr_array_add (rpc->graft, g_strdup (topic));
  g_ptr_array_add (
      rpc->messages,
      dms_p2p_gossip_message_new (self->identity, dms_sim_random_next (&self->random), topic, data));
  return dms_p2p_gossip_rpc_encode (rpc);
}

/* To everybody it is connected to, over and over. */
static void
on_noise (DmsSimPeer *self)
{
  DmsSimRun *run = self->user_data;
  g_autoptr (GBytes) noise = make_noise (self, run->topic);
  GHashTableIter iter;
  gpointer link = NULL;
  g_autoptr (GPtrArray) others = g_ptr_array_new ();

  g_hash_table_iter_init (&iter, self->links);
  while (g_hash_table_iter_next (&iter, NULL, &link))
    g_ptr_array_add (others, dms_sim_link_get_other (link, self));
  for (guint i = 0; i < others->len; i++)
    dms_sim_peer_send_rpc (self, g_ptr_array_index (others, i), noise);
  dms_sim_peer_plan (self, NOISE_EVERY_S * G_TIME_SPAN_SECOND, on_noise);
}

static void
on_pushed (DmsSimPeer *self, DmsSimLink *link, gpointer user_data)
{
}

static void
on_push (DmsSimPeer *self)
{
  DmsSimRun *run = self->user_data;

  for (guint i = 0; i < PUSH_DIALS; i++)
    {
      DmsSimPeer *victim = dms_sim_run_pick (run);

      /* Where everybody is, they know from a crawl. */
      g_hash_table_add (self->known, GUINT_TO_POINTER (victim->index));
      dms_sim_peer_connect (self, victim, on_pushed, NULL);
    }
  dms_sim_peer_plan (self, PUSH_EVERY_S * G_TIME_SPAN_SECOND, on_push);
}

void
dms_sim_run_add_sybils (DmsSimRun *self, JsonObject *params)
{
  static const DmsSimPeerFuncs funcs = { 0 };
  guint n = (guint) (dms_sim_json_get_number (params, "share", 0.1) * self->network->peers->len);
  const char *prefix = dms_sim_json_get_text (params, "prefix", "203.0.113");

  self->n_sybils = n;
  self->first_sybil = self->network->peers->len;
  for (guint i = 0; i < n; i++)
    {
      g_autofree char *ip = g_strdup_printf ("%s.%u", prefix, 1 + i % 254);
      DmsSimPeer *peer = dms_sim_peer_new (self->network, ip);

      peer->respond = respond;
      peer->heckle = heckle;
      dms_sim_peer_set_funcs (peer, &funcs, self);
    }
  for (guint i = 0; i < n; i++)
    {
      DmsSimPeer *peer = g_ptr_array_index (self->network->peers, self->first_sybil + i);

      dms_sim_peer_start (peer);
      dms_sim_peer_plan (peer, 0, on_push);
      dms_sim_peer_plan (peer, G_TIME_SPAN_SECOND, on_noise);
    }
}
