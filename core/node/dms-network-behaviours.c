/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "node/dms-network-behaviours.h"

#include "common/dms-json-object.h"

/* A reply must fit into one message of 1 MiB, with its envelope and its tokens. */
#define MAX_REPLY_BYTES (512 * 1024)
/* What is kept of the trace of a dial; names may stand for many addresses. */
#define MAX_STEPS 256
/* How long before the question expires the answer to it goes out. */
#define MARGIN_US (500 * G_TIME_SPAN_MILLISECOND)
/* How long a ping may take (libp2p.md section 2). */
#define MAX_PING_US (10 * G_TIME_SPAN_SECOND)

/* A dial or a ping under way for a message. */
typedef struct
{
  DmsNode *node;
  DmsMessage *message;
  GCancellable *cancellable;
  guint timeout;
  gint64 began_us;
  JsonArray *steps;
} Request;

static gboolean
on_timeout (gpointer user_data)
{
  Request *request = user_data;

  request->timeout = 0;
  g_cancellable_cancel (request->cancellable);
  return G_SOURCE_REMOVE;
}

/* It is given up in time for an answer, and after @max_us at the latest. */
static Request *
request_new (DmsNode *node, DmsMessage *message, gint64 max_us)
{
  Request *self = g_rc_box_new0 (Request);
  gint64 left_us = (gint64) (dms_message_get_expiry_ns (message) / 1000) - g_get_real_time () - MARGIN_US;

  self->node = g_object_ref (node);
  self->message = dms_message_ref (message);
  self->cancellable = g_cancellable_new ();
  self->began_us = g_get_monotonic_time ();
  self->steps = json_array_new ();
  self->timeout = g_timeout_add ((guint) (CLAMP (left_us, 1000, max_us) / 1000), on_timeout, self);
  return self;
}

static void
request_clear (gpointer data)
{
  Request *self = data;

  g_clear_handle_id (&self->timeout, g_source_remove);
  g_object_unref (self->cancellable);
  g_object_unref (self->node);
  dms_message_unref (self->message);
  json_array_unref (self->steps);
}

static void
request_unref (gpointer request)
{
  g_rc_box_release_full (request, request_clear);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Request, request_unref)

/* Why a request failed: what the transport says, or that time was up. */
static void
set_error (Request *self, JsonObject *reply, const GError *error)
{
  if (self->timeout == 0 && g_error_matches (error, DMS_ERROR, DMS_ERROR_CANCELLED))
    {
      double seconds = (double) (g_get_monotonic_time () - self->began_us) / G_TIME_SPAN_SECOND;
      g_autofree char *text = g_strdup_printf ("no answer within %.1f s", seconds);

      json_object_set_string_member (reply, "error", text);
      return;
    }
  json_object_set_string_member (reply, "error", error->message);
}

static void
set_did (DmsNode *node, JsonObject *object, DmsPeerId *peer)
{
  DmsDid *did = dms_peer_handshake_get_did (dms_node_get_peer_handshake (node), peer);

  if (did != NULL)
    json_object_set_string_member (object, "did", dms_did_get_uri (did));
}

static gsize
get_size (JsonNode *node)
{
  g_autofree char *text = dms_json_node_to_text (node);

  return strlen (text);
}

/* Adds values as long as they fit; says how many there are. Takes the array. */
static JsonObject *
make_list (const char *member, GPtrArray *nodes)
{
  JsonObject *reply = json_object_new ();
  JsonArray *array = json_array_new ();
  gsize bytes = 0;

  for (guint i = 0; i < nodes->len; i++)
    {
      JsonNode *node = g_ptr_array_index (nodes, i);

      bytes += get_size (node);
      if (bytes > MAX_REPLY_BYTES)
        break;
      json_array_add_element (array, json_node_copy (node));
    }
  json_object_set_array_member (reply, member, array);
  json_object_set_int_member (reply, "total", nodes->len);
  g_ptr_array_unref (nodes);
  return reply;
}

static GPtrArray *
new_nodes (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify) json_node_unref);
}

static const char *
get_reachability_text (DmsTransport *transport)
{
  switch (dms_transport_get_reachability (transport))
    {
    case DMS_REACHABILITY_PUBLIC:
      return "public";
    case DMS_REACHABILITY_PRIVATE:
      return "private";
    case DMS_REACHABILITY_UNKNOWN:
    default:
      return "unknown";
    }
}

