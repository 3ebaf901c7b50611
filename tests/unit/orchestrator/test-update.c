/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

/* A deployment is made another one while it runs. */

#include "common/dms-json-object.h"
#include "dms-orchestrator-fixture.h"
#include "jobs/dms-job-parser.h"
#include "orchestrator/dms-deployment-private.h"

#include <string.h>

#define ALLOCATION(name, rest) "  " name ": {executor: 'null', type: service, resources: r, " rest "}\n"
#define HEAD                                                                                                 \
  "version: V1\n"                                                                                            \
  "resources: {r: {cpu: {cores: 1}, ram: {size: 64MiB}, disk: {size: 1}}}\n"                                 \
  "allocations:\n"
#define PLAIN "execution: {type: 'null'}"

static const char one[] = HEAD ALLOCATION ("web", PLAIN) "nodes: {n1: {allocations: [web]}}\n";
static const char two[] =
    HEAD ALLOCATION ("web", PLAIN) ALLOCATION ("db", PLAIN) "nodes: {n1: {allocations: [web, db]}}\n";
static const char other_web[] = HEAD ALLOCATION ("web", "execution: {type: 'null', duration_ms: 7}")
    ALLOCATION ("db", PLAIN) "nodes: {n1: {allocations: [web, db]}}\n";
static const char with_port[] = HEAD ALLOCATION (
    "web",
    PLAIN) "nodes: {n1: {allocations: [web], ports: [{public: 0, private: 80, allocation: web}]}}\n";

static const char with_db_alone[] = HEAD ALLOCATION ("db", PLAIN) "nodes: {n1: {allocations: [db]}}\n";

typedef struct
{
  char *error;
  gboolean done;
} Answer;

static DmsEnsemble *
parse (const char *job)
{
  g_autoptr (GBytes) data = g_bytes_new (job, strlen (job));
  g_autoptr (GError) error = NULL;
  DmsEnsemble *ensemble = dms_job_parser_load_data ("job.yaml", NULL, data, &error);

  g_assert_no_error (error);
  return ensemble;
}

/* "" when it was updated. */
static char *
update (DmsTestOrchestrator *self, const char *id, const char *job, double seconds)
{
  g_autoptr (DmsEnsemble) ensemble = parse (job);
  g_autoptr (JsonNode) wire = dms_ensemble_to_json (ensemble);
  g_autofree char *text = dms_json_node_to_text (wire);
  g_autofree char *json = g_strdup_printf ("{\"EnsembleID\": \"%s\", \"Ensemble\": %s}", id, text);
  g_autoptr (DmsMessage) reply = dms_test_orchestrator_ask_for (self, "update", json, seconds);
  const char *error = dms_test_text_of (reply, "Error");

  g_assert_cmpint (dms_json_object_get_flag (dms_message_get_object (reply), "OK"), ==, *error == '\0');
  return g_strdup (error);
}

static void
on_updated (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Answer *answer = user_data;
  g_autoptr (GError) error = NULL;

  if (!dms_deployment_update_finish (DMS_DEPLOYMENT (source), result, &error))
    answer->error = g_strdup (error->message);
  answer->done = TRUE;
}

/* Begins one, and does not wait. */
static void
begin_update (DmsTestOrchestrator *self, const char *id, const char *job, Answer *answer)
{
  g_autoptr (DmsEnsemble) ensemble = parse (job);

  dms_deployment_update_async (dms_orchestrator_find (self->orchestrator, id),
                               ensemble,
                               dms_actor_expiry_in (130),
                               NULL,
                               on_updated,
                               answer);
}

static gboolean
is_done (gpointer user_data)
{
  return ((Answer *) user_data)->done;
}

static char *
deploy (DmsTestOrchestrator *self, const char *job)
{
  char *id;

  self->provider->job_ms = -1;
  id = dms_test_orchestrator_deploy (self, job);
  dms_test_orchestrator_await_status (self, id, "Running");
  return id;
}

