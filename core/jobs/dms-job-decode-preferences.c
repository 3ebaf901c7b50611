/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "jobs/dms-job-decode-private.h"

#include "jobs/dms-preferences.h"
#include "resources/dms-gazetteer.h"

static double
decode_weight (DmsJobReader *reader, const char *key, DmsJobReadFlags flags)
{
  return dms_job_reader_get_positive (reader, key, DMS_PREFERENCES_MAX_WEIGHT, flags);
}

/* `location: {weight: 2, near: [{continent: EU}]}` */
static GPtrArray *
decode_near (DmsJobReader *preferences, double *weight, const DmsJobScope *scope)
{
  g_autoptr (DmsJobReader) location = dms_job_reader_open (preferences, "location", DMS_JOB_READ_OPTIONAL);
  g_autoptr (GPtrArray) near = NULL;

  if (location == NULL)
    return NULL;
  *weight = decode_weight (location, "weight", DMS_JOB_READ_REQUIRED);
  near = dms_job_decode_locations (location, "near", scope);
  if (near->len == 0 && dms_job_reader_get (location, "near", DMS_JOB_READ_REQUIRED) != NULL)
    dms_job_reader_error (location, "near", "must name at least one place");
  dms_job_reader_finish (location);
  return g_steal_pointer (&near);
}

/* `52.52,13.4`, or {country, city}. Whether it could be read. */
static gboolean
decode_place (DmsJobReader *distance, DmsCoordinates *place)
{
  DmsJobNode *member = dms_job_reader_get (distance, "from", DMS_JOB_READ_REQUIRED);
  g_autoptr (DmsJobReader) from = NULL;
  g_autofree char *country = NULL;
  g_autofree char *city = NULL;

  if (dms_job_node_is_scalar (member))
    {
      if (dms_coordinates_parse (place, dms_job_node_get_text (member)))
        return TRUE;
      dms_job_reader_error (
          distance,
          "from",
          "must be latitude and longitude in degrees, such as \"52.52,13.40\", or a country "
          "and a city, got \"%.40s\"",
          dms_job_node_get_text (member));
      return FALSE;
    }
  from = dms_job_reader_open (distance, "from", DMS_JOB_READ_REQUIRED);
  if (from == NULL)
    return FALSE;
  country = dms_job_reader_dup_string (from, "country", DMS_JOB_READ_REQUIRED | DMS_JOB_READ_NON_EMPTY);
  city = dms_job_reader_dup_string (from, "city", DMS_JOB_READ_REQUIRED | DMS_JOB_READ_NON_EMPTY);
  dms_job_reader_finish (from);
  if (country == NULL || city == NULL || dms_gazetteer_find (DMS_GAZETTEER_FILE, country, city, place))
    return country != NULL && city != NULL;
  dms_job_reader_error (
      distance,
      "from",
      "“%.40s” in “%.40s” is none of the cities that time zones are named after (%s), the only "
      "ones whose place is known: write latitude and longitude, such as \"52.52,13.40\"",
      city,
      country,
      DMS_GAZETTEER_FILE);
  return FALSE;
}

/* `distance: {weight: 2, within_km: 300, from: "52.52,13.40"}`; NULL when it is a plain weight. */
static DmsDistanceWish *
decode_distance (DmsJobReader *preferences, double *weight)
{
  const char *key = dms_preference_to_string (DMS_PREFERENCE_DISTANCE);
  DmsJobNode *member = dms_job_reader_get (preferences, key, DMS_JOB_READ_OPTIONAL);
  g_autoptr (DmsJobReader) distance = NULL;
  DmsCoordinates place = { 0 };
  double own_weight;
  double within;
  gboolean from;

  if (member == NULL || dms_job_node_get_kind (member) != DMS_JOB_NODE_MAP)
    {
      *weight = decode_weight (preferences, key, DMS_JOB_READ_OPTIONAL);
      return NULL;
    }
  distance = dms_job_reader_open (preferences, key, DMS_JOB_READ_OPTIONAL);
  own_weight = decode_weight (distance, "weight", DMS_JOB_READ_REQUIRED);
  within =
      dms_job_reader_get_positive (distance, "within_km", DMS_DISTANCE_WISH_MAX_KM, DMS_JOB_READ_OPTIONAL);
  from = dms_job_reader_get (distance, "from", DMS_JOB_READ_OPTIONAL) != NULL;
  if (from && !decode_place (distance, &place))
    return NULL;
  dms_job_reader_finish (distance);
  return dms_distance_wish_new (
      own_weight, within > 0 ? within : DMS_DISTANCE_WISH_DEFAULT_KM, from ? &place : NULL);
}

DmsPreferences *
dms_job_decode_preferences (DmsJobReader *parent, const DmsJobScope *scope)
{
  g_autoptr (DmsJobReader) preferences = dms_job_reader_open (parent, "preferences", DMS_JOB_READ_OPTIONAL);
  g_autoptr (GPtrArray) near = NULL;
  g_autoptr (DmsDistanceWish) wish = NULL;
  g_autoptr (DmsPreferences) all = NULL;
  double weights[DMS_N_PREFERENCES] = { 0 };

  if (preferences == NULL)
    return NULL;
  for (guint i = 0; i < DMS_PREFERENCE_LOCATION; i++)
    {
      if (i == DMS_PREFERENCE_DISTANCE)
        wish = decode_distance (preferences, &weights[i]);
      else
        weights[i] =
            decode_weight (preferences, dms_preference_to_string ((DmsPreference) i), DMS_JOB_READ_OPTIONAL);
    }
  near = decode_near (preferences, &weights[DMS_PREFERENCE_LOCATION], scope);
  dms_job_reader_finish (preferences);
  all = dms_preferences_new (weights, near);
  return wish != NULL ? dms_preferences_with_distance (all, wish) : g_steal_pointer (&all);
}
