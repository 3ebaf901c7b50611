/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-test-node.h"

#include "actor/dms-envelope.h"
#include "common/dms-json-object.h"

#define NETWORK "test-actor"

typedef struct {
  DmsTestNode *a;
  DmsTestNode *b;
  guint called;
  DmsMessage *kept;
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
  g_clear_pointer (&fixture->kept, dms_message_unref);
  g_free (fixture->sender);
  dms_test_node_free (fixture->a);
  dms_test_node_free (fixture->b);
}

/* Answers with what it was asked. */
static void
on_echo (DmsActor *actor, DmsMessage *message, gpointer user_data)
{
  Fixture *fixture = user_data;
  JsonNode *payload = dms_message_get_payload (message);
  g_autoptr (GError) error = NULL;

  fixture->called++;
  g_free (fixture->sender);
  fixture->sender = g_strdup (dms_did_get_uri (dms_message_get_sender_did (message)));
  if (payload == NULL)
    return;
  dms_message_reply (message, payload, &error);
  g_assert_no_error (error);
}

static void
on_keep (DmsActor *actor, DmsMessage *message, gpointer user_data)
{
  Fixture *fixture = user_data;

  fixture->called++;
  g_clear_pointer (&fixture->kept, dms_message_unref);
  fixture->kept = dms_message_ref (message);
}

static void
add_echo (Fixture *fixture, DmsTestNode *node, const char *path)
{
  dms_actor_add_behaviour (dms_test_node_get_root (node), path, DMS_BEHAVIOUR_REQUIRE, on_echo, fixture,
                           NULL);
}

static guint64
refusals (DmsTestNode *node, DmsRefusal refusal)
{
  return dms_actor_registry_get_refusals (dms_test_node_get_registry (node), refusal);
}

static DmsMessage *
ask (DmsTestNode *from, DmsTestNode *to, const char *behaviour, double seconds, GError **error)
{
  return dms_test_invoke (dms_test_node_get_root (from), dms_test_node_get_handle (to), behaviour,
                          "{\"n\":1}", seconds, error);
}

static void
assert_answered (DmsTestNode *from, DmsTestNode *to, const char *behaviour)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsMessage) answer = ask (from, to, behaviour, 5, &error);

  g_assert_no_error (error);
  g_assert_nonnull (answer);
  g_assert_cmpint (dms_json_object_get_whole (dms_message_get_object (answer), "n", 0, 9, -1), ==, 1);
}

static void
assert_refused (DmsTestNode *from, DmsTestNode *to, const char *behaviour, DmsRefusal refusal)
{
  guint64 before = refusals (to, refusal);
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsMessage) answer = ask (from, to, behaviour, 0.1, &error);

  g_assert_error (error, DMS_ERROR, DMS_ERROR_TIMED_OUT);
  g_assert_null (answer);
  g_assert_cmpuint (refusals (to, refusal), ==, before + 1);
}

static void
test_default_deny (Fixture *fixture, gconstpointer data)
{
  add_echo (fixture, fixture->b, "/dms/echo");
  assert_refused (fixture->a, fixture->b, "/dms/echo", DMS_REFUSAL_NOT_AUTHORIZED);
  assert_refused (fixture->a, fixture->b, "/dms/nothing", DMS_REFUSAL_NO_BEHAVIOUR);
  g_assert_cmpuint (fixture->called, ==, 0);
}

static void
test_granted (Fixture *fixture, gconstpointer data)
{
  add_echo (fixture, fixture->b, "/dms/echo");
  add_echo (fixture, fixture->b, "/dmsother");
  dms_test_node_allow (fixture->b, fixture->a, "/dms");
  assert_answered (fixture->a, fixture->b, "/dms/echo");
  g_assert_cmpstr (fixture->sender, ==, dms_did_get_uri (dms_test_node_get_did (fixture->a)));
  assert_refused (fixture->a, fixture->b, "/dmsother", DMS_REFUSAL_NOT_AUTHORIZED);
  /* It goes one way only. */
  add_echo (fixture, fixture->a, "/dms/echo");
  assert_refused (fixture->b, fixture->a, "/dms/echo", DMS_REFUSAL_NOT_AUTHORIZED);
  g_assert_cmpuint (fixture->called, ==, 1);
}

static void
test_root_anchor (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  add_echo (fixture, fixture->b, "/dms/echo");
  dms_capability_context_anchor_root (dms_test_node_get_capabilities (fixture->b),
                                      dms_test_node_get_did (fixture->a), &error);
  g_assert_no_error (error);
  assert_answered (fixture->a, fixture->b, "/dms/echo");
}

static void
test_to_itself (Fixture *fixture, gconstpointer data)
{
  add_echo (fixture, fixture->a, "/dms/echo");
  assert_answered (fixture->a, fixture->a, "/dms/echo");
  g_assert_cmpstr (fixture->sender, ==, dms_did_get_uri (dms_test_node_get_did (fixture->a)));
}

static void
test_open (Fixture *fixture, gconstpointer data)
{
  dms_actor_add_behaviour (dms_test_node_get_root (fixture->b), "/open", DMS_BEHAVIOUR_OPEN, on_echo, fixture,
                           NULL);
  assert_answered (fixture->a, fixture->b, "/open");
}

