/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <dms.h>

#include "dms-test-node.h"

#define ROOT_PROTOCOL "actor/root/messages/0.0.1"

typedef struct
{
  DmsTestNode *a;
  DmsTestNode *b;
  DmsPeerId *peer_a;
  DmsPeerId *peer_b;
  /* One line for each call of the peer handler of a. */
  GPtrArray *told;
  GPtrArray *steps;
  DmsPeerId *dialled;
  int outcome;
  guint destroyed;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->a = dms_test_node_new ("peers");
  fixture->b = dms_test_node_new ("peers");
  fixture->peer_a = dms_transport_dup_peer_id (dms_test_node_get_transport (fixture->a));
  fixture->peer_b = dms_transport_dup_peer_id (dms_test_node_get_transport (fixture->b));
  fixture->told = g_ptr_array_new_with_free_func (g_free);
  fixture->steps = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_dial_step_unref);
  dms_test_run (20);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  dms_test_node_free (fixture->a);
  if (fixture->b != NULL)
    dms_test_node_free (fixture->b);
  dms_peer_id_unref (fixture->peer_a);
  dms_peer_id_unref (fixture->peer_b);
  g_clear_pointer (&fixture->dialled, dms_peer_id_unref);
  g_ptr_array_unref (fixture->told);
  g_ptr_array_unref (fixture->steps);
}

static void
on_peer (DmsTransport *transport,
         DmsPeerId *peer,
         gboolean identified,
         const char *const *protocols,
         gpointer user_data)
{
  Fixture *fixture = user_data;
  g_autofree char *joined = g_strjoinv (" ", (GStrv) protocols);

  g_assert_true (dms_peer_id_equal (peer, fixture->peer_b));
  g_ptr_array_add (fixture->told, g_strdup_printf ("%s: %s", identified ? "here" : "gone", joined));
}

static void
on_stream (DmsTransport *transport, DmsStream *stream, gpointer user_data)
{
}

static void
note_destroyed (gpointer data)
{
  ((Fixture *) data)->destroyed++;
}

static const char *
get_told (Fixture *fixture, guint i)
{
  g_assert_cmpuint (fixture->told->len, >, i);
  return g_ptr_array_index (fixture->told, i);
}

/* Told of those that are there, of what changes, and of those that go; never from inside a call. */
static void
test_handler (Fixture *fixture, gconstpointer data)
{
  DmsTransport *a = dms_test_node_get_transport (fixture->a);
  DmsTransport *b = dms_test_node_get_transport (fixture->b);
  g_autofree char *back = g_strdup_printf ("/p2p/%s", dms_peer_id_get_text (fixture->peer_a));
  g_autoptr (DmsMultiaddr) address = dms_multiaddr_new (back, NULL);

  dms_transport_set_peer_handler (a, on_peer, fixture, note_destroyed);
  g_assert_cmpuint (fixture->told->len, ==, 0);
  dms_test_run (20);
  g_assert_cmpuint (fixture->told->len, ==, 1);
  g_assert_cmpstr (get_told (fixture, 0), ==, "here: " ROOT_PROTOCOL);
  dms_transport_set_stream_handler (b, "/test/1", on_stream, NULL, NULL);
  dms_test_run (20);
  g_assert_cmpuint (fixture->told->len, ==, 2);
  g_assert_cmpstr (get_told (fixture, 1), ==, "here: " ROOT_PROTOCOL " /test/1");
  dms_transport_disconnect_peer (b, fixture->peer_a);
  dms_test_run (20);
  g_assert_cmpuint (fixture->told->len, ==, 3);
  g_assert_cmpstr (get_told (fixture, 2), ==, "gone: ");
  /* Comes and goes before anybody looks: never there, as far as the program knows. */
  dms_transport_dial_async (b, address, NULL, NULL, NULL);
  dms_transport_disconnect_peer (b, fixture->peer_a);
  dms_test_run (20);
  g_assert_cmpuint (fixture->told->len, ==, 3);
  dms_transport_set_peer_handler (a, NULL, NULL, NULL);
  g_assert_cmpuint (fixture->destroyed, ==, 1);
}

