/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-libp2p-trace.h"
#include "dms-libp2p-transport-private.h"

static gpointer
dms_libp2p_transport_finish_peer (DmsTransport *transport, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, transport), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/* Dialling */

static void
dms_libp2p_transport_on_dialled (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;
  g_autoptr (DmsP2pConnection) connection =
      dms_p2p_swarm_connect_finish (DMS_P2P_SWARM (source), result, &error);

  if (connection != NULL)
    g_task_return_pointer (task,
                           dms_peer_id_ref (dms_p2p_connection_get_peer_id (connection)),
                           (GDestroyNotify) dms_peer_id_unref);
  else
    {
      dms_libp2p_trace_explain (DMS_P2P_SWARM (source), error);
      g_task_return_error (task, error);
    }
}

static void
dms_libp2p_transport_dial_async (DmsTransport *transport,
                                 DmsMultiaddr *address,
                                 GCancellable *cancellable,
                                 GAsyncReadyCallback callback,
                                 gpointer user_data)
{
  DmsLibp2pTransport *self = DMS_LIBP2P_TRANSPORT (transport);
  g_autoptr (GTask) task = g_task_new (transport, cancellable, callback, user_data);
  g_autoptr (DmsPeerId) peer = dms_multiaddr_dup_peer_id (address);
  g_autoptr (GPtrArray) addresses = dms_libp2p_trace_list_addresses (address);

  g_task_set_source_tag (task, dms_libp2p_transport_dial_async);
  /* Somebody asks for it now: what failed a moment ago is tried all the same. */
  if (dms_libp2p_transport_check_running (self, task))
    dms_p2p_swarm_connect_async (self->stack->swarm,
                                 peer,
                                 addresses,
                                 TRUE,
                                 NULL,
                                 NULL,
                                 cancellable,
                                 dms_libp2p_transport_on_dialled,
                                 g_steal_pointer (&task));
}

static DmsPeerId *
dms_libp2p_transport_dial_finish (DmsTransport *transport, GAsyncResult *result, GError **error)
{
  return dms_libp2p_transport_finish_peer (transport, result, error);
}

static void
dms_libp2p_transport_trace_dial_async (DmsTransport *transport,
                                       DmsMultiaddr *address,
                                       GCancellable *cancellable,
                                       DmsDialStepFunc progress,
                                       gpointer progress_data,
                                       GDestroyNotify progress_destroy,
                                       GAsyncReadyCallback callback,
                                       gpointer user_data)
{
  DmsLibp2pTransport *self = DMS_LIBP2P_TRANSPORT (transport);
  g_autoptr (GTask) task = g_task_new (transport, cancellable, callback, user_data);

  g_task_set_source_tag (task, dms_libp2p_transport_trace_dial_async);
  if (dms_libp2p_transport_check_running (self, task))
    dms_libp2p_trace_start (self->stack, address, progress, progress_data, progress_destroy, task);
  else if (progress_destroy != NULL)
    progress_destroy (progress_data);
}

static DmsPeerId *
dms_libp2p_transport_trace_dial_finish (DmsTransport *transport, GAsyncResult *result, GError **error)
{
  return dms_libp2p_transport_finish_peer (transport, result, error);
}

static void
dms_libp2p_transport_disconnect_peer (DmsTransport *transport, DmsPeerId *peer)
{
  DmsLibp2pTransport *self = DMS_LIBP2P_TRANSPORT (transport);

  if (self->stack != NULL)
    dms_p2p_swarm_disconnect (self->stack->swarm, peer);
}

/* Ping */

static void
dms_libp2p_transport_on_ping (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;
  gint64 rtt_us = dms_p2p_ping_measure_finish (DMS_P2P_PING (source), result, &error);

  if (error == NULL)
    g_task_return_int (task, (gssize) rtt_us);
  else
    g_task_return_error (task, error);
}

static void
dms_libp2p_transport_ping_async (DmsTransport *transport,
                                 DmsPeerId *peer,
                                 GCancellable *cancellable,
                                 GAsyncReadyCallback callback,
                                 gpointer user_data)
{
  DmsLibp2pTransport *self = DMS_LIBP2P_TRANSPORT (transport);
  g_autoptr (GTask) task = g_task_new (transport, cancellable, callback, user_data);

  g_task_set_source_tag (task, dms_libp2p_transport_ping_async);
  if (dms_libp2p_transport_check_running (self, task))
    dms_p2p_ping_measure_async (
        self->stack->ping, peer, cancellable, dms_libp2p_transport_on_ping, g_steal_pointer (&task));
}

