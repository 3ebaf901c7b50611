/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "actor/dms-actor-registry.h"

#include <sched.h>

#include "actor/dms-actor-private.h"
#include "actor/dms-actor-registry-private.h"
#include "actor/dms-admission.h"
#include "actor/dms-raw-inbox.h"
#include "actor/dms-receiver.h"
#include "common/dms-segmented-cache.h"
#include "observability/dms-log.h"

#define MAX_WORKERS 16
/* Peers that were sent to: base 58 takes a while. */
#define MAX_PEERS 512
#define MAX_PEERS_SIZE (256 * 1024)
/* Broadcasts that were accepted and are about to be delivered. */
#define MAX_ACCEPTED 256
#define MAX_ACCEPTED_SIZE (64 * 1024)

struct _DmsActorRegistry
{
  GObject parent_instance;

  DmsTransport *transport;
  char *host;
  GHashTable *actors;
  GHashTable *raw;
  GHashTable *topics;
  /* DmsPeerId by its text. */
  DmsSegmentedCache *peers;
  gboolean topics_are_own;
  /* GBytes to DmsEnvelope: so that they are neither read nor checked twice. */
  GHashTable *accepted;
  gboolean stopped;
  DmsAdmission *admission;
  DmsReceiver *receiver;
};

G_DEFINE_FINAL_TYPE (DmsActorRegistry, dms_actor_registry, G_TYPE_OBJECT)

static void
dms_actor_registry_dispose (GObject *object)
{
  DmsActorRegistry *self = DMS_ACTOR_REGISTRY (object);

  dms_actor_registry_stop (self);
  g_clear_object (&self->transport);
  G_OBJECT_CLASS (dms_actor_registry_parent_class)->dispose (object);
}

static void
dms_actor_registry_finalize (GObject *object)
{
  DmsActorRegistry *self = DMS_ACTOR_REGISTRY (object);

  g_clear_pointer (&self->receiver, dms_receiver_free);
  g_clear_pointer (&self->host, g_free);
  g_clear_pointer (&self->actors, g_hash_table_unref);
  g_clear_pointer (&self->raw, g_hash_table_unref);
  g_clear_pointer (&self->topics, g_hash_table_unref);
  g_clear_pointer (&self->peers, dms_segmented_cache_free);
  g_clear_pointer (&self->accepted, g_hash_table_unref);
  g_clear_pointer (&self->admission, dms_admission_free);
  G_OBJECT_CLASS (dms_actor_registry_parent_class)->finalize (object);
}

static void
dms_actor_registry_class_init (DmsActorRegistryClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = dms_actor_registry_dispose;
  object_class->finalize = dms_actor_registry_finalize;
}

static void
dms_actor_registry_init (DmsActorRegistry *self)
{
  self->actors = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_object_unref);
  self->raw = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) dms_raw_inbox_unref);
  self->topics = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->peers = dms_segmented_cache_new (MAX_PEERS, MAX_PEERS_SIZE, (GDestroyNotify) dms_peer_id_unref);
  self->accepted = g_hash_table_new_full (g_bytes_hash, g_bytes_equal, (GDestroyNotify) g_bytes_unref,
                                          (GDestroyNotify) dms_envelope_unref);
  self->admission = dms_admission_new ();
}

/* Receiving */

void
dms_actor_registry_refuse (DmsActorRegistry *self,
                           DmsRefusal refusal,
                           const char *peer,
                           const char *inbox,
                           DmsEnvelope *envelope,
                           const GError *why)
{
  dms_admission_refuse (self->admission, refusal, dms_error_get_reason (why), peer, inbox, envelope,
                        why->message);
}

/* FALSE, and the error for a sender on this machine; others learn nothing. Takes it. */
static gboolean
refuse (DmsActorRegistry *self,
        DmsRefusal refusal,
        const char *peer,
        const char *inbox,
        DmsEnvelope *envelope,
        GError *why,
        GError **error)
{
  dms_actor_registry_refuse (self, refusal, peer, inbox, envelope, why);
  g_propagate_error (error, why);
  return FALSE;
}