static void
test_handler_leave (Fixture *fixture, gconstpointer data)
{
  dms_transport_set_peer_handler (dms_test_node_get_transport (fixture->a), on_peer, fixture, note_destroyed);
  dms_test_run (20);
  g_clear_pointer (&fixture->b, dms_test_node_free);
  dms_test_run (20);
  g_assert_cmpstr (get_told (fixture, fixture->told->len - 1), ==, "gone: ");
}

static void
test_protocols (Fixture *fixture, gconstpointer data)
{
  DmsTransport *a = dms_test_node_get_transport (fixture->a);
  g_autoptr (DmsKey) key = dms_key_generate ();
  DmsPeerId *stranger = dms_key_get_peer_id (key);
  g_auto (GStrv) protocols = dms_transport_dup_peer_protocols (a, fixture->peer_b);

  g_assert_cmpuint (g_strv_length (protocols), ==, 1);
  g_assert_cmpstr (protocols[0], ==, ROOT_PROTOCOL);
  g_assert_null (dms_transport_dup_peer_protocols (a, stranger));
  dms_transport_disconnect_peer (a, fixture->peer_b);
  g_assert_null (dms_transport_dup_peer_protocols (a, fixture->peer_b));
}

static void
on_sent (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (dms_transport_send_message_finish (DMS_TRANSPORT (source), result, &error));
  g_assert_no_error (error);
}

static void
test_connections (Fixture *fixture, gconstpointer data)
{
  DmsTransport *a = dms_test_node_get_transport (fixture->a);
  DmsTransport *b = dms_test_node_get_transport (fixture->b);
  g_autoptr (GBytes) bytes = g_bytes_new_static ("12345", 5);
  g_autoptr (GPtrArray) at_a = NULL;
  g_autoptr (GPtrArray) at_b = NULL;
  g_autoptr (GPtrArray) addresses = dms_transport_dup_listen_addresses (b);
  g_autoptr (GPtrArray) limits = NULL;
  DmsConnectionInfo *info = NULL;

  dms_transport_send_message_async (a, fixture->peer_b, "nobody", bytes, NULL, on_sent, NULL);
  dms_test_run (20);
  at_a = dms_transport_list_connections (a);
  at_b = dms_transport_list_connections (b);
  g_assert_cmpuint (at_a->len, ==, 1);
  g_assert_cmpuint (at_b->len, ==, 1);
  info = g_ptr_array_index (at_a, 0);
  g_assert_true (dms_peer_id_equal (dms_connection_info_get_peer (info), fixture->peer_b));
  g_assert_true (
      dms_multiaddr_equal (dms_connection_info_get_remote (info), g_ptr_array_index (addresses, 0)));
  /* The second node met the first. */
  g_assert_true (dms_connection_info_get_inbound (info));
  g_assert_false (dms_connection_info_get_inbound (g_ptr_array_index (at_b, 0)));
  g_assert_cmpuint (dms_connection_info_get_bytes_out (info), ==, 5);
  g_assert_cmpuint (dms_connection_info_get_bytes_in (g_ptr_array_index (at_b, 0)), ==, 5);
  g_assert_cmpint (dms_connection_info_get_opened_us (info), >, 0);
  g_assert_cmpstr (dms_connection_info_get_protocols (info)[0], ==, ROOT_PROTOCOL);
  limits = dms_transport_list_limits (b);
  g_assert_cmpuint (limits->len, ==, 2);
  g_assert_cmpstr (dms_limit_info_get_resource (g_ptr_array_index (limits, 1)), ==, "memory");
  g_assert_cmpuint (dms_limit_info_get_peak (g_ptr_array_index (limits, 1)), ==, 5);
  dms_transport_disconnect_peer (a, fixture->peer_b);
  g_clear_pointer (&at_a, g_ptr_array_unref);
  at_a = dms_transport_list_connections (a);
  g_assert_cmpuint (at_a->len, ==, 0);
}

static double
get_score (DmsTransport *transport)
{
  g_autoptr (GPtrArray) scores = dms_transport_dup_scores (transport);

  g_assert_cmpuint (scores->len, ==, 1);
  g_assert_cmpfloat (dms_peer_score_get_app_specific (g_ptr_array_index (scores, 0)),
                     ==,
                     dms_peer_score_get_score (g_ptr_array_index (scores, 0)));
  return dms_peer_score_get_score (g_ptr_array_index (scores, 0));
}