static void
test_once (Fixture *fixture, gconstpointer data)
{
  dms_actor_add_behaviour (dms_test_node_get_root (fixture->b), "/open",
                           DMS_BEHAVIOUR_OPEN | DMS_BEHAVIOUR_ONCE, on_echo, fixture, NULL);
  assert_answered (fixture->a, fixture->b, "/open");
  assert_refused (fixture->a, fixture->b, "/open", DMS_REFUSAL_NO_BEHAVIOUR);
}

static void
test_expiring_behaviour (Fixture *fixture, gconstpointer data)
{
  dms_actor_add_behaviour_full (dms_test_node_get_root (fixture->b), "/open", DMS_BEHAVIOUR_OPEN, NULL, NULL,
                                dms_test_expiry_in (0.2), on_echo, fixture, NULL);
  assert_answered (fixture->a, fixture->b, "/open");
  dms_test_run (250);
  assert_refused (fixture->a, fixture->b, "/open", DMS_REFUSAL_NO_BEHAVIOUR);
}

static void
test_revoked (Fixture *fixture, gconstpointer data)
{
  const char *const capabilities[] = { "/dms", NULL };
  DmsCapabilityContext *context = dms_test_node_get_capabilities (fixture->b);
  g_autoptr (DmsTokenList) tokens = NULL;
  g_autoptr (DmsToken) revocation = NULL;
  g_autoptr (DmsTokenList) revocations = NULL;
  g_autoptr (GError) error = NULL;

  add_echo (fixture, fixture->b, "/dms/echo");
  tokens = dms_capability_context_grant (context, dms_test_node_get_did (fixture->a), NULL, NULL,
                                         capabilities, dms_test_expiry_in (60), 0, &error);
  g_assert_no_error (error);
  dms_capability_context_anchor_provide (dms_test_node_get_capabilities (fixture->a), tokens, &error);
  g_assert_no_error (error);
  assert_answered (fixture->a, fixture->b, "/dms/echo");

  revocation = dms_capability_context_revoke (context, dms_token_list_get (tokens, 0), &error);
  g_assert_no_error (error);
  revocations = dms_token_list_new_single (revocation);
  dms_capability_context_anchor_revoke (context, revocations, &error);
  g_assert_no_error (error);
  assert_refused (fixture->a, fixture->b, "/dms/echo", DMS_REFUSAL_NOT_AUTHORIZED);
}

/* Children with keys of their own */

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

static gboolean
child_reaches (DmsActor *child, DmsHandle *to, const char *behaviour)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsMessage) answer = dms_test_invoke (child, to, behaviour, "{}", 0.15, &error);

  if (answer == NULL)
    g_assert_error (error, DMS_ERROR, DMS_ERROR_TIMED_OUT);
  return answer != NULL;
}

static void
grant (Fixture *fixture, DmsActor *on, const char *owner, const char *capability, double seconds)
{
  const char *const capabilities[] = { capability, NULL };
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) tokens = dms_actor_grant (on, owner, dms_test_node_get_did (fixture->a), capabilities,
                                               dms_test_expiry_in (seconds), &error);

  g_assert_no_error (error);
  g_assert_nonnull (tokens);
}

/* A compute node lets an orchestrator of another node into an ensemble and its allocation, and nobody
 * else. */
static void
test_ensemble_grants (Fixture *fixture, gconstpointer data)
{
  g_autoptr (DmsActor) orchestrator = new_child (fixture->a, "orchestrator");
  g_autoptr (DmsActor) allocation = new_child (fixture->b, "allocation");
  g_autoptr (DmsActor) stranger = new_child (fixture->b, "stranger");
  DmsActor *compute = dms_test_node_get_root (fixture->b);
  g_autoptr (DmsTestNode) other = dms_test_node_new (NETWORK);

  add_echo (fixture, fixture->b, "/dms/ensemble/e1/allocation/logs");
  add_echo (fixture, fixture->b, "/dms/ensemble/e2/allocation/logs");
  add_echo (fixture, fixture->b, "/dms/allocation/start");
  dms_actor_add_behaviour (allocation, "/dms/allocation/start", 0, on_echo, fixture, NULL);
  dms_actor_add_behaviour (stranger, "/dms/allocation/start", 0, on_echo, fixture, NULL);
  g_assert_false (
      child_reaches (orchestrator, dms_actor_get_handle (compute), "/dms/ensemble/e1/allocation/logs"));

  grant (fixture, compute, "e1", "/dms/ensemble/e1", 60);
  grant (fixture, allocation, "e1", "/dms/allocation", 60);
  g_assert_true (
      child_reaches (orchestrator, dms_actor_get_handle (compute), "/dms/ensemble/e1/allocation/logs"));
  g_assert_cmpstr (fixture->sender, ==, dms_did_get_uri (dms_test_node_get_did (fixture->a)));
  g_assert_true (child_reaches (orchestrator, dms_actor_get_handle (allocation), "/dms/allocation/start"));
  g_assert_true (child_reaches (orchestrator, dms_actor_get_handle (allocation), "/dms/allocation/start"));

  g_assert_false (
      child_reaches (orchestrator, dms_actor_get_handle (compute), "/dms/ensemble/e2/allocation/logs"));
  g_assert_false (child_reaches (orchestrator, dms_actor_get_handle (compute), "/dms/allocation/start"));
  g_assert_false (child_reaches (orchestrator, dms_actor_get_handle (stranger), "/dms/allocation/start"));
  g_assert_false (child_reaches (dms_test_node_get_root (other), dms_actor_get_handle (compute),
                                 "/dms/ensemble/e1/allocation/logs"));

  /* Renewed, over a reload of nothing; then taken back; then gone with the actor. */
  grant (fixture, compute, "e1", "/dms/ensemble/e1", 120);
  g_assert_true (
      child_reaches (orchestrator, dms_actor_get_handle (compute), "/dms/ensemble/e1/allocation/logs"));
  dms_actor_withdraw (compute, "e1");
  g_assert_false (
      child_reaches (orchestrator, dms_actor_get_handle (compute), "/dms/ensemble/e1/allocation/logs"));
  g_assert_true (child_reaches (orchestrator, dms_actor_get_handle (allocation), "/dms/allocation/start"));
}

