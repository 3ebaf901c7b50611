/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "orchestrator/dms-refusal-need.h"

G_BEGIN_DECLS

/**
 * DmsRelaxation:
 * @field: which of several, such as `libraries[1]`; empty when there is just one
 * @required: how much is asked for; 0 when it is about no amount
 * @amount: what to ask for instead; 0 when it is about no amount, or should not be asked for at all
 * @text: the same as people write it: `6 GiB`, `openssl >= 3.0`
 * @n_peers: how many machines would then do
 *
 * What to ask for less of.
 */
typedef struct
{
  DmsBidRefusalCode code;
  char *field;
  double required;
  double amount;
  char *text;
  guint n_peers;
  double worth;
} DmsRelaxation;

/* Counts machines that lack just one thing, by that thing and how much they have of it. */
typedef struct _DmsRefusalRelaxations DmsRefusalRelaxations;

/* need: must outlive it */
DmsRefusalRelaxations *dms_refusal_relaxations_new (const DmsRefusalNeed *need);
void dms_refusal_relaxations_free (DmsRefusalRelaxations *self);

/* One more machine lacks this, and nothing else. */
void dms_refusal_relaxations_count (DmsRefusalRelaxations *self, const DmsBidRefusalReason *reason);
/* (transfer full) (element-type DmsRelaxation): for each thing the change that wins many machines for little,
 * the best of them first. */
GPtrArray *dms_refusal_relaxations_list (DmsRefusalRelaxations *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsRefusalRelaxations, dms_refusal_relaxations_free)

G_END_DECLS
