/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "transport/dms-transport.h"

#include "dms-contract-private.h"
#include "dms-error.h"
#include "values/dms-multiaddr.h"
#include "values/dms-peer-id.h"
#include "values/dms-peer-info.h"
#include "values/dms-peer-score.h"

/**
 * DmsTransport:
 *
 * How nodes reach each other. See #DmsTransportInterface.
 */

G_DEFINE_INTERFACE (DmsTransport, dms_transport, G_TYPE_OBJECT)

static void
dms_transport_default_init (DmsTransportInterface *iface)
{
  /**
   * DmsTransport::peer-connected:
   * @self: a transport
   * @peer: the peer
   *
   * Emitted when the first connection to a peer stands.
   */
  g_signal_new ("peer-connected", G_TYPE_FROM_INTERFACE (iface), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                G_TYPE_NONE, 1, DMS_TYPE_PEER_ID);

  /**
   * DmsTransport::peer-disconnected:
   * @self: a transport
   * @peer: the peer
   *
   * Emitted when the last connection to a peer is gone.
   */
  g_signal_new ("peer-disconnected", G_TYPE_FROM_INTERFACE (iface), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                G_TYPE_NONE, 1, DMS_TYPE_PEER_ID);
}

/**
 * dms_transport_get_id:
 * @self: a transport
 *
 * Names the kind of transport, such as `libp2p` or `memory`.
 *
 * Returns: (transfer none): the constant name
 */
const char *
dms_transport_get_id (DmsTransport *self)
{
  g_return_val_if_fail (DMS_IS_TRANSPORT (self), "");

  if (DMS_TRANSPORT_GET_IFACE (self)->get_id == NULL)
    return "";
  return DMS_TRANSPORT_GET_IFACE (self)->get_id (self);
}

/**
 * dms_transport_start_async:
 * @self: a transport
 * @config: identity, addresses and keys
 * @cancellable: (nullable): cancels the call
 * @callback: (scope async): called when it is done
 * @user_data: (closure): data for @callback
 *
 * Takes an identity, listens, and joins the network. Handlers may be set before.
 */
void
dms_transport_start_async (DmsTransport *self,
                           DmsTransportConfig *config,
                           GCancellable *cancellable,
                           GAsyncReadyCallback callback,
                           gpointer user_data)
{
  g_return_if_fail (DMS_IS_TRANSPORT (self));
  g_return_if_fail (config != NULL);
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  if (DMS_TRANSPORT_GET_IFACE (self)->start_async == NULL)
    {
      dms_contract_report_missing (self, dms_transport_start_async, "start", callback, user_data);
      return;
    }
  DMS_TRANSPORT_GET_IFACE (self)->start_async (self, config, cancellable, callback, user_data);
}

/**
 * dms_transport_start_finish:
 * @self: a transport
 * @result: what the callback got
 * @error: return location for an error of %DMS_ERROR
 *
 * Finishes dms_transport_start_async().
 *
 * Returns: whether it was done
 */
gboolean
dms_transport_start_finish (DmsTransport *self, GAsyncResult *result, GError **error)
{
  gboolean value = FALSE;

  g_return_val_if_fail (DMS_IS_TRANSPORT (self), FALSE);

  if (dms_contract_is_missing (self, dms_transport_start_async, result, error))
    return FALSE;
  value = DMS_TRANSPORT_GET_IFACE (self)->start_finish (self, result, error);
  dms_contract_adopt_error (error);
  return value;
}

/**
 * dms_transport_stop_async:
 * @self: a transport
 * @cancellable: (nullable): cancels the call
 * @callback: (scope async): called when it is done
 * @user_data: (closure): data for @callback
 *
 * Leaves the network and closes everything. Nothing is delivered afterwards.
 */
