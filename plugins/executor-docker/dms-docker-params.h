/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

#include "dms-docker-reference.h"

G_BEGIN_DECLS

/* The engine parameters of a job, read and checked. Immutable. */
typedef struct _DmsDockerParams DmsDockerParams;

DmsDockerParams *dms_docker_params_new (JsonObject *params, GError **error);
DmsDockerParams *dms_docker_params_ref (DmsDockerParams *self);
void dms_docker_params_unref (DmsDockerParams *self);

DmsDockerReference *dms_docker_params_get_image (DmsDockerParams *self);
/* (nullable): NULL leaves the image's own. */
const char *const *dms_docker_params_get_entrypoint (DmsDockerParams *self);
const char *const *dms_docker_params_get_cmd (DmsDockerParams *self);
/* `KEY=VALUE` each; never NULL. */
const char *const *dms_docker_params_get_environment (DmsDockerParams *self);
const char *dms_docker_params_get_working_directory (DmsDockerParams *self);
const char *dms_docker_params_get_user (DmsDockerParams *self);
gboolean dms_docker_params_get_privileged (DmsDockerParams *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsDockerParams, dms_docker_params_unref)

G_END_DECLS
