/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-process-fixture.h"

#include <glib/gstdio.h>
#include <string.h>

enum
{
  MIB = 1024 * 1024,
};

static gboolean
has_feature (DmsProcessFixture *fixture, DmsExecutorFeatures feature)
{
  g_autoptr (DmsExecutorProbe) probe = dms_process_fixture_probe (fixture);

  if (dms_executor_probe_get_features (probe) & feature)
    return TRUE;
  g_assert_nonnull (dms_executor_probe_get_reason (probe));
  g_test_skip (dms_executor_probe_get_reason (probe));
  return FALSE;
}

static DmsExecution *
start_limited (DmsProcessFixture *fixture, const char *script, double cores, guint64 memory, guint64 disk)
{
  g_autoptr (DmsExecutionSpecBuilder) builder = dms_process_fixture_build_shell (fixture, script);
  g_autoptr (DmsResources) resources = dms_process_fixture_build_resources (cores, memory, disk);

  dms_execution_spec_builder_set_resources (builder, resources);
  return dms_process_fixture_start (fixture, builder);
}

static void
test_memory (DmsProcessFixture *fixture, gconstpointer data)
{
  g_autoptr (DmsExecution) execution = NULL;
  g_autoptr (DmsExecutionResult) result = NULL;

  if (!has_feature (fixture, DMS_EXECUTOR_FEATURE_LIMIT_MEMORY))
    return;
  execution = start_limited (fixture, "exec dd if=/dev/zero of=/dev/null bs=512M count=1", 0, 64 * MIB, 0);
  result = dms_process_fixture_wait (execution);
  g_assert_cmpint (dms_execution_result_get_reason (result), ==, DMS_END_OUT_OF_MEMORY);
  g_assert_cmpint (dms_execution_result_get_exit_code (result), ==, 137);
  g_assert_cmpstr (dms_execution_result_get_message (result), ==, "memory limit of 64.0 MiB exceeded");
  g_assert_cmpuint (dms_usage_get_memory_limit_bytes (dms_execution_result_get_usage (result)), ==, 64 * MIB);
  g_assert_cmpuint (dms_usage_get_memory_peak_bytes (dms_execution_result_get_usage (result)), >, 32 * MIB);
  g_assert_cmpuint (dms_usage_get_memory_peak_bytes (dms_execution_result_get_usage (result)), <=, 64 * MIB);
}

/* Files in memory are memory. */
static void
test_memory_files (DmsProcessFixture *fixture, gconstpointer data)
{
  g_autoptr (DmsExecution) execution = NULL;
  g_autoptr (DmsExecutionResult) result = NULL;

  if (!has_feature (fixture, DMS_EXECUTOR_FEATURE_LIMIT_MEMORY))
    return;
  execution = start_limited (fixture, "exec dd if=/dev/zero of=/dev/shm/x bs=1M count=256", 0, 64 * MIB, 0);
  result = dms_process_fixture_wait (execution);
  g_assert_cmpint (dms_execution_result_get_reason (result), ==, DMS_END_OUT_OF_MEMORY);
}

static void
test_memory_enough (DmsProcessFixture *fixture, gconstpointer data)
{
  g_autoptr (DmsExecution) execution =
      start_limited (fixture, "exec dd if=/dev/zero of=/dev/null bs=16M count=2", 0, 128 * MIB, 0);
  g_autoptr (DmsExecutionResult) result = dms_process_fixture_wait (execution);

  g_assert_true (dms_execution_result_is_success (result));
}

static void
test_pids (DmsProcessFixture *fixture, gconstpointer data)
{
  g_autoptr (DmsExecutionSpecBuilder) builder = NULL;
  g_autoptr (DmsExecution) execution = NULL;
  g_autoptr (DmsExecutionResult) result = NULL;

  if (!has_feature (fixture, DMS_EXECUTOR_FEATURE_LIMIT_PIDS))
    return;
  builder = dms_process_fixture_build_shell (fixture, "for i in 1 2 3 4 5 6 7 8 9; do sleep 1 & done; wait");
  dms_execution_spec_builder_set_pids_limit (builder, 5);
  execution = dms_process_fixture_start (fixture, builder);
  result = dms_process_fixture_wait (execution);
  g_assert_false (dms_execution_result_is_success (result));
  g_assert_nonnull (strstr (dms_execution_result_get_message (result), "limit of 5 processes"));
}

/* Half a core for 800 ms of work takes longer than a whole one would; the measure is CPU time over real time.
 */
