/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-process-execution.h"
#include "dms-process-executor.h"
#include "dms-process-fixture.h"
#include "dms-process-status.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void
test_running (DmsProcessFixture *fixture, gconstpointer data)
{
  g_autoptr (DmsExecution) first =
      dms_process_fixture_start_shell (fixture, "echo a; sleep 0.5; echo b; exit 9");
  g_autofree char *handle = g_strdup (dms_execution_get_handle (first));
  g_autoptr (DmsExecution) second = NULL;
  g_autoptr (DmsExecutionResult) result = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *out = NULL;

  g_clear_object (&first);
  second = dms_process_fixture_adopt (fixture, handle, &error);
  g_assert_no_error (error);
  g_assert_cmpint (dms_execution_get_state (second), ==, DMS_EXECUTION_RUNNING);
  g_assert_cmpstr (dms_execution_get_handle (second), ==, handle);
  result = dms_process_fixture_wait (second);
  out = dms_process_fixture_read_all (second, DMS_LOG_STDOUT);
  g_assert_cmpint (dms_execution_result_get_exit_code (result), ==, 9);
  g_assert_cmpstr (out, ==, "a\nb\n");
}

static void
test_paused (DmsProcessFixture *fixture, gconstpointer data)
{
  g_autoptr (DmsExecution) first = dms_process_fixture_start_shell (fixture, "sleep 60");
  g_autoptr (DmsExecution) second = NULL;

  g_assert_true (dms_process_fixture_pause (first, NULL));
  second = dms_process_fixture_adopt (fixture, dms_execution_get_handle (first), NULL);
  g_assert_cmpint (dms_execution_get_state (second), ==, DMS_EXECUTION_PAUSED);
  g_assert_true (dms_process_fixture_resume (second, NULL));
}

static void
test_ended (DmsProcessFixture *fixture, gconstpointer data)
{
  g_autoptr (DmsExecution) first = dms_process_fixture_start_shell (fixture, "echo kept; exit 5");
  g_autoptr (DmsExecutionResult) result = dms_process_fixture_wait (first);
  g_autoptr (DmsExecution) second =
      dms_process_fixture_adopt (fixture, dms_execution_get_handle (first), NULL);
  g_autoptr (DmsExecutionResult) again = dms_process_fixture_wait (second);
  g_autofree char *out = dms_process_fixture_read_all (second, DMS_LOG_STDOUT);

  g_assert_true (dms_execution_result_equal (result, again));
  g_assert_cmpstr (out, ==, "kept\n");
}

static void
test_unknown (DmsProcessFixture *fixture, gconstpointer data)
{
  g_autofree char *nowhere = g_strdup_printf ("process:1:%s/nowhere", fixture->directory);
  g_autofree char *never = g_strdup_printf ("process:1:%s/never", fixture->directory);
  g_autofree char *directory = g_build_filename (fixture->directory, "never", NULL);
  g_autofree char *lock = g_build_filename (directory, "lock", NULL);
  g_autoptr (GError) missing = NULL;
  g_autoptr (GError) unlaunched = NULL;
  g_autoptr (GError) malformed = NULL;

  g_assert_null (dms_process_fixture_adopt (fixture, nowhere, &missing));
  g_assert_error (missing, DMS_ERROR, DMS_ERROR_NOT_FOUND);
  /* As after a crash between the lock and the start of the shim. */
  g_assert_cmpint (g_mkdir (directory, 0700), ==, 0);
  g_assert_true (g_file_set_contents (lock, "", 0, NULL));
  g_assert_null (dms_process_fixture_adopt (fixture, never, &unlaunched));
  g_assert_error (unlaunched, DMS_ERROR, DMS_ERROR_NOT_FOUND);
  g_assert_false (g_file_test (lock, G_FILE_TEST_EXISTS));
  g_assert_null (dms_process_fixture_adopt (fixture, "docker:x", &malformed));
  g_assert_error (malformed, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT);
}

