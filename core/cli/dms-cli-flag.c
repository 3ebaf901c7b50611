/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "cli/dms-cli-flag.h"

#include <dms.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/**
 * dms_cli_flag_dup_label:
 * @self: a flag
 *
 * Returns: (transfer full): its names as messages write them
 */
char *
dms_cli_flag_dup_label (const DmsCliFlag *self)
{
  if (self->shorthand != 0)
    return g_strdup_printf ("-%c, --%s", self->shorthand, self->name);

  return g_strconcat ("--", self->name, NULL);
}

/**
 * dms_cli_flag_get_value_name:
 * @self: a flag
 *
 * Returns: (nullable): what its value is called
 */
const char *
dms_cli_flag_get_value_name (const DmsCliFlag *self)
{
  static const char *const names[] = {
    NULL, "string", "strings", "stringArray", "int", "uint", "float", "duration",
  };

  return self->value_name != NULL ? self->value_name : names[self->type];
}

/**
 * dms_cli_flag_is_switch:
 * @self: (nullable): a flag
 *
 * Returns: whether it takes no separate value
 */
gboolean
dms_cli_flag_is_switch (const DmsCliFlag *self)
{
  return self != NULL && self->type == DMS_CLI_FLAG_BOOL;
}

/**
 * dms_cli_flag_find:
 * @table: (nullable): flags
 * @name: a long name
 *
 * Returns: (nullable): that flag
 */
const DmsCliFlag *
dms_cli_flag_find (const DmsCliFlag *table, const char *name)
{
  for (; table != NULL && table->name != NULL; table++)
    {
      if (strcmp (table->name, name) == 0)
        return table;
    }

  return NULL;
}

/**
 * dms_cli_flag_find_shorthand:
 * @table: (nullable): flags
 * @letter: a short name
 *
 * Returns: (nullable): that flag
 */
const DmsCliFlag *
dms_cli_flag_find_shorthand (const DmsCliFlag *table, char letter)
{
  for (; table != NULL && table->name != NULL; table++)
    {
      if (table->shorthand == letter && letter != 0)
        return table;
    }

  return NULL;
}

/**
 * dms_cli_flag_parse_bool:
 * @text: a value
 * @value: (out): what it means
 *
 * Returns: whether it means anything
 */
gboolean
dms_cli_flag_parse_bool (const char *text, gboolean *value)
{
  static const char *const yes[] = { "1", "t", "T", "TRUE", "true", "True", NULL };
  static const char *const no[] = { "0", "f", "F", "FALSE", "false", "False", NULL };

  *value = g_strv_contains (yes, text);
  return *value || g_strv_contains (no, text);
}

static double
get_unit (const char **cursor)
{
  static const struct {
    const char *name;
    double nanoseconds;
  } units[] = {
    { "ns", 1 }, { "us", 1e3 }, { "µs", 1e3 }, { "μs", 1e3 }, { "ms", 1e6 },
    { "s", 1e9 }, { "m", 60e9 }, { "h", 3600e9 },
  };
  gsize length = strcspn (*cursor, "0123456789.");
  guint i;

  for (i = 0; i < G_N_ELEMENTS (units); i++)
    {
      if (strlen (units[i].name) == length && memcmp (*cursor, units[i].name, length) == 0)
        {
          *cursor += length;
          return units[i].nanoseconds;
        }
    }

  return length == 0 ? 0 : -1;
}

/**
 * dms_cli_flag_parse_duration:
 * @text: a time span such as `1h30m`; every number needs a unit, but zero
 * @nanoseconds: (out): how long it is
 * @error: return location for an error
 *
 * Returns: whether it is one, and fits
 */
