/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "fixture.h"

#include "common/dms-json-object.h"
#include "provider/dms-bid-sample.h"

#define TOPIC "/nunet/deployment"

static guint
count_chosen (guint per_million, gint64 nonce, guint n)
{
  DmsBidSample sample = { .per_million = per_million };
  guint chosen = 0;

  for (guint i = 0; i < n; i++)
    {
      g_autofree char *peer = g_strdup_printf ("12D3KooW%u", i);

      chosen += dms_bid_sample_has (&sample, FIXTURE_ENSEMBLE, nonce, peer);
    }
  return chosen;
}

/* As many as it says, within six standard deviations, and others each time. The hash decides, so it is the
 * same in every run. */
static void
test_statistics (void)
{
  DmsBidSample tenth = { .per_million = 100000 };
  guint n_both = 0;

  g_assert_cmpuint (count_chosen (0, 1, 1000), ==, 0);
  g_assert_cmpuint (count_chosen (DMS_BID_SAMPLE_ALL, 1, 1000), ==, 1000);
  for (gint64 nonce = 0; nonce < 20; nonce++)
    {
      g_assert_cmpuint (count_chosen (100000, nonce, 10000), >, 1000 - 180);
      g_assert_cmpuint (count_chosen (100000, nonce, 10000), <, 1000 + 180);
      g_assert_cmpuint (count_chosen (32001, nonce, 1000), <, 32 + 34);
    }
  for (guint i = 0; i < 10000; i++)
    {
      g_autofree char *peer = g_strdup_printf ("12D3KooW%u", i);

      n_both += dms_bid_sample_has (&tenth, FIXTURE_ENSEMBLE, 1, peer) &&
                dms_bid_sample_has (&tenth, FIXTURE_ENSEMBLE, 2, peer);
    }
  g_assert_cmpuint (n_both, >, 40);
  g_assert_cmpuint (n_both, <, 160);
}

static void
assert_read (const char *text, gint64 per_million, guint spread_ms)
{
  g_autoptr (JsonNode) node = dms_json_node_from_text (text, -1, NULL);
  DmsBidSample sample = { 0 };
  gboolean is_read = dms_bid_sample_read (&sample, json_node_get_object (node));

  g_assert_cmpint (is_read ? (gint64) sample.per_million : -1, ==, per_million);
  if (is_read)
    g_assert_cmpuint (sample.spread_ms, ==, spread_ms);
}

static void
test_reading (void)
{
  g_autoptr (JsonObject) object = json_object_new ();
  DmsBidSample sample = { .per_million = 5, .spread_ms = 60 };
  DmsBidSample copy = { 0 };

  assert_read ("{}", -1, 0);
  assert_read ("{\"Sample\":7}", -1, 0);
  assert_read ("{\"Sample\":{}}", -1, 0);
  assert_read ("{\"Sample\":{\"PerMillion\":-1}}", -1, 0);
  assert_read ("{\"Sample\":{\"PerMillion\":1000001}}", -1, 0);
  assert_read ("{\"Sample\":{\"PerMillion\":1e300}}", -1, 0);
  assert_read ("{\"Sample\":{\"PerMillion\":\"9\"}}", -1, 0);
  assert_read ("{\"Sample\":{\"PerMillion\":9}}", 9, 0);
  /* Nobody is made to wait, or to keep the request, for long. */
  assert_read ("{\"Sample\":{\"PerMillion\":9,\"SpreadMs\":2000000000}}", 9, DMS_BID_SAMPLE_MAX_SPREAD_MS);
  assert_read ("{\"Sample\":{\"PerMillion\":9,\"SpreadMs\":-5}}", 9, 0);
  dms_bid_sample_write (&sample, object);
  g_assert_true (dms_bid_sample_read (&copy, object));
  g_assert_cmpuint (copy.per_million, ==, 5);
  g_assert_cmpuint (copy.spread_ms, ==, 60);
  dms_bid_sample_remove (object);
  dms_bid_sample_remove (object);
  g_assert_cmpuint (json_object_get_size (object), ==, 0);
}

static void
publish (Fixture *f, JsonNode *payload)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (dms_actor_broadcast (dms_test_node_get_root (f->orchestrator),
                                      TOPIC,
                                      "/dms/deployment/request",
                                      payload,
                                      dms_test_expiry_in (30),
                                      "/dms/deployment/bid",
                                      &error));
  g_assert_no_error (error);
}

