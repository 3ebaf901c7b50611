/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <dms.h>

#include "dms-memory-transport.h"
#include "dms-test-node.h"

typedef struct {
  DmsTransport *a;
  DmsTransport *b;
  GPtrArray *got;
  GBytes *found;
  GPtrArray *peers;
  DmsPeerId *dialled;
  DmsStream *near_end;
  DmsStream *far_end;
  gint64 round_trip;
  guint connected;
  guint disconnected;
  int outcome;
} Fixture;

static void
on_done (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Fixture *fixture = user_data;
  gpointer tag = g_task_get_source_tag (G_TASK (result));
  DmsTransport *transport = DMS_TRANSPORT (source);
  g_autoptr (GError) error = NULL;

  g_assert_nonnull (tag);
  /* All boolean results of this transport finish alike. */
  fixture->outcome = dms_transport_publish_finish (transport, result, &error) ? -1 : (int) error->code;
}

static gboolean
has_outcome (gpointer user_data)
{
  return ((Fixture *) user_data)->outcome != -2;
}

static int
wait_outcome (Fixture *fixture)
{
  dms_test_wait (has_outcome, fixture);
  return fixture->outcome;
}

static DmsTransport *
start (Fixture *fixture, guint8 identity, const char *hub, const char *address, GBytes *network_key)
{
  guint8 seed[32] = { identity };
  const char *const addresses[] = { address, NULL };
  g_autoptr (GBytes) bytes = g_bytes_new (seed, sizeof seed);
  g_autoptr (JsonObject) params = json_object_new ();
  g_autoptr (DmsTransportConfig) config = NULL;
  DmsTransport *transport = dms_memory_transport_new ();

  json_object_set_string_member (params, "hub", hub);
  config = dms_transport_config_new (bytes, addresses, NULL, network_key, params);
  fixture->outcome = -2;
  dms_transport_start_async (transport, config, NULL, on_done, fixture);
  wait_outcome (fixture);
  return transport;
}

static void
stop (Fixture *fixture, DmsTransport *transport)
{
  fixture->outcome = -2;
  dms_transport_stop_async (transport, NULL, on_done, fixture);
  g_assert_cmpint (wait_outcome (fixture), ==, -1);
}

static void
on_topic (DmsTransport *transport, const char *topic, DmsPeerId *from, GBytes *bytes, gpointer user_data)
{
  Fixture *fixture = user_data;

  g_ptr_array_add (fixture->got, g_strdup_printf ("%s:%.*s", topic, (int) g_bytes_get_size (bytes),
                                                  (const char *) g_bytes_get_data (bytes, NULL)));
}

/* There is never room in “full”. */
static gboolean
on_message (DmsTransport *transport, const char *inbox, DmsPeerId *from, GBytes *bytes, gpointer user_data)
{
  if (g_str_equal (inbox, "full"))
    return FALSE;
  on_topic (transport, inbox, from, bytes, user_data);
  return TRUE;
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->got = g_ptr_array_new_with_free_func (g_free);
  fixture->a = start (fixture, 1, "h", "/memory/a", NULL);
  g_assert_cmpint (fixture->outcome, ==, -1);
  fixture->b = start (fixture, 2, "h", NULL, NULL);
  g_assert_cmpint (fixture->outcome, ==, -1);
  dms_transport_set_inbox_handler (fixture->b, on_message, fixture, NULL);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  stop (fixture, fixture->a);
  stop (fixture, fixture->b);
  g_assert_finalize_object (fixture->a);
  g_assert_finalize_object (fixture->b);
  g_ptr_array_unref (fixture->got);
  g_clear_pointer (&fixture->found, g_bytes_unref);
  g_clear_pointer (&fixture->peers, g_ptr_array_unref);
  g_clear_pointer (&fixture->dialled, dms_peer_id_unref);
}

