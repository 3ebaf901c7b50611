/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "actor/dms-fair-queue.h"

#define KIB 1024

static const DmsFairQueueLimits roomy = { 64, 1000, 16 * KIB * KIB, 10000, 64 * KIB * KIB };

static guint n_destroyed;

static void
count_destroyed (gpointer item)
{
  n_destroyed++;
}

static void
push (DmsFairQueue *queue, const char *key, gsize size, int item)
{
  g_assert_cmpint (dms_fair_queue_push (queue, key, size, GINT_TO_POINTER (item)), ==, DMS_FAIR_QUEUE_TAKEN);
}

static int
pop (DmsFairQueue *queue)
{
  return GPOINTER_TO_INT (dms_fair_queue_pop (queue));
}

static void
test_order (void)
{
  g_autoptr (DmsFairQueue) queue = dms_fair_queue_new (&roomy, NULL);

  for (int i = 1; i <= 100; i++)
    push (queue, "a", 3000, i);
  g_assert_cmpuint (dms_fair_queue_get_length (queue), ==, 100);
  g_assert_cmpuint (dms_fair_queue_get_length_of (queue, "a"), ==, 100);
  g_assert_cmpuint (dms_fair_queue_get_bytes (queue), ==, 300000);
  for (int i = 1; i <= 100; i++)
    g_assert_cmpint (pop (queue), ==, i);
  g_assert_null (dms_fair_queue_pop (queue));
  g_assert_cmpuint (dms_fair_queue_get_bytes (queue), ==, 0);
  g_assert_cmpuint (dms_fair_queue_get_n_keys (queue), ==, 0);
}

/* Who comes late and wants little does not wait for a flood that came before. */
static void
test_no_starvation (void)
{
  g_autoptr (DmsFairQueue) queue = dms_fair_queue_new (&roomy, NULL);
  guint before = 0;

  for (int i = 0; i < 900; i++)
    push (queue, "flood", 2 * KIB, 1);
  push (queue, "quiet", 2 * KIB, 2);
  while (pop (queue) == 1)
    before++;
  g_assert_cmpuint (before, <=, 4);
  g_assert_cmpuint (dms_fair_queue_get_length_of (queue, "quiet"), ==, 0);
}

/* Shares are of bytes: large messages buy nobody a larger one. */
static void
test_shares (void)
{
  g_autoptr (DmsFairQueue) queue = dms_fair_queue_new (&roomy, NULL);
  guint large = 0;
  guint small = 0;

  for (int i = 0; i < 50; i++)
    push (queue, "large", 64 * KIB, 1);
  for (int i = 0; i < 900; i++)
    push (queue, "small", 4 * KIB, 2);
  while (dms_fair_queue_get_length_of (queue, "small") > 0)
    {
      if (pop (queue) == 1)
        large++;
      else
        small++;
    }
  g_assert_cmpuint (small, ==, 900);
  /* 900 × 4 KiB is what 56 large ones would take; all 50 are served or nearly so, and not before. */
  g_assert_cmpuint (large, >=, 49);
  g_assert_cmpuint (large, <=, 50);
}

static void
test_shares_midway (void)
{
  g_autoptr (DmsFairQueue) queue = dms_fair_queue_new (&roomy, NULL);
  guint large = 0;

  for (int i = 0; i < 50; i++)
    push (queue, "large", 64 * KIB, 1);
  for (int i = 0; i < 900; i++)
    push (queue, "small", 4 * KIB, 2);
  for (int i = 0; i < 170; i++)
    large += pop (queue) == 1;
  /* 160 small ones and 10 large ones are the same number of bytes. */
  g_assert_cmpuint (large, >=, 9);
  g_assert_cmpuint (large, <=, 11);
}

static void
test_bounds_per_key (void)
{
  static const DmsFairQueueLimits limits = { 8, 3, 10 * KIB, 100, 100 * KIB };
  g_autoptr (DmsFairQueue) queue = dms_fair_queue_new (&limits, NULL);

  push (queue, "a", 1, 1);
  push (queue, "a", 1, 2);
  push (queue, "a", 1, 3);
  g_assert_cmpint (dms_fair_queue_push (queue, "a", 1, NULL), ==, DMS_FAIR_QUEUE_FULL_FOR_KEY);
  push (queue, "b", 9 * KIB, 4);
  g_assert_cmpint (dms_fair_queue_push (queue, "b", 2 * KIB, NULL), ==, DMS_FAIR_QUEUE_FULL_FOR_KEY);
  push (queue, "b", KIB, 5);
  g_assert_cmpint (dms_fair_queue_push (queue, "c", 11 * KIB, NULL), ==, DMS_FAIR_QUEUE_FULL_FOR_KEY);
  g_assert_cmpint (dms_fair_queue_push (queue, "c", 101 * KIB, NULL), ==, DMS_FAIR_QUEUE_FULL);
  g_assert_cmpint (dms_fair_queue_push (queue, "c", G_MAXSIZE, NULL), ==, DMS_FAIR_QUEUE_FULL);
}

static void
count_displaced (const char *key, gpointer item, gpointer user_data)
{
  g_assert_cmpstr (key, ==, "flood");
  (*(guint *) user_data)++;
}

