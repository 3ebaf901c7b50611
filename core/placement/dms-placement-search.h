/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "placement/dms-placement-space.h"

G_BEGIN_DECLS

typedef enum
{
  /* Everything was looked at: there is no solution below the last bound. */
  DMS_PLACEMENT_SEARCH_EXHAUSTED,
  /* The first solution was wanted, and is there. */
  DMS_PLACEMENT_SEARCH_FOUND,
  /* Too much work. */
  DMS_PLACEMENT_SEARCH_STOPPED,
} DmsPlacementSearchEnd;

/* Branch and bound with propagation at every step. Looks for solutions that cost less than *upper, and lowers
 * it with each; the last is in @choice, a value for each variable of the network. Ends before the space has
 * done @work. The space is as it was before, except that what is impossible is not there. */
DmsPlacementSearchEnd dms_placement_search (DmsPlacementSpace *space,
                                            gboolean first_only,
                                            guint64 work,
                                            gint64 *upper,
                                            guint *choice);

G_END_DECLS
