/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "identity/dms-key.h"
#include "succession/dms-roll.h"

G_BEGIN_DECLS

/* A member's signed word that in a term it follows one orchestrator and no other: {Peer, Signature}, the
 * latter over "dms-succession-vote:" and the ensemble, the number of the roll, the term and the candidate.
 * Whoever holds those of a majority can show to anybody that it is the one. */

JsonObject *dms_vote_sign (DmsKey *key, DmsRoll *roll, guint64 term, const char *candidate);
/* Whether a member of the roll signed it; that member. (nullable) */
const char *dms_vote_get_voter (JsonObject *vote, DmsRoll *roll, guint64 term, const char *candidate);
/* Whether these are votes of a majority of the roll. votes: (nullable) */
gboolean dms_vote_is_majority (JsonArray *votes, DmsRoll *roll, guint64 term, const char *candidate);

G_END_DECLS
