/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

G_BEGIN_DECLS

/* A library that is there, or is asked for: “name, constraint, version” of the capability model
 * (resources-and-matching.md section 5). Immutable and counted. */
typedef struct _DmsLibrary DmsLibrary;

#define DMS_TYPE_LIBRARY (dms_library_get_type ())

GType dms_library_get_type (void);

/* Empty texts count as unset. */
DmsLibrary *dms_library_new (const char *name, const char *constraint, const char *version);
const char *dms_library_get_name (DmsLibrary *self);
/* (nullable): what a requirement wants of the version, such as `>=` beside a version, or `>= 1.2, < 2`. */
const char *dms_library_get_constraint (DmsLibrary *self);
/* (nullable). */
const char *dms_library_get_version (DmsLibrary *self);

/* (transfer full) (nullable): what a requirement wants of the version, as dms_semver_satisfies() takes it;
 * NULL is any. */
char *dms_library_dup_wanted (DmsLibrary *self);
/* Whether a library that is there is the one that is asked for; and in such a version. */
gboolean dms_library_is_named_as (DmsLibrary *self, DmsLibrary *required);
gboolean dms_library_meets (DmsLibrary *self, DmsLibrary *required);

/* NULL with INVALID_DATA. */
DmsLibrary *dms_library_new_from_json (JsonNode *node, GError **error);
JsonNode *dms_library_to_json (DmsLibrary *self);
gboolean dms_library_equal (DmsLibrary *a, DmsLibrary *b);
DmsLibrary *dms_library_ref (DmsLibrary *self);
void dms_library_unref (DmsLibrary *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsLibrary, dms_library_unref)

G_END_DECLS
