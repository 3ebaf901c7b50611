/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <dms.h>
#include <string.h>

#include "cli/dms-cli-identity.h"
#include "cli/dms-cli-terms.h"
#include "cli/dms-cli-verbs.h"

static gboolean
read_self_sign (DmsCliCall *call, DmsSelfSign *mode, GError **error)
{
  static const char *const words[] = { "no", "also", "only", NULL };
  const char *word = dms_cli_call_get_string (call, "self-sign");

  for (guint i = 0; words[i] != NULL; i++)
    if (strcmp (word, words[i]) == 0)
      {
        *mode = (DmsSelfSign) i;
        return TRUE;
      }
  g_set_error (error, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT,
               _ ("--self-sign is no, also or only, and not “%s”"),
               word);
  return FALSE;
}

static gboolean
run (DmsCliCall *call, GError **error)
{
  const char *name = dms_cli_call_get_string (call, "context");
  g_auto (DmsCliTerms) terms = { 0 };
  DmsSelfSign mode = DMS_SELF_SIGN_NO;
  g_autoptr (DmsCapabilityContext) context = NULL;
  g_autoptr (DmsTokenList) tokens = NULL;
  g_autofree char *text = NULL;

  if (!read_self_sign (call, &mode, error) || !dms_cli_terms_read (call, &terms, error))
    return FALSE;
  if (mode != DMS_SELF_SIGN_NO && dms_cli_call_get_bool (call, "auto-expire"))
    {
      g_set_error_literal (error, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT,
                           _ ("--auto-expire needs --self-sign no: there is no expiry to inherit"));
      return FALSE;
    }
  context = dms_cli_identity_open_capabilities (call, name, error);
  if (context == NULL)
    return FALSE;
  tokens = dms_capability_context_delegate (context, terms.subject, terms.audience, terms.topics,
                                            terms.capabilities,
                                            terms.expiry_ns, terms.depth, mode, error);
  if (tokens == NULL)
    return FALSE;
  text = dms_token_list_to_string (tokens);
  dms_cli_call_print (call, "%s\n", text);
  return TRUE;
}

static const DmsCliFlag flags[] = {
  { "context", 'c', DMS_CLI_FLAG_STRING, TRUE, NULL, "name", N_ ("the context that signs") },
  { "cap", 0, DMS_CLI_FLAG_STRINGS, FALSE, NULL, "path",
    N_ ("capability, such as /dms/deployment; may be repeated") },
  { "topic", 't', DMS_CLI_FLAG_STRINGS, FALSE, NULL, "topic", N_ ("broadcast topic; may be repeated") },
  { "audience", 'a', DMS_CLI_FLAG_STRING, FALSE, NULL, "DID", N_ ("where alone the rights may be used") },
  { "expiry", 'e', DMS_CLI_FLAG_STRING, FALSE, NULL, "date", N_ ("when they end, as 2026-01-01T00:00:00Z") },
  { "duration", 0, DMS_CLI_FLAG_DURATION, FALSE, NULL, "time",
    N_ ("how long they last from now on, as 720h") },
  { "depth", 'd', DMS_CLI_FLAG_UINT, FALSE, "0", "links",
    N_ ("how often they may be passed on; 0: without limit") },
  { "auto-expire", 0, DMS_CLI_FLAG_BOOL, FALSE, NULL, NULL, N_ ("they end when the rights passed on do") },
  { "self-sign", 0, DMS_CLI_FLAG_STRING, FALSE, "no", "no|also|only",
    N_ ("whether to give rights of this context's own too") },
  { NULL },
};

static const char *const groups[] = { "expiry duration auto-expire", NULL };

const DmsCliVerb dms_verb_cap_delegate = {
  .path = "cap delegate",
  .arguments = "<subject DID>",
  .summary = N_ ("pass on rights that this context was given"),
  .description = N_ ("Prints tokens by which the subject may do what this context may: one for each "
                     "provide anchor that allows all that is asked. Rights are never widened on the way, "
                     "and do not outlast those they come from."),
  .examples = "  nunet cap delegate -c org --cap /dms/deployment --auto-expire did:key:z6Mk…\n",
  .flags = flags,
  .min_args = 1,
  .max_args = 1,
  .exclusive = groups,
  .one_required = groups,
  .run = run,
};
