/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <dms.h>
#include <string.h>

#include "cli/behaviours/dms-behaviours.h"
#include "cli/dms-cli-flag.h"

#define NS_PER_US 1000

/**
 * dms_list_payload_add_filters:
 * @call: a call with the flag filter
 * @payload: gets the member metadata when there are filters
 * @error: return location for an error
 *
 * Returns: whether every filter is written as `key=value`
 */
gboolean
dms_list_payload_add_filters (DmsCliCall *call, JsonObject *payload, GError **error)
{
  const char *const *filter = dms_cli_call_get_strv (call, "filter");
  g_autoptr (JsonObject) metadata = json_object_new ();

  for (; *filter != NULL; filter++)
    {
      const char *equals = strchr (*filter, '=');
      g_autofree char *key = equals != NULL ? g_strndup (*filter, equals - *filter) : NULL;

      if (key == NULL || key[0] == '\0')
        {
          g_set_error (error, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT,
                       _ ("--filter: “%s”: write it as key=value"), *filter);
          return FALSE;
        }
      json_object_set_string_member (metadata, key, equals + 1);
    }
  if (json_object_get_size (metadata) > 0)
    json_object_set_object_member (payload, "metadata", g_steal_pointer (&metadata));

  return TRUE;
}

static gboolean
add_status (DmsCliCall *call, JsonObject *payload, GError **error)
{
  static const char *const names[] = {
    "Preparing", "Generating", "Committing", "Provisioning", "Running", "Failed", "ShuttingDown", "Completed",
  };
  const char *const *wanted = dms_cli_call_get_strv (call, "status");
  g_autoptr (JsonArray) list = json_array_new ();

  for (; *wanted != NULL; wanted++)
    {
      guint i = 0;

      while (i < G_N_ELEMENTS (names) && g_ascii_strcasecmp (names[i], *wanted) != 0)
        i++;
      if (i == G_N_ELEMENTS (names))
        {
          g_set_error (error, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT,
                       _ ("--status: “%s” is none of Preparing, Generating, Committing, Provisioning, "
                          "Running, "
                          "Failed, ShuttingDown, Completed"), *wanted);
          return FALSE;
        }
      json_array_add_int_element (list, i);
    }
  if (json_array_get_length (list) > 0)
    json_object_set_array_member (payload, "status", g_steal_pointer (&list));

  return TRUE;
}

static GDateTime *
parse_age (const char *text)
{
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  gint64 span;
  guint64 days;
  gsize length = strlen (text);

  if (length > 1 && text[length - 1] == 'd')
    {
      g_autofree char *digits = g_strndup (text, length - 1);

      if (!g_ascii_string_to_unsigned (digits, 10, 0, 36500, &days, NULL))
        return NULL;
      return g_date_time_add_days (now, -(int) days);
    }

  if (!dms_cli_flag_parse_duration (text, &span, NULL) || span < 0)
    return NULL;
  return g_date_time_add (now, -span / NS_PER_US);
}

/**
 * dms_list_payload_parse_time:
 * @text: RFC 3339, or an age
 * @error: return location for an error
 *
 * Returns: (transfer full) (nullable): RFC 3339 in UTC
 */
char *
dms_list_payload_parse_time (const char *text, GError **error)
{
  g_autoptr (GTimeZone) utc = g_time_zone_new_utc ();
  g_autoptr (GDateTime) time = g_date_time_new_from_iso8601 (text, utc);
  g_autoptr (GDateTime) universal = NULL;

  if (time == NULL)
    time = parse_age (text);
  if (time == NULL)
    {
      g_set_error (error, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT,
                   _ ("“%s” is no time; write it as 2030-01-31T12:00:00Z, or as an age such as 1h or 2d"),
                   text);
      return NULL;
    }

  universal = g_date_time_to_utc (time);
  return g_date_time_format (universal, "%Y-%m-%dT%H:%M:%SZ");
}

/**
 * dms_list_payload_complete:
 * @call: a call with the flags of a list of deployments
 * @session: not used
 * @payload: gets the filters
 * @error: return location for an error
 *
 * Returns: whether the filters are well formed
 */
gboolean
dms_list_payload_complete (DmsCliCall *call, DmsCliSession *session, JsonObject *payload, GError **error)
{
  static const struct {
    const char *flag;
    const char *member;
  } times[] = {
    { "created-after", "created_after" },
    { "created-before", "created_before" },
    { "updated-after", "updated_after" },
    { "updated-before", "updated_before" },
  };
  guint i;

  if (!dms_list_payload_add_filters (call, payload, error) || !add_status (call, payload, error))
    return FALSE;

  for (i = 0; i < G_N_ELEMENTS (times); i++)
    {
      g_autofree char *time = NULL;

      if (!dms_cli_call_is_set (call, times[i].flag))
        continue;
      time = dms_list_payload_parse_time (dms_cli_call_get_string (call, times[i].flag), error);
      if (time == NULL)
        {
          g_prefix_error (error, "--%s: ", times[i].flag);
          return FALSE;
        }
      json_object_set_string_member (payload, times[i].member, time);
    }

  return TRUE;
}
