/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "cli/dms-cli-behaviour.h"
#include "cli/dms-cli-verbs.h"

static const DmsCliField fields[] = {
  { "sort_by", NULL, FALSE, "-created_at" },
  { NULL },
};

const DmsCliVerb dms_verb_get_deployments = {
  .path = "get deployments",
  .summary = N_ ("list the deployments of this node"),
  .description = N_ (
      "Prints, as JSON, the deployments that were made at this node and their children, the newest first: "
      "the ID, which other commands want, how each stands, and since when. What it deployed is run by "
      "others, too; what runs here for others is among “nunet get allocations”."),
  .examples =
      "  nunet get deployments\n"
      "  # the IDs of those that failed\n"
      "  nunet get deployments | jq -r '.deployments[] | select(.status == \"Failed\").orchestrator_id'\n",
  .run = dms_cli_behaviour_run,
  .data = &(const DmsCliBehaviour){ .path = "/dms/node/deployment/list", .fields = fields },
};
