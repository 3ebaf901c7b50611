/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "actor/dms-refusals.h"

#include <string.h>

#include "observability/dms-log.h"

/* Senders told apart in one period; those beyond are summed up as one for each reason. */
#define MAX_SENDERS 256
/* Rules are words of our own and few; the bound is for what we do not know. */
#define MAX_RULES 64
/* Of what a sender claims about itself, this much is enough to tell it from others. */
#define MAX_NAME 128
#define OTHERS "others"

typedef struct {
  DmsRefusal refusal;
  char *sender;
  guint written;
  guint64 left_out;
} Flow;

struct _DmsRefusals
{
  guint64 counts[DMS_N_REFUSALS];
  guint written[DMS_N_REFUSALS];
  GHashTable *rules;
  GHashTable *flows;
  GSource *timer;
};

static guint
flow_hash (gconstpointer data)
{
  const Flow *flow = data;

  return g_str_hash (flow->sender) * 31 + flow->refusal;
}

static gboolean
flow_equal (gconstpointer a, gconstpointer b)
{
  const Flow *one = a;
  const Flow *other = b;

  return one->refusal == other->refusal && g_str_equal (one->sender, other->sender);
}

static void
flow_free (Flow *flow)
{
  g_free (flow->sender);
  g_free (flow);
}

DmsRefusals *
dms_refusals_new (void)
{
  DmsRefusals *self = g_new0 (DmsRefusals, 1);

  self->rules = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  self->flows = g_hash_table_new_full (flow_hash, flow_equal, NULL, (GDestroyNotify) flow_free);
  return self;
}

static void
stop_timer (DmsRefusals *self)
{
  if (self->timer != NULL)
    g_source_destroy (self->timer);
  g_clear_pointer (&self->timer, g_source_unref);
}

void
dms_refusals_free (DmsRefusals *self)
{
  dms_refusals_sum_up (self);
  g_hash_table_unref (self->rules);
  g_hash_table_unref (self->flows);
  g_free (self);
}

/* What happens without anybody's fault, such as an answer that comes too late, is for debugging only. */
static GLogLevelFlags
level_of (DmsRefusal refusal)
{
  return refusal == DMS_REFUSAL_NO_INBOX || refusal == DMS_REFUSAL_NO_BEHAVIOUR ? G_LOG_LEVEL_DEBUG
                                                                                : G_LOG_LEVEL_INFO;
}

static gboolean
on_period_end (gpointer user_data)
{
  DmsRefusals *self = user_data;

  dms_refusals_sum_up (self);
  return G_SOURCE_REMOVE;
}

static void
start_timer (DmsRefusals *self)
{
  if (self->timer != NULL)
    return;
  self->timer = g_timeout_source_new_seconds (DMS_REFUSALS_PERIOD_SECONDS);
  g_source_set_callback (self->timer, on_period_end, self, NULL);
  g_source_attach (self->timer, g_main_context_get_thread_default ());
}

static Flow *
find_flow (DmsRefusals *self, DmsRefusal refusal, const char *sender)
{
  Flow wanted = { .refusal = refusal, .sender = (char *) sender };
  Flow *flow = g_hash_table_lookup (self->flows, &wanted);

  if (flow == NULL && g_hash_table_size (self->flows) >= MAX_SENDERS)
    {
      wanted.sender = (char *) OTHERS;
      flow = g_hash_table_lookup (self->flows, &wanted);
    }
  if (flow != NULL)
    return flow;
  flow = g_new0 (Flow, 1);
  flow->refusal = refusal;
  flow->sender = g_strndup (wanted.sender, MAX_NAME);
  g_hash_table_add (self->flows, flow);
  return flow;
}

static void
count_rule (DmsRefusals *self, const char *rule)
{
  guint64 *count = g_hash_table_lookup (self->rules, rule);

  if (count == NULL)
    {
      if (g_hash_table_size (self->rules) >= MAX_RULES)
        return;
      count = g_new0 (guint64, 1);
      g_hash_table_insert (self->rules, g_strdup (rule), count);
    }
  (*count)++;
}

gboolean
dms_refusals_note (DmsRefusals *self,
                   DmsRefusal refusal,
                   const char *rule,
                   const char *peer,
                   const char *inbox,
                   DmsEnvelope *envelope,
                   const char *why)
{
  DmsHandle *from = envelope != NULL ? dms_envelope_get_from (envelope) : NULL;
  const char *did = from != NULL ? dms_did_get_uri (dms_handle_get_did (from)) : NULL;
  g_autofree char *sender = NULL;
  Flow *flow;

  g_return_val_if_fail (refusal < DMS_N_REFUSALS, FALSE);

  self->counts[refusal]++;
  if (rule != NULL)
    count_rule (self, rule);

  /* The peer is known; a DID may be another one with each message. */
  sender = g_strndup (peer != NULL ? peer : did != NULL && *did != '\0' ? did : "unknown", MAX_NAME);
  flow = find_flow (self, refusal, sender);
  start_timer (self);
  if (flow->written >= DMS_REFUSALS_LINES_PER_SENDER
      || self->written[refusal] >= DMS_REFUSALS_LINES_PER_REASON)
    {
      flow->left_out++;
      return FALSE;
    }
  flow->written++;
  self->written[refusal]++;
  dms_log_event (level_of (refusal), "A message was refused", "reason", dms_refusal_get_nick (refusal),
                 "rule", rule, "inbox", inbox, "behavior",
                 envelope != NULL ? dms_envelope_get_behaviour (envelope) : NULL, "did", did, "peer", peer,
                 "error", why, NULL);
  return TRUE;
}

guint
dms_refusals_sum_up (DmsRefusals *self)
{
  GHashTableIter iter;
  gpointer value;
  guint n = 0;

  stop_timer (self);
  g_hash_table_iter_init (&iter, self->flows);
  while (g_hash_table_iter_next (&iter, &value, NULL))
    {
      const Flow *flow = value;
      g_autofree char *count = g_strdup_printf ("%" G_GUINT64_FORMAT, flow->left_out);

      if (flow->left_out == 0)
        continue;
      n++;
      dms_log_event (level_of (flow->refusal), "More messages were refused", "reason",
                     dms_refusal_get_nick (flow->refusal), "sender", flow->sender, "count", count, NULL);
    }
  g_hash_table_remove_all (self->flows);
  memset (self->written, 0, sizeof self->written);
  return n;
}

guint64
dms_refusals_get_count (DmsRefusals *self, DmsRefusal refusal)
{
  g_return_val_if_fail (refusal < DMS_N_REFUSALS, 0);

  return self->counts[refusal];
}

guint64
dms_refusals_get_count_of_rule (DmsRefusals *self, const char *rule)
{
  guint64 *count = g_hash_table_lookup (self->rules, rule);

  return count != NULL ? *count : 0;
}

JsonObject *
dms_refusals_to_json (DmsRefusals *self)
{
  JsonObject *object = json_object_new ();
  JsonObject *rules = json_object_new ();
  GHashTableIter iter;
  gpointer key;
  gpointer value;

  for (guint i = 0; i < DMS_N_REFUSALS; i++)
    {
      if (self->counts[i] > 0)
        json_object_set_int_member (object, dms_refusal_get_nick (i), (gint64) self->counts[i]);
    }
  g_hash_table_iter_init (&iter, self->rules);
  while (g_hash_table_iter_next (&iter, &key, &value))
    json_object_set_int_member (rules, key, (gint64) * (guint64 *) value);
  json_object_set_object_member (object, "rules", rules);
  return object;
}
