/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "placement/dms-placement-network.h"

#include <string.h>

DmsPlacementNetwork *
dms_placement_network_new (guint n_vars, guint n_values, guint n_peers, guint n_arcs)
{
  DmsPlacementNetwork *self = g_new0 (DmsPlacementNetwork, 1);

  self->n_vars = n_vars;
  self->n_values = n_values;
  self->n_peers = n_peers;
  self->n_arcs = n_arcs;
  self->first = g_new0 (guint, n_vars + 1);
  self->first_word = g_new0 (guint, n_vars + 1);
  self->owner = g_new0 (guint, n_values);
  self->peer = g_new0 (guint, n_values);
  self->cost = g_new0 (gint64, n_values);
  self->faults = g_new0 (guint8, n_values);
  self->pinned = g_new0 (gboolean, n_vars);
  self->arcs = g_new0 (DmsPlacementArc, n_arcs);
  self->first_incidence = g_new0 (guint, n_vars + 1);
  self->incidences = g_new0 (guint, 2 * n_arcs);
  self->first_of_peer = g_new0 (guint, n_peers + 1);
  self->values_of_peer = g_new0 (guint, n_values);
  return self;
}

void
dms_placement_network_free (DmsPlacementNetwork *self)
{
  for (guint i = 0; i < self->n_arcs; i++)
    {
      g_free (self->arcs[i].forward);
      g_free (self->arcs[i].backward);
    }
  g_free (self->first);
  g_free (self->first_word);
  g_free (self->owner);
  g_free (self->peer);
  g_free (self->cost);
  g_free (self->faults);
  g_free (self->pinned);
  g_free (self->arcs);
  g_free (self->first_incidence);
  g_free (self->incidences);
  g_free (self->first_of_peer);
  g_free (self->values_of_peer);
  g_free (self);
}

guint
dms_placement_network_get_n_values (const DmsPlacementNetwork *self, guint var)
{
  return self->first[var + 1] - self->first[var];
}

guint
dms_placement_network_get_n_words (const DmsPlacementNetwork *self, guint var)
{
  return self->first_word[var + 1] - self->first_word[var];
}

/* Turns how many there are of each into where those of each begin. */
static void
add_up (guint *counts, guint n)
{
  guint sum = 0;

  for (guint i = 0; i <= n; i++)
    {
      guint count = counts[i];

      counts[i] = sum;
      sum += count;
    }
}

static guint64 *
new_rows (const DmsPlacementNetwork *self, guint from, guint to)
{
  guint n_rows = dms_placement_network_get_n_values (self, from);
  guint n_words = dms_placement_network_get_n_words (self, to);
  guint n_bits = dms_placement_network_get_n_values (self, to);
  guint64 *rows = g_new0 (guint64, (gsize) n_rows * n_words);

  if (n_rows > 0 && n_words > 0)
    memset (rows, 0xff, (gsize) n_rows * n_words * sizeof (guint64));
  for (guint i = 0; n_bits % 64 != 0 && i < n_rows; i++)
    rows[(gsize) i * n_words + n_words - 1] = (G_GUINT64_CONSTANT (1) << (n_bits % 64)) - 1;
  return rows;
}

void
dms_placement_network_connect (DmsPlacementNetwork *self)
{
  g_autofree guint *next_incidence = NULL;
  g_autofree guint *next_of_peer = NULL;

  for (guint i = 0; i < self->n_vars; i++)
    self->first_word[i + 1] = self->first_word[i] + (dms_placement_network_get_n_values (self, i) + 63) / 64;
  for (guint i = 0; i < self->n_arcs; i++)
    {
      DmsPlacementArc *arc = &self->arcs[i];

      self->first_incidence[arc->source]++;
      self->first_incidence[arc->target]++;
      arc->forward = new_rows (self, arc->source, arc->target);
      arc->backward = new_rows (self, arc->target, arc->source);
    }
  for (guint i = 0; i < self->n_values; i++)
    self->first_of_peer[self->peer[i]]++;
  add_up (self->first_incidence, self->n_vars);
  add_up (self->first_of_peer, self->n_peers);
  next_incidence = g_memdup2 (self->first_incidence, (self->n_vars + 1) * sizeof (guint));
  next_of_peer = g_memdup2 (self->first_of_peer, (self->n_peers + 1) * sizeof (guint));
  for (guint i = 0; i < self->n_arcs; i++)
    {
      self->incidences[next_incidence[self->arcs[i].source]++] = i;
      self->incidences[next_incidence[self->arcs[i].target]++] = i;
    }
  for (guint i = 0; i < self->n_values; i++)
    self->values_of_peer[next_of_peer[self->peer[i]]++] = i;
}

static guint64 *
row_of (const DmsPlacementNetwork *self, const DmsPlacementArc *arc, guint value)
{
  guint var = self->owner[value];
  guint place = value - self->first[var];

  if (var == arc->source)
    return arc->forward + (gsize) place * dms_placement_network_get_n_words (self, arc->target);
  return arc->backward + (gsize) place * dms_placement_network_get_n_words (self, arc->source);
}

void
dms_placement_network_forbid (DmsPlacementNetwork *self, guint arc, guint source, guint target)
{
  guint s = source - self->first[self->owner[source]];
  guint t = target - self->first[self->owner[target]];

  row_of (self, &self->arcs[arc], source)[t / 64] &= ~(G_GUINT64_CONSTANT (1) << (t % 64));
  row_of (self, &self->arcs[arc], target)[s / 64] &= ~(G_GUINT64_CONSTANT (1) << (s % 64));
}

guint
dms_placement_network_get_other (const DmsPlacementNetwork *self, guint arc, guint var)
{
  return self->arcs[arc].source == var ? self->arcs[arc].target : self->arcs[arc].source;
}

const guint64 *
dms_placement_network_get_row (const DmsPlacementNetwork *self, guint arc, guint value)
{
  return row_of (self, &self->arcs[arc], value);
}

gboolean
dms_placement_network_allows (const DmsPlacementNetwork *self, guint arc, guint value, guint other)
{
  guint place = other - self->first[self->owner[other]];

  return (row_of (self, &self->arcs[arc], value)[place / 64] >> (place % 64)) & 1;
}

/* The finaliser of splitmix64. */
guint64
dms_placement_network_shuffle (guint64 seed, guint64 number)
{
  guint64 z = seed + (number + 1) * G_GUINT64_CONSTANT (0x9e3779b97f4a7c15);

  z = (z ^ (z >> 30)) * G_GUINT64_CONSTANT (0xbf58476d1ce4e5b9);
  z = (z ^ (z >> 27)) * G_GUINT64_CONSTANT (0x94d049bb133111eb);
  return z ^ (z >> 31);
}
