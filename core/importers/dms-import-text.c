/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "importers/dms-import-text.h"

#include "jobs/dms-job-units.h"

#include <gio/gio.h>
#include <math.h>
#include <string.h>

enum
{
  MAX_NAME = 63,
  MAX_VOLUME_NAME = 128,
};

gboolean
dms_import_text_is_variable (const char *text)
{
  if (*text == '\0' || g_ascii_isdigit (*text))
    return FALSE;
  for (; *text != '\0'; text++)
    {
      if (!g_ascii_isalnum (*text) && *text != '_')
        return FALSE;
    }
  return TRUE;
}

char *
dms_import_text_to_name (const char *text)
{
  g_autoptr (GString) out = g_string_new (NULL);

  for (; *text != '\0' && out->len < MAX_NAME; text++)
    {
      if (g_ascii_isalnum (*text))
        g_string_append_c (out, g_ascii_tolower (*text));
      else if (out->len > 0 && out->str[out->len - 1] != '-')
        g_string_append_c (out, '-');
    }
  while (out->len > 0 && out->str[out->len - 1] == '-')
    g_string_truncate (out, out->len - 1);
  return out->len > 0 ? g_string_free (g_steal_pointer (&out), FALSE) : g_strdup ("unnamed");
}

char *
dms_import_text_to_volume (const char *text)
{
  g_autoptr (GString) out = g_string_new (NULL);

  for (; *text != '\0' && out->len < MAX_VOLUME_NAME; text++)
    {
      gboolean good = g_ascii_isalnum (*text) || (out->len > 0 && strchr ("_.-", *text) != NULL);

      if (good)
        g_string_append_c (out, *text);
      else if (out->len > 0)
        g_string_append_c (out, '-');
    }
  return out->len > 0 ? g_string_free (g_steal_pointer (&out), FALSE) : g_strdup ("volume");
}

char *
dms_import_text_format_bytes (guint64 bytes)
{
  static const char *const binary[] = { "B", "KiB", "MiB", "GiB", "TiB" };
  static const char *const decimal[] = { "B", "kB", "MB", "GB", "TB" };
  const char *const *units = bytes % 1024 == 0 ? binary : decimal;
  guint64 step = bytes % 1024 == 0 ? 1024 : 1000;
  guint unit = 0;

  while (bytes > 0 && unit + 1 < G_N_ELEMENTS (binary) && bytes % step == 0)
    {
      bytes /= step;
      unit++;
    }
  return g_strdup_printf ("%" G_GUINT64_FORMAT "%s", bytes, units[unit]);
}

/* The number at the start of a text; rest is what follows. */
static gboolean
split_number (const char *text, double *number, const char **rest)
{
  gsize length = strspn (text, "0123456789.");
  g_autofree char *digits = g_strndup (text, length);
  const char *dot = strchr (digits, '.');

  if (length == 0 || length > 40 || strcmp (digits, ".") == 0 ||
      (dot != NULL && strchr (dot + 1, '.') != NULL))
    return FALSE;
  *number = g_ascii_strtod (digits, NULL);
  *rest = text + length;
  return TRUE;
}

gboolean
dms_import_text_parse_docker_bytes (const char *text, guint64 *bytes)
{
  static const char letters[] = "bkmgt";
  const char *rest;
  const char *letter;
  double number;

  if (!split_number (text, &number, &rest))
    return FALSE;
  if (*rest != '\0')
    {
      letter = strchr (letters, g_ascii_tolower (*rest));
      if (letter == NULL || *letter == '\0')
        return FALSE;
      number *= pow (1024, (double) (letter - letters));
      if (*letter != 'b' && g_ascii_tolower (rest[1]) == 'i')
        rest++;
      if (*letter != 'b' && g_ascii_tolower (rest[1]) == 'b')
        rest++;
      if (rest[1] != '\0')
        return FALSE;
    }
  if (!(number >= 1) || number >= 9.2e18)
    return FALSE;
  *bytes = (guint64) llround (number);
  return TRUE;
}

gboolean
dms_import_text_parse_quantity (const char *text, double *value)
{
  static const struct
  {
    const char *suffix;
    double factor;
  } suffixes[] = {
    { "", 1 },        { "m", 1e-3 },    { "u", 1e-6 },    { "n", 1e-9 },    { "k", 1e3 },
    { "M", 1e6 },     { "G", 1e9 },     { "T", 1e12 },    { "P", 1e15 },    { "Ki", 1024 },
    { "Mi", 0x1p20 }, { "Gi", 0x1p30 }, { "Ti", 0x1p40 }, { "Pi", 0x1p50 },
  };
  const char *rest;
  double number;

  if (!split_number (text, &number, &rest))
    return FALSE;
  if ((*rest == 'e' || *rest == 'E') && rest[1] != '\0')
    {
      gint64 exponent;

      if (!g_ascii_string_to_signed (rest + 1 + (rest[1] == '+'), 10, -18, 18, &exponent, NULL))
        return FALSE;
      *value = number * pow (10, (double) exponent);
      return TRUE;
    }
  for (guint i = 0; i < G_N_ELEMENTS (suffixes); i++)
    {
      if (strcmp (suffixes[i].suffix, rest) != 0)
        continue;
      *value = number * suffixes[i].factor;
      return TRUE;
    }
  return FALSE;
}

