/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "resources/dms-requirement.h"

#include "common/dms-json-object.h"
#include "resources/dms-profile-json.h"
#include "resources/dms-semver.h"

#include <string.h>

enum
{
  MAX_LIBRARY_NAME = 64,
};

static gboolean
has_time (DmsProfile *self)
{
  return dms_time_limit_get_seconds (dms_profile_get_time (self)) > 0;
}

gboolean
dms_requirement_is_empty (DmsProfile *self)
{
  return self == NULL ||
         (dms_profile_get_libraries (self)->len == 0 && dms_profile_get_prices (self)->len == 0 &&
          dms_profile_get_kyc (self)->len == 0 && !has_time (self) && dms_profile_get_speed (self) <= 0 &&
          dms_profile_get_watts (self) <= 0);
}

gboolean
dms_requirement_is_library_name (const char *name)
{
  static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+._-";

  return g_ascii_isalnum (name[0]) && strlen (name) <= MAX_LIBRARY_NAME &&
         strspn (name, allowed) == strlen (name);
}

/* Both */

/* 0 is no limit. */
static double
lower (double a, double b)
{
  if (a <= 0 || b <= 0)
    return MAX (a, b);
  return MIN (a, b);
}

static GPtrArray *
join_prices (GPtrArray *a, GPtrArray *b)
{
  GPtrArray *both = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_price_unref);

  for (guint i = 0; i < a->len; i++)
    {
      for (guint j = 0; j < b->len; j++)
        {
          DmsPrice *one = a->pdata[i];
          DmsPrice *other = b->pdata[j];

          if (g_ascii_strcasecmp (dms_price_get_currency (one), dms_price_get_currency (other)) == 0)
            g_ptr_array_add (
                both,
                dms_price_new (dms_price_get_currency (one),
                               lower (dms_price_get_per_hour (one), dms_price_get_per_hour (other)),
                               lower (dms_price_get_per_job (one), dms_price_get_per_job (other)),
                               0));
        }
    }
  return both;
}

/* All of the first, and what is only in the second. Items are borrowed. */
static GPtrArray *
join_items (GPtrArray *a, GPtrArray *b, GEqualFunc equal)
{
  GPtrArray *both = g_ptr_array_new ();

  for (guint i = 0; i < a->len; i++)
    g_ptr_array_add (both, a->pdata[i]);
  for (guint i = 0; i < b->len; i++)
    {
      if (!g_ptr_array_find_with_equal_func (a, b->pdata[i], equal, NULL))
        g_ptr_array_add (both, b->pdata[i]);
    }
  return both;
}

static DmsProfile *
make (GPtrArray *libraries, GPtrArray *prices, DmsTimeLimit *time, GPtrArray *kyc, double speed, double watts)
{
  g_autoptr (DmsProfile) empty = dms_profile_new_empty ();
  g_autoptr (DmsProfile) a = dms_profile_with_libraries (empty, libraries);
  g_autoptr (DmsProfile) b = dms_profile_with_prices (a, prices);
  g_autoptr (DmsProfile) c = dms_profile_with_time (b, time);
  g_autoptr (DmsProfile) d = dms_profile_with_kyc (c, kyc);
  g_autoptr (DmsProfile) e = dms_profile_with_speed (d, speed);

  return dms_profile_with_watts (e, watts);
}

static gboolean
check_size (GPtrArray *libraries, GPtrArray *prices, GPtrArray *kyc, GError **error)
{
  if (libraries->len <= DMS_REQUIREMENT_MAX_ITEMS && prices->len <= DMS_REQUIREMENT_MAX_ITEMS &&
      kyc->len <= DMS_REQUIREMENT_MAX_ITEMS)
    return TRUE;
  g_set_error (error,
               DMS_ERROR,
               DMS_ERROR_INVALID_DATA,
               "one machine can be asked for %d libraries, as many prices and as many kinds of KYC at most",
               DMS_REQUIREMENT_MAX_ITEMS);
  return FALSE;
}

