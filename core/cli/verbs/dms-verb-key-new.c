/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "cli/dms-cli-identity.h"
#include "cli/dms-cli-verbs.h"

static gboolean
run (DmsCliCall *call, GError **error)
{
  const char *name = dms_cli_call_get_arg (call, 0);
  g_autoptr (DmsKey) key = NULL;

  if (!dms_cli_identity_confirm_new_key (call, name, error))
    return FALSE;
  key = dms_key_generate ();
  if (!dms_cli_identity_save_key (call, name, key, error))
    return FALSE;
  dms_cli_call_print (call, "%s\n", dms_did_get_uri (dms_key_get_did (key)));
  return TRUE;
}

const DmsCliVerb dms_verb_key_new = {
  .path = "key new",
  .arguments = "<name>",
  .summary = N_ ("make a key and show its DID"),
  .description = N_ ("Makes an Ed25519 key, encrypts it with a passphrase and prints its DID, which is all "
                     "that others need to know of it. The passphrase is taken from DMS_PASSPHRASE or asked "
                     "for."),
  .examples = "  nunet key new dms\n"
              "  nunet key new user\n",
  .min_args = 1,
  .max_args = 1,
  .run = run,
};
