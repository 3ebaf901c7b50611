/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "orchestrator/dms-asking-waves.h"

#include "provider/dms-bid-sample.h"

enum
{
  /* What strangers make us believe of the size of the network costs four waves of silence at most. */
  MAX_AUDIENCE = 100000,
  /* A wave asks so many times as many as the one before, where that had no answer and where it had enough. */
  WIDEN_BY = 8,
  WIDEN_BY_LEAST = 2,
  /* A wave lasts twice as long as answers take, between these; each that follows half as long again. Over
   * three continents gossip takes 0.2 s, and the answer of one that must dial first 0.3 to 0.8 s more. */
  SHORTEST_WAVE_MS = 400,
  LONGEST_WAVE_MS = 1000,
};

void
dms_asking_waves_begin_round (DmsAskingWaves *self, guint guess)
{
  /* Where few answered although all were asked, all may be asked at once; not where many did. */
  if (self->audience == 0 || self->n_heard > 2 * self->n_enough)
    self->audience = CLAMP (guess, 1, MAX_AUDIENCE);
  self->wave = 0;
  self->n_heard = 0;
}

void
dms_asking_waves_begin (DmsAskingWaves *self, guint n_enough, gint64 now_us)
{
  self->n_enough = n_enough;
  self->is_everybody = self->audience <= n_enough;
  self->began_us = now_us;
  self->n_direct = 0;
  self->n_heard_before = self->n_heard;
}

guint
dms_asking_waves_get_per_million (const DmsAskingWaves *self)
{
  if (self->is_everybody)
    return DMS_BID_SAMPLE_ALL;
  return (guint) ((guint64) DMS_BID_SAMPLE_ALL * self->n_enough / self->audience) + 1;
}

void
dms_asking_waves_note_direct (DmsAskingWaves *self)
{
  self->n_direct++;
}

void
dms_asking_waves_note_heard (DmsAskingWaves *self, guint n_heard, gint64 now_us)
{
  if (n_heard == self->n_heard)
    return;
  self->n_heard = n_heard;
  self->pace_us = now_us - self->began_us;
}

gint64
dms_asking_waves_get_length_us (const DmsAskingWaves *self)
{
  gint64 shortest_us = SHORTEST_WAVE_MS * 1000;
  gint64 longest_us = LONGEST_WAVE_MS * 1000;

  /* When all are asked, nobody new answers the next wave. */
  for (guint i = 0; !self->is_everybody && i < self->wave; i++)
    {
      shortest_us += shortest_us / 2;
      longest_us += longest_us / 2;
    }
  return CLAMP (2 * self->pace_us, shortest_us, longest_us);
}

static guint
count_heard (const DmsAskingWaves *self)
{
  return self->n_heard - self->n_heard_before;
}

/* If as many have an answer as it is thought. */
static guint
count_expected (const DmsAskingWaves *self)
{
  return self->n_enough + self->n_direct;
}

gboolean
dms_asking_waves_is_over (const DmsAskingWaves *self, gint64 now_us)
{
  return count_heard (self) >= count_expected (self) ||
         now_us - self->began_us >= dms_asking_waves_get_length_us (self);
}

void
dms_asking_waves_widen (DmsAskingWaves *self)
{
  guint n_heard = MAX (count_heard (self), 1);
  guint too_many = (count_expected (self) + n_heard - 1) / n_heard;

  /* It has so many times fewer that have an answer. */
  self->audience = MAX (self->audience / CLAMP (too_many, WIDEN_BY_LEAST, WIDEN_BY), 1);
  self->wave++;
}