/* The transport knows which peer it talks to; one that speaks for an actor elsewhere is not believed. */
static gboolean
is_from (DmsEnvelope *envelope, const char *peer)
{
  return peer == NULL || g_str_equal (dms_handle_get_host (dms_envelope_get_from (envelope)), peer);
}

static gboolean
deliver_to (DmsActorRegistry *self,
            DmsActor *actor,
            DmsEnvelope *envelope,
            const char *peer,
            gsize size,
            GError **error)
{
  const char *inbox = dms_actor_get_inbox (actor);
  GError *local = NULL;

  if (!is_from (envelope, peer))
    return refuse (self, DMS_REFUSAL_WRONG_HOST, peer, inbox, envelope,
                   g_error_new_literal (DMS_ERROR, DMS_ERROR_NOT_AUTHORIZED,
                                        "its sender is on another peer than the one that brought it"),
                   error);
  return dms_actor_deliver (actor, envelope, peer, size, &local)
         || refuse (self, DMS_REFUSAL_BUSY, peer, inbox, envelope, local, error);
}

static gboolean
deliver_raw (DmsActorRegistry *self,
             DmsRawInbox *raw,
             const char *peer,
             const char *inbox,
             GBytes *bytes,
             GError **error)
{
  return dms_raw_inbox_push (raw, bytes)
         || refuse (self, DMS_REFUSAL_BUSY, peer, inbox, NULL,
                    g_error_new (DMS_ERROR, DMS_ERROR_BUSY, "the inbox “%.512s” is full; try again later",
                                 inbox),
                    error);
}

static gboolean
refuse_unknown (DmsActorRegistry *self, const char *peer, const char *inbox, GError **error)
{
  return refuse (self, DMS_REFUSAL_NO_INBOX, peer, inbox, NULL,
                 g_error_new (DMS_ERROR, DMS_ERROR_NOT_FOUND, "there is no inbox “%.512s” on this node",
                              inbox),
                 error);
}

/* What nobody has looked at, from a peer or (NULL) from outside on this machine. */
static gboolean
receive (DmsActorRegistry *self, const char *peer, const char *inbox, GBytes *bytes, GError **error)
{
  DmsRawInbox *raw = g_hash_table_lookup (self->raw, inbox);
  GError *local = NULL;

  if (raw != NULL)
    return deliver_raw (self, raw, peer, inbox, bytes, error);
  if (!g_hash_table_contains (self->actors, inbox))
    return refuse_unknown (self, peer, inbox, error);
  return dms_receiver_push (self->receiver, peer, inbox, bytes, &local)
         || refuse (self, dms_refusal_of_error (local), peer, inbox, NULL, local, error);
}

/* The receiver */

/* Of all who listen to a broadcast. */
static GPtrArray *
dup_unchecked_of_all (DmsActorRegistry *self, DmsEnvelope *envelope)
{
  g_autoptr (GPtrArray) all = NULL;
  GHashTableIter iter;
  gpointer actor = NULL;

  g_hash_table_iter_init (&iter, self->actors);
  while (g_hash_table_iter_next (&iter, NULL, &actor))
    {
      GPtrArray *links =
        dms_actor_listens_to (actor, envelope) ? dms_actor_dup_unchecked (actor, envelope) : NULL;

      if (links != NULL && all != NULL)
        g_ptr_array_extend_and_steal (all, links);
      else if (links != NULL)
        all = links;
    }
  return g_steal_pointer (&all);
}

static GPtrArray *
dup_unchecked (const char *inbox, DmsEnvelope *envelope, gpointer user_data)
{
  DmsActorRegistry *self = user_data;
  DmsActor *actor = g_hash_table_lookup (self->actors, inbox);

  if (actor == NULL && dms_envelope_is_broadcast (envelope))
    return dup_unchecked_of_all (self, envelope);
  return actor != NULL ? dms_actor_dup_unchecked (actor, envelope) : NULL;
}

static void
note_checked (DmsActor *actor, DmsToken *link, gboolean is_good)
{
  dms_capability_context_note_checked (
      dms_security_context_get_capabilities (dms_actor_get_security (actor)), link, is_good);
}

