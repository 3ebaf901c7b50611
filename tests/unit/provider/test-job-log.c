/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

/* Logs of executions whose engine keeps them in files of the same name, as the process executor does. */

#include "provider/dms-job-log.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TEST_TYPE_EXECUTION (test_execution_get_type ())

G_DECLARE_FINAL_TYPE (TestExecution, test_execution, TEST, EXECUTION, GObject)

/* Answers each stream with "read\n", which is what its files do not say, and counts how often it is asked. */
struct _TestExecution
{
  GObject parent_instance;

  DmsExecutionState state;
  guint n_reads;
};

static void test_execution_interface_init (DmsExecutionInterface *iface);

G_DEFINE_TYPE_WITH_CODE (TestExecution,
                         test_execution,
                         G_TYPE_OBJECT,
                         G_IMPLEMENT_INTERFACE (DMS_TYPE_EXECUTION, test_execution_interface_init))

static void
test_execution_class_init (TestExecutionClass *klass)
{
}

static void
test_execution_init (TestExecution *self)
{
  self->state = DMS_EXECUTION_ENDED;
}

static DmsExecutionState
get_state (DmsExecution *execution)
{
  return TEST_EXECUTION (execution)->state;
}

static void
read_log_async (DmsExecution *execution,
                DmsLogStream stream,
                guint64 offset,
                gsize max_bytes,
                gboolean follow,
                GCancellable *cancellable,
                GAsyncReadyCallback callback,
                gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (execution, cancellable, callback, user_data);
  g_autoptr (GBytes) bytes = g_bytes_new_static ("read\n" + MIN (offset, 5), 5 - MIN (offset, 5));

  TEST_EXECUTION (execution)->n_reads++;
  g_task_return_pointer (
      task, dms_log_chunk_new (stream, offset, bytes, 5, TRUE), (GDestroyNotify) dms_log_chunk_unref);
}

static DmsLogChunk *
read_log_finish (DmsExecution *execution, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
test_execution_interface_init (DmsExecutionInterface *iface)
{
  iface->get_state = get_state;
  iface->read_log_async = read_log_async;
  iface->read_log_finish = read_log_finish;
}

typedef struct
{
  char *folder;
  char *state_dir;
  DmsJobLog *log;
  TestExecution *execution;
} Fixture;

static void
write_file (const char *folder, const char *name, const char *text)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);

  g_assert_true (g_file_set_contents (path, text, -1, NULL));
}

static void
begin (Fixture *f, const char *execution_id)
{
  g_autoptr (GError) error = NULL;

  g_free (f->state_dir);
  f->state_dir = dms_job_log_open (f->log, execution_id, &error);
  g_assert_no_error (error);
  write_file (f->state_dir, "stdout.log", "file out\n");
  write_file (f->state_dir, "stderr.log", "file err\n");
}

static void
set_up (Fixture *f, gconstpointer data)
{
  f->folder = g_dir_make_tmp ("dms-job-log-XXXXXX", NULL);
  f->log = dms_job_log_new (f->folder);
  f->execution = g_object_new (TEST_TYPE_EXECUTION, NULL);
  begin (f, "first");
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  dms_job_log_remove (f->folder);
  g_assert_false (g_file_test (f->folder, G_FILE_TEST_EXISTS));
  g_object_unref (f->log);
  g_object_unref (f->execution);
  g_free (f->state_dir);
  g_free (f->folder);
}

static void
on_done (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (dms_job_log_collect_finish (DMS_JOB_LOG (source), result, &error));
  g_assert_no_error (error);
  *(gboolean *) user_data = TRUE;
}

static void
collect (Fixture *f)
{
  gboolean done = FALSE;

  dms_job_log_collect_async (f->log, DMS_EXECUTION (f->execution), NULL, on_done, &done);
  while (!done)
    g_main_context_iteration (NULL, TRUE);
}

static void
assert_log (Fixture *f, const char *name, const char *expected)
{
  g_autofree char *path = g_build_filename (f->folder, name, NULL);
  g_autofree char *text = NULL;

  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  g_assert_cmpstr (text, ==, expected);
}

static guint
count_files (const char *folder)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  guint n = 0;

  while (g_dir_read_name (dir) != NULL)
    n++;
  return n;
}

/* Neither read nor copied: the file of the engine stays under a second name when the engine's is gone. */
static void
test_taken (Fixture *f, gconstpointer data)
{
  g_autofree char *out = g_build_filename (f->state_dir, "stdout.log", NULL);

  if (data != NULL)
    {
      dms_job_log_link (f->log, f->state_dir);
      write_file (f->folder, "stdout.new.log", "left by a daemon that died");
      assert_log (f, "stdout.log", "file out\n");
    }
  collect (f);
  g_assert_cmpuint (f->execution->n_reads, ==, 0);
  dms_job_log_remove (f->state_dir);
  g_assert_false (g_file_test (out, G_FILE_TEST_EXISTS));
  assert_log (f, "stdout.log", "file out\n");
  assert_log (f, "stderr.log", "file err\n");
  if (data == NULL)
    g_assert_cmpuint (count_files (f->folder), ==, 2);
}

/* What still runs may write more, and what was written before comes first: then it is read and copied. */
static void
test_copied (Fixture *f, gconstpointer data)
{
  f->execution->state = DMS_EXECUTION_RUNNING;
  dms_job_log_link (f->log, f->state_dir);
  collect (f);
  g_assert_cmpuint (f->execution->n_reads, ==, 2);
  dms_job_log_remove (f->state_dir);
  assert_log (f, "stdout.log", "read\n");

  f->execution->state = DMS_EXECUTION_ENDED;
  begin (f, "second");
  dms_job_log_link (f->log, f->state_dir);
  collect (f);
  g_assert_cmpuint (f->execution->n_reads, ==, 4);
  assert_log (f, "stdout.log", "read\nread\n");
  assert_log (f, "stderr.log", "read\nread\n");
}

/* The last run is never collected, for its machine died: what those before it wrote stays. */
static void
test_not_collected (Fixture *f, gconstpointer data)
{
  collect (f);
  begin (f, "second");
  write_file (f->state_dir, "stdout.log", "what is lost with its machine");
  dms_job_log_link (f->log, f->state_dir);
  begin (f, "third");
  assert_log (f, "stdout.earlier.log", "file out\n");
}

/* A link in the place of the file leads nowhere. */
static void
test_link (Fixture *f, gconstpointer data)
{
  g_autofree char *out = g_build_filename (f->state_dir, "stdout.log", NULL);

  g_assert_cmpint (g_unlink (out), ==, 0);
  g_assert_cmpint (symlink ("/etc/passwd", out), ==, 0);
  dms_job_log_link (f->log, f->state_dir);
  collect (f);
  assert_log (f, "stdout.log", "read\n");
  assert_log (f, "stderr.log", "file err\n");
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/provider/job-log/taken", Fixture, NULL, set_up, test_taken, tear_down);
  g_test_add ("/provider/job-log/taken-linked", Fixture, "linked", set_up, test_taken, tear_down);
  g_test_add ("/provider/job-log/copied", Fixture, NULL, set_up, test_copied, tear_down);
  g_test_add ("/provider/job-log/not-collected", Fixture, NULL, set_up, test_not_collected, tear_down);
  g_test_add ("/provider/job-log/link", Fixture, NULL, set_up, test_link, tear_down);
  return g_test_run ();
}
