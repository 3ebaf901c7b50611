/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "actor/dms-actor.h"
#include "identity/dms-key.h"
#include "jobs/dms-ensemble.h"
#include "jobs/dms-manifest.h"
#include "orchestrator/dms-deployment-records.h"
#include "orchestrator/dms-deployment-status.h"
#include "orchestrator/dms-heartbeats.h"
#include "orchestrator/dms-track-record.h"
#include "resources/dms-location.h"
#include "succession/dms-succession.h"

G_BEGIN_DECLS

#define DMS_TYPE_DEPLOYMENT (dms_deployment_get_type ())

/* One ensemble on its way through its life: finds machines, reserves, starts, watches, ends (orchestration.md
 * 3-6). It acts through an actor of its own. Every step is stored before it is taken. Emits `status-changed`
 * after each change, `over` once nothing is left to do, and `not-reverted` with a machine (DmsHandle), the
 * IDs of allocations (GStrv) and the attempt (uint64) when that machine could not be told to take them back.
 * Lives in the main context that made it. */
G_DECLARE_FINAL_TYPE (DmsDeployment, dms_deployment, DMS, DEPLOYMENT, GObject)

/* A new deployment that has until expiry_ns to run. root: the node's root actor. work_dir: for logs. */
DmsDeployment *dms_deployment_new (const char *id,
                                   DmsEnsemble *ensemble,
                                   DmsActor *root,
                                   DmsKey *node_key,
                                   DmsDeploymentRecords *records,
                                   const char *work_dir,
                                   guint64 expiry_ns);
/* One that an earlier run of this node left unfinished. NULL with DMS_ERROR_CORRUPT. */
DmsDeployment *dms_deployment_new_from_record (DmsDocument *record,
                                               DmsActor *root,
                                               DmsKey *node_key,
                                               DmsDeploymentRecords *records,
                                               const char *work_dir,
                                               GError **error);
/* Before it starts: it is only to find out who would run the ensemble. It asks and chooses once, commits and
 * stores nothing, and is over. */
void dms_deployment_set_planning (DmsDeployment *self);
/* (nullable): after that, {possible, error, asked, nodes: [{name, peer, location, way, allocations, offers}],
 * why}, the last as dms_deployment_dup_why() has it */
JsonNode *dms_deployment_get_plan (DmsDeployment *self);
/* What it ranks machines by, besides their bids. Either may be NULL. */
void dms_deployment_set_knowledge (DmsDeployment *self, DmsTrackRecord *track, DmsLocation *here);
/* What tells whether machines are still there; before it begins. Without it, machines are not watched. */
void dms_deployment_set_heartbeats (DmsDeployment *self, DmsHeartbeats *heartbeats);
/* (nullable): who else may lead it; before it begins. Nothing is done then that a majority of them has not
 * stored. */
void dms_deployment_set_succession (DmsDeployment *self, DmsSuccession *succession);
/* A node that was to be a standby orchestrator does not want to. */
void dms_deployment_refuse_standby (DmsDeployment *self, const char *peer, const char *why);
/* Begins, or goes on where the record stands. */
gboolean dms_deployment_start (DmsDeployment *self, GError **error);
/* Something became free somewhere: asks again now if it is waiting for that. Whether it was. */
gboolean dms_deployment_nudge (DmsDeployment *self);
/* Whether a machine has, or may have, one of its allocations. */
gboolean dms_deployment_is_on (DmsDeployment *self, DmsHandle *machine, const char *allocation_id);
/* Lets go without ending anything. */
void dms_deployment_detach (DmsDeployment *self);

const char *dms_deployment_get_id (DmsDeployment *self);
DmsEnsemble *dms_deployment_get_ensemble (DmsDeployment *self);
DmsDeploymentStatus dms_deployment_get_status (DmsDeployment *self);
/* Why it failed, or what went wrong last; empty when nothing did. */
const char *dms_deployment_get_error (DmsDeployment *self);

/* Ends it in any state that is not final: stops what runs, takes back what was reserved. */
void dms_deployment_shutdown_async (DmsDeployment *self,
                                    GCancellable *cancellable,
                                    GAsyncReadyCallback callback,
                                    gpointer user_data);
gboolean dms_deployment_shutdown_finish (DmsDeployment *self, GAsyncResult *result, GError **error);
/* Makes it another ensemble while it runs: adds, removes, moves and renews what differs, and nothing else. An
 * error says what may not change, or what went wrong; then everything is as it was before, or the error says
 * what is not. */
void dms_deployment_update_async (DmsDeployment *self,
                                  DmsEnsemble *ensemble,
                                  guint64 expiry_ns,
                                  GCancellable *cancellable,
                                  GAsyncReadyCallback callback,
                                  gpointer user_data);
gboolean dms_deployment_update_finish (DmsDeployment *self, GAsyncResult *result, GError **error);

/* (transfer full): what machines said when they were asked (dms_refusal_book_to_json()) */
JsonNode *dms_deployment_dup_why (DmsDeployment *self);
/* (transfer full): the manifest (types.md 5) */
DmsManifest *dms_deployment_dup_manifest (DmsDeployment *self);
/* (transfer full): AllocationInfo by allocation ID (types.md 7) */
JsonObject *dms_deployment_dup_allocation_info (DmsDeployment *self);
/* Full ID of an allocation that is named by it, by `node.allocation` or by the bare name. (nullable) */
const char *dms_deployment_find_allocation (DmsDeployment *self, const char *name);
/* Asks every running allocation for its statistics; answers {allocation ID: statistics} with what came in
 * time. */
void dms_deployment_query_usage_async (DmsDeployment *self,
                                       GCancellable *cancellable,
                                       GAsyncReadyCallback callback,
                                       gpointer user_data);
JsonObject *dms_deployment_query_usage_finish (DmsDeployment *self, GAsyncResult *result, GError **error);

G_END_DECLS
