/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "tokenomics/dms-payment.h"

#include "dms-contract-private.h"

/**
 * DmsPayment:
 *
 * A way to pay. See #DmsPaymentInterface.
 */

G_DEFINE_INTERFACE (DmsPayment, dms_payment, G_TYPE_OBJECT)

static void
dms_payment_default_init (DmsPaymentInterface *iface)
{
}

/**
 * dms_payment_get_id:
 * @self: a payment
 *
 * Names the way to pay, such as `ETHEREUM`.
 *
 * Returns: (transfer none): the constant name
 */
const char *
dms_payment_get_id (DmsPayment *self)
{
  g_return_val_if_fail (DMS_IS_PAYMENT (self), "");

  if (DMS_PAYMENT_GET_IFACE (self)->get_id == NULL)
    return "";
  return DMS_PAYMENT_GET_IFACE (self)->get_id (self);
}

/**
 * dms_payment_validate_address:
 * @self: a payment
 * @address: an address
 * @error: return location for an error of %DMS_ERROR
 *
 * Checks an address without asking anybody.
 *
 * Returns: whether money can be sent there
 */
gboolean
dms_payment_validate_address (DmsPayment *self, const char *address, GError **error)
{
  g_return_val_if_fail (DMS_IS_PAYMENT (self), FALSE);
  g_return_val_if_fail (address != NULL, FALSE);

  if (DMS_PAYMENT_GET_IFACE (self)->validate_address == NULL)
    {
      dms_contract_set_missing (self, "validate-address", error);
      return FALSE;
    }
  return DMS_PAYMENT_GET_IFACE (self)->validate_address (self, address, error);
}

/**
 * dms_payment_quote_async:
 * @self: a payment
 * @request: who owes whom what
 * @cancellable: (nullable): cancels the call
 * @callback: (scope async): called when it is done
 * @user_data: (closure): data for @callback
 *
 * Converts an amount into the currency that is paid.
 */
void
dms_payment_quote_async (DmsPayment *self,
                         DmsPaymentRequest *request,
                         GCancellable *cancellable,
                         GAsyncReadyCallback callback,
                         gpointer user_data)
{
  g_return_if_fail (DMS_IS_PAYMENT (self));
  g_return_if_fail (request != NULL);
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  if (DMS_PAYMENT_GET_IFACE (self)->quote_async == NULL)
    {
      dms_contract_report_missing (self, dms_payment_quote_async, "quote", callback, user_data);
      return;
    }
  DMS_PAYMENT_GET_IFACE (self)->quote_async (self, request, cancellable, callback, user_data);
}

/**
 * dms_payment_quote_finish:
 * @self: a payment
 * @result: what the callback got
 * @error: return location for an error of %DMS_ERROR
 *
 * Finishes dms_payment_quote_async().
 *
 * Returns: (transfer full) (nullable): an offer that stands for a while
 */
DmsPaymentQuote *
dms_payment_quote_finish (DmsPayment *self, GAsyncResult *result, GError **error)
{
  DmsPaymentQuote *value = NULL;

  g_return_val_if_fail (DMS_IS_PAYMENT (self), NULL);

  if (dms_contract_is_missing (self, dms_payment_quote_async, result, error))
    return NULL;
  value = DMS_PAYMENT_GET_IFACE (self)->quote_finish (self, result, error);
  dms_contract_adopt_error (error);
  return value;
}

/**
 * dms_payment_request_async:
 * @self: a payment
 * @request: who owes whom what
 * @cancellable: (nullable): cancels the call
 * @callback: (scope async): called when it is done
 * @user_data: (closure): data for @callback
 *
 * Asks for a payment.
 */
void
dms_payment_request_async (DmsPayment *self,
                           DmsPaymentRequest *request,
                           GCancellable *cancellable,
                           GAsyncReadyCallback callback,
                           gpointer user_data)
{
  g_return_if_fail (DMS_IS_PAYMENT (self));
  g_return_if_fail (request != NULL);
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  if (DMS_PAYMENT_GET_IFACE (self)->request_async == NULL)
    {
      dms_contract_report_missing (self, dms_payment_request_async, "request", callback, user_data);
      return;
    }
  DMS_PAYMENT_GET_IFACE (self)->request_async (self, request, cancellable, callback, user_data);
}

