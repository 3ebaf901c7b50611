/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "jobs/dms-job-node.h"

G_BEGIN_DECLS

/* Stops against files that ask for the moon; a deployment's children are held in memory by its orchestrator.
 */
enum
{
  DMS_CHILD_BUDGET_MAX_DEPLOYMENTS = 1000,
  DMS_CHILD_BUDGET_MAX_DEPTH = 4,
};

/* What a job may deploy through the socket in its allocation (docs/workflows.md), children of children
 * included. */
typedef struct
{
  /* How many, ever. */
  guint max_deployments;
  /* Of all that run at a time. */
  DmsResources *resources;
  /* How long one may live. */
  gint64 lifetime_us;
  /* 1: children that deploy nothing themselves. */
  guint depth;
  /* Whether one may go on when the job has ended. */
  gboolean may_detach;
} DmsChildBudget;

#define DMS_TYPE_CHILD_BUDGET (dms_child_budget_get_type ())

GType dms_child_budget_get_type (void);

DmsChildBudget *dms_child_budget_new (void);
JsonNode *dms_child_budget_to_json (DmsChildBudget *self);
DmsChildBudget *dms_child_budget_ref (DmsChildBudget *self);
void dms_child_budget_unref (DmsChildBudget *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsChildBudget, dms_child_budget_unref)

G_END_DECLS
