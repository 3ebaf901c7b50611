/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "resources/dms-gazetteer.h"
#include "resources/dms-locator.h"
#include "resources/dms-maxmind.h"

#include <glib/gstdio.h>
#include <string.h>

/* Made by tests/fixtures/maxmind.py. */
static const char *
get_city_db (void)
{
  return g_getenv ("DMS_TEST_CITY_DB");
}

static void
set (DmsConfig *config, const char *key, const char *value)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (dms_config_set_override (config, key, value, &error));
  g_assert_no_error (error);
}

static void
assert_place (DmsLocation *location, const char *continent, const char *country, const char *city)
{
  g_assert_cmpstr (dms_location_get_continent (location), ==, continent);
  g_assert_cmpstr (dms_location_get_country (location), ==, country);
  g_assert_cmpstr (dms_location_get_city (location), ==, city);
}

static void
test_maxmind (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsLocation) fourth = dms_maxmind_look_up (get_city_db (), "203.0.113.77", &error);
  g_autoptr (DmsLocation) sixth = NULL;
  g_autoptr (DmsLocation) network = NULL;
  DmsCoordinates place;

  g_assert_no_error (error);
  assert_place (fourth, "EU", "DE", "Köln");
  g_assert_true (dms_location_get_coordinates (fourth, &place));
  g_assert_cmpfloat (place.latitude, ==, 50.94);
  g_assert_cmpfloat (place.longitude, ==, 6.96);
  sixth = dms_maxmind_look_up (get_city_db (), "2001:db8:1::5", &error);
  g_assert_no_error (error);
  assert_place (sixth, "OC", "NZ", "Wellington");
  network = dms_maxmind_look_up (g_getenv ("DMS_TEST_ASN_DB"), "203.0.113.77", &error);
  g_assert_no_error (error);
  g_assert_cmpuint (dms_location_get_asn (network), ==, 64500);
  g_assert_cmpstr (dms_location_get_isp (network), ==, "Example Net");
  g_assert_null (dms_maxmind_look_up (get_city_db (), "198.51.100.1", &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_NOT_FOUND);
  g_clear_error (&error);
  g_assert_null (dms_maxmind_look_up (get_city_db (), "not an address", &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);
  g_assert_null (dms_maxmind_look_up ("/nowhere/at/all.mmdb", "203.0.113.77", &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_IO);
}

/* Cut short and changed anywhere, a file is refused or answered from, and nothing else happens. */
static void
test_damaged_files (void)
{
  g_autofree char *content = NULL;
  g_autofree char *path = NULL;
  g_autoptr (GRand) random = g_rand_new_with_seed (1);
  gsize size = 0;
  int fd = g_file_open_tmp ("dms-mmdb-XXXXXX", &path, NULL);

  g_assert_cmpint (fd, >=, 0);
  g_close (fd, NULL);
  g_assert_true (g_file_get_contents (get_city_db (), &content, &size, NULL));
  for (guint i = 0; i < 400; i++)
    {
      g_autofree char *changed = g_memdup2 (content, size);
      gsize kept = i % 2 == 0 ? (gsize) g_rand_int_range (random, 0, (gint32) size) : size;
      g_autoptr (DmsLocation) found = NULL;
      g_autoptr (GError) error = NULL;

      for (guint j = 0; i % 2 == 1 && j < 1 + i % 8; j++)
        changed[g_rand_int_range (random, 0, (gint32) size)] = (char) g_rand_int_range (random, 0, 256);
      g_assert_true (g_file_set_contents (path, changed, (gssize) kept, NULL));
      found = dms_maxmind_look_up (path, i % 3 == 0 ? "2001:db8:1::5" : "203.0.113.77", &error);
      g_assert_true ((found == NULL) == (error != NULL));
    }
  g_unlink (path);
}

static void
test_gazetteer (void)
{
  static const char table[] = "# a comment\nDE\t+5230+01322\tEurope/Berlin\tmost\n"
                              "AR\t-3436-05827\tAmerica/Argentina/Buenos_Aires\n"
                              "XX\t+1\tEurope/Broken\nYY\nUS\t+404251-0740023\tAmerica/New_York\n";
  g_autofree char *path = NULL;
  int fd = g_file_open_tmp ("dms-zones-XXXXXX", &path, NULL);
  DmsCoordinates place;

  g_assert_cmpint (fd, >=, 0);
  g_close (fd, NULL);
  g_assert_true (g_file_set_contents (path, table, -1, NULL));
  g_assert_true (dms_gazetteer_find (path, "de", "berlin", &place));
  g_assert_cmpfloat_with_epsilon (place.latitude, 52.5, 1e-9);
  g_assert_cmpfloat_with_epsilon (place.longitude, 13 + 22 / 60.0, 1e-9);
  g_assert_true (dms_gazetteer_find (path, "AR", "Buenos Aires", &place));
  g_assert_cmpfloat_with_epsilon (place.latitude, -34.6, 1e-9);
  g_assert_true (dms_gazetteer_find (path, "US", "New York", &place));
  g_assert_cmpfloat_with_epsilon (place.longitude, -(74 + 23 / 3600.0), 1e-9);
  g_assert_false (dms_gazetteer_find (path, "FR", "Berlin", &place));
  g_assert_false (dms_gazetteer_find (path, "XX", "Broken", &place));
  g_assert_false (dms_gazetteer_find (path, "DE", NULL, &place));
  g_assert_false (dms_gazetteer_find ("/nowhere", "DE", "Berlin", &place));
  g_unlink (path);
}

/* What is configured counts, and the databases say the rest. */
static void
test_locator (void)
{
  g_autoptr (DmsConfig) config = dms_config_new ();
  g_autoptr (DmsLocator) nowhere = dms_locator_new (config);
  g_autoptr (DmsLocator) found = NULL;
  g_autoptr (DmsLocator) configured = NULL;
  DmsCoordinates place;

  assert_place (dms_locator_get_location (nowhere), NULL, NULL, NULL);
  g_assert_false (dms_locator_wants_address (nowhere));
  g_assert_false (dms_locator_set_address (nowhere, "203.0.113.77"));
  set (config, "general.geoip_city_db", get_city_db ());
  set (config, "general.geoip_asn_db", g_getenv ("DMS_TEST_ASN_DB"));
  found = dms_locator_new (config);
  g_assert_true (dms_locator_wants_address (found));
  g_assert_true (dms_locator_set_address (found, "203.0.113.77"));
  g_assert_false (dms_locator_set_address (found, "203.0.113.77"));
  assert_place (dms_locator_get_location (found), "EU", "DE", "Köln");
  g_assert_cmpuint (dms_location_get_asn (dms_locator_get_location (found)), ==, 64500);
  g_assert_true (dms_locator_set_address (found, "2001:db8::1"));
  assert_place (dms_locator_get_location (found), "OC", "NZ", "Wellington");
  set (config, "general.host_address", "203.0.113.9");
  set (config, "general.host_continent", "NA");
  set (config, "general.host_country", "US");
  set (config, "general.host_asn", "7");
  set (config, "general.host_coordinates", "40.7,-74.0");
  configured = dms_locator_new (config);
  g_assert_false (dms_locator_wants_address (configured));
  assert_place (dms_locator_get_location (configured), "NA", "US", NULL);
  g_assert_cmpuint (dms_location_get_asn (dms_locator_get_location (configured)), ==, 7);
  g_assert_cmpstr (dms_location_get_isp (dms_locator_get_location (configured)), ==, "Example Net");
  g_assert_true (dms_location_get_coordinates (dms_locator_get_location (configured), &place));
  g_assert_cmpfloat (place.latitude, ==, 40.7);
}

static void
test_addresses (void)
{
  static const char *const private[] = { "/ip4/127.0.0.1/tcp/1",
                                         "/ip4/10.1.2.3/tcp/1",
                                         "/ip4/192.168.0.1/tcp/1",
                                         "/ip6/::1/tcp/1",
                                         "/ip6/fe80::1/tcp/1",
                                         "/dns4/x/tcp/1",
                                         "/ip4/0.0.0.0/tcp/9",
                                         "/ip4/x",
                                         "" };
  g_autofree char *fourth = dms_locator_dup_public_address ("/ip4/203.0.113.77/udp/9000/quic-v1");
  g_autofree char *sixth = dms_locator_dup_public_address ("/ip6/2001:db8::1/tcp/1");

  g_assert_cmpstr (fourth, ==, "203.0.113.77");
  g_assert_cmpstr (sixth, ==, "2001:db8::1");
  for (guint i = 0; i < G_N_ELEMENTS (private); i++)
    {
      g_autofree char *none = dms_locator_dup_public_address (private[i]);

      g_assert_null (none);
    }
}

/* Coordinates go along with a location; what makes no sense does not. */
static void
test_json (void)
{
  g_autoptr (DmsLocation) berlin = dms_location_new ("EU", "DE", "Berlin", 0, NULL);
  const DmsCoordinates place = { 52.52, 13.4 };
  g_autoptr (DmsLocation) there = dms_location_new_at (berlin, &place);
  g_autoptr (JsonNode) json = dms_location_to_json (there);
  g_autoptr (DmsLocation) read = dms_location_new_from_json (json, NULL);
  g_autoptr (DmsLocation) wrong = NULL;
  DmsCoordinates again;

  g_assert_true (dms_location_get_coordinates (read, &again));
  g_assert_cmpfloat (again.longitude, ==, 13.4);
  json_object_set_string_member (json_node_get_object (json), "latitude", "north");
  wrong = dms_location_new_from_json (json, NULL);
  g_assert_nonnull (wrong);
  g_assert_false (dms_location_get_coordinates (wrong, &again));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/location/maxmind", test_maxmind);
  g_test_add_func ("/location/damaged-files", test_damaged_files);
  g_test_add_func ("/location/gazetteer", test_gazetteer);
  g_test_add_func ("/location/locator", test_locator);
  g_test_add_func ("/location/addresses", test_addresses);
  g_test_add_func ("/location/json", test_json);
  return g_test_run ();
}
