/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "cli/dms-cli-call.h"
#include "cli/dms-cli-verbs.h"

static gboolean
run (DmsCliCall *call, GError **error)
{
  return dms_cli_call_refuse_identity (_ ("PRISM identities"), error);
}

const DmsCliVerb dms_verb_key_import_prism = {
  .path = "key import-prism",
  .arguments = "<name> <did:prism:…> <hex>",
  .summary = N_ ("refused: PRISM identities are not supported"),
  .description = N_ ("There for scripts that were written for other versions: it says what is supported "
                     "instead, and ends with exit status 1. What it is given is not kept."),
  .min_args = 3,
  .max_args = 3,
  .run = run,
};