static int
send_to (Fixture *fixture, DmsTransport *from, DmsTransport *to, const char *inbox, const char *text)
{
  g_autoptr (DmsPeerId) peer = dms_transport_dup_peer_id (to);
  g_autofree char *copy = g_strdup (text);
  g_autoptr (GBytes) bytes = g_bytes_new_static (copy, strlen (copy));

  fixture->outcome = -2;
  dms_transport_send_message_async (from, peer, inbox, bytes, NULL, on_done, fixture);
  /* Peers share no memory. */
  memset (copy, 'x', strlen (copy));
  g_assert_cmpint (fixture->outcome, ==, -2);
  return wait_outcome (fixture);
}

static void
test_no_room (Fixture *fixture, gconstpointer data)
{
  g_assert_cmpint (send_to (fixture, fixture->a, fixture->b, "full", "first"), ==, DMS_ERROR_BUSY);
  g_assert_cmpint (send_to (fixture, fixture->a, fixture->b, "one", "second"), ==, -1);
  g_assert_cmpuint (fixture->got->len, ==, 1);
}

static void
test_messages (Fixture *fixture, gconstpointer data)
{
  g_assert_cmpint (send_to (fixture, fixture->a, fixture->b, "one", "first"), ==, -1);
  g_assert_cmpint (send_to (fixture, fixture->b, fixture->b, "two", "second"), ==, -1);
  g_assert_cmpint (send_to (fixture, fixture->a, fixture->b, "one", "third"), ==, -1);
  dms_test_run (20);
  g_assert_cmpuint (fixture->got->len, ==, 3);
  g_assert_cmpstr (g_ptr_array_index (fixture->got, 0), ==, "one:first");
  g_assert_cmpstr (g_ptr_array_index (fixture->got, 1), ==, "two:second");
  g_assert_cmpstr (g_ptr_array_index (fixture->got, 2), ==, "one:third");
}

static void
test_limits (Fixture *fixture, gconstpointer data)
{
  g_autoptr (DmsPeerId) peer = dms_transport_dup_peer_id (fixture->b);
  g_autofree char *large = g_strnfill (DMS_TRANSPORT_MAX_MESSAGE_SIZE + 1, 'x');
  g_autoptr (GBytes) bytes = g_bytes_new_static (large, DMS_TRANSPORT_MAX_MESSAGE_SIZE + 1);
  g_autoptr (GBytes) small = g_bytes_new_static ("x", 1);
  Fixture last = { 0 };

  fixture->outcome = -2;
  dms_transport_send_message_async (fixture->a, peer, "i", bytes, NULL, on_done, fixture);
  g_assert_cmpint (wait_outcome (fixture), ==, DMS_ERROR_TOO_LARGE);
  for (guint i = 0; i < 8192; i++)
    dms_transport_send_message_async (fixture->a, peer, "i", small, NULL, on_done, fixture);
  last.outcome = -2;
  dms_transport_send_message_async (fixture->a, peer, "i", small, NULL, on_done, &last);
  g_assert_cmpint (wait_outcome (&last), ==, DMS_ERROR_BUSY);
  dms_test_run (200);
  g_assert_cmpuint (fixture->got->len, ==, 8192);
}

static void
test_peers (Fixture *fixture, gconstpointer data)
{
  g_autoptr (DmsTransport) again = NULL;
  g_autoptr (DmsTransport) elsewhere = NULL;
  g_autoptr (GPtrArray) peers = dms_transport_list_peers (fixture->a);
  g_autoptr (DmsPeerId) b = dms_transport_dup_peer_id (fixture->b);

  g_assert_cmpuint (peers->len, ==, 1);
  g_assert_true (dms_peer_id_equal (dms_peer_info_get_id (g_ptr_array_index (peers, 0)), b));
  again = start (fixture, 2, "h", NULL, NULL);
  g_assert_cmpint (fixture->outcome, ==, DMS_ERROR_ALREADY_EXISTS);
  elsewhere = start (fixture, 2, "other", NULL, NULL);
  g_assert_cmpint (fixture->outcome, ==, -1);
  g_assert_cmpint (send_to (fixture, fixture->a, elsewhere, "i", "x"), ==, -1);
  stop (fixture, fixture->b);
  g_assert_cmpint (send_to (fixture, fixture->a, elsewhere, "i", "x"), ==, DMS_ERROR_NOT_FOUND);
  g_assert_cmpint (send_to (fixture, fixture->b, fixture->a, "i", "x"), ==, DMS_ERROR_WRONG_STATE);
}

