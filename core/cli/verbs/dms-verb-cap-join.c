/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <dms.h>

#include "cli/dms-cli-identity.h"
#include "cli/dms-cli-invitation.h"
#include "cli/dms-cli-text.h"
#include "cli/dms-cli-reload.h"
#include "cli/dms-cli-verbs.h"
#include "identity/dms-key-signer.h"

/* What there is of the joiner before he joins. */
typedef struct
{
  const char *name;
  gboolean has_key;
  /* (nullable) */
  DmsSigner *signer;
  /* (nullable) */
  DmsCapabilityContext *context;
} Joiner;

static void
joiner_clear (Joiner *joiner)
{
  g_clear_object (&joiner->signer);
  g_clear_object (&joiner->context);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Joiner, joiner_clear)

static gboolean
find_key (DmsCliCall *call, Joiner *joiner, GError **error)
{
  g_autofree char *path = NULL;

  joiner->has_key = dms_cli_call_is_openpgp (joiner->name);
  if (joiner->has_key)
    return TRUE;
  path = dms_cli_call_dup_key_path (call, joiner->name, error);
  joiner->has_key = path != NULL && g_file_test (path, G_FILE_TEST_EXISTS);
  return path != NULL;
}

static gboolean
find_joiner (DmsCliCall *call, Joiner *joiner, GError **error)
{
  g_autofree char *path = dms_cli_call_dup_cap_path (call, joiner->name, error);

  if (path == NULL || !find_key (call, joiner, error))
    return FALSE;
  if (g_file_test (path, G_FILE_TEST_EXISTS))
    {
      joiner->context = dms_cli_identity_load_capabilities (call, joiner->name, NULL, error);
      return joiner->context != NULL;
    }
  if (!joiner->has_key)
    return TRUE;
  joiner->signer = dms_cli_identity_open_signer (call, joiner->name, error);
  return joiner->signer != NULL;
}

static gboolean
check_joiner (Joiner *joiner, DmsInvitation *invitation, GError **error)
{
  if (joiner->context != NULL)
    return dms_invitation_check_joiner (invitation, dms_capability_context_get_did (joiner->context), error);
  if (joiner->signer != NULL)
    return dms_invitation_check_joiner (invitation, dms_signer_get_did (joiner->signer), error);
  if (dms_invitation_is_open (invitation))
    return TRUE;
  g_set_error (
      error,
      DMS_ERROR,
      DMS_ERROR_NOT_AUTHORIZED,
      _ ("this invitation names those it is for, and here is no key “%s” yet; make it with “nunet key "
         "new %s”, and send the DID it prints to the organisation"),
      joiner->name,
      joiner->name);
  return FALSE;
}

static gboolean
ask (DmsCliCall *call, gboolean is_wide, gboolean from_input, GError **error)
{
  if (dms_cli_call_get_bool (call, "yes"))
    {
      if (!is_wide || dms_cli_call_get_bool (call, "allow-wide"))
        return TRUE;
      g_set_error_literal (
          error,
          DMS_ERROR,
          DMS_ERROR_PERMISSION_DENIED,
          _ ("the invitation asks for more than the use of this node; --yes alone does not accept "
             "that: add --allow-wide if it is meant"));
      return FALSE;
    }
  if (from_input)
    {
      g_set_error_literal (
          error,
          DMS_ERROR,
          DMS_ERROR_INVALID_ARGUMENT,
          _ ("the invitation came on standard input, so nobody can be asked there; look at it "
             "with --dry-run, then accept it with --yes"));
      return FALSE;
    }
  if (dms_cli_call_confirm (call, _ ("Join on these terms?")))
    return TRUE;
  g_set_error_literal (error, DMS_ERROR, DMS_ERROR_FAILED, "operation cancelled by user");
  return FALSE;
}

static gboolean
make_key (DmsCliCall *call, Joiner *joiner, GError **error)
{
  g_autoptr (DmsKey) key = dms_key_generate ();

  if (!dms_cli_identity_save_key (call, joiner->name, key, error))
    return FALSE;
  joiner->signer = dms_key_signer_new (key);
  return TRUE;
}

static gboolean
obtain_signer (DmsCliCall *call, Joiner *joiner, GError **error)
{
  if (joiner->signer != NULL)
    return TRUE;
  if (!joiner->has_key && joiner->context == NULL)
    return make_key (call, joiner, error);
  joiner->signer = dms_cli_identity_open_signer (call, joiner->name, error);
  return joiner->signer != NULL;
}

