/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

G_BEGIN_DECLS

/* Storage that is there, or is asked for (resources-and-matching.md section 5). Immutable and counted. */
typedef struct _DmsStorageSpace DmsStorageSpace;

#define DMS_TYPE_STORAGE_SPACE (dms_storage_space_get_type ())

GType dms_storage_space_get_type (void);

/* Empty texts count as unset. */
DmsStorageSpace *dms_storage_space_new (const char *type_name, guint64 size_bytes, guint64 amount);
/* (nullable): such as `local` or `glusterfs`; NULL is any. */
const char *dms_storage_space_get_type_name (DmsStorageSpace *self);
/* Bytes of each. */
guint64 dms_storage_space_get_size_bytes (DmsStorageSpace *self);
/* How many; 0 counts as one. */
guint64 dms_storage_space_get_amount (DmsStorageSpace *self);

/* NULL with INVALID_DATA. */
DmsStorageSpace *dms_storage_space_new_from_json (JsonNode *node, GError **error);
JsonNode *dms_storage_space_to_json (DmsStorageSpace *self);
gboolean dms_storage_space_equal (DmsStorageSpace *a, DmsStorageSpace *b);
DmsStorageSpace *dms_storage_space_ref (DmsStorageSpace *self);
void dms_storage_space_unref (DmsStorageSpace *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsStorageSpace, dms_storage_space_unref)

G_END_DECLS
