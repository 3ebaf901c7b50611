/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "swarm/dms-p2p-swarm-private.h"

#include "swarm/dms-p2p-address.h"
#include "swarm/dms-p2p-connection-private.h"
#include "swarm/dms-p2p-joined-dial.h"
#include "swarm/dms-p2p-trimmer.h"

enum
{
  /* How often connections that are one too many for their peer are looked at. */
  DMS_P2P_SWARM_DRAIN_MS = 250,
  /* How long such a one must have had no stream: the other end may have opened one that is still under way.
   */
  DMS_P2P_SWARM_DRAIN_IDLE_MS = 1000,
};

/**
 * DmsP2pSwarm:
 *
 * Lives in the main context that made it, the thread's default one then.
 *
 * When two hosts dial each other at once, there are two connections for a moment. Both ends choose the same
 * one (dms_p2p_connection_compare()), use it for new streams, and close the other one when it has had no
 * streams for a moment.
 */
struct _DmsP2pSwarm
{
  GObject parent_instance;

  GMainContext *context;
  DmsP2pIdentity *identity;
  DmsP2pLimits *limits;
  DmsP2pPeerStore *peers;
  DmsP2pDialer *dialer;
  DmsP2pTrimmer *trimmer;
  gboolean is_closed;
  /* DmsP2pSwarmListener. */
  GArray *listeners;
  DmsP2pConnectionAccept accept;
  gpointer accept_data;
  DmsP2pSwarmPolicy policy;
  gpointer policy_data;
  /* DmsMultiaddr: where it listens, as bound. */
  GPtrArray *addresses;
  /* DmsMultiaddr: where relays take connections for it. */
  GPtrArray *relay_addresses;
  /* DmsMultiaddr: where routers take connections for it. */
  GPtrArray *mapped_addresses;
  /* Those at which others reached this host. */
  GPtrArray *confirmed_addresses;
  /* DmsP2pConnection: all, also those that are closing. */
  GPtrArray *connections;
  /* DmsPeerId to a GPtrArray of its DmsP2pConnection, the best first. */
  GHashTable *by_peer;
  /* DmsPeerId to DmsP2pJoinedDial, and those to nobody in particular. */
  GHashTable *dials;
  GPtrArray *blind_dials;
  GSource *drain;
  /* DmsP2pConnection to since when it has had no stream. */
  GHashTable *idle;
  GSource *trim;
};

G_DEFINE_FINAL_TYPE (DmsP2pSwarm, dms_p2p_swarm, G_TYPE_OBJECT)

typedef struct
{
  DmsP2pSwarmNotify notify;
  gpointer user_data;
} DmsP2pSwarmListener;

static void dms_p2p_swarm_trim (DmsP2pSwarm *self);

static void
dms_p2p_swarm_clear_source (GSource **source)
{
  if (*source != NULL)
    g_source_destroy (*source);
  g_clear_pointer (source, g_source_unref);
}

static void
dms_p2p_swarm_dispose (GObject *object)
{
  dms_p2p_swarm_close (DMS_P2P_SWARM (object));
  G_OBJECT_CLASS (dms_p2p_swarm_parent_class)->dispose (object);
}

static void
dms_p2p_swarm_finalize (GObject *object)
{
  DmsP2pSwarm *self = DMS_P2P_SWARM (object);

  g_clear_pointer (&self->context, g_main_context_unref);
  g_clear_pointer (&self->identity, dms_p2p_identity_unref);
  g_clear_object (&self->limits);
  g_clear_object (&self->peers);
  g_clear_object (&self->dialer);
  g_clear_pointer (&self->trimmer, dms_p2p_trimmer_free);
  g_clear_pointer (&self->listeners, g_array_unref);
  g_clear_pointer (&self->addresses, g_ptr_array_unref);
  g_clear_pointer (&self->relay_addresses, g_ptr_array_unref);
  g_clear_pointer (&self->mapped_addresses, g_ptr_array_unref);
  g_clear_pointer (&self->confirmed_addresses, g_ptr_array_unref);
  g_clear_pointer (&self->connections, g_ptr_array_unref);
  g_clear_pointer (&self->by_peer, g_hash_table_unref);
  g_clear_pointer (&self->dials, g_hash_table_unref);
  g_clear_pointer (&self->blind_dials, g_ptr_array_unref);
  g_clear_pointer (&self->idle, g_hash_table_unref);
  G_OBJECT_CLASS (dms_p2p_swarm_parent_class)->finalize (object);
}

