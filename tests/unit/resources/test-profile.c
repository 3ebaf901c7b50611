/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <dms.h>

#include "common/dms-json-object.h"
#include "resources/dms-fit.h"
#include "resources/dms-gpu-matching.h"
#include "resources/dms-profile.h"
#include "resources/dms-semver.h"

#include <string.h>

static const guint64 GIB = 1024 * 1024 * 1024;

static DmsProfile *
parse (const char *text)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) node = dms_json_node_from_text (text, -1, &error);
  DmsProfile *profile;

  g_assert_no_error (error);
  profile = dms_profile_new_from_json (node, &error);
  g_assert_no_error (error);
  return profile;
}

/* What is said */

static void
test_says_what_is_short (void)
{
  g_autoptr (DmsProfile) offered = parse (
      "{\"executor\":[\"docker\"],\"resources\":{\"cpu\":{\"cores\":4},\"ram\":{\"size\":6442450944},"
      "\"disk\":{\"size\":10737418240},\"gpus\":[{\"index\":0,\"vendor\":\"NVIDIA\",\"vram\":8589934592}]}}");
  g_autoptr (DmsProfile) required =
      parse ("{\"executor\":[\"docker\"],\"resources\":{\"cpu\":{\"cores\":4},\"ram\":{\"size\":8589934592},"
             "\"disk\":{\"size\":10737418240},\"gpus\":[{\"vendor\":\"NVIDIA\",\"vram\":17179869184}]}}");
  g_autoptr (DmsFit) fit = dms_comparator_explain_profiles (offered, required);
  g_autofree char *text = dms_fit_describe (fit);
  g_autofree char *relaxation = dms_fit_describe_relaxation (fit);
  DmsShortfall *ram = dms_fit_find (fit, "ram.size");
  g_autoptr (DmsProfile) relaxed = dms_comparator_relax_profile (offered, required);
  g_autoptr (DmsFit) then = dms_comparator_explain_profiles (offered, relaxed);

  g_assert_false (dms_fit_suffices (fit));
  g_assert_cmpstr (text, ==, "RAM 6 of 8 GiB: 2 GiB short; GPU memory 8 of 16 GiB: 8 GiB short");
  g_assert_cmpstr (relaxation, ==, "RAM 6 GiB instead of 8 GiB, GPU memory 8 GiB instead of 16 GiB");
  g_assert_nonnull (ram);
  g_assert_cmpstr (dms_shortfall_get_required (ram), ==, "8 GiB");
  g_assert_cmpstr (dms_shortfall_get_offered (ram), ==, "6 GiB");
  g_assert_cmpstr (dms_shortfall_get_short_by (ram), ==, "2 GiB");
  g_assert_cmpfloat (dms_shortfall_get_offered_number (ram), ==, 6.0 * (double) GIB);
  g_assert_true (dms_fit_suffices (then));
}

typedef struct
{
  const char *offered;
  const char *required;
  /* (nullable): NULL when it suffices */
  const char *field;
  DmsComparison expected;
} Case;

