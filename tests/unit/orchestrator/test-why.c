/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "common/dms-json-object.h"
#include "dms-test-node.h"
#include "orchestrator/dms-bid-ranking.h"
#include "orchestrator/dms-refusal-book.h"
#include "resources/dms-requirement.h"

#include <string.h>

static const double GIB = 1024.0 * 1024 * 1024;

/* The book */

static DmsRefusalNeed *
make_need (const char *node)
{
  g_autoptr (DmsCpu) cpu = dms_cpu_new (2, 0);
  g_autoptr (DmsRam) ram = dms_ram_new ((guint64) (8 * GIB), 0, NULL);
  g_autoptr (DmsDisk) disk = dms_disk_new ((guint64) GIB);
  g_autoptr (DmsGpu) gpu = dms_gpu_new (0, DMS_GPU_VENDOR_NVIDIA, NULL, NULL, NULL, (guint64) (16 * GIB));
  g_autoptr (GPtrArray) gpus = g_ptr_array_new ();
  g_autoptr (DmsResources) resources = NULL;

  g_ptr_array_add (gpus, gpu);
  resources = dms_resources_new (cpu, ram, disk, gpus);
  return dms_refusal_need_new (node, resources);
}

static void
begin (DmsRefusalBook *book, const char *nodes)
{
  g_autoptr (GPtrArray) needs = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_refusal_need_free);
  g_auto (GStrv) names = g_strsplit (nodes, ",", -1);

  for (guint i = 0; names[i] != NULL; i++)
    g_ptr_array_add (needs, make_need (names[i]));
  dms_refusal_book_begin (book, needs);
}

static gboolean
refuse (DmsRefusalBook *book, guint peer, DmsBidRefusalCode code, double required, double offered)
{
  g_autoptr (DmsBidRefusal) refusal = dms_bid_refusal_new ("x", 1);
  g_autofree char *name = g_strdup_printf ("peer%u", peer);

  dms_bid_refusal_add (
      refusal, code, code == DMS_BID_REFUSAL_NOT_GRANTED ? "" : "n1", NULL, required, offered);
  return dms_refusal_book_add (book, name, refusal);
}

static void
fill (DmsRefusalBook *book)
{
  begin (book, "n1");
  for (guint i = 0; i < 21; i++)
    g_assert_true (refuse (book, i, DMS_BID_REFUSAL_RAM, 8 * GIB, (i < 12 ? 6.5 : 2) * GIB));
  for (guint i = 21; i < 30; i++)
    g_assert_true (refuse (book, i, DMS_BID_REFUSAL_GPU, 0, 0));
  for (guint i = 30; i < 37; i++)
    g_assert_true (refuse (book, i, DMS_BID_REFUSAL_NOT_GRANTED, 0, 0));
}

static void
test_tells (void)
{
  g_autoptr (DmsRefusalBook) book = dms_refusal_book_new ();
  g_autoptr (DmsRefusalBook) later = dms_refusal_book_new ();
  g_autoptr (JsonNode) json = NULL;
  g_autofree char *text = NULL;
  g_autofree char *again = NULL;
  JsonObject *page;
  JsonObject *relax;

  fill (book);
  text = dms_refusal_book_describe (book);
  g_assert_cmpstr (
      text, ==, "37 asked: 21 too little RAM, 9 no such GPU, 7 not granted; relax RAM to 6 GiB for 12 hosts");
  json = dms_refusal_book_to_json (book);
  page = json_array_get_object_element (dms_json_object_get_list (json_node_get_object (json), "nodes"), 0);
  relax = json_array_get_object_element (dms_json_object_get_list (page, "relax"), 0);
  g_assert_cmpfloat (json_object_get_double_member (relax, "to"), ==, 6 * GIB);
  g_assert_cmpint (json_object_get_int_member (relax, "hosts"), ==, 12);
  /* Those that came nearest. */
  g_assert_cmpuint (json_array_get_length (dms_json_object_get_list (page, "nearest")), ==, 5);
  g_assert_true (g_str_has_prefix (
      json_object_get_string_member (
          json_array_get_object_element (dms_json_object_get_list (page, "nearest"), 0), "peer"),
      "peer"));
  /* As the record has it. */
  dms_refusal_book_read (later, json);
  again = dms_refusal_book_describe (later);
  g_assert_cmpstr (again, ==, text);
}

