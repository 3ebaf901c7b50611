/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "gossipsub/dms-p2p-gossip-core-private.h"

/* What peers send is worked off in turns, so that nobody's thousands of signatures hold up everything else.
 * The RPCs of one peer are done in their order, each with all its parts; of several peers that wait each has
 * one message at a time. */

void
dms_p2p_gossip_inbound_free (gpointer data)
{
  DmsP2pGossipInbound *inbound = data;

  dms_p2p_gossip_rpc_free (inbound->rpc);
  g_free (inbound);
}

static void
dms_p2p_gossip_core_handle_subscriptions (DmsP2pGossipCore *self,
                                          DmsP2pGossipPeer *peer,
                                          DmsP2pGossipRpc *rpc)
{
  for (guint i = 0; i < rpc->subscriptions->len; i++)
    {
      DmsP2pGossipSubscription *subscription = g_ptr_array_index (rpc->subscriptions, i);

      /* Nobody joins and leaves that many topics in a second: the rest is work for nothing. */
      if (++peer->n_subscriptions > DMS_P2P_GOSSIP_MAX_SUBSCRIPTIONS_PER_HEARTBEAT)
        {
          dms_p2p_gossip_score_penalize (self->score, peer->id, 1);
          return;
        }
      if (subscription->subscribe)
        dms_p2p_gossip_core_subscribe_peer (self, peer, subscription->topic);
      else
        dms_p2p_gossip_core_unsubscribe_peer (self, peer, subscription->topic);
    }
}

static gboolean
dms_p2p_gossip_inbound_is_done (const DmsP2pGossipInbound *inbound)
{
  return inbound->next == inbound->rpc->messages->len;
}

static gboolean
dms_p2p_gossip_core_is_graylisted (DmsP2pGossipCore *self, DmsP2pGossipPeer *peer)
{
  return dms_p2p_gossip_core_score_of (self, peer) <
         dms_p2p_gossip_score_get_params (self->score)->graylist_threshold;
}

static void
dms_p2p_gossip_core_begin_inbound (DmsP2pGossipCore *self,
                                   DmsP2pGossipPeer *peer,
                                   DmsP2pGossipInbound *inbound)
{
  inbound->is_begun = TRUE;
  dms_p2p_gossip_core_handle_subscriptions (self, peer, inbound->rpc);
  /* What StrictSign does not let through is of no topic; it counts as a misdeed. */
  if (inbound->rpc->n_malformed == 0)
    return;
  self->counts.forged += inbound->rpc->n_malformed;
  dms_p2p_gossip_score_penalize (self->score, peer->id, inbound->rpc->n_malformed);
}

static DmsP2pGossipInbound *
dms_p2p_gossip_peer_pop_inbound (DmsP2pGossipPeer *peer)
{
  DmsP2pGossipInbound *inbound = g_queue_pop_head (&peer->inbound);

  peer->inbound_bytes -= inbound->size;
  peer->inbound_messages -= inbound->rpc->messages->len;
  return inbound;
}

static void
dms_p2p_gossip_core_end_inbound (DmsP2pGossipCore *self, DmsP2pGossipPeer *peer)
{
  DmsP2pGossipInbound *inbound = dms_p2p_gossip_peer_pop_inbound (peer);

  dms_p2p_gossip_core_handle_control (self, peer, inbound->rpc);
  dms_p2p_gossip_inbound_free (inbound);
}

/* Whether the next of it may be done in this turn. What holds no messages costs no signatures. */
static gboolean
dms_p2p_gossip_core_may_advance (DmsP2pGossipCore *self, DmsP2pGossipPeer *peer)
{
  const DmsP2pGossipInbound *inbound = g_queue_peek_head (&peer->inbound);

  return inbound != NULL &&
         ((self->turn_messages > 0 && self->turn_signatures > 0) || dms_p2p_gossip_inbound_is_done (inbound));
}

/* One message, and after the last one what the RPC asks for. Whoever judges it may let go of the peer. */
static void
dms_p2p_gossip_core_advance (DmsP2pGossipCore *self, DmsPeerId *id)
{
  DmsP2pGossipPeer *peer = dms_p2p_gossip_core_find_peer (self, id);
  DmsP2pGossipInbound *inbound = g_queue_peek_head (&peer->inbound);
  gboolean is_graylisted = dms_p2p_gossip_core_is_graylisted (self, peer);

  if (is_graylisted && !inbound->is_begun)
    {
      dms_p2p_gossip_inbound_free (dms_p2p_gossip_peer_pop_inbound (peer));
      return;
    }
  if (!inbound->is_begun)
    {
      dms_p2p_gossip_core_begin_inbound (self, peer, inbound);
      is_graylisted = dms_p2p_gossip_core_is_graylisted (self, peer);
    }
  if (!is_graylisted && !dms_p2p_gossip_inbound_is_done (inbound))
    {
      g_autoptr (DmsP2pGossipMessage) message =
          dms_p2p_gossip_message_ref (g_ptr_array_index (inbound->rpc->messages, inbound->next++));

      self->turn_messages--;
      dms_p2p_gossip_core_handle_message (self, peer, message);
      peer = dms_p2p_gossip_core_find_peer (self, id);
      inbound = peer != NULL ? g_queue_peek_head (&peer->inbound) : NULL;
      if (inbound == NULL || !dms_p2p_gossip_inbound_is_done (inbound))
        return;
    }
  dms_p2p_gossip_core_end_inbound (self, peer);
}

