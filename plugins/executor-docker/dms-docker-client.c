/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-docker-client.h"

#include <gio/gunixsocketaddress.h>
#include <libsoup/soup.h>
#include <string.h>

#include "dms-docker-error.h"
#include "dms-docker-json.h"

/* The Engine API (docs.docker.com/engine/api) over a unix socket.
 *
 * Threading: the asynchronous functions belong to the main context that made the client. The blocking ones
 * may be called from any worker thread; each call has a session of its own, so that nothing is shared between
 * them. */
struct _DmsDockerClient
{
  GObject parent_instance;

  char *socket_path;
  GSocketConnectable *address;
  SoupSession *session; /* of the asynchronous functions */
};

G_DEFINE_FINAL_TYPE (DmsDockerClient, dms_docker_client, G_TYPE_OBJECT)

/* A single request that takes longer than this to say anything has failed; streams and waits have no limit.
 */
static const guint CALL_TIMEOUT_S = 120;

/* Old enough for every engine of the last years and new enough for the newest: Docker 29 refuses what is
 * below. */
static const char API_PREFIX[] = "http://engine/v1.41";
static const char API_PREFIX_NEW[] = "http://engine/v1.44";

static SoupSession *
make_session (DmsDockerClient *self, guint timeout_s)
{
  /* Waits and followed logs hold a connection each for as long as their container runs. */
  return soup_session_new_with_options ("remote-connectable",
                                        self->address,
                                        "timeout",
                                        timeout_s,
                                        "max-conns",
                                        100000,
                                        "max-conns-per-host",
                                        100000,
                                        NULL);
}

static void
dms_docker_client_finalize (GObject *object)
{
  DmsDockerClient *self = DMS_DOCKER_CLIENT (object);

  if (self->session != NULL)
    soup_session_abort (self->session);
  g_clear_object (&self->session);
  g_clear_object (&self->address);
  g_clear_pointer (&self->socket_path, g_free);
  G_OBJECT_CLASS (dms_docker_client_parent_class)->finalize (object);
}

static void
dms_docker_client_class_init (DmsDockerClientClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = dms_docker_client_finalize;
}

static void
dms_docker_client_init (DmsDockerClient *self)
{
}

/* Makes a client of the engine that listens on a socket; nothing is sent yet. */
DmsDockerClient *
dms_docker_client_new (const char *socket_path)
{
  DmsDockerClient *self = g_object_new (DMS_TYPE_DOCKER_CLIENT, NULL);

  self->socket_path = g_strdup (socket_path);
  self->address = G_SOCKET_CONNECTABLE (g_unix_socket_address_new (socket_path));
  self->session = make_session (self, 0);
  return self;
}

const char *
dms_docker_client_get_socket_path (DmsDockerClient *self)
{
  return self->socket_path;
}

/* Connecting to a unix socket answers at once. */
static gboolean
answers (const char *path)
{
  g_autoptr (GSocket) socket = NULL;
  g_autoptr (GSocketAddress) address = NULL;

  if (!g_file_test (path, G_FILE_TEST_EXISTS))
    return FALSE;
  socket = g_socket_new (G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_DEFAULT, NULL);
  address = g_unix_socket_address_new (path);
  if (socket == NULL)
    return FALSE;
  g_socket_set_blocking (socket, FALSE);
  return g_socket_connect (socket, address, NULL, NULL);
}

/* Finds the engine's socket: DMS_DOCKER_SOCKET, then DOCKER_HOST, each alone when it is set; then the first
 * of the usual places where something answers. */
