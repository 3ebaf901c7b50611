/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

#include "dms-docker-client.h"

G_BEGIN_DECLS

#define DMS_TYPE_DOCKER_LOGS (dms_docker_logs_get_type ())

G_DECLARE_FINAL_TYPE (DmsDockerLogs, dms_docker_logs, DMS, DOCKER_LOGS, GObject)

/* Both streams of a container, kept in stdout.log and stderr.log of its state directory. Emits `changed` when
 * there is more, or when they are complete. */

DmsDockerLogs *dms_docker_logs_new (DmsDockerClient *client, const char *name, const char *state_dir);
void dms_docker_logs_start (DmsDockerLogs *self);
/* The container has ended: what is still missing is fetched, then the logs are complete. */
void dms_docker_logs_end (DmsDockerLogs *self);
void dms_docker_logs_stop (DmsDockerLogs *self);
void dms_docker_logs_delete (DmsDockerLogs *self);

gboolean dms_docker_logs_is_complete (DmsDockerLogs *self);
guint64 dms_docker_logs_get_size (DmsDockerLogs *self, DmsLogStream stream);
GBytes *dms_docker_logs_read (DmsDockerLogs *self,
                              DmsLogStream stream,
                              guint64 offset,
                              gsize max_bytes,
                              GError **error);

G_END_DECLS
