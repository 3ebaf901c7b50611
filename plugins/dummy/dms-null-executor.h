/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

G_BEGIN_DECLS

#define DMS_TYPE_NULL_EXECUTOR (dms_null_executor_get_type ())

G_DECLARE_FINAL_TYPE (DmsNullExecutor, dms_null_executor, DMS, NULL_EXECUTOR, GObject)

G_END_DECLS
