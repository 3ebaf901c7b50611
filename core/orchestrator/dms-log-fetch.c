/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "orchestrator/dms-log-fetch.h"

#include "common/dms-json-object.h"
#include "observability/dms-log.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

enum
{
  MAX_CHUNK = 512 * 1024,
  MIN_CHUNK = 32 * 1024,
  MAX_STREAM = 256 * 1024 * 1024,
  /* For a chunk of each size; a request or its answer dies with a daemon that is restarted, so that it is
   * made again, and asks for less since the way may just be slow. */
  REQUEST_SECONDS = 15,
  PAUSE_SECONDS = 1,
  MAX_PAUSE_SECONDS = 8,
  /* Without anything new, whatever the reason. */
  PATIENCE_SECONDS = 120,
  N_STREAMS = 2,
};

/* Beside the logs: why they are not whole. */
#define SHORTFALL "shortfall.txt"

/* Copies the two logs of an allocation. */
struct _DmsLogFetch
{
  GObject parent_instance;

  DmsActor *actor;
  DmsHandle *node;
  char *behaviour;
  char *allocation_id;
  char *directory;
  gboolean follow;
  guint interval_s;
  DmsLogFetchState state;
  char *error;
  GCancellable *cancellable;
  guint timer;
  guint stream;
  guint64 offsets[N_STREAMS];
  guint request_s;
  guint patience_s;
  guint chunk;
  guint pause_s;
  gint64 last_news_us;
};

G_DEFINE_FINAL_TYPE (DmsLogFetch, dms_log_fetch, G_TYPE_OBJECT)

static const char *const stream_names[N_STREAMS] = { "stdout", "stderr" };

static guint ended_signal;

static void request_chunk (DmsLogFetch *self);

static void
dms_log_fetch_dispose (GObject *object)
{
  DmsLogFetch *self = DMS_LOG_FETCH (object);

  g_cancellable_cancel (self->cancellable);
  g_clear_handle_id (&self->timer, g_source_remove);
  g_clear_object (&self->actor);
  G_OBJECT_CLASS (dms_log_fetch_parent_class)->dispose (object);
}

static void
dms_log_fetch_finalize (GObject *object)
{
  DmsLogFetch *self = DMS_LOG_FETCH (object);

  g_clear_pointer (&self->node, dms_handle_unref);
  g_free (self->behaviour);
  g_free (self->allocation_id);
  g_free (self->directory);
  g_free (self->error);
  g_clear_object (&self->cancellable);
  G_OBJECT_CLASS (dms_log_fetch_parent_class)->finalize (object);
}

