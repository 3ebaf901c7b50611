/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "cli/dms-cli-identity.h"
#include "cli/dms-cli-verbs.h"

static gboolean
run (DmsCliCall *call, GError **error)
{
  g_autoptr (DmsKey) key = dms_cli_identity_load_key (call, dms_cli_call_get_arg (call, 0), error);

  if (key == NULL)
    return FALSE;
  dms_cli_call_print (call, "%s\n", dms_did_get_uri (dms_key_get_did (key)));
  return TRUE;
}

const DmsCliVerb dms_verb_key_did = {
  .path = "key did",
  .arguments = "<name>",
  .summary = N_ ("show the DID of a key"),
  .examples = "  nunet key did dms\n",
  .min_args = 1,
  .max_args = 1,
  .run = run,
};
