/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "capability/dms-capability-fault.h"
#include "capability/dms-token.h"

G_BEGIN_DECLS

/* The rules of capability.md that need nothing but tokens. */

/* What is asked of a token: may @subject, an actor's did:key, use @capability? Everything is borrowed. */
typedef struct
{
  DmsDid *subject;
  /* The did:key of the actor that is invoked; NULL for a broadcast, which has no audience. */
  DmsDid *audience;
  const char *capability;
  /* Of a broadcast; NULL for an invocation. */
  const char *topic;
} DmsTokenUse;

/* Whether a token by itself says what is asked: action, subject, audience, capability, topic in this order.
 * */
DmsCapabilityFault dms_token_rules_find_use_fault (DmsToken *token, const DmsTokenUse *use);

/* Verify but for signatures: for the whole chain expiry; then, link by link from the leaf, depth, revocation
 * and whether it fits its parent. @revoked: (nullable): a set of revocation IDs. @link: (optional): the link
 * it fails at. */
DmsCapabilityFault dms_token_rules_find_fault (DmsToken *token, guint64 now_ns, GHashTable *revoked,
                                               DmsToken **link);
/* What is wrong between one link and the rest of its chain, besides expiry. @distance: from the leaf. */
DmsCapabilityFault dms_token_rules_find_link_fault (DmsToken *token, guint distance, GHashTable *revoked);
/* dms_token_rules_find_fault() with an error that carries the fault. */
gboolean dms_token_rules_check (DmsToken *token, guint64 now_ns, GHashTable *revoked, GError **error);

/* An error about a token for a fault at one of its links. */
void dms_token_rules_set_error (GError **error, DmsCapabilityFault fault, DmsToken *link);

/* Whether a require anchor allows a token; and if not, why. */
DmsCapabilityFault dms_token_rules_find_anchor_fault (DmsToken *anchor, DmsToken *token);
gboolean dms_token_rules_anchor_allows (DmsToken *anchor, DmsToken *token);

/* Whether @issuer may chain a token with these properties on a parent. @room: how many more links must fit
 * below the new one: 0 for an invocation, 1 for a delegation. @audience, @topics: (nullable). */
gboolean dms_token_rules_can_chain (DmsToken *parent, DmsDid *issuer, DmsDid *audience,
                                    const char * const *topics, const char * const *capabilities,
                                    guint64 expiry_ns, guint room);

/* Whether an anchor gives at least everything that another gives, so that the other is not needed. */
gboolean dms_token_rules_subsumes (DmsToken *anchor, DmsToken *other);

/* Whether a DID issued some link of the chain. */
gboolean dms_token_rules_names_issuer (DmsToken *token, DmsDid *did);

G_END_DECLS
