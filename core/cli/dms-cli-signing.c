/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "cli/dms-cli-signing.h"

#include <dms.h>
#include <string.h>
#include <unistd.h>

#include "capability/dms-token.h"
#include "cli/dms-cli-invitation.h"
#include "cli/dms-cli-text.h"

#define PREFIX "dms:token:"
#define NS_PER_S G_GUINT64_CONSTANT (1000000000)

void
dms_cli_signing_prepare_terminal (void)
{
  static const int streams[] = { STDIN_FILENO, STDERR_FILENO };
  char name[256];

  for (guint i = 0; i < G_N_ELEMENTS (streams); i++)
    if (g_getenv ("GPG_TTY") == NULL && ttyname_r (streams[i], name, sizeof name) == 0)
      g_setenv ("GPG_TTY", name, TRUE);
}

/* The token in the bytes; NULL with an error when they are of nothing that a person could judge. */
static DmsToken *
read_token (GBytes *bytes, GError **error)
{
  gsize size;
  const char *data = g_bytes_get_data (bytes, &size);
  g_autoptr (GString) text = g_string_new ("{\"dms\":");
  g_autoptr (DmsToken) token = NULL;
  g_autoptr (GBytes) own = NULL;

  if (size < strlen (PREFIX) || memcmp (data, PREFIX, strlen (PREFIX)) != 0)
    {
      g_set_error_literal (error, DMS_ERROR, DMS_ERROR_INVALID_DATA,
                           _ ("an OpenPGP key signs nothing but capability tokens and invitations here"));
      return NULL;
    }
  g_string_append_len (text, data + strlen (PREFIX), (gssize) (size - strlen (PREFIX)));
  g_string_append_c (text, '}');
  token = dms_token_new_from_data (text->str, text->len, error);
  if (token == NULL)
    return NULL;
  /* Nothing may be in the bytes that is not shown. */
  own = dms_token_dup_signed_bytes (token);
  if (g_bytes_equal (own, bytes))
    return g_steal_pointer (&token);
  g_set_error_literal (error, DMS_ERROR, DMS_ERROR_INVALID_DATA,
                       _ ("the token is written in an unknown way"));
  return NULL;
}

/* One line. What others wrote may not steer the terminal. */
static void
print_text (DmsCliCall *call, const char *label, const char *text)
{
  g_autoptr (GString) printable = g_string_new (NULL);

  for (const char *p = text; *p != '\0'; p = g_utf8_next_char (p))
    {
      gunichar character = g_utf8_get_char (p);

      g_string_append_unichar (printable, g_unichar_isprint (character) ? character : '?');
    }
  dms_cli_call_note (call, "  %s %s\n", label, printable->str);
}

static void
print_items (DmsCliCall *call, const char *label, const char *const *items)
{
  g_autofree char *text = g_strjoinv (", ", (char **) items);

  if (items[0] != NULL)
    print_text (call, label, text);
}

static const char *
describe_action (DmsTokenAction action)
{
  switch (action)
    {
    case DMS_TOKEN_ACTION_INVOKE:
      return _ ("an invocation: the subject may do this itself");
    case DMS_TOKEN_ACTION_DELEGATE:
      return _ ("a delegation: the subject may do this, and let others do it");
    case DMS_TOKEN_ACTION_BROADCAST:
      return _ ("a broadcast: the subject may publish this");
    case DMS_TOKEN_ACTION_REVOKE:
    default:
      return _ ("a revocation: the subject's token counts no longer");
    }
}

static void
print_terms (DmsCliCall *call, DmsToken *token)
{
  guint64 seconds = dms_token_get_expiry_ns (token) / NS_PER_S;
  g_autoptr (GDateTime) until = g_date_time_new_from_unix_utc ((gint64) seconds);
  g_autofree char *date = until != NULL ? g_date_time_format (until, "%Y-%m-%d %H:%M:%S UTC") : NULL;
  g_autofree char *number = g_strdup_printf ("%" G_GUINT64_FORMAT, dms_token_get_depth (token));
  g_autofree char *depth = dms_token_get_depth (token) == 0
                             ? g_strdup (_ ("any number of times"))
                             : g_strdup_printf (_ ("at most %s times"), number);

  print_text (call, _ ("until:       "), date != NULL ? date : _ ("for ever"));
  if (dms_token_get_action (token) == DMS_TOKEN_ACTION_DELEGATE)
    print_text (call, _ ("passed on:   "), depth);
}

static void
announce (DmsCliCall *call, DmsOpenpgpSigner *signer)
{
  dms_cli_call_note (call, _ ("The OpenPGP key %s (%s) is asked to sign:\n"),
                     dms_openpgp_signer_get_fingerprint (signer), dms_openpgp_signer_get_user_id (signer));
}

static gboolean
show_invitation (DmsCliCall *call, DmsOpenpgpSigner *signer, GBytes *bytes, GError **error)
{
  g_autoptr (DmsInvitation) invitation = dms_invitation_new_from_signed_bytes (bytes, error);
  g_autofree char *until = NULL;
  gboolean open;

  if (invitation == NULL)
    return FALSE;
  open = dms_invitation_is_open (invitation);
  until = dms_cli_text_dup_time (dms_invitation_get_until_ns (invitation),
                                 (guint64) g_get_real_time () * 1000);
  announce (call, signer);
  print_text (call, _ ("what:        "),
              open ? _ ("an invitation for whoever has it") : _ ("an invitation for those it names"));
  print_text (call, _ ("name:        "), dms_invitation_get_name (invitation));
  print_items (call, _ ("joiners get: "), dms_invitation_get_get_capabilities (invitation));
  print_items (call, _ ("  on topics: "), dms_invitation_get_get_topics (invitation));
  print_items (call, _ ("they allow:  "), dms_invitation_get_ask_capabilities (invitation));
  print_items (call, _ ("  on topics: "), dms_invitation_get_ask_topics (invitation));
  print_text (call, _ ("until:       "), until);
  fflush (dms_cli_call_get_err (call));
  return TRUE;
}

gboolean
dms_cli_signing_show (DmsOpenpgpSigner *signer, GBytes *bytes, gpointer user_data, GError **error)
{
  DmsCliCall *call = user_data;
  g_autoptr (DmsToken) token = NULL;
  const gsize prefix = strlen (DMS_INVITATION_SIGNED_PREFIX);

  if (g_bytes_get_size (bytes) > prefix
      && memcmp (g_bytes_get_data (bytes, NULL), DMS_INVITATION_SIGNED_PREFIX, prefix) == 0)
    return show_invitation (call, signer, bytes, error);

  token = read_token (bytes, error);
  if (token == NULL)
    {
      g_prefix_error (error, "%s", _ ("not signed: "));
      return FALSE;
    }
  announce (call, signer);
  print_text (call, _ ("what:        "), describe_action (dms_token_get_action (token)));
  print_text (call, _ ("subject:     "), dms_did_get_uri (dms_token_get_subject (token)));
  print_items (call, _ ("capabilities:"), dms_token_get_capabilities (token));
  print_items (call, _ ("topics:      "), dms_token_get_topics (token));
  if (!dms_did_is_empty (dms_token_get_audience (token)))
    print_text (call, _ ("only at:     "), dms_did_get_uri (dms_token_get_audience (token)));
  if (dms_token_get_chain (token) != NULL)
    print_text (call, _ ("as given by: "),
                dms_did_get_uri (dms_token_get_issuer (dms_token_get_chain (token))));
  print_terms (call, token);
  fflush (dms_cli_call_get_err (call));
  return TRUE;
}
