/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "actor/dms-limiter.h"

#include "actor/dms-token-bucket.h"

/* Looking for what is idle or expired means looking at everything: not more often than this. */
#define SWEEP_INTERVAL_NS G_GUINT64_CONSTANT (1000000000)
/* Those for whom there is no place of their own. No DID and no topic is empty. */
#define OTHERS ""

/* What somebody uses of one limit. */
typedef struct {
  DmsTokenBucket bucket;
  guint at_once;
  gsize bytes;
} Use;

/* A sender lives while it uses anything, or permits name it. */
typedef struct {
  char *name;
  Use uses[DMS_N_TRAFFICS];
} Sender;

struct _DmsPermit
{
  DmsLimiter *limiter;
  Sender *sender;
  DmsTraffic traffic;
  gsize size;
  guint64 expiry_ns;
  GList link;
};

struct _DmsLimiter
{
  grefcount references;
  DmsLimits limits;
  GHashTable *senders;
  GHashTable *topics;
  Use total[DMS_N_TRAFFICS];
  GQueue permits;
  guint64 swept_ns;
};

static void
sender_free (Sender *sender)
{
  g_free (sender->name);
  g_free (sender);
}

DmsLimiter *
dms_limiter_new (const DmsLimits *limits)
{
  DmsLimiter *self = g_new0 (DmsLimiter, 1);

  g_ref_count_init (&self->references);
  self->limits = *limits;
  self->senders =
      g_hash_table_new_full (g_str_hash, g_str_equal, NULL, (GDestroyNotify) sender_free);
  self->topics = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_queue_init (&self->permits);
  return self;
}

DmsLimiter *
dms_limiter_ref (DmsLimiter *self)
{
  g_ref_count_inc (&self->references);
  return self;
}

/* Every permit that still holds something has a reference. */
void
dms_limiter_unref (DmsLimiter *self)
{
  if (!g_ref_count_dec (&self->references))
    return;
  g_hash_table_unref (self->senders);
  g_hash_table_unref (self->topics);
  g_free (self);
}

/* Using and giving back */

static gboolean
has_rate (Use *use, const DmsLimit *limit, guint64 now_ns)
{
  return dms_token_bucket_has_one (&use->bucket, limit->rate, limit->burst, now_ns);
}

static gboolean
has_room (const Use *use, const DmsLimit *limit, gsize size)
{
  if (limit->at_once != 0 && use->at_once >= limit->at_once)
    return FALSE;
  /* One that is larger than the limit may be under handling alone. */
  return limit->bytes == 0 || use->bytes == 0
         || (use->bytes < limit->bytes && size <= limit->bytes - use->bytes);
}

static void
take (Use *use, const DmsLimit *limit, gsize size, guint64 now_ns)
{
  dms_token_bucket_take (&use->bucket, limit->rate, limit->burst, now_ns);
  use->at_once++;
  use->bytes += size;
}

static void
give (Use *use, gsize size)
{
  use->at_once--;
  use->bytes -= size;
}

/* Gives everything back, but the permit itself stays with its owner. */
static void
settle (DmsPermit *permit)
{
  DmsLimiter *self = permit->limiter;

  give (&permit->sender->uses[permit->traffic], permit->size);
  give (&self->total[permit->traffic], permit->size);
  g_queue_unlink (&self->permits, &permit->link);
  permit->limiter = NULL;
  permit->sender = NULL;
  dms_limiter_unref (self);
}

DmsPermit *
dms_permit_new_free (void)
{
  return g_new0 (DmsPermit, 1);
}

void
dms_permit_free (DmsPermit *permit)
{
  if (permit->limiter != NULL)
    settle (permit);
  g_free (permit);
}

/* Forgetting */

static gboolean
is_idle (DmsLimiter *self, Sender *sender, guint64 now_ns)
{
  for (guint i = 0; i < DMS_N_TRAFFICS; i++)
    {
      Use *use = &sender->uses[i];

      if (use->at_once > 0
          || !dms_token_bucket_is_full (&use->bucket, self->limits.per_sender[i].rate, now_ns))
        return FALSE;
    }
  return TRUE;
}

static void
settle_expired (DmsLimiter *self, guint64 now_ns)
{
  GList *next;

  for (GList *l = self->permits.head; l != NULL; l = next)
    {
      DmsPermit *permit = l->data;

      next = l->next;
      if (permit->expiry_ns < now_ns)
        settle (permit);
    }
}

