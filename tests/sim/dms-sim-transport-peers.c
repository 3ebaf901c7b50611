/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <string.h>

#include "dms-sim-clock.h"
#include "dms-sim-link.h"
#include "dms-sim-transport.h"

DmsPeerInfo *
dms_sim_transport_describe (DmsSimTransport *self, DmsSimPeer *other)
{
  g_autoptr (GPtrArray) addresses = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_multiaddr_unref);
  gboolean is_connected = dms_sim_peer_get_link (self->peer, other) != NULL;

  if (dms_sim_peer_knows (self->peer, other))
    g_ptr_array_add (addresses, dms_multiaddr_ref (other->address));
  return dms_peer_info_new (other->id, addresses, is_connected, is_connected ? g_get_real_time () : 0);
}

/* DmsSimPeer: those that were identified. */
static GPtrArray *
list_others (DmsSimTransport *self)
{
  GPtrArray *others = g_ptr_array_new ();
  GHashTableIter iter;
  gpointer value = NULL;

  g_hash_table_iter_init (&iter, self->peer->links);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    if (((DmsSimLink *) value)->is_identified)
      g_ptr_array_add (others, dms_sim_link_get_other (value, self->peer));
  return others;
}

static GPtrArray *
dms_sim_transport_list_peers (DmsTransport *transport)
{
  DmsSimTransport *self = DMS_SIM_TRANSPORT (transport);
  GPtrArray *infos = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_peer_info_unref);
  g_autoptr (GPtrArray) others = list_others (self);

  for (guint i = 0; i < others->len; i++)
    g_ptr_array_add (infos, dms_sim_transport_describe (self, g_ptr_array_index (others, i)));
  return infos;
}

static GPtrArray *
dms_sim_transport_list_known_peers (DmsTransport *transport)
{
  DmsSimTransport *self = DMS_SIM_TRANSPORT (transport);
  GPtrArray *infos = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_peer_info_unref);
  g_autoptr (GPtrArray) peers = NULL;

  if (self->peer->kad == NULL)
    return infos;
  peers = dms_p2p_kad_table_list (dms_p2p_kad_core_get_table (self->peer->kad));
  for (guint i = 0; i < peers->len; i++)
    {
      DmsSimPeer *other =
          dms_sim_network_find (self->peer->network, dms_p2p_kad_peer_get_id (g_ptr_array_index (peers, i)));

      if (other != NULL)
        g_ptr_array_add (infos, dms_sim_transport_describe (self, other));
    }
  return infos;
}

static GPtrArray *
dms_sim_transport_list_connections (DmsTransport *transport)
{
  DmsSimTransport *self = DMS_SIM_TRANSPORT (transport);
  GPtrArray *infos = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_connection_info_unref);
  g_autoptr (GPtrArray) others = list_others (self);

  for (guint i = 0; i < others->len; i++)
    {
      DmsSimPeer *other = g_ptr_array_index (others, i);
      DmsSimLink *link = dms_sim_peer_get_link (self->peer, other);

      g_ptr_array_add (
          infos,
          dms_connection_info_new (other->id,
                                   self->peer->address,
                                   other->address,
                                   link->ends[1] == self->peer,
                                   FALSE,
                                   "simulated",
                                   "simulated",
                                   g_get_real_time () - dms_sim_clock_get_us () + link->opened_us));
    }
  return infos;
}

static GPtrArray *
dms_sim_transport_dup_scores (DmsTransport *transport)
{
  DmsSimTransport *self = DMS_SIM_TRANSPORT (transport);
  GPtrArray *scores = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_peer_score_unref);
  g_autoptr (GPtrArray) others = list_others (self);

  for (guint i = 0; self->peer->gossip != NULL && i < others->len; i++)
    {
      DmsPeerId *id = ((DmsSimPeer *) g_ptr_array_index (others, i))->id;
      DmsP2pGossipStanding standing = { 0 };

      dms_p2p_gossip_score_describe (dms_p2p_gossip_core_get_score (self->peer->gossip), id, &standing);
      g_ptr_array_add (
          scores, dms_peer_score_new (id, standing.score, standing.app, standing.ip, standing.behaviour));
    }
  return scores;
}