static void
on_checked (const char *inbox, DmsToken *link, gboolean is_good, gpointer user_data)
{
  DmsActorRegistry *self = user_data;
  DmsActor *actor = g_hash_table_lookup (self->actors, inbox);
  GHashTableIter iter;

  if (actor != NULL)
    {
      note_checked (actor, link, is_good);
      return;
    }
  /* Of a broadcast: whoever asked. */
  g_hash_table_iter_init (&iter, self->actors);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *) &actor))
    note_checked (actor, link, is_good);
}

static void
on_arrived (const char *peer,
            const char *inbox,
            DmsEnvelope *envelope,
            gsize size,
            const GError *error,
            gpointer user_data)
{
  DmsActorRegistry *self = user_data;
  DmsActor *actor = g_hash_table_lookup (self->actors, inbox);

  if (envelope == NULL)
    dms_actor_registry_refuse (self, dms_refusal_of_error (error), peer, inbox, NULL, error);
  else if (actor == NULL)
    refuse_unknown (self, peer, inbox, NULL);
  else
    deliver_to (self, actor, envelope, peer, size, NULL);
}

/* What was signed here has been checked, and goes straight to the actor. */
static gboolean
deliver_own (DmsActorRegistry *self, DmsEnvelope *envelope, GError **error)
{
  const char *inbox = dms_handle_get_inbox (dms_envelope_get_to (envelope));
  DmsActor *actor = g_hash_table_lookup (self->actors, inbox);

  if (actor == NULL)
    return refuse_unknown (self, NULL, inbox, error);
  return deliver_to (self, actor, envelope, NULL, dms_envelope_get_size_bound (envelope), error);
}

/* NULL for this machine. A peer that the transport does not know speaks for nobody. */
static const char *
text_of_peer (DmsActorRegistry *self, DmsPeerId *peer)
{
  const char *text = peer != NULL ? dms_peer_id_get_text (peer) : "unknown";

  return g_str_equal (text, self->host) ? NULL : text;
}

static gboolean
on_inbox_message (DmsTransport *transport,
                  const char *inbox,
                  DmsPeerId *from,
                  GBytes *bytes,
                  gpointer user_data)
{
  g_autoptr (DmsActorRegistry) self = g_object_ref (DMS_ACTOR_REGISTRY (user_data));
  const char *peer = text_of_peer (self, from);
  g_autoptr (GError) error = NULL;

  /* Why it was refused is in the log; the sender learns only that there is no room for it. */
  return dms_admission_listens_to (self->admission, peer, inbox)
         && (receive (self, peer, inbox, bytes, &error)
             || !g_error_matches (error, DMS_ERROR, DMS_ERROR_BUSY));
}

/* Topics */

/* Signatures are computed by the workers, in order for each publisher. */
static DmsValidation
on_validate (DmsTransport *transport,
             const char *topic,
             DmsPeerId *from,
             GBytes *bytes,
             guint64 ticket,
             gpointer user_data)
{
  DmsActorRegistry *self = user_data;
  const char *peer = text_of_peer (self, from);
  g_autoptr (GError) error = NULL;

  if (!dms_admission_listens_to (self->admission, peer, topic))
    return DMS_VALIDATION_IGNORE;
  if (dms_receiver_push_broadcast (self->receiver, peer, topic, bytes, ticket, &error))
    return DMS_VALIDATION_LATER;
  dms_actor_registry_refuse (self, dms_refusal_of_error (error), peer, topic, NULL, error);
  return DMS_VALIDATION_IGNORE;
}

static void
on_judged (const char *peer,
           const char *topic,
           GBytes *bytes,
           DmsEnvelope *envelope,
           const GError *error,
           guint64 ticket,
           gpointer user_data)
{
  DmsActorRegistry *self = user_data;
  DmsValidation verdict =
    dms_admission_judge (self->admission, topic, peer, envelope, g_bytes_get_size (bytes), error);

  if (verdict == DMS_VALIDATION_ACCEPT && g_bytes_get_size (bytes) <= MAX_ACCEPTED_SIZE
      && g_hash_table_contains (self->topics, topic))
    {
      if (g_hash_table_size (self->accepted) >= MAX_ACCEPTED)
        g_hash_table_remove_all (self->accepted);
      g_hash_table_replace (self->accepted, g_bytes_ref (bytes), dms_envelope_ref (envelope));
    }
  dms_transport_finish_validation (self->transport, ticket, verdict);
}

