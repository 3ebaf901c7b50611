/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "tcp/dms-p2p-tcp-connect.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "io/dms-p2p-source.h"

typedef struct
{
  GInetSocketAddress *remote;
  GInetSocketAddress *local;
  GSocket *socket;
  GSource *ready;
  GSource *timeout;
  GSource *cancelled;
} DmsP2pTcpConnect;

static void
dms_p2p_tcp_connect_drop_socket (DmsP2pTcpConnect *self)
{
  dms_p2p_source_drop (&self->ready);
  if (self->socket != NULL)
    g_socket_close (self->socket, NULL);
  g_clear_object (&self->socket);
}

static void
dms_p2p_tcp_connect_free (gpointer data)
{
  DmsP2pTcpConnect *self = data;

  g_clear_object (&self->socket);
  g_clear_object (&self->remote);
  g_clear_object (&self->local);
  g_free (self);
}

/* Takes @task and @error; NULL when it is connected. */
static void
dms_p2p_tcp_connect_end (GTask *task, GError *error)
{
  DmsP2pTcpConnect *self = g_task_get_task_data (task);

  dms_p2p_source_drop (&self->ready);
  dms_p2p_source_drop (&self->timeout);
  dms_p2p_source_drop (&self->cancelled);
  if (error == NULL)
    {
      dms_p2p_tcp_tune (self->socket);
      g_task_return_pointer (task, g_steal_pointer (&self->socket), g_object_unref);
    }
  else
    {
      dms_p2p_tcp_connect_drop_socket (self);
      g_task_return_error (task, error);
    }
  g_object_unref (task);
}

static GError *
dms_p2p_tcp_connect_make_error (DmsP2pTcpConnect *self, int code)
{
  g_autofree char *text = g_socket_connectable_to_string (G_SOCKET_CONNECTABLE (self->remote));

  return g_error_new (DMS_ERROR,
                      code == ETIMEDOUT ? DMS_ERROR_TIMED_OUT : DMS_ERROR_UNAVAILABLE,
                      "cannot connect to %s: %s; is the peer up, and does nothing between filter the port?",
                      text,
                      g_strerror (code));
}

/* A port that is used to connect to itself answers: both ends are the one socket. */
static gboolean
dms_p2p_tcp_connect_met_itself (GSocket *socket)
{
  g_autoptr (GSocketAddress) local = g_socket_get_local_address (socket, NULL);
  g_autoptr (GSocketAddress) remote = g_socket_get_remote_address (socket, NULL);
  GInetSocketAddress *a = G_INET_SOCKET_ADDRESS (local);
  GInetSocketAddress *b = G_INET_SOCKET_ADDRESS (remote);

  return a != NULL && b != NULL && g_inet_socket_address_get_port (a) == g_inet_socket_address_get_port (b) &&
         g_inet_address_equal (g_inet_socket_address_get_address (a), g_inet_socket_address_get_address (b));
}