static gboolean
obtain_context (DmsCliCall *call, Joiner *joiner, GError **error)
{
  if (joiner->context != NULL)
    return TRUE;
  joiner->context = dms_capability_context_new_for_signer (joiner->signer);
  return dms_cli_identity_save_capabilities (call, joiner->name, joiner->context, error);
}

typedef struct
{
  DmsSigner *signer;
  DmsInvitation *invitation;
} Acceptance;

static gboolean
accept (DmsCapabilityContext *context, gpointer user_data, GError **error)
{
  Acceptance *acceptance = user_data;

  return dms_capability_context_set_signer (context, acceptance->signer, error) &&
         dms_invitation_accept (acceptance->invitation, context, error);
}

static gboolean
join (DmsCliCall *call, Joiner *joiner, DmsInvitation *invitation, GError **error)
{
  g_autofree char *until =
      dms_cli_text_dup_time (dms_invitation_get_until_ns (invitation), (guint64) g_get_real_time () * 1000);
  Acceptance acceptance = { NULL, invitation };

  if (!obtain_signer (call, joiner, error) || !obtain_context (call, joiner, error))
    return FALSE;
  acceptance.signer = joiner->signer;
  if (!dms_cli_identity_edit_capabilities (call, joiner->name, NULL, accept, &acceptance, error))
    return FALSE;
  dms_cli_reload_daemon (call);
  dms_cli_call_print (call,
                      _ ("%s has joined until %s. “nunet cap leave -c %s %s” undoes it.\n"),
                      dms_did_get_uri (dms_signer_get_did (joiner->signer)),
                      until,
                      joiner->name,
                      dms_did_get_uri (dms_invitation_get_organisation (invitation)));
  return TRUE;
}

static gboolean
run (DmsCliCall *call, GError **error)
{
  gboolean from_input;
  gboolean is_wide;
  g_autoptr (DmsInvitation) invitation =
      dms_cli_invitation_read (call, dms_cli_call_get_arg (call, 0), &from_input, error);
  g_auto (Joiner) joiner = { .name = dms_cli_call_get_string (call, "context") };

  if (invitation == NULL || !dms_invitation_verify (invitation, (guint64) g_get_real_time () * 1000, error) ||
      !find_joiner (call, &joiner, error) || !check_joiner (&joiner, invitation, error))
    return FALSE;
  dms_cli_invitation_show (call, invitation);
  is_wide = dms_cli_invitation_warn (call, dms_invitation_get_ask_capabilities (invitation));
  if (joiner.context != NULL && dms_invitation_is_joined (invitation, joiner.context))
    {
      dms_cli_call_print (call, _ ("“%s” has joined by this already; nothing changes.\n"), joiner.name);
      return TRUE;
    }
  if (dms_cli_call_get_bool (call, "dry-run"))
    return TRUE;
  return ask (call, is_wide, from_input, error) && join (call, &joiner, invitation, error);
}

static const DmsCliFlag flags[] = {
  { "context",
    'c',
    DMS_CLI_FLAG_STRING,
    FALSE,
    "dms",
    "name",
    N_ ("the context that joins; it and its key are made if there are none") },
  { "yes", 'y', DMS_CLI_FLAG_BOOL, FALSE, NULL, NULL, N_ ("do not ask") },
  { "allow-wide",
    0,
    DMS_CLI_FLAG_BOOL,
    FALSE,
    NULL,
    NULL,
    N_ ("with --yes: also accept what lets others operate this node") },
  { "dry-run", 0, DMS_CLI_FLAG_BOOL, FALSE, NULL, NULL, N_ ("only show what joining would mean") },
  { NULL },
};

const DmsCliVerb dms_verb_cap_join = {
  .path = "cap join",
  .arguments = "<invitation, file or ->",
  .summary = N_ ("join an organisation by its invitation"),
  .description =
      N_ ("Checks an invitation that “cap invite” made, shows what you would get and what you would allow, "
          "and asks. Then both take effect at once: what the organisation gives becomes a provide "
          "anchor, and what it asks for a grant of yours to it, with the same capabilities, topics and "
          "end, no more. It never becomes a root. A running service is told.\n\n"
          "Joining again changes nothing."),
  .examples = "  nunet cap join invitation.txt\n"
              "  nunet cap join --dry-run dms-invitation:v1:…\n",
  .flags = flags,
  .min_args = 1,
  .max_args = 1,
  .run = run,
};
