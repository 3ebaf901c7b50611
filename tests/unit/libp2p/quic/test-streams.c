/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <string.h>

#include "dms-quic-fixture.h"
#include "quic/dms-p2p-quic-clock.h"
#include "quic/dms-p2p-quic-connection-private.h"
#include "quic/dms-p2p-quic-limits.h"

static void
test_half_close (DmsQuicFixture *self, gconstpointer listen_address)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsP2pPipe) pipe = NULL;
  DmsP2pPipe *other = NULL;
  char buffer[32];

  dms_quic_fixture_connect (self);
  pipe = dms_quic_fixture_open (self, &other);
  g_assert_cmpint (dms_p2p_pipe_read (other, buffer, sizeof buffer, &error), ==, DMS_P2P_WOULD_BLOCK);
  dms_quic_write_all (pipe, "last words", 10);
  g_assert_true (dms_p2p_pipe_shutdown_write (pipe, &error));
  g_assert_true (dms_p2p_pipe_shutdown_write (pipe, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (dms_quic_read_all (other, buffer, sizeof buffer, &error), ==, 10);
  g_assert_no_error (error);
  g_assert_cmpmem (buffer, 10, "last words", 10);
  /* It stays ended. */
  g_assert_cmpint (dms_p2p_pipe_read (other, buffer, sizeof buffer, &error), ==, 0);
  g_assert_cmpint (dms_p2p_pipe_write (pipe, "x", 1, &error), ==, -1);
  g_assert_error (error, DMS_ERROR, DMS_ERROR_WRONG_STATE);
  g_clear_error (&error);
  /* The other way is still open. */
  dms_quic_write_all (other, "an answer", 9);
  g_assert_true (dms_p2p_pipe_shutdown_write (other, &error));
  g_assert_cmpuint (dms_quic_read_all (pipe, buffer, sizeof buffer, &error), ==, 9);
  g_assert_no_error (error);
  g_assert_cmpmem (buffer, 9, "an answer", 9);
}

/* An end with nothing before it. */
static void
test_empty (DmsQuicFixture *self, gconstpointer listen_address)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsP2pPipe) pipe = NULL;
  DmsP2pPipe *other = NULL;
  char byte = 0;

  dms_quic_fixture_connect (self);
  pipe = dms_quic_fixture_open (self, &other);
  dms_quic_run (50);
  g_assert_true (dms_p2p_pipe_shutdown_write (pipe, &error));
  g_assert_cmpuint (dms_quic_read_all (other, &byte, 1, &error), ==, 0);
  g_assert_no_error (error);
}

static gboolean
can_not_write (gpointer user_data)
{
  return dms_p2p_pipe_write (user_data, "zzzzzzzzzzzzzzzz", 16, NULL) == -1;
}

static void
test_reset (DmsQuicFixture *self, gconstpointer listen_address)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsP2pPipe) pipe = NULL;
  DmsP2pPipe *other = NULL;
  char buffer[32];

  dms_quic_fixture_connect (self);
  pipe = dms_quic_fixture_open (self, &other);
  dms_p2p_pipe_reset (pipe, 0x2a);
  g_assert_cmpuint (dms_quic_read_all (other, buffer, 1, &error), ==, 0);
  g_assert_error (error, DMS_ERROR, DMS_ERROR_IO);
  g_assert_nonnull (strstr (error->message, "0x2a"));
  /* Writing fails as well, though not at once. */
  dms_quic_run_until (can_not_write, other, 10);
  g_clear_error (&error);
  g_assert_cmpint (dms_p2p_pipe_read (pipe, buffer, 1, &error), ==, -1);
  g_assert_error (error, DMS_ERROR, DMS_ERROR_WRONG_STATE);
  dms_p2p_pipe_reset (pipe, 1);
  dms_p2p_pipe_close (pipe);
  dms_p2p_pipe_close (other);
}

static gboolean
has_no_streams (gpointer user_data)
{
  return dms_p2p_muxer_get_n_streams (user_data) == 0;
}

static void
wait_for_no_streams (DmsQuicFixture *self)
{
  dms_quic_run_until (has_no_streams, self->outbound->muxer, 20);
  dms_quic_run_until (has_no_streams, self->inbound->muxer, 20);
}

