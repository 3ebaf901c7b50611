/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <dms.h>

#include "cli/dms-cli-identity.h"
#include "cli/dms-cli-verbs.h"

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

/* The key of the context, made if there is none. */
static DmsKey *
obtain_key (DmsCliCall *call, const char *name, GError **error)
{
  g_autofree char *path = dms_cli_call_dup_key_path (call, name, error);
  g_autoptr (DmsKey) key = NULL;

  if (path == NULL)
    return NULL;
  if (g_file_test (path, G_FILE_TEST_EXISTS))
    {
      dms_cli_call_print (call, "Using identity at %s...\n", path);
      return dms_cli_identity_load_key (call, name, error);
    }
  dms_cli_call_print (call, "A new identity will be created for '%s' context...\n", name);
  key = dms_key_generate ();
  return dms_cli_identity_save_key (call, name, key, error) ? g_steal_pointer (&key) : NULL;
}

static gboolean
run (DmsCliCall *call, GError **error)
{
  const char *name = dms_cli_call_get_arg (call, 0);
  g_autofree char *path = dms_cli_call_dup_cap_path (call, name, error);
  g_autoptr (DmsKey) key = NULL;
  g_autoptr (DmsCapabilityContext) context = NULL;

  if (path == NULL || !may_write (call, path, error))
    return FALSE;
  key = obtain_key (call, name, error);
  if (key == NULL)
    return FALSE;
  dms_cli_call_print (call, "Using did:key identity (no PRISM DID association found)\n");
  context = dms_capability_context_new (dms_key_get_did (key), key);
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
                     "one is kept beside it under its date."),
  .examples = "  nunet cap new dms\n",
  .flags = flags,
  .min_args = 1,
  .max_args = 1,
  .run = run,
};
