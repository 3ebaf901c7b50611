/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "cli/dms-cli-network.h"
#include "cli/dms-cli-text.h"
#include "cli/dms-cli-verbs.h"
#include "common/dms-json-object.h"

#include <dms.h>
#include <string.h>

#define BEHAVIOUR "/dms/node/deployment/why"

enum
{
  /* Of what the node sends, so much is shown of each list. */
  MAX_SHOWN = 64,
};

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

/* The objects of a list, one after the other. */
static void
print_each (DmsCliCall *call,
            JsonObject *object,
            const char *name,
            void (*print) (DmsCliCall *call, JsonObject *item))
{
  JsonArray *list = dms_json_object_get_list (object, name);
  guint n = list != NULL ? MIN (json_array_get_length (list), MAX_SHOWN) : 0;

  for (guint i = 0; i < n; i++)
    {
      JsonObject *item = dms_json_node_get_child (json_array_get_element (list, i));

      if (item != NULL)
        print (call, item);
    }
}

static void
print_reason (DmsCliCall *call, JsonObject *item)
{
  g_autofree char *text = dup_safe (item, "text");

  dms_cli_call_print (call,
                      "  %6" G_GINT64_FORMAT "  %s\n",
                      dms_json_object_get_whole (item, "count", 0, G_MAXINT64, 0),
                      text);
}

static void
print_relaxation (DmsCliCall *call, JsonObject *item)
{
  gint64 hosts = dms_json_object_get_whole (item, "hosts", 0, G_MAXINT32, 0);
  g_autofree char *code = dup_safe (item, "code");
  g_autofree char *amount = dup_safe (item, "text");

  dms_cli_call_print (
      call,
      g_dngettext (
          NULL, "  relax %s to %s: %d host more\n", "  relax %s to %s: %d hosts more\n", (gulong) hosts),
      code,
      amount,
      (int) hosts);
}

static void
print_nearest (DmsCliCall *call, JsonObject *item)
{
  g_autofree char *peer = dup_safe (item, "peer");
  g_auto (GStrv) reasons = dms_json_object_dup_texts (item, "reasons");
  g_autofree char *joined = g_strjoinv ("; ", reasons != NULL ? reasons : (char *[]){ NULL });
  g_autofree char *safe = dms_cli_text_dup_safe (joined);

  dms_cli_call_print (call, _ ("  near: %s: %s\n"), peer, safe);
}

static void
print_page (DmsCliCall *call, JsonObject *page)
{
  JsonObject *chosen = dms_json_object_get_child (page, "chosen");
  g_autofree char *node = dup_safe (page, "node");
  gint64 offers = dms_json_object_get_whole (page, "offers", 0, G_MAXINT64, 0);

  dms_cli_call_print (call, _ ("\nNode %s\n"), node);
  if (offers > 0)
    dms_cli_call_print (call, _ ("  %6d  offered\n"), (int) offers);
  print_each (call, page, "reasons", print_reason);
  print_each (call, page, "relax", print_relaxation);
  print_each (call, page, "nearest", print_nearest);
  if (chosen != NULL)
    {
      g_autofree char *peer = dup_safe (chosen, "peer");
      g_autofree char *terms = dup_safe (chosen, "terms");

      dms_cli_call_print (call,
                          _ ("  taken: %s, cost %.2f%s%s\n"),
                          peer,
                          dms_json_object_get_number (chosen, "cost", 0, 1, 0),
                          terms[0] != '\0' ? ": " : "",
                          terms);
    }
}

static void
print_reply (DmsCliCall *call, JsonObject *reply)
{
  g_autofree char *id = dup_safe (reply, "id");
  g_autofree char *status = dup_safe (reply, "status");
  g_autofree char *text = dup_safe (reply, "text");

  dms_cli_call_print (call, _ ("Deployment %s is %s\n"), id, status);
  dms_cli_call_print (call, "%s\n", text);
  print_each (call, dms_json_object_get_child (reply, "why"), "nodes", print_page);
}

static gboolean
run (DmsCliCall *call, GError **error)
{
  g_autoptr (JsonNode) answer = ask (call, error);
  JsonObject *reply = answer != NULL ? dms_json_node_get_child (answer) : NULL;
  g_autofree char *problem = dup_safe (reply, "error");

  if (answer == NULL)
    return FALSE;
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
