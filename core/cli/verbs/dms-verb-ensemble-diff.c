/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <dms.h>
#include <string.h>

#include "cli/dms-cli-ask.h"
#include "cli/dms-cli-message-flags.h"
#include "cli/dms-cli-text.h"
#include "cli/dms-cli-verbs.h"
#include "cli/dms-cli-why.h"
#include "common/dms-json-object.h"
#include "common/dms-json-text.h"
#include "jobs/dms-ensemble-diff.h"
#include "jobs/dms-job-parser.h"

/* With --exit-code; 1 is for errors. */
enum
{
  STATUS_DIFFERENT = 2
};

enum
{
  ASK_SECONDS = 30
};

/* What a deployment was made of. */
static DmsEnsemble *
load_deployment (DmsCliCall *call, const char *id, GError **error)
{
  JsonObject *question = json_object_new ();
  g_autoptr (JsonObject) reply = NULL;
  const char *text;

  json_object_set_string_member (question, "id", id);
  reply = dms_cli_ask (call, "/dms/node/deployment/ensemble", ASK_SECONDS, question, error);
  if (reply == NULL)
    return NULL;
  text = dms_json_object_get_text (reply, "error");
  if (text != NULL && *text != '\0')
    {
      if (strcmp (text, DMS_CLI_WHY_UNKNOWN) == 0)
        g_set_error (error, DMS_ERROR, DMS_ERROR_NOT_FOUND, _ (DMS_CLI_WHY_UNKNOWN_TEXT), id);
      else
        g_set_error (error, DMS_ERROR, DMS_ERROR_NOT_FOUND, _ ("deployment “%s”: %s"), id, text);
      return NULL;
    }
  if (dms_json_object_get_member (reply, "ensemble") == NULL)
    {
      g_set_error (error, DMS_ERROR, DMS_ERROR_INVALID_DATA, _ ("the node's reply has no ensemble"));
      return NULL;
    }
  return dms_ensemble_new_from_json (dms_json_object_get_member (reply, "ensemble"), error);
}

static gboolean
print_json (DmsCliCall *call, GPtrArray *changes, GError **error)
{
  g_autoptr (JsonNode) node = dms_ensemble_diff_to_json (changes);
  g_autofree char *compact = dms_json_node_to_text (node);
  g_autofree char *text = dms_json_text_indent (compact, strlen (compact), 2, error);

  if (text != NULL)
    dms_cli_call_print (call, "%s\n", text);
  return text != NULL;
}

static gboolean
run (DmsCliCall *call, GError **error)
{
  const char *deployment = dms_cli_call_get_string (call, "deployment");
  guint n_args = dms_cli_call_get_n_args (call);
  g_autoptr (DmsEnsemble) before = NULL;
  g_autoptr (DmsEnsemble) after = NULL;
  g_autoptr (GPtrArray) changes = NULL;

  if (n_args != (deployment == NULL ? 2 : 1))
    {
      g_set_error_literal (error,
                           DMS_ERROR,
                           DMS_ERROR_INVALID_ARGUMENT,
                           _ ("give two job files, or one and --deployment: what is, then what is to be"));
      return FALSE;
    }
  after = dms_job_parser_load_file (dms_cli_call_get_arg (call, n_args - 1), error);
  if (after == NULL)
    return FALSE;
  before = deployment != NULL ? load_deployment (call, deployment, error)
                              : dms_job_parser_load_file (dms_cli_call_get_arg (call, 0), error);
  if (before == NULL)
    return FALSE;
  changes = dms_ensemble_diff (before, after);
  if (changes->len > 0 && dms_cli_call_get_bool (call, "exit-code"))
    dms_cli_call_set_exit_status (call, STATUS_DIFFERENT);
  if (dms_cli_call_get_bool (call, "json"))
    return print_json (call, changes, error);
  for (guint i = 0; i < changes->len; i++)
    {
      g_autofree char *text = dms_ensemble_change_to_text (changes->pdata[i]);
      g_autofree char *safe = dms_cli_text_dup_safe (text);

      dms_cli_call_print (call, "%s\n", safe);
    }
  if (changes->len == 0)
    dms_cli_call_print (call, "%s\n", _ ("They mean the same."));
  return TRUE;
}

static const DmsCliFlag flags[] = {
  { "deployment",
    0,
    DMS_CLI_FLAG_STRING,
    FALSE,
    NULL,
    "id",
    N_ ("compare with what this deployment was made of") },
  { "exit-code", 0, DMS_CLI_FLAG_BOOL, FALSE, "false", NULL, N_ ("end with status 2 when they differ") },
  { "json", 0, DMS_CLI_FLAG_BOOL, FALSE, "false", NULL, N_ ("print JSON, for programs") },
  { NULL },
};

const DmsCliVerb dms_verb_ensemble_diff = {
  .path = "ensemble diff",
  .arguments = "[<job file>] <new job file>",
  .summary = N_ ("show what an update would change"),
  .description =
      N_ ("Compares what two job files mean, not how they are written: + is added, - removed, > moved to "
          "another node or machine, ~ changed. Values of variables, keys and scripts are not shown.\n\n"
          "With --deployment it compares with what a deployment of this node was made of."),
  .examples = "  nunet ensemble diff shop.yaml shop-new.yaml\n"
              "  nunet ensemble diff --deployment ID shop-new.yaml\n",
  .flags = flags,
  .persistent_flags = dms_cli_message_flags,
  .min_args = 1,
  .max_args = 2,
  .run = run,
};
