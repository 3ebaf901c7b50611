/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "values/dms-payment-request.h"

#include "values/dms-value-private.h"

/**
 * DmsPaymentRequest:
 *
 * Who owes whom what. Immutable and counted.
 */
struct _DmsPaymentRequest
{
  char *id;
  char *from_address;
  char *to_address;
  char *amount;
  char *currency;
  JsonObject *metadata;
};

G_DEFINE_BOXED_TYPE (DmsPaymentRequest,
                     dms_payment_request,
                     dms_payment_request_ref,
                     dms_payment_request_unref)

/**
 * dms_payment_request_new:
 * @id: what is paid, the transaction's unique id
 * @from_address: (nullable): address that pays
 * @to_address: address that is paid
 * @amount: what is owed, a decimal number
 * @currency: currency
 * @metadata: (nullable): what else is known of it
 *
 * Makes a request.
 *
 * Returns: (transfer full): the value
 */
DmsPaymentRequest *
dms_payment_request_new (const char *id,
                         const char *from_address,
                         const char *to_address,
                         const char *amount,
                         const char *currency,
                         JsonObject *metadata)
{
  DmsPaymentRequest *self = g_atomic_rc_box_new0 (DmsPaymentRequest);

  self->id = g_strdup (id != NULL && id[0] != '\0' ? id : NULL);
  self->from_address = g_strdup (from_address != NULL && from_address[0] != '\0' ? from_address : NULL);
  self->to_address = g_strdup (to_address != NULL && to_address[0] != '\0' ? to_address : NULL);
  self->amount = g_strdup (amount != NULL && amount[0] != '\0' ? amount : NULL);
  self->currency = g_strdup (currency != NULL && currency[0] != '\0' ? currency : NULL);
  self->metadata = metadata != NULL ? dms_value_copy_object (metadata) : NULL;
  return self;
}

/**
 * dms_payment_request_get_id:
 * @self: a payment request
 *
 * Returns: (transfer none): what is paid, the transaction's unique id
 */
const char *
dms_payment_request_get_id (DmsPaymentRequest *self)
{
  return self->id;
}

/**
 * dms_payment_request_get_from_address:
 * @self: a payment request
 *
 * Returns: (transfer none) (nullable): address that pays
 */
const char *
dms_payment_request_get_from_address (DmsPaymentRequest *self)
{
  return self->from_address;
}

/**
 * dms_payment_request_get_to_address:
 * @self: a payment request
 *
 * Returns: (transfer none): address that is paid
 */
const char *
dms_payment_request_get_to_address (DmsPaymentRequest *self)
{
  return self->to_address;
}

/**
 * dms_payment_request_get_amount:
 * @self: a payment request
 *
 * Returns: (transfer none): what is owed, a decimal number
 */
const char *
dms_payment_request_get_amount (DmsPaymentRequest *self)
{
  return self->amount;
}

/**
 * dms_payment_request_get_currency:
 * @self: a payment request
 *
 * Returns: (transfer none): currency
 */
const char *
dms_payment_request_get_currency (DmsPaymentRequest *self)
{
  return self->currency;
}

/**
 * dms_payment_request_get_metadata:
 * @self: a payment request
 *
 * Returns: (transfer none) (nullable): what else is known of it
 */
JsonObject *
dms_payment_request_get_metadata (DmsPaymentRequest *self)
{
  return self->metadata;
}

/**
 * dms_payment_request_new_from_json:
 * @node: (nullable): members named after the getters
 * @error: return location for %DMS_ERROR_INVALID_DATA
 *
 * Returns: (transfer full) (nullable): the value
 */
DmsPaymentRequest *
dms_payment_request_new_from_json (JsonNode *node, GError **error)
{
  DmsValueReader reader;
  g_autoptr (DmsPaymentRequest) self = g_atomic_rc_box_new0 (DmsPaymentRequest);

  dms_value_reader_open (&reader, node, "payment request");
  self->id = g_strdup (dms_value_reader_get_text (&reader, "id"));
  self->from_address = g_strdup (dms_value_reader_get_text (&reader, "from_address"));
  self->to_address = g_strdup (dms_value_reader_get_text (&reader, "to_address"));
  self->amount = g_strdup (dms_value_reader_get_text (&reader, "amount"));
  self->currency = g_strdup (dms_value_reader_get_text (&reader, "currency"));
  self->metadata = dms_value_reader_copy_object (&reader, "metadata");
  if (self->id == NULL)
    dms_value_reader_fail (&reader, "id", "is missing");
  if (self->to_address == NULL)
    dms_value_reader_fail (&reader, "to_address", "is missing");
  if (self->amount == NULL)
    dms_value_reader_fail (&reader, "amount", "is missing");
  if (self->currency == NULL)
    dms_value_reader_fail (&reader, "currency", "is missing");
  dms_value_reader_check_decimal (&reader, "amount", self->amount);
  if (!dms_value_reader_close (&reader, error))
    return NULL;
  return g_steal_pointer (&self);
}

/**
 * dms_payment_request_to_json:
 * @self: a payment request
 *
 * Returns: (transfer full): members named after the getters
 */
JsonNode *
dms_payment_request_to_json (DmsPaymentRequest *self)
{
  JsonObject *object = json_object_new ();

  dms_value_set_text (object, "id", self->id);
  dms_value_set_text (object, "from_address", self->from_address);
  dms_value_set_text (object, "to_address", self->to_address);
  dms_value_set_text (object, "amount", self->amount);
  dms_value_set_text (object, "currency", self->currency);
  if (self->metadata != NULL)
    json_object_set_object_member (object, "metadata", json_object_ref (self->metadata));
  return dms_value_take_object (object);
}

/**
 * dms_payment_request_ref:
 * @self: a payment request
 *
 * Returns: (transfer full): @self
 */
DmsPaymentRequest *
dms_payment_request_ref (DmsPaymentRequest *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
dms_payment_request_clear (gpointer data)
{
  DmsPaymentRequest *self = data;

  g_free (self->id);
  g_free (self->from_address);
  g_free (self->to_address);
  g_free (self->amount);
  g_free (self->currency);
  g_clear_pointer (&self->metadata, json_object_unref);
}

/**
 * dms_payment_request_unref:
 * @self: (transfer full): a payment request
 *
 * Gives up a reference.
 */
void
dms_payment_request_unref (DmsPaymentRequest *self)
{
  g_atomic_rc_box_release_full (self, dms_payment_request_clear);
}

/**
 * dms_payment_request_equal:
 * @a: a payment request
 * @b: another
 *
 * Returns: whether both say the same
 */
gboolean
dms_payment_request_equal (DmsPaymentRequest *a, DmsPaymentRequest *b)
{
  return g_strcmp0 (a->id, b->id) == 0
         && g_strcmp0 (a->from_address, b->from_address) == 0
         && g_strcmp0 (a->to_address, b->to_address) == 0
         && g_strcmp0 (a->amount, b->amount) == 0
         && g_strcmp0 (a->currency, b->currency) == 0
         && dms_value_object_equal (a->metadata, b->metadata);
}
