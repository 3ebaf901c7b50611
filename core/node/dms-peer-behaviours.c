/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "node/dms-peer-behaviours.h"

#include "common/dms-json-object.h"

/* How long a ping may take (behaviors.md §1). */
#define PING_TIMEOUT_MS 1000

/* One ping or dial under way for a message. */
typedef struct
{
  DmsMessage *message;
  GCancellable *cancellable;
  guint timeout;
} Request;

static Request *
request_new (DmsMessage *message)
{
  Request *self = g_new0 (Request, 1);

  self->message = dms_message_ref (message);
  self->cancellable = g_cancellable_new ();
  return self;
}

static void
request_free (Request *self)
{
  g_clear_handle_id (&self->timeout, g_source_remove);
  g_object_unref (self->cancellable);
  dms_message_unref (self->message);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Request, request_free)

static JsonArray *
peer_ids (GPtrArray *peers)
{
  JsonArray *array = json_array_new ();

  for (guint i = 0; peers != NULL && i < peers->len; i++)
    json_array_add_string_element (array, dms_peer_id_get_text (dms_peer_info_get_id (peers->pdata[i])));

  return array;
}

static void
on_list (DmsActor *actor, DmsMessage *message, gpointer user_data)
{
  g_autoptr (GPtrArray) peers = dms_transport_list_peers (dms_node_get_transport (user_data));
  JsonObject *reply = json_object_new ();

  json_object_set_array_member (reply, "Peers", peer_ids (peers));
  dms_message_reply_object (message, reply);
}

static void
on_self (DmsActor *actor, DmsMessage *message, gpointer user_data)
{
  DmsNode *node = user_data;
  g_autofree char *addresses = dms_node_dup_listen_text (node);
  JsonObject *reply = json_object_new ();

  json_object_set_string_member (reply, "id", dms_actor_registry_get_host (dms_node_get_registry (node)));
  json_object_set_string_member (reply, "listen_addr", addresses);
  dms_message_reply_object (message, reply);
}

/* RFC 3339 with nanoseconds, as all times of the field. */
static void
set_time (JsonObject *object, const char *member, gint64 time_us)
{
  g_autoptr (GDateTime) seconds = g_date_time_new_from_unix_utc (time_us / G_TIME_SPAN_SECOND);
  g_autofree char *date = seconds != NULL ? g_date_time_format (seconds, "%Y-%m-%dT%H:%M:%S") : NULL;
  g_autofree char *text = NULL;

  if (time_us <= 0 || date == NULL)
    return;
  text = g_strdup_printf ("%s.%09dZ", date, (int) (time_us % G_TIME_SPAN_SECOND) * 1000);
  json_object_set_string_member (object, member, text);
}

static void
on_dht (DmsActor *actor, DmsMessage *message, gpointer user_data)
{
  DmsTransport *transport = dms_node_get_transport (user_data);
  g_autoptr (GPtrArray) peers = dms_transport_list_known_peers (transport);
  JsonObject *reply = json_object_new ();
  JsonArray *array = json_array_new ();

  for (guint i = 0; peers != NULL && i < peers->len; i++)
    {
      DmsPeerInfo *info = g_ptr_array_index (peers, i);
      JsonObject *entry = json_object_new ();

      json_object_set_string_member (entry, "Id", dms_peer_id_get_text (dms_peer_info_get_id (info)));
      set_time (entry, "LastUsefulAt", dms_peer_info_get_last_seen_us (info));
      json_array_add_object_element (array, entry);
    }

  json_object_set_array_member (reply, "Peers", array);
  /* An empty table and none are not the same. */
  if (DMS_TRANSPORT_GET_IFACE (transport)->list_known_peers == NULL)
    {
      g_autofree char *text =
          g_strdup_printf ("the transport “%s” has no routing table", dms_transport_get_id (transport));

      json_object_set_string_member (reply, "Error", text);
    }
  dms_message_reply_object (message, reply);
}

