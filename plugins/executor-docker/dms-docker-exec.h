/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

#include "dms-docker-client.h"

G_BEGIN_DECLS

DmsExecResult *dms_docker_exec_run (DmsDockerClient *client,
                                    const char *name,
                                    const char *const *argv,
                                    GCancellable *cancellable,
                                    GError **error);

/* In a worker thread; ended by @cancellable, or after @timeout_ms unless that is 0. The answer is a pointer
 * of the task: a DmsExecResult. */
void dms_docker_exec_run_async (DmsExecution *execution,
                                DmsDockerClient *client,
                                const char *name,
                                const char *const *argv,
                                guint timeout_ms,
                                GCancellable *cancellable,
                                GAsyncReadyCallback callback,
                                gpointer user_data);

G_END_DECLS
