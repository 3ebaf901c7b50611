/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "orchestrator/dms-refusal-need.h"

#include "resources/dms-shortfall.h"

#include <string.h>

DmsRefusalNeed *
dms_refusal_need_new (const char *node, DmsResources *required)
{
  DmsRefusalNeed *self = g_new0 (DmsRefusalNeed, 1);
  GPtrArray *gpus = dms_resources_get_gpus (required);

  self->node = g_strdup (node);
  self->required = dms_profile_new_empty ();
  self->amounts[DMS_BID_REFUSAL_CPU] = dms_cpu_get_cores (dms_resources_get_cpu (required));
  self->amounts[DMS_BID_REFUSAL_RAM] = (double) dms_ram_get_size_bytes (dms_resources_get_ram (required));
  self->amounts[DMS_BID_REFUSAL_DISK] = (double) dms_disk_get_size_bytes (dms_resources_get_disk (required));
  self->n_gpus = gpus->len;
  for (guint i = 0; i < gpus->len; i++)
    self->amounts[DMS_BID_REFUSAL_GPU] =
        MAX (self->amounts[DMS_BID_REFUSAL_GPU], (double) dms_gpu_get_vram_bytes (gpus->pdata[i]));
  return self;
}

DmsRefusalNeed *
dms_refusal_need_copy (const DmsRefusalNeed *self)
{
  DmsRefusalNeed *copy = g_new (DmsRefusalNeed, 1);

  *copy = *self;
  copy->node = g_strdup (self->node);
  copy->required = dms_profile_ref (self->required);
  return copy;
}

void
dms_refusal_need_set_required (DmsRefusalNeed *self, DmsProfile *required)
{
  if (required == NULL)
    return;
  dms_profile_ref (required);
  dms_profile_unref (self->required);
  self->required = required;
  self->amounts[DMS_BID_REFUSAL_TIME] = dms_time_limit_get_seconds (dms_profile_get_time (required));
  self->amounts[DMS_BID_REFUSAL_SPEED] = dms_profile_get_speed (required);
  self->amounts[DMS_BID_REFUSAL_POWER] = dms_profile_get_watts (required);
}

void
dms_refusal_need_free (DmsRefusalNeed *self)
{
  dms_profile_unref (self->required);
  g_free (self->node);
  g_free (self);
}

/* The place in a list that a field such as `price[1].total_per_job` names; -1 when it names none. Only the
 * one spelling that machines of ours have counts: what others make up would be told apart and kept. rest:
 * what may follow the place, ended by NULL. */
static gint64
get_index (const char *field, const char *list, guint length, const char *const *rest)
{
  gsize begin = strlen (list);
  gint64 index;

  if (!g_str_has_prefix (field, list) || field[begin] != '[' || !g_ascii_isdigit (field[begin + 1]))
    return -1;
  index = g_ascii_strtoll (field + begin + 1, NULL, 10);
  for (guint i = 0; index < length && rest[i] != NULL; i++)
    {
      g_autofree char *spelled = g_strdup_printf ("%s[%" G_GINT64_FORMAT "]%s", list, index, rest[i]);

      if (strcmp (field, spelled) == 0)
        return index;
    }
  return -1;
}

static const char *const nothing_more[] = { "", NULL };

/* (nullable) */
static DmsPrice *
get_price (const DmsRefusalNeed *self, const DmsBidRefusalReason *reason)
{
  static const char *const limits[] = { "", ".currency_per_hour", ".total_per_job", NULL };
  GPtrArray *prices = dms_profile_get_prices (self->required);
  gint64 index = get_index (reason->field, "price", prices->len, limits);

  return index >= 0 ? prices->pdata[index] : NULL;
}

static gboolean
is_total (const DmsBidRefusalReason *reason)
{
  return g_str_has_suffix (reason->field, ".total_per_job");
}

DmsLibrary *
dms_refusal_need_get_library (const DmsRefusalNeed *self, const DmsBidRefusalReason *reason)
{
  GPtrArray *libraries = dms_profile_get_libraries (self->required);
  gint64 index = get_index (reason->field, "libraries", libraries->len, nothing_more);

  return index >= 0 ? libraries->pdata[index] : NULL;
}

double
dms_refusal_need_get_amount (const DmsRefusalNeed *self, const DmsBidRefusalReason *reason)
{
  DmsPrice *price;

  if (reason->code != DMS_BID_REFUSAL_PRICE)
    return self->amounts[reason->code];
  price = get_price (self, reason);
  if (price == NULL)
    return 0;
  return is_total (reason) ? dms_price_get_per_job (price) : dms_price_get_per_hour (price);
}

static gboolean
believes_library (const DmsRefusalNeed *self, const DmsBidRefusalReason *reason)
{
  DmsLibrary *wanted = dms_refusal_need_get_library (self, reason);
  g_autoptr (DmsLibrary) there = NULL;

  if (wanted == NULL || reason->version == NULL)
    return wanted != NULL;
  there = dms_library_new (dms_library_get_name (wanted), NULL, reason->version);
  return !dms_library_meets (there, wanted);
}