static void
dms_sim_transport_set_peer_score (DmsTransport *transport, DmsPeerId *peer, double score)
{
  DmsSimTransport *self = DMS_SIM_TRANSPORT (transport);

  if (self->peer->gossip != NULL)
    dms_p2p_gossip_core_set_app_score (self->peer->gossip, peer, score);
}

static GStrv
dms_sim_transport_dup_peer_protocols (DmsTransport *transport, DmsPeerId *peer)
{
  DmsSimTransport *self = DMS_SIM_TRANSPORT (transport);
  DmsSimPeer *other = dms_sim_network_find (self->peer->network, peer);
  DmsSimLink *link = other != NULL ? dms_sim_peer_get_link (self->peer, other) : NULL;

  return link != NULL && link->is_identified ? g_strdupv ((GStrv) dms_sim_transport_protocols) : NULL;
}

/* Those that are there already are told of too, but not from here. */
static void
tell_all (DmsSimPeer *peer)
{
  g_autoptr (GPtrArray) others = NULL;

  if (peer->funcs == NULL || peer->funcs->noticed == NULL)
    return;
  others = list_others (peer->user_data);
  for (guint i = 0; i < others->len; i++)
    peer->funcs->noticed (peer, g_ptr_array_index (others, i), TRUE, peer->user_data);
}

static void
dms_sim_transport_set_peer_handler (DmsTransport *transport,
                                    DmsPeerHandler handler,
                                    gpointer user_data,
                                    GDestroyNotify destroy)
{
  DmsSimTransport *self = DMS_SIM_TRANSPORT (transport);

  dms_memory_handler_set (&self->peer_handler, G_CALLBACK (handler), user_data, destroy);
  if (handler != NULL)
    dms_sim_peer_plan (self->peer, 0, tell_all);
}

/* Dialling and pinging */

static void
on_dialled (DmsSimPeer *peer, DmsSimLink *link, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;

  if (link == NULL)
    g_task_return_new_error (task, DMS_ERROR, DMS_ERROR_UNAVAILABLE, "the peer cannot be reached");
  else
    g_task_return_pointer (
        task, dms_peer_id_ref (dms_sim_link_get_other (link, peer)->id), (GDestroyNotify) dms_peer_id_unref);
}

/* `…/p2p/<peer>` */
static DmsSimPeer *
find_address (DmsSimTransport *self, DmsMultiaddr *address)
{
  const char *text = dms_multiaddr_get_text (address);
  const char *part = g_strrstr (text, "/p2p/");
  g_autoptr (DmsPeerId) id = part != NULL ? dms_peer_id_new (part + strlen ("/p2p/"), NULL) : NULL;

  return id != NULL ? dms_sim_network_find (self->peer->network, id) : NULL;
}

static void
dms_sim_transport_dial_async (DmsTransport *transport,
                              DmsMultiaddr *address,
                              GCancellable *cancellable,
                              GAsyncReadyCallback callback,
                              gpointer user_data)
{
  DmsSimTransport *self = DMS_SIM_TRANSPORT (transport);
  g_autoptr (GTask) task = g_task_new (transport, cancellable, callback, user_data);
  DmsSimPeer *other = find_address (self, address);

  g_task_set_source_tag (task, dms_sim_transport_dial_async);
  if (!dms_sim_transport_check_running (self, task))
    return;
  if (other == NULL)
    g_task_return_new_error (
        task, DMS_ERROR, DMS_ERROR_UNAVAILABLE, "nobody answers at %s", dms_multiaddr_get_text (address));
  else
    dms_sim_peer_connect (self->peer, other, on_dialled, g_steal_pointer (&task));
}

static DmsPeerId *
dms_sim_transport_dial_finish (DmsTransport *transport, GAsyncResult *result, GError **error)
{
  return dms_sim_transport_finish_pointer (transport, result, error);
}

