/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

/* Small problems of chance, solved by trying everything, and compared: the same feasibility, the same cost.
 */

#include "placement/dms-placement-private.h"

#include <string.h>

enum
{
  MAX_NODES = 6,
  MAX_BIDS = 6,
  MAX_PEERS = 10,
  MAX_EDGES = 12,
  N_PROBLEMS = 3000,
  /* So many degrees of longitude on the equator: 39 ms of round trip from one to the next. */
  DEGREES = 53,
};

typedef struct
{
  guint peer;
  double cost;
} Offer;

typedef struct
{
  guint source;
  guint target;
  guint rtt_ms;
  guint64 bandwidth;
} Way;

/* A problem, and the truth about its machines, which is found out by measuring only. */
typedef struct
{
  guint n_nodes;
  guint n_peers;
  guint n_edges;
  guint n_bids[MAX_NODES];
  Offer bids[MAX_NODES][MAX_BIDS];
  int pin[MAX_NODES];
  /* 0: anywhere; else only there. */
  guint region[MAX_NODES];
  guint peer_region[MAX_PEERS];
  gboolean located[MAX_PEERS];
  gboolean excluded[MAX_PEERS];
  gint64 rtt_us[MAX_PEERS][MAX_PEERS];
  guint64 bandwidth[MAX_PEERS][MAX_PEERS];
  gboolean reachable[MAX_PEERS][MAX_PEERS];
  Way edges[MAX_EDGES];
  gboolean sharing;
} Problem;

static const char *const regions[] = { "", "EU", "AS", "NA" };

static guint
pick (GRand *random, guint n)
{
  return (guint) g_rand_int_range (random, 0, (gint32) n);
}

static DmsCoordinates
place_of (guint region, guint peer)
{
  DmsCoordinates place = { 0, (double) region * DEGREES + peer * 0.1 };

  return place;
}

static void
invent_machines (Problem *self, GRand *random)
{
  self->n_peers = 1 + pick (random, MAX_PEERS);
  for (guint i = 0; i < self->n_peers; i++)
    {
      self->peer_region[i] = 1 + pick (random, 3);
      self->located[i] = pick (random, 4) > 0;
      self->excluded[i] = pick (random, 12) == 0;
    }
  for (guint i = 0; i < self->n_peers; i++)
    {
      for (guint j = 0; j <= i; j++)
        {
          DmsCoordinates here = place_of (self->peer_region[i], i);
          DmsCoordinates there = place_of (self->peer_region[j], j);
          double light = dms_coordinates_get_least_rtt_ms (&here, &there);

          self->rtt_us[i][j] = self->rtt_us[j][i] = (gint64) (light * 1200) + 1 + pick (random, 30000);
          self->bandwidth[i][j] = self->bandwidth[j][i] = 1000 * (1 + pick (random, 100));
          self->reachable[i][j] = self->reachable[j][i] = pick (random, 10) > 0;
        }
    }
}

static void
invent (Problem *self, GRand *random)
{
  memset (self, 0, sizeof *self);
  invent_machines (self, random);
  self->n_nodes = 1 + pick (random, MAX_NODES);
  self->sharing = pick (random, 10) == 0;
  for (guint i = 0; i < self->n_nodes; i++)
    {
      self->pin[i] = pick (random, 8) == 0 ? (int) pick (random, self->n_peers) : -1;
      self->region[i] = pick (random, 3) == 0 ? 1 + pick (random, 3) : 0;
      self->n_bids[i] = pick (random, 20) == 0 ? 0 : 1 + pick (random, MAX_BIDS);
      for (guint j = 0; j < self->n_bids[i]; j++)
        {
          self->bids[i][j].peer = pick (random, self->n_peers);
          self->bids[i][j].cost = pick (random, 50) / 4.0 - 2;
        }
    }
  self->n_edges = self->n_nodes > 1 ? pick (random, MAX_EDGES + 1) : 0;
  for (guint i = 0; i < self->n_edges; i++)
    {
      Way *edge = &self->edges[i];

      edge->source = pick (random, self->n_nodes);
      edge->target = (edge->source + 1 + pick (random, self->n_nodes - 1)) % self->n_nodes;
      edge->rtt_ms = pick (random, 3) > 0 ? 20 + pick (random, 100) : 0;
      edge->bandwidth = pick (random, 3) == 0 ? 1000 * (1 + pick (random, 80)) : 0;
    }
}

static gboolean
is_usable (const Problem *self, guint node, guint bid)
{
  guint peer = self->bids[node][bid].peer;

  if (self->excluded[peer])
    return FALSE;
  if (self->pin[node] >= 0)
    return (guint) self->pin[node] == peer;
  return self->region[node] == 0 || self->region[node] == self->peer_region[peer];
}