static void
on_score (DmsActor *actor, DmsMessage *message, gpointer user_data)
{
  g_autoptr (GPtrArray) scores = dms_transport_dup_scores (dms_node_get_transport (user_data));
  JsonObject *reply = json_object_new ();
  JsonObject *all = json_object_new ();

  for (guint i = 0; scores != NULL && i < scores->len; i++)
    {
      DmsPeerScore *score = scores->pdata[i];
      JsonObject *entry = json_object_new ();

      json_object_set_double_member (entry, "Score", dms_peer_score_get_score (score));
      json_object_set_object_member (entry, "Topics", json_object_new ());
      json_object_set_double_member (entry, "AppSpecificScore", dms_peer_score_get_app_specific (score));
      json_object_set_double_member (entry, "IPColocationFactor", dms_peer_score_get_ip_colocation (score));
      json_object_set_double_member (entry, "BehaviourPenalty", dms_peer_score_get_behaviour_penalty (score));
      json_object_set_object_member (all, dms_peer_id_get_text (dms_peer_score_get_id (score)), entry);
    }

  json_object_set_object_member (reply, "Score", all);
  dms_message_reply_object (message, reply);
}

static void
reply_ping (DmsMessage *message, gint64 microseconds, const char *error)
{
  JsonObject *reply = json_object_new ();

  /* A peer that answered is alive, however near: 0 would read as dead. */
  json_object_set_string_member (reply, "Error", error != NULL ? error : "");
  json_object_set_int_member (reply, "RTT", error != NULL ? 0 : MAX (1, (microseconds + 999) / 1000));
  dms_message_reply_object (message, reply);
}

static gboolean
on_ping_timeout (gpointer user_data)
{
  Request *request = user_data;

  request->timeout = 0;
  g_cancellable_cancel (request->cancellable);
  return G_SOURCE_REMOVE;
}

static void
on_pinged (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Request) request = user_data;
  g_autoptr (GError) error = NULL;
  gint64 microseconds = dms_transport_ping_finish (DMS_TRANSPORT (source), result, &error);

  if (error != NULL && request->timeout == 0)
    reply_ping (request->message, 0, "the peer did not answer within 1 s");
  else
    reply_ping (request->message, microseconds, error != NULL ? error->message : NULL);
}

static void
on_ping (DmsActor *actor, DmsMessage *message, gpointer user_data)
{
  const char *host = dms_json_object_get_text (dms_message_get_object (message), "Host");
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsPeerId) peer = host != NULL ? dms_peer_id_new (host, &error) : NULL;
  Request *request;

  if (peer == NULL)
    {
      reply_ping (message, 0, error != NULL ? error->message : "there is no Host to ping: give a peer ID");
      return;
    }

  request = request_new (message);
  request->timeout = g_timeout_add (PING_TIMEOUT_MS, on_ping_timeout, request);
  dms_transport_ping_async (
      dms_node_get_transport (user_data), peer, request->cancellable, on_pinged, request);
}

static void
reply_connect (DmsMessage *message, const char *error)
{
  JsonObject *reply = json_object_new ();

  json_object_set_string_member (reply, "Status", error == NULL ? "CONNECTED" : "");
  json_object_set_string_member (reply, "Error", error != NULL ? error : "");
  dms_message_reply_object (message, reply);
}

static void
on_connected (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Request) request = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsPeerId) peer = dms_transport_dial_finish (DMS_TRANSPORT (source), result, &error);

  reply_connect (request->message, peer == NULL ? error->message : NULL);
}

static void
on_connect (DmsActor *actor, DmsMessage *message, gpointer user_data)
{
  const char *text = dms_json_object_get_text (dms_message_get_object (message), "Address");
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsMultiaddr) address = text != NULL ? dms_multiaddr_new (text, &error) : NULL;
  Request *request;

  if (address == NULL)
    {
      reply_connect (message,
                     error != NULL ? error->message : "there is no Address: give a multiaddr with /p2p/");
      return;
    }

  request = request_new (message);
  dms_transport_dial_async (
      dms_node_get_transport (user_data), address, request->cancellable, on_connected, request);
}

void
dms_peer_behaviours_install (DmsNode *node)
{
  static const struct
  {
    const char *path;
    DmsBehaviourFunc func;
  } behaviours[] = {
    { "/dms/node/peers/list", on_list }, { "/dms/node/peers/self", on_self },
    { "/dms/node/peers/dht", on_dht },   { "/dms/node/peers/score", on_score },
    { "/dms/node/peers/ping", on_ping }, { "/dms/node/peers/connect", on_connect },
  };

  for (guint i = 0; i < G_N_ELEMENTS (behaviours); i++)
    dms_actor_add_behaviour (
        dms_node_get_root (node), behaviours[i].path, DMS_BEHAVIOUR_REQUIRE, behaviours[i].func, node, NULL);
}
