/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "jobs/dms-job-decode-private.h"

#include "jobs/dms-job-units.h"
#include "resources/dms-requirement.h"
#include "resources/dms-semver.h"

#include <string.h>

/* Reads `requires`: what a machine must have besides resources, and within which limits. Names are those of
 * the capability model (resources-and-matching.md section 5), with a short form for each. */

/* More than any score, power, price or time that means something. */
#define MAX_NUMBER 1e15
/* Some thirty years. */
#define MAX_SECONDS 1e9

static void G_GNUC_PRINTF (4, 5)
    report (const DmsJobScope *scope, DmsJobNode *item, const char *path, const char *format, ...)
{
  g_autofree char *text = NULL;
  va_list arguments;

  va_start (arguments, format);
  text = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  dms_job_report_error (scope->report, item, path, "%s", text);
}

/* What is read of each item of a list, or of a single one in its place. NULL when it was reported. */
typedef gpointer (*ReadItem) (DmsJobNode *item, const char *path, const DmsJobScope *scope);

static GPtrArray *
decode_items (DmsJobReader *requires,
              const char *key,
              ReadItem read,
              GDestroyNotify unref,
              const DmsJobScope *scope)
{
  GPtrArray *items = g_ptr_array_new_with_free_func (unref);
  DmsJobNode *member = dms_job_reader_get (requires, key, DMS_JOB_READ_OPTIONAL);
  gboolean is_list = member != NULL && dms_job_node_get_kind (member) == DMS_JOB_NODE_LIST;
  guint n = is_list ? dms_job_node_get_n_items (member) : member != NULL;

  if (n > DMS_REQUIREMENT_MAX_ITEMS)
    {
      dms_job_reader_error (requires, key, "must have at most %d items", DMS_REQUIREMENT_MAX_ITEMS);
      return items;
    }
  for (guint i = 0; i < n; i++)
    {
      g_autofree char *own = dms_job_reader_dup_path_of (requires, key);
      g_autofree char *path = is_list ? g_strdup_printf ("%s[%u]", own, i) : g_strdup (own);
      gpointer item = read (is_list ? dms_job_node_get_item (member, i) : member, path, scope);

      if (item != NULL)
        g_ptr_array_add (items, item);
    }
  return items;
}

/* Libraries: `openssl >= 3.2, < 4`, or {name, constraint, version} */

static DmsLibrary *
check_library (DmsLibrary *library, DmsJobNode *item, const char *path, const DmsJobScope *scope)
{
  g_autofree char *wanted = dms_library_dup_wanted (library);
  const char *name = dms_library_get_name (library);
  g_autoptr (GError) error = NULL;

  if (name == NULL || !dms_requirement_is_library_name (name))
    report (scope,
            item,
            path,
            "must begin with the name of a library, and may go on with versions, such as \"openssl >= 3.2, < "
            "4\"; \"%.40s\" is no name",
            name != NULL ? name : "");
  /* Whether it holds for any version does not matter here. */
  else if (!dms_semver_satisfies ("0", wanted, &error) && error != NULL)
    report (scope, item, path, "%s", error->message);
  else if (!dms_semver_can_meet ((const char *const[]){ wanted, NULL }))
    report (scope, item, path, "no version of %s can be \"%.128s\"", name, wanted);
  else
    return library;
  dms_library_unref (library);
  return NULL;
}

static gpointer
read_library (DmsJobNode *item, const char *path, const DmsJobScope *scope)
{
  g_autoptr (DmsJobReader) reader = NULL;
  g_autofree char *name = NULL;
  g_autofree char *constraint = NULL;
  g_autofree char *version = NULL;

  if (dms_job_node_is_scalar (item))
    {
      g_autofree char *text = g_strstrip (g_strdup (dms_job_node_get_text (item)));
      gsize length = strcspn (text, " \t<>=!~");

      name = g_strndup (text, length);
      constraint = g_strstrip (g_strdup (text + length));
      return check_library (dms_library_new (name, constraint, NULL), item, path, scope);
    }
  reader = dms_job_reader_new (item, path, scope->form, scope->report);
  if (reader == NULL)
    return NULL;
  name = dms_job_reader_dup_string (reader, "name", DMS_JOB_READ_REQUIRED | DMS_JOB_READ_NON_EMPTY);
  constraint = dms_job_reader_dup_string (reader, "constraint", DMS_JOB_READ_OPTIONAL);
  version = dms_job_reader_dup_string (reader, "version", DMS_JOB_READ_OPTIONAL);
  dms_job_reader_finish (reader);
  return name == NULL ? NULL : check_library (dms_library_new (name, constraint, version), item, path, scope);
}

/* Prices: `0.25 NTX` an hour, or {currency, currency_per_hour, total_per_job} */

