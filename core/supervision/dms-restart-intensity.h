/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

G_BEGIN_DECLS

/* How often something may be repaired: at most so many times within any period of that length. What needs
 * more is broken in a way that repairing does not mend. */
typedef struct _DmsRestartIntensity DmsRestartIntensity;

/* More than this is never remembered, so never allowed. */
#define DMS_RESTART_INTENSITY_MAX 100

DmsRestartIntensity *dms_restart_intensity_new (guint max_restarts, gint64 period_us);
/* Whether one more is allowed now; if so, it is counted. Times never go back. */
gboolean dms_restart_intensity_take (DmsRestartIntensity *self, gint64 now_us);
/* How many count at this time. */
guint dms_restart_intensity_count (DmsRestartIntensity *self, gint64 now_us);
guint dms_restart_intensity_get_max (DmsRestartIntensity *self);
gint64 dms_restart_intensity_get_period_us (DmsRestartIntensity *self);
void dms_restart_intensity_free (DmsRestartIntensity *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsRestartIntensity, dms_restart_intensity_free)

G_END_DECLS
