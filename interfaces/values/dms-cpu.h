/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "dms-types.h"

G_BEGIN_DECLS

#define DMS_TYPE_CPU (dms_cpu_get_type ())

DMS_EXPORT GType dms_cpu_get_type (void);

/* A processor, or a requirement of one. Unset texts are NULL and unset numbers 0; they match anything. JSON
 * as the specification's CPU. Cores are kept in hundredths. */
DMS_EXPORT DmsCpu *dms_cpu_new (double cores, double clock_hz);
DMS_EXPORT DmsCpu *dms_cpu_new_full (double cores,
                              double clock_hz,
                              const char *model,
                              const char *vendor,
                              const char *architecture,
                              guint threads,
                              guint64 cache_bytes);
DMS_EXPORT double dms_cpu_get_cores (DmsCpu *self);
DMS_EXPORT double dms_cpu_get_clock_hz (DmsCpu *self);
DMS_EXPORT const char *dms_cpu_get_model (DmsCpu *self);
DMS_EXPORT const char *dms_cpu_get_vendor (DmsCpu *self);
DMS_EXPORT const char *dms_cpu_get_architecture (DmsCpu *self);
DMS_EXPORT guint dms_cpu_get_threads (DmsCpu *self);
DMS_EXPORT guint64 dms_cpu_get_cache_bytes (DmsCpu *self);

DMS_EXPORT DmsCpu *dms_cpu_new_from_json (JsonNode *node, GError **error);
DMS_EXPORT JsonNode *dms_cpu_to_json (DmsCpu *self);
DMS_EXPORT DmsCpu *dms_cpu_ref (DmsCpu *self);
DMS_EXPORT void dms_cpu_unref (DmsCpu *self);
DMS_EXPORT gboolean dms_cpu_equal (DmsCpu *a, DmsCpu *b);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsCpu, dms_cpu_unref)

G_END_DECLS