/* Who lets go of a stream without closing it has given it up. */
static void
test_dropped (DmsQuicFixture *self, gconstpointer listen_address)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsP2pPipe) pipe = NULL;
  DmsP2pPipe *other = NULL;
  char byte = 0;

  dms_quic_fixture_connect (self);
  pipe = dms_quic_fixture_open (self, &other);
  g_clear_object (&pipe);
  g_assert_cmpuint (dms_quic_read_all (other, &byte, 1, &error), ==, 0);
  g_assert_error (error, DMS_ERROR, DMS_ERROR_IO);
  g_ptr_array_set_size (self->streams, 0);
  wait_for_no_streams (self);
}

/* Closing sends what was written, to the last byte. */
static void
test_close (DmsQuicFixture *self, gconstpointer listen_address)
{
  g_autoptr (GError) error = NULL;
  g_autofree guint8 *data = g_malloc (DMS_P2P_QUIC_MIN_ROOM);
  g_autofree guint8 *got = g_malloc (DMS_P2P_QUIC_MIN_ROOM + 1);
  g_autoptr (DmsP2pPipe) pipe = NULL;
  DmsP2pPipe *other = NULL;
  gssize n = 0;

  memset (data, 'c', DMS_P2P_QUIC_MIN_ROOM);
  dms_quic_fixture_connect (self);
  pipe = dms_quic_fixture_open (self, &other);
  dms_quic_run (50);
  n = dms_p2p_pipe_write (pipe, data, DMS_P2P_QUIC_MIN_ROOM, &error);
  g_assert_cmpint (n, ==, DMS_P2P_QUIC_MIN_ROOM);
  dms_p2p_pipe_close (pipe);
  g_assert_cmpint (dms_p2p_pipe_write (pipe, "x", 1, &error), ==, -1);
  g_assert_error (error, DMS_ERROR, DMS_ERROR_WRONG_STATE);
  g_clear_error (&error);
  g_clear_object (&pipe);
  g_assert_cmpuint (
      dms_quic_read_all (other, got, DMS_P2P_QUIC_MIN_ROOM + 1, &error), ==, DMS_P2P_QUIC_MIN_ROOM);
  g_assert_no_error (error);
  g_assert_cmpmem (got, DMS_P2P_QUIC_MIN_ROOM, data, DMS_P2P_QUIC_MIN_ROOM);
  /* An answer that nobody waits for is no error, as long as it is short. */
  dms_quic_run (50);
  g_assert_cmpint (dms_p2p_pipe_write (other, "thanks", 6, &error), ==, 6);
  dms_quic_run (50);
  g_assert_cmpint (dms_p2p_pipe_write (other, "thanks", 6, &error), ==, 6);
  g_assert_no_error (error);
  dms_p2p_pipe_close (other);
  g_ptr_array_set_size (self->streams, 0);
  wait_for_no_streams (self);
}

typedef struct
{
  DmsQuicFixture *fixture;
  guint n;
} Awaited;

static gboolean
has_streams (gpointer user_data)
{
  Awaited *awaited = user_data;

  return awaited->fixture->streams->len >= awaited->n;
}

