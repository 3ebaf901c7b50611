/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "cli/behaviours/dms-behaviours.h"
#include <dms.h>
#include <string.h>

#include "common/dms-json-object.h"

/* One token, or a list of them. */
static JsonNode *
read_token (const char *text, GError **error)
{
  g_autoptr (JsonNode) token = dms_json_node_from_text (text, -1, NULL);
  JsonObject *object = dms_json_node_get_child (token);

  if (object != NULL && (json_object_has_member (object, "dms") || json_object_has_member (object, "tok")))
    return g_steal_pointer (&token);
  g_set_error_literal (error, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT,
                       _ ("--token: give one token as JSON: {\"dms\":{…}}"));
  return NULL;
}

static gboolean
add_token (DmsCliCall *call, DmsCliSession *session, JsonObject *payload, GError **error)
{
  g_autoptr (JsonNode) token = read_token (dms_cli_call_get_string (call, "token"), error);
  JsonObject *object = dms_json_node_get_child (token);
  g_autoptr (JsonObject) list = NULL;
  JsonArray *tokens;

  if (token == NULL)
    return FALSE;

  /* A list is taken as it is. */
  if (json_object_has_member (object, "tok"))
    {
      json_object_set_member (payload, "Token", g_steal_pointer (&token));
      return TRUE;
    }

  tokens = json_array_new ();
  json_array_add_element (tokens, g_steal_pointer (&token));
  list = json_object_new ();
  json_object_set_array_member (list, "tok", tokens);
  json_object_set_object_member (payload, "Token", g_steal_pointer (&list));

  return TRUE;
}

/* The text as it is: a JSON tree cannot hold every number of a token. A list is taken as it is. */
static GBytes *
make_token (DmsCliCall *call, GError **error)
{
  const char *text = dms_cli_call_get_string (call, "token");
  g_autoptr (JsonNode) token = read_token (text, error);
  char *whole;

  if (token == NULL)
    return NULL;
  if (json_object_has_member (dms_json_node_get_child (token), "tok"))
    whole = g_strdup_printf ("{\"Token\":%s}", text);
  else
    whole = g_strdup_printf ("{\"Token\":{\"tok\":[%s]}}", text);
  return g_bytes_new_take (whole, strlen (whole));
}

static const DmsCliFlag list_flags[] = {
  { "context", 'c', DMS_CLI_FLAG_STRING, FALSE, "user", "name", N_ ("key and capabilities to act with") },
  { NULL },
};

static const DmsCliField context_fields[] = {
  { "Context", "context", TRUE, NULL },
  { NULL },
};

static const DmsCliFlag token_flags[] = {
  { "token", 0, DMS_CLI_FLAG_STRING, TRUE, NULL, "JSON", N_ ("one token") },
  { NULL },
};

const DmsCliVerb dms_behaviours_capabilities[] = {
  {
    .path = "actor cmd /dms/cap/list",
    .summary = N_ ("list the capabilities of the running daemon"),
    .examples = "  nunet actor cmd /dms/cap/list\n",
    .flags = list_flags,
    .run = dms_cli_behaviour_run,
    .data = &(const DmsCliBehaviour){ .fields = context_fields },
  },
  {
    .path = "actor cmd /dms/cap/provide/anchor",
    .summary = N_ ("give the daemon a capability it can present"),
    .examples = "  nunet actor cmd /dms/cap/provide/anchor --token '{\"dms\":{…}}'\n",
    .flags = token_flags,
    .run = dms_cli_behaviour_run,
    .data = &(const DmsCliBehaviour){ .make = make_token },
  },
  {
    .path = "actor cmd /dms/cap/require/anchor",
    .summary = N_ ("let the daemon accept what a token grants"),
    .examples = "  nunet actor cmd /dms/cap/require/anchor --token '{\"dms\":{…}}'\n",
    .flags = token_flags,
    .run = dms_cli_behaviour_run,
    .data = &(const DmsCliBehaviour){ .make = make_token },
  },
  {
    .path = "actor cmd /dms/cap/revoke/anchor",
    .summary = N_ ("let the daemon refuse a revoked token"),
    .examples = "  nunet actor cmd /dms/cap/revoke/anchor --token \"$(nunet cap revoke -c dms TOKEN)\"\n",
    .flags = token_flags,
    .run = dms_cli_behaviour_run,
    .data = &(const DmsCliBehaviour){ .make = make_token },
  },
  {
    .path = "actor cmd /dms/cap/revoke/broadcast",
    .summary = N_ ("tell all nodes of a revoked token"),
    .examples = "  nunet actor cmd /dms/cap/revoke/broadcast --token '{\"dms\":{…}}'\n",
    .flags = token_flags,
    .run = dms_cli_behaviour_run,
    .data = &(const DmsCliBehaviour){ .fields = context_fields, .complete = add_token },
  },
  { NULL },
};
