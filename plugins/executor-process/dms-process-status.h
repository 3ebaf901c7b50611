/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

G_BEGIN_DECLS

/* What the shim last wrote into `status.json`. Immutable. */
typedef struct _DmsProcessStatus DmsProcessStatus;

/* NULL with DMS_ERROR_NOT_FOUND when there is no such file, DMS_ERROR_CORRUPT when it makes no sense. */
DmsProcessStatus *dms_process_status_load (const char *state_dir, GError **error);
DmsProcessStatus *dms_process_status_ref (DmsProcessStatus *self);
void dms_process_status_unref (DmsProcessStatus *self);

DmsExecutionState dms_process_status_get_state (DmsProcessStatus *self);
/* (nullable): how it ended; NULL before. */
DmsExecutionResult *dms_process_status_get_result (DmsProcessStatus *self);
/* What is known of an execution whose shim is gone before its job had ended. (transfer full) */
DmsExecutionResult *dms_process_status_dup_lost (DmsProcessStatus *self);
/* The shim's process ID if that process is still the shim, else 0. */
gint64 dms_process_status_get_shim_pid (DmsProcessStatus *self);

/* A state's name in the file and on the control socket. */
DmsExecutionState dms_process_status_parse_phase (const char *phase);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsProcessStatus, dms_process_status_unref)

G_END_DECLS
