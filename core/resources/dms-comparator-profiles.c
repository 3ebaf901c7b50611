/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "resources/dms-comparator-private.h"

#include "resources/dms-fit.h"

#include <string.h>

/* What a machine can do besides what it is made of (resources-and-matching.md section 5). Each part of a
 * requirement that is not met is a shortfall of its own; relaxing it takes it out, or down to what there is.
 */

/* More than all of what is asked for, where sets are compared. */
static DmsComparison
compare_sizes (guint n_offered, guint n_required)
{
  return n_offered > n_required ? DMS_COMPARISON_BETTER : DMS_COMPARISON_EQUAL;
}

static gboolean
has_name (const char *const *names, const char *name)
{
  return g_strv_contains (names, name);
}

static void
compare_names (DmsComparing *self,
               const char *field,
               const char *label,
               const char *const *offered,
               const char *const *required)
{
  guint n_required = g_strv_length ((GStrv) required);
  g_autofree char *all = g_strjoinv (", ", (GStrv) offered);
  guint n_met = 0;

  for (guint i = 0; i < n_required; i++)
    n_met += has_name (offered, required[i]);
  for (guint i = 0; i < n_required; i++)
    {
      if (!has_name (offered, required[i]))
        dms_comparator_note (self,
                             /* A part of what is asked for is less of it; nothing of it is another kind. */
                             n_met > 0 ? DMS_COMPARISON_WORSE : DMS_COMPARISON_NONE,
                             dms_shortfall_new_kind (field, label, required[i], all, NULL));
    }
  if (n_met == n_required)
    dms_comparator_note (self, compare_sizes (g_strv_length ((GStrv) offered), n_required), NULL);
}

/* Libraries */

static char *
describe_library (gpointer required)
{
  g_autofree char *constraint = dms_library_dup_wanted (required);

  return constraint != NULL ? g_strdup_printf ("%s %s", dms_library_get_name (required), constraint)
                            : g_strdup (dms_library_get_name (required));
}

static char *
describe_offered_library (gpointer offered)
{
  const char *version = dms_library_get_version (offered);

  return version != NULL ? g_strdup_printf ("%s %s", dms_library_get_name (offered), version)
                         : g_strdup (dms_library_get_name (offered));
}

/* Localities */

static gboolean
same_text (const char *a, const char *b)
{
  g_autofree char *folded_a = g_utf8_casefold (a != NULL ? a : "", -1);
  g_autofree char *folded_b = g_utf8_casefold (b != NULL ? b : "", -1);

  return strcmp (folded_a, folded_b) == 0;
}

static gboolean
locality_is_akin (gpointer offered, gpointer required)
{
  return same_text (dms_locality_get_kind (offered), dms_locality_get_kind (required));
}

static gboolean
locality_serves (gpointer offered, gpointer required)
{
  const char *wanted = dms_locality_get_name (required);

  return locality_is_akin (offered, required) &&
         (wanted == NULL || same_text (dms_locality_get_name (offered), wanted));
}

static char *
describe_locality (gpointer locality)
{
  const char *name = dms_locality_get_name (locality);

  return g_strdup_printf ("%s %s", dms_locality_get_kind (locality), name != NULL ? name : "(any)");
}

/* Storage */

static gboolean
storage_is_akin (gpointer offered, gpointer required)
{
  const char *wanted = dms_storage_space_get_type_name (required);

  return wanted == NULL || same_text (dms_storage_space_get_type_name (offered), wanted);
}

static gboolean
storage_serves (gpointer offered, gpointer required)
{
  return storage_is_akin (offered, required) &&
         dms_storage_space_get_size_bytes (offered) >= dms_storage_space_get_size_bytes (required) &&
         MAX (dms_storage_space_get_amount (offered), 1) >= MAX (dms_storage_space_get_amount (required), 1);
}

static char *
describe_storage (gpointer storage)
{
  const char *type = dms_storage_space_get_type_name (storage);
  g_autofree char *size = dms_shortfall_format ((double) dms_storage_space_get_size_bytes (storage), "bytes");

  return g_strdup_printf ("%" G_GUINT64_FORMAT " × %s%s%s",
                          MAX (dms_storage_space_get_amount (storage), 1),
                          size,
                          type != NULL ? " of " : "",
                          type != NULL ? type : "");
}

/* KYC */

static gboolean
kyc_is_akin (gpointer offered, gpointer required)
{
  return same_text (dms_kyc_get_type_name (offered), dms_kyc_get_type_name (required));
}

