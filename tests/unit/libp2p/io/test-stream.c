/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "io/dms-p2p-socket-pipe.h"
#include "io/dms-p2p-stream.h"

#include <string.h>
#include <sys/socket.h>

enum
{
  MANY_BYTES = 3 * 1024 * 1024 + 5,
};

typedef struct
{
  DmsP2pStream *near_end;
  DmsP2pStream *far_end;
} Pair;

static void
make_pipes (DmsP2pPipe **a, DmsP2pPipe **b)
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

static void
pair_init (Pair *self)
{
  DmsP2pPipe *a = NULL;
  DmsP2pPipe *b = NULL;

  make_pipes (&a, &b);
  self->near_end = dms_p2p_stream_new (a, "/near/1", NULL, NULL, NULL);
  self->far_end = dms_p2p_stream_new (b, "/far/1", NULL, NULL, NULL);
}

static void
pair_clear (Pair *self)
{
  g_assert_finalize_object (self->near_end);
  g_assert_finalize_object (self->far_end);
}

static GInputStream *
input (DmsP2pStream *stream)
{
  return g_io_stream_get_input_stream (G_IO_STREAM (stream));
}

static GOutputStream *
output (DmsP2pStream *stream)
{
  return g_io_stream_get_output_stream (G_IO_STREAM (stream));
}

static void
on_result (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GAsyncResult **place = user_data;

  g_assert_null (*place);
  *place = g_object_ref (result);
}

static void
wait_for (GAsyncResult **place)
{
  gint64 deadline = g_get_monotonic_time () + 30 * G_USEC_PER_SEC;

  while (*place == NULL)
    {
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
      g_main_context_iteration (NULL, FALSE);
    }
}

static GBytes *
make_bytes (gsize size)
{
  guint8 *data = g_malloc (size);

  for (gsize i = 0; i < size; i++)
    data[i] = (guint8) (i * 31 + i / 255);
  return g_bytes_new_take (data, size);
}

