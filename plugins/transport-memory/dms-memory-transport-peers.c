/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-memory-transport.h"

#include "dms-memory-transport-private.h"

/* What a peer that takes messages says it speaks (libp2p.md section 1). */
#define ROOT_PROTOCOL "actor/root/messages/0.0.1"

GPtrArray *
dms_memory_transport_describe (DmsMemoryTransport *self, GPtrArray *peers)
{
  GPtrArray *infos = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_peer_info_unref);
  gint64 now_us = g_get_real_time ();

  for (guint i = 0; i < peers->len; i++)
    {
      DmsMemoryTransport *peer = g_ptr_array_index (peers, i);
      g_autoptr (GPtrArray) addresses = dms_memory_transport_copy_addresses (peer);
      gboolean connected = dms_memory_hub_is_connected (self->hub, self, peer);

      g_ptr_array_add (
          infos, dms_peer_info_new (peer->peer, addresses, connected, connected ? now_us : peer->started_us));
    }
  g_ptr_array_unref (peers);
  return infos;
}

static GPtrArray *
dms_memory_transport_list_peers (DmsTransport *transport)
{
  DmsMemoryTransport *self = DMS_MEMORY_TRANSPORT (transport);

  return dms_memory_transport_describe (
      self, self->hub != NULL ? dms_memory_hub_list_connected (self->hub, self) : g_ptr_array_new ());
}

static GPtrArray *
dms_memory_transport_list_known_peers (DmsTransport *transport)
{
  DmsMemoryTransport *self = DMS_MEMORY_TRANSPORT (transport);

  return dms_memory_transport_describe (
      self, self->hub != NULL ? dms_memory_hub_list_network (self->hub, self) : g_ptr_array_new ());
}

static GPtrArray *
dms_memory_transport_dup_scores (DmsTransport *transport)
{
  DmsMemoryTransport *self = DMS_MEMORY_TRANSPORT (transport);
  g_autoptr (GPtrArray) peers = NULL;
  GPtrArray *scores = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_peer_score_unref);

  if (self->hub == NULL)
    return scores;
  peers = dms_memory_hub_list_connected (self->hub, self);
  for (guint i = 0; i < peers->len; i++)
    {
      DmsMemoryTransport *peer = g_ptr_array_index (peers, i);
      const char *text = dms_memory_transport_get_peer_id (peer);
      double penalty = -(double) GPOINTER_TO_UINT (g_hash_table_lookup (self->rejected, text));
      double *own = g_hash_table_lookup (self->scores, text);
      double app_specific = own != NULL ? *own : 0;

      g_ptr_array_add (scores,
                       dms_peer_score_new (peer->peer, app_specific + penalty, app_specific, 0, penalty));
    }
  return scores;
}

static void
dms_memory_transport_set_peer_score (DmsTransport *transport, DmsPeerId *peer, double score)
{
  DmsMemoryTransport *self = DMS_MEMORY_TRANSPORT (transport);
  DmsMemoryTransport *found = NULL;

  if (self->hub != NULL)
    found = dms_memory_hub_lookup (self->hub, self, dms_peer_id_get_text (peer));
  if (found == NULL || !dms_memory_hub_is_connected (self->hub, self, found))
    return;
  g_hash_table_replace (
      self->scores, g_strdup (dms_peer_id_get_text (peer)), g_memdup2 (&score, sizeof score));
}

/* Connections */

static DmsConnectionInfo *
describe_link (DmsMemoryTransport *self, DmsMemoryTransport *peer, GStrv protocols)
{
  const DmsMemoryLink *link = dms_memory_hub_get_link (self->hub, self, peer);
  g_autoptr (DmsConnectionInfo) bare = NULL;
  g_autoptr (DmsConnectionInfo) busy = NULL;

  bare = dms_connection_info_new (peer->peer,
                                  g_ptr_array_index (self->addresses, 0),
                                  g_ptr_array_index (peer->addresses, 0),
                                  link->inbound,
                                  FALSE,
                                  NULL,
                                  NULL,
                                  link->opened_us);
  busy = dms_connection_info_with_traffic (bare, 0, -1, link->bytes_in, link->bytes_out);
  return dms_connection_info_with_identity (busy, "dms/memory", (const char *const *) protocols);
}

