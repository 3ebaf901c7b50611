/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

/* Runs a target without a fuzzing engine: over the files of a corpus, and over mutations of them that are the
 * same every time. */

#include "fuzz.h"

#include <string.h>

#define MUTATIONS 2000
#define MAX_SIZE 65536

static void
run (const guint8 *data, gsize size)
{
  /* A copy of the exact size, so that reading past the end is noticed. */
  g_autofree guint8 *copy = g_memdup2 (data, size);

  LLVMFuzzerTestOneInput (copy, size);
}

static void
mutate_once (GRand *random, GByteArray *bytes)
{
  static const char *const words[] = { "\"", "\\u0000", "{", "}", "[", "]", "null", ",", ":",
                                       "18446744073709551616",
                                       "-1", "\xff", "e9", "\\ud800", "\"tok\":", "\"chain\":{\"dms\":{" };
  guint at = bytes->len > 0 ? (guint) g_rand_int_range (random, 0, (gint32) bytes->len) : 0;
  const char *word = words[g_rand_int_range (random, 0, G_N_ELEMENTS (words))];

  switch (g_rand_int_range (random, 0, 4))
    {
    case 0:
      if (bytes->len > 0)
        bytes->data[at] ^= (guint8) (1 << g_rand_int_range (random, 0, 8));
      break;
    case 1:
      g_byte_array_set_size (bytes, at);
      break;
    case 2:
      if (bytes->len > 0)
        g_byte_array_remove_range (bytes, at, (guint) g_rand_int_range (random, 1,
                                                                        (gint32) (bytes->len - at) + 1));
      break;
    default:
      g_byte_array_append (bytes, (const guint8 *) word, (guint) strlen (word));
      memmove (bytes->data + at + strlen (word), bytes->data + at, bytes->len - at - strlen (word));
      memcpy (bytes->data + at, word, strlen (word));
      break;
    }
}

static void
test_file (gconstpointer user_data)
{
  g_autofree char *text = NULL;
  g_autoptr (GRand) random = g_rand_new_with_seed (20261122);
  g_autoptr (GError) error = NULL;
  gsize size;

  g_file_get_contents (user_data, &text, &size, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (size, <=, MAX_SIZE);
  run ((const guint8 *) text, size);
  for (guint i = 0; i < MUTATIONS; i++)
    {
      g_autoptr (GByteArray) bytes = g_byte_array_new ();
      guint rounds = (guint) g_rand_int_range (random, 1, 5);

      g_byte_array_append (bytes, (const guint8 *) text, (guint) size);
      for (guint round = 0; round < rounds; round++)
        mutate_once (random, bytes);
      run (bytes->data, bytes->len);
    }
}

int
main (int argc, char **argv)
{
  g_autoptr (GDir) directory = NULL;
  const char *name;
  const char *corpus;

  g_test_init (&argc, &argv, NULL);
  g_assert_cmpint (argc, ==, 2);
  corpus = argv[1];
  directory = g_dir_open (corpus, 0, NULL);
  g_assert_nonnull (directory);
  while ((name = g_dir_read_name (directory)) != NULL)
    {
      g_autofree char *test = g_strconcat ("/fuzz/", name, NULL);

      g_test_add_data_func_full (test, g_build_filename (corpus, name, NULL), test_file, g_free);
    }
  return g_test_run ();
}
