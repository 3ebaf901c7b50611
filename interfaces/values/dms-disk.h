/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "dms-types.h"

G_BEGIN_DECLS

#define DMS_TYPE_DISK (dms_disk_get_type ())

DMS_EXPORT GType dms_disk_get_type (void);

DMS_EXPORT DmsDisk *dms_disk_new (guint64 size_bytes);
DMS_EXPORT DmsDisk *dms_disk_new_full (guint64 size_bytes,
                                const char *model,
                                const char *vendor,
                                const char *type,
                                const char *interface_name,
                                guint64 read_bytes_per_second,
                                guint64 write_bytes_per_second);
DMS_EXPORT guint64 dms_disk_get_size_bytes (DmsDisk *self);
DMS_EXPORT const char *dms_disk_get_model (DmsDisk *self);
DMS_EXPORT const char *dms_disk_get_vendor (DmsDisk *self);
DMS_EXPORT const char *dms_disk_get_type_name (DmsDisk *self);
DMS_EXPORT const char *dms_disk_get_interface_name (DmsDisk *self);
DMS_EXPORT guint64 dms_disk_get_read_bytes_per_second (DmsDisk *self);
DMS_EXPORT guint64 dms_disk_get_write_bytes_per_second (DmsDisk *self);

DMS_EXPORT DmsDisk *dms_disk_new_from_json (JsonNode *node, GError **error);
DMS_EXPORT JsonNode *dms_disk_to_json (DmsDisk *self);
DMS_EXPORT DmsDisk *dms_disk_ref (DmsDisk *self);
DMS_EXPORT void dms_disk_unref (DmsDisk *self);
DMS_EXPORT gboolean dms_disk_equal (DmsDisk *a, DmsDisk *b);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsDisk, dms_disk_unref)

G_END_DECLS
