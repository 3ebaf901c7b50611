/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "dms-types.h"

G_BEGIN_DECLS

#define DMS_TYPE_VOLUME (dms_volume_get_type ())

DMS_EXPORT GType dms_volume_get_type (void);

/* A mount of a directory of this machine into a job. The JSON form also carries the remote types' parameters.
 */
DMS_EXPORT DmsVolume *dms_volume_new (const char *type,
                               const char *name,
                               const char *source,
                               const char *destination,
                               gboolean read_only,
                               JsonObject *params);
/* `local`, `glusterfs`, `s3`, … */
DMS_EXPORT const char *dms_volume_get_type_name (DmsVolume *self);
DMS_EXPORT const char *dms_volume_get_name (DmsVolume *self);
/* Absolute path, or the name of a named volume. */
DMS_EXPORT const char *dms_volume_get_source (DmsVolume *self);
DMS_EXPORT const char *dms_volume_get_destination (DmsVolume *self);
DMS_EXPORT gboolean dms_volume_get_read_only (DmsVolume *self);
DMS_EXPORT JsonObject *dms_volume_get_params (DmsVolume *self);

DMS_EXPORT DmsVolume *dms_volume_new_from_json (JsonNode *node, GError **error);
DMS_EXPORT JsonNode *dms_volume_to_json (DmsVolume *self);
DMS_EXPORT DmsVolume *dms_volume_ref (DmsVolume *self);
DMS_EXPORT void dms_volume_unref (DmsVolume *self);
DMS_EXPORT gboolean dms_volume_equal (DmsVolume *a, DmsVolume *b);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsVolume, dms_volume_unref)

G_END_DECLS
