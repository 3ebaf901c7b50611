/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-libp2p-trace.h"

#include "swarm/dms-p2p-address.h"

/* One dial that somebody watches. Counted: steps may be told of while it ends. */
typedef struct
{
  GTask *task;
  DmsDialStepFunc progress;
  gpointer progress_data;
  GDestroyNotify progress_destroy;
  DmsP2pIdentify *identify;
  DmsP2pPing *ping;
  DmsP2pPeerStore *peers;
  DmsPeerId *peer;
  gint64 began_us;
} DmsLibp2pTrace;

static void
dms_libp2p_trace_free (DmsLibp2pTrace *self)
{
  if (self->progress_destroy != NULL)
    self->progress_destroy (self->progress_data);
  g_clear_object (&self->identify);
  g_clear_object (&self->ping);
  g_clear_object (&self->peers);
  g_clear_pointer (&self->peer, dms_peer_id_unref);
  g_clear_object (&self->task);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsLibp2pTrace, dms_libp2p_trace_free)

static void
dms_libp2p_trace_tell (const char *step,
                       const char *detail,
                       gint64 duration_us,
                       const GError *error,
                       gpointer user_data)
{
  DmsLibp2pTrace *self = user_data;
  g_autoptr (DmsDialStep) told = NULL;

  if (self->progress == NULL)
    return;
  told = dms_dial_step_new (step, detail, MAX (duration_us, 0), error != NULL ? error->message : NULL);
  self->progress (g_task_get_source_object (self->task), told, self->progress_data);
}

static void
dms_libp2p_trace_on_ping (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DmsLibp2pTrace) self = user_data;
  g_autoptr (GError) error = NULL;
  gint64 rtt_us = dms_p2p_ping_measure_finish (DMS_P2P_PING (source), result, &error);
  gint64 took_us = rtt_us > 0 ? rtt_us : g_get_monotonic_time () - self->began_us;

  dms_libp2p_trace_tell ("ping", NULL, took_us, error, self);
  g_task_return_pointer (self->task, g_steal_pointer (&self->peer), (GDestroyNotify) dms_peer_id_unref);
}

static void
dms_libp2p_trace_ping (DmsLibp2pTrace *self)
{
  self->began_us = g_get_monotonic_time ();
  dms_p2p_ping_measure_async (
      self->ping, self->peer, g_task_get_cancellable (self->task), dms_libp2p_trace_on_ping, self);
}

static void
dms_libp2p_trace_on_identified (GObject *source, GAsyncResult *result, gpointer user_data)
{
  DmsLibp2pTrace *self = user_data;
  g_autoptr (GError) error = NULL;
  const char *agent = NULL;

  if (dms_p2p_identify_wait_finish (DMS_P2P_IDENTIFY (source), result, &error))
    agent = dms_p2p_peer_store_get_agent (self->peers, self->peer);
  dms_libp2p_trace_tell ("identify", agent, g_get_monotonic_time () - self->began_us, error, self);
  dms_libp2p_trace_ping (self);
}

void
dms_libp2p_trace_explain (DmsP2pSwarm *swarm, GError *error)
{
  g_autofree char *message = NULL;

  if (dms_p2p_identity_get_network_key (dms_p2p_swarm_get_identity (swarm)) == NULL)
    return;
  message = g_steal_pointer (&error->message);
  error->message = g_strconcat (
      message, "; this node is in a private network: is the peer in the same one, with the same key?", NULL);
}

static void
dms_libp2p_trace_on_connected (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DmsLibp2pTrace) self = user_data;
  GError *error = NULL;
  g_autoptr (DmsP2pConnection) connection =
      dms_p2p_swarm_connect_finish (DMS_P2P_SWARM (source), result, &error);
  gboolean is_new = FALSE;

  if (connection == NULL)
    {
      dms_libp2p_trace_explain (DMS_P2P_SWARM (source), error);
      g_task_return_error (self->task, error);
      return;
    }
  self->peer = dms_peer_id_ref (dms_p2p_connection_get_peer_id (connection));
  is_new = dms_p2p_connection_get_opened_us (connection) >= self->began_us;
  self->began_us = g_get_monotonic_time ();
  if (is_new)
    {
      DmsP2pIdentify *identify = self->identify;

      dms_p2p_identify_wait_async (
          identify, connection, NULL, dms_libp2p_trace_on_identified, g_steal_pointer (&self));
    }
  else
    {
      DmsMultiaddr *remote = dms_p2p_connection_get_remote (connection);

      dms_libp2p_trace_tell ("reuse", remote != NULL ? dms_multiaddr_get_text (remote) : NULL, 0, NULL, self);
      dms_libp2p_trace_ping (g_steal_pointer (&self));
    }
}

GPtrArray *
dms_libp2p_trace_list_addresses (DmsMultiaddr *address)
{
  g_autoptr (DmsMultiaddr) where = dms_multiaddr_dup_without_peer_id (address);
  GPtrArray *addresses = NULL;

  if (where == NULL)
    return NULL;
  addresses = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_multiaddr_unref);
  g_ptr_array_add (addresses, dms_multiaddr_ref (address));
  return addresses;
}

/* Somebody asks for it now: what failed a moment ago is tried all the same. But who is reached over a relay
 * is reached, unless a direct way was asked for. */
gboolean
dms_libp2p_trace_is_forced (DmsP2pSwarm *swarm, DmsPeerId *peer, DmsMultiaddr *address)
{
  g_autoptr (DmsMultiaddr) where = dms_multiaddr_dup_without_peer_id (address);

  return peer == NULL || dms_p2p_swarm_find (swarm, peer) == NULL ||
         (where != NULL && !dms_p2p_address_is_relayed (address));
}

void
dms_libp2p_trace_start (DmsLibp2pStack *stack,
                        DmsMultiaddr *address,
                        DmsDialStepFunc progress,
                        gpointer progress_data,
                        GDestroyNotify progress_destroy,
                        GTask *task)
{
  DmsLibp2pTrace *self = g_new0 (DmsLibp2pTrace, 1);
  g_autoptr (DmsPeerId) peer = dms_multiaddr_dup_peer_id (address);
  g_autoptr (GPtrArray) addresses = dms_libp2p_trace_list_addresses (address);

  self->task = g_object_ref (task);
  self->progress = progress;
  self->progress_data = progress_data;
  self->progress_destroy = progress_destroy;
  self->identify = g_object_ref (stack->identify);
  self->ping = g_object_ref (stack->ping);
  self->peers = g_object_ref (stack->peers);
  self->began_us = g_get_monotonic_time ();
  dms_p2p_swarm_connect_async (stack->swarm,
                               peer,
                               addresses,
                               dms_libp2p_trace_is_forced (stack->swarm, peer, address),
                               dms_libp2p_trace_tell,
                               self,
                               g_task_get_cancellable (task),
                               dms_libp2p_trace_on_connected,
                               self);
}
