/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "supervision/dms-failure-detector.h"
#include "supervision/dms-restart-intensity.h"

#define SECOND ((gint64) G_USEC_PER_SEC)

static DmsFailureDetector *
make_detector (gint64 interval_us, gint64 detect_us)
{
  DmsFailureDetectorLimits limits = dms_failure_detector_limits_for (interval_us, detect_us);

  return dms_failure_detector_new (&limits);
}

static void
test_unknown (void)
{
  g_autoptr (DmsFailureDetector) detector = make_detector (3 * SECOND, 15 * SECOND);

  g_assert_cmpint (dms_failure_detector_judge (detector, 1000 * SECOND), ==, DMS_LIVENESS_UNKNOWN);
  g_assert_cmpfloat (dms_failure_detector_get_phi (detector, 1000 * SECOND), ==, 0);
  dms_failure_detector_touch (detector, 1000 * SECOND);
  g_assert_cmpint (dms_failure_detector_judge (detector, 1000 * SECOND), ==, DMS_LIVENESS_ALIVE);
  dms_failure_detector_reset (detector);
  g_assert_cmpint (dms_failure_detector_judge (detector, 2000 * SECOND), ==, DMS_LIVENESS_UNKNOWN);
}

/* Suspicion grows with the silence; one sign ends it. */
static void
test_suspicion (void)
{
  g_autoptr (DmsFailureDetector) detector = make_detector (3 * SECOND, 15 * SECOND);
  gint64 now = 0;
  double before = 0;

  for (guint i = 0; i < 50; i++, now += 3 * SECOND)
    dms_failure_detector_beat (detector, now);
  now -= 3 * SECOND;
  g_assert_cmpint (dms_failure_detector_get_mean_us (detector), ==, 3 * SECOND);
  g_assert_cmpint (dms_failure_detector_get_deviation_us (detector), ==, SECOND / 2);
  for (gint64 silence = 0; silence < 20 * SECOND; silence += SECOND / 10)
    {
      double phi = dms_failure_detector_get_phi (detector, now + silence);

      g_assert_cmpfloat (phi, >=, before);
      before = phi;
    }
  /* Two signs in a row may be lost before anything is said. */
  g_assert_cmpint (dms_failure_detector_judge (detector, now + 7 * SECOND), ==, DMS_LIVENESS_ALIVE);
  g_assert_cmpint (dms_failure_detector_judge (detector, now + 10 * SECOND), ==, DMS_LIVENESS_LOST);
  dms_failure_detector_touch (detector, now + 10 * SECOND);
  g_assert_cmpint (dms_failure_detector_judge (detector, now + 10 * SECOND), ==, DMS_LIVENESS_ALIVE);
  /* What is not of the rhythm did not change what is known of it. */
  g_assert_cmpint (dms_failure_detector_get_mean_us (detector), ==, 3 * SECOND);
}

/* Whoever is heard irregularly is given more time, but never more than the limit. */
static void
test_adapts (void)
{
  g_autoptr (DmsFailureDetector) regular = make_detector (3 * SECOND, 15 * SECOND);
  g_autoptr (DmsFailureDetector) irregular = make_detector (3 * SECOND, 15 * SECOND);
  gint64 now = 0;

  for (guint i = 0; i < 100; i++)
    {
      now += 3 * SECOND;
      dms_failure_detector_beat (regular, now);
      dms_failure_detector_beat (irregular, i % 4 == 0 ? now + 2 * SECOND : now);
    }
  dms_failure_detector_beat (irregular, now);
  g_assert_cmpint (
      dms_failure_detector_get_deviation_us (irregular), >, dms_failure_detector_get_deviation_us (regular));
  g_assert_cmpint (dms_failure_detector_judge (regular, now + 9500 * SECOND / 1000), ==, DMS_LIVENESS_LOST);
  g_assert_cmpint (
      dms_failure_detector_judge (irregular, now + 9500 * SECOND / 1000), ==, DMS_LIVENESS_ALIVE);
  g_assert_cmpint (dms_failure_detector_judge (irregular, now + 15 * SECOND), ==, DMS_LIVENESS_LOST);
}