static void
dms_p2p_swarm_class_init (DmsP2pSwarmClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = dms_p2p_swarm_dispose;
  G_OBJECT_CLASS (klass)->finalize = dms_p2p_swarm_finalize;
}

static void
dms_p2p_swarm_init (DmsP2pSwarm *self)
{
  self->context = g_main_context_ref_thread_default ();
  self->trimmer = dms_p2p_trimmer_new ();
  self->listeners = g_array_new (FALSE, FALSE, sizeof (DmsP2pSwarmListener));
  self->addresses = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_multiaddr_unref);
  self->relay_addresses = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_multiaddr_unref);
  self->mapped_addresses = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_multiaddr_unref);
  self->confirmed_addresses = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_multiaddr_unref);
  self->connections = g_ptr_array_new_with_free_func (g_object_unref);
  self->by_peer = g_hash_table_new_full ((GHashFunc) dms_peer_id_hash,
                                         (GEqualFunc) dms_peer_id_equal,
                                         (GDestroyNotify) dms_peer_id_unref,
                                         (GDestroyNotify) g_ptr_array_unref);
  self->dials = g_hash_table_new_full (
      (GHashFunc) dms_peer_id_hash, (GEqualFunc) dms_peer_id_equal, NULL, g_object_unref);
  self->blind_dials = g_ptr_array_new_with_free_func (g_object_unref);
  self->idle = g_hash_table_new_full (NULL, NULL, NULL, g_free);
}

DmsP2pSwarm *
dms_p2p_swarm_new (DmsP2pIdentity *identity, DmsP2pLimits *limits, DmsP2pPeerStore *peers)
{
  DmsP2pSwarm *self = g_object_new (DMS_TYPE_P2P_SWARM, NULL);

  self->identity = dms_p2p_identity_ref (identity);
  self->limits = g_object_ref (limits);
  self->peers = g_object_ref (peers);
  self->dialer = dms_p2p_dialer_new (dms_p2p_identity_get_peer_id (identity), limits, peers);
  return self;
}

DmsP2pDialer *
dms_p2p_swarm_get_dialer (DmsP2pSwarm *self)
{
  return self->dialer;
}

void
dms_p2p_swarm_set_policy (DmsP2pSwarm *self, DmsP2pSwarmPolicy policy, gpointer user_data)
{
  self->policy = policy;
  self->policy_data = user_data;
}

DmsP2pIdentity *
dms_p2p_swarm_get_identity (DmsP2pSwarm *self)
{
  return self->identity;
}

DmsP2pLimits *
dms_p2p_swarm_get_limits (DmsP2pSwarm *self)
{
  return self->limits;
}

DmsP2pPeerStore *
dms_p2p_swarm_get_peer_store (DmsP2pSwarm *self)
{
  return self->peers;
}

/* Refuses before any work is done for who connects. */
static gboolean
dms_p2p_swarm_on_gate (DmsMultiaddr *remote,
                       gpointer *cookie,
                       GDestroyNotify *cookie_free,
                       gpointer user_data,
                       GError **error)
{
  DmsP2pSwarm *self = user_data;
  g_autoptr (GInetAddress) ip = dms_p2p_address_dup_ip (remote);

  if (self->policy != NULL && !self->policy (remote, self->policy_data))
    {
      g_set_error_literal (
          error, DMS_ERROR, DMS_ERROR_PERMISSION_DENIED, "the policy of this host does not let it in");
      return FALSE;
    }
  *cookie = dms_p2p_limits_reserve_connection (
      self->limits, ip, TRUE, ip != NULL && !dms_p2p_address_is_quic (remote), error);
  *cookie_free = (GDestroyNotify) dms_p2p_reservation_free;
  return *cookie != NULL;
}

static int
dms_p2p_swarm_compare (gconstpointer a, gconstpointer b, gpointer user_data)
{
  return dms_p2p_connection_compare (
      *(DmsP2pConnection *const *) a, *(DmsP2pConnection *const *) b, user_data);
}

static void
dms_p2p_swarm_sort (DmsP2pSwarm *self, GPtrArray *connections)
{
  g_ptr_array_sort_with_data (
      connections, dms_p2p_swarm_compare, dms_p2p_identity_get_peer_id (self->identity));
}

