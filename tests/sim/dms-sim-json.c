/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-sim-json.h"

double
dms_sim_json_get_number (JsonObject *object, const char *name, double fallback)
{
  if (object == NULL || !json_object_has_member (object, name))
    return fallback;
  return json_object_get_double_member (object, name);
}

guint
dms_sim_json_get_count (JsonObject *object, const char *name, guint fallback)
{
  double value = dms_sim_json_get_number (object, name, fallback);

  return value > 0 ? (guint) MIN (value, G_MAXINT32) : 0;
}

const char *
dms_sim_json_get_text (JsonObject *object, const char *name, const char *fallback)
{
  if (object == NULL || !json_object_has_member (object, name))
    return fallback;
  return json_object_get_string_member (object, name);
}

JsonObject *
dms_sim_json_get_object (JsonObject *object, const char *name)
{
  if (object == NULL || !json_object_has_member (object, name))
    return NULL;
  return json_object_get_object_member (object, name);
}

static gint
compare (gconstpointer a, gconstpointer b)
{
  double left = *(const double *) a;
  double right = *(const double *) b;

  return left < right ? -1 : left > right;
}

/* The smallest value that so many are no greater than. */
static double
get_rank (GArray *doubles, double share)
{
  guint i = (guint) (share * doubles->len + 0.999999);

  return g_array_index (doubles, double, CLAMP (i, 1, doubles->len) - 1);
}

JsonObject *
dms_sim_json_summarize (GArray *doubles)
{
  JsonObject *summary = json_object_new ();
  double sum = 0;

  json_object_set_int_member (summary, "n", doubles->len);
  if (doubles->len == 0)
    return summary;
  g_array_sort (doubles, compare);
  for (guint i = 0; i < doubles->len; i++)
    sum += g_array_index (doubles, double, i);
  json_object_set_double_member (summary, "mean", sum / doubles->len);
  json_object_set_double_member (summary, "p50", get_rank (doubles, 0.5));
  json_object_set_double_member (summary, "p90", get_rank (doubles, 0.9));
  json_object_set_double_member (summary, "p99", get_rank (doubles, 0.99));
  json_object_set_double_member (summary, "max", get_rank (doubles, 1));
  return summary;
}

void
dms_sim_json_add_point (JsonArray *points, double x, double y)
{
  JsonArray *point = json_array_new ();

  json_array_add_double_element (point, x);
  json_array_add_double_element (point, y);
  json_array_add_array_element (points, point);
}
