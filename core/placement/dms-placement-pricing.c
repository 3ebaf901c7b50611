/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "placement/dms-placement-pricing.h"

#include "placement/dms-placement-elimination.h"

#include <string.h>

enum
{
  MAX_ROUNDS = 60,
  /* After so many rounds without a better bound, steps are half as long. */
  PATIENCE = 3,
};

typedef struct
{
  DmsPlacementSpace *space;
  guint n_peers;
  gint64 *prices;
  gint64 *best_prices;
  /* How many want a machine at these prices. */
  guint *wanted;
  guint *proposal;
  double length;
  guint in_vain;
} Pricing;

static gint64
cost_of (const DmsPlacementSpace *space, const guint *choice)
{
  gint64 cost = 0;

  for (guint i = 0; i < space->vars->len; i++)
    cost += space->network->cost[choice[g_array_index (space->vars, guint, i)]];
  return cost;
}

static void
count_wishes (Pricing *self)
{
  const DmsPlacementNetwork *network = self->space->network;

  memset (self->wanted, 0, self->n_peers * sizeof (guint));
  for (guint i = 0; i < self->space->vars->len; i++)
    {
      guint var = g_array_index (self->space->vars, guint, i);

      if (!dms_placement_scope_binds (self->space->scope, self->space->network, var))
        self->wanted[network->peer[self->proposal[var]]]++;
    }
}

/* What too many want becomes dearer, what nobody wants cheaper. */
static void
change_prices (Pricing *self, gint64 gap)
{
  double square = 0;
  double step;

  for (guint i = 0; i < self->n_peers; i++)
    {
      if (self->wanted[i] > 1 || self->prices[i] > 0)
        square += ((double) self->wanted[i] - 1) * ((double) self->wanted[i] - 1);
    }
  if (square <= 0)
    return;
  step = self->length * (double) gap / square;
  for (guint i = 0; i < self->n_peers; i++)
    {
      if (self->wanted[i] > 1 || self->prices[i] > 0)
        self->prices[i] = MAX (self->prices[i] + (gint64) (step * ((double) self->wanted[i] - 1)), 0);
    }
  dms_placement_space_set_prices (self->space, self->prices);
}

/* TRUE when it is the best so far. */
static gboolean
take_bound (Pricing *self, gint64 value, gint64 *bound, gint64 *best)
{
  if (value <= *best)
    {
      self->in_vain++;
      if (self->in_vain % PATIENCE == 0)
        self->length /= 2;
      return FALSE;
    }
  self->in_vain = 0;
  *best = value;
  *bound = MAX (*bound, value);
  memcpy (self->best_prices, self->prices, self->n_peers * sizeof (gint64));
  return TRUE;
}

static void
keep (Pricing *self, guint *choice)
{
  for (guint i = 0; i < self->space->vars->len; i++)
    {
      guint var = g_array_index (self->space->vars, guint, i);

      choice[var] = self->proposal[var];
    }
}

/* How far there may be to go: to what is known to be possible, or a bit further than here. */
static gint64
guess_gap (Pricing *self, gint64 value, gint64 upper)
{
  if (upper < DMS_PLACEMENT_INFINITE)
    return MAX (upper - value, 1);
  return MAX (ABS (cost_of (self->space, self->proposal)) / 10, 1);
}

gboolean
dms_placement_price (DmsPlacementSpace *space,
                     guint64 most_cells,
                     guint64 work,
                     gint64 *bound,
                     gint64 *upper,
                     guint *choice)
{
  const DmsPlacementNetwork *network = space->network;
  g_autofree gint64 *prices = g_memdup2 (space->prices, network->n_peers * sizeof (gint64));
  g_autofree gint64 *best_prices = g_new0 (gint64, network->n_peers);
  g_autofree guint *wanted = g_new0 (guint, network->n_peers);
  g_autofree guint *proposal = g_new0 (guint, network->n_vars);
  Pricing self = { space, network->n_peers, prices, best_prices, wanted, proposal, 1, 0 };
  gint64 best = -DMS_PLACEMENT_INFINITE;

  for (guint i = 0; i < MAX_ROUNDS && space->work < work && *bound < *upper; i++)
    {
      gint64 value;
      gint64 cost;

      if (!dms_placement_eliminate (space, space->vars, space->reduced, most_cells, &value, proposal))
        return FALSE;
      if (value >= DMS_PLACEMENT_INFINITE)
        return TRUE;
      cost = cost_of (space, proposal);
      value += space->base;
      if (take_bound (&self, value, bound, &best) && *upper >= DMS_PLACEMENT_INFINITE)
        keep (&self, choice);
      if (cost < *upper && dms_placement_space_is_distinct (space, proposal))
        {
          *upper = cost;
          keep (&self, choice);
        }
      count_wishes (&self);
      change_prices (&self, guess_gap (&self, value, *upper));
    }
  dms_placement_space_set_prices (space, best_prices);
  return TRUE;
}