static gpointer
read_price (DmsJobNode *item, const char *path, const DmsJobScope *scope)
{
  g_autoptr (DmsJobReader) reader = NULL;
  g_autoptr (DmsPrice) price = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *currency = NULL;
  double per_hour;
  double per_job;

  if (dms_job_node_is_scalar (item))
    {
      price = dms_price_new_from_text (dms_job_node_get_text (item), &error);
      if (price == NULL)
        report (scope, item, path, "%s", error->message);
      else if (dms_price_get_per_hour (price) <= 0)
        report (scope,
                item,
                path,
                "must be more than 0: for machines that cost nothing, write very little, such as 0.000001 %s",
                dms_price_get_currency (price));
      else
        return g_steal_pointer (&price);
      return NULL;
    }
  reader = dms_job_reader_new (item, path, scope->form, scope->report);
  if (reader == NULL)
    return NULL;
  currency = dms_job_reader_dup_string (reader, "currency", DMS_JOB_READ_REQUIRED | DMS_JOB_READ_NON_EMPTY);
  per_hour = dms_job_reader_get_positive (reader, "currency_per_hour", MAX_NUMBER, DMS_JOB_READ_OPTIONAL);
  per_job = dms_job_reader_get_positive (reader, "total_per_job", MAX_NUMBER, DMS_JOB_READ_OPTIONAL);
  if (dms_job_reader_get (reader, "preference", DMS_JOB_READ_OPTIONAL) != NULL)
    dms_job_reader_error (
        reader, "preference", "is a wish, not a limit: write it as the price of preferences");
  if (dms_job_reader_get (reader, "currency_per_hour", DMS_JOB_READ_OPTIONAL) == NULL &&
      dms_job_reader_get (reader, "total_per_job", DMS_JOB_READ_OPTIONAL) == NULL)
    dms_job_reader_error (reader, NULL, "needs a limit: currency_per_hour, total_per_job, or both");
  if (currency != NULL && !dms_price_is_currency (currency))
    dms_job_reader_error (
        reader, "currency", "must be letters and digits, such as NTX, got \"%.40s\"", currency);
  dms_job_reader_finish (reader);
  return currency != NULL && dms_price_is_currency (currency) ? dms_price_new (currency, per_hour, per_job, 0)
                                                              : NULL;
}

static void
check_prices (DmsJobReader *requires, GPtrArray *prices, gboolean timed)
{
  gboolean total = FALSE;

  for (guint i = 0; i < prices->len; i++)
    {
      const char *currency = dms_price_get_currency (prices->pdata[i]);

      total = total || dms_price_get_per_job (prices->pdata[i]) > 0;
      for (guint j = 0; j < i; j++)
        {
          if (g_ascii_strcasecmp (currency, dms_price_get_currency (prices->pdata[j])) == 0)
            dms_job_reader_error (requires, "price", "names the currency %s twice", currency);
        }
    }
  if (total && !timed)
    dms_job_reader_error (
        requires,
        "price",
        "with total_per_job needs time beside it: who asks for a price by the hour can only "
        "say what a job costs when he knows how long it may take");
}

/* Time: `8h`, or {units, max_time} */

static DmsTimeLimit *
decode_time_map (DmsJobReader *requires)
{
  static const char *const units[] = { "seconds", "minutes", "hours", "days", NULL };
  g_autoptr (DmsJobReader) time = dms_job_reader_open (requires, "time", DMS_JOB_READ_OPTIONAL);
  g_autoptr (DmsTimeLimit) limit = NULL;
  g_autofree char *unit = NULL;

  if (time == NULL)
    return dms_time_limit_new (NULL, 0, 0);
  unit = dms_job_reader_dup_choice (time, "units", units, "seconds", DMS_JOB_READ_OPTIONAL);
  limit = dms_time_limit_new (
      unit, dms_job_reader_get_positive (time, "max_time", MAX_SECONDS, DMS_JOB_READ_REQUIRED), 0);
  if (dms_job_reader_get (time, "preference", DMS_JOB_READ_OPTIONAL) != NULL)
    dms_job_reader_error (time, "preference", "is a wish, not a limit: write it as the time of preferences");
  dms_job_reader_finish (time);
  return g_steal_pointer (&limit);
}

static DmsTimeLimit *
decode_time (DmsJobReader *requires)
{
  DmsJobNode *member = dms_job_reader_get (requires, "time", DMS_JOB_READ_OPTIONAL);
  g_autofree char *why = NULL;
  gint64 ns = 0;

  if (member == NULL || !dms_job_node_is_scalar (member))
    return decode_time_map (requires);
  if (!dms_job_units_parse_duration (dms_job_node_get_text (member), &ns, &why))
    dms_job_reader_error (requires, "time", "%s, got \"%.40s\"", why, dms_job_node_get_text (member));
  else if ((double) ns / 1e9 > MAX_SECONDS)
    dms_job_reader_error (requires,
                          "time",
                          "must be at most %dh, got \"%.40s\"",
                          (int) (MAX_SECONDS / 3600),
                          dms_job_node_get_text (member));
  return dms_time_limit_new ("seconds", (double) ns / 1e9, 0);
}

