/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

#include "dms-docker-client.h"
#include "dms-docker-reference.h"

G_BEGIN_DECLS

/* Called in the worker thread. */
typedef void (*DmsDockerPullFunc) (const char *stage, double fraction, gpointer user_data);

gboolean dms_docker_pull_run (DmsDockerClient *client,
                              DmsDockerReference *image,
                              DmsDockerPullFunc progress,
                              gpointer user_data,
                              GCancellable *cancellable,
                              GError **error);

/* How far the layers of a pull are, from the lines that the engine streams. */
typedef struct _DmsDockerPull DmsDockerPull;

DmsDockerPull *dms_docker_pull_new (void);
void dms_docker_pull_free (DmsDockerPull *self);
gboolean dms_docker_pull_read_line (DmsDockerPull *self, const char *line, GError **error);
/* From 0 to 1, or negative while nothing is known. */
double dms_docker_pull_get_fraction (DmsDockerPull *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsDockerPull, dms_docker_pull_free)

G_END_DECLS