static void
test_cpu (DmsProcessFixture *fixture, gconstpointer data)
{
  g_autoptr (DmsExecution) execution = NULL;
  g_autoptr (DmsExecutionResult) result = NULL;
  DmsUsage *usage;
  double elapsed;

  if (!has_feature (fixture, DMS_EXECUTOR_FEATURE_LIMIT_CPU))
    return;
  execution =
      start_limited (fixture, "timeout 2 sh -c 'while :; do :; done & while :; do :; done'", 0.5, 0, 0);
  result = dms_process_fixture_wait (execution);
  usage = dms_execution_result_get_usage (result);
  elapsed =
      (double) (dms_execution_result_get_ended_us (result) - dms_execution_result_get_started_us (result));
  g_assert_cmpfloat (elapsed, >=, 1.5e6);
  g_assert_cmpfloat ((double) dms_usage_get_cpu_time_us (usage) / elapsed, <, 0.75);
  g_assert_cmpuint (dms_usage_get_cpu_time_us (usage), >, 100000);
}

/* What the groups of a job say of its processor time. */
static char *
read_quota (const char *state_dir)
{
  static const char *const files[] = { "cpu.max", "cpu.cfs_quota_us" };
  g_autofree char *record = g_build_filename (state_dir, "cgroups", NULL);
  g_autoptr (GString) found = g_string_new (NULL);
  g_autofree char *list = NULL;
  g_auto (GStrv) groups = NULL;

  g_assert_true (g_file_get_contents (record, &list, NULL, NULL));
  groups = g_strsplit (g_strchomp (list), "\n", -1);
  for (gsize i = 0; groups[i] != NULL; i++)
    {
      for (gsize j = 0; j < G_N_ELEMENTS (files); j++)
        {
          g_autofree char *path = g_build_filename (groups[i], files[j], NULL);
          g_autofree char *text = NULL;

          if (g_file_get_contents (path, &text, NULL, NULL))
            g_string_append (found, text);
        }
    }
  return g_string_free (g_steal_pointer (&found), FALSE);
}

/* A sandbox that waits in the middle of being made. */
typedef struct
{
  char *state_dir;
  char *gate;
  char *quota;
} SetUp;

static gboolean
look_at_set_up (gpointer user_data)
{
  SetUp *self = user_data;
  g_autofree char *log = g_build_filename (self->state_dir, "stderr.log", NULL);
  g_autofree char *text = NULL;

  if (!g_file_get_contents (log, &text, NULL, NULL) || strstr (text, "waiting") == NULL)
    return G_SOURCE_CONTINUE;
  self->quota = read_quota (self->state_dir);
  g_assert_true (g_file_set_contents (self->gate, "", 0, NULL));
  return G_SOURCE_REMOVE;
}

/* The making of the sandbox is not slowed down by the limit of a small job, and the job is held to it. */
static void
test_cpu_set_up (DmsProcessFixture *fixture, gconstpointer data)
{
  g_autofree char *bwrap = g_find_program_in_path ("bwrap");
  g_autofree char *directory = g_dir_make_tmp ("dms-bwrap-XXXXXX", NULL);
  g_autofree char *wrapper = g_build_filename (directory, "bwrap", NULL);
  g_autofree char *before = g_strdup (g_getenv ("PATH"));
  g_autofree char *path = g_strdup_printf ("%s:%s", directory, before);
  g_autoptr (DmsExecution) execution = NULL;
  g_autofree char *script = NULL;
  g_autofree char *quota = NULL;
  SetUp set_up = { 0 };

  if (!has_feature (fixture, DMS_EXECUTOR_FEATURE_LIMIT_CPU))
    return;
  set_up.state_dir = g_strdup_printf ("%s/job%u", fixture->directory, fixture->count);
  set_up.gate = g_build_filename (directory, "gate", NULL);
  script = g_strdup_printf (
      "#!/bin/sh\necho waiting >&2\nwhile ! [ -e %s ]; do /bin/sleep 0.01; done\nexec %s \"$@\"\n",
      set_up.gate,
      bwrap);
  g_assert_true (g_file_set_contents_full (wrapper, script, -1, G_FILE_SET_CONTENTS_NONE, 0755, NULL));
  g_assert_cmpint (g_chmod (directory, 0755), ==, 0);
  g_setenv ("PATH", path, TRUE);
  g_timeout_add (5, look_at_set_up, &set_up);
  execution = start_limited (fixture, "exec sleep 60", 0.01, 0, 0);
  g_setenv ("PATH", before, TRUE);
  g_assert_nonnull (set_up.quota);
  g_assert_null (strstr (set_up.quota, "1000\n"));
  g_assert_false (g_str_has_prefix (set_up.quota, "1000 "));
  quota = read_quota (set_up.state_dir);
  g_assert_true (strstr (quota, "1000\n") != NULL || g_str_has_prefix (quota, "1000 "));
  dms_process_fixture_remove (execution);
  g_unlink (set_up.gate);
  g_unlink (wrapper);
  g_rmdir (directory);
  g_free (set_up.state_dir);
  g_free (set_up.gate);
  g_free (set_up.quota);
}

