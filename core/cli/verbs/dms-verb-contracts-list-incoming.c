/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "cli/dms-cli-behaviour.h"
#include "cli/dms-cli-verbs.h"

static const DmsCliField fields[] = {
  { "role", NULL, FALSE, "provider" },
  { NULL },
};

const DmsCliVerb dms_verb_contracts_list_incoming = {
  .path = "contracts list incoming",
  .summary = N_ ("list the contracts in which this node is the provider"),
  .examples = "  nunet contracts list incoming\n",
  .run = dms_cli_behaviour_run,
  .data = &(const DmsCliBehaviour){ .path = "/dms/tokenomics/contract/list", .fields = fields },
};
