/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "values/dms-billing-terms.h"

#include "values/dms-value-private.h"

/**
 * DmsBillingTerms:
 *
 * What was agreed about paying. Immutable and counted.
 */
struct _DmsBillingTerms
{
  char *model;
  char *currency;
  JsonObject *details;
};

G_DEFINE_BOXED_TYPE (DmsBillingTerms, dms_billing_terms, dms_billing_terms_ref, dms_billing_terms_unref)

/**
 * dms_billing_terms_new:
 * @model: payment model, such as `fixed_rental`
 * @currency: (nullable): currency the prices are in
 * @details: (nullable): the model's own details
 *
 * Makes terms.
 *
 * Returns: (transfer full): the value
 */
DmsBillingTerms *
dms_billing_terms_new (const char *model, const char *currency, JsonObject *details)
{
  DmsBillingTerms *self = g_atomic_rc_box_new0 (DmsBillingTerms);

  self->model = g_strdup (model != NULL && model[0] != '\0' ? model : NULL);
  self->currency = g_strdup (currency != NULL && currency[0] != '\0' ? currency : NULL);
  self->details = details != NULL ? dms_value_copy_object (details) : NULL;
  return self;
}

/**
 * dms_billing_terms_get_model:
 * @self: a billing terms
 *
 * Returns: (transfer none): payment model, such as `fixed_rental`
 */
const char *
dms_billing_terms_get_model (DmsBillingTerms *self)
{
  return self->model;
}

/**
 * dms_billing_terms_get_currency:
 * @self: a billing terms
 *
 * Returns: (transfer none) (nullable): currency the prices are in
 */
const char *
dms_billing_terms_get_currency (DmsBillingTerms *self)
{
  return self->currency;
}

/**
 * dms_billing_terms_get_details:
 * @self: a billing terms
 *
 * Returns: (transfer none) (nullable): the model's own details
 */
JsonObject *
dms_billing_terms_get_details (DmsBillingTerms *self)
{
  return self->details;
}

/**
 * dms_billing_terms_new_from_json:
 * @node: (nullable): members named after the getters
 * @error: return location for %DMS_ERROR_INVALID_DATA
 *
 * Returns: (transfer full) (nullable): the value
 */
DmsBillingTerms *
dms_billing_terms_new_from_json (JsonNode *node, GError **error)
{
  DmsValueReader reader;
  g_autoptr (DmsBillingTerms) self = g_atomic_rc_box_new0 (DmsBillingTerms);

  dms_value_reader_open (&reader, node, "billing terms");
  self->model = g_strdup (dms_value_reader_get_text (&reader, "model"));
  self->currency = g_strdup (dms_value_reader_get_text (&reader, "currency"));
  self->details = dms_value_reader_copy_object (&reader, "details");
  if (self->model == NULL)
    dms_value_reader_fail (&reader, "model", "is missing");
  if (!dms_value_reader_close (&reader, error))
    return NULL;
  return g_steal_pointer (&self);
}

/**
 * dms_billing_terms_to_json:
 * @self: a billing terms
 *
 * Returns: (transfer full): members named after the getters
 */
JsonNode *
dms_billing_terms_to_json (DmsBillingTerms *self)
{
  JsonObject *object = json_object_new ();

  dms_value_set_text (object, "model", self->model);
  dms_value_set_text (object, "currency", self->currency);
  if (self->details != NULL)
    json_object_set_object_member (object, "details", json_object_ref (self->details));
  return dms_value_take_object (object);
}

/**
 * dms_billing_terms_ref:
 * @self: a billing terms
 *
 * Returns: (transfer full): @self
 */
DmsBillingTerms *
dms_billing_terms_ref (DmsBillingTerms *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
dms_billing_terms_clear (gpointer data)
{
  DmsBillingTerms *self = data;

  g_free (self->model);
  g_free (self->currency);
  g_clear_pointer (&self->details, json_object_unref);
}

/**
 * dms_billing_terms_unref:
 * @self: (transfer full): a billing terms
 *
 * Gives up a reference.
 */
void
dms_billing_terms_unref (DmsBillingTerms *self)
{
  g_atomic_rc_box_release_full (self, dms_billing_terms_clear);
}

/**
 * dms_billing_terms_equal:
 * @a: a billing terms
 * @b: another
 *
 * Returns: whether both say the same
 */
gboolean
dms_billing_terms_equal (DmsBillingTerms *a, DmsBillingTerms *b)
{
  return g_strcmp0 (a->model, b->model) == 0
         && g_strcmp0 (a->currency, b->currency) == 0
         && dms_value_object_equal (a->details, b->details);
}