/* The longest gives way, and itself gets nothing more; its own order stays. */
static void
test_giving_way (void)
{
  static const DmsFairQueueLimits limits = { 8, 100, 1000 * KIB, 20, 1000 * KIB };
  g_autoptr (DmsFairQueue) queue = dms_fair_queue_new (&limits, count_destroyed);
  guint displaced = 0;
  int last = 0;

  n_destroyed = 0;
  dms_fair_queue_set_displaced_func (queue, count_displaced, &displaced);
  for (int i = 1; i <= 20; i++)
    push (queue, "flood", KIB, i);
  g_assert_cmpint (dms_fair_queue_push (queue, "flood", KIB, NULL), ==, DMS_FAIR_QUEUE_FULL);
  g_assert_cmpuint (displaced, ==, 0);
  push (queue, "quiet", KIB, 100);
  push (queue, "other", KIB, 200);
  g_assert_cmpuint (displaced, ==, 2);
  g_assert_cmpuint (n_destroyed, ==, 2);
  g_assert_cmpuint (dms_fair_queue_get_length (queue), ==, 20);
  for (guint i = 0; i < 20; i++)
    {
      int item = pop (queue);

      if (item < 100)
        g_assert_cmpint (item, ==, ++last);
    }
  g_assert_cmpint (last, ==, 18);
}

/* The same when it is bytes that are short: as many small ones go as one large one needs. */
static void
test_giving_way_in_bytes (void)
{
  static const DmsFairQueueLimits limits = { 8, 100, 64 * KIB, 1000, 64 * KIB };
  g_autoptr (DmsFairQueue) queue = dms_fair_queue_new (&limits, NULL);
  guint displaced = 0;

  dms_fair_queue_set_displaced_func (queue, count_displaced, &displaced);
  for (int i = 1; i <= 64; i++)
    push (queue, "flood", KIB, i);
  push (queue, "quiet", 10 * KIB, 100);
  g_assert_cmpuint (displaced, ==, 10);
  g_assert_cmpuint (dms_fair_queue_get_bytes (queue), <=, 64 * KIB);
}

/* However many keys somebody makes up, they are bounded; those without one are still served. */
static void
test_many_keys (void)
{
  static const DmsFairQueueLimits limits = { 4, 100, 1000 * KIB, 1000, 1000 * KIB };
  g_autoptr (DmsFairQueue) queue = dms_fair_queue_new (&limits, NULL);
  guint served = 0;

  for (int i = 0; i < 100; i++)
    {
      g_autofree char *key = g_strdup_printf ("key %d", i);

      push (queue, key, 1, i + 1);
    }
  g_assert_cmpuint (dms_fair_queue_get_n_keys (queue), ==, 5);
  while (pop (queue) != 0)
    served++;
  g_assert_cmpuint (served, ==, 100);
  g_assert_cmpuint (dms_fair_queue_get_n_keys (queue), ==, 0);
}

static void
test_clear (void)
{
  DmsFairQueue *queue = dms_fair_queue_new (&roomy, count_destroyed);

  n_destroyed = 0;
  for (int i = 1; i <= 10; i++)
    push (queue, i % 2 == 0 ? "a" : "b", KIB, i);
  pop (queue);
  dms_fair_queue_clear (queue);
  g_assert_cmpuint (n_destroyed, ==, 9);
  g_assert_cmpuint (dms_fair_queue_get_length (queue), ==, 0);
  push (queue, "a", KIB, 1);
  dms_fair_queue_free (queue);
  g_assert_cmpuint (n_destroyed, ==, 10);
}

/* Whatever is pushed and popped, the accounts agree with a plain count. */
static void
test_accounts (void)
{
  static const DmsFairQueueLimits limits = { 6, 20, 200 * KIB, 60, 500 * KIB };
  g_autoptr (DmsFairQueue) queue = dms_fair_queue_new (&limits, count_destroyed);
  g_autoptr (GRand) random = g_rand_new_with_seed (7);
  guint taken = 0;
  guint popped = 0;

  n_destroyed = 0;
  for (guint i = 0; i < 50000; i++)
    {
      g_autofree char *key = g_strdup_printf ("%d", g_rand_int_range (random, 0, 10));
      gint most = g_rand_int_range (random, 0, 8) == 0 ? 250 * KIB : 8 * KIB;
      gsize size = (gsize) g_rand_int_range (random, 0, most);

      if (g_rand_int_range (random, 0, 5) < 3)
        taken += dms_fair_queue_push (queue, key, size, queue) == DMS_FAIR_QUEUE_TAKEN;
      else
        popped += dms_fair_queue_pop (queue) != NULL;
      g_assert_cmpuint (dms_fair_queue_get_length (queue), ==, taken - popped - n_destroyed);
      g_assert_cmpuint (dms_fair_queue_get_length (queue), <=, limits.max_items);
      g_assert_cmpuint (dms_fair_queue_get_bytes (queue), <=, limits.max_bytes);
      g_assert_cmpuint (dms_fair_queue_get_n_keys (queue), <=, limits.max_keys + 1);
    }
  while (dms_fair_queue_pop (queue) != NULL)
    popped++;
  g_assert_cmpuint (taken, ==, popped + n_destroyed);
  g_assert_cmpuint (n_destroyed, >, 0);
  g_assert_cmpuint (dms_fair_queue_get_bytes (queue), ==, 0);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/actor/fair-queue/order", test_order);
  g_test_add_func ("/actor/fair-queue/no-starvation", test_no_starvation);
  g_test_add_func ("/actor/fair-queue/shares", test_shares);
  g_test_add_func ("/actor/fair-queue/shares-midway", test_shares_midway);
  g_test_add_func ("/actor/fair-queue/bounds-per-key", test_bounds_per_key);
  g_test_add_func ("/actor/fair-queue/giving-way", test_giving_way);
  g_test_add_func ("/actor/fair-queue/giving-way-in-bytes", test_giving_way_in_bytes);
  g_test_add_func ("/actor/fair-queue/many-keys", test_many_keys);
  g_test_add_func ("/actor/fair-queue/clear", test_clear);
  g_test_add_func ("/actor/fair-queue/accounts", test_accounts);
  return g_test_run ();
}
