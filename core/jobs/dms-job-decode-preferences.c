/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "jobs/dms-job-decode-private.h"

#include "jobs/dms-preferences.h"

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

DmsPreferences *
dms_job_decode_preferences (DmsJobReader *parent, const DmsJobScope *scope)
{
  g_autoptr (DmsJobReader) preferences = dms_job_reader_open (parent, "preferences", DMS_JOB_READ_OPTIONAL);
  g_autoptr (GPtrArray) near = NULL;
  double weights[DMS_N_PREFERENCES] = { 0 };

  if (preferences == NULL)
    return NULL;
  for (guint i = 0; i < DMS_PREFERENCE_LOCATION; i++)
    weights[i] =
        decode_weight (preferences, dms_preference_to_string ((DmsPreference) i), DMS_JOB_READ_OPTIONAL);
  near = decode_near (preferences, &weights[DMS_PREFERENCE_LOCATION], scope);
  dms_job_reader_finish (preferences);
  return dms_preferences_new (weights, near);
}
