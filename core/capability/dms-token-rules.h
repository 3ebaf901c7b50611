/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "capability/dms-token.h"

G_BEGIN_DECLS

/* The rules of capability.md that need nothing but tokens. */

/* Steps 1 and 3 to 5 of Verify: everything but signatures. @revoked: a set of revocation IDs. */
gboolean dms_token_rules_check (DmsToken *token, guint64 now_ns, GHashTable *revoked, GError **error);

/* Whether a require anchor allows a token. */
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
