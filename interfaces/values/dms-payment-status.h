/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "dms-types.h"

G_BEGIN_DECLS

/**
 * DmsPaymentState:
 * @DMS_PAYMENT_UNPAID: nothing was paid
 * @DMS_PAYMENT_PENDING: a transaction is there but not final yet
 * @DMS_PAYMENT_PAID: it is paid
 * @DMS_PAYMENT_REJECTED: the transaction does not pay this
 *
 * Where a payment stands.
 */
typedef enum {
  DMS_PAYMENT_UNPAID,
  DMS_PAYMENT_PENDING,
  DMS_PAYMENT_PAID,
  DMS_PAYMENT_REJECTED,
} DmsPaymentState;

#define DMS_TYPE_PAYMENT_STATUS (dms_payment_status_get_type ())

DMS_EXPORT GType dms_payment_status_get_type (void);

/* Where a payment stands. */
DMS_EXPORT DmsPaymentStatus *dms_payment_status_new (DmsPaymentState state,
                                                     const char *tx_hash,
                                                     const char *amount,
                                                     guint confirmations,
                                                     const char *message);
DMS_EXPORT DmsPaymentState dms_payment_status_get_state (DmsPaymentStatus *self);
DMS_EXPORT const char *dms_payment_status_get_tx_hash (DmsPaymentStatus *self);
DMS_EXPORT const char *dms_payment_status_get_amount (DmsPaymentStatus *self);
DMS_EXPORT guint dms_payment_status_get_confirmations (DmsPaymentStatus *self);
DMS_EXPORT const char *dms_payment_status_get_message (DmsPaymentStatus *self);

DMS_EXPORT DmsPaymentStatus *dms_payment_status_new_from_json (JsonNode *node, GError **error);
DMS_EXPORT JsonNode *dms_payment_status_to_json (DmsPaymentStatus *self);
DMS_EXPORT DmsPaymentStatus *dms_payment_status_ref (DmsPaymentStatus *self);
DMS_EXPORT void dms_payment_status_unref (DmsPaymentStatus *self);
DMS_EXPORT gboolean dms_payment_status_equal (DmsPaymentStatus *a, DmsPaymentStatus *b);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsPaymentStatus, dms_payment_status_unref)

G_END_DECLS
