/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "tcp/dms-p2p-tcp.h"

#include "io/dms-p2p-socket-pipe.h"
#include "tcp/dms-p2p-tcp-connect.h"
#include "tcp/dms-p2p-tcp-listener.h"
#include "tcp/dms-p2p-upgrader.h"

/**
 * DmsP2pTcp:
 *
 * The TCP transport. Dials begin at a port this host listens on, where they can. Lives in the main context
 * that made it.
 */
struct _DmsP2pTcp
{
  DmsP2pTransport parent_instance;

  DmsP2pUpgrader *upgrader;
  GPtrArray *listeners;
  guint n_accepting;
  /* Ends all dials and handshakes, when the transport is closed. */
  GCancellable *closed;
};

G_DEFINE_FINAL_TYPE (DmsP2pTcp, dms_p2p_tcp, DMS_TYPE_P2P_TRANSPORT)

/* How many inbound connections may be under way to be ready, whatever the gate says. */
#define DMS_P2P_TCP_MAX_ACCEPTING 1024
/* How many addresses one host listens on. */
#define DMS_P2P_TCP_MAX_LISTENERS 64

/* One dial. */
typedef struct
{
  GInetSocketAddress *socket_address;
  DmsMultiaddr *remote;
  DmsMultiaddr *local;
  DmsPeerId *expected;
  DmsP2pTrace trace;
  gpointer trace_data;
  guint attempt;
  gint64 begun_us;
  GCancellable *inner;
  GCancellable *outer;
  gulong outer_id;
  GCancellable *closed;
  gulong closed_id;
} DmsP2pTcpDial;

/* One inbound connection that is not ready yet. */
typedef struct
{
  DmsP2pTcp *tcp;
  DmsMultiaddr *local;
  DmsMultiaddr *remote;
  /* Who it has to be; NULL for anybody. */
  DmsPeerId *expected;
  gpointer cookie;
  GDestroyNotify cookie_free;
} DmsP2pTcpInbound;

static void dms_p2p_tcp_dial_connect (GTask *task);

static void
dms_p2p_tcp_dial_free (gpointer data)
{
  DmsP2pTcpDial *self = data;

  if (self->outer_id != 0)
    g_cancellable_disconnect (self->outer, self->outer_id);
  if (self->closed_id != 0)
    g_cancellable_disconnect (self->closed, self->closed_id);
  g_clear_object (&self->outer);
  g_clear_object (&self->closed);
  g_clear_object (&self->inner);
  g_clear_object (&self->socket_address);
  g_clear_pointer (&self->remote, dms_multiaddr_unref);
  g_clear_pointer (&self->local, dms_multiaddr_unref);
  g_clear_pointer (&self->expected, dms_peer_id_unref);
  g_free (self);
}

static gboolean
dms_p2p_tcp_can_dial (DmsP2pTransport *transport, DmsMultiaddr *address)
{
  g_autoptr (DmsMultiaddr) bare = dms_multiaddr_dup_without_peer_id (address);
  g_autoptr (GInetSocketAddress) socket_address = NULL;

  /* Nothing behind the port: neither WebSocket nor a relay. */
  if (bare == NULL || dms_multiaddr_get_n_parts (bare) != 2 || !dms_multiaddr_has_part (bare, "tcp"))
    return FALSE;
  socket_address = dms_multiaddr_dup_socket_address (bare);
  return socket_address != NULL && g_inet_socket_address_get_port (socket_address) != 0;
}

static DmsMultiaddr *
dms_p2p_tcp_make_address (GSocketAddress *address)
{
  if (address == NULL || !G_IS_INET_SOCKET_ADDRESS (address))
    return NULL;
  return dms_multiaddr_new_for_socket_address (G_INET_SOCKET_ADDRESS (address), "tcp");
}

static DmsMultiaddr *
dms_p2p_tcp_make_local (GSocket *socket)
{
  g_autoptr (GSocketAddress) address = g_socket_get_local_address (socket, NULL);

  return dms_p2p_tcp_make_address (address);
}

