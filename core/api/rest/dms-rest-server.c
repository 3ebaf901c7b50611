/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "api/rest/dms-rest-server.h"

#include "api/rest/dms-rest-broadcast.h"
#include "api/rest/dms-rest-handle.h"
#include "api/rest/dms-rest-health.h"
#include "api/rest/dms-rest-invoke.h"
#include "api/rest/dms-rest-response.h"
#include "api/rest/dms-rest-send.h"
#include "api/rest/dms-rest-server-private.h"
#include "observability/dms-log.h"

#define MAX_BODY (1024 * 1024)
/* A client that goes on sending after that is cut off. */
#define MAX_IGNORED (8 * MAX_BODY)
#define MAX_CONNECTIONS 256
/* How long a connection may say nothing while it is its turn. */
#define IDLE_SECONDS 60
#define RECEIVED_KEY "dms-received"

struct _DmsRestServer
{
  GObject parent_instance;

  char *address;
  guint16 port;
  DmsActorRegistry *registry;
  DmsActor *root;

  SoupServer *server;
  GSocketService *service;
  GCancellable *cancellable;
  guint16 bound_port;
  guint n_connections;
};

G_DEFINE_FINAL_TYPE (DmsRestServer, dms_rest_server, G_TYPE_OBJECT)

static const struct {
  const char *method;
  const char *path;
  DmsRestFunc func;
} routes[] = {
  { "GET", "/health", dms_rest_health_handle },
  { "GET", "/api/v1/actor/handle", dms_rest_handle_handle },
  { "POST", "/api/v1/actor/send", dms_rest_send_handle },
  { "POST", "/api/v1/actor/invoke", dms_rest_invoke_handle },
  { "POST", "/api/v1/actor/broadcast", dms_rest_broadcast_handle },
};

static const char *const allowed_origins[] = { "http://localhost:9991", "http://localhost:9992", NULL };

static void
dms_rest_server_dispose (GObject *object)
{
  DmsRestServer *self = DMS_REST_SERVER (object);

  dms_rest_server_stop (self);
  g_clear_object (&self->root);
  g_clear_object (&self->registry);
  G_OBJECT_CLASS (dms_rest_server_parent_class)->dispose (object);
}

static void
dms_rest_server_finalize (GObject *object)
{
  DmsRestServer *self = DMS_REST_SERVER (object);

  g_clear_pointer (&self->address, g_free);
  g_clear_object (&self->cancellable);
  G_OBJECT_CLASS (dms_rest_server_parent_class)->finalize (object);
}

static void
dms_rest_server_class_init (DmsRestServerClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = dms_rest_server_dispose;
  object_class->finalize = dms_rest_server_finalize;
}

static void
dms_rest_server_init (DmsRestServer *self)
{
}

DmsRestServer *
dms_rest_server_new (const char *address, guint16 port, DmsActorRegistry *registry, DmsActor *root)
{
  DmsRestServer *self = g_object_new (DMS_TYPE_REST_SERVER, NULL);

  self->address = g_strdup (address);
  self->port = port;
  g_set_object (&self->registry, registry);
  g_set_object (&self->root, root);
  return self;
}

DmsActorRegistry *
dms_rest_server_get_registry (DmsRestServer *self)
{
  return self->registry;
}

DmsActor *
dms_rest_server_get_root (DmsRestServer *self)
{
  return self->root;
}

GCancellable *
dms_rest_server_get_cancellable (DmsRestServer *self)
{
  return self->cancellable;
}

guint16
dms_rest_server_get_port (DmsRestServer *self)
{
  return self->bound_port;
}

/* Answers for other origins. TRUE when the request needs nothing more. */
static gboolean
answer_origin (SoupServerMessage *message)
{
  SoupMessageHeaders *request = soup_server_message_get_request_headers (message);
  SoupMessageHeaders *response = soup_server_message_get_response_headers (message);
  const char *origin = soup_message_headers_get_one (request, "Origin");
  const char *host = soup_message_headers_get_one (request, "Host");
  g_autofree char *own = g_strconcat ("http://", host != NULL ? host : "", NULL);

  if (origin == NULL || g_str_equal (origin, own))
    return FALSE;
  if (!g_strv_contains (allowed_origins, origin))
    {
      soup_server_message_set_status (message, SOUP_STATUS_FORBIDDEN, NULL);
      return TRUE;
    }
  soup_message_headers_replace (response, "Access-Control-Allow-Origin", origin);
  soup_message_headers_append (response, "Vary", "Origin");
  if (!g_str_equal (soup_server_message_get_method (message), "OPTIONS"))
    return FALSE;
  soup_message_headers_replace (response, "Access-Control-Allow-Methods",
                                "GET,POST,PUT,PATCH,DELETE,HEAD,OPTIONS");
  soup_message_headers_replace (response, "Access-Control-Allow-Headers",
                                "Access-Control-Allow-Origin,Origin,Content-Length,Content-Type");
  soup_message_headers_replace (response, "Access-Control-Max-Age", "43200");
  soup_server_message_set_status (message, SOUP_STATUS_NO_CONTENT, NULL);
  return TRUE;
}

static gsize
get_received (SoupServerMessage *message)
{
  return GPOINTER_TO_SIZE (g_object_get_data (G_OBJECT (message), RECEIVED_KEY));
}

static void
on_request (SoupServer *server,
            SoupServerMessage *message,
            const char *path,
            GHashTable *query,
            gpointer user_data)
{
  DmsRestServer *self = user_data;

  if (answer_origin (message))
    return;
  if (get_received (message) > MAX_BODY)
    {
      dms_rest_respond_error (message, SOUP_STATUS_REQUEST_ENTITY_TOO_LARGE,
                              "the message is larger than 1 MiB");
      return;
    }
  for (gsize i = 0; i < G_N_ELEMENTS (routes); i++)
    {
      if (g_str_equal (path, routes[i].path)
          && g_str_equal (soup_server_message_get_method (message), routes[i].method))
        {
          routes[i].func (self, message);
          return;
        }
    }
  dms_rest_respond_not_found (message);
}

