/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "provider/dms-job-socket.h"

#include "actor/dms-token-bucket.h"
#include "common/dms-json-object.h"
#include "observability/dms-log.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gunixsocketaddress.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum
{
  MAX_CONNECTIONS = 8,
  /* An ensemble, with room in the 1 MiB of the message that carries it. */
  MAX_LINE = 256 * 1024,
  PIECE = 16 * 1024,
  REQUEST_SECONDS = 60,
  IDLE_SECONDS = 600,
};

#define REQUESTS_PER_SECOND 20.0
#define REQUESTS_AT_ONCE    100.0

struct _DmsJobSocket
{
  GObject parent_instance;

  char *folder;
  DmsActor *actor;
  DmsHandle *orchestrator;
  char *behaviour;
  char *allocation_id;
  GSocketService *service;
  GCancellable *cancellable;
  guint n_connections;
  DmsTokenBucket bucket;
};

G_DEFINE_FINAL_TYPE (DmsJobSocket, dms_job_socket, G_TYPE_OBJECT)

typedef struct
{
  DmsJobSocket *socket;
  GSocketConnection *connection;
  GByteArray *input;
  guint8 piece[PIECE];
  char *output;
} Client;

static void read_more (Client *client);

void
dms_job_socket_close (DmsJobSocket *self)
{
  g_autofree char *path = g_build_filename (self->folder, "job.sock", NULL);

  g_cancellable_cancel (self->cancellable);
  if (self->service == NULL)
    return;
  g_socket_service_stop (self->service);
  g_socket_listener_close (G_SOCKET_LISTENER (self->service));
  g_clear_object (&self->service);
  (void) g_unlink (path);
}

static void
dms_job_socket_dispose (GObject *object)
{
  DmsJobSocket *self = DMS_JOB_SOCKET (object);

  if (self->folder != NULL)
    dms_job_socket_close (self);
  g_clear_object (&self->actor);
  G_OBJECT_CLASS (dms_job_socket_parent_class)->dispose (object);
}

static void
dms_job_socket_finalize (GObject *object)
{
  DmsJobSocket *self = DMS_JOB_SOCKET (object);

  g_free (self->folder);
  g_free (self->behaviour);
  g_free (self->allocation_id);
  g_clear_pointer (&self->orchestrator, dms_handle_unref);
  g_clear_object (&self->cancellable);
  G_OBJECT_CLASS (dms_job_socket_parent_class)->finalize (object);
}

static void
dms_job_socket_class_init (DmsJobSocketClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = dms_job_socket_dispose;
  object_class->finalize = dms_job_socket_finalize;
}

static void
dms_job_socket_init (DmsJobSocket *self)
{
  self->cancellable = g_cancellable_new ();
}

static void
client_free (Client *client)
{
  client->socket->n_connections--;
  (void) g_io_stream_close (G_IO_STREAM (client->connection), NULL, NULL);
  g_object_unref (client->connection);
  g_object_unref (client->socket);
  g_byte_array_unref (client->input);
  g_free (client->output);
  g_free (client);
}

static void
on_written (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Client *client = user_data;

  if (!g_output_stream_write_all_finish (G_OUTPUT_STREAM (source), result, NULL, NULL))
    {
      client_free (client);
      return;
    }
  g_clear_pointer (&client->output, g_free);
  read_more (client);
}

static void
answer (Client *client, JsonObject *reply)
{
  g_autoptr (JsonNode) node = json_node_new (JSON_NODE_OBJECT);
  g_autofree char *text = NULL;

  json_node_set_object (node, reply);
  text = json_to_string (node, FALSE);
  client->output = g_strconcat (text, "\n", NULL);
  g_output_stream_write_all_async (g_io_stream_get_output_stream (G_IO_STREAM (client->connection)),
                                   client->output,
                                   strlen (client->output),
                                   G_PRIORITY_DEFAULT,
                                   client->socket->cancellable,
                                   on_written,
                                   client);
}

static void
refuse (Client *client, const char *text, gboolean busy)
{
  g_autoptr (JsonObject) reply = json_object_new ();

  json_object_set_boolean_member (reply, "ok", FALSE);
  json_object_set_string_member (reply, "error", text);
  json_object_set_boolean_member (reply, "again", busy);
  answer (client, reply);
}

static void
on_answered (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Client *client = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsMessage) message = dms_actor_invoke_finish (DMS_ACTOR (source), result, &error);
  JsonObject *reply = message == NULL ? NULL : dms_message_get_object (message);

  if (reply != NULL)
    answer (client, reply);
  else
    refuse (client,
            message != NULL ? "the orchestrator's answer is malformed" : "the orchestrator does not answer",
            TRUE);
}

static void
pass_on (Client *client, const char *line, gsize length)
{
  DmsJobSocket *self = client->socket;
  guint64 now_ns = (guint64) g_get_monotonic_time () * 1000;
  g_autoptr (JsonNode) request = NULL;
  g_autoptr (JsonNode) payload = NULL;
  JsonObject *object;

  if (!dms_token_bucket_has_one (&self->bucket, REQUESTS_PER_SECOND, REQUESTS_AT_ONCE, now_ns))
    {
      refuse (client, "too many requests; ask again in a second", TRUE);
      return;
    }
  dms_token_bucket_take (&self->bucket, REQUESTS_PER_SECOND, REQUESTS_AT_ONCE, now_ns);
  request = dms_json_node_from_text (line, (gssize) length, NULL);
  if (request == NULL || !JSON_NODE_HOLDS_OBJECT (request))
    {
      refuse (client, "a request must be one line with a JSON object", FALSE);
      return;
    }
  payload = json_node_new (JSON_NODE_OBJECT);
  object = json_object_new ();
  json_object_set_string_member (object, "AllocationID", self->allocation_id);
  json_object_set_member (object, "Request", g_steal_pointer (&request));
  json_node_take_object (payload, object);
  dms_actor_invoke_async (self->actor,
                          self->orchestrator,
                          self->behaviour,
                          payload,
                          dms_actor_expiry_in (REQUEST_SECONDS),
                          self->cancellable,
                          on_answered,
                          client);
}

