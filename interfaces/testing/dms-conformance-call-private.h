/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

G_BEGIN_DECLS

/* Calls of a contract that wait for their answer in the main loop; a call that takes longer than a minute
 * fails the test. */
typedef struct
{
  GAsyncResult *result;
  GSource *timeout;
} DmsConformanceCall;

void dms_conformance_call_begin (DmsConformanceCall *call);
void dms_conformance_call_done (GObject *source, GAsyncResult *result, gpointer user_data);
GAsyncResult *dms_conformance_call_wait (DmsConformanceCall *call);
void dms_conformance_call_end (DmsConformanceCall *call);
void dms_conformance_sleep (guint ms);

DmsExecutorProbe *dms_conformance_probe (DmsExecutor *executor, GError **error);
gboolean dms_conformance_prepare (DmsExecutor *executor, DmsExecutionSpec *spec, GError **error);
DmsExecution *dms_conformance_launch (DmsExecutor *executor,
                                      DmsExecutionSpec *spec,
                                      GCancellable *cancellable,
                                      GError **error);
DmsExecution *dms_conformance_adopt (DmsExecutor *executor, const char *handle, GError **error);
GStrv dms_conformance_list (DmsExecutor *executor, GError **error);

DmsExecutionResult *dms_conformance_wait (DmsExecution *execution, GError **error);
gboolean dms_conformance_stop (DmsExecution *execution, guint grace_ms, GError **error);
gboolean dms_conformance_pause (DmsExecution *execution, GError **error);
gboolean dms_conformance_resume (DmsExecution *execution, GError **error);
gboolean dms_conformance_remove (DmsExecution *execution, GError **error);
DmsExecResult *dms_conformance_exec (DmsExecution *execution, const char *const *argv, GError **error);
GBytes *
dms_conformance_read_file (DmsExecution *execution, const char *path, gsize max_bytes, GError **error);
DmsUsage *dms_conformance_get_usage (DmsExecution *execution, GError **error);
DmsLogChunk *dms_conformance_read_log (DmsExecution *execution,
                                       DmsLogStream stream,
                                       guint64 offset,
                                       gsize max_bytes,
                                       gboolean follow,
                                       GError **error);

G_END_DECLS
