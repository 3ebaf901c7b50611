/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "dms-types.h"

G_BEGIN_DECLS

#define DMS_TYPE_BENCHMARK_RESULT (dms_benchmark_result_get_type ())

DMS_EXPORT GType dms_benchmark_result_get_type (void);

/* What a benchmark measured. */
DMS_EXPORT DmsBenchmarkResult *dms_benchmark_result_new (const char *benchmark,
                                                         const char *unit,
                                                         guint method_version,
                                                         GArray *samples,
                                                         double score,
                                                         double spread);
DMS_EXPORT const char *dms_benchmark_result_get_benchmark (DmsBenchmarkResult *self);
DMS_EXPORT const char *dms_benchmark_result_get_unit (DmsBenchmarkResult *self);
DMS_EXPORT guint dms_benchmark_result_get_method_version (DmsBenchmarkResult *self);
DMS_EXPORT GArray *dms_benchmark_result_get_samples (DmsBenchmarkResult *self);
DMS_EXPORT double dms_benchmark_result_get_score (DmsBenchmarkResult *self);
DMS_EXPORT double dms_benchmark_result_get_spread (DmsBenchmarkResult *self);

DMS_EXPORT DmsBenchmarkResult *dms_benchmark_result_new_from_json (JsonNode *node, GError **error);
DMS_EXPORT JsonNode *dms_benchmark_result_to_json (DmsBenchmarkResult *self);
DMS_EXPORT DmsBenchmarkResult *dms_benchmark_result_ref (DmsBenchmarkResult *self);
DMS_EXPORT void dms_benchmark_result_unref (DmsBenchmarkResult *self);
DMS_EXPORT gboolean dms_benchmark_result_equal (DmsBenchmarkResult *a, DmsBenchmarkResult *b);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsBenchmarkResult, dms_benchmark_result_unref)

G_END_DECLS
