/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <string.h>

#include "kad/dms-p2p-kad-advertisement.h"
#include "p2p-command.h"
#include "wire/dms-p2p-cid.h"

enum
{
  P2P_DHT_MAX_FOUND = 20,
};

static GBytes *
p2p_dht_make_multihash (P2pCommand *command)
{
  const char *name = p2p_command_get_text (command, "name", "");
  g_autoptr (DmsP2pCid) cid = dms_p2p_cid_new_for_data (name, strlen (name));

  return g_bytes_ref (dms_p2p_cid_get_multihash (cid));
}

static JsonArray *
p2p_dht_describe_addresses (DmsP2pKadPeer *peer)
{
  GPtrArray *addresses = dms_p2p_kad_peer_get_addresses (peer);
  JsonArray *array = json_array_new ();

  for (guint i = 0; i < addresses->len; i++)
    json_array_add_string_element (array, dms_multiaddr_get_text (addresses->pdata[i]));
  return array;
}

/* --- dht_advertise ---------------------------------------------------------------------------------------
 */

static void
p2p_dht_on_provided (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;

  if (dms_p2p_dht_provide_finish (DMS_P2P_DHT (source), result, &error))
    p2p_command_answer_timed (user_data, json_object_new ());
  else
    p2p_command_fail (user_data, error);
}

static void
p2p_dht_on_put (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) multihash = p2p_dht_make_multihash (user_data);

  if (dms_p2p_dht_put_value_finish (DMS_P2P_DHT (source), result, &error))
    dms_p2p_dht_provide_async (DMS_P2P_DHT (source), multihash, NULL, p2p_dht_on_provided, user_data);
  else
    p2p_command_fail (user_data, error);
}

static void
p2p_dht_advertise (P2pCommand *command)
{
  DmsP2pIdentity *identity = dms_p2p_swarm_get_identity (p2p_node_get_swarm (command->node));
  const char *data = p2p_command_get_text (command, "data", "");
  g_autoptr (GBytes) bytes = g_bytes_new (data, strlen (data));
  g_autoptr (GBytes) value =
      dms_p2p_kad_advertisement_make (identity, bytes, g_get_real_time () / G_USEC_PER_SEC);
  g_autoptr (GBytes) key = dms_p2p_kad_advertisement_make_key (p2p_command_get_text (command, "name", ""),
                                                               dms_p2p_identity_get_peer_id (identity));

  dms_p2p_dht_put_value_async (p2p_node_get_dht (command->node), key, value, NULL, p2p_dht_on_put, command);
}

/* --- dht_query -------------------------------------------------------------------------------------------
 */

typedef struct
{
  P2pCommand *command;
  JsonObject *said;
} P2pDhtAsked;

static void
p2p_dht_answer_query (P2pCommand *command)
{
  JsonObject *answer = json_object_new ();

  json_object_set_array_member (answer, "found", g_steal_pointer (&command->extra));
  p2p_command_answer_timed (command, answer);
}

static void
p2p_dht_on_got (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autofree P2pDhtAsked *asked = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) value = dms_p2p_dht_get_value_finish (DMS_P2P_DHT (source), result, &error);
  g_autoptr (DmsP2pKadAdvertisement) advertisement =
      value != NULL ? dms_p2p_kad_advertisement_read (value, &error) : NULL;

  if (advertisement != NULL)
    {
      gsize size = 0;
      const char *data = g_bytes_get_data (advertisement->data, &size);
      g_autofree char *text = g_strndup (data, size);

      json_object_set_string_member (asked->said, "data", text);
    }
  else
    json_object_set_string_member (asked->said, "error", error->message);
  if (--asked->command->left == 0)
    p2p_dht_answer_query (asked->command);
}

