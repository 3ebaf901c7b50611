/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

/* The Docker executor on a real engine, which tests/fixtures/engines.py starts and names in the environment.
 */

#include <dms.h>

#include <gio/gunixsocketaddress.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dms-docker-client.h"
#include "dms-docker-executor.h"
#include "docker-fixture.h"

static void
test_probe (Fixture *fixture, gconstpointer data)
{
  GAsyncResult *slot = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsExecutorProbe) probe = NULL;
  DmsExecutorFeatures wanted = DMS_EXECUTOR_FEATURE_PAUSE | DMS_EXECUTOR_FEATURE_EXEC |
                               DMS_EXECUTOR_FEATURE_LIMIT_CPU | DMS_EXECUTOR_FEATURE_LIMIT_MEMORY |
                               DMS_EXECUTOR_FEATURE_LIMIT_PIDS | DMS_EXECUTOR_FEATURE_LIMIT_DISK;

  dms_executor_probe_async (fixture->executor, NULL, on_ready, &slot);
  result = await (&slot);
  probe = dms_executor_probe_finish (fixture->executor, result, &error);
  g_assert_no_error (error);
  g_assert_true (dms_executor_probe_get_available (probe));
  g_test_message ("%s: %s", dms_executor_probe_get_version (probe), dms_executor_probe_get_reason (probe));
  g_assert_nonnull (strstr (dms_executor_probe_get_version (probe),
                            g_str_equal (g_getenv ("DMS_TEST_ENGINE"), "podman") ? "Podman " : "Docker "));
  g_assert_cmpint (dms_executor_probe_get_features (probe) & wanted, ==, wanted);
  g_assert_nonnull (strstr (dms_executor_probe_get_reason (probe), "vfs"));
}

static void
test_output (Fixture *fixture, gconstpointer data)
{
  g_autoptr (DmsExecutionResult) end = NULL;
  g_autoptr (DmsLogChunk) chunk = NULL;

  launch_shell (fixture, "echo out; echo err >&2; printf 'two\\nlines, no end'; exit 3");
  g_assert_cmpint (dms_execution_get_state (fixture->execution), ==, DMS_EXECUTION_RUNNING);
  assert_log (fixture->execution, DMS_LOG_STDOUT, "out\ntwo\nlines, no end");
  assert_log (fixture->execution, DMS_LOG_STDERR, "err\n");
  end = wait_end (fixture->execution);
  g_assert_cmpint (dms_execution_result_get_reason (end), ==, DMS_END_EXITED);
  g_assert_cmpint (dms_execution_result_get_exit_code (end), ==, 3);
  g_assert_cmpint (dms_execution_result_get_started_us (end), >, g_get_real_time () - 60 * G_USEC_PER_SEC);
  g_assert_cmpint (dms_execution_result_get_ended_us (end), >=, dms_execution_result_get_started_us (end));
  chunk = read_chunk (fixture->execution, DMS_LOG_STDOUT, 4, 3, FALSE);
  g_assert_cmpmem (g_bytes_get_data (dms_log_chunk_get_data (chunk), NULL),
                   g_bytes_get_size (dms_log_chunk_get_data (chunk)),
                   "two",
                   3);
  g_assert_cmpuint (dms_log_chunk_get_total_size (chunk), ==, 21);
  g_assert_false (dms_log_chunk_get_eof (chunk));
}

static void
test_large_output (Fixture *fixture, gconstpointer data)
{
  g_autofree char *text = NULL;

  launch_shell (fixture, "seq 1 200000; seq 1 10 >&2");
  text = dup_log (fixture->execution, DMS_LOG_STDOUT);
  g_assert_cmpuint (strlen (text), ==, 1288895);
  g_assert_true (g_str_has_suffix (text, "\n199999\n200000\n"));
}

static void
test_environment (Fixture *fixture, gconstpointer data)
{
  g_autoptr (DmsExecutionSpecBuilder) builder = NULL;

  builder =
      build_image (fixture,
                   g_getenv ("DMS_TEST_IMAGE"),
                   "\"cmd\":[\"sh\",\"-c\",\"echo $NAME; pwd; id -u; echo $0\",\"with space\"],"
                   "\"environment\":[\"NAME=two words\"],\"working_directory\":\"/tmp\",\"user\":\"job\"",
                   (64 * MIB),
                   1);
  launch (fixture, builder);
  assert_log (fixture->execution, DMS_LOG_STDOUT, "two words\n/tmp\n1000\nwith space\n");
}

static void
add_script (DmsExecutionSpecBuilder *builder, const char *name, const char *text)
{
  g_autoptr (GBytes) bytes = g_bytes_new (text, strlen (text));
  g_autoptr (DmsScript) script = dms_script_new (name, bytes);

  dms_execution_spec_builder_add_script (builder, script);
}

