/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "actor/dms-replay-guard.h"

#include <dms.h>
#include <sodium.h>
#include <string.h>

#include "actor/dms-replay-journal.h"
#include "observability/dms-log.h"

#define SECOND_NS G_GUINT64_CONSTANT (1000000000)
#define MIN_SLOTS 1024
/* No index of an owner. */
#define NOWHERE G_MAXUINT32
/* When nothing can be forgotten, looking again for something is not tried with every message. */
#define FULL_PAUSE_NS SECOND_NS
/* How many additions between two looks at the size of the journal. */
#define JOURNAL_LOOK_EVERY 16384

/* Messages are known by keyed hashes of 64 bits: nobody without the key finds two that are alike, and by
 * chance a new one is taken for an old one once in 2^43 messages when the guard is full. 0: a free slot. */
typedef struct {
  guint64 message;
  guint32 expiry_s;
  guint32 owner;
} Slot;

typedef struct {
  guint64 hash;
  guint32 floor_s;
  guint count;
} Owner;

struct _DmsReplayGuard
{
  guint8 key[DMS_REPLAY_JOURNAL_KEY_SIZE];
  DmsReplayJournal *journal;
  guint max_per_owner;
  guint max_total;
  guint32 quarantine_s;

  /* Open addressing with linear probing; what has expired stays until the table is built anew. */
  Slot *slots;
  guint n_slots;
  guint used;
  GArray *owners;
  GHashTable *owner_by_hash;
  guint64 full_until_ns;
  guint until_look;
};

/* Hashes */

static guint64
hash_data (DmsReplayGuard *self, const void *data, gsize size)
{
  guint8 hash[crypto_shorthash_BYTES];
  guint64 value;

  crypto_shorthash (hash, data, size, self->key);
  memcpy (&value, hash, sizeof value);
  return MAX (value, 1);
}

static guint64
hash_message (DmsReplayGuard *self, const char *receiver, const char *sender, guint64 nonce)
{
  const guint64 parts[] = { hash_data (self, receiver, strlen (receiver)),
                            hash_data (self, sender, strlen (sender)), nonce };

  return hash_data (self, parts, sizeof parts);
}

/* A second that has begun counts: nothing is forgotten too early. */
static guint32
to_expiry_s (guint64 expiry_ns)
{
  return (guint32) MIN (expiry_ns / SECOND_NS + 1, G_MAXUINT32);
}

static guint32
to_now_s (guint64 now_ns)
{
  return (guint32) MIN (now_ns / SECOND_NS, G_MAXUINT32);
}

/* The table */

static Owner *
get_owner (DmsReplayGuard *self, guint32 index)
{
  return &g_array_index (self->owners, Owner, index);
}

/* NULL for one who owns nothing. */
static Owner *
peek_owner (DmsReplayGuard *self, guint64 hash)
{
  gpointer index;

  return g_hash_table_lookup_extended (self->owner_by_hash, &hash, NULL, &index)
           ? get_owner (self, GPOINTER_TO_UINT (index))
           : NULL;
}

static guint32
find_owner (DmsReplayGuard *self, guint64 hash)
{
  gpointer index;

  if (!g_hash_table_lookup_extended (self->owner_by_hash, &hash, NULL, &index))
    {
      Owner owner = { .hash = hash };

      index = GUINT_TO_POINTER (self->owners->len);
      g_array_append_val (self->owners, owner);
      g_hash_table_insert (self->owner_by_hash, g_memdup2 (&hash, sizeof hash), index);
    }
  return GPOINTER_TO_UINT (index);
}

static Slot *
find_slot (DmsReplayGuard *self, guint64 message)
{
  guint at = (guint) message & (self->n_slots - 1);

  while (self->slots[at].message != 0 && self->slots[at].message != message)
    at = (at + 1) & (self->n_slots - 1);
  return &self->slots[at];
}

static void
insert (DmsReplayGuard *self, const Slot *new)
{
  Slot *slot = find_slot (self, new->message);

  if (slot->message == 0)
    {
      self->used++;
      get_owner (self, new->owner)->count++;
    }
  *slot = *new;
}