/* More than the peer allows at a time, in waves. */
static void
test_many (DmsQuicFixture *self, gconstpointer listen_address)
{
  guint n = 0;

  dms_quic_fixture_connect (self);
  while (n < 2 * DMS_P2P_QUIC_MAX_STREAMS)
    {
      g_autoptr (GPtrArray) pipes = g_ptr_array_new_with_free_func (g_object_unref);
      g_autoptr (GError) error = NULL;
      Awaited awaited = { self, 0 };
      DmsP2pPipe *pipe = NULL;

      while ((pipe = dms_p2p_muxer_open (self->outbound->muxer, &error)) != NULL)
        {
          g_autofree char *text = g_strdup_printf ("%08u", n++);

          g_ptr_array_add (pipes, pipe);
          dms_quic_write_all (pipe, text, 8);
          g_assert_true (dms_p2p_pipe_shutdown_write (pipe, NULL));
        }
      g_assert_error (error, DMS_ERROR, DMS_ERROR_BUSY);
      g_clear_error (&error);
      g_assert_cmpuint (pipes->len, <=, DMS_P2P_QUIC_MAX_STREAMS);
      if (pipes->len == 0)
        {
          /* That the peer allows more is still on its way. */
          g_main_context_iteration (NULL, TRUE);
          continue;
        }
      awaited.n = pipes->len;
      dms_quic_run_until (has_streams, &awaited, 20);
      g_assert_cmpuint (self->streams->len, ==, pipes->len);
      for (guint i = 0; i < pipes->len; i++)
        {
          DmsP2pPipe *other = g_ptr_array_index (self->streams, i);
          char text[9] = { 0 };

          g_assert_cmpuint (dms_quic_read_all (other, text, 9, &error), ==, 8);
          g_assert_no_error (error);
          dms_quic_write_all (other, text, 8);
          dms_p2p_pipe_close (other);
        }
      for (guint i = 0; i < pipes->len; i++)
        {
          char text[9] = { 0 };
          g_autofree char *expected = g_strdup_printf ("%08u", n - pipes->len + i);

          g_assert_cmpuint (dms_quic_read_all (g_ptr_array_index (pipes, i), text, 9, &error), ==, 8);
          g_assert_no_error (error);
          g_assert_cmpstr (text, ==, expected);
          dms_p2p_pipe_close (g_ptr_array_index (pipes, i));
        }
      g_ptr_array_set_size (self->streams, 0);
      g_ptr_array_set_size (pipes, 0);
      wait_for_no_streams (self);
    }
  g_assert_cmpuint (n, >=, 2 * DMS_P2P_QUIC_MAX_STREAMS);
}

/* Opening and resetting as fast as can be leaves nothing behind. */
static void
test_reset_flood (DmsQuicFixture *self, gconstpointer listen_address)
{
  guint n = 0;

  dms_quic_fixture_connect (self);
  while (n < 5000)
    {
      DmsP2pPipe *pipe = dms_p2p_muxer_open (self->outbound->muxer, NULL);

      if (pipe == NULL)
        {
          g_main_context_iteration (NULL, TRUE);
          g_ptr_array_set_size (self->streams, 0);
          continue;
        }
      dms_p2p_pipe_write (pipe, "flood", 5, NULL);
      if (n % 2 == 0)
        dms_p2p_pipe_flush (pipe, NULL);
      g_object_unref (pipe);
      n++;
      g_assert_cmpuint (dms_p2p_muxer_get_n_streams (self->inbound->muxer), <=, DMS_P2P_QUIC_MAX_STREAMS);
    }
  dms_quic_run (50);
  g_ptr_array_set_size (self->streams, 0);
  wait_for_no_streams (self);
  g_assert_cmpuint (self->n_server_closed, ==, 0);
}

static gsize
write_until_blocked (DmsP2pPipe *pipe)
{
  g_autofree guint8 *data = g_malloc0 (65536);
  gsize total = 0;

  for (guint i = 0; i < 100; i++)
    {
      gssize n = 0;

      while ((n = dms_p2p_pipe_write (pipe, data, 65536, NULL)) > 0)
        total += (gsize) n;
      g_assert_cmpint (n, ==, DMS_P2P_WOULD_BLOCK);
      dms_quic_run (2);
    }
  return total;
}

/* One stream that nobody reads takes bounded memory and does not stop the others. */
static void
test_unread (DmsQuicFixture *self, gconstpointer listen_address)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsP2pPipe) stuck = NULL;
  g_autoptr (DmsP2pPipe) pipe = NULL;
  g_autofree guint8 *data = g_malloc (4 << 20);
  DmsP2pPipe *unread = NULL;
  DmsP2pPipe *other = NULL;
  gsize total = 0;
  char buffer[8];

  dms_quic_fixture_connect (self);
  stuck = dms_quic_fixture_open (self, &unread);
  g_object_ref (unread);
  total = write_until_blocked (stuck);
  g_assert_cmpuint (total, >=, DMS_P2P_QUIC_STREAM_WINDOW - 1);
  g_assert_cmpuint (total, <=, DMS_P2P_QUIC_STREAM_WINDOW + DMS_P2P_QUIC_MAX_ROOM);
  pipe = dms_quic_fixture_open (self, &other);
  dms_quic_write_all (pipe, "get by", 6);
  g_assert_cmpuint (dms_quic_read_all (other, buffer, 6, &error), ==, 6);
  g_assert_no_error (error);
  /* Then it is read after all. */
  g_assert_true (dms_p2p_pipe_shutdown_write (stuck, &error));
  g_assert_cmpuint (dms_quic_read_all (unread, data, 4 << 20, &error), ==, total);
  g_assert_no_error (error);
  g_object_unref (unread);
}

