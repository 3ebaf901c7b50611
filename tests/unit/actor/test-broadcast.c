/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-test-node.h"

#include "actor/dms-envelope.h"
#include "common/dms-json-object.h"

#define NETWORK "test-broadcast"
#define TOPIC "/nunet/hello"
#define HELLO "/broadcast/hello"

typedef struct {
  DmsTestNode *a;
  DmsTestNode *b;
  guint heard_a;
  guint heard_b;
  guint answers;
} Fixture;

static void
on_hello (DmsActor *actor, DmsMessage *message, gpointer user_data)
{
  g_autoptr (JsonNode) payload = dms_json_node_from_text ("{}", -1, NULL);
  g_autoptr (GError) error = NULL;

  g_assert_cmpstr (dms_message_get_topic (message), ==, TOPIC);
  (*(guint *) user_data)++;
  dms_message_reply (message, payload, &error);
  g_assert_no_error (error);
}

static void
on_answer (DmsActor *actor, DmsMessage *message, gpointer user_data)
{
  (*(guint *) user_data)++;
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->a = dms_test_node_new (NETWORK);
  fixture->b = dms_test_node_new (NETWORK);
  dms_actor_add_broadcast (dms_test_node_get_root (fixture->a), HELLO, TOPIC, on_hello, &fixture->heard_a,
                           NULL);
  dms_actor_add_broadcast (dms_test_node_get_root (fixture->b), HELLO, TOPIC, on_hello, &fixture->heard_b,
                           NULL);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  dms_test_node_free (fixture->a);
  dms_test_node_free (fixture->b);
}

static void
say_hello (Fixture *fixture, const char *topic, const char *reply_behaviour)
{
  g_autoptr (GError) error = NULL;

  dms_actor_broadcast (dms_test_node_get_root (fixture->a), topic, HELLO, NULL, dms_test_expiry_in (5),
                       reply_behaviour, &error);
  g_assert_no_error (error);
  dms_test_run (50);
}

static guint64
refusals (DmsTestNode *node, DmsRefusal refusal)
{
  return dms_actor_registry_get_refusals (dms_test_node_get_registry (node), refusal);
}

static void
test_denied (Fixture *fixture, gconstpointer data)
{
  say_hello (fixture, TOPIC, NULL);
  g_assert_cmpuint (fixture->heard_b, ==, 0);
  g_assert_cmpuint (refusals (fixture->b, DMS_REFUSAL_NOT_AUTHORIZED), ==, 1);
  /* One's own node listens without a grant. */
  g_assert_cmpuint (fixture->heard_a, ==, 1);
}

static void
test_heard (Fixture *fixture, gconstpointer data)
{
  dms_test_node_allow_broadcast (fixture->b, fixture->a, "/broadcast", "/nunet");
  say_hello (fixture, TOPIC, NULL);
  g_assert_cmpuint (fixture->heard_b, ==, 1);
  g_assert_cmpuint (fixture->heard_a, ==, 1);
}

static void
test_other_topic_granted (Fixture *fixture, gconstpointer data)
{
  dms_test_node_allow_broadcast (fixture->b, fixture->a, "/broadcast", "/nunet/status");
  say_hello (fixture, TOPIC, NULL);
  g_assert_cmpuint (fixture->heard_b, ==, 0);
}

static void
test_other_topic (Fixture *fixture, gconstpointer data)
{
  dms_test_node_allow_broadcast (fixture->b, fixture->a, "/broadcast", "/nunet");
  say_hello (fixture, "/nunet/status", NULL);
  g_assert_cmpuint (fixture->heard_b, ==, 0);
}

