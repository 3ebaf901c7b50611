/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "cli/dms-cli-network.h"
#include "cli/dms-cli-text.h"
#include "cli/dms-cli-verbs.h"
#include "cli/dms-cli-why.h"
#include "common/dms-json-object.h"

#include <dms.h>
#include <string.h>

#define BEHAVIOUR "/dms/node/deployment/why"

/* (transfer full) (nullable) */
static JsonNode *
ask (DmsCliCall *call, GError **error)
{
  g_autoptr (DmsCliSession) session = dms_cli_network_open (call, error);
  g_autoptr (JsonNode) payload = json_node_new (JSON_NODE_OBJECT);
  g_autoptr (GBytes) request = NULL;
  g_autoptr (GBytes) answer = NULL;
  JsonObject *object = json_object_new ();
  char *text;
  const char *data;
  gsize size;

  json_object_set_string_member (object, "id", dms_cli_call_get_arg (call, 0));
  json_node_take_object (payload, object);
  if (session == NULL)
    return NULL;
  text = dms_json_node_to_text (payload);
  request = g_bytes_new_take (text, strlen (text));
  answer = dms_cli_session_invoke (session, BEHAVIOUR, request, error);
  if (answer == NULL)
    return NULL;
  data = g_bytes_get_data (answer, &size);
  return dms_json_node_from_text (data, (gssize) size, error);
}

/* (transfer full): a member as it may be shown. */
static char *
dup_safe (JsonObject *object, const char *name)
{
  const char *text = dms_json_object_get_text (object, name);

  return dms_cli_text_dup_safe (text != NULL ? text : "");
}

static void
print_reply (DmsCliCall *call, JsonObject *reply)
{
  g_autofree char *id = dup_safe (reply, "id");
  g_autofree char *status = dup_safe (reply, "status");
  g_autofree char *text = dup_safe (reply, "text");

  dms_cli_call_print (call, _ ("Deployment %s is %s\n"), id, status);
  dms_cli_call_print (call, "%s\n", text);
  dms_cli_why_print (call, dms_json_object_get_child (reply, "why"));
}

static gboolean
run (DmsCliCall *call, GError **error)
{
  g_autoptr (JsonNode) answer = ask (call, error);
  JsonObject *reply = answer != NULL ? dms_json_node_get_child (answer) : NULL;
  g_autofree char *problem = dup_safe (reply, "error");

  if (answer == NULL)
    return FALSE;
  if (strcmp (problem, DMS_CLI_WHY_UNKNOWN) == 0)
    {
      g_set_error (error,
                   DMS_ERROR,
                   DMS_ERROR_NOT_FOUND,
                   _ (DMS_CLI_WHY_UNKNOWN_TEXT),
                   dms_cli_call_get_arg (call, 0));
      return FALSE;
    }
  if (reply == NULL || problem[0] != '\0')
    {
      g_set_error (error,
                   DMS_ERROR,
                   DMS_ERROR_FAILED,
                   "%s",
                   problem[0] != '\0' ? problem : _ ("the node's reply is no JSON object"));
      return FALSE;
    }
  if (dms_cli_call_get_bool (call, "json"))
    dms_cli_network_print_json (call, reply);
  else
    print_reply (call, reply);
  return TRUE;
}

const DmsCliVerb dms_verb_get_why = {
  .path = "get why",
  .arguments = N_ ("<deployment ID>"),
  .summary = N_ ("say why machines would not run a deployment, or which one does"),
  .description = N_ (
      "When a deployment finds no machine, the node asks those it reaches for their reasons. Shows how many "
      "gave which reason, what to ask for less of so that more of them would do, and those that came "
      "nearest. Where machines were found, shows which was taken of how many, and what decided. It is kept "
      "with the deployment, also when that has failed.\n\n"
      "Amounts of others are rounded down (…, 4, 6, 8, 12 GiB …), and machines on which you may not deploy "
      "say nothing, or just that. What others say is not checked: count on it as you would on them."),
  .examples = "  nunet get why 3f0c…\n"
              "  # for programs: how many lack memory?\n"
              "  nunet get why 3f0c… --json | jq '.why.nodes[].reasons[] | select(.code == \"ram\").count'\n",
  .flags = dms_cli_network_flags,
  .min_args = 1,
  .max_args = 1,
  .run = run,
};