/* "web running, db running": the manifest's allocations, in their order. */
static char *
list_allocations (DmsTestOrchestrator *self, const char *id)
{
  g_autoptr (DmsMessage) reply = dms_test_orchestrator_ask_about (self, "manifest", "ID", id);
  JsonObject *manifest = dms_json_object_get_child (dms_message_get_object (reply), "manifest");
  JsonObject *allocations = dms_json_object_get_child (manifest, "allocations");
  g_autoptr (GList) names = json_object_get_members (allocations);
  GString *text = g_string_new (NULL);

  for (GList *l = names; l != NULL; l = l->next)
    g_string_append_printf (
        text,
        "%s%s %s",
        text->len > 0 ? ", " : "",
        (char *) l->data,
        dms_json_object_get_text (dms_json_object_get_child (allocations, l->data), "status"));
  return g_string_free (text, FALSE);
}

static void
assert_allocations (DmsTestOrchestrator *self, const char *id, const char *expected)
{
  g_autofree char *found = list_allocations (self, id);

  g_assert_cmpstr (found, ==, expected);
}

static const char *
last_started (DmsTestOrchestrator *self)
{
  return self->provider->started->pdata[self->provider->started->len - 1];
}

static void
test_add (DmsTestOrchestrator *self, gconstpointer user_data)
{
  g_autofree char *id = deploy (self, one);
  g_autofree char *error = update (self, id, two, 130);

  g_assert_cmpstr (error, ==, "");
  dms_test_orchestrator_await_status (self, id, "Running");
  /* What ran is not asked to do anything. */
  g_assert_cmpuint (self->provider->n_commits, ==, 2);
  g_assert_cmpuint (self->provider->n_reverts, ==, 0);
  g_assert_cmpuint (self->provider->started->len, ==, 2);
  g_assert_cmpstr (last_started (self), ==, "db");
  assert_allocations (self, id, "n1.web running, n1.db running");
}

static void
test_remove (DmsTestOrchestrator *self, gconstpointer user_data)
{
  g_autofree char *id = deploy (self, two);
  g_autofree char *error = update (self, id, one, 130);

  g_assert_cmpstr (error, ==, "");
  g_assert_cmpuint (self->provider->n_reverts, ==, 1);
  g_assert_cmpuint (self->provider->started->len, ==, 2);
  assert_allocations (self, id, "n1.web running");
  /* It is as much a deployment as before. */
  g_clear_pointer (&error, g_free);
  error = update (self, id, two, 130);
  g_assert_cmpstr (error, ==, "");
  assert_allocations (self, id, "n1.web running, n1.db running");
}

static void
test_change (DmsTestOrchestrator *self, gconstpointer user_data)
{
  g_autofree char *id = deploy (self, two);
  g_autofree char *error = update (self, id, other_web, 130);

  g_assert_cmpstr (error, ==, "");
  g_assert_cmpuint (self->provider->started->len, ==, 3);
  g_assert_cmpstr (last_started (self), ==, "web");
  assert_allocations (self, id, "n1.web running, n1.db running");
}

static void
test_nodes (DmsTestOrchestrator *self, gconstpointer user_data)
{
  const char *peer = dms_handle_get_host (dms_test_node_get_handle (self->node));
  g_autofree char *first =
      g_strdup_printf (HEAD ALLOCATION ("web", PLAIN) "nodes: {n1: {allocations: [web], peer: %s}}\n", peer);
  g_autofree char *both = g_strdup_printf (
      HEAD ALLOCATION ("web", PLAIN) ALLOCATION (
          "db", PLAIN) "nodes: {n1: {allocations: [web], peer: %s}, n2: {allocations: [db], peer: %s}}\n",
      peer,
      peer);
  g_autofree char *second =
      g_strdup_printf (HEAD ALLOCATION ("db", PLAIN) "nodes: {n2: {allocations: [db], peer: %s}}\n", peer);
  g_autofree char *id = deploy (self, first);
  g_autofree char *error = update (self, id, both, 130);

  g_assert_cmpstr (error, ==, "");
  assert_allocations (self, id, "n1.web running, n2.db running");
  g_assert_cmpuint (self->provider->started->len, ==, 2);
  g_clear_pointer (&error, g_free);
  error = update (self, id, second, 130);
  g_assert_cmpstr (error, ==, "");
  assert_allocations (self, id, "n2.db running");
  g_assert_cmpuint (self->provider->started->len, ==, 2);
  g_assert_cmpuint (self->provider->n_reverts, ==, 1);
}

