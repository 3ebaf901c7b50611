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

G_END_DECLS
