/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "dms-types.h"

G_BEGIN_DECLS

#define DMS_TYPE_USAGE (dms_usage_get_type ())

DMS_EXPORT GType dms_usage_get_type (void);

DMS_EXPORT DmsUsage *dms_usage_new (double cpu_percent,
                             guint64 cpu_time_us,
                             guint64 memory_bytes,
                             guint64 memory_peak_bytes,
                             guint64 memory_limit_bytes,
                             guint64 network_rx_bytes,
                             guint64 network_tx_bytes,
                             guint64 disk_bytes,
                             guint pids);
/* 100 is one whole core. */
DMS_EXPORT double dms_usage_get_cpu_percent (DmsUsage *self);
DMS_EXPORT guint64 dms_usage_get_cpu_time_us (DmsUsage *self);
DMS_EXPORT guint64 dms_usage_get_memory_bytes (DmsUsage *self);
DMS_EXPORT guint64 dms_usage_get_memory_peak_bytes (DmsUsage *self);
DMS_EXPORT guint64 dms_usage_get_memory_limit_bytes (DmsUsage *self);
DMS_EXPORT guint64 dms_usage_get_network_rx_bytes (DmsUsage *self);
DMS_EXPORT guint64 dms_usage_get_network_tx_bytes (DmsUsage *self);
DMS_EXPORT guint64 dms_usage_get_disk_bytes (DmsUsage *self);
DMS_EXPORT guint dms_usage_get_pids (DmsUsage *self);

DMS_EXPORT DmsUsage *dms_usage_new_from_json (JsonNode *node, GError **error);
DMS_EXPORT JsonNode *dms_usage_to_json (DmsUsage *self);
DMS_EXPORT DmsUsage *dms_usage_ref (DmsUsage *self);
DMS_EXPORT void dms_usage_unref (DmsUsage *self);
DMS_EXPORT gboolean dms_usage_equal (DmsUsage *a, DmsUsage *b);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsUsage, dms_usage_unref)

G_END_DECLS
