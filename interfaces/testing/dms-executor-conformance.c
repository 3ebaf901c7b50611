/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "testing/dms-executor-conformance.h"

#include <string.h>
#include <time.h>

#include <glib/gstdio.h>

#include "testing/dms-conformance-call-private.h"

typedef struct
{
  DmsConformanceExecutorFunc make_executor;
  DmsConformanceSpecFunc make_spec;
  gpointer user_data;
} DmsConformanceSuite;

/* One test: an executor and everything it made, which is removed at the end. */
typedef struct
{
  const DmsConformanceSuite *suite;
  DmsExecutor *executor;
  DmsExecutorFeatures features;
  GPtrArray *directories;
  GPtrArray *executions;
  /* (nullable): a directory */
  char *secrets;
} DmsConformanceCase;

typedef struct
{
  const char *name;
  void (*run) (DmsConformanceCase *self);
} DmsConformanceTest;

typedef struct
{
  DmsConformanceSuite suite;
  const DmsConformanceTest *test;
} DmsConformanceEntry;

enum
{
  /* Time enough to begin. */
  DMS_CONFORMANCE_LEASE_MS = 6000,
};

static const char dms_conformance_out[] = "first line of output\nsecond line\n";
static const char dms_conformance_err[] = "a complaint\n";
static const char dms_conformance_secret[] = "nobody's business\n";

static void
dms_conformance_remove_tree (const char *path)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const char *name = NULL;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *child = g_build_filename (path, name, NULL);

      if (g_file_test (child, G_FILE_TEST_IS_DIR) && !g_file_test (child, G_FILE_TEST_IS_SYMLINK))
        dms_conformance_remove_tree (child);
      else
        g_unlink (child);
    }
  g_rmdir (path);
}

/* A file beside all state directories, which no job has a right to. */
static char *
dms_conformance_case_get_secret (DmsConformanceCase *self)
{
  g_autoptr (GError) error = NULL;

  if (self->secrets == NULL)
    {
      g_autofree char *path = NULL;

      self->secrets = g_dir_make_tmp ("dms-conformance-XXXXXX", &error);
      g_assert_no_error (error);
      path = g_build_filename (self->secrets, "secret", NULL);
      g_file_set_contents (path, dms_conformance_secret, -1, &error);
      g_assert_no_error (error);
    }
  return g_build_filename (self->secrets, "secret", NULL);
}

static DmsExecutionSpec *
dms_conformance_case_make_spec (DmsConformanceCase *self, DmsConformanceJob job, int exit_code)
{
  g_autofree char *execution_id = g_uuid_string_random ();
  g_autoptr (GError) error = NULL;
  char *directory = g_dir_make_tmp ("dms-conformance-XXXXXX", &error);
  DmsConformanceRequest request = {
    .job = job,
    .job_id = "0123456789abcdef_node1.allocation1",
    .execution_id = execution_id,
    .state_dir = directory,
    .out = dms_conformance_out,
    .err = dms_conformance_err,
    .exit_code = exit_code,
  };
  g_autofree char *secret = NULL;

  g_assert_no_error (error);
  g_ptr_array_add (self->directories, directory);
  secret = dms_conformance_case_get_secret (self);
  request.secret = secret;
  return self->suite->make_spec (&request, self->suite->user_data);
}

static DmsExecution *
dms_conformance_case_keep (DmsConformanceCase *self, DmsExecution *execution)
{
  g_ptr_array_add (self->executions, g_object_ref (execution));
  return execution;
}