static void
dms_p2p_swarm_notify (DmsP2pSwarm *self, DmsP2pConnection *connection, gboolean is_open)
{
  for (guint i = 0; i < self->listeners->len && !self->is_closed; i++)
    {
      DmsP2pSwarmListener listener = g_array_index (self->listeners, DmsP2pSwarmListener, i);

      listener.notify (self, connection, is_open, listener.user_data);
    }
}

/* Closes those that are one too many once nobody uses them. Whether there are any. */
static gboolean
dms_p2p_swarm_drain_peer (DmsP2pSwarm *self, GPtrArray *connections, GPtrArray *idle, gint64 now_us)
{
  gboolean has_any = FALSE;

  dms_p2p_swarm_sort (self, connections);
  g_hash_table_remove (self->idle, connections->pdata[0]);
  for (guint i = 1; i < connections->len; i++)
    {
      DmsP2pConnection *connection = connections->pdata[i];
      gint64 *since = g_hash_table_lookup (self->idle, connection);

      if (!dms_p2p_connection_is_open (connection))
        continue;
      has_any = TRUE;
      if (dms_p2p_connection_get_n_streams (connection) > 0)
        g_hash_table_remove (self->idle, connection);
      else if (since == NULL)
        g_hash_table_insert (self->idle, connection, g_memdup2 (&now_us, sizeof now_us));
      else if (now_us - *since >= (gint64) DMS_P2P_SWARM_DRAIN_IDLE_MS * 1000)
        g_ptr_array_add (idle, g_object_ref (connection));
    }
  return has_any;
}

static gboolean
dms_p2p_swarm_on_drain (gpointer user_data)
{
  g_autoptr (DmsP2pSwarm) self = g_object_ref (user_data);
  g_autoptr (GPtrArray) idle = g_ptr_array_new_with_free_func (g_object_unref);
  gint64 now_us = g_get_monotonic_time ();
  gboolean has_any = FALSE;
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, self->by_peer);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    if (((GPtrArray *) value)->len > 1)
      has_any |= dms_p2p_swarm_drain_peer (self, value, idle, now_us);
  for (guint i = 0; i < idle->len; i++)
    dms_p2p_connection_close (idle->pdata[i]);
  if (has_any && !self->is_closed)
    return G_SOURCE_CONTINUE;
  dms_p2p_swarm_clear_source (&self->drain);
  return G_SOURCE_REMOVE;
}

static void
dms_p2p_swarm_start_draining (DmsP2pSwarm *self)
{
  if (self->drain != NULL)
    return;
  self->drain = g_timeout_source_new (DMS_P2P_SWARM_DRAIN_MS);
  g_source_set_callback (self->drain, dms_p2p_swarm_on_drain, self, NULL);
  g_source_attach (self->drain, self->context);
}

static void
dms_p2p_swarm_on_connection_closed (DmsP2pConnection *connection, const GError *error, gpointer user_data)
{
  g_autoptr (DmsP2pSwarm) self = g_object_ref (user_data);
  g_autoptr (DmsP2pConnection) keep = g_object_ref (connection);
  DmsPeerId *peer = dms_p2p_connection_get_peer_id (connection);
  GPtrArray *connections = g_hash_table_lookup (self->by_peer, peer);

  dms_p2p_connection_set_handlers (connection, NULL, NULL, NULL);
  g_hash_table_remove (self->idle, connection);
  if (connections != NULL)
    {
      g_ptr_array_remove (connections, connection);
      if (connections->len == 0)
        {
          g_hash_table_remove (self->by_peer, peer);
          dms_p2p_trimmer_note_gone (self->trimmer, peer);
        }
    }
  if (!g_ptr_array_remove (self->connections, connection))
    return;
  dms_p2p_peer_store_note_connected (self->peers, peer, NULL);
  dms_p2p_swarm_notify (self, connection, FALSE);
}

static void
dms_p2p_swarm_on_stream (DmsP2pConnection *connection,
                         DmsP2pPipe *pipe,
                         DmsP2pReservation *reservation,
                         gpointer user_data)
{
  g_autoptr (DmsP2pSwarm) self = g_object_ref (user_data);

  if (self->accept != NULL)
    {
      self->accept (connection, pipe, reservation, self->accept_data);
      return;
    }
  if (reservation != NULL)
    dms_p2p_pipe_reset (pipe, 0);
  dms_p2p_reservation_free (reservation);
}

