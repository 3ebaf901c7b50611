/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "tokenomics/dms-billing.h"

#include "dms-contract-private.h"

/**
 * DmsBilling:
 *
 * Says what is owed. See #DmsBillingInterface.
 */

G_DEFINE_INTERFACE (DmsBilling, dms_billing, G_TYPE_OBJECT)

static void
dms_billing_default_init (DmsBillingInterface *iface)
{
}

/**
 * dms_billing_get_model:
 * @self: a billing
 *
 * Names the payment model, as contracts name it, such as `fixed_rental`.
 *
 * Returns: (transfer none): the constant name
 */
const char *
dms_billing_get_model (DmsBilling *self)
{
  g_return_val_if_fail (DMS_IS_BILLING (self), "");

  if (DMS_BILLING_GET_IFACE (self)->get_model == NULL)
    return "";
  return DMS_BILLING_GET_IFACE (self)->get_model (self);
}

/**
 * dms_billing_dup_terms_schema:
 * @self: a billing
 *
 * Describes the details the model needs, as a JSON schema.
 *
 * Returns: (transfer full) (nullable): the schema
 */
JsonNode *
dms_billing_dup_terms_schema (DmsBilling *self)
{
  g_return_val_if_fail (DMS_IS_BILLING (self), NULL);

  if (DMS_BILLING_GET_IFACE (self)->dup_terms_schema == NULL)
    return NULL;
  return DMS_BILLING_GET_IFACE (self)->dup_terms_schema (self);
}

/**
 * dms_billing_validate_terms:
 * @self: a billing
 * @terms: what was agreed
 * @error: return location for an error of %DMS_ERROR
 *
 * Checks the details of a contract for this model.
 *
 * Returns: whether they can be used; else @error names the detail
 */
gboolean
dms_billing_validate_terms (DmsBilling *self, DmsBillingTerms *terms, GError **error)
{
  g_return_val_if_fail (DMS_IS_BILLING (self), FALSE);
  g_return_val_if_fail (terms != NULL, FALSE);

  if (DMS_BILLING_GET_IFACE (self)->validate_terms == NULL)
    {
      dms_contract_set_missing (self, "validate-terms", error);
      return FALSE;
    }
  return DMS_BILLING_GET_IFACE (self)->validate_terms (self, terms, error);
}

/**
 * dms_billing_charge:
 * @self: a billing
 * @terms: what was agreed
 * @usage: (element-type DmsUsageRecord): what was used
 * @start_us: beginning of the period, in microseconds since the epoch
 * @end_us: its end
 * @error: return location for an error of %DMS_ERROR
 *
 * Computes what is owed for a period. Pure: the same input gives the same result.
 *
 * Returns: (transfer full) (nullable) (element-type DmsLineItem): what is owed, perhaps nothing
 */
GPtrArray *
dms_billing_charge (DmsBilling *self,
                    DmsBillingTerms *terms,
                    GPtrArray *usage,
                    gint64 start_us,
                    gint64 end_us,
                    GError **error)
{
  g_return_val_if_fail (DMS_IS_BILLING (self), NULL);
  g_return_val_if_fail (terms != NULL, NULL);

  if (DMS_BILLING_GET_IFACE (self)->charge == NULL)
    {
      dms_contract_set_missing (self, "charge", error);
      return NULL;
    }
  return DMS_BILLING_GET_IFACE (self)->charge (self, terms, usage, start_us, end_us, error);
}
