/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "fixture.h"

#include <string.h>
#include <sys/stat.h>

#include <libsoup/soup.h>

#include "common/dms-json-object.h"

static char *
dup_job_file (Fixture *f, const char *name)
{
  g_autofree char *id = g_strdup_printf ("%s_n1.main", FIXTURE_ENSEMBLE);

  return g_build_filename (f->folder, "work", "jobs", id, name, NULL);
}

static void
test_task (Fixture *f, gconstpointer data)
{
  g_autoptr (DmsHandle) allocation = fixture_allocate (
      f, "task", "{\"stdout\":\"hello\\n\",\"stderr\":\"oops\\n\",\"duration_ms\":200}", "");
  g_autofree char *path = dup_job_file (f, "stdout.log");
  g_autofree char *folder = dup_job_file (f, ".");
  g_autofree char *text = NULL;
  JsonObject *end;
  struct stat info;

  g_assert_false (fixture_is_all_free (f));
  fixture_start (f, allocation, NULL);
  g_assert_cmpuint (fixture_count_listed (f), ==, 1);
  /* Whose answer was lost may ask again. */
  fixture_start (f, allocation, NULL);
  fixture_assert_log (f, "stdout", 0, "hello\n");

  end = fixture_wait_end (f);
  g_assert_cmpstr (dms_json_object_get_text (end, "status"), ==, "completed");
  g_assert_cmpint (
      dms_json_object_get_whole (dms_json_object_get_child (end, "error"), "exit_code", -9, 999, -9), ==, 0);
  g_assert_cmpstr (
      dms_json_object_get_text (dms_json_object_get_child (end, "result"), "reason"), ==, "exited");
  /* What is short goes with it. */
  g_assert_cmpstr (
      dms_json_object_get_text (dms_json_object_get_child (end, "logs"), "stdout"), ==, "aGVsbG8K");
  g_assert_cmpstr (
      dms_json_object_get_text (dms_json_object_get_child (end, "logs"), "stderr"), ==, "b29wcwo=");
  g_assert_true (fixture_is_all_free (f));
  g_assert_cmpuint (fixture_count_listed (f), ==, 0);
  fixture_assert_log (f, "stdout", 0, "hello\n");
  fixture_assert_log (f, "stdout", 2, "llo\n");
  fixture_assert_log (f, "stderr", 0, "oops\n");
  fixture_assert_log (f, "stderr", 99, "");
  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  g_assert_cmpstr (text, ==, "hello\n");
  g_assert_cmpint (stat (folder, &info), ==, 0);
  g_assert_cmpint (info.st_mode & 0777, ==, 0700);
  g_assert_cmpuint (f->statuses->len, ==, 2);
  g_assert_cmpstr (g_ptr_array_index (f->statuses, 0), ==, "running");
  g_assert_cmpstr (g_ptr_array_index (f->statuses, 1), ==, "completed");

  /* It is over, and started again it stays so. */
  fixture_start (f, allocation, NULL);
  dms_test_run (100);
  g_assert_cmpuint (f->ends->len, ==, 1);
}

static void
test_failures (Fixture *f, gconstpointer data)
{
  g_autoptr (DmsHandle) allocation =
      fixture_allocate (f, "task", "{\"exit_code\":3,\"out_of_memory\":true}", "");
  JsonObject *end;

  fixture_start (f, allocation, NULL);
  end = fixture_wait_end (f);
  g_assert_cmpstr (dms_json_object_get_text (end, "status"), ==, "failed");
  g_assert_cmpstr (
      dms_json_object_get_text (dms_json_object_get_child (end, "result"), "reason"), ==, "out-of-memory");
  g_assert_true (dms_json_object_get_flag (dms_json_object_get_child (end, "error"), "killed"));
  g_assert_nonnull (
      strstr (dms_json_object_get_text (dms_json_object_get_child (end, "error"), "err"), "memory"));
  g_assert_true (fixture_is_all_free (f));
}