/* No GPU is asked for, which any machine has more than. */
static const Case CASES[] = {
  { "{}", "{}", NULL, DMS_COMPARISON_BETTER },
  { "{\"executor\":[\"docker\",\"process\"]}", "{\"executor\":[\"docker\"]}", NULL, DMS_COMPARISON_BETTER },
  { "{\"executor\":[\"docker\"]}", "{\"executor\":[\"docker\"]}", NULL, DMS_COMPARISON_BETTER },
  { "{\"executor\":[\"docker\"]}",
    "{\"executor\":[\"docker\",\"process\"]}",
    "executor",
    DMS_COMPARISON_WORSE },
  { "{\"executor\":[\"docker\"]}", "{\"executor\":[\"process\"]}", "executor", DMS_COMPARISON_NONE },
  { "{\"type\":[\"batch\"]}", "{\"type\":[\"long_running\"]}", "type", DMS_COMPARISON_NONE },
  { "{\"libraries\":[{\"name\":\"cuda\",\"version\":\"12.2\"}]}",
    "{\"libraries\":[{\"name\":\"CUDA\",\"constraint\":\">=\",\"version\":\"11\"}]}",
    NULL,
    DMS_COMPARISON_BETTER },
  { "{\"libraries\":[{\"name\":\"cuda\",\"version\":\"12.2\"}]}",
    "{\"libraries\":[{\"name\":\"cuda\",\"constraint\":\"~> 11.4\"}]}",
    "libraries[0]",
    DMS_COMPARISON_WORSE },
  { "{}", "{\"libraries\":[{\"name\":\"cuda\"}]}", "libraries[0]", DMS_COMPARISON_NONE },
  { "{\"locality\":[{\"kind\":\"country\",\"name\":\"DE\"}]}",
    "{\"locality\":[{\"kind\":\"country\",\"name\":\"de\"}]}",
    NULL,
    DMS_COMPARISON_BETTER },
  { "{\"locality\":[{\"kind\":\"country\",\"name\":\"DE\"}]}",
    "{\"locality\":[{\"kind\":\"country\",\"name\":\"FR\"}]}",
    "locality[0]",
    DMS_COMPARISON_WORSE },
  { "{\"storage\":[{\"type\":\"local\",\"size\":100,\"amount\":2}]}",
    "{\"storage\":[{\"size\":100,\"amount\":2}]}",
    NULL,
    DMS_COMPARISON_BETTER },
  { "{\"storage\":[{\"type\":\"local\",\"size\":100}]}",
    "{\"storage\":[{\"type\":\"local\",\"size\":101}]}",
    "storage[0]",
    DMS_COMPARISON_WORSE },
  { "{\"connectivity\":{\"ports\":[80,443],\"vpn\":true}}",
    "{\"connectivity\":{\"ports\":[443]}}",
    NULL,
    DMS_COMPARISON_BETTER },
  { "{\"connectivity\":{\"ports\":[80]}}",
    "{\"connectivity\":{\"ports\":[443]}}",
    "connectivity.ports",
    DMS_COMPARISON_WORSE },
  { "{}", "{\"connectivity\":{\"ports\":[],\"vpn\":true}}", "connectivity.vpn", DMS_COMPARISON_WORSE },
  /* Who names no price may ask for any. */
  { "{}", "{\"price\":[{\"currency\":\"NTX\",\"total_per_job\":1}]}", "price", DMS_COMPARISON_NONE },
  { "{\"price\":[{\"currency\":\"NTX\",\"currency_per_hour\":2}]}", "{}", NULL, DMS_COMPARISON_BETTER },
  /* Two an hour for three hours. */
  { "{\"price\":[{\"currency\":\"NTX\",\"currency_per_hour\":2}],\"time\":{\"units\":\"days\",\"max_time\":1}"
    "}",
    "{\"price\":[{\"currency\":\"NTX\",\"total_per_job\":6}],\"time\":{\"units\":\"hours\",\"max_time\":3}}",
    NULL,
    DMS_COMPARISON_BETTER },
  { "{\"price\":[{\"currency\":\"NTX\",\"currency_per_hour\":2}],\"time\":{\"units\":\"days\",\"max_time\":1}"
    "}",
    "{\"price\":[{\"currency\":\"NTX\",\"total_per_job\":5}],\"time\":{\"units\":\"hours\",\"max_time\":3}}",
    "price[0].total_per_job",
    DMS_COMPARISON_WORSE },
  { "{\"price\":[{\"currency\":\"NTX\",\"currency_per_hour\":2}]}",
    "{\"price\":[{\"currency\":\"NTX\",\"total_per_job\":5}]}",
    "price[0].total_per_job",
    DMS_COMPARISON_WORSE },
  { "{\"speed\":100}", "{\"speed\":100}", NULL, DMS_COMPARISON_BETTER },
  { "{\"speed\":99}", "{\"speed\":100}", "speed", DMS_COMPARISON_WORSE },
  { "{}", "{\"speed\":100}", "speed", DMS_COMPARISON_NONE },
  { "{\"power\":300}", "{\"power\":300}", NULL, DMS_COMPARISON_BETTER },
  { "{\"power\":301}", "{\"power\":300}", "power", DMS_COMPARISON_WORSE },
  { "{}", "{\"power\":300}", "power", DMS_COMPARISON_NONE },
  { "{}", "{\"time\":{\"max_time\":60}}", "time.max_time", DMS_COMPARISON_NONE },
  { "{\"price\":[{\"currency\":\"NTX\",\"currency_per_hour\":2}]}",
    "{\"price\":[{\"currency\":\"NTX\",\"currency_per_hour\":2}]}",
    NULL,
    DMS_COMPARISON_BETTER },
  { "{\"price\":[{\"currency\":\"NTX\",\"currency_per_hour\":2.5}]}",
    "{\"price\":[{\"currency\":\"NTX\",\"currency_per_hour\":2}]}",
    "price[0].currency_per_hour",
    DMS_COMPARISON_WORSE },
  { "{\"price\":[{\"currency\":\"NTX\",\"currency_per_hour\":1}]}",
    "{\"price\":[{\"currency\":\"EUR\",\"currency_per_hour\":2}]}",
    "price",
    DMS_COMPARISON_NONE },
  { "{\"time\":{\"units\":\"hours\",\"max_time\":1}}",
    "{\"time\":{\"units\":\"minutes\",\"max_time\":60}}",
    NULL,
    DMS_COMPARISON_BETTER },
  { "{\"time\":{\"units\":\"minutes\",\"max_time\":59}}",
    "{\"time\":{\"units\":\"hours\",\"max_time\":1}}",
    "time.max_time",
    DMS_COMPARISON_WORSE },
  { "{\"kyc\":[{\"type\":\"passport\",\"data\":\"x\"}]}",
    "{\"kyc\":[{\"type\":\"passport\"}]}",
    NULL,
    DMS_COMPARISON_BETTER },
  { "{}", "{\"kyc\":[{\"type\":\"passport\"}]}", "kyc[0]", DMS_COMPARISON_NONE },
  { "{\"resources\":{\"cpu\":{\"cores\":1,\"vendor\":\"AMD\"}}}",
    "{\"resources\":{\"cpu\":{\"cores\":1,\"vendor\":\"Intel\"}}}",
    "cpu.vendor",
    DMS_COMPARISON_NONE },
  /* What a machine does not know of itself matches. */
  { "{\"resources\":{\"cpu\":{\"cores\":1}}}",
    "{\"resources\":{\"cpu\":{\"cores\":1,\"vendor\":\"Intel\",\"threads\":8}}}",
    NULL,
    DMS_COMPARISON_BETTER },
};