static void
test_disk (DmsProcessFixture *fixture, gconstpointer data)
{
  g_autoptr (DmsExecution) execution =
      start_limited (fixture, "dd if=/dev/zero of=big bs=1M count=32; sleep 60", 0, 0, 16 * MIB);
  g_autoptr (DmsExecutionResult) result = dms_process_fixture_wait (execution);

  g_assert_cmpint (dms_execution_result_get_reason (result), ==, DMS_END_OUT_OF_DISK);
  g_assert_cmpstr (dms_execution_result_get_message (result), ==, "disk limit of 16.0 MiB exceeded");
  g_assert_cmpuint (dms_usage_get_disk_bytes (dms_execution_result_get_usage (result)), >, 16 * MIB);
}

/* A file that has no name any more takes its space as long as it is open. */
static void
test_disk_deleted (DmsProcessFixture *fixture, gconstpointer data)
{
  g_autoptr (DmsExecution) execution =
      start_limited (fixture, "exec 3> big; rm big; head -c 32M /dev/zero >&3; sleep 60", 0, 0, 16 * MIB);
  g_autoptr (DmsExecutionResult) result = dms_process_fixture_wait (execution);

  g_assert_cmpint (dms_execution_result_get_reason (result), ==, DMS_END_OUT_OF_DISK);
}

/* Too quick for the measure while it runs, but not for that at its end. */
static void
test_disk_quick (DmsProcessFixture *fixture, gconstpointer data)
{
  g_autoptr (DmsExecution) execution = start_limited (fixture, "head -c 4M /dev/zero > big", 0, 0, 2 * MIB);
  g_autoptr (DmsExecutionResult) result = dms_process_fixture_wait (execution);

  g_assert_cmpint (dms_execution_result_get_reason (result), ==, DMS_END_OUT_OF_DISK);
}

static void
test_disk_enough (DmsProcessFixture *fixture, gconstpointer data)
{
  g_autoptr (DmsExecution) execution =
      start_limited (fixture, "head -c 1M /dev/zero > a; ln a b", 0, 0, 2 * MIB);
  g_autoptr (DmsExecutionResult) result = dms_process_fixture_wait (execution);

  g_assert_true (dms_execution_result_is_success (result));
}

static void
test_log (DmsProcessFixture *fixture, gconstpointer data)
{
  g_autoptr (DmsExecutionSpecBuilder) builder = dms_process_fixture_build (
      fixture,
      "{\"cmd\": [\"sh\", \"-c\", \"printf 0123456789; seq 1 50000; echo end >&2\"], "
      "\"log_limit\": 10}");
  g_autoptr (DmsExecution) execution = dms_process_fixture_start (fixture, builder);
  g_autoptr (DmsExecutionResult) result = dms_process_fixture_wait (execution);
  g_autofree char *out = dms_process_fixture_read_all (execution, DMS_LOG_STDOUT);
  g_autofree char *err = dms_process_fixture_read_all (execution, DMS_LOG_STDERR);

  g_assert_true (dms_execution_result_is_success (result));
  g_assert_cmpstr (out, ==, "0123456789\n[output cut here: limit of 10 bytes reached]\n");
  g_assert_cmpstr (err, ==, "end\n");
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  dms_process_fixture_add ("/executor-process/limits/memory", test_memory);
  dms_process_fixture_add ("/executor-process/limits/memory-files", test_memory_files);
  dms_process_fixture_add ("/executor-process/limits/memory-enough", test_memory_enough);
  dms_process_fixture_add ("/executor-process/limits/pids", test_pids);
  dms_process_fixture_add ("/executor-process/limits/cpu", test_cpu);
  dms_process_fixture_add ("/executor-process/limits/cpu-set-up", test_cpu_set_up);
  dms_process_fixture_add ("/executor-process/limits/disk", test_disk);
  dms_process_fixture_add ("/executor-process/limits/disk-deleted", test_disk_deleted);
  dms_process_fixture_add ("/executor-process/limits/disk-quick", test_disk_quick);
  dms_process_fixture_add ("/executor-process/limits/disk-enough", test_disk_enough);
  dms_process_fixture_add ("/executor-process/limits/log", test_log);
  return g_test_run ();
}