static void
on_connected (DmsTransport *transport, DmsPeerId *peer, gpointer user_data)
{
  ((Fixture *) user_data)->connected++;
}

static void
on_disconnected (DmsTransport *transport, DmsPeerId *peer, gpointer user_data)
{
  ((Fixture *) user_data)->disconnected++;
}

static void
on_dialled (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Fixture *fixture = user_data;
  g_autoptr (GError) error = NULL;

  fixture->dialled = dms_transport_dial_finish (DMS_TRANSPORT (source), result, &error);
  fixture->outcome = fixture->dialled != NULL ? -1 : (int) error->code;
}

static int
dial (Fixture *fixture, const char *text)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsMultiaddr) address = dms_multiaddr_new (text, &error);

  g_assert_no_error (error);
  fixture->outcome = -2;
  g_clear_pointer (&fixture->dialled, dms_peer_id_unref);
  dms_transport_dial_async (fixture->b, address, NULL, on_dialled, fixture);
  return wait_outcome (fixture);
}

static void
test_dial (Fixture *fixture, gconstpointer data)
{
  g_autoptr (DmsPeerId) a = dms_transport_dup_peer_id (fixture->a);
  g_autoptr (DmsPeerId) b = dms_transport_dup_peer_id (fixture->b);
  g_autofree char *right = g_strdup_printf ("/memory/a/p2p/%s", dms_peer_id_get_text (a));
  g_autofree char *wrong = g_strdup_printf ("/memory/a/p2p/%s", dms_peer_id_get_text (b));
  g_autoptr (GPtrArray) addresses = dms_transport_dup_listen_addresses (fixture->a);

  g_assert_cmpuint (addresses->len, ==, 1);
  g_assert_cmpstr (dms_multiaddr_get_text (g_ptr_array_index (addresses, 0)), ==, "/memory/a");
  dms_test_run (20);
  g_signal_connect (fixture->b, "peer-connected", G_CALLBACK (on_connected), fixture);
  g_signal_connect (fixture->b, "peer-disconnected", G_CALLBACK (on_disconnected), fixture);
  dms_transport_disconnect_peer (fixture->a, b);
  dms_test_run (20);
  g_assert_cmpuint (fixture->disconnected, ==, 1);
  g_assert_cmpint (dial (fixture, wrong), ==, DMS_ERROR_UNAVAILABLE);
  g_assert_cmpint (dial (fixture, "/memory/nobody"), ==, DMS_ERROR_UNAVAILABLE);
  g_assert_cmpint (dial (fixture, right), ==, -1);
  g_assert_true (dms_peer_id_equal (fixture->dialled, a));
  dms_test_run (20);
  g_assert_cmpuint (fixture->connected, ==, 1);
  g_assert_cmpint (dial (fixture, "/memory/a"), ==, -1);
}