static void
test_cases (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (CASES); i++)
    {
      g_autoptr (DmsProfile) offered = parse (CASES[i].offered);
      g_autoptr (DmsProfile) required = parse (CASES[i].required);
      g_autoptr (DmsFit) fit = dms_comparator_explain_profiles (offered, required);
      g_autoptr (DmsProfile) relaxed = dms_comparator_relax_profile (offered, required);
      g_autoptr (DmsFit) then = dms_comparator_explain_profiles (offered, relaxed);
      GPtrArray *shortfalls = dms_fit_get_shortfalls (fit);

      g_test_message ("%s for %s", CASES[i].offered, CASES[i].required);
      g_assert_cmpint (dms_fit_get_comparison (fit), ==, CASES[i].expected);
      g_assert_cmpuint (shortfalls->len, ==, CASES[i].field != NULL ? 1 : 0);
      if (CASES[i].field != NULL)
        g_assert_cmpstr (dms_shortfall_get_field (shortfalls->pdata[0]), ==, CASES[i].field);
      g_assert_true (dms_fit_suffices (then));
    }
}

static void
test_adds_and_takes_away (void)
{
  g_autoptr (DmsProfile) a =
      parse ("{\"executor\":[\"docker\"],\"resources\":{\"cpu\":{\"cores\":2},\"ram\":{\"size\":8},"
             "\"disk\":{\"size\":8}},\"connectivity\":{\"ports\":[80]},"
             "\"price\":[{\"currency\":\"NTX\",\"total_per_job\":2}],"
             "\"libraries\":[{\"name\":\"cuda\",\"version\":\"12\"}],\"speed\":9,\"power\":300}");
  g_autoptr (DmsProfile) b =
      parse ("{\"executor\":[\"process\"],\"resources\":{\"cpu\":{\"cores\":1},\"ram\":{\"size\":4},"
             "\"disk\":{\"size\":2}},\"connectivity\":{\"ports\":[443]},"
             "\"price\":[{\"currency\":\"NTX\",\"total_per_job\":1}],"
             "\"libraries\":[{\"name\":\"mpi\",\"version\":\"4\"}],\"speed\":7,\"power\":100}");
  g_autoptr (DmsProfile) sum = dms_profile_add (a, b);
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsProfile) back = dms_profile_subtract (sum, b, &error);
  g_autoptr (JsonNode) json = dms_profile_to_json (sum);
  g_autoptr (DmsProfile) copy = dms_profile_new_from_json (json, NULL);

  g_assert_no_error (error);
  g_assert_cmpuint (g_strv_length ((GStrv) dms_profile_get_executors (sum)), ==, 2);
  g_assert_cmpfloat (dms_cpu_get_cores (dms_resources_get_cpu (dms_profile_get_resources (sum))), ==, 3);
  g_assert_cmpfloat (dms_profile_get_speed (sum), ==, 9);
  g_assert_cmpfloat (dms_profile_get_watts (sum), ==, 400);
  g_assert_true (dms_profile_equal (back, a));
  g_assert_true (dms_profile_equal (copy, sum));
  g_assert_false (dms_profile_equal (a, b));
  g_assert_null (dms_profile_subtract (b, sum, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_NO_RESOURCES);
}

