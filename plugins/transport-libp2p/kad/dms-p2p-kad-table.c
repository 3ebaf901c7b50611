/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "kad/dms-p2p-kad-table.h"

#include "kad/dms-p2p-kad-limits.h"

typedef struct
{
  DmsP2pKadPeer *peer;
  guint64 group;
  gint64 alive_us;
  guint n_failures;
} DmsP2pKadEntry;

struct _DmsP2pKadTable
{
  DmsP2pKadKey key;
  /* DmsP2pKadEntry; NULL where nobody has been. */
  GPtrArray *buckets[DMS_P2P_KAD_KEY_BITS];
  guint size;
};

static void
dms_p2p_kad_entry_free (gpointer data)
{
  DmsP2pKadEntry *entry = data;

  dms_p2p_kad_peer_unref (entry->peer);
  g_free (entry);
}

DmsP2pKadTable *
dms_p2p_kad_table_new (const DmsP2pKadKey *self_key)
{
  DmsP2pKadTable *self = g_new0 (DmsP2pKadTable, 1);

  self->key = *self_key;
  return self;
}

void
dms_p2p_kad_table_free (DmsP2pKadTable *self)
{
  for (guint i = 0; i < G_N_ELEMENTS (self->buckets); i++)
    g_clear_pointer (&self->buckets[i], g_ptr_array_unref);
  g_free (self);
}

/* NULL for this host's own place. */
static GPtrArray *
dms_p2p_kad_table_get_bucket (DmsP2pKadTable *self, const DmsP2pKadKey *key)
{
  guint i = dms_p2p_kad_key_common_prefix (&self->key, key);

  if (i >= G_N_ELEMENTS (self->buckets))
    return NULL;
  if (self->buckets[i] == NULL)
    self->buckets[i] = g_ptr_array_new_with_free_func (dms_p2p_kad_entry_free);
  return self->buckets[i];
}

static DmsP2pKadEntry *
dms_p2p_kad_table_find (DmsP2pKadTable *self, DmsP2pKadPeer *peer, GPtrArray **bucket, guint *place)
{
  const DmsP2pKadKey *key = dms_p2p_kad_peer_get_key (peer);

  *bucket = dms_p2p_kad_table_get_bucket (self, key);
  if (*bucket == NULL)
    return NULL;
  for (*place = 0; *place < (*bucket)->len; (*place)++)
    {
      DmsP2pKadEntry *entry = g_ptr_array_index (*bucket, *place);

      if (dms_p2p_kad_key_equal (dms_p2p_kad_peer_get_key (entry->peer), key))
        return entry;
    }
  return NULL;
}

static guint
dms_p2p_kad_table_count_group (GPtrArray *bucket, guint64 group)
{
  guint n = 0;

  for (guint i = 0; bucket != NULL && i < bucket->len; i++)
    if (((DmsP2pKadEntry *) g_ptr_array_index (bucket, i))->group == group)
      n++;
  return n;
}

/* @but: (nullable): who does not count, being there already. */
static gboolean
dms_p2p_kad_table_has_room_for (DmsP2pKadTable *self,
                                GPtrArray *bucket,
                                guint64 group,
                                const DmsP2pKadEntry *but)
{
  guint mine = but != NULL && but->group == group ? 1 : 0;
  guint n = 0;

  if (group == 0)
    return TRUE;
  if (dms_p2p_kad_table_count_group (bucket, group) - mine >= DMS_P2P_KAD_GROUP_BUCKET)
    return FALSE;
  for (guint i = 0; i < G_N_ELEMENTS (self->buckets); i++)
    n += dms_p2p_kad_table_count_group (self->buckets[i], group);
  return n - mine < DMS_P2P_KAD_GROUP_TABLE;
}

/* The last place is that of the one heard of last. */
static void
dms_p2p_kad_table_touch (GPtrArray *bucket, guint place, gint64 now_us)
{
  DmsP2pKadEntry *entry = g_ptr_array_steal_index (bucket, place);

  entry->alive_us = now_us;
  entry->n_failures = 0;
  g_ptr_array_add (bucket, entry);
}

