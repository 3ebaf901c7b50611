/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "orchestrator/dms-deployment-private.h"

#include <string.h>

/* What a deployment knows of its jobs that deploy others. */

gboolean
dms_deployment_job_is_alive (DmsDeployment *self, const char *allocation_id)
{
  for (guint i = 0; i < self->allocations->len; i++)
    {
      DeployAllocation *allocation = self->allocations->pdata[i];

      if (strcmp (allocation->id, allocation_id) == 0)
        return !self->over && !allocation->ended && allocation->handle != NULL &&
               (self->status == DMS_DEPLOYMENT_PROVISIONING || self->status == DMS_DEPLOYMENT_RUNNING ||
                self->status == DMS_DEPLOYMENT_UPDATING);
    }
  return FALSE;
}

DmsAllocationConfig *
dms_deployment_find_asker (DmsDeployment *self, DmsMessage *message, const char **allocation_id)
{
  DeployAllocation *allocation = dms_deployment_find_reporter (self, message);

  *allocation_id = allocation == NULL ? NULL : allocation->id;
  return allocation == NULL ? NULL : allocation->config;
}

static void
handle_children (DmsActor *actor, DmsMessage *message, gpointer user_data)
{
  DmsDeployment *self = user_data;

  dms_deployment_ask_for_child (self, message);
}

void
dms_deployment_install_children (DmsDeployment *self)
{
  g_autofree char *path = g_strdup_printf ("/dms/orchestrator/%s/children", self->id);

  dms_actor_add_behaviour (self->actor, path, DMS_BEHAVIOUR_REQUIRE, handle_children, self, NULL);
}
