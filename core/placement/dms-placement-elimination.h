/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "placement/dms-placement-space.h"

G_BEGIN_DECLS

/* The cheapest choice for some variables of a space, from what is left of them and by @costs of all values,
 * without regard to rivalry, by eliminating one variable after the other (Bertele and Brioschi, 1972). Exact,
 * and quick where the arcs form trees, rings or ladders; FALSE when more than @most_cells were needed. *cost
 * is DMS_PLACEMENT_INFINITE when there is no choice; otherwise @choice has a value for each of them. */
gboolean dms_placement_eliminate (DmsPlacementSpace *space,
                                  const GArray *vars,
                                  const gint64 *costs,
                                  guint64 most_cells,
                                  gint64 *cost,
                                  guint *choice);

G_END_DECLS
