/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "actor/dms-replay-guard.h"

/* How many additions between two sweeps over all senders. */
#define SWEEP_EVERY 4096

typedef struct {
  guint64 nonce;
  guint64 expiry_ns;
} Seen;

/* The messages of one sender: by nonce, and as a binary heap with the first to expire on top. */
typedef struct {
  GHashTable *by_nonce;
  GPtrArray *heap;
  guint64 floor_ns;
} Sender;

struct _DmsReplayGuard
{
  GHashTable *senders;
  guint max_per_sender;
  guint max_total;
  guint size;
  guint until_sweep;
};

static void
sender_free (Sender *sender)
{
  g_hash_table_unref (sender->by_nonce);
  g_ptr_array_unref (sender->heap);
  g_free (sender);
}

static Sender *
sender_new (void)
{
  Sender *sender = g_new0 (Sender, 1);

  sender->by_nonce = g_hash_table_new (g_int64_hash, g_int64_equal);
  sender->heap = g_ptr_array_new_with_free_func (g_free);
  return sender;
}

static guint64
heap_expiry (GPtrArray *heap, guint index)
{
  return ((Seen *) g_ptr_array_index (heap, index))->expiry_ns;
}

static void
heap_swap (GPtrArray *heap, guint a, guint b)
{
  gpointer kept = heap->pdata[a];

  heap->pdata[a] = heap->pdata[b];
  heap->pdata[b] = kept;
}

static void
sender_push (Sender *sender, Seen *seen)
{
  GPtrArray *heap = sender->heap;
  guint at = heap->len;

  g_ptr_array_add (heap, seen);
  g_hash_table_add (sender->by_nonce, &seen->nonce);
  while (at > 0 && heap_expiry (heap, (at - 1) / 2) > heap_expiry (heap, at))
    {
      heap_swap (heap, at, (at - 1) / 2);
      at = (at - 1) / 2;
    }
}

static guint64
sender_pop (Sender *sender)
{
  GPtrArray *heap = sender->heap;
  guint64 expiry_ns = heap_expiry (heap, 0);
  Seen *first = heap->pdata[0];
  guint at = 0;

  g_hash_table_remove (sender->by_nonce, &first->nonce);
  g_ptr_array_remove_index_fast (heap, 0);
  while (2 * at + 1 < heap->len)
    {
      guint child = 2 * at + 1;

      if (child + 1 < heap->len && heap_expiry (heap, child + 1) < heap_expiry (heap, child))
        child++;
      if (heap_expiry (heap, at) <= heap_expiry (heap, child))
        break;
      heap_swap (heap, at, child);
      at = child;
    }
  return expiry_ns;
}

static guint
sender_expire (Sender *sender, guint64 now_ns)
{
  guint n = 0;

  while (sender->heap->len > 0 && heap_expiry (sender->heap, 0) < now_ns)
    {
      sender_pop (sender);
      n++;
    }
  return n;
}

DmsReplayGuard *
dms_replay_guard_new (guint max_per_sender, guint max_total)
{
  DmsReplayGuard *self = g_new0 (DmsReplayGuard, 1);

  self->senders = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) sender_free);
  self->max_per_sender = MAX (max_per_sender, 1);
  self->max_total = MAX (max_total, 1);
  self->until_sweep = SWEEP_EVERY;
  return self;
}

void
dms_replay_guard_free (DmsReplayGuard *self)
{
  g_hash_table_unref (self->senders);
  g_free (self);
}

gboolean
dms_replay_guard_has_seen (DmsReplayGuard *self, const char *sender, guint64 nonce, guint64 expiry_ns)
{
  Sender *known = g_hash_table_lookup (self->senders, sender);

  if (known == NULL)
    return FALSE;
  return expiry_ns <= known->floor_ns || g_hash_table_contains (known->by_nonce, &nonce);
}

gboolean
dms_replay_guard_add (DmsReplayGuard *self,
                      const char *sender,
                      guint64 nonce,
                      guint64 expiry_ns,
                      guint64 now_ns)
{
  Sender *known;
  Seen *seen;

  if (self->until_sweep == 0 || self->size >= self->max_total)
    dms_replay_guard_sweep (self, now_ns);
  self->until_sweep--;

  known = g_hash_table_lookup (self->senders, sender);
  if (known != NULL)
    self->size -= sender_expire (known, now_ns);
  else if (self->size >= self->max_total)
    return FALSE;
  else
    {
      known = sender_new ();
      g_hash_table_insert (self->senders, g_strdup (sender), known);
    }

  while (known->heap->len > 0 && (known->heap->len >= self->max_per_sender || self->size >= self->max_total))
    {
      guint64 forgotten_ns = sender_pop (known);

      known->floor_ns = MAX (known->floor_ns, forgotten_ns);
      self->size--;
    }
  if (self->size >= self->max_total)
    return FALSE;

  seen = g_new (Seen, 1);
  seen->nonce = nonce;
  seen->expiry_ns = expiry_ns;
  sender_push (known, seen);
  self->size++;
  return TRUE;
}

void
dms_replay_guard_sweep (DmsReplayGuard *self, guint64 now_ns)
{
  GHashTableIter iter;
  gpointer value;

  self->until_sweep = SWEEP_EVERY;
  g_hash_table_iter_init (&iter, self->senders);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      Sender *sender = value;

      self->size -= sender_expire (sender, now_ns);
      if (sender->heap->len == 0 && sender->floor_ns < now_ns)
        g_hash_table_iter_remove (&iter);
    }
}

guint
dms_replay_guard_get_size (DmsReplayGuard *self)
{
  return self->size;
}
