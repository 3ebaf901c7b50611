/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

G_BEGIN_DECLS

/* The executions of this user on this machine: a directory of links to their state directories. It lies where
 * a restart of the machine empties it (`/run/dms-exec`, else the user's run-time directory), as no job
 * survives that either; it outlives every daemon, also one that lost its database. `DMS_EXEC_REGISTRY` names
 * another. */

gboolean dms_process_registry_add (const char *name, const char *state_dir, GError **error);
void dms_process_registry_remove (const char *state_dir);
/* (transfer full): the state directories; links that lead nowhere are dropped. */
GStrv dms_process_registry_list (void);

G_END_DECLS