static void
test_refuses_nonsense (void)
{
  static const char *const bad[] = {
    "[]",
    "{\"executor\":[1]}",
    "{\"libraries\":[{}]}",
    "{\"libraries\":[{\"name\":7}]}",
    "{\"libraries\":[{\"name\":\"\"}]}",
    "{\"locality\":[\"DE\"]}",
    "{\"connectivity\":{\"ports\":[0]}}",
    "{\"connectivity\":{\"ports\":[70000]}}",
    "{\"time\":\"long\"}",
    "{\"price\":[{\"currency_per_hour\":1}]}",
  };

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (JsonNode) node = dms_json_node_from_text (bad[i], -1, NULL);
      g_autoptr (GError) error = NULL;

      g_test_message ("%s", bad[i]);
      g_assert_null (dms_profile_new_from_json (node, &error));
      g_assert_error (error, DMS_ERROR, DMS_ERROR_INVALID_DATA);
    }
}

/* Versions */

static void
test_versions_in_order (void)
{
  /* The example of semver.org section 11, and numbers that are not texts. */
  static const char *const order[] = { "1.0.0-alpha",
                                       "1.0.0-alpha.1",
                                       "1.0.0-alpha.beta",
                                       "1.0.0-beta",
                                       "1.0.0-beta.2",
                                       "1.0.0-beta.11",
                                       "1.0.0-rc.1",
                                       "1.0.0",
                                       "1.2",
                                       "1.10.0",
                                       "v2",
                                       "10.0.0.1" };

  for (guint i = 0; i < G_N_ELEMENTS (order); i++)
    {
      for (guint j = 0; j < G_N_ELEMENTS (order); j++)
        {
          g_autoptr (DmsSemver) a = dms_semver_new (order[i], NULL);
          g_autoptr (DmsSemver) b = dms_semver_new (order[j], NULL);
          int compared = dms_semver_compare (a, b);

          g_assert_cmpint ((compared > 0) - (compared < 0), ==, (i > j) - (i < j));
        }
    }
}

static void
test_version_constraints (void)
{
  static const struct
  {
    const char *version;
    const char *constraint;
    gboolean met;
  } cases[] = {
    { "1.2.3", "", TRUE },
    { "1.2.3", "1.2.3", TRUE },
    { "1.2.3", "=1.2.3+build", TRUE },
    { "1.2.3", "!=1.2.3", FALSE },
    { "1.2.3", "<1.10", TRUE },
    { "1.2.3", "<= 1.2.3", TRUE },
    { "1.2.3", "> 1.2.3", FALSE },
    { "1.2.3", ">= 1, < 2", TRUE },
    { "2.0", ">= 1, < 2", FALSE },
    { "1.2.9", "~> 1.2.3", TRUE },
    { "1.3.0", "~> 1.2.3", FALSE },
    { "1.9", "~> 1.2", TRUE },
    { "2.0", "~> 1.2", FALSE },
    { "1.5", "~> 1", TRUE },
    { "2.0", "~> 1", FALSE },
    { "2.0-rc1", "< 2.0", FALSE },
    { "2.0-rc1", ">= 2.0-beta", TRUE },
    { "1.2.2", "~> 1.2.3", FALSE },
    { "2.0-rc1", "2.0-rc1", TRUE },
  };
  static const char *const bad[] = { ">= ", "=> 1", ">= one", "1.2.3,", "1..2" };
  g_autofree char *many = g_strnfill (400, ',');

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;

      g_test_message ("%s and %s", cases[i].version, cases[i].constraint);
      g_assert_cmpint (
          dms_semver_satisfies (cases[i].version, cases[i].constraint, &error), ==, cases[i].met);
      g_assert_no_error (error);
    }
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (GError) error = NULL;

      g_test_message ("%s", bad[i]);
      g_assert_false (dms_semver_satisfies ("1.2.3", bad[i], &error));
      g_assert_error (error, DMS_ERROR, DMS_ERROR_INVALID_DATA);
    }
  g_assert_false (dms_semver_satisfies ("1.2.3", many, NULL));
}