static gboolean
edge_is_kept (const Problem *self, const Way *edge, guint a, guint b)
{
  if (a == b || (edge->rtt_ms == 0 && edge->bandwidth == 0))
    return TRUE;
  return self->reachable[a][b] && (edge->rtt_ms == 0 || self->rtt_us[a][b] <= (gint64) edge->rtt_ms * 1000) &&
         (edge->bandwidth == 0 || self->bandwidth[a][b] >= edge->bandwidth);
}

static gboolean
is_solution (const Problem *self, const guint *choice)
{
  for (guint i = 0; i < self->n_nodes; i++)
    {
      if (!is_usable (self, i, choice[i]))
        return FALSE;
      for (guint j = 0; j < i && !self->sharing; j++)
        {
          if (self->bids[i][choice[i]].peer == self->bids[j][choice[j]].peer &&
              (self->pin[i] < 0 || self->pin[j] < 0))
            return FALSE;
        }
    }
  for (guint i = 0; i < self->n_edges; i++)
    {
      const Way *edge = &self->edges[i];

      if (!edge_is_kept (self,
                         edge,
                         self->bids[edge->source][choice[edge->source]].peer,
                         self->bids[edge->target][choice[edge->target]].peer))
        return FALSE;
    }
  return TRUE;
}

static double
cost_of (const Problem *self, const guint *choice)
{
  double sum = 0;

  for (guint i = 0; i < self->n_nodes; i++)
    sum += self->bids[i][choice[i]].cost;
  return sum;
}

/* FALSE when there is no solution. */
static gboolean
try_everything (const Problem *self, double *best)
{
  guint choice[MAX_NODES] = { 0 };
  gboolean found = FALSE;
  guint i = 0;

  for (guint node = 0; node < self->n_nodes; node++)
    {
      if (self->n_bids[node] == 0)
        return FALSE;
    }
  while (i < self->n_nodes)
    {
      if (is_solution (self, choice) && (!found || cost_of (self, choice) < *best))
        {
          *best = cost_of (self, choice);
          found = TRUE;
        }
      for (i = 0; i < self->n_nodes && ++choice[i] == self->n_bids[i]; i++)
        choice[i] = 0;
    }
  return found;
}

static DmsPlacement *
pose (const Problem *self, guint64 seed)
{
  DmsPlacement *placement = dms_placement_new (seed);

  for (guint i = 0; i < self->n_nodes; i++)
    {
      g_autofree char *name = g_strdup_printf ("n%u", i);
      g_autofree char *pin = g_strdup_printf ("p%d", self->pin[i]);
      guint node = dms_placement_add_node (placement, name);

      if (self->pin[i] >= 0)
        dms_placement_pin (placement, node, pin);
      if (self->region[i] > 0)
        {
          g_autoptr (GPtrArray) accept = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_location_unref);

          g_ptr_array_add (accept, dms_location_new (regions[self->region[i]], NULL, NULL, 0, NULL));
          dms_placement_set_location (placement, node, accept, NULL);
        }
      for (guint j = 0; j < self->n_bids[i]; j++)
        {
          guint peer = self->bids[i][j].peer;
          g_autofree char *peer_name = g_strdup_printf ("p%u", peer);
          DmsCoordinates place = place_of (self->peer_region[peer], peer);
          g_autoptr (DmsLocation) region =
              dms_location_new (regions[self->peer_region[peer]], NULL, NULL, 0, NULL);
          g_autoptr (DmsLocation) location =
              self->located[peer] ? dms_location_new_at (region, &place) : dms_location_ref (region);

          g_assert_true (
              dms_placement_add_bid (placement, node, peer_name, location, self->bids[i][j].cost, NULL));
        }
    }
  for (guint i = 0; i < self->n_peers; i++)
    {
      g_autofree char *name = g_strdup_printf ("p%u", i);

      if (self->excluded[i])
        dms_placement_exclude (placement, name);
    }
  for (guint i = 0; i < self->n_edges; i++)
    g_assert_true (dms_placement_add_edge (placement,
                                           self->edges[i].source,
                                           self->edges[i].target,
                                           self->edges[i].rtt_ms,
                                           self->edges[i].bandwidth,
                                           NULL));
  if (self->sharing)
    dms_placement_allow_sharing (placement);
  return placement;
}

