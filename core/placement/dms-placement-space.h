/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "placement/dms-placement-scope.h"

G_BEGIN_DECLS

typedef struct _DmsPlacementSpace DmsPlacementSpace;

/* What is left of the domains of some variables, while a search narrows and widens them. Made once for a
 * problem: entering it for other variables costs no more than these. */
struct _DmsPlacementSpace
{
  const DmsPlacementNetwork *network;
  const DmsPlacementScope *scope;
  /* (element-type guint) (nullable): the variables it is about. */
  GArray *vars;
  /* Of every variable of the network: whether it belongs here, how many values are left, which. */
  gboolean *member;
  guint *count;
  guint64 *alive;
  /* Values in the order in which they went. */
  GArray *trail;
  /* Variables that lost values, and what is not known to the others yet. */
  guint *queue;
  guint queue_head;
  guint queue_tail;
  gboolean *queued;
  /* How often an arc was in the way. */
  guint *weight;
  /* Prices that machines have by rivalry, of each peer; what bids cost with these; their least of each
   * variable; the sum of these, and of what the prices are worth: no solution in here costs less. */
  gint64 *prices;
  gint64 *reduced;
  gint64 *least;
  gint64 base;
  gint64 bound;
  /* Rivals: a machine for each variable, and the other way round. Without rivalry nobody looks at it. */
  gboolean has_rivals;
  guint *match;
  guint *taken;
  guint *visited;
  guint visit;
  guint64 work;
};

DmsPlacementSpace *dms_placement_space_new (const DmsPlacementNetwork *network,
                                            const DmsPlacementScope *scope);
/* Leaves the variables there were; fills the domains of these. */
void dms_placement_space_enter (DmsPlacementSpace *self, GArray *vars);
void dms_placement_space_free (DmsPlacementSpace *self);

/* Puts all variables on the list of those that lost values. */
void dms_placement_space_wake_all (DmsPlacementSpace *self);
/* Takes away what cannot be part of a solution that costs less than `upper`. FALSE when nothing is left of a
 * variable; the space is of no use then until it is taken back. */
gboolean dms_placement_space_propagate (DmsPlacementSpace *self, gint64 upper);
/* FALSE when it was the last. */
gboolean dms_placement_space_remove (DmsPlacementSpace *self, guint value);
/* Leaves one value. */
void dms_placement_space_assign (DmsPlacementSpace *self, guint value);
guint dms_placement_space_get_mark (DmsPlacementSpace *self);
void dms_placement_space_take_back (DmsPlacementSpace *self, guint mark);

gboolean dms_placement_space_has (const DmsPlacementSpace *self, guint value);
/* The cheapest value that is left, less the prices. */
guint dms_placement_space_get_best (const DmsPlacementSpace *self, guint var);
/* Whether no two variables have the same machine in a choice that may not share it. */
gboolean dms_placement_space_is_distinct (const DmsPlacementSpace *self, const guint *choice);
/* New prices, for every peer of the network. */
void dms_placement_space_set_prices (DmsPlacementSpace *self, const gint64 *prices);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsPlacementSpace, dms_placement_space_free)

G_END_DECLS