/* `requires` */

static DmsRefusalBook *
begin_required (void)
{
  DmsRefusalBook *book = dms_refusal_book_new ();
  g_autoptr (GPtrArray) needs = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_refusal_need_free);
  DmsRefusalNeed *need = make_need ("n1");
  g_autoptr (JsonNode) json = dms_json_node_from_text (
      "{\"libraries\":[{\"name\":\"openssl\",\"constraint\":\">= 3.2\"},{\"name\":\"mpi\",\"constraint\":"
      "\"< 4\"}],\"price\":[{\"currency\":\"NTX\",\"currency_per_hour\":1}],\"time\":{\"units\":\"hours\","
      "\"max_time\":8},\"speed\":100,\"kyc\":[{\"type\":\"company\"}]}",
      -1,
      NULL);
  g_autoptr (DmsProfile) required = dms_requirement_new_from_json (json, NULL);

  g_assert_nonnull (required);
  dms_refusal_need_set_required (need, required);
  g_ptr_array_add (needs, need);
  dms_refusal_book_begin (book, needs);
  return book;
}

static gboolean
refuse_field (DmsRefusalBook *book, guint peer, const char *field, double offered, const char *version)
{
  g_autoptr (DmsBidRefusal) refusal = dms_bid_refusal_new ("x", 1);
  g_autofree char *name = g_strdup_printf ("peer%u", peer);
  DmsBidRefusalCode code = dms_bid_refusal_code_of_field (field);

  if (code == DMS_BID_REFUSAL_LIBRARY)
    dms_bid_refusal_add_library (refusal, "n1", field, version);
  else
    dms_bid_refusal_add (refusal, code, "n1", field, 1, offered);
  return dms_refusal_book_add (book, name, refusal);
}

static void
test_tells_what_is_required (void)
{
  g_autoptr (DmsRefusalBook) book = begin_required ();
  g_autoptr (JsonNode) json = NULL;
  g_autofree char *text = NULL;
  g_autofree char *all = NULL;
  guint peer = 0;

  for (guint i = 0; i < 3; i++)
    g_assert_true (refuse_field (book, peer++, "libraries[0]", 0, "3.0"));
  for (guint i = 0; i < 2; i++)
    g_assert_true (refuse_field (book, peer++, "libraries[0]", 0, "3.1"));
  g_assert_true (refuse_field (book, peer++, "libraries[0]", 0, NULL));
  g_assert_true (refuse_field (book, peer++, "libraries[1]", 0, "4.1"));
  for (guint i = 0; i < 4; i++)
    g_assert_true (refuse_field (book, peer++, "price[0].currency_per_hour", i < 3 ? 1.25 : 8, NULL));
  g_assert_true (refuse_field (book, peer++, "price", 0, NULL));
  g_assert_true (refuse_field (book, peer++, "time.max_time", 4 * 3600, NULL));
  g_assert_true (refuse_field (book, peer++, "speed", 50, NULL));
  g_assert_true (refuse_field (book, peer++, "kyc[0]", 0, NULL));
  text = dms_refusal_book_describe (book);
  g_assert_cmpstr (
      text,
      ==,
      "15 asked: 7 without a library, 5 too dear, 1 not lent for long enough, 1 too slow, 1 without "
      "KYC; relax library to openssl >= 3.0 for 5 hosts, or price to 1.25 NTX an hour for 3 hosts, or "
      "library to mpi 4.1 for 1 host, or time to 4 h for 1 host, or speed to 50 points for 1 host, or "
      "price to any for 1 host, or kyc to any for 1 host");
  json = dms_refusal_book_to_json (book);
  all = dms_json_node_to_text (json);
  g_assert_nonnull (strstr (all, "not lent for long enough: 4 h of 8 h"));
  g_assert_nonnull (strstr (all, "too slow: 50 points of 100 points"));
  g_assert_nonnull (
      strstr (all, "\"code\":\"library\",\"field\":\"libraries[0]\",\"text\":\"openssl >= 3.0\""));
}