/* Streams that nobody reads do not take each other's memory: together they have one window. */
static void
test_all_unread (DmsQuicFixture *self, gconstpointer listen_address)
{
  g_autoptr (GPtrArray) pipes = g_ptr_array_new_with_free_func (g_object_unref);
  gsize total = 0;

  dms_quic_fixture_connect (self);
  for (guint i = 0; i < 8; i++)
    {
      DmsP2pPipe *other = NULL;

      g_ptr_array_add (pipes, dms_quic_fixture_open (self, &other));
    }
  for (guint i = 0; i < pipes->len; i++)
    total += write_until_blocked (g_ptr_array_index (pipes, i));
  g_assert_cmpuint (total, <=, DMS_P2P_QUIC_WINDOW + 8 * DMS_P2P_QUIC_MAX_ROOM);
  /* Giving up those gives back the window: it is one for all. */
  g_ptr_array_set_size (self->streams, 0);
  g_ptr_array_set_size (pipes, 0);
  for (guint i = 0; i < 3; i++)
    {
      g_autoptr (DmsP2pPipe) pipe = NULL;
      g_autofree guint8 *data = g_malloc0 (1 << 20);
      g_autoptr (GError) error = NULL;
      DmsP2pPipe *other = NULL;

      pipe = dms_quic_fixture_open (self, &other);
      g_assert_cmpuint (write_until_blocked (pipe), >=, DMS_P2P_QUIC_STREAM_WINDOW - 1);
      g_assert_cmpuint (dms_quic_read_all (other, data, DMS_P2P_QUIC_STREAM_WINDOW - 1, &error),
                        ==,
                        DMS_P2P_QUIC_STREAM_WINDOW - 1);
      g_assert_no_error (error);
      g_ptr_array_set_size (self->streams, 0);
    }
}

static gboolean
is_server_closed (gpointer user_data)
{
  return ((DmsQuicFixture *) user_data)->n_server_closed > 0;
}

static gboolean
is_client_closed (gpointer user_data)
{
  return ((DmsQuicFixture *) user_data)->n_client_closed > 0;
}

static void
test_muxer_close (DmsQuicFixture *self, gconstpointer listen_address)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsP2pPipe) pipe = NULL;
  DmsP2pPipe *other = NULL;
  char byte = 0;

  dms_quic_fixture_connect (self);
  pipe = dms_quic_fixture_open (self, &other);
  dms_p2p_muxer_close (self->outbound->muxer, 0);
  g_assert_cmpuint (self->n_client_closed, ==, 0);
  g_assert_cmpint (dms_p2p_pipe_read (pipe, &byte, 1, &error), ==, -1);
  g_assert_error (error, DMS_ERROR, DMS_ERROR_IO);
  g_clear_error (&error);
  g_assert_null (dms_p2p_muxer_open (self->outbound->muxer, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_WRONG_STATE);
  g_clear_error (&error);
  dms_quic_run_until (is_client_closed, self, 10);
  dms_quic_run_until (is_server_closed, self, 10);
  g_assert_no_error (self->client_closed);
  g_assert_no_error (self->server_closed);
  g_assert_cmpuint (dms_quic_read_all (other, &byte, 1, &error), ==, 0);
  g_assert_error (error, DMS_ERROR, DMS_ERROR_IO);
  dms_p2p_muxer_close (self->outbound->muxer, 7);
  dms_p2p_muxer_close (self->inbound->muxer, 7);
  dms_quic_run (50);
  g_assert_cmpuint (self->n_client_closed, ==, 1);
  g_assert_cmpuint (self->n_server_closed, ==, 1);
  g_assert_cmpint (dms_p2p_muxer_get_rtt_us (self->outbound->muxer), ==, -1);
  g_assert_cmpuint (dms_p2p_muxer_get_n_streams (self->outbound->muxer), ==, 0);
}

