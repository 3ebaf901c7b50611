/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "orchestrator/dms-orchestrator.h"

G_BEGIN_DECLS

#define DMS_TYPE_CHILDREN (dms_children_get_type ())

/* The ensembles that jobs of this node's deployments have deployed (docs/workflows.md). They are deployments
 * of this node like any other; here is whose they are, what they take of whose budget, and when they end.
 * Everything is stored before it is done, so that asking twice for the same child makes one. */
G_DECLARE_FINAL_TYPE (DmsChildren, dms_children, DMS, CHILDREN, GObject)

/* orchestrator: must outlive it */
DmsChildren *dms_children_new (DmsOrchestrator *orchestrator, DmsStore *store, GError **error);
void dms_children_stop (DmsChildren *self);
/* A job of this deployment asks for something; answers the message. */
void dms_children_handle (DmsChildren *self, DmsDeployment *parent, DmsMessage *message);
/* Ends the children whose job, deployment or time is over. */
void dms_children_review (DmsChildren *self);
/* (transfer full): [{id, allocation, key, status, detached}] of a deployment; n_left: (out): how many more
 * there are than have room */
JsonArray *dms_children_list (DmsChildren *self, const char *parent_id, guint *n_left);

G_END_DECLS
