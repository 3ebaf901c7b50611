/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "dms-types.h"

G_BEGIN_DECLS

#define DMS_TYPE_BILLING (dms_billing_get_type ())

DMS_EXPORT
G_DECLARE_INTERFACE (DmsBilling, dms_billing, DMS, BILLING, GObject)

/**
 * DmsBillingInterface:
 * @get_model: names the payment model, as contracts name it, such as `fixed_rental`
 * @dup_terms_schema: describes the details the model needs, as a JSON schema
 * @validate_terms: checks the details of a contract for this model
 * @charge: computes what is owed for a period. Pure: the same input gives the same result
 *
 * The contract of a payment model. Every function may be %NULL: the default answers %DMS_ERROR_NOT_SUPPORTED.
 */
struct _DmsBillingInterface
{
  GTypeInterface parent_iface;

  const char *(*get_model) (DmsBilling *self);

  JsonNode *(*dup_terms_schema) (DmsBilling *self);

  gboolean (*validate_terms) (DmsBilling *self, DmsBillingTerms *terms, GError **error);

  GPtrArray *(*charge) (DmsBilling *self,
                        DmsBillingTerms *terms,
                        GPtrArray *usage,
                        gint64 start_us,
                        gint64 end_us,
                        GError **error);

  /*< private >*/
  gpointer reserved[12];
};

DMS_EXPORT const char *dms_billing_get_model (DmsBilling *self);

DMS_EXPORT JsonNode *dms_billing_dup_terms_schema (DmsBilling *self);

DMS_EXPORT gboolean dms_billing_validate_terms (DmsBilling *self, DmsBillingTerms *terms, GError **error);

DMS_EXPORT GPtrArray *dms_billing_charge (DmsBilling *self,
                                          DmsBillingTerms *terms,
                                          GPtrArray *usage,
                                          gint64 start_us,
                                          gint64 end_us,
                                          GError **error);

G_END_DECLS
