/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

G_BEGIN_DECLS

#define DMS_TYPE_JOB_LOG (dms_job_log_get_type ())

G_DECLARE_FINAL_TYPE (DmsJobLog, dms_job_log, DMS, JOB_LOG, GObject)

/* The folder of an allocation with its `stdout.log` and `stderr.log`. While a job runs they are links to the
 * engine's own files where it has some; afterwards they hold everything, also of the executions before a
 * restart. */
DmsJobLog *dms_job_log_new (const char *folder);
const char *dms_job_log_get_folder (DmsJobLog *self);
/* Makes the folder (0700) and that of an execution in it, and puts earlier output aside. (transfer full)
 * (nullable) */
char *dms_job_log_open (DmsJobLog *self, const char *execution_id, GError **error);
void dms_job_log_link (DmsJobLog *self, const char *state_dir);

/* A piece of the whole stream. @execution: (nullable): the one that is writing. */
void dms_job_log_read_async (DmsJobLog *self,
                             DmsExecution *execution,
                             DmsLogStream stream,
                             guint64 offset,
                             gsize max_bytes,
                             GCancellable *cancellable,
                             GAsyncReadyCallback callback,
                             gpointer user_data);
DmsLogChunk *dms_job_log_read_finish (DmsJobLog *self, GAsyncResult *result, GError **error);

/* Copies what an execution wrote. May be repeated: the outcome is the same. */
void dms_job_log_collect_async (DmsJobLog *self,
                                DmsExecution *execution,
                                GCancellable *cancellable,
                                GAsyncReadyCallback callback,
                                gpointer user_data);
gboolean dms_job_log_collect_finish (DmsJobLog *self, GAsyncResult *result, GError **error);

/* What the execution that was collected last wrote, at most so much from its end. (transfer full) */
char *dms_job_log_dup_latest (DmsJobLog *self, DmsLogStream stream, gsize max_bytes);

/* Removes the folder and all in it. */
void dms_job_log_remove (const char *folder);

/* (transfer full) (nullable): all of a stream that was collected, if it is no longer than that. */
GBytes *dms_job_log_dup_small (DmsJobLog *self, DmsLogStream stream, gsize max_bytes);

G_END_DECLS