static void
test_launch_failure (Fixture *f, gconstpointer data)
{
  g_autoptr (DmsHandle) allocation =
      fixture_allocate (f, "task", "{\"fail_launch\":\"the engine says no\"}", "");

  fixture_start (f, allocation, "the engine says no");
  g_assert_true (fixture_is_all_free (f));
  g_assert_cmpuint (fixture_count_listed (f), ==, 0);
  /* Who asked knows already. */
  dms_test_run (100);
  g_assert_cmpuint (f->ends->len, ==, 0);
}

static void
test_foreign_volume (Fixture *f, gconstpointer data)
{
  g_autoptr (DmsHandle) allocation = fixture_allocate (
      f, "task", "{}", ",\"Volume\":[{\"type\":\"local\",\"src\":\"/etc\",\"mount_destination\":\"/mnt\"}]");

  fixture_start (f, allocation, "which only its owner may mount");
  g_assert_true (fixture_is_all_free (f));
}

static void
test_named_volume (Fixture *f, gconstpointer data)
{
  g_autoptr (DmsHandle) allocation = fixture_allocate (
      f, "task", "{}", ",\"Volume\":[{\"type\":\"local\",\"src\":\"data\",\"mount_destination\":\"/mnt\"}]");
  g_autofree char *volumes = g_build_filename (f->folder, "data", "volumes", NULL);
  g_autoptr (GDir) dir = NULL;
  const char *owner;
  g_autofree char *path = NULL;

  fixture_start (f, allocation, NULL);
  dir = g_dir_open (volumes, 0, NULL);
  g_assert_nonnull (dir);
  owner = g_dir_read_name (dir);
  g_assert_true (g_str_has_prefix (owner, "@"));
  path = g_build_filename (volumes, owner, "data", NULL);
  g_assert_true (g_file_test (path, G_FILE_TEST_IS_DIR));
  fixture_wait_end (f);
}

static void
test_service (Fixture *f, gconstpointer data)
{
  g_autoptr (DmsHandle) allocation = fixture_allocate (
      f, "service", "{\"stdout\":\"up\\n\",\"duration_ms\":-1,\"exec_stdout\":\"PONG\\n\"}", "");
  g_autofree char *shutdown = g_strdup_printf ("/dms/ensemble/%s/allocation/shutdown", FIXTURE_ENSEMBLE);
  g_autofree char *payload = g_strdup_printf ("{\"AllocationID\":\"%s_n1.main\"}", FIXTURE_ENSEMBLE);
  g_autofree char *port_json = NULL;
  g_autoptr (DmsMessage) message = NULL;
  JsonObject *reply;

  fixture_start (f, allocation, NULL);
  dms_test_run (100);
  g_assert_cmpuint (f->n_lives, ==, 1);
  reply = fixture_ask (f, allocation, "/dms/allocation/stats", "{}", &message);
  g_assert_true (dms_json_object_get_flag (reply, "ok"));
  g_assert_nonnull (dms_json_object_get_child (reply, "stats"));
  reply = fixture_ask (f, allocation, "/dms/actor/healthcheck", "{}", &message);
  g_assert_true (dms_json_object_get_flag (reply, "OK"));

  reply = fixture_ask (
      f,
      allocation,
      "/dms/actor/healthcheck/register",
      "{\"EnsembleID\":\"x\",\"HealthCheck\":{\"type\":\"command\",\"exec\":[\"ping\"],\"response\":"
      "{\"type\":"
      "\"string\",\"value\":\"PONG\"},\"interval\":1000000000}}",
      &message);
  g_assert_cmpstr (dms_json_object_get_text (reply, "Error"), ==, "");
  reply = fixture_ask (f, allocation, "/dms/actor/healthcheck", "{}", &message);
  g_assert_cmpstr (dms_json_object_get_text (reply, "Error"), ==, "");
  reply = fixture_ask (
      f,
      allocation,
      "/dms/actor/healthcheck/register",
      "{\"EnsembleID\":\"x\",\"HealthCheck\":{\"type\":\"command\",\"exec\":[\"ping\"],\"response\":"
      "{\"type\":"
      "\"string\",\"value\":\"PING\"},\"interval\":1000000000}}",
      &message);
  g_assert_true (dms_json_object_get_flag (reply, "OK"));
  reply = fixture_ask (f, allocation, "/dms/actor/healthcheck", "{}", &message);
  g_assert_false (dms_json_object_get_flag (reply, "OK"));
  g_assert_nonnull (strstr (dms_json_object_get_text (reply, "Error"), "did not answer “PING”"));
  reply = fixture_ask (
      f,
      allocation,
      "/dms/actor/healthcheck/register",
      "{\"EnsembleID\":\"x\",\"HealthCheck\":{\"type\":\"http\",\"endpoint\":\"http://169.254.169.254/\","
      "\"response\":{\"type\":\"string\",\"value\":\"x\"},\"interval\":1000000000}}",
      &message);
  reply = fixture_ask (f, allocation, "/dms/actor/healthcheck", "{}", &message);
  g_assert_nonnull (
      strstr (dms_json_object_get_text (reply, "Error"), "must be an http address on localhost"));

  reply = fixture_ask (f, allocation, "/dms/allocation/subnet/add-peer", "{}", &message);
  g_assert_false (dms_json_object_get_flag (reply, "OK"));

  /* A new job with the old output before its own. */
  reply = fixture_ask (f, allocation, "/dms/allocation/restart", "{}", &message);
  g_assert_cmpstr (dms_json_object_get_text (reply, "Error"), ==, "");
  fixture_assert_log (f, "stdout", 0, "up\n");
  fixture_assert_log (f, "stdout", 3, "up\n");

  reply = fixture_ask (f, dms_test_node_get_handle (f->node), shutdown, payload, &message);
  g_assert_cmpstr (dms_json_object_get_text (reply, "Error"), ==, "");
  g_assert_true (fixture_is_all_free (f));
  g_assert_cmpuint (fixture_count_listed (f), ==, 0);
  fixture_assert_log (f, "stdout", 0, "up\nup\n");
  reply = fixture_ask (f, dms_test_node_get_handle (f->node), shutdown, payload, &message);
  g_assert_true (dms_json_object_get_flag (reply, "OK"));
  g_assert_cmpuint (f->ends->len, ==, 0);
}

