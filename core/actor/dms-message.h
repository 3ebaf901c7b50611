/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

#include "actor/dms-envelope.h"
#include "actor/dms-handle.h"

G_BEGIN_DECLS

typedef struct _DmsActor DmsActor;

#define DMS_TYPE_MESSAGE (dms_message_get_type ())

/* A message that arrived at an actor and passed its checks. Its signature is good and its sender may use the
 * behaviour; its payload is still whatever the sender wrote. Reference-counted: a handler that answers later
 * keeps a reference. The tokens that came with the message live as long as the message does. */
typedef struct _DmsMessage DmsMessage;

GType dms_message_get_type (void);
DmsMessage *dms_message_ref (DmsMessage *self);
void dms_message_unref (DmsMessage *self);

DmsEnvelope *dms_message_get_envelope (DmsMessage *self);
const char *dms_message_get_behaviour (DmsMessage *self);
DmsHandle *dms_message_get_from (DmsMessage *self);
/* The DID the sender acts for, once its tokens prove it; the did:key of the sending actor's own key
 * otherwise. */
DmsDid *dms_message_get_sender_did (DmsMessage *self);
guint64 dms_message_get_expiry_ns (DmsMessage *self);
/* Empty when it was no broadcast. */
const char *dms_message_get_topic (DmsMessage *self);
gboolean dms_message_wants_reply (DmsMessage *self);

/* The payload, of any JSON type; NULL when it is missing, not JSON, too deep or too large. */
JsonNode *dms_message_get_payload (DmsMessage *self);
/* The payload when it is an object, else NULL. Its members may be of any type. */
JsonObject *dms_message_get_object (DmsMessage *self);

/* Answers to the sender's reply behaviour. May be called later, while the message has not expired.
 * A message that wants no reply is answered by nobody: TRUE. (payload: transfer none) */
gboolean dms_message_reply (DmsMessage *self, JsonNode *payload, GError **error);
/* The same, with more tokens (a token list in JSON) beside those that allow the reply. */
gboolean dms_message_reply_with_tokens (DmsMessage *self, JsonNode *payload, GBytes *tokens, GError **error);
/* The same with a payload that is JSON already; what goes wrong is logged. */
void dms_message_reply_bytes (DmsMessage *self, GBytes *payload);
/* The same with an object (transfer full); what goes wrong is logged. The usual end of a handler. */
void dms_message_reply_object (DmsMessage *self, JsonObject *object);

/* Keeps the rights the sender delegated to us with this message until they expire or the owner (any text,
 * such as an ensemble ID) is released on the capability context: later messages of ours may then use them. */
void dms_message_keep_grants (DmsMessage *self, const char *owner);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsMessage, dms_message_unref)

G_END_DECLS
