/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "cli/dms-cli-call.h"
#include "cli/dms-cli-verbs.h"

static gboolean
run (DmsCliCall *call, GError **error)
{
  return dms_cli_call_refuse_identity (_ ("PRISM identities"), error);
}

static const DmsCliFlag flags[] = {
  { "prism-url", 0, DMS_CLI_FLAG_STRING, FALSE, NULL, "url", N_ ("accepted for compatibility") },
  { "key-type", 0, DMS_CLI_FLAG_STRING, FALSE, NULL, "type", N_ ("accepted for compatibility") },
  { "wait-confirmation", 0, DMS_CLI_FLAG_BOOL, FALSE, NULL, NULL, N_ ("accepted for compatibility") },
  { "timeout", 0, DMS_CLI_FLAG_DURATION, FALSE, NULL, "time", N_ ("accepted for compatibility") },
  { "submission-timeout", 0, DMS_CLI_FLAG_DURATION, FALSE, "2m", "time", N_ ("accepted for compatibility") },
  { NULL },
};

const DmsCliVerb dms_verb_key_create_prism = {
  .path = "key create-prism",
  .arguments = "<name>",
  .summary = N_ ("refused: PRISM identities are not supported"),
  .description = N_ ("There for scripts that were written for other versions: it says what is supported "
                     "instead, and ends with exit status 1."),
  .flags = flags,
  .min_args = 1,
  .max_args = 1,
  .run = run,
};
