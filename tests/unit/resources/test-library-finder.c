/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <dms.h>

#include "resources/dms-library-finder.h"
#include "resources/dms-library.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

/* A system of a few files, below a folder of its own. */

typedef struct
{
  char *root;
  gboolean done;
} Fixture;

static void
add_file (Fixture *f, const char *path, const char *text)
{
  g_autofree char *full = g_build_filename (f->root, path, NULL);
  g_autofree char *folder = g_path_get_dirname (full);

  g_assert_cmpint (g_mkdir_with_parents (folder, 0700), ==, 0);
  g_assert_true (g_file_set_contents (full, text, -1, NULL));
}

static void
set_up (Fixture *f, gconstpointer data)
{
  g_autofree char *pipe = NULL;
  g_autofree char *large = g_strnfill (200000, '#');

  f->root = g_dir_make_tmp ("dms-libraries-XXXXXX", NULL);
  g_assert_nonnull (f->root);
  add_file (
      f, "usr/lib/x86_64-linux-gnu/pkgconfig/openssl.pc", "prefix=/usr\nName: OpenSSL\nVersion: 3.0.11\n");
  add_file (f, "usr/share/pkgconfig/late.pc", "major=4\nfull=${major}.5\nVersion: ${full}\n");
  add_file (f, "usr/local/lib/pkgconfig/old.pc", "Version: 1.1.1n\n");
  add_file (f, "usr/lib/pkgconfig/loop.pc", "a=${b}\nb=${a}\nVersion: ${a}\n");
  add_file (f, "usr/lib/pkgconfig/Mixed.pc", "Version: 2\n");
  add_file (f, "usr/lib/pkgconfig/large.pc", large);
  add_file (f, "usr/lib/pkgconfig/none.pc", "Name: none\n");
  add_file (f, "usr/lib/x86_64-linux-gnu/libz.so.1", "");
  add_file (f, "usr/lib/x86_64-linux-gnu/libz.so.1.2.13", "");
  add_file (f, "usr/lib/libz.so.1.2.9", "");
  add_file (f, "usr/lib/libplain.so", "");
  add_file (f, "usr/secret.pc", "Version: 9\n");
  pipe = g_build_filename (f->root, "usr", "lib", "pkgconfig", "pipe.pc", NULL);
  g_assert_cmpint (mkfifo (pipe, 0600), ==, 0);
}

static void
remove_tree (const char *path)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *inner = g_build_filename (path, name, NULL);

      remove_tree (inner);
    }
  g_remove (path);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  remove_tree (f->root);
  g_free (f->root);
}

static void
looked (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (dms_library_finder_look_finish (DMS_LIBRARY_FINDER (source), result, &error));
  g_assert_no_error (error);
  *(gboolean *) user_data = TRUE;
}

static void
look (Fixture *f, DmsLibraryFinder *finder, const char *const *names)
{
  f->done = FALSE;
  dms_library_finder_look_async (finder, names, NULL, looked, &f->done);
  /* It ends by itself; else the test's own time does. */
  while (!f->done)
    g_main_context_iteration (NULL, TRUE);
}

/* version: (nullable): NULL when it is not there */
static void
assert_version (DmsLibraryFinder *finder, const char *name, const char *version)
{
  const char *const names[] = { name, NULL };
  g_autoptr (GPtrArray) found = dms_library_finder_get (finder, names);

  g_test_message ("%s", name);
  g_assert_cmpuint (found->len, ==, version != NULL ? 1 : 0);
  if (version == NULL)
    return;
  g_assert_cmpstr (dms_library_get_name (found->pdata[0]), ==, name);
  g_assert_cmpstr (dms_library_get_version (found->pdata[0]), ==, version[0] != '\0' ? version : NULL);
}

