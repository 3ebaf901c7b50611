/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <sodium.h>
#include <string.h>

#include "dms-p2p-host-fixture.h"
#include "host/dms-p2p-order.h"
#include "perf/dms-p2p-perf.h"

#define TCP  "/ip4/127.0.0.1/tcp/0"
#define QUIC "/ip4/127.0.0.1/udp/0/quic-v1"

/* The streams that came for a protocol. */
static void
keep_stream (DmsP2pHost *host, DmsP2pConnection *connection, DmsP2pStream *stream, gpointer user_data)
{
  g_ptr_array_add (user_data, g_object_ref (stream));
}

static void
test_handlers (gconstpointer listen)
{
  g_autoptr (DmsTestHost) a = dms_test_host_new (listen);
  g_autoptr (DmsTestHost) b = dms_test_host_new (listen);
  g_autoptr (DmsP2pConnection) connection = dms_test_host_connect (a, b);
  g_autoptr (GPtrArray) streams = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsP2pStream) refused = NULL;
  g_autoptr (DmsP2pStream) taken = NULL;
  g_autoptr (GByteArray) answer = NULL;

  refused = dms_test_host_open (a, b, "/test/1", &error);
  g_assert_null (refused);
  g_assert_error (error, DMS_ERROR, DMS_ERROR_NOT_SUPPORTED);
  g_clear_error (&error);

  dms_p2p_host_set_handler (b->stack->host, "/test/1", keep_stream, streams, NULL);
  taken = dms_test_host_open (a, b, "/test/1", &error);
  g_assert_no_error (error);
  g_assert_cmpstr (dms_stream_get_protocol (DMS_STREAM (taken)), ==, "/test/1");
  dms_test_until_n (streams, 1);
  dms_test_pipe_write (dms_p2p_stream_get_pipe (g_ptr_array_index (streams, 0)), "abc", 3);
  answer = dms_test_pipe_read (dms_p2p_stream_get_pipe (taken), 3, &error);
  g_assert_cmpmem (answer->data, answer->len, "abc", 3);

  dms_p2p_host_set_handler (b->stack->host, "/test/1", NULL, NULL, NULL);
  refused = dms_test_host_open (a, b, "/test/1", &error);
  g_assert_error (error, DMS_ERROR, DMS_ERROR_NOT_SUPPORTED);
}

/* The first one that the other side speaks. */
static void
test_choice (void)
{
  static const char *const protocols[] = { "/test/3", "/test/2", "/test/1", NULL };
  g_autoptr (DmsTestHost) a = dms_test_host_new (TCP);
  g_autoptr (DmsTestHost) b = dms_test_host_new (TCP);
  g_autoptr (DmsP2pConnection) connection = dms_test_host_connect (a, b);
  g_autoptr (GPtrArray) streams = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsP2pStream) stream = NULL;
  DmsTestResult done = { 0 };

  dms_p2p_host_set_handler (b->stack->host, "/test/1", keep_stream, streams, NULL);
  dms_p2p_host_set_handler (b->stack->host, "/test/2", keep_stream, streams, NULL);
  dms_p2p_host_open_stream_on_async (a->stack->host, connection, protocols, NULL, dms_test_on_done, &done);
  result = dms_test_await (&done);
  stream = dms_p2p_host_open_stream_finish (a->stack->host, result, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (dms_stream_get_protocol (DMS_STREAM (stream)), ==, "/test/2");
}

static void
count_destroyed (gpointer data)
{
  ++*(guint *) data;
}

static gboolean
is_family (const char *protocol, gpointer user_data)
{
  return g_str_has_prefix (protocol, "/family/");
}