/* Who says that he lacks what he has, or what nobody asked for, is not believed. */
static void
test_is_not_fooled_about_requirements (void)
{
  g_autoptr (DmsRefusalBook) book = begin_required ();
  g_autoptr (DmsRefusalBook) plain = dms_refusal_book_new ();
  static const char *const fields[] = { "libraries[0]",  "price[0].currency_per_hour",
                                        "time.max_time", "speed",
                                        "power",         "kyc[0]" };

  g_assert_false (refuse_field (book, 1, "libraries[0]", 0, "3.2"));
  g_assert_false (refuse_field (book, 1, "libraries[2]", 0, NULL));
  g_assert_false (refuse_field (book, 1, "libraries[-1]", 0, NULL));
  g_assert_false (refuse_field (book, 1, "libraries[99999999999999999999]", 0, NULL));
  g_assert_false (refuse_field (book, 1, "libraries", 0, NULL));
  g_assert_false (refuse_field (book, 1, "libraries[1", 0, NULL));
  g_assert_false (refuse_field (book, 1, "price[0].currency_per_hour", 1, NULL));
  g_assert_false (refuse_field (book, 1, "time.max_time", 8 * 3600, NULL));
  g_assert_false (refuse_field (book, 1, "speed", 100, NULL));
  g_assert_false (refuse_field (book, 1, "power", 1, NULL));
  g_assert_false (refuse_field (book, 1, "kyc[1]", 0, NULL));
  begin (plain, "n1");
  for (guint i = 0; i < G_N_ELEMENTS (fields); i++)
    g_assert_false (refuse_field (plain, 1, fields[i], 0, NULL));
}

static void
test_is_not_fooled (void)
{
  g_autoptr (DmsRefusalBook) book = dms_refusal_book_new ();
  g_autoptr (DmsBidRefusal) elsewhere = dms_bid_refusal_new ("x", 1);
  g_autoptr (DmsBidRefusal) many = dms_bid_refusal_new ("x", 1);
  g_autofree char *text = NULL;
  g_autoptr (JsonNode) json = NULL;
  g_autofree char *written = NULL;

  begin (book, "n1");
  /* There is enough, or as much as is asked for: then why refuse? */
  g_assert_false (refuse (book, 1, DMS_BID_REFUSAL_RAM, 8 * GIB, 8 * GIB));
  g_assert_false (refuse (book, 1, DMS_BID_REFUSAL_CPU, 1e9, 1e9));
  g_assert_false (refuse (book, 1, DMS_BID_REFUSAL_GPU, 1e17, 1e17));
  /* Nobody asked for these. */
  g_assert_false (refuse (book, 1, DMS_BID_REFUSAL_LOCATION, 0, 0));
  g_assert_false (refuse (book, 1, DMS_BID_REFUSAL_PORTS, 0, 0));
  g_assert_false (refuse (book, 1, DMS_BID_REFUSAL_PRIVILEGED, 0, 0));
  dms_bid_refusal_add (elsewhere, DMS_BID_REFUSAL_BUSY, "n2", NULL, 0, 0);
  g_assert_false (dms_refusal_book_add (book, "peer1", elsewhere));
  /* Once each. */
  for (guint i = 0; i < DMS_BID_REFUSAL_MAX_REASONS; i++)
    dms_bid_refusal_add (many, DMS_BID_REFUSAL_BUSY, "n1", NULL, 0, 0);
  g_assert_true (dms_refusal_book_add (book, "peer1", many));
  g_assert_false (refuse (book, 1, DMS_BID_REFUSAL_RAM, 8 * GIB, 4 * GIB));
  text = dms_refusal_book_describe (book);
  g_assert_cmpstr (text, ==, "1 asked: 1 busy");
  /* And of many no more than can be kept. */
  begin (book, "n1");
  for (guint i = 0; i < 5000; i++)
    refuse (book, i, DMS_BID_REFUSAL_RAM, 8 * GIB, 1e-3 * i * GIB);
  json = dms_refusal_book_to_json (book);
  written = dms_json_node_to_text (json);
  g_assert_cmpint (
      dms_json_object_get_whole (json_node_get_object (json), "answered", 0, 5000, -1), ==, 1000);
  g_assert_cmpuint (strlen (written), <, 4096);
}