static void
measure (const Problem *self, DmsPlacement *placement, GArray *gaps)
{
  for (guint i = 0; i < gaps->len; i++)
    {
      const DmsPlacementGap *gap = &g_array_index (gaps, DmsPlacementGap, i);
      guint a = (guint) g_ascii_strtoull (gap->source_peer + 1, NULL, 10);
      guint b = (guint) g_ascii_strtoull (gap->target_peer + 1, NULL, 10);
      DmsPlacementLink link = { self->reachable[a][b],
                                gap->rtt_ms > 0 ? self->rtt_us[a][b] : 0,
                                gap->bandwidth > 0 ? self->bandwidth[a][b] : 0 };

      dms_placement_set_link (placement, gap->source_peer, gap->target_peer, &link);
    }
}

/* Solves, measures what has to be, and goes on, until everything of the answer was measured. */
static DmsPlacementVerdict
solve (const Problem *self, DmsPlacement *placement, guint *choice, guint *n_measured)
{
  DmsPlacementVerdict verdict = DMS_PLACEMENT_UNKNOWN;

  for (guint round = 0; round < 1000; round++)
    {
      g_autoptr (GArray) gaps = NULL;

      g_assert_true (dms_placement_solve (placement, DMS_PLACEMENT_WORK, &verdict, NULL));
      if (verdict != DMS_PLACEMENT_POSSIBLE)
        return verdict;
      gaps = dms_placement_list_gaps (placement);
      *n_measured += gaps->len;
      if (gaps->len == 0)
        break;
      measure (self, placement, gaps);
    }
  for (guint i = 0; i < self->n_nodes; i++)
    choice[i] = dms_placement_get_choice (placement, i);
  return verdict;
}

/* Whether a choice is all right as far as a scope goes. */
static gboolean
fits_scope (const DmsPlacementNetwork *network, const DmsPlacementScope *scope, const guint *choice)
{
  for (guint i = 0; i < network->n_vars; i++)
    {
      if (!scope->vars[i])
        continue;
      if (network->faults[choice[i]] & scope->faults[i])
        return FALSE;
      for (guint j = 0; j < i && scope->distinct; j++)
        {
          if (scope->vars[j] && network->peer[choice[i]] == network->peer[choice[j]] &&
              dms_placement_scope_excludes (scope, network, i, j))
            return FALSE;
        }
    }
  for (guint i = 0; i < network->n_arcs; i++)
    {
      if (dms_placement_scope_has_arc (scope, network, i) &&
          !dms_placement_network_allows (
              network, i, choice[network->arcs[i].source], choice[network->arcs[i].target]))
        return FALSE;
    }
  return TRUE;
}

/* Whether anything fits, by trying everything. */
static gboolean
scope_is_possible (const DmsPlacementNetwork *network, const DmsPlacementScope *scope)
{
  guint choice[MAX_NODES] = { 0 };
  guint i = 0;

  for (guint var = 0; var < network->n_vars; var++)
    {
      choice[var] = network->first[var];
      if (scope->vars[var] && network->first[var] == network->first[var + 1])
        return FALSE;
    }
  while (i < network->n_vars)
    {
      if (fits_scope (network, scope, choice))
        return TRUE;
      for (i = 0; i < network->n_vars; i++)
        {
          if (scope->vars[i] && ++choice[i] < network->first[i + 1])
            break;
          choice[i] = network->first[i];
        }
    }
  return FALSE;
}

/* What a conflict names is one, and leaving out any part of it ends it. */
static void
assert_irreducible (DmsPlacement *placement)
{
  const DmsPlacementNetwork *network = placement->network;
  g_autoptr (DmsPlacementScope) scope = dms_placement_scope_new (network);

  g_assert_true (dms_placement_find_conflict (placement, scope));
  g_assert_false (scope_is_possible (network, scope));
  for (guint i = 0; i < network->n_vars; i++)
    {
      if (!scope->vars[i])
        continue;
      scope->vars[i] = FALSE;
      g_assert_true (scope_is_possible (network, scope));
      scope->vars[i] = TRUE;
      for (guint8 fault = 1; fault <= DMS_PLACEMENT_FAULT_EXCLUDED; fault <<= 1)
        {
          if (!(scope->faults[i] & fault))
            continue;
          scope->faults[i] ^= fault;
          g_assert_true (scope_is_possible (network, scope));
          scope->faults[i] ^= fault;
        }
    }
  for (guint i = 0; i < network->n_arcs; i++)
    {
      if (!scope->arcs[i])
        continue;
      scope->arcs[i] = FALSE;
      g_assert_true (scope_is_possible (network, scope));
      scope->arcs[i] = TRUE;
    }
  if (!scope->distinct)
    return;
  scope->distinct = FALSE;
  g_assert_true (scope_is_possible (network, scope));
}