static void
test_family (void)
{
  g_autoptr (DmsTestHost) a = dms_test_host_new (TCP);
  g_autoptr (DmsTestHost) b = dms_test_host_new (TCP);
  g_autoptr (GPtrArray) streams = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (DmsP2pConnection) connection = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsP2pStream) stream = NULL;
  g_auto (GStrv) protocols = NULL;
  guint destroyed = 0;

  dms_p2p_host_set_match_handler (b->stack->host, "/family/root", is_family, keep_stream, streams, NULL);
  protocols = dms_p2p_host_dup_protocols (b->stack->host);
  g_assert_true (g_strv_contains ((const char *const *) protocols, "/family/root"));
  connection = dms_test_host_connect (a, b);
  stream = dms_test_host_open (a, b, "/family/child", &error);
  g_assert_no_error (error);
  dms_test_until_n (streams, 1);
  g_assert_cmpstr (dms_stream_get_protocol (g_ptr_array_index (streams, 0)), ==, "/family/child");
  dms_p2p_host_set_match_handler (
      b->stack->host, "/family/root", is_family, keep_stream, &destroyed, count_destroyed);
  g_assert_cmpuint (destroyed, ==, 0);
  dms_p2p_host_set_match_handler (b->stack->host, "/family/root", NULL, NULL, NULL, NULL);
  g_assert_cmpuint (destroyed, ==, 1);
}

/* What is known to be spoken is not asked for: the stream is there at once, and a refusal comes with the
 * first read. */
static void
test_lazy (gconstpointer listen)
{
  static const char *const protocols[] = { "/test/1", NULL };
  g_autoptr (DmsTestHost) a = dms_test_host_new (listen);
  g_autoptr (DmsTestHost) b = dms_test_host_new (listen);
  g_autoptr (GPtrArray) streams = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (DmsP2pConnection) connection = NULL;
  g_autoptr (GError) error = NULL;

  dms_p2p_host_set_handler (b->stack->host, "/test/1", keep_stream, streams, NULL);
  connection = dms_test_host_connect (a, b);
  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (GAsyncResult) result = NULL;
      g_autoptr (DmsP2pStream) stream = NULL;
      g_autoptr (GByteArray) heard = NULL;
      DmsTestResult done = { 0 };

      dms_p2p_host_open_stream_async (a->stack->host, b->id, protocols, NULL, dms_test_on_done, &done);
      result = dms_test_await (&done);
      stream = dms_p2p_host_open_stream_finish (a->stack->host, result, &error);
      g_assert_no_error (error);
      dms_test_pipe_write (dms_p2p_stream_get_pipe (stream), "hi", 2);
      if (i == 0)
        {
          dms_test_until_n (streams, 1);
          heard = dms_test_pipe_read (dms_p2p_stream_get_pipe (g_ptr_array_index (streams, 0)), 2, &error);
          g_assert_cmpmem (heard->data, heard->len, "hi", 2);
          dms_p2p_host_set_handler (b->stack->host, "/test/1", NULL, NULL, NULL);
        }
      else
        {
          heard = dms_test_pipe_read (dms_p2p_stream_get_pipe (stream), 1, &error);
          g_assert_null (heard);
          g_assert_error (error, DMS_ERROR, DMS_ERROR_NOT_SUPPORTED);
        }
    }
}

/* Streams that never say what they are for. */
static void
test_negotiation_flood (gconstpointer listen)
{
  enum
  {
    N = 2000
  };
  g_autoptr (DmsTestHost) a = dms_test_host_new (listen);
  g_autoptr (DmsTestHost) b = dms_test_host_new (listen);
  g_autoptr (DmsP2pConnection) connection = dms_test_host_connect (a, b);
  g_autoptr (GPtrArray) pipes = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (GPtrArray) reservations =
      g_ptr_array_new_with_free_func ((GDestroyNotify) dms_p2p_reservation_free);
  g_autoptr (GPtrArray) connections = NULL;
  DmsP2pConnection *other = NULL;

  for (guint i = 0; i < N; i++)
    {
      DmsP2pReservation *reservation = NULL;
      DmsP2pPipe *pipe = dms_p2p_connection_open (connection, &reservation, NULL);

      if (pipe == NULL)
        break;
      g_ptr_array_add (pipes, pipe);
      g_ptr_array_add (reservations, reservation);
      /* Opening alone may be told to nobody. */
      dms_p2p_pipe_write (pipe, "\x13", 1, NULL);
      if (i % 50 == 0)
        g_main_context_iteration (NULL, FALSE);
    }
  dms_test_spin (500);
  connections = dms_p2p_swarm_list (b->stack->swarm);
  g_assert_cmpuint (connections->len, ==, 1);
  other = g_ptr_array_index (connections, 0);
  g_test_message ("%u opened, %u let in", pipes->len, dms_p2p_connection_get_n_streams (other));
  g_assert_cmpuint (dms_p2p_connection_get_n_streams (other), <=, 1024);
  for (guint i = 0; i < pipes->len; i++)
    dms_p2p_pipe_reset (g_ptr_array_index (pipes, i), 0);
  g_ptr_array_set_size (pipes, 0);
  g_ptr_array_set_size (reservations, 0);
  dms_test_spin (200);
  g_assert_cmpuint (dms_p2p_connection_get_n_streams (other), <=, 4);
}

