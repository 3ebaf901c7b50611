/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

/* Messages from one actor of a node to another: neither signed nor given tokens, and worth nothing anywhere
 * else. */

#include "dms-test-node.h"

#include "actor/dms-actor-private.h"
#include "actor/dms-envelope.h"
#include "common/dms-json-object.h"

#define NETWORK "test-own"

typedef struct
{
  DmsTestNode *a;
  DmsTestNode *b;
  guint called;
  guint unsigned_;
  char *sender;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->a = dms_test_node_new (NETWORK);
  fixture->b = dms_test_node_new (NETWORK);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_free (fixture->sender);
  dms_test_node_free (fixture->a);
  dms_test_node_free (fixture->b);
}

static gboolean
is_bare (DmsMessage *message)
{
  DmsEnvelope *envelope = dms_message_get_envelope (message);

  return dms_envelope_get_signature (envelope) == NULL && dms_envelope_get_capability (envelope) == NULL;
}

static void
on_echo (DmsActor *actor, DmsMessage *message, gpointer user_data)
{
  Fixture *fixture = user_data;
  g_autoptr (GError) error = NULL;

  fixture->called++;
  fixture->unsigned_ += is_bare (message);
  g_free (fixture->sender);
  fixture->sender = g_strdup (dms_did_get_uri (dms_message_get_sender_did (message)));
  dms_message_reply (message, dms_message_get_payload (message), &error);
  g_assert_no_error (error);
}

static void
add_echo (Fixture *fixture, DmsTestNode *node)
{
  dms_actor_add_behaviour (
      dms_test_node_get_root (node), "/dms/echo", DMS_BEHAVIOUR_REQUIRE, on_echo, fixture, NULL);
}

static DmsActor *
new_child (DmsTestNode *node, const char *inbox)
{
  g_autoptr (DmsKey) key = dms_key_derive (dms_test_node_get_key (node), inbox);
  DmsActor *child = dms_actor_new_child (dms_test_node_get_root (node), inbox, key, NULL);
  g_autoptr (GError) error = NULL;

  dms_actor_start (child, &error);
  g_assert_no_error (error);
  return child;
}

static guint64
refusals (DmsTestNode *node, DmsRefusal refusal)
{
  return dms_actor_registry_get_refusals (dms_test_node_get_registry (node), refusal);
}

/* A child talks to the root of its node, which nobody granted it, and is told from others as the node's own.
 */
static void
test_bare (Fixture *fixture, gconstpointer data)
{
  g_autoptr (DmsActor) child = new_child (fixture->a, "child");
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsMessage) answer = NULL;

  add_echo (fixture, fixture->a);
  answer =
      dms_test_invoke (child, dms_test_node_get_handle (fixture->a), "/dms/echo", "{\"n\":1}", 5, &error);
  g_assert_no_error (error);
  g_assert_cmpint (dms_json_object_get_whole (dms_message_get_object (answer), "n", 0, 9, -1), ==, 1);
  g_assert_cmpuint (fixture->unsigned_, ==, 1);
  g_assert_true (is_bare (answer));
  g_assert_cmpstr (fixture->sender, ==, dms_did_get_uri (dms_test_node_get_did (fixture->a)));
  g_assert_cmpstr (dms_did_get_uri (dms_message_get_sender_did (answer)), ==, fixture->sender);
  dms_actor_stop (child);
}

/* What leaves the node is signed and has tokens, and so is the answer to it. */
static void
test_other_node (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsMessage) answer = NULL;

  add_echo (fixture, fixture->b);
  dms_test_node_allow (fixture->b, fixture->a, "/dms");
  answer = dms_test_invoke (dms_test_node_get_root (fixture->a),
                            dms_test_node_get_handle (fixture->b),
                            "/dms/echo",
                            "{}",
                            5,
                            &error);
  g_assert_no_error (error);
  g_assert_cmpuint (fixture->called, ==, 1);
  g_assert_cmpuint (fixture->unsigned_, ==, 0);
  g_assert_false (is_bare (answer));
}

