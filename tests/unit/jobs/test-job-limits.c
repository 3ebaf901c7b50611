/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "jobs/dms-job-parser.h"
#include "jobs/dms-job-units.h"
#include "jobs/dms-health-check.h"
#include "resources/dms-gazetteer.h"

#include <string.h>

static void
assert_refused (GString *text, DmsErrorCode code, const char *part)
{
  g_autoptr (GBytes) data = g_bytes_new (text->str, text->len);
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsEnsemble) ensemble = dms_job_parser_load_data ("job.yaml", NULL, data, &error);

  g_assert_null (ensemble);
  g_assert_error (error, DMS_ERROR, (int) code);
  g_assert_nonnull (strstr (error->message, part));
}

static void
test_too_large (void)
{
  g_autoptr (GString) text = g_string_new ("version: V1\n#");

  while (text->len <= 4 * 1024 * 1024)
    g_string_append (text, "comment comment comment comment comment comment\n#");
  assert_refused (text, DMS_ERROR_TOO_LARGE, "larger than 4 MiB");
}

static void
test_too_deep (void)
{
  g_autoptr (GString) text = g_string_new ("version: ");

  for (int i = 0; i < 100; i++)
    g_string_append_c (text, '[');
  for (int i = 0; i < 100; i++)
    g_string_append_c (text, ']');
  assert_refused (text, DMS_ERROR_TOO_LARGE, "nested more than 64 deep");
}