static void
test_finds (Fixture *f, gconstpointer data)
{
  static const struct
  {
    const char *name;
    const char *version;
  } cases[] = {
    { "openssl", "3.0.11" },
    { "OpenSSL", "3.0.11" },
    { "Mixed", "2" },
    { "late", "4.5" },
    { "old", "1.1.1" },
    /* It is there, and nobody can tell the version. */
    { "loop", "" },
    { "none", NULL },
    { "large", NULL },
    { "pipe", NULL },
    { "libz", "1.2.13" },
    { "z", NULL },
    { "libplain", NULL },
    { "../secret", NULL },
    { "..", NULL },
    { "no-such", NULL },
    { "", NULL },
  };
  g_autoptr (DmsLibraryFinder) finder = dms_library_finder_new (f->root, NULL, TRUE);
  g_autoptr (GPtrArray) names = g_ptr_array_new ();

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    g_ptr_array_add (names, (gpointer) cases[i].name);
  g_ptr_array_add (names, NULL);
  g_assert_false (dms_library_finder_knows (finder, (const char *const *) names->pdata));
  assert_version (finder, "openssl", NULL);
  look (f, finder, (const char *const *) names->pdata);
  g_assert_true (dms_library_finder_knows (finder, (const char *const *) names->pdata));
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    assert_version (finder, cases[i].name, cases[i].version);
}

/* The owner knows best, and may say that nothing else counts. */
static void
test_stated (Fixture *f, gconstpointer data)
{
  static const char *const stated[] = {
    "cuda=12.2", "OpenSSL 3.3", "nonsense", "bad version", "../x=1", NULL
  };
  static const char *const names[] = { "cuda", "openssl", "libz", "nonsense", NULL };
  g_autoptr (DmsLibraryFinder) finder = NULL;
  g_autoptr (DmsLibraryFinder) closed = NULL;

  finder = dms_library_finder_new (f->root, stated, TRUE);
  closed = dms_library_finder_new (f->root, stated, FALSE);
  g_assert_true (dms_library_finder_knows (closed, names));
  look (f, finder, names);
  assert_version (finder, "cuda", "12.2");
  assert_version (finder, "openssl", "3.3");
  assert_version (finder, "libz", "1.2.13");
  assert_version (finder, "nonsense", NULL);
  assert_version (closed, "cuda", "12.2");
  assert_version (closed, "libz", NULL);
}

/* Files are told apart by the case of letters: that one is not there does not hide the other. */
static void
test_case (Fixture *f, gconstpointer data)
{
  static const char *const small[] = { "mixed", NULL };
  static const char *const right[] = { "Mixed", NULL };
  g_autoptr (DmsLibraryFinder) finder = dms_library_finder_new (f->root, NULL, TRUE);

  look (f, finder, small);
  assert_version (finder, "mixed", NULL);
  g_assert_false (dms_library_finder_knows (finder, right));
  look (f, finder, right);
  assert_version (finder, "Mixed", "2");
  assert_version (finder, "mixed", NULL);
}

/* However many are asked for, what is kept is bounded, and what is really there is found again. */
static void
test_bounded (Fixture *f, gconstpointer data)
{
  static const char *const real[] = { "openssl", NULL };
  static const char *const first[] = { "n0", NULL };
  static const char *const last[] = { "n4999", NULL };
  g_autoptr (DmsLibraryFinder) finder = dms_library_finder_new (f->root, NULL, TRUE);
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);

  for (guint i = 0; i < 5000; i++)
    g_ptr_array_add (names, g_strdup_printf ("n%u", i));
  g_ptr_array_add (names, NULL);
  look (f, finder, (const char *const *) names->pdata);
  g_assert_true (dms_library_finder_knows (finder, first));
  g_assert_false (dms_library_finder_knows (finder, last));
  g_assert_false (dms_library_finder_knows (finder, real));
  look (f, finder, real);
  assert_version (finder, "openssl", "3.0.11");
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  /* What an owner writes wrongly is warned of. */
  g_log_set_always_fatal (G_LOG_FATAL_MASK | G_LOG_LEVEL_CRITICAL);
  g_test_add ("/library-finder/finds", Fixture, NULL, set_up, test_finds, tear_down);
  g_test_add ("/library-finder/case", Fixture, NULL, set_up, test_case, tear_down);
  g_test_add ("/library-finder/stated", Fixture, NULL, set_up, test_stated, tear_down);
  g_test_add ("/library-finder/bounded", Fixture, NULL, set_up, test_bounded, tear_down);
  return g_test_run ();
}
