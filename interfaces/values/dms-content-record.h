/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "dms-types.h"

G_BEGIN_DECLS

#define DMS_TYPE_CONTENT_RECORD (dms_content_record_get_type ())

DMS_EXPORT GType dms_content_record_get_type (void);

/* What a storage keeps and how to find it again. */
DMS_EXPORT DmsContentRecord *dms_content_record_new (const char *scheme,
                                                     JsonObject *params,
                                                     guint64 size_bytes,
                                                     guint64 n_files,
                                                     const char *digest);
DMS_EXPORT const char *dms_content_record_get_scheme (DmsContentRecord *self);
DMS_EXPORT JsonObject *dms_content_record_get_params (DmsContentRecord *self);
DMS_EXPORT guint64 dms_content_record_get_size_bytes (DmsContentRecord *self);
DMS_EXPORT guint64 dms_content_record_get_n_files (DmsContentRecord *self);
DMS_EXPORT const char *dms_content_record_get_digest (DmsContentRecord *self);

DMS_EXPORT DmsContentRecord *dms_content_record_new_from_json (JsonNode *node, GError **error);
DMS_EXPORT JsonNode *dms_content_record_to_json (DmsContentRecord *self);
DMS_EXPORT DmsContentRecord *dms_content_record_ref (DmsContentRecord *self);
DMS_EXPORT void dms_content_record_unref (DmsContentRecord *self);
DMS_EXPORT gboolean dms_content_record_equal (DmsContentRecord *a, DmsContentRecord *b);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsContentRecord, dms_content_record_unref)

G_END_DECLS
