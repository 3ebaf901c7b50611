/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "common/dms-json-object.h"
#include "dms-orchestrator-fixture.h"
#include "provider/dms-bid-refusal.h"
#include "provider/dms-bid-sample.h"

#include <string.h>

/* One node that deploys, and many machines that hear of it and have not enough memory, some of which lie. */

enum
{
  N_MACHINES = 150,
  /* How many answer at most when 64 of all are wanted, and 32 are asked by themselves, in all but one of ten
   * thousand million cases. */
  MANY = 122,
  /* All machines are in this one process: where it gets little processor time, some answer too late. */
  LONG_SECONDS = 40,
  AGAIN_SECONDS = 15,
};

static const char job[] = "version: V1\n"
                          "allocations:\n"
                          "  job: {executor: 'null', type: task, resources: {cpu: {cores: 1}, ram: {size: "
                          "64MiB}, disk: {size: 1}}, "
                          "execution: {type: 'null'}}\n"
                          "nodes: {n1: {allocations: [job]}}\n";

typedef struct
{
  DmsTestOrchestrator base;
  char *id;
  GPtrArray *machines;
  guint n_asked_for_offers;
  /* Of those who were asked for reasons last. */
  guint n_refusals;
  gint64 nonce;
  gint64 asked_us;
  gint64 n_taken;
  DmsMessage *why;
} Fixture;

typedef struct
{
  Fixture *fixture;
  DmsTestNode *node;
  gint64 answered;
} Machine;

static void
refuse (DmsMessage *message, const char *ensemble_id, double offered)
{
  g_autoptr (DmsBidRefusal) refusal = dms_bid_refusal_new (ensemble_id, 1);
  g_autoptr (JsonNode) payload = NULL;

  dms_bid_refusal_add (refusal, DMS_BID_REFUSAL_RAM, "n1", "ram.size", 64 << 20, offered);
  payload = dms_bid_refusal_to_json (refusal);
  dms_message_reply (message, payload, NULL);
}

/* They are not asked again before long. */
static void
note_question (Fixture *self, gint64 nonce)
{
  gint64 now = g_get_monotonic_time ();

  if (nonce <= self->nonce)
    return;
  if (self->nonce > 0)
    g_assert_cmpint (now - self->asked_us, >=, (AGAIN_SECONDS - 2) * G_USEC_PER_SEC);
  self->nonce = nonce;
  self->asked_us = now;
  self->n_refusals = 0;
}

static void
on_request (DmsActor *actor, DmsMessage *message, gpointer user_data)
{
  Machine *machine = user_data;
  JsonObject *payload = dms_message_get_object (message);
  const char *id = dms_json_object_get_text (payload, "ID");
  gint64 nonce = dms_json_object_get_whole (payload, "Nonce", 0, G_MAXINT64, -1);
  DmsBidSample sample = { DMS_BID_SAMPLE_ALL, 0 };

  if (!dms_bid_refusal_is_wanted (payload))
    {
      machine->fixture->n_asked_for_offers++;
      return;
    }
  /* As offers cost nothing, they have been asked for before. */
  g_assert_cmpuint (machine->fixture->n_asked_for_offers, >=, N_MACHINES);
  if (nonce == machine->answered)
    return;
  note_question (machine->fixture, nonce);
  if (dms_message_get_topic (message)[0] != '\0')
    {
      g_assert_true (dms_bid_sample_read (&sample, payload));
      if (!dms_bid_sample_has (
              &sample, id, nonce, dms_handle_get_host (dms_test_node_get_handle (machine->node))))
        return;
    }
  machine->answered = nonce;
  machine->fixture->n_refusals++;
  /* Nobody believes these. */
  refuse (message, "another", 1 << 20);
  refuse (message, id, 1e12);
  /* This once. */
  refuse (message, id, 50 << 20);
  refuse (message, id, 1 << 20);
}

static void
machine_free (gpointer data)
{
  Machine *machine = data;

  dms_test_node_free (machine->node);
  g_free (machine);
}

static void
add_machine (Fixture *self)
{
  Machine *machine = g_new0 (Machine, 1);

  machine->fixture = self;
  machine->answered = -1;
  machine->node = dms_test_orchestrator_new_machine (&self->base, TRUE, on_request, machine);
  g_ptr_array_add (self->machines, machine);
}

static void
set_up (Fixture *self, gconstpointer user_data)
{
  self->machines = g_ptr_array_new_with_free_func (machine_free);
  dms_test_orchestrator_set_up_alone (&self->base);
}

static void
tear_down (Fixture *self, gconstpointer user_data)
{
  g_clear_pointer (&self->why, dms_message_unref);
  dms_test_orchestrator_tear_down (&self->base, NULL);
  g_ptr_array_unref (self->machines);
  g_free (self->id);
}

static JsonObject *
ask_why (Fixture *self)
{
  g_clear_pointer (&self->why, dms_message_unref);
  self->why = dms_test_orchestrator_ask_about (&self->base, "why", "id", self->id);
  return dms_message_get_object (self->why);
}

static gint64
count_taken (Fixture *self)
{
  JsonObject *why = dms_json_object_get_child (ask_why (self), "why");

  return dms_json_object_get_whole (why, "answered", 0, 1000, -1);
}

/* Some have given their reasons, and these are known. */
static void
await_reasons (Fixture *self)
{
  gint64 patience_us = (gint64) (LONG_SECONDS * dms_test_get_patience () * G_USEC_PER_SEC);
  gint64 deadline = g_get_monotonic_time () + patience_us;

  while (self->n_taken == 0 || (self->n_taken < self->n_refusals && g_get_monotonic_time () < deadline))
    {
      g_assert_cmpint (g_get_monotonic_time (), <, deadline + patience_us);
      dms_test_run (500);
      self->n_taken = count_taken (self);
    }
  g_assert_cmpint (self->n_taken, <=, self->n_refusals);
  if (self->n_taken < self->n_refusals)
    g_test_message ("only %" G_GINT64_FORMAT " of %u answered in time", self->n_taken, self->n_refusals);
}

static void
test_some_of_many (Fixture *self, gconstpointer user_data)
{
  g_autofree char *expected = NULL;
  JsonObject *why;
  JsonObject *page;
  JsonArray *reasons;

  for (guint i = 0; i < N_MACHINES; i++)
    add_machine (self);
  self->id = dms_test_orchestrator_deploy (&self->base, job);
  await_reasons (self);
  g_assert_cmpuint (self->n_refusals, <=, MANY);
  why = dms_json_object_get_child (dms_message_get_object (self->why), "why");
  page = json_array_get_object_element (dms_json_object_get_list (why, "nodes"), 0);
  reasons = dms_json_object_get_list (page, "reasons");
  g_assert_cmpuint (json_array_get_length (reasons), ==, 1);
  g_assert_cmpint (
      json_object_get_int_member (json_array_get_object_element (reasons, 0), "count"), ==, self->n_taken);
  expected = g_strdup_printf ("relax RAM to 48 MiB for %" G_GINT64_FORMAT " hosts", self->n_taken);
  g_assert_nonnull (strstr (dms_json_object_get_text (why, "text"), expected));
  dms_test_run (1500);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/reasons/some-of-many", Fixture, NULL, set_up, test_some_of_many, tear_down);
  return g_test_run ();
}