/* A message that is in no slot yet, of an owner who is known. */
static void
insert_new (DmsReplayGuard *self, const Slot *new)
{
  *find_slot (self, new->message) = *new;
  self->used++;
  get_owner (self, new->owner)->count++;
}

static guint
slots_for (guint n)
{
  guint n_slots = MIN_SLOTS;

  while (n_slots < n)
    n_slots *= 2;
  return n_slots;
}

static gboolean
is_alive (DmsReplayGuard *self, const Slot *slot, guint32 now_s)
{
  return slot->message != 0 && slot->expiry_s >= now_s
         && slot->expiry_s > get_owner (self, slot->owner)->floor_s;
}

/* Forgets what has expired or is below its owner's floor, and the owners who have nothing left; leaves as
 * much room again as is taken. */
static void
rebuild (DmsReplayGuard *self, guint32 now_s)
{
  g_autofree Slot *slots = self->slots;
  g_autoptr (GArray) owners = self->owners;
  g_autofree guint32 *moved = g_new (guint32, owners->len + 1);
  guint n_slots = self->n_slots;
  guint n_alive = 0;

  for (guint i = 0; i < n_slots; i++)
    {
      if (!is_alive (self, &slots[i], now_s))
        slots[i].message = 0;
      n_alive += slots[i].message != 0;
    }
  self->n_slots = slots_for (2 * n_alive);
  self->slots = g_new0 (Slot, self->n_slots);
  self->used = 0;
  self->owners = g_array_new (FALSE, FALSE, sizeof (Owner));
  g_hash_table_remove_all (self->owner_by_hash);
  for (guint i = 0; i < owners->len; i++)
    {
      const Owner *owner = &g_array_index (owners, Owner, i);

      moved[i] = NOWHERE;
      if (owner->floor_s < now_s)
        continue;
      moved[i] = find_owner (self, owner->hash);
      get_owner (self, moved[i])->floor_s = owner->floor_s;
    }
  for (guint i = 0; i < n_slots; i++)
    {
      Slot slot = slots[i];

      if (slot.message == 0)
        continue;
      if (moved[slot.owner] == NOWHERE)
        moved[slot.owner] = find_owner (self, g_array_index (owners, Owner, slot.owner).hash);
      slot.owner = moved[slot.owner];
      insert_new (self, &slot);
    }
}

/* Forgetting what is alive */

static gint
compare_expiries (gconstpointer a, gconstpointer b)
{
  guint32 one = *(const guint32 *) a;
  guint32 other = *(const guint32 *) b;

  return one < other ? -1 : one > other;
}

/* Forgets the half of an owner's messages that expires first. */
static void
trim (DmsReplayGuard *self, guint32 index, guint64 now_ns)
{
  g_autoptr (GArray) expiries = g_array_new (FALSE, FALSE, sizeof (guint32));
  Owner *owner = get_owner (self, index);
  DmsReplayRecord record = { .owner = owner->hash };

  for (guint i = 0; i < self->n_slots; i++)
    {
      if (self->slots[i].message != 0 && self->slots[i].owner == index)
        g_array_append_val (expiries, self->slots[i].expiry_s);
    }
  if (expiries->len == 0)
    return;
  g_array_sort (expiries, compare_expiries);
  owner->floor_s = MAX (owner->floor_s, g_array_index (expiries, guint32, (expiries->len - 1) / 2));
  record.expiry_s = owner->floor_s;
  /* Without this record the messages below it would be remembered one by one after a restart. */
  if (self->journal != NULL)
    dms_replay_journal_append (self->journal, &record, now_ns, NULL);
  rebuild (self, to_now_s (now_ns));
}

static guint32
find_largest (DmsReplayGuard *self)
{
  guint32 largest = 0;

  for (guint32 i = 1; i < self->owners->len; i++)
    {
      if (get_owner (self, i)->count > get_owner (self, largest)->count)
        largest = i;
    }
  return largest;
}

static gboolean
is_nearly (guint n, guint limit)
{
  return n >= limit - limit / 8;
}

static guint
count_of (DmsReplayGuard *self, guint64 hash)
{
  const Owner *owner = peek_owner (self, hash);

  return owner != NULL ? owner->count : 0;
}

