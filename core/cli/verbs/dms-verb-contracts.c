/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "cli/dms-cli-message-flags.h"
#include "cli/dms-cli-verbs.h"

const DmsCliVerb dms_verb_contracts = {
  .path = "contracts",
  .summary = N_ ("show contracts"),
  .description = N_ ("Shows the contracts of this node."),
  .persistent_flags = dms_cli_message_flags,
};
