/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

G_BEGIN_DECLS

#define DMS_TYPE_FAILURE_DETECTOR (dms_failure_detector_get_type ())

/* Whether somebody who gives signs of life is still there: the φ accrual failure detector (Hayashibara,
 * Défago, Yared, Katayama 2004). It learns how regular the signs come, and says how unlikely the present
 * silence is: φ = -log10 P(a sign comes later than now). Knows no clock: every call says what time it is, in
 * microseconds that never go back. */
G_DECLARE_FINAL_TYPE (DmsFailureDetector, dms_failure_detector, DMS, FAILURE_DETECTOR, GObject)

typedef enum
{
  /* Nothing was heard yet, so silence means nothing. */
  DMS_LIVENESS_UNKNOWN,
  DMS_LIVENESS_ALIVE,
  /* φ has reached the threshold, or the silence its limit. */
  DMS_LIVENESS_LOST,
} DmsLiveness;

/* Everything in microseconds but the threshold. */
typedef struct
{
  /* What is taken for the interval until enough were seen. */
  gint64 expected_interval_us;
  /* The deviation is never thought smaller: very regular signs would make every hiccup a failure. */
  gint64 min_deviation_us;
  /* So much longer than usual is nothing to think about. */
  gint64 acceptable_pause_us;
  /* At this φ it is taken for lost: 8 is one mistake in 10^8 intervals, if the model holds. */
  double threshold;
  /* No silence shorter than this is a failure, and every one that is longer is, whatever φ says. */
  gint64 min_silence_us;
  gint64 max_silence_us;
} DmsFailureDetectorLimits;

/* For a failure to be noticed within detect_us when signs come every interval_us. */
DmsFailureDetectorLimits dms_failure_detector_limits_for (gint64 interval_us, gint64 detect_us);

DmsFailureDetector *dms_failure_detector_new (const DmsFailureDetectorLimits *limits);
/* A regular sign: its distance from the last one is learnt. */
void dms_failure_detector_beat (DmsFailureDetector *self, gint64 now_us);
/* Any other sign: it shows life, but says nothing about the rhythm. */
void dms_failure_detector_touch (DmsFailureDetector *self, gint64 now_us);
/* 0 when nothing was heard; not more than 300. */
double dms_failure_detector_get_phi (DmsFailureDetector *self, gint64 now_us);
DmsLiveness dms_failure_detector_judge (DmsFailureDetector *self, gint64 now_us);
/* How long nothing was heard; 0 when nothing ever was. */
gint64 dms_failure_detector_get_silence_us (DmsFailureDetector *self, gint64 now_us);
/* What is known of the rhythm. */
gint64 dms_failure_detector_get_mean_us (DmsFailureDetector *self);
gint64 dms_failure_detector_get_deviation_us (DmsFailureDetector *self);
/* Forgets everything: who was away begins anew. */
void dms_failure_detector_reset (DmsFailureDetector *self);

G_END_DECLS
