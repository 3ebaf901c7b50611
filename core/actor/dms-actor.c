/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "actor/dms-actor.h"

#include <sodium.h>

#include "actor/dms-actor-private.h"
#include "actor/dms-actor-registry-private.h"
#include "actor/dms-behaviour.h"
#include "actor/dms-invocation.h"
#include "actor/dms-mailbox.h"
#include "actor/dms-message-private.h"
#include "actor/dms-namespace.h"
#include "common/dms-json-object.h"
#include "observability/dms-log.h"

#define MAX_WAITING_MESSAGES 1024
#define MAX_WAITING_BYTES (16 * 1024 * 1024)
/* How many messages are handled before other work of the loop gets its turn. */
#define MESSAGES_PER_TURN 16
#define MAX_INBOX_LENGTH 512

struct _DmsActor
{
  GObject parent_instance;

  DmsActorRegistry *registry;
  DmsSecurityContext *security;
  char *inbox;
  DmsHandle *handle;
  DmsActor *parent;
  GPtrArray *children;
  DmsActorEndedFunc on_ended; /* (nullable) */
  gpointer on_ended_data;

  gboolean running;
  GMainContext *context;
  GSource *dispatch;
  DmsMailbox *mailbox;
  GHashTable *behaviours;
  GHashTable *broadcasts;
  GHashTable *invocations;
  GHashTable *namespaces;
  char *denied_path;
  DmsBehaviourFunc denied_func;
  gpointer denied_data;
  guint64 next_invocation;
  guint8 reply_secret[crypto_shorthash_KEYBYTES];
};

G_DEFINE_FINAL_TYPE (DmsActor, dms_actor, G_TYPE_OBJECT)

static guint64
now_ns (void)
{
  return (guint64) g_get_real_time () * 1000;
}

guint64
dms_actor_expiry_in (double seconds)
{
  return now_ns () + (guint64) (MAX (seconds, 0) * 1e9);
}

static guint64
default_expiry (guint64 expiry_ns)
{
  return expiry_ns != 0 ? expiry_ns : dms_actor_expiry_in (DMS_ACTOR_DEFAULT_EXPIRY_SECONDS);
}

static void
stop_dispatch (DmsActor *self)
{
  if (self->dispatch != NULL)
    g_source_destroy (self->dispatch);
  g_clear_pointer (&self->dispatch, g_source_unref);
}

static void withdraw_all (DmsActor *self);

static void
dms_actor_dispose (GObject *object)
{
  DmsActor *self = DMS_ACTOR (object);

  dms_actor_stop (self);
  withdraw_all (self);
  if (self->parent != NULL)
    g_ptr_array_remove_fast (self->parent->children, self);
  g_clear_object (&self->parent);
  g_clear_object (&self->registry);
  G_OBJECT_CLASS (dms_actor_parent_class)->dispose (object);
}

static void
dms_actor_finalize (GObject *object)
{
  DmsActor *self = DMS_ACTOR (object);

  g_clear_object (&self->security);
  g_clear_pointer (&self->inbox, g_free);
  g_clear_pointer (&self->handle, dms_handle_unref);
  g_clear_pointer (&self->children, g_ptr_array_unref);
  g_clear_pointer (&self->context, g_main_context_unref);
  g_clear_pointer (&self->mailbox, dms_mailbox_free);
  g_clear_pointer (&self->behaviours, g_hash_table_unref);
  g_clear_pointer (&self->broadcasts, g_hash_table_unref);
  g_clear_pointer (&self->denied_path, g_free);
  g_clear_pointer (&self->invocations, g_hash_table_unref);
  g_clear_pointer (&self->namespaces, g_hash_table_unref);
  G_OBJECT_CLASS (dms_actor_parent_class)->finalize (object);
}

static void
on_displaced (DmsEnvelope *envelope, const char *peer, gpointer user_data)
{
  DmsActor *self = user_data;
  g_autoptr (GError) why =
      g_error_new_literal (DMS_ERROR, DMS_ERROR_BUSY, "the mailbox is full, and others have less in it");

  dms_actor_registry_refuse (self->registry, DMS_REFUSAL_BUSY, peer, self->inbox, envelope, why);
}

