/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "jobs/dms-job-parser.h"

#include <glib/gstdio.h>
#include <string.h>

/* Every file of good/ is read and its wire form compared with the .json beside it, its warnings with
 * .warnings; every file of bad/ must be refused with exactly the text beside it. With DMS_TEST_UPDATE set the
 * files are written instead, for a person to read. */

static char *
data_dir (const char *name)
{
  return g_build_filename (g_getenv ("DMS_SOURCE_ROOT"), "tests", "unit", "jobs", name, NULL);
}

static void
compare_with_file (const char *path, const char *text)
{
  g_autofree char *expected = NULL;
  g_autofree char *with_newline = g_strdup_printf ("%s%s", text, *text == '\0' ? "" : "\n");
  g_autoptr (GError) error = NULL;

  if (g_getenv ("DMS_TEST_UPDATE") != NULL)
    {
      if (*text != '\0')
        g_assert_true (g_file_set_contents (path, with_newline, -1, NULL));
      return;
    }
  if (!g_file_test (path, G_FILE_TEST_EXISTS))
    {
      g_assert_cmpstr (text, ==, "");
      return;
    }
  g_file_get_contents (path, &expected, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (with_newline, ==, expected);
}

static char *
sibling (const char *path, const char *extension)
{
  g_autofree char *stem = g_strndup (path, (gsize) (strrchr (path, '.') - path));

  return g_strconcat (stem, extension, NULL);
}

static DmsEnsemble *
load (const char *path, GError **error)
{
  g_autofree char *content = NULL;
  g_autofree char *name = g_path_get_basename (path);
  g_autofree char *folder = g_path_get_dirname (path);
  g_autoptr (GBytes) data = NULL;
  gsize length;

  g_assert_true (g_file_get_contents (path, &content, &length, NULL));
  data = g_bytes_new (content, length);
  return dms_job_parser_load_data (name, folder, data, error);
}

static void
test_good (gconstpointer user_data)
{
  const char *path = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsEnsemble) ensemble = load (path, &error);
  g_autoptr (DmsEnsemble) again = NULL;
  g_autoptr (JsonNode) wire = NULL;
  g_autoptr (JsonNode) wire_again = NULL;
  g_autofree char *text = NULL;
  g_autofree char *text_again = NULL;
  g_autofree char *json_path = sibling (path, ".wire");
  g_autofree char *warnings_path = sibling (path, ".warnings");
  g_autofree char *warnings = NULL;
  const char *const none[] = { NULL };

  g_assert_no_error (error);
  g_assert_nonnull (ensemble);
  wire = dms_ensemble_to_json (ensemble);
  text = json_to_string (wire, TRUE);
  compare_with_file (json_path, text);
  warnings = g_strjoinv (
      "\n",
      (char **) (dms_ensemble_get_warnings (ensemble) != NULL ? dms_ensemble_get_warnings (ensemble) : none));
  compare_with_file (warnings_path, warnings);
  again = dms_ensemble_new_from_json (wire, &error);
  g_assert_no_error (error);
  wire_again = dms_ensemble_to_json (again);
  text_again = json_to_string (wire_again, TRUE);
  g_assert_cmpstr (text, ==, text_again);
}

static void
test_bad (gconstpointer user_data)
{
  const char *path = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsEnsemble) ensemble = load (path, &error);
  g_autofree char *expected = sibling (path, ".txt");
  g_autofree char *folder = g_path_get_dirname (path);
  g_autoptr (GString) message = NULL;

  g_assert_null (ensemble);
  g_assert_nonnull (error);
  g_assert_true (error->domain == DMS_ERROR);
  message = g_string_new (error->message);
  g_string_replace (message, folder, "FOLDER", 0);
  compare_with_file (expected, message->str);
}

/* What users are shown first must be right. */
static void
test_example (gconstpointer user_data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsEnsemble) ensemble = dms_job_parser_load_file (user_data, &error);

  g_assert_no_error (error);
  g_assert_null (dms_ensemble_get_warnings (ensemble));
}

static int
compare_texts (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

static void
add_tests (const char *name, const char *folder, void (*func) (gconstpointer))
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  g_autoptr (GPtrArray) files = g_ptr_array_new ();
  const char *file;

  g_assert_nonnull (dir);
  while ((file = g_dir_read_name (dir)) != NULL)
    {
      if (g_str_has_suffix (file, ".yaml") || g_str_has_suffix (file, ".json"))
        g_ptr_array_add (files, g_build_filename (folder, file, NULL));
    }
  g_ptr_array_sort (files, compare_texts);
  g_assert_cmpuint (files->len, >, 5);
  for (guint i = 0; i < files->len; i++)
    {
      g_autofree char *base = g_path_get_basename (files->pdata[i]);
      g_autofree char *path = g_strdup_printf ("/jobs/%s/%s", name, base);

      g_test_add_data_func_full (path, files->pdata[i], func, g_free);
    }
}

int
main (int argc, char **argv)
{
  g_autofree char *good = NULL;
  g_autofree char *bad = NULL;
  g_autofree char *examples = NULL;

  g_setenv ("DMS_TEST_SET", "value ${NOT_AGAIN}", TRUE);
  g_setenv ("DMS_TEST_EMPTY", "", TRUE);
  g_test_init (&argc, &argv, NULL);
  good = data_dir ("good");
  bad = data_dir ("bad");
  examples = g_build_filename (g_getenv ("DMS_SOURCE_ROOT"), "data", "examples", NULL);
  add_tests ("good", good, test_good);
  add_tests ("bad", bad, test_bad);
  add_tests ("examples", examples, test_example);
  return g_test_run ();
}
