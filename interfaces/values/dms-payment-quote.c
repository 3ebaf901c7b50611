/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "values/dms-payment-quote.h"

#include "values/dms-value-private.h"

/**
 * DmsPaymentQuote:
 *
 * An offer to pay an amount in another currency. Immutable and counted.
 */
struct _DmsPaymentQuote
{
  char *id;
  char *original_amount;
  char *pricing_currency;
  char *converted_amount;
  char *payment_currency;
  char *exchange_rate;
  gint64 expires_us;
};

G_DEFINE_BOXED_TYPE (DmsPaymentQuote, dms_payment_quote, dms_payment_quote_ref, dms_payment_quote_unref)

/**
 * dms_payment_quote_new:
 * @id: the offer's own id
 * @original_amount: what is owed, a decimal number
 * @pricing_currency: currency of what is owed
 * @converted_amount: what would be paid, a decimal number
 * @payment_currency: currency that would be paid
 * @exchange_rate: payment currency for one of the pricing currency, a decimal number
 * @expires_us: until when it stands, in microseconds since the epoch
 *
 * Makes an offer.
 *
 * Returns: (transfer full): the value
 */
DmsPaymentQuote *
dms_payment_quote_new (const char *id,
                       const char *original_amount,
                       const char *pricing_currency,
                       const char *converted_amount,
                       const char *payment_currency,
                       const char *exchange_rate,
                       gint64 expires_us)
{
  DmsPaymentQuote *self = g_atomic_rc_box_new0 (DmsPaymentQuote);

  self->id = g_strdup (id != NULL && id[0] != '\0' ? id : NULL);
  self->original_amount =
      g_strdup (original_amount != NULL && original_amount[0] != '\0' ? original_amount : NULL);
  self->pricing_currency =
      g_strdup (pricing_currency != NULL && pricing_currency[0] != '\0' ? pricing_currency : NULL);
  self->converted_amount =
      g_strdup (converted_amount != NULL && converted_amount[0] != '\0' ? converted_amount : NULL);
  self->payment_currency =
      g_strdup (payment_currency != NULL && payment_currency[0] != '\0' ? payment_currency : NULL);
  self->exchange_rate = g_strdup (exchange_rate != NULL && exchange_rate[0] != '\0' ? exchange_rate : NULL);
  self->expires_us = expires_us;
  return self;
}

/**
 * dms_payment_quote_get_id:
 * @self: a payment quote
 *
 * Returns: (transfer none): the offer's own id
 */
const char *
dms_payment_quote_get_id (DmsPaymentQuote *self)
{
  return self->id;
}

/**
 * dms_payment_quote_get_original_amount:
 * @self: a payment quote
 *
 * Returns: (transfer none): what is owed, a decimal number
 */
const char *
dms_payment_quote_get_original_amount (DmsPaymentQuote *self)
{
  return self->original_amount;
}

/**
 * dms_payment_quote_get_pricing_currency:
 * @self: a payment quote
 *
 * Returns: (transfer none): currency of what is owed
 */
const char *
dms_payment_quote_get_pricing_currency (DmsPaymentQuote *self)
{
  return self->pricing_currency;
}

/**
 * dms_payment_quote_get_converted_amount:
 * @self: a payment quote
 *
 * Returns: (transfer none): what would be paid, a decimal number
 */
const char *
dms_payment_quote_get_converted_amount (DmsPaymentQuote *self)
{
  return self->converted_amount;
}

/**
 * dms_payment_quote_get_payment_currency:
 * @self: a payment quote
 *
 * Returns: (transfer none): currency that would be paid
 */
const char *
dms_payment_quote_get_payment_currency (DmsPaymentQuote *self)
{
  return self->payment_currency;
}

/**
 * dms_payment_quote_get_exchange_rate:
 * @self: a payment quote
 *
 * Returns: (transfer none): payment currency for one of the pricing currency, a decimal number
 */
const char *
dms_payment_quote_get_exchange_rate (DmsPaymentQuote *self)
{
  return self->exchange_rate;
}

/**
 * dms_payment_quote_get_expires_us:
 * @self: a payment quote
 *
 * Returns: until when it stands, in microseconds since the epoch
 */
gint64
dms_payment_quote_get_expires_us (DmsPaymentQuote *self)
{
  return self->expires_us;
}

/**
 * dms_payment_quote_new_from_json:
 * @node: (nullable): members named after the getters
 * @error: return location for %DMS_ERROR_INVALID_DATA
 *
 * Returns: (transfer full) (nullable): the value
 */
