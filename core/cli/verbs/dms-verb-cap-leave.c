/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <dms.h>

#include "capability/dms-invitation.h"
#include "cli/dms-cli-identity.h"
#include "cli/dms-cli-reload.h"
#include "cli/dms-cli-verbs.h"

typedef struct
{
  DmsSigner *signer;
  DmsDid *organisation;
  guint n_dropped;
  guint n_revoked;
} Leaving;

static gboolean
leave (DmsCapabilityContext *context, gpointer user_data, GError **error)
{
  Leaving *leaving = user_data;

  return dms_capability_context_set_signer (context, leaving->signer, error) &&
         dms_invitation_leave (
             context, leaving->organisation, &leaving->n_dropped, &leaving->n_revoked, error);
}

static gboolean
run (DmsCliCall *call, GError **error)
{
  const char *name = dms_cli_call_get_string (call, "context");
  g_autoptr (DmsDid) organisation = dms_did_new (dms_cli_call_get_arg (call, 0), error);
  g_autoptr (DmsSigner) signer =
      organisation != NULL ? dms_cli_identity_open_signer (call, name, error) : NULL;
  Leaving leaving = { signer, organisation, 0, 0 };

  if (signer == NULL || !dms_cli_identity_edit_capabilities (call, name, NULL, leave, &leaving, error))
    return FALSE;
  dms_cli_reload_daemon (call);
  dms_cli_call_print (call,
                      _ ("Left %s: rights dropped: %u, grants revoked: %u.\n"),
                      dms_did_get_uri (organisation),
                      leaving.n_dropped,
                      leaving.n_revoked);
  return TRUE;
}

static const DmsCliFlag flags[] = {
  { "context", 'c', DMS_CLI_FLAG_STRING, FALSE, "dms", "name", N_ ("the context that leaves") },
  { NULL },
};

const DmsCliVerb dms_verb_cap_leave = {
  .path = "cap leave",
  .arguments = "<organisation DID>",
  .summary = N_ ("leave an organisation"),
  .description =
      N_ ("Undoes “cap join”: drops every right that began with the organisation, and revokes everything "
          "this context granted it, also by hand. Jobs that run already go on until they end."),
  .examples = "  nunet cap leave did:key:z6Mk…\n",
  .flags = flags,
  .min_args = 1,
  .max_args = 1,
  .run = run,
};
