/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

/* A host of ours, driven by JSON lines. See README.md. */

#include <gio/gunixinputstream.h>
#include <malloc.h>
#include <stdio.h>
#include <unistd.h>

#include "p2p-command.h"
#include "p2p-flow.h"
#include "tls/dms-p2p-certificate-private.h"

enum
{
  /* Nodes of a crowd that dial at the same time. */
  P2P_CROWD_STEP = 8,
  /* As the daemon has it, see dms-verb-run.c. */
  P2P_HEAP_TOP = 1024 * 1024,
};

typedef struct
{
  GMainLoop *loop;
  P2pNode *node;
  /* P2pNode: others in this process, which only connect. */
  GPtrArray *crowd;
  GDataInputStream *input;
} P2pPeer;

static P2pPeer peer;

/* --- start, stop -----------------------------------------------------------------------------------------
 */

static gboolean
p2p_peer_listen (P2pCommand *command, JsonArray *addresses, GError **error)
{
  g_auto (GStrv) texts = p2p_command_dup_texts (command, "listen");
  DmsP2pSwarm *swarm = p2p_node_get_swarm (peer.node);
  DmsPeerId *self = dms_p2p_identity_get_peer_id (dms_p2p_swarm_get_identity (swarm));

  for (guint i = 0; texts != NULL && texts[i] != NULL; i++)
    {
      g_autoptr (DmsMultiaddr) wanted = dms_multiaddr_new (texts[i], error);
      g_autoptr (DmsMultiaddr) real = wanted != NULL ? dms_p2p_swarm_listen (swarm, wanted, error) : NULL;
      g_autoptr (DmsMultiaddr) whole = NULL;

      if (real == NULL)
        return FALSE;
      whole = dms_multiaddr_append_peer_id (real, self);
      json_array_add_string_element (addresses, dms_multiaddr_get_text (whole));
    }
  return TRUE;
}

/* From now on, every peer is one that was never met. */
static void
p2p_peer_forget_certificates (void)
{
  DmsP2pIdentity *identity = dms_p2p_swarm_get_identity (p2p_node_get_swarm (peer.node));
  DmsP2pCertificate *own = dms_p2p_certificate_get_for (identity, NULL);

  dms_p2p_certificate_memory_set_max (dms_p2p_certificate_get_memory (own), 0);
}

static void
p2p_peer_start (P2pCommand *command)
{
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) securities = p2p_command_dup_texts (command, "security");
  JsonObject *limits = json_object_has_member (command->arguments, "limits")
                           ? json_object_get_object_member (command->arguments, "limits")
                           : NULL;
  g_autoptr (JsonArray) addresses = json_array_new ();
  JsonObject *answer = NULL;
  DmsPeerId *self = NULL;

  peer.node = p2p_node_new (p2p_command_get_text (command, "seed", NULL),
                            p2p_command_get_text (command, "psk", NULL),
                            (const char *const *) securities,
                            limits,
                            &error);
  if (peer.node != NULL && p2p_command_get_boolean (command, "relay", FALSE))
    p2p_node_use_relays (peer.node, p2p_command_get_boolean (command, "serve_relay", FALSE));
  if (peer.node != NULL && p2p_command_get_boolean (command, "nat", FALSE))
    p2p_node_traverse_nats (peer.node);
  if (peer.node != NULL && p2p_command_get_boolean (command, "dht", FALSE))
    p2p_node_join_dht (peer.node);
  if (peer.node != NULL && p2p_command_get_boolean (command, "gossip", FALSE))
    p2p_node_join_gossip (peer.node);
  if (peer.node != NULL && p2p_command_get_boolean (command, "forgetful", FALSE))
    p2p_peer_forget_certificates ();
  if (peer.node == NULL || !p2p_peer_listen (command, addresses, &error))
    return p2p_command_fail (command, error);
  answer = json_object_new ();
  self = dms_p2p_identity_get_peer_id (dms_p2p_swarm_get_identity (p2p_node_get_swarm (peer.node)));
  json_object_set_string_member (answer, "peer", dms_peer_id_get_text (self));
  json_object_set_array_member (answer, "addresses", g_steal_pointer (&addresses));
  p2p_command_answer (command, answer);
}

