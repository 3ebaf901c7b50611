/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "quic/dms-p2p-quic.h"

#include <string.h>

#include "quic/dms-p2p-quic-private.h"

/**
 * DmsP2pQuic:
 *
 * QUIC v1 as a transport of libp2p. Each address that is listened on has one UDP socket, out of which dials
 * of its family go as well, so that peers, and NATs, see one port. Without one, dials of a family share an
 * unnamed socket.
 */
struct _DmsP2pQuic
{
  DmsP2pTransport parent_instance;

  DmsP2pIdentity *identity;
  DmsP2pQuicDoor *door;
  DmsP2pQuicSettings settings;
  GPtrArray *listeners;
  GHashTable *unnamed;
  /* Handshakes under way: DmsP2pQuicConnection → DmsP2pQuicAttempt. */
  GHashTable *attempts;
};

G_DEFINE_FINAL_TYPE (DmsP2pQuic, dms_p2p_quic, DMS_TYPE_P2P_TRANSPORT)

typedef struct
{
  DmsP2pQuic *transport;
  DmsP2pQuicConnection *connection;
  /* A dial: */
  GTask *task;
  DmsP2pTrace trace;
  gpointer trace_data;
  gint64 began_us;
  GSource *cancel;
  /* Or one who dialled: */
  gpointer cookie;
  GDestroyNotify cookie_free;
} DmsP2pQuicAttempt;

static void
dms_p2p_quic_attempt_free (DmsP2pQuicAttempt *attempt)
{
  if (attempt->cancel != NULL)
    g_source_destroy (attempt->cancel);
  g_clear_pointer (&attempt->cancel, g_source_unref);
  if (attempt->cookie != NULL && attempt->cookie_free != NULL)
    attempt->cookie_free (attempt->cookie);
  g_clear_object (&attempt->task);
  g_clear_object (&attempt->connection);
  g_free (attempt);
}

static DmsP2pUpgraded *
dms_p2p_quic_attempt_upgrade (DmsP2pQuicAttempt *attempt)
{
  DmsP2pUpgraded *upgraded = g_new0 (DmsP2pUpgraded, 1);

  upgraded->muxer = DMS_P2P_MUXER (g_object_ref (attempt->connection));
  upgraded->key = dms_p2p_public_key_ref (dms_p2p_quic_connection_get_key (attempt->connection));
  upgraded->local = dms_p2p_quic_connection_dup_address (attempt->connection, FALSE);
  upgraded->remote = dms_p2p_quic_connection_dup_address (attempt->connection, TRUE);
  upgraded->is_inbound = attempt->task == NULL;
  upgraded->security = "quic-v1";
  upgraded->muxer_protocol = "quic-v1";
  upgraded->cookie = g_steal_pointer (&attempt->cookie);
  upgraded->cookie_free = attempt->cookie_free;
  return upgraded;
}

static void
dms_p2p_quic_attempt_trace (DmsP2pQuicAttempt *attempt, const GError *error)
{
  if (attempt->trace != NULL)
    attempt->trace (
        "secure", "quic-v1", g_get_monotonic_time () - attempt->began_us, error, attempt->trace_data);
}

static void
dms_p2p_quic_on_ready (DmsP2pQuicConnection *connection, const GError *error, gpointer user_data)
{
  g_autoptr (DmsP2pQuic) self = g_object_ref (user_data);
  DmsP2pQuicAttempt *attempt = g_hash_table_lookup (self->attempts, connection);
  g_autoptr (DmsP2pUpgraded) upgraded = NULL;

  if (attempt == NULL)
    return;
  g_hash_table_steal (self->attempts, connection);
  if (error == NULL)
    upgraded = dms_p2p_quic_attempt_upgrade (attempt);
  dms_p2p_quic_attempt_trace (attempt, error);
  if (attempt->task == NULL && upgraded != NULL)
    dms_p2p_transport_emit_accepted (DMS_P2P_TRANSPORT (self), g_steal_pointer (&upgraded));
  else if (attempt->task != NULL && upgraded != NULL)
    g_task_return_pointer (
        attempt->task, g_steal_pointer (&upgraded), (GDestroyNotify) dms_p2p_upgraded_free);
  else if (attempt->task != NULL)
    g_task_return_error (attempt->task, g_error_copy (error));
  dms_p2p_quic_attempt_free (attempt);
}

