/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "jobs/dms-ensemble.h"

G_BEGIN_DECLS

/* What has to be done with a running ensemble so that it becomes another one; or why that cannot be
 * (orchestration.md 7). */
typedef struct _DmsUpdatePlan DmsUpdatePlan;

/* Neither argument is kept. */
DmsUpdatePlan *dms_update_plan_new (DmsEnsemble *from, DmsEnsemble *to);
void dms_update_plan_free (DmsUpdatePlan *self);

/* (nullable): what cannot be changed in a running ensemble, and what to do instead; one line. */
const char *dms_update_plan_get_refusal (DmsUpdatePlan *self);
/* Whether both are the same. */
gboolean dms_update_plan_is_empty (DmsUpdatePlan *self);
/* Whether the allocation, which is in both, has to be made anew where it is. */
gboolean dms_update_plan_renews (DmsUpdatePlan *self, const char *allocation);
/* Whether the node, which is in both, goes to another machine, with all it has. */
gboolean dms_update_plan_moves (DmsUpdatePlan *self, const char *node);
/* Whether the allocation runs on, and its health is checked in another way. */
gboolean dms_update_plan_rechecks (DmsUpdatePlan *self, const char *allocation);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsUpdatePlan, dms_update_plan_free)

G_END_DECLS