static void
serve (SoupServer *server,
       SoupServerMessage *message,
       const char *path,
       GHashTable *query,
       gpointer user_data)
{
  const char *body = user_data;

  if (g_str_equal (path, "/moved"))
    {
      soup_server_message_set_redirect (message, SOUP_STATUS_FOUND, "/");
      return;
    }
  soup_server_message_set_status (message, SOUP_STATUS_OK, NULL);
  soup_server_message_set_response (message, "text/plain", SOUP_MEMORY_STATIC, body, strlen (body));
}

static void
assert_health (Fixture *f,
               DmsHandle *allocation,
               const char *endpoint,
               const char *value,
               const char *problem)
{
  g_autofree char *json = g_strdup_printf (
      "{\"EnsembleID\":\"x\",\"HealthCheck\":{\"type\":\"http\",\"endpoint\":\"%s\",\"response\":"
      "{\"type\":\"string\",\"value\":\"%s\"},\"interval\":1000000000}}",
      endpoint,
      value);
  g_autoptr (DmsMessage) message = NULL;
  JsonObject *reply = fixture_ask (f, allocation, "/dms/actor/healthcheck/register", json, &message);

  g_assert_cmpstr (dms_json_object_get_text (reply, "Error"), ==, "");
  reply = fixture_ask (f, allocation, "/dms/actor/healthcheck", "{}", &message);
  if (problem == NULL)
    g_assert_cmpstr (dms_json_object_get_text (reply, "Error"), ==, "");
  else
    g_assert_nonnull (strstr (dms_json_object_get_text (reply, "Error"), problem));
}

