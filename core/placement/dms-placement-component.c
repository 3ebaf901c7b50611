/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "placement/dms-placement-component.h"

#include "placement/dms-placement-auction.h"
#include "placement/dms-placement-elimination.h"
#include "placement/dms-placement-improvement.h"
#include "placement/dms-placement-search.h"

enum
{
  AUCTION_BIDS_PER_VAR = 200,
  VAIN_ROUNDS = 12,
  /* One of so many steps may be a cell of a table: a cell is more to do. */
  CELLS_SHARE = 8,
  /* Where a proof that nothing is better would take too long, it is given up early. */
  MAX_PROVEN_VARS = 48,
  PROOF_SHARE = 8,
};

DmsPlacementComponent *
dms_placement_component_new (GArray *vars)
{
  DmsPlacementComponent *self = g_new0 (DmsPlacementComponent, 1);

  self->vars = vars;
  self->verdict = DMS_PLACEMENT_UNKNOWN;
  self->bound = -DMS_PLACEMENT_INFINITE;
  return self;
}

void
dms_placement_component_free (DmsPlacementComponent *self)
{
  g_array_unref (self->vars);
  g_free (self);
}

static gboolean
is_allowed (DmsPlacementComponent *self, const DmsPlacementSpace *space, const guint *choice)
{
  const DmsPlacementNetwork *network = space->network;
  g_autofree guint *user = NULL;

  if (!space->has_rivals)
    return TRUE;
  user = g_new (guint, network->n_peers);
  for (guint i = 0; i < network->n_peers; i++)
    user[i] = DMS_PLACEMENT_NONE;
  for (guint i = 0; i < self->vars->len; i++)
    {
      guint var = g_array_index (self->vars, guint, i);
      guint peer = network->peer[choice[var]];

      if (user[peer] != DMS_PLACEMENT_NONE && dms_placement_network_excludes (network, var, user[peer]))
        return FALSE;
      user[peer] = var;
    }
  return TRUE;
}

/* Without rivalry this is all there is to do, unless the arcs are too entangled. */
static gboolean
solve_exactly (DmsPlacementComponent *self, DmsPlacementSpace *space, guint64 most_cells, guint *choice)
{
  gint64 cost;

  if (!dms_placement_eliminate (space, self->vars, most_cells, &cost, choice))
    return FALSE;
  if (cost >= DMS_PLACEMENT_INFINITE)
    {
      self->verdict = DMS_PLACEMENT_IMPOSSIBLE;
      return TRUE;
    }
  self->bound = MAX (self->bound, cost);
  if (!is_allowed (self, space, choice))
    return FALSE;
  self->verdict = DMS_PLACEMENT_POSSIBLE;
  self->cost = cost;
  return TRUE;
}

static void
solve_by_search (DmsPlacementComponent *self,
                 DmsPlacementSpace *space,
                 gboolean first_only,
                 guint64 work,
                 guint *choice)
{
  gint64 upper = DMS_PLACEMENT_INFINITE;
  DmsPlacementSearchEnd end;

  if (space->has_rivals)
    dms_placement_auction_run (space, (guint64) self->vars->len * AUCTION_BIDS_PER_VAR);
  self->bound = MAX (self->bound, space->bound);
  end = dms_placement_search (space, TRUE, work, &upper, choice);
  if (end != DMS_PLACEMENT_SEARCH_FOUND)
    {
      self->verdict =
          end == DMS_PLACEMENT_SEARCH_EXHAUSTED ? DMS_PLACEMENT_IMPOSSIBLE : DMS_PLACEMENT_UNKNOWN;
      return;
    }
  self->verdict = DMS_PLACEMENT_POSSIBLE;
  if (!first_only && upper > self->bound)
    {
      dms_placement_improve (space, VAIN_ROUNDS, work, self->bound, &upper, choice);
      if (self->vars->len > MAX_PROVEN_VARS)
        work = MIN (work, space->work + work / PROOF_SHARE);
      if (upper > self->bound &&
          dms_placement_search (space, FALSE, work, &upper, choice) == DMS_PLACEMENT_SEARCH_EXHAUSTED)
        self->bound = upper;
    }
  self->cost = upper;
  self->bound = MIN (self->bound, self->cost);
}

void
dms_placement_component_solve (DmsPlacementComponent *self,
                               DmsPlacementSpace *space,
                               gboolean first_only,
                               guint64 work,
                               guint *choice)
{
  dms_placement_space_enter (space, self->vars);
  self->solved = TRUE;
  dms_placement_space_wake_all (space);
  if (!dms_placement_space_propagate (space, G_MAXINT64))
    self->verdict = DMS_PLACEMENT_IMPOSSIBLE;
  else if (!solve_exactly (self, space, work / CELLS_SHARE, choice))
    solve_by_search (self, space, first_only, work, choice);
  else if (self->verdict == DMS_PLACEMENT_POSSIBLE)
    self->bound = self->cost;
  self->work += space->work;
}

gboolean
dms_placement_component_still_holds (DmsPlacementComponent *self,
                                     const DmsPlacementNetwork *network,
                                     const guint *choice)
{
  for (guint i = 0; i < self->vars->len; i++)
    {
      guint var = g_array_index (self->vars, guint, i);

      for (guint j = network->first_incidence[var]; j < network->first_incidence[var + 1]; j++)
        {
          guint arc = network->incidences[j];
          guint other = dms_placement_network_get_other (network, arc, var);

          if (!dms_placement_network_allows (network, arc, choice[var], choice[other]))
            return FALSE;
        }
    }
  return TRUE;
}
