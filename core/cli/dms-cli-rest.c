/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "cli/dms-cli-rest.h"

#include <dms.h>
#include <glib/gi18n.h>
#include <libsoup/soup.h>
#include <string.h>

/* Answers hold one reply of at most 1 MiB, or those of a broadcast. */
#define MAX_ANSWER (64 * 1024 * 1024)
#define CHUNK 65536

struct _DmsCliRest {
  SoupSession *session;
  char *base;
  char *status_line;
};

/**
 * dms_cli_rest_new:
 * @address: the daemon's address
 * @port: its port
 * @timeout: how long to wait for an answer, in nanoseconds
 *
 * Returns: (transfer full): a client of it
 */
DmsCliRest *
dms_cli_rest_new (const char *address, guint16 port, gint64 timeout)
{
  DmsCliRest *self = g_new0 (DmsCliRest, 1);
  gint64 seconds = timeout / G_GINT64_CONSTANT (1000000000) + 1;
  gboolean ipv6 = strchr (address, ':') != NULL;

  self->session = soup_session_new_with_options ("timeout", (guint) CLAMP (seconds, 1, G_MAXINT32),
                                                 "proxy-resolver",
                                                 NULL, NULL);
  self->base = g_strdup_printf ("http://%s%s%s:%u", ipv6 ? "[" : "", address, ipv6 ? "]" : "", port);

  return self;
}

/**
 * dms_cli_rest_free:
 * @self: a client
 *
 * Closes its connections.
 */
void
dms_cli_rest_free (DmsCliRest *self)
{
  soup_session_abort (self->session);
  g_clear_object (&self->session);
  g_clear_pointer (&self->base, g_free);
  g_clear_pointer (&self->status_line, g_free);
  g_free (self);
}

static GBytes *
read_all (GInputStream *stream, GError **error)
{
  g_autoptr (GByteArray) answer = g_byte_array_new ();
  g_autofree guint8 *chunk = g_malloc (CHUNK);
  gssize got;

  while ((got = g_input_stream_read (stream, chunk, CHUNK, NULL, error)) > 0)
    {
      if (answer->len + (gsize) got > MAX_ANSWER)
        {
          g_set_error_literal (error, DMS_ERROR, DMS_ERROR_TOO_LARGE,
                               _ ("the daemon's answer is larger than 64 MiB"));
          return NULL;
        }
      g_byte_array_append (answer, chunk, got);
    }
  if (got < 0)
    return NULL;

  return g_byte_array_free_to_bytes (g_steal_pointer (&answer));
}

/**
 * dms_cli_rest_call:
 * @self: a client
 * @path: path of the request
 * @body: (nullable): JSON to post, or %NULL to get
 * @status: (out): the answer's HTTP status
 * @error: return location for an error
 *
 * Returns: (transfer full) (nullable): the answer's body
 */
GBytes *
dms_cli_rest_call (DmsCliRest *self, const char *path, GBytes *body, guint *status, GError **error)
{
  g_autofree char *uri = g_strconcat (self->base, path, NULL);
  g_autoptr (SoupMessage) message = soup_message_new (body != NULL ? "POST" : "GET", uri);
  g_autoptr (GInputStream) stream = NULL;
  g_autoptr (GError) local = NULL;
  GBytes *answer = NULL;

  if (message == NULL)
    {
      g_set_error (error, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT, _ ("“%s” is no address of a daemon"), uri);
      return NULL;
    }
  if (body != NULL)
    soup_message_set_request_body_from_bytes (message, "application/json", body);

  stream = soup_session_send (self->session, message, NULL, &local);
  if (stream != NULL)
    answer = read_all (stream, &local);
  if (answer == NULL)
    {
      gboolean late = g_error_matches (local, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);

      g_set_error (error, DMS_ERROR, late ? DMS_ERROR_TIMED_OUT : DMS_ERROR_UNAVAILABLE,
                   late ? _ ("request timeout: %s did not answer: %s")
                        : _ ("cannot reach the daemon at %s: %s; is it running? Start it with: nunet run"),
                   self->base, local->message);
      return NULL;
    }

  *status = soup_message_get_status (message);
  g_free (self->status_line);
  self->status_line = g_strdup_printf ("HTTP/1.1 %u %s", *status, soup_message_get_reason_phrase (message));

  return answer;
}

/**
 * dms_cli_rest_get_status_line:
 * @self: a client
 *
 * Returns: (nullable): the status line of the last answer
 */
const char *
dms_cli_rest_get_status_line (DmsCliRest *self)
{
  return self->status_line;
}