static void
make_room_of (DmsReplayGuard *self, guint64 hash, guint64 now_ns)
{
  if (count_of (self, hash) < self->max_per_owner)
    return;
  rebuild (self, to_now_s (now_ns));
  /* Or the next additions would build it anew each time. */
  if (is_nearly (count_of (self, hash), self->max_per_owner))
    trim (self, find_owner (self, hash), now_ns);
}

/* Whoever has the most gives way, if it has much; many with little cannot be told from honest ones. */
static gboolean
make_room (DmsReplayGuard *self, guint64 now_ns)
{
  if (now_ns < self->full_until_ns && self->full_until_ns - now_ns <= FULL_PAUSE_NS)
    return FALSE;
  rebuild (self, to_now_s (now_ns));
  if (is_nearly (self->used, self->max_total))
    {
      guint32 largest = find_largest (self);

      if (get_owner (self, largest)->count >= MAX (self->max_total / 64, 2))
        trim (self, largest, now_ns);
    }
  if (self->used < self->max_total)
    return TRUE;
  self->full_until_ns = now_ns + FULL_PAUSE_NS;
  return FALSE;
}

/* The journal */

static void
on_record (const DmsReplayRecord *record, gpointer user_data)
{
  g_array_append_vals (user_data, record, 1);
}

static void
remember (DmsReplayGuard *self, const DmsReplayRecord *record, guint64 now_ns)
{
  Slot slot = { .message = record->message, .expiry_s = record->expiry_s };

  if (record->message == 0)
    {
      Owner *owner = get_owner (self, find_owner (self, record->owner));

      owner->floor_s = MAX (owner->floor_s, record->expiry_s);
      return;
    }
  make_room_of (self, record->owner, now_ns);
  if (self->used >= self->max_total && !make_room (self, now_ns))
    {
      self->quarantine_s = MAX (self->quarantine_s, record->expiry_s);
      return;
    }
  if (self->used + 1 > self->n_slots / 4 * 3)
    rebuild (self, to_now_s (now_ns));
  slot.owner = find_owner (self, record->owner);
  insert (self, &slot);
}

static GArray *
list_records (DmsReplayGuard *self)
{
  GArray *records = g_array_new (FALSE, FALSE, sizeof (DmsReplayRecord));

  for (guint32 i = 0; i < self->owners->len; i++)
    {
      const Owner *owner = get_owner (self, i);
      DmsReplayRecord record = { .owner = owner->hash, .expiry_s = owner->floor_s };

      if (record.expiry_s != 0)
        g_array_append_val (records, record);
    }
  for (guint i = 0; i < self->n_slots; i++)
    {
      const Slot *slot = &self->slots[i];
      DmsReplayRecord record = { .message = slot->message, .expiry_s = slot->expiry_s };

      if (slot->message == 0)
        continue;
      record.owner = get_owner (self, slot->owner)->hash;
      g_array_append_val (records, record);
    }
  return records;
}

static void
look_at_journal (DmsReplayGuard *self, guint64 now_ns)
{
  g_autoptr (GArray) records = NULL;
  g_autoptr (GError) error = NULL;

  if (self->journal == NULL || --self->until_look > 0)
    return;
  self->until_look = JOURNAL_LOOK_EVERY;
  if (!dms_replay_journal_is_bloated (self->journal, self->used))
    return;
  rebuild (self, to_now_s (now_ns));
  records = list_records (self);
  if (!dms_replay_journal_rewrite (self->journal, (const DmsReplayRecord *) (gpointer) records->data,
                                   records->len, &error))
    dms_log_event (G_LOG_LEVEL_WARNING, "The replay journal cannot be made smaller", "error", error->message,
                   NULL);
}

/* The guard */

DmsReplayGuard *
dms_replay_guard_new (guint max_per_owner, guint max_total)
{
  DmsReplayGuard *self = g_new0 (DmsReplayGuard, 1);

  crypto_shorthash_keygen (self->key);
  self->max_per_owner = MAX (max_per_owner, 2);
  self->max_total = MAX (max_total, 2);
  self->n_slots = MIN_SLOTS;
  self->slots = g_new0 (Slot, self->n_slots);
  self->owners = g_array_new (FALSE, FALSE, sizeof (Owner));
  self->owner_by_hash = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  self->until_look = JOURNAL_LOOK_EVERY;
  return self;
}

