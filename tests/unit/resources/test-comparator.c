/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <dms.h>

#include "common/dms-json-object.h"
#include "resources/dms-comparator.h"
#include "resources/dms-location.h"

static DmsResources *
parse (const char *text)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) node = dms_json_node_from_text (text, -1, &error);
  DmsResources *resources;

  g_assert_no_error (error);
  resources = dms_resources_new_from_json (node, &error);
  g_assert_no_error (error);
  return resources;
}

typedef struct
{
  const char *offered;
  const char *required;
  DmsComparison expected;
} Case;

static const Case CASES[] = {
  { "{\"cpu\":{\"cores\":2},\"ram\":{\"size\":100},\"disk\":{\"size\":100}}",
    "{\"cpu\":{\"cores\":2},\"ram\":{\"size\":100},\"disk\":{\"size\":100},\"gpus\":null}",
    DMS_COMPARISON_BETTER },
  { "{\"cpu\":{\"cores\":2},\"ram\":{\"size\":100},\"disk\":{\"size\":99}}",
    "{\"cpu\":{\"cores\":2},\"ram\":{\"size\":100},\"disk\":{\"size\":100}}",
    DMS_COMPARISON_WORSE },
  { "{\"cpu\":{\"cores\":2},\"ram\":{\"size\":99},\"disk\":{\"size\":100}}",
    "{\"cpu\":{\"cores\":2},\"ram\":{\"size\":100},\"disk\":{\"size\":100}}",
    DMS_COMPARISON_WORSE },
  /* A clock that the requirement leaves out does not count. */
  { "{\"cpu\":{\"cores\":2,\"clock_speed\":3e9},\"ram\":{\"size\":1},\"disk\":{\"size\":1}}",
    "{\"cpu\":{\"cores\":2.5},\"ram\":{\"size\":1},\"disk\":{\"size\":1}}",
    DMS_COMPARISON_WORSE },
  { "{\"cpu\":{\"cores\":2,\"clock_speed\":3e9},\"ram\":{\"size\":1},\"disk\":{\"size\":1}}",
    "{\"cpu\":{\"cores\":3,\"clock_speed\":2e9},\"ram\":{\"size\":1},\"disk\":{\"size\":1}}",
    DMS_COMPARISON_BETTER },
  /* Neither does an architecture that it leaves out; one that differs is another kind. */
  { "{\"cpu\":{\"cores\":2,\"architecture\":\"x86_64\"},\"ram\":{\"size\":1},\"disk\":{\"size\":1}}",
    "{\"cpu\":{\"cores\":1},\"ram\":{\"size\":1},\"disk\":{\"size\":1}}",
    DMS_COMPARISON_BETTER },
  { "{\"cpu\":{\"cores\":2,\"architecture\":\"x86_64\"},\"ram\":{\"size\":1},\"disk\":{\"size\":1}}",
    "{\"cpu\":{\"cores\":1,\"architecture\":\"AMD64\"},\"ram\":{\"size\":1},\"disk\":{\"size\":1}}",
    DMS_COMPARISON_BETTER },
  { "{\"cpu\":{\"cores\":2,\"architecture\":\"x86_64\"},\"ram\":{\"size\":1},\"disk\":{\"size\":1}}",
    "{\"cpu\":{\"cores\":1,\"architecture\":\"arm64\"},\"ram\":{\"size\":2},\"disk\":{\"size\":1}}",
    DMS_COMPARISON_NONE },
};

static void
test_resources (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (CASES); i++)
    {
      g_autoptr (DmsResources) offered = parse (CASES[i].offered);
      g_autoptr (DmsResources) required = parse (CASES[i].required);
      g_assert_cmpint (dms_comparator_compare (offered, required), ==, CASES[i].expected);
    }
}

static void
test_and (void)
{
  static const DmsComparison TABLE[4][4] = {
    { DMS_COMPARISON_BETTER, DMS_COMPARISON_BETTER, DMS_COMPARISON_WORSE, DMS_COMPARISON_NONE },
    { DMS_COMPARISON_BETTER, DMS_COMPARISON_EQUAL, DMS_COMPARISON_WORSE, DMS_COMPARISON_NONE },
    { DMS_COMPARISON_WORSE, DMS_COMPARISON_WORSE, DMS_COMPARISON_WORSE, DMS_COMPARISON_NONE },
    { DMS_COMPARISON_NONE, DMS_COMPARISON_NONE, DMS_COMPARISON_NONE, DMS_COMPARISON_NONE },
  };

  for (int a = 0; a < 4; a++)
    {
      for (int b = 0; b < 4; b++)
        g_assert_cmpint (dms_comparator_and (a, b), ==, TABLE[a][b]);
    }
  g_assert_true (dms_comparator_suffices (DMS_COMPARISON_EQUAL));
  g_assert_true (dms_comparator_suffices (DMS_COMPARISON_BETTER));
  g_assert_false (dms_comparator_suffices (DMS_COMPARISON_WORSE));
  g_assert_false (dms_comparator_suffices (DMS_COMPARISON_NONE));
}