/**
 * dms_payment_request_finish:
 * @self: a payment
 * @result: what the callback got
 * @error: return location for an error of %DMS_ERROR
 *
 * Finishes dms_payment_request_async().
 *
 * Returns: (transfer full) (nullable): where the payment stands
 */
DmsPaymentStatus *
dms_payment_request_finish (DmsPayment *self, GAsyncResult *result, GError **error)
{
  DmsPaymentStatus *value = NULL;

  g_return_val_if_fail (DMS_IS_PAYMENT (self), NULL);

  if (dms_contract_is_missing (self, dms_payment_request_async, result, error))
    return NULL;
  value = DMS_PAYMENT_GET_IFACE (self)->request_finish (self, result, error);
  dms_contract_adopt_error (error);
  return value;
}

/**
 * dms_payment_check_transaction_async:
 * @self: a payment
 * @request: who owes whom what
 * @tx_hash: the transaction
 * @cancellable: (nullable): cancels the call
 * @callback: (scope async): called when it is done
 * @user_data: (closure): data for @callback
 *
 * Finds out whether a transaction pays what is owed.
 */
void
dms_payment_check_transaction_async (DmsPayment *self,
                                     DmsPaymentRequest *request,
                                     const char *tx_hash,
                                     GCancellable *cancellable,
                                     GAsyncReadyCallback callback,
                                     gpointer user_data)
{
  g_return_if_fail (DMS_IS_PAYMENT (self));
  g_return_if_fail (request != NULL);
  g_return_if_fail (tx_hash != NULL);
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  if (DMS_PAYMENT_GET_IFACE (self)->check_transaction_async == NULL)
    {
      dms_contract_report_missing (
          self, dms_payment_check_transaction_async, "check-transaction", callback, user_data);
      return;
    }
  DMS_PAYMENT_GET_IFACE (self)->check_transaction_async (self,
                                                         request,
                                                         tx_hash,
                                                         cancellable,
                                                         callback,
                                                         user_data);
}

/**
 * dms_payment_check_transaction_finish:
 * @self: a payment
 * @result: what the callback got
 * @error: return location for an error of %DMS_ERROR
 *
 * Finishes dms_payment_check_transaction_async().
 *
 * Returns: (transfer full) (nullable): where the payment stands
 */
DmsPaymentStatus *
dms_payment_check_transaction_finish (DmsPayment *self, GAsyncResult *result, GError **error)
{
  DmsPaymentStatus *value = NULL;

  g_return_val_if_fail (DMS_IS_PAYMENT (self), NULL);

  if (dms_contract_is_missing (self, dms_payment_check_transaction_async, result, error))
    return NULL;
  value = DMS_PAYMENT_GET_IFACE (self)->check_transaction_finish (self, result, error);
  dms_contract_adopt_error (error);
  return value;
}

/**
 * dms_payment_settle_async:
 * @self: a payment
 * @request: who owes whom what
 * @cancellable: (nullable): cancels the call
 * @callback: (scope async): called when it is done
 * @user_data: (closure): data for @callback
 *
 * Pays what is owed, where this program holds the means.
 */
void
dms_payment_settle_async (DmsPayment *self,
                          DmsPaymentRequest *request,
                          GCancellable *cancellable,
                          GAsyncReadyCallback callback,
                          gpointer user_data)
{
  g_return_if_fail (DMS_IS_PAYMENT (self));
  g_return_if_fail (request != NULL);
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  if (DMS_PAYMENT_GET_IFACE (self)->settle_async == NULL)
    {
      dms_contract_report_missing (self, dms_payment_settle_async, "settle", callback, user_data);
      return;
    }
  DMS_PAYMENT_GET_IFACE (self)->settle_async (self, request, cancellable, callback, user_data);
}

/**
 * dms_payment_settle_finish:
 * @self: a payment
 * @result: what the callback got
 * @error: return location for an error of %DMS_ERROR
 *
 * Finishes dms_payment_settle_async().
 *
 * Returns: (transfer full) (nullable): where the payment stands
 */
DmsPaymentStatus *
dms_payment_settle_finish (DmsPayment *self, GAsyncResult *result, GError **error)
{
  DmsPaymentStatus *value = NULL;

  g_return_val_if_fail (DMS_IS_PAYMENT (self), NULL);

  if (dms_contract_is_missing (self, dms_payment_settle_async, result, error))
    return NULL;
  value = DMS_PAYMENT_GET_IFACE (self)->settle_finish (self, result, error);
  dms_contract_adopt_error (error);
  return value;
}
