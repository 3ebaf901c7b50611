/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "common/dms-json-object.h"
#include "dms-orchestrator-fixture.h"
#include "provider/dms-bid-sample.h"
#include "provider/dms-bid.h"

/* One node that deploys, and many machines that hear of it by the topic, by themselves, or not at all. They
 * bid as the real ones do, and then lose interest: what follows a bid is tested elsewhere. */

#define KEY "nunet-offer-1/executor/null"

#define RESOURCES "resources: {cpu: {cores: 1}, ram: {size: 64MiB}, disk: {size: 1}}"

static const char one_job[] =
    "version: V1\n"
    "allocations:\n"
    "  job: {executor: 'null', type: task, " RESOURCES ", execution: {type: 'null'}}\n"
    "nodes: {n1: {allocations: [job]}}\n";

static const char four_jobs[] =
    "version: V1\n"
    "allocations:\n"
    "  a: {executor: 'null', type: task, " RESOURCES ", execution: {type: 'null'}}\n"
    "  b: {executor: 'null', type: task, " RESOURCES ", execution: {type: 'null'}}\n"
    "  c: {executor: 'null', type: task, " RESOURCES ", execution: {type: 'null'}}\n"
    "  d: {executor: 'null', type: task, " RESOURCES ", execution: {type: 'null'}}\n"
    "nodes: {n1: {allocations: [a]}, n2: {allocations: [b]}, n3: {allocations: [c]}, n4: {allocations: "
    "[d]}}\n";

typedef struct _Machine Machine;

typedef struct
{
  DmsTestOrchestrator base;
  char *id;
  /* Machine */
  GPtrArray *machines;
  /* Machines that have made an offer, however often: where time is short there may be another round. */
  guint n_bids;
  /* Of the first wave, whose nonce this is. */
  guint n_first_bids;
  guint n_first_direct;
  gint64 first_nonce;
  guint n_direct;
  guint n_commits;
} Fixture;

struct _Machine
{
  Fixture *fixture;
  DmsTestNode *node;
  gboolean is_eligible;
  /* Of the field: knows of no samples. */
  gboolean is_old;
  gboolean has_bid;
  gint64 answered;
  /* It takes so long to make an offer. */
  guint delay_ms;
};

/* Machines */

static void
bid (Machine *machine, DmsMessage *message)
{
  JsonObject *payload = dms_message_get_object (message);
  JsonArray *requests = dms_json_object_get_list (payload, "Request");
  guint pick = (guint) g_random_int_range (0, (gint32) json_array_get_length (requests));
  JsonObject *request = dms_json_object_get_child (json_array_get_object_element (requests, pick), "V1");
  g_autoptr (DmsLocation) location = dms_location_new ("EU", "DE", NULL, 0, NULL);
  g_autoptr (DmsBid) made = dms_bid_new_signed (dms_test_node_get_key (machine->node),
                                                dms_test_node_get_handle (machine->node),
                                                dms_json_object_get_text (payload, "ID"),
                                                dms_json_object_get_text (request, "NodeID"),
                                                location);
  g_autoptr (JsonNode) reply = dms_bid_to_json (made);

  machine->fixture->n_bids += !machine->has_bid;
  machine->has_bid = TRUE;
  dms_message_reply (message, reply, NULL);
}

typedef struct
{
  Machine *machine;
  DmsMessage *message;
} SlowBid;

static gboolean
on_slow_bid (gpointer user_data)
{
  g_autofree SlowBid *slow = user_data;

  bid (slow->machine, slow->message);
  dms_message_unref (slow->message);
  return G_SOURCE_REMOVE;
}

static void
bid_slowly (Machine *machine, DmsMessage *message)
{
  SlowBid *slow = g_new0 (SlowBid, 1);

  slow->machine = machine;
  slow->message = dms_message_ref (message);
  g_timeout_add (machine->delay_ms, on_slow_bid, slow);
}

static void
on_request (DmsActor *actor, DmsMessage *message, gpointer user_data)
{
  Machine *machine = user_data;
  JsonObject *payload = dms_message_get_object (message);
  gint64 nonce = dms_json_object_get_whole (payload, "Nonce", 0, G_MAXINT64, -1);
  gboolean is_broadcast = dms_message_get_topic (message)[0] != '\0';
  DmsBidSample sample;

  machine->fixture->n_direct += !is_broadcast;
  if (machine->fixture->first_nonce < 0)
    machine->fixture->first_nonce = nonce;
  machine->fixture->n_first_direct += !is_broadcast && nonce == machine->fixture->first_nonce;
  /* Only those that the topic reaches are told whom it is for. */
  g_assert_true (is_broadcast || !dms_bid_sample_read (&sample, payload));
  g_assert_nonnull (dms_json_object_get_list (payload, "Request"));
  if (!machine->is_eligible || nonce == machine->answered)
    return;
  if (is_broadcast && !machine->is_old && dms_bid_sample_read (&sample, payload) &&
      !dms_bid_sample_has (&sample,
                           dms_json_object_get_text (payload, "ID"),
                           nonce,
                           dms_handle_get_host (dms_test_node_get_handle (machine->node))))
    return;
  machine->answered = nonce;
  machine->fixture->n_first_bids += nonce == machine->fixture->first_nonce;
  if (machine->delay_ms > 0)
    bid_slowly (machine, message);
  else
    bid (machine, message);
}

