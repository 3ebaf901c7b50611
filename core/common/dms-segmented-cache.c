/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "common/dms-segmented-cache.h"

#include <sodium.h>
#include <string.h>

/* One part in so many is for what is on probation. */
#define PROBATION_SHARE 4

/* The most recently used item is the head of the queue. */
typedef struct
{
  GQueue items;
  gsize bytes;
  guint max_items;
  gsize max_bytes;
} Segment;

typedef struct
{
  GList link;
  Segment *segment;
  guint hash;
  gsize size;
  const void *key;
  gpointer value;
  gsize bytes;
} Item;

struct _DmsSegmentedCache
{
  GHashTable *items;
  Segment probation;
  Segment kept;
  GDestroyNotify destroy;
  guint8 secret[crypto_shorthash_KEYBYTES];
};

static guint
hash_item (gconstpointer data)
{
  return ((const Item *) data)->hash;
}

static gboolean
items_equal (gconstpointer a, gconstpointer b)
{
  const Item *first = a;
  const Item *second = b;

  return first->hash == second->hash && first->size == second->size
         && (first->size == 0 || memcmp (first->key, second->key, first->size) == 0);
}

DmsSegmentedCache *
dms_segmented_cache_new (guint max_items, gsize max_bytes, GDestroyNotify destroy)
{
  DmsSegmentedCache *self = g_new0 (DmsSegmentedCache, 1);

  self->items = g_hash_table_new (hash_item, items_equal);
  g_queue_init (&self->probation.items);
  g_queue_init (&self->kept.items);
  self->probation.max_items = MAX (max_items / PROBATION_SHARE, 1);
  self->probation.max_bytes = max_bytes / PROBATION_SHARE;
  self->kept.max_items = MAX (max_items - max_items / PROBATION_SHARE, 1);
  self->kept.max_bytes = max_bytes - max_bytes / PROBATION_SHARE;
  self->destroy = destroy;
  g_assert (sodium_init () >= 0);
  crypto_shorthash_keygen (self->secret);
  return self;
}

/* Makes something to look up with. */
static Item
make_probe (DmsSegmentedCache *self, const void *key, gsize size)
{
  guint8 hash[crypto_shorthash_BYTES];
  Item probe = { .size = size, .key = key };

  crypto_shorthash (hash, key, size, self->secret);
  memcpy (&probe.hash, hash, sizeof probe.hash);
  return probe;
}

static void
unlink_item (Item *item)
{
  g_queue_unlink (&item->segment->items, &item->link);
  item->segment->bytes -= item->bytes;
}

static void
link_item (Segment *segment, Item *item)
{
  item->segment = segment;
  segment->bytes += item->bytes;
  g_queue_push_head_link (&segment->items, &item->link);
}

static void
drop (DmsSegmentedCache *self, Item *item)
{
  g_hash_table_remove (self->items, item);
  unlink_item (item);
  if (self->destroy != NULL)
    self->destroy (item->value);
  g_free (item);
}

static gboolean
is_over (Segment *segment)
{
  return segment->items.length > segment->max_items || segment->bytes > segment->max_bytes;
}

static void
shrink (DmsSegmentedCache *self)
{
  while (is_over (&self->kept))
    {
      Item *last = g_queue_peek_tail (&self->kept.items);

      unlink_item (last);
      link_item (&self->probation, last);
    }
  while (is_over (&self->probation))
    drop (self, g_queue_peek_tail (&self->probation.items));
}

void
dms_segmented_cache_clear (DmsSegmentedCache *self)
{
  while (self->kept.items.length > 0)
    drop (self, g_queue_peek_tail (&self->kept.items));
  while (self->probation.items.length > 0)
    drop (self, g_queue_peek_tail (&self->probation.items));
}

void
dms_segmented_cache_free (DmsSegmentedCache *self)
{
  if (self == NULL)
    return;
  dms_segmented_cache_clear (self);
  g_hash_table_unref (self->items);
  sodium_memzero (self->secret, sizeof self->secret);
  g_free (self);
}

static Item *
find (DmsSegmentedCache *self, const void *key, gsize size)
{
  Item probe = make_probe (self, key, size);

  return g_hash_table_lookup (self->items, &probe);
}

static void
touch (Item *item)
{
  GQueue *items = &item->segment->items;

  if (items->head == &item->link)
    return;
  g_queue_unlink (items, &item->link);
  g_queue_push_head_link (items, &item->link);
}

static void
keep (DmsSegmentedCache *self, Item *item)
{
  if (item->segment == &self->kept || item->bytes > self->kept.max_bytes)
    return;
  unlink_item (item);
  link_item (&self->kept, item);
  shrink (self);
}

gboolean
dms_segmented_cache_lookup (DmsSegmentedCache *self, const void *key, gsize size, gpointer *value)
{
  Item *item = find (self, key, size);

  if (item == NULL)
    return FALSE;
  touch (item);
  if (value != NULL)
    *value = item->value;
  return TRUE;
}

gboolean
dms_segmented_cache_use (DmsSegmentedCache *self, const void *key, gsize size, gpointer *value)
{
  Item *item = find (self, key, size);

  if (item == NULL)
    return FALSE;
  touch (item);
  if (value != NULL)
    *value = item->value;
  keep (self, item);
  return TRUE;
}

void
dms_segmented_cache_insert (DmsSegmentedCache *self, const void *key, gsize size, gpointer value,
                            gsize value_bytes)
{
  Item probe = make_probe (self, key, size);
  Item *old = g_hash_table_lookup (self->items, &probe);
  /* The key lies behind its item. */
  Item *item = g_malloc0 (sizeof *item + size);

  if (old != NULL)
    drop (self, old);
  /* The key of an empty list may be no memory at all. */
  if (size > 0)
    memcpy (item + 1, key, size);
  item->link.data = item;
  item->hash = probe.hash;
  item->size = size;
  item->key = item + 1;
  item->value = value;
  item->bytes = sizeof *item + size + value_bytes;
  g_hash_table_add (self->items, item);
  link_item (&self->probation, item);
  shrink (self);
}

void
dms_segmented_cache_keep (DmsSegmentedCache *self, const void *key, gsize size)
{
  Item *item = find (self, key, size);

  if (item != NULL)
    keep (self, item);
}

gboolean
dms_segmented_cache_remove (DmsSegmentedCache *self, const void *key, gsize size)
{
  Item *item = find (self, key, size);

  if (item == NULL)
    return FALSE;
  drop (self, item);
  return TRUE;
}

guint
dms_segmented_cache_get_n_items (DmsSegmentedCache *self)
{
  return self->kept.items.length + self->probation.items.length;
}

gsize
dms_segmented_cache_get_n_bytes (DmsSegmentedCache *self)
{
  return self->kept.bytes + self->probation.bytes;
}
