/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "orchestrator/dms-children.h"
#include "orchestrator/dms-late-reverts.h"
#include "orchestrator/dms-log-fetch.h"
#include "orchestrator/dms-orchestrator.h"
#include "orchestrator/dms-track-record.h"
#include "resources/dms-locator.h"

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
  /* requester's DID and allocation ID → DmsLogFetch */
  GHashTable *log_jobs;
};

/* What is said about a deployment that nobody knows. */
#define DMS_ORCHESTRATOR_UNKNOWN "orchestrator with ID not found"

/* logs, logs/async, logs/async/status, logs/async/stop */
void dms_orchestrator_install_log_behaviours (DmsOrchestrator *self, DmsActor *root);
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

/* dms_orchestrator_deploy() under an ID that is not used yet. */
DmsDeployment *dms_orchestrator_deploy_as (DmsOrchestrator *self,
                                           const char *id,
                                           DmsEnsemble *ensemble,
                                           guint64 expiry_ns,
                                           GError **error);

/* A text of the payload under the first of the names that it has. (nullable) */
const char *dms_orchestrator_get_id (DmsMessage *message, const char *first, const char *second);
