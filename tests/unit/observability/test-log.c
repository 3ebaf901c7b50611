/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <glib/gstdio.h>
#include <json-glib/json-glib.h>
#include <dms.h>
#include <string.h>

#include "observability/dms-log.h"

typedef struct
{
  char *directory;
  char *path;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->directory = g_dir_make_tmp ("dms-log-XXXXXX", NULL);
  fixture->path = g_build_filename (fixture->directory, "logs", "dms.jsonl", NULL);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_autofree char *logs = g_build_filename (fixture->directory, "logs", NULL);
  g_autoptr (GDir) dir = g_dir_open (logs, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (logs, name, NULL);

      g_unlink (path);
    }
  g_rmdir (logs);
  g_rmdir (fixture->directory);
  g_free (fixture->path);
  g_free (fixture->directory);
}

static DmsLogFile *
open_file (Fixture *fixture, guint64 max_bytes, guint max_backups)
{
  g_autoptr (GError) error = NULL;
  DmsLogFile *file = dms_log_file_open (fixture->path, max_bytes, max_backups, 28, &error);

  g_assert_no_error (error);
  return file;
}

static char *
read_text (const char *path)
{
  char *text = NULL;

  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  return text;
}

static void
test_event (Fixture *fixture, gconstpointer data)
{
  g_autoptr (DmsLog) log = dms_log_new ();
  g_autoptr (DmsLogFile) file = open_file (fixture, 0, 0);
  g_autoptr (JsonParser) parser = json_parser_new ();
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;
  JsonObject *line;

  dms_log_set_console (log, FALSE);
  dms_log_set_file (log, file);
  dms_log_install (log);

  dms_log_event (G_LOG_LEVEL_DEBUG, "unseen", NULL, NULL);
  dms_log_event (
      G_LOG_LEVEL_INFO, "bid_request", "orchestratorID", "abc", "error", NULL, "note", "a\nb\"c\xff", NULL);

  text = read_text (fixture->path);
  json_parser_load_from_data (parser, text, -1, &error);
  g_assert_no_error (error);
  line = json_node_get_object (json_parser_get_root (parser));
  g_assert_cmpstr (json_object_get_string_member (line, "msg"), ==, "bid_request");
  g_assert_cmpstr (json_object_get_string_member (line, "level"), ==, "INFO");
  g_assert_cmpstr (json_object_get_string_member (line, "orchestratorID"), ==, "abc");
  g_assert_true (g_str_has_prefix (json_object_get_string_member (line, "note"), "a\nb\"c"));
  g_assert_false (json_object_has_member (line, "error"));
  g_assert_nonnull (strchr (json_object_get_string_member (line, "timestamp"), 'T'));
  g_assert_cmpuint (strlen (strchr (text, '\n')), ==, 1);
}

static void
test_level (Fixture *fixture, gconstpointer data)
{
  g_autoptr (DmsLog) log = dms_log_new ();
  g_autoptr (DmsLogFile) file = open_file (fixture, 0, 0);
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;

  dms_log_set_console (log, FALSE);
  dms_log_set_file (log, file);
  dms_log_install (log);

  g_assert_true (dms_log_set_level (log, "warn", &error));
  g_assert_cmpstr (dms_log_get_level (log), ==, "WARN");
  dms_log_event (G_LOG_LEVEL_INFO, "unseen", NULL, NULL);
  dms_log_event (G_LOG_LEVEL_WARNING, "seen", NULL, NULL);
  text = read_text (fixture->path);
  g_assert_null (strstr (text, "unseen\""));
  g_assert_nonnull (strstr (text, "\"seen\""));

  g_assert_false (dms_log_set_level (log, "LOUD", &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT);
  g_assert_nonnull (strstr (error->message, "LOUD"));
}

static void
test_rotation (Fixture *fixture, gconstpointer data)
{
  g_autoptr (DmsLogFile) file = open_file (fixture, 10, 2);
  g_autofree char *first = g_strconcat (fixture->path, ".1", NULL);
  g_autofree char *second = g_strconcat (fixture->path, ".2", NULL);
  g_autofree char *third = g_strconcat (fixture->path, ".3", NULL);
  const char *lines[] = { "one-1234\n", "two-1234\n", "three-12\n", "four-123\n" };
  g_autofree char *now = NULL;
  g_autofree char *before = NULL;
  g_autofree char *earlier = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (lines); i++)
    dms_log_file_write_line (file, lines[i], strlen (lines[i]));

  now = read_text (fixture->path);
  before = read_text (first);
  earlier = read_text (second);
  g_assert_cmpstr (now, ==, "four-123\n");
  g_assert_cmpstr (before, ==, "three-12\n");
  g_assert_cmpstr (earlier, ==, "two-1234\n");
  g_assert_false (g_file_test (third, G_FILE_TEST_EXISTS));
  g_assert_cmpuint (dms_log_file_get_dropped (file), ==, 0);
}

static void
test_unwritable (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsLogFile) file = dms_log_file_open ("/proc/no/such.jsonl", 0, 0, 0, &error);

  g_assert_null (file);
  g_assert_error (error, DMS_ERROR, DMS_ERROR_IO);
  g_assert_nonnull (strstr (error->message, "/proc/no"));
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add ("/log/event", Fixture, NULL, set_up, test_event, tear_down);
  g_test_add ("/log/level", Fixture, NULL, set_up, test_level, tear_down);
  g_test_add ("/log/rotation", Fixture, NULL, set_up, test_rotation, tear_down);
  g_test_add_func ("/log/unwritable", test_unwritable);

  return g_test_run ();
}
