/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "provider/dms-bid-offer.h"

#include "common/dms-json-object.h"
#include "jobs/dms-job-units.h"
#include "observability/dms-log.h"
#include "resources/dms-requirement.h"

#include <string.h>

/* More than any price, score or power that means something. */
static const double MAX_NUMBER = 1e15;

/* Longer than any job: some thirty years. */
static const double UNLIMITED_SECONDS = 1e9;

struct _DmsBidOffer
{
  double price;
  char *currency;
  double speed;
  double watts;
  double seconds;
  /* (element-type DmsLibrary) */
  GPtrArray *libraries;
  /* (element-type DmsKyc) */
  GPtrArray *kyc;
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
  self->libraries = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_library_unref);
  self->kyc = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_kyc_unref);
  return self;
}

DmsBidOffer *
dms_bid_offer_new_from_text (const char *text, double speed, double watts, GError **error)
{
  g_autoptr (DmsPrice) price = NULL;

  if (text == NULL || text[strspn (text, " ")] == '\0')
    return dms_bid_offer_new (0, NULL, speed, watts);
  price = dms_price_new_from_text (text, error);
  if (price == NULL)
    return NULL;
  return dms_bid_offer_new (dms_price_get_per_hour (price), dms_price_get_currency (price), speed, watts);
}

/* `8h`, or `unlimited`; 0 when it is neither. */
static double
read_time (const char *text)
{
  g_autofree char *why = NULL;
  gint64 ns = 0;

  if (g_ascii_strcasecmp (text, "unlimited") == 0)
    return UNLIMITED_SECONDS;
  if (text[0] != '\0' && !dms_job_units_parse_duration (text, &ns, &why))
    dms_log_event (G_LOG_LEVEL_WARNING,
                   "offered_time_not_understood",
                   "error",
                   "job.offer.time must be a time such as 8h, or “unlimited”",
                   "time",
                   text,
                   NULL);
  return MAX ((double) ns / 1e9, 0);
}

/* `company`, or `company=12345`. */
static void
read_kyc (DmsBidOffer *self, const char *const *statements)
{
  for (guint i = 0; statements != NULL && statements[i] != NULL && i < DMS_REQUIREMENT_MAX_ITEMS; i++)
    {
      g_auto (GStrv) parts = g_strsplit (statements[i], "=", 2);
      const char *data = parts[0] != NULL ? parts[1] : NULL;

      if (parts[0] != NULL && g_strstrip (parts[0])[0] != '\0')
        g_ptr_array_add (self->kyc, dms_kyc_new (parts[0], data));
    }
}

DmsBidOffer *
dms_bid_offer_new_from_config (DmsConfig *config)
{
  double speed = (double) dms_config_get_int (config, "job.offer.speed");
  double watts = (double) dms_config_get_int (config, "job.offer.watts");
  g_autoptr (GError) error = NULL;
  DmsBidOffer *offer =
      dms_bid_offer_new_from_text (dms_config_get_string (config, "job.offer.price"), speed, watts, &error);

  if (offer == NULL)
    {
      dms_log_event (G_LOG_LEVEL_WARNING, "offer_without_price", "error", error->message, NULL);
      offer = dms_bid_offer_new (0, NULL, speed, watts);
    }
  offer->seconds = read_time (dms_config_get_string (config, "job.offer.time"));
  read_kyc (offer, dms_config_get_strv (config, "job.offer.kyc"));
  return offer;
}

DmsProfile *
dms_bid_offer_dup_profile (DmsBidOffer *self)
{
  g_autoptr (GPtrArray) prices = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_price_unref);
  g_autoptr (DmsTimeLimit) time = dms_time_limit_new ("seconds", self->seconds, 0);
  g_autoptr (DmsProfile) empty = dms_profile_new_empty ();
  g_autoptr (DmsProfile) a = dms_profile_with_libraries (empty, self->libraries);
  g_autoptr (DmsProfile) b = dms_profile_with_time (a, time);
  g_autoptr (DmsProfile) c = dms_profile_with_kyc (b, self->kyc);
  g_autoptr (DmsProfile) d = dms_profile_with_speed (c, self->speed);
  g_autoptr (DmsProfile) e = dms_profile_with_watts (d, self->watts);

  if (self->currency != NULL)
    g_ptr_array_add (prices, dms_price_new (self->currency, self->price, 0, 0));
  return dms_profile_with_prices (e, prices);
}

