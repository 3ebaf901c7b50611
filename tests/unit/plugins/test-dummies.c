/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <string.h>

#include <glib/gstdio.h>

#include <dms.h>

#include "dms-dummy-benchmark.h"
#include "dms-dummy-billing.h"
#include "dms-dummy-payment.h"
#include "dms-dummy-storage.h"
#include "dms-dummy-transport.h"

static void
on_done (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GAsyncResult **slot = user_data;

  *slot = g_object_ref (result);
}

static void
run_until (GAsyncResult **slot)
{
  while (*slot == NULL)
    g_main_context_iteration (NULL, TRUE);
}

static void
test_billing (void)
{
  g_autoptr (DmsBilling) billing = g_object_new (DMS_TYPE_DUMMY_BILLING, NULL);
  g_autoptr (JsonObject) details = json_object_new ();
  g_autoptr (DmsBillingTerms) empty = dms_billing_terms_new ("dummy", "NTX", NULL);
  g_autoptr (DmsBillingTerms) terms = NULL;
  g_autoptr (GPtrArray) usage = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_usage_record_unref);
  g_autoptr (GPtrArray) items = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_false (dms_billing_validate_terms (billing, empty, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);
  json_object_set_string_member (details, "price", "0.10000001");
  terms = dms_billing_terms_new ("dummy", "NTX", details);
  g_assert_true (dms_billing_validate_terms (billing, terms, NULL));
  g_ptr_array_add (usage, dms_usage_record_new ("d", "before", NULL, 1, 10));
  g_ptr_array_add (usage, dms_usage_record_new ("d", "within", NULL, 12, 15));
  g_ptr_array_add (usage, dms_usage_record_new ("d", "open", NULL, 1, 0));
  g_ptr_array_add (usage, dms_usage_record_new ("d", "after", NULL, 20, 0));
  items = dms_billing_charge (billing, terms, usage, 10, 20, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (items->len, ==, 2);
  g_assert_cmpstr (dms_line_item_get_description (g_ptr_array_index (items, 0)), ==, "within");
  g_assert_cmpstr (dms_line_item_get_amount (g_ptr_array_index (items, 1)), ==, "0.10000001");
}

static DmsPaymentState
check_transaction (DmsPayment *payment, DmsPaymentRequest *request, const char *hash)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (DmsPaymentStatus) status = NULL;

  dms_payment_check_transaction_async (payment, request, hash, NULL, on_done, &result);
  run_until (&result);
  status = dms_payment_check_transaction_finish (payment, result, NULL);
  g_assert_nonnull (status);
  return dms_payment_status_get_state (status);
}

static void
test_payment (void)
{
  g_autoptr (DmsPayment) payment = g_object_new (DMS_TYPE_DUMMY_PAYMENT, NULL);
  g_autoptr (DmsPaymentRequest) request =
      dms_payment_request_new ("7", NULL, "dummy:me", "1.5", "USDT", NULL);
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (DmsPaymentStatus) status = NULL;

  g_assert_true (dms_payment_validate_address (payment, "dummy:me", NULL));
  g_assert_false (dms_payment_validate_address (payment, "0x0", NULL));
  dms_payment_settle_async (payment, request, NULL, on_done, &result);
  run_until (&result);
  status = dms_payment_settle_finish (payment, result, NULL);
  g_assert_cmpint (dms_payment_status_get_state (status), ==, DMS_PAYMENT_PAID);
  g_assert_cmpint (check_transaction (payment, request, dms_payment_status_get_tx_hash (status)), ==,
                   DMS_PAYMENT_PAID);
  g_assert_cmpint (check_transaction (payment, request, "paid:8"), ==, DMS_PAYMENT_REJECTED);
}

static void
on_progress (const char *stage, double fraction, gpointer user_data)
{
  double *last = user_data;

  g_assert_cmpfloat (fraction, >, *last);
  *last = fraction;
}

static void
test_benchmark (void)
{
  g_autoptr (DmsBenchmark) benchmark = g_object_new (DMS_TYPE_DUMMY_BENCHMARK, NULL);
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (DmsBenchmarkResult) measured = NULL;
  double last = 0;

  dms_benchmark_run_async (benchmark, 10, NULL, on_progress, &last, NULL, on_done, &result);
  run_until (&result);
  measured = dms_benchmark_run_finish (benchmark, result, NULL);
  g_assert_cmpfloat (last, ==, 1);
  g_assert_cmpfloat (dms_benchmark_result_get_score (measured), ==, 2);
  g_assert_cmpuint (dms_benchmark_result_get_samples (measured)->len, ==, 3);
}