static void
test_against_everything (void)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (20261128);
  guint n_possible = 0;
  guint n_measured = 0;

  for (guint i = 0; i < N_PROBLEMS; i++)
    {
      Problem problem;
      guint choice[MAX_NODES] = { 0 };
      guint again[MAX_NODES] = { 0 };
      guint ignored = 0;
      double best = 0;
      gboolean possible;
      DmsPlacementVerdict verdict;
      g_autoptr (DmsPlacement) placement = NULL;
      g_autoptr (DmsPlacement) twin = NULL;

      invent (&problem, random);
      possible = try_everything (&problem, &best);
      placement = pose (&problem, i);
      verdict = solve (&problem, placement, choice, &n_measured);
      g_assert_cmpint (verdict, ==, possible ? DMS_PLACEMENT_POSSIBLE : DMS_PLACEMENT_IMPOSSIBLE);
      if (!possible)
        {
          g_autofree char *why = dms_placement_explain (placement);

          g_assert_cmpuint (strlen (why), >, 20);
          g_assert_false (g_str_has_prefix (why, "no choice of machines was found"));
          assert_irreducible (placement);
          continue;
        }
      n_possible++;
      g_assert_true (is_solution (&problem, choice));
      g_assert_cmpfloat_with_epsilon (cost_of (&problem, choice), best, 1e-6);
      g_assert_cmpfloat_with_epsilon (dms_placement_get_cost (placement), best, 1e-6);
      g_assert_cmpfloat_with_epsilon (dms_placement_get_bound (placement), best, 1e-6);
      /* The same seed, the same answer. */
      twin = pose (&problem, i);
      g_assert_cmpint (solve (&problem, twin, again, &ignored), ==, verdict);
      g_assert_cmpmem (choice, sizeof choice, again, sizeof again);
    }
  /* Both kinds were there. */
  g_test_message ("%u of %u possible, %u measured", n_possible, N_PROBLEMS, n_measured);
  g_assert_cmpuint (n_possible, >, N_PROBLEMS / 10);
  g_assert_cmpuint (n_possible, <, N_PROBLEMS * 9 / 10);
}

/* Whatever order the bids come in, the choice of machines is the same. */
static void
test_order (void)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (5);

  for (guint i = 0; i < 300; i++)
    {
      Problem problem;
      Problem turned;
      guint choice[MAX_NODES] = { 0 };
      guint again[MAX_NODES] = { 0 };
      guint ignored = 0;
      g_autoptr (DmsPlacement) placement = NULL;
      g_autoptr (DmsPlacement) other = NULL;
      DmsPlacementVerdict verdict;

      invent (&problem, random);
      turned = problem;
      for (guint node = 0; node < problem.n_nodes; node++)
        {
          for (guint j = 0; j < problem.n_bids[node]; j++)
            turned.bids[node][j] = problem.bids[node][problem.n_bids[node] - 1 - j];
        }
      placement = pose (&problem, i);
      other = pose (&turned, i);
      verdict = solve (&problem, placement, choice, &ignored);
      g_assert_cmpint (solve (&turned, other, again, &ignored), ==, verdict);
      if (verdict != DMS_PLACEMENT_POSSIBLE)
        continue;
      for (guint node = 0; node < problem.n_nodes; node++)
        g_assert_cmpuint (problem.bids[node][choice[node]].peer, ==, turned.bids[node][again[node]].peer);
    }
}

/* With hardly any work allowed there may be no answer, but never a wrong one. */
static void
test_little_work (void)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (99);

  for (guint i = 0; i < 300; i++)
    {
      Problem problem;
      double best = 0;
      gboolean possible;
      DmsPlacementVerdict verdict = DMS_PLACEMENT_UNKNOWN;
      g_autoptr (DmsPlacement) placement = NULL;

      invent (&problem, random);
      possible = try_everything (&problem, &best);
      placement = pose (&problem, i);
      g_assert_true (dms_placement_solve (placement, 1, &verdict, NULL));
      if (verdict == DMS_PLACEMENT_IMPOSSIBLE)
        g_assert_false (possible);
      if (possible && verdict == DMS_PLACEMENT_POSSIBLE)
        g_assert_cmpfloat (dms_placement_get_bound (placement), <=, best + 1e-6);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/placement/properties/against-everything", test_against_everything);
  g_test_add_func ("/placement/properties/order", test_order);
  g_test_add_func ("/placement/properties/little-work", test_little_work);
  return g_test_run ();
}
