/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "dms-types.h"
#include "values/dms-log-chunk.h"

G_BEGIN_DECLS

/**
 * DmsExecutionState:
 * @DMS_EXECUTION_PENDING: known, but its job does not run yet
 * @DMS_EXECUTION_RUNNING: the job runs
 * @DMS_EXECUTION_PAUSED: the job is frozen and can be resumed
 * @DMS_EXECUTION_ENDED: the job has ended; its result is there
 *
 * Where an execution stands.
 */
typedef enum {
  DMS_EXECUTION_PENDING,
  DMS_EXECUTION_RUNNING,
  DMS_EXECUTION_PAUSED,
  DMS_EXECUTION_ENDED,
} DmsExecutionState;

#define DMS_TYPE_EXECUTION (dms_execution_get_type ())

DMS_EXPORT
G_DECLARE_INTERFACE (DmsExecution, dms_execution, DMS, EXECUTION, GObject)

/**
 * DmsExecutionInterface:
 * @get_handle: the text that adopts this execution after a restart of the daemon
 * @get_state: where it stands now
 * @wait_async: answers when the job has ended, at once if it has; cancelling gives up the waiting only
 * @wait_finish: finishes @wait_async
 * @stop_async: asks the job to end, and kills it after a grace period in milliseconds
 * @stop_finish: finishes @stop_async
 * @pause_async: freezes the job
 * @pause_finish: finishes @pause_async
 * @resume_async: thaws it
 * @resume_finish: finishes @resume_async
 * @exec_async: runs a command inside the job's environment, for health checks
 * @exec_finish: finishes @exec_async
 * @read_log_async: reads a stream from an offset; with follow, waits at its end for more until the job ends
 * @read_log_finish: finishes @read_log_async
 * @get_usage_async: what the job uses now and has used so far
 * @get_usage_finish: finishes @get_usage_async
 * @remove_async: kills the job if it runs and removes every trace of it, its logs included
 * @remove_finish: finishes @remove_async
 * @read_file_async: reads the end of a file that the job left, by its path from the folder it started in
 * @read_file_finish: finishes @read_file_async
 *
 * One job inside its engine. The implementation emits #DmsExecution::state-changed on every transition.
 */
struct _DmsExecutionInterface
{
  GTypeInterface parent_iface;

  const char *(*get_handle) (DmsExecution *self);
  DmsExecutionState (*get_state) (DmsExecution *self);

  void (*wait_async) (DmsExecution *self,
                      GCancellable *cancellable,
                      GAsyncReadyCallback callback,
                      gpointer user_data);
  DmsExecutionResult *(*wait_finish) (DmsExecution *self, GAsyncResult *result, GError **error);

  void (*stop_async) (DmsExecution *self,
                      guint grace_ms,
                      GCancellable *cancellable,
                      GAsyncReadyCallback callback,
                      gpointer user_data);
  gboolean (*stop_finish) (DmsExecution *self, GAsyncResult *result, GError **error);

  void (*pause_async) (DmsExecution *self,
                       GCancellable *cancellable,
                       GAsyncReadyCallback callback,
                       gpointer user_data);
  gboolean (*pause_finish) (DmsExecution *self, GAsyncResult *result, GError **error);

  void (*resume_async) (DmsExecution *self,
                        GCancellable *cancellable,
                        GAsyncReadyCallback callback,
                        gpointer user_data);
  gboolean (*resume_finish) (DmsExecution *self, GAsyncResult *result, GError **error);

  void (*exec_async) (DmsExecution *self,
                      const char *const *argv,
                      guint timeout_ms,
                      GCancellable *cancellable,
                      GAsyncReadyCallback callback,
                      gpointer user_data);
  DmsExecResult *(*exec_finish) (DmsExecution *self, GAsyncResult *result, GError **error);

  void (*read_log_async) (DmsExecution *self,
                          DmsLogStream stream,
                          guint64 offset,
                          gsize max_bytes,
                          gboolean follow,
                          GCancellable *cancellable,
                          GAsyncReadyCallback callback,
                          gpointer user_data);
  DmsLogChunk *(*read_log_finish) (DmsExecution *self, GAsyncResult *result, GError **error);

  void (*get_usage_async) (DmsExecution *self,
                           GCancellable *cancellable,
                           GAsyncReadyCallback callback,
                           gpointer user_data);
  DmsUsage *(*get_usage_finish) (DmsExecution *self, GAsyncResult *result, GError **error);

