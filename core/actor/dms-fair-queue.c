/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "actor/dms-fair-queue.h"

/* What a key may take in one turn. Small, so that a quiet key does not wait long behind a busy one. */
#define QUANTUM 4096
/* Keys are listed by the number of bits of what they hold: the longest is found without looking at all. */
#define N_CLASSES 64

/* Where those wait for whom there was no key left. No peer ID and no actor ID is empty. */
#define OVERFLOW_KEY ""

typedef struct {
  gpointer item;
  gsize cost;
} Waiting;

typedef struct {
  char *name;
  GQueue items;
  gsize cost;
  gsize deficit;
  GList turn;
  GList in_class;
  guint class;
} Key;

struct _DmsFairQueue
{
  DmsFairQueueLimits limits;
  GDestroyNotify destroy;
  DmsFairQueueDisplacedFunc displaced;
  gpointer user_data;

  GHashTable *keys;
  GQueue turns;
  GQueue classes[N_CLASSES];
  guint length;
  gsize cost;
};

static void
waiting_free (DmsFairQueue *self, Waiting *waiting)
{
  if (self->destroy != NULL)
    self->destroy (waiting->item);
  g_free (waiting);
}

/* Keys */

static guint
class_of (gsize cost)
{
  return MIN (g_bit_storage (cost), N_CLASSES - 1);
}

static void
change_cost (DmsFairQueue *self, Key *key, gsize cost)
{
  guint class = class_of (cost);

  self->cost = self->cost - key->cost + cost;
  key->cost = cost;
  if (class == key->class)
    return;
  g_queue_unlink (&self->classes[key->class], &key->in_class);
  key->class = class;
  g_queue_push_tail_link (&self->classes[class], &key->in_class);
}

static Key *
key_new (DmsFairQueue *self, const char *name)
{
  Key *key = g_new0 (Key, 1);

  key->name = g_strdup (name);
  g_queue_init (&key->items);
  key->turn.data = key;
  key->in_class.data = key;
  key->deficit = QUANTUM;
  g_queue_push_tail_link (&self->turns, &key->turn);
  g_queue_push_tail_link (&self->classes[0], &key->in_class);
  g_hash_table_insert (self->keys, key->name, key);
  return key;
}

/* A key lives while something waits under it. */
static void
drop_if_empty (DmsFairQueue *self, Key *key)
{
  if (key->items.length > 0)
    return;
  g_queue_unlink (&self->turns, &key->turn);
  g_queue_unlink (&self->classes[key->class], &key->in_class);
  g_hash_table_remove (self->keys, key->name);
  g_free (key->name);
  g_free (key);
}

/* Giving way */

/* A class in which something is; there is one while anything waits. */
static guint
longest_class (DmsFairQueue *self)
{
  guint class = N_CLASSES - 1;

  while (class > 0 && self->classes[class].length == 0)
    class--;
  return class;
}

static void
displace_one (DmsFairQueue *self, Key *key)
{
  Waiting *waiting = g_queue_pop_tail (&key->items);

  self->length--;
  change_cost (self, key, key->cost - waiting->cost);
  if (self->displaced != NULL)
    self->displaced (key->name, waiting->item, self->user_data);
  waiting_free (self, waiting);
  drop_if_empty (self, key);
}

static gboolean
is_full (DmsFairQueue *self, gsize cost)
{
  return self->length >= self->limits.max_items || cost > self->limits.max_bytes - self->cost;
}

/* Whoever would hold as much as the longest with this item gets no room for it, so nothing of its own is
 * displaced. @own: (nullable) */
static gboolean
make_room (DmsFairQueue *self, const Key *own, gsize cost)
{
  guint class = class_of ((own != NULL ? own->cost : 0) + cost);

  while (is_full (self, cost))
    {
      guint longest = longest_class (self);

      if (class >= longest)
        return FALSE;
      displace_one (self, g_queue_peek_head (&self->classes[longest]));
    }
  return TRUE;
}

/* The queue */

