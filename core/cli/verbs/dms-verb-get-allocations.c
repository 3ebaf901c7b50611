/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "cli/dms-cli-behaviour.h"
#include "cli/dms-cli-verbs.h"

const DmsCliVerb dms_verb_get_allocations = {
  .path = "get allocations",
  .summary = N_ ("list the allocations that run on this node"),
  .description =
      N_ ("Prints, as JSON, what this machine runs, for whomever: what each allocation takes, who deployed "
          "it, how it stands, and its ports. Those that are over are not listed."),
  .examples = "  nunet get allocations\n"
              "  # how much memory they have in all, in bytes\n"
              "  nunet get allocations | jq '[.allocations[].resources.ram.size] | add'\n",
  .run = dms_cli_behaviour_run,
  .data = &(const DmsCliBehaviour){ .path = "/dms/node/allocations/list" },
};
