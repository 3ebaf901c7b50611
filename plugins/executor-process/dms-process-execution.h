/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

#include "dms-process-status.h"

G_BEGIN_DECLS

#define DMS_TYPE_PROCESS_EXECUTION (dms_process_execution_get_type ())

G_DECLARE_FINAL_TYPE (DmsProcessExecution, dms_process_execution, DMS, PROCESS_EXECUTION, GObject)

/* One whose shim lives: connects to it; NULL when that fails. */
DmsProcessExecution *dms_process_execution_new_live (const char *state_dir, GError **error);
/* One that has ended. */
DmsProcessExecution *dms_process_execution_new_ended (const char *state_dir, DmsExecutionResult *result);

char *dms_process_execution_build_handle (const char *state_dir);
/* (transfer full): the state directory that a handle names; NULL when it is no handle of this executor. */
char *dms_process_execution_parse_handle (const char *handle);

G_END_DECLS