/* The image's own entrypoint and command run after the scripts, word by word. */
static void
test_scripts (Fixture *fixture, gconstpointer data)
{
  g_autoptr (DmsExecutionSpecBuilder) builder =
      build_image (fixture, g_getenv ("DMS_TEST_ENTRY_IMAGE"), "", (64 * MIB), 1);
  g_autoptr (DmsExecutionResult) end = NULL;

  add_script (builder, "zulu", "#!/bin/sh\necho first $FROM_IMAGE\n");
  add_script (builder, "alpha with space", "echo second\n");
  launch (fixture, builder);
  assert_log (fixture->execution, DMS_LOG_STDOUT, "first yes\nsecond\n<a b><c>");
  end = wait_end (fixture->execution);
  g_assert_true (dms_execution_result_is_success (end));
}

static void
test_failing_script (Fixture *fixture, gconstpointer data)
{
  g_autoptr (DmsExecutionSpecBuilder) builder = build_shell (fixture, "echo the job");
  g_autoptr (DmsExecutionResult) end = NULL;

  add_script (builder, "good", "echo good\n");
  add_script (builder, "bad", "echo bad; exit 9\n");
  add_script (builder, "never", "echo never\n");
  launch (fixture, builder);
  assert_log (fixture->execution, DMS_LOG_STDOUT, "good\nbad\n");
  end = wait_end (fixture->execution);
  g_assert_cmpint (dms_execution_result_get_reason (end), ==, DMS_END_SCRIPT_FAILED);
  g_assert_cmpint (dms_execution_result_get_exit_code (end), ==, 9);
  g_assert_cmpstr (
      dms_execution_result_get_message (end), ==, "provision script “bad” failed with exit code 9");
}