/* A connection that has ended is let go of, whoever came while it was open. */
static void
test_connections_go (gconstpointer data)
{
  const char *listen = data;
  g_autoptr (DmsTestHost) a = dms_test_host_new (listen);
  g_autoptr (DmsTestHost) b = dms_test_host_new (listen);
  g_autoptr (DmsTestHost) c = dms_test_host_new (listen);
  g_autoptr (DmsP2pConnection) from_b = dms_test_host_connect (b, a);
  g_autoptr (DmsP2pConnection) from_c = dms_test_host_connect (c, a);
  DmsP2pConnection *of_b = dms_p2p_swarm_find (a->stack->swarm, b->id);
  gint64 end = g_get_monotonic_time () + 10 * G_USEC_PER_SEC;

  g_object_add_weak_pointer (G_OBJECT (of_b), (gpointer *) &of_b);
  dms_p2p_connection_close (of_b);
  while (of_b != NULL && g_get_monotonic_time () < end)
    dms_test_spin (20);
  g_assert_null (of_b);
}

/* Streams that come in another order than they were opened in. */
static void
test_order (void)
{
  g_autoptr (DmsP2pOrder) order = dms_p2p_order_new ();

  g_assert_false (dms_p2p_order_is_missing_before (order, -1));
  g_assert_false (dms_p2p_order_is_missing_before (order, 0));
  g_assert_true (dms_p2p_order_is_missing_before (order, 1));
  dms_p2p_order_settle (order, -1);
  dms_p2p_order_settle (order, 2);
  dms_p2p_order_settle (order, 1);
  g_assert_true (dms_p2p_order_is_missing_before (order, 1));
  dms_p2p_order_settle (order, 0);
  g_assert_false (dms_p2p_order_is_missing_before (order, 3));
  g_assert_true (dms_p2p_order_is_missing_before (order, 4));
  dms_p2p_order_settle (order, 0);
  dms_p2p_order_settle (order, 5);
  dms_p2p_order_settle (order, 9);
  dms_p2p_order_skip_to (order, 5);
  g_assert_false (dms_p2p_order_is_missing_before (order, 6));
  g_assert_true (dms_p2p_order_is_missing_before (order, 7));
  /* A gap that stays is given up. */
  for (gint64 i = 10; i < 3000; i++)
    dms_p2p_order_settle (order, i);
  g_assert_false (dms_p2p_order_is_missing_before (order, 3000));
}

/* Ping */

static gint64
ping (DmsTestHost *host, DmsTestHost *other, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;
  DmsTestResult done = { 0 };

  dms_p2p_ping_measure_async (host->stack->ping, other->id, NULL, dms_test_on_done, &done);
  result = dms_test_await (&done);
  return dms_p2p_ping_measure_finish (host->stack->ping, result, error);
}

