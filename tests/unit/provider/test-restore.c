/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "fixture.h"

#include <string.h>

#include "common/dms-json-object.h"

static void
test_restart_of_daemon (Fixture *f, gconstpointer data)
{
  g_autoptr (DmsHandle) allocation = fixture_allocate (
      f, "task", "{\"stdout\":\"before\\n\",\"stdout_at_end\":\"after\\n\",\"duration_ms\":700}", "");
  JsonObject *end;

  fixture_start (f, allocation, NULL);
  fixture_stop_provider (f);
  fixture_start_provider (f);
  g_assert_cmpuint (fixture_count_listed (f), ==, 1);
  end = fixture_wait_end (f);
  g_assert_cmpstr (dms_json_object_get_text (end, "status"), ==, "completed");
  fixture_assert_log (f, "stdout", 0, "before\nafter\n");
  g_assert_true (fixture_is_all_free (f));

  /* Logs outlast another restart. */
  fixture_stop_provider (f);
  fixture_start_provider (f);
  fixture_assert_log (f, "stdout", 0, "before\nafter\n");
  g_assert_cmpuint (f->ends->len, ==, 1);
}

/* The end of a job reaches an orchestrator that does not hear at first, even after a restart. */
static void
test_end_is_repeated (Fixture *f, gconstpointer data)
{
  g_autoptr (DmsHandle) allocation = fixture_allocate (f, "task", "{\"exit_code\":7}", "");
  JsonObject *end;

  f->deaf = TRUE;
  fixture_start (f, allocation, NULL);
  dms_test_run (300);
  fixture_stop_provider (f);
  f->deaf = FALSE;
  fixture_start_provider (f);
  end = fixture_wait_end (f);
  g_assert_cmpint (
      dms_json_object_get_whole (dms_json_object_get_child (end, "error"), "exit_code", -9, 999, -9), ==, 7);
  dms_test_run (100);
  g_assert_cmpuint (f->ends->len, ==, 1);
  g_assert_true (fixture_is_all_free (f));
}

static void
remove_behind_back (Fixture *f)
{
  DmsExecutor *executor = dms_plugin_manager_get_executor (f->plugins, "null");
  g_autoptr (GAsyncResult) listed = NULL;
  g_autoptr (GAsyncResult) adopted = NULL;
  g_autoptr (GAsyncResult) removed = NULL;
  g_autoptr (DmsExecution) execution = NULL;
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) handles = NULL;
  gsize i = 0;

  dms_executor_list_async (executor, NULL, fixture_set_flag, &listed);
  dms_test_wait (fixture_is_set, &listed);
  handles = dms_executor_list_finish (executor, listed, &error);
  g_assert_no_error (error);
  /* The engine of this process also has what earlier tests left running. */
  while (handles[i] != NULL && strstr (handles[i], f->folder) == NULL)
    i++;
  g_assert_nonnull (handles[i]);
  dms_executor_adopt_async (executor, handles[i], NULL, fixture_set_flag, &adopted);
  dms_test_wait (fixture_is_set, &adopted);
  execution = dms_executor_adopt_finish (executor, adopted, &error);
  g_assert_no_error (error);
  dms_execution_remove_async (execution, NULL, fixture_set_flag, &removed);
  dms_test_wait (fixture_is_set, &removed);
  g_assert_true (dms_execution_remove_finish (execution, removed, &error));
}

/* What has failed can be had back by its orchestrator, also when the daemon was away meanwhile. */
static void
test_failed_before_restart (Fixture *f, gconstpointer data)
{
  g_autoptr (DmsHandle) allocation = fixture_allocate (f, "task", "{\"exit_code\":7}", "");
  g_autoptr (DmsMessage) message = NULL;
  JsonObject *reply;

  fixture_start (f, allocation, NULL);
  (void) fixture_wait_end (f);
  dms_test_run (200);
  fixture_stop_provider (f);
  fixture_start_provider (f);
  g_assert_true (fixture_is_all_free (f));
  reply = fixture_ask (f, allocation, "/dms/allocation/restart", "{}", &message);
  g_assert_cmpstr (dms_json_object_get_text (reply, "Error"), ==, "");
  (void) fixture_wait_end (f);
  g_assert_true (fixture_is_all_free (f));
}

/* The engine lost the job while the daemon was away. */
static void
test_lost (Fixture *f, gconstpointer data)
{
  g_autoptr (DmsHandle) allocation = fixture_allocate (f, "service", "{\"duration_ms\":-1}", "");
  JsonObject *end;

  fixture_start (f, allocation, NULL);
  fixture_stop_provider (f);
  remove_behind_back (f);
  fixture_start_provider (f);
  end = fixture_wait_end (f);
  g_assert_cmpstr (dms_json_object_get_text (end, "status"), ==, "failed");
  g_assert_cmpstr (
      dms_json_object_get_text (dms_json_object_get_child (end, "result"), "reason"), ==, "lost");
  g_assert_true (fixture_is_all_free (f));
}

static gboolean
is_free_again (gpointer user_data)
{
  return fixture_is_all_free (user_data);
}

static gboolean
is_asked (gpointer user_data)
{
  return ((Fixture *) user_data)->n_asked > 0;
}