static void
test_script_without_shell (Fixture *fixture, gconstpointer data)
{
  g_autoptr (DmsExecutionSpecBuilder) builder =
      build_image (fixture, g_getenv ("DMS_TEST_SHELL_LESS_IMAGE"), "\"cmd\":[\"/true\"]", (64 * MIB), 1);
  g_autoptr (GError) error = NULL;

  add_script (builder, "one", "true\n");
  g_assert_null (try_launch (fixture, builder, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT);
  g_assert_nonnull (strstr (error->message, "has no /bin/sh"));
}

static void
test_keys (Fixture *fixture, gconstpointer data)
{
  g_autoptr (DmsExecutionSpecBuilder) builder = build_shell (
      fixture,
      "cat /home/job/.ssh/authorized_keys; stat -c '%a %u' /home/job/.ssh /home/job/.ssh/authorized_keys; "
      "cat /opt/keys/my.gpg; stat -c %a /opt /opt/keys/my.gpg");
  g_autoptr (GBytes) one = g_bytes_new_static ("ssh-ed25519 one", 15);
  g_autoptr (GBytes) two = g_bytes_new_static ("ssh-ed25519 two\n", 16);
  g_autoptr (GBytes) gpg = g_bytes_new_static ("gpg\n", 4);
  g_autoptr (DmsScript) first = dms_script_new ("ssh:job", one);
  g_autoptr (DmsScript) second = dms_script_new ("ssh:job", two);
  g_autoptr (DmsScript) third = dms_script_new ("/opt/keys/my.gpg", gpg);

  dms_execution_spec_builder_add_key (builder, first);
  dms_execution_spec_builder_add_key (builder, second);
  dms_execution_spec_builder_add_key (builder, third);
  launch (fixture, builder);
  assert_log (fixture->execution,
              DMS_LOG_STDOUT,
              "ssh-ed25519 one\nssh-ed25519 two\n700 1000\n600 1000\ngpg\n755\n600\n");
}

static void
test_mounts (Fixture *fixture, gconstpointer data)
{
  g_autoptr (DmsExecutionSpecBuilder) builder =
      build_shell (fixture, "cat /in/file; echo new >/out/file; echo no >/in/file || echo refused");
  g_autofree char *in = g_dir_make_tmp ("dms-docker-in-XXXXXX", NULL);
  g_autofree char *out = g_dir_make_tmp ("dms-docker-out-XXXXXX", NULL);
  g_autofree char *in_file = g_build_filename (in, "file", NULL);
  g_autofree char *out_file = g_build_filename (out, "file", NULL);
  g_autoptr (DmsVolume) read_only = dms_volume_new ("local", "in", in, "/in", TRUE, NULL);
  g_autoptr (DmsVolume) writable = dms_volume_new ("local", "out", out, "/out", FALSE, NULL);
  g_autofree char *written = NULL;

  g_assert_true (g_file_set_contents (in_file, "from the host\n", -1, NULL));
  dms_execution_spec_builder_add_volume (builder, read_only);
  dms_execution_spec_builder_add_volume (builder, writable);
  launch (fixture, builder);
  assert_log (fixture->execution, DMS_LOG_STDOUT, "from the host\nrefused\n");
  g_assert_true (g_file_get_contents (out_file, &written, NULL, NULL));
  g_assert_cmpstr (written, ==, "new\n");
  g_unlink (in_file);
  g_unlink (out_file);
  g_rmdir (in);
  g_rmdir (out);
}

static void
test_memory_limit (Fixture *fixture, gconstpointer data)
{
  g_autoptr (DmsExecutionResult) end = NULL;

  launch_shell (fixture, "exec dd if=/dev/zero of=/dev/null bs=200M count=1");
  end = wait_end (fixture->execution);
  g_assert_cmpint (dms_execution_result_get_reason (end), ==, DMS_END_OUT_OF_MEMORY);
  g_assert_cmpint (dms_execution_result_get_exit_code (end), ==, 137);
  g_assert_cmpstr (dms_execution_result_get_message (end), ==, "memory limit of 64.0 MiB exceeded");
}

/* A kill that has nothing to do with memory is not blamed on it. */
static void
test_signal (Fixture *fixture, gconstpointer data)
{
  g_autoptr (DmsExecutionResult) end = NULL;

  launch_shell (fixture, "(kill -9 $$); exit 137");
  end = wait_end (fixture->execution);
  g_assert_cmpint (dms_execution_result_get_reason (end), ==, DMS_END_SIGNALLED);
  g_assert_cmpint (dms_execution_result_get_exit_code (end), ==, 137);
}

static void
test_pids_limit (Fixture *fixture, gconstpointer data)
{
  g_autoptr (DmsExecutionSpecBuilder) builder =
      build_shell (fixture, "for i in $(seq 50); do sleep 5 & done; echo all");
  g_autofree char *text = NULL;

  dms_execution_spec_builder_set_pids_limit (builder, 16);
  launch (fixture, builder);
  text = dup_log (fixture->execution, DMS_LOG_STDERR);
  g_assert_nonnull (strstr (text, "fork"));
}

static DmsUsage *
measure (DmsExecution *execution)
{
  GAsyncResult *slot = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  DmsUsage *usage;

  dms_execution_get_usage_async (execution, NULL, on_ready, &slot);
  result = await (&slot);
  usage = dms_execution_get_usage_finish (execution, result, &error);
  g_assert_no_error (error);
  return usage;
}

/* A quarter of a core, measured over two seconds of a job that wants all. */
static void
test_cpu_limit (Fixture *fixture, gconstpointer data)
{
  g_autoptr (DmsExecutionSpecBuilder) builder =
      build_image (fixture,
                   g_getenv ("DMS_TEST_IMAGE"),
                   "\"cmd\":[\"sh\",\"-c\",\"while :; do :; done\"]",
                   (64 * MIB),
                   0.25);
  g_autoptr (DmsUsage) first = NULL;
  g_autoptr (DmsUsage) second = NULL;

  launch (fixture, builder);
  first = measure (fixture->execution);
  sleep_ms (2000);
  second = measure (fixture->execution);
  g_test_message ("%.1f %% of a core", dms_usage_get_cpu_percent (second));
  g_assert_cmpuint (dms_usage_get_cpu_time_us (second), >, dms_usage_get_cpu_time_us (first));
  g_assert_cmpfloat (dms_usage_get_cpu_percent (second), >, 1);
  g_assert_cmpfloat (dms_usage_get_cpu_percent (second), <, 45);
  g_assert_cmpuint (dms_usage_get_memory_limit_bytes (second), ==, (64 * MIB));
  g_assert_cmpuint (dms_usage_get_memory_bytes (second), >, 0);
  g_assert_cmpuint (dms_usage_get_pids (second), ==, 1);
}

static void
test_disk_limit (Fixture *fixture, gconstpointer data)
{
  g_autoptr (DmsExecutionSpecBuilder) builder =
      build_shell (fixture, "dd if=/dev/zero of=/file bs=1M count=40; sleep 100");
  g_autoptr (DmsCpu) cpu = dms_cpu_new (1, 0);
  g_autoptr (DmsRam) ram = dms_ram_new (256 * MIB, 0, NULL);
  g_autoptr (DmsDisk) disk = dms_disk_new (10 * MIB);
  g_autoptr (DmsResources) resources = dms_resources_new (cpu, ram, disk, NULL);
  g_autoptr (DmsExecutionResult) end = NULL;

  dms_execution_spec_builder_set_resources (builder, resources);
  launch (fixture, builder);
  end = wait_end (fixture->execution);
  g_assert_cmpint (dms_execution_result_get_reason (end), ==, DMS_END_OUT_OF_DISK);
  g_assert_cmpstr (dms_execution_result_get_message (end), ==, "disk limit of 10.0 MiB exceeded");
}

static void
stop (DmsExecution *execution, guint grace_ms)
{
  GAsyncResult *slot = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  dms_execution_stop_async (execution, grace_ms, NULL, on_ready, &slot);
  result = await (&slot);
  dms_execution_stop_finish (execution, result, &error);
  g_assert_no_error (error);
  g_assert_cmpint (dms_execution_get_state (execution), ==, DMS_EXECUTION_ENDED);
}

static void
test_stop (Fixture *fixture, gconstpointer data)
{
  g_autoptr (DmsExecutionResult) end = NULL;
  gint64 begin;

  launch_shell (fixture, "trap 'echo bye; exit 5' TERM; echo ready; while :; do sleep 0.1; done");
  wait_for_output (fixture->execution, "ready");
  begin = g_get_monotonic_time ();
  stop (fixture->execution, 20000);
  g_assert_cmpint (g_get_monotonic_time () - begin, <, 15 * G_USEC_PER_SEC);
  end = wait_end (fixture->execution);
  g_assert_cmpint (dms_execution_result_get_reason (end), ==, DMS_END_STOPPED);
  g_assert_cmpint (dms_execution_result_get_exit_code (end), ==, 5);
  assert_log (fixture->execution, DMS_LOG_STDOUT, "ready\nbye\n");
}

static void
test_stop_stubborn (Fixture *fixture, gconstpointer data)
{
  g_autoptr (DmsExecutionResult) end = NULL;
  gint64 begin;

  launch_shell (fixture, "trap '' TERM; echo ready; while :; do sleep 0.1; done");
  wait_for_output (fixture->execution, "ready");
  begin = g_get_monotonic_time ();
  stop (fixture->execution, 1000);
  g_assert_cmpint (g_get_monotonic_time () - begin, >=, 900000);
  end = wait_end (fixture->execution);
  g_assert_cmpint (dms_execution_result_get_reason (end), ==, DMS_END_STOPPED);
  g_assert_cmpint (dms_execution_result_get_exit_code (end), ==, 137);
}

static void
switch_paused (DmsExecution *execution, gboolean paused)
{
  GAsyncResult *slot = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  if (paused)
    dms_execution_pause_async (execution, NULL, on_ready, &slot);
  else
    dms_execution_resume_async (execution, NULL, on_ready, &slot);
  result = await (&slot);
  if (paused)
    dms_execution_pause_finish (execution, result, &error);
  else
    dms_execution_resume_finish (execution, result, &error);
  g_assert_no_error (error);
}

static guint64
get_log_size (DmsExecution *execution)
{
  g_autoptr (DmsLogChunk) chunk = read_chunk (execution, DMS_LOG_STDOUT, 0, 1, FALSE);

  return dms_log_chunk_get_total_size (chunk);
}

static void
test_pause (Fixture *fixture, gconstpointer data)
{
  guint64 before;

  launch_shell (fixture, "while :; do echo tick; sleep 0.05; done");
  wait_for_output (fixture->execution, "tick");
  switch_paused (fixture->execution, TRUE);
  g_assert_cmpint (dms_execution_get_state (fixture->execution), ==, DMS_EXECUTION_PAUSED);
  sleep_ms (1000);
  before = get_log_size (fixture->execution);
  sleep_ms (1000);
  g_assert_cmpuint (get_log_size (fixture->execution), ==, before);
  switch_paused (fixture->execution, FALSE);
  g_assert_cmpint (dms_execution_get_state (fixture->execution), ==, DMS_EXECUTION_RUNNING);
  sleep_ms (1500);
  g_assert_cmpuint (get_log_size (fixture->execution), >, before);
  switch_paused (fixture->execution, TRUE);
  stop (fixture->execution, 0);
}

static GBytes *
try_read_file (DmsExecution *execution, const char *path, gsize max_bytes, GError **error)
{
  GAsyncResult *slot = NULL;
  g_autoptr (GAsyncResult) result = NULL;

  dms_execution_read_file_async (execution, path, max_bytes, NULL, on_ready, &slot);
  result = await (&slot);
  return dms_execution_read_file_finish (execution, result, error);
}

static void
assert_file (DmsExecution *execution, const char *path, gsize max_bytes, const char *expected)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = try_read_file (execution, path, max_bytes, &error);
  gsize size;
  const char *data;

  g_assert_no_error (error);
  data = g_bytes_get_data (bytes, &size);
  g_assert_cmpmem (data, size, expected, strlen (expected));
}