static void
on_addresses (DmsActor *actor, DmsMessage *message, gpointer user_data)
{
  DmsNode *node = user_data;
  DmsTransport *transport = dms_node_get_transport (node);
  g_autoptr (GPtrArray) addresses = dms_transport_dup_listen_addresses (transport);
  g_autoptr (DmsPeerId) peer = dms_transport_dup_peer_id (transport);
  JsonObject *reply = json_object_new ();
  JsonArray *array = json_array_new ();

  for (guint i = 0; i < addresses->len; i++)
    {
      g_autoptr (DmsMultiaddr) whole = dms_multiaddr_append_peer_id (g_ptr_array_index (addresses, i), peer);

      json_array_add_string_element (array, dms_multiaddr_get_text (whole));
    }
  json_object_set_string_member (reply, "peer", dms_peer_id_get_text (peer));
  json_object_set_string_member (reply, "transport", dms_transport_get_id (transport));
  json_object_set_string_member (reply, "reachability", get_reachability_text (transport));
  json_object_set_array_member (reply, "addresses", array);
  dms_message_reply_object (message, reply);
}

static GHashTable *
index_scores (DmsTransport *transport)
{
  GHashTable *table = g_hash_table_new_full ((GHashFunc) dms_peer_id_hash,
                                             (GEqualFunc) dms_peer_id_equal,
                                             (GDestroyNotify) dms_peer_id_unref,
                                             g_free);
  g_autoptr (GPtrArray) scores = dms_transport_dup_scores (transport);

  for (guint i = 0; i < scores->len; i++)
    {
      DmsPeerScore *score = g_ptr_array_index (scores, i);
      double value = dms_peer_score_get_score (score);

      g_hash_table_replace (
          table, dms_peer_id_ref (dms_peer_score_get_id (score)), g_memdup2 (&value, sizeof value));
    }
  return table;
}

static GHashTable *
index_connections (GPtrArray *connections)
{
  GHashTable *table = g_hash_table_new ((GHashFunc) dms_peer_id_hash, (GEqualFunc) dms_peer_id_equal);

  for (guint i = 0; i < connections->len; i++)
    {
      DmsConnectionInfo *info = g_ptr_array_index (connections, i);

      g_hash_table_insert (table, dms_connection_info_get_peer (info), info);
    }
  return table;
}

static void
on_peers (DmsActor *actor, DmsMessage *message, gpointer user_data)
{
  DmsNode *node = user_data;
  DmsTransport *transport = dms_node_get_transport (node);
  g_autoptr (GPtrArray) peers = dms_transport_list_peers (transport);
  g_autoptr (GPtrArray) connections = dms_transport_list_connections (transport);
  g_autoptr (GHashTable) by_peer = index_connections (connections);
  g_autoptr (GHashTable) scores = index_scores (transport);
  GPtrArray *nodes = new_nodes ();

  for (guint i = 0; i < peers->len; i++)
    {
      DmsPeerInfo *info = g_ptr_array_index (peers, i);
      DmsConnectionInfo *connection = g_hash_table_lookup (by_peer, dms_peer_info_get_id (info));
      double *score = g_hash_table_lookup (scores, dms_peer_info_get_id (info));
      JsonNode *entry = dms_peer_info_to_json (info);
      JsonObject *object = json_node_get_object (entry);

      set_did (node, object, dms_peer_info_get_id (info));
      if (connection != NULL && dms_connection_info_get_agent (connection) != NULL)
        json_object_set_string_member (object, "agent", dms_connection_info_get_agent (connection));
      if (connection != NULL)
        json_object_set_int_member (object, "rtt_us", dms_connection_info_get_rtt_us (connection));
      if (score != NULL)
        json_object_set_double_member (object, "score", *score);
      g_ptr_array_add (nodes, entry);
    }
  dms_message_reply_object (message, make_list ("peers", nodes));
}

/* What every peer speaks is too much for one message: only those of the peer that is asked for. */
static void
on_connections (DmsActor *actor, DmsMessage *message, gpointer user_data)
{
  DmsNode *node = user_data;
  const char *wanted = dms_json_object_get_text (dms_message_get_object (message), "peer");
  g_autoptr (GPtrArray) connections = dms_transport_list_connections (dms_node_get_transport (node));
  GPtrArray *nodes = new_nodes ();

  if (wanted != NULL && *wanted == '\0')
    wanted = NULL;
  for (guint i = 0; i < connections->len; i++)
    {
      DmsConnectionInfo *info = g_ptr_array_index (connections, i);
      DmsPeerId *peer = dms_connection_info_get_peer (info);
      JsonNode *entry = NULL;

      if (wanted != NULL && !g_str_equal (wanted, dms_peer_id_get_text (peer)))
        continue;
      entry = dms_connection_info_to_json (info);
      if (wanted == NULL)
        json_object_remove_member (json_node_get_object (entry), "protocols");
      set_did (node, json_node_get_object (entry), peer);
      g_ptr_array_add (nodes, entry);
    }
  dms_message_reply_object (message, make_list ("connections", nodes));
}

