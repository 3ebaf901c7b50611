/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "dms-types.h"

G_BEGIN_DECLS

#define DMS_TYPE_LIMIT_INFO (dms_limit_info_get_type ())

DMS_EXPORT GType dms_limit_info_get_type (void);

/* One limit of a transport and how much of it is used. Memory is in bytes, everything else a number. */
DMS_EXPORT DmsLimitInfo *dms_limit_info_new (const char *scope,
                                             const char *name,
                                             const char *resource,
                                             guint64 used,
                                             guint64 limit,
                                             guint64 peak,
                                             guint64 refused);
/* What it limits: `system`, `transient`, `peer`, `ip` or `protocol`; a transport may have others. */
DMS_EXPORT const char *dms_limit_info_get_scope (DmsLimitInfo *self);
/* (nullable): which peer, IP or protocol; NULL where there is only one of the scope. */
DMS_EXPORT const char *dms_limit_info_get_name (DmsLimitInfo *self);
/* `memory`, `descriptors`, `connections-inbound`, `streams-outbound` and the like. */
DMS_EXPORT const char *dms_limit_info_get_resource (DmsLimitInfo *self);
DMS_EXPORT guint64 dms_limit_info_get_used (DmsLimitInfo *self);
DMS_EXPORT guint64 dms_limit_info_get_limit (DmsLimitInfo *self);
/* The most that was in use at once. */
DMS_EXPORT guint64 dms_limit_info_get_peak (DmsLimitInfo *self);
/* How often something was refused because of it. */
DMS_EXPORT guint64 dms_limit_info_get_refused (DmsLimitInfo *self);

DMS_EXPORT DmsLimitInfo *dms_limit_info_new_from_json (JsonNode *node, GError **error);
DMS_EXPORT JsonNode *dms_limit_info_to_json (DmsLimitInfo *self);
DMS_EXPORT DmsLimitInfo *dms_limit_info_ref (DmsLimitInfo *self);
DMS_EXPORT void dms_limit_info_unref (DmsLimitInfo *self);
DMS_EXPORT gboolean dms_limit_info_equal (DmsLimitInfo *a, DmsLimitInfo *b);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsLimitInfo, dms_limit_info_unref)

G_END_DECLS
