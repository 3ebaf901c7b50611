/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "actor/dms-actor.h"
#include "succession/dms-voter.h"

G_BEGIN_DECLS

typedef enum
{
  /* Another one orchestrates, or somebody is being chosen. */
  DMS_SUCCESSION_FOLLOWING,
  /* This node was the last that did, and does not know whether it still may. */
  DMS_SUCCESSION_HALTED,
  /* This node orchestrates, and no other does. */
  DMS_SUCCESSION_LEADING,
} DmsSuccessionRole;

#define DMS_TYPE_SUCCESSION (dms_succession_get_type ())

/* This node as one of the orchestrators of an ensemble, of which one leads at a time (docs/supervision.md).
 * The one that leads says so to all members of the roll several times within the roll's lease, with the state
 * of the deployment; it leads as long as a majority has agreed within the lease. When it is not heard of for
 * the lease, the others ask for votes, the first standby first; terms number the attempts. What a majority
 * has stored is never lost, for every later majority has a member that has it. Emits `role-changed`, and
 * `refused` with a peer ID and a text when a member does not want to be one. */
G_DECLARE_FINAL_TYPE (DmsSuccession, dms_succession, DMS, SUCCESSION, GObject)

typedef void (*DmsSuccessionFunc) (gpointer user_data);

/* This node deploys the ensemble and asks the others of the roll to be its standbys. It leads at once, but
 * nothing is safe before they have agreed. NULL with an error. */
DmsSuccession *dms_succession_new (DmsActor *root, DmsVoter *voter, DmsRoll *roll, GError **error);
/* This node was appointed, or has been started again: the voter has a ballot. */
DmsSuccession *dms_succession_join (DmsActor *root, DmsVoter *voter, const char *ensemble_id);
/* Says and asks nothing any more. The ballot stays. */
void dms_succession_stop (DmsSuccession *self);

DmsSuccessionRole dms_succession_get_role (DmsSuccession *self);
const char *dms_succession_get_ensemble_id (DmsSuccession *self);
/* The one that leads as far as this node knows. */
const char *dms_succession_get_leader (DmsSuccession *self);
guint64 dms_succession_get_term (DmsSuccession *self);
DmsRoll *dms_succession_get_roll (DmsSuccession *self);
/* (nullable): what shows to anybody that this node leads; nothing in the first term. */
JsonArray *dms_succession_get_votes (DmsSuccession *self);

/* (transfer full): the newest state this node knows; NULL with an error when there is none, or it is damaged.
 */
char *dms_succession_dup_state (DmsSuccession *self, GError **error);
/* Only while it leads: replaces the state. */
gboolean dms_succession_write (DmsSuccession *self, const char *state, GError **error);
/* A member that only votes: once, and for good. */
gboolean dms_succession_set_witness (DmsSuccession *self, const char *witness, GError **error);
/* Calls func once a majority has what was written last: at once when it has. Never, when it leads no more. */
void dms_succession_when_safe (DmsSuccession *self,
                               DmsSuccessionFunc func,
                               gpointer user_data,
                               GDestroyNotify destroy);
/* Whether there is a newer state than at the last call. */
gboolean dms_succession_take_news (DmsSuccession *self);
/* Whether the last state could not be given to the others, so that nothing more will be safe. */
gboolean dms_succession_is_stale (DmsSuccession *self);
/* This node cannot do what the one that leads has to: others may, until it is started again. */
void dms_succession_resign (DmsSuccession *self);
/* (nullable): once it has ended, the last state, when only others know it. */
const char *dms_succession_get_end (DmsSuccession *self);
/* The deployment is over: the others are told, and forget it; so does this node. Emits `ended`. */
void dms_succession_end (DmsSuccession *self);

G_END_DECLS
