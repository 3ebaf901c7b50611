/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

#include "resources/dms-profile.h"

G_BEGIN_DECLS

typedef struct _DmsFit DmsFit;

/**
 * DmsComparison:
 * @DMS_COMPARISON_BETTER: offers more than required
 * @DMS_COMPARISON_EQUAL: offers just what is required
 * @DMS_COMPARISON_WORSE: offers less
 * @DMS_COMPARISON_NONE: cannot be compared, being of another kind
 *
 * How an offer (left) stands to a requirement (right).
 */
typedef enum
{
  DMS_COMPARISON_BETTER,
  DMS_COMPARISON_EQUAL,
  DMS_COMPARISON_WORSE,
  DMS_COMPARISON_NONE,
} DmsComparison;

/* resources-and-matching.md §5; what a requirement leaves unset matches anything. Of what describes a part
 * (its vendor, its speed …), what the offer does not know matches as well. The second says why. */
DmsComparison dms_comparator_compare (DmsResources *offered, DmsResources *required);
DmsFit *dms_comparator_explain (DmsResources *offered, DmsResources *required);
/* Of everything that a machine can do, or a job needs. */
DmsFit *dms_comparator_explain_profiles (DmsProfile *offered, DmsProfile *required);
/* (transfer full): the requirement with each shortfall relaxed as far as it must be, which the offer meets.
 */
DmsResources *dms_comparator_relax (DmsResources *offered, DmsResources *required);
DmsProfile *dms_comparator_relax_profile (DmsProfile *offered, DmsProfile *required);
DmsComparison dms_comparator_compare_cpus (DmsCpu *offered, DmsCpu *required);
/* (element-type DmsGpu): each required GPU needs a device of its own. */
DmsComparison dms_comparator_compare_gpus (GPtrArray *offered, GPtrArray *required);
DmsComparison dms_comparator_and (DmsComparison a, DmsComparison b);
/* One name for all that go by several; letters of either case. */
const char *dms_comparator_canonical_architecture (const char *name);
/* Better or equal. */
gboolean dms_comparator_suffices (DmsComparison comparison);

/* (transfer full) (element-type DmsGpu): for each required GPU the device it gets, with the VRAM it
 * takes (all that is free when the requirement names none); NULL with NO_RESOURCES when they do not fit.
 * @free: VRAM as it is free. */
GPtrArray *dms_comparator_assign_gpus (GPtrArray *free, GPtrArray *required, GError **error);

G_END_DECLS
