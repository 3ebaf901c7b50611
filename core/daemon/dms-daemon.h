/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "config/dms-config.h"
#include "identity/dms-key.h"
#include "node/dms-node.h"

G_BEGIN_DECLS

#define DMS_TYPE_DAEMON (dms_daemon_get_type ())

/* The service: builds a node from the configuration, serves it on REST, and stops it orderly. Usually one a
 * process, but several may share one: each has its own directories, port and identity. The log is the
 * process's: the last one prepared writes for all. Lives in the default main context. */
G_DECLARE_FINAL_TYPE (DmsDaemon, dms_daemon, DMS, DAEMON, GObject)

/* `context` names the key and the capability file. */
DmsDaemon *dms_daemon_new (DmsConfig *config, const char *context);

/* Everything that can fail before the key is needed: log, directories, lock, capability file present. */
gboolean dms_daemon_prepare (DmsDaemon *self, GError **error);

/* After dms_daemon_prepare(), once: starts everything; it answers on REST when the start is finished.
 * DMS_ERROR_* as the part that failed says. */
void dms_daemon_start_async (DmsDaemon *self,
                             DmsKey *key,
                             GCancellable *cancellable,
                             GAsyncReadyCallback callback,
                             gpointer user_data);
gboolean dms_daemon_start_finish (DmsDaemon *self, GAsyncResult *result, GError **error);

/* Stops answering and leaves the network; jobs go on running. A start in progress fails. */
void dms_daemon_stop_async (DmsDaemon *self,
                            GCancellable *cancellable,
                            GAsyncReadyCallback callback,
                            gpointer user_data);
gboolean dms_daemon_stop_finish (DmsDaemon *self, GAsyncResult *result, GError **error);

/* (nullable): the node, once it begins to start. */
DmsNode *dms_daemon_get_node (DmsDaemon *self);

/* Reads the capability file again; what is wrong with it is logged, and nothing changes then. Then the lock's
 * time of change is that of the reload, by which who asked for it sees that it was heard. While a change of
 * the node's own waits to be written, the file is read again right after that instead. */
void dms_daemon_reload (DmsDaemon *self);

/* (transfer full): the lock that a daemon with this configuration holds. */
char *dms_daemon_dup_lock_path (DmsConfig *config);

/* Does all this as a process: starts, and runs the default main context until SIGINT or SIGTERM, with SIGUSR1
 * for a reload. Returns TRUE after an orderly stop. */
gboolean dms_daemon_run (DmsDaemon *self, DmsKey *key, GError **error);

G_END_DECLS
