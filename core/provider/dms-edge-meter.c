/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "provider/dms-edge-meter.h"

#include "actor/dms-token-bucket.h"
#include "common/dms-json-object.h"
#include "observability/dms-log.h"
#include "provider/dms-edge-probe.h"
#include "provider/dms-provider-private.h"

#include <string.h>

enum
{
  /* Within the 5 s that the one who asks waits (orchestration.md 1), with something left for the way. */
  PROBE_MS = 4500,
  /* What was measured is good for so long; that somebody does not answer, for less. */
  READING_SECONDS = 120,
  SILENCE_SECONDS = 10,
  MAX_READINGS = 1024,
  /* Others wait until one of these has ended, or are told to ask later. */
  MAX_PROBES = 16,
  MAX_WAITING = 256,
  /* Questions of one who asks. */
  QUESTIONS_PER_SECOND = 8,
  QUESTIONS_AT_ONCE = 128,
  MAX_ASKERS = 1024,
  /* What is sent back: to one machine and to all, in so many seconds. A measurement of the bandwidth takes
   * 288 KiB. */
  ECHO_WINDOW_SECONDS = 60,
  ECHO_BYTES_EACH = 4 * 1024 * 1024,
  ECHO_BYTES_ALL = 64 * 1024 * 1024,
  ECHOES_EACH = 512,
};

/* What is known of the way to a machine. */
typedef struct
{
  DmsEdgeReading reading;
  char *trouble;
  gint64 until_us;
} Known;

/* What is being measured, and for whom. */
typedef struct
{
  char *key;
  char *peer;
  GPtrArray *messages;
} Running;

/* A probe that goes on, also when nobody wants to know any more. */
typedef struct
{
  DmsEdgeMeter *meter;
  char *key;
} Pending;

static void
pending_free (Pending *pending)
{
  g_object_unref (pending->meter);
  g_free (pending->key);
  g_free (pending);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Pending, pending_free)

/* What a machine had sent back in this window of time. */
typedef struct
{
  gint64 began_us;
  gsize bytes;
  guint n;
} Echoes;

struct _DmsEdgeMeter
{
  GObject parent_instance;

  DmsProvider *provider;
  GCancellable *cancellable;
  /* Peer to Known; key to Running; DID to DmsTokenBucket; peer to Echoes. */
  GHashTable *known;
  GHashTable *running;
  GHashTable *askers;
  GHashTable *echoes;
  Echoes all_echoes;
  guint n_waiting;
};

G_DEFINE_FINAL_TYPE (DmsEdgeMeter, dms_edge_meter, G_TYPE_OBJECT)

static void
known_free (gpointer data)
{
  Known *known = data;

  g_free (known->trouble);
  g_free (known);
}

static void
running_free (gpointer data)
{
  Running *running = data;

  g_free (running->key);
  g_free (running->peer);
  g_ptr_array_unref (running->messages);
  g_free (running);
}

static void
dms_edge_meter_finalize (GObject *object)
{
  DmsEdgeMeter *self = DMS_EDGE_METER (object);

  g_object_unref (self->cancellable);
  g_hash_table_unref (self->known);
  g_hash_table_unref (self->running);
  g_hash_table_unref (self->askers);
  g_hash_table_unref (self->echoes);

  G_OBJECT_CLASS (dms_edge_meter_parent_class)->finalize (object);
}

static void
dms_edge_meter_class_init (DmsEdgeMeterClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = dms_edge_meter_finalize;
}

static void
dms_edge_meter_init (DmsEdgeMeter *self)
{
  self->cancellable = g_cancellable_new ();
  self->known = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, known_free);
  self->running = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, running_free);
  self->askers = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  self->echoes = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
}

DmsEdgeMeter *
dms_edge_meter_new (DmsProvider *provider)
{
  DmsEdgeMeter *self = g_object_new (DMS_TYPE_EDGE_METER, NULL);

  self->provider = provider;
  return self;
}

