/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-docker-logs.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dms-docker-demux.h"

/* Of each stream; the rest is dropped, so that a chatty job cannot fill the disk. */
static const guint64 MAX_SIZE = 64 * 1024 * 1024;
static const char TRUNCATED[] = "\n[the rest of this output is not kept: it is larger than 64.0 MiB]\n";
static const guint RETRY_MS = 1000;
/* An engine gives the last lines within moments of the end, or never. */
static const guint DRAIN_MS = 3000;
static const guint MAX_FINAL_TRIES = 3;

/* The engine's log has no offsets, but it is whole and always the same. So every fetch starts at its
 * beginning and drops as many bytes of a stream as its file has: after a restart nothing is lost and nothing
 * doubled. */
struct _DmsDockerLogs
{
  GObject parent_instance;

  DmsDockerClient *client;
  char *name;
  char *paths[2];
  int fds[2];
  guint64 written[2];
  guint64 seen[2];    /* by this fetch */
  gboolean closed[2]; /* nothing more is kept */
  DmsDockerDemux *demux;
  GInputStream *stream;
  GCancellable *fetch; /* the fetch in progress */
  guint timer;
  guint final_tries;
  gboolean ended;
  gboolean final;
  gboolean complete;
  gboolean stopped;
};

G_DEFINE_FINAL_TYPE (DmsDockerLogs, dms_docker_logs, G_TYPE_OBJECT)