static void
test_private_network (Fixture *fixture, gconstpointer data)
{
  guint8 key[32] = { 9 };
  g_autoptr (GBytes) network_key = g_bytes_new (key, sizeof key);
  g_autoptr (DmsTransport) inside = start (fixture, 3, "h", NULL, network_key);
  g_autoptr (DmsTransport) beside = start (fixture, 4, "h", NULL, network_key);
  g_autoptr (GPtrArray) peers = dms_transport_list_peers (inside);
  g_autoptr (GPtrArray) known = dms_transport_list_known_peers (fixture->a);
  g_autoptr (GError) error = NULL;

  g_assert_cmpuint (peers->len, ==, 1);
  g_assert_cmpuint (known->len, ==, 1);
  g_assert_cmpint (send_to (fixture, fixture->a, inside, "i", "x"), ==, DMS_ERROR_NOT_FOUND);
  g_assert_cmpint (send_to (fixture, inside, fixture->b, "i", "x"), ==, DMS_ERROR_NOT_FOUND);
  g_assert_cmpint (send_to (fixture, inside, beside, "i", "x"), ==, -1);
  g_assert_false (dms_transport_set_private_network_key (inside, NULL, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_WRONG_STATE);
}

static DmsValidation
on_validate (DmsTransport *transport,
             const char *topic,
             DmsPeerId *from,
             GBytes *bytes,
             guint64 ticket,
             gpointer user_data)
{
  return g_bytes_get_size (bytes) > 3 ? DMS_VALIDATION_REJECT : DMS_VALIDATION_ACCEPT;
}

static int
publish (Fixture *fixture, DmsTransport *from, const char *topic, const char *text)
{
  g_autoptr (GBytes) bytes = g_bytes_new (text, strlen (text));

  fixture->outcome = -2;
  dms_transport_publish_async (from, topic, bytes, NULL, on_done, fixture);
  wait_outcome (fixture);
  dms_test_run (20);
  return fixture->outcome;
}

static void
test_topics (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GPtrArray) scores = NULL;

  dms_transport_subscribe (fixture->a, "t", on_topic, fixture, NULL, NULL);
  dms_transport_subscribe (fixture->b, "t", on_topic, fixture, NULL, NULL);
  g_assert_cmpint (publish (fixture, fixture->a, "t", "abc"), ==, -1);
  g_assert_cmpuint (fixture->got->len, ==, 2);
  g_assert_cmpint (publish (fixture, fixture->a, "u", "abc"), ==, -1);
  g_assert_cmpuint (fixture->got->len, ==, 2);
  dms_transport_set_topic_validator (fixture->b, "t", on_validate, NULL, NULL);
  publish (fixture, fixture->a, "t", "abcd");
  g_assert_cmpuint (fixture->got->len, ==, 3);
  g_assert_cmpint (publish (fixture, fixture->b, "t", "abcd"), ==, DMS_ERROR_INVALID_DATA);
  scores = dms_transport_dup_scores (fixture->b);
  g_assert_cmpuint (scores->len, ==, 1);
  g_assert_cmpfloat (dms_peer_score_get_score (g_ptr_array_index (scores, 0)), <, 0);
  dms_transport_unsubscribe (fixture->b, "t");
  publish (fixture, fixture->a, "t", "abc");
  g_assert_cmpuint (fixture->got->len, ==, 4);
}

static guint64 later_tickets[8];
static guint n_later;

static DmsValidation
on_validate_later (DmsTransport *transport,
                   const char *topic,
                   DmsPeerId *from,
                   GBytes *bytes,
                   guint64 ticket,
                   gpointer user_data)
{
  g_assert_cmpuint (ticket, !=, 0);
  g_assert_cmpuint (n_later, <, G_N_ELEMENTS (later_tickets));
  later_tickets[n_later++] = ticket;
  return DMS_VALIDATION_LATER;
}

/* Nothing is delivered before the answer, and an answer counts once; publishing waits for it, too. */
static void
test_validation_later (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GBytes) bytes = g_bytes_new_static ("own", 3);
  g_autoptr (GPtrArray) scores = NULL;

  n_later = 0;
  dms_transport_subscribe (fixture->b, "t", on_topic, fixture, NULL, NULL);
  dms_transport_set_topic_validator (fixture->b, "t", on_validate_later, NULL, NULL);
  publish (fixture, fixture->a, "t", "one");
  publish (fixture, fixture->a, "t", "two");
  publish (fixture, fixture->a, "t", "three");
  g_assert_cmpuint (n_later, ==, 3);
  g_assert_cmpuint (fixture->got->len, ==, 0);
  dms_transport_finish_validation (fixture->b, later_tickets[1], DMS_VALIDATION_ACCEPT);
  /* Never from inside the call. */
  g_assert_cmpuint (fixture->got->len, ==, 0);
  dms_test_run (20);
  g_assert_cmpuint (fixture->got->len, ==, 1);
  dms_transport_finish_validation (fixture->b, later_tickets[1], DMS_VALIDATION_ACCEPT);
  dms_transport_finish_validation (fixture->b, later_tickets[0], DMS_VALIDATION_IGNORE);
  dms_transport_finish_validation (fixture->b, later_tickets[2], DMS_VALIDATION_REJECT);
  dms_transport_finish_validation (fixture->b, 4711, DMS_VALIDATION_ACCEPT);
  dms_test_run (20);
  g_assert_cmpuint (fixture->got->len, ==, 1);
  scores = dms_transport_dup_scores (fixture->b);
  g_assert_cmpfloat (dms_peer_score_get_score (g_ptr_array_index (scores, 0)), ==, -1);
  fixture->outcome = -2;
  dms_transport_publish_async (fixture->b, "t", bytes, NULL, on_done, fixture);
  dms_test_run (20);
  g_assert_cmpint (fixture->outcome, ==, -2);
  dms_transport_finish_validation (fixture->b, later_tickets[3], DMS_VALIDATION_REJECT);
  wait_outcome (fixture);
  g_assert_cmpint (fixture->outcome, ==, DMS_ERROR_INVALID_DATA);
  /* Whatever waits when it ends is ignored: the fixture stops the transport. */
  dms_transport_publish_async (fixture->b, "t", bytes, NULL, on_done, fixture);
}

