/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "cli/dms-cli-delivery.h"
#include "cli/dms-cli-verbs.h"

static gboolean
run (DmsCliCall *call, GError **error)
{
  return dms_cli_delivery_run (call, DMS_CLI_MODE_INVOKE, error);
}

const DmsCliVerb dms_verb_actor_invoke = {
  .path = "actor invoke",
  .arguments = "<envelope JSON>",
  .summary = N_ ("send a signed message and print the reply"),
  .description = N_ ("Takes a message that \"actor msg\" made and prints the daemon's answer as JSON."),
  .examples = "  nunet actor invoke \"$(nunet actor msg --invoke /dms/node/peers/self '{}')\"\n",
  .min_args = 1,
  .max_args = 1,
  .run = run,
};