/* Not g_socket_bind(), which takes SO_REUSEPORT back. Returns 0, or the error of the system. */
static int
dms_p2p_tcp_connect_bind (DmsP2pTcpConnect *self)
{
  const int yes = 1;
  int fd = g_socket_get_fd (self->socket);
  struct sockaddr_storage native = { 0 };
  gssize size = g_socket_address_get_native_size (G_SOCKET_ADDRESS (self->local));

  setsockopt (fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  setsockopt (fd, SOL_SOCKET, SO_REUSEPORT, &yes, sizeof yes);
  if (size < 0 || !g_socket_address_to_native (G_SOCKET_ADDRESS (self->local), &native, sizeof native, NULL))
    return EADDRNOTAVAIL;
  return bind (fd, (struct sockaddr *) &native, (socklen_t) size) == 0 ? 0 : errno;
}

static gboolean dms_p2p_tcp_connect_on_ready (GSocket *socket, GIOCondition condition, gpointer user_data);

/* Begins to connect, from the local address as long as there is one. Returns 0, or the error of the system.
 */
static int
dms_p2p_tcp_connect_begin (GTask *task)
{
  DmsP2pTcpConnect *self = g_task_get_task_data (task);
  GSocketAddress *remote = G_SOCKET_ADDRESS (self->remote);
  struct sockaddr_storage native = { 0 };
  gssize size = g_socket_address_get_native_size (remote);

  dms_p2p_tcp_connect_drop_socket (self);
  self->socket =
      g_socket_new (g_socket_address_get_family (remote), G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, NULL);
  if (self->socket == NULL)
    return EMFILE;
  g_socket_set_blocking (self->socket, FALSE);
  if (self->local != NULL)
    {
      int code = dms_p2p_tcp_connect_bind (self);

      if (code != 0)
        return code;
    }
  if (size < 0 || !g_socket_address_to_native (remote, &native, sizeof native, NULL))
    return EAFNOSUPPORT;
  if (connect (g_socket_get_fd (self->socket), (struct sockaddr *) &native, (socklen_t) size) != 0 &&
      errno != EINPROGRESS)
    return errno;
  self->ready = g_socket_create_source (self->socket, G_IO_OUT, NULL);
  g_source_set_callback (self->ready, G_SOURCE_FUNC (dms_p2p_tcp_connect_on_ready), task, NULL);
  g_source_attach (self->ready, g_task_get_context (task));
  return 0;
}

/* Tries on without the local address, when that is to blame. Takes @task when that is over. */
static void
dms_p2p_tcp_connect_go_on (GTask *task, int code)
{
  DmsP2pTcpConnect *self = g_task_get_task_data (task);

  if (self->local != NULL &&
      (code == EADDRINUSE || code == EADDRNOTAVAIL || code == EACCES || code == EINVAL))
    {
      g_clear_object (&self->local);
      code = dms_p2p_tcp_connect_begin (task);
    }
  if (code != 0)
    dms_p2p_tcp_connect_end (task, dms_p2p_tcp_connect_make_error (self, code));
}

static gboolean
dms_p2p_tcp_connect_on_ready (GSocket *socket, GIOCondition condition, gpointer user_data)
{
  GTask *task = user_data;
  DmsP2pTcpConnect *self = g_task_get_task_data (task);
  int code = 0;
  socklen_t size = sizeof code;

  if (getsockopt (g_socket_get_fd (socket), SOL_SOCKET, SO_ERROR, &code, &size) != 0)
    code = errno;
  if (code == 0 && dms_p2p_tcp_connect_met_itself (socket))
    code = self->local != NULL ? EADDRINUSE : ECONNREFUSED;
  if (code == 0)
    dms_p2p_tcp_connect_end (task, NULL);
  else
    dms_p2p_tcp_connect_go_on (task, code);
  return G_SOURCE_REMOVE;
}

static gboolean
dms_p2p_tcp_connect_on_timeout (gpointer user_data)
{
  GTask *task = user_data;

  dms_p2p_tcp_connect_end (task, dms_p2p_tcp_connect_make_error (g_task_get_task_data (task), ETIMEDOUT));
  return G_SOURCE_REMOVE;
}

static gboolean
dms_p2p_tcp_connect_on_cancelled (GCancellable *cancellable, gpointer user_data)
{
  dms_p2p_tcp_connect_end (user_data,
                           g_error_new_literal (DMS_ERROR, DMS_ERROR_CANCELLED, "connecting was cancelled"));
  return G_SOURCE_REMOVE;
}

void
dms_p2p_tcp_connect_async (GInetSocketAddress *remote,
                           GInetSocketAddress *local,
                           GCancellable *cancellable,
                           GAsyncReadyCallback callback,
                           gpointer user_data)
{
  GTask *task = g_task_new (NULL, cancellable, callback, user_data);
  DmsP2pTcpConnect *self = g_new0 (DmsP2pTcpConnect, 1);

  self->remote = g_object_ref (remote);
  self->local = local != NULL ? g_object_ref (local) : NULL;
  g_task_set_task_data (task, self, dms_p2p_tcp_connect_free);
  g_task_set_source_tag (task, dms_p2p_tcp_connect_async);
  g_task_set_check_cancellable (task, FALSE);

  self->timeout = g_timeout_source_new_seconds (DMS_P2P_TCP_CONNECT_TIMEOUT_S);
  g_source_set_callback (self->timeout, dms_p2p_tcp_connect_on_timeout, task, NULL);
  g_source_attach (self->timeout, g_task_get_context (task));
  if (cancellable != NULL)
    {
      self->cancelled = g_cancellable_source_new (cancellable);
      g_source_set_callback (self->cancelled, G_SOURCE_FUNC (dms_p2p_tcp_connect_on_cancelled), task, NULL);
      g_source_attach (self->cancelled, g_task_get_context (task));
    }
  dms_p2p_tcp_connect_go_on (task, dms_p2p_tcp_connect_begin (task));
}

GSocket *
dms_p2p_tcp_connect_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

void
dms_p2p_tcp_tune (GSocket *socket)
{
  /* Messages here are whole when they are written: none waits for more of them. */
  g_socket_set_option (socket, IPPROTO_TCP, TCP_NODELAY, 1, NULL);
  g_socket_set_keepalive (socket, TRUE);
}
