/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <dms.h>

#include "actor/dms-replay-guard.h"

#define SECOND G_GUINT64_CONSTANT (1000000000)
#define BEGIN (G_GUINT64_CONSTANT (1700000000) * SECOND)

/* A message of an owner with one actor, that expires some seconds after the beginning. */
static DmsReplayAnswer
add_at (DmsReplayGuard *guard, const char *owner, guint64 nonce, guint64 expiry_s, guint64 now_s)
{
  return dms_replay_guard_add (guard, "root", owner, owner, nonce, BEGIN + expiry_s * SECOND,
                               BEGIN + now_s * SECOND, NULL);
}

static DmsReplayAnswer
add (DmsReplayGuard *guard, const char *owner, guint64 nonce, guint64 expiry_s)
{
  return add_at (guard, owner, nonce, expiry_s, 0);
}

static void
test_seen (void)
{
  g_autoptr (DmsReplayGuard) guard = dms_replay_guard_new (100, 1000);

  g_assert_false (dms_replay_guard_has_seen (guard, "root", "a", 1, BEGIN));
  g_assert_cmpint (add (guard, "a", 1, 50), ==, DMS_REPLAY_NEW);
  g_assert_true (dms_replay_guard_has_seen (guard, "root", "a", 1, BEGIN));
  g_assert_cmpint (add (guard, "a", 1, 50), ==, DMS_REPLAY_SEEN);
  /* Whatever expiry a replay claims: that is part of what is signed, but not of what is remembered. */
  g_assert_cmpint (add (guard, "a", 1, 60), ==, DMS_REPLAY_SEEN);
  g_assert_cmpint (add (guard, "a", 2, 50), ==, DMS_REPLAY_NEW);
  g_assert_cmpint (add (guard, "b", 1, 50), ==, DMS_REPLAY_NEW);
  /* A broadcast is seen by several actors of a node. */
  g_assert_false (dms_replay_guard_has_seen (guard, "other", "a", 1, BEGIN));
  g_assert_cmpint (dms_replay_guard_add (guard, "other", "a", "a", 1, BEGIN + SECOND, BEGIN, NULL), ==,
                   DMS_REPLAY_NEW);
}

static void
test_expiry (void)
{
  g_autoptr (DmsReplayGuard) guard = dms_replay_guard_new (5000, 5000);

  for (guint64 i = 0; i < 1000; i++)
    g_assert_cmpint (add (guard, "a", i, 100 + i % 2 * 100), ==, DMS_REPLAY_NEW);
  for (guint64 i = 0; i < 1000; i++)
    {
      g_assert_true (dms_replay_guard_has_seen (guard, "root", "a", i, BEGIN + 100 * SECOND));
      g_assert_true (dms_replay_guard_has_seen (guard, "root", "a", i, BEGIN + 150 * SECOND) == (i % 2 == 1));
    }
  /* What has expired makes room. */
  for (guint64 i = 0; i < 4500; i++)
    g_assert_cmpint (add_at (guard, "b", i, 300, 150), ==, DMS_REPLAY_NEW);
  g_assert_cmpuint (dms_replay_guard_get_size (guard), <=, 5000);
  for (guint64 i = 1; i < 1000; i += 2)
    g_assert_true (dms_replay_guard_has_seen (guard, "root", "a", i, BEGIN + 150 * SECOND));
}

/* An owner with more messages than fit: none of them passes twice, and memory stays bounded. */
static void
test_full_owner (void)
{
  g_autoptr (DmsReplayGuard) guard = dms_replay_guard_new (100, 100000);

  for (guint64 i = 0; i < 10000; i++)
    g_assert_cmpint (add (guard, "a", i, 1000 + i), ==, DMS_REPLAY_NEW);
  g_assert_cmpuint (dms_replay_guard_get_size (guard), <=, 100);
  for (guint64 i = 0; i < 10000; i++)
    g_assert_cmpint (add (guard, "a", i, 1000 + i), !=, DMS_REPLAY_NEW);
  g_assert_cmpint (add (guard, "b", 1, 1000), ==, DMS_REPLAY_NEW);
}

/* One owner's flood neither grows the whole, nor keeps others out, nor lets anything be replayed. */
static void
test_full_guard (void)
{
  g_autoptr (DmsReplayGuard) guard = dms_replay_guard_new (1000, 1000);

  g_assert_cmpint (add (guard, "quiet", 7, 5000), ==, DMS_REPLAY_NEW);
  for (guint64 i = 0; i < 10000; i++)
    {
      add (guard, "loud", i, 1000 + i);
      g_assert_cmpuint (dms_replay_guard_get_size (guard), <=, 1000);
    }
  g_assert_cmpint (add (guard, "quiet", 7, 5000), ==, DMS_REPLAY_SEEN);
  for (guint64 i = 0; i < 10000; i++)
    g_assert_cmpint (add (guard, "loud", i, 1000 + i), !=, DMS_REPLAY_NEW);
  g_assert_cmpint (add (guard, "late", 1, 40), ==, DMS_REPLAY_NEW);
}

/* Many owners with one message each cannot be told from honest ones: then it is full, until some expire. */
static void
test_full_of_owners (void)
{
  g_autoptr (DmsReplayGuard) guard = dms_replay_guard_new (1000, 1000);
  g_autoptr (GError) why = NULL;
  guint n = 0;

  for (guint64 i = 0; i < 2000; i++)
    {
      g_autofree char *owner = g_strdup_printf ("%" G_GUINT64_FORMAT, i);

      n += add (guard, owner, 1, 50) == DMS_REPLAY_NEW;
    }
  g_assert_cmpuint (n, ==, 1000);
  g_assert_cmpint (dms_replay_guard_add (guard, "root", "z", "z", 1, BEGIN + 99 * SECOND, BEGIN, &why), ==,
                   DMS_REPLAY_FULL);
  g_assert_error (why, DMS_ERROR, DMS_ERROR_BUSY);
  g_assert_cmpint (add_at (guard, "z", 1, 99, 52), ==, DMS_REPLAY_NEW);
}

/* Honest traffic of one sender, faster than anything else here could handle it, is never refused. */
static void
test_honest (void)
{
  g_autoptr (DmsReplayGuard) guard =
      dms_replay_guard_new (DMS_REPLAY_GUARD_MAX_PER_OWNER, DMS_REPLAY_GUARD_MAX_TOTAL);
  guint64 nonce = 0;

  for (guint64 second = 0; second < 60; second++)
    {
      for (guint i = 0; i < 20000; i++)
        g_assert_cmpint (add_at (guard, "busy", ++nonce, second + (i % 10 == 0 ? 5 : 30), second), ==,
                         DMS_REPLAY_NEW);
    }
  g_assert_cmpuint (dms_replay_guard_get_size (guard), <=, 2 * 31 * 20000);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/actor/replay-guard/seen", test_seen);
  g_test_add_func ("/actor/replay-guard/expiry", test_expiry);
  g_test_add_func ("/actor/replay-guard/full-owner", test_full_owner);
  g_test_add_func ("/actor/replay-guard/full-guard", test_full_guard);
  g_test_add_func ("/actor/replay-guard/full-of-owners", test_full_of_owners);
  g_test_add_func ("/actor/replay-guard/honest", test_honest);
  return g_test_run ();
}
