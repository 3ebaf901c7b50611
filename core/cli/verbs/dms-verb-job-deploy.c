/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "cli/dms-cli-job-link.h"
#include "cli/dms-cli-job.h"
#include "cli/dms-cli-network.h"
#include "cli/dms-cli-text.h"
#include "cli/dms-cli-verbs.h"
#include "common/dms-file.h"
#include "common/dms-json-object.h"

#include <dms.h>
#include <string.h>

/* (transfer full): the text of a job file */
static char *
read_job (DmsCliCall *call, const char *path, GError **error)
{
  gboolean is_input = strcmp (path, "-") == 0;
  g_autoptr (GBytes) data = is_input ? dms_cli_call_read_input (call, DMS_CLI_JOB_LINK_MAX_LINE, error)
                                     : dms_file_read (path, DMS_CLI_JOB_LINK_MAX_LINE, error);
  gsize length = 0;
  const char *bytes = data != NULL ? g_bytes_get_data (data, &length) : NULL;

  if (data == NULL)
    return NULL;
  if (length == 0 || !g_utf8_validate (bytes, (gssize) length, NULL))
    {
      g_set_error (error, DMS_ERROR, DMS_ERROR_INVALID_DATA, _ ("“%s” is empty, or no text in UTF-8"), path);
      return NULL;
    }
  return g_strndup (bytes, length);
}

static gboolean
wait_for (DmsCliCall *call, const char *key, gint64 deadline_us, GError **error)
{
  const char *const keys[] = { key, NULL };
  g_autoptr (GPtrArray) children = dms_cli_job_wait (call, keys, deadline_us, error);

  if (children == NULL)
    return FALSE;
  dms_cli_job_show (call, children, TRUE);
  return TRUE;
}

static gboolean
run (DmsCliCall *call, GError **error)
{
  const char *key = dms_cli_call_get_arg (call, 0);
  g_autofree char *job = read_job (call, dms_cli_call_get_arg (call, 1), error);
  g_autoptr (JsonObject) answer = NULL;
  JsonObject *request;
  gint64 deadline_us;

  if (job == NULL || !dms_cli_job_read_deadline (call, &deadline_us, error))
    return FALSE;
  request = dms_cli_job_request ("deploy", key);
  json_object_set_string_member (request, "ensemble", job);
  json_object_set_boolean_member (request, "detached", dms_cli_call_get_bool (call, "detached"));
  answer = dms_cli_job_ask (call, request, error);
  if (answer == NULL)
    return FALSE;
  if (dms_cli_call_get_bool (call, "wait"))
    return wait_for (call, key, deadline_us, error);
  if (dms_cli_call_get_bool (call, "json"))
    {
      dms_cli_network_print_json (call, answer);
    }
  else
    {
      const char *id = dms_json_object_get_text (answer, "id");
      g_autofree char *safe = dms_cli_text_dup_safe (id != NULL ? id : "");

      dms_cli_call_print (call, "%s\n", safe);
    }
  return TRUE;
}

static const DmsCliFlag flags[] = {
  { "detached", 0, DMS_CLI_FLAG_BOOL, FALSE, "false", NULL, N_ ("let it go on when this job has ended") },
  { "wait", 'w', DMS_CLI_FLAG_BOOL, FALSE, "false", NULL, N_ ("return when it is over, as “job wait” does") },
  { "timeout",
    0,
    DMS_CLI_FLAG_DURATION,
    FALSE,
    NULL,
    NULL,
    N_ ("with --wait: give up waiting after this time") },
  { NULL },
};

const DmsCliVerb dms_verb_job_deploy = {
  .path = "job deploy",
  .arguments = "<key> <job file>",
  .summary = N_ ("deploy an ensemble as a child of this job"),
  .description = N_ (
      "Deploys a job file (“-” is standard input) under a key of your own: up to 64 letters, digits, “-”, "
      "“_” "
      "and “.”. Prints the ID of the deployment, once it was accepted and before machines were found. When "
      "there is a child of this key already, that one is meant, and nothing is deployed.\n\n"
      "What it takes comes out of the budget under “children:” of this job's own file. While others take all "
      "of it, the command asks again as long as --patience says; what can never fit is refused at once.\n\n"
      "A job file that comes from a job has no placeholders (${…} and ${file:…} are left as they are: write "
      "what you mean into it), no volumes, no ports and no contracts."),
  .examples = "  nunet job deploy first part-1.yaml\n"
              "  # made on the spot, and waited for\n"
              "  sed s/NUMBER/7/ template.yaml | nunet job deploy --wait seven - && nunet job output seven "
              "there.main\n",
  .flags = flags,
  .min_args = 2,
  .max_args = 2,
  .run = run,
};