DmsPaymentQuote *
dms_payment_quote_new_from_json (JsonNode *node, GError **error)
{
  DmsValueReader reader;
  g_autoptr (DmsPaymentQuote) self = g_atomic_rc_box_new0 (DmsPaymentQuote);

  dms_value_reader_open (&reader, node, "payment quote");
  self->id = g_strdup (dms_value_reader_get_text (&reader, "id"));
  self->original_amount = g_strdup (dms_value_reader_get_text (&reader, "original_amount"));
  self->pricing_currency = g_strdup (dms_value_reader_get_text (&reader, "pricing_currency"));
  self->converted_amount = g_strdup (dms_value_reader_get_text (&reader, "converted_amount"));
  self->payment_currency = g_strdup (dms_value_reader_get_text (&reader, "payment_currency"));
  self->exchange_rate = g_strdup (dms_value_reader_get_text (&reader, "exchange_rate"));
  self->expires_us = dms_value_reader_get_int (&reader, "expires_us", 0, G_MAXINT64);
  if (self->id == NULL)
    dms_value_reader_fail (&reader, "id", "is missing");
  if (self->original_amount == NULL)
    dms_value_reader_fail (&reader, "original_amount", "is missing");
  if (self->pricing_currency == NULL)
    dms_value_reader_fail (&reader, "pricing_currency", "is missing");
  if (self->converted_amount == NULL)
    dms_value_reader_fail (&reader, "converted_amount", "is missing");
  if (self->payment_currency == NULL)
    dms_value_reader_fail (&reader, "payment_currency", "is missing");
  if (self->exchange_rate == NULL)
    dms_value_reader_fail (&reader, "exchange_rate", "is missing");
  dms_value_reader_check_decimal (&reader, "original_amount", self->original_amount);
  dms_value_reader_check_decimal (&reader, "converted_amount", self->converted_amount);
  dms_value_reader_check_decimal (&reader, "exchange_rate", self->exchange_rate);
  if (!dms_value_reader_close (&reader, error))
    return NULL;
  return g_steal_pointer (&self);
}

/**
 * dms_payment_quote_to_json:
 * @self: a payment quote
 *
 * Returns: (transfer full): members named after the getters
 */
JsonNode *
dms_payment_quote_to_json (DmsPaymentQuote *self)
{
  JsonObject *object = json_object_new ();

  dms_value_set_text (object, "id", self->id);
  dms_value_set_text (object, "original_amount", self->original_amount);
  dms_value_set_text (object, "pricing_currency", self->pricing_currency);
  dms_value_set_text (object, "converted_amount", self->converted_amount);
  dms_value_set_text (object, "payment_currency", self->payment_currency);
  dms_value_set_text (object, "exchange_rate", self->exchange_rate);
  json_object_set_int_member (object, "expires_us", self->expires_us);
  return dms_value_take_object (object);
}

/**
 * dms_payment_quote_ref:
 * @self: a payment quote
 *
 * Returns: (transfer full): @self
 */
DmsPaymentQuote *
dms_payment_quote_ref (DmsPaymentQuote *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
dms_payment_quote_clear (gpointer data)
{
  DmsPaymentQuote *self = data;

  g_free (self->id);
  g_free (self->original_amount);
  g_free (self->pricing_currency);
  g_free (self->converted_amount);
  g_free (self->payment_currency);
  g_free (self->exchange_rate);
}

/**
 * dms_payment_quote_unref:
 * @self: (transfer full): a payment quote
 *
 * Gives up a reference.
 */
void
dms_payment_quote_unref (DmsPaymentQuote *self)
{
  g_atomic_rc_box_release_full (self, dms_payment_quote_clear);
}

/**
 * dms_payment_quote_equal:
 * @a: a payment quote
 * @b: another
 *
 * Returns: whether both say the same
 */
gboolean
dms_payment_quote_equal (DmsPaymentQuote *a, DmsPaymentQuote *b)
{
  return g_strcmp0 (a->id, b->id) == 0
         && g_strcmp0 (a->original_amount, b->original_amount) == 0
         && g_strcmp0 (a->pricing_currency, b->pricing_currency) == 0
         && g_strcmp0 (a->converted_amount, b->converted_amount) == 0
         && g_strcmp0 (a->payment_currency, b->payment_currency) == 0
         && g_strcmp0 (a->exchange_rate, b->exchange_rate) == 0
         && a->expires_us == b->expires_us;
}
