/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "orchestrator/dms-heartbeats.h"

#include "common/dms-json-object.h"
#include "observability/dms-log.h"
#include "supervision/dms-failure-detector.h"

#define HEARTBEAT_BEHAVIOUR "/dms/deployment/heartbeat"

enum
{
  /* So many questions fit into the time within which a failure is to be noticed. */
  PER_DETECTION = 5,
  MIN_INTERVAL_MS = 1000,
  MAX_INTERVAL_MS = 60000,
  /* Machines that are away are asked less and less often, but not less than this. */
  MAX_AWAY_MS = 10000,
  /* A question that is answered later than this was answered too late to say that it is there now. */
  ANSWER_SECONDS = 10,
  /* Clocks differ: an expired question may still be taken for a valid one for so long. */
  SKEW_SECONDS = 5,
  /* What the field reports of services each 30 s. */
  REPORT_SECONDS = 30,
  REPORTS_MISSED = 5,
  /* DMS_LEASES_MAX of the other side. */
  MAX_ENTRIES = 256,
};

typedef struct
{
  DmsHeartbeats *self;
  DmsHandle *machine;
  /* (element-type Watch) */
  GPtrArray *watches;
  DmsFailureDetector *detector;
  /* For machines that never answer: their reports alone. */
  DmsFailureDetector *reports;
  gboolean answers;
  gboolean lost;
  guint interval_ms;
  guint away_ms;
  guint timer;
  gint64 asked_us;
  /* When it was asked what it has, and of which watch first when it cannot be asked about all at once. */
  gint64 listed_us;
  guint next;
} Beat;

typedef struct
{
  guint id;
  Beat *beat;
  char *ensemble_id;
  gint64 detect_us;
  gint64 lease_us;
  GStrv leased;
  gint64 lease_end_us;
  DmsHeartbeatsFunc func;
  gpointer user_data;
} Watch;

struct _DmsHeartbeats
{
  GObject parent_instance;

  DmsActor *root;
  GCancellable *cancellable;
  /* Host → Beat; number → Watch. */
  GHashTable *beats;
  GHashTable *watches;
  guint last_id;
};

G_DEFINE_FINAL_TYPE (DmsHeartbeats, dms_heartbeats, G_TYPE_OBJECT)

typedef struct
{
  DmsHeartbeats *self;
  char *host;
  gboolean lists;
} Question;

static void
question_free (Question *question)
{
  g_object_unref (question->self);
  g_free (question->host);
  g_free (question);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Question, question_free)

static void
beat_free (gpointer data)
{
  Beat *beat = data;

  g_clear_handle_id (&beat->timer, g_source_remove);
  g_clear_object (&beat->detector);
  g_clear_object (&beat->reports);
  dms_handle_unref (beat->machine);
  g_ptr_array_unref (beat->watches);
  g_free (beat);
}

static void
watch_free (gpointer data)
{
  Watch *watch = data;

  g_free (watch->ensemble_id);
  g_strfreev (watch->leased);
  g_free (watch);
}

static void
dms_heartbeats_dispose (GObject *object)
{
  DmsHeartbeats *self = DMS_HEARTBEATS (object);

  dms_heartbeats_stop (self);
  g_clear_object (&self->root);
  G_OBJECT_CLASS (dms_heartbeats_parent_class)->dispose (object);
}

static void
dms_heartbeats_finalize (GObject *object)
{
  DmsHeartbeats *self = DMS_HEARTBEATS (object);

  g_hash_table_unref (self->beats);
  g_hash_table_unref (self->watches);
  g_object_unref (self->cancellable);
  G_OBJECT_CLASS (dms_heartbeats_parent_class)->finalize (object);
}

static void
dms_heartbeats_class_init (DmsHeartbeatsClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = dms_heartbeats_dispose;
  object_class->finalize = dms_heartbeats_finalize;
}

static void
dms_heartbeats_init (DmsHeartbeats *self)
{
  self->cancellable = g_cancellable_new ();
  self->beats = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, beat_free);
  self->watches = g_hash_table_new_full (NULL, NULL, NULL, watch_free);
}

DmsHeartbeats *
dms_heartbeats_new (DmsActor *root)
{
  DmsHeartbeats *self = g_object_new (DMS_TYPE_HEARTBEATS, NULL);

  self->root = g_object_ref (root);
  return self;
}

