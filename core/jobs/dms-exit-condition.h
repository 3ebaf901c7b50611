/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "jobs/dms-job-node.h"

G_BEGIN_DECLS

/* Which ends of a task are meant: `0`, another code, a list of codes, `nonzero` or `any`. */
typedef struct _DmsExitCondition DmsExitCondition;

#define DMS_TYPE_EXIT_CONDITION (dms_exit_condition_get_type ())

GType dms_exit_condition_get_type (void);

/* The exit code of a run that ended without one: it was killed, ran too long or could not be started. */
#define DMS_EXIT_NONE (-1)

DmsExitCondition *dms_exit_condition_new_success (void);
DmsExitCondition *dms_exit_condition_new_nonzero (void);
/* NULL with *why (transfer full) set to what was expected. */
DmsExitCondition *dms_exit_condition_new_from_node (DmsJobNode *node, char **why);
/* Whether a task that ran and ended with this code is meant. `nonzero` means DMS_EXIT_NONE, too. */
gboolean dms_exit_condition_matches (DmsExitCondition *self, int exit_code);
/* Whether a task that was skipped is meant: by `any` only. */
gboolean dms_exit_condition_matches_skipped (DmsExitCondition *self);

JsonNode *dms_exit_condition_to_json (DmsExitCondition *self);
DmsExitCondition *dms_exit_condition_ref (DmsExitCondition *self);
void dms_exit_condition_unref (DmsExitCondition *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsExitCondition, dms_exit_condition_unref)

G_END_DECLS
