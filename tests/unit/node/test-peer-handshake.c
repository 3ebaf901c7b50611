/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <dms.h>

#include "dms-test-node.h"
#include "node/dms-peer-handshake.h"

#define HELLO "/public/hello"

/* Two nodes that greet each other. */
typedef struct
{
  DmsTestNode *nodes[2];
  DmsPeerHandshake *handshakes[2];
  DmsPeerId *peers[2];
  guint greeted[2];
  /* What node 1 answers; NULL is the truth, "" is silence. */
  const char *lie;
} Fixture;

static Fixture *current;

static void
on_hello (DmsActor *actor, DmsMessage *message, gpointer user_data)
{
  guint index = GPOINTER_TO_UINT (user_data);
  DmsDid *did = dms_test_node_get_did (current->nodes[index]);
  const char *lie = index == 1 ? current->lie : NULL;
  JsonObject *reply = NULL;
  JsonObject *object = NULL;

  current->greeted[index]++;
  dms_peer_handshake_note_hello (current->handshakes[index],
                                 dms_handle_get_host (dms_message_get_from (message)));
  if (lie != NULL && *lie == '\0')
    return;
  reply = json_object_new ();
  object = json_object_new ();
  json_object_set_string_member (object, "uri", lie != NULL ? lie : dms_did_get_uri (did));
  json_object_set_object_member (reply, "DID", object);
  dms_message_reply_object (message, reply);
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  current = fixture;
  for (guint i = 0; i < 2; i++)
    {
      DmsActor *root = NULL;

      fixture->nodes[i] = dms_test_node_new ("handshake");
      fixture->peers[i] = dms_transport_dup_peer_id (dms_test_node_get_transport (fixture->nodes[i]));
      root = dms_test_node_get_root (fixture->nodes[i]);
      dms_actor_add_behaviour (root, HELLO, DMS_BEHAVIOUR_REQUIRE, on_hello, GUINT_TO_POINTER (i), NULL);
      fixture->handshakes[i] = dms_peer_handshake_new (root);
      dms_peer_handshake_set_delay (fixture->handshakes[i], 20);
    }
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  for (guint i = 0; i < 2; i++)
    {
      if (fixture->nodes[i] == NULL)
        continue;
      if (fixture->handshakes[i] != NULL)
        {
          dms_peer_handshake_stop (fixture->handshakes[i]);
          g_assert_finalize_object (fixture->handshakes[i]);
        }
      dms_test_node_free (fixture->nodes[i]);
    }
  dms_peer_id_unref (fixture->peers[0]);
  dms_peer_id_unref (fixture->peers[1]);
  current = NULL;
}

static void
allow (Fixture *fixture, guint from, guint to)
{
  dms_test_node_allow (fixture->nodes[to], fixture->nodes[from], "/public");
}

/* What node @index thinks of the other one; -100 when there is none. */
static double
get_score (Fixture *fixture, guint index)
{
  g_autoptr (GPtrArray) scores =
      dms_transport_dup_scores (dms_test_node_get_transport (fixture->nodes[index]));

  return scores->len == 1 ? dms_peer_score_get_app_specific (g_ptr_array_index (scores, 0)) : -100;
}

static gboolean
is_mutual (gpointer user_data)
{
  return get_score (user_data, 0) == 5 && get_score (user_data, 1) == 5;
}

static void
start_both (Fixture *fixture)
{
  dms_peer_handshake_start (fixture->handshakes[0]);
  dms_peer_handshake_start (fixture->handshakes[1]);
}

static void
test_mutual (Fixture *fixture, gconstpointer data)
{
  allow (fixture, 0, 1);
  allow (fixture, 1, 0);
  start_both (fixture);
  dms_test_wait (is_mutual, fixture);
  g_assert_true (dms_did_equal (dms_peer_handshake_get_did (fixture->handshakes[0], fixture->peers[1]),
                                dms_test_node_get_did (fixture->nodes[1])));
  g_assert_true (dms_did_equal (dms_peer_handshake_get_did (fixture->handshakes[1], fixture->peers[0]),
                                dms_test_node_get_did (fixture->nodes[0])));
  g_assert_null (dms_peer_handshake_get_did (fixture->handshakes[0], fixture->peers[0]));
  /* Once is enough. */
  dms_test_run (100);
  g_assert_cmpuint (fixture->greeted[0], ==, 1);
  g_assert_cmpuint (fixture->greeted[1], ==, 1);
}

