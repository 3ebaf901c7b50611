/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "dms-types.h"

G_BEGIN_DECLS

#define DMS_TYPE_SCRIPT (dms_script_get_type ())

DMS_EXPORT GType dms_script_get_type (void);

/* A named piece of bytes given to a job: a provision script or a key file. The JSON form holds base64. */
DMS_EXPORT DmsScript *dms_script_new (const char *name, GBytes *content);
DMS_EXPORT const char *dms_script_get_name (DmsScript *self);
DMS_EXPORT GBytes *dms_script_get_content (DmsScript *self);

DMS_EXPORT DmsScript *dms_script_new_from_json (JsonNode *node, GError **error);
DMS_EXPORT JsonNode *dms_script_to_json (DmsScript *self);
DMS_EXPORT DmsScript *dms_script_ref (DmsScript *self);
DMS_EXPORT void dms_script_unref (DmsScript *self);
DMS_EXPORT gboolean dms_script_equal (DmsScript *a, DmsScript *b);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsScript, dms_script_unref)

G_END_DECLS
