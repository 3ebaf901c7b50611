/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

G_BEGIN_DECLS

/* How many of many machines are asked at a time, and for how long their answers are waited for
 * (dms-deployment-asking.c). A round begins with as many as would do, chosen by chance. Each wave that
 * follows asks as many more as the answers to the one before were too few, until all are asked; it begins as
 * soon as as many have answered as were expected to, or when answers have dried up. Times are monotonic. */
typedef struct
{
  /* How many machines are thought to have an answer; 0 before there is an idea. */
  guint audience;
  /* From 0 in each round. */
  guint wave;
  /* All are asked. */
  gboolean is_everybody;
  gint64 began_us;
  guint n_enough;
  /* How many were asked by themselves in this wave. */
  guint n_direct;
  /* Answers of the round, of any use or not; and those that were there when the wave began. */
  guint n_heard;
  guint n_heard_before;
  /* How long after the beginning of its wave the latest answer came. */
  gint64 pace_us;
} DmsAskingWaves;

/* guess: how many machines there are. What is known from the round before counts for more. */
void dms_asking_waves_begin_round (DmsAskingWaves *self, guint guess);
/* n_enough: so many answers would do. */
void dms_asking_waves_begin (DmsAskingWaves *self, guint n_enough, gint64 now_us);
/* So many of a million machines answer this wave. */
guint dms_asking_waves_get_per_million (const DmsAskingWaves *self);
/* One more was asked by itself. */
void dms_asking_waves_note_direct (DmsAskingWaves *self);
/* n_heard: answers of the round so far. */
void dms_asking_waves_note_heard (DmsAskingWaves *self, guint n_heard, gint64 now_us);
/* For how long answers to a wave are waited for before more are asked, if fewer come than are expected. */
gint64 dms_asking_waves_get_length_us (const DmsAskingWaves *self);
/* Whether more should be asked, if what is wanted is not there yet. */
gboolean dms_asking_waves_is_over (const DmsAskingWaves *self, gint64 now_us);
/* To the next wave, which dms_asking_waves_begin() begins. */
void dms_asking_waves_widen (DmsAskingWaves *self);

G_END_DECLS
