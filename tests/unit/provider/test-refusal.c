/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "fixture.h"

#include "common/dms-json-object.h"
#include "provider/dms-bid-refusal.h"
#include "provider/dms-bid-sample.h"

#include <string.h>

#define TOPIC "/nunet/deployment"

/* What came back to one that asks. */
static GPtrArray *refusals;

static void
on_answer (DmsActor *actor, DmsMessage *message, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  DmsBidRefusal *refusal;

  if (!dms_bid_refusal_is_one (dms_message_get_payload (message)))
    return;
  refusal = dms_bid_refusal_new_from_json (dms_message_get_payload (message), &error);
  g_assert_no_error (error);
  g_ptr_array_add (refusals, refusal);
}

static void
listen (DmsTestNode *asker)
{
  dms_actor_add_behaviour (
      dms_test_node_get_root (asker), "/dms/deployment/bid", DMS_BEHAVIOUR_REQUIRE, on_answer, NULL, NULL);
}

static void
set_up (Fixture *f, gconstpointer data)
{
  refusals = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_bid_refusal_unref);
  fixture_set_up (f, data);
  listen (f->orchestrator);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  fixture_tear_down (f, data);
  g_clear_pointer (&refusals, g_ptr_array_unref);
}

/* wanted: whether it asks for reasons */
static JsonNode *
make_request (const char *extra, gboolean wanted)
{
  g_autofree char *text = fixture_build_request ("n1", extra);
  JsonNode *payload = dms_json_node_from_text (text, -1, NULL);

  g_assert_nonnull (payload);
  if (wanted)
    dms_bid_refusal_want (json_node_get_object (payload));
  return payload;
}

static void
ask (Fixture *f, DmsTestNode *asker, JsonNode *payload)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (dms_actor_send (dms_test_node_get_root (asker),
                                 dms_test_node_get_handle (f->node),
                                 "/dms/deployment/request",
                                 payload,
                                 dms_test_expiry_in (30),
                                 "/dms/deployment/bid",
                                 &error));
  g_assert_no_error (error);
}

static void
publish (DmsTestNode *asker, JsonNode *payload)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (dms_actor_broadcast (dms_test_node_get_root (asker),
                                      TOPIC,
                                      "/dms/deployment/request",
                                      payload,
                                      dms_test_expiry_in (30),
                                      "/dms/deployment/bid",
                                      &error));
  g_assert_no_error (error);
}

static guint
count (void)
{
  guint n;

  dms_test_run (250);
  n = refusals->len;
  g_ptr_array_set_size (refusals, 0);
  return n;
}

static gboolean
has_one (gpointer user_data)
{
  return refusals->len > 0;
}

/* The one reason that comes. */
static void
assert_reason (Fixture *f, const char *extra, DmsBidRefusalCode code, double required, double offered)
{
  g_autoptr (JsonNode) request = make_request (extra, TRUE);
  const DmsBidRefusalReason *reason;

  g_test_message ("%s", extra);
  g_ptr_array_set_size (refusals, 0);
  ask (f, f->orchestrator, request);
  dms_test_wait (has_one, NULL);
  g_assert_cmpuint (dms_bid_refusal_get_n_reasons (refusals->pdata[0]), ==, 1);
  reason = dms_bid_refusal_get_reason (refusals->pdata[0], 0);
  g_assert_cmpstr (dms_bid_refusal_code_to_string (reason->code), ==, dms_bid_refusal_code_to_string (code));
  g_assert_cmpfloat (reason->required, ==, required);
  g_assert_cmpfloat (reason->offered, ==, offered);
}

static void
test_silent_unless_asked (Fixture *f, gconstpointer data)
{
  g_autoptr (JsonNode) request = make_request (",\"Executors\":[\"none-such\"]", FALSE);

  fixture_onboard (f);
  ask (f, f->orchestrator, request);
  g_assert_cmpuint (count (), ==, 0);
}