/* KYC: `company`, `company=12345`, or {type, data} */

static gpointer
read_kyc (DmsJobNode *item, const char *path, const DmsJobScope *scope)
{
  g_autoptr (DmsJobReader) reader = NULL;
  g_autofree char *type = NULL;
  g_autofree char *data = NULL;

  if (dms_job_node_is_scalar (item))
    {
      g_auto (GStrv) parts = g_strsplit (dms_job_node_get_text (item), "=", 2);

      if (parts[0] != NULL && g_strstrip (parts[0])[0] != '\0' && strlen (parts[0]) <= 256 &&
          (parts[1] == NULL || strlen (g_strstrip (parts[1])) <= 256))
        return dms_kyc_new (parts[0], parts[1]);
      report (scope, item, path, "must be a kind of statement, such as company, or company=12345");
      return NULL;
    }
  reader = dms_job_reader_new (item, path, scope->form, scope->report);
  if (reader == NULL)
    return NULL;
  type = dms_job_reader_dup_string (reader, "type", DMS_JOB_READ_REQUIRED | DMS_JOB_READ_NON_EMPTY);
  data = dms_job_reader_dup_string (reader, "data", DMS_JOB_READ_OPTIONAL);
  if ((type != NULL && strlen (type) > 256) || (data != NULL && strlen (data) > 256))
    dms_job_reader_error (reader, NULL, "type and data may have 256 characters");
  dms_job_reader_finish (reader);
  return type != NULL ? dms_kyc_new (type, data) : NULL;
}

/* What is required must be met, also by who does not know of it. */
static void
check_members (DmsJobReader *requires)
{
  static const char *const known[] = { "libraries", "price", "time", "kyc", "speed", "power" };
  DmsJobNode *node = dms_job_reader_get_node (requires);

  /* Those of a file are checked as ever. */
  if (dms_job_reader_get_form (requires) == DMS_JOB_FORM_FILE)
    return;
  for (guint i = 0; i < dms_job_node_get_n_items (node); i++)
    {
      const char *key = dms_job_node_get_key (node, i);
      gboolean is_known = FALSE;

      for (guint j = 0; j < G_N_ELEMENTS (known); j++)
        is_known = is_known || g_ascii_strcasecmp (key, known[j]) == 0;
      if (!is_known)
        dms_job_reader_error (requires, NULL, "asks for \"%.40s\", which this node does not know of", key);
    }
}

DmsProfile *
dms_job_decode_requires (DmsJobReader *parent, const DmsJobScope *scope)
{
  g_autoptr (DmsJobReader) requires = dms_job_reader_open (parent, "requires", DMS_JOB_READ_OPTIONAL);
  g_autoptr (GPtrArray) libraries = NULL;
  g_autoptr (GPtrArray) prices = NULL;
  g_autoptr (GPtrArray) kyc = NULL;
  g_autoptr (DmsTimeLimit) time = NULL;
  g_autoptr (DmsProfile) empty = dms_profile_new_empty ();
  g_autoptr (DmsProfile) a = NULL;
  g_autoptr (DmsProfile) b = NULL;
  g_autoptr (DmsProfile) c = NULL;
  g_autoptr (DmsProfile) d = NULL;
  g_autoptr (DmsProfile) e = NULL;
  g_autoptr (DmsProfile) all = NULL;

  if (requires == NULL)
    return NULL;
  libraries = decode_items (requires, "libraries", read_library, (GDestroyNotify) dms_library_unref, scope);
  prices = decode_items (requires, "price", read_price, (GDestroyNotify) dms_price_unref, scope);
  time = decode_time (requires);
  check_prices (requires, prices, dms_time_limit_get_seconds (time) > 0);
  kyc = decode_items (requires, "kyc", read_kyc, (GDestroyNotify) dms_kyc_unref, scope);
  a = dms_profile_with_libraries (empty, libraries);
  b = dms_profile_with_prices (a, prices);
  c = dms_profile_with_time (b, time);
  d = dms_profile_with_kyc (c, kyc);
  e = dms_profile_with_speed (
      d, dms_job_reader_get_positive (requires, "speed", MAX_NUMBER, DMS_JOB_READ_OPTIONAL));
  all = dms_profile_with_watts (
      e, dms_job_reader_get_positive (requires, "power", MAX_NUMBER, DMS_JOB_READ_OPTIONAL));
  check_members (requires);
  dms_job_reader_finish (requires);
  return dms_requirement_is_empty (all) ? NULL : g_steal_pointer (&all);
}
