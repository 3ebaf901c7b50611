/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <dms.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli/dms-cli-identity.h"
#include "cli/dms-cli-invitation.h"
#include "cli/dms-cli-text.h"
#include "cli/dms-cli-qr.h"
#include "cli/dms-cli-terms.h"
#include "cli/dms-cli-verbs.h"
#include "common/dms-file.h"

static GPtrArray *
read_joiners (DmsCliCall *call, GError **error)
{
  g_autoptr (GPtrArray) joiners = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_did_unref);
  const char *const *texts = dms_cli_call_get_strv (call, "for");

  for (guint i = 0; texts[i] != NULL; i++)
    {
      DmsDid *did = dms_did_new (texts[i], error);

      if (did == NULL)
        return NULL;
      g_ptr_array_add (joiners, did);
    }
  return g_steal_pointer (&joiners);
}

static GStrv
join_lists (const char *const *a, const char *const *b)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();

  g_strv_builder_addv (builder, (const char **) a);
  for (guint i = 0; b[i] != NULL; i++)
    if (!g_strv_contains (a, b[i]))
      g_strv_builder_add (builder, b[i]);
  return g_strv_builder_end (builder);
}

/* Until when one may join: not longer than the rights last. */
static gboolean
read_accept (DmsCliCall *call, guint64 until_ns, guint64 *accept_ns, GError **error)
{
  gint64 duration = dms_cli_call_get_duration (call, "accept-within");

  if (duration <= 0)
    {
      g_set_error_literal (
          error, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT, _ ("the time to accept must be longer than nothing"));
      return FALSE;
    }
  *accept_ns = (guint64) g_get_real_time () * 1000 + (guint64) duration;
  if (dms_cli_call_is_set (call, "accept-within") && *accept_ns > until_ns)
    {
      g_set_error_literal (error,
                           DMS_ERROR,
                           DMS_ERROR_INVALID_ARGUMENT,
                           _ ("the time to accept is longer than the rights last"));
      return FALSE;
    }
  *accept_ns = MIN (*accept_ns, until_ns);
  return TRUE;
}

static DmsInvitation *
make (DmsCliCall *call, GError **error)
{
  const char *const *both = dms_cli_call_get_strv (call, "cap");
  const char *const *topics = dms_cli_call_get_strv (call, "topic");
  g_auto (GStrv) get = join_lists (both, dms_cli_call_get_strv (call, "get"));
  g_auto (GStrv) ask = join_lists (both, dms_cli_call_get_strv (call, "give"));
  g_autoptr (GPtrArray) joiners = read_joiners (call, error);
  g_autoptr (DmsSigner) signer = NULL;
  DmsInvitationTerms terms = {
    .name = dms_cli_call_get_string (call, "name"),
    .joiners = joiners,
    .get_capabilities = (const char *const *) get,
    .get_topics = get[0] != NULL ? topics : NULL,
    .ask_capabilities = (const char *const *) ask,
    .ask_topics = ask[0] != NULL ? topics : NULL,
  };

  if (joiners == NULL || !dms_cli_terms_read_expiry (call, &terms.until_ns, error) ||
      !read_accept (call, terms.until_ns, &terms.accept_ns, error))
    return NULL;
  signer = dms_cli_identity_open_signer (call, dms_cli_call_get_string (call, "context"), error);
  if (signer == NULL)
    return NULL;
  return dms_invitation_new (signer, &terms, error);
}

static gboolean
draw (DmsCliCall *call, const char *text, GError **error)
{
  guint columns = 0;
  g_autofree char *drawing = dms_cli_qr_draw (text, &columns, error);
  int terminal = fileno (dms_cli_call_get_out (call));
  struct winsize size;

  if (drawing == NULL)
    return FALSE;
  dms_cli_call_print (call, "%s", drawing);
  if (terminal >= 0 && isatty (terminal) && ioctl (terminal, TIOCGWINSZ, &size) == 0 && size.ws_col < columns)
    dms_cli_call_note (
        call, _ ("Warning: the code is %u columns wide, and this terminal only %u.\n"), columns, size.ws_col);
  return TRUE;
}

static gboolean
deliver (DmsCliCall *call, DmsInvitation *invitation, GError **error)
{
  const char *file = dms_cli_call_get_string (call, "output");
  g_autofree char *text = dms_invitation_to_text (invitation);
  g_autofree char *line = g_strconcat (text, "\n", NULL);

  if (dms_cli_call_get_bool (call, "qr"))
    {
      if (!draw (call, text, error))
        return FALSE;
    }
  else if (file == NULL)
    dms_cli_call_print (call, "%s", line);
  if (file == NULL)
    return TRUE;
  if (g_file_test (file, G_FILE_TEST_EXISTS))
    {
      g_set_error (error,
                   DMS_ERROR,
                   DMS_ERROR_ALREADY_EXISTS,
                   _ ("“%s” exists already; give another name, or remove it"),
                   file);
      return FALSE;
    }
  return dms_file_write_private (file, line, strlen (line), error);
}

