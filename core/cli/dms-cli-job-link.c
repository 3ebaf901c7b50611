/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "cli/dms-cli-job-link.h"

#include <dms.h>
#include <gio/gunixsocketaddress.h>
#include <glib/gi18n.h>
#include <string.h>
#include <sys/un.h>

enum
{
  PIECE = 16 * 1024
};

/* An error of the socket as one of ours. */
static char *
fail (const char *path, GError *local, gboolean *away, GError **error)
{
  static const int often[] = {
    G_IO_ERROR_NOT_FOUND,     G_IO_ERROR_CONNECTION_REFUSED, G_IO_ERROR_CONNECTION_CLOSED,
    G_IO_ERROR_NOT_CONNECTED, G_IO_ERROR_TIMED_OUT,          G_IO_ERROR_WOULD_BLOCK,
  };

  for (guint i = 0; i < G_N_ELEMENTS (often); i++)
    *away = *away || g_error_matches (local, G_IO_ERROR, often[i]);
  g_set_error (error,
               DMS_ERROR,
               *away ? DMS_ERROR_UNAVAILABLE : DMS_ERROR_IO,
               _ ("cannot ask through “%s”: %s"),
               path,
               local->message);
  g_error_free (local);
  return NULL;
}

static gboolean
send_all (GSocket *socket, const char *text, gsize length, GError **error)
{
  while (length > 0)
    {
      gssize n = g_socket_send (socket, text, length, NULL, error);

      if (n < 0)
        return FALSE;
      text += n;
      length -= (gsize) n;
    }
  return TRUE;
}

/* NULL with an error; the end of the connection is one. */
static char *
receive_line (GSocket *socket, GError **error)
{
  g_autoptr (GString) line = g_string_new (NULL);
  g_autofree char *piece = g_malloc (PIECE);

  while (line->len <= DMS_CLI_JOB_LINK_MAX_ANSWER)
    {
      gssize n = g_socket_receive (socket, piece, PIECE, NULL, error);
      const char *end = n > 0 ? memchr (piece, '\n', (gsize) n) : NULL;

      if (n == 0)
        g_set_error_literal (
            error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED, _ ("it was closed before there was an answer"));
      if (n <= 0)
        return NULL;
      g_string_append_len (line, piece, end != NULL ? end - piece : n);
      if (end != NULL)
        return g_string_free (g_steal_pointer (&line), FALSE);
    }
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_MESSAGE_TOO_LARGE, _ ("the answer is too long"));
  return NULL;
}

char *
dms_cli_job_link_exchange (const char *path, const char *line, guint seconds, gboolean *away, GError **error)
{
  g_autoptr (GSocket) socket = NULL;
  g_autoptr (GSocketAddress) address = NULL;
  GError *local = NULL;
  char *answer = NULL;

  *away = FALSE;
  if (strlen (path) >= sizeof ((struct sockaddr_un *) NULL)->sun_path)
    {
      g_set_error (
          error, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT, _ ("the name “%s” is too long for a socket"), path);
      return NULL;
    }
  socket = g_socket_new (G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_DEFAULT, &local);
  if (socket == NULL)
    return fail (path, local, away, error);
  g_socket_set_timeout (socket, seconds);
  address = g_unix_socket_address_new (path);
  if (g_socket_connect (socket, address, NULL, &local) && send_all (socket, line, strlen (line), &local) &&
      send_all (socket, "\n", 1, &local))
    answer = receive_line (socket, &local);
  return answer != NULL ? answer : fail (path, local, away, error);
}
