/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "gossipsub/dms-p2p-gossip-cache.h"

typedef struct
{
  DmsP2pGossipMessage *message;
  guint age;
  /* DmsPeerId to how often it had the message; NULL for never. */
  GHashTable *given;
} DmsP2pCacheEntry;

struct _DmsP2pGossipCache
{
  guint n_windows;
  guint n_told;
  gsize max_bytes;
  gsize n_bytes;
  /* GBytes to DmsP2pCacheEntry, which are in the queue too, the oldest first. */
  GHashTable *entries;
  GQueue order;
};

static void
dms_p2p_cache_entry_free (gpointer data)
{
  DmsP2pCacheEntry *entry = data;

  dms_p2p_gossip_message_unref (entry->message);
  g_clear_pointer (&entry->given, g_hash_table_unref);
  g_free (entry);
}

DmsP2pGossipCache *
dms_p2p_gossip_cache_new (guint n_windows, guint n_told, gsize max_bytes)
{
  DmsP2pGossipCache *self = g_new0 (DmsP2pGossipCache, 1);

  self->n_windows = n_windows;
  self->n_told = n_told;
  self->max_bytes = max_bytes;
  self->entries = g_hash_table_new_full (g_bytes_hash, g_bytes_equal, NULL, dms_p2p_cache_entry_free);
  g_queue_init (&self->order);
  return self;
}

void
dms_p2p_gossip_cache_free (DmsP2pGossipCache *self)
{
  g_queue_clear (&self->order);
  g_hash_table_unref (self->entries);
  g_free (self);
}

static void
dms_p2p_gossip_cache_drop_oldest (DmsP2pGossipCache *self)
{
  DmsP2pCacheEntry *entry = g_queue_pop_head (&self->order);

  self->n_bytes -= g_bytes_get_size (entry->message->wire);
  g_hash_table_remove (self->entries, entry->message->id);
}

void
dms_p2p_gossip_cache_add (DmsP2pGossipCache *self, DmsP2pGossipMessage *message)
{
  DmsP2pCacheEntry *entry = NULL;

  if (g_hash_table_contains (self->entries, message->id))
    return;
  entry = g_new0 (DmsP2pCacheEntry, 1);
  entry->message = dms_p2p_gossip_message_ref (message);
  g_hash_table_insert (self->entries, entry->message->id, entry);
  g_queue_push_tail (&self->order, entry);
  self->n_bytes += g_bytes_get_size (message->wire);
  while (self->n_bytes > self->max_bytes && g_queue_get_length (&self->order) > 1)
    dms_p2p_gossip_cache_drop_oldest (self);
}

DmsP2pGossipMessage *
dms_p2p_gossip_cache_take (DmsP2pGossipCache *self, GBytes *id, DmsPeerId *peer, guint max)
{
  DmsP2pCacheEntry *entry = g_hash_table_lookup (self->entries, id);
  guint n = 0;

  if (entry == NULL)
    return NULL;
  if (entry->given == NULL)
    entry->given = g_hash_table_new_full ((GHashFunc) dms_peer_id_hash,
                                          (GEqualFunc) dms_peer_id_equal,
                                          (GDestroyNotify) dms_peer_id_unref,
                                          NULL);
  n = GPOINTER_TO_UINT (g_hash_table_lookup (entry->given, peer));
  if (n >= max)
    return NULL;
  g_hash_table_replace (entry->given, dms_peer_id_ref (peer), GUINT_TO_POINTER (n + 1));
  return entry->message;
}

GPtrArray *
dms_p2p_gossip_cache_list (DmsP2pGossipCache *self, const char *topic)
{
  GPtrArray *ids = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);

  for (GList *l = self->order.tail; l != NULL; l = l->prev)
    {
      DmsP2pCacheEntry *entry = l->data;

      if (entry->age >= self->n_told)
        break;
      if (g_str_equal (entry->message->topic, topic))
        g_ptr_array_add (ids, g_bytes_ref (entry->message->id));
    }
  return ids;
}

void
dms_p2p_gossip_cache_shift (DmsP2pGossipCache *self)
{
  for (GList *l = self->order.head; l != NULL; l = l->next)
    ((DmsP2pCacheEntry *) l->data)->age++;
  while (!g_queue_is_empty (&self->order) &&
         ((DmsP2pCacheEntry *) g_queue_peek_head (&self->order))->age >= self->n_windows)
    dms_p2p_gossip_cache_drop_oldest (self);
}