static void
dms_actor_class_init (DmsActorClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = dms_actor_dispose;
  object_class->finalize = dms_actor_finalize;
}

static void
dms_actor_init (DmsActor *self)
{
  GDestroyNotify behaviour_unref = (GDestroyNotify) dms_behaviour_unref;
  GDestroyNotify invocation_unref = (GDestroyNotify) dms_invocation_unref;

  crypto_shorthash_keygen (self->reply_secret);
  self->children = g_ptr_array_new ();
  self->context = g_main_context_ref_thread_default ();
  self->mailbox = dms_mailbox_new (MAX_WAITING_MESSAGES, MAX_WAITING_BYTES, on_displaced, self);
  self->behaviours = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, behaviour_unref);
  self->broadcasts = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, behaviour_unref);
  self->invocations = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, invocation_unref);
  self->namespaces =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) dms_namespace_free);
}

DmsActor *
dms_actor_new (DmsActorRegistry *registry, const char *inbox, DmsSecurityContext *security)
{
  DmsActor *self = g_object_new (DMS_TYPE_ACTOR, NULL);

  self->registry = g_object_ref (registry);
  self->inbox = g_strdup (inbox);
  self->security = g_object_ref (security);
  self->handle =
      dms_handle_new (dms_security_context_get_actor_id (security), dms_security_context_get_did (security),
                      dms_actor_registry_get_host (registry), inbox);
  dms_capability_context_keep_issued (dms_security_context_get_capabilities (security));
  return self;
}

DmsActor *
dms_actor_new_child (DmsActor *self, const char *inbox, DmsKey *key, DmsCapabilityContext *capabilities)
{
  g_autoptr (DmsSecurityContext) security = NULL;
  DmsActor *child;

  if (capabilities == NULL)
    capabilities = dms_security_context_get_capabilities (self->security);
  security = dms_security_context_new (key, capabilities);
  child = dms_actor_new (self->registry, inbox, security);
  child->parent = g_object_ref (self);
  g_ptr_array_add (self->children, child);
  return child;
}

static gboolean
inbox_is_valid (const char *inbox)
{
  gsize length = strlen (inbox);

  if (length == 0 || length > MAX_INBOX_LENGTH)
    return FALSE;
  for (gsize i = 0; i < length; i++)
    {
      if (!g_ascii_isgraph (inbox[i]) || inbox[i] == '/')
        return FALSE;
    }
  return TRUE;
}

static void
listen_to_all (DmsActor *self, gboolean listen)
{
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, self->broadcasts);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      const char *topic = dms_behaviour_get_topic (value);

      if (listen)
        dms_actor_registry_listen (self->registry, topic);
      else
        dms_actor_registry_unlisten (self->registry, topic);
    }
}

gboolean
dms_actor_start (DmsActor *self, GError **error)
{
  if (self->running)
    return TRUE;
  if (!inbox_is_valid (self->inbox))
    {
      g_set_error (error, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT,
                   "“%s” cannot name an inbox: 1 to %d printable ASCII characters other than “/” are needed",
                   self->inbox, MAX_INBOX_LENGTH);
      return FALSE;
    }
  if (!dms_actor_registry_attach (self->registry, self, error))
    return FALSE;
  self->running = TRUE;
  listen_to_all (self, TRUE);
  return TRUE;
}

static gpointer
any_key_or_value (GHashTable *table, gboolean want_key)
{
  GHashTableIter iter;
  gpointer key = NULL;
  gpointer value = NULL;

  g_hash_table_iter_init (&iter, table);
  if (!g_hash_table_iter_next (&iter, &key, &value))
    return NULL;
  return want_key ? key : value;
}

static void
withdraw_all (DmsActor *self)
{
  const char *owner;

  for (owner = any_key_or_value (self->namespaces, TRUE); owner != NULL;
       owner = any_key_or_value (self->namespaces, TRUE))
    {
      g_autofree char *kept = g_strdup (owner);

      dms_actor_withdraw (self, kept);
    }
}

void
dms_actor_observe (DmsActor *self, DmsActorEndedFunc func, gpointer user_data)
{
  self->on_ended = func;
  self->on_ended_data = user_data;
}