static void
test_reasons (Fixture *f, gconstpointer data)
{
  const double mib = 1024 * 1024;

  assert_reason (f, "", DMS_BID_REFUSAL_NOT_ONBOARDED, 0, 0);
  fixture_onboard (f);
  assert_reason (f, ",\"Location\":{\"accept\":[{\"continent\":\"AN\"}]}", DMS_BID_REFUSAL_LOCATION, 0, 0);
  assert_reason (f, ",\"Executors\":[\"none-such\"]", DMS_BID_REFUSAL_EXECUTOR, 0, 0);
  assert_reason (f, ",\"GeneralRequirements\":{\"PrivilegedDocker\":true}", DMS_BID_REFUSAL_PRIVILEGED, 0, 0);
  assert_reason (f, ",\"PublicPorts\":{\"Static\":[80]}", DMS_BID_REFUSAL_PORTS, 0, 0);
  /* It lends a core and 64 MiB of each, whatever the machine has. */
  assert_reason (f,
                 ",\"Resources\":{\"cpu\":{\"cores\":3},\"ram\":{\"size\":1},\"disk\":{\"size\":1}}",
                 DMS_BID_REFUSAL_CPU,
                 3,
                 1);
  assert_reason (f,
                 ",\"Resources\":{\"cpu\":{\"cores\":1},\"ram\":{\"size\":104857600},\"disk\":{\"size\":1}}",
                 DMS_BID_REFUSAL_RAM,
                 100 * mib,
                 64 * mib);
  assert_reason (f,
                 ",\"Resources\":{\"cpu\":{\"cores\":1},\"ram\":{\"size\":1},\"disk\":{\"size\":104857600}}",
                 DMS_BID_REFUSAL_DISK,
                 100 * mib,
                 64 * mib);
  assert_reason (f,
                 ",\"Resources\":{\"cpu\":{\"cores\":1},\"ram\":{\"size\":1},\"disk\":{\"size\":1},"
                 "\"gpus\":[{\"vendor\":\"NVIDIA\",\"vram\":8}]}",
                 DMS_BID_REFUSAL_GPU,
                 0,
                 0);
}

/* All that is lacking is told, not just what was come upon first. */
static void
test_several (Fixture *f, gconstpointer data)
{
  g_autoptr (JsonNode) request =
      make_request (",\"Executors\":[\"none-such\",\"null\"],\"Resources\":{\"cpu\":{\"cores\":2},\"ram\":{"
                    "\"size\":104857600},\"disk\":{\"size\":1}}",
                    TRUE);
  DmsBidRefusal *refusal;

  fixture_onboard (f);
  ask (f, f->orchestrator, request);
  dms_test_wait (has_one, NULL);
  refusal = refusals->pdata[0];
  g_assert_cmpuint (dms_bid_refusal_get_n_reasons (refusal), ==, 3);
  g_assert_cmpint (dms_bid_refusal_get_reason (refusal, 0)->code, ==, DMS_BID_REFUSAL_EXECUTOR);
  g_assert_cmpint (dms_bid_refusal_get_reason (refusal, 1)->code, ==, DMS_BID_REFUSAL_CPU);
  g_assert_cmpint (dms_bid_refusal_get_reason (refusal, 2)->code, ==, DMS_BID_REFUSAL_RAM);
}

/* How much of it others have is not told. */
static void
test_does_not_tell_of_others (Fixture *f, gconstpointer data)
{
  g_autoptr (DmsCpu) cpu = dms_cpu_new (0.7, 0);
  g_autoptr (DmsRam) ram = dms_ram_new (40 << 20, 0, NULL);
  g_autoptr (DmsDisk) disk = dms_disk_new (1);
  g_autoptr (DmsResources) taken = dms_resources_new (cpu, ram, disk, NULL);
  g_autoptr (GError) error = NULL;

  fixture_onboard (f);
  g_assert_true (dms_ledger_commit (dms_provider_get_ledger (f->provider),
                                    "somebody",
                                    taken,
                                    g_get_real_time () + 60 * G_USEC_PER_SEC,
                                    &error));
  g_assert_no_error (error);
  assert_reason (f,
                 ",\"Resources\":{\"cpu\":{\"cores\":0.5},\"ram\":{\"size\":41943040},\"disk\":{\"size\":1}}",
                 DMS_BID_REFUSAL_BUSY,
                 0,
                 0);
}

