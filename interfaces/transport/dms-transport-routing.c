/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

/* The part of DmsTransport that finds values and their providers. */

#include "dms-contract-private.h"
#include "dms-error.h"
#include "transport/dms-transport.h"

/**
 * dms_transport_put_value_async:
 * @self: a transport
 * @key: a key
 * @bytes: the value
 * @cancellable: (nullable): cancels the call
 * @callback: (scope async): called when it is done
 * @user_data: (closure): data for @callback
 *
 * Stores a value in the network under a key.
 */
void
dms_transport_put_value_async (DmsTransport *self,
                               const char *key,
                               GBytes *bytes,
                               GCancellable *cancellable,
                               GAsyncReadyCallback callback,
                               gpointer user_data)
{
  g_return_if_fail (DMS_IS_TRANSPORT (self));
  g_return_if_fail (key != NULL);
  g_return_if_fail (bytes != NULL);
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  if (g_bytes_get_size (bytes) > DMS_TRANSPORT_MAX_MESSAGE_SIZE)
    {
      g_task_report_new_error (self,
                               callback,
                               user_data,
                               dms_transport_put_value_async,
                               DMS_ERROR,
                               DMS_ERROR_TOO_LARGE,
                               "cannot send a message of %" G_GSIZE_FORMAT " bytes: the limit is %d",
                               g_bytes_get_size (bytes),
                               DMS_TRANSPORT_MAX_MESSAGE_SIZE);
      return;
    }
  if (DMS_TRANSPORT_GET_IFACE (self)->put_value_async == NULL)
    {
      dms_contract_report_missing (self, dms_transport_put_value_async, "put-value", callback, user_data);
      return;
    }
  DMS_TRANSPORT_GET_IFACE (self)->put_value_async (self, key, bytes, cancellable, callback, user_data);
}

/**
 * dms_transport_put_value_finish:
 * @self: a transport
 * @result: what the callback got
 * @error: return location for an error of %DMS_ERROR
 *
 * Finishes dms_transport_put_value_async().
 *
 * Returns: whether it was done
 */
gboolean
dms_transport_put_value_finish (DmsTransport *self, GAsyncResult *result, GError **error)
{
  gboolean value = FALSE;

  g_return_val_if_fail (DMS_IS_TRANSPORT (self), FALSE);

  if (dms_contract_is_missing (self, dms_transport_put_value_async, result, error))
    return FALSE;
  value = DMS_TRANSPORT_GET_IFACE (self)->put_value_finish (self, result, error);
  dms_contract_adopt_error (error);
  return value;
}

/**
 * dms_transport_get_value_async:
 * @self: a transport
 * @key: a key
 * @cancellable: (nullable): cancels the call
 * @callback: (scope async): called when it is done
 * @user_data: (closure): data for @callback
 *
 * Finds the value the network keeps under a key.
 */
void
dms_transport_get_value_async (DmsTransport *self,
                               const char *key,
                               GCancellable *cancellable,
                               GAsyncReadyCallback callback,
                               gpointer user_data)
{
  g_return_if_fail (DMS_IS_TRANSPORT (self));
  g_return_if_fail (key != NULL);
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  if (DMS_TRANSPORT_GET_IFACE (self)->get_value_async == NULL)
    {
      dms_contract_report_missing (self, dms_transport_get_value_async, "get-value", callback, user_data);
      return;
    }
  DMS_TRANSPORT_GET_IFACE (self)->get_value_async (self, key, cancellable, callback, user_data);
}

/**
 * dms_transport_get_value_finish:
 * @self: a transport
 * @result: what the callback got
 * @error: return location for an error of %DMS_ERROR
 *
 * Finishes dms_transport_get_value_async().
 *
 * Returns: (transfer full) (nullable): the value
 */
GBytes *
dms_transport_get_value_finish (DmsTransport *self, GAsyncResult *result, GError **error)
{
  GBytes *value = NULL;

  g_return_val_if_fail (DMS_IS_TRANSPORT (self), NULL);

  if (dms_contract_is_missing (self, dms_transport_get_value_async, result, error))
    return NULL;
  value = DMS_TRANSPORT_GET_IFACE (self)->get_value_finish (self, result, error);
  dms_contract_adopt_error (error);
  return value;
}

/**
 * dms_transport_provide_async:
 * @self: a transport
 * @key: a key
 * @cancellable: (nullable): cancels the call
 * @callback: (scope async): called when it is done
 * @user_data: (closure): data for @callback
 *
 * Tells the network that this peer provides what a key names.
 */
