/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "jobs/dms-distance-wish.h"

#include "jobs/dms-job-json.h"

struct _DmsDistanceWish
{
  double weight;
  double within_km;
  gboolean has_from;
  DmsCoordinates from;
};

G_DEFINE_BOXED_TYPE (DmsDistanceWish, dms_distance_wish, dms_distance_wish_ref, dms_distance_wish_unref)

DmsDistanceWish *
dms_distance_wish_new (double weight, double within_km, const DmsCoordinates *from)
{
  DmsDistanceWish *self = g_atomic_rc_box_new0 (DmsDistanceWish);

  self->weight = weight;
  self->within_km = within_km;
  self->has_from = from != NULL;
  if (from != NULL)
    self->from = *from;
  return self;
}

double
dms_distance_wish_get_weight (DmsDistanceWish *self)
{
  return self->weight;
}

double
dms_distance_wish_get_within_km (DmsDistanceWish *self)
{
  return self->within_km;
}

const DmsCoordinates *
dms_distance_wish_get_from (DmsDistanceWish *self)
{
  return self->has_from ? &self->from : NULL;
}

JsonNode *
dms_distance_wish_to_json (DmsDistanceWish *self)
{
  JsonObject *object = json_object_new ();
  char latitude[G_ASCII_DTOSTR_BUF_SIZE];
  char longitude[G_ASCII_DTOSTR_BUF_SIZE];

  json_object_set_double_member (object, "weight", self->weight);
  json_object_set_double_member (object, "within_km", self->within_km);
  if (self->has_from)
    {
      g_autofree char *from =
          g_strdup_printf ("%s,%s",
                           g_ascii_dtostr (latitude, sizeof latitude, self->from.latitude),
                           g_ascii_dtostr (longitude, sizeof longitude, self->from.longitude));

      json_object_set_string_member (object, "from", from);
    }
  return dms_job_json_take_object (object);
}

DmsDistanceWish *
dms_distance_wish_ref (DmsDistanceWish *self)
{
  return g_atomic_rc_box_acquire (self);
}

void
dms_distance_wish_unref (DmsDistanceWish *self)
{
  g_atomic_rc_box_release (self);
}
