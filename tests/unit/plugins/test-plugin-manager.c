/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <string.h>

#include <gio/gio.h>
#include <glib/gstdio.h>

#include "plugins/dms-plugin-manager.h"

typedef struct
{
  char *directory;
  GPtrArray *files;
} Fixture;

static void
fixture_set_up (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  fixture->directory = g_dir_make_tmp ("dms-plugins-XXXXXX", &error);
  fixture->files = g_ptr_array_new_with_free_func (g_free);
  g_assert_no_error (error);
}

static void
fixture_tear_down (Fixture *fixture, gconstpointer data)
{
  for (guint i = fixture->files->len; i > 0; i--)
    g_assert_cmpint (g_remove (g_ptr_array_index (fixture->files, i - 1)), ==, 0);
  g_assert_cmpint (g_rmdir (fixture->directory), ==, 0);
  g_ptr_array_unref (fixture->files);
  g_free (fixture->directory);
}

static void
fixture_write (Fixture *fixture, const char *folder, const char *file, const char *text)
{
  g_autofree char *directory = g_build_filename (fixture->directory, folder, NULL);
  char *path = g_build_filename (directory, file, NULL);
  g_autoptr (GError) error = NULL;

  if (!g_file_test (directory, G_FILE_TEST_IS_DIR))
    {
      g_assert_cmpint (g_mkdir (directory, 0700), ==, 0);
      g_ptr_array_add (fixture->files, g_strdup (directory));
    }
  g_assert_true (g_file_set_contents (path, text, -1, &error));
  g_assert_no_error (error);
  g_ptr_array_add (fixture->files, path);
}

/* Puts a built module beside a plugin file. */
static void
fixture_link (Fixture *fixture, const char *source_folder, const char *module)
{
  g_autofree char *name = g_strdup_printf ("lib%s.so", module);
  g_autofree char *target = g_build_filename (g_getenv ("DMS_BUILD_ROOT"), source_folder, name, NULL);
  char *path = g_build_filename (fixture->directory, name, NULL);
  g_autoptr (GFile) file = g_file_new_for_path (path);
  g_autoptr (GError) error = NULL;

  g_assert_true (g_file_make_symbolic_link (file, target, NULL, &error));
  g_assert_no_error (error);
  g_ptr_array_add (fixture->files, path);
}

static DmsPluginManager *
fixture_load (Fixture *fixture, const char *const *disabled)
{
  const char *directories[] = { fixture->directory, NULL };
  DmsPluginManager *manager = dms_plugin_manager_new (directories, disabled);

  dms_plugin_manager_load_all (manager);
  return manager;
}

static void
assert_status (DmsPluginManager *manager, const char *id, DmsPluginStatus status, const char *reason)
{
  DmsPluginInfo *info = dms_plugin_manager_lookup (manager, id);

  g_assert_nonnull (info);
  if (reason != NULL)
    g_assert_cmpstr (dms_plugin_info_get_reason (info), !=, NULL);
  g_test_message ("%s: %s: %s", id, dms_plugin_status_to_string (dms_plugin_info_get_status (info)),
                  dms_plugin_info_get_reason (info));
  g_assert_cmpint (dms_plugin_info_get_status (info), ==, status);
  if (reason != NULL && strstr (dms_plugin_info_get_reason (info), reason) == NULL)
    g_error ("“%s” does not contain “%s”", dms_plugin_info_get_reason (info), reason);
}

static const char dummy_text[] = "[Plugin]\nModule=dms-dummy\nName=Dummies\nDescription=Fakes\nVersion=7\n"
                                 "Authors=A;B\nWebsite=https://example.org\nX-Dms-Abi=1\n";

static void
test_loads (Fixture *fixture, gconstpointer data)
{
  g_autoptr (DmsPluginManager) manager = NULL;
  g_autoptr (GPtrArray) executors = NULL;
  g_autoptr (GPtrArray) infos = NULL;
  g_autoptr (JsonNode) json = NULL;
  DmsPluginInfo *info = NULL;
  DmsExecutor *executor = NULL;

  fixture_write (fixture, "", "dms-dummy.plugin", dummy_text);
  fixture_link (fixture, "plugins/dummy", "dms-dummy");
  manager = fixture_load (fixture, NULL);
  assert_status (manager, "dms-dummy", DMS_PLUGIN_LOADED, NULL);
  executor = dms_plugin_manager_get_executor (manager, "null");
  g_assert_true (DMS_IS_EXECUTOR (executor));
  g_assert_cmpstr (dms_executor_get_id (executor), ==, "null");
  g_assert_null (dms_plugin_manager_get_executor (manager, "docker"));
  executors = dms_plugin_manager_list_executors (manager);
  g_assert_cmpuint (executors->len, ==, 1);
  infos = dms_plugin_manager_list (manager);
  g_assert_cmpuint (infos->len, ==, 1);

  info = g_ptr_array_index (infos, 0);
  g_assert_cmpstr (dms_plugin_info_get_name (info), ==, "Dummies");
  g_assert_cmpstr (dms_plugin_info_get_description (info), ==, "Fakes");
  g_assert_cmpstr (dms_plugin_info_get_version (info), ==, "7");
  g_assert_cmpstr (dms_plugin_info_get_website (info), ==, "https://example.org");
  g_assert_cmpstr (dms_plugin_info_get_authors (info)[1], ==, "B");
  g_assert_true (g_strv_contains (dms_plugin_info_get_contracts (info), "executor"));
  json = dms_plugin_info_to_json (info);
  g_assert_cmpstr (json_object_get_string_member (json_node_get_object (json), "status"), ==, "loaded");
}

