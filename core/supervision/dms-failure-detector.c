/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "supervision/dms-failure-detector.h"

#include <math.h>

enum
{
  /* Hayashibara et al. use 1000; less forgets a bad quarter of an hour sooner. */
  WINDOW = 100,
  /* Until so many intervals were seen, what was promised counts as well. */
  ENOUGH = 5,
};

/* Beyond this the tail of the normal distribution is no number any more. */
#define MAX_PHI 300.0

struct _DmsFailureDetector
{
  GObject parent_instance;

  DmsFailureDetectorLimits limits;
  gint64 intervals[WINDOW];
  guint n_intervals;
  guint next;
  /* The last regular sign, and the last of any kind. */
  gint64 beat_us;
  gint64 heard_us;
  gboolean beaten;
  gboolean heard;
};

G_DEFINE_FINAL_TYPE (DmsFailureDetector, dms_failure_detector, G_TYPE_OBJECT)

static void
dms_failure_detector_class_init (DmsFailureDetectorClass *klass)
{
}

static void
dms_failure_detector_init (DmsFailureDetector *self)
{
}

DmsFailureDetectorLimits
dms_failure_detector_limits_for (gint64 interval_us, gint64 detect_us)
{
  DmsFailureDetectorLimits limits = {
    .expected_interval_us = interval_us,
    .min_deviation_us = MAX (interval_us / 6, 1),
    /* One sign may be lost altogether. */
    .acceptable_pause_us = interval_us,
    .threshold = 8,
    .min_silence_us = interval_us * 5 / 2,
    /* The last sign may have come just before the end, and is looked at once an interval. */
    .max_silence_us = MAX (detect_us - interval_us / 2, interval_us * 3),
  };

  return limits;
}

DmsFailureDetector *
dms_failure_detector_new (const DmsFailureDetectorLimits *limits)
{
  DmsFailureDetector *self = g_object_new (DMS_TYPE_FAILURE_DETECTOR, NULL);

  self->limits = *limits;
  self->limits.min_deviation_us = MAX (self->limits.min_deviation_us, 1);
  return self;
}

void
dms_failure_detector_touch (DmsFailureDetector *self, gint64 now_us)
{
  if (self->heard && now_us <= self->heard_us)
    return;
  self->heard = TRUE;
  self->heard_us = now_us;
}

void
dms_failure_detector_beat (DmsFailureDetector *self, gint64 now_us)
{
  gint64 interval = now_us - self->beat_us;

  if (self->beaten && interval < 0)
    return;
  /* A silence after which it was lost says nothing about the rhythm of those who live. */
  if (self->beaten && interval < self->limits.max_silence_us)
    {
      self->intervals[self->next] = interval;
      self->next = (self->next + 1) % WINDOW;
      self->n_intervals = MIN (self->n_intervals + 1, WINDOW);
    }
  self->beaten = TRUE;
  self->beat_us = now_us;
  dms_failure_detector_touch (self, now_us);
}

/* Where few were seen, the missing ones are taken to be as promised. */
static double
sample (DmsFailureDetector *self, guint i)
{
  return i < self->n_intervals ? (double) self->intervals[i] : (double) self->limits.expected_interval_us;
}

static double
mean_of (DmsFailureDetector *self)
{
  guint n = MAX (self->n_intervals, ENOUGH);
  double sum = 0;

  for (guint i = 0; i < n; i++)
    sum += sample (self, i);
  return sum / n;
}

static double
deviation_of (DmsFailureDetector *self, double mean)
{
  guint n = MAX (self->n_intervals, ENOUGH);
  double sum = 0;

  for (guint i = 0; i < n; i++)
    sum += (sample (self, i) - mean) * (sample (self, i) - mean);
  return MAX (sqrt (sum / n), (double) self->limits.min_deviation_us);
}

gint64
dms_failure_detector_get_mean_us (DmsFailureDetector *self)
{
  return (gint64) mean_of (self);
}

gint64
dms_failure_detector_get_deviation_us (DmsFailureDetector *self)
{
  return (gint64) deviation_of (self, mean_of (self));
}

gint64
dms_failure_detector_get_silence_us (DmsFailureDetector *self, gint64 now_us)
{
  return self->heard ? MAX (now_us - self->heard_us, 0) : 0;
}

double
dms_failure_detector_get_phi (DmsFailureDetector *self, gint64 now_us)
{
  double silence = (double) dms_failure_detector_get_silence_us (self, now_us);
  double mean;
  double tail;

  if (!self->heard)
    return 0;
  mean = mean_of (self);
  /* Of the normal distribution: how probable a sign is that comes later still. */
  tail = 0.5 * erfc ((silence - mean - (double) self->limits.acceptable_pause_us) /
                     (deviation_of (self, mean) * G_SQRT2));
  return tail <= 0 ? MAX_PHI : MIN (MAX (-log10 (tail), 0), MAX_PHI);
}

DmsLiveness
dms_failure_detector_judge (DmsFailureDetector *self, gint64 now_us)
{
  gint64 silence = dms_failure_detector_get_silence_us (self, now_us);

  if (!self->heard)
    return DMS_LIVENESS_UNKNOWN;
  if (silence >= self->limits.max_silence_us)
    return DMS_LIVENESS_LOST;
  if (silence < self->limits.min_silence_us)
    return DMS_LIVENESS_ALIVE;
  return dms_failure_detector_get_phi (self, now_us) >= self->limits.threshold ? DMS_LIVENESS_LOST
                                                                               : DMS_LIVENESS_ALIVE;
}

void
dms_failure_detector_reset (DmsFailureDetector *self)
{
  self->n_intervals = 0;
  self->next = 0;
  self->beaten = FALSE;
  self->heard = FALSE;
}