void
dms_transport_provide_async (DmsTransport *self,
                             const char *key,
                             GCancellable *cancellable,
                             GAsyncReadyCallback callback,
                             gpointer user_data)
{
  g_return_if_fail (DMS_IS_TRANSPORT (self));
  g_return_if_fail (key != NULL);
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  if (DMS_TRANSPORT_GET_IFACE (self)->provide_async == NULL)
    {
      dms_contract_report_missing (self, dms_transport_provide_async, "provide", callback, user_data);
      return;
    }
  DMS_TRANSPORT_GET_IFACE (self)->provide_async (self, key, cancellable, callback, user_data);
}

/**
 * dms_transport_provide_finish:
 * @self: a transport
 * @result: what the callback got
 * @error: return location for an error of %DMS_ERROR
 *
 * Finishes dms_transport_provide_async().
 *
 * Returns: whether it was done
 */
gboolean
dms_transport_provide_finish (DmsTransport *self, GAsyncResult *result, GError **error)
{
  gboolean value = FALSE;

  g_return_val_if_fail (DMS_IS_TRANSPORT (self), FALSE);

  if (dms_contract_is_missing (self, dms_transport_provide_async, result, error))
    return FALSE;
  value = DMS_TRANSPORT_GET_IFACE (self)->provide_finish (self, result, error);
  dms_contract_adopt_error (error);
  return value;
}

/**
 * dms_transport_find_providers_async:
 * @self: a transport
 * @key: a key
 * @max_peers: most peers to find
 * @cancellable: (nullable): cancels the call
 * @callback: (scope async): called when it is done
 * @user_data: (closure): data for @callback
 *
 * Finds peers that provide what a key names.
 */
void
dms_transport_find_providers_async (DmsTransport *self,
                                    const char *key,
                                    guint max_peers,
                                    GCancellable *cancellable,
                                    GAsyncReadyCallback callback,
                                    gpointer user_data)
{
  g_return_if_fail (DMS_IS_TRANSPORT (self));
  g_return_if_fail (key != NULL);
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  if (DMS_TRANSPORT_GET_IFACE (self)->find_providers_async == NULL)
    {
      dms_contract_report_missing (
          self, dms_transport_find_providers_async, "find-providers", callback, user_data);
      return;
    }
  DMS_TRANSPORT_GET_IFACE (self)->find_providers_async (self,
                                                        key,
                                                        max_peers,
                                                        cancellable,
                                                        callback,
                                                        user_data);
}

/**
 * dms_transport_find_providers_finish:
 * @self: a transport
 * @result: what the callback got
 * @error: return location for an error of %DMS_ERROR
 *
 * Finishes dms_transport_find_providers_async().
 *
 * Returns: (transfer full) (nullable) (element-type DmsPeerInfo): the peers, perhaps none
 */
GPtrArray *
dms_transport_find_providers_finish (DmsTransport *self, GAsyncResult *result, GError **error)
{
  GPtrArray *value = NULL;

  g_return_val_if_fail (DMS_IS_TRANSPORT (self), NULL);

  if (dms_contract_is_missing (self, dms_transport_find_providers_async, result, error))
    return NULL;
  value = DMS_TRANSPORT_GET_IFACE (self)->find_providers_finish (self, result, error);
  dms_contract_adopt_error (error);
  return value;
}

/**
 * dms_transport_stop_providing:
 * @self: a transport
 * @key: a key that was provided
 *
 * Says no more that this peer provides what a key names. Nothing can be taken back in the network: what
 * others were told runs out by itself (libp2p specs, kad-dht, “Content provider advertisement”).
 */
void
dms_transport_stop_providing (DmsTransport *self, const char *key)
{
  g_return_if_fail (DMS_IS_TRANSPORT (self));
  g_return_if_fail (key != NULL);

  if (DMS_TRANSPORT_GET_IFACE (self)->stop_providing != NULL)
    DMS_TRANSPORT_GET_IFACE (self)->stop_providing (self, key);
}

/**
 * dms_transport_estimate_peers:
 * @self: a transport
 *
 * Guesses how many peers the network has, from what this one sees of it. Peers can make it see too many, so
 * nothing but the pace of asking may depend on it.
 *
 * Returns: the guess, this peer included; 0 when there is no idea
 */
guint
dms_transport_estimate_peers (DmsTransport *self)
{
  g_return_val_if_fail (DMS_IS_TRANSPORT (self), 0);

  if (DMS_TRANSPORT_GET_IFACE (self)->estimate_peers == NULL)
    return 0;
  return DMS_TRANSPORT_GET_IFACE (self)->estimate_peers (self);
}