static DmsValidation
on_validate_never (DmsTransport *transport,
                   const char *topic,
                   DmsPeerId *from,
                   GBytes *bytes,
                   guint64 ticket,
                   gpointer user_data)
{
  ++*(guint *) user_data;
  return DMS_VALIDATION_LATER;
}

static void
on_told (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  guint *n_busy = user_data;

  g_assert_false (dms_transport_publish_finish (DMS_TRANSPORT (source), result, &error));
  *n_busy += g_error_matches (error, DMS_ERROR, DMS_ERROR_BUSY);
}

/* Whoever publishes more than can wait for its validator is told that it was not published. */
static void
test_validation_full (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GBytes) bytes = g_bytes_new_static ("own", 3);
  static guint n_asked;
  static guint n_busy;

  dms_transport_set_topic_validator (fixture->b, "t", on_validate_never, &n_asked, NULL);
  for (guint i = 0; i < 10000; i++)
    dms_transport_publish_async (fixture->b, "t", bytes, NULL, on_told, &n_busy);
  dms_test_run (20);
  g_assert_cmpuint (n_asked, <, 10000);
  g_assert_cmpuint (n_asked + n_busy, ==, 10000);
}

static void
on_found (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Fixture *fixture = user_data;
  g_autoptr (GError) error = NULL;

  fixture->found = dms_transport_get_value_finish (DMS_TRANSPORT (source), result, &error);
  fixture->outcome = fixture->found != NULL ? -1 : (int) error->code;
}

static void
on_providers (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Fixture *fixture = user_data;

  fixture->peers = dms_transport_find_providers_finish (DMS_TRANSPORT (source), result, NULL);
  fixture->outcome = -1;
}

static void
test_routing (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GBytes) value = g_bytes_new_static ("v", 1);

  fixture->outcome = -2;
  dms_transport_get_value_async (fixture->b, "k", NULL, on_found, fixture);
  g_assert_cmpint (wait_outcome (fixture), ==, DMS_ERROR_NOT_FOUND);
  fixture->outcome = -2;
  dms_transport_put_value_async (fixture->a, "k", value, NULL, on_done, fixture);
  g_assert_cmpint (wait_outcome (fixture), ==, -1);
  fixture->outcome = -2;
  dms_transport_get_value_async (fixture->b, "k", NULL, on_found, fixture);
  g_assert_cmpint (wait_outcome (fixture), ==, -1);
  g_assert_true (g_bytes_equal (fixture->found, value));

  fixture->outcome = -2;
  dms_transport_provide_async (fixture->a, "k", NULL, on_done, fixture);
  g_assert_cmpint (wait_outcome (fixture), ==, -1);
  fixture->outcome = -2;
  dms_transport_find_providers_async (fixture->b, "k", 5, NULL, on_providers, fixture);
  wait_outcome (fixture);
  g_assert_cmpuint (fixture->peers->len, ==, 1);
}

static void
on_pinged (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Fixture *fixture = user_data;
  g_autoptr (GError) error = NULL;

  fixture->round_trip = dms_transport_ping_finish (DMS_TRANSPORT (source), result, &error);
  fixture->outcome = error == NULL ? -1 : (int) error->code;
}

