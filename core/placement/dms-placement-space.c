/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "placement/dms-placement-space.h"

#include <string.h>

/* Arc consistency (Mackworth's AC-3, on rows of bits), a matching that is kept up to date as the bound of
 * "all different" (a matching of fewer machines than nodes is a Hall set), and costs by lower bounds. */

static gboolean
test_bit (const guint64 *words, guint place)
{
  return (words[place / 64] >> (place % 64)) & 1;
}

static guint
place_of (const DmsPlacementNetwork *network, guint value)
{
  return value - network->first[network->owner[value]];
}

static guint64 *
words_of (const DmsPlacementSpace *self, guint var)
{
  return self->alive + self->network->first_word[var];
}

gboolean
dms_placement_space_has (const DmsPlacementSpace *self, guint value)
{
  return test_bit (words_of (self, self->network->owner[value]), place_of (self->network, value));
}

/* A machine to which a node is bound is not for nodes that are not. */
static gboolean
is_pinned_peer (const DmsPlacementSpace *self, guint peer)
{
  const DmsPlacementNetwork *network = self->network;

  for (guint i = network->first_of_peer[peer]; i < network->first_of_peer[peer + 1]; i++)
    {
      guint value = network->values_of_peer[i];
      guint var = network->owner[value];

      if (self->member[var] && dms_placement_scope_binds (self->scope, self->network, var) &&
          (network->faults[value] & self->scope->faults[var]) == 0)
        return TRUE;
    }
  return FALSE;
}

static gboolean
is_usable (const DmsPlacementSpace *self, guint value)
{
  const DmsPlacementNetwork *network = self->network;
  guint var = network->owner[value];

  if ((network->faults[value] & self->scope->faults[var]) != 0)
    return FALSE;
  return !self->scope->distinct || dms_placement_scope_binds (self->scope, self->network, var) ||
         !is_pinned_peer (self, network->peer[value]);
}

static void
fill (DmsPlacementSpace *self, guint var)
{
  const DmsPlacementNetwork *network = self->network;

  for (guint value = network->first[var]; value < network->first[var + 1]; value++)
    {
      guint place = place_of (network, value);

      if (!is_usable (self, value))
        continue;
      words_of (self, var)[place / 64] |= G_GUINT64_CONSTANT (1) << (place % 64);
      self->count[var]++;
    }
}

static void
find_least (DmsPlacementSpace *self, guint var)
{
  guint best = dms_placement_space_get_best (self, var);

  self->bound -= self->least[var];
  self->least[var] = best != DMS_PLACEMENT_NONE ? self->reduced[best] : 0;
  self->bound += self->least[var];
}

/* Also forgets who has which machine. */
static gboolean
find_rivals (DmsPlacementSpace *self)
{
  const DmsPlacementNetwork *network = self->network;
  gboolean found = FALSE;

  for (guint i = 0; self->scope->distinct && i < self->vars->len; i++)
    {
      guint var = g_array_index (self->vars, guint, i);

      for (guint value = network->first[var]; value < network->first[var + 1]; value++)
        {
          guint peer = network->peer[value];

          if (dms_placement_scope_binds (self->scope, self->network, var) ||
              !dms_placement_space_has (self, value))
            continue;
          found = found || (self->taken[peer] != DMS_PLACEMENT_NONE && self->taken[peer] != var);
          self->taken[peer] = var;
        }
    }
  return found;
}

static void
forget_machines (DmsPlacementSpace *self)
{
  const DmsPlacementNetwork *network = self->network;

  for (guint i = 0; i < self->vars->len; i++)
    {
      guint var = g_array_index (self->vars, guint, i);

      for (guint value = network->first[var]; value < network->first[var + 1]; value++)
        self->taken[network->peer[value]] = DMS_PLACEMENT_NONE;
    }
}

static void
forget_prices (DmsPlacementSpace *self)
{
  const DmsPlacementNetwork *network = self->network;

  for (guint i = 0; i < self->vars->len; i++)
    {
      guint var = g_array_index (self->vars, guint, i);

      for (guint value = network->first[var]; value < network->first[var + 1]; value++)
        self->prices[network->peer[value]] = 0;
    }
}