/* Nothing comes of it. */
static void
dms_p2p_quic_attempt_fail (DmsP2pQuicAttempt *attempt, GError *error)
{
  g_autoptr (GError) owned = error;

  dms_p2p_quic_connection_give_up (attempt->connection);
  dms_p2p_quic_attempt_trace (attempt, owned);
  if (attempt->task != NULL)
    g_task_return_error (attempt->task, g_steal_pointer (&owned));
  dms_p2p_quic_attempt_free (attempt);
}

static gboolean
dms_p2p_quic_on_cancelled (GCancellable *cancellable, gpointer user_data)
{
  DmsP2pQuicAttempt *attempt = user_data;

  g_hash_table_steal (attempt->transport->attempts, attempt->connection);
  dms_p2p_quic_attempt_fail (attempt,
                             g_error_new_literal (DMS_ERROR, DMS_ERROR_CANCELLED, "the dial was given up"));
  return G_SOURCE_REMOVE;
}

static DmsP2pQuicAttempt *
dms_p2p_quic_add_attempt (DmsP2pQuic *self, DmsP2pQuicConnection *connection)
{
  DmsP2pQuicAttempt *attempt = g_new0 (DmsP2pQuicAttempt, 1);

  attempt->transport = self;
  attempt->connection = connection;
  attempt->began_us = g_get_monotonic_time ();
  dms_p2p_quic_connection_set_ready (connection, dms_p2p_quic_on_ready, self);
  g_hash_table_insert (self->attempts, connection, attempt);
  return attempt;
}

/* --- Listening ---------------------------------------------------------------------------------------- */

static DmsP2pQuicConnection *
dms_p2p_quic_on_visitor (DmsP2pQuicEndpoint *endpoint,
                         const ngtcp2_pkt_hd *header,
                         const ngtcp2_path *path,
                         const ngtcp2_cid *original,
                         gpointer user_data)
{
  DmsP2pQuic *self = user_data;
  g_autoptr (DmsMultiaddr) remote = dms_p2p_quic_make_address (&path->remote);
  DmsP2pCertificate *certificate = NULL;
  g_autoptr (GError) error = NULL;
  DmsP2pQuicConnection *connection = NULL;
  DmsP2pQuicAttempt *attempt = NULL;
  gpointer cookie = NULL;
  GDestroyNotify cookie_free = NULL;

  if (!dms_p2p_transport_ask_gate (DMS_P2P_TRANSPORT (self), remote, &cookie, &cookie_free, &error))
    return NULL;
  certificate = dms_p2p_certificate_get_for (self->identity, &error);
  if (certificate != NULL)
    connection = dms_p2p_quic_connection_new_server (
        endpoint, certificate, &self->settings, path, header, original, &error);
  if (connection == NULL)
    {
      g_debug ("no QUIC connection for %s: %s", dms_multiaddr_get_text (remote), error->message);
      if (cookie != NULL && cookie_free != NULL)
        cookie_free (cookie);
      return NULL;
    }
  attempt = dms_p2p_quic_add_attempt (self, connection);
  attempt->cookie = cookie;
  attempt->cookie_free = cookie_free;
  return connection;
}

/* `/ip4|ip6/…/udp/…/quic-v1`, and nothing else but the peer. */
static GInetSocketAddress *
dms_p2p_quic_read_address (DmsMultiaddr *address)
{
  g_autoptr (DmsMultiaddr) plain = dms_multiaddr_dup_without_peer_id (address);
  g_autoptr (GInetSocketAddress) socket_address = dms_multiaddr_dup_socket_address (plain);
  g_autofree char *second = NULL;
  g_autofree char *third = NULL;

  if (socket_address == NULL || dms_multiaddr_get_n_parts (plain) != 3)
    return NULL;
  second = dms_multiaddr_dup_part (plain, 1, NULL);
  third = dms_multiaddr_dup_part (plain, 2, NULL);
  return strcmp (second, "udp") == 0 && strcmp (third, "quic-v1") == 0 ? g_steal_pointer (&socket_address)
                                                                       : NULL;
}

