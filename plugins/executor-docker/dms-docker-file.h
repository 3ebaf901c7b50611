/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

#include "dms-docker-client.h"

G_BEGIN_DECLS

/* Reads the end of a regular file of a container, by its path from the container's working directory. The
 * engine looks links up inside the container's own file system. In a worker thread; the answer is a pointer
 * of the task: GBytes. */
void dms_docker_file_read_async (DmsExecution *execution,
                                 DmsDockerClient *client,
                                 const char *name,
                                 const char *path,
                                 gsize max_bytes,
                                 GCancellable *cancellable,
                                 GAsyncReadyCallback callback,
                                 gpointer user_data);

G_END_DECLS
