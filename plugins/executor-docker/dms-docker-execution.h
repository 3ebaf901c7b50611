/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

#include "dms-docker-client.h"

G_BEGIN_DECLS

#define DMS_TYPE_DOCKER_EXECUTION (dms_docker_execution_get_type ())

G_DECLARE_FINAL_TYPE (DmsDockerExecution, dms_docker_execution, DMS, DOCKER_EXECUTION, GObject)

DmsDockerExecution *
dms_docker_execution_new (DmsDockerClient *client, const char *handle, JsonObject *inspect, GError **error);

G_END_DECLS