/* Broadcast behaviours answer broadcasts only. */
static void
test_direct (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  dms_test_node_allow (fixture->b, fixture->a, "/broadcast");
  g_assert_null (dms_test_invoke (dms_test_node_get_root (fixture->a), dms_test_node_get_handle (fixture->b),
                                  HELLO, "{}", 0.1, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_TIMED_OUT);
  g_assert_cmpuint (refusals (fixture->b, DMS_REFUSAL_NO_BEHAVIOUR), ==, 1);
}

/* Answers need a right of their own: nobody knows beforehand who will answer. */
static void
test_answers (Fixture *fixture, gconstpointer data)
{
  DmsActor *root = dms_test_node_get_root (fixture->a);

  dms_test_node_allow_broadcast (fixture->b, fixture->a, "/broadcast", "/nunet");
  dms_actor_add_behaviour (root, "/public/a/1", DMS_BEHAVIOUR_REQUIRE, on_answer, &fixture->answers, NULL);
  say_hello (fixture, TOPIC, "/public/a/1");
  g_assert_cmpuint (fixture->answers, ==, 1);
  dms_test_node_allow (fixture->a, fixture->b, "/public");
  say_hello (fixture, TOPIC, "/public/a/1");
  g_assert_cmpuint (fixture->answers, ==, 3);
}

/* One path may answer both kinds. */
static void
test_both_kinds (Fixture *fixture, gconstpointer data)
{
  DmsActor *root = dms_test_node_get_root (fixture->b);
  g_autoptr (DmsMessage) answer = NULL;
  g_autoptr (GError) error = NULL;

  dms_test_node_allow_broadcast (fixture->b, fixture->a, "/broadcast", "/nunet");
  dms_actor_add_behaviour (root, HELLO, DMS_BEHAVIOUR_OPEN, on_answer, &fixture->answers, NULL);
  say_hello (fixture, TOPIC, NULL);
  g_assert_cmpuint (fixture->heard_b, ==, 1);
  g_assert_cmpuint (fixture->answers, ==, 0);
  dms_actor_send (dms_test_node_get_root (fixture->a), dms_actor_get_handle (root), HELLO, NULL, 0, NULL,
                  &error);
  dms_test_run (30);
  g_assert_cmpuint (fixture->answers, ==, 1);
}

static void
test_unsubscribe (Fixture *fixture, gconstpointer data)
{
  dms_test_node_allow_broadcast (fixture->b, fixture->a, "/broadcast", "/nunet");
  g_assert_true (dms_actor_remove_behaviour (dms_test_node_get_root (fixture->b), HELLO));
  g_assert_false (dms_actor_remove_behaviour (dms_test_node_get_root (fixture->b), HELLO));
  say_hello (fixture, TOPIC, NULL);
  g_assert_cmpuint (fixture->heard_b, ==, 0);
  g_assert_cmpuint (refusals (fixture->b, DMS_REFUSAL_NO_BEHAVIOUR), ==, 0);
}

static void
on_publish_refused (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (dms_transport_publish_finish (DMS_TRANSPORT (source), result, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_INVALID_DATA);
  *(gboolean *) user_data = TRUE;
}

static gboolean
is_set (gpointer user_data)
{
  return *(gboolean *) user_data;
}

/* What is no broadcast on the topic is not even passed on. */
static void
test_garbage (Fixture *fixture, gconstpointer data)
{
  g_autoptr (DmsEnvelope) direct = NULL;
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GBytes) garbage = g_bytes_new_static ("{}", 2);
  DmsTransport *transport = dms_test_node_get_transport (fixture->a);
  gboolean first = FALSE;
  gboolean second = FALSE;

  direct = dms_envelope_new_signed (dms_test_node_get_key (fixture->a), dms_test_node_get_handle (fixture->b),
                                    HELLO, dms_test_node_get_handle (fixture->a), 1, dms_test_expiry_in (5),
                                    NULL, NULL, NULL, NULL);
  bytes = dms_envelope_to_bytes (direct);
  dms_transport_publish_async (transport, TOPIC, bytes, NULL, on_publish_refused, &first);
  dms_transport_publish_async (transport, TOPIC, garbage, NULL, on_publish_refused, &second);
  dms_test_wait (is_set, &first);
  dms_test_wait (is_set, &second);
}

/* A transport that cannot publish: the node still hears itself, under the same rules, and nobody else. */
static void
test_no_topics (void)
{
  Fixture fixture = { 0 };
  g_autoptr (DmsTestNode) a = dms_test_node_new (NETWORK);
  g_autoptr (DmsTestNode) b = dms_test_node_new (NETWORK);
  DmsTransportInterface *iface = DMS_TRANSPORT_GET_IFACE (dms_test_node_get_transport (a));
  DmsTransportInterface saved = *iface;

  iface->subscribe = NULL;
  iface->publish_async = NULL;
  fixture.a = a;
  fixture.b = b;
  dms_test_node_allow_broadcast (b, a, "/broadcast", "/nunet");
  dms_actor_add_broadcast (dms_test_node_get_root (a), HELLO, TOPIC, on_hello, &fixture.heard_a, NULL);
  dms_actor_add_broadcast (dms_test_node_get_root (b), HELLO, TOPIC, on_hello, &fixture.heard_b, NULL);
  dms_actor_add_behaviour (dms_test_node_get_root (a), "/answer", DMS_BEHAVIOUR_REQUIRE, on_answer,
                           &fixture.answers, NULL);
  say_hello (&fixture, TOPIC, "/answer");
  g_assert_cmpuint (fixture.heard_a, ==, 1);
  g_assert_cmpuint (fixture.heard_b, ==, 0);
  g_assert_cmpuint (fixture.answers, ==, 1);
  say_hello (&fixture, "/nunet/nobody/listens", NULL);
  g_assert_cmpuint (fixture.heard_a, ==, 1);
  *iface = saved;
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
  add ("/broadcast/denied", test_denied);
  add ("/broadcast/heard", test_heard);
  add ("/broadcast/other-topic-granted", test_other_topic_granted);
  add ("/broadcast/other-topic", test_other_topic);
  add ("/broadcast/direct", test_direct);
  add ("/broadcast/answers", test_answers);
  add ("/broadcast/both-kinds", test_both_kinds);
  add ("/broadcast/unsubscribe", test_unsubscribe);
  add ("/broadcast/garbage", test_garbage);
  g_test_add_func ("/broadcast/no-topics", test_no_topics);
  return g_test_run ();
}
