/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "fixture.h"

#include <string.h>

#include "common/dms-json-object.h"
#include "provider/dms-bid.h"

typedef struct
{
  Fixture *f;
  const char *reason;
  guint64 before;
} Refusal;

static guint64
count_refusals (Refusal *refusal)
{
  return dms_bidder_get_refusals (dms_provider_get_bidder (refusal->f->provider), refusal->reason);
}

static gboolean
is_refused (gpointer user_data)
{
  Refusal *refusal = user_data;

  return count_refusals (refusal) != refusal->before;
}

static void
assert_refused (Fixture *f, const char *json, const char *reason)
{
  Refusal refusal = { f, reason, 0 };

  refusal.before = count_refusals (&refusal);
  g_test_message ("to be refused for %s: %s", reason, json);
  fixture_request (f, json);
  dms_test_wait (is_refused, &refusal);
  g_assert_cmpuint (count_refusals (&refusal), ==, refusal.before + 1);
  g_assert_cmpuint (f->bids->len, ==, 0);
}

static void
test_bids (Fixture *f, gconstpointer data)
{
  g_autofree char *one = fixture_build_request ("n1", "");
  g_autofree char *far = fixture_build_request ("n1", ",\"Location\":{\"accept\":[{\"continent\":\"AN\"}]}");
  g_autofree char *engine = fixture_build_request ("n1", ",\"Executors\":[\"null\",\"none-such\"]");
  g_autofree char *privileged =
      fixture_build_request ("n1", ",\"GeneralRequirements\":{\"PrivilegedDocker\":true}");
  g_autofree char *large =
      fixture_build_request ("n1",
                             ",\"Resources\":{\"cpu\":{\"cores\":100000},\"ram\":{\"size\":1},"
                             "\"disk\":{\"size\":1}}");
  g_autofree char *more =
      fixture_build_request ("n1",
                             ",\"Resources\":{\"cpu\":{\"cores\":1},\"ram\":{\"size\":104857600},"
                             "\"disk\":{\"size\":1}}");
  g_autofree char *low_port = fixture_build_request ("n1", ",\"PublicPorts\":{\"Static\":[80]}");
  g_autofree char *excluded = g_strdup_printf ("{\"ID\":\"%s\",\"PeerExclusion\":[\"%s\"]}",
                                               FIXTURE_ENSEMBLE,
                                               dms_handle_get_host (dms_test_node_get_handle (f->node)));
  g_autofree char *three = fixture_build_request ("n1,n2,n3", "");
  g_autoptr (GError) error = NULL;
  DmsBid *bid;

  assert_refused (f, one, "node_not_onboarded_ignoring_bid_request");
  fixture_onboard (f);
  assert_refused (f, far, "bid_request_location_constraints_not_satisfied");
  assert_refused (f, engine, "executor_unavailable");
  assert_refused (f, privileged, "privileged_docker_not_allowed");
  assert_refused (f, large, "resource_not_better");
  assert_refused (f, more, "no_resource_availability_for_bid");
  assert_refused (f, low_port, "no_resource_availability_for_bid");
  assert_refused (f, excluded, "bid_request_excluded_peer");
  assert_refused (f, "{\"ID\":\"../../etc\"}", "bid_requirements_not_satisfied");
  assert_refused (f, "{\"ID\":7}", "bid_requirements_not_satisfied");
  dms_bidder_set_ready (dms_provider_get_bidder (f->provider), FALSE);
  assert_refused (f, one, "not_ready_for_bids");
  dms_bidder_set_ready (dms_provider_get_bidder (f->provider), TRUE);

  fixture_request (f, one);
  dms_test_wait (fixture_has_bid, f);
  bid = g_ptr_array_index (f->bids, 0);
  g_assert_true (dms_bid_verify (bid, &error));
  g_assert_no_error (error);
  g_assert_cmpstr (dms_bid_get_node_id (bid), ==, "n1");
  g_assert_cmpstr (dms_bid_get_ensemble_id (bid), ==, FIXTURE_ENSEMBLE);

  /* The same request again is not answered again. */
  fixture_request (f, one);
  dms_test_run (50);
  g_assert_cmpuint (f->bids->len, ==, 1);

  /* Two of three would fit at the same time, but a machine serves one node of an ensemble. */
  g_ptr_array_set_size (f->bids, 0);
  fixture_request (f, three);
  dms_test_run (100);
  g_assert_cmpuint (f->bids->len, ==, 1);
}

