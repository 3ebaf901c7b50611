/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "tcp/dms-p2p-tcp-listener.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "io/dms-p2p-source.h"
#include "tcp/dms-p2p-tcp-connect.h"

/* How many wait in the kernel; it takes net.core.somaxconn at most. */
#define DMS_P2P_TCP_BACKLOG 1024
/* How many are accepted before the main loop has its turn. */
#define DMS_P2P_TCP_ACCEPT_MAX 32
/* How long to wait when there are no descriptors, or no memory: the connections that wait in the kernel stay
 * readable, and asking for them all the time would burn a core. */
#define DMS_P2P_TCP_BACK_OFF_MIN_MS 50
#define DMS_P2P_TCP_BACK_OFF_MAX_MS 1600
/* How often that is said at most. */
#define DMS_P2P_TCP_WARN_US ((gint64) 60 * G_USEC_PER_SEC)

struct _DmsP2pTcpListener
{
  gatomicrefcount ref_count;
  GSocket *socket;
  GInetSocketAddress *address;
  GMainContext *context;
  GSource *source;
  guint back_off_ms;
  gint64 warned_us;
  DmsP2pTcpListenerAccept accept;
  gpointer user_data;
};

static void dms_p2p_tcp_listener_watch (DmsP2pTcpListener *self);

static void
dms_p2p_tcp_listener_unref (gpointer data)
{
  DmsP2pTcpListener *self = data;

  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_clear_object (&self->socket);
  g_clear_object (&self->address);
  g_clear_pointer (&self->context, g_main_context_unref);
  g_free (self);
}

static gboolean
dms_p2p_tcp_listener_on_back_off (gpointer user_data)
{
  dms_p2p_tcp_listener_watch (user_data);
  return G_SOURCE_REMOVE;
}

static void
dms_p2p_tcp_listener_back_off (DmsP2pTcpListener *self, int code)
{
  gint64 now_us = g_get_monotonic_time ();

  dms_p2p_source_drop (&self->source);
  if (self->warned_us == 0 || now_us - self->warned_us > DMS_P2P_TCP_WARN_US)
    {
      self->warned_us = now_us;
      g_warning ("cannot accept connections for now: %s; raise the limit, or allow fewer connections",
                 g_strerror (code));
    }
  self->back_off_ms = CLAMP (self->back_off_ms * 2, DMS_P2P_TCP_BACK_OFF_MIN_MS, DMS_P2P_TCP_BACK_OFF_MAX_MS);
  self->source = g_timeout_source_new (self->back_off_ms);
  g_source_set_callback (self->source, dms_p2p_tcp_listener_on_back_off, self, NULL);
  g_source_attach (self->source, self->context);
}