/* error: (nullable) */
static void
tell_observer (DmsActor *self, const GError *error)
{
  DmsActor *above = self->parent;

  while (above != NULL && above->on_ended == NULL && error != NULL)
    above = above->parent;
  /* Who is being stopped stops all that is below it, and need not be told. */
  if (above != NULL && above->on_ended != NULL && above->running)
    above->on_ended (above, self, error, above->on_ended_data);
}

static void
end (DmsActor *self, const GError *error)
{
  g_autoptr (DmsActor) kept = NULL;
  DmsInvocation *invocation;

  if (!self->running)
    return;
  kept = g_object_ref (self);
  self->running = FALSE;
  stop_dispatch (self);
  dms_mailbox_clear (self->mailbox);
  for (guint i = self->children->len; i > 0; i--)
    {
      if (i <= self->children->len)
        dms_actor_stop (g_ptr_array_index (self->children, i - 1));
    }
  listen_to_all (self, FALSE);
  dms_actor_registry_detach (self->registry, self);
  withdraw_all (self);

  /* Each one leaves the table when it ends. */
  for (invocation = any_key_or_value (self->invocations, FALSE); invocation != NULL;
       invocation = any_key_or_value (self->invocations, FALSE))
    dms_invocation_fail (
        invocation, g_error_new (DMS_ERROR, DMS_ERROR_CANCELLED, "the actor “%s” was stopped", self->inbox));
  /* Handlers often hold their owner, which holds this actor. */
  g_hash_table_remove_all (self->behaviours);
  g_hash_table_remove_all (self->broadcasts);
  dms_actor_set_denied_handler (self, NULL, NULL, NULL);
  tell_observer (self, error);
}

void
dms_actor_stop (DmsActor *self)
{
  end (self, NULL);
}

void
dms_actor_fail (DmsActor *self, const GError *error)
{
  end (self, error);
}

gboolean
dms_actor_is_running (DmsActor *self)
{
  return self->running;
}

DmsHandle *
dms_actor_get_handle (DmsActor *self)
{
  return self->handle;
}

const char *
dms_actor_get_inbox (DmsActor *self)
{
  return self->inbox;
}

DmsActorRegistry *
dms_actor_get_registry (DmsActor *self)
{
  return self->registry;
}

DmsSecurityContext *
dms_actor_get_security (DmsActor *self)
{
  return self->security;
}

DmsActor *
dms_actor_get_parent (DmsActor *self)
{
  return self->parent;
}

/* Behaviours */

static gboolean
is_expired (gpointer path, gpointer behaviour, gpointer user_data)
{
  return dms_behaviour_is_expired (behaviour, *(guint64 *) user_data);
}

static gboolean
remove_broadcast (DmsActor *self, const char *path)
{
  DmsBehaviour *behaviour = g_hash_table_lookup (self->broadcasts, path);

  if (behaviour == NULL)
    return FALSE;
  if (self->running)
    dms_actor_registry_unlisten (self->registry, dms_behaviour_get_topic (behaviour));
  return g_hash_table_remove (self->broadcasts, path);
}

void
dms_actor_add_behaviour_full (DmsActor *self,
                              const char *path,
                              DmsBehaviourFlags flags,
                              const char *capability,
                              const char *topic,
                              guint64 expiry_ns,
                              DmsBehaviourFunc func,
                              gpointer user_data,
                              GDestroyNotify destroy)
{
  DmsBehaviour *behaviour;
  guint64 now = now_ns ();

  g_return_if_fail ((flags & DMS_BEHAVIOUR_BROADCAST) == 0 || topic != NULL);

  behaviour = dms_behaviour_new (path, flags, capability, topic, expiry_ns, func, user_data, destroy);
  if (expiry_ns != 0)
    g_hash_table_foreach_remove (self->behaviours, is_expired, &now);
  if ((flags & DMS_BEHAVIOUR_BROADCAST) == 0)
    {
      g_hash_table_replace (self->behaviours, g_strdup (path), behaviour);
      return;
    }
  remove_broadcast (self, path);
  g_hash_table_replace (self->broadcasts, g_strdup (path), behaviour);
  if (self->running)
    dms_actor_registry_listen (self->registry, topic);
}