/* Telling */

static void
tell_all (DmsHeartbeats *self, const char *host, DmsHeartbeatsNews news, JsonObject *ensembles)
{
  Beat *beat = g_hash_table_lookup (self->beats, host);
  g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (guint));

  /* Those who are told may stop watching, themselves or others. */
  for (guint i = 0; beat != NULL && i < beat->watches->len; i++)
    g_array_append_val (ids, ((Watch *) beat->watches->pdata[i])->id);
  for (guint i = 0; i < ids->len; i++)
    {
      Watch *watch = g_hash_table_lookup (self->watches, GUINT_TO_POINTER (g_array_index (ids, guint, i)));

      if (watch != NULL)
        watch->func (news, dms_json_object_get_child (ensembles, watch->ensemble_id), watch->user_data);
    }
}

static void
set_lost (Beat *beat, gboolean lost, JsonObject *ensembles)
{
  DmsHeartbeats *self = beat->self;
  g_autofree char *host = g_strdup (dms_handle_get_host (beat->machine));

  beat->lost = lost;
  beat->away_ms = beat->interval_ms;
  dms_log_event (lost ? G_LOG_LEVEL_WARNING : G_LOG_LEVEL_INFO,
                 lost ? "machine_lost" : "machine_returned",
                 "peer",
                 host,
                 NULL);
  tell_all (self, host, lost ? DMS_HEARTBEATS_LOST : DMS_HEARTBEATS_RETURNED, ensembles);
}

/* Asking */

static void
on_answered (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Question) question = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsMessage) reply = dms_actor_invoke_finish (DMS_ACTOR (source), result, &error);
  Beat *beat = g_hash_table_lookup (question->self->beats, question->host);
  gint64 now = g_get_monotonic_time ();
  JsonObject *object;

  if (beat == NULL || reply == NULL || g_cancellable_is_cancelled (question->self->cancellable))
    return;
  object = dms_message_get_object (reply);
  if (!dms_json_object_get_flag (object, "OK"))
    return;
  beat->answers = TRUE;
  dms_failure_detector_beat (beat->detector, now);
  if (beat->lost)
    set_lost (beat, FALSE, dms_json_object_get_child (object, "Ensembles"));
  else if (question->lists)
    tell_all (question->self,
              question->host,
              DMS_HEARTBEATS_LISTED,
              dms_json_object_get_child (object, "Ensembles"));
}

static JsonObject *
make_entry (Beat *beat, Watch *watch, gint64 now_us)
{
  JsonObject *entry = json_object_new ();
  JsonArray *leased = json_array_new ();

  json_object_set_string_member (entry, "EnsembleID", watch->ensemble_id);
  /* Who was taken for lost is not trusted with a lease before its deployment has decided. */
  if (watch->lease_us > 0 && watch->leased != NULL && !beat->lost)
    {
      for (guint i = 0; watch->leased[i] != NULL; i++)
        json_array_add_string_element (leased, watch->leased[i]);
      json_object_set_int_member (entry, "LeaseMs", watch->lease_us / 1000);
      json_object_set_int_member (entry, "LeaseUntilUs", g_get_real_time () + watch->lease_us);
      /* An earlier one may have been longer, and this one may not arrive. */
      watch->lease_end_us = MAX (watch->lease_end_us, dms_heartbeats_compute_lease_end_us (watch->lease_us));
    }
  json_object_set_array_member (entry, "Leased", leased);
  return entry;
}

/* Leases first, which end without it; of what is left, all in turn. */
static JsonArray *
make_entries (Beat *beat, gboolean lists, gint64 now_us)
{
  JsonArray *entries = json_array_new ();
  guint n = beat->watches->len;
  guint begin = n > 0 ? beat->next % n : 0;

  for (guint i = 0; i < n && json_array_get_length (entries) < MAX_ENTRIES; i++)
    {
      Watch *watch = beat->watches->pdata[i];

      if (watch->lease_us > 0)
        json_array_add_object_element (entries, make_entry (beat, watch, now_us));
    }
  for (guint i = 0; lists && i < n && json_array_get_length (entries) < MAX_ENTRIES; i++)
    {
      Watch *watch = beat->watches->pdata[(begin + i) % n];

      if (watch->lease_us == 0)
        json_array_add_object_element (entries, make_entry (beat, watch, now_us));
      beat->next = (begin + i + 1) % n;
    }
  return entries;
}

