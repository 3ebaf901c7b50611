/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

G_BEGIN_DECLS

#define DMS_TYPE_TEMPLATE_BENCHMARK (dms_template_benchmark_get_type ())

G_DECLARE_FINAL_TYPE (DmsTemplateBenchmark, dms_template_benchmark, DMS, TEMPLATE_BENCHMARK, GObject)

G_END_DECLS
