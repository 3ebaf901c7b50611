/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

#include "dms-docker-engine.h"
#include "dms-docker-params.h"

G_BEGIN_DECLS

#define DMS_DOCKER_LABEL_EXECUTOR  "nunet-executor"
#define DMS_DOCKER_LABEL_JOB       "nunet-jobID"
#define DMS_DOCKER_LABEL_EXECUTION "nunet-executionID"
/* Ours; what a restarted daemon needs to know of a container. */
#define DMS_DOCKER_LABEL_HANDLE     "dms.handle"
#define DMS_DOCKER_LABEL_DISK_LIMIT "dms.disk-limit"
#define DMS_DOCKER_LABEL_SCRIPTS    "dms.scripts"
#define DMS_DOCKER_LABEL_OOM_KILLS  "dms.oom-kills"
#define DMS_DOCKER_LABEL_BOOT       "dms.boot"

JsonNode *dms_docker_create_body (DmsExecutionSpec *spec,
                                  DmsDockerParams *params,
                                  DmsDockerEngine *engine,
                                  const char *const *argv,
                                  const char *const *devices,
                                  gboolean with_quota);

G_END_DECLS
