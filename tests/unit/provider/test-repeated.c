/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

/* Restarts and runs of workflows that are asked for again, late, or when there is no room. What was started
 * is counted by what it wrote. */

#include "fixture.h"

#include <string.h>

#include "common/dms-json-object.h"

#define WORKFLOW ",\"Workflow\":true"

static void
assert_reply (JsonObject *reply, const char *problem, gboolean busy)
{
  const char *error = dms_json_object_get_text (reply, "Error");

  if (problem == NULL)
    g_assert_cmpstr (error, ==, "");
  else if (strstr (error, problem) == NULL)
    g_error ("“%s” lacks “%s”", error, problem);
  g_assert_cmpint (dms_json_object_get_flag (reply, "OK"), ==, problem == NULL);
  g_assert_cmpint (dms_json_object_get_flag (reply, "Busy"), ==, busy);
}

/* Each start writes one letter. */
static void
assert_starts (Fixture *f, guint n)
{
  gint64 offset = 0;
  gint64 next = 0;

  do
    {
      g_autofree char *behaviour = g_strdup_printf ("/dms/ensemble/%s/allocation/logs", FIXTURE_ENSEMBLE);
      g_autofree char *json = g_strdup_printf (
          "{\"AllocName\":\"n1.main\",\"Stream\":\"stdout\",\"offset\":%" G_GINT64_FORMAT "}", next);
      g_autoptr (DmsMessage) message = NULL;
      JsonObject *reply = fixture_ask (f, dms_test_node_get_handle (f->node), behaviour, json, &message);

      g_assert_cmpstr (dms_json_object_get_text (reply, "Error"), ==, "");
      offset = next;
      next = dms_json_object_get_whole (reply, "next_offset", 0, G_MAXINT64, 0);
    }
  while (next > offset);
  g_assert_cmpint (next, ==, n);
}

static void
restart (Fixture *f, DmsHandle *allocation, gint64 number, const char *problem)
{
  g_autofree char *json = g_strdup_printf ("{\"Number\":%" G_GINT64_FORMAT "}", number);
  g_autoptr (DmsMessage) message = NULL;

  assert_reply (fixture_ask (f, allocation, "/dms/allocation/restart", json, &message), problem, FALSE);
}

static DmsAllocationStatus
get_status (Fixture *f)
{
  return dms_allocation_get_record (dms_provider_lookup (f->provider, FIXTURE_ENSEMBLE "_n1.main"))->status;
}

static gboolean
is_restarting (gpointer user_data)
{
  return get_status (user_data) == DMS_ALLOCATION_RESTARTING;
}

static void
begin_restart (Fixture *f, DmsHandle *allocation, gint64 number)
{
  g_autofree char *json = g_strdup_printf ("{\"Number\":%" G_GINT64_FORMAT "}", number);
  g_autoptr (JsonNode) payload = dms_json_node_from_text (json, -1, NULL);

  g_assert_true (dms_actor_send (dms_test_node_get_root (f->orchestrator),
                                 allocation,
                                 "/dms/allocation/restart",
                                 payload,
                                 dms_test_expiry_in (30),
                                 NULL,
                                 NULL));
  dms_test_wait (is_restarting, f);
}

/* size: of what it gets in its environment */
static void
start_run (Fixture *f,
           DmsHandle *allocation,
           const char *run,
           gint64 number,
           gsize size,
           const char *problem,
           gboolean busy)
{
  g_autofree char *value = g_strnfill (size, 'x');
  g_autofree char *json = g_strdup_printf (
      "{\"Run\":\"%s\",\"Number\":%" G_GINT64_FORMAT ",\"Environment\":[\"X=%s\"]}", run, number, value);
  g_autoptr (DmsMessage) message = NULL;

  assert_reply (fixture_ask (f, allocation, "/dms/allocation/start", json, &message), problem, busy);
}

static void
await_end_of (Fixture *f, const char *run)
{
  JsonObject *end = fixture_wait_end (f);

  g_assert_cmpstr (dms_json_object_get_text (end, "status"), ==, "completed");
  g_assert_cmpstr (dms_json_object_get_text (end, "run"), ==, run);
  g_ptr_array_set_size (f->ends, 0);
}

static void
limit_disk (Fixture *f, gboolean full)
{
  g_autoptr (GError) error = NULL;

  /* A limit below what there is means that there is no more. */
  dms_store_exec (f->store, full ? "PRAGMA max_page_count = 1" : "PRAGMA max_page_count = 1000000", &error);
  g_assert_no_error (error);
}

static void
test_restart_again (Fixture *f, gconstpointer data)
{
  g_autoptr (DmsHandle) allocation =
      fixture_allocate (f, "service", "{\"stdout\":\"x\",\"duration_ms\":-1}", "");

  fixture_start (f, allocation, NULL);
  restart (f, allocation, 5, NULL);
  assert_starts (f, 2);
  restart (f, allocation, 5, NULL);
  fixture_stop_provider (f);
  fixture_start_provider (f);
  restart (f, allocation, 5, NULL);
  assert_starts (f, 2);
  restart (f, allocation, 4, "something else since");
  restart (f, allocation, 6, NULL);
  assert_starts (f, 3);
  /* As nodes that do not number. */
  restart (f, allocation, 0, NULL);
  assert_starts (f, 4);
}