static void
test_counts_the_silent (void)
{
  g_autoptr (DmsRefusalBook) book = dms_refusal_book_new ();
  g_autofree char *nobody = NULL;
  g_autofree char *text = NULL;

  begin (book, "a,b");
  nobody = dms_refusal_book_describe (book);
  g_assert_cmpstr (nobody, ==, "node “a”: 0 asked: nobody answered. node “b”: 0 asked: nobody answered");
  dms_refusal_book_add_asked (book, "one");
  dms_refusal_book_add_asked (book, "two");
  dms_refusal_book_add_asked (book, "three");
  dms_refusal_book_add_offer (book, "one", "a");
  g_assert_cmpuint (dms_refusal_book_count_silent (book), ==, 2);
  dms_refusal_book_choose (book, "a", "one", 0.25, 1, "price 0.25");
  text = dms_refusal_book_describe (book);
  g_assert_cmpstr (text,
                   ==,
                   "node “a”: 3 asked: 1 offered, 2 without an answer; one was taken of 1: price 0.25. "
                   "node “b”: 2 asked: 2 without an answer");
}

/* The ranking */

typedef struct
{
  DmsTestNode *node;
  GPtrArray *bids;
} Bids;

static void
add_bid (Bids *self, const char *country, DmsBidOffer *offer)
{
  g_autoptr (DmsLocation) location = dms_location_new ("EU", country, NULL, 0, NULL);
  g_autoptr (DmsBid) plain = dms_bid_new_signed (
      dms_test_node_get_key (self->node), dms_test_node_get_handle (self->node), "x", "n1", location);
  g_autoptr (DmsBid) bid = dms_bid_with_offer (plain, offer);
  g_autoptr (JsonNode) json = dms_bid_to_json (bid);
  DmsBid *received = dms_bid_new_from_json (json, NULL);

  /* What is beside the bid does not spoil its signature. */
  g_assert_true (dms_bid_verify (received, NULL));
  g_ptr_array_add (self->bids, received);
  dms_bid_offer_unref (offer);
}

static DmsPreferences *
prefer (DmsPreference a, double weight_a, DmsPreference b, double weight_b)
{
  double weights[DMS_N_PREFERENCES] = { 0 };
  g_autoptr (GPtrArray) near = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_location_unref);

  weights[a] += weight_a;
  weights[b] += weight_b;
  g_ptr_array_add (near, dms_location_new ("EU", "FR", NULL, 0, NULL));
  return dms_preferences_new (weights, near);
}

static void
assert_best (Bids *self, DmsPreferences *preferences, DmsLocation *here, guint best)
{
  g_autoptr (DmsPreferences) owned = preferences;
  g_autoptr (DmsBidRanking) ranking = dms_bid_ranking_new (self->bids, owned, here, NULL);

  for (guint i = 0; i < self->bids->len; i++)
    {
      g_assert_cmpfloat (dms_bid_ranking_get_cost (ranking, i), >=, 0);
      g_assert_cmpfloat (dms_bid_ranking_get_cost (ranking, i), <=, 1);
    }
  for (guint i = 0; i < 20; i++)
    g_assert_cmpuint (dms_bid_ranking_pick (ranking), ==, best);
}

