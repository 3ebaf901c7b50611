/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

/* Places ensembles of chance on machines of chance, and says how much processor time that took.
 *
 * Usage: bench-placement KIND BIDS [SEED]
 *
 * There are ten bids for each node of the ensemble. KIND is how its edges run: `groups` of ten nodes, each
 * with edges to those beside it and to the first; `ring`, one of all nodes, with an edge across every fourth;
 * `tangle`, from each node to two others of chance; `rivals`, as groups, where each machine bids for two
 * nodes. Of all that the answer needs, the way is measured, and solving goes on, until nothing has to be
 * measured any more. One line of JSON. */

#include "placement/dms-placement.h"

#include <string.h>
#include <time.h>

enum
{
  BIDS_PER_NODE = 10,
  GROUP = 10,
  /* The first cities are those of Europe. */
  N_NEAR = 6,
};

/* Where machines stand: seven of ten in Europe, the others anywhere. */
static const DmsCoordinates cities[] = {
  { 52.52, 13.4 },   { 48.86, 2.35 },   { 51.51, -0.13 },  { 40.42, -3.7 },
  { 59.33, 18.07 },  { 50.08, 14.44 },  { 40.71, -74.01 }, { 37.77, -122.42 },
  { 41.88, -87.63 }, { 35.68, 139.69 }, { 1.35, 103.82 },  { 19.08, 72.88 },
};

typedef struct
{
  DmsPlacement *placement;
  GRand *random;
  guint n_nodes;
  /* City of each machine. */
  GArray *homes;
} Bench;

static void
add_bid (Bench *self, guint node, guint machine)
{
  g_autofree char *peer = g_strdup_printf ("m%u", machine);
  g_autoptr (DmsLocation) nowhere = dms_location_new (NULL, NULL, NULL, 0, NULL);
  g_autoptr (DmsLocation) location = NULL;
  g_autoptr (GError) error = NULL;
  guint home;

  while (self->homes->len <= machine)
    {
      home = (guint) g_rand_int_range (self->random, 0, 10) < 7
                 ? (guint) g_rand_int_range (self->random, 0, N_NEAR)
                 : (guint) g_rand_int_range (self->random, 0, G_N_ELEMENTS (cities));
      g_array_append_val (self->homes, home);
    }
  home = g_array_index (self->homes, guint, machine);
  location = dms_location_new_at (nowhere, &cities[home]);
  if (!dms_placement_add_bid (
          self->placement, node, peer, location, g_rand_double_range (self->random, 1, 100), &error))
    g_error ("%s", error->message);
}

static void
add_edge (Bench *self, guint source, guint target)
{
  if (source != target)
    dms_placement_add_edge (self->placement, source, target, 40, 0, NULL);
}

static void
add_edges (Bench *self, const char *kind)
{
  guint n = self->n_nodes;

  for (guint i = 0; i < n; i++)
    {
      if (strcmp (kind, "tangle") == 0)
        {
          add_edge (self, i, (guint) g_rand_int_range (self->random, 0, (gint32) n));
          add_edge (self, i, (guint) g_rand_int_range (self->random, 0, (gint32) n));
        }
      else if (strcmp (kind, "ring") == 0)
        {
          add_edge (self, i, (i + 1) % n);
          if (i % 4 == 0)
            add_edge (self, i, (i + 3) % n);
        }
      else if (i % GROUP != 0)
        {
          add_edge (self, i, i - 1);
          add_edge (self, i, i - i % GROUP);
        }
    }
}

static void
pose (Bench *self, const char *kind, guint64 seed)
{
  gboolean rivals = strcmp (kind, "rivals") == 0;

  self->placement = dms_placement_new (seed);
  for (guint i = 0; i < self->n_nodes; i++)
    {
      g_autofree char *name = g_strdup_printf ("node-%u", i);

      dms_placement_add_node (self->placement, name);
    }
  for (guint i = 0; i < self->n_nodes * BIDS_PER_NODE; i++)
    {
      guint node = i / BIDS_PER_NODE;

      /* Half of the machines, each for two nodes. */
      add_bid (self,
               node,
               rivals
                   ? (guint) g_rand_int_range (self->random, 0, (gint32) (self->n_nodes * BIDS_PER_NODE / 2))
                   : i);
    }
  add_edges (self, kind);
}