DmsPlacementSpace *
dms_placement_space_new (const DmsPlacementNetwork *network, const DmsPlacementScope *scope)
{
  DmsPlacementSpace *self = g_new0 (DmsPlacementSpace, 1);

  self->network = network;
  self->scope = scope;
  self->member = g_new0 (gboolean, network->n_vars);
  self->count = g_new0 (guint, network->n_vars);
  self->alive = g_new0 (guint64, network->first_word[network->n_vars]);
  self->trail = g_array_new (FALSE, FALSE, sizeof (guint));
  self->queue = g_new0 (guint, network->n_vars + 1);
  self->queued = g_new0 (gboolean, network->n_vars);
  self->weight = g_new0 (guint, network->n_arcs);
  self->prices = g_new0 (gint64, network->n_peers);
  self->reduced = g_memdup2 (network->cost, network->n_values * sizeof (gint64));
  self->least = g_new0 (gint64, network->n_vars);
  self->match = g_new (guint, network->n_vars);
  self->taken = g_new (guint, network->n_peers);
  self->visited = g_new0 (guint, network->n_peers);
  for (guint i = 0; i < network->n_peers; i++)
    self->taken[i] = DMS_PLACEMENT_NONE;
  return self;
}

static void
leave (DmsPlacementSpace *self)
{
  const DmsPlacementNetwork *network = self->network;

  for (guint i = 0; i < self->vars->len; i++)
    {
      guint var = g_array_index (self->vars, guint, i);
      guint n_values = dms_placement_network_get_n_values (network, var);
      guint n_words = dms_placement_network_get_n_words (network, var);

      self->member[var] = FALSE;
      self->count[var] = 0;
      self->queued[var] = FALSE;
      self->least[var] = 0;
      if (n_values == 0)
        continue;
      memset (words_of (self, var), 0, n_words * sizeof (guint64));
      memcpy (self->reduced + network->first[var],
              network->cost + network->first[var],
              n_values * sizeof (gint64));
    }
  forget_machines (self);
  forget_prices (self);
  g_array_set_size (self->trail, 0);
  self->queue_head = 0;
  self->queue_tail = 0;
  self->base = 0;
  self->bound = 0;
  g_clear_pointer (&self->vars, g_array_unref);
}

void
dms_placement_space_enter (DmsPlacementSpace *self, GArray *vars)
{
  if (self->vars != NULL)
    leave (self);
  self->vars = g_array_ref (vars);
  self->work = 0;
  for (guint i = 0; i < vars->len; i++)
    {
      self->member[g_array_index (vars, guint, i)] = TRUE;
      self->match[g_array_index (vars, guint, i)] = DMS_PLACEMENT_NONE;
    }
  for (guint i = 0; i < vars->len; i++)
    {
      fill (self, g_array_index (vars, guint, i));
      find_least (self, g_array_index (vars, guint, i));
    }
  self->has_rivals = find_rivals (self);
  forget_machines (self);
}

void
dms_placement_space_free (DmsPlacementSpace *self)
{
  g_clear_pointer (&self->vars, g_array_unref);
  g_free (self->member);
  g_free (self->count);
  g_free (self->alive);
  g_array_unref (self->trail);
  g_free (self->queue);
  g_free (self->queued);
  g_free (self->weight);
  g_free (self->prices);
  g_free (self->reduced);
  g_free (self->least);
  g_free (self->match);
  g_free (self->taken);
  g_free (self->visited);
  g_free (self);
}

guint
dms_placement_space_get_best (const DmsPlacementSpace *self, guint var)
{
  const DmsPlacementNetwork *network = self->network;
  guint best = DMS_PLACEMENT_NONE;

  for (guint value = network->first[var]; value < network->first[var + 1]; value++)
    {
      if (dms_placement_space_has (self, value) &&
          (best == DMS_PLACEMENT_NONE || self->reduced[value] < self->reduced[best]))
        best = value;
    }
  return best;
}

void
dms_placement_space_set_prices (DmsPlacementSpace *self, const gint64 *prices)
{
  const DmsPlacementNetwork *network = self->network;
  g_autofree gboolean *counted = g_new0 (gboolean, network->n_peers);

  self->base = 0;
  memcpy (self->prices, prices, network->n_peers * sizeof (gint64));
  for (guint i = 0; i < self->vars->len; i++)
    {
      guint var = g_array_index (self->vars, guint, i);

      for (guint value = network->first[var]; value < network->first[var + 1]; value++)
        {
          guint peer = network->peer[value];

          self->reduced[value] =
              network->cost[value] +
              (dms_placement_scope_binds (self->scope, self->network, var) ? 0 : prices[peer]);
          if (!counted[peer])
            self->base -= prices[peer];
          counted[peer] = TRUE;
        }
    }
  self->bound = self->base;
  for (guint i = 0; i < self->vars->len; i++)
    {
      self->least[g_array_index (self->vars, guint, i)] = 0;
      find_least (self, g_array_index (self->vars, guint, i));
    }
}