gboolean
dms_refusal_need_believes (const DmsRefusalNeed *self, const DmsBidRefusalReason *reason)
{
  DmsBidRefusalCode code = reason->code;
  double offered = reason->offered;
  double required = dms_refusal_need_get_amount (self, reason);

  switch (code)
    {
    case DMS_BID_REFUSAL_CPU:
    case DMS_BID_REFUSAL_RAM:
    case DMS_BID_REFUSAL_DISK:
      return offered < self->amounts[code];

    case DMS_BID_REFUSAL_GPU:
      return self->n_gpus > 0 && (offered <= 0 || offered < self->amounts[code]);

    case DMS_BID_REFUSAL_LOCATION:
      return self->located;

    case DMS_BID_REFUSAL_PRIVILEGED:
      return self->privileged;

    case DMS_BID_REFUSAL_PORTS:
      return self->n_ports > 0;

    case DMS_BID_REFUSAL_LIBRARY:
      return believes_library (self, reason);

    case DMS_BID_REFUSAL_PRICE:
      return dms_profile_get_prices (self->required)->len > 0 &&
             (strcmp (reason->field, "price") == 0 || get_price (self, reason) != NULL) &&
             (offered <= 0 || offered > required);

    case DMS_BID_REFUSAL_TIME:
    case DMS_BID_REFUSAL_SPEED:
      return required > 0 && offered < required;

    case DMS_BID_REFUSAL_POWER:
      return required > 0 && (offered <= 0 || offered > required);

    case DMS_BID_REFUSAL_KYC:
      return get_index (reason->field, "kyc", dms_profile_get_kyc (self->required)->len, nothing_more) >= 0;

    case DMS_BID_REFUSAL_NOT_GRANTED:
    case DMS_BID_REFUSAL_NOT_READY:
    case DMS_BID_REFUSAL_NOT_ONBOARDED:
    case DMS_BID_REFUSAL_CONTRACT:
    case DMS_BID_REFUSAL_EXECUTOR:
    case DMS_BID_REFUSAL_ARCHITECTURE:
    case DMS_BID_REFUSAL_HARDWARE:
    case DMS_BID_REFUSAL_BUSY:
    case DMS_BID_REFUSAL_BAD_REQUEST:
      return TRUE;

    case DMS_BID_REFUSAL_N_CODES:
    default:
      return FALSE;
    }
}

char *
dms_refusal_need_format (const DmsRefusalNeed *self, const DmsBidRefusalReason *reason, double amount)
{
  DmsPrice *price = reason->code == DMS_BID_REFUSAL_PRICE ? get_price (self, reason) : NULL;
  g_autofree char *unit = NULL;

  if (price == NULL)
    return dms_shortfall_format (amount, dms_bid_refusal_code_get_unit (reason->code));
  unit = g_strdup_printf ("%s %s", dms_price_get_currency (price), is_total (reason) ? "a job" : "an hour");
  return dms_shortfall_format (amount, unit);
}

static char *
describe_library (DmsLibrary *wanted, const char *version)
{
  const char *name = dms_library_get_name (wanted);
  g_autofree char *constraint = dms_library_dup_wanted (wanted);

  if (version != NULL)
    return g_strdup_printf ("library %s %s of %s", name, version, constraint != NULL ? constraint : "any");
  return g_strdup_printf (
      "no library %s%s%s", name, constraint != NULL ? " " : "", constraint != NULL ? constraint : "");
}

/* What its owner says nothing about. */
static char *
describe_unsaid (const DmsRefusalNeed *self, const DmsBidRefusalReason *reason)
{
  GPtrArray *kyc = dms_profile_get_kyc (self->required);
  gint64 index = get_index (reason->field, "kyc", kyc->len, nothing_more);

  switch (reason->code)
    {
    case DMS_BID_REFUSAL_PRICE:
      return g_strdup ("no price in such a currency");
    case DMS_BID_REFUSAL_TIME:
      return g_strdup ("does not say for how long it is lent");
    case DMS_BID_REFUSAL_SPEED:
      return g_strdup ("does not say how fast it is");
    case DMS_BID_REFUSAL_POWER:
      return g_strdup ("does not say how much power it draws");
    case DMS_BID_REFUSAL_KYC:
      if (index >= 0)
        return g_strdup_printf ("no KYC “%s”", dms_kyc_get_type_name (kyc->pdata[index]));
      break;
    default:
      break;
    }
  return g_strdup (dms_bid_refusal_code_describe (reason->code));
}

char *
dms_refusal_need_describe (const DmsRefusalNeed *self, const DmsBidRefusalReason *reason)
{
  double required = dms_refusal_need_get_amount (self, reason);
  DmsLibrary *library = dms_refusal_need_get_library (self, reason);
  g_autofree char *offered = NULL;
  g_autofree char *wanted = NULL;

  if (reason->code == DMS_BID_REFUSAL_LIBRARY && library != NULL)
    return describe_library (library, reason->version);
  if (dms_bid_refusal_code_get_unit (reason->code) == NULL || required <= 0 || reason->offered <= 0)
    return describe_unsaid (self, reason);
  offered = dms_refusal_need_format (self, reason, reason->offered);
  wanted = dms_refusal_need_format (self, reason, required);
  return g_strdup_printf ("%s: %s%s of %s%s",
                          dms_bid_refusal_code_describe (reason->code),
                          dms_bid_refusal_code_is_stated (reason->code) ? "" : "about ",
                          offered,
                          dms_bid_refusal_code_is_ceiling (reason->code) ? "at most " : "",
                          wanted);
}
