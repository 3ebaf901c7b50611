/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "placement/dms-placement-elimination.h"

enum
{
  /* Variables that one table may be about. */
  MAX_WIDTH = 12,
};

/* What a variable that is gone leaves behind: for each choice of its neighbours, the least that it and those
 * before it cost. */
typedef struct
{
  guint n;
  guint vars[MAX_WIDTH];
  gsize stride[MAX_WIDTH];
  gsize n_cells;
  gint64 *least;
  /* Which value of the variable that is. */
  guint *best;
} Table;

typedef struct
{
  DmsPlacementSpace *space;
  const GArray *vars;
  const gint64 *costs;
  guint n_words;
  /* Of each variable of the network: its place among ours. */
  guint *place;
  /* By place: neighbours as rows of bits, values, what to multiply, when it goes. */
  guint64 *near;
  guint **values;
  guint *n_values;
  guint *order;
  guint *turn;
  Table *tables;
  /* (element-type guint): whose tables a variable has to look at. */
  GArray **inherited;
} Elimination;

static guint64 *
row_of (Elimination *self, guint place)
{
  return self->near + (gsize) place * self->n_words;
}

static void
set_near (Elimination *self, guint a, guint b)
{
  row_of (self, a)[b / 64] |= G_GUINT64_CONSTANT (1) << (b % 64);
}

static guint
degree_of (Elimination *self, guint place)
{
  guint degree = 0;

  for (guint i = 0; i < self->n_words; i++)
    degree += (guint) __builtin_popcountll (row_of (self, place)[i]);
  return degree;
}

static void
set_up (Elimination *self, DmsPlacementSpace *space, const GArray *vars)
{
  const DmsPlacementNetwork *network = space->network;
  guint n = vars->len;

  self->space = space;
  self->vars = vars;
  self->n_words = (n + 63) / 64;
  self->place = g_new (guint, network->n_vars);
  self->near = g_new0 (guint64, (gsize) n * self->n_words);
  self->values = g_new0 (guint *, n);
  self->n_values = g_new0 (guint, n);
  self->order = g_new0 (guint, n);
  self->turn = g_new (guint, n);
  self->tables = g_new0 (Table, n);
  self->inherited = g_new0 (GArray *, n);
  for (guint i = 0; i < network->n_vars; i++)
    self->place[i] = DMS_PLACEMENT_NONE;
  for (guint i = 0; i < n; i++)
    self->place[g_array_index (vars, guint, i)] = i;
  for (guint i = 0; i < n; i++)
    {
      guint var = g_array_index (vars, guint, i);

      self->turn[i] = DMS_PLACEMENT_NONE;
      self->values[i] = g_new (guint, space->count[var]);
      self->inherited[i] = g_array_new (FALSE, FALSE, sizeof (guint));
      for (guint value = network->first[var]; value < network->first[var + 1]; value++)
        {
          if (dms_placement_space_has (space, value))
            self->values[i][self->n_values[i]++] = value;
        }
      for (guint j = network->first_incidence[var]; j < network->first_incidence[var + 1]; j++)
        {
          guint arc = network->incidences[j];
          guint other = self->place[dms_placement_network_get_other (network, arc, var)];

          if (other != DMS_PLACEMENT_NONE && dms_placement_scope_has_arc (space->scope, network, arc))
            set_near (self, i, other);
        }
    }
}

static void
tear_down (Elimination *self)
{
  for (guint i = 0; i < self->vars->len; i++)
    {
      g_free (self->values[i]);
      g_free (self->tables[i].least);
      g_free (self->tables[i].best);
      g_array_unref (self->inherited[i]);
    }
  g_free (self->place);
  g_free (self->near);
  g_free (self->values);
  g_free (self->n_values);
  g_free (self->order);
  g_free (self->turn);
  g_free (self->tables);
  g_free (self->inherited);
}

/* Those with the fewest neighbours go first. */
static guint
pick (Elimination *self, guint *degrees)
{
  guint best = DMS_PLACEMENT_NONE;

  for (guint i = 0; i < self->vars->len; i++)
    {
      if (self->turn[i] == DMS_PLACEMENT_NONE && (best == DMS_PLACEMENT_NONE || degrees[i] < degrees[best]))
        best = i;
    }
  return best;
}

static gboolean
outline_table (Elimination *self, guint place, guint64 *cells, guint64 most_cells)
{
  Table *table = &self->tables[place];
  guint64 n_cells = 1;

  table->n = 0;
  for (guint i = 0; i < self->vars->len; i++)
    {
      if (!((row_of (self, place)[i / 64] >> (i % 64)) & 1))
        continue;
      if (table->n == MAX_WIDTH || n_cells > most_cells)
        return FALSE;
      table->stride[table->n] = n_cells;
      table->vars[table->n++] = i;
      n_cells *= self->n_values[i];
    }
  table->n_cells = n_cells;
  *cells += n_cells * MAX (self->n_values[place], 1);
  return *cells <= most_cells;
}

/* The neighbours of one that goes become neighbours of each other. */
static void
join_neighbours (Elimination *self, guint place, guint *degrees)
{
  Table *table = &self->tables[place];

  for (guint i = 0; i < table->n; i++)
    {
      guint64 *row = row_of (self, table->vars[i]);
      guint self_place = table->vars[i];

      for (guint j = 0; j < self->n_words; j++)
        row[j] |= row_of (self, place)[j];
      row[self_place / 64] &= ~(G_GUINT64_CONSTANT (1) << (self_place % 64));
      row[place / 64] &= ~(G_GUINT64_CONSTANT (1) << (place % 64));
      degrees[self_place] = degree_of (self, self_place);
    }
}