static DmsMultiaddr *
dms_p2p_tcp_make_remote (GSocket *socket)
{
  g_autoptr (GSocketAddress) address = g_socket_get_remote_address (socket, NULL);

  return dms_p2p_tcp_make_address (address);
}

static gboolean
dms_p2p_tcp_is_loopback (GInetSocketAddress *address)
{
  return g_inet_address_get_is_loopback (g_inet_socket_address_get_address (address));
}

/* From where to dial @remote: where this host listens in its family; NULL for anywhere. On the loopback it
 * would be of no use: there is no NAT, and the port might be dialling itself. */
static GInetSocketAddress *
dms_p2p_tcp_choose_local (DmsP2pTcp *self, GInetSocketAddress *remote)
{
  GInetAddress *to = g_inet_socket_address_get_address (remote);

  for (guint i = 0; i < self->listeners->len && !g_inet_address_get_is_loopback (to); i++)
    {
      GInetSocketAddress *address = dms_p2p_tcp_listener_get_address (self->listeners->pdata[i]);
      GInetAddress *from = g_inet_socket_address_get_address (address);

      if (g_inet_address_get_family (from) == g_inet_address_get_family (to) &&
          !g_inet_address_get_is_loopback (from))
        return address;
    }
  return NULL;
}

/* Takes @task. */
static void
dms_p2p_tcp_dial_on_upgraded (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GTask *task = user_data;
  DmsP2pTcpDial *self = g_task_get_task_data (task);
  DmsP2pTcp *tcp = g_task_get_source_object (task);
  GError *error = NULL;
  DmsP2pUpgraded *upgraded = dms_p2p_upgrader_finish (result, &error);

  if (upgraded == NULL && dms_p2p_upgrader_may_retry (tcp->upgrader, self->attempt, error))
    {
      /* What was sent on with the proposal cannot be taken back. */
      g_clear_error (&error);
      self->attempt++;
      dms_p2p_tcp_dial_connect (task);
      return;
    }
  if (upgraded == NULL)
    g_task_return_error (task, error);
  else
    {
      upgraded->local = g_steal_pointer (&self->local);
      upgraded->remote = dms_multiaddr_ref (self->remote);
      g_task_return_pointer (task, upgraded, (GDestroyNotify) dms_p2p_upgraded_free);
    }
  g_object_unref (task);
}

static void
dms_p2p_tcp_dial_on_connected (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GTask *task = user_data;
  DmsP2pTcpDial *self = g_task_get_task_data (task);
  DmsP2pTcp *tcp = g_task_get_source_object (task);
  GError *error = NULL;
  g_autoptr (GSocket) socket = dms_p2p_tcp_connect_finish (result, &error);
  g_autoptr (DmsP2pPipe) raw = NULL;
  g_autofree char *text = g_socket_connectable_to_string (G_SOCKET_CONNECTABLE (self->socket_address));

  if (self->trace != NULL)
    self->trace ("connect", text, g_get_monotonic_time () - self->begun_us, error, self->trace_data);
  if (socket == NULL)
    {
      g_task_return_error (task, error);
      g_object_unref (task);
      return;
    }
  g_clear_pointer (&self->local, dms_multiaddr_unref);
  self->local = dms_p2p_tcp_make_local (socket);
  raw = dms_p2p_socket_pipe_new (socket);
  dms_p2p_upgrader_dial_async (tcp->upgrader,
                               raw,
                               self->attempt,
                               self->expected,
                               self->trace,
                               self->trace_data,
                               self->inner,
                               dms_p2p_tcp_dial_on_upgraded,
                               task);
}

static void
dms_p2p_tcp_dial_connect (GTask *task)
{
  DmsP2pTcpDial *self = g_task_get_task_data (task);
  DmsP2pTcp *tcp = g_task_get_source_object (task);

  self->begun_us = g_get_monotonic_time ();
  dms_p2p_tcp_connect_async (self->socket_address,
                             dms_p2p_tcp_choose_local (tcp, self->socket_address),
                             self->inner,
                             dms_p2p_tcp_dial_on_connected,
                             task);
}

