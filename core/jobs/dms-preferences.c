/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "jobs/dms-preferences.h"

#include "jobs/dms-job-json.h"
#include "resources/dms-location.h"

#include <string.h>

struct _DmsPreferences
{
  double weights[DMS_N_PREFERENCES];
  GPtrArray *near;
  GPtrArray *distances;
};

G_DEFINE_BOXED_TYPE (DmsPreferences, dms_preferences, dms_preferences_ref, dms_preferences_unref)

static const char *const names[DMS_N_PREFERENCES] = {
  [DMS_PREFERENCE_PRICE] = "price",       [DMS_PREFERENCE_SPEED] = "speed",
  [DMS_PREFERENCE_DISTANCE] = "distance", [DMS_PREFERENCE_RELIABILITY] = "reliability",
  [DMS_PREFERENCE_POWER] = "power",       [DMS_PREFERENCE_TIME] = "time",
  [DMS_PREFERENCE_LOCATION] = "location",
};

const char *
dms_preference_to_string (DmsPreference preference)
{
  return names[preference];
}

static void
append_places (GPtrArray *to, GPtrArray *from)
{
  for (guint i = 0; from != NULL && i < from->len; i++)
    g_ptr_array_add (to, dms_location_ref (from->pdata[i]));
}

DmsPreferences *
dms_preferences_new (const double weights[DMS_N_PREFERENCES], GPtrArray *near)
{
  DmsPreferences *self = g_atomic_rc_box_new0 (DmsPreferences);

  memcpy (self->weights, weights, sizeof self->weights);
  self->near = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_location_unref);
  append_places (self->near, near);
  self->distances = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_distance_wish_unref);
  return self;
}

static void
append_distances (DmsPreferences *to, DmsPreferences *from)
{
  for (guint i = 0; from != NULL && i < from->distances->len; i++)
    g_ptr_array_add (to->distances, dms_distance_wish_ref (from->distances->pdata[i]));
}

DmsPreferences *
dms_preferences_with_distance (DmsPreferences *self, DmsDistanceWish *wish)
{
  DmsPreferences *made = dms_preferences_new (self->weights, self->near);

  append_distances (made, self);
  g_ptr_array_add (made->distances, dms_distance_wish_ref (wish));
  return made;
}

DmsPreferences *
dms_preferences_add (DmsPreferences *a, DmsPreferences *b)
{
  double weights[DMS_N_PREFERENCES] = { 0 };
  DmsPreferences *sum;

  for (guint i = 0; i < DMS_N_PREFERENCES; i++)
    weights[i] = (a != NULL ? a->weights[i] : 0) + (b != NULL ? b->weights[i] : 0);
  sum = dms_preferences_new (weights, a != NULL ? a->near : NULL);
  append_places (sum->near, b != NULL ? b->near : NULL);
  append_distances (sum, a);
  append_distances (sum, b);
  return sum;
}

double
dms_preferences_get_weight (DmsPreferences *self, DmsPreference preference)
{
  double weight = self->weights[preference];

  for (guint i = 0; preference == DMS_PREFERENCE_DISTANCE && i < self->distances->len; i++)
    weight += dms_distance_wish_get_weight (self->distances->pdata[i]);
  return weight;
}

double
dms_preferences_get_plain_weight (DmsPreferences *self, DmsPreference preference)
{
  return self->weights[preference];
}

GPtrArray *
dms_preferences_get_distances (DmsPreferences *self)
{
  return self->distances;
}

GPtrArray *
dms_preferences_get_near (DmsPreferences *self)
{
  return self->near;
}

gboolean
dms_preferences_is_empty (DmsPreferences *self)
{
  for (guint i = 0; i < DMS_N_PREFERENCES; i++)
    {
      if (dms_preferences_get_weight (self, (DmsPreference) i) > 0)
        return FALSE;
    }
  return TRUE;
}

JsonNode *
dms_preferences_to_json (DmsPreferences *self)
{
  JsonObject *object = json_object_new ();
  JsonObject *location;

  for (guint i = 0; i < DMS_PREFERENCE_LOCATION; i++)
    {
      if (self->weights[i] > 0)
        json_object_set_double_member (object, names[i], self->weights[i]);
    }
  /* A job file has at most one, in place of the plain weight. */
  if (self->distances->len > 0)
    json_object_set_member (
        object, names[DMS_PREFERENCE_DISTANCE], dms_distance_wish_to_json (self->distances->pdata[0]));
  if (self->weights[DMS_PREFERENCE_LOCATION] > 0)
    {
      location = json_object_new ();
      json_object_set_double_member (location, "weight", self->weights[DMS_PREFERENCE_LOCATION]);
      dms_job_json_set_array (location, "near", self->near, (JsonNode * (*) (gpointer)) dms_location_to_json);
      json_object_set_object_member (object, names[DMS_PREFERENCE_LOCATION], location);
    }
  return dms_job_json_take_object (object);
}

DmsPreferences *
dms_preferences_ref (DmsPreferences *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
preferences_clear (gpointer data)
{
  DmsPreferences *self = data;

  g_ptr_array_unref (self->near);
  g_ptr_array_unref (self->distances);
}

void
dms_preferences_unref (DmsPreferences *self)
{
  g_atomic_rc_box_release_full (self, preferences_clear);
}