static void
dms_log_fetch_class_init (DmsLogFetchClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = dms_log_fetch_dispose;
  object_class->finalize = dms_log_fetch_finalize;
  ended_signal =
      g_signal_new ("ended", DMS_TYPE_LOG_FETCH, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
dms_log_fetch_init (DmsLogFetch *self)
{
  self->cancellable = g_cancellable_new ();
}

DmsLogFetch *
dms_log_fetch_new (DmsActor *actor,
                   DmsHandle *node,
                   const char *ensemble_id,
                   const char *allocation_id,
                   const char *directory,
                   gboolean follow,
                   guint interval_s)
{
  DmsLogFetch *self = g_object_new (DMS_TYPE_LOG_FETCH, NULL);

  self->actor = g_object_ref (actor);
  self->node = dms_handle_ref (node);
  self->behaviour = g_strdup_printf ("/dms/ensemble/%s/allocation/logs", ensemble_id);
  self->allocation_id = g_strdup (allocation_id);
  self->directory = g_strdup (directory);
  self->follow = follow;
  self->interval_s = MAX (interval_s, 1);
  self->request_s = REQUEST_SECONDS;
  self->patience_s = PATIENCE_SECONDS;
  self->chunk = MAX_CHUNK;
  return self;
}

void
dms_log_fetch_set_patience (DmsLogFetch *self, guint request_s, guint patience_s)
{
  self->request_s = request_s;
  self->patience_s = patience_s;
}

/* What is here is not all there was: whoever reads it later must know. */
static void
note_shortfall (DmsLogFetch *self, const char *error)
{
  g_autofree char *path = g_build_filename (self->directory, SHORTFALL, NULL);
  g_autoptr (GError) local = NULL;

  if (!g_file_set_contents (path, error, -1, &local))
    dms_log_event (G_LOG_LEVEL_WARNING,
                   "shortfall_not_noted",
                   "allocationID",
                   self->allocation_id,
                   "error",
                   local->message,
                   NULL);
}

char *
dms_log_fetch_read_shortfall (const char *directory)
{
  g_autofree char *path = g_build_filename (directory, SHORTFALL, NULL);
  char *text = NULL;

  return g_file_get_contents (path, &text, NULL, NULL) ? text : NULL;
}

static void
end (DmsLogFetch *self, DmsLogFetchState state, const char *error)
{
  g_autoptr (DmsLogFetch) kept = g_object_ref (self);

  if (self->state != DMS_LOG_FETCH_RUNNING)
    return;
  self->state = state;
  g_free (self->error);
  self->error = g_strdup (error);
  if (state == DMS_LOG_FETCH_FAILED)
    note_shortfall (self, error);
  g_clear_handle_id (&self->timer, g_source_remove);
  g_cancellable_cancel (self->cancellable);
  g_signal_emit (self, ended_signal, 0);
}

static gboolean
write_at (DmsLogFetch *self, const guint8 *data, gsize size, gboolean truncate, GError **error)
{
  g_autofree char *name = g_strdup_printf ("%s.log", stream_names[self->stream]);
  g_autofree char *path = g_build_filename (self->directory, name, NULL);
  int fd = g_open (path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | (truncate ? O_TRUNC : 0), 0600);
  gsize done = 0;

  while (fd >= 0 && done < size)
    {
      gssize written = pwrite (fd, data + done, size - done, (goffset) (self->offsets[self->stream] + done));

      if (written < 0 && errno == EINTR)
        continue;
      if (written < 0)
        break;
      done += (gsize) written;
    }
  if (fd < 0 || done < size)
    {
      g_set_error (error,
                   DMS_ERROR,
                   errno == ENOSPC ? DMS_ERROR_NO_SPACE : DMS_ERROR_IO,
                   "cannot write “%s”: %s",
                   path,
                   g_strerror (errno));
      if (fd >= 0)
        close (fd);
      return FALSE;
    }
  close (fd);
  self->offsets[self->stream] += size;
  return TRUE;
}

static void
note_news (DmsLogFetch *self)
{
  self->last_news_us = g_get_monotonic_time ();
  self->pause_s = PAUSE_SECONDS;
}

static gboolean
on_timer (gpointer user_data)
{
  DmsLogFetch *self = user_data;

  self->timer = 0;
  self->stream = 0;
  note_news (self);
  request_chunk (self);
  return G_SOURCE_REMOVE;
}

/* What there is of this stream is here. */
static void
next_stream (DmsLogFetch *self)
{
  self->stream++;
  if (self->stream < N_STREAMS)
    request_chunk (self);
  else if (self->follow)
    self->timer = g_timeout_add_seconds (self->interval_s, on_timer, self);
  else
    end (self, DMS_LOG_FETCH_COMPLETE, NULL);
}

static void
take_chunk (DmsLogFetch *self, JsonObject *reply)
{
  const char *base64 = dms_json_object_get_text (reply, "data");
  const char *error_text = dms_json_object_get_text (reply, "Error");
  gboolean old_style = base64 == NULL;
  g_autofree guchar *data = NULL;
  g_autoptr (GError) error = NULL;
  gsize size = 0;

  if (reply == NULL || (error_text != NULL && *error_text != '\0'))
    {
      end (self, DMS_LOG_FETCH_FAILED, reply == NULL ? "the answer is no object" : error_text);
      return;
    }
  /* An older machine sends a whole stream under its name. */
  if (old_style)
    base64 = dms_json_object_get_text (reply, self->stream == 0 ? "Stdout" : "Stderr");
  if (base64 != NULL && *base64 != '\0')
    data = g_base64_decode (base64, &size);
  if (size > 0 && !write_at (self, data, size, FALSE, &error))
    {
      end (self, DMS_LOG_FETCH_FAILED, error->message);
      return;
    }
  note_news (self);
  if (size == 0 || old_style || dms_json_object_get_flag (reply, "eof") ||
      self->offsets[self->stream] >= MAX_STREAM)
    next_stream (self);
  else
    request_chunk (self);
}

static gboolean
on_pause_over (gpointer user_data)
{
  DmsLogFetch *self = user_data;

  self->timer = 0;
  request_chunk (self);
  return G_SOURCE_REMOVE;
}

static void
try_again (DmsLogFetch *self, const GError *error)
{
  gint64 quiet_us = g_get_monotonic_time () - self->last_news_us;

  if (quiet_us > (gint64) self->patience_s * G_USEC_PER_SEC)
    {
      end (self, DMS_LOG_FETCH_FAILED, error->message);
      return;
    }
  if (g_error_matches (error, DMS_ERROR, DMS_ERROR_TIMED_OUT))
    self->chunk = MAX (self->chunk / 4, MIN_CHUNK);
  self->timer = g_timeout_add_seconds (self->pause_s, on_pause_over, self);
  self->pause_s = MIN (self->pause_s * 2, MAX_PAUSE_SECONDS);
}

static void
on_chunk (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DmsLogFetch) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsMessage) message = dms_actor_invoke_finish (DMS_ACTOR (source), result, &error);

  if (self->state != DMS_LOG_FETCH_RUNNING)
    return;
  if (message == NULL)
    try_again (self, error);
  else
    take_chunk (self, dms_message_get_object (message));
}