static void
test_ping (Fixture *fixture, gconstpointer data)
{
  g_autoptr (DmsPeerId) b = dms_transport_dup_peer_id (fixture->b);

  fixture->outcome = -2;
  dms_transport_ping_async (fixture->a, b, NULL, on_pinged, fixture);
  g_assert_cmpint (wait_outcome (fixture), ==, -1);
  g_assert_cmpint (fixture->round_trip, >=, 1);
  /* The peer leaves while the ping is under way. */
  fixture->outcome = -2;
  dms_transport_ping_async (fixture->a, b, NULL, on_pinged, fixture);
  dms_transport_stop_async (fixture->b, NULL, NULL, NULL);
  g_assert_cmpint (wait_outcome (fixture), ==, DMS_ERROR_UNAVAILABLE);
}

static void
on_stream (DmsTransport *transport, DmsStream *stream, gpointer user_data)
{
  ((Fixture *) user_data)->far_end = g_object_ref (stream);
}

static void
on_opened (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Fixture *fixture = user_data;
  g_autoptr (GError) error = NULL;

  fixture->near_end = dms_transport_open_stream_finish (DMS_TRANSPORT (source), result, &error);
  fixture->outcome = fixture->near_end != NULL ? -1 : (int) error->code;
}

static void
test_stream (Fixture *fixture, gconstpointer data)
{
  g_autoptr (DmsPeerId) a = dms_transport_dup_peer_id (fixture->a);
  g_autoptr (DmsPeerId) b = dms_transport_dup_peer_id (fixture->b);
  g_autoptr (DmsPeerId) seen = NULL;
  char buffer[6] = "";

  fixture->outcome = -2;
  dms_transport_open_stream_async (fixture->a, b, "/p/1", NULL, on_opened, fixture);
  g_assert_cmpint (wait_outcome (fixture), ==, DMS_ERROR_NOT_SUPPORTED);
  dms_transport_set_stream_handler (fixture->b, "/p/1", on_stream, fixture, NULL);
  fixture->outcome = -2;
  dms_transport_open_stream_async (fixture->a, b, "/p/1", NULL, on_opened, fixture);
  g_assert_cmpint (wait_outcome (fixture), ==, -1);
  dms_test_run (20);
  g_assert_nonnull (fixture->far_end);
  seen = dms_stream_dup_peer_id (fixture->far_end);
  g_assert_true (dms_peer_id_equal (seen, a));
  g_assert_cmpstr (dms_stream_get_protocol (fixture->far_end), ==, "/p/1");
  g_assert_true (g_output_stream_write_all (g_io_stream_get_output_stream (G_IO_STREAM (fixture->near_end)),
                                            "hello", 5, NULL, NULL, NULL));
  g_assert_true (g_input_stream_read_all (g_io_stream_get_input_stream (G_IO_STREAM (fixture->far_end)),
                                          buffer, 5, NULL, NULL, NULL));
  g_assert_cmpstr (buffer, ==, "hello");
  dms_stream_reset (fixture->far_end);
  g_assert_cmpint (g_input_stream_read (g_io_stream_get_input_stream (G_IO_STREAM (fixture->near_end)),
                                        buffer, 1, NULL, NULL),
                   <=, 0);
  g_clear_object (&fixture->near_end);
  g_clear_object (&fixture->far_end);
}

static void
add (const char *path, void (*func) (Fixture *, gconstpointer))
{
  g_test_add (path, Fixture, NULL, set_up, func, tear_down);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add ("/transport-memory/messages", test_messages);
  add ("/transport-memory/no-room", test_no_room);
  add ("/transport-memory/limits", test_limits);
  add ("/transport-memory/peers", test_peers);
  add ("/transport-memory/dial", test_dial);
  add ("/transport-memory/private-network", test_private_network);
  add ("/transport-memory/topics", test_topics);
  add ("/transport-memory/validation-later", test_validation_later);
  add ("/transport-memory/validation-full", test_validation_full);
  add ("/transport-memory/routing", test_routing);
  add ("/transport-memory/ping", test_ping);
  add ("/transport-memory/stream", test_stream);
  return g_test_run ();
}
