/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "gossipsub/dms-p2p-gossip-queue.h"

#define DMS_P2P_GOSSIP_N_URGENCIES (DMS_P2P_GOSSIP_GOSSIP + 1)

struct _DmsP2pGossipQueue
{
  /* GBytes, by urgency. */
  GQueue waiting[DMS_P2P_GOSSIP_N_URGENCIES];
  guint64 dropped[DMS_P2P_GOSSIP_N_URGENCIES];
  gsize n_bytes;
};

DmsP2pGossipQueue *
dms_p2p_gossip_queue_new (void)
{
  DmsP2pGossipQueue *self = g_new0 (DmsP2pGossipQueue, 1);

  for (guint i = 0; i < DMS_P2P_GOSSIP_N_URGENCIES; i++)
    g_queue_init (&self->waiting[i]);
  return self;
}

void
dms_p2p_gossip_queue_clear (DmsP2pGossipQueue *self)
{
  for (guint i = 0; i < DMS_P2P_GOSSIP_N_URGENCIES; i++)
    g_queue_clear_full (&self->waiting[i], (GDestroyNotify) g_bytes_unref);
  self->n_bytes = 0;
}

void
dms_p2p_gossip_queue_free (DmsP2pGossipQueue *self)
{
  dms_p2p_gossip_queue_clear (self);
  g_free (self);
}

static void
dms_p2p_gossip_queue_drop (DmsP2pGossipQueue *self, DmsP2pGossipUrgency urgency)
{
  g_autoptr (GBytes) rpc = g_queue_pop_head (&self->waiting[urgency]);

  self->n_bytes -= g_bytes_get_size (rpc);
  self->dropped[urgency]++;
}

gboolean
dms_p2p_gossip_queue_push (DmsP2pGossipQueue *self, GBytes *rpc, DmsP2pGossipUrgency urgency)
{
  static const guint max[] = { DMS_P2P_GOSSIP_QUEUE_MAX_CONTROL,
                               DMS_P2P_GOSSIP_QUEUE_MAX_MESSAGES,
                               DMS_P2P_GOSSIP_QUEUE_MAX_GOSSIP };
  gsize size = g_bytes_get_size (rpc);
  gboolean is_full = FALSE;

  if (urgency != DMS_P2P_GOSSIP_GOSSIP)
    {
      while (self->n_bytes + size > DMS_P2P_GOSSIP_QUEUE_MAX_BYTES &&
             !g_queue_is_empty (&self->waiting[DMS_P2P_GOSSIP_GOSSIP]))
        dms_p2p_gossip_queue_drop (self, DMS_P2P_GOSSIP_GOSSIP);
    }
  is_full = self->n_bytes + size > DMS_P2P_GOSSIP_QUEUE_MAX_BYTES ||
            g_queue_get_length (&self->waiting[urgency]) >= max[urgency];
  if (is_full)
    {
      self->dropped[urgency]++;
      return urgency != DMS_P2P_GOSSIP_CONTROL;
    }
  g_queue_push_tail (&self->waiting[urgency], g_bytes_ref (rpc));
  self->n_bytes += size;
  return TRUE;
}

GBytes *
dms_p2p_gossip_queue_pop (DmsP2pGossipQueue *self)
{
  for (guint i = 0; i < DMS_P2P_GOSSIP_N_URGENCIES; i++)
    {
      GBytes *rpc = g_queue_pop_head (&self->waiting[i]);

      if (rpc == NULL)
        continue;
      self->n_bytes -= g_bytes_get_size (rpc);
      return rpc;
    }
  return NULL;
}

gsize
dms_p2p_gossip_queue_get_bytes (DmsP2pGossipQueue *self)
{
  return self->n_bytes;
}

guint64
dms_p2p_gossip_queue_get_dropped (DmsP2pGossipQueue *self, DmsP2pGossipUrgency urgency)
{
  return self->dropped[urgency];
}