static void
test_grant_expires (Fixture *fixture, gconstpointer data)
{
  g_autoptr (DmsActor) orchestrator = new_child (fixture->a, "orchestrator");
  DmsActor *compute = dms_test_node_get_root (fixture->b);

  add_echo (fixture, fixture->b, "/dms/ensemble/e1/x");
  grant (fixture, compute, "e1", "/dms/ensemble/e1", 0.5);
  g_assert_true (child_reaches (orchestrator, dms_actor_get_handle (compute), "/dms/ensemble/e1/x"));
  dms_test_run (500);
  g_assert_false (child_reaches (orchestrator, dms_actor_get_handle (compute), "/dms/ensemble/e1/x"));
}

/* The compute node and the allocation report to the orchestrator's actor by the same means. */
static void
test_notify_back (Fixture *fixture, gconstpointer data)
{
  g_autoptr (DmsActor) orchestrator = new_child (fixture->a, "orchestrator");
  g_autoptr (DmsActor) allocation = new_child (fixture->b, "allocation");
  const char *const capabilities[] = { "/dms/orchestrator/e1", NULL };
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) tokens = NULL;

  dms_actor_add_behaviour (orchestrator, "/dms/orchestrator/e1/task-termination", 0, on_echo, fixture, NULL);
  g_assert_false (child_reaches (allocation, dms_actor_get_handle (orchestrator),
                                 "/dms/orchestrator/e1/task-termination"));
  tokens = dms_actor_grant (orchestrator, "e1", dms_test_node_get_did (fixture->b), capabilities,
                            dms_test_expiry_in (60), &error);
  g_assert_no_error (error);
  g_assert_true (child_reaches (allocation, dms_actor_get_handle (orchestrator),
                                "/dms/orchestrator/e1/task-termination"));
  g_assert_cmpstr (fixture->sender, ==, dms_did_get_uri (dms_test_node_get_did (fixture->b)));
}

static void
on_grant_by_token (DmsActor *actor, DmsMessage *message, gpointer user_data)
{
  const char *const capabilities[] = { "/dms/ensemble/e9", NULL };
  DmsCapabilityContext *context = dms_security_context_get_capabilities (dms_actor_get_security (actor));
  g_autoptr (JsonNode) payload = dms_json_node_from_text ("{}", -1, NULL);
  g_autoptr (DmsTokenList) tokens = NULL;
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GError) error = NULL;

  tokens = dms_capability_context_grant (context, dms_handle_get_did (dms_message_get_from (message)), NULL,
                                         NULL, capabilities, dms_test_expiry_in (60), 0, &error);
  g_assert_no_error (error);
  bytes = dms_token_list_to_bytes (tokens);
  dms_message_reply_with_tokens (message, payload, bytes, &error);
  g_assert_no_error (error);
}

/* A right that came as a token in a reply, and that the node which gave it kept no record of. */
static void
test_kept_tokens (Fixture *fixture, gconstpointer data)
{
  DmsActor *compute = dms_test_node_get_root (fixture->b);
  DmsActor *asker = dms_test_node_get_root (fixture->a);
  g_autoptr (DmsMessage) answer = NULL;
  g_autoptr (GError) error = NULL;

  add_echo (fixture, fixture->b, "/dms/ensemble/e9/x");
  dms_actor_add_behaviour (compute, "/open", DMS_BEHAVIOUR_OPEN, on_grant_by_token, fixture, NULL);
  g_assert_false (child_reaches (asker, dms_actor_get_handle (compute), "/dms/ensemble/e9/x"));
  answer = ask (fixture->a, fixture->b, "/open", 5, &error);
  g_assert_no_error (error);
  dms_message_keep_grants (answer, "e9");
  g_clear_pointer (&answer, dms_message_unref);
  g_assert_true (child_reaches (asker, dms_actor_get_handle (compute), "/dms/ensemble/e9/x"));
  dms_capability_context_release (dms_test_node_get_capabilities (fixture->a), "e9");
  g_assert_false (child_reaches (asker, dms_actor_get_handle (compute), "/dms/ensemble/e9/x"));
}