gboolean
dms_placement_space_is_distinct (const DmsPlacementSpace *self, const guint *choice)
{
  const DmsPlacementNetwork *network = self->network;
  g_autofree guint *user = NULL;

  if (!self->has_rivals)
    return TRUE;
  user = g_new (guint, network->n_peers);
  for (guint i = 0; i < network->n_peers; i++)
    user[i] = DMS_PLACEMENT_NONE;
  for (guint i = 0; i < self->vars->len; i++)
    {
      guint var = g_array_index (self->vars, guint, i);
      guint peer = network->peer[choice[var]];

      if (user[peer] != DMS_PLACEMENT_NONE &&
          dms_placement_scope_excludes (self->scope, network, var, user[peer]))
        return FALSE;
      user[peer] = var;
    }
  return TRUE;
}

static void
wake (DmsPlacementSpace *self, guint var)
{
  if (self->queued[var])
    return;
  self->queued[var] = TRUE;
  self->queue[self->queue_tail] = var;
  self->queue_tail = (self->queue_tail + 1) % (self->network->n_vars + 1);
}

void
dms_placement_space_wake_all (DmsPlacementSpace *self)
{
  for (guint i = 0; i < self->vars->len; i++)
    wake (self, g_array_index (self->vars, guint, i));
}

static void
forget_queue (DmsPlacementSpace *self)
{
  while (self->queue_head != self->queue_tail)
    {
      self->queued[self->queue[self->queue_head]] = FALSE;
      self->queue_head = (self->queue_head + 1) % (self->network->n_vars + 1);
    }
}

static void
drop (DmsPlacementSpace *self, guint value)
{
  guint var = self->network->owner[value];
  guint place = place_of (self->network, value);

  words_of (self, var)[place / 64] &= ~(G_GUINT64_CONSTANT (1) << (place % 64));
  self->count[var]--;
  g_array_append_val (self->trail, value);
}

gboolean
dms_placement_space_remove (DmsPlacementSpace *self, guint value)
{
  guint var = self->network->owner[value];

  if (!dms_placement_space_has (self, value))
    return self->count[var] > 0;
  drop (self, value);
  if (self->reduced[value] == self->least[var])
    find_least (self, var);
  wake (self, var);
  return self->count[var] > 0;
}

void
dms_placement_space_assign (DmsPlacementSpace *self, guint value)
{
  const DmsPlacementNetwork *network = self->network;
  guint var = network->owner[value];

  for (guint other = network->first[var]; other < network->first[var + 1]; other++)
    {
      if (other != value && dms_placement_space_has (self, other))
        drop (self, other);
    }
  find_least (self, var);
  wake (self, var);
}

guint
dms_placement_space_get_mark (DmsPlacementSpace *self)
{
  return self->trail->len;
}

void
dms_placement_space_take_back (DmsPlacementSpace *self, guint mark)
{
  forget_queue (self);
  while (self->trail->len > mark)
    {
      guint value = g_array_index (self->trail, guint, self->trail->len - 1);
      guint var = self->network->owner[value];
      guint place = place_of (self->network, value);

      g_array_set_size (self->trail, self->trail->len - 1);
      words_of (self, var)[place / 64] |= G_GUINT64_CONSTANT (1) << (place % 64);
      self->count[var]++;
      if (self->count[var] == 1 || self->reduced[value] < self->least[var])
        {
          self->bound += self->reduced[value] - self->least[var];
          self->least[var] = self->reduced[value];
        }
    }
}