/* --- connections -----------------------------------------------------------------------------------------
 */

static JsonObject *
p2p_peer_describe (DmsP2pConnection *connection)
{
  JsonObject *object = json_object_new ();

  json_object_set_string_member (
      object, "peer", dms_peer_id_get_text (dms_p2p_connection_get_peer_id (connection)));
  json_object_set_string_member (object, "security", dms_p2p_connection_get_security (connection));
  json_object_set_string_member (object, "muxer", dms_p2p_connection_get_muxer (connection));
  json_object_set_boolean_member (object, "inbound", dms_p2p_connection_is_inbound (connection));
  json_object_set_string_member (
      object, "remote", dms_multiaddr_get_text (dms_p2p_connection_get_remote (connection)));
  json_object_set_int_member (object, "streams", dms_p2p_connection_get_n_streams (connection));
  return object;
}

/* Addresses without their peer, and the peer. */
static GPtrArray *
p2p_peer_read_addresses (P2pCommand *command, DmsPeerId **id, GError **error)
{
  g_auto (GStrv) texts = p2p_command_dup_texts (command, "addresses");
  g_autoptr (GPtrArray) addresses = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_multiaddr_unref);

  for (guint i = 0; texts != NULL && texts[i] != NULL; i++)
    {
      g_autoptr (DmsMultiaddr) whole = dms_multiaddr_new (texts[i], error);

      if (whole == NULL)
        return NULL;
      if (*id == NULL)
        *id = dms_multiaddr_dup_peer_id (whole);
      g_ptr_array_add (addresses, dms_multiaddr_dup_without_peer_id (whole));
    }
  return g_steal_pointer (&addresses);
}

static void
p2p_peer_connect (P2pCommand *command, P2pNode *node, GAsyncReadyCallback callback)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsPeerId) id = NULL;
  g_autoptr (GPtrArray) addresses = p2p_peer_read_addresses (command, &id, &error);

  if (addresses == NULL)
    return p2p_command_fail (command, error);
  dms_p2p_swarm_connect_async (
      p2p_node_get_swarm (node), id, addresses, TRUE, NULL, NULL, NULL, callback, command);
}

static void
p2p_peer_on_dialled (GObject *source, GAsyncResult *result, gpointer user_data)
{
  P2pCommand *command = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsP2pConnection) connection =
      dms_p2p_swarm_connect_finish (DMS_P2P_SWARM (source), result, &error);

  if (connection == NULL)
    p2p_command_fail (command, error);
  else
    p2p_command_answer_timed (command, p2p_peer_describe (connection));
}

static void
p2p_peer_dial (P2pCommand *command)
{
  p2p_peer_connect (command, peer.node, p2p_peer_on_dialled);
}

/* --- first_byte ------------------------------------------------------------------------------------------
 */

static void
p2p_peer_on_first_byte (P2pFlow *flow, const guint8 *data, gsize size)
{
  p2p_command_answer_timed (flow->user_data, json_object_new ());
  p2p_flow_reset (flow);
}

static const P2pFlowPart first_byte_part = { .take = p2p_peer_on_first_byte };

static void
p2p_peer_on_first_stream (GObject *source, GAsyncResult *result, gpointer user_data)
{
  P2pCommand *command = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsP2pStream) stream = dms_p2p_host_open_stream_finish (DMS_P2P_HOST (source), result, &error);

  if (stream == NULL)
    return p2p_command_fail (command, error);
  p2p_flow_send (p2p_flow_new (stream, &first_byte_part, command, NULL), "!", 1);
}

static void
p2p_peer_on_first_connection (GObject *source, GAsyncResult *result, gpointer user_data)
{
  static const char *const protocols[] = { P2P_ECHO, NULL };
  P2pCommand *command = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsP2pConnection) connection =
      dms_p2p_swarm_connect_finish (DMS_P2P_SWARM (source), result, &error);

  if (connection == NULL)
    return p2p_command_fail (command, error);
  dms_p2p_host_open_stream_on_async (
      p2p_node_get_host (peer.node), connection, protocols, NULL, p2p_peer_on_first_stream, command);
}