DmsP2pKadTableAdded
dms_p2p_kad_table_add (DmsP2pKadTable *self, DmsP2pKadPeer *peer, guint64 group, gint64 now_us)
{
  GPtrArray *bucket = NULL;
  guint place = 0;
  DmsP2pKadEntry *entry = dms_p2p_kad_table_find (self, peer, &bucket, &place);

  if (bucket == NULL)
    return DMS_P2P_KAD_TABLE_REFUSED;
  if (entry != NULL)
    {
      /* It may have moved. */
      if (entry->group != group && dms_p2p_kad_table_has_room_for (self, bucket, group, entry))
        entry->group = group;
      dms_p2p_kad_table_touch (bucket, place, now_us);
      return DMS_P2P_KAD_TABLE_KNOWN;
    }
  if (!dms_p2p_kad_table_has_room_for (self, bucket, group, NULL))
    return DMS_P2P_KAD_TABLE_REFUSED;
  if (bucket->len >= DMS_P2P_KAD_K)
    return DMS_P2P_KAD_TABLE_FULL;
  entry = g_new0 (DmsP2pKadEntry, 1);
  entry->peer = dms_p2p_kad_peer_ref (peer);
  entry->group = group;
  entry->alive_us = now_us;
  g_ptr_array_add (bucket, entry);
  self->size++;
  return DMS_P2P_KAD_TABLE_ADDED;
}

gboolean
dms_p2p_kad_table_note_alive (DmsP2pKadTable *self, DmsP2pKadPeer *peer, gint64 now_us)
{
  GPtrArray *bucket = NULL;
  guint place = 0;

  if (dms_p2p_kad_table_find (self, peer, &bucket, &place) == NULL)
    return FALSE;
  dms_p2p_kad_table_touch (bucket, place, now_us);
  return TRUE;
}

gboolean
dms_p2p_kad_table_note_failed (DmsP2pKadTable *self, DmsP2pKadPeer *peer)
{
  GPtrArray *bucket = NULL;
  guint place = 0;
  DmsP2pKadEntry *entry = dms_p2p_kad_table_find (self, peer, &bucket, &place);

  if (entry == NULL || ++entry->n_failures < DMS_P2P_KAD_MAX_FAILURES)
    return FALSE;
  g_ptr_array_remove_index (bucket, place);
  self->size--;
  return TRUE;
}

gboolean
dms_p2p_kad_table_remove (DmsP2pKadTable *self, DmsP2pKadPeer *peer)
{
  GPtrArray *bucket = NULL;
  guint place = 0;

  if (dms_p2p_kad_table_find (self, peer, &bucket, &place) == NULL)
    return FALSE;
  g_ptr_array_remove_index (bucket, place);
  self->size--;
  return TRUE;
}

gboolean
dms_p2p_kad_table_contains (DmsP2pKadTable *self, DmsP2pKadPeer *peer)
{
  GPtrArray *bucket = NULL;
  guint place = 0;

  return dms_p2p_kad_table_find (self, peer, &bucket, &place) != NULL;
}

DmsP2pKadPeer *
dms_p2p_kad_table_dup_silent (DmsP2pKadTable *self, const DmsP2pKadKey *key, gint64 before_us)
{
  GPtrArray *bucket = dms_p2p_kad_table_get_bucket (self, key);
  DmsP2pKadEntry *entry = NULL;

  if (bucket == NULL || bucket->len == 0)
    return NULL;
  entry = g_ptr_array_index (bucket, 0);
  return entry->alive_us < before_us ? dms_p2p_kad_peer_ref (entry->peer) : NULL;
}

static gint
dms_p2p_kad_table_compare_silence (gconstpointer a, gconstpointer b)
{
  const DmsP2pKadEntry *first = *(DmsP2pKadEntry *const *) a;
  const DmsP2pKadEntry *second = *(DmsP2pKadEntry *const *) b;

  return (first->alive_us > second->alive_us) - (first->alive_us < second->alive_us);
}

static GPtrArray *
dms_p2p_kad_table_list_entries (DmsP2pKadTable *self)
{
  GPtrArray *entries = g_ptr_array_sized_new (self->size);

  for (guint i = 0; i < G_N_ELEMENTS (self->buckets); i++)
    for (guint j = 0; self->buckets[i] != NULL && j < self->buckets[i]->len; j++)
      g_ptr_array_add (entries, g_ptr_array_index (self->buckets[i], j));
  return entries;
}