char *
dms_docker_client_find_socket (GError **error)
{
  const char *chosen = g_getenv ("DMS_DOCKER_SOCKET");
  const char *host = g_getenv ("DOCKER_HOST");
  g_autofree char *user_socket = g_build_filename (g_get_user_runtime_dir (), "podman", "podman.sock", NULL);
  const char *candidates[] = { "/var/run/docker.sock", user_socket, "/run/podman/podman.sock" };

  if (chosen != NULL && *chosen != '\0')
    return g_strdup (g_str_has_prefix (chosen, "unix://") ? chosen + strlen ("unix://") : chosen);
  if (host != NULL && *host != '\0')
    {
      if (g_str_has_prefix (host, "unix://"))
        return g_strdup (host + strlen ("unix://"));
      g_set_error (error,
                   DMS_ERROR,
                   DMS_ERROR_NOT_SUPPORTED,
                   "DOCKER_HOST is “%s”, but only engines on this machine can be used: unset it or set it to "
                   "unix:///path/of/the.sock",
                   host);
      return NULL;
    }
  for (gsize i = 0; i < G_N_ELEMENTS (candidates); i++)
    if (answers (candidates[i]))
      return g_strdup (candidates[i]);
  for (gsize i = 0; i < G_N_ELEMENTS (candidates); i++)
    if (g_file_test (candidates[i], G_FILE_TEST_EXISTS))
      return g_strdup (candidates[i]);
  return g_strdup (candidates[0]);
}

static SoupMessage *
make_message (const char *prefix, const char *method, const char *path, GError **error)
{
  g_autofree char *url = g_strconcat (prefix, path, NULL);
  SoupMessage *message = soup_message_new (method, url);

  if (message == NULL)
    g_set_error (error, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT, "the engine cannot be asked for “%s”", path);
  return message;
}

static gboolean
is_success (guint status)
{
  /* 304: the container is in the wanted state already. */
  return (status >= 200 && status < 300) || status == 304;
}

static GBytes *
read_all (GInputStream *stream, GCancellable *cancellable, GError **error)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  guint8 buffer[16384];
  gssize n;

  while ((n = g_input_stream_read (stream, buffer, sizeof buffer, cancellable, error)) > 0)
    {
      if (bytes->len + (gsize) n > DMS_DOCKER_MAX_REPLY)
        {
          g_set_error (error,
                       DMS_ERROR,
                       DMS_ERROR_TOO_LARGE,
                       "the container engine's answer is larger than %" G_GSIZE_FORMAT " bytes",
                       DMS_DOCKER_MAX_REPLY);
          return NULL;
        }
      g_byte_array_append (bytes, buffer, (guint) n);
    }
  if (n < 0)
    return NULL;
  return g_byte_array_free_to_bytes (g_steal_pointer (&bytes));
}

/* An engine that has left our version behind says so before it does anything. */
static gboolean
is_too_old (guint status, GBytes *body)
{
  gsize size;
  const char *data = g_bytes_get_data (body, &size);

  return status == 400 && data != NULL && g_strstr_len (data, (gssize) size, "is too old") != NULL;
}

static GInputStream *
send_once (DmsDockerClient *self,
           const char *prefix,
           const char *method,
           const char *path,
           const char *content_type,
           GBytes *body,
           guint timeout_s,
           guint *status,
           GCancellable *cancellable,
           GError **error)
{
  g_autoptr (SoupSession) session = make_session (self, timeout_s);
  g_autoptr (SoupMessage) message = make_message (prefix, method, path, error);
  GInputStream *stream;

  if (message == NULL)
    return NULL;
  if (body != NULL)
    soup_message_set_request_body_from_bytes (message, content_type, body);
  stream = soup_session_send (session, message, cancellable, error);
  if (stream == NULL)
    {
      dms_docker_error_adopt_io (error, self->socket_path);
      return NULL;
    }
  *status = soup_message_get_status (message);
  g_object_set_data_full (G_OBJECT (stream), "dms-session", g_steal_pointer (&session), g_object_unref);
  return stream;
}

static GInputStream *
send_request (DmsDockerClient *self,
              const char *method,
              const char *path,
              const char *content_type,
              GBytes *body,
              guint timeout_s,
              GCancellable *cancellable,
              GError **error)
{
  const char *prefixes[] = { API_PREFIX, API_PREFIX_NEW };
  g_autoptr (GBytes) reply = NULL;
  guint status = 0;

  for (gsize i = 0; i < G_N_ELEMENTS (prefixes); i++)
    {
      g_autoptr (GInputStream) stream = send_once (
          self, prefixes[i], method, path, content_type, body, timeout_s, &status, cancellable, error);

      if (stream == NULL)
        return NULL;
      if (is_success (status))
        return g_steal_pointer (&stream);
      g_clear_pointer (&reply, g_bytes_unref);
      reply = read_all (stream, cancellable, error);
      if (reply == NULL)
        {
          dms_docker_error_adopt_io (error, self->socket_path);
          return NULL;
        }
      if (!is_too_old (status, reply))
        break;
    }
  g_propagate_error (error, dms_docker_error_new_from_reply (status, reply));
  return NULL;
}

