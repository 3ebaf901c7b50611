/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

G_BEGIN_DECLS

#define DMS_TYPE_DUMMY_BENCHMARK (dms_dummy_benchmark_get_type ())

G_DECLARE_FINAL_TYPE (DmsDummyBenchmark, dms_dummy_benchmark, DMS, DUMMY_BENCHMARK, GObject)

G_END_DECLS
