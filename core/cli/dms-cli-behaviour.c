/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "cli/dms-cli-behaviour.h"

#include <dms.h>
#include <string.h>

#include "common/dms-json-object.h"
#include "common/dms-json-text.h"

#define NS_PER_S G_GINT64_CONSTANT (1000000000)
#define DEFAULT_TIMEOUT 30

static JsonNode *
make_list (const char *const *texts)
{
  JsonArray *array = json_array_new ();

  for (; *texts != NULL; texts++)
    json_array_add_string_element (array, *texts);

  return json_node_init_array (json_node_alloc (), array);
}

static JsonNode *
make_value (DmsCliCall *call, const char *name)
{
  const DmsCliFlag *flag = dms_cli_call_find_flag (call, name);
  const char *text;

  g_return_val_if_fail (flag != NULL, json_node_init_null (json_node_alloc ()));

  switch (flag->type)
    {
    case DMS_CLI_FLAG_BOOL:
      return json_node_init_boolean (json_node_alloc (), dms_cli_call_get_bool (call, name));

    case DMS_CLI_FLAG_INT:
    case DMS_CLI_FLAG_UINT:
      return json_node_init_int (json_node_alloc (), dms_cli_call_get_int (call, name));

    case DMS_CLI_FLAG_DURATION:
      return json_node_init_int (json_node_alloc (), dms_cli_call_get_duration (call, name));

    case DMS_CLI_FLAG_FLOAT:
      return json_node_init_double (json_node_alloc (), dms_cli_call_get_double (call, name));

    case DMS_CLI_FLAG_STRINGS:
    case DMS_CLI_FLAG_STRING_ARRAY:
      return make_list (dms_cli_call_get_strv (call, name));

    case DMS_CLI_FLAG_STRING:
    default:
      text = dms_cli_call_get_string (call, name);
      return json_node_init_string (json_node_alloc (), text != NULL ? text : "");
    }
}

/**
 * dms_cli_behaviour_make_payload:
 * @call: a call
 * @fields: (nullable): members of the payload
 *
 * Returns: (transfer full): the payload that the call's flags make
 */
JsonObject *
dms_cli_behaviour_make_payload (DmsCliCall *call, const DmsCliField *fields)
{
  JsonObject *payload = json_object_new ();

  for (; fields != NULL && fields->member != NULL; fields++)
    {
      if (fields->constant != NULL)
        json_object_set_string_member (payload, fields->member, fields->constant);
      else if (fields->always || dms_cli_call_is_set (call, fields->flag))
        json_object_set_member (payload, fields->member, make_value (call, fields->flag));
    }

  return payload;
}

static gboolean
print_json (DmsCliCall *call, const char *data, gsize size, GError **error)
{
  g_autofree char *text = dms_json_text_indent (data, size, 2, error);

  if (text == NULL)
    {
      g_prefix_error (error, "could not run behavior: the reply: ");
      return FALSE;
    }

  dms_cli_call_print (call, "%s\n", text);
  return TRUE;
}

static gboolean
broadcast (DmsCliCall *call,
           const DmsCliBehaviour *behaviour,
           DmsCliSession *session,
           const char *path,
           GBytes *payload,
           GError **error)
{
  g_autoptr (GPtrArray) replies = dms_cli_session_broadcast (session, path, behaviour->topic, payload, error);
  g_autoptr (GString) list = g_string_new ("[");
  guint i;

  if (replies == NULL)
    return FALSE;

  for (i = 0; i < replies->len; i++)
    {
      gsize size;
      const char *data = g_bytes_get_data (g_ptr_array_index (replies, i), &size);

      /* What another node sent is shown only if it is JSON. */
      if (!dms_json_text_check (data, size, NULL))
        continue;
      if (list->len > 1)
        g_string_append_c (list, ',');
      g_string_append_len (list, data, size);
    }
  g_string_append_c (list, ']');

  return print_json (call, list->str, list->len, error);
}

static gboolean
invoke (DmsCliCall *call,
        const DmsCliBehaviour *behaviour,
        DmsCliSession *session,
        const char *path,
        GBytes *payload,
        GError **error)
{
  g_autoptr (GBytes) reply = dms_cli_session_invoke (session, path, payload, error);
  const char *data;
  gsize size;

  if (reply == NULL)
    return FALSE;

  data = g_bytes_get_data (reply, &size);
  if (!print_json (call, data, size, error))
    return FALSE;

  return behaviour->reply == NULL || behaviour->reply (call, reply, error);
}

static GBytes *
serialise (JsonObject *payload)
{
  g_autoptr (JsonNode) node = json_node_init_object (json_node_alloc (), payload);
  char *text = dms_json_node_to_text (node);

  return g_bytes_new_take (text, strlen (text));
}

static GBytes *
make_payload (DmsCliCall *call, const DmsCliBehaviour *behaviour, DmsCliSession *session, GError **error)
{
  g_autoptr (JsonObject) payload = NULL;

  if (behaviour->make != NULL)
    return behaviour->make (call, error);
  payload = dms_cli_behaviour_make_payload (call, behaviour->fields);
  if (behaviour->complete != NULL && !behaviour->complete (call, session, payload, error))
    return NULL;
  return serialise (payload);
}

/**
 * dms_cli_behaviour_run:
 * @call: a call of a verb whose data is a #DmsCliBehaviour
 * @error: return location for an error
 *
 * Returns: whether a reply came; what it says makes no difference
 */
gboolean
dms_cli_behaviour_run (DmsCliCall *call, GError **error)
{
  const DmsCliBehaviour *behaviour = dms_cli_call_get_data (call);
  const char *verb = dms_cli_call_get_verb (call)->path;
  const char *path = behaviour->path != NULL ? behaviour->path : strrchr (verb, ' ') + 1;
  guint timeout = behaviour->timeout != 0 ? behaviour->timeout : DEFAULT_TIMEOUT;
  g_autoptr (DmsCliSession) session = NULL;
  g_autoptr (GBytes) bytes = NULL;

  if (behaviour->check != NULL && !behaviour->check (call, error))
    return FALSE;

  session = dms_cli_session_open (call, timeout * NS_PER_S, error);
  if (session == NULL || !dms_cli_session_set_destination (session, dms_cli_call_get_string (call, "dest"),
                                                           error))
    return FALSE;

  bytes = make_payload (call, behaviour, session, error);
  if (bytes == NULL)
    return FALSE;
  if (behaviour->topic != NULL)
    return broadcast (call, behaviour, session, path, bytes, error);

  return invoke (call, behaviour, session, path, bytes, error);
}