static DmsExecution *
dms_conformance_case_launch_spec (DmsConformanceCase *self, DmsExecutionSpec *spec)
{
  g_autoptr (GError) error = NULL;
  DmsExecution *execution = NULL;

  g_assert_true (dms_executor_validate (self->executor, spec, &error));
  g_assert_no_error (error);
  g_assert_true (dms_conformance_prepare (self->executor, spec, &error));
  g_assert_no_error (error);
  execution = dms_conformance_launch (self->executor, spec, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (DMS_IS_EXECUTION (execution));
  return dms_conformance_case_keep (self, execution);
}

/* NULL, with the test skipped, when the executor has no such job. */
static DmsExecution *
dms_conformance_case_launch (DmsConformanceCase *self, DmsConformanceJob job, int exit_code)
{
  g_autoptr (DmsExecutionSpec) spec = dms_conformance_case_make_spec (self, job, exit_code);

  if (spec == NULL)
    {
      g_test_skip ("the executor has no such job");
      return NULL;
    }
  return dms_conformance_case_launch_spec (self, spec);
}

static DmsExecutionResult *
dms_conformance_case_wait (DmsExecution *execution)
{
  g_autoptr (GError) error = NULL;
  DmsExecutionResult *result = dms_conformance_wait (execution, &error);

  g_assert_no_error (error);
  g_assert_nonnull (result);
  g_assert_cmpint (dms_execution_get_state (execution), ==, DMS_EXECUTION_ENDED);
  return result;
}

/* Reads a stream to its end in small pieces, checking every piece. */
static char *
dms_conformance_case_read_all (DmsExecution *execution, DmsLogStream stream, gsize piece, gboolean follow)
{
  g_autoptr (GString) text = g_string_new (NULL);
  gboolean eof = FALSE;

  while (!eof)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (DmsLogChunk) chunk = NULL;
      gsize size = 0;
      const char *data = NULL;

      chunk = dms_conformance_read_log (execution, stream, text->len, piece, follow, &error);
      g_assert_no_error (error);
      g_assert_nonnull (chunk);
      data = g_bytes_get_data (dms_log_chunk_get_data (chunk), &size);
      g_assert_cmpint (dms_log_chunk_get_stream (chunk), ==, stream);
      g_assert_cmpuint (dms_log_chunk_get_offset (chunk), ==, text->len);
      g_assert_cmpuint (size, <=, piece);
      g_assert_cmpuint (dms_log_chunk_get_total_size (chunk), >=, text->len + size);
      eof = dms_log_chunk_get_eof (chunk);
      /* Either something came, or nothing ever will. */
      g_assert_true (size > 0 || eof || !follow);
      g_string_append_len (text, data, (gssize) size);
      g_assert_cmpuint (text->len, <, 1024 * 1024);
      if (size == 0 && !eof)
        dms_conformance_sleep (20);
    }
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static gboolean
dms_conformance_case_is_listed (DmsConformanceCase *self, const char *handle)
{
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) handles = dms_conformance_list (self->executor, &error);

  g_assert_no_error (error);
  g_assert_nonnull (handles);
  return g_strv_contains ((const char *const *) handles, handle);
}

static void
dms_conformance_assert_dms_error (const GError *error)
{
  g_assert_nonnull (error);
  g_assert_true (error->domain == DMS_ERROR);
  g_assert_cmpuint (strlen (error->message), >, 0);
}

static void
dms_conformance_test_id (DmsConformanceCase *self)
{
  const char *id = dms_executor_get_id (self->executor);

  g_assert_nonnull (id);
  g_assert_cmpuint (strlen (id), >, 0);
  for (const char *p = id; *p != '\0'; p++)
    g_assert_true (g_ascii_islower (*p) || g_ascii_isdigit (*p) || *p == '-');
  g_assert_cmpstr (id, ==, dms_executor_get_id (self->executor));
}

static void
dms_conformance_test_validate (DmsConformanceCase *self)
{
  g_autoptr (DmsExecutionSpec) good = dms_conformance_case_make_spec (self, DMS_CONFORMANCE_JOB_PRINT, 0);
  g_autoptr (DmsExecutionSpec) bad = dms_conformance_case_make_spec (self, DMS_CONFORMANCE_JOB_INVALID, 0);
  g_autoptr (GError) error = NULL;

  g_assert_true (dms_executor_validate (self->executor, good, &error));
  g_assert_no_error (error);
  if (bad == NULL)
    return;
  g_assert_false (dms_executor_validate (self->executor, bad, &error));
  dms_conformance_assert_dms_error (error);
  /* A reader of the message must be able to repair the job file. */
  g_assert_cmpuint (strlen (error->message), >, 10);
  g_assert_null (dms_conformance_launch (self->executor, bad, NULL, NULL));
}

static void
dms_conformance_test_handle (DmsConformanceCase *self)
{
  g_autoptr (DmsExecutionSpec) spec = dms_conformance_case_make_spec (self, DMS_CONFORMANCE_JOB_PRINT, 0);
  g_autoptr (DmsExecutionSpec) other = dms_conformance_case_make_spec (self, DMS_CONFORMANCE_JOB_PRINT, 0);
  g_autofree char *handle = dms_executor_dup_handle (self->executor, spec);
  g_autofree char *again = dms_executor_dup_handle (self->executor, spec);
  g_autofree char *different = dms_executor_dup_handle (self->executor, other);
  g_autoptr (DmsExecution) execution = NULL;

  g_assert_nonnull (handle);
  g_assert_cmpuint (strlen (handle), >, 0);
  g_assert_cmpuint (strlen (handle), <=, 4096);
  g_assert_cmpstr (handle, ==, again);
  g_assert_cmpstr (handle, !=, different);
  execution = dms_conformance_case_launch_spec (self, spec);
  g_assert_cmpstr (dms_execution_get_handle (execution), ==, handle);
}