/* What a job left is read from the container; what its links name is looked up in there, never on the
 * machine. */
static void
test_files (Fixture *fixture, gconstpointer data)
{
  g_autofree char *secret = g_build_filename (fixture->directory, "secret", NULL);
  g_autofree char *script = g_strdup_printf (
      "mkdir -p /w/deep; printf 'one\\ntwo\\n' >/w/deep/f; : >/w/empty; ln -s /w/deep /w/way; mkfifo "
      "/w/pipe; "
      "ln -s %s /w/host; ln -s ../../../../../../../..%s /w/above; head -c 20000000 /dev/zero >/w/huge",
      secret,
      secret);
  const char *const refused[] = { "w/host", "w/above", "w/none", "w/pipe", "w/deep", "w/huge", "w/empty/f" };
  g_autoptr (DmsExecutionResult) end = NULL;
  g_autoptr (GBytes) none = NULL;
  g_autoptr (GError) missing = NULL;

  g_assert_true (g_file_set_contents (secret, "secret", 6, NULL));
  launch_shell (fixture, script);
  end = wait_end (fixture->execution);
  g_assert_true (dms_execution_result_is_success (end));
  assert_file (fixture->execution, "w/deep/f", 1024, "one\ntwo\n");
  assert_file (fixture->execution, "w/deep/f", 3, "wo\n");
  assert_file (fixture->execution, "w/way/f", 1024, "one\ntwo\n");
  assert_file (fixture->execution, "w/empty", 1024, "");
  for (gsize i = 0; i < G_N_ELEMENTS (refused); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GBytes) bytes = try_read_file (fixture->execution, refused[i], 1024, &error);

      g_assert_null (bytes);
      g_assert_nonnull (error);
    }
  g_unlink (secret);
  none = try_read_file (fixture->execution, "w/none", 1024, &missing);
  g_assert_error (missing, DMS_ERROR, DMS_ERROR_NOT_FOUND);
}