static gboolean
kyc_serves (gpointer offered, gpointer required)
{
  return kyc_is_akin (offered, required) &&
         (dms_kyc_get_data (required) == NULL ||
          g_strcmp0 (dms_kyc_get_data (offered), dms_kyc_get_data (required)) == 0);
}

/* What is known about somebody is not spread further. */
static char *
describe_kyc (gpointer kyc)
{
  return g_strdup (dms_kyc_get_type_name (kyc));
}

/* Lists: each item that is asked for must be met by one that is there. */

typedef struct
{
  const char *field;
  const char *label;
  gboolean (*serves) (gpointer offered, gpointer required);
  /* Whether it is of the kind that is asked for, enough of it or not. */
  gboolean (*is_akin) (gpointer offered, gpointer required);
  char *(*describe) (gpointer required);
  char *(*describe_offered) (gpointer offered);
} ListRule;

static const ListRule LIBRARY_RULE = { "libraries",
                                       "library",
                                       (gboolean (*) (gpointer, gpointer)) dms_library_meets,
                                       (gboolean (*) (gpointer, gpointer)) dms_library_is_named_as,
                                       describe_library,
                                       describe_offered_library };
static const ListRule LOCALITY_RULE = { "locality",       "place",           locality_serves,
                                        locality_is_akin, describe_locality, describe_locality };
static const ListRule STORAGE_RULE = { "storage",       "storage",        storage_serves,
                                       storage_is_akin, describe_storage, describe_storage };
static const ListRule KYC_RULE = { "kyc", "KYC", kyc_serves, kyc_is_akin, describe_kyc, describe_kyc };

/* (nullable) */
static gpointer
find_item (GPtrArray *offered, gpointer required, gboolean (*is_right) (gpointer offered, gpointer required))
{
  for (guint i = 0; i < offered->len; i++)
    {
      if (is_right (offered->pdata[i], required))
        return offered->pdata[i];
    }
  return NULL;
}

static void
compare_lists (DmsComparing *self, GPtrArray *offered, GPtrArray *required, const ListRule *rule)
{
  guint n_met = 0;

  for (guint i = 0; i < required->len; i++)
    {
      gpointer wanted = required->pdata[i];
      gpointer akin = find_item (offered, wanted, rule->is_akin);
      g_autofree char *field = NULL;
      g_autofree char *text = NULL;
      g_autofree char *nearest = NULL;

      if (find_item (offered, wanted, rule->serves) != NULL)
        {
          n_met++;
          continue;
        }
      field = g_strdup_printf ("%s[%u]", rule->field, i);
      text = rule->describe (wanted);
      nearest = akin != NULL ? rule->describe_offered (akin) : NULL;
      dms_comparator_note (self,
                           akin != NULL ? DMS_COMPARISON_WORSE : DMS_COMPARISON_NONE,
                           dms_shortfall_new_kind (field, rule->label, text, nearest, NULL));
    }
  if (n_met == required->len)
    dms_comparator_note (self, compare_sizes (offered->len, required->len), NULL);
}

static GPtrArray *
relax_list (GPtrArray *offered, GPtrArray *required, const ListRule *rule)
{
  GPtrArray *met = g_ptr_array_new ();

  for (guint i = 0; i < required->len; i++)
    {
      if (find_item (offered, required->pdata[i], rule->serves) != NULL)
        g_ptr_array_add (met, required->pdata[i]);
    }
  return met;
}

static GPtrArray *
relax_names (const char *const *offered, const char *const *required)
{
  GPtrArray *met = g_ptr_array_new ();

  for (guint i = 0; required[i] != NULL; i++)
    {
      if (has_name (offered, required[i]))
        g_ptr_array_add (met, (gpointer) required[i]);
    }
  g_ptr_array_add (met, NULL);
  return met;
}

/* Ports */

