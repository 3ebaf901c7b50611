/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "cli/dms-cli-identity.h"
#include "cli/dms-cli-verbs.h"

static gboolean
run (DmsCliCall *call, GError **error)
{
  g_autoptr (DmsSigner) signer = dms_cli_identity_open_signer (call, dms_cli_call_get_arg (call, 0), error);

  if (signer == NULL)
    return FALSE;
  dms_cli_call_print (call, "%s\n", dms_did_get_uri (dms_signer_get_did (signer)));
  return TRUE;
}

const DmsCliVerb dms_verb_key_did = {
  .path = "key did",
  .arguments = "<name>",
  .summary = N_ ("show the DID of a key"),
  .description
    = N_ ("With “gpg:” and a fingerprint, key ID or e-mail address for a name, it shows that of an "
                     "Ed25519 key in GnuPG."),
  .examples = "  nunet key did dms\n"
              "  nunet key did gpg:me@example.org\n",
  .min_args = 1,
  .max_args = 1,
  .run = run,
};
