/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

/* What an actor has for an owner, and children with contexts shared or their own. */

#include "dms-test-node.h"

#define NETWORK "test-namespace"

typedef struct
{
  DmsTestNode *node;
  DmsTestNode *other;
  DmsActor *root;
} Fixture;

static void
on_echo (DmsActor *actor, DmsMessage *message, gpointer user_data)
{
  dms_message_reply_object (message, json_object_new ());
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->node = dms_test_node_new (NETWORK);
  fixture->other = dms_test_node_new (NETWORK);
  fixture->root = dms_test_node_get_root (fixture->node);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  dms_test_node_free (fixture->node);
  dms_test_node_free (fixture->other);
}

/* Whether the other node's root is answered. */
static gboolean
answers (Fixture *fixture, DmsActor *actor, const char *behaviour)
{
  g_autoptr (DmsMessage) answer = dms_test_invoke (dms_test_node_get_root (fixture->other),
                                                   dms_actor_get_handle (actor), behaviour, "{}", 0.3, NULL);

  return answer != NULL;
}

static void
add_bound (DmsActor *actor, const char *owner, const char *path)
{
  dms_actor_add_behaviour (actor, path, DMS_BEHAVIOUR_REQUIRE, on_echo, NULL, NULL);
  dms_actor_bind_behaviour (actor, owner, path);
}

static void
grant (Fixture *fixture, DmsActor *actor, const char *owner, const char *capability)
{
  const char *const capabilities[] = { capability, NULL };
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) tokens = dms_actor_grant (actor, owner, dms_test_node_get_did (fixture->other),
                                               capabilities, dms_test_expiry_in (60), &error);

  g_assert_no_error (error);
  g_assert_nonnull (tokens);
}

static DmsActor *
new_child (DmsActor *parent, const char *name, DmsCapabilityContext *capabilities)
{
  g_autoptr (DmsKey) key = dms_key_generate ();
  g_autoptr (GError) error = NULL;
  DmsActor *child = dms_actor_new_child (parent, name, key, capabilities);

  dms_actor_add_behaviour (child, "/dms/child", DMS_BEHAVIOUR_REQUIRE, on_echo, NULL, NULL);
  dms_actor_start (child, &error);
  g_assert_no_error (error);
  return child;
}

/* An ensemble ends with all it had, and another one goes on. */
static void
test_end_together (Fixture *fixture, gconstpointer data)
{
  g_autoptr (DmsActor) first = new_child (fixture->root, "first-child", NULL);
  g_autoptr (DmsActor) second = new_child (fixture->root, "second-child", NULL);

  add_bound (fixture->root, "one", "/dms/ensemble/one/logs");
  add_bound (fixture->root, "two", "/dms/ensemble/two/logs");
  grant (fixture, fixture->root, "one", "/dms/ensemble/one");
  grant (fixture, fixture->root, "two", "/dms/ensemble/two");
  dms_actor_bind_child (fixture->root, "one", first);
  dms_actor_bind_child (fixture->root, "two", second);
  g_assert_true (answers (fixture, fixture->root, "/dms/ensemble/one/logs"));
  g_assert_true (answers (fixture, fixture->root, "/dms/ensemble/two/logs"));

  dms_actor_withdraw (fixture->root, "one");
  g_assert_false (dms_actor_has_behaviour (fixture->root, "/dms/ensemble/one/logs"));
  g_assert_false (dms_actor_is_running (first));
  g_assert_true (dms_actor_is_running (second));
  g_assert_true (answers (fixture, fixture->root, "/dms/ensemble/two/logs"));

  /* The right is gone too, not only what it was for. */
  dms_actor_add_behaviour (fixture->root, "/dms/ensemble/one/logs", DMS_BEHAVIOUR_REQUIRE, on_echo, NULL,
                           NULL);
  g_assert_false (answers (fixture, fixture->root, "/dms/ensemble/one/logs"));
  g_assert_cmpuint (dms_actor_registry_get_refusals (dms_test_node_get_registry (fixture->node),
                                                     DMS_REFUSAL_NOT_AUTHORIZED),
                    ==, 1);
  dms_actor_withdraw (fixture->root, "nobody");
  dms_actor_withdraw (fixture->root, "one");
}

