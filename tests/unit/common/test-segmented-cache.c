/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <string.h>

#include "common/dms-segmented-cache.h"

#define MUCH (1024 * 1024)

static void
put (DmsSegmentedCache *cache, const char *key)
{
  dms_segmented_cache_insert (cache, key, strlen (key), g_strdup (key), strlen (key));
}

static void
put_many (DmsSegmentedCache *cache, const char *prefix, guint n)
{
  for (guint i = 0; i < n; i++)
    {
      g_autofree char *key = g_strdup_printf ("%s%u", prefix, i);

      put (cache, key);
    }
}

static gboolean
has (DmsSegmentedCache *cache, const char *key)
{
  gpointer value = NULL;

  if (!dms_segmented_cache_lookup (cache, key, strlen (key), &value))
    return FALSE;
  g_assert_cmpstr (value, ==, key);
  return TRUE;
}

static void
test_strangers (void)
{
  g_autoptr (DmsSegmentedCache) cache = dms_segmented_cache_new (40, MUCH, g_free);

  put (cache, "friend");
  dms_segmented_cache_keep (cache, "friend", 6);
  put (cache, "passing");
  put_many (cache, "stranger", 1000);
  g_assert_true (has (cache, "friend"));
  g_assert_false (has (cache, "passing"));
  g_assert_true (has (cache, "stranger999"));
  g_assert_cmpuint (dms_segmented_cache_get_n_items (cache), <=, 11);
}

static void
test_use (void)
{
  g_autoptr (DmsSegmentedCache) cache = dms_segmented_cache_new (8, MUCH, g_free);
  gpointer value = NULL;

  put (cache, "a");
  g_assert_true (dms_segmented_cache_use (cache, "a", 1, &value));
  g_assert_cmpstr (value, ==, "a");
  g_assert_false (dms_segmented_cache_use (cache, "b", 1, &value));
  put_many (cache, "x", 20);
  g_assert_true (has (cache, "a"));
}

/* The least recently used of those kept goes back on probation, where it can still be found for a while. */
static void
test_kept_are_bounded (void)
{
  g_autoptr (DmsSegmentedCache) cache = dms_segmented_cache_new (8, MUCH, g_free);

  for (guint i = 0; i < 7; i++)
    {
      g_autofree char *key = g_strdup_printf ("k%u", i);

      put (cache, key);
      dms_segmented_cache_keep (cache, key, 2);
      g_assert_true (has (cache, "k0"));
    }
  g_assert_true (has (cache, "k6"));
  g_assert_true (has (cache, "k1"));
  put_many (cache, "x", 2);
  g_assert_false (has (cache, "k1"));
  g_assert_true (has (cache, "k0"));
}

static void
test_bytes (void)
{
  g_autoptr (DmsSegmentedCache) cache = dms_segmented_cache_new (1000, 40000, g_free);
  g_autofree char *large = g_strnfill (20000, 'x');

  put (cache, large);
  g_assert_cmpuint (dms_segmented_cache_get_n_items (cache), ==, 0);
  put_many (cache, "x", 1000);
  g_assert_cmpuint (dms_segmented_cache_get_n_bytes (cache), <=, 10000);
  g_assert_cmpuint (dms_segmented_cache_get_n_items (cache), >, 10);
  dms_segmented_cache_clear (cache);
  g_assert_cmpuint (dms_segmented_cache_get_n_bytes (cache), ==, 0);
  g_assert_cmpuint (dms_segmented_cache_get_n_items (cache), ==, 0);
}

static void
test_replace_and_remove (void)
{
  g_autoptr (DmsSegmentedCache) cache = dms_segmented_cache_new (8, MUCH, g_free);
  gpointer value = NULL;

  put (cache, "a");
  dms_segmented_cache_keep (cache, "a", 1);
  dms_segmented_cache_insert (cache, "a", 1, g_strdup ("second"), 6);
  g_assert_true (dms_segmented_cache_lookup (cache, "a", 1, &value));
  g_assert_cmpstr (value, ==, "second");
  g_assert_cmpuint (dms_segmented_cache_get_n_items (cache), ==, 1);
  g_assert_true (dms_segmented_cache_remove (cache, "a", 1));
  g_assert_false (dms_segmented_cache_remove (cache, "a", 1));
  g_assert_false (dms_segmented_cache_lookup (cache, "a", 1, NULL));
  /* Keys are bytes of any kind, and all of them count. */
  dms_segmented_cache_insert (cache, "n\0a", 3, NULL, 0);
  g_assert_true (dms_segmented_cache_lookup (cache, "n\0a", 3, &value));
  g_assert_null (value);
  g_assert_false (dms_segmented_cache_lookup (cache, "n\0b", 3, NULL));
  g_assert_false (dms_segmented_cache_lookup (cache, "n", 1, NULL));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/segmented-cache/strangers", test_strangers);
  g_test_add_func ("/segmented-cache/use", test_use);
  g_test_add_func ("/segmented-cache/kept-are-bounded", test_kept_are_bounded);
  g_test_add_func ("/segmented-cache/bytes", test_bytes);
  g_test_add_func ("/segmented-cache/replace-and-remove", test_replace_and_remove);
  return g_test_run ();
}