/* Half as slow again as light, and now and then much slower. */
static void
measure (Bench *self, GArray *gaps)
{
  for (guint i = 0; i < gaps->len; i++)
    {
      const DmsPlacementGap *gap = &g_array_index (gaps, DmsPlacementGap, i);
      guint a = (guint) g_ascii_strtoull (gap->source_peer + 1, NULL, 10);
      guint b = (guint) g_ascii_strtoull (gap->target_peer + 1, NULL, 10);
      double light = dms_coordinates_get_least_rtt_ms (&cities[g_array_index (self->homes, guint, a)],
                                                       &cities[g_array_index (self->homes, guint, b)]);
      DmsPlacementLink link = { TRUE, (gint64) (light * 1500) + 500, 0 };

      if (g_rand_int_range (self->random, 0, 20) == 0)
        link.rtt_us += 100000;
      dms_placement_set_link (self->placement, gap->source_peer, gap->target_peer, &link);
    }
}

/* Of this process alone: the machine is shared. */
static gint64
get_cpu_us (void)
{
  struct timespec now;

  clock_gettime (CLOCK_PROCESS_CPUTIME_ID, &now);
  return (gint64) now.tv_sec * G_USEC_PER_SEC + now.tv_nsec / 1000;
}

int
main (int argc, char **argv)
{
  const char *kind = argc > 1 ? argv[1] : "groups";
  guint n_bids = argc > 2 ? (guint) g_ascii_strtoull (argv[2], NULL, 10) : 1000;
  guint64 seed = argc > 3 ? g_ascii_strtoull (argv[3], NULL, 10) : 1;
  g_autoptr (GRand) random = g_rand_new_with_seed ((guint32) seed);
  g_autoptr (GArray) homes = g_array_new (FALSE, FALSE, sizeof (guint));
  Bench self = { NULL, random, MAX (n_bids / BIDS_PER_NODE, 2), homes };
  DmsPlacementVerdict verdict = DMS_PLACEMENT_UNKNOWN;
  gint64 first_us = 0;
  gint64 all_us = 0;
  guint n_rounds = 0;
  guint n_measured = 0;
  g_autoptr (GError) error = NULL;

  pose (&self, kind, seed);
  while (n_rounds < 1000)
    {
      g_autoptr (GArray) gaps = NULL;
      gint64 began = get_cpu_us ();

      if (!dms_placement_solve (self.placement, DMS_PLACEMENT_WORK, &verdict, &error))
        g_error ("%s", error->message);
      all_us += get_cpu_us () - began;
      if (n_rounds++ == 0)
        first_us = all_us;
      gaps = dms_placement_list_gaps (self.placement);
      if (verdict != DMS_PLACEMENT_POSSIBLE || gaps->len == 0)
        break;
      n_measured += gaps->len;
      measure (&self, gaps);
    }
  g_print ("{\"kind\": \"%s\", \"bids\": %u, \"nodes\": %u, \"possible\": %s, \"first_ms\": %.3f, "
           "\"all_ms\": %.3f, "
           "\"rounds\": %u, \"measured\": %u, \"cost\": %.3f, \"bound\": %.3f, \"work\": %" G_GUINT64_FORMAT
           "}\n",
           kind,
           n_bids,
           self.n_nodes,
           verdict == DMS_PLACEMENT_POSSIBLE ? "true" : "false",
           (double) first_us / 1000,
           (double) all_us / 1000,
           n_rounds,
           n_measured,
           dms_placement_get_cost (self.placement),
           dms_placement_get_bound (self.placement),
           dms_placement_get_work (self.placement));
  if (verdict != DMS_PLACEMENT_POSSIBLE)
    {
      g_autofree char *why = dms_placement_explain (self.placement);

      g_printerr ("%s\n", why);
    }
  dms_placement_free (self.placement);
  return verdict == DMS_PLACEMENT_POSSIBLE ? 0 : 1;
}