static gboolean
dms_p2p_swarm_on_trim (gpointer user_data)
{
  g_autoptr (DmsP2pSwarm) self = g_object_ref (user_data);

  dms_p2p_swarm_clear_source (&self->trim);
  dms_p2p_swarm_trim (self);
  return G_SOURCE_REMOVE;
}

/* Closes connections beyond the high mark; those in their grace are looked at again when it is over. */
static void
dms_p2p_swarm_trim (DmsP2pSwarm *self)
{
  g_autoptr (GPtrArray) open = g_ptr_array_new ();
  g_autoptr (GPtrArray) chosen = NULL;

  for (guint i = 0; i < self->connections->len; i++)
    if (dms_p2p_connection_is_open (self->connections->pdata[i]))
      g_ptr_array_add (open, self->connections->pdata[i]);
  chosen = dms_p2p_trimmer_choose (self->trimmer, open, g_get_monotonic_time ());
  if (open->len - chosen->len > dms_p2p_trimmer_get_high (self->trimmer) && self->trim == NULL)
    {
      self->trim = g_timeout_source_new_seconds (MAX (dms_p2p_trimmer_get_grace_s (self->trimmer), 1));
      g_source_set_callback (self->trim, dms_p2p_swarm_on_trim, self, NULL);
      g_source_attach (self->trim, self->context);
    }
  for (guint i = 0; i < chosen->len; i++)
    dms_p2p_connection_close (chosen->pdata[i]);
}

/* Takes @upgraded, whose cookie is counted for its peer. Borrowed. */
static DmsP2pConnection *
dms_p2p_swarm_add_connection (DmsP2pSwarm *self, DmsP2pUpgraded *upgraded)
{
  DmsP2pConnection *connection = dms_p2p_connection_new (upgraded, self->limits);
  DmsPeerId *peer = dms_p2p_connection_get_peer_id (connection);
  GPtrArray *connections = g_hash_table_lookup (self->by_peer, peer);

  dms_p2p_connection_set_handlers (
      connection, dms_p2p_swarm_on_stream, dms_p2p_swarm_on_connection_closed, self);
  if (connections == NULL)
    {
      connections = g_ptr_array_new_with_free_func (g_object_unref);
      g_hash_table_insert (self->by_peer, dms_peer_id_ref (peer), connections);
    }
  g_ptr_array_add (self->connections, connection);
  g_ptr_array_add (connections, g_object_ref (connection));
  dms_p2p_swarm_sort (self, connections);
  if (connections->len > 1)
    dms_p2p_swarm_start_draining (self);
  dms_p2p_peer_store_note_connected (
      self->peers,
      peer,
      dms_p2p_connection_is_inbound (connection) ? NULL : dms_p2p_connection_get_remote (connection));
  return connection;
}

static void
dms_p2p_swarm_drop (DmsP2pUpgraded *upgraded)
{
  dms_p2p_muxer_close (upgraded->muxer, 0);
  dms_p2p_upgraded_free (upgraded);
}

static void
dms_p2p_swarm_on_accepted (DmsP2pUpgraded *upgraded, gpointer user_data)
{
  g_autoptr (DmsP2pSwarm) self = g_object_ref (user_data);
  DmsPeerId *peer = dms_p2p_public_key_get_peer_id (upgraded->key);
  g_autoptr (DmsP2pJoinedDial) dial = NULL;
  g_autoptr (DmsP2pConnection) connection = NULL;

  /* A transport without a gate of its own. */
  if (upgraded->cookie == NULL)
    dms_p2p_swarm_on_gate (upgraded->remote, &upgraded->cookie, &upgraded->cookie_free, self, NULL);
  if (self->is_closed || upgraded->cookie == NULL ||
      dms_peer_id_equal (peer, dms_p2p_identity_get_peer_id (self->identity)) ||
      !dms_p2p_reservation_set_peer (upgraded->cookie, peer, NULL))
    {
      dms_p2p_swarm_drop (upgraded);
      return;
    }
  connection = g_object_ref (dms_p2p_swarm_add_connection (self, upgraded));
  dms_p2p_swarm_notify (self, connection, TRUE);
  if (self->is_closed)
    return;
  dial = g_hash_table_lookup (self->dials, dms_p2p_connection_get_peer_id (connection));
  if (dial != NULL)
    g_object_ref (dial);
  if (dial != NULL && dms_p2p_connection_is_open (connection) &&
      !(dms_p2p_connection_is_limited (connection) && dms_p2p_joined_dial_is_direct (dial)))
    dms_p2p_joined_dial_answer (dial, connection);
  dms_p2p_swarm_trim (self);
}