/* A thousand that hear a broadcast do not all answer it. */
static void
test_sampled (Fixture *f, gconstpointer data)
{
  g_autoptr (JsonNode) request = make_request (",\"Executors\":[\"none-such\"]", TRUE);
  JsonObject *object = json_node_get_object (request);
  DmsBidSample nobody = { 0, 20 };
  DmsBidSample everybody = { DMS_BID_SAMPLE_ALL, 20 };

  fixture_onboard (f);
  dms_test_node_allow (f->orchestrator, f->node, "/dms/deployment");
  dms_test_node_allow_broadcast (f->node, f->orchestrator, "/dms/deployment", TOPIC);
  publish (f->orchestrator, request);
  g_assert_cmpuint (count (), ==, 0);
  json_object_set_int_member (object, "Nonce", 1);
  dms_bid_sample_write (&nobody, object);
  publish (f->orchestrator, request);
  g_assert_cmpuint (count (), ==, 0);
  json_object_set_int_member (object, "Nonce", 2);
  dms_bid_sample_write (&everybody, object);
  publish (f->orchestrator, request);
  g_assert_cmpuint (count (), ==, 1);
  /* And nobody twice. */
  dms_bid_sample_remove (object);
  ask (f, f->orchestrator, request);
  g_assert_cmpuint (count (), ==, 0);
  /* Neither do those that lend nothing. */
  g_assert_true (dms_ledger_set_onboarded (dms_provider_get_ledger (f->provider), NULL, NULL));
  json_object_set_int_member (object, "Nonce", 3);
  dms_bid_sample_write (&nobody, object);
  publish (f->orchestrator, request);
  g_assert_cmpuint (count (), ==, 0);
  json_object_set_int_member (object, "Nonce", 4);
  dms_bid_sample_write (&everybody, object);
  publish (f->orchestrator, request);
  g_assert_cmpuint (count (), ==, 1);
}

static void
test_limited (Fixture *f, gconstpointer data)
{
  guint n;

  fixture_onboard (f);
  for (guint i = 0; i < 60; i++)
    {
      g_autoptr (JsonNode) request = make_request (",\"Executors\":[\"none-such\"]", TRUE);

      ask (f, f->orchestrator, request);
    }
  n = count ();
  g_assert_cmpuint (n, >=, 10);
  /* Twenty at once, and two for each second that this takes. */
  g_assert_cmpuint (n, <=, 20 + 2 * 10);
}

static void
configure (Fixture *f, const char *value)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (dms_config_set_override (f->config, "job.refusals", value, &error));
  g_assert_no_error (error);
}

static void
test_off (Fixture *f, gconstpointer data)
{
  g_autoptr (JsonNode) request = make_request (",\"Executors\":[\"none-such\"]", TRUE);

  fixture_onboard (f);
  configure (f, "off");
  ask (f, f->orchestrator, request);
  g_assert_cmpuint (count (), ==, 0);
}

/* Who may not deploy here learns nothing, or just that. */
static void
test_strangers (Fixture *f, gconstpointer data)
{
  DmsTestNode *stranger = dms_test_node_new ("test-provider");
  g_autoptr (JsonNode) first = make_request (",\"Executors\":[\"none-such\"]", TRUE);
  g_autoptr (JsonNode) second = make_request (",\"Executors\":[\"none-such\"]", TRUE);
  g_autoptr (JsonNode) quiet = make_request (",\"Executors\":[\"none-such\"]", FALSE);
  const DmsBidRefusalReason *reason;

  listen (stranger);
  dms_test_node_allow (stranger, f->node, "/dms/deployment");
  fixture_onboard (f);
  ask (f, stranger, first);
  g_assert_cmpuint (count (), ==, 0);
  configure (f, "all");
  ask (f, stranger, second);
  dms_test_wait (has_one, NULL);
  g_assert_cmpuint (dms_bid_refusal_get_n_reasons (refusals->pdata[0]), ==, 1);
  reason = dms_bid_refusal_get_reason (refusals->pdata[0], 0);
  g_assert_cmpint (reason->code, ==, DMS_BID_REFUSAL_NOT_GRANTED);
  g_assert_cmpstr (reason->node, ==, "");
  g_assert_cmpuint (count (), ==, 1);
  ask (f, stranger, quiet);
  g_assert_cmpuint (count (), ==, 0);
  dms_test_node_free (stranger);
}

/* The value */