void
dms_actor_add_behaviour (DmsActor *self,
                         const char *path,
                         DmsBehaviourFlags flags,
                         DmsBehaviourFunc func,
                         gpointer user_data,
                         GDestroyNotify destroy)
{
  dms_actor_add_behaviour_full (self, path, flags, NULL, NULL, 0, func, user_data, destroy);
}

void
dms_actor_add_broadcast (DmsActor *self,
                         const char *path,
                         const char *topic,
                         DmsBehaviourFunc func,
                         gpointer user_data,
                         GDestroyNotify destroy)
{
  dms_actor_add_behaviour_full (self, path, DMS_BEHAVIOUR_BROADCAST, NULL, topic, 0, func, user_data,
                                destroy);
}

void
dms_actor_set_denied_handler (DmsActor *self, const char *path, DmsBehaviourFunc func, gpointer user_data)
{
  g_free (self->denied_path);
  self->denied_path = g_strdup (path);
  self->denied_func = func;
  self->denied_data = user_data;
}

gboolean
dms_actor_remove_behaviour (DmsActor *self, const char *path)
{
  g_autofree char *kept = g_strdup (path);
  gboolean direct = g_hash_table_remove (self->behaviours, kept);

  return remove_broadcast (self, kept) || direct;
}

gboolean
dms_actor_has_behaviour (DmsActor *self, const char *path)
{
  return g_hash_table_contains (self->behaviours, path) || g_hash_table_contains (self->broadcasts, path);
}

GStrv
dms_actor_dup_behaviours (DmsActor *self)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  GHashTableIter iter;
  gpointer path;

  g_hash_table_iter_init (&iter, self->behaviours);
  while (g_hash_table_iter_next (&iter, &path, NULL))
    g_strv_builder_add (builder, path);
  g_hash_table_iter_init (&iter, self->broadcasts);
  while (g_hash_table_iter_next (&iter, &path, NULL))
    if (!g_hash_table_contains (self->behaviours, path))
      g_strv_builder_add (builder, path);
  return g_strv_builder_end (builder);
}

/* Receiving */

static gboolean
is_for_us (DmsActor *self, DmsEnvelope *envelope)
{
  DmsHandle *to = dms_envelope_get_to (envelope);
  const char *host = dms_handle_get_host (to);

  if (dms_envelope_is_broadcast (envelope))
    return TRUE;
  return g_str_equal (dms_handle_get_id (to), dms_handle_get_id (self->handle))
         && g_str_equal (dms_handle_get_inbox (to), self->inbox)
         && (*host == '\0' || g_str_equal (host, dms_handle_get_host (self->handle)));
}

/* Who answers for the room that a message takes. For an open behaviour anybody can make up as many senders as
 * he likes, but not as many peers. */
static const char *
owner_of (DmsActor *self, DmsMessage *message, DmsBehaviour *behaviour, const char *peer)
{
  DmsDid *sender = dms_message_get_sender_did (message);

  if ((dms_behaviour_get_flags (behaviour) & DMS_BEHAVIOUR_OPEN) == 0
      || dms_did_equal (sender, dms_security_context_get_did (self->security)))
    return dms_did_get_uri (sender);
  return peer != NULL ? peer : "local";
}

/* Our own are not limited, and neither is an answer that we asked for. */
static gboolean
is_limited (DmsActor *self, const char *owner, DmsBehaviour *behaviour)
{
  return (dms_behaviour_get_flags (behaviour) & DMS_BEHAVIOUR_ONCE) == 0
         && !g_str_equal (owner, dms_did_get_uri (dms_security_context_get_did (self->security)));
}

