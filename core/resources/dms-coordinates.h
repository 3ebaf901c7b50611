/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* resources-and-matching.md 6. */
#define DMS_COORDINATES_EARTH_RADIUS_KM 6371.0
#define DMS_COORDINATES_LIGHT_KM_PER_S  299792.458

/* A place on the earth, in degrees. */
typedef struct
{
  double latitude;
  double longitude;
} DmsCoordinates;

/* Finite, from -90 to 90 and from -180 to 180. */
gboolean dms_coordinates_are_valid (const DmsCoordinates *self);
/* Along the surface, by the haversine formula. */
double dms_coordinates_get_distance_km (const DmsCoordinates *self, const DmsCoordinates *other);
/* No message goes there and back in less time than light. */
double dms_coordinates_get_least_rtt_ms (const DmsCoordinates *self, const DmsCoordinates *other);
/* “52.52,13.4” or “52.52 13.4”; FALSE when it is something else. */
gboolean dms_coordinates_parse (DmsCoordinates *self, const char *text);

G_END_DECLS
