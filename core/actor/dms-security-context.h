/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

#include "actor/dms-envelope.h"
#include "actor/dms-handle.h"
#include "capability/dms-capability-context.h"
#include "identity/dms-key.h"

G_BEGIN_DECLS

#define DMS_TYPE_SECURITY_CONTEXT (dms_security_context_get_type ())

/* Who an actor is and what it may do: its own key, and the capability context of the node it belongs to.
 * Children of one node have keys of their own and share the node's capability context. */
G_DECLARE_FINAL_TYPE (DmsSecurityContext, dms_security_context, DMS, SECURITY_CONTEXT, GObject)

DmsSecurityContext *dms_security_context_new (DmsKey *key, DmsCapabilityContext *capabilities);

DmsKey *dms_security_context_get_key (DmsSecurityContext *self);
DmsCapabilityContext *dms_security_context_get_capabilities (DmsSecurityContext *self);
/* The DID of the capability context: what others grant to, and what stands in handles. */
DmsDid *dms_security_context_get_did (DmsSecurityContext *self);
/* The did:key of the actor's own key: the audience of tokens for this actor only. */
DmsDid *dms_security_context_get_actor_did (DmsSecurityContext *self);
/* The actor's ID as handles spell it. */
const char *dms_security_context_get_actor_id (DmsSecurityContext *self);

/* Signs a message. `question` is the interaction of the message that it answers, 0 when it is no answer. `to`
 * is NULL for a broadcast, which then needs a topic. `reply_capability` is what the receiver may use to
 * answer, NULL for `reply_behaviour` itself. `extra_tokens` is a token list in JSON. */
DmsEnvelope *dms_security_context_seal (DmsSecurityContext *self,
                                        guint64 question,
                                        DmsHandle *from,
                                        DmsHandle *to,
                                        const char *behaviour,
                                        GBytes *payload,
                                        guint64 expiry_ns,
                                        const char *reply_behaviour,
                                        const char *reply_capability,
                                        const char *topic,
                                        GBytes *extra_tokens,
                                        GError **error);

/* Makes a message to an actor of the same node, which `is_own` says of the receiver. It is handed over in
 * this process and nowhere else, so that there is nobody to whom a signature or a token would prove anything:
 * the node would sign with its one key what it then checks with it. */
DmsEnvelope *dms_security_context_hand_over (DmsSecurityContext *self,
                                             DmsHandle *from,
                                             DmsHandle *to,
                                             const char *behaviour,
                                             GBytes *payload,
                                             guint64 expiry_ns,
                                             const char *reply_behaviour);
/* Whether both act for one node. */
gboolean dms_security_context_is_own (DmsSecurityContext *self, DmsSecurityContext *other);

/* Links of a message's tokens whose signatures are to be computed before it is opened, so that opening it and
 * requiring `capability` takes no time. NULL: none. */
GPtrArray *dms_security_context_dup_unchecked (DmsSecurityContext *self,
                                               DmsEnvelope *envelope,
                                               const char *capability);
/* Checks what needs no capability: a proper sender, the signature, the expiry; then takes the message's
 * tokens into the context. Returns the number of the interaction, 0 on an error. */
guint64 dms_security_context_open (DmsSecurityContext *self, DmsEnvelope *envelope, GError **error);
/* Whether the sender of an opened message may use a capability here. */
gboolean dms_security_context_require (DmsSecurityContext *self,
                                       guint64 interaction,
                                       DmsEnvelope *envelope,
                                       const char *capability,
                                       GError **error);
/* The DID the sender of an opened message acts for, if it proves it: its key's own, or one that signed a
 * token for that key. What it merely claims does not count: then it is its key's own. */
DmsDid *dms_security_context_dup_sender_did (DmsSecurityContext *self, DmsEnvelope *envelope);
/* Forgets the tokens that came with an opened message. */
void dms_security_context_discard (DmsSecurityContext *self, guint64 interaction);

/* Allows a DID some capabilities on the actor with the given audience (NULL: any actor of this node) until an
 * expiry. An older grant under the same owner stays until it expires, since messages on their way may carry
 * it. Returns the token list in JSON. */
GBytes *dms_security_context_grant (DmsSecurityContext *self,
                                    const char *owner,
                                    DmsDid *subject,
                                    DmsDid *audience,
                                    const char *const *capabilities,
                                    guint64 expiry_ns,
                                    GError **error);
/* Withdraws everything granted under an owner. */
void dms_security_context_withdraw (DmsSecurityContext *self, const char *owner);

G_END_DECLS
