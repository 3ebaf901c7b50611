/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

G_BEGIN_DECLS

enum
{
  MIB = 1024 * 1024
};

/* What the tests on a real engine share: an executor, a state directory, at most one execution. */
typedef struct
{
  DmsExecutor *executor;
  char *directory;
  DmsExecution *execution;
} Fixture;

void on_ready (GObject *source, GAsyncResult *result, gpointer user_data);
GAsyncResult *await (GAsyncResult **slot);
void sleep_ms (guint ms);
void set_up (Fixture *fixture, gconstpointer data);
void remove_execution (DmsExecution *execution);
GStrv list_handles (Fixture *fixture);
void tear_down (Fixture *fixture, gconstpointer data);
DmsExecutionSpecBuilder *
build_image (Fixture *fixture, const char *image, const char *json, guint64 memory, double cores);
DmsExecutionSpecBuilder *build_shell (Fixture *fixture, const char *script);
DmsExecution *try_launch (Fixture *fixture, DmsExecutionSpecBuilder *builder, GError **error);
void launch (Fixture *fixture, DmsExecutionSpecBuilder *builder);
void launch_shell (Fixture *fixture, const char *script);
DmsExecutionResult *wait_end (DmsExecution *execution);
DmsLogChunk *
read_chunk (DmsExecution *execution, DmsLogStream stream, guint64 offset, gsize max_bytes, gboolean follow);
char *dup_log (DmsExecution *execution, DmsLogStream stream);
void wait_for_output (DmsExecution *execution, const char *wanted);

void assert_log (DmsExecution *execution, DmsLogStream stream, const char *expected);

G_END_DECLS
