/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "provider/dms-bidder-private.h"

#include "common/dms-json-object.h"
#include "provider/dms-bid-requirement.h"
#include "resources/dms-comparator.h"
#include "resources/dms-fit.h"

/* What a request asks for besides resources: `requires` of the job file. The bid says with what it is met;
 * for whoever does not say that, it is not. */

enum
{
  /* Names of libraries in one message; more are not there. */
  MAX_LIBRARIES = 128,
};

/* (transfer full): the names of a requirement. */
static GStrv
list_names (DmsProfile *required)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  GPtrArray *libraries = dms_profile_get_libraries (required);

  for (guint i = 0; i < libraries->len; i++)
    g_strv_builder_add (builder, dms_library_get_name (libraries->pdata[i]));
  return g_strv_builder_end (builder);
}

GStrv
dms_bidder_list_libraries (JsonObject *payload)
{
  JsonArray *requests = dms_json_object_get_list (payload, "Request");
  guint n = requests != NULL ? json_array_get_length (requests) : 0;
  g_autoptr (GHashTable) names = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  GHashTableIter iter;
  gpointer name;
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();

  for (guint i = 0; i < n && g_hash_table_size (names) < MAX_LIBRARIES; i++)
    {
      JsonObject *outer = dms_json_node_get_child (json_array_get_element (requests, i));
      JsonObject *request = dms_json_object_get_child (outer, "V1");
      g_autoptr (DmsProfile) required =
          dms_bid_requirement_is_there (request) ? dms_bid_requirement_read (request, NULL) : NULL;
      g_auto (GStrv) some = required != NULL ? list_names (required) : NULL;

      for (guint j = 0; some != NULL && some[j] != NULL && g_hash_table_size (names) < MAX_LIBRARIES; j++)
        g_hash_table_add (names, g_strdup (some[j]));
    }
  g_hash_table_iter_init (&iter, names);
  while (g_hash_table_iter_next (&iter, &name, NULL))
    g_strv_builder_add (builder, name);
  return g_strv_builder_end (builder);
}

static DmsBidOffer *
make_offer (DmsBidder *self, DmsProfile *required)
{
  g_auto (GStrv) names = list_names (required);
  g_autoptr (GPtrArray) there = dms_library_finder_get (self->libraries, (const char *const *) names);

  return dms_bid_offer_answer (self->offer, required, there);
}

DmsBidOffer *
dms_bidder_make_offer (DmsBidder *self, JsonObject *request)
{
  g_autoptr (DmsProfile) required = dms_bid_requirement_read (request, NULL);
  g_autoptr (DmsProfile) nothing = dms_profile_new_empty ();

  return make_offer (self, required != NULL ? required : nothing);
}

void
dms_bidder_note_wants (DmsBidder *self, JsonObject *request, DmsBidRefusal *refusal)
{
  g_autoptr (DmsProfile) required = dms_bid_requirement_read (request, NULL);
  g_autoptr (DmsBidOffer) offer = NULL;
  g_autoptr (DmsProfile) offered = NULL;

  if (required == NULL || dms_requirement_is_empty (required))
    return;
  offer = make_offer (self, required);
  offered = dms_bid_offer_dup_profile (offer);
  dms_bid_refuser_note_requirement (refusal, dms_bidder_get_node_id (request), offered, required);
}

gboolean
dms_bidder_check_wants (DmsBidder *self, const char *id, JsonObject *request, DmsBidRefusal *refusal)
{
  const char *node = dms_bidder_get_node_id (request);
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsProfile) required = dms_bid_requirement_read (request, &error);
  g_autoptr (DmsBidOffer) offer = NULL;
  g_autoptr (DmsProfile) offered = NULL;
  g_autoptr (DmsFit) fit = NULL;
  g_autofree char *text = NULL;

  if (required != NULL && dms_requirement_is_empty (required))
    return TRUE;
  if (required == NULL)
    {
      dms_bid_refuser_note (refusal, DMS_BID_REFUSAL_BAD_REQUEST, node, "requires");
      return dms_bidder_refuse (self, id, "bid_requirements_not_satisfied", error->message);
    }
  offer = make_offer (self, required);
  offered = dms_bid_offer_dup_profile (offer);
  fit = dms_comparator_explain_profiles (offered, required);
  if (dms_fit_suffices (fit))
    return TRUE;
  text = dms_fit_describe (fit);
  dms_bid_refuser_note_requirement (refusal, node, offered, required);
  return dms_bidder_refuse (self, id, "requirement_not_met", text);
}
