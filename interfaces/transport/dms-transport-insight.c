/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "transport/dms-transport.h"

#include <math.h>

#include "dms-contract-private.h"
#include "dms-error.h"
#include "values/dms-connection-info.h"
#include "values/dms-limit-info.h"
#include "values/dms-multiaddr.h"
#include "values/dms-peer-id.h"

/* What the contract says of connections, limits and peers. */

/**
 * dms_transport_list_connections:
 * @self: a transport
 *
 * Lists the connections there are, ready for streams. A peer may have several.
 *
 * Returns: (transfer full) (element-type DmsConnectionInfo): the connections, perhaps none
 */
GPtrArray *
dms_transport_list_connections (DmsTransport *self)
{
  g_return_val_if_fail (DMS_IS_TRANSPORT (self),
                        g_ptr_array_new_with_free_func ((GDestroyNotify) dms_connection_info_unref));

  if (DMS_TRANSPORT_GET_IFACE (self)->list_connections == NULL)
    return g_ptr_array_new_with_free_func ((GDestroyNotify) dms_connection_info_unref);
  return DMS_TRANSPORT_GET_IFACE (self)->list_connections (self);
}

/**
 * dms_transport_list_limits:
 * @self: a transport
 *
 * Lists the limits and how much of them is used: those of the whole first, then those of peers, IPs and
 * protocols that matter.
 *
 * Returns: (transfer full) (element-type DmsLimitInfo): the limits, perhaps none
 */
GPtrArray *
dms_transport_list_limits (DmsTransport *self)
{
  g_return_val_if_fail (DMS_IS_TRANSPORT (self),
                        g_ptr_array_new_with_free_func ((GDestroyNotify) dms_limit_info_unref));

  if (DMS_TRANSPORT_GET_IFACE (self)->list_limits == NULL)
    return g_ptr_array_new_with_free_func ((GDestroyNotify) dms_limit_info_unref);
  return DMS_TRANSPORT_GET_IFACE (self)->list_limits (self);
}

/**
 * dms_transport_trace_dial_async:
 * @self: a transport
 * @address: an address; `/p2p/<peer>` alone stands for all that is known of the peer
 * @cancellable: (nullable): cancels the call
 * @progress: (nullable) (scope notified) (closure progress_data) (destroy progress_destroy): told of each
 * step
 * @progress_data: data for @progress
 * @progress_destroy: (nullable): frees @progress_data
 * @callback: (scope async): called when it is done
 * @user_data: (closure): data for @callback
 *
 * Connects to the peer at an address, as dms_transport_dial_async() does, and tells of each step. Addresses
 * that failed a moment ago are tried all the same. When a connection to the peer stands, only what is done
 * anew is told, such as a ping.
 */
void
dms_transport_trace_dial_async (DmsTransport *self,
                                DmsMultiaddr *address,
                                GCancellable *cancellable,
                                DmsDialStepFunc progress,
                                gpointer progress_data,
                                GDestroyNotify progress_destroy,
                                GAsyncReadyCallback callback,
                                gpointer user_data)
{
  g_return_if_fail (DMS_IS_TRANSPORT (self));
  g_return_if_fail (address != NULL);
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  if (DMS_TRANSPORT_GET_IFACE (self)->trace_dial_async == NULL)
    {
      if (progress_destroy != NULL)
        progress_destroy (progress_data);
      dms_contract_report_missing (self, dms_transport_trace_dial_async, "trace-dial", callback, user_data);
      return;
    }
  DMS_TRANSPORT_GET_IFACE (self)->trace_dial_async (
      self, address, cancellable, progress, progress_data, progress_destroy, callback, user_data);
}

/**
 * dms_transport_trace_dial_finish:
 * @self: a transport
 * @result: what the callback got
 * @error: return location for an error of %DMS_ERROR
 *
 * Finishes dms_transport_trace_dial_async().
 *
 * Returns: (transfer full) (nullable): the peer that answered
 */
