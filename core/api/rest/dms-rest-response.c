/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "api/rest/dms-rest-response.h"

#include "common/dms-wire-writer.h"

#define GONE_KEY "dms-gone"
#define SOCKET_KEY "dms-socket"
#define JSON_TYPE "application/json; charset=utf-8"

void
dms_rest_respond_json (SoupServerMessage *message, guint status, const char *json)
{
  soup_server_message_set_status (message, status, NULL);
  soup_server_message_set_response (message, JSON_TYPE, SOUP_MEMORY_COPY, json, strlen (json));
}

void
dms_rest_respond_bytes (SoupServerMessage *message, guint status, GBytes *json)
{
  SoupMessageBody *body = soup_server_message_get_response_body (message);
  SoupMessageHeaders *headers = soup_server_message_get_response_headers (message);

  soup_server_message_set_status (message, status, NULL);
  soup_message_headers_replace (headers, "Content-Type", JSON_TYPE);
  soup_message_body_append_bytes (body, json);
}

void
dms_rest_respond_error (SoupServerMessage *message, guint status, const char *text)
{
  g_autoptr (DmsWireWriter) writer = dms_wire_writer_new ();
  g_autofree char *json = NULL;

  dms_wire_writer_begin_object (writer, NULL);
  dms_wire_writer_add_string (writer, "error", text);
  dms_wire_writer_end_object (writer);
  json = dms_wire_writer_end_string (writer);
  dms_rest_respond_json (message, status, json);
}

void
dms_rest_respond_not_found (SoupServerMessage *message)
{
  const char *text = "404 page not found";

  soup_server_message_set_status (message, SOUP_STATUS_NOT_FOUND, NULL);
  soup_server_message_set_response (message, "text/plain", SOUP_MEMORY_STATIC, text, strlen (text));
}

void
dms_rest_set_socket (GSocketAddress *remote, GSocket *socket)
{
  g_object_set_data_full (G_OBJECT (remote), SOCKET_KEY, g_object_ref (socket), g_object_unref);
}

GSocket *
dms_rest_get_socket (SoupServerMessage *message)
{
  GSocketAddress *remote = soup_server_message_get_remote_address (message);

  return remote != NULL ? g_object_get_data (G_OBJECT (remote), SOCKET_KEY) : NULL;
}

static void
on_gone (SoupServerMessage *message, gpointer user_data)
{
  g_object_set_data (G_OBJECT (message), GONE_KEY, message);
}

void
dms_rest_watch (SoupServerMessage *message)
{
  g_signal_connect (message, "disconnected", G_CALLBACK (on_gone), NULL);
  g_signal_connect (message, "finished", G_CALLBACK (on_gone), NULL);
}

void
dms_rest_resume (SoupServerMessage *message)
{
  if (g_object_get_data (G_OBJECT (message), GONE_KEY) == NULL)
    soup_server_message_unpause (message);
}

DmsEnvelope *
dms_rest_read_envelope (SoupServerMessage *message)
{
  g_autoptr (GBytes) bytes = soup_message_body_flatten (soup_server_message_get_request_body (message));
  g_autoptr (GError) error = NULL;
  DmsEnvelope *envelope = dms_envelope_new_from_bytes (bytes, &error);

  if (envelope == NULL)
    dms_rest_respond_error (message, SOUP_STATUS_BAD_REQUEST, error->message);
  return envelope;
}