static void
on_commit (DmsActor *actor, DmsMessage *message, gpointer user_data)
{
  ((Machine *) user_data)->fixture->n_commits++;
}

static void
machine_free (gpointer data)
{
  Machine *machine = data;

  dms_test_node_free (machine->node);
  g_free (machine);
}

static void
on_provided (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_assert_true (dms_transport_provide_finish (DMS_TRANSPORT (source), result, NULL));
}

static Machine *
add_machine (Fixture *self, gboolean hears, gboolean has_record)
{
  Machine *machine = g_new0 (Machine, 1);

  machine->fixture = self;
  machine->answered = -1;
  machine->node = dms_test_orchestrator_new_machine (&self->base, hears, on_request, machine);
  dms_actor_add_behaviour (dms_test_node_get_root (machine->node),
                           "/dms/deployment/commit",
                           DMS_BEHAVIOUR_REQUIRE,
                           on_commit,
                           machine,
                           NULL);
  if (has_record)
    dms_transport_provide_async (dms_test_node_get_transport (machine->node), KEY, NULL, on_provided, NULL);
  g_ptr_array_add (self->machines, machine);
  return machine;
}

/* The one that deploys */

static void
set_up (Fixture *self, gconstpointer user_data)
{
  self->first_nonce = -1;
  self->machines = g_ptr_array_new_with_free_func (machine_free);
  dms_test_orchestrator_set_up_alone (&self->base);
}

static void
tear_down (Fixture *self, gconstpointer user_data)
{
  dms_test_orchestrator_tear_down (&self->base, NULL);
  g_ptr_array_unref (self->machines);
  g_free (self->id);
}

static void
deploy_text (Fixture *self, const char *job)
{
  self->id = dms_test_orchestrator_deploy (&self->base, job);
}

static void
deploy (Fixture *self)
{
  deploy_text (self, one_job);
}

/* A machine was chosen. */
static gboolean
has_chosen (gpointer user_data)
{
  return ((Fixture *) user_data)->n_commits > 0;
}

/* How many answer at most when 32 are wanted, in all but one of ten thousand million cases. */
#define MANY 75
/* Of those that are connected, so many are asked by themselves. */
#define FEW 16

static void
test_few_of_many_answer (Fixture *self, gconstpointer user_data)
{
  for (guint i = 0; i < 150; i++)
    add_machine (self, TRUE, FALSE)->is_eligible = TRUE;
  deploy (self);
  dms_test_wait (has_chosen, self);
  g_assert_cmpuint (self->n_first_bids, >, 0);
  g_assert_cmpuint (self->n_first_bids, <=, MANY + FEW);
  g_assert_cmpuint (self->n_first_direct, ==, FEW);
}

/* The topic is slow, or reaches nobody: where there are many, some that are connected are asked at once, and
 * no other wave has to be waited for. */
static void
test_asks_some_at_once (Fixture *self, gconstpointer user_data)
{
  for (guint i = 0; i < 100; i++)
    add_machine (self, FALSE, FALSE)->is_eligible = TRUE;
  deploy (self);
  dms_test_wait (has_chosen, self);
  g_assert_cmpuint (self->n_first_bids, >, 0);
  g_assert_cmpuint (self->n_first_direct, ==, FEW);
}

/* Where there are few, all answer at once, as ever. */
static void
test_all_of_few_answer (Fixture *self, gconstpointer user_data)
{
  gint64 began_us;

  for (guint i = 0; i < 24; i++)
    add_machine (self, TRUE, FALSE)->is_eligible = TRUE;
  began_us = g_get_monotonic_time ();
  deploy (self);
  dms_test_wait (has_chosen, self);
  g_assert_cmpuint (self->n_bids, ==, 24);
  g_assert_cmpint (g_get_monotonic_time () - began_us, <, (gint64) (900000 * dms_test_get_patience ()));
}

/* Where the first offer takes long, others are waited for all the same, but not for ever. */
static void
test_choice_on_a_slow_network (Fixture *self, gconstpointer user_data)
{
  for (guint i = 0; i < 3; i++)
    {
      Machine *machine = add_machine (self, TRUE, FALSE);

      /* One makes none. */
      machine->is_eligible = i < 2;
      machine->delay_ms = 1000 + 150 * i;
    }
  deploy (self);
  dms_test_wait (has_chosen, self);
  g_assert_cmpuint (self->n_bids, ==, 2);
}

