/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "common/dms-json-object.h"
#include "dms-test-node.h"
#include "orchestrator/dms-late-reverts.h"
#include "store/dms-collection.h"

/* A machine that notes what it is told to take back, and a deployment that wants some of it. */
typedef struct
{
  DmsTestNode *node;
  DmsStore *store;
  DmsLateReverts *reverts;
  const char *wanted;
  gboolean busy;
  /* utf8: name@nonce */
  GPtrArray *reverted;
  guint n_asked;
} Fixture;

#define ENSEMBLE "e1"

static void
on_revert (DmsActor *actor, DmsMessage *message, gpointer user_data)
{
  Fixture *f = user_data;
  JsonObject *payload = dms_message_get_object (message);
  g_auto (GStrv) names = dms_json_object_dup_texts (payload, "AllocsByName");
  JsonObject *reply = json_object_new ();

  f->n_asked++;
  for (gsize i = 0; !f->busy && names[i] != NULL; i++)
    g_ptr_array_add (f->reverted,
                     g_strdup_printf ("%s@%" G_GINT64_FORMAT,
                                      names[i],
                                      dms_json_object_get_whole (payload, "Nonce", 0, G_MAXINT64, -1)));
  json_object_set_boolean_member (reply, "OK", !f->busy);
  json_object_set_string_member (reply, "Error", f->busy ? "later" : "");
  dms_message_reply_object (message, reply);
}

static gboolean
is_wanted (const char *ensemble_id, DmsHandle *machine, const char *name, gpointer user_data)
{
  g_assert_cmpstr (ensemble_id, ==, ENSEMBLE);
  return g_strcmp0 (((Fixture *) user_data)->wanted, name) == 0;
}

static void
start (Fixture *f)
{
  g_autoptr (GError) error = NULL;

  f->reverts = dms_late_reverts_new (f->store, dms_test_node_get_root (f->node), is_wanted, f, &error);
  g_assert_no_error (error);
}

static void
set_up (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  f->node = dms_test_node_new ("late-reverts");
  f->store = dms_store_open (":memory:", &error);
  g_assert_no_error (error);
  f->reverted = g_ptr_array_new_with_free_func (g_free);
  dms_actor_add_behaviour (
      dms_test_node_get_root (f->node), "/dms/deployment/revert", DMS_BEHAVIOUR_REQUIRE, on_revert, f, NULL);
  start (f);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  dms_late_reverts_stop (f->reverts);
  g_clear_object (&f->reverts);
  dms_test_node_free (f->node);
  dms_store_close (f->store);
  g_object_unref (f->store);
  g_ptr_array_unref (f->reverted);
}

static void
add (Fixture *f, const char *first, const char *second, guint64 nonce)
{
  const char *names[] = { first, second, NULL };

  dms_late_reverts_add (f->reverts, ENSEMBLE, dms_test_node_get_handle (f->node), names, nonce);
}

static gboolean
is_settled (gpointer user_data)
{
  return dms_late_reverts_get_size (((Fixture *) user_data)->reverts) == 0;
}

static gboolean
has (Fixture *f, const char *text)
{
  return g_ptr_array_find_with_equal_func (f->reverted, text, g_str_equal, NULL);
}

/* Two nodes of an ensemble that were bound to one machine: neither replaces the other. */
static void
test_two_nodes (Fixture *f, gconstpointer data)
{
  add (f, "e1_n1.a", NULL, 7);
  add (f, "e1_n2.b", NULL, 8);
  g_assert_cmpuint (dms_late_reverts_get_size (f->reverts), ==, 2);
  dms_test_wait (is_settled, f);
  g_assert_cmpuint (f->reverted->len, ==, 2);
  g_assert_true (has (f, "e1_n1.a@7") && has (f, "e1_n2.b@8"));
}

/* What the machine has been given again is not taken back; what is left of the rest is. */
static void
test_partly_wanted (Fixture *f, gconstpointer data)
{
  f->wanted = "e1_n1.a";
  add (f, "e1_n1.a", "e1_n1.b", 7);
  dms_test_wait (is_settled, f);
  g_assert_cmpuint (f->reverted->len, ==, 1);
  g_assert_true (has (f, "e1_n1.b@7"));
}

static void
test_wanted (Fixture *f, gconstpointer data)
{
  f->wanted = "e1_n1.a";
  add (f, "e1_n1.a", NULL, 7);
  dms_test_wait (is_settled, f);
  g_assert_cmpuint (f->n_asked, ==, 0);
}

static gboolean
was_asked (gpointer user_data)
{
  return ((Fixture *) user_data)->n_asked > 0;
}

/* Refused at first, and then the node is started anew: it is said again, with all that was to be said. */
static void
test_restart (Fixture *f, gconstpointer data)
{
  f->busy = TRUE;
  f->wanted = "e1_n1.a";
  add (f, "e1_n1.a", "e1_n1.b", 7);
  dms_test_wait (was_asked, f);
  dms_test_run (100);
  g_assert_cmpuint (dms_late_reverts_get_size (f->reverts), ==, 1);
  dms_late_reverts_stop (f->reverts);
  g_clear_object (&f->reverts);
  f->busy = FALSE;
  f->wanted = NULL;
  start (f);
  g_assert_cmpuint (dms_late_reverts_get_size (f->reverts), ==, 1);
  dms_test_wait (is_settled, f);
  g_assert_true (has (f, "e1_n1.a@7") && has (f, "e1_n1.b@7"));
}

/* Records of others' making do no harm. */
static void
test_damaged (Fixture *f, gconstpointer data)
{
  static const char *const bodies[] = { "{}", "{\"machine\":null,\"payload\":{}}", "{\"machine\":7}" };
  g_autoptr (DmsCollection) collection = NULL;
  g_autoptr (GError) error = NULL;

  dms_late_reverts_stop (f->reverts);
  g_clear_object (&f->reverts);
  collection = dms_collection_new (f->store, "late_reverts", NULL, &error);
  for (gsize i = 0; i < G_N_ELEMENTS (bodies); i++)
    {
      g_autoptr (JsonNode) body = dms_json_node_from_text (bodies[i], -1, NULL);
      g_autofree char *id = g_strdup_printf ("damaged-%" G_GSIZE_FORMAT, i);

      g_assert_true (dms_collection_put (collection, id, body, &error));
    }
  start (f);
  g_assert_cmpuint (dms_late_reverts_get_size (f->reverts), ==, 0);
}

static void
add_test (const char *path, void (*test) (Fixture *, gconstpointer))
{
  g_test_add (path, Fixture, NULL, set_up, test, tear_down);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_log_set_always_fatal (G_LOG_FATAL_MASK | G_LOG_LEVEL_CRITICAL);
  add_test ("/late-reverts/two-nodes", test_two_nodes);
  add_test ("/late-reverts/partly-wanted", test_partly_wanted);
  add_test ("/late-reverts/wanted", test_wanted);
  add_test ("/late-reverts/restart", test_restart);
  add_test ("/late-reverts/damaged", test_damaged);
  return g_test_run ();
}