/* Everything that stands between a message and its handler; the cheap checks first. NULL: refused. */
static DmsMessage *
admit (DmsActor *self,
       DmsEnvelope *envelope,
       DmsBehaviour *behaviour,
       const char *peer,
       DmsRefusal *refusal,
       GError **error)
{
  DmsAdmission *admission = dms_actor_registry_get_admission (self->registry);
  g_autoptr (DmsMessage) message = NULL;
  DmsPermit *permit;
  const char *owner;
  guint64 interaction;

  if (dms_admission_has_seen (admission, self->inbox, envelope))
    {
      *refusal = DMS_REFUSAL_REPLAYED;
      g_set_error_literal (error, DMS_ERROR, DMS_ERROR_REPLAYED, "the message was accepted before");
      return NULL;
    }
  interaction = dms_security_context_open (self->security, envelope, error);
  if (interaction == 0)
    {
      *refusal = dms_refusal_of_error (*error);
      return NULL;
    }
  message = dms_message_new (self, envelope, interaction);
  if ((dms_behaviour_get_flags (behaviour) & DMS_BEHAVIOUR_OPEN) == 0
      && !dms_security_context_require (self->security, interaction, envelope,
                                        dms_behaviour_get_capability (behaviour), error))
    {
      *refusal = DMS_REFUSAL_NOT_AUTHORIZED;
      if (self->denied_func != NULL && g_strcmp0 (self->denied_path, dms_behaviour_get_path (behaviour)) == 0)
        self->denied_func (self, message, self->denied_data);
      return NULL;
    }
  owner = owner_of (self, message, behaviour, peer);
  permit = dms_admission_admit (admission, self->inbox, envelope, owner, is_limited (self, owner, behaviour),
                                refusal, error);
  if (permit == NULL)
    return NULL;
  dms_message_set_permit (message, permit);
  return g_steal_pointer (&message);
}

/* The behaviour that a message is for; NULL with the reason. */
static DmsBehaviour *
find_behaviour (DmsActor *self, DmsEnvelope *envelope, DmsRefusal *refusal, GError **error)
{
  GHashTable *table = dms_envelope_is_broadcast (envelope) ? self->broadcasts : self->behaviours;
  DmsBehaviour *found = g_hash_table_lookup (table, dms_envelope_get_behaviour (envelope));

  if (!is_for_us (self, envelope))
    {
      *refusal = DMS_REFUSAL_WRONG_ADDRESS;
      g_set_error_literal (error, DMS_ERROR, DMS_ERROR_NOT_AUTHORIZED, "it is addressed to another actor");
      return NULL;
    }
  if (found == NULL || !dms_behaviour_accepts (found, envelope, now_ns ()))
    {
      *refusal = DMS_REFUSAL_NO_BEHAVIOUR;
      g_set_error_literal (error, DMS_ERROR, DMS_ERROR_NOT_FOUND, "the actor has no such behaviour");
      return NULL;
    }
  return dms_behaviour_ref (found);
}

static void
handle_envelope (DmsActor *self, DmsEnvelope *envelope, const char *peer)
{
  g_autoptr (DmsBehaviour) behaviour = NULL;
  g_autoptr (DmsMessage) message = NULL;
  g_autoptr (GError) error = NULL;
  DmsRefusal refusal;

  behaviour = find_behaviour (self, envelope, &refusal, &error);
  if (behaviour != NULL)
    message = admit (self, envelope, behaviour, peer, &refusal, &error);
  if (message == NULL)
    {
      dms_actor_registry_refuse (self->registry, refusal, peer, self->inbox, envelope, error);
      return;
    }
  if ((dms_behaviour_get_flags (behaviour) & DMS_BEHAVIOUR_ONCE) != 0)
    dms_actor_remove_behaviour (self, dms_behaviour_get_path (behaviour));
  dms_behaviour_run (behaviour, self, message);
}

static gboolean
on_dispatch (gpointer user_data)
{
  g_autoptr (DmsActor) self = g_object_ref (DMS_ACTOR (user_data));

  for (guint i = 0; i < MESSAGES_PER_TURN && self->running; i++)
    {
      g_autofree char *peer = NULL;
      g_autoptr (DmsEnvelope) envelope = dms_mailbox_pop (self->mailbox, &peer);

      if (envelope == NULL)
        break;
      handle_envelope (self, envelope, peer);
    }
  if (self->running && dms_mailbox_get_length (self->mailbox) > 0)
    return G_SOURCE_CONTINUE;
  stop_dispatch (self);
  return G_SOURCE_REMOVE;
}