static void
test_twice (DmsProcessFixture *fixture, gconstpointer data)
{
  g_autoptr (DmsExecutionSpecBuilder) builder =
      dms_process_fixture_build (fixture, "{\"cmd\": [\"sleep\", \"60\"]}");
  g_autoptr (DmsExecution) execution = dms_process_fixture_start (fixture, builder);
  g_autofree char *state_dir = dms_process_execution_parse_handle (dms_execution_get_handle (execution));
  g_autoptr (DmsExecutionSpecBuilder) again = dms_process_fixture_build (fixture, "{\"cmd\": [\"true\"]}");
  g_autoptr (GError) error = NULL;

  dms_execution_spec_builder_set_state_dir (again, state_dir);
  g_assert_null (dms_process_fixture_launch (fixture, again, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_ALREADY_EXISTS);
  g_assert_cmpint (dms_execution_get_state (execution), ==, DMS_EXECUTION_RUNNING);
}

/* Another process launches a job and is killed: the job does not notice. */
static void
test_launcher_killed (DmsProcessFixture *fixture, gconstpointer data)
{
  int pipes[2];
  g_autofree char *handle = g_malloc0 (4096);
  g_autoptr (DmsExecution) execution = NULL;
  g_autoptr (DmsExecutionResult) result = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *out = NULL;
  pid_t launcher;
  int status = 0;

  g_assert_cmpint (pipe (pipes), ==, 0);
  launcher = fork ();
  if (launcher == 0)
    {
      g_autofree char *self = g_file_read_link ("/proc/self/exe", NULL);

      (void) dup2 (pipes[1], STDOUT_FILENO);
      execl (self, self, "--launch", fixture->directory, NULL);
      _exit (127);
    }
  close (pipes[1]);
  g_assert_cmpint (read (pipes[0], handle, 4095), >, 0);
  close (pipes[0]);
  g_strchomp (handle);
  g_assert_cmpint (kill (launcher, SIGKILL), ==, 0);
  g_assert_cmpint (waitpid (launcher, &status, 0), ==, launcher);
  g_assert_true (WIFSIGNALED (status));
  execution = dms_process_fixture_adopt (fixture, handle, &error);
  g_assert_no_error (error);
  g_assert_cmpint (dms_execution_get_state (execution), ==, DMS_EXECUTION_RUNNING);
  result = dms_process_fixture_wait (execution);
  out = dms_process_fixture_read_all (execution, DMS_LOG_STDOUT);
  g_assert_cmpint (dms_execution_result_get_exit_code (result), ==, 6);
  g_assert_cmpstr (out, ==, "begun\ndone\n");
}

static pid_t
find_shim (const char *state_dir)
{
  g_autoptr (DmsProcessStatus) status = dms_process_status_load (state_dir, NULL);

  g_assert_nonnull (status);
  return (pid_t) dms_process_status_get_shim_pid (status);
}

static void
assert_gone (const char *state_dir)
{
  g_autofree char *path = g_build_filename (state_dir, "cgroups", NULL);
  g_autofree char *text = NULL;
  g_auto (GStrv) groups = NULL;

  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  groups = g_strsplit (g_strstrip (text), "\n", -1);
  for (gsize i = 0; groups[i] != NULL; i++)
    g_assert_false (g_file_test (groups[i], G_FILE_TEST_EXISTS));
}

/* With the shim killed the job is killed too, and is reported as lost: to who watched it and who did not. */
static void
test_lost (DmsProcessFixture *fixture, gconstpointer data)
{
  g_autoptr (DmsExecution) watched = dms_process_fixture_start_shell (fixture, "sleep 63.5");
  g_autofree char *state_dir = dms_process_execution_parse_handle (dms_execution_get_handle (watched));
  g_autoptr (DmsExecutionResult) result = NULL;
  g_autoptr (DmsExecution) adopted = NULL;
  g_autoptr (DmsExecutionResult) again = NULL;
  const pid_t shim = find_shim (state_dir);

  g_assert_cmpint (shim, >, 1);
  g_assert_cmpint (kill (shim, SIGKILL), ==, 0);
  result = dms_process_fixture_wait (watched);
  g_assert_cmpint (dms_execution_result_get_reason (result), ==, DMS_END_LOST);
  g_assert_nonnull (dms_execution_result_get_message (result));
  assert_gone (state_dir);
  adopted = dms_process_fixture_adopt (fixture, dms_execution_get_handle (watched), NULL);
  again = dms_process_fixture_wait (adopted);
  g_assert_cmpint (dms_execution_result_get_reason (again), ==, DMS_END_LOST);
}

static void
test_list (DmsProcessFixture *fixture, gconstpointer data)
{
  g_autoptr (DmsExecution) first = dms_process_fixture_start_shell (fixture, "sleep 60");
  g_autoptr (DmsExecution) second = dms_process_fixture_start_shell (fixture, "true");
  g_autoptr (DmsExecutionResult) result = dms_process_fixture_wait (second);
  g_auto (GStrv) handles = dms_process_fixture_list (fixture);
  g_auto (GStrv) left = NULL;

  g_assert_cmpuint (g_strv_length (handles), ==, 2);
  g_assert_true (g_strv_contains ((const char *const *) handles, dms_execution_get_handle (first)));
  g_assert_true (g_strv_contains ((const char *const *) handles, dms_execution_get_handle (second)));
  dms_process_fixture_remove (second);
  left = dms_process_fixture_list (fixture);
  g_assert_cmpuint (g_strv_length (left), ==, 1);
  g_assert_cmpstr (left[0], ==, dms_execution_get_handle (first));
}

/* The process that test_launcher_killed kills. */
static int
launch_and_hang (const char *directory)
{
  DmsProcessFixture fixture = { 0 };
  g_autoptr (DmsExecution) execution = NULL;

  fixture.executor = dms_process_executor_new ();
  fixture.directory = g_strdup (directory);
  execution = dms_process_fixture_start_shell (&fixture, "echo begun; sleep 1; echo done; exit 6");
  g_print ("%s\n", dms_execution_get_handle (execution));
  pause ();
  return 1;
}

int
main (int argc, char *argv[])
{
  if (argc == 3 && g_str_equal (argv[1], "--launch"))
    return launch_and_hang (argv[2]);
  g_test_init (&argc, &argv, NULL);
  dms_process_fixture_add ("/executor-process/adopt/running", test_running);
  dms_process_fixture_add ("/executor-process/adopt/paused", test_paused);
  dms_process_fixture_add ("/executor-process/adopt/ended", test_ended);
  dms_process_fixture_add ("/executor-process/adopt/unknown", test_unknown);
  dms_process_fixture_add ("/executor-process/adopt/twice", test_twice);
  dms_process_fixture_add ("/executor-process/adopt/launcher-killed", test_launcher_killed);
  dms_process_fixture_add ("/executor-process/adopt/lost", test_lost);
  dms_process_fixture_add ("/executor-process/adopt/list", test_list);
  return g_test_run ();
}
