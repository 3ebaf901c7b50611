/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

#include "dms-docker-client.h"
#include "dms-docker-params.h"

G_BEGIN_DECLS

gboolean dms_docker_provision_check (DmsExecutionSpec *spec, GError **error);
GStrv dms_docker_provision_dup_argv (JsonObject *image, DmsDockerParams *params, GError **error);
gboolean dms_docker_provision_install (DmsDockerClient *client,
                                       const char *name,
                                       DmsExecutionSpec *spec,
                                       DmsDockerParams *params,
                                       GCancellable *cancellable,
                                       GError **error);
char *dms_docker_provision_dup_failure (DmsDockerClient *client, const char *name, int *exit_code);

G_END_DECLS
