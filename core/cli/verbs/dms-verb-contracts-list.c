/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "cli/dms-cli-message-flags.h"
#include "cli/dms-cli-verbs.h"

const DmsCliVerb dms_verb_contracts_list = {
  .path = "contracts list",
  .summary = N_ ("list contracts"),
  .description = N_ ("Lists contracts, by the part this node has in them."),
  .persistent_flags = dms_cli_message_flags,
};
