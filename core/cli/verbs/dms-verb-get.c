/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "cli/dms-cli-message-flags.h"
#include "cli/dms-cli-verbs.h"

const DmsCliVerb dms_verb_get = {
  .path = "get",
  .summary = N_ ("list what this node knows"),
  .description = N_ ("Lists deployments or allocations, and says why a deployment finds no machine."),
  .persistent_flags = dms_cli_message_flags,
};