static void
compare_connectivity (DmsComparing *self, DmsConnectivity *offered, DmsConnectivity *required)
{
  gboolean vpn = dms_connectivity_get_vpn (required) && !dms_connectivity_get_vpn (offered);
  guint n_met = 0;

  for (guint i = 0; i < dms_connectivity_get_n_ports (required); i++)
    {
      guint16 port = dms_connectivity_get_port (required, i);
      g_autofree char *text = g_strdup_printf ("%u", port);

      if (dms_connectivity_has_port (offered, port))
        n_met++;
      else
        dms_comparator_note (
            self,
            DMS_COMPARISON_WORSE,
            dms_shortfall_new_kind ("connectivity.ports", "port", text, "others only", NULL));
    }
  if (vpn)
    dms_comparator_note (self,
                         DMS_COMPARISON_WORSE,
                         dms_shortfall_new_kind ("connectivity.vpn", "private network", "yes", "none", NULL));
  if (!vpn && n_met == dms_connectivity_get_n_ports (required))
    dms_comparator_note (
        self,
        dms_connectivity_get_vpn (offered) != dms_connectivity_get_vpn (required)
            ? DMS_COMPARISON_BETTER
            : compare_sizes (dms_connectivity_get_n_ports (offered), dms_connectivity_get_n_ports (required)),
        NULL);
}

static DmsConnectivity *
relax_connectivity (DmsConnectivity *offered, DmsConnectivity *required)
{
  g_autoptr (GArray) ports = g_array_new (FALSE, FALSE, sizeof (guint16));

  for (guint i = 0; i < dms_connectivity_get_n_ports (required); i++)
    {
      guint16 port = dms_connectivity_get_port (required, i);

      if (dms_connectivity_has_port (offered, port))
        g_array_append_val (ports, port);
    }
  return dms_connectivity_new ((guint16 *) (void *) ports->data,
                               ports->len,
                               dms_connectivity_get_vpn (required) && dms_connectivity_get_vpn (offered));
}

/* Prices: the machine's is on the left, what the job pays at most on the right. One currency of several is
 * enough. Who names no price, of whom nobody knows what he will ask for. */

static gboolean
price_is_akin (gpointer offered, gpointer required)
{
  return same_text (dms_price_get_currency (offered), dms_price_get_currency (required));
}

/* What all of a job costs: what is asked for it, or by the hour for as long as it may take; less than 0 when
 * nobody knows. */
static double
get_total (DmsPrice *offered, double seconds)
{
  if (dms_price_get_per_job (offered) > 0 || dms_price_get_per_hour (offered) <= 0)
    return dms_price_get_per_job (offered);
  return seconds > 0 ? dms_price_get_per_hour (offered) * seconds / 3600 : -1;
}

static gboolean
is_within (double asked, double paid)
{
  return paid <= 0 || (asked >= 0 && dms_comparator_compare_numbers (paid, asked) != DMS_COMPARISON_WORSE);
}

static gboolean
price_serves (DmsPrice *offered, DmsPrice *required, double seconds)
{
  return price_is_akin (offered, required) &&
         is_within (dms_price_get_per_hour (offered), dms_price_get_per_hour (required)) &&
         is_within (get_total (offered, seconds), dms_price_get_per_job (required));
}

static char *
describe_price (gpointer price)
{
  g_autoptr (GString) text = g_string_new (NULL);
  const char *currency = dms_price_get_currency (price);

  if (dms_price_get_per_hour (price) > 0)
    g_string_append_printf (text, "%.6g %s an hour", dms_price_get_per_hour (price), currency);
  if (dms_price_get_per_job (price) > 0)
    g_string_append_printf (
        text, "%s%.6g %s a job", text->len > 0 ? " and " : "", dms_price_get_per_job (price), currency);
  if (text->len == 0)
    g_string_append (text, currency);
  return g_string_free (g_steal_pointer (&text), FALSE);
}

/* A price in the right currency that is too high, by the hour or in all. */
static DmsShortfall *
make_excess (DmsPrice *asked, DmsPrice *paid, guint index, double seconds)
{
  gboolean hourly = !is_within (dms_price_get_per_hour (asked), dms_price_get_per_hour (paid));
  double total = get_total (asked, seconds);
  g_autofree char *field =
      g_strdup_printf ("price[%u].%s", index, hourly ? "currency_per_hour" : "total_per_job");
  g_autofree char *unit =
      g_strdup_printf ("%s %s", dms_price_get_currency (paid), hourly ? "an hour" : "a job");
  g_autofree char *text = describe_price (paid);
  g_autofree char *offered = describe_price (asked);

  if (!hourly && total < 0)
    return dms_shortfall_new_kind (field, "a price of", text, offered, offered);
  return dms_shortfall_new_excess (field,
                                   "price",
                                   hourly ? dms_price_get_per_hour (paid) : dms_price_get_per_job (paid),
                                   hourly ? dms_price_get_per_hour (asked) : total,
                                   unit);
}

