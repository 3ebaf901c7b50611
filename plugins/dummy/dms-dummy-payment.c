/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-dummy-payment.h"

#include <string.h>

/* The way to pay `dummy`: money of no worth. The transaction `paid:<id>` pays the request of that id. */
struct _DmsDummyPayment
{
  GObject parent_instance;
};

static void dms_dummy_payment_iface_init (DmsPaymentInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (DmsDummyPayment,
                               dms_dummy_payment,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (DMS_TYPE_PAYMENT, dms_dummy_payment_iface_init))

static void
dms_dummy_payment_class_init (DmsDummyPaymentClass *klass)
{
}

static void
dms_dummy_payment_init (DmsDummyPayment *self)
{
}

static const char *
dms_dummy_payment_get_id (DmsPayment *payment)
{
  return "dummy";
}

static gboolean
dms_dummy_payment_validate_address (DmsPayment *payment, const char *address, GError **error)
{
  if (g_str_has_prefix (address, "dummy:") && address[strlen ("dummy:")] != '\0')
    return TRUE;
  g_set_error (error, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT, "“%s” is no address: it must begin with dummy:",
               address);
  return FALSE;
}

static GTask *
dms_dummy_payment_new_task (DmsPayment *payment,
                            gpointer tag,
                            GCancellable *cancellable,
                            GAsyncReadyCallback callback,
                            gpointer user_data)
{
  GTask *task = g_task_new (payment, cancellable, callback, user_data);

  g_task_set_source_tag (task, tag);
  return task;
}

static void
dms_dummy_payment_quote_async (DmsPayment *payment,
                               DmsPaymentRequest *request,
                               GCancellable *cancellable,
                               GAsyncReadyCallback callback,
                               gpointer user_data)
{
  g_autoptr (GTask) task = dms_dummy_payment_new_task (payment, dms_dummy_payment_quote_async, cancellable,
                                                       callback, user_data);
  const char *amount = dms_payment_request_get_amount (request);

  g_task_return_pointer (task,
                         dms_payment_quote_new (dms_payment_request_get_id (request),
                                                amount,
                                                dms_payment_request_get_currency (request),
                                                amount,
                                                "DUMMY",
                                                "1",
                                                g_get_real_time () + 120 * G_USEC_PER_SEC),
                         (GDestroyNotify) dms_payment_quote_unref);
}

static DmsPaymentQuote *
dms_dummy_payment_quote_finish (DmsPayment *payment, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
dms_dummy_payment_request_async (DmsPayment *payment,
                                 DmsPaymentRequest *request,
                                 GCancellable *cancellable,
                                 GAsyncReadyCallback callback,
                                 gpointer user_data)
{
  g_autoptr (GTask) task = dms_dummy_payment_new_task (payment, dms_dummy_payment_request_async, cancellable,
                                                       callback, user_data);
  GError *error = NULL;

  if (!dms_dummy_payment_validate_address (payment, dms_payment_request_get_to_address (request), &error))
    g_task_return_error (task, error);
  else
    g_task_return_pointer (task, dms_payment_status_new (DMS_PAYMENT_UNPAID, NULL, NULL, 0, NULL),
                           (GDestroyNotify) dms_payment_status_unref);
}

static DmsPaymentStatus *
dms_dummy_payment_finish_status (DmsPayment *payment, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
dms_dummy_payment_check_transaction_async (DmsPayment *payment,
                                           DmsPaymentRequest *request,
                                           const char *tx_hash,
                                           GCancellable *cancellable,
                                           GAsyncReadyCallback callback,
                                           gpointer user_data)
{
  g_autoptr (GTask) task = dms_dummy_payment_new_task (payment, dms_dummy_payment_check_transaction_async,
                                                       cancellable, callback, user_data);
  g_autofree char *expected = g_strconcat ("paid:", dms_payment_request_get_id (request), NULL);
  DmsPaymentStatus *status = NULL;

  if (strcmp (tx_hash, expected) == 0)
    status =
        dms_payment_status_new (DMS_PAYMENT_PAID, tx_hash, dms_payment_request_get_amount (request), 1, NULL);
  else
    status = dms_payment_status_new (
        DMS_PAYMENT_REJECTED, tx_hash, NULL, 0, "the transaction pays something else");
  g_task_return_pointer (task, status, (GDestroyNotify) dms_payment_status_unref);
}

static void
dms_dummy_payment_settle_async (DmsPayment *payment,
                                DmsPaymentRequest *request,
                                GCancellable *cancellable,
                                GAsyncReadyCallback callback,
                                gpointer user_data)
{
  g_autoptr (GTask) task = dms_dummy_payment_new_task (payment, dms_dummy_payment_settle_async, cancellable,
                                                       callback, user_data);
  g_autofree char *hash = g_strconcat ("paid:", dms_payment_request_get_id (request), NULL);

  g_task_return_pointer (
      task,
      dms_payment_status_new (DMS_PAYMENT_PAID, hash, dms_payment_request_get_amount (request), 1, NULL),
      (GDestroyNotify) dms_payment_status_unref);
}

static void
dms_dummy_payment_iface_init (DmsPaymentInterface *iface)
{
  iface->get_id = dms_dummy_payment_get_id;
  iface->validate_address = dms_dummy_payment_validate_address;
  iface->quote_async = dms_dummy_payment_quote_async;
  iface->quote_finish = dms_dummy_payment_quote_finish;
  iface->request_async = dms_dummy_payment_request_async;
  iface->request_finish = dms_dummy_payment_finish_status;
  iface->check_transaction_async = dms_dummy_payment_check_transaction_async;
  iface->check_transaction_finish = dms_dummy_payment_finish_status;
  iface->settle_async = dms_dummy_payment_settle_async;
  iface->settle_finish = dms_dummy_payment_finish_status;
}