/* Counts the body while it arrives, and stops keeping it once it is too large. */
static void
on_chunk (SoupServerMessage *message, GBytes *chunk, gpointer user_data)
{
  gsize received = get_received (message) + g_bytes_get_size (chunk);
  SoupMessageBody *body = soup_server_message_get_request_body (message);

  g_object_set_data (G_OBJECT (message), RECEIVED_KEY, GSIZE_TO_POINTER (received));
  if (received <= MAX_BODY)
    return;
  if (soup_message_body_get_accumulate (body))
    {
      soup_message_body_set_accumulate (body, FALSE);
      soup_message_body_truncate (body);
    }
  if (received > MAX_IGNORED)
    {
      GSocket *socket = dms_rest_get_socket (message);

      if (socket != NULL)
        g_socket_shutdown (socket, TRUE, TRUE, NULL);
    }
}

static void
on_request_started (SoupServer *server, SoupServerMessage *message, gpointer user_data)
{
  g_signal_connect (message, "got-chunk", G_CALLBACK (on_chunk), NULL);
  dms_rest_watch (message);
}

/* The weak reference that counts a connection holds the server through this. */
static void
on_connection_gone (gpointer user_data, GObject *connection)
{
  g_autoptr (DmsRestServer) self = user_data;

  self->n_connections--;
}

static gboolean
on_incoming (GSocketService *service, GSocketConnection *connection, GObject *source, gpointer user_data)
{
  DmsRestServer *self = user_data;
  GSocket *socket = g_socket_connection_get_socket (connection);
  g_autoptr (GSocketAddress) local = g_socket_connection_get_local_address (connection, NULL);
  g_autoptr (GSocketAddress) remote = g_socket_connection_get_remote_address (connection, NULL);
  g_autoptr (GError) error = NULL;

  if (self->n_connections >= MAX_CONNECTIONS || local == NULL || remote == NULL)
    {
      dms_log_event (G_LOG_LEVEL_INFO, "A REST connection was refused", "error", "too many connections",
                     NULL);
      return TRUE;
    }
  g_socket_set_timeout (socket, IDLE_SECONDS);
  dms_rest_set_socket (remote, socket);
  if (!soup_server_accept_iostream (self->server, G_IO_STREAM (connection), local, remote, &error))
    {
      dms_log_event (G_LOG_LEVEL_INFO, "A REST connection was refused", "error", error->message, NULL);
      return TRUE;
    }
  self->n_connections++;
  g_object_weak_ref (G_OBJECT (connection), on_connection_gone, g_object_ref (self));
  return TRUE;
}

static GSocketAddress *
parse_address (DmsRestServer *self, GError **error)
{
  const char *text = g_strcmp0 (self->address, "localhost") == 0 ? "127.0.0.1" : self->address;
  g_autoptr (GInetAddress) address =
      text != NULL && *text != '\0' ? g_inet_address_new_from_string (text) : NULL;

  if (address == NULL)
    {
      g_set_error (error, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT,
                   "cannot listen on “%s”: rest.addr must be a numeric IP address such as 127.0.0.1",
                   self->address != NULL ? self->address : "");
      return NULL;
    }
  return g_inet_socket_address_new (address, self->port);
}

static gboolean
listen_on (DmsRestServer *self, GSocketAddress *address, GError **error)
{
  g_autoptr (GSocketAddress) effective = NULL;
  g_autoptr (GError) local = NULL;

  self->service = g_socket_service_new ();
  if (g_socket_listener_add_address (G_SOCKET_LISTENER (self->service), address, G_SOCKET_TYPE_STREAM,
                                     G_SOCKET_PROTOCOL_TCP, NULL, &effective, &local))
    {
      self->bound_port = g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (effective));
      return TRUE;
    }
  if (g_error_matches (local, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE))
    g_set_error (error, DMS_ERROR, DMS_ERROR_ALREADY_EXISTS,
                 "cannot listen on %s port %u: another program uses it; stop that one or set rest.port",
                 self->address, self->port);
  else
    g_set_error (error, DMS_ERROR, DMS_ERROR_UNAVAILABLE, "cannot listen on %s port %u: %s", self->address,
                 self->port, local->message);
  return FALSE;
}

gboolean
dms_rest_server_start (DmsRestServer *self, GError **error)
{
  g_autoptr (GSocketAddress) address = NULL;

  if (self->server != NULL)
    return TRUE;
  address = parse_address (self, error);
  if (address == NULL)
    return FALSE;
  if (!listen_on (self, address, error))
    {
      g_clear_object (&self->service);
      return FALSE;
    }
  g_clear_object (&self->cancellable);
  self->cancellable = g_cancellable_new ();
  self->server = soup_server_new (NULL, NULL);
  g_signal_connect (self->server, "request-started", G_CALLBACK (on_request_started), self);
  soup_server_add_handler (self->server, NULL, on_request, self, NULL);
  g_signal_connect_object (self->service, "incoming", G_CALLBACK (on_incoming), self, 0);
  g_socket_service_start (self->service);
  return TRUE;
}

void
dms_rest_server_stop (DmsRestServer *self)
{
  if (self->server == NULL)
    return;
  self->bound_port = 0;
  g_cancellable_cancel (self->cancellable);
  g_socket_service_stop (self->service);
  g_socket_listener_close (G_SOCKET_LISTENER (self->service));
  g_clear_object (&self->service);
  soup_server_disconnect (self->server);
  g_clear_object (&self->server);
}