static void
explain (DmsCliCall *call, DmsInvitation *invitation)
{
  g_autofree char *until =
      dms_cli_text_dup_time (dms_invitation_get_until_ns (invitation), (guint64) g_get_real_time () * 1000);

  dms_cli_invitation_warn (call, dms_invitation_get_get_capabilities (invitation));
  dms_cli_invitation_warn (call, dms_invitation_get_ask_capabilities (invitation));
  if (dms_invitation_has_secret (invitation))
    dms_cli_call_note (
        call,
        _ ("WARNING: this invitation is for ANYBODY. Whoever gets hold of it has its rights until "
           "%s. Treat it as a password; name the joiners with --for where you can.\n"),
        until);
  if (dms_token_list_get_size (dms_invitation_get_tokens (invitation)) > 0)
    dms_cli_call_note (
        call,
        _ ("Keep it: “nunet cap revoke -c %s FILE” makes the revocations that take back what it "
           "gives, from all who joined by it.\n"),
        dms_cli_call_get_string (call, "context"));
}

static gboolean
run (DmsCliCall *call, GError **error)
{
  g_autoptr (DmsInvitation) invitation = make (call, error);

  if (invitation == NULL || !deliver (call, invitation, error))
    return FALSE;
  explain (call, invitation);
  return TRUE;
}

static const DmsCliFlag flags[] = {
  { "context", 'c', DMS_CLI_FLAG_STRING, TRUE, NULL, "name", N_ ("the organisation's context, which signs") },
  { "cap",
    0,
    DMS_CLI_FLAG_STRINGS,
    FALSE,
    NULL,
    "path",
    N_ ("what members may do on each other's nodes, such as /dms/deployment; may be repeated") },
  { "get",
    0,
    DMS_CLI_FLAG_STRINGS,
    FALSE,
    NULL,
    "path",
    N_ ("what the joiner may do besides, and is not asked to allow; may be repeated") },
  { "give",
    0,
    DMS_CLI_FLAG_STRINGS,
    FALSE,
    NULL,
    "path",
    N_ ("what the joiner is asked to allow besides, and does not get; may be repeated") },
  { "topic", 't', DMS_CLI_FLAG_STRINGS, FALSE, NULL, "topic", N_ ("broadcast topic; may be repeated") },
  { "for",
    0,
    DMS_CLI_FLAG_STRINGS,
    FALSE,
    NULL,
    "DID",
    N_ ("who may join; may be repeated. Without it: whoever has the invitation") },
  { "expiry",
    'e',
    DMS_CLI_FLAG_STRING,
    FALSE,
    NULL,
    "date",
    N_ ("when all rights end, as 2026-01-01T00:00:00Z") },
  { "duration",
    0,
    DMS_CLI_FLAG_DURATION,
    FALSE,
    NULL,
    "time",
    N_ ("how long they last from now on, as 720h") },
  { "accept-within", 0, DMS_CLI_FLAG_DURATION, FALSE, "168h", "time", N_ ("how long one may join by it") },
  { "name", 0, DMS_CLI_FLAG_STRING, FALSE, NULL, "text", N_ ("what the organisation calls itself") },
  { "output", 'o', DMS_CLI_FLAG_STRING, FALSE, NULL, "file", N_ ("write it to this new file") },
  { "qr", 0, DMS_CLI_FLAG_BOOL, FALSE, NULL, NULL, N_ ("draw it as a QR code instead of the text") },
  { NULL },
};

static const char *const exclusive[] = { "expiry duration", NULL };
static const char *const one_required[] = { "expiry duration", "cap get give", NULL };

const DmsCliVerb dms_verb_cap_invite = {
  .path = "cap invite",
  .summary = N_ ("invite others into an organisation"),
  .description =
      N_ ("Prints one line of text by which others join with “cap join”: it says what they get and "
          "what they are asked to allow, and the organisation's key signs it. Both take effect on the "
          "joiner's node; nothing changes here.\n\n"
          "An invitation with --for is of use only to those it names. One without is a secret "
                     "that lets in whoever has it, until its rights end or are revoked: --accept-within "
                     "binds only those who join with this program. It lasts 30 days at most."),
  .examples = "  # let two machines run jobs on each other for a month\n"
              "  nunet cap invite -c org --name \"Our lab\" --cap /dms/deployment --cap /broadcast \\\n"
              "    --cap /public --topic /nunet --duration 720h --for did:key:z6MkA… --for did:key:z6MkB…\n"
              "  # for whoever sees the screen, to be accepted within the hour\n"
              "  nunet cap invite -c org --cap /dms/deployment,/broadcast,/public --topic /nunet \\\n"
              "    --duration 24h --accept-within 1h --qr\n",
  .flags = flags,
  .max_args = 0,
  .exclusive = exclusive,
  .one_required = one_required,
  .run = run,
};