void
dms_p2p_swarm_add_transport (DmsP2pSwarm *self, DmsP2pTransport *transport)
{
  dms_p2p_dialer_add_transport (self->dialer, transport);
  dms_p2p_transport_set_handlers (transport, dms_p2p_swarm_on_gate, dms_p2p_swarm_on_accepted, self);
}

void
dms_p2p_swarm_add_notify (DmsP2pSwarm *self, DmsP2pSwarmNotify notify, gpointer user_data)
{
  DmsP2pSwarmListener listener = { notify, user_data };

  g_array_append_val (self->listeners, listener);
}

void
dms_p2p_swarm_remove_notify (DmsP2pSwarm *self, DmsP2pSwarmNotify notify, gpointer user_data)
{
  for (guint i = 0; i < self->listeners->len; i++)
    {
      const DmsP2pSwarmListener *listener = &g_array_index (self->listeners, DmsP2pSwarmListener, i);

      if (listener->notify == notify && listener->user_data == user_data)
        {
          g_array_remove_index (self->listeners, i);
          return;
        }
    }
}

void
dms_p2p_swarm_set_accept (DmsP2pSwarm *self, DmsP2pConnectionAccept accept, gpointer user_data)
{
  self->accept = accept;
  self->accept_data = user_data;
}

/**
 * dms_p2p_swarm_listen:
 * @self: a swarm
 * @address: where, such as `/ip4/0.0.0.0/tcp/9000`; port 0 takes any that is free
 * @error: return location for what is in the way
 *
 * Returns: (transfer full) (nullable): the address with its real port
 */
DmsMultiaddr *
dms_p2p_swarm_listen (DmsP2pSwarm *self, DmsMultiaddr *address, GError **error)
{
  GPtrArray *transports = dms_p2p_dialer_get_transports (self->dialer);
  /* Port 0 is one to listen on, not one to dial. */
  g_autoptr (DmsMultiaddr) dialled = dms_p2p_address_dup_with_port (address);
  g_autoptr (GError) first = NULL;

  if (self->is_closed)
    {
      g_set_error_literal (
          error, DMS_ERROR, DMS_ERROR_WRONG_STATE, "this node is closing; it does not listen any more");
      return NULL;
    }
  for (guint i = 0; i < transports->len; i++)
    {
      g_autoptr (GError) local = NULL;
      DmsMultiaddr *bound = NULL;
      g_autoptr (GPtrArray) own = NULL;

      if (!dms_p2p_transport_can_dial (transports->pdata[i], dialled))
        continue;
      bound = dms_p2p_transport_listen (transports->pdata[i], address, &local);
      if (bound == NULL)
        {
          if (first == NULL && !g_error_matches (local, DMS_ERROR, DMS_ERROR_NOT_SUPPORTED))
            first = g_steal_pointer (&local);
          continue;
        }
      g_ptr_array_add (self->addresses, dms_multiaddr_ref (bound));
      own = dms_p2p_swarm_dup_listen_addresses (self);
      dms_p2p_dialer_set_own_addresses (self->dialer, own);
      return bound;
    }
  if (first == NULL)
    g_set_error (&first,
                 DMS_ERROR,
                 DMS_ERROR_NOT_SUPPORTED,
                 "no transport listens at %s; use /ip4/…/tcp/… or /ip4/…/udp/…/quic-v1",
                 dms_multiaddr_get_text (address));
  g_propagate_error (error, g_steal_pointer (&first));
  return NULL;
}

static void
dms_p2p_swarm_add_addresses (GPtrArray *list, GPtrArray *addresses)
{
  for (guint i = 0; i < addresses->len; i++)
    if (!g_ptr_array_find_with_equal_func (list, addresses->pdata[i], (GEqualFunc) dms_multiaddr_equal, NULL))
      g_ptr_array_add (list, dms_multiaddr_ref (addresses->pdata[i]));
}

