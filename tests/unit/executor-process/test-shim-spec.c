/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-shim-disk.h"
#include "dms-shim-spec.h"

#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char whole[] = "version 1\n1\n"
                            "state_dir 2\n/s\n"
                            "execution_id 3\nx-1\n"
                            "bwrap 6\n/bwrap\n"
                            "arg 4\necho\n"
                            "arg 2\nhi\n";

static DmsShimSpec *
parse (const char *text, gsize length, char **error)
{
  *error = NULL;
  return dms_shim_spec_parse (text, length, error);
}

static void
test_whole (void)
{
  g_autofree char *text = g_strconcat (whole, "env 5\nA=\nBC\nmemory_bytes 4\n4096\nnetwork 4\nhost\n", NULL);
  char *error;
  DmsShimSpec *spec = parse (text, strlen (text), &error);

  g_assert_null (error);
  g_assert_cmpuint (spec->n_args, ==, 2);
  g_assert_cmpstr (spec->args[1], ==, "hi");
  g_assert_cmpstr (spec->env[0], ==, "A=\nBC");
  g_assert_cmpuint (spec->memory_bytes, ==, 4096);
  g_assert_true (spec->host_network);
  dms_shim_spec_free (spec);
}

static void
test_bytes (void)
{
  static const char script[] = "script 7\nrun\0a\0b\n";
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  char *error;
  DmsShimSpec *spec;

  g_byte_array_append (bytes, (const guint8 *) whole, sizeof whole - 1);
  g_byte_array_append (bytes, (const guint8 *) script, sizeof script - 1);
  spec = parse ((const char *) bytes->data, bytes->len, &error);
  g_assert_null (error);
  g_assert_cmpstr (spec->scripts[0].name, ==, "run");
  g_assert_cmpmem (spec->scripts[0].bytes, spec->scripts[0].length, "a\0b", 3);
  dms_shim_spec_free (spec);
}

static void
test_refusals (void)
{
  static const char *const tails[] = {
    "arg 99\nx\n",
    "arg -1\nx\n",
    "arg 1\nxx\n",
    "arg\nx\n",
    "arg 1\nx",
    "unknown 1\nx\n",
    "memory_bytes 2\n1x\n",
    "memory_bytes 0\n\n",
    "network 4\nsome\n",
    "env 2\nAB\n",
    "version 1\n2\n",
    "state_dir 2\n/t\n",
    "device 4\n/etc\n",
    "bind_ro 2\n/a\n",
    "arg 99999999999\nx\n",
    "averyveryverylongkeythatnobodyknows 1\nx\n",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (tails); i++)
    {
      g_autofree char *text = g_strconcat (whole, tails[i], NULL);
      char *error;

      g_assert_null (parse (text, strlen (text), &error));
      g_assert_nonnull (error);
      free (error);
    }
}

/* Every beginning of a whole text is refused or read, never read past. */
static void
test_beginnings (void)
{
  for (gsize length = 0; length < sizeof whole - 1; length++)
    {
      g_autofree char *exact = g_memdup2 (whole, MAX (length, 1));
      char *error;
      DmsShimSpec *spec = parse (exact, length, &error);

      g_assert_true ((spec == NULL) == (error != NULL));
      free (error);
      dms_shim_spec_free (spec);
    }
}

static void
test_disk (void)
{
  g_autofree char *directory = g_dir_make_tmp ("dms-disk-XXXXXX", NULL);
  g_autofree char *tree = g_build_filename (directory, "tree", NULL);
  g_autofree char *file = g_build_filename (tree, "file", NULL);
  g_autofree char *link = g_build_filename (tree, "link", NULL);
  g_autofree char *closed = g_build_filename (tree, "closed", NULL);
  g_autofree char *inner = g_build_filename (closed, "inner", NULL);
  g_autofree char *block = g_malloc0 (1024 * 1024);
  int fd = open (directory, O_RDONLY | O_DIRECTORY);
  int deep;

  memset (block, 1, 1024 * 1024);
  g_assert_cmpint (g_mkdir (tree, 0700), ==, 0);
  g_assert_cmpint (g_mkdir (closed, 0700), ==, 0);
  g_assert_true (g_file_set_contents (file, block, 1024 * 1024, NULL));
  g_assert_true (g_file_set_contents (inner, "x", 1, NULL));
  g_assert_cmpint (symlink ("/usr", link), ==, 0);
  g_assert_cmpuint (dms_shim_disk_measure (fd, "tree"), >=, 1024 * 1024);
  g_assert_cmpuint (dms_shim_disk_measure (fd, "tree"), <, 2 * 1024 * 1024);
  g_assert_cmpuint (dms_shim_disk_measure (fd, "none"), ==, 0);
  /* Deeper than any path can name. */
  deep = open (tree, O_RDONLY | O_DIRECTORY);
  for (int i = 0; i < 3000; i++)
    {
      int next;

      g_assert_cmpint (mkdirat (deep, "down", 0700), ==, 0);
      next = openat (deep, "down", O_RDONLY | O_DIRECTORY);
      close (deep);
      deep = next;
    }
  close (deep);
  g_assert_cmpint (g_chmod (closed, 0), ==, 0);
  g_assert_true (dms_shim_disk_measure (fd, "tree") == G_MAXUINT64);
  g_assert_true (dms_shim_disk_remove (fd, "tree"));
  g_assert_false (g_file_test (tree, G_FILE_TEST_EXISTS));
  g_assert_true (g_file_test ("/usr", G_FILE_TEST_IS_DIR));
  g_assert_true (dms_shim_disk_remove (fd, "tree"));
  close (fd);
  g_assert_cmpint (g_rmdir (directory), ==, 0);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/exec-shim/spec/whole", test_whole);
  g_test_add_func ("/exec-shim/spec/bytes", test_bytes);
  g_test_add_func ("/exec-shim/spec/refusals", test_refusals);
  g_test_add_func ("/exec-shim/spec/beginnings", test_beginnings);
  g_test_add_func ("/exec-shim/disk", test_disk);
  return g_test_run ();
}
