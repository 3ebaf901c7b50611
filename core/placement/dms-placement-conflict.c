/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

/* Why there is no answer: constraints are left out one after the other, for good where there is no answer
 * without them either (a deletion filter, Chinneck and Dravnieks, 1991). What is left is a conflict of which
 * nothing can be left out. */

#include "placement/dms-placement-private.h"
#include "resources/dms-coordinates.h"

#include <math.h>

enum
{
  /* Work for one question, and for all. */
  WORK_OF_ONE = 1000000,
  WORK_OF_ALL = 60000000,
  /* So many nodes and edges are named. */
  MAX_NAMED = 8,
};

typedef struct
{
  DmsPlacement *placement;
  DmsPlacementNetwork *network;
  DmsPlacementScope *scope;
  DmsPlacementSpace *space;
  guint *choice;
  guint64 work;
} Conflict;

/* TRUE only when it is proven. */
static gboolean
is_impossible (Conflict *self)
{
  g_autoptr (GPtrArray) parts = NULL;

  if (self->work >= WORK_OF_ALL)
    return FALSE;
  parts = dms_placement_scope_split (self->scope, self->network);
  for (guint i = 0; i < parts->len; i++)
    {
      g_autoptr (DmsPlacementComponent) part = dms_placement_component_new (g_array_ref (parts->pdata[i]));

      dms_placement_component_solve (part, self->space, TRUE, WORK_OF_ONE, self->choice);
      self->work += part->work + part->vars->len;
      if (part->verdict == DMS_PLACEMENT_IMPOSSIBLE)
        return TRUE;
    }
  return FALSE;
}

static void
set_range (gboolean *flags, const guint *numbers, guint n, gboolean value)
{
  for (guint i = 0; i < n; i++)
    flags[numbers[i]] = value;
}

/* Leaves out as many as can be, many at a time at first. @flags says of each number whether it is in. */
static void
thin_out (Conflict *self, gboolean *flags, guint n_flags)
{
  g_autoptr (GArray) left = g_array_new (FALSE, FALSE, sizeof (guint));

  for (guint i = 0; i < n_flags; i++)
    {
      if (flags[i])
        g_array_append_val (left, i);
    }
  for (guint chunk = MAX (left->len / 2, 1); chunk > 0; chunk /= 2)
    {
      for (guint i = 0; i < left->len;)
        {
          guint n = MIN (chunk, left->len - i);
          const guint *numbers = &g_array_index (left, guint, i);

          set_range (flags, numbers, n, FALSE);
          if (is_impossible (self))
            {
              g_array_remove_range (left, i, n);
              continue;
            }
          set_range (flags, numbers, n, TRUE);
          i += n;
        }
    }
}

static void
thin_out_faults (Conflict *self)
{
  static const guint8 kinds[] = { DMS_PLACEMENT_FAULT_EXCLUDED,
                                  DMS_PLACEMENT_FAULT_LOCATION,
                                  DMS_PLACEMENT_FAULT_PIN };

  for (guint i = 0; i < self->network->n_vars; i++)
    {
      for (guint j = 0; self->scope->vars[i] && j < G_N_ELEMENTS (kinds); j++)
        {
          self->scope->faults[i] &= (guint8) ~kinds[j];
          if (!is_impossible (self))
            self->scope->faults[i] |= kinds[j];
        }
    }
}

/* The smallest part that is impossible is the easiest to understand. */
static void
begin_with_smallest (Conflict *self)
{
  GPtrArray *components = self->placement->components;
  DmsPlacementComponent *smallest = NULL;

  for (guint i = 0; i < components->len; i++)
    {
      DmsPlacementComponent *component = components->pdata[i];

      if (component->verdict == DMS_PLACEMENT_IMPOSSIBLE &&
          (smallest == NULL || component->vars->len < smallest->vars->len))
        smallest = component;
    }
  for (guint i = 0; i < self->network->n_vars; i++)
    self->scope->vars[i] = FALSE;
  for (guint i = 0; smallest != NULL && i < smallest->vars->len; i++)
    self->scope->vars[g_array_index (smallest->vars, guint, i)] = TRUE;
}

