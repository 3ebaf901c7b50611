/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "io/dms-p2p-socket-pipe.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "io/dms-p2p-source.h"

/**
 * DmsP2pSocketPipe:
 *
 * A pipe over a connected socket of the stream kind.
 */
struct _DmsP2pSocketPipe
{
  DmsP2pPipe parent_instance;

  GSocket *socket;
  int fd;
  GSource *source;
};

G_DEFINE_FINAL_TYPE (DmsP2pSocketPipe, dms_p2p_socket_pipe, DMS_TYPE_P2P_PIPE)

static gssize
dms_p2p_socket_pipe_fail (const char *doing, int code, GError **error)
{
  if (code == EAGAIN || code == EINTR)
    return DMS_P2P_WOULD_BLOCK;
  g_set_error (error, DMS_ERROR, DMS_ERROR_IO, "%s a connection failed: %s", doing, g_strerror (code));
  return -1;
}

static gboolean
dms_p2p_socket_pipe_check_open (DmsP2pSocketPipe *self, GError **error)
{
  if (self->fd >= 0)
    return TRUE;
  g_set_error_literal (error, DMS_ERROR, DMS_ERROR_WRONG_STATE, "the connection is closed");
  return FALSE;
}

static gssize
dms_p2p_socket_pipe_read (DmsP2pPipe *pipe, void *buffer, gsize size, GError **error)
{
  DmsP2pSocketPipe *self = DMS_P2P_SOCKET_PIPE (pipe);
  gssize n = 0;

  if (!dms_p2p_socket_pipe_check_open (self, error))
    return -1;
  n = recv (self->fd, buffer, size, MSG_DONTWAIT);
  return n >= 0 ? n : dms_p2p_socket_pipe_fail ("reading from", errno, error);
}

static gssize
dms_p2p_socket_pipe_writev (DmsP2pPipe *pipe, const GOutputVector *vectors, gsize n_vectors, GError **error)
{
  DmsP2pSocketPipe *self = DMS_P2P_SOCKET_PIPE (pipe);
  /* A GOutputVector is laid out as a struct iovec (GOutputVector's documentation). */
  struct msghdr message = { .msg_iov = (struct iovec *) vectors, .msg_iovlen = MIN (n_vectors, 64) };
  gssize n = 0;

  if (!dms_p2p_socket_pipe_check_open (self, error))
    return -1;
  n = sendmsg (self->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
  return n >= 0 ? n : dms_p2p_socket_pipe_fail ("writing to", errno, error);
}

static gboolean
dms_p2p_socket_pipe_shutdown_write (DmsP2pPipe *pipe, GError **error)
{
  DmsP2pSocketPipe *self = DMS_P2P_SOCKET_PIPE (pipe);

  if (!dms_p2p_socket_pipe_check_open (self, error))
    return FALSE;
  if (shutdown (self->fd, SHUT_WR) == 0)
    return TRUE;
  dms_p2p_socket_pipe_fail ("half-closing", errno, error);
  return FALSE;
}

static void
dms_p2p_socket_pipe_close (DmsP2pPipe *pipe)
{
  DmsP2pSocketPipe *self = DMS_P2P_SOCKET_PIPE (pipe);

  dms_p2p_source_drop (&self->source);
  if (self->fd < 0)
    return;
  self->fd = -1;
  g_socket_close (self->socket, NULL);
}

static void
dms_p2p_socket_pipe_reset (DmsP2pPipe *pipe, guint64 code)
{
  DmsP2pSocketPipe *self = DMS_P2P_SOCKET_PIPE (pipe);
  const struct linger at_once = { 1, 0 };

  if (self->fd >= 0)
    setsockopt (self->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  dms_p2p_socket_pipe_close (pipe);
}

static gboolean
dms_p2p_socket_pipe_on_ready (GSocket *socket, GIOCondition condition, gpointer user_data)
{
  DmsP2pPipe *pipe = user_data;

  /* An error or a hang-up shows itself by reading, and by writing. */
  if (condition & (G_IO_ERR | G_IO_HUP | G_IO_NVAL))
    condition |= G_IO_IN | G_IO_OUT;
  dms_p2p_pipe_dispatch (pipe, condition);
  return G_SOURCE_CONTINUE;
}

static void
dms_p2p_socket_pipe_want (DmsP2pPipe *pipe, GIOCondition condition)
{
  DmsP2pSocketPipe *self = DMS_P2P_SOCKET_PIPE (pipe);

  dms_p2p_source_drop (&self->source);
  if (condition == 0 || self->fd < 0)
    return;
  self->source = g_socket_create_source (self->socket, condition, NULL);
  g_source_set_callback (self->source, G_SOURCE_FUNC (dms_p2p_socket_pipe_on_ready), self, NULL);
  g_source_attach (self->source, dms_p2p_pipe_get_context (pipe));
}

static void
dms_p2p_socket_pipe_dispose (GObject *object)
{
  DmsP2pSocketPipe *self = DMS_P2P_SOCKET_PIPE (object);

  dms_p2p_socket_pipe_close (DMS_P2P_PIPE (self));
  G_OBJECT_CLASS (dms_p2p_socket_pipe_parent_class)->dispose (object);
}

static void
dms_p2p_socket_pipe_finalize (GObject *object)
{
  DmsP2pSocketPipe *self = DMS_P2P_SOCKET_PIPE (object);

  g_clear_object (&self->socket);
  G_OBJECT_CLASS (dms_p2p_socket_pipe_parent_class)->finalize (object);
}

static void
dms_p2p_socket_pipe_class_init (DmsP2pSocketPipeClass *klass)
{
  DmsP2pPipeClass *pipe_class = DMS_P2P_PIPE_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = dms_p2p_socket_pipe_dispose;
  G_OBJECT_CLASS (klass)->finalize = dms_p2p_socket_pipe_finalize;
  pipe_class->read = dms_p2p_socket_pipe_read;
  pipe_class->writev = dms_p2p_socket_pipe_writev;
  pipe_class->shutdown_write = dms_p2p_socket_pipe_shutdown_write;
  pipe_class->close = dms_p2p_socket_pipe_close;
  pipe_class->reset = dms_p2p_socket_pipe_reset;
  pipe_class->want = dms_p2p_socket_pipe_want;
}

static void
dms_p2p_socket_pipe_init (DmsP2pSocketPipe *self)
{
  self->fd = -1;
}

/**
 * dms_p2p_socket_pipe_new:
 * @socket: a connected socket of the stream kind; the pipe closes it
 *
 * Returns: (transfer full): the pipe
 */
DmsP2pPipe *
dms_p2p_socket_pipe_new (GSocket *socket)
{
  DmsP2pSocketPipe *self = g_object_new (DMS_TYPE_P2P_SOCKET_PIPE, NULL);

  self->socket = g_object_ref (socket);
  self->fd = g_socket_get_fd (socket);
  g_socket_set_blocking (socket, FALSE);
  return DMS_P2P_PIPE (self);
}
