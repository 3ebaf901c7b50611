/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "placement/dms-placement-improvement.h"

#include "placement/dms-placement-elimination.h"

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

/* In an order of chance. */
static void
pick_loose (Improvement *self)
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
  for (guint i = 0; i < vars->len; i++)
    {
      if (!closes_ring (self, order[i]))
        loosen (self, order[i]);
    }
}

/* Whether no two that may not share have the same machine. */
static gboolean
is_distinct (Improvement *self, const guint *choice)
{
  DmsPlacementSpace *space = self->space;
  const DmsPlacementNetwork *network = space->network;
  g_autofree guint *user = NULL;

  if (!space->has_rivals)
    return TRUE;
  user = g_new (guint, network->n_peers);
  for (guint i = 0; i < network->n_peers; i++)
    user[i] = DMS_PLACEMENT_NONE;
  for (guint i = 0; i < space->vars->len; i++)
    {
      guint var = g_array_index (space->vars, guint, i);
      guint peer = network->peer[choice[var]];

      if (user[peer] != DMS_PLACEMENT_NONE && dms_placement_network_excludes (network, var, user[peer]))
        return FALSE;
      user[peer] = var;
    }
  return TRUE;
}

static gboolean
improve_once (Improvement *self, gint64 *cost, guint *choice)
{
  DmsPlacementSpace *space = self->space;
  const DmsPlacementNetwork *network = space->network;
  guint mark = dms_placement_space_get_mark (space);
  gint64 fixed = 0;
  gint64 more = DMS_PLACEMENT_INFINITE;
  gboolean better;

  pick_loose (self);
  for (guint i = 0; i < space->vars->len; i++)
    {
      guint var = g_array_index (space->vars, guint, i);

      self->proposal[var] = choice[var];
      if (self->is_loose[var])
        continue;
      fixed += network->cost[choice[var]];
      dms_placement_space_assign (space, choice[var]);
    }
  better = dms_placement_space_propagate (space, G_MAXINT64) &&
           dms_placement_eliminate (space, self->loose, space->vars->len * 65536ULL, &more, self->proposal) &&
           more < DMS_PLACEMENT_INFINITE && fixed + more < *cost && is_distinct (self, self->proposal);
  dms_placement_space_take_back (space, mark);
  if (!better)
    return FALSE;
  *cost = fixed + more;
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

  while (in_vain < n_vain && space->work<work && * cost> enough)
    in_vain = improve_once (&self, cost, choice) ? 0 : in_vain + 1;
}
