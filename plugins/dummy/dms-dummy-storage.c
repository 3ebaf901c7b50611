/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-dummy-storage.h"

#include <string.h>

/* The storage `dummy`: texts kept in memory by name. Parameters: `name`, a file name. */
struct _DmsDummyStorage
{
  GObject parent_instance;

  /* Name → GBytes. */
  GHashTable *contents;
};

static void dms_dummy_storage_iface_init (DmsStorageInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (DmsDummyStorage,
                               dms_dummy_storage,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (DMS_TYPE_STORAGE, dms_dummy_storage_iface_init))

static void
dms_dummy_storage_finalize (GObject *object)
{
  DmsDummyStorage *self = DMS_DUMMY_STORAGE (object);

  g_hash_table_unref (self->contents);

  G_OBJECT_CLASS (dms_dummy_storage_parent_class)->finalize (object);
}

static void
dms_dummy_storage_class_init (DmsDummyStorageClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->finalize = dms_dummy_storage_finalize;
}

static void
dms_dummy_storage_init (DmsDummyStorage *self)
{
  self->contents = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_bytes_unref);
}

static const char *
dms_dummy_storage_get_scheme (DmsStorage *storage)
{
  return "dummy";
}

static const char *
dms_dummy_storage_find_name (JsonObject *params, GError **error)
{
  JsonNode *node = json_object_get_member (params, "name");
  const char *name = NULL;

  if (node != NULL && JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == G_TYPE_STRING)
    name = json_node_get_string (node);
  if (name == NULL || name[0] == '\0' || name[0] == '.' || strchr (name, '/') != NULL)
    {
      g_set_error_literal (error, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT,
                           "the storage “dummy” needs “name”, a file name");
      return NULL;
    }
  return name;
}

static gboolean
dms_dummy_storage_validate (DmsStorage *storage, JsonObject *params, GError **error)
{
  return dms_dummy_storage_find_name (params, error) != NULL;
}

/* NULL, with an error, when there is no such content. */
static GBytes *
dms_dummy_storage_find (DmsStorage *storage, JsonObject *params, GError **error)
{
  const char *name = dms_dummy_storage_find_name (params, error);
  GBytes *bytes = NULL;

  if (name == NULL)
    return NULL;
  bytes = g_hash_table_lookup (DMS_DUMMY_STORAGE (storage)->contents, name);
  if (bytes == NULL)
    g_set_error (error, DMS_ERROR, DMS_ERROR_NOT_FOUND, "the storage “dummy” has no “%s”", name);
  return bytes;
}

static GTask *
dms_dummy_storage_new_task (DmsStorage *storage,
                            gpointer tag,
                            GCancellable *cancellable,
                            GAsyncReadyCallback callback,
                            gpointer user_data)
{
  GTask *task = g_task_new (storage, cancellable, callback, user_data);

  g_task_set_source_tag (task, tag);
  return task;
}

