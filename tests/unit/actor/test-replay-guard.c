/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "actor/dms-replay-guard.h"

static void
test_seen (void)
{
  g_autoptr (DmsReplayGuard) guard = dms_replay_guard_new (100, 1000);

  g_assert_false (dms_replay_guard_has_seen (guard, "a", 1, 50));
  g_assert_true (dms_replay_guard_add (guard, "a", 1, 50, 10));
  g_assert_true (dms_replay_guard_has_seen (guard, "a", 1, 50));
  g_assert_true (dms_replay_guard_has_seen (guard, "a", 1, 60));
  g_assert_false (dms_replay_guard_has_seen (guard, "a", 2, 50));
  g_assert_false (dms_replay_guard_has_seen (guard, "b", 1, 50));
}

static void
test_expiry (void)
{
  g_autoptr (DmsReplayGuard) guard = dms_replay_guard_new (100, 1000);

  for (guint64 i = 0; i < 50; i++)
    g_assert_true (dms_replay_guard_add (guard, "a", i, 100 + (i * 7) % 50, 10));
  g_assert_cmpuint (dms_replay_guard_get_size (guard), ==, 50);
  dms_replay_guard_sweep (guard, 125);
  g_assert_cmpuint (dms_replay_guard_get_size (guard), ==, 25);
  for (guint64 i = 0; i < 50; i++)
    g_assert_true (dms_replay_guard_has_seen (guard, "a", i, 100 + (i * 7) % 50)
                   == (100 + (i * 7) % 50 >= 125));
  dms_replay_guard_sweep (guard, 1000);
  g_assert_cmpuint (dms_replay_guard_get_size (guard), ==, 0);
}

/* A sender with more messages than fit: none of them passes twice, and memory stays bounded. */
static void
test_full_sender (void)
{
  g_autoptr (DmsReplayGuard) guard = dms_replay_guard_new (10, 1000);

  for (guint64 i = 0; i < 100; i++)
    {
      g_assert_false (dms_replay_guard_has_seen (guard, "a", i, 1000 + i));
      g_assert_true (dms_replay_guard_add (guard, "a", i, 1000 + i, 10));
    }
  g_assert_cmpuint (dms_replay_guard_get_size (guard), ==, 10);
  for (guint64 i = 0; i < 100; i++)
    g_assert_true (dms_replay_guard_has_seen (guard, "a", i, 1000 + i));
  g_assert_false (dms_replay_guard_has_seen (guard, "b", 1, 1000));
}

/* One sender's flood neither grows the whole nor lets others replay. */
static void
test_full_guard (void)
{
  g_autoptr (DmsReplayGuard) guard = dms_replay_guard_new (1000, 20);

  g_assert_true (dms_replay_guard_add (guard, "quiet", 7, 5000, 10));
  for (guint64 i = 0; i < 100; i++)
    dms_replay_guard_add (guard, "loud", i, 1000 + i, 10);
  g_assert_cmpuint (dms_replay_guard_get_size (guard), ==, 20);
  g_assert_true (dms_replay_guard_has_seen (guard, "quiet", 7, 5000));
  for (guint64 i = 0; i < 100; i++)
    g_assert_true (dms_replay_guard_has_seen (guard, "loud", i, 1000 + i));
  g_assert_false (dms_replay_guard_add (guard, "late", 1, 5000, 10));
  g_assert_true (dms_replay_guard_add (guard, "late", 1, 9000, 2000));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/actor/replay-guard/seen", test_seen);
  g_test_add_func ("/actor/replay-guard/expiry", test_expiry);
  g_test_add_func ("/actor/replay-guard/full-sender", test_full_sender);
  g_test_add_func ("/actor/replay-guard/full-guard", test_full_guard);
  return g_test_run ();
}
