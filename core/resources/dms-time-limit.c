/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "resources/dms-time-limit.h"

#include "common/dms-json-object.h"
#include "resources/dms-profile-json.h"

#include <string.h>

struct _DmsTimeLimit
{
  char *units;
  double max_time;
  double preference;
};

G_DEFINE_BOXED_TYPE (DmsTimeLimit, dms_time_limit, dms_time_limit_ref, dms_time_limit_unref)

DmsTimeLimit *
dms_time_limit_new (const char *units, double max_time, double preference)
{
  DmsTimeLimit *self = g_atomic_rc_box_new0 (DmsTimeLimit);

  self->units = dms_profile_json_dup_set (units);
  self->max_time = max_time;
  self->preference = preference;
  return self;
}

const char *
dms_time_limit_get_units (DmsTimeLimit *self)
{
  return self->units;
}

double
dms_time_limit_get_max_time (DmsTimeLimit *self)
{
  return self->max_time;
}

double
dms_time_limit_get_preference (DmsTimeLimit *self)
{
  return self->preference;
}

double
dms_time_limit_get_seconds (DmsTimeLimit *self)
{
  static const struct
  {
    const char *name;
    double seconds;
  } units[] = { { "minutes", 60 }, { "hours", 3600 }, { "days", 86400 } };
  const char *unit = dms_time_limit_get_units (self);

  for (guint i = 0; unit != NULL && i < G_N_ELEMENTS (units); i++)
    {
      if (g_ascii_strncasecmp (unit, units[i].name, strlen (units[i].name) - 1) == 0)
        return dms_time_limit_get_max_time (self) * units[i].seconds;
    }
  return dms_time_limit_get_max_time (self);
}

DmsTimeLimit *
dms_time_limit_new_from_json (JsonNode *node, GError **error)
{
  JsonObject *object = dms_json_node_get_child (node);

  if (object == NULL || !dms_profile_json_is_text (object, "units"))
    {
      g_set_error_literal (
          error, DMS_ERROR, DMS_ERROR_INVALID_DATA, "a time must be an object of short texts");
      return NULL;
    }
  return dms_time_limit_new (
      dms_json_object_get_text (object, "units"),
      dms_json_object_get_number (object, "max_time", 0, DMS_PROFILE_JSON_MAX_NUMBER, 0),
      dms_json_object_get_number (object, "preference", 0, DMS_PROFILE_JSON_MAX_NUMBER, 0));
}

JsonNode *
dms_time_limit_to_json (DmsTimeLimit *self)
{
  JsonNode *node = json_node_new (JSON_NODE_OBJECT);
  JsonObject *object = json_object_new ();

  if (self->units != NULL)
    json_object_set_string_member (object, "units", self->units);
  if (self->max_time > 0)
    json_object_set_double_member (object, "max_time", self->max_time);
  if (self->preference > 0)
    json_object_set_double_member (object, "preference", self->preference);
  json_node_take_object (node, object);
  return node;
}

gboolean
dms_time_limit_equal (DmsTimeLimit *a, DmsTimeLimit *b)
{
  return g_strcmp0 (a->units, b->units) == 0 && dms_profile_json_same (a->max_time, b->max_time) &&
         dms_profile_json_same (a->preference, b->preference);
}

DmsTimeLimit *
dms_time_limit_ref (DmsTimeLimit *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
clear (gpointer data)
{
  DmsTimeLimit *self = data;

  g_free (self->units);
}

void
dms_time_limit_unref (DmsTimeLimit *self)
{
  g_atomic_rc_box_release_full (self, clear);
}
