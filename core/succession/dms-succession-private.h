/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "succession/dms-succession.h"

/* Another member, as this node knows it. */
typedef struct
{
  char *peer;
  DmsHandle *handle;
  /* It has agreed to be a member; a question is open; what it has. */
  gboolean appointed;
  gboolean asked;
  /* It is no member and does not want to be one. */
  gboolean refuses;
  guint64 version;
  guint64 roll;
  gboolean told_of_end;
  /* When the last question was sent that it agreed to; 0 when none. */
  gint64 held_us;
} SuccessionPeer;

struct _DmsSuccession
{
  GObject parent_instance;

  DmsActor *root;
  DmsVoter *voter;
  char *id;
  char *peer;
  DmsSuccessionRole role;
  /* peer ID → SuccessionPeer */
  GHashTable *peers;
  GCancellable *cancellable;
  guint timer;
  gint64 said_us;
  /* The version that the deployment's record was last brought to. */
  guint64 told_version;
  /* (element-type Waiting) */
  GPtrArray *waiting;
  /* All orchestrators have agreed once; until when they must have. */
  gboolean founded;
  gint64 found_until_us;
  /* The last state could not be written: nothing that follows from it is safe. */
  gboolean stale;
  gboolean ending;
  /* (nullable): what another orchestrator said of it when it was over already. */
  char *end;
  gint64 end_until_us;
  /* A candidacy: its number, term and votes; when the next may begin. */
  guint attempt;
  guint64 candidate_term;
  gint64 asked_us;
  JsonArray *gathered;
  gint64 next_try_us;
};

DmsBallot *dms_succession_get_ballot (DmsSuccession *self);
void dms_succession_set_role (DmsSuccession *self, DmsSuccessionRole role);
/* Stores a changed ballot. A failure is logged. */
gboolean dms_succession_store (DmsSuccession *self, DmsBallot *ballot);
/* All members of the roll have a place in `peers`. */
void dms_succession_learn_peers (DmsSuccession *self);
/* Whether a majority of the roll are peers that a function says yes to; this node is one while it has not
 * promised a newer term. */
gboolean dms_succession_has_majority (DmsSuccession *self,
                                      gboolean (*is_one) (DmsSuccession *self, SuccessionPeer *peer));
gboolean dms_succession_holds (DmsSuccession *self, SuccessionPeer *peer);
gint64 dms_succession_get_lease_us (DmsSuccession *self);
/* Another member says so. */
void dms_succession_hear_of_end (DmsSuccession *self, SuccessionPeer *peer, JsonObject *reply);
/* The deployment is over, and nothing is left to say: emits ended. */
void dms_succession_close (DmsSuccession *self);
void dms_succession_say_to_all (DmsSuccession *self);
/* Election: to be called from time to time while this node does not lead. */
void dms_succession_look_for_leader (DmsSuccession *self);
