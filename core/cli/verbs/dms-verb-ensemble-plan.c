/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <dms.h>
#include <string.h>

#include "cli/dms-cli-ask.h"
#include "cli/dms-cli-message-flags.h"
#include "cli/dms-cli-network.h"
#include "cli/dms-cli-table.h"
#include "cli/dms-cli-text.h"
#include "cli/dms-cli-verbs.h"
#include "cli/dms-cli-why.h"
#include "common/dms-json-object.h"
#include "jobs/dms-job-parser.h"

/* When no machine was found for a node; 1 is for errors. */
enum
{
  STATUS_NOT_POSSIBLE = 2
};

enum
{
  ASK_SECONDS = 90
};

static const DmsCliColumn columns[] = {
  { N_ ("NODE"), FALSE },
  { N_ ("PEER"), FALSE },
  { N_ ("LOCATION"), FALSE },
  { N_ ("FOUND BY"), FALSE },
  { N_ ("OFFERS"), TRUE },
  { N_ ("ALLOCATIONS"), FALSE },
  { NULL, FALSE },
};

static char *
dup_location (JsonObject *node)
{
  static const char *const members[] = { "city", "country", "continent" };
  JsonObject *location = dms_json_object_get_child (node, "location");
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 0; location != NULL && i < G_N_ELEMENTS (members); i++)
    {
      const char *part = dms_json_object_get_text (location, members[i]);

      if (part != NULL && *part != '\0')
        g_string_append_printf (text, "%s%s", text->len > 0 ? ", " : "", part);
    }
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static void
print_plan (DmsCliCall *call, JsonObject *plan)
{
  g_autoptr (GPtrArray) nodes = dms_cli_network_list_objects (plan, "nodes");
  g_autoptr (DmsCliTable) table = dms_cli_table_new (columns);
  const char *asked = dms_json_object_get_text (plan, "asked");

  for (guint i = 0; i < nodes->len; i++)
    {
      JsonObject *node = nodes->pdata[i];
      g_autoptr (GPtrArray) offers = dms_cli_network_list_objects (node, "offers");
      g_auto (GStrv) names = dms_json_object_dup_texts (node, "allocations");
      g_autofree char *location = dup_location (node);
      g_autofree char *count = g_strdup_printf ("%u", offers->len);
      g_autofree char *allocations = names != NULL ? g_strjoinv (", ", names) : g_strdup ("");
      const char *const cells[] = { dms_json_object_get_text (node, "name"),
                                    dms_json_object_get_text (node, "peer"),
                                    location,
                                    dms_json_object_get_text (node, "way"),
                                    count,
                                    allocations };

      dms_cli_table_add_row (table, cells);
    }
  dms_cli_table_print (table, call);
  if (asked != NULL && *asked != '\0')
    {
      g_autofree char *safe = dms_cli_text_dup_safe (asked);

      dms_cli_call_print (call, "\n%s.\n", safe);
    }
  dms_cli_why_print (call, dms_json_object_get_child (plan, "why"));
}

static gboolean
run (DmsCliCall *call, GError **error)
{
  g_autoptr (DmsEnsemble) ensemble = dms_job_parser_load_file (dms_cli_call_get_arg (call, 0), error);
  g_autoptr (JsonObject) reply = NULL;
  JsonObject *question;
  const char *problem;

  if (ensemble == NULL)
    return FALSE;
  question = json_object_new ();
  json_object_set_member (question, "Ensemble", dms_ensemble_to_json (ensemble));
  reply = dms_cli_ask (call, "/dms/node/deployment/plan", ASK_SECONDS, question, error);
  if (reply == NULL)
    return FALSE;
  if (!dms_json_object_get_flag (reply, "possible"))
    dms_cli_call_set_exit_status (call, STATUS_NOT_POSSIBLE);
  if (dms_cli_call_get_bool (call, "json"))
    {
      dms_cli_ask_print (call, reply);
      return TRUE;
    }
  print_plan (call, reply);
  problem = dms_json_object_get_text (reply, "error");
  if (problem != NULL && *problem != '\0')
    {
      g_autofree char *safe = dms_cli_text_dup_safe (problem);

      dms_cli_call_note (call, _ ("It cannot be deployed now: %s\n"), safe);
    }
  return TRUE;
}

static const DmsCliFlag flags[] = {
  { "json", 0, DMS_CLI_FLAG_BOOL, FALSE, "false", NULL, N_ ("print JSON, for programs") },
  { NULL },
};

const DmsCliVerb dms_verb_ensemble_plan = {
  .path = "ensemble plan",
  .arguments = "<job file>",
  .summary = N_ ("ask who would run a job file, and start nothing"),
  .description =
      N_ ("Asks machines for offers as “deploy” does, chooses, and shows for each node which machine it "
          "would be, where that is, how it was found, and how many offers there were. Nothing is "
          "reserved and nothing is stored: a deployment a moment later asks again, and may be answered "
          "otherwise.\n\n"
          "The exit status is 2 when a node found no machine; the message says why."),
  .examples = "  nunet ensemble plan shop.yaml\n"
              "  nunet ensemble plan --json shop.yaml | jq .nodes\n",
  .flags = flags,
  .persistent_flags = dms_cli_message_flags,
  .min_args = 1,
  .max_args = 1,
  .run = run,
};
