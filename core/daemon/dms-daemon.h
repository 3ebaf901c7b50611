/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "config/dms-config.h"
#include "identity/dms-key.h"

G_BEGIN_DECLS

#define DMS_TYPE_DAEMON (dms_daemon_get_type ())

/* The service as a process: builds a node from the configuration, serves it on REST, and stops it orderly. */
G_DECLARE_FINAL_TYPE (DmsDaemon, dms_daemon, DMS, DAEMON, GObject)

/* `context` names the key and the capability file. */
DmsDaemon *dms_daemon_new (DmsConfig *config, const char *context);

/* Everything that can fail before the key is needed: log, directories, lock, capability file present. */
gboolean dms_daemon_prepare (DmsDaemon *self, GError **error);

/* Runs the default main context until SIGINT or SIGTERM. Returns TRUE after an orderly stop. */
gboolean dms_daemon_run (DmsDaemon *self, DmsKey *key, GError **error);

G_END_DECLS
