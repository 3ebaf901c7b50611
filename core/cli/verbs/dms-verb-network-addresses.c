/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "cli/dms-cli-message-flags.h"
#include "cli/dms-cli-network.h"
#include "cli/dms-cli-text.h"
#include "cli/dms-cli-verbs.h"
#include "common/dms-json-object.h"

static void
print_field (DmsCliCall *call, const char *title, const char *text)
{
  g_autofree char *safe = dms_cli_text_dup_safe (text != NULL ? text : "-");

  dms_cli_call_print (call, "%-10s  %s\n", title, safe);
}

/* What the node says in one word, for people. */
static const char *
get_reachable (const char *reachability)
{
  if (g_strcmp0 (reachability, "public") == 0)
    return _ ("yes: others connected to it by themselves");
  if (g_strcmp0 (reachability, "private") == 0)
    return _ ("not by itself: a router or firewall is in the way; by the addresses with p2p-circuit, if any");
  return _ ("not known (yet): nobody was there to try");
}

static gboolean
run (DmsCliCall *call, GError **error)
{
  g_autoptr (JsonObject) reply = NULL;
  g_auto (GStrv) addresses = NULL;
  const char *reachability = NULL;

  if (!dms_cli_network_ask_once (call, "addresses", NULL, &reply, error))
    return FALSE;
  if (reply == NULL)
    return TRUE;
  print_field (call, _ ("Peer ID"), dms_json_object_get_text (reply, "peer"));
  print_field (call, _ ("Transport"), dms_json_object_get_text (reply, "transport"));
  /* Not every transport finds that out. */
  reachability = dms_json_object_get_text (reply, "reachability");
  if (reachability != NULL)
    print_field (call, _ ("Reachable"), get_reachable (reachability));
  addresses = dms_json_object_dup_texts (reply, "addresses");
  for (guint i = 0; addresses != NULL && addresses[i] != NULL; i++)
    print_field (call, i == 0 ? _ ("Addresses") : "", addresses[i]);
  if (addresses == NULL || addresses[0] == NULL)
    print_field (call, _ ("Addresses"), _ ("none: nobody can reach this node from outside"));
  return TRUE;
}

const DmsCliVerb dms_verb_network_addresses = {
  .path = "network addresses",
  .summary = N_ ("show the node's peer ID and where it can be reached"),
  .description =
      N_ ("Each address is complete: whoever gets it can connect to exactly this node with it, and "
          "to no other that might answer there. An address of a machine's own network, such as "
          "192.168.… or 127.0.0.1, is of no use outside of it."),
  .examples = "  nunet network addresses\n"
              "  nunet network addresses --json | jq -r '.addresses[]'\n",
  .flags = dms_cli_network_flags,
  .persistent_flags = dms_cli_message_flags,
  .run = run,
};