static void
ask (Beat *beat)
{
  g_autoptr (JsonNode) payload = json_node_new (JSON_NODE_OBJECT);
  JsonObject *object = json_object_new ();
  Question *question = g_new0 (Question, 1);
  gint64 now = g_get_monotonic_time ();
  gboolean is_due = now - beat->listed_us >= (gint64) beat->interval_ms * PER_DETECTION * 1000;
  JsonArray *entries = make_entries (beat, beat->lost || is_due, now);

  question->lists = is_due;
  if (is_due)
    beat->listed_us = now;
  json_object_set_array_member (object, "Ensembles", entries);
  json_object_set_int_member (object, "IntervalMs", beat->interval_ms);
  json_node_take_object (payload, object);
  question->self = g_object_ref (beat->self);
  question->host = g_strdup (dms_handle_get_host (beat->machine));
  beat->asked_us = now;
  dms_actor_invoke_async (beat->self->root,
                          beat->machine,
                          HEARTBEAT_BEHAVIOUR,
                          payload,
                          dms_actor_expiry_in (ANSWER_SECONDS),
                          beat->self->cancellable,
                          on_answered,
                          question);
}

/* Twice an interval: a silence is noticed soon after it is one. */
static gboolean
on_tick (gpointer user_data)
{
  Beat *beat = user_data;
  gint64 now = g_get_monotonic_time ();
  guint wait_ms = beat->lost ? beat->away_ms : beat->interval_ms;
  DmsFailureDetector *detector = beat->answers ? beat->detector : beat->reports;

  if (now - beat->asked_us >= (gint64) wait_ms * 1000 - (gint64) beat->interval_ms * 100)
    {
      ask (beat);
      if (beat->lost)
        beat->away_ms = MIN (beat->away_ms * 3 / 2, MAX ((guint) MAX_AWAY_MS, beat->interval_ms));
    }
  if (!beat->lost && dms_failure_detector_judge (detector, now) == DMS_LIVENESS_LOST)
    set_lost (beat, TRUE, NULL);
  return G_SOURCE_CONTINUE;
}

/* As often as the most impatient wants. */
static void
adjust (Beat *beat)
{
  gint64 detect_us = (gint64) MAX_INTERVAL_MS * 1000 * PER_DETECTION;
  guint interval_ms;
  DmsFailureDetectorLimits limits;

  for (guint i = 0; i < beat->watches->len; i++)
    detect_us = MIN (detect_us, ((Watch *) beat->watches->pdata[i])->detect_us);
  interval_ms =
      (guint) CLAMP (detect_us / PER_DETECTION / 1000, (gint64) MIN_INTERVAL_MS, (gint64) MAX_INTERVAL_MS);
  if (interval_ms == beat->interval_ms)
    return;
  beat->interval_ms = interval_ms;
  beat->away_ms = interval_ms;
  limits = dms_failure_detector_limits_for ((gint64) interval_ms * 1000, detect_us);
  g_clear_object (&beat->detector);
  beat->detector = dms_failure_detector_new (&limits);
  if (beat->answers)
    dms_failure_detector_touch (beat->detector, g_get_monotonic_time ());
  g_clear_handle_id (&beat->timer, g_source_remove);
  beat->timer = g_timeout_add (interval_ms / 2, on_tick, beat);
}

static Beat *
ensure_beat (DmsHeartbeats *self, DmsHandle *machine)
{
  const char *host = dms_handle_get_host (machine);
  Beat *beat = g_hash_table_lookup (self->beats, host);
  gint64 interval = (gint64) REPORT_SECONDS * G_USEC_PER_SEC;
  DmsFailureDetectorLimits limits = dms_failure_detector_limits_for (interval, interval * REPORTS_MISSED);

  if (beat != NULL)
    return beat;
  beat = g_new0 (Beat, 1);
  beat->self = self;
  beat->machine = dms_handle_ref (machine);
  beat->watches = g_ptr_array_new ();
  beat->reports = dms_failure_detector_new (&limits);
  g_hash_table_insert (self->beats, g_strdup (host), beat);
  return beat;
}

