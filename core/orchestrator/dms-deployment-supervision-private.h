/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "orchestrator/dms-deployment-supervision.h"
#include "supervision/dms-supervisor-tree.h"

G_BEGIN_DECLS

/* Between dms-deployment-supervision.c, which says what happened, and dms-deployment-repair.c, which does
 * what the tree answers. */

struct _DeploySupervision
{
  DmsSupervisorTree *tree;
  /* What the tree was made of. */
  DmsEnsemble *ensemble;
  /* The whole ensemble is being deployed anew. */
  gboolean redeploying;
  gboolean paused;
  /* Answers of an earlier life of the deployment are not listened to. */
  guint epoch;
  GCancellable *cancellable;
  /* (element-type utf8): IDs of allocations to be restarted, those of one layer at a time. */
  GPtrArray *restarts;
  guint n_restarting;
  guint restart_timer;
};

/* Tells the tree, and does what it answers. about: an allocation, a node of the ensemble, or empty. */
void dms_deployment_supervision_handle (DmsDeployment *self,
                                        DmsSupervisionEvent event,
                                        const char *about,
                                        const char *reason);
/* (nullable): who does the work of an allocation of the ensemble now; of a node. */
DeployAllocation *dms_deployment_find_carrier (DmsDeployment *self, const char *name);
DeployNode *dms_deployment_find_carrier_node (DmsDeployment *self, const char *name);
/* What the tree calls it: a step of the workflow may be there several times. */
const char *dms_deployment_get_tree_name (DeployAllocation *allocation);
/* The node of the ensemble whose work a node does or would do. */
const char *dms_deployment_get_logical_name (DeployNode *node);

void dms_deployment_do_action (DmsDeployment *self, DmsSupervisionAction *action);
/* Places a node on another machine, as soon as nothing else changes. */
void dms_deployment_move_node (DmsDeployment *self, DeployNode *node, const char *reason);
void dms_deployment_go_on_moving (DmsDeployment *self);
/* Restarts it without asking anybody; in its turn. */
void dms_deployment_queue_restart (DmsDeployment *self, DeployAllocation *allocation);
void dms_deployment_go_on_restarting (DmsDeployment *self);
/* A node that was to be restarted is in reach again. */
void dms_deployment_node_in_reach (DmsDeployment *self, DeployNode *node);

G_END_DECLS