/* From nothing to one byte that came back. */
static void
p2p_peer_first_byte (P2pCommand *command)
{
  p2p_peer_connect (command, peer.node, p2p_peer_on_first_connection);
}

/* --- dials -----------------------------------------------------------------------------------------------
 */

static void p2p_peer_on_dial (GObject *source, GAsyncResult *result, gpointer user_data);

static gboolean
p2p_peer_dial_next (gpointer user_data)
{
  p2p_peer_connect (user_data, peer.node, p2p_peer_on_dial);
  return G_SOURCE_REMOVE;
}

static void
p2p_peer_on_dial (GObject *source, GAsyncResult *result, gpointer user_data)
{
  P2pCommand *command = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsP2pConnection) connection =
      dms_p2p_swarm_connect_finish (DMS_P2P_SWARM (source), result, &error);

  if (connection == NULL)
    return p2p_command_fail (command, error);
  dms_p2p_connection_close (connection);
  command->good++;
  if (command->good == p2p_command_get_number (command, "count", 1))
    {
      JsonObject *answer = json_object_new ();

      json_object_set_int_member (answer, "count", command->good);
      return p2p_command_answer_timed (command, answer);
    }
  g_idle_add (p2p_peer_dial_next, command);
}

static void
p2p_peer_dials (P2pCommand *command)
{
  p2p_peer_dial_next (command);
}

static void
p2p_peer_disconnect (P2pCommand *command)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsPeerId) id = p2p_command_dup_peer (command, &error);

  if (id == NULL)
    return p2p_command_fail (command, error);
  dms_p2p_swarm_disconnect (p2p_node_get_swarm (peer.node), id);
  p2p_command_answer (command, json_object_new ());
}

static void
p2p_peer_list_connections (P2pCommand *command)
{
  g_autoptr (GPtrArray) list = dms_p2p_swarm_list (p2p_node_get_swarm (peer.node));
  JsonObject *answer = json_object_new ();
  JsonArray *array = json_array_new ();

  for (guint i = 0; i < list->len; i++)
    json_array_add_object_element (array, p2p_peer_describe (list->pdata[i]));
  json_object_set_array_member (answer, "connections", array);
  p2p_command_answer (command, answer);
}

/* --- crowd -----------------------------------------------------------------------------------------------
 */

static void p2p_peer_crowd_step (P2pCommand *command);

static void
p2p_peer_on_crowd (GObject *source, GAsyncResult *result, gpointer user_data)
{
  P2pCommand *command = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsP2pConnection) connection =
      dms_p2p_swarm_connect_finish (DMS_P2P_SWARM (source), result, &error);
  JsonObject *answer = NULL;

  if (connection != NULL)
    command->good++;
  else if (command->why == NULL)
    command->why = g_strdup (error->message);
  if (--command->left > 0)
    return;
  if (peer.crowd->len < command->size)
    return p2p_peer_crowd_step (command);
  answer = json_object_new ();
  json_object_set_int_member (answer, "connected", command->good);
  if (command->why != NULL)
    json_object_set_string_member (answer, "why", command->why);
  p2p_command_answer_timed (command, answer);
}

static void
p2p_peer_crowd_step (P2pCommand *command)
{
  g_auto (GStrv) securities = p2p_command_dup_texts (command, "security");
  guint n = (guint) MIN (P2P_CROWD_STEP, command->size - peer.crowd->len);

  command->left = n;
  for (guint i = 0; i < n; i++)
    {
      P2pNode *node = p2p_node_new (NULL, NULL, (const char *const *) securities, NULL, NULL);

      g_ptr_array_add (peer.crowd, node);
      p2p_peer_connect (command, node, p2p_peer_on_crowd);
    }
}

/* So many more hosts, each with a connection to an address. */
static void
p2p_peer_crowd (P2pCommand *command)
{
  command->size = peer.crowd->len + (gsize) p2p_command_get_number (command, "count", 1);
  p2p_peer_crowd_step (command);
}

