/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "succession/dms-roll.h"

G_BEGIN_DECLS

/* What a member of a roll knows and has promised; stored before anything of it is said. */
typedef struct
{
  DmsRoll *roll;
  /* The newest term with an orchestrator, and which one that is. */
  guint64 term;
  char *leader;
  /* By what it showed that it is; (nullable) in the first term. */
  JsonArray *votes;
  /* The newest term that a vote was given in, and to whom: (nullable). */
  guint64 promised;
  char *promised_to;
  /* The newest state, and its version: later terms have higher ones. (nullable) */
  guint64 version;
  char *state;
  /* (nullable): with which the state is sealed; a witness has none. */
  char *key;
  /* This node deploys it, and not all orchestrators have agreed yet. */
  gboolean is_founding;
  /* When the deployment was said to be over (time of day); 0 before. Its promises are kept even then: who
   * slept through the end must not get what it had before. */
  gint64 ended_us;
  /* When the orchestrator, or a candidate that was voted for, was last heard of; on the clock that goes on
   * while the machine sleeps. Not stored. */
  gint64 heard_us;
} DmsBallot;

/* Microseconds of CLOCK_BOOTTIME. */
gint64 dms_ballot_now_us (void);

/* Heard of just now. */
DmsBallot *dms_ballot_new (DmsRoll *roll, guint64 term, const char *leader);
/* DMS_ERROR_CORRUPT. Heard of just now: what was heard before a restart is not known. */
DmsBallot *dms_ballot_new_from_json (JsonNode *json, GError **error);
JsonNode *dms_ballot_to_json (DmsBallot *self);
/* What must not be lost when it cannot be stored. */
DmsBallot *dms_ballot_copy (DmsBallot *self);
void dms_ballot_free (DmsBallot *self);
/* Whether the present orchestrator may still count on this member. */
gboolean dms_ballot_is_bound (DmsBallot *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsBallot, dms_ballot_free)

G_END_DECLS