/* Accepts one. FALSE when there is none, for now. */
static gboolean
dms_p2p_tcp_listener_accept_one (DmsP2pTcpListener *self)
{
  g_autoptr (GError) error = NULL;
  GSocket *socket = NULL;
  int fd = accept4 (g_socket_get_fd (self->socket), NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

  if (fd < 0)
    {
      int code = errno;

      if (code == EMFILE || code == ENFILE || code == ENOBUFS || code == ENOMEM)
        dms_p2p_tcp_listener_back_off (self, code);
      /* All else is about the one connection, which is gone (accept(2), "Error handling"). */
      return code == EINTR || code == ECONNABORTED || code == EPROTO;
    }
  self->back_off_ms = 0;
  socket = g_socket_new_from_fd (fd, &error);
  if (socket == NULL)
    {
      close (fd);
      g_debug ("an accepted connection is of no use: %s", error->message);
      return TRUE;
    }
  g_socket_set_blocking (socket, FALSE);
  dms_p2p_tcp_tune (socket);
  self->accept (socket, self->user_data);
  return TRUE;
}

static gboolean
dms_p2p_tcp_listener_on_ready (GSocket *socket, GIOCondition condition, gpointer user_data)
{
  DmsP2pTcpListener *self = user_data;

  g_atomic_ref_count_inc (&self->ref_count);
  for (guint i = 0; i < DMS_P2P_TCP_ACCEPT_MAX && self->accept != NULL; i++)
    if (!dms_p2p_tcp_listener_accept_one (self))
      break;
  dms_p2p_tcp_listener_unref (self);
  return G_SOURCE_CONTINUE;
}

static void
dms_p2p_tcp_listener_watch (DmsP2pTcpListener *self)
{
  dms_p2p_source_drop (&self->source);
  self->source = g_socket_create_source (self->socket, G_IO_IN, NULL);
  g_source_set_callback (self->source, G_SOURCE_FUNC (dms_p2p_tcp_listener_on_ready), self, NULL);
  g_source_attach (self->source, self->context);
}

static gboolean
dms_p2p_tcp_listener_bind (DmsP2pTcpListener *self, GInetSocketAddress *address, GError **error)
{
  const int yes = 1;
  g_autofree char *text = g_socket_connectable_to_string (G_SOCKET_CONNECTABLE (address));
  g_autoptr (GError) failure = NULL;
  int fd = g_socket_get_fd (self->socket);

  /* Both families may listen on one port, each for itself. */
  if (g_socket_get_family (self->socket) == G_SOCKET_FAMILY_IPV6)
    setsockopt (fd, IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof yes);
  g_socket_set_listen_backlog (self->socket, DMS_P2P_TCP_BACKLOG);
  if (!g_socket_bind (self->socket, G_SOCKET_ADDRESS (address), TRUE, &failure) ||
      !g_socket_listen (self->socket, &failure))
    {
      gboolean taken = g_error_matches (failure, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE);

      g_set_error (error,
                   DMS_ERROR,
                   taken ? DMS_ERROR_ALREADY_EXISTS : DMS_ERROR_IO,
                   "cannot listen on TCP %s: %s",
                   text,
                   failure->message);
      return FALSE;
    }
  /* Only now: dials may begin at this port, but a second listener that is made like this one is told that it
   * is taken. */
  setsockopt (fd, SOL_SOCKET, SO_REUSEPORT, &yes, sizeof yes);
  self->address = G_INET_SOCKET_ADDRESS (g_socket_get_local_address (self->socket, &failure));
  if (self->address != NULL)
    return TRUE;
  g_set_error (error, DMS_ERROR, DMS_ERROR_IO, "cannot listen on TCP %s: %s", text, failure->message);
  return FALSE;
}

DmsP2pTcpListener *
dms_p2p_tcp_listener_new (GInetSocketAddress *address,
                          DmsP2pTcpListenerAccept accept,
                          gpointer user_data,
                          GError **error)
{
  g_autoptr (DmsP2pTcpListener) self = g_new0 (DmsP2pTcpListener, 1);
  g_autoptr (GError) failure = NULL;

  g_atomic_ref_count_init (&self->ref_count);
  self->accept = accept;
  self->user_data = user_data;
  self->context = g_main_context_ref_thread_default ();
  self->socket = g_socket_new (g_socket_address_get_family (G_SOCKET_ADDRESS (address)),
                               G_SOCKET_TYPE_STREAM,
                               G_SOCKET_PROTOCOL_TCP,
                               &failure);
  if (self->socket == NULL)
    {
      g_set_error (error,
                   DMS_ERROR,
                   DMS_ERROR_NO_RESOURCES,
                   "cannot make a socket to listen on: %s",
                   failure->message);
      return NULL;
    }
  g_socket_set_blocking (self->socket, FALSE);
  if (!dms_p2p_tcp_listener_bind (self, address, error))
    return NULL;
  dms_p2p_tcp_listener_watch (self);
  return g_steal_pointer (&self);
}

void
dms_p2p_tcp_listener_free (DmsP2pTcpListener *self)
{
  self->accept = NULL;
  dms_p2p_source_drop (&self->source);
  if (self->socket != NULL)
    g_socket_close (self->socket, NULL);
  dms_p2p_tcp_listener_unref (self);
}

GInetSocketAddress *
dms_p2p_tcp_listener_get_address (DmsP2pTcpListener *self)
{
  return self->address;
}
