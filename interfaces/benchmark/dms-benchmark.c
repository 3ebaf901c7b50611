/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "benchmark/dms-benchmark.h"

#include "dms-contract-private.h"

/**
 * DmsBenchmark:
 *
 * Measures this machine. See #DmsBenchmarkInterface.
 */

G_DEFINE_INTERFACE (DmsBenchmark, dms_benchmark, G_TYPE_OBJECT)

static void
dms_benchmark_default_init (DmsBenchmarkInterface *iface)
{
}

/**
 * dms_benchmark_get_id:
 * @self: a benchmark
 *
 * Names the benchmark, such as `cpu-single`.
 *
 * Returns: (transfer none): the constant name
 */
const char *
dms_benchmark_get_id (DmsBenchmark *self)
{
  g_return_val_if_fail (DMS_IS_BENCHMARK (self), "");

  if (DMS_BENCHMARK_GET_IFACE (self)->get_id == NULL)
    return "";
  return DMS_BENCHMARK_GET_IFACE (self)->get_id (self);
}

/**
 * dms_benchmark_get_unit:
 * @self: a benchmark
 *
 * Names the unit of its scores, such as `MB/s`.
 *
 * Returns: (transfer none): the unit
 */
const char *
dms_benchmark_get_unit (DmsBenchmark *self)
{
  g_return_val_if_fail (DMS_IS_BENCHMARK (self), "");

  if (DMS_BENCHMARK_GET_IFACE (self)->get_unit == NULL)
    return "";
  return DMS_BENCHMARK_GET_IFACE (self)->get_unit (self);
}

/**
 * dms_benchmark_get_method_version:
 * @self: a benchmark
 *
 * Counts the versions of its method. Scores of different versions cannot be compared.
 *
 * Returns: the version
 */
guint
dms_benchmark_get_method_version (DmsBenchmark *self)
{
  g_return_val_if_fail (DMS_IS_BENCHMARK (self), 0);

  if (DMS_BENCHMARK_GET_IFACE (self)->get_method_version == NULL)
    return 0;
  return DMS_BENCHMARK_GET_IFACE (self)->get_method_version (self);
}

/**
 * dms_benchmark_get_estimated_ms:
 * @self: a benchmark
 *
 * Estimates how long a run takes.
 *
 * Returns: the time in milliseconds; 0 when unknown
 */
guint
dms_benchmark_get_estimated_ms (DmsBenchmark *self)
{
  g_return_val_if_fail (DMS_IS_BENCHMARK (self), 0);

  if (DMS_BENCHMARK_GET_IFACE (self)->get_estimated_ms == NULL)
    return 0;
  return DMS_BENCHMARK_GET_IFACE (self)->get_estimated_ms (self);
}

/**
 * dms_benchmark_run_async:
 * @self: a benchmark
 * @budget_ms: about how long it may take, in milliseconds; 0 for its own choice
 * @cancellable: (nullable): cancels the call
 * @progress: (nullable) (scope notified) (closure progress_data) (destroy progress_destroy): told how far the
 * work is
 * @progress_data: data for @progress
 * @progress_destroy: (nullable): frees @progress_data
 * @callback: (scope async): called when it is done
 * @user_data: (closure): data for @callback
 *
 * Measures.
 */
void
dms_benchmark_run_async (DmsBenchmark *self,
                         guint budget_ms,
                         GCancellable *cancellable,
                         DmsProgressCallback progress,
                         gpointer progress_data,
                         GDestroyNotify progress_destroy,
                         GAsyncReadyCallback callback,
                         gpointer user_data)
{
  g_return_if_fail (DMS_IS_BENCHMARK (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  if (DMS_BENCHMARK_GET_IFACE (self)->run_async == NULL)
    {
      if (progress_destroy != NULL)
        progress_destroy (progress_data);
      dms_contract_report_missing (self, dms_benchmark_run_async, "run", callback, user_data);
      return;
    }
  DMS_BENCHMARK_GET_IFACE (self)->run_async (self,
                                             budget_ms,
                                             cancellable,
                                             progress,
                                             progress_data,
                                             progress_destroy,
                                             callback,
                                             user_data);
}

/**
 * dms_benchmark_run_finish:
 * @self: a benchmark
 * @result: what the callback got
 * @error: return location for an error of %DMS_ERROR
 *
 * Finishes dms_benchmark_run_async().
 *
 * Returns: (transfer full) (nullable): what was measured
 */
DmsBenchmarkResult *
dms_benchmark_run_finish (DmsBenchmark *self, GAsyncResult *result, GError **error)
{
  DmsBenchmarkResult *value = NULL;

  g_return_val_if_fail (DMS_IS_BENCHMARK (self), NULL);

  if (dms_contract_is_missing (self, dms_benchmark_run_async, result, error))
    return NULL;
  value = DMS_BENCHMARK_GET_IFACE (self)->run_finish (self, result, error);
  dms_contract_adopt_error (error);
  return value;
}
