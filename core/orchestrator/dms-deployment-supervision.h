/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "orchestrator/dms-deployment-private.h"

G_BEGIN_DECLS

/* What watches over a running deployment and repairs it (orchestration.md 8): tells the supervisor tree what
 * happened, and does what it answers. Everything may be called at any time; before the deployment runs for
 * the first time, nothing is watched. */

/* The deployment runs, again or for the first time. */
void dms_deployment_supervision_begin (DmsDeployment *self);
/* It is taken down, deployed anew or let go of: no more is done, and nothing is forgotten. */
void dms_deployment_supervision_pause (DmsDeployment *self);
void dms_deployment_supervision_free (DmsDeployment *self);

/* An allocation has ended, as its status and reason say. */
void dms_deployment_supervision_ended (DmsDeployment *self, DeployAllocation *allocation);
/* A step of the workflow has ended: it needs nothing of its machine any more. */
void dms_deployment_supervision_done (DmsDeployment *self, DeployAllocation *allocation);
/* Its health checks failed several times in a row; or one of them succeeded. */
void
dms_deployment_supervision_unwell (DmsDeployment *self, DeployAllocation *allocation, const char *reason);
void dms_deployment_supervision_well (DmsDeployment *self, DeployAllocation *allocation);
/* A machine of ours has said something. */
void dms_deployment_supervision_heard (DmsDeployment *self, DeployNode *node);
/* A node is being taken from its machine: it is not watched any more. */
void dms_deployment_supervision_unwatch (DmsDeployment *self, DeployNode *node);

/* Whether something is being repaired, so that what has ended may not be the end. */
gboolean dms_deployment_supervision_is_busy (DmsDeployment *self);
/* Whether it is one of those whose end decides how the deployment ends: no standby, not replaced. */
gboolean dms_deployment_counts (DeployAllocation *allocation);
/* Adds to a message that starts it, and is sent now, how long it may run without being heard of again;
 * nothing where it is not marked single. */
void dms_deployment_add_lease (DeployAllocation *allocation, JsonObject *object);
/* The node's machine cannot be told to end what it has: what is marked single is not started before its
 * leases are over. */
void dms_deployment_fence_behind (DmsDeployment *self, DeployNode *node);
/* Taken up from a record, which does not tell what was left behind, and when. */
void dms_deployment_fence_restored (DmsDeployment *self, DmsEnsemble *ensemble);
/* When all that was given to machines is over for sure, by the time of day, for the record; 0 when nothing
 * was. What is given with the present ensemble may be no measure: an earlier one may have given longer
 * leases. */
gint64 dms_deployment_get_last_lease_end_us (DmsDeployment *self);
/* And out of the record. */
void dms_deployment_restore_leases (DmsDeployment *self, gint64 end_us);
/* When the last lease that was given to the node's machine is over for sure (monotonic). */
gint64 dms_deployment_get_lease_end_us (DmsDeployment *self, DeployNode *node);
/* When it may be started on another machine than before (monotonic). */
gint64 dms_deployment_get_fence_us (DeployAllocation *allocation);

G_END_DECLS