void
dms_transport_stop_async (DmsTransport *self,
                          GCancellable *cancellable,
                          GAsyncReadyCallback callback,
                          gpointer user_data)
{
  g_return_if_fail (DMS_IS_TRANSPORT (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  if (DMS_TRANSPORT_GET_IFACE (self)->stop_async == NULL)
    {
      dms_contract_report_missing (self, dms_transport_stop_async, "stop", callback, user_data);
      return;
    }
  DMS_TRANSPORT_GET_IFACE (self)->stop_async (self, cancellable, callback, user_data);
}

/**
 * dms_transport_stop_finish:
 * @self: a transport
 * @result: what the callback got
 * @error: return location for an error of %DMS_ERROR
 *
 * Finishes dms_transport_stop_async().
 *
 * Returns: whether it was done
 */
gboolean
dms_transport_stop_finish (DmsTransport *self, GAsyncResult *result, GError **error)
{
  gboolean value = FALSE;

  g_return_val_if_fail (DMS_IS_TRANSPORT (self), FALSE);

  if (dms_contract_is_missing (self, dms_transport_stop_async, result, error))
    return FALSE;
  value = DMS_TRANSPORT_GET_IFACE (self)->stop_finish (self, result, error);
  dms_contract_adopt_error (error);
  return value;
}

/**
 * dms_transport_dup_peer_id:
 * @self: a transport
 *
 * Says who this node is.
 *
 * Returns: (transfer full) (nullable): the own peer ID; %NULL before the start
 */
DmsPeerId *
dms_transport_dup_peer_id (DmsTransport *self)
{
  g_return_val_if_fail (DMS_IS_TRANSPORT (self), NULL);

  if (DMS_TRANSPORT_GET_IFACE (self)->dup_peer_id == NULL)
    return NULL;
  return DMS_TRANSPORT_GET_IFACE (self)->dup_peer_id (self);
}

/**
 * dms_transport_dup_listen_addresses:
 * @self: a transport
 *
 * Lists the addresses under which this node can be dialled, without the `/p2p` part.
 *
 * Returns: (transfer full) (element-type DmsMultiaddr): the addresses, perhaps none
 */
GPtrArray *
dms_transport_dup_listen_addresses (DmsTransport *self)
{
  g_return_val_if_fail (DMS_IS_TRANSPORT (self),
                        g_ptr_array_new_with_free_func ((GDestroyNotify) dms_multiaddr_unref));

  if (DMS_TRANSPORT_GET_IFACE (self)->dup_listen_addresses == NULL)
    return g_ptr_array_new_with_free_func ((GDestroyNotify) dms_multiaddr_unref);
  return DMS_TRANSPORT_GET_IFACE (self)->dup_listen_addresses (self);
}

/**
 * dms_transport_listen_async:
 * @self: a transport
 * @address: an address
 * @cancellable: (nullable): cancels the call
 * @callback: (scope async): called when it is done
 * @user_data: (closure): data for @callback
 *
 * Listens on one more address.
 */
void
dms_transport_listen_async (DmsTransport *self,
                            DmsMultiaddr *address,
                            GCancellable *cancellable,
                            GAsyncReadyCallback callback,
                            gpointer user_data)
{
  g_return_if_fail (DMS_IS_TRANSPORT (self));
  g_return_if_fail (address != NULL);
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  if (DMS_TRANSPORT_GET_IFACE (self)->listen_async == NULL)
    {
      dms_contract_report_missing (self, dms_transport_listen_async, "listen", callback, user_data);
      return;
    }
  DMS_TRANSPORT_GET_IFACE (self)->listen_async (self, address, cancellable, callback, user_data);
}

/**
 * dms_transport_listen_finish:
 * @self: a transport
 * @result: what the callback got
 * @error: return location for an error of %DMS_ERROR
 *
 * Finishes dms_transport_listen_async().
 *
 * Returns: whether it was done
 */
gboolean
dms_transport_listen_finish (DmsTransport *self, GAsyncResult *result, GError **error)
{
  gboolean value = FALSE;

  g_return_val_if_fail (DMS_IS_TRANSPORT (self), FALSE);

  if (dms_contract_is_missing (self, dms_transport_listen_async, result, error))
    return FALSE;
  value = DMS_TRANSPORT_GET_IFACE (self)->listen_finish (self, result, error);
  dms_contract_adopt_error (error);
  return value;
}

/**
 * dms_transport_dial_async:
 * @self: a transport
 * @address: an address
 * @cancellable: (nullable): cancels the call
 * @callback: (scope async): called when it is done
 * @user_data: (closure): data for @callback
 *
 * Connects to the peer at an address. An address with a `/p2p` part connects to that peer or fails.
 */
void
dms_transport_dial_async (DmsTransport *self,
                          DmsMultiaddr *address,
                          GCancellable *cancellable,
                          GAsyncReadyCallback callback,
                          gpointer user_data)
{
  g_return_if_fail (DMS_IS_TRANSPORT (self));
  g_return_if_fail (address != NULL);
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  if (DMS_TRANSPORT_GET_IFACE (self)->dial_async == NULL)
    {
      dms_contract_report_missing (self, dms_transport_dial_async, "dial", callback, user_data);
      return;
    }
  DMS_TRANSPORT_GET_IFACE (self)->dial_async (self, address, cancellable, callback, user_data);
}

/**
 * dms_transport_dial_finish:
 * @self: a transport
 * @result: what the callback got
 * @error: return location for an error of %DMS_ERROR
 *
 * Finishes dms_transport_dial_async().
 *
 * Returns: (transfer full) (nullable): the peer that answered
 */
DmsPeerId *
dms_transport_dial_finish (DmsTransport *self, GAsyncResult *result, GError **error)
{
  DmsPeerId *value = NULL;

  g_return_val_if_fail (DMS_IS_TRANSPORT (self), NULL);

  if (dms_contract_is_missing (self, dms_transport_dial_async, result, error))
    return NULL;
  value = DMS_TRANSPORT_GET_IFACE (self)->dial_finish (self, result, error);
  dms_contract_adopt_error (error);
  return value;
}

/**
 * dms_transport_disconnect_peer:
 * @self: a transport
 * @peer: a peer
 *
 * Closes the connections to a peer, if there are any.
 */
void
dms_transport_disconnect_peer (DmsTransport *self, DmsPeerId *peer)
{
  g_return_if_fail (DMS_IS_TRANSPORT (self));
  g_return_if_fail (peer != NULL);

  if (DMS_TRANSPORT_GET_IFACE (self)->disconnect_peer == NULL)
    return;
  DMS_TRANSPORT_GET_IFACE (self)->disconnect_peer (self, peer);
}

/**
 * dms_transport_set_stream_handler:
 * @self: a transport
 * @protocol: a protocol ID, such as `/dms/log/1.0.0`
 * @handler: (nullable) (scope notified) (closure user_data) (destroy destroy): gets the streams; %NULL for
 * nobody any more
 * @user_data: data for @handler
 * @destroy: (nullable): frees @user_data
 *
 * Sets who gets the streams that peers open for a protocol. Without one they are refused.
 */
void
dms_transport_set_stream_handler (DmsTransport *self,
                                  const char *protocol,
                                  DmsStreamHandler handler,
                                  gpointer user_data,
                                  GDestroyNotify destroy)
{
  g_return_if_fail (DMS_IS_TRANSPORT (self));
  g_return_if_fail (protocol != NULL);

  if (DMS_TRANSPORT_GET_IFACE (self)->set_stream_handler == NULL)
    {
      if (destroy != NULL)
        destroy (user_data);
      return;
    }
  DMS_TRANSPORT_GET_IFACE (self)->set_stream_handler (self, protocol, handler, user_data, destroy);
}

/**
 * dms_transport_open_stream_async:
 * @self: a transport
 * @peer: a peer
 * @protocol: a protocol ID, such as `/dms/log/1.0.0`
 * @cancellable: (nullable): cancels the call
 * @callback: (scope async): called when it is done
 * @user_data: (closure): data for @callback
 *
 * Opens a stream to a peer, which must be connected or findable. Whether the peer speaks @protocol may show
 * only with its first bytes: the first read, or a later write, fails with %DMS_ERROR_NOT_SUPPORTED then.
 */
void
dms_transport_open_stream_async (DmsTransport *self,
                                 DmsPeerId *peer,
                                 const char *protocol,
                                 GCancellable *cancellable,
                                 GAsyncReadyCallback callback,
                                 gpointer user_data)
{
  g_return_if_fail (DMS_IS_TRANSPORT (self));
  g_return_if_fail (peer != NULL);
  g_return_if_fail (protocol != NULL);
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  if (DMS_TRANSPORT_GET_IFACE (self)->open_stream_async == NULL)
    {
      dms_contract_report_missing (self, dms_transport_open_stream_async, "open-stream", callback, user_data);
      return;
    }
  DMS_TRANSPORT_GET_IFACE (self)->open_stream_async (self, peer, protocol, cancellable, callback, user_data);
}

/**
 * dms_transport_open_stream_finish:
 * @self: a transport
 * @result: what the callback got
 * @error: return location for an error of %DMS_ERROR
 *
 * Finishes dms_transport_open_stream_async().
 *
 * Returns: (transfer full) (nullable): the stream
 */
DmsStream *
dms_transport_open_stream_finish (DmsTransport *self, GAsyncResult *result, GError **error)
{
  DmsStream *value = NULL;

  g_return_val_if_fail (DMS_IS_TRANSPORT (self), NULL);

  if (dms_contract_is_missing (self, dms_transport_open_stream_async, result, error))
    return NULL;
  value = DMS_TRANSPORT_GET_IFACE (self)->open_stream_finish (self, result, error);
  dms_contract_adopt_error (error);
  return value;
}

/**
 * dms_transport_set_inbox_handler:
 * @self: a transport
 * @handler: (nullable) (scope notified) (closure user_data) (destroy destroy): gets the messages; %NULL for
 * nobody any more
 * @user_data: data for @handler
 * @destroy: (nullable): frees @user_data
 *
 * Sets who gets the messages to the inboxes of this peer.
 */
void
dms_transport_set_inbox_handler (DmsTransport *self,
                                 DmsInboxHandler handler,
                                 gpointer user_data,
                                 GDestroyNotify destroy)
{
  g_return_if_fail (DMS_IS_TRANSPORT (self));

  if (DMS_TRANSPORT_GET_IFACE (self)->set_inbox_handler == NULL)
    {
      if (destroy != NULL)
        destroy (user_data);
      return;
    }
  DMS_TRANSPORT_GET_IFACE (self)->set_inbox_handler (self, handler, user_data, destroy);
}

/**
 * dms_transport_send_message_async:
 * @self: a transport
 * @peer: a peer
 * @inbox: the name of an actor's inbox
 * @bytes: the message
 * @cancellable: (nullable): cancels the call
 * @callback: (scope async): called when it is done
 * @user_data: (closure): data for @callback
 *
 * Sends a message to an inbox of a peer (protocol `actor/<inbox>/messages/0.0.1`). Messages to one inbox
 * arrive in the order they were sent. To the own peer ID it is delivered to this peer.
 */
void
dms_transport_send_message_async (DmsTransport *self,
                                  DmsPeerId *peer,
                                  const char *inbox,
                                  GBytes *bytes,
                                  GCancellable *cancellable,
                                  GAsyncReadyCallback callback,
                                  gpointer user_data)
{
  g_return_if_fail (DMS_IS_TRANSPORT (self));
  g_return_if_fail (peer != NULL);
  g_return_if_fail (inbox != NULL);
  g_return_if_fail (bytes != NULL);
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  if (g_bytes_get_size (bytes) > DMS_TRANSPORT_MAX_MESSAGE_SIZE)
    {
      g_task_report_new_error (self,
                               callback,
                               user_data,
                               dms_transport_send_message_async,
                               DMS_ERROR,
                               DMS_ERROR_TOO_LARGE,
                               "cannot send a message of %" G_GSIZE_FORMAT " bytes: the limit is %d",
                               g_bytes_get_size (bytes),
                               DMS_TRANSPORT_MAX_MESSAGE_SIZE);
      return;
    }
  if (DMS_TRANSPORT_GET_IFACE (self)->send_message_async == NULL)
    {
      dms_contract_report_missing (
          self, dms_transport_send_message_async, "send-message", callback, user_data);
      return;
    }
  DMS_TRANSPORT_GET_IFACE (self)->send_message_async (self,
                                                      peer,
                                                      inbox,
                                                      bytes,
                                                      cancellable,
                                                      callback,
                                                      user_data);
}

/**
 * dms_transport_send_message_finish:
 * @self: a transport
 * @result: what the callback got
 * @error: return location for an error of %DMS_ERROR
 *
 * Finishes dms_transport_send_message_async().
 *
 * Returns: whether it was done
 */
gboolean
dms_transport_send_message_finish (DmsTransport *self, GAsyncResult *result, GError **error)
{
  gboolean value = FALSE;

  g_return_val_if_fail (DMS_IS_TRANSPORT (self), FALSE);

  if (dms_contract_is_missing (self, dms_transport_send_message_async, result, error))
    return FALSE;
  value = DMS_TRANSPORT_GET_IFACE (self)->send_message_finish (self, result, error);
  dms_contract_adopt_error (error);
  return value;
}

/**
 * dms_transport_subscribe:
 * @self: a transport
 * @topic: a topic, such as `/nunet/hello`
 * @handler: (nullable) (scope notified) (closure user_data) (destroy destroy): gets the messages
 * @user_data: data for @handler
 * @destroy: (nullable): frees @user_data
 * @error: return location for an error of %DMS_ERROR
 *
 * Joins a topic. A second call for the same topic replaces the handler.
 *
 * Returns: whether it was done
 */
gboolean
dms_transport_subscribe (DmsTransport *self,
                         const char *topic,
                         DmsTopicHandler handler,
                         gpointer user_data,
                         GDestroyNotify destroy,
                         GError **error)
{
  g_return_val_if_fail (DMS_IS_TRANSPORT (self), FALSE);
  g_return_val_if_fail (topic != NULL, FALSE);

  if (DMS_TRANSPORT_GET_IFACE (self)->subscribe == NULL)
    {
      if (destroy != NULL)
        destroy (user_data);
      dms_contract_set_missing (self, "subscribe", error);
      return FALSE;
    }
  return DMS_TRANSPORT_GET_IFACE (self)->subscribe (self, topic, handler, user_data, destroy, error);
}

/**
 * dms_transport_unsubscribe:
 * @self: a transport
 * @topic: a topic, such as `/nunet/hello`
 *
 * Leaves a topic. Its validator stays.
 */
void
dms_transport_unsubscribe (DmsTransport *self, const char *topic)
{
  g_return_if_fail (DMS_IS_TRANSPORT (self));
  g_return_if_fail (topic != NULL);

  if (DMS_TRANSPORT_GET_IFACE (self)->unsubscribe == NULL)
    return;
  DMS_TRANSPORT_GET_IFACE (self)->unsubscribe (self, topic);
}

/**
 * dms_transport_set_topic_validator:
 * @self: a transport
 * @topic: a topic, such as `/nunet/hello`
 * @handler: (nullable) (scope notified) (closure user_data) (destroy destroy): judges the messages; %NULL for
 * nobody any more
 * @user_data: data for @handler
 * @destroy: (nullable): frees @user_data
 *
 * Sets who judges the messages on a topic. Without one all are accepted.
 */
void
dms_transport_set_topic_validator (DmsTransport *self,
                                   const char *topic,
                                   DmsTopicValidator handler,
                                   gpointer user_data,
                                   GDestroyNotify destroy)
{
  g_return_if_fail (DMS_IS_TRANSPORT (self));
  g_return_if_fail (topic != NULL);

  if (DMS_TRANSPORT_GET_IFACE (self)->set_topic_validator == NULL)
    {
      if (destroy != NULL)
        destroy (user_data);
      return;
    }
  DMS_TRANSPORT_GET_IFACE (self)->set_topic_validator (self, topic, handler, user_data, destroy);
}

/**
 * dms_transport_finish_validation:
 * @self: a transport
 * @ticket: which validation, as its validator was told
 * @verdict: what to do with the message; not %DMS_VALIDATION_LATER again
 *
 * Says what a validator answered %DMS_VALIDATION_LATER about. May come too late, and does nothing then.
 */
void
dms_transport_finish_validation (DmsTransport *self, guint64 ticket, DmsValidation verdict)
{
  g_return_if_fail (DMS_IS_TRANSPORT (self));
  g_return_if_fail (verdict != DMS_VALIDATION_LATER);

  if (DMS_TRANSPORT_GET_IFACE (self)->finish_validation == NULL)
    return;
  DMS_TRANSPORT_GET_IFACE (self)->finish_validation (self, ticket, verdict);
}

/**
 * dms_transport_publish_async:
 * @self: a transport
 * @topic: a topic, such as `/nunet/hello`
 * @bytes: the message
 * @cancellable: (nullable): cancels the call
 * @callback: (scope async): called when it is done
 * @user_data: (closure): data for @callback
 *
 * Publishes a message on a topic, subscribed or not.
 */
void
dms_transport_publish_async (DmsTransport *self,
                             const char *topic,
                             GBytes *bytes,
                             GCancellable *cancellable,
                             GAsyncReadyCallback callback,
                             gpointer user_data)
{
  g_return_if_fail (DMS_IS_TRANSPORT (self));
  g_return_if_fail (topic != NULL);
  g_return_if_fail (bytes != NULL);
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  if (g_bytes_get_size (bytes) > DMS_TRANSPORT_MAX_MESSAGE_SIZE)
    {
      g_task_report_new_error (self,
                               callback,
                               user_data,
                               dms_transport_publish_async,
                               DMS_ERROR,
                               DMS_ERROR_TOO_LARGE,
                               "cannot send a message of %" G_GSIZE_FORMAT " bytes: the limit is %d",
                               g_bytes_get_size (bytes),
                               DMS_TRANSPORT_MAX_MESSAGE_SIZE);
      return;
    }
  if (DMS_TRANSPORT_GET_IFACE (self)->publish_async == NULL)
    {
      dms_contract_report_missing (self, dms_transport_publish_async, "publish", callback, user_data);
      return;
    }
  DMS_TRANSPORT_GET_IFACE (self)->publish_async (self, topic, bytes, cancellable, callback, user_data);
}

/**
 * dms_transport_publish_finish:
 * @self: a transport
 * @result: what the callback got
 * @error: return location for an error of %DMS_ERROR
 *
 * Finishes dms_transport_publish_async().
 *
 * Returns: whether it was done
 */
gboolean
dms_transport_publish_finish (DmsTransport *self, GAsyncResult *result, GError **error)
{
  gboolean value = FALSE;

  g_return_val_if_fail (DMS_IS_TRANSPORT (self), FALSE);

  if (dms_contract_is_missing (self, dms_transport_publish_async, result, error))
    return FALSE;
  value = DMS_TRANSPORT_GET_IFACE (self)->publish_finish (self, result, error);
  dms_contract_adopt_error (error);
  return value;
}

/**
 * dms_transport_list_peers:
 * @self: a transport
 *
 * Lists the peers this one is connected to.
 *
 * Returns: (transfer full) (element-type DmsPeerInfo): the peers, perhaps none
 */
GPtrArray *
dms_transport_list_peers (DmsTransport *self)
{
  g_return_val_if_fail (DMS_IS_TRANSPORT (self),
                        g_ptr_array_new_with_free_func ((GDestroyNotify) dms_peer_info_unref));

  if (DMS_TRANSPORT_GET_IFACE (self)->list_peers == NULL)
    return g_ptr_array_new_with_free_func ((GDestroyNotify) dms_peer_info_unref);
  return DMS_TRANSPORT_GET_IFACE (self)->list_peers (self);
}

/**
 * dms_transport_list_known_peers:
 * @self: a transport
 *
 * Lists the peers in the routing table.
 *
 * Returns: (transfer full) (element-type DmsPeerInfo): the peers, perhaps none
 */
GPtrArray *
dms_transport_list_known_peers (DmsTransport *self)
{
  g_return_val_if_fail (DMS_IS_TRANSPORT (self),
                        g_ptr_array_new_with_free_func ((GDestroyNotify) dms_peer_info_unref));

  if (DMS_TRANSPORT_GET_IFACE (self)->list_known_peers == NULL)
    return g_ptr_array_new_with_free_func ((GDestroyNotify) dms_peer_info_unref);
  return DMS_TRANSPORT_GET_IFACE (self)->list_known_peers (self);
}

/**
 * dms_transport_ping_async:
 * @self: a transport
 * @peer: a peer
 * @cancellable: (nullable): cancels the call
 * @callback: (scope async): called when it is done
 * @user_data: (closure): data for @callback
 *
 * Measures the round trip to a peer.
 */
void
dms_transport_ping_async (DmsTransport *self,
                          DmsPeerId *peer,
                          GCancellable *cancellable,
                          GAsyncReadyCallback callback,
                          gpointer user_data)
{
  g_return_if_fail (DMS_IS_TRANSPORT (self));
  g_return_if_fail (peer != NULL);
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  if (DMS_TRANSPORT_GET_IFACE (self)->ping_async == NULL)
    {
      dms_contract_report_missing (self, dms_transport_ping_async, "ping", callback, user_data);
      return;
    }
  DMS_TRANSPORT_GET_IFACE (self)->ping_async (self, peer, cancellable, callback, user_data);
}

/**
 * dms_transport_ping_finish:
 * @self: a transport
 * @result: what the callback got
 * @error: return location for an error of %DMS_ERROR
 *
 * Finishes dms_transport_ping_async().
 *
 * Returns: the round trip in microseconds, at least 1; -1 on error
 */
gint64
dms_transport_ping_finish (DmsTransport *self, GAsyncResult *result, GError **error)
{
  gint64 value = -1;

  g_return_val_if_fail (DMS_IS_TRANSPORT (self), -1);

  if (dms_contract_is_missing (self, dms_transport_ping_async, result, error))
    return -1;
  value = DMS_TRANSPORT_GET_IFACE (self)->ping_finish (self, result, error);
  dms_contract_adopt_error (error);
  return value;
}

/**
 * dms_transport_dup_scores:
 * @self: a transport
 *
 * Says what publish/subscribe thinks of peers.
 *
 * Returns: (transfer full) (element-type DmsPeerScore): the scores, perhaps none
 */
GPtrArray *
dms_transport_dup_scores (DmsTransport *self)
{
  g_return_val_if_fail (DMS_IS_TRANSPORT (self),
                        g_ptr_array_new_with_free_func ((GDestroyNotify) dms_peer_score_unref));

  if (DMS_TRANSPORT_GET_IFACE (self)->dup_scores == NULL)
    return g_ptr_array_new_with_free_func ((GDestroyNotify) dms_peer_score_unref);
  return DMS_TRANSPORT_GET_IFACE (self)->dup_scores (self);
}

/**
 * dms_transport_set_private_network_key:
 * @self: a transport
 * @key: (nullable): 32 secret bytes; %NULL for the open network
 * @error: return location for an error of %DMS_ERROR
 *
 * Makes this peer talk only to those that have the same key. Allowed before the start only.
 *
 * Returns: whether it was done
 */
gboolean
dms_transport_set_private_network_key (DmsTransport *self, GBytes *key, GError **error)
{
  g_return_val_if_fail (DMS_IS_TRANSPORT (self), FALSE);

  if (DMS_TRANSPORT_GET_IFACE (self)->set_private_network_key == NULL)
    {
      dms_contract_set_missing (self, "set-private-network-key", error);
      return FALSE;
    }
  return DMS_TRANSPORT_GET_IFACE (self)->set_private_network_key (self, key, error);
}