/* Of all comparisons with one library in one place or several: whether any version is left. */
static void
test_can_meet (void)
{
  static const struct
  {
    const char *constraints[4];
    gboolean can;
  } cases[] = {
    { { NULL }, TRUE },
    { { "" }, TRUE },
    { { ">= 3.2, < 4" }, TRUE },
    { { ">= 4, < 3.2" }, FALSE },
    { { ">= 4", "< 3.2" }, FALSE },
    { { "> 4, < 4.0.1" }, TRUE },
    { { "> 4, <= 4" }, FALSE },
    { { ">= 4, <= 4" }, TRUE },
    { { ">= 4, <= 4, != 4.0" }, FALSE },
    { { "!= 0" }, TRUE },
    { { "< 0" }, FALSE },
    { { "<= 0" }, TRUE },
    { { "= 1.2", "= 1.2.0" }, TRUE },
    { { "= 1.2", "= 1.2.1" }, FALSE },
    { { "~> 1.2, >= 2" }, FALSE },
    { { "~> 1.2, > 1.9" }, TRUE },
    { { "~> 1.2, != 1.2" }, TRUE },
    { { "> 2.0.0-rc1, < 2.0.0-rc2" }, TRUE },
    /* A range takes what comes before a release only where it names such a one. */
    { { "> 2.0.0-rc1, < 2.0.0" }, FALSE },
    { { ">= 2.0.0-rc1, < 2.0.0-rc1" }, FALSE },
    { { "> 2.0.0-rc2, < 2.0.0-rc1" }, FALSE },
    { { "> 2.0.0-rc1, < 3, != 2" }, TRUE },
    { { "> 18446744073709551615.1, < 18446744073709551615.2" }, TRUE },
    { { "nonsense" }, TRUE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      if (dms_semver_can_meet (cases[i].constraints) != cases[i].can)
        g_test_fail_printf ("“%s”", cases[i].constraints[0]);
    }
}

/* Against brute force */

enum
{
  MAX_DEVICES = 5,
  ROUNDS = 4000,
};

static DmsGpu *
random_gpu (guint index, gboolean required)
{
  static const DmsGpuVendor vendors[] = { DMS_GPU_VENDOR_NVIDIA, DMS_GPU_VENDOR_AMD, DMS_GPU_VENDOR_NONE };
  static const char *const models[] = { "A100", "H100", NULL };
  gint32 any = required ? 3 : 2;

  return dms_gpu_new (index,
                      vendors[g_test_rand_int_range (0, any)],
                      models[g_test_rand_int_range (0, any)],
                      NULL,
                      NULL,
                      (guint64) g_test_rand_int_range (required ? 0 : 1, 5) * GIB);
}

static GPtrArray *
random_gpus (gboolean required)
{
  GPtrArray *gpus = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_gpu_unref);
  guint n = (guint) g_test_rand_int_range (0, MAX_DEVICES + 1);

  for (guint i = 0; i < n; i++)
    g_ptr_array_add (gpus, random_gpu (i, required));
  return gpus;
}

/* Written again, from the rules. */
static gboolean
oracle_serves (DmsGpu *have, DmsGpu *want)
{
  DmsGpuVendor vendor = dms_gpu_get_vendor (want);
  const char *model = dms_gpu_get_model (want);

  return (vendor == DMS_GPU_VENDOR_NONE || vendor == dms_gpu_get_vendor (have)) &&
         (model == NULL || g_strcmp0 (model, dms_gpu_get_model (have)) == 0) &&
         dms_gpu_get_vram_bytes (have) >= dms_gpu_get_vram_bytes (want);
}

/* The most requirements that can have a device, by trying all ways. */
static guint
oracle_most (GPtrArray *offered, GPtrArray *required, guint from, guint taken)
{
  guint most;

  if (from == required->len)
    return 0;
  most = oracle_most (offered, required, from + 1, taken);
  for (guint d = 0; d < offered->len; d++)
    {
      if ((taken & 1u << d) == 0 && oracle_serves (offered->pdata[d], required->pdata[from]))
        most = MAX (most, 1 + oracle_most (offered, required, from + 1, taken | 1u << d));
    }
  return most;
}

