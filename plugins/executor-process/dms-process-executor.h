/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

G_BEGIN_DECLS

#define DMS_TYPE_PROCESS_EXECUTOR (dms_process_executor_get_type ())

G_DECLARE_FINAL_TYPE (DmsProcessExecutor, dms_process_executor, DMS, PROCESS_EXECUTOR, GObject)

DmsExecutor *dms_process_executor_new (void);

G_END_DECLS