gboolean
dms_actor_deliver (DmsActor *self, DmsEnvelope *envelope, const char *peer, gsize size, GError **error)
{
  if (!dms_mailbox_push (self->mailbox, envelope, peer, size))
    {
      g_set_error (error, DMS_ERROR, DMS_ERROR_BUSY, "the mailbox of “%s” is full; try again later",
                   self->inbox);
      return FALSE;
    }
  if (self->dispatch == NULL)
    {
      self->dispatch = g_idle_source_new ();
      g_source_set_priority (self->dispatch, G_PRIORITY_DEFAULT);
      g_source_set_callback (self->dispatch, on_dispatch, self, NULL);
      g_source_attach (self->dispatch, self->context);
    }
  return TRUE;
}

GPtrArray *
dms_actor_dup_unchecked (DmsActor *self, DmsEnvelope *envelope)
{
  GHashTable *table = dms_envelope_is_broadcast (envelope) ? self->broadcasts : self->behaviours;
  DmsBehaviour *behaviour = g_hash_table_lookup (table, dms_envelope_get_behaviour (envelope));

  if (behaviour == NULL || !is_for_us (self, envelope)
      || (dms_behaviour_get_flags (behaviour) & DMS_BEHAVIOUR_OPEN) != 0)
    return NULL;
  return dms_security_context_dup_unchecked (self->security, envelope,
                                             dms_behaviour_get_capability (behaviour));
}

gboolean
dms_actor_listens_to (DmsActor *self, DmsEnvelope *envelope)
{
  DmsBehaviour *behaviour = g_hash_table_lookup (self->broadcasts, dms_envelope_get_behaviour (envelope));

  return behaviour != NULL && dms_behaviour_accepts (behaviour, envelope, now_ns ());
}

/* Sending */

/* What a message that nobody waits for is called in the log when it gets lost. */
typedef struct {
  char *behaviour;
  char *inbox;
} Sent;

static void
sent_free (Sent *sent)
{
  g_free (sent->behaviour);
  g_free (sent->inbox);
  g_free (sent);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Sent, sent_free)

static Sent *
sent_new (DmsEnvelope *envelope)
{
  Sent *sent = g_new0 (Sent, 1);

  sent->behaviour = g_strdup (dms_envelope_get_behaviour (envelope));
  sent->inbox = g_strdup (dms_handle_get_inbox (dms_envelope_get_to (envelope)));
  return sent;
}

static void
log_lost (const Sent *sent, const GError *error)
{
  dms_log_event (G_LOG_LEVEL_INFO, "A message was not delivered", "behavior", sent->behaviour, "inbox",
                 sent->inbox, "error", error->message, NULL);
}

static void
on_sent (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Sent) sent = user_data;
  g_autoptr (GError) error = NULL;

  if (!dms_actor_registry_send_finish (DMS_ACTOR_REGISTRY (source), result, &error))
    log_lost (sent, error);
}

static void
on_published (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Sent) sent = user_data;
  g_autoptr (GError) error = NULL;

  if (!dms_actor_registry_publish_finish (DMS_ACTOR_REGISTRY (source), result, &error))
    log_lost (sent, error);
}

static DmsEnvelope *
seal_bytes (DmsActor *self,
            guint64 question,
            DmsHandle *to,
            const char *behaviour,
            GBytes *payload,
            guint64 expiry_ns,
            const char *reply_behaviour,
            const char *reply_capability,
            const char *topic,
            GBytes *tokens,
            GError **error)
{
  if (to != NULL && *dms_handle_get_inbox (to) == '\0')
    {
      g_set_error (error, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT,
                   "cannot send “%s”: the receiver has no inbox", behaviour);
      return NULL;
    }
  if (tokens == NULL && dms_actor_registry_is_own (self->registry, self->security, to, payload))
    return dms_security_context_hand_over (self->security, self->handle, to, behaviour, payload, expiry_ns,
                                           reply_behaviour);
  return dms_security_context_seal (self->security, question, self->handle, to, behaviour, payload, expiry_ns,
                                    reply_behaviour, reply_capability, topic, tokens, error);
}

static GBytes *
payload_to_bytes (JsonNode *payload)
{
  char *text = payload != NULL ? dms_json_node_to_text (payload) : NULL;

  return text != NULL ? g_bytes_new_take (text, strlen (text)) : NULL;
}