/* The peer, as long as it is there and something of it waits. */
static DmsP2pGossipPeer *
dms_p2p_gossip_core_find_waiting (DmsP2pGossipCore *self, DmsPeerId *id)
{
  DmsP2pGossipPeer *peer = dms_p2p_gossip_core_find_peer (self, id);

  return peer != NULL && !g_queue_is_empty (&peer->inbound) ? peer : NULL;
}

static void
dms_p2p_gossip_core_wake (DmsP2pGossipCore *self)
{
  if (self->is_woken)
    return;
  self->is_woken = TRUE;
  self->funcs.wake (self->user_data);
}

gboolean
dms_p2p_gossip_core_work (DmsP2pGossipCore *self)
{
  self->is_woken = FALSE;
  self->turn_messages = DMS_P2P_GOSSIP_MAX_MESSAGES_PER_TURN;
  self->turn_signatures = DMS_P2P_GOSSIP_MAX_SIGNATURES_PER_TURN;
  while (!g_queue_is_empty (&self->waiting) &&
         dms_p2p_gossip_core_may_advance (self, g_queue_peek_head (&self->waiting)))
    {
      DmsP2pGossipPeer *peer = g_queue_pop_head (&self->waiting);
      g_autoptr (DmsPeerId) id = dms_peer_id_ref (peer->id);

      dms_p2p_gossip_core_advance (self, id);
      peer = dms_p2p_gossip_core_find_waiting (self, id);
      if (peer != NULL)
        g_queue_push_tail (&self->waiting, peer);
      else
        self->funcs.drained (id, self->user_data);
    }
  dms_p2p_gossip_core_flush (self);
  if (g_queue_is_empty (&self->waiting))
    return FALSE;
  dms_p2p_gossip_core_wake (self);
  return TRUE;
}

gboolean
dms_p2p_gossip_core_is_busy_with (DmsP2pGossipCore *self, DmsPeerId *id)
{
  return dms_p2p_gossip_core_find_waiting (self, id) != NULL;
}

/* No more than one RPC may hold: whoever reads on only when everything was done never comes to that. */
static gboolean
dms_p2p_gossip_peer_has_room (DmsP2pGossipPeer *peer, DmsP2pGossipRpc *rpc, gsize size)
{
  return g_queue_is_empty (&peer->inbound) ||
         (peer->inbound.length < DMS_P2P_GOSSIP_MAX_INBOUND &&
          peer->inbound_bytes + size <= DMS_P2P_GOSSIP_MAX_RPC &&
          peer->inbound_messages + rpc->messages->len <= DMS_P2P_GOSSIP_MAX_MESSAGES);
}

/* Takes @rpc. */
static void
dms_p2p_gossip_peer_push_inbound (DmsP2pGossipPeer *peer, DmsP2pGossipRpc *rpc, gsize size)
{
  DmsP2pGossipInbound *inbound = g_new0 (DmsP2pGossipInbound, 1);

  inbound->rpc = rpc;
  inbound->size = size;
  peer->inbound_bytes += size;
  peer->inbound_messages += rpc->messages->len;
  g_queue_push_tail (&peer->inbound, inbound);
}

gboolean
dms_p2p_gossip_core_receive (DmsP2pGossipCore *self,
                             DmsPeerId *id,
                             const guint8 *data,
                             gsize size,
                             GError **error)
{
  DmsP2pGossipPeer *peer = dms_p2p_gossip_core_find_peer (self, id);
  gboolean was_waiting = FALSE;
  g_autoptr (DmsP2pGossipRpc) rpc = NULL;

  /* From a peer on the gray list nothing is even read. */
  if (peer == NULL || dms_p2p_gossip_core_is_graylisted (self, peer))
    return TRUE;
  rpc = dms_p2p_gossip_rpc_decode (data, size, error);
  if (rpc == NULL)
    {
      dms_p2p_gossip_score_penalize (self->score, id, 1);
      return FALSE;
    }
  was_waiting = !g_queue_is_empty (&peer->inbound);
  if (!dms_p2p_gossip_peer_has_room (peer, rpc, size))
    {
      g_set_error_literal (
          error, DMS_ERROR, DMS_ERROR_BUSY, "the peer's messages before are not worked off yet; try later");
      return FALSE;
    }
  dms_p2p_gossip_peer_push_inbound (peer, g_steal_pointer (&rpc), size);
  if (was_waiting)
    return TRUE;
  while (peer != NULL && dms_p2p_gossip_core_may_advance (self, peer))
    {
      dms_p2p_gossip_core_advance (self, id);
      peer = dms_p2p_gossip_core_find_waiting (self, id);
    }
  if (peer != NULL)
    {
      g_queue_push_tail (&self->waiting, peer);
      dms_p2p_gossip_core_wake (self);
    }
  dms_p2p_gossip_core_flush (self);
  return TRUE;
}
