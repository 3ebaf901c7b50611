/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "placement/dms-placement-network.h"

G_BEGIN_DECLS

/* Which part of a problem is looked at: all of it, or less when the culprits of a conflict are sought. */
typedef struct
{
  gboolean *vars;
  gboolean *arcs;
  /* Faults of bids that count, for each variable. */
  guint8 *faults;
  /* Whether a machine serves one node only. */
  gboolean distinct;
  guint n_vars;
} DmsPlacementScope;

DmsPlacementScope *dms_placement_scope_new (const DmsPlacementNetwork *network);
void dms_placement_scope_free (DmsPlacementScope *self);
/* Whether the ends of an arc, and the arc, are in it. */
gboolean
dms_placement_scope_has_arc (const DmsPlacementScope *self, const DmsPlacementNetwork *network, guint arc);
/* Whether a variable is bound to its machine here, and whether two may not have the same. */
gboolean
dms_placement_scope_binds (const DmsPlacementScope *self, const DmsPlacementNetwork *network, guint var);
gboolean dms_placement_scope_excludes (const DmsPlacementScope *self,
                                       const DmsPlacementNetwork *network,
                                       guint var,
                                       guint other);
/* (element-type GArray of guint) (transfer container): sets of variables that have nothing to do with each
 * other: no way leads from one to the other, and no machine offers itself for both. */
GPtrArray *dms_placement_scope_split (const DmsPlacementScope *self, const DmsPlacementNetwork *network);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsPlacementScope, dms_placement_scope_free)

G_END_DECLS
