/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "cli/dms-cli-job.h"
#include "cli/dms-cli-network.h"
#include "cli/dms-cli-verbs.h"

static gboolean
run (DmsCliCall *call, GError **error)
{
  const char *key = dms_cli_call_get_arg (call, 0);
  g_autoptr (JsonObject) answer = dms_cli_job_ask (call, dms_cli_job_request ("manifest", key), error);

  if (answer == NULL)
    return FALSE;
  dms_cli_network_print_json (call, answer);
  return TRUE;
}

const DmsCliVerb dms_verb_job_manifest = {
  .path = "job manifest",
  .arguments = "<key>",
  .summary = N_ ("tell which machines run a child"),
  .description =
      N_ ("Prints, as JSON, the nodes of a child's job file with the peer that each became, and its "
          "allocations with how they stand. Until machines were found there are no peers."),
  .examples = "  nunet job manifest first | jq -r '.nodes[].peer'\n",
  .min_args = 1,
  .max_args = 1,
  .run = run,
};
