/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "dms-types.h"

G_BEGIN_DECLS

#define DMS_TYPE_EXEC_RESULT (dms_exec_result_get_type ())

DMS_EXPORT GType dms_exec_result_get_type (void);

/* What a command run inside a job answered. */
DMS_EXPORT DmsExecResult *dms_exec_result_new (int exit_code, GBytes *out, GBytes *err);
DMS_EXPORT int dms_exec_result_get_exit_code (DmsExecResult *self);
DMS_EXPORT GBytes *dms_exec_result_get_stdout (DmsExecResult *self);
DMS_EXPORT GBytes *dms_exec_result_get_stderr (DmsExecResult *self);

DMS_EXPORT DmsExecResult *dms_exec_result_new_from_json (JsonNode *node, GError **error);
DMS_EXPORT JsonNode *dms_exec_result_to_json (DmsExecResult *self);
DMS_EXPORT DmsExecResult *dms_exec_result_ref (DmsExecResult *self);
DMS_EXPORT void dms_exec_result_unref (DmsExecResult *self);
DMS_EXPORT gboolean dms_exec_result_equal (DmsExecResult *a, DmsExecResult *b);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsExecResult, dms_exec_result_unref)

G_END_DECLS