static void
test_ping (gconstpointer listen)
{
  g_autoptr (DmsTestHost) a = dms_test_host_new (listen);
  g_autoptr (DmsTestHost) b = dms_test_host_new (listen);
  g_autoptr (DmsP2pConnection) connection = dms_test_host_connect (a, b);
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < 20; i++)
    {
      g_assert_cmpint (ping (a, b, &error), >=, 1);
      g_assert_no_error (error);
      g_assert_cmpint (ping (b, a, &error), >=, 1);
      g_assert_no_error (error);
    }
}

/* Two streams a peer are echoed, as long as they like; a third is not. */
static void
test_ping_streams (void)
{
  g_autoptr (DmsTestHost) a = dms_test_host_new (TCP);
  g_autoptr (DmsTestHost) b = dms_test_host_new (TCP);
  g_autoptr (DmsP2pConnection) connection = dms_test_host_connect (a, b);
  DmsP2pStream *streams[3] = { NULL };
  g_autoptr (GError) error = NULL;
  g_autoptr (GByteArray) end = NULL;
  guint8 bytes[96];

  randombytes_buf (bytes, sizeof bytes);
  for (guint i = 0; i < 3; i++)
    {
      streams[i] = dms_test_host_open (a, b, DMS_P2P_PING_PROTOCOL, &error);
      g_assert_no_error (error);
    }
  end = dms_test_pipe_read (dms_p2p_stream_get_pipe (streams[2]), 1, &error);
  g_assert_null (end);
  g_clear_error (&error);
  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (GByteArray) echo = NULL;

      dms_test_pipe_write (dms_p2p_stream_get_pipe (streams[i]), bytes, sizeof bytes);
      echo = dms_test_pipe_read (dms_p2p_stream_get_pipe (streams[i]), sizeof bytes, &error);
      g_assert_no_error (error);
      g_assert_cmpmem (echo->data, echo->len, bytes, sizeof bytes);
    }
  /* One that ends makes room. */
  dms_p2p_pipe_close (dms_p2p_stream_get_pipe (streams[0]));
  dms_test_spin (100);
  g_assert_cmpint (ping (a, b, &error), >=, 1);
  g_assert_no_error (error);
  g_clear_object (&streams[0]);
  g_clear_object (&streams[1]);
  g_clear_object (&streams[2]);
}

static void
answer_wrongly (DmsP2pHost *host, DmsP2pConnection *connection, DmsP2pStream *stream, gpointer user_data)
{
  char wrong[32] = "these are not the bytes I got..";

  dms_p2p_pipe_write (dms_p2p_stream_get_pipe (stream), wrong, sizeof wrong, NULL);
  g_ptr_array_add (user_data, g_object_ref (stream));
}

static void
test_ping_liar (void)
{
  g_autoptr (DmsTestHost) a = dms_test_host_new (TCP);
  g_autoptr (DmsTestHost) b = dms_test_host_new (TCP);
  g_autoptr (DmsP2pConnection) connection = dms_test_host_connect (a, b);
  g_autoptr (GPtrArray) streams = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (GError) error = NULL;

  dms_p2p_host_set_handler (b->stack->host, DMS_P2P_PING_PROTOCOL, answer_wrongly, streams, NULL);
  g_assert_cmpint (ping (a, b, &error), ==, -1);
  g_assert_error (error, DMS_ERROR, DMS_ERROR_INVALID_DATA);
}

/* Perf */