static void
test_coarse (void)
{
  static const double amounts[][2] = { { 0, 0 },    { 0.0001, 0 }, { -5, 0 },     { 0.5, 0.5 }, { 1, 1 },
                                       { 1.49, 1 }, { 1.5, 1.5 },  { 1.99, 1.5 }, { 2, 2 },     { 2.9, 2 },
                                       { 3, 3 },    { 5, 4 },      { 6, 6 },      { 7.9, 6 },   { 8, 8 },
                                       { 100, 96 }, { 1e300, 0 } };

  for (guint i = 0; i + 1 < G_N_ELEMENTS (amounts); i++)
    g_assert_cmpfloat (dms_bid_refusal_code_coarsen (amounts[i][0]), ==, amounts[i][1]);
  /* Never more than there is, and never less than two thirds of it. */
  for (double amount = 0.01; amount < 1e15; amount *= 1.37)
    {
      g_assert_cmpfloat (dms_bid_refusal_code_coarsen (amount), <=, amount);
      g_assert_cmpfloat (dms_bid_refusal_code_coarsen (amount), >, amount * 0.66);
    }
}

static void
test_hostile (void)
{
  static const char *const bad[] = {
    "{\"Refusal\":7}",
    "{\"Refusal\":{}}",
    "{\"Refusal\":{\"EnsembleID\":\"x\"}}",
    "{\"Refusal\":{\"EnsembleID\":\"x\",\"Reasons\":[]}}",
    "{\"Refusal\":{\"EnsembleID\":\"x\",\"Reasons\":[7,null,{\"NodeID\":\"n\"}]}}",
    "{\"Refusal\":{\"EnsembleID\":\"x\",\"Reasons\":[{\"NodeID\":\"n\",\"Code\":\"none-such\"}]}}",
    "{\"Refusal\":{\"EnsembleID\":7,\"Reasons\":[{\"NodeID\":\"n\",\"Code\":\"ram\"}]}}",
  };
  g_autoptr (GString) many = g_string_new ("{\"Refusal\":{\"EnsembleID\":\"x\",\"Nonce\":-4,\"Reasons\":[");
  g_autoptr (JsonNode) node = NULL;
  g_autoptr (DmsBidRefusal) refusal = NULL;
  g_autoptr (JsonNode) again = NULL;
  g_autoptr (DmsBidRefusal) copy = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (JsonNode) payload = dms_json_node_from_text (bad[i], -1, NULL);
      g_autoptr (GError) error = NULL;

      g_test_message ("%s", bad[i]);
      g_assert_true (dms_bid_refusal_is_one (payload));
      g_assert_null (dms_bid_refusal_new_from_json (payload, &error));
      g_assert_error (error, DMS_ERROR, DMS_ERROR_INVALID_DATA);
    }
  for (guint i = 0; i < 1000; i++)
    g_string_append (
        many, "{\"NodeID\":\"n\",\"Code\":\"ram\",\"Required\":1e300,\"Offered\":-1,\"Field\":\"x\"},");
  g_string_append (many, "7]}}");
  node = dms_json_node_from_text (many->str, -1, NULL);
  refusal = dms_bid_refusal_new_from_json (node, NULL);
  g_assert_cmpuint (dms_bid_refusal_get_n_reasons (refusal), ==, DMS_BID_REFUSAL_MAX_REASONS);
  g_assert_cmpfloat (dms_bid_refusal_get_reason (refusal, 0)->required, ==, 0);
  g_assert_cmpint (dms_bid_refusal_get_nonce (refusal), ==, -1);
  again = dms_bid_refusal_to_json (refusal);
  copy = dms_bid_refusal_new_from_json (again, NULL);
  g_assert_cmpuint (dms_bid_refusal_get_n_reasons (copy), ==, DMS_BID_REFUSAL_MAX_REASONS);
}

static void
add (const char *path, void (*test) (Fixture *f, gconstpointer data))
{
  g_test_add (path, Fixture, NULL, set_up, test, tear_down);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/refusal/coarse", test_coarse);
  g_test_add_func ("/refusal/hostile", test_hostile);
  add ("/refusal/silent-unless-asked", test_silent_unless_asked);
  add ("/refusal/reasons", test_reasons);
  add ("/refusal/several", test_several);
  add ("/refusal/does-not-tell-of-others", test_does_not_tell_of_others);
  add ("/refusal/sampled", test_sampled);
  add ("/refusal/limited", test_limited);
  add ("/refusal/off", test_off);
  add ("/refusal/strangers", test_strangers);
  return g_test_run ();
}
