/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

#include "dms-docker-client.h"

G_BEGIN_DECLS

void dms_docker_wait_async (DmsDockerClient *client,
                            const char *name,
                            GCancellable *cancellable,
                            GAsyncReadyCallback callback,
                            gpointer user_data);
JsonNode *dms_docker_wait_finish (DmsDockerClient *client, GAsyncResult *result, GError **error);

/* Whether a description says that the container has ended. */
gboolean dms_docker_wait_has_ended (JsonObject *inspect);

G_END_DECLS