GPtrArray *
dms_p2p_kad_table_list_silent (DmsP2pKadTable *self, gint64 before_us, guint n)
{
  GPtrArray *peers = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_p2p_kad_peer_unref);
  g_autoptr (GPtrArray) entries = dms_p2p_kad_table_list_entries (self);

  g_ptr_array_sort (entries, dms_p2p_kad_table_compare_silence);
  for (guint i = 0; i < entries->len && i < n; i++)
    {
      const DmsP2pKadEntry *entry = g_ptr_array_index (entries, i);

      if (entry->alive_us < before_us)
        g_ptr_array_add (peers, dms_p2p_kad_peer_ref (entry->peer));
    }
  return peers;
}

static gint
dms_p2p_kad_table_compare_distance (gconstpointer a, gconstpointer b, gpointer user_data)
{
  const DmsP2pKadEntry *first = *(DmsP2pKadEntry *const *) a;
  const DmsP2pKadEntry *second = *(DmsP2pKadEntry *const *) b;

  return dms_p2p_kad_key_compare (
      user_data, dms_p2p_kad_peer_get_key (first->peer), dms_p2p_kad_peer_get_key (second->peer));
}

static void
dms_p2p_kad_table_append_bucket (DmsP2pKadTable *self, guint i, GPtrArray *entries)
{
  if (i < G_N_ELEMENTS (self->buckets) && self->buckets[i] != NULL)
    g_ptr_array_extend (entries, self->buckets[i], NULL, NULL);
}

/* Moves the closest of the entries to the peers, until these are so many. */
static void
dms_p2p_kad_table_move_closest (GPtrArray *entries, DmsP2pKadKey *target, GPtrArray *peers, guint n)
{
  g_ptr_array_sort_with_data (entries, dms_p2p_kad_table_compare_distance, target);
  for (guint i = 0; i < entries->len && peers->len < n; i++)
    g_ptr_array_add (peers, dms_p2p_kad_peer_ref (((DmsP2pKadEntry *) g_ptr_array_index (entries, i))->peer));
  g_ptr_array_set_size (entries, 0);
}

/* Of a place that has its first i bits in common with ours, and not the next, all in bucket i have more in
 * common; all in the buckets behind it exactly as many; those in the buckets before it fewer and fewer. So
 * only few have to be sorted. */
GPtrArray *
dms_p2p_kad_table_list_closest (DmsP2pKadTable *self, const DmsP2pKadKey *key, guint n)
{
  GPtrArray *peers = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_p2p_kad_peer_unref);
  g_autoptr (GPtrArray) entries = g_ptr_array_new ();
  DmsP2pKadKey target = *key;
  guint common = dms_p2p_kad_key_common_prefix (&self->key, key);

  dms_p2p_kad_table_append_bucket (self, common, entries);
  dms_p2p_kad_table_move_closest (entries, &target, peers, n);
  for (guint i = common + 1; i < G_N_ELEMENTS (self->buckets) && peers->len < n; i++)
    dms_p2p_kad_table_append_bucket (self, i, entries);
  dms_p2p_kad_table_move_closest (entries, &target, peers, n);
  for (guint i = common; i > 0 && peers->len < n; i--)
    {
      dms_p2p_kad_table_append_bucket (self, i - 1, entries);
      dms_p2p_kad_table_move_closest (entries, &target, peers, n);
    }
  return peers;
}

GPtrArray *
dms_p2p_kad_table_list (DmsP2pKadTable *self)
{
  GPtrArray *peers = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_p2p_kad_peer_unref);
  g_autoptr (GPtrArray) entries = dms_p2p_kad_table_list_entries (self);

  for (guint i = 0; i < entries->len; i++)
    g_ptr_array_add (peers, dms_p2p_kad_peer_ref (((DmsP2pKadEntry *) g_ptr_array_index (entries, i))->peer));
  return peers;
}

guint
dms_p2p_kad_table_get_size (DmsP2pKadTable *self)
{
  return self->size;
}

guint
dms_p2p_kad_table_get_bucket_size (DmsP2pKadTable *self, guint bucket)
{
  if (bucket >= G_N_ELEMENTS (self->buckets) || self->buckets[bucket] == NULL)
    return 0;
  return self->buckets[bucket]->len;
}

guint
dms_p2p_kad_table_get_depth (DmsP2pKadTable *self)
{
  for (guint i = G_N_ELEMENTS (self->buckets); i > 0; i--)
    if (dms_p2p_kad_table_get_bucket_size (self, i - 1) > 0)
      return i;
  return 0;
}
