/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

#include "dms-docker-client.h"
#include "dms-docker-engine.h"

G_BEGIN_DECLS

/* Blocking work of the executor, for worker threads. */

gboolean dms_docker_launch_check (DmsExecutionSpec *spec, GError **error);
JsonNode *dms_docker_launch_run (DmsDockerClient *client,
                                 DmsDockerEngine *engine,
                                 DmsExecutionSpec *spec,
                                 GCancellable *cancellable,
                                 GError **error);
JsonNode *dms_docker_launch_inspect (DmsDockerClient *client,
                                     const char *name,
                                     GCancellable *cancellable,
                                     GError **error);
JsonNode *dms_docker_launch_find (DmsDockerClient *client,
                                  const char *handle,
                                  GCancellable *cancellable,
                                  GError **error);
GStrv dms_docker_launch_list (DmsDockerClient *client, GCancellable *cancellable, GError **error);

G_END_DECLS
