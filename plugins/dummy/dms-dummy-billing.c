/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-dummy-billing.h"

/* The payment model `dummy`: every allocation that ran in the period costs the price once. */
struct _DmsDummyBilling
{
  GObject parent_instance;
};

static void dms_dummy_billing_iface_init (DmsBillingInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (DmsDummyBilling,
                               dms_dummy_billing,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (DMS_TYPE_BILLING, dms_dummy_billing_iface_init))

static void
dms_dummy_billing_class_init (DmsDummyBillingClass *klass)
{
}

static void
dms_dummy_billing_init (DmsDummyBilling *self)
{
}

static const char *
dms_dummy_billing_get_model (DmsBilling *billing)
{
  return "dummy";
}

static JsonNode *
dms_dummy_billing_dup_terms_schema (DmsBilling *billing)
{
  return json_from_string ("{\"type\":\"object\",\"required\":[\"price\"],"
                           "\"properties\":{\"price\":{\"type\":\"string\"}}}",
                           NULL);
}

/* NULL, with an error, when the terms name no price. */
static const char *
dms_dummy_billing_find_price (DmsBillingTerms *terms, GError **error)
{
  JsonObject *details = dms_billing_terms_get_details (terms);
  JsonNode *node = details != NULL ? json_object_get_member (details, "price") : NULL;

  if (node == NULL || !JSON_NODE_HOLDS_VALUE (node) || json_node_get_value_type (node) != G_TYPE_STRING)
    {
      g_set_error_literal (error, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT,
                           "the terms of the model “dummy” need “price”, a decimal number in a text");
      return NULL;
    }
  return json_node_get_string (node);
}

static gboolean
dms_dummy_billing_validate_terms (DmsBilling *billing, DmsBillingTerms *terms, GError **error)
{
  return dms_dummy_billing_find_price (terms, error) != NULL;
}

static GPtrArray *
dms_dummy_billing_charge (DmsBilling *billing,
                          DmsBillingTerms *terms,
                          GPtrArray *usage,
                          gint64 start_us,
                          gint64 end_us,
                          GError **error)
{
  const char *price = dms_dummy_billing_find_price (terms, error);
  g_autoptr (GPtrArray) items = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_line_item_unref);

  if (price == NULL)
    return NULL;
  for (guint i = 0; i < usage->len; i++)
    {
      DmsUsageRecord *record = g_ptr_array_index (usage, i);
      gint64 ended = dms_usage_record_get_end_us (record);

      if (dms_usage_record_get_start_us (record) >= end_us || (ended != 0 && ended <= start_us))
        continue;
      g_ptr_array_add (items,
                       dms_line_item_new (dms_usage_record_get_allocation_id (record),
                                          "1",
                                          "allocation",
                                          price,
                                          price,
                                          dms_billing_terms_get_currency (terms)));
    }
  return g_steal_pointer (&items);
}

static void
dms_dummy_billing_iface_init (DmsBillingInterface *iface)
{
  iface->get_model = dms_dummy_billing_get_model;
  iface->dup_terms_schema = dms_dummy_billing_dup_terms_schema;
  iface->validate_terms = dms_dummy_billing_validate_terms;
  iface->charge = dms_dummy_billing_charge;
}
