/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "placement/dms-placement-space.h"

G_BEGIN_DECLS

/* Finds prices for machines that several nodes want: with the right ones, the cheapest choice without regard
 * to rivalry is one without rivalry, or next to it (Lagrangian relaxation by subgradients, Held and Karp,
 * 1971; each step an elimination). Leaves the space with the best prices; raises *bound, below which nothing
 * can be; lowers *upper with each choice that is allowed and cheaper, which is in @choice. FALSE when the
 * arcs are too entangled. */
gboolean dms_placement_price (DmsPlacementSpace *space,
                              guint64 most_cells,
                              guint64 work,
                              gint64 *bound,
                              gint64 *upper,
                              guint *choice);

G_END_DECLS