static void
test_stop_takes_children (Fixture *fixture, gconstpointer data)
{
  g_autoptr (DmsActor) parent = new_child (fixture->b, "parent");
  g_autoptr (DmsKey) key = dms_key_derive (dms_test_node_get_key (fixture->b), "x");
  g_autoptr (DmsActor) child = dms_actor_new_child (parent, "child", key, NULL);
  g_autoptr (GError) error = NULL;

  g_assert_true (dms_actor_start (child, &error));
  g_assert_true (dms_actor_get_parent (child) == parent);
  dms_actor_stop (parent);
  g_assert_false (dms_actor_is_running (child));
  g_assert_null (dms_actor_registry_lookup (dms_test_node_get_registry (fixture->b), "child"));
}

static void
test_inbox_names (Fixture *fixture, gconstpointer data)
{
  const char *const bad[] = { "", "a/b", "a b", "ü", "a\nb" };
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsActor) second = NULL;
  DmsSecurityContext *security = dms_actor_get_security (dms_test_node_get_root (fixture->a));

  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (DmsActor) actor = dms_actor_new (dms_test_node_get_registry (fixture->a), bad[i], security);

      g_assert_false (dms_actor_start (actor, &error));
      g_assert_error (error, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT);
      g_clear_error (&error);
    }
  second = dms_actor_new (dms_test_node_get_registry (fixture->a), "root", security);
  g_assert_false (dms_actor_start (second, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_ALREADY_EXISTS);
}

/* Envelopes as others might make them */

static DmsEnvelope *
make_envelope (Fixture *fixture,
               DmsKey *key,
               DmsHandle *from,
               DmsHandle *to,
               guint64 nonce,
               guint64 expiry_ns)
{
  const char *const capabilities[] = { "/open", NULL };
  g_autoptr (GBytes) payload = g_bytes_new_static ("{}", 2);
  g_autoptr (GBytes) tokens = NULL;

  tokens = dms_capability_context_provide (
      dms_test_node_get_capabilities (fixture->a), dms_handle_get_id (from), dms_handle_get_id (to),
      dms_handle_get_did (to), dms_test_expiry_in (60), capabilities, NULL, NULL);
  return dms_envelope_new_signed (key, to, "/open", from, nonce, expiry_ns, NULL, NULL, payload, tokens);
}

static void
on_sent (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;

  if (!dms_actor_registry_send_finish (DMS_ACTOR_REGISTRY (source), result, &error))
    *(int *) user_data = (int) error->code;
  else
    *(int *) user_data = -1;
}

static int
send_envelope (DmsTestNode *node, DmsEnvelope *envelope)
{
  int outcome = -2;

  dms_actor_registry_send_async (dms_test_node_get_registry (node), envelope, NULL, on_sent, &outcome);
  dms_test_run (30);
  g_assert_cmpint (outcome, !=, -2);
  return outcome;
}

static void
add_open (Fixture *fixture)
{
  dms_actor_add_behaviour (dms_test_node_get_root (fixture->b), "/open", DMS_BEHAVIOUR_OPEN, on_echo, fixture,
                           NULL);
}

static void
test_replay (Fixture *fixture, gconstpointer data)
{
  g_autoptr (DmsEnvelope) envelope = NULL;

  add_open (fixture);
  envelope =
      make_envelope (fixture, dms_test_node_get_key (fixture->a), dms_test_node_get_handle (fixture->a),
                     dms_test_node_get_handle (fixture->b), 42, dms_test_expiry_in (5));
  g_assert_cmpint (send_envelope (fixture->a, envelope), ==, -1);
  g_assert_cmpuint (fixture->called, ==, 1);
  g_assert_cmpint (send_envelope (fixture->a, envelope), ==, -1);
  g_assert_cmpuint (fixture->called, ==, 1);
  g_assert_cmpuint (refusals (fixture->b, DMS_REFUSAL_REPLAYED), ==, 1);
}

static void
test_expiry (Fixture *fixture, gconstpointer data)
{
  DmsKey *key = dms_test_node_get_key (fixture->a);
  DmsHandle *from = dms_test_node_get_handle (fixture->a);
  DmsHandle *to = dms_test_node_get_handle (fixture->b);
  g_autoptr (DmsEnvelope) late = NULL;
  g_autoptr (DmsEnvelope) early = NULL;
  g_autoptr (DmsEnvelope) endless = NULL;

  add_open (fixture);
  late = make_envelope (fixture, key, from, to, 1, (guint64) g_get_real_time () * 1000 - 1000000);
  early = make_envelope (fixture, key, from, to, 2, dms_actor_expiry_in (25 * 3600));
  endless = make_envelope (fixture, key, from, to, 3, G_MAXUINT64);
  send_envelope (fixture->a, late);
  g_assert_cmpuint (refusals (fixture->b, DMS_REFUSAL_EXPIRED), ==, 1);
  send_envelope (fixture->a, early);
  g_assert_cmpuint (refusals (fixture->b, DMS_REFUSAL_EXPIRED), ==, 2);
  send_envelope (fixture->a, endless);
  g_assert_cmpuint (refusals (fixture->b, DMS_REFUSAL_EXPIRED), ==, 3);
  g_assert_cmpuint (fixture->called, ==, 0);
}