static DmsExecResult *
try_exec (DmsExecution *execution, const char *script, guint timeout_ms, GError **error)
{
  const char *argv[] = { "sh", "-c", script, NULL };
  GAsyncResult *slot = NULL;
  g_autoptr (GAsyncResult) result = NULL;

  dms_execution_exec_async (execution, argv, timeout_ms, NULL, on_ready, &slot);
  result = await (&slot);
  return dms_execution_exec_finish (execution, result, error);
}

static void
test_exec (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsExecResult) result = NULL;
  g_autoptr (DmsExecResult) count = NULL;

  launch_shell (fixture, "echo inside >/tmp/file; echo ready; sleep 100");
  wait_for_output (fixture->execution, "ready");
  result = try_exec (fixture->execution, "cat /tmp/file; echo oops >&2; exit 7", 30000, &error);
  g_assert_no_error (error);
  g_assert_cmpint (dms_exec_result_get_exit_code (result), ==, 7);
  g_assert_cmpmem (g_bytes_get_data (dms_exec_result_get_stdout (result), NULL),
                   g_bytes_get_size (dms_exec_result_get_stdout (result)),
                   "inside\n",
                   7);
  g_assert_cmpmem (g_bytes_get_data (dms_exec_result_get_stderr (result), NULL),
                   g_bytes_get_size (dms_exec_result_get_stderr (result)),
                   "oops\n",
                   5);
  g_assert_null (try_exec (fixture->execution, "exec sleep 77", 500, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_TIMED_OUT);
  g_clear_error (&error);
  count = try_exec (fixture->execution, "ps | grep -c '[s]leep 77'", 30000, &error);
  g_assert_no_error (error);
  g_assert_cmpmem (g_bytes_get_data (dms_exec_result_get_stdout (count), NULL),
                   g_bytes_get_size (dms_exec_result_get_stdout (count)),
                   "0\n",
                   2);
}

static DmsExecution *
try_adopt (Fixture *fixture, const char *handle, GError **error)
{
  GAsyncResult *slot = NULL;
  g_autoptr (GAsyncResult) result = NULL;

  dms_executor_adopt_async (fixture->executor, handle, NULL, on_ready, &slot);
  result = await (&slot);
  return dms_executor_adopt_finish (fixture->executor, result, error);
}

static const char ADOPTED_JOB[] = "for i in $(seq 1 40); do echo line $i; sleep 0.05; done; exit 4";

/* The other process of test_adopt(): launches, says the handle, and goes on copying until it is killed. */
static int
launch_and_linger (const char *directory)
{
  Fixture fixture = { g_object_new (DMS_TYPE_DOCKER_EXECUTOR, NULL), (char *) directory, NULL };

  launch_shell (&fixture, ADOPTED_JOB);
  wait_for_output (fixture.execution, "line 5\n");
  g_print ("%s\n", dms_execution_get_handle (fixture.execution));
  sleep_ms (60000);
  return 1;
}