gboolean
dms_import_text_parse_duration (const char *text, gint64 *ns)
{
  g_autofree char *why = NULL;
  const char *rest;
  double number;

  if (split_number (text, &number, &rest) && strcmp (rest, "d") == 0 && number < 10000)
    {
      *ns = (gint64) (number * 86400e9);
      return *ns > 0;
    }
  return dms_job_units_parse_duration (text, ns, &why);
}

char *
dms_import_text_to_architecture (const char *text)
{
  if (strcmp (text, "amd64") == 0 || strcmp (text, "x86-64") == 0)
    return g_strdup ("x86_64");
  if (strcmp (text, "arm64") == 0 || g_str_has_prefix (text, "arm64/"))
    return g_strdup ("aarch64");
  return g_strdup (text);
}

gboolean
dms_import_text_find_region (const char *region, const char **continent, const char **country)
{
  /* Longer names first: the first that fits counts. Public lists of the clouds' regions. */
  static const struct
  {
    const char *prefix;
    const char *continent;
    const char *country;
  } regions[] = {
    { "eu-central-1", "EU", "DE" },
    { "eu-central-2", "EU", "CH" },
    { "eu-west-1", "EU", "IE" },
    { "eu-west-2", "EU", "GB" },
    { "eu-west-3", "EU", "FR" },
    { "eu-north-1", "EU", "SE" },
    { "eu-south-1", "EU", "IT" },
    { "eu-south-2", "EU", "ES" },
    { "eu-", "EU", NULL },
    { "europe-west3", "EU", "DE" },
    { "europe-west9", "EU", "FR" },
    { "europe-north1", "EU", "FI" },
    { "europe-west4", "EU", "NL" },
    { "europe-west2", "EU", "GB" },
    { "europe-west1", "EU", "BE" },
    { "europe-west6", "EU", "CH" },
    { "europe", "EU", NULL },
    { "germany", "EU", "DE" },
    { "westeurope", "EU", "NL" },
    { "northeurope", "EU", "IE" },
    { "france", "EU", "FR" },
    { "switzerland", "EU", "CH" },
    { "uksouth", "EU", "GB" },
    { "swedencentral", "EU", "SE" },
    { "us-", "NA", "US" },
    { "ca-", "NA", "CA" },
    { "northamerica-northeast", "NA", "CA" },
    { "eastus", "NA", "US" },
    { "westus", "NA", "US" },
    { "centralus", "NA", "US" },
    { "sa-", "SA", NULL },
    { "southamerica", "SA", NULL },
    { "brazil", "SA", "BR" },
    { "ap-northeast-1", "AS", "JP" },
    { "ap-northeast-2", "AS", "KR" },
    { "ap-south-1", "AS", "IN" },
    { "ap-southeast-1", "AS", "SG" },
    { "ap-southeast-2", "OC", "AU" },
    { "ap-southeast-4", "OC", "AU" },
    { "ap-", "AS", NULL },
    { "asia-northeast1", "AS", "JP" },
    { "asia-south1", "AS", "IN" },
    { "asia", "AS", NULL },
    { "japan", "AS", "JP" },
    { "me-", "AS", NULL },
    { "il-", "AS", "IL" },
    { "af-", "AF", NULL },
    { "africa", "AF", NULL },
    { "southafrica", "AF", "ZA" },
    { "australia", "OC", "AU" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (regions); i++)
    {
      gsize length = strlen (regions[i].prefix);

      if (g_ascii_strncasecmp (region, regions[i].prefix, length) != 0)
        continue;
      /* `europe-west1` is no beginning of `europe-west12`. */
      if (g_ascii_isdigit (regions[i].prefix[length - 1]) && g_ascii_isdigit (region[length]))
        continue;
      *continent = regions[i].continent;
      *country = regions[i].country;
      return TRUE;
    }
  return FALSE;
}

GStrv
dms_import_text_split_command (const char *line)
{
  GStrv words = NULL;

  if (line[strspn (line, " \t\n")] == '\0')
    return g_new0 (char *, 1);
  return g_shell_parse_argv (line, NULL, &words, NULL) ? words : NULL;
}

gboolean
dms_import_text_is_loopback (const char *address)
{
  gsize length = strlen (address);
  gboolean bracketed = length > 2 && address[0] == '[' && address[length - 1] == ']';
  g_autofree char *bare = bracketed ? g_strndup (address + 1, length - 2) : g_strdup (address);
  g_autoptr (GInetAddress) parsed = g_inet_address_new_from_string (bare);

  return g_ascii_strcasecmp (bare, "localhost") == 0 ||
         (parsed != NULL && g_inet_address_get_is_loopback (parsed));
}

gboolean
dms_import_text_has_option (const char *options, const char *option)
{
  g_auto (GStrv) words = g_strsplit (options, ",", -1);

  return g_strv_contains ((const char *const *) words, option);
}