DmsFairQueue *
dms_fair_queue_new (const DmsFairQueueLimits *limits, GDestroyNotify destroy)
{
  DmsFairQueue *self = g_new0 (DmsFairQueue, 1);

  self->limits = *limits;
  self->destroy = destroy;
  self->keys = g_hash_table_new (g_str_hash, g_str_equal);
  g_queue_init (&self->turns);
  for (guint i = 0; i < N_CLASSES; i++)
    g_queue_init (&self->classes[i]);
  return self;
}

void
dms_fair_queue_free (DmsFairQueue *self)
{
  dms_fair_queue_clear (self);
  g_hash_table_unref (self->keys);
  g_free (self);
}

void
dms_fair_queue_set_displaced_func (DmsFairQueue *self, DmsFairQueueDisplacedFunc func, gpointer user_data)
{
  self->displaced = func;
  self->user_data = user_data;
}

DmsFairQueueAnswer
dms_fair_queue_push (DmsFairQueue *self, const char *key, gsize size, gpointer item)
{
  Key *known = g_hash_table_lookup (self->keys, key);
  gboolean is_overflow = known == NULL && g_hash_table_size (self->keys) >= self->limits.max_keys;
  gsize cost = MAX (size, DMS_FAIR_QUEUE_ITEM_COST);
  Waiting *waiting;

  if (is_overflow)
    known = g_hash_table_lookup (self->keys, OVERFLOW_KEY);
  if (cost > self->limits.max_bytes || self->limits.max_items == 0)
    return DMS_FAIR_QUEUE_FULL;
  if (cost > self->limits.max_bytes_per_key || self->limits.max_items_per_key == 0)
    return DMS_FAIR_QUEUE_FULL_FOR_KEY;
  if (known != NULL
      && (known->items.length >= self->limits.max_items_per_key
          || cost > self->limits.max_bytes_per_key - known->cost))
    return DMS_FAIR_QUEUE_FULL_FOR_KEY;
  if (!make_room (self, known, cost))
    return DMS_FAIR_QUEUE_FULL;

  if (known == NULL)
    known = key_new (self, is_overflow ? OVERFLOW_KEY : key);
  waiting = g_new (Waiting, 1);
  waiting->item = item;
  waiting->cost = cost;
  g_queue_push_tail (&known->items, waiting);
  self->length++;
  change_cost (self, known, known->cost + cost);
  return DMS_FAIR_QUEUE_TAKEN;
}

/* The key whose turn it is and whose first item it can pay for. */
static Key *
next_key (DmsFairQueue *self)
{
  Key *key = g_queue_peek_head (&self->turns);

  while (((Waiting *) g_queue_peek_head (&key->items))->cost > key->deficit)
    {
      key->deficit += QUANTUM;
      g_queue_unlink (&self->turns, &key->turn);
      g_queue_push_tail_link (&self->turns, &key->turn);
      key = g_queue_peek_head (&self->turns);
    }
  return key;
}

gpointer
dms_fair_queue_pop (DmsFairQueue *self)
{
  Waiting *waiting;
  gpointer item;
  Key *key;

  if (self->length == 0)
    return NULL;
  key = next_key (self);
  waiting = g_queue_pop_head (&key->items);
  item = waiting->item;
  key->deficit -= waiting->cost;
  self->length--;
  change_cost (self, key, key->cost - waiting->cost);
  g_free (waiting);
  drop_if_empty (self, key);
  return item;
}

void
dms_fair_queue_clear (DmsFairQueue *self)
{
  for (Key *key = g_queue_peek_head (&self->turns); key != NULL; key = g_queue_peek_head (&self->turns))
    {
      Waiting *waiting = g_queue_pop_head (&key->items);

      self->length--;
      change_cost (self, key, key->cost - waiting->cost);
      drop_if_empty (self, key);
      waiting_free (self, waiting);
    }
}

guint
dms_fair_queue_get_length (DmsFairQueue *self)
{
  return self->length;
}

gsize
dms_fair_queue_get_bytes (DmsFairQueue *self)
{
  return self->cost;
}

guint
dms_fair_queue_get_n_keys (DmsFairQueue *self)
{
  return g_hash_table_size (self->keys);
}

guint
dms_fair_queue_get_length_of (DmsFairQueue *self, const char *key)
{
  Key *known = g_hash_table_lookup (self->keys, key);

  return known != NULL ? known->items.length : 0;
}
