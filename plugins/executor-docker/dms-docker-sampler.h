/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

#include "dms-docker-client.h"

G_BEGIN_DECLS

#define DMS_TYPE_DOCKER_SAMPLER (dms_docker_sampler_get_type ())

G_DECLARE_FINAL_TYPE (DmsDockerSampler, dms_docker_sampler, DMS, DOCKER_SAMPLER, GObject)

/* Measures a container now and then: an engine forgets what one has used as soon as it has ended. Emits
 * `disk-exceeded` when the container has written more than its limit and the storage driver does not hold it.
 */

DmsDockerSampler *dms_docker_sampler_new (DmsDockerClient *client, const char *name, JsonObject *inspect);
void dms_docker_sampler_start (DmsDockerSampler *self);
void dms_docker_sampler_stop (DmsDockerSampler *self);
/* (nullable): the last measurement */
DmsUsage *dms_docker_sampler_get_usage (DmsDockerSampler *self);
void dms_docker_sampler_measure_async (DmsDockerSampler *self,
                                       GCancellable *cancellable,
                                       GAsyncReadyCallback callback,
                                       gpointer user_data);
DmsUsage *dms_docker_sampler_measure_finish (DmsDockerSampler *self, GAsyncResult *result, GError **error);

G_END_DECLS