/* Sends a request and reads the whole answer, of at most DMS_DOCKER_MAX_REPLY bytes. An answer that says that
 * the request failed is an error with the engine's own words. */
GBytes *
dms_docker_client_call (DmsDockerClient *self,
                        const char *method,
                        const char *path,
                        const char *content_type,
                        GBytes *body,
                        GCancellable *cancellable,
                        GError **error)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (GMainContextPusher) pusher = g_main_context_pusher_new (context);
  g_autoptr (GInputStream) stream =
      send_request (self, method, path, content_type, body, CALL_TIMEOUT_S, cancellable, error);
  GBytes *reply;

  if (stream == NULL)
    return NULL;
  reply = read_all (stream, cancellable, error);
  if (reply == NULL)
    dms_docker_error_adopt_io (error, self->socket_path);
  return reply;
}

/* As dms_docker_client_call(), with JSON both ways.
 *
 * body: (nullable) */
JsonNode *
dms_docker_client_call_json (DmsDockerClient *self,
                             const char *method,
                             const char *path,
                             JsonNode *body,
                             GCancellable *cancellable,
                             GError **error)
{
  g_autoptr (GBytes) sent = body != NULL ? dms_docker_json_to_bytes (body) : NULL;
  g_autoptr (GBytes) reply =
      dms_docker_client_call (self, method, path, "application/json", sent, cancellable, error);

  return reply != NULL ? dms_docker_json_parse (reply, error) : NULL;
}

/* Sends a request whose answer has no end that is known, and gives it as a stream. libsoup
 * ties a request to the thread's default main context until its stream is freed: the caller pushes one of its
 * own.
 *
 * body: (nullable) */
GInputStream *
dms_docker_client_open (DmsDockerClient *self,
                        const char *method,
                        const char *path,
                        JsonNode *body,
                        GCancellable *cancellable,
                        GError **error)
{
  g_autoptr (GBytes) sent = body != NULL ? dms_docker_json_to_bytes (body) : NULL;

  return send_request (self, method, path, "application/json", sent, 0, cancellable, error);
}

typedef struct
{
  char *method;
  char *path;
  SoupMessage *message;
  GInputStream *stream;
  GByteArray *bytes;
  gboolean whole;   /* the caller wants the whole answer, not a stream */
  gboolean retried; /* with the newer version of the API */
} Request;

static void
request_free (gpointer data)
{
  Request *request = data;

  g_free (request->method);
  g_free (request->path);
  g_clear_object (&request->message);
  g_clear_object (&request->stream);
  g_clear_pointer (&request->bytes, g_byte_array_unref);
  g_free (request);
}

static void send_request_async (GTask *task, const char *prefix);

static void
return_io_error (GTask *task, GError *error)
{
  DmsDockerClient *self = g_task_get_source_object (task);

  dms_docker_error_adopt_io (&error, self->socket_path);
  g_task_return_error (task, error);
}

static void
on_whole (GTask *task)
{
  Request *request = g_task_get_task_data (task);
  g_autoptr (GBytes) reply = g_byte_array_free_to_bytes (g_steal_pointer (&request->bytes));
  guint status = soup_message_get_status (request->message);

  if (is_success (status))
    {
      g_task_return_pointer (task, g_steal_pointer (&reply), (GDestroyNotify) g_bytes_unref);
      return;
    }
  if (!request->retried && is_too_old (status, reply))
    {
      request->retried = TRUE;
      send_request_async (g_object_ref (task), API_PREFIX_NEW);
      return;
    }
  g_task_return_error (task, dms_docker_error_new_from_reply (status, reply));
}

