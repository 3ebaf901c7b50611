/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <unistd.h>

#include "cli/dms-cli-identity.h"
#include "cli/dms-cli-listing.h"
#include "cli/dms-cli-tree.h"
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

/* The field's form, which programs read: nothing of it is translated, and nothing expired is in it. */
static void
print_plain (DmsCliCall *call, DmsCapabilityContext *context)
{
  g_autoptr (GPtrArray) roots = dms_capability_context_dup_roots (context);
  g_autoptr (DmsTokenList) require = dms_capability_context_dup_require (context);
  g_autoptr (DmsTokenList) provide = dms_capability_context_dup_provide (context);
  g_autoptr (DmsTokenList) revoke = dms_capability_context_dup_revoke (context);

  dms_cli_call_print (call, "roots:\n");
  for (guint i = 0; i < roots->len; i++)
    dms_cli_call_print (call, "\t%s\n", dms_did_get_uri (g_ptr_array_index (roots, i)));
  print_tokens (call, "require:", require);
  print_tokens (call, "provide:", provide);
  print_tokens (call, "revoke:", revoke);
}

static gboolean
run (DmsCliCall *call, GError **error)
{
  const char *name = dms_cli_call_get_string (call, "context");
  gboolean json = dms_cli_call_get_bool (call, "json");
  gboolean tree = dms_cli_call_get_bool (call, "tree");
  g_autoptr (DmsCapabilityContext) context = NULL;

  if (!json && !tree && !dms_cli_call_get_bool (call, "plain"))
    tree = isatty (fileno (dms_cli_call_get_out (call)));

  if (json || tree)
    context = dms_cli_identity_load_expired (call, name, error);
  else
    context = dms_cli_identity_load_capabilities (call, name, NULL, error);
  if (context == NULL)
    return FALSE;

  if (json)
    return dms_cli_listing_print (call, name, context, error);
  if (tree)
    dms_cli_tree_print (call, name, context);
  else
    print_plain (call, context);
  return TRUE;
}

static const DmsCliFlag flags[] = {
  { "context", 'c', DMS_CLI_FLAG_STRING, TRUE, NULL, "name", N_ ("the context to show") },
  { "tree", 0, DMS_CLI_FLAG_BOOL, FALSE, NULL, NULL, N_ ("for people, as on a terminal") },
  { "json", 0, DMS_CLI_FLAG_BOOL, FALSE, NULL, NULL, N_ ("for programs, with what each token means") },
  { "plain", 0, DMS_CLI_FLAG_BOOL, FALSE, NULL, NULL,
    N_ ("the tokens, one a line, as when the output is no terminal") },
  { NULL },
};

static const char *const groups[] = { "json plain tree", NULL };

const DmsCliVerb dms_verb_cap_list = {
  .path = "cap list",
  .summary = N_ ("show what a context holds"),
  .description = N_ ("On a terminal, or with --tree: who gave what to whom, until when, and how often it may "
                     "be passed on; what has expired or was revoked is marked. Otherwise, or with --plain: "
                     "roots, require anchors, provide anchors and revocations, one a line, as other commands "
                     "take them; what has expired is left out."),
  .examples = "  nunet cap list -c dms\n"
              "  # what others may do here that ends within a day\n"
              "  nunet cap list -c dms --json | jq '.require[] | select(.expires_in < 86400)'\n",
  .flags = flags,
  .max_args = 0,
  .exclusive = groups,
  .run = run,
};