static gboolean
plan (Elimination *self, guint64 most_cells)
{
  g_autofree guint *degrees = g_new (guint, self->vars->len);
  guint64 cells = 0;

  for (guint i = 0; i < self->vars->len; i++)
    degrees[i] = degree_of (self, i);
  for (guint i = 0; i < self->vars->len; i++)
    {
      guint place = pick (self, degrees);

      self->turn[place] = i;
      self->order[i] = place;
      if (!outline_table (self, place, &cells, most_cells))
        return FALSE;
      join_neighbours (self, place, degrees);
    }
  self->space->work += cells;
  return TRUE;
}

/* Which cell of a table is meant, by the values that variables have now. */
static gsize
find_cell (const Table *table, const guint *now)
{
  gsize cell = 0;

  for (guint i = 0; i < table->n; i++)
    cell += table->stride[i] * now[table->vars[i]];
  return cell;
}

static gint64
cost_of (Elimination *self, guint place, const guint *now)
{
  const DmsPlacementNetwork *network = self->space->network;
  guint var = g_array_index (self->vars, guint, place);
  guint value = self->values[place][now[place]];
  gint64 cost = self->costs[value];

  for (guint i = network->first_incidence[var]; i < network->first_incidence[var + 1]; i++)
    {
      guint arc = network->incidences[i];
      guint other = self->place[dms_placement_network_get_other (network, arc, var)];

      if (other == DMS_PLACEMENT_NONE || self->turn[other] < self->turn[place] ||
          !dms_placement_scope_has_arc (self->space->scope, network, arc))
        continue;
      if (!dms_placement_network_allows (network, arc, value, self->values[other][now[other]]))
        return DMS_PLACEMENT_INFINITE;
    }
  for (guint i = 0; i < self->inherited[place]->len && cost < DMS_PLACEMENT_INFINITE; i++)
    {
      const Table *table = &self->tables[g_array_index (self->inherited[place], guint, i)];
      gint64 more = table->least[find_cell (table, now)];

      cost = more >= DMS_PLACEMENT_INFINITE ? DMS_PLACEMENT_INFINITE : cost + more;
    }
  return cost;
}

/* Goes to the next choice of the neighbours. */
static void
step (Elimination *self, const Table *table, guint *now)
{
  for (guint i = 0; i < table->n; i++)
    {
      guint var = table->vars[i];

      now[var]++;
      if (now[var] < self->n_values[var])
        return;
      now[var] = 0;
    }
}

static void
eliminate (Elimination *self, guint place, guint *now)
{
  Table *table = &self->tables[place];
  guint heir = DMS_PLACEMENT_NONE;

  table->least = g_new (gint64, table->n_cells);
  table->best = g_new0 (guint, table->n_cells);
  for (guint i = 0; i < table->n; i++)
    {
      now[table->vars[i]] = 0;
      if (heir == DMS_PLACEMENT_NONE || self->turn[table->vars[i]] < self->turn[heir])
        heir = table->vars[i];
    }
  for (gsize cell = 0; cell < table->n_cells; cell++)
    {
      table->least[cell] = DMS_PLACEMENT_INFINITE;
      for (now[place] = 0; now[place] < self->n_values[place]; now[place]++)
        {
          gint64 cost = cost_of (self, place, now);

          if (cost >= table->least[cell])
            continue;
          table->least[cell] = cost;
          table->best[cell] = now[place];
        }
      step (self, table, now);
    }
  if (heir != DMS_PLACEMENT_NONE)
    g_array_append_val (self->inherited[heir], place);
}

static gint64
solve (Elimination *self, guint *choice)
{
  g_autofree guint *now = g_new0 (guint, self->vars->len);
  gint64 sum = 0;

  for (guint i = 0; i < self->vars->len; i++)
    {
      Table *table = &self->tables[self->order[i]];

      eliminate (self, self->order[i], now);
      if (table->n > 0)
        continue;
      if (table->least[0] >= DMS_PLACEMENT_INFINITE)
        return DMS_PLACEMENT_INFINITE;
      sum += table->least[0];
    }
  for (guint i = self->vars->len; i > 0; i--)
    {
      guint place = self->order[i - 1];
      Table *table = &self->tables[place];

      now[place] = table->best[find_cell (table, now)];
      choice[g_array_index (self->vars, guint, place)] = self->values[place][now[place]];
    }
  return sum;
}

gboolean
dms_placement_eliminate (DmsPlacementSpace *space,
                         const GArray *vars,
                         const gint64 *costs,
                         guint64 most_cells,
                         gint64 *cost,
                         guint *choice)
{
  Elimination self = { .costs = costs };
  gboolean narrow;

  *cost = DMS_PLACEMENT_INFINITE;
  for (guint i = 0; i < vars->len; i++)
    {
      if (space->count[g_array_index (vars, guint, i)] == 0)
        return TRUE;
    }
  set_up (&self, space, vars);
  narrow = plan (&self, most_cells);
  if (narrow)
    *cost = solve (&self, choice);
  tear_down (&self);
  return narrow;
}
