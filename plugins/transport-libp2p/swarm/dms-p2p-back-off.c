/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "swarm/dms-p2p-back-off.h"

enum
{
  /* go-libp2p, p2p/net/swarm/swarm_dial.go: BackoffBase and BackoffMax. */
  DMS_P2P_BACK_OFF_BASE_S = 5,
  DMS_P2P_BACK_OFF_MAX_S = 5 * 60,
  DMS_P2P_BACK_OFF_MAX_ENTRIES = 4096,
};

typedef struct
{
  char *key;
  guint n_failures;
  gint64 until_us;
  GList link;
} DmsP2pBackOffEntry;

struct _DmsP2pBackOff
{
  /* Key to DmsP2pBackOffEntry. */
  GHashTable *entries;
  /* The one that failed longest ago first. */
  GQueue order;
};

static void
dms_p2p_back_off_entry_free (gpointer data)
{
  DmsP2pBackOffEntry *self = data;

  g_free (self->key);
  g_free (self);
}

DmsP2pBackOff *
dms_p2p_back_off_new (void)
{
  DmsP2pBackOff *self = g_new0 (DmsP2pBackOff, 1);

  self->entries = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, dms_p2p_back_off_entry_free);
  g_queue_init (&self->order);
  return self;
}

void
dms_p2p_back_off_free (DmsP2pBackOff *self)
{
  g_hash_table_unref (self->entries);
  g_free (self);
}

static char *
dms_p2p_back_off_dup_key (DmsPeerId *peer, DmsMultiaddr *address)
{
  return g_strconcat (
      peer != NULL ? dms_peer_id_get_text (peer) : "", " ", dms_multiaddr_get_text (address), NULL);
}

static void
dms_p2p_back_off_remove (DmsP2pBackOff *self, DmsP2pBackOffEntry *entry)
{
  g_queue_unlink (&self->order, &entry->link);
  g_hash_table_remove (self->entries, entry->key);
}

/* Those whose time has passed are kept for as long again, so that the next failure counts as one more. */
static void
dms_p2p_back_off_clean (DmsP2pBackOff *self, gint64 now_us)
{
  while (self->order.head != NULL)
    {
      DmsP2pBackOffEntry *oldest = self->order.head->data;

      if (oldest->until_us + (gint64) DMS_P2P_BACK_OFF_MAX_S * G_USEC_PER_SEC > now_us &&
          self->order.length < DMS_P2P_BACK_OFF_MAX_ENTRIES)
        return;
      dms_p2p_back_off_remove (self, oldest);
    }
}

void
dms_p2p_back_off_note_failed (DmsP2pBackOff *self, DmsPeerId *peer, DmsMultiaddr *address, gint64 now_us)
{
  g_autofree char *key = dms_p2p_back_off_dup_key (peer, address);
  DmsP2pBackOffEntry *entry = g_hash_table_lookup (self->entries, key);
  gint64 wait_s = DMS_P2P_BACK_OFF_BASE_S;

  if (entry == NULL)
    {
      dms_p2p_back_off_clean (self, now_us);
      entry = g_new0 (DmsP2pBackOffEntry, 1);
      entry->key = g_steal_pointer (&key);
      entry->link.data = entry;
      g_hash_table_insert (self->entries, entry->key, entry);
    }
  else
    g_queue_unlink (&self->order, &entry->link);
  g_queue_push_tail_link (&self->order, &entry->link);
  for (guint i = 0; i < entry->n_failures && wait_s < DMS_P2P_BACK_OFF_MAX_S; i++)
    wait_s *= 2;
  entry->n_failures++;
  entry->until_us = now_us + MIN (wait_s, DMS_P2P_BACK_OFF_MAX_S) * G_USEC_PER_SEC;
}

void
dms_p2p_back_off_note_connected (DmsP2pBackOff *self, DmsPeerId *peer, DmsMultiaddr *address)
{
  g_autofree char *key = dms_p2p_back_off_dup_key (peer, address);
  DmsP2pBackOffEntry *entry = g_hash_table_lookup (self->entries, key);

  if (entry != NULL)
    dms_p2p_back_off_remove (self, entry);
}

gint64
dms_p2p_back_off_get_left_us (DmsP2pBackOff *self, DmsPeerId *peer, DmsMultiaddr *address, gint64 now_us)
{
  g_autofree char *key = dms_p2p_back_off_dup_key (peer, address);
  DmsP2pBackOffEntry *entry = g_hash_table_lookup (self->entries, key);

  return entry != NULL ? MAX (entry->until_us - now_us, 0) : 0;
}

guint
dms_p2p_back_off_get_size (DmsP2pBackOff *self)
{
  return g_hash_table_size (self->entries);
}