static void
test_laughs (void)
{
  g_autoptr (GString) text = g_string_new ("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
  gint64 start = g_get_monotonic_time ();

  for (int i = 1; i < 12; i++)
    {
      g_string_append_printf (text, "a%d: &a%d [", i, i);
      for (int j = 0; j < 10; j++)
        g_string_append_printf (text, "%s*a%d", j == 0 ? "" : ", ", i - 1);
      g_string_append (text, "]\n");
    }
  assert_refused (text, DMS_ERROR_TOO_LARGE, "are its aliases nested?");
  g_assert_cmpint (g_get_monotonic_time () - start, <, 5 * G_USEC_PER_SEC);
}

static void
test_laughing_texts (void)
{
  g_autoptr (GString) text = g_string_new ("a: &a \"");

  for (int i = 0; i < 100000; i++)
    g_string_append_c (text, 'x');
  g_string_append (text, "\"\nb: [");
  for (int i = 0; i < 1000; i++)
    g_string_append (text, "*a, ");
  g_string_append (text, "*a]\n");
  assert_refused (text, DMS_ERROR_TOO_LARGE, "too many values");
}

static void
test_many_errors (void)
{
  g_autoptr (GString) text = g_string_new ("version: V1\n");

  for (int i = 0; i < 100; i++)
    g_string_append_printf (text, "unknown-%d: 1\n", i);
  assert_refused (text, DMS_ERROR_INVALID_DATA, "and 52 more");
}

static void
test_missing_file (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (dms_job_parser_load_file ("/nonexistent/job.yaml", &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_NOT_FOUND);
  g_assert_cmpstr (
      error->message, ==, "cannot read job file “/nonexistent/job.yaml”: No such file or directory");
}

static void
assert_wire_error (const char *text, const char *expected)
{
  g_autoptr (JsonNode) node = json_from_string (text, NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsEnsemble) ensemble = dms_ensemble_new_from_json (node, &error);

  g_assert_null (ensemble);
  g_assert_error (error, DMS_ERROR, DMS_ERROR_INVALID_DATA);
  g_assert_cmpstr (error->message, ==, expected);
}

static void
test_wire_errors (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (dms_ensemble_new_from_json (NULL, &error));
  g_assert_cmpstr (error->message, ==, "empty ensemble config");
  assert_wire_error ("{}", "empty ensemble config");
  assert_wire_error ("[]", "empty ensemble config");
  assert_wire_error ("{\"v1\": null}", "empty ensemble config");
  assert_wire_error ("{\"v1\": 5}", "must be a map, got 5");
  assert_wire_error ("{\"v1\": {}}",
                     "allocations: at least one allocation must be defined\n"
                     "nodes: at least one node must be defined");
  assert_wire_error ("{\"v1\": {\"allocations\": {\"a\": 1}, \"nodes\": {\"n\": []}}}",
                     "allocations.a: must be a map, got 1\nnodes.n: must be a map, got a list");
}

/* (transfer full): a message with an allocation that requires this. */
static char *
make_wire_job (const char *requires)
{
  return g_strdup_printf (
      "{\"v1\": {\"allocations\": {\"a\": {\"executor\": \"null\", \"type\": \"task\", \"resources\": "
      "{\"cpu\": "
      "{\"cores\": 1}, \"ram\": {\"size\": 1}, \"disk\": {\"size\": 1}}, \"execution\": {\"type\": "
      "\"null\"}, "
      "\"Requires\": %s}}, \"nodes\": {\"n\": {\"allocations\": [\"a\"], \"redundancy\": 1, \"requires\": "
      "{\"power\": 300}}}}}",
      requires);
}

/* Who does not know what is required cannot say that it is met. */
static void
test_wire_requires (void)
{
  g_autofree char *unknown = make_wire_job ("{\"speed\": 5, \"warranty\": 3}");
  g_autofree char *wrong =
      make_wire_job ("{\"price\": [{\"currency\": \"NTX\", \"currency_per_hour\": -1}]}");
  g_autofree char *good = make_wire_job ("{\"Speed\": 5}");
  g_autoptr (JsonNode) node = json_from_string (good, NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsEnsemble) ensemble = dms_ensemble_new_from_json (node, &error);
  g_autoptr (DmsNodeConfig) standby = NULL;

  assert_wire_error (unknown,
                     "allocations.a.requires: asks for \"warranty\", which this node does not know of");
  assert_wire_error (wrong,
                     "allocations.a.requires.price[0].currency_per_hour: must be a positive number, got -1");
  g_assert_no_error (error);
  g_assert_cmpfloat (dms_profile_get_speed (
                         dms_allocation_config_get_required (dms_ensemble_find_allocation (ensemble, "a"))),
                     ==,
                     5);
  /* A standby has to do the same. */
  standby = dms_node_config_new_standby (dms_ensemble_find_node (ensemble, "n"), 1);
  g_assert_cmpfloat (dms_profile_get_watts (dms_node_config_get_required (standby)), ==, 300);
}

/* Where the cities are known. */
static void
test_distance_from_city (void)
{
  static const char text[] = "version: V1\n"
                             "allocations: {a: {executor: 'null', type: task, resources: {cpu: {cores: 1}, "
                             "ram: {size: 1}, disk: {size: "
                             "1}}, execution: {type: 'null'}}}\n"
                             "nodes: {n: {allocations: [a], preferences: {distance: {weight: 1, from: "
                             "{country: de, city: berlin}}}}}\n";
  g_autoptr (GBytes) data = g_bytes_new_static (text, sizeof text - 1);
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsEnsemble) ensemble = NULL;
  GPtrArray *wishes;

  if (!g_file_test (DMS_GAZETTEER_FILE, G_FILE_TEST_EXISTS))
    {
      g_test_skip ("no " DMS_GAZETTEER_FILE);
      return;
    }
  ensemble = dms_job_parser_load_data ("job.yaml", NULL, data, &error);
  g_assert_no_error (error);
  wishes = dms_preferences_get_distances (
      dms_node_config_get_preferences (dms_ensemble_find_node (ensemble, "n")));
  g_assert_cmpuint (wishes->len, ==, 1);
  g_assert_cmpfloat (dms_distance_wish_get_within_km (wishes->pdata[0]), ==, DMS_DISTANCE_WISH_DEFAULT_KM);
  g_assert_cmpfloat_with_epsilon (dms_distance_wish_get_from (wishes->pdata[0])->latitude, 52.5, 0.1);
  g_assert_cmpfloat_with_epsilon (dms_distance_wish_get_from (wishes->pdata[0])->longitude, 13.4, 0.1);
}

static void
test_wire_lenient (void)
{
  g_autoptr (JsonNode) node = json_from_string (
      "{\"V1\": {\"Allocations\": {\"job\": {\"Executor\": \"docker\", \"TYPE\": \"task\", \"later\": {},"
      "\"Resources\": {\"CPU\": {\"Cores\": 1.5, \"clock_speed\": 0}, \"RAM\": {\"Size\": 1048576}, "
      "\"disk\": {\"size\": 5},"
      "\"gpus\": null}, \"execution\": {\"Type\": \"docker\", \"Params\": {\"image\": \"alpine\", \"later\": "
      "[1],"
      "\"environment\": {\"A\": 1}}}, \"healthcheck\": {\"type\": \"\", \"exec\": null},"
      "\"failure_recovery\": \"\"}}, \"Nodes\": {\"n\": {\"Allocations\": [\"job\"], \"location\": {}, "
      "\"ports\": null}},"
      "\"supervisor\": {}, \"scripts\": null, \"unknown\": 3}}",
      NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsEnsemble) ensemble = dms_ensemble_new_from_json (node, &error);
  DmsAllocationConfig *job;
  JsonObject *params;

  g_assert_no_error (error);
  job = dms_ensemble_find_allocation (ensemble, "job");
  g_assert_nonnull (job);
  g_assert_null (dms_allocation_config_get_health_check (job));
  g_assert_cmpfloat (
      dms_cpu_get_cores (dms_resources_get_cpu (dms_allocation_config_get_resources (job))), ==, 1.5);
  g_assert_cmpuint (
      dms_ram_get_size_bytes (dms_resources_get_ram (dms_allocation_config_get_resources (job))),
      ==,
      1048576);
  g_assert_cmpstr (dms_allocation_config_get_failure_recovery (job), ==, "stay_down");
  params = dms_allocation_config_get_params (job);
  g_assert_true (json_object_has_member (params, "later"));
  g_assert_cmpstr (
      json_array_get_string_element (json_object_get_array_member (params, "environment"), 0), ==, "A=1");
}

static void
test_wire_health_check (void)
{
  g_autoptr (JsonNode) good =
      json_from_string ("{\"type\":\"command\",\"exec\":[\"true\"],\"interval\":5000000000}", NULL);
  g_autoptr (JsonNode) bad =
      json_from_string ("{\"type\":\"command\",\"exec\":[\"true\"],\"interval\":-5}", NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsHealthCheck) check = dms_health_check_new_from_json (good, &error);

  g_assert_no_error (error);
  g_assert_cmpint (dms_health_check_get_interval_ns (check), ==, 5000000000);
  g_assert_null (dms_health_check_new_from_json (bad, &error));
  g_assert_cmpstr (error->message, ==, "healthcheck.interval: must be a whole number of at least 1, got -5");
}

typedef struct
{
  const char *text;
  guint64 bytes;
} SizeCase;

static void
test_units (void)
{
  static const SizeCase sizes[] = {
    { "1", 1ULL << 30 },
    { "0.5", 1ULL << 29 },
    { "10B", 10 },
    { "1kB", 1000 },
    { "1 kib", 1024 },
    { "2MB", 2000000 },
    { "1.5GiB", 3ULL << 29 },
    { " 7 TiB", 7ULL << 40 },
    { "1e3B", 1000 },
    { "1eb", 1000000000000000000ULL },
    { "-1", 0 },
    { "0x10", 0 },
    { "inf", 0 },
    { "1.2.3", 0 },
    { "1K", 0 },
    { "", 0 },
    { "8EiB", 0 },
    { "1e400", 0 },
  };
  static const char *const durations[] = { "10s", "1m30s", "250ms", "1h0m5s", "1.5s" };
  static const char *const not_durations[] = { "10", "s", "", "1y", "-5s", "0s", "1m 30s", "999999999h" };

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_autofree char *why = NULL;
      guint64 bytes = 0;
      gboolean ok = dms_job_units_parse_bytes (sizes[i].text, 1ULL << 30, &bytes, &why);

      g_test_message ("size %s", sizes[i].text);
      g_assert_true (ok == (sizes[i].bytes > 0));
      if (ok)
        g_assert_cmpuint (bytes, ==, sizes[i].bytes);
      else
        g_assert_nonnull (why);
    }
  for (guint i = 0; i < G_N_ELEMENTS (durations); i++)
    {
      g_autofree char *why = NULL;
      g_autofree char *back = NULL;
      gint64 ns = 0;

      g_assert_true (dms_job_units_parse_duration (durations[i], &ns, &why));
      back = dms_job_units_format_duration (ns);
      g_assert_cmpstr (back, ==, durations[i]);
    }
  for (guint i = 0; i < G_N_ELEMENTS (not_durations); i++)
    {
      g_autofree char *why = NULL;
      gint64 ns = 0;

      g_test_message ("duration %s", not_durations[i]);
      g_assert_false (dms_job_units_parse_duration (not_durations[i], &ns, &why));
      g_assert_nonnull (why);
    }
}

