/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "cli/dms-cli-text.h"

#include <glib/gi18n.h>
#include <string.h>
#include <unistd.h>

#define NS_PER_S G_GUINT64_CONSTANT (1000000000)
#define MINUTE 60
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)

static gboolean
is_harmless (gunichar character)
{
  GUnicodeType type = g_unichar_type (character);

  return g_unichar_isprint (character) && type != G_UNICODE_FORMAT && type != G_UNICODE_LINE_SEPARATOR
         && type != G_UNICODE_PARAGRAPH_SEPARATOR && !g_unichar_iszerowidth (character);
}

/**
 * dms_cli_text_dup_safe:
 * @text: from anybody; what is no UTF-8 is replaced
 *
 * Returns: (transfer full): the text for a terminal
 */
char *
dms_cli_text_dup_safe (const char *text)
{
  g_autofree char *valid = g_utf8_make_valid (text, -1);
  GString *safe = g_string_new (NULL);

  for (const char *place = valid; *place != '\0'; place = g_utf8_next_char (place))
    {
      gunichar character = g_utf8_get_char (place);

      if (is_harmless (character))
        g_string_append_unichar (safe, character);
      else
        g_string_append_printf (safe, "\\u{%x}", character);
    }

  return g_string_free (safe, FALSE);
}

/**
 * dms_cli_text_is_styled:
 * @out: where to write
 *
 * Returns: whether escape sequences for bold and colour may be used
 */
gboolean
dms_cli_text_is_styled (FILE *out)
{
  const char *off = g_getenv ("NO_COLOR");
  const char *terminal = g_getenv ("TERM");

  return isatty (fileno (out)) && (off == NULL || off[0] == '\0') && terminal != NULL
         && strcmp (terminal, "dumb") != 0;
}

/* The largest unit of which there are two, so that little is lost by leaving out the rest. */
static char *
dup_span (guint64 seconds)
{
  if (seconds >= 2 * DAY)
    return g_strdup_printf (g_dngettext (NULL, "%u day", "%u days", seconds / DAY), (guint) (seconds / DAY));
  if (seconds >= 2 * HOUR)
    return g_strdup_printf (g_dngettext (NULL, "%u hour", "%u hours", seconds / HOUR),
                            (guint) (seconds / HOUR));
  if (seconds >= 2 * MINUTE)
    return g_strdup_printf (g_dngettext (NULL, "%u minute", "%u minutes", seconds / MINUTE),
                            (guint) (seconds / MINUTE));

  return g_strdup_printf (g_dngettext (NULL, "%u second", "%u seconds", seconds), (guint) seconds);
}

/**
 * dms_cli_text_dup_time:
 * @time_ns: a time
 * @now_ns: now
 *
 * Returns: (transfer full): the time, and how far it is from now
 */
char *
dms_cli_text_dup_time (guint64 time_ns, guint64 now_ns)
{
  guint64 away = (time_ns > now_ns ? time_ns - now_ns : now_ns - time_ns) / NS_PER_S;
  g_autofree char *span = dup_span (away);
  g_autoptr (GDateTime) time = g_date_time_new_from_unix_utc ((gint64) (time_ns / NS_PER_S));
  g_autofree char *date = g_date_time_format (time, "%Y-%m-%d %H:%M UTC");

  return g_strdup_printf (time_ns >= now_ns ? _ ("%s (in %s)") : _ ("%s (%s ago)"), date, span);
}

/**
 * dms_cli_text_dup_iso8601:
 * @time_ns: a time
 *
 * Returns: (transfer full): the time to the second, in UTC
 */
char *
dms_cli_text_dup_iso8601 (guint64 time_ns)
{
  g_autoptr (GDateTime) time = g_date_time_new_from_unix_utc ((gint64) (time_ns / NS_PER_S));

  return g_date_time_format (time, "%Y-%m-%dT%H:%M:%SZ");
}
