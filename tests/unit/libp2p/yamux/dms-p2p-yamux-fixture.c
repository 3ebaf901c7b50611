/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-p2p-yamux-fixture.h"

#include <sys/socket.h>

static void
on_accept (DmsP2pMuxer *session, DmsP2pPipe *pipe, gpointer user_data)
{
  DmsP2pYamuxSide *self = user_data;

  g_ptr_array_add (self->streams, g_object_ref (pipe));
}

static void
on_closed (DmsP2pMuxer *session, const GError *error, gpointer user_data)
{
  DmsP2pYamuxSide *self = user_data;

  g_assert_false (self->has_ended);
  self->has_ended = TRUE;
  self->error = error != NULL ? g_error_copy (error) : NULL;
}

static gboolean
on_memory (DmsP2pMuxer *session, gssize delta, gpointer user_data)
{
  DmsP2pYamuxSide *self = user_data;

  if (delta > 0 && self->memory + delta > self->memory_max)
    return FALSE;
  self->memory += delta;
  self->memory_peak = MAX (self->memory, self->memory_peak);
  g_assert_cmpint (self->memory, >=, 0);
  return TRUE;
}

void
dms_p2p_yamux_side_init (DmsP2pYamuxSide *self, DmsP2pPipe *pipe, gboolean is_client)
{
  *self = (DmsP2pYamuxSide){ 0 };
  self->streams = g_ptr_array_new_with_free_func (g_object_unref);
  self->memory_max = G_MAXINT64;
  self->session = dms_p2p_yamux_new (pipe, is_client);
  dms_p2p_muxer_set_handlers (self->session, on_accept, on_closed, on_memory, self);
}

void
dms_p2p_yamux_side_clear (DmsP2pYamuxSide *self)
{
  g_clear_pointer (&self->streams, g_ptr_array_unref);
  /* An end that is due keeps the session until it was told. */
  for (int i = 0; i < 8; i++)
    g_main_context_iteration (NULL, FALSE);
  if (self->session != NULL)
    g_assert_finalize_object (self->session);
  self->session = NULL;
  g_clear_error (&self->error);
}

/* Waits for a stream that the other side opens. */
DmsP2pPipe *
dms_p2p_yamux_side_take (DmsP2pYamuxSide *self)
{
  gint64 deadline = g_get_monotonic_time () + 30 * G_USEC_PER_SEC;

  while (self->streams->len == 0)
    {
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
      g_main_context_iteration (NULL, FALSE);
    }
  return g_ptr_array_steal_index (self->streams, 0);
}

void
dms_p2p_yamux_make_sockets (DmsP2pPipe **a, DmsP2pPipe **b)
{
  int fds[2];
  g_autoptr (GSocket) first = NULL;
  g_autoptr (GSocket) second = NULL;

  g_assert_no_errno (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds));
  first = g_socket_new_from_fd (fds[0], NULL);
  second = g_socket_new_from_fd (fds[1], NULL);
  *a = dms_p2p_socket_pipe_new (first);
  *b = dms_p2p_socket_pipe_new (second);
}

void
dms_p2p_yamux_make_pair (DmsP2pYamuxSide *client, DmsP2pYamuxSide *server)
{
  g_autoptr (DmsP2pPipe) a = NULL;
  g_autoptr (DmsP2pPipe) b = NULL;

  dms_p2p_yamux_make_sockets (&a, &b);
  dms_p2p_yamux_side_init (client, a, TRUE);
  dms_p2p_yamux_side_init (server, b, FALSE);
}

void
dms_p2p_yamux_wait_for (const gboolean *flag)
{
  gint64 deadline = g_get_monotonic_time () + 30 * G_USEC_PER_SEC;

  while (!*flag)
    {
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
      g_main_context_iteration (NULL, FALSE);
    }
}

/* At least so many turns as well: a busy machine may give the process no time in between. */
void
dms_p2p_yamux_wait_ms (guint ms)
{
  gint64 deadline = g_get_monotonic_time () + ms * G_GINT64_CONSTANT (1000);

  for (int turns = 0; turns < 64 || g_get_monotonic_time () < deadline; turns++)
    if (!g_main_context_iteration (NULL, FALSE) && turns >= 64)
      g_usleep (200);
}

GByteArray *
dms_p2p_yamux_read_some (DmsP2pPipe *pipe, gsize at_least)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  g_autoptr (GError) error = NULL;
  gint64 deadline = g_get_monotonic_time () + 30 * G_USEC_PER_SEC;
  guint8 buffer[4096];
  gssize n = DMS_P2P_WOULD_BLOCK;

  while (bytes->len < at_least)
    {
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
      n = dms_p2p_pipe_read (pipe, buffer, MIN (sizeof buffer, at_least - bytes->len), &error);
      if (n > 0)
        g_byte_array_append (bytes, buffer, (guint) n);
      else if (n == DMS_P2P_WOULD_BLOCK)
        g_main_context_iteration (NULL, FALSE);
      else
        break;
    }
  g_assert_no_error (error);
  return g_steal_pointer (&bytes);
}
