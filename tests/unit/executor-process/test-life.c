/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-process-fixture.h"
#include "dms-process-execution.h"
#include "dms-process-remains.h"

#include <string.h>
#include <unistd.h>

static void
on_state (DmsExecution *execution, DmsExecutionState state, gpointer user_data)
{
  g_string_append_printf (user_data, "%d", state);
  g_assert_cmpint (dms_execution_get_state (execution), ==, state);
}

static void
test_states (DmsProcessFixture *fixture, gconstpointer data)
{
  g_autoptr (DmsExecution) execution = dms_process_fixture_start_shell (fixture, "sleep 60");
  g_autoptr (GString) seen = g_string_new (NULL);
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (dms_execution_get_state (execution), ==, DMS_EXECUTION_RUNNING);
  g_signal_connect (execution, "state-changed", G_CALLBACK (on_state), seen);
  g_assert_true (dms_process_fixture_pause (execution, &error));
  g_assert_cmpint (dms_execution_get_state (execution), ==, DMS_EXECUTION_PAUSED);
  g_assert_false (dms_process_fixture_pause (execution, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_WRONG_STATE);
  g_clear_error (&error);
  g_assert_true (dms_process_fixture_resume (execution, &error));
  g_assert_true (dms_process_fixture_stop (execution, 5000, &error));
  g_assert_no_error (error);
  /* Paused, running, ended. */
  g_assert_cmpstr (seen->str, ==, "213");
}

static void
test_stop (DmsProcessFixture *fixture, gconstpointer data)
{
  g_autoptr (DmsExecution) execution =
      dms_process_fixture_start_shell (fixture, "trap 'echo bye; exit 3' TERM; echo up; sleep 60 & wait");
  g_autoptr (DmsExecutionResult) result = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *out = NULL;

  dms_process_fixture_await_output (execution, "up");
  g_assert_true (dms_process_fixture_stop (execution, 30000, &error));
  g_assert_no_error (error);
  result = dms_process_fixture_wait (execution);
  out = dms_process_fixture_read_all (execution, DMS_LOG_STDOUT);
  g_assert_cmpint (dms_execution_result_get_reason (result), ==, DMS_END_STOPPED);
  g_assert_cmpint (dms_execution_result_get_exit_code (result), ==, 3);
  g_assert_cmpstr (out, ==, "up\nbye\n");
  g_assert_true (dms_process_fixture_stop (execution, 0, &error));
}

static void
test_stop_ignored (DmsProcessFixture *fixture, gconstpointer data)
{
  g_autoptr (DmsExecution) execution =
      dms_process_fixture_start_shell (fixture, "trap '' TERM; echo up; while :; do sleep 1; done");
  g_autoptr (DmsExecutionResult) result = NULL;
  gint64 begin;

  dms_process_fixture_await_output (execution, "up");
  begin = g_get_monotonic_time ();
  g_assert_true (dms_process_fixture_stop (execution, 400, NULL));
  g_assert_cmpint (g_get_monotonic_time () - begin, >=, 400 * 1000);
  result = dms_process_fixture_wait (execution);
  g_assert_cmpint (dms_execution_result_get_reason (result), ==, DMS_END_STOPPED);
  g_assert_cmpint (dms_execution_result_get_exit_code (result), ==, 137);
  g_assert_nonnull (strstr (dms_execution_result_get_message (result), "grace"));
}

static void
test_stop_paused (DmsProcessFixture *fixture, gconstpointer data)
{
  g_autoptr (DmsExecution) execution = dms_process_fixture_start_shell (fixture, "sleep 60");
  g_autoptr (DmsExecutionResult) result = NULL;

  g_assert_true (dms_process_fixture_pause (execution, NULL));
  g_assert_true (dms_process_fixture_stop (execution, 30000, NULL));
  result = dms_process_fixture_wait (execution);
  g_assert_cmpint (dms_execution_result_get_reason (result), ==, DMS_END_STOPPED);
  g_assert_cmpint (dms_execution_result_get_exit_code (result), ==, 128 + 15);
}

static void
test_pause (DmsProcessFixture *fixture, gconstpointer data)
{
  g_autoptr (DmsExecution) execution =
      dms_process_fixture_start_shell (fixture, "while :; do echo tick; sleep 0.02; done");
  g_autofree char *before = NULL;
  g_autofree char *later = NULL;

  dms_process_fixture_await_output (execution, "tick");
  g_assert_true (dms_process_fixture_pause (execution, NULL));
  dms_process_fixture_sleep (100);
  before = dms_process_fixture_read_all (execution, DMS_LOG_STDOUT);
  dms_process_fixture_sleep (300);
  later = dms_process_fixture_read_all (execution, DMS_LOG_STDOUT);
  g_assert_cmpstr (before, ==, later);
  g_assert_true (dms_process_fixture_resume (execution, NULL));
  while (strlen (later) <= strlen (before))
    {
      dms_process_fixture_sleep (20);
      g_free (later);
      later = dms_process_fixture_read_all (execution, DMS_LOG_STDOUT);
    }
}

static char *
get_text (GBytes *bytes)
{
  return g_strndup (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
}

static void
test_exec (DmsProcessFixture *fixture, gconstpointer data)
{
  static const char *const argv[] = { "sh", "-c", "cat f; pwd; echo oops >&2; echo $MARK; exit 4", NULL };
  static const char *const missing[] = { "no-such-program", NULL };
  g_autoptr (DmsExecutionSpecBuilder) builder = dms_process_fixture_build (
      fixture,
      "{\"cmd\": [\"sh\", \"-c\", \"echo content > f; echo up; sleep 60\"], \"environment\": [\"MARK=m\"]}");
  g_autoptr (DmsExecution) execution = dms_process_fixture_start (fixture, builder);
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsExecResult) result = NULL;
  g_autofree char *out = NULL;
  g_autofree char *err = NULL;

  dms_process_fixture_await_output (execution, "up");
  result = dms_process_fixture_exec (execution, argv, 10000, &error);
  g_assert_no_error (error);
  out = get_text (dms_exec_result_get_stdout (result));
  err = get_text (dms_exec_result_get_stderr (result));
  g_assert_cmpint (dms_exec_result_get_exit_code (result), ==, 4);
  g_assert_cmpstr (out, ==, "content\n/home/job\nm\n");
  g_assert_cmpstr (err, ==, "oops\n");
  g_assert_null (dms_process_fixture_exec (execution, missing, 10000, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_NOT_FOUND);
}

/* A command in the job has the job's restrictions. */
static void
test_exec_restricted (DmsProcessFixture *fixture, gconstpointer data)
{
  static const char *const argv[] = {
    "grep", "-E", "^(CapEff|CapBnd|NoNewPrivs|Seccomp):", "/proc/self/status", NULL
  };
  static const char *const escape[] = { "unshare", "-U", "true", NULL };
  g_autoptr (DmsExecution) execution = dms_process_fixture_start_shell (fixture, "sleep 60");
  g_autoptr (DmsExecResult) status = dms_process_fixture_exec (execution, argv, 10000, NULL);
  g_autoptr (DmsExecResult) refused = dms_process_fixture_exec (execution, escape, 10000, NULL);
  g_autofree char *out = get_text (dms_exec_result_get_stdout (status));

  g_assert_nonnull (strstr (out, "CapEff:\t0000000000000000"));
  g_assert_nonnull (strstr (out, "CapBnd:\t0000000000000000"));
  g_assert_nonnull (strstr (out, "NoNewPrivs:\t1"));
  g_assert_nonnull (strstr (out, "Seccomp:\t2"));
  g_assert_cmpint (dms_exec_result_get_exit_code (refused), !=, 0);
}

static char *
count_sleepers (DmsExecution *execution)
{
  static const char *const argv[] = { "sh", "-c", "cat /proc/[0-9]*/comm | grep -c sleep", NULL };
  g_autoptr (DmsExecResult) result = dms_process_fixture_exec (execution, argv, 10000, NULL);

  return get_text (dms_exec_result_get_stdout (result));
}

static void
test_exec_timeout (DmsProcessFixture *fixture, gconstpointer data)
{
  static const char *const argv[] = { "sh", "-c", "sleep 60 & sleep 60", NULL };
  const gint64 deadline = g_get_monotonic_time () + 30 * G_USEC_PER_SEC;
  g_autoptr (DmsExecution) execution = dms_process_fixture_start_shell (fixture, "sleep 60");
  g_autoptr (GError) error = NULL;
  g_autofree char *left = NULL;

  g_assert_null (dms_process_fixture_exec (execution, argv, 300, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_TIMED_OUT);
  left = count_sleepers (execution);
  /* A machine under load buries late what was killed. */
  while (!g_str_equal (left, "1\n") && g_get_monotonic_time () < deadline)
    {
      dms_process_fixture_sleep (50);
      g_free (left);
      left = count_sleepers (execution);
    }
  g_assert_cmpstr (left, ==, "1\n");
}

static void
test_exec_large (DmsProcessFixture *fixture, gconstpointer data)
{
  static const char *const argv[] = { "sh", "-c", "head -c 3000000 /dev/zero; echo done >&2", NULL };
  g_autoptr (DmsExecution) execution = dms_process_fixture_start_shell (fixture, "sleep 60");
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsExecResult) result = dms_process_fixture_exec (execution, argv, 30000, &error);
  g_autofree char *err = NULL;

  g_assert_no_error (error);
  err = get_text (dms_exec_result_get_stderr (result));
  g_assert_cmpint (dms_exec_result_get_exit_code (result), ==, 0);
  g_assert_cmpuint (g_bytes_get_size (dms_exec_result_get_stdout (result)), ==, 1024 * 1024);
  g_assert_cmpstr (err, ==, "done\n");
}

static void
test_offsets (DmsProcessFixture *fixture, gconstpointer data)
{
  g_autoptr (DmsExecution) execution = dms_process_fixture_start_shell (fixture, "printf 0123456789");
  g_autoptr (DmsExecutionResult) result = dms_process_fixture_wait (execution);
  g_autoptr (DmsLogChunk) middle =
      dms_process_fixture_read (execution, DMS_LOG_STDOUT, 3, 4, FALSE, NULL, NULL);
  g_autoptr (DmsLogChunk) last = dms_process_fixture_read (execution, DMS_LOG_STDOUT, 7, 0, TRUE, NULL, NULL);
  g_autoptr (DmsLogChunk) past =
      dms_process_fixture_read (execution, DMS_LOG_STDOUT, 99, 0, TRUE, NULL, NULL);
  g_autofree char *text = get_text (dms_log_chunk_get_data (middle));

  g_assert_cmpstr (text, ==, "3456");
  g_assert_cmpuint (dms_log_chunk_get_next_offset (middle), ==, 7);
  g_assert_cmpuint (dms_log_chunk_get_total_size (middle), ==, 10);
  g_assert_false (dms_log_chunk_get_eof (middle));
  g_assert_true (dms_log_chunk_get_eof (last));
  g_assert_cmpuint (g_bytes_get_size (dms_log_chunk_get_data (past)), ==, 0);
  g_assert_true (dms_log_chunk_get_eof (past));
}

static void
test_follow (DmsProcessFixture *fixture, gconstpointer data)
{
  g_autoptr (DmsExecution) execution =
      dms_process_fixture_start_shell (fixture, "for i in 1 2 3; do sleep 0.1; echo $i; done");
  g_autoptr (GString) text = g_string_new (NULL);
  gboolean eof = FALSE;

  while (!eof)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (DmsLogChunk) chunk =
          dms_process_fixture_read (execution, DMS_LOG_STDOUT, text->len, 0, TRUE, NULL, &error);
      GBytes *bytes;

      g_assert_no_error (error);
      bytes = dms_log_chunk_get_data (chunk);
      g_string_append_len (text, g_bytes_get_data (bytes, NULL), (gssize) g_bytes_get_size (bytes));
      eof = dms_log_chunk_get_eof (chunk);
      g_assert_true (eof || g_bytes_get_size (bytes) > 0);
    }
  g_assert_cmpstr (text->str, ==, "1\n2\n3\n");
}

static gboolean
on_cancel (gpointer user_data)
{
  g_cancellable_cancel (user_data);
  return G_SOURCE_REMOVE;
}

static void
test_cancel_follow (DmsProcessFixture *fixture, gconstpointer data)
{
  g_autoptr (DmsExecution) execution = dms_process_fixture_start_shell (fixture, "sleep 60");
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;

  g_timeout_add (50, on_cancel, cancellable);
  g_assert_null (dms_process_fixture_read (execution, DMS_LOG_STDOUT, 0, 0, TRUE, cancellable, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_CANCELLED);
}

static void
on_waited (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GError **error = user_data;

  g_assert_null (dms_execution_wait_finish (DMS_EXECUTION (source), result, error));
}

/* Giving up the waiting leaves the job alone. */
static void
test_cancel_wait (DmsProcessFixture *fixture, gconstpointer data)
{
  g_autoptr (DmsExecution) execution = dms_process_fixture_start_shell (fixture, "sleep 60");
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;

  dms_execution_wait_async (execution, cancellable, on_waited, &error);
  g_timeout_add (50, on_cancel, cancellable);
  while (error == NULL)
    g_main_context_iteration (NULL, TRUE);
  g_assert_error (error, DMS_ERROR, DMS_ERROR_CANCELLED);
  g_assert_cmpint (dms_execution_get_state (execution), ==, DMS_EXECUTION_RUNNING);
}

static void
test_usage (DmsProcessFixture *fixture, gconstpointer data)
{
  g_autoptr (DmsExecution) execution = dms_process_fixture_start_shell (
      fixture, "head -c 3M /dev/zero > f; echo up; timeout 1 sh -c 'while :; do :; done'; sleep 60");
  g_autoptr (DmsUsage) usage = NULL;

  dms_process_fixture_await_output (execution, "up");
  dms_process_fixture_sleep (500);
  usage = dms_process_fixture_get_usage (execution);
  g_assert_cmpuint (dms_usage_get_cpu_time_us (usage), >, 0);
  g_assert_cmpuint (dms_usage_get_pids (usage), >=, 1);
  g_assert_cmpuint (dms_usage_get_disk_bytes (usage), >=, 3 * 1024 * 1024);
}

/* The paths of the control groups that the shim noted. */
static GStrv
read_groups (const char *state_dir)
{
  g_autofree char *path = g_build_filename (state_dir, "cgroups", NULL);
  g_autofree char *text = NULL;

  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  return g_strsplit (g_strstrip (text), "\n", -1);
}

static guint
count_processes (const char *mark)
{
  g_autoptr (GDir) proc = g_dir_open ("/proc", 0, NULL);
  const char *name;
  guint count = 0;

  while ((name = g_dir_read_name (proc)) != NULL)
    {
      g_autofree char *path = g_build_filename ("/proc", name, "cmdline", NULL);
      g_autofree char *text = NULL;
      gsize length = 0;

      if (g_ascii_isdigit (name[0]) && g_file_get_contents (path, &text, &length, NULL))
        count += memmem (text, length, mark, strlen (mark)) != NULL;
    }
  return count;
}

/* A time to sleep that no other process of the machine sleeps, also not another run of this test. */
static char *
make_mark (void)
{
  return g_strdup_printf ("60.%09u%09u", g_random_int () % 1000000000, (guint) getpid ());
}

static void
test_remove (DmsProcessFixture *fixture, gconstpointer data)
{
  g_autofree char *mark = make_mark ();
  g_autofree char *script =
      g_strdup_printf ("mkdir -p a/b/c; chmod 0 a/b; echo up; sleep %s & sleep %s", mark, mark);
  g_autoptr (DmsExecution) execution = dms_process_fixture_start_shell (fixture, script);
  g_autofree char *state_dir = dms_process_execution_parse_handle (dms_execution_get_handle (execution));
  g_auto (GStrv) groups = read_groups (state_dir);
  g_auto (GStrv) before = dms_process_fixture_list (fixture);
  g_auto (GStrv) after = NULL;
  g_autofree char *mounts = NULL;

  dms_process_fixture_await_output (execution, "up");
  g_assert_cmpuint (g_strv_length (before), ==, 1);
  g_assert_cmpstr (before[0], ==, dms_execution_get_handle (execution));
  g_assert_cmpuint (count_processes (mark), >, 0);
  dms_process_fixture_remove (execution);
  after = dms_process_fixture_list (fixture);
  g_assert_cmpuint (g_strv_length (after), ==, 0);
  g_assert_false (g_file_test (state_dir, G_FILE_TEST_EXISTS));
  for (gsize i = 0; groups[i] != NULL; i++)
    g_assert_false (g_file_test (groups[i], G_FILE_TEST_EXISTS));
  g_assert_cmpuint (count_processes (mark), ==, 0);
  g_assert_true (g_file_get_contents ("/proc/self/mounts", &mounts, NULL, NULL));
  g_assert_null (strstr (mounts, fixture->directory));
  g_assert_null (strstr (mounts, "dms-stage"));
  g_assert_cmpint (dms_execution_get_state (execution), ==, DMS_EXECUTION_ENDED);
}

/* What is left of most jobs is removed at once, without a process; what is more than that is left as it is.
 */
static void
test_remains (DmsProcessFixture *fixture, gconstpointer data)
{
  static const struct
  {
    const char *script;
    DmsProcessRemains remains;
  } cases[] = {
    { "echo text; exit 3", DMS_PROCESS_REMAINS_GONE },
    { "sleep 60 & exit 0", DMS_PROCESS_REMAINS_GONE },
    { "echo text > file", DMS_PROCESS_REMAINS_MORE },
    { "kill -9 $$", DMS_PROCESS_REMAINS_MORE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (DmsExecution) execution = dms_process_fixture_start_shell (fixture, cases[i].script);
      g_autofree char *state_dir = dms_process_execution_parse_handle (dms_execution_get_handle (execution));
      g_autofree char *status = g_build_filename (state_dir, "status.json", NULL);
      g_autofree char *output = g_build_filename (state_dir, "stdout.log", NULL);
      g_autoptr (DmsExecutionResult) result = dms_process_fixture_wait (execution);
      DmsProcessRemains remains;
      gboolean more = cases[i].remains == DMS_PROCESS_REMAINS_MORE;

      g_assert_nonnull (result);
      while ((remains = dms_process_remains_remove (state_dir)) == DMS_PROCESS_REMAINS_BUSY)
        g_usleep (1000);
      g_assert_cmpint (remains, ==, cases[i].remains);
      g_assert_cmpint (g_file_test (status, G_FILE_TEST_EXISTS), ==, more);
      g_assert_cmpint (g_file_test (output, G_FILE_TEST_EXISTS), ==, more);
      g_assert_cmpint (g_file_test (state_dir, G_FILE_TEST_EXISTS), ==, more);
      dms_process_fixture_remove (execution);
      g_assert_false (g_file_test (state_dir, G_FILE_TEST_EXISTS));
    }
}

/* While the shim lives, nothing of its job is touched; nor when a group of it is left. */
static void
test_remains_busy (DmsProcessFixture *fixture, gconstpointer data)
{
  g_autoptr (DmsExecution) execution = dms_process_fixture_start_shell (fixture, "exec sleep 60");
  g_autofree char *state_dir = dms_process_execution_parse_handle (dms_execution_get_handle (execution));
  g_autofree char *groups = g_build_filename (state_dir, "cgroups", NULL);
  g_autoptr (DmsExecution) ended = dms_process_fixture_start_shell (fixture, "exit 0");
  g_autofree char *other_dir = dms_process_execution_parse_handle (dms_execution_get_handle (ended));
  g_autofree char *other_groups = g_build_filename (other_dir, "cgroups", NULL);
  g_autoptr (DmsExecutionResult) result = dms_process_fixture_wait (ended);
  DmsProcessRemains remains;

  g_assert_cmpint (dms_process_remains_remove (state_dir), ==, DMS_PROCESS_REMAINS_BUSY);
  g_assert_true (g_file_test (groups, G_FILE_TEST_EXISTS));
  g_assert_cmpint (dms_execution_get_state (execution), ==, DMS_EXECUTION_RUNNING);
  dms_process_fixture_remove (execution);

  g_assert_true (g_file_set_contents (other_groups, "/proc/self\n", -1, NULL));
  while ((remains = dms_process_remains_remove (other_dir)) == DMS_PROCESS_REMAINS_BUSY)
    g_usleep (1000);
  g_assert_cmpint (remains, ==, DMS_PROCESS_REMAINS_MORE);
  g_assert_true (g_file_test (other_groups, G_FILE_TEST_EXISTS));
  dms_process_fixture_remove (ended);
}

/* What a job leaves running in the background ends with it. */
static void
test_background (DmsProcessFixture *fixture, gconstpointer data)
{
  g_autofree char *mark = make_mark ();
  g_autofree char *script = g_strdup_printf ("setsid sleep %s & echo up", mark);
  g_autoptr (DmsExecution) execution = dms_process_fixture_start_shell (fixture, script);
  g_autoptr (DmsExecutionResult) result = dms_process_fixture_wait (execution);
  g_autofree char *state_dir = dms_process_execution_parse_handle (dms_execution_get_handle (execution));
  g_auto (GStrv) groups = read_groups (state_dir);

  g_assert_true (dms_execution_result_is_success (result));
  g_assert_cmpuint (count_processes (mark), ==, 0);
  for (gsize i = 0; groups[i] != NULL; i++)
    g_assert_false (g_file_test (groups[i], G_FILE_TEST_EXISTS));
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  dms_process_fixture_add ("/executor-process/life/states", test_states);
  dms_process_fixture_add ("/executor-process/life/stop", test_stop);
  dms_process_fixture_add ("/executor-process/life/stop-ignored", test_stop_ignored);
  dms_process_fixture_add ("/executor-process/life/stop-paused", test_stop_paused);
  dms_process_fixture_add ("/executor-process/life/pause", test_pause);
  dms_process_fixture_add ("/executor-process/life/exec", test_exec);
  dms_process_fixture_add ("/executor-process/life/exec-restricted", test_exec_restricted);
  dms_process_fixture_add ("/executor-process/life/exec-timeout", test_exec_timeout);
  dms_process_fixture_add ("/executor-process/life/exec-large", test_exec_large);
  dms_process_fixture_add ("/executor-process/life/offsets", test_offsets);
  dms_process_fixture_add ("/executor-process/life/follow", test_follow);
  dms_process_fixture_add ("/executor-process/life/cancel-follow", test_cancel_follow);
  dms_process_fixture_add ("/executor-process/life/cancel-wait", test_cancel_wait);
  dms_process_fixture_add ("/executor-process/life/usage", test_usage);
  dms_process_fixture_add ("/executor-process/life/remove", test_remove);
  dms_process_fixture_add ("/executor-process/life/remains", test_remains);
  dms_process_fixture_add ("/executor-process/life/remains-busy", test_remains_busy);
  dms_process_fixture_add ("/executor-process/life/background", test_background);
  return g_test_run ();
}
