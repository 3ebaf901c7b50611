/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "placement/dms-placement.h"

#include <math.h>

static const DmsCoordinates berlin = { 52.52, 13.405 };
static const DmsCoordinates paris = { 48.8566, 2.3522 };
static const DmsCoordinates tokyo = { 35.6762, 139.6503 };

/* (transfer full) */
static DmsLocation *
make_location (const char *continent, const DmsCoordinates *coordinates)
{
  g_autoptr (DmsLocation) region = dms_location_new (continent, NULL, NULL, 0, NULL);

  return coordinates != NULL ? dms_location_new_at (region, coordinates) : g_steal_pointer (&region);
}

static void
add_bid (DmsPlacement *self,
         guint node,
         const char *peer,
         const char *continent,
         const DmsCoordinates *place,
         double cost)
{
  g_autoptr (DmsLocation) location = make_location (continent, place);
  g_autoptr (GError) error = NULL;

  dms_placement_add_bid (self, node, peer, location, cost, &error);
  g_assert_no_error (error);
}

static void
add_edge (DmsPlacement *self, guint source, guint target, guint rtt_ms, guint64 bandwidth)
{
  g_autoptr (GError) error = NULL;

  dms_placement_add_edge (self, source, target, rtt_ms, bandwidth, &error);
  g_assert_no_error (error);
}

static DmsPlacement *
make_nodes (guint n)
{
  static const char *const names[] = { "a", "b", "c", "d" };
  DmsPlacement *self = dms_placement_new (1);

  for (guint i = 0; i < n; i++)
    g_assert_cmpuint (dms_placement_add_node (self, names[i]), ==, i);
  return self;
}

static DmsPlacementVerdict
solve (DmsPlacement *self)
{
  DmsPlacementVerdict verdict = DMS_PLACEMENT_UNKNOWN;
  g_autoptr (GError) error = NULL;

  dms_placement_solve (self, DMS_PLACEMENT_WORK, &verdict, &error);
  g_assert_no_error (error);
  return verdict;
}

static void
assert_explanation (DmsPlacement *self, const char *expected)
{
  g_autofree char *text = NULL;

  g_assert_cmpint (solve (self), ==, DMS_PLACEMENT_IMPOSSIBLE);
  text = dms_placement_explain (self);
  g_assert_cmpstr (text, ==, expected);
}

static void
test_physics (void)
{
  /* A quarter of a great circle, and half of one. */
  const DmsCoordinates pole = { 90, 0 };
  const DmsCoordinates zero = { 0, 0 };
  const DmsCoordinates opposite = { 0, 180 };
  DmsCoordinates read;

  g_assert_cmpfloat_with_epsilon (dms_coordinates_get_distance_km (&pole, &zero), 6371 * G_PI / 2, 1e-6);
  g_assert_cmpfloat_with_epsilon (dms_coordinates_get_distance_km (&zero, &opposite), 6371 * G_PI, 1e-6);
  g_assert_cmpfloat_with_epsilon (dms_coordinates_get_distance_km (&berlin, &paris), 877.5, 1);
  g_assert_cmpfloat_with_epsilon (
      dms_coordinates_get_least_rtt_ms (&zero, &opposite), 2000 * 6371 * G_PI / 299792.458, 1e-9);
  g_assert_true (dms_coordinates_parse (&read, "52.52, 13.405"));
  g_assert_cmpfloat (read.longitude, ==, 13.405);
  g_assert_true (dms_coordinates_parse (&read, "-33.9 151.2"));
  g_assert_false (dms_coordinates_parse (&read, ""));
  g_assert_false (dms_coordinates_parse (&read, "52.52"));
  g_assert_false (dms_coordinates_parse (&read, "91,0"));
  g_assert_false (dms_coordinates_parse (&read, "nan,0"));
  g_assert_false (dms_coordinates_parse (&read, "1,2,3"));
}