DmsPeerId *
dms_transport_trace_dial_finish (DmsTransport *self, GAsyncResult *result, GError **error)
{
  DmsPeerId *value = NULL;

  g_return_val_if_fail (DMS_IS_TRANSPORT (self), NULL);

  if (dms_contract_is_missing (self, dms_transport_trace_dial_async, result, error))
    return NULL;
  value = DMS_TRANSPORT_GET_IFACE (self)->trace_dial_finish (self, result, error);
  dms_contract_adopt_error (error);
  return value;
}

/**
 * dms_transport_dup_peer_protocols:
 * @self: a transport
 * @peer: a peer
 *
 * Says what a peer speaks, as it said itself.
 *
 * Returns: (transfer full) (nullable) (array zero-terminated=1): protocol IDs; %NULL when the peer has not
 * been identified
 */
GStrv
dms_transport_dup_peer_protocols (DmsTransport *self, DmsPeerId *peer)
{
  g_return_val_if_fail (DMS_IS_TRANSPORT (self), NULL);
  g_return_val_if_fail (peer != NULL, NULL);

  if (DMS_TRANSPORT_GET_IFACE (self)->dup_peer_protocols == NULL)
    return NULL;
  return DMS_TRANSPORT_GET_IFACE (self)->dup_peer_protocols (self, peer);
}

/**
 * dms_transport_set_peer_handler:
 * @self: a transport
 * @handler: (nullable) (scope notified) (closure user_data) (destroy destroy): told of peers; %NULL for
 * nobody any more
 * @user_data: data for @handler
 * @destroy: (nullable): frees @user_data
 *
 * Sets who is told of peers that were identified and that went. The transport tells of those that are there
 * already as well, soon but not from inside this call. A peer that said anew what it speaks is told again;
 * one that was never identified is not told when it goes.
 */
void
dms_transport_set_peer_handler (DmsTransport *self,
                                DmsPeerHandler handler,
                                gpointer user_data,
                                GDestroyNotify destroy)
{
  g_return_if_fail (DMS_IS_TRANSPORT (self));

  if (DMS_TRANSPORT_GET_IFACE (self)->set_peer_handler == NULL)
    {
      if (destroy != NULL)
        destroy (user_data);
      return;
    }
  DMS_TRANSPORT_GET_IFACE (self)->set_peer_handler (self, handler, user_data, destroy);
}

/**
 * dms_transport_set_peer_score:
 * @self: a transport
 * @peer: a peer
 * @score: a finite number; more is better, 0 is the score of a stranger
 *
 * Says what the program itself thinks of a peer: the part of its score in publish/subscribe that is specific
 * to the application (GossipSub v1.1, peer scoring, P5). Forgotten when the peer goes.
 */
void
dms_transport_set_peer_score (DmsTransport *self, DmsPeerId *peer, double score)
{
  g_return_if_fail (DMS_IS_TRANSPORT (self));
  g_return_if_fail (peer != NULL);
  g_return_if_fail (isfinite (score));

  if (DMS_TRANSPORT_GET_IFACE (self)->set_peer_score == NULL)
    return;
  DMS_TRANSPORT_GET_IFACE (self)->set_peer_score (self, peer, score);
}

/**
 * dms_transport_get_reachability:
 * @self: a transport
 *
 * Says whether others can connect to this node by themselves, as far as it is known.
 *
 * Returns: what is believed
 */
DmsReachability
dms_transport_get_reachability (DmsTransport *self)
{
  g_return_val_if_fail (DMS_IS_TRANSPORT (self), DMS_REACHABILITY_UNKNOWN);

  if (DMS_TRANSPORT_GET_IFACE (self)->get_reachability == NULL)
    return DMS_REACHABILITY_UNKNOWN;
  return DMS_TRANSPORT_GET_IFACE (self)->get_reachability (self);
}