/* There is no place in QUIC for the key of a private network. */
static gboolean
dms_p2p_quic_check_open_network (DmsP2pQuic *self, GError **error)
{
  if (dms_p2p_identity_get_network_key (self->identity) == NULL)
    return TRUE;
  g_set_error_literal (
      error, DMS_ERROR, DMS_ERROR_NOT_SUPPORTED, "a private network has no QUIC; use an address of TCP");
  return FALSE;
}

static DmsMultiaddr *
dms_p2p_quic_listen (DmsP2pTransport *transport, DmsMultiaddr *address, GError **error)
{
  DmsP2pQuic *self = DMS_P2P_QUIC (transport);
  g_autoptr (GInetSocketAddress) socket_address = dms_p2p_quic_read_address (address);
  g_autoptr (DmsP2pQuicEndpoint) endpoint = NULL;

  if (!dms_p2p_quic_check_open_network (self, error))
    return NULL;
  if (socket_address == NULL)
    {
      g_set_error (error,
                   DMS_ERROR,
                   DMS_ERROR_NOT_SUPPORTED,
                   "QUIC cannot listen on %s: it must be /ip4/…/udp/…/quic-v1 or /ip6/…/udp/…/quic-v1",
                   dms_multiaddr_get_text (address));
      return NULL;
    }
  endpoint = dms_p2p_quic_endpoint_new (socket_address, self->door, error);
  if (endpoint == NULL)
    return NULL;
  dms_p2p_quic_endpoint_set_visitor (endpoint, dms_p2p_quic_on_visitor, self);
  g_ptr_array_add (self->listeners, g_object_ref (endpoint));
  return dms_p2p_quic_make_address (
      dms_p2p_quic_socket_get_address (dms_p2p_quic_endpoint_get_socket (endpoint)));
}

static void
dms_p2p_quic_close (DmsP2pTransport *transport)
{
  DmsP2pQuic *self = DMS_P2P_QUIC (transport);
  g_autoptr (GHashTable) attempts = g_steal_pointer (&self->attempts);
  GHashTableIter iter;
  gpointer attempt = NULL;

  self->attempts = g_hash_table_new (NULL, NULL);
  for (guint i = 0; i < self->listeners->len; i++)
    dms_p2p_quic_endpoint_set_visitor (g_ptr_array_index (self->listeners, i), NULL, NULL);
  g_ptr_array_set_size (self->listeners, 0);
  g_hash_table_remove_all (self->unnamed);
  g_hash_table_iter_init (&iter, attempts);
  while (g_hash_table_iter_next (&iter, NULL, &attempt))
    dms_p2p_quic_attempt_fail (
        attempt, g_error_new_literal (DMS_ERROR, DMS_ERROR_CANCELLED, "the QUIC transport was closed"));
}

/* --- Dialling ----------------------------------------------------------------------------------------- */

static gboolean
dms_p2p_quic_can_dial (DmsP2pTransport *transport, DmsMultiaddr *address)
{
  g_autoptr (GInetSocketAddress) socket_address = dms_p2p_quic_read_address (address);

  return socket_address != NULL && g_inet_socket_address_get_port (socket_address) != 0 &&
         dms_p2p_quic_check_open_network (DMS_P2P_QUIC (transport), NULL);
}

/* A socket bound to one address reaches what that address reaches. */
static gboolean
dms_p2p_quic_reaches (DmsP2pQuicEndpoint *endpoint, GInetAddress *remote)
{
  const ngtcp2_addr *bound = dms_p2p_quic_socket_get_address (dms_p2p_quic_endpoint_get_socket (endpoint));
  g_autoptr (GSocketAddress) local = g_socket_address_new_from_native (bound->addr, bound->addrlen);
  GInetAddress *ip = g_inet_socket_address_get_address (G_INET_SOCKET_ADDRESS (local));

  if (g_inet_address_get_family (ip) != g_inet_address_get_family (remote))
    return FALSE;
  return g_inet_address_get_is_any (ip) ||
         g_inet_address_get_is_loopback (ip) == g_inet_address_get_is_loopback (remote);
}