static void
p2p_dht_on_providers (GObject *source, GAsyncResult *result, gpointer user_data)
{
  P2pCommand *command = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) peers = dms_p2p_dht_find_providers_finish (DMS_P2P_DHT (source), result, &error);

  if (peers == NULL)
    return p2p_command_fail (command, error);
  command->extra = json_array_new ();
  command->left = peers->len;
  if (peers->len == 0)
    return p2p_dht_answer_query (command);
  for (guint i = 0; i < peers->len; i++)
    {
      DmsP2pKadPeer *peer = peers->pdata[i];
      DmsPeerId *id = dms_p2p_kad_peer_get_id (peer);
      g_autoptr (GBytes) key =
          dms_p2p_kad_advertisement_make_key (p2p_command_get_text (command, "name", ""), id);
      P2pDhtAsked *asked = g_new0 (P2pDhtAsked, 1);

      asked->command = command;
      asked->said = json_object_new ();
      json_object_set_string_member (asked->said, "peer", dms_peer_id_get_text (id));
      json_object_set_array_member (asked->said, "addresses", p2p_dht_describe_addresses (peer));
      json_array_add_object_element (command->extra, asked->said);
      dms_p2p_dht_get_value_async (DMS_P2P_DHT (source), key, NULL, p2p_dht_on_got, asked);
    }
}

static void
p2p_dht_query (P2pCommand *command)
{
  g_autoptr (GBytes) multihash = p2p_dht_make_multihash (command);

  dms_p2p_dht_find_providers_async (
      p2p_node_get_dht (command->node), multihash, P2P_DHT_MAX_FOUND, NULL, p2p_dht_on_providers, command);
}

/* --- peers -----------------------------------------------------------------------------------------------
 */

static void
p2p_dht_on_peer (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsP2pKadPeer) peer = dms_p2p_dht_find_peer_finish (DMS_P2P_DHT (source), result, &error);
  JsonObject *answer = NULL;

  if (peer == NULL)
    return p2p_command_fail (user_data, error);
  answer = json_object_new ();
  json_object_set_array_member (answer, "addresses", p2p_dht_describe_addresses (peer));
  p2p_command_answer_timed (user_data, answer);
}

static void
p2p_dht_find_peer (P2pCommand *command)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsPeerId) id = p2p_command_dup_peer (command, &error);

  if (id == NULL)
    return p2p_command_fail (command, error);
  dms_p2p_dht_find_peer_async (p2p_node_get_dht (command->node), id, NULL, p2p_dht_on_peer, command);
}

static void
p2p_dht_on_closest (DmsP2pKadCore *core, const DmsP2pKadResult *result, gpointer user_data)
{
  JsonObject *answer = NULL;
  JsonArray *array = NULL;

  if (result->error != NULL)
    return p2p_command_fail (user_data, result->error);
  answer = json_object_new ();
  array = json_array_new ();
  for (guint i = 0; i < result->peers->len; i++)
    json_array_add_string_element (array,
                                   dms_peer_id_get_text (dms_p2p_kad_peer_get_id (result->peers->pdata[i])));
  json_object_set_array_member (answer, "peers", array);
  p2p_command_answer_timed (user_data, answer);
}

static void
p2p_dht_closest (P2pCommand *command)
{
  const char *name = p2p_command_get_text (command, "name", "");
  g_autoptr (GBytes) key = g_bytes_new (name, strlen (name));

  dms_p2p_kad_core_find_closest (
      dms_p2p_dht_get_core (p2p_node_get_dht (command->node)), key, p2p_dht_on_closest, command);
}

static void
p2p_dht_list_peers (P2pCommand *command)
{
  g_autoptr (GPtrArray) peers = dms_p2p_dht_list_peers (p2p_node_get_dht (command->node));
  JsonObject *answer = json_object_new ();
  JsonArray *array = json_array_new ();

  for (guint i = 0; i < peers->len; i++)
    json_array_add_string_element (array, dms_peer_id_get_text (peers->pdata[i]));
  json_object_set_array_member (answer, "peers", array);
  p2p_command_answer (command, answer);
}

gboolean
p2p_command_run_on_dht (P2pCommand *self, const char *name)
{
  static const struct
  {
    const char *name;
    void (*run) (P2pCommand *command);
  } commands[] = {
    { "dht_advertise", p2p_dht_advertise }, { "dht_query", p2p_dht_query },
    { "dht_find_peer", p2p_dht_find_peer }, { "dht_closest", p2p_dht_closest },
    { "dht_peers", p2p_dht_list_peers },
  };

  for (guint i = 0; i < G_N_ELEMENTS (commands); i++)
    if (strcmp (commands[i].name, name) == 0)
      {
        commands[i].run (self);
        return TRUE;
      }
  return FALSE;
}
