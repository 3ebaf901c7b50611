/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "dms-types.h"

G_BEGIN_DECLS

#define DMS_TYPE_BENCHMARK (dms_benchmark_get_type ())

DMS_EXPORT
G_DECLARE_INTERFACE (DmsBenchmark, dms_benchmark, DMS, BENCHMARK, GObject)

/**
 * DmsBenchmarkInterface:
 * @get_id: names the benchmark, such as `cpu-single`
 * @get_unit: names the unit of its scores, such as `MB/s`
 * @get_method_version: counts the versions of its method. Scores of different versions cannot be compared
 * @get_estimated_ms: estimates how long a run takes
 * @run_async: measures
 * @run_finish: finishes @run_async
 *
 * The contract of a measurement of this machine. Every function may be %NULL: the default answers
 * %DMS_ERROR_NOT_SUPPORTED.
 */
struct _DmsBenchmarkInterface
{
  GTypeInterface parent_iface;

  const char *(*get_id) (DmsBenchmark *self);

  const char *(*get_unit) (DmsBenchmark *self);

  guint (*get_method_version) (DmsBenchmark *self);

  guint (*get_estimated_ms) (DmsBenchmark *self);

  void (*run_async) (DmsBenchmark *self,
                     guint budget_ms,
                     GCancellable *cancellable,
                     DmsProgressCallback progress,
                     gpointer progress_data,
                     GDestroyNotify progress_destroy,
                     GAsyncReadyCallback callback,
                     gpointer user_data);
  DmsBenchmarkResult *(*run_finish) (DmsBenchmark *self, GAsyncResult *result, GError **error);

  /*< private >*/
  gpointer reserved[12];
};

DMS_EXPORT const char *dms_benchmark_get_id (DmsBenchmark *self);

DMS_EXPORT const char *dms_benchmark_get_unit (DmsBenchmark *self);

DMS_EXPORT guint dms_benchmark_get_method_version (DmsBenchmark *self);

DMS_EXPORT guint dms_benchmark_get_estimated_ms (DmsBenchmark *self);

DMS_EXPORT void dms_benchmark_run_async (DmsBenchmark *self,
                                         guint budget_ms,
                                         GCancellable *cancellable,
                                         DmsProgressCallback progress,
                                         gpointer progress_data,
                                         GDestroyNotify progress_destroy,
                                         GAsyncReadyCallback callback,
                                         gpointer user_data);
DMS_EXPORT DmsBenchmarkResult *dms_benchmark_run_finish (DmsBenchmark *self,
                                                         GAsyncResult *result,
                                                         GError **error);

G_END_DECLS