  void (*remove_async) (DmsExecution *self,
                        GCancellable *cancellable,
                        GAsyncReadyCallback callback,
                        gpointer user_data);
  gboolean (*remove_finish) (DmsExecution *self, GAsyncResult *result, GError **error);

  void (*read_file_async) (DmsExecution *self,
                           const char *path,
                           gsize max_bytes,
                           GCancellable *cancellable,
                           GAsyncReadyCallback callback,
                           gpointer user_data);
  GBytes *(*read_file_finish) (DmsExecution *self, GAsyncResult *result, GError **error);

  /*< private >*/
  gpointer reserved[10];
};

DMS_EXPORT const char *dms_execution_get_handle (DmsExecution *self);
DMS_EXPORT DmsExecutionState dms_execution_get_state (DmsExecution *self);

/* For implementations: emits #DmsExecution::state-changed. */
DMS_EXPORT void dms_execution_emit_state_changed (DmsExecution *self, DmsExecutionState state);

DMS_EXPORT void dms_execution_wait_async (DmsExecution *self,
                                          GCancellable *cancellable,
                                          GAsyncReadyCallback callback,
                                          gpointer user_data);
DMS_EXPORT DmsExecutionResult *
dms_execution_wait_finish (DmsExecution *self, GAsyncResult *result, GError **error);

DMS_EXPORT void dms_execution_stop_async (DmsExecution *self,
                                          guint grace_ms,
                                          GCancellable *cancellable,
                                          GAsyncReadyCallback callback,
                                          gpointer user_data);
DMS_EXPORT gboolean dms_execution_stop_finish (DmsExecution *self, GAsyncResult *result, GError **error);

DMS_EXPORT void dms_execution_pause_async (DmsExecution *self,
                                           GCancellable *cancellable,
                                           GAsyncReadyCallback callback,
                                           gpointer user_data);
DMS_EXPORT gboolean dms_execution_pause_finish (DmsExecution *self, GAsyncResult *result, GError **error);

DMS_EXPORT void dms_execution_resume_async (DmsExecution *self,
                                            GCancellable *cancellable,
                                            GAsyncReadyCallback callback,
                                            gpointer user_data);
DMS_EXPORT gboolean dms_execution_resume_finish (DmsExecution *self, GAsyncResult *result, GError **error);

DMS_EXPORT void dms_execution_exec_async (DmsExecution *self,
                                          const char *const *argv,
                                          guint timeout_ms,
                                          GCancellable *cancellable,
                                          GAsyncReadyCallback callback,
                                          gpointer user_data);
DMS_EXPORT DmsExecResult *
dms_execution_exec_finish (DmsExecution *self, GAsyncResult *result, GError **error);

DMS_EXPORT void dms_execution_read_log_async (DmsExecution *self,
                                              DmsLogStream stream,
                                              guint64 offset,
                                              gsize max_bytes,
                                              gboolean follow,
                                              GCancellable *cancellable,
                                              GAsyncReadyCallback callback,
                                              gpointer user_data);
DMS_EXPORT DmsLogChunk *
dms_execution_read_log_finish (DmsExecution *self, GAsyncResult *result, GError **error);

DMS_EXPORT void dms_execution_get_usage_async (DmsExecution *self,
                                               GCancellable *cancellable,
                                               GAsyncReadyCallback callback,
                                               gpointer user_data);
DMS_EXPORT DmsUsage *
dms_execution_get_usage_finish (DmsExecution *self, GAsyncResult *result, GError **error);

DMS_EXPORT void dms_execution_remove_async (DmsExecution *self,
                                            GCancellable *cancellable,
                                            GAsyncReadyCallback callback,
                                            gpointer user_data);
DMS_EXPORT gboolean dms_execution_remove_finish (DmsExecution *self, GAsyncResult *result, GError **error);

DMS_EXPORT void dms_execution_read_file_async (DmsExecution *self,
                                               const char *path,
                                               gsize max_bytes,
                                               GCancellable *cancellable,
                                               GAsyncReadyCallback callback,
                                               gpointer user_data);
DMS_EXPORT GBytes *dms_execution_read_file_finish (DmsExecution *self, GAsyncResult *result, GError **error);

G_END_DECLS