static void
sweep (DmsLimiter *self, guint64 now_ns)
{
  GHashTableIter iter;
  gpointer value;

  /* A clock that was set back does not stop the sweeps. */
  if (now_ns >= self->swept_ns && now_ns - self->swept_ns < SWEEP_INTERVAL_NS)
    return;
  self->swept_ns = now_ns;
  settle_expired (self, now_ns);
  g_hash_table_iter_init (&iter, self->senders);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      if (is_idle (self, value, now_ns))
        g_hash_table_iter_remove (&iter);
    }
  g_hash_table_iter_init (&iter, self->topics);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      if (dms_token_bucket_is_full (&((Use *) value)->bucket, self->limits.per_topic.rate, now_ns))
        g_hash_table_iter_remove (&iter);
    }
}

static Sender *
find_sender (DmsLimiter *self, const char *name)
{
  Sender *sender = g_hash_table_lookup (self->senders, name);

  if (sender == NULL && g_hash_table_size (self->senders) >= DMS_LIMITER_MAX_SENDERS)
    sender = g_hash_table_lookup (self->senders, name = OTHERS);
  if (sender != NULL)
    return sender;
  sender = g_new0 (Sender, 1);
  sender->name = g_strdup (name);
  g_hash_table_insert (self->senders, sender->name, sender);
  return sender;
}

/* NULL for no topic. */
static Use *
find_topic (DmsLimiter *self, const char *name)
{
  Use *topic;

  if (name == NULL || *name == '\0')
    return NULL;
  topic = g_hash_table_lookup (self->topics, name);
  if (topic == NULL && g_hash_table_size (self->topics) >= DMS_LIMITER_MAX_TOPICS)
    topic = g_hash_table_lookup (self->topics, name = OTHERS);
  if (topic != NULL)
    return topic;
  topic = g_new0 (Use, 1);
  g_hash_table_insert (self->topics, g_strdup (name), topic);
  return topic;
}

/* Admitting */

static gboolean
has_room_for (DmsLimiter *self, Sender *sender, DmsTraffic traffic, gsize size)
{
  return has_room (&sender->uses[traffic], &self->limits.per_sender[traffic], size)
         && has_room (&self->total[traffic], &self->limits.total[traffic], size);
}

DmsPermit *
dms_limiter_admit (DmsLimiter *self,
                   DmsTraffic traffic,
                   const char *sender,
                   const char *topic,
                   gsize size,
                   guint64 expiry_ns,
                   guint64 now_ns,
                   DmsRefusal *refusal)
{
  const DmsLimits *limits = &self->limits;
  Sender *known;
  Use *on_topic;
  DmsPermit *permit;

  /* Both are looked up after each sweep, which may take away either. */
  if (g_hash_table_size (self->senders) >= DMS_LIMITER_MAX_SENDERS
      || g_hash_table_size (self->topics) >= DMS_LIMITER_MAX_TOPICS)
    sweep (self, now_ns);
  known = find_sender (self, sender);
  if (!has_room_for (self, known, traffic, size))
    {
      sweep (self, now_ns);
      known = find_sender (self, sender);
    }
  on_topic = find_topic (self, topic);

  *refusal = DMS_REFUSAL_TOO_MANY_AT_ONCE;
  if (!has_room_for (self, known, traffic, size))
    return NULL;
  /* What is refused takes nothing from anybody. */
  *refusal = DMS_REFUSAL_RATE_LIMITED;
  if (!has_rate (&known->uses[traffic], &limits->per_sender[traffic], now_ns)
      || (on_topic != NULL && !has_rate (on_topic, &limits->per_topic, now_ns))
      || !has_rate (&self->total[traffic], &limits->total[traffic], now_ns))
    return NULL;

  take (&known->uses[traffic], &limits->per_sender[traffic], size, now_ns);
  take (&self->total[traffic], &limits->total[traffic], size, now_ns);
  if (on_topic != NULL)
    dms_token_bucket_take (&on_topic->bucket, limits->per_topic.rate, limits->per_topic.burst, now_ns);
  permit = g_new0 (DmsPermit, 1);
  permit->limiter = dms_limiter_ref (self);
  permit->sender = known;
  permit->traffic = traffic;
  permit->size = size;
  permit->expiry_ns = expiry_ns;
  permit->link.data = permit;
  g_queue_push_tail_link (&self->permits, &permit->link);
  return permit;
}

guint
dms_limiter_get_n_senders (DmsLimiter *self)
{
  return g_hash_table_size (self->senders);
}

guint
dms_limiter_get_at_once (DmsLimiter *self, DmsTraffic traffic)
{
  return self->total[traffic].at_once;
}