static DmsBidOffer *
make_offer_for (const char *json)
{
  g_autoptr (JsonNode) node = dms_json_node_from_text (json, -1, NULL);

  return dms_bid_offer_new_from_json (node);
}

static void
test_ranks (void)
{
  Bids self = { dms_test_node_new ("why"), g_ptr_array_new_with_free_func ((GDestroyNotify) dms_bid_unref) };
  g_autoptr (DmsLocation) here = dms_location_new ("EU", "DE", NULL, 0, NULL);
  g_autoptr (DmsBidRanking) any = NULL;
  gboolean seen[4] = { FALSE };

  add_bid (&self, "DE", dms_bid_offer_new (4, "NTX", 100, 50));
  add_bid (&self,
           "FR",
           make_offer_for ("{\"Price\":2,\"Currency\":\"NTX\",\"Speed\":50,\"Watts\":20,\"Seconds\":60}"));
  add_bid (&self, "IT", dms_bid_offer_new (1, "NTX", 10, 200));
  add_bid (&self, "FR", dms_bid_offer_new (0, NULL, 0, 0));
  assert_best (&self, prefer (DMS_PREFERENCE_PRICE, 1, DMS_PREFERENCE_PRICE, 0), here, 2);
  assert_best (&self, prefer (DMS_PREFERENCE_SPEED, 1, DMS_PREFERENCE_SPEED, 0), here, 0);
  assert_best (&self, prefer (DMS_PREFERENCE_POWER, 1, DMS_PREFERENCE_POWER, 0), here, 1);
  assert_best (&self, prefer (DMS_PREFERENCE_DISTANCE, 1, DMS_PREFERENCE_DISTANCE, 0), here, 0);
  assert_best (&self, prefer (DMS_PREFERENCE_LOCATION, 1, DMS_PREFERENCE_PRICE, 0.1), here, 1);
  assert_best (&self, prefer (DMS_PREFERENCE_TIME, 1, DMS_PREFERENCE_TIME, 0), here, 1);
  /* The weights decide: 0.5 and 0.5 for the second, and 0 and 0.9 for the third. */
  assert_best (&self, prefer (DMS_PREFERENCE_PRICE, 1, DMS_PREFERENCE_SPEED, 3), here, 0);
  assert_best (&self, prefer (DMS_PREFERENCE_PRICE, 10, DMS_PREFERENCE_SPEED, 1), here, 2);
  /* Where nothing is preferred, any of them, by chance. */
  any = dms_bid_ranking_new (self.bids, NULL, here, NULL);
  for (guint i = 0; i < 1000; i++)
    seen[dms_bid_ranking_pick (any)] = TRUE;
  for (guint i = 0; i < G_N_ELEMENTS (seen); i++)
    g_assert_true (seen[i]);
  g_ptr_array_unref (self.bids);
  dms_test_node_free (self.node);
}

/* By kilometres: to a place, or to who asks. */

static void
add_bid_at (Bids *self, double latitude, double longitude)
{
  g_autoptr (DmsLocation) named = dms_location_new ("EU", "DE", NULL, 0, NULL);
  DmsCoordinates at = { latitude, longitude };
  g_autoptr (DmsLocation) location = dms_location_new_at (named, &at);
  g_autoptr (DmsBid) bid = dms_bid_new_signed (
      dms_test_node_get_key (self->node), dms_test_node_get_handle (self->node), "x", "n1", location);
  g_autoptr (JsonNode) json = dms_bid_to_json (bid);

  g_ptr_array_add (self->bids, dms_bid_new_from_json (json, NULL));
}