/* What to say of the prices when none is met: the first in a currency both have, or just the first. */
static void
explain_price (DmsComparing *self, GPtrArray *offered, GPtrArray *required, double seconds)
{
  DmsPrice *akin = NULL;
  g_autofree char *text = describe_price (required->pdata[0]);
  g_autofree char *asked = offered->len > 0 ? describe_price (offered->pdata[0]) : NULL;

  for (guint i = 0; akin == NULL && i < required->len; i++)
    {
      akin = find_item (offered, required->pdata[i], price_is_akin);
      if (akin != NULL)
        dms_comparator_note (self, DMS_COMPARISON_WORSE, make_excess (akin, required->pdata[i], i, seconds));
    }
  if (akin == NULL)
    dms_comparator_note (
        self, DMS_COMPARISON_NONE, dms_shortfall_new_kind ("price", "a price of", text, asked, asked));
}

static gboolean
prices_are_met (DmsProfile *offered, DmsProfile *required)
{
  GPtrArray *asked = dms_profile_get_prices (offered);
  GPtrArray *paid = dms_profile_get_prices (required);
  double seconds = dms_time_limit_get_seconds (dms_profile_get_time (required));

  for (guint i = 0; i < paid->len; i++)
    {
      for (guint j = 0; j < asked->len; j++)
        {
          if (price_serves (asked->pdata[j], paid->pdata[i], seconds))
            return TRUE;
        }
    }
  return paid->len == 0;
}

static void
compare_prices (DmsComparing *self, DmsProfile *offered, DmsProfile *required)
{
  if (!prices_are_met (offered, required))
    explain_price (self,
                   dms_profile_get_prices (offered),
                   dms_profile_get_prices (required),
                   dms_time_limit_get_seconds (dms_profile_get_time (required)));
}

/* What there must be enough of, or not too much, and what is not known is not enough. */

static gboolean
is_too_little (double have, double want)
{
  return want > 0 && (have <= 0 || dms_comparator_compare_numbers (have, want) == DMS_COMPARISON_WORSE);
}

static gboolean
is_too_much (double have, double want)
{
  return want > 0 && (have <= 0 || dms_comparator_compare_numbers (want, have) == DMS_COMPARISON_WORSE);
}

static void
note_unknown (DmsComparing *self, const char *field, const char *label, double required, const char *unit)
{
  g_autofree char *text = dms_shortfall_format (required, unit);

  dms_comparator_note (
      self, DMS_COMPARISON_NONE, dms_shortfall_new_kind (field, label, text, "nothing known", NULL));
}

static void
compare_least (DmsComparing *self,
               const char *field,
               const char *label,
               double offered,
               double required,
               const char *unit)
{
  if (is_too_little (offered, required) && offered > 0)
    dms_comparator_note (
        self, DMS_COMPARISON_WORSE, dms_shortfall_new_quantity (field, label, required, offered, unit));
  else if (is_too_little (offered, required))
    note_unknown (self, field, label, required, unit);
}

static void
compare_most (DmsComparing *self,
              const char *field,
              const char *label,
              double offered,
              double required,
              const char *unit)
{
  if (is_too_much (offered, required) && offered > 0)
    dms_comparator_note (
        self, DMS_COMPARISON_WORSE, dms_shortfall_new_excess (field, label, required, offered, unit));
  else if (is_too_much (offered, required))
    note_unknown (self, field, label, required, unit);
}

/**
 * dms_comparator_explain_profiles:
 * @offered: what a machine can do
 * @required: what a job needs
 *
 * Returns: (transfer full): how the machine stands to the job, with all that it lacks
 */
DmsFit *
dms_comparator_explain_profiles (DmsProfile *offered, DmsProfile *required)
{
  DmsComparing self = { DMS_COMPARISON_EQUAL,
                        g_ptr_array_new_with_free_func ((GDestroyNotify) dms_shortfall_unref) };

  compare_names (&self,
                 "executor",
                 "executor",
                 dms_profile_get_executors (offered),
                 dms_profile_get_executors (required));
  compare_names (
      &self, "type", "job type", dms_profile_get_job_types (offered), dms_profile_get_job_types (required));
  dms_comparator_add_resources (
      &self, dms_profile_get_resources (offered), dms_profile_get_resources (required));
  compare_lists (
      &self, dms_profile_get_libraries (offered), dms_profile_get_libraries (required), &LIBRARY_RULE);
  compare_lists (
      &self, dms_profile_get_localities (offered), dms_profile_get_localities (required), &LOCALITY_RULE);
  compare_lists (&self, dms_profile_get_storage (offered), dms_profile_get_storage (required), &STORAGE_RULE);
  compare_connectivity (
      &self, dms_profile_get_connectivity (offered), dms_profile_get_connectivity (required));
  compare_prices (&self, offered, required);
  compare_least (&self,
                 "time.max_time",
                 "time",
                 dms_time_limit_get_seconds (dms_profile_get_time (offered)),
                 dms_time_limit_get_seconds (dms_profile_get_time (required)),
                 "seconds");
  compare_lists (&self, dms_profile_get_kyc (offered), dms_profile_get_kyc (required), &KYC_RULE);
  compare_least (
      &self, "speed", "speed", dms_profile_get_speed (offered), dms_profile_get_speed (required), NULL);
  compare_most (
      &self, "power", "power", dms_profile_get_watts (offered), dms_profile_get_watts (required), "W");
  return dms_fit_new (self.comparison, self.shortfalls);
}

