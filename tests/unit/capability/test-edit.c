/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

/* Several programs that change one capability file at the same time. */

#include "capability/dms-capability-keeper.h"
#include "common/dms-file-lock.h"

#include <dms.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define WRITERS 2
#define CHANGES 200

typedef struct
{
  char *directory;
  char *path;
  DmsKey *key;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  g_autoptr (DmsCapabilityContext) context = NULL;

  f->directory = g_dir_make_tmp ("dms-edit-XXXXXX", NULL);
  f->path = g_build_filename (f->directory, "cap", "dms.cap", NULL);
  f->key = dms_key_generate ();
  context = dms_capability_context_new (dms_key_get_did (f->key), f->key);
  g_assert_true (dms_capability_context_save (context, f->path, NULL));
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_autofree char *folder = g_path_get_dirname (f->path);
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;

  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (folder, name, NULL);

      g_unlink (path);
    }
  g_rmdir (folder);
  g_assert_cmpint (g_rmdir (f->directory), ==, 0);
  g_free (f->directory);
  g_free (f->path);
  dms_key_unref (f->key);
}

static guint
count_roots (Fixture *f)
{
  g_autoptr (DmsCapabilityContext) context = dms_capability_context_load (f->path, f->key, NULL);
  g_autoptr (GPtrArray) roots = NULL;

  g_assert_nonnull (context);
  roots = dms_capability_context_dup_roots (context);
  return roots->len;
}

static gboolean
add_root (DmsCapabilityContext *context, gpointer user_data, GError **error)
{
  return dms_capability_context_anchor_root (context, dms_key_get_did (user_data), error);
}

static gboolean
add_root_and_fail (DmsCapabilityContext *context, gpointer user_data, GError **error)
{
  g_assert_true (add_root (context, user_data, error));
  g_set_error_literal (error, DMS_ERROR, DMS_ERROR_FAILED, "no");
  return FALSE;
}

/* The other program: this one, told to write. */
static int
write_roots (const char *path)
{
  for (guint i = 0; i < CHANGES; i++)
    {
      g_autoptr (DmsKey) key = dms_key_generate ();
      g_autoptr (GError) error = NULL;

      dms_capability_context_edit (path, NULL, add_root, key, &error);
      g_assert_no_error (error);
    }
  return EXIT_SUCCESS;
}

static void
test_writers (Fixture *f, gconstpointer data)
{
  /* Under valgrind the link itself names valgrind. */
  g_autofree char *self = g_file_read_link ("/proc/self/exe", NULL);
  const char *const words[] = { self, "--write", f->path, NULL };
  GSubprocess *writers[WRITERS];
  g_autoptr (GError) error = NULL;
  struct stat info;

  for (guint i = 0; i < WRITERS; i++)
    {
      writers[i] = g_subprocess_newv (words, G_SUBPROCESS_FLAGS_NONE, &error);
      g_assert_no_error (error);
    }
  for (guint i = 0; i < WRITERS; i++)
    {
      g_assert_true (g_subprocess_wait_check (writers[i], NULL, &error));
      g_assert_no_error (error);
      g_object_unref (writers[i]);
    }
  g_assert_cmpuint (count_roots (f), ==, WRITERS * CHANGES);
  g_assert_cmpint (g_stat (f->path, &info), ==, 0);
  g_assert_cmpint (info.st_mode & 07777, ==, 0600);
}

static void
on_edited (GObject *source, GAsyncResult *result, gpointer user_data)
{
  guint *left = user_data;
  g_autoptr (GError) error = NULL;

  dms_capability_keeper_edit_finish (DMS_CAPABILITY_KEEPER (source), result, &error);
  g_assert_no_error (error);
  (*left)--;
}

static void
on_refused (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GError **error = user_data;

  g_assert_false (dms_capability_keeper_edit_finish (DMS_CAPABILITY_KEEPER (source), result, error));
}

/* A service that changes what it holds while another program changes the file. */
static void
test_keeper (Fixture *f, gconstpointer data)
{
  /* Under valgrind the link itself names valgrind. */
  g_autofree char *self = g_file_read_link ("/proc/self/exe", NULL);
  const char *const words[] = { self, "--write", f->path, NULL };
  g_autoptr (DmsCapabilityContext) context = dms_capability_context_load (f->path, f->key, NULL);
  g_autoptr (DmsCapabilityKeeper) keeper = dms_capability_keeper_new (context, f->path);
  g_autoptr (GSubprocess) writer = NULL;
  g_autoptr (GPtrArray) roots = NULL;
  g_autoptr (GError) error = NULL;
  guint left = CHANGES;

  writer = g_subprocess_newv (words, G_SUBPROCESS_FLAGS_NONE, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < CHANGES; i++)
    {
      dms_capability_keeper_edit_async (keeper, add_root, dms_key_generate (), (GDestroyNotify) dms_key_unref,
                                        on_edited, &left);
      g_assert_true (dms_capability_keeper_reload (keeper, NULL));
      while (left > CHANGES - i + 2)
        g_main_context_iteration (NULL, TRUE);
    }
  while (left > 0)
    g_main_context_iteration (NULL, TRUE);
  g_assert_true (g_subprocess_wait_check (writer, NULL, &error));
  g_assert_no_error (error);

  g_assert_cmpuint (count_roots (f), ==, 2 * CHANGES);
  g_assert_true (dms_capability_keeper_reload (keeper, &error));
  roots = dms_capability_context_dup_roots (context);
  g_assert_cmpuint (roots->len, ==, 2 * CHANGES);
}