guint
dms_heartbeats_watch (DmsHeartbeats *self,
                      DmsHandle *machine,
                      const DmsHeartbeatsWish *wish,
                      DmsHeartbeatsFunc func,
                      gpointer user_data)
{
  Beat *beat = ensure_beat (self, machine);
  Watch *watch = g_new0 (Watch, 1);

  watch->id = ++self->last_id;
  watch->beat = beat;
  watch->ensemble_id = g_strdup (wish->ensemble_id);
  watch->detect_us = wish->detect_us;
  watch->lease_us = wish->lease_us;
  watch->leased = wish->leased != NULL ? g_strdupv ((GStrv) wish->leased) : NULL;
  /* It was given one when it was started, just now at the latest. */
  watch->lease_end_us = dms_heartbeats_compute_lease_end_us (wish->lease_us);
  watch->func = func;
  watch->user_data = user_data;
  g_hash_table_insert (self->watches, GUINT_TO_POINTER (watch->id), watch);
  g_ptr_array_add (beat->watches, watch);
  beat->answers = beat->answers || wish->answered_before;
  adjust (beat);
  if (wish->answered_before && !beat->lost)
    dms_failure_detector_touch (beat->detector, g_get_monotonic_time ());
  ask (beat);
  return watch->id;
}

gboolean
dms_heartbeats_is_about (DmsHeartbeats *self, guint id, DmsHandle *machine)
{
  Watch *watch = g_hash_table_lookup (self->watches, GUINT_TO_POINTER (id));

  return watch != NULL &&
         g_str_equal (dms_handle_get_host (watch->beat->machine), dms_handle_get_host (machine));
}

void
dms_heartbeats_change (DmsHeartbeats *self, guint id, const DmsHeartbeatsWish *wish)
{
  Watch *watch = g_hash_table_lookup (self->watches, GUINT_TO_POINTER (id));

  if (watch == NULL)
    return;
  watch->lease_us = wish->lease_us;
  g_strfreev (watch->leased);
  watch->leased = wish->leased != NULL ? g_strdupv ((GStrv) wish->leased) : NULL;
  /* What is new was started just now at the latest. */
  watch->lease_end_us = MAX (watch->lease_end_us, dms_heartbeats_compute_lease_end_us (wish->lease_us));
  watch->detect_us = wish->detect_us;
  adjust (watch->beat);
}

void
dms_heartbeats_unwatch (DmsHeartbeats *self, guint id)
{
  Watch *watch = g_hash_table_lookup (self->watches, GUINT_TO_POINTER (id));
  Beat *beat;

  if (watch == NULL)
    return;
  beat = watch->beat;
  g_ptr_array_remove (beat->watches, watch);
  g_hash_table_remove (self->watches, GUINT_TO_POINTER (id));
  if (beat->watches->len == 0)
    g_hash_table_remove (self->beats, dms_handle_get_host (beat->machine));
  else
    adjust (beat);
}

void
dms_heartbeats_touch (DmsHeartbeats *self, DmsHandle *machine)
{
  Beat *beat = g_hash_table_lookup (self->beats, dms_handle_get_host (machine));
  gint64 now = g_get_monotonic_time ();

  if (beat == NULL)
    return;
  if (beat->answers)
    dms_failure_detector_touch (beat->detector, now);
  else
    dms_failure_detector_beat (beat->reports, now);
  if (beat->lost && !beat->answers)
    set_lost (beat, FALSE, NULL);
}

gboolean
dms_heartbeats_does_answer (DmsHeartbeats *self, guint id)
{
  Watch *watch = g_hash_table_lookup (self->watches, GUINT_TO_POINTER (id));

  return watch != NULL && watch->beat->answers;
}

gint64
dms_heartbeats_compute_lease_end_us (gint64 lease_us)
{
  return g_get_monotonic_time () + lease_us + (gint64) (ANSWER_SECONDS + SKEW_SECONDS) * G_USEC_PER_SEC;
}

gint64
dms_heartbeats_get_lease_end_us (DmsHeartbeats *self, guint id)
{
  Watch *watch = g_hash_table_lookup (self->watches, GUINT_TO_POINTER (id));

  return watch == NULL ? G_MAXINT64 : watch->lease_end_us;
}

void
dms_heartbeats_stop (DmsHeartbeats *self)
{
  g_cancellable_cancel (self->cancellable);
  g_hash_table_remove_all (self->watches);
  g_hash_table_remove_all (self->beats);
}
