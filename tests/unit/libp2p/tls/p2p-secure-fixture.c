/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "p2p-secure-fixture.h"

#include <sys/socket.h>

#include "io/dms-p2p-socket-pipe.h"
#include "noise/dms-p2p-noise.h"
#include "tls/dms-p2p-tls.h"

const P2pSecurity p2p_security_tls = {
  "tls",
  dms_p2p_tls_handshake_async,
  dms_p2p_tls_handshake_finish,
};
const P2pSecurity p2p_security_noise = {
  "noise",
  dms_p2p_noise_handshake_async,
  dms_p2p_noise_handshake_finish,
};

/* Longest that anything here takes on a busy machine; times DMS_TEST_PATIENCE. */
#define P2P_PATIENCE_S 60

static guint
get_patience_s (void)
{
  const char *factor = g_getenv ("DMS_TEST_PATIENCE");

  return P2P_PATIENCE_S * (factor != NULL ? (guint) MAX (1, g_ascii_strtoull (factor, NULL, 10)) : 1);
}

DmsP2pPipe *
p2p_pipe_of_fd (int fd)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocket) socket = g_socket_new_from_fd (fd, &error);

  g_assert_no_error (error);
  return dms_p2p_socket_pipe_new (socket);
}

void
p2p_socket_pair (DmsP2pPipe **first, DmsP2pPipe **second)
{
  int fds[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
  *first = p2p_pipe_of_fd (fds[0]);
  *second = p2p_pipe_of_fd (fds[1]);
}

void
p2p_end_init (P2pEnd *self, const P2pSecurity *security, DmsP2pPipe *raw)
{
  *self = (P2pEnd){ .security = security, .raw = raw, .identity = dms_p2p_identity_new_random () };
}

static void
on_over (GObject *source, GAsyncResult *result, gpointer user_data)
{
  P2pEnd *self = user_data;

  g_assert_false (self->is_over);
  self->secured = self->security->finish (result, &self->error);
  g_assert_true ((self->secured == NULL) == (self->error != NULL));
  self->is_over = TRUE;
}

void
p2p_end_start (P2pEnd *self, gboolean is_client)
{
  self->security->handshake (
      self->raw, self->identity, is_client, self->expected, self->muxers, self->cancellable, on_over, self);
}

void
p2p_end_clear (P2pEnd *self)
{
  g_clear_pointer (&self->secured, dms_p2p_secured_free);
  g_clear_pointer (&self->identity, dms_p2p_identity_unref);
  g_clear_pointer (&self->expected, dms_peer_id_unref);
  g_clear_object (&self->cancellable);
  g_clear_object (&self->raw);
  g_clear_error (&self->error);
}

static gboolean
on_impatient (gpointer user_data)
{
  g_error ("nothing has happened for %u s", get_patience_s ());
  return G_SOURCE_REMOVE;
}

void
p2p_run_until (const gboolean *done)
{
  guint source = g_timeout_add_seconds (get_patience_s (), on_impatient, NULL);

  while (!*done)
    g_main_context_iteration (NULL, TRUE);
  g_source_remove (source);
}

void
p2p_ends_run (P2pEnd *client, P2pEnd *server)
{
  p2p_end_start (client, TRUE);
  p2p_end_start (server, FALSE);
  p2p_run_until (&client->is_over);
  p2p_run_until (&server->is_over);
}

void
p2p_ends_secure (P2pEnd *client, P2pEnd *server, const P2pSecurity *security)
{
  DmsP2pPipe *pipes[2];

  p2p_socket_pair (&pipes[0], &pipes[1]);
  p2p_end_init (client, security, pipes[0]);
  p2p_end_init (server, security, pipes[1]);
  p2p_ends_run (client, server);
  g_assert_no_error (client->error);
  g_assert_no_error (server->error);
}

#define P2P_TYPE_SLOW_PIPE (p2p_slow_pipe_get_type ())
G_DECLARE_FINAL_TYPE (P2pSlowPipe, p2p_slow_pipe, P2P, SLOW_PIPE, DmsP2pPipe)

struct _P2pSlowPipe
{
  DmsP2pPipe parent_instance;

  DmsP2pPipe *below;
  gsize most;
  gsize n_read;
  gsize flip_at;
};

G_DEFINE_FINAL_TYPE (P2pSlowPipe, p2p_slow_pipe, DMS_TYPE_P2P_PIPE)

static gssize
p2p_slow_pipe_read (DmsP2pPipe *pipe, void *buffer, gsize size, GError **error)
{
  P2pSlowPipe *self = P2P_SLOW_PIPE (pipe);
  gssize n = dms_p2p_pipe_read (self->below, buffer, MIN (size, self->most), error);

  if (n <= 0)
    return n;
  if (self->flip_at >= self->n_read && self->flip_at - self->n_read < (gsize) n)
    ((guint8 *) buffer)[self->flip_at - self->n_read] ^= (guint8) (1 << self->flip_at % 8);
  self->n_read += (gsize) n;
  return n;
}

static gssize
p2p_slow_pipe_writev (DmsP2pPipe *pipe, const GOutputVector *vectors, gsize n_vectors, GError **error)
{
  P2pSlowPipe *self = P2P_SLOW_PIPE (pipe);

  return dms_p2p_pipe_write (self->below, vectors->buffer, MIN (vectors->size, self->most), error);
}

static gboolean
p2p_slow_pipe_shutdown_write (DmsP2pPipe *pipe, GError **error)
{
  return dms_p2p_pipe_shutdown_write (P2P_SLOW_PIPE (pipe)->below, error);
}

static void
p2p_slow_pipe_close (DmsP2pPipe *pipe)
{
  dms_p2p_pipe_close (P2P_SLOW_PIPE (pipe)->below);
}

static void
on_below (DmsP2pPipe *below, GIOCondition condition, gpointer user_data)
{
  dms_p2p_pipe_dispatch (user_data, condition);
}

static void
p2p_slow_pipe_want (DmsP2pPipe *pipe, GIOCondition condition)
{
  dms_p2p_pipe_want (P2P_SLOW_PIPE (pipe)->below, condition);
}

static void
p2p_slow_pipe_dispose (GObject *object)
{
  P2pSlowPipe *self = P2P_SLOW_PIPE (object);

  if (self->below != NULL)
    dms_p2p_pipe_set_handler (self->below, NULL, NULL);
  g_clear_object (&self->below);
  G_OBJECT_CLASS (p2p_slow_pipe_parent_class)->dispose (object);
}

static void
p2p_slow_pipe_class_init (P2pSlowPipeClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = p2p_slow_pipe_dispose;
  DMS_P2P_PIPE_CLASS (klass)->read = p2p_slow_pipe_read;
  DMS_P2P_PIPE_CLASS (klass)->writev = p2p_slow_pipe_writev;
  DMS_P2P_PIPE_CLASS (klass)->shutdown_write = p2p_slow_pipe_shutdown_write;
  DMS_P2P_PIPE_CLASS (klass)->close = p2p_slow_pipe_close;
  DMS_P2P_PIPE_CLASS (klass)->want = p2p_slow_pipe_want;
}

static void
p2p_slow_pipe_init (P2pSlowPipe *self)
{
}

/* Takes @below. */
DmsP2pPipe *
p2p_slow_pipe_new (DmsP2pPipe *below, gsize most)
{
  P2pSlowPipe *self = g_object_new (P2P_TYPE_SLOW_PIPE, NULL);

  self->below = below;
  self->most = most;
  self->flip_at = G_MAXSIZE;
  dms_p2p_pipe_set_handler (below, on_below, self);
  return DMS_P2P_PIPE (self);
}

void
p2p_slow_pipe_flip (DmsP2pPipe *pipe, gsize at)
{
  P2P_SLOW_PIPE (pipe)->flip_at = at;
}
