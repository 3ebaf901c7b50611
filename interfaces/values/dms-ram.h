/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "dms-types.h"

G_BEGIN_DECLS

#define DMS_TYPE_RAM (dms_ram_get_type ())

DMS_EXPORT GType dms_ram_get_type (void);

DMS_EXPORT DmsRam *dms_ram_new (guint64 size_bytes, double clock_hz, const char *type);
DMS_EXPORT guint64 dms_ram_get_size_bytes (DmsRam *self);
DMS_EXPORT double dms_ram_get_clock_hz (DmsRam *self);
DMS_EXPORT const char *dms_ram_get_type_name (DmsRam *self);

DMS_EXPORT DmsRam *dms_ram_new_from_json (JsonNode *node, GError **error);
DMS_EXPORT JsonNode *dms_ram_to_json (DmsRam *self);
DMS_EXPORT DmsRam *dms_ram_ref (DmsRam *self);
DMS_EXPORT void dms_ram_unref (DmsRam *self);
DMS_EXPORT gboolean dms_ram_equal (DmsRam *a, DmsRam *b);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsRam, dms_ram_unref)

G_END_DECLS
