/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <sodium.h>
#include <string.h>

#include "dms-libp2p-transport-private.h"
#include "pnet/dms-p2p-pnet-cipher.h"

static void dms_libp2p_transport_transport_init (DmsTransportInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (DmsLibp2pTransport,
                               dms_libp2p_transport,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (DMS_TYPE_TRANSPORT,
                                                      dms_libp2p_transport_transport_init))

DmsTransport *
dms_libp2p_transport_new (void)
{
  return g_object_new (DMS_TYPE_LIBP2P_TRANSPORT, NULL);
}

/* @done: (nullable): told from the main loop when what is to be kept has been. Whether there is anything to
 * leave; otherwise it is not told. */
static gboolean
dms_libp2p_transport_leave (DmsLibp2pTransport *self, GSourceFunc done, gpointer user_data)
{
  DmsLibp2pStack *stack = g_steal_pointer (&self->stack);

  if (stack == NULL)
    return FALSE;
  g_clear_pointer (&self->bootstrap, dms_libp2p_bootstrap_free);
  dms_libp2p_topics_leave (self->topics);
  dms_libp2p_stack_end (stack, done, user_data);
  dms_libp2p_peers_leave (self->peers);
  return TRUE;
}

static void
dms_libp2p_transport_dispose (GObject *object)
{
  DmsLibp2pTransport *self = DMS_LIBP2P_TRANSPORT (object);

  dms_libp2p_transport_leave (self, NULL, NULL);
  dms_libp2p_peers_set_handler (self->peers, NULL);
  g_clear_pointer (&self->inbox_handler, dms_libp2p_callback_unref);
  g_hash_table_remove_all (self->stream_handlers);
  dms_libp2p_topics_clear (self->topics);
  G_OBJECT_CLASS (dms_libp2p_transport_parent_class)->dispose (object);
}

static void
dms_libp2p_transport_finalize (GObject *object)
{
  DmsLibp2pTransport *self = DMS_LIBP2P_TRANSPORT (object);

  g_clear_pointer (&self->topics, dms_libp2p_topics_free);
  g_clear_pointer (&self->peers, dms_libp2p_peers_free);
  g_clear_pointer (&self->peer, dms_peer_id_unref);
  g_clear_pointer (&self->stream_handlers, g_hash_table_unref);
  g_clear_pointer (&self->network_key, g_bytes_unref);
  G_OBJECT_CLASS (dms_libp2p_transport_parent_class)->finalize (object);
}

static void
dms_libp2p_transport_class_init (DmsLibp2pTransportClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = dms_libp2p_transport_dispose;
  G_OBJECT_CLASS (klass)->finalize = dms_libp2p_transport_finalize;
}

static void
dms_libp2p_transport_init (DmsLibp2pTransport *self)
{
  self->peers = dms_libp2p_peers_new (DMS_TRANSPORT (self));
  self->topics = dms_libp2p_topics_new (DMS_TRANSPORT (self));
  self->stream_handlers =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) dms_libp2p_callback_unref);
}

static const char *
dms_libp2p_transport_get_id (DmsTransport *transport)
{
  return "libp2p";
}

gboolean
dms_libp2p_transport_check_running (DmsLibp2pTransport *self, GTask *task)
{
  if (self->stack != NULL)
    return TRUE;
  g_task_return_new_error (task, DMS_ERROR, DMS_ERROR_WRONG_STATE, "the transport does not run");
  return FALSE;
}

gboolean
dms_libp2p_transport_finish_boolean (DmsTransport *transport, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, transport), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

gpointer
dms_libp2p_transport_finish_pointer (DmsTransport *transport, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, transport), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/* Streams */

static void
dms_libp2p_transport_on_stream (DmsP2pHost *host,
                                DmsP2pConnection *connection,
                                DmsP2pStream *stream,
                                gpointer user_data)
{
  g_autoptr (DmsLibp2pTransport) self = g_object_ref (user_data);
  const char *protocol = dms_stream_get_protocol (DMS_STREAM (stream));
  DmsLibp2pCallback *found = g_hash_table_lookup (self->stream_handlers, protocol);
  g_autoptr (DmsLibp2pCallback) handler = NULL;

  if (found == NULL)
    {
      dms_stream_reset (DMS_STREAM (stream));
      return;
    }
  handler = dms_libp2p_callback_ref (found);
  ((DmsStreamHandler) dms_libp2p_callback_get_func (handler)) (
      DMS_TRANSPORT (self), DMS_STREAM (stream), dms_libp2p_callback_get_data (handler));
}

