/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "cli/dms-cli-identity.h"
#include "cli/dms-cli-terms.h"
#include "cli/dms-cli-verbs.h"

static gboolean
run (DmsCliCall *call, GError **error)
{
  const char *name = dms_cli_call_get_string (call, "context");
  g_auto (DmsCliTerms) terms = { 0 };
  g_autoptr (DmsCapabilityContext) context = NULL;
  g_autoptr (DmsTokenList) tokens = NULL;
  g_autofree char *text = NULL;

  if (!dms_cli_terms_read (call, &terms, error))
    return FALSE;
  context = dms_cli_identity_open_capabilities (call, name, error);
  if (context == NULL)
    return FALSE;
  tokens = dms_capability_context_grant (context, terms.subject, terms.audience, terms.topics,
                                         terms.capabilities,
                                         terms.expiry_ns, terms.depth, error);
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
  { NULL },
};

static const char *const groups[] = { "expiry duration", NULL };

const DmsCliVerb dms_verb_cap_grant = {
  .path = "cap grant",
  .arguments = "<subject DID>",
  .summary = N_ ("give somebody rights over what is this context's own"),
  .description = N_ ("Prints a token by which the subject may do, where this context is trusted, what the "
                     "capabilities say. It begins with this context: nobody else's right is passed on. "
                     "Anchor it with “cap anchor --require” on the machine itself, or hand it to the "
                     "subject for “cap anchor --provide”."),
  .examples = "  nunet cap grant -c dms --cap /dms/deployment --cap /public --topic /nunet \\\n"
              "    --duration 720h did:key:z6Mk…\n",
  .flags = flags,
  .min_args = 1,
  .max_args = 1,
  .exclusive = groups,
  .one_required = groups,
  .run = run,
};
