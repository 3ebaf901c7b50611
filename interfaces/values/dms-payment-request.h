/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "dms-types.h"

G_BEGIN_DECLS

#define DMS_TYPE_PAYMENT_REQUEST (dms_payment_request_get_type ())

DMS_EXPORT GType dms_payment_request_get_type (void);

/* Who owes whom what. */
DMS_EXPORT DmsPaymentRequest *dms_payment_request_new (const char *id,
                                                       const char *from_address,
                                                       const char *to_address,
                                                       const char *amount,
                                                       const char *currency,
                                                       JsonObject *metadata);
DMS_EXPORT const char *dms_payment_request_get_id (DmsPaymentRequest *self);
DMS_EXPORT const char *dms_payment_request_get_from_address (DmsPaymentRequest *self);
DMS_EXPORT const char *dms_payment_request_get_to_address (DmsPaymentRequest *self);
DMS_EXPORT const char *dms_payment_request_get_amount (DmsPaymentRequest *self);
DMS_EXPORT const char *dms_payment_request_get_currency (DmsPaymentRequest *self);
DMS_EXPORT JsonObject *dms_payment_request_get_metadata (DmsPaymentRequest *self);

DMS_EXPORT DmsPaymentRequest *dms_payment_request_new_from_json (JsonNode *node, GError **error);
DMS_EXPORT JsonNode *dms_payment_request_to_json (DmsPaymentRequest *self);
DMS_EXPORT DmsPaymentRequest *dms_payment_request_ref (DmsPaymentRequest *self);
DMS_EXPORT void dms_payment_request_unref (DmsPaymentRequest *self);
DMS_EXPORT gboolean dms_payment_request_equal (DmsPaymentRequest *a, DmsPaymentRequest *b);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsPaymentRequest, dms_payment_request_unref)

G_END_DECLS
