/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-dummy-benchmark.h"

/* The benchmark `dummy`: measures nothing, and always the same of it. */
struct _DmsDummyBenchmark
{
  GObject parent_instance;
};

static void dms_dummy_benchmark_iface_init (DmsBenchmarkInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (DmsDummyBenchmark,
                               dms_dummy_benchmark,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (DMS_TYPE_BENCHMARK, dms_dummy_benchmark_iface_init))

static void
dms_dummy_benchmark_class_init (DmsDummyBenchmarkClass *klass)
{
}

static void
dms_dummy_benchmark_init (DmsDummyBenchmark *self)
{
}

static const char *
dms_dummy_benchmark_get_id (DmsBenchmark *benchmark)
{
  return "dummy";
}

static const char *
dms_dummy_benchmark_get_unit (DmsBenchmark *benchmark)
{
  return "points";
}

static guint
dms_dummy_benchmark_get_method_version (DmsBenchmark *benchmark)
{
  return 1;
}

static guint
dms_dummy_benchmark_get_estimated_ms (DmsBenchmark *benchmark)
{
  return 1;
}

static void
dms_dummy_benchmark_run_async (DmsBenchmark *benchmark,
                               guint budget_ms,
                               GCancellable *cancellable,
                               DmsProgressCallback progress,
                               gpointer progress_data,
                               GDestroyNotify progress_destroy,
                               GAsyncReadyCallback callback,
                               gpointer user_data)
{
  static const double values[] = { 1, 2, 3 };
  g_autoptr (GTask) task = g_task_new (benchmark, cancellable, callback, user_data);
  g_autoptr (GArray) samples = g_array_new (FALSE, FALSE, sizeof (double));

  g_task_set_source_tag (task, dms_dummy_benchmark_run_async);
  g_array_append_vals (samples, values, G_N_ELEMENTS (values));
  for (gsize i = 0; progress != NULL && i < G_N_ELEMENTS (values); i++)
    progress ("Measuring", values[i] / G_N_ELEMENTS (values), progress_data);
  if (progress_destroy != NULL)
    progress_destroy (progress_data);
  g_task_return_pointer (task, dms_benchmark_result_new ("dummy", "points", 1, samples, 2, 1),
                         (GDestroyNotify) dms_benchmark_result_unref);
}

static DmsBenchmarkResult *
dms_dummy_benchmark_run_finish (DmsBenchmark *benchmark, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
dms_dummy_benchmark_iface_init (DmsBenchmarkInterface *iface)
{
  iface->get_id = dms_dummy_benchmark_get_id;
  iface->get_unit = dms_dummy_benchmark_get_unit;
  iface->get_method_version = dms_dummy_benchmark_get_method_version;
  iface->get_estimated_ms = dms_dummy_benchmark_get_estimated_ms;
  iface->run_async = dms_dummy_benchmark_run_async;
  iface->run_finish = dms_dummy_benchmark_run_finish;
}