GPtrArray *
dms_p2p_swarm_dup_listen_addresses (DmsP2pSwarm *self)
{
  GPtrArray *list = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_multiaddr_unref);

  for (guint i = 0; i < self->addresses->len; i++)
    dms_p2p_address_expand (self->addresses->pdata[i], list);
  dms_p2p_swarm_add_addresses (list, self->relay_addresses);
  dms_p2p_swarm_add_addresses (list, self->mapped_addresses);
  dms_p2p_swarm_add_addresses (list, self->confirmed_addresses);
  return list;
}

gboolean
dms_p2p_swarm_is_listening_at (DmsP2pSwarm *self, DmsMultiaddr *local)
{
  g_autoptr (GInetSocketAddress) socket = dms_multiaddr_dup_socket_address (local);

  for (guint i = 0; socket != NULL && i < self->addresses->len; i++)
    {
      g_autoptr (GInetSocketAddress) own = dms_multiaddr_dup_socket_address (self->addresses->pdata[i]);

      if (own != NULL && g_inet_socket_address_get_port (own) == g_inet_socket_address_get_port (socket) &&
          dms_p2p_address_is_quic (self->addresses->pdata[i]) == dms_p2p_address_is_quic (local))
        return TRUE;
    }
  return FALSE;
}

static void
dms_p2p_swarm_set_addresses (GPtrArray *list, GPtrArray *addresses)
{
  g_ptr_array_set_size (list, 0);
  dms_p2p_swarm_add_addresses (list, addresses);
}

void
dms_p2p_swarm_set_relay_addresses (DmsP2pSwarm *self, GPtrArray *addresses)
{
  dms_p2p_swarm_set_addresses (self->relay_addresses, addresses);
}

void
dms_p2p_swarm_set_mapped_addresses (DmsP2pSwarm *self, GPtrArray *addresses)
{
  dms_p2p_swarm_set_addresses (self->mapped_addresses, addresses);
}

void
dms_p2p_swarm_set_confirmed_addresses (DmsP2pSwarm *self, GPtrArray *addresses)
{
  dms_p2p_swarm_set_addresses (self->confirmed_addresses, addresses);
}

static DmsP2pConnection *
dms_p2p_swarm_on_dial_ended (DmsP2pJoinedDial *dial,
                             DmsP2pUpgraded *upgraded,
                             GError **error,
                             gpointer user_data)
{
  g_autoptr (DmsP2pSwarm) self = user_data;
  g_autoptr (DmsP2pConnection) connection = NULL;
  DmsPeerId *peer = dms_p2p_joined_dial_get_peer (dial);
  DmsP2pConnection *best = NULL;

  if (peer == NULL)
    g_ptr_array_remove (self->blind_dials, dial);
  else if (g_hash_table_lookup (self->dials, peer) == dial)
    g_hash_table_remove (self->dials, peer);
  if (upgraded == NULL)
    return NULL;
  if (!self->is_closed)
    {
      connection = g_object_ref (dms_p2p_swarm_add_connection (self, upgraded));
      dms_p2p_swarm_notify (self, connection, TRUE);
    }
  else
    dms_p2p_swarm_drop (upgraded);
  if (connection == NULL || self->is_closed || !dms_p2p_connection_is_open (connection))
    {
      g_set_error_literal (
          error, DMS_ERROR, DMS_ERROR_CANCELLED, "the connection was given up right after it was made");
      return NULL;
    }
  dms_p2p_swarm_trim (self);
  best = dms_p2p_swarm_find (self, dms_p2p_connection_get_peer_id (connection));
  return g_object_ref (best != NULL ? best : connection);
}

/* The peer that all addresses name, when they name one. */
static DmsPeerId *
dms_p2p_swarm_find_named (GPtrArray *addresses)
{
  g_autoptr (DmsPeerId) named = NULL;

  for (guint i = 0; i < addresses->len; i++)
    {
      g_autoptr (DmsPeerId) peer = dms_multiaddr_dup_peer_id (addresses->pdata[i]);

      if (peer == NULL || (named != NULL && !dms_peer_id_equal (named, peer)))
        return NULL;
      if (named == NULL)
        named = g_steal_pointer (&peer);
    }
  return g_steal_pointer (&named);
}

