/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "p2p-command.h"

/* --- autonat ---------------------------------------------------------------------------------------------
 */

static void
p2p_nat_on_asked (GObject *source, GAsyncResult *result, gpointer user_data)
{
  static const char *const names[] = {
    [DMS_P2P_REACHABILITY_UNKNOWN] = "unknown",
    [DMS_P2P_REACHABILITY_PUBLIC] = "public",
    [DMS_P2P_REACHABILITY_PRIVATE] = "private",
  };
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsMultiaddr) about = NULL;
  DmsP2pReachability said =
      dms_p2p_autonat_client_ask_finish (DMS_P2P_AUTONAT_CLIENT (source), result, &about, &error);
  JsonObject *answer = NULL;

  if (error != NULL)
    return p2p_command_fail (user_data, error);
  answer = json_object_new ();
  json_object_set_string_member (answer, "reachability", names[said]);
  p2p_command_answer_timed (user_data, answer);
}

/* Asks a peer whether this host can be reached at some addresses: where it listens, unless they are given. */
static void
p2p_nat_ask (P2pCommand *command)
{
  DmsP2pSwarm *swarm = p2p_node_get_swarm (command->node);
  g_auto (GStrv) texts = p2p_command_dup_texts (command, "addresses");
  g_autoptr (GPtrArray) addresses =
      texts == NULL ? dms_p2p_swarm_dup_listen_addresses (swarm)
                    : g_ptr_array_new_with_free_func ((GDestroyNotify) dms_multiaddr_unref);
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsPeerId) id = p2p_command_dup_peer (command, &error);
  DmsP2pConnection *connection = id != NULL ? dms_p2p_swarm_find (swarm, id) : NULL;

  for (guint i = 0; error == NULL && texts != NULL && texts[i] != NULL; i++)
    {
      DmsMultiaddr *address = dms_multiaddr_new (texts[i], &error);

      if (address != NULL)
        g_ptr_array_add (addresses, address);
    }
  if (error == NULL && connection == NULL)
    error = g_error_new_literal (DMS_ERROR, DMS_ERROR_NOT_FOUND, "there is no connection to this peer");
  if (error != NULL)
    return p2p_command_fail (command, error);
  dms_p2p_autonat_client_ask_async (
      p2p_node_get_autonat (command->node), connection, addresses, NULL, p2p_nat_on_asked, command);
}

gboolean
p2p_command_run_on_nat (P2pCommand *self, const char *name)
{
  if (!g_str_equal (name, "autonat"))
    return FALSE;
  p2p_nat_ask (self);
  return TRUE;
}
