/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "dms-types.h"

G_BEGIN_DECLS

/**
 * DmsExecutorFeatures:
 * @DMS_EXECUTOR_FEATURE_NONE: nothing beyond running jobs
 * @DMS_EXECUTOR_FEATURE_GPU: jobs can use GPUs
 * @DMS_EXECUTOR_FEATURE_PAUSE: jobs can be paused and resumed
 * @DMS_EXECUTOR_FEATURE_EXEC: commands can be run inside a job
 * @DMS_EXECUTOR_FEATURE_CHECKPOINT: jobs can be saved and restored
 * @DMS_EXECUTOR_FEATURE_ROOTLESS: needs no root
 * @DMS_EXECUTOR_FEATURE_LIMIT_CPU: holds the CPU limit
 * @DMS_EXECUTOR_FEATURE_LIMIT_MEMORY: holds the memory limit
 * @DMS_EXECUTOR_FEATURE_LIMIT_DISK: holds the disk limit
 * @DMS_EXECUTOR_FEATURE_LIMIT_PIDS: holds the limit of processes
 * @DMS_EXECUTOR_FEATURE_NETWORK: jobs can have a network of their own
 * @DMS_EXECUTOR_FEATURE_PORTS: ports can be mapped
 *
 * What an executor can do on this machine.
 */
typedef enum /*< flags >*/ {
  DMS_EXECUTOR_FEATURE_NONE = 0,
  DMS_EXECUTOR_FEATURE_GPU = 1 << 0,
  DMS_EXECUTOR_FEATURE_PAUSE = 1 << 1,
  DMS_EXECUTOR_FEATURE_EXEC = 1 << 2,
  DMS_EXECUTOR_FEATURE_CHECKPOINT = 1 << 3,
  DMS_EXECUTOR_FEATURE_ROOTLESS = 1 << 4,
  DMS_EXECUTOR_FEATURE_LIMIT_CPU = 1 << 5,
  DMS_EXECUTOR_FEATURE_LIMIT_MEMORY = 1 << 6,
  DMS_EXECUTOR_FEATURE_LIMIT_DISK = 1 << 7,
  DMS_EXECUTOR_FEATURE_LIMIT_PIDS = 1 << 8,
  DMS_EXECUTOR_FEATURE_NETWORK = 1 << 9,
  DMS_EXECUTOR_FEATURE_PORTS = 1 << 10,
} DmsExecutorFeatures;

#define DMS_TYPE_EXECUTOR_PROBE (dms_executor_probe_get_type ())

DMS_EXPORT GType dms_executor_probe_get_type (void);

DMS_EXPORT DmsExecutorProbe *dms_executor_probe_new (gboolean available,
                                              const char *reason,
                                              const char *version,
                                              DmsExecutorFeatures features);
DMS_EXPORT gboolean dms_executor_probe_get_available (DmsExecutorProbe *self);
/* (nullable): why it is not available and what to do about it, or a remark. */
DMS_EXPORT const char *dms_executor_probe_get_reason (DmsExecutorProbe *self);
/* (nullable): of the engine. */
DMS_EXPORT const char *dms_executor_probe_get_version (DmsExecutorProbe *self);
DMS_EXPORT DmsExecutorFeatures dms_executor_probe_get_features (DmsExecutorProbe *self);

DMS_EXPORT DmsExecutorProbe *dms_executor_probe_new_from_json (JsonNode *node, GError **error);
DMS_EXPORT JsonNode *dms_executor_probe_to_json (DmsExecutorProbe *self);
DMS_EXPORT DmsExecutorProbe *dms_executor_probe_ref (DmsExecutorProbe *self);
DMS_EXPORT void dms_executor_probe_unref (DmsExecutorProbe *self);
DMS_EXPORT gboolean dms_executor_probe_equal (DmsExecutorProbe *a, DmsExecutorProbe *b);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsExecutorProbe, dms_executor_probe_unref)

G_END_DECLS