static void
test_bid_signature (void)
{
  g_autoptr (DmsKey) key = dms_key_generate ();
  g_autoptr (DmsLocation) location = dms_location_new ("EU", "DE", "Köln <&>", 3320, NULL);
  g_autoptr (DmsHandle) handle =
      dms_handle_new_for_key (key, dms_key_get_did (key), dms_key_get_peer_id (key), "root");
  g_autoptr (DmsBid) bid = dms_bid_new_signed (key, handle, FIXTURE_ENSEMBLE, "n1", location);
  g_autoptr (JsonNode) node = dms_bid_to_json (bid);
  g_autoptr (DmsBid) copy = NULL;
  g_autoptr (DmsBid) changed = NULL;
  g_autoptr (JsonNode) bad = dms_json_node_from_text ("{\"V1\":{\"EnsembleID\":\"x\"}}", -1, NULL);
  g_autoptr (GError) error = NULL;

  copy = dms_bid_new_from_json (node, &error);
  g_assert_no_error (error);
  g_assert_true (dms_bid_verify (copy, &error));
  g_assert_no_error (error);

  json_object_set_string_member (
      json_object_get_object_member (json_node_get_object (node), "V1"), "NodeID", "n2");
  changed = dms_bid_new_from_json (node, &error);
  g_assert_no_error (error);
  g_assert_false (dms_bid_verify (changed, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_BAD_SIGNATURE);
  g_clear_error (&error);
  g_assert_null (dms_bid_new_from_json (bad, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_INVALID_DATA);
}

static void
test_commit (Fixture *f, gconstpointer data)
{
  DmsHandle *node = dms_test_node_get_handle (f->node);
  g_autofree char *good = fixture_build_commit ("n1.main", "{}", 2);
  g_autofree char *second = fixture_build_commit ("n1.other", "{}", 0);
  g_autofree char *third = fixture_build_commit ("n1.third", "{}", 0);
  g_autofree char *port = fixture_build_commit ("n1.other", "{\"80\":80}", 0);
  g_autofree char *escape = fixture_build_commit ("../x", "{}", 0);
  g_autofree char *revert = g_strdup_printf (
      "{\"EnsembleID\":\"%s\",\"AllocsByName\":[\"%s_n1.main\",\"%s_n1.other\",\"%s_n1.never\"]}",
      FIXTURE_ENSEMBLE,
      FIXTURE_ENSEMBLE,
      FIXTURE_ENSEMBLE,
      FIXTURE_ENSEMBLE);
  g_autoptr (DmsMessage) message = NULL;
  JsonObject *reply;
  guint16 first;

  fixture_onboard (f);
  reply = fixture_ask (f, node, "/dms/deployment/commit", good, &message);
  g_assert_false (dms_json_object_get_flag (reply, "OK"));
  g_assert_nonnull (strstr (dms_json_object_get_text (reply, "Error"), "no bid requests for ensemble id"));

  fixture_get_bid (f);
  reply = fixture_ask (f, node, "/dms/deployment/commit", escape, &message);
  g_assert_nonnull (strstr (dms_json_object_get_text (reply, "Error"), "an allocation's ID must be"));
  reply = fixture_ask (f, node, "/dms/deployment/commit", good, &message);
  g_assert_cmpstr (dms_json_object_get_text (reply, "Error"), ==, "");
  g_assert_true (dms_json_object_get_flag (reply, "OK"));
  g_assert_cmpuint (json_array_get_length (dms_json_object_get_list (reply, "DynamicPorts")), ==, 2);
  first = (guint16) json_array_get_int_element (dms_json_object_get_list (reply, "DynamicPorts"), 0);

  /* Whose answer was lost may ask again, and is told the same. */
  reply = fixture_ask (f, node, "/dms/deployment/commit", good, &message);
  g_assert_true (dms_json_object_get_flag (reply, "OK"));
  g_assert_cmpint (
      json_array_get_int_element (dms_json_object_get_list (reply, "DynamicPorts"), 0), ==, first);

  /* A port that cannot be had takes no resources either. */
  reply = fixture_ask (f, node, "/dms/deployment/commit", port, &message);
  g_assert_false (dms_json_object_get_flag (reply, "OK"));
  reply = fixture_ask (f, node, "/dms/deployment/commit", second, &message);
  g_assert_true (dms_json_object_get_flag (reply, "OK"));
  reply = fixture_ask (f, node, "/dms/deployment/commit", third, &message);
  g_assert_false (dms_json_object_get_flag (reply, "OK"));
  g_assert_nonnull (
      strstr (dms_json_object_get_text (reply, "Error"), "resources not available: no free resources"));

  reply = fixture_ask (f, node, "/dms/deployment/revert", revert, &message);
  g_assert_true (dms_json_object_get_flag (reply, "OK"));
  g_assert_true (fixture_is_all_free (f));

  /* Commits of a daemon that died are given back. */
  fixture_get_bid (f);
  g_ptr_array_set_size (f->bids, 0);
  fixture_get_bid (f);
  reply = fixture_ask (f, node, "/dms/deployment/commit", good, &message);
  g_assert_true (dms_json_object_get_flag (reply, "OK"));
  g_assert_false (fixture_is_all_free (f));
  fixture_stop_provider (f);
  fixture_start_provider (f);
  g_assert_true (fixture_is_all_free (f));
}

static void
test_strangers (Fixture *f, gconstpointer data)
{
  g_autoptr (DmsHandle) allocation = fixture_allocate (f, "service", "{\"duration_ms\":-1}", "");
  DmsTestNode *stranger = dms_test_node_new ("test-provider");
  g_autofree char *revert = g_strdup_printf (
      "{\"EnsembleID\":\"%s\",\"AllocsByName\":[\"%s_n1.main\"]}", FIXTURE_ENSEMBLE, FIXTURE_ENSEMBLE);
  g_autofree char *logs = g_strdup_printf ("/dms/ensemble/%s/allocation/logs", FIXTURE_ENSEMBLE);
  g_autoptr (DmsMessage) message = NULL;
  g_autoptr (DmsMessage) none = NULL;
  g_autoptr (GError) error = NULL;

  fixture_start (f, allocation, NULL);
  dms_test_node_allow (f->node, stranger, "/dms/deployment");
  none = dms_test_invoke (
      dms_test_node_get_root (stranger), allocation, "/dms/allocation/stats", "{}", 0.2, &error);
  g_assert_error (error, DMS_ERROR, DMS_ERROR_TIMED_OUT);
  g_clear_error (&error);
  none = dms_test_invoke (dms_test_node_get_root (stranger),
                          dms_test_node_get_handle (f->node),
                          logs,
                          "{\"AllocName\":\"n1.main\",\"Stream\":\"stdout\"}",
                          0.2,
                          &error);
  g_assert_error (error, DMS_ERROR, DMS_ERROR_TIMED_OUT);
  g_clear_error (&error);

  /* May deploy here, but not end what is another's. */
  message = dms_test_invoke (dms_test_node_get_root (stranger),
                             dms_test_node_get_handle (f->node),
                             "/dms/deployment/revert",
                             revert,
                             5,
                             &error);
  g_assert_no_error (error);
  g_assert_cmpuint (fixture_count_listed (f), ==, 1);
  g_clear_pointer (&message, dms_message_unref);
  dms_test_node_free (stranger);
}

static void
test_reading_behaviours (Fixture *f, gconstpointer data)
{
  static const char *const PATHS[] = {
    "/dms/node/resources/onboarded", "/dms/node/resources/free", "/dms/node/resources/allocated",
    "/dms/node/hardware/spec",       "/dms/node/hardware/usage",
  };
  DmsHandle *node = dms_test_node_get_handle (f->node);
  g_autoptr (DmsMessage) message = NULL;
  JsonObject *reply;

  dms_test_node_allow (f->node, f->orchestrator, "/dms/node");
  reply = fixture_ask (f, node, "/dms/node/resources/free", "{}", &message);
  g_assert_false (dms_json_object_get_flag (reply, "OK"));
  g_assert_nonnull (strstr (dms_json_object_get_text (reply, "error"), "not onboarded"));
  reply = fixture_ask (f, node, "/dms/node/onboarding/status", "{}", &message);
  g_assert_false (dms_json_object_get_flag (reply, "onboarded"));
  reply = fixture_ask (
      f,
      node,
      "/dms/node/onboarding/onboard",
      "{\"NoGPU\":true,\"GPUs\":\"\",\"Config\":{\"onboarded_resources\":{\"cpu\":{\"cores\":100000},\"ram\":"
      "{\"size\":1},\"disk\":{\"size\":1}}}}",
      &message);
  g_assert_false (dms_json_object_get_flag (reply, "success"));
  g_assert_nonnull (strstr (dms_json_object_get_text (reply, "error"), "CPU is out of range"));
  reply = fixture_ask (f, node, "/dms/node/onboarding/onboard", "[]", &message);
  g_assert_false (dms_json_object_get_flag (reply, "success"));

  fixture_onboard (f);
  for (gsize i = 0; i < G_N_ELEMENTS (PATHS); i++)
    {
      reply = fixture_ask (f, node, PATHS[i], "{}", &message);
      g_assert_true (dms_json_object_get_flag (reply, "OK"));
      g_assert_nonnull (dms_json_object_get_child (dms_json_object_get_child (reply, "Resources"), "cpu"));
    }
  reply = fixture_ask (f, node, "/dms/node/onboarding/offboard", "{}", &message);
  g_assert_true (dms_json_object_get_flag (reply, "success"));
  reply = fixture_ask (f, node, "/dms/node/onboarding/offboard", "{}", &message);
  g_assert_cmpstr (dms_json_object_get_text (reply, "error"), ==, "machine is not onboarded");
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
  g_test_add_func ("/provider/bid-signature", test_bid_signature);
  add ("/provider/bids", test_bids);
  add ("/provider/commit", test_commit);
  add ("/provider/strangers", test_strangers);
  add ("/provider/reading-behaviours", test_reading_behaviours);
  return g_test_run ();
}
