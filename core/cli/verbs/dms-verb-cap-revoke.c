/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <dms.h>

#include "cli/dms-cli-identity.h"
#include "cli/dms-cli-invitation.h"
#include "cli/dms-cli-verbs.h"

static gboolean
print_revocation (DmsCliCall *call, DmsCapabilityContext *context, DmsToken *token, GError **error)
{
  g_autoptr (DmsToken) revocation = dms_capability_context_revoke (context, token, error);
  g_autofree char *text = NULL;

  if (revocation == NULL)
    return FALSE;
  text = dms_token_to_string (revocation);
  dms_cli_call_print (call, "%s\n", text);
  return TRUE;
}

/* Tokens as JSON, or those of an invitation. */
static DmsTokenList *
read_tokens (DmsCliCall *call, const char *argument, GError **error)
{
  g_autoptr (DmsInvitation) invitation = NULL;

  if (!g_str_has_prefix (argument, "dms-invitation:") && !g_str_equal (argument, "-")
      && !g_file_test (argument, G_FILE_TEST_IS_REGULAR))
    return dms_cli_identity_parse_tokens (argument, error);
  invitation = dms_cli_invitation_read (call, argument, NULL, error);
  if (invitation == NULL)
    return NULL;
  if (dms_token_list_get_size (dms_invitation_get_tokens (invitation)) > 0)
    return dms_token_list_ref (dms_invitation_get_tokens (invitation));
  g_set_error_literal (error, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT,
                       _ ("the invitation gives nothing, so there is nothing to revoke"));
  return NULL;
}

static gboolean
run (DmsCliCall *call, GError **error)
{
  const char *name = dms_cli_call_get_string (call, "context");
  g_autoptr (DmsTokenList) tokens = read_tokens (call, dms_cli_call_get_arg (call, 0), error);
  g_autoptr (DmsCapabilityContext) context = NULL;

  if (tokens == NULL)
    return FALSE;
  context = dms_cli_identity_open_capabilities (call, name, error);
  if (context == NULL)
    return FALSE;
  for (guint i = 0; i < dms_token_list_get_size (tokens); i++)
    if (!print_revocation (call, context, dms_token_list_get (tokens, i), error))
      return FALSE;
  return TRUE;
}

static const DmsCliFlag flags[] = {
  { "context", 'c', DMS_CLI_FLAG_STRING, TRUE, NULL, "name", N_ ("the context that issued the tokens") },
  { NULL },
};

const DmsCliVerb dms_verb_cap_revoke = {
  .path = "cap revoke",
  .arguments = "<token list or invitation>",
  .summary = N_ ("take back tokens that this context issued"),
  .description = N_ ("Prints one revocation for each token. It counts wherever it is anchored with “cap "
                     "anchor --revoke”, and takes what was passed on from the token with it. Of an "
                     "invitation (its text, its file, or “-”) the rights it gives are revoked, and so the "
                     "membership of all who joined by it."),
  .examples = "  nunet cap anchor -c dms --revoke \"$(nunet cap revoke -c dms '{\"tok\":[…]}')\"\n",
  .flags = flags,
  .min_args = 1,
  .max_args = 1,
  .run = run,
};
