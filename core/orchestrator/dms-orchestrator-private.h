/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "orchestrator/dms-children.h"
#include "orchestrator/dms-late-reverts.h"
#include "orchestrator/dms-log-fetch.h"
#include "orchestrator/dms-orchestrator.h"
#include "orchestrator/dms-track-record.h"
#include "resources/dms-locator.h"
#include "succession/dms-succession.h"
#include "succession/dms-witness.h"

struct _DmsOrchestrator
{
  GObject parent_instance;

  DmsStore *store;
  DmsActor *root;
  DmsKey *key;
  DmsConfig *config;
  DmsDeploymentRecords *records;
  DmsLateReverts *late_reverts;
  DmsTrackRecord *track;
  DmsLocator *locator;
  DmsChildren *children;
  DmsHeartbeats *heartbeats;
  /* ID → DmsDeployment, those that are not over */
  GHashTable *deployments;
  /* set of DmsDeployment that only plan */
  GHashTable *plans;
  /* (nullable): before the start. ID → DmsSuccession, also of deployments that others lead now */
  DmsVoter *voter;
  DmsWitness *witness;
  GHashTable *successions;
  /* requester's DID and allocation ID → DmsLogFetch */
  GHashTable *log_jobs;
};

/* What is said about a deployment that nobody knows. */
#define DMS_ORCHESTRATOR_UNKNOWN "orchestrator with ID not found"

/* logs, logs/async, logs/async/status, logs/async/stop */
void dms_orchestrator_install_log_behaviours (DmsOrchestrator *self, DmsActor *root);
/* (transfer full): what is here of what updates have taken away: allocation, logs_written_to */
JsonArray *dms_orchestrator_list_earlier_logs (DmsOrchestrator *self, const char *id);
/* The logs of this deployment grow no more. */
void dms_orchestrator_end_log_jobs (DmsOrchestrator *self, DmsDeployment *deployment);
/* prune, delete */
void dms_orchestrator_install_history_behaviours (DmsOrchestrator *self, DmsActor *root);
/* plan, ensemble */
void dms_orchestrator_install_plan_behaviours (DmsOrchestrator *self, DmsActor *root);
/* A deployment that only plans, not started yet. (transfer full): NULL with an error */
DmsDeployment *
dms_orchestrator_new_plan (DmsOrchestrator *self, DmsEnsemble *ensemble, guint64 expiry_ns, GError **error);
/* why */
void dms_orchestrator_install_why_behaviours (DmsOrchestrator *self, DmsActor *root);
/* new, list, status, manifest, info, shutdown, update */
void dms_orchestrator_install_deployment_behaviours (DmsOrchestrator *self, DmsActor *root);

/* The manifest of a deployment, running or past. (transfer full): NULL when it is not known or damaged */
DmsManifest *dms_orchestrator_dup_manifest (DmsOrchestrator *self, const char *id);

/* dms_orchestrator_deploy() under an ID that is not used yet. */
DmsDeployment *dms_orchestrator_deploy_as (DmsOrchestrator *self,
                                           const char *id,
                                           DmsEnsemble *ensemble,
                                           guint64 expiry_ns,
                                           GError **error);

/* Takes up a stored deployment, if it is this node's turn. */
void dms_orchestrator_restore (DmsOrchestrator *self, DmsDocument *record);
/* Lets go of a deployment without ending anything. */
void dms_orchestrator_let_go (DmsOrchestrator *self, const char *id);

/* standby orchestrators */
gboolean dms_orchestrator_start_successions (DmsOrchestrator *self, GError **error);
void dms_orchestrator_stop_successions (DmsOrchestrator *self);
/* Before a deployment starts: asks those that its ensemble names, if any. */
gboolean dms_orchestrator_found_succession (DmsOrchestrator *self,
                                            const char *id,
                                            DmsEnsemble *ensemble,
                                            GError **error);
void dms_orchestrator_end_succession (DmsOrchestrator *self, const char *id);
/* Whether this node may act for a deployment now. */
gboolean dms_orchestrator_may_lead (DmsOrchestrator *self, const char *id);
/* (nullable): the node that leads it, when that is another one, or none is known to. */
const char *dms_orchestrator_get_other_leader (DmsOrchestrator *self, const char *id);
/* (transfer full): what is said to who wants something done to a deployment that is not in memory. */
char *dms_orchestrator_explain_absence (DmsOrchestrator *self, const char *id);

/* A text of the payload under the first of the names that it has. (nullable) */
const char *dms_orchestrator_get_id (DmsMessage *message, const char *first, const char *second);