/* Takes away what has no partner at the other end of an arc. */
static gboolean
revise (DmsPlacementSpace *self, guint arc, guint from, guint var)
{
  const DmsPlacementNetwork *network = self->network;
  const guint64 *alive = words_of (self, from);
  guint n_words = dms_placement_network_get_n_words (network, from);

  for (guint value = network->first[var]; value < network->first[var + 1]; value++)
    {
      const guint64 *row;
      guint64 partners = 0;

      if (!dms_placement_space_has (self, value))
        continue;
      row = dms_placement_network_get_row (network, arc, value);
      for (guint i = 0; i < n_words && partners == 0; i++)
        partners = row[i] & alive[i];
      self->work += 1 + n_words / 8;
      if (partners == 0 && !dms_placement_space_remove (self, value))
        {
          self->weight[arc]++;
          return FALSE;
        }
    }
  return TRUE;
}

/* A variable that has one value left takes its machine away from the others. */
static gboolean
claim (DmsPlacementSpace *self, guint var)
{
  const DmsPlacementNetwork *network = self->network;
  guint value = dms_placement_space_get_best (self, var);
  guint peer = network->peer[value];

  if (dms_placement_scope_binds (self->scope, self->network, var))
    return TRUE;
  for (guint i = network->first_of_peer[peer]; i < network->first_of_peer[peer + 1]; i++)
    {
      guint other = network->values_of_peer[i];
      guint owner = network->owner[other];

      self->work++;
      if (owner == var || !self->member[owner] ||
          dms_placement_scope_binds (self->scope, self->network, owner))
        continue;
      if (!dms_placement_space_remove (self, other))
        return FALSE;
    }
  return TRUE;
}

/* A way of alternating bids to a free machine, by Kuhn; no deeper than there are variables. */
static gboolean
augment (DmsPlacementSpace *self, guint var)
{
  const DmsPlacementNetwork *network = self->network;

  for (guint value = network->first[var]; value < network->first[var + 1]; value++)
    {
      guint peer = network->peer[value];

      if (!dms_placement_space_has (self, value) || self->visited[peer] == self->visit)
        continue;
      self->visited[peer] = self->visit;
      self->work++;
      if (self->taken[peer] == DMS_PLACEMENT_NONE || augment (self, self->taken[peer]))
        {
          self->taken[peer] = var;
          self->match[var] = value;
          return TRUE;
        }
    }
  return FALSE;
}

static gboolean
is_matched (const DmsPlacementSpace *self, guint var)
{
  guint value = self->match[var];

  return value != DMS_PLACEMENT_NONE && dms_placement_space_has (self, value) &&
         self->taken[self->network->peer[value]] == var;
}

static gboolean
rematch (DmsPlacementSpace *self)
{
  for (guint i = 0; i < self->vars->len; i++)
    {
      guint var = g_array_index (self->vars, guint, i);
      guint value = self->match[var];

      if (dms_placement_scope_binds (self->scope, self->network, var) || is_matched (self, var))
        continue;
      if (value != DMS_PLACEMENT_NONE && self->taken[self->network->peer[value]] == var)
        self->taken[self->network->peer[value]] = DMS_PLACEMENT_NONE;
      self->match[var] = DMS_PLACEMENT_NONE;
    }
  for (guint i = 0; i < self->vars->len; i++)
    {
      guint var = g_array_index (self->vars, guint, i);

      if (dms_placement_scope_binds (self->scope, self->network, var) || is_matched (self, var))
        continue;
      self->visit++;
      if (!augment (self, var))
        return FALSE;
    }
  return TRUE;
}

static gboolean
tell_others (DmsPlacementSpace *self, guint var)
{
  const DmsPlacementNetwork *network = self->network;

  for (guint i = network->first_incidence[var]; i < network->first_incidence[var + 1]; i++)
    {
      guint arc = network->incidences[i];
      guint other = dms_placement_network_get_other (network, arc, var);

      if (dms_placement_scope_has_arc (self->scope, network, arc) && self->member[other] &&
          !revise (self, arc, var, other))
        return FALSE;
    }
  return self->count[var] != 1 || !self->has_rivals || claim (self, var);
}

gboolean
dms_placement_space_propagate (DmsPlacementSpace *self, gint64 upper)
{
  gboolean possible = TRUE;

  while (possible && self->queue_head != self->queue_tail)
    {
      guint var = self->queue[self->queue_head];

      self->queue_head = (self->queue_head + 1) % (self->network->n_vars + 1);
      self->queued[var] = FALSE;
      possible = self->count[var] > 0 && self->bound < upper && tell_others (self, var);
    }
  forget_queue (self);
  return possible && self->bound < upper && (!self->has_rivals || rematch (self));
}