static void
test_nothing (DmsTestOrchestrator *self, gconstpointer user_data)
{
  g_autofree char *id = deploy (self, one);
  g_autofree char *error = update (self, id, one, 130);

  g_assert_cmpstr (error, ==, "");
  g_assert_cmpuint (self->provider->n_requests, ==, 1);
}

static void
test_refusals (DmsTestOrchestrator *self, gconstpointer user_data)
{
  g_autofree char *id = deploy (self, one);
  g_autofree char *error = update (self, id, with_port, 130);
  g_autofree char *hurried = update (self, id, two, 60 / dms_test_get_patience ());
  g_autofree char *unknown = update (self, "1234", two, 130);
  g_autofree char *over = NULL;

  g_assert_nonnull (strstr (error, "nodes.n1.ports: the ports of allocation “web”"));
  g_assert_cmpstr (hurried, ==, "requested deployment update time too short");
  g_assert_cmpstr (unknown, ==, "orchestrator with ID not found");
  g_assert_cmpuint (self->provider->started->len, ==, 1);
  assert_allocations (self, id, "n1.web running");
  dms_message_unref (dms_test_orchestrator_ask_about (self, "shutdown", "ID", id));
  dms_test_orchestrator_await_status (self, id, "Completed");
  over = update (self, id, two, 130);
  g_assert_cmpstr (over, ==, "deployment is not running");
}

/* The new part never starts: what was taken away for it runs again. */
static void
test_rollback (DmsTestOrchestrator *self, gconstpointer user_data)
{
  static const char bad[] = HEAD ALLOCATION ("web", "execution: {type: 'null', duration_ms: 7}")
      ALLOCATION ("bad", PLAIN) "nodes: {n1: {allocations: [web, bad]}}\n";
  g_autofree char *id = deploy (self, two);
  g_autofree char *error = NULL;
  g_autofree char *again = NULL;

  self->provider->about = "bad";
  self->provider->n_start_failures = 100;
  error = update (self, id, bad, 130);
  g_assert_true (
      g_str_has_prefix (error, "the update failed, and what ran before runs again: starting n1.bad"));
  dms_test_orchestrator_await_status (self, id, "Running");
  assert_allocations (self, id, "n1.web running, n1.db running");
  /* The record has the old ensemble as well: the same update is none. */
  again = update (self, id, two, 130);
  g_assert_cmpstr (again, ==, "");
  g_assert_cmpuint (self->provider->n_requests, >=, 3);
}

/* Nor can what ran before be started again. */
static void
test_nothing_starts (DmsTestOrchestrator *self, gconstpointer user_data)
{
  g_autofree char *id = deploy (self, two);
  g_autofree char *error = NULL;

  self->provider->about = "web";
  self->provider->n_start_failures = 100;
  error = update (self, id, other_web, 130);
  g_assert_nonnull (strstr (error, "; and what ran before could not be started again: "));
  dms_test_orchestrator_await_status (self, id, "Running");
  assert_allocations (self, id, "n1.web failed, n1.db running");
}

static void
test_shutdown_meanwhile (DmsTestOrchestrator *self, gconstpointer user_data)
{
  g_autofree char *id = deploy (self, one);
  Answer answer = { NULL, FALSE };

  self->provider->hang_on_start = TRUE;
  begin_update (self, id, two, &answer);
  dms_test_orchestrator_await_starts (self, 2);
  dms_message_unref (dms_test_orchestrator_ask_about (self, "shutdown", "ID", id));
  dms_test_wait (is_done, &answer);
  g_assert_cmpstr (answer.error, ==, "the deployment ended meanwhile");
  dms_test_orchestrator_await_status (self, id, "Completed");
  g_free (answer.error);
}

static void
test_two_at_once (DmsTestOrchestrator *self, gconstpointer user_data)
{
  g_autofree char *id = deploy (self, one);
  Answer first = { NULL, FALSE };
  g_autofree char *error = NULL;

  begin_update (self, id, two, &first);
  error = update (self, id, other_web, 130);
  g_assert_true (g_str_has_prefix (error, "another change of the deployment is not finished"));
  dms_test_wait (is_done, &first);
  g_assert_null (first.error);
}