static DmsP2pQuicEndpoint *
dms_p2p_quic_find_endpoint (DmsP2pQuic *self, GInetAddress *remote, GError **error)
{
  GSocketFamily family = g_inet_address_get_family (remote);
  g_autoptr (GInetAddress) any = NULL;
  g_autoptr (GSocketAddress) address = NULL;
  DmsP2pQuicEndpoint *endpoint = NULL;

  for (guint i = 0; i < self->listeners->len; i++)
    if (dms_p2p_quic_reaches (g_ptr_array_index (self->listeners, i), remote))
      return g_ptr_array_index (self->listeners, i);
  endpoint = g_hash_table_lookup (self->unnamed, GINT_TO_POINTER (family));
  if (endpoint != NULL)
    return endpoint;
  any = g_inet_address_new_any (family);
  address = g_inet_socket_address_new (any, 0);
  endpoint = dms_p2p_quic_endpoint_new (G_INET_SOCKET_ADDRESS (address), self->door, error);
  if (endpoint != NULL)
    g_hash_table_insert (self->unnamed, GINT_TO_POINTER (family), endpoint);
  return endpoint;
}

static DmsP2pQuicConnection *
dms_p2p_quic_begin_dial (DmsP2pQuic *self, DmsMultiaddr *address, DmsPeerId *expected, GError **error)
{
  g_autoptr (GInetSocketAddress) to = dms_p2p_quic_read_address (address);
  DmsP2pCertificate *certificate = NULL;
  DmsP2pQuicEndpoint *endpoint = NULL;
  ngtcp2_sockaddr_union local = { 0 };
  ngtcp2_sockaddr_union remote = { 0 };
  ngtcp2_path path = { { &local.sa, 0 }, { &remote.sa, 0 }, NULL };

  if (!dms_p2p_quic_check_open_network (self, error))
    return NULL;
  if (to == NULL || g_inet_socket_address_get_port (to) == 0)
    {
      g_set_error (error,
                   DMS_ERROR,
                   DMS_ERROR_INVALID_ARGUMENT,
                   "QUIC cannot dial %s: it must be /ip4/…/udp/…/quic-v1 or /ip6/…/udp/…/quic-v1",
                   dms_multiaddr_get_text (address));
      return NULL;
    }
  if (!g_socket_address_to_native (G_SOCKET_ADDRESS (to), &remote, sizeof remote, error))
    return NULL;
  path.remote.addrlen = (ngtcp2_socklen) g_socket_address_get_native_size (G_SOCKET_ADDRESS (to));
  path.local.addrlen = path.remote.addrlen;
  endpoint = dms_p2p_quic_find_endpoint (self, g_inet_socket_address_get_address (to), error);
  if (endpoint == NULL || !dms_p2p_quic_socket_find_local (
                              dms_p2p_quic_endpoint_get_socket (endpoint), &path.remote, &local, error))
    return NULL;
  certificate = dms_p2p_certificate_get_for (self->identity, error);
  if (certificate == NULL)
    return NULL;
  return dms_p2p_quic_connection_new_client (endpoint, certificate, &self->settings, &path, expected, error);
}

