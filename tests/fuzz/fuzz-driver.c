/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

/* Runs a target without a fuzzing engine: over the files of a corpus, and over mutations of them that are the
 * same every time.
 *
 * Usage: fuzz-NAME CORPUS ROUNDS [FILE]   ROUNDS mutations in all; with FILE only that input */

#include "fuzz.h"

#include <string.h>

#define MAX_SIZE 65536
#define SEED 20261122
#define USUAL_MAX_SIZE 4096

typedef struct {
  GPtrArray *paths;
  guint rounds;
} Corpus;

static void
run (const guint8 *data, gsize size)
{
  /* A copy of the exact size, so that reading past the end is noticed. */
  g_autofree guint8 *copy = g_memdup2 (data, size);

  LLVMFuzzerTestOneInput (copy, size);
}

static gsize
insert (guint8 *data, gsize size, gsize max_size, gsize at, const char *word)
{
  gsize length = strlen (word);

  if (size + length > max_size)
    return size;
  memmove (data + at + length, data + at, size - at);
  memcpy (data + at, word, length);
  return size + length;
}

/* One small change. */
gsize
LLVMFuzzerMutate (guint8 *data, gsize size, gsize max_size)
{
  static const char *const words[] = { "\"", "\\u0000", "{", "}", "[", "]", "null", ",", ":", "/", "-",
                                       "18446744073709551616", "-1", "\xff", "e9", "\\ud800", "\"tok\":",
                                       "\"chain\":{\"dms\":{" };
  static guint32 state = SEED;
  guint32 draw = state = state * 1664525 + 1013904223;
  guint32 kind = draw >> 30;
  gsize at = size > 0 ? (draw >> 8) % size : 0;

  if (size == 0 || kind == 3)
    return insert (data, size, max_size, at, words[(draw >> 5) % G_N_ELEMENTS (words)]);
  if (kind == 0)
    data[at] ^= (guint8) (1 << (draw >> 5) % 8);
  else if (kind == 1)
    size = at;
  else
    {
      gsize length = (draw >> 3) % (size - at) + 1;

      memmove (data + at, data + at + length, size - at - length);
      size -= length;
    }
  return size;
}

static void
test_corpus (gconstpointer user_data)
{
  const Corpus *corpus = user_data;

  for (guint i = 0; i < corpus->paths->len; i++)
    {
      const char *path = g_ptr_array_index (corpus->paths, i);
      g_autofree char *data = NULL;
      g_autoptr (GError) error = NULL;
      gsize size;

      g_test_message ("%s", path);
      g_file_get_contents (path, &data, &size, &error);
      g_assert_no_error (error);
      g_assert_cmpuint (size, <=, MAX_SIZE);
      run ((const guint8 *) data, size);
    }
}

static void
run_mutations (const char *path, guint rounds, GRand *random)
{
  g_autofree char *data = NULL;
  gsize size;

  g_test_message ("mutations of %s", path);
  g_assert_true (g_file_get_contents (path, &data, &size, NULL));
  for (guint i = 0; i < rounds; i++)
    {
      gsize max_size = MAX (size, USUAL_MAX_SIZE);
      g_autofree guint8 *bytes = g_malloc (max_size);
      gsize length = size;
      gint changes = g_rand_int_range (random, 1, 5);

      memcpy (bytes, data, size);
      for (gint change = 0; change < changes; change++)
        length = LLVMFuzzerCustomMutator (bytes, length, max_size, g_rand_int (random));
      run (bytes, length);
    }
}

static void
test_mutations (gconstpointer user_data)
{
  const Corpus *corpus = user_data;
  g_autoptr (GRand) random = g_rand_new_with_seed (SEED);

  for (guint i = 0; i < corpus->paths->len; i++)
    run_mutations (g_ptr_array_index (corpus->paths, i), corpus->rounds / corpus->paths->len + 1, random);
}

static int
compare_paths (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

static GPtrArray *
list_files (const char *folder)
{
  g_autoptr (GDir) directory = g_dir_open (folder, 0, NULL);
  GPtrArray *paths = g_ptr_array_new_with_free_func (g_free);
  const char *name;

  while (directory != NULL && (name = g_dir_read_name (directory)) != NULL)
    g_ptr_array_add (paths, g_build_filename (folder, name, NULL));
  g_ptr_array_sort (paths, compare_paths);
  return paths;
}

/* Slow checkers ask for a part of the mutations: DMS_FUZZ_DIVISOR=20. */
static guint
get_rounds (const char *text)
{
  guint64 rounds = 0;
  guint64 divisor = 1;
  const char *wish = g_getenv ("DMS_FUZZ_DIVISOR");

  g_assert_true (g_ascii_string_to_unsigned (text, 10, 0, 10000000, &rounds, NULL));
  if (wish != NULL)
    g_assert_true (g_ascii_string_to_unsigned (wish, 10, 1, 1000000, &divisor, NULL));
  return (guint) (rounds / divisor);
}

int
main (int argc, char **argv)
{
  g_autoptr (GPtrArray) paths = NULL;
  Corpus corpus = { 0 };

  g_test_init (&argc, &argv, NULL);
  g_assert_cmpint (argc, >=, 3);
  paths = list_files (argv[1]);
  g_assert_cmpuint (paths->len, >, 0);
  if (argc > 3)
    {
      g_ptr_array_set_size (paths, 0);
      g_ptr_array_add (paths, g_strdup (argv[3]));
    }
  corpus.paths = paths;
  corpus.rounds = get_rounds (argv[2]);
  g_test_add_data_func ("/fuzz/corpus", &corpus, test_corpus);
  if (argc == 3)
    g_test_add_data_func ("/fuzz/mutations", &corpus, test_mutations);
  return g_test_run ();
}