/* The daemon dies while a new part starts: the next one puts back what there was. */
static void
test_restart_meanwhile (DmsTestOrchestrator *self, gconstpointer user_data)
{
  g_autofree char *id = deploy (self, two);
  Answer answer = { NULL, FALSE };
  g_autofree char *error = NULL;

  self->provider->hang_on_start = TRUE;
  begin_update (self, id, other_web, &answer);
  dms_test_orchestrator_await_starts (self, 3);
  dms_test_orchestrator_stop (self);
  self->provider->hang_on_start = FALSE;
  dms_test_orchestrator_start (self);
  dms_test_orchestrator_await_status (self, id, "Running");
  assert_allocations (self, id, "n1.web running, n1.db running");
  dms_test_wait (is_done, &answer);
  g_assert_cmpstr (answer.error, ==, "the deployment ended meanwhile");
  g_free (answer.error);
  error = update (self, id, two, 130);
  g_assert_cmpstr (error, ==, "");
  /* db was never touched. */
  for (guint i = 2; i < self->provider->started->len; i++)
    g_assert_cmpstr (self->provider->started->pdata[i], ==, "web");
}

static char *
ask_for_logs (DmsTestOrchestrator *self, const char *id, const char *name, const char *member)
{
  g_autofree char *json = g_strdup_printf ("{\"EnsembleID\": \"%s\", \"AllocationName\": \"%s\"}", id, name);
  g_autoptr (DmsMessage) reply = dms_test_orchestrator_ask_for (self, "logs", json, 20);

  return g_strdup (dms_test_text_of (reply, member));
}

/* What was taken away has written something that can still be read, under a name of its own. */
static void
test_earlier_logs (DmsTestOrchestrator *self, gconstpointer user_data)
{
  g_autofree char *id = deploy (self, two);
  g_autofree char *json = g_strdup_printf ("{\"id\": \"%s\", \"include_logs\": true}", id);
  g_autofree char *error = NULL;
  g_autofree char *log = NULL;
  g_autofree char *where = NULL;
  g_autofree char *bare = NULL;
  g_autofree char *why = NULL;
  g_autofree char *unknown = NULL;
  g_autoptr (DmsMessage) info = NULL;
  JsonArray *list;

  self->provider->output = "the first web\n";
  error = update (self, id, other_web, 130);
  g_assert_cmpstr (error, ==, "");
  self->provider->output = "the second web\n";
  log = dms_test_orchestrator_read_log (self, id, "n1.web.before-1");
  g_assert_cmpstr (log, ==, "the first web\n");
  where = ask_for_logs (self, id, "n1.web.before-1", "LogsWrittenTo");
  g_assert_true (g_str_has_suffix (where, "/n1.web.before-1"));
  /* What runs now is found under its own name, as ever. */
  g_free (where);
  where = ask_for_logs (self, id, "n1.web", "LogsWrittenTo");
  g_assert_true (g_str_has_suffix (where, "/n1.web"));
  g_free (log);
  log = dms_test_orchestrator_read_log (self, id, "n1.web");
  g_assert_cmpstr (log, ==, "the second web\n");

  self->provider->output = "words of db\n";
  g_free (error);
  error = update (self, id, one, 130);
  g_assert_cmpstr (error, ==, "");
  why = ask_for_logs (self, id, "n1.db", "Error");
  g_assert_cmpstr (why,
                   ==,
                   "the deployment has no allocation “n1.db” any more; what it wrote before the update is "
                   "n1.db.before-1");
  bare = ask_for_logs (self, id, "db.before-1", "LogsWrittenTo");
  g_assert_true (g_str_has_suffix (bare, "/n1.db.before-1"));
  unknown = ask_for_logs (self, id, "n1.dby.before-1", "Error");
  g_assert_cmpstr (unknown, ==, "the deployment has no allocation “n1.dby.before-1”");
  info = dms_test_orchestrator_ask_for (self, "info", json, 20);
  list = dms_json_object_get_list (dms_message_get_object (info), "earlier_logs");
  g_assert_cmpuint (json_array_get_length (list), ==, 3);
  g_assert_cmpstr (
      dms_json_object_get_text (json_array_get_object_element (list, 0), "allocation"), ==, "n1.db.before-1");
}

