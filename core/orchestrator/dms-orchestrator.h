/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "actor/dms-actor.h"
#include "config/dms-config.h"
#include "identity/dms-key.h"
#include "orchestrator/dms-deployment.h"
#include "orchestrator/dms-deployment-records.h"
#include "store/dms-store.h"

G_BEGIN_DECLS

#define DMS_TYPE_ORCHESTRATOR (dms_orchestrator_get_type ())

/* The side of a node that deploys ensembles: its deployments, running and past, and the behaviours
 * /dms/node/deployment/… (orchestration.md). Lives in the main context that made it. */
G_DECLARE_FINAL_TYPE (DmsOrchestrator, dms_orchestrator, DMS, ORCHESTRATOR, GObject)

/* root is the node's root actor, key the node's, from which those of the deployments' actors are derived. Of
 * the configuration it uses general.work_dir and job.require_contracts_for_deployment. */
DmsOrchestrator *dms_orchestrator_new (DmsStore *store, DmsActor *root, DmsKey *key, DmsConfig *config);

/* Adds the behaviours of this side to the node's root actor. They answer once the orchestrator is started. */
void dms_orchestrator_install_behaviours (DmsOrchestrator *self, DmsActor *root);

/* Takes up the deployments that an earlier run of the node left unfinished (orchestration.md 6). Start the
 * provider first: a node serves itself. */
void dms_orchestrator_start_async (DmsOrchestrator *self,
                                   GCancellable *cancellable,
                                   GAsyncReadyCallback callback,
                                   gpointer user_data);
gboolean dms_orchestrator_start_finish (DmsOrchestrator *self, GAsyncResult *result, GError **error);
/* Leaves every deployment as it is, to be taken up at the next start. */
void dms_orchestrator_stop_async (DmsOrchestrator *self,
                                  GCancellable *cancellable,
                                  GAsyncReadyCallback callback,
                                  gpointer user_data);
gboolean dms_orchestrator_stop_finish (DmsOrchestrator *self, GAsyncResult *result, GError **error);

/* Starts to deploy an ensemble until expiry_ns. (transfer none) (nullable): NULL with an error. */
DmsDeployment *
dms_orchestrator_deploy (DmsOrchestrator *self, DmsEnsemble *ensemble, guint64 expiry_ns, GError **error);
/* (nullable): a deployment that is not over */
DmsDeployment *dms_orchestrator_find (DmsOrchestrator *self, const char *id);
DmsDeploymentRecords *dms_orchestrator_get_records (DmsOrchestrator *self);
/* Directory for the logs of an ensemble's allocation; NULL when the key cannot name one. */
char *dms_orchestrator_dup_log_directory (DmsOrchestrator *self, const char *id, const char *allocation_key);
/* How many deployments are not over. */
guint dms_orchestrator_get_n_active (DmsOrchestrator *self);

G_END_DECLS
