/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "dms-types.h"

G_BEGIN_DECLS

#define DMS_TYPE_PAYMENT (dms_payment_get_type ())

DMS_EXPORT
G_DECLARE_INTERFACE (DmsPayment, dms_payment, DMS, PAYMENT, GObject)

/**
 * DmsPaymentInterface:
 * @get_id: names the way to pay, such as `ETHEREUM`
 * @validate_address: checks an address without asking anybody
 * @quote_async: converts an amount into the currency that is paid
 * @quote_finish: finishes @quote_async
 * @request_async: asks for a payment
 * @request_finish: finishes @request_async
 * @check_transaction_async: finds out whether a transaction pays what is owed
 * @check_transaction_finish: finishes @check_transaction_async
 * @settle_async: pays what is owed, where this program holds the means
 * @settle_finish: finishes @settle_async
 *
 * The contract of a way to pay. Every function may be %NULL: the default answers %DMS_ERROR_NOT_SUPPORTED.
 */
struct _DmsPaymentInterface
{
  GTypeInterface parent_iface;

  const char *(*get_id) (DmsPayment *self);

  gboolean (*validate_address) (DmsPayment *self, const char *address, GError **error);

  void (*quote_async) (DmsPayment *self,
                       DmsPaymentRequest *request,
                       GCancellable *cancellable,
                       GAsyncReadyCallback callback,
                       gpointer user_data);
  DmsPaymentQuote *(*quote_finish) (DmsPayment *self, GAsyncResult *result, GError **error);

  void (*request_async) (DmsPayment *self,
                         DmsPaymentRequest *request,
                         GCancellable *cancellable,
                         GAsyncReadyCallback callback,
                         gpointer user_data);
  DmsPaymentStatus *(*request_finish) (DmsPayment *self, GAsyncResult *result, GError **error);

  void (*check_transaction_async) (DmsPayment *self,
                                   DmsPaymentRequest *request,
                                   const char *tx_hash,
                                   GCancellable *cancellable,
                                   GAsyncReadyCallback callback,
                                   gpointer user_data);
  DmsPaymentStatus *(*check_transaction_finish) (DmsPayment *self, GAsyncResult *result, GError **error);

  void (*settle_async) (DmsPayment *self,
                        DmsPaymentRequest *request,
                        GCancellable *cancellable,
                        GAsyncReadyCallback callback,
                        gpointer user_data);
  DmsPaymentStatus *(*settle_finish) (DmsPayment *self, GAsyncResult *result, GError **error);

  /*< private >*/
  gpointer reserved[12];
};

DMS_EXPORT const char *dms_payment_get_id (DmsPayment *self);

DMS_EXPORT gboolean dms_payment_validate_address (DmsPayment *self, const char *address, GError **error);

DMS_EXPORT void dms_payment_quote_async (DmsPayment *self,
                                         DmsPaymentRequest *request,
                                         GCancellable *cancellable,
                                         GAsyncReadyCallback callback,
                                         gpointer user_data);
DMS_EXPORT DmsPaymentQuote *dms_payment_quote_finish (DmsPayment *self,
                                                      GAsyncResult *result,
                                                      GError **error);

DMS_EXPORT void dms_payment_request_async (DmsPayment *self,
                                           DmsPaymentRequest *request,
                                           GCancellable *cancellable,
                                           GAsyncReadyCallback callback,
                                           gpointer user_data);
DMS_EXPORT DmsPaymentStatus *dms_payment_request_finish (DmsPayment *self,
                                                         GAsyncResult *result,
                                                         GError **error);

DMS_EXPORT void dms_payment_check_transaction_async (DmsPayment *self,
                                                     DmsPaymentRequest *request,
                                                     const char *tx_hash,
                                                     GCancellable *cancellable,
                                                     GAsyncReadyCallback callback,
                                                     gpointer user_data);
DMS_EXPORT DmsPaymentStatus *dms_payment_check_transaction_finish (DmsPayment *self,
                                                                   GAsyncResult *result,
                                                                   GError **error);

DMS_EXPORT void dms_payment_settle_async (DmsPayment *self,
                                          DmsPaymentRequest *request,
                                          GCancellable *cancellable,
                                          GAsyncReadyCallback callback,
                                          gpointer user_data);
DMS_EXPORT DmsPaymentStatus *dms_payment_settle_finish (DmsPayment *self,
                                                        GAsyncResult *result,
                                                        GError **error);

G_END_DECLS
