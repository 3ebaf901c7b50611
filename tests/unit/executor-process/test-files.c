/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-process-fixture.h"

#include <string.h>

/* Files that a job left, which did all it could to have others read. */

static GBytes *
read_file (DmsExecution *execution, const char *path, gsize max_bytes, GError **error)
{
  return dms_process_fixture_read_file (execution, path, max_bytes, error);
}

static void
assert_file (DmsExecution *execution, const char *path, gsize max_bytes, const char *expected)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = read_file (execution, path, max_bytes, &error);
  gsize size;
  const char *data;

  g_assert_no_error (error);
  data = g_bytes_get_data (bytes, &size);
  g_assert_cmpmem (data, size, expected, strlen (expected));
}

static void
assert_refused (DmsExecution *execution, const char *path, int code)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = read_file (execution, path, 1024, &error);

  g_assert_error (error, DMS_ERROR, code);
  g_assert_null (bytes);
}

static void
test_files (DmsProcessFixture *fixture, gconstpointer data)
{
  g_autofree char *secret = g_build_filename (fixture->directory, "secret", NULL);
  g_autofree char *script = g_strdup_printf (
      "mkdir -p out/deep && printf 'one\\ntwo\\n' > out/deep/f && : > empty && printf x > 'a b' && "
      "ln -s %s link && ln -s out way && ln -s / root && ln -s .. above && ln -s out/deep/f inside && "
      "mkfifo pipe && mkdir folder && printf y > closed && chmod 000 closed && truncate -s 40000000 large && "
      "printf end >> large",
      secret);
  g_autoptr (DmsExecution) execution = NULL;
  g_autoptr (DmsExecutionResult) result = NULL;

  g_assert_true (g_file_set_contents (secret, "secret", 6, NULL));
  execution = dms_process_fixture_start_shell (fixture, script);
  result = dms_process_fixture_wait (execution);
  g_assert_true (dms_execution_result_is_success (result));
  assert_file (execution, "out/deep/f", 1024, "one\ntwo\n");
  assert_file (execution, "out/deep/f", 3, "wo\n");
  assert_file (execution, "empty", 1024, "");
  assert_file (execution, "a b", 1024, "x");
  assert_file (execution, "large", 3, "end");
  assert_refused (execution, "nothing", DMS_ERROR_NOT_FOUND);
  assert_refused (execution, "out/nothing/f", DMS_ERROR_NOT_FOUND);
  for (const char *const *path = (const char *const[]){ "link",
                                                        "way/deep/f",
                                                        "root/etc/passwd",
                                                        "above/status.json",
                                                        "inside",
                                                        "pipe",
                                                        "folder",
                                                        "empty/f",
                                                        NULL };
       *path != NULL;
       path++)
    assert_refused (execution, *path, DMS_ERROR_PERMISSION_DENIED);
  for (const char *const *path =
           (const char *const[]){
               "/etc/passwd", "../status.json", "out/../../status.json", "out//f", "./empty", "", NULL };
       *path != NULL;
       path++)
    assert_refused (execution, *path, DMS_ERROR_IO);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  dms_process_fixture_add ("/executor-process/files", test_files);
  return g_test_run ();
}
