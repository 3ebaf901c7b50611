/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "actor/dms-actor-internal.h"
#include "actor/dms-invocation.h"
#include "common/dms-json-object.h"
#include "observability/dms-log.h"

/* What goes out: what is said and not waited for, answers, and questions. */

static guint64
default_expiry (guint64 expiry_ns)
{
  return expiry_ns != 0 ? expiry_ns : dms_actor_expiry_in (DMS_ACTOR_DEFAULT_EXPIRY_SECONDS);
}

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
      GError **error)
{
  g_autoptr (GBytes) bytes = payload_to_bytes (payload);

  return seal_bytes (self, 0, to, behaviour, bytes, expiry_ns, reply_behaviour, reply_capability, NULL, NULL,
                     error);
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
      seal (self, to, behaviour, payload, default_expiry (expiry_ns), reply_behaviour, NULL, error);

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

  if (expiry_ns < dms_actor_now_ns ())
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
  envelope = seal (self, to, behaviour, payload, expiry_ns, path, prefix, &error);
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