static void
check_perf (DmsTestHost *host, DmsTestHost *other, guint64 up, guint64 down)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  DmsTestResult done = { 0 };
  DmsP2pPerfResult perf = { 0 };

  dms_p2p_perf_run_async (host->stack->host, other->id, up, down, NULL, dms_test_on_done, &done);
  result = dms_test_await (&done);
  g_assert_true (dms_p2p_perf_run_finish (result, &perf, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (perf.upload_bytes, ==, up);
  g_assert_cmpuint (perf.download_bytes, ==, down);
  g_test_message ("%" G_GUINT64_FORMAT " up in %" G_GINT64_FORMAT " us, %" G_GUINT64_FORMAT
                  " down in %" G_GINT64_FORMAT " us",
                  up,
                  perf.upload_us,
                  down,
                  perf.download_us);
}

static void
test_perf (gconstpointer listen)
{
  g_autoptr (DmsTestHost) a = dms_test_host_new (listen);
  g_autoptr (DmsTestHost) b = dms_test_host_new (listen);
  g_autoptr (DmsP2pConnection) connection = dms_test_host_connect (a, b);
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  DmsTestResult done = { 0 };
  DmsP2pPerfResult perf = { 0 };

  /* Off unless asked for. */
  dms_p2p_perf_run_async (a->stack->host, b->id, 1, 1, NULL, dms_test_on_done, &done);
  result = dms_test_await (&done);
  g_assert_false (dms_p2p_perf_run_finish (result, &perf, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_NOT_SUPPORTED);
  dms_p2p_perf_serve (b->stack->host);
  check_perf (a, b, 0, 0);
  check_perf (a, b, 1, 0);
  check_perf (a, b, 0, 1);
  check_perf (a, b, 3 * 1024 * 1024 + 1, 5 * 1024 * 1024 + 3);
}

/* Closing with everything open. */
static void
test_close (gconstpointer listen)
{
  g_autoptr (DmsTestHost) a = dms_test_host_new (listen);
  g_autoptr (DmsTestHost) b = dms_test_host_new (listen);
  g_autoptr (DmsP2pConnection) connection = dms_test_host_connect (a, b);
  g_autoptr (GPtrArray) streams = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsP2pStream) open = NULL;
  g_autoptr (DmsP2pStream) late = NULL;
  DmsTestResult done[4] = { { 0 } };
  const char *const unknown[] = { "/nobody/1", "/nobody/2", NULL };
  guint destroyed = 0;

  dms_p2p_host_set_handler (b->stack->host, "/test/1", keep_stream, streams, NULL);
  dms_p2p_host_set_handler (a->stack->host, "/test/2", keep_stream, &destroyed, count_destroyed);
  open = dms_test_host_open (a, b, "/test/1", &error);
  g_assert_no_error (error);
  for (guint i = 0; i < G_N_ELEMENTS (done); i++)
    dms_p2p_host_open_stream_async (a->stack->host, b->id, unknown, NULL, dms_test_on_done, &done[i]);
  dms_p2p_host_close (a->stack->host);
  g_assert_cmpuint (destroyed, ==, 1);
  for (guint i = 0; i < G_N_ELEMENTS (done); i++)
    {
      g_autoptr (GAsyncResult) result = dms_test_await (&done[i]);

      g_assert_null (dms_p2p_host_open_stream_finish (a->stack->host, result, NULL));
    }
  late = dms_test_host_open (a, b, "/test/1", &error);
  g_assert_null (late);
  g_assert_error (error, DMS_ERROR, DMS_ERROR_WRONG_STATE);
  g_assert_cmpint (dms_p2p_pipe_write (dms_p2p_stream_get_pipe (open), "x", 1, NULL), ==, -1);
}

static void
add (const char *name, GTestDataFunc func)
{
  g_autofree char *over_tcp = g_strconcat ("/p2p/host/tcp/", name, NULL);
  g_autofree char *over_quic = g_strconcat ("/p2p/host/quic/", name, NULL);

  g_test_add_data_func (over_tcp, TCP, func);
  g_test_add_data_func (over_quic, QUIC, func);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_assert_cmpint (sodium_init (), >=, 0);
  add ("handlers", test_handlers);
  add ("lazy", test_lazy);
  add ("negotiation-flood", test_negotiation_flood);
  add ("ping", test_ping);
  add ("perf", test_perf);
  add ("close", test_close);
  add ("connections-go", test_connections_go);
  g_test_add_func ("/p2p/host/choice", test_choice);
  g_test_add_func ("/p2p/host/family", test_family);
  g_test_add_func ("/p2p/host/order", test_order);
  g_test_add_func ("/p2p/host/ping-streams", test_ping_streams);
  g_test_add_func ("/p2p/host/ping-liar", test_ping_liar);
  return g_test_run ();
}
