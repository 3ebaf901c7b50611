/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

#include "provider/dms-bid-refusal.h"
#include "resources/dms-profile.h"

G_BEGIN_DECLS

/**
 * DmsRefusalNeed:
 * @node: a node of the ensemble
 * @amounts: how much is asked for, by code; of GPUs the largest memory; 0 when nothing is
 * @n_gpus: how many GPUs are asked for
 * @located: whether the place matters
 * @privileged: whether privileged containers are asked for
 * @n_ports: how many public ports are
 * @required: what is required besides
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
  DmsProfile *required;
} DmsRefusalNeed;

DmsRefusalNeed *dms_refusal_need_new (const char *node, DmsResources *resources);
DmsRefusalNeed *dms_refusal_need_copy (const DmsRefusalNeed *self);
/* required: (nullable) */
void dms_refusal_need_set_required (DmsRefusalNeed *self, DmsProfile *required);
void dms_refusal_need_free (DmsRefusalNeed *self);

/* Whether a machine could say so. */
gboolean dms_refusal_need_believes (const DmsRefusalNeed *self, const DmsBidRefusalReason *reason);
/* How much is asked for of what a reason is about; 0 when that is no amount. */
double dms_refusal_need_get_amount (const DmsRefusalNeed *self, const DmsBidRefusalReason *reason);
/* (nullable): the library that a reason is about. */
DmsLibrary *dms_refusal_need_get_library (const DmsRefusalNeed *self, const DmsBidRefusalReason *reason);
/* (transfer full): an amount of what a reason is about, as people write it; the code's unit, or the currency
 */
char *dms_refusal_need_format (const DmsRefusalNeed *self, const DmsBidRefusalReason *reason, double amount);
/* (transfer full): the reason for people: `too little RAM: about 6 GiB of 8 GiB`, `library openssl 3.0 of
 * >= 3.2` */
char *dms_refusal_need_describe (const DmsRefusalNeed *self, const DmsBidRefusalReason *reason);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsRefusalNeed, dms_refusal_need_free)

G_END_DECLS