/* There is no end to updates, but to what is kept of them: on disk, and in memory. */
static void
test_many_updates (DmsTestOrchestrator *self, gconstpointer user_data)
{
  g_autofree char *id = deploy (self, two);
  DmsDeployment *deployment = dms_orchestrator_find (self->orchestrator, id);
  g_autofree char *oldest = NULL;
  g_autofree char *gone = NULL;
  g_autofree char *newest = NULL;

  for (guint i = 0; i < 14; i++)
    {
      g_autofree char *error = update (self, id, i % 2 == 0 ? one : two, 130);

      g_assert_cmpstr (error, ==, "");
      g_assert_cmpuint (deployment->retired_allocations->len, ==, 0);
      g_assert_cmpuint (deployment->retired_nodes->len, ==, 0);
      g_assert_cmpuint (deployment->earlier_ensembles->len, ==, 0);
    }
  gone = dms_test_orchestrator_read_log (self, id, "n1.db.before-2");
  g_assert_null (gone);
  oldest = dms_test_orchestrator_read_log (self, id, "n1.db.before-3");
  g_assert_nonnull (oldest);
  newest = dms_test_orchestrator_read_log (self, id, "n1.db.before-7");
  g_assert_nonnull (newest);
}

static gboolean
was_asked_for_logs (gpointer user_data)
{
  return ((DmsFakeProvider *) user_data)->n_logs > 0;
}

/* A machine that does not give them holds up nobody for long; and nothing is left of what never came. */
static void
test_logs_that_never_come (DmsTestOrchestrator *self, gconstpointer user_data)
{
  g_autofree char *id = deploy (self, two);
  g_autofree char *error = NULL;
  g_autofree char *none = NULL;
  g_autofree char *why = NULL;
  Answer answer = { NULL, FALSE };

  self->provider->hang_on_logs = TRUE;
  error = update (self, id, one, 130);
  g_assert_cmpstr (error, ==, "");
  assert_allocations (self, id, "n1.web running");
  none = dms_test_orchestrator_read_log (self, id, "n1.db.before-1");
  g_assert_null (none);
  why = ask_for_logs (self, id, "n1.db", "Error");
  g_assert_cmpstr (why, ==, "the deployment has no allocation “n1.db”");
  /* Nor does one that is ended meanwhile wait for them. */
  begin_update (self, id, with_db_alone, &answer);
  self->provider->n_logs = 0;
  dms_test_wait (was_asked_for_logs, self->provider);
  self->provider->hang_on_logs = FALSE;
  dms_message_unref (dms_test_orchestrator_ask_about (self, "shutdown", "ID", id));
  dms_test_wait (is_done, &answer);
  g_assert_cmpstr (answer.error, ==, "the deployment ended meanwhile");
  dms_test_orchestrator_await_status (self, id, "Completed");
  g_free (answer.error);
}

/* An answer about what is gone by then may still be under way. */
static void
test_late_answers (DmsTestOrchestrator *self, gconstpointer user_data)
{
  static const char watched[] = HEAD ALLOCATION ("web", PLAIN) ALLOCATION (
      "db",
      PLAIN ", healthcheck: {type: command, exec: ['true'], interval: 20ms}") "nodes: {n1: {allocations: "
                                                                              "[web, db]}}\n";
  g_autofree char *id = deploy (self, watched);

  for (guint i = 0; i < 6; i++)
    {
      g_autofree char *error = NULL;

      dms_test_run (25);
      error = update (self, id, i % 2 == 0 ? one : watched, 130);
      g_assert_cmpstr (error, ==, "");
    }
  assert_allocations (self, id, "n1.web running, n1.db running");
}

int
main (int argc, char *argv[])
{
  static const DmsOrchestratorTest tests[] = {
    { "add", test_add },
    { "remove", test_remove },
    { "change", test_change },
    { "nodes", test_nodes },
    { "nothing", test_nothing },
    { "refusals", test_refusals },
    { "rollback", test_rollback },
    { "nothing-starts", test_nothing_starts },
    { "shutdown-meanwhile", test_shutdown_meanwhile },
    { "two-at-once", test_two_at_once },
    { "restart-meanwhile", test_restart_meanwhile },
    { "earlier-logs", test_earlier_logs },
    { "many-updates", test_many_updates },
    { "logs-that-never-come", test_logs_that_never_come },
    { "late-answers", test_late_answers },
  };

  return dms_test_orchestrator_run (argc, argv, "/orchestrator/update/", tests, G_N_ELEMENTS (tests));
}