static void
on_limits (DmsActor *actor, DmsMessage *message, gpointer user_data)
{
  g_autoptr (GPtrArray) limits = dms_transport_list_limits (dms_node_get_transport (user_data));
  GPtrArray *nodes = new_nodes ();

  for (guint i = 0; i < limits->len; i++)
    g_ptr_array_add (nodes, dms_limit_info_to_json (g_ptr_array_index (limits, i)));
  dms_message_reply_object (message, make_list ("limits", nodes));
}

static void
reply_error (DmsMessage *message, const char *text)
{
  JsonObject *reply = json_object_new ();

  json_object_set_string_member (reply, "error", text);
  dms_message_reply_object (message, reply);
}

/* An address, or a peer ID for all that is known of the peer. */
static DmsMultiaddr *
read_target (const char *text, GError **error)
{
  g_autoptr (DmsPeerId) peer = NULL;
  g_autofree char *address = NULL;

  if (text == NULL || *text == '\0')
    {
      g_set_error_literal (error,
                           DMS_ERROR,
                           DMS_ERROR_INVALID_ARGUMENT,
                           "there is nothing to dial: give a multiaddr or a peer ID");
      return NULL;
    }
  if (*text == '/')
    return dms_multiaddr_new (text, error);
  peer = dms_peer_id_new (text, error);
  if (peer == NULL)
    return NULL;
  address = g_strconcat ("/p2p/", dms_peer_id_get_text (peer), NULL);
  return dms_multiaddr_new (address, error);
}

static void
on_step (DmsTransport *transport, DmsDialStep *step, gpointer user_data)
{
  Request *request = user_data;

  if (json_array_get_length (request->steps) < MAX_STEPS)
    json_array_add_element (request->steps, dms_dial_step_to_json (step));
}

static void
on_dialled (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Request) request = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsPeerId) peer = dms_transport_trace_dial_finish (DMS_TRANSPORT (source), result, &error);
  JsonObject *reply = json_object_new ();

  if (peer != NULL)
    {
      json_object_set_string_member (reply, "peer", dms_peer_id_get_text (peer));
      set_did (request->node, reply, peer);
    }
  else
    set_error (request, reply, error);
  json_object_set_int_member (reply, "duration_us", g_get_monotonic_time () - request->began_us);
  json_object_set_array_member (reply, "steps", json_array_ref (request->steps));
  dms_message_reply_object (request->message, reply);
}

static void
on_dial (DmsActor *actor, DmsMessage *message, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsMultiaddr) address =
      read_target (dms_json_object_get_text (dms_message_get_object (message), "address"), &error);
  Request *request = NULL;

  if (address == NULL)
    {
      reply_error (message, error->message);
      return;
    }
  request = request_new (user_data, message, G_MAXINT32);
  dms_transport_trace_dial_async (dms_node_get_transport (user_data),
                                  address,
                                  request->cancellable,
                                  on_step,
                                  request,
                                  NULL,
                                  on_dialled,
                                  request);
}

static void
on_pinged (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Request) request = user_data;
  g_autoptr (GError) error = NULL;
  gint64 rtt_us = dms_transport_ping_finish (DMS_TRANSPORT (source), result, &error);
  JsonObject *reply = json_object_new ();

  if (error != NULL)
    set_error (request, reply, error);
  else
    json_object_set_int_member (reply, "rtt_us", rtt_us);
  dms_message_reply_object (request->message, reply);
}

static void
on_ping (DmsActor *actor, DmsMessage *message, gpointer user_data)
{
  const char *text = dms_json_object_get_text (dms_message_get_object (message), "peer");
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsPeerId) peer = text != NULL ? dms_peer_id_new (text, &error) : NULL;
  Request *request = NULL;

  if (peer == NULL)
    {
      reply_error (message, error != NULL ? error->message : "there is no peer to ping: give a peer ID");
      return;
    }
  request = request_new (user_data, message, MAX_PING_US);
  dms_transport_ping_async (
      dms_node_get_transport (user_data), peer, request->cancellable, on_pinged, request);
}

void
dms_network_behaviours_install (DmsNode *node)
{
  static const struct
  {
    const char *path;
    DmsBehaviourFunc func;
  } behaviours[] = {
    { "/dms/node/network/addresses", on_addresses },
    { "/dms/node/network/peers", on_peers },
    { "/dms/node/network/connections", on_connections },
    { "/dms/node/network/limits", on_limits },
    { "/dms/node/network/dial", on_dial },
    { "/dms/node/network/ping", on_ping },
  };

  for (guint i = 0; i < G_N_ELEMENTS (behaviours); i++)
    dms_actor_add_behaviour (
        dms_node_get_root (node), behaviours[i].path, DMS_BEHAVIOUR_REQUIRE, behaviours[i].func, node, NULL);
}
