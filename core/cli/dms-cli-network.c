/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "cli/dms-cli-network.h"

#include <dms.h>
#include <string.h>

#include "common/dms-json-object.h"
#include "common/dms-json-text.h"

#define PREFIX             "/dms/node/network/"
#define DEFAULT_TIMEOUT_NS (30 * G_GINT64_CONSTANT (1000000000))
#define MINUTE             60
#define HOUR               (60 * MINUTE)
#define DAY                (24 * HOUR)

const DmsCliFlag dms_cli_network_flags[] = {
  { "json", 0, DMS_CLI_FLAG_BOOL, FALSE, "false", NULL, N_ ("print JSON, for programs") },
  { NULL },
};

/**
 * dms_cli_network_open:
 * @call: a call with the flags of messages
 * @error: return location for an error
 *
 * Returns: (transfer full) (nullable): a session with whom `--dest` names
 */
DmsCliSession *
dms_cli_network_open (DmsCliCall *call, GError **error)
{
  g_autoptr (DmsCliSession) session = dms_cli_session_open (call, DEFAULT_TIMEOUT_NS, error);

  if (session == NULL ||
      !dms_cli_session_set_destination (session, dms_cli_call_get_string (call, "dest"), error))
    return NULL;
  return g_steal_pointer (&session);
}

/**
 * dms_cli_network_ask:
 * @session: a session
 * @question: the last word of the behaviour
 * @payload: (transfer full) (nullable): what is asked
 * @error: return location for an error
 *
 * Returns: (transfer full) (nullable): the reply
 */
JsonObject *
dms_cli_network_ask (DmsCliSession *session, const char *question, JsonObject *payload, GError **error)
{
  g_autofree char *behaviour = g_strconcat (PREFIX, question, NULL);
  g_autoptr (JsonObject) object = payload != NULL ? payload : json_object_new ();
  g_autoptr (JsonNode) node = json_node_init_object (json_node_alloc (), object);
  g_autoptr (GBytes) request = NULL;
  g_autoptr (GBytes) answer = NULL;
  g_autoptr (JsonNode) reply = NULL;
  char *text = dms_json_node_to_text (node);
  const char *data = NULL;
  gsize size = 0;

  request = g_bytes_new_take (text, strlen (text));
  answer = dms_cli_session_invoke (session, behaviour, request, error);
  if (answer == NULL)
    return NULL;

  data = g_bytes_get_data (answer, &size);
  reply = dms_json_node_from_text (data, (gssize) size, error);
  if (reply == NULL)
    {
      g_prefix_error (error, _ ("the node's reply: "));
      return NULL;
    }
  if (dms_json_node_get_child (reply) == NULL)
    {
      g_set_error_literal (
          error, DMS_ERROR, DMS_ERROR_INVALID_DATA, _ ("the node's reply is no JSON object"));
      return NULL;
    }
  return json_object_ref (dms_json_node_get_child (reply));
}

/**
 * dms_cli_network_print_json:
 * @call: where to write
 * @object: what to write
 */
void
dms_cli_network_print_json (DmsCliCall *call, JsonObject *object)
{
  g_autoptr (JsonNode) node = json_node_init_object (json_node_alloc (), object);
  g_autofree char *compact = dms_json_node_to_text (node);
  g_autofree char *text = dms_json_text_indent (compact, strlen (compact), 2, NULL);

  dms_cli_call_print (call, "%s\n", text != NULL ? text : compact);
}

/**
 * dms_cli_network_ask_once:
 * @call: a call
 * @question: the last word of the behaviour
 * @payload: (transfer full) (nullable): what is asked
 * @reply: (out) (transfer full) (nullable): the reply, when it is to be shown to people
 * @error: return location for an error
 *
 * Returns: whether there was a reply
 */
