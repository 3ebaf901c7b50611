/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "storage/dms-storage.h"

#include "dms-contract-private.h"

/**
 * DmsStorage:
 *
 * Brings data to jobs and away from them. See #DmsStorageInterface.
 */

G_DEFINE_INTERFACE (DmsStorage, dms_storage, G_TYPE_OBJECT)

static void
dms_storage_default_init (DmsStorageInterface *iface)
{
}

/**
 * dms_storage_get_scheme:
 * @self: a storage
 *
 * Names the kind of storage, as volumes name it, such as `s3`.
 *
 * Returns: (transfer none): the constant name
 */
const char *
dms_storage_get_scheme (DmsStorage *self)
{
  g_return_val_if_fail (DMS_IS_STORAGE (self), "");

  if (DMS_STORAGE_GET_IFACE (self)->get_scheme == NULL)
    return "";
  return DMS_STORAGE_GET_IFACE (self)->get_scheme (self);
}

/**
 * dms_storage_probe_async:
 * @self: a storage
 * @cancellable: (nullable): cancels the call
 * @callback: (scope async): called when it is done
 * @user_data: (closure): data for @callback
 *
 * Finds out whether the storage can be used from this machine. The error says why not.
 */
void
dms_storage_probe_async (DmsStorage *self,
                         GCancellable *cancellable,
                         GAsyncReadyCallback callback,
                         gpointer user_data)
{
  g_return_if_fail (DMS_IS_STORAGE (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  if (DMS_STORAGE_GET_IFACE (self)->probe_async == NULL)
    {
      dms_contract_report_missing (self, dms_storage_probe_async, "probe", callback, user_data);
      return;
    }
  DMS_STORAGE_GET_IFACE (self)->probe_async (self, cancellable, callback, user_data);
}

/**
 * dms_storage_probe_finish:
 * @self: a storage
 * @result: what the callback got
 * @error: return location for an error of %DMS_ERROR
 *
 * Finishes dms_storage_probe_async().
 *
 * Returns: whether it was done
 */
gboolean
dms_storage_probe_finish (DmsStorage *self, GAsyncResult *result, GError **error)
{
  gboolean value = FALSE;

  g_return_val_if_fail (DMS_IS_STORAGE (self), FALSE);

  if (dms_contract_is_missing (self, dms_storage_probe_async, result, error))
    return FALSE;
  value = DMS_STORAGE_GET_IFACE (self)->probe_finish (self, result, error);
  dms_contract_adopt_error (error);
  return value;
}

/**
 * dms_storage_validate:
 * @self: a storage
 * @params: where and what: the storage's own parameters
 * @error: return location for an error of %DMS_ERROR
 *
 * Checks parameters without touching anything outside.
 *
 * Returns: whether they can be used; else @error says what is wrong
 */
gboolean
dms_storage_validate (DmsStorage *self, JsonObject *params, GError **error)
{
  g_return_val_if_fail (DMS_IS_STORAGE (self), FALSE);

  if (DMS_STORAGE_GET_IFACE (self)->validate == NULL)
    {
      dms_contract_set_missing (self, "validate", error);
      return FALSE;
    }
  return DMS_STORAGE_GET_IFACE (self)->validate (self, params, error);
}

/**
 * dms_storage_get_size_async:
 * @self: a storage
 * @params: where and what: the storage's own parameters
 * @cancellable: (nullable): cancels the call
 * @callback: (scope async): called when it is done
 * @user_data: (closure): data for @callback
 *
 * Finds out how much there is.
 */
void
dms_storage_get_size_async (DmsStorage *self,
                            JsonObject *params,
                            GCancellable *cancellable,
                            GAsyncReadyCallback callback,
                            gpointer user_data)
{
  g_return_if_fail (DMS_IS_STORAGE (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  if (DMS_STORAGE_GET_IFACE (self)->get_size_async == NULL)
    {
      dms_contract_report_missing (self, dms_storage_get_size_async, "get-size", callback, user_data);
      return;
    }
  DMS_STORAGE_GET_IFACE (self)->get_size_async (self, params, cancellable, callback, user_data);
}

/**
 * dms_storage_get_size_finish:
 * @self: a storage
 * @result: what the callback got
 * @error: return location for an error of %DMS_ERROR
 *
 * Finishes dms_storage_get_size_async().
 *
 * Returns: the size in bytes; -1 on error
 */
gint64
dms_storage_get_size_finish (DmsStorage *self, GAsyncResult *result, GError **error)
{
  gint64 value = -1;

  g_return_val_if_fail (DMS_IS_STORAGE (self), -1);

  if (dms_contract_is_missing (self, dms_storage_get_size_async, result, error))
    return -1;
  value = DMS_STORAGE_GET_IFACE (self)->get_size_finish (self, result, error);
  dms_contract_adopt_error (error);
  return value;
}

/**
 * dms_storage_fetch_async:
 * @self: a storage
 * @params: where and what: the storage's own parameters
 * @directory: an empty directory
 * @cancellable: (nullable): cancels the call
 * @progress: (nullable) (scope notified) (closure progress_data) (destroy progress_destroy): told how far the
 * work is
 * @progress_data: data for @progress
 * @progress_destroy: (nullable): frees @progress_data
 * @callback: (scope async): called when it is done
 * @user_data: (closure): data for @callback
 *
 * Copies from the storage into a directory of this machine.
 */
void
dms_storage_fetch_async (DmsStorage *self,
                         JsonObject *params,
                         const char *directory,
                         GCancellable *cancellable,
                         DmsProgressCallback progress,
                         gpointer progress_data,
                         GDestroyNotify progress_destroy,
                         GAsyncReadyCallback callback,
                         gpointer user_data)
{
  g_return_if_fail (DMS_IS_STORAGE (self));
  g_return_if_fail (directory != NULL);
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  if (DMS_STORAGE_GET_IFACE (self)->fetch_async == NULL)
    {
      if (progress_destroy != NULL)
        progress_destroy (progress_data);
      dms_contract_report_missing (self, dms_storage_fetch_async, "fetch", callback, user_data);
      return;
    }
  DMS_STORAGE_GET_IFACE (self)->fetch_async (self,
                                             params,
                                             directory,
                                             cancellable,
                                             progress,
                                             progress_data,
                                             progress_destroy,
                                             callback,
                                             user_data);
}

/**
 * dms_storage_fetch_finish:
 * @self: a storage
 * @result: what the callback got
 * @error: return location for an error of %DMS_ERROR
 *
 * Finishes dms_storage_fetch_async().
 *
 * Returns: (transfer full) (nullable): the volume that holds the data
 */
DmsVolume *
dms_storage_fetch_finish (DmsStorage *self, GAsyncResult *result, GError **error)
{
  DmsVolume *value = NULL;

  g_return_val_if_fail (DMS_IS_STORAGE (self), NULL);

  if (dms_contract_is_missing (self, dms_storage_fetch_async, result, error))
    return NULL;
  value = DMS_STORAGE_GET_IFACE (self)->fetch_finish (self, result, error);
  dms_contract_adopt_error (error);
  return value;
}

/**
 * dms_storage_store_async:
 * @self: a storage
 * @volume: a volume of this machine
 * @params: where and what: the storage's own parameters
 * @cancellable: (nullable): cancels the call
 * @progress: (nullable) (scope notified) (closure progress_data) (destroy progress_destroy): told how far the
 * work is
 * @progress_data: data for @progress
 * @progress_destroy: (nullable): frees @progress_data
 * @callback: (scope async): called when it is done
 * @user_data: (closure): data for @callback
 *
 * Copies a volume into the storage.
 */
void
dms_storage_store_async (DmsStorage *self,
                         DmsVolume *volume,
                         JsonObject *params,
                         GCancellable *cancellable,
                         DmsProgressCallback progress,
                         gpointer progress_data,
                         GDestroyNotify progress_destroy,
                         GAsyncReadyCallback callback,
                         gpointer user_data)
{
  g_return_if_fail (DMS_IS_STORAGE (self));
  g_return_if_fail (volume != NULL);
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  if (DMS_STORAGE_GET_IFACE (self)->store_async == NULL)
    {
      if (progress_destroy != NULL)
        progress_destroy (progress_data);
      dms_contract_report_missing (self, dms_storage_store_async, "store", callback, user_data);
      return;
    }
  DMS_STORAGE_GET_IFACE (self)->store_async (self,
                                             volume,
                                             params,
                                             cancellable,
                                             progress,
                                             progress_data,
                                             progress_destroy,
                                             callback,
                                             user_data);
}

/**
 * dms_storage_store_finish:
 * @self: a storage
 * @result: what the callback got
 * @error: return location for an error of %DMS_ERROR
 *
 * Finishes dms_storage_store_async().
 *
 * Returns: (transfer full) (nullable): what was stored, and where
 */
DmsContentRecord *
dms_storage_store_finish (DmsStorage *self, GAsyncResult *result, GError **error)
{
  DmsContentRecord *value = NULL;

  g_return_val_if_fail (DMS_IS_STORAGE (self), NULL);

  if (dms_contract_is_missing (self, dms_storage_store_async, result, error))
    return NULL;
  value = DMS_STORAGE_GET_IFACE (self)->store_finish (self, result, error);
  dms_contract_adopt_error (error);
  return value;
}

/**
 * dms_storage_remove_async:
 * @self: a storage
 * @params: where and what: the storage's own parameters
 * @cancellable: (nullable): cancels the call
 * @callback: (scope async): called when it is done
 * @user_data: (closure): data for @callback
 *
 * Removes data from the storage.
 */
void
dms_storage_remove_async (DmsStorage *self,
                          JsonObject *params,
                          GCancellable *cancellable,
                          GAsyncReadyCallback callback,
                          gpointer user_data)
{
  g_return_if_fail (DMS_IS_STORAGE (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  if (DMS_STORAGE_GET_IFACE (self)->remove_async == NULL)
    {
      dms_contract_report_missing (self, dms_storage_remove_async, "remove", callback, user_data);
      return;
    }
  DMS_STORAGE_GET_IFACE (self)->remove_async (self, params, cancellable, callback, user_data);
}

/**
 * dms_storage_remove_finish:
 * @self: a storage
 * @result: what the callback got
 * @error: return location for an error of %DMS_ERROR
 *
 * Finishes dms_storage_remove_async().
 *
 * Returns: whether it was done
 */
gboolean
dms_storage_remove_finish (DmsStorage *self, GAsyncResult *result, GError **error)
{
  gboolean value = FALSE;

  g_return_val_if_fail (DMS_IS_STORAGE (self), FALSE);

  if (dms_contract_is_missing (self, dms_storage_remove_async, result, error))
    return FALSE;
  value = DMS_STORAGE_GET_IFACE (self)->remove_finish (self, result, error);
  dms_contract_adopt_error (error);
  return value;
}

/**
 * dms_storage_mount_async:
 * @self: a storage
 * @params: where and what: the storage's own parameters
 * @directory: an empty directory
 * @cancellable: (nullable): cancels the call
 * @callback: (scope async): called when it is done
 * @user_data: (closure): data for @callback
 *
 * Makes the storage visible at a directory of this machine, without copying.
 */
void
dms_storage_mount_async (DmsStorage *self,
                         JsonObject *params,
                         const char *directory,
                         GCancellable *cancellable,
                         GAsyncReadyCallback callback,
                         gpointer user_data)
{
  g_return_if_fail (DMS_IS_STORAGE (self));
  g_return_if_fail (directory != NULL);
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  if (DMS_STORAGE_GET_IFACE (self)->mount_async == NULL)
    {
      dms_contract_report_missing (self, dms_storage_mount_async, "mount", callback, user_data);
      return;
    }
  DMS_STORAGE_GET_IFACE (self)->mount_async (self, params, directory, cancellable, callback, user_data);
}

/**
 * dms_storage_mount_finish:
 * @self: a storage
 * @result: what the callback got
 * @error: return location for an error of %DMS_ERROR
 *
 * Finishes dms_storage_mount_async().
 *
 * Returns: (transfer full) (nullable): the volume
 */
DmsVolume *
dms_storage_mount_finish (DmsStorage *self, GAsyncResult *result, GError **error)
{
  DmsVolume *value = NULL;

  g_return_val_if_fail (DMS_IS_STORAGE (self), NULL);

  if (dms_contract_is_missing (self, dms_storage_mount_async, result, error))
    return NULL;
  value = DMS_STORAGE_GET_IFACE (self)->mount_finish (self, result, error);
  dms_contract_adopt_error (error);
  return value;
}

/**
 * dms_storage_unmount_async:
 * @self: a storage
 * @volume: the volume
 * @cancellable: (nullable): cancels the call
 * @callback: (scope async): called when it is done
 * @user_data: (closure): data for @callback
 *
 * Takes away what dms_storage_mount_async() made.
 */
void
dms_storage_unmount_async (DmsStorage *self,
                           DmsVolume *volume,
                           GCancellable *cancellable,
                           GAsyncReadyCallback callback,
                           gpointer user_data)
{
  g_return_if_fail (DMS_IS_STORAGE (self));
  g_return_if_fail (volume != NULL);
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  if (DMS_STORAGE_GET_IFACE (self)->unmount_async == NULL)
    {
      dms_contract_report_missing (self, dms_storage_unmount_async, "unmount", callback, user_data);
      return;
    }
  DMS_STORAGE_GET_IFACE (self)->unmount_async (self, volume, cancellable, callback, user_data);
}

/**
 * dms_storage_unmount_finish:
 * @self: a storage
 * @result: what the callback got
 * @error: return location for an error of %DMS_ERROR
 *
 * Finishes dms_storage_unmount_async().
 *
 * Returns: whether it was done
 */
gboolean
dms_storage_unmount_finish (DmsStorage *self, GAsyncResult *result, GError **error)
{
  gboolean value = FALSE;

  g_return_val_if_fail (DMS_IS_STORAGE (self), FALSE);

  if (dms_contract_is_missing (self, dms_storage_unmount_async, result, error))
    return FALSE;
  value = DMS_STORAGE_GET_IFACE (self)->unmount_finish (self, result, error);
  dms_contract_adopt_error (error);
  return value;
}