/* What keeps a dial from beginning; else NULL. */
static GError *
dms_p2p_swarm_find_fault (DmsP2pSwarm *self, DmsPeerId *peer, GPtrArray *addresses)
{
  if (self->is_closed)
    return g_error_new_literal (
        DMS_ERROR, DMS_ERROR_WRONG_STATE, "this node is closing; it does not connect any more");
  if (peer == NULL && addresses->len == 0)
    return g_error_new_literal (
        DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT, "to connect, name a peer, or an address, or both");
  if (peer != NULL && dms_peer_id_equal (peer, dms_p2p_identity_get_peer_id (self->identity)))
    return g_error_new (DMS_ERROR,
                        DMS_ERROR_INVALID_ARGUMENT,
                        "%s is this node itself; name another peer",
                        dms_peer_id_get_text (peer));
  return NULL;
}

static DmsP2pJoinedDial *
dms_p2p_swarm_begin_dial (DmsP2pSwarm *self, DmsPeerId *peer, gboolean is_direct)
{
  DmsP2pJoinedDial *dial = dms_p2p_joined_dial_new (
      self->dialer, peer, is_direct, dms_p2p_swarm_on_dial_ended, g_object_ref (self));

  if (peer != NULL)
    g_hash_table_replace (self->dials, dms_p2p_joined_dial_get_peer (dial), dial);
  else
    g_ptr_array_add (self->blind_dials, dial);
  return dial;
}

/**
 * dms_p2p_swarm_connect_async:
 * @self: a swarm
 * @peer: (nullable): whom; %NULL for whom @addresses name, or for whoever is there
 * @addresses: (nullable) (element-type DmsMultiaddr): where, besides what the peer store knows
 * @force: also try addresses that failed lately, and do not be content with a limited (relayed) connection:
 * dial the direct addresses
 * @trace: (nullable): is told of each step until @callback
 * @trace_data: its data
 * @cancellable: (nullable): gives up for this caller alone
 * @callback: told when there is a connection, or none
 * @user_data: its data
 *
 * Gives the connection there is, or dials. %DMS_ERROR_NOT_FOUND when no address is known; %DMS_ERROR_BUSY
 * when a limit of this host forbids it; otherwise the error lists each address and why it failed.
 */
void
dms_p2p_swarm_connect_async (DmsP2pSwarm *self,
                             DmsPeerId *peer,
                             GPtrArray *addresses,
                             gboolean force,
                             DmsP2pTrace trace,
                             gpointer trace_data,
                             GCancellable *cancellable,
                             GAsyncReadyCallback callback,
                             gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (self, NULL, callback, user_data);
  g_autoptr (GPtrArray) all = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_multiaddr_unref);
  g_autoptr (DmsPeerId) whom = NULL;
  g_autoptr (DmsP2pJoinedDial) dial = NULL;
  DmsP2pConnection *existing = NULL;
  GError *fault = NULL;
  gboolean is_new = FALSE;

  g_task_set_source_tag (task, dms_p2p_swarm_connect_async);
  for (guint i = 0; addresses != NULL && i < addresses->len; i++)
    g_ptr_array_add (all, dms_multiaddr_ref (addresses->pdata[i]));
  whom = peer != NULL ? dms_peer_id_ref (peer) : dms_p2p_swarm_find_named (all);
  fault = dms_p2p_swarm_find_fault (self, whom, all);
  if (fault != NULL)
    {
      g_task_return_error (task, fault);
      return;
    }
  existing = whom != NULL ? dms_p2p_swarm_find (self, whom) : NULL;
  if (existing != NULL && !(force && dms_p2p_connection_is_limited (existing)))
    {
      g_task_return_pointer (task, g_object_ref (existing), g_object_unref);
      return;
    }
  if (whom != NULL)
    {
      g_autoptr (GPtrArray) known = dms_p2p_peer_store_dup_addresses (self->peers, whom);

      g_ptr_array_extend_and_steal (all, g_steal_pointer (&known));
      dial = g_hash_table_lookup (self->dials, whom);
    }
  is_new = dial == NULL || dms_p2p_joined_dial_is_over (dial);
  dial = g_object_ref (is_new ? dms_p2p_swarm_begin_dial (self, whom, existing != NULL) : dial);
  dms_p2p_joined_dial_join (dial, task, all, force, trace, trace_data, cancellable);
  if (is_new)
    dms_p2p_joined_dial_start (dial);
}

