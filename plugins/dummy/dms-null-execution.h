/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

G_BEGIN_DECLS

#define DMS_TYPE_NULL_EXECUTION (dms_null_execution_get_type ())

G_DECLARE_FINAL_TYPE (DmsNullExecution, dms_null_execution, DMS, NULL_EXECUTION, GObject)

char *dms_null_execution_build_handle (DmsExecutionSpec *spec);

DmsNullExecution *dms_null_execution_launch (DmsExecutionSpec *spec, GError **error);
DmsNullExecution *dms_null_execution_adopt (const char *handle, GError **error);
GStrv dms_null_execution_list_handles (void);

G_END_DECLS
