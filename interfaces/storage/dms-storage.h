/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "dms-types.h"

G_BEGIN_DECLS

#define DMS_TYPE_STORAGE (dms_storage_get_type ())

DMS_EXPORT
G_DECLARE_INTERFACE (DmsStorage, dms_storage, DMS, STORAGE, GObject)

/**
 * DmsStorageInterface:
 * @get_scheme: names the kind of storage, as volumes name it, such as `s3`
 * @probe_async: finds out whether the storage can be used from this machine. The error says why not
 * @probe_finish: finishes @probe_async
 * @validate: checks parameters without touching anything outside
 * @get_size_async: finds out how much there is
 * @get_size_finish: finishes @get_size_async
 * @fetch_async: copies from the storage into a directory of this machine
 * @fetch_finish: finishes @fetch_async
 * @store_async: copies a volume into the storage
 * @store_finish: finishes @store_async
 * @remove_async: removes data from the storage
 * @remove_finish: finishes @remove_async
 * @mount_async: makes the storage visible at a directory of this machine, without copying
 * @mount_finish: finishes @mount_async
 * @unmount_async: takes away what dms_storage_mount_async() made
 * @unmount_finish: finishes @unmount_async
 *
 * The contract of a storage of data outside this machine. Every function may be %NULL: the default answers
 * %DMS_ERROR_NOT_SUPPORTED.
 */
struct _DmsStorageInterface
{
  GTypeInterface parent_iface;

  const char *(*get_scheme) (DmsStorage *self);

  void (*probe_async) (DmsStorage *self,
                       GCancellable *cancellable,
                       GAsyncReadyCallback callback,
                       gpointer user_data);
  gboolean (*probe_finish) (DmsStorage *self, GAsyncResult *result, GError **error);

  gboolean (*validate) (DmsStorage *self, JsonObject *params, GError **error);

  void (*get_size_async) (DmsStorage *self,
                          JsonObject *params,
                          GCancellable *cancellable,
                          GAsyncReadyCallback callback,
                          gpointer user_data);
  gint64 (*get_size_finish) (DmsStorage *self, GAsyncResult *result, GError **error);

  void (*fetch_async) (DmsStorage *self,
                       JsonObject *params,
                       const char *directory,
                       GCancellable *cancellable,
                       DmsProgressCallback progress,
                       gpointer progress_data,
                       GDestroyNotify progress_destroy,
                       GAsyncReadyCallback callback,
                       gpointer user_data);
  DmsVolume *(*fetch_finish) (DmsStorage *self, GAsyncResult *result, GError **error);

  void (*store_async) (DmsStorage *self,
                       DmsVolume *volume,
                       JsonObject *params,
                       GCancellable *cancellable,
                       DmsProgressCallback progress,
                       gpointer progress_data,
                       GDestroyNotify progress_destroy,
                       GAsyncReadyCallback callback,
                       gpointer user_data);
  DmsContentRecord *(*store_finish) (DmsStorage *self, GAsyncResult *result, GError **error);

  void (*remove_async) (DmsStorage *self,
                        JsonObject *params,
                        GCancellable *cancellable,
                        GAsyncReadyCallback callback,
                        gpointer user_data);
  gboolean (*remove_finish) (DmsStorage *self, GAsyncResult *result, GError **error);

  void (*mount_async) (DmsStorage *self,
                       JsonObject *params,
                       const char *directory,
                       GCancellable *cancellable,
                       GAsyncReadyCallback callback,
                       gpointer user_data);
  DmsVolume *(*mount_finish) (DmsStorage *self, GAsyncResult *result, GError **error);

  void (*unmount_async) (DmsStorage *self,
                         DmsVolume *volume,
                         GCancellable *cancellable,
                         GAsyncReadyCallback callback,
                         gpointer user_data);
  gboolean (*unmount_finish) (DmsStorage *self, GAsyncResult *result, GError **error);

  /*< private >*/
  gpointer reserved[12];
};

DMS_EXPORT const char *dms_storage_get_scheme (DmsStorage *self);

DMS_EXPORT void dms_storage_probe_async (DmsStorage *self,
                                         GCancellable *cancellable,
                                         GAsyncReadyCallback callback,
                                         gpointer user_data);
DMS_EXPORT gboolean dms_storage_probe_finish (DmsStorage *self, GAsyncResult *result, GError **error);

DMS_EXPORT gboolean dms_storage_validate (DmsStorage *self, JsonObject *params, GError **error);

DMS_EXPORT void dms_storage_get_size_async (DmsStorage *self,
                                            JsonObject *params,
                                            GCancellable *cancellable,
                                            GAsyncReadyCallback callback,
                                            gpointer user_data);
DMS_EXPORT gint64 dms_storage_get_size_finish (DmsStorage *self, GAsyncResult *result, GError **error);

DMS_EXPORT void dms_storage_fetch_async (DmsStorage *self,
                                         JsonObject *params,
                                         const char *directory,
                                         GCancellable *cancellable,
                                         DmsProgressCallback progress,
                                         gpointer progress_data,
                                         GDestroyNotify progress_destroy,
                                         GAsyncReadyCallback callback,
                                         gpointer user_data);
DMS_EXPORT DmsVolume *dms_storage_fetch_finish (DmsStorage *self, GAsyncResult *result, GError **error);

DMS_EXPORT void dms_storage_store_async (DmsStorage *self,
                                         DmsVolume *volume,
                                         JsonObject *params,
                                         GCancellable *cancellable,
                                         DmsProgressCallback progress,
                                         gpointer progress_data,
                                         GDestroyNotify progress_destroy,
                                         GAsyncReadyCallback callback,
                                         gpointer user_data);
DMS_EXPORT DmsContentRecord *dms_storage_store_finish (DmsStorage *self,
                                                       GAsyncResult *result,
                                                       GError **error);

DMS_EXPORT void dms_storage_remove_async (DmsStorage *self,
                                          JsonObject *params,
                                          GCancellable *cancellable,
                                          GAsyncReadyCallback callback,
                                          gpointer user_data);
DMS_EXPORT gboolean dms_storage_remove_finish (DmsStorage *self, GAsyncResult *result, GError **error);

DMS_EXPORT void dms_storage_mount_async (DmsStorage *self,
                                         JsonObject *params,
                                         const char *directory,
                                         GCancellable *cancellable,
                                         GAsyncReadyCallback callback,
                                         gpointer user_data);
DMS_EXPORT DmsVolume *dms_storage_mount_finish (DmsStorage *self, GAsyncResult *result, GError **error);

DMS_EXPORT void dms_storage_unmount_async (DmsStorage *self,
                                           DmsVolume *volume,
                                           GCancellable *cancellable,
                                           GAsyncReadyCallback callback,
                                           gpointer user_data);
DMS_EXPORT gboolean dms_storage_unmount_finish (DmsStorage *self, GAsyncResult *result, GError **error);

G_END_DECLS
