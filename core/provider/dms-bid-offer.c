/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "provider/dms-bid-offer.h"

#include "common/dms-json-object.h"
#include "observability/dms-log.h"

#include <math.h>
#include <string.h>

enum
{
  MAX_CURRENCY = 16,
};

/* More than any price, score or power that means something. */
static const double MAX_NUMBER = 1e15;

struct _DmsBidOffer
{
  double price;
  char *currency;
  double speed;
  double watts;
};

G_DEFINE_BOXED_TYPE (DmsBidOffer, dms_bid_offer, dms_bid_offer_ref, dms_bid_offer_unref)

DmsBidOffer *
dms_bid_offer_new (double price, const char *currency, double speed, double watts)
{
  DmsBidOffer *self = g_atomic_rc_box_new0 (DmsBidOffer);

  /* A price is nothing without its currency. */
  self->price = currency != NULL ? price : 0;
  self->currency = g_strdup (currency);
  self->speed = speed;
  self->watts = watts;
  return self;
}

static gboolean
is_currency (const char *text)
{
  gsize length = text != NULL ? strlen (text) : 0;

  for (gsize i = 0; i < length; i++)
    {
      if (!g_ascii_isalnum (text[i]))
        return FALSE;
    }
  return length > 0 && length <= MAX_CURRENCY;
}

DmsBidOffer *
dms_bid_offer_new_from_text (const char *price, double speed, double watts, GError **error)
{
  g_autofree char *text = g_strstrip (g_strdup (price != NULL ? price : ""));
  char *end = text;
  double amount;

  if (text[0] == '\0')
    return dms_bid_offer_new (0, NULL, speed, watts);
  amount = g_ascii_strtod (text, &end);
  while (*end == ' ')
    end++;
  if (end == text || !isfinite (amount) || amount < 0 || amount > MAX_NUMBER || !is_currency (end))
    {
      g_set_error (error,
                   DMS_ERROR,
                   DMS_ERROR_INVALID_ARGUMENT,
                   "“%.40s” is no price: write an amount and a currency, such as 0.25 NTX",
                   text);
      return NULL;
    }
  return dms_bid_offer_new (amount, end, speed, watts);
}

DmsBidOffer *
dms_bid_offer_new_from_config (DmsConfig *config)
{
  double speed = (double) dms_config_get_int (config, "job.offer.speed");
  double watts = (double) dms_config_get_int (config, "job.offer.watts");
  g_autoptr (GError) error = NULL;
  DmsBidOffer *offer =
      dms_bid_offer_new_from_text (dms_config_get_string (config, "job.offer.price"), speed, watts, &error);

  if (offer != NULL)
    return offer;
  dms_log_event (G_LOG_LEVEL_WARNING, "offer_without_price", "error", error->message, NULL);
  return dms_bid_offer_new (0, NULL, speed, watts);
}

double
dms_bid_offer_get_price (DmsBidOffer *self)
{
  return self->price;
}

const char *
dms_bid_offer_get_currency (DmsBidOffer *self)
{
  return self->currency;
}

double
dms_bid_offer_get_speed (DmsBidOffer *self)
{
  return self->speed;
}

double
dms_bid_offer_get_watts (DmsBidOffer *self)
{
  return self->watts;
}

gboolean
dms_bid_offer_is_empty (DmsBidOffer *self)
{
  return self->currency == NULL && self->speed <= 0 && self->watts <= 0;
}

DmsBidOffer *
dms_bid_offer_new_from_json (JsonNode *node)
{
  JsonObject *object = dms_json_node_get_child (node);
  const char *currency = dms_json_object_get_text (object, "Currency");

  return dms_bid_offer_new (dms_json_object_get_number (object, "Price", 0, MAX_NUMBER, 0),
                            is_currency (currency) ? currency : NULL,
                            dms_json_object_get_number (object, "Speed", 0, MAX_NUMBER, 0),
                            dms_json_object_get_number (object, "Watts", 0, MAX_NUMBER, 0));
}

JsonNode *
dms_bid_offer_to_json (DmsBidOffer *self)
{
  JsonNode *node = json_node_new (JSON_NODE_OBJECT);
  JsonObject *object = json_object_new ();

  if (self->currency != NULL)
    {
      json_object_set_double_member (object, "Price", self->price);
      json_object_set_string_member (object, "Currency", self->currency);
    }
  if (self->speed > 0)
    json_object_set_double_member (object, "Speed", self->speed);
  if (self->watts > 0)
    json_object_set_double_member (object, "Watts", self->watts);
  json_node_take_object (node, object);
  return node;
}

DmsBidOffer *
dms_bid_offer_ref (DmsBidOffer *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
clear (gpointer data)
{
  DmsBidOffer *self = data;

  g_free (self->currency);
}

void
dms_bid_offer_unref (DmsBidOffer *self)
{
  g_atomic_rc_box_release_full (self, clear);
}