static void
test_stop (Fixture *fixture, gconstpointer data)
{
  g_autoptr (DmsActor) parent = new_child (fixture->root, "parent", NULL);
  g_autoptr (DmsActor) child = new_child (parent, "child", NULL);

  grant (fixture, parent, "one", "/dms/child");
  dms_actor_bind_child (parent, "one", child);
  g_assert_true (answers (fixture, parent, "/dms/child"));
  dms_actor_stop (parent);
  g_assert_false (dms_actor_is_running (child));
  g_assert_false (answers (fixture, parent, "/dms/child"));
}

/* An actor that never ran lets go of everything as well. */
static void
test_never_started (Fixture *fixture, gconstpointer data)
{
  g_autoptr (DmsKey) key = dms_key_generate ();
  DmsActor *parent = dms_actor_new_child (fixture->root, "parent", key, NULL);
  DmsActor *child = dms_actor_new_child (parent, "child", key, NULL);

  add_bound (parent, "one", "/dms/x");
  grant (fixture, parent, "one", "/dms/x");
  dms_actor_bind_child (parent, "one", child);
  g_object_add_weak_pointer (G_OBJECT (parent), (gpointer *) &parent);
  g_object_unref (child);
  g_object_unref (parent);
  g_assert_null (parent);
}

/* Who trusts whom is the context's business: a child with its own takes nothing that its parent takes. */
static void
test_own_context (Fixture *fixture, gconstpointer data)
{
  g_autoptr (DmsKey) key = dms_key_generate ();
  g_autoptr (DmsCapabilityContext) own = dms_capability_context_new (dms_key_get_did (key), key);
  g_autoptr (DmsActor) shared = new_child (fixture->root, "shared", NULL);
  g_autoptr (DmsActor) apart = new_child (fixture->root, "apart", own);

  dms_test_node_allow (fixture->node, fixture->other, "/dms");
  g_assert_true (answers (fixture, shared, "/dms/child"));
  g_assert_false (answers (fixture, apart, "/dms/child"));
  grant (fixture, apart, "one", "/dms/child");
  g_assert_true (answers (fixture, apart, "/dms/child"));
  /* And the other way round. */
  dms_actor_stop (shared);
  g_assert_true (answers (fixture, apart, "/dms/child"));
}

/* A behaviour that takes itself away, and one that makes room for another, while they run. */
static void
on_withdraw (DmsActor *actor, DmsMessage *message, gpointer user_data)
{
  dms_actor_withdraw (actor, "one");
  dms_actor_add_behaviour (actor, "/dms/two", DMS_BEHAVIOUR_REQUIRE, on_echo, NULL, NULL);
  dms_message_reply_object (message, json_object_new ());
}

static void
test_while_running (Fixture *fixture, gconstpointer data)
{
  dms_test_node_allow (fixture->node, fixture->other, "/dms");
  dms_actor_add_behaviour (fixture->root, "/dms/one", DMS_BEHAVIOUR_REQUIRE, on_withdraw, NULL, NULL);
  dms_actor_bind_behaviour (fixture->root, "one", "/dms/one");
  g_assert_true (answers (fixture, fixture->root, "/dms/one"));
  g_assert_false (answers (fixture, fixture->root, "/dms/one"));
  g_assert_true (answers (fixture, fixture->root, "/dms/two"));
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/actor/namespace/end-together", Fixture, NULL, set_up, test_end_together, tear_down);
  g_test_add ("/actor/namespace/stop", Fixture, NULL, set_up, test_stop, tear_down);
  g_test_add ("/actor/namespace/never-started", Fixture, NULL, set_up, test_never_started, tear_down);
  g_test_add ("/actor/namespace/own-context", Fixture, NULL, set_up, test_own_context, tear_down);
  g_test_add ("/actor/namespace/while-running", Fixture, NULL, set_up, test_while_running, tear_down);
  return g_test_run ();
}
