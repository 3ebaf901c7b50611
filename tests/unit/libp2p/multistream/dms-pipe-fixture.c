/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-pipe-fixture.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "io/dms-p2p-socket-pipe.h"
#include "multistream/dms-p2p-multistream.h"

static DmsP2pPipe *
dms_pipe_fixture_make_pipe (int fd)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocket) socket = g_socket_new_from_fd (fd, &error);

  g_assert_no_error (error);
  return dms_p2p_socket_pipe_new (socket);
}

void
dms_pipe_fixture_init (DmsPipeFixture *self, int type)
{
  int fds[2];

  memset (self, 0, sizeof *self);
  g_assert_cmpint (socketpair (AF_UNIX, type | SOCK_CLOEXEC, 0, fds), ==, 0);
  self->pipe = dms_pipe_fixture_make_pipe (fds[0]);
  self->fd = fds[1];
}

void
dms_pipe_fixture_init_pair (DmsPipeFixture *self)
{
  dms_pipe_fixture_init (self, SOCK_STREAM);
  self->other = dms_pipe_fixture_make_pipe (self->fd);
  self->fd = -1;
}

void
dms_pipe_fixture_clear (DmsPipeFixture *self)
{
  g_clear_object (&self->pipe);
  g_clear_object (&self->other);
  g_clear_pointer (&self->protocol, g_free);
  g_clear_error (&self->error);
  if (self->fd >= 0)
    close (self->fd);
  self->fd = -1;
}

void
dms_pipe_fixture_iterate (void)
{
  while (g_main_context_iteration (NULL, FALSE))
    continue;
}

void
dms_pipe_fixture_wait (DmsPipeFixture *self)
{
  while (!self->is_done)
    g_main_context_iteration (NULL, TRUE);
}

void
dms_pipe_fixture_on_selected (GObject *source, GAsyncResult *result, gpointer user_data)
{
  DmsPipeFixture *self = user_data;

  g_assert_false (self->is_done);
  self->protocol = dms_p2p_multistream_select_finish (result, &self->error);
  self->is_done = TRUE;
}

void
dms_pipe_fixture_on_accepted (GObject *source, GAsyncResult *result, gpointer user_data)
{
  DmsPipeFixture *self = user_data;

  g_assert_false (self->is_done);
  self->protocol = dms_p2p_multistream_accept_finish (result, &self->error);
  self->is_done = TRUE;
}

void
dms_pipe_fixture_send (DmsPipeFixture *self, const void *data, gsize size)
{
  g_assert_cmpint (send (self->fd, data, size, MSG_NOSIGNAL), ==, (gssize) size);
}

void
dms_pipe_fixture_expect (DmsPipeFixture *self, const char *expected)
{
  char buffer[8192];
  gssize n = 0;

  dms_pipe_fixture_iterate ();
  n = recv (self->fd, buffer, sizeof buffer, MSG_DONTWAIT);
  if (expected[0] == '\0')
    {
      g_assert_cmpint (n, ==, -1);
      g_assert_cmpint (errno, ==, EAGAIN);
      return;
    }
  g_assert_cmpmem (buffer, MAX (n, 0), expected, strlen (expected));
}

void
dms_pipe_fixture_expect_eof (DmsPipeFixture *self)
{
  char byte = 0;

  dms_pipe_fixture_iterate ();
  g_assert_cmpint (recv (self->fd, &byte, 1, MSG_DONTWAIT), ==, 0);
}

static void
dms_pipe_fixture_on_readable (DmsP2pPipe *pipe, GIOCondition condition, gpointer user_data)
{
  gboolean *is_readable = user_data;

  *is_readable = TRUE;
  dms_p2p_pipe_want (pipe, 0);
}

char *
dms_pipe_fixture_read (DmsP2pPipe *pipe, gsize size, GError **error)
{
  g_autofree char *text = g_malloc0 (size + 1);
  gboolean is_readable = FALSE;
  gsize filled = 0;
  gssize n = 1;

  dms_p2p_pipe_set_handler (pipe, dms_pipe_fixture_on_readable, &is_readable);
  while (filled < size && n != 0)
    {
      n = dms_p2p_pipe_read (pipe, text + filled, size - filled, error);
      if (n == -1)
        return NULL;
      filled += n > 0 ? (gsize) n : 0;
      is_readable = n != DMS_P2P_WOULD_BLOCK;
      dms_p2p_pipe_want (pipe, is_readable ? 0 : G_IO_IN);
      while (!is_readable)
        g_main_context_iteration (NULL, TRUE);
    }
  dms_p2p_pipe_set_handler (pipe, NULL, NULL);
  return g_steal_pointer (&text);
}