/* wish: (transfer full) */
static DmsPreferences *
prefer_near (double plain, DmsDistanceWish *wish)
{
  double weights[DMS_N_PREFERENCES] = { 0 };
  g_autoptr (DmsDistanceWish) owned = wish;
  g_autoptr (DmsPreferences) preferences = NULL;

  weights[DMS_PREFERENCE_DISTANCE] = plain;
  preferences = dms_preferences_new (weights, NULL);
  return dms_preferences_with_distance (preferences, owned);
}

static double
get_cost (Bids *self, DmsPreferences *preferences, DmsLocation *here, guint index)
{
  g_autoptr (DmsBidRanking) ranking = dms_bid_ranking_new (self->bids, preferences, here, NULL);

  return dms_bid_ranking_get_cost (ranking, index);
}

static void
test_distances (void)
{
  Bids self = { dms_test_node_new ("why"), g_ptr_array_new_with_free_func ((GDestroyNotify) dms_bid_unref) };
  const DmsCoordinates zero = { 0, 0 };
  const DmsCoordinates east = { 0, 90 };
  g_autoptr (DmsLocation) named = dms_location_new ("EU", "DE", NULL, 0, NULL);
  g_autoptr (DmsLocation) here = dms_location_new_at (named, &east);
  /* A degree on the equator is so long: 6371 π / 180. */
  const double degree = 111.19492664455873;
  g_autoptr (DmsPreferences) place = prefer_near (0, dms_distance_wish_new (2, 1, &zero));
  g_autoptr (DmsPreferences) asker = prefer_near (0, dms_distance_wish_new (2, 1, NULL));
  g_autoptr (DmsPreferences) wide = prefer_near (0, dms_distance_wish_new (2, 2.5 * degree, &zero));
  g_autoptr (DmsPreferences) mixed = prefer_near (6, dms_distance_wish_new (2, 1, &zero));
  g_autoptr (DmsPreferences) both = NULL;

  add_bid_at (&self, 0, 2);
  add_bid_at (&self, 0, 4);
  add_bid_at (&self, 0, 89);
  add_bid (&self, "DE", dms_bid_offer_new (0, NULL, 0, 0));
  /* From the place: 2, 4 and 89 degrees; one does not say where it is. */
  g_assert_cmpfloat (get_cost (&self, place, here, 0), ==, 0);
  g_assert_cmpfloat_with_epsilon (get_cost (&self, place, here, 1), 0.5, 1e-9);
  g_assert_cmpfloat_with_epsilon (get_cost (&self, place, here, 2), 1 - 2.0 / 89, 1e-9);
  g_assert_cmpfloat (get_cost (&self, place, here, 3), ==, 1);
  /* Its place is looked up by its name. */
  {
    g_autoptr (DmsBidRanking) ranking = dms_bid_ranking_new (self.bids, place, here, NULL);
    const DmsCoordinates found = { 0, 8 };

    dms_bid_ranking_place (ranking, 3, &found);
    dms_bid_ranking_place (ranking, 0, &found);
    g_assert_cmpfloat_with_epsilon (dms_bid_ranking_get_cost (ranking, 3), 1 - 2.0 / 8, 1e-9);
    g_assert_cmpfloat (dms_bid_ranking_get_cost (ranking, 0), ==, 0);
  }
  /* From who asks: 88, 86 and one degree. */
  g_assert_cmpfloat (get_cost (&self, asker, here, 2), ==, 0);
  g_assert_cmpfloat_with_epsilon (get_cost (&self, asker, here, 0), 1 - 1.0 / 88, 1e-9);
  /* Near enough is as good as nearer. */
  g_assert_cmpfloat (get_cost (&self, wide, here, 0), ==, 0);
  g_assert_cmpfloat_with_epsilon (get_cost (&self, wide, here, 1), 1 - 2.5 / 4, 1e-9);
  /* Who does not know his own place goes by names: the same country. */
  g_assert_cmpfloat_with_epsilon (get_cost (&self, asker, named, 2), 0.3, 1e-9);
  g_assert_cmpfloat (get_cost (&self, asker, NULL, 2), ==, 1);
  /* With the plain wish, by the weights: 6 for names and 2 for kilometres. */
  g_assert_cmpfloat_with_epsilon (get_cost (&self, mixed, here, 1), (6 * 0.3 + 2 * 0.5) / 8, 1e-9);
  /* Those of the node and of its allocations count together. */
  both = dms_preferences_add (place, asker);
  g_assert_cmpfloat (dms_preferences_get_weight (both, DMS_PREFERENCE_DISTANCE), ==, 4);
  g_assert_cmpfloat_with_epsilon (get_cost (&self, both, here, 2), (1 - 2.0 / 89) / 2, 1e-9);
  g_ptr_array_unref (self.bids);
  dms_test_node_free (self.node);
}

