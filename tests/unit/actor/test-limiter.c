/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "actor/dms-limiter.h"

#define SECOND G_GUINT64_CONSTANT (1000000000)
/* Some day. */
#define BEGIN (G_GUINT64_CONSTANT (1700000000) * SECOND)

typedef struct {
  DmsLimiter *limiter;
  GPtrArray *permits;
  guint64 now_ns;
} Fixture;

static void
set_up (Fixture *fixture, const DmsLimits *limits)
{
  fixture->limiter = dms_limiter_new (limits);
  fixture->permits = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_permit_free);
  fixture->now_ns = BEGIN;
}

static void
tear_down (Fixture *fixture)
{
  g_ptr_array_unref (fixture->permits);
  dms_limiter_unref (fixture->limiter);
}

static DmsPermit *
ask (Fixture *fixture, DmsTraffic traffic, const char *sender, const char *topic, DmsRefusal *refusal)
{
  return dms_limiter_admit (fixture->limiter, traffic, sender, topic, 100, fixture->now_ns + 30 * SECOND,
                            fixture->now_ns, refusal);
}

/* Handled at once: only the rate is left. */
static gboolean
passes (Fixture *fixture, DmsTraffic traffic, const char *sender, const char *topic)
{
  DmsRefusal refusal;
  g_autoptr (DmsPermit) permit = ask (fixture, traffic, sender, topic, &refusal);

  if (permit == NULL)
    g_assert_cmpint (refusal, ==, DMS_REFUSAL_RATE_LIMITED);
  return permit != NULL;
}

static guint
count_passing (Fixture *fixture, DmsTraffic traffic, const char *sender, const char *topic, guint n)
{
  guint passed = 0;

  for (guint i = 0; i < n; i++)
    passed += passes (fixture, traffic, sender, topic) ? 1 : 0;
  return passed;
}

/* Under handling until the end of the test. */
static guint
count_kept (Fixture *fixture, const char *sender, guint n)
{
  guint kept = 0;

  for (guint i = 0; i < n; i++)
    {
      DmsRefusal refusal;
      DmsPermit *permit = ask (fixture, DMS_TRAFFIC_OTHER, sender, NULL, &refusal);

      if (permit == NULL)
        {
          g_assert_cmpint (refusal, ==, DMS_REFUSAL_TOO_MANY_AT_ONCE);
          continue;
        }
      g_ptr_array_add (fixture->permits, permit);
      kept++;
    }
  return kept;
}

static void
test_rate_per_sender (void)
{
  DmsLimits limits = { .per_sender[DMS_TRAFFIC_PUBLIC] = { 10, 20, 0, 0 } };
  Fixture fixture;

  set_up (&fixture, &limits);
  g_assert_cmpuint (count_passing (&fixture, DMS_TRAFFIC_PUBLIC, "a", NULL, 100), ==, 20);
  g_assert_cmpuint (count_passing (&fixture, DMS_TRAFFIC_PUBLIC, "b", NULL, 100), ==, 20);
  g_assert_cmpuint (count_passing (&fixture, DMS_TRAFFIC_OTHER, "a", NULL, 100), ==, 100);
  fixture.now_ns += SECOND;
  g_assert_cmpuint (count_passing (&fixture, DMS_TRAFFIC_PUBLIC, "a", NULL, 100), ==, 10);
  fixture.now_ns += 3600 * SECOND;
  g_assert_cmpuint (count_passing (&fixture, DMS_TRAFFIC_PUBLIC, "a", NULL, 100), ==, 20);
  /* A clock that is set back gives nothing, and takes nothing for ever. */
  fixture.now_ns -= 1800 * SECOND;
  g_assert_cmpuint (count_passing (&fixture, DMS_TRAFFIC_PUBLIC, "a", NULL, 100), ==, 0);
  fixture.now_ns += SECOND;
  g_assert_cmpuint (count_passing (&fixture, DMS_TRAFFIC_PUBLIC, "a", NULL, 100), ==, 10);
  tear_down (&fixture);
}

static void
test_rate_per_topic (void)
{
  DmsLimits limits = { .per_topic = { 5, 5, 0, 0 } };
  Fixture fixture;

  set_up (&fixture, &limits);
  g_assert_cmpuint (count_passing (&fixture, DMS_TRAFFIC_BROADCAST, "a", "/one", 4), ==, 4);
  g_assert_cmpuint (count_passing (&fixture, DMS_TRAFFIC_BROADCAST, "b", "/one", 4), ==, 1);
  g_assert_cmpuint (count_passing (&fixture, DMS_TRAFFIC_BROADCAST, "b", "/two", 4), ==, 4);
  tear_down (&fixture);
}

