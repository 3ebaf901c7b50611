/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

/* Who may answer what: one delegation serves for many questions, and widens nothing. */

#include <string.h>

#include "dms-test-node.h"

#include "actor/dms-envelope.h"
#include "common/dms-json-object.h"

#define NETWORK "test-replies"
#define CLOSED -2
#define ANSWERED -1

typedef struct
{
  DmsTestNode *a;
  DmsTestNode *b;
  GPtrArray *questions;
  /* Questions that nobody answers end when their actor does. */
  int outcome;
  int other_outcome;
} Fixture;

static void
on_keep (DmsActor *actor, DmsMessage *message, gpointer user_data)
{
  g_ptr_array_add (((Fixture *) user_data)->questions, dms_message_ref (message));
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->a = dms_test_node_new (NETWORK);
  fixture->b = dms_test_node_new (NETWORK);
  fixture->questions = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_message_unref);
  dms_actor_add_behaviour (dms_test_node_get_root (fixture->b), "/open", DMS_BEHAVIOUR_OPEN, on_keep, fixture,
                           NULL);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_ptr_array_unref (fixture->questions);
  dms_test_node_free (fixture->a);
  dms_test_node_free (fixture->b);
}

static void
on_answer (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsMessage) answer = dms_actor_invoke_finish (DMS_ACTOR (source), result, &error);

  *(int *) user_data = answer != NULL ? ANSWERED : (int) error->code;
}

static gboolean
has_question (gpointer user_data)
{
  return ((GPtrArray *) user_data)->len > 0;
}

/* Asks b and answers nothing; takes the question out of the fixture. */
static DmsMessage *
ask (Fixture *fixture, DmsTestNode *to, double seconds, int *outcome)
{
  *outcome = CLOSED;
  dms_actor_invoke_async (dms_test_node_get_root (fixture->a), dms_test_node_get_handle (to), "/open", NULL,
                          dms_test_expiry_in (seconds), NULL, on_answer, outcome);
  dms_test_wait (has_question, fixture->questions);
  return g_ptr_array_steal_index (fixture->questions, 0);
}

static const char *
path_of (DmsMessage *question)
{
  return dms_envelope_get_reply_behaviour (dms_message_get_envelope (question));
}

static guint64
refusals (DmsTestNode *node, DmsRefusal refusal)
{
  return dms_actor_registry_get_refusals (dms_test_node_get_registry (node), refusal);
}

static gboolean
same_prefix (const char *a, const char *b)
{
  const char *end = strrchr (a, '/');

  return strncmp (a, b, (gsize) (end - a) + 1) == 0;
}

static void
say (DmsTestNode *from, Fixture *fixture, const char *path)
{
  g_autoptr (GError) error = NULL;

  dms_actor_send (dms_test_node_get_root (from), dms_test_node_get_handle (fixture->a), path, NULL, 0, NULL,
                  &error);
  g_assert_no_error (error);
  dms_test_run (50);
}

/* The second question costs no token, and neither does its answer. */
static void
test_reuse (Fixture *fixture, gconstpointer data)
{
  g_autoptr (JsonNode) payload = dms_json_node_from_text ("{}", -1, NULL);
  g_autoptr (DmsMessage) first = NULL;
  g_autoptr (DmsMessage) second = NULL;
  g_autoptr (GError) error = NULL;

  first = ask (fixture, fixture->b, 20, &fixture->outcome);
  second = ask (fixture, fixture->b, 20, &fixture->other_outcome);
  g_assert_cmpstr (path_of (first), !=, path_of (second));
  g_assert_true (same_prefix (path_of (first), path_of (second)));
  g_assert_true (g_bytes_equal (dms_envelope_get_capability (dms_message_get_envelope (first)),
                                dms_envelope_get_capability (dms_message_get_envelope (second))));
  g_assert_true (dms_message_reply (second, payload, &error));
  g_assert_true (dms_message_reply (first, payload, &error));
  dms_test_run (100);
  g_assert_cmpint (fixture->outcome, ==, ANSWERED);
  g_assert_cmpint (fixture->other_outcome, ==, ANSWERED);
}

/* Another target, asked by the same actor, has no right to answer for the first. */
static void
test_other_target (Fixture *fixture, gconstpointer data)
{
  g_autoptr (DmsTestNode) other = dms_test_node_new (NETWORK);
  g_autoptr (DmsMessage) question = NULL;
  g_autoptr (DmsMessage) to_other = NULL;

  dms_actor_add_behaviour (dms_test_node_get_root (other), "/open", DMS_BEHAVIOUR_OPEN, on_keep, fixture,
                           NULL);
  question = ask (fixture, fixture->b, 20, &fixture->outcome);
  to_other = ask (fixture, other, 20, &fixture->other_outcome);
  g_assert_false (same_prefix (path_of (question), path_of (to_other)));
  say (other, fixture, path_of (question));
  g_assert_cmpint (fixture->outcome, ==, CLOSED);
  g_assert_cmpuint (refusals (fixture->a, DMS_REFUSAL_NOT_AUTHORIZED), ==, 1);
  say (other, fixture, path_of (to_other));
  g_assert_cmpint (fixture->other_outcome, ==, ANSWERED);
  g_assert_cmpint (fixture->outcome, ==, CLOSED);
  g_clear_pointer (&to_other, dms_message_unref);
  say (fixture->b, fixture, path_of (question));
  g_assert_cmpint (fixture->outcome, ==, ANSWERED);
}

/* The right covers the prefix; what was not asked has no behaviour there. */
static void
test_not_asked (Fixture *fixture, gconstpointer data)
{
  g_autoptr (DmsMessage) question = ask (fixture, fixture->b, 20, &fixture->outcome);
  g_autofree char *prefix = g_strndup (path_of (question), (gsize) (strrchr (path_of (question), '/')
                                                                    - path_of (question)));
  g_autofree char *next = g_strconcat (prefix, "/2", NULL);
  g_autofree char *below = g_strconcat (path_of (question), "/x", NULL);

  say (fixture->b, fixture, next);
  say (fixture->b, fixture, prefix);
  say (fixture->b, fixture, below);
  say (fixture->b, fixture, "/private/root");
  g_assert_cmpint (fixture->outcome, ==, CLOSED);
  g_assert_cmpuint (refusals (fixture->a, DMS_REFUSAL_NO_BEHAVIOUR), ==, 4);
}

static void
test_twice (Fixture *fixture, gconstpointer data)
{
  g_autoptr (DmsMessage) question = ask (fixture, fixture->b, 20, &fixture->outcome);

  say (fixture->b, fixture, path_of (question));
  g_assert_cmpint (fixture->outcome, ==, ANSWERED);
  say (fixture->b, fixture, path_of (question));
  g_assert_cmpuint (refusals (fixture->a, DMS_REFUSAL_NO_BEHAVIOUR), ==, 1);
}

static void
test_late (Fixture *fixture, gconstpointer data)
{
  g_autoptr (DmsMessage) question = ask (fixture, fixture->b, 0.2, &fixture->outcome);

  dms_test_run (300);
  g_assert_cmpint (fixture->outcome, ==, DMS_ERROR_TIMED_OUT);
  say (fixture->b, fixture, path_of (question));
  g_assert_cmpuint (refusals (fixture->a, DMS_REFUSAL_NO_BEHAVIOUR), ==, 1);
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
  add ("/replies/reuse", test_reuse);
  add ("/replies/other-target", test_other_target);
  add ("/replies/not-asked", test_not_asked);
  add ("/replies/twice", test_twice);
  add ("/replies/late", test_late);
  return g_test_run ();
}
