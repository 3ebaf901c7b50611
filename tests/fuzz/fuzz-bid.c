/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "fuzz.h"

#include <string.h>

#include "common/dms-json-object.h"
#include "orchestrator/dms-refusal-book.h"
#include "provider/dms-bid-requirement.h"
#include "provider/dms-bid-sample.h"
#include "provider/dms-bid.h"

static DmsResources *
make_resources (void)
{
  g_autoptr (DmsCpu) cpu = dms_cpu_new (4, 0);
  g_autoptr (DmsRam) ram = dms_ram_new (G_GUINT64_CONSTANT (8) << 30, 0, NULL);
  g_autoptr (DmsDisk) disk = dms_disk_new (G_GUINT64_CONSTANT (64) << 30);

  return dms_resources_new (cpu, ram, disk, NULL);
}

/* What somebody says about a machine is the same when it is said again. */
static void
check_bid (JsonNode *payload, DmsProfile *required)
{
  g_autoptr (DmsBid) bid = dms_bid_new_from_json (payload, NULL);
  g_autoptr (JsonNode) wire = NULL;
  g_autoptr (DmsBid) again = NULL;
  g_autoptr (DmsProfile) profile = NULL;
  g_autoptr (GPtrArray) libraries = g_ptr_array_new ();
  g_autoptr (DmsBidOffer) answer = NULL;
  g_autoptr (GError) error = NULL;

  if (bid == NULL)
    return;
  (void) dms_bid_verify (bid, NULL);
  profile = dms_bid_offer_dup_profile (dms_bid_get_offer (bid));
  answer = dms_bid_offer_answer (dms_bid_get_offer (bid), required, libraries);
  wire = dms_bid_to_json (bid);
  again = dms_bid_new_from_json (wire, &error);
  g_assert_no_error (error);
}

static void
check_request (JsonObject *request)
{
  DmsBidSample sample = { 0 };

  if (dms_bid_sample_read (&sample, request))
    {
      g_assert_cmpuint (sample.per_million, <=, DMS_BID_SAMPLE_ALL);
      g_assert_cmpuint (sample.spread_ms, <=, DMS_BID_SAMPLE_MAX_SPREAD_MS);
      (void) dms_bid_sample_has (
          &sample, "id", dms_json_object_get_whole (request, "Nonce", 0, 100, 0), "peer");
    }
  (void) dms_bid_refusal_is_wanted (request);
}

/* Asks for what the input requires besides, and hears the refusal of two machines. */
static void
check_refusal (JsonNode *payload, DmsProfile *required)
{
  g_autoptr (DmsBidRefusal) refusal = dms_bid_refusal_new_from_json (payload, NULL);
  g_autoptr (DmsRefusalBook) book = dms_refusal_book_new ();
  g_autoptr (DmsRefusalBook) second = dms_refusal_book_new ();
  g_autoptr (GPtrArray) needs = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_refusal_need_free);
  g_autoptr (DmsResources) resources = make_resources ();
  g_autoptr (JsonNode) wire = NULL;
  g_autoptr (JsonNode) record = NULL;
  g_autoptr (DmsBidRefusal) again = NULL;
  g_autofree char *text = NULL;
  g_autofree char *second_text = NULL;
  DmsRefusalNeed *need = dms_refusal_need_new ("n1", resources);
  g_autoptr (GError) error = NULL;

  dms_refusal_need_set_required (need, required);
  need->n_gpus = 1;
  need->n_ports = 2;
  g_ptr_array_add (needs, need);
  if (refusal == NULL)
    return;
  g_assert_true (dms_bid_refusal_is_one (payload));
  dms_refusal_book_begin (book, needs);
  dms_refusal_book_add_asked (book, "a");
  dms_refusal_book_add (book, "a", refusal);
  dms_refusal_book_add (book, "b", refusal);
  text = dms_refusal_book_describe (book);
  g_assert_true (g_utf8_validate (text, -1, NULL));
  record = dms_refusal_book_to_json (book);
  dms_refusal_book_read (second, record);
  second_text = dms_refusal_book_describe (second);
  wire = dms_bid_refusal_to_json (refusal);
  again = dms_bid_refusal_new_from_json (wire, &error);
  g_assert_no_error (error);
}

static void
check_record (JsonNode *payload)
{
  g_autoptr (DmsRefusalBook) book = dms_refusal_book_new ();
  g_autoptr (JsonNode) again = NULL;
  g_autofree char *text = NULL;

  dms_refusal_book_read (book, payload);
  text = dms_refusal_book_describe (book);
  (void) dms_refusal_book_get_text (payload);
  again = dms_refusal_book_to_json (book);
}

/* Bids, refusals, what requests say besides resources, and what records keep of refusals: all of it from
 * other nodes. Each input is tried as each. */
int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autofree char *text = size > 0 ? g_strndup ((const char *) data, size) : g_strdup ("");
  g_autoptr (JsonNode) payload =
      g_utf8_validate (text, -1, NULL) ? dms_json_node_from_text (text, -1, NULL) : NULL;
  g_autoptr (DmsProfile) required = NULL;
  JsonObject *object = dms_json_node_get_child (payload);

  if (object == NULL)
    return 0;
  required = dms_bid_requirement_read (object, NULL);
  check_bid (payload, required);
  check_request (object);
  check_refusal (payload, required);
  check_record (payload);
  return 0;
}
