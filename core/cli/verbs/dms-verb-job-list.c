/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "cli/dms-cli-job.h"
#include "cli/dms-cli-verbs.h"

static gboolean
run (DmsCliCall *call, GError **error)
{
  g_autoptr (GPtrArray) children = dms_cli_job_list (call, error);

  if (children == NULL)
    return FALSE;
  dms_cli_job_show (call, children, FALSE);
  return TRUE;
}

const DmsCliVerb dms_verb_job_list = {
  .path = "job list",
  .summary = N_ ("list the children of this job"),
  .description = N_ ("Shows each child that this job deployed, with its key, its status, the ID of its "
                     "deployment, and why it failed if it did."),
  .examples = "  nunet job list\n"
              "  # how many are not over yet?\n"
              "  nunet job list --json | jq '[.children[] | select(.over | not)] | length'\n",
  .run = run,
};