static DmsEnvelope *
seal (DmsActor *self,
      DmsHandle *to,
      const char *behaviour,
      JsonNode *payload,
      guint64 expiry_ns,
      const char *reply_behaviour,
      const char *reply_capability,
      const char *topic,
      GBytes *tokens,
      GError **error)
{
  g_autoptr (GBytes) bytes = payload_to_bytes (payload);

  return seal_bytes (self, 0, to, behaviour, bytes, expiry_ns, reply_behaviour, reply_capability, topic,
                     tokens, error);
}

gboolean
dms_actor_send (DmsActor *self,
                DmsHandle *to,
                const char *behaviour,
                JsonNode *payload,
                guint64 expiry_ns,
                const char *reply_behaviour,
                GError **error)
{
  g_autoptr (DmsEnvelope) envelope =
      seal (self, to, behaviour, payload, default_expiry (expiry_ns), reply_behaviour, NULL, NULL, NULL,
            error);

  if (envelope == NULL)
    return FALSE;
  dms_actor_registry_send_async (self->registry, envelope, NULL, on_sent, sent_new (envelope));
  return TRUE;
}

gboolean
dms_actor_broadcast (DmsActor *self,
                     const char *topic,
                     const char *behaviour,
                     JsonNode *payload,
                     guint64 expiry_ns,
                     const char *reply_behaviour,
                     GError **error)
{
  g_autoptr (GBytes) bytes = payload_to_bytes (payload);

  return dms_actor_broadcast_bytes (self, topic, behaviour, bytes, expiry_ns, reply_behaviour, error);
}

gboolean
dms_actor_broadcast_bytes (DmsActor *self,
                           const char *topic,
                           const char *behaviour,
                           GBytes *payload,
                           guint64 expiry_ns,
                           const char *reply_behaviour,
                           GError **error)
{
  g_autoptr (DmsEnvelope) envelope = seal_bytes (self, 0, NULL, behaviour, payload,
                                                 default_expiry (expiry_ns),
                                           reply_behaviour, NULL, topic, NULL, error);

  if (envelope == NULL)
    return FALSE;
  dms_actor_registry_publish_async (self->registry, envelope, NULL, on_published, sent_new (envelope));
  return TRUE;
}

gboolean
dms_actor_reply (DmsActor *self,
                 DmsEnvelope *question,
                 guint64 interaction,
                 GBytes *payload,
                 GBytes *tokens,
                 GError **error)
{
  const char *behaviour = dms_envelope_get_reply_behaviour (question);
  guint64 expiry_ns = dms_envelope_get_expiry_ns (question);
  g_autoptr (DmsEnvelope) envelope = NULL;

  if (expiry_ns < now_ns ())
    {
      g_set_error (error, DMS_ERROR, DMS_ERROR_EXPIRED, "the answer to “%s” comes too late",
                   dms_envelope_get_behaviour (question));
      return FALSE;
    }
  envelope = seal_bytes (self, interaction, dms_envelope_get_from (question), behaviour, payload, expiry_ns,
                         NULL, NULL, NULL, tokens, error);
  if (envelope == NULL)
    return FALSE;
  dms_actor_registry_send_async (self->registry, envelope, NULL, on_sent, sent_new (envelope));
  return TRUE;
}

/* Asking */

static void
on_invocation_ended (DmsInvocation *invocation, gpointer user_data)
{
  DmsActor *self = user_data;
  const char *path = dms_invocation_get_reply_behaviour (invocation);

  g_hash_table_remove (self->behaviours, path);
  g_hash_table_remove (self->invocations, path);
}

static void
on_answer (DmsActor *self, DmsMessage *message, gpointer user_data)
{
  dms_invocation_answer (user_data, message);
}

static void
on_question_sent (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DmsInvocation) invocation = user_data;
  GError *error = NULL;

  if (!dms_actor_registry_send_finish (DMS_ACTOR_REGISTRY (source), result, &error))
    dms_invocation_fail (invocation, error);
}

/* Under what one target answers. It may use all of it, so one token serves for many questions; but only
 * pending questions have a behaviour there, and no other target has a right to it. */
