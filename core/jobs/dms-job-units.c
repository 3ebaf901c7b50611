/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "jobs/dms-job-units.h"

#include <math.h>
#include <string.h>

typedef struct
{
  const char *name;
  guint64 factor;
} Unit;

static const Unit byte_units[] = {
  { "B", 1 },
  { "kB", 1000ULL },
  { "MB", 1000000ULL },
  { "GB", 1000000000ULL },
  { "TB", 1000000000000ULL },
  { "PB", 1000000000000000ULL },
  { "EB", 1000000000000000000ULL },
  { "KiB", 1ULL << 10 },
  { "MiB", 1ULL << 20 },
  { "GiB", 1ULL << 30 },
  { "TiB", 1ULL << 40 },
  { "PiB", 1ULL << 50 },
  { "EiB", 1ULL << 60 },
};

static const Unit duration_units[] = {
  { "ns", 1 },       { "us", 1000 },         { "µs", 1000 },          { "μs", 1000 },
  { "ms", 1000000 }, { "s", 1000000000ULL }, { "m", 60000000000ULL }, { "h", 3600000000000ULL },
};

/* Splits `12.5 GiB` into its number and the rest. Only plain decimal numbers are taken: no sign, hexadecimal,
 * infinity or thousands marks. */
static gboolean
split_number (const char *text, double *number, gboolean *is_whole, guint64 *whole, const char **rest)
{
  const char *p = text;
  gsize digits = strspn (p, "0123456789");
  gsize fraction = 0;
  g_autofree char *literal = NULL;

  p += digits;
  *is_whole = TRUE;
  if (*p == '.')
    {
      fraction = strspn (p + 1, "0123456789");
      p += 1 + fraction;
      *is_whole = FALSE;
    }
  if (digits + fraction == 0)
    return FALSE;
  if ((*p == 'e' || *p == 'E') && strspn (p + 1, "+-0123456789") > 0)
    {
      p++;
      if (*p == '+' || *p == '-')
        p++;
      if (!g_ascii_isdigit (*p))
        return FALSE;
      p += strspn (p, "0123456789");
      *is_whole = FALSE;
    }
  literal = g_strndup (text, p - text);
  *number = g_ascii_strtod (literal, NULL);
  if (*is_whole && !g_ascii_string_to_unsigned (literal, 10, 0, G_MAXUINT64, whole, NULL))
    *is_whole = FALSE;
  *rest = p;
  return isfinite (*number);
}

static const char *
skip_spaces (const char *text)
{
  return text + strspn (text, " ");
}

gboolean
dms_job_units_parse_bytes (const char *text, guint64 bare_unit, guint64 *bytes, char **why)
{
  double number;
  gboolean is_whole;
  guint64 whole = 0;
  guint64 factor = 0;
  const char *rest;

  if (!split_number (skip_spaces (text), &number, &is_whole, &whole, &rest))
    {
      *why = g_strdup ("must be a positive size such as 512MiB");
      return FALSE;
    }
  rest = skip_spaces (rest);
  if (*rest == '\0')
    factor = bare_unit;
  for (guint i = 0; factor == 0 && i < G_N_ELEMENTS (byte_units); i++)
    {
      if (g_ascii_strcasecmp (byte_units[i].name, rest) == 0)
        factor = byte_units[i].factor;
    }
  if (factor == 0)
    {
      *why = g_strdup_printf ("invalid unit \"%.20s\"; use B, kB, MB, GB, TB, KiB, MiB, GiB or TiB", rest);
      return FALSE;
    }
  if (is_whole && whole <= (guint64) G_MAXINT64 / factor)
    *bytes = whole * factor;
  else if (!is_whole && number * (double) factor < 9.2e18)
    *bytes = (guint64) llround (number * (double) factor);
  else
    {
      *why = g_strdup ("is larger than any machine has");
      return FALSE;
    }
  if (*bytes == 0)
    {
      *why = g_strdup ("must be a positive size such as 512MiB");
      return FALSE;
    }
  return TRUE;
}

gboolean
dms_job_units_parse_hertz (const char *text, double bare_unit, double *hertz, char **why)
{
  static const char prefixes[] = "kKMGT";
  static const double factors[] = { 1e3, 1e3, 1e6, 1e9, 1e12 };
  double number;
  double factor = 0;
  gboolean is_whole;
  guint64 whole = 0;
  const char *rest;

  if (!split_number (skip_spaces (text), &number, &is_whole, &whole, &rest) || number <= 0)
    {
      *why = g_strdup ("must be a positive frequency such as 2.4GHz");
      return FALSE;
    }
  rest = skip_spaces (rest);
  if (*rest == '\0')
    factor = bare_unit;
  else if (g_ascii_strcasecmp (rest, "Hz") == 0)
    factor = 1;
  else if (strchr (prefixes, *rest) != NULL && g_ascii_strcasecmp (rest + 1, "Hz") == 0)
    factor = factors[strchr (prefixes, *rest) - prefixes];
  if (factor <= 0)
    {
      *why = g_strdup_printf ("invalid unit \"%.20s\"; use Hz, kHz, MHz, GHz or THz", rest);
      return FALSE;
    }
  *hertz = number * factor;
  if (*hertz > 1e15)
    {
      *why = g_strdup ("is larger than any machine has");
      return FALSE;
    }
  return TRUE;
}

static const Unit *
find_duration_unit (const char *text)
{
  const Unit *best = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (duration_units); i++)
    {
      const Unit *unit = &duration_units[i];

      if (g_str_has_prefix (text, unit->name) && (best == NULL || strlen (unit->name) > strlen (best->name)))
        best = unit;
    }
  return best;
}

gboolean
dms_job_units_parse_duration (const char *text, gint64 *ns, char **why)
{
  double total = 0;
  const char *p = text;

  do
    {
      const Unit *unit;
      double number;
      gboolean is_whole;
      guint64 whole = 0;

      if (!split_number (p, &number, &is_whole, &whole, &p) || (unit = find_duration_unit (p)) == NULL)
        {
          *why = g_strdup ("must be a duration such as 10s or 1m30s");
          return FALSE;
        }
      total += number * (double) unit->factor;
      p += strlen (unit->name);
    }
  while (*p != '\0');
  if (total < 1 || total > 9e18)
    {
      *why = g_strdup (total < 1 ? "must be longer than nothing" : "is longer than 290 years");
      return FALSE;
    }
  *ns = (gint64) total;
  return TRUE;
}

char *
dms_job_units_format_duration (gint64 ns)
{
  GString *out = g_string_new (NULL);
  gint64 left = ns;
  gint64 hours = left / 3600000000000LL;
  gint64 minutes;
  double seconds;
  char number[G_ASCII_DTOSTR_BUF_SIZE];

  if (ns < 1000000000LL)
    {
      g_ascii_formatd (number, sizeof number, "%.6g", (double) ns / 1e6);
      g_string_append_printf (out, ns == 0 ? "0s" : "%sms", number);
      return g_string_free (out, FALSE);
    }
  left -= hours * 3600000000000LL;
  minutes = left / 60000000000LL;
  left -= minutes * 60000000000LL;
  seconds = (double) left / 1e9;
  if (hours > 0)
    g_string_append_printf (out, "%" G_GINT64_FORMAT "h", hours);
  if (hours > 0 || minutes > 0)
    g_string_append_printf (out, "%" G_GINT64_FORMAT "m", minutes);
  g_ascii_formatd (number, sizeof number, "%.11g", seconds);
  g_string_append_printf (out, "%ss", number);
  return g_string_free (out, FALSE);
}
