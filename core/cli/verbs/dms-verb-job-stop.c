/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "cli/dms-cli-job.h"
#include "cli/dms-cli-network.h"
#include "cli/dms-cli-verbs.h"

static gboolean
run (DmsCliCall *call, GError **error)
{
  for (guint i = 0; i < dms_cli_call_get_n_args (call); i++)
    {
      const char *key = dms_cli_call_get_arg (call, i);
      g_autoptr (JsonObject) answer = dms_cli_job_ask (call, dms_cli_job_request ("stop", key), error);

      if (answer == NULL)
        {
          g_prefix_error (error, "%s: ", key);
          return FALSE;
        }
      if (dms_cli_call_get_bool (call, "json"))
        dms_cli_network_print_json (call, answer);
    }
  return TRUE;
}

const DmsCliVerb dms_verb_job_stop = {
  .path = "job stop",
  .arguments = "<key>...",
  .summary = N_ ("end children"),
  .description =
      N_ ("Shuts children down. It takes a moment: “nunet job wait” waits for the end of it. What a "
          "child has written until then can be read. Its key stays its own: another child needs "
          "another one."),
  .examples = "  nunet job stop first second && nunet job wait first second\n",
  .min_args = 1,
  .max_args = -1,
  .run = run,
};