static void
test_muxer_close_code (DmsQuicFixture *self, gconstpointer listen_address)
{
  dms_quic_fixture_connect (self);
  dms_p2p_muxer_close (self->inbound->muxer, 0x4001);
  dms_quic_run_until (is_client_closed, self, 10);
  g_assert_error (self->client_closed, DMS_ERROR, DMS_ERROR_IO);
  g_assert_nonnull (strstr (self->client_closed->message, "0x4001"));
}

static void
test_muxer_dropped (DmsQuicFixture *self, gconstpointer listen_address)
{
  g_autoptr (DmsP2pPipe) pipe = NULL;
  DmsP2pPipe *other = NULL;
  char byte = 0;

  dms_quic_fixture_connect (self);
  pipe = dms_quic_fixture_open (self, &other);
  g_clear_pointer (&self->outbound, dms_p2p_upgraded_free);
  dms_quic_run_until (is_server_closed, self, 10);
  g_assert_no_error (self->server_closed);
  g_assert_cmpuint (self->n_client_closed, ==, 0);
  /* The stream that is left knows. */
  g_assert_cmpint (dms_p2p_pipe_read (pipe, &byte, 1, NULL), ==, -1);
  g_assert_cmpint (dms_p2p_pipe_write (pipe, &byte, 1, NULL), ==, -1);
  g_assert_false (dms_p2p_pipe_shutdown_write (pipe, NULL));
  dms_p2p_pipe_close (pipe);
}

/* Streams wait, bounded, for somebody who takes them. */
static void
on_late_stream (DmsP2pMuxer *muxer, DmsP2pPipe *pipe, gpointer user_data)
{
  DmsQuicFixture *self = user_data;

  g_ptr_array_add (self->streams, g_object_ref (pipe));
}

static void
test_late_accept (DmsQuicFixture *self, gconstpointer listen_address)
{
  Awaited awaited = { self, 1 };
  DmsP2pPipe *pipe = NULL;
  g_autoptr (GError) error = NULL;
  char buffer[32];

  dms_quic_fixture_connect (self);
  /* The client has set no handler for streams. */
  pipe = dms_p2p_muxer_open (self->inbound->muxer, &error);
  g_assert_no_error (error);
  dms_quic_write_all (pipe, "anybody?", 8);
  dms_p2p_pipe_close (pipe);
  g_clear_object (&pipe);
  dms_quic_run (100);
  dms_p2p_muxer_set_handlers (self->outbound->muxer, on_late_stream, NULL, NULL, self);
  dms_quic_run_until (has_streams, &awaited, 10);
  g_assert_cmpuint (
      dms_quic_read_all (g_ptr_array_index (self->streams, 0), buffer, sizeof buffer, &error), ==, 8);
  g_assert_no_error (error);
  g_assert_cmpmem (buffer, 8, "anybody?", 8);
}

/* A handler that lets go of everything it can. */
static void
on_drop_all (DmsP2pPipe *pipe, GIOCondition condition, gpointer user_data)
{
  DmsQuicFixture *self = user_data;

  g_clear_pointer (&self->inbound, dms_p2p_upgraded_free);
  g_ptr_array_set_size (self->streams, 0);
}

static void
test_drop_in_handler (DmsQuicFixture *self, gconstpointer listen_address)
{
  g_autoptr (DmsP2pPipe) pipe = NULL;
  DmsP2pPipe *other = NULL;

  dms_quic_fixture_connect (self);
  pipe = dms_quic_fixture_open (self, &other);
  dms_p2p_pipe_set_handler (other, on_drop_all, self);
  dms_p2p_pipe_want (other, G_IO_IN);
  dms_quic_write_all (pipe, "bye", 3);
  dms_quic_run_until (is_client_closed, self, 10);
  g_assert_null (self->inbound);
}

