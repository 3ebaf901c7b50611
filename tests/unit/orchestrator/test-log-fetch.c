/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "common/dms-json-object.h"
#include "dms-test-node.h"
#include "orchestrator/dms-log-fetch.h"

#include <glib/gstdio.h>
#include <string.h>

/* A machine that has the log of one job, and loses some of the requests for it. */
typedef struct
{
  char *dir;
  DmsTestNode *node;
  DmsLogFetch *fetch;
  guint n_lost;
  guint n_asked;
  gint64 smallest;
} Fixture;

#define ENSEMBLE "e1"
#define TEXT     "hello from the job\n"

static void
on_logs (DmsActor *actor, DmsMessage *message, gpointer user_data)
{
  Fixture *f = user_data;
  JsonObject *payload = dms_message_get_object (message);
  gboolean first = g_strcmp0 (dms_json_object_get_text (payload, "Stream"), "stdout") == 0;
  gint64 offset = dms_json_object_get_whole (payload, "offset", 0, G_MAXINT32, -1);
  const char *rest = first && offset < (gint64) strlen (TEXT) ? &TEXT[offset] : "";
  gsize size = MIN (strlen (rest), 7);
  g_autofree char *base64 = g_base64_encode ((const guchar *) rest, size);
  JsonObject *reply;

  f->n_asked++;
  f->smallest = MIN (f->smallest, dms_json_object_get_whole (payload, "max_bytes", 1, G_MAXINT32, -1));
  if (f->n_lost > 0)
    {
      f->n_lost--;
      return;
    }
  reply = json_object_new ();
  json_object_set_string_member (reply, "Error", "");
  json_object_set_string_member (reply, "data", base64);
  json_object_set_boolean_member (reply, "eof", size == strlen (rest));
  dms_message_reply_object (message, reply);
}

static void
set_up (Fixture *f, gconstpointer data)
{
  DmsActor *root;

  f->dir = g_dir_make_tmp ("dms-log-fetch-XXXXXX", NULL);
  f->node = dms_test_node_new ("machine");
  f->smallest = G_MAXINT32;
  root = dms_test_node_get_root (f->node);
  dms_actor_add_behaviour (
      root, "/dms/ensemble/" ENSEMBLE "/allocation/logs", DMS_BEHAVIOUR_REQUIRE, on_logs, f, NULL);
  f->fetch = dms_log_fetch_new (
      root, dms_test_node_get_handle (f->node), ENSEMBLE, ENSEMBLE "_n1.job", f->dir, FALSE, 0);
  dms_log_fetch_set_patience (f->fetch, 1, 3);
}

static void
remove_file (Fixture *f, const char *name)
{
  g_autofree char *path = g_build_filename (f->dir, name, NULL);

  (void) g_unlink (path);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_clear_object (&f->fetch);
  dms_test_node_free (f->node);
  remove_file (f, "stdout.log");
  remove_file (f, "stderr.log");
  remove_file (f, "shortfall.txt");
  g_assert_cmpint (g_rmdir (f->dir), ==, 0);
  g_free (f->dir);
}

static gboolean
is_over (gpointer user_data)
{
  return dms_log_fetch_get_state (((Fixture *) user_data)->fetch) != DMS_LOG_FETCH_RUNNING;
}

static void
run (Fixture *f)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (dms_log_fetch_start (f->fetch, &error));
  g_assert_no_error (error);
  dms_test_wait (is_over, f);
}

static void
assert_output (Fixture *f, const char *expected)
{
  g_autofree char *path = g_build_filename (f->dir, "stdout.log", NULL);
  g_autofree char *text = NULL;

  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  g_assert_cmpstr (text, ==, expected);
}

/* The machine's daemon was restarted while it was asked: the request is made again, for less. */
static void
test_lost_request (Fixture *f, gconstpointer data)
{
  g_autofree char *shortfall = NULL;

  f->n_lost = 1;
  run (f);
  g_assert_cmpint (dms_log_fetch_get_state (f->fetch), ==, DMS_LOG_FETCH_COMPLETE);
  assert_output (f, TEXT);
  g_assert_cmpuint (f->n_asked, ==, 1 + 3 + 1);
  g_assert_cmpint (f->smallest, ==, 128 * 1024);
  shortfall = dms_log_fetch_read_shortfall (f->dir);
  g_assert_null (shortfall);
}

/* Who reads what is here later learns that it is not whole; until it has come after all. */
static void
test_machine_away (Fixture *f, gconstpointer data)
{
  g_autofree char *shortfall = NULL;
  g_autofree char *later = NULL;

  f->n_lost = G_MAXUINT;
  run (f);
  g_assert_cmpint (dms_log_fetch_get_state (f->fetch), ==, DMS_LOG_FETCH_FAILED);
  g_assert_cmpuint (f->n_asked, >=, 2);
  assert_output (f, "");
  shortfall = dms_log_fetch_read_shortfall (f->dir);
  g_assert_cmpstr (shortfall, ==, dms_log_fetch_get_error (f->fetch));
  g_assert_nonnull (strstr (shortfall, "came in time"));

  f->n_lost = 0;
  g_object_unref (f->fetch);
  f->fetch = dms_log_fetch_new (dms_test_node_get_root (f->node),
                                dms_test_node_get_handle (f->node),
                                ENSEMBLE,
                                ENSEMBLE "_n1.job",
                                f->dir,
                                FALSE,
                                0);
  run (f);
  assert_output (f, TEXT);
  later = dms_log_fetch_read_shortfall (f->dir);
  g_assert_null (later);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/log-fetch/lost-request", Fixture, NULL, set_up, test_lost_request, tear_down);
  g_test_add ("/log-fetch/machine-away", Fixture, NULL, set_up, test_machine_away, tear_down);
  return g_test_run ();
}