/* The cheapest of those that are allowed, and nothing that light could not do. */
static void
test_light_decides (void)
{
  g_autoptr (DmsPlacement) self = make_nodes (2);
  g_autoptr (GArray) gaps = NULL;

  add_bid (self, 0, "berlin", "EU", &berlin, 5);
  add_bid (self, 0, "tokyo", "AS", &tokyo, 1);
  add_bid (self, 1, "paris", "EU", &paris, 2);
  add_edge (self, 0, 1, 20, 0);
  g_assert_cmpint (solve (self), ==, DMS_PLACEMENT_POSSIBLE);
  g_assert_cmpuint (dms_placement_get_choice (self, 0), ==, 0);
  g_assert_cmpfloat (dms_placement_get_cost (self), ==, 7);
  g_assert_cmpfloat (dms_placement_get_bound (self), ==, 7);
  gaps = dms_placement_list_gaps (self);
  g_assert_cmpuint (gaps->len, ==, 1);
  g_assert_cmpstr (g_array_index (gaps, DmsPlacementGap, 0).source_peer, ==, "berlin");
  g_assert_cmpstr (g_array_index (gaps, DmsPlacementGap, 0).target_peer, ==, "paris");
}

/* What was measured takes the place of what was hoped, and is not asked for again. */
static void
test_measuring (void)
{
  const DmsPlacementLink slow = { TRUE, 21000, 0 };
  const DmsPlacementLink quick = { TRUE, 20000, 0 };
  const DmsPlacementLink thin = { TRUE, 0, 999 };
  const DmsPlacementLink wide = { TRUE, 0, 1000 };
  g_autoptr (DmsPlacement) self = make_nodes (2);
  g_autoptr (GArray) first = NULL;
  g_autoptr (GArray) second = NULL;
  g_autoptr (GArray) third = NULL;
  g_autoptr (GArray) none = NULL;

  add_bid (self, 0, "p", NULL, NULL, 1);
  add_bid (self, 1, "q", NULL, NULL, 1);
  add_bid (self, 1, "r", NULL, NULL, 2);
  add_edge (self, 0, 1, 20, 1000);
  g_assert_cmpint (solve (self), ==, DMS_PLACEMENT_POSSIBLE);
  first = dms_placement_list_gaps (self);
  g_assert_cmpuint (first->len, ==, 1);
  dms_placement_set_link (self, "q", "p", &slow);
  g_assert_cmpint (solve (self), ==, DMS_PLACEMENT_POSSIBLE);
  g_assert_cmpuint (dms_placement_get_choice (self, 1), ==, 1);
  second = dms_placement_list_gaps (self);
  g_assert_cmpuint (second->len, ==, 1);
  dms_placement_set_link (self, "p", "r", &quick);
  g_assert_cmpint (solve (self), ==, DMS_PLACEMENT_POSSIBLE);
  third = dms_placement_list_gaps (self);
  g_assert_cmpuint (third->len, ==, 1);
  dms_placement_set_link (self, "p", "r", &wide);
  g_assert_cmpint (solve (self), ==, DMS_PLACEMENT_POSSIBLE);
  none = dms_placement_list_gaps (self);
  g_assert_cmpuint (none->len, ==, 0);
  dms_placement_set_link (self, "p", "r", &thin);
  assert_explanation (self,
                      "nodes “a” and “b” need a round trip of at most 20 ms and at least 1 kbit/s, but none "
                      "of the 2 pairs of machines for “a” and “b” has it");
}

static void
test_pins (void)
{
  g_autoptr (DmsPlacement) self = make_nodes (3);

  dms_placement_pin (self, 0, "p");
  dms_placement_pin (self, 1, "p");
  add_bid (self, 0, "p", NULL, NULL, 1);
  add_bid (self, 1, "p", NULL, NULL, 1);
  add_bid (self, 2, "p", NULL, NULL, 1);
  add_bid (self, 2, "q", NULL, NULL, 9);
  add_edge (self, 0, 1, 1, 0);
  g_assert_cmpint (solve (self), ==, DMS_PLACEMENT_POSSIBLE);
  /* Those that are bound to a machine share it; the third gets another. */
  g_assert_cmpuint (dms_placement_get_choice (self, 2), ==, 1);
}

