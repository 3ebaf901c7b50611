/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-libp2p-trace.h"
#include "dms-libp2p-transport-private.h"

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
dms_libp2p_transport_dial (DmsLibp2pTransport *self, GTask *task)
{
  DmsMultiaddr *address = g_task_get_task_data (task);
  g_autoptr (DmsPeerId) peer = dms_multiaddr_dup_peer_id (address);
  g_autoptr (GPtrArray) addresses = dms_libp2p_trace_list_addresses (address);

  if (dms_libp2p_transport_check_running (self, task))
    dms_p2p_swarm_connect_async (self->stack->swarm,
                                 peer,
                                 addresses,
                                 dms_libp2p_trace_is_forced (self->stack->swarm, peer, address),
                                 NULL,
                                 NULL,
                                 g_task_get_cancellable (task),
                                 dms_libp2p_transport_on_dialled,
                                 g_object_ref (task));
}

static void
dms_libp2p_transport_on_found (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;

  if (dms_libp2p_router_find_finish (result, &error))
    dms_libp2p_transport_dial (DMS_LIBP2P_TRANSPORT (source), task);
  else
    g_task_return_error (task, error);
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
  g_task_set_task_data (task, dms_multiaddr_ref (address), (GDestroyNotify) dms_multiaddr_unref);
  if (!dms_libp2p_transport_check_running (self, task))
    return;
  /* A peer without a place is looked for first. */
  if (addresses == NULL && peer != NULL && !dms_libp2p_router_knows (self->stack->router, peer))
    dms_libp2p_router_find_async (
        self->stack->router, self, peer, cancellable, dms_libp2p_transport_on_found, g_object_ref (task));
  else
    dms_libp2p_transport_dial (self, task);
}

static DmsPeerId *
dms_libp2p_transport_dial_finish (DmsTransport *transport, GAsyncResult *result, GError **error)
{
  return dms_libp2p_transport_finish_pointer (transport, result, error);
}

/* Whom to dial, and who watches. */
typedef struct
{
  GTask *task;
  DmsMultiaddr *address;
  DmsDialStepFunc progress;
  gpointer progress_data;
  GDestroyNotify progress_destroy;
} DmsLibp2pWatched;

static void
dms_libp2p_watched_free (DmsLibp2pWatched *watched)
{
  if (watched->progress_destroy != NULL)
    watched->progress_destroy (watched->progress_data);
  g_clear_pointer (&watched->address, dms_multiaddr_unref);
  g_clear_object (&watched->task);
  g_free (watched);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsLibp2pWatched, dms_libp2p_watched_free)

/* Takes @watched. */
static void
dms_libp2p_transport_trace (DmsLibp2pTransport *self, DmsLibp2pWatched *taken)
{
  g_autoptr (DmsLibp2pWatched) watched = taken;

  if (!dms_libp2p_transport_check_running (self, watched->task))
    return;
  dms_libp2p_trace_start (self->stack,
                          watched->address,
                          watched->progress,
                          watched->progress_data,
                          g_steal_pointer (&watched->progress_destroy),
                          watched->task);
}

static void
dms_libp2p_transport_on_found_to_trace (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DmsLibp2pWatched) watched = user_data;
  GError *error = NULL;

  if (dms_libp2p_router_find_finish (result, &error))
    dms_libp2p_transport_trace (DMS_LIBP2P_TRANSPORT (source), g_steal_pointer (&watched));
  else
    g_task_return_error (watched->task, error);
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
  g_autoptr (DmsPeerId) peer = dms_multiaddr_dup_peer_id (address);
  g_autoptr (GPtrArray) addresses = dms_libp2p_trace_list_addresses (address);
  g_autoptr (DmsLibp2pWatched) watched = g_new0 (DmsLibp2pWatched, 1);

  g_task_set_source_tag (task, dms_libp2p_transport_trace_dial_async);
  watched->task = g_object_ref (task);
  watched->address = dms_multiaddr_ref (address);
  watched->progress = progress;
  watched->progress_data = progress_data;
  watched->progress_destroy = progress_destroy;
  if (!dms_libp2p_transport_check_running (self, task))
    return;
  /* A peer without a place is looked for first. */
  if (addresses == NULL && peer != NULL && !dms_libp2p_router_knows (self->stack->router, peer))
    dms_libp2p_router_find_async (self->stack->router,
                                  self,
                                  peer,
                                  cancellable,
                                  dms_libp2p_transport_on_found_to_trace,
                                  g_steal_pointer (&watched));
  else
    dms_libp2p_transport_trace (self, g_steal_pointer (&watched));
}

static DmsPeerId *
dms_libp2p_transport_trace_dial_finish (DmsTransport *transport, GAsyncResult *result, GError **error)
{
  return dms_libp2p_transport_finish_pointer (transport, result, error);
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
  peers = dms_p2p_dht_list_peers (self->stack->dht);
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

static DmsReachability
dms_libp2p_transport_get_reachability (DmsTransport *transport)
{
  DmsLibp2pTransport *self = DMS_LIBP2P_TRANSPORT (transport);

  if (self->stack == NULL)
    return DMS_REACHABILITY_UNKNOWN;
  switch (self->stack->nat->reachability)
    {
    case DMS_P2P_REACHABILITY_PUBLIC:
      return DMS_REACHABILITY_PUBLIC;
    case DMS_P2P_REACHABILITY_PRIVATE:
      return DMS_REACHABILITY_PRIVATE;
    case DMS_P2P_REACHABILITY_UNKNOWN:
    default:
      return DMS_REACHABILITY_UNKNOWN;
    }
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
  iface->get_reachability = dms_libp2p_transport_get_reachability;
  iface->set_peer_handler = dms_libp2p_transport_set_peer_handler;
  iface->list_connections = dms_libp2p_transport_list_connections;
  iface->list_limits = dms_libp2p_transport_list_limits;
}
