/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "supervision/dms-restart-intensity.h"

struct _DmsRestartIntensity
{
  guint max_restarts;
  gint64 period_us;
  /* (element-type gint64): the last max_restarts times, oldest first */
  GArray *times;
};

DmsRestartIntensity *
dms_restart_intensity_new (guint max_restarts, gint64 period_us)
{
  DmsRestartIntensity *self = g_new0 (DmsRestartIntensity, 1);

  self->max_restarts = MIN (max_restarts, DMS_RESTART_INTENSITY_MAX);
  self->period_us = period_us;
  self->times = g_array_new (FALSE, FALSE, sizeof (gint64));
  return self;
}

static void
forget_old (DmsRestartIntensity *self, gint64 now_us)
{
  guint n = 0;

  while (n < self->times->len && now_us - g_array_index (self->times, gint64, n) >= self->period_us)
    n++;
  if (n > 0)
    g_array_remove_range (self->times, 0, n);
}

guint
dms_restart_intensity_count (DmsRestartIntensity *self, gint64 now_us)
{
  forget_old (self, now_us);
  return self->times->len;
}

gboolean
dms_restart_intensity_take (DmsRestartIntensity *self, gint64 now_us)
{
  if (dms_restart_intensity_count (self, now_us) >= self->max_restarts)
    return FALSE;
  g_array_append_val (self->times, now_us);
  return TRUE;
}

guint
dms_restart_intensity_get_max (DmsRestartIntensity *self)
{
  return self->max_restarts;
}

gint64
dms_restart_intensity_get_period_us (DmsRestartIntensity *self)
{
  return self->period_us;
}

void
dms_restart_intensity_free (DmsRestartIntensity *self)
{
  g_array_unref (self->times);
  g_free (self);
}