/* What the program thinks of a peer lasts as long as the peer is here. */
static void
test_scores (Fixture *fixture, gconstpointer data)
{
  DmsTransport *a = dms_test_node_get_transport (fixture->a);
  g_autofree char *back = g_strdup_printf ("/p2p/%s", dms_peer_id_get_text (fixture->peer_b));
  g_autoptr (DmsMultiaddr) address = dms_multiaddr_new (back, NULL);

  g_assert_cmpfloat (get_score (a), ==, 0);
  dms_transport_set_peer_score (a, fixture->peer_b, 5);
  g_assert_cmpfloat (get_score (a), ==, 5);
  dms_transport_set_peer_score (a, fixture->peer_b, -1);
  g_assert_cmpfloat (get_score (a), ==, -1);
  dms_transport_disconnect_peer (a, fixture->peer_b);
  dms_test_run (20);
  dms_transport_set_peer_score (a, fixture->peer_b, 7);
  dms_transport_dial_async (a, address, NULL, NULL, NULL);
  dms_test_run (20);
  g_assert_cmpfloat (get_score (a), ==, 0);
}

static void
on_step (DmsTransport *transport, DmsDialStep *step, gpointer user_data)
{
  g_ptr_array_add (((Fixture *) user_data)->steps, dms_dial_step_ref (step));
}

static void
on_dialled (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Fixture *fixture = user_data;
  g_autoptr (GError) error = NULL;

  fixture->dialled = dms_transport_trace_dial_finish (DMS_TRANSPORT (source), result, &error);
  fixture->outcome = fixture->dialled != NULL ? -1 : (int) error->code;
}

static gboolean
has_outcome (gpointer user_data)
{
  return ((Fixture *) user_data)->outcome != -2;
}

static int
trace (Fixture *fixture, const char *text)
{
  g_autoptr (DmsMultiaddr) address = dms_multiaddr_new (text, NULL);

  g_assert_nonnull (address);
  g_clear_pointer (&fixture->dialled, dms_peer_id_unref);
  fixture->outcome = -2;
  dms_transport_trace_dial_async (dms_test_node_get_transport (fixture->a),
                                  address,
                                  NULL,
                                  on_step,
                                  fixture,
                                  note_destroyed,
                                  on_dialled,
                                  fixture);
  g_assert_cmpint (fixture->outcome, ==, -2);
  dms_test_wait (has_outcome, fixture);
  return fixture->outcome;
}

static void
test_trace (Fixture *fixture, gconstpointer data)
{
  g_autofree char *peer = g_strdup_printf ("/p2p/%s", dms_peer_id_get_text (fixture->peer_b));
  DmsDialStep *step = NULL;

  dms_transport_disconnect_peer (dms_test_node_get_transport (fixture->a), fixture->peer_b);
  g_assert_cmpint (trace (fixture, peer), ==, -1);
  g_assert_true (dms_peer_id_equal (fixture->dialled, fixture->peer_b));
  g_assert_cmpuint (fixture->steps->len, ==, 1);
  step = g_ptr_array_index (fixture->steps, 0);
  g_assert_cmpstr (dms_dial_step_get_step (step), ==, "connect");
  g_assert_cmpstr (dms_dial_step_get_detail (step), ==, peer);
  g_assert_null (dms_dial_step_get_error_text (step));
  g_assert_cmpint (trace (fixture, "/memory/nobody"), ==, DMS_ERROR_UNAVAILABLE);
  g_assert_cmpuint (fixture->steps->len, ==, 2);
  g_assert_nonnull (dms_dial_step_get_error_text (g_ptr_array_index (fixture->steps, 1)));
  dms_test_run (20);
  g_assert_cmpuint (fixture->destroyed, ==, 2);
}

static void
add (const char *path, void (*test) (Fixture *fixture, gconstpointer data))
{
  g_test_add (path, Fixture, NULL, set_up, test, tear_down);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add ("/transport-peers/handler", test_handler);
  add ("/transport-peers/handler-leave", test_handler_leave);
  add ("/transport-peers/protocols", test_protocols);
  add ("/transport-peers/connections", test_connections);
  add ("/transport-peers/scores", test_scores);
  add ("/transport-peers/trace", test_trace);
  return g_test_run ();
}
