/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "cli/dms-cli-call.h"

G_BEGIN_DECLS

/* What the verbs below `network swarm` share: the key file of the node's private network. */

/* Where it is, or would be; (transfer full). NULL with an error when the configuration wants none. */
char *dms_cli_swarm_dup_path (DmsCliCall *call, GError **error);
/* Refuses to take the place of another key, unless --force says so. */
gboolean dms_cli_swarm_check_free (DmsCliCall *call, const char *path, GBytes *key, GError **error);
/* Writes the file, and says what to do then. */
gboolean dms_cli_swarm_save (DmsCliCall *call, const char *path, GBytes *key, GError **error);

G_END_DECLS
