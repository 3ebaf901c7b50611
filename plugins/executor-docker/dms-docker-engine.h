/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

#include "dms-docker-client.h"

G_BEGIN_DECLS

/* What is known of an engine: which one it is and what it can do. Immutable. */
typedef struct _DmsDockerEngine DmsDockerEngine;

DmsDockerEngine *dms_docker_engine_fetch (DmsDockerClient *client, GCancellable *cancellable, GError **error);
DmsDockerEngine *dms_docker_engine_new (JsonObject *version, JsonObject *info);
DmsDockerEngine *dms_docker_engine_ref (DmsDockerEngine *self);
void dms_docker_engine_unref (DmsDockerEngine *self);

gboolean dms_docker_engine_is_podman (DmsDockerEngine *self);
/* Whether the storage driver may know sizes for containers; only a create tells for sure. */
gboolean dms_docker_engine_may_have_quota (DmsDockerEngine *self);
DmsExecutorProbe *dms_docker_engine_make_probe (DmsDockerEngine *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsDockerEngine, dms_docker_engine_unref)

G_END_DECLS