static void
dms_p2p_quic_dial_async (DmsP2pTransport *transport,
                         DmsMultiaddr *address,
                         DmsPeerId *expected,
                         DmsP2pTrace trace,
                         gpointer trace_data,
                         GCancellable *cancellable,
                         GAsyncReadyCallback callback,
                         gpointer user_data)
{
  DmsP2pQuic *self = DMS_P2P_QUIC (transport);
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);
  g_autoptr (GError) error = NULL;
  g_autoptr (GMainContext) context = g_main_context_ref_thread_default ();
  DmsP2pQuicConnection *connection = NULL;
  DmsP2pQuicAttempt *attempt = NULL;

  g_task_set_source_tag (task, dms_p2p_quic_dial_async);
  /* What was done must not be lost by a cancelling that came too late; ours is heeded below. */
  g_task_set_check_cancellable (task, FALSE);
  connection = dms_p2p_quic_begin_dial (self, address, expected, &error);
  if (connection == NULL)
    {
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }
  attempt = dms_p2p_quic_add_attempt (self, connection);
  attempt->task = g_steal_pointer (&task);
  attempt->trace = trace;
  attempt->trace_data = trace_data;
  if (cancellable == NULL)
    return;
  attempt->cancel = g_cancellable_source_new (cancellable);
  g_source_set_callback (attempt->cancel, G_SOURCE_FUNC (dms_p2p_quic_on_cancelled), attempt, NULL);
  g_source_attach (attempt->cancel, context);
}

static DmsP2pUpgraded *
dms_p2p_quic_dial_finish (DmsP2pTransport *transport, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, transport), NULL);
  return g_task_propagate_pointer (G_TASK (result), error);
}

/* --- The object --------------------------------------------------------------------------------------- */

static void
dms_p2p_quic_dispose (GObject *object)
{
  dms_p2p_quic_close (DMS_P2P_TRANSPORT (object));
  G_OBJECT_CLASS (dms_p2p_quic_parent_class)->dispose (object);
}

static void
dms_p2p_quic_finalize (GObject *object)
{
  DmsP2pQuic *self = DMS_P2P_QUIC (object);

  g_clear_pointer (&self->identity, dms_p2p_identity_unref);
  g_clear_pointer (&self->door, dms_p2p_quic_door_unref);
  g_clear_pointer (&self->listeners, g_ptr_array_unref);
  g_clear_pointer (&self->unnamed, g_hash_table_unref);
  g_clear_pointer (&self->attempts, g_hash_table_unref);
  G_OBJECT_CLASS (dms_p2p_quic_parent_class)->finalize (object);
}

static void
dms_p2p_quic_class_init (DmsP2pQuicClass *klass)
{
  DmsP2pTransportClass *transport_class = DMS_P2P_TRANSPORT_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = dms_p2p_quic_dispose;
  G_OBJECT_CLASS (klass)->finalize = dms_p2p_quic_finalize;
  transport_class->can_dial = dms_p2p_quic_can_dial;
  transport_class->dial_async = dms_p2p_quic_dial_async;
  transport_class->dial_finish = dms_p2p_quic_dial_finish;
  transport_class->listen = dms_p2p_quic_listen;
  transport_class->close = dms_p2p_quic_close;
}

static void
dms_p2p_quic_init (DmsP2pQuic *self)
{
  self->door = dms_p2p_quic_door_new ();
  dms_p2p_quic_settings_init (&self->settings);
  self->listeners = g_ptr_array_new_with_free_func (g_object_unref);
  self->unnamed = g_hash_table_new_full (NULL, NULL, NULL, g_object_unref);
  self->attempts = g_hash_table_new (NULL, NULL);
}

/**
 * dms_p2p_quic_new:
 * @identity: who we are
 *
 * Returns: (transfer full): a transport that does not listen yet
 */
DmsP2pTransport *
dms_p2p_quic_new (DmsP2pIdentity *identity)
{
  DmsP2pQuic *self = g_object_new (DMS_TYPE_P2P_QUIC, NULL);

  self->identity = dms_p2p_identity_ref (identity);
  dms_p2p_quic_door_set_identity (self->door, identity);
  return DMS_P2P_TRANSPORT (self);
}

DmsP2pQuicSettings *
dms_p2p_quic_get_settings (DmsP2pQuic *self)
{
  return &self->settings;
}

DmsP2pQuicEndpoint *
dms_p2p_quic_get_listener (DmsP2pQuic *self)
{
  return self->listeners->len > 0 ? g_ptr_array_index (self->listeners, 0) : NULL;
}

DmsP2pQuicDoor *
dms_p2p_quic_get_door (DmsP2pQuic *self)
{
  return self->door;
}
