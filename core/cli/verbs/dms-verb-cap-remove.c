/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <dms.h>

#include "cli/dms-cli-identity.h"
#include "cli/dms-cli-reload.h"
#include "cli/dms-cli-verbs.h"

static gboolean
remove_root (DmsCapabilityContext *context, const char *text, GError **error)
{
  g_autoptr (DmsDid) did = dms_did_new (text, error);

  return did != NULL && dms_capability_context_remove_root (context, did, error);
}

static gboolean
remove_anchor (DmsCapabilityContext *context, gpointer user_data, GError **error)
{
  DmsCliCall *call = user_data;
  static const struct
  {
    const char *flag;
    gboolean (*remove) (DmsCapabilityContext *context, DmsToken *token, GError **error);
  } kinds[] = {
    { "require", dms_capability_context_remove_require },
    { "provide", dms_capability_context_remove_provide },
    { "revoke", dms_capability_context_remove_revoke },
  };

  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      g_autoptr (DmsToken) token = NULL;

      if (!dms_cli_call_is_set (call, kinds[i].flag))
        continue;
      token = dms_cli_identity_parse_token (dms_cli_call_get_string (call, kinds[i].flag), error);
      return token != NULL && kinds[i].remove (context, token, error);
    }
  return remove_root (context, dms_cli_call_get_string (call, "root"), error);
}

static gboolean
run (DmsCliCall *call, GError **error)
{
  const char *name = dms_cli_call_get_string (call, "context");

  if (!dms_cli_identity_edit_capabilities (call, name, NULL, remove_anchor, call, error))
    return FALSE;
  dms_cli_reload_daemon (call);
  return TRUE;
}

static const DmsCliFlag flags[] = {
  { "context", 'c', DMS_CLI_FLAG_STRING, TRUE, NULL, "name", N_ ("the context to change") },
  { "root", 0, DMS_CLI_FLAG_STRING, FALSE, NULL, "DID", N_ ("no longer trust this DID") },
  { "require", 0, DMS_CLI_FLAG_STRING, FALSE, NULL, "token",
    N_ ("a require anchor, as “cap list” shows it") },
  { "provide", 0, DMS_CLI_FLAG_STRING, FALSE, NULL, "token",
    N_ ("a provide anchor, as “cap list” shows it") },
  { "revoke", 0, DMS_CLI_FLAG_STRING, FALSE, NULL, "token", N_ ("a revocation, as “cap list” shows it") },
  { NULL },
};

static const char *const groups[] = { "root require provide revoke", NULL };

const DmsCliVerb dms_verb_cap_remove = {
  .path = "cap remove",
  .summary = N_ ("take a root, a token or a revocation out of a context"),
  .description = N_ ("A running service of this machine is told to read its capabilities again."),
  .examples = "  nunet cap remove -c dms --root did:key:z6Mk…\n"
              "  nunet cap remove -c user --provide '{\"dms\":{…}}'\n",
  .flags = flags,
  .max_args = 0,
  .exclusive = groups,
  .one_required = groups,
  .run = run,
};
