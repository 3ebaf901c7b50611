/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "cli/dms-cli-behaviour.h"
#include "cli/dms-cli-verbs.h"

static const DmsCliField fields[] = {
  { "role", NULL, FALSE, "requestor" },
  { NULL },
};

const DmsCliVerb dms_verb_contracts_list_outgoing = {
  .path = "contracts list outgoing",
  .summary = N_ ("list the contracts in which this node is the requestor"),
  .examples = "  nunet contracts list outgoing\n",
  .run = dms_cli_behaviour_run,
  .data = &(const DmsCliBehaviour){ .path = "/dms/tokenomics/contract/list", .fields = fields },
};
