/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

/* A job that may run only as long as a file says so is ended by its shim, whoever else is there or not. */

#include "dms-process-execution.h"
#include "dms-process-fixture.h"
#include "dms-shim-lease.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

/* Leases are as short as a test likes them, and as long as a slow machine needs. */
enum
{
  SHORT_MS = 3000,
  LONG_MS = 60 * 1000,
  MAX_SCALE = 8,
};

static char *
dup_boot_id (void)
{
  g_autofree char *text = NULL;

  g_assert_true (g_file_get_contents ("/proc/sys/kernel/random/boot_id", &text, NULL, NULL));
  return g_strdup (g_strstrip (text));
}

static char *
make_line (const char *boot_id, gint64 end_us, gint64 kill_us)
{
  return g_strdup_printf ("1 %s %010d %018" G_GINT64_FORMAT " %018" G_GINT64_FORMAT " %018" G_GINT64_FORMAT
                          " %018" G_GINT64_FORMAT "\n",
                          boot_id,
                          SHORT_MS,
                          end_us,
                          kill_us,
                          end_us,
                          kill_us);
}

static char *
dup_path (DmsProcessFixture *fixture)
{
  return g_build_filename (fixture->directory, "lease", NULL);
}

/* From now on. The file is written over in place, as the daemon does it. */
static void
give_lease (DmsProcessFixture *fixture, gint64 end_ms, gint64 kill_ms)
{
  const gint64 now = dms_shim_lease_now_us ();
  g_autofree char *boot_id = dup_boot_id ();
  g_autofree char *line = make_line (boot_id, now + end_ms * 1000, now + kill_ms * 1000);
  g_autofree char *path = dup_path (fixture);
  int fd = g_open (path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

  g_assert_cmpint (fd, >=, 0);
  g_assert_cmpint (pwrite (fd, line, strlen (line), 0), ==, (gssize) strlen (line));
  close (fd);
}

static DmsExecution *
launch (DmsProcessFixture *fixture, const char *script, GError **error)
{
  g_autoptr (DmsExecutionSpecBuilder) builder = dms_process_fixture_build_shell (fixture, script);
  g_autofree char *path = dup_path (fixture);

  dms_execution_spec_builder_set_lease_path (builder, path);
  return dms_process_fixture_launch (fixture, builder, error);
}

/* With a lease that is over in so long. Where the machine is so slow that it is over before the job runs, a
 * longer one is given. */
static DmsExecution *
start (DmsProcessFixture *fixture, gint64 end_ms, gint64 kill_ms, const char *script)
{
  g_autoptr (GError) error = NULL;
  DmsExecution *execution = NULL;

  for (guint scale = 1; execution == NULL && scale <= MAX_SCALE; scale *= 2)
    {
      g_clear_error (&error);
      give_lease (fixture, end_ms * scale, kill_ms * scale);
      execution = launch (fixture, script, &error);
    }
  g_assert_no_error (error);
  return execution;
}

static void
assert_ended_by_lease (DmsExecution *execution, int exit_code)
{
  g_autoptr (DmsExecutionResult) result = dms_process_fixture_wait (execution);

  g_assert_cmpint (dms_execution_result_get_reason (result), ==, DMS_END_STOPPED);
  g_assert_cmpint (dms_execution_result_get_exit_code (result), ==, exit_code);
  g_assert_nonnull (strstr (dms_execution_result_get_message (result), "its lease was over"));
}

static void
test_ends (DmsProcessFixture *fixture, gconstpointer data)
{
  g_autoptr (DmsExecution) execution = NULL;
  gint64 begin = dms_shim_lease_now_us ();

  execution = start (fixture, SHORT_MS, SHORT_MS, "sleep 600");
  assert_ended_by_lease (execution, 128 + 9);
  g_assert_cmpint (dms_shim_lease_now_us () - begin, >=, SHORT_MS * 1000);
}

/* Nobody watches the job: the shim has to do it alone. */
static void
test_ends_alone (DmsProcessFixture *fixture, gconstpointer data)
{
  DmsShimLease lease = { 0 };
  g_autofree char *path = dup_path (fixture);
  g_autofree char *handle = NULL;
  g_autoptr (DmsExecution) execution = NULL;
  g_autoptr (GError) error = NULL;

  execution = start (fixture, SHORT_MS, SHORT_MS, "sleep 600");
  handle = g_strdup (dms_execution_get_handle (execution));
  g_clear_object (&execution);
  g_assert_true (dms_shim_lease_read (&lease, path));
  g_usleep ((gulong) MAX (lease.kill_us - dms_shim_lease_now_us (), 0) + G_USEC_PER_SEC);
  execution = dms_process_fixture_adopt (fixture, handle, &error);
  g_assert_no_error (error);
  assert_ended_by_lease (execution, 128 + 9);
}

static void
test_grace (DmsProcessFixture *fixture, gconstpointer data)
{
  g_autoptr (DmsExecution) execution = NULL;
  g_autofree char *out = NULL;

  execution =
      start (fixture, 2 * SHORT_MS, LONG_MS, "trap 'echo bye; exit 3' TERM; echo up; sleep 600 & wait");
  assert_ended_by_lease (execution, 3);
  out = dms_process_fixture_read_all (execution, DMS_LOG_STDOUT);
  g_assert_cmpstr (out, ==, "up\nbye\n");
}

static void
test_grace_ignored (DmsProcessFixture *fixture, gconstpointer data)
{
  g_autoptr (DmsExecution) execution = NULL;

  execution = start (fixture, SHORT_MS, SHORT_MS + 500, "trap '' TERM; while :; do sleep 1; done");
  assert_ended_by_lease (execution, 128 + 9);
}

static void
test_paused (DmsProcessFixture *fixture, gconstpointer data)
{
  g_autoptr (DmsExecution) execution = NULL;

  execution = start (fixture, SHORT_MS, 2 * SHORT_MS, "sleep 600");
  (void) dms_process_fixture_pause (execution, NULL);
  assert_ended_by_lease (execution, 128 + 15);
}

static void
test_renewed (DmsProcessFixture *fixture, gconstpointer data)
{
  g_autoptr (DmsExecution) execution = NULL;

  execution = start (fixture, 2 * SHORT_MS, 2 * SHORT_MS, "sleep 600");
  give_lease (fixture, LONG_MS, LONG_MS);
  dms_process_fixture_sleep (2 * SHORT_MS + 1500);
  g_assert_cmpint (dms_execution_get_state (execution), ==, DMS_EXECUTION_RUNNING);
  /* What is renewed may also be given up. */
  g_assert_true (dms_process_fixture_stop (execution, 5000, NULL));
}

/* A lease that nobody can read is over. */
static void
test_taken_away (DmsProcessFixture *fixture, gconstpointer data)
{
  g_autoptr (DmsExecution) execution = NULL;
  g_autofree char *path = dup_path (fixture);

  execution = start (fixture, SHORT_MS, LONG_MS, "sleep 600");
  g_assert_cmpint (g_unlink (path), ==, 0);
  assert_ended_by_lease (execution, 128 + 9);
}

static void
test_end_of_its_own (DmsProcessFixture *fixture, gconstpointer data)
{
  g_autoptr (DmsExecution) execution = NULL;
  g_autoptr (DmsExecutionResult) result = NULL;

  execution = start (fixture, LONG_MS, LONG_MS, "exit 7");
  result = dms_process_fixture_wait (execution);
  g_assert_cmpint (dms_execution_result_get_reason (result), ==, DMS_END_EXITED);
  g_assert_cmpint (dms_execution_result_get_exit_code (result), ==, 7);
}

/* Nothing of a job runs without a lease: it would write a file. */
static void
test_not_begun (DmsProcessFixture *fixture, gconstpointer data)
{
  const gint64 now = dms_shim_lease_now_us ();
  g_autofree char *boot_id = dup_boot_id ();
  g_autofree char *path = dup_path (fixture);
  g_autofree char *good = make_line (boot_id, now + 60 * G_USEC_PER_SEC, now + 60 * G_USEC_PER_SEC);
  g_autofree char *over = make_line (boot_id, now - 1, now + 60 * G_USEC_PER_SEC);
  g_autofree char *other = make_line (
      "00000000-0000-0000-0000-000000000000", now + 60 * G_USEC_PER_SEC, now + 60 * G_USEC_PER_SEC);
  g_autofree char *half = g_strdup (good);
  const char *const contents[] = { NULL, "", "60000\n", over, other, half };

  /* The first of the two ends is of another line. */
  half[strlen ("1 ") + strlen (boot_id) + strlen (" 0000000000 ") + 1] = '9';
  for (guint i = 0; i < G_N_ELEMENTS (contents); i++)
    {
      g_autoptr (GError) error = NULL;

      (void) g_unlink (path);
      if (contents[i] != NULL)
        g_assert_true (g_file_set_contents (path, contents[i], -1, NULL));
      g_assert_null (launch (fixture, "sleep 600", &error));
      g_assert_error (error, DMS_ERROR, DMS_ERROR_FAILED);
      g_assert_nonnull (strstr (error->message, "lease"));
    }
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  dms_process_fixture_add ("/executor-process/lease/ends", test_ends);
  dms_process_fixture_add ("/executor-process/lease/ends-alone", test_ends_alone);
  dms_process_fixture_add ("/executor-process/lease/grace", test_grace);
  dms_process_fixture_add ("/executor-process/lease/grace-ignored", test_grace_ignored);
  dms_process_fixture_add ("/executor-process/lease/paused", test_paused);
  dms_process_fixture_add ("/executor-process/lease/renewed", test_renewed);
  dms_process_fixture_add ("/executor-process/lease/taken-away", test_taken_away);
  dms_process_fixture_add ("/executor-process/lease/end-of-its-own", test_end_of_its_own);
  dms_process_fixture_add ("/executor-process/lease/not-begun", test_not_begun);
  return g_test_run ();
}