static GPtrArray *
gpus (DmsGpuVendor vendor, ...)
{
  GPtrArray *list = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_gpu_unref);
  va_list args;
  int vram;

  va_start (args, vendor);
  while ((vram = va_arg (args, int)) >= 0)
    g_ptr_array_add (list, dms_gpu_new (list->len, vendor, NULL, NULL, NULL, (guint64) vram));
  va_end (args);
  return list;
}

static void
test_gpus (void)
{
  g_autoptr (GPtrArray) offered = gpus (DMS_GPU_VENDOR_NVIDIA, 24, 8, 16, -1);
  g_autoptr (GPtrArray) none = gpus (DMS_GPU_VENDOR_NONE, -1);
  g_autoptr (GPtrArray) two = gpus (DMS_GPU_VENDOR_NONE, 10, 10, -1);
  g_autoptr (GPtrArray) three = gpus (DMS_GPU_VENDOR_NONE, 10, 10, 10, -1);
  g_autoptr (GPtrArray) exact = gpus (DMS_GPU_VENDOR_NVIDIA, 8, -1);
  g_autoptr (GPtrArray) amd = gpus (DMS_GPU_VENDOR_AMD, 1, -1);
  g_autoptr (GPtrArray) whole = gpus (DMS_GPU_VENDOR_NVIDIA, 0, -1);
  g_autoptr (GPtrArray) assigned = NULL;
  g_autoptr (GPtrArray) taken = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (dms_comparator_compare_gpus (offered, none), ==, DMS_COMPARISON_BETTER);
  g_assert_cmpint (dms_comparator_compare_gpus (offered, two), ==, DMS_COMPARISON_BETTER);
  /* Each needs a device of its own, and only two have so much. */
  g_assert_cmpint (dms_comparator_compare_gpus (offered, three), ==, DMS_COMPARISON_WORSE);
  g_assert_cmpint (dms_comparator_compare_gpus (offered, exact), ==, DMS_COMPARISON_EQUAL);
  g_assert_cmpint (dms_comparator_compare_gpus (offered, amd), ==, DMS_COMPARISON_WORSE);

  assigned = dms_comparator_assign_gpus (offered, two, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (dms_gpu_get_index (g_ptr_array_index (assigned, 0)) +
                        dms_gpu_get_index (g_ptr_array_index (assigned, 1)),
                    ==,
                    2);
  g_assert_cmpuint (dms_gpu_get_vram_bytes (g_ptr_array_index (assigned, 0)), ==, 10);

  /* Who names no memory gets a device whole: the smallest. */
  taken = dms_comparator_assign_gpus (offered, whole, &error);
  g_assert_cmpuint (dms_gpu_get_index (g_ptr_array_index (taken, 0)), ==, 1);
  g_assert_cmpuint (dms_gpu_get_vram_bytes (g_ptr_array_index (taken, 0)), ==, 8);

  g_assert_null (dms_comparator_assign_gpus (offered, three, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_NO_RESOURCES);
}

static void
test_locations (void)
{
  g_autoptr (DmsLocation) berlin = dms_location_new ("EU", "DE", "Berlin", 0, NULL);
  g_autoptr (DmsLocation) nowhere = dms_location_new (NULL, "", NULL, 0, NULL);
  g_autoptr (DmsLocation) europe = dms_location_new ("eu", NULL, NULL, 0, NULL);
  g_autoptr (DmsLocation) france = dms_location_new ("EU", "FR", NULL, 0, NULL);
  g_autoptr (DmsLocation) network = dms_location_new ("EU", NULL, NULL, 3320, NULL);
  g_autoptr (GPtrArray) accept = g_ptr_array_new ();
  g_autoptr (GPtrArray) reject = g_ptr_array_new ();
  g_autoptr (JsonNode) node = dms_location_to_json (berlin);
  g_autoptr (DmsLocation) copy = NULL;
  g_autoptr (JsonNode) bad = dms_json_node_from_text ("{\"continent\":3}", -1, NULL);
  g_autoptr (GError) error = NULL;

  g_assert_true (dms_location_matches (berlin, europe));
  g_assert_false (dms_location_matches (berlin, france));
  g_assert_false (dms_location_matches (berlin, network));
  g_assert_false (dms_location_matches (nowhere, europe));
  g_assert_true (dms_location_matches (nowhere, nowhere));

  g_assert_true (dms_location_satisfies (berlin, NULL, NULL));
  g_ptr_array_add (reject, europe);
  g_assert_false (dms_location_satisfies (berlin, accept, reject));
  g_assert_true (dms_location_satisfies (nowhere, accept, reject));
  /* With something to accept, what is to be rejected does not count. */
  g_ptr_array_add (accept, berlin);
  g_assert_true (dms_location_satisfies (berlin, accept, reject));
  g_assert_false (dms_location_satisfies (nowhere, accept, reject));

  copy = dms_location_new_from_json (node, &error);
  g_assert_no_error (error);
  g_assert_true (dms_location_equal (copy, berlin));
  g_assert_false (dms_location_equal (copy, europe));
  g_assert_null (dms_location_new_from_json (bad, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_INVALID_DATA);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/comparator/resources", test_resources);
  g_test_add_func ("/comparator/and", test_and);
  g_test_add_func ("/comparator/gpus", test_gpus);
  g_test_add_func ("/comparator/locations", test_locations);
  return g_test_run ();
}