/* What one sender is refused does not count against everybody. */
static void
test_rate_in_total (void)
{
  DmsLimits limits = { .per_sender[DMS_TRAFFIC_PUBLIC] = { 10, 10, 0, 0 },
                       .total[DMS_TRAFFIC_PUBLIC] = { 25, 25, 0, 0 } };
  Fixture fixture;

  set_up (&fixture, &limits);
  g_assert_cmpuint (count_passing (&fixture, DMS_TRAFFIC_PUBLIC, "a", NULL, 1000), ==, 10);
  g_assert_cmpuint (count_passing (&fixture, DMS_TRAFFIC_PUBLIC, "b", NULL, 1000), ==, 10);
  g_assert_cmpuint (count_passing (&fixture, DMS_TRAFFIC_PUBLIC, "c", NULL, 1000), ==, 5);
  tear_down (&fixture);
}

static void
test_at_once (void)
{
  DmsLimits limits = { .per_sender[DMS_TRAFFIC_OTHER] = { 0, 0, 4, 0 },
                       .total[DMS_TRAFFIC_OTHER] = { 0, 0, 10, 0 } };
  Fixture fixture;

  set_up (&fixture, &limits);
  g_assert_cmpuint (count_kept (&fixture, "a", 100), ==, 4);
  g_assert_cmpuint (count_kept (&fixture, "b", 100), ==, 4);
  g_assert_cmpuint (count_kept (&fixture, "c", 100), ==, 2);
  g_assert_cmpuint (dms_limiter_get_at_once (fixture.limiter, DMS_TRAFFIC_OTHER), ==, 10);
  g_ptr_array_remove_index (fixture.permits, 0);
  g_assert_cmpuint (count_kept (&fixture, "a", 100), ==, 1);
  tear_down (&fixture);
}

/* A handler that never lets go of its messages loses its hold when they expire. */
static void
test_expiry (void)
{
  DmsLimits limits = { .per_sender[DMS_TRAFFIC_OTHER] = { 0, 0, 4, 0 } };
  Fixture fixture;

  set_up (&fixture, &limits);
  g_assert_cmpuint (count_kept (&fixture, "a", 100), ==, 4);
  fixture.now_ns += 29 * SECOND;
  g_assert_cmpuint (count_kept (&fixture, "a", 100), ==, 0);
  fixture.now_ns += 2 * SECOND;
  g_assert_cmpuint (count_kept (&fixture, "a", 100), ==, 4);
  g_assert_cmpuint (dms_limiter_get_at_once (fixture.limiter, DMS_TRAFFIC_OTHER), ==, 4);
  tear_down (&fixture);
}

static void
test_bytes (void)
{
  DmsLimits limits = { .per_sender[DMS_TRAFFIC_OTHER] = { 0, 0, 0, 350 } };
  Fixture fixture;

  set_up (&fixture, &limits);
  g_assert_cmpuint (count_kept (&fixture, "a", 100), ==, 3);
  g_assert_cmpuint (count_kept (&fixture, "b", 100), ==, 3);
  tear_down (&fixture);

  /* A message larger than the limit is not refused for ever. */
  limits.per_sender[DMS_TRAFFIC_OTHER].bytes = 50;
  set_up (&fixture, &limits);
  g_assert_cmpuint (count_kept (&fixture, "a", 100), ==, 1);
  tear_down (&fixture);
}

/* Many names share what one may have, and are forgotten when they are quiet. */
static void
test_many_senders (void)
{
  DmsLimits limits = { .per_sender[DMS_TRAFFIC_PUBLIC] = { 10, 20, 0, 0 } };
  Fixture fixture;
  guint passed = 0;

  set_up (&fixture, &limits);
  for (guint i = 0; i < 2 * DMS_LIMITER_MAX_SENDERS; i++)
    {
      g_autofree char *name = g_strdup_printf ("did:%u", i);

      passed += count_passing (&fixture, DMS_TRAFFIC_PUBLIC, name, NULL, 1);
    }
  g_assert_cmpuint (passed, ==, DMS_LIMITER_MAX_SENDERS + 20);
  g_assert_cmpuint (dms_limiter_get_n_senders (fixture.limiter), ==, DMS_LIMITER_MAX_SENDERS + 1);
  g_assert_cmpuint (count_passing (&fixture, DMS_TRAFFIC_PUBLIC, "did:7", NULL, 100), ==, 19);

  fixture.now_ns += 10 * SECOND;
  g_assert_cmpuint (count_passing (&fixture, DMS_TRAFFIC_PUBLIC, "new", NULL, 100), ==, 20);
  g_assert_cmpuint (dms_limiter_get_n_senders (fixture.limiter), ==, 1);
  tear_down (&fixture);
}