gboolean
dms_cli_flag_parse_duration (const char *text, gint64 *nanoseconds, GError **error)
{
  const char *cursor = text;
  double sum = 0;
  gboolean negative = FALSE;

  *nanoseconds = 0;
  if (*cursor == '-' || *cursor == '+')
    negative = *cursor++ == '-';
  if (strcmp (cursor, "0") == 0)
    return TRUE;

  do
    {
      gsize length = strspn (cursor, "0123456789.");
      g_autofree char *digits = g_strndup (cursor, length);
      char *end;
      double number = g_ascii_strtod (digits, &end);
      double unit;

      cursor += length;
      unit = get_unit (&cursor);
      if (length == 0 || strpbrk (digits, "0123456789") == NULL || *end != '\0')
        {
          g_set_error (error, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT, "time: invalid duration \"%s\"", text);
          return FALSE;
        }
      if (unit <= 0)
        {
          g_set_error (error, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT, "time: %s unit in duration \"%s\"",
                       unit < 0 ? "unknown" : "missing", text);
          return FALSE;
        }
      sum += number * unit;
    }
  while (*cursor != '\0');

  /* The bound is well inside 63 bits, so that times can be added to it. */
  if (!(sum < 9e18))
    {
      g_set_error (error, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT, "time: invalid duration \"%s\"", text);
      return FALSE;
    }
  *nanoseconds = (gint64) llround (negative ? -sum : sum);

  return TRUE;
}

static gboolean
check_number (const char *function, const char *text, gboolean good, gboolean fits, GError **error)
{
  if (good && fits)
    return TRUE;

  g_set_error (error, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT, "strconv.%s: parsing \"%s\": %s", function, text,
               good ? "value out of range" : "invalid syntax");
  return FALSE;
}

static gboolean
check_value (const DmsCliFlag *self, const char *text, GError **error)
{
  g_autoptr (GError) local = NULL;
  gboolean flag;
  gint64 number;
  guint64 positive;
  char *end;

  switch (self->type)
    {
    case DMS_CLI_FLAG_BOOL:
      return check_number ("ParseBool", text, dms_cli_flag_parse_bool (text, &flag), TRUE, error);

    case DMS_CLI_FLAG_INT:
      g_ascii_string_to_signed (text, 10, G_MININT64, G_MAXINT64, &number, &local);
      return check_number ("ParseInt", text,
                           !g_error_matches (local, G_NUMBER_PARSER_ERROR, G_NUMBER_PARSER_ERROR_INVALID),
                           local == NULL, error);

    case DMS_CLI_FLAG_UINT:
      g_ascii_string_to_unsigned (text, 10, 0, G_MAXUINT64, &positive, &local);
      return check_number ("ParseUint", text,
                           !g_error_matches (local, G_NUMBER_PARSER_ERROR, G_NUMBER_PARSER_ERROR_INVALID),
                           local == NULL, error);

    case DMS_CLI_FLAG_FLOAT:
      errno = 0;
      return check_number ("ParseFloat", text,
                           isfinite (g_ascii_strtod (text, &end)) && end != text && *end == '\0'
                               && !g_ascii_isspace (text[0]),
                           errno != ERANGE, error);

    case DMS_CLI_FLAG_DURATION:
      return dms_cli_flag_parse_duration (text, &number, error);

    case DMS_CLI_FLAG_STRING:
    case DMS_CLI_FLAG_STRINGS:
    case DMS_CLI_FLAG_STRING_ARRAY:
    default:
      return TRUE;
    }
}

/**
 * dms_cli_flag_check:
 * @self: a flag
 * @text: a value given for it
 * @error: return location for the line that is shown
 *
 * Returns: whether the value is of the flag's type
 */
gboolean
dms_cli_flag_check (const DmsCliFlag *self, const char *text, GError **error)
{
  g_autoptr (GError) local = NULL;
  g_autofree char *label = NULL;

  if (check_value (self, text, &local))
    return TRUE;

  label = dms_cli_flag_dup_label (self);
  g_set_error (error, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT, "invalid argument \"%s\" for \"%s\" flag: %s",
               text, label,
               local->message);
  return FALSE;
}
