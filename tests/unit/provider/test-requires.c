/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "fixture.h"

#include "common/dms-json-object.h"
#include "provider/dms-bid-refusal.h"
#include "provider/dms-bid.h"

#include <string.h>

/* What a machine answers to one who requires more than resources. */

#define MODULE "/usr/lib/x86_64-linux-gnu/pkgconfig/glib-2.0.pc"

/* Everything that came back, in its order. */
static GPtrArray *answers;

static void
on_answer (DmsActor *actor, DmsMessage *message, gpointer user_data)
{
  g_ptr_array_add (answers, json_node_copy (dms_message_get_payload (message)));
}

static void
configure (Fixture *f, const char *key, const char *value)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (dms_config_set_override (f->config, key, value, &error));
  g_assert_no_error (error);
}

static void
set_up (Fixture *f, gconstpointer data)
{
  static const char *const said[][2] = {
    { "job.offer.price", "2 NTX" },
    { "job.offer.speed", "100" },
    { "job.offer.watts", "400" },
    { "job.offer.time", "2h" },
    { "job.offer.libraries", "cuda=12.2.1 mpi=4" },
    { "job.offer.kyc", "company=12345 person" },
  };

  answers = g_ptr_array_new_with_free_func ((GDestroyNotify) json_node_unref);
  fixture_set_up (f, data);
  fixture_stop_provider (f);
  for (guint i = 0; i < G_N_ELEMENTS (said); i++)
    configure (f, said[i][0], said[i][1]);
  fixture_start_provider (f);
  fixture_onboard (f);
  dms_actor_remove_behaviour (dms_test_node_get_root (f->orchestrator), "/dms/deployment/bid");
  dms_actor_add_behaviour (dms_test_node_get_root (f->orchestrator),
                           "/dms/deployment/bid",
                           DMS_BEHAVIOUR_REQUIRE,
                           on_answer,
                           NULL,
                           NULL);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  fixture_tear_down (f, data);
  g_clear_pointer (&answers, g_ptr_array_unref);
}

static gboolean
has_answer (gpointer user_data)
{
  return answers->len > 0;
}

static void
ask (Fixture *f, const char *required, gboolean wants_reasons)
{
  static gint64 nonce = 100;
  g_autofree char *extra = g_strdup_printf (",\"Requires\":%s", required);
  g_autofree char *text = fixture_build_request ("n1", extra);
  g_autoptr (JsonNode) payload = dms_json_node_from_text (text, -1, NULL);
  g_autoptr (GError) error = NULL;

  g_test_message ("%s", required);
  g_assert_nonnull (payload);
  json_object_set_int_member (json_node_get_object (payload), "Nonce", nonce++);
  if (wants_reasons)
    dms_bid_refusal_want (json_node_get_object (payload));
  g_ptr_array_set_size (answers, 0);
  g_assert_true (dms_actor_send (dms_test_node_get_root (f->orchestrator),
                                 dms_test_node_get_handle (f->node),
                                 "/dms/deployment/request",
                                 payload,
                                 dms_test_expiry_in (30),
                                 "/dms/deployment/bid",
                                 &error));
  g_assert_no_error (error);
}

/* (transfer full): the bid that comes. */
static DmsBid *
get_bid (Fixture *f, const char *required)
{
  g_autoptr (GError) error = NULL;
  DmsBid *bid;

  ask (f, required, TRUE);
  dms_test_wait (has_answer, NULL);
  g_assert_false (dms_bid_refusal_is_one (answers->pdata[0]));
  bid = dms_bid_new_from_json (answers->pdata[0], &error);
  g_assert_no_error (error);
  g_assert_true (dms_bid_verify (bid, &error));
  return bid;
}

static void
assert_reason (Fixture *f,
               const char *required,
               DmsBidRefusalCode code,
               const char *field,
               double offered,
               const char *version)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsBidRefusal) refusal = NULL;
  const DmsBidRefusalReason *reason;

  ask (f, required, TRUE);
  dms_test_wait (has_answer, NULL);
  refusal = dms_bid_refusal_new_from_json (answers->pdata[0], &error);
  g_assert_no_error (error);
  g_assert_cmpuint (dms_bid_refusal_get_n_reasons (refusal), ==, 1);
  reason = dms_bid_refusal_get_reason (refusal, 0);
  g_assert_cmpstr (dms_bid_refusal_code_to_string (reason->code), ==, dms_bid_refusal_code_to_string (code));
  g_assert_cmpstr (reason->field, ==, field);
  g_assert_cmpfloat (reason->offered, ==, offered);
  g_assert_cmpstr (reason->version, ==, version);
}