static void
test_adopt (Fixture *fixture, gconstpointer data)
{
  const char *argv[] = { g_get_prgname (), "--launch", fixture->directory, NULL };
  g_autoptr (GError) error = NULL;
  g_autoptr (GSubprocess) process = NULL;
  g_autoptr (GDataInputStream) output = NULL;
  g_autofree char *handle = NULL;
  g_autoptr (GString) expected = g_string_new (NULL);
  g_autoptr (DmsExecutionResult) end = NULL;

  argv[0] = data;
  process = g_subprocess_newv (argv, G_SUBPROCESS_FLAGS_STDOUT_PIPE, &error);
  g_assert_no_error (error);
  output = g_data_input_stream_new (g_subprocess_get_stdout_pipe (process));
  handle = g_data_input_stream_read_line (output, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_nonnull (handle);
  g_subprocess_send_signal (process, SIGKILL);
  g_subprocess_wait (process, NULL, NULL);
  fixture->execution = try_adopt (fixture, handle, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (dms_execution_get_handle (fixture->execution), ==, handle);
  g_assert_cmpint (dms_execution_get_state (fixture->execution), ==, DMS_EXECUTION_RUNNING);
  for (int i = 1; i <= 40; i++)
    g_string_append_printf (expected, "line %d\n", i);
  assert_log (fixture->execution, DMS_LOG_STDOUT, expected->str);
  end = wait_end (fixture->execution);
  g_assert_cmpint (dms_execution_result_get_reason (end), ==, DMS_END_EXITED);
  g_assert_cmpint (dms_execution_result_get_exit_code (end), ==, 4);
}

static void
test_adopt_ended (Fixture *fixture, gconstpointer data)
{
  g_autofree char *handle = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsExecutionResult) end = NULL;
  g_autoptr (DmsExecution) first = NULL;
  g_autoptr (DmsLogChunk) chunk = NULL;

  launch_shell (fixture, "echo once; sleep 1; echo more; exit 6");
  handle = g_strdup (dms_execution_get_handle (fixture->execution));
  wait_for_output (fixture->execution, "once");
  g_clear_object (&fixture->execution);
  sleep_ms (2500);
  fixture->execution = try_adopt (fixture, handle, &error);
  g_assert_no_error (error);
  g_assert_cmpint (dms_execution_get_state (fixture->execution), ==, DMS_EXECUTION_ENDED);
  chunk = read_chunk (fixture->execution, DMS_LOG_STDOUT, 0, 0, FALSE);
  g_assert_cmpmem (g_bytes_get_data (dms_log_chunk_get_data (chunk), NULL),
                   g_bytes_get_size (dms_log_chunk_get_data (chunk)),
                   "once\nmore\n",
                   10);
  g_assert_true (dms_log_chunk_get_eof (chunk));
  end = wait_end (fixture->execution);
  g_assert_cmpint (dms_execution_result_get_exit_code (end), ==, 6);
}

static void
test_adopt_unknown (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (try_adopt (fixture, "docker:docker_nothing:/nowhere", &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_NOT_FOUND);
  g_clear_error (&error);
  g_assert_null (try_adopt (fixture, "docker:a/../../images/json:/nowhere", &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT);
}

/* The daemon ended between the creation and the start. */
static void
test_adopt_unstarted (Fixture *fixture, gconstpointer data)
{
  g_autoptr (DmsDockerClient) client = dms_docker_client_new (g_getenv ("DMS_DOCKER_SOCKET"));
  g_autofree char *handle = g_strdup_printf ("docker:docker_unstarted:%s", fixture->directory);
  g_autofree char *text =
      g_strdup_printf ("{\"Image\":\"%s\",\"Cmd\":[\"true\"],\"Labels\":{\"dms.handle\":\"%s\"}}",
                       g_getenv ("DMS_TEST_IMAGE"),
                       handle);
  g_autoptr (JsonNode) body = json_from_string (text, NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) reply = dms_docker_client_call_json (
      client, "POST", "/containers/create?name=docker_unstarted", body, NULL, &error);
  g_auto (GStrv) handles = NULL;

  g_assert_no_error (error);
  handles = list_handles (fixture);
  g_assert_cmpuint (g_strv_length (handles), ==, 1);
  g_assert_cmpstr (handles[0], ==, handle);
  g_assert_null (try_adopt (fixture, handle, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_NOT_FOUND);
}

static void
test_list_and_remove (Fixture *fixture, gconstpointer data)
{
  g_auto (GStrv) handles = NULL;
  g_autoptr (DmsExecutionResult) end = NULL;

  launch_shell (fixture, "sleep 100");
  handles = list_handles (fixture);
  g_assert_cmpuint (g_strv_length (handles), ==, 1);
  g_assert_cmpstr (handles[0], ==, dms_execution_get_handle (fixture->execution));
  remove_execution (fixture->execution);
  end = wait_end (fixture->execution);
  g_assert_cmpint (dms_execution_result_get_reason (end), ==, DMS_END_STOPPED);
}

/* Somebody removes the container behind our back. */
static void
test_lost (Fixture *fixture, gconstpointer data)
{
  g_autoptr (DmsDockerClient) client = dms_docker_client_new (g_getenv ("DMS_DOCKER_SOCKET"));
  g_auto (GStrv) parts = NULL;
  g_autofree char *path = NULL;
  g_autoptr (GBytes) reply = NULL;
  g_autoptr (DmsExecutionResult) end = NULL;

  launch_shell (fixture, "sleep 100");
  parts = g_strsplit (dms_execution_get_handle (fixture->execution), ":", 3);
  path = g_strdup_printf ("/containers/%s?force=1", parts[1]);
  reply = dms_docker_client_call (client, "DELETE", path, NULL, NULL, NULL, NULL);
  g_assert_nonnull (reply);
  end = wait_end (fixture->execution);
  g_assert_cmpint (dms_execution_result_get_exit_code (end), !=, 0);
}

static void
test_launch_errors (Fixture *fixture, gconstpointer data)
{
  g_autoptr (DmsExecutionSpecBuilder) no_image = build_image (fixture, "dms-no-such:9", "", (64 * MIB), 1);
  g_autoptr (DmsExecutionSpecBuilder) no_program =
      build_image (fixture, g_getenv ("DMS_TEST_IMAGE"), "\"cmd\":[\"no-such-program\"]", (64 * MIB), 1);
  g_autoptr (GError) error = NULL;

  g_assert_null (try_launch (fixture, no_image, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_NOT_FOUND);
  g_assert_nonnull (strstr (error->message, "pull the image or check its name"));
  g_clear_error (&error);
  g_assert_null (try_launch (fixture, no_program, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT);
  g_assert_nonnull (strstr (error->message, "the image has no such program"));
}

static void
test_launch_cancelled (Fixture *fixture, gconstpointer data)
{
  g_autoptr (DmsExecutionSpecBuilder) builder = build_shell (fixture, "sleep 100");
  g_autoptr (DmsExecutionSpec) spec = dms_execution_spec_builder_end (builder);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  GAsyncResult *slot = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  dms_executor_launch_async (fixture->executor, spec, cancellable, on_ready, &slot);
  sleep_ms (60);
  g_cancellable_cancel (cancellable);
  result = await (&slot);
  g_assert_null (dms_executor_launch_finish (fixture->executor, result, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_CANCELLED);
}

static gboolean
prepare (Fixture *fixture, const char *image, GError **error)
{
  g_autoptr (DmsExecutionSpecBuilder) builder = build_image (fixture, image, "", (64 * MIB), 1);
  g_autoptr (DmsExecutionSpec) spec = dms_execution_spec_builder_end (builder);
  GAsyncResult *slot = NULL;
  g_autoptr (GAsyncResult) result = NULL;

  dms_executor_prepare_async (fixture->executor, spec, NULL, NULL, NULL, NULL, on_ready, &slot);
  result = await (&slot);
  return dms_executor_prepare_finish (fixture->executor, result, error);
}

static void
test_prepare (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (prepare (fixture, g_getenv ("DMS_TEST_IMAGE"), &error));
  g_assert_no_error (error);
  /* Nothing listens there: the pull itself is real. */
  g_assert_false (prepare (fixture, "localhost:9/no/such:1", &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_UNAVAILABLE);
  g_assert_true (g_str_has_prefix (error->message, "cannot pull image “localhost:9/no/such:1”: "));
}

/* Stands between the executor and the engine, so that the engine can go away without ending its containers.
 */
typedef struct
{
  GSocketService *service;
  GPtrArray *streams;
  char *path;
} Proxy;

static void
on_spliced (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_io_stream_splice_finish (result, NULL);
}

static gboolean
on_incoming (GSocketService *service, GSocketConnection *connection, GObject *source, gpointer user_data)
{
  Proxy *proxy = user_data;
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_autoptr (GSocketAddress) address = g_unix_socket_address_new (g_getenv ("DMS_TEST_ENGINE_SOCKET"));
  g_autoptr (GSocketConnection) engine =
      g_socket_client_connect (client, G_SOCKET_CONNECTABLE (address), NULL, NULL);

  g_assert_nonnull (engine);
  g_ptr_array_add (proxy->streams, g_object_ref (connection));
  g_ptr_array_add (proxy->streams, g_object_ref (engine));
  g_io_stream_splice_async (G_IO_STREAM (connection),
                            G_IO_STREAM (engine),
                            G_IO_STREAM_SPLICE_CLOSE_STREAM1 | G_IO_STREAM_SPLICE_CLOSE_STREAM2,
                            G_PRIORITY_DEFAULT,
                            NULL,
                            on_spliced,
                            NULL);
  return TRUE;
}

static void
proxy_open (Proxy *proxy)
{
  g_autoptr (GSocketAddress) address = g_unix_socket_address_new (proxy->path);
  g_autoptr (GError) error = NULL;

  proxy->service = g_socket_service_new ();
  proxy->streams = g_ptr_array_new_with_free_func (g_object_unref);
  g_signal_connect (proxy->service, "incoming", G_CALLBACK (on_incoming), proxy);
  g_socket_listener_add_address (G_SOCKET_LISTENER (proxy->service),
                                 address,
                                 G_SOCKET_TYPE_STREAM,
                                 G_SOCKET_PROTOCOL_DEFAULT,
                                 NULL,
                                 NULL,
                                 &error);
  g_assert_no_error (error);
}

static void
proxy_close (Proxy *proxy)
{
  g_socket_service_stop (proxy->service);
  g_socket_listener_close (G_SOCKET_LISTENER (proxy->service));
  for (guint i = 0; i < proxy->streams->len; i++)
    g_socket_shutdown (
        g_socket_connection_get_socket (g_ptr_array_index (proxy->streams, i)), TRUE, TRUE, NULL);
  sleep_ms (50);
  g_clear_object (&proxy->service);
  g_clear_pointer (&proxy->streams, g_ptr_array_unref);
  g_unlink (proxy->path);
}

/* The engine does not answer for a while, as when its service is upgraded: nothing of the job is lost. */
static void
test_engine_away (Fixture *fixture, gconstpointer data)
{
  g_autofree char *directory = g_dir_make_tmp ("dms-proxy-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (directory, "s", NULL);
  g_autofree char *engine = g_strdup (g_getenv ("DMS_DOCKER_SOCKET"));
  Proxy proxy = { .path = path };
  g_autoptr (GString) expected = g_string_new (NULL);
  g_autoptr (DmsExecutionResult) end = NULL;

  g_setenv ("DMS_TEST_ENGINE_SOCKET", engine, TRUE);
  g_setenv ("DMS_DOCKER_SOCKET", path, TRUE);
  proxy_open (&proxy);
  launch_shell (fixture, "for i in $(seq 1 60); do echo line $i; sleep 0.05; done; exit 8");
  wait_for_output (fixture->execution, "line 5\n");
  proxy_close (&proxy);
  sleep_ms (1500);
  g_assert_cmpint (dms_execution_get_state (fixture->execution), ==, DMS_EXECUTION_RUNNING);
  proxy_open (&proxy);
  end = wait_end (fixture->execution);
  g_assert_cmpint (dms_execution_result_get_exit_code (end), ==, 8);
  for (int i = 1; i <= 60; i++)
    g_string_append_printf (expected, "line %d\n", i);
  assert_log (fixture->execution, DMS_LOG_STDOUT, expected->str);
  remove_execution (fixture->execution);
  g_clear_object (&fixture->execution);
  g_clear_object (&fixture->executor);
  g_setenv ("DMS_DOCKER_SOCKET", engine, TRUE);
  fixture->executor = g_object_new (DMS_TYPE_DOCKER_EXECUTOR, NULL);
  proxy_close (&proxy);
  g_rmdir (directory);
}

static void
add (const char *path, void (*func) (Fixture *fixture, gconstpointer data), const char *program)
{
  g_autofree char *full = g_strdup_printf ("/executor-docker/%s/%s", g_getenv ("DMS_TEST_ENGINE"), path);

  g_test_add (full, Fixture, program, set_up, func, tear_down);
}

int
main (int argc, char *argv[])
{
  if (g_getenv ("DMS_TEST_ENGINE") == NULL)
    {
      g_print ("1..0 # SKIP run by tests/fixtures/engines.py\n");
      return 0;
    }
  if (argc == 3 && g_str_equal (argv[1], "--launch"))
    return launch_and_linger (argv[2]);
  g_test_init (&argc, &argv, NULL);
  add ("probe", test_probe, NULL);
  add ("output", test_output, NULL);
  add ("large-output", test_large_output, NULL);
  add ("environment", test_environment, NULL);
  add ("scripts", test_scripts, NULL);
  add ("failing-script", test_failing_script, NULL);
  add ("script-without-shell", test_script_without_shell, NULL);
  add ("keys", test_keys, NULL);
  add ("mounts", test_mounts, NULL);
  add ("memory-limit", test_memory_limit, NULL);
  add ("signal", test_signal, NULL);
  add ("pids-limit", test_pids_limit, NULL);
  add ("cpu-limit", test_cpu_limit, NULL);
  add ("disk-limit", test_disk_limit, NULL);
  add ("stop", test_stop, NULL);
  add ("stop-stubborn", test_stop_stubborn, NULL);
  add ("pause", test_pause, NULL);
  add ("exec", test_exec, NULL);
  add ("files", test_files, NULL);
  add ("adopt", test_adopt, argv[0]);
  add ("adopt-ended", test_adopt_ended, NULL);
  add ("adopt-unknown", test_adopt_unknown, NULL);
  add ("adopt-unstarted", test_adopt_unstarted, NULL);
  add ("list-and-remove", test_list_and_remove, NULL);
  add ("lost", test_lost, NULL);
  add ("engine-away", test_engine_away, NULL);
  add ("launch-errors", test_launch_errors, NULL);
  add ("launch-cancelled", test_launch_cancelled, NULL);
  add ("prepare", test_prepare, NULL);
  return g_test_run ();
}
