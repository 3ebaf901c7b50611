/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "resources/dms-comparator.h"
#include "resources/dms-shortfall.h"

G_BEGIN_DECLS

/* A comparison on its way: what it comes to so far, and why. (element-type DmsShortfall) */
typedef struct
{
  DmsComparison comparison;
  GPtrArray *shortfalls;
} DmsComparing;

/* shortfall: (nullable) (transfer full) */
void dms_comparator_note (DmsComparing *self, DmsComparison comparison, DmsShortfall *shortfall);
DmsComparison dms_comparator_compare_numbers (double offered, double required);
void dms_comparator_add_resources (DmsComparing *self, DmsResources *offered, DmsResources *required);

G_END_DECLS
