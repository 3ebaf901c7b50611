/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "dms-types.h"

G_BEGIN_DECLS

#define DMS_TYPE_HARDWARE (dms_hardware_get_type ())

DMS_EXPORT GType dms_hardware_get_type (void);

/* A machine: what it has in total and what is in use on it now. */
DMS_EXPORT DmsHardware *dms_hardware_new (DmsResources *total, DmsResources *used);
DMS_EXPORT DmsResources *dms_hardware_get_total (DmsHardware *self);
DMS_EXPORT DmsResources *dms_hardware_get_used (DmsHardware *self);
/* Total less used, never below nothing. */
DMS_EXPORT DmsResources *dms_hardware_dup_free (DmsHardware *self);

DMS_EXPORT DmsHardware *dms_hardware_new_from_json (JsonNode *node, GError **error);
DMS_EXPORT JsonNode *dms_hardware_to_json (DmsHardware *self);
DMS_EXPORT DmsHardware *dms_hardware_ref (DmsHardware *self);
DMS_EXPORT void dms_hardware_unref (DmsHardware *self);
DMS_EXPORT gboolean dms_hardware_equal (DmsHardware *a, DmsHardware *b);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsHardware, dms_hardware_unref)

G_END_DECLS