/* FALSE when there is no whole line yet. */
static gboolean
take_line (Client *client)
{
  /* Nothing has come yet: there is no memory to look into. */
  const guint8 *end =
      client->input->len == 0 ? NULL : memchr (client->input->data, '\n', client->input->len);
  g_autofree char *line = NULL;
  gsize length;

  if (end == NULL)
    return FALSE;
  length = (gsize) (end - client->input->data);
  line = g_strndup ((const char *) client->input->data, length);
  g_byte_array_remove_range (client->input, 0, (guint) length + 1);
  if (strlen (line) != length || !g_utf8_validate (line, -1, NULL))
    refuse (client, "a request must be a text in UTF-8", FALSE);
  else
    pass_on (client, line, length);
  return TRUE;
}

static void
on_read (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Client *client = user_data;
  gssize n = g_input_stream_read_finish (G_INPUT_STREAM (source), result, NULL);

  if (n <= 0)
    {
      client_free (client);
      return;
    }
  g_byte_array_append (client->input, client->piece, (guint) n);
  read_more (client);
}

static void
read_more (Client *client)
{
  if (take_line (client))
    return;
  if (client->input->len > MAX_LINE)
    {
      client_free (client);
      return;
    }
  g_input_stream_read_async (g_io_stream_get_input_stream (G_IO_STREAM (client->connection)),
                             client->piece,
                             PIECE,
                             G_PRIORITY_DEFAULT,
                             client->socket->cancellable,
                             on_read,
                             client);
}

static gboolean
on_incoming (GSocketService *service, GSocketConnection *connection, GObject *source, gpointer user_data)
{
  DmsJobSocket *self = user_data;
  Client *client;

  /* It is closed at once. */
  if (self->n_connections >= MAX_CONNECTIONS || g_cancellable_is_cancelled (self->cancellable))
    return TRUE;
  client = g_new0 (Client, 1);
  self->n_connections++;
  client->socket = g_object_ref (self);
  client->connection = g_object_ref (connection);
  client->input = g_byte_array_new ();
  g_socket_set_timeout (g_socket_connection_get_socket (connection), IDLE_SECONDS);
  read_more (client);
  return TRUE;
}

static gboolean
fail_errno (GError **error, const char *what, const char *path)
{
  int number = errno;

  g_set_error (error, DMS_ERROR, DMS_ERROR_IO, "cannot %s “%s”: %s", what, path, g_strerror (number));
  return FALSE;
}

/* The path may be longer than an address can hold, so that the folder is named by its descriptor. Nothing but
 * this daemon can write into it. */
static gboolean
listen_in (DmsJobSocket *self, GError **error)
{
  int fd;
  g_autofree char *path = NULL;
  g_autoptr (GSocketAddress) address = NULL;
  g_autoptr (GError) local = NULL;
  gboolean ok;

  if (g_mkdir_with_parents (self->folder, 0711) != 0 || g_chmod (self->folder, 0711) != 0)
    return fail_errno (error, "make folder", self->folder);
  fd = g_open (self->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0)
    return fail_errno (error, "open folder", self->folder);
  (void) unlinkat (fd, "job.sock", 0);
  path = g_strdup_printf ("/proc/self/fd/%d/job.sock", fd);
  address = g_unix_socket_address_new (path);
  ok = g_socket_listener_add_address (G_SOCKET_LISTENER (self->service),
                                      address,
                                      G_SOCKET_TYPE_STREAM,
                                      G_SOCKET_PROTOCOL_DEFAULT,
                                      NULL,
                                      NULL,
                                      &local);
  if (!ok)
    g_set_error (
        error, DMS_ERROR, DMS_ERROR_IO, "cannot make a socket in “%s”: %s", self->folder, local->message);
  /* The job may be anybody inside its sandbox, and nobody outside gets into the folders above. */
  else if (fchmodat (fd, "job.sock", 0666, 0) != 0)
    ok = fail_errno (error, "open the socket in", self->folder);
  close (fd);
  return ok;
}

DmsJobSocket *
dms_job_socket_new (const char *folder,
                    DmsActor *actor,
                    DmsHandle *orchestrator,
                    const char *ensemble_id,
                    const char *allocation_id,
                    GError **error)
{
  g_autoptr (DmsJobSocket) self = g_object_new (DMS_TYPE_JOB_SOCKET, NULL);

  self->folder = g_strdup (folder);
  self->actor = g_object_ref (actor);
  self->orchestrator = dms_handle_ref (orchestrator);
  self->behaviour = g_strdup_printf ("/dms/orchestrator/%s/children", ensemble_id);
  self->allocation_id = g_strdup (allocation_id);
  self->service = g_socket_service_new ();
  if (!listen_in (self, error))
    return NULL;
  g_signal_connect_object (self->service, "incoming", G_CALLBACK (on_incoming), self, 0);
  g_socket_service_start (self->service);
  return g_steal_pointer (&self);
}
