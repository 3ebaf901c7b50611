/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <json-glib/json-glib.h>

#include "capability/dms-capability-context.h"
#include "capability/dms-capability-fault.h"

G_BEGIN_DECLS

#define DMS_TYPE_EXPLANATION (dms_explanation_get_type ())

/* Why a use of a capability would be allowed or refused in a context, token by token and link by link. Made
 * by the code that decides, so that it cannot say anything else. Immutable and counted. */
typedef struct _DmsExplanation DmsExplanation;

typedef enum
{
  /* The tokens are what the message carries. */
  DMS_EXPLAIN_PRESENTED = 0,
  /* Besides: the subject signs what it could: an invocation (or broadcast) on its own, and one chained on
   * each of the tokens that is a delegation to it. The answer to “what if this DID asked, holding these?”. */
  DMS_EXPLAIN_ASSUME_ISSUED = 1 << 0,
} DmsExplainFlags;

GType dms_explanation_get_type (void);

/* Judges a use of @capability in a context.
 * @tokens: (nullable): what is presented
 * @sender: (nullable): the DID that the sender's handle names; the subject when NULL
 * @subject: who asks: the did:key of the sending actor; with ASSUME_ISSUED any DID
 * @audience: (nullable): the did:key of the actor that is asked; the context's own DID when NULL
 * @topic: (nullable): of a broadcast; NULL for an invocation
 * @time_ns: since the epoch; 0 for now. */
DmsExplanation *dms_explanation_new (DmsCapabilityContext *context, DmsTokenList *tokens, DmsDid *sender,
                                     DmsDid *subject, DmsDid *audience, const char *capability,
                                     const char *topic, guint64 time_ns, DmsExplainFlags flags);
DmsExplanation *dms_explanation_ref (DmsExplanation *self);
void dms_explanation_unref (DmsExplanation *self);

gboolean dms_explanation_is_allowed (DmsExplanation *self);
/* NONE when it is allowed; otherwise that of the token that comes nearest. */
DmsCapabilityFault dms_explanation_get_fault (DmsExplanation *self);
/* For people: the verdict, then a paragraph a token with a line a link. Ends in NULL. */
const char * const *dms_explanation_get_lines (DmsExplanation *self);
/* {"allowed": b, "reason": s, "capability": s, "topic"?: s, "subject": s, "audience"?: s, "time_ns": i,
 *  "tokens": [{"verdict": s, "presented": b, "authority": own|root|require|none, "links": [{"issuer",
 * "subject",  "audience"?, "action", "capabilities", "topics"?, "expiry_ns", "depth"?, "fault"}],
 * "anchors": [{"issuer",  "subject", "fault"}]}]}. Each fault is a nick, "none" for a link that holds. */
JsonNode *dms_explanation_to_json (DmsExplanation *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsExplanation, dms_explanation_unref)

G_END_DECLS
