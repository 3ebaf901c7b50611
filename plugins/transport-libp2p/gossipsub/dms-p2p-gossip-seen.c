/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "gossipsub/dms-p2p-gossip-seen.h"

enum
{
  /* Who brought one message, ours: more than any mesh has. */
  DMS_P2P_GOSSIP_MAX_BRINGERS = 32,
};

struct _DmsP2pGossipSeen
{
  guint max;
  /* GBytes to DmsP2pGossipRecord. */
  GHashTable *records;
  /* GBytes, in the order in which they came. */
  GQueue order;
};

static void
dms_p2p_gossip_record_free (gpointer data)
{
  DmsP2pGossipRecord *record = data;

  g_ptr_array_unref (record->peers);
  g_free (record);
}

DmsP2pGossipSeen *
dms_p2p_gossip_seen_new (guint max)
{
  DmsP2pGossipSeen *self = g_new0 (DmsP2pGossipSeen, 1);

  self->max = max;
  self->records = g_hash_table_new_full (
      g_bytes_hash, g_bytes_equal, (GDestroyNotify) g_bytes_unref, dms_p2p_gossip_record_free);
  g_queue_init (&self->order);
  return self;
}

void
dms_p2p_gossip_seen_free (DmsP2pGossipSeen *self)
{
  g_hash_table_unref (self->records);
  g_queue_clear_full (&self->order, (GDestroyNotify) g_bytes_unref);
  g_free (self);
}

DmsP2pGossipRecord *
dms_p2p_gossip_seen_lookup (DmsP2pGossipSeen *self, GBytes *id)
{
  return g_hash_table_lookup (self->records, id);
}

static void
dms_p2p_gossip_seen_drop_oldest (DmsP2pGossipSeen *self)
{
  g_autoptr (GBytes) id = g_queue_pop_head (&self->order);

  g_hash_table_remove (self->records, id);
}

DmsP2pGossipRecord *
dms_p2p_gossip_seen_add (DmsP2pGossipSeen *self, GBytes *id, gint64 expires_us)
{
  DmsP2pGossipRecord *record = NULL;

  while (g_queue_get_length (&self->order) >= self->max)
    dms_p2p_gossip_seen_drop_oldest (self);
  record = g_new0 (DmsP2pGossipRecord, 1);
  record->expires_us = expires_us;
  record->peers = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_peer_id_unref);
  g_hash_table_replace (self->records, g_bytes_ref (id), record);
  g_queue_push_tail (&self->order, g_bytes_ref (id));
  return record;
}

void
dms_p2p_gossip_seen_expire (DmsP2pGossipSeen *self, gint64 now_us)
{
  while (!g_queue_is_empty (&self->order))
    {
      const DmsP2pGossipRecord *record =
          g_hash_table_lookup (self->records, g_queue_peek_head (&self->order));

      if (record->expires_us > now_us)
        return;
      dms_p2p_gossip_seen_drop_oldest (self);
    }
}

gboolean
dms_p2p_gossip_record_has_peer (DmsP2pGossipRecord *self, DmsPeerId *peer)
{
  for (guint i = 0; i < self->peers->len; i++)
    {
      if (dms_peer_id_equal (g_ptr_array_index (self->peers, i), peer))
        return TRUE;
    }
  return FALSE;
}

gboolean
dms_p2p_gossip_record_add_peer (DmsP2pGossipRecord *self, DmsPeerId *peer)
{
  if (dms_p2p_gossip_record_has_peer (self, peer))
    return FALSE;
  if (self->peers->len < DMS_P2P_GOSSIP_MAX_BRINGERS)
    g_ptr_array_add (self->peers, dms_peer_id_ref (peer));
  return TRUE;
}