static void
dms_conformance_test_run (DmsConformanceCase *self)
{
  g_autoptr (DmsExecution) execution = dms_conformance_case_launch (self, DMS_CONFORMANCE_JOB_PRINT, 0);
  g_autoptr (DmsExecutionResult) result = dms_conformance_case_wait (execution);
  gint64 started = dms_execution_result_get_started_us (result);
  gint64 ended = dms_execution_result_get_ended_us (result);
  gint64 now = g_get_real_time ();

  g_assert_cmpint (dms_execution_result_get_reason (result), ==, DMS_END_EXITED);
  g_assert_cmpint (dms_execution_result_get_exit_code (result), ==, 0);
  g_assert_true (dms_execution_result_is_success (result));
  g_assert_cmpint (started, >, now - 120 * G_USEC_PER_SEC);
  g_assert_cmpint (ended, >=, started);
  /* An engine may have a clock of its own, but not one of another day. */
  g_assert_cmpint (ended, <, now + 60 * G_USEC_PER_SEC);
}

static void
dms_conformance_test_exit_code (DmsConformanceCase *self)
{
  g_autoptr (DmsExecution) execution = dms_conformance_case_launch (self, DMS_CONFORMANCE_JOB_PRINT, 7);
  g_autoptr (DmsExecutionResult) result = dms_conformance_case_wait (execution);

  g_assert_cmpint (dms_execution_result_get_reason (result), ==, DMS_END_EXITED);
  g_assert_cmpint (dms_execution_result_get_exit_code (result), ==, 7);
  g_assert_false (dms_execution_result_is_success (result));
}

static void
dms_conformance_test_wait_twice (DmsConformanceCase *self)
{
  g_autoptr (DmsExecution) execution = dms_conformance_case_launch (self, DMS_CONFORMANCE_JOB_PRINT, 3);
  g_autoptr (DmsExecutionResult) first = NULL;
  g_autoptr (DmsExecutionResult) second = NULL;
  g_autoptr (DmsExecutionResult) third = NULL;
  DmsConformanceCall calls[2];

  dms_conformance_call_begin (&calls[0]);
  dms_conformance_call_begin (&calls[1]);
  dms_execution_wait_async (execution, NULL, dms_conformance_call_done, &calls[0]);
  dms_execution_wait_async (execution, NULL, dms_conformance_call_done, &calls[1]);
  while (calls[0].result == NULL || calls[1].result == NULL)
    g_main_context_iteration (NULL, TRUE);
  first = dms_execution_wait_finish (execution, calls[0].result, NULL);
  second = dms_execution_wait_finish (execution, calls[1].result, NULL);
  dms_conformance_call_end (&calls[0]);
  dms_conformance_call_end (&calls[1]);
  third = dms_conformance_case_wait (execution);
  g_assert_nonnull (first);
  g_assert_nonnull (second);
  g_assert_cmpint (dms_execution_result_get_exit_code (first), ==, 3);
  g_assert_cmpint (dms_execution_result_get_exit_code (second), ==, 3);
  g_assert_cmpint (dms_execution_result_get_exit_code (third), ==, 3);
}