static void
p2p_peer_disperse (P2pCommand *command)
{
  g_ptr_array_set_size (peer.crowd, 0);
  p2p_command_answer (command, json_object_new ());
}

/* --- relays ----------------------------------------------------------------------------------------------
 */

static void
p2p_peer_on_reserved (GObject *source, GAsyncResult *result, gpointer user_data)
{
  DmsP2pRelayClient *client = DMS_P2P_RELAY_CLIENT (source);
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) addresses = NULL;
  g_autoptr (JsonArray) texts = json_array_new ();
  JsonObject *answer = NULL;

  if (!dms_p2p_relay_client_reserve_finish (client, result, &error))
    return p2p_command_fail (user_data, error);
  addresses = dms_p2p_relay_client_dup_addresses (client);
  for (guint i = 0; i < addresses->len; i++)
    json_array_add_string_element (texts, dms_multiaddr_get_text (addresses->pdata[i]));
  answer = json_object_new ();
  json_object_set_array_member (answer, "addresses", g_steal_pointer (&texts));
  p2p_command_answer (user_data, answer);
}

/* A place with a relay that is connected. */
static void
p2p_peer_reserve (P2pCommand *command)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsPeerId) relay = p2p_command_dup_peer (command, &error);
  DmsP2pRelayClient *client = p2p_node_get_relay_client (peer.node);

  if (relay == NULL || client == NULL)
    return p2p_command_fail (command, error);
  dms_p2p_relay_client_reserve_async (client, relay, NULL, p2p_peer_on_reserved, command);
}

/* --- what is known ---------------------------------------------------------------------------------------
 */

static void
p2p_peer_identity (P2pCommand *command)
{
  g_autoptr (DmsPeerId) id = p2p_command_dup_peer (command, NULL);
  DmsP2pPeerStore *store = dms_p2p_swarm_get_peer_store (p2p_node_get_swarm (peer.node));
  const char *const *protocols = id != NULL ? dms_p2p_peer_store_get_protocols (store, id) : NULL;
  JsonObject *answer = json_object_new ();
  JsonObject *object = NULL;
  JsonArray *array = NULL;
  g_autoptr (GPtrArray) addresses = NULL;

  if (protocols == NULL)
    {
      json_object_set_null_member (answer, "identity");
      return p2p_command_answer (command, answer);
    }
  object = json_object_new ();
  json_object_set_string_member (object, "agent", dms_p2p_peer_store_get_agent (store, id));
  array = json_array_new ();
  for (guint i = 0; protocols[i] != NULL; i++)
    json_array_add_string_element (array, protocols[i]);
  json_object_set_array_member (object, "protocols", array);
  array = json_array_new ();
  addresses = dms_p2p_peer_store_dup_addresses (store, id);
  for (guint i = 0; i < addresses->len; i++)
    json_array_add_string_element (array, dms_multiaddr_get_text (addresses->pdata[i]));
  json_object_set_array_member (object, "addresses", array);
  json_object_set_object_member (answer, "identity", object);
  p2p_command_answer (command, answer);
}

static void
p2p_peer_handle (P2pCommand *command)
{
  p2p_node_serve_echo (peer.node, p2p_command_get_text (command, "protocol", ""));
  p2p_command_answer (command, json_object_new ());
}

static void
p2p_peer_inbox (P2pCommand *command)
{
  p2p_node_serve_inbox (peer.node, p2p_command_get_text (command, "name", "root"));
  p2p_command_answer (command, json_object_new ());
}

static void
p2p_peer_memory (P2pCommand *command)
{
  g_autofree char *text = NULL;
  JsonObject *answer = json_object_new ();
  gint64 pages = 0;

  if (g_file_get_contents ("/proc/self/statm", &text, NULL, NULL))
    sscanf (text, "%*d %" G_GINT64_FORMAT, &pages);
  json_object_set_int_member (answer, "rss", pages * sysconf (_SC_PAGESIZE));
  p2p_command_answer (command, answer);
}