/* Whatever the bytes, the answer is a value or an error, in bounded time. */
static void
test_garbage (void)
{
  static const char seed[] =
      "version: V1\nallocations: {a: {executor: process, resources: &r {cpu: {cores: 1}}, x: *r}}\n"
      "scripts: {p: \"${A:-${B:-c}}\"}\nnodes: {n: {allocations: [a]}}\n";
  g_autoptr (GRand) random = g_rand_new_with_seed (7);

  for (int round = 0; round < 3000; round++)
    {
      g_autofree char *copy = g_memdup2 (seed, sizeof seed - 1);
      g_autoptr (GBytes) data = NULL;
      g_autoptr (GError) error = NULL;
      g_autoptr (DmsEnsemble) ensemble = NULL;
      int changes = g_rand_int_range (random, 1, 6);

      for (int i = 0; i < changes; i++)
        copy[g_rand_int_range (random, 0, sizeof seed - 1)] = (char) g_rand_int_range (random, 0, 256);
      data = g_bytes_new_take (g_steal_pointer (&copy), sizeof seed - 1);
      ensemble = dms_job_parser_load_data ("job.yaml", NULL, data, &error);
      g_assert_true ((ensemble == NULL) == (error != NULL));
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/jobs/limits/too-large", test_too_large);
  g_test_add_func ("/jobs/limits/too-deep", test_too_deep);
  g_test_add_func ("/jobs/limits/laughs", test_laughs);
  g_test_add_func ("/jobs/limits/laughing-texts", test_laughing_texts);
  g_test_add_func ("/jobs/limits/many-errors", test_many_errors);
  g_test_add_func ("/jobs/limits/garbage", test_garbage);
  g_test_add_func ("/jobs/missing-file", test_missing_file);
  g_test_add_func ("/jobs/wire/errors", test_wire_errors);
  g_test_add_func ("/jobs/wire/lenient", test_wire_lenient);
  g_test_add_func ("/jobs/wire/health-check", test_wire_health_check);
  g_test_add_func ("/jobs/wire/requires", test_wire_requires);
  g_test_add_func ("/jobs/distance-from-city", test_distance_from_city);
  g_test_add_func ("/jobs/units", test_units);
  return g_test_run ();
}