void
dms_edge_meter_stop (DmsEdgeMeter *self)
{
  g_return_if_fail (DMS_IS_EDGE_METER (self));

  g_cancellable_cancel (self->cancellable);
  g_object_unref (self->cancellable);
  self->cancellable = g_cancellable_new ();
  g_hash_table_remove_all (self->running);
  self->n_waiting = 0;
}

static const char *
get_own_host (DmsEdgeMeter *self)
{
  return dms_handle_get_host (dms_actor_get_handle (dms_provider_get_root (self->provider)));
}

/* Answers */

static void
refuse (DmsMessage *message, const char *why)
{
  JsonObject *reply = json_object_new ();

  json_object_set_boolean_member (reply, "OK", FALSE);
  json_object_set_string_member (reply, "Error", why);
  dms_message_reply_object (message, reply);
}

static char *
find_fault (JsonObject *question, const Known *known)
{
  gint64 rtt_ms = dms_json_object_get_whole (question, "RTT", 0, G_MAXINT32, 0);
  gint64 bandwidth = dms_json_object_get_whole (question, "BW", 0, G_MAXINT64, 0);

  if (known->trouble != NULL)
    return g_strdup (known->trouble);
  if (rtt_ms > 0 && known->reading.rtt_us > rtt_ms * 1000)
    return g_strdup_printf ("a round trip takes %.1f ms, and at most %" G_GINT64_FORMAT " ms are wanted",
                            (double) known->reading.rtt_us / 1000,
                            rtt_ms);
  if (bandwidth > 0 && known->reading.bandwidth < (guint64) bandwidth)
    return g_strdup_printf ("%.3g Mbit/s were measured, and at least %.3g Mbit/s are wanted",
                            (double) known->reading.bandwidth / 1e6,
                            (double) bandwidth / 1e6);
  return NULL;
}

static void
answer (DmsMessage *message, const Known *known)
{
  g_autofree char *fault = find_fault (dms_message_get_object (message), known);
  JsonObject *reply = json_object_new ();

  json_object_set_boolean_member (reply, "OK", fault == NULL);
  json_object_set_string_member (reply, "Error", fault != NULL ? fault : "");
  if (known->trouble == NULL)
    json_object_set_double_member (reply, "RTT", (double) known->reading.rtt_us / 1000);
  if (known->trouble == NULL && known->reading.bandwidth > 0)
    json_object_set_int_member (reply, "BW", (gint64) MIN (known->reading.bandwidth, (guint64) G_MAXINT64));
  dms_message_reply_object (message, reply);
}

/* What is known */

static gboolean
is_old (gpointer key, gpointer value, gpointer user_data)
{
  return ((Known *) value)->until_us <= *(gint64 *) user_data;
}

static void
keep (DmsEdgeMeter *self, const char *peer, const Known *known)
{
  gint64 now = g_get_monotonic_time ();
  Known *kept;

  if (g_hash_table_size (self->known) >= MAX_READINGS)
    g_hash_table_foreach_remove (self->known, is_old, &now);
  if (g_hash_table_size (self->known) >= MAX_READINGS)
    g_hash_table_remove_all (self->known);
  kept = g_new0 (Known, 1);
  kept->reading = known->reading;
  kept->trouble = g_strdup (known->trouble);
  kept->until_us =
      now + (gint64) (known->trouble != NULL ? SILENCE_SECONDS : READING_SECONDS) * G_USEC_PER_SEC;
  g_hash_table_replace (self->known, g_strdup (peer), kept);
}

static const Known *
find_known (DmsEdgeMeter *self, const char *peer, gboolean with_bandwidth)
{
  const Known *known = g_hash_table_lookup (self->known, peer);

  if (known == NULL || known->until_us <= g_get_monotonic_time ())
    return NULL;
  return known->trouble != NULL || known->reading.bandwidth > 0 || !with_bandwidth ? known : NULL;
}