/* A node with much to do hears late of offers that were made in time: it does not take that for silence,
 * which would give it and them more to do. */
static void
test_late_is_not_silence (Fixture *self, gconstpointer user_data)
{
  for (guint i = 0; i < 3; i++)
    add_machine (self, TRUE, TRUE)->is_eligible = TRUE;
  deploy (self);
  g_usleep (400 * 1000);
  dms_test_wait (has_chosen, self);
  g_assert_cmpuint (self->n_bids, ==, 3);
  /* Where all is slowed down many times, the machines are late, too. */
  if (dms_test_get_patience () <= 1)
    g_assert_cmpuint (self->n_direct, ==, 0);
}

/* A few that are eligible among many are found when more and more are asked. */
static void
test_asks_more (Fixture *self, gconstpointer user_data)
{
  for (guint i = 0; i < 150; i++)
    add_machine (self, TRUE, FALSE);
  ((Machine *) self->machines->pdata[70])->is_eligible = TRUE;
  deploy (self);
  dms_test_wait (has_chosen, self);
  g_assert_cmpuint (self->n_bids, >=, 1);
}

/* Nodes that know of no samples answer, and are heard. */
static void
test_hears_the_field (Fixture *self, gconstpointer user_data)
{
  for (guint i = 0; i < 60; i++)
    {
      Machine *machine = add_machine (self, TRUE, FALSE);

      machine->is_old = TRUE;
      machine->is_eligible = i < 3;
    }
  deploy (self);
  dms_test_wait (has_chosen, self);
  g_assert_cmpuint (self->n_bids, ==, 3);
}

/* Nobody hears the topic, and one of many has what is needed and says so. */
static void
test_finds_by_records (Fixture *self, gconstpointer user_data)
{
  for (guint i = 0; i < 60; i++)
    add_machine (self, FALSE, FALSE)->is_eligible = FALSE;
  add_machine (self, FALSE, TRUE)->is_eligible = TRUE;
  deploy (self);
  dms_test_wait (has_chosen, self);
  g_assert_cmpuint (self->n_first_direct, <=, FEW + 1);
  g_assert_cmpuint (self->n_bids, ==, 1);
}

/* Where neither the topic nor a record leads to it, it is asked because it is there. */
static void
test_asks_those_who_are_there (Fixture *self, gconstpointer user_data)
{
  add_machine (self, FALSE, FALSE)->is_eligible = TRUE;
  deploy (self);
  dms_test_wait (has_chosen, self);
  g_assert_cmpuint (self->n_bids, ==, 1);
}

/* Records of many who never answer cost a bounded number of questions, and hide nobody for long. */
static void
test_survives_false_records (Fixture *self, gconstpointer user_data)
{
  for (guint i = 0; i < 39; i++)
    add_machine (self, FALSE, TRUE);
  add_machine (self, FALSE, TRUE)->is_eligible = TRUE;
  deploy (self);
  dms_test_wait (has_chosen, self);
  g_assert_cmpuint (self->n_bids, ==, 1);
  /* Each once. */
  g_assert_cmpuint (self->n_direct, <=, 40);
}

/* Each offers to run any one of four nodes, and each is needed for another. */
static void
test_spreads_the_few (Fixture *self, gconstpointer user_data)
{
  gboolean hears = GPOINTER_TO_INT (user_data);

  for (guint i = 0; i < 4; i++)
    add_machine (self, hears, !hears)->is_eligible = TRUE;
  deploy_text (self, four_jobs);
  dms_test_wait (has_chosen, self);
}

static void
add (const char *path, void (*test) (Fixture *self, gconstpointer user_data))
{
  g_test_add (path, Fixture, NULL, set_up, test, tear_down);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add ("/asking/few-of-many-answer", test_few_of_many_answer);
  add ("/asking/some-at-once", test_asks_some_at_once);
  add ("/asking/all-of-few-answer", test_all_of_few_answer);
  add ("/asking/choice-on-a-slow-network", test_choice_on_a_slow_network);
  add ("/asking/late-is-not-silence", test_late_is_not_silence);
  add ("/asking/asks-more", test_asks_more);
  add ("/asking/hears-the-field", test_hears_the_field);
  add ("/asking/finds-by-records", test_finds_by_records);
  add ("/asking/asks-those-who-are-there", test_asks_those_who_are_there);
  add ("/asking/survives-false-records", test_survives_false_records);
  add ("/asking/spreads-the-few", test_spreads_the_few);
  g_test_add ("/asking/spreads-the-few-by-topic",
              Fixture,
              GINT_TO_POINTER (TRUE),
              set_up,
              test_spreads_the_few,
              tear_down);
  return g_test_run ();
}