/* (nullable): what is said about this, no more than is asked for. */
static DmsKyc *
answer_kyc (DmsBidOffer *self, DmsKyc *required)
{
  for (guint i = 0; i < self->kyc->len; i++)
    {
      DmsKyc *own = self->kyc->pdata[i];
      const char *wanted = dms_kyc_get_data (required);

      if (g_ascii_strcasecmp (dms_kyc_get_type_name (own), dms_kyc_get_type_name (required)) == 0 &&
          (wanted == NULL || g_strcmp0 (dms_kyc_get_data (own), wanted) == 0))
        return dms_kyc_new (dms_kyc_get_type_name (own), wanted);
    }
  return NULL;
}

DmsBidOffer *
dms_bid_offer_answer (DmsBidOffer *self, DmsProfile *required, GPtrArray *libraries)
{
  DmsBidOffer *made = dms_bid_offer_new (self->price, self->currency, self->speed, self->watts);
  GPtrArray *wanted = required != NULL ? dms_profile_get_libraries (required) : NULL;
  GPtrArray *kyc = required != NULL ? dms_profile_get_kyc (required) : NULL;

  made->seconds = self->seconds;
  for (guint i = 0; wanted != NULL && i < libraries->len; i++)
    g_ptr_array_add (made->libraries, dms_library_ref (libraries->pdata[i]));
  for (guint i = 0; kyc != NULL && i < kyc->len; i++)
    {
      DmsKyc *said = answer_kyc (self, kyc->pdata[i]);

      if (said != NULL)
        g_ptr_array_add (made->kyc, said);
    }
  return made;
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

double
dms_bid_offer_get_seconds (DmsBidOffer *self)
{
  return self->seconds;
}

gboolean
dms_bid_offer_is_empty (DmsBidOffer *self)
{
  return self->currency == NULL && self->speed <= 0 && self->watts <= 0 && self->seconds <= 0 &&
         self->libraries->len == 0 && self->kyc->len == 0;
}

/* What cannot be understood is not said. */
static void
read_lists (DmsBidOffer *self, JsonObject *object)
{
  JsonArray *libraries = dms_json_object_get_list (object, "Libraries");
  JsonArray *kyc = dms_json_object_get_list (object, "Kyc");

  for (guint i = 0;
       libraries != NULL && i < MIN (json_array_get_length (libraries), DMS_REQUIREMENT_MAX_ITEMS);
       i++)
    {
      DmsLibrary *library = dms_library_new_from_json (json_array_get_element (libraries, i), NULL);

      if (library != NULL)
        g_ptr_array_add (self->libraries, library);
    }
  for (guint i = 0; kyc != NULL && i < MIN (json_array_get_length (kyc), DMS_REQUIREMENT_MAX_ITEMS); i++)
    {
      DmsKyc *said = dms_kyc_new_from_json (json_array_get_element (kyc, i), NULL);

      if (said != NULL)
        g_ptr_array_add (self->kyc, said);
    }
}

DmsBidOffer *
dms_bid_offer_new_from_json (JsonNode *node)
{
  JsonObject *object = dms_json_node_get_child (node);
  const char *currency = dms_json_object_get_text (object, "Currency");
  /* A price that is none is not the same as nothing to pay. */
  double price = dms_json_object_get_number (object, "Price", 0, MAX_NUMBER, -1);
  DmsBidOffer *self = dms_bid_offer_new (MAX (price, 0),
                                         price >= 0 && dms_price_is_currency (currency) ? currency : NULL,
                                         dms_json_object_get_number (object, "Speed", 0, MAX_NUMBER, 0),
                                         dms_json_object_get_number (object, "Watts", 0, MAX_NUMBER, 0));

  self->seconds = dms_json_object_get_number (object, "Seconds", 0, MAX_NUMBER, 0);
  read_lists (self, object);
  return self;
}

static void
write_list (JsonObject *object, const char *name, GPtrArray *items, JsonNode *(*write) (gpointer item))
{
  JsonArray *list;

  if (items->len == 0)
    return;
  list = json_array_new ();
  for (guint i = 0; i < items->len; i++)
    json_array_add_element (list, write (items->pdata[i]));
  json_object_set_array_member (object, name, list);
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
  if (self->seconds > 0)
    json_object_set_double_member (object, "Seconds", self->seconds);
  write_list (object, "Libraries", self->libraries, (JsonNode * (*) (gpointer)) dms_library_to_json);
  write_list (object, "Kyc", self->kyc, (JsonNode * (*) (gpointer)) dms_kyc_to_json);
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

  g_ptr_array_unref (self->libraries);
  g_ptr_array_unref (self->kyc);
  g_free (self->currency);
}

void
dms_bid_offer_unref (DmsBidOffer *self)
{
  g_atomic_rc_box_release_full (self, clear);
}