/* Measuring */

static void
on_probed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Pending) pending = user_data;
  g_autoptr (GError) error = NULL;
  DmsEdgeMeter *self = pending->meter;
  Running *running = g_hash_table_lookup (self->running, pending->key);
  Known known = { 0 };
  gboolean measured = dms_edge_probe_finish (DMS_ACTOR (source), result, &known.reading, &error);

  if (running == NULL)
    return;
  if (!measured)
    known.trouble = error->message;
  dms_log_event (G_LOG_LEVEL_INFO,
                 measured ? "edge_measured" : "edge_not_measured",
                 "peer",
                 running->peer,
                 "error",
                 known.trouble,
                 NULL);
  keep (self, running->peer, &known);
  for (guint i = 0; i < running->messages->len; i++)
    answer (running->messages->pdata[i], &known);
  self->n_waiting -= running->messages->len;
  g_hash_table_remove (self->running, pending->key);
}

static void
measure (DmsEdgeMeter *self,
         DmsPeerId *peer,
         const char *ensemble_id,
         gboolean with_bandwidth,
         DmsMessage *message)
{
  g_autofree char *key =
      g_strdup_printf ("%s %s %d", dms_peer_id_get_text (peer), ensemble_id, with_bandwidth);
  Running *running = g_hash_table_lookup (self->running, key);
  Pending *pending;

  if (self->n_waiting >= MAX_WAITING || (running == NULL && g_hash_table_size (self->running) >= MAX_PROBES))
    {
      refuse (message, "this machine measures enough ways already; ask again in some seconds");
      return;
    }
  self->n_waiting++;
  if (running != NULL)
    {
      g_ptr_array_add (running->messages, dms_message_ref (message));
      return;
    }
  running = g_new0 (Running, 1);
  running->key = g_strdup (key);
  running->peer = g_strdup (dms_peer_id_get_text (peer));
  running->messages = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_message_unref);
  g_ptr_array_add (running->messages, dms_message_ref (message));
  g_hash_table_insert (self->running, running->key, running);
  pending = g_new0 (Pending, 1);
  pending->meter = g_object_ref (self);
  pending->key = g_steal_pointer (&key);
  dms_edge_probe_async (dms_provider_get_root (self->provider),
                        peer,
                        ensemble_id,
                        with_bandwidth,
                        PROBE_MS,
                        self->cancellable,
                        on_probed,
                        pending);
}

/* Questions */

static gboolean
may_ask (DmsEdgeMeter *self, DmsDid *asker)
{
  guint64 now_ns = (guint64) g_get_monotonic_time () * 1000;
  DmsTokenBucket *bucket = g_hash_table_lookup (self->askers, dms_did_get_uri (asker));

  if (bucket == NULL)
    {
      /* Who bids are made for is known already: there are few. */
      if (g_hash_table_size (self->askers) >= MAX_ASKERS)
        g_hash_table_remove_all (self->askers);
      bucket = g_new0 (DmsTokenBucket, 1);
      g_hash_table_insert (self->askers, g_strdup (dms_did_get_uri (asker)), bucket);
    }
  if (!dms_token_bucket_has_one (bucket, QUESTIONS_PER_SECOND, QUESTIONS_AT_ONCE, now_ns))
    return FALSE;
  dms_token_bucket_take (bucket, QUESTIONS_PER_SECOND, QUESTIONS_AT_ONCE, now_ns);
  return TRUE;
}

