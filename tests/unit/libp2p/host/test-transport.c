/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <glib/gstdio.h>
#include <sodium.h>
#include <string.h>

#include "dms-p2p-host-fixture.h"
#include "message/dms-p2p-message-frame.h"

/* A test, and over which kind of connections it runs. */
typedef struct
{
  const char *name;
  void (*func) (void);
  const char *listen;
} Case;

static const char *listen_address;

/* The transport as a node uses it. */
typedef struct
{
  DmsTransport *transport;
  DmsPeerId *id;
  DmsMultiaddr *address;
  /* "<inbox> <from> <text>" */
  GPtrArray *messages;
  gboolean is_full;
  /* "connected <peer>", "disconnected <peer>", "identified <peer> <n>", "gone <peer>" */
  GPtrArray *events;
  DmsStream *stream;
} Node;

static gboolean
on_message (DmsTransport *transport, const char *inbox, DmsPeerId *from, GBytes *bytes, gpointer user_data)
{
  Node *node = user_data;
  gsize size = 0;
  const char *text = g_bytes_get_data (bytes, &size);

  g_assert_true (transport == node->transport);
  if (node->is_full)
    return FALSE;
  g_ptr_array_add (
      node->messages,
      g_strdup_printf ("%s %s %.*s", inbox, dms_peer_id_get_text (from), (int) MIN (size, 64), text));
  return TRUE;
}

static void
on_connected (DmsTransport *transport, DmsPeerId *peer, gpointer user_data)
{
  g_ptr_array_add (((Node *) user_data)->events,
                   g_strdup_printf ("connected %s", dms_peer_id_get_text (peer)));
}

static void
on_disconnected (DmsTransport *transport, DmsPeerId *peer, gpointer user_data)
{
  g_ptr_array_add (((Node *) user_data)->events,
                   g_strdup_printf ("disconnected %s", dms_peer_id_get_text (peer)));
}

static void
on_peer (DmsTransport *transport,
         DmsPeerId *peer,
         gboolean identified,
         const char *const *protocols,
         gpointer user_data)
{
  Node *node = user_data;
  const char *what = !identified                                                ? "gone"
                     : g_strv_contains (protocols, "actor/root/messages/0.0.1") ? "identified"
                                                                                : "stranger";

  g_ptr_array_add (node->events, g_strdup_printf ("%s %s", what, dms_peer_id_get_text (peer)));
}

static DmsTransportConfig *
make_config_with (const char *listen, const char *bootstrap, JsonObject *params)
{
  const char *const addresses[] = { listen, NULL };
  const char *const bootstraps[] = { bootstrap, NULL };
  guint8 seed[32];
  g_autoptr (GBytes) bytes = NULL;

  randombytes_buf (seed, sizeof seed);
  bytes = g_bytes_new (seed, sizeof seed);
  return dms_transport_config_new (bytes, addresses, bootstraps, NULL, params);
}

static DmsTransportConfig *
make_config (const char *listen, const char *bootstrap)
{
  return make_config_with (listen, bootstrap, NULL);
}

static gboolean
start (DmsTransport *transport, DmsTransportConfig *config, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;
  DmsTestResult done = { 0 };

  dms_transport_start_async (transport, config, NULL, dms_test_on_done, &done);
  g_assert_cmpuint (done.done, ==, 0);
  result = dms_test_await (&done);
  return dms_transport_start_finish (transport, result, error);
}

static void
stop (DmsTransport *transport)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  DmsTestResult done = { 0 };

  dms_transport_stop_async (transport, NULL, dms_test_on_done, &done);
  g_assert_cmpuint (done.done, ==, 0);
  result = dms_test_await (&done);
  g_assert_true (dms_transport_stop_finish (transport, result, &error));
  g_assert_no_error (error);
}