static void
on_read (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  g_autoptr (GError) error = NULL;
  Request *request = g_task_get_task_data (task);
  g_autoptr (GBytes) piece = g_input_stream_read_bytes_finish (G_INPUT_STREAM (source), result, &error);
  gsize size;
  gconstpointer data;

  if (piece == NULL)
    {
      return_io_error (task, g_steal_pointer (&error));
      return;
    }
  data = g_bytes_get_data (piece, &size);
  if (size == 0)
    {
      on_whole (task);
      return;
    }
  if (request->bytes->len + size > DMS_DOCKER_MAX_REPLY)
    {
      g_task_return_new_error (task,
                               DMS_ERROR,
                               DMS_ERROR_TOO_LARGE,
                               "the container engine's answer is larger than %" G_GSIZE_FORMAT " bytes",
                               DMS_DOCKER_MAX_REPLY);
      return;
    }
  g_byte_array_append (request->bytes, data, (guint) size);
  g_input_stream_read_bytes_async (request->stream,
                                   16384,
                                   G_PRIORITY_DEFAULT,
                                   g_task_get_cancellable (task),
                                   on_read,
                                   g_object_ref (task));
}

static void
on_sent (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  g_autoptr (GError) error = NULL;
  Request *request = g_task_get_task_data (task);

  g_clear_object (&request->stream);
  request->stream = soup_session_send_finish (SOUP_SESSION (source), result, &error);
  if (request->stream == NULL)
    {
      return_io_error (task, g_steal_pointer (&error));
      return;
    }
  if (!request->whole && is_success (soup_message_get_status (request->message)))
    {
      g_task_return_pointer (task, g_steal_pointer (&request->stream), g_object_unref);
      return;
    }
  g_clear_pointer (&request->bytes, g_byte_array_unref);
  request->bytes = g_byte_array_new ();
  g_input_stream_read_bytes_async (request->stream,
                                   16384,
                                   G_PRIORITY_DEFAULT,
                                   g_task_get_cancellable (task),
                                   on_read,
                                   g_object_ref (task));
}

/* Takes the reference of the task. */
static void
send_request_async (GTask *task, const char *prefix)
{
  DmsDockerClient *self = g_task_get_source_object (task);
  Request *request = g_task_get_task_data (task);
  GError *error = NULL;

  g_clear_object (&request->message);
  request->message = make_message (prefix, request->method, request->path, &error);
  if (request->message == NULL)
    {
      g_task_return_error (task, error);
      g_object_unref (task);
      return;
    }
  soup_session_send_async (
      self->session, request->message, G_PRIORITY_DEFAULT, g_task_get_cancellable (task), on_sent, task);
}

static void
start_request (DmsDockerClient *self,
               const char *method,
               const char *path,
               gboolean whole,
               gpointer tag,
               GCancellable *cancellable,
               GAsyncReadyCallback callback,
               gpointer user_data)
{
  GTask *task = g_task_new (self, cancellable, callback, user_data);
  Request *request = g_new0 (Request, 1);

  g_task_set_source_tag (task, tag);
  request->method = g_strdup (method);
  request->path = g_strdup (path);
  request->whole = whole;
  g_task_set_task_data (task, request, request_free);
  send_request_async (task, API_PREFIX);
}

/* Sends a request without a body and reads the whole answer, without a limit of time. */
void
dms_docker_client_call_async (DmsDockerClient *self,
                              const char *method,
                              const char *path,
                              GCancellable *cancellable,
                              GAsyncReadyCallback callback,
                              gpointer user_data)
{
  start_request (self, method, path, TRUE, dms_docker_client_call_async, cancellable, callback, user_data);
}

GBytes *
dms_docker_client_call_finish (DmsDockerClient *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  return g_task_propagate_pointer (G_TASK (result), error);
}

/* Sends a request without a body and gives the answer as a stream. */
void
dms_docker_client_open_async (DmsDockerClient *self,
                              const char *method,
                              const char *path,
                              GCancellable *cancellable,
                              GAsyncReadyCallback callback,
                              gpointer user_data)
{
  start_request (self, method, path, FALSE, dms_docker_client_open_async, cancellable, callback, user_data);
}

GInputStream *
dms_docker_client_open_finish (DmsDockerClient *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  return g_task_propagate_pointer (G_TASK (result), error);
}