static void
test_bad_signature (Fixture *fixture, gconstpointer data)
{
  g_autoptr (DmsKey) thief = dms_key_generate ();
  DmsHandle *to = dms_test_node_get_handle (fixture->b);
  const char *host = dms_handle_get_host (dms_test_node_get_handle (fixture->a));
  g_autoptr (DmsHandle) nobody = dms_handle_new ("AAAA", dms_test_node_get_did (fixture->a), host, "x");
  g_autoptr (DmsEnvelope) forged = NULL;
  g_autoptr (DmsEnvelope) no_key = NULL;

  add_open (fixture);
  forged =
      make_envelope (fixture, thief, dms_test_node_get_handle (fixture->a), to, 1, dms_test_expiry_in (5));
  send_envelope (fixture->a, forged);
  g_assert_cmpuint (refusals (fixture->b, DMS_REFUSAL_BAD_SIGNATURE), ==, 1);
  no_key = dms_envelope_new_signed (thief, to, "/open", nobody, 2, dms_test_expiry_in (5), NULL, NULL, NULL,
                                    NULL);
  send_envelope (fixture->a, no_key);
  g_assert_cmpuint (refusals (fixture->b, DMS_REFUSAL_BAD_SIGNATURE), ==, 2);
  g_assert_cmpuint (fixture->called, ==, 0);
}

static void
test_wrong_address (Fixture *fixture, gconstpointer data)
{
  DmsHandle *b = dms_test_node_get_handle (fixture->b);
  DmsHandle *a = dms_test_node_get_handle (fixture->a);
  g_autoptr (DmsHandle) other_id = dms_handle_new (dms_handle_get_id (a), dms_handle_get_did (b),
                                                   dms_handle_get_host (b), "root");
  g_autoptr (DmsHandle) other_inbox = dms_handle_new (dms_handle_get_id (b), dms_handle_get_did (b),
                                                      dms_handle_get_host (b), "nobody");
  g_autoptr (DmsHandle) other_host = dms_handle_new (dms_handle_get_id (b), dms_handle_get_did (b),
                                                     "12D3KooWNoSuchPeer", "root");
  DmsKey *key = dms_test_node_get_key (fixture->a);
  g_autoptr (DmsEnvelope) envelope = NULL;

  add_open (fixture);
  envelope = make_envelope (fixture, key, a, other_id, 1, dms_test_expiry_in (5));
  send_envelope (fixture->a, envelope);
  g_assert_cmpuint (refusals (fixture->b, DMS_REFUSAL_WRONG_ADDRESS), ==, 1);
  g_clear_pointer (&envelope, dms_envelope_unref);
  envelope = make_envelope (fixture, key, a, other_inbox, 2, dms_test_expiry_in (5));
  send_envelope (fixture->a, envelope);
  g_assert_cmpuint (refusals (fixture->b, DMS_REFUSAL_NO_INBOX), ==, 1);
  g_assert_cmpint (send_envelope (fixture->b, envelope), ==, DMS_ERROR_NOT_FOUND);
  g_clear_pointer (&envelope, dms_envelope_unref);
  envelope = make_envelope (fixture, key, a, other_host, 3, dms_test_expiry_in (5));
  g_assert_cmpint (send_envelope (fixture->a, envelope), ==, DMS_ERROR_INVALID_DATA);
  g_assert_cmpuint (fixture->called, ==, 0);
}

/* What a handle claims counts for nothing. */
static void
test_claimed_did (Fixture *fixture, gconstpointer data)
{
  DmsHandle *a = dms_test_node_get_handle (fixture->a);
  DmsHandle *to = dms_test_node_get_handle (fixture->b);
  g_autoptr (DmsKey) thief = dms_key_generate ();
  g_autofree char *id = dms_key_dup_id_pub (thief);
  g_autoptr (DmsHandle) liar = dms_handle_new (id, dms_handle_get_did (a), dms_handle_get_host (a), "root");
  g_autoptr (DmsEnvelope) envelope = NULL;

  add_open (fixture);
  envelope =
      dms_envelope_new_signed (thief, to, "/open", liar, 1, dms_test_expiry_in (5), NULL, NULL, NULL, NULL);
  send_envelope (fixture->a, envelope);
  g_assert_cmpuint (fixture->called, ==, 1);
  g_assert_cmpstr (fixture->sender, ==, dms_did_get_uri (dms_key_get_did (thief)));
}

static void
on_payload (DmsActor *actor, DmsMessage *message, gpointer user_data)
{
  Fixture *fixture = user_data;

  fixture->called++;
  g_assert_null (dms_message_get_payload (message));
  g_assert_null (dms_message_get_object (message));
}

