/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "values/dms-line-item.h"

#include "values/dms-value-private.h"

/**
 * DmsLineItem:
 *
 * One line of an invoice. Amounts are decimal texts, so that nothing is rounded. Immutable and counted.
 */
struct _DmsLineItem
{
  char *description;
  char *quantity;
  char *unit;
  char *unit_price;
  char *amount;
  char *currency;
};

G_DEFINE_BOXED_TYPE (DmsLineItem, dms_line_item, dms_line_item_ref, dms_line_item_unref)

/**
 * dms_line_item_new:
 * @description: (nullable): what it is for
 * @quantity: how much of it, a decimal number
 * @unit: (nullable): of the quantity, such as `hour`
 * @unit_price: price of one unit, a decimal number
 * @amount: what is owed, a decimal number
 * @currency: (nullable): currency
 *
 * Makes a line.
 *
 * Returns: (transfer full): the value
 */
DmsLineItem *
dms_line_item_new (const char *description,
                   const char *quantity,
                   const char *unit,
                   const char *unit_price,
                   const char *amount,
                   const char *currency)
{
  DmsLineItem *self = g_atomic_rc_box_new0 (DmsLineItem);

  self->description = g_strdup (description != NULL && description[0] != '\0' ? description : NULL);
  self->quantity = g_strdup (quantity != NULL && quantity[0] != '\0' ? quantity : NULL);
  self->unit = g_strdup (unit != NULL && unit[0] != '\0' ? unit : NULL);
  self->unit_price = g_strdup (unit_price != NULL && unit_price[0] != '\0' ? unit_price : NULL);
  self->amount = g_strdup (amount != NULL && amount[0] != '\0' ? amount : NULL);
  self->currency = g_strdup (currency != NULL && currency[0] != '\0' ? currency : NULL);
  return self;
}

/**
 * dms_line_item_get_description:
 * @self: a line item
 *
 * Returns: (transfer none) (nullable): what it is for
 */
const char *
dms_line_item_get_description (DmsLineItem *self)
{
  return self->description;
}

/**
 * dms_line_item_get_quantity:
 * @self: a line item
 *
 * Returns: (transfer none): how much of it, a decimal number
 */
const char *
dms_line_item_get_quantity (DmsLineItem *self)
{
  return self->quantity;
}

/**
 * dms_line_item_get_unit:
 * @self: a line item
 *
 * Returns: (transfer none) (nullable): of the quantity, such as `hour`
 */
const char *
dms_line_item_get_unit (DmsLineItem *self)
{
  return self->unit;
}

/**
 * dms_line_item_get_unit_price:
 * @self: a line item
 *
 * Returns: (transfer none): price of one unit, a decimal number
 */
const char *
dms_line_item_get_unit_price (DmsLineItem *self)
{
  return self->unit_price;
}

/**
 * dms_line_item_get_amount:
 * @self: a line item
 *
 * Returns: (transfer none): what is owed, a decimal number
 */
const char *
dms_line_item_get_amount (DmsLineItem *self)
{
  return self->amount;
}

/**
 * dms_line_item_get_currency:
 * @self: a line item
 *
 * Returns: (transfer none) (nullable): currency
 */
const char *
dms_line_item_get_currency (DmsLineItem *self)
{
  return self->currency;
}

/**
 * dms_line_item_new_from_json:
 * @node: (nullable): members named after the getters
 * @error: return location for %DMS_ERROR_INVALID_DATA
 *
 * Returns: (transfer full) (nullable): the value
 */
DmsLineItem *
dms_line_item_new_from_json (JsonNode *node, GError **error)
{
  DmsValueReader reader;
  g_autoptr (DmsLineItem) self = g_atomic_rc_box_new0 (DmsLineItem);

  dms_value_reader_open (&reader, node, "line item");
  self->description = g_strdup (dms_value_reader_get_text (&reader, "description"));
  self->quantity = g_strdup (dms_value_reader_get_text (&reader, "quantity"));
  self->unit = g_strdup (dms_value_reader_get_text (&reader, "unit"));
  self->unit_price = g_strdup (dms_value_reader_get_text (&reader, "unit_price"));
  self->amount = g_strdup (dms_value_reader_get_text (&reader, "amount"));
  self->currency = g_strdup (dms_value_reader_get_text (&reader, "currency"));
  if (self->quantity == NULL)
    dms_value_reader_fail (&reader, "quantity", "is missing");
  if (self->unit_price == NULL)
    dms_value_reader_fail (&reader, "unit_price", "is missing");
  if (self->amount == NULL)
    dms_value_reader_fail (&reader, "amount", "is missing");
  dms_value_reader_check_decimal (&reader, "quantity", self->quantity);
  dms_value_reader_check_decimal (&reader, "unit_price", self->unit_price);
  dms_value_reader_check_decimal (&reader, "amount", self->amount);
  if (!dms_value_reader_close (&reader, error))
    return NULL;
  return g_steal_pointer (&self);
}

/**
 * dms_line_item_to_json:
 * @self: a line item
 *
 * Returns: (transfer full): members named after the getters
 */
JsonNode *
dms_line_item_to_json (DmsLineItem *self)
{
  JsonObject *object = json_object_new ();

  dms_value_set_text (object, "description", self->description);
  dms_value_set_text (object, "quantity", self->quantity);
  dms_value_set_text (object, "unit", self->unit);
  dms_value_set_text (object, "unit_price", self->unit_price);
  dms_value_set_text (object, "amount", self->amount);
  dms_value_set_text (object, "currency", self->currency);
  return dms_value_take_object (object);
}

/**
 * dms_line_item_ref:
 * @self: a line item
 *
 * Returns: (transfer full): @self
 */
DmsLineItem *
dms_line_item_ref (DmsLineItem *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
dms_line_item_clear (gpointer data)
{
  DmsLineItem *self = data;

  g_free (self->description);
  g_free (self->quantity);
  g_free (self->unit);
  g_free (self->unit_price);
  g_free (self->amount);
  g_free (self->currency);
}

/**
 * dms_line_item_unref:
 * @self: (transfer full): a line item
 *
 * Gives up a reference.
 */
void
dms_line_item_unref (DmsLineItem *self)
{
  g_atomic_rc_box_release_full (self, dms_line_item_clear);
}

/**
 * dms_line_item_equal:
 * @a: a line item
 * @b: another
 *
 * Returns: whether both say the same
 */
gboolean
dms_line_item_equal (DmsLineItem *a, DmsLineItem *b)
{
  return g_strcmp0 (a->description, b->description) == 0
         && g_strcmp0 (a->quantity, b->quantity) == 0
         && g_strcmp0 (a->unit, b->unit) == 0
         && g_strcmp0 (a->unit_price, b->unit_price) == 0
         && g_strcmp0 (a->amount, b->amount) == 0
         && g_strcmp0 (a->currency, b->currency) == 0;
}
