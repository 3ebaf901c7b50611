/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <dms.h>

#include "dms-template-benchmark.h"

static void
on_done (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GAsyncResult **slot = user_data;

  *slot = g_object_ref (result);
}

static void
on_progress (const char *stage, double fraction, gpointer user_data)
{
  guint *count = user_data;

  g_assert_true (g_main_context_is_owner (g_main_context_default ()));
  g_assert_cmpfloat (fraction, >, 0);
  g_assert_cmpfloat (fraction, <=, 1);
  *count += 1;
}

static void
test_run (void)
{
  g_autoptr (DmsBenchmark) benchmark = g_object_new (DMS_TYPE_TEMPLATE_BENCHMARK, NULL);
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (DmsBenchmarkResult) measured = NULL;
  g_autoptr (GError) error = NULL;
  GArray *samples = NULL;
  guint count = 0;

  dms_benchmark_run_async (benchmark, 50, NULL, on_progress, &count, NULL, on_done, &result);
  while (result == NULL)
    g_main_context_iteration (NULL, TRUE);
  measured = dms_benchmark_run_finish (benchmark, result, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (count, ==, 5);
  samples = dms_benchmark_result_get_samples (measured);
  g_assert_cmpuint (samples->len, ==, 5);
  g_assert_cmpfloat (dms_benchmark_result_get_score (measured), >, 0);
  g_assert_true (dms_benchmark_result_get_spread (measured) >= 0);
  g_assert_cmpstr (dms_benchmark_result_get_benchmark (measured), ==, dms_benchmark_get_id (benchmark));
  g_assert_cmpuint (dms_benchmark_result_get_method_version (measured), ==,
                    dms_benchmark_get_method_version (benchmark));
}

static void
test_cancel (void)
{
  g_autoptr (DmsBenchmark) benchmark = g_object_new (DMS_TYPE_TEMPLATE_BENCHMARK, NULL);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  gint64 begin = g_get_monotonic_time ();

  dms_benchmark_run_async (benchmark, 10 * 1000, cancellable, NULL, NULL, NULL, on_done, &result);
  g_cancellable_cancel (cancellable);
  while (result == NULL)
    g_main_context_iteration (NULL, TRUE);
  g_assert_null (dms_benchmark_run_finish (benchmark, result, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_CANCELLED);
  g_assert_cmpint (g_get_monotonic_time () - begin, <, 8 * G_USEC_PER_SEC);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/template/run", test_run);
  g_test_add_func ("/template/cancel", test_cancel);
  return g_test_run ();
}
