/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

#include "plugins/dms-plugin-manager.h"

G_BEGIN_DECLS

/* Removes every execution that an engine has for this node and that is not among @known (a set of handles).
 * Ours are those whose handle names a folder below @jobs_dir: several nodes may share an engine. Does not
 * wait: what cannot be removed is logged, and found again at the next start. */
void dms_leftovers_remove (DmsPluginManager *plugins, const char *jobs_dir, GHashTable *known);

G_END_DECLS