/* Nobody has a library in two versions: what is asked of it has to be met by one. */
static gboolean
check_versions (GPtrArray *libraries, guint index, GError **error)
{
  DmsLibrary *library = libraries->pdata[index];
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_auto (GStrv) wanted = NULL;
  g_autofree char *text = NULL;

  for (guint i = 0; i < libraries->len; i++)
    {
      g_autofree char *own = dms_library_is_named_as (libraries->pdata[i], library)
                                 ? dms_library_dup_wanted (libraries->pdata[i])
                                 : NULL;

      /* Seen with the first of this name. */
      if (i < index && dms_library_is_named_as (libraries->pdata[i], library))
        return TRUE;
      if (own != NULL)
        g_strv_builder_add (builder, own);
    }
  wanted = g_strv_builder_end (builder);
  if (dms_semver_can_meet ((const char *const *) wanted))
    return TRUE;
  text = g_strjoinv (", ", wanted);
  g_set_error (error,
               DMS_ERROR,
               DMS_ERROR_INVALID_DATA,
               "no version of %s can be “%.128s”",
               dms_library_get_name (library),
               text);
  return FALSE;
}

static gboolean
check_libraries (GPtrArray *libraries, GError **error)
{
  for (guint i = 0; i < libraries->len; i++)
    {
      if (!check_versions (libraries, i, error))
        return FALSE;
    }
  return TRUE;
}

DmsProfile *
dms_requirement_tighten (DmsProfile *a, DmsProfile *b, GError **error)
{
  g_autoptr (DmsProfile) left = a != NULL ? dms_profile_ref (a) : dms_profile_new_empty ();
  g_autoptr (DmsProfile) right = b != NULL ? dms_profile_ref (b) : dms_profile_new_empty ();
  GPtrArray *paid = dms_profile_get_prices (left);
  GPtrArray *other = dms_profile_get_prices (right);
  double left_seconds = dms_time_limit_get_seconds (dms_profile_get_time (left));
  double right_seconds = dms_time_limit_get_seconds (dms_profile_get_time (right));
  g_autoptr (GPtrArray) libraries = join_items (
      dms_profile_get_libraries (left), dms_profile_get_libraries (right), (GEqualFunc) dms_library_equal);
  g_autoptr (GPtrArray) kyc =
      join_items (dms_profile_get_kyc (left), dms_profile_get_kyc (right), (GEqualFunc) dms_kyc_equal);
  g_autoptr (GPtrArray) prices = NULL;

  if (paid->len == 0 || other->len == 0)
    prices = g_ptr_array_ref (paid->len == 0 ? other : paid);
  else
    prices = join_prices (paid, other);
  if (paid->len > 0 && other->len > 0 && prices->len == 0)
    {
      g_set_error (error,
                   DMS_ERROR,
                   DMS_ERROR_INVALID_DATA,
                   "prices in %s and in %s are asked for, and one machine is paid in one currency: name one "
                   "that is in all of them",
                   dms_price_get_currency (paid->pdata[0]),
                   dms_price_get_currency (other->pdata[0]));
      return NULL;
    }
  if (!check_size (libraries, prices, kyc, error) || !check_libraries (libraries, error))
    return NULL;
  return make (libraries,
               prices,
               dms_profile_get_time (right_seconds > left_seconds ? right : left),
               kyc,
               MAX (dms_profile_get_speed (left), dms_profile_get_speed (right)),
               lower (dms_profile_get_watts (left), dms_profile_get_watts (right)));
}

gboolean
dms_requirement_implies (DmsProfile *self, DmsProfile *other)
{
  g_autoptr (DmsProfile) empty = dms_profile_new_empty ();
  DmsProfile *mine = self != NULL ? self : empty;
  g_autoptr (DmsProfile) both = dms_requirement_tighten (mine, other, NULL);

  /* What adds nothing was there. Time in other units is the same time. */
  return both != NULL &&
         dms_time_limit_get_seconds (dms_profile_get_time (both)) <=
             dms_time_limit_get_seconds (dms_profile_get_time (mine)) &&
         dms_profile_equal (both, mine);
}

/* JSON */