static char *
make_reply_prefix (DmsActor *self, DmsHandle *to)
{
  g_autofree char *target = g_strconcat (dms_handle_get_id (to), " ",
                                         dms_did_get_uri (dms_handle_get_did (to)),
                                         NULL);
  guint8 hash[crypto_shorthash_BYTES];
  guint64 number = 0;

  crypto_shorthash (hash, (const guint8 *) target, strlen (target), self->reply_secret);
  memcpy (&number, hash, sizeof number);
  return g_strdup_printf ("/private/%s/%016" G_GINT64_MODIFIER "x", self->inbox, number);
}

void
dms_actor_invoke_async (DmsActor *self,
                        DmsHandle *to,
                        const char *behaviour,
                        JsonNode *payload,
                        guint64 expiry_ns,
                        GCancellable *cancellable,
                        GAsyncReadyCallback callback,
                        gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);
  g_autofree char *prefix = NULL;
  g_autofree char *path = NULL;
  g_autoptr (DmsEnvelope) envelope = NULL;
  DmsInvocation *invocation;
  GError *error = NULL;

  g_task_set_source_tag (task, dms_actor_invoke_async);
  expiry_ns = default_expiry (expiry_ns);
  if (!self->running)
    {
      g_task_return_new_error (task, DMS_ERROR, DMS_ERROR_WRONG_STATE, "cannot invoke “%s”: “%s” is stopped",
                               behaviour, self->inbox);
      return;
    }
  prefix = make_reply_prefix (self, to);
  path = g_strdup_printf ("%s/%" G_GUINT64_FORMAT, prefix, ++self->next_invocation);
  envelope = seal (self, to, behaviour, payload, expiry_ns, path, prefix, NULL, NULL, &error);
  if (envelope == NULL)
    {
      g_task_return_error (task, error);
      return;
    }

  invocation =
      dms_invocation_new (g_steal_pointer (&task), path, behaviour, expiry_ns, on_invocation_ended, self);
  g_hash_table_replace (self->invocations, g_strdup (path), invocation);
  dms_actor_add_behaviour (self, path, DMS_BEHAVIOUR_ONCE, on_answer, dms_invocation_ref (invocation),
                           (GDestroyNotify) dms_invocation_unref);
  dms_actor_registry_send_async (self->registry, envelope, cancellable, on_question_sent,
                                 dms_invocation_ref (invocation));
}

DmsMessage *
dms_actor_invoke_finish (DmsActor *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/* What ends together */

static DmsNamespace *
get_namespace (DmsActor *self, const char *owner)
{
  DmsNamespace *found = g_hash_table_lookup (self->namespaces, owner);

  if (found == NULL)
    {
      found = dms_namespace_new (self);
      g_hash_table_insert (self->namespaces, g_strdup (owner), found);
    }
  return found;
}

GBytes *
dms_actor_grant (DmsActor *self,
                 const char *owner,
                 DmsDid *subject,
                 const char *const *capabilities,
                 guint64 expiry_ns,
                 GError **error)
{
  g_autofree char *key = g_strdup_printf ("%s %s %s", self->inbox, owner, dms_did_get_uri (subject));
  GBytes *tokens = dms_security_context_grant (self->security, key, subject,
                                               dms_security_context_get_actor_did (self->security),
                                               capabilities, expiry_ns, error);

  if (tokens != NULL)
    dms_namespace_add_grant (get_namespace (self, owner), key);
  return tokens;
}

void
dms_actor_bind_behaviour (DmsActor *self, const char *owner, const char *path)
{
  dms_namespace_add_behaviour (get_namespace (self, owner), path);
}

void
dms_actor_bind_child (DmsActor *self, const char *owner, DmsActor *child)
{
  g_return_if_fail (child->parent == self);

  dms_namespace_add_child (get_namespace (self, owner), child);
}

void
dms_actor_withdraw (DmsActor *self, const char *owner)
{
  g_autofree char *key = NULL;
  g_autoptr (DmsNamespace) found = NULL;
  gpointer stolen_key = NULL;
  gpointer stolen = NULL;

  /* Out of the table first: what ends may ask for this again. */
  if (!g_hash_table_steal_extended (self->namespaces, owner, &stolen_key, &stolen))
    return;
  key = stolen_key;
  found = stolen;
}
