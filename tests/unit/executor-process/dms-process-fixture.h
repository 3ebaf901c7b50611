/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

G_BEGIN_DECLS

/* The executor with a scratch directory of its own, and its calls without callbacks. */
typedef struct
{
  DmsExecutor *executor;
  char *directory;
  guint count;
} DmsProcessFixture;

void dms_process_fixture_set_up (DmsProcessFixture *self, gconstpointer data);
void dms_process_fixture_tear_down (DmsProcessFixture *self, gconstpointer data);
void dms_process_fixture_add (const char *path, void (*function) (DmsProcessFixture *, gconstpointer));

/* A builder with its own state directory; params is JSON. */
DmsExecutionSpecBuilder *dms_process_fixture_build (DmsProcessFixture *self, const char *params);
/* The same for a shell script. */
DmsExecutionSpecBuilder *dms_process_fixture_build_shell (DmsProcessFixture *self, const char *script);
DmsResources *dms_process_fixture_build_resources (double cores, guint64 memory, guint64 disk);

DmsExecution *
dms_process_fixture_launch (DmsProcessFixture *self, DmsExecutionSpecBuilder *builder, GError **error);
/* Launches, which must succeed. */
DmsExecution *dms_process_fixture_start (DmsProcessFixture *self, DmsExecutionSpecBuilder *builder);
DmsExecution *dms_process_fixture_start_shell (DmsProcessFixture *self, const char *script);
DmsExecution *dms_process_fixture_adopt (DmsProcessFixture *self, const char *handle, GError **error);
GStrv dms_process_fixture_list (DmsProcessFixture *self);
DmsExecutorProbe *dms_process_fixture_probe (DmsProcessFixture *self);

DmsExecutionResult *dms_process_fixture_wait (DmsExecution *execution);
gboolean dms_process_fixture_stop (DmsExecution *execution, guint grace_ms, GError **error);
gboolean dms_process_fixture_pause (DmsExecution *execution, GError **error);
gboolean dms_process_fixture_resume (DmsExecution *execution, GError **error);
DmsExecResult *
dms_process_fixture_exec (DmsExecution *execution, const char *const *argv, guint timeout_ms, GError **error);
DmsLogChunk *dms_process_fixture_read (DmsExecution *execution,
                                       DmsLogStream stream,
                                       guint64 offset,
                                       gsize max_bytes,
                                       gboolean follow,
                                       GCancellable *cancellable,
                                       GError **error);
/* The whole of a stream, as text. */
GBytes *
dms_process_fixture_read_file (DmsExecution *execution, const char *path, gsize max_bytes, GError **error);
char *dms_process_fixture_read_all (DmsExecution *execution, DmsLogStream stream);
DmsUsage *dms_process_fixture_get_usage (DmsExecution *execution);
void dms_process_fixture_remove (DmsExecution *execution);
/* Runs the main loop until a stream holds the text. */
void dms_process_fixture_await_output (DmsExecution *execution, const char *text);
/* Lets time pass in the main loop. */
void dms_process_fixture_sleep (guint ms);

G_END_DECLS