static void
request_chunk (DmsLogFetch *self)
{
  g_autoptr (JsonNode) payload = json_node_new (JSON_NODE_OBJECT);
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "AllocName", self->allocation_id);
  json_object_set_string_member (object, "Stream", stream_names[self->stream]);
  json_object_set_int_member (object, "offset", (gint64) self->offsets[self->stream]);
  json_object_set_int_member (object, "max_bytes", self->chunk);
  json_node_take_object (payload, object);
  dms_actor_invoke_async (self->actor,
                          self->node,
                          self->behaviour,
                          payload,
                          dms_actor_expiry_in (self->request_s),
                          self->cancellable,
                          on_chunk,
                          g_object_ref (self));
}

gboolean
dms_log_fetch_start (DmsLogFetch *self, GError **error)
{
  g_autofree char *shortfall = g_build_filename (self->directory, SHORTFALL, NULL);

  if (g_mkdir_with_parents (self->directory, 0700) != 0)
    {
      g_set_error (error,
                   DMS_ERROR,
                   DMS_ERROR_IO,
                   "cannot make the directory “%s”: %s",
                   self->directory,
                   g_strerror (errno));
      return FALSE;
    }
  for (self->stream = 0; self->stream < N_STREAMS; self->stream++)
    {
      if (!write_at (self, NULL, 0, TRUE, error))
        return FALSE;
    }
  (void) g_unlink (shortfall);
  self->stream = 0;
  note_news (self);
  request_chunk (self);
  return TRUE;
}

void
dms_log_fetch_stop (DmsLogFetch *self)
{
  end (self, DMS_LOG_FETCH_STOPPED, NULL);
}

void
dms_log_fetch_stop_following (DmsLogFetch *self)
{
  if (!self->follow)
    return;
  self->follow = FALSE;
  if (self->timer != 0)
    {
      g_clear_handle_id (&self->timer, g_source_remove);
      self->stream = 0;
      request_chunk (self);
    }
}

DmsLogFetchState
dms_log_fetch_get_state (DmsLogFetch *self)
{
  return self->state;
}

const char *
dms_log_fetch_get_state_name (DmsLogFetch *self)
{
  static const char *const names[] = { "running", "complete", "stopped", "failed" };

  return names[self->state];
}

const char *
dms_log_fetch_get_error (DmsLogFetch *self)
{
  return self->error != NULL ? self->error : "";
}

guint64
dms_log_fetch_get_bytes (DmsLogFetch *self)
{
  return self->offsets[0] + self->offsets[1];
}

const char *
dms_log_fetch_get_directory (DmsLogFetch *self)
{
  return self->directory;
}

gboolean
dms_log_fetch_get_follow (DmsLogFetch *self)
{
  return self->follow;
}

guint
dms_log_fetch_get_interval (DmsLogFetch *self)
{
  return self->interval_s;
}
