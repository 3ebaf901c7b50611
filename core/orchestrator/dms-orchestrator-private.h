/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "orchestrator/dms-late-reverts.h"
#include "orchestrator/dms-log-fetch.h"
#include "orchestrator/dms-orchestrator.h"
#include "orchestrator/dms-track-record.h"

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
  DmsLocation *here;
  /* ID → DmsDeployment, those that are not over */
  GHashTable *deployments;
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
/* why */
void dms_orchestrator_install_why_behaviours (DmsOrchestrator *self, DmsActor *root);
/* new, list, status, manifest, info, shutdown, update */
void dms_orchestrator_install_deployment_behaviours (DmsOrchestrator *self, DmsActor *root);

/* A text of the payload under the first of the names that it has. (nullable) */
const char *dms_orchestrator_get_id (DmsMessage *message, const char *first, const char *second);
