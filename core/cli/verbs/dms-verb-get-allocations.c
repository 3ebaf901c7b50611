/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "cli/dms-cli-behaviour.h"
#include "cli/dms-cli-verbs.h"

const DmsCliVerb dms_verb_get_allocations = {
  .path = "get allocations",
  .summary = N_ ("list the allocations that run on this node"),
  .examples = "  nunet get allocations\n",
  .run = dms_cli_behaviour_run,
  .data = &(const DmsCliBehaviour){ .path = "/dms/node/allocations/list" },
};
