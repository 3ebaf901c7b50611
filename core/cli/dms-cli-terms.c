/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "cli/dms-cli-terms.h"

#include <dms.h>
#include <glib/gi18n.h>
#include <string.h>

#define NS_PER_USEC G_GUINT64_CONSTANT (1000)

gboolean
dms_cli_terms_parse_date (const char *text, guint64 *ns, GError **error)
{
  g_autoptr (GTimeZone) utc = g_time_zone_new_utc ();
  g_autofree char *full = strchr (text, 'T') != NULL ? g_strdup (text) : g_strconcat (text, "T00:00:00",
                                                                                      NULL);
  g_autoptr (GDateTime) date = g_date_time_new_from_iso8601 (full, utc);

  if (date == NULL || g_date_time_to_unix (date) < 0)
    {
      g_set_error (error, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT,
                   _ ("“%s” is not a date like 2026-01-01T00:00:00Z"), text);
      return FALSE;
    }
  *ns = ((guint64) g_date_time_to_unix (date) * G_USEC_PER_SEC + (guint64) g_date_time_get_microsecond (date))
        * NS_PER_USEC;
  return TRUE;
}

gboolean
dms_cli_terms_read_expiry (DmsCliCall *call, guint64 *expiry_ns, GError **error)
{
  gint64 duration;

  *expiry_ns = 0;
  if (dms_cli_call_is_set (call, "expiry"))
    return dms_cli_terms_parse_date (dms_cli_call_get_string (call, "expiry"), expiry_ns, error);
  if (!dms_cli_call_is_set (call, "duration"))
    return TRUE;
  duration = dms_cli_call_get_duration (call, "duration");
  if (duration <= 0)
    {
      g_set_error_literal (error, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT,
                           _ ("the duration must be longer than nothing"));
      return FALSE;
    }
  *expiry_ns = (guint64) g_get_real_time () * NS_PER_USEC + (guint64) duration;
  return TRUE;
}

/* Without the slash it would be a right to nothing; nothing at all is refused by whoever signs. */
static gboolean
check_capabilities (const char *const *capabilities, GError **error)
{
  for (; *capabilities != NULL; capabilities++)
    {
      if ((*capabilities)[0] == '/' || (*capabilities)[0] == '\0')
        continue;
      g_set_error (error, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT,
                   _ ("--cap: “%s” is no capability: begin it with a slash, such as /dms/deployment"),
                   *capabilities);
      return FALSE;
    }

  return TRUE;
}

gboolean
dms_cli_terms_read (DmsCliCall *call, DmsCliTerms *terms, GError **error)
{
  const char *audience = dms_cli_call_get_string (call, "audience");

  terms->subject = dms_did_new (dms_cli_call_get_arg (call, 0), error);
  if (terms->subject == NULL)
    return FALSE;
  if (audience != NULL && *audience != '\0')
    {
      terms->audience = dms_did_new (audience, error);
      if (terms->audience == NULL)
        return FALSE;
    }
  terms->topics = dms_cli_call_get_strv (call, "topic");
  terms->capabilities = dms_cli_call_get_strv (call, "cap");
  terms->depth = (guint64) dms_cli_call_get_int (call, "depth");
  return check_capabilities (terms->capabilities, error)
         && dms_cli_terms_read_expiry (call, &terms->expiry_ns, error);
}

void
dms_cli_terms_clear (DmsCliTerms *terms)
{
  g_clear_pointer (&terms->subject, dms_did_unref);
  g_clear_pointer (&terms->audience, dms_did_unref);
}
