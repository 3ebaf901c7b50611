/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "supervision/dms-restart-intensity.h"
#include "supervision/dms-supervisor-tree.h"

typedef struct _TreeGroup TreeGroup;
typedef struct _TreeNode TreeNode;

typedef enum
{
  TREE_UP,
  /* Something was ordered that will be answered with an event. */
  TREE_REPAIRING,
  /* Waits until it is sure that nothing of it runs; nodes only. */
  TREE_FENCING,
  /* Stays so; a node only as long as its machine is silent. */
  TREE_DOWN,
  /* Ended well; allocations only. */
  TREE_DONE,
} TreeState;

typedef struct
{
  char *name;
  TreeNode *node;
  guint order;
  DmsAllocationPolicy policy;
  gboolean single;
  gboolean is_step;
  TreeState state;
  /* It ended while its machine was silent and not given up: that is looked at when the machine is back. */
  gboolean missed;
  DmsSupervisionEvent missed_event;
  /* (nullable) */
  TreeGroup *group;
  DmsRestartIntensity *intensity;
} TreeMember;

typedef struct
{
  char *name;
  gboolean usable;
} TreeStandby;

struct _TreeNode
{
  char *name;
  DmsNodePolicy policy;
  TreeState state;
  /* Its machine is silent; and nothing of it runs there any more. */
  gboolean lost;
  gboolean fenced;
  DmsRestartIntensity *intensity;
  GPtrArray *members;
  GPtrArray *standbys;
};

struct _TreeGroup
{
  TreeGroup *parent;
  DmsAllocationPolicy strategy;
  DmsRestartIntensity *intensity;
};

struct _DmsSupervisorTree
{
  GObject parent_instance;

  DmsEscalation escalation;
  DmsSupervisionBudget budget;
  DmsRestartIntensity *intensity;
  TreeState state;
  gboolean over;
  GPtrArray *nodes;
  GPtrArray *members;
  GPtrArray *groups;
};

/* (nullable) */
TreeNode *dms_supervisor_tree_find_node (DmsSupervisorTree *self, const char *name);
TreeMember *dms_supervisor_tree_find_member (DmsSupervisorTree *self, const char *name);
/* standby → its node */
TreeStandby *dms_supervisor_tree_find_standby (DmsSupervisorTree *self, const char *name);
