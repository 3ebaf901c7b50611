/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

#include "actor/dms-actor.h"
#include "provider/dms-allocation-record.h"

G_BEGIN_DECLS

#define DMS_TYPE_RESTORE_CHECK (dms_restore_check_get_type ())

G_DECLARE_FINAL_TYPE (DmsRestoreCheck, dms_restore_check, DMS, RESTORE_CHECK, GObject)

/* After a restart: asks the orchestrator of an ensemble whether it still wants what runs here for it
 * (node-and-executors.md §4.2). Emits #DmsRestoreCheck::decided once. */
DmsRestoreCheck *dms_restore_check_new (DmsActor *root, const char *ensemble_id, DmsHandle *orchestrator);
const char *dms_restore_check_get_ensemble_id (DmsRestoreCheck *self);
void dms_restore_check_add (DmsRestoreCheck *self, const char *allocation_id);
void dms_restore_check_start (DmsRestoreCheck *self);
void dms_restore_check_stop (DmsRestoreCheck *self);

G_END_DECLS