static void
dms_libp2p_transport_set_stream_handler (DmsTransport *transport,
                                         const char *protocol,
                                         DmsStreamHandler handler,
                                         gpointer user_data,
                                         GDestroyNotify destroy)
{
  DmsLibp2pTransport *self = DMS_LIBP2P_TRANSPORT (transport);

  if (handler != NULL)
    g_hash_table_replace (self->stream_handlers,
                          g_strdup (protocol),
                          dms_libp2p_callback_new (G_CALLBACK (handler), user_data, destroy));
  else
    g_hash_table_remove (self->stream_handlers, protocol);
  if (self->stack != NULL)
    dms_p2p_host_set_handler (
        self->stack->host, protocol, handler != NULL ? dms_libp2p_transport_on_stream : NULL, self, NULL);
}

static void
dms_libp2p_transport_on_opened (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;
  DmsP2pStream *stream = dms_p2p_host_open_stream_finish (DMS_P2P_HOST (source), result, &error);

  if (stream != NULL)
    g_task_return_pointer (task, stream, g_object_unref);
  else
    g_task_return_error (task, error);
}

static void
dms_libp2p_transport_on_sent (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;

  if (dms_p2p_messenger_send_finish (DMS_P2P_MESSENGER (source), result, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

/* What is done with a peer once it is known where it is. */
typedef struct
{
  DmsPeerId *peer;
  /* A protocol, or an inbox. */
  char *name;
  /* NULL for a stream. */
  GBytes *bytes;
} DmsLibp2pErrand;

static void
dms_libp2p_errand_free (gpointer data)
{
  DmsLibp2pErrand *errand = data;

  g_clear_pointer (&errand->peer, dms_peer_id_unref);
  g_clear_pointer (&errand->name, g_free);
  g_clear_pointer (&errand->bytes, g_bytes_unref);
  g_free (errand);
}

static void
dms_libp2p_transport_run_errand (DmsLibp2pTransport *self, GTask *task)
{
  const DmsLibp2pErrand *errand = g_task_get_task_data (task);
  const char *const protocols[] = { errand->name, NULL };
  GCancellable *cancellable = g_task_get_cancellable (task);

  if (!dms_libp2p_transport_check_running (self, task))
    return;
  if (errand->bytes == NULL)
    dms_p2p_host_open_stream_async (self->stack->host,
                                    errand->peer,
                                    protocols,
                                    cancellable,
                                    dms_libp2p_transport_on_opened,
                                    g_object_ref (task));
  else
    dms_p2p_messenger_send_async (self->stack->messenger,
                                  errand->peer,
                                  errand->name,
                                  errand->bytes,
                                  cancellable,
                                  dms_libp2p_transport_on_sent,
                                  g_object_ref (task));
}

static void
dms_libp2p_transport_on_routed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;

  if (dms_libp2p_router_find_finish (result, &error))
    dms_libp2p_transport_run_errand (DMS_LIBP2P_TRANSPORT (source), task);
  else
    g_task_return_error (task, error);
}

/* Finds the peer first, when nobody has said yet where it is. */
static void
dms_libp2p_transport_start_errand (DmsLibp2pTransport *self,
                                   GTask *task,
                                   DmsPeerId *peer,
                                   const char *name,
                                   GBytes *bytes)
{
  DmsLibp2pErrand *errand = NULL;

  if (!dms_libp2p_transport_check_running (self, task))
    return;
  errand = g_new0 (DmsLibp2pErrand, 1);
  errand->peer = dms_peer_id_ref (peer);
  errand->name = g_strdup (name);
  errand->bytes = bytes != NULL ? g_bytes_ref (bytes) : NULL;
  g_task_set_task_data (task, errand, dms_libp2p_errand_free);
  if (dms_libp2p_router_knows (self->stack->router, peer))
    dms_libp2p_transport_run_errand (self, task);
  else
    dms_libp2p_router_find_async (self->stack->router,
                                  self,
                                  peer,
                                  g_task_get_cancellable (task),
                                  dms_libp2p_transport_on_routed,
                                  g_object_ref (task));
}

static void
dms_libp2p_transport_open_stream_async (DmsTransport *transport,
                                        DmsPeerId *peer,
                                        const char *protocol,
                                        GCancellable *cancellable,
                                        GAsyncReadyCallback callback,
                                        gpointer user_data)
{
  DmsLibp2pTransport *self = DMS_LIBP2P_TRANSPORT (transport);
  g_autoptr (GTask) task = g_task_new (transport, cancellable, callback, user_data);

  g_task_set_source_tag (task, dms_libp2p_transport_open_stream_async);
  dms_libp2p_transport_start_errand (self, task, peer, protocol, NULL);
}

static DmsStream *
dms_libp2p_transport_open_stream_finish (DmsTransport *transport, GAsyncResult *result, GError **error)
{
  return dms_libp2p_transport_finish_pointer (transport, result, error);
}

/* Messages */

static gboolean
dms_libp2p_transport_on_message (const char *inbox, DmsPeerId *from, GBytes *bytes, gpointer user_data)
{
  g_autoptr (DmsLibp2pTransport) self = g_object_ref (user_data);
  g_autoptr (DmsLibp2pCallback) handler = NULL;

  if (self->inbox_handler == NULL)
    return FALSE;
  handler = dms_libp2p_callback_ref (self->inbox_handler);
  return ((DmsInboxHandler) dms_libp2p_callback_get_func (handler)) (
      DMS_TRANSPORT (self), inbox, from, bytes, dms_libp2p_callback_get_data (handler));
}

static void
dms_libp2p_transport_set_inbox_handler (DmsTransport *transport,
                                        DmsInboxHandler handler,
                                        gpointer user_data,
                                        GDestroyNotify destroy)
{
  DmsLibp2pTransport *self = DMS_LIBP2P_TRANSPORT (transport);

  g_clear_pointer (&self->inbox_handler, dms_libp2p_callback_unref);
  if (handler != NULL)
    self->inbox_handler = dms_libp2p_callback_new (G_CALLBACK (handler), user_data, destroy);
}

static void
dms_libp2p_transport_send_message_async (DmsTransport *transport,
                                         DmsPeerId *peer,
                                         const char *inbox,
                                         GBytes *bytes,
                                         GCancellable *cancellable,
                                         GAsyncReadyCallback callback,
                                         gpointer user_data)
{
  DmsLibp2pTransport *self = DMS_LIBP2P_TRANSPORT (transport);
  g_autoptr (GTask) task = g_task_new (transport, cancellable, callback, user_data);

  g_task_set_source_tag (task, dms_libp2p_transport_send_message_async);
  dms_libp2p_transport_start_errand (self, task, peer, inbox, bytes);
}

/* Start and stop */

static gboolean
dms_libp2p_transport_listen (DmsLibp2pTransport *self, DmsMultiaddr *address, GError **error)
{
  g_autoptr (DmsMultiaddr) bound = dms_p2p_swarm_listen (self->stack->swarm, address, error);

  if (bound == NULL)
    {
      g_prefix_error (error, "cannot listen on %s: ", dms_multiaddr_get_text (address));
      return FALSE;
    }
  dms_p2p_identify_note_changed (self->stack->identify);
  return TRUE;
}

/* Those of the transport in memory are none of its business. */
static gboolean
dms_libp2p_transport_listen_all (DmsLibp2pTransport *self, const char *const *texts, GError **error)
{
  gboolean is_private = dms_p2p_identity_get_network_key (self->stack->identity) != NULL;

  for (guint i = 0; texts[i] != NULL; i++)
    {
      g_autoptr (DmsMultiaddr) address = NULL;

      if (g_str_has_prefix (texts[i], "/memory/"))
        continue;
      address = dms_multiaddr_new (texts[i], error);
      if (address == NULL)
        return FALSE;
      /* Written for both kinds of network: there is no QUIC inside a private one. */
      if (is_private && dms_multiaddr_has_part (address, "quic-v1"))
        {
          g_message ("A private network is reached by TCP only: not listening on %s.", texts[i]);
          continue;
        }
      if (!dms_libp2p_transport_listen (self, address, error))
        return FALSE;
    }
  return TRUE;
}

static void
dms_libp2p_transport_install_streams (DmsLibp2pTransport *self)
{
  GHashTableIter iter;
  gpointer protocol = NULL;

  g_hash_table_iter_init (&iter, self->stream_handlers);
  while (g_hash_table_iter_next (&iter, &protocol, NULL))
    dms_p2p_host_set_handler (self->stack->host, protocol, dms_libp2p_transport_on_stream, self, NULL);
}

static gboolean
dms_libp2p_transport_start (DmsLibp2pTransport *self, DmsTransportConfig *config, GError **error)
{
  g_autoptr (DmsLibp2pParams) params = NULL;
  GBytes *network_key = dms_transport_config_get_private_network_key (config);

  if (self->stack != NULL)
    {
      g_set_error_literal (error, DMS_ERROR, DMS_ERROR_WRONG_STATE, "the transport runs already");
      return FALSE;
    }
  if (network_key == NULL)
    network_key = self->network_key;
  params = dms_libp2p_params_new (dms_transport_config_get_params (config), error);
  if (params == NULL)
    return FALSE;
  self->stack = dms_libp2p_stack_new (dms_transport_config_get_identity_seed (config),
                                      network_key,
                                      params,
                                      dms_libp2p_transport_on_message,
                                      self,
                                      error);
  if (self->stack == NULL)
    return FALSE;
  dms_libp2p_peers_watch (self->peers, self->stack->host);
  dms_libp2p_topics_enter (self->topics, self->stack->host);
  dms_libp2p_transport_install_streams (self);
  if (!dms_libp2p_transport_listen_all (self, dms_transport_config_get_listen_addresses (config), error))
    {
      dms_libp2p_transport_leave (self, NULL, NULL);
      return FALSE;
    }
  g_clear_pointer (&self->peer, dms_peer_id_unref);
  self->peer = dms_peer_id_ref (dms_p2p_identity_get_peer_id (self->stack->identity));
  self->bootstrap =
      dms_libp2p_bootstrap_new (self->stack->swarm, dms_transport_config_get_bootstrap_peers (config));
  return TRUE;
}

static void
dms_libp2p_transport_start_async (DmsTransport *transport,
                                  DmsTransportConfig *config,
                                  GCancellable *cancellable,
                                  GAsyncReadyCallback callback,
                                  gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (transport, cancellable, callback, user_data);
  GError *error = NULL;

  g_task_set_source_tag (task, dms_libp2p_transport_start_async);
  if (dms_libp2p_transport_start (DMS_LIBP2P_TRANSPORT (transport), config, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static gboolean
dms_libp2p_transport_on_left (gpointer user_data)
{
  g_autoptr (GTask) task = user_data;

  g_task_return_boolean (task, TRUE);
  return G_SOURCE_REMOVE;
}

/* From the main loop: what is given up tells so, and that is not to happen inside the call. */
static gboolean
dms_libp2p_transport_on_given_back (gpointer user_data)
{
  GTask *task = user_data;

  if (!dms_libp2p_transport_leave (g_task_get_source_object (task), dms_libp2p_transport_on_left, task))
    dms_libp2p_transport_on_left (task);
  return G_SOURCE_REMOVE;
}

static gboolean
dms_libp2p_transport_on_stop (gpointer user_data)
{
  GTask *task = user_data;
  DmsLibp2pTransport *self = g_task_get_source_object (task);

  if (self->stack != NULL)
    dms_libp2p_stack_give_back (self->stack, dms_libp2p_transport_on_given_back, g_object_ref (task));
  else
    g_task_return_boolean (task, TRUE);
  return G_SOURCE_REMOVE;
}

static void
dms_libp2p_transport_stop_async (DmsTransport *transport,
                                 GCancellable *cancellable,
                                 GAsyncReadyCallback callback,
                                 gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (transport, cancellable, callback, user_data);
  g_autoptr (GSource) idle = g_idle_source_new ();

  g_task_set_source_tag (task, dms_libp2p_transport_stop_async);
  g_task_set_check_cancellable (task, FALSE);
  g_source_set_priority (idle, G_PRIORITY_DEFAULT);
  g_task_attach_source (task, idle, dms_libp2p_transport_on_stop);
}

static DmsPeerId *
dms_libp2p_transport_dup_peer_id (DmsTransport *transport)
{
  DmsLibp2pTransport *self = DMS_LIBP2P_TRANSPORT (transport);

  return self->peer != NULL ? dms_peer_id_ref (self->peer) : NULL;
}

static GPtrArray *
dms_libp2p_transport_dup_listen_addresses (DmsTransport *transport)
{
  DmsLibp2pTransport *self = DMS_LIBP2P_TRANSPORT (transport);

  if (self->stack == NULL)
    return g_ptr_array_new_with_free_func ((GDestroyNotify) dms_multiaddr_unref);
  return dms_p2p_swarm_dup_listen_addresses (self->stack->swarm);
}

static void
dms_libp2p_transport_listen_async (DmsTransport *transport,
                                   DmsMultiaddr *address,
                                   GCancellable *cancellable,
                                   GAsyncReadyCallback callback,
                                   gpointer user_data)
{
  DmsLibp2pTransport *self = DMS_LIBP2P_TRANSPORT (transport);
  g_autoptr (GTask) task = g_task_new (transport, cancellable, callback, user_data);
  GError *error = NULL;

  g_task_set_source_tag (task, dms_libp2p_transport_listen_async);
  if (!dms_libp2p_transport_check_running (self, task))
    return;
  if (dms_libp2p_transport_listen (self, address, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static gboolean
dms_libp2p_transport_set_private_network_key (DmsTransport *transport, GBytes *key, GError **error)
{
  DmsLibp2pTransport *self = DMS_LIBP2P_TRANSPORT (transport);
  guint8 *secret = NULL;

  if (self->stack != NULL)
    {
      g_set_error_literal (error,
                           DMS_ERROR,
                           DMS_ERROR_WRONG_STATE,
                           "the key of the private network can be set only before the transport starts");
      return FALSE;
    }
  if (key != NULL && g_bytes_get_size (key) != DMS_P2P_PNET_KEY_SIZE)
    {
      g_set_error (error,
                   DMS_ERROR,
                   DMS_ERROR_INVALID_ARGUMENT,
                   "the key of a private network has %" G_GSIZE_FORMAT " bytes; it must have 32",
                   g_bytes_get_size (key));
      return FALSE;
    }
  if (key != NULL)
    secret = sodium_init () >= 0 ? sodium_malloc (DMS_P2P_PNET_KEY_SIZE) : NULL;
  if (key != NULL && secret == NULL)
    {
      g_set_error_literal (error,
                           DMS_ERROR,
                           DMS_ERROR_NO_RESOURCES,
                           "no guarded memory is left for the key of the private network; raise the limit "
                           "of locked memory (ulimit -l)");
      return FALSE;
    }
  g_clear_pointer (&self->network_key, g_bytes_unref);
  if (key == NULL)
    return TRUE;
  memcpy (secret, g_bytes_get_data (key, NULL), DMS_P2P_PNET_KEY_SIZE);
  self->network_key = g_bytes_new_with_free_func (secret, DMS_P2P_PNET_KEY_SIZE, sodium_free, secret);
  return TRUE;
}

static void
dms_libp2p_transport_transport_init (DmsTransportInterface *iface)
{
  iface->get_id = dms_libp2p_transport_get_id;
  iface->start_async = dms_libp2p_transport_start_async;
  iface->start_finish = dms_libp2p_transport_finish_boolean;
  iface->stop_async = dms_libp2p_transport_stop_async;
  iface->stop_finish = dms_libp2p_transport_finish_boolean;
  iface->dup_peer_id = dms_libp2p_transport_dup_peer_id;
  iface->dup_listen_addresses = dms_libp2p_transport_dup_listen_addresses;
  iface->listen_async = dms_libp2p_transport_listen_async;
  iface->listen_finish = dms_libp2p_transport_finish_boolean;
  iface->set_stream_handler = dms_libp2p_transport_set_stream_handler;
  iface->open_stream_async = dms_libp2p_transport_open_stream_async;
  iface->open_stream_finish = dms_libp2p_transport_open_stream_finish;
  iface->set_inbox_handler = dms_libp2p_transport_set_inbox_handler;
  iface->send_message_async = dms_libp2p_transport_send_message_async;
  iface->send_message_finish = dms_libp2p_transport_finish_boolean;
  iface->set_private_network_key = dms_libp2p_transport_set_private_network_key;
  dms_libp2p_transport_peers_init (iface);
  dms_libp2p_transport_routing_init (iface);
  dms_libp2p_transport_topics_init (iface);
}
