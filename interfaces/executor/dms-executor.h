/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "dms-types.h"

G_BEGIN_DECLS

#define DMS_TYPE_EXECUTOR (dms_executor_get_type ())

DMS_EXPORT
G_DECLARE_INTERFACE (DmsExecutor, dms_executor, DMS, EXECUTOR, GObject)

/**
 * DmsExecutorInterface:
 * @get_id: the executor type named in job files, such as `docker`; constant
 * @probe_async: finds out whether jobs can run here, why not, and which features there are
 * @probe_finish: finishes @probe_async
 * @validate: checks the engine parameters of a specification without touching anything outside; refuses
 *   one that has a lease (dms_execution_spec_get_lease_path()) with %DMS_ERROR_NOT_SUPPORTED, unless its job
 *   is ended when that is over, also while there is no daemon
 * @dup_handle: names the execution a specification would make, before anything is launched
 * @prepare_async: fetches what a job needs (an image, say); not charged to the job's time
 * @prepare_finish: finishes @prepare_async
 * @launch_async: starts a job and answers once it runs
 * @launch_finish: finishes @launch_async
 * @adopt_async: takes up an execution again from its handle, running or ended
 * @adopt_finish: finishes @adopt_async
 * @list_async: the handles of everything of ours that exists in the engine, also of forgotten jobs
 * @list_finish: finishes @list_async
 *
 * The contract of a backend that runs jobs. Every function may be %NULL: the default answers
 * %DMS_ERROR_NOT_SUPPORTED.
 *
 * An execution outlives the daemon. The daemon stores the handle of a specification, then launches; after a
 * crash at any point it calls adopt with the stored handle: either the execution is there (launched, running
 * or ended) or the answer is %DMS_ERROR_NOT_FOUND and nothing of it remains.
 */
struct _DmsExecutorInterface
{
  GTypeInterface parent_iface;

  const char *(*get_id) (DmsExecutor *self);

  void (*probe_async) (DmsExecutor *self,
                       GCancellable *cancellable,
                       GAsyncReadyCallback callback,
                       gpointer user_data);
  DmsExecutorProbe *(*probe_finish) (DmsExecutor *self, GAsyncResult *result, GError **error);

  gboolean (*validate) (DmsExecutor *self, DmsExecutionSpec *spec, GError **error);

  char *(*dup_handle) (DmsExecutor *self, DmsExecutionSpec *spec);

  void (*prepare_async) (DmsExecutor *self,
                         DmsExecutionSpec *spec,
                         GCancellable *cancellable,
                         DmsProgressCallback progress,
                         gpointer progress_data,
                         GDestroyNotify progress_destroy,
                         GAsyncReadyCallback callback,
                         gpointer user_data);
  gboolean (*prepare_finish) (DmsExecutor *self, GAsyncResult *result, GError **error);

  void (*launch_async) (DmsExecutor *self,
                        DmsExecutionSpec *spec,
                        GCancellable *cancellable,
                        GAsyncReadyCallback callback,
                        gpointer user_data);
  DmsExecution *(*launch_finish) (DmsExecutor *self, GAsyncResult *result, GError **error);

  void (*adopt_async) (DmsExecutor *self,
                       const char *handle,
                       GCancellable *cancellable,
                       GAsyncReadyCallback callback,
                       gpointer user_data);
  DmsExecution *(*adopt_finish) (DmsExecutor *self, GAsyncResult *result, GError **error);

  void (*list_async) (DmsExecutor *self,
                      GCancellable *cancellable,
                      GAsyncReadyCallback callback,
                      gpointer user_data);
  GStrv (*list_finish) (DmsExecutor *self, GAsyncResult *result, GError **error);

  /*< private >*/
  gpointer reserved[12];
};

DMS_EXPORT const char *dms_executor_get_id (DmsExecutor *self);

DMS_EXPORT void dms_executor_probe_async (DmsExecutor *self,
                                          GCancellable *cancellable,
                                          GAsyncReadyCallback callback,
                                          gpointer user_data);
DMS_EXPORT DmsExecutorProbe *
dms_executor_probe_finish (DmsExecutor *self, GAsyncResult *result, GError **error);

DMS_EXPORT gboolean dms_executor_validate (DmsExecutor *self, DmsExecutionSpec *spec, GError **error);

DMS_EXPORT char *dms_executor_dup_handle (DmsExecutor *self, DmsExecutionSpec *spec);

DMS_EXPORT void dms_executor_prepare_async (DmsExecutor *self,
                                            DmsExecutionSpec *spec,
                                            GCancellable *cancellable,
                                            DmsProgressCallback progress,
                                            gpointer progress_data,
                                            GDestroyNotify progress_destroy,
                                            GAsyncReadyCallback callback,
                                            gpointer user_data);
DMS_EXPORT gboolean dms_executor_prepare_finish (DmsExecutor *self, GAsyncResult *result, GError **error);

DMS_EXPORT void dms_executor_launch_async (DmsExecutor *self,
                                           DmsExecutionSpec *spec,
                                           GCancellable *cancellable,
                                           GAsyncReadyCallback callback,
                                           gpointer user_data);
DMS_EXPORT DmsExecution *dms_executor_launch_finish (DmsExecutor *self, GAsyncResult *result, GError **error);

DMS_EXPORT void dms_executor_adopt_async (DmsExecutor *self,
                                          const char *handle,
                                          GCancellable *cancellable,
                                          GAsyncReadyCallback callback,
                                          gpointer user_data);
DMS_EXPORT DmsExecution *dms_executor_adopt_finish (DmsExecutor *self, GAsyncResult *result, GError **error);

DMS_EXPORT void dms_executor_list_async (DmsExecutor *self,
                                         GCancellable *cancellable,
                                         GAsyncReadyCallback callback,
                                         gpointer user_data);
DMS_EXPORT GStrv dms_executor_list_finish (DmsExecutor *self, GAsyncResult *result, GError **error);

G_END_DECLS
