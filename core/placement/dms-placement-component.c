/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "placement/dms-placement-component.h"

#include "placement/dms-placement-auction.h"
#include "placement/dms-placement-elimination.h"
#include "placement/dms-placement-improvement.h"
#include "placement/dms-placement-pricing.h"
#include "placement/dms-placement-search.h"

#include <string.h>

enum
{
  AUCTION_BIDS_PER_VAR = 200,
  VAIN_ROUNDS = 12,
  /* One of so many steps may be a cell of a table: a cell is more to do. */
  CELLS_SHARE = 8,
  /* Where a proof that nothing is better would take too long, it is given up early. */
  MAX_PROVEN_VARS = 48,
  PROOF_SHARE = 8,
  PRICING_SHARE = 3,
  /* How far from what does not hold any more others are changed, and the work for each try. */
  REPAIRS = 4,
  REPAIR_SHARE = 64,
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
  g_free (self->prices);
  g_free (self);
}

static void
copy_choice (DmsPlacementComponent *self, const guint *from, guint *to)
{
  for (guint i = 0; i < self->vars->len; i++)
    {
      guint var = g_array_index (self->vars, guint, i);

      to[var] = from[var];
    }
}

/* Without rivalry this is all there is to do, unless the arcs are too entangled. */
static gboolean
solve_exactly (DmsPlacementComponent *self, DmsPlacementSpace *space, guint64 most_cells, guint *choice)
{
  g_autofree guint *proposal = g_new0 (guint, space->network->n_vars);
  gint64 cost;

  if (!dms_placement_eliminate (space, self->vars, space->network->cost, most_cells, &cost, proposal))
    return FALSE;
  if (cost >= DMS_PLACEMENT_INFINITE)
    {
      self->verdict = DMS_PLACEMENT_IMPOSSIBLE;
      return TRUE;
    }
  self->bound = MAX (self->bound, cost);
  if (!dms_placement_space_is_distinct (space, proposal))
    return FALSE;
  self->verdict = DMS_PLACEMENT_POSSIBLE;
  self->cost = cost;
  copy_choice (self, proposal, choice);
  return TRUE;
}

static void
mark_rivals (DmsPlacementComponent *self, DmsPlacementSpace *space, const guint *choice, gboolean *wrong)
{
  const DmsPlacementNetwork *network = space->network;
  g_autofree guint *user = g_new (guint, network->n_peers);

  for (guint i = 0; i < network->n_peers; i++)
    user[i] = DMS_PLACEMENT_NONE;
  for (guint i = 0; i < self->vars->len; i++)
    {
      guint var = g_array_index (self->vars, guint, i);
      guint peer = network->peer[choice[var]];

      if (user[peer] != DMS_PLACEMENT_NONE &&
          dms_placement_scope_excludes (space->scope, network, var, user[peer]))
        wrong[var] = wrong[user[peer]] = TRUE;
      user[peer] = var;
    }
}

/* Marks the variables that are not right as they were, and all that are at most so many arcs away from one.
 */
static void
mark_wrong (DmsPlacementComponent *self,
            DmsPlacementSpace *space,
            const guint *choice,
            guint radius,
            gboolean *wrong)
{
  const DmsPlacementNetwork *network = space->network;
  g_autofree gboolean *next = g_new0 (gboolean, network->n_vars);

  for (guint i = 0; i < network->n_arcs; i++)
    {
      const DmsPlacementArc *arc = &network->arcs[i];

      if (!space->member[arc->source] || !dms_placement_scope_has_arc (space->scope, network, i))
        continue;
      if (!dms_placement_network_allows (network, i, choice[arc->source], choice[arc->target]))
        wrong[arc->source] = wrong[arc->target] = TRUE;
    }
  for (guint i = 0; i < self->vars->len; i++)
    {
      guint var = g_array_index (self->vars, guint, i);

      wrong[var] = wrong[var] || !dms_placement_space_has (space, choice[var]);
    }
  if (space->has_rivals)
    mark_rivals (self, space, choice, wrong);
  for (guint step = 0; step < radius; step++)
    {
      memcpy (next, wrong, network->n_vars * sizeof (gboolean));
      for (guint i = 0; i < network->n_arcs; i++)
        {
          const DmsPlacementArc *arc = &network->arcs[i];

          if (space->member[arc->source] && (wrong[arc->source] || wrong[arc->target]))
            next[arc->source] = next[arc->target] = TRUE;
        }
      memcpy (wrong, next, network->n_vars * sizeof (gboolean));
    }
}