enum
{
  CHANGED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

static void begin_fetch (DmsDockerLogs *self);

static void
dms_docker_logs_dispose (GObject *object)
{
  dms_docker_logs_stop (DMS_DOCKER_LOGS (object));
  G_OBJECT_CLASS (dms_docker_logs_parent_class)->dispose (object);
}

static void
dms_docker_logs_finalize (GObject *object)
{
  DmsDockerLogs *self = DMS_DOCKER_LOGS (object);

  for (guint i = 0; i < 2; i++)
    {
      if (self->fds[i] >= 0)
        close (self->fds[i]);
      g_free (self->paths[i]);
    }
  g_clear_pointer (&self->demux, dms_docker_demux_free);
  g_clear_object (&self->stream);
  g_clear_object (&self->client);
  g_free (self->name);
  G_OBJECT_CLASS (dms_docker_logs_parent_class)->finalize (object);
}

static void
dms_docker_logs_class_init (DmsDockerLogsClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = dms_docker_logs_dispose;
  G_OBJECT_CLASS (klass)->finalize = dms_docker_logs_finalize;
  signals[CHANGED] = g_signal_new (
      "changed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
dms_docker_logs_init (DmsDockerLogs *self)
{
  self->fds[0] = -1;
  self->fds[1] = -1;
}

static void
open_file (DmsDockerLogs *self, guint i, const char *state_dir, const char *file_name)
{
  struct stat info;

  self->paths[i] = g_build_filename (state_dir, file_name, NULL);
  self->fds[i] = open (self->paths[i], O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (self->fds[i] < 0 || fstat (self->fds[i], &info) != 0)
    {
      g_message (
          "cannot keep the output of container %s in %s: %s", self->name, self->paths[i], g_strerror (errno));
      self->closed[i] = TRUE;
      return;
    }
  self->written[i] = (guint64) info.st_size;
  self->closed[i] = self->written[i] >= MAX_SIZE;
}

/* Makes the keeper of a container's logs.
 *
 * state_dir: the directory for the files; without one nothing is kept */
DmsDockerLogs *
dms_docker_logs_new (DmsDockerClient *client, const char *name, const char *state_dir)
{
  DmsDockerLogs *self = g_object_new (DMS_TYPE_DOCKER_LOGS, NULL);

  self->client = g_object_ref (client);
  self->name = g_strdup (name);
  if (g_file_test (state_dir, G_FILE_TEST_IS_DIR))
    {
      open_file (self, DMS_LOG_STDOUT, state_dir, "stdout.log");
      open_file (self, DMS_LOG_STDERR, state_dir, "stderr.log");
    }
  self->complete = self->fds[0] < 0 && self->fds[1] < 0;
  return self;
}

static gboolean
write_all (int fd, const void *data, gsize size)
{
  const char *p = data;

  while (size > 0)
    {
      ssize_t n = write (fd, p, size);

      if (n < 0 && errno == EINTR)
        continue;
      if (n <= 0)
        return FALSE;
      p += n;
      size -= (gsize) n;
    }
  return TRUE;
}

static void
append (DmsDockerLogs *self, guint i, const guint8 *data, gsize size)
{
  gsize room = (gsize) (MAX_SIZE - self->written[i]);
  gsize n = MIN (size, room);

  if (!write_all (self->fds[i], data, n))
    {
      g_message (
          "the output of container %s in %s is cut off: %s", self->name, self->paths[i], g_strerror (errno));
      self->closed[i] = TRUE;
      return;
    }
  self->written[i] += n;
  if (n == size)
    return;
  self->closed[i] = TRUE;
  if (write_all (self->fds[i], TRUNCATED, sizeof TRUNCATED - 1))
    self->written[i] += sizeof TRUNCATED - 1;
}

static void
on_piece (DmsLogStream stream, const guint8 *data, gsize size, gpointer user_data)
{
  DmsDockerLogs *self = user_data;
  guint64 skip = self->written[stream] > self->seen[stream] ? self->written[stream] - self->seen[stream] : 0;

  if (self->closed[stream])
    return;
  self->seen[stream] += size;
  if (skip < size)
    append (self, stream, data + skip, size - (gsize) skip);
}

static void
finish (DmsDockerLogs *self)
{
  self->complete = TRUE;
  g_signal_emit (self, signals[CHANGED], 0);
}

static gboolean
on_timer (gpointer user_data)
{
  DmsDockerLogs *self = user_data;

  self->timer = 0;
  if (self->fetch != NULL)
    g_cancellable_cancel (self->fetch);
  else
    begin_fetch (self);
  return G_SOURCE_REMOVE;
}

static void
set_timer (DmsDockerLogs *self, guint ms)
{
  g_clear_handle_id (&self->timer, g_source_remove);
  self->timer = g_timeout_add (ms, on_timer, self);
}

static void
on_fetched (DmsDockerLogs *self, gboolean whole)
{
  gboolean was_final = self->final;

  g_clear_object (&self->fetch);
  g_clear_object (&self->stream);
  g_clear_handle_id (&self->timer, g_source_remove);
  if (self->stopped)
    return;
  if (was_final && (whole || ++self->final_tries >= MAX_FINAL_TRIES))
    finish (self);
  else if (was_final || !self->ended)
    set_timer (self, RETRY_MS);
  else
    begin_fetch (self);
}

static void
on_read (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DmsDockerLogs) self = user_data;
  g_autoptr (GBytes) piece = g_input_stream_read_bytes_finish (G_INPUT_STREAM (source), result, NULL);
  gsize size = 0;
  const guint8 *data = piece != NULL ? g_bytes_get_data (piece, &size) : NULL;
  guint64 before = self->written[0] + self->written[1];
  g_autoptr (GError) error = NULL;

  if (size == 0 || self->stopped)
    {
      on_fetched (self, piece != NULL && dms_docker_demux_is_complete (self->demux));
      return;
    }
  if (!dms_docker_demux_feed (self->demux, data, size, on_piece, self, &error))
    {
      g_message ("the log of container %s: %s", self->name, error->message);
      on_fetched (self, FALSE);
      return;
    }
  g_input_stream_read_bytes_async (
      self->stream, 65536, G_PRIORITY_DEFAULT, self->fetch, on_read, g_object_ref (self));
  if (self->written[0] + self->written[1] != before)
    g_signal_emit (self, signals[CHANGED], 0);
}

static void
on_opened (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DmsDockerLogs) self = user_data;
  g_autoptr (GError) error = NULL;

  self->stream = dms_docker_client_open_finish (DMS_DOCKER_CLIENT (source), result, &error);
  if (self->stream == NULL || self->stopped)
    {
      /* Without a container there is no more to have. */
      on_fetched (self, g_error_matches (error, DMS_ERROR, DMS_ERROR_NOT_FOUND));
      return;
    }
  g_input_stream_read_bytes_async (
      self->stream, 65536, G_PRIORITY_DEFAULT, self->fetch, on_read, g_object_ref (self));
}

static void
begin_fetch (DmsDockerLogs *self)
{
  g_autofree char *path = NULL;

  if (self->stopped || self->complete || self->fetch != NULL)
    return;
  self->final = self->ended;
  path = g_strdup_printf ("/containers/%s/logs?stdout=1&stderr=1&follow=%d", self->name, self->final ? 0 : 1);
  g_clear_pointer (&self->demux, dms_docker_demux_free);
  self->demux = dms_docker_demux_new ();
  self->seen[0] = 0;
  self->seen[1] = 0;
  self->fetch = g_cancellable_new ();
  dms_docker_client_open_async (self->client, "GET", path, self->fetch, on_opened, g_object_ref (self));
}

/* Begins to copy, and goes on until the container ends. */
void
dms_docker_logs_start (DmsDockerLogs *self)
{
  begin_fetch (self);
}

void
dms_docker_logs_end (DmsDockerLogs *self)
{
  if (self->ended || self->stopped)
    return;
  self->ended = TRUE;
  if (self->complete)
    finish (self);
  else if (self->fetch != NULL)
    set_timer (self, DRAIN_MS);
  else
    {
      g_clear_handle_id (&self->timer, g_source_remove);
      begin_fetch (self);
    }
}

/* Gives up copying; what is there stays. */
void
dms_docker_logs_stop (DmsDockerLogs *self)
{
  self->stopped = TRUE;
  g_clear_handle_id (&self->timer, g_source_remove);
  if (self->fetch != NULL)
    g_cancellable_cancel (self->fetch);
}

/* Deletes the files. */
void
dms_docker_logs_delete (DmsDockerLogs *self)
{
  dms_docker_logs_stop (self);
  for (guint i = 0; i < 2; i++)
    if (self->paths[i] != NULL)
      g_unlink (self->paths[i]);
}

gboolean
dms_docker_logs_is_complete (DmsDockerLogs *self)
{
  return self->complete;
}

guint64
dms_docker_logs_get_size (DmsDockerLogs *self, DmsLogStream stream)
{
  return self->written[stream];
}

/* Reads what is there from an offset on, at most max_bytes of it; nothing at or beyond the end. */
GBytes *
dms_docker_logs_read (DmsDockerLogs *self,
                      DmsLogStream stream,
                      guint64 offset,
                      gsize max_bytes,
                      GError **error)
{
  gsize size = offset < self->written[stream] ? (gsize) MIN (self->written[stream] - offset, max_bytes) : 0;
  g_autofree guint8 *data = size > 0 ? g_malloc (size) : NULL;
  ssize_t n = size > 0 ? pread (self->fds[stream], data, size, (off_t) offset) : 0;

  if (n < 0)
    {
      g_set_error (
          error, DMS_ERROR, DMS_ERROR_IO, "cannot read %s: %s", self->paths[stream], g_strerror (errno));
      return NULL;
    }
  return g_bytes_new_take (g_steal_pointer (&data), (gsize) n);
}
