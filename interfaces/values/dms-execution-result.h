/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "dms-types.h"

G_BEGIN_DECLS

/**
 * DmsEndReason:
 * @DMS_END_EXITED: the job ended by itself; see the exit code
 * @DMS_END_SIGNALLED: a signal that nobody here sent ended it
 * @DMS_END_STOPPED: it was stopped on request
 * @DMS_END_OUT_OF_MEMORY: it was killed at its memory limit
 * @DMS_END_OUT_OF_DISK: it was killed at its disk limit
 * @DMS_END_SCRIPT_FAILED: a provision script failed
 * @DMS_END_LAUNCH_FAILED: it never ran
 * @DMS_END_LOST: it is gone and nobody knows how it ended
 *
 * Why an execution ended.
 */
typedef enum {
  DMS_END_EXITED,
  DMS_END_SIGNALLED,
  DMS_END_STOPPED,
  DMS_END_OUT_OF_MEMORY,
  DMS_END_OUT_OF_DISK,
  DMS_END_SCRIPT_FAILED,
  DMS_END_LAUNCH_FAILED,
  DMS_END_LOST,
} DmsEndReason;

#define DMS_TYPE_EXECUTION_RESULT (dms_execution_result_get_type ())

DMS_EXPORT GType dms_execution_result_get_type (void);

DMS_EXPORT DmsExecutionResult *dms_execution_result_new (DmsEndReason reason,
                                                  int exit_code,
                                                  const char *message,
                                                  gint64 started_us,
                                                  gint64 ended_us,
                                                  DmsUsage *usage);
DMS_EXPORT DmsEndReason dms_execution_result_get_reason (DmsExecutionResult *self);
/* 0 to 255; 128 + signal after a signal; -1 when the job never ran. */
DMS_EXPORT int dms_execution_result_get_exit_code (DmsExecutionResult *self);
/* (nullable): for people: which limit, which script, which signal. */
DMS_EXPORT const char *dms_execution_result_get_message (DmsExecutionResult *self);
/* Microseconds since the epoch; 0 when unknown. */
DMS_EXPORT gint64 dms_execution_result_get_started_us (DmsExecutionResult *self);
DMS_EXPORT gint64 dms_execution_result_get_ended_us (DmsExecutionResult *self);
/* (nullable) */
DMS_EXPORT DmsUsage *dms_execution_result_get_usage (DmsExecutionResult *self);
/* The job ended by itself with exit code 0. */
DMS_EXPORT gboolean dms_execution_result_is_success (DmsExecutionResult *self);

DMS_EXPORT DmsExecutionResult *dms_execution_result_new_from_json (JsonNode *node, GError **error);
DMS_EXPORT JsonNode *dms_execution_result_to_json (DmsExecutionResult *self);
DMS_EXPORT DmsExecutionResult *dms_execution_result_ref (DmsExecutionResult *self);
DMS_EXPORT void dms_execution_result_unref (DmsExecutionResult *self);
DMS_EXPORT gboolean dms_execution_result_equal (DmsExecutionResult *a, DmsExecutionResult *b);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsExecutionResult, dms_execution_result_unref)

G_END_DECLS