/* An actor of this process that acts for another node has no rights here. */
static void
test_other_authority (Fixture *fixture, gconstpointer data)
{
  g_autoptr (DmsSecurityContext) security = dms_security_context_new (
      dms_test_node_get_key (fixture->b), dms_test_node_get_capabilities (fixture->b));
  g_autoptr (DmsActor) guest = dms_actor_new (dms_test_node_get_registry (fixture->a), "guest", security);
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsMessage) answer = NULL;
  guint64 before = refusals (fixture->a, DMS_REFUSAL_NOT_AUTHORIZED);

  add_echo (fixture, fixture->a);
  dms_actor_start (guest, &error);
  g_assert_no_error (error);
  answer = dms_test_invoke (guest, dms_test_node_get_handle (fixture->a), "/dms/echo", "{}", 0.15, &error);
  g_assert_error (error, DMS_ERROR, DMS_ERROR_TIMED_OUT);
  g_assert_null (answer);
  g_assert_cmpuint (refusals (fixture->a, DMS_REFUSAL_NOT_AUTHORIZED), ==, before + 1);
  dms_actor_stop (guest);
}

static DmsEnvelope *
make_own (Fixture *fixture, DmsTestNode *to)
{
  return dms_envelope_new_own (G_OBJECT (dms_test_node_get_capabilities (fixture->a)),
                               dms_test_node_get_handle (to),
                               "/dms/echo",
                               dms_test_node_get_handle (fixture->a),
                               dms_envelope_make_nonce (),
                               dms_test_expiry_in (5),
                               NULL,
                               NULL);
}

static gboolean
is_refused (gpointer user_data)
{
  Fixture *fixture = user_data;

  return refusals (fixture->b, DMS_REFUSAL_BAD_SIGNATURE) > 0;
}

/* The authority of one node counts nothing at another in the same process. */
static void
test_not_for_others (Fixture *fixture, gconstpointer data)
{
  g_autoptr (DmsEnvelope) envelope = make_own (fixture, fixture->b);
  g_autoptr (GError) error = NULL;

  add_echo (fixture, fixture->b);
  dms_actor_deliver (dms_test_node_get_root (fixture->b), envelope, NULL, 100, &error);
  g_assert_no_error (error);
  dms_test_wait (is_refused, fixture);
  g_assert_cmpuint (fixture->called, ==, 0);
}

static void
on_sent (GObject *source, GAsyncResult *result, gpointer user_data)
{
  dms_transport_send_message_finish (DMS_TRANSPORT (source), result, NULL);
}

/* Written down, such a message is one without a signature. */
static void
test_not_on_the_wire (Fixture *fixture, gconstpointer data)
{
  g_autoptr (DmsEnvelope) envelope = make_own (fixture, fixture->b);
  g_autoptr (GBytes) bytes = dms_envelope_to_bytes (envelope);
  g_autoptr (DmsPeerId) peer = dms_transport_dup_peer_id (dms_test_node_get_transport (fixture->b));

  add_echo (fixture, fixture->b);
  dms_test_node_allow (fixture->b, fixture->a, "/dms");
  dms_transport_send_message_async (
      dms_test_node_get_transport (fixture->a), peer, "root", bytes, NULL, on_sent, NULL);
  dms_test_wait (is_refused, fixture);
  g_assert_cmpuint (refusals (fixture->b, DMS_REFUSAL_BAD_SIGNATURE), ==, 1);
  g_assert_cmpuint (fixture->called, ==, 0);
}

static void
add (const char *path, void (*function) (Fixture *, gconstpointer))
{
  g_test_add (path, Fixture, NULL, set_up, function, tear_down);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  add ("/actor/own/bare", test_bare);
  add ("/actor/own/other-node", test_other_node);
  add ("/actor/own/other-authority", test_other_authority);
  add ("/actor/own/not-for-others", test_not_for_others);
  add ("/actor/own/not-on-the-wire", test_not_on_the_wire);
  return g_test_run ();
}