/* What was found before, changed only near where it does not hold any more. */
static gboolean
repair (DmsPlacementComponent *self, DmsPlacementSpace *space, guint64 work, gint64 *upper, guint *choice)
{
  for (guint radius = 0; radius < REPAIRS; radius++)
    {
      g_autofree gboolean *wrong = g_new0 (gboolean, space->network->n_vars);
      guint mark = dms_placement_space_get_mark (space);
      DmsPlacementSearchEnd end = DMS_PLACEMENT_SEARCH_EXHAUSTED;

      mark_wrong (self, space, choice, radius, wrong);
      for (guint i = 0; i < self->vars->len; i++)
        {
          guint var = g_array_index (self->vars, guint, i);

          if (!wrong[var])
            dms_placement_space_assign (space, choice[var]);
        }
      if (dms_placement_space_propagate (space, *upper))
        end = dms_placement_search (space, TRUE, space->work + work / REPAIR_SHARE, upper, choice);
      dms_placement_space_take_back (space, mark);
      if (end == DMS_PLACEMENT_SEARCH_FOUND)
        return TRUE;
    }
  return FALSE;
}

/* By hook or by crook, a solution; the less it costs, the better. */
static DmsPlacementSearchEnd
find_one (DmsPlacementComponent *self,
          DmsPlacementSpace *space,
          gboolean again,
          gboolean first_only,
          guint64 work,
          gint64 *upper,
          guint *choice)
{
  gboolean priced;

  if (again && self->prices != NULL)
    dms_placement_space_set_prices (space, self->prices);
  if (again && !space->has_rivals && repair (self, space, work, upper, choice))
    return DMS_PLACEMENT_SEARCH_FOUND;
  priced = space->has_rivals && !first_only &&
           dms_placement_price (space, work / CELLS_SHARE, work / PRICING_SHARE, &self->bound, upper, choice);
  if (space->has_rivals && !priced)
    dms_placement_auction_run (space, (guint64) self->vars->len * AUCTION_BIDS_PER_VAR);
  if (space->has_rivals && !first_only)
    {
      g_free (self->prices);
      self->prices = g_memdup2 (space->prices, space->network->n_peers * sizeof (gint64));
    }
  self->bound = MAX (self->bound, space->bound);
  if (*upper < DMS_PLACEMENT_INFINITE || (priced && repair (self, space, work, upper, choice)))
    return DMS_PLACEMENT_SEARCH_FOUND;
  return dms_placement_search (space, TRUE, work, upper, choice);
}

static void
make_better (DmsPlacementComponent *self,
             DmsPlacementSpace *space,
             guint64 work,
             gint64 *upper,
             guint *choice)
{
  guint64 proof = self->vars->len > MAX_PROVEN_VARS ? work / PROOF_SHARE : work;

  dms_placement_improve (space, VAIN_ROUNDS, work, self->bound, upper, choice);
  if (*upper > self->bound &&
      dms_placement_search (space, FALSE, MIN (work, space->work + proof), upper, choice) ==
          DMS_PLACEMENT_SEARCH_EXHAUSTED)
    self->bound = *upper;
}

static void
solve_by_search (DmsPlacementComponent *self,
                 DmsPlacementSpace *space,
                 gboolean again,
                 gboolean first_only,
                 guint64 work,
                 guint *choice)
{
  gint64 upper = DMS_PLACEMENT_INFINITE;
  DmsPlacementSearchEnd end = find_one (self, space, again, first_only, work, &upper, choice);

  if (end != DMS_PLACEMENT_SEARCH_FOUND)
    {
      self->verdict =
          end == DMS_PLACEMENT_SEARCH_EXHAUSTED ? DMS_PLACEMENT_IMPOSSIBLE : DMS_PLACEMENT_UNKNOWN;
      return;
    }
  self->verdict = DMS_PLACEMENT_POSSIBLE;
  if (!first_only && upper > self->bound)
    make_better (self, space, work, &upper, choice);
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
  gboolean again = self->solved && self->verdict == DMS_PLACEMENT_POSSIBLE;

  dms_placement_space_enter (space, self->vars);
  self->solved = TRUE;
  dms_placement_space_wake_all (space);
  if (!dms_placement_space_propagate (space, G_MAXINT64))
    self->verdict = DMS_PLACEMENT_IMPOSSIBLE;
  else if (!solve_exactly (self, space, work / CELLS_SHARE, choice))
    solve_by_search (self, space, again, first_only, work, choice);
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