static gint64
dms_libp2p_transport_ping_finish (DmsTransport *transport, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, transport), -1);

  return g_task_propagate_int (G_TASK (result), error);
}

/* Peers */

static DmsPeerInfo *
dms_libp2p_transport_describe_peer (DmsLibp2pTransport *self, DmsPeerId *peer)
{
  g_autoptr (GPtrArray) addresses = dms_p2p_peer_store_dup_addresses (self->stack->peers, peer);
  gboolean is_connected = dms_p2p_swarm_find (self->stack->swarm, peer) != NULL;
  gint64 seen_us =
      is_connected ? g_get_real_time () : dms_p2p_peer_store_get_last_seen_us (self->stack->peers, peer);

  return dms_peer_info_new (peer, addresses, is_connected, seen_us);
}

static GPtrArray *
dms_libp2p_transport_describe_peers (DmsLibp2pTransport *self, GPtrArray *peers)
{
  GPtrArray *infos = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_peer_info_unref);

  for (guint i = 0; i < peers->len; i++)
    g_ptr_array_add (infos, dms_libp2p_transport_describe_peer (self, g_ptr_array_index (peers, i)));
  return infos;
}

static GPtrArray *
dms_libp2p_transport_list_peers (DmsTransport *transport)
{
  DmsLibp2pTransport *self = DMS_LIBP2P_TRANSPORT (transport);
  g_autoptr (GPtrArray) peers = dms_libp2p_peers_list (self->peers);

  return dms_libp2p_transport_describe_peers (self, peers);
}

static GPtrArray *
dms_libp2p_transport_list_known_peers (DmsTransport *transport)
{
  DmsLibp2pTransport *self = DMS_LIBP2P_TRANSPORT (transport);
  g_autoptr (GPtrArray) peers = NULL;

  if (self->stack == NULL)
    return g_ptr_array_new_with_free_func ((GDestroyNotify) dms_peer_info_unref);
  peers = dms_p2p_peer_store_list (self->stack->peers);
  return dms_libp2p_transport_describe_peers (self, peers);
}

static GStrv
dms_libp2p_transport_dup_peer_protocols (DmsTransport *transport, DmsPeerId *peer)
{
  DmsLibp2pTransport *self = DMS_LIBP2P_TRANSPORT (transport);

  if (self->stack == NULL || !dms_libp2p_peers_is_identified (self->peers, peer))
    return NULL;
  return g_strdupv ((char **) dms_p2p_peer_store_get_protocols (self->stack->peers, peer));
}

static void
dms_libp2p_transport_set_peer_handler (DmsTransport *transport,
                                       DmsPeerHandler handler,
                                       gpointer user_data,
                                       GDestroyNotify destroy)
{
  DmsLibp2pTransport *self = DMS_LIBP2P_TRANSPORT (transport);
  g_autoptr (DmsLibp2pCallback) callback = NULL;

  if (handler != NULL)
    callback = dms_libp2p_callback_new (G_CALLBACK (handler), user_data, destroy);
  dms_libp2p_peers_set_handler (self->peers, callback);
}

static void
dms_libp2p_transport_set_peer_score (DmsTransport *transport, DmsPeerId *peer, double score)
{
  dms_libp2p_peers_set_score (DMS_LIBP2P_TRANSPORT (transport)->peers, peer, score);
}

/* Without publish/subscribe there is nothing else to judge a peer by than what the program thinks of it. */
static GPtrArray *
dms_libp2p_transport_dup_scores (DmsTransport *transport)
{
  DmsLibp2pTransport *self = DMS_LIBP2P_TRANSPORT (transport);
  GPtrArray *scores = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_peer_score_unref);
  g_autoptr (GPtrArray) peers = dms_libp2p_peers_list (self->peers);

  for (guint i = 0; i < peers->len; i++)
    {
      DmsPeerId *peer = g_ptr_array_index (peers, i);
      double score = dms_libp2p_peers_get_score (self->peers, peer);

      g_ptr_array_add (scores, dms_peer_score_new (peer, score, score, 0, 0));
    }
  return scores;
}

/* Connections and limits */