static DmsResources *
random_resources (gboolean required)
{
  g_autoptr (DmsCpu) cpu = dms_cpu_new (g_test_rand_int_range (0, 5), 0);
  g_autoptr (DmsRam) ram = dms_ram_new ((guint64) g_test_rand_int_range (0, 5) * GIB, 0, NULL);
  g_autoptr (DmsDisk) disk = dms_disk_new ((guint64) g_test_rand_int_range (0, 5) * GIB);
  g_autoptr (GPtrArray) gpus = random_gpus (required);

  return dms_resources_new (cpu, ram, disk, gpus);
}

/* How many requirements must change: each one that is not met is met by no change of another. */
static guint
oracle_changes (DmsResources *offered, DmsResources *required)
{
  GPtrArray *wanted = dms_resources_get_gpus (required);
  guint n = wanted->len - oracle_most (dms_resources_get_gpus (offered), wanted, 0, 0);

  n += dms_cpu_get_cores (dms_resources_get_cpu (offered)) <
       dms_cpu_get_cores (dms_resources_get_cpu (required));
  n += dms_ram_get_size_bytes (dms_resources_get_ram (offered)) <
       dms_ram_get_size_bytes (dms_resources_get_ram (required));
  n += dms_disk_get_size_bytes (dms_resources_get_disk (offered)) <
       dms_disk_get_size_bytes (dms_resources_get_disk (required));
  return n;
}

static void
test_against_brute_force (void)
{
  for (guint i = 0; i < ROUNDS; i++)
    {
      g_autoptr (DmsResources) offered = random_resources (FALSE);
      g_autoptr (DmsResources) required = random_resources (TRUE);
      g_autoptr (DmsFit) fit = dms_comparator_explain (offered, required);
      g_autoptr (DmsResources) relaxed = dms_comparator_relax (offered, required);
      guint n_changes = oracle_changes (offered, required);
      GPtrArray *gpus = dms_resources_get_gpus (required);
      g_autoptr (GPtrArray) matched = dms_gpu_matching_find (dms_resources_get_gpus (offered), gpus);

      g_assert_cmpint (dms_fit_suffices (fit), ==, n_changes == 0);
      /* As few as can be. */
      g_assert_cmpuint (dms_fit_get_shortfalls (fit)->len, ==, n_changes);
      /* And they do. */
      g_assert_cmpuint (oracle_changes (offered, relaxed), ==, 0);
      g_assert_true (dms_comparator_suffices (dms_comparator_compare (offered, relaxed)));
      for (guint j = 0; matched != NULL && j < matched->len; j++)
        g_assert_true (oracle_serves (matched->pdata[j], gpus->pdata[j]));
    }
}

/* However many are asked for, it ends soon and says so. */
static void
test_bounds_hostile_requests (void)
{
  g_autoptr (GPtrArray) many = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_gpu_unref);
  g_autoptr (GPtrArray) few = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_gpu_unref);
  g_autoptr (DmsCpu) cpu = dms_cpu_new (1, 0);
  g_autoptr (DmsRam) ram = dms_ram_new (1, 0, NULL);
  g_autoptr (DmsDisk) disk = dms_disk_new (1);
  g_autoptr (DmsResources) offered = NULL;
  g_autoptr (DmsResources) required = NULL;
  g_autoptr (DmsFit) fit = NULL;

  for (guint i = 0; i < 1000; i++)
    g_ptr_array_add (many, random_gpu (i, TRUE));
  for (guint i = 0; i < 8; i++)
    g_ptr_array_add (few, random_gpu (i, FALSE));
  offered = dms_resources_new (cpu, ram, disk, few);
  required = dms_resources_new (cpu, ram, disk, many);
  fit = dms_comparator_explain (offered, required);
  g_assert_false (dms_fit_suffices (fit));
  g_assert_cmpuint (dms_fit_get_shortfalls (fit)->len, <=, DMS_GPU_MATCHING_MAX + 1);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/profile/says-what-is-short", test_says_what_is_short);
  g_test_add_func ("/profile/cases", test_cases);
  g_test_add_func ("/profile/adds-and-takes-away", test_adds_and_takes_away);
  g_test_add_func ("/profile/refuses-nonsense", test_refuses_nonsense);
  g_test_add_func ("/profile/versions-in-order", test_versions_in_order);
  g_test_add_func ("/profile/version-constraints", test_version_constraints);
  g_test_add_func ("/profile/versions-that-meet-all", test_can_meet);
  g_test_add_func ("/profile/against-brute-force", test_against_brute_force);
  g_test_add_func ("/profile/bounds-hostile-requests", test_bounds_hostile_requests);
  return g_test_run ();
}