static void
narrow (Conflict *self)
{
  thin_out (self, self->scope->vars, self->network->n_vars);
  if (self->scope->distinct)
    {
      self->scope->distinct = FALSE;
      self->scope->distinct = !is_impossible (self);
    }
  for (guint i = 0; i < self->network->n_arcs; i++)
    self->scope->arcs[i] = dms_placement_scope_has_arc (self->scope, self->network, i);
  thin_out (self, self->scope->arcs, self->network->n_arcs);
  thin_out_faults (self);
}

/* For people. */

static const char *
name_of (Conflict *self, guint var)
{
  return ((DmsPlacementNode *) self->placement->nodes->pdata[var])->name;
}

static void
append_names (Conflict *self, GString *text)
{
  guint n = 0;
  guint named = 0;

  for (guint i = 0; i < self->network->n_vars; i++)
    n += self->scope->vars[i];
  for (guint i = 0; i < self->network->n_vars && named < MAX_NAMED; i++)
    {
      if (!self->scope->vars[i])
        continue;
      if (named > 0)
        g_string_append (text, named + 1 == n ? " and " : ", ");
      g_string_append_printf (text, "“%s”", name_of (self, i));
      named++;
    }
  if (n > named)
    g_string_append_printf (text, " and %u more", n - named);
}

static gboolean
is_usable (Conflict *self, guint value)
{
  return (self->network->faults[value] & self->scope->faults[self->network->owner[value]]) == 0;
}

static void
append_bandwidth (GString *text, guint64 bandwidth)
{
  if (bandwidth >= 1000000)
    g_string_append_printf (text, "%.4g Mbit/s", (double) bandwidth / 1e6);
  else
    g_string_append_printf (text, "%.4g kbit/s", (double) bandwidth / 1e3);
}

/* What is known of the pairs of machines at the ends of an edge. */
typedef struct
{
  guint n_pairs;
  guint n_kept;
  guint n_unreachable;
  guint n_measured;
  guint n_thin;
  /* Milliseconds; 0 when nothing is known of a pair. */
  double least_rtt;
  guint64 most_bandwidth;
} Survey;

static void
look_at_pair (Conflict *self, guint arc, guint value, guint other, Survey *survey)
{
  const DmsPlacementEdge *edge = &g_array_index (self->placement->edges, DmsPlacementEdge, arc);
  const DmsPlacementBid *source = self->placement->bids->pdata[value];
  const DmsPlacementBid *target = self->placement->bids->pdata[other];
  const DmsPlacementLink *link = dms_placement_find_link (self->placement, source->peer, target->peer);
  DmsCoordinates here;
  DmsCoordinates there;

  if (self->scope->distinct && source->peer == target->peer &&
      dms_placement_scope_excludes (self->scope, self->network, edge->source, edge->target))
    return;
  survey->n_pairs++;
  survey->n_kept += dms_placement_network_allows (self->network, arc, value, other);
  survey->n_unreachable += link != NULL && !link->reachable;
  survey->n_measured += link != NULL && link->reachable;
  survey->n_thin += link != NULL && link->bandwidth > 0 && link->bandwidth < edge->bandwidth;
  if (link != NULL)
    survey->most_bandwidth = MAX (survey->most_bandwidth, link->bandwidth);
  if (link != NULL && link->reachable && link->rtt_us > 0)
    survey->least_rtt = MIN (survey->least_rtt, (double) link->rtt_us / 1000);
  else if (link == NULL && dms_location_get_coordinates (source->location, &here) &&
           dms_location_get_coordinates (target->location, &there))
    survey->least_rtt = MIN (survey->least_rtt, dms_coordinates_get_least_rtt_ms (&here, &there));
  else if (link == NULL || link->reachable)
    survey->least_rtt = 0;
}