static void
test_http_health (Fixture *f, gconstpointer data)
{
  g_autoptr (DmsHandle) allocation = fixture_allocate (f, "service", "{\"duration_ms\":-1}", "");
  g_autoptr (SoupServer) server = g_object_new (SOUP_TYPE_SERVER, NULL);
  g_autoptr (GError) error = NULL;
  g_autofree char *root = NULL;
  g_autofree char *moved = NULL;
  GSList *uris;

  soup_server_add_handler (server, NULL, serve, (gpointer) "fine", NULL);
  g_assert_true (soup_server_listen_local (server, 0, SOUP_SERVER_LISTEN_IPV4_ONLY, &error));
  g_assert_no_error (error);
  uris = soup_server_get_uris (server);
  root = g_uri_to_string (uris->data);
  moved = g_strconcat (root, "moved", NULL);
  g_slist_free_full (uris, (GDestroyNotify) g_uri_unref);

  fixture_start (f, allocation, NULL);
  assert_health (f, allocation, root, "fine", NULL);
  /* Equal, not contained; and not what lies behind a redirection. */
  assert_health (f, allocation, root, "fin", "did not answer “fin”");
  assert_health (f, allocation, moved, "fine", "did not answer “fine”");
  assert_health (f, allocation, "http://192.0.2.1/", "fine", "must be an http address on localhost");
  soup_server_disconnect (server);
  assert_health (f, allocation, root, "fine", "the health check's endpoint");
}

static void
test_ports (Fixture *f, gconstpointer data)
{
  g_autoptr (DmsHandle) allocation = fixture_allocate (f, "service", "{\"duration_ms\":-1}", "");
  g_autofree char *id = g_strdup_printf ("%s_n1.main", FIXTURE_ENSEMBLE);
  g_autoptr (GArray) dynamic = dms_port_ledger_list_dynamic (dms_provider_get_ports (f->provider), id, NULL);
  g_autofree char *port = g_strdup_printf ("%u", g_array_index (dynamic, guint16, 0));
  g_autofree char *good = g_strdup_printf ("{\"PortMapping\":{\"%s\":8080}}", port);
  g_autoptr (DmsMessage) message = NULL;
  JsonObject *reply;
  JsonObject *item;

  /* Only ports that were set aside for it, and only as ports. */
  reply = fixture_ask (f, allocation, "/dms/allocation/start", "{\"PortMapping\":{\"22\":22}}", &message);
  g_assert_nonnull (strstr (dms_json_object_get_text (reply, "Error"), "does not hold port 22"));
  reply = fixture_ask (f, allocation, "/dms/allocation/start", "{\"PortMapping\":{\"x\":22}}", &message);
  g_assert_nonnull (strstr (dms_json_object_get_text (reply, "Error"), "must map ports to ports"));
  reply = fixture_ask (f, allocation, "/dms/allocation/start", good, &message);
  g_assert_cmpstr (dms_json_object_get_text (reply, "Error"), ==, "");

  dms_test_node_allow (f->node, f->orchestrator, "/dms/node");
  reply = fixture_ask (f, dms_test_node_get_handle (f->node), "/dms/node/allocations/list", "{}", &message);
  item = json_array_get_object_element (dms_json_object_get_list (reply, "allocations"), 0);
  g_assert_cmpint (
      dms_json_object_get_whole (dms_json_object_get_child (item, "using_ports"), port, 0, 65535, -1),
      ==,
      8080);
  g_assert_cmpstr (dms_json_object_get_text (item, "status"), ==, "running");
  g_assert_cmpstr (dms_json_object_get_text (item, "id"), ==, id);
}

static gboolean
has_ended_again (gpointer user_data)
{
  return ((Fixture *) user_data)->ends->len == 2;
}

static void
test_service_dies (Fixture *f, gconstpointer data)
{
  g_autoptr (DmsHandle) allocation = fixture_allocate (f, "service", "{\"duration_ms\":100}", "");
  g_autoptr (DmsMessage) message = NULL;
  JsonObject *end;
  JsonObject *reply;

  fixture_start (f, allocation, NULL);
  end = fixture_wait_end (f);
  g_assert_cmpstr (dms_json_object_get_text (end, "status"), ==, "failed");
  g_assert_cmpstr (dms_json_object_get_text (dms_json_object_get_child (end, "error"), "err"),
                   ==,
                   "the service ended by itself, with exit code 0");
  g_assert_true (fixture_is_all_free (f));

  /* It says so when asked, and can be had back. */
  reply = fixture_ask (f, allocation, "/dms/actor/healthcheck", "{}", &message);
  g_assert_false (dms_json_object_get_flag (reply, "OK"));
  g_assert_nonnull (strstr (dms_json_object_get_text (reply, "Error"), "the service ended by itself"));
  reply = fixture_ask (f, allocation, "/dms/allocation/restart", "{}", &message);
  g_assert_cmpstr (dms_json_object_get_text (reply, "Error"), ==, "");
  /* It runs as long as before, which may be over when the answer is here. */
  dms_test_wait (has_ended_again, f);
}

