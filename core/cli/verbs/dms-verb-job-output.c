/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "cli/dms-cli-job.h"
#include "cli/dms-cli-network.h"
#include "cli/dms-cli-text.h"
#include "cli/dms-cli-verbs.h"
#include "common/dms-json-object.h"

#include <dms.h>
#include <unistd.h>

/* Programs get it as it is; a terminal is not steered by it. */
static void
print_output (DmsCliCall *call, const char *text)
{
  g_auto (GStrv) lines = NULL;

  if (!isatty (fileno (dms_cli_call_get_out (call))))
    {
      dms_cli_call_print (call, "%s", text);
      return;
    }
  lines = g_strsplit (text, "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++)
    {
      g_autofree char *safe = dms_cli_text_dup_safe (lines[i]);

      dms_cli_call_print (call, "%s%s", safe, lines[i + 1] != NULL ? "\n" : "");
    }
}

/* FALSE with an error, unless it is over. */
static gboolean
check_over (DmsCliCall *call, const char *key, GError **error)
{
  const char *const keys[] = { key, NULL };
  gint64 deadline_us;
  gboolean is_final = FALSE;
  g_autoptr (GPtrArray) children = NULL;

  if (!dms_cli_job_read_deadline (call, &deadline_us, error))
    return FALSE;
  if (!dms_cli_call_get_bool (call, "wait"))
    deadline_us = g_get_monotonic_time ();
  children = dms_cli_job_wait (call, keys, deadline_us, error);
  if (children == NULL)
    return FALSE;
  if (dms_json_object_get_flag (children->pdata[0], "over"))
    return TRUE;
  (void) dms_cli_job_is_good (children->pdata[0], &is_final);
  if (is_final)
    {
      g_set_error (error,
                   DMS_ERROR,
                   DMS_ERROR_WRONG_STATE,
                   _ ("“%s” was never begun: deploy it again under the same key"),
                   key);
      return FALSE;
    }
  g_set_error (error,
               DMS_ERROR,
               DMS_ERROR_WRONG_STATE,
               dms_cli_call_get_bool (call, "wait") ? _ ("“%s” is not over yet, and the time to wait is")
                                                    : _ ("“%s” is not over yet: --wait waits until it is"),
               key);
  return FALSE;
}

static gboolean
run (DmsCliCall *call, GError **error)
{
  const char *key = dms_cli_call_get_arg (call, 0);
  JsonObject *request;
  g_autoptr (JsonObject) answer = NULL;
  const char *text;

  if (!check_over (call, key, error))
    return FALSE;
  request = dms_cli_job_request ("output", key);
  json_object_set_string_member (request, "allocation", dms_cli_call_get_arg (call, 1));
  json_object_set_string_member (
      request, "stream", dms_cli_call_get_bool (call, "stderr") ? "stderr" : "stdout");
  answer = dms_cli_job_ask (call, request, error);
  if (answer == NULL)
    return FALSE;
  text = dms_json_object_get_text (answer, "output");
  if (dms_cli_call_get_bool (call, "json"))
    dms_cli_network_print_json (call, answer);
  else
    print_output (call, text != NULL ? text : "");
  if (!dms_cli_job_is_good (answer, NULL))
    dms_cli_call_set_exit_status (call, DMS_CLI_JOB_STATUS_FAILED);
  return TRUE;
}

static const DmsCliFlag flags[] = {
  { "stderr", 0, DMS_CLI_FLAG_BOOL, FALSE, "false", NULL, N_ ("standard error instead of standard output") },
  { "wait", 'w', DMS_CLI_FLAG_BOOL, FALSE, "false", NULL, N_ ("wait until the child is over") },
  { "timeout",
    0,
    DMS_CLI_FLAG_DURATION,
    FALSE,
    NULL,
    NULL,
    N_ ("with --wait: give up waiting after this time") },
  { NULL },
};

const DmsCliVerb dms_verb_job_output = {
  .path = "job output",
  .arguments = "<key> <node>.<allocation>",
  .summary = N_ ("print what a child wrote"),
  .description =
      N_ ("Prints the last 32 KiB that an allocation of a child wrote. That is known once the child is "
          "over. The exit status is 2 when it did not end well; what it wrote is printed all the "
          "same."),
  .examples = "  nunet job output first there.main\n"
              "  nunet job output --wait --stderr first there.main >&2\n",
  .flags = flags,
  .min_args = 2,
  .max_args = 2,
  .run = run,
};