/* After a restart the orchestrator is asked, and what it has given up is released. */
static void
test_unwanted (Fixture *f, gconstpointer data)
{
  g_autoptr (DmsHandle) allocation = fixture_allocate (f, "service", "{\"duration_ms\":-1}", "");

  fixture_start (f, allocation, NULL);
  fixture_stop_provider (f);
  fixture_start_provider (f);
  dms_test_wait (is_asked, f);
  dms_test_run (100);
  g_assert_cmpuint (f->n_asked, ==, 1);
  g_assert_false (fixture_is_all_free (f));

  f->unwanted = TRUE;
  fixture_stop_provider (f);
  fixture_start_provider (f);
  dms_test_wait (is_free_again, f);
  g_assert_cmpuint (f->n_asked, ==, 2);
  g_assert_cmpuint (fixture_count_listed (f), ==, 0);
}

static gboolean
is_one_left (gpointer user_data)
{
  return fixture_count_listed (user_data) == 1;
}

/* One may be the orchestrator's no more while the other runs on for it. */
static void
test_one_unwanted (Fixture *f, gconstpointer data)
{
  g_autoptr (DmsHandle) stale = fixture_allocate_key (f, "n1.main", "service", "{\"duration_ms\":-1}", "");
  g_autoptr (DmsHandle) wanted = fixture_allocate_key (f, "n2.main", "service", "{\"duration_ms\":-1}", "");

  fixture_start (f, stale, NULL);
  fixture_start (f, wanted, NULL);
  f->unwanted_key = "n1.main";
  fixture_stop_provider (f);
  fixture_start_provider (f);
  dms_test_wait (is_one_left, f);
  dms_test_run (200);
  g_assert_cmpuint (f->n_asked, ==, 3);
  g_assert_cmpuint (fixture_count_listed (f), ==, 1);
  g_assert_false (fixture_is_all_free (f));
}

/* Whoever takes something back while the daemon starts is not told that it is not there. */
static void
test_revert_while_starting (Fixture *f, gconstpointer data)
{
  static const char behaviour[] = "/dms/deployment/revert";
  DmsActor *root = dms_test_node_get_root (f->orchestrator);
  DmsHandle *machine = dms_test_node_get_handle (f->node);
  g_autoptr (DmsHandle) allocation = fixture_allocate (f, "service", "{\"duration_ms\":-1}", "");
  g_autofree char *text = g_strdup_printf (
      "{\"EnsembleID\":\"%s\",\"AllocsByName\":[\"%s_n1.main\"]}", FIXTURE_ENSEMBLE, FIXTURE_ENSEMBLE);
  g_autoptr (JsonNode) payload = dms_json_node_from_text (text, -1, NULL);
  g_autoptr (GAsyncResult) started = NULL;
  g_autoptr (GAsyncResult) asked = NULL;
  g_autoptr (DmsMessage) message = NULL;
  g_autoptr (GError) error = NULL;

  fixture_start (f, allocation, NULL);
  fixture_stop_provider (f);
  /* A new process has none. */
  dms_actor_remove_behaviour (dms_test_node_get_root (f->node), behaviour);
  fixture_begin_provider (f, &started);
  dms_actor_invoke_async (
      root, machine, behaviour, payload, dms_test_expiry_in (1), NULL, fixture_set_flag, &asked);
  dms_test_wait (fixture_is_set, &started);
  g_assert_true (dms_provider_start_finish (f->provider, started, &error));
  dms_test_wait (fixture_is_set, &asked);
  message = dms_actor_invoke_finish (root, asked, &error);
  g_assert_error (error, DMS_ERROR, DMS_ERROR_TIMED_OUT);
  g_assert_cmpuint (fixture_count_listed (f), ==, 1);

  (void) fixture_ask (f, machine, behaviour, text, &message);
  g_assert_cmpuint (fixture_count_listed (f), ==, 0);
}

/* Allocated and not started: still there, and can be started. */
static void
test_pending_after_restart (Fixture *f, gconstpointer data)
{
  g_autoptr (DmsHandle) allocation = fixture_allocate (f, "task", "{}", "");

  fixture_stop_provider (f);
  fixture_start_provider (f);
  g_assert_false (fixture_is_all_free (f));
  fixture_start (f, allocation, NULL);
  fixture_wait_end (f);
  g_assert_true (fixture_is_all_free (f));
}

static void
add (const char *path, void (*test) (Fixture *f, gconstpointer data))
{
  g_test_add (path, Fixture, NULL, fixture_set_up, test, fixture_tear_down);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_log_set_always_fatal (G_LOG_FATAL_MASK | G_LOG_LEVEL_CRITICAL);
  add ("/restore/restart-of-daemon", test_restart_of_daemon);
  add ("/restore/end-is-repeated", test_end_is_repeated);
  add ("/restore/unwanted", test_unwanted);
  add ("/restore/one-unwanted", test_one_unwanted);
  add ("/restore/revert-while-starting", test_revert_while_starting);
  add ("/restore/failed-before-restart", test_failed_before_restart);
  add ("/restore/lost", test_lost);
  add ("/restore/pending-after-restart", test_pending_after_restart);
  return g_test_run ();
}