void
dms_edge_meter_handle_question (DmsEdgeMeter *self, DmsMessage *message)
{
  JsonObject *question = dms_message_get_object (message);
  const char *ensemble_id = dms_json_object_get_text (question, "EnsembleID");
  const char *source = dms_json_object_get_text (question, "S");
  const char *target = dms_json_object_get_text (question, "T");
  gboolean with_bandwidth = dms_json_object_get_whole (question, "BW", 0, G_MAXINT64, 0) > 0;
  g_autoptr (DmsPeerId) peer =
      target != NULL && strlen (target) <= 128 ? dms_peer_id_new (target, NULL) : NULL;
  g_autoptr (GError) error = NULL;
  const Known *known;

  g_return_if_fail (DMS_IS_EDGE_METER (self));

  if (ensemble_id == NULL || source == NULL || peer == NULL)
    refuse (message, "a question about an edge must have EnsembleID, and peer IDs as S and T");
  else if (strcmp (source, get_own_host (self)) != 0 || strcmp (target, source) == 0)
    refuse (message, "S must be the peer that is asked, and T another one");
  else if (!dms_provider_serves (self->provider, ensemble_id, dms_message_get_sender_did (message)) &&
           dms_bidder_check (dms_provider_get_bidder (self->provider),
                             ensemble_id,
                             dms_message_get_sender_did (message),
                             -1,
                             &error) == 0)
    refuse (message, error->message);
  else if (!may_ask (self, dms_message_get_sender_did (message)))
    refuse (message, "too many questions about edges; ask again in some seconds");
  else if ((known = find_known (self, dms_peer_id_get_text (peer), with_bandwidth)) != NULL)
    answer (message, known);
  else
    measure (self, peer, ensemble_id, with_bandwidth, message);
}

/* Echoes */

static gboolean
count_echo (Echoes *echoes, gsize size, gsize most_bytes, guint most)
{
  gint64 now = g_get_monotonic_time ();

  if (now - echoes->began_us >= (gint64) ECHO_WINDOW_SECONDS * G_USEC_PER_SEC)
    *echoes = (Echoes){ .began_us = now };
  if (echoes->bytes + size > most_bytes || echoes->n >= most)
    return FALSE;
  echoes->bytes += size;
  echoes->n++;
  return TRUE;
}

static gboolean
may_echo (DmsEdgeMeter *self, const char *peer, gsize size)
{
  Echoes *echoes = g_hash_table_lookup (self->echoes, peer);

  if (echoes == NULL)
    {
      /* The sum still holds. */
      if (g_hash_table_size (self->echoes) >= MAX_ASKERS)
        g_hash_table_remove_all (self->echoes);
      echoes = g_new0 (Echoes, 1);
      g_hash_table_insert (self->echoes, g_strdup (peer), echoes);
    }
  return count_echo (echoes, size, ECHO_BYTES_EACH, ECHOES_EACH) &&
         count_echo (&self->all_echoes, size, ECHO_BYTES_ALL, ECHOES_EACH * 16);
}

/* Anybody may ask who knows of an ensemble for which we bid: the answer is no longer than the question, and
 * tells nothing. */
void
dms_edge_meter_handle_echo (DmsEdgeMeter *self, DmsMessage *message)
{
  JsonObject *question = dms_message_get_object (message);
  const char *ensemble_id = dms_json_object_get_text (question, "EnsembleID");
  const char *data = dms_json_object_get_text (question, "Data");
  JsonObject *reply;

  g_return_if_fail (DMS_IS_EDGE_METER (self));

  if (ensemble_id == NULL || data == NULL ||
      (!dms_bidder_has_bid (dms_provider_get_bidder (self->provider), ensemble_id) &&
       !dms_provider_serves (self->provider, ensemble_id, NULL)))
    /* Anybody may ask, so there is nothing to be heard, not even that somebody is here. */
    return;
  if (strlen (data) > DMS_EDGE_PROBE_LONG_BYTES ||
      !may_echo (self, dms_handle_get_host (dms_message_get_from (message)), strlen (data)))
    {
      refuse (message, "it sends back no more for now");
      return;
    }
  reply = json_object_new ();
  json_object_set_boolean_member (reply, "OK", TRUE);
  json_object_set_string_member (reply, "Error", "");
  json_object_set_string_member (reply, "Data", data);
  dms_message_reply_object (message, reply);
}