static void
test_prices (void)
{
  static const char *const bad[] = { "cheap", "1", "-1 NTX", "1 €", "1 NTX a", "nan NTX", "inf NTX" };
  g_autoptr (DmsBidOffer) offer = dms_bid_offer_new_from_text (" 0.25 NTX", 0, 0, NULL);
  g_autoptr (DmsBidOffer) none = dms_bid_offer_new_from_text ("", 0, 0, NULL);

  g_assert_cmpfloat (dms_bid_offer_get_price (offer), ==, 0.25);
  g_assert_cmpstr (dms_bid_offer_get_currency (offer), ==, "NTX");
  g_assert_true (dms_bid_offer_is_empty (none));
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (GError) error = NULL;

      g_test_message ("%s", bad[i]);
      g_assert_null (dms_bid_offer_new_from_text (bad[i], 0, 0, &error));
      g_assert_error (error, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT);
    }
}

/* Who kept what he offered is preferred, also after a restart. */
static void
test_remembers (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsStore) store = dms_store_open (":memory:", &error);
  g_autoptr (DmsTrackRecord) track = dms_track_record_new (store, &error);
  g_autoptr (DmsTrackRecord) later = NULL;

  g_assert_no_error (error);
  g_assert_cmpfloat (dms_track_record_get_reliability (track, "new"), ==, 0.5);
  for (guint i = 0; i < 3; i++)
    dms_track_record_add (track, "good", TRUE);
  dms_track_record_add (track, "bad", FALSE);
  g_assert_cmpfloat (dms_track_record_get_reliability (track, "good"), ==, 0.8);
  g_assert_cmpfloat_with_epsilon (dms_track_record_get_reliability (track, "bad"), 1.0 / 3, 1e-9);
  later = dms_track_record_new (store, &error);
  g_assert_no_error (error);
  g_assert_cmpfloat (dms_track_record_get_reliability (later, "good"), ==, 0.8);
  /* What is long ago counts less. */
  for (guint i = 0; i < 64; i++)
    dms_track_record_add (later, "bad", FALSE);
  for (guint i = 0; i < 64; i++)
    dms_track_record_add (later, "bad", TRUE);
  g_assert_cmpfloat (dms_track_record_get_reliability (later, "bad"), >, 0.6);
  for (guint i = 0; i < 5000; i++)
    {
      g_autofree char *peer = g_strdup_printf ("peer%u", i);

      dms_track_record_add (later, peer, TRUE);
    }
  g_assert_cmpuint (dms_track_record_get_n_peers (later), ==, 4096);
  dms_store_close (store);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/why/tells", test_tells);
  g_test_add_func ("/why/is-not-fooled", test_is_not_fooled);
  g_test_add_func ("/why/tells-what-is-required", test_tells_what_is_required);
  g_test_add_func ("/why/is-not-fooled-about-requirements", test_is_not_fooled_about_requirements);
  g_test_add_func ("/why/counts-the-silent", test_counts_the_silent);
  g_test_add_func ("/why/ranks", test_ranks);
  g_test_add_func ("/why/distances", test_distances);
  g_test_add_func ("/why/prices", test_prices);
  g_test_add_func ("/why/remembers", test_remembers);
  return g_test_run ();
}
