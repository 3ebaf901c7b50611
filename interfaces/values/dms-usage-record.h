/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "dms-types.h"

G_BEGIN_DECLS

#define DMS_TYPE_USAGE_RECORD (dms_usage_record_get_type ())

DMS_EXPORT GType dms_usage_record_get_type (void);

/* An allocation that ran, or runs, under a contract. */
DMS_EXPORT DmsUsageRecord *dms_usage_record_new (const char *deployment_id,
                                                 const char *allocation_id,
                                                 DmsResources *resources,
                                                 gint64 start_us,
                                                 gint64 end_us);
DMS_EXPORT const char *dms_usage_record_get_deployment_id (DmsUsageRecord *self);
DMS_EXPORT const char *dms_usage_record_get_allocation_id (DmsUsageRecord *self);
DMS_EXPORT DmsResources *dms_usage_record_get_resources (DmsUsageRecord *self);
DMS_EXPORT gint64 dms_usage_record_get_start_us (DmsUsageRecord *self);
DMS_EXPORT gint64 dms_usage_record_get_end_us (DmsUsageRecord *self);

DMS_EXPORT DmsUsageRecord *dms_usage_record_new_from_json (JsonNode *node, GError **error);
DMS_EXPORT JsonNode *dms_usage_record_to_json (DmsUsageRecord *self);
DMS_EXPORT DmsUsageRecord *dms_usage_record_ref (DmsUsageRecord *self);
DMS_EXPORT void dms_usage_record_unref (DmsUsageRecord *self);
DMS_EXPORT gboolean dms_usage_record_equal (DmsUsageRecord *a, DmsUsageRecord *b);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsUsageRecord, dms_usage_record_unref)

G_END_DECLS