static void
p2p_peer_limits (P2pCommand *command)
{
  g_autoptr (JsonNode) node =
      dms_p2p_limits_to_json (dms_p2p_swarm_get_limits (p2p_node_get_swarm (peer.node)));
  JsonObject *answer = json_object_new ();

  json_object_set_member (answer, "limits", g_steal_pointer (&node));
  p2p_command_answer (command, answer);
}

/* --- the loop --------------------------------------------------------------------------------------------
 */

static void
p2p_peer_run (JsonObject *arguments)
{
  static const struct
  {
    const char *name;
    void (*run) (P2pCommand *command);
  } commands[] = {
    { "dial", p2p_peer_dial },
    { "dials", p2p_peer_dials },
    { "disconnect", p2p_peer_disconnect },
    { "connections", p2p_peer_list_connections },
    { "reserve", p2p_peer_reserve },
    { "crowd", p2p_peer_crowd },
    { "disperse", p2p_peer_disperse },
    { "identity", p2p_peer_identity },
    { "handle", p2p_peer_handle },
    { "inbox", p2p_peer_inbox },
    { "memory", p2p_peer_memory },
    { "limits", p2p_peer_limits },
    { "first_byte", p2p_peer_first_byte },
  };
  const char *name = json_object_get_string_member_with_default (arguments, "do", "");
  P2pCommand *command = p2p_command_new (peer.node, arguments);
  g_autoptr (GError) error = NULL;

  if (g_str_equal (name, "start") && peer.node == NULL)
    return p2p_peer_start (command);
  for (guint i = 0; i < G_N_ELEMENTS (commands) && peer.node != NULL; i++)
    if (g_str_equal (commands[i].name, name))
      return commands[i].run (command);
  if (peer.node != NULL && p2p_node_get_dht (peer.node) != NULL && p2p_command_run_on_dht (command, name))
    return;
  if (peer.node != NULL && p2p_node_get_gossip (peer.node) != NULL &&
      p2p_command_run_on_gossip (command, name))
    return;
  if (peer.node != NULL && p2p_node_get_autonat (peer.node) != NULL && p2p_command_run_on_nat (command, name))
    return;
  if (peer.node != NULL && p2p_command_run_on_stream (command, name))
    return;
  error = g_error_new (DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT, "no such command here and now: %s", name);
  p2p_command_fail (command, error);
}

static void
p2p_peer_on_line (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autofree char *line = g_data_input_stream_read_line_finish (peer.input, result, NULL, NULL);
  g_autoptr (JsonNode) node = line != NULL ? json_from_string (line, NULL) : NULL;

  if (node == NULL || !JSON_NODE_HOLDS_OBJECT (node))
    return g_main_loop_quit (peer.loop);
  p2p_peer_run (json_node_get_object (node));
  g_data_input_stream_read_line_async (peer.input, G_PRIORITY_DEFAULT, NULL, p2p_peer_on_line, NULL);
}

int
main (int argc, char **argv)
{
  g_autoptr (GInputStream) standard_input = g_unix_input_stream_new (STDIN_FILENO, FALSE);

#ifdef M_TRIM_THRESHOLD
  mallopt (M_TRIM_THRESHOLD, P2P_HEAP_TOP);
  mallopt (M_MMAP_THRESHOLD, P2P_HEAP_TOP);
#endif
  peer.loop = g_main_loop_new (NULL, FALSE);
  peer.crowd = g_ptr_array_new_with_free_func ((GDestroyNotify) p2p_node_free);
  peer.input = g_data_input_stream_new (standard_input);
  g_data_input_stream_read_line_async (peer.input, G_PRIORITY_DEFAULT, NULL, p2p_peer_on_line, NULL);
  g_main_loop_run (peer.loop);
  g_clear_pointer (&peer.crowd, g_ptr_array_unref);
  g_clear_pointer (&peer.node, p2p_node_free);
  while (g_main_context_iteration (NULL, FALSE))
    continue;
  g_clear_object (&peer.input);
  g_clear_pointer (&peer.loop, g_main_loop_unref);
  return 0;
}
