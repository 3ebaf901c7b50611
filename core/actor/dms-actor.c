/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "actor/dms-actor.h"

#include "actor/dms-actor-internal.h"
#include "actor/dms-invocation.h"
#include "actor/dms-namespace.h"

#define MAX_WAITING_MESSAGES 1024
#define MAX_WAITING_BYTES (16 * 1024 * 1024)
#define MAX_INBOX_LENGTH 512

G_DEFINE_FINAL_TYPE (DmsActor, dms_actor, G_TYPE_OBJECT)

guint64
dms_actor_now_ns (void)
{
  return (guint64) g_get_real_time () * 1000;
}

guint64
dms_actor_expiry_in (double seconds)
{
  return dms_actor_now_ns () + (guint64) (MAX (seconds, 0) * 1e9);
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
  dms_actor_listen (self, TRUE);
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
  dms_actor_stop_dispatch (self);
  dms_mailbox_clear (self->mailbox);
  for (guint i = self->children->len; i > 0; i--)
    {
      if (i <= self->children->len)
        dms_actor_stop (g_ptr_array_index (self->children, i - 1));
    }
  dms_actor_listen (self, FALSE);
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