/* The one that was judged, or read anew when it is not remembered. */
static DmsEnvelope *
take_accepted (DmsActorRegistry *self, GBytes *bytes)
{
  gpointer key = NULL;
  gpointer envelope = NULL;

  if (!g_hash_table_steal_extended (self->accepted, bytes, &key, &envelope))
    return dms_envelope_new_from_bytes (bytes, NULL);
  g_bytes_unref (key);
  return envelope;
}

/* What the validator accepted. */
static void
on_topic_message (DmsTransport *transport,
                  const char *topic,
                  DmsPeerId *from,
                  GBytes *bytes,
                  gpointer user_data)
{
  g_autoptr (DmsActorRegistry) self = g_object_ref (DMS_ACTOR_REGISTRY (user_data));
  g_autoptr (DmsEnvelope) envelope = take_accepted (self, bytes);
  g_autoptr (GList) actors = NULL;

  if (envelope == NULL || !dms_envelope_is_broadcast (envelope)
      || !g_str_equal (dms_envelope_get_topic (envelope), topic))
    return;
  actors = g_hash_table_get_values (self->actors);
  for (GList *l = actors; l != NULL; l = l->next)
    {
      if (dms_actor_listens_to (l->data, envelope))
        deliver_to (self, l->data, envelope, text_of_peer (self, from), g_bytes_get_size (bytes), NULL);
    }
}

/* A transport without publish/subscribe: what this node publishes reaches itself alone. Said once. */
static void
note_unheard (DmsActorRegistry *self, const char *topic, const GError *error)
{
  if (!g_error_matches (error, DMS_ERROR, DMS_ERROR_NOT_SUPPORTED))
    dms_log_event (G_LOG_LEVEL_WARNING, "A topic cannot be listened to", "topic", topic, "error",
                   error->message, NULL);
  else if (!self->topics_are_own)
    dms_log_event (G_LOG_LEVEL_INFO, "Broadcasts reach this node alone: the transport has no topics",
                   "transport", dms_transport_get_id (self->transport), NULL);
  self->topics_are_own = TRUE;
}

void
dms_actor_registry_listen (DmsActorRegistry *self, const char *topic)
{
  guint n = GPOINTER_TO_UINT (g_hash_table_lookup (self->topics, topic));
  g_autoptr (GError) error = NULL;

  g_hash_table_replace (self->topics, g_strdup (topic), GUINT_TO_POINTER (n + 1));
  if (n > 0)
    return;
  dms_transport_set_topic_validator (self->transport, topic, on_validate, self, NULL);
  if (!dms_transport_subscribe (self->transport, topic, on_topic_message, self, NULL, &error))
    note_unheard (self, topic, error);
}

void
dms_actor_registry_unlisten (DmsActorRegistry *self, const char *topic)
{
  guint n = GPOINTER_TO_UINT (g_hash_table_lookup (self->topics, topic));

  if (n > 1)
    g_hash_table_replace (self->topics, g_strdup (topic), GUINT_TO_POINTER (n - 1));
  else if (g_hash_table_remove (self->topics, topic))
    {
      dms_transport_unsubscribe (self->transport, topic);
      dms_transport_set_topic_validator (self->transport, topic, NULL, NULL, NULL);
    }
}

/* The node */

/* The loop is a thread as well: one more for each core would only take turns with it. */
static guint
count_workers (void)
{
  cpu_set_t cores;
  guint n = sched_getaffinity (0, sizeof cores, &cores) == 0 ? (guint) CPU_COUNT (&cores)
                                                             : g_get_num_processors ();

  return MIN (n - 1, MAX_WORKERS);
}

