/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "resources/dms-profile.h"

G_BEGIN_DECLS

/* The part of a profile that `requires` of a job file speaks of, and that requests for bids ask of a machine
 * besides its resources: libraries, price, time, KYC, speed and power. What a machine does not say of itself
 * does not meet it (dms_comparator_explain_profiles()). */

enum
{
  /* Libraries, prices and statements of one requirement: each is looked up on each machine that is asked. */
  DMS_REQUIREMENT_MAX_ITEMS = 32,
};

/* (nullable): whether it asks for nothing. */
gboolean dms_requirement_is_empty (DmsProfile *self);
/* (transfer full): what meets both. Either may be NULL. NULL with INVALID_DATA when nothing can: they name
 * prices and no currency that both take, or together more items than there may be. Prices of one currency:
 * the lower counts; of those in several, the ones that both take: a machine asks in one. */
DmsProfile *dms_requirement_tighten (DmsProfile *a, DmsProfile *b, GError **error);
/* Whether all that meets one meets the other. Either may be NULL. FALSE when that is not easy to tell. */
gboolean dms_requirement_implies (DmsProfile *self, DmsProfile *other);

/* Whether a library may be called so: what is looked for in files is no path. */
gboolean dms_requirement_is_library_name (const char *name);

/* Members that it does not know are left out, and have to be met nonetheless for whoever knows them. NULL
 * with INVALID_DATA. */
DmsProfile *dms_requirement_new_from_json (JsonNode *node, GError **error);
/* Without what is not asked for. */
JsonNode *dms_requirement_to_json (DmsProfile *self);

G_END_DECLS
