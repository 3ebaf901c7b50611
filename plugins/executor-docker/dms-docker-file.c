/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-docker-file.h"

#include "dms-docker-json.h"
#include "dms-docker-tar.h"

#include <string.h>

typedef struct
{
  DmsDockerClient *client;
  char *name;
  char *path;
  gsize max_bytes;
} Reading;

static void
reading_free (gpointer data)
{
  Reading *self = data;

  g_clear_object (&self->client);
  g_free (self->name);
  g_free (self->path);
  g_free (self);
}

/* (transfer full) (nullable) */
static char *
find_path (Reading *self, GCancellable *cancellable, GError **error)
{
  g_autofree char *request = g_strdup_printf ("/containers/%s/json", self->name);
  g_autoptr (JsonNode) node =
      dms_docker_client_call_json (self->client, "GET", request, NULL, cancellable, error);
  JsonObject *object = node != NULL && JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
  const char *folder =
      dms_docker_json_get_string (dms_docker_json_get_object (object, "Config"), "WorkingDir");

  if (node == NULL)
    return NULL;
  return g_build_filename ("/", folder != NULL ? folder : "/", self->path, NULL);
}

static GBytes *
read_now (Reading *self, GCancellable *cancellable, GError **error)
{
  g_autofree char *path = find_path (self, cancellable, error);
  g_autofree char *escaped = path != NULL ? g_uri_escape_string (path, NULL, FALSE) : NULL;
  g_autofree char *request = NULL;
  g_autoptr (GBytes) archive = NULL;
  g_autoptr (GBytes) content = NULL;
  GError *local = NULL;
  gsize size;

  if (path == NULL)
    return NULL;
  request = g_strdup_printf ("/containers/%s/archive?path=%s", self->name, escaped);
  archive = dms_docker_client_call (self->client, "GET", request, NULL, NULL, cancellable, &local);
  if (g_error_matches (local, DMS_ERROR, DMS_ERROR_NOT_FOUND))
    {
      g_clear_error (&local);
      g_set_error (error, DMS_ERROR, DMS_ERROR_NOT_FOUND, "there is no file “%s”", self->path);
      return NULL;
    }
  if (archive == NULL)
    {
      g_propagate_prefixed_error (error, local, "cannot read “%s”: ", self->path);
      return NULL;
    }
  content = dms_docker_tar_read_only_file (archive);
  if (content == NULL)
    {
      g_set_error (error, DMS_ERROR, DMS_ERROR_PERMISSION_DENIED, "“%s” is no regular file", self->path);
      return NULL;
    }
  size = g_bytes_get_size (content);
  return g_bytes_new_from_bytes (content, size - MIN (size, self->max_bytes), MIN (size, self->max_bytes));
}

static void
run (GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable)
{
  GError *error = NULL;
  GBytes *bytes = read_now (task_data, cancellable, &error);

  if (bytes != NULL)
    g_task_return_pointer (task, bytes, (GDestroyNotify) g_bytes_unref);
  else
    g_task_return_error (task, error);
}

void
dms_docker_file_read_async (DmsExecution *execution,
                            DmsDockerClient *client,
                            const char *name,
                            const char *path,
                            gsize max_bytes,
                            GCancellable *cancellable,
                            GAsyncReadyCallback callback,
                            gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (execution, cancellable, callback, user_data);
  Reading *self = g_new0 (Reading, 1);

  self->client = g_object_ref (client);
  self->name = g_strdup (name);
  self->path = g_strdup (path);
  self->max_bytes = max_bytes;
  g_task_set_source_tag (task, dms_docker_file_read_async);
  g_task_set_task_data (task, self, reading_free);
  g_task_run_in_thread (task, run);
}