DmsReplayGuard *
dms_replay_guard_open (const char *folder, guint64 now_ns, GError **error)
{
  g_autoptr (DmsReplayGuard) self =
      dms_replay_guard_new (DMS_REPLAY_GUARD_MAX_PER_OWNER, DMS_REPLAY_GUARD_MAX_TOTAL);
  g_autoptr (GArray) records = g_array_new (FALSE, FALSE, sizeof (DmsReplayRecord));

  self->journal = dms_replay_journal_open (folder, now_ns, on_record, records, error);
  if (self->journal == NULL)
    return NULL;
  memcpy (self->key, dms_replay_journal_get_key (self->journal), sizeof self->key);
  for (guint i = 0; i < records->len; i++)
    remember (self, &g_array_index (records, DmsReplayRecord, i), now_ns);
  if (dms_replay_journal_is_damaged (self->journal))
    {
      self->quarantine_s = MAX (self->quarantine_s,
                                to_now_s (now_ns) + DMS_REPLAY_GUARD_QUARANTINE_SECONDS);
      dms_log_event (G_LOG_LEVEL_WARNING,
                     "The replay journal is damaged: messages that may have been accepted before are refused",
                     "path", folder, NULL);
    }
  return g_steal_pointer (&self);
}

void
dms_replay_guard_free (DmsReplayGuard *self)
{
  g_clear_pointer (&self->journal, dms_replay_journal_free);
  g_hash_table_unref (self->owner_by_hash);
  g_array_unref (self->owners);
  g_free (self->slots);
  sodium_memzero (self->key, sizeof self->key);
  g_free (self);
}

static gboolean
is_remembered (DmsReplayGuard *self, guint64 message, guint64 now_ns)
{
  const Slot *slot = find_slot (self, message);

  return slot->message != 0 && slot->expiry_s >= to_now_s (now_ns);
}

gboolean
dms_replay_guard_has_seen (DmsReplayGuard *self,
                           const char *receiver,
                           const char *sender,
                           guint64 nonce,
                           guint64 now_ns)
{
  return is_remembered (self, hash_message (self, receiver, sender, nonce), now_ns);
}

static DmsReplayAnswer
write_record (DmsReplayGuard *self, const DmsReplayRecord *record, guint64 now_ns, GError **why)
{
  return self->journal == NULL || dms_replay_journal_append (self->journal, record, now_ns, why)
           ? DMS_REPLAY_NEW
           : DMS_REPLAY_FULL;
}

DmsReplayAnswer
dms_replay_guard_add (DmsReplayGuard *self,
                      const char *receiver,
                      const char *sender,
                      const char *owner,
                      guint64 nonce,
                      guint64 expiry_ns,
                      guint64 now_ns,
                      GError **why)
{
  DmsReplayRecord record = { .message = hash_message (self, receiver, sender, nonce),
                             .owner = hash_data (self, owner, strlen (owner)),
                             .expiry_s = to_expiry_s (expiry_ns) };
  Slot slot = { .message = record.message, .expiry_s = record.expiry_s };
  const Owner *known;

  if (is_remembered (self, record.message, now_ns))
    return DMS_REPLAY_SEEN;
  look_at_journal (self, now_ns);
  make_room_of (self, record.owner, now_ns);
  known = peek_owner (self, record.owner);
  if (record.expiry_s <= self->quarantine_s || (known != NULL && record.expiry_s <= known->floor_s))
    return DMS_REPLAY_FORGOTTEN;
  if (self->used >= self->max_total && !make_room (self, now_ns))
    {
      g_set_error (why, DMS_ERROR, DMS_ERROR_BUSY, "%u messages are remembered, and none of them has expired",
                   self->used);
      return DMS_REPLAY_FULL;
    }
  if (self->used + 1 > self->n_slots / 4 * 3)
    rebuild (self, to_now_s (now_ns));
  if (write_record (self, &record, now_ns, why) == DMS_REPLAY_FULL)
    return DMS_REPLAY_FULL;
  slot.owner = find_owner (self, record.owner);
  insert (self, &slot);
  return DMS_REPLAY_NEW;
}

guint
dms_replay_guard_get_size (DmsReplayGuard *self)
{
  return self->used;
}