static Node *
node_new_full (const char *bootstrap, JsonObject *params)
{
  Node *node = g_new0 (Node, 1);
  g_autoptr (DmsTransportConfig) config = make_config_with (listen_address, bootstrap, params);
  g_autoptr (GPtrArray) addresses = NULL;
  g_autoptr (GError) error = NULL;

  node->transport = dms_libp2p_transport_new ();
  node->messages = g_ptr_array_new_with_free_func (g_free);
  node->events = g_ptr_array_new_with_free_func (g_free);
  dms_transport_set_inbox_handler (node->transport, on_message, node, NULL);
  dms_transport_set_peer_handler (node->transport, on_peer, node, NULL);
  g_signal_connect (node->transport, "peer-connected", G_CALLBACK (on_connected), node);
  g_signal_connect (node->transport, "peer-disconnected", G_CALLBACK (on_disconnected), node);
  start (node->transport, config, &error);
  g_assert_no_error (error);
  node->id = dms_transport_dup_peer_id (node->transport);
  addresses = dms_transport_dup_listen_addresses (node->transport);
  g_assert_cmpuint (addresses->len, ==, 1);
  node->address = dms_multiaddr_append_peer_id (g_ptr_array_index (addresses, 0), node->id);
  return node;
}

static Node *
node_new_with (const char *bootstrap)
{
  return node_new_full (bootstrap, NULL);
}

static Node *
node_new (void)
{
  return node_new_with (NULL);
}

static void
node_free (Node *node)
{
  stop (node->transport);
  g_clear_object (&node->stream);
  g_object_unref (node->transport);
  dms_peer_id_unref (node->id);
  dms_multiaddr_unref (node->address);
  g_ptr_array_unref (node->messages);
  g_ptr_array_unref (node->events);
  g_free (node);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Node, node_free)

static DmsPeerId *
dial (Node *node, DmsMultiaddr *address, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;
  DmsTestResult done = { 0 };

  dms_transport_dial_async (node->transport, address, NULL, dms_test_on_done, &done);
  g_assert_cmpuint (done.done, ==, 0);
  result = dms_test_await (&done);
  return dms_transport_dial_finish (node->transport, result, error);
}

static void
meet (Node *a, Node *b)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsPeerId) peer = dial (a, b->address, &error);

  g_assert_no_error (error);
  g_assert_true (dms_peer_id_equal (peer, b->id));
  dms_test_until_n (a->events, 2);
  dms_test_until_n (b->events, 2);
}

static gboolean
send_bytes (Node *node, DmsPeerId *to, const char *inbox, GBytes *bytes, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;
  DmsTestResult done = { 0 };

  dms_transport_send_message_async (node->transport, to, inbox, bytes, NULL, dms_test_on_done, &done);
  g_assert_cmpuint (done.done, ==, 0);
  result = dms_test_await (&done);
  return dms_transport_send_message_finish (node->transport, result, error);
}

static gboolean
send_text (Node *node, DmsPeerId *to, const char *inbox, const char *text, GError **error)
{
  g_autoptr (GBytes) bytes = g_bytes_new (text, strlen (text));

  return send_bytes (node, to, inbox, bytes, error);
}

static void
test_messages (void)
{
  g_autoptr (Node) a = node_new ();
  g_autoptr (Node) b = node_new ();
  g_autoptr (GError) error = NULL;
  g_autofree char *expected = g_strdup_printf ("root %s hello", dms_peer_id_get_text (a->id));
  g_autofree char *reply = g_strdup_printf ("some/inbox %s hi", dms_peer_id_get_text (b->id));

  meet (a, b);
  g_assert_true (send_text (a, b->id, "root", "hello", &error));
  g_assert_no_error (error);
  g_assert_cmpuint (b->messages->len, ==, 1);
  g_assert_cmpstr (g_ptr_array_index (b->messages, 0), ==, expected);
  /* The other side needs no address: there is a connection. */
  g_assert_true (send_text (b, a->id, "some/inbox", "hi", &error));
  g_assert_no_error (error);
  g_assert_cmpstr (g_ptr_array_index (a->messages, 0), ==, reply);
}

