/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "common/dms-json-object.h"
#include "dms-orchestrator-fixture.h"

#include <string.h>

/* Whom a deployment takes that requires more than resources. */

#define RESOURCES "resources: {cpu: {cores: 1}, ram: {size: 64MiB}, disk: {size: 1}}"

static const char job[] =
    "version: V1\n"
    "requires: {price: 1 NTX}\n"
    "allocations:\n"
    "  a: {executor: 'null', type: task, " RESOURCES ", execution: {type: 'null'},\n"
    "      requires: {libraries: [openssl >= 3.2], speed: 10}}\n"
    "  b: {executor: 'null', type: task, " RESOURCES ", execution: {type: 'null'},\n"
    "      requires: {libraries: [openssl >= 3.2, mpi], price: 0.5 NTX, time: 90s}}\n"
    "nodes: {n1: {allocations: [a, b], requires: {power: 300, kyc: [company], speed: 20}}}\n";

static const char good[] = "{\"Price\":0.5,\"Currency\":\"ntx\",\"Speed\":20,\"Watts\":300,\"Seconds\":90,"
                           "\"Libraries\":[{\"name\":\"openssl\",\"version\":\"3.2\"},{\"name\":\"mpi\"}],"
                           "\"Kyc\":[{\"type\":\"company\"}]}";

static void
test_takes (DmsTestOrchestrator *self, gconstpointer user_data)
{
  g_autofree char *id = NULL;
  g_autofree char *text = NULL;

  self->provider->offer = good;
  id = dms_test_orchestrator_deploy (self, job);
  dms_test_orchestrator_await_status (self, id, "Completed");
  /* All that the ensemble, the node and its allocations require, of one machine. */
  text = dms_json_node_to_text (self->provider->required);
  g_assert_cmpstr (text,
                   ==,
                   "{\"libraries\":[{\"name\":\"openssl\",\"constraint\":\">= 3.2\"},{\"name\":\"mpi\"}],"
                   "\"price\":[{\"currency\":\"NTX\",\"currency_per_hour\":0.5}],"
                   "\"time\":{\"units\":\"seconds\",\"max_time\":90.0},\"kyc\":[{\"type\":\"company\"}],"
                   "\"speed\":20.0,\"power\":300.0}");
}

typedef struct
{
  DmsTestOrchestrator *test;
  const char *id;
  /* What is looked for in the line of `get why`. */
  const char *part;
  char *text;
} Waiting;

static gboolean
is_told (gpointer user_data)
{
  Waiting *waiting = user_data;
  g_autoptr (DmsMessage) why = dms_test_orchestrator_ask_about (waiting->test, "why", "id", waiting->id);
  g_autofree char *text = dms_json_node_to_text (dms_message_get_payload (why));

  if (strstr (text, waiting->part) == NULL)
    return FALSE;
  waiting->text = g_steal_pointer (&text);
  return TRUE;
}

/* Whatever a machine offers, it does not get the job, and `get why` says what it lacks. */
static void
assert_not_taken (DmsTestOrchestrator *self, const char *text, const char *offer, const char *part)
{
  Waiting waiting = { self, NULL, part, NULL };
  g_autofree char *id = NULL;
  g_autofree char *status = NULL;
  g_autofree char *error = NULL;
  g_autofree char *json = NULL;
  g_autoptr (DmsMessage) ended = NULL;

  g_test_message ("%s", offer != NULL ? offer : "nothing");
  self->provider->offer = offer;
  id = dms_test_orchestrator_deploy (self, text);
  waiting.id = id;
  dms_test_wait (is_told, &waiting);
  g_free (waiting.text);
  status = dms_test_orchestrator_dup_status (self, id, &error);
  g_assert_cmpstr (status, !=, "Running");
  g_assert_cmpuint (self->provider->n_commits, ==, 0);
  json = g_strdup_printf ("{\"id\": \"%s\"}", id);
  ended = dms_test_orchestrator_ask_for (self, "shutdown", json, 20);
}

/* One of the field ignores what it does not know, and bids. */
static void
test_field (DmsTestOrchestrator *self, gconstpointer user_data)
{
  assert_not_taken (self, job, NULL, "no library openssl >= 3.2");
}

/* One of ours before there was `requires`: it tells price and speed, and nothing of libraries. */
static void
test_older (DmsTestOrchestrator *self, gconstpointer user_data)
{
  assert_not_taken (self,
                    job,
                    "{\"Price\":0.5,\"Currency\":\"NTX\",\"Speed\":20,\"Watts\":300}",
                    "no library openssl >= 3.2");
}

static void
test_almost (DmsTestOrchestrator *self, gconstpointer user_data)
{
  g_autoptr (GString) old = g_string_new (good);
  g_autoptr (GString) dear = g_string_new (good);

  g_string_replace (old, "\"3.2\"", "\"3.0.11\"", 0);
  assert_not_taken (self, job, old->str, "library openssl 3.0 of >= 3.2");
  g_string_replace (dear, "0.5", "0.75", 0);
  assert_not_taken (self, job, dear->str, "too dear: 0.75 NTX an hour of at most 0.5 NTX an hour");
}

/* What cannot be read is not met. */
static void
test_hostile (DmsTestOrchestrator *self, gconstpointer user_data)
{
  g_autoptr (GString) text = g_string_new (good);

  g_string_replace (text, "\"Price\":0.5", "\"Price\":-1", 0);
  assert_not_taken (self, job, text->str, "no price in such a currency");
  g_string_assign (text, good);
  g_string_replace (text, "\"Speed\":20", "\"Speed\":\"20\"", 0);
  assert_not_taken (self, job, text->str, "does not say how fast it is");
}

/* Also one that the job file names has to have what is required. */
static void
test_bound (DmsTestOrchestrator *self, gconstpointer user_data)
{
  const char *host = dms_handle_get_host (dms_test_node_get_handle (self->node));
  g_autoptr (GString) bound = g_string_new (job);
  g_autofree char *peer = g_strdup_printf ("{allocations: [a, b], peer: %s, ", host);

  g_assert_cmpuint (g_string_replace (bound, "{allocations: [a, b], ", peer, 0), ==, 1);
  assert_not_taken (self, bound->str, NULL, "no library openssl >= 3.2");
}

static void
add (const char *path, void (*test) (DmsTestOrchestrator *self, gconstpointer user_data))
{
  g_test_add (
      path, DmsTestOrchestrator, NULL, dms_test_orchestrator_set_up, test, dms_test_orchestrator_tear_down);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add ("/requires/takes", test_takes);
  add ("/requires/field", test_field);
  add ("/requires/older", test_older);
  add ("/requires/almost", test_almost);
  add ("/requires/hostile", test_hostile);
  add ("/requires/bound", test_bound);
  return g_test_run ();
}