DmsActorRegistry *
dms_actor_registry_new (DmsTransport *transport)
{
  static const DmsReceiverFuncs funcs = { dup_unchecked, on_checked, on_arrived, on_judged };
  DmsActorRegistry *self = g_object_new (DMS_TYPE_ACTOR_REGISTRY, NULL);
  g_autoptr (DmsPeerId) peer = dms_transport_dup_peer_id (transport);

  self->transport = g_object_ref (transport);
  self->host = g_strdup (peer != NULL ? dms_peer_id_get_text (peer) : "");
  self->receiver = dms_receiver_new (count_workers (), &funcs, self);
  dms_transport_set_inbox_handler (transport, on_inbox_message, self, NULL);
  return self;
}

static gpointer
any_value (GHashTable *table)
{
  GHashTableIter iter;
  gpointer value = NULL;

  g_hash_table_iter_init (&iter, table);
  return g_hash_table_iter_next (&iter, NULL, &value) ? value : NULL;
}

void
dms_actor_registry_stop (DmsActorRegistry *self)
{
  if (self->stopped || self->transport == NULL)
    return;
  self->stopped = TRUE;
  dms_transport_set_inbox_handler (self->transport, NULL, NULL, NULL);
  dms_receiver_stop (self->receiver);
  /* Each one leaves when it stops, and may take others along. */
  for (gpointer actor = any_value (self->actors); actor != NULL; actor = any_value (self->actors))
    {
      g_autoptr (DmsActor) kept = g_object_ref (actor);

      dms_actor_stop (kept);
    }
  g_hash_table_remove_all (self->raw);
}

DmsTransport *
dms_actor_registry_get_transport (DmsActorRegistry *self)
{
  return self->transport;
}

const char *
dms_actor_registry_get_host (DmsActorRegistry *self)
{
  return self->host;
}

DmsActor *
dms_actor_registry_lookup (DmsActorRegistry *self, const char *inbox)
{
  return g_hash_table_lookup (self->actors, inbox);
}

/* (nullable) */
static DmsActor *
lookup_handle (DmsActorRegistry *self, DmsHandle *handle)
{
  const char *host = dms_handle_get_host (handle);
  const char *inbox = dms_handle_get_inbox (handle);
  DmsActor *actor = NULL;

  if ((*host == '\0' || g_str_equal (host, self->host)) && !g_hash_table_contains (self->raw, inbox))
    actor = g_hash_table_lookup (self->actors, inbox);
  return actor != NULL
             && g_str_equal (dms_handle_get_id (dms_actor_get_handle (actor)), dms_handle_get_id (handle))
           ? actor
           : NULL;
}

gboolean
dms_actor_registry_is_own (DmsActorRegistry *self, DmsSecurityContext *sender, DmsHandle *to, GBytes *payload)
{
  DmsActor *receiver = to != NULL ? lookup_handle (self, to) : NULL;

  /* What is so large that it would not be sent is not handed over either. */
  return receiver != NULL && dms_security_context_is_own (sender, dms_actor_get_security (receiver))
         && (payload == NULL || g_bytes_get_size (payload) < DMS_ENVELOPE_MAX_SIZE / 2);
}

guint64
dms_actor_registry_get_refusals (DmsActorRegistry *self, DmsRefusal refusal)
{
  return dms_refusals_get_count (dms_admission_get_refusals (self->admission), refusal);
}

DmsAdmission *
dms_actor_registry_get_admission (DmsActorRegistry *self)
{
  return self->admission;
}

void
dms_actor_registry_set_limits (DmsActorRegistry *self, const DmsLimits *limits)
{
  dms_admission_set_limits (self->admission, limits);
}

void
dms_actor_registry_set_replay_guard (DmsActorRegistry *self, DmsReplayGuard *guard)
{
  dms_admission_set_replay_guard (self->admission, guard);
}

DmsRefusals *
dms_actor_registry_get_refusal_log (DmsActorRegistry *self)
{
  return dms_admission_get_refusals (self->admission);
}

static gboolean
check_free (DmsActorRegistry *self, const char *inbox, GError **error)
{
  if (self->stopped)
    {
      g_set_error (error, DMS_ERROR, DMS_ERROR_WRONG_STATE,
                   "cannot open the inbox “%s”: the node is stopping", inbox);
      return FALSE;
    }
  if (g_hash_table_contains (self->actors, inbox) || g_hash_table_contains (self->raw, inbox))
    {
      g_set_error (error, DMS_ERROR, DMS_ERROR_ALREADY_EXISTS, "the inbox “%s” is in use; choose another",
                   inbox);
      return FALSE;
    }
  return TRUE;
}