static guint
count_files (Fixture *f)
{
  g_autofree char *folder = g_path_get_dirname (f->path);
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  guint count = 0;

  while (g_dir_read_name (dir) != NULL)
    count++;
  return count;
}

/* Other nodes cannot fill the disk with versions; what the owner changes can be brought back. */
static void
test_keeper_versions (Fixture *f, gconstpointer data)
{
  g_autoptr (DmsCapabilityContext) context = dms_capability_context_load (f->path, f->key, NULL);
  g_autoptr (DmsCapabilityKeeper) keeper = dms_capability_keeper_new (context, f->path);
  guint before = count_files (f);
  guint left = 1;

  dms_capability_keeper_learn_async (keeper, add_root, dms_key_generate (), (GDestroyNotify) dms_key_unref,
                                     on_edited, &left);
  while (left > 0)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpuint (count_roots (f), ==, 1);
  g_assert_cmpuint (count_files (f), ==, before);

  left = 2;
  dms_capability_keeper_learn_async (keeper, add_root, dms_key_generate (), (GDestroyNotify) dms_key_unref,
                                     on_edited, &left);
  dms_capability_keeper_edit_async (keeper, add_root, dms_key_generate (), (GDestroyNotify) dms_key_unref,
                                    on_edited, &left);
  while (left > 0)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpuint (count_roots (f), ==, 3);
  g_assert_cmpuint (count_files (f), ==, before + 1);
}

/* What cannot be written does not count in memory. */
static void
test_keeper_without_disk (Fixture *f, gconstpointer data)
{
  g_autoptr (DmsCapabilityContext) context = dms_capability_context_load (f->path, f->key, NULL);
  g_autoptr (DmsCapabilityKeeper) keeper = dms_capability_keeper_new (context, f->path);
  g_autoptr (GPtrArray) roots = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_true (g_file_set_contents (f->path, "{", -1, NULL));
  dms_capability_keeper_edit_async (keeper, add_root, f->key, NULL, on_refused, &error);
  while (error == NULL)
    g_main_context_iteration (NULL, TRUE);
  g_assert_error (error, DMS_ERROR, DMS_ERROR_CORRUPT);
  roots = dms_capability_context_dup_roots (context);
  g_assert_cmpuint (roots->len, ==, 0);
}

static void
test_refused_change (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsKey) other = dms_key_generate ();

  g_assert_false (dms_capability_context_edit (f->path, f->key, add_root_and_fail, f->key, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_FAILED);
  g_assert_cmpuint (count_roots (f), ==, 0);
  g_clear_error (&error);
  g_assert_false (dms_capability_context_edit (f->path, other, add_root, f->key, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_WRONG_STATE);
}

static void
test_no_change (Fixture *f, gconstpointer data)
{
  struct stat before, after;

  g_assert_true (dms_capability_context_edit (f->path, f->key, add_root, f->key, NULL));
  g_assert_cmpint (g_stat (f->path, &before), ==, 0);
  g_assert_true (dms_capability_context_edit (f->path, f->key, add_root, f->key, NULL));
  g_assert_cmpint (g_stat (f->path, &after), ==, 0);
  g_assert_cmpuint (before.st_ino, ==, after.st_ino);
}

static void
test_held_lock (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsFileLock) lock = dms_file_lock_new (f->path, 0, &error);
  g_autoptr (DmsFileLock) second = NULL;

  g_assert_no_error (error);
  second = dms_file_lock_new (f->path, 20, &error);
  g_assert_null (second);
  g_assert_error (error, DMS_ERROR, DMS_ERROR_BUSY);
  g_assert_nonnull (strstr (error->message, f->path));
  g_clear_error (&error);
  g_clear_pointer (&lock, dms_file_lock_free);
  second = dms_file_lock_new (f->path, 0, &error);
  g_assert_no_error (error);
}

/* A lock that is a link to somewhere else is refused, and what it points to stays as it is. */
static void
test_linked_lock (Fixture *f, gconstpointer data)
{
  g_autofree char *folder = g_path_get_dirname (f->path);
  g_autofree char *path = g_build_filename (folder, ".lock", NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsFileLock) lock = NULL;

  g_unlink (path);
  g_assert_cmpint (symlink (f->path, path), ==, 0);
  lock = dms_file_lock_new (f->path, 0, &error);
  g_assert_null (lock);
  g_assert_error (error, DMS_ERROR, DMS_ERROR_IO);
}

int
main (int argc, char *argv[])
{
  static const struct
  {
    const char *path;
    void (*func) (Fixture *f, gconstpointer data);
  } tests[] = {
    { "/capability-edit/writers", test_writers },
    { "/capability-edit/keeper", test_keeper },
    { "/capability-edit/keeper-versions", test_keeper_versions },
    { "/capability-edit/keeper-without-disk", test_keeper_without_disk },
    { "/capability-edit/refused-change", test_refused_change },
    { "/capability-edit/no-change", test_no_change },
    { "/capability-edit/held-lock", test_held_lock },
    { "/capability-edit/linked-lock", test_linked_lock },
  };

  if (argc == 3 && strcmp (argv[1], "--write") == 0)
    return write_roots (argv[2]);

  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add (tests[i].path, Fixture, NULL, set_up, tests[i].func, tear_down);
  return g_test_run ();
}