/* Takes the profile that it makes another of. */
static DmsProfile *
relax_values (DmsProfile *offered, DmsProfile *required)
{
  g_autoptr (DmsResources) resources =
      dms_comparator_relax (dms_profile_get_resources (offered), dms_profile_get_resources (required));
  g_autoptr (DmsConnectivity) connectivity =
      relax_connectivity (dms_profile_get_connectivity (offered), dms_profile_get_connectivity (required));
  g_autoptr (GPtrArray) executors =
      relax_names (dms_profile_get_executors (offered), dms_profile_get_executors (required));
  g_autoptr (GPtrArray) job_types =
      relax_names (dms_profile_get_job_types (offered), dms_profile_get_job_types (required));
  double speed = dms_profile_get_speed (offered);
  double watts = dms_profile_get_watts (offered);
  gboolean short_time = is_too_little (dms_time_limit_get_seconds (dms_profile_get_time (offered)),
                                       dms_time_limit_get_seconds (dms_profile_get_time (required)));
  g_autoptr (DmsProfile) a = dms_profile_with_resources (required, resources);
  g_autoptr (DmsProfile) b = dms_profile_with_connectivity (a, connectivity);
  g_autoptr (DmsProfile) c = dms_profile_with_executors (b, (const char *const *) executors->pdata);
  g_autoptr (DmsProfile) d = dms_profile_with_job_types (c, (const char *const *) job_types->pdata);

  g_autoptr (DmsProfile) e = is_too_little (speed, dms_profile_get_speed (required))
                                 ? dms_profile_with_speed (d, speed)
                                 : dms_profile_ref (d);
  g_autoptr (DmsProfile) f = is_too_much (watts, dms_profile_get_watts (required))
                                 ? dms_profile_with_watts (e, watts)
                                 : dms_profile_ref (e);

  return short_time ? dms_profile_with_time (f, dms_profile_get_time (offered)) : g_steal_pointer (&f);
}

/**
 * dms_comparator_relax_profile:
 * @offered: what a machine can do
 * @required: what a job needs
 *
 * Returns: (transfer full): what the job can ask for instead
 */
DmsProfile *
dms_comparator_relax_profile (DmsProfile *offered, DmsProfile *required)
{
  GPtrArray *prices = dms_profile_get_prices (required);
  g_autoptr (GPtrArray) libraries =
      relax_list (dms_profile_get_libraries (offered), dms_profile_get_libraries (required), &LIBRARY_RULE);
  g_autoptr (GPtrArray) localities = relax_list (
      dms_profile_get_localities (offered), dms_profile_get_localities (required), &LOCALITY_RULE);
  g_autoptr (GPtrArray) storage =
      relax_list (dms_profile_get_storage (offered), dms_profile_get_storage (required), &STORAGE_RULE);
  g_autoptr (GPtrArray) kyc =
      relax_list (dms_profile_get_kyc (offered), dms_profile_get_kyc (required), &KYC_RULE);
  g_autoptr (DmsProfile) a = relax_values (offered, required);
  g_autoptr (DmsProfile) b = dms_profile_with_libraries (a, libraries);
  g_autoptr (DmsProfile) c = dms_profile_with_localities (b, localities);
  g_autoptr (DmsProfile) d = dms_profile_with_storage (c, storage);
  g_autoptr (DmsProfile) e = dms_profile_with_kyc (d, kyc);

  if (!prices_are_met (offered, e))
    prices = dms_profile_get_prices (offered);
  return dms_profile_with_prices (e, prices);
}
