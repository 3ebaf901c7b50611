/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

G_BEGIN_DECLS

#define DMS_TYPE_ROLL (dms_roll_get_type ())

enum
{
  /* One that deploys and its standbys (DMS_ENSEMBLE_MAX_STANDBYS), and a witness. */
  DMS_ROLL_MAX_MEMBERS = 8,
  DMS_ROLL_MIN_LEASE_MS = 1000,
  DMS_ROLL_MAX_LEASE_MS = 3600 * 1000,
};

/* Who decides which node orchestrates an ensemble: the orchestrators by rank, the first being the node that
 * deployed it, and perhaps a witness, which only votes. Immutable and counted. A roll that takes the place of
 * another has a higher number. */
typedef struct _DmsRoll DmsRoll;

GType dms_roll_get_type (void);

/* orchestrators: peer IDs, at least one. witness: (nullable) */
DmsRoll *dms_roll_new (const char *ensemble_id,
                       guint64 number,
                       const char *const *orchestrators,
                       const char *witness,
                       gint64 lease_ms);
/* DMS_ERROR_INVALID_DATA; every peer ID must hold its own key. */
DmsRoll *dms_roll_new_from_json (JsonNode *json, GError **error);
JsonNode *dms_roll_to_json (DmsRoll *self);
/* (transfer full): the same orchestrators, the next number. A roll has a witness for good, once it has one.
 */
DmsRoll *dms_roll_dup_with_witness (DmsRoll *self, const char *witness);
/* Whether this is what a roll without a witness may become. */
gboolean dms_roll_may_follow (DmsRoll *self, DmsRoll *present);

const char *dms_roll_get_ensemble_id (DmsRoll *self);
guint64 dms_roll_get_number (DmsRoll *self);
const char *const *dms_roll_get_orchestrators (DmsRoll *self);
/* (nullable) */
const char *dms_roll_get_witness (DmsRoll *self);
gint64 dms_roll_get_lease_ms (DmsRoll *self);
/* All that vote. */
const char *const *dms_roll_get_members (DmsRoll *self);
gboolean dms_roll_has_member (DmsRoll *self, const char *peer);
/* Place among the orchestrators; -1 when it is none. */
int dms_roll_get_rank (DmsRoll *self, const char *peer);
/* Any two majorities have a member in common. */
guint dms_roll_get_majority (DmsRoll *self);

DmsRoll *dms_roll_ref (DmsRoll *self);
void dms_roll_unref (DmsRoll *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsRoll, dms_roll_unref)

G_END_DECLS
