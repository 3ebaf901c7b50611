/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <json-glib/json-glib.h>

#include "resources/dms-coordinates.h"

G_BEGIN_DECLS

#define DMS_TYPE_LOCATION (dms_location_get_type ())

typedef struct _DmsLocation DmsLocation;

GType dms_location_get_type (void);

/* Where a machine is, or a constraint on it. Unset texts are NULL, an unset ASN is 0. */
DmsLocation *dms_location_new (const char *continent,
                               const char *country,
                               const char *city,
                               guint32 asn,
                               const char *isp);
/* (transfer full): the same place with coordinates, which no constraint asks for. */
DmsLocation *dms_location_new_at (DmsLocation *self, const DmsCoordinates *coordinates);
/* FALSE when they are not known. */
gboolean dms_location_get_coordinates (DmsLocation *self, DmsCoordinates *coordinates);
const char *dms_location_get_continent (DmsLocation *self);
const char *dms_location_get_country (DmsLocation *self);
const char *dms_location_get_city (DmsLocation *self);
guint32 dms_location_get_asn (DmsLocation *self);
const char *dms_location_get_isp (DmsLocation *self);

/* Whether @self lies inside @constraint: what the constraint sets must be equal, in any case of letters. */
gboolean dms_location_matches (DmsLocation *self, DmsLocation *constraint);
/* (element-type DmsLocation) (nullable): with an accept list one of it must match, else none of the
 * reject list (ensemble.md §4.3). */
gboolean dms_location_satisfies (DmsLocation *self, GPtrArray *accept, GPtrArray *reject);

DmsLocation *dms_location_new_from_json (JsonNode *node, GError **error);
JsonNode *dms_location_to_json (DmsLocation *self);
DmsLocation *dms_location_ref (DmsLocation *self);
void dms_location_unref (DmsLocation *self);
gboolean dms_location_equal (DmsLocation *a, DmsLocation *b);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsLocation, dms_location_unref)

G_END_DECLS
