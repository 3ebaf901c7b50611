/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "placement/dms-placement-space.h"

G_BEGIN_DECLS

typedef enum
{
  /* There is a solution. */
  DMS_PLACEMENT_POSSIBLE,
  /* It is proven that there is none. */
  DMS_PLACEMENT_IMPOSSIBLE,
  /* None was found, nor was it proven that there is none, with the work that was allowed. */
  DMS_PLACEMENT_UNKNOWN,
} DmsPlacementVerdict;

/* One of the parts into which a problem falls, and what is known of it. */
typedef struct
{
  /* (element-type guint) */
  GArray *vars;
  DmsPlacementVerdict verdict;
  gboolean solved;
  gint64 cost;
  /* No solution costs less. */
  gint64 bound;
  guint64 work;
  /* (nullable): of machines that several want, for every peer of the network. */
  gint64 *prices;
} DmsPlacementComponent;

/* Takes @vars. */
DmsPlacementComponent *dms_placement_component_new (GArray *vars);
void dms_placement_component_free (DmsPlacementComponent *self);
/* Finds a solution, the cheapest unless @first_only, with at most about so much work, in a space that may be
 * used for another afterwards. What was found before is a good place to begin at. */
void dms_placement_component_solve (DmsPlacementComponent *self,
                                    DmsPlacementSpace *space,
                                    gboolean first_only,
                                    guint64 work,
                                    guint *choice);
/* Whether what was chosen is still allowed, as far as is known now. */
gboolean dms_placement_component_still_holds (DmsPlacementComponent *self,
                                              const DmsPlacementNetwork *network,
                                              const guint *choice);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsPlacementComponent, dms_placement_component_free)

G_END_DECLS