/* What a peer says it speaks. */
static GStrv
list_protocols (DmsMemoryTransport *peer)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  GHashTableIter iter;
  gpointer protocol;

  if (peer->inbox_handler != NULL)
    g_strv_builder_add (builder, ROOT_PROTOCOL);
  g_hash_table_iter_init (&iter, peer->stream_handlers);
  while (g_hash_table_iter_next (&iter, &protocol, NULL))
    g_strv_builder_add (builder, protocol);
  return g_strv_builder_end (builder);
}

static GPtrArray *
dms_memory_transport_list_connections (DmsTransport *transport)
{
  DmsMemoryTransport *self = DMS_MEMORY_TRANSPORT (transport);
  GPtrArray *infos = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_connection_info_unref);
  g_autoptr (GPtrArray) peers = NULL;

  if (self->hub == NULL)
    return infos;
  peers = dms_memory_hub_list_connected (self->hub, self);
  for (guint i = 0; i < peers->len; i++)
    {
      DmsMemoryTransport *peer = g_ptr_array_index (peers, i);
      g_auto (GStrv) protocols = list_protocols (peer);

      g_ptr_array_add (infos, describe_link (self, peer, protocols));
    }
  return infos;
}

static GPtrArray *
dms_memory_transport_list_limits (DmsTransport *transport)
{
  DmsMemoryTransport *self = DMS_MEMORY_TRANSPORT (transport);
  GPtrArray *infos = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_limit_info_unref);

  if (self->queue != NULL)
    dms_memory_queue_describe (self->queue, infos);
  return infos;
}

/* A dial that somebody watches, on its way through the own queue: nothing is told from inside a call. */
typedef struct
{
  GTask *task;
  DmsMultiaddr *address;
  DmsDialStepFunc progress;
  gpointer progress_data;
  GDestroyNotify progress_destroy;
} Trace;

static void
trace_free (gpointer data)
{
  Trace *trace = data;

  if (trace->progress_destroy != NULL)
    trace->progress_destroy (trace->progress_data);
  if (trace->task != NULL)
    g_task_return_new_error (
        trace->task, DMS_ERROR, DMS_ERROR_UNAVAILABLE, "the transport stopped or cannot keep up");
  g_clear_object (&trace->task);
  dms_multiaddr_unref (trace->address);
  g_free (trace);
}

static void
on_trace (gpointer receiver, gpointer work_data)
{
  DmsMemoryTransport *self = DMS_MEMORY_TRANSPORT (receiver);
  Trace *trace = work_data;
  g_autoptr (GTask) task = g_steal_pointer (&trace->task);
  const char *text = dms_multiaddr_get_text (trace->address);
  gint64 began_us = g_get_monotonic_time ();
  DmsMemoryTransport *found = dms_memory_transport_find_address (self, text);
  g_autoptr (DmsPeerId) peer = found != NULL ? dms_peer_id_ref (found->peer) : NULL;
  g_autoptr (DmsDialStep) step = NULL;

  if (found != NULL)
    dms_memory_hub_connect (self->hub, self, found);
  step = dms_dial_step_new (
      "connect", text, g_get_monotonic_time () - began_us, found == NULL ? "nobody answers" : NULL);
  if (trace->progress != NULL)
    trace->progress (DMS_TRANSPORT (self), step, trace->progress_data);
  if (peer != NULL)
    g_task_return_pointer (task, g_steal_pointer (&peer), (GDestroyNotify) dms_peer_id_unref);
  else
    g_task_return_new_error (task, DMS_ERROR, DMS_ERROR_UNAVAILABLE, "nobody answers at %s", text);
}

