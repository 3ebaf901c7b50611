/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "resources/dms-price.h"

#include "common/dms-json-object.h"
#include "resources/dms-profile-json.h"

#include <math.h>
#include <string.h>

enum
{
  MAX_CURRENCY = 16,
};

struct _DmsPrice
{
  char *currency;
  double per_hour;
  double per_job;
  double preference;
};

G_DEFINE_BOXED_TYPE (DmsPrice, dms_price, dms_price_ref, dms_price_unref)

DmsPrice *
dms_price_new (const char *currency, double per_hour, double per_job, double preference)
{
  DmsPrice *self = g_atomic_rc_box_new0 (DmsPrice);

  self->currency = dms_profile_json_dup_set (currency);
  self->per_hour = per_hour;
  self->per_job = per_job;
  self->preference = preference;
  return self;
}

gboolean
dms_price_is_currency (const char *text)
{
  gsize length = text != NULL ? strlen (text) : 0;

  for (gsize i = 0; i < length; i++)
    {
      if (!g_ascii_isalnum (text[i]))
        return FALSE;
    }
  return length > 0 && length <= MAX_CURRENCY;
}

DmsPrice *
dms_price_new_from_text (const char *text, GError **error)
{
  g_autofree char *copy = g_strstrip (g_strdup (text));
  char *end = copy;
  double amount = g_ascii_strtod (copy, &end);
  gboolean is_amount =
      end != copy && isfinite (amount) && amount >= 0 && amount <= DMS_PROFILE_JSON_MAX_NUMBER;

  while (*end == ' ')
    end++;
  if (is_amount && dms_price_is_currency (end))
    return dms_price_new (end, amount, 0, 0);
  g_set_error (error,
               DMS_ERROR,
               DMS_ERROR_INVALID_ARGUMENT,
               "“%.40s” is no price: write an amount and a currency, such as 0.25 NTX",
               copy);
  return NULL;
}

const char *
dms_price_get_currency (DmsPrice *self)
{
  return self->currency;
}

double
dms_price_get_per_hour (DmsPrice *self)
{
  return self->per_hour;
}

double
dms_price_get_per_job (DmsPrice *self)
{
  return self->per_job;
}

double
dms_price_get_preference (DmsPrice *self)
{
  return self->preference;
}

DmsPrice *
dms_price_new_from_json (JsonNode *node, GError **error)
{
  JsonObject *object = dms_json_node_get_child (node);

  if (object == NULL || !dms_profile_json_is_text (object, "currency") ||
      !dms_profile_json_is_set (object, "currency"))
    {
      g_set_error_literal (
          error, DMS_ERROR, DMS_ERROR_INVALID_DATA, "a price must be an object of short texts with currency");
      return NULL;
    }
  return dms_price_new (
      dms_json_object_get_text (object, "currency"),
      dms_json_object_get_number (object, "currency_per_hour", 0, DMS_PROFILE_JSON_MAX_NUMBER, 0),
      dms_json_object_get_number (object, "total_per_job", 0, DMS_PROFILE_JSON_MAX_NUMBER, 0),
      dms_json_object_get_number (object, "preference", 0, DMS_PROFILE_JSON_MAX_NUMBER, 0));
}

JsonNode *
dms_price_to_json (DmsPrice *self)
{
  JsonNode *node = json_node_new (JSON_NODE_OBJECT);
  JsonObject *object = json_object_new ();

  if (self->currency != NULL)
    json_object_set_string_member (object, "currency", self->currency);
  if (self->per_hour > 0)
    json_object_set_double_member (object, "currency_per_hour", self->per_hour);
  if (self->per_job > 0)
    json_object_set_double_member (object, "total_per_job", self->per_job);
  if (self->preference > 0)
    json_object_set_double_member (object, "preference", self->preference);
  json_node_take_object (node, object);
  return node;
}

gboolean
dms_price_equal (DmsPrice *a, DmsPrice *b)
{
  return g_strcmp0 (a->currency, b->currency) == 0 && dms_profile_json_same (a->per_hour, b->per_hour) &&
         dms_profile_json_same (a->per_job, b->per_job) &&
         dms_profile_json_same (a->preference, b->preference);
}

DmsPrice *
dms_price_ref (DmsPrice *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
clear (gpointer data)
{
  DmsPrice *self = data;

  g_free (self->currency);
}

void
dms_price_unref (DmsPrice *self)
{
  g_atomic_rc_box_release_full (self, clear);
}