gboolean
dms_cli_network_ask_once (DmsCliCall *call,
                          const char *question,
                          JsonObject *payload,
                          JsonObject **reply,
                          GError **error)
{
  g_autoptr (JsonObject) asked = payload != NULL ? payload : json_object_new ();
  g_autoptr (DmsCliSession) session = dms_cli_network_open (call, error);
  g_autoptr (JsonObject) answer = NULL;

  *reply = NULL;
  if (session == NULL)
    return FALSE;
  answer = dms_cli_network_ask (session, question, g_steal_pointer (&asked), error);
  if (answer == NULL)
    return FALSE;
  if (dms_cli_call_get_bool (call, "json"))
    dms_cli_network_print_json (call, answer);
  else
    *reply = g_steal_pointer (&answer);
  return TRUE;
}

/**
 * dms_cli_network_list_objects:
 * @reply: what the node sent
 * @member: a list in it
 *
 * Returns: (transfer full) (element-type JsonObject): its items; what is no object is an empty one
 */
GPtrArray *
dms_cli_network_list_objects (JsonObject *reply, const char *member)
{
  GPtrArray *objects = g_ptr_array_new_with_free_func ((GDestroyNotify) json_object_unref);
  JsonArray *list = dms_json_object_get_list (reply, member);

  for (guint i = 0; list != NULL && i < json_array_get_length (list); i++)
    {
      JsonObject *object = dms_json_node_get_child (json_array_get_element (list, i));

      g_ptr_array_add (objects, object != NULL ? json_object_ref (object) : json_object_new ());
    }
  return objects;
}

/**
 * dms_cli_network_get_number:
 * @object: what the node sent
 * @member: a number in it
 *
 * Returns: the number; -1 where there is none or it is negative
 */
gint64
dms_cli_network_get_number (JsonObject *object, const char *member)
{
  return dms_json_object_get_whole (object, member, 0, G_MAXINT64, -1);
}

/**
 * dms_cli_network_dup_duration:
 * @microseconds: a time span
 *
 * Returns: (transfer full) (nullable): it in the unit in which people read it
 */
char *
dms_cli_network_dup_duration (gint64 microseconds)
{
  if (microseconds < 0)
    return NULL;
  if (microseconds < 1000)
    return g_strdup_printf ("%d µs", (int) microseconds);
  if (microseconds < G_TIME_SPAN_SECOND)
    return g_strdup_printf ("%.2f ms", (double) microseconds / 1000);
  return g_strdup_printf ("%.2f s", (double) microseconds / G_TIME_SPAN_SECOND);
}

/**
 * dms_cli_network_dup_size:
 * @bytes: a number of bytes
 *
 * Returns: (transfer full) (nullable): it in the unit in which people read it
 */
char *
dms_cli_network_dup_size (gint64 bytes)
{
  static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
  double value = (double) bytes;
  guint unit = 0;

  if (bytes < 0)
    return NULL;
  while (value >= 1024 && unit + 1 < G_N_ELEMENTS (units))
    {
      value /= 1024;
      unit++;
    }
  return unit == 0 ? g_strdup_printf ("%d B", (int) bytes) : g_strdup_printf ("%.1f %s", value, units[unit]);
}

/**
 * dms_cli_network_dup_age:
 * @since_us: a time, in microseconds since the epoch
 *
 * Returns: (transfer full) (nullable): how long ago that is
 */
char *
dms_cli_network_dup_age (gint64 since_us)
{
  gint64 seconds = (g_get_real_time () - since_us) / G_TIME_SPAN_SECOND;

  if (since_us <= 0)
    return NULL;
  seconds = MAX (seconds, 0);
  if (seconds < MINUTE)
    return g_strdup_printf ("%" G_GINT64_FORMAT " s", seconds);
  if (seconds < HOUR)
    return g_strdup_printf ("%" G_GINT64_FORMAT " min", seconds / MINUTE);
  if (seconds < DAY)
    return g_strdup_printf ("%" G_GINT64_FORMAT " h", seconds / HOUR);
  return g_strdup_printf ("%" G_GINT64_FORMAT " d", seconds / DAY);
}
