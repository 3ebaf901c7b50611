/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <dms.h>

#include "cli/dms-cli-identity.h"
#include "cli/dms-cli-verbs.h"
#include "identity/dms-key-signer.h"
#include "identity/dms-openpgp-signer.h"

static gboolean
may_write (DmsCliCall *call, const char *path, GError **error)
{
  g_autofree char *question = NULL;

  if (!g_file_test (path, G_FILE_TEST_EXISTS) || dms_cli_call_get_bool (call, "force"))
    return TRUE;
  question =
    g_strdup_printf (_ ("WARNING: there are capabilities in “%s” already. Start again without them?"), path);
  if (dms_cli_call_confirm (call, question))
    return TRUE;
  g_set_error_literal (error, DMS_ERROR, DMS_ERROR_FAILED, "operation cancelled by user");
  return FALSE;
}

static DmsSigner *
obtain_openpgp (DmsCliCall *call, const char *name, GError **error)
{
  DmsSigner *signer = dms_cli_identity_open_signer (call, name, error);

  if (signer != NULL)
    dms_cli_call_print (call, "Using identity of the OpenPGP key %s...\n",
                        dms_openpgp_signer_get_fingerprint (DMS_OPENPGP_SIGNER (signer)));
  return signer;
}

/* What signs for the context; its key is made if there is none. */
static DmsSigner *
obtain_signer (DmsCliCall *call, const char *name, GError **error)
{
  g_autofree char *path = dms_cli_call_dup_key_path (call, name, error);
  g_autoptr (DmsKey) key = NULL;

  if (path == NULL)
    return NULL;
  if (g_file_test (path, G_FILE_TEST_EXISTS))
    {
      dms_cli_call_print (call, "Using identity at %s...\n", path);
      return dms_cli_identity_open_signer (call, name, error);
    }
  dms_cli_call_print (call, "A new identity will be created for '%s' context...\n", name);
  key = dms_key_generate ();
  return dms_cli_identity_save_key (call, name, key, error) ? dms_key_signer_new (key) : NULL;
}

static gboolean
run (DmsCliCall *call, GError **error)
{
  const char *name = dms_cli_call_get_arg (call, 0);
  g_autofree char *path = dms_cli_call_dup_cap_path (call, name, error);
  g_autoptr (DmsSigner) signer = NULL;
  g_autoptr (DmsCapabilityContext) context = NULL;

  if (path == NULL || !may_write (call, path, error))
    return FALSE;
  signer = dms_cli_call_is_openpgp (name) ? obtain_openpgp (call, name, error)
                                          : obtain_signer (call, name, error);
  if (signer == NULL)
    return FALSE;
  dms_cli_call_print (call, "Using did:key identity (no PRISM DID association found)\n");
  context = dms_capability_context_new_for_signer (signer);
  return dms_cli_identity_save_capabilities (call, name, context, error);
}

static const DmsCliFlag flags[] = {
  { "force", 'f', DMS_CLI_FLAG_BOOL, FALSE, NULL, NULL,
    N_ ("start again without asking if there are capabilities") },
  { "prism-url", 0, DMS_CLI_FLAG_STRING, FALSE, NULL, "url",
    N_ ("accepted for compatibility; identities here are did:key") },
  { NULL },
};

const DmsCliVerb dms_verb_cap_new = {
  .path = "cap new",
  .arguments = "<name>",
  .summary = N_ ("make an empty capability context"),
  .description = N_ ("Makes the capability context of a key, and the key too if there is none. An older "
                     "one is kept beside it under its date.\n\n"
                     "With “gpg:” and a fingerprint, key ID or e-mail address for a name, the identity is an "
                     "Ed25519 key in GnuPG, which may be on a smart card: “-c gpg:…” names it from then on."),
  .examples = "  nunet cap new dms\n"
              "  nunet cap new gpg:me@example.org\n",
  .flags = flags,
  .min_args = 1,
  .max_args = 1,
  .run = run,
};