static void
dms_conformance_test_logs (DmsConformanceCase *self)
{
  g_autoptr (DmsExecution) execution = dms_conformance_case_launch (self, DMS_CONFORMANCE_JOB_PRINT, 0);
  g_autoptr (DmsExecutionResult) result = dms_conformance_case_wait (execution);
  g_autofree char *out = dms_conformance_case_read_all (execution, DMS_LOG_STDOUT, 65536, FALSE);
  g_autofree char *pieces = dms_conformance_case_read_all (execution, DMS_LOG_STDOUT, 5, FALSE);
  g_autofree char *err = dms_conformance_case_read_all (execution, DMS_LOG_STDERR, 65536, TRUE);
  g_autoptr (DmsLogChunk) past = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_cmpstr (out, ==, dms_conformance_out);
  g_assert_cmpstr (pieces, ==, dms_conformance_out);
  g_assert_cmpstr (err, ==, dms_conformance_err);
  past = dms_conformance_read_log (execution, DMS_LOG_STDOUT, strlen (out), 100, TRUE, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (g_bytes_get_size (dms_log_chunk_get_data (past)), ==, 0);
  g_assert_true (dms_log_chunk_get_eof (past));
}

static void
dms_conformance_test_follow (DmsConformanceCase *self)
{
  g_autoptr (DmsExecution) execution = dms_conformance_case_launch (self, DMS_CONFORMANCE_JOB_LATE, 0);
  g_autoptr (DmsLogChunk) chunk = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *all = NULL;
  g_autofree char *expected = g_strconcat (dms_conformance_out, dms_conformance_err, NULL);

  if (execution == NULL)
    return;
  chunk = dms_conformance_read_log (execution, DMS_LOG_STDOUT, 0, 65536, TRUE, &error);
  g_assert_no_error (error);
  /* The first words come while the job runs. */
  g_assert_cmpuint (g_bytes_get_size (dms_log_chunk_get_data (chunk)), >, 0);
  g_assert_false (dms_log_chunk_get_eof (chunk));
  all = dms_conformance_case_read_all (execution, DMS_LOG_STDOUT, 65536, TRUE);
  g_assert_cmpstr (all, ==, expected);
}

static void
dms_conformance_on_state_changed (DmsExecution *execution, DmsExecutionState state, gpointer user_data)
{
  GArray *states = user_data;

  g_assert_cmpint (dms_execution_get_state (execution), ==, state);
  g_array_append_val (states, state);
}

static void
dms_conformance_test_states (DmsConformanceCase *self)
{
  g_autoptr (DmsExecution) execution = dms_conformance_case_launch (self, DMS_CONFORMANCE_JOB_SLEEP, 0);
  g_autoptr (GArray) states = g_array_new (FALSE, FALSE, sizeof (DmsExecutionState));
  g_autoptr (DmsExecutionResult) result = NULL;
  g_autoptr (GError) error = NULL;

  if (execution == NULL)
    return;
  g_assert_cmpint (dms_execution_get_state (execution), ==, DMS_EXECUTION_RUNNING);
  g_signal_connect (execution, "state-changed", G_CALLBACK (dms_conformance_on_state_changed), states);
  g_assert_true (dms_conformance_stop (execution, 5000, &error));
  g_assert_no_error (error);
  result = dms_conformance_case_wait (execution);
  dms_conformance_sleep (100);
  g_signal_handlers_disconnect_by_data (execution, states);
  g_assert_cmpuint (states->len, ==, 1);
  g_assert_cmpint (g_array_index (states, DmsExecutionState, 0), ==, DMS_EXECUTION_ENDED);
}

static void
dms_conformance_test_stop (DmsConformanceCase *self)
{
  g_autoptr (DmsExecution) execution = dms_conformance_case_launch (self, DMS_CONFORMANCE_JOB_SLEEP, 0);
  g_autoptr (DmsExecutionResult) result = NULL;
  g_autoptr (GError) error = NULL;
  gint64 begin = g_get_monotonic_time ();

  if (execution == NULL)
    return;
  g_assert_true (dms_conformance_stop (execution, 20 * 1000, &error));
  g_assert_no_error (error);
  result = dms_conformance_case_wait (execution);
  g_assert_cmpint (dms_execution_result_get_reason (result), ==, DMS_END_STOPPED);
  g_assert_false (dms_execution_result_is_success (result));
  /* It was asked, not killed. */
  g_assert_cmpint (g_get_monotonic_time () - begin, <, 15 * G_USEC_PER_SEC);
  /* Stopping what has ended is no error. */
  g_assert_true (dms_conformance_stop (execution, 1000, &error));
  g_assert_no_error (error);
}

static void
dms_conformance_test_kill (DmsConformanceCase *self)
{
  g_autoptr (DmsExecution) execution = dms_conformance_case_launch (self, DMS_CONFORMANCE_JOB_STUBBORN, 0);
  g_autoptr (DmsExecutionResult) result = NULL;
  g_autoptr (GError) error = NULL;
  gint64 begin = 0;

  if (execution == NULL)
    return;
  /* The job needs a moment to shut its ears. */
  dms_conformance_sleep (500);
  begin = g_get_monotonic_time ();
  g_assert_true (dms_conformance_stop (execution, 1000, &error));
  g_assert_no_error (error);
  result = dms_conformance_case_wait (execution);
  g_assert_cmpint (dms_execution_result_get_reason (result), ==, DMS_END_STOPPED);
  g_assert_cmpint (dms_execution_result_get_exit_code (result), ==, 137);
  g_assert_cmpint (g_get_monotonic_time () - begin, >=, 700 * 1000);
}

static void
dms_conformance_test_pause (DmsConformanceCase *self)
{
  g_autoptr (DmsExecution) execution = dms_conformance_case_launch (self, DMS_CONFORMANCE_JOB_SLEEP, 0);
  g_autoptr (GError) error = NULL;

  if (execution == NULL)
    return;
  if ((self->features & DMS_EXECUTOR_FEATURE_PAUSE) == 0)
    {
      g_assert_false (dms_conformance_pause (execution, &error));
      g_assert_error (error, DMS_ERROR, DMS_ERROR_NOT_SUPPORTED);
      return;
    }
  g_assert_true (dms_conformance_pause (execution, &error));
  g_assert_no_error (error);
  g_assert_cmpint (dms_execution_get_state (execution), ==, DMS_EXECUTION_PAUSED);
  g_assert_true (dms_conformance_resume (execution, &error));
  g_assert_no_error (error);
  g_assert_cmpint (dms_execution_get_state (execution), ==, DMS_EXECUTION_RUNNING);
  g_assert_true (dms_conformance_pause (execution, &error));
  g_assert_no_error (error);
  /* A frozen job can be stopped all the same. */
  g_assert_true (dms_conformance_stop (execution, 1000, &error));
  g_assert_no_error (error);
  g_assert_cmpint (dms_execution_get_state (execution), ==, DMS_EXECUTION_ENDED);
  g_assert_false (dms_conformance_pause (execution, &error));
  dms_conformance_assert_dms_error (error);
}

/* The line of dms_execution_spec_get_lease_path(), for a lease that ends so soon from now on. */
static char *
dms_conformance_write_lease (const char *directory, gint64 left_ms)
{
  g_autofree char *boot_id = NULL;
  g_autofree char *line = NULL;
  char *path = g_build_filename (directory, "lease", NULL);
  struct timespec now;
  gint64 end_us;

  g_assert_true (g_file_get_contents ("/proc/sys/kernel/random/boot_id", &boot_id, NULL, NULL));
  g_assert_cmpint (clock_gettime (CLOCK_BOOTTIME, &now), ==, 0);
  end_us = (gint64) now.tv_sec * G_USEC_PER_SEC + now.tv_nsec / 1000 + left_ms * 1000;
  line = g_strdup_printf ("1 %s %" G_GINT64_FORMAT " %" G_GINT64_FORMAT " %" G_GINT64_FORMAT
                          " %" G_GINT64_FORMAT " %" G_GINT64_FORMAT "\n",
                          g_strstrip (boot_id),
                          left_ms,
                          end_us,
                          end_us,
                          end_us,
                          end_us);
  g_assert_true (g_file_set_contents (path, line, -1, NULL));
  return path;
}

/* Either it is said that leases are not kept, or the job ends with its lease and nobody's help. */
static void
dms_conformance_test_lease (DmsConformanceCase *self)
{
  g_autoptr (DmsExecutionSpec) spec = dms_conformance_case_make_spec (self, DMS_CONFORMANCE_JOB_SLEEP, 0);
  g_autoptr (DmsExecutionSpec) leased = NULL;
  g_autoptr (DmsExecution) execution = NULL;
  g_autoptr (DmsExecutionResult) result = NULL;
  g_autoptr (JsonNode) json = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *path = NULL;

  if (spec == NULL)
    {
      g_test_skip ("the executor has no such job");
      return;
    }
  path = dms_conformance_write_lease (g_ptr_array_index (self->directories, self->directories->len - 1),
                                      DMS_CONFORMANCE_LEASE_MS);
  json = dms_execution_spec_to_json (spec);
  json_object_set_string_member (json_node_get_object (json), "lease_path", path);
  leased = dms_execution_spec_new_from_json (json, &error);
  g_assert_no_error (error);
  if (!dms_executor_validate (self->executor, leased, &error))
    {
      g_assert_error (error, DMS_ERROR, DMS_ERROR_NOT_SUPPORTED);
      return;
    }
  execution = dms_conformance_case_launch_spec (self, leased);
  result = dms_conformance_case_wait (execution);
  g_assert_cmpint (dms_execution_result_get_reason (result), ==, DMS_END_STOPPED);
}

static void
dms_conformance_test_exec (DmsConformanceCase *self)
{
  static const char *const argv[] = { "echo", "checked", NULL };
  g_autoptr (DmsExecution) execution = dms_conformance_case_launch (self, DMS_CONFORMANCE_JOB_SLEEP, 0);
  g_autoptr (DmsExecResult) result = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *out = NULL;
  GBytes *bytes = NULL;

  if (execution == NULL)
    return;
  result = dms_conformance_exec (execution, argv, &error);
  if ((self->features & DMS_EXECUTOR_FEATURE_EXEC) == 0)
    {
      g_assert_error (error, DMS_ERROR, DMS_ERROR_NOT_SUPPORTED);
      return;
    }
  g_assert_no_error (error);
  g_assert_cmpint (dms_exec_result_get_exit_code (result), ==, 0);
  bytes = dms_exec_result_get_stdout (result);
  out = g_strndup (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
  g_assert_nonnull (strstr (out, "checked"));
  g_assert_true (dms_conformance_stop (execution, 5000, NULL));
  g_assert_null (dms_conformance_exec (execution, argv, &error));
  dms_conformance_assert_dms_error (error);
}

static void
dms_conformance_test_usage (DmsConformanceCase *self)
{
  g_autoptr (DmsExecution) execution = dms_conformance_case_launch (self, DMS_CONFORMANCE_JOB_SLEEP, 0);
  g_autoptr (DmsUsage) usage = NULL;
  g_autoptr (GError) error = NULL;

  if (execution == NULL)
    return;
  usage = dms_conformance_get_usage (execution, &error);
  g_assert_no_error (error);
  g_assert_nonnull (usage);
  g_assert_true (dms_usage_get_cpu_percent (usage) >= 0);
}

static void
dms_conformance_test_memory (DmsConformanceCase *self)
{
  g_autoptr (DmsExecution) execution = NULL;
  g_autoptr (DmsExecutionResult) result = NULL;

  if ((self->features & DMS_EXECUTOR_FEATURE_LIMIT_MEMORY) == 0)
    {
      g_test_skip ("the executor does not hold memory limits here");
      return;
    }
  execution = dms_conformance_case_launch (self, DMS_CONFORMANCE_JOB_ALLOCATE, 0);
  if (execution == NULL)
    return;
  result = dms_conformance_case_wait (execution);
  g_assert_cmpint (dms_execution_result_get_reason (result), ==, DMS_END_OUT_OF_MEMORY);
  g_assert_nonnull (dms_execution_result_get_message (result));
}

/* Plays a restart of the daemon. */
static DmsExecution *
dms_conformance_case_adopt (DmsConformanceCase *self, const char *handle)
{
  g_autoptr (GError) error = NULL;
  DmsExecution *execution = NULL;

  g_clear_object (&self->executor);
  g_ptr_array_set_size (self->executions, 0);
  self->executor = self->suite->make_executor (self->suite->user_data);
  execution = dms_conformance_adopt (self->executor, handle, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (dms_execution_get_handle (execution), ==, handle);
  return dms_conformance_case_keep (self, execution);
}

static void
dms_conformance_test_adopt_running (DmsConformanceCase *self)
{
  DmsExecution *launched = dms_conformance_case_launch (self, DMS_CONFORMANCE_JOB_SLEEP, 0);
  g_autoptr (DmsExecution) execution = NULL;
  g_autoptr (DmsExecutionResult) result = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *handle = NULL;

  if (launched == NULL)
    return;
  handle = g_strdup (dms_execution_get_handle (launched));
  g_object_unref (launched);
  execution = dms_conformance_case_adopt (self, handle);
  g_assert_cmpint (dms_execution_get_state (execution), ==, DMS_EXECUTION_RUNNING);
  g_assert_true (dms_conformance_stop (execution, 5000, &error));
  g_assert_no_error (error);
  result = dms_conformance_case_wait (execution);
  g_assert_cmpint (dms_execution_result_get_reason (result), ==, DMS_END_STOPPED);
}

static void
dms_conformance_test_adopt_ended (DmsConformanceCase *self)
{
  DmsExecution *launched = dms_conformance_case_launch (self, DMS_CONFORMANCE_JOB_PRINT, 5);
  g_autoptr (DmsExecution) execution = NULL;
  g_autoptr (DmsExecutionResult) before = dms_conformance_case_wait (launched);
  g_autoptr (DmsExecutionResult) after = NULL;
  g_autofree char *handle = g_strdup (dms_execution_get_handle (launched));
  g_autofree char *out = NULL;
  g_autofree char *err = NULL;

  g_object_unref (launched);
  execution = dms_conformance_case_adopt (self, handle);
  g_assert_cmpint (dms_execution_get_state (execution), ==, DMS_EXECUTION_ENDED);
  after = dms_conformance_case_wait (execution);
  g_assert_cmpint (dms_execution_result_get_reason (after), ==, DMS_END_EXITED);
  g_assert_cmpint (dms_execution_result_get_exit_code (after), ==, 5);
  out = dms_conformance_case_read_all (execution, DMS_LOG_STDOUT, 65536, FALSE);
  err = dms_conformance_case_read_all (execution, DMS_LOG_STDERR, 65536, FALSE);
  g_assert_cmpstr (out, ==, dms_conformance_out);
  g_assert_cmpstr (err, ==, dms_conformance_err);
}

static void
dms_conformance_test_adopt_unknown (DmsConformanceCase *self)
{
  g_autoptr (DmsExecutionSpec) spec = dms_conformance_case_make_spec (self, DMS_CONFORMANCE_JOB_PRINT, 0);
  g_autofree char *handle = dms_executor_dup_handle (self->executor, spec);
  g_autoptr (GError) error = NULL;

  /* The daemon may have died between storing the handle and the launch. */
  g_assert_null (dms_conformance_adopt (self->executor, handle, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_NOT_FOUND);
  g_clear_error (&error);
  g_assert_null (dms_conformance_adopt (self->executor, "../../etc/passwd", &error));
  dms_conformance_assert_dms_error (error);
}

static void
dms_conformance_assert_file (DmsExecution *execution, const char *path, gsize max_bytes, const char *expected)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = dms_conformance_read_file (execution, path, max_bytes, &error);
  gsize size = 0;
  const char *data = NULL;

  g_assert_no_error (error);
  data = g_bytes_get_data (bytes, &size);
  g_assert_cmpmem (data, size, expected, strlen (expected));
}

static void
dms_conformance_assert_no_file (DmsExecution *execution, const char *path)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (dms_conformance_read_file (execution, path, 1024, &error));
  dms_conformance_assert_dms_error (error);
}

/* Of a file that is too large to look into its end is read, or it is said that it is too large. */
static void
dms_conformance_assert_large_file (DmsExecution *execution)
{
  const gsize length = strlen (dms_conformance_err);
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = dms_conformance_read_file (execution, "large", length, &error);

  if (bytes != NULL)
    g_assert_cmpmem (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), dms_conformance_err, length);
  else
    g_assert_error (error, DMS_ERROR, DMS_ERROR_TOO_LARGE);
}

static void
dms_conformance_assert_files (DmsExecution *execution)
{
  static const char *const bad[] = { "link", "folder", "folder/none", "note/none", "../note/../../none" };
  g_autoptr (GError) error = NULL;

  dms_conformance_assert_file (execution, "note", 4096, dms_conformance_out);
  dms_conformance_assert_file (execution, "folder/note", 4096, dms_conformance_err);
  /* The end of it. */
  dms_conformance_assert_file (
      execution, "note", 5, dms_conformance_out + sizeof dms_conformance_out - 1 - 5);
  dms_conformance_assert_file (execution, "note", 0, "");
  g_assert_null (dms_conformance_read_file (execution, "none", 4096, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_NOT_FOUND);
  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    dms_conformance_assert_no_file (execution, bad[i]);
  dms_conformance_assert_large_file (execution);
}

static void
dms_conformance_test_read_file (DmsConformanceCase *self)
{
  DmsExecution *launched = dms_conformance_case_launch (self, DMS_CONFORMANCE_JOB_FILES, 0);
  g_autoptr (DmsExecution) execution = NULL;
  g_autoptr (DmsExecutionResult) result = NULL;
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *handle = NULL;

  if (launched == NULL)
    return;
  handle = g_strdup (dms_execution_get_handle (launched));
  result = dms_conformance_case_wait (launched);
  g_assert_cmpint (dms_execution_result_get_exit_code (result), ==, 0);
  bytes = dms_conformance_read_file (launched, "note", 4096, &error);
  if (g_error_matches (error, DMS_ERROR, DMS_ERROR_NOT_SUPPORTED))
    {
      g_object_unref (launched);
      return;
    }
  g_assert_no_error (error);
  dms_conformance_assert_files (launched);
  g_object_unref (launched);
  execution = dms_conformance_case_adopt (self, handle);
  dms_conformance_assert_files (execution);
  g_assert_true (dms_conformance_remove (execution, &error));
  g_assert_no_error (error);
  dms_conformance_assert_no_file (execution, "note");
  g_ptr_array_set_size (self->executions, 0);
}

static void
dms_conformance_test_remove (DmsConformanceCase *self)
{
  g_autoptr (DmsExecution) execution = dms_conformance_case_launch (self, DMS_CONFORMANCE_JOB_SLEEP, 0);
  g_autoptr (GError) error = NULL;
  g_autofree char *handle = NULL;

  if (execution == NULL)
    return;
  handle = g_strdup (dms_execution_get_handle (execution));
  g_assert_true (dms_conformance_case_is_listed (self, handle));
  g_assert_true (dms_conformance_remove (execution, &error));
  g_assert_no_error (error);
  g_assert_cmpint (dms_execution_get_state (execution), ==, DMS_EXECUTION_ENDED);
  g_assert_false (dms_conformance_case_is_listed (self, handle));
  g_ptr_array_set_size (self->executions, 0);
  g_assert_null (dms_conformance_adopt (self->executor, handle, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_NOT_FOUND);
}

static void
dms_conformance_test_cancel_wait (DmsConformanceCase *self)
{
  g_autoptr (DmsExecution) execution = dms_conformance_case_launch (self, DMS_CONFORMANCE_JOB_SLEEP, 0);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  DmsConformanceCall call;

  if (execution == NULL)
    return;
  dms_conformance_call_begin (&call);
  dms_execution_wait_async (execution, cancellable, dms_conformance_call_done, &call);
  dms_conformance_sleep (50);
  g_cancellable_cancel (cancellable);
  while (call.result == NULL)
    g_main_context_iteration (NULL, TRUE);
  g_assert_null (dms_execution_wait_finish (execution, call.result, &error));
  dms_conformance_call_end (&call);
  g_assert_error (error, DMS_ERROR, DMS_ERROR_CANCELLED);
  g_assert_cmpint (dms_execution_get_state (execution), ==, DMS_EXECUTION_RUNNING);
}

static void
dms_conformance_test_cancel_launch (DmsConformanceCase *self)
{
  g_autoptr (DmsExecutionSpec) spec = dms_conformance_case_make_spec (self, DMS_CONFORMANCE_JOB_SLEEP, 0);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  g_autofree char *handle = NULL;

  if (spec == NULL)
    {
      g_test_skip ("the executor has no such job");
      return;
    }
  handle = dms_executor_dup_handle (self->executor, spec);
  g_cancellable_cancel (cancellable);
  g_assert_null (dms_conformance_launch (self->executor, spec, cancellable, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_CANCELLED);
  g_assert_false (dms_conformance_case_is_listed (self, handle));
}

static const DmsConformanceTest dms_conformance_tests[] = {
  { "id", dms_conformance_test_id },
  { "validate", dms_conformance_test_validate },
  { "handle", dms_conformance_test_handle },
  { "run", dms_conformance_test_run },
  { "exit-code", dms_conformance_test_exit_code },
  { "wait-twice", dms_conformance_test_wait_twice },
  { "logs", dms_conformance_test_logs },
  { "follow", dms_conformance_test_follow },
  { "states", dms_conformance_test_states },
  { "stop", dms_conformance_test_stop },
  { "kill", dms_conformance_test_kill },
  { "pause", dms_conformance_test_pause },
  { "lease", dms_conformance_test_lease },
  { "exec", dms_conformance_test_exec },
  { "usage", dms_conformance_test_usage },
  { "memory", dms_conformance_test_memory },
  { "adopt-running", dms_conformance_test_adopt_running },
  { "adopt-ended", dms_conformance_test_adopt_ended },
  { "adopt-unknown", dms_conformance_test_adopt_unknown },
  { "read-file", dms_conformance_test_read_file },
  { "remove", dms_conformance_test_remove },
  { "cancel-wait", dms_conformance_test_cancel_wait },
  { "cancel-launch", dms_conformance_test_cancel_launch },
};

static void
dms_conformance_case_clear (DmsConformanceCase *self)
{
  for (guint i = 0; i < self->executions->len; i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_true (dms_conformance_remove (g_ptr_array_index (self->executions, i), &error));
      g_assert_no_error (error);
    }
  g_ptr_array_unref (self->executions);
  g_clear_object (&self->executor);
  for (guint i = 0; i < self->directories->len; i++)
    dms_conformance_remove_tree (g_ptr_array_index (self->directories, i));
  g_ptr_array_unref (self->directories);
  if (self->secrets != NULL)
    dms_conformance_remove_tree (self->secrets);
  g_free (self->secrets);
}

static void
dms_conformance_run (gconstpointer data)
{
  const DmsConformanceEntry *entry = data;
  DmsConformanceCase self = { .suite = &entry->suite };
  g_autoptr (DmsExecutorProbe) probe = NULL;
  g_autoptr (GError) error = NULL;

  self.executor = entry->suite.make_executor (entry->suite.user_data);
  self.executions = g_ptr_array_new_with_free_func (g_object_unref);
  self.directories = g_ptr_array_new_with_free_func (g_free);
  g_assert_true (DMS_IS_EXECUTOR (self.executor));
  probe = dms_conformance_probe (self.executor, &error);
  g_assert_no_error (error);
  g_assert_nonnull (probe);
  if (dms_executor_probe_get_available (probe))
    {
      self.features = dms_executor_probe_get_features (probe);
      entry->test->run (&self);
    }
  else
    {
      /* A user must learn what to do about it. */
      g_assert_nonnull (dms_executor_probe_get_reason (probe));
      g_test_skip (dms_executor_probe_get_reason (probe));
    }
  dms_conformance_case_clear (&self);
}

/**
 * dms_executor_conformance_add_tests:
 * @prefix: path of the tests, such as `/executor-docker/conformance`
 * @make_executor: (scope forever): makes the executor
 * @make_spec: (scope forever): makes specifications of jobs
 * @user_data: data for both, kept as long as the program runs
 *
 * Adds tests to the program's GLib test suite that check whether an executor keeps its contract. Call it
 * between g_test_init() and g_test_run(). Where the executor's probe says that it is not available, the tests
 * are skipped with the probe's reason.
 */
void
dms_executor_conformance_add_tests (const char *prefix,
                                    DmsConformanceExecutorFunc make_executor,
                                    DmsConformanceSpecFunc make_spec,
                                    gpointer user_data)
{
  g_return_if_fail (prefix != NULL && make_executor != NULL && make_spec != NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (dms_conformance_tests); i++)
    {
      g_autofree char *path = g_strconcat (prefix, "/", dms_conformance_tests[i].name, NULL);
      DmsConformanceEntry *entry = g_new0 (DmsConformanceEntry, 1);

      entry->suite.make_executor = make_executor;
      entry->suite.make_spec = make_spec;
      entry->suite.user_data = user_data;
      entry->test = &dms_conformance_tests[i];
      g_test_add_data_func_full (path, entry, dms_conformance_run, g_free);
    }
}