/* The daemon dies with the question, before it has done what was asked, or after. */
static void
test_restart_lost_with_daemon (Fixture *f, gconstpointer data)
{
  g_autoptr (DmsHandle) allocation =
      fixture_allocate (f, "service", "{\"stdout\":\"x\",\"prepare_ms\":600,\"duration_ms\":-1}", "");

  fixture_start (f, allocation, NULL);
  begin_restart (f, allocation, 5);
  fixture_stop_provider (f);
  fixture_start_provider (f);
  restart (f, allocation, 5, NULL);
  assert_starts (f, 2);
  restart (f, allocation, 5, NULL);
  assert_starts (f, 2);
}

/* Two questions are there before the first is answered. */
static void
test_restart_twice_at_once (Fixture *f, gconstpointer data)
{
  g_autoptr (DmsHandle) allocation =
      fixture_allocate (f, "service", "{\"stdout\":\"x\",\"prepare_ms\":400,\"duration_ms\":-1}", "");

  fixture_start (f, allocation, NULL);
  begin_restart (f, allocation, 5);
  restart (f, allocation, 5, NULL);
  assert_starts (f, 2);
}

/* One that came too late for the lease that it gives is not done when it comes again, but what was done is
 * told. */
static void
test_refused_restart (Fixture *f, gconstpointer data)
{
  g_autoptr (DmsHandle) allocation =
      fixture_allocate (f, "service", "{\"stdout\":\"x\",\"duration_ms\":-1}", "");
  g_autoptr (DmsMessage) message = NULL;

  fixture_start (f, allocation, NULL);
  assert_reply (fixture_ask (f,
                             allocation,
                             "/dms/allocation/restart",
                             "{\"Number\":7,\"LeaseMs\":1000,\"LeaseUntilUs\":1}",
                             &message),
                "the lease that it gives was over",
                FALSE);
  restart (f, allocation, 7, "when it was asked first");
  assert_starts (f, 1);
  restart (f, allocation, 8, NULL);
  assert_reply (fixture_ask (f,
                             allocation,
                             "/dms/allocation/restart",
                             "{\"Number\":8,\"LeaseMs\":1000,\"LeaseUntilUs\":1}",
                             &message),
                NULL,
                FALSE);
  assert_starts (f, 2);
}

static void
test_failed_restart (Fixture *f, gconstpointer data)
{
  g_autoptr (DmsHandle) allocation =
      fixture_allocate (f, "task", "{\"fail_launch\":\"the engine says no\"}", WORKFLOW);

  /* Of a workflow, so that it stays. */
  start_run (f, allocation, "main.0.1", 1, 1, "the engine says no", FALSE);
  restart (f, allocation, 2, "the engine says no");
  restart (f, allocation, 2, "the engine says no");
  fixture_start (f, allocation, "the engine says no");
  g_assert_true (fixture_is_all_free (f));
}

static void
test_run_again (Fixture *f, gconstpointer data)
{
  g_autoptr (DmsHandle) allocation = fixture_allocate (f, "task", "{\"stdout\":\"x\"}", WORKFLOW);

  start_run (f, allocation, "main.0.1", 1, 1, NULL, FALSE);
  await_end_of (f, "main.0.1");
  fixture_stop_provider (f);
  fixture_start_provider (f);
  /* The news is said again. */
  start_run (f, allocation, "main.0.1", 1, 1, NULL, FALSE);
  await_end_of (f, "main.0.1");
  assert_starts (f, 1);
  start_run (f, allocation, "main.1.1", 2, 1, NULL, FALSE);
  await_end_of (f, "main.1.1");
  /* A question for the first one was long on its way. */
  start_run (f, allocation, "main.0.1", 1, 1, "something else since", TRUE);
  dms_test_run (200);
  assert_starts (f, 2);
}

/* The disk is full, before the first run and between two: nothing was begun, and nothing has failed. What was
 * refused so is not begun later, when there is room again. */
static void
test_full_disk (Fixture *f, gconstpointer data)
{
  g_autoptr (DmsHandle) allocation = fixture_allocate (f, "task", "{\"stdout\":\"x\"}", WORKFLOW);

  limit_disk (f, TRUE);
  start_run (f, allocation, "main.0.1", 1, 100000, "disk is full", TRUE);
  g_assert_cmpint (get_status (f), ==, DMS_ALLOCATION_PENDING);
  limit_disk (f, FALSE);
  start_run (f, allocation, "main.0.1", 1, 100000, "when it was asked first", TRUE);
  start_run (f, allocation, "main.0.2", 2, 1, NULL, FALSE);
  await_end_of (f, "main.0.2");
  dms_test_run (200);
  limit_disk (f, TRUE);
  start_run (f, allocation, "main.1.1", 3, 100000, "disk is full", TRUE);
  limit_disk (f, FALSE);
  start_run (f, allocation, "main.1.2", 4, 100000, NULL, FALSE);
  await_end_of (f, "main.1.2");
  assert_starts (f, 2);
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
  add ("/repeated/restart-again", test_restart_again);
  add ("/repeated/restart-lost-with-daemon", test_restart_lost_with_daemon);
  add ("/repeated/restart-twice-at-once", test_restart_twice_at_once);
  add ("/repeated/refused-restart", test_refused_restart);
  add ("/repeated/failed-restart", test_failed_restart);
  add ("/repeated/run-again", test_run_again);
  add ("/repeated/full-disk", test_full_disk);
  return g_test_run ();
}
