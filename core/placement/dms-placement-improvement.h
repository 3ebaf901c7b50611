/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "placement/dms-placement-space.h"

G_BEGIN_DECLS

/* Makes a placement better: again and again, as many of its nodes as form trees are chosen anew all at once,
 * exactly, while the others stay (large neighbourhood search). Until @n_vain rounds in succession changed
 * nothing, the space has done @work, or it costs no more than @enough. */
void dms_placement_improve (DmsPlacementSpace *space,
                            guint n_vain,
                            guint64 work,
                            gint64 enough,
                            gint64 *cost,
                            guint *choice);

G_END_DECLS
