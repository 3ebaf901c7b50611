/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <string.h>

#include "dms-libp2p-query.h"
#include "dms-libp2p-transport-private.h"
#include "kad/dms-p2p-kad-advertisement.h"
#include "kad/dms-p2p-kad-limits.h"

/* Names and keys: what begins with a slash is a key of the distributed hash table, and its value is put and
 * got as it is. Anything else is a name, under which this node advertises a value of its own, signed, and
 * provides it; got is the newest of what anybody advertises under it. */

static GBytes *
dms_libp2p_transport_make_key (const char *key)
{
  return g_bytes_new (key, strlen (key));
}

static gboolean
dms_libp2p_transport_check_name (const char *name, GTask *task)
{
  if (name[0] != '\0' && strlen (name) <= DMS_P2P_KAD_MAX_KEY_SIZE / 2)
    return TRUE;
  g_task_return_new_error (task,
                           DMS_ERROR,
                           DMS_ERROR_INVALID_ARGUMENT,
                           "a key in the network must have 1 to %d bytes",
                           DMS_P2P_KAD_MAX_KEY_SIZE / 2);
  return FALSE;
}

static GBytes *
dms_libp2p_transport_get_value_finish (DmsTransport *transport, GAsyncResult *result, GError **error)
{
  return dms_libp2p_transport_finish_pointer (transport, result, error);
}

static GPtrArray *
dms_libp2p_transport_find_providers_finish (DmsTransport *transport, GAsyncResult *result, GError **error)
{
  return dms_libp2p_transport_finish_pointer (transport, result, error);
}

