/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

G_BEGIN_DECLS

/* A place of some kind, such as `country` and `DE` (resources-and-matching.md section 5). Immutable and
 * counted. */
typedef struct _DmsLocality DmsLocality;

#define DMS_TYPE_LOCALITY (dms_locality_get_type ())

GType dms_locality_get_type (void);

/* Empty texts count as unset. */
DmsLocality *dms_locality_new (const char *kind, const char *name);
const char *dms_locality_get_kind (DmsLocality *self);
const char *dms_locality_get_name (DmsLocality *self);

/* NULL with INVALID_DATA. */
DmsLocality *dms_locality_new_from_json (JsonNode *node, GError **error);
JsonNode *dms_locality_to_json (DmsLocality *self);
gboolean dms_locality_equal (DmsLocality *a, DmsLocality *b);
DmsLocality *dms_locality_ref (DmsLocality *self);
void dms_locality_unref (DmsLocality *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsLocality, dms_locality_unref)

G_END_DECLS
