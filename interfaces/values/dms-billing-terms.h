/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "dms-types.h"

G_BEGIN_DECLS

#define DMS_TYPE_BILLING_TERMS (dms_billing_terms_get_type ())

DMS_EXPORT GType dms_billing_terms_get_type (void);

/* What was agreed about paying. */
DMS_EXPORT DmsBillingTerms *dms_billing_terms_new (const char *model,
                                                   const char *currency,
                                                   JsonObject *details);
DMS_EXPORT const char *dms_billing_terms_get_model (DmsBillingTerms *self);
DMS_EXPORT const char *dms_billing_terms_get_currency (DmsBillingTerms *self);
DMS_EXPORT JsonObject *dms_billing_terms_get_details (DmsBillingTerms *self);

DMS_EXPORT DmsBillingTerms *dms_billing_terms_new_from_json (JsonNode *node, GError **error);
DMS_EXPORT JsonNode *dms_billing_terms_to_json (DmsBillingTerms *self);
DMS_EXPORT DmsBillingTerms *dms_billing_terms_ref (DmsBillingTerms *self);
DMS_EXPORT void dms_billing_terms_unref (DmsBillingTerms *self);
DMS_EXPORT gboolean dms_billing_terms_equal (DmsBillingTerms *a, DmsBillingTerms *b);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsBillingTerms, dms_billing_terms_unref)

G_END_DECLS