gboolean
dms_actor_registry_attach (DmsActorRegistry *self, DmsActor *actor, GError **error)
{
  const char *inbox = dms_actor_get_inbox (actor);

  if (!check_free (self, inbox, error))
    return FALSE;
  g_hash_table_insert (self->actors, g_strdup (inbox), g_object_ref (actor));
  return TRUE;
}

void
dms_actor_registry_detach (DmsActorRegistry *self, DmsActor *actor)
{
  const char *inbox = dms_actor_get_inbox (actor);

  if (g_hash_table_lookup (self->actors, inbox) == actor)
    g_hash_table_remove (self->actors, inbox);
}

gboolean
dms_actor_registry_add_raw (DmsActorRegistry *self,
                            const char *inbox,
                            DmsRawHandlerFunc func,
                            gpointer user_data,
                            GDestroyNotify destroy,
                            GError **error)
{
  g_autoptr (DmsRawInbox) raw = dms_raw_inbox_new (self, inbox, func, user_data, destroy);

  if (*inbox == '\0')
    {
      g_set_error_literal (error, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT,
                           "the sender of the message has no inbox for an answer");
      return FALSE;
    }
  if (!check_free (self, inbox, error))
    return FALSE;
  g_hash_table_insert (self->raw, g_strdup (inbox), g_steal_pointer (&raw));
  return TRUE;
}

void
dms_actor_registry_remove_raw (DmsActorRegistry *self, const char *inbox)
{
  g_hash_table_remove (self->raw, inbox);
}

/* Sending */

static void
on_transport_sent (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  g_autoptr (GError) error = NULL;

  if (dms_transport_send_message_finish (DMS_TRANSPORT (source), result, &error))
    {
      g_task_return_boolean (task, TRUE);
      return;
    }
  g_prefix_error (&error, "failed to send message to %s: ", (const char *) g_task_get_task_data (task));
  g_task_return_error (task, g_steal_pointer (&error));
}

static GBytes *
write_envelope (DmsEnvelope *envelope, GError **error)
{
  g_autoptr (GBytes) bytes = dms_envelope_to_bytes (envelope);

  if (g_bytes_get_size (bytes) <= DMS_ENVELOPE_MAX_SIZE)
    return g_steal_pointer (&bytes);
  g_set_error (error, DMS_ERROR, DMS_ERROR_TOO_LARGE,
               "cannot send “%s”: the message has %" G_GSIZE_FORMAT " bytes, %d are allowed",
               dms_envelope_get_behaviour (envelope), g_bytes_get_size (bytes), DMS_ENVELOPE_MAX_SIZE);
  return NULL;
}

/* (transfer full) */
static DmsPeerId *
find_peer (DmsActorRegistry *self, const char *host, GError **error)
{
  gsize size = strlen (host);
  DmsPeerId *peer;
  gpointer found;

  if (dms_segmented_cache_use (self->peers, host, size, &found))
    return dms_peer_id_ref (found);
  peer = dms_peer_id_new (host, error);
  if (peer != NULL)
    dms_segmented_cache_insert (self->peers, host, size, dms_peer_id_ref (peer), size);
  return peer;
}

static gboolean
send_here (DmsActorRegistry *self, DmsEnvelope *envelope, GError **error)
{
  const char *inbox = dms_handle_get_inbox (dms_envelope_get_to (envelope));
  g_autoptr (GBytes) bytes = NULL;

  if ((dms_envelope_get_authority (envelope) != NULL || dms_envelope_is_verified (envelope))
      && !g_hash_table_contains (self->raw, inbox)
      && dms_envelope_get_size_bound (envelope) <= DMS_ENVELOPE_MAX_SIZE)
    return deliver_own (self, envelope, error);
  bytes = write_envelope (envelope, error);
  return bytes != NULL && receive (self, NULL, inbox, bytes, error);
}

