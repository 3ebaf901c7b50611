/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "orchestrator/dms-update-plan.h"
#include "workflow/dms-workflow.h"

G_BEGIN_DECLS

/* What cannot be changed in an ensemble whose workflow has come so far, with its path; NULL when all of the
 * update can be made: steps that have not begun may change, come and go, those that have ended stay as they
 * are, those that run go on unless they are removed. workflow: (nullable). (transfer full) */
char *dms_update_flow_refuse (DmsWorkflow *workflow, DmsEnsemble *from, DmsEnsemble *to, DmsUpdatePlan *plan);

G_END_DECLS