/* A limit that cannot be read is not the same as none. */
static gboolean
is_limit (JsonObject *object, const char *name)
{
  JsonNode *node = dms_json_object_get_member (object, name);

  return node == NULL || JSON_NODE_HOLDS_NULL (node) ||
         dms_json_object_get_number (object, name, 0, DMS_PROFILE_JSON_MAX_NUMBER, -1) > 0;
}

static gboolean
is_time (JsonObject *time)
{
  static const char *const units[] = { "seconds", "minutes", "hours", "days", NULL };
  JsonNode *node = dms_json_object_get_member (time, "units");
  const char *unit = dms_json_object_get_text (time, "units");

  return is_limit (time, "max_time") && (node == NULL || JSON_NODE_HOLDS_NULL (node) ||
                                         (unit != NULL && (*unit == '\0' || g_strv_contains (units, unit))));
}

static gboolean
check_limits (JsonNode *node)
{
  JsonObject *object = dms_json_node_get_child (node);
  JsonNode *price = dms_json_object_get_member (object, "price");
  JsonNode *time = dms_json_object_get_member (object, "time");
  JsonArray *list = dms_json_object_get_list (object, "price");
  gboolean sound = is_limit (object, "speed") && is_limit (object, "power") &&
                   (price == NULL || JSON_NODE_HOLDS_NULL (price) || list != NULL) &&
                   (time == NULL || is_time (dms_json_node_get_child (time)));

  for (guint i = 0; sound && list != NULL && i < json_array_get_length (list); i++)
    {
      JsonObject *item = dms_json_node_get_child (json_array_get_element (list, i));

      sound = is_limit (item, "currency_per_hour") && is_limit (item, "total_per_job");
    }
  return sound;
}

/* Names of libraries that are none, currencies that come twice. */
static gboolean
check_items (DmsProfile *self)
{
  GPtrArray *libraries = dms_profile_get_libraries (self);
  GPtrArray *prices = dms_profile_get_prices (self);
  gboolean sound = TRUE;

  for (guint i = 0; i < libraries->len; i++)
    sound = sound && dms_requirement_is_library_name (dms_library_get_name (libraries->pdata[i]));
  for (guint i = 0; i < prices->len; i++)
    {
      for (guint j = 0; j < i; j++)
        sound = sound && g_ascii_strcasecmp (dms_price_get_currency (prices->pdata[i]),
                                             dms_price_get_currency (prices->pdata[j])) != 0;
    }
  return sound;
}

DmsProfile *
dms_requirement_new_from_json (JsonNode *node, GError **error)
{
  g_autoptr (DmsProfile) all = dms_profile_new_from_json (node, error);

  if (all == NULL ||
      !check_size (
          dms_profile_get_libraries (all), dms_profile_get_prices (all), dms_profile_get_kyc (all), error))
    return NULL;
  if (!check_limits (node) || !check_items (all))
    {
      g_set_error_literal (error,
                           DMS_ERROR,
                           DMS_ERROR_INVALID_DATA,
                           "a requirement has limits that are positive numbers, libraries with plain names, "
                           "and each currency once");
      return NULL;
    }
  return make (dms_profile_get_libraries (all),
               dms_profile_get_prices (all),
               dms_profile_get_time (all),
               dms_profile_get_kyc (all),
               dms_profile_get_speed (all),
               dms_profile_get_watts (all));
}

JsonNode *
dms_requirement_to_json (DmsProfile *self)
{
  g_autoptr (JsonNode) all = dms_profile_to_json (self);
  JsonObject *from = json_node_get_object (all);
  JsonNode *node = json_node_new (JSON_NODE_OBJECT);
  JsonObject *object = json_object_new ();
  const struct
  {
    const char *name;
    gboolean there;
  } members[] = {
    { "libraries", dms_profile_get_libraries (self)->len > 0 },
    { "price", dms_profile_get_prices (self)->len > 0 },
    { "time", has_time (self) },
    { "kyc", dms_profile_get_kyc (self)->len > 0 },
    { "speed", dms_profile_get_speed (self) > 0 },
    { "power", dms_profile_get_watts (self) > 0 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (members); i++)
    {
      if (members[i].there)
        json_object_set_member (object, members[i].name, json_object_dup_member (from, members[i].name));
    }
  json_node_take_object (node, object);
  return node;
}