static void
test_bad_payloads (Fixture *fixture, gconstpointer data)
{
  g_autofree char *deep = g_strnfill (100000, '[');
  const char *const payloads[] = { "", "nonsense", "{\"a\":", "\xff\xfe", deep };
  DmsHandle *from = dms_test_node_get_handle (fixture->a);
  DmsHandle *to = dms_test_node_get_handle (fixture->b);

  dms_actor_add_behaviour (dms_test_node_get_root (fixture->b), "/open", DMS_BEHAVIOUR_OPEN, on_payload,
                           fixture, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (payloads); i++)
    {
      g_autoptr (GBytes) payload = g_bytes_new_static (payloads[i], strlen (payloads[i]));
      g_autoptr (DmsEnvelope) envelope = NULL;

      envelope = dms_envelope_new_signed (dms_test_node_get_key (fixture->a), to, "/open", from, i,
                                          dms_test_expiry_in (5), NULL, NULL, payload, NULL);
      send_envelope (fixture->a, envelope);
      g_assert_cmpuint (fixture->called, ==, i + 1);
    }
}

static void
on_raw_sent (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_assert_true (dms_transport_send_message_finish (DMS_TRANSPORT (source), result, NULL));
}

static void
test_garbage (Fixture *fixture, gconstpointer data)
{
  g_autoptr (DmsPeerId) peer = dms_transport_dup_peer_id (dms_test_node_get_transport (fixture->b));
  const char *const texts[] = { "", "{", "null", "[]", "{}", "{\"to\":1}", "\x01\x02" };

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (GBytes) bytes = g_bytes_new_static (texts[i], strlen (texts[i]));

      dms_transport_send_message_async (dms_test_node_get_transport (fixture->a), peer, "root", bytes, NULL,
                                        on_raw_sent, NULL);
    }
  dms_test_run (50);
  g_assert_cmpuint (refusals (fixture->b, DMS_REFUSAL_MALFORMED)
                        + refusals (fixture->b, DMS_REFUSAL_WRONG_ADDRESS)
                        + refusals (fixture->b, DMS_REFUSAL_WRONG_HOST)
                        + refusals (fixture->b, DMS_REFUSAL_NO_BEHAVIOUR),
                    ==, G_N_ELEMENTS (texts));
}

static void
test_too_large (Fixture *fixture, gconstpointer data)
{
  g_autofree char *text = g_strnfill (1024 * 1024, 'x');
  g_autofree char *json = g_strdup_printf ("\"%s\"", text);
  g_autoptr (JsonNode) payload = json_node_init_string (json_node_alloc (), text);
  g_autoptr (GBytes) bytes = g_bytes_new (json, strlen (json));
  g_autoptr (DmsEnvelope) envelope = NULL;

  add_open (fixture);
  envelope = dms_envelope_new_signed (
      dms_test_node_get_key (fixture->a), dms_test_node_get_handle (fixture->b), "/open",
      dms_test_node_get_handle (fixture->a), 1, dms_test_expiry_in (5), NULL, NULL, bytes, NULL);
  g_assert_cmpint (send_envelope (fixture->a, envelope), ==, DMS_ERROR_TOO_LARGE);
}

static void
test_mailbox_full (Fixture *fixture, gconstpointer data)
{
  DmsActor *root = dms_test_node_get_root (fixture->b);
  g_autoptr (JsonNode) payload = dms_json_node_from_text ("{}", -1, NULL);
  g_autoptr (GError) error = NULL;

  dms_actor_add_behaviour (root, "/open", DMS_BEHAVIOUR_OPEN, on_echo, fixture, NULL);
  for (guint i = 0; i < 1100; i++)
    {
      dms_actor_send (root, dms_test_node_get_handle (fixture->b), "/open", payload, 0, NULL, &error);
      g_assert_no_error (error);
    }
  g_assert_cmpuint (refusals (fixture->b, DMS_REFUSAL_BUSY), ==, 1100 - 1024);
  dms_test_run (1000);
  g_assert_cmpuint (fixture->called, ==, 1024);
  /* It works again afterwards. */
  assert_answered (fixture->a, fixture->b, "/open");
}

/* Answers */

static gboolean
has_kept (gpointer user_data)
{
  return ((Fixture *) user_data)->kept != NULL;
}

static void
on_answer (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsMessage) answer = dms_actor_invoke_finish (DMS_ACTOR (source), result, &error);

  *(int *) user_data = answer != NULL ? -1 : (int) error->code;
}

static gboolean
is_over (gpointer user_data)
{
  return *(int *) user_data != -2;
}

static gboolean
is_refused_once (gpointer user_data)
{
  return refusals (((Fixture *) user_data)->a, DMS_REFUSAL_NOT_AUTHORIZED) == 1;
}

