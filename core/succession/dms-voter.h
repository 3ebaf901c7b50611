/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "identity/dms-key.h"
#include "store/dms-store.h"
#include "succession/dms-ballot.h"

G_BEGIN_DECLS

#define DMS_TYPE_VOTER (dms_voter_get_type ())

/* What this node has promised as a member of rolls. It follows one orchestrator of an ensemble at a time:
 * gives a vote only in a term it has not voted in, and only when the present orchestrator was not heard of
 * for the roll's lease. Every promise is stored before it is given. Emits `heard` with an ensemble's ID when
 * something of it changed. Who sends is given as the peer ID whose key signed the message. */
G_DECLARE_FINAL_TYPE (DmsVoter, dms_voter, DMS, VOTER, GObject)

/* key: the node's, which signs votes. */
DmsVoter *dms_voter_new (DmsStore *store, DmsKey *key, GError **error);

/* (nullable) (transfer none): of an ensemble that is not over */
DmsBallot *dms_voter_find (DmsVoter *self, const char *ensemble_id);
/* Whether it has promised anything about one, also when that is over. */
gboolean dms_voter_knows (DmsVoter *self, const char *ensemble_id);
/* (transfer full): IDs of all ensembles that this node is an orchestrator of. */
GStrv dms_voter_list (DmsVoter *self);
/* (transfer full): and of those that it only votes on. */
GStrv dms_voter_list_witnessed (DmsVoter *self);
/* Stores a ballot of our own, in place of the last. */
gboolean dms_voter_put (DmsVoter *self, DmsBallot *ballot, GError **error);
/* The ensemble is over: of its ballot only what was promised is kept, for a month. */
void dms_voter_end (DmsVoter *self, const char *ensemble_id);

/* Makes this node a member. {Roll, Term, Version, State, Key?}; (transfer full): {OK, Error, Term, Version}
 */
JsonObject *dms_voter_appoint (DmsVoter *self, const char *sender, JsonObject *payload);
/* The orchestrator is there, or another one has been chosen. {EnsembleID, Term, Votes?, Roll, Version,
 * State?, Over?}; (transfer full) (nullable): {OK, Error, Term, Leader, Version}; NULL for strangers, who are
 * not answered */
JsonObject *dms_voter_renew (DmsVoter *self, const char *sender, JsonObject *payload);
/* A candidate wants this node's vote. {EnsembleID, Term, Roll: number, Version}; (transfer full) (nullable):
 * {OK, Error, Term, Vote, Roll, Version, State?}. A witness is told that the ensemble is over, or nothing. */
JsonObject *dms_voter_vote (DmsVoter *self, const char *sender, JsonObject *payload);

G_END_DECLS