static void
send (Fixture *f, JsonNode *payload)
{
  g_autofree char *text = dms_json_node_to_text (payload);

  fixture_request (f, text);
}

static JsonNode *
make_request (const char *nodes, gint64 nonce, gint64 per_million)
{
  g_autofree char *text = fixture_build_request (nodes, "");
  JsonNode *payload = dms_json_node_from_text (text, -1, NULL);
  DmsBidSample sample = { .per_million = (guint) per_million, .spread_ms = 20 };

  json_object_set_int_member (json_node_get_object (payload), "Nonce", nonce);
  if (per_million >= 0)
    dms_bid_sample_write (&sample, json_node_get_object (payload));
  return payload;
}

static void
allow_topic (Fixture *f)
{
  fixture_onboard (f);
  dms_test_node_allow (f->orchestrator, f->node, "/dms/deployment");
  dms_test_node_allow_broadcast (f->node, f->orchestrator, "/dms/deployment", TOPIC);
}

static guint
count_bids (Fixture *f)
{
  guint n;

  dms_test_run (250);
  n = f->bids->len;
  g_ptr_array_set_size (f->bids, 0);
  return n;
}

/* A request as nodes of the field write it is answered at once, and so is one to everybody. */
static void
test_everybody (Fixture *f, gconstpointer data)
{
  g_autoptr (JsonNode) field = make_request ("n1", 1, -1);
  g_autoptr (JsonNode) all = make_request ("n1", 2, DMS_BID_SAMPLE_ALL);

  allow_topic (f);
  publish (f, field);
  g_assert_cmpuint (count_bids (f), ==, 1);
  publish (f, all);
  g_assert_cmpuint (count_bids (f), ==, 1);
}

/* Whoever is not asked is silent, unless he is asked by himself as well; nobody answers twice. */
static void
test_nobody (Fixture *f, gconstpointer data)
{
  DmsBidder *bidder = dms_provider_get_bidder (f->provider);
  g_autoptr (JsonNode) nobody = make_request ("n1", 3, 0);

  allow_topic (f);
  publish (f, nobody);
  g_assert_cmpuint (count_bids (f), ==, 0);
  g_assert_cmpuint (dms_bidder_get_refusals (bidder, "bid_request_not_in_sample"), ==, 1);
  send (f, nobody);
  g_assert_cmpuint (count_bids (f), ==, 1);
  send (f, nobody);
  g_assert_cmpuint (count_bids (f), ==, 0);
}

/* By the topic and by itself, in either order and with an answer that is still to come. */
static void
test_once (Fixture *f, gconstpointer data)
{
  g_autoptr (JsonNode) first = make_request ("n1", 4, DMS_BID_SAMPLE_ALL);
  g_autoptr (JsonNode) second = make_request ("n1", 5, -1);

  allow_topic (f);
  publish (f, first);
  send (f, first);
  g_assert_cmpuint (count_bids (f), ==, 1);
  publish (f, second);
  send (f, second);
  publish (f, second);
  g_assert_cmpuint (count_bids (f), ==, 1);
}

/* Of several nodes of an ensemble it offers to run one, also when the request comes once more. */
static void
test_offers_one_of_many (Fixture *f, gconstpointer data)
{
  g_autoptr (JsonNode) three = make_request ("n1,n2,n3", 6, -1);
  g_autoptr (JsonNode) other = make_request ("n1,n2,n3", 7, -1);

  allow_topic (f);
  send (f, three);
  g_assert_cmpuint (count_bids (f), ==, 1);
  send (f, three);
  publish (f, three);
  g_assert_cmpuint (count_bids (f), ==, 0);
  publish (f, other);
  g_assert_cmpuint (count_bids (f), ==, 1);
}

static void
add (const char *path, void (*test) (Fixture *f, gconstpointer data))
{
  g_test_add (path, Fixture, NULL, fixture_set_up, test, fixture_tear_down);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/provider/sample/statistics", test_statistics);
  g_test_add_func ("/provider/sample/reading", test_reading);
  add ("/provider/sample/everybody", test_everybody);
  add ("/provider/sample/nobody", test_nobody);
  add ("/provider/sample/once", test_once);
  add ("/provider/sample/offers-one-of-many", test_offers_one_of_many);
  return g_test_run ();
}
