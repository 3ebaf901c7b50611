/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <string.h>

#include "p2p-command.h"

static void
p2p_gossip_subscribe (P2pCommand *command)
{
  g_autoptr (GError) error = NULL;

  if (dms_p2p_gossip_join (
          p2p_node_get_gossip (command->node), p2p_command_get_text (command, "topic", ""), &error))
    p2p_command_answer (command, json_object_new ());
  else
    p2p_command_fail (command, error);
}

static void
p2p_gossip_unsubscribe (P2pCommand *command)
{
  dms_p2p_gossip_leave (p2p_node_get_gossip (command->node), p2p_command_get_text (command, "topic", ""));
  p2p_command_answer (command, json_object_new ());
}

static void
p2p_gossip_on_published (DmsValidation verdict, gpointer user_data)
{
  JsonObject *answer = json_object_new ();

  json_object_set_boolean_member (answer, "accepted", verdict == DMS_VALIDATION_ACCEPT);
  p2p_command_answer (user_data, answer);
}

static void
p2p_gossip_publish (P2pCommand *command)
{
  const char *text = p2p_command_get_text (command, "text", "");
  g_autoptr (GBytes) data = g_bytes_new (text, strlen (text));

  dms_p2p_gossip_publish (p2p_node_get_gossip (command->node),
                          p2p_command_get_text (command, "topic", ""),
                          data,
                          p2p_gossip_on_published,
                          command);
}

static JsonArray *
p2p_gossip_list_ids (GPtrArray *ids)
{
  JsonArray *array = json_array_new ();

  for (guint i = 0; i < ids->len; i++)
    json_array_add_string_element (array, dms_peer_id_get_text (g_ptr_array_index (ids, i)));
  return array;
}

/* Who is on a topic, who is in its mesh, and what was counted. */
static void
p2p_gossip_mesh (P2pCommand *command)
{
  DmsP2pGossipCore *core = dms_p2p_gossip_get_core (p2p_node_get_gossip (command->node));
  const char *topic = p2p_command_get_text (command, "topic", "");
  g_autoptr (GPtrArray) peers = dms_p2p_gossip_core_list_topic_peers (core, topic);
  g_autoptr (GPtrArray) mesh = dms_p2p_gossip_core_list_mesh (core, topic);
  const DmsP2pGossipCounts *counts = dms_p2p_gossip_core_get_counts (core);
  JsonObject *answer = json_object_new ();

  json_object_set_array_member (answer, "peers", p2p_gossip_list_ids (peers));
  json_object_set_array_member (answer, "mesh", p2p_gossip_list_ids (mesh));
  json_object_set_int_member (answer, "duplicates", (gint64) counts->duplicates);
  json_object_set_int_member (answer, "forged", (gint64) counts->forged);
  p2p_command_answer (command, answer);
}

/* What this node thinks of a peer. */
static void
p2p_gossip_score (P2pCommand *command)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsPeerId) id = p2p_command_dup_peer (command, &error);
  DmsP2pGossipCore *core = dms_p2p_gossip_get_core (p2p_node_get_gossip (command->node));
  JsonObject *answer = NULL;

  if (id == NULL)
    return p2p_command_fail (command, error);
  answer = json_object_new ();
  json_object_set_double_member (
      answer, "score", dms_p2p_gossip_score_get (dms_p2p_gossip_core_get_score (core), id));
  p2p_command_answer (command, answer);
}

gboolean
p2p_command_run_on_gossip (P2pCommand *self, const char *name)
{
  static const struct
  {
    const char *name;
    void (*run) (P2pCommand *command);
  } commands[] = {
    { "subscribe", p2p_gossip_subscribe }, { "unsubscribe", p2p_gossip_unsubscribe },
    { "publish", p2p_gossip_publish },     { "mesh", p2p_gossip_mesh },
    { "score", p2p_gossip_score },
  };

  for (guint i = 0; i < G_N_ELEMENTS (commands); i++)
    {
      if (!g_str_equal (commands[i].name, name))
        continue;
      commands[i].run (self);
      return TRUE;
    }
  return FALSE;
}