static void
dms_memory_transport_trace_dial_async (DmsTransport *transport,
                                       DmsMultiaddr *address,
                                       GCancellable *cancellable,
                                       DmsDialStepFunc progress,
                                       gpointer progress_data,
                                       GDestroyNotify progress_destroy,
                                       GAsyncReadyCallback callback,
                                       gpointer user_data)
{
  DmsMemoryTransport *self = DMS_MEMORY_TRANSPORT (transport);
  g_autoptr (GTask) task = g_task_new (transport, cancellable, callback, user_data);
  Trace *trace = NULL;

  g_task_set_source_tag (task, dms_memory_transport_trace_dial_async);
  if (!dms_memory_transport_check_running (self, task))
    {
      if (progress_destroy != NULL)
        progress_destroy (progress_data);
      return;
    }
  trace = g_new (Trace, 1);
  *trace = (Trace){
    g_steal_pointer (&task), dms_multiaddr_ref (address), progress, progress_data, progress_destroy
  };
  dms_memory_queue_push (self->queue, 0, on_trace, trace, trace_free);
}

static DmsPeerId *
dms_memory_transport_trace_dial_finish (DmsTransport *transport, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, transport), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/* Identified peers */

static GStrv
dms_memory_transport_dup_peer_protocols (DmsTransport *transport, DmsPeerId *peer)
{
  DmsMemoryTransport *self = DMS_MEMORY_TRANSPORT (transport);
  DmsMemoryTransport *found = NULL;

  if (self->hub != NULL)
    found = dms_memory_hub_lookup (self->hub, self, dms_peer_id_get_text (peer));
  return found != NULL && dms_memory_hub_is_connected (self->hub, self, found) ? list_protocols (found)
                                                                               : NULL;
}

static void
call_peer_handler (DmsMemoryTransport *self, DmsPeerId *peer, gboolean identified, GStrv protocols)
{
  static const char *const nothing[] = { NULL };
  g_autoptr (DmsMemoryHandler) handler = NULL;

  if (self->peer_handler == NULL)
    return;
  handler = dms_memory_handler_ref (self->peer_handler);
  ((DmsPeerHandler) dms_memory_handler_get_func (handler)) (
      DMS_TRANSPORT (self),
      peer,
      identified,
      protocols != NULL ? (const char *const *) protocols : nothing,
      dms_memory_handler_get_data (handler));
}

void
dms_memory_transport_note_peer (DmsMemoryTransport *self, DmsMemoryTransport *peer)
{
  g_autoptr (DmsPeerId) id = dms_peer_id_ref (peer->peer);
  const char *text = dms_peer_id_get_text (id);
  g_auto (GStrv) protocols = NULL;

  if (self->hub != NULL && dms_memory_hub_is_connected (self->hub, self, peer))
    {
      protocols = list_protocols (peer);
      g_hash_table_add (self->identified, g_strdup (text));
      call_peer_handler (self, id, TRUE, protocols);
    }
  else if (g_hash_table_remove (self->identified, text))
    {
      g_hash_table_remove (self->scores, text);
      call_peer_handler (self, id, FALSE, NULL);
    }
}

static void
dms_memory_transport_set_peer_handler (DmsTransport *transport,
                                       DmsPeerHandler handler,
                                       gpointer user_data,
                                       GDestroyNotify destroy)
{
  DmsMemoryTransport *self = DMS_MEMORY_TRANSPORT (transport);

  dms_memory_handler_set (&self->peer_handler, G_CALLBACK (handler), user_data, destroy);
  if (self->peer_handler != NULL && self->hub != NULL)
    dms_memory_hub_ask_linked (self->hub, self);
}

void
dms_memory_transport_peers_init (DmsTransportInterface *iface)
{
  iface->list_peers = dms_memory_transport_list_peers;
  iface->list_known_peers = dms_memory_transport_list_known_peers;
  iface->dup_scores = dms_memory_transport_dup_scores;
  iface->list_connections = dms_memory_transport_list_connections;
  iface->list_limits = dms_memory_transport_list_limits;
  iface->trace_dial_async = dms_memory_transport_trace_dial_async;
  iface->trace_dial_finish = dms_memory_transport_trace_dial_finish;
  iface->dup_peer_protocols = dms_memory_transport_dup_peer_protocols;
  iface->set_peer_handler = dms_memory_transport_set_peer_handler;
  iface->set_peer_score = dms_memory_transport_set_peer_score;
}
