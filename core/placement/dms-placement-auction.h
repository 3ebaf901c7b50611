/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "placement/dms-placement-space.h"

G_BEGIN_DECLS

/* Where several nodes want the same machines, these get prices (Bertsekas' auction, 1979), and the space a
 * better lower bound: whatever the prices, one of all machines' prices and the least of what each node would
 * then pay is never above what a placement costs. */
void dms_placement_auction_run (DmsPlacementSpace *space, guint64 most_bids);

G_END_DECLS
