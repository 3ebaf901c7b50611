/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

G_BEGIN_DECLS

/* `docker:<container name>:<state directory>`: what finds a container and its logs again. */

char *dms_docker_handle_dup_name (DmsExecutionSpec *spec);
char *dms_docker_handle_dup (DmsExecutionSpec *spec);
gboolean dms_docker_handle_parse (const char *handle, char **name, char **state_dir, GError **error);

G_END_DECLS