DmsP2pConnection *
dms_p2p_swarm_connect_finish (DmsP2pSwarm *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

DmsP2pConnection *
dms_p2p_swarm_find (DmsP2pSwarm *self, DmsPeerId *peer)
{
  GPtrArray *connections = g_hash_table_lookup (self->by_peer, peer);

  if (connections == NULL)
    return NULL;
  if (connections->len > 1)
    dms_p2p_swarm_sort (self, connections);
  return dms_p2p_connection_is_open (connections->pdata[0]) ? connections->pdata[0] : NULL;
}

GPtrArray *
dms_p2p_swarm_list (DmsP2pSwarm *self)
{
  GPtrArray *list = g_ptr_array_new_with_free_func (g_object_unref);

  for (guint i = 0; i < self->connections->len; i++)
    if (dms_p2p_connection_is_open (self->connections->pdata[i]))
      g_ptr_array_add (list, g_object_ref (self->connections->pdata[i]));
  return list;
}

void
dms_p2p_swarm_disconnect (DmsP2pSwarm *self, DmsPeerId *peer)
{
  GPtrArray *connections = g_hash_table_lookup (self->by_peer, peer);
  g_autoptr (GPtrArray) copy = g_ptr_array_new_with_free_func (g_object_unref);

  for (guint i = 0; connections != NULL && i < connections->len; i++)
    g_ptr_array_add (copy, g_object_ref (connections->pdata[i]));
  for (guint i = 0; i < copy->len; i++)
    dms_p2p_connection_close (copy->pdata[i]);
}

void
dms_p2p_swarm_protect (DmsP2pSwarm *self, DmsPeerId *peer, const char *tag)
{
  dms_p2p_trimmer_protect (self->trimmer, peer, tag);
}

/* Whether another tag still protects it. */
gboolean
dms_p2p_swarm_unprotect (DmsP2pSwarm *self, DmsPeerId *peer, const char *tag)
{
  return dms_p2p_trimmer_unprotect (self->trimmer, peer, tag);
}

/* @weight 0 removes the tag. */
void
dms_p2p_swarm_tag (DmsP2pSwarm *self, DmsPeerId *peer, const char *tag, int weight)
{
  dms_p2p_trimmer_tag (self->trimmer, peer, tag, weight);
}

void
dms_p2p_swarm_set_water_marks (DmsP2pSwarm *self, guint low, guint high, guint grace_s)
{
  dms_p2p_trimmer_set_marks (self->trimmer, low, high, grace_s);
  dms_p2p_swarm_trim (self);
}

static void
dms_p2p_swarm_cancel_dials (DmsP2pSwarm *self)
{
  g_autoptr (GPtrArray) dials = g_ptr_array_new_with_free_func (g_object_unref);
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, self->dials);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    g_ptr_array_add (dials, g_object_ref (value));
  for (guint i = 0; i < self->blind_dials->len; i++)
    g_ptr_array_add (dials, g_object_ref (self->blind_dials->pdata[i]));
  for (guint i = 0; i < dials->len; i++)
    dms_p2p_joined_dial_cancel (dials->pdata[i]);
}

void
dms_p2p_swarm_close (DmsP2pSwarm *self)
{
  GPtrArray *transports = dms_p2p_dialer_get_transports (self->dialer);
  g_autoptr (GPtrArray) connections = NULL;

  if (self->is_closed)
    return;
  self->is_closed = TRUE;
  dms_p2p_swarm_clear_source (&self->drain);
  dms_p2p_swarm_clear_source (&self->trim);
  for (guint i = 0; i < transports->len; i++)
    {
      dms_p2p_transport_set_handlers (transports->pdata[i], NULL, NULL, NULL);
      dms_p2p_transport_close (transports->pdata[i]);
    }
  connections = g_steal_pointer (&self->connections);
  self->connections = g_ptr_array_new_with_free_func (g_object_unref);
  g_hash_table_remove_all (self->by_peer);
  g_hash_table_remove_all (self->idle);
  for (guint i = 0; i < connections->len; i++)
    {
      dms_p2p_connection_set_handlers (connections->pdata[i], NULL, NULL, NULL);
      dms_p2p_connection_close (connections->pdata[i]);
    }
  dms_p2p_swarm_cancel_dials (self);
}
