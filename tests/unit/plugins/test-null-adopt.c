/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <sys/wait.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include <dms.h>

#include "dms-null-executor.h"

/* A job that another process launched, which is dead by now. */

static DmsExecutionSpec *
make_spec (const char *directory, gint64 duration_ms)
{
  g_autoptr (DmsExecutionSpecBuilder) builder = dms_execution_spec_builder_new ("job", "launch-1", "null");
  g_autoptr (JsonObject) params = json_object_new ();

  json_object_set_string_member (params, "stdout", "hello\n");
  json_object_set_int_member (params, "exit_code", 4);
  json_object_set_int_member (params, "duration_ms", duration_ms);
  dms_execution_spec_builder_set_params (builder, params);
  dms_execution_spec_builder_set_state_dir (builder, directory);
  return dms_execution_spec_builder_end (builder);
}

static void
on_done (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GAsyncResult **slot = user_data;

  *slot = g_object_ref (result);
}

static void
run_until (GAsyncResult **slot)
{
  while (*slot == NULL)
    g_main_context_iteration (NULL, TRUE);
}

static DmsExecution *
launch (DmsExecutor *executor, DmsExecutionSpec *spec)
{
  g_autoptr (GAsyncResult) result = NULL;

  dms_executor_launch_async (executor, spec, NULL, on_done, &result);
  run_until (&result);
  return dms_executor_launch_finish (executor, result, NULL);
}

static void
launch_in_child (DmsExecutionSpec *spec)
{
  pid_t child = fork ();
  int status = 0;

  g_assert_cmpint (child, >=, 0);
  if (child == 0)
    {
      g_autoptr (DmsExecutor) executor = g_object_new (DMS_TYPE_NULL_EXECUTOR, NULL);

      _exit (launch (executor, spec) != NULL ? 0 : 1);
    }
  g_assert_cmpint (waitpid (child, &status, 0), ==, child);
  g_assert_true (WIFEXITED (status) && WEXITSTATUS (status) == 0);
}

static DmsExecution *
adopt (DmsExecutor *executor, const char *handle, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  dms_executor_adopt_async (executor, handle, NULL, on_done, &result);
  run_until (&result);
  return dms_executor_adopt_finish (executor, result, error);
}

static void
remove_execution (DmsExecution *execution)
{
  g_autoptr (GAsyncResult) result = NULL;

  dms_execution_remove_async (execution, NULL, on_done, &result);
  run_until (&result);
  g_assert_true (dms_execution_remove_finish (execution, result, NULL));
}

static void
check_adoption (gint64 duration_ms, DmsExecutionState expected)
{
  g_autofree char *directory = g_dir_make_tmp ("dms-null-XXXXXX", NULL);
  g_autoptr (DmsExecutionSpec) spec = make_spec (directory, duration_ms);
  g_autoptr (DmsExecutor) executor = g_object_new (DMS_TYPE_NULL_EXECUTOR, NULL);
  g_autofree char *handle = dms_executor_dup_handle (executor, spec);
  g_autoptr (DmsExecution) execution = NULL;
  g_autoptr (GAsyncResult) waited = NULL;
  g_autoptr (DmsExecutionResult) ended = NULL;
  g_autoptr (GError) error = NULL;

  launch_in_child (spec);
  if (expected == DMS_EXECUTION_ENDED)
    g_usleep ((gulong) (duration_ms + 5) * 1000);
  execution = adopt (executor, handle, &error);
  g_assert_no_error (error);
  g_assert_cmpint (dms_execution_get_state (execution), ==, expected);
  dms_execution_wait_async (execution, NULL, on_done, &waited);
  run_until (&waited);
  ended = dms_execution_wait_finish (execution, waited, NULL);
  g_assert_cmpint (dms_execution_result_get_exit_code (ended), ==, 4);
  g_assert_cmpint (dms_execution_result_get_ended_us (ended) - dms_execution_result_get_started_us (ended),
                   >=,
                   duration_ms * 1000);
  remove_execution (execution);
  /* Nothing is left, so the directory can go. */
  g_assert_cmpint (g_rmdir (directory), ==, 0);
}

static void
test_running (void)
{
  const char *patience = g_getenv ("DMS_TEST_PATIENCE");

  check_adoption (700 * (patience != NULL ? MAX (1, g_ascii_strtoll (patience, NULL, 10)) : 1),
                  DMS_EXECUTION_RUNNING);
}

static void
test_ended (void)
{
  check_adoption (10, DMS_EXECUTION_ENDED);
}

static void
test_damaged (void)
{
  static const char *const states[] = { "",
                                        "{",
                                        "[]",
                                        "{}",
                                        "{\"started_us\":1,\"paused_at_us\":0,\"spec\":7}",
                                        "{\"started_us\":-1,\"paused_at_us\":0,\"paused_total_us\":0}" };
  g_autofree char *directory = g_dir_make_tmp ("dms-null-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (directory, "null.json", NULL);
  g_autoptr (DmsExecutionSpec) spec = make_spec (directory, 0);
  g_autoptr (DmsExecutor) executor = g_object_new (DMS_TYPE_NULL_EXECUTOR, NULL);
  g_autofree char *handle = dms_executor_dup_handle (executor, spec);

  for (gsize i = 0; i < G_N_ELEMENTS (states); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_true (g_file_set_contents (path, states[i], -1, NULL));
      g_assert_null (adopt (executor, handle, &error));
      g_assert_nonnull (error);
      g_assert_true (error->domain == DMS_ERROR);
    }
  g_assert_cmpint (g_unlink (path), ==, 0);
  g_assert_cmpint (g_rmdir (directory), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/null-adopt/running", test_running);
  g_test_add_func ("/null-adopt/ended", test_ended);
  g_test_add_func ("/null-adopt/damaged", test_damaged);
  return g_test_run ();
}
