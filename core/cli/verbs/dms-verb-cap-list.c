/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "cli/dms-cli-identity.h"
#include "cli/dms-cli-verbs.h"

static void
print_tokens (DmsCliCall *call, const char *heading, DmsTokenList *tokens)
{
  dms_cli_call_print (call, "%s\n", heading);
  for (guint i = 0; i < dms_token_list_get_size (tokens); i++)
    {
      g_autofree char *text = dms_token_to_string (dms_token_list_get (tokens, i));

      dms_cli_call_print (call, "\t%s\n", text);
    }
}

static gboolean
run (DmsCliCall *call, GError **error)
{
  g_autoptr (DmsCapabilityContext) context
    = dms_cli_identity_load_capabilities (call, dms_cli_call_get_string (call, "context"), NULL, error);
  g_autoptr (GPtrArray) roots = NULL;
  g_autoptr (DmsTokenList) require = NULL;
  g_autoptr (DmsTokenList) provide = NULL;
  g_autoptr (DmsTokenList) revoke = NULL;

  if (context == NULL)
    return FALSE;
  roots = dms_capability_context_dup_roots (context);
  require = dms_capability_context_dup_require (context);
  provide = dms_capability_context_dup_provide (context);
  revoke = dms_capability_context_dup_revoke (context);
  /* Programs read these headings, so they are not translated. */
  dms_cli_call_print (call, "roots:\n");
  for (guint i = 0; i < roots->len; i++)
    dms_cli_call_print (call, "\t%s\n", dms_did_get_uri (g_ptr_array_index (roots, i)));
  print_tokens (call, "require:", require);
  print_tokens (call, "provide:", provide);
  print_tokens (call, "revoke:", revoke);
  return TRUE;
}

static const DmsCliFlag flags[] = {
  { "context", 'c', DMS_CLI_FLAG_STRING, TRUE, NULL, "name", N_ ("the context to show") },
  { NULL },
};

const DmsCliVerb dms_verb_cap_list = {
  .path = "cap list",
  .summary = N_ ("show what a context holds"),
  .description = N_ ("Shows roots, require anchors, provide anchors and revocations, one a line. What has "
                     "expired is left out."),
  .examples = "  nunet cap list -c dms\n",
  .flags = flags,
  .max_args = 0,
  .run = run,
};