static void
dms_p2p_tcp_dial_on_cancelled (GCancellable *cancellable, gpointer user_data)
{
  g_cancellable_cancel (user_data);
}

static void
dms_p2p_tcp_dial_async (DmsP2pTransport *transport,
                        DmsMultiaddr *address,
                        DmsPeerId *expected,
                        DmsP2pTrace trace,
                        gpointer trace_data,
                        GCancellable *cancellable,
                        GAsyncReadyCallback callback,
                        gpointer user_data)
{
  DmsP2pTcp *tcp = DMS_P2P_TCP (transport);
  GTask *task = g_task_new (transport, NULL, callback, user_data);
  DmsP2pTcpDial *self = g_new0 (DmsP2pTcpDial, 1);

  g_task_set_source_tag (task, dms_p2p_tcp_dial_async);
  g_task_set_task_data (task, self, dms_p2p_tcp_dial_free);
  if (!dms_p2p_tcp_can_dial (transport, address))
    {
      g_task_return_new_error (task,
                               DMS_ERROR,
                               DMS_ERROR_NOT_SUPPORTED,
                               "%s is not an address of TCP",
                               dms_multiaddr_get_text (address));
      g_object_unref (task);
      return;
    }
  self->remote = dms_multiaddr_dup_without_peer_id (address);
  self->socket_address = dms_multiaddr_dup_socket_address (self->remote);
  self->expected = expected != NULL ? dms_peer_id_ref (expected) : dms_multiaddr_dup_peer_id (address);
  self->trace = trace;
  self->trace_data = trace_data;
  self->inner = g_cancellable_new ();
  self->closed = g_object_ref (tcp->closed);
  self->closed_id = g_cancellable_connect (
      tcp->closed, G_CALLBACK (dms_p2p_tcp_dial_on_cancelled), g_object_ref (self->inner), g_object_unref);
  if (cancellable != NULL)
    {
      self->outer = g_object_ref (cancellable);
      self->outer_id = g_cancellable_connect (cancellable,
                                              G_CALLBACK (dms_p2p_tcp_dial_on_cancelled),
                                              g_object_ref (self->inner),
                                              g_object_unref);
    }
  dms_p2p_tcp_dial_connect (task);
}

static DmsP2pUpgraded *
dms_p2p_tcp_dial_finish (DmsP2pTransport *transport, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
dms_p2p_tcp_inbound_free (DmsP2pTcpInbound *self)
{
  if (self->cookie != NULL && self->cookie_free != NULL)
    self->cookie_free (self->cookie);
  g_clear_pointer (&self->local, dms_multiaddr_unref);
  g_clear_pointer (&self->remote, dms_multiaddr_unref);
  g_clear_pointer (&self->expected, dms_peer_id_unref);
  g_clear_object (&self->tcp);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsP2pTcpInbound, dms_p2p_tcp_inbound_free)

static void
dms_p2p_tcp_on_accepted (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DmsP2pTcpInbound) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsP2pUpgraded) upgraded = dms_p2p_upgrader_finish (result, &error);

  self->tcp->n_accepting--;
  if (upgraded == NULL)
    {
      g_debug ("a connection from %s did not get ready: %s",
               dms_multiaddr_get_text (self->remote),
               error->message);
      return;
    }
  if (self->expected != NULL &&
      !dms_peer_id_equal (dms_p2p_public_key_get_peer_id (upgraded->key), self->expected))
    {
      dms_p2p_muxer_close (upgraded->muxer, 0);
      return;
    }
  upgraded->local = g_steal_pointer (&self->local);
  upgraded->remote = g_steal_pointer (&self->remote);
  upgraded->cookie = g_steal_pointer (&self->cookie);
  upgraded->cookie_free = self->cookie_free;
  if (!g_cancellable_is_cancelled (self->tcp->closed))
    dms_p2p_transport_emit_accepted (DMS_P2P_TRANSPORT (self->tcp), g_steal_pointer (&upgraded));
}

