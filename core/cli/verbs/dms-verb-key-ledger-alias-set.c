/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "cli/dms-cli-call.h"
#include "cli/dms-cli-verbs.h"

static gboolean
run (DmsCliCall *call, GError **error)
{
  return dms_cli_call_refuse_identity (_ ("hardware wallets"), error);
}

const DmsCliVerb dms_verb_key_ledger_alias_set = {
  .path = "key ledger-alias set",
  .arguments = "<alias> <index>",
  .summary = N_ ("refused: hardware wallets are not supported"),
  .description = N_ ("There for scripts that were written for other versions: it says what is supported "
                     "instead, and ends with exit status 1."),
  .min_args = 2,
  .max_args = 2,
  .run = run,
};