static void
test_two_managers (Fixture *fixture, gconstpointer data)
{
  g_autoptr (DmsPluginManager) first = NULL;
  g_autoptr (DmsPluginManager) second = NULL;

  fixture_write (fixture, "", "dms-dummy.plugin", dummy_text);
  fixture_link (fixture, "plugins/dummy", "dms-dummy");
  first = fixture_load (fixture, NULL);
  second = fixture_load (fixture, NULL);
  g_assert_true (DMS_IS_EXECUTOR (dms_plugin_manager_get_executor (first, "null")));
  g_assert_true (DMS_IS_EXECUTOR (dms_plugin_manager_get_executor (second, "null")));
  g_clear_object (&first);
  g_assert_cmpstr (dms_executor_get_id (dms_plugin_manager_get_executor (second, "null")), ==, "null");
}

static void
test_disabled (Fixture *fixture, gconstpointer data)
{
  const char *disabled[] = { "dms-dummy", NULL };
  g_autoptr (DmsPluginManager) manager = NULL;

  fixture_write (fixture, "", "dms-dummy.plugin", dummy_text);
  fixture_link (fixture, "plugins/dummy", "dms-dummy");
  manager = fixture_load (fixture, disabled);
  assert_status (manager, "dms-dummy", DMS_PLUGIN_DISABLED, "configuration");
  g_assert_null (dms_plugin_manager_get_executor (manager, "null"));
}

static void
test_incompatible (Fixture *fixture, gconstpointer data)
{
  g_autoptr (DmsPluginManager) manager = NULL;

  fixture_write (fixture, "", "old.plugin", "[Plugin]\nModule=old\nName=Old\nX-Dms-Abi=0\n");
  fixture_write (fixture, "", "silent.plugin", "[Plugin]\nModule=silent\nName=Silent\n");
  fixture_write (
      fixture, "", "snake.plugin", "[Plugin]\nModule=snake\nName=S\nLoader=python3\nX-Dms-Abi=1\n");
  manager = fixture_load (fixture, NULL);
  assert_status (manager, "old", DMS_PLUGIN_INCOMPATIBLE, "built for version 0 of the contracts");
  assert_status (manager, "silent", DMS_PLUGIN_INCOMPATIBLE, "X-Dms-Abi=1 is missing");
  assert_status (manager, "snake", DMS_PLUGIN_INCOMPATIBLE, "python3");
}

static void
test_failed (Fixture *fixture, gconstpointer data)
{
  g_autoptr (DmsPluginManager) manager = NULL;
  g_autoptr (GPtrArray) infos = NULL;
  static const char *const modules[] = { "dms-fixture-empty",
                                         "dms-fixture-nothing",
                                         "dms-fixture-unresolved" };

  fixture_write (fixture, "", "absent.plugin", "[Plugin]\nModule=absent\nName=A\nX-Dms-Abi=1\n");
  fixture_write (fixture, "sub", "garbage.plugin", "this is no key file\n");
  fixture_write (fixture, "sub", "climber.plugin", "[Plugin]\nModule=../climber\nName=C\nX-Dms-Abi=1\n");
  fixture_write (fixture, "", "text.plugin", "[Plugin]\nModule=text\nName=T\nX-Dms-Abi=1\n");
  fixture_write (fixture, "", "libtext.so", "this is no shared object\n");
  for (gsize i = 0; i < G_N_ELEMENTS (modules); i++)
    {
      g_autofree char *file = g_strconcat (modules[i], ".plugin", NULL);
      g_autofree char *text = g_strdup_printf ("[Plugin]\nModule=%s\nName=F\nX-Dms-Abi=1\n", modules[i]);

      fixture_write (fixture, "", file, text);
      fixture_link (fixture, "tests/unit/plugins", modules[i]);
    }
  manager = fixture_load (fixture, NULL);
  assert_status (manager, "absent", DMS_PLUGIN_FAILED, "libabsent.so does not exist");
  assert_status (manager, "garbage.plugin", DMS_PLUGIN_FAILED, "cannot be read");
  assert_status (manager, "climber.plugin", DMS_PLUGIN_FAILED, "names no module");
  assert_status (manager, "text", DMS_PLUGIN_FAILED, "libtext.so: ");
  assert_status (manager, "dms-fixture-empty", DMS_PLUGIN_FAILED, "no function peas_register_types");
  assert_status (manager, "dms-fixture-nothing", DMS_PLUGIN_FAILED, "implements no contract");
  assert_status (manager, "dms-fixture-unresolved", DMS_PLUGIN_FAILED, "dms_fixture_missing_symbol");
  infos = dms_plugin_manager_list (manager);
  g_assert_cmpuint (infos->len, ==, 7);
}

