/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

G_BEGIN_DECLS

/* How an ensemble wants to be watched: the optional key `supervision`, which is ours and not the field's. */
typedef struct
{
  /* Whether the ensemble says anything about it. */
  gboolean given;
  /* A machine that has died is noticed within this time. */
  gint64 detect_ns;
  /* What is marked single ends by itself when its orchestrator was not heard of for so long. */
  gint64 lease_ns;
  /* A standby orchestrator takes over when the present one was not heard of for so long. */
  gint64 takeover_ns;
  /* Each allocation, node, supervisor and the ensemble is repaired at most so often within the period. */
  guint max_restarts;
  gint64 restart_period_ns;
} DmsSupervisionLimits;

/* What holds where nothing is said: 15 s; leases of 60 s; 30 s; 3 restarts within 60 s. */
DmsSupervisionLimits dms_supervision_limits_get_default (void);
JsonNode *dms_supervision_limits_to_json (const DmsSupervisionLimits *self);

G_END_DECLS