static void
test_explains_distance (void)
{
  const DmsPlacementLink slow = { TRUE, 63400, 0 };
  const DmsPlacementLink broken = { FALSE, 0, 0 };
  g_autoptr (DmsPlacement) light = make_nodes (3);
  g_autoptr (DmsPlacement) measured = make_nodes (2);
  g_autoptr (DmsPlacement) apart = make_nodes (2);

  add_bid (light, 0, "berlin", "EU", &berlin, 1);
  add_bid (light, 1, "tokyo", "AS", &tokyo, 1);
  add_bid (light, 2, "paris", "EU", &paris, 1);
  add_edge (light, 0, 1, 20, 0);
  add_edge (light, 0, 2, 20, 0);
  assert_explanation (
      light,
      "nodes “a” and “b” need a round trip of at most 20 ms, but each machine for “a” is at least "
      "59.5 ms away from each for “b” (as quick as light)");
  add_bid (measured, 0, "p", NULL, NULL, 1);
  add_bid (measured, 1, "q", NULL, NULL, 1);
  add_edge (measured, 0, 1, 20, 0);
  dms_placement_set_link (measured, "p", "q", &slow);
  assert_explanation (
      measured,
      "nodes “a” and “b” need a round trip of at most 20 ms, but each machine for “a” is at least "
      "63.4 ms away from each for “b” (measured)");
  add_bid (apart, 0, "p", NULL, NULL, 1);
  add_bid (apart, 1, "q", NULL, NULL, 1);
  add_edge (apart, 0, 1, 0, 2000000);
  dms_placement_set_link (apart, "p", "q", &broken);
  assert_explanation (apart,
                      "nodes “a” and “b” need at least 2 Mbit/s, but no machine for “a” reaches any of those "
                      "for “b”");
}

static void
test_explains_nodes (void)
{
  g_autoptr (DmsPlacement) nobody = make_nodes (2);
  g_autoptr (DmsPlacement) rivals = make_nodes (4);
  g_autoptr (DmsPlacement) wrong = make_nodes (1);
  g_autoptr (GPtrArray) accept = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_location_unref);

  add_bid (nobody, 0, "p", NULL, NULL, 1);
  assert_explanation (nobody, "no machine offered to run node “b”");
  /* The fourth has nothing to do with it. */
  for (guint i = 0; i < 3; i++)
    {
      add_bid (rivals, i, "p", NULL, NULL, 1);
      add_bid (rivals, i, "q", NULL, NULL, 1);
    }
  add_bid (rivals, 3, "p", NULL, NULL, 1);
  add_bid (rivals, 3, "r", NULL, NULL, 1);
  assert_explanation (rivals,
                      "nodes “a”, “b” and “c” have only 2 machines between them, and a machine serves one "
                      "node of an ensemble");
  g_ptr_array_add (accept, make_location ("EU", NULL));
  dms_placement_set_location (wrong, 0, accept, NULL);
  add_bid (wrong, 0, "p", "AS", NULL, 1);
  add_bid (wrong, 0, "q", "EU", NULL, 1);
  dms_placement_exclude (wrong, "q");
  assert_explanation (
      wrong,
      "none of the 2 machines that offered to run node “a” may have it: 1 excluded, 1 in another "
      "place");
}

/* Each of three edges can be kept, and any two of them, but not all: a and b must have the same number, b and
 * c too, a and c different ones. */