static gboolean
is_known (gpointer user_data)
{
  Fixture *fixture = user_data;

  return dms_peer_handshake_get_did (fixture->handshakes[0], fixture->peers[1]) != NULL;
}

/* One may greet, the other may not: known, but not mutual. */
static void
test_one_way (Fixture *fixture, gconstpointer data)
{
  allow (fixture, 0, 1);
  start_both (fixture);
  dms_test_wait (is_known, fixture);
  g_assert_cmpfloat (get_score (fixture, 0), ==, 1);
  g_assert_cmpfloat (get_score (fixture, 1), ==, 1);
  g_assert_null (dms_peer_handshake_get_did (fixture->handshakes[1], fixture->peers[0]));
}

static gboolean
is_asked_thrice (gpointer user_data)
{
  return ((Fixture *) user_data)->greeted[1] == 3;
}

/* Three tries of three seconds each, then no more. */
static void
test_silent (Fixture *fixture, gconstpointer data)
{
  gint64 began_us = g_get_monotonic_time ();

  allow (fixture, 0, 1);
  fixture->lie = "";
  dms_peer_handshake_start (fixture->handshakes[0]);
  dms_test_wait (is_asked_thrice, fixture);
  g_assert_cmpint (g_get_monotonic_time () - began_us, >=, 6 * G_USEC_PER_SEC);
  dms_test_run (3500);
  g_assert_cmpuint (fixture->greeted[1], ==, 3);
  g_assert_cmpfloat (get_score (fixture, 0), ==, 1);
  g_assert_false (is_known (fixture));
}

/* Nobody becomes somebody else by saying so. */
static void
test_liar (Fixture *fixture, gconstpointer data)
{
  allow (fixture, 0, 1);
  fixture->lie = dms_did_get_uri (dms_test_node_get_did (fixture->nodes[0]));
  dms_peer_handshake_start (fixture->handshakes[0]);
  dms_test_wait (is_asked_thrice, fixture);
  dms_test_run (100);
  g_assert_cmpuint (fixture->greeted[1], ==, 3);
  g_assert_false (is_known (fixture));
  g_assert_cmpfloat (get_score (fixture, 0), ==, 1);
}

static gboolean
is_greeted (gpointer user_data)
{
  return ((Fixture *) user_data)->greeted[1] > 0;
}

/* A peer that goes is forgotten, also while its answer is awaited; when it comes back it is greeted anew. */
static void
test_comes_and_goes (Fixture *fixture, gconstpointer data)
{
  DmsTransport *transport = dms_test_node_get_transport (fixture->nodes[0]);
  g_autofree char *text = g_strdup_printf ("/p2p/%s", dms_peer_id_get_text (fixture->peers[1]));
  g_autoptr (DmsMultiaddr) address = dms_multiaddr_new (text, NULL);

  allow (fixture, 0, 1);
  fixture->lie = "";
  dms_peer_handshake_start (fixture->handshakes[0]);
  dms_test_wait (is_greeted, fixture);
  dms_transport_disconnect_peer (transport, fixture->peers[1]);
  dms_test_run (50);
  g_assert_cmpfloat (get_score (fixture, 0), ==, -100);
  fixture->lie = NULL;
  dms_transport_dial_async (transport, address, NULL, NULL, NULL);
  dms_test_wait (is_known, fixture);
  g_assert_cmpuint (fixture->greeted[1], ==, 2);
  dms_transport_disconnect_peer (transport, fixture->peers[1]);
  dms_test_run (50);
  g_assert_false (is_known (fixture));
}