static void
test_no_room (void)
{
  g_autoptr (Node) a = node_new ();
  g_autoptr (Node) b = node_new ();
  g_autoptr (GError) error = NULL;

  meet (a, b);
  b->is_full = TRUE;
  g_assert_false (send_text (a, b->id, "root", "hello", &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_BUSY);
  g_clear_error (&error);
  b->is_full = FALSE;
  g_assert_true (send_text (a, b->id, "root", "hello", &error));
  g_assert_no_error (error);
  dms_transport_set_inbox_handler (b->transport, NULL, NULL, NULL);
  g_assert_false (send_text (a, b->id, "root", "hello", &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_BUSY);
}

static void
test_own_messages (void)
{
  g_autoptr (Node) a = node_new ();
  g_autoptr (GError) error = NULL;
  g_autofree char *expected = g_strdup_printf ("root %s self", dms_peer_id_get_text (a->id));

  g_assert_true (send_text (a, a->id, "root", "self", &error));
  g_assert_no_error (error);
  g_assert_cmpstr (g_ptr_array_index (a->messages, 0), ==, expected);
  a->is_full = TRUE;
  g_assert_false (send_text (a, a->id, "root", "self", &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_BUSY);
}

static void
on_own_sent (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  guint *counts = user_data;

  counts[0]++;
  if (!dms_transport_send_message_finish (DMS_TRANSPORT (source), result, &error))
    {
      g_assert_error (error, DMS_ERROR, DMS_ERROR_BUSY);
      counts[1]++;
    }
}

/* Those to itself that wait are bounded as well. */
static void
test_many_own_messages (void)
{
  enum
  {
    N = 1030,
    MAX = 1024
  };
  g_autoptr (Node) a = node_new ();
  g_autoptr (GBytes) bytes = g_bytes_new_static ("x", 1);
  guint counts[2] = { 0 };

  for (guint i = 0; i < N; i++)
    dms_transport_send_message_async (a->transport, a->id, "root", bytes, NULL, on_own_sent, counts);
  while (counts[0] < N)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpuint (counts[1], ==, N - MAX);
  g_assert_cmpuint (a->messages->len, ==, MAX);
}

static void
test_sizes (void)
{
  g_autoptr (Node) a = node_new ();
  g_autoptr (Node) b = node_new ();
  g_autoptr (GError) error = NULL;
  g_autofree char *text = g_strnfill (DMS_P2P_MESSAGE_MAX_SIZE + 1, 'x');
  g_autoptr (GBytes) too_large = g_bytes_new (text, DMS_P2P_MESSAGE_MAX_SIZE + 1);
  g_autoptr (GBytes) largest = g_bytes_new (text, DMS_P2P_MESSAGE_MAX_SIZE);
  g_autoptr (GBytes) nothing = g_bytes_new (NULL, 0);

  meet (a, b);
  g_assert_true (send_bytes (a, b->id, "root", largest, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (b->messages->len, ==, 1);
  g_assert_false (send_bytes (a, b->id, "root", too_large, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_TOO_LARGE);
  g_clear_error (&error);
  g_assert_false (send_bytes (a, a->id, "root", too_large, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_TOO_LARGE);
  g_clear_error (&error);
  g_assert_false (send_bytes (a, b->id, "root", nothing, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);
  g_assert_false (send_text (a, b->id, "a b", "x", &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);
  /* Also to itself. */
  g_assert_false (send_bytes (a, a->id, "root", nothing, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);
  g_assert_false (send_text (a, a->id, "a b", "x", &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT);
}

static void
on_stream (DmsTransport *transport, DmsStream *stream, gpointer user_data)
{
  Node *node = user_data;

  g_set_object (&node->stream, stream);
}

static DmsStream *
open_stream (Node *node, Node *other, const char *protocol, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;
  DmsTestResult done = { 0 };

  dms_transport_open_stream_async (node->transport, other->id, protocol, NULL, dms_test_on_done, &done);
  result = dms_test_await (&done);
  return dms_transport_open_stream_finish (node->transport, result, error);
}

static char *
read_some (DmsStream *stream)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GError) error = NULL;
  DmsTestResult done = { 0 };
  GInputStream *input = g_io_stream_get_input_stream (G_IO_STREAM (stream));

  g_input_stream_read_bytes_async (input, 100, 0, NULL, dms_test_on_done, &done);
  result = dms_test_await (&done);
  bytes = g_input_stream_read_bytes_finish (input, result, &error);
  g_assert_no_error (error);
  return g_strndup (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
}

static void
write_text (DmsStream *stream, const char *text)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  DmsTestResult done = { 0 };
  GOutputStream *output = g_io_stream_get_output_stream (G_IO_STREAM (stream));

  g_output_stream_write_all_async (output, text, strlen (text), 0, NULL, dms_test_on_done, &done);
  result = dms_test_await (&done);
  g_output_stream_write_all_finish (output, result, NULL, &error);
  g_assert_no_error (error);
}

static void
test_streams (void)
{
  g_autoptr (Node) a = node_new ();
  g_autoptr (Node) b = node_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsStream) stream = NULL;
  g_autoptr (DmsPeerId) from = NULL;
  g_autofree char *heard = NULL;
  g_autofree char *answer = NULL;
  g_autofree char *end = NULL;

  meet (a, b);
  stream = open_stream (a, b, "/test/1", &error);
  g_assert_null (stream);
  g_assert_error (error, DMS_ERROR, DMS_ERROR_NOT_SUPPORTED);
  g_clear_error (&error);

  dms_transport_set_stream_handler (b->transport, "/test/1", on_stream, b, NULL);
  stream = open_stream (a, b, "/test/1", &error);
  g_assert_no_error (error);
  g_assert_cmpstr (dms_stream_get_protocol (stream), ==, "/test/1");
  write_text (stream, "ask");
  while (b->stream == NULL)
    g_main_context_iteration (NULL, TRUE);
  from = dms_stream_dup_peer_id (b->stream);
  g_assert_true (dms_peer_id_equal (from, a->id));
  heard = read_some (b->stream);
  g_assert_cmpstr (heard, ==, "ask");
  write_text (b->stream, "answer");
  answer = read_some (stream);
  g_assert_cmpstr (answer, ==, "answer");
  g_output_stream_close (g_io_stream_get_output_stream (G_IO_STREAM (b->stream)), NULL, NULL);
  end = read_some (stream);
  g_assert_cmpstr (end, ==, "");
}

static gint64
ping (Node *node, Node *other, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;
  DmsTestResult done = { 0 };

  dms_transport_ping_async (node->transport, other->id, NULL, dms_test_on_done, &done);
  result = dms_test_await (&done);
  return dms_transport_ping_finish (node->transport, result, error);
}

static void
test_peers (void)
{
  g_autoptr (Node) a = node_new ();
  g_autoptr (Node) b = node_new ();
  g_autoptr (GError) error = NULL;
  g_autofree char *connected = g_strdup_printf ("connected %s", dms_peer_id_get_text (b->id));
  g_autofree char *identified = g_strdup_printf ("identified %s", dms_peer_id_get_text (b->id));
  g_autofree char *gone = g_strdup_printf ("gone %s", dms_peer_id_get_text (b->id));
  g_autofree char *disconnected = g_strdup_printf ("disconnected %s", dms_peer_id_get_text (b->id));
  g_autoptr (GPtrArray) peers = NULL;
  g_autoptr (GPtrArray) scores = NULL;
  g_autoptr (GPtrArray) connections = NULL;
  g_autoptr (GPtrArray) limits = NULL;
  g_auto (GStrv) protocols = NULL;

  meet (a, b);
  g_assert_cmpstr (g_ptr_array_index (a->events, 0), ==, connected);
  g_assert_cmpstr (g_ptr_array_index (a->events, 1), ==, identified);
  g_assert_cmpint (ping (a, b, &error), >=, 1);
  g_assert_no_error (error);

  peers = dms_transport_list_peers (a->transport);
  g_assert_cmpuint (peers->len, ==, 1);
  g_assert_true (dms_peer_id_equal (dms_peer_info_get_id (g_ptr_array_index (peers, 0)), b->id));
  g_assert_true (dms_peer_info_get_connected (g_ptr_array_index (peers, 0)));
  g_assert_cmpuint (dms_peer_info_get_addresses (g_ptr_array_index (peers, 0))->len, >=, 1);

  protocols = dms_transport_dup_peer_protocols (a->transport, b->id);
  g_assert_nonnull (protocols);
  g_assert_true (g_strv_contains ((const char *const *) protocols, "/ipfs/ping/1.0.0"));

  dms_transport_set_peer_score (a->transport, b->id, 5);
  scores = dms_transport_dup_scores (a->transport);
  g_assert_cmpuint (scores->len, ==, 1);
  g_assert_cmpfloat (dms_peer_score_get_app_specific (g_ptr_array_index (scores, 0)), ==, 5);

  connections = dms_transport_list_connections (a->transport);
  g_assert_cmpuint (connections->len, ==, 1);
  g_assert_cmpstr (dms_connection_info_get_security (g_ptr_array_index (connections, 0)),
                   ==,
                   strstr (listen_address, "quic") != NULL ? "quic-v1" : "/tls/1.0.0");
  g_assert_true (
      g_str_has_prefix (dms_connection_info_get_agent (g_ptr_array_index (connections, 0)), "dms/"));
  g_assert_false (dms_connection_info_get_inbound (g_ptr_array_index (connections, 0)));
  limits = dms_transport_list_limits (a->transport);
  g_assert_cmpuint (limits->len, >, 5);

  dms_transport_disconnect_peer (a->transport, b->id);
  dms_test_until_n (a->events, 4);
  g_assert_cmpstr (g_ptr_array_index (a->events, 2), ==, gone);
  g_assert_cmpstr (g_ptr_array_index (a->events, 3), ==, disconnected);
  g_assert_null (dms_transport_dup_peer_protocols (a->transport, b->id));

  /* It knows where the peer is. */
  g_assert_true (send_text (a, b->id, "root", "again", &error));
  g_assert_no_error (error);
}

/* Who sets a handler late is told of those that are there. */
static void
test_late_handler (void)
{
  g_autoptr (Node) a = node_new ();
  g_autoptr (Node) b = node_new ();
  g_autofree char *identified = g_strdup_printf ("identified %s", dms_peer_id_get_text (b->id));

  meet (a, b);
  g_ptr_array_set_size (a->events, 0);
  dms_transport_set_peer_handler (a->transport, on_peer, a, NULL);
  g_assert_cmpuint (a->events->len, ==, 0);
  dms_test_until_n (a->events, 1);
  g_assert_cmpstr (g_ptr_array_index (a->events, 0), ==, identified);
}

static void
on_step (DmsTransport *transport, DmsDialStep *step, gpointer user_data)
{
  GPtrArray *steps = user_data;

  g_test_message ("%s %s %" G_GINT64_FORMAT " %s",
                  dms_dial_step_get_step (step),
                  dms_dial_step_get_detail (step),
                  dms_dial_step_get_duration_us (step),
                  dms_dial_step_get_error_text (step));
  g_ptr_array_add (steps, g_strdup (dms_dial_step_get_step (step)));
}

static void
test_trace (void)
{
  static const char *const over_tcp[] = { "connect", "secure", "mux", "identify", "ping", NULL };
  static const char *const over_quic[] = { "secure", "identify", "ping", NULL };
  const char *const *expected = strstr (listen_address, "quic") != NULL ? over_quic : over_tcp;
  g_autoptr (Node) a = node_new ();
  g_autoptr (Node) b = node_new ();
  g_autoptr (GPtrArray) steps = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GAsyncResult) again = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsPeerId) peer = NULL;
  g_autoptr (DmsPeerId) same = NULL;
  DmsTestResult done = { 0 };

  dms_transport_trace_dial_async (
      a->transport, b->address, NULL, on_step, steps, NULL, dms_test_on_done, &done);
  result = dms_test_await (&done);
  peer = dms_transport_trace_dial_finish (a->transport, result, &error);
  g_assert_no_error (error);
  g_assert_true (dms_peer_id_equal (peer, b->id));
  for (guint i = 0; expected[i] != NULL; i++)
    g_assert_true (g_ptr_array_find_with_equal_func (steps, expected[i], g_str_equal, NULL));

  g_ptr_array_set_size (steps, 0);
  dms_transport_trace_dial_async (
      a->transport, b->address, NULL, on_step, steps, NULL, dms_test_on_done, &done);
  again = dms_test_await (&done);
  same = dms_transport_trace_dial_finish (a->transport, again, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (steps->len, ==, 2);
  g_assert_cmpstr (g_ptr_array_index (steps, 0), ==, "reuse");
  g_assert_cmpstr (g_ptr_array_index (steps, 1), ==, "ping");
}

static void
test_wrong_peer (void)
{
  g_autoptr (Node) a = node_new ();
  g_autoptr (Node) b = node_new ();
  g_autoptr (Node) c = node_new ();
  g_autoptr (DmsMultiaddr) where = dms_multiaddr_dup_without_peer_id (b->address);
  g_autoptr (DmsMultiaddr) wrong = dms_multiaddr_append_peer_id (where, c->id);
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsPeerId) peer = dial (a, wrong, &error);

  g_assert_null (peer);
  g_assert_nonnull (error);
  g_test_message ("%s", error->message);
  g_assert_cmpuint (a->events->len, ==, 0);
}

static void
test_unreachable (void)
{
  g_autoptr (Node) a = node_new ();
  g_autoptr (DmsPeerId) nobody = NULL;
  g_autoptr (GError) error = NULL;

  {
    g_autoptr (Node) b = node_new ();

    nobody = dms_peer_id_ref (b->id);
  }
  g_assert_false (send_text (a, nobody, "root", "x", &error));
  g_assert_nonnull (error);
  g_assert_true (error->domain == DMS_ERROR);
  g_test_message ("%s", error->message);
}

static void
test_bootstrap (void)
{
  g_autoptr (Node) a = node_new ();
  g_autoptr (Node) b = node_new_with (dms_multiaddr_get_text (a->address));
  g_autofree char *connected = g_strdup_printf ("connected %s", dms_peer_id_get_text (a->id));

  dms_test_until_n (b->events, 1);
  g_assert_cmpstr (g_ptr_array_index (b->events, 0), ==, connected);
}

static guint
count_events (Node *node, const char *text)
{
  guint n = 0;

  for (guint i = 0; i < node->events->len; i++)
    n += strcmp (node->events->pdata[i], text) == 0;
  return n;
}

/* Whom the other side leaves dials it again soon: nobody else would look for it. */
static void
test_bootstrap_comes_back (void)
{
  g_autoptr (JsonObject) params = json_object_new ();
  g_autoptr (Node) a = node_new ();
  g_autoptr (Node) b = NULL;
  g_autofree char *connected = g_strdup_printf ("connected %s", dms_peer_id_get_text (a->id));

  json_object_set_string_member (params, "dht_mode", "off");
  b = node_new_full (dms_multiaddr_get_text (a->address), params);
  /* Both have it, and know who the other is. */
  dms_test_until_n (a->events, 2);
  dms_test_until_n (b->events, 2);
  g_assert_cmpuint (count_events (b, connected), ==, 1);
  dms_transport_disconnect_peer (a->transport, b->id);
  while (count_events (b, connected) < 2)
    dms_test_until_n (b->events, b->events->len + 1);
}

/* It is said in the log, and the node starts. */
static void
test_bad_bootstrap (void)
{
  if (g_test_subprocess ())
    {
      g_autoptr (Node) a = NULL;

      g_log_set_always_fatal (G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_ERROR);
      a = node_new_with ("nonsense");
      return;
    }
  g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
  g_test_trap_assert_passed ();
  g_test_trap_assert_stderr ("*bootstrap peer is left out*");
}

static void
test_bad_starts (void)
{
  g_autoptr (Node) a = node_new ();
  g_autoptr (DmsTransport) other = dms_libp2p_transport_new ();
  g_autoptr (DmsMultiaddr) where = dms_multiaddr_dup_without_peer_id (a->address);
  g_autoptr (DmsTransportConfig) taken = make_config (dms_multiaddr_get_text (where), NULL);
  g_autoptr (DmsTransportConfig) strange = make_config ("/ip4/127.0.0.1/tcp/1/ws", NULL);
  g_autoptr (DmsTransportConfig) good = make_config (listen_address, NULL);
  g_autoptr (GError) error = NULL;

  g_assert_false (start (other, taken, &error));
  g_assert_nonnull (strstr (error->message, dms_multiaddr_get_text (where)));
  g_test_message ("%s", error->message);
  g_clear_error (&error);
  g_assert_false (start (other, strange, &error));
  g_assert_nonnull (error);
  g_clear_error (&error);
  g_assert_true (start (other, good, &error));
  g_assert_no_error (error);
  g_assert_false (start (other, good, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_WRONG_STATE);
  g_clear_error (&error);
  stop (other);
  g_assert_true (start (other, good, &error));
  g_assert_no_error (error);
  stop (other);
}

static void
test_not_running (void)
{
  g_autoptr (Node) a = node_new ();
  g_autoptr (Node) b = node_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsPeerId) peer = NULL;

  meet (a, b);
  stop (a->transport);
  g_assert_false (send_text (a, b->id, "root", "x", &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_WRONG_STATE);
  g_clear_error (&error);
  peer = dial (a, b->address, &error);
  g_assert_error (error, DMS_ERROR, DMS_ERROR_WRONG_STATE);
}

static void
on_topic (DmsTransport *transport, const char *topic, DmsPeerId *from, GBytes *bytes, gpointer user_data)
{
  g_ptr_array_add (user_data, GUINT_TO_POINTER (g_bytes_get_size (bytes)));
}

static void
publish (Node *node, guint n, gsize size)
{
  g_autofree char *text = g_strnfill (size, 'x');

  for (guint i = 0; i < n; i++)
    {
      g_autoptr (GBytes) bytes = g_bytes_new (text, size);

      dms_transport_publish_async (node->transport, "topic", bytes, NULL, NULL, NULL);
    }
}

/* Exactly @n come. */
static void
expect_news (GPtrArray *news, guint n)
{
  dms_test_until_n (news, n);
  dms_test_spin (100);
  g_assert_cmpuint (news->len, ==, n);
  g_ptr_array_set_size (news, 0);
}

/* Messages that come faster than they are handed on are kept up to a bound, in number and in bytes. */
static void
test_many_news (void)
{
  g_autoptr (GPtrArray) news = g_ptr_array_new ();
  g_autoptr (Node) a = node_new ();
  g_autoptr (GError) error = NULL;

  g_assert_true (dms_transport_subscribe (a->transport, "topic", on_topic, news, NULL, &error));
  g_assert_no_error (error);
  publish (a, 5000, 1);
  expect_news (news, 4096);
  publish (a, 40, 1024 * 1024);
  expect_news (news, 32);
  /* What was handed on made room. */
  publish (a, 32, 1024 * 1024);
  expect_news (news, 32);
}

/* What it knows of peers is in its file when the stop has ended. */
static void
test_kept_at_stop (void)
{
  const char *const addresses[] = { listen_address, NULL };
  const char *const nobody[] = { NULL };
  g_autofree char *directory = g_dir_make_tmp ("dms-p2p-transport-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (directory, "peers.json", NULL);
  g_autoptr (DmsTransport) transport = dms_libp2p_transport_new ();
  g_autoptr (JsonObject) params = json_object_new ();
  g_autoptr (DmsTransportConfig) config = NULL;
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GError) error = NULL;
  guint8 seed[32];

  randombytes_buf (seed, sizeof seed);
  bytes = g_bytes_new (seed, sizeof seed);
  json_object_set_string_member (params, "peer_store", path);
  config = dms_transport_config_new (bytes, addresses, nobody, NULL, params);
  for (guint i = 0; i < 2; i++)
    {
      g_assert_true (start (transport, config, &error));
      g_assert_no_error (error);
      stop (transport);
      g_assert_cmpint (g_unlink (path), ==, 0);
    }
  /* Nothing is written afterwards. */
  dms_test_spin (50);
  g_assert_cmpint (g_rmdir (directory), ==, 0);
}

/* What a node is that says nothing else: the bounds that docs/libp2p.md tells of. */
static void
test_defaults (void)
{
  g_autoptr (DmsLibp2pParams) params = dms_libp2p_params_new (NULL, NULL);

  g_assert_cmpuint (params->low_water, ==, 100);
  g_assert_cmpuint (params->high_water, ==, 400);
  g_assert_cmpuint (params->grace_s, ==, 20);
  g_assert_cmpuint (params->memory_mib, ==, 1024);
  g_assert_cmpuint (params->descriptors, ==, 512);
  g_assert_cmpuint (params->relay_circuit_s, ==, 300);
  g_assert_cmpuint (params->relay_circuit_kib, ==, 2048);
  g_assert_true (params->relay_service);
  g_assert_false (params->mdns);
  g_assert_false (params->port_mapping);
  g_assert_false (params->perf);
}

/* What is under way when it stops ends, and nothing is told afterwards. */
static void
test_stop_while_busy (void)
{
  g_autoptr (Node) a = node_new ();
  g_autoptr (Node) b = node_new ();
  g_autofree char *text = g_strnfill (DMS_P2P_MESSAGE_MAX_SIZE, 'x');
  g_autoptr (GBytes) bytes = g_bytes_new (text, DMS_P2P_MESSAGE_MAX_SIZE);
  DmsTestResult sent[8] = { { 0 } };
  DmsTestResult stopped = { 0 };
  g_autoptr (GAsyncResult) result = NULL;
  guint n_failed = 0;

  meet (a, b);
  for (guint i = 0; i < G_N_ELEMENTS (sent); i++)
    dms_transport_send_message_async (a->transport, b->id, "root", bytes, NULL, dms_test_on_done, &sent[i]);
  dms_transport_stop_async (a->transport, NULL, dms_test_on_done, &stopped);
  result = dms_test_await (&stopped);
  for (guint i = 0; i < G_N_ELEMENTS (sent); i++)
    {
      g_autoptr (GAsyncResult) one = dms_test_await (&sent[i]);
      g_autoptr (GError) error = NULL;

      if (!dms_transport_send_message_finish (a->transport, one, &error))
        n_failed++;
    }
  g_assert_cmpuint (n_failed, >, 0);
  dms_test_spin (100);
  g_assert_cmpuint (b->messages->len, <=, G_N_ELEMENTS (sent) - n_failed + 1);
}

static const Case cases[] = {
  { "messages", test_messages },
  { "no-room", test_no_room },
  { "own-messages", test_own_messages },
  { "sizes", test_sizes },
  { "many-own-messages", test_many_own_messages },
  { "streams", test_streams },
  { "peers", test_peers },
  { "late-handler", test_late_handler },
  { "trace", test_trace },
  { "wrong-peer", test_wrong_peer },
  { "unreachable", test_unreachable },
  { "bootstrap", test_bootstrap },
  { "bootstrap-comes-back", test_bootstrap_comes_back },
  { "bad-bootstrap", test_bad_bootstrap },
  { "bad-starts", test_bad_starts },
  { "not-running", test_not_running },
  { "many-news", test_many_news },
  { "kept-at-stop", test_kept_at_stop },
  { "defaults", test_defaults },
  { "stop-while-busy", test_stop_while_busy },
};

static void
run (gconstpointer data)
{
  const Case *one = data;

  listen_address = one->listen;
  one->func ();
}

/* @copies: lives as long as the program: a child process of a test ends without having run all of them. */
static void
add_cases (const char *kind, const char *listen, Case copies[G_N_ELEMENTS (cases)])
{
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strdup_printf ("/p2p/transport/%s/%s", kind, cases[i].name);

      copies[i] = cases[i];
      copies[i].listen = listen;
      g_test_add_data_func (path, &copies[i], run);
    }
}

int
main (int argc, char *argv[])
{
  static Case tcp[G_N_ELEMENTS (cases)];
  static Case quic[G_N_ELEMENTS (cases)];

  g_test_init (&argc, &argv, NULL);
  g_assert_cmpint (sodium_init (), >=, 0);
  add_cases ("tcp", "/ip4/127.0.0.1/tcp/0", tcp);
  add_cases ("quic", "/ip4/127.0.0.1/udp/0/quic-v1", quic);
  return g_test_run ();
}