static Survey
look_at_edge (Conflict *self, guint arc)
{
  const DmsPlacementArc *ends = &self->network->arcs[arc];
  Survey survey = { .least_rtt = INFINITY };

  for (guint value = self->network->first[ends->source]; value < self->network->first[ends->source + 1];
       value++)
    {
      for (guint other = self->network->first[ends->target];
           is_usable (self, value) && other < self->network->first[ends->target + 1];
           other++)
        {
          if (is_usable (self, other))
            look_at_pair (self, arc, value, other, &survey);
        }
    }
  return survey;
}

static void
append_wish (Conflict *self, guint arc, GString *text)
{
  const DmsPlacementEdge *edge = &g_array_index (self->placement->edges, DmsPlacementEdge, arc);

  if (edge->rtt_ms > 0)
    g_string_append_printf (text, "a round trip of at most %u ms", edge->rtt_ms);
  if (edge->rtt_ms > 0 && edge->bandwidth > 0)
    g_string_append (text, " and ");
  if (edge->bandwidth > 0)
    {
      g_string_append (text, "at least ");
      append_bandwidth (text, edge->bandwidth);
    }
}

static const char *
describe_source (const Survey *survey)
{
  if (survey->n_measured == 0)
    return "as quick as light";
  return survey->n_measured + survey->n_unreachable == survey->n_pairs ? "measured"
                                                                       : "measured, or as quick as light";
}

/* One edge that no pair of machines keeps. */
static void
append_reason (Conflict *self, guint arc, GString *text)
{
  const DmsPlacementEdge *edge = &g_array_index (self->placement->edges, DmsPlacementEdge, arc);
  Survey survey = look_at_edge (self, arc);
  const char *source = name_of (self, edge->source);
  const char *target = name_of (self, edge->target);

  if (survey.n_unreachable == survey.n_pairs)
    g_string_append_printf (text, ", but no machine for “%s” reaches any of those for “%s”", source, target);
  else if (edge->rtt_ms > 0 && isfinite (survey.least_rtt) && survey.least_rtt > edge->rtt_ms)
    g_string_append_printf (text,
                            ", but each machine for “%s” is at least %.3g ms away from each for “%s” (%s)",
                            source,
                            survey.least_rtt,
                            target,
                            describe_source (&survey));
  else if (survey.n_thin == survey.n_pairs)
    {
      g_string_append (text, ", but the most that was measured between two machines for them is ");
      append_bandwidth (text, survey.most_bandwidth);
    }
  else
    g_string_append_printf (text,
                            ", but none of the %u pairs of machines for “%s” and “%s” has it",
                            survey.n_pairs,
                            source,
                            target);
}

static void
append_faults (Conflict *self, GString *text)
{
  for (guint i = 0; i < self->network->n_vars; i++)
    {
      guint8 seen = 0;

      if (!self->scope->vars[i])
        continue;
      for (guint value = self->network->first[i]; value < self->network->first[i + 1]; value++)
        seen |= self->network->faults[value] & self->scope->faults[i];
      if (seen & DMS_PLACEMENT_FAULT_LOCATION)
        g_string_append_printf (text, "; node “%s” may not be where other machines are", name_of (self, i));
      if (seen & DMS_PLACEMENT_FAULT_PIN)
        g_string_append_printf (text, "; node “%s” is bound to one machine", name_of (self, i));
      if (seen & DMS_PLACEMENT_FAULT_EXCLUDED)
        g_string_append_printf (text, "; machines for node “%s” are excluded", name_of (self, i));
    }
}

static void
describe_one_node (Conflict *self, guint var, GString *text)
{
  guint n = dms_placement_network_get_n_values (self->network, var);
  guint counts[3] = { 0 };

  for (guint value = self->network->first[var]; value < self->network->first[var + 1]; value++)
    {
      guint8 faults = self->network->faults[value];

      if (faults & DMS_PLACEMENT_FAULT_EXCLUDED)
        counts[0]++;
      else if (faults & DMS_PLACEMENT_FAULT_PIN)
        counts[1]++;
      else if (faults & DMS_PLACEMENT_FAULT_LOCATION)
        counts[2]++;
    }
  if (n == 0)
    {
      g_string_append_printf (text, "no machine offered to run node “%s”", name_of (self, var));
      return;
    }
  g_string_append_printf (
      text, "none of the %u machines that offered to run node “%s” may have it:", n, name_of (self, var));
  if (counts[0] > 0)
    g_string_append_printf (text, " %u excluded", counts[0]);
  if (counts[1] > 0)
    g_string_append_printf (text, "%s %u not the one it is bound to", counts[0] > 0 ? "," : "", counts[1]);
  if (counts[2] > 0)
    g_string_append_printf (text, "%s %u in another place", counts[0] + counts[1] > 0 ? "," : "", counts[2]);
}

