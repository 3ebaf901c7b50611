/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "cli/dms-cli-delivery.h"

#include <dms.h>
#include <string.h>

#include "common/dms-json-text.h"

#define NS_PER_S G_GINT64_CONSTANT (1000000000)
#define MAX_WAIT (24 * 3600 * NS_PER_S)

/**
 * dms_cli_delivery_run:
 * @call: a call whose argument is a signed message
 * @mode: how to deliver it
 * @error: return location for an error
 *
 * Returns: whether the daemon took it
 */
gboolean
dms_cli_delivery_run (DmsCliCall *call, DmsCliMode mode, GError **error)
{
  const char *text = dms_cli_call_get_arg (call, 0);
  g_autoptr (DmsEnvelope) envelope = dms_envelope_new_from_data (text, strlen (text), error);
  g_autoptr (DmsCliSession) session = NULL;
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GBytes) answer = NULL;
  g_autofree char *lines = NULL;
  const char *data;
  gint64 wait;
  gsize size;

  if (envelope == NULL)
    {
      g_prefix_error (error, _ ("the message: "));
      return FALSE;
    }

  wait = (gint64) MIN (dms_envelope_get_expiry_ns (envelope), G_MAXINT64) - g_get_real_time () * 1000;
  session = dms_cli_session_connect (call, CLAMP (wait, NS_PER_S, MAX_WAIT), error);
  if (session == NULL)
    return FALSE;

  bytes = g_bytes_new (text, strlen (text));
  answer = dms_cli_session_post (session, mode, bytes, error);
  if (answer == NULL)
    return FALSE;

  data = g_bytes_get_data (answer, &size);
  lines = dms_json_text_indent (data != NULL ? data : "", size, 2, error);
  if (lines == NULL)
    return FALSE;

  dms_cli_call_print (call, "%s\n", lines);
  return TRUE;
}