static void
test_late_reply (Fixture *fixture, gconstpointer data)
{
  g_autoptr (JsonNode) payload = dms_json_node_from_text ("{\"ok\":true}", -1, NULL);
  g_autoptr (GError) error = NULL;
  int outcome = -2;

  dms_actor_add_behaviour (dms_test_node_get_root (fixture->b), "/open", DMS_BEHAVIOUR_OPEN, on_keep, fixture,
                           NULL);
  dms_actor_invoke_async (dms_test_node_get_root (fixture->a), dms_test_node_get_handle (fixture->b), "/open",
                          payload, dms_test_expiry_in (1.5), NULL, on_answer, &outcome);
  dms_test_wait (has_kept, fixture);
  dms_test_run (50);
  g_assert_cmpint (outcome, ==, -2);
  g_assert_true (dms_message_reply (fixture->kept, payload, &error));
  dms_test_wait (is_over, &outcome);
  g_assert_cmpint (outcome, ==, -1);
  dms_test_run (1500);
  g_assert_false (dms_message_reply (fixture->kept, payload, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_EXPIRED);
}

static void
test_cancelled (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (DmsActor) child = new_child (fixture->a, "child");
  int cancelled = -2;
  int stopped = -2;

  dms_actor_add_behaviour (dms_test_node_get_root (fixture->b), "/open", DMS_BEHAVIOUR_OPEN, on_keep, fixture,
                           NULL);
  dms_actor_invoke_async (dms_test_node_get_root (fixture->a), dms_test_node_get_handle (fixture->b), "/open",
                          NULL, 0, cancellable, on_answer, &cancelled);
  dms_actor_invoke_async (child, dms_test_node_get_handle (fixture->b), "/open", NULL, 0, NULL, on_answer,
                          &stopped);
  dms_test_wait (has_kept, fixture);
  g_cancellable_cancel (cancellable);
  dms_actor_stop (child);
  dms_test_run (20);
  g_assert_cmpint (cancelled, ==, DMS_ERROR_CANCELLED);
  g_assert_cmpint (stopped, ==, DMS_ERROR_CANCELLED);
}

static void
test_unreachable (Fixture *fixture, gconstpointer data)
{
  DmsHandle *b = dms_test_node_get_handle (fixture->b);
  g_autoptr (DmsKey) key = dms_key_generate ();
  g_autoptr (DmsHandle) away =
      dms_handle_new_for_key (key, dms_key_get_did (key), dms_key_get_peer_id (key), "root");
  g_autoptr (DmsHandle) no_inbox =
      dms_handle_new (dms_handle_get_id (b), NULL, dms_handle_get_host (b), NULL);
  g_autoptr (GError) error = NULL;

  g_assert_null (dms_test_invoke (dms_test_node_get_root (fixture->a), away, "/open", "{}", 5, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_NOT_FOUND);
  g_clear_error (&error);
  g_assert_null (dms_test_invoke (dms_test_node_get_root (fixture->a), no_inbox, "/open", "{}", 5, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT);
}

/* Somebody who was not asked cannot answer, even knowing where to. */
static void
test_foreign_answer (Fixture *fixture, gconstpointer data)
{
  g_autoptr (DmsTestNode) other = dms_test_node_new (NETWORK);
  g_autoptr (GError) error = NULL;
  const char *reply_behaviour;
  int outcome = -2;

  dms_actor_add_behaviour (dms_test_node_get_root (fixture->b), "/open", DMS_BEHAVIOUR_OPEN, on_keep, fixture,
                           NULL);
  dms_actor_invoke_async (dms_test_node_get_root (fixture->a), dms_test_node_get_handle (fixture->b), "/open",
                          NULL, dms_test_expiry_in (2), NULL, on_answer, &outcome);
  dms_test_wait (has_kept, fixture);
  reply_behaviour = dms_envelope_get_reply_behaviour (dms_message_get_envelope (fixture->kept));
  dms_actor_send (dms_test_node_get_root (other), dms_test_node_get_handle (fixture->a), reply_behaviour,
                  NULL, 0, NULL, &error);
  g_assert_no_error (error);
  dms_test_wait (is_refused_once, fixture);
  g_assert_cmpint (outcome, ==, -2);
  dms_test_wait (is_over, &outcome);
  g_assert_cmpint (outcome, ==, DMS_ERROR_TIMED_OUT);
}

/* Raw inboxes */

static void
on_raw (DmsActorRegistry *registry, const char *inbox, GBytes *bytes, gpointer user_data)
{
  GPtrArray *got = user_data;

  g_ptr_array_add (got, g_bytes_ref (bytes));
}

static void
test_raw_inbox (Fixture *fixture, gconstpointer data)
{
  DmsActorRegistry *registry = dms_test_node_get_registry (fixture->a);
  DmsKey *key = dms_test_node_get_key (fixture->a);
  DmsHandle *a = dms_test_node_get_handle (fixture->a);
  DmsHandle *b = dms_test_node_get_handle (fixture->b);
  g_autoptr (DmsHandle) from =
      dms_handle_new (dms_handle_get_id (a), dms_handle_get_did (a), dms_handle_get_host (a), "user-1");
  g_autoptr (GPtrArray) got = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  g_autoptr (DmsEnvelope) question = NULL;
  g_autoptr (DmsEnvelope) answer = NULL;
  g_autoptr (GBytes) payload = g_bytes_new_static ("{\"n\":7}", 7);
  g_autoptr (GError) error = NULL;

  add_open (fixture);
  dms_actor_registry_add_raw (registry, "user-1", on_raw, got, NULL, &error);
  g_assert_no_error (error);
  g_assert_false (dms_actor_registry_add_raw (registry, "user-1", on_raw, got, NULL, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_ALREADY_EXISTS);

  question = dms_envelope_new_signed (key, b, "/open", from, 5, dms_test_expiry_in (5), "/private/user/5",
                                      NULL, payload, NULL);
  send_envelope (fixture->a, question);
  g_assert_cmpuint (got->len, ==, 1);
  answer = dms_envelope_new_from_bytes (g_ptr_array_index (got, 0), &error);
  g_assert_cmpstr (dms_envelope_get_behaviour (answer), ==, "/private/user/5");
  g_assert_true (g_bytes_equal (dms_envelope_get_payload (answer), payload));
  g_assert_true (dms_envelope_verify_signature (answer));
  dms_actor_registry_remove_raw (registry, "user-1");
  g_clear_pointer (&question, dms_envelope_unref);
  question = dms_envelope_new_signed (key, b, "/open", from, 6, dms_test_expiry_in (5), "/private/user/5",
                                      NULL, payload, NULL);
  send_envelope (fixture->a, question);
  g_assert_cmpuint (got->len, ==, 1);
  g_assert_cmpuint (refusals (fixture->a, DMS_REFUSAL_NO_INBOX), ==, 1);
}

static void
add (const char *path, void (*func) (Fixture *, gconstpointer))
{
  g_test_add (path, Fixture, NULL, set_up, func, tear_down);
}

typedef struct
{
  DmsActor *below;
  char *error;
  guint n_told;
} Observed;

static void
note_end (DmsActor *self, DmsActor *below, const GError *error, gpointer user_data)
{
  Observed *observed = user_data;

  observed->below = below;
  g_free (observed->error);
  observed->error = error != NULL ? g_strdup (error->message) : NULL;
  observed->n_told++;
}

/* An end is told to the parent; an error goes on upwards until somebody observes; who stops all is not told.
 */
static void
test_observation (Fixture *fixture, gconstpointer data)
{
  DmsActor *root = dms_test_node_get_root (fixture->a);
  g_autoptr (DmsActor) child = new_child (fixture->a, "child");
  g_autoptr (DmsKey) key = dms_key_derive (dms_test_node_get_key (fixture->a), "grandchild");
  g_autoptr (DmsActor) grandchild = dms_actor_new_child (child, "grandchild", key, NULL);
  g_autoptr (GError) why = g_error_new_literal (DMS_ERROR, DMS_ERROR_FAILED, "out of order");
  g_autoptr (GError) error = NULL;
  Observed by_root = { 0 };
  Observed by_child = { 0 };

  dms_actor_observe (root, note_end, &by_root);
  g_assert_true (dms_actor_start (grandchild, &error));
  /* Nobody between them asks: an orderly end is nobody's business, an error is. */
  dms_actor_stop (grandchild);
  g_assert_cmpuint (by_root.n_told, ==, 0);
  g_assert_true (dms_actor_start (grandchild, &error));
  dms_actor_fail (grandchild, why);
  g_assert_false (dms_actor_is_running (grandchild));
  g_assert_cmpuint (by_root.n_told, ==, 1);
  g_assert_true (by_root.below == grandchild);
  g_assert_cmpstr (by_root.error, ==, "out of order");

  /* Who observes deals with it. */
  dms_actor_observe (child, note_end, &by_child);
  g_assert_true (dms_actor_start (grandchild, &error));
  dms_actor_fail (grandchild, why);
  dms_actor_fail (grandchild, why);
  g_assert_cmpuint (by_child.n_told, ==, 1);
  g_assert_cmpuint (by_root.n_told, ==, 1);

  /* The child takes the grandchild with it, and need not be told. */
  g_assert_true (dms_actor_start (grandchild, &error));
  dms_actor_stop (child);
  g_assert_false (dms_actor_is_running (grandchild));
  g_assert_cmpuint (by_child.n_told, ==, 1);
  g_assert_cmpuint (by_root.n_told, ==, 2);
  g_assert_true (by_root.below == child && by_root.error == NULL);
  dms_actor_observe (root, NULL, NULL);
  g_free (by_root.error);
  g_free (by_child.error);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add ("/actor/default-deny", test_default_deny);
  add ("/actor/granted", test_granted);
  add ("/actor/root-anchor", test_root_anchor);
  add ("/actor/to-itself", test_to_itself);
  add ("/actor/open", test_open);
  add ("/actor/once", test_once);
  add ("/actor/expiring-behaviour", test_expiring_behaviour);
  add ("/actor/revoked", test_revoked);
  add ("/actor/ensemble-grants", test_ensemble_grants);
  add ("/actor/grant-expires", test_grant_expires);
  add ("/actor/notify-back", test_notify_back);
  add ("/actor/kept-tokens", test_kept_tokens);
  add ("/actor/stop-takes-children", test_stop_takes_children);
  add ("/actor/observation", test_observation);
  add ("/actor/inbox-names", test_inbox_names);
  add ("/actor/replay", test_replay);
  add ("/actor/expiry", test_expiry);
  add ("/actor/bad-signature", test_bad_signature);
  add ("/actor/wrong-address", test_wrong_address);
  add ("/actor/claimed-did", test_claimed_did);
  add ("/actor/bad-payloads", test_bad_payloads);
  add ("/actor/garbage", test_garbage);
  add ("/actor/too-large", test_too_large);
  add ("/actor/mailbox-full", test_mailbox_full);
  add ("/actor/late-reply", test_late_reply);
  add ("/actor/cancelled", test_cancelled);
  add ("/actor/unreachable", test_unreachable);
  add ("/actor/foreign-answer", test_foreign_answer);
  add ("/actor/raw-inbox", test_raw_inbox);
  return g_test_run ();
}
