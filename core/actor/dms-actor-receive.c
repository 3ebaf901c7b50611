/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "actor/dms-actor-internal.h"
#include "actor/dms-message-private.h"

/* What comes in: from the mailbox, through all that stands between a message and its handler. */

/* How many messages are handled before other work of the loop gets its turn. */
#define MESSAGES_PER_TURN 16

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
  if (found == NULL || !dms_behaviour_accepts (found, envelope, dms_actor_now_ns ()))
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

void
dms_actor_stop_dispatch (DmsActor *self)
{
  if (self->dispatch != NULL)
    g_source_destroy (self->dispatch);
  g_clear_pointer (&self->dispatch, g_source_unref);
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
  dms_actor_stop_dispatch (self);
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

  return behaviour != NULL && dms_behaviour_accepts (behaviour, envelope, dms_actor_now_ns ());
}
