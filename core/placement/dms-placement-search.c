/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "placement/dms-placement-search.h"

enum
{
  /* Failures before the first new beginning; half as many again before the next, and so on. */
  FIRST_FAILURES = 64,
};

/* A value was tried first; then everything but this value is. */
typedef struct
{
  guint value;
  guint mark;
} Branch;

typedef struct
{
  DmsPlacementSpace *space;
  GArray *branches;
  guint root_mark;
  guint64 n_failures;
  guint64 most_failures;
} Search;

/* The smallest domain in relation to how much its arcs were in the way (dom/wdeg, Boussemart and others,
 * 2004). */
static guint
pick_variable (Search *self)
{
  DmsPlacementSpace *space = self->space;
  const DmsPlacementNetwork *network = space->network;
  guint best = DMS_PLACEMENT_NONE;
  double best_score = 0;

  for (guint i = 0; i < space->vars->len; i++)
    {
      guint var = g_array_index (space->vars, guint, i);
      double weight = 1;
      double score;

      if (space->count[var] < 2)
        continue;
      for (guint j = network->first_incidence[var]; j < network->first_incidence[var + 1]; j++)
        weight += 1 + space->weight[network->incidences[j]];
      score = weight / space->count[var];
      if (best == DMS_PLACEMENT_NONE || score > best_score)
        {
          best = var;
          best_score = score;
        }
    }
  space->work += space->vars->len;
  return best;
}

static void
branch (Search *self, guint var)
{
  Branch next = { dms_placement_space_get_best (self->space, var),
                  dms_placement_space_get_mark (self->space) };

  g_array_append_val (self->branches, next);
  dms_placement_space_assign (self->space, next.value);
}

/* FALSE when there is no other branch. */
static gboolean
turn_back (Search *self)
{
  self->n_failures++;
  while (self->branches->len > 0)
    {
      Branch last = g_array_index (self->branches, Branch, self->branches->len - 1);

      g_array_set_size (self->branches, self->branches->len - 1);
      dms_placement_space_take_back (self->space, last.mark);
      if (dms_placement_space_remove (self->space, last.value))
        return TRUE;
    }
  return FALSE;
}

static void
begin_anew (Search *self)
{
  g_array_set_size (self->branches, 0);
  dms_placement_space_take_back (self->space, self->root_mark);
  dms_placement_space_wake_all (self->space);
  self->n_failures = 0;
  self->most_failures += self->most_failures / 2;
}

/* Prices make the bound less than the cost: not every solution that is come upon is a better one. */
static gboolean
take_solution (Search *self, gint64 *upper, guint *choice)
{
  DmsPlacementSpace *space = self->space;
  const DmsPlacementNetwork *network = space->network;
  gint64 cost = 0;

  for (guint i = 0; i < space->vars->len; i++)
    cost += network->cost[dms_placement_space_get_best (space, g_array_index (space->vars, guint, i))];
  if (cost >= *upper)
    return FALSE;
  *upper = cost;
  for (guint i = 0; i < space->vars->len; i++)
    {
      guint var = g_array_index (space->vars, guint, i);

      choice[var] = dms_placement_space_get_best (space, var);
    }
  return TRUE;
}

static DmsPlacementSearchEnd
run (Search *self, gboolean first_only, guint64 work, gint64 *upper, guint *choice)
{
  DmsPlacementSpace *space = self->space;

  while (space->work < work)
    {
      gboolean possible = dms_placement_space_propagate (space, *upper);
      guint var = possible ? pick_variable (self) : DMS_PLACEMENT_NONE;

      if (var != DMS_PLACEMENT_NONE)
        {
          branch (self, var);
          continue;
        }
      if (possible && take_solution (self, upper, choice) && first_only)
        return DMS_PLACEMENT_SEARCH_FOUND;
      if (!turn_back (self))
        return DMS_PLACEMENT_SEARCH_EXHAUSTED;
      if (self->n_failures >= self->most_failures)
        begin_anew (self);
    }
  return DMS_PLACEMENT_SEARCH_STOPPED;
}

DmsPlacementSearchEnd
dms_placement_search (DmsPlacementSpace *space,
                      gboolean first_only,
                      guint64 work,
                      gint64 *upper,
                      guint *choice)
{
  g_autoptr (GArray) branches = g_array_new (FALSE, FALSE, sizeof (Branch));
  Search self = { space, branches, 0, 0, FIRST_FAILURES };
  DmsPlacementSearchEnd end;

  dms_placement_space_wake_all (space);
  if (!dms_placement_space_propagate (space, *upper))
    return DMS_PLACEMENT_SEARCH_EXHAUSTED;
  self.root_mark = dms_placement_space_get_mark (space);
  end = run (&self, first_only, work, upper, choice);
  dms_placement_space_take_back (space, self.root_mark);
  return end;
}