static void
dms_libp2p_transport_on_provided (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;

  if (dms_p2p_dht_provide_finish (DMS_P2P_DHT (source), result, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

/* A value under a name is provided as well, by the name that is the data of the task. */
static void
dms_libp2p_transport_on_put (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  const char *name = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (GBytes) multihash = NULL;

  if (!dms_p2p_dht_put_value_finish (DMS_P2P_DHT (source), result, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  if (name == NULL)
    {
      g_task_return_boolean (task, TRUE);
      return;
    }
  multihash = dms_libp2p_query_make_multihash (name);
  dms_p2p_dht_provide_async (DMS_P2P_DHT (source),
                             multihash,
                             g_task_get_cancellable (task),
                             dms_libp2p_transport_on_provided,
                             g_object_ref (task));
}

static void
dms_libp2p_transport_put_value_async (DmsTransport *transport,
                                      const char *key,
                                      GBytes *bytes,
                                      GCancellable *cancellable,
                                      GAsyncReadyCallback callback,
                                      gpointer user_data)
{
  DmsLibp2pTransport *self = DMS_LIBP2P_TRANSPORT (transport);
  g_autoptr (GTask) task = g_task_new (transport, cancellable, callback, user_data);
  gboolean is_key = key[0] == '/';
  g_autoptr (GBytes) full_key = NULL;
  g_autoptr (GBytes) value = NULL;

  g_task_set_source_tag (task, dms_libp2p_transport_put_value_async);
  if (!dms_libp2p_transport_check_running (self, task) || !dms_libp2p_transport_check_name (key, task))
    return;
  full_key =
      is_key ? dms_libp2p_transport_make_key (key) : dms_p2p_kad_advertisement_make_key (key, self->peer);
  if (is_key || g_bytes_get_size (bytes) == 0)
    value = g_bytes_ref (bytes);
  else
    {
      value =
          dms_p2p_kad_advertisement_make (self->stack->identity, bytes, g_get_real_time () / G_USEC_PER_SEC);
      g_task_set_task_data (task, g_strdup (key), g_free);
    }
  dms_p2p_dht_put_value_async (
      self->stack->dht, full_key, value, cancellable, dms_libp2p_transport_on_put, g_steal_pointer (&task));
}

static void
dms_libp2p_transport_on_got (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;
  GBytes *value = dms_p2p_dht_get_value_finish (DMS_P2P_DHT (source), result, &error);

  if (value != NULL)
    g_task_return_pointer (task, value, (GDestroyNotify) g_bytes_unref);
  else
    g_task_return_error (task, error);
}

static void
dms_libp2p_transport_get_value_async (DmsTransport *transport,
                                      const char *key,
                                      GCancellable *cancellable,
                                      GAsyncReadyCallback callback,
                                      gpointer user_data)
{
  DmsLibp2pTransport *self = DMS_LIBP2P_TRANSPORT (transport);
  g_autoptr (GTask) task = g_task_new (transport, cancellable, callback, user_data);
  g_autoptr (GBytes) full_key = NULL;

  g_task_set_source_tag (task, dms_libp2p_transport_get_value_async);
  if (!dms_libp2p_transport_check_running (self, task) || !dms_libp2p_transport_check_name (key, task))
    return;
  if (key[0] != '/')
    {
      dms_libp2p_query_start (self->stack->dht, key, task);
      return;
    }
  full_key = dms_libp2p_transport_make_key (key);
  dms_p2p_dht_get_value_async (
      self->stack->dht, full_key, cancellable, dms_libp2p_transport_on_got, g_steal_pointer (&task));
}

static void
dms_libp2p_transport_provide_async (DmsTransport *transport,
                                    const char *key,
                                    GCancellable *cancellable,
                                    GAsyncReadyCallback callback,
                                    gpointer user_data)
{
  DmsLibp2pTransport *self = DMS_LIBP2P_TRANSPORT (transport);
  g_autoptr (GTask) task = g_task_new (transport, cancellable, callback, user_data);
  g_autoptr (GBytes) multihash = NULL;

  g_task_set_source_tag (task, dms_libp2p_transport_provide_async);
  if (!dms_libp2p_transport_check_running (self, task) || !dms_libp2p_transport_check_name (key, task))
    return;
  multihash = dms_libp2p_query_make_multihash (key);
  dms_p2p_dht_provide_async (
      self->stack->dht, multihash, cancellable, dms_libp2p_transport_on_provided, g_steal_pointer (&task));
}

static DmsPeerInfo *
dms_libp2p_transport_describe_provider (DmsLibp2pTransport *self, DmsP2pKadPeer *provider)
{
  DmsPeerId *id = dms_p2p_kad_peer_get_id (provider);
  gboolean is_connected = self->stack != NULL && dms_p2p_swarm_find (self->stack->swarm, id) != NULL;
  gint64 seen_us = 0;

  if (is_connected)
    seen_us = g_get_real_time ();
  else if (self->stack != NULL)
    seen_us = dms_p2p_peer_store_get_last_seen_us (self->stack->peers, id);
  return dms_peer_info_new (id, dms_p2p_kad_peer_get_addresses (provider), is_connected, seen_us);
}

static void
dms_libp2p_transport_on_providers (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  DmsLibp2pTransport *self = g_task_get_source_object (task);
  GError *error = NULL;
  g_autoptr (GPtrArray) peers = dms_p2p_dht_find_providers_finish (DMS_P2P_DHT (source), result, &error);
  g_autoptr (GPtrArray) infos = NULL;

  if (peers == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  infos = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_peer_info_unref);
  for (guint i = 0; i < peers->len; i++)
    g_ptr_array_add (infos, dms_libp2p_transport_describe_provider (self, g_ptr_array_index (peers, i)));
  g_task_return_pointer (task, g_steal_pointer (&infos), (GDestroyNotify) g_ptr_array_unref);
}

static void
dms_libp2p_transport_find_providers_async (DmsTransport *transport,
                                           const char *key,
                                           guint max_peers,
                                           GCancellable *cancellable,
                                           GAsyncReadyCallback callback,
                                           gpointer user_data)
{
  DmsLibp2pTransport *self = DMS_LIBP2P_TRANSPORT (transport);
  g_autoptr (GTask) task = g_task_new (transport, cancellable, callback, user_data);
  g_autoptr (GBytes) multihash = NULL;

  g_task_set_source_tag (task, dms_libp2p_transport_find_providers_async);
  if (!dms_libp2p_transport_check_running (self, task) || !dms_libp2p_transport_check_name (key, task))
    return;
  multihash = dms_libp2p_query_make_multihash (key);
  dms_p2p_dht_find_providers_async (self->stack->dht,
                                    multihash,
                                    max_peers > 0 ? max_peers : DMS_P2P_KAD_MAX_PROVIDERS,
                                    cancellable,
                                    dms_libp2p_transport_on_providers,
                                    g_steal_pointer (&task));
}

static void
dms_libp2p_transport_stop_providing (DmsTransport *transport, const char *key)
{
  DmsLibp2pTransport *self = DMS_LIBP2P_TRANSPORT (transport);
  g_autoptr (GBytes) multihash = dms_libp2p_query_make_multihash (key);

  if (self->stack != NULL)
    dms_p2p_dht_stop_providing (self->stack->dht, multihash);
}

/* Nodes that only ask the distributed hash table are not seen by it, but some are connected. */
static guint
dms_libp2p_transport_estimate_peers (DmsTransport *transport)
{
  DmsLibp2pTransport *self = DMS_LIBP2P_TRANSPORT (transport);
  g_autoptr (GPtrArray) connected = NULL;

  if (self->stack == NULL)
    return 0;
  connected = dms_libp2p_peers_list (self->peers);
  return MAX (dms_p2p_dht_estimate_peers (self->stack->dht), connected->len + 1);
}

void
dms_libp2p_transport_routing_init (DmsTransportInterface *iface)
{
  iface->put_value_async = dms_libp2p_transport_put_value_async;
  iface->put_value_finish = dms_libp2p_transport_finish_boolean;
  iface->get_value_async = dms_libp2p_transport_get_value_async;
  iface->get_value_finish = dms_libp2p_transport_get_value_finish;
  iface->provide_async = dms_libp2p_transport_provide_async;
  iface->provide_finish = dms_libp2p_transport_finish_boolean;
  iface->find_providers_async = dms_libp2p_transport_find_providers_async;
  iface->find_providers_finish = dms_libp2p_transport_find_providers_finish;
  iface->stop_providing = dms_libp2p_transport_stop_providing;
  iface->estimate_peers = dms_libp2p_transport_estimate_peers;
}
