/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

#include "provider/dms-bid-refusal-code.h"

G_BEGIN_DECLS

/**
 * DmsRefusalNeed:
 * @node: a node of the ensemble
 * @amounts: how much is asked for, by code; of GPUs the largest memory; 0 when nothing is
 * @n_gpus: how many GPUs are asked for
 * @located: whether the place matters
 * @privileged: whether privileged containers are asked for
 * @n_ports: how many public ports are
 *
 * What was asked of the machines, against which their refusals are judged: who refuses for want of what was
 * not asked for, or says that there is enough of it, is not believed.
 */
typedef struct
{
  char *node;
  double amounts[DMS_BID_REFUSAL_N_CODES];
  guint n_gpus;
  gboolean located;
  gboolean privileged;
  guint n_ports;
} DmsRefusalNeed;

DmsRefusalNeed *dms_refusal_need_new (const char *node, DmsResources *required);
void dms_refusal_need_free (DmsRefusalNeed *self);

/* Whether a machine could say so. */
gboolean dms_refusal_need_believes (const DmsRefusalNeed *self, DmsBidRefusalCode code, double offered);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsRefusalNeed, dms_refusal_need_free)

G_END_DECLS
