/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

G_BEGIN_DECLS

typedef enum
{
  /* An allocation is to be ended, if it runs, and started anew where it is. */
  DMS_SUPERVISION_RESTART_ALLOCATION,
  /* Everything of a node is to be started anew on the machine it is on. */
  DMS_SUPERVISION_RESTART_NODE,
  /* A node is to be placed on another machine. */
  DMS_SUPERVISION_REDEPLOY_NODE,
  /* A standby is to take over from a node. */
  DMS_SUPERVISION_PROMOTE_STANDBY,
  /* Make sure that nothing of a node runs any more, and tell when that is so. */
  DMS_SUPERVISION_FENCE_NODE,
  /* The whole ensemble is to be deployed anew. */
  DMS_SUPERVISION_REDEPLOY_ALL,
  /* The whole ensemble is to be ended. */
  DMS_SUPERVISION_TEAR_DOWN,
  /* Nothing more is tried; a person has to look. */
  DMS_SUPERVISION_GIVE_UP,
} DmsSupervisionActionKind;

/* What is to be done about a failure. Immutable. */
typedef struct _DmsSupervisionAction DmsSupervisionAction;

/* about: an allocation or a node, empty for the whole ensemble. standby: (nullable). */
DmsSupervisionAction *dms_supervision_action_new (DmsSupervisionActionKind kind,
                                                  const char *about,
                                                  const char *standby,
                                                  const char *reason);
DmsSupervisionActionKind dms_supervision_action_get_kind (DmsSupervisionAction *self);
const char *dms_supervision_action_get_about (DmsSupervisionAction *self);
/* (nullable) */
const char *dms_supervision_action_get_standby (DmsSupervisionAction *self);
/* For people. */
const char *dms_supervision_action_get_reason (DmsSupervisionAction *self);
/* Such as `restart_allocation`, for logs. */
const char *dms_supervision_action_kind_to_string (DmsSupervisionActionKind kind);
void dms_supervision_action_free (DmsSupervisionAction *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsSupervisionAction, dms_supervision_action_free)

G_END_DECLS