/* A gap that was a failure, and times that go back, spoil nothing that was learnt. */
static void
test_learns_of_the_living_only (void)
{
  g_autoptr (DmsFailureDetector) detector = make_detector (SECOND, 5 * SECOND);

  for (gint64 now = 0; now < 100 * SECOND; now += SECOND)
    dms_failure_detector_beat (detector, now);
  dms_failure_detector_beat (detector, 5000 * SECOND);
  g_assert_cmpint (dms_failure_detector_get_mean_us (detector), ==, SECOND);
  dms_failure_detector_beat (detector, 10 * SECOND);
  g_assert_cmpint (dms_failure_detector_get_mean_us (detector), ==, SECOND);
  g_assert_cmpint (dms_failure_detector_judge (detector, 5001 * SECOND), ==, DMS_LIVENESS_ALIVE);
}

/* When each sign is lost with a probability of 1 %, and comes up to a third of an interval late, a living
 * machine is hardly ever taken for lost, and a dead one always within its time, whatever the interval. */
static void
test_loss (void)
{
  static const int detect_seconds[] = { 5, 10, 15, 60 };

  for (guint d = 0; d < G_N_ELEMENTS (detect_seconds); d++)
    {
      gint64 detect = detect_seconds[d] * SECOND;
      gint64 interval = detect / 5;
      g_autoptr (GRand) random = g_rand_new_with_seed (42 + d);
      g_autoptr (DmsFailureDetector) detector = make_detector (interval, detect);
      gint64 heard = 0;
      guint n_false = 0;
      guint n_intervals = 20000;

      for (guint i = 1; i <= n_intervals; i++)
        {
          gint64 now = i * interval + (gint64) (g_rand_double (random) * (double) interval / 3);

          if (g_rand_double (random) < 0.01)
            continue;
          n_false += dms_failure_detector_judge (detector, now) == DMS_LIVENESS_LOST;
          dms_failure_detector_beat (detector, now);
          heard = now;
        }
      g_test_message ("within %d s: %u of %u", detect_seconds[d], n_false, n_intervals);
      g_assert_cmpuint (n_false * 1000, <, n_intervals);
      g_assert_cmpint (dms_failure_detector_judge (detector, heard + detect), ==, DMS_LIVENESS_LOST);
    }
}

static void
test_intensity (void)
{
  g_autoptr (DmsRestartIntensity) three = dms_restart_intensity_new (3, 60 * SECOND);
  g_autoptr (DmsRestartIntensity) none = dms_restart_intensity_new (0, 60 * SECOND);

  g_assert_false (dms_restart_intensity_take (none, 0));
  g_assert_true (dms_restart_intensity_take (three, 0));
  g_assert_true (dms_restart_intensity_take (three, 10 * SECOND));
  g_assert_true (dms_restart_intensity_take (three, 20 * SECOND));
  g_assert_false (dms_restart_intensity_take (three, 59 * SECOND));
  g_assert_cmpuint (dms_restart_intensity_count (three, 59 * SECOND), ==, 3);
  g_assert_true (dms_restart_intensity_take (three, 60 * SECOND));
  g_assert_false (dms_restart_intensity_take (three, 69 * SECOND));
  g_assert_true (dms_restart_intensity_take (three, 70 * SECOND));
}

/* In no period of that length are there more, whenever it is asked. */
static void
test_intensity_property (void)
{
  for (guint round = 0; round < 200; round++)
    {
      g_autoptr (GRand) random = g_rand_new_with_seed (round);
      guint max = (guint) g_rand_int_range (random, 0, 10);
      gint64 period = g_rand_int_range (random, 1, 100);
      g_autoptr (DmsRestartIntensity) intensity = dms_restart_intensity_new (max, period);
      g_autoptr (GArray) taken = g_array_new (FALSE, FALSE, sizeof (gint64));
      gint64 now = 0;

      for (guint i = 0; i < 300; i++)
        {
          now += g_rand_int_range (random, 0, 20);
          if (dms_restart_intensity_take (intensity, now))
            g_array_append_val (taken, now);
        }
      for (guint i = max; i < taken->len; i++)
        g_assert_cmpint (
            g_array_index (taken, gint64, i) - g_array_index (taken, gint64, i - max), >=, period);
      g_assert_true (max > 0 || taken->len == 0);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/failure-detector/unknown", test_unknown);
  g_test_add_func ("/failure-detector/suspicion", test_suspicion);
  g_test_add_func ("/failure-detector/adapts", test_adapts);
  g_test_add_func ("/failure-detector/learns-of-the-living-only", test_learns_of_the_living_only);
  g_test_add_func ("/failure-detector/loss", test_loss);
  g_test_add_func ("/restart-intensity/limits", test_intensity);
  g_test_add_func ("/restart-intensity/property", test_intensity_property);
  return g_test_run ();
}