/* The wait is at least as long as was said; stopping in between leaves nothing behind. */
static void
test_delay (Fixture *fixture, gconstpointer data)
{
  gint64 began_us = g_get_monotonic_time ();

  allow (fixture, 0, 1);
  dms_peer_handshake_set_delay (fixture->handshakes[0], 300);
  dms_peer_handshake_start (fixture->handshakes[0]);
  dms_test_wait (is_greeted, fixture);
  g_assert_cmpint (g_get_monotonic_time () - began_us, >=, 300 * G_TIME_SPAN_MILLISECOND);
  g_assert_cmpfloat (get_score (fixture, 0), ==, 1);
  dms_peer_handshake_stop (fixture->handshakes[0]);
  dms_peer_handshake_start (fixture->handshakes[0]);
  dms_peer_handshake_stop (fixture->handshakes[0]);
  dms_test_run (700);
  g_assert_cmpuint (fixture->greeted[1], ==, 1);
}

/* Many that find each other at one moment do not greet at one moment. */
static void
test_spread (Fixture *fixture, gconstpointer data)
{
  enum
  {
    N = 12,
    DELAY_MS = 100,
    /* Of the hundred milliseconds that the waits are spread over. */
    LEAST_MS = 15
  };
  gint64 least_us = G_MAXINT64;
  gint64 most_us = 0;

  allow (fixture, 0, 1);
  dms_peer_handshake_set_delay (fixture->handshakes[0], DELAY_MS);
  for (guint i = 0; i < N; i++)
    {
      gint64 began_us = g_get_monotonic_time ();

      fixture->greeted[1] = 0;
      dms_peer_handshake_start (fixture->handshakes[0]);
      dms_test_wait (is_greeted, fixture);
      least_us = MIN (least_us, g_get_monotonic_time () - began_us);
      most_us = MAX (most_us, g_get_monotonic_time () - began_us);
      dms_peer_handshake_stop (fixture->handshakes[0]);
    }
  g_assert_cmpint (most_us - least_us, >=, LEAST_MS * G_TIME_SPAN_MILLISECOND);
}

/* A node that fails while it starts goes without a stop: the transport must not tell it of peers then. */
static void
test_not_stopped (Fixture *fixture, gconstpointer data)
{
  allow (fixture, 0, 1);
  dms_peer_handshake_start (fixture->handshakes[0]);
  g_assert_finalize_object (g_steal_pointer (&fixture->handshakes[0]));
  dms_test_run (150);
  g_assert_cmpuint (fixture->greeted[1], ==, 0);
}

/* Who speaks to no root actor is not greeted and counts nothing, until it does. */
static void
test_no_node (Fixture *fixture, gconstpointer data)
{
  DmsTransport *transport = dms_test_node_get_transport (fixture->nodes[1]);

  allow (fixture, 0, 1);
  dms_transport_set_inbox_handler (transport, NULL, NULL, NULL);
  dms_peer_handshake_start (fixture->handshakes[0]);
  dms_test_run (150);
  g_assert_cmpfloat (get_score (fixture, 0), ==, 0);
  g_assert_cmpuint (fixture->greeted[1], ==, 0);
}

static void
test_strangers (Fixture *fixture, gconstpointer data)
{
  dms_peer_handshake_start (fixture->handshakes[0]);
  dms_test_run (10);
  dms_peer_handshake_note_hello (fixture->handshakes[0], "");
  dms_peer_handshake_note_hello (fixture->handshakes[0], "nobody");
  dms_peer_handshake_note_hello (fixture->handshakes[0], dms_peer_id_get_text (fixture->peers[0]));
  g_assert_cmpfloat (get_score (fixture, 0), ==, 1);
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
  add ("/peer-handshake/mutual", test_mutual);
  add ("/peer-handshake/one-way", test_one_way);
  add ("/peer-handshake/silent", test_silent);
  add ("/peer-handshake/liar", test_liar);
  add ("/peer-handshake/comes-and-goes", test_comes_and_goes);
  add ("/peer-handshake/delay", test_delay);
  add ("/peer-handshake/spread", test_spread);
  add ("/peer-handshake/not-stopped", test_not_stopped);
  add ("/peer-handshake/no-node", test_no_node);
  add ("/peer-handshake/strangers", test_strangers);
  return g_test_run ();
}
