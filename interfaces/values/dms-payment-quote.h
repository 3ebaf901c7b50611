/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "dms-types.h"

G_BEGIN_DECLS

#define DMS_TYPE_PAYMENT_QUOTE (dms_payment_quote_get_type ())

DMS_EXPORT GType dms_payment_quote_get_type (void);

/* An offer to pay an amount in another currency. */
DMS_EXPORT DmsPaymentQuote *dms_payment_quote_new (const char *id,
                                                   const char *original_amount,
                                                   const char *pricing_currency,
                                                   const char *converted_amount,
                                                   const char *payment_currency,
                                                   const char *exchange_rate,
                                                   gint64 expires_us);
DMS_EXPORT const char *dms_payment_quote_get_id (DmsPaymentQuote *self);
DMS_EXPORT const char *dms_payment_quote_get_original_amount (DmsPaymentQuote *self);
DMS_EXPORT const char *dms_payment_quote_get_pricing_currency (DmsPaymentQuote *self);
DMS_EXPORT const char *dms_payment_quote_get_converted_amount (DmsPaymentQuote *self);
DMS_EXPORT const char *dms_payment_quote_get_payment_currency (DmsPaymentQuote *self);
DMS_EXPORT const char *dms_payment_quote_get_exchange_rate (DmsPaymentQuote *self);
DMS_EXPORT gint64 dms_payment_quote_get_expires_us (DmsPaymentQuote *self);

DMS_EXPORT DmsPaymentQuote *dms_payment_quote_new_from_json (JsonNode *node, GError **error);
DMS_EXPORT JsonNode *dms_payment_quote_to_json (DmsPaymentQuote *self);
DMS_EXPORT DmsPaymentQuote *dms_payment_quote_ref (DmsPaymentQuote *self);
DMS_EXPORT void dms_payment_quote_unref (DmsPaymentQuote *self);
DMS_EXPORT gboolean dms_payment_quote_equal (DmsPaymentQuote *a, DmsPaymentQuote *b);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsPaymentQuote, dms_payment_quote_unref)

G_END_DECLS