static guint
count_machines (Conflict *self)
{
  g_autofree gboolean *seen = g_new0 (gboolean, MAX (self->network->n_peers, 1));
  guint n = 0;

  for (guint value = 0; value < self->network->n_values; value++)
    {
      if (!self->scope->vars[self->network->owner[value]] || !is_usable (self, value))
        continue;
      n += !seen[self->network->peer[value]];
      seen[self->network->peer[value]] = TRUE;
    }
  return n;
}

static void
describe_rivals (Conflict *self, GString *text)
{
  guint n = count_machines (self);

  g_string_append (text, "nodes ");
  append_names (self, text);
  g_string_append_printf (
      text,
      " have only %u machine%s between them, and a machine serves one node of an ensemble",
      n,
      n == 1 ? "" : "s");
}

static void
describe_edges (Conflict *self, guint n_arcs, GString *text)
{
  guint named = 0;

  for (guint i = 0; i < self->network->n_arcs && named < MAX_NAMED; i++)
    {
      if (!self->scope->arcs[i])
        continue;
      g_string_append_printf (text,
                              "%s“%s” and “%s” need ",
                              named == 0 ? "nodes " : ", ",
                              name_of (self, self->network->arcs[i].source),
                              name_of (self, self->network->arcs[i].target));
      append_wish (self, i, text);
      if (n_arcs == 1)
        append_reason (self, i, text);
      named++;
    }
  if (n_arcs > named)
    g_string_append_printf (text, " and so on (%u edges)", n_arcs);
  if (n_arcs > 1)
    g_string_append (text,
                     ": the machines that offered to run them can keep some of this, but not all together");
  if (self->scope->distinct)
    g_string_append (text, "; a machine serves one node of an ensemble");
}

static void
describe (Conflict *self, GString *text)
{
  guint n_vars = 0;
  guint n_arcs = 0;
  guint last = 0;

  for (guint i = 0; i < self->network->n_vars; i++)
    {
      n_vars += self->scope->vars[i];
      last = self->scope->vars[i] ? i : last;
    }
  for (guint i = 0; i < self->network->n_arcs; i++)
    n_arcs += self->scope->arcs[i];
  if (n_arcs == 0 && n_vars == 1)
    {
      describe_one_node (self, last, text);
      return;
    }
  if (n_arcs == 0)
    describe_rivals (self, text);
  else
    describe_edges (self, n_arcs, text);
  append_faults (self, text);
}

gboolean
dms_placement_find_conflict (DmsPlacement *self, DmsPlacementScope *scope)
{
  g_autoptr (DmsPlacementSpace) space = dms_placement_space_new (self->network, scope);
  g_autofree guint *choice = g_new0 (guint, self->nodes->len);
  Conflict conflict = { self, self->network, scope, space, choice, 0 };

  begin_with_smallest (&conflict);
  if (!is_impossible (&conflict))
    return FALSE;
  narrow (&conflict);
  return TRUE;
}

char *
dms_placement_explain (DmsPlacement *self)
{
  g_autoptr (DmsPlacementScope) scope = NULL;
  GString *text = g_string_new (NULL);
  Conflict conflict = { self, self->network, NULL, NULL, NULL, 0 };

  g_return_val_if_fail (self->network != NULL, g_string_free (text, FALSE));

  scope = dms_placement_scope_new (self->network);
  conflict.scope = scope;
  if (dms_placement_find_conflict (self, scope))
    describe (&conflict, text);
  else
    g_string_append (
        text, "no choice of machines was found in the time there was, nor is it proven that there is none");
  return g_string_free (text, FALSE);
}