static void
test_reasons (Fixture *f, gconstpointer data)
{
  assert_reason (f,
                 "{\"libraries\":[{\"name\":\"mpi\"},{\"name\":\"cuda\",\"constraint\":\">= 13\"}]}",
                 DMS_BID_REFUSAL_LIBRARY,
                 "libraries[1]",
                 0,
                 /* Enough to see that it does not do. */
                 "12.2");
  assert_reason (f,
                 "{\"libraries\":[{\"name\":\"cuda\",\"constraint\":\"< 12.2.1\"}]}",
                 DMS_BID_REFUSAL_LIBRARY,
                 "libraries[0]",
                 0,
                 "12.2.1");
  assert_reason (f,
                 "{\"libraries\":[{\"name\":\"no-such-library-anywhere\"}]}",
                 DMS_BID_REFUSAL_LIBRARY,
                 "libraries[0]",
                 0,
                 NULL);
  assert_reason (f,
                 "{\"price\":[{\"currency\":\"EUR\",\"currency_per_hour\":9},{\"currency\":\"NTX\","
                 "\"currency_per_hour\":1.5}]}",
                 DMS_BID_REFUSAL_PRICE,
                 "price[1].currency_per_hour",
                 2,
                 NULL);
  assert_reason (f,
                 "{\"price\":[{\"currency\":\"NTX\",\"total_per_job\":3}],\"time\":{\"units\":\"hours\","
                 "\"max_time\":2}}",
                 DMS_BID_REFUSAL_PRICE,
                 "price[0].total_per_job",
                 4,
                 NULL);
  assert_reason (f,
                 "{\"price\":[{\"currency\":\"EUR\",\"currency_per_hour\":9}]}",
                 DMS_BID_REFUSAL_PRICE,
                 "price",
                 0,
                 NULL);
  assert_reason (
      f, "{\"time\":{\"units\":\"days\",\"max_time\":1}}", DMS_BID_REFUSAL_TIME, "time.max_time", 7200, NULL);
  assert_reason (f, "{\"speed\":101}", DMS_BID_REFUSAL_SPEED, "speed", 100, NULL);
  assert_reason (f, "{\"power\":399}", DMS_BID_REFUSAL_POWER, "power", 400, NULL);
  assert_reason (
      f, "{\"kyc\":[{\"type\":\"company\",\"data\":\"2\"}]}", DMS_BID_REFUSAL_KYC, "kyc[0]", 0, NULL);
  assert_reason (f, "{\"speed\":\"fast\"}", DMS_BID_REFUSAL_BAD_REQUEST, "requires", 0, NULL);
}

/* It says with what it meets what is asked for, and nothing else. */
static void
test_bids (Fixture *f, gconstpointer data)
{
  g_autoptr (DmsBid) all = get_bid (
      f,
      "{\"libraries\":[{\"name\":\"CUDA\",\"constraint\":\"~> 12\"}],\"price\":[{\"currency\":\"ntx\","
      "\"currency_per_hour\":2,\"total_per_job\":4}],\"time\":{\"units\":\"hours\",\"max_time\":2},"
      "\"kyc\":[{\"type\":\"company\"}],\"speed\":100,\"power\":400}");
  g_autoptr (JsonNode) said = dms_bid_offer_to_json (dms_bid_get_offer (all));
  g_autofree char *text = dms_json_node_to_text (said);
  g_autoptr (DmsBid) none = NULL;
  g_autoptr (DmsBid) known = NULL;
  g_autofree char *little = NULL;
  g_autofree char *data_text = NULL;

  g_assert_cmpstr (
      text,
      ==,
      "{\"Price\":2.0,\"Currency\":\"NTX\",\"Speed\":100.0,\"Watts\":400.0,\"Seconds\":7200.0,"
      "\"Libraries\":[{\"name\":\"CUDA\",\"version\":\"12.2.1\"}],\"Kyc\":[{\"type\":\"company\"}]}");
  none = get_bid (f, "{\"speed\":1,\"unheard-of\":7}");
  json_node_unref (g_steal_pointer (&said));
  said = dms_bid_offer_to_json (dms_bid_get_offer (none));
  little = dms_json_node_to_text (said);
  g_assert_null (strstr (little, "Libraries"));
  g_assert_null (strstr (little, "Kyc"));
  known = get_bid (f, "{\"kyc\":[{\"type\":\"company\",\"data\":\"12345\"}]}");
  json_node_unref (g_steal_pointer (&said));
  said = dms_bid_offer_to_json (dms_bid_get_offer (known));
  data_text = dms_json_node_to_text (said);
  g_assert_nonnull (strstr (data_text, "\"data\":\"12345\""));
}

/* Files of the system are looked at, in another thread. */
static void
test_looks (Fixture *f, gconstpointer data)
{
  g_autoptr (DmsBid) bid = NULL;
  g_autoptr (DmsProfile) said = NULL;

  if (!g_file_test (MODULE, G_FILE_TEST_EXISTS))
    {
      g_test_skip ("no file " MODULE);
      return;
    }
  bid = get_bid (f, "{\"libraries\":[{\"name\":\"glib-2.0\",\"constraint\":\">= 2.0, < 99\"}]}");
  said = dms_bid_offer_dup_profile (dms_bid_get_offer (bid));
  g_assert_cmpuint (dms_profile_get_libraries (said)->len, ==, 1);
  ask (f, "{\"libraries\":[{\"name\":\"glib-2.0\",\"constraint\":\">= 99\"}]}", TRUE);
  dms_test_wait (has_answer, NULL);
  g_assert_true (dms_bid_refusal_is_one (answers->pdata[0]));
}

/* As ever, nobody hears of it who did not ask. */
static void
test_silent (Fixture *f, gconstpointer data)
{
  ask (f, "{\"speed\":101}", FALSE);
  dms_test_run (250);
  g_assert_cmpuint (answers->len, ==, 0);
}

/* The daemon ends while files are looked at. */
static void
test_ends (Fixture *f, gconstpointer data)
{
  ask (f, "{\"libraries\":[{\"name\":\"no-such-library-anywhere\"}]}", TRUE);
  dms_test_run (5);
  fixture_stop_provider (f);
  dms_test_run (250);
  fixture_start_provider (f);
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
  add ("/requires/reasons", test_reasons);
  add ("/requires/bids", test_bids);
  add ("/requires/looks", test_looks);
  add ("/requires/silent", test_silent);
  add ("/requires/ends", test_ends);
  return g_test_run ();
}