static void
test_release_while_starting (Fixture *f, gconstpointer data)
{
  g_autoptr (DmsHandle) allocation =
      fixture_allocate (f, "task", "{\"prepare_ms\":1000,\"duration_ms\":-1}", "");
  g_autoptr (JsonNode) payload = dms_json_node_from_text ("{}", -1, NULL);
  g_autofree char *revert = g_strdup_printf (
      "{\"EnsembleID\":\"%s\",\"AllocsByName\":[\"%s_n1.main\"]}", FIXTURE_ENSEMBLE, FIXTURE_ENSEMBLE);
  g_autoptr (DmsMessage) message = NULL;
  gint64 began = g_get_monotonic_time ();
  JsonObject *reply;

  g_assert_true (dms_actor_send (dms_test_node_get_root (f->orchestrator),
                                 allocation,
                                 "/dms/allocation/start",
                                 payload,
                                 dms_test_expiry_in (30),
                                 NULL,
                                 NULL));
  dms_test_run (100);
  reply = fixture_ask (f, dms_test_node_get_handle (f->node), "/dms/deployment/revert", revert, &message);
  g_assert_cmpstr (dms_json_object_get_text (reply, "Error"), ==, "");
  g_assert_cmpint (g_get_monotonic_time () - began, <, 4 * G_USEC_PER_SEC);
  g_assert_true (fixture_is_all_free (f));
  g_assert_cmpuint (fixture_count_listed (f), ==, 0);
}

/* An orchestrator that failed elsewhere tries again with the same names. */
static void
test_second_attempt (Fixture *f, gconstpointer data)
{
  g_autoptr (DmsHandle) first = fixture_allocate (f, "task", "{\"stdout\":\"first\",\"duration_ms\":-1}", "");
  g_autoptr (DmsHandle) second = NULL;
  g_autofree char *revert = g_strdup_printf (
      "{\"EnsembleID\":\"%s\",\"AllocsByName\":[\"%s_n1.main\"]}", FIXTURE_ENSEMBLE, FIXTURE_ENSEMBLE);
  g_autoptr (DmsMessage) message = NULL;
  JsonObject *reply;
  JsonObject *end;

  fixture_start (f, first, NULL);
  reply = fixture_ask (f, dms_test_node_get_handle (f->node), "/dms/deployment/revert", revert, &message);
  g_assert_cmpstr (dms_json_object_get_text (reply, "Error"), ==, "");
  fixture_start (f, first, "was released");

  g_ptr_array_set_size (f->bids, 0);
  second = fixture_allocate (f, "task", "{\"stdout\":\"second\"}", "");
  g_assert_true (dms_handle_equal (first, second));
  fixture_start (f, second, NULL);
  end = fixture_wait_end (f);
  g_assert_cmpstr (dms_json_object_get_text (end, "status"), ==, "completed");
  fixture_assert_log (f, "stdout", 0, "second");
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
  add ("/allocation/task", test_task);
  add ("/allocation/failures", test_failures);
  add ("/allocation/launch-failure", test_launch_failure);
  add ("/allocation/foreign-volume", test_foreign_volume);
  add ("/allocation/named-volume", test_named_volume);
  add ("/allocation/service", test_service);
  add ("/allocation/http-health", test_http_health);
  add ("/allocation/ports", test_ports);
  add ("/allocation/service-dies", test_service_dies);
  add ("/allocation/release-while-starting", test_release_while_starting);
  add ("/allocation/second-attempt", test_second_attempt);
  return g_test_run ();
}
