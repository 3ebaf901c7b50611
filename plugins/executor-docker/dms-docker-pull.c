/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-docker-pull.h"

#include <string.h>

#include "dms-docker-error.h"
#include "dms-docker-json.h"

static const guint MAX_LAYERS = 1024;
static const gsize MAX_LINE = 1024 * 1024;

typedef struct
{
  guint64 current;
  guint64 total;
} Layer;

struct _DmsDockerPull
{
  GHashTable *layers; /* (element-type utf8 Layer) */
};

DmsDockerPull *
dms_docker_pull_new (void)
{
  DmsDockerPull *self = g_new0 (DmsDockerPull, 1);

  self->layers = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  return self;
}

void
dms_docker_pull_free (DmsDockerPull *self)
{
  g_hash_table_unref (self->layers);
  g_free (self);
}

static void
read_layer (DmsDockerPull *self, JsonObject *object)
{
  const char *id = dms_docker_json_get_string (object, "id");
  const char *status = dms_docker_json_get_string (object, "status");
  JsonObject *detail = dms_docker_json_get_object (object, "progressDetail");
  Layer *layer;

  if (id == NULL || strlen (id) > 128)
    return;
  layer = g_hash_table_lookup (self->layers, id);
  if (layer == NULL)
    {
      if (g_hash_table_size (self->layers) >= MAX_LAYERS)
        return;
      layer = g_new0 (Layer, 1);
      g_hash_table_insert (self->layers, g_strdup (id), layer);
    }
  if (status != NULL && (g_str_equal (status, "Download complete") || g_str_equal (status, "Pull complete")))
    layer->current = layer->total;
  /* "Extracting" counts the same bytes once more. */
  if (status == NULL || !g_str_equal (status, "Downloading") || detail == NULL)
    return;
  layer->total = MAX (layer->total, dms_docker_json_get_uint (detail, "total"));
  layer->current = MIN (dms_docker_json_get_uint (detail, "current"), layer->total);
}

/* Reads one line of the answer; FALSE with the engine's words when the pull has failed. */
gboolean
dms_docker_pull_read_line (DmsDockerPull *self, const char *line, GError **error)
{
  g_autoptr (GBytes) bytes = g_bytes_new (line, strlen (line));
  g_autoptr (JsonNode) node = NULL;
  const char *failure;

  if (*line == '\0')
    return TRUE;
  node = dms_docker_json_parse (bytes, error);
  if (node == NULL)
    return FALSE;
  if (!JSON_NODE_HOLDS_OBJECT (node))
    return TRUE;
  failure = dms_docker_json_get_string (json_node_get_object (node), "error");
  if (failure != NULL)
    {
      g_propagate_error (error, dms_docker_error_new_from_text (0, failure));
      return FALSE;
    }
  read_layer (self, json_node_get_object (node));
  return TRUE;
}

double
dms_docker_pull_get_fraction (DmsDockerPull *self)
{
  GHashTableIter iter;
  gpointer value;
  double current = 0, total = 0;

  g_hash_table_iter_init (&iter, self->layers);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      current += (double) ((Layer *) value)->current;
      total += (double) ((Layer *) value)->total;
    }
  return total > 0 ? current / total : -1;
}

static gboolean
read_lines (DmsDockerPull *self,
            GDataInputStream *stream,
            const char *stage,
            DmsDockerPullFunc progress,
            gpointer user_data,
            GCancellable *cancellable,
            GError **error)
{
  gint64 reported = 0;

  while (TRUE)
    {
      g_autoptr (GError) local_error = NULL;
      gsize size;
      g_autofree char *line = g_data_input_stream_read_line (stream, &size, cancellable, &local_error);

      if (local_error != NULL)
        {
          g_propagate_error (error, g_steal_pointer (&local_error));
          return FALSE;
        }
      if (line == NULL)
        return TRUE;
      if (size > MAX_LINE)
        {
          g_set_error_literal (
              error, DMS_ERROR, DMS_ERROR_TOO_LARGE, "the engine's progress lines are too long");
          return FALSE;
        }
      if (!dms_docker_pull_read_line (self, line, error))
        return FALSE;
      /* Engines report every few kilobytes. */
      if (g_get_monotonic_time () - reported < 100000)
        continue;
      reported = g_get_monotonic_time ();
      progress (stage, dms_docker_pull_get_fraction (self), user_data);
    }
}

static gboolean
is_present (DmsDockerClient *client, DmsDockerReference *image, GCancellable *cancellable, GError **error)
{
  g_autofree char *path = dms_docker_reference_dup_inspect_path (image);
  g_autoptr (GBytes) reply = dms_docker_client_call (client, "GET", path, NULL, NULL, cancellable, error);

  return reply != NULL;
}

/* Makes sure that an image is on this machine, and pulls it when it is not. Blocking. */
gboolean
dms_docker_pull_run (DmsDockerClient *client,
                     DmsDockerReference *image,
                     DmsDockerPullFunc progress,
                     gpointer user_data,
                     GCancellable *cancellable,
                     GError **error)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (GMainContextPusher) pusher = g_main_context_pusher_new (context);
  const char *text = dms_docker_reference_get_text (image);
  g_autofree char *path = dms_docker_reference_dup_pull_path (image);
  g_autofree char *stage = g_strdup_printf ("Pulling %s", text);
  g_autoptr (GError) local_error = NULL;
  g_autoptr (GInputStream) stream = NULL;
  g_autoptr (GDataInputStream) lines = NULL;
  g_autoptr (DmsDockerPull) pull = dms_docker_pull_new ();

  if (is_present (client, image, cancellable, &local_error))
    return TRUE;
  if (!g_error_matches (local_error, DMS_ERROR, DMS_ERROR_NOT_FOUND))
    {
      g_propagate_prefixed_error (
          error, g_steal_pointer (&local_error), "cannot look for image “%s”: ", text);
      return FALSE;
    }
  progress (stage, -1, user_data);
  stream = dms_docker_client_open (client, "POST", path, NULL, cancellable, error);
  if (stream != NULL)
    {
      lines = g_data_input_stream_new (stream);
      if (read_lines (pull, lines, stage, progress, user_data, cancellable, error) &&
          is_present (client, image, cancellable, error))
        return TRUE;
      dms_docker_error_adopt_io (error, dms_docker_client_get_socket_path (client));
    }
  g_prefix_error (error, "cannot pull image “%s”: ", text);
  return FALSE;
}
