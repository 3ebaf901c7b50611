/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "cli/dms-cli-invitation.h"

#include <dms.h>
#include <glib/gi18n.h>
#include <string.h>

#include "cli/dms-cli-text.h"
#include "common/dms-file.h"

typedef struct
{
  const char *path;
  const char *text;
} Meaning;

/* What whoever has a right can do on a node with it. */
static const Meaning meanings[] = {
  { "/public", N_ ("ask who a node is, how it is, and what it has") },
  { "/broadcast", N_ ("speak to all nodes at once, on the topics named below") },
  { "/dms/deployment", N_ ("have jobs run on a node") },
  { "/dms/tokenomics/contract", N_ ("make contracts with a node and settle them") },
  { "/dms/cap/revoke/broadcast", N_ ("tell all nodes of rights that were taken back") },
  { "/dms/volume", N_ ("make and delete volumes on a node") },
};

/* Rights that are more than the use of a node. */
static const Meaning wide[] = {
  { "/dms/cap", N_ ("change whom a node trusts, and so allow themselves everything") },
  { "/dms/node", N_ ("operate a node: what it lends, all its deployments and their logs, its settings") },
};

static GBytes *
read_argument (DmsCliCall *call, const char *argument, GError **error)
{
  if (g_str_has_prefix (argument, "dms-invitation:"))
    return g_bytes_new (argument, strlen (argument));
  if (g_str_equal (argument, "-"))
    return dms_cli_call_read_input (call, DMS_INVITATION_MAX_TEXT, error);
  return dms_file_read (argument, DMS_INVITATION_MAX_TEXT, error);
}

static GString *
strip_space (GBytes *bytes)
{
  gsize size;
  const char *data = g_bytes_get_data (bytes, &size);
  GString *text = g_string_sized_new (size);

  for (gsize i = 0; i < size; i++)
    if (!g_ascii_isspace (data[i]))
      g_string_append_c (text, data[i]);
  return text;
}

DmsInvitation *
dms_cli_invitation_read (DmsCliCall *call, const char *argument, gboolean *from_input, GError **error)
{
  g_autoptr (GBytes) bytes = read_argument (call, argument, error);
  g_autoptr (GString) text = bytes != NULL ? strip_space (bytes) : NULL;
  g_autoptr (DmsInvitation) invitation = NULL;

  if (from_input != NULL)
    *from_input = g_str_equal (argument, "-");
  if (text == NULL)
    return NULL;
  invitation = dms_invitation_new_from_text (text->str, text->len, error);
  if (invitation != NULL && dms_invitation_has_secret (invitation) &&
      g_str_has_prefix (argument, "dms-invitation:"))
    dms_cli_call_note (call,
                       _ ("Warning: this invitation is a secret, and other users of this machine can "
                          "see the arguments of a command; a file or “-” is safer.\n"));
  return g_steal_pointer (&invitation);
}

static const char *
find_meaning (const char *capability)
{
  for (guint i = 0; i < G_N_ELEMENTS (meanings); i++)
    if (dms_capability_implies (meanings[i].path, capability))
      return _ (meanings[i].text);
  if (dms_capability_implies (capability, wide[0].path) && dms_capability_implies (capability, wide[1].path))
    return _ ("do everything on a node");
  for (guint i = 0; i < G_N_ELEMENTS (wide); i++)
    if (dms_capability_implies (wide[i].path, capability))
      return _ (wide[i].text);
  return NULL;
}

static void
show_rights (DmsCliCall *call, const char *const *capabilities, const char *const *topics)
{
  for (guint i = 0; capabilities[i] != NULL; i++)
    {
      const char *meaning = find_meaning (capabilities[i]);

      if (meaning != NULL)
        dms_cli_call_print (call, "  %-26s %s\n", capabilities[i], meaning);
      else
        dms_cli_call_print (call, "  %s\n", capabilities[i]);
    }
  for (guint i = 0; topics[i] != NULL; i++)
    dms_cli_call_print (call, _ ("  on the topic %s\n"), topics[i]);
}

void
dms_cli_invitation_show (DmsCliCall *call, DmsInvitation *invitation)
{
  const char *name = dms_invitation_get_name (invitation);
  const char *const *get = dms_invitation_get_get_capabilities (invitation);
  const char *const *ask = dms_invitation_get_ask_capabilities (invitation);
  guint64 now_ns = (guint64) g_get_real_time () * 1000;
  g_autofree char *until = dms_cli_text_dup_time (dms_invitation_get_until_ns (invitation), now_ns);
  g_autofree char *accept = dms_cli_text_dup_time (dms_invitation_get_accept_ns (invitation), now_ns);

  dms_cli_call_print (
      call, _ ("Invitation by %s\n"), dms_did_get_uri (dms_invitation_get_organisation (invitation)));
  if (*name != '\0')
    dms_cli_call_print (
        call, _ ("  which calls itself “%s” (anybody can; check the DID another way)\n"), name);
  dms_cli_call_print (call, _ ("  to be accepted until %s\n"), accept);

  if (get[0] != NULL)
    {
      dms_cli_call_print (call, _ ("\nYou get, on nodes that trust this organisation, until %s:\n"), until);
      show_rights (call, get, dms_invitation_get_get_topics (invitation));
    }
  else
    dms_cli_call_print (call, _ ("\nYou get nothing.\n"));

  if (ask[0] != NULL)
    {
      dms_cli_call_print (
          call,
          _ ("\nYou allow this organisation and everybody it lets in, on your node, until %s:\n"),
          until);
      show_rights (call, ask, dms_invitation_get_ask_topics (invitation));
    }
  else
    dms_cli_call_print (call, _ ("\nYou allow nothing.\n"));
  dms_cli_call_print (call, "\n");
}

/* Whether a right contains, or is part of, what operates a node. That revocations are told is no danger: each
 * counts only by the signature of who issued what it takes back. */
static gboolean
is_wide (const char *capability, const Meaning *meaning)
{
  return dms_capability_implies (capability, meaning->path) ||
         (dms_capability_implies (meaning->path, capability) &&
          !dms_capability_implies ("/dms/cap/revoke/broadcast", capability));
}

gboolean
dms_cli_invitation_warn (DmsCliCall *call, const char *const *capabilities)
{
  gboolean found = FALSE;

  for (guint i = 0; capabilities[i] != NULL; i++)
    for (guint j = 0; j < G_N_ELEMENTS (wide); j++)
      if (is_wide (capabilities[i], &wide[j]))
        {
          dms_cli_call_note (call, _ ("WARNING: “%s” lets others %s.\n"), capabilities[i], _ (wide[j].text));
          found = TRUE;
        }
  return found;
}
