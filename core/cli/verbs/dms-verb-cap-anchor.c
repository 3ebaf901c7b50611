/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <dms.h>

#include "cli/dms-cli-identity.h"
#include "cli/dms-cli-reload.h"
#include "cli/dms-cli-verbs.h"

static gboolean
anchor_root (DmsCapabilityContext *context, const char *text, GError **error)
{
  g_autoptr (DmsDid) did = dms_did_new (text, error);

  return did != NULL && dms_capability_context_anchor_root (context, did, error);
}

static gboolean
anchor (DmsCapabilityContext *context, gpointer user_data, GError **error)
{
  DmsCliCall *call = user_data;
  static const struct
  {
    const char *flag;
    gboolean (*anchor) (DmsCapabilityContext *context, DmsTokenList *tokens, GError **error);
  } kinds[] = {
    { "require", dms_capability_context_anchor_require },
    { "provide", dms_capability_context_anchor_provide },
    { "revoke", dms_capability_context_anchor_revoke },
  };

  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      g_autoptr (DmsTokenList) tokens = NULL;

      if (!dms_cli_call_is_set (call, kinds[i].flag))
        continue;
      tokens = dms_cli_identity_parse_tokens (dms_cli_call_get_string (call, kinds[i].flag), error);
      return tokens != NULL && kinds[i].anchor (context, tokens, error);
    }
  return anchor_root (context, dms_cli_call_get_string (call, "root"), error);
}

static gboolean
run (DmsCliCall *call, GError **error)
{
  const char *name = dms_cli_call_get_string (call, "context");

  if (!dms_cli_identity_edit_capabilities (call, name, NULL, anchor, call, error))
    return FALSE;
  dms_cli_reload_daemon (call);
  /* The field prints this whether a daemon was there or not, and scripts look for it. */
  dms_cli_call_print (call, "Successfully signaled DMS to reload capability contexts\n");
  return TRUE;
}

static const DmsCliFlag flags[] = {
  { "context", 'c', DMS_CLI_FLAG_STRING, TRUE, NULL, "name", N_ ("the context to change") },
  { "root", 0, DMS_CLI_FLAG_STRING, FALSE, NULL, "DID", N_ ("trust this DID without limit") },
  { "require", 0, DMS_CLI_FLAG_STRING, FALSE, NULL, "tokens",
    N_ ("let others do here what these tokens say") },
  { "provide", 0, DMS_CLI_FLAG_STRING, FALSE, NULL, "tokens", N_ ("rights to present elsewhere") },
  { "revoke", 0, DMS_CLI_FLAG_STRING, FALSE, NULL, "token", N_ ("a revocation to heed") },
  { NULL },
};

static const char *const groups[] = { "root require provide revoke", NULL };

const DmsCliVerb dms_verb_cap_anchor = {
  .path = "cap anchor",
  .summary = N_ ("add a root, tokens or a revocation to a context"),
  .description = N_ ("Every token is verified first. A running service of this machine is told to read its "
                     "capabilities again."),
  .examples = "  # let the person who has the key “user” do everything on this node\n"
              "  nunet cap anchor -c dms --root \"$(nunet key did user)\"\n"
              "  nunet cap anchor -c user --provide \"$(cat from-the-organisation.json)\"\n",
  .flags = flags,
  .max_args = 0,
  .exclusive = groups,
  .one_required = groups,
  .run = run,
};