static void
test_storage (void)
{
  g_autoptr (DmsStorage) storage = g_object_new (DMS_TYPE_DUMMY_STORAGE, NULL);
  g_autofree char *directory = g_dir_make_tmp ("dms-storage-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (directory, "a.txt", NULL);
  g_autoptr (DmsVolume) volume = dms_volume_new ("local", NULL, directory, NULL, FALSE, NULL);
  g_autoptr (JsonObject) params = json_object_new ();
  g_autoptr (GAsyncResult) stored = NULL;
  g_autoptr (GAsyncResult) fetched = NULL;
  g_autoptr (GAsyncResult) mounted = NULL;
  g_autoptr (DmsContentRecord) record = NULL;
  g_autoptr (DmsVolume) copy = NULL;
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;

  json_object_set_string_member (params, "name", "../a.txt");
  g_assert_false (dms_storage_validate (storage, params, NULL));
  json_object_set_string_member (params, "name", "a.txt");
  g_assert_true (dms_storage_validate (storage, params, NULL));
  g_assert_true (g_file_set_contents (path, "hello", -1, NULL));
  dms_storage_store_async (storage, volume, params, NULL, NULL, NULL, NULL, on_done, &stored);
  run_until (&stored);
  record = dms_storage_store_finish (storage, stored, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (dms_content_record_get_size_bytes (record), ==, 5);
  g_assert_cmpint (g_unlink (path), ==, 0);
  dms_storage_fetch_async (storage, params, directory, NULL, NULL, NULL, NULL, on_done, &fetched);
  run_until (&fetched);
  copy = dms_storage_fetch_finish (storage, fetched, &error);
  g_assert_no_error (error);
  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  g_assert_cmpstr (text, ==, "hello");
  /* What a plugin leaves out answers by itself. */
  dms_storage_mount_async (storage, params, directory, NULL, on_done, &mounted);
  run_until (&mounted);
  g_assert_null (dms_storage_mount_finish (storage, mounted, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_NOT_SUPPORTED);
  g_unlink (path);
  g_rmdir (directory);
}

static gboolean
on_message (DmsTransport *transport, const char *inbox, DmsPeerId *from, GBytes *bytes, gpointer user_data)
{
  char **text = user_data;

  g_assert_nonnull (from);
  *text = g_strdup_printf ("%s:%.*s", inbox, (int) g_bytes_get_size (bytes),
                           (const char *) g_bytes_get_data (bytes, NULL));
  return TRUE;
}

static void
test_transport (void)
{
  static const guint8 seed[32] = { 1, 2, 3 };
  g_autoptr (DmsTransport) transport = g_object_new (DMS_TYPE_DUMMY_TRANSPORT, NULL);
  g_autoptr (GBytes) secret = g_bytes_new_static (seed, sizeof seed);
  g_autoptr (DmsTransportConfig) config = dms_transport_config_new (secret, NULL, NULL, NULL, NULL);
  g_autoptr (GBytes) hello = g_bytes_new_static ("hello", 5);
  g_autoptr (GBytes) large = g_bytes_new_take (g_malloc0 (DMS_TRANSPORT_MAX_MESSAGE_SIZE + 1),
                                               DMS_TRANSPORT_MAX_MESSAGE_SIZE + 1);
  g_autoptr (GAsyncResult) started = NULL;
  g_autoptr (GAsyncResult) sent = NULL;
  g_autoptr (GAsyncResult) refused = NULL;
  g_autoptr (DmsPeerId) peer = NULL;
  g_autoptr (GPtrArray) peers = NULL;
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;

  dms_transport_set_inbox_handler (transport, on_message, &text, NULL);
  dms_transport_start_async (transport, config, NULL, on_done, &started);
  run_until (&started);
  g_assert_true (dms_transport_start_finish (transport, started, NULL));
  peer = dms_transport_dup_peer_id (transport);
  dms_transport_send_message_async (transport, peer, "root", hello, NULL, on_done, &sent);
  g_assert_null (text);
  run_until (&sent);
  g_assert_true (dms_transport_send_message_finish (transport, sent, NULL));
  while (text == NULL)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpstr (text, ==, "root:hello");
  dms_transport_send_message_async (transport, peer, "root", large, NULL, on_done, &refused);
  run_until (&refused);
  g_assert_false (dms_transport_send_message_finish (transport, refused, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_TOO_LARGE);
  peers = dms_transport_list_peers (transport);
  g_assert_cmpuint (peers->len, ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/dummies/billing", test_billing);
  g_test_add_func ("/dummies/payment", test_payment);
  g_test_add_func ("/dummies/benchmark", test_benchmark);
  g_test_add_func ("/dummies/storage", test_storage);
  g_test_add_func ("/dummies/transport", test_transport);
  return g_test_run ();
}