/* Both ways at once, each by an async call of GIO's own, then half-closed. */
static void
test_many_bytes (void)
{
  Pair pair;
  g_autoptr (GBytes) bytes = make_bytes (MANY_BYTES);
  g_autoptr (GOutputStream) here = g_memory_output_stream_new_resizable ();
  g_autoptr (GOutputStream) there = g_memory_output_stream_new_resizable ();
  g_autoptr (GAsyncResult) wrote_here = NULL;
  g_autoptr (GAsyncResult) wrote_there = NULL;
  g_autoptr (GAsyncResult) read_here = NULL;
  g_autoptr (GAsyncResult) read_there = NULL;
  g_autoptr (GError) error = NULL;
  gsize n = 0;

  pair_init (&pair);
  g_output_stream_splice_async (here, input (pair.near_end), 0, 0, NULL, on_result, &read_here);
  g_output_stream_splice_async (there, input (pair.far_end), 0, 0, NULL, on_result, &read_there);
  g_output_stream_write_all_async (
      output (pair.near_end), g_bytes_get_data (bytes, NULL), MANY_BYTES, 0, NULL, on_result, &wrote_here);
  g_output_stream_write_all_async (
      output (pair.far_end), g_bytes_get_data (bytes, NULL), MANY_BYTES, 0, NULL, on_result, &wrote_there);
  wait_for (&wrote_here);
  wait_for (&wrote_there);
  g_assert_true (g_output_stream_write_all_finish (output (pair.near_end), wrote_here, &n, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (n, ==, MANY_BYTES);
  g_assert_true (g_output_stream_write_all_finish (output (pair.far_end), wrote_there, &n, &error));
  g_assert_no_error (error);

  /* One way ends, the other has not. */
  g_assert_true (g_output_stream_close (output (pair.near_end), NULL, &error));
  g_assert_no_error (error);
  wait_for (&read_there);
  g_assert_cmpint (g_output_stream_splice_finish (there, read_there, &error), ==, MANY_BYTES);
  g_assert_no_error (error);
  g_assert_null (read_here);
  g_assert_true (g_output_stream_close (output (pair.far_end), NULL, &error));
  wait_for (&read_here);
  g_assert_cmpint (g_output_stream_splice_finish (here, read_here, &error), ==, MANY_BYTES);
  g_assert_no_error (error);
  g_assert_cmpmem (g_memory_output_stream_get_data (G_MEMORY_OUTPUT_STREAM (there)),
                   MANY_BYTES,
                   g_bytes_get_data (bytes, NULL),
                   MANY_BYTES);
  g_assert_cmpmem (g_memory_output_stream_get_data (G_MEMORY_OUTPUT_STREAM (here)),
                   MANY_BYTES,
                   g_bytes_get_data (bytes, NULL),
                   MANY_BYTES);
  g_clear_object (&wrote_here);
  g_clear_object (&wrote_there);
  g_clear_object (&read_here);
  g_clear_object (&read_there);
  pair_clear (&pair);
}

static gboolean
on_readable (GObject *stream, gpointer user_data)
{
  int *n = user_data;
  guint8 byte = 0;

  g_assert_cmpint (
      g_pollable_input_stream_read_nonblocking (G_POLLABLE_INPUT_STREAM (stream), &byte, 1, NULL, NULL),
      ==,
      1);
  (*n)++;
  return *n < 3;
}

static void
test_polling (void)
{
  Pair pair;
  GPollableInputStream *in = NULL;
  GPollableOutputStream *out = NULL;
  g_autoptr (GSource) source = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree guint8 *much = g_malloc0 (1024 * 1024);
  gint64 deadline = g_get_monotonic_time () + 30 * G_USEC_PER_SEC;
  int n_told = 0;

  pair_init (&pair);
  in = G_POLLABLE_INPUT_STREAM (input (pair.near_end));
  out = G_POLLABLE_OUTPUT_STREAM (output (pair.near_end));
  g_assert_true (g_pollable_input_stream_can_poll (in));
  g_assert_true (g_pollable_output_stream_can_poll (out));
  g_assert_false (g_pollable_input_stream_is_readable (in));
  g_assert_cmpint (g_pollable_input_stream_read_nonblocking (in, much, 1, NULL, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  g_clear_error (&error);
  /* Reading without _async never waits either. */
  g_assert_cmpint (g_input_stream_read (input (pair.near_end), much, 1, NULL, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  g_clear_error (&error);

  source = g_pollable_input_stream_create_source (in, NULL);
  g_source_set_callback (source, G_SOURCE_FUNC (on_readable), &n_told, NULL);
  g_source_attach (source, NULL);
  for (int i = 0; i < 20; i++)
    g_main_context_iteration (NULL, FALSE);
  g_assert_cmpint (n_told, ==, 0);
  g_assert_cmpint (g_output_stream_write (output (pair.far_end), "abcd", 4, NULL, &error), ==, 4);
  while (n_told < 3)
    {
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
      g_main_context_iteration (NULL, FALSE);
    }
  g_assert_true (g_pollable_input_stream_is_readable (in));
  g_assert_cmpint (g_pollable_input_stream_read_nonblocking (in, much, 2, NULL, &error), ==, 1);
  g_assert_cmpint (much[0], ==, 'd');

  g_assert_true (g_pollable_output_stream_is_writable (out));
  while (g_pollable_output_stream_write_nonblocking (out, much, 1024 * 1024, NULL, &error) > 0)
    continue;
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  g_assert_false (g_pollable_output_stream_is_writable (out));
  pair_clear (&pair);
}

static void
test_waiting_is_ended (gconstpointer data)
{
  const char *how = data;
  Pair pair;
  guint8 byte = 0;
  g_autoptr (GAsyncResult) done = NULL;
  g_autoptr (GAsyncResult) closed = NULL;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;

  pair_init (&pair);
  g_input_stream_read_async (input (pair.near_end), &byte, 1, 0, cancellable, on_result, &done);
  for (int i = 0; i < 5; i++)
    g_main_context_iteration (NULL, FALSE);
  g_assert_null (done);
  if (strcmp (how, "cancel") == 0)
    g_cancellable_cancel (cancellable);
  else if (strcmp (how, "reset") == 0)
    dms_stream_reset (DMS_STREAM (pair.near_end));
  else
    g_io_stream_close (G_IO_STREAM (pair.far_end), NULL, NULL);
  wait_for (&done);
  if (strcmp (how, "far-close") == 0)
    g_assert_cmpint (g_input_stream_read_finish (input (pair.near_end), done, &error), ==, 0);
  else
    g_assert_cmpint (g_input_stream_read_finish (input (pair.near_end), done, &error), ==, -1);
  if (strcmp (how, "cancel") == 0)
    g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  if (strcmp (how, "reset") == 0)
    g_assert_error (error, DMS_ERROR, DMS_ERROR_WRONG_STATE);
  g_io_stream_close_async (G_IO_STREAM (pair.near_end), 0, NULL, on_result, &closed);
  wait_for (&closed);
  g_assert_true (g_io_stream_close_finish (G_IO_STREAM (pair.near_end), closed, NULL));
  g_assert_true (g_input_stream_is_closed (input (pair.near_end)));
  g_assert_true (g_output_stream_is_closed (output (pair.near_end)));
  g_clear_object (&done);
  g_clear_object (&closed);
  pair_clear (&pair);
}

static void
on_freed (gpointer data)
{
  gboolean *freed = data;

  *freed = TRUE;
}

static void
test_stealing (void)
{
  DmsP2pPipe *a = NULL;
  g_autoptr (DmsP2pPipe) b = NULL;
  g_autoptr (DmsP2pPipe) stolen = NULL;
  g_autoptr (DmsPeerId) peer = dms_peer_id_new ("12D3KooWJsrNzZZr7YnL8vbxhrtFJZVTaLoRbTHrGZ8JLRHhs3cC", NULL);
  g_autoptr (DmsPeerId) same = NULL;
  DmsP2pStream *stream = NULL;
  g_autoptr (GError) error = NULL;
  gboolean freed = FALSE;
  guint8 byte = 0;

  make_pipes (&a, &b);
  stream = dms_p2p_stream_new (a, "/x/1", peer, &freed, on_freed);
  g_assert_cmpstr (dms_stream_get_protocol (DMS_STREAM (stream)), ==, "/x/1");
  same = dms_stream_dup_peer_id (DMS_STREAM (stream));
  g_assert_true (same == peer);
  g_assert_true (dms_p2p_stream_get_pipe (stream) == a);
  stolen = dms_p2p_stream_steal_pipe (stream);
  g_assert_true (stolen == a);
  g_assert_null (dms_p2p_stream_steal_pipe (stream));
  g_assert_cmpint (g_input_stream_read (input (stream), &byte, 1, NULL, &error), ==, -1);
  g_assert_error (error, DMS_ERROR, DMS_ERROR_WRONG_STATE);
  g_assert_finalize_object (stream);
  g_assert_false (freed);
  g_assert_cmpint (dms_p2p_pipe_write (stolen, "x", 1, NULL), ==, 1);
  g_assert_cmpint (dms_p2p_pipe_read (b, &byte, 1, NULL), ==, 1);
  g_assert_finalize_object (g_steal_pointer (&stolen));
  g_assert_true (freed);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/libp2p/io/stream/many-bytes", test_many_bytes);
  g_test_add_func ("/libp2p/io/stream/polling", test_polling);
  g_test_add_data_func ("/libp2p/io/stream/waiting/cancel", "cancel", test_waiting_is_ended);
  g_test_add_data_func ("/libp2p/io/stream/waiting/reset", "reset", test_waiting_is_ended);
  g_test_add_data_func ("/libp2p/io/stream/waiting/far-close", "far-close", test_waiting_is_ended);
  g_test_add_func ("/libp2p/io/stream/stealing", test_stealing);
  return g_test_run ();
}
