/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "gossipsub/dms-p2p-gossip-promises.h"

enum
{
  /* Ours: one for each IHAVE that is answered, of more peers than there are connections. */
  DMS_P2P_GOSSIP_MAX_PROMISES = 65536,
};

struct _DmsP2pGossipPromises
{
  /* GBytes to a table of DmsPeerId to gint64*: when it is broken. */
  GHashTable *messages;
  guint n;
};

DmsP2pGossipPromises *
dms_p2p_gossip_promises_new (void)
{
  DmsP2pGossipPromises *self = g_new0 (DmsP2pGossipPromises, 1);

  self->messages = g_hash_table_new_full (
      g_bytes_hash, g_bytes_equal, (GDestroyNotify) g_bytes_unref, (GDestroyNotify) g_hash_table_unref);
  return self;
}

void
dms_p2p_gossip_promises_free (DmsP2pGossipPromises *self)
{
  g_hash_table_unref (self->messages);
  g_free (self);
}

void
dms_p2p_gossip_promises_add (DmsP2pGossipPromises *self, DmsPeerId *peer, GBytes *id, gint64 expires_us)
{
  GHashTable *peers = g_hash_table_lookup (self->messages, id);
  gint64 *when = NULL;

  if (self->n >= DMS_P2P_GOSSIP_MAX_PROMISES)
    return;
  if (peers == NULL)
    {
      peers = g_hash_table_new_full ((GHashFunc) dms_peer_id_hash,
                                     (GEqualFunc) dms_peer_id_equal,
                                     (GDestroyNotify) dms_peer_id_unref,
                                     g_free);
      g_hash_table_insert (self->messages, g_bytes_ref (id), peers);
    }
  if (g_hash_table_contains (peers, peer))
    return;
  when = g_new (gint64, 1);
  *when = expires_us;
  g_hash_table_insert (peers, dms_peer_id_ref (peer), when);
  self->n++;
}

void
dms_p2p_gossip_promises_keep (DmsP2pGossipPromises *self, GBytes *id)
{
  GHashTable *peers = g_hash_table_lookup (self->messages, id);

  if (peers == NULL)
    return;
  self->n -= g_hash_table_size (peers);
  g_hash_table_remove (self->messages, id);
}

void
dms_p2p_gossip_promises_remove_peer (DmsP2pGossipPromises *self, DmsPeerId *peer)
{
  GHashTableIter iter;
  gpointer peers = NULL;

  g_hash_table_iter_init (&iter, self->messages);
  while (g_hash_table_iter_next (&iter, NULL, &peers))
    {
      if (g_hash_table_remove (peers, peer))
        self->n--;
      if (g_hash_table_size (peers) == 0)
        g_hash_table_iter_remove (&iter);
    }
}

static void
dms_p2p_gossip_promises_collect_message (DmsP2pGossipPromises *self,
                                         GHashTable *peers,
                                         gint64 now_us,
                                         DmsP2pGossipBroken broken,
                                         gpointer user_data)
{
  GHashTableIter iter;
  gpointer peer = NULL;
  gpointer when = NULL;

  g_hash_table_iter_init (&iter, peers);
  while (g_hash_table_iter_next (&iter, &peer, &when))
    {
      if (*(gint64 *) when > now_us)
        continue;
      broken (peer, 1, user_data);
      g_hash_table_iter_remove (&iter);
      self->n--;
    }
}

void
dms_p2p_gossip_promises_collect (DmsP2pGossipPromises *self,
                                 gint64 now_us,
                                 DmsP2pGossipBroken broken,
                                 gpointer user_data)
{
  GHashTableIter iter;
  gpointer peers = NULL;

  g_hash_table_iter_init (&iter, self->messages);
  while (g_hash_table_iter_next (&iter, NULL, &peers))
    {
      dms_p2p_gossip_promises_collect_message (self, peers, now_us, broken, user_data);
      if (g_hash_table_size (peers) == 0)
        g_hash_table_iter_remove (&iter);
    }
}
