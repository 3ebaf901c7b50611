/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

#include "plugins/dms-plugin-manager.h"

G_BEGIN_DECLS

/* Whether somebody answers for what a handle names. */
typedef gboolean (*DmsLeftoversKnownFunc) (gpointer owner, const char *handle);

/* Removes every execution that an engine has for this node and that nobody knows. Ours are those whose handle
 * names a folder below @jobs_dir: several nodes may share an engine. Does not wait: what cannot be removed is
 * logged, and found again the next time. */
void dms_leftovers_remove (DmsPluginManager *plugins,
                           const char *jobs_dir,
                           GObject *owner,
                           DmsLeftoversKnownFunc is_known);

G_END_DECLS