static gboolean
dms_dummy_storage_finish_boolean (DmsStorage *storage, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
dms_dummy_storage_probe_async (DmsStorage *storage,
                               GCancellable *cancellable,
                               GAsyncReadyCallback callback,
                               gpointer user_data)
{
  g_autoptr (GTask) task =
      dms_dummy_storage_new_task (storage, dms_dummy_storage_probe_async, cancellable, callback, user_data);

  g_task_return_boolean (task, TRUE);
}

static void
dms_dummy_storage_get_size_async (DmsStorage *storage,
                                  JsonObject *params,
                                  GCancellable *cancellable,
                                  GAsyncReadyCallback callback,
                                  gpointer user_data)
{
  g_autoptr (GTask) task = dms_dummy_storage_new_task (storage, dms_dummy_storage_get_size_async, cancellable,
                                                       callback, user_data);
  GError *error = NULL;
  GBytes *bytes = dms_dummy_storage_find (storage, params, &error);

  if (bytes == NULL)
    g_task_return_error (task, error);
  else
    g_task_return_int (task, (gssize) g_bytes_get_size (bytes));
}

static gint64
dms_dummy_storage_get_size_finish (DmsStorage *storage, GAsyncResult *result, GError **error)
{
  return g_task_propagate_int (G_TASK (result), error);
}

static void
dms_dummy_storage_report (DmsProgressCallback progress,
                          gpointer progress_data,
                          GDestroyNotify progress_destroy)
{
  if (progress != NULL)
    progress ("Copying", 1, progress_data);
  if (progress_destroy != NULL)
    progress_destroy (progress_data);
}

static void
dms_dummy_storage_fetch_async (DmsStorage *storage,
                               JsonObject *params,
                               const char *directory,
                               GCancellable *cancellable,
                               DmsProgressCallback progress,
                               gpointer progress_data,
                               GDestroyNotify progress_destroy,
                               GAsyncReadyCallback callback,
                               gpointer user_data)
{
  g_autoptr (GTask) task =
      dms_dummy_storage_new_task (storage, dms_dummy_storage_fetch_async, cancellable, callback, user_data);
  GError *error = NULL;
  GBytes *bytes = dms_dummy_storage_find (storage, params, &error);
  const char *name = dms_dummy_storage_find_name (params, NULL);
  g_autofree char *path = name != NULL ? g_build_filename (directory, name, NULL) : NULL;

  dms_dummy_storage_report (progress, progress_data, progress_destroy);
  if (bytes == NULL ||
      !g_file_set_contents (path, g_bytes_get_data (bytes, NULL), (gssize) g_bytes_get_size (bytes), &error))
    g_task_return_error (task, error);
  else
    g_task_return_pointer (task, dms_volume_new ("local", name, directory, NULL, TRUE, NULL),
                           (GDestroyNotify) dms_volume_unref);
}

static DmsVolume *
dms_dummy_storage_fetch_finish (DmsStorage *storage, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

/* Keeps the file of that name in the volume's directory. */
static void
dms_dummy_storage_store_async (DmsStorage *storage,
                               DmsVolume *volume,
                               JsonObject *params,
                               GCancellable *cancellable,
                               DmsProgressCallback progress,
                               gpointer progress_data,
                               GDestroyNotify progress_destroy,
                               GAsyncReadyCallback callback,
                               gpointer user_data)
{
  DmsDummyStorage *self = DMS_DUMMY_STORAGE (storage);
  g_autoptr (GTask) task =
      dms_dummy_storage_new_task (storage, dms_dummy_storage_store_async, cancellable, callback, user_data);
  GError *error = NULL;
  const char *name = dms_dummy_storage_find_name (params, &error);
  const char *source = dms_volume_get_source (volume);
  g_autofree char *path = name != NULL && source != NULL ? g_build_filename (source, name, NULL) : NULL;
  g_autofree char *digest = NULL;
  char *data = NULL;
  gsize size = 0;

  dms_dummy_storage_report (progress, progress_data, progress_destroy);
  if (path == NULL && error == NULL)
    g_set_error_literal (&error, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT, "the volume has no directory");
  if (path == NULL || !g_file_get_contents (path, &data, &size, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  digest = g_compute_checksum_for_data (G_CHECKSUM_SHA256, (const guchar *) data, size);
  g_hash_table_insert (self->contents, g_strdup (name), g_bytes_new_take (data, size));
  g_task_return_pointer (task, dms_content_record_new ("dummy", params, size, 1, digest),
                         (GDestroyNotify) dms_content_record_unref);
}

static DmsContentRecord *
dms_dummy_storage_store_finish (DmsStorage *storage, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
dms_dummy_storage_remove_async (DmsStorage *storage,
                                JsonObject *params,
                                GCancellable *cancellable,
                                GAsyncReadyCallback callback,
                                gpointer user_data)
{
  DmsDummyStorage *self = DMS_DUMMY_STORAGE (storage);
  g_autoptr (GTask) task = dms_dummy_storage_new_task (storage, dms_dummy_storage_remove_async, cancellable,
                                                       callback, user_data);
  GError *error = NULL;

  if (dms_dummy_storage_find (storage, params, &error) == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  g_hash_table_remove (self->contents, dms_dummy_storage_find_name (params, NULL));
  g_task_return_boolean (task, TRUE);
}

static void
dms_dummy_storage_iface_init (DmsStorageInterface *iface)
{
  iface->get_scheme = dms_dummy_storage_get_scheme;
  iface->probe_async = dms_dummy_storage_probe_async;
  iface->probe_finish = dms_dummy_storage_finish_boolean;
  iface->validate = dms_dummy_storage_validate;
  iface->get_size_async = dms_dummy_storage_get_size_async;
  iface->get_size_finish = dms_dummy_storage_get_size_finish;
  iface->fetch_async = dms_dummy_storage_fetch_async;
  iface->fetch_finish = dms_dummy_storage_fetch_finish;
  iface->store_async = dms_dummy_storage_store_async;
  iface->store_finish = dms_dummy_storage_store_finish;
  iface->remove_async = dms_dummy_storage_remove_async;
  iface->remove_finish = dms_dummy_storage_finish_boolean;
}
