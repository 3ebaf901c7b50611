/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "placement/dms-placement-improvement.h"

#include "placement/dms-placement-elimination.h"

enum
{
  RIVAL_ROUNDS = 16,
  MAX_RIVALS = 16,
};

typedef struct
{
  DmsPlacementSpace *space;
  GRand *random;
  /* Those that are chosen anew, and the tree that each is in. */
  GArray *loose;
  gboolean *is_loose;
  guint *tree;
  guint *proposal;
} Improvement;

static guint
find_tree (guint *tree, guint var)
{
  while (tree[var] != var)
    {
      tree[var] = tree[tree[var]];
      var = tree[var];
    }
  return var;
}

/* Whether a variable would close a ring of loose ones. */
static gboolean
closes_ring (Improvement *self, guint var)
{
  const DmsPlacementNetwork *network = self->space->network;

  for (guint i = network->first_incidence[var]; i < network->first_incidence[var + 1]; i++)
    {
      guint other = dms_placement_network_get_other (network, network->incidences[i], var);

      if (!self->is_loose[other])
        continue;
      for (guint j = network->first_incidence[var]; j < i; j++)
        {
          guint earlier = dms_placement_network_get_other (network, network->incidences[j], var);

          if (self->is_loose[earlier] && find_tree (self->tree, earlier) == find_tree (self->tree, other))
            return TRUE;
        }
    }
  return FALSE;
}

static void
loosen (Improvement *self, guint var)
{
  const DmsPlacementNetwork *network = self->space->network;

  self->is_loose[var] = TRUE;
  g_array_append_val (self->loose, var);
  for (guint i = network->first_incidence[var]; i < network->first_incidence[var + 1]; i++)
    {
      guint other = dms_placement_network_get_other (network, network->incidences[i], var);

      if (self->is_loose[other])
        self->tree[find_tree (self->tree, other)] = find_tree (self->tree, var);
    }
}

/* Those next to each other follow each other, from one of chance; then others of chance. */
static void
order_by_nearness (Improvement *self, guint *order, guint n)
{
  const DmsPlacementNetwork *network = self->space->network;
  g_autofree gboolean *seen = g_new0 (gboolean, network->n_vars);
  g_autofree guint *random_order = g_memdup2 (order, n * sizeof (guint));
  guint n_ordered = 0;
  guint next = 0;

  for (guint i = 0; i < n; i++)
    {
      if (!seen[random_order[i]])
        order[n_ordered++] = random_order[i];
      seen[random_order[i]] = TRUE;
      for (; next < n_ordered; next++)
        {
          guint var = order[next];

          for (guint j = network->first_incidence[var]; j < network->first_incidence[var + 1]; j++)
            {
              guint other = dms_placement_network_get_other (network, network->incidences[j], var);

              if (seen[other] || !self->space->member[other])
                continue;
              seen[other] = TRUE;
              order[n_ordered++] = other;
            }
        }
    }
}

static void
pick_loose (Improvement *self, guint most)
{
  const GArray *vars = self->space->vars;
  g_autofree guint *order = g_memdup2 (vars->data, vars->len * sizeof (guint));

  g_array_set_size (self->loose, 0);
  for (guint i = 0; i < vars->len; i++)
    {
      guint j = (guint) g_rand_int_range (self->random, (gint32) i, (gint32) vars->len);
      guint other = order[j];

      order[j] = order[i];
      order[i] = other;
      self->is_loose[other] = FALSE;
      self->tree[other] = other;
    }
  if (most < vars->len)
    order_by_nearness (self, order, vars->len);
  for (guint i = 0; i < vars->len && self->loose->len < most; i++)
    {
      if (!closes_ring (self, order[i]))
        loosen (self, order[i]);
    }
}

static gint64
cost_of (const DmsPlacementSpace *space, const guint *choice)
{
  gint64 cost = 0;

  for (guint i = 0; i < space->vars->len; i++)
    cost += space->network->cost[choice[g_array_index (space->vars, guint, i)]];
  return cost;
}

/* Prices keep those that are chosen anew out of each other's way. */
static gboolean
improve_once (Improvement *self, guint most, gint64 *cost, guint *choice)
{
  DmsPlacementSpace *space = self->space;
  guint mark = dms_placement_space_get_mark (space);
  gint64 priced = DMS_PLACEMENT_INFINITE;
  gboolean possible;

  pick_loose (self, most);
  for (guint i = 0; i < space->vars->len; i++)
    {
      guint var = g_array_index (space->vars, guint, i);

      self->proposal[var] = choice[var];
      if (!self->is_loose[var])
        dms_placement_space_assign (space, choice[var]);
    }
  possible = dms_placement_space_propagate (space, G_MAXINT64) &&
             dms_placement_eliminate (
                 space, self->loose, space->reduced, space->vars->len * 65536ULL, &priced, self->proposal) &&
             priced < DMS_PLACEMENT_INFINITE;
  dms_placement_space_take_back (space, mark);
  if (!possible || cost_of (space, self->proposal) >= *cost ||
      !dms_placement_space_is_distinct (space, self->proposal))
    return FALSE;
  *cost = cost_of (space, self->proposal);
  for (guint i = 0; i < self->loose->len; i++)
    {
      guint var = g_array_index (self->loose, guint, i);

      choice[var] = self->proposal[var];
    }
  return TRUE;
}

void
dms_placement_improve (DmsPlacementSpace *space,
                       guint n_vain,
                       guint64 work,
                       gint64 enough,
                       gint64 *cost,
                       guint *choice)
{
  guint n_vars = space->network->n_vars;
  g_autoptr (GRand) random = g_rand_new_with_seed ((guint32) space->network->seed);
  g_autoptr (GArray) loose = g_array_new (FALSE, FALSE, sizeof (guint));
  g_autofree gboolean *is_loose = g_new0 (gboolean, n_vars);
  g_autofree guint *tree = g_new0 (guint, n_vars);
  g_autofree guint *proposal = g_new0 (guint, n_vars);
  Improvement self = { space, random, loose, is_loose, tree, proposal };
  guint in_vain = 0;

  /* Rivals that are chosen anew all at once get in each other's way: then a few at a time, but more often. */
  while (in_vain < (space->has_rivals ? n_vain * RIVAL_ROUNDS : n_vain) && space->work<work && * cost> enough)
    {
      guint most = space->has_rivals ? (guint) g_rand_int_range (random, 2, MAX_RIVALS) : space->vars->len;

      space->work += space->vars->len;
      in_vain = improve_once (&self, most, cost, choice) ? 0 : in_vain + 1;
    }
}