/* Ends a connection that nothing was spent on, and leaves nothing of it behind. */
static void
dms_p2p_tcp_refuse (DmsP2pPipe *raw, const char *why)
{
  g_debug ("a connection is refused: %s", why);
  dms_p2p_pipe_reset (raw, 0);
}

/* Takes @inbound. */
static void
dms_p2p_tcp_take_socket (DmsP2pTcp *self, GSocket *socket, DmsP2pTcpInbound *owned)
{
  g_autoptr (DmsP2pTcpInbound) inbound = owned;
  g_autoptr (DmsP2pPipe) raw = dms_p2p_socket_pipe_new (socket);
  g_autoptr (GError) error = NULL;

  if (inbound->tcp == NULL)
    inbound->tcp = g_object_ref (self);
  inbound->remote = dms_p2p_tcp_make_remote (socket);
  inbound->local = dms_p2p_tcp_make_local (socket);
  if (inbound->remote == NULL || inbound->local == NULL)
    {
      dms_p2p_tcp_refuse (raw, "it has gone already");
      return;
    }
  if (self->n_accepting >= DMS_P2P_TCP_MAX_ACCEPTING)
    {
      dms_p2p_tcp_refuse (raw, "too many are on their way");
      return;
    }
  if (!dms_p2p_transport_ask_gate (
          DMS_P2P_TRANSPORT (self), inbound->remote, &inbound->cookie, &inbound->cookie_free, &error))
    {
      dms_p2p_tcp_refuse (raw, error != NULL ? error->message : "by the gate");
      return;
    }
  self->n_accepting++;
  dms_p2p_upgrader_accept_async (
      self->upgrader, raw, self->closed, dms_p2p_tcp_on_accepted, g_steal_pointer (&inbound));
}

static void
dms_p2p_tcp_on_socket (GSocket *socket, gpointer user_data)
{
  g_autoptr (GSocket) owned = socket;

  dms_p2p_tcp_take_socket (user_data, socket, g_new0 (DmsP2pTcpInbound, 1));
}

static void
dms_p2p_tcp_on_punched (GObject *source, GAsyncResult *result, gpointer user_data)
{
  DmsP2pTcpInbound *inbound = user_data;
  g_autoptr (DmsP2pTcp) self = g_object_ref (inbound->tcp);
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocket) socket = dms_p2p_tcp_connect_finish (result, &error);

  if (socket != NULL)
    dms_p2p_tcp_take_socket (self, socket, inbound);
  else
    dms_p2p_tcp_inbound_free (inbound);
  if (error != NULL)
    g_debug ("no way was opened: %s", error->message);
}

void
dms_p2p_tcp_punch (DmsP2pTcp *self, DmsMultiaddr *address, DmsPeerId *peer)
{
  g_autoptr (GInetSocketAddress) remote = dms_p2p_tcp_can_dial (DMS_P2P_TRANSPORT (self), address)
                                              ? dms_multiaddr_dup_socket_address (address)
                                              : NULL;
  GInetSocketAddress *local = remote != NULL ? dms_p2p_tcp_choose_local (self, remote) : NULL;
  DmsP2pTcpInbound *inbound = NULL;

  /* From anywhere else it is of no use. */
  if (remote == NULL || (local == NULL && !dms_p2p_tcp_is_loopback (remote)))
    return;
  inbound = g_new0 (DmsP2pTcpInbound, 1);
  inbound->tcp = g_object_ref (self);
  inbound->expected = dms_peer_id_ref (peer);
  dms_p2p_tcp_connect_async (remote, local, self->closed, dms_p2p_tcp_on_punched, inbound);
}

