/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

#include "jobs/dms-health-check.h"

G_BEGIN_DECLS

/* Looks once whether a job is well (ensemble.md §4.7). @subnet_ip: (nullable): the job's own address. */
void dms_health_probe_run_async (DmsHealthCheck *check,
                                 DmsExecution *execution,
                                 const char *subnet_ip,
                                 GCancellable *cancellable,
                                 GAsyncReadyCallback callback,
                                 gpointer user_data);
/* TRUE when it is; the error says why not. */
gboolean dms_health_probe_run_finish (DmsExecution *execution, GAsyncResult *result, GError **error);

G_END_DECLS
