/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "values/dms-payment-status.h"

#include "dms-enum-types.h"
#include "values/dms-value-private.h"

/**
 * DmsPaymentStatus:
 *
 * Where a payment stands. Immutable and counted.
 */
struct _DmsPaymentStatus
{
  DmsPaymentState state;
  char *tx_hash;
  char *amount;
  guint confirmations;
  char *message;
};

G_DEFINE_BOXED_TYPE (DmsPaymentStatus, dms_payment_status, dms_payment_status_ref, dms_payment_status_unref)

static DmsPaymentState
dms_payment_status_read_state (DmsValueReader *reader, const char *member)
{
  g_autoptr (GEnumClass) klass = g_type_class_ref (DMS_TYPE_PAYMENT_STATE);
  const char *text = dms_value_reader_get_text (reader, member);
  GEnumValue *value = text != NULL ? g_enum_get_value_by_nick (klass, text) : NULL;

  if (value == NULL)
    dms_value_reader_fail (reader, member, "is not a known word");
  return value != NULL ? (DmsPaymentState) value->value : DMS_PAYMENT_UNPAID;
}

static const char *
dms_payment_status_write_state (DmsPaymentState state)
{
  g_autoptr (GEnumClass) klass = g_type_class_ref (DMS_TYPE_PAYMENT_STATE);
  GEnumValue *value = g_enum_get_value (klass, (int) state);

  return value != NULL ? value->value_nick : "unpaid";
}

/**
 * dms_payment_status_new:
 * @state: where it stands
 * @tx_hash: (nullable): the transaction
 * @amount: (nullable): what was paid, a decimal number
 * @confirmations: how deep the transaction is buried
 * @message: (nullable): for people: what is missing or wrong
 *
 * Makes a status.
 *
 * Returns: (transfer full): the value
 */
DmsPaymentStatus *
dms_payment_status_new (DmsPaymentState state,
                        const char *tx_hash,
                        const char *amount,
                        guint confirmations,
                        const char *message)
{
  DmsPaymentStatus *self = g_atomic_rc_box_new0 (DmsPaymentStatus);

  self->state = state;
  self->tx_hash = g_strdup (tx_hash != NULL && tx_hash[0] != '\0' ? tx_hash : NULL);
  self->amount = g_strdup (amount != NULL && amount[0] != '\0' ? amount : NULL);
  self->confirmations = confirmations;
  self->message = g_strdup (message != NULL && message[0] != '\0' ? message : NULL);
  return self;
}

/**
 * dms_payment_status_get_state:
 * @self: a payment status
 *
 * Returns: where it stands
 */
DmsPaymentState
dms_payment_status_get_state (DmsPaymentStatus *self)
{
  return self->state;
}

/**
 * dms_payment_status_get_tx_hash:
 * @self: a payment status
 *
 * Returns: (transfer none) (nullable): the transaction
 */
const char *
dms_payment_status_get_tx_hash (DmsPaymentStatus *self)
{
  return self->tx_hash;
}

/**
 * dms_payment_status_get_amount:
 * @self: a payment status
 *
 * Returns: (transfer none) (nullable): what was paid, a decimal number
 */
const char *
dms_payment_status_get_amount (DmsPaymentStatus *self)
{
  return self->amount;
}

/**
 * dms_payment_status_get_confirmations:
 * @self: a payment status
 *
 * Returns: how deep the transaction is buried
 */
guint
dms_payment_status_get_confirmations (DmsPaymentStatus *self)
{
  return self->confirmations;
}

/**
 * dms_payment_status_get_message:
 * @self: a payment status
 *
 * Returns: (transfer none) (nullable): for people: what is missing or wrong
 */
const char *
dms_payment_status_get_message (DmsPaymentStatus *self)
{
  return self->message;
}

/**
 * dms_payment_status_new_from_json:
 * @node: (nullable): members named after the getters
 * @error: return location for %DMS_ERROR_INVALID_DATA
 *
 * Returns: (transfer full) (nullable): the value
 */
DmsPaymentStatus *
dms_payment_status_new_from_json (JsonNode *node, GError **error)
{
  DmsValueReader reader;
  g_autoptr (DmsPaymentStatus) self = g_atomic_rc_box_new0 (DmsPaymentStatus);

  dms_value_reader_open (&reader, node, "payment status");
  self->state = dms_payment_status_read_state (&reader, "state");
  self->tx_hash = g_strdup (dms_value_reader_get_text (&reader, "tx_hash"));
  self->amount = g_strdup (dms_value_reader_get_text (&reader, "amount"));
  self->confirmations = dms_value_reader_get_uint (&reader, "confirmations", G_MAXUINT);
  self->message = g_strdup (dms_value_reader_get_text (&reader, "message"));
  if (!dms_value_reader_close (&reader, error))
    return NULL;
  return g_steal_pointer (&self);
}

/**
 * dms_payment_status_to_json:
 * @self: a payment status
 *
 * Returns: (transfer full): members named after the getters
 */
JsonNode *
dms_payment_status_to_json (DmsPaymentStatus *self)
{
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "state", dms_payment_status_write_state (self->state));
  dms_value_set_text (object, "tx_hash", self->tx_hash);
  dms_value_set_text (object, "amount", self->amount);
  dms_value_set_uint (object, "confirmations", self->confirmations);
  dms_value_set_text (object, "message", self->message);
  return dms_value_take_object (object);
}

/**
 * dms_payment_status_ref:
 * @self: a payment status
 *
 * Returns: (transfer full): @self
 */
DmsPaymentStatus *
dms_payment_status_ref (DmsPaymentStatus *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
dms_payment_status_clear (gpointer data)
{
  DmsPaymentStatus *self = data;

  g_free (self->tx_hash);
  g_free (self->amount);
  g_free (self->message);
}

/**
 * dms_payment_status_unref:
 * @self: (transfer full): a payment status
 *
 * Gives up a reference.
 */
void
dms_payment_status_unref (DmsPaymentStatus *self)
{
  g_atomic_rc_box_release_full (self, dms_payment_status_clear);
}

/**
 * dms_payment_status_equal:
 * @a: a payment status
 * @b: another
 *
 * Returns: whether both say the same
 */
gboolean
dms_payment_status_equal (DmsPaymentStatus *a, DmsPaymentStatus *b)
{
  return a->state == b->state
         && g_strcmp0 (a->tx_hash, b->tx_hash) == 0
         && g_strcmp0 (a->amount, b->amount) == 0
         && a->confirmations == b->confirmations
         && g_strcmp0 (a->message, b->message) == 0;
}
