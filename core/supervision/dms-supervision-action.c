/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "supervision/dms-supervision-action.h"

struct _DmsSupervisionAction
{
  DmsSupervisionActionKind kind;
  char *about;
  char *standby;
  char *reason;
};

DmsSupervisionAction *
dms_supervision_action_new (DmsSupervisionActionKind kind,
                            const char *about,
                            const char *standby,
                            const char *reason)
{
  DmsSupervisionAction *self = g_new0 (DmsSupervisionAction, 1);

  self->kind = kind;
  self->about = g_strdup (about);
  self->standby = g_strdup (standby);
  self->reason = g_strdup (reason);
  return self;
}

DmsSupervisionActionKind
dms_supervision_action_get_kind (DmsSupervisionAction *self)
{
  return self->kind;
}

const char *
dms_supervision_action_get_about (DmsSupervisionAction *self)
{
  return self->about;
}

const char *
dms_supervision_action_get_standby (DmsSupervisionAction *self)
{
  return self->standby;
}

const char *
dms_supervision_action_get_reason (DmsSupervisionAction *self)
{
  return self->reason;
}

const char *
dms_supervision_action_kind_to_string (DmsSupervisionActionKind kind)
{
  static const char *const names[] = {
    "restart_allocation", "restart_node", "redeploy_node", "promote_standby",
    "fence_node",         "redeploy_all", "tear_down",     "give_up",
  };

  return (guint) kind < G_N_ELEMENTS (names) ? names[kind] : "unknown";
}

void
dms_supervision_action_free (DmsSupervisionAction *self)
{
  g_free (self->about);
  g_free (self->standby);
  g_free (self->reason);
  g_free (self);
}
