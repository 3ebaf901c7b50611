/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "cli/dms-cli-message-flags.h"
#include "cli/dms-cli-verbs.h"

const DmsCliVerb dms_verb_get = {
  .path = "get",
  .summary = N_ ("list what this node knows"),
  .description = N_ ("Lists deployments or allocations, and says why a deployment finds no machine."),
  .examples = "  nunet get deployments\n"
              "  # of the one that was deployed last: who runs it, or why nobody does\n"
              "  nunet get why \"$(nunet get deployments | jq -r '.deployments[0].orchestrator_id')\"\n",
  .persistent_flags = dms_cli_message_flags,
};
