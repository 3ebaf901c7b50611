/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-sim-clock.h"
#include "dms-sim-link.h"
#include "dms-sim-peer.h"
#include "gossipsub/dms-p2p-gossip-limits.h"
#include "identify/dms-p2p-signed-record.h"

typedef struct
{
  DmsSimPeer *from;
  DmsSimPeer *to;
  GBytes *rpc;
} Rpc;

static void
rpc_free (gpointer data)
{
  Rpc *rpc = data;

  g_bytes_unref (rpc->rpc);
  g_free (rpc);
}

static void
on_rpc (gpointer data)
{
  const Rpc *rpc = data;
  gsize size = 0;
  const guint8 *bytes = g_bytes_get_data (rpc->rpc, &size);

  if (rpc->to->heckle != NULL)
    rpc->to->heckle (rpc->to, rpc->from, rpc->rpc);
  else if (rpc->to->gossip != NULL && dms_p2p_gossip_core_has_peer (rpc->to->gossip, rpc->from->id))
    dms_p2p_gossip_core_receive (rpc->to->gossip, rpc->from->id, bytes, size, NULL);
}

void
dms_sim_peer_send_rpc (DmsSimPeer *self, DmsSimPeer *to, GBytes *bytes)
{
  DmsSimLink *link = dms_sim_peer_get_link (self, to);
  Rpc *rpc = NULL;

  if (link == NULL)
    return;
  rpc = g_new (Rpc, 1);
  *rpc = (Rpc){ self, to, g_bytes_ref (bytes) };
  dms_sim_link_send (link, self, DMS_SIM_GOSSIP, g_bytes_get_size (bytes), on_rpc, rpc, rpc_free);
}

/* What the core asks for */

static gint64
on_now_us (gpointer user_data)
{
  return dms_sim_clock_get_us ();
}

static guint32
on_random (gpointer user_data)
{
  return (guint32) dms_sim_random_next (&((DmsSimPeer *) user_data)->random);
}

static void
on_send (DmsPeerId *peer, GBytes *rpc, DmsP2pGossipUrgency urgency, gpointer user_data)
{
  DmsSimPeer *self = user_data;
  DmsSimPeer *to = dms_sim_network_find (self->network, peer);

  if (to != NULL)
    dms_sim_peer_send_rpc (self, to, rpc);
}

static DmsValidation
on_validate (const char *topic, DmsPeerId *from, GBytes *data, guint64 ticket, gpointer user_data)
{
  DmsSimPeer *self = user_data;

  if (self->funcs == NULL || self->funcs->validate == NULL)
    return DMS_VALIDATION_ACCEPT;
  return self->funcs->validate (self, topic, from, data, ticket, self->user_data);
}

static void
on_deliver (const char *topic, DmsPeerId *from, GBytes *data, gpointer user_data)
{
  DmsSimPeer *self = user_data;

  if (self->funcs != NULL && self->funcs->deliver != NULL)
    self->funcs->deliver (self, topic, from, data, self->user_data);
}

static void
on_proposed (DmsSimPeer *self, DmsSimLink *link, gpointer user_data)
{
  if (self->run == GPOINTER_TO_UINT (user_data) && self->n_proposed_dials > 0)
    self->n_proposed_dials--;
}

/* As dms-p2p-gossip.c does: only addresses that the peer signed for are believed. */
static void
on_connect (DmsPeerId *peer, GBytes *envelope, gpointer user_data)
{
  DmsSimPeer *self = user_data;
  DmsSimPeer *other = dms_sim_network_find (self->network, peer);
  g_autoptr (DmsP2pSignedRecord) record = NULL;

  if (other == NULL || other == self || envelope == NULL ||
      self->n_proposed_dials >= DMS_P2P_GOSSIP_MAX_PX_DIALS || dms_sim_peer_get_link (self, other) != NULL)
    return;
  record =
      dms_p2p_signed_record_open (g_bytes_get_data (envelope, NULL), g_bytes_get_size (envelope), peer, NULL);
  if (record == NULL || !dms_sim_peer_learn (self, other, record->addresses))
    return;
  self->n_proposed_dials++;
  dms_sim_peer_connect (self, other, on_proposed, GUINT_TO_POINTER (self->run));
}

static GBytes *
on_dup_record (DmsPeerId *peer, gpointer user_data)
{
  DmsSimPeer *self = user_data;
  DmsSimPeer *other = dms_sim_network_find (self->network, peer);

  return other != NULL && dms_sim_peer_knows (self, other) ? g_bytes_ref (other->record) : NULL;
}

static void
on_turn (DmsSimPeer *self)
{
  if (self->gossip != NULL)
    dms_p2p_gossip_core_work (self->gossip);
}

static void
on_wake (gpointer user_data)
{
  dms_sim_peer_plan (user_data, 0, on_turn);
}

/* Streams are not simulated: nothing waits to be read. */
static void
on_drained (DmsPeerId *peer, gpointer user_data)
{
}

static void
on_heartbeat (DmsSimPeer *self)
{
  if (self->gossip == NULL)
    return;
  dms_p2p_gossip_core_heartbeat (self->gossip);
  dms_sim_peer_plan (self, DMS_P2P_GOSSIP_HEARTBEAT_MS * G_TIME_SPAN_MILLISECOND, on_heartbeat);
}

void
dms_sim_peer_start_gossip (DmsSimPeer *self)
{
  static const DmsP2pGossipFuncs funcs = { on_now_us,  on_random,     on_send, on_validate, on_deliver,
                                           on_connect, on_dup_record, on_wake, on_drained };
  DmsP2pGossipScoreParams params;

  dms_p2p_gossip_score_params_init (&params);
  self->gossip =
      dms_p2p_gossip_core_new (self->identity, (guint64) g_get_real_time () * 1000, &params, &funcs, self);
  for (guint i = 0; i < self->topics->len; i++)
    dms_p2p_gossip_core_join (self->gossip, g_ptr_array_index (self->topics, i), NULL);
  /* Nobody's heart beats with another's. */
  dms_sim_peer_plan (
      self, dms_sim_random_below (&self->random, DMS_P2P_GOSSIP_HEARTBEAT_MS * 1000), on_heartbeat);
}

void
dms_sim_peer_stop_gossip (DmsSimPeer *self)
{
  g_clear_pointer (&self->gossip, dms_p2p_gossip_core_free);
}

static void
on_published (DmsValidation verdict, gpointer user_data)
{
}

void
dms_sim_peer_publish (DmsSimPeer *self, const char *topic, GBytes *data)
{
  if (self->gossip != NULL)
    dms_p2p_gossip_core_publish (self->gossip, topic, data, on_published, NULL);
}