static DmsMultiaddr *
dms_p2p_tcp_listen (DmsP2pTransport *transport, DmsMultiaddr *address, GError **error)
{
  DmsP2pTcp *self = DMS_P2P_TCP (transport);
  g_autoptr (GInetSocketAddress) socket_address = dms_multiaddr_dup_socket_address (address);
  DmsP2pTcpListener *listener = NULL;

  if (socket_address == NULL || dms_multiaddr_get_n_parts (address) != 2 ||
      !dms_multiaddr_has_part (address, "tcp"))
    {
      g_set_error (error,
                   DMS_ERROR,
                   DMS_ERROR_NOT_SUPPORTED,
                   "TCP cannot listen on %s; use an address such as /ip4/0.0.0.0/tcp/9000",
                   dms_multiaddr_get_text (address));
      return NULL;
    }
  if (g_cancellable_is_cancelled (self->closed) || self->listeners->len >= DMS_P2P_TCP_MAX_LISTENERS)
    {
      g_set_error_literal (
          error, DMS_ERROR, DMS_ERROR_WRONG_STATE, "TCP listens on 64 addresses already, or has been closed");
      return NULL;
    }
  listener = dms_p2p_tcp_listener_new (socket_address, dms_p2p_tcp_on_socket, self, error);
  if (listener == NULL)
    return NULL;
  g_ptr_array_add (self->listeners, listener);
  return dms_multiaddr_new_for_socket_address (dms_p2p_tcp_listener_get_address (listener), "tcp");
}

static void
dms_p2p_tcp_close (DmsP2pTransport *transport)
{
  DmsP2pTcp *self = DMS_P2P_TCP (transport);

  g_ptr_array_set_size (self->listeners, 0);
  g_cancellable_cancel (self->closed);
}

static void
dms_p2p_tcp_dispose (GObject *object)
{
  dms_p2p_tcp_close (DMS_P2P_TRANSPORT (object));
  G_OBJECT_CLASS (dms_p2p_tcp_parent_class)->dispose (object);
}

static void
dms_p2p_tcp_finalize (GObject *object)
{
  DmsP2pTcp *self = DMS_P2P_TCP (object);

  g_clear_pointer (&self->upgrader, dms_p2p_upgrader_unref);
  g_clear_pointer (&self->listeners, g_ptr_array_unref);
  g_clear_object (&self->closed);
  G_OBJECT_CLASS (dms_p2p_tcp_parent_class)->finalize (object);
}

static void
dms_p2p_tcp_class_init (DmsP2pTcpClass *klass)
{
  DmsP2pTransportClass *transport_class = DMS_P2P_TRANSPORT_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = dms_p2p_tcp_dispose;
  G_OBJECT_CLASS (klass)->finalize = dms_p2p_tcp_finalize;
  transport_class->can_dial = dms_p2p_tcp_can_dial;
  transport_class->dial_async = dms_p2p_tcp_dial_async;
  transport_class->dial_finish = dms_p2p_tcp_dial_finish;
  transport_class->listen = dms_p2p_tcp_listen;
  transport_class->close = dms_p2p_tcp_close;
}

static void
dms_p2p_tcp_init (DmsP2pTcp *self)
{
  self->listeners = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_p2p_tcp_listener_free);
  self->closed = g_cancellable_new ();
}

/**
 * dms_p2p_tcp_new:
 * @identity: who this host is
 * @securities: (nullable): the security protocols, best first; those there are not are said in the log and
 * left out
 *
 * Returns: (transfer full): the transport
 */
DmsP2pTransport *
dms_p2p_tcp_new (DmsP2pIdentity *identity, const char *const *securities)
{
  DmsP2pTcp *self = g_object_new (DMS_TYPE_P2P_TCP, NULL);
  g_autoptr (GError) error = NULL;

  self->upgrader = dms_p2p_upgrader_new (identity, securities, &error);
  if (self->upgrader == NULL)
    {
      g_warning ("%s; all there are take its place", error->message);
      self->upgrader = dms_p2p_upgrader_new (identity, NULL, NULL);
    }
  return DMS_P2P_TRANSPORT (self);
}
