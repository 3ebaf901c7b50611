/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "cli/dms-cli-job.h"
#include "cli/dms-cli-network.h"
#include "cli/dms-cli-text.h"
#include "cli/dms-cli-verbs.h"
#include "common/dms-json-object.h"

static gboolean
run (DmsCliCall *call, GError **error)
{
  const char *key = dms_cli_call_get_arg (call, 0);
  g_autoptr (JsonObject) answer = dms_cli_job_ask (call, dms_cli_job_request ("status", key), error);
  g_autofree char *status = NULL;
  const char *problem;

  if (answer == NULL)
    return FALSE;
  if (dms_cli_call_get_bool (call, "json"))
    {
      dms_cli_network_print_json (call, answer);
      return TRUE;
    }
  status = dms_cli_text_dup_safe (dms_json_object_get_text (answer, "status"));
  dms_cli_call_print (call, "%s\n", status);
  problem = dms_json_object_get_text (answer, "error");
  if (problem != NULL && *problem != '\0')
    {
      g_autofree char *safe = dms_cli_text_dup_safe (problem);

      dms_cli_call_note (call, "%s\n", safe);
    }
  return TRUE;
}

const DmsCliVerb dms_verb_job_status = {
  .path = "job status",
  .arguments = "<key>",
  .summary = N_ ("tell how a child stands"),
  .description = N_ ("Prints one word, such as Preparing, Running, Completed or Failed; why it failed goes "
                     "to standard error. A child that was asked for but never begun, because a daemon died "
                     "at that moment, is Lost: deploy it again by the same key."),
  .examples = "  nunet job status first\n",
  .min_args = 1,
  .max_args = 1,
  .run = run,
};