static void
test_duplicate (Fixture *fixture, gconstpointer data)
{
  g_autoptr (DmsPluginManager) manager = NULL;
  g_autoptr (GPtrArray) infos = NULL;
  DmsPluginInfo *second = NULL;

  fixture_write (fixture, "", "dms-dummy.plugin", dummy_text);
  fixture_link (fixture, "plugins/dummy", "dms-dummy");
  fixture_write (fixture, "sub", "dms-dummy.plugin", dummy_text);
  manager = fixture_load (fixture, NULL);
  assert_status (manager, "dms-dummy", DMS_PLUGIN_LOADED, NULL);
  infos = dms_plugin_manager_list (manager);
  g_assert_cmpuint (infos->len, ==, 2);
  second = g_ptr_array_index (infos, 1);
  g_assert_cmpint (dms_plugin_info_get_status (second), ==, DMS_PLUGIN_DUPLICATE);
  g_assert_nonnull (strstr (dms_plugin_info_get_reason (second), "comes first"));
}

/* The build tree has one folder a plugin. */
static void
test_build_tree (Fixture *fixture, gconstpointer data)
{
  g_autofree char *plugins = g_build_filename (g_getenv ("DMS_BUILD_ROOT"), "plugins", NULL);
  const char *directories[] = { plugins, NULL };
  g_autoptr (DmsPluginManager) manager = dms_plugin_manager_new (directories, NULL);
  g_autoptr (GError) error = NULL;

  dms_plugin_manager_load_all (manager);
  assert_status (manager, "dms-dummy", DMS_PLUGIN_LOADED, NULL);
  g_assert_true (DMS_IS_EXECUTOR (dms_plugin_manager_get_executor (manager, "null")));
  dms_plugin_manager_set_executor_error (manager, "nothing", &error);
  g_assert_error (error, DMS_ERROR, DMS_ERROR_UNAVAILABLE);
}

static void
test_default_directories (Fixture *fixture, gconstpointer data)
{
  g_auto (GStrv) directories = NULL;
  g_autofree char *saved = g_strdup (g_getenv ("DMS_PLUGIN_PATH"));

  g_setenv ("DMS_PLUGIN_PATH", "/one:/two", TRUE);
  directories = dms_plugin_manager_dup_default_directories ();
  g_assert_cmpuint (g_strv_length (directories), ==, 4);
  g_assert_cmpstr (directories[0], ==, "/one");
  g_assert_cmpstr (directories[1], ==, "/two");
  g_assert_true (g_str_has_suffix (directories[3], "dms-1/plugins"));
  g_setenv ("DMS_PLUGIN_PATH", saved != NULL ? saved : "", TRUE);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/plugins/loads", Fixture, NULL, fixture_set_up, test_loads, fixture_tear_down);
  g_test_add ("/plugins/two-managers", Fixture, NULL, fixture_set_up, test_two_managers, fixture_tear_down);
  g_test_add ("/plugins/disabled", Fixture, NULL, fixture_set_up, test_disabled, fixture_tear_down);
  g_test_add ("/plugins/incompatible", Fixture, NULL, fixture_set_up, test_incompatible, fixture_tear_down);
  g_test_add ("/plugins/failed", Fixture, NULL, fixture_set_up, test_failed, fixture_tear_down);
  g_test_add ("/plugins/duplicate", Fixture, NULL, fixture_set_up, test_duplicate, fixture_tear_down);
  g_test_add ("/plugins/build-tree", Fixture, NULL, fixture_set_up, test_build_tree, fixture_tear_down);
  g_test_add ("/plugins/default-directories", Fixture, NULL, fixture_set_up, test_default_directories,
              fixture_tear_down);
  return g_test_run ();
}