void
dms_actor_registry_send_async (DmsActorRegistry *self,
                               DmsEnvelope *envelope,
                               GCancellable *cancellable,
                               GAsyncReadyCallback callback,
                               gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);
  g_autoptr (GBytes) bytes = NULL;
  DmsHandle *to = dms_envelope_get_to (envelope);
  const char *host = dms_handle_get_host (to);
  g_autoptr (DmsPeerId) peer = NULL;
  GError *error = NULL;

  g_task_set_source_tag (task, dms_actor_registry_send_async);
  g_task_set_task_data (task, g_strdup (dms_handle_get_id (to)), g_free);
  if (*host == '\0' || g_str_equal (host, self->host))
    {
      if (send_here (self, envelope, &error))
        g_task_return_boolean (task, TRUE);
      else
        {
          g_prefix_error (&error, "failed to send message to %s: ", dms_handle_get_id (to));
          g_task_return_error (task, error);
        }
      return;
    }
  bytes = write_envelope (envelope, &error);
  if (bytes == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  peer = find_peer (self, host, &error);
  if (peer == NULL)
    {
      g_prefix_error (&error, "failed to send message to %s: ", dms_handle_get_id (to));
      g_task_return_error (task, error);
      return;
    }
  dms_transport_send_message_async (self->transport, peer, dms_handle_get_inbox (to), bytes, cancellable,
                                    on_transport_sent, g_steal_pointer (&task));
}

gboolean
dms_actor_registry_send_finish (DmsActorRegistry *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/* Where no transport does it, what is published comes back as it would from one. */
static gboolean
publish_here (DmsActorRegistry *self, DmsEnvelope *envelope, GError **error)
{
  const char *topic = dms_envelope_get_topic (envelope);
  g_autoptr (GBytes) bytes = dms_envelope_to_bytes (envelope);
  g_autoptr (DmsPeerId) own = dms_transport_dup_peer_id (self->transport);

  if (!g_hash_table_contains (self->topics, topic))
    return TRUE;
  if (dms_admission_validate (self->admission, topic, NULL, bytes) != DMS_VALIDATION_ACCEPT)
    {
      g_set_error (error, DMS_ERROR, DMS_ERROR_INVALID_DATA,
                   "the message is not one that may be published on “%s”", topic);
      return FALSE;
    }
  on_topic_message (self->transport, topic, own, bytes, self);
  return TRUE;
}

static void
on_transport_published (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  DmsActorRegistry *self = g_task_get_source_object (task);
  GError *error = NULL;

  if (!dms_transport_publish_finish (DMS_TRANSPORT (source), result, &error)
      && g_error_matches (error, DMS_ERROR, DMS_ERROR_NOT_SUPPORTED))
    {
      g_clear_error (&error);
      publish_here (self, g_task_get_task_data (task), &error);
    }
  if (error == NULL)
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

/* What is over is not even handed to the transport. */
static gboolean
check_not_expired (DmsActorRegistry *self, DmsEnvelope *envelope, GError **error)
{
  const char *topic = dms_envelope_get_topic (envelope);

  if (dms_envelope_get_expiry_ns (envelope) >= (guint64) g_get_real_time () * 1000)
    return TRUE;
  return refuse (self, DMS_REFUSAL_EXPIRED, NULL, topic, envelope,
                 g_error_new (DMS_ERROR, DMS_ERROR_INVALID_DATA,
                              "the message expired before it was published on “%s”", topic),
                 error);
}

void
dms_actor_registry_publish_async (DmsActorRegistry *self,
                                  DmsEnvelope *envelope,
                                  GCancellable *cancellable,
                                  GAsyncReadyCallback callback,
                                  gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);
  g_autoptr (GBytes) bytes = dms_envelope_to_bytes (envelope);
  GError *error = NULL;

  g_task_set_source_tag (task, dms_actor_registry_publish_async);
  g_task_set_task_data (task, dms_envelope_ref (envelope), (GDestroyNotify) dms_envelope_unref);
  if (!check_not_expired (self, envelope, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  dms_transport_publish_async (self->transport, dms_envelope_get_topic (envelope), bytes, cancellable,
                               on_transport_published, g_steal_pointer (&task));
}

gboolean
dms_actor_registry_publish_finish (DmsActorRegistry *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}
