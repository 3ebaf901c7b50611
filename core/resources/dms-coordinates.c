/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "resources/dms-coordinates.h"

#include <math.h>

gboolean
dms_coordinates_are_valid (const DmsCoordinates *self)
{
  return isfinite (self->latitude) && isfinite (self->longitude) && fabs (self->latitude) <= 90 &&
         fabs (self->longitude) <= 180;
}

double
dms_coordinates_get_distance_km (const DmsCoordinates *self, const DmsCoordinates *other)
{
  double degree = G_PI / 180;
  double sin_latitude = sin ((other->latitude - self->latitude) * degree / 2);
  double sin_longitude = sin ((other->longitude - self->longitude) * degree / 2);
  double a = sin_latitude * sin_latitude +
             cos (self->latitude * degree) * cos (other->latitude * degree) * sin_longitude * sin_longitude;

  return 2 * DMS_COORDINATES_EARTH_RADIUS_KM * asin (sqrt (CLAMP (a, 0, 1)));
}

double
dms_coordinates_get_least_rtt_ms (const DmsCoordinates *self, const DmsCoordinates *other)
{
  return 2 * 1000 * dms_coordinates_get_distance_km (self, other) / DMS_COORDINATES_LIGHT_KM_PER_S;
}

static gboolean
read_number (const char **text, double *value)
{
  char *end = NULL;

  *value = g_ascii_strtod (*text, &end);
  if (end == *text)
    return FALSE;
  *text = end;
  return TRUE;
}

gboolean
dms_coordinates_parse (DmsCoordinates *self, const char *text)
{
  DmsCoordinates read;

  if (!read_number (&text, &read.latitude))
    return FALSE;
  while (*text == ' ' || *text == ',')
    text++;
  if (!read_number (&text, &read.longitude))
    return FALSE;
  while (*text == ' ')
    text++;
  if (*text != '\0' || !dms_coordinates_are_valid (&read))
    return FALSE;
  *self = read;
  return TRUE;
}
