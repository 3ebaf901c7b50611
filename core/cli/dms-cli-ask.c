/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "cli/dms-cli-ask.h"

#include <dms.h>
#include <string.h>

#include "common/dms-json-object.h"
#include "common/dms-json-text.h"

#define NS_PER_S G_GINT64_CONSTANT (1000000000)

/**
 * dms_cli_ask:
 * @call: a call with the flags of messages
 * @behaviour: what is asked
 * @timeout: seconds that are waited unless flags say otherwise
 * @payload: (transfer full): the question
 * @error: return location for an error
 *
 * Returns: (transfer full) (nullable): the reply
 */
JsonObject *
dms_cli_ask (DmsCliCall *call, const char *behaviour, guint timeout, JsonObject *payload, GError **error)
{
  g_autoptr (JsonNode) node = json_node_init_object (json_node_alloc (), payload);
  g_autoptr (DmsCliSession) session = NULL;
  g_autoptr (GBytes) request = NULL;
  g_autoptr (GBytes) answer = NULL;
  g_autoptr (JsonNode) reply = NULL;
  char *text = dms_json_node_to_text (node);
  const char *data;
  gsize size;

  json_object_unref (payload);
  request = g_bytes_new_take (text, strlen (text));
  session = dms_cli_session_open (call, timeout * NS_PER_S, error);
  if (session == NULL ||
      !dms_cli_session_set_destination (session, dms_cli_call_get_string (call, "dest"), error))
    return NULL;
  answer = dms_cli_session_invoke (session, behaviour, request, error);
  if (answer == NULL)
    return NULL;
  data = g_bytes_get_data (answer, &size);
  reply = dms_json_node_from_text (data, (gssize) size, error);
  if (reply == NULL)
    return NULL;
  if (dms_json_node_get_child (reply) == NULL)
    {
      g_set_error_literal (
          error, DMS_ERROR, DMS_ERROR_INVALID_DATA, _ ("the node's reply is no JSON object"));
      return NULL;
    }
  return json_object_ref (dms_json_node_get_child (reply));
}

/**
 * dms_cli_ask_print:
 * @call: where to write
 * @object: what to write
 */
void
dms_cli_ask_print (DmsCliCall *call, JsonObject *object)
{
  g_autoptr (JsonNode) node = json_node_init_object (json_node_alloc (), object);
  g_autofree char *compact = dms_json_node_to_text (node);
  g_autofree char *text = dms_json_text_indent (compact, strlen (compact), 2, NULL);

  dms_cli_call_print (call, "%s\n", text != NULL ? text : compact);
}