static void
test_many_topics (void)
{
  DmsLimits limits = { .per_topic = { 1, 1, 0, 0 } };
  Fixture fixture;
  guint passed = 0;

  set_up (&fixture, &limits);
  for (guint i = 0; i < 2 * DMS_LIMITER_MAX_TOPICS; i++)
    {
      g_autofree char *topic = g_strdup_printf ("/topic/%u", i);

      passed += count_passing (&fixture, DMS_TRAFFIC_BROADCAST, "a", topic, 1);
    }
  g_assert_cmpuint (passed, ==, DMS_LIMITER_MAX_TOPICS + 1);
  tear_down (&fixture);
}

/* Permits that outlive the limiter of their owner, and the other way round. */
static void
test_permit_outlives (void)
{
  DmsLimits limits = { .per_sender[DMS_TRAFFIC_OTHER] = { 0, 0, 1, 0 } };
  DmsLimiter *limiter = dms_limiter_new (&limits);
  DmsRefusal refusal;
  DmsPermit *permit =
      dms_limiter_admit (limiter, DMS_TRAFFIC_OTHER, "a", NULL, 1, BEGIN + SECOND, BEGIN, &refusal);

  g_assert_nonnull (permit);
  dms_limiter_unref (limiter);
  dms_permit_free (permit);
}

static void
test_traffic (void)
{
  g_assert_cmpint (dms_traffic_of ("/public/hello", FALSE), ==, DMS_TRAFFIC_PUBLIC);
  g_assert_cmpint (dms_traffic_of ("/publicity", FALSE), ==, DMS_TRAFFIC_OTHER);
  g_assert_cmpint (dms_traffic_of ("/dms/node", FALSE), ==, DMS_TRAFFIC_OTHER);
  g_assert_cmpint (dms_traffic_of ("/public/hello", TRUE), ==, DMS_TRAFFIC_BROADCAST);
}

/* What the configuration says by default is what holds without one. */
static void
test_defaults (void)
{
  g_autoptr (DmsConfig) config = dms_config_new ();
  DmsLimits built_in = { 0 };
  DmsLimits configured = { 0 };
  g_autoptr (GError) error = NULL;

  dms_limits_init (&built_in);
  dms_limits_init_from_config (&configured, config);
  for (guint i = 0; i < DMS_N_TRAFFICS; i++)
    {
      g_assert_cmpfloat (built_in.per_sender[i].rate, ==, configured.per_sender[i].rate);
      g_assert_cmpfloat (built_in.total[i].burst, ==, configured.total[i].burst);
    }
  g_assert_cmpfloat (built_in.per_topic.rate, ==, configured.per_topic.rate);
  g_assert_cmpfloat (built_in.refused.burst, ==, configured.refused.burst);

  /* Hello, and all that one node can tell another of revocations. */
  g_assert_cmpfloat (built_in.per_sender[DMS_TRAFFIC_PUBLIC].burst, >=, 40);
  dms_config_set_override (config, "limits.public_per_second", "0", &error);
  g_assert_no_error (error);
  dms_limits_init_from_config (&configured, config);
  g_assert_cmpfloat (configured.per_sender[DMS_TRAFFIC_PUBLIC].rate, ==, 0);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/actor/limiter/rate-per-sender", test_rate_per_sender);
  g_test_add_func ("/actor/limiter/rate-per-topic", test_rate_per_topic);
  g_test_add_func ("/actor/limiter/rate-in-total", test_rate_in_total);
  g_test_add_func ("/actor/limiter/at-once", test_at_once);
  g_test_add_func ("/actor/limiter/expiry", test_expiry);
  g_test_add_func ("/actor/limiter/bytes", test_bytes);
  g_test_add_func ("/actor/limiter/many-senders", test_many_senders);
  g_test_add_func ("/actor/limiter/many-topics", test_many_topics);
  g_test_add_func ("/actor/limiter/permit-outlives", test_permit_outlives);
  g_test_add_func ("/actor/limiter/traffic", test_traffic);
  g_test_add_func ("/actor/limiter/defaults", test_defaults);
  return g_test_run ();
}