static DmsConnectionInfo *
dms_libp2p_transport_describe_connection (DmsLibp2pTransport *self, DmsP2pConnection *connection)
{
  static const char *const nothing[] = { NULL };
  DmsPeerId *peer = dms_p2p_connection_get_peer_id (connection);
  const char *const *protocols = dms_p2p_peer_store_get_protocols (self->stack->peers, peer);
  g_autoptr (DmsConnectionInfo) bare = NULL;
  g_autoptr (DmsConnectionInfo) busy = NULL;
  gint64 age_us = g_get_monotonic_time () - dms_p2p_connection_get_opened_us (connection);
  guint64 bytes_in = 0;
  guint64 bytes_out = 0;

  dms_p2p_connection_get_traffic (connection, &bytes_in, &bytes_out);
  bare = dms_connection_info_new (peer,
                                  dms_p2p_connection_get_local (connection),
                                  dms_p2p_connection_get_remote (connection),
                                  dms_p2p_connection_is_inbound (connection),
                                  dms_p2p_connection_is_limited (connection),
                                  dms_p2p_connection_get_security (connection),
                                  dms_p2p_connection_get_muxer (connection),
                                  g_get_real_time () - age_us);
  busy = dms_connection_info_with_traffic (bare,
                                           dms_p2p_connection_get_n_streams (connection),
                                           dms_p2p_connection_get_rtt_us (connection),
                                           bytes_in,
                                           bytes_out);
  if (!dms_libp2p_peers_is_identified (self->peers, peer))
    return g_steal_pointer (&busy);
  return dms_connection_info_with_identity (
      busy, dms_p2p_peer_store_get_agent (self->stack->peers, peer), protocols != NULL ? protocols : nothing);
}

static GPtrArray *
dms_libp2p_transport_list_connections (DmsTransport *transport)
{
  DmsLibp2pTransport *self = DMS_LIBP2P_TRANSPORT (transport);
  GPtrArray *infos = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_connection_info_unref);
  g_autoptr (GPtrArray) connections = NULL;

  if (self->stack == NULL)
    return infos;
  connections = dms_p2p_swarm_list (self->stack->swarm);
  for (guint i = 0; i < connections->len; i++)
    g_ptr_array_add (infos,
                     dms_libp2p_transport_describe_connection (self, g_ptr_array_index (connections, i)));
  return infos;
}

static GPtrArray *
dms_libp2p_transport_list_limits (DmsTransport *transport)
{
  DmsLibp2pTransport *self = DMS_LIBP2P_TRANSPORT (transport);
  GPtrArray *infos = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_limit_info_unref);
  g_autoptr (JsonNode) rows = NULL;
  JsonArray *array = NULL;

  if (self->stack == NULL)
    return infos;
  rows = dms_p2p_limits_to_json (self->stack->limits);
  array = json_node_get_array (rows);
  for (guint i = 0; i < json_array_get_length (array); i++)
    {
      DmsLimitInfo *info = dms_limit_info_new_from_json (json_array_get_element (array, i), NULL);

      if (info != NULL)
        g_ptr_array_add (infos, info);
    }
  return infos;
}

void
dms_libp2p_transport_peers_init (DmsTransportInterface *iface)
{
  iface->dial_async = dms_libp2p_transport_dial_async;
  iface->dial_finish = dms_libp2p_transport_dial_finish;
  iface->trace_dial_async = dms_libp2p_transport_trace_dial_async;
  iface->trace_dial_finish = dms_libp2p_transport_trace_dial_finish;
  iface->disconnect_peer = dms_libp2p_transport_disconnect_peer;
  iface->ping_async = dms_libp2p_transport_ping_async;
  iface->ping_finish = dms_libp2p_transport_ping_finish;
  iface->list_peers = dms_libp2p_transport_list_peers;
  iface->list_known_peers = dms_libp2p_transport_list_known_peers;
  iface->dup_peer_protocols = dms_libp2p_transport_dup_peer_protocols;
  iface->set_peer_handler = dms_libp2p_transport_set_peer_handler;
  iface->set_peer_score = dms_libp2p_transport_set_peer_score;
  iface->dup_scores = dms_libp2p_transport_dup_scores;
  iface->list_connections = dms_libp2p_transport_list_connections;
  iface->list_limits = dms_libp2p_transport_list_limits;
}