/* An owner that ends the connection when it is asked for memory. */
static void
on_pump (DmsP2pPipe *pipe, GIOCondition condition, gpointer user_data)
{
  static guint8 buffer[65536];

  if ((condition & G_IO_OUT) && dms_p2p_pipe_write (pipe, buffer, sizeof buffer, NULL) == -1)
    dms_p2p_pipe_want (pipe, 0);
  if ((condition & G_IO_IN) && dms_p2p_pipe_read (pipe, buffer, sizeof buffer, NULL) == -1)
    dms_p2p_pipe_want (pipe, 0);
}

static void
test_close_for_memory (DmsQuicFixture *self, gconstpointer listen_address)
{
  g_autoptr (DmsP2pPipe) pipe = NULL;
  DmsP2pPipe *other = NULL;

  dms_quic_fixture_connect (self);
  pipe = dms_quic_fixture_open (self, &other);
  self->closes_for_memory = TRUE;
  dms_p2p_pipe_set_handler (pipe, on_pump, NULL);
  dms_p2p_pipe_set_handler (other, on_pump, NULL);
  dms_p2p_pipe_want (pipe, G_IO_OUT);
  dms_p2p_pipe_want (other, G_IO_IN);
  dms_quic_run_until (is_client_closed, self, 20);
  dms_quic_run_until (is_server_closed, self, 20);
  g_assert_true (self->client_closed != NULL || self->server_closed != NULL);
  dms_p2p_pipe_set_handler (pipe, NULL, NULL);
  dms_p2p_pipe_set_handler (other, NULL, NULL);
}

/* One that even lets go of it. */
static void
test_drop_for_memory (DmsQuicFixture *self, gconstpointer listen_address)
{
  g_autoptr (DmsP2pPipe) pipe = NULL;
  g_autoptr (GError) error = NULL;
  DmsP2pPipe *other = NULL;
  guint8 data[1000] = { 0 };

  dms_quic_fixture_connect (self);
  pipe = dms_quic_fixture_open (self, &other);
  dms_quic_write_all (pipe, data, sizeof data);
  dms_quic_run (50);
  self->drops_for_memory = TRUE;
  for (guint i = 0; i < sizeof data && self->inbound != NULL; i++)
    {
      DmsP2pQuicConnection *server = DMS_P2P_QUIC_CONNECTION (self->inbound->muxer);

      /* As if half a window had been read just now. */
      server->consumed = server->window / 2;
      server->consumed_since = dms_p2p_quic_clock ();
      g_assert_cmpint (dms_p2p_pipe_read (other, data, 1, &error), ==, 1);
      g_assert_no_error (error);
    }
  g_assert_null (self->inbound);
  /* What has come is still there, and then no more. */
  while (dms_p2p_pipe_read (other, data, sizeof data, &error) > 0)
    continue;
  g_assert_error (error, DMS_ERROR, DMS_ERROR_IO);
  dms_quic_run_until (is_client_closed, self, 10);
}

static void
add (const char *path, void (*test) (DmsQuicFixture *, gconstpointer))
{
  g_test_add (path, DmsQuicFixture, NULL, dms_quic_fixture_set_up, test, dms_quic_fixture_tear_down);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add ("/p2p-quic/streams/half-close", test_half_close);
  add ("/p2p-quic/streams/empty", test_empty);
  add ("/p2p-quic/streams/reset", test_reset);
  add ("/p2p-quic/streams/dropped", test_dropped);
  add ("/p2p-quic/streams/close", test_close);
  add ("/p2p-quic/streams/many", test_many);
  add ("/p2p-quic/streams/reset-flood", test_reset_flood);
  add ("/p2p-quic/streams/unread", test_unread);
  add ("/p2p-quic/streams/all-unread", test_all_unread);
  add ("/p2p-quic/streams/muxer-close", test_muxer_close);
  add ("/p2p-quic/streams/muxer-close-code", test_muxer_close_code);
  add ("/p2p-quic/streams/muxer-dropped", test_muxer_dropped);
  add ("/p2p-quic/streams/late-accept", test_late_accept);
  add ("/p2p-quic/streams/drop-in-handler", test_drop_in_handler);
  add ("/p2p-quic/streams/close-for-memory", test_close_for_memory);
  add ("/p2p-quic/streams/drop-for-memory", test_drop_for_memory);
  return g_test_run ();
}
