/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "supervision/dms-supervision-action.h"

G_BEGIN_DECLS

#define DMS_TYPE_SUPERVISOR_TREE (dms_supervisor_tree_get_type ())

/* What is to be done when a part of an ensemble fails (orchestration.md 8). Three levels, each with a budget:
 * an allocation is restarted as its own policy, or that of its supervisors, says; when that does not help,
 * its node is restarted, placed elsewhere or replaced by a standby; when that does not help, the ensemble is
 * deployed anew or taken down. Deterministic; knows neither machines nor clocks: the time comes with each
 * event. */
G_DECLARE_FINAL_TYPE (DmsSupervisorTree, dms_supervisor_tree, DMS, SUPERVISOR_TREE, GObject)

typedef enum
{
  DMS_ALLOCATION_STAY_DOWN,
  DMS_ALLOCATION_ONE_FOR_ONE,
  DMS_ALLOCATION_ONE_FOR_ALL,
  DMS_ALLOCATION_REST_FOR_ONE,
} DmsAllocationPolicy;

typedef enum
{
  DMS_NODE_STAY_DOWN,
  DMS_NODE_RESTART,
  DMS_NODE_REDEPLOY,
} DmsNodePolicy;

typedef enum
{
  DMS_ESCALATE_NOT,
  DMS_ESCALATE_REDEPLOY,
  DMS_ESCALATE_TEARDOWN,
} DmsEscalation;

typedef enum
{
  /* About an allocation. Failed: it ended badly, or could not be started. Unwell: it runs, and its health
   * checks fail; it is restarted also where it would stay down had it ended. */
  DMS_EVENT_ALLOCATION_FAILED,
  DMS_EVENT_ALLOCATION_UNWELL,
  /* It is gone and nobody knows how it ended: its machine was started anew, or somebody killed it there.
   * Where an allocation would stay down, that is the node's business. */
  DMS_EVENT_ALLOCATION_LOST,
  DMS_EVENT_ALLOCATION_COMPLETED,
  DMS_EVENT_ALLOCATION_STARTED,
  /* About a node: its machine is silent; speaks again; nothing of it runs there any more, for sure. */
  DMS_EVENT_NODE_LOST,
  DMS_EVENT_NODE_RETURNED,
  DMS_EVENT_NODE_FENCED,
  /* What was to be done about a node has been done, or could not be. */
  DMS_EVENT_NODE_REPAIRED,
  DMS_EVENT_NODE_REPAIR_FAILED,
  /* About a standby: whether it could take over. */
  DMS_EVENT_STANDBY_LOST,
  DMS_EVENT_STANDBY_RETURNED,
  /* About the whole ensemble. */
  DMS_EVENT_ENSEMBLE_REPAIRED,
  DMS_EVENT_ENSEMBLE_REPAIR_FAILED,
} DmsSupervisionEvent;

/* How often each allocation, each supervisor, each node and the ensemble may be repaired. */
typedef struct
{
  guint max_restarts;
  gint64 period_us;
} DmsSupervisionBudget;

DmsSupervisorTree *dms_supervisor_tree_new (DmsEscalation escalation, DmsSupervisionBudget budget);

/* Building: nodes, then their allocations, then supervisors from the root. Names are those of the ensemble.
 */
void dms_supervisor_tree_add_node (DmsSupervisorTree *self, const char *name, DmsNodePolicy policy);
/* They take over in the order in which they are added. */
void dms_supervisor_tree_add_standby (DmsSupervisorTree *self, const char *node, const char *name);
/* order: who is started earlier has a smaller one. single: must never run twice, so what may still run on a
 * silent machine is made sure of before it is started on another one. */
void dms_supervisor_tree_add_allocation (DmsSupervisorTree *self,
                                         const char *node,
                                         const char *name,
                                         guint order,
                                         DmsAllocationPolicy policy,
                                         gboolean single);
/* A step of a workflow, which starts it: it moves with its node, and nothing else restarts it. name: differs
 * from all others */
void
dms_supervisor_tree_add_step (DmsSupervisorTree *self, const char *node, const char *name, gboolean single);
/* strategy: `OneForOne`, `AllForOne` or `RestForOne`; anything else is the first. parent: what an earlier
 * call returned, or -1 for a root. Returns its number. An allocation that has a supervisor already keeps it.
 */
int dms_supervisor_tree_add_supervisor (DmsSupervisorTree *self,
                                        int parent,
                                        const char *strategy,
                                        const char *const *allocations);

/* What happened to whom (empty for the ensemble), why, and when. (element-type DmsSupervisionAction)
 * (transfer full): what to do now, in this order; may be empty. */
GPtrArray *dms_supervisor_tree_handle (DmsSupervisorTree *self,
                                       DmsSupervisionEvent event,
                                       const char *about,
                                       const char *reason,
                                       gint64 now_us);
/* Takes up what an earlier run had given up: it stays down. */
void dms_supervisor_tree_set_down (DmsSupervisorTree *self, const char *allocation);
/* A step will not be started any more: where nothing else is left, a node need not be repaired. */
void dms_supervisor_tree_set_done (DmsSupervisorTree *self, const char *step);

/* Whether an allocation is not repaired any more. */
gboolean dms_supervisor_tree_is_down (DmsSupervisorTree *self, const char *allocation);
/* Whether something is being repaired that may run again. */
gboolean dms_supervisor_tree_is_repairing (DmsSupervisorTree *self);

G_END_DECLS
