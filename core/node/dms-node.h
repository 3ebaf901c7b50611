/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

#include "actor/dms-actor-registry.h"
#include "capability/dms-capability-keeper.h"
#include "config/dms-config.h"
#include "node/dms-peer-handshake.h"
#include "observability/dms-log.h"
#include "orchestrator/dms-orchestrator.h"
#include "plugins/dms-plugin-manager.h"
#include "provider/dms-provider.h"
#include "store/dms-store.h"

G_BEGIN_DECLS

#define DMS_TYPE_NODE (dms_node_get_type ())

/* One citizen of the network: the root actor with its behaviours, the provider of this machine's resources
 * and the orchestrator of its owner's jobs. Lives in the main context that made it. */
G_DECLARE_FINAL_TYPE (DmsNode, dms_node, DMS, NODE, GObject)

/* Everything is given started: the transport speaks, the store is open, the plugins are loaded.
 * `capability_path` is where changes to the capability context are saved. */
DmsNode *dms_node_new (DmsConfig *config,
                       DmsLog *log,
                       DmsStore *store,
                       DmsPluginManager *plugins,
                       DmsTransport *transport,
                       DmsKey *key,
                       DmsCapabilityContext *capabilities,
                       const char *capability_path);

/* Takes up what an earlier run left, then begins to answer. */
void dms_node_start_async (DmsNode *self,
                           GCancellable *cancellable,
                           GAsyncReadyCallback callback,
                           gpointer user_data);
gboolean dms_node_start_finish (DmsNode *self, GAsyncResult *result, GError **error);

/* Stops answering. Jobs go on running and are found again at the next start. */
void dms_node_stop_async (DmsNode *self,
                          GCancellable *cancellable,
                          GAsyncReadyCallback callback,
                          gpointer user_data);
gboolean dms_node_stop_finish (DmsNode *self, GAsyncResult *result, GError **error);

/* Reads the capability file again, as after SIGUSR1. On an error nothing changes. */
gboolean dms_node_reload_capabilities (DmsNode *self, GError **error);

/* The listen addresses as one text, separated by commas. */
char *dms_node_dup_listen_text (DmsNode *self);

DmsConfig *dms_node_get_config (DmsNode *self);
DmsLog *dms_node_get_log (DmsNode *self);
DmsTransport *dms_node_get_transport (DmsNode *self);
DmsCapabilityContext *dms_node_get_capabilities (DmsNode *self);
/* For changes of the capabilities that are to last. */
DmsCapabilityKeeper *dms_node_get_capability_keeper (DmsNode *self);
DmsActorRegistry *dms_node_get_registry (DmsNode *self);
DmsActor *dms_node_get_root (DmsNode *self);
DmsProvider *dms_node_get_provider (DmsNode *self);
DmsOrchestrator *dms_node_get_orchestrator (DmsNode *self);
DmsPeerHandshake *dms_node_get_peer_handshake (DmsNode *self);

G_END_DECLS
