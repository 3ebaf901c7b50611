/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "actor/dms-message.h"

#include <string.h>

#include "actor/dms-actor-private.h"
#include "actor/dms-message-private.h"
#include "common/dms-json-object.h"
#include "observability/dms-log.h"

struct _DmsMessage
{
  grefcount references;
  DmsActor *actor;
  DmsEnvelope *envelope;
  guint64 interaction;
  DmsPermit *permit;
  DmsDid *sender_did;
  JsonNode *payload;
  gboolean parsed;
};

G_DEFINE_BOXED_TYPE (DmsMessage, dms_message, dms_message_ref, dms_message_unref)

DmsMessage *
dms_message_new (DmsActor *actor, DmsEnvelope *envelope, guint64 interaction)
{
  DmsMessage *self = g_new0 (DmsMessage, 1);

  g_ref_count_init (&self->references);
  self->actor = g_object_ref (actor);
  self->envelope = dms_envelope_ref (envelope);
  self->interaction = interaction;
  return self;
}

void
dms_message_set_permit (DmsMessage *self, DmsPermit *permit)
{
  g_clear_pointer (&self->permit, dms_permit_free);
  self->permit = permit;
}

DmsMessage *
dms_message_ref (DmsMessage *self)
{
  g_ref_count_inc (&self->references);
  return self;
}

void
dms_message_unref (DmsMessage *self)
{
  if (!g_ref_count_dec (&self->references))
    return;
  dms_security_context_discard (dms_actor_get_security (self->actor), self->interaction);
  g_clear_pointer (&self->permit, dms_permit_free);
  g_clear_pointer (&self->payload, json_node_unref);
  g_clear_pointer (&self->sender_did, dms_did_unref);
  dms_envelope_unref (self->envelope);
  g_object_unref (self->actor);
  g_free (self);
}

DmsEnvelope *
dms_message_get_envelope (DmsMessage *self)
{
  return self->envelope;
}

const char *
dms_message_get_behaviour (DmsMessage *self)
{
  return dms_envelope_get_behaviour (self->envelope);
}

DmsHandle *
dms_message_get_from (DmsMessage *self)
{
  return dms_envelope_get_from (self->envelope);
}

DmsDid *
dms_message_get_sender_did (DmsMessage *self)
{
  if (self->sender_did == NULL)
    self->sender_did =
        dms_security_context_dup_sender_did (dms_actor_get_security (self->actor), self->envelope);
  return self->sender_did;
}

guint64
dms_message_get_expiry_ns (DmsMessage *self)
{
  return dms_envelope_get_expiry_ns (self->envelope);
}

const char *
dms_message_get_topic (DmsMessage *self)
{
  return dms_envelope_get_topic (self->envelope);
}

gboolean
dms_message_wants_reply (DmsMessage *self)
{
  return *dms_envelope_get_reply_behaviour (self->envelope) != '\0';
}

JsonNode *
dms_message_get_payload (DmsMessage *self)
{
  GBytes *bytes = dms_envelope_get_payload (self->envelope);
  const char *text;
  gsize size;

  if (self->parsed || bytes == NULL)
    return self->payload;
  self->parsed = TRUE;
  text = g_bytes_get_data (bytes, &size);
  if (size > 0)
    self->payload = dms_json_node_from_text (text, (gssize) size, NULL);
  return self->payload;
}

JsonObject *
dms_message_get_object (DmsMessage *self)
{
  JsonNode *payload = dms_message_get_payload (self);

  return payload != NULL ? dms_json_node_get_child (payload) : NULL;
}

gboolean
dms_message_reply (DmsMessage *self, JsonNode *payload, GError **error)
{
  return dms_message_reply_with_tokens (self, payload, NULL, error);
}

gboolean
dms_message_reply_with_tokens (DmsMessage *self, JsonNode *payload, GBytes *tokens, GError **error)
{
  char *text = payload != NULL ? dms_json_node_to_text (payload) : NULL;
  g_autoptr (GBytes) bytes = text != NULL ? g_bytes_new_take (text, strlen (text)) : NULL;

  if (!dms_message_wants_reply (self))
    return TRUE;
  return dms_actor_reply (self->actor, self->envelope, self->interaction, bytes, tokens, error);
}

static void
log_lost_reply (DmsMessage *self, const GError *error)
{
  dms_log_event (G_LOG_LEVEL_INFO, "A reply could not be sent", "behavior", dms_message_get_behaviour (self),
                 "error", error->message, NULL);
}

void
dms_message_reply_bytes (DmsMessage *self, GBytes *payload)
{
  g_autoptr (GError) error = NULL;

  if (dms_message_wants_reply (self)
      && !dms_actor_reply (self->actor, self->envelope, self->interaction, payload, NULL, &error))
    log_lost_reply (self, error);
}

void
dms_message_reply_object (DmsMessage *self, JsonObject *object)
{
  g_autoptr (JsonNode) payload = json_node_init_object (json_node_alloc (), object);
  g_autoptr (GError) error = NULL;

  json_object_unref (object);
  if (!dms_message_reply (self, payload, &error))
    log_lost_reply (self, error);
}

void
dms_message_keep_grants (DmsMessage *self, const char *owner)
{
  if (self->interaction != 0)
    dms_capability_context_hold (dms_security_context_get_capabilities (dms_actor_get_security (self->actor)),
                                 self->interaction, owner);
}