static void
test_explains_together (void)
{
  const DmsPlacementLink slow = { TRUE, 90000, 0 };
  g_autoptr (DmsPlacement) self = make_nodes (4);
  static const char *const names[] = { "a1", "a2", "b1", "b2", "c1", "c2" };
  static const char *const pairs[][2] = { { "a1", "b2" }, { "a2", "b1" }, { "b1", "c2" },
                                          { "b2", "c1" }, { "a1", "c1" }, { "a2", "c2" } };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    add_bid (self, i / 2, names[i], NULL, NULL, 1);
  add_bid (self, 3, "d1", NULL, NULL, 1);
  add_edge (self, 0, 1, 50, 0);
  add_edge (self, 1, 2, 50, 0);
  add_edge (self, 0, 2, 50, 0);
  add_edge (self, 2, 3, 50, 0);
  for (guint i = 0; i + 1 < G_N_ELEMENTS (pairs); i++)
    dms_placement_set_link (self, pairs[i][0], pairs[i][1], &slow);
  g_assert_cmpint (solve (self), ==, DMS_PLACEMENT_POSSIBLE);
  dms_placement_set_link (self, pairs[5][0], pairs[5][1], &slow);
  assert_explanation (
      self,
      "nodes “a” and “b” need a round trip of at most 50 ms, “b” and “c” need a round trip of at "
      "most 50 ms, “a” and “c” need a round trip of at most 50 ms: the machines that offered to run "
      "them can keep some of this, but not all together");
}

static void
test_limits (void)
{
  g_autoptr (DmsPlacement) self = make_nodes (2);
  g_autoptr (DmsLocation) nowhere = make_location (NULL, NULL);
  g_autoptr (GError) error = NULL;

  g_assert_false (dms_placement_add_bid (self, 0, "p", nowhere, NAN, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_OUT_OF_RANGE);
  g_clear_error (&error);
  g_assert_false (dms_placement_add_bid (self, 0, "p", nowhere, 1e9, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_OUT_OF_RANGE);
  g_clear_error (&error);
  g_assert_false (dms_placement_add_edge (self, 0, 0, 5, 0, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);
  g_assert_false (dms_placement_add_edge (self, 0, 2, 5, 0, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT);
}

/* A thousand nodes, ten thousand bids, edges that entangle all of them: an answer that keeps everything. */
static void
test_large (void)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (3);
  g_autoptr (DmsPlacement) self = dms_placement_new (7);

  for (guint i = 0; i < 1000; i++)
    {
      g_autofree char *name = g_strdup_printf ("n%u", i);

      dms_placement_add_node (self, name);
    }
  for (guint i = 0; i < 10000; i++)
    {
      g_autofree char *peer = g_strdup_printf ("m%u", i);
      DmsCoordinates place = { g_rand_double_range (random, 30, 60), g_rand_double_range (random, -10, 60) };

      add_bid (self, i / 10, peer, "EU", &place, g_rand_double_range (random, 0, 10));
    }
  for (guint i = 0; i < 1000; i++)
    {
      add_edge (self, i, (i + 1) % 1000, 30, 0);
      if (i % 3 == 0)
        add_edge (self, i, (i + 317) % 1000, 30, 0);
    }
  g_assert_cmpint (solve (self), ==, DMS_PLACEMENT_POSSIBLE);
  g_assert_cmpfloat (dms_placement_get_bound (self), <=, dms_placement_get_cost (self));
  g_assert_cmpuint (dms_placement_get_work (self), <, 2 * DMS_PLACEMENT_WORK);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/placement/physics", test_physics);
  g_test_add_func ("/placement/light-decides", test_light_decides);
  g_test_add_func ("/placement/measuring", test_measuring);
  g_test_add_func ("/placement/pins", test_pins);
  g_test_add_func ("/placement/explains/distance", test_explains_distance);
  g_test_add_func ("/placement/explains/nodes", test_explains_nodes);
  g_test_add_func ("/placement/explains/together", test_explains_together);
  g_test_add_func ("/placement/limits", test_limits);
  g_test_add_func ("/placement/large", test_large);
  return g_test_run ();
}