typedef struct
{
  DmsSimLink *link;
  DmsSimPeer *to;
  GTask *task;
  gint64 sent_us;
  gboolean is_back;
} Ping;

static void
ping_clear (gpointer data)
{
  Ping *ping = data;

  if (!ping->is_back)
    g_task_return_new_error (
        ping->task, DMS_ERROR, DMS_ERROR_UNAVAILABLE, "the connection to the peer broke");
  g_clear_object (&ping->task);
  g_clear_pointer (&ping->link, dms_sim_link_unref);
}

static void
ping_unref (gpointer data)
{
  g_rc_box_release_full (data, ping_clear);
}

static void
on_pong (gpointer data)
{
  Ping *ping = data;

  ping->is_back = TRUE;
  g_task_return_int (ping->task, (gssize) MAX (dms_sim_clock_get_us () - ping->sent_us, 1));
}

static void
on_ping (gpointer data)
{
  Ping *ping = data;

  dms_sim_link_send (ping->link, ping->to, DMS_SIM_PING, 32, on_pong, g_rc_box_acquire (ping), ping_unref);
}

static void
on_ping_way (DmsSimPeer *peer, DmsSimLink *link, gpointer user_data)
{
  Ping *ping = user_data;

  if (link != NULL)
    {
      ping->link = dms_sim_link_ref (link);
      ping->sent_us = dms_sim_clock_get_us ();
      dms_sim_link_send (link, peer, DMS_SIM_PING, 32, on_ping, g_rc_box_acquire (ping), ping_unref);
    }
  ping_unref (ping);
}

static void
dms_sim_transport_ping_async (DmsTransport *transport,
                              DmsPeerId *peer,
                              GCancellable *cancellable,
                              GAsyncReadyCallback callback,
                              gpointer user_data)
{
  DmsSimTransport *self = DMS_SIM_TRANSPORT (transport);
  g_autoptr (GTask) task = g_task_new (transport, cancellable, callback, user_data);
  DmsSimPeer *other = dms_sim_network_find (self->peer->network, peer);
  Ping *ping = NULL;

  g_task_set_source_tag (task, dms_sim_transport_ping_async);
  if (!dms_sim_transport_check_running (self, task))
    return;
  if (other == NULL || other == self->peer)
    {
      g_task_return_new_error (
          task, DMS_ERROR, DMS_ERROR_NOT_FOUND, "there is no peer %s to ping", dms_peer_id_get_text (peer));
      return;
    }
  ping = g_rc_box_new0 (Ping);
  ping->to = other;
  ping->task = g_steal_pointer (&task);
  dms_sim_peer_connect (self->peer, other, on_ping_way, ping);
}

static gint64
dms_sim_transport_ping_finish (DmsTransport *transport, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, transport), -1);

  return g_task_propagate_int (G_TASK (result), error);
}

static void
dms_sim_transport_disconnect_peer (DmsTransport *transport, DmsPeerId *peer)
{
  DmsSimTransport *self = DMS_SIM_TRANSPORT (transport);
  DmsSimPeer *other = dms_sim_network_find (self->peer->network, peer);

  if (other != NULL)
    dms_sim_peer_disconnect (self->peer, other);
}

void
dms_sim_transport_peers_init (DmsTransportInterface *iface)
{
  iface->list_peers = dms_sim_transport_list_peers;
  iface->list_known_peers = dms_sim_transport_list_known_peers;
  iface->list_connections = dms_sim_transport_list_connections;
  iface->dup_scores = dms_sim_transport_dup_scores;
  iface->set_peer_score = dms_sim_transport_set_peer_score;
  iface->dup_peer_protocols = dms_sim_transport_dup_peer_protocols;
  iface->set_peer_handler = dms_sim_transport_set_peer_handler;
  iface->dial_async = dms_sim_transport_dial_async;
  iface->dial_finish = dms_sim_transport_dial_finish;
  iface->disconnect_peer = dms_sim_transport_disconnect_peer;
  iface->ping_async = dms_sim_transport_ping_async;
  iface->ping_finish = dms_sim_transport_ping_finish;
}
